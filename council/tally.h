#ifndef COUNCIL_TALLY_H
#define COUNCIL_TALLY_H

/* Votes of one case, counted per criterion.
 *
 * A finding stands with q equal answers of the whole council, never with a majority of those who
 * came: neither the choice of the book nor f liars can make one stand that fewer than q - f honest
 * seats gave (docs/PROTOCOL.md 6, P2). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "council/answer.h"

#define TALLY_CRITERIA_MAX 400

struct tally {
    uint16_t criterion_count;
    uint8_t counts[TALLY_CRITERIA_MAX][ANSWER_COUNT];
};

void tally_init(struct tally *tally, uint16_t criterion_count);

/* Adds one seat's ANSWERS, criterion_count values of enum answer. */
void tally_add(struct tally *tally, const uint8_t *answers);

/* The answer that QUORUM_COUNT or more seats gave to CRITERION, or ANSWER_NONE: contested. */
enum answer tally_agreed(const struct tally *tally, uint16_t criterion, uint8_t quorum_count);

/* True when every criterion has an agreed answer, so that more votes change no finding. */
bool tally_is_settled(const struct tally *tally, uint8_t quorum_count);

#endif
