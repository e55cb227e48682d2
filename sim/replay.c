/* aims-sim replay: runs what a trace says again and compares every line. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/json.h"
#include "sim/command.h"
#include "sim/files.h"
#include "sim/recording.h"

static void print_json(const struct recording_difference *difference,
                       const struct world_report *report)
{
    struct json *json = json_object();
    struct buffer out = {0};

    json_set(json, "failed",
             report->failed == WORLD_OK ? json_null()
                                        : json_text(world_oracle_name(report->failed)));
    json_set(json, "failure", json_text(report->failure));
    json_set(json, "same", json_boolean(difference->line == 0));
    if (difference->line != 0) {
        json_set(json, "line", json_integer((int64_t)difference->line));
        json_set(json, "wanted", json_text(difference->wanted));
        json_set(json, "got", json_text(difference->got));
    }
    json_write_pretty(json, &out);
    fputs(buffer_text(&out), stdout);
    buffer_finish(&out);
    json_destroy(json);
}

static void print_text(const char *path, const struct recording_difference *difference,
                       const struct world_report *report)
{
    if (difference->line != 0) {
        printf("%s:%" PRIu64 ": the run is another\n  trace  %s\n  now    %s\n", path,
               difference->line, difference->wanted, difference->got);
    } else if (report->failed != WORLD_OK) {
        printf("the same; %s failed: %s\n", world_oracle_name(report->failed), report->failure);
    } else {
        puts("the same; no oracle failed");
    }
}

static bool run_replay(const struct command_line *line, enum command_exit *exit,
                       struct error *error)
{
    struct recording_difference difference;
    struct world_report report;
    struct buffer trace = {0};
    bool is_ok =
        files_read(line->arguments[0], RECORDING_SIZE_MAX, &trace, error) &&
        recording_replay(buffer_bytes(&trace), line->arguments[0], &report, &difference, error);

    if (is_ok) {
        if (line->is_json) {
            print_json(&difference, &report);
        } else {
            print_text(line->arguments[0], &difference, &report);
        }
        *exit = difference.line == 0 ? COMMAND_DONE : COMMAND_FAILED;
    }
    buffer_finish(&trace);
    return is_ok;
}

static const struct command_option replay_options[] = {{NULL, 0, NULL, NULL}};

const struct command replay_command = {
    .name = "replay",
    .summary = "run a trace again; exit 1 at the first line that differs",
    .arguments = "TRACE",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims-sim run mixed --seed 17 --trace 17.trace\n"
                "  aims-sim replay 17.trace\n",
    .options = replay_options,
    .run = run_replay,
};
