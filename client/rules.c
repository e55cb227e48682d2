/* aims rules: for authors of rule sets, and for whoever wants to know where an answer is from. */

#include <stdio.h>

#include "base/encode.h"
#include "client/commands.h"
#include "client/data.h"
#include "client/file.h"
#include "client/options.h"
#include "client/print.h"
#include "client/rehearse.h"
#include "formats/json.h"
#include "rules/lint.h"

typedef bool lint_fn(const struct catalog *catalog, const struct ruleset *ruleset,
                     const struct schema *schema, struct arena *arena, struct lint_report *out,
                     struct error *error);

static void print_lint_json(const struct lint_report *report, const struct ruleset *ruleset)
{
    struct json *json = json_object();
    struct json *list = json_list();

    for (const struct lint_message *message = report->messages; message != NULL;
         message = message->next) {
        struct json *entry = json_object();

        json_set(entry, "criterion", json_text(message->criterion));
        json_set(entry, "file", json_text(message->file));
        json_set(entry, "line", json_integer(message->line));
        json_set(entry, "text", json_text(message->text));
        json_add(list, entry);
    }
    json_set(json, "digest", json_digest(&ruleset->digest));
    json_set(json, "messages", list);
    json_set(json, "ruleset", json_text(ruleset->name));
    json_set(json, "tests", json_integer((int64_t)report->test_count));
    file_print_json(json);
}

static void print_lint_text(const struct lint_report *report, const struct ruleset *ruleset)
{
    char digest[DIGEST_HEX_SIZE];

    for (const struct lint_message *message = report->messages; message != NULL;
         message = message->next) {
        print_clean(message->file, stdout);
        if (message->line > 0) {
            printf(":%u", message->line);
        }
        printf(": %s: ", message->criterion);
        print_clean(message->text, stdout);
        printf("\n");
    }
    printf("%s: %zu criteria, %zu tests run, %zu complaint%s\ndigest %s\n", ruleset->name,
           ruleset->rule_count, report->test_count, report->message_count,
           report->message_count == 1 ? "" : "s", encode_digest(&ruleset->digest, digest));
}

static bool run_checks(const struct options *options, lint_fn *check, enum command_exit *exit,
                       struct error *error)
{
    const char *name = options->argument_count == 0 ? NULL : options->arguments[0];
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    struct schema schema;
    struct catalog catalog;
    struct ruleset ruleset;
    struct lint_report report;
    bool is_ok = data_schema(arena, &schema, error) &&
                 data_catalog(options_text(options, "catalog"), arena, &catalog, error) &&
                 data_ruleset(name, &catalog, arena, &ruleset, error) &&
                 check(&catalog, &ruleset, &schema, arena, &report, error);

    if (is_ok) {
        (options->is_json ? print_lint_json : print_lint_text)(&report, &ruleset);
        *exit = report.message_count == 0 ? COMMAND_DONE : COMMAND_BAD_INPUT;
    }
    arena_destroy(arena);
    return is_ok;
}

static bool run_lint(const struct options *options, enum command_exit *exit, struct error *error)
{
    return run_checks(options, lint_rules, exit, error);
}

static bool run_test(const struct options *options, enum command_exit *exit, struct error *error)
{
    return run_checks(options, lint_tests, exit, error);
}

/* Prints criterion INDEX; with rows when ROWS_MAX is not 0. */
static void print_answer(const struct rehearse *rehearse, size_t index, size_t rows_max)
{
    const struct engine_answer *answer = &rehearse->result.answers[index];

    printf("%-12s %s", rehearse->catalog.criteria[index].id, ruleset_answer_name(answer->answer));
    if (answer->note[0] != '\0') {
        printf("  ");
        print_clean(answer->note, stdout);
    }
    printf("\n");
    print_rows(answer, rows_max, stdout);
}

static struct json *json_value(const struct dataset_value *value)
{
    switch (value->type) {
    case DATASET_INTEGER:
        return json_integer(value->integer);
    case DATASET_TEXT:
        return json_text(value->text);
    case DATASET_NULL:
        break;
    }
    return json_null();
}

static struct json *json_answer(const struct rehearse *rehearse, size_t index)
{
    const struct engine_answer *answer = &rehearse->result.answers[index];
    struct json *json = json_object();
    struct json *rows = json_list();

    for (size_t row = 0; row < answer->row_count; row++) {
        struct json *cells = json_list();

        for (size_t column = 0; column < answer->column_count; column++) {
            json_add(cells, json_value(&answer->values[row * answer->column_count + column]));
        }
        json_add(rows, cells);
    }
    json_set(json, "answer", json_text(ruleset_answer_name(answer->answer)));
    json_set(json, "id", json_text(rehearse->catalog.criteria[index].id));
    json_set(json, "note", json_text(answer->note));
    json_set(json, "rows", rows);
    return json;
}

static void print_answers(const struct options *options, const struct rehearse *rehearse,
                          size_t only)
{
    struct json *list = json_list();

    for (size_t i = 0; i < rehearse->result.count; i++) {
        if (only != SIZE_MAX && only != i) {
            continue;
        }
        if (options->is_json) {
            json_add(list, json_answer(rehearse, i));
        } else {
            print_answer(rehearse, i, only == i ? SIZE_MAX : 0);
        }
    }
    if (options->is_json) {
        struct json *json = json_object();

        json_set(json, "answers", list);
        file_print_json(json);
    } else {
        json_destroy(list);
    }
}

static bool run_rules(const struct options *options, enum command_exit *exit, struct error *error)
{
    const char *id = options_text(options, "criterion");
    struct rehearse rehearse;
    bool is_ok = rehearse_run(options, options->arguments[0], &rehearse, error);
    size_t only = is_ok && id != NULL ? catalog_find_criterion(&rehearse.catalog, id) : SIZE_MAX;

    if (is_ok && id != NULL && only == SIZE_MAX) {
        is_ok =
            OPTIONS_USAGE(exit, error, "--criterion '%s': the catalogue has none of that id", id);
    }
    if (is_ok) {
        print_answers(options, &rehearse, only);
    }
    rehearse_finish(&rehearse);
    return is_ok;
}

static const struct command_option lint_options[] = {
    {"catalog", 0, true, "NAME", "catalogue: one that comes with the program, or a path with a /"},
    {NULL, 0, false, NULL, NULL},
};

const struct command rules_lint_command = {
    .name = "rules lint",
    .summary = "say what must be mended in a rule set before anybody relies on it",
    .arguments = "[DIR]",
    .argument_max = 1,
    .examples = "  aims rules lint ./my-rules\n  aims rules lint registers\n",
    .options = lint_options,
    .run = run_lint,
};

const struct command rules_test_command = {
    .name = "rules test",
    .summary = "run the tests that are in a rule set",
    .arguments = "[DIR]",
    .argument_max = 1,
    .examples = "  aims rules test ./my-rules\n",
    .options = lint_options,
    .run = run_test,
};

static const struct command_option run_options[] = {
    REHEARSE_OPTIONS,
    {"criterion", 0, false, "ID", "this criterion only, with the rows behind the answer"},
    {NULL, 0, false, NULL, NULL},
};

const struct command rules_run_command = {
    .name = "rules run",
    .summary = "answer the catalogue for an evidence directory, rule by rule",
    .arguments = "DIR",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims rules run evidence\n  aims rules run evidence --criterion 5.2-1\n",
    .options = run_options,
    .run = run_rules,
};
