/* The protocol by whole conversations: golden traces, crashes at every action, seed sweeps. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "council/quorum.h"
#include "sim/world.h"

/* A quiet network: nothing is lost, messages take 10 ms, assessments 100. */
static struct setup quiet(uint8_t seat_count, uint8_t coordinator_count)
{
    struct setup setup = {
        .seat_count = seat_count,
        .faulty_max = quorum_faulty_max(seat_count),
        .coordinator_count = coordinator_count,
        .case_count = 1,
        .criterion_count = 4,
        .true_share = 800000,
        .attempt_count = 64,
        .client_wait_ms = 20000,
        .assess = {.kind = SETUP_DELAY_FIXED, .a = 100},
        .assess_ms = 5000,
        .settle_ms = 50,
        .hear_ms_min = 250,
        .view_ms = 1000,
        .view_ms_max = 60000,
        .repeat_ms = 1000,
        .repeat_ms_max = 8000,
        .phase_count = 1,
        .settled_ms = 60000,
        .limit_ms = 3600000,
    };

    setup.phases[0] =
        (struct setup_phase){.delay = {.kind = SETUP_DELAY_FIXED, .a = 10000}, .is_attack = true};
    return setup;
}

static struct world_report run(const struct setup *setup, uint64_t seed)
{
    struct world_report report;

    world_run(setup, seed, &report, NULL);
    if (report.failed != WORLD_OK) {
        fail_msg("n = %u: %s", setup->seat_count, report.failure);
    }
    return report;
}

/* The trace of SETUP is the file NAME beside this test. */
static void assert_trace(const struct setup *setup, const char *name)
{
    char path[512];
    struct buffer expected = {0};
    struct buffer trace = {0};
    struct world_report report;
    int byte;

    (void)snprintf(path, sizeof(path), "%s/tests/sim/%s", AIMS_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    while ((byte = fgetc(file)) != EOF) {
        buffer_append_byte(&expected, (uint8_t)byte);
    }
    (void)fclose(file);
    world_run(setup, 1, &report, &trace);
    bool is_same = strcmp(buffer_text(&trace), buffer_text(&expected)) == 0;

    if (!is_same) {
        (void)fputs(buffer_text(&trace), stdout);
    }
    buffer_finish(&trace);
    buffer_finish(&expected);
    assert_true(is_same);
    assert_int_equal(report.failed, WORLD_OK);
}

static void one_seat_decides_in_one_conversation(void **state)
{
    struct setup setup = quiet(1, 1);

    (void)state;
    assert_trace(&setup, "one_seat.txt");
}

static void a_quiet_council_concludes_every_case_in_view_one(void **state)
{
    static const uint8_t sizes[] = {4, 5, 8, 33};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes); i++) {
        struct setup setup = quiet(sizes[i], 3);
        struct world_report report = run(&setup, 7);

        assert_int_equal(report.conclusive_count, 1);
        assert_int_equal(report.view_max, 1);
        /* SUBMIT, ASSIGN, assessment, VERDICT, computing, PROPOSE, computing, PREPARE, CERTIFY,
         * COMMIT, RESULT. */
        assert_int_equal(report.latency_sum_ms,
                         10 + 10 + 100 + 10 + 1 + 10 + 1 + 10 + 10 + 10 + 10);
    }
}

static void add_fault(struct setup *setup, bool is_seat, uint8_t node, enum setup_strategy strategy,
                      uint32_t value, uint32_t other)
{
    setup->faults[setup->fault_count++] = (struct setup_fault){
        .is_seat = is_seat, .node = node, .strategy = strategy, .value = value, .other = other};
}

static void f_silent_seats_delay_the_result_by_the_hearing_time_only(void **state)
{
    struct setup setup = quiet(33, 1);

    (void)state;
    for (uint8_t seat = 23; seat < 33; seat++) {
        add_fault(&setup, true, seat, SETUP_SILENT, 0, 0);
    }
    /* All 23 are alike: 50 ms after the q-th verdict, and 50 ms after the q-th COMMIT. */
    assert_int_equal(run(&setup, 1).latency_sum_ms, 182 + 50 + 50);
}

static void eleven_silent_seats_of_33_leave_a_quorum_and_twelve_do_not(void **state)
{
    struct setup setup = quiet(33, 1);

    (void)state;
    for (uint8_t seat = 22; seat < 33; seat++) {
        add_fault(&setup, true, seat, SETUP_SILENT, 0, 0);
    }
    assert_int_equal(run(&setup, 1).conclusive_count, 1);
    add_fault(&setup, true, 21, SETUP_SILENT, 0, 0);
    assert_int_equal(run(&setup, 1).decided_count, 0);
}

static void another_coordinator_finishes_what_a_dead_one_began(void **state)
{
    struct setup setup = quiet(5, 3);

    (void)state;
    for (uint32_t action = 1; action < 40; action++) {
        setup.fault_count = 0;
        add_fault(&setup, false, 0, SETUP_CRASH, action, 0);
        struct world_report report = run(&setup, action);

        assert_int_equal(report.conclusive_count, 1);
    }
}

static void a_seat_cut_off_gets_the_certificate_when_it_is_back(void **state)
{
    struct setup setup = quiet(5, 2);

    (void)state;
    setup.partition_count = 1;
    setup.partitions[0] =
        (struct setup_partition){.from_ms = 120, .until_ms = 5000, .seats = {{1 << 2, 0}}};
    struct world_report report = run(&setup, 1);

    assert_int_equal(report.conclusive_count, 1);
    assert_true(report.now_ms >= 5000);
}

/* Crashes of one node after each of its actions, to the first that it never comes to. */
static void a_crash_after_any_action_of_any_node_delays_and_never_divides(void **state)
{
    static const uint8_t sizes[] = {5, 8};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes); i++) {
        struct setup setup = quiet(sizes[i], 2);
        uint64_t whole = run(&setup, 1).hash;

        for (unsigned node = 0; node < sizes[i] + 2U; node++) {
            bool is_seat = node < sizes[i];
            uint8_t number = (uint8_t)(is_seat ? node : node - sizes[i]);
            uint32_t action = 0;
            struct world_report report;

            do {
                setup.fault_count = 0;
                add_fault(&setup, is_seat, number, SETUP_CRASH, action++, 400);
                report = run(&setup, 1);
                assert_int_equal(report.conclusive_count, 1);
            } while (report.hash != whole);
            assert_true(action > 5);
        }
    }
}

static void seat_and_chair_that_crash_together_still_decide(void **state)
{
    struct setup setup = quiet(5, 2);

    (void)state;
    for (uint32_t a = 0; a < 16; a++) {
        for (uint32_t b = 0; b < 40; b++) {
            setup.fault_count = 0;
            add_fault(&setup, true, 0, SETUP_CRASH, a, 300);
            add_fault(&setup, false, 0, SETUP_CRASH, b, 500);
            assert_int_equal(run(&setup, 1).conclusive_count, 1);
        }
    }
}

static void a_crash_at_the_same_time_as_another_seats_end_still_decides(void **state)
{
    struct setup setup = quiet(5, 2);

    (void)state;
    /* Seat 4 misses the proposal; seat 0 falls silent for good; the chair restarts. */
    setup.partition_count = 1;
    setup.partitions[0] =
        (struct setup_partition){.from_ms = 130, .until_ms = 145, .seats = {{1 << 4, 0}}};
    for (uint32_t a = 0; a < 30; a++) {
        for (uint32_t b = 0; b < 16; b++) {
            setup.fault_count = 0;
            add_fault(&setup, false, 0, SETUP_CRASH, a, 30);
            add_fault(&setup, true, 0, SETUP_CRASH, b, 0);
            assert_int_equal(run(&setup, 1).conclusive_count, 1);
        }
    }
}

/* A coordinator that has seen only one of two verdicts cannot know of the other. */
static void equivocators_are_proved_and_nobody_else(void **state)
{
    uint32_t proved = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct setup setup = quiet(8, 2);

        add_fault(&setup, true, 6, SETUP_TWO_VERDICTS, 0, 0);
        add_fault(&setup, true, 7, SETUP_TWO_VERDICTS, 0, 0);
        struct world_report report = run(&setup, seed);

        assert_int_equal(report.faulty_count, 2);
        assert_int_equal(report.accused_count, report.proved_count);
        assert_true(report.proofs[MISCONDUCT_TWO_VERDICTS] >= report.proved_count);
        proved += report.proved_count;
    }
    assert_true(proved >= 8);
}

static void real_signatures_give_the_same_run_as_stub_ones(void **state)
{
    struct setup setup = quiet(5, 2);

    (void)state;
    add_fault(&setup, true, 4, SETUP_FORGE, 0, 0);
    add_fault(&setup, false, 0, SETUP_TWO_PROPOSALS, 0, 0);
    uint64_t stub = run(&setup, 9).hash;

    setup.is_crypto_real = true;
    assert_int_equal(run(&setup, 9).hash, stub);
}

/* ---- sweeps ---- */

static uint32_t value_of(enum setup_strategy strategy, struct random *random)
{
    switch ((int)strategy) {
    case SETUP_LATE:
        return random_below(random, 3000);
    case SETUP_CRASH:
    case SETUP_OLD_BACKUP:
    case SETUP_LOST_ROW:
    case SETUP_UNSYNCED:
        return random_below(random, 60);
    case SETUP_SELECTIVE:
        return random_below(random, 16);
    case SETUP_BIASED:
        return 300000;
    default:
        return 1 + random_below(random, 3);
    }
}

static enum setup_strategy draw_chair_strategy(struct random *random)
{
    uint32_t common = SETUP_REPLAY;
    uint32_t own = SETUP_STRATEGY_COUNT - SETUP_TWO_DOCKETS;
    uint32_t pick = random_below(random, common + own);

    return (enum setup_strategy)(pick < common ? pick + 1 : SETUP_TWO_DOCKETS + pick - common);
}

static void draw_network(struct setup *setup, struct random *random)
{
    struct setup_phase *phase = &setup->phases[0];
    uint32_t spread = random_below(random, 700);

    phase->delay = (struct setup_delay){SETUP_DELAY_LOG_NORMAL, 20000, 300 + spread};
    phase->loss = random_below(random, 150000);
    phase->duplicate = random_below(random, 100000);
    phase->reorder = random_below(random, 100000);
    if (random_below(random, 3) == 0) {
        struct setup_partition *partition = &setup->partitions[setup->partition_count++];

        partition->from_ms = random_below(random, 4000);
        partition->until_ms = partition->from_ms + random_below(random, 12000);
        partition->seats.words[0] = random_next(random);
        partition->chairs = (uint8_t)random_below(random, 16);
    }
}

/* f seats follow STRATEGY (0: none; the seats are as many as SEATS has), every coordinator but one
 * some strategy of its own; a few honest nodes crash; the network is bad for a while. */
static struct setup draw_setup(uint8_t seat_count, enum setup_strategy strategy, uint64_t seed)
{
    struct random random = {.state = seed * 1000 + seat_count * 50U + strategy};
    uint8_t coordinators = (uint8_t)(1 + random_below(&random, 4));
    struct setup setup = quiet(seat_count, coordinators);
    uint8_t first = (uint8_t)random_below(&random, seat_count);
    uint8_t honest = (uint8_t)random_below(&random, coordinators);
    uint32_t other;

    setup.case_count = (uint16_t)(1 + random_below(&random, 2));
    setup.client_wait_ms = 2000 + random_below(&random, 10000);
    setup.is_client_hostile = random_below(&random, 4) == 0;
    setup.assess = (struct setup_delay){SETUP_DELAY_UNIFORM, 50, 900};
    setup.settled_ms = 30000;
    draw_network(&setup, &random);
    for (uint8_t i = 0; i < setup.faulty_max && strategy != SETUP_HONEST; i++) {
        uint32_t value = value_of(strategy, &random);

        add_fault(&setup, true, (uint8_t)((first + i) % seat_count), strategy, value, 500);
    }
    for (uint8_t i = 0; i < 2; i++) {
        uint8_t seat = (uint8_t)((first + setup.faulty_max + i) % seat_count);

        other = 100 + random_below(&random, 3000);
        add_fault(&setup, true, seat, SETUP_CRASH, random_below(&random, 50), other);
    }
    for (uint8_t chair = 0; chair < coordinators; chair++) {
        enum setup_strategy its = chair == honest ? SETUP_CRASH : draw_chair_strategy(&random);
        uint32_t value = chair == honest ? random_below(&random, 200) : value_of(its, &random);

        other = 100 + random_below(&random, 3000);
        add_fault(&setup, false, chair, its, value, other);
    }
    return setup;
}

static void sweep(struct world *world, uint8_t seat_count, enum setup_strategy strategy,
                  uint64_t seeds)
{
    uint64_t hash = 0;

    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct setup setup = draw_setup(seat_count, strategy, seed);
        struct world_report report;

        world_run_in(world, &setup, seed, &report, NULL);
        if (report.failed != WORLD_OK) {
            fail_msg("n = %u, strategy %u: %s: %s", seat_count, (unsigned)strategy,
                     world_oracle_name(report.failed), report.failure);
        }
        hash = random_next(&(struct random){.state = hash ^ report.hash ^ report.signed_count});
    }
    /* One line a sweep: scripts/test.sh compares them between compilers. */
    printf("sweep n=%u strategy %u hash %016llx\n", seat_count, (unsigned)strategy,
           (unsigned long long)hash);
}

static void whatever_f_seats_and_all_coordinators_but_one_do_every_case_has_one_end(void **state)
{
    struct world *world = world_create();

    (void)state;
    for (int strategy = SETUP_HONEST; strategy < SETUP_TWO_DOCKETS; strategy++) {
        sweep(world, 5, (enum setup_strategy)strategy, 24);
        sweep(world, 8, (enum setup_strategy)strategy, 16);
        sweep(world, 33, (enum setup_strategy)strategy, 2);
    }
    world_destroy(world);
}

/* More than f and fewer than q liars, and two-faced coordinators: the council may be divided, and
 * then 2q - n are proved. The oracles see to it; here it is seen that it happens. */
static void more_than_f_liars_divide_the_council_and_are_proved(void **state)
{
    static const uint8_t sizes[] = {5, 8, 33};
    struct world *world = world_create();

    (void)state;
    for (size_t i = 0; i < sizeof(sizes); i++) {
        uint32_t divided = 0;

        for (uint64_t seed = 1; seed <= 40; seed++) {
            struct setup setup = quiet(sizes[i], 2);
            uint8_t q = (uint8_t)((sizes[i] + setup.faulty_max) / 2 + 1);
            struct world_report report;

            setup.settled_ms = 20000;
            for (uint8_t seat = 0; seat + 1 < q; seat++) {
                add_fault(&setup, true, seat, SETUP_TWO_COMMITS, 0, 0);
                add_fault(&setup, true, seat, seed % 2 == 0 ? SETUP_AMNESIA : SETUP_NOISE, 0, 0);
            }
            add_fault(&setup, false, 0, SETUP_TWO_PROPOSALS, 0, 0);
            add_fault(&setup, false, 1, seed % 3 == 0 ? SETUP_HIDDEN_LOCK : SETUP_TWO_PROPOSALS, 1,
                      0);
            world_run_in(world, &setup, seed, &report, NULL);
            if (report.failed != WORLD_OK) {
                fail_msg("n = %u: %s", sizes[i], report.failure);
            }
            divided += report.divided_count;
        }
        assert_true(divided > 5);
    }
    world_destroy(world);
}

static void the_same_seed_is_the_same_run(void **state)
{
    struct setup setup = quiet(5, 3);

    (void)state;
    setup.phases[0].delay = (struct setup_delay){SETUP_DELAY_UNIFORM, 1000, 80000};
    assert_int_equal(run(&setup, 77).hash, run(&setup, 77).hash);
    assert_int_not_equal(run(&setup, 77).hash, run(&setup, 78).hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seat_decides_in_one_conversation),
        cmocka_unit_test(a_quiet_council_concludes_every_case_in_view_one),
        cmocka_unit_test(f_silent_seats_delay_the_result_by_the_hearing_time_only),
        cmocka_unit_test(eleven_silent_seats_of_33_leave_a_quorum_and_twelve_do_not),
        cmocka_unit_test(another_coordinator_finishes_what_a_dead_one_began),
        cmocka_unit_test(a_seat_cut_off_gets_the_certificate_when_it_is_back),
        cmocka_unit_test(a_crash_after_any_action_of_any_node_delays_and_never_divides),
        cmocka_unit_test(seat_and_chair_that_crash_together_still_decide),
        cmocka_unit_test(a_crash_at_the_same_time_as_another_seats_end_still_decides),
        cmocka_unit_test(equivocators_are_proved_and_nobody_else),
        cmocka_unit_test(real_signatures_give_the_same_run_as_stub_ones),
        cmocka_unit_test(whatever_f_seats_and_all_coordinators_but_one_do_every_case_has_one_end),
        cmocka_unit_test(more_than_f_liars_divide_the_council_and_are_proved),
        cmocka_unit_test(the_same_seed_is_the_same_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
