/* Scenarios: what a seed draws, and what is refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/check.h"
#include "sim/fixed.h"
#include "sim/flaws.h"
#include "sim/scenario.h"
#include "sim/strategy.h"

struct fixture {
    struct scenario *scenario;
    struct setup setup;
    struct error error;
};

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return *state == NULL;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    scenario_destroy(fixture->scenario);
    free(fixture);
    return 0;
}

static void parse(struct fixture *fixture, const char *text)
{
    scenario_destroy(fixture->scenario);
    fixture->scenario = NULL;
    if (!scenario_parse(bytes_of_text(text), "s.yaml", &fixture->scenario, &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
}

static const struct setup *draw(struct fixture *fixture, uint64_t seed)
{
    if (!scenario_draw(fixture->scenario, seed, &fixture->setup, &fixture->error)) {
        fail_msg("seed %u: %s", (unsigned)seed, fixture->error.message);
    }
    return &fixture->setup;
}

static void what_a_scenario_leaves_out_is_as_in_production(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "seats: 33\n");
    const struct setup *setup = draw(fixture, 7);

    assert_int_equal(setup->seat_count, 33);
    assert_int_equal(setup->faulty_max, 10);
    assert_int_equal(setup->coordinator_count, 1);
    assert_int_equal(setup->case_count, 1);
    assert_int_equal(setup->view_ms, 3000);
    assert_int_equal(setup->attempt_count, 64);
    assert_int_equal(setup->phase_count, 1);
    assert_true(setup->phases[0].is_attack);
    assert_int_equal(setup->phases[0].loss, 0);
    assert_int_equal(setup->fault_count, 0);
    assert_int_equal(setup->ruleset_count, 0);
    assert_int_equal(setup->limit_ms, 14400000);
    assert_int_equal(setup->settled_ms, 7200000);
    assert_false(setup->is_crypto_real);
    assert_null(setup->matrix);
}

static void a_range_gives_each_of_its_numbers_and_no_other(void **state)
{
    struct fixture *fixture = *state;
    unsigned counts[8] = {0};

    parse(fixture, "seats: {from: 4, to: 7}\n");
    for (uint64_t seed = 0; seed < 4000; seed++) {
        unsigned seats = draw(fixture, seed)->seat_count;

        assert_in_range(seats, 4, 7);
        counts[seats]++;
    }
    for (unsigned seats = 4; seats <= 7; seats++) {
        assert_in_range(counts[seats], 850, 1150);
    }
}

static void a_list_gives_one_of_its_alternatives(void **state)
{
    struct fixture *fixture = *state;
    unsigned counts[34] = {0};

    parse(fixture, "seats: [5, {from: 8, to: 9}, 33]\n");
    for (uint64_t seed = 0; seed < 3000; seed++) {
        counts[draw(fixture, seed)->seat_count]++;
    }
    assert_in_range(counts[5], 850, 1150);
    assert_in_range(counts[8] + counts[9], 850, 1150);
    assert_in_range(counts[33], 850, 1150);
    assert_int_equal(counts[5] + counts[8] + counts[9] + counts[33], 3000);
}

static void every_uses_each_combination_equally(void **state)
{
    struct fixture *fixture = *state;
    unsigned counts[8][3] = {{0}};

    parse(fixture, "seats: {every: {from: 4, to: 7}}\ncoordinators: {every: [1, 2]}\n");
    for (uint64_t seed = 1000; seed < 1080; seed++) {
        const struct setup *setup = draw(fixture, seed);

        counts[setup->seat_count][setup->coordinator_count]++;
    }
    for (unsigned seats = 4; seats <= 7; seats++) {
        assert_int_equal(counts[seats][1], 10);
        assert_int_equal(counts[seats][2], 10);
    }
}

static void sums_follow_the_council_that_was_drawn(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "seats: 33\ncoordinators: 3\ncases: 2q - n\ncriteria: f+1\nfaults:\n"
                   "  - {who: seats, count: f, strategy: silent}\n"
                   "  - {who: chairs, count: m-1, strategy: silent}\n");
    const struct setup *setup = draw(fixture, 1);

    assert_int_equal(setup->case_count, 11);
    assert_int_equal(setup->criterion_count, 11);
    assert_int_equal(setup->fault_count, 12);
    parse(fixture, "seats: 5\ncases: q\n");
    assert_int_equal(draw(fixture, 1)->case_count, 4);
}

static void chances_are_parts_in_a_million(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "seats: 4\ntrue_share: 1\nnetwork: {loss: 0.05, duplicate: 0.000001, "
                   "reorder: {from: 0.1, to: 0.2}}\n");
    for (uint64_t seed = 0; seed < 200; seed++) {
        const struct setup *setup = draw(fixture, seed);

        assert_int_equal(setup->true_share, 1000000);
        assert_int_equal(setup->phases[0].loss, 50000);
        assert_int_equal(setup->phases[0].duplicate, 1);
        assert_in_range(setup->phases[0].reorder, 100000, 200000);
    }
}

static void no_node_has_two_faults(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "seats: {from: 4, to: 33}\ncoordinators: {from: 1, to: 4}\nfaults:\n"
                   "  - {count: f, strategy: any, mixed: true}\n"
                   "  - {count: n, strategy: crash, mixed: true}\n"
                   "  - {who: chairs, count: {from: 0, to: m - 1}, strategy: any}\n");
    for (uint64_t seed = 0; seed < 500; seed++) {
        const struct setup *setup = draw(fixture, seed);
        unsigned seats[QUORUM_SEATS_MAX] = {0};
        unsigned chairs[QUORUM_COORDINATORS_MAX] = {0};
        unsigned byzantine = 0;

        for (size_t i = 0; i < setup->fault_count; i++) {
            const struct setup_fault *fault = &setup->faults[i];
            const struct strategy *strategy = strategy_get(fault->strategy);

            assert_int_equal((fault->is_seat ? seats : chairs)[fault->node]++, 0);
            assert_true(fault->is_seat ? strategy->is_for_seats : strategy->is_for_chairs);
            assert_in_range(fault->node, 0,
                            (fault->is_seat ? setup->seat_count : setup->coordinator_count) - 1);
            byzantine += fault->is_seat && strategy->is_byzantine ? 1 : 0;
        }
        assert_int_equal(byzantine, setup->faulty_max);
        for (uint8_t seat = 0; seat < setup->seat_count; seat++) {
            assert_int_equal(seats[seat], 1);
        }
    }
}

static void faults_stand_where_they_are_placed(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture,
          "seats: 9\nfaults:\n"
          "  - {count: 2, place: last, strategy: silent}\n"
          "  - {count: 1, place: first, strategy: late, value: 70, group: 3}\n"
          "  - {nodes: [4], strategy: crash, value: 5, other: 6, from_ms: 10, for_ms: 20}\n"
          "  - {nodes: [5], strategy: noise, from_ms: 30}\n");
    const struct setup *setup = draw(fixture, 3);

    assert_int_equal(setup->fault_count, 5);
    assert_int_equal(setup->faults[0].node, 8);
    assert_int_equal(setup->faults[1].node, 7);
    assert_int_equal(setup->faults[2].node, 0);
    assert_int_equal(setup->faults[2].value, 70);
    assert_int_equal(setup->faults[2].group, 3);
    assert_int_equal(setup->faults[2].until_ms, 0);
    assert_int_equal(setup->faults[3].node, 4);
    assert_int_equal(setup->faults[3].value, 5);
    assert_int_equal(setup->faults[3].other, 6);
    assert_int_equal(setup->faults[3].from_ms, 10);
    assert_int_equal(setup->faults[3].until_ms, 30);
    assert_int_equal(setup->faults[4].until_ms, setup->limit_ms);
}

static void mixed_nodes_draw_for_themselves_and_others_together(void **state)
{
    struct fixture *fixture = *state;
    unsigned different = 0;

    parse(fixture, "seats: 33\nfaults: [{count: 10, strategy: any, mixed: true}]\n");
    for (uint64_t seed = 0; seed < 20; seed++) {
        const struct setup *setup = draw(fixture, seed);

        for (size_t i = 1; i < 10; i++) {
            different += setup->faults[i].strategy != setup->faults[0].strategy ? 1 : 0;
        }
    }
    assert_in_range(different, 120, 180);
    parse(fixture, "seats: 33\nfaults: [{count: 10, strategy: any}]\n");
    for (uint64_t seed = 0; seed < 20; seed++) {
        const struct setup *setup = draw(fixture, seed);

        for (size_t i = 1; i < 10; i++) {
            assert_int_equal(setup->faults[i].strategy, setup->faults[0].strategy);
            assert_int_equal(setup->faults[i].value, setup->faults[0].value);
        }
    }
}

static void phases_follow_each_other_and_the_last_one_settles(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "seats: 4\nphases:\n  - {for_ms: 100}\n"
                   "  - {for_ms: 250, attack: true, loss: 0.5, delay: {kind: normal, mean_us: 900, "
                   "deviation_us: 30}}\n"
                   "  - {delay: {kind: log_normal, median_us: 20000, sigma: 0.25}}\n");
    const struct setup *setup = draw(fixture, 1);

    assert_int_equal(setup->phase_count, 3);
    assert_false(setup->phases[0].is_attack);
    assert_int_equal(setup->phases[1].from_ms, 100);
    assert_true(setup->phases[1].is_attack);
    assert_int_equal(setup->phases[1].delay.kind, SETUP_DELAY_NORMAL);
    assert_int_equal(setup->phases[1].delay.a, 900);
    assert_int_equal(setup->phases[2].from_ms, 350);
    assert_int_equal(setup->phases[2].delay.b, 250);
    assert_int_equal(setup->settled_ms, 350);
}

static void a_partition_has_the_sides_that_are_named_or_counted(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "seats: 70\ncoordinators: 3\npartitions:\n"
                   "  - {from_ms: 5, for_ms: 7, seat_nodes: [0, 69], chair_nodes: [2]}\n"
                   "  - {seats: 12, chairs: 2}\n");
    const struct setup *setup = draw(fixture, 9);

    assert_int_equal(setup->partition_count, 2);
    assert_int_equal(setup->partitions[0].until_ms, 12);
    assert_true(seat_set_has(&setup->partitions[0].seats, 69));
    assert_int_equal(seat_set_count(&setup->partitions[0].seats), 2);
    assert_int_equal(setup->partitions[0].chairs, 4);
    assert_int_equal(seat_set_count(&setup->partitions[1].seats), 12);
    assert_int_equal(__builtin_popcount(setup->partitions[1].chairs), 2);
}

static void rule_sets_cover_seats_one_after_another(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "seats: 9\ncriteria: 2\nrulesets:\n"
                   "  - {seats: 0}\n"
                   "  - {seats: 4, false_fail: 0.1, shared: true, no_answer: 0.01}\n"
                   "  - {false_pass: {per_criterion: [0.2, 0.3]}}\n");
    const struct setup *setup = draw(fixture, 9);

    assert_int_equal(setup->ruleset_count, 2);
    assert_int_equal(setup->rulesets[0].first_seat, 0);
    assert_int_equal(setup->rulesets[0].last_seat, 3);
    assert_true(setup->rulesets[0].is_shared);
    assert_int_equal(setup->rulesets[0].false_fail[1], 100000);
    assert_int_equal(setup->rulesets[0].no_answer, 10000);
    assert_int_equal(setup->rulesets[1].first_seat, 4);
    assert_int_equal(setup->rulesets[1].last_seat, 8);
    assert_int_equal(setup->rulesets[1].false_pass[0], 200000);
    assert_int_equal(setup->rulesets[1].false_pass[1], 300000);
}

/* Two files that a scenario names, in a folder of their own. */
static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK(fclose(file) == 0);
}

static void remove_file(const char *folder, const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    CHECK(remove(path) == 0);
}

static void rates_and_latencies_come_from_files(void **state)
{
    struct fixture *fixture = *state;
    char folder[] = "/tmp/aims-scenario-test-XXXXXX";
    char path[256];

    CHECK(mkdtemp(folder) != NULL);
    write_file(folder, "answers.csv",
               "ruleset,criterion,truth,answer,count\n"
               "a,C1,met,met,90\na,C1,met,not_met,10\na,C2,not_met,met,1\n"
               "a,C2,not_met,not_met,3\na,C2,met,insufficient,104\nb,C1,met,not_met,7\n");
    write_file(folder, "wan.csv", "rome,oslo\n100,20000\n30000,200\n");
    write_file(folder, "s.yaml",
               "seats: 4\ncoordinators: 1\ncriteria: 2\nmatrix: wan.csv\n"
               "network: {delay: {kind: matrix, jitter_us: 5}}\n"
               "rulesets: [{verdicts: answers.csv, name: a}]\n");
    (void)snprintf(path, sizeof(path), "%s/s.yaml", folder);
    if (!scenario_load(path, &fixture->scenario, &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
    const struct setup *setup = draw(fixture, 1);

    assert_string_equal(scenario_name(fixture->scenario), "s");
    assert_int_equal(setup->rulesets[0].false_fail[0], 100000);
    assert_int_equal(setup->rulesets[0].false_pass[0], 0);
    assert_int_equal(setup->rulesets[0].false_pass[1], 250000);
    assert_int_equal(setup->rulesets[0].no_answer, 500000);
    /* Nodes 0, 2 and the coordinator are in Rome, 1 and 3 in Oslo. */
    assert_int_equal(setup->matrix[0 * 5 + 1], 20000);
    assert_int_equal(setup->matrix[1 * 5 + 0], 30000);
    assert_int_equal(setup->matrix[4 * 5 + 2], 100);
    assert_int_equal(setup->matrix[3 * 5 + 1], 200);
    remove_file(folder, "answers.csv");
    remove_file(folder, "wan.csv");
    remove_file(folder, "s.yaml");
    CHECK(remove(folder) == 0);
}

static void a_setup_written_down_is_drawn_again_by_any_seed(void **state)
{
    struct fixture *fixture = *state;
    struct fixture *again = calloc(1, sizeof(*again));
    struct buffer first = {0};
    struct buffer second = {0};

    CHECK(again != NULL);
    parse(fixture,
          "seats: {from: 4, to: 33}\ncoordinators: {from: 1, to: 4}\ncases: {from: 1, to: 3}\n"
          "criteria: {from: 1, to: 5}\ntrue_share: {from: 0, to: 1}\n"
          "client: {hostile: [true, false], attempts: {from: 1, to: 9}}\n"
          "matrix: [[1, 2], [3, 4]]\nsettled_ms: {from: 0, to: 9}\n"
          "assessment: {kind: normal, mean_ms: {from: 5, to: 50}, deviation_ms: 3}\n"
          "phases:\n  - {for_ms: {from: 1, to: 99}, clog: 0.1, clog_ms: 4, asymmetry: 0.5}\n"
          "  - {attack: [true, false], delay: [{kind: matrix, jitter_us: 7}, {kind: fixed, us: 3}, "
          "{kind: log_normal, median_us: 5, sigma: {from: 0, to: 2}}]}\n"
          "partitions: [{seats: {from: 0, to: n}, chairs: {from: 0, to: m}, from_ms: {from: 0, to: "
          "9}}]\n"
          "faults:\n  - {count: {from: 0, to: n}, strategy: any, mixed: true, group: 2}\n"
          "  - {who: chairs, count: {from: 0, to: m}, strategy: any, mixed: true, from_ms: 3}\n"
          "rulesets:\n  - {seats: {from: 0, to: 9}, false_fail: {from: 0, to: 0.3}, shared: [true, "
          "false]}\n  - {false_pass: 0.25, no_answer: {from: 0, to: 0.01}}\n");
    for (uint64_t seed = 0; seed < 300; seed++) {
        buffer_clear(&first);
        buffer_clear(&second);
        fixed_write(draw(fixture, seed), "t", seed % 2 == 0, &first);
        parse(again, buffer_text(&first));
        fixed_write(draw(again, seed * 31 + 5), "t", seed % 2 == 0, &second);
        assert_string_equal(buffer_text(&first), buffer_text(&second));
    }
    buffer_finish(&first);
    buffer_finish(&second);
    scenario_destroy(again->scenario);
    free(again);
}

static void mistakes_are_named_with_their_place(void **state)
{
    static const char *const table[][2] = {
        {"coordinators: 1\n", "s.yaml:1:1: \"seats\" is missing, want 1 to 127"},
        {"seats: 200\n", "s.yaml:1:8: \"seats\" is 200, want 1 to 127"},
        {"seats: 4\nfaulty_max: 2\n", "s.yaml:2:13: \"faulty_max\" is 2, want 0 to 1"},
        {"seats: 4\nseets: 5\n",
         "s.yaml:2:8: \"seets\" is not known here; did you mean \"seats\"?"},
        {"seats: [4, 300]\n", "s.yaml:1:12: this is 300, want 1 to 127"},
        {"seats: []\n", "s.yaml:1:8: the list is empty, want at least one alternative"},
        {"seats: {from: 7, to: 4}\n",
         "s.yaml:1:8: the range goes from 7 to 4, want the smaller number first"},
        {"seats: {from: 7}\n", "s.yaml:1:8: \"to\" is missing in a range {from: A, to: B}"},
        {"seats: {every: 7}\n", "s.yaml:1:16: want a list of what \"every\" goes through"},
        {"seats: q\n", "s.yaml:1:8: 'q' is no number; want one with at most 0 decimals, or a sum "
                       "with n, f, q and m where these are known"},
        {"seats: 4\nnetwork: {loss: 1.5}\n", "s.yaml:2:17: \"loss\" is 1.500000, want 0 to 1"},
        {"seats: 4\nnetwork: {delay: {kind: slow}}\n",
         "s.yaml:2:25: want a map with \"kind\": fixed, uniform, normal, log_normal or matrix"},
        {"seats: 4\nnetwork: {delay: {kind: fixed, ms: 3}}\n",
         "s.yaml:2:36: \"ms\" is not known here; did you mean \"us\"?"},
        {"seats: 4\nnetwork: {delay: {kind: uniform, from_us: 9, to_us: 3}}\n",
         "s.yaml:2:18: the delay goes from 9 to 3, want the smaller first"},
        {"seats: 4\nphases: [{}, {}]\n",
         "s.yaml:2:10: \"for_ms\" is missing: only the last phase goes on to the end"},
        {"seats: 4\nphases: [{for_ms: 5}]\n",
         "s.yaml:2:19: the last phase goes on to the end, without \"for_ms\""},
        {"seats: 4\nfaults: [{strategy: silant}]\n",
         "s.yaml:2:21: seats have no strategy 'silant'; did you mean silent"},
        {"seats: 4\nfaults: [{strategy: censor}]\n",
         "s.yaml:2:21: seats have no strategy 'censor'; want a name, a list of names, or any"},
        {"seats: 4\nfaults: [{count: 2}]\n",
         "s.yaml:2:10: \"strategy\" is missing, want what these nodes do"},
        {"seats: 4\nfaults: [{nodes: [1, 1], strategy: silent}]\n",
         "s.yaml:2:22: seat 1 is named already"},
        {"seats: 4\nfaults: [{nodes: [4], strategy: silent}]\n",
         "s.yaml:2:19: this is 4, want 0 to 3"},
        {"seats: 4\nfaults: [{who: judges, strategy: silent}]\n",
         "s.yaml:2:16: \"who\" wants seats or chairs"},
        {"seats: 4\nrulesets: [{false_fail: {per_criterion: [1]}}]\n",
         "s.yaml:2:41: want a list of 8 chances, one per criterion"},
        {"seats: 4\ntimes: {view_ms: 9, view_ms_max: 3}\n",
         "s.yaml:2:8: \"view_ms\" is more than \"view_ms_max\""},
        {"seats: 4\nmatrix: [[1, 2]]\n",
         "s.yaml:2:10: the latencies are 1 rows of 2, want as many rows as columns, at most 134"},
        {"seats: 4\nflaw: own_lock\n",
         "s.yaml:2:7: this program holds no flaws; use aims-sim-flawed"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        fixture->error.message[0] = '\0';
        assert_false(scenario_parse(bytes_of_text(table[i][0]), "s.yaml", &fixture->scenario,
                                    &fixture->error));
        assert_string_equal(fixture->error.message, table[i][1]);
    }
}

static void a_mistake_in_a_branch_is_found_at_once(void **state)
{
    struct fixture *fixture = *state;

    assert_false(scenario_parse(
        bytes_of_text("seats: 4\nnetwork: {delay: [{kind: fixed, us: 1}, {kind: fixed, us: 1}, "
                      "{kind: fixed, us: 1}, {kind: fixed, us: 1}, {kind: fixed}]}\n"),
        "s.yaml", &fixture->scenario, &fixture->error));
    assert_string_equal(fixture->error.message, "s.yaml:2:107: \"us\" is missing in a fixed delay");
}

static void every_example_draws_ten_thousand_seeds(void **state)
{
    static const char *const names[] = {"mixed",   "accountability", "findings", "domain",
                                        "latency", "loss",           "views",    "censor",
                                        "traffic", "throughput",     "types"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[512];

        (void)snprintf(path, sizeof(path), AIMS_SOURCE_DIR "/examples/scenarios/%s.yaml", names[i]);
        scenario_destroy(fixture->scenario);
        fixture->scenario = NULL;
        if (!scenario_load(path, &fixture->scenario, &fixture->error)) {
            fail_msg("%s", fixture->error.message);
        }
        for (uint64_t seed = 0; seed < 10000; seed++) {
            (void)draw(fixture, seed);
        }
    }
}

static void every_flaw_has_a_scenario(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < FLAWS_COUNT; i++) {
        char path[512];

        (void)snprintf(path, sizeof(path), AIMS_SOURCE_DIR "/examples/scenarios/gate/%s.yaml",
                       flaws_name(i));
        scenario_destroy(fixture->scenario);
        fixture->scenario = NULL;
        if (!scenario_load(path, &fixture->scenario, &fixture->error)) {
            fail_msg("%s", fixture->error.message);
        }
        for (uint64_t seed = 0; seed < 1000; seed++) {
            (void)draw(fixture, seed);
        }
    }
}

static void every_strategy_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = SETUP_HONEST + 1; i < SETUP_STRATEGY_COUNT; i++) {
        const struct strategy *strategy = strategy_get((enum setup_strategy)i);

        assert_non_null(strategy->name);
        assert_int_equal(strategy_of_name(strategy->name), i);
        assert_true(strategy->is_for_seats || strategy->is_for_chairs);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_scenario_leaves_out_is_as_in_production),
        TEST(a_range_gives_each_of_its_numbers_and_no_other),
        TEST(a_list_gives_one_of_its_alternatives),
        TEST(every_uses_each_combination_equally),
        TEST(sums_follow_the_council_that_was_drawn),
        TEST(chances_are_parts_in_a_million),
        TEST(no_node_has_two_faults),
        TEST(faults_stand_where_they_are_placed),
        TEST(mixed_nodes_draw_for_themselves_and_others_together),
        TEST(phases_follow_each_other_and_the_last_one_settles),
        TEST(a_partition_has_the_sides_that_are_named_or_counted),
        TEST(rule_sets_cover_seats_one_after_another),
        TEST(rates_and_latencies_come_from_files),
        TEST(a_setup_written_down_is_drawn_again_by_any_seed),
        TEST(mistakes_are_named_with_their_place),
        TEST(a_mistake_in_a_branch_is_found_at_once),
        TEST(every_example_draws_ten_thousand_seeds),
        TEST(every_flaw_has_a_scenario),
        TEST(every_strategy_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
