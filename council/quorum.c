#include "council/quorum.h"

uint8_t quorum_faulty_max(uint8_t seat_count)
{
    return (uint8_t)(seat_count == 0 ? 0 : (seat_count - 1) / 3);
}

bool quorum_init(struct quorum *out, uint8_t seat_count, uint8_t faulty_max)
{
    if (seat_count < 1 || seat_count > QUORUM_SEATS_MAX) {
        return false;
    }
    if (faulty_max > quorum_faulty_max(seat_count)) {
        return false;
    }
    *out = (struct quorum){.seat_count = seat_count,
                           .faulty_max = faulty_max,
                           .quorum_count = (uint8_t)((seat_count + faulty_max) / 2 + 1)};
    return true;
}

uint8_t quorum_chair(uint8_t home, uint32_t view, uint8_t coordinator_count)
{
    return (uint8_t)((home + (uint64_t)view - 1) % coordinator_count);
}

static uint8_t count_bits(uint64_t word)
{
    uint8_t count = 0;

    for (; word != 0; word &= word - 1) {
        count++;
    }
    return count;
}

uint8_t seat_set_count(const struct seat_set *set)
{
    return (uint8_t)(count_bits(set->words[0]) + count_bits(set->words[1]));
}

bool seat_set_equal(const struct seat_set *a, const struct seat_set *b)
{
    return a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

struct seat_set seat_set_others(const struct seat_set *set, uint8_t seat_count)
{
    struct seat_set others = {{0, 0}};

    for (uint8_t seat = 0; seat < seat_count; seat++) {
        if (!seat_set_has(set, seat)) {
            seat_set_add(&others, seat);
        }
    }
    return others;
}
