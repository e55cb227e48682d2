/* A real aims-agent from its verdict to the certificate, and after: values fetched, certificates
 * handed on, cases heard again, dockets brought back after a crash, lies of coordinators kept. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "proto/codec.h"
#include "tests/agent/court.h"

#define QUIET_MS 3000 /* Longer than a certificate that did not arrive waits to be sent again. */

/* A docket of desk 0 that the agent has assessed. */
static struct message_signed open_docket(struct court *court, uint64_t serial)
{
    struct desk *desk = &court->desks[0];
    struct message_signed docket = court_docket(desk, serial, 0);
    unsigned before = desk->verdict_count;

    court_assign(desk, &docket);
    court_await(court, &desk->verdict_count, before + 1);
    return docket;
}

static void fetch(struct desk *desk, enum message_item item, const struct digest *digest)
{
    struct message message = {.kind = MESSAGE_FETCH};

    message.fetch.item = item;
    message.fetch.digest = *digest;
    court_send(desk, &message);
}

static void restart(struct court *court)
{
    unsigned greeted[DESKS];

    for (size_t i = 0; i < DESKS; i++) {
        greeted[i] = court->desks[i].hello_count;
    }
    court_crash(court);
    court_start(court);
    for (size_t i = 0; i < DESKS; i++) {
        court_await(court, &court->desks[i].hello_count, greeted[i] + 1);
    }
}

static void a_value_is_fetched_from_one_chair_after_the_other(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];
    struct message_signed docket = open_docket(court, 1);
    struct court_value value;

    court_value(desk, &docket, 0, &value);
    court_certify(court, &value);
    court_send(desk, &value.certify);
    court_await(court, &desk->value_fetch_count, 1);
    assert_true(digest_equal(&desk->fetched, &value.statement->value));
    court_await(court, &other->value_fetch_count, 1);
    /* What the second one has is no use. */
    value.propose.propose.book.verdict_count = QUORUM - 1;
    court_send(other, &value.propose);
    court_await(court, &desk->value_fetch_count, 2);
    assert_int_equal(desk->counts[MESSAGE_COMMIT], 0);
    value.propose.propose.book.verdict_count = QUORUM;
    court_await(court, &other->value_fetch_count, 2);
    court_send(other, &value.propose);
    court_await(court, &desk->counts[MESSAGE_COMMIT], 1);
    court_await(court, &other->counts[MESSAGE_COMMIT], 1);
    /* Nobody is asked any more. */
    unsigned before = desk->value_fetch_count + other->value_fetch_count;

    court_serve(court, QUIET_MS);
    assert_int_equal(desk->value_fetch_count + other->value_fetch_count, before);
}

static void a_certificate_goes_to_every_coordinator_until_it_has_it(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];
    struct message_signed docket = open_docket(court, 1);
    struct court_value value;
    struct message done = {.kind = MESSAGE_DONE};

    court_value(desk, &docket, 0, &value);
    struct message decide = court_decide(court, &value);

    court_send(desk, &decide);
    court_await(court, &desk->counts[MESSAGE_DONE], 1);
    court_await(court, &other->counts[MESSAGE_DECIDE], 2); /* And again. */
    restart(court);
    unsigned before = other->counts[MESSAGE_DECIDE];

    court_await(court, &other->counts[MESSAGE_DECIDE], before + 1);
    done.done.docket = value.statement->docket;
    done.done.value = value.statement->value;
    court_send(other, &done);
    court_settle(other);
    before = other->counts[MESSAGE_DECIDE];
    court_serve(court, QUIET_MS);
    assert_int_equal(other->counts[MESSAGE_DECIDE], before);
    restart(court);
    court_serve(court, QUIET_MS);
    assert_int_equal(other->counts[MESSAGE_DECIDE], before);
    assert_int_equal(desk->counts[MESSAGE_DECIDE], 0);
    /* Whatever comes for that docket is answered with it. */
    court_assign(other, &docket);
    court_await(court, &other->counts[MESSAGE_DECIDE], before + 1);
    court_send(other, &value.propose);
    court_await(court, &other->counts[MESSAGE_DECIDE], before + 2);
}

/* More certificates than one batch holds, of dockets that the agent never saw. */
static void a_coordinator_that_comes_late_gets_all_certificates(void **state)
{
    enum { COUNT = 40 };
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];
    struct court_value value;
    struct message message;

    other->is_mute = true;
    for (unsigned i = 0; i < COUNT; i++) {
        struct message_signed docket = court_docket(desk, 100 + i, 0);

        court_value_unheard(desk, &docket, &value);
        message = court_decide(court, &value);
        court_send(desk, &message);
    }
    court_await(court, &desk->counts[MESSAGE_DONE], COUNT);
    court_serve(court, AGENT_SILENCE_MS + AGENT_HELLO_MS); /* It is missed. */
    unsigned before = other->counts[MESSAGE_DECIDE];

    other->is_mute = false;
    other->says_done = true;
    court_await(court, &other->counts[MESSAGE_DECIDE], before + COUNT);
    court_settle(other);
    before = other->counts[MESSAGE_DECIDE];
    court_serve(court, QUIET_MS);
    assert_int_equal(other->counts[MESSAGE_DECIDE], before);
    restart(court);
    court_serve(court, QUIET_MS);
    assert_int_equal(other->counts[MESSAGE_DECIDE], before);
}

static void what_a_seat_keeps_it_gives_to_who_asks(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];
    struct message_signed docket = open_docket(court, 1);
    struct digest unknown = {{1}};
    struct court_value value;
    struct message message;
    const struct digest *id;

    court_value(desk, &docket, 0, &value);
    id = &value.statement->docket;
    fetch(other, MESSAGE_ITEM_DOCKET, id);
    court_await(court, &other->counts[MESSAGE_ASSIGN], 1);
    court_last(other, MESSAGE_ASSIGN, &message);
    assert_true(bytes_equal(message.assign.docket.payload, docket.payload));
    unsigned before = other->counts[MESSAGE_VERDICT];

    fetch(other, MESSAGE_ITEM_VERDICT, id);
    court_await(court, &other->counts[MESSAGE_VERDICT], before + 1);
    fetch(other, MESSAGE_ITEM_CERTIFICATE, id);
    fetch(other, MESSAGE_ITEM_VALUE, &value.statement->value);
    fetch(other, MESSAGE_ITEM_DOCKET, &unknown);
    fetch(other, MESSAGE_ITEM_VERDICT, &unknown);
    court_settle(other);
    assert_int_equal(other->counts[MESSAGE_DECIDE], 0);
    assert_int_equal(other->counts[MESSAGE_PROPOSE], 0);
    assert_int_equal(other->counts[MESSAGE_ITEM], 3); /* It says what it has not got. */
    court_last(other, MESSAGE_ITEM, &message);
    assert_int_equal(message.item.item, MESSAGE_ITEM_VERDICT);
    assert_true(digest_equal(&message.item.digest, &unknown));
    assert_int_equal(message.item.total_size, 0);
    court_send(desk, &value.propose);
    court_await(court, &desk->counts[MESSAGE_PREPARE], 1);
    fetch(other, MESSAGE_ITEM_VALUE, &value.statement->value);
    court_await(court, &other->counts[MESSAGE_PROPOSE], 1);
    message = court_decide(court, &value);
    court_send(desk, &message);
    court_await(court, &desk->counts[MESSAGE_DONE], 1);
    before = other->counts[MESSAGE_DECIDE];
    fetch(other, MESSAGE_ITEM_CERTIFICATE, id);
    court_await(court, &other->counts[MESSAGE_DECIDE], before + 1);
    /* A coordinator that learned the certificate alone needs the value behind it. */
    fetch(other, MESSAGE_ITEM_VALUE, &value.statement->value);
    court_await(court, &other->counts[MESSAGE_PROPOSE], 2);
    court_last(other, MESSAGE_PROPOSE, &message);
    assert_true(
        bytes_equal(message.propose.propose.payload, value.propose.propose.propose.payload));
}

static void an_assessment_goes_on_after_a_crash(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed docket = court_docket(desk, 1, 0);

    desk->manner = MANNER_SILENT;
    court->desks[1].manner = MANNER_SILENT;
    court_assign(desk, &docket);
    court_await(court, &desk->fetch_count, 1);
    restart(court);
    assert_int_equal(desk->verdict_count, 0);
    desk->manner = MANNER_HONEST;
    court->desks[1].manner = MANNER_HONEST;
    court_await(court, &desk->verdict_count, 1);
    assert_int_equal(desk->reason, MESSAGE_ASSESSED);
}

static void a_bundle_that_stalls_is_fetched_elsewhere(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];

    desk->manner = MANNER_SILENT; /* It answers PING, though. */
    (void)open_docket(court, 1);
    assert_int_equal(desk->reason, MESSAGE_ASSESSED);
    assert_true(court->desks[1].fetch_count > 0);
}

/* More dockets than are kept awake: the first one sleeps when its votes come. */
static void a_docket_that_sleeps_wakes_for_its_votes(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed docket = open_docket(court, 1);
    struct court_value value;
    unsigned before = desk->verdict_count;

    court_value(desk, &docket, 0, &value);
    court_certify(court, &value);
    for (unsigned i = 0; i < AGENT_AWAKE_MAX + 10; i++) {
        struct message_signed late = court_docket(desk, 10 + i, 2 * AGENT_CLOCK_S_MAX);

        court_assign(desk, &late);
    }
    court_await(court, &desk->verdict_count, before + AGENT_AWAKE_MAX + 10);
    court_send(desk, &value.propose);
    court_await(court, &desk->counts[MESSAGE_PREPARE], 1);
    court_send(desk, &value.certify);
    court_await(court, &desk->counts[MESSAGE_COMMIT], 1);
}

/* Who asks for a docket again and again, and reads nothing, gets so many and no more. */
static void what_is_asked_for_without_end_is_given_up_to_a_limit(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed docket = open_docket(court, 1);
    struct court_value value;
    struct message fetch_value = {.kind = MESSAGE_FETCH};

    court_value(desk, &docket, 0, &value);
    court_send(desk, &value.propose);
    court_await(court, &desk->counts[MESSAGE_PREPARE], 1);
    fetch_value.fetch.item = MESSAGE_ITEM_VALUE;
    fetch_value.fetch.digest = value.statement->value;
    while (!court_log_has(court, "it asks for more")) {
        for (unsigned i = 0; i < 500; i++) {
            court_send(desk, &fetch_value);
        }
        court_settle(desk);
        assert_true(desk->counts[MESSAGE_PROPOSE] < 100000);
    }
    assert_true(desk->counts[MESSAGE_PROPOSE] > 1000);
    court_settle(&court->desks[1]);
    fetch(&court->desks[1], MESSAGE_ITEM_VALUE, &value.statement->value);
    court_await(court, &court->desks[1].counts[MESSAGE_PROPOSE], 1);
}

/* S1: the dockets of one home wait for their own kind only. */
static void a_home_whose_bundles_never_come_does_not_hold_up_another(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];

    for (unsigned i = 1; i <= 3 * AGENT_ASSESS_MAX; i++) {
        struct message_signed docket = court_docket_lost(desk, i);

        court_assign(desk, &docket);
    }
    court_settle(desk);
    struct message_signed docket = court_docket(other, 1, 0);
    uint64_t began_ms = loop_now_ms();

    court_assign(other, &docket);
    court_await(court, &other->reasons[MESSAGE_ASSESSED], 1); /* Only this one can be. */
    assert_true(loop_now_ms() < began_ms + AGENT_ASSESS_MS / 3);
}

/* Each home has its time, and not one case for each one that another home lets wait. */
static void many_cases_of_one_home_take_no_turn_each(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];

    for (unsigned i = 1; i <= AGENT_ASSESS_MAX; i++) {
        struct message_signed docket = court_docket_lost(desk, i);

        court_assign(desk, &docket);
    }
    court_settle(desk);
    uint64_t began_ms = loop_now_ms();

    for (unsigned i = 1; i <= 8; i++) {
        struct message_signed docket = court_docket_other(other, i);

        court_assign(other, &docket);
    }
    court_await(court, &other->verdict_count, 8);
    assert_int_equal(other->reason, MESSAGE_BAD_BUNDLE);
    assert_true(loop_now_ms() < began_ms + AGENT_ASSESS_MS / 3);
}

/* Coordinator 1 replays what coordinator 0 has said, and has seats shout at it. */
static void votes_are_not_repeated_at_the_speed_of_who_replays(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];
    struct message_signed docket = open_docket(court, 1);
    struct court_value value;

    court_value(desk, &docket, 0, &value);
    court_certify(court, &value);
    uint64_t began_ms = loop_now_ms();

    for (unsigned i = 0; i < 200; i++) {
        court_send(other, &value.propose);
    }
    for (unsigned i = 0; i < 200; i++) {
        court_send(other, &value.certify);
    }
    court_settle(other);
    uint64_t most = 1 + (loop_now_ms() - began_ms) / AGENT_SAID_MS;

    assert_in_range(desk->counts[MESSAGE_PREPARE], 1, most);
    assert_in_range(desk->counts[MESSAGE_COMMIT], 1, most);
    court_serve(court, 2 * AGENT_SAID_MS);
    unsigned before = desk->counts[MESSAGE_COMMIT];

    court_send(desk, &value.certify); /* The chair itself has missed it. */
    court_await(court, &desk->counts[MESSAGE_COMMIT], before + 1);
}

/* Docket A has the case of attempt 1 assessed here, and no certificate; docket B has the same, and
 * one; docket C hears it again. */
static void a_case_is_heard_again_once_every_earlier_hearing_is_decided(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];
    struct message_signed docket_a = open_docket(court, 1);
    struct message_signed docket_b = court_docket(other, 1, 0);
    struct court_value value;
    struct message decide;
    struct digest id;

    court_value_unheard(other, &docket_b, &value);
    decide = court_decide(court, &value);
    struct message_signed docket_c = court_docket_again(other, 2, 2, decide.decide.certificate);
    unsigned before = other->verdict_count;

    court_assign(other, &docket_c);
    court_settle(other);
    court_serve(court, QUIET_MS);
    assert_int_equal(other->verdict_count, before); /* It waits for A. */
    /* That of B came with the header, and is passed on. */
    court_await(court, &desk->counts[MESSAGE_DECIDE], 1);
    court_value_unheard(desk, &docket_a, &value);
    decide = court_decide(court, &value);
    court_send(desk, &decide);
    court_await(court, &other->verdict_count, before + 1);
    assert_int_equal(other->reason, MESSAGE_ASSESSED);
    hash_bytes(docket_c.payload, &id);
    assert_true(digest_equal(&other->docket, &id));
    court_await(court, &desk->verdict_count, 2);
    /* The first attempt is over for good. */
    struct message_signed docket_d = court_docket(desk, 3, 0);

    before = desk->verdict_count;
    court_assign(desk, &docket_d);
    court_await(court, &desk->verdict_count, before + 1);
    assert_int_equal(desk->reason, MESSAGE_CONCLUDED);
    /* And the second one is bound to C. */
    struct message_signed docket_e = court_docket_again(desk, 4, 2, decide.decide.certificate);

    court_assign(desk, &docket_e);
    court_await(court, &desk->verdict_count, before + 2);
    assert_int_equal(desk->reason, MESSAGE_BOUND);
}

/* Both are judged free to be assessed before either is; the verdict that is stored first binds. */
static void a_case_that_two_homes_bring_at_once_is_bound_to_one(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];
    struct message_signed docket = court_docket(desk, 1, 0);
    struct message_signed rival = court_docket(other, 1, 0);

    desk->manner = MANNER_SILENT;
    other->manner = MANNER_SILENT;
    court_assign(desk, &docket);
    court_await(court, &desk->fetch_count, 1);
    court_assign(other, &rival);
    court_settle(other);
    desk->manner = MANNER_HONEST;
    other->manner = MANNER_HONEST;
    court_await(court, &desk->verdict_count, 2);
    assert_int_equal(desk->reasons[MESSAGE_ASSESSED], 1);
    assert_int_equal(desk->reasons[MESSAGE_BOUND], 1);
    assert_int_equal(desk->reason, MESSAGE_BOUND);
}

static void a_case_is_not_heard_again_without_the_certificate(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed docket_a = open_docket(court, 1);
    struct court_value value;
    struct message decide;

    court_value_unheard(desk, &docket_a, &value);
    decide = court_decide(court, &value);
    struct bytes earlier = decide.decide.certificate;
    unsigned before = desk->verdict_count;
    struct message_signed docket = court_docket_again(desk, 2, 3, earlier); /* Not of attempt 2. */

    court_assign(desk, &docket);
    ((uint8_t *)(uintptr_t)earlier.data)[earlier.size / 2] ^= 1;
    docket = court_docket_again(desk, 3, 2, earlier);
    court_assign(desk, &docket);
    court_settle(desk);
    assert_int_equal(desk->verdict_count, before);
    assert_true(court_log_has(court, "ASSIGN dropped"));
}

static void two_dockets_under_one_serial_prove_their_home(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed first = court_docket(desk, 7, 0);
    struct message_signed second = court_docket(desk, 7, 1);

    court_assign(desk, &first);
    court_assign(desk, &first);
    court_await(court, &desk->verdict_count, 1);
    assert_false(court_log_has(court, "E4"));
    court_assign(desk, &second);
    court_await(court, &desk->verdict_count, 2); /* Both are heard. */
    assert_true(court_log_has(court, "coordinator 0: E4"));
}

static void two_proposals_for_one_view_prove_their_chair(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed docket = open_docket(court, 1);
    struct court_value value;
    struct court_value another;

    court_value(desk, &docket, 0, &value);
    court_value(desk, &docket, 1, &another);
    court_send(desk, &value.propose);
    court_send(desk, &value.propose);
    court_send(&court->desks[1], &value.propose); /* Whoever brings it. */
    court_await(court, &desk->counts[MESSAGE_PREPARE], 1);
    court_settle(&court->desks[1]);
    assert_false(court_log_has(court, "E4"));
    restart(court); /* The first one is in the store. */
    court_send(&court->desks[1], &another.propose);
    court_settle(&court->desks[1]);
    assert_true(court_log_has(court, "coordinator 0: E4"));
}

static void a_second_certificate_for_another_value_ends_nobody(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed docket = open_docket(court, 1);
    struct court_value value;
    struct court_value another;
    struct message message;

    court_value(desk, &docket, 0, &value);
    court_value(desk, &docket, 1, &another);
    message = court_decide(court, &value);
    court_send(desk, &message);
    message = court_decide(court, &another);
    court_send(desk, &message);
    court_send(desk, &message);
    court_settle(desk);
    assert_true(court_log_has(court, "two values were certified"));
    (void)open_docket(court, 2);
    assert_int_equal(desk->reason, MESSAGE_CONCLUDED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, court_set_up, court_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_is_fetched_from_one_chair_after_the_other),
        TEST(a_certificate_goes_to_every_coordinator_until_it_has_it),
        TEST(a_coordinator_that_comes_late_gets_all_certificates),
        TEST(what_a_seat_keeps_it_gives_to_who_asks),
        TEST(an_assessment_goes_on_after_a_crash),
        TEST(a_bundle_that_stalls_is_fetched_elsewhere),
        TEST(a_docket_that_sleeps_wakes_for_its_votes),
        TEST(what_is_asked_for_without_end_is_given_up_to_a_limit),
        TEST(a_home_whose_bundles_never_come_does_not_hold_up_another),
        TEST(many_cases_of_one_home_take_no_turn_each),
        TEST(votes_are_not_repeated_at_the_speed_of_who_replays),
        TEST(a_case_is_heard_again_once_every_earlier_hearing_is_decided),
        TEST(a_case_that_two_homes_bring_at_once_is_bound_to_one),
        TEST(a_case_is_not_heard_again_without_the_certificate),
        TEST(two_dockets_under_one_serial_prove_their_home),
        TEST(two_proposals_for_one_view_prove_their_chair),
        TEST(a_second_certificate_for_another_value_ends_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
