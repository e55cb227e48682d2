#include "sim/direct.h"

#include "base/check.h"
#include "sim/content.h"
#include "sim/faults.h"
#include "sim/objects.h"
#include "sim/oracles.h"

#define FLOW_STEP_MS 1

uint64_t direct_nodes(unsigned first, unsigned last)
{
    uint64_t nodes = 0;

    for (unsigned node = first; node <= last; node++) {
        nodes |= UINT64_C(1) << node;
    }
    return nodes;
}

static bool is_in(uint16_t node, uint64_t nodes)
{
    return node == MODEL_CLIENT || (nodes >> node & 1) != 0;
}

void direct_wait(struct model *model, uint32_t ms)
{
    uint64_t until_ms = model_now_ms(model) + ms;

    (void)world_pass(model, until_ms);
    model->now_us = until_ms * 1000;
}

/* Takes the matching messages out of those that are held now; delivers them if IS_DELIVERED. */
static uint32_t sift(struct model *model, unsigned kind, uint64_t from, uint64_t to,
                     bool is_delivered)
{
    size_t count = model->held_count;
    uint32_t matched = 0;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct queue_item item = model->held[i];

        if ((kind != 0 && item.kind != kind) || !is_in(item.from, from) || !is_in(item.to, to)) {
            model->held[kept++] = item;
            continue;
        }
        matched++;
        if (is_delivered) {
            world_deliver(model, &item); /* May hold more, behind COUNT. */
        }
    }
    for (size_t i = count; i < model->held_count; i++) {
        model->held[kept++] = model->held[i];
    }
    model->held_count = kept;
    return matched;
}

uint32_t direct_deliver(struct model *model, unsigned kind, uint64_t from, uint64_t to)
{
    return sift(model, kind, from, to, true);
}

uint32_t direct_drop(struct model *model, unsigned kind, uint64_t from, uint64_t to)
{
    return sift(model, kind, from, to, false);
}

void direct_flow(struct model *model, uint32_t ms, uint64_t from, uint64_t to)
{
    for (uint32_t passed = 0; passed < ms; passed += FLOW_STEP_MS) {
        (void)direct_deliver(model, 0, from, to);
        direct_wait(model, FLOW_STEP_MS);
    }
}

bool direct_release(struct model *model)
{
    bool is_finished;

    model->held_count = 0;
    model->is_held = false;
    is_finished = world_pass(model, model->setup->limit_ms);
    world_end(model);
    return is_finished && model->report->failed == WORLD_OK;
}

void direct_show(struct model *model, enum queue_kind kind, uint16_t from, uint32_t docket,
                 uint32_t object, uint64_t to)
{
    for (uint16_t node = 0; node < model->identity_count; node++) {
        struct queue_item item = {
            .kind = (uint8_t)kind, .from = from, .to = node, .docket = docket, .object = object};

        if ((to >> node & 1) != 0) {
            world_deliver(model, &item);
        }
    }
}

/* The latest deed of SEAT like DEED, as far as DEED says: value and view 0 match any. */
static uint32_t find_deed(struct model *model, uint8_t seat, const struct deed *like)
{
    uint32_t number = objects_docket(model, like->docket)->deeds[seat];

    for (; number != 0; number = objects_deed(model, number)->next) {
        const struct deed *deed = objects_deed(model, number);

        if (deed->kind == like->kind && (like->view == 0 || deed->view == like->view) &&
            (like->value == 0 || deed->value == like->value) &&
            (like->kind != ACT_PREPARE || deed->tc == like->tc)) {
            return number;
        }
    }
    return 0;
}

/* What SEATS have signed like DEED, in seat order; faulty ones sign it now. */
static uint16_t gather(struct model *model, struct deed like, uint64_t seats, uint32_t *deeds)
{
    uint16_t count = 0;

    like.is_seat = true;
    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        if ((seats >> seat & 1) == 0) {
            continue;
        }
        like.signer = seat;
        deeds[count] = find_deed(model, seat, &like);
        if (deeds[count] == 0 && model->nodes[seat].is_byzantine) {
            deeds[count] = faults_sign(model, &like);
        }
        CHECK(deeds[count] != 0);
        count++;
    }
    return count;
}

uint32_t direct_value(struct model *model, uint32_t docket, uint64_t seats)
{
    struct deed like = {.kind = ACT_VERDICT, .docket = docket};
    uint32_t deeds[QUORUM_SEATS_MAX];
    uint16_t count = 0;

    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        uint32_t deed = (seats >> seat & 1) != 0 ? find_deed(model, seat, &like) : 0;

        if (deed != 0) {
            deeds[count++] = objects_deed(model, deed)->content;
        }
    }
    return content_make_value(model, docket, deeds, count);
}

uint32_t direct_propose(struct model *model, uint32_t docket, uint32_t view, uint32_t value,
                        uint32_t tc)
{
    struct deed deed = {
        .kind = ACT_PROPOSE, .docket = docket, .view = view, .value = value, .tc = tc};

    deed.signer =
        quorum_chair(objects_docket(model, docket)->home, view, model->setup->coordinator_count);
    CHECK(model->nodes[model_chair(model, deed.signer)].is_byzantine);
    return faults_sign(model, &deed);
}

uint32_t direct_qc(struct model *model, uint32_t proposal, uint64_t seats)
{
    struct deed like = *objects_deed(model, proposal);
    uint32_t deeds[QUORUM_SEATS_MAX];
    uint16_t count;
    uint32_t qc;

    like.kind = ACT_PREPARE;
    count = gather(model, like, seats, deeds);
    qc = objects_make_qc(model, &like, deeds, count);
    bool is_valid = objects_check_qc(model, qc);

    CHECK(is_valid);
    return qc;
}

uint32_t direct_tc(struct model *model, uint32_t docket, uint32_t view, uint64_t seats)
{
    struct deed like = {.kind = ACT_NEW_VIEW, .docket = docket, .view = view};
    uint32_t deeds[QUORUM_SEATS_MAX];
    uint16_t count = gather(model, like, seats, deeds);
    uint32_t highest = 0;
    uint32_t tc;

    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        const struct seat_docket *of = objects_docket(model, docket)->seats[seat];
        uint32_t qc = (seats >> seat & 1) != 0 && of != NULL && !model->nodes[seat].is_byzantine
                          ? of->asked.qc
                          : 0;

        if (qc != 0 &&
            (highest == 0 || objects_qc(model, qc)->view > objects_qc(model, highest)->view)) {
            highest = qc;
        }
    }
    tc = objects_make_tc(model, docket, view, highest, deeds, count);
    bool is_valid = objects_check_tc(model, tc);

    CHECK(is_valid);
    return tc;
}

uint32_t direct_certificate(struct model *model, uint32_t docket, uint32_t view, uint32_t value,
                            uint64_t seats)
{
    struct deed like = {.kind = ACT_COMMIT, .docket = docket, .view = view, .value = value};
    uint32_t deeds[QUORUM_SEATS_MAX];
    uint16_t count = gather(model, like, seats, deeds);

    return objects_make_certificate(model, docket, view, value, deeds, count);
}

uint8_t direct_count_commits(struct model *model, uint32_t docket, uint32_t view, uint32_t value,
                             uint64_t seats)
{
    struct deed like = {.kind = ACT_COMMIT, .docket = docket, .view = view, .value = value};
    uint8_t count = 0;

    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        if ((seats >> seat & 1) != 0 && find_deed(model, seat, &like) != 0) {
            count++;
        }
    }
    return count;
}
