#ifndef SIM_TABLES_H
#define SIM_TABLES_H

/* What a scenario takes from other files: measured latencies, and how often real rule sets erred.
 * Each file is read once. */

#include "base/arena.h"
#include "formats/csv.h"
#include "sim/draw.h"
#include "sim/setup.h"

#define TABLES_MAX       16  /* Files of one scenario. */
#define TABLES_SITES_MAX 134 /* Rows of a latency matrix. */

struct tables {
    struct arena *arena;
    const char *folder; /* Of the scenario: "" or ending in a slash. */
    size_t count;
    const char *names[TABLES_MAX];
    struct csv files[TABLES_MAX];
};

/* Fills the tables of errors of RULESET for SETUP's criteria from the verdicts in the file that
 * NODE names. Its columns, in any order:
 *
 *     ruleset     only rows with NAME are taken; NULL: all
 *     criterion   any word; criteria are numbered as they first appear, in all rows
 *     truth       met or not_met
 *     answer      met, not_met or insufficient
 *     count       how often; without the column, 1
 *
 * Errors: ERROR_INVALID with the place; those of reading. */
MUST_USE bool tables_verdicts(struct tables *tables, const struct tree *node, const char *name,
                              uint16_t criterion_count, struct setup_ruleset *out,
                              struct error *error);

/* One-way latencies between sites in microseconds: a list of lists, or a file whose first row names
 * the sites and whose others hold from each site the latency to each. */
struct tables_matrix {
    size_t site_count;
    uint32_t latencies[TABLES_SITES_MAX][TABLES_SITES_MAX];
};
MUST_USE bool tables_latencies(struct tables *tables, const struct tree *node,
                               struct tables_matrix *out, struct error *error);

#endif
