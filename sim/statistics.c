#include "sim/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/check.h"
#include "base/encode.h"
#include "formats/csv.h"

#define BLOCK_ROWS   2000 /* Rows that are parsed at once. */
#define BLOCK_MEMORY ((size_t)64 * 1024 * 1024)
#define NORMAL_95    1.959963984540054 /* Half of a normal distribution's middle 95 percent. */

/* The files, one after another. */
struct reader {
    struct statistics *statistics;
    struct buffer header; /* Line of the first; parts of one sweep need not repeat it. */
    const char *path;
    size_t key_columns[STATISTICS_KEYS_MAX];
    size_t value_columns[STATISTICS_VALUES_MAX];
};

static bool find_column(const struct reader *reader, const struct csv *csv, const char *name,
                        size_t *out, struct error *error)
{
    for (size_t i = 0; i < csv->column_count; i++) {
        if (strcmp(csv->header[i].text, name) == 0) {
            *out = i;
            return true;
        }
    }
    return error_set(error, ERROR_INVALID,
                     "%s has no column '%.64s'; want what aims-sim sweep wrote", reader->path,
                     name);
}

static bool find_columns(struct reader *reader, const struct csv *csv, struct error *error)
{
    const struct statistics *statistics = reader->statistics;

    for (size_t i = 0; i < statistics->key_count; i++) {
        if (!find_column(reader, csv, statistics->key_names[i], &reader->key_columns[i], error)) {
            return false;
        }
    }
    for (size_t i = 0; i < statistics->value_count; i++) {
        if (!find_column(reader, csv, statistics->value_names[i], &reader->value_columns[i],
                         error)) {
            return false;
        }
    }
    return true;
}

static void grow(struct statistics *statistics, struct statistics_group *group)
{
    if (group->run_count < group->capacity) {
        return;
    }
    group->capacity = group->capacity == 0 ? 64 : 2 * group->capacity;
    for (size_t i = 0; i < statistics->value_count; i++) {
        group->values[i] = realloc(group->values[i], group->capacity * sizeof(uint64_t));
        CHECK(group->values[i] != NULL);
    }
}

/* The group of the row CELLS, which may be new; NULL when there are too many. */
static struct statistics_group *get_group(struct reader *reader, const struct csv_cell *cells)
{
    struct statistics *statistics = reader->statistics;
    struct statistics_group fresh = {0};

    for (size_t i = 0; i < statistics->key_count; i++) {
        (void)snprintf(fresh.keys[i], sizeof(fresh.keys[i]), "%s",
                       cells[reader->key_columns[i]].text);
    }
    for (size_t i = 0; i < statistics->group_count; i++) {
        if (memcmp(statistics->groups[i].keys, fresh.keys, sizeof(fresh.keys)) == 0) {
            return &statistics->groups[i];
        }
    }
    if (statistics->group_count == STATISTICS_GROUPS_MAX) {
        return NULL;
    }
    statistics->groups[statistics->group_count] = fresh;
    return &statistics->groups[statistics->group_count++];
}

static bool add_row(struct reader *reader, const struct csv_cell *cells, struct error *error)
{
    struct statistics *statistics = reader->statistics;
    struct statistics_group *group = get_group(reader, cells);

    if (group == NULL) {
        return error_set(error, ERROR_LIMIT, "%s makes more than %d groups", reader->path,
                         STATISTICS_GROUPS_MAX);
    }
    grow(statistics, group);
    for (size_t i = 0; i < statistics->value_count; i++) {
        const char *text = cells[reader->value_columns[i]].text;
        uint64_t value = 0;

        if (!encode_to_u64(text, UINT64_MAX, &value)) {
            value = text[0] != '\0' ? 1 : 0;
        }
        group->values[i][group->run_count] = value;
    }
    group->run_count++;
    return true;
}

/* Takes the rows of BLOCK, which begins with the header. */
static bool add_block(struct reader *reader, const struct buffer *block, struct error *error)
{
    struct arena *arena = arena_create(BLOCK_MEMORY);
    struct csv csv;
    bool is_ok = csv_parse(buffer_bytes(block), reader->path, arena, &csv, error) &&
                 find_columns(reader, &csv, error);

    for (size_t row = 0; is_ok && row < csv.row_count; row++) {
        is_ok = add_row(reader, csv.cells + row * csv.column_count, error);
    }
    arena_destroy(arena);
    return is_ok;
}

/* The first line of all is the header; the same again may stand before each part. */
static bool is_header(struct reader *reader, const char *line)
{
    if (reader->header.size == 0) {
        buffer_append_text(&reader->header, line);
        return true;
    }
    return strcmp(line, buffer_text(&reader->header)) == 0;
}

static bool read_rows(struct reader *reader, FILE *file, struct error *error)
{
    struct buffer block = {0};
    char *line = NULL;
    size_t capacity = 0;
    size_t count = 0;
    bool is_ok = true;

    for (ssize_t length = 0; is_ok && (length = getline(&line, &capacity, file)) > 0;) {
        if (is_header(reader, line)) {
            continue;
        }
        if (count == 0) {
            buffer_clear(&block);
            buffer_append(&block, reader->header.data, reader->header.size);
        }
        buffer_append(&block, line, (size_t)length);
        count++;
        if (count == BLOCK_ROWS) {
            is_ok = add_block(reader, &block, error);
            count = 0;
        }
    }
    is_ok = is_ok && (count == 0 || add_block(reader, &block, error));
    free(line);
    buffer_finish(&block);
    return is_ok;
}

static bool read_file(struct reader *reader, struct error *error)
{
    FILE *file = fopen(reader->path, "rb");

    if (file == NULL) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "cannot open %s: %s",
                         reader->path, strerror(errno));
    }
    bool is_ok = read_rows(reader, file, error);

    (void)fclose(file);
    return is_ok;
}

static int compare_keys(const char *a, const char *b)
{
    uint64_t left = 0;
    uint64_t right = 0;

    if (encode_to_u64(a, UINT64_MAX, &left) && encode_to_u64(b, UINT64_MAX, &right)) {
        return left < right ? -1 : left > right;
    }
    return strcmp(a, b);
}

static int compare_groups(const void *a, const void *b)
{
    const struct statistics_group *left = a;
    const struct statistics_group *right = b;
    int order = 0;

    for (size_t i = 0; order == 0 && i < STATISTICS_KEYS_MAX; i++) {
        order = compare_keys(left->keys[i], right->keys[i]);
    }
    return order;
}

bool statistics_load(struct statistics *statistics, const char *const *paths, size_t count,
                     struct error *error)
{
    struct reader reader = {.statistics = statistics};
    bool is_ok = true;

    statistics->groups = calloc(STATISTICS_GROUPS_MAX, sizeof(*statistics->groups));
    CHECK(statistics->groups != NULL);
    for (size_t i = 0; is_ok && i < count; i++) {
        reader.path = paths[i];
        is_ok = read_file(&reader, error);
    }
    buffer_finish(&reader.header);
    if (!is_ok) {
        return false;
    }
    if (statistics->group_count == 0) {
        return error_set(error, ERROR_INVALID, "%s holds no runs", paths[0]);
    }
    qsort(statistics->groups, statistics->group_count, sizeof(*statistics->groups), compare_groups);
    return true;
}

void statistics_finish(struct statistics *statistics)
{
    for (size_t i = 0; i < statistics->group_count; i++) {
        for (size_t j = 0; j < statistics->value_count; j++) {
            free(statistics->groups[i].values[j]);
        }
    }
    free(statistics->groups);
    statistics->groups = NULL;
    statistics->group_count = 0;
}

size_t statistics_value(const struct statistics *statistics, const char *name)
{
    size_t index = 0;

    while (index < statistics->value_count && strcmp(statistics->value_names[index], name) != 0) {
        index++;
    }
    CHECK(index < statistics->value_count);
    return index;
}

struct statistics_interval statistics_share(const struct statistics_group *group, size_t value)
{
    double n = (double)group->run_count;
    double z2 = NORMAL_95 * NORMAL_95;
    double hits = 0;

    for (size_t i = 0; i < group->run_count; i++) {
        hits += group->values[value][i] != 0 ? 1 : 0;
    }
    double p = n > 0 ? hits / n : 0;
    double middle = n > 0 ? (p + z2 / (2 * n)) / (1 + z2 / n) : 0.5;
    double half = n > 0 ? NORMAL_95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n) : 0.5;

    return (struct statistics_interval){p, fmax(0, middle - half), fmin(1, middle + half)};
}

struct statistics_interval statistics_ratio(const struct statistics_group *group, size_t top,
                                            size_t bottom)
{
    double count = 0;
    double sum = 0;
    double squares = 0;

    for (size_t i = 0; i < group->run_count; i++) {
        if (group->values[bottom][i] > 0) {
            double share = (double)group->values[top][i] / (double)group->values[bottom][i];

            count += 1;
            sum += share;
            squares += share * share;
        }
    }
    double mean = count > 0 ? sum / count : 0;
    double variance = count > 1 ? fmax(0, (squares - count * mean * mean) / (count - 1)) : 0;
    double half = count > 0 ? NORMAL_95 * sqrt(variance / count) : 0;

    return (struct statistics_interval){mean, fmax(0, mean - half), fmin(1, mean + half)};
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

uint64_t statistics_percentile(const struct statistics_group *group, size_t value, size_t where,
                               unsigned percent)
{
    uint64_t *sorted = malloc((group->run_count + 1) * sizeof(*sorted));
    uint64_t found = 0;
    size_t count = 0;

    CHECK(sorted != NULL);
    CHECK(percent >= 1);
    CHECK(percent <= 100);
    for (size_t i = 0; i < group->run_count; i++) {
        if (where == STATISTICS_ALL || group->values[where][i] != 0) {
            sorted[count++] = group->values[value][i];
        }
    }
    qsort(sorted, count, sizeof(*sorted), compare_numbers);
    found = count == 0 ? 0 : sorted[(count * percent + 99) / 100 - 1];
    free(sorted);
    return found;
}

struct statistics_interval statistics_median(const struct statistics_group *group, size_t value,
                                             size_t where)
{
    return (struct statistics_interval){
        .value = (double)statistics_percentile(group, value, where, 50),
        .low = (double)statistics_percentile(group, value, where, 5),
        .high = (double)statistics_percentile(group, value, where, 95),
    };
}

uint64_t statistics_sum(const struct statistics_group *group, size_t value)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < group->run_count; i++) {
        sum += group->values[value][i];
    }
    return sum;
}
