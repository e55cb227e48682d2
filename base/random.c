#include "base/random.h"

#include "base/check.h"

uint64_t random_next(struct random *random)
{
    uint64_t x = (random->state += UINT64_C(0x9E3779B97F4A7C15));

    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

uint32_t random_below(struct random *random, uint32_t bound)
{
    CHECK(bound > 0);
    return (uint32_t)(random_next(random) % bound);
}

bool random_happens(struct random *random, uint32_t percent)
{
    return random_below(random, 100) < percent;
}
