#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

/* What is going to happen, soonest first. Ties go to what was put in first, so that order never
 * depends on memory.
 *
 * A heap of four children a node over 16-byte keys; the items themselves stay where they are. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum queue_kind {
    /* Messages. */
    QUEUE_ASSIGN = 1,
    QUEUE_VERDICT,
    QUEUE_PROPOSE,
    QUEUE_PREPARE,
    QUEUE_CERTIFY,
    QUEUE_COMMIT,
    QUEUE_DECIDE,
    QUEUE_DONE,
    QUEUE_NEW_VIEW,
    QUEUE_TC,
    QUEUE_FETCH,  /* What is asked for comes as the message that first brought it. */
    QUEUE_SUBMIT, /* Client to coordinator: a header; again: how does it stand? */
    QUEUE_RESULT, /* And back. */
    QUEUE_MESSAGE_COUNT,
    /* What happens inside one node. */
    QUEUE_ASSESSED = 16,
    QUEUE_COMPUTED,
    QUEUE_TIMER,    /* Of one docket at one node. */
    QUEUE_PETITION, /* Of a client. */
    QUEUE_FETCHING, /* A seat's own: ask the next for a value. */
    QUEUE_LINK_UP,
    QUEUE_LINK_LOST,
    QUEUE_RESTART,
    QUEUE_STRIKE, /* A faulty node acts of its own accord. */
    QUEUE_KIND_COUNT
};

/* Numbers of objects are those of sim/objects.h; which is which, says the kind. */
struct queue_item {
    uint64_t due_us;
    uint16_t from; /* Nodes, as in sim/model.h. */
    uint16_t to;
    uint8_t kind;   /* enum queue_kind */
    uint8_t flags;  /* FETCH: what. RESULT: how far. */
    uint16_t index; /* Case of a client's message. */
    uint32_t life;  /* Of the node it happens in: what an earlier life planned is void. */
    uint32_t docket;
    uint32_t object;
    uint32_t qc; /* Beside NEW-VIEW. */
    uint32_t tc;
};

struct queue_key {
    uint64_t due_us;
    uint32_t sequence;
    uint32_t place; /* Of the item. */
};

struct queue {
    struct queue_key *keys; /* The heap. */
    struct queue_item *items;
    uint32_t *holes; /* Places of items that are free. */
    size_t count;
    size_t hole_count;
    size_t capacity;
    uint32_t sequence;
};

/* Gives the memory back. An empty queue needs no call: start from (struct queue){0}. */
void queue_finish(struct queue *queue);

/* Forgets everything and keeps the memory. */
void queue_clear(struct queue *queue);

/* Puts a copy of ITEM in. */
void queue_put(struct queue *queue, const struct queue_item *item);

/* Takes the first out. False when nothing is left. */
bool queue_take(struct queue *queue, struct queue_item *out);

/* "ASSIGN" and so on. */
const char *queue_kind_name(enum queue_kind kind);

#endif
