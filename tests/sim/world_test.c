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
        cmocka_unit_test(the_same_seed_is_the_same_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
