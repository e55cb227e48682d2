#ifndef EVIDENCE_DATASET_H
#define EVIDENCE_DATASET_H

/* Evidence as tables: what the loader makes of a directory or bundle and what rules/ puts into SQL.
 *
 * Plain data, all in one arena. A dataset that loaded without errors is valid against the schema:
 * types hold, ids are unique, references resolve. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "evidence/schema.h"

enum dataset_claim {
    DATASET_ABSENT = 0, /* No rows and no statement: nothing is known. */
    DATASET_COMPLETE,   /* These are all. */
    DATASET_PARTIAL,    /* These can be shown; what is missing is unknown. */
    DATASET_NONE,       /* The organisation says that there are none. */
};

/* One cell. */
struct dataset_value {
    enum { DATASET_NULL = 0, DATASET_INTEGER, DATASET_TEXT } type;
    int64_t integer;  /* DATASET_INTEGER; booleans are 0 and 1. */
    const char *text; /* DATASET_TEXT; a list is its elements joined by ';'. */
};

struct dataset_table {
    const struct schema_table *schema;
    enum dataset_claim claim;
    size_t row_count;
    struct dataset_value *values; /* row_count * schema->column_count, by row, in schema order. */
};

/* One cited document. */
struct dataset_file {
    const char *path; /* Below the directory, "documents/...". */
    struct digest sha256;
    uint64_t size;
    const char *cited_by; /* "table:id"; one entry per citing row. */
};

struct dataset {
    const struct schema *schema;
    const char *organisation;
    const char *purpose;      /* initial | surveillance | recertification | internal */
    const char *period_start; /* YYYY-MM-DD */
    const char *period_end;
    struct dataset_table *tables; /* schema->table_count, in schema order. */
    size_t file_count;
    struct dataset_file *files;
};

#endif
