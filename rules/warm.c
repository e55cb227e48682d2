#include "rules/warm.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "rules/pool.h"

#define LINE_SIZE 64 /* Bytes that a processor fetches at once. */

/* Memory of one item. */
struct span {
    uint32_t owner;
    const uint8_t *start;
    const uint8_t *end;
};

struct item {
    uint32_t owner;
    size_t span_count;
    const struct span *spans;
};

struct warm {
    struct buffer items; /* struct item. */
    struct buffer spans; /* struct span, by owner and place. */
    bool is_finished;
};

struct warm *warm_create(void)
{
    struct warm *warm = calloc(1, sizeof(*warm));

    CHECK(warm != NULL);
    return warm;
}

void warm_destroy(struct warm *warm)
{
    if (warm != NULL) {
        buffer_finish(&warm->items);
        buffer_finish(&warm->spans);
        free(warm);
    }
}

size_t warm_begin(struct warm *warm)
{
    CHECK(!warm->is_finished);

    struct item item = {.owner = pool_begin_owner()};

    buffer_append(&warm->items, &item, sizeof(item));
    return warm->items.size / sizeof(item) - 1;
}

void warm_end(struct warm *warm)
{
    CHECK(!warm->is_finished);
    pool_end_owner();
}

static void add_span(void *context, uint32_t owner, const void *block, size_t size)
{
    struct warm *warm = context;
    struct span span = {.owner = owner, .start = block, .end = (const uint8_t *)block + size};

    buffer_append(&warm->spans, &span, sizeof(span));
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *left = a;
    const struct span *right = b;

    if (left->owner != right->owner) {
        return left->owner < right->owner ? -1 : 1;
    }
    return (left->start > right->start) - (left->start < right->start);
}

/* Joins neighbours of one owner; returns how many spans are left. */
static size_t join_spans(struct span *spans, size_t count)
{
    size_t joined = 0;

    for (size_t i = 0; i < count; i++) {
        struct span *last = joined > 0 ? &spans[joined - 1] : NULL;

        if (last != NULL && last->owner == spans[i].owner &&
            spans[i].start < last->end + LINE_SIZE) {
            last->end = spans[i].end;
        } else {
            spans[joined++] = spans[i];
        }
    }
    return joined;
}

void warm_finish(struct warm *warm)
{
    CHECK(!warm->is_finished);
    warm->is_finished = true;
    pool_visit(add_span, warm);

    struct item *items = (struct item *)(void *)warm->items.data;
    struct span *spans = (struct span *)(void *)warm->spans.data;
    size_t count = warm->spans.size / sizeof(*spans);

    if (count == 0) {
        return;
    }
    qsort(spans, count, sizeof(*spans), compare_spans);
    count = join_spans(spans, count);
    for (size_t i = 0, at = 0; i < warm->items.size / sizeof(*items); i++) {
        while (at < count && spans[at].owner < items[i].owner) {
            at++;
        }
        items[i].spans = &spans[at];
        while (at < count && spans[at].owner == items[i].owner) {
            items[i].span_count++;
            at++;
        }
    }
}

void warm_call(const struct warm *warm, size_t item)
{
    const struct item *items = (const struct item *)(const void *)warm->items.data;

    CHECK(warm->is_finished);
    CHECK(item < warm->items.size / sizeof(*items));
    for (size_t i = 0; i < items[item].span_count; i++) {
        const struct span *span = &items[item].spans[i];

        for (const uint8_t *line = span->start; line < span->end; line += LINE_SIZE) {
            __builtin_prefetch(line);
        }
    }
}
