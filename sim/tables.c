#include "sim/tables.h"

#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/encode.h"
#include "sim/files.h"

#define TABLE_SIZE_MAX (8 * 1024 * 1024)
#define LATENCY_US_MAX 600000000U /* Ten minutes. */
#define VERDICTS_MAX   1000000000U
#define COLUMN_NONE    SIZE_MAX

static bool fail_at(struct error *error, const struct tree *node)
{
    char place[TREE_PLACE_SIZE];

    return error_wrap(error, "%s", tree_place(node, place));
}

static bool parse_file(struct tables *tables, const char *name, struct csv *out,
                       struct error *error)
{
    char path[FILES_PATH_SIZE];
    struct buffer content = {0};
    bool is_ok = files_join(tables->folder, name, path, error) &&
                 files_read(path, TABLE_SIZE_MAX, &content, error) &&
                 csv_parse(buffer_bytes(&content), path, tables->arena, out, error);

    buffer_finish(&content);
    return is_ok;
}

/* The file that NODE names. */
static bool get_file(struct tables *tables, const struct tree *node, const struct csv **out,
                     struct error *error)
{
    if (node->type != TREE_TEXT) {
        error_record(error, ERROR_INVALID, "want the name of a CSV file");
        return fail_at(error, node);
    }
    for (size_t i = 0; i < tables->count; i++) {
        if (strcmp(tables->names[i], node->text) == 0) {
            *out = &tables->files[i];
            return true;
        }
    }
    if (tables->count == TABLES_MAX) {
        error_record(error, ERROR_LIMIT, "more than %d files", TABLES_MAX);
        return fail_at(error, node);
    }
    if (!parse_file(tables, node->text, &tables->files[tables->count], error)) {
        return fail_at(error, node);
    }
    tables->names[tables->count] = node->text;
    *out = &tables->files[tables->count++];
    return true;
}

static size_t find_column(const struct csv *csv, const char *name)
{
    for (size_t i = 0; i < csv->column_count; i++) {
        if (strcmp(csv->header[i].text, name) == 0) {
            return i;
        }
    }
    return COLUMN_NONE;
}

/* How often one criterion was answered how. */
struct count {
    const char *criterion;
    uint64_t truths[2]; /* Answered where it is met, where it is not. */
    uint64_t errors[2]; /* "Not met" where it is met; "met" where it is not. */
};

struct verdicts {
    const struct csv *csv;
    size_t ruleset; /* Columns. */
    size_t criterion;
    size_t truth;
    size_t answer;
    size_t count;
    const char *file;
    size_t criterion_count;
    struct count criteria[SETUP_CRITERIA_MAX];
    uint64_t asked_count;
    uint64_t silent_count; /* "Insufficient". */
};

static const struct csv_cell *cell(const struct verdicts *verdicts, size_t row, size_t column)
{
    return &verdicts->csv->cells[row * verdicts->csv->column_count + column];
}

static bool fail_cell(const struct verdicts *verdicts, const struct csv_cell *cell,
                      const char *want, struct error *error)
{
    return error_set(error, ERROR_INVALID, "%s:%u:%u: '%.64s', want %s", verdicts->file, cell->line,
                     cell->column, cell->text, want);
}

static bool find_columns(struct verdicts *verdicts, const char *name, struct error *error)
{
    verdicts->ruleset = find_column(verdicts->csv, "ruleset");
    verdicts->criterion = find_column(verdicts->csv, "criterion");
    verdicts->truth = find_column(verdicts->csv, "truth");
    verdicts->answer = find_column(verdicts->csv, "answer");
    verdicts->count = find_column(verdicts->csv, "count");
    if (verdicts->criterion == COLUMN_NONE || verdicts->truth == COLUMN_NONE ||
        verdicts->answer == COLUMN_NONE || (name != NULL && verdicts->ruleset == COLUMN_NONE)) {
        return error_set(error, ERROR_INVALID,
                         "%s:1: want the columns criterion, truth and answer%s", verdicts->file,
                         name == NULL ? "" : ", and ruleset to find it by name");
    }
    return true;
}

static bool get_criterion(struct verdicts *verdicts, const struct csv_cell *cell,
                          struct count **out, struct error *error)
{
    for (size_t i = 0; i < verdicts->criterion_count; i++) {
        if (strcmp(verdicts->criteria[i].criterion, cell->text) == 0) {
            *out = &verdicts->criteria[i];
            return true;
        }
    }
    if (verdicts->criterion_count == SETUP_CRITERIA_MAX) {
        return error_set(error, ERROR_LIMIT, "%s:%u:%u: more than %d criteria", verdicts->file,
                         cell->line, cell->column, SETUP_CRITERIA_MAX);
    }
    *out = &verdicts->criteria[verdicts->criterion_count++];
    (*out)->criterion = cell->text;
    return true;
}

static bool count_row(struct verdicts *verdicts, size_t row, const char *name, struct error *error)
{
    const struct csv_cell *truth = cell(verdicts, row, verdicts->truth);
    const struct csv_cell *answer = cell(verdicts, row, verdicts->answer);
    bool is_met = strcmp(truth->text, "met") == 0;
    bool says_met = strcmp(answer->text, "met") == 0;
    bool is_silent = strcmp(answer->text, "insufficient") == 0;
    struct count *count = NULL;
    uint64_t times = 1;

    if (!get_criterion(verdicts, cell(verdicts, row, verdicts->criterion), &count, error)) {
        return false;
    }
    if (!is_met && strcmp(truth->text, "not_met") != 0) {
        return fail_cell(verdicts, truth, "met or not_met", error);
    }
    if (!says_met && !is_silent && strcmp(answer->text, "not_met") != 0) {
        return fail_cell(verdicts, answer, "met, not_met or insufficient", error);
    }
    if (verdicts->count != COLUMN_NONE &&
        !encode_to_u64(cell(verdicts, row, verdicts->count)->text, VERDICTS_MAX, &times)) {
        return fail_cell(verdicts, cell(verdicts, row, verdicts->count), "a number of verdicts",
                         error);
    }
    if (name != NULL && strcmp(cell(verdicts, row, verdicts->ruleset)->text, name) != 0) {
        return true;
    }
    verdicts->asked_count += times;
    if (is_silent) {
        verdicts->silent_count += times;
        return true;
    }
    count->truths[is_met ? 0 : 1] += times;
    count->errors[is_met ? 0 : 1] += is_met != says_met ? times : 0;
    return true;
}

static uint32_t share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (uint32_t)(part * SETUP_ALWAYS / whole);
}

bool tables_verdicts(struct tables *tables, const struct tree *node, const char *name,
                     uint16_t criterion_count, struct setup_ruleset *out, struct error *error)
{
    struct verdicts verdicts = {0};

    if (!get_file(tables, node, &verdicts.csv, error)) {
        return false;
    }
    verdicts.file = node->text;
    if (!find_columns(&verdicts, name, error)) {
        return fail_at(error, node);
    }
    for (size_t row = 0; row < verdicts.csv->row_count; row++) {
        if (!count_row(&verdicts, row, name, error)) {
            return fail_at(error, node);
        }
    }
    if (verdicts.asked_count == 0) {
        error_record(error, ERROR_INVALID, "%s holds no verdict%s%s", verdicts.file,
                     name == NULL ? "" : " of ", name == NULL ? "" : name);
        return fail_at(error, node);
    }
    if (verdicts.criterion_count != criterion_count) {
        error_record(
            error, ERROR_INVALID, "%s has %zu criteria and the scenario %u: want \"criteria: %zu\"",
            verdicts.file, verdicts.criterion_count, criterion_count, verdicts.criterion_count);
        return fail_at(error, node);
    }
    for (size_t i = 0; i < criterion_count; i++) {
        const struct count *count = &verdicts.criteria[i];

        out->false_fail[i] = share(count->errors[0], count->truths[0]);
        out->false_pass[i] = share(count->errors[1], count->truths[1]);
    }
    out->no_answer = share(verdicts.silent_count, verdicts.asked_count);
    return true;
}

static bool check_sites(const struct tree *node, size_t rows, size_t columns, struct error *error)
{
    if (rows == 0 || rows != columns || rows > TABLES_SITES_MAX) {
        error_record(error, ERROR_INVALID,
                     "the latencies are %zu rows of %zu, want as many rows as columns, at most %d",
                     rows, columns, TABLES_SITES_MAX);
        return fail_at(error, node);
    }
    return true;
}

static bool read_matrix_file(struct tables *tables, const struct tree *node,
                             struct tables_matrix *out, struct error *error)
{
    const struct csv *csv = NULL;

    if (!get_file(tables, node, &csv, error) ||
        !check_sites(node, csv->row_count, csv->column_count, error)) {
        return false;
    }
    out->site_count = csv->row_count;
    for (size_t i = 0; i < csv->row_count * csv->column_count; i++) {
        const struct csv_cell *cell = &csv->cells[i];
        uint64_t latency_us = 0;

        if (!encode_to_u64(cell->text, LATENCY_US_MAX, &latency_us)) {
            return error_set(error, ERROR_INVALID,
                             "%s:%u:%u: '%.64s', want microseconds, at most %u", node->text,
                             cell->line, cell->column, cell->text, LATENCY_US_MAX);
        }
        out->latencies[i / csv->column_count][i % csv->column_count] = (uint32_t)latency_us;
    }
    return true;
}

static bool read_matrix_row(const struct tree *row, size_t site, struct tables_matrix *out,
                            struct error *error)
{
    size_t column = 0;

    if (!check_sites(row, out->site_count, row->type == TREE_LIST ? row->count : 0, error)) {
        return false;
    }
    for (const struct tree *node = row->child; node != NULL; node = node->next, column++) {
        if (node->type != TREE_INTEGER || node->integer < 0 || node->integer > LATENCY_US_MAX) {
            error_record(error, ERROR_INVALID, "want microseconds, at most %u", LATENCY_US_MAX);
            return fail_at(error, node);
        }
        out->latencies[site][column] = (uint32_t)node->integer;
    }
    return true;
}

bool tables_latencies(struct tables *tables, const struct tree *node, struct tables_matrix *out,
                      struct error *error)
{
    size_t site = 0;

    if (node->type == TREE_TEXT) {
        return read_matrix_file(tables, node, out, error);
    }
    if (node->type != TREE_LIST || node->count == 0 || node->count > TABLES_SITES_MAX) {
        error_record(error, ERROR_INVALID, "want a file, or a list of at most %d lists",
                     TABLES_SITES_MAX);
        return fail_at(error, node);
    }
    out->site_count = node->count;
    for (const struct tree *row = node->child; row != NULL; row = row->next, site++) {
        if (!read_matrix_row(row, site, out, error)) {
            return false;
        }
    }
    return true;
}
