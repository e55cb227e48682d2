/* aims-sim gate: is the simulator able to see?
 *
 * Every known-bad variant of council/flaw.h has to be caught within a number of seeds, from several
 * starts, and its failure has to shrink and to repeat itself; and the true protocol has to pass the
 * mixed scenarios. The variants exist in aims-sim-flawed only, which this program calls. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/place.h"
#include "formats/json.h"
#include "sim/command.h"
#include "sim/files.h"
#include "sim/fixed.h"
#include "sim/flaws.h"
#include "sim/jobs.h"
#include "sim/minimize.h"
#include "sim/recording.h"
#include "sim/scenario.h"

#define START_STRIDE    100000
#define STARTS_MAX      100
#define LIMIT_MAX       1000000
#define SHRINK_TRIES    20
#define SHRINK_RUNS_MAX 3000

/* What one start found. */
struct find {
    uint64_t taken;  /* Seeds until an oracle failed; 0 = none did. */
    uint64_t oracle; /* enum world_oracle */
    uint64_t seed;
};

/* What became of the first find. */
struct shrunk {
    uint64_t seats;
    uint64_t coordinators;
    uint64_t cases;
    uint64_t faults;
    uint64_t seed;
    uint64_t is_confirmed; /* Failed twice alike, and its trace replayed line by line. */
};

struct gate {
    const char *folder; /* Of the scenarios. */
    const char *out;    /* Of shrunk scenarios and traces; NULL = they are not kept. */
    uint64_t limit;
    uint64_t starts;
    uint64_t job_count;
    size_t flaws[FLAWS_COUNT]; /* That are looked for. */
    size_t flaw_count;
    struct scenario *scenarios[FLAWS_COUNT];
    struct find finds[FLAWS_COUNT][STARTS_MAX];
    struct shrunk shrunk[FLAWS_COUNT];
    struct setup setup;
    struct world *world;
    /* The true protocol: */
    struct scenario *scenario;
    uint64_t first;
    uint64_t failed;
    uint64_t divided; /* Runs in which a docket had two certified values. */
};

static bool draw_flawed(struct gate *gate, size_t place, uint64_t seed, struct error *error)
{
    if (!scenario_draw(gate->scenarios[place], seed, &gate->setup, error)) {
        return false;
    }
    gate->setup.flaws = UINT32_C(1) << gate->flaws[place];
    return true;
}

/* In a child: seeds of one flaw from one start. */
static void search(void *context, uint64_t index, struct buffer *out)
{
    struct gate *gate = context;
    size_t place = (size_t)(index / gate->starts);
    uint64_t start = index % gate->starts * START_STRIDE;
    struct world_report report;
    struct error error;

    for (uint64_t taken = 1; taken <= gate->limit; taken++) {
        if (!draw_flawed(gate, place, start + taken, &error)) {
            buffer_format(out, "! seed %" PRIu64 ": %s", start + taken, error.message);
            return;
        }
        world_run_in(gate->world, &gate->setup, start + taken, &report, NULL);
        if (report.failed != WORLD_OK) {
            enum world_oracle oracle = report.failed;

            /* It must be the flaw that failed. */
            gate->setup.flaws = 0;
            world_run_in(gate->world, &gate->setup, start + taken, &report, NULL);
            if (report.failed != WORLD_OK) {
                buffer_format(out, "! %s, seed %" PRIu64 ": the true protocol fails as well: %s",
                              flaws_name(gate->flaws[place]), start + taken, report.failure);
            } else {
                buffer_format(out, "%" PRIu64 " %u %" PRIu64, taken, (unsigned)oracle,
                              start + taken);
            }
            return;
        }
    }
    buffer_append_text(out, "0 0 0");
}

static bool take_find(void *context, uint64_t index, const char *line, struct error *error)
{
    struct gate *gate = context;
    struct find *find = &gate->finds[index / gate->starts][index % gate->starts];

    if (line[0] == '!') {
        return error_set(error, ERROR_INVALID, "%s", line + 2);
    }
    CHECK(sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64, &find->taken, &find->oracle,
                 &find->seed) == 3);
    return true;
}

static bool keep(const struct gate *gate, const char *name, const char *ending,
                 const struct buffer *content, struct error *error)
{
    char path[FILES_PATH_SIZE];
    int length = 0;

    if (gate->out == NULL) {
        return true;
    }
    length = snprintf(path, sizeof(path), "%s/%s%s", gate->out, name, ending);
    if (length < 0 || length >= (int)sizeof(path)) {
        return error_set(error, ERROR_LIMIT, "the path of the folder is too long");
    }
    return files_write(path, buffer_bytes(content), error);
}

/* Traces the shrunk setup, replays the trace, and keeps both. */
static bool repeat(const struct gate *gate, const char *name, const struct minimize *minimize,
                   bool *is_same, struct error *error)
{
    struct recording_difference difference;
    struct world_report report;
    struct buffer trace = {0};
    struct buffer scenario = {0};

    fixed_write(minimize->setup, name, true, &scenario);
    recording_make(minimize->setup, name, minimize->seed, &report, &trace);
    bool is_ok = recording_replay(buffer_bytes(&trace), name, &report, &difference, error) &&
                 keep(gate, name, ".json", &scenario, error) &&
                 keep(gate, name, ".trace", &trace, error);

    if (is_ok) {
        *is_same = difference.line == 0 && report.failed == minimize->oracle;
    }
    buffer_finish(&trace);
    buffer_finish(&scenario);
    return is_ok;
}

/* In a child: the first find of one flaw, made small. */
static void shrink_find(void *context, uint64_t index, struct buffer *out)
{
    struct gate *gate = context;
    size_t place = (size_t)index;
    struct find find = {0};
    struct error error;
    bool is_same = false;

    for (uint64_t i = 0; find.taken == 0 && i < gate->starts; i++) {
        find = gate->finds[place][i];
    }
    if (find.taken == 0) {
        buffer_append_text(out, "0 0 0 0 0 0");
        return;
    }
    struct minimize minimize = {.world = gate->world,
                                .setup = &gate->setup,
                                .seed = find.seed,
                                .oracle = (enum world_oracle)find.oracle,
                                .tries = SHRINK_TRIES,
                                .run_count_max = SHRINK_RUNS_MAX};
    bool is_ok = draw_flawed(gate, place, find.seed, &error);
    bool is_confirmed = is_ok && minimize_run(&minimize);

    is_ok = is_ok && repeat(gate, flaws_name(gate->flaws[place]), &minimize, &is_same, &error);
    if (!is_ok) {
        buffer_format(out, "! %s", error.message);
        return;
    }
    buffer_format(out, "%u %u %u %zu %" PRIu64 " %d", gate->setup.seat_count,
                  gate->setup.coordinator_count, gate->setup.case_count, gate->setup.fault_count,
                  minimize.seed, is_confirmed && is_same);
}

static bool take_shrunk(void *context, uint64_t index, const char *line, struct error *error)
{
    struct gate *gate = context;
    struct shrunk *shrunk = &gate->shrunk[index];

    if (line[0] == '!') {
        return error_set(error, ERROR_INVALID, "%s", line + 2);
    }
    CHECK(sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                 &shrunk->seats, &shrunk->coordinators, &shrunk->cases, &shrunk->faults,
                 &shrunk->seed, &shrunk->is_confirmed) == 6);
    return true;
}

static int compare_taken(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

/* Seeds that a flaw took: least, median and most over the starts. */
struct verdict {
    uint64_t found; /* Starts that found it. */
    uint64_t least;
    uint64_t median;
    uint64_t most;
    bool is_passed;
};

static struct verdict judge(const struct gate *gate, size_t place)
{
    uint64_t taken[STARTS_MAX];
    struct verdict verdict = {0};

    for (uint64_t i = 0; i < gate->starts; i++) {
        if (gate->finds[place][i].taken > 0) {
            taken[verdict.found++] = gate->finds[place][i].taken;
        }
    }
    if (verdict.found > 0) {
        qsort(taken, verdict.found, sizeof(taken[0]), compare_taken);
        verdict.least = taken[0];
        verdict.median = taken[verdict.found / 2];
        verdict.most = taken[verdict.found - 1];
    }
    verdict.is_passed = verdict.found == gate->starts && gate->shrunk[place].is_confirmed != 0;
    return verdict;
}

/* The oracle that the first find failed. */
static const char *oracle_of(const struct gate *gate, size_t place)
{
    for (uint64_t i = 0; i < gate->starts; i++) {
        if (gate->finds[place][i].taken > 0) {
            return world_oracle_name((enum world_oracle)gate->finds[place][i].oracle);
        }
    }
    return "-";
}

static void print_table(const struct gate *gate)
{
    printf("%-22s %-15s %5s %6s %6s %6s   %-30s\n", "flaw", "oracle", "found", "least", "median",
           "most", "shrunk to");
    for (size_t i = 0; i < gate->flaw_count; i++) {
        const struct shrunk *shrunk = &gate->shrunk[i];
        struct verdict verdict = judge(gate, i);

        printf("%-22s %-15s %2" PRIu64 "/%-2" PRIu64 " %6" PRIu64 " %6" PRIu64 " %6" PRIu64
               "   n=%" PRIu64 " m=%" PRIu64 " cases=%" PRIu64 " faults=%" PRIu64 "%s\n",
               flaws_name(gate->flaws[i]), oracle_of(gate, i), verdict.found, gate->starts,
               verdict.least, verdict.median, verdict.most, shrunk->seats, shrunk->coordinators,
               shrunk->cases, shrunk->faults,
               verdict.found < gate->starts ? "  SURVIVED"
               : shrunk->is_confirmed == 0  ? "  NOT REPEATED"
                                            : ", replayed");
    }
}

static void print_json(const struct gate *gate)
{
    struct json *list = json_list();
    struct buffer out = {0};

    for (size_t i = 0; i < gate->flaw_count; i++) {
        const struct shrunk *shrunk = &gate->shrunk[i];
        struct verdict verdict = judge(gate, i);
        struct json *json = json_object();

        json_set(json, "flaw", json_text(flaws_name(gate->flaws[i])));
        json_set(json, "found", json_integer((int64_t)verdict.found));
        json_set(json, "least", json_integer((int64_t)verdict.least));
        json_set(json, "limit", json_integer((int64_t)gate->limit));
        json_set(json, "median", json_integer((int64_t)verdict.median));
        json_set(json, "most", json_integer((int64_t)verdict.most));
        json_set(json, "oracle", json_text(oracle_of(gate, i)));
        json_set(json, "passed", json_boolean(verdict.is_passed));
        json_set(json, "shrunkCases", json_integer((int64_t)shrunk->cases));
        json_set(json, "shrunkCoordinators", json_integer((int64_t)shrunk->coordinators));
        json_set(json, "shrunkFaults", json_integer((int64_t)shrunk->faults));
        json_set(json, "shrunkSeats", json_integer((int64_t)shrunk->seats));
        json_set(json, "shrunkSeed", json_integer((int64_t)shrunk->seed));
        json_set(json, "starts", json_integer((int64_t)gate->starts));
        json_add(list, json);
    }
    json_write_pretty(list, &out);
    fputs(buffer_text(&out), stdout);
    buffer_finish(&out);
    json_destroy(list);
}

static bool load(struct gate *gate, const char *name, struct scenario **out, struct error *error)
{
    char path[FILES_PATH_SIZE];
    int length = snprintf(path, sizeof(path), "%s/%s.yaml", gate->folder, name);

    if (length < 0 || length >= (int)sizeof(path)) {
        return error_set(error, ERROR_LIMIT, "the path of the scenarios is too long");
    }
    return scenario_load(path, out, error);
}

static bool share_out(struct gate *gate, uint64_t count, const char *label,
                      void (*work)(void *, uint64_t, struct buffer *),
                      bool (*take)(void *, uint64_t, const char *, struct error *),
                      enum command_exit *exit, struct error *error)
{
    struct jobs jobs = {.job_count = gate->job_count,
                        .item_count = count,
                        .context = gate,
                        .work = work,
                        .take = take,
                        .label = label};

    if (!jobs_run(&jobs, error)) {
        if (jobs.dead < count) {
            *exit = COMMAND_BUG;
            return error_wrap(error, "%s, item %" PRIu64, label, jobs.dead);
        }
        return false;
    }
    return true;
}

static bool run_flaws(const struct command_line *line, struct gate *gate, enum command_exit *exit,
                      struct error *error)
{
    bool is_passed = true;

    for (size_t i = 0; i < gate->flaw_count; i++) {
        char name[64];

        (void)snprintf(name, sizeof(name), "gate/%s", flaws_name(gate->flaws[i]));
        if (!load(gate, name, &gate->scenarios[i], error)) {
            return false;
        }
    }
    if (!share_out(gate, gate->flaw_count * gate->starts, "gate", search, take_find, exit, error) ||
        !share_out(gate, gate->flaw_count, "shrink", shrink_find, take_shrunk, exit, error)) {
        return false;
    }
    (line->is_json ? print_json : print_table)(gate);
    for (size_t i = 0; i < gate->flaw_count; i++) {
        is_passed = is_passed && judge(gate, i).is_passed;
    }
    *exit = is_passed ? COMMAND_DONE : COMMAND_FAILED;
    return true;
}

/* In a child: one seed of the true protocol. */
static void run_seed(void *context, uint64_t index, struct buffer *out)
{
    struct gate *gate = context;
    struct world_report report;
    struct error error;
    uint64_t seed = gate->first + index;

    if (!scenario_draw(gate->scenario, seed, &gate->setup, &error)) {
        buffer_format(out, "! seed %" PRIu64 ": %s", seed, error.message);
        return;
    }
    world_run_in(gate->world, &gate->setup, seed, &report, NULL);
    buffer_append_byte(out, report.divided_count > 0 ? '2' : '1');
    if (report.failed != WORLD_OK) {
        buffer_format(out, "%s: %s", world_oracle_name(report.failed), report.failure);
    }
}

static bool take_seed(void *context, uint64_t index, const char *line, struct error *error)
{
    enum { SHOWN_MAX = 20 };
    struct gate *gate = context;

    if (line[0] == '!') {
        return error_set(error, ERROR_INVALID, "%s", line + 2);
    }
    gate->divided += line[0] == '2' ? 1 : 0;
    if (line[1] != '\0') {
        gate->failed++;
        if (gate->failed <= SHOWN_MAX) {
            fprintf(stderr, "aims-sim: seed %" PRIu64 ": %s\n", gate->first + index, line + 1);
        }
    }
    return true;
}

static bool run_true(const struct command_line *line, struct gate *gate, const char *name,
                     uint64_t count, enum command_exit *exit, struct error *error)
{
    if (!load(gate, name, &gate->scenario, error)) {
        return false;
    }
    if (!share_out(gate, count, name, run_seed, take_seed, exit, error)) {
        return false;
    }
    if (line->is_json) {
        printf("{\"divided\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"first\":%" PRIu64
               ",\"scenario\":\"%s\",\"seeds\":%" PRIu64 "}\n",
               gate->divided, gate->failed, gate->first, name, count);
    } else {
        printf("%s: %" PRIu64 " seeds from %" PRIu64 ", %" PRIu64
               " failed an oracle; two values were certified in %" PRIu64 "\n",
               name, count, gate->first, gate->failed, gate->divided);
    }
    *exit = gate->failed == 0 ? COMMAND_DONE : COMMAND_FAILED;
    return true;
}

/* Gives all over to the program with the flaws. */
static bool call_flawed(const struct command_line *line, enum command_exit *exit,
                        struct error *error)
{
    static const char *const names[] = {"--flaw", "--starts",    "--limit",
                                        "--jobs", "--scenarios", "--out"};
    const char *path = command_value(line, "flawed");
    const char *words[2 * COMMAND_OPTIONS_MAX + 4] = {"aims-sim-flawed", "gate"};
    char beside[PLACE_SIZE];
    size_t count = 2;

    if (path == NULL) {
        if (!place_program("aims-sim-flawed", beside, error)) {
            return false;
        }
        path = beside;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = command_value(line, names[i] + 2);

        if (value != NULL) {
            words[count++] = names[i];
            words[count++] = value;
        }
    }
    words[count++] = line->is_json ? "--json" : NULL;
    (void)fflush(NULL);
    (void)execv(path, (char *const *)words);
    *exit = COMMAND_BAD_INPUT;
    return error_set(error, ERROR_NOT_FOUND,
                     "cannot start %s: %s; it is built with the tests and never installed", path,
                     strerror(errno));
}

static bool choose_flaws(const struct command_line *line, struct gate *gate,
                         enum command_exit *exit, struct error *error)
{
    const char *name = command_value(line, "flaw");

    for (size_t i = 0; i < FLAWS_COUNT; i++) {
        if (name == NULL || strcmp(name, flaws_name(i)) == 0) {
            gate->flaws[gate->flaw_count++] = i;
        }
    }
    if (gate->flaw_count == 0) {
        return COMMAND_MISUSED(exit, error, "--flaw '%.64s': there is no such flaw", name);
    }
    return true;
}

static bool read_line(const struct command_line *line, struct gate *gate, uint64_t counts[2],
                      enum command_exit *exit, struct error *error)
{
    gate->limit = 2000;
    gate->starts = 10;
    gate->first = 1;
    gate->job_count = jobs_processors();
    gate->out = command_value(line, "out");
    return command_number(line, "limit", 1, LIMIT_MAX, &gate->limit, exit, error) &&
           command_number(line, "starts", 1, STARTS_MAX, &gate->starts, exit, error) &&
           command_number(line, "jobs", 1, JOBS_MAX, &gate->job_count, exit, error) &&
           command_number(line, "first", 0, COMMAND_SEED_MAX / 2, &gate->first, exit, error) &&
           command_number(line, "true-seeds", 1, COMMAND_SEED_MAX / 2, &counts[0], exit, error) &&
           command_number(line, "accountability-seeds", 1, COMMAND_SEED_MAX / 2, &counts[1], exit,
                          error) &&
           choose_flaws(line, gate, exit, error);
}

/* Before hours of search, not after them. */
static bool make_out(const char *path, struct error *error)
{
    return path == NULL || mkdir(path, 0777) == 0 || errno == EEXIST ||
           error_set(error, ERROR_IO, "%s: cannot be made: %s", path, strerror(errno));
}

static bool run(const struct command_line *line, struct gate *gate, enum command_exit *exit,
                struct error *error)
{
    char folder[PLACE_SIZE];
    uint64_t counts[2] = {0, 0};

    if (!read_line(line, gate, counts, exit, error) || !make_out(gate->out, error) ||
        !place_data("scenarios", folder, error)) {
        return false;
    }
    gate->folder = command_value(line, "scenarios");
    gate->folder = gate->folder == NULL ? folder : gate->folder;
    if (counts[0] > 0 && counts[1] > 0) {
        return COMMAND_MISUSED(exit, error, "--true-seeds and --accountability-seeds: want one");
    }
    if (counts[0] > 0) {
        return run_true(line, gate, "mixed", counts[0], exit, error);
    }
    if (counts[1] > 0) {
        return run_true(line, gate, "accountability", counts[1], exit, error);
    }
    return flaws_are_here() ? run_flaws(line, gate, exit, error) : call_flawed(line, exit, error);
}

static bool run_gate(const struct command_line *line, enum command_exit *exit, struct error *error)
{
    struct gate *gate = calloc(1, sizeof(*gate));

    CHECK(gate != NULL);
    gate->world = world_create();
    bool is_ok = run(line, gate, exit, error);

    for (size_t i = 0; i < FLAWS_COUNT; i++) {
        scenario_destroy(gate->scenarios[i]);
    }
    scenario_destroy(gate->scenario);
    world_destroy(gate->world);
    free(gate);
    return is_ok;
}

static const struct command_option gate_options[] = {
    {"flaw", 'f', "NAME", "only this one; all unless told"},
    {"starts", 0, "N", "times each is looked for, 100000 seeds apart; 10 unless told"},
    {"limit", 0, "N", "seeds within which it must be found; 2000 unless told"},
    {"out", 'o', "DIR", "keep the shrunk scenarios and their traces"},
    {"true-seeds", 0, "N", "run the true protocol over the mixed scenarios instead"},
    {"accountability-seeds", 0, "N", "run it with more than f and fewer than q liars instead"},
    {"first", 0, "S", "first seed of these; 1 unless told"},
    {"jobs", 'j', "J", "processes; as many as processors unless told"},
    {"scenarios", 0, "DIR", "other scenarios than those that come with the program"},
    {"flawed", 0, "PATH", "the program with the flaws; beside this one unless told"},
    {NULL, 0, NULL, NULL},
};

const struct command gate_command = {
    .name = "gate",
    .summary = "show that every known-bad variant of the protocol is caught",
    .arguments = "",
    .argument_max = 0,
    .examples = "  aims-sim gate\n"
                "  aims-sim gate --flaw own_lock -o found\n"
                "  aims-sim gate --true-seeds 200000\n",
    .options = gate_options,
    .run = run_gate,
};
