#ifndef COORDINATOR_SEARCH_H
#define COORDINATOR_SEARCH_H

/* Dockets that are known by their id alone, because a seat spoke of them (docs/PROTOCOL.md 5, C5).
 * Everyone who names one is asked for it at once, then the others in turn, for a while; a few per
 * seat, so that nobody who names dockets that do not exist takes more than that. */

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "council/quorum.h"
#include "proto/message.h"

#define SEARCH_PER_SEAT_MAX 8
#define SEARCH_MS           1000  /* Until the next seat is asked. */
#define SEARCH_MS_MAX       30000 /* Until a search is given up; a later mention begins another. */
#define SEARCH_UNFINISHED_MAX                                                                      \
    32 /* Dockets of one other home that are not finished here: more are not taken. */

struct coordinator;

struct search_item {
    bool is_active;
    struct digest docket;
    uint64_t began_ms;
    uint64_t asked_ms;
    struct seat_set named; /* Seats that spoke of it: each is asked once, */
    uint8_t last;          /* and the others in turn. Who was asked last. */
    uint8_t refused;       /* Seats that had nothing, in a row. */
};

struct search {
    struct search_item items[MESSAGE_SEATS_MAX][SEARCH_PER_SEAT_MAX];
};

/* SEAT has named a docket. Does nothing when it is known, or SEAT was asked for it. */
void search_add(struct coordinator *coordinator, uint8_t seat, const struct digest *docket);

/* Asks on, and gives up. */
void search_tick(struct coordinator *coordinator);

/* SEAT has not got it: the next one is asked at once, unless all have been since the last time that
 * one was waited for. */
void search_refused(struct coordinator *coordinator, uint8_t seat, const struct digest *docket);

/* A docket that came from SEAT: if it was searched it is verified, stored and opened. */
void search_take(struct coordinator *coordinator, uint8_t seat,
                 const struct message_signed *docket);

#endif
