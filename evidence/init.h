#ifndef EVIDENCE_INIT_H
#define EVIDENCE_INIT_H

/* An evidence directory to start from: aims.yaml, empty registers with their header rows, a
 * statement of applicability with a row for every Annex A control, and a README that says what
 * every column means. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "evidence/schema.h"

struct init_control {
    const char *id; /* "A.2.2" */
    const char *title;
};

struct init_options {
    const char *organisation; /* NULL: left empty for the organisation to fill in; so the dates. */
    const char *period_start; /* YYYY-MM-DD */
    const char *period_end;
    bool is_small; /* Only the registers that the schema marks as small. */
    size_t control_count;
    const struct init_control *controls; /* From the catalogue. */
};

/* Writes into the directory PATH, which is made when it is not there and must hold no aims.yaml and
 * no registers.
 *
 * Errors: ERROR_CONFLICT when one of the files exists; ERROR_IO. */
MUST_USE bool init_directory(const char *path, const struct schema *schema,
                             const struct init_options *options, struct error *error);

#endif
