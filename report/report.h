#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

/* The report on one hearing: what the council found, and who stands behind each finding.
 *
 * report.json is canonical JSON, made alike by every seat from docket, book, catalogue and roster
 * alone; its SHA-256 is a subject of the certificate. Everything that follows from the votes in it
 * (answers, grades, decision, outcome) can be computed again by who reads it, and is.
 *
 *     {"absent": [seat],                              not in the book
 *      "abstained": [{"docket", "reason", "seat"}],   docket only for "bound" and "concluded"
 *      "asOf": "2026-06-30T12:00:00Z", "attempt": 1, "case": hex,
 *      "catalog": {"digest", "id", "maxAgeDays", "minorsMakeMajor", "version"},
 *      "council": {"f", "n", "q"}, "decision", "docket": hex, "manifest": hex,
 *      "notDone": [sentence], "outcome", "periodEnd": "2026-06-30" or null, "purpose" or null,
 *      "reasons": [why the decision is not "recommended"],
 *      "requirements": [{"criteria": [criterion], "grade", "id", "raised": true}],
 *      "roster": hex, "rulesets": [{"digest", "voice"}], "seats": [{"host", "operator",
 * "ruleset"}],
 *      "submitter": keyid, "type": "aims-council-report/1",
 *      "voices": [{"count", "hosts", "operators", "rulesets", "seats": [seat]}]}
 *
 *     criterion = {"answer", "id", "notMet": "major", "oneSource": true,
 *                  "paper": {"digest", "voice"}, "votes": {answer: voice}}
 *
 * A VOICE is a set of seats that said the same, with the number of distinct hosts, operators and
 * rule sets (by the roster's names) among them: 33 of 33 by one rule set is one opinion. "votes"
 * names for each answer that was given the voice that gave it; "none" is an abstention on this
 * criterion alone. "answer" is what q seats gave, else "contested". Only an agreed finding shows a
 * paper: the digest that most of the seats behind it share, ties to the lowest seat; its voice is
 * those seats; "oneSource" when they are fewer than f + 1. "raised" marks a major made of minors;
 * both flags are left out when false. Lists of seats rise. A seat's rule set is named by the roster
 * under "seats", and by the digest that it signed under "rulesets". */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "council/quorum.h"
#include "council/tally.h"
#include "crypto/keys.h"
#include "proto/message.h"
#include "proto/roster.h"
#include "proto/verify.h"
#include "report/findings.h"
#include "rules/catalog.h"

#define REPORT_TYPE       "aims-council-report/1"
#define REPORT_SIZE_MAX   (4 * 1024 * 1024) /* Bytes of report.json that are read. */
#define REPORT_VOICES_MAX (CATALOG_CRITERIA_MAX * (ANSWER_COUNT + 1) + MESSAGE_SEATS_MAX)
#define REPORT_NO_VOICE   UINT16_MAX

struct report_voice {
    struct seat_set seats;
    uint8_t seat_count;
    uint8_t operator_count; /* Distinct ones. */
    uint8_t ruleset_count;
    uint8_t host_count;
};

struct report_criterion {
    uint16_t votes[ANSWER_COUNT]; /* Voice that gave each answer, or REPORT_NO_VOICE. */
    uint16_t paper_voice;         /* Seats behind the paper shown, or REPORT_NO_VOICE. */
    struct digest paper;
};

enum report_attendance {
    REPORT_ABSENT = 0, /* Not in the book. */
    REPORT_ABSTAINED,
    REPORT_ASSESSED,
};

struct report_seat {
    const char *operator_name;
    const char *ruleset;
    const char *host;
    enum report_attendance attendance;
    enum message_reason reason; /* REPORT_ABSTAINED. */
    struct digest docket;       /* Of MESSAGE_BOUND and MESSAGE_CONCLUDED; else zero. */
};

/* One rule set that was run, by the digest that its seats signed. */
struct report_ruleset {
    struct digest digest;
    uint16_t voice;
};

/* A report as data: about 150 KiB, so not for the stack. Texts belong to the roster and catalogue
 * it was made from, or to the arena it was parsed into. */
struct report {
    struct digest case_id;
    struct digest docket;
    struct digest manifest;
    struct digest roster;
    char submitter[KEYS_KEYID_SIZE];
    uint32_t attempt;
    uint64_t as_of; /* Unix seconds. */
    struct quorum quorum;
    /* When parsed it holds only what report.json says: ids, grades, order, the two thresholds. */
    const struct catalog *catalog;
    struct findings_facts facts;
    struct report_seat seats[MESSAGE_SEATS_MAX];
    size_t ruleset_count;
    struct report_ruleset rulesets[MESSAGE_SEATS_MAX];
    size_t voice_count;
    struct report_voice voices[REPORT_VOICES_MAX];
    struct report_criterion criteria[CATALOG_CRITERIA_MAX];
    struct findings findings;
};

/* What reports are computed from; all of it verified (proto/verify.h), and CATALOG is the
 * docket's. */
struct report_source {
    const struct roster *roster;
    const struct catalog *catalog;
    const struct verify_docket *docket;
    const struct verify_book *book;
};

/* Fills OUT for hearing INDEX of the docket. Cannot fail. */
void report_make(const struct report_source *source, size_t index, struct report *out);

/* Appends report.json. */
void report_write(const struct report *report, struct buffer *out);

/* Reads report.json, named FILE in errors, into ARENA: every number that follows from its votes is
 * computed again, and the bytes must be those that report_write() gives for the result.
 *
 * Errors: ERROR_INVALID with what is wrong or does not follow; ERROR_LIMIT. */
MUST_USE bool report_parse(struct bytes source, const char *file, struct arena *arena,
                           struct report **out, struct error *error);

/* Checks that REPORT, which may have been parsed, is about CATALOG: the digest, and the criteria
 * with their grades in that order.
 *
 * Errors: ERROR_CONFLICT with what differs. */
MUST_USE bool report_check_catalog(const struct report *report, const struct catalog *catalog,
                                   struct error *error);

/* Seats that gave ANSWER to criterion INDEX; 0 when none did. */
uint8_t report_votes(const struct report *report, size_t index, enum answer answer);

/* True when the paper shown for criterion INDEX comes from fewer than f + 1 seats. */
bool report_is_one_source(const struct report *report, size_t index);

/* True when hearing the case again could conclude it: it was not heard, or the seats that did not
 * assess it could make up a quorum for some contested finding. Where those who came just disagree,
 * more of the same does not help (docs/PROTOCOL.md, "The client"). */
bool report_is_worth_repeating(const struct report *report);

/* Word of report.json for a reason to abstain ("noBundle"). */
const char *report_reason_name(enum message_reason reason);

/* What no council does, as sentences; COUNT is set. */
const char *const *report_not_done(size_t *count);

#endif
