#ifndef REPORT_GAPS_H
#define REPORT_GAPS_H

/* What one rule set makes of the evidence, without a council: the same findings with one seat and a
 * quorum of one. It is a rehearsal and says so. */

#include <stdint.h>

#include "base/buffer.h"
#include "report/findings.h"
#include "rules/catalog.h"
#include "rules/engine.h"

struct gaps {
    const struct catalog *catalog;
    const struct engine_result *result; /* Answers and rows, by criterion. */
    enum message_purpose purpose;
    uint32_t period_end; /* Days since 1970-01-01. */
    uint32_t as_of;      /* Days since 1970-01-01: today, or the day that is assumed. */
    size_t rows_max;     /* Rows of each open criterion to show; the rest is counted. */
};

/* Fills OUT with findings, grades and decision. */
void gaps_make(const struct gaps *gaps, struct findings *out);

/* Appends what is open, worst first, for people. */
void gaps_text(const struct gaps *gaps, const struct findings *findings, struct buffer *out);

/* Appends the same as canonical JSON and a line feed; "rowCount" counts rows that "rows" leaves
 * out: {"decision", "open": [{"answer", "id", "note", "notMet", "requirement", "rowCount",
 * "rows": [[resource, status, reason]]}], "reasons", "requirements": [{"grade", "id"}],
 * "type": "aims-council-gaps/1"}. */
void gaps_json(const struct gaps *gaps, const struct findings *findings, struct buffer *out);

#endif
