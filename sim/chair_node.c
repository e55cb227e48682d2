#include "sim/chair_node.h"

#include "base/check.h"
#include "sim/content.h"
#include "sim/faults.h"
#include "sim/life.h"
#include "sim/network.h"
#include "sim/objects.h"
#include "sim/oracles.h"
#include "sim/signing.h"
#include "sim/trace.h"

#define COMPUTE_US    1000 /* Virtual time of making a book and its value. */
#define IN_FLIGHT_MAX 2    /* Undecided dockets of its own (C1). */
#define RANK_WAITING  1    /* What a submitter hears: waiting, then the phases, then the end. */
#define RANK_PHASE    2
#define RANK_DECIDED  15

static void feed(struct model *model, uint16_t node, struct chair_docket *chair,
                 struct chair_event *event);

static const char *const names[] = {
    [CHAIR_ACTION_SEND_ASSIGN] = "ASSIGN",
    [CHAIR_ACTION_COMPUTE] = "compute",
    [CHAIR_ACTION_RECOVER] = "recover",
    [CHAIR_ACTION_PERSIST_PROPOSAL] = "persist proposal",
    [CHAIR_ACTION_SEND_PROPOSE] = "PROPOSE",
    [CHAIR_ACTION_SEND_CERTIFY] = "CERTIFY",
    [CHAIR_ACTION_PERSIST_CERTIFICATE] = "persist certificate",
    [CHAIR_ACTION_SEND_DECIDE] = "DECIDE",
    [CHAIR_ACTION_SEND_DONE] = "DONE",
    [CHAIR_ACTION_MAKE_TC] = "make TC",
    [CHAIR_ACTION_SEND_TC] = "TC",
    [CHAIR_ACTION_RELAY] = "NEW-VIEW relayed",
    [CHAIR_ACTION_ASK_CERTIFICATE] = "FETCH certificate",
    [CHAIR_ACTION_SET_TIMER] = "timer",
    [CHAIR_ACTION_REPORT_MISCONDUCT] = "report misconduct",
    [CHAIR_ACTION_REPORT_CONFLICT] = "report conflict",
};

static bool is_storing(enum chair_action_type type)
{
    return type == CHAIR_ACTION_PERSIST_PROPOSAL || type == CHAIR_ACTION_PERSIST_CERTIFICATE;
}

static uint64_t bit_of(struct model *model, uint32_t value)
{
    return UINT64_C(1) << objects_value(model, value)->place;
}

/* ---- sending ---- */

void chair_node_send(struct model *model, uint16_t node, struct seat_set seats,
                     struct queue_item item)
{
    bool is_faulty = model->nodes[node].strategies != 0;

    item.from = node;
    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        if (seat_set_has(&seats, seat)) {
            struct queue_item copy = item;

            copy.to = seat;
            if (!is_faulty || faults_send(model, node, &copy)) {
                network_send(model, &copy);
            }
        }
    }
}

static void send_one(struct model *model, uint16_t node, uint16_t to, struct queue_item item)
{
    item.from = node;
    item.to = to;
    if (model->nodes[node].strategies == 0 || faults_send(model, node, &item)) {
        network_send(model, &item);
    }
}

static void fetch(struct model *model, uint16_t node, uint16_t from, uint32_t docket,
                  enum network_item what, uint32_t object)
{
    struct queue_item item = {
        .kind = QUEUE_FETCH, .flags = (uint8_t)what, .docket = docket, .object = object};

    send_one(model, node, from, item);
}

/* Asks f + 1 of SIGNERS for VALUE, others every time. */
static void fetch_value(struct model *model, uint16_t node, struct chair_docket *chair,
                        uint32_t value, const struct seat_set *signers)
{
    uint8_t asked = 0;
    uint8_t count = model->setup->seat_count;

    for (uint8_t step = 0; step < count && asked <= model->quorum.faulty_max; step++) {
        uint8_t seat = (uint8_t)((chair->turn + step) % count);

        if (seat_set_has(signers, seat)) {
            fetch(model, node, seat, chair->docket, NETWORK_VALUE, value);
            asked++;
            chair->next_turn = (uint8_t)(seat + 1);
        }
    }
    chair->turn = chair->next_turn;
}

static void answer_client(struct model *model, uint16_t node, uint16_t index);

/* ---- proposals ---- */

static void plan_computed(struct model *model, uint16_t node, struct chair_docket *chair,
                          uint32_t value)
{
    struct queue_item item = {.kind = QUEUE_COMPUTED, .docket = chair->docket, .object = value};

    if (value != 0) {
        network_plan(model, node, COMPUTE_US, item);
    }
}

static void compute(struct model *model, uint16_t node, struct chair_docket *chair,
                    const struct seat_set *seats)
{
    uint32_t list[QUORUM_SEATS_MAX];
    uint16_t count = 0;
    uint32_t value;

    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        if (seat_set_has(seats, seat)) {
            list[count++] = chair->verdicts[seat];
        }
    }
    if (model->nodes[node].strategies != 0) {
        count = faults_chair_book(model, node, chair, list, count);
    }
    value = content_make_value(model, chair->docket, list, count);
    if (value != 0) {
        chair->held |= bit_of(model, value);
    }
    plan_computed(model, node, chair, value);
}

static void recover(struct model *model, uint16_t node, struct chair_docket *chair,
                    const struct seat_vote *vote)
{
    uint32_t value = objects_number(&vote->value);

    if (((chair->held | chair->stored) & bit_of(model, value)) != 0) {
        plan_computed(model, node, chair, value);
    } else {
        const struct tc *tc = objects_tc(model, chair->entrance);

        chair->wanted = value;
        fetch_value(model, node, chair, value, &objects_qc(model, tc->qc)->signers);
    }
}

static void persist_proposal(struct model *model, uint16_t node, struct chair_docket *chair,
                             const struct seat_vote *vote)
{
    struct deed deed = {.kind = ACT_PROPOSE,
                        .signer = model->nodes[node].number,
                        .docket = chair->docket,
                        .view = vote->view};

    deed.value = objects_number(&vote->value);
    deed.tc = objects_number(&vote->tc);
    chair->record.proposed = *vote;
    chair->record.book = vote->value;
    chair->stored |= bit_of(model, deed.value);
    chair->proposal = signing_sign(model, &deed);
    chair->certified_count = 0;
    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        chair->prepares[seat] = 0;
    }
}

/* ---- certificates ---- */

static void send_certify(struct model *model, uint16_t node, struct chair_docket *chair,
                         const struct seat_set *seats)
{
    struct queue_item item = {.kind = QUEUE_CERTIFY, .docket = chair->docket};
    uint8_t count = seat_set_count(&chair->machine.prepared);

    if (chair->certified_count != count) {
        struct deed vote = {.docket = chair->docket, .view = chair->machine.proposed.view};
        uint32_t deeds[QUORUM_SEATS_MAX];
        uint16_t signers = 0;

        vote.value = objects_number(&chair->machine.proposed.value);
        vote.tc = objects_number(&chair->machine.proposed.tc);
        for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
            if (seat_set_has(&chair->machine.prepared, seat)) {
                CHECK(chair->prepares[seat] != 0);
                deeds[signers++] = chair->prepares[seat];
            }
        }
        chair->qc = objects_make_qc(model, &vote, deeds, signers);
        chair->certified_count = count;
    }
    item.object = chair->qc;
    chair_node_send(model, node, *seats, item);
}

static void persist_certificate(struct model *model, uint16_t node, struct chair_docket *chair,
                                const struct chair_action *action)
{
    const struct docket *docket = objects_docket(model, chair->docket);
    uint32_t deeds[QUORUM_SEATS_MAX];
    uint16_t count = 0;

    chair->record.is_decided = true;
    chair->record.decided = action->vote.value;
    if (seat_set_count(&action->seats) == 0) {
        chair->certificate = chair->certificate_in_hand;
    } else {
        for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
            if (seat_set_has(&action->seats, seat)) {
                CHECK(chair->commits[seat] != 0);
                deeds[count++] = chair->commits[seat];
            }
        }
        chair->certificate =
            objects_make_certificate(model, chair->docket, action->vote.view,
                                     objects_number(&action->vote.value), deeds, count);
    }
    if (!model->nodes[node].is_byzantine) {
        objects_keep_certificate(model, chair->certificate);
        if (!objects_check_certificate(model, chair->certificate)) {
            oracles_fail(model, WORLD_CERTIFICATE, "chair %u published what does not verify",
                         model->nodes[node].number);
        }
    }
    for (uint32_t place = 0; place < docket->count; place++) {
        uint16_t index = objects_hearing(model, docket->first + place)->index;

        if (model->nodes[node].brought[index] != 0) {
            answer_client(model, node, index);
        }
    }
    model->is_settling = true;
    chair_node_form(model, node);
}

/* ---- views ---- */

/* The highest QC among REPORTS of SEATS; false when its report came without it. */
static bool find_highest(struct model *model, const struct chair_docket *chair,
                         const struct seat_set *seats, uint32_t *qc, uint8_t *holder)
{
    uint32_t view = 0;

    *qc = 0;
    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        const struct report *report = &chair->reports[seat];

        if (!seat_set_has(seats, seat) || report->deed == 0) {
            continue;
        }
        const struct deed *deed = objects_deed(model, report->deed);
        uint32_t claimed = report->qc != 0 ? objects_qc(model, report->qc)->view : deed->qc_view;

        if (claimed > view) {
            view = claimed;
            *qc = report->qc;
            *holder = seat;
        }
    }
    return view == 0 || *qc != 0;
}

static void make_tc(struct model *model, uint16_t node, struct chair_docket *chair,
                    const struct chair_action *action)
{
    struct chair_event event = {.type = CHAIR_EVENT_TC};
    struct seat_set seats = action->seats;
    uint32_t deeds[QUORUM_SEATS_MAX];
    uint16_t count = 0;
    uint32_t qc;
    uint8_t holder = 0;
    uint32_t tc;

    if (model->nodes[node].strategies != 0) {
        seats = faults_chair_reports(model, node, chair, seats);
    }
    if (!find_highest(model, chair, &seats, &qc, &holder)) {
        fetch(model, node, holder, chair->docket, NETWORK_QC, chair->reports[holder].deed);
        return;
    }
    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        if (seat_set_has(&seats, seat) && chair->reports[seat].deed != 0) {
            deeds[count++] = chair->reports[seat].deed;
        }
    }
    if (model_flawed(model, FLAW_NEW_VIEW_WITHOUT_QC) && model->nodes[node].is_byzantine) {
        qc = 0; /* Nothing signed says that there is one. */
    }
    tc = objects_make_tc(model, chair->docket, action->vote.view, qc, deeds, count);
    if (objects_check_tc(model, tc)) {
        chair->tc_in_hand = tc;
        event.tc.view = action->vote.view;
        event.tc.digest = objects_tc(model, tc)->digest;
        event.tc.is_own = true;
        if (qc != 0) {
            event.tc.highest =
                objects_vote(model, objects_qc(model, qc)->view, objects_qc(model, qc)->value, 0);
        }
        feed(model, node, chair, &event);
    }
}

static void relay(struct model *model, uint16_t node, struct chair_docket *chair,
                  const struct chair_action *action)
{
    struct queue_item item = {.kind = QUEUE_NEW_VIEW, .docket = chair->docket};

    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        if (seat_set_has(&action->sources, seat)) {
            item.object = chair->reports[seat].deed;
            chair_node_send(model, node, action->seats, item);
        }
    }
}

/* ---- misconduct (C7) ---- */

static void report_misconduct(struct model *model, uint16_t node, struct chair_docket *chair,
                              const struct chair_action *action)
{
    uint8_t seat = 0;
    uint32_t first = 0;
    uint32_t second = chair->in_hand;

    while (!seat_set_has(&action->seats, seat)) {
        seat++;
    }
    switch (action->kind) {
    case MISCONDUCT_TWO_VERDICTS:
        first = objects_verdict(model, chair->verdicts[seat])->deed;
        break;
    case MISCONDUCT_TWO_PREPARES:
        first = chair->first_prepares[seat];
        break;
    case MISCONDUCT_TWO_COMMITS:
        first = chair->commits[seat];
        break;
    case MISCONDUCT_TWO_NEW_VIEWS:
        first = chair->reports[seat].deed;
        break;
    case MISCONDUCT_AMNESIA:
        first = chair->commits[seat];
        second = chair->reports[seat].deed;
        break;
    case MISCONDUCT_NONE:
    case MISCONDUCT_TWO_PROPOSALS:
    case MISCONDUCT_UNJUSTIFIED:
    case MISCONDUCT_TWO_HEARINGS:
    case MISCONDUCT_COUNT:
    default:
        CHECK_UNREACHABLE();
    }
    CHECK(first != 0);
    CHECK(second != 0);
    if (oracles_see_proof(model, &model->nodes[node], first, second) != action->kind &&
        !model->nodes[node].is_byzantine) {
        oracles_fail(model, WORLD_ACCUSED, "coordinator %u reports seat %u for %s without proof",
                     model->nodes[node].number, seat, misconduct_name(action->kind));
    }
}

/* E7: a seat that assesses one hearing in two dockets that this coordinator knows. */
static void watch_hearings(struct model *model, uint16_t node, const struct verdict *verdict,
                           const struct docket *docket)
{
    for (uint32_t place = 0; place < docket->count; place++) {
        const struct hearing *hearing = objects_hearing(model, docket->first + place);
        uint32_t number = model->cases[hearing->index].hearing;

        for (; verdict->entries[place].is_assessed && number != 0;
             number = objects_hearing(model, number)->next) {
            const struct hearing *other = objects_hearing(model, number);
            const struct chair_docket *chair = objects_docket(model, other->docket)->chairs[node];

            if (chair == NULL || !chair->is_open || other->docket == hearing->docket ||
                other->attempt != hearing->attempt || chair->verdicts[verdict->seat] == 0) {
                continue;
            }
            const struct verdict *earlier = objects_verdict(model, chair->verdicts[verdict->seat]);

            if (earlier->entries[other->place].is_assessed) {
                (void)oracles_see_proof(model, &model->nodes[node], earlier->deed, verdict->deed);
            }
        }
    }
}

/* ---- actions ---- */

static void set_timer(struct model *model, uint16_t node, struct chair_docket *chair,
                      uint64_t deadline_ms)
{
    struct queue_item item = {.kind = QUEUE_TIMER, .docket = chair->docket};
    uint64_t due_us = deadline_ms * 1000;

    chair->deadline_us = due_us > model->now_us ? due_us : model->now_us;
    if (chair->armed_us <= model->now_us || chair->deadline_us < chair->armed_us) {
        chair->armed_us = chair->deadline_us;
        network_plan(model, node, chair->armed_us - model->now_us, item);
    }
}

static void send_decide(struct model *model, uint16_t node, struct chair_docket *chair,
                        const struct seat_set *seats)
{
    struct queue_item item = {
        .kind = QUEUE_DECIDE, .docket = chair->docket, .object = chair->certificate};

    oracles_see_sending(model, &model->nodes[node], chair->record.is_decided, "DECIDE");
    if (chair->certificate != 0) {
        chair_node_send(model, node, *seats, item);
    }
}

static void perform_message(struct model *model, uint16_t node, struct chair_docket *chair,
                            const struct chair_action *action)
{
    struct queue_item item = {.docket = chair->docket};

    switch ((unsigned)action->type) {
    case CHAIR_ACTION_SEND_ASSIGN:
        item.kind = QUEUE_ASSIGN;
        break;
    case CHAIR_ACTION_SEND_PROPOSE:
        oracles_see_sending(model, &model->nodes[node],
                            seat_vote_equal(&chair->record.proposed, &action->vote), "PROPOSE");
        item.kind = QUEUE_PROPOSE;
        item.object = chair->proposal;
        break;
    case CHAIR_ACTION_SEND_DONE:
        item.kind = QUEUE_DONE;
        item.object = objects_number(&chair->record.decided);
        break;
    case CHAIR_ACTION_SEND_TC:
        item.kind = QUEUE_TC;
        item.object = chair->entrance;
        break;
    case CHAIR_ACTION_ASK_CERTIFICATE:
        item.kind = QUEUE_FETCH;
        item.flags = NETWORK_CERTIFICATE;
        break;
    default:
        CHECK_UNREACHABLE();
    }
    chair_node_send(model, node, action->seats, item);
}

static void perform(struct model *model, uint16_t node, struct chair_docket *chair,
                    const struct chair_action *action)
{
    switch (action->type) {
    case CHAIR_ACTION_COMPUTE:
        compute(model, node, chair, &action->seats);
        break;
    case CHAIR_ACTION_RECOVER:
        recover(model, node, chair, &action->vote);
        break;
    case CHAIR_ACTION_PERSIST_PROPOSAL:
        persist_proposal(model, node, chair, &action->vote);
        break;
    case CHAIR_ACTION_SEND_CERTIFY:
        send_certify(model, node, chair, &action->seats);
        break;
    case CHAIR_ACTION_PERSIST_CERTIFICATE:
        persist_certificate(model, node, chair, action);
        break;
    case CHAIR_ACTION_SEND_DECIDE:
        send_decide(model, node, chair, &action->seats);
        break;
    case CHAIR_ACTION_MAKE_TC:
        chair->is_tc_due = true; /* After the other actions: it is a step of its own. */
        chair->tc_due = *action;
        break;
    case CHAIR_ACTION_RELAY:
        relay(model, node, chair, action);
        break;
    case CHAIR_ACTION_SET_TIMER:
        set_timer(model, node, chair, action->deadline_ms);
        break;
    case CHAIR_ACTION_REPORT_MISCONDUCT:
        report_misconduct(model, node, chair, action);
        break;
    case CHAIR_ACTION_REPORT_CONFLICT:
        break; /* The oracle of agreement has seen both. */
    case CHAIR_ACTION_SEND_ASSIGN:
    case CHAIR_ACTION_SEND_PROPOSE:
    case CHAIR_ACTION_SEND_DONE:
    case CHAIR_ACTION_SEND_TC:
    case CHAIR_ACTION_ASK_CERTIFICATE:
        perform_message(model, node, chair, action);
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

static void feed(struct model *model, uint16_t node, struct chair_docket *chair,
                 struct chair_event *event)
{
    bool is_faulty = model->nodes[node].strategies != 0;
    uint32_t before = chair->machine.view;
    struct chair_actions actions;

    event->now_ms = model_now_ms(model);
    chair_step(&chair->machine, event, &actions);
    if (chair->machine.view != before) {
        chair->entrance = chair->tc_in_hand;
    }
    chair->is_tc_due = false;
    for (uint32_t i = 0; i < actions.count; i++) {
        const struct chair_action *action = &actions.items[i];

        if (!life_may_act(model, node, is_storing(action->type))) {
            return;
        }
        trace_action(model, node, names[action->type], action->type, chair->docket, &action->vote);
        if (!is_faulty || !faults_chair_perform(model, node, chair, action)) {
            perform(model, node, chair, action);
        }
    }
    if (chair->is_tc_due) {
        chair->is_tc_due = false;
        make_tc(model, node, chair, &chair->tc_due);
    }
}

/* ---- dockets ---- */

static void introduce(struct model *model, uint16_t node, struct chair_docket *chair, uint8_t seat)
{
    struct chair_event event = {.type = CHAIR_EVENT_SEAT_UP, .seat = seat};

    if (model->nodes[node].is_up && life_is_linked(model, seat, node)) {
        feed(model, node, chair, &event);
    }
}

static void start_docket(struct model *model, uint16_t node, struct chair_docket *chair)
{
    const struct setup *setup = model->setup;
    const struct docket *docket = objects_docket(model, chair->docket);
    struct chair_event event = {.type = CHAIR_EVENT_OPEN};
    struct chair_config config = {.quorum = model->quorum,
                                  .self = model->nodes[node].number,
                                  .coordinator_count = setup->coordinator_count,
                                  .home = docket->home,
                                  .is_again = docket->is_again,
                                  .settle_ms = setup->settle_ms,
                                  .hear_ms_min = setup->hear_ms_min,
                                  .assess_ms = setup->assess_ms,
                                  .repeat_ms = setup->repeat_ms,
                                  .repeat_ms_max = setup->repeat_ms_max};
    size_t size = setup->seat_count * sizeof(uint32_t);

#ifdef COUNCIL_FLAWS
    config.flaws = setup->flaws;
#endif
    chair->is_open = true;
    chair->held = 0;
    chair->wanted = 0;
    chair->certified_count = 0;
    chair->deadline_us = MODEL_NEVER;
    chair->armed_us = 0;
    chair->entrance = chair->proposal == 0 ? 0 : objects_deed(model, chair->proposal)->tc;
    chair->verdicts = memory_take(&model->memory, size);
    chair->first_prepares = memory_take(&model->memory, size);
    chair->prepares = memory_take(&model->memory, size);
    chair->commits = memory_take(&model->memory, size);
    chair->both_prepares[0] = memory_take(&model->memory, size);
    chair->both_prepares[1] = memory_take(&model->memory, size);
    chair->reports = memory_take(&model->memory, setup->seat_count * sizeof(*chair->reports));
    chair_init(&chair->machine, &config, &chair->record);
    feed(model, node, chair, &event);
    for (uint8_t seat = 0; seat < setup->seat_count; seat++) {
        introduce(model, node, chair, seat);
    }
}

/* E4, as in seat_node.c. */
static void watch_serials(struct model *model, uint16_t node, uint32_t number)
{
    const struct docket *docket = objects_docket(model, number);

    for (uint32_t other = 1; other < model->dockets.count; other++) {
        const struct docket *earlier = objects_docket(model, other);

        if (other != number && earlier->home == docket->home && earlier->serial == docket->serial &&
            earlier->chairs[node] != NULL) {
            (void)oracles_see_proof(model, &model->nodes[node], earlier->deed, docket->deed);
        }
    }
}

struct chair_docket *chair_node_open(struct model *model, uint16_t node, uint32_t docket)
{
    struct docket *of = objects_docket(model, docket);
    struct chair_docket *chair = of->chairs[node];

    if (chair == NULL) {
        chair = memory_take(&model->memory, sizeof(*chair));
        chair->docket = docket;
        of->chairs[node] = chair;
        model->is_settling = true;
        watch_serials(model, node, docket);
        start_docket(model, node, chair);
    }
    return chair;
}

void chair_node_start(struct model *model, uint16_t node)
{
    for (uint32_t number = 1; number <= model->dockets.count; number++) {
        struct chair_docket *chair = objects_docket(model, number)->chairs[node];

        if (chair != NULL && model->nodes[node].is_up) {
            start_docket(model, node, chair);
        }
    }
    if (model->nodes[node].is_up) {
        chair_node_form(model, node);
    }
}

/* ---- submitters (C1) ---- */

/* Whether the hearing that HEADER asks for is in a docket here, or over. */
static bool is_known(struct model *model, uint16_t node, const struct header *header)
{
    uint32_t number = model->cases[header->index].hearing;

    for (; number != 0; number = objects_hearing(model, number)->next) {
        const struct hearing *hearing = objects_hearing(model, number);
        const struct chair_docket *chair = objects_docket(model, hearing->docket)->chairs[node];

        if (chair == NULL) {
            continue;
        }
        if (hearing->attempt == header->attempt) {
            return true;
        }
        if (chair->certificate != 0) {
            uint32_t value = objects_certificate(model, chair->certificate)->value;

            if (hearing->attempt > header->attempt ||
                objects_value(model, value)->results[hearing->place].outcome ==
                    BINDING_CONCLUSIVE) {
                return true;
            }
        }
    }
    return false;
}

static uint32_t count_in_flight(struct model *model, uint16_t node)
{
    uint32_t count = 0;

    for (uint32_t number = 1; number <= model->dockets.count; number++) {
        const struct docket *docket = objects_docket(model, number);
        const struct chair_docket *chair = docket->chairs[node];

        if (docket->home == model->nodes[node].number && chair != NULL && chair->certificate == 0) {
            count++;
        }
    }
    return count;
}

void chair_node_form(struct model *model, uint16_t node)
{
    struct node *self = &model->nodes[node];
    uint32_t headers[SETUP_CASES_MAX];
    uint32_t count = 0;

    if (self->waiting_count == 0 || count_in_flight(model, node) >= IN_FLIGHT_MAX) {
        return;
    }
    for (uint16_t index = 0; index < model->setup->case_count; index++) {
        uint32_t header = self->waiting[index];

        if (header != 0) {
            self->waiting[index] = 0;
            self->waiting_count--;
            if (!is_known(model, node, objects_header(model, header))) {
                headers[count++] = header;
            }
        }
    }
    if (count > 0 && life_may_act(model, node, true)) {
        uint32_t docket =
            objects_make_docket(model, self->number, ++self->serial, 0, headers, count);

        trace_action(model, node, "persist docket", CHAIR_ACTION_REPORT_CONFLICT + 1, docket, NULL);
        (void)chair_node_open(model, node, docket);
        if (self->strategies != 0) {
            faults_chair_formed(model, node, docket);
        }
    }
}

/* Of the dockets of the case that are known here: the certificate that says most, and how far it
 * has come. */
static uint32_t look_up(struct model *model, uint16_t node, uint16_t index, uint8_t *rank)
{
    uint32_t number = model->cases[index].hearing;
    uint32_t best = 0;
    uint32_t attempt = 0;
    uint32_t latest = 0;
    bool is_conclusive = false;

    *rank = model->nodes[node].waiting[index] != 0 ? RANK_WAITING : 0;
    for (; number != 0; number = objects_hearing(model, number)->next) {
        const struct hearing *hearing = objects_hearing(model, number);
        struct chair_docket *chair = objects_docket(model, hearing->docket)->chairs[node];

        if (chair == NULL) {
            continue;
        }
        if (hearing->attempt >= latest && chair->certificate == 0) {
            latest = hearing->attempt;
            *rank = (uint8_t)(RANK_PHASE + chair->machine.phase);
        }
        if (chair->certificate != 0) {
            uint32_t value = objects_certificate(model, chair->certificate)->value;
            const struct result *result = &objects_value(model, value)->results[hearing->place];
            bool is_end = result->outcome == BINDING_CONCLUSIVE;

            if ((is_end && !is_conclusive) ||
                (is_end == is_conclusive && hearing->attempt > attempt)) {
                best = chair->certificate;
                attempt = hearing->attempt;
                is_conclusive = is_end;
            }
        }
    }
    return best;
}

static void answer_client(struct model *model, uint16_t node, uint16_t index)
{
    struct queue_item item = {.kind = QUEUE_RESULT, .index = index};

    item.object = look_up(model, node, index, &item.flags);
    if (item.object != 0 && item.flags < RANK_WAITING) {
        item.flags = RANK_DECIDED;
    }
    send_one(model, node, MODEL_CLIENT, item);
}

static void take_submission(struct model *model, uint16_t node, const struct queue_item *item)
{
    struct node *self = &model->nodes[node];
    const struct header *header = objects_header(model, item->object);

    if (!objects_check_header(model, header, self->number)) {
        return;
    }
    self->bundles[header->index] = 1;
    if (self->brought[header->index] == 0 ||
        objects_header(model, self->brought[header->index])->attempt <= header->attempt) {
        self->brought[header->index] = item->object;
    }
    if (self->waiting[header->index] == 0 && !is_known(model, node, header)) {
        self->waiting[header->index] = item->object;
        self->waiting_count++;
        chair_node_form(model, node);
    }
    if (self->is_up) {
        answer_client(model, node, header->index);
    }
}

/* ---- messages of seats ---- */

/* C5: a docket that is not known here. */
static void fetch_docket(struct model *model, uint16_t node, uint16_t from, uint32_t docket)
{
    if (!model_flawed(model, FLAW_DOCKET_NOT_FETCHED)) {
        fetch(model, node, from, docket, NETWORK_DOCKET, 0);
    }
}

/* C5: an abstention names a docket that this coordinator should know. */
static void follow_blockers(struct model *model, uint16_t node, uint16_t from,
                            const struct verdict *verdict, uint32_t count)
{
    for (uint32_t place = 0; place < count; place++) {
        const struct entry *entry = &verdict->entries[place];

        if (entry->is_concluded && model_flawed(model, FLAW_CERTIFICATE_KEPT)) {
            continue;
        }
        if (entry->blocker != 0 && objects_docket(model, entry->blocker)->chairs[node] == NULL) {
            fetch_docket(model, node, from, entry->blocker);
        }
    }
}

static void take_verdict(struct model *model, uint16_t node, struct chair_docket *chair,
                         const struct queue_item *item)
{
    struct chair_event event = {.type = CHAIR_EVENT_VERDICT};
    const struct docket *docket = objects_docket(model, chair->docket);
    const struct verdict *verdict = objects_verdict(model, item->object);
    const struct deed *deed;
    uint32_t first;

    if (verdict->deed == 0) {
        return;
    }
    deed = objects_deed(model, verdict->deed);
    if (deed->kind != ACT_VERDICT || deed->docket != chair->docket || !deed->is_seat ||
        !signing_verify(model, verdict->deed)) {
        return;
    }
    first = chair->verdicts[verdict->seat];
    event.seat = verdict->seat;
    event.verdict.message = objects_digest(deed->payload, 1);
    chair->in_hand = verdict->deed;
    if (first == 0) {
        chair->verdicts[verdict->seat] = item->object;
        event.verdict.is_settled =
            !chair->machine.is_settled && content_is_settled(model, chair->docket, chair->verdicts);
        watch_hearings(model, node, verdict, docket);
    }
    follow_blockers(model, node, item->from, verdict, docket->count);
    feed(model, node, chair, &event);
}

static void take_prepare(struct model *model, uint16_t node, struct chair_docket *chair,
                         const struct queue_item *item)
{
    struct chair_event event = {.type = CHAIR_EVENT_PREPARE};
    const struct deed *deed = objects_deed(model, item->object);

    if (deed->kind != ACT_PREPARE || !deed->is_seat || deed->value == 0 || deed->view < 1 ||
        !signing_verify(model, item->object)) {
        return;
    }
    event.seat = deed->signer;
    event.prepare = objects_vote(model, deed->view, deed->value, deed->tc);
    chair->in_hand = item->object;
    if (chair_takes_prepare(&chair->machine, deed->signer, &event.prepare)) {
        chair->first_prepares[deed->signer] = item->object;
    }
    if (chair->machine.proposed.view != 0 &&
        seat_vote_equal(&chair->machine.proposed, &event.prepare)) {
        chair->prepares[deed->signer] = item->object;
    }
    if (deed->tc != 0 && deed->tc == chair->entrance) {
        oracles_see_unjustified(model, &model->nodes[node], item->object, deed->tc);
    }
    feed(model, node, chair, &event);
}

static void take_commit(struct model *model, uint16_t node, struct chair_docket *chair,
                        const struct queue_item *item)
{
    struct chair_event event = {.type = CHAIR_EVENT_COMMIT};
    const struct deed *deed = objects_deed(model, item->object);

    if (deed->kind != ACT_COMMIT || !deed->is_seat || deed->value == 0 || deed->view < 1 ||
        !signing_verify(model, item->object)) {
        return;
    }
    event.seat = deed->signer;
    event.commit = objects_vote(model, deed->view, deed->value, 0);
    chair->in_hand = item->object;
    if (chair_takes_commit(&chair->machine, deed->signer, &event.commit)) {
        chair->commits[deed->signer] = item->object;
    }
    feed(model, node, chair, &event);
}

static void take_tc(struct model *model, uint16_t node, struct chair_docket *chair, uint32_t number,
                    uint8_t seat)
{
    struct chair_event event = {.type = CHAIR_EVENT_TC, .seat = seat};
    const struct tc *tc = objects_tc(model, number);

    if (tc->docket != chair->docket || !objects_check_tc(model, number)) {
        return;
    }
    chair->tc_in_hand = number;
    event.tc.view = tc->view;
    event.tc.digest = tc->digest;
    if (tc->qc != 0) {
        const struct qc *qc = objects_qc(model, tc->qc);

        event.tc.highest = objects_vote(model, qc->view, qc->value, 0);
    }
    feed(model, node, chair, &event);
}

/* The attachments of a NEW-VIEW are what its signed half says, and hold. */
static bool verify_new_view(struct model *model, const struct chair_docket *chair,
                            const struct queue_item *item)
{
    const struct deed *deed = objects_deed(model, item->object);

    if (deed->kind != ACT_NEW_VIEW || !deed->is_seat || deed->docket != chair->docket ||
        deed->view < 2 || deed->qc_view >= deed->view || !signing_verify(model, item->object)) {
        return false;
    }
    if (item->tc != 0) {
        const struct tc *tc = objects_tc(model, item->tc);

        if (tc->docket != chair->docket || tc->view >= deed->view ||
            !objects_check_tc(model, item->tc)) {
            return false;
        }
    }
    if (item->qc == 0) {
        return deed->qc_view == 0 || model_flawed(model, FLAW_QC_NOT_ATTACHED);
    }
    const struct qc *qc = objects_qc(model, item->qc);

    return qc->docket == chair->docket && qc->view == deed->qc_view &&
           qc->value == deed->qc_value && objects_check_qc(model, item->qc);
}

static void take_new_view(struct model *model, uint16_t node, struct chair_docket *chair,
                          const struct queue_item *item)
{
    struct chair_event event = {.type = CHAIR_EVENT_NEW_VIEW};
    const struct deed *deed = objects_deed(model, item->object);
    struct report *report;

    if (!verify_new_view(model, chair, item)) {
        return;
    }
    if (item->tc != 0) {
        take_tc(model, node, chair, item->tc, deed->signer);
        if (!model->nodes[node].is_up) {
            return;
        }
    }
    report = &chair->reports[deed->signer];
    if (chair_takes_new_view(&chair->machine, deed->signer, deed->view) ||
        (report->deed == item->object && report->qc == 0)) {
        *report = (struct report){.deed = item->object, .qc = item->qc, .tc = item->tc};
    }
    chair->in_hand = item->object;
    event.seat = deed->signer;
    event.new_view.view = deed->view;
    event.new_view.lock = objects_vote(model, deed->qc_view, deed->qc_value, 0);
    event.new_view.payload = objects_digest(deed->payload, 1);
    feed(model, node, chair, &event);
}

static void take_decide(struct model *model, uint16_t node, struct chair_docket *chair,
                        const struct queue_item *item)
{
    struct chair_event event = {.type = CHAIR_EVENT_DECIDE};
    const struct certificate *certificate = objects_certificate(model, item->object);

    if (certificate->docket != chair->docket || !objects_check_certificate(model, item->object)) {
        return;
    }
    event.seat = model->nodes[item->from].number;
    event.decide = objects_vote(model, certificate->view, certificate->value, 0);
    chair->certificate_in_hand = item->object;
    oracles_see_certificate(model, item->object);
    feed(model, node, chair, &event);
}

static void answer_fetch(struct model *model, uint16_t node, const struct chair_docket *chair,
                         const struct queue_item *item)
{
    struct queue_item answer = {.docket = chair->docket};

    if (item->flags == NETWORK_VALUE &&
        ((chair->held | chair->stored) & bit_of(model, item->object)) != 0) {
        answer.kind = QUEUE_PROPOSE;
        answer.flags = NETWORK_VALUE;
        answer.object = item->object;
    } else if (item->flags == NETWORK_CERTIFICATE && chair->certificate != 0) {
        answer.kind = QUEUE_DECIDE;
        answer.object = chair->certificate;
    } else if (item->flags == NETWORK_DOCKET) {
        answer.kind = QUEUE_ASSIGN;
    } else {
        return;
    }
    send_one(model, node, item->from, answer);
}

/* A value that was asked for. */
static void take_value(struct model *model, uint16_t node, struct chair_docket *chair,
                       const struct queue_item *item)
{
    if (item->flags == NETWORK_VALUE && chair->wanted == item->object &&
        objects_value(model, item->object)->is_valid) {
        chair->wanted = 0;
        chair->held |= bit_of(model, item->object);
        plan_computed(model, node, chair, item->object);
    }
}

static void take_timer(struct model *model, uint16_t node, struct chair_docket *chair)
{
    struct chair_event event = {.type = CHAIR_EVENT_TIMER};
    struct queue_item item = {.kind = QUEUE_TIMER, .docket = chair->docket};

    if (chair->armed_us != model->now_us || chair->deadline_us == MODEL_NEVER) {
        return; /* An earlier one took its place. */
    }
    if (chair->deadline_us > model->now_us) {
        chair->armed_us = chair->deadline_us;
        network_plan(model, node, chair->armed_us - model->now_us, item);
        return;
    }
    chair->deadline_us = MODEL_NEVER;
    feed(model, node, chair, &event);
}

static void take_computed(struct model *model, uint16_t node, struct chair_docket *chair,
                          uint32_t value)
{
    struct chair_event event = {.type = CHAIR_EVENT_COMPUTED};

    event.computed.value = objects_value(model, value)->digest;
    event.computed.book = event.computed.value;
    feed(model, node, chair, &event);
}

static void deliver_open(struct model *model, uint16_t node, struct chair_docket *chair,
                         const struct queue_item *item)
{
    struct chair_event event = {.type = CHAIR_EVENT_DONE};

    switch (item->kind) {
    case QUEUE_VERDICT:
        take_verdict(model, node, chair, item);
        break;
    case QUEUE_PREPARE:
        take_prepare(model, node, chair, item);
        break;
    case QUEUE_COMMIT:
        take_commit(model, node, chair, item);
        break;
    case QUEUE_NEW_VIEW:
        take_new_view(model, node, chair, item);
        break;
    case QUEUE_TC:
        take_tc(model, node, chair, item->object, model->nodes[item->from].number);
        break;
    case QUEUE_DECIDE:
        take_decide(model, node, chair, item);
        break;
    case QUEUE_DONE:
        event.seat = model->nodes[item->from].number;
        feed(model, node, chair, &event);
        break;
    case QUEUE_FETCH:
        answer_fetch(model, node, chair, item);
        break;
    case QUEUE_PROPOSE:
        take_value(model, node, chair, item);
        break;
    case QUEUE_COMPUTED:
        take_computed(model, node, chair, item->object);
        break;
    case QUEUE_TIMER:
        take_timer(model, node, chair);
        break;
    default:
        break; /* Not for a coordinator: dropped. */
    }
}

static void take_link(struct model *model, uint16_t node, uint8_t seat)
{
    for (uint32_t number = 1; number <= model->dockets.count; number++) {
        struct chair_docket *chair = objects_docket(model, number)->chairs[node];

        if (chair != NULL && chair->is_open) {
            introduce(model, node, chair, seat);
        }
    }
}

void chair_node_deliver(struct model *model, uint16_t node, const struct queue_item *item)
{
    struct chair_docket *chair;

    if (model->nodes[node].strategies != 0 && faults_chair_deliver(model, node, item)) {
        return;
    }
    if (item->kind == QUEUE_SUBMIT) {
        take_submission(model, node, item);
        return;
    }
    if (item->kind == QUEUE_LINK_UP) {
        take_link(model, node, (uint8_t)item->object);
        return;
    }
    if (item->docket == 0) {
        return;
    }
    chair = objects_docket(model, item->docket)->chairs[node];
    if (chair != NULL && chair->is_open) {
        deliver_open(model, node, chair, item);
    } else if (item->kind == QUEUE_ASSIGN) {
        if (objects_docket(model, item->docket)->is_valid &&
            signing_verify(model, objects_docket(model, item->docket)->deed) &&
            life_may_act(model, node, true)) {
            (void)chair_node_open(model, node, item->docket);
        }
    } else if (chair == NULL && item->kind != QUEUE_FETCH && item->from != node) {
        fetch_docket(model, node, item->from, item->docket);
    }
}
