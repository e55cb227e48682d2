/* The pure parts one by one; whole conversations are in tests/sim. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "council/binding.h"
#include "council/chair.h"
#include "council/quorum.h"
#include "council/seat.h"
#include "council/tally.h"

static struct digest named(uint8_t name)
{
    struct digest digest = {{0}};

    memset(digest.data, name, sizeof(digest.data));
    return digest;
}

static struct seat_set first_seats(uint8_t count)
{
    struct seat_set set = {{0, 0}};

    for (uint8_t seat = 0; seat < count; seat++) {
        seat_set_add(&set, seat);
    }
    return set;
}

static void quorums_meet_in_an_honest_seat_and_honest_seats_are_a_quorum(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= QUORUM_SEATS_MAX; n++) {
        unsigned f_max = quorum_faulty_max((uint8_t)n);

        assert_true(3 * f_max < n);
        assert_true(3 * (f_max + 1) >= n);
        for (unsigned f = 0; f <= f_max; f++) {
            struct quorum quorum;

            assert_true(quorum_init(&quorum, (uint8_t)n, (uint8_t)f));
            unsigned q = quorum.quorum_count;

            assert_true(2 * q >= n + f + 1);
            assert_true(q <= n - f);
            assert_true(2 * (q - 1) < n + f + 1); /* One less would not do. */
            assert_true(2 * (q - f) > n - f);
        }
    }
}

static void a_council_of_33_needs_22(void **state)
{
    struct quorum quorum;

    (void)state;
    assert_true(quorum_init(&quorum, 33, quorum_faulty_max(33)));
    assert_int_equal(quorum.faulty_max, 10);
    assert_int_equal(quorum.quorum_count, 22);
    assert_false(quorum_init(&quorum, 33, 11));
    assert_false(quorum_init(&quorum, 0, 0));
    assert_false(quorum_init(&quorum, 128, 0));
}

static void sets_hold_every_seat(void **state)
{
    struct seat_set set = {{0, 0}};

    (void)state;
    for (uint8_t seat = 0; seat < QUORUM_SEATS_MAX; seat++) {
        assert_false(seat_set_has(&set, seat));
        seat_set_add(&set, seat);
        assert_true(seat_set_has(&set, seat));
        assert_int_equal(seat_set_count(&set), seat + 1);
    }
    seat_set_remove(&set, 64);
    struct seat_set others = seat_set_others(&set, QUORUM_SEATS_MAX);

    assert_int_equal(seat_set_count(&others), 1);
    assert_true(seat_set_has(&others, 64));
}

static void a_finding_needs_q_of_all_seats(void **state)
{
    struct tally tally;
    uint8_t met[2] = {ANSWER_MET, ANSWER_MET};
    uint8_t split[2] = {ANSWER_MET, ANSWER_NOT_MET};

    (void)state;
    tally_init(&tally, 2);
    for (int seat = 0; seat < 21; seat++) {
        tally_add(&tally, met);
    }
    assert_int_equal(tally_agreed(&tally, 0, 22), ANSWER_NONE);
    tally_add(&tally, split);
    assert_int_equal(tally_agreed(&tally, 0, 22), ANSWER_MET);
    assert_int_equal(tally_agreed(&tally, 1, 22), ANSWER_NONE);
    assert_false(tally_is_settled(&tally, 22));
    tally_add(&tally, met);
    assert_true(tally_is_settled(&tally, 22));
}

static void q_abstentions_agree_on_nothing(void **state)
{
    struct tally tally;
    uint8_t none[1] = {ANSWER_NONE};

    (void)state;
    tally_init(&tally, 1);
    for (int seat = 0; seat < 33; seat++) {
        tally_add(&tally, none);
    }
    assert_int_equal(tally_agreed(&tally, 0, 22), ANSWER_NONE);
}

static void a_hearing_is_assessed_in_one_docket_only(void **state)
{
    struct digest here = named(1);
    struct digest blocker;
    const struct {
        struct binding_record record;
        uint32_t attempt;
        enum binding_verdict verdict;
    } cases[] = {
        {{named(1), 1, 1, BINDING_OPEN}, 1, BINDING_ASSESS}, /* This very docket. */
        {{named(2), 1, 0, BINDING_OPEN}, 1, BINDING_ASSESS}, /* Abstained there. */
        {{named(2), 1, 1, BINDING_OPEN}, 1, BINDING_ELSEWHERE},
        {{named(2), 2, 1, BINDING_OPEN}, 1, BINDING_ELSEWHERE},
        {{named(2), 1, 1, BINDING_OPEN}, 2, BINDING_WAIT},
        {{named(2), 1, 1, BINDING_CONTESTED}, 2, BINDING_ASSESS},
        {{named(2), 1, 0, BINDING_UNHEARD}, 2, BINDING_ASSESS},
        {{named(2), 2, 0, BINDING_UNHEARD}, 2, BINDING_CONCLUDED},
        {{named(2), 1, 0, BINDING_CONCLUSIVE}, 2, BINDING_CONCLUDED},
        {{named(2), 3, 1, BINDING_CONTESTED}, 2, BINDING_CONCLUDED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(binding_judge(&cases[i].record, 1, &here, cases[i].attempt, &blocker),
                         cases[i].verdict);
        bool is_blocked = cases[i].verdict != BINDING_ASSESS;

        assert_true(is_blocked ? digest_equal(&blocker, &cases[i].record.docket)
                               : digest_is_zero(&blocker));
    }
}

static const struct seat_config five = {
    .quorum = {.seat_count = 5, .faulty_max = 1, .quorum_count = 4}, .self = 2};

static struct seat_event propose(uint8_t value)
{
    struct seat_event event = {.type = SEAT_EVENT_PROPOSE};

    event.propose.vote = (struct seat_vote){.view = 1, .value = named(value)};
    event.propose.is_from_chair = true;
    return event;
}

static struct seat_event computed(uint8_t value, bool is_valid)
{
    struct seat_event event = {.type = SEAT_EVENT_COMPUTED};

    event.computed.value = named(value);
    event.computed.is_valid = is_valid;
    return event;
}

static struct seat_event certify(uint8_t value, uint8_t signers)
{
    struct seat_event event = {.type = SEAT_EVENT_CERTIFY};

    event.certify.vote = (struct seat_vote){.view = 1, .value = named(value)};
    event.certify.signers = first_seats(signers);
    return event;
}

/* Feeds EVENT; returns the types of the actions as one number, last digit last. */
static unsigned step(struct seat *seat, struct seat_event event)
{
    struct seat_actions actions;
    unsigned types = 0;

    seat_step(seat, &event, &actions);
    for (uint32_t i = 0; i < actions.count; i++) {
        types = types * 100 + actions.items[i].type;
    }
    return types;
}

#define TWO(a, b) ((a)*100U + (b))

static void a_seat_prepares_once_and_repeats_it_on_request(void **state)
{
    struct seat seat;
    struct seat_record none = {0};

    (void)state;
    seat_init(&seat, &five, &none);
    assert_int_equal(step(&seat, propose(7)), SEAT_ACTION_COMPUTE);
    assert_int_equal(step(&seat, propose(7)), 0);
    assert_int_equal(step(&seat, computed(7, true)),
                     TWO(SEAT_ACTION_PERSIST_PREPARE, SEAT_ACTION_SEND_PREPARE));
    assert_int_equal(step(&seat, propose(7)), SEAT_ACTION_SEND_PREPARE);
    assert_int_equal(step(&seat, propose(8)), SEAT_ACTION_REPORT_PROPOSAL);
}

static void a_proposal_that_does_not_compute_is_not_prepared(void **state)
{
    struct seat seat;
    struct seat_record none = {0};
    struct seat_event stranger = propose(7);

    (void)state;
    seat_init(&seat, &five, &none);
    stranger.propose.is_from_chair = false;
    assert_int_equal(step(&seat, stranger), 0);
    (void)step(&seat, propose(7));
    assert_int_equal(step(&seat, computed(6, true)), 0); /* Not what was asked. */
    assert_int_equal(step(&seat, computed(7, false)), SEAT_ACTION_REPORT_PROPOSAL);
    assert_int_equal(step(&seat, propose(8)), SEAT_ACTION_COMPUTE);
}

static void a_seat_commits_only_on_a_quorum(void **state)
{
    struct seat seat;
    struct seat_record none = {0};

    (void)state;
    seat_init(&seat, &five, &none);
    (void)step(&seat, propose(7));
    (void)step(&seat, computed(7, true));
    assert_int_equal(step(&seat, certify(7, 3)), 0);
    assert_int_equal(step(&seat, certify(7, 4)),
                     TWO(SEAT_ACTION_PERSIST_LOCK, SEAT_ACTION_SEND_COMMIT));
    assert_int_equal(step(&seat, certify(7, 5)), SEAT_ACTION_SEND_COMMIT);
    assert_int_equal(step(&seat, certify(8, 4)), SEAT_ACTION_REPORT_CONFLICT);
}

static void a_seat_that_prepared_another_value_fetches_and_commits_the_certified_one(void **state)
{
    struct seat seat;
    struct seat_record none = {0};

    (void)state;
    seat_init(&seat, &five, &none);
    (void)step(&seat, propose(7));
    (void)step(&seat, computed(7, true));
    assert_int_equal(step(&seat, certify(8, 4)), SEAT_ACTION_COMPUTE);
    assert_int_equal(step(&seat, certify(8, 4)), 0);
    assert_int_equal(step(&seat, computed(8, true)),
                     TWO(SEAT_ACTION_PERSIST_LOCK, SEAT_ACTION_SEND_COMMIT));
}

static void nothing_is_signed_for_a_view_that_was_given_up(void **state)
{
    struct seat seat;
    struct seat_record record = {.view_refused = 1};

    (void)state;
    seat_init(&seat, &five, &record);
    assert_int_equal(step(&seat, propose(7)), 0);
    assert_int_equal(step(&seat, certify(7, 5)), 0);
    record.prepared = (struct seat_vote){.view = 1, .value = named(7)};
    seat_init(&seat, &five, &record);
    assert_int_equal(step(&seat, certify(7, 5)), 0);
}

static void a_restarted_seat_repeats_what_it_stored_and_nothing_else(void **state)
{
    struct seat seat;
    struct seat_record record = {.has_verdict = true};
    struct seat_event assign = {.type = SEAT_EVENT_ASSIGN};

    (void)state;
    record.prepared = (struct seat_vote){.view = 1, .value = named(7)};
    seat_init(&seat, &five, &record);
    assert_int_equal(step(&seat, assign), SEAT_ACTION_SEND_VERDICT);
    assert_int_equal(step(&seat, propose(8)), SEAT_ACTION_REPORT_PROPOSAL);
    assert_int_equal(step(&seat, propose(7)), SEAT_ACTION_SEND_PREPARE);
}

static void a_decided_docket_answers_everything_with_its_certificate(void **state)
{
    struct seat seat;
    struct seat_record none = {0};
    struct seat_event decide = certify(7, 4);
    struct seat_event assign = {.type = SEAT_EVENT_ASSIGN};
    struct seat_event assessed = {.type = SEAT_EVENT_ASSESSED};

    (void)state;
    decide.type = SEAT_EVENT_DECIDE;
    seat_init(&seat, &five, &none);
    (void)step(&seat, assign);
    assert_int_equal(step(&seat, decide),
                     TWO(SEAT_ACTION_PERSIST_CERTIFICATE, SEAT_ACTION_SEND_DONE));
    assert_int_equal(step(&seat, assessed), 0);
    assert_int_equal(step(&seat, assign), SEAT_ACTION_SEND_DECIDE);
    assert_int_equal(step(&seat, propose(9)), SEAT_ACTION_SEND_DECIDE);
    assert_int_equal(step(&seat, decide), SEAT_ACTION_SEND_DONE);
    decide.decide.vote.value = named(8);
    assert_int_equal(step(&seat, decide), SEAT_ACTION_REPORT_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quorums_meet_in_an_honest_seat_and_honest_seats_are_a_quorum),
        cmocka_unit_test(a_council_of_33_needs_22),
        cmocka_unit_test(sets_hold_every_seat),
        cmocka_unit_test(a_finding_needs_q_of_all_seats),
        cmocka_unit_test(q_abstentions_agree_on_nothing),
        cmocka_unit_test(a_hearing_is_assessed_in_one_docket_only),
        cmocka_unit_test(a_seat_prepares_once_and_repeats_it_on_request),
        cmocka_unit_test(a_proposal_that_does_not_compute_is_not_prepared),
        cmocka_unit_test(a_seat_commits_only_on_a_quorum),
        cmocka_unit_test(a_seat_that_prepared_another_value_fetches_and_commits_the_certified_one),
        cmocka_unit_test(nothing_is_signed_for_a_view_that_was_given_up),
        cmocka_unit_test(a_restarted_seat_repeats_what_it_stored_and_nothing_else),
        cmocka_unit_test(a_decided_docket_answers_everything_with_its_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
