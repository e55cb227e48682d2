#ifndef EVIDENCE_SCHEMA_H
#define EVIDENCE_SCHEMA_H

/* The tables of evidence, read from evidence/schema.yaml: the one place that defines them. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#define SCHEMA_TABLES_MAX  80
#define SCHEMA_COLUMNS_MAX 48 /* Of one table, the common ones included. */

enum schema_type {
    SCHEMA_ID = 1,
    SCHEMA_TEXT,
    SCHEMA_DATE,
    SCHEMA_INTEGER,
    SCHEMA_BOOLEAN,
    SCHEMA_CHOICE,
    SCHEMA_REFERENCE,
    SCHEMA_LIST,
    SCHEMA_FILE,
};

struct schema_column {
    const char *name;
    const char *text; /* One sentence of explanation. */
    enum schema_type type;
    bool is_required;
    bool is_self_declared;
    bool is_future;          /* Dates: may lie after the period, because nothing is claimed done. */
    bool holds_requirements; /* A list of requirement ids. */
    size_t choice_count;     /* SCHEMA_CHOICE. */
    const char *const *choices;
    const char *table_name; /* References, and lists of references; else NULL. */
    size_t table_index;     /* Index of table_name; only valid when that is not NULL. */
};

struct schema_table {
    const char *name;
    const char *text;
    bool is_small; /* Written by `aims init --small`. */
    size_t column_count;
    const struct schema_column *columns;
};

struct schema {
    int version;
    size_t table_count;
    const struct schema_table *tables;
    struct digest digest; /* Of the file's bytes. */
};

/* Reads the schema from SOURCE, named FILE in errors, into ARENA.
 *
 * Errors: ERROR_INVALID with file, line and column. */
MUST_USE bool schema_parse(struct bytes source, const char *file, struct arena *arena,
                           struct schema *out, struct error *error);

/* Reads it from the file PATH. */
MUST_USE bool schema_load(const char *path, struct arena *arena, struct schema *out,
                          struct error *error);

/* Index of a table or column by name, or SIZE_MAX. */
size_t schema_find_table(const struct schema *schema, const char *name);
size_t schema_find_column(const struct schema_table *table, const char *name);

#endif
