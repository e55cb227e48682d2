#include "council/seat.h"

#include <stddef.h>

#include "base/check.h"

#define PHASE_BIT(phase) (1U << (phase))

/* The edges of the diagram in seat.h; every change of phase goes through move_to(). */
static const uint8_t edges[] = {
    [SEAT_OPEN] = PHASE_BIT(SEAT_PREPARED) | PHASE_BIT(SEAT_COMMITTED) | PHASE_BIT(SEAT_DECIDED),
    [SEAT_PREPARED] = PHASE_BIT(SEAT_COMMITTED) | PHASE_BIT(SEAT_DECIDED),
    [SEAT_COMMITTED] = PHASE_BIT(SEAT_DECIDED),
    [SEAT_DECIDED] = 0,
};

static bool vote_equal(const struct seat_vote *a, const struct seat_vote *b)
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

static void push(struct seat_actions *actions, enum seat_action_type type,
                 const struct seat_vote *vote)
{
    CHECK(actions->count < SEAT_ACTIONS_MAX);

    struct seat_action *action = &actions->items[actions->count++];

    *action = (struct seat_action){.type = type};
    if (vote != NULL) {
        action->vote = *vote;
    }
}

/* S4: nothing for a view that is not the current one, or that a stored NEW-VIEW has given up. */
static bool may_vote(const struct seat *seat, uint32_t view)
{
    return view == seat->view && view > seat->view_refused;
}

static void step_assign(struct seat *seat, struct seat_actions *actions)
{
    switch (seat->assessment) {
    case SEAT_NONE:
        seat->assessment = SEAT_RUNNING;
        push(actions, SEAT_ACTION_ASSESS, NULL);
        break;
    case SEAT_RUNNING:
        break;
    case SEAT_STORED:
        push(actions, SEAT_ACTION_SEND_VERDICT, NULL);
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

static void step_assessed(struct seat *seat, struct seat_actions *actions)
{
    CHECK(seat->assessment == SEAT_RUNNING);

    seat->assessment = SEAT_STORED;
    push(actions, SEAT_ACTION_PERSIST_VERDICT, NULL);
    push(actions, SEAT_ACTION_SEND_VERDICT, NULL);
}

/* A seat that committed on the QC alone prepares what it committed when it is asked: a chair that
 * has restarted needs the PREPAREs of every honest seat. */
static bool may_prepare(const struct seat *seat, const struct seat_vote *vote)
{
    return seat->phase == SEAT_OPEN ||
           (seat->phase == SEAT_COMMITTED && vote_equal(&seat->lock, vote));
}

/* S2. */
static void step_propose(struct seat *seat, const struct seat_event *event,
                         struct seat_actions *actions)
{
    const struct seat_vote *vote = &event->propose.vote;

    if (!event->propose.is_from_chair || !may_vote(seat, vote->view)) {
        return;
    }
    if (seat->prepared.view == vote->view) {
        bool is_same = vote_equal(&seat->prepared, vote);

        push(actions, is_same ? SEAT_ACTION_SEND_PREPARE : SEAT_ACTION_REPORT_PROPOSAL,
             &seat->prepared);
    } else if (may_prepare(seat, vote) && seat->computing.view == 0) {
        seat->computing = *vote;
        push(actions, SEAT_ACTION_COMPUTE, vote);
    }
}

/* S3. The value behind LOCK is in the store. */
static void commit(struct seat *seat, const struct seat_vote *vote, struct seat_actions *actions)
{
    seat->lock = *vote;
    seat->certified = (struct seat_vote){0};
    move_to(seat, SEAT_COMMITTED);
    push(actions, SEAT_ACTION_PERSIST_LOCK, vote);
    push(actions, SEAT_ACTION_SEND_COMMIT, vote);
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
        push(actions, SEAT_ACTION_REPORT_PROPOSAL, &vote);
    } else if (seat->certified.view != 0 && digest_equal(&seat->certified.value, &vote.value) &&
               may_vote(seat, seat->certified.view)) {
        vote = seat->certified;
        commit(seat, &vote, actions);
    } else if (may_prepare(seat, &vote) && may_vote(seat, vote.view)) {
        seat->prepared = vote;
        if (seat->phase == SEAT_OPEN) {
            move_to(seat, SEAT_PREPARED);
        }
        push(actions, SEAT_ACTION_PERSIST_PREPARE, &vote);
        push(actions, SEAT_ACTION_SEND_PREPARE, &vote);
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
        bool is_same = vote_equal(&seat->lock, vote);

        push(actions, is_same ? SEAT_ACTION_SEND_COMMIT : SEAT_ACTION_REPORT_CONFLICT, &seat->lock);
    } else if (seat->phase == SEAT_PREPARED && vote_equal(&seat->prepared, vote)) {
        commit(seat, vote, actions);
    } else {
        /* Another value was prepared here, or none: the QC binds all the same, once its value has
         * been fetched and recomputed. */
        bool is_asked = vote_equal(&seat->computing, vote);

        seat->certified = *vote;
        if (!is_asked) {
            seat->computing = *vote;
            push(actions, SEAT_ACTION_COMPUTE, vote);
        }
    }
}

/* S6. */
static void step_decide(struct seat *seat, const struct seat_event *event,
                        struct seat_actions *actions)
{
    const struct seat_vote *vote = &event->decide.vote;

    if (seat_set_count(&event->decide.signers) < seat->config.quorum.quorum_count) {
        return;
    }
    if (seat->phase == SEAT_DECIDED) {
        bool is_same = digest_equal(&seat->decided, &vote->value);

        push(actions, is_same ? SEAT_ACTION_SEND_DONE : SEAT_ACTION_REPORT_CONFLICT, vote);
        return;
    }
    seat->decided = vote->value;
    seat->computing = (struct seat_vote){0};
    seat->certified = (struct seat_vote){0};
    move_to(seat, SEAT_DECIDED);
    push(actions, SEAT_ACTION_PERSIST_CERTIFICATE, vote);
    push(actions, SEAT_ACTION_SEND_DONE, vote);
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
        push(actions, SEAT_ACTION_SEND_DECIDE, NULL);
        break;
    case SEAT_EVENT_DECIDE:
        step_decide(seat, event, actions);
        break;
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
        step_assign(seat, actions);
        break;
    case SEAT_EVENT_ASSESSED:
        step_assessed(seat, actions);
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
    default:
        CHECK_UNREACHABLE();
    }
}

void seat_init(struct seat *seat, const struct seat_config *config,
               const struct seat_record *record)
{
    CHECK(config->self < config->quorum.seat_count);

    *seat = (struct seat){.config = *config};
    seat->assessment = record->has_verdict ? SEAT_STORED : SEAT_NONE;
    seat->view = record->view == 0 ? 1 : record->view;
    seat->view_refused = record->view_refused;
    seat->prepared = record->prepared;
    seat->lock = record->lock;
    seat->decided = record->decided;
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
    check_invariants(seat);
    actions->count = 0;
    if (seat->phase == SEAT_DECIDED) {
        step_decided(seat, event, actions);
    } else {
        step_undecided(seat, event, actions);
    }
    check_invariants(seat);
}
