/* aims-sim sweep: one scenario, many seeds, a row of CSV for each. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/check.h"
#include "base/encode.h"
#include "formats/csv.h"
#include "sim/command.h"
#include "sim/jobs.h"
#include "sim/record.h"
#include "sim/scenario.h"

#define SHARDS_MAX     1000000
#define SEEDS_MAX      UINT64_C(10000000000)
#define FAILURES_SHOWN 5

struct sweep {
    struct scenario *scenario;
    uint64_t seeds[2];
    uint64_t shard[2]; /* i of k, from 1. */
    uint64_t done;     /* Rows that were there already. */
    uint64_t failed;
    FILE *out;
    const char *path; /* NULL: standard output. */
    struct setup *setup;
    struct world *world;
};

static uint64_t seed_at(const struct sweep *sweep, uint64_t index)
{
    return sweep->seeds[0] + (sweep->shard[0] - 1) + (sweep->done + index) * sweep->shard[1];
}

/* Seeds of this shard. */
static uint64_t seed_count(const struct sweep *sweep)
{
    uint64_t all = sweep->seeds[1] - sweep->seeds[0] + 1;
    uint64_t skipped = sweep->shard[0] - 1;

    return all <= skipped ? 0 : (all - skipped - 1) / sweep->shard[1] + 1;
}

/* In a child. A line is "! why" or the outcome, a space, and the row. */
static void work(void *context, uint64_t index, struct buffer *out)
{
    struct sweep *sweep = context;
    struct world_report report;
    struct error error;
    uint64_t seed = seed_at(sweep, index);

    if (!scenario_draw(sweep->scenario, seed, sweep->setup, &error)) {
        buffer_format(out, "! seed %" PRIu64 ": %s", seed, error.message);
        return;
    }
    world_run_in(sweep->world, sweep->setup, seed, &report, NULL);
    const struct record record = {scenario_name(sweep->scenario), scenario_digest(sweep->scenario),
                                  seed, sweep->setup, &report};

    buffer_append_text(out, report.failed == WORLD_OK ? ". " : "x ");
    record_row(&record, out);
}

static bool take(void *context, uint64_t index, const char *line, struct error *error)
{
    struct sweep *sweep = context;

    if (line[0] == '!') {
        return error_set(error, ERROR_INVALID, "%s", line + 2);
    }
    if (line[0] == 'x') {
        sweep->failed++;
        if (sweep->failed <= FAILURES_SHOWN) {
            fprintf(stderr, "aims-sim: seed %" PRIu64 " failed an oracle\n", seed_at(sweep, index));
        }
    }
    if (fprintf(sweep->out, "%s\n", line + 2) < 0) {
        return error_set(error, ERROR_IO, "cannot write the rows");
    }
    return true;
}

static bool read_shard(const struct command_line *line, uint64_t out[2], enum command_exit *exit,
                       struct error *error)
{
    const char *text = command_value(line, "shard");
    const char *slash = text == NULL ? NULL : strchr(text, '/');
    char first[16] = "";

    out[0] = 1;
    out[1] = 1;
    if (text == NULL) {
        return true;
    }
    if (slash != NULL && (size_t)(slash - text) < sizeof(first)) {
        memcpy(first, text, (size_t)(slash - text));
    }
    if (slash == NULL || !encode_to_u64(slash + 1, SHARDS_MAX, &out[1]) ||
        !encode_to_u64(first, out[1], &out[0]) || out[0] == 0) {
        return COMMAND_MISUSED(exit, error, "--shard '%.64s': want I/K, I from 1 to K", text);
    }
    return true;
}

static bool read_line(const struct command_line *line, struct sweep *sweep, uint64_t *job_count,
                      enum command_exit *exit, struct error *error)
{
    *job_count = jobs_processors();
    if (!command_range(line, "seeds", sweep->seeds, exit, error) ||
        !command_number(line, "jobs", 1, JOBS_MAX, job_count, exit, error) ||
        !read_shard(line, sweep->shard, exit, error)) {
        return false;
    }
    if (sweep->seeds[1] - sweep->seeds[0] >= SEEDS_MAX) {
        return COMMAND_MISUSED(exit, error, "--seeds: want at most %" PRIu64, SEEDS_MAX);
    }
    sweep->path = command_value(line, "out");
    if (command_value(line, "resume") != NULL && sweep->path == NULL) {
        return COMMAND_MISUSED(exit, error, "--resume goes on with a file: give it by -o");
    }
    return true;
}

/* The scenario's cells, which begin every row. */
static void write_start(const struct sweep *sweep, struct buffer *out)
{
    char hex[DIGEST_HEX_SIZE];

    csv_write_cell(scenario_name(sweep->scenario), out);
    buffer_format(out, ",%.16s,", encode_digest(scenario_digest(sweep->scenario), hex));
}

/* Number of the cell that names the oracle; no cell before it but the first needs quotes. */
static size_t failed_cell(void)
{
    struct buffer header = {0};
    size_t count = 0;

    record_header(&header);
    const char *cell = strstr(buffer_text(&header), ",failed,");

    CHECK(cell != NULL);
    for (const char *next = buffer_text(&header); next <= cell; next++) {
        count += *next == ',' ? 1 : 0;
    }
    buffer_finish(&header);
    return count;
}

/* The seed in ROW, if it is one of this scenario, and whether an oracle failed. */
static bool read_row(const struct sweep *sweep, const char *row, uint64_t *seed, bool *has_failed)
{
    struct buffer start = {0};
    char digits[32] = "";

    write_start(sweep, &start);
    bool is_ours = strncmp(row, buffer_text(&start), start.size) == 0;

    row += is_ours ? start.size : 0;
    buffer_finish(&start);
    size_t length = strcspn(row, ",");

    if (!is_ours || length >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, row, length);
    for (size_t cell = 2; cell < failed_cell() && row != NULL; cell++) {
        row = strchr(row, ',');
        row = row == NULL ? NULL : row + 1;
    }
    *has_failed = row != NULL && row[0] != ',';
    return row != NULL && encode_to_u64(digits, COMMAND_SEED_MAX, seed);
}

/* Counts the rows of FILE, which must be those that this sweep writes first; *SIZE is the bytes up
 * to the end of the last whole one. */
static bool count_rows(struct sweep *sweep, FILE *file, bool has_header, long *size,
                       struct error *error)
{
    struct buffer header = {0};
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length = 0;
    bool is_first = has_header;
    bool is_ok = true;

    record_header(&header);
    buffer_append_byte(&header, '\n');
    *size = 0;
    while (is_ok && (length = getline(&line, &capacity, file)) > 0 && line[length - 1] == '\n') {
        uint64_t seed = 0;
        bool has_failed = false;

        if (is_first) {
            is_ok = strcmp(line, buffer_text(&header)) == 0;
            is_first = false;
        } else {
            is_ok = read_row(sweep, line, &seed, &has_failed) && seed == seed_at(sweep, 0) &&
                    sweep->done < seed_count(sweep);
            sweep->done += is_ok ? 1 : 0;
            sweep->failed += is_ok && has_failed ? 1 : 0;
        }
        *size = ftell(file);
    }
    free(line);
    buffer_finish(&header);
    return is_ok || error_set(error, ERROR_INVALID,
                              "%s is no beginning of this sweep: want the same scenario, seeds and "
                              "shard, or another file",
                              sweep->path);
}

static bool resume(struct sweep *sweep, bool has_header, bool *is_new, struct error *error)
{
    FILE *file = fopen(sweep->path, "r+");
    long size = 0;

    if (file == NULL) {
        *is_new = true;
        return true;
    }
    bool is_ok = count_rows(sweep, file, has_header, &size, error);

    /* A row that was cut off by the end is written again. */
    if (is_ok && ftruncate(fileno(file), (off_t)size) != 0) {
        is_ok = error_set(error, ERROR_IO, "cannot shorten %s", sweep->path);
    }
    (void)fclose(file);
    *is_new = size == 0;
    return is_ok;
}

static bool open_out(const struct command_line *line, struct sweep *sweep, struct error *error)
{
    bool has_header = sweep->shard[0] == 1;
    bool is_new = true;
    struct buffer header = {0};

    if (sweep->path == NULL) {
        sweep->out = stdout;
    } else {
        if (command_value(line, "resume") != NULL) {
            if (!resume(sweep, has_header, &is_new, error)) {
                return false;
            }
        } else if (access(sweep->path, F_OK) == 0) {
            return error_set(error, ERROR_CONFLICT,
                             "%s is there already; --resume goes on where it ends", sweep->path);
        }
        sweep->out = fopen(sweep->path, "ab");
        if (sweep->out == NULL) {
            return error_set(error, ERROR_IO, "cannot write %s", sweep->path);
        }
    }
    (void)setvbuf(sweep->out, NULL, _IOLBF, BUFSIZ);
    if (is_new && has_header) {
        record_header(&header);
        fprintf(sweep->out, "%s\n", buffer_text(&header));
        buffer_finish(&header);
    }
    return true;
}

static bool run_jobs(struct sweep *sweep, uint64_t job_count, enum command_exit *exit,
                     struct error *error)
{
    uint64_t count = seed_count(sweep) - sweep->done;
    struct jobs jobs = {
        .job_count = job_count,
        .item_count = count,
        .context = sweep,
        .work = work,
        .take = take,
        .label = "sweep",
    };

    if (count == 0) {
        return true;
    }
    if (!jobs_run(&jobs, error)) {
        if (jobs.dead < count) {
            *exit = COMMAND_BUG;
            return error_wrap(error, "seed %" PRIu64, seed_at(sweep, jobs.dead));
        }
        return false;
    }
    return true;
}

static void print_summary(const struct sweep *sweep, bool is_json)
{
    uint64_t count = seed_count(sweep);

    if (is_json && sweep->path != NULL) {
        printf("{\"failed\":%" PRIu64 ",\"resumed\":%" PRIu64 ",\"runs\":%" PRIu64 "}\n",
               sweep->failed, sweep->done, count);
        return;
    }
    fprintf(stderr, "aims-sim: %" PRIu64 " runs", count);
    if (sweep->done > 0) {
        fprintf(stderr, " (%" PRIu64 " were there already)", sweep->done);
    }
    fprintf(stderr, ", %" PRIu64 " failed an oracle\n", sweep->failed);
}

static bool run_sweep(const struct command_line *line, enum command_exit *exit, struct error *error)
{
    struct sweep sweep = {0};
    uint64_t job_count = 1;

    if (!read_line(line, &sweep, &job_count, exit, error) ||
        !command_scenario(line, &sweep.scenario, error)) {
        return false;
    }
    sweep.setup = malloc(sizeof(*sweep.setup));
    sweep.world = world_create();
    CHECK(sweep.setup != NULL);
    bool is_ok = open_out(line, &sweep, error) && run_jobs(&sweep, job_count, exit, error);

    if (sweep.out != NULL && sweep.out != stdout && fclose(sweep.out) != 0) {
        is_ok = is_ok && error_set(error, ERROR_IO, "cannot write %s", sweep.path);
    }
    if (is_ok) {
        print_summary(&sweep, line->is_json);
        *exit = sweep.failed == 0 ? COMMAND_DONE : COMMAND_FAILED;
    }
    world_destroy(sweep.world);
    free(sweep.setup);
    scenario_destroy(sweep.scenario);
    return is_ok;
}

static const struct command_option sweep_options[] = {
    {"seeds", 's', "A..B", "one run for each"},
    {"jobs", 'j', "J", "processes; as many as processors unless told"},
    {"shard", 0, "I/K", "every K-th seed from the I-th on; only shard 1 writes the header"},
    {"out", 'o', "FILE", "where the rows go; standard output unless told"},
    {"resume", 0, NULL, "go on with a file that an interrupted sweep left"},
    {NULL, 0, NULL, NULL},
};

const struct command sweep_command = {
    .name = "sweep",
    .summary = "run a scenario with many seeds, a row of CSV each; exit 1 if an oracle failed",
    .arguments = "SCENARIO",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims-sim sweep findings --seeds 1..10000 -o findings.csv\n"
                "  aims-sim sweep findings --seeds 1..10000 -o findings.csv --resume\n"
                "  aims-sim sweep findings --seeds 1..10000 --shard 3/8 -o part-3.csv\n",
    .options = sweep_options,
    .run = run_sweep,
};
