#ifndef RULES_RULESET_H
#define RULES_RULESET_H

/* One author's way to answer a catalogue: for each criterion a query, what it needs, and the tests
 * that show what it is meant to say. Reading it runs nothing; rules/engine.h and rules/lint.h
 * do. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "council/answer.h"
#include "rules/words.h"

#define RULESET_PARAMS_MAX 16
#define RULESET_TABLES_MAX 16
#define RULESET_SQL_MAX    100000 /* Bytes of one query. */

struct catalog;
struct tree;

/* A value bound to the query as :NAME. */
struct ruleset_param {
    const char *name;
    const char *text; /* NULL when it is an integer. */
    int64_t integer;
};

struct ruleset_test {
    const char *name;
    uint32_t line;
    const struct tree *given;  /* Register name -> list of rows; NULL when nothing is given. */
    const struct tree *claims; /* Register name -> complete, partial, none or absent; or NULL. */
    const char *as_of;         /* End of the period, YYYY-MM-DD. */
    const char *period_start;  /* YYYY-MM-DD; NULL means a year before as_of. */
    enum answer expect;
};

struct ruleset_rule {
    const char *sql;  /* NULL when the rule set does not answer this criterion. */
    const char *file; /* Where the rule is, for messages. */
    uint32_t line;
    int64_t version;
    /* What no rows mean: ANSWER_MET, ANSWER_NOT_MET or ANSWER_INSUFFICIENT. */
    enum answer empty;
    struct words needs;    /* Registers; one of them absent means insufficient. */
    struct words reads;    /* Registers it looks at though they may be absent. */
    struct words optional; /* "table.column" that may be NULL though the answer is met. */
    size_t param_count;
    const struct ruleset_param *params;
    size_t test_count;
    const struct ruleset_test *tests;
};

/* A table that many rules look at, made once for each bundle. */
struct ruleset_table {
    const char *name;
    const char *sql;
    const char *file;
    uint32_t line;
};

struct ruleset {
    const char *name;
    int64_t version; /* From 1. */
    const char *title;
    size_t table_count;
    const struct ruleset_table *tables;
    size_t rule_count;                /* The catalogue's criterion_count. */
    const struct ruleset_rule *rules; /* By criterion. */
    struct digest digest;
};

/* Reads the rule set in the folder DIRECTORY (its main file is ruleset.yaml), written for CATALOG,
 * into ARENA. It may leave criteria unanswered; engine_create() then refuses it.
 *
 * Errors: those of folder_load(); ERROR_INVALID, with file, line and column, for another catalogue,
 * unknown members, missing or wrong values, unknown criteria and criteria answered twice;
 * ERROR_LIMIT. */
MUST_USE bool ruleset_load(const char *directory, const struct catalog *catalog,
                           struct arena *arena, struct ruleset *out, struct error *error);

/* The word that tests and rules use for an answer: met, not_met, not_applicable, insufficient, and
 * none for an abstention. */
const char *ruleset_answer_name(enum answer answer);

#endif
