#ifndef RULES_ENGINE_H
#define RULES_ENGINE_H

/* From evidence to answers: one rule set, prepared once, run on one dataset after the other.
 *
 * The same dataset gives the same answers and rows on every machine: the date is the end of the
 * dataset's period, work is counted in steps of SQLite's virtual machine, and rows are sorted here
 * before anybody sees them. Time is not watched; that is the caller's net. Not thread-safe.
 *
 *   a needed register is absent        insufficient
 *   any row `error`, or the rule fails none (the seat abstains on the criterion)
 *   any row `alarm`                    not met
 *   any row `unknown`                  insufficient
 *   any row `ok`                       met
 *   any row `skip`                     not applicable
 *   nothing but `info`, or no rows     what the rule says by `empty`; insufficient when it says
 *                                      nothing or a needed register is partial */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "council/answer.h"
#include "crypto/hash.h"
#include "evidence/dataset.h"

#define ENGINE_COLUMNS_MAX 40

/* The columns that every row begins with. */
enum engine_column {
    ENGINE_RESOURCE = 0,
    ENGINE_STATUS,
    ENGINE_REASON,
};

struct catalog;
struct engine;
struct ruleset;

struct engine_options {
    bool may_be_partial; /* Take rules that are missing or faulty; for lint. */
    bool reverse_rows;   /* Return rows the other way round where a rule does not order them. */
};

/* The answer to one criterion and the paper behind it. */
struct engine_answer {
    enum answer answer;
    const char *note; /* Why there are no rows or no answer; "" when the rows say it. */
    size_t column_count;
    const char *const *columns; /* Names; the engine's memory. */
    size_t row_count;
    const struct dataset_value *values; /* row_count * column_count, by row, rows sorted. */
};

struct engine_result {
    size_t count;                        /* The catalogue's criterion_count. */
    const struct engine_answer *answers; /* By criterion. */
};

/* Makes an engine. CATALOG, RULESET and SCHEMA must outlive it. The caller destroys it.
 *
 * Errors: ERROR_INVALID, naming file and line, when a criterion is unanswered or a rule cannot be
 * prepared; ERROR_IO when SQLite cannot be set up. */
MUST_USE bool engine_create(const struct catalog *catalog, const struct ruleset *ruleset,
                            const struct schema *schema, const struct engine_options *options,
                            struct engine **out, struct error *error);

void engine_destroy(struct engine *engine);

/* Answers every criterion for DATASET, which is made for the engine's schema; the result is in
 * ARENA and refers to column names of the engine.
 *
 * Errors: those of tables_load(); ERROR_LIMIT when ARENA is full. */
MUST_USE bool engine_run(struct engine *engine, const struct dataset *dataset, struct arena *arena,
                         struct engine_result *out, struct error *error);

/* The two halves of engine_run(): fill the tables, and answer one criterion from them. The dataset
 * must live until the next load.
 *
 * Errors: as engine_run(). */
MUST_USE bool engine_load(struct engine *engine, const struct dataset *dataset,
                          struct error *error);
MUST_USE bool engine_answer(struct engine *engine, size_t criterion, struct arena *arena,
                            struct engine_answer *out, struct error *error);

/* Why the rule for CRITERION cannot be run, or NULL when it can. */
const char *engine_fault(const struct engine *engine, size_t criterion);

/* A table and column that a rule reads; column "" when rows are only counted. Of a link table the
 * register and its list column are given. */
struct engine_read {
    const char *table;
    const char *column;
};

/* What the rule for CRITERION reads, each once; COUNT is set. The engine's memory. */
const struct engine_read *engine_reads(const struct engine *engine, size_t criterion,
                                       size_t *count);

/* The keyed digest of the paper behind an answer: HMAC-SHA-256 under KEY, the key of the bundle, so
 * that who has not seen the evidence cannot guess at it. */
void engine_paper_digest(const struct engine_result *result, size_t criterion,
                         const uint8_t key[HASH_KEY_SIZE], struct digest *out);

#endif
