/* aims init: an evidence directory to start from. */

#include <stdio.h>

#include "client/commands.h"
#include "client/data.h"
#include "client/file.h"
#include "client/options.h"
#include "evidence/init.h"
#include "formats/json.h"
#include "report/when.h"

static bool list_controls(const struct catalog *catalog, struct arena *arena,
                          struct init_options *out, struct error *error)
{
    struct init_control *controls =
        arena_array(arena, catalog->requirement_count, sizeof(*controls));

    if (controls == NULL) {
        return error_set(error, ERROR_LIMIT, "the catalogue is too large");
    }
    for (size_t i = 0; i < catalog->requirement_count; i++) {
        const struct catalog_requirement *requirement = &catalog->requirements[i];

        if (requirement->is_control) {
            controls[out->control_count++] =
                (struct init_control){.id = requirement->id, .title = requirement->title};
        }
    }
    out->controls = controls;
    return true;
}

static bool read_day(const struct options *options, const char *name, uint32_t *out,
                     enum command_exit *exit, struct error *error)
{
    const char *text = options_text(options, name);

    return text == NULL || when_parse_day(text, out) ||
           OPTIONS_USAGE(exit, error, "--%s '%s': want a day, YYYY-MM-DD", name, text);
}

/* What is wrong would else stand in aims.yaml. */
static bool check_period(const struct options *options, enum command_exit *exit,
                         struct error *error)
{
    uint32_t start = 0;
    uint32_t end = UINT32_MAX;

    if (!read_day(options, "period-start", &start, exit, error) ||
        !read_day(options, "period-end", &end, exit, error)) {
        return false;
    }
    return start <= end || OPTIONS_USAGE(exit, error, "the period ends before it starts");
}

static bool make_directory(const struct options *options, struct arena *arena, struct error *error)
{
    struct init_options init = {
        .organisation = options_text(options, "organisation"),
        .period_start = options_text(options, "period-start"),
        .period_end = options_text(options, "period-end"),
        .is_small = options_has(options, "small"),
    };
    struct schema schema;
    struct catalog catalog;

    return data_schema(arena, &schema, error) &&
           data_catalog(options_text(options, "catalog"), arena, &catalog, error) &&
           list_controls(&catalog, arena, &init, error) &&
           init_directory(options->arguments[0], &schema, &init, error);
}

static bool run_init(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    bool is_ok = check_period(options, exit, error) && make_directory(options, arena, error);

    if (is_ok && options->is_json) {
        struct json *json = json_object();

        json_set(json, "directory", json_text(options->arguments[0]));
        file_print_json(json);
    } else if (is_ok) {
        printf("%s\n", options->arguments[0]);
        fprintf(stderr,
                "aims: fill in aims.yaml and the registers; registers/README.md explains every "
                "column. Then: aims check %s\n",
                options->arguments[0]);
    }
    arena_destroy(arena);
    return is_ok;
}

static const struct command_option init_options[] = {
    {"small", 0, false, NULL, "only the registers that major nonconformities depend on"},
    {"organisation", 0, false, "NAME", "whose evidence it will be"},
    {"period-start", 0, false, "DAY", "first day of the period, YYYY-MM-DD"},
    {"period-end", 0, false, "DAY", "last day of the period: all ages are counted to it"},
    {"catalog", 0, true, "NAME", "catalogue whose controls go into the statement of applicability"},
    {NULL, 0, false, NULL, NULL},
};

const struct command init_command = {
    .name = "init",
    .summary = "make an evidence directory to start from",
    .arguments = "DIR",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims init evidence\n"
                "  aims init evidence --small --organisation \"Example Org\" --period-start "
                "2025-07-01 --period-end 2026-06-30\n",
    .options = init_options,
    .run = run_init,
};
