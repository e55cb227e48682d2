#include "council/chair.h"

#include <stddef.h>

#include "base/check.h"

#define PHASE_BIT(phase) (1U << (phase))

/* The edges of the diagram in chair.h; every change of phase goes through move_to(). */
static const uint8_t edges[] = {
    [CHAIR_HEARING] = PHASE_BIT(CHAIR_COMPUTING),
    [CHAIR_COMPUTING] = PHASE_BIT(CHAIR_PREPARING),
    [CHAIR_PREPARING] = PHASE_BIT(CHAIR_COMMITTING) | PHASE_BIT(CHAIR_CERTIFIED),
    [CHAIR_COMMITTING] = PHASE_BIT(CHAIR_CERTIFIED),
    [CHAIR_CERTIFIED] = PHASE_BIT(CHAIR_DECIDED),
    [CHAIR_DECIDED] = 0,
};

static bool vote_equal(const struct seat_vote *a, const struct seat_vote *b)
{
    return a->view == b->view && digest_equal(&a->value, &b->value) && digest_equal(&a->tc, &b->tc);
}

static bool has_quorum(const struct chair *chair, const struct seat_set *seats)
{
    return seat_set_count(seats) >= chair->config.quorum.quorum_count;
}

static bool has_all(const struct chair *chair, const struct seat_set *seats)
{
    return seat_set_count(seats) == chair->config.quorum.seat_count;
}

/* True of every chair between steps. */
static void check_invariants(const struct chair *chair)
{
    CHECK((chair->phase >= CHAIR_PREPARING) == (chair->proposed.view != 0));
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

static void report(struct chair *chair, uint8_t seat, enum chair_misconduct kind,
                   struct chair_actions *actions)
{
    struct seat_set one = {{0, 0}};

    if (!seat_set_has(&chair->accused, seat)) {
        seat_set_add(&chair->accused, seat);
        seat_set_add(&one, seat);
        push(actions, CHAIR_ACTION_REPORT_MISCONDUCT, one)->kind = kind;
    }
}

/* What this phase says to the seats in WANTED that have not answered it (C8). */
static void send_phase(const struct chair *chair, struct seat_set wanted,
                       struct chair_actions *actions)
{
    static const enum chair_action_type messages[] = {
        [CHAIR_HEARING] = CHAIR_ACTION_SEND_ASSIGN,
        [CHAIR_COMPUTING] = CHAIR_ACTION_SEND_ASSIGN,
        [CHAIR_PREPARING] = CHAIR_ACTION_SEND_PROPOSE,
        [CHAIR_COMMITTING] = CHAIR_ACTION_SEND_CERTIFY,
        [CHAIR_DECIDED] = CHAIR_ACTION_SEND_DECIDE,
    };
    const struct seat_set *answered[] = {
        [CHAIR_HEARING] = &chair->heard,      [CHAIR_COMPUTING] = &chair->heard,
        [CHAIR_PREPARING] = &chair->prepared, [CHAIR_COMMITTING] = &chair->committed,
        [CHAIR_DECIDED] = &chair->done,
    };

    if (chair->phase == CHAIR_CERTIFIED) {
        return; /* DECIDE follows within settle_ms. */
    }
    for (unsigned word = 0; word < 2; word++) {
        wanted.words[word] &= ~answered[chair->phase]->words[word] & chair->up.words[word];
    }
    if (seat_set_count(&wanted) > 0) {
        push(actions, messages[chair->phase], wanted)->vote = chair->proposed;
    }
}

/* A seat that has not been heard may not know the docket: it is told before anything else that is
 * said to it again. */
static void send_again(const struct chair *chair, struct seat_set wanted,
                       struct chair_actions *actions)
{
    struct seat_set unheard = wanted;

    for (unsigned word = 0; word < 2; word++) {
        unheard.words[word] &= ~chair->heard.words[word] & chair->up.words[word];
    }
    if (chair->phase >= CHAIR_PREPARING && chair->phase < CHAIR_DECIDED &&
        seat_set_count(&unheard) > 0) {
        push(actions, CHAIR_ACTION_SEND_ASSIGN, unheard);
    }
    send_phase(chair, wanted, actions);
}

/* Says it to everybody who is there, and starts the intervals of repetition anew. */
static void begin_phase(struct chair *chair, uint64_t now_ms, struct chair_actions *actions)
{
    static const struct seat_set nobody = {{0, 0}};

    chair->repeat_ms = chair->config.repeat_ms;
    chair->repeat_at_ms = now_ms + chair->repeat_ms;
    send_phase(chair, seat_set_others(&nobody, chair->config.quorum.seat_count), actions);
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

static void publish_if_due(struct chair *chair, uint64_t now_ms, struct chair_actions *actions)
{
    if (chair->phase != CHAIR_CERTIFIED) {
        return;
    }
    if (has_all(chair, &chair->committed) || now_ms >= chair->publish_ms) {
        move_to(chair, CHAIR_DECIDED);
        push(actions, CHAIR_ACTION_PERSIST_CERTIFICATE, chair->committed)->vote = chair->proposed;
        begin_phase(chair, now_ms, actions);
    }
}

/* C2: after as long again as the first q took, within the bounds of the configuration. */
static void note_first_quorum(struct chair *chair, uint64_t now_ms)
{
    uint64_t took_ms = now_ms - chair->opened_ms;
    uint64_t more_ms = took_ms < chair->config.hear_ms_min ? chair->config.hear_ms_min : took_ms;
    uint64_t limit_ms = chair->opened_ms + chair->config.assess_ms;

    chair->propose_ms = now_ms + more_ms < limit_ms ? now_ms + more_ms : limit_ms;
}

static void step_verdict(struct chair *chair, const struct chair_event *event,
                         struct chair_actions *actions)
{
    struct digest *first = &chair->verdicts[event->seat];

    if (digest_is_zero(first)) {
        *first = event->verdict.message;
    } else if (!digest_equal(first, &event->verdict.message)) {
        report(chair, event->seat, CHAIR_TWO_VERDICTS, actions);
        return;
    }
    if (chair->phase != CHAIR_HEARING || seat_set_has(&chair->heard, event->seat)) {
        seat_set_add(&chair->heard, event->seat);
        return;
    }
    seat_set_add(&chair->heard, event->seat);
    if (has_quorum(chair, &chair->heard) && chair->propose_ms == UINT64_MAX) {
        note_first_quorum(chair, event->now_ms);
    }
    if (event->verdict.is_settled && chair->propose_ms > event->now_ms + chair->config.settle_ms) {
        chair->propose_ms = event->now_ms + chair->config.settle_ms;
    }
}

static void step_computed(struct chair *chair, const struct chair_event *event,
                          struct chair_actions *actions)
{
    CHECK(chair->phase == CHAIR_COMPUTING);

    chair->proposed = (struct seat_vote){.view = 1, .value = event->computed.value};
    chair->book = event->computed.book;
    move_to(chair, CHAIR_PREPARING);
    push(actions, CHAIR_ACTION_PERSIST_PROPOSAL, (struct seat_set){{0, 0}})->vote = chair->proposed;
    begin_phase(chair, event->now_ms, actions);
}

bool chair_takes_prepare(const struct chair *chair, uint8_t seat, const struct seat_vote *vote)
{
    return vote->view <= CHAIR_VIEW_MAX && chair->prepares[seat].view < vote->view;
}

bool chair_takes_commit(const struct chair *chair, uint8_t seat, const struct seat_vote *vote)
{
    return vote->view <= CHAIR_VIEW_MAX && chair->commits[seat].view < vote->view;
}

static void step_prepare(struct chair *chair, const struct chair_event *event,
                         struct chair_actions *actions)
{
    struct seat_vote *first = &chair->prepares[event->seat];

    if (first->view == event->prepare.view && !vote_equal(first, &event->prepare)) {
        report(chair, event->seat, CHAIR_TWO_PREPARES, actions);
        return;
    }
    if (chair_takes_prepare(chair, event->seat, &event->prepare)) {
        *first = event->prepare;
    }
    if (chair->phase < CHAIR_PREPARING || !vote_equal(&event->prepare, &chair->proposed)) {
        return;
    }
    seat_set_add(&chair->prepared, event->seat);
    if (chair->phase == CHAIR_PREPARING && has_quorum(chair, &chair->prepared)) {
        move_to(chair, CHAIR_COMMITTING);
        begin_phase(chair, event->now_ms, actions);
    }
}

static void step_commit(struct chair *chair, const struct chair_event *event,
                        struct chair_actions *actions)
{
    struct seat_vote *first = &chair->commits[event->seat];

    if (first->view == event->commit.view && !digest_equal(&first->value, &event->commit.value)) {
        report(chair, event->seat, CHAIR_TWO_COMMITS, actions);
        return;
    }
    if (chair_takes_commit(chair, event->seat, &event->commit)) {
        *first = event->commit;
    }
    if (chair->phase < CHAIR_PREPARING || event->commit.view != chair->proposed.view ||
        !digest_equal(&event->commit.value, &chair->proposed.value)) {
        return;
    }
    seat_set_add(&chair->committed, event->seat);
    /* After a restart the COMMITs can come before the PREPAREs: they need none (C4). */
    if (chair->phase < CHAIR_CERTIFIED && has_quorum(chair, &chair->committed)) {
        move_to(chair, CHAIR_CERTIFIED);
        chair->publish_ms = event->now_ms + chair->config.settle_ms;
    }
}

static void step_timer(struct chair *chair, const struct chair_event *event,
                       struct chair_actions *actions)
{
    static const struct seat_set nobody = {{0, 0}};

    if (event->now_ms < chair->repeat_at_ms) {
        return;
    }
    chair->repeat_ms = chair->repeat_ms * 2 < chair->config.repeat_ms_max
                           ? chair->repeat_ms * 2
                           : chair->config.repeat_ms_max;
    chair->repeat_at_ms = event->now_ms + chair->repeat_ms;
    send_again(chair, seat_set_others(&nobody, chair->config.quorum.seat_count), actions);
}

static void step_seat_up(struct chair *chair, const struct chair_event *event,
                         struct chair_actions *actions)
{
    struct seat_set one = {{0, 0}};

    seat_set_add(&one, event->seat);
    seat_set_add(&chair->up, event->seat);
    send_again(chair, one, actions);
}

static void set_timer(const struct chair *chair, struct chair_actions *actions)
{
    uint64_t deadline_ms = chair->repeat_at_ms;

    if (chair->phase == CHAIR_HEARING && chair->propose_ms < deadline_ms) {
        deadline_ms = chair->propose_ms;
    }
    if (chair->phase == CHAIR_CERTIFIED && chair->publish_ms < deadline_ms) {
        deadline_ms = chair->publish_ms;
    }
    if (chair->phase != CHAIR_DECIDED || !has_all(chair, &chair->done)) {
        push(actions, CHAIR_ACTION_SET_TIMER, (struct seat_set){{0, 0}})->deadline_ms = deadline_ms;
    }
}

static void step_event(struct chair *chair, const struct chair_event *event,
                       struct chair_actions *actions)
{
    switch (event->type) {
    case CHAIR_EVENT_OPEN:
        chair->opened_ms = event->now_ms;
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
    case CHAIR_EVENT_DONE:
        seat_set_add(&chair->done, event->seat);
        break;
    case CHAIR_EVENT_SEAT_UP:
        step_seat_up(chair, event, actions);
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

    *chair = (struct chair){.config = *config, .propose_ms = UINT64_MAX};
    chair->proposed = record->proposed;
    chair->book = record->book;
    if (record->is_decided) {
        chair->phase = CHAIR_DECIDED;
    } else if (record->proposed.view != 0) {
        chair->phase = CHAIR_PREPARING;
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
