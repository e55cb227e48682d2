#ifndef CLIENT_FOLLOW_H
#define CLIENT_FOLLOW_H

/* How a hearing goes on, as one coordinator tells it: asked once, then followed by its stream of
 * events (SSE); when the stream breaks or stays silent, asked and followed again.
 *
 * All of it is that coordinator's word. So that a liar cannot hold anybody for ever, progress is
 * counted in FOLLOW_RANKS steps, and each counts once. */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "client/web.h"

#define FOLLOW_WORD_SIZE 32
#define FOLLOW_WHY_SIZE  256
#define FOLLOW_RANKS     16 /* Four phases in four quarters each. */

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

/* True when the coordinator says that the attempt is decided. */
bool follow_is_decided(const struct follow_state *state);

enum follow_event {
    FOLLOW_DECIDED = 1, /* The attempt, a later one, or the whole case is said to be decided. */
    FOLLOW_PROGRESS,    /* It has come further than it ever had. */
    FOLLOW_SILENT,      /* Neither until the time given. */
};

struct follow;

/* Prepares to follow attempt ATTEMPT of CASE_ID at WEB, which must outlive it, showing progress on
 * standard error. The caller closes it. */
struct follow *follow_open(struct web *web, const struct digest *case_id, uint32_t attempt);

/* Ends the line of progress on a terminal. close(NULL) does nothing. */
void follow_close(struct follow *follow);

/* Follows until there is something to tell, at most until END_MS (delay_now_ms()).
 *
 * Errors: what the coordinator answers when it refuses to tell. That it cannot be reached is none:
 * then it is silent. */
MUST_USE bool follow_wait(struct follow *follow, uint64_t end_ms, enum follow_event *event,
                          struct error *error);

/* What was heard last; all zero when nothing was. */
const struct follow_state *follow_state(const struct follow *follow);

/* The same as a text, "" when nothing was heard. */
const char *follow_text(const struct follow *follow);

#endif
