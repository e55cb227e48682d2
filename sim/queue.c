#include "sim/queue.h"

#include <stdlib.h>

#include "base/check.h"

#define CAPACITY_MIN 256

void queue_finish(struct queue *queue)
{
    free(queue->items);
    *queue = (struct queue){0};
}

static bool is_before(const struct queue_item *a, const struct queue_item *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->sequence < b->sequence;
}

static void swap(struct queue *queue, size_t a, size_t b)
{
    struct queue_item item = queue->items[a];

    queue->items[a] = queue->items[b];
    queue->items[b] = item;
}

void queue_put(struct queue *queue, const struct queue_item *item)
{
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? CAPACITY_MIN : queue->capacity * 2;
        queue->items = realloc(queue->items, queue->capacity * sizeof(*queue->items));
        CHECK(queue->items != NULL);
    }
    size_t i = queue->count++;

    queue->items[i] = *item;
    queue->items[i].sequence = queue->sequence++;
    while (i > 0 && is_before(&queue->items[i], &queue->items[(i - 1) / 2])) {
        swap(queue, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

bool queue_take(struct queue *queue, struct queue_item *out)
{
    if (queue->count == 0) {
        return false;
    }
    *out = queue->items[0];
    queue->items[0] = queue->items[--queue->count];
    for (size_t i = 0;;) {
        size_t first = i;

        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < queue->count; child++) {
            first = is_before(&queue->items[child], &queue->items[first]) ? child : first;
        }
        if (first == i) {
            return true;
        }
        swap(queue, i, first);
        i = first;
    }
}
