#include "rules/rows.h"

#include <string.h>

#include "base/check.h"

int rows_compare(const struct dataset_value *a, const struct dataset_value *b)
{
    if (a->type != b->type) {
        return a->type < b->type ? -1 : 1;
    }
    switch (a->type) {
    case DATASET_NULL:
        return 0;
    case DATASET_INTEGER:
        return (a->integer > b->integer) - (a->integer < b->integer);
    case DATASET_TEXT:
        return strcmp(a->text, b->text);
    }
    CHECK_UNREACHABLE();
}

/* Merges FROM[0 .. middle - 1] and FROM[middle .. end - 1], both sorted, into TO. */
static void merge(const struct rows_row *from, size_t middle, size_t end, size_t column,
                  struct rows_row *to)
{
    size_t left = 0;
    size_t right = middle;

    for (size_t i = 0; i < end; i++) {
        bool is_left = left < middle &&
                       (right == end ||
                        rows_compare(&from[left].cells[column], &from[right].cells[column]) <= 0);

        to[i] = is_left ? from[left++] : from[right++];
    }
}

static bool is_sorted(const struct rows_row *rows, size_t count, size_t column)
{
    for (size_t i = 1; i < count; i++) {
        if (rows_compare(&rows[i - 1].cells[column], &rows[i].cells[column]) > 0) {
            return false;
        }
    }
    return true;
}

void rows_sort(struct rows_row *rows, struct rows_row *spare, size_t count, size_t column)
{
    struct rows_row *from = rows;
    struct rows_row *to = spare;

    if (is_sorted(rows, count, column)) {
        return;
    }
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t at = 0; at < count; at += 2 * run) {
            size_t left = count - at;
            size_t middle = left < run ? left : run;

            merge(&from[at], middle, left < 2 * run ? left : 2 * run, column, &to[at]);
        }
        struct rows_row *sorted = to;

        to = from;
        from = sorted;
    }
    if (from != rows) {
        memcpy(rows, from, count * sizeof(*rows));
    }
}

const struct rows_row *rows_by(struct rows *rows, size_t column)
{
    CHECK(column < rows->column_count);
    if (column == 0 && rows->is_by_first) {
        return rows->own;
    }
    if (rows->by[column] == NULL && rows->count > 0) {
        struct rows_row *sorted = arena_array(rows->arena, rows->count, sizeof(*sorted));
        struct rows_row *spare = arena_array(rows->arena, rows->count, sizeof(*spare));

        if (sorted == NULL || spare == NULL) {
            return NULL;
        }
        memcpy(sorted, rows->own, rows->count * sizeof(*sorted));
        rows_sort(sorted, spare, rows->count, column);
        rows->by[column] = sorted;
    }
    return rows->count > 0 ? rows->by[column] : rows->own;
}

/* The first row whose cell is not less than CELL, or greater when IS_BEHIND. */
static size_t find_edge(const struct rows_row *sorted, size_t count, size_t column,
                        const struct dataset_value *cell, bool is_behind)
{
    size_t first = 0;

    while (count > 0) {
        size_t half = count / 2;
        int order = rows_compare(&sorted[first + half].cells[column], cell);

        if (order < 0 || (is_behind && order == 0)) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first;
}

struct rows_range rows_find(const struct rows_row *sorted, size_t count, size_t column,
                            const struct dataset_value *cell)
{
    size_t first = find_edge(sorted, count, column, cell, false);
    size_t rest = find_edge(&sorted[first], count - first, column, cell, true);

    return (struct rows_range){.first = first, .end = first + rest};
}
