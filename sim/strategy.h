#ifndef SIM_STRATEGY_H
#define SIM_STRATEGY_H

/* Names of the strategies of setup.h, who can follow them, and what their numbers are when a
 * scenario does not say. */

#include <stdbool.h>

#include "sim/setup.h"

struct strategy {
    const char *name; /* As in scenarios and in the output. */
    bool is_for_seats;
    bool is_for_chairs;
    bool is_byzantine; /* Counts against f; one of `any`. */
    /* Sums as in draw.h, between which `value` and `other` are drawn; NULL: 0. */
    const char *value_from;
    const char *value_to;
    const char *other_from;
    const char *other_to;
};

const struct strategy *strategy_get(enum setup_strategy strategy);

/* The strategy of that name, or SETUP_HONEST (which has none) when there is no such. */
enum setup_strategy strategy_of_name(const char *name);

/* Names for seats or for chairs, ended by NULL; for hints. */
#define STRATEGY_NAMES_SIZE (SETUP_STRATEGY_COUNT + 2)
void strategy_names(bool is_seat, const char *out[STRATEGY_NAMES_SIZE]);

#endif
