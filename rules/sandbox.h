#ifndef RULES_SANDBOX_H
#define RULES_SANDBOX_H

/* One in-memory SQLite connection in which queries of strangers can only read and reckon.
 *
 *   SETUP --sandbox_seal()----> SEALED   tables are made and our own statements are prepared in
 *         <--sandbox_unseal()--          SETUP; in SEALED the authorizer passes only SELECT,
 *                                        reads of tables that are not SQLite's own, recursion and
 *                                        the functions on a list
 *
 * The connection has its own VFS: it cannot open a file, and its clock shows the reference date, so
 * that date('now') means the same everywhere. A statement is charged by virtual-machine steps,
 * which are the same on every machine, and not by time. The heap limit is the process's:
 * rules/pool.h. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct sandbox;
struct sqlite3;
struct sqlite3_stmt;

/* Called for each table and column that a statement reads while it is being prepared; COLUMN is ""
 * when rows are only counted. */
typedef void sandbox_read_fn(void *context, const char *table, const char *column);

/* Opens an empty sandbox. With REVERSE_ROWS, queries that do not ask for an order get their rows
 * the other way round. The caller destroys it.
 *
 * Errors: ERROR_IO when SQLite cannot be set up as needed. */
MUST_USE bool sandbox_create(bool reverse_rows, struct sandbox **out, struct error *error);

/* Closes the connection; all its statements must be finalized. destroy(NULL) does nothing. */
void sandbox_destroy(struct sandbox *sandbox);

/* The connection, for making tables and statements of our own before the seal. */
struct sqlite3 *sandbox_connection(struct sandbox *sandbox);

/* Ends SETUP. Statements that were prepared before keep working. */
void sandbox_seal(struct sandbox *sandbox);

/* Goes back to SETUP, for one more table of our own. */
void sandbox_unseal(struct sandbox *sandbox);

/* Prepares a stranger's query: exactly one SELECT within the limits. ON_READ may be NULL. The
 * caller finalizes the statement.
 *
 * Errors: ERROR_INVALID with SQLite's or our reason. */
MUST_USE bool sandbox_prepare(struct sandbox *sandbox, const char *sql, sandbox_read_fn *on_read,
                              void *context, struct sqlite3_stmt **out, struct error *error);

/* Sets what date('now') is: DATE is YYYY-MM-DD. Errors: ERROR_INVALID. */
MUST_USE bool sandbox_set_date(struct sandbox *sandbox, const char *date, struct error *error);

/* Gives STATEMENT a budget of about STEPS_MAX steps (to the next thousand), to be run at once. */
void sandbox_start(struct sandbox *sandbox, struct sqlite3_stmt *statement, uint32_t steps_max);

/* Ends the budget; true when the statement was stopped because of it. */
bool sandbox_stop(struct sandbox *sandbox);

#endif
