#include "sim/seat_node.h"

#include "base/check.h"
#include "sim/content.h"
#include "sim/faults.h"
#include "sim/life.h"
#include "sim/network.h"
#include "sim/objects.h"
#include "sim/oracles.h"
#include "sim/signing.h"
#include "sim/trace.h"

#define COMPUTE_US    1000 /* Virtual time of recomputing a value. */
#define LOOK_MS       200  /* Between two looks whether an assessment can be completed. */
#define BINDING_BATCH 32
#define AT_ONCE_MAX   4 /* Assessments of one home's dockets at a time (section 3). */

enum { ASSESSED_IN_TIME = 0, ASSESSED_LATE, ASSESSED_WAITING }; /* Flags of QUEUE_ASSESSED. */

static void feed(struct model *model, uint16_t node, struct seat_docket *seat,
                 struct seat_event *event);

static const char *const names[] = {
    [SEAT_ACTION_ASSESS] = "assess",
    [SEAT_ACTION_PERSIST_VERDICT] = "persist verdict",
    [SEAT_ACTION_SEND_VERDICT] = "VERDICT",
    [SEAT_ACTION_RESEND_VERDICT] = "VERDICT again",
    [SEAT_ACTION_COMPUTE] = "compute",
    [SEAT_ACTION_PERSIST_PREPARE] = "persist prepare",
    [SEAT_ACTION_SEND_PREPARE] = "PREPARE",
    [SEAT_ACTION_PERSIST_LOCK] = "persist lock",
    [SEAT_ACTION_SEND_COMMIT] = "COMMIT",
    [SEAT_ACTION_PERSIST_NEW_VIEW] = "persist new view",
    [SEAT_ACTION_SEND_NEW_VIEW] = "NEW-VIEW",
    [SEAT_ACTION_PERSIST_VIEW] = "persist view",
    [SEAT_ACTION_SEND_TC] = "TC",
    [SEAT_ACTION_PERSIST_CERTIFICATE] = "persist certificate",
    [SEAT_ACTION_SEND_DONE] = "DONE",
    [SEAT_ACTION_SEND_DECIDE] = "DECIDE",
    [SEAT_ACTION_PERSIST_DONE] = "persist done",
    [SEAT_ACTION_SET_TIMER] = "timer",
    [SEAT_ACTION_REPORT_PROPOSAL] = "report proposal",
    [SEAT_ACTION_REPORT_CONFLICT] = "report conflict",
};

static bool is_storing(enum seat_action_type type)
{
    return type == SEAT_ACTION_PERSIST_VERDICT || type == SEAT_ACTION_PERSIST_PREPARE ||
           type == SEAT_ACTION_PERSIST_LOCK || type == SEAT_ACTION_PERSIST_NEW_VIEW ||
           type == SEAT_ACTION_PERSIST_VIEW || type == SEAT_ACTION_PERSIST_CERTIFICATE ||
           type == SEAT_ACTION_PERSIST_DONE;
}

static uint64_t bit_of(struct model *model, uint32_t value)
{
    return UINT64_C(1) << objects_value(model, value)->place;
}

/* ---- sending ---- */

void seat_node_send(struct model *model, uint16_t node, uint8_t chair, struct queue_item item)
{
    item.from = node;
    item.to = model_chair(model, chair);
    if (model->nodes[node].strategies == 0 || faults_send(model, node, &item)) {
        network_send(model, &item);
    }
}

static void send_all(struct model *model, uint16_t node, const struct queue_item *item)
{
    for (uint8_t chair = 0; chair < model->setup->coordinator_count; chair++) {
        seat_node_send(model, node, chair, *item);
    }
}

static void send_new_view(struct model *model, uint16_t node, struct seat_docket *seat)
{
    struct queue_item item = {.kind = QUEUE_NEW_VIEW,
                              .docket = seat->docket,
                              .object = seat->asked.deed,
                              .qc = seat->asked.qc,
                              .tc = seat->asked.tc};

    if (model_flawed(model, FLAW_QC_NOT_ATTACHED)) {
        item.qc = 0;
    }
    if (model_flawed(model, FLAW_TC_NOT_STORED)) {
        item.tc = 0;
    }
    send_all(model, node, &item);
}

static void send_decide(struct model *model, uint16_t node, struct seat_docket *seat,
                        uint8_t chairs)
{
    struct queue_item item = {
        .kind = QUEUE_DECIDE, .docket = seat->docket, .object = seat->certificate};

    for (uint8_t chair = 0; chair < model->setup->coordinator_count; chair++) {
        if ((chairs >> chair & 1) != 0) {
            seat_node_send(model, node, chair, item);
        }
    }
}

/* ---- the disk ---- */

static uint32_t sign(struct model *model, uint16_t node, struct deed deed)
{
    deed.is_seat = true;
    deed.signer = model->nodes[node].number;

    uint32_t number = signing_sign(model, &deed);

    objects_keep_deed(model, number);
    return number;
}

static void persist_prepare(struct model *model, uint16_t node, struct seat_docket *seat,
                            const struct seat_vote *vote)
{
    struct deed deed = {.kind = ACT_PREPARE, .docket = seat->docket, .view = vote->view};

    deed.value = objects_number(&vote->value);
    deed.tc = objects_number(&vote->tc);
    seat->record.prepared = *vote;
    seat->stored |= bit_of(model, deed.value);
    seat->prepare = sign(model, node, deed);
    if (deed.tc != 0) {
        objects_keep_tc(model, deed.tc);
    }
}

static void persist_lock(struct model *model, uint16_t node, struct seat_docket *seat,
                         const struct seat_vote *vote)
{
    struct deed deed = {.kind = ACT_COMMIT, .docket = seat->docket, .view = vote->view};

    deed.value = objects_number(&vote->value);
    oracles_see_lock(model, &model->nodes[node], &seat->record.lock, vote);
    seat->record.lock = *vote;
    seat->stored |= bit_of(model, deed.value);
    seat->lock = seat->qc_in_hand;
    objects_keep_qc(model, seat->lock);
    seat->commit = sign(model, node, deed);
}

static void persist_new_view(struct model *model, uint16_t node, struct seat_docket *seat,
                             uint32_t view)
{
    struct deed deed = {.kind = ACT_NEW_VIEW, .docket = seat->docket, .view = view};

    deed.qc_view = seat->machine.lock.view;
    deed.qc_value = objects_number(&seat->machine.lock.value);
    seat->record.asked = view;
    seat->asked = (struct report){.qc = seat->lock, .tc = seat->entrance};
    seat->asked.deed = sign(model, node, deed);
}

static void persist_view(struct model *model, struct seat_docket *seat, uint32_t view)
{
    seat->record.view = view;
    seat->entrance = seat->tc_in_hand;
    objects_keep_tc(model, seat->entrance);
}

static void persist_certificate(struct model *model, struct seat_docket *seat,
                                const struct seat_action *action)
{
    seat->record.is_decided = true;
    seat->record.decided = action->vote.value;
    seat->record.done = action->chairs;
    seat->certificate = seat->certificate_in_hand;
    objects_keep_certificate(model, seat->certificate);
    model->is_settling = true;
}

/* What is about to be sent must be on the disk. */
static void check_durable(struct model *model, uint16_t node, const struct seat_docket *seat,
                          const struct seat_action *action)
{
    const struct seat_record *disk = &seat->record;
    bool is_durable = true;

    switch (action->type) {
    case SEAT_ACTION_SEND_VERDICT:
    case SEAT_ACTION_RESEND_VERDICT:
        is_durable = disk->has_verdict;
        break;
    case SEAT_ACTION_SEND_PREPARE:
        is_durable = seat_vote_equal(&disk->prepared, &action->vote);
        break;
    case SEAT_ACTION_SEND_COMMIT:
        is_durable = seat_vote_equal(&disk->lock, &action->vote);
        break;
    case SEAT_ACTION_SEND_NEW_VIEW:
        is_durable = disk->asked == action->vote.view;
        break;
    case SEAT_ACTION_SEND_TC:
        is_durable = disk->view == action->vote.view;
        break;
    case SEAT_ACTION_SEND_DONE:
    case SEAT_ACTION_SEND_DECIDE:
        is_durable = disk->is_decided;
        break;
    case SEAT_ACTION_ASSESS:
    case SEAT_ACTION_PERSIST_VERDICT:
    case SEAT_ACTION_COMPUTE:
    case SEAT_ACTION_PERSIST_PREPARE:
    case SEAT_ACTION_PERSIST_LOCK:
    case SEAT_ACTION_PERSIST_NEW_VIEW:
    case SEAT_ACTION_PERSIST_VIEW:
    case SEAT_ACTION_PERSIST_CERTIFICATE:
    case SEAT_ACTION_PERSIST_DONE:
    case SEAT_ACTION_SET_TIMER:
    case SEAT_ACTION_REPORT_PROPOSAL:
    case SEAT_ACTION_REPORT_CONFLICT:
        return;
    default:
        CHECK_UNREACHABLE();
    }
    oracles_see_sending(model, &model->nodes[node], is_durable, names[action->type]);
}

/* ---- values ---- */

static void plan_computed(struct model *model, uint16_t node, struct seat_docket *seat,
                          uint32_t value)
{
    struct queue_item item = {.kind = QUEUE_COMPUTED, .docket = seat->docket, .object = value};

    network_plan(model, node, COMPUTE_US, item);
}

/* Asks one coordinator after another, the one that brought the matter up first. */
static void fetch_value(struct model *model, uint16_t node, struct seat_docket *seat)
{
    struct queue_item item = {.kind = QUEUE_FETCH,
                              .flags = NETWORK_VALUE,
                              .docket = seat->docket,
                              .object = seat->wanted};
    struct queue_item again = {
        .kind = QUEUE_FETCHING, .docket = seat->docket, .object = seat->wanted};
    uint8_t chair = (uint8_t)((seat->asker + seat->turn) % model->setup->coordinator_count);

    seat->turn++;
    seat_node_send(model, node, chair, item);
    network_plan(model, node, UINT64_C(1000) * model->setup->repeat_ms, again);
}

static void compute(struct model *model, uint16_t node, struct seat_docket *seat,
                    const struct seat_vote *vote)
{
    uint32_t value = objects_number(&vote->value);

    seat->computed_proposal = seat->proposal_in_hand;
    if (((seat->held | seat->stored) & bit_of(model, value)) != 0) {
        plan_computed(model, node, seat, value);
    } else if (seat->wanted != value) {
        seat->wanted = value;
        seat->turn = 0;
        fetch_value(model, node, seat);
    }
}

/* A value has come, in a proposal or because it was asked for. */
static void take_value(struct model *model, uint16_t node, struct seat_docket *seat, uint32_t value)
{
    seat->held |= bit_of(model, value);
    if (seat->wanted == value) {
        seat->wanted = 0;
        plan_computed(model, node, seat, value);
    }
}

/* ---- assessment (S1) ---- */

static bool is_assessed_here(struct model *model, const struct seat_docket *seat, uint32_t place)
{
    if (seat->verdict != 0) {
        uint32_t verdict = objects_deed(model, seat->verdict)->content;

        if (objects_verdict(model, verdict)->entries[place].is_assessed) {
            return true;
        }
    }
    return seat->is_bound;
}

static enum binding_outcome outcome_here(struct model *model, const struct seat_docket *seat,
                                         uint32_t place)
{
    if (seat->certificate == 0) {
        return BINDING_OPEN;
    }
    uint32_t value = objects_certificate(model, seat->certificate)->value;

    return objects_value(model, value)->results[place].outcome;
}

/* How S1 judges HEARING, over all the dockets of its case that this seat knows. */
static enum binding_verdict judge_hearing(struct model *model, uint16_t node,
                                          const struct hearing *hearing, uint32_t *blocker)
{
    const struct digest *docket = &objects_docket(model, hearing->docket)->digest;
    struct binding_record records[BINDING_BATCH];
    enum binding_verdict worst = BINDING_ASSESS;
    uint32_t number = model->cases[hearing->index].hearing;
    size_t count = 0;

    *blocker = 0;
    while (number != 0 || count > 0) {
        if (number == 0 || count == BINDING_BATCH) {
            struct digest digest;
            enum binding_verdict verdict =
                binding_judge(records, count, docket, hearing->attempt, &digest);

            if (verdict > worst) {
                worst = verdict;
                *blocker = objects_number(&digest);
            }
            count = 0;
            continue;
        }
        const struct hearing *other = objects_hearing(model, number);
        const struct seat_docket *seat = objects_docket(model, other->docket)->seats[node];

        number = other->next;
        if (seat != NULL) {
            records[count++] = (struct binding_record){
                .docket = objects_docket(model, other->docket)->digest,
                .attempt = other->attempt,
                .is_assessed = is_assessed_here(model, seat, other->place) ? 1 : 0,
                .outcome = outcome_here(model, seat, other->place)};
        }
    }
    return worst;
}

/* A coordinator that this seat reaches gives the bundle away. */
static bool has_bundle(const struct model *model, uint16_t node, uint16_t index)
{
    for (uint8_t chair = 0; chair < model->setup->coordinator_count; chair++) {
        uint16_t other = model_chair(model, chair);
        const struct node *holder = &model->nodes[other];

        if (holder->bundles[index] != 0 && life_is_linked(model, node, other) &&
            model_fault(model, holder, SETUP_SILENT) == NULL) {
            return true;
        }
    }
    return false;
}

/* Whether NODE assesses as many dockets of HOME as it may. */
static bool is_busy(struct model *model, uint16_t node, uint8_t home)
{
    uint32_t count = 0;

    for (uint32_t number = 1; number <= model->dockets.count; number++) {
        const struct docket *docket = objects_docket(model, number);
        const struct seat_docket *seat = docket->seats[node];

        if (docket->home == home && seat != NULL && seat->is_open && seat->is_assessing &&
            seat->machine.assessment == SEAT_RUNNING && seat->machine.phase != SEAT_DECIDED) {
            count++;
        }
    }
    return count >= AT_ONCE_MAX;
}

/* Begins when there is room; the deadline runs from the ASSIGN all the same. */
static void go_on_assessing(struct model *model, uint16_t node, struct seat_docket *seat)
{
    struct queue_item item = {.kind = QUEUE_ASSESSED, .docket = seat->docket};
    uint64_t left_ms = seat->assess_until_ms - model_now_ms(model);
    uint64_t took_ms;

    if (is_busy(model, node, objects_docket(model, seat->docket)->home)) {
        took_ms = LOOK_MS < left_ms ? LOOK_MS : left_ms;
        item.flags = took_ms < left_ms ? ASSESSED_WAITING : ASSESSED_LATE;
    } else {
        seat->is_assessing = true;
        took_ms = network_draw(&model->setup->assess, &model->nodes[node].own);
        item.flags = took_ms <= left_ms ? ASSESSED_IN_TIME : ASSESSED_LATE;
        took_ms = took_ms < left_ms ? took_ms : left_ms;
    }
    network_plan(model, node, 1000 * took_ms, item);
}

static void begin_assessment(struct model *model, uint16_t node, struct seat_docket *seat)
{
    seat->assess_until_ms = model_now_ms(model) + model->setup->assess_ms;
    seat->is_assessing = false;
    go_on_assessing(model, node, seat);
}

/* Fills in what the seat says of one case; false when it has to wait for something. */
static bool assess_case(struct model *model, uint16_t node, const struct seat_docket *seat,
                        const struct hearing *hearing, bool is_over, struct entry *entry)
{
    uint32_t blocker;
    enum binding_verdict verdict = judge_hearing(model, node, hearing, &blocker);

    *entry = (struct entry){0};
    switch (verdict) {
    case BINDING_ASSESS:
        if (seat->is_late) {
            return true;
        }
        if (!has_bundle(model, node, hearing->index)) {
            return is_over;
        }
        content_answer(model, &model->nodes[node], hearing->index, entry);
        return true;
    case BINDING_WAIT:
        entry->blocker = blocker;
        return is_over;
    case BINDING_ELSEWHERE:
    case BINDING_CONCLUDED:
        entry->is_concluded = verdict == BINDING_CONCLUDED;
        entry->blocker = blocker;
        return true;
    default:
        CHECK_UNREACHABLE();
    }
}

static void end_assessment(struct model *model, uint16_t node, struct seat_docket *seat,
                           const struct queue_item *item)
{
    const struct docket *docket = objects_docket(model, seat->docket);
    bool is_over = model_now_ms(model) >= seat->assess_until_ms;
    struct seat_event event = {.type = SEAT_EVENT_ASSESSED, .chair = docket->home};
    uint32_t number;

    if (seat->machine.phase == SEAT_DECIDED || seat->machine.assessment != SEAT_RUNNING) {
        return;
    }
    if (item->flags == ASSESSED_WAITING) {
        go_on_assessing(model, node, seat);
        return;
    }
    seat->is_late = item->flags == ASSESSED_LATE;
    number = content_make_verdict(model, seat->docket, model->nodes[node].number);
    for (uint32_t place = 0; place < docket->count; place++) {
        const struct hearing *hearing = objects_hearing(model, docket->first + place);
        struct entry *entry = &objects_verdict(model, number)->entries[place];

        if (!assess_case(model, node, seat, hearing, is_over, entry)) {
            network_plan(model, node, UINT64_C(1000) * LOOK_MS, *item);
            return;
        }
    }
    seat->drafted = number;
    feed(model, node, seat, &event);
}

static void persist_verdict(struct model *model, uint16_t node, struct seat_docket *seat)
{
    struct deed deed = {.kind = ACT_VERDICT, .docket = seat->docket, .content = seat->drafted};

    seat->verdict = sign(model, node, deed);
    objects_verdict(model, seat->drafted)->deed = seat->verdict;
    seat->record.has_verdict = true;
}

/* ---- actions ---- */

static void report_proposal(struct model *model, uint16_t node, struct seat_docket *seat)
{
    const struct deed *deed;

    if (seat->proposal_in_hand == 0) {
        return;
    }
    deed = objects_deed(model, seat->proposal_in_hand);
    if (seat->proposal != 0 && seat->proposal != seat->proposal_in_hand) {
        (void)oracles_see_proof(model, &model->nodes[node], seat->proposal, seat->proposal_in_hand);
    }
    if (!model_flawed(model, FLAW_OWN_LOCK)) {
        oracles_see_bad_chair(model, &model->nodes[node], deed->signer);
    }
}

static void perform_send(struct model *model, uint16_t node, struct seat_docket *seat,
                         const struct seat_action *action)
{
    const struct docket *docket = objects_docket(model, seat->docket);
    uint8_t chair = quorum_chair(docket->home, action->vote.view, model->setup->coordinator_count);
    struct queue_item item = {.docket = seat->docket};

    switch ((unsigned)action->type) {
    case SEAT_ACTION_SEND_VERDICT:
    case SEAT_ACTION_RESEND_VERDICT:
        item.kind = QUEUE_VERDICT;
        item.object = objects_deed(model, seat->verdict)->content;
        if (action->type == SEAT_ACTION_SEND_VERDICT) {
            send_all(model, node, &item);
        } else {
            seat_node_send(model, node, seat->asker, item);
        }
        break;
    case SEAT_ACTION_SEND_PREPARE:
        item.kind = QUEUE_PREPARE;
        item.object = seat->prepare;
        seat_node_send(model, node, chair, item);
        break;
    case SEAT_ACTION_SEND_COMMIT:
        item.kind = QUEUE_COMMIT;
        item.object = seat->commit;
        send_all(model, node, &item);
        break;
    case SEAT_ACTION_SEND_TC:
        item.kind = QUEUE_TC;
        item.object = seat->entrance;
        seat_node_send(model, node, chair, item);
        break;
    case SEAT_ACTION_SEND_DONE:
        item.kind = QUEUE_DONE;
        item.object = objects_number(&seat->record.decided);
        seat_node_send(model, node, seat->asker, item);
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

static void set_timer(struct model *model, uint16_t node, struct seat_docket *seat,
                      uint64_t deadline_ms)
{
    struct queue_item item = {.kind = QUEUE_TIMER, .docket = seat->docket};
    uint64_t due_us = deadline_ms * 1000;

    seat->deadline_us = due_us > model->now_us ? due_us : model->now_us;
    if (seat->armed_us <= model->now_us || seat->deadline_us < seat->armed_us) {
        seat->armed_us = seat->deadline_us;
        network_plan(model, node, seat->armed_us - model->now_us, item);
    }
}

static void perform_persist(struct model *model, uint16_t node, struct seat_docket *seat,
                            const struct seat_action *action)
{
    switch ((unsigned)action->type) {
    case SEAT_ACTION_PERSIST_VERDICT:
        persist_verdict(model, node, seat);
        break;
    case SEAT_ACTION_PERSIST_PREPARE:
        seat->proposal = seat->proposal_in_hand;
        persist_prepare(model, node, seat, &action->vote);
        break;
    case SEAT_ACTION_PERSIST_LOCK:
        persist_lock(model, node, seat, &action->vote);
        break;
    case SEAT_ACTION_PERSIST_NEW_VIEW:
        persist_new_view(model, node, seat, action->vote.view);
        break;
    case SEAT_ACTION_PERSIST_VIEW:
        persist_view(model, seat, action->vote.view);
        break;
    case SEAT_ACTION_PERSIST_CERTIFICATE:
        persist_certificate(model, seat, action);
        break;
    case SEAT_ACTION_PERSIST_DONE:
        seat->record.done = action->chairs;
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

static void perform(struct model *model, uint16_t node, struct seat_docket *seat,
                    const struct seat_action *action)
{
    if (is_storing(action->type)) {
        perform_persist(model, node, seat, action);
        return;
    }
    check_durable(model, node, seat, action);
    switch ((unsigned)action->type) {
    case SEAT_ACTION_ASSESS:
        begin_assessment(model, node, seat);
        break;
    case SEAT_ACTION_COMPUTE:
        compute(model, node, seat, &action->vote);
        break;
    case SEAT_ACTION_SEND_NEW_VIEW:
        send_new_view(model, node, seat);
        break;
    case SEAT_ACTION_SEND_DECIDE:
        send_decide(model, node, seat, action->chairs);
        break;
    case SEAT_ACTION_SET_TIMER:
        set_timer(model, node, seat, action->deadline_ms);
        break;
    case SEAT_ACTION_REPORT_PROPOSAL:
        report_proposal(model, node, seat);
        break;
    case SEAT_ACTION_REPORT_CONFLICT:
        break; /* Both are in the docket; the oracle of agreement has seen them. */
    default:
        perform_send(model, node, seat, action);
        break;
    }
}

/* FLAW_NO_QUESTION leaves out all the ways by which a hidden certificate comes out: the question
 * (C5), its repetition until DONE (S6), and taking a relay or a TC for a question.
 * FLAW_CERTIFICATE_KEPT leaves out S6 alone. */
static bool is_kept_back(const struct model *model, const struct seat_event *event,
                         const struct seat_action *action)
{
    bool is_again = event->type == SEAT_EVENT_TIMER || event->type == SEAT_EVENT_CHAIR_UP;
    bool is_question = event->type == SEAT_EVENT_NEW_VIEW || event->type == SEAT_EVENT_TC;

    if (action->type != SEAT_ACTION_SEND_DECIDE) {
        return false;
    }
    return ((is_again || is_question) && model_flawed(model, FLAW_NO_QUESTION)) ||
           ((is_again || event->type == SEAT_EVENT_DECIDE) &&
            model_flawed(model, FLAW_CERTIFICATE_KEPT));
}

static void feed(struct model *model, uint16_t node, struct seat_docket *seat,
                 struct seat_event *event)
{
    bool is_faulty = model->nodes[node].strategies != 0;
    struct seat_actions actions;

    event->now_ms = model_now_ms(model);
    seat_step(&seat->machine, event, &actions);
    for (uint32_t i = 0; i < actions.count; i++) {
        const struct seat_action *action = &actions.items[i];

        if (!life_may_act(model, node, is_storing(action->type))) {
            return;
        }
        trace_action(model, node, names[action->type], action->type, seat->docket, &action->vote);
        if (is_kept_back(model, event, action) ||
            (is_faulty && faults_seat_perform(model, node, seat, action))) {
            continue;
        }
        perform(model, node, seat, action);
    }
}

/* ---- dockets ---- */

static void open_docket(struct model *model, uint16_t node, struct seat_docket *seat)
{
    const struct setup *setup = model->setup;
    const struct docket *docket = objects_docket(model, seat->docket);
    struct seat_config config = {.quorum = model->quorum,
                                 .self = model->nodes[node].number,
                                 .coordinator_count = setup->coordinator_count,
                                 .home = docket->home,
                                 .is_again = docket->is_again,
                                 .assess_ms = setup->assess_ms,
                                 .view_ms = setup->view_ms,
                                 .view_ms_max = setup->view_ms_max,
                                 .repeat_ms = setup->repeat_ms};

#ifdef COUNCIL_FLAWS
    config.flaws = setup->flaws;
#endif
    seat->is_open = true;
    seat->held = 0;
    seat->wanted = 0;
    seat->deadline_us = MODEL_NEVER;
    seat->armed_us = 0;
    seat->proposal_in_hand = seat->proposal;
    seat->qc_in_hand = seat->lock;
    seat->asker = docket->home;
    seat_init(&seat->machine, &config, &seat->record);
}

struct seat_docket *seat_node_docket(struct model *model, uint16_t node, uint32_t docket)
{
    struct docket *of = objects_docket(model, docket);
    struct seat_docket *seat = of->seats[node];

    if (seat == NULL) {
        seat = memory_take(&model->memory, sizeof(*seat));
        seat->docket = docket;
        of->seats[node] = seat;
        model->is_settling = true;
    }
    if (!seat->is_open) {
        open_docket(model, node, seat);
    }
    return seat;
}

/* What a flawed seat finds missing after a crash. */
static void lose(struct model *model, struct seat_docket *seat)
{
    struct seat_record *disk = &seat->record;

    if (model_flawed(model, FLAW_QC_NOT_DURABLE)) {
        disk->lock = (struct seat_vote){0};
        seat->lock = 0;
        seat->commit = 0;
    }
    if (model_flawed(model, FLAW_PREPARE_NOT_DURABLE)) {
        disk->prepared = (struct seat_vote){0};
        seat->prepare = 0;
        seat->proposal = 0;
    }
    if (model_flawed(model, FLAW_TC_NOT_STORED)) {
        disk->view = disk->lock.view > disk->prepared.view ? disk->lock.view : disk->prepared.view;
        seat->entrance = 0;
    }
}

void seat_node_start(struct model *model, uint16_t node)
{
    for (uint32_t number = 1; number <= model->dockets.count; number++) {
        struct seat_docket *seat = objects_docket(model, number)->seats[node];
        struct seat_event event = {.type = SEAT_EVENT_ASSIGN};

        if (seat == NULL || !model->nodes[node].is_up) {
            continue;
        }
        lose(model, seat);
        if (model_flawed(model, FLAW_BOUND_AT_ASSIGN) && !seat->record.has_verdict &&
            !seat->record.is_decided) {
            continue; /* The draft stored the docket with the verdict, and the binding before. */
        }
        open_docket(model, node, seat);
        event.chair = seat->asker;
        if (!seat->record.is_decided) {
            feed(model, node, seat, &event);
        }
    }
}

/* ---- messages ---- */

/* E4: two dockets of one home under one serial. */
static void watch_serials(struct model *model, uint16_t node, const struct docket *docket,
                          uint32_t number)
{
    for (uint32_t other = 1; other < number; other++) {
        const struct docket *earlier = objects_docket(model, other);

        if (earlier->home == docket->home && earlier->serial == docket->serial &&
            earlier->seats[node] != NULL) {
            (void)oracles_see_proof(model, &model->nodes[node], earlier->deed, docket->deed);
        }
    }
}

/* What FLAW_BOUND_AT_ASSIGN does to the cases of the docket. */
static void bind_at_assign(struct model *model, uint16_t node, struct seat_docket *seat)
{
    const struct docket *docket = objects_docket(model, seat->docket);
    uint32_t blocker;

    if (!model_flawed(model, FLAW_BOUND_AT_ASSIGN)) {
        return;
    }
    for (uint32_t place = 0; place < docket->count; place++) {
        const struct hearing *hearing = objects_hearing(model, docket->first + place);

        if (judge_hearing(model, node, hearing, &blocker) == BINDING_ASSESS) {
            seat->is_bound = true;
        }
    }
}

static void take_assign(struct model *model, uint16_t node, const struct queue_item *item)
{
    const struct docket *docket = objects_docket(model, item->docket);
    struct seat_event event = {.type = SEAT_EVENT_ASSIGN};
    struct seat_docket *seat;
    bool is_new = docket->seats[node] == NULL;

    if (!docket->is_valid || !signing_verify(model, docket->deed)) {
        return;
    }
    seat = seat_node_docket(model, node, item->docket);
    if (is_new) {
        watch_serials(model, node, docket, item->docket);
        bind_at_assign(model, node, seat);
    }
    seat->asker = model->nodes[item->from].number;
    event.chair = seat->asker;
    feed(model, node, seat, &event);
}

/* The signature of the chair of the view, the right docket, and a TC where one is due. */
static bool verify_propose(struct model *model, const struct seat_docket *seat, uint32_t number)
{
    const struct deed *deed = objects_deed(model, number);
    const struct docket *docket = objects_docket(model, seat->docket);

    if (deed->kind != ACT_PROPOSE || deed->is_seat || deed->docket != seat->docket ||
        deed->view < 1 || deed->value == 0 || (deed->view == 1) != (deed->tc == 0)) {
        return false;
    }
    if (deed->signer != quorum_chair(docket->home, deed->view, model->setup->coordinator_count)) {
        return false;
    }
    if (deed->tc != 0) {
        const struct tc *tc = objects_tc(model, deed->tc);

        if (tc->docket != deed->docket || tc->view != deed->view ||
            !objects_check_tc(model, deed->tc)) {
            return false;
        }
    }
    return signing_verify(model, number);
}

static void take_propose(struct model *model, uint16_t node, struct seat_docket *seat,
                         const struct queue_item *item)
{
    struct seat_event event = {.type = SEAT_EVENT_PROPOSE, .chair = seat->asker};
    const struct deed *deed;

    if (item->flags == NETWORK_VALUE) {
        if (seat->wanted == item->object && objects_value(model, item->object)->is_valid) {
            take_value(model, node, seat, item->object);
        }
        return;
    }
    if (!verify_propose(model, seat, item->object)) {
        return;
    }
    deed = objects_deed(model, item->object);
    take_value(model, node, seat, deed->value);
    seat->proposal_in_hand = item->object;
    seat->tc_in_hand = deed->tc;
    event.propose.vote = objects_vote(model, deed->view, deed->value, deed->tc);
    event.propose.book = event.propose.vote.value;
    event.propose.is_from_chair = true;
    event.propose.has_tc = deed->tc != 0;
    if (deed->tc != 0 && objects_tc(model, deed->tc)->qc != 0) {
        const struct qc *qc = objects_qc(model, objects_tc(model, deed->tc)->qc);

        event.propose.highest = objects_vote(model, qc->view, qc->value, 0);
    }
    feed(model, node, seat, &event);
}

static void take_certify(struct model *model, uint16_t node, struct seat_docket *seat,
                         const struct queue_item *item)
{
    struct seat_event event = {.type = SEAT_EVENT_CERTIFY, .chair = seat->asker};
    const struct qc *qc = objects_qc(model, item->object);

    if (qc->docket == seat->docket && objects_check_qc(model, item->object)) {
        seat->qc_in_hand = item->object;
        event.certify.vote = objects_vote(model, qc->view, qc->value, qc->tc);
        event.certify.signers = qc->signers;
        feed(model, node, seat, &event);
    }
}

static void take_decide(struct model *model, uint16_t node, const struct queue_item *item)
{
    const struct certificate *certificate = objects_certificate(model, item->object);
    struct seat_event event = {.type = SEAT_EVENT_DECIDE};
    struct seat_docket *seat;

    if (certificate->docket != item->docket || !objects_check_certificate(model, item->object)) {
        return;
    }
    seat = seat_node_docket(model, node, item->docket);
    seat->asker = model->nodes[item->from].number;
    seat->certificate_in_hand = item->object;
    event.chair = seat->asker;
    event.decide.vote = objects_vote(model, certificate->view, certificate->value, 0);
    event.decide.signers = certificate->signers;
    oracles_see_certificate(model, item->object);
    feed(model, node, seat, &event);
}

static void take_new_view(struct model *model, uint16_t node, struct seat_docket *seat,
                          const struct queue_item *item)
{
    struct seat_event event = {.type = SEAT_EVENT_NEW_VIEW, .chair = seat->asker};
    const struct deed *deed = objects_deed(model, item->object);

    if (deed->kind == ACT_NEW_VIEW && deed->is_seat && deed->docket == seat->docket &&
        deed->view > 1 && deed->qc_view < deed->view && signing_verify(model, item->object)) {
        event.new_view.seat = deed->signer;
        event.new_view.view = deed->view;
        feed(model, node, seat, &event);
    }
}

static void take_tc(struct model *model, uint16_t node, struct seat_docket *seat,
                    const struct queue_item *item)
{
    struct seat_event event = {.type = SEAT_EVENT_TC, .chair = seat->asker};
    const struct tc *tc = objects_tc(model, item->object);

    if (tc->docket == seat->docket && objects_check_tc(model, item->object)) {
        seat->tc_in_hand = item->object;
        event.tc.view = tc->view;
        feed(model, node, seat, &event);
    }
}

static void answer_fetch(struct model *model, uint16_t node, struct seat_docket *seat,
                         const struct queue_item *item)
{
    struct queue_item answer = {.docket = seat->docket};

    switch (item->flags) {
    case NETWORK_DOCKET:
        answer.kind = QUEUE_ASSIGN;
        break;
    case NETWORK_VALUE:
        if (((seat->held | seat->stored) & bit_of(model, item->object)) == 0) {
            return;
        }
        answer.kind = QUEUE_PROPOSE;
        answer.flags = NETWORK_VALUE;
        answer.object = item->object;
        break;
    case NETWORK_CERTIFICATE:
        if (seat->certificate == 0) {
            return;
        }
        answer.kind = QUEUE_DECIDE;
        answer.object = seat->certificate;
        break;
    case NETWORK_QC: /* Nobody asks but under FLAW_QC_NOT_ATTACHED. */
        answer.kind = QUEUE_NEW_VIEW;
        answer.object = seat->asked.deed;
        answer.qc = seat->asked.qc;
        break;
    default:
        return;
    }
    seat_node_send(model, node, model->nodes[item->from].number, answer);
}

static void take_timer(struct model *model, uint16_t node, struct seat_docket *seat)
{
    struct seat_event event = {.type = SEAT_EVENT_TIMER, .chair = seat->asker};
    struct queue_item item = {.kind = QUEUE_TIMER, .docket = seat->docket};

    if (seat->armed_us != model->now_us || seat->deadline_us == MODEL_NEVER) {
        return; /* An earlier one took its place. */
    }
    if (seat->deadline_us > model->now_us) {
        seat->armed_us = seat->deadline_us;
        network_plan(model, node, seat->armed_us - model->now_us, item);
        return;
    }
    seat->deadline_us = MODEL_NEVER;
    feed(model, node, seat, &event);
}

/* A coordinator came or went: every docket hears of it. */
static void take_link(struct model *model, uint16_t node, const struct queue_item *item)
{
    uint8_t chair = (uint8_t)item->object;
    struct seat_event event = {.chair = chair};

    event.type = item->kind == QUEUE_LINK_UP ? SEAT_EVENT_CHAIR_UP : SEAT_EVENT_CHAIR_LOST;
    if (item->kind == QUEUE_LINK_LOST && life_is_linked(model, node, model_chair(model, chair))) {
        return;
    }
    for (uint32_t number = 1; number <= model->dockets.count; number++) {
        struct seat_docket *seat = objects_docket(model, number)->seats[node];

        if (seat != NULL && seat->is_open && model->nodes[node].is_up) {
            seat->asker = chair;
            feed(model, node, seat, &event);
        }
    }
}

static void deliver_open(struct model *model, uint16_t node, struct seat_docket *seat,
                         const struct queue_item *item)
{
    struct seat_event event = {.chair = seat->asker};

    switch (item->kind) {
    case QUEUE_PROPOSE:
        take_propose(model, node, seat, item);
        break;
    case QUEUE_CERTIFY:
        take_certify(model, node, seat, item);
        break;
    case QUEUE_NEW_VIEW:
        take_new_view(model, node, seat, item);
        break;
    case QUEUE_TC:
        take_tc(model, node, seat, item);
        break;
    case QUEUE_DONE:
        event.type = SEAT_EVENT_DONE;
        if (item->object == objects_number(&seat->record.decided)) {
            feed(model, node, seat, &event);
        }
        break;
    case QUEUE_FETCH:
        answer_fetch(model, node, seat, item);
        break;
    case QUEUE_ASSESSED:
        end_assessment(model, node, seat, item);
        break;
    case QUEUE_COMPUTED:
        event.type = SEAT_EVENT_COMPUTED;
        seat->proposal_in_hand = seat->computed_proposal;
        event.computed.value = objects_value(model, item->object)->digest;
        event.computed.is_valid = objects_value(model, item->object)->is_valid;
        feed(model, node, seat, &event);
        break;
    case QUEUE_FETCHING:
        if (seat->wanted == item->object && seat->machine.computing.view != 0) {
            fetch_value(model, node, seat);
        } else if (seat->wanted == item->object) {
            seat->wanted = 0;
        }
        break;
    case QUEUE_TIMER:
        take_timer(model, node, seat);
        break;
    default:
        break; /* Not for a seat: dropped. */
    }
}

void seat_node_deliver(struct model *model, uint16_t node, const struct queue_item *item)
{
    struct seat_docket *seat;

    if (model->nodes[node].strategies != 0 && faults_seat_deliver(model, node, item)) {
        return;
    }
    if (item->kind == QUEUE_LINK_UP || item->kind == QUEUE_LINK_LOST) {
        take_link(model, node, item);
        return;
    }
    if (item->docket == 0) {
        return;
    }
    seat = objects_docket(model, item->docket)->seats[node];
    if (item->kind == QUEUE_ASSIGN) {
        take_assign(model, node, item);
    } else if (item->kind == QUEUE_DECIDE) {
        take_decide(model, node, item);
    } else if (seat != NULL && seat->is_open) {
        if (item->from != node) {
            seat->asker = model->nodes[item->from].number;
        }
        deliver_open(model, node, seat, item);
    }
}
