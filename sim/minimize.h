#ifndef SIM_MINIMIZE_H
#define SIM_MINIMIZE_H

/* The smallest setup in which the same oracle fails (delta debugging).
 *
 * What is taken away: faults, partitions, rule sets, trouble in the network, phases, seats,
 * coordinators, cases, criteria, parameters. Every run draws anew, so a smaller setup is tried with
 * several seeds, and the seed it failed with is part of the result. A setup with a known-bad
 * variant must pass without it. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/setup.h"
#include "sim/world.h"

struct minimize {
    struct world *world; /* The caller's; runs are made in it. */
    struct setup *setup; /* The caller's: what fails, then the smallest that does. */
    uint64_t seed;
    enum world_oracle oracle; /* That has to fail. */
    uint32_t tries;           /* Seeds per smaller setup, from 1. */
    uint64_t run_count_max;
    uint64_t run_count;     /* Made so far. */
    struct setup *flawless; /* Its own, for a while. */
};

/* Makes the setup smaller as long as it can. True when the result was run twice more and failed
 * both times in the same way, event for event. The matrix of latencies, if one is in use, stays and
 * with it the number of nodes. */
bool minimize_run(struct minimize *minimize);

#endif
