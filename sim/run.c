/* aims-sim run: one scenario, one seed. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/command.h"
#include "sim/files.h"
#include "sim/record.h"
#include "sim/recording.h"
#include "sim/scenario.h"

static void print_result(const struct record *record, bool is_json)
{
    struct buffer out = {0};

    if (is_json) {
        struct json *json = record_json(record);

        json_write_pretty(json, &out);
        json_destroy(json);
    } else {
        record_text(record, &out);
    }
    fputs(buffer_text(&out), stdout);
    buffer_finish(&out);
}

static bool run_traced(const struct setup *setup, const char *title, uint64_t seed,
                       const char *path, struct world_report *report, struct error *error)
{
    struct buffer trace = {0};

    recording_make(setup, title, seed, report, &trace);
    bool is_ok = files_write(path, buffer_bytes(&trace), error);

    buffer_finish(&trace);
    return is_ok;
}

static bool run_drawn(const struct command_line *line, struct scenario *scenario, uint64_t seed,
                      struct setup *setup, struct world_report *report, struct error *error)
{
    const char *crypto = command_value(line, "crypto");
    const char *trace = command_value(line, "trace");

    if (!scenario_draw(scenario, seed, setup, error)) {
        return false;
    }
    setup->is_crypto_real =
        setup->is_crypto_real || (crypto != NULL && strcmp(crypto, "real") == 0);
    if (trace != NULL) {
        return run_traced(setup, scenario_title(scenario), seed, trace, report, error);
    }
    world_run(setup, seed, report, NULL);
    return true;
}

static bool run_run(const struct command_line *line, enum command_exit *exit, struct error *error)
{
    const char *crypto = command_value(line, "crypto");
    const char *trace = command_value(line, "trace");
    struct scenario *scenario = NULL;
    struct world_report report;
    uint64_t seed = 1;

    if (crypto != NULL && strcmp(crypto, "real") != 0 && strcmp(crypto, "stub") != 0) {
        return COMMAND_MISUSED(exit, error, "--crypto '%.64s': want real or stub", crypto);
    }
    if (!command_number(line, "seed", 0, COMMAND_SEED_MAX, &seed, exit, error) ||
        !command_scenario(line, &scenario, error)) {
        return false;
    }
    struct setup *setup = malloc(sizeof(*setup));

    CHECK(setup != NULL);
    bool is_ok = run_drawn(line, scenario, seed, setup, &report, error);

    if (is_ok) {
        const struct record record = {scenario_name(scenario), scenario_digest(scenario), seed,
                                      setup, &report};

        if (trace == NULL || strcmp(trace, "-") != 0) {
            print_result(&record, line->is_json);
        }
        *exit = report.failed == WORLD_OK ? COMMAND_DONE : COMMAND_FAILED;
    }
    free(setup);
    scenario_destroy(scenario);
    return is_ok;
}

static const struct command_option run_options[] = {
    {"seed", 's', "S", "what everything is drawn from; 1 unless told"},
    {"trace", 't', "FILE", "write every event and action; - is standard output"},
    {"crypto", 0, "KIND", "real: sign with Ed25519; stub unless told"},
    {NULL, 0, NULL, NULL},
};

const struct command run_command = {
    .name = "run",
    .summary = "run a scenario once; exit 1 if an oracle failed",
    .arguments = "SCENARIO",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims-sim run mixed --seed 17\n"
                "  aims-sim run my/own.yaml --seed 17 --trace 17.trace --json\n",
    .options = run_options,
    .run = run_run,
};
