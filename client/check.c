/* aims check: everything that is wrong with an evidence directory, in one run. */

#include <stdio.h>

#include "client/commands.h"
#include "client/data.h"
#include "client/file.h"
#include "client/options.h"
#include "client/print.h"
#include "evidence/load.h"
#include "formats/json.h"

static void print_json(const struct notes *notes, const struct dataset *dataset)
{
    struct json *json = json_object();
    struct json *list = json_list();

    for (const struct note *note = notes->first; note != NULL; note = note->next) {
        struct json *entry = json_object();

        json_set(entry, "error", json_boolean(note->is_error));
        json_set(entry, "text", json_text(note->text));
        json_add(list, entry);
    }
    json_set(json, "errors", json_integer((int64_t)notes->error_count));
    json_set(json, "warnings", json_integer((int64_t)notes->warning_count));
    json_set(json, "notes", list);
    if (dataset != NULL) {
        json_set(json, "organisation", json_text(dataset->organisation));
        json_set(json, "periodEnd", json_text(dataset->period_end));
        json_set(json, "periodStart", json_text(dataset->period_start));
        json_set(json, "purpose", json_text(dataset->purpose));
    }
    file_print_json(json);
}

static void print_text(const struct notes *notes, const struct dataset *dataset)
{
    size_t register_count = 0;
    size_t row_count = 0;

    print_notes(notes, stdout);
    for (size_t i = 0; dataset != NULL && i < dataset->schema->table_count; i++) {
        register_count += dataset->tables[i].claim != DATASET_ABSENT;
        row_count += dataset->tables[i].row_count;
    }
    if (dataset != NULL) {
        printf("%s, %s to %s: %zu registers with %zu rows, %zu citations of documents\n",
               dataset->organisation, dataset->period_start, dataset->period_end, register_count,
               row_count, dataset->file_count);
    }
    printf("%zu error%s, %zu warning%s\n", notes->error_count, notes->error_count == 1 ? "" : "s",
           notes->warning_count, notes->warning_count == 1 ? "" : "s");
}

static bool run_check(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    struct schema schema;
    struct notes notes;
    struct dataset dataset;

    notes_init(&notes, arena);
    bool is_ok = data_schema(arena, &schema, error);
    bool is_loaded =
        is_ok && load_directory(options->arguments[0], &schema, &notes, &dataset, error);

    /* Errors in the evidence are the result; anything else that failed is not. */
    is_ok = is_loaded || (is_ok && notes.error_count > 0);
    if (is_ok) {
        (options->is_json ? print_json : print_text)(&notes, is_loaded ? &dataset : NULL);
        *exit = is_loaded ? COMMAND_DONE : COMMAND_BAD_INPUT;
    }
    arena_destroy(arena);
    return is_ok;
}

static const struct command_option check_options[] = {{NULL, 0, false, NULL, NULL}};

const struct command check_command = {
    .name = "check",
    .summary = "say everything that is wrong with an evidence directory",
    .arguments = "DIR",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims check evidence\n  aims check evidence --json\n",
    .options = check_options,
    .run = run_check,
};
