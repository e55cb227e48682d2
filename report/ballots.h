#ifndef REPORT_BALLOTS_H
#define REPORT_BALLOTS_H

/* The part of a report that follows from who said what. It is filled the same way when a report is
 * made from a book and when it is read back, so that voices get equal numbers. */

#include <stddef.h>
#include <stdint.h>

#include "council/quorum.h"
#include "council/tally.h"
#include "report/report.h"

/* Everything said about one criterion. */
struct ballots {
    struct seat_set answers[ANSWER_COUNT]; /* Disjoint. */
    struct seat_set paper_seats;           /* Seats behind the paper shown; empty = none is. */
    struct digest paper;
};

/* Number of the voice SEATS, which is not empty, making it when it is new. */
uint16_t ballots_voice(struct report *report, const struct seat_set *seats);

/* Enters criterion INDEX into REPORT and TALLY. Criteria come in voting order. */
void ballots_add(struct report *report, struct tally *tally, size_t index,
                 const struct ballots *ballots);

/* When all criteria and rule sets are in: counts who stands behind each voice and makes the
 * findings. Catalogue, quorum, facts and seats of REPORT are set. */
void ballots_finish(struct report *report, const struct tally *tally);

#endif
