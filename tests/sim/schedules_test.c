/* Schedules that broke drafts of the protocol, written out (docs/PROTOCOL.md, what others got
 * wrong). Each is played under the protocol, where it does no harm, and under the one bad variant
 * that it is about, where it does. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "council/flaw.h"
#include "sim/chair_node.h"
#include "sim/direct.h"
#include "sim/faults.h"
#include "sim/objects.h"
#include "sim/world.h"

#define DOCKET 1 /* The first and mostly the only one. */

struct play {
    struct setup setup;
    struct world *world;
    struct world_report report;
    struct model *model;
    uint64_t seats; /* All. */
    uint64_t chairs;
};

/* A council with one case. Assessments take 100 ms, messages 10 once the network works. */
static void prepare(struct play *play, uint8_t seats, uint8_t chairs, uint32_t flaws)
{
    *play = (struct play){.setup = {.seat_count = seats,
                                    .faulty_max = quorum_faulty_max(seats),
                                    .coordinator_count = chairs,
                                    .case_count = 1,
                                    .criterion_count = 4,
                                    .true_share = 800000,
                                    .attempt_count = 24,
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
                                    .limit_ms = 4000000,
                                    .flaws = flaws}};
    play->setup.phases[0] =
        (struct setup_phase){.delay = {.kind = SETUP_DELAY_FIXED, .a = 10000}, .is_attack = true};
    play->seats = direct_nodes(0, seats - 1U);
    play->chairs = direct_nodes(seats, seats + chairs - 1U);
}

/* The test speaks for this node: its own machine is heard by nobody. It gives bundles away. */
static void take_over(struct play *play, bool is_seat, uint8_t node)
{
    play->setup.faults[play->setup.fault_count++] = (struct setup_fault){
        .is_seat = is_seat, .node = node, .strategy = SETUP_SELECTIVE, .value = 0};
}

static void take_over_seats(struct play *play, uint8_t first, uint8_t last)
{
    for (uint8_t seat = first; seat <= last; seat++) {
        take_over(play, true, seat);
    }
}

static void begin(struct play *play)
{
    play->world = world_create();
    play->model = world_begin(play->world, &play->setup, 1, &play->report, NULL);
    direct_wait(play->model, 1);
}

static void end(struct play *play)
{
    world_destroy(play->world);
}

/* The submitter's header reaches coordinator 0, and its docket every seat, whose verdicts are
 * signed and reach nobody. */
static void open_docket(struct play *play)
{
    (void)direct_deliver(play->model, QUEUE_SUBMIT, 0, play->chairs);
    (void)direct_drop(play->model, 0, play->seats | play->chairs, DIRECT_ALL);
    direct_show(play->model, QUEUE_ASSIGN, play->setup.seat_count, DOCKET, 0, play->seats);
    direct_wait(play->model, 200);
    (void)direct_drop(play->model, 0, play->seats | play->chairs, DIRECT_ALL);
}

/* Faulty chair of VIEW: VALUE is proposed to PREPARERS, and its QC shown to LOCKED alone. */
static uint32_t lock(struct play *play, uint32_t view, uint32_t value, uint32_t tc,
                     uint64_t preparers, uint64_t locked)
{
    struct model *model = play->model;
    uint16_t chair =
        (uint16_t)(play->setup.seat_count + quorum_chair(0, view, play->setup.coordinator_count));
    uint32_t proposal = direct_propose(model, DOCKET, view, value, tc);
    uint32_t qc;

    direct_show(model, QUEUE_PROPOSE, chair, DOCKET, proposal, preparers);
    direct_wait(model, 5);
    qc = direct_qc(model, proposal, preparers);
    direct_show(model, QUEUE_CERTIFY, chair, DOCKET, qc, locked);
    direct_wait(model, 5);
    (void)direct_drop(model, 0, DIRECT_ALL, DIRECT_ALL);
    return qc;
}

/* Everybody's view ends, and what they say about it is lost, but for what the test took. */
static void time_out(struct play *play)
{
    direct_wait(play->model, 100000);
    (void)direct_drop(play->model, 0, DIRECT_ALL, DIRECT_ALL);
}

static uint64_t except(uint64_t all, uint64_t out)
{
    return all & ~out;
}

/* ---- agreement ---- */

/* 33 seats, 23 of them honest, and no honest coordinator: D is shown to 6 seats in view 1, D' to 5
 * in view 2, D to 6 more in view 3, D' to the rest in view 4. */
static void play_view_free_commit(struct play *play, uint32_t flaws, uint32_t values[2])
{
    uint64_t faulty = direct_nodes(23, 32);
    uint64_t a = direct_nodes(0, 5);
    uint64_t b = direct_nodes(6, 10);
    uint64_t c = direct_nodes(11, 16);
    uint32_t tc;

    prepare(play, 33, 4, flaws);
    take_over_seats(play, 23, 32);
    for (uint8_t chair = 0; chair < 4; chair++) {
        take_over(play, false, chair);
    }
    begin(play);
    open_docket(play);
    values[0] = direct_value(play->model, DOCKET, play->seats);
    values[1] = direct_value(play->model, DOCKET, except(play->seats, 1));
    (void)lock(play, 1, values[0], 0, play->seats, a);
    time_out(play);
    tc = direct_tc(play->model, DOCKET, 2, except(play->seats, a));
    (void)lock(play, 2, values[1], tc, except(play->seats, a), b);
    time_out(play);
    direct_show(play->model, QUEUE_TC, 33, DOCKET, tc, a);
    time_out(play);
    tc = direct_tc(play->model, DOCKET, 3, except(play->seats, b));
    (void)lock(play, 3, values[0], tc, except(play->seats, b), c);
    time_out(play);
    direct_show(play->model, QUEUE_TC, 33, DOCKET, tc, b);
    time_out(play);
    tc = direct_tc(play->model, DOCKET, 4, except(play->seats, c));
    (void)lock(play, 4, values[1], tc, except(play->seats, c), except(play->seats, c | faulty));
}

static void commits_that_sign_no_view_certify_two_values(void **state)
{
    struct play play;
    uint32_t values[2];
    uint64_t honest = direct_nodes(0, 22);

    (void)state;
    play_view_free_commit(&play, FLAW_VIEW_FREE_COMMIT, values);
    assert_int_equal(direct_count_commits(play.model, DOCKET, 0, values[0], honest), 12);
    assert_int_equal(play.report.failed, WORLD_AGREEMENT);
    end(&play);

    play_view_free_commit(&play, 0, values);
    assert_int_equal(direct_count_commits(play.model, DOCKET, 0, values[0], honest), 12);
    assert_int_equal(direct_count_commits(play.model, DOCKET, 1, values[0], honest), 6);
    assert_int_equal(direct_count_commits(play.model, DOCKET, 3, values[0], honest), 6);
    assert_int_equal(direct_count_commits(play.model, DOCKET, 4, values[1], honest), 17);
    (void)direct_certificate(play.model, DOCKET, 4, values[1],
                             direct_nodes(0, 10) | direct_nodes(17, 32));
    assert_int_equal(play.report.failed, WORLD_OK);
    assert_int_equal(objects_docket(play.model, DOCKET)->certified, values[1]);
    end(&play);
}

/* ---- termination ---- */

/* Two seats are locked on D by a QC that nobody else has seen, two on a later D', and the ten
 * faulty seats have helped in that and now say nothing. */
static bool play_hidden_locks(uint32_t flaws)
{
    struct play play;
    uint64_t a = direct_nodes(0, 1);
    uint64_t b = direct_nodes(2, 3);
    uint32_t first;
    uint32_t second;
    uint32_t tc;

    prepare(&play, 33, 3, flaws);
    take_over_seats(&play, 23, 32);
    take_over(&play, false, 0);
    take_over(&play, false, 1);
    begin(&play);
    open_docket(&play);
    first = direct_value(play.model, DOCKET, play.seats);
    second = direct_value(play.model, DOCKET, except(play.seats, 1));
    (void)lock(&play, 1, first, 0, play.seats, a);
    time_out(&play);
    tc = direct_tc(play.model, DOCKET, 2, except(play.seats, a));
    (void)lock(&play, 2, second, tc, except(play.seats, a), b);
    bool is_decided = direct_release(play.model);

    assert_int_equal(play.report.failed, is_decided ? WORLD_OK : WORLD_LIVENESS);
    end(&play);
    return is_decided;
}

static void hidden_locks_hold_nothing_up_but_seats_that_trust_their_own_lock(void **state)
{
    (void)state;
    assert_true(play_hidden_locks(0));
    assert_false(play_hidden_locks(FLAW_OWN_LOCK));
}

/* Seat 3 alone is shown a QC; it names it in one NEW-VIEW to every coordinator and says no more. */
static bool play_fallen_silent(uint32_t flaws)
{
    struct play play;
    struct queue_item item = {.kind = QUEUE_NEW_VIEW, .from = 3, .docket = DOCKET};
    uint32_t value;

    prepare(&play, 4, 3, flaws);
    take_over(&play, true, 3);
    take_over(&play, false, 0);
    begin(&play);
    open_docket(&play);
    value = direct_value(play.model, DOCKET, play.seats);
    uint32_t qc = lock(&play, 1, value, 0, play.seats, 0);
    struct deed report = {.kind = ACT_NEW_VIEW,
                          .is_seat = true,
                          .signer = 3,
                          .docket = DOCKET,
                          .view = 2,
                          .qc_view = 1,
                          .qc_value = value};

    item.object = faults_sign(play.model, &report);
    item.qc = flaws == FLAW_QC_NOT_ATTACHED ? 0 : qc;
    for (uint16_t chair = 5; chair <= 6; chair++) {
        /* Known there: seat 0's verdict has come this far. */
        (void)chair_node_open(play.model, chair, DOCKET);
        item.to = chair;
        world_deliver(play.model, &item);
    }
    bool is_decided = direct_release(play.model);

    assert_int_equal(play.report.failed, is_decided ? WORLD_OK : WORLD_LIVENESS);
    end(&play);
    return is_decided;
}

static void a_qc_known_to_a_seat_that_fell_silent_is_in_its_last_message(void **state)
{
    (void)state;
    assert_true(play_fallen_silent(0));
    assert_false(play_fallen_silent(FLAW_QC_NOT_ATTACHED));
}

/* Seat 0 alone is shown the TC of view 2; its NEW-VIEW for that view reached only the faulty
 * coordinator, as did seat 3's, which is faulty and now silent. */
static bool play_private_tc(uint32_t flaws)
{
    struct play play;
    uint32_t tc;

    prepare(&play, 4, 3, flaws);
    take_over(&play, true, 3);
    take_over(&play, false, 0);
    take_over(&play, false, 1);
    begin(&play);
    open_docket(&play);
    time_out(&play);
    tc = direct_tc(play.model, DOCKET, 2, direct_nodes(0, 3));
    direct_show(play.model, QUEUE_TC, 4, DOCKET, tc, 1);
    (void)direct_drop(play.model, 0, DIRECT_ALL, DIRECT_ALL);
    assert_int_equal(objects_docket(play.model, DOCKET)->seats[0]->machine.view, 2);
    assert_int_equal(objects_docket(play.model, DOCKET)->seats[1]->machine.view, 1);
    bool is_decided = direct_release(play.model);

    assert_int_equal(play.report.failed, is_decided ? WORLD_OK : WORLD_LIVENESS);
    end(&play);
    return is_decided;
}

static void a_tc_shown_to_one_seat_alone_comes_to_all(void **state)
{
    (void)state;
    assert_true(play_private_tc(0));
    assert_false(play_private_tc(FLAW_TC_NOT_STORED));
}

/* The certificate is made at the faulty coordinator and shown to seat 0 (f = 1); seat 3, faulty,
 * is silent; seats 1 and 2 are too few for anything. */
static bool play_hidden_certificate(uint32_t flaws)
{
    struct play play;
    uint32_t value;
    uint32_t certificate;

    prepare(&play, 4, 2, flaws);
    take_over(&play, true, 3);
    take_over(&play, false, 0);
    begin(&play);
    open_docket(&play);
    (void)chair_node_open(play.model, 5, DOCKET);
    direct_flow(play.model, 20, play.seats | play.chairs, play.seats | direct_nodes(5, 5));
    value = direct_value(play.model, DOCKET, play.seats);
    (void)lock(&play, 1, value, 0, play.seats, direct_nodes(0, 1));
    certificate =
        direct_certificate(play.model, DOCKET, 1, value, direct_nodes(0, 1) | direct_nodes(3, 3));
    direct_show(play.model, QUEUE_DECIDE, 4, DOCKET, certificate, 1);
    (void)direct_drop(play.model, 0, DIRECT_ALL, DIRECT_ALL);
    bool is_decided = direct_release(play.model);

    assert_int_equal(play.report.failed, is_decided ? WORLD_OK : WORLD_LIVENESS);
    end(&play);
    return is_decided;
}

static void a_certificate_shown_to_f_seats_is_asked_for(void **state)
{
    (void)state;
    assert_true(play_hidden_certificate(0));
    assert_false(play_hidden_certificate(FLAW_NO_QUESTION));
}

/* The faulty home tells seat 0 alone; seat 3, faulty, is silent. */
static bool play_one_seat(uint32_t flaws)
{
    struct play play;

    prepare(&play, 4, 2, flaws);
    take_over(&play, true, 3);
    take_over(&play, false, 0);
    begin(&play);
    (void)direct_deliver(play.model, QUEUE_SUBMIT, 0, play.chairs);
    direct_show(play.model, QUEUE_ASSIGN, 4, DOCKET, 0, 1);
    bool is_decided = direct_release(play.model);

    assert_int_equal(play.report.failed, is_decided ? WORLD_OK : WORLD_LIVENESS);
    if (is_decided) {
        assert_int_equal(play.report.docket_count, 1);
        assert_int_equal(play.report.conclusive_count, 1);
    }
    end(&play);
    return is_decided;
}

static void a_docket_told_to_one_seat_is_decided_by_all(void **state)
{
    (void)state;
    assert_true(play_one_seat(0));
    assert_false(play_one_seat(FLAW_DOCKET_NOT_FETCHED));
}

/* ---- hearings ---- */

/* Every seat has the conclusive certificate and its home is gone; the submitter, who knows nothing
 * of it, goes to a coordinator that has never heard of the case. */
static bool play_kept_certificate(uint32_t flaws)
{
    struct play play;
    uint32_t value;
    uint32_t certificate;

    prepare(&play, 4, 2, flaws);
    play.setup.attempt_count = WORLD_ATTEMPTS_OWED;
    play.setup.client_wait_ms = 1000;
    take_over(&play, true, 3);
    take_over(&play, false, 0);
    begin(&play);
    open_docket(&play);
    value = direct_value(play.model, DOCKET, play.seats);
    (void)lock(&play, 1, value, 0, play.seats, play.seats);
    certificate = direct_certificate(play.model, DOCKET, 1, value, play.seats);
    direct_show(play.model, QUEUE_DECIDE, 4, DOCKET, certificate, play.seats);
    (void)direct_drop(play.model, 0, DIRECT_ALL, DIRECT_ALL);
    assert_null(objects_docket(play.model, DOCKET)->chairs[5]);
    bool is_concluded = direct_release(play.model);

    assert_int_equal(play.report.failed, is_concluded ? WORLD_OK : WORLD_LIVENESS);
    assert_int_equal(play.report.conclusive_count, 1);
    assert_true(play.model->cases[0].is_over);
    assert_int_equal(play.model->cases[0].is_given_up, !is_concluded);
    end(&play);
    return is_concluded;
}

static void a_conclusion_that_only_seats_hold_comes_to_a_coordinator_that_is_asked(void **state)
{
    (void)state;
    assert_true(play_kept_certificate(0));
    assert_false(play_kept_certificate(FLAW_CERTIFICATE_KEPT));
}

/* Seats and the honest coordinator go on for a millisecond; what is for the faulty one is lost. */
static void go_on(struct play *play)
{
    direct_flow(play->model, 1, play->seats | play->chairs, play->seats | direct_nodes(5, 5));
    (void)direct_drop(play->model, 0, play->seats, direct_nodes(4, 4));
}

/* The faulty coordinator keeps every header that it is given. Just before the submitter turns to
 * the honest one it tells seat 0 of a docket with it, so that the honest docket has seats 1 and 2
 * alone: neither is heard. Gives the attempts that it spoils. */
static uint32_t play_old_header(uint32_t flaws, uint32_t *attempt_max)
{
    enum { AHEAD_US = 50000 };
    struct play play;
    const struct client_case *client;
    uint32_t spoiled = 0;

    prepare(&play, 4, 2, flaws);
    play.setup.attempt_count = WORLD_ATTEMPTS_OWED;
    play.setup.client_wait_ms = 500;
    take_over(&play, true, 3);
    take_over(&play, false, 0);
    begin(&play);
    client = &play.model->cases[0];
    play.model->nodes[4].bundles[0] = 1;
    while (!client->is_over && model_now_ms(play.model) < play.setup.limit_ms) {
        const struct header *header = objects_header(play.model, client->header);

        if (header->home == 0 && header->attempt > spoiled &&
            client->deadline_us <= play.model->now_us + AHEAD_US) {
            uint32_t theirs =
                objects_make_docket(play.model, 0, header->attempt, 0, &client->header, 1);

            spoiled++;
            direct_show(play.model, QUEUE_ASSIGN, 4, theirs, 0, 1);
        }
        go_on(&play);
    }
    bool is_concluded = direct_release(play.model);

    assert_int_equal(play.report.failed, is_concluded ? WORLD_OK : WORLD_LIVENESS);
    assert_int_equal(play.report.conclusive_count, is_concluded ? 1 : 0);
    *attempt_max = play.report.attempt_max;
    end(&play);
    return spoiled;
}

static void an_old_header_wins_no_race_in_an_attempt_that_begins_elsewhere(void **state)
{
    uint32_t attempt_max;

    (void)state;
    assert_int_equal(play_old_header(0, &attempt_max), 1);
    assert_int_equal(attempt_max, 2);
    assert_int_equal(play_old_header(FLAW_SAME_COORDINATOR, &attempt_max), WORLD_ATTEMPTS_OWED);
}

/* The faulty home tells seat 0 alone, which crashes before it has assessed anything. */
static bool play_bound_at_assign(uint32_t flaws)
{
    struct play play;

    prepare(&play, 4, 2, flaws);
    take_over(&play, true, 3);
    take_over(&play, false, 0);
    play.setup.faults[play.setup.fault_count++] = (struct setup_fault){
        .is_seat = true, .node = 0, .strategy = SETUP_CRASH, .value = 2, .other = 500};
    play.setup.settled_ms = 1000;
    begin(&play);
    (void)direct_deliver(play.model, QUEUE_SUBMIT, 0, play.chairs);
    (void)direct_drop(play.model, 0, DIRECT_ALL, DIRECT_ALL);
    direct_show(play.model, QUEUE_ASSIGN, 4, DOCKET, 0, 1);
    direct_wait(play.model, 150);
    assert_false(play.model->nodes[0].is_up);
    bool is_decided = direct_release(play.model);

    assert_int_equal(play.report.failed, is_decided ? WORLD_OK : WORLD_LIVENESS);
    end(&play);
    return is_decided;
}

static void a_docket_that_was_only_assigned_binds_no_case(void **state)
{
    (void)state;
    assert_true(play_bound_at_assign(0));
    assert_false(play_bound_at_assign(FLAW_BOUND_AT_ASSIGN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_that_sign_no_view_certify_two_values),
        cmocka_unit_test(hidden_locks_hold_nothing_up_but_seats_that_trust_their_own_lock),
        cmocka_unit_test(a_qc_known_to_a_seat_that_fell_silent_is_in_its_last_message),
        cmocka_unit_test(a_tc_shown_to_one_seat_alone_comes_to_all),
        cmocka_unit_test(a_certificate_shown_to_f_seats_is_asked_for),
        cmocka_unit_test(a_docket_told_to_one_seat_is_decided_by_all),
        cmocka_unit_test(a_conclusion_that_only_seats_hold_comes_to_a_coordinator_that_is_asked),
        cmocka_unit_test(an_old_header_wins_no_race_in_an_attempt_that_begins_elsewhere),
        cmocka_unit_test(a_docket_that_was_only_assigned_binds_no_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
