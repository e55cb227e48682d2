#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/chair_node.h"
#include "sim/client_node.h"
#include "sim/content.h"
#include "sim/faults.h"
#include "sim/life.h"
#include "sim/model.h"
#include "sim/network.h"
#include "sim/objects.h"
#include "sim/oracles.h"
#include "sim/seat_node.h"
#include "sim/signing.h"
#include "sim/trace.h"

const char *world_oracle_name(enum world_oracle oracle)
{
    static const char *const names[] = {
        [WORLD_OK] = "ok",
        [WORLD_AGREEMENT] = "agreement",
        [WORLD_CERTIFICATE] = "certificate",
        [WORLD_ONE_VOTE] = "one vote",
        [WORLD_DURABLE] = "durable",
        [WORLD_LOCK] = "lock",
        [WORLD_ONE_CONCLUSION] = "one conclusion",
        [WORLD_ACCUSED] = "accused",
        [WORLD_VALIDITY] = "validity",
        [WORLD_CULPRITS] = "culprits",
        [WORLD_LIVENESS] = "liveness",
    };

    CHECK(oracle < WORLD_ORACLE_COUNT);
    return names[oracle];
}

/* ---- beginning ---- */

static void init_tables(struct model *model)
{
    table_init(&model->headers, sizeof(struct header));
    table_init(&model->hearings, sizeof(struct hearing));
    table_init(&model->dockets, sizeof(struct docket));
    table_init(&model->deeds, sizeof(struct deed));
    table_init(&model->verdicts, sizeof(struct verdict));
    table_init(&model->values, sizeof(struct value));
    table_init(&model->qcs, sizeof(struct qc));
    table_init(&model->tcs, sizeof(struct tc));
    table_init(&model->certificates, sizeof(struct certificate));
    table_init(&model->pots, sizeof(struct pot));
}

static void init_quorum(struct model *model)
{
    const struct setup *setup = model->setup;
    bool is_council = quorum_init(&model->quorum, setup->seat_count, setup->faulty_max);

    CHECK(is_council);
    if (model_flawed(model, FLAW_TWO_F_PLUS_ONE)) {
        model->quorum.quorum_count = (uint8_t)(2 * setup->faulty_max + 1);
    } else if (model_flawed(model, FLAW_MAJORITY)) {
        model->quorum.quorum_count = (uint8_t)(setup->seat_count / 2 + 1);
    }
}

static struct node *node_of(struct model *model, const struct setup_fault *fault)
{
    uint16_t number = fault->is_seat ? fault->node : model_chair(model, fault->node);

    CHECK(fault->node <
          (fault->is_seat ? model->setup->seat_count : model->setup->coordinator_count));
    return &model->nodes[number];
}

static void note_faults(struct model *model)
{
    for (size_t i = 0; i < model->setup->fault_count; i++) {
        const struct setup_fault *fault = &model->setup->faults[i];
        struct node *node = node_of(model, fault);

        if (fault->strategy == SETUP_HONEST) {
            continue;
        }
        node->strategies |= UINT64_C(1) << fault->strategy;
        if (fault->strategy != SETUP_CRASH) {
            node->is_byzantine = true;
        } else if (fault->other == 0) {
            node->is_gone = true;
        }
    }
}

static uint16_t count_twins(const struct setup *setup)
{
    uint16_t count = 0;

    for (size_t i = 0; i < setup->fault_count; i++) {
        count = (uint16_t)(count + (setup->faults[i].strategy == SETUP_TWINS ? 1 : 0));
    }
    return count;
}

static void init_node(struct model *model, uint16_t number)
{
    const struct setup *setup = model->setup;
    struct node *node = &model->nodes[number];

    node->is_up = true;
    node->chance.state = objects_mix(objects_mix(model->seed, 1), number);
    node->own.state = objects_mix(objects_mix(model->seed, 2), number);
    if (!node->is_seat) {
        node->waiting = memory_take(&model->memory, setup->case_count * sizeof(uint32_t));
        node->brought = memory_take(&model->memory, setup->case_count * sizeof(uint32_t));
        node->bundles = memory_take(&model->memory, setup->case_count);
    }
    life_init(model, number);
}

static void init_nodes(struct model *model)
{
    const struct setup *setup = model->setup;
    uint16_t next;

    model->identity_count = (uint16_t)(setup->seat_count + setup->coordinator_count);
    model->node_count = (uint16_t)(model->identity_count + count_twins(setup));
    CHECK(model->node_count <= MODEL_NODES_MAX);
    model->nodes = memory_take(&model->memory, model->node_count * sizeof(*model->nodes));
    for (uint16_t number = 0; number < model->identity_count; number++) {
        model->nodes[number].is_seat = number < setup->seat_count;
        model->nodes[number].number =
            (uint8_t)(number < setup->seat_count ? number : number - setup->seat_count);
    }
    note_faults(model);
    next = model->identity_count;
    for (uint16_t number = 0; number < model->identity_count; number++) {
        struct node *node = &model->nodes[number];

        if (model_has(node, SETUP_TWINS) && next < model->node_count) {
            model->nodes[next] = *node;
            node->twin = next++;
        }
        model->byzantine_count =
            (uint8_t)(model->byzantine_count + (node->is_seat && node->is_byzantine ? 1 : 0));
    }
    for (uint16_t number = 0; number < model->node_count; number++) {
        init_node(model, number);
    }
}

/* Whoever a partition separates learns of it; and when it is over. */
static void plan_partition(struct model *model, const struct setup_partition *partition)
{
    for (uint16_t seat = 0; seat < model->node_count; seat++) {
        for (uint16_t chair = 0; chair < model->node_count; chair++) {
            const struct node *a = &model->nodes[seat];
            const struct node *b = &model->nodes[chair];
            struct queue_item item = {.object = b->number};
            bool is_here = a->is_seat && seat_set_has(&partition->seats, a->number);
            bool is_there = !b->is_seat && (partition->chairs >> b->number & 1) != 0;

            if (!a->is_seat || b->is_seat || is_here == is_there) {
                continue;
            }
            item.kind = QUEUE_LINK_LOST;
            network_plan(model, seat, 1000 * (partition->from_ms + LIFE_SILENCE_MS), item);
            item.kind = QUEUE_LINK_UP;
            network_plan(model, seat, 1000 * partition->until_ms, item);
            item.object = a->number;
            network_plan(model, chair, 1000 * partition->until_ms, item);
        }
    }
}

static void init(struct model *model, const struct setup *setup, uint64_t seed,
                 struct world_report *report, struct buffer *trace)
{
    CHECK(setup->coordinator_count >= 1);
    CHECK(setup->coordinator_count <= QUORUM_COORDINATORS_MAX);
    CHECK(setup->phase_count >= 1);
    CHECK(setup->criterion_count <= SETUP_CRITERIA_MAX);
    CHECK(setup->case_count <= SETUP_CASES_MAX);

    *report = (struct world_report){0};
    model->setup = setup;
    model->seed = seed;
    model->report = report;
    model->trace = trace;
    model->client.state = objects_mix(seed, 3);
    init_tables(model);
    init_quorum(model);
    init_nodes(model);
    signing_init(model);
    model->cases = memory_take(&model->memory, setup->case_count * sizeof(*model->cases));
    for (uint16_t index = 0; index < setup->case_count; index++) {
        content_init_case(model, index);
    }
    client_node_init(model);
    for (size_t i = 0; i < setup->partition_count; i++) {
        plan_partition(model, &setup->partitions[i]);
    }
    faults_init(model);
}

/* ---- the end ---- */

static bool is_docket_open(struct model *model, uint32_t number)
{
    const struct docket *docket = objects_docket(model, number);

    for (uint16_t i = 0; i < model->identity_count; i++) {
        const struct node *node = &model->nodes[i];
        const struct seat_docket *seat = docket->seats[i];
        const struct chair_docket *chair = docket->chairs[i];

        if (node->is_byzantine || node->is_gone) {
            continue;
        }
        if ((seat != NULL && seat->certificate == 0) ||
            (chair != NULL && chair->certificate == 0)) {
            (void)snprintf(model->undecided, sizeof(model->undecided), "docket %u at %s %u", number,
                           node->is_seat ? "seat" : "coordinator", node->number);
            return true;
        }
    }
    return false;
}

/* Whether there is nothing left that anybody is owed. */
static bool is_finished(struct model *model)
{
    for (uint16_t index = 0; index < model->setup->case_count; index++) {
        if (!model->cases[index].is_over) {
            (void)snprintf(model->undecided, sizeof(model->undecided), "case %u", index);
            return false;
        }
    }
    for (uint32_t number = 1; number <= model->dockets.count; number++) {
        if (is_docket_open(model, number)) {
            return false;
        }
    }
    return true;
}

/* ---- events ---- */

static bool is_of_this_life(const struct node *node, const struct queue_item *item)
{
    switch (item->kind) {
    case QUEUE_ASSESSED:
    case QUEUE_COMPUTED:
    case QUEUE_TIMER:
    case QUEUE_FETCHING:
        return item->life == node->life;
    default:
        return true;
    }
}

void world_deliver(struct model *model, const struct queue_item *item)
{
    const struct node *node;

    if (item->to == MODEL_CLIENT) {
        trace_event(model, item);
        client_node_deliver(model, item);
        return;
    }
    node = &model->nodes[item->to];
    if (item->kind == QUEUE_RESTART) {
        trace_event(model, item);
        life_restart(model, item->to);
        return;
    }
    if (!node->is_up || !is_of_this_life(node, item)) {
        return;
    }
    trace_event(model, item);
    if (item->kind < QUEUE_MESSAGE_COUNT) {
        model->report->delivered_count++;
    }
    if (node->is_seat) {
        seat_node_deliver(model, item->to, item);
    } else {
        chair_node_deliver(model, item->to, item);
    }
}

static void advance(struct model *model, uint64_t now_us)
{
    const struct setup *setup = model->setup;

    model->now_us = now_us;
    while (model->phase + 1 < setup->phase_count &&
           setup->phases[model->phase + 1].from_ms <= model_now_ms(model)) {
        model->phase++;
    }
}

/* When a run ends that comes to no end: where nobody is owed one, soon after the attacks. */
static uint64_t limit_ms(const struct model *model)
{
    uint64_t limit = model->setup->limit_ms;

    if (!oracles_is_progress_owed(model) && limit > 2 * model->setup->settled_ms) {
        limit = 2 * model->setup->settled_ms;
    }
    return limit;
}

/* Until everything has ended, and a little longer: what comes too late must do no harm. */
bool world_pass(struct model *model, uint64_t until_ms)
{
    uint64_t end_us = until_ms * 1000;
    bool is_over = false;
    struct queue_item item;

    while (model->report->failed == WORLD_OK && queue_take(&model->queue, &item)) {
        if (item.due_us > end_us) {
            queue_put(&model->queue, &item);
            break;
        }
        advance(model, item.due_us);
        world_deliver(model, &item);
        if (model->is_settling) {
            model->is_settling = false;
            if (is_finished(model) != is_over) {
                is_over = !is_over;
                end_us = is_over ? model->now_us + UINT64_C(2000) * model->setup->repeat_ms
                                 : until_ms * 1000;
            }
        }
    }
    return is_finished(model);
}

/* ---- worlds ---- */

struct world {
    struct model model;
};

struct world *world_create(void)
{
    struct world *world = calloc(1, sizeof(*world));

    CHECK(world != NULL);
    return world;
}

void world_destroy(struct world *world)
{
    if (world != NULL) {
        queue_finish(&world->model.queue);
        memory_finish(&world->model.memory);
        free(world->model.held);
        free(world);
    }
}

/* Everything anew, but for the memory. */
static void clear(struct model *model)
{
    struct memory memory = model->memory;
    struct queue queue = model->queue;

    memory_clear(&memory);
    queue_clear(&queue);
    free(model->held);
    *model = (struct model){0};
    model->memory = memory;
    model->queue = queue;
}

void world_run_in(struct world *world, const struct setup *setup, uint64_t seed,
                  struct world_report *out, struct buffer *trace)
{
    struct model *model = &world->model;

    clear(model);
    init(model, setup, seed, out, trace);
    oracles_finish(model, world_pass(model, limit_ms(model)));
    signing_finish(model);
}

struct model *world_begin(struct world *world, const struct setup *setup, uint64_t seed,
                          struct world_report *out, struct buffer *trace)
{
    clear(&world->model);
    init(&world->model, setup, seed, out, trace);
    world->model.is_held = true;
    return &world->model;
}

void world_end(struct model *model)
{
    oracles_finish(model, is_finished(model));
    signing_finish(model);
}

void world_run(const struct setup *setup, uint64_t seed, struct world_report *out,
               struct buffer *trace)
{
    struct world *world = world_create();

    world_run_in(world, setup, seed, out, trace);
    world_destroy(world);
}
