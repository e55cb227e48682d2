#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

/* A report for a terminal: the decision first, then counts, requirements by clause, what is not
 * conforming and what to do about it, what is missing, what is contested and by whom, who was not
 * there, what was not done, and how to check it all. Plain UTF-8, lines of at most 100 columns, no
 * colour. */

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "report/papers.h"
#include "report/report.h"
#include "rules/catalog.h"

struct text_options {
    const struct papers *papers; /* Opened working papers whose rows to quote, or NULL. */
    size_t rows_max;             /* Rows of each criterion to quote; the rest is counted. */
};

/* Appends the text. CATALOG is the one that report_check_catalog() accepts for REPORT. Cannot
 * fail. */
void text_write(const struct report *report, const struct catalog *catalog,
                const struct text_options *options, struct buffer *out);

/* Words for people. */
const char *text_grade(enum findings_grade grade);
const char *text_decision(enum findings_decision decision);

#endif
