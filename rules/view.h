#ifndef RULES_VIEW_H
#define RULES_VIEW_H

/* Rows as a table of SQL, read where they lie.
 *
 * SQLite asks for all rows, for those whose cell in a column equals a value, and for an order; the
 * first time that a column is asked about, it is sorted (rules/rows.h). Each query sees the rows in
 * the same order whatever plan SQLite chose, or in the opposite one when told so; nothing can be
 * written, and nothing is charged that is not a step of SQLite's own machine. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "evidence/schema.h"
#include "rules/rows.h"

struct sqlite3;

/* How many rows share a cell of a column, as far as can be told before there are any. */
enum view_column {
    VIEW_PLAIN = 0, /* Any number. */
    VIEW_NAME,      /* A few: the column names something. */
    VIEW_KEY,       /* One; only column 0 of rows that are sorted by it. */
};

struct view {
    const char *name;
    const char *sql; /* CREATE TABLE, with the names and types of the columns. */
    enum view_column columns[SCHEMA_COLUMNS_MAX];
    bool is_backward;
    struct rows rows; /* What is shown at the moment. */
};

/* Makes VIEW a table of CONNECTION, which is to be closed before VIEW goes. While a statement runs
 * the rows must stay as they are.
 *
 * Errors: ERROR_INVALID when SQLite refuses the name or a column. */
MUST_USE bool view_create(struct sqlite3 *connection, struct view *view, struct error *error);

#endif
