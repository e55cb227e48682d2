/* Every oracle of the simulator can fail: each is shown what it must not let pass. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/direct.h"
#include "sim/faults.h"
#include "sim/objects.h"
#include "sim/signing.h"
#include "sim/world.h"

#define DOCKET 1
#define CHAIR  5 /* Coordinator 0: five seats are before it. */

struct stage {
    struct setup setup;
    struct world *world;
    struct world_report report;
    struct model *model;
    uint32_t values[2];
};

/* Five seats, of which the last FAULTY are, and one coordinator; every verdict is signed, and two
 * values can be had. */
static void begin(struct stage *stage, uint8_t faulty)
{
    *stage = (struct stage){.setup = {.seat_count = 5,
                                      .faulty_max = 1,
                                      .coordinator_count = 1,
                                      .case_count = 1,
                                      .criterion_count = 4,
                                      .true_share = 800000,
                                      .attempt_count = 1,
                                      .client_wait_ms = 20000,
                                      .assess = {.kind = SETUP_DELAY_FIXED, .a = 100},
                                      .assess_ms = 60000,
                                      .settle_ms = 50,
                                      .hear_ms_min = 250,
                                      .view_ms = 60000,
                                      .view_ms_max = 60000,
                                      .repeat_ms = 60000,
                                      .repeat_ms_max = 60000,
                                      .phase_count = 1,
                                      .limit_ms = 4000000}};
    stage->setup.phases[0] =
        (struct setup_phase){.delay = {.kind = SETUP_DELAY_FIXED, .a = 10000}, .is_attack = true};
    for (uint8_t i = 0; i < faulty; i++) {
        stage->setup.faults[stage->setup.fault_count++] = (struct setup_fault){
            .is_seat = true, .node = (uint8_t)(4 - i), .strategy = SETUP_SELECTIVE};
    }
    stage->world = world_create();
    stage->model = world_begin(stage->world, &stage->setup, 1, &stage->report, NULL);
    direct_wait(stage->model, 1);
    (void)direct_deliver(stage->model, QUEUE_SUBMIT, 0, DIRECT_ALL);
    direct_show(stage->model, QUEUE_ASSIGN, CHAIR, DOCKET, 0, direct_nodes(0, 4));
    direct_wait(stage->model, 150);
    stage->values[0] = direct_value(stage->model, DOCKET, direct_nodes(0, 4));
    stage->values[1] = direct_value(stage->model, DOCKET, direct_nodes(1, 4));
}

static void assert_failed(struct stage *stage, enum world_oracle oracle)
{
    assert_string_equal(world_oracle_name(stage->report.failed), world_oracle_name(oracle));
    assert_true(strlen(stage->report.failure) > 0);
    world_destroy(stage->world);
}

/* The test signs in everybody's name. */
static uint32_t sign(struct stage *stage, enum act_kind kind, uint8_t seat, uint32_t view,
                     uint32_t value)
{
    struct deed deed = {.kind = (uint8_t)kind,
                        .is_seat = true,
                        .signer = seat,
                        .docket = DOCKET,
                        .view = view,
                        .value = value};

    return faults_sign(stage->model, &deed);
}

static void sign_commits(struct stage *stage, uint8_t seats, uint32_t view, uint32_t value)
{
    for (uint8_t seat = 0; seat < seats; seat++) {
        (void)sign(stage, ACT_COMMIT, seat, view, value);
    }
}

static void two_certifiable_values_are_no_agreement(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, 0);
    sign_commits(&stage, 4, 1, stage.values[0]);
    sign_commits(&stage, 3, 2, stage.values[1]);
    assert_int_equal(stage.report.failed, WORLD_OK);
    sign_commits(&stage, 4, 2, stage.values[1]);
    assert_failed(&stage, WORLD_AGREEMENT);
}

static void what_the_faulty_could_sign_at_any_time_counts_for_agreement(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, 1);
    sign_commits(&stage, 3, 1, stage.values[0]);
    sign_commits(&stage, 2, 2, stage.values[1]);
    assert_int_equal(stage.report.failed, WORLD_OK);
    sign_commits(&stage, 3, 2, stage.values[1]);
    assert_failed(&stage, WORLD_AGREEMENT);
}

static void a_certificate_must_verify(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, 0);
    struct chair_docket *chair = objects_docket(stage.model, DOCKET)->chairs[CHAIR];

    for (uint8_t seat = 0; seat < 4; seat++) {
        direct_show(stage.model, QUEUE_COMMIT, seat, DOCKET,
                    sign(&stage, ACT_COMMIT, seat, 1, stage.values[0]), direct_nodes(CHAIR, CHAIR));
    }
    assert_int_equal(chair->machine.phase, CHAIR_CERTIFIED);
    chair->commits[0] = chair->commits[1];
    direct_wait(stage.model, 100);
    assert_failed(&stage, WORLD_CERTIFICATE);
}

static void two_votes_of_one_key_are_seen_where_no_proof_is(void **state)
{
    struct stage stage;
    struct deed deed = {.kind = ACT_COMMIT, .is_seat = true, .docket = DOCKET, .view = 1};

    (void)state;
    begin(&stage, 0);
    deed.value = stage.values[0];
    (void)faults_sign(stage.model, &deed);
    deed.tc = objects_make_tc(stage.model, DOCKET, 2, 0, NULL, 0);
    (void)faults_sign(stage.model, &deed);
    assert_failed(&stage, WORLD_ONE_VOTE);
}

static void a_vote_that_is_not_on_the_disk_must_not_be_sent(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, 0);
    struct seat_docket *seat = objects_docket(stage.model, DOCKET)->seats[0];
    struct chair_docket *chair = objects_docket(stage.model, DOCKET)->chairs[CHAIR];

    while (seat->prepare == 0) {
        direct_flow(stage.model, 1, DIRECT_ALL, DIRECT_ALL);
    }
    seat->record.prepared.view = 0;
    direct_show(stage.model, QUEUE_PROPOSE, CHAIR, DOCKET, chair->proposal, 1);
    assert_failed(&stage, WORLD_DURABLE);
}

static void a_lock_must_not_go_back(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, 0);
    objects_docket(stage.model, DOCKET)->seats[0]->record.lock =
        objects_vote(stage.model, 3, stage.values[1], 0);
    direct_flow(stage.model, 40, DIRECT_ALL, DIRECT_ALL);
    assert_failed(&stage, WORLD_LOCK);
}

static void a_case_must_not_have_two_conclusions(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, 0);
    uint32_t header = objects_make_header(stage.model, 0, 1, 0, 0);
    uint32_t docket = objects_make_docket(stage.model, 0, 77, 0, &header, 1);

    objects_value(stage.model, stage.values[0])->results[0].outcome = BINDING_CONCLUSIVE;
    sign_commits(&stage, 4, 1, stage.values[0]);
    (void)direct_certificate(stage.model, DOCKET, 1, stage.values[0], direct_nodes(0, 3));
    assert_int_equal(stage.report.failed, WORLD_OK);
    uint32_t value = direct_value(stage.model, docket, 0);

    objects_value(stage.model, value)->results[0].outcome = BINDING_CONCLUSIVE;
    for (uint8_t seat = 0; seat < 4; seat++) {
        struct deed deed = {.kind = ACT_COMMIT,
                            .is_seat = true,
                            .signer = seat,
                            .docket = docket,
                            .view = 1,
                            .value = value};

        (void)faults_sign(stage.model, &deed);
    }
    (void)direct_certificate(stage.model, docket, 1, value, direct_nodes(0, 3));
    assert_failed(&stage, WORLD_ONE_CONCLUSION);
}

static void nobody_honest_may_be_guilty(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, 1);
    (void)sign(&stage, ACT_PREPARE, 4, 1, stage.values[0]);
    (void)sign(&stage, ACT_PREPARE, 4, 1, stage.values[1]);
    assert_int_equal(stage.report.failed, WORLD_OK); /* Seat 4 is faulty. */
    (void)sign(&stage, ACT_PREPARE, 0, 1, stage.values[0]);
    (void)sign(&stage, ACT_PREPARE, 0, 1, stage.values[1]);
    assert_failed(&stage, WORLD_ACCUSED);
}

static void a_finding_needs_honest_seats_behind_it(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, 0);
    struct result *result = &objects_value(stage.model, stage.values[0])->results[0];
    uint64_t met = result->met;

    result->met = result->not_met;
    result->not_met = met;
    sign_commits(&stage, 4, 1, stage.values[0]);
    (void)direct_certificate(stage.model, DOCKET, 1, stage.values[0], direct_nodes(0, 3));
    assert_failed(&stage, WORLD_VALIDITY);
}

static void two_certificates_must_have_their_culprits(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, 2); /* More than f = 1, fewer than q = 4. */
    sign_commits(&stage, 3, 1, stage.values[0]);
    sign_commits(&stage, 3, 2, stage.values[1]);
    assert_int_equal(stage.report.failed, WORLD_OK);
    world_end(stage.model);
    assert_int_equal(stage.report.divided_count, 1);
    assert_failed(&stage, WORLD_CULPRITS);
}

static void what_is_owed_must_come(void **state)
{
    struct stage stage;

    (void)state;
    begin(&stage, 1);
    world_end(stage.model);
    assert_failed(&stage, WORLD_LIVENESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_certifiable_values_are_no_agreement),
        cmocka_unit_test(what_the_faulty_could_sign_at_any_time_counts_for_agreement),
        cmocka_unit_test(a_certificate_must_verify),
        cmocka_unit_test(two_votes_of_one_key_are_seen_where_no_proof_is),
        cmocka_unit_test(a_vote_that_is_not_on_the_disk_must_not_be_sent),
        cmocka_unit_test(a_lock_must_not_go_back),
        cmocka_unit_test(a_case_must_not_have_two_conclusions),
        cmocka_unit_test(nobody_honest_may_be_guilty),
        cmocka_unit_test(a_finding_needs_honest_seats_behind_it),
        cmocka_unit_test(two_certificates_must_have_their_culprits),
        cmocka_unit_test(what_is_owed_must_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
