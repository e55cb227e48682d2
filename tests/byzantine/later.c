#include "tests/byzantine/later.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/check.h"
#include "tests/byzantine/mischief.h"

#define FRAMES_MAX   4096
#define MEMORIES_MAX 128
#define MEMORY_SIZE  (256U * 1024) /* Bytes of a frame that is remembered at most. */

struct frame {
    struct frame *next; /* Sent after this one. */
    size_t party;
    uint64_t at_ms;
    struct buffer bytes;
};

static struct {
    void (*send)(size_t party, struct bytes frame);
    void (*pulse)(void);
    uint64_t pulse_ms;
    struct loop_timer due;
    struct loop_timer beat;
    struct frame *frames; /* The next first. */
    size_t frame_count;
    struct buffer memories[MEMORIES_MAX];
    size_t memory_count; /* Ever remembered. */
} later;

static void wait_for_next(void)
{
    if (later.frames != NULL) {
        loop_timer_set(mischief.loop, &later.due, later.frames->at_ms);
    }
}

static void on_due(void *context)
{
    (void)context;
    while (later.frames != NULL && later.frames->at_ms <= loop_now_ms()) {
        struct frame *frame = later.frames;

        later.frames = frame->next;
        later.frame_count--;
        later.send(frame->party, buffer_bytes(&frame->bytes));
        buffer_finish(&frame->bytes);
        free(frame);
    }
    wait_for_next();
}

static void on_beat(void *context)
{
    (void)context;
    if (mischief_is_on()) {
        later.pulse();
    }
    loop_timer_set(mischief.loop, &later.beat, loop_now_ms() + later.pulse_ms);
}

void later_begin(void (*send)(size_t party, struct bytes frame), void (*pulse)(void),
                 uint64_t pulse_ms)
{
    later.send = send;
    later.pulse = pulse;
    later.pulse_ms = pulse_ms;
    later.due.fire = on_due;
    later.beat.fire = on_beat;
    if (pulse != NULL) {
        loop_timer_set(mischief.loop, &later.beat, loop_now_ms() + pulse_ms);
    }
}

void later_add(size_t party, struct bytes frame, uint64_t delay_ms)
{
    struct frame **place = &later.frames;

    if (later.frame_count >= FRAMES_MAX) {
        return;
    }
    struct frame *added = calloc(1, sizeof(*added));

    CHECK(added != NULL);
    added->party = party;
    added->at_ms = loop_now_ms() + delay_ms;
    buffer_append(&added->bytes, frame.data, frame.size);
    while (*place != NULL && (*place)->at_ms <= added->at_ms) {
        place = &(*place)->next;
    }
    added->next = *place;
    *place = added;
    later.frame_count++;
    wait_for_next();
}

void later_remember(struct bytes frame)
{
    struct buffer *memory = &later.memories[later.memory_count % MEMORIES_MAX];

    if (frame.size <= MEMORY_SIZE) {
        buffer_clear(memory);
        buffer_append(memory, frame.data, frame.size);
        later.memory_count++;
    }
}

struct bytes later_recall(void)
{
    uint32_t count =
        later.memory_count < MEMORIES_MAX ? (uint32_t)later.memory_count : MEMORIES_MAX;

    if (count == 0) {
        return (struct bytes){0};
    }
    return buffer_bytes(&later.memories[random_below(&mischief.random, count)]);
}
