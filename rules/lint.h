#ifndef RULES_LINT_H
#define RULES_LINT_H

/* What must be true of a rule set before anybody relies on it, and whether its tests pass.
 *
 * lint_rules() refuses: a criterion without an answer; a rule that cannot be prepared, reads a
 * register that it neither needs nor asks missing() about nor names in `reads`, or names things
 * that do not exist; a rule without a passing and a failing test; another answer or other rows when
 * rows come in reverse; a rule that is still met, or fails, when a column that it reads is NULL in
 * its passing test, unless the column is `optional`. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct catalog;
struct ruleset;
struct schema;

struct lint_message {
    const char *file;
    uint32_t line;
    const char *criterion; /* Its id. */
    const char *text;      /* One sentence without a final dot. */
    struct lint_message *next;
};

struct lint_report {
    size_t test_count; /* Tests that were run. */
    size_t message_count;
    const struct lint_message *messages; /* In the order of criteria. */
};

/* Looks for the above. The report is in ARENA.
 *
 * Errors: those of engine_create() but for single rules, which are messages; ERROR_LIMIT. */
MUST_USE bool lint_rules(const struct catalog *catalog, const struct ruleset *ruleset,
                         const struct schema *schema, struct arena *arena, struct lint_report *out,
                         struct error *error);

/* Runs the tests in the rule set; a message for each that gives another answer than it expects. */
MUST_USE bool lint_tests(const struct catalog *catalog, const struct ruleset *ruleset,
                         const struct schema *schema, struct arena *arena, struct lint_report *out,
                         struct error *error);

#endif
