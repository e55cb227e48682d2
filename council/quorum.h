#ifndef COUNCIL_QUORUM_H
#define COUNCIL_QUORUM_H

/* The numbers of a council (docs/PROTOCOL.md 1), and sets of seats.
 *
 *   q = floor((n + f) / 2) + 1
 *
 * Any two quorums share 2q - n >= f + 1 seats, so at least one honest one; n - f >= q, so the
 * honest seats are a quorum by themselves. n = 33: f = 10, q = 22. The habit 2f + 1 = 21 is wrong
 * there. */

#include <stdbool.h>
#include <stdint.h>

#define QUORUM_SEATS_MAX        127
#define QUORUM_COORDINATORS_MAX 7

struct quorum {
    uint8_t seat_count;   /* n, 1 .. QUORUM_SEATS_MAX. */
    uint8_t faulty_max;   /* f, at most floor((n - 1) / 3). */
    uint8_t quorum_count; /* q */
};

/* Largest f that n seats can bear. */
uint8_t quorum_faulty_max(uint8_t seat_count);

/* Fills OUT for n = SEAT_COUNT and f = FAULTY_MAX. False when they are out of range; OUT is then
 * untouched. */
bool quorum_init(struct quorum *out, uint8_t seat_count, uint8_t faulty_max);

/* Coordinator that is the chair of VIEW (from 1) in a docket of HOME, of m = COORDINATOR_COUNT:
 * (home + view - 1) mod m. */
uint8_t quorum_chair(uint8_t home, uint32_t view, uint8_t coordinator_count);

/* A set of seats. */
struct seat_set {
    uint64_t words[2];
};

static inline bool seat_set_has(const struct seat_set *set, uint8_t seat)
{
    return (set->words[seat / 64] >> (seat % 64) & 1) != 0;
}

static inline void seat_set_add(struct seat_set *set, uint8_t seat)
{
    set->words[seat / 64] |= UINT64_C(1) << (seat % 64);
}

static inline void seat_set_remove(struct seat_set *set, uint8_t seat)
{
    set->words[seat / 64] &= ~(UINT64_C(1) << (seat % 64));
}

uint8_t seat_set_count(const struct seat_set *set);
bool seat_set_equal(const struct seat_set *a, const struct seat_set *b);

/* All seats 0 .. SEAT_COUNT - 1 that are not in SET. */
struct seat_set seat_set_others(const struct seat_set *set, uint8_t seat_count);

#endif
