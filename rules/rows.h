#ifndef RULES_ROWS_H
#define RULES_ROWS_H

/* The rows of a table in one order that is always the same, and sorted by any column on demand.
 *
 * Nothing is copied: rows are arrays of cells that belong to somebody else and must stay. A column
 * is sorted once, in n log n comparisons whatever the cells hold, so that no evidence can make it
 * slow; equal cells keep the rows' own order. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "evidence/dataset.h"

/* One row: a cell for each column. */
struct rows_row {
    const struct dataset_value *cells;
};

struct rows {
    size_t column_count;
    size_t count;
    bool is_by_first;           /* The rows' own order is that of column 0. */
    const struct rows_row *own; /* Count rows in their own order. */
    const struct rows_row *
        *by;             /* By column: the rows sorted by it; NULL until rows_by() is asked. */
    struct arena *arena; /* For what is sorted. */
};

/* Rows FIRST to END - 1 of a sorted array. */
struct rows_range {
    size_t first;
    size_t end;
};

/* Negative, 0 or positive as SQL orders A and B: NULL, integers, texts by their bytes. */
int rows_compare(const struct dataset_value *a, const struct dataset_value *b);

/* Sorts COUNT rows by COLUMN, equal ones as they stood, with the help of SPARE, as large. */
void rows_sort(struct rows_row *rows, struct rows_row *spare, size_t count, size_t column);

/* The rows sorted by COLUMN, or NULL when the arena is full. */
const struct rows_row *rows_by(struct rows *rows, size_t column);

/* Where CELL stands in SORTED, which are COUNT rows sorted by COLUMN. */
struct rows_range rows_find(const struct rows_row *sorted, size_t count, size_t column,
                            const struct dataset_value *cell);

#endif
