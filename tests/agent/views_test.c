/* A real aims-agent changes views: given up by the clock and by what others ask for, entered by
 * proof alone, never gone back to, and remembered over a crash. */

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

/* What one test is about: a docket of desk 0, assessed, and a value for it. */
struct case_at_hand {
    struct court *court;
    struct desk *home;  /* Chair of view 1. */
    struct desk *other; /* Chair of view 2. */
    struct message_signed docket;
    struct verify_scope scope;
    struct court_value value;
};

static void open_case(void **state, struct case_at_hand *out)
{
    struct court *court = *state;

    *out =
        (struct case_at_hand){.court = court, .home = &court->desks[0], .other = &court->desks[1]};
    out->docket = court_docket(out->home, 1, 0);
    out->scope.roster = &court->roster;
    hash_bytes(out->docket.payload, &out->scope.docket);
    court_assign(out->home, &out->docket);
    court_await(court, &out->home->verdict_count, 1);
    court_value(out->home, &out->docket, 0, &out->value);
    court_certify(court, &out->value);
}

/* SEAT asks for VIEW; HIGHEST is the QC it reports, or NULL. */
static struct message_signed report_of(const struct case_at_hand *at, uint8_t seat, uint32_t view,
                                       const struct message_prepare *highest)
{
    struct message_new_view report = {
        .roster = at->court->roster.digest, .docket = at->scope.docket, .view = view};
    struct buffer payload = {0};

    if (highest != NULL) {
        report.qc_view = highest->view;
        report.qc_value = highest->value;
    }
    codec_payload_encode_new_view(&report, &payload);
    return court_sign(at->court, at->court->seats[seat], MESSAGE_TYPE_NEW_VIEW, &payload);
}

static void relay(struct desk *desk, const struct message_signed *report, uint8_t seat)
{
    struct message message = {.kind = MESSAGE_NEW_VIEW};

    message.new_view.report = *report;
    message.new_view.seat = seat;
    court_send(desk, &message);
}

/* f + 1 others ask for VIEW. */
static void have_others_ask(const struct case_at_hand *at, struct desk *desk, uint32_t view)
{
    for (uint8_t seat = 1; seat <= 2; seat++) {
        struct message_signed report = report_of(at, seat, view, NULL);

        relay(desk, &report, seat);
    }
}

/* A TC for VIEW of seats 1 to COUNT, of which HIGHEST is the highest QC, or NULL. */
static struct bytes tc_of(const struct case_at_hand *at, uint32_t view, size_t count,
                          const struct message_prepare *highest)
{
    struct message_signed reports[SEATS];
    uint8_t seats[SEATS];
    struct message_tc tc = {
        .view = view, .report_count = count, .reports = reports, .seats = seats};
    struct buffer part = {0};

    for (uint8_t i = 0; i < count; i++) {
        seats[i] = (uint8_t)(i + 1);
        reports[i] = report_of(at, seats[i], view, highest);
    }
    if (highest != NULL) {
        tc.qc = court_qc(at->court, highest);
    }
    codec_part_encode_tc(&tc, &part);
    struct bytes bytes = bytes_of(arena_copy(at->court->arena, part.data, part.size), part.size);

    buffer_finish(&part);
    return bytes;
}

/* The value proposed in VIEW by its chair, with TC. */
static struct message proposal_of(const struct case_at_hand *at, const struct court_value *value,
                                  uint32_t view, struct bytes tc)
{
    const struct keys *keys = at->court->desks[(view - 1) % DESKS].keys;
    struct message message = value->propose;
    struct message_propose propose;
    struct buffer payload = {0};
    struct error error;

    court_require(codec_payload_decode_propose(message.propose.propose.payload, &propose, &error),
                  &error);
    propose.view = view;
    hash_bytes(tc, &propose.tc);
    codec_payload_encode_propose(&propose, &payload);
    message.propose.propose = court_sign(at->court, keys, MESSAGE_TYPE_PROPOSE, &payload);
    message.propose.tc = tc;
    return message;
}

/* What the last NEW-VIEW that DESK got asks for; it checks, attachments and all. */
static struct verify_new_view last_new_view(const struct case_at_hand *at, const struct desk *desk)
{
    struct verify_new_view verified;
    struct message message;
    struct error error;

    court_last(desk, MESSAGE_NEW_VIEW, &message);
    assert_int_equal(message.new_view.seat, 0);
    court_require(verify_new_view(&at->scope, &message, at->court->arena, &verified, &error),
                  &error);
    return verified;
}

static void last_prepare(const struct case_at_hand *at, const struct desk *desk,
                         struct message_prepare *out)
{
    struct message message;
    struct error error;

    court_last(desk, MESSAGE_PREPARE, &message);
    court_require(
        verify_prepare(&at->scope, message.prepare.payload, &message.prepare.vote, out, &error),
        &error);
}

/* ---- tests ---- */

static void a_view_is_given_up_when_its_chair_falls_silent(void **state)
{
    struct case_at_hand at;
    struct buffer first = {0};

    open_case(state, &at);
    at.home->is_mute = true;
    court_await(at.court, &at.other->counts[MESSAGE_NEW_VIEW], 1);
    struct verify_new_view asked = last_new_view(&at, at.other);

    assert_int_equal(asked.report.view, 2);
    assert_int_equal(asked.report.qc_view, 0);
    assert_int_equal(asked.tc_view, 0);
    buffer_append(&first, at.other->frames[MESSAGE_NEW_VIEW].data,
                  at.other->frames[MESSAGE_NEW_VIEW].size);
    court_await(at.court, &at.other->counts[MESSAGE_NEW_VIEW], 3);
    assert_true(
        bytes_equal(buffer_bytes(&first), buffer_bytes(&at.other->frames[MESSAGE_NEW_VIEW])));
    buffer_finish(&first);
}

static void what_f_plus_1_others_ask_for_is_asked_for(void **state)
{
    struct case_at_hand at;
    struct message own;
    struct message_signed report;

    open_case(state, &at);
    for (uint32_t view = 3; view <= 7; view++) { /* One seat is not enough, however often. */
        report = report_of(&at, 1, view, NULL);
        relay(at.home, &report, 1);
        relay(at.other, &report, 1);
    }
    report.signature[0] ^= 1; /* By nobody. */
    relay(at.home, &report, 2);
    court_settle(at.home);
    court_settle(at.other);
    assert_int_equal(at.home->counts[MESSAGE_NEW_VIEW], 0);
    report = report_of(&at, 2, 6, NULL);
    relay(at.other, &report, 2);
    court_await(at.court, &at.home->counts[MESSAGE_NEW_VIEW], 1);
    assert_int_equal(last_new_view(&at, at.home).report.view, 6);
    /* Its own NEW-VIEW is no other's, as often as it comes. */
    court_last(at.home, MESSAGE_NEW_VIEW, &own);
    report = report_of(&at, 3, 7, NULL);
    relay(at.home, &own.new_view.report, 0);
    relay(at.home, &own.new_view.report, 3);
    court_settle(at.home);
    unsigned before = at.home->counts[MESSAGE_NEW_VIEW];

    court_await(at.court, &at.home->counts[MESSAGE_NEW_VIEW], before + 1);
    assert_int_equal(last_new_view(&at, at.home).report.view, 6);
    relay(at.home, &report, 3); /* With seat 1 that makes two for view 7. */
    court_settle(at.home);
    before = at.home->counts[MESSAGE_NEW_VIEW];
    court_await(at.court, &at.home->counts[MESSAGE_NEW_VIEW], before + 1);
    assert_int_equal(last_new_view(&at, at.home).report.view, 7);
}

static void only_a_tc_enters_a_view(void **state)
{
    struct case_at_hand at;
    struct message proposal;
    struct message tc = {.kind = MESSAGE_TC};
    struct message_prepare prepare;
    struct digest digest;

    open_case(state, &at);
    struct bytes good = tc_of(&at, 2, QUORUM, NULL);
    struct bytes later = tc_of(&at, 3, QUORUM, NULL);
    struct bytes few = tc_of(&at, 2, QUORUM - 1, NULL);
    struct bytes forged = bytes_of(arena_copy(at.court->arena, good.data, good.size), good.size);
    struct bytes foreign;
    struct case_at_hand elsewhere = at;

    ((uint8_t *)(uintptr_t)forged.data)[forged.size - 1] ^= 1;
    elsewhere.scope.docket.data[0] ^= 1;
    foreign = tc_of(&elsewhere, 2, QUORUM, NULL);
    const struct bytes bad[] = {later, few, forged, foreign, {0}};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        proposal = proposal_of(&at, &at.value, 2, bad[i]);
        court_send(at.other, &proposal);
        tc.tc.docket = at.scope.docket;
        tc.tc.tc = bad[i];
        if (i > 0 && bad[i].size > 0) {
            court_send(at.home, &tc);
        }
    }
    proposal = proposal_of(&at, &at.value, 2, good);
    proposal.propose.tc = later; /* Another than it names. */
    court_send(at.other, &proposal);
    court_settle(at.other);
    court_settle(at.home);
    assert_int_equal(at.other->counts[MESSAGE_PREPARE], 0);
    /* It is in view 1 still. */
    court_send(at.home, &at.value.propose);
    court_await(at.court, &at.home->counts[MESSAGE_PREPARE], 1);
    proposal = proposal_of(&at, &at.value, 2, good);
    court_send(at.other, &proposal);
    court_await(at.court, &at.other->counts[MESSAGE_PREPARE], 1);
    last_prepare(&at, at.other, &prepare);
    hash_bytes(good, &digest);
    assert_int_equal(prepare.view, 2);
    assert_true(digest_equal(&prepare.tc, &digest));
    assert_true(digest_equal(&prepare.value, &at.value.statement->value));
    assert_int_equal(at.home->counts[MESSAGE_PREPARE], 1);
    /* And there is no way back. */
    court_send(at.home, &at.value.propose);
    court_send(at.home, &at.value.certify);
    court_settle(at.home);
    assert_int_equal(at.home->counts[MESSAGE_PREPARE], 1);
    assert_int_equal(at.home->counts[MESSAGE_COMMIT], 0);
}

static void a_view_that_was_given_up_takes_no_vote_after_a_crash_either(void **state)
{
    struct case_at_hand at;
    struct buffer first = {0};

    open_case(state, &at);
    court_send(at.home, &at.value.propose);
    court_await(at.court, &at.home->counts[MESSAGE_PREPARE], 1);
    have_others_ask(&at, at.home, 2);
    court_await(at.court, &at.other->counts[MESSAGE_NEW_VIEW], 1);
    buffer_append(&first, at.other->frames[MESSAGE_NEW_VIEW].data,
                  at.other->frames[MESSAGE_NEW_VIEW].size);
    court_send(at.home, &at.value.certify);
    court_send(at.home, &at.value.propose);
    court_settle(at.home);
    assert_int_equal(at.home->counts[MESSAGE_COMMIT], 0);
    assert_int_equal(at.home->counts[MESSAGE_PREPARE], 1);
    court_crash(at.court);
    court_start(at.court);
    unsigned before = at.other->counts[MESSAGE_NEW_VIEW];
    unsigned greeted = at.home->hello_count;

    /* Nobody assigns anything: the store says that there is something to ask for. */
    court_await(at.court, &at.other->counts[MESSAGE_NEW_VIEW], before + 1);
    assert_true(
        bytes_equal(buffer_bytes(&first), buffer_bytes(&at.other->frames[MESSAGE_NEW_VIEW])));
    court_await(at.court, &at.home->hello_count, greeted + 1);
    court_send(at.home, &at.value.certify);
    court_send(at.home, &at.value.propose);
    court_settle(at.home);
    assert_int_equal(at.home->counts[MESSAGE_COMMIT], 0);
    assert_int_equal(at.home->counts[MESSAGE_PREPARE], 1);
    buffer_finish(&first);
}

static void the_highest_qc_is_reported_and_binds(void **state)
{
    struct case_at_hand at;
    struct court_value another;
    struct message proposal;
    struct message certify = {.kind = MESSAGE_CERTIFY};
    struct message commit;
    struct statement statement;
    struct message_prepare highest = {.view = 1};
    struct message_prepare prepare;
    struct error error;

    open_case(state, &at);
    court_value(at.home, &at.docket, 1, &another);
    assert_false(digest_equal(&another.statement->value, &at.value.statement->value));
    highest.roster = at.court->roster.digest;
    highest.docket = at.scope.docket;
    highest.value = at.value.statement->value;
    court_send(at.home, &at.value.propose);
    court_send(at.home, &at.value.certify);
    court_await(at.court, &at.home->counts[MESSAGE_COMMIT], 1);
    have_others_ask(&at, at.home, 2);
    court_await(at.court, &at.other->counts[MESSAGE_NEW_VIEW], 1);
    struct verify_new_view asked = last_new_view(&at, at.other);

    assert_int_equal(asked.report.qc_view, 1);
    assert_true(digest_equal(&asked.report.qc_value, &highest.value));
    struct bytes tc = tc_of(&at, 2, QUORUM, &highest);

    proposal = proposal_of(&at, &another, 2, tc);
    court_send(at.other, &proposal);
    court_settle(at.other);
    assert_int_equal(at.other->counts[MESSAGE_PREPARE], 0);
    proposal = proposal_of(&at, &at.value, 2, tc);
    court_send(at.other, &proposal);
    court_await(at.court, &at.other->counts[MESSAGE_PREPARE], 1);
    last_prepare(&at, at.other, &prepare);
    certify.certify = court_qc(at.court, &prepare);
    unsigned before = at.other->counts[MESSAGE_COMMIT];

    court_send(at.other, &certify);
    court_await(at.court, &at.other->counts[MESSAGE_COMMIT], before + 1);
    court_last(at.other, MESSAGE_COMMIT, &commit);
    court_require(statement_parse(commit.commit.payload, at.court->arena, &statement, &error),
                  &error);
    assert_int_equal(statement.view, 2);
    assert_true(digest_equal(&statement.value, &highest.value));
    /* The next NEW-VIEW reports view 2 and brings its TC. */
    have_others_ask(&at, at.home, 3);
    before = at.home->counts[MESSAGE_NEW_VIEW];
    court_await(at.court, &at.home->counts[MESSAGE_NEW_VIEW], before + 1);
    asked = last_new_view(&at, at.home);
    assert_int_equal(asked.report.view, 3);
    assert_int_equal(asked.report.qc_view, 2);
    assert_int_equal(asked.tc_view, 2);
}

static void without_a_qc_another_value_may_follow(void **state)
{
    struct case_at_hand at;
    struct court_value another;
    struct message proposal;
    struct message_prepare prepare;

    open_case(state, &at);
    court_send(at.home, &at.value.propose);
    court_await(at.court, &at.home->counts[MESSAGE_PREPARE], 1);
    court_value(at.home, &at.docket, 1, &another);
    proposal = proposal_of(&at, &another, 2, tc_of(&at, 2, QUORUM, NULL));
    court_send(at.other, &proposal);
    court_await(at.court, &at.other->counts[MESSAGE_PREPARE], 1);
    last_prepare(&at, at.other, &prepare);
    assert_true(digest_equal(&prepare.value, &another.statement->value));
}

static void a_tc_is_stored_and_passed_on_to_the_chair_that_it_makes(void **state)
{
    struct case_at_hand at;
    struct message tc = {.kind = MESSAGE_TC};
    struct message passed;

    open_case(state, &at);
    tc.tc.docket = at.scope.docket;
    tc.tc.tc = tc_of(&at, 2, QUORUM, NULL);
    court_send(at.home, &tc);
    court_await(at.court, &at.other->counts[MESSAGE_TC], 1);
    court_last(at.other, MESSAGE_TC, &passed);
    assert_true(bytes_equal(passed.tc.tc, tc.tc.tc));
    court_send(at.home, &tc); /* Once is enough. */
    court_settle(at.home);
    assert_int_equal(at.other->counts[MESSAGE_TC], 1);
    court_crash(at.court);
    court_start(at.court);
    court_await(at.court, &at.other->counts[MESSAGE_TC], 2);
    court_last(at.other, MESSAGE_TC, &passed);
    assert_true(bytes_equal(passed.tc.tc, tc.tc.tc));
    assert_int_equal(at.home->counts[MESSAGE_TC], 0);
    /* Back in view 2, it takes nothing for view 1. */
    court_send(at.home, &at.value.propose);
    court_settle(at.home);
    assert_int_equal(at.home->counts[MESSAGE_PREPARE], 0);
}

/* One byte after the other is another. */
static void send_altered(struct desk *desk, const struct message *message)
{
    struct buffer frame = {0};
    struct error error;

    court_require(codec_frame_encode(message, &frame, &error), &error);
    size_t step = frame.size / 150 + 1; /* A PROPOSE is long. */

    for (size_t i = 0; i < frame.size; i += step) {
        frame.data[i] ^= 0x41;
        (void)link_server_send(desk->server, 0, buffer_bytes(&frame));
        frame.data[i] ^= 0x41;
    }
    buffer_finish(&frame);
}

static void altered_messages_move_nobody(void **state)
{
    struct case_at_hand at;
    struct message tc = {.kind = MESSAGE_TC};
    struct message new_view = {.kind = MESSAGE_NEW_VIEW};

    open_case(state, &at);
    tc.tc.docket = at.scope.docket;
    tc.tc.tc = tc_of(&at, 2, QUORUM, NULL);
    new_view.new_view.report = report_of(&at, 1, 2, NULL);
    new_view.new_view.seat = 1;
    for (size_t i = 0; i < DESKS; i++) {
        send_altered(&at.court->desks[i], &tc);
        send_altered(&at.court->desks[i], &new_view);
        send_altered(&at.court->desks[i], &at.value.propose);
        send_altered(&at.court->desks[i], &at.value.certify);
        court_settle(&at.court->desks[i]);
    }
    assert_int_equal(at.other->counts[MESSAGE_TC], 0);
    assert_int_equal(at.home->counts[MESSAGE_PREPARE], 0);
    assert_int_equal(at.other->counts[MESSAGE_NEW_VIEW], 0);
    assert_int_equal(at.other->counts[MESSAGE_COMMIT], 0);
    court_send(at.home, &at.value.propose);
    court_send(at.home, &at.value.certify);
    court_await(at.court, &at.other->counts[MESSAGE_COMMIT], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, court_set_up, court_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_view_is_given_up_when_its_chair_falls_silent),
        TEST(what_f_plus_1_others_ask_for_is_asked_for),
        TEST(only_a_tc_enters_a_view),
        TEST(a_view_that_was_given_up_takes_no_vote_after_a_crash_either),
        TEST(the_highest_qc_is_reported_and_binds),
        TEST(without_a_qc_another_value_may_follow),
        TEST(a_tc_is_stored_and_passed_on_to_the_chair_that_it_makes),
        TEST(altered_messages_move_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
