#include "council/chair.h"

#include <stddef.h>

#include "base/check.h"

#define NEVER            UINT64_MAX
#define PHASE_BIT(phase) (1U << (phase))

/* Where a TC can lead. */
#define OF_A_NEW_VIEW                                                                              \
    (PHASE_BIT(CHAIR_HEARING) | PHASE_BIT(CHAIR_RECOVERING) | PHASE_BIT(CHAIR_WATCHING))
/* Where q COMMITs or a certificate lead. */
#define OF_AN_END (PHASE_BIT(CHAIR_CERTIFIED) | PHASE_BIT(CHAIR_DECIDED))

/* The edges of the diagram in chair.h; every change of phase goes through move_to(). */
static const uint16_t edges[] = {
    [CHAIR_HEARING] = OF_A_NEW_VIEW | OF_AN_END | PHASE_BIT(CHAIR_COMPUTING),
    [CHAIR_COMPUTING] = OF_A_NEW_VIEW | OF_AN_END | PHASE_BIT(CHAIR_PREPARING),
    [CHAIR_RECOVERING] = OF_A_NEW_VIEW | OF_AN_END | PHASE_BIT(CHAIR_PREPARING),
    [CHAIR_WATCHING] = OF_A_NEW_VIEW | OF_AN_END,
    [CHAIR_PREPARING] = OF_A_NEW_VIEW | OF_AN_END | PHASE_BIT(CHAIR_COMMITTING),
    [CHAIR_COMMITTING] = OF_A_NEW_VIEW | OF_AN_END,
    [CHAIR_CERTIFIED] = PHASE_BIT(CHAIR_DECIDED),
    [CHAIR_DECIDED] = 0,
};

static const struct seat_set nobody = {{0, 0}};

static struct seat_set all_seats(const struct chair *chair)
{
    return seat_set_others(&nobody, chair->config.quorum.seat_count);
}

static struct seat_set one_seat(uint8_t seat)
{
    struct seat_set one = {{0, 0}};

    seat_set_add(&one, seat);
    return one;
}

static bool is_empty(const struct seat_set *seats)
{
    return (seats->words[0] | seats->words[1]) == 0;
}

static bool has_quorum(const struct chair *chair, const struct seat_set *seats)
{
    return seat_set_count(seats) >= chair->config.quorum.quorum_count;
}

static bool has_all(const struct chair *chair, const struct seat_set *seats)
{
    return seat_set_count(seats) == chair->config.quorum.seat_count;
}

/* C3. */
static bool is_chair_of(const struct chair *chair, uint32_t view)
{
    return quorum_chair(chair->config.home, view, chair->config.coordinator_count) ==
           chair->config.self;
}

/* True of every chair between steps. */
static void check_invariants(const struct chair *chair)
{
    bool has_proposed = chair->phase == CHAIR_PREPARING || chair->phase == CHAIR_COMMITTING;

    CHECK(chair->view >= 1);
    CHECK((chair->view == 1) == digest_is_zero(&chair->tc));
    CHECK(!has_proposed || chair->proposed.view == chair->view);
    CHECK(chair->proposed.view == 0 || is_chair_of(chair, chair->proposed.view));
    if (chair->phase == CHAIR_COMMITTING) {
        CHECK(has_quorum(chair, &chair->prepared));
    }
    if (chair->phase == CHAIR_CERTIFIED) {
        CHECK(has_quorum(chair, &chair->committed));
    }
}

static void move_to(struct chair *chair, enum chair_phase next)
{
    CHECK(edges[chair->phase] & PHASE_BIT(next));
    chair->phase = next;
}

static struct chair_action *push(struct chair_actions *actions, enum chair_action_type type,
                                 struct seat_set seats)
{
    CHECK(actions->count < CHAIR_ACTIONS_MAX);

    struct chair_action *action = &actions->items[actions->count++];

    *action = (struct chair_action){.type = type, .seats = seats};
    return action;
}

/* To those of SEATS that are there and not in EXCEPT; NULL when that is nobody. */
static struct chair_action *push_to(const struct chair *chair, struct chair_actions *actions,
                                    enum chair_action_type type, struct seat_set seats,
                                    const struct seat_set *except)
{
    for (unsigned word = 0; word < 2; word++) {
        seats.words[word] &= ~except->words[word] & chair->up.words[word];
    }
    return is_empty(&seats) ? NULL : push(actions, type, seats);
}

static void report(struct chair *chair, uint8_t seat, enum misconduct kind,
                   struct chair_actions *actions)
{
    if (!seat_set_has(&chair->accused, seat)) {
        seat_set_add(&chair->accused, seat);
        push(actions, CHAIR_ACTION_REPORT_MISCONDUCT, one_seat(seat))->kind = kind;
    }
}

/* ---- repetition (C8) ---- */

static struct seat_set seats_in_view(const struct chair *chair)
{
    struct seat_set there = {{0, 0}};

    for (uint8_t seat = 0; seat < chair->config.quorum.seat_count; seat++) {
        if (chair->views[seat] >= chair->view) {
            seat_set_add(&there, seat);
        }
    }
    return there;
}

static bool is_commit_to(const struct chair *chair, const struct seat_vote *commit,
                         const struct seat_vote *vote)
{
    return commit->view != 0 && digest_equal(&commit->value, &vote->value) &&
           (commit->view == vote->view || council_flawed(&chair->config, FLAW_VIEW_FREE_COMMIT));
}

static struct seat_set seats_committed_to(const struct chair *chair, const struct seat_vote *vote)
{
    struct seat_set same = {{0, 0}};

    for (uint8_t seat = 0; seat < chair->config.quorum.seat_count; seat++) {
        if (is_commit_to(chair, &chair->commits[seat], vote)) {
            seat_set_add(&same, seat);
        }
    }
    return same;
}

/* What this phase says to the seats in WANTED that have not answered it. */
static void send_phase(const struct chair *chair, struct seat_set wanted,
                       struct chair_actions *actions)
{
    struct chair_action *action = NULL;
    struct seat_set committed;

    switch (chair->phase) {
    case CHAIR_HEARING:
    case CHAIR_COMPUTING:
    case CHAIR_RECOVERING:
    case CHAIR_WATCHING:
        push_to(chair, actions, CHAIR_ACTION_SEND_ASSIGN, wanted, &chair->heard);
        break;
    case CHAIR_PREPARING:
        action = push_to(chair, actions, CHAIR_ACTION_SEND_PROPOSE, wanted, &chair->prepared);
        break;
    case CHAIR_COMMITTING:
        committed = seats_committed_to(chair, &chair->proposed);
        action = push_to(chair, actions, CHAIR_ACTION_SEND_CERTIFY, wanted, &committed);
        break;
    case CHAIR_CERTIFIED:
        break; /* DECIDE follows within settle_ms. */
    case CHAIR_DECIDED:
        push_to(chair, actions, CHAIR_ACTION_SEND_DECIDE, wanted, &chair->done);
        break;
    case CHAIR_PHASE_COUNT:
    default:
        CHECK_UNREACHABLE();
    }
    if (action != NULL) {
        action->vote = chair->proposed;
    }
}

/* A seat that has not been heard may not know the docket, and one that is behind not the view: it
 * is told before anything else that is said to it again. A proposal brings its TC. */
static void send_again(const struct chair *chair, struct seat_set wanted,
                       struct chair_actions *actions)
{
    if (chair->phase == CHAIR_PREPARING || chair->phase == CHAIR_COMMITTING) {
        push_to(chair, actions, CHAIR_ACTION_SEND_ASSIGN, wanted, &chair->heard);
    }
    if (chair->view > 1 && chair->phase != CHAIR_PREPARING && chair->phase < CHAIR_CERTIFIED) {
        struct seat_set there = seats_in_view(chair);

        push_to(chair, actions, CHAIR_ACTION_SEND_TC, wanted, &there);
    }
    send_phase(chair, wanted, actions);
}

/* Says it to everybody who is there, and starts the intervals of repetition anew. */
static void begin_phase(struct chair *chair, uint64_t now_ms, struct chair_actions *actions)
{
    chair->repeat_ms = chair->config.repeat_ms;
    chair->repeat_at_ms = now_ms + chair->repeat_ms;
    send_phase(chair, all_seats(chair), actions);
}

/* ---- hearing and proposing (C2, C3) ---- */

/* After as long again as the first q took, within the bounds of the configuration; a case that is
 * heard again waits for every verdict to the deadline. */
static void note_first_quorum(struct chair *chair, uint64_t now_ms)
{
    uint64_t took_ms = now_ms - chair->entered_ms;
    uint64_t more_ms = took_ms < chair->config.hear_ms_min ? chair->config.hear_ms_min : took_ms;
    uint64_t limit_ms = chair->entered_ms + chair->config.assess_ms;

    chair->propose_ms =
        chair->config.is_again || now_ms + more_ms > limit_ms ? limit_ms : now_ms + more_ms;
}

/* Notes what the verdicts in hand mean for the time of the proposal. */
static void weigh_verdicts(struct chair *chair, uint64_t now_ms)
{
    if (!has_quorum(chair, &chair->heard)) {
        return;
    }
    if (chair->propose_ms == NEVER) {
        note_first_quorum(chair, now_ms);
    }
    if (chair->is_settled && chair->propose_ms > now_ms + chair->config.settle_ms) {
        chair->propose_ms = now_ms + chair->config.settle_ms;
    }
}

static void propose_if_due(struct chair *chair, uint64_t now_ms, struct chair_actions *actions)
{
    if (chair->phase != CHAIR_HEARING || !has_quorum(chair, &chair->heard)) {
        return;
    }
    if (has_all(chair, &chair->heard) || now_ms >= chair->propose_ms) {
        move_to(chair, CHAIR_COMPUTING);
        push(actions, CHAIR_ACTION_COMPUTE, chair->heard);
    }
}

static void step_verdict(struct chair *chair, const struct chair_event *event,
                         struct chair_actions *actions)
{
    struct digest *first = &chair->verdicts[event->seat];

    if (digest_is_zero(first)) {
        *first = event->verdict.message;
    } else if (!digest_equal(first, &event->verdict.message)) {
        report(chair, event->seat, MISCONDUCT_TWO_VERDICTS, actions);
        return;
    }
    if (seat_set_has(&chair->heard, event->seat)) {
        return;
    }
    seat_set_add(&chair->heard, event->seat);
    chair->is_settled = chair->is_settled || event->verdict.is_settled;
    if (chair->phase == CHAIR_HEARING) {
        weigh_verdicts(chair, event->now_ms);
    }
}

/* A computation that another view has overtaken is let go. */
static void step_computed(struct chair *chair, const struct chair_event *event,
                          struct chair_actions *actions)
{
    bool is_recovered = chair->phase == CHAIR_RECOVERING &&
                        digest_equal(&event->computed.value, &chair->justify.value);

    if (chair->phase != CHAIR_COMPUTING && !is_recovered) {
        return;
    }
    chair->proposed =
        (struct seat_vote){.view = chair->view, .value = event->computed.value, .tc = chair->tc};
    chair->book = event->computed.book;
    move_to(chair, CHAIR_PREPARING);
    push(actions, CHAIR_ACTION_PERSIST_PROPOSAL, nobody)->vote = chair->proposed;
    begin_phase(chair, event->now_ms, actions);
}

/* ---- counting (C4) ---- */

static bool is_in_bounds(const struct chair *chair, uint32_t view)
{
    return view <= chair->view + 1;
}

static void note_view(struct chair *chair, uint8_t seat, uint32_t view)
{
    if (chair->views[seat] < view) {
        chair->views[seat] = view;
    }
}

bool chair_takes_prepare(const struct chair *chair, uint8_t seat, const struct seat_vote *vote)
{
    return is_in_bounds(chair, vote->view) && chair->prepares[seat].view < vote->view;
}

/* From CERTIFIED on the signatures in hand are those of the certificate: a COMMIT of a higher view
 * must not take the place of one of them. */
bool chair_takes_commit(const struct chair *chair, uint8_t seat, const struct seat_vote *vote)
{
    if (chair->phase >= CHAIR_CERTIFIED && !is_commit_to(chair, vote, &chair->certified)) {
        return false;
    }
    return is_in_bounds(chair, vote->view) && chair->commits[seat].view < vote->view;
}

bool chair_takes_new_view(const struct chair *chair, uint8_t seat, uint32_t view)
{
    return chair->reports[seat].view < view;
}

static void step_prepare(struct chair *chair, const struct chair_event *event,
                         struct chair_actions *actions)
{
    struct seat_vote *first = &chair->prepares[event->seat];

    if (first->view == event->prepare.view && !seat_vote_equal(first, &event->prepare)) {
        report(chair, event->seat, MISCONDUCT_TWO_PREPARES, actions);
        return;
    }
    if (chair_takes_prepare(chair, event->seat, &event->prepare)) {
        *first = event->prepare;
        note_view(chair, event->seat, event->prepare.view);
    }
    if (chair->proposed.view != chair->view ||
        !seat_vote_equal(&event->prepare, &chair->proposed)) {
        return;
    }
    seat_set_add(&chair->prepared, event->seat);
    if (chair->phase == CHAIR_PREPARING && has_quorum(chair, &chair->prepared)) {
        move_to(chair, CHAIR_COMMITTING);
        begin_phase(chair, event->now_ms, actions);
    }
}

/* E5: a COMMIT, and a NEW-VIEW above it whose highest QC is below it. */
static void watch_amnesia(struct chair *chair, uint8_t seat, struct chair_actions *actions)
{
    const struct seat_vote *commit = &chair->commits[seat];
    const struct chair_report *asked = &chair->reports[seat];

    if (commit->view != 0 && asked->view > commit->view && asked->lock.view < commit->view) {
        report(chair, seat, MISCONDUCT_AMNESIA, actions);
    }
}

/* Counts for the vote that was seen in the highest view; COMMITs of an older one count too once
 * they are a quorum. They need no PREPARE: after a restart they can come before them. */
static void count_commit(struct chair *chair, const struct seat_vote *vote, uint8_t seat,
                         uint64_t now_ms)
{
    struct seat_set same;

    if (is_commit_to(chair, &chair->certified, vote)) {
        seat_set_add(&chair->committed, seat);
    } else if (chair->phase < CHAIR_CERTIFIED) {
        same = seats_committed_to(chair, vote);
        if (vote->view > chair->certified.view || has_quorum(chair, &same)) {
            chair->certified = (struct seat_vote){.view = vote->view, .value = vote->value};
            chair->committed = same;
        }
    }
    if (chair->phase < CHAIR_CERTIFIED && has_quorum(chair, &chair->committed)) {
        move_to(chair, CHAIR_CERTIFIED);
        chair->publish_ms = now_ms + chair->config.settle_ms;
    }
}

static void step_commit(struct chair *chair, const struct chair_event *event,
                        struct chair_actions *actions)
{
    struct seat_vote *first = &chair->commits[event->seat];
    bool is_taken = chair_takes_commit(chair, event->seat, &event->commit);

    if (first->view == event->commit.view && !digest_equal(&first->value, &event->commit.value)) {
        report(chair, event->seat, MISCONDUCT_TWO_COMMITS, actions);
    }
    if (is_taken) {
        *first = event->commit;
        note_view(chair, event->seat, event->commit.view);
        watch_amnesia(chair, event->seat, actions);
        count_commit(chair, &event->commit, event->seat, event->now_ms);
    }
}

static void publish_if_due(struct chair *chair, uint64_t now_ms, struct chair_actions *actions)
{
    if (chair->phase != CHAIR_CERTIFIED) {
        return;
    }
    if (has_all(chair, &chair->committed) || now_ms >= chair->publish_ms) {
        move_to(chair, CHAIR_DECIDED);
        push(actions, CHAIR_ACTION_PERSIST_CERTIFICATE, chair->committed)->vote = chair->certified;
        begin_phase(chair, now_ms, actions);
    }
}

/* A certificate from a seat. Whoever made it tells the others; this chair does when it repeats. */
static void step_decide(struct chair *chair, const struct chair_event *event,
                        struct chair_actions *actions)
{
    bool is_here = chair->phase >= CHAIR_CERTIFIED;

    if (is_here && !digest_equal(&chair->certified.value, &event->decide.value)) {
        push(actions, CHAIR_ACTION_REPORT_CONFLICT, one_seat(event->seat))->vote = event->decide;
        return;
    }
    if (chair->phase != CHAIR_DECIDED) {
        move_to(chair, CHAIR_DECIDED);
        chair->certified = event->decide;
        chair->repeat_ms = chair->config.repeat_ms;
        chair->repeat_at_ms = event->now_ms + chair->repeat_ms;
        push(actions, CHAIR_ACTION_PERSIST_CERTIFICATE, nobody)->vote = chair->certified;
    }
    seat_set_add(&chair->done, event->seat);
    push(actions, CHAIR_ACTION_SEND_DONE, one_seat(event->seat))->vote = chair->certified;
}

/* ---- views (C5) ---- */

/* The highest view that f + 1 seats have asked for, of which an honest one has. */
static uint32_t view_asked_by_honest(const struct chair *chair)
{
    uint32_t highest = 0;

    for (uint8_t seat = 0; seat < chair->config.quorum.seat_count; seat++) {
        uint32_t view = chair->reports[seat].view;
        uint8_t count = 0;

        for (uint8_t other = 0; view > highest && other < chair->config.quorum.seat_count;
             other++) {
            count = (uint8_t)(count + (chair->reports[other].view >= view));
        }
        if (count > chair->config.quorum.faulty_max) {
            highest = view;
        }
    }
    return highest;
}

/* f + 1 NEW-VIEWs for VIEW or later, to all who ask for less. */
static void relay(const struct chair *chair, uint32_t view, struct chair_actions *actions)
{
    struct seat_set sources = {{0, 0}};
    struct seat_set know = {{0, 0}};
    uint8_t count = 0;

    for (uint8_t seat = 0; seat < chair->config.quorum.seat_count; seat++) {
        if (chair->reports[seat].view < view) {
            continue;
        }
        seat_set_add(&know, seat);
        if (count++ <= chair->config.quorum.faulty_max) {
            seat_set_add(&sources, seat);
        }
    }
    struct chair_action *action =
        push_to(chair, actions, CHAIR_ACTION_RELAY, all_seats(chair), &know);

    if (action != NULL) {
        action->sources = sources;
    }
}

/* One seat that cannot go on is reason enough: some seat may hold what ends this. */
static void ask_certificate(const struct chair *chair, struct chair_actions *actions)
{
    if (!council_flawed(&chair->config, FLAW_NO_QUESTION)) {
        push_to(chair, actions, CHAIR_ACTION_ASK_CERTIFICATE, all_seats(chair), &nobody);
    }
}

static struct seat_set seats_asking_for(const struct chair *chair, uint32_t view)
{
    struct seat_set asking = {{0, 0}};

    for (uint8_t seat = 0; seat < chair->config.quorum.seat_count; seat++) {
        if (chair->reports[seat].view == view) {
            seat_set_add(&asking, seat);
        }
    }
    return asking;
}

static void go_on_to(struct chair *chair, uint32_t view, struct chair_actions *actions)
{
    struct seat_set asking = seats_asking_for(chair, view);
    uint32_t followed = view_asked_by_honest(chair);

    if (has_quorum(chair, &asking)) {
        push(actions, CHAIR_ACTION_MAKE_TC, asking)->vote.view = view;
    } else if (followed > chair->view && followed > chair->relayed) {
        chair->relayed = followed;
        relay(chair, followed, actions);
    }
    if (view > chair->asked) {
        chair->asked = view;
        ask_certificate(chair, actions);
    }
}

static void step_new_view(struct chair *chair, const struct chair_event *event,
                          struct chair_actions *actions)
{
    struct chair_report *first = &chair->reports[event->seat];
    uint32_t view = event->new_view.view;

    if (first->view == view && !digest_equal(&first->payload, &event->new_view.payload)) {
        report(chair, event->seat, MISCONDUCT_TWO_NEW_VIEWS, actions);
        return;
    }
    if (chair_takes_new_view(chair, event->seat, view)) {
        *first = event->new_view;
        watch_amnesia(chair, event->seat, actions);
    }
    if (chair->phase == CHAIR_DECIDED) {
        push(actions, CHAIR_ACTION_SEND_DECIDE, one_seat(event->seat));
    } else if (view <= chair->view && chair->views[event->seat] < chair->view) {
        push(actions, CHAIR_ACTION_SEND_TC, one_seat(event->seat));
    } else if (view > chair->view && chair->phase < CHAIR_CERTIFIED) {
        go_on_to(chair, view, actions);
    }
}

static void enter_view(struct chair *chair, const struct chair_event *event,
                       struct chair_actions *actions)
{
    enum chair_phase next = CHAIR_WATCHING;
    struct seat_set there;

    chair->view = event->tc.view;
    chair->tc = event->tc.digest;
    chair->justify = event->tc.highest;
    chair->proposed = (struct seat_vote){0};
    chair->prepared = nobody;
    chair->entered_ms = event->now_ms;
    chair->propose_ms = NEVER;
    if (is_chair_of(chair, chair->view)) {
        next = chair->justify.view == 0 ? CHAIR_HEARING : CHAIR_RECOVERING;
    }
    move_to(chair, next);
    there = seats_in_view(chair);
    push_to(chair, actions, CHAIR_ACTION_SEND_TC, all_seats(chair), &there);
    if (next == CHAIR_RECOVERING) {
        push(actions, CHAIR_ACTION_RECOVER, all_seats(chair))->vote = chair->justify;
    }
    if (next == CHAIR_HEARING) {
        weigh_verdicts(chair, event->now_ms);
    }
    begin_phase(chair, event->now_ms, actions);
}

static void step_tc(struct chair *chair, const struct chair_event *event,
                    struct chair_actions *actions)
{
    if (!event->tc.is_own) {
        note_view(chair, event->seat, event->tc.view);
    }
    if (chair->phase == CHAIR_DECIDED) {
        push(actions, CHAIR_ACTION_SEND_DECIDE, one_seat(event->seat));
    } else if (chair->phase < CHAIR_CERTIFIED && event->tc.view > chair->view) {
        enter_view(chair, event, actions);
    }
}

/* ---- the rest ---- */

static void step_timer(struct chair *chair, const struct chair_event *event,
                       struct chair_actions *actions)
{
    uint32_t followed;

    chair->timer_ms = 0;
    if (event->now_ms < chair->repeat_at_ms) {
        return;
    }
    chair->repeat_ms = chair->repeat_ms * 2 < chair->config.repeat_ms_max
                           ? chair->repeat_ms * 2
                           : chair->config.repeat_ms_max;
    chair->repeat_at_ms = event->now_ms + chair->repeat_ms;
    send_again(chair, all_seats(chair), actions);
    if (chair->phase == CHAIR_RECOVERING) {
        push(actions, CHAIR_ACTION_RECOVER, all_seats(chair))->vote = chair->justify;
    }
    if (chair->phase < CHAIR_CERTIFIED && chair->asked > chair->view) {
        followed = view_asked_by_honest(chair);
        if (followed > chair->view) {
            relay(chair, followed, actions);
        }
        ask_certificate(chair, actions);
    }
}

static void set_timer(struct chair *chair, struct chair_actions *actions)
{
    uint64_t deadline_ms = chair->repeat_at_ms;

    if (chair->phase == CHAIR_HEARING && chair->propose_ms < deadline_ms) {
        deadline_ms = chair->propose_ms;
    }
    if (chair->phase == CHAIR_CERTIFIED && chair->publish_ms < deadline_ms) {
        deadline_ms = chair->publish_ms;
    }
    if (chair->phase == CHAIR_DECIDED && has_all(chair, &chair->done)) {
        return;
    }
    if (deadline_ms != chair->timer_ms) {
        chair->timer_ms = deadline_ms;
        push(actions, CHAIR_ACTION_SET_TIMER, nobody)->deadline_ms = deadline_ms;
    }
}

static void step_event(struct chair *chair, const struct chair_event *event,
                       struct chair_actions *actions)
{
    switch (event->type) {
    case CHAIR_EVENT_OPEN:
        chair->entered_ms = event->now_ms;
        begin_phase(chair, event->now_ms, actions);
        break;
    case CHAIR_EVENT_VERDICT:
        step_verdict(chair, event, actions);
        break;
    case CHAIR_EVENT_COMPUTED:
        step_computed(chair, event, actions);
        break;
    case CHAIR_EVENT_PREPARE:
        step_prepare(chair, event, actions);
        break;
    case CHAIR_EVENT_COMMIT:
        step_commit(chair, event, actions);
        break;
    case CHAIR_EVENT_NEW_VIEW:
        step_new_view(chair, event, actions);
        break;
    case CHAIR_EVENT_TC:
        step_tc(chair, event, actions);
        break;
    case CHAIR_EVENT_DECIDE:
        step_decide(chair, event, actions);
        break;
    case CHAIR_EVENT_DONE:
        if (chair->phase == CHAIR_DECIDED) {
            seat_set_add(&chair->done, event->seat);
        }
        break;
    case CHAIR_EVENT_SEAT_UP:
        seat_set_add(&chair->up, event->seat);
        send_again(chair, one_seat(event->seat), actions);
        break;
    case CHAIR_EVENT_TIMER:
        step_timer(chair, event, actions);
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

void chair_init(struct chair *chair, const struct chair_config *config,
                const struct chair_record *record)
{
    CHECK(config->repeat_ms >= 1);
    CHECK(config->repeat_ms_max >= config->repeat_ms);
    CHECK(config->coordinator_count >= 1 && config->coordinator_count <= QUORUM_COORDINATORS_MAX);
    CHECK(config->self < config->coordinator_count && config->home < config->coordinator_count);

    *chair = (struct chair){.config = *config, .propose_ms = NEVER, .view = 1};
    chair->proposed = record->proposed;
    chair->book = record->book;
    if (record->proposed.view != 0) {
        chair->view = record->proposed.view;
        chair->tc = record->proposed.tc;
    }
    if (record->is_decided) {
        chair->phase = CHAIR_DECIDED;
        chair->certified.value = record->decided;
    } else if (record->proposed.view != 0) {
        chair->phase = CHAIR_PREPARING;
    } else {
        chair->phase = is_chair_of(chair, 1) ? CHAIR_HEARING : CHAIR_WATCHING;
    }
    check_invariants(chair);
}

void chair_step(struct chair *chair, const struct chair_event *event, struct chair_actions *actions)
{
    CHECK(event->seat < chair->config.quorum.seat_count);
    check_invariants(chair);
    actions->count = 0;
    step_event(chair, event, actions);
    propose_if_due(chair, event->now_ms, actions);
    publish_if_due(chair, event->now_ms, actions);
    set_timer(chair, actions);
    check_invariants(chair);
}
