#include "sim/faults.h"

#include "base/check.h"
#include "sim/content.h"
#include "sim/network.h"
#include "sim/objects.h"
#include "sim/signing.h"

#define NOISE_VIEWS   4
#define DEEDS_MAX     200000 /* Of one run: noise ends there. */
#define STRIKE_FACTOR 2      /* Strikes per repeat_ms. */
#define TRICK_US      2000   /* Of a faulty node's time ... */
#define BURST_US      100000 /* ... which it may spend so far ahead. */

static bool strikes(const struct node *node)
{
    return model_has(node, SETUP_EARLY_VIEW) || model_has(node, SETUP_REPLAY) ||
           model_has(node, SETUP_OLD_HEADER);
}

void faults_init(struct model *model)
{
    struct queue_item item = {.kind = QUEUE_STRIKE};

    for (uint16_t number = 0; number < model->node_count; number++) {
        if (strikes(&model->nodes[number])) {
            network_plan(model, number, faults_strike_us(model), item);
        }
        if (model_has(&model->nodes[number], SETUP_REPLAY)) {
            model->nodes[number].seen =
                memory_take(&model->memory, MODEL_SEEN_MAX * sizeof(struct queue_item));
        }
    }
}

uint64_t faults_strike_us(const struct model *model)
{
    return UINT64_C(1000) * model->setup->repeat_ms / STRIKE_FACTOR;
}

bool faults_may(struct model *model, struct node *node)
{
    if (node->busy_us > model->now_us + BURST_US) {
        return false;
    }
    node->busy_us = (node->busy_us > model->now_us ? node->busy_us : model->now_us) + TRICK_US;
    return true;
}

uint32_t faults_sign(struct model *model, const struct deed *deed)
{
    uint16_t identity =
        (uint16_t)(deed->is_seat ? deed->signer : model->setup->seat_count + deed->signer);
    uint32_t number = objects_docket(model, deed->docket)->deeds[identity];

    for (; number != 0; number = objects_deed(model, number)->next) {
        const struct deed *earlier = objects_deed(model, number);

        if (earlier->kind == deed->kind && earlier->view == deed->view &&
            earlier->value == deed->value && earlier->tc == deed->tc &&
            earlier->qc_view == deed->qc_view && earlier->qc_value == deed->qc_value) {
            return number;
        }
    }
    return signing_sign(model, deed);
}

/* ---- replay ---- */

static void remember(struct model *model, struct node *node, const struct queue_item *item)
{
    if (node->seen != NULL && item->kind < QUEUE_MESSAGE_COUNT && item->docket != 0) {
        uint32_t place = node->seen_count < MODEL_SEEN_MAX
                             ? node->seen_count++
                             : random_below(&node->own, MODEL_SEEN_MAX);

        node->seen[place] = *item;
    }
    (void)model;
}

/* Some node on the other side. */
static uint16_t draw_target(struct model *model, struct node *node)
{
    if (node->is_seat) {
        return model_chair(model,
                           (uint8_t)random_below(&node->own, model->setup->coordinator_count));
    }
    return (uint16_t)random_below(&node->own, model->setup->seat_count);
}

static void replay(struct model *model, uint16_t number)
{
    struct node *node = &model->nodes[number];
    struct queue_item item;

    if (node->seen_count == 0) {
        return;
    }
    item = node->seen[random_below(&node->own, node->seen_count)];
    item.from = number;
    item.to = draw_target(model, node);
    network_send(model, &item);
}

/* ---- noise ---- */

static uint32_t draw_value(struct model *model, struct node *node, const struct docket *docket,
                           uint32_t number)
{
    uint32_t pick = random_below(&node->own, docket->value_count + 1);

    if (pick < docket->value_count) {
        return docket->values[pick];
    }
    return content_make_nonsense(model, number, random_below(&node->own, 4));
}

static void make_noise(struct model *model, uint16_t number, uint32_t docket)
{
    static const uint8_t seat_kinds[] = {ACT_PREPARE, ACT_COMMIT, ACT_NEW_VIEW};
    static const uint8_t messages[] = {QUEUE_PREPARE, QUEUE_COMMIT, QUEUE_NEW_VIEW};
    struct node *node = &model->nodes[number];
    uint32_t pick = random_below(&node->own, 3);
    struct deed deed = {.is_seat = node->is_seat, .signer = node->number, .docket = docket};
    struct queue_item item = {.from = number, .docket = docket};

    if (model->deeds.count > DEEDS_MAX) {
        return;
    }
    deed.kind = node->is_seat ? seat_kinds[pick] : ACT_PROPOSE;
    item.kind = node->is_seat ? messages[pick] : QUEUE_PROPOSE;
    deed.view = 1 + random_below(&node->own, NOISE_VIEWS);
    deed.value = draw_value(model, node, objects_docket(model, docket), docket);
    if (deed.value == 0) {
        return;
    }
    if (deed.kind == ACT_NEW_VIEW) {
        deed.qc_view = random_below(&node->own, deed.view);
        deed.qc_value = deed.qc_view == 0 ? 0 : deed.value;
        deed.value = 0;
    }
    item.object = faults_sign(model, &deed);
    item.to = draw_target(model, node);
    network_send(model, &item);
}

void faults_stir(struct model *model, uint16_t number, const struct queue_item *item)
{
    struct node *node = &model->nodes[number];

    remember(model, node, item);
    if (item->kind == QUEUE_STRIKE) {
        network_plan(model, number, faults_strike_us(model),
                     (struct queue_item){.kind = QUEUE_STRIKE});
    }
    if (model_fault(model, node, SETUP_REPLAY) != NULL && random_below(&node->own, 4) == 0 &&
        faults_may(model, node)) {
        replay(model, number);
    }
    if (item->docket != 0 && item->from != number &&
        model_fault(model, node, SETUP_NOISE) != NULL && random_below(&node->own, 2) == 0 &&
        faults_may(model, node)) {
        make_noise(model, number, item->docket);
    }
}

/* ---- what goes out ---- */

/* The same message in another seat's name. */
static void forge(struct model *model, uint16_t number, const struct queue_item *item)
{
    struct node *node = &model->nodes[number];
    struct queue_item copy = *item;
    struct deed deed;

    if (item->kind != QUEUE_PREPARE && item->kind != QUEUE_COMMIT && item->kind != QUEUE_NEW_VIEW) {
        return;
    }
    deed = *objects_deed(model, item->object);
    deed.signer = (uint8_t)random_below(&node->own, model->setup->seat_count);
    deed.validity = 0;
    copy.object = signing_forge(model, &deed);
    network_send(model, &copy);
}

bool faults_send(struct model *model, uint16_t number, struct queue_item *item)
{
    struct node *node = &model->nodes[number];
    const struct setup_fault *fault;

    if (node->is_mute || model_fault(model, node, SETUP_SILENT) != NULL) {
        return false;
    }
    fault = model_fault(model, node, SETUP_SELECTIVE);
    if (fault != NULL && item->to != MODEL_CLIENT &&
        (fault->value >> model->nodes[item->to].number % 32 & 1) == 0) {
        return false;
    }
    if (!node->is_seat && !faults_chair_shows(model, number, item)) {
        return false;
    }
    remember(model, node, item);
    if (model_fault(model, node, SETUP_FORGE) != NULL && faults_may(model, node)) {
        forge(model, number, item);
    }
    fault = model_fault(model, node, SETUP_FLOOD);
    for (uint32_t i = 0; fault != NULL && i < fault->value && faults_may(model, node); i++) {
        network_send(model, item);
    }
    fault = model_fault(model, node, SETUP_LATE);
    if (fault != NULL) {
        network_send_late(model, item, fault->value);
        return false;
    }
    return true;
}
