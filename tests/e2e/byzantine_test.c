/* Councils with members that lie, over real sockets: coordinators that die, stall and equivocate,
 * seats that sign twice. Every case has one conclusion all the same, and who signed twice is
 * proved. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>

#include <cmocka.h>

#include "tests/e2e/members.h"

#define LIAR   4 /* The seat that lies, and the coordinator. */
#define CROOK  1
#define HONEST 2 /* A coordinator that is up and honest throughout. */

static int set_up(void **state)
{
    *state = members_create(5, 3);
    return 0;
}

static int tear_down(void **state)
{
    members_destroy(*state);
    return 0;
}

/* Whatever a test has left behind, the next one begins with a whole council. */
static int heal(void **state)
{
    members_heal(*state);
    return 0;
}

/* ---- coordinators that die ---- */

static void wait_until_heard_of(struct members *members, uint8_t coordinator)
{
    uint64_t until_ms = members_now_ms() + MEMBERS_WAIT_MS;

    while (members_status(members, coordinator, "openDockets") < 1) {
        if (members_now_ms() > until_ms) {
            fail_msg("coordinator %u hears of no docket", coordinator);
        }
        members_pause();
    }
}

/* Two of five seats are stopped, so that the docket cannot be decided before its coordinator
 * dies. */
static void a_docket_whose_coordinator_dies_is_finished_by_another(void **state)
{
    struct members *members = *state;
    const char *name = members_pack(members);

    assert_int_equal(kill(members->seats[0], SIGSTOP), 0);
    assert_int_equal(kill(members->seats[1], SIGSTOP), 0);
    pid_t submitter = members_submit(members, name, 0);

    wait_until_heard_of(members, HONEST);
    members_stop(&members->coordinators[0], SIGKILL);
    assert_int_equal(kill(members->seats[0], SIGCONT), 0);
    assert_int_equal(kill(members->seats[1], SIGCONT), 0);
    members_expect_result(members, name, submitter);
    members_start_coordinator(members, 0, NULL);
    members_wait_for_seats(members, 0, members->seat_count);
}

static void a_client_whose_coordinator_is_silent_goes_to_the_next(void **state)
{
    struct members *members = *state;
    const char *name = members_pack(members);

    assert_int_equal(kill(members->coordinators[0], SIGSTOP), 0);
    pid_t submitter = members_submit(members, name, 0);

    members_expect_result(members, name, submitter);
    assert_int_equal(kill(members->coordinators[0], SIGCONT), 0);
    members_wait_for_seats(members, 0, members->seat_count);
}

static void a_case_that_every_coordinator_was_asked_has_one_result(void **state)
{
    struct members *members = *state;
    const char *name = members_pack(members);
    pid_t submitters[MEMBERS_COORDINATORS_MAX];

    for (uint8_t i = 0; i < members->coordinator_count; i++) {
        submitters[i] = members_submit(members, name, i);
    }
    for (uint8_t i = 0; i < members->coordinator_count; i++) {
        members_expect_result(members, name, submitters[i]);
    }
}

/* ---- seats that lie ---- */

/* Has one case decided while seat LIAR follows STRATEGY. */
static void decide_with_liar(struct members *members, const char *strategy,
                             struct members_mischief *mischief)
{
    char name[MEMBERS_NAME_SIZE];

    (void)snprintf(name, sizeof(name), "%s", members_name("seat", LIAR));
    members_stop(&members->seats[LIAR], SIGTERM);
    members_wait_for_seats(members, 0, members->seat_count - 1);
    members_start_seat(members, LIAR, strategy);
    members_wait_for_seats(members, 0, members->seat_count);
    members_decide(members, 0);
    members_stop_liar(members, &members->seats[LIAR], name, mischief);
    if (mischief->done_count == 0) {
        fail_msg("%s: nothing was done", strategy);
    }
    members_start_seat(members, LIAR, NULL);
}

static void a_seat_that_signs_twice_is_proved_and_nobody_else(void **state)
{
    static const char *const kinds[][2] = {
        {"two_verdicts", "E3"}, {"two_prepares", "E1"}, {"two_commits", "E2"}, {"amnesia", "E5"}};
    struct members *members = *state;
    struct members_mischief mischief;
    uint32_t accused = 0;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        decide_with_liar(members, kinds[i][0], &mischief);
        if (mischief.twice_count == 0) {
            fail_msg("%s: nothing was signed twice", kinds[i][0]);
        }
        if (!members_is_proved(members, HONEST, LIAR, kinds[i][1], &accused)) {
            members_print(members, "coordinator-2.log");
            fail_msg("%s is not proved as %s", kinds[i][0], kinds[i][1]);
        }
    }
    assert_int_equal(accused, 1 << LIAR);
}

static void expect_only_the_liar_accused(struct members *members)
{
    uint32_t accused = 0;

    (void)members_is_proved(members, HONEST, LIAR, "", &accused);
    assert_int_equal(accused & ~(UINT32_C(1) << LIAR), 0);
}

static void a_seat_that_misbehaves_otherwise_holds_nobody_up(void **state)
{
    static const char *const strategies[] = {"silent",    "late",       "noise",   "replay",
                                             "false_qc",  "forge",      "flood",   "hide_qc",
                                             "selective", "early_view", "inverted"};
    struct members *members = *state;
    struct members_mischief mischief;

    for (size_t i = 0; i < sizeof(strategies) / sizeof(strategies[0]); i++) {
        print_message("%s\n", strategies[i]);
        decide_with_liar(members, strategies[i], &mischief);
    }
    expect_only_the_liar_accused(members);
}

/* ---- coordinators that lie ---- */

/* Has one case decided, handed in at coordinator HOME, while coordinator CROOK follows STRATEGY. */
static void decide_with_crook(struct members *members, const char *strategy, uint8_t home,
                              struct members_mischief *mischief)
{
    char name[MEMBERS_NAME_SIZE];

    (void)snprintf(name, sizeof(name), "%s", members_name("coordinator", CROOK));
    members_stop(&members->coordinators[CROOK], SIGTERM);
    members_start_coordinator(members, CROOK, strategy);
    members_wait_for_seats(members, CROOK, members->seat_count);
    members_decide(members, home);
    members_stop_liar(members, &members->coordinators[CROOK], name, mischief);
    if (mischief->done_count == 0) {
        fail_msg("%s: nothing was done", strategy);
    }
    members_start_coordinator(members, CROOK, NULL);
    members_wait_for_seats(members, CROOK, members->seat_count);
}

static void a_coordinator_that_misbehaves_holds_nobody_up(void **state)
{
    static const char *const strategies[] = {
        "two_proposals",    "hidden_lock", "censor", "short_book",
        "hide_certificate", "noise",       "replay", "late"};
    struct members *members = *state;
    struct members_mischief mischief;

    for (size_t i = 0; i < sizeof(strategies) / sizeof(strategies[0]); i++) {
        print_message("%s\n", strategies[i]);
        decide_with_crook(members, strategies[i], CROOK, &mischief);
    }
    expect_only_the_liar_accused(members);
}

/* All coordinators but one may lie at once: the home never proposes, the next one brings a TC that
 * is none; the third finishes. */
static void one_honest_coordinator_of_three_is_enough(void **state)
{
    struct members *members = *state;
    struct members_mischief mischief;

    members_stop(&members->coordinators[0], SIGTERM);
    members_start_coordinator(members, 0, "burn_views");
    members_wait_for_seats(members, 0, members->seat_count);
    decide_with_crook(members, "stale_tc", 0, &mischief);
    members_stop_liar(members, &members->coordinators[0], "coordinator-0", &mischief);
    assert_true(mischief.done_count > 0);
}

/* ---- more seats ---- */

/* Two seats and a coordinator of eight and three sign twice, as the scenario has it: every case is
 * decided all the same, whoever's it is, and they are proved by what honest coordinators keep. */
static void a_council_of_eight_bears_the_liars_of_a_scenario(void **state)
{
    struct members *members = members_create(8, 3);
    struct members_mischief mischief;
    uint32_t accused = 0;
    unsigned liar_count = 0;

    *state = members;
    members->scenario = AIMS_SOURCE_DIR "/tests/byzantine/attack.yaml";
    members_heal(members);
    for (uint8_t home = 0; home < members->coordinator_count; home++) {
        members_decide(members, home);
    }
    for (uint8_t i = 0; i < members->coordinator_count; i++) {
        (void)members_is_proved(members, i, 0, "", &accused);
    }
    for (uint8_t i = 0; i < members->seat_count; i++) {
        char name[MEMBERS_NAME_SIZE];

        (void)snprintf(name, sizeof(name), "%s", members_name("seat", i));
        members_stop_liar(members, &members->seats[i], name, &mischief);
        liar_count += mischief.twice_count > 0;
        assert_int_equal((accused >> i & 1) != 0, mischief.twice_count > 0);
    }
    assert_int_equal(liar_count, 2);
}

int main(void)
{
    const struct CMUnitTest five[] = {
        cmocka_unit_test_setup(a_docket_whose_coordinator_dies_is_finished_by_another, heal),
        cmocka_unit_test_setup(a_client_whose_coordinator_is_silent_goes_to_the_next, heal),
        cmocka_unit_test_setup(a_case_that_every_coordinator_was_asked_has_one_result, heal),
        cmocka_unit_test_setup(a_seat_that_signs_twice_is_proved_and_nobody_else, heal),
        cmocka_unit_test_setup(a_seat_that_misbehaves_otherwise_holds_nobody_up, heal),
        cmocka_unit_test_setup(a_coordinator_that_misbehaves_holds_nobody_up, heal),
        cmocka_unit_test_setup(one_honest_coordinator_of_three_is_enough, heal),
    };
    const struct CMUnitTest eight[] = {
        cmocka_unit_test_teardown(a_council_of_eight_bears_the_liars_of_a_scenario, tear_down),
    };
    int failed = cmocka_run_group_tests(five, set_up, tear_down);

    return failed + cmocka_run_group_tests(eight, NULL, NULL);
}
