#include "council/seat.h"

#include <stddef.h>

#include "base/check.h"

#define NEVER            UINT64_MAX
#define PHASE_BIT(phase) (1U << (phase))
#define CHAIR_BIT(chair) ((uint8_t)(1U << (chair)))

/* The edges of the diagram in seat.h; every change of phase goes through move_to(). */
static const uint8_t edges[] = {
    [SEAT_OPEN] = PHASE_BIT(SEAT_PREPARED) | PHASE_BIT(SEAT_COMMITTED) | PHASE_BIT(SEAT_DECIDED),
    [SEAT_PREPARED] = PHASE_BIT(SEAT_OPEN) | PHASE_BIT(SEAT_COMMITTED) | PHASE_BIT(SEAT_DECIDED),
    [SEAT_COMMITTED] = PHASE_BIT(SEAT_OPEN) | PHASE_BIT(SEAT_DECIDED),
    [SEAT_DECIDED] = 0,
};

bool seat_vote_equal(const struct seat_vote *a, const struct seat_vote *b)
{
    return a->view == b->view && digest_equal(&a->value, &b->value) && digest_equal(&a->tc, &b->tc);
}

/* True of every seat between steps. */
static void check_invariants(const struct seat *seat)
{
    CHECK(seat->config.self < seat->config.quorum.seat_count);
    CHECK(seat->view >= 1);
    CHECK(seat->prepared.view <= seat->view);
    CHECK(seat->lock.view <= seat->view);
    if (seat->phase == SEAT_PREPARED) {
        CHECK(seat->prepared.view == seat->view);
    }
    if (seat->phase == SEAT_COMMITTED) {
        CHECK(seat->lock.view == seat->view);
    }
}

static void move_to(struct seat *seat, enum seat_phase next)
{
    CHECK(edges[seat->phase] & PHASE_BIT(next));
    seat->phase = next;
}

static struct seat_action *push(struct seat_actions *actions, enum seat_action_type type)
{
    CHECK(actions->count < SEAT_ACTIONS_MAX);

    struct seat_action *action = &actions->items[actions->count++];

    *action = (struct seat_action){.type = type};
    return action;
}

static void push_vote(struct seat_actions *actions, enum seat_action_type type,
                      const struct seat_vote *vote)
{
    push(actions, type)->vote = *vote;
}

static uint8_t chair_of(const struct seat *seat, uint32_t view)
{
    return quorum_chair(seat->config.home, view, seat->config.coordinator_count);
}

static uint8_t all_chairs(const struct seat *seat)
{
    return (uint8_t)((1U << seat->config.coordinator_count) - 1);
}

/* S4: nothing for a view that is not the current one, or that a stored NEW-VIEW has given up. */
static bool may_vote(const struct seat *seat, uint32_t view)
{
    if (council_flawed(&seat->config, FLAW_COMMIT_AFTER_NEW_VIEW)) {
        return view == seat->view;
    }
    return view == seat->view && view >= seat->asked;
}

/* ---- time (S4) ---- */

uint64_t seat_view_ms(const struct seat_config *config, uint32_t view)
{
    uint64_t wait_ms = config->view_ms;

    for (uint32_t i = view / config->coordinator_count; i > 0 && wait_ms < config->view_ms_max;
         i--) {
        wait_ms *= 2;
    }
    return wait_ms < config->view_ms_max ? wait_ms : config->view_ms_max;
}

static bool is_chair_lost(const struct seat *seat)
{
    return (seat->lost & CHAIR_BIT(chair_of(seat, seat->view))) != 0;
}

/* The chair has as long as assessments may take, where it may be waiting for them, and then the
 * time of the view. Nobody waits for a chair that is not there. */
static void start_view(struct seat *seat, uint64_t now_ms)
{
    bool is_hearing = seat->view == 1 || seat->config.is_again;
    bool is_lost = is_chair_lost(seat) && seat->assessment == SEAT_STORED;

    seat->deadline_ms = now_ms + seat_view_ms(&seat->config, seat->view);
    if (is_hearing && !is_lost) {
        seat->deadline_ms += seat->config.assess_ms;
    }
}

/* The hearing is over, or nobody holds it: only the time of the view is left. */
static void end_hearing(struct seat *seat, uint64_t now_ms)
{
    uint64_t deadline_ms = now_ms + seat_view_ms(&seat->config, seat->view);

    if (seat->deadline_ms != NEVER && seat->asked <= seat->view &&
        deadline_ms < seat->deadline_ms) {
        seat->deadline_ms = deadline_ms;
    }
}

static void set_timer(struct seat *seat, struct seat_actions *actions)
{
    if (seat->deadline_ms != NEVER && seat->deadline_ms != seat->timer_ms) {
        seat->timer_ms = seat->deadline_ms;
        push(actions, SEAT_ACTION_SET_TIMER)->deadline_ms = seat->deadline_ms;
    }
}

/* ---- views (S4, S5) ---- */

static void send_new_view(struct seat *seat, uint64_t now_ms, struct seat_actions *actions)
{
    struct seat_vote vote = {.view = seat->asked};

    push_vote(actions, SEAT_ACTION_SEND_NEW_VIEW, &vote);
    seat->deadline_ms = now_ms + seat->config.repeat_ms;
}

static void ask_for(struct seat *seat, uint32_t view, uint64_t now_ms, struct seat_actions *actions)
{
    struct seat_vote vote = {.view = view, .value = seat->lock.value};

    CHECK(view > seat->view);
    seat->asked = view;
    push_vote(actions, SEAT_ACTION_PERSIST_NEW_VIEW, &vote);
    send_new_view(seat, now_ms, actions);
}

static void step_timer(struct seat *seat, const struct seat_event *event,
                       struct seat_actions *actions)
{
    seat->timer_ms = 0;
    if (event->now_ms < seat->deadline_ms) {
        return;
    }
    if (seat->asked > seat->view) {
        send_new_view(seat, event->now_ms, actions);
    } else {
        ask_for(seat, seat->view + 1, event->now_ms, actions);
    }
}

static uint8_t count_wanting(const struct seat *seat, uint32_t view)
{
    uint8_t count = seat->asked >= view ? 1 : 0;

    for (uint8_t other = 0; other < seat->config.quorum.seat_count; other++) {
        if (other != seat->config.self && seat->wanted[other] >= view) {
            count++;
        }
    }
    return count;
}

/* S5: what f + 1 distinct seats ask for, an honest one asks for. */
static void step_new_view(struct seat *seat, const struct seat_event *event,
                          struct seat_actions *actions)
{
    uint32_t highest = seat->asked > seat->view ? seat->asked : seat->view;
    uint32_t followed = highest;

    CHECK(event->new_view.seat < seat->config.quorum.seat_count);
    if (event->new_view.view <= seat->wanted[event->new_view.seat]) {
        return;
    }
    seat->wanted[event->new_view.seat] = event->new_view.view;
    for (uint8_t other = 0; other < seat->config.quorum.seat_count; other++) {
        if (seat->wanted[other] > followed &&
            count_wanting(seat, seat->wanted[other]) > seat->config.quorum.faulty_max) {
            followed = seat->wanted[other];
        }
    }
    if (followed > highest) {
        ask_for(seat, followed, event->now_ms, actions);
    }
}

/* S5: with a TC alone. What was under way for an earlier view is over. */
static void enter(struct seat *seat, uint32_t view, uint64_t now_ms, struct seat_actions *actions)
{
    struct seat_vote vote = {.view = view};

    CHECK(view > seat->view);
    seat->view = view;
    seat->computing = (struct seat_vote){0};
    seat->certified = (struct seat_vote){0};
    if (seat->phase != SEAT_OPEN) {
        move_to(seat, SEAT_OPEN);
    }
    if (seat->asked > view) {
        seat->deadline_ms = now_ms + seat->config.repeat_ms;
    } else {
        start_view(seat, now_ms);
    }
    if (!council_flawed(&seat->config, FLAW_TC_NOT_STORED)) {
        push_vote(actions, SEAT_ACTION_PERSIST_VIEW, &vote);
    }
}

static void step_tc(struct seat *seat, const struct seat_event *event, struct seat_actions *actions)
{
    if (event->tc.view <= seat->view) {
        return;
    }
    enter(seat, event->tc.view, event->now_ms, actions);
    /* Its chair may be the one that does not know it yet. */
    if (event->chair != chair_of(seat, seat->view) &&
        !council_flawed(&seat->config, FLAW_TC_NOT_STORED)) {
        push(actions, SEAT_ACTION_SEND_TC)->vote.view = seat->view;
    }
}

/* ---- assessment (S1) ---- */

static void step_assign(struct seat *seat, const struct seat_event *event,
                        struct seat_actions *actions)
{
    switch (seat->assessment) {
    case SEAT_NONE:
        seat->assessment = SEAT_RUNNING;
        push(actions, SEAT_ACTION_ASSESS);
        break;
    case SEAT_RUNNING:
        break;
    case SEAT_STORED:
        push(actions, SEAT_ACTION_RESEND_VERDICT);
        break;
    default:
        CHECK_UNREACHABLE();
    }
    if (seat->deadline_ms != NEVER) {
        return;
    }
    if (seat->asked > seat->view) {
        send_new_view(seat, event->now_ms, actions);
    } else {
        start_view(seat, event->now_ms);
    }
}

static void step_assessed(struct seat *seat, const struct seat_event *event,
                          struct seat_actions *actions)
{
    CHECK(seat->assessment == SEAT_RUNNING);

    seat->assessment = SEAT_STORED;
    push(actions, SEAT_ACTION_PERSIST_VERDICT);
    push(actions, SEAT_ACTION_SEND_VERDICT);
    if (is_chair_lost(seat)) {
        end_hearing(seat, event->now_ms);
    }
}

/* ---- votes (S2, S3) ---- */

/* A seat that committed on the QC alone prepares what it committed when it is asked: a chair that
 * has restarted needs the PREPAREs of every honest seat. */
static bool may_prepare(const struct seat *seat, const struct seat_vote *vote)
{
    return seat->phase == SEAT_OPEN ||
           (seat->phase == SEAT_COMMITTED && seat_vote_equal(&seat->lock, vote));
}

/* S2: above view 1 the proposal brings the TC of its view, whose highest QC binds the value. The
 * seat's own lock is not consulted: the proof replaces it. */
static bool is_justified(const struct seat *seat, const struct seat_event *event)
{
    const struct seat_vote *highest = &event->propose.highest;
    const struct seat_vote *vote = &event->propose.vote;

    if (council_flawed(&seat->config, FLAW_OWN_LOCK) && seat->lock.view != 0 &&
        !digest_equal(&seat->lock.value, &vote->value)) {
        return false;
    }
    return vote->view == 1 || highest->view == 0 || digest_equal(&highest->value, &vote->value);
}

static void step_propose(struct seat *seat, const struct seat_event *event,
                         struct seat_actions *actions)
{
    const struct seat_vote *vote = &event->propose.vote;

    if (!event->propose.is_from_chair || (vote->view > 1 && !event->propose.has_tc)) {
        return;
    }
    if (vote->view > seat->view) {
        enter(seat, vote->view, event->now_ms, actions);
    }
    if (!may_vote(seat, vote->view)) {
        return;
    }
    end_hearing(seat, event->now_ms);
    if (seat->prepared.view == vote->view) {
        bool is_same = seat_vote_equal(&seat->prepared, vote);

        push_vote(actions, is_same ? SEAT_ACTION_SEND_PREPARE : SEAT_ACTION_REPORT_PROPOSAL,
                  &seat->prepared);
    } else if (!is_justified(seat, event)) {
        push_vote(actions, SEAT_ACTION_REPORT_PROPOSAL, vote);
    } else if (may_prepare(seat, vote) && seat->computing.view == 0) {
        seat->computing = *vote;
        push_vote(actions, SEAT_ACTION_COMPUTE, vote);
    }
}

/* S3. The value behind LOCK is in the store. */
static void commit(struct seat *seat, const struct seat_vote *vote, struct seat_actions *actions)
{
    seat->lock = *vote;
    seat->certified = (struct seat_vote){0};
    move_to(seat, SEAT_COMMITTED);
    push_vote(actions, SEAT_ACTION_PERSIST_LOCK, vote);
    push_vote(actions, SEAT_ACTION_SEND_COMMIT, vote);
}

static void step_computed(struct seat *seat, const struct seat_event *event,
                          struct seat_actions *actions)
{
    struct seat_vote vote = seat->computing;

    if (vote.view == 0 || !digest_equal(&vote.value, &event->computed.value)) {
        return;
    }
    seat->computing = (struct seat_vote){0};
    if (!event->computed.is_valid) {
        push_vote(actions, SEAT_ACTION_REPORT_PROPOSAL, &vote);
    } else if (seat->certified.view != 0 && digest_equal(&seat->certified.value, &vote.value) &&
               may_vote(seat, seat->certified.view)) {
        vote = seat->certified;
        commit(seat, &vote, actions);
    } else if (may_prepare(seat, &vote) && may_vote(seat, vote.view)) {
        seat->prepared = vote;
        if (seat->phase == SEAT_OPEN) {
            move_to(seat, SEAT_PREPARED);
        }
        push_vote(actions, SEAT_ACTION_PERSIST_PREPARE, &vote);
        push_vote(actions, SEAT_ACTION_SEND_PREPARE, &vote);
    }
}

static void step_certify(struct seat *seat, const struct seat_event *event,
                         struct seat_actions *actions)
{
    const struct seat_vote *vote = &event->certify.vote;

    if (seat_set_count(&event->certify.signers) < seat->config.quorum.quorum_count ||
        !may_vote(seat, vote->view)) {
        return;
    }
    if (seat->lock.view == vote->view) {
        bool is_same = seat_vote_equal(&seat->lock, vote);

        push_vote(actions, is_same ? SEAT_ACTION_SEND_COMMIT : SEAT_ACTION_REPORT_CONFLICT,
                  &seat->lock);
    } else if (seat->phase == SEAT_PREPARED && seat_vote_equal(&seat->prepared, vote)) {
        commit(seat, vote, actions);
    } else {
        /* Another value was prepared here, or none: the QC binds all the same, once its value has
         * been fetched and recomputed. Asked again, it is fetched again: from this chair now. */
        seat->certified = *vote;
        seat->computing = *vote;
        push_vote(actions, SEAT_ACTION_COMPUTE, vote);
    }
}

/* ---- the end (S6) ---- */

/* CHAIR is known to have the certificate. */
static void note_done(struct seat *seat, uint8_t chair, struct seat_actions *actions)
{
    uint8_t before = seat->done;

    seat->done |= CHAIR_BIT(chair);
    if (seat->done == all_chairs(seat)) {
        seat->deadline_ms = NEVER;
        if (before != seat->done) {
            push(actions, SEAT_ACTION_PERSIST_DONE)->chairs = seat->done;
        }
    }
}

/* The certificate to every chair that is there and was not heard to have it. */
static void pass_on(struct seat *seat, uint64_t now_ms, struct seat_actions *actions)
{
    uint8_t chairs = (uint8_t)(all_chairs(seat) & ~seat->done & ~seat->lost);

    if (chairs != 0) {
        push(actions, SEAT_ACTION_SEND_DECIDE)->chairs = chairs;
    }
    seat->deadline_ms = seat->done == all_chairs(seat) ? NEVER : now_ms + seat->config.repeat_ms;
}

static void answer_decided(const struct seat_event *event, struct seat_actions *actions)
{
    push(actions, SEAT_ACTION_SEND_DECIDE)->chairs = CHAIR_BIT(event->chair);
}

static void step_decide(struct seat *seat, const struct seat_event *event,
                        struct seat_actions *actions)
{
    const struct seat_vote *vote = &event->decide.vote;

    if (seat_set_count(&event->decide.signers) < seat->config.quorum.quorum_count) {
        return;
    }
    if (seat->phase == SEAT_DECIDED) {
        bool is_same = digest_equal(&seat->decided, &vote->value);

        push_vote(actions, is_same ? SEAT_ACTION_SEND_DONE : SEAT_ACTION_REPORT_CONFLICT, vote);
        if (is_same) {
            note_done(seat, event->chair, actions);
        }
        return;
    }
    seat->decided = vote->value;
    seat->computing = (struct seat_vote){0};
    seat->certified = (struct seat_vote){0};
    seat->done |= CHAIR_BIT(event->chair);
    move_to(seat, SEAT_DECIDED);
    push_vote(actions, SEAT_ACTION_PERSIST_CERTIFICATE, vote);
    actions->items[actions->count - 1].chairs = seat->done;
    push_vote(actions, SEAT_ACTION_SEND_DONE, vote);
    pass_on(seat, event->now_ms, actions);
}

/* S6: a decided docket answers everything with its certificate. An assessment that was still
 * running is dropped: its verdict could count nowhere. */
static void step_decided(struct seat *seat, const struct seat_event *event,
                         struct seat_actions *actions)
{
    switch (event->type) {
    case SEAT_EVENT_ASSIGN:
    case SEAT_EVENT_PROPOSE:
    case SEAT_EVENT_CERTIFY:
    case SEAT_EVENT_NEW_VIEW:
    case SEAT_EVENT_TC:
        answer_decided(event, actions);
        break;
    case SEAT_EVENT_DECIDE:
        step_decide(seat, event, actions);
        break;
    case SEAT_EVENT_DONE:
        note_done(seat, event->chair, actions);
        break;
    case SEAT_EVENT_TIMER:
        seat->timer_ms = 0;
        if (event->now_ms >= seat->deadline_ms) {
            pass_on(seat, event->now_ms, actions);
        }
        break;
    case SEAT_EVENT_CHAIR_UP:
        if ((seat->done & CHAIR_BIT(event->chair)) == 0) {
            answer_decided(event, actions);
            seat->deadline_ms = event->now_ms + seat->config.repeat_ms;
        }
        break;
    case SEAT_EVENT_CHAIR_LOST:
    case SEAT_EVENT_ASSESSED:
    case SEAT_EVENT_COMPUTED:
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

static void step_undecided(struct seat *seat, const struct seat_event *event,
                           struct seat_actions *actions)
{
    switch (event->type) {
    case SEAT_EVENT_ASSIGN:
        step_assign(seat, event, actions);
        break;
    case SEAT_EVENT_ASSESSED:
        step_assessed(seat, event, actions);
        break;
    case SEAT_EVENT_PROPOSE:
        step_propose(seat, event, actions);
        break;
    case SEAT_EVENT_COMPUTED:
        step_computed(seat, event, actions);
        break;
    case SEAT_EVENT_CERTIFY:
        step_certify(seat, event, actions);
        break;
    case SEAT_EVENT_DECIDE:
        step_decide(seat, event, actions);
        break;
    case SEAT_EVENT_NEW_VIEW:
        step_new_view(seat, event, actions);
        break;
    case SEAT_EVENT_TC:
        step_tc(seat, event, actions);
        break;
    case SEAT_EVENT_TIMER:
        step_timer(seat, event, actions);
        break;
    case SEAT_EVENT_CHAIR_LOST:
        if (event->chair == chair_of(seat, seat->view) && seat->assessment == SEAT_STORED) {
            end_hearing(seat, event->now_ms);
        }
        break;
    case SEAT_EVENT_CHAIR_UP:
        if (seat->view > 1 && event->chair == chair_of(seat, seat->view) &&
            !council_flawed(&seat->config, FLAW_TC_NOT_STORED)) {
            push(actions, SEAT_ACTION_SEND_TC)->vote.view = seat->view;
        }
        break;
    case SEAT_EVENT_DONE:
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

void seat_init(struct seat *seat, const struct seat_config *config,
               const struct seat_record *record)
{
    CHECK(config->self < config->quorum.seat_count);
    CHECK(config->coordinator_count >= 1 && config->coordinator_count <= QUORUM_COORDINATORS_MAX);
    CHECK(config->home < config->coordinator_count);
    CHECK(config->view_ms >= 1 && config->view_ms_max >= config->view_ms);
    CHECK(config->repeat_ms >= 1);

    *seat = (struct seat){.config = *config, .deadline_ms = NEVER};
    seat->assessment = record->has_verdict ? SEAT_STORED : SEAT_NONE;
    seat->view = record->view == 0 ? 1 : record->view;
    seat->asked = record->asked;
    seat->prepared = record->prepared;
    seat->lock = record->lock;
    seat->decided = record->decided;
    seat->done = record->done;
    if (record->is_decided) {
        seat->phase = SEAT_DECIDED;
    } else if (record->lock.view == seat->view) {
        seat->phase = SEAT_COMMITTED;
    } else if (record->prepared.view == seat->view) {
        seat->phase = SEAT_PREPARED;
    }
    check_invariants(seat);
}

void seat_step(struct seat *seat, const struct seat_event *event, struct seat_actions *actions)
{
    CHECK(event->chair < seat->config.coordinator_count);
    check_invariants(seat);
    actions->count = 0;
    if (event->type == SEAT_EVENT_CHAIR_LOST) {
        seat->lost |= CHAIR_BIT(event->chair);
    } else if (event->type == SEAT_EVENT_CHAIR_UP) {
        seat->lost &= (uint8_t)~CHAIR_BIT(event->chair);
    }
    if (seat->phase == SEAT_DECIDED) {
        step_decided(seat, event, actions);
    } else {
        step_undecided(seat, event, actions);
    }
    set_timer(seat, actions);
    check_invariants(seat);
}
