/* The pure parts one by one; whole conversations are in tests/sim. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "council/binding.h"
#include "council/chair.h"
#include "council/misconduct.h"
#include "council/petition.h"
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
    .quorum = {.seat_count = 5, .faulty_max = 1, .quorum_count = 4},
    .self = 2,
    .coordinator_count = 3,
    .assess_ms = 60000,
    .view_ms = 3000,
    .view_ms_max = 100000,
    .repeat_ms = 1000};

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

/* Feeds EVENT; returns the types of the actions as one number, two digits each, the last action
 * last. Timers are looked at by themselves. */
static unsigned step(struct seat *seat, struct seat_event event)
{
    struct seat_actions actions;
    unsigned types = 0;

    seat_step(seat, &event, &actions);
    for (uint32_t i = 0; i < actions.count; i++) {
        if (actions.items[i].type != SEAT_ACTION_SET_TIMER) {
            types = types * 100 + actions.items[i].type;
        }
    }
    return types;
}

static struct seat_event at(enum seat_event_type type, uint64_t now_ms)
{
    return (struct seat_event){.type = type, .now_ms = now_ms};
}

static struct seat_event wish(uint8_t seat, uint32_t view)
{
    struct seat_event event = {.type = SEAT_EVENT_NEW_VIEW};

    event.new_view.seat = seat;
    event.new_view.view = view;
    return event;
}

static struct seat_event tc_of(uint32_t view, uint8_t chair)
{
    struct seat_event event = {.type = SEAT_EVENT_TC, .chair = chair};

    event.tc.view = view;
    return event;
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
    assert_int_equal(step(&seat, certify(8, 4)), SEAT_ACTION_COMPUTE); /* Of this chair now. */
    assert_int_equal(step(&seat, computed(8, true)),
                     TWO(SEAT_ACTION_PERSIST_LOCK, SEAT_ACTION_SEND_COMMIT));
}

static void nothing_is_signed_for_a_view_that_was_given_up(void **state)
{
    struct seat seat;
    struct seat_record record = {.asked = 2};

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
    assert_int_equal(step(&seat, assign), SEAT_ACTION_RESEND_VERDICT);
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
    assert_int_equal(
        step(&seat, decide),
        TWO(TWO(SEAT_ACTION_PERSIST_CERTIFICATE, SEAT_ACTION_SEND_DONE), SEAT_ACTION_SEND_DECIDE));
    assert_int_equal(step(&seat, assessed), 0);
    assert_int_equal(step(&seat, assign), SEAT_ACTION_SEND_DECIDE);
    assert_int_equal(step(&seat, propose(9)), SEAT_ACTION_SEND_DECIDE);
    assert_int_equal(step(&seat, decide), SEAT_ACTION_SEND_DONE);
    decide.decide.vote.value = named(8);
    assert_int_equal(step(&seat, decide), SEAT_ACTION_REPORT_CONFLICT);
}

static void a_view_ends_with_its_time_and_is_asked_for_until_its_certificate_comes(void **state)
{
    struct seat seat;
    struct seat_record none = {0};

    (void)state;
    seat_init(&seat, &five, &none);
    (void)step(&seat, at(SEAT_EVENT_ASSIGN, 100));
    assert_int_equal(step(&seat, at(SEAT_EVENT_TIMER, 63099)), 0);
    assert_int_equal(step(&seat, at(SEAT_EVENT_TIMER, 63100)),
                     TWO(SEAT_ACTION_PERSIST_NEW_VIEW, SEAT_ACTION_SEND_NEW_VIEW));
    assert_int_equal(seat.asked, 2);
    assert_int_equal(seat.view, 1);
    assert_int_equal(step(&seat, at(SEAT_EVENT_TIMER, 64100)), SEAT_ACTION_SEND_NEW_VIEW);
    assert_int_equal(step(&seat, tc_of(2, 1)), SEAT_ACTION_PERSIST_VIEW);
    assert_int_equal(seat.view, 2);
}

static void the_time_of_a_view_starts_when_its_hearing_is_over(void **state)
{
    struct seat seat;
    struct seat_record record = {.has_verdict = true};
    struct seat_event proposed = propose(7);
    struct seat_event lost = at(SEAT_EVENT_CHAIR_LOST, 2000);

    (void)state;
    seat_init(&seat, &five, &record);
    (void)step(&seat, at(SEAT_EVENT_ASSIGN, 0));
    assert_int_equal(seat.deadline_ms, 63000);
    proposed.now_ms = 1000;
    (void)step(&seat, proposed);
    assert_int_equal(seat.deadline_ms, 4000);
    seat_init(&seat, &five, &record);
    (void)step(&seat, at(SEAT_EVENT_ASSIGN, 0));
    (void)step(&seat, lost);
    assert_int_equal(seat.deadline_ms, 5000);
    record.has_verdict = false; /* Its own verdict is awaited: nothing is late yet. */
    seat_init(&seat, &five, &record);
    (void)step(&seat, at(SEAT_EVENT_ASSIGN, 0));
    (void)step(&seat, lost);
    assert_int_equal(seat.deadline_ms, 63000);
}

static void the_time_of_a_view_doubles_with_every_round_of_chairs_up_to_its_limit(void **state)
{
    (void)state;
    assert_int_equal(seat_view_ms(&five, 1), 3000);
    assert_int_equal(seat_view_ms(&five, 2), 3000);
    assert_int_equal(seat_view_ms(&five, 3), 6000);
    assert_int_equal(seat_view_ms(&five, 6), 12000);
    assert_int_equal(seat_view_ms(&five, UINT32_MAX), 100000);
}

static void f_plus_one_seats_are_followed_and_f_are_not(void **state)
{
    struct seat seat;
    struct seat_record none = {0};

    (void)state;
    seat_init(&seat, &five, &none);
    assert_int_equal(step(&seat, wish(0, 9)), 0);
    assert_int_equal(step(&seat, wish(0, 10)), 0);
    assert_int_equal(step(&seat, wish(2, 10)), 0); /* Its own, replayed to it. */
    assert_int_equal(step(&seat, wish(1, 5)),
                     TWO(SEAT_ACTION_PERSIST_NEW_VIEW, SEAT_ACTION_SEND_NEW_VIEW));
    assert_int_equal(seat.asked, 5);
    assert_int_equal(seat.view, 1); /* Only a TC enters a view. */
    assert_int_equal(step(&seat, propose(7)), 0);
    assert_int_equal(step(&seat, wish(3, 4)), 0);
    assert_int_equal(step(&seat, wish(3, 10)),
                     TWO(SEAT_ACTION_PERSIST_NEW_VIEW, SEAT_ACTION_SEND_NEW_VIEW));
    assert_int_equal(seat.asked, 10);
}

static void a_certificate_of_a_view_is_passed_to_the_chair_that_may_not_have_it(void **state)
{
    struct seat seat;
    struct seat_record none = {0};

    (void)state;
    seat_init(&seat, &five, &none);
    assert_int_equal(step(&seat, tc_of(2, 0)), TWO(SEAT_ACTION_PERSIST_VIEW, SEAT_ACTION_SEND_TC));
    assert_int_equal(step(&seat, tc_of(2, 1)), 0);
    assert_int_equal(step(&seat, tc_of(3, 2)), SEAT_ACTION_PERSIST_VIEW);
}

static void a_proposal_of_a_later_view_needs_its_certificate_and_the_value_that_binds(void **state)
{
    struct seat seat;
    struct seat_record locked = {.lock = {.view = 1, .value = named(7)}};
    struct seat_event event = propose(8);

    (void)state;
    event.propose.vote.view = 2;
    event.propose.vote.tc = named(99);
    seat_init(&seat, &five, &locked);
    assert_int_equal(step(&seat, event), 0);
    event.propose.has_tc = true;
    event.propose.highest = (struct seat_vote){.view = 1, .value = named(7)};
    assert_int_equal(step(&seat, event),
                     TWO(SEAT_ACTION_PERSIST_VIEW, SEAT_ACTION_REPORT_PROPOSAL));
    /* The proof replaces the seat's own lock. */
    event.propose.highest = (struct seat_vote){0};
    assert_int_equal(step(&seat, event), SEAT_ACTION_COMPUTE);
}

static void a_restarted_seat_begins_in_the_view_it_stored_and_asks_again(void **state)
{
    struct seat seat;
    struct seat_record record = {.has_verdict = true, .view = 3, .asked = 4};

    (void)state;
    seat_init(&seat, &five, &record);
    assert_int_equal(step(&seat, at(SEAT_EVENT_ASSIGN, 0)),
                     TWO(SEAT_ACTION_RESEND_VERDICT, SEAT_ACTION_SEND_NEW_VIEW));
    assert_int_equal(step(&seat, tc_of(3, 0)), 0);
    assert_int_equal(step(&seat, propose(7)), 0);
}

static void a_certificate_is_sent_to_a_chair_until_it_says_done(void **state)
{
    struct seat seat;
    struct seat_record record = {.is_decided = true, .decided = named(7), .done = 1};
    struct seat_event done = {.type = SEAT_EVENT_DONE, .chair = 1};
    struct seat_event up = {.type = SEAT_EVENT_CHAIR_UP, .chair = 2};

    (void)state;
    seat_init(&seat, &five, &record);
    assert_int_equal(step(&seat, up), SEAT_ACTION_SEND_DECIDE);
    assert_int_equal(step(&seat, at(SEAT_EVENT_TIMER, 1000)), SEAT_ACTION_SEND_DECIDE);
    assert_int_equal(step(&seat, done), 0);
    done.chair = 2;
    assert_int_equal(step(&seat, done), SEAT_ACTION_PERSIST_DONE);
    assert_int_equal(step(&seat, at(SEAT_EVENT_TIMER, 9000)), 0);
    assert_int_equal(step(&seat, up), 0);
}

/* ---- the chair ---- */

static const struct chair_config three_chairs = {
    .quorum = {.seat_count = 5, .faulty_max = 1, .quorum_count = 4},
    .self = 1,
    .coordinator_count = 3,
    .settle_ms = 50,
    .hear_ms_min = 250,
    .assess_ms = 60000,
    .repeat_ms = 1000,
    .repeat_ms_max = 8000};

struct told {
    unsigned types; /* As of step(). */
    struct chair_actions actions;
};

static struct told tell(struct chair *chair, struct chair_event event)
{
    struct told told = {0};

    chair_step(chair, &event, &told.actions);
    for (uint32_t i = 0; i < told.actions.count; i++) {
        if (told.actions.items[i].type != CHAIR_ACTION_SET_TIMER) {
            told.types = told.types * 100 + told.actions.items[i].type;
        }
    }
    return told;
}

static struct chair_event from(uint8_t seat, enum chair_event_type type)
{
    return (struct chair_event){.type = type, .seat = seat};
}

static struct chair_event asks(uint8_t seat, uint32_t view, uint32_t qc_view, uint8_t payload)
{
    struct chair_event event = from(seat, CHAIR_EVENT_NEW_VIEW);

    event.new_view = (struct chair_report){
        .view = view, .lock = {.view = qc_view, .value = named(7)}, .payload = named(payload)};
    return event;
}

static struct chair_event made_tc(uint32_t view, uint32_t qc_view)
{
    struct chair_event event = from(0, CHAIR_EVENT_TC);

    event.tc.view = view;
    event.tc.digest = named(100);
    event.tc.is_own = true;
    if (qc_view != 0) {
        event.tc.highest = (struct seat_vote){.view = qc_view, .value = named(7)};
    }
    return event;
}

static struct chair_event commits(uint8_t seat, uint32_t view, uint8_t value)
{
    struct chair_event event = from(seat, CHAIR_EVENT_COMMIT);

    event.commit = (struct seat_vote){.view = view, .value = named(value)};
    return event;
}

/* A chair of the second coordinator, home the first, with every seat connected. */
static void open_chair(struct chair *chair)
{
    struct chair_record none = {0};

    chair_init(chair, &three_chairs, &none);
    (void)tell(chair, from(0, CHAIR_EVENT_OPEN));
    for (uint8_t seat = 0; seat < 5; seat++) {
        (void)tell(chair, from(seat, CHAIR_EVENT_SEAT_UP));
    }
}

static void q_wishes_for_a_view_make_its_certificate_and_its_chair_proposes(void **state)
{
    struct chair chair;

    (void)state;
    open_chair(&chair);
    assert_int_equal(chair.phase, CHAIR_WATCHING);
    assert_int_equal(tell(&chair, asks(0, 2, 0, 1)).types, CHAIR_ACTION_ASK_CERTIFICATE);
    struct told told = tell(&chair, asks(1, 2, 0, 1));

    assert_int_equal(told.types, CHAIR_ACTION_RELAY);
    assert_int_equal(seat_set_count(&told.actions.items[0].sources), 2);
    assert_int_equal(seat_set_count(&told.actions.items[0].seats), 3);
    assert_int_equal(tell(&chair, asks(2, 2, 0, 1)).types, 0);
    told = tell(&chair, asks(3, 2, 0, 1));
    assert_int_equal(told.types, CHAIR_ACTION_MAKE_TC);
    assert_int_equal(told.actions.items[0].vote.view, 2);
    assert_int_equal(tell(&chair, made_tc(2, 0)).types,
                     TWO(CHAIR_ACTION_SEND_TC, CHAIR_ACTION_SEND_ASSIGN));
    assert_int_equal(chair.phase, CHAIR_HEARING);
}

static void the_value_of_the_highest_qc_is_recovered_and_proposed(void **state)
{
    struct chair chair;
    struct chair_event other = from(0, CHAIR_EVENT_COMPUTED);

    (void)state;
    open_chair(&chair);
    (void)tell(&chair, made_tc(2, 1));
    assert_int_equal(chair.phase, CHAIR_RECOVERING);
    other.computed.value = named(8);
    assert_int_equal(tell(&chair, other).types, 0);
    other.computed.value = named(7);
    assert_int_equal(tell(&chair, other).types,
                     TWO(CHAIR_ACTION_PERSIST_PROPOSAL, CHAIR_ACTION_SEND_PROPOSE));
    assert_int_equal(chair.proposed.view, 2);
    assert_true(digest_equal(&chair.proposed.tc, &chair.tc));
}

static void commits_of_different_views_make_no_certificate(void **state)
{
    struct chair chair;

    (void)state;
    open_chair(&chair);
    (void)tell(&chair, commits(0, 1, 7));
    (void)tell(&chair, commits(1, 1, 7));
    (void)tell(&chair, commits(2, 2, 7));
    (void)tell(&chair, commits(3, 2, 7));
    assert_int_equal(chair.phase, CHAIR_WATCHING);
    (void)tell(&chair, commits(4, 1, 7));
    assert_int_equal(chair.phase, CHAIR_WATCHING);
    (void)tell(&chair, commits(0, 2, 7));
    (void)tell(&chair, commits(1, 2, 7));
    assert_int_equal(chair.phase, CHAIR_CERTIFIED);
    assert_int_equal(chair.certified.view, 2);
}

static void a_commit_of_a_higher_view_replaces_none_of_a_certificate(void **state)
{
    struct chair chair;
    struct seat_vote later = {.view = 2, .value = named(7)};
    struct seat_vote same = {.view = 1, .value = named(7)};

    (void)state;
    open_chair(&chair);
    for (uint8_t seat = 0; seat < 4; seat++) {
        (void)tell(&chair, commits(seat, 1, 7));
    }
    assert_int_equal(chair.phase, CHAIR_CERTIFIED);
    assert_false(chair_takes_commit(&chair, 0, &later));
    assert_true(chair_takes_commit(&chair, 4, &same));
    (void)tell(&chair, commits(0, 2, 7));
    assert_int_equal(chair.commits[0].view, 1);
}

static void a_seat_that_denies_what_it_committed_is_reported_once(void **state)
{
    struct chair chair;

    (void)state;
    open_chair(&chair);
    (void)tell(&chair, commits(0, 1, 7));
    struct told told = tell(&chair, asks(0, 2, 0, 1));

    assert_int_equal(told.actions.items[0].type, CHAIR_ACTION_REPORT_MISCONDUCT);
    assert_int_equal(told.actions.items[0].kind, MISCONDUCT_AMNESIA);
    assert_int_equal(tell(&chair, asks(0, 2, 0, 2)).types, 0);
    told = tell(&chair, asks(1, 2, 0, 1));
    assert_int_equal(told.types, CHAIR_ACTION_RELAY);
    told = tell(&chair, asks(1, 2, 0, 2));
    assert_int_equal(told.actions.items[0].kind, MISCONDUCT_TWO_NEW_VIEWS);
}

static void a_certificate_from_a_seat_ends_the_docket_anywhere(void **state)
{
    struct chair chair;
    struct chair_event decide = from(3, CHAIR_EVENT_DECIDE);

    (void)state;
    open_chair(&chair);
    decide.decide = (struct seat_vote){.view = 4, .value = named(7)};
    assert_int_equal(tell(&chair, decide).types,
                     TWO(CHAIR_ACTION_PERSIST_CERTIFICATE, CHAIR_ACTION_SEND_DONE));
    assert_int_equal(tell(&chair, decide).types, CHAIR_ACTION_SEND_DONE);
    assert_int_equal(tell(&chair, asks(0, 2, 0, 1)).types, CHAIR_ACTION_SEND_DECIDE);
    decide.decide.value = named(8);
    assert_int_equal(tell(&chair, decide).types, CHAIR_ACTION_REPORT_CONFLICT);
}

static void a_chair_that_restarts_goes_on_in_the_view_it_proposed_in(void **state)
{
    struct chair chair;
    struct chair_record record = {.proposed = {.view = 2, .value = named(7), .tc = named(100)},
                                  .book = named(50)};

    (void)state;
    chair_init(&chair, &three_chairs, &record);
    assert_int_equal(chair.phase, CHAIR_PREPARING);
    assert_int_equal(chair.view, 2);
    (void)tell(&chair, from(0, CHAIR_EVENT_OPEN));
    assert_int_equal(tell(&chair, from(4, CHAIR_EVENT_SEAT_UP)).types,
                     TWO(CHAIR_ACTION_SEND_ASSIGN, CHAIR_ACTION_SEND_PROPOSE));
}

/* ---- the submitter ---- */

static struct petition_event petition_at(enum petition_event_type type, uint64_t now_ms)
{
    return (struct petition_event){.type = type, .now_ms = now_ms};
}

static struct petition_event ended(uint32_t attempt, enum binding_outcome outcome, bool is_worth)
{
    struct petition_event event = {.type = PETITION_EVENT_DECIDED};

    event.result = (struct petition_result){
        .attempt = attempt, .outcome = outcome, .is_worth_repeating = is_worth};
    return event;
}

static const struct petition_config patient = {
    .coordinator_count = 3, .first = 1, .attempt_count = 3, .wait_ms = 1000, .wait_ms_max = 8000};

static void without_progress_the_next_coordinator_is_named_after_ever_longer_waits(void **state)
{
    struct petition petition;
    struct petition_actions actions;
    struct petition_event event = petition_at(PETITION_EVENT_START, 0);

    (void)state;
    petition_init(&petition, &patient);
    petition_step(&petition, &event, &actions);
    assert_int_equal(actions.items[0].type, PETITION_ACTION_SUBMIT);
    assert_int_equal(actions.items[0].coordinator, 1);
    assert_int_equal(actions.items[1].deadline_ms, 1000);
    event = petition_at(PETITION_EVENT_PROGRESS, 500);
    petition_step(&petition, &event, &actions);
    assert_int_equal(actions.items[0].deadline_ms, 1500);
    event = petition_at(PETITION_EVENT_TIMER, 1000);
    petition_step(&petition, &event, &actions);
    assert_int_equal(actions.count, 0);
    event = petition_at(PETITION_EVENT_TIMER, 1500);
    petition_step(&petition, &event, &actions);
    assert_int_equal(actions.items[0].coordinator, 2);
    assert_int_equal(actions.items[0].attempt, 1);
    assert_int_equal(actions.items[1].deadline_ms, 3500);
}

static void a_further_attempt_waits_and_begins_one_coordinator_further(void **state)
{
    struct petition petition;
    struct petition_actions actions;
    struct petition_event event = petition_at(PETITION_EVENT_START, 0);

    (void)state;
    petition_init(&petition, &patient);
    petition_step(&petition, &event, &actions);
    event = ended(1, BINDING_CONTESTED, true);
    petition_step(&petition, &event, &actions);
    assert_int_equal(actions.count, 1);
    assert_int_equal(actions.items[0].deadline_ms, 2000);
    petition_step(&petition, &event, &actions); /* The same news again. */
    assert_int_equal(actions.count, 0);
    event = petition_at(PETITION_EVENT_TIMER, 2000);
    petition_step(&petition, &event, &actions);
    assert_int_equal(actions.items[0].coordinator, 2);
    assert_int_equal(actions.items[0].attempt, 2);
    event = ended(2, BINDING_CONCLUSIVE, false);
    petition_step(&petition, &event, &actions);
    assert_int_equal(actions.items[0].type, PETITION_ACTION_CONCLUDE);
}

static void plain_disagreement_and_the_last_attempt_go_to_people(void **state)
{
    struct petition petition;
    struct petition_actions actions;
    struct petition_event start = petition_at(PETITION_EVENT_START, 0);
    struct petition_event event = ended(1, BINDING_CONTESTED, false);

    (void)state;
    petition_init(&petition, &patient);
    petition_step(&petition, &start, &actions);
    petition_step(&petition, &event, &actions);
    assert_int_equal(actions.items[0].type, PETITION_ACTION_GIVE_UP);
    petition_init(&petition, &patient);
    petition_step(&petition, &start, &actions);
    event = ended(3, BINDING_UNHEARD, true);
    petition_step(&petition, &event, &actions);
    assert_int_equal(actions.items[0].type, PETITION_ACTION_GIVE_UP);
    petition_step(&petition, &event, &actions);
    assert_int_equal(actions.count, 0);
}

/* ---- misconduct ---- */

static const struct act_hearing one_case[] = {{{{1}}, 1}};
static const struct act_hearing next_attempt[] = {{{{1}}, 2}};

/* An act of seat 3 on docket 1. */
static struct act act_of(enum act_kind kind, uint32_t view, uint8_t value)
{
    return (struct act){.kind = kind,
                        .is_seat = true,
                        .signer = 3,
                        .docket = named(1),
                        .payload = named(value),
                        .view = view,
                        .value = named(value)};
}

static void two_acts_prove_what_no_honest_party_signs_and_nothing_else(void **state)
{
    struct act prepare = act_of(ACT_PREPARE, 2, 7);
    struct act commit = act_of(ACT_COMMIT, 2, 7);
    struct act report = act_of(ACT_NEW_VIEW, 3, 9);
    struct act other;

    (void)state;
    other = act_of(ACT_PREPARE, 2, 8);
    assert_int_equal(misconduct_judge(&prepare, &other), MISCONDUCT_TWO_PREPARES);
    other.view = 3;
    assert_int_equal(misconduct_judge(&prepare, &other), MISCONDUCT_NONE);
    other = prepare;
    other.payload = named(77); /* Signed again, or written otherwise: the same vote. */
    assert_int_equal(misconduct_judge(&prepare, &other), MISCONDUCT_NONE);
    other.tc = named(5);
    assert_int_equal(misconduct_judge(&prepare, &other), MISCONDUCT_TWO_PREPARES);
    other.signer = 4;
    assert_int_equal(misconduct_judge(&prepare, &other), MISCONDUCT_NONE);
    other = act_of(ACT_COMMIT, 2, 8);
    assert_int_equal(misconduct_judge(&other, &commit), MISCONDUCT_TWO_COMMITS);
    assert_int_equal(misconduct_judge(&report, &commit), MISCONDUCT_AMNESIA);
    report.qc_view = 2; /* Its value may be another: that two QCs exist, others answer for. */
    assert_int_equal(misconduct_judge(&report, &commit), MISCONDUCT_NONE);
    report.view = 2;
    report.qc_view = 1;
    assert_int_equal(misconduct_judge(&report, &commit), MISCONDUCT_NONE);
    other = report;
    other.payload = named(10);
    assert_int_equal(misconduct_judge(&report, &other), MISCONDUCT_TWO_NEW_VIEWS);
    other.docket = named(2);
    assert_int_equal(misconduct_judge(&report, &other), MISCONDUCT_NONE);
    assert_int_equal(misconduct_judge(&prepare, &commit), MISCONDUCT_NONE);
}

static void verdicts_and_dockets_that_contradict_each_other_are_proofs(void **state)
{
    struct act verdict = act_of(ACT_VERDICT, 0, 7);
    struct act docket = act_of(ACT_DOCKET, 0, 0);
    struct act other = act_of(ACT_VERDICT, 0, 8);

    (void)state;
    verdict.cases = one_case;
    verdict.case_count = 1;
    assert_int_equal(misconduct_judge(&verdict, &other), MISCONDUCT_TWO_VERDICTS);
    other.docket = named(2);
    assert_int_equal(misconduct_judge(&verdict, &other), MISCONDUCT_NONE); /* It abstained there. */
    other.cases = next_attempt;
    other.case_count = 1;
    assert_int_equal(misconduct_judge(&verdict, &other), MISCONDUCT_NONE);
    other.cases = one_case;
    assert_int_equal(misconduct_judge(&verdict, &other), MISCONDUCT_TWO_HEARINGS);
    docket.is_seat = false;
    docket.serial = 4;
    other = docket;
    assert_int_equal(misconduct_judge(&docket, &other), MISCONDUCT_NONE);
    other.docket = named(2);
    assert_int_equal(misconduct_judge(&docket, &other), MISCONDUCT_TWO_PROPOSALS);
    other.serial = 5;
    assert_int_equal(misconduct_judge(&docket, &other), MISCONDUCT_NONE);
}

static void a_prepare_answers_for_the_certificate_of_its_view(void **state)
{
    struct act prepare = act_of(ACT_PREPARE, 2, 7);
    struct act tc = {.kind = ACT_TC,
                     .docket = named(1),
                     .payload = named(5),
                     .view = 2,
                     .qc_view = 1,
                     .qc_value = named(7),
                     .is_valid = true};

    (void)state;
    assert_int_equal(misconduct_judge(&tc, &prepare), MISCONDUCT_NONE); /* Another TC. */
    prepare.tc = named(5);
    assert_int_equal(misconduct_judge(&tc, &prepare), MISCONDUCT_NONE);
    tc.qc_value = named(8);
    assert_int_equal(misconduct_judge(&tc, &prepare), MISCONDUCT_UNJUSTIFIED);
    tc.qc_view = 0;
    assert_int_equal(misconduct_judge(&tc, &prepare), MISCONDUCT_NONE);
    tc.is_valid = false;
    assert_int_equal(misconduct_judge(&prepare, &tc), MISCONDUCT_UNJUSTIFIED);
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
        cmocka_unit_test(a_view_ends_with_its_time_and_is_asked_for_until_its_certificate_comes),
        cmocka_unit_test(the_time_of_a_view_starts_when_its_hearing_is_over),
        cmocka_unit_test(the_time_of_a_view_doubles_with_every_round_of_chairs_up_to_its_limit),
        cmocka_unit_test(f_plus_one_seats_are_followed_and_f_are_not),
        cmocka_unit_test(a_certificate_of_a_view_is_passed_to_the_chair_that_may_not_have_it),
        cmocka_unit_test(a_proposal_of_a_later_view_needs_its_certificate_and_the_value_that_binds),
        cmocka_unit_test(a_restarted_seat_begins_in_the_view_it_stored_and_asks_again),
        cmocka_unit_test(a_certificate_is_sent_to_a_chair_until_it_says_done),
        cmocka_unit_test(q_wishes_for_a_view_make_its_certificate_and_its_chair_proposes),
        cmocka_unit_test(the_value_of_the_highest_qc_is_recovered_and_proposed),
        cmocka_unit_test(commits_of_different_views_make_no_certificate),
        cmocka_unit_test(a_commit_of_a_higher_view_replaces_none_of_a_certificate),
        cmocka_unit_test(a_seat_that_denies_what_it_committed_is_reported_once),
        cmocka_unit_test(a_certificate_from_a_seat_ends_the_docket_anywhere),
        cmocka_unit_test(a_chair_that_restarts_goes_on_in_the_view_it_proposed_in),
        cmocka_unit_test(without_progress_the_next_coordinator_is_named_after_ever_longer_waits),
        cmocka_unit_test(a_further_attempt_waits_and_begins_one_coordinator_further),
        cmocka_unit_test(plain_disagreement_and_the_last_attempt_go_to_people),
        cmocka_unit_test(two_acts_prove_what_no_honest_party_signs_and_nothing_else),
        cmocka_unit_test(verdicts_and_dockets_that_contradict_each_other_are_proofs),
        cmocka_unit_test(a_prepare_answers_for_the_certificate_of_its_view),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
