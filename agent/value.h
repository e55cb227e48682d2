#ifndef AGENT_VALUE_H
#define AGENT_VALUE_H

/* The value that a docket's votes are about: the book behind it is brought here, checked, and
 * computed anew (S2, S3).
 *
 * It comes with the PROPOSE at hand, from the store, or from a coordinator that is asked for it;
 * one after the other is asked until it is here or is not wanted any more. What was computed stays
 * as its statement, a few kilobytes; the book stays in the store. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "council/seat.h"
#include "net/loop.h"
#include "report/statement.h"

struct hearing;

struct value {
    struct buffer frame; /* PROPOSE behind the statement, until the event at hand is over. */
    struct statement *statement; /* Of what was computed last; NULL = none. */
    bool is_stored;              /* The store holds its book. */
    bool is_awaited;
    struct digest wanted; /* Is being fetched, while is_awaited, */
    uint8_t source;       /* from this coordinator. */
    struct loop_timer timer;
};

enum value_result {
    VALUE_VALID = 1,
    VALUE_INVALID, /* The PROPOSE at hand does not give that value. */
    VALUE_MISSING, /* It has to be fetched. */
};

void value_init(struct hearing *hearing);
void value_finish(struct hearing *hearing);

/* Computes VALUE from what is here. Then its statement is that of the hearing. */
enum value_result value_compute(struct hearing *hearing, const struct digest *value);

/* Computes VALUE from the PROPOSE at hand alone. */
bool value_take(struct hearing *hearing, const struct digest *value);

/* Asks for VALUE, coordinator hearing->from first, until value_settle(). */
void value_fetch(struct hearing *hearing, const struct digest *value);

/* After each event: lets go what the machine does not wait for, and books that are not needed. */
void value_settle(struct hearing *hearing);

#endif
