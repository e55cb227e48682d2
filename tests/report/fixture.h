#ifndef TESTS_REPORT_FIXTURE_H
#define TESTS_REPORT_FIXTURE_H

/* A council with real keys that has heard a docket: every message is signed, encoded and verified as
 * in earnest. The tests say who votes what. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "council/answer.h"
#include "crypto/keys.h"
#include "proto/roster.h"
#include "proto/verify.h"
#include "report/report.h"
#include "report/statement.h"
#include "rules/catalog.h"

#define FIXTURE_CASES_MAX 4
#define FIXTURE_CRITERIA  9
#define FIXTURE_PERIOD    20634      /* 2026-06-30 in days. */
#define FIXTURE_AS_OF     1784548800 /* 2026-07-20T12:00:00Z */

/* What one seat says to one case. */
struct fixture_vote {
    bool is_assessed;
    enum message_reason reason; /* Unless assessed. */
    uint8_t purpose;
    uint32_t period_end;
    uint8_t answers[CATALOG_CRITERIA_MAX];
    struct digest papers[CATALOG_CRITERIA_MAX];
};

struct fixture {
    struct arena *arena;
    struct keys *seats[MESSAGE_SEATS_MAX];
    struct keys *coordinator;
    struct keys *submitter;
    struct keys *reader;
    struct roster roster;
    const struct catalog *catalog;
    size_t case_count;
    uint32_t attempt;
    uint64_t as_of;
    struct bytes earlier;
    bool is_present[MESSAGE_SEATS_MAX];
    struct fixture_vote *votes; /* By seat and case. */
    struct verify_docket docket;
    struct verify_book book;
    struct report_source source;
};

/* The small catalogue: 4.1 (major, minor, minor), 5.2 (major, minor), 10.2 (improvement, minor),
 * A.2.2 (applicability, minor); two minors make a major; evidence may be 90 days old. */
const struct catalog *fixture_catalog(void);

/* A council of SEAT_COUNT seats that bears FAULTY_MAX; three operators, two rule sets, a host each.
 * All seats are present and find everything met. */
struct fixture *fixture_create(uint8_t seat_count, uint8_t faulty_max, size_t case_count,
                               const struct catalog *catalog);
/* The same with COORDINATOR_COUNT coordinators, of which the first is home to everything. */
struct fixture *fixture_create_wide(uint8_t seat_count, uint8_t faulty_max,
                                    uint8_t coordinator_count, size_t case_count,
                                    const struct catalog *catalog);
void fixture_destroy(struct fixture *fixture);

struct fixture_vote *fixture_vote(struct fixture *fixture, uint8_t seat, size_t index);

/* Seats FIRST .. LAST answer CRITERION of case 0 with ANSWER. */
void fixture_answer(struct fixture *fixture, uint8_t first, uint8_t last, size_t criterion,
                    enum answer answer);

/* Makes docket and book and verifies them; votes may be changed afterwards and it be called again. */
void fixture_hear(struct fixture *fixture);

/* report.json of case INDEX. */
void fixture_report(const struct fixture *fixture, size_t index, struct buffer *out);

/* A certificate of view 1 that the first SIGNER_COUNT seats sign. */
void fixture_certify(const struct fixture *fixture, uint8_t signer_count, struct buffer *out);

/* COMMIT signatures of the first SIGNER_COUNT seats. */
void fixture_sign(const struct fixture *fixture, struct bytes statement, uint8_t signer_count,
                  struct message_vote *votes);

#endif
