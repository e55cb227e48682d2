#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/chair_node.h"
#include "sim/content.h"
#include "sim/faults.h"
#include "sim/network.h"
#include "sim/objects.h"
#include "sim/signing.h"

#define OLD_DOCKETS_MAX 24 /* Dockets that one coordinator opens to win races. */

/* A number that every faulty coordinator draws alike for DOCKET, VIEW and SEAT. */
static uint32_t draw_common(const struct model *model, uint32_t docket, uint32_t view,
                            uint32_t salt, uint32_t bound)
{
    uint64_t hash = objects_mix(objects_mix(model->seed, docket), (uint64_t)view << 32 | salt);

    return (uint32_t)(hash >> 33) % bound;
}

/* Whether SEAT is among COUNT drawn honest ones; faulty ones always are. */
static bool is_chosen(const struct model *model, uint32_t docket, uint32_t view, uint8_t seat,
                      uint32_t count)
{
    uint32_t mine = draw_common(model, docket, view, seat, UINT32_MAX);
    uint32_t before = 0;

    if (model->nodes[seat].is_byzantine) {
        return true;
    }
    for (uint8_t other = 0; other < model->setup->seat_count; other++) {
        uint32_t its = draw_common(model, docket, view, other, UINT32_MAX);

        if (!model->nodes[other].is_byzantine && (its < mine || (its == mine && other < seat))) {
            before++;
        }
    }
    return before < count;
}

/* Whether SEAT is of the half that sees a faulty coordinator's second proposal. */
static bool is_other_half(const struct model *model, uint32_t docket, uint32_t view, uint8_t seat)
{
    return draw_common(model, docket, view, 500U + seat, 2) == 0;
}

static uint32_t at_least_one(uint32_t value)
{
    return value == 0 ? 1 : value;
}

/* ---- what is shown to whom ---- */

static uint32_t view_of(struct model *model, const struct queue_item *item)
{
    switch (item->kind) {
    case QUEUE_PROPOSE:
        return item->flags == 0 ? objects_deed(model, item->object)->view : 0;
    case QUEUE_CERTIFY:
        return objects_qc(model, item->object)->view;
    case QUEUE_TC:
        return objects_tc(model, item->object)->view;
    default:
        return 0;
    }
}

/* What brings a certificate to light: hidden from all but a few seats. */
static bool shows_certificate(struct model *model, const struct queue_item *item,
                              const struct setup_fault *fault)
{
    uint32_t enough = (uint32_t)(model->quorum.quorum_count > model->byzantine_count
                                     ? model->quorum.quorum_count - model->byzantine_count
                                     : 0);

    if (item->to == MODEL_CLIENT) {
        return item->object == 0;
    }
    if (item->kind == QUEUE_CERTIFY) {
        return is_chosen(model, item->docket, 0, model->nodes[item->to].number, enough);
    }
    return item->kind != QUEUE_DECIDE ||
           is_chosen(model, item->docket, 0, model->nodes[item->to].number,
                     at_least_one(fault->value));
}

/* Whether a seat that was shown one of two proposals may see this QC: only that of its own. */
static bool shows_half(struct model *model, uint16_t number, const struct queue_item *item,
                       uint8_t seat)
{
    const struct chair_docket *chair = objects_docket(model, item->docket)->chairs[number];
    const struct qc *qc = objects_qc(model, item->object);
    const struct deed *other;

    if (chair == NULL || chair->other_proposal == 0 || model->nodes[seat].is_byzantine) {
        return true;
    }
    other = objects_deed(model, chair->other_proposal);
    return qc->view != other->view ||
           (qc->value == other->value) == is_other_half(model, item->docket, qc->view, seat);
}

/* Whether SEAT may be sent ITEM, for all that is hidden of the docket itself. */
static bool is_told(struct model *model, const struct node *node, const struct queue_item *item,
                    uint8_t seat)
{
    const struct setup_fault *fault = model_fault(model, node, SETUP_OLD_HEADER);

    if (objects_docket(model, item->docket)->home != node->number) {
        return true;
    }
    if (fault != NULL && fault->value > 0 && item->kind == QUEUE_ASSIGN) {
        return is_chosen(model, item->docket, 0, seat, fault->value);
    }
    return model_fault(model, node, SETUP_ONE_SEAT) == NULL ||
           is_chosen(model, item->docket, 0, seat, 1);
}

bool faults_chair_shows(struct model *model, uint16_t number, const struct queue_item *item)
{
    const struct node *node = &model->nodes[number];
    const struct setup_fault *fault;
    uint32_t view = view_of(model, item);
    uint8_t seat = item->to == MODEL_CLIENT ? 0 : model->nodes[item->to].number;

    fault = model_fault(model, node, SETUP_HIDE_CERTIFICATE);
    if (fault != NULL && !shows_certificate(model, item, fault)) {
        return false;
    }
    if (item->to == MODEL_CLIENT) {
        return true;
    }
    fault = model_fault(model, node, SETUP_HIDDEN_LOCK);
    if (fault != NULL && item->kind == QUEUE_CERTIFY &&
        !is_chosen(model, item->docket, view, seat, at_least_one(fault->value))) {
        return false;
    }
    if (model_fault(model, node, SETUP_TWO_PROPOSALS) != NULL && item->kind == QUEUE_CERTIFY &&
        !shows_half(model, number, item, seat)) {
        return false;
    }
    fault = model_fault(model, node, SETUP_CENSOR);
    if (fault != NULL && !model->nodes[item->to].is_byzantine &&
        is_chosen(model, 0, 0, seat, fault->value)) {
        return false;
    }
    if (model_fault(model, node, SETUP_BURN_VIEWS) != NULL && item->kind == QUEUE_PROPOSE &&
        item->flags == 0) {
        return false;
    }
    if (model_fault(model, node, SETUP_PRIVATE_TC) != NULL && view > 1 &&
        !is_chosen(model, item->docket, view, seat, 1)) {
        return false;
    }
    return is_told(model, node, item, seat);
}

/* ---- books ---- */

/* Moves the verdicts of the seats that lie to the front, the others behind them. */
static void sort_liars_first(struct model *model, uint32_t *list, uint16_t count)
{
    uint16_t front = 0;

    for (uint16_t i = 0; i < count; i++) {
        uint32_t verdict = list[i];

        if (model->nodes[objects_verdict(model, verdict)->seat].is_byzantine) {
            for (uint16_t j = i; j > front; j--) {
                list[j] = list[j - 1];
            }
            list[front++] = verdict;
        }
    }
}

static void sort_by_seat(struct model *model, uint32_t *list, uint16_t count)
{
    for (uint16_t i = 1; i < count; i++) {
        for (uint16_t j = i; j > 0 && objects_verdict(model, list[j])->seat <
                                          objects_verdict(model, list[j - 1])->seat;
             j--) {
            uint32_t verdict = list[j];

            list[j] = list[j - 1];
            list[j - 1] = verdict;
        }
    }
}

/* Leaves out honest verdicts that are chosen, as long as KEPT stay. */
static uint16_t leave_out(struct model *model, uint32_t *list, uint16_t count, uint32_t limit,
                          uint16_t kept)
{
    uint16_t stays = 0;
    uint16_t left = 0;

    for (uint16_t i = 0; i < count; i++) {
        uint8_t seat = objects_verdict(model, list[i])->seat;
        bool is_unwanted = !model->nodes[seat].is_byzantine && is_chosen(model, 0, 0, seat, limit);

        if (is_unwanted && count - left > kept) {
            left++;
        } else {
            list[stays++] = list[i];
        }
    }
    return stays;
}

/* Drops one verdict after another at random, to at least q: another book, another D. */
static uint16_t thin_out(struct model *model, struct node *node, uint32_t *list, uint16_t count)
{
    while (count > model->quorum.quorum_count && random_below(&node->own, 2) == 0) {
        uint16_t gone = (uint16_t)random_below(&node->own, count);

        count--;
        for (uint16_t i = gone; i < count; i++) {
            list[i] = list[i + 1];
        }
    }
    return count;
}

uint16_t faults_chair_book(struct model *model, uint16_t number, const struct chair_docket *chair,
                           uint32_t *list, uint16_t count)
{
    struct node *node = &model->nodes[number];
    const struct setup_fault *fault = model_fault(model, node, SETUP_CENSOR);
    uint8_t q = model->quorum.quorum_count;

    (void)chair;
    if (fault != NULL) {
        count = leave_out(model, list, count, fault->value, q);
    }
    if (model_fault(model, node, SETUP_CHERRY_PICK) != NULL && count > q) {
        sort_liars_first(model, list, count);
        sort_by_seat(model, list, q);
        count = q;
    }
    if (model_fault(model, node, SETUP_SHORT_BOOK) != NULL && count >= q) {
        count = (uint16_t)(q - 1);
    }
    if (model_fault(model, node, SETUP_HIDDEN_LOCK) != NULL ||
        model_fault(model, node, SETUP_TWO_PROPOSALS) != NULL) {
        count = thin_out(model, node, list, count);
    }
    return count;
}

/* ---- TCs ---- */

static bool is_scheming(const struct model *model, const struct node *node)
{
    return model_fault(model, node, SETUP_HIDDEN_LOCK) != NULL ||
           model_fault(model, node, SETUP_TWO_PROPOSALS) != NULL ||
           model_fault(model, node, SETUP_STALE_TC) != NULL ||
           model_fault(model, node, SETUP_PRIVATE_TC) != NULL;
}

/* The q reports that know least; now and then it waits for more to choose from. */
struct seat_set faults_chair_reports(struct model *model, uint16_t number,
                                     const struct chair_docket *chair, struct seat_set seats)
{
    struct node *node = &model->nodes[number];
    struct seat_set taken = {{0, 0}};
    uint8_t have = seat_set_count(&seats);

    if (!is_scheming(model, node)) {
        return seats;
    }
    if (have == model->quorum.quorum_count && random_below(&node->own, 2) == 0) {
        return taken;
    }
    for (uint8_t i = 0; i < model->quorum.quorum_count; i++) {
        uint8_t best = model->setup->seat_count;

        for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
            if (seat_set_has(&seats, seat) && !seat_set_has(&taken, seat) &&
                (best == model->setup->seat_count ||
                 objects_deed(model, chair->reports[seat].deed)->qc_view <
                     objects_deed(model, chair->reports[best].deed)->qc_view)) {
                best = seat;
            }
        }
        if (best < model->setup->seat_count) {
            seat_set_add(&taken, best);
        }
    }
    return taken;
}

/* ---- proposals ---- */

/* A second proposal for the same view: another value where one can be had, else another TC. */
static uint32_t make_second_proposal(struct model *model, uint16_t number,
                                     struct chair_docket *chair)
{
    struct node *node = &model->nodes[number];
    struct deed deed = *objects_deed(model, chair->proposal);
    const struct value *first = objects_value(model, deed.value);
    uint32_t list[QUORUM_SEATS_MAX];
    uint16_t count = first->verdict_count;
    uint32_t value;

    for (uint16_t i = 0; i < count; i++) {
        list[i] = first->verdicts[i];
    }
    if (count > model->quorum.quorum_count) {
        uint16_t gone = (uint16_t)random_below(&node->own, count);

        count--;
        for (uint16_t i = gone; i < count; i++) {
            list[i] = list[i + 1];
        }
    } else {
        /* Exactly q: replace one by the verdict of a seat that is not in it. */
        uint8_t seat = 0;

        while (seat < model->setup->seat_count && chair->verdicts[seat] != 0) {
            bool is_in = false;

            for (uint16_t i = 0; i < count; i++) {
                is_in = is_in || objects_verdict(model, list[i])->seat == seat;
            }
            if (!is_in) {
                list[random_below(&node->own, count)] = chair->verdicts[seat];
                sort_by_seat(model, list, count);
                break;
            }
            seat++;
        }
    }
    value = content_make_value(model, chair->docket, list, count);
    if (value == 0 || value == deed.value) {
        return chair->proposal;
    }
    chair->held |= UINT64_C(1) << objects_value(model, value)->place;
    deed.value = value;
    return faults_sign(model, &deed);
}

/* A proposal on some other TC of the docket. */
static uint32_t make_stale_proposal(struct model *model, uint16_t number,
                                    struct chair_docket *chair)
{
    struct node *node = &model->nodes[number];
    struct deed deed = *objects_deed(model, chair->proposal);
    uint32_t skipped = random_below(&node->own, model->tcs.count + 1);

    for (uint32_t step = 1; step <= model->tcs.count; step++) {
        uint32_t tc = (skipped + step) % model->tcs.count + 1;

        if (objects_tc(model, tc)->docket == chair->docket && tc != deed.tc) {
            deed.tc = tc;
            return faults_sign(model, &deed);
        }
    }
    return chair->proposal;
}

/* Shows each seat one of two proposals, faulty ones both; now and then a seat sees the other. */
static void send_two_proposals(struct model *model, uint16_t number, struct chair_docket *chair,
                               const struct chair_action *action)
{
    struct node *node = &model->nodes[number];
    struct queue_item item = {.kind = QUEUE_PROPOSE, .docket = chair->docket};

    if (chair->other_proposal == 0 ||
        objects_deed(model, chair->other_proposal)->view != action->vote.view) {
        bool is_stale = model_fault(model, node, SETUP_STALE_TC) != NULL;

        chair->other_proposal = is_stale ? make_stale_proposal(model, number, chair)
                                         : make_second_proposal(model, number, chair);
        for (size_t i = 0; i < 2; i++) {
            chair->both_certified[i] = false;
            memset(chair->both_prepares[i], 0,
                   model->setup->seat_count * sizeof(*chair->both_prepares[i]));
        }
    }
    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        struct seat_set one = {{0, 0}};
        bool is_other = is_other_half(model, chair->docket, action->vote.view, seat);

        if (!seat_set_has(&action->seats, seat)) {
            continue;
        }
        seat_set_add(&one, seat);
        if (random_below(&node->own, 4) == 0) {
            is_other = !is_other;
        }
        item.object = is_other ? chair->other_proposal : chair->proposal;
        chair_node_send(model, number, one, item);
        if (model->nodes[seat].is_byzantine) {
            item.object = is_other ? chair->proposal : chair->other_proposal;
            chair_node_send(model, number, one, item);
        }
    }
}

/* Certifies one of the two to the seats that saw it, once it has q PREPAREs. */
static void certify_half(struct model *model, uint16_t number, struct chair_docket *chair,
                         bool is_other)
{
    const struct deed *deed =
        objects_deed(model, is_other ? chair->other_proposal : chair->proposal);
    struct queue_item item = {.kind = QUEUE_CERTIFY, .docket = chair->docket};
    uint32_t deeds[QUORUM_SEATS_MAX];
    struct seat_set seats = {{0, 0}};
    uint16_t count = 0;

    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        if (chair->both_prepares[is_other][seat] != 0) {
            deeds[count++] = chair->both_prepares[is_other][seat];
        }
        if (model->nodes[seat].is_byzantine ||
            is_other_half(model, chair->docket, deed->view, seat) == is_other) {
            seat_set_add(&seats, seat);
        }
    }
    if (count >= model->quorum.quorum_count) {
        chair->both_certified[is_other] = true;
        item.object = objects_make_qc(model, deed, deeds, count);
        chair_node_send(model, number, seats, item);
    }
}

/* Counts the PREPAREs for both proposals: the honest machine takes a seat's first one only. */
static void count_both(struct model *model, uint16_t number, const struct queue_item *item)
{
    struct chair_docket *chair = objects_docket(model, item->docket)->chairs[number];
    const struct deed *deed = objects_deed(model, item->object);

    if (chair == NULL || chair->other_proposal == 0 || deed->kind != ACT_PREPARE ||
        !deed->is_seat || !signing_verify(model, item->object)) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        const struct deed *half =
            objects_deed(model, i == 0 ? chair->proposal : chair->other_proposal);

        if (!chair->both_certified[i] && deed->view == half->view && deed->value == half->value &&
            deed->tc == half->tc) {
            chair->both_prepares[i][deed->signer] = item->object;
            certify_half(model, number, chair, i == 1);
        }
    }
}

/* ---- certificates ---- */

/* The faulty seats' COMMITs to what an honest one has committed to, for this coordinator alone. */
static void lend_commits(struct model *model, uint16_t number, const struct queue_item *item)
{
    struct deed deed = *objects_deed(model, item->object);

    if (model->nodes[deed.signer].is_byzantine || !deed.is_seat || deed.kind != ACT_COMMIT) {
        return;
    }
    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        if (model->nodes[seat].is_byzantine) {
            struct queue_item lent = {
                .kind = QUEUE_COMMIT, .docket = item->docket, .from = seat, .to = number};

            deed.signer = seat;
            lent.object = faults_sign(model, &deed);
            chair_node_deliver(model, number, &lent);
        }
    }
}

/* ---- dockets ---- */

static void open_with(struct model *model, uint16_t number, uint32_t header)
{
    struct node *node = &model->nodes[number];
    uint32_t docket = objects_make_docket(model, node->number, ++node->serial, 0, &header, 1);

    node->old_count++;
    (void)chair_node_open(model, number, docket);
}

/* Opens a docket with some header that it was ever given. */
static void open_old(struct model *model, uint16_t number)
{
    struct node *node = &model->nodes[number];
    uint32_t count = model->headers.count;
    uint32_t start;

    if (count == 0 || node->old_count >= OLD_DOCKETS_MAX) {
        return;
    }
    start = random_below(&node->own, count);
    for (uint32_t step = 0; step < count; step++) {
        uint32_t header = (start + step) % count + 1;

        if (objects_header(model, header)->home == node->number &&
            node->brought[objects_header(model, header)->index] != 0) {
            open_with(model, number, header);
            return;
        }
    }
}

/* Whether coordinator NODE has a docket with the hearing that HEADER asks for. */
static bool has_opened(struct model *model, const struct node *node, const struct header *header)
{
    uint32_t number = model->cases[header->index].hearing;

    for (; number != 0; number = objects_hearing(model, number)->next) {
        const struct hearing *hearing = objects_hearing(model, number);

        if (hearing->attempt == header->attempt &&
            objects_docket(model, hearing->docket)->home == node->number) {
            return true;
        }
    }
    return false;
}

/* Opens what it kept just before the submitter turns to an honest coordinator, whose docket will
 * miss the seats that were told. How long submitters wait is no secret. */
static void open_late(struct model *model, uint16_t number)
{
    struct node *node = &model->nodes[number];
    uint8_t next = (uint8_t)((node->number + 1U) % model->setup->coordinator_count);

    if (model->nodes[model_chair(model, next)].is_byzantine) {
        return;
    }
    for (uint16_t index = 0; index < model->setup->case_count; index++) {
        const struct client_case *client = &model->cases[index];
        bool is_ours = client->header != 0 && client->header == node->brought[index];

        if (is_ours && !client->is_over && node->old_count < OLD_DOCKETS_MAX &&
            client->deadline_us <= model->now_us + faults_strike_us(model) &&
            !has_opened(model, node, objects_header(model, client->header))) {
            open_with(model, number, client->header);
        }
    }
}

/* Takes a submission and says nothing. */
static void keep_case(struct model *model, uint16_t number, const struct queue_item *item)
{
    struct node *node = &model->nodes[number];
    const struct header *header = objects_header(model, item->object);

    if (header->home == node->number) {
        node->bundles[header->index] = 1;
        node->brought[header->index] = item->object;
    }
}

void faults_chair_formed(struct model *model, uint16_t number, uint32_t docket)
{
    struct node *node = &model->nodes[number];
    const struct docket *first = objects_docket(model, docket);
    uint32_t headers[SETUP_CASES_MAX];

    if (model_fault(model, node, SETUP_TWO_DOCKETS) == NULL) {
        return;
    }
    for (uint32_t place = 0; place < first->count; place++) {
        headers[place] = objects_hearing(model, first->first + place)->header;
    }
    (void)chair_node_open(
        model, number,
        objects_make_docket(model, node->number, first->serial, 1, headers, first->count));
}

/* ---- hooks ---- */

bool faults_chair_deliver(struct model *model, uint16_t number, const struct queue_item *item)
{
    const struct node *node = &model->nodes[number];
    const struct setup_fault *fault = model_fault(model, node, SETUP_OLD_HEADER);

    faults_stir(model, number, item);
    if (item->kind == QUEUE_STRIKE) {
        if (fault != NULL && fault->value > 0) {
            open_late(model, number);
        } else if (fault != NULL) {
            open_old(model, number);
        }
        return true;
    }
    if (item->kind == QUEUE_SUBMIT && fault != NULL && fault->value > 0) {
        keep_case(model, number, item);
        return true;
    }
    if (item->kind == QUEUE_PREPARE) {
        count_both(model, number, item);
    }
    if (item->kind == QUEUE_COMMIT) {
        if (model_fault(model, node, SETUP_HIDE_CERTIFICATE) != NULL) {
            lend_commits(model, number, item);
        }
        /* Who hides a lock has no use for its certificate. */
        return model_fault(model, node, SETUP_HIDDEN_LOCK) != NULL;
    }
    return false;
}

bool faults_chair_perform(struct model *model, uint16_t number, struct chair_docket *chair,
                          const struct chair_action *action)
{
    const struct node *node = &model->nodes[number];

    if (action->type == CHAIR_ACTION_SEND_PROPOSE &&
        (model_fault(model, node, SETUP_TWO_PROPOSALS) != NULL ||
         model_fault(model, node, SETUP_STALE_TC) != NULL)) {
        send_two_proposals(model, number, chair, action);
        return true;
    }
    if (action->type == CHAIR_ACTION_SEND_ASSIGN &&
        model_fault(model, node, SETUP_TWO_DOCKETS) != NULL) {
        struct queue_item item = {.kind = QUEUE_ASSIGN, .docket = chair->docket};
        struct seat_set half = {{0, 0}};
        uint32_t variant = objects_docket(model, chair->docket)->variant;

        for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
            if (seat_set_has(&action->seats, seat) &&
                draw_common(model, 0, 0, 900U + seat, 2) == variant) {
                seat_set_add(&half, seat);
            }
        }
        chair_node_send(model, number, half, item);
        return true;
    }
    return false;
}
