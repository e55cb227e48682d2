/* aims import: evidence out of what an organisation already has. */

#include <stdio.h>
#include <string.h>

#include "client/commands.h"
#include "client/data.h"
#include "client/file.h"
#include "client/options.h"
#include "client/print.h"
#include "evidence/import_federal.h"
#include "evidence/value.h"
#include "formats/csv.h"
#include "formats/json.h"

#define GAPS_FILE "unmapped.csv"

static const char *const answer_names[IMPORT_ANSWERS] = {
    [IMPORT_BLANK] = "blank",     [IMPORT_YES] = "yes",
    [IMPORT_NO] = "no",           [IMPORT_PARTLY] = "partly",
    [IMPORT_PLANNED] = "planned", [IMPORT_NOT_APPLICABLE] = "notApplicable",
    [IMPORT_WAIVED] = "waived",   [IMPORT_OTHER] = "other",
};

/* Writes the files into the new directory PATH. */
static bool write_files(const char *path, const struct source *files, struct error *error)
{
    char full[FILE_PATH_SIZE];

    if (!file_make_directory(path, error) || !file_path(full, error, "%s/registers", path) ||
        !file_make_directory(full, error)) {
        return false;
    }
    for (size_t i = 0; i < files->file_count; i++) {
        const struct source_file *file = &files->files[i];

        if (!file_path(full, error, "%s/%s", path, file->path) ||
            !file_write(full, bytes_of(file->data, file->size), 0644, error)) {
            return false;
        }
    }
    return true;
}

static bool write_gaps(const char *path, const struct import_result *result, struct error *error)
{
    struct buffer text = {0};
    char full[FILE_PATH_SIZE];

    buffer_append_text(&text, "row,column,title,system,value,reason\n");
    for (const struct import_gap *gap = result->gaps; gap != NULL; gap = gap->next) {
        const char *cells[] = {gap->title, gap->system, gap->value, gap->reason};

        buffer_format(&text, "%zu,%zu", gap->row, gap->column);
        for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
            buffer_append_byte(&text, ',');
            csv_write_cell(cells[i], &text);
        }
        buffer_append_byte(&text, '\n');
    }
    bool is_ok = file_path(full, error, "%s/" GAPS_FILE, path) &&
                 file_write(full, buffer_bytes(&text), 0644, error);

    buffer_finish(&text);
    return is_ok;
}

static void print_json(const struct import_result *result)
{
    struct json *json = json_object();
    struct json *questions = json_list();
    struct json *gaps = json_list();

    for (size_t i = 0; i < result->question_count; i++) {
        const struct import_question *question = &result->questions[i];
        struct json *entry = json_object();

        json_set(entry, "column", json_integer((int64_t)question->column));
        json_set(entry, "name", json_text(question->name));
        json_set(entry, "register", json_text(question->table));
        for (size_t j = 0; j < IMPORT_ANSWERS; j++) {
            json_set(entry, answer_names[j], json_integer((int64_t)question->counts[j]));
        }
        json_add(questions, entry);
    }
    for (const struct import_gap *gap = result->gaps; gap != NULL; gap = gap->next) {
        struct json *entry = json_object();

        json_set(entry, "column", json_integer((int64_t)gap->column));
        json_set(entry, "reason", json_text(gap->reason));
        json_set(entry, "row", json_integer((int64_t)gap->row));
        json_set(entry, "system", json_text(gap->system));
        json_set(entry, "title", json_text(gap->title));
        json_set(entry, "value", json_text(gap->value));
        json_add(gaps, entry);
    }
    json_set(json, "organisation", json_text(result->organisation));
    json_set(json, "questions", questions);
    json_set(json, "systems", json_integer((int64_t)result->system_count));
    json_set(json, "unmapped", gaps);
    file_print_json(json);
}

static void print_gaps(const char *csv, const struct import_result *result)
{
    char quote[VALUE_QUOTE_SIZE];

    for (const struct import_gap *gap = result->gaps; gap != NULL; gap = gap->next) {
        if (gap->row == 0) {
            printf("%s: column %zu ", csv, gap->column);
            print_clean(value_quote(gap->title, quote), stdout);
            printf(": %s\n", gap->reason);
        } else {
            printf("%s: row %zu, column %zu: ", csv, gap->row, gap->column);
            print_clean(value_quote(gap->value, quote), stdout);
            printf(" %s\n", gap->reason);
        }
    }
}

static void print_text(const char *csv, const char *directory, const struct import_result *result)
{
    print_gaps(csv, result);
    printf("\n%-30s %6s %6s %6s %7s %6s %6s %6s %6s\n", "question", "yes", "no", "partly",
           "planned", "n/a", "waived", "other", "blank");
    for (size_t i = 0; i < result->question_count; i++) {
        const size_t *counts = result->questions[i].counts;

        printf("%-30s %6zu %6zu %6zu %7zu %6zu %6zu %6zu %6zu\n", result->questions[i].name,
               counts[IMPORT_YES], counts[IMPORT_NO], counts[IMPORT_PARTLY], counts[IMPORT_PLANNED],
               counts[IMPORT_NOT_APPLICABLE], counts[IMPORT_WAIVED], counts[IMPORT_OTHER],
               counts[IMPORT_BLANK]);
    }
    printf("\n%s: %zu systems imported into %s; %zu things not mapped, listed in %s/" GAPS_FILE
           "\n",
           result->organisation, result->system_count, directory, result->gap_count, directory);
}

static void print_agencies(const struct import_federal_agency *list, size_t count, bool is_json)
{
    struct json *json = json_list();

    for (size_t i = 0; i < count && is_json; i++) {
        struct json *entry = json_object();

        json_set(entry, "abbreviation", json_text(list[i].abbreviation));
        json_set(entry, "name", json_text(list[i].name));
        json_set(entry, "systems", json_integer((int64_t)list[i].system_count));
        json_add(json, entry);
    }
    for (size_t i = 0; i < count && !is_json; i++) {
        printf("%-8s %5zu  ", list[i].abbreviation, list[i].system_count);
        print_clean(list[i].name, stdout);
        putchar('\n');
    }
    if (is_json) {
        file_print_json(json);
    } else {
        json_destroy(json);
    }
}

static bool list_agencies(const struct options *options, struct bytes source, struct arena *arena,
                          struct error *error)
{
    struct import_federal_agency *list = NULL;
    size_t count = 0;

    if (!import_federal_agencies(source, options->arguments[0], arena, &list, &count, error)) {
        return false;
    }
    print_agencies(list, count, options->is_json);
    return true;
}

static bool import(const struct options *options, struct bytes source, struct arena *arena,
                   struct error *error)
{
    const char *csv = options->arguments[0];
    const char *directory = options_text(options, "output");
    struct schema schema;
    struct import_result result;

    if (!data_schema(arena, &schema, error) ||
        !import_federal_read(source, csv, options_text(options, "agency"), &schema, arena, &result,
                             error) ||
        !write_files(directory, &result.files, error) || !write_gaps(directory, &result, error)) {
        return false;
    }
    if (options->is_json) {
        print_json(&result);
    } else {
        print_text(csv, directory, &result);
    }
    return true;
}

static bool run_import(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct buffer source = {0};
    const char *needed = NULL;
    bool is_list = options_has(options, "list-agencies");

    if (!is_list && (!options_need(options, "agency", &needed, exit, error) ||
                     !options_need(options, "output", &needed, exit, error))) {
        return false;
    }
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    bool is_ok = file_read(options->arguments[0], CSV_SIZE_MAX, &source, error);

    if (is_ok) {
        is_ok = (is_list ? list_agencies : import)(options, buffer_bytes(&source), arena, error);
    }
    buffer_finish(&source);
    arena_destroy(arena);
    return is_ok;
}

static const struct command_option import_options[] = {
    {"agency", 0, false, "ABBR", "abbreviation of the agency to import"},
    {"output", 'o', false, "DIR", "new directory for the evidence"},
    {"list-agencies", 0, false, NULL, "list the agencies in the inventory instead"},
    {NULL, 0, false, NULL, NULL},
};

const struct command import_federal_command = {
    .name = "import federal-inventory",
    .summary = "make evidence of an agency's part of the US inventory of AI use cases",
    .arguments = "CSV",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims import federal-inventory inventory.csv --list-agencies\n"
                "  aims import federal-inventory inventory.csv --agency DHS -o dhs\n",
    .options = import_options,
    .run = run_import,
};
