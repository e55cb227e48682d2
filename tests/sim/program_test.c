/* aims-sim as its users have it: the program itself, its files and exit codes. */

#define _XOPEN_SOURCE 700 /* For nftw(), in program.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PROGRAM_NAME "aims-sim"
#include "tests/client/program.h"

#include "sim/record.h"
#include "sim/strategy.h"

/* Small and quick, with something going on. */
static const char trial[] =
    "title: a trial\nseats: {from: 4, to: 6}\ncoordinators: 2\ncriteria: 2\n"
    "client: {attempts: 4, wait_ms: 5000}\ntimes: {assess_ms: 3000, view_ms: 1000}\n"
    "faults: [{count: {every: {from: 0, to: 1}}, strategy: {every: [silent, two_verdicts]}, "
    "from_ms: 0}]\n"
    "rulesets: [{false_fail: 0.1}]\n";

static int open_trial(void **state)
{
    int result = program_open(state);

    program_write(*state, "trial.yaml", trial, strlen(trial));
    return result;
}

/* The file NAME of the program's folder as a text that the caller frees. */
static struct buffer content(const struct program *program, const char *name)
{
    struct buffer out = {0};

    program_read(program, name, &out);
    return out;
}

static void assert_same_files(const struct program *program, const char *a, const char *b)
{
    struct buffer left = content(program, a);
    struct buffer right = content(program, b);

    assert_string_equal(buffer_text(&left), buffer_text(&right));
    buffer_finish(&left);
    buffer_finish(&right);
}

static void a_seed_always_gives_the_same_run(void **state)
{
    struct program *program = *state;
    struct buffer first = {0};

    RUN(program, "run", "trial.yaml", "--seed", "7", "--json");
    assert_exit(program, 0);
    const struct tree *json = program_json(program);
    int64_t number = 0;

    assert_true(tree_need_integer(json, "seed", 7, 7, &number, &(struct error){0}));
    assert_true(tree_need_integer(json, "decided", 1, 1, &number, &(struct error){0}));
    assert_string_equal(tree_get(json, "failed")->text, "");
    buffer_append(&first, program->out.data, program->out.size);
    RUN(program, "run", "trial.yaml", "--seed", "7", "--json");
    assert_string_equal(buffer_text(&first), buffer_text(&program->out));
    RUN(program, "run", "trial.yaml", "--seed", "8", "--json");
    assert_string_not_equal(buffer_text(&first), buffer_text(&program->out));
    buffer_finish(&first);
}

static void a_trace_is_replayed_and_a_changed_line_is_named(void **state)
{
    struct program *program = *state;

    RUN(program, "run", "trial.yaml", "--seed", "7", "--trace", "7.trace");
    assert_exit(program, 0);
    RUN(program, "replay", "7.trace");
    assert_exit(program, 0);
    assert_says(program, "the same; no oracle failed");
    struct buffer trace = content(program, "7.trace");
    char *line = (char *)trace.data;

    for (unsigned i = 1; i < 20; i++) {
        line = strchr(line, '\n') + 1;
    }
    *line = '~';
    program_write(program, "7.trace", trace.data, trace.size);
    RUN(program, "replay", "7.trace");
    assert_exit(program, 1);
    assert_says(program, "7.trace:20: the run is another");
    program_write(program, "7.trace", trace.data, trace.size / 2);
    RUN(program, "replay", "7.trace", "--json");
    assert_exit(program, 1);
    program_write(program, "7.trace", "hello\n", 6);
    RUN(program, "replay", "7.trace");
    assert_exit(program, 4);
    assert_says(program, "7.trace is no trace of aims-sim");
    buffer_finish(&trace);
}

/* Whatever a setup holds is written down before a trace: or the replay would be another run. */
static void every_part_of_a_setup_survives_its_trace(void **state)
{
    static const char rich[] =
        "seats: {from: 4, to: 7}\ncoordinators: {from: 1, to: 3}\ncases: {from: 1, to: 3}\n"
        "case_interval_ms: {from: 0, to: 900}\ncriteria: {from: 1, to: 4}\ntrue_share: 0.25\n"
        "client: {hostile: [true, false], attempts: {from: 1, to: 3}, wait_ms: 2500}\n"
        "matrix: [[100, 20000], [30000, 200]]\nlimit_ms: 3000000\nsettled_ms: 20000\n"
        "times: {assess_ms: 2500, settle_ms: 40, hear_ms_min: 200, view_ms: 900, view_ms_max: 9000,"
        " repeat_ms: 700, repeat_ms_max: 5000}\n"
        "assessment: {kind: normal, mean_ms: {from: 5, to: 500}, deviation_ms: 30}\n"
        "phases:\n  - {for_ms: {from: 1, to: 99}, asymmetry: 0.5, delay: {kind: matrix, jitter_us: "
        "900}}\n  - {attack: true, delay: [{kind: normal, mean_us: 900, deviation_us: 300}, {kind: "
        "log_normal, median_us: 5000, sigma: {from: 0, to: 2}}], loss: 0.1, duplicate: 0.1, "
        "reorder: 0.2, clog: 0.2, clog_ms: 800}\n"
        "partitions: [{seats: {from: 0, to: n}, chairs: {from: 0, to: m}, for_ms: 3000}]\n"
        "faults:\n  - {count: {from: 0, to: f}, strategy: any, mixed: true, group: 2, from_ms: "
        "10}\n"
        "  - {count: 2, strategy: crash, mixed: true}\n"
        "rulesets:\n  - {seats: 3, false_fail: 0.3, shared: true}\n"
        "  - {false_pass: 0.25, no_answer: {from: 0, to: 0.1}}\n";
    struct program *program = *state;

    program_write(program, "rich.yaml", rich, strlen(rich));
    for (unsigned seed = 1; seed <= 24; seed++) {
        char text[16];

        (void)snprintf(text, sizeof(text), "%u", seed);
        RUN(program, "run", seed % 2 == 0 ? "rich.yaml" : "mixed", "--seed", text, "--trace", "t");
        assert_exit(program, 0);
        RUN(program, "replay", "t");
        assert_exit(program, 0);
    }
}

static void real_signatures_change_no_event(void **state)
{
    struct program *program = *state;
    char hash[2][32];

    for (size_t i = 0; i < 2; i++) {
        RUN(program, "run", "trial.yaml", "--seed", "9", "--json", "--crypto",
            i == 0 ? "stub" : "real");
        assert_exit(program, 0);
        (void)snprintf(hash[i], sizeof(hash[i]), "%s",
                       tree_get(program_json(program), "hash")->text);
    }
    assert_string_equal(hash[0], hash[1]);
}

static void a_sweep_is_the_same_with_any_number_of_jobs(void **state)
{
    struct program *program = *state;

    RUN(program, "sweep", "trial.yaml", "--seeds", "1..40", "--jobs", "1", "-o", "one.csv");
    assert_exit(program, 0);
    assert_says(program, "40 runs, 0 failed an oracle");
    RUN(program, "sweep", "trial.yaml", "--seeds", "1..40", "--jobs", "3", "-o", "three.csv");
    assert_exit(program, 0);
    assert_same_files(program, "one.csv", "three.csv");
    RUN(program, "sweep", "trial.yaml", "--seeds", "1..40", "--jobs", "2");
    assert_exit(program, 0);
    struct buffer one = content(program, "one.csv");

    assert_string_equal(buffer_text(&one), buffer_text(&program->out));
    buffer_finish(&one);
}

static void shards_put_together_are_the_whole(void **state)
{
    static const char *const shards[] = {"1/3", "2/3", "3/3"};
    struct program *program = *state;
    struct buffer parts[3] = {{0}};
    const char *next[3];
    struct buffer whole = {0};

    for (size_t i = 0; i < 3; i++) {
        RUN(program, "sweep", "trial.yaml", "--seeds", "1..20", "--shard", shards[i]);
        assert_exit(program, 0);
        buffer_append(&parts[i], program->out.data, program->out.size);
        next[i] = buffer_text(&parts[i]);
    }
    /* The header stands in the first; rows alternate. */
    for (size_t line = 0; line < 21; line++) {
        size_t shard = line == 0 ? 0 : (line - 1) % 3;
        const char *end = strchr(next[shard], '\n');

        assert_non_null(end);
        buffer_append(&whole, next[shard], (size_t)(end + 1 - next[shard]));
        next[shard] = end + 1;
    }
    RUN(program, "sweep", "trial.yaml", "--seeds", "1..20");
    assert_string_equal(buffer_text(&whole), buffer_text(&program->out));
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(next[i], "");
        buffer_finish(&parts[i]);
    }
    buffer_finish(&whole);
}

static void an_interrupted_sweep_goes_on_where_it_ended(void **state)
{
    struct program *program = *state;

    RUN(program, "sweep", "trial.yaml", "--seeds", "1..30", "-o", "whole.csv");
    struct buffer whole = content(program, "whole.csv");

    /* Cut in the middle of a row, behind whole rows, in the header, before it. */
    const size_t sizes[] = {whole.size * 2 / 3, whole.size, 10, 0};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        program_write(program, "part.csv", whole.data, sizes[i]);
        RUN(program, "sweep", "trial.yaml", "--seeds", "1..30", "-o", "part.csv", "--resume");
        assert_exit(program, 0);
        assert_same_files(program, "part.csv", "whole.csv");
    }
    RUN(program, "sweep", "trial.yaml", "--seeds", "1..30", "-o", "part.csv");
    assert_exit(program, 4);
    assert_says(program, "part.csv is there already; --resume goes on where it ends");
    RUN(program, "sweep", "trial.yaml", "--seeds", "2..30", "-o", "part.csv", "--resume");
    assert_exit(program, 4);
    assert_says(program, "part.csv is no beginning of this sweep");
    program_write(program, "trial.yaml", "seats: 4\n", 9);
    RUN(program, "sweep", "trial.yaml", "--seeds", "1..30", "-o", "part.csv", "--resume");
    assert_exit(program, 4);
    buffer_finish(&whole);
}

static void a_summary_groups_the_rows(void **state)
{
    struct program *program = *state;

    RUN(program, "sweep", "trial.yaml", "--seeds", "1..40", "-o", "t.csv");
    RUN(program, "summary", "t.csv", "t.csv", "--by", "faulty_seats,seat_strategy", "--json");
    assert_exit(program, 0);
    const struct tree *json = program_json(program);
    unsigned runs = 0;

    assert_non_null(json);
    assert_int_equal(json->count, 3); /* Nobody, one silent, one with two verdicts. */
    for (const struct tree *group = json->child; group != NULL; group = group->next) {
        runs += (unsigned)tree_get(group, "runs")->integer;
        assert_string_equal(tree_get(tree_get(group, "failed"), "value")->text, "0.000000");
        assert_string_equal(tree_get(group, "precision")->text, "1.000000");
    }
    assert_int_equal(runs, 80);
    RUN(program, "sweep", "trial.yaml", "--seeds", "1..40", "--shard", "1/2", "-o", "a.csv");
    RUN(program, "sweep", "trial.yaml", "--seeds", "1..40", "--shard", "2/2", "-o", "b.csv");
    RUN(program, "summary", "a.csv", "b.csv");
    assert_exit(program, 0);
    assert_says(program, "40 runs");
    RUN(program, "summary", "t.csv", "--by", "nothing");
    assert_exit(program, 4);
    assert_says(program, "t.csv has no column 'nothing'");
    RUN(program, "summary", "missing.csv");
    assert_exit(program, 4);
}

static void a_plot_is_data_and_a_script_for_gnuplot(void **state)
{
    struct program *program = *state;

    RUN(program, "sweep", "trial.yaml", "--seeds", "1..40", "-o", "t.csv");
    RUN(program, "plot", "t.csv", "--kind", "findings", "-o", "t.svg", "--script-only");
    assert_exit(program, 0);
    struct buffer script = content(program, "t.gp");
    struct buffer data = content(program, "t.dat");

    assert_non_null(strstr(buffer_text(&script), "set output 't.svg'"));
    assert_non_null(strstr(buffer_text(&script), "set label 1 'f = 1' at 1"));
    assert_non_null(strstr(buffer_text(&script), "'t.dat' index 2 using ($1+2*0.04):8:9:10"));
    assert_non_null(strstr(buffer_text(&script), "title 'two_verdicts'"));
    assert_non_null(strstr(buffer_text(&data), "# what they do two_verdicts: faulty_seats"));
    assert_false(program_has(program, "t.svg"));
    RUN(program, "plot", "t.csv", "--kind", "types", "-o", "u.svg", "--script-only");
    assert_exit(program, 0);
    program_read(program, "u.dat", &data);
    assert_non_null(strstr(buffer_text(&data), "# message ASSIGN: seats"));
    assert_non_null(strstr(buffer_text(&data), "# message RESULT: seats"));
    RUN(program, "plot", "t.csv", "--kind", "finding", "-o", "t.svg");
    assert_exit(program, 2);
    assert_says(program, "--kind 'finding': want findings, domain, latency, loss, views, censor, "
                         "traffic, types or throughput");
    buffer_finish(&script);
    buffer_finish(&data);
}

static void a_plot_without_gnuplot_says_so_and_keeps_its_script(void **state)
{
    struct program *program = *state;

    RUN(program, "sweep", "trial.yaml", "--seeds", "1..8", "-o", "t.csv");
    const char *path = getenv("PATH");
    struct buffer saved = {0};

    buffer_append_text(&saved, path == NULL ? "" : path);
    CHECK(setenv("PATH", "/nonexistent", 1) == 0);
    RUN(program, "plot", "t.csv", "--kind", "latency", "-o", "t.svg");
    CHECK(setenv("PATH", buffer_text(&saved), 1) == 0);
    assert_exit(program, 4);
    assert_says(program, "gnuplot is not installed; t.gp is ready for it");
    assert_true(program_has(program, "t.dat"));
    buffer_finish(&saved);
}

static void the_gate_finds_shrinks_and_repeats_a_flaw(void **state)
{
    struct program *program = *state;

    RUN(program, "gate", "--flaw", "two_f_plus_one", "--starts", "2", "-o", ".", "--json");
    assert_exit(program, 0);
    const struct tree *entry = program_json(program)->child;

    assert_string_equal(tree_get(entry, "flaw")->text, "two_f_plus_one");
    assert_int_equal(tree_get(entry, "found")->integer, 2);
    assert_in_range(tree_get(entry, "median")->integer, 1, 2000);
    assert_in_range(tree_get(entry, "shrunkSeats")->integer, 4, 9);
    /* The true program has no such flaw. */
    RUN(program, "run", "two_f_plus_one.json");
    assert_exit(program, 4);
    assert_says(program, "this program holds no flaws; use aims-sim-flawed");
}

static void the_gate_fails_when_a_flaw_survives(void **state)
{
    struct program *program = *state;
    char path[2 * PROGRAM_PATH_SIZE];

    program_path(program, "gate", path, sizeof(path));
    CHECK(mkdir(path, 0755) == 0);
    /* With everybody honest there is nothing to see. */
    program_write(program, "gate/own_lock.yaml", "seats: 4\n", 9);
    RUN(program, "gate", "--flaw", "own_lock", "--starts", "2", "--limit", "3", "--scenarios", ".");
    assert_exit(program, 1);
    assert_says(program, "SURVIVED");
}

static void the_gate_fails_when_one_start_misses_a_flaw(void **state)
{
    struct program *program = *state;
    char least[32];

    RUN(program, "gate", "--flaw", "two_f_plus_one", "--starts", "3", "--json");
    assert_exit(program, 0);
    const struct tree *entry = program_json(program)->child;

    assert_true(tree_get(entry, "least")->integer < tree_get(entry, "most")->integer);
    (void)snprintf(least, sizeof(least), "%s", tree_get(entry, "least")->text);
    RUN(program, "gate", "--flaw", "two_f_plus_one", "--starts", "3", "--limit", least);
    assert_exit(program, 1);
    assert_says(program, "SURVIVED");
}

static void the_true_protocol_passes_the_gate(void **state)
{
    struct program *program = *state;

    RUN(program, "gate", "--true-seeds", "60");
    assert_exit(program, 0);
    assert_says(program, "mixed: 60 seeds from 1, 0 failed an oracle");
    RUN(program, "gate", "--accountability-seeds", "60", "--json");
    assert_exit(program, 0);
    assert_says(program, "\"failed\":0,\"first\":1,\"scenario\":\"accountability\",\"seeds\":60}");
}

static void our_scenarios_are_known_by_name(void **state)
{
    struct program *program = *state;

    RUN(program, "run", "mixed", "--seed", "3");
    assert_exit(program, 0);
    RUN(program, "run", "mixt");
    assert_exit(program, 4);
    assert_says(program, "cannot open mixt");
}

static void what_does_not_fail_is_not_shrunk(void **state)
{
    struct program *program = *state;

    RUN(program, "shrink", "trial.yaml", "--seed", "3");
    assert_exit(program, 4);
    assert_says(program, "no oracle fails at seed 3: nothing to shrink");
}

static void misuse_is_explained(void **state)
{
    static const char *const table[][8] = {
        {"swep", NULL, "there is no command 'swep'; did you mean sweep"},
        {"run", NULL, "want: aims-sim run SCENARIO; see aims-sim run -h"},
        {"run", "trial.yaml", "--sed", "4", NULL, "there is no option --sed; did you mean --seed?"},
        {"run", "trial.yaml", "--seed", "x", NULL,
         "--seed 'x': want a number 0 to 9007199254740991"},
        {"run", "trial.yaml", "--crypto", "fast", NULL, "--crypto 'fast': want real or stub"},
        {"sweep", "trial.yaml", "--seeds", "9..1", NULL, "want two numbers A..B, A not above B"},
        {"sweep", "trial.yaml", "--seeds=1..9", "--shard", "4/3", NULL, "want I/K, I from 1 to K"},
        {"sweep", "trial.yaml", "--seeds=1..9", "--resume", NULL, "--resume goes on with a file"},
        {"plot", "trial.yaml", "--kind=loss", NULL, "-o is missing"},
        {"gate", "--flaw", "none", NULL, "--flaw 'none': there is no such flaw"},
    };
    struct program *program = *state;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        size_t end = 0;

        while (table[i][end] != NULL) {
            end++;
        }
        program_run(program, table[i]);
        assert_exit(program, 2);
        assert_says(program, table[i][end + 1]);
    }
}

static void every_command_explains_itself(void **state)
{
    static const char *const names[] = {"run",     "sweep", "replay", "shrink",
                                        "summary", "plot",  "gate"};
    struct program *program = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        RUN(program, names[i], "-h");
        assert_exit(program, 0);
        assert_says(program, "  aims-sim ");
        assert_int_equal(program->err.size, 0);
        RUN(program, "-h");
        assert_says(program, names[i]);
    }
}

/* Whoever adds a column or a strategy has to write down what it is. */
static void the_manual_names_every_column_and_strategy(void **state)
{
    struct program *program = *state;
    struct buffer manual = {0};
    struct buffer header = {0};
    FILE *file = fopen(AIMS_SOURCE_DIR "/docs/SIMULATOR.md", "rb");
    char block[4096];
    char mark[128];
    size_t size = 0;

    (void)program;
    CHECK(file != NULL);
    while ((size = fread(block, 1, sizeof(block), file)) > 0) {
        buffer_append(&manual, block, size);
    }
    CHECK(fclose(file) == 0);
    record_header(&header);
    for (char *name = (char *)header.data; name != NULL;) {
        char *comma = strchr(name, ',');

        if (comma != NULL) {
            *comma = '\0';
        }
        (void)snprintf(mark, sizeof(mark), "`%s`", name);
        if (strstr(buffer_text(&manual), mark) == NULL) {
            fail_msg("docs/SIMULATOR.md does not name the column %s", mark);
        }
        name = comma == NULL ? NULL : comma + 1;
    }
    for (unsigned i = SETUP_HONEST + 1; i < SETUP_STRATEGY_COUNT; i++) {
        (void)snprintf(mark, sizeof(mark), "`%s`", strategy_get((enum setup_strategy)i)->name);
        if (strstr(buffer_text(&manual), mark) == NULL) {
            fail_msg("docs/SIMULATOR.md does not name the strategy %s", mark);
        }
    }
    buffer_finish(&manual);
    buffer_finish(&header);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_trial, program_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_seed_always_gives_the_same_run),
        TEST(a_trace_is_replayed_and_a_changed_line_is_named),
        TEST(every_part_of_a_setup_survives_its_trace),
        TEST(real_signatures_change_no_event),
        TEST(a_sweep_is_the_same_with_any_number_of_jobs),
        TEST(shards_put_together_are_the_whole),
        TEST(an_interrupted_sweep_goes_on_where_it_ended),
        TEST(a_summary_groups_the_rows),
        TEST(a_plot_is_data_and_a_script_for_gnuplot),
        TEST(a_plot_without_gnuplot_says_so_and_keeps_its_script),
        TEST(the_gate_finds_shrinks_and_repeats_a_flaw),
        TEST(the_gate_fails_when_a_flaw_survives),
        TEST(the_gate_fails_when_one_start_misses_a_flaw),
        TEST(the_true_protocol_passes_the_gate),
        TEST(our_scenarios_are_known_by_name),
        TEST(what_does_not_fail_is_not_shrunk),
        TEST(misuse_is_explained),
        TEST(every_command_explains_itself),
        TEST(the_manual_names_every_column_and_strategy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
