#ifndef RULES_TABLES_H
#define RULES_TABLES_H

/* A dataset in SQL: the tables are made once, and show one bundle's rows after the other.
 *
 * One table per register with the schema's columns (booleans and integers INTEGER, all else TEXT, a
 * list its elements joined by ';'); per list column a link table TABLE__COLUMN(id, ref, position),
 * positions from 1; and aims, registers and evidence_files. Rows come in the order of their ids, of
 * evidence_files and registers as they stand, however the organisation has sorted them. The SQL
 * function missing('x') says how to judge what should be in register x and is not: 'alarm' when x
 * is complete or none, 'unknown' when it is partial or absent. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "evidence/dataset.h"

struct sqlite3;
struct tables;

/* Makes the tables of SCHEMA, which must outlive them, on CONNECTION; sandbox_seal() comes after.
 * With IS_BACKWARD, rows come the other way round where a query does not order them. The caller
 * closes the connection before it destroys them.
 *
 * Errors: ERROR_INVALID when SQLite refuses a name of the schema; ERROR_IO when it cannot be set
 * up. */
MUST_USE bool tables_create(struct sqlite3 *connection, const struct schema *schema,
                            bool is_backward, struct tables **out, struct error *error);

void tables_destroy(struct tables *tables);

/* Says that queries read the table NAME. Tables that nobody reads stay empty. */
void tables_note_read(struct tables *tables, const char *name);

/* Shows DATASET, made for the same schema, and nothing of the one before. It must live until the
 * next call, and no statement may be running.
 *
 * Errors: ERROR_INVALID when a value does not fit or two rows have one id; ERROR_LIMIT when memory
 * ends. Nothing can be asked then until a load succeeds. */
MUST_USE bool tables_load(struct tables *tables, const struct dataset *dataset,
                          struct error *error);

/* True when NAME is one of the tables that the loader makes beside the registers. */
bool tables_is_own(const char *name);

/* What the register of that index in the schema claims in the dataset loaded last. */
enum dataset_claim tables_claim(const struct tables *tables, size_t register_index);

#endif
