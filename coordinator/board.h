#ifndef COORDINATOR_BOARD_H
#define COORDINATOR_BOARD_H

/* Where the thread that runs the council pins up how things stand, for the thread that answers
 * HTTP.
 *
 * All functions are safe from both threads; they hold a mutex for as long as a copy takes. */

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "council/chair.h"

#define BOARD_DOCKETS_MAX 512

struct board;

struct board_docket {
    struct digest id;
    enum chair_phase phase;
    uint32_t view;
    uint8_t heard;     /* Verdicts in hand. */
    uint8_t prepared;  /* PREPAREs counted. */
    uint8_t committed; /* COMMITs counted. */
};

struct board_seats {
    uint8_t seat_count;
    uint8_t quorum_count;
    uint8_t up_count; /* Heard of within the last seconds. */
    struct seat_set up;
};

struct board *board_create(void);
void board_destroy(struct board *board);

/* For the council's thread. A change calls CHANGED, outside the mutex, on that thread. */
void board_on_change(struct board *board, void (*changed)(void *context), void *context);
void board_put_docket(struct board *board, const struct board_docket *docket);
void board_remove_docket(struct board *board, const struct digest *id);
void board_put_seats(struct board *board, const struct board_seats *seats);

/* For the HTTP thread. False when no such docket is open. */
bool board_get_docket(struct board *board, const struct digest *id, struct board_docket *out);
void board_get_seats(struct board *board, struct board_seats *out);

#endif
