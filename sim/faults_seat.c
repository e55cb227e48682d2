#include "base/check.h"
#include "sim/content.h"
#include "sim/faults.h"
#include "sim/network.h"
#include "sim/objects.h"
#include "sim/seat_node.h"
#include "sim/signing.h"

#define LAST_WORDS 1 /* STRIKE: fall silent. */

static void send_all(struct model *model, uint16_t number, struct queue_item item)
{
    for (uint8_t chair = 0; chair < model->setup->coordinator_count; chair++) {
        seat_node_send(model, number, chair, item);
    }
}

/* ---- votes ---- */

static void vote(struct model *model, uint16_t number, enum queue_kind kind, struct deed deed)
{
    deed.is_seat = true;
    deed.signer = model->nodes[number].number;
    deed.kind = kind == QUEUE_PREPARE ? ACT_PREPARE : ACT_COMMIT;
    if (kind == QUEUE_COMMIT) {
        deed.tc = 0;
    }

    struct queue_item item = {
        .kind = (uint8_t)kind, .docket = deed.docket, .object = faults_sign(model, &deed)};

    send_all(model, number, item);
}

/* PREPAREs, and COMMITs, whatever was proposed or certified. */
static void vote_for_all(struct model *model, uint16_t number, const struct queue_item *item,
                         bool is_committing)
{
    struct deed deed = {.docket = item->docket};

    if (item->kind == QUEUE_PROPOSE && item->flags == 0) {
        const struct deed *proposal = objects_deed(model, item->object);

        deed.view = proposal->view;
        deed.value = proposal->value;
        deed.tc = proposal->tc;
    } else if (item->kind == QUEUE_CERTIFY) {
        const struct qc *qc = objects_qc(model, item->object);

        deed.view = qc->view;
        deed.value = qc->value;
        deed.tc = qc->tc;
    } else {
        return;
    }
    if (!faults_may(model, &model->nodes[number])) {
        return;
    }
    vote(model, number, QUEUE_PREPARE, deed);
    if (is_committing) {
        vote(model, number, QUEUE_COMMIT, deed);
    }
}

/* ---- verdicts ---- */

static uint32_t make_second_verdict(struct model *model, const struct seat_docket *seat)
{
    uint32_t first = objects_deed(model, seat->verdict)->content;
    uint8_t self = objects_verdict(model, first)->seat;
    uint32_t number = content_make_verdict(model, seat->docket, self);
    struct verdict *verdict = objects_verdict(model, number);
    struct deed deed = {.kind = ACT_VERDICT,
                        .is_seat = true,
                        .signer = self,
                        .docket = seat->docket,
                        .content = number};

    verdict->assessed_ms++;
    for (uint32_t place = 0; place < objects_docket(model, seat->docket)->count; place++) {
        struct entry entry = objects_verdict(model, first)->entries[place];

        verdict->entries[place] = entry;
        verdict->entries[place].met = entry.not_met;
        verdict->entries[place].not_met = entry.met;
    }
    verdict->deed = signing_sign(model, &deed);
    return number;
}

static void send_two_verdicts(struct model *model, uint16_t number, const struct seat_docket *seat)
{
    struct node *node = &model->nodes[number];
    struct queue_item first = {.kind = QUEUE_VERDICT, .docket = seat->docket};
    struct queue_item second = first;

    first.object = objects_deed(model, seat->verdict)->content;
    second.object = make_second_verdict(model, seat);
    for (uint8_t chair = 0; chair < model->setup->coordinator_count; chair++) {
        uint32_t pick = random_below(&node->own, 3);

        if (pick != 1) {
            seat_node_send(model, number, chair, first);
        }
        if (pick != 0) {
            seat_node_send(model, number, chair, second);
        }
    }
}

/* ---- NEW-VIEWs ---- */

/* A QC of q signatures that nobody made. */
static uint32_t forge_qc(struct model *model, uint32_t docket, uint32_t view, uint32_t value)
{
    struct deed deed = {.kind = ACT_PREPARE, .is_seat = true, .docket = docket};
    uint32_t deeds[QUORUM_SEATS_MAX];

    deed.view = view;
    deed.value = value;
    for (uint8_t seat = 0; seat < model->quorum.quorum_count; seat++) {
        deed.signer = seat;
        deeds[seat] = signing_forge(model, &deed);
    }
    return objects_make_qc(model, &deed, deeds, model->quorum.quorum_count);
}

/* NEW-VIEW that reports something else than the truth: no QC, or one that is none. */
static void lie_about_lock(struct model *model, uint16_t number, struct seat_docket *seat,
                           uint32_t view, bool has_qc)
{
    struct node *node = &model->nodes[number];
    struct deed deed = {.kind = ACT_NEW_VIEW,
                        .is_seat = true,
                        .signer = node->number,
                        .docket = seat->docket,
                        .view = view};

    seat->record.asked = view;
    seat->asked = (struct report){.tc = seat->entrance};
    if (has_qc) {
        uint32_t value = content_make_nonsense(model, seat->docket, random_below(&node->own, 4));

        if (value != 0) {
            deed.qc_view = view - 1;
            deed.qc_value = value;
            seat->asked.qc = forge_qc(model, seat->docket, deed.qc_view, value);
        }
    }
    seat->asked.deed = faults_sign(model, &deed);
}

/* Ever higher views, with the seat's true lock. */
static void ask_for_more(struct model *model, uint16_t number)
{
    struct node *node = &model->nodes[number];

    for (uint32_t docket = 1; docket <= model->dockets.count; docket++) {
        struct seat_docket *seat = objects_docket(model, docket)->seats[number];
        struct deed deed = {
            .kind = ACT_NEW_VIEW, .is_seat = true, .signer = node->number, .docket = docket};
        struct queue_item item = {.kind = QUEUE_NEW_VIEW, .docket = docket};

        if (seat == NULL || !seat->is_open || seat->certificate != 0) {
            continue;
        }
        deed.view = seat->machine.view + 1 + random_below(&node->own, 3);
        deed.qc_view = seat->record.lock.view;
        deed.qc_value = objects_number(&seat->record.lock.value);
        item.object = faults_sign(model, &deed);
        item.qc = seat->lock;
        item.tc = seat->entrance;
        send_all(model, number, item);
    }
}

/* ---- hooks ---- */

bool faults_seat_deliver(struct model *model, uint16_t number, const struct queue_item *item)
{
    struct node *node = &model->nodes[number];

    faults_stir(model, number, item);
    if (item->kind == QUEUE_STRIKE) {
        if (item->flags == LAST_WORDS) {
            node->is_mute = true;
        } else if (model_fault(model, node, SETUP_EARLY_VIEW) != NULL) {
            ask_for_more(model, number);
        }
        return true;
    }
    if (model_fault(model, node, SETUP_TWO_COMMITS) != NULL) {
        vote_for_all(model, number, item, true);
    } else if (model_fault(model, node, SETUP_TWO_PREPARES) != NULL) {
        vote_for_all(model, number, item, false);
    }
    return false;
}

/* Once it has locked something it reports that, and is not heard of again. */
static bool hide_qc(struct model *model, uint16_t number, const struct seat_docket *seat,
                    const struct seat_action *action)
{
    struct queue_item item = {.kind = QUEUE_STRIKE, .flags = LAST_WORDS};

    if (action->type == SEAT_ACTION_SEND_NEW_VIEW && seat->record.lock.view != 0) {
        network_plan(model, number, 0, item);
    }
    return action->type == SEAT_ACTION_SEND_COMMIT;
}

bool faults_seat_perform(struct model *model, uint16_t number, struct seat_docket *seat,
                         const struct seat_action *action)
{
    const struct node *node = &model->nodes[number];

    if (action->type == SEAT_ACTION_PERSIST_NEW_VIEW) {
        bool is_false = model_fault(model, node, SETUP_FALSE_QC) != NULL;

        if (is_false || model_fault(model, node, SETUP_AMNESIA) != NULL) {
            lie_about_lock(model, number, seat, action->vote.view, is_false);
            return true;
        }
    }
    if (action->type == SEAT_ACTION_SEND_VERDICT &&
        model_fault(model, node, SETUP_TWO_VERDICTS) != NULL) {
        send_two_verdicts(model, number, seat);
        return true;
    }
    if (model_fault(model, node, SETUP_HIDE_QC) != NULL) {
        return hide_qc(model, number, seat, action);
    }
    return false;
}
