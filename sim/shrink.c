/* aims-sim shrink: the smallest scenario in which the same oracle fails. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "formats/json.h"
#include "sim/command.h"
#include "sim/files.h"
#include "sim/fixed.h"
#include "sim/minimize.h"
#include "sim/scenario.h"

static void print_result(const struct minimize *minimize, bool is_confirmed, bool is_json,
                         FILE *stream)
{
    const struct setup *setup = minimize->setup;
    struct json *json = json_object();
    struct buffer out = {0};

    json_set(json, "cases", json_integer(setup->case_count));
    json_set(json, "confirmed", json_boolean(is_confirmed));
    json_set(json, "coordinators", json_integer(setup->coordinator_count));
    json_set(json, "failed", json_text(world_oracle_name(minimize->oracle)));
    json_set(json, "faults", json_integer((int64_t)setup->fault_count));
    json_set(json, "phases", json_integer((int64_t)setup->phase_count));
    json_set(json, "runs", json_integer((int64_t)minimize->run_count));
    json_set(json, "seats", json_integer(setup->seat_count));
    json_set(json, "seed", json_integer((int64_t)minimize->seed));
    if (is_json) {
        json_write_pretty(json, &out);
    } else {
        buffer_format(&out,
                      "%s still fails with %u seats, %u coordinators, %u cases, %zu faults and "
                      "%zu phases at seed %" PRIu64 ", %s, after %" PRIu64 " runs\n",
                      world_oracle_name(minimize->oracle), setup->seat_count,
                      setup->coordinator_count, setup->case_count, setup->fault_count,
                      setup->phase_count, minimize->seed,
                      is_confirmed ? "twice alike" : "but not twice alike", minimize->run_count);
    }
    fputs(buffer_text(&out), stream);
    buffer_finish(&out);
    json_destroy(json);
}

static bool write_scenario(const struct minimize *minimize, const char *path, struct error *error)
{
    struct buffer title = {0};
    struct buffer out = {0};

    buffer_format(&title, "%s fails at seed %" PRIu64, world_oracle_name(minimize->oracle),
                  minimize->seed);
    fixed_write(minimize->setup, buffer_text(&title), true, &out);
    bool is_ok = files_write(path, buffer_bytes(&out), error);

    buffer_finish(&title);
    buffer_finish(&out);
    return is_ok;
}

static bool shrink(const struct command_line *line, struct minimize *minimize,
                   enum command_exit *exit, struct error *error)
{
    const char *path = command_value(line, "out");
    struct world_report report;

    world_run_in(minimize->world, minimize->setup, minimize->seed, &report, NULL);
    if (report.failed == WORLD_OK) {
        return error_set(error, ERROR_INVALID,
                         "no oracle fails at seed %" PRIu64 ": nothing to "
                         "shrink",
                         minimize->seed);
    }
    minimize->oracle = report.failed;
    bool is_confirmed = minimize_run(minimize);

    /* Without a file the scenario itself is the result. */
    print_result(minimize, is_confirmed, line->is_json && path != NULL,
                 path == NULL ? stderr : stdout);
    *exit = is_confirmed ? COMMAND_DONE : COMMAND_BUG;
    return write_scenario(minimize, path == NULL ? "-" : path, error);
}

static bool run_shrink(const struct command_line *line, enum command_exit *exit,
                       struct error *error)
{
    struct scenario *scenario = NULL;
    uint64_t seed = 1;
    uint64_t tries = 20;
    uint64_t runs = 20000;

    if (!command_number(line, "seed", 0, COMMAND_SEED_MAX, &seed, exit, error) ||
        !command_number(line, "tries", 1, 100000, &tries, exit, error) ||
        !command_number(line, "runs", 1, 100000000, &runs, exit, error) ||
        !command_scenario(line, &scenario, error)) {
        return false;
    }
    struct setup *setup = malloc(sizeof(*setup));
    struct minimize minimize = {.world = world_create(),
                                .setup = setup,
                                .seed = seed,
                                .tries = (uint32_t)tries,
                                .run_count_max = runs};

    CHECK(setup != NULL);
    bool is_ok =
        scenario_draw(scenario, seed, setup, error) && shrink(line, &minimize, exit, error);

    world_destroy(minimize.world);
    free(setup);
    scenario_destroy(scenario);
    return is_ok;
}

static const struct command_option shrink_options[] = {
    {"seed", 's', "S", "that fails; 1 unless told"},
    {"out", 'o', "FILE", "where the scenario goes; standard output unless told"},
    {"tries", 0, "N", "seeds tried with each smaller setup; 20 unless told"},
    {"runs", 0, "N", "most runs; 20000 unless told"},
    {NULL, 0, NULL, NULL},
};

const struct command shrink_command = {
    .name = "shrink",
    .summary = "find the smallest scenario with the same failure",
    .arguments = "SCENARIO",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims-sim shrink mixed --seed 17 -o small.json\n"
                "  aims-sim run small.json --seed SEED --trace small.trace     # the seed that "
                "shrink names\n",
    .options = shrink_options,
    .run = run_shrink,
};
