#ifndef RULES_GIVEN_H
#define RULES_GIVEN_H

/* The rows that a rule's test is given, as a dataset: types are checked, references are not. */

#include "base/arena.h"
#include "base/error.h"
#include "evidence/dataset.h"

struct ruleset_test;

/* Builds the dataset of TEST for SCHEMA in ARENA. Registers that are given are complete, others
 * absent, unless the test claims otherwise. Rows of the loader's table evidence_files may be given
 * too.
 *
 * Errors: ERROR_INVALID with the place of what does not fit the schema; ERROR_LIMIT. */
MUST_USE bool given_dataset(const struct ruleset_test *test, const struct schema *schema,
                            struct arena *arena, struct dataset *out, struct error *error);

#endif
