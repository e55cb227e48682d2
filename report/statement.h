#ifndef REPORT_STATEMENT_H
#define REPORT_STATEMENT_H

/* What a COMMIT signs: an in-toto Statement v1 about a docket's reports (docs/PROTOCOL.md 2).
 *
 *     {"_type": "https://in-toto.io/Statement/v1",
 *      "predicate": {"asOf", "assessedAt", "cases": [{"attempt", "case", "manifest", "outcome",
 *                    "report"}], "catalog", "docket", "f", "n", "q", "roster", "value", "view"},
 *      "predicateType": "urn:aims-council:verification-result:v1",
 *      "subject": [{"digest": {"sha256"}, "name": "<case id>/<attempt>"}]}
 *
 * Canonical JSON, digests as hex, times as RFC 3339 UTC, cases and subjects in the docket's order.
 * Two statements with the same value are the same result, whatever their views. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "proto/message.h"
#include "report/findings.h"
#include "report/report.h"

#define STATEMENT_TYPE           "https://in-toto.io/Statement/v1"
#define STATEMENT_PREDICATE_TYPE "urn:aims-council:verification-result:v1"

struct statement_case {
    struct digest id; /* Case id. */
    struct digest manifest;
    struct digest report; /* SHA-256 of report.json. */
    uint32_t attempt;     /* From 1. */
    enum findings_outcome outcome;
};

/* A statement as data: about 26 KiB, no pointers. */
struct statement {
    struct digest roster;
    struct digest catalog;
    struct digest docket;
    struct digest value; /* D */
    uint32_t view;       /* From 1. */
    uint64_t as_of;      /* Unix seconds. */
    uint64_t
        assessed_at; /* Unix seconds: lower median of the times that the book's seats signed. */
    struct quorum quorum;
    size_t case_count; /* 1 .. MESSAGE_CASES_MAX. */
    struct statement_case cases[MESSAGE_CASES_MAX];
};

/* Computes every report of the docket, their digests and D. VIEW is that of the proposal; the value
 * does not depend on it, so who has a statement may set another view and write it again. Cannot
 * fail. */
void statement_make(const struct report_source *source, uint32_t view, struct statement *out);

/* Appends the canonical form. */
void statement_write(const struct statement *statement, struct buffer *out);

/* Reads what statement_write() writes, and only that.
 *
 * Errors: ERROR_INVALID with what is wrong; ERROR_LIMIT when it is larger than
 * MESSAGE_STATEMENT_MAX. */
MUST_USE bool statement_parse(struct bytes source, struct arena *arena, struct statement *out,
                              struct error *error);

/* Says in ERROR which field of MINE and THEIRS differs first, for the log of a seat that refuses a
 * proposal; views are not compared. True when none does. */
MUST_USE bool statement_compare(const struct statement *mine, const struct statement *theirs,
                                struct error *error);

#endif
