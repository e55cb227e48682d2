#ifndef SIM_STATISTICS_H
#define SIM_STATISTICS_H

/* What a sweep's rows say together: the rows that agree in some columns form a group, and each
 * group has intervals and percentiles. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define STATISTICS_KEYS_MAX   4  /* Columns that make a group. */
#define STATISTICS_VALUES_MAX 32 /* Columns that are looked at. */
#define STATISTICS_KEY_SIZE   64 /* Bytes, with the NUL. */
#define STATISTICS_GROUPS_MAX 10000

struct statistics_group {
    char keys[STATISTICS_KEYS_MAX][STATISTICS_KEY_SIZE];
    size_t run_count;
    size_t capacity;
    uint64_t *values[STATISTICS_VALUES_MAX]; /* One per run each, in the order of the rows. */
};

struct statistics {
    size_t key_count;
    size_t value_count;
    const char *key_names[STATISTICS_KEYS_MAX];
    const char *value_names[STATISTICS_VALUES_MAX];
    size_t group_count;
    struct statistics_group *groups; /* In the order of their keys, numbers as numbers. */
};

/* Reads COUNT files of sweeps, one after another, into STATISTICS, whose names say what to take.
 * The first begins with the header; shards go on without. A text counts as 1 and an empty cell as
 * 0. The caller calls statistics_finish(), also after a failure.
 *
 * Errors: ERROR_NOT_FOUND, ERROR_IO; ERROR_INVALID when a file has no such column or is no CSV. */
MUST_USE bool statistics_load(struct statistics *statistics, const char *const *paths, size_t count,
                              struct error *error);
void statistics_finish(struct statistics *statistics);

/* Index of the value column NAME, which must be one of them. */
size_t statistics_value(const struct statistics *statistics, const char *name);

struct statistics_interval {
    double value;
    double low;
    double high;
};

/* Share of runs in which column VALUE is not 0, with its Wilson interval of 95 percent. */
struct statistics_interval statistics_share(const struct statistics_group *group, size_t value);

/* Mean over runs of column TOP / column BOTTOM, with 1.96 standard errors to either side, kept
 * within 0 .. 1; runs whose BOTTOM is 0 are left out. */
struct statistics_interval statistics_ratio(const struct statistics_group *group, size_t top,
                                            size_t bottom);

#define STATISTICS_ALL SIZE_MAX /* Every run. */

/* Median of column VALUE, from its 5th to its 95th percentile, of the runs in which column WHERE is
 * not 0. */
struct statistics_interval statistics_median(const struct statistics_group *group, size_t value,
                                             size_t where);

/* Smallest value that PERCENT (1 .. 100) of these runs do not exceed; 0 without runs. */
uint64_t statistics_percentile(const struct statistics_group *group, size_t value, size_t where,
                               unsigned percent);

/* Sum over the runs. */
uint64_t statistics_sum(const struct statistics_group *group, size_t value);

#endif
