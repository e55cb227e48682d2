#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

/* What is going to happen, soonest first. Ties go to what was put in first, so that order never
 * depends on memory. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "council/quorum.h"
#include "council/seat.h"

enum queue_kind {
    QUEUE_ASSIGN = 1,
    QUEUE_VERDICT,
    QUEUE_PROPOSE,
    QUEUE_PREPARE,
    QUEUE_CERTIFY,
    QUEUE_COMMIT,
    QUEUE_DECIDE,
    QUEUE_DONE,
    /* What follows is no message: it happens inside one node. */
    QUEUE_ASSESSED,
    QUEUE_COMPUTED,
    QUEUE_TIMER,
    QUEUE_SEAT_UP,
    QUEUE_RESTART,
};

struct queue_item {
    uint64_t due_ms;
    uint64_t sequence;
    enum queue_kind kind;
    uint8_t from;
    uint8_t to;
    uint32_t life;  /* Of the node it happens in: what an earlier life planned is void. */
    uint32_t timer; /* TIMER: which one; a later one replaces it. */
    struct seat_vote vote;
    struct digest digest; /* VERDICT: message; PROPOSE: book. */
    struct seat_set signers;
    bool is_valid; /* COMPUTED. */
};

struct queue {
    struct queue_item *items; /* A binary heap. */
    size_t count;
    size_t capacity;
    uint64_t sequence;
};

void queue_finish(struct queue *queue);

/* Puts ITEM in; its sequence is set here. */
void queue_put(struct queue *queue, const struct queue_item *item);

/* Takes the first out. False when nothing is left. */
bool queue_take(struct queue *queue, struct queue_item *out);

#endif
