#include "sim/life.h"

#include <string.h>

#include "base/check.h"
#include "sim/chair_node.h"
#include "sim/network.h"
#include "sim/objects.h"
#include "sim/seat_node.h"
#include "sim/trace.h"

#define NO_CRASH      UINT32_MAX
#define DOWN_MS       500 /* Where the fault says nothing about it. */
#define UNSYNCED_LATE 2   /* Actions between what is lost and the crash: stored, sent. */
#define LOST_ROW_LATE 5

static bool is_crash(enum setup_strategy strategy)
{
    return strategy == SETUP_CRASH || strategy == SETUP_OLD_BACKUP || strategy == SETUP_LOST_ROW ||
           strategy == SETUP_UNSYNCED;
}

/* The fault that stops NODE next, counted in its actions. */
static const struct setup_fault *next_crash(const struct model *model, const struct node *node)
{
    const struct setup_fault *next = NULL;

    for (size_t i = 0; i < model->setup->fault_count; i++) {
        const struct setup_fault *fault = &model->setup->faults[i];

        if (fault->node == node->number && fault->is_seat == node->is_seat &&
            is_crash(fault->strategy) && fault->value >= node->actions &&
            (node->life == 0 || fault->value > node->crashed_at) &&
            (next == NULL || fault->value < next->value)) {
            next = fault;
        }
    }
    return next;
}

static void aim(struct model *model, uint16_t number)
{
    struct node *node = &model->nodes[number];

    node->crash = next_crash(model, node);
    node->crash_at = node->crash == NULL ? NO_CRASH : node->crash->value;
    node->backup_at = NO_CRASH;
    if (node->crash != NULL && node->crash->strategy == SETUP_OLD_BACKUP) {
        node->backup_at =
            node->crash_at > node->crash->other ? node->crash_at - node->crash->other : 0;
    }
}

void life_init(struct model *model, uint16_t number)
{
    aim(model, number);
}

/* ---- disks that give back something else ---- */

/* Copies of everything that NODE keeps, as it is now. */
static void back_up(struct model *model, uint16_t number)
{
    struct node *node = &model->nodes[number];

    node->backup_count = model->dockets.count;
    node->backup = memory_take(&model->memory, (node->backup_count + 1) * sizeof(void *));
    for (uint32_t docket = 1; docket <= node->backup_count; docket++) {
        const struct docket *of = objects_docket(model, docket);
        size_t size = node->is_seat ? sizeof(struct seat_docket) : sizeof(struct chair_docket);
        const void *source =
            node->is_seat ? (const void *)of->seats[number] : (const void *)of->chairs[number];

        if (source != NULL) {
            node->backup[docket] = memory_take(&model->memory, size);
            memcpy(node->backup[docket], source, size);
        }
    }
}

/* A coordinator's backup is of its signing too: its serial goes back with it. */
static void restore(struct model *model, uint16_t number)
{
    struct node *node = &model->nodes[number];

    for (uint32_t docket = 1; docket <= model->dockets.count; docket++) {
        struct docket *of = objects_docket(model, docket);
        void *copy = docket <= node->backup_count ? node->backup[docket] : NULL;

        if (node->is_seat) {
            of->seats[number] = copy;
        } else {
            of->chairs[number] = copy;
        }
    }
    node->backup = NULL;
}

/* ---- crashes ---- */

bool life_is_linked(const struct model *model, uint16_t seat, uint16_t chair)
{
    return model->nodes[seat].is_up && model->nodes[chair].is_up &&
           !network_is_cut(model, seat, chair);
}

/* What is in memory is gone. */
static void close_dockets(struct model *model, uint16_t number)
{
    for (uint32_t docket = 1; docket <= model->dockets.count; docket++) {
        const struct docket *of = objects_docket(model, docket);

        if (of->seats[number] != NULL) {
            of->seats[number]->is_open = false;
        }
        if (of->chairs[number] != NULL) {
            of->chairs[number]->is_open = false;
        }
    }
}

/* Everybody on the other side learns of it, after a while. */
static void tell(struct model *model, uint16_t number, enum queue_kind kind, uint32_t delay_ms)
{
    const struct node *node = &model->nodes[number];
    struct queue_item item = {.kind = (uint8_t)kind, .object = node->number};

    for (uint16_t other = 0; other < model->node_count; other++) {
        if (model->nodes[other].is_seat != node->is_seat && model->nodes[other].is_up) {
            network_plan(model, other, UINT64_C(1000) * delay_ms, item);
        }
    }
}

void life_crash(struct model *model, uint16_t number, uint32_t down_ms)
{
    struct node *node = &model->nodes[number];
    struct queue_item item = {.kind = QUEUE_RESTART};

    trace_action(model, number, "crash", 300, 0, NULL);
    node->is_up = false;
    node->life++;
    close_dockets(model, number);
    if (!node->is_seat) {
        tell(model, number, QUEUE_LINK_LOST, LIFE_SILENCE_MS);
    }
    if (down_ms != 0) {
        network_plan(model, number, UINT64_C(1000) * down_ms, item);
    }
}

static uint32_t down_ms(const struct setup_fault *fault)
{
    return fault->strategy == SETUP_CRASH ? fault->other : DOWN_MS;
}

static void crash_as_planned(struct model *model, uint16_t number)
{
    struct node *node = &model->nodes[number];
    const struct setup_fault *crash = node->crash;

    if (node->backup != NULL) {
        restore(model, number);
    }
    node->crashed_at = node->crash_at;
    life_crash(model, number, down_ms(crash));
    aim(model, number);
}

/* Whether NODE crashes now. With a bad disk it first stores something that will be lost, and goes
 * on for a while. */
static bool is_due(struct model *model, uint16_t number, bool is_storing)
{
    struct node *node = &model->nodes[number];
    bool is_lossy =
        node->crash->strategy == SETUP_LOST_ROW || node->crash->strategy == SETUP_UNSYNCED;

    if (!is_lossy) {
        return true;
    }
    if (node->backup == NULL) {
        if (is_storing) {
            back_up(model, number);
            node->lost_at =
                node->actions +
                (node->crash->strategy == SETUP_UNSYNCED ? UNSYNCED_LATE : LOST_ROW_LATE);
        }
        return false;
    }
    return node->actions >= node->lost_at;
}

bool life_may_act(struct model *model, uint16_t number, bool is_storing)
{
    struct node *node = &model->nodes[number];

    if (!node->is_up) {
        return false;
    }
    if (node->actions >= node->backup_at && node->backup == NULL) {
        back_up(model, number);
    }
    if (node->actions >= node->crash_at && model_now_ms(model) < model->setup->settled_ms &&
        is_due(model, number, is_storing)) {
        crash_as_planned(model, number);
        return false;
    }
    node->actions++;
    return true;
}

void life_restart(struct model *model, uint16_t number)
{
    struct node *node = &model->nodes[number];

    node->is_up = true;
    if (node->is_seat) {
        seat_node_start(model, number);
    } else {
        chair_node_start(model, number);
    }
    if (node->is_up) {
        tell(model, number, QUEUE_LINK_UP, 0);
        for (uint16_t other = 0; node->is_seat && other < model->node_count; other++) {
            struct queue_item item = {.kind = QUEUE_LINK_UP, .object = model->nodes[other].number};

            if (!model->nodes[other].is_seat && life_is_linked(model, number, other)) {
                network_plan(model, number, 0, item);
            }
        }
    }
}
