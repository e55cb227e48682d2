#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

/* Reproducible numbers for the simulator and for tests. Never for keys: those come from crypto/.
 *
 * splitmix64 (Steele, Lea and Flood 2014): no state but a counter, the same on every machine. */

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state; /* Any value is a good seed. */
};

uint64_t random_next(struct random *random);

/* A number in 0 .. BOUND - 1; BOUND at least 1. Its bias is below 2^-32. */
uint32_t random_below(struct random *random, uint32_t bound);

/* True in PERCENT of 100 draws. */
bool random_happens(struct random *random, uint32_t percent);

#endif
