#ifndef EVIDENCE_VALUE_H
#define EVIDENCE_VALUE_H

/* From what stands in a cell to a value of the schema. Errors are sentences about the cell that
 * quote it ("hgh" is not one of low, medium, high); the caller says where it stands. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "evidence/dataset.h"
#include "evidence/schema.h"

#define VALUE_DATE_SIZE  11 /* "YYYY-MM-DD" with the NUL. */
#define VALUE_ID_MAX     64 /* Bytes of an id. */
#define VALUE_QUOTE_SIZE 80

/* The start of TEXT for an error, in quotes, without control characters; returns OUT. */
const char *value_quote(const char *text, char out[VALUE_QUOTE_SIZE]);

/* Reads YYYY-MM-DD, or D.M.YYYY with *IS_CONVERTED. Days that do not exist are refused, and what
 * has slashes, because 3/4 is another day in another country. */
MUST_USE bool value_read_date(const char *text, char out[VALUE_DATE_SIZE], bool *is_converted,
                              struct error *error);

/* Reads a requirement id, with or without "cl." before it; *OUT points into TEXT. */
MUST_USE bool value_read_requirement(const char *text, const char **out, struct error *error);

/* Checks that TEXT can be an id: 1 to 64 of [A-Za-z0-9._:-]. */
MUST_USE bool value_check_id(const char *text, struct error *error);

/* Reads an id, text, integer, boolean, choice or reference, neither empty nor padded, for COLUMN.
 * *OUT may point to TEXT. */
MUST_USE bool value_read(const struct schema_column *column, const char *text,
                         struct dataset_value *out, struct error *error);

#endif
