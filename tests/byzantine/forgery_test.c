/* What liars say is well made: it is refused, if at all, for what it says, and never for how. */

#include "tests/proto/fixture.h"

#include "tests/byzantine/forgery.h"
#include "tests/byzantine/mischief.h"
#include "tests/byzantine/plot.h"

#define SEATS 8
#define LIAR  3

static const uint8_t inverted[ANSWER_COUNT] = {ANSWER_NONE, ANSWER_NOT_MET, ANSWER_MET,
                                               ANSWER_INSUFFICIENT, ANSWER_NOT_APPLICABLE};

static int set_up(void **state)
{
    struct fixture *fixture = fixture_create(SEATS);

    mischief = (struct mischief){.roster = &fixture->roster,
                                 .keys = fixture->seats[LIAR],
                                 .node = LIAR,
                                 .is_seat = true,
                                 .random = {.state = 1}};
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_destroy(*state);
    return 0;
}

/* FRAME decoded; it lives as long as the fixture. */
static struct message decode(struct fixture *fixture, struct buffer *frame)
{
    struct message message;

    if (!codec_frame_decode(fixture_keep(fixture, frame), fixture->arena, &message,
                            &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
    return message;
}

static struct bytes encode(struct fixture *fixture, const struct message *message)
{
    struct buffer out = {0};

    forgery_write(message, &out);
    return fixture_keep(fixture, &out);
}

/* The VERDICT of seat LIAR, which finds everything met. */
static struct bytes honest_verdict(struct fixture *fixture)
{
    struct message message = {.kind = MESSAGE_VERDICT};
    struct bytes sheet = fixture_sheet(fixture, FIXTURE_CRITERIA, ANSWER_MET);
    struct message_verdict verdict = fixture_verdict(fixture, LIAR, sheet);
    struct message_signed signed_verdict = fixture_sign_verdict(fixture, &verdict);

    message.verdict.verdict_count = 1;
    message.verdict.verdicts = &signed_verdict;
    message.verdict.sheet_count = 1;
    message.verdict.sheets = &sheet;
    return encode(fixture, &message);
}

static void another_verdict_verifies_and_says_the_opposite(void **state)
{
    struct fixture *fixture = *state;
    struct verify_book book;
    struct buffer frame = {0};

    assert_true(forgery_other_verdict(honest_verdict(fixture), inverted, 1, &frame));
    struct message message = decode(fixture, &frame);

    assert_true(
        verify_verdict(&fixture->docket, &message.verdict, fixture->arena, &book, &fixture->error));
    assert_int_equal(book.verdicts[0].seat, LIAR);
    assert_int_equal(book.verdicts[0].assessed_at, 1790000011 + LIAR);
    for (size_t i = 0; i < FIXTURE_CASES; i++) {
        assert_int_equal(verify_book_sheet(&book, 0, i)->answers[0], ANSWER_NOT_MET);
    }
}

static void a_prepare_is_good_in_the_liars_own_name_only(void **state)
{
    struct fixture *fixture = *state;
    struct message_prepare prepare = {.roster = fixture->roster.digest,
                                      .docket = fixture->docket.scope.docket,
                                      .view = 1,
                                      .value = mischief_noise()};

    for (uint8_t seat = 0; seat < SEATS; seat++) {
        struct message_prepare decoded;
        struct buffer frame = {0};

        forgery_prepare(&prepare, seat, &frame);
        struct message message = decode(fixture, &frame);

        assert_int_equal(verify_prepare(&fixture->docket.scope, message.prepare.payload,
                                        &message.prepare.vote, &decoded, &fixture->error),
                         seat == LIAR);
    }
}

static void a_wish_for_a_view_verifies_without_a_qc_and_not_with_a_false_one(void **state)
{
    struct fixture *fixture = *state;
    struct message_new_view report = {
        .roster = fixture->roster.digest, .docket = fixture->docket.scope.docket, .view = 2};
    struct message_prepare prepare = {.roster = fixture->roster.digest,
                                      .docket = fixture->docket.scope.docket,
                                      .view = 1,
                                      .value = mischief_noise()};
    struct verify_new_view verified;
    struct buffer frame = {0};
    struct buffer qc = {0};

    forgery_new_view(&report, (struct bytes){0}, (struct bytes){0}, &frame);
    struct message message = decode(fixture, &frame);

    assert_true(verify_new_view(&fixture->docket.scope, &message, fixture->arena, &verified,
                                &fixture->error));
    report.qc_view = 1;
    report.qc_value = prepare.value;
    forgery_false_qc(&prepare, &qc);
    forgery_new_view(&report, buffer_bytes(&qc), (struct bytes){0}, &frame);
    message = decode(fixture, &frame);
    assert_false(verify_new_view(&fixture->docket.scope, &message, fixture->arena, &verified,
                                 &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_DENIED);
    buffer_finish(&qc);
}

/* A proposal of home with all verdicts. */
static struct bytes honest_proposal(struct fixture *fixture)
{
    struct message message = {.kind = MESSAGE_PROPOSE};
    struct message_propose propose = {.roster = fixture->roster.digest,
                                      .docket = fixture->docket.scope.docket,
                                      .view = 1,
                                      .value = mischief_noise()};
    struct verify_book book;
    struct buffer payload = {0};

    message.propose.book = fixture_book(fixture, SEATS);
    assert_true(verify_book(&fixture->docket, &message.propose.book, fixture->arena, &book,
                            &fixture->error));
    propose.book = book.digest;
    codec_payload_encode_propose(&propose, &payload);
    message.propose.propose =
        fixture_sign(fixture, fixture->coordinators[1], MESSAGE_TYPE_PROPOSE, &payload);
    return encode(fixture, &message);
}

static void a_short_book_is_refused_for_being_short(void **state)
{
    struct fixture *fixture = *state;
    struct verify_proposal proposal;
    struct buffer frame = {0};

    mischief.keys = fixture->coordinators[1];
    for (size_t count = fixture->roster.quorum_count - 1U; count <= SEATS - 1U; count++) {
        assert_true(plot_propose_short(honest_proposal(fixture), count, &frame));
        struct message message = decode(fixture, &frame);

        assert_int_equal(message.propose.book.verdict_count, count);
        assert_int_equal(
            verify_proposal(&fixture->docket, &message, fixture->arena, &proposal, &fixture->error),
            count >= fixture->roster.quorum_count);
    }
}

static void every_frame_about_a_docket_names_it(void **state)
{
    struct fixture *fixture = *state;
    struct message assign = {.kind = MESSAGE_ASSIGN};
    struct message ping = {.kind = MESSAGE_PING};
    struct digest docket;

    assign.assign.docket = fixture->signed_docket;
    const struct bytes frames[] = {encode(fixture, &assign), honest_verdict(fixture),
                                   honest_proposal(fixture)};

    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        assert_true(forgery_docket(frames[i], &docket));
        assert_true(digest_equal(&docket, &fixture->docket.scope.docket));
    }
    assert_false(forgery_docket(encode(fixture, &ping), &docket));
    assert_false(forgery_docket(bytes_of_text("nothing"), &docket));
}

static void votes_are_counted_by_seat_until_they_are_a_quorum(void **state)
{
    struct fixture *fixture = *state;
    struct plot *plot = plot_by_id(&fixture->docket.scope.docket);
    struct message_qc qc = fixture_qc(fixture, 1, "D", SEATS);
    size_t quorums = 0;

    for (size_t i = SEATS; i > 0; i--) {
        for (int again = 0; again < 2; again++) {
            quorums += plot_add_vote(plot, qc.payload, &qc.votes[i - 1]);
        }
    }
    assert_int_equal(quorums, 1);
    assert_int_equal(plot->vote_count, SEATS);
    for (uint8_t i = 0; i < SEATS; i++) {
        assert_int_equal(plot->votes[i].seat, i);
    }
    assert_ptr_equal(plot_next(NULL), plot);
    assert_null(plot_next(plot));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(another_verdict_verifies_and_says_the_opposite, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_prepare_is_good_in_the_liars_own_name_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_wish_for_a_view_verifies_without_a_qc_and_not_with_a_false_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_short_book_is_refused_for_being_short, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_frame_about_a_docket_names_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(votes_are_counted_by_seat_until_they_are_a_quorum, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
