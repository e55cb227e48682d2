#ifndef CLIENT_FOLLOW_H
#define CLIENT_FOLLOW_H

/* How a hearing goes on, as its coordinator tells it: asked once, then followed by its stream of
 * events (SSE); when the stream breaks or stays silent, asked and followed again. */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "client/web.h"

#define FOLLOW_WORD_SIZE 32
#define FOLLOW_WHY_SIZE  256

/* GET /v1/cases/ID. */
struct follow_state {
    uint32_t attempt;
    char state[FOLLOW_WORD_SIZE];    /* waiting | assessing | preparing | committing | decided */
    char outcome[FOLLOW_WORD_SIZE];  /* When decided, else "". */
    char decision[FOLLOW_WORD_SIZE]; /* Likewise; unverified. */
    char why[FOLLOW_WHY_SIZE];       /* Why it waits; "" when it does not. */
    uint32_t assessed;               /* Seats. */
    uint32_t prepared;
    uint32_t committed;
    uint32_t seats;
    uint32_t quorum;
    uint32_t seats_up;
};

/* Reads the JSON of a state. Errors: ERROR_INVALID. */
MUST_USE bool follow_parse(struct bytes source, struct follow_state *out, struct error *error);

/* Follows CASE_ID until attempt ATTEMPT or a later one is decided, showing progress on standard
 * error, for at most TIMEOUT_MS.
 *
 * Errors: ERROR_TIMEOUT; what the coordinator answers when it refuses. */
MUST_USE bool follow_case(struct web *web, const struct digest *case_id, uint32_t attempt,
                          uint64_t timeout_ms, struct follow_state *out, struct error *error);

#endif
