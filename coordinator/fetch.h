#ifndef COORDINATOR_FETCH_H
#define COORDINATOR_FETCH_H

/* The value that a docket lacks, to be had from some seat: those that signed for it are asked one
 * after the other, then the others, then all over again, until one brings it. */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "council/quorum.h"

#define FETCH_MS 400 /* Until the next seat is asked, too. */

struct docket;

struct fetch {
    bool is_active;
    struct digest value;     /* D */
    struct seat_set likely;  /* Signed for it. */
    struct seat_set asked;   /* In this round. */
    struct seat_set refused; /* Of those: had nothing, or something else. */
    uint8_t last;            /* Asked last. */
    uint64_t asked_ms;       /* When. */
};

/* Begins to ask for VALUE, unless that goes on already. */
void fetch_begin(struct docket *docket, const struct digest *value, const struct seat_set *likely);

/* Asks one more seat when the last one was given its time. */
void fetch_advance(struct docket *docket);

/* Whether an answer of SEAT is waited for: each may give one in a round. */
bool fetch_awaits(const struct docket *docket, uint8_t seat);

/* SEAT, whose answer was waited for, has not brought it: the next one is asked at once. */
void fetch_refuse(struct docket *docket, uint8_t seat);

#endif
