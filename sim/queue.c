#include "sim/queue.h"

#include <stdlib.h>

#include "base/check.h"

#define CAPACITY_MIN 1024
#define CHILDREN     4

void queue_finish(struct queue *queue)
{
    free(queue->keys);
    free(queue->items);
    free(queue->holes);
    *queue = (struct queue){0};
}

void queue_clear(struct queue *queue)
{
    queue->count = 0;
    queue->hole_count = queue->capacity;
    for (size_t i = 0; i < queue->capacity; i++) {
        queue->holes[i] = (uint32_t)(queue->capacity - 1 - i);
    }
    queue->sequence = 0;
}

static void grow(struct queue *queue)
{
    size_t before = queue->capacity;
    size_t capacity = before == 0 ? CAPACITY_MIN : before * 2;

    CHECK(capacity <= UINT32_MAX);
    queue->keys = realloc(queue->keys, capacity * sizeof(*queue->keys));
    queue->items = realloc(queue->items, capacity * sizeof(*queue->items));
    queue->holes = realloc(queue->holes, capacity * sizeof(*queue->holes));
    CHECK(queue->keys != NULL);
    CHECK(queue->items != NULL);
    CHECK(queue->holes != NULL);
    queue->capacity = capacity;
    for (size_t place = capacity; place > before; place--) {
        queue->holes[queue->hole_count++] = (uint32_t)(place - 1);
    }
}

static bool is_before(const struct queue_key *a, const struct queue_key *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->sequence < b->sequence;
}

void queue_put(struct queue *queue, const struct queue_item *item)
{
    if (queue->hole_count == 0) {
        grow(queue);
    }
    CHECK(queue->sequence < UINT32_MAX);

    struct queue_key key = {.due_us = item->due_us, .sequence = queue->sequence++};
    size_t i = queue->count++;

    key.place = queue->holes[--queue->hole_count];
    queue->items[key.place] = *item;
    while (i > 0 && is_before(&key, &queue->keys[(i - 1) / CHILDREN])) {
        queue->keys[i] = queue->keys[(i - 1) / CHILDREN];
        i = (i - 1) / CHILDREN;
    }
    queue->keys[i] = key;
}

/* Lets KEY sink from the top, where nothing is. */
static void sink(struct queue *queue, struct queue_key key)
{
    size_t i = 0;

    for (;;) {
        size_t first = CHILDREN * i + 1;
        size_t last = first + CHILDREN < queue->count ? first + CHILDREN : queue->count;
        size_t best = first;

        if (first >= queue->count) {
            break;
        }
        for (size_t child = first + 1; child < last; child++) {
            best = is_before(&queue->keys[child], &queue->keys[best]) ? child : best;
        }
        if (!is_before(&queue->keys[best], &key)) {
            break;
        }
        queue->keys[i] = queue->keys[best];
        i = best;
    }
    queue->keys[i] = key;
}

bool queue_take(struct queue *queue, struct queue_item *out)
{
    if (queue->count == 0) {
        return false;
    }
    *out = queue->items[queue->keys[0].place];
    queue->holes[queue->hole_count++] = queue->keys[0].place;
    queue->count--;
    if (queue->count > 0) {
        sink(queue, queue->keys[queue->count]);
    }
    return true;
}

const char *queue_kind_name(enum queue_kind kind)
{
    static const char *const names[QUEUE_KIND_COUNT] = {
        [QUEUE_ASSIGN] = "ASSIGN",   [QUEUE_VERDICT] = "VERDICT",   [QUEUE_PROPOSE] = "PROPOSE",
        [QUEUE_PREPARE] = "PREPARE", [QUEUE_CERTIFY] = "CERTIFY",   [QUEUE_COMMIT] = "COMMIT",
        [QUEUE_DECIDE] = "DECIDE",   [QUEUE_DONE] = "DONE",         [QUEUE_NEW_VIEW] = "NEW-VIEW",
        [QUEUE_TC] = "TC",           [QUEUE_FETCH] = "FETCH",       [QUEUE_SUBMIT] = "SUBMIT",
        [QUEUE_RESULT] = "RESULT",   [QUEUE_ASSESSED] = "assessed", [QUEUE_COMPUTED] = "computed",
        [QUEUE_TIMER] = "timer",     [QUEUE_PETITION] = "petition", [QUEUE_FETCHING] = "fetching",
        [QUEUE_LINK_UP] = "up",      [QUEUE_LINK_LOST] = "lost",    [QUEUE_RESTART] = "restart",
        [QUEUE_STRIKE] = "strike",
    };

    CHECK(kind < QUEUE_KIND_COUNT);
    CHECK(names[kind] != NULL);
    return names[kind];
}
