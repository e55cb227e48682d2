#ifndef REPORT_FINDINGS_H
#define REPORT_FINDINGS_H

/* From counted answers to findings, grades and a decision. Pure arithmetic over arrays: council,
 * `aims gaps` (one seat, quorum one) and the check of a stranger's report all use it.
 *
 *   finding   the answer that q of n seats gave, or contested
 *   grade     of a requirement: what its failed criteria earn. Undecided criteria, contested or
 *             insufficient, are taken as all met and as all not met; equal grades stand, else the
 *             requirement is contested when the contested ones alone could change it, else not
 *             assessed
 *   decision  any major: not recommended; anything undecided, or evidence too old: deferred; any
 *             minor: recommended with conditions; else recommended
 *
 * A grade is a recommendation to a person. It promises nothing about what no criterion asks. */

#include <stdbool.h>
#include <stdint.h>

#include "council/quorum.h"
#include "council/tally.h"
#include "proto/message.h"
#include "rules/catalog.h"

enum findings_grade {
    FINDINGS_CONFORMING = 1,
    FINDINGS_IMPROVEMENT,
    FINDINGS_MINOR,
    FINDINGS_MAJOR,
    FINDINGS_NOT_APPLICABLE,
    FINDINGS_CONTESTED,
    FINDINGS_NOT_ASSESSED,
    FINDINGS_GRADE_COUNT
};

enum findings_decision {
    FINDINGS_RECOMMENDED = 1,
    FINDINGS_CONDITIONS, /* Recommended with conditions: a plan is due. */
    FINDINGS_DEFERRED,
    FINDINGS_NOT_RECOMMENDED,
    FINDINGS_DECISION_COUNT
};

enum findings_outcome {
    FINDINGS_UNHEARD = 1, /* Fewer than q seats assessed the case. */
    FINDINGS_IN_DISPUTE,  /* Some finding is contested. */
    FINDINGS_CONCLUSIVE,
    FINDINGS_OUTCOME_COUNT
};

/* Why the decision is not "recommended": all that apply, in this order. */
enum findings_reason {
    FINDINGS_REASON_UNHEARD = 0,
    FINDINGS_REASON_MAJOR,
    FINDINGS_REASON_CONTESTED,
    FINDINGS_REASON_NOT_ASSESSED,
    FINDINGS_REASON_OLD_EVIDENCE,
    FINDINGS_REASON_UNKNOWN_AGE, /* No quorum for the period's end, or it lies after as_of. */
    FINDINGS_REASON_MINOR,
    FINDINGS_REASON_COUNT
};

/* What was voted besides the answers. */
struct findings_facts {
    uint8_t sheet_count;          /* Seats that assessed the case. */
    enum message_purpose purpose; /* That q seats gave; else MESSAGE_PURPOSE_UNKNOWN. */
    uint32_t period_end;          /* That q seats gave, days since 1970-01-01; else 0. */
    uint32_t as_of;               /* The docket's, days since 1970-01-01. */
};

struct findings {
    uint8_t answers[CATALOG_CRITERIA_MAX];    /* enum answer; ANSWER_NONE = contested. */
    uint8_t grades[CATALOG_REQUIREMENTS_MAX]; /* enum findings_grade */
    bool is_raised[CATALOG_REQUIREMENTS_MAX]; /* A major made of minors. */
    enum findings_outcome outcome;
    enum findings_decision decision;
    uint32_t reasons; /* Bit 1 << enum findings_reason. */
};

/* Fills OUT for the votes counted in TALLY, one criterion of CATALOG each. Of the catalogue it
 * reads the shape (which criterion belongs where, its grade, applicability) and the two thresholds.
 * Cannot fail. */
void findings_make(const struct catalog *catalog, const struct quorum *quorum,
                   const struct tally *tally, const struct findings_facts *facts,
                   struct findings *out);

/* The purpose and the period's end that QUORUM_COUNT or more of COUNT sheets give, into FACTS;
 * unknown where there is none. Sheets may be NULL and then count for nothing. */
void findings_count_facts(const struct message_sheet *const *sheets, size_t count,
                          uint8_t quorum_count, struct findings_facts *facts);

/* Requirements of that grade. */
uint32_t findings_count(const struct catalog *catalog, const struct findings *findings,
                        enum findings_grade grade);

/* Words as report.json has them ("notAssessed"), and the way back: 0 when there is no such word. */
const char *findings_grade_name(enum findings_grade grade);
const char *findings_decision_name(enum findings_decision decision);
const char *findings_outcome_name(enum findings_outcome outcome);
const char *findings_reason_name(enum findings_reason reason);
const char *findings_purpose_name(enum message_purpose purpose); /* NULL when unknown. */
const char *findings_answer_name(enum answer answer);            /* "none" for ANSWER_NONE. */
enum findings_decision findings_decision_of(const char *name);
enum findings_outcome findings_outcome_of(const char *name);
enum message_purpose findings_purpose_of(const char *name);

#endif
