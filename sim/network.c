#include "sim/network.h"

#include <stdlib.h>

#include "base/check.h"
#include "sim/objects.h"

#define MILLION    1000000U
#define ONE        65536 /* Fixed point, 16 bits behind the point. */
#define LOG2_E     94548 /* Of 2 to the x, in fixed point: */
#define POWER_1    45426
#define POWER_2    15743
#define POWER_3    3638
#define POWER_4    630
#define EXPONENT_0 64 /* Added before the sign could matter. */

/* ---- chance ---- */

/* Of the standard normal distribution in fixed point: twelve even numbers, added. */
static int64_t draw_normal(struct random *random)
{
    int64_t sum = 0;

    for (int i = 0; i < 3; i++) {
        uint64_t word = random_next(random);

        sum += (int64_t)(word & 0xFFFF) + (int64_t)(word >> 16 & 0xFFFF) +
               (int64_t)(word >> 32 & 0xFFFF) + (int64_t)(word >> 48);
    }
    return sum - INT64_C(6) * ONE;
}

/* e to the X; both in fixed point, |X| below 20. */
static uint64_t power_of_e(int64_t x)
{
    uint64_t y = (uint64_t)(x * LOG2_E / ONE + (int64_t)EXPONENT_0 * ONE);
    uint64_t whole = y / ONE;
    uint64_t part = y % ONE;
    uint64_t power = POWER_4;

    power = POWER_3 + power * part / ONE;
    power = POWER_2 + power * part / ONE;
    power = POWER_1 + power * part / ONE;
    power = ONE + power * part / ONE;
    if (whole >= EXPONENT_0) {
        uint64_t left = whole - EXPONENT_0;

        return power << (left < 30 ? left : 30);
    }
    uint64_t right = EXPONENT_0 - whole;

    return power >> (right < 30 ? right : 30);
}

static uint32_t clamp(int64_t number)
{
    if (number < 0) {
        return 0;
    }
    return number > INT32_MAX ? INT32_MAX : (uint32_t)number;
}

uint32_t network_draw(const struct setup_delay *delay, struct random *random)
{
    int64_t z;

    switch (delay->kind) {
    case SETUP_DELAY_FIXED:
        return delay->a;
    case SETUP_DELAY_UNIFORM:
        return delay->b <= delay->a ? delay->a
                                    : delay->a + random_below(random, delay->b - delay->a + 1);
    case SETUP_DELAY_NORMAL:
        z = draw_normal(random);
        return clamp((int64_t)delay->a + z * (int64_t)delay->b / ONE);
    case SETUP_DELAY_LOG_NORMAL:
        z = draw_normal(random);
        z = z * (int64_t)(delay->b < 3000 ? delay->b : 3000) / 1000;
        return clamp((int64_t)(delay->a * power_of_e(z) / ONE));
    case SETUP_DELAY_MATRIX:
        return random_below(random, delay->b + 1);
    default:
        CHECK_UNREACHABLE();
    }
}

static bool happens(struct random *random, uint32_t chance)
{
    return chance != 0 && random_below(random, MILLION) < chance;
}

/* ---- links ---- */

static struct random *chance_of(struct model *model, uint16_t from)
{
    return from == MODEL_CLIENT ? &model->client : &model->nodes[from].chance;
}

static uint64_t draw_delay(struct model *model, const struct setup_phase *phase, uint16_t from,
                           uint16_t to)
{
    uint64_t delay_us = network_draw(&phase->delay, chance_of(model, from));

    if (phase->delay.kind == SETUP_DELAY_MATRIX && from != MODEL_CLIENT && to != MODEL_CLIENT) {
        size_t row = model_identity(model, &model->nodes[from]);

        delay_us +=
            model->setup
                ->matrix[row * model->identity_count + model_identity(model, &model->nodes[to])];
    }
    if (to != MODEL_CLIENT && model->nodes[to].is_seat) {
        delay_us += delay_us * phase->asymmetry / MILLION;
    }
    return delay_us;
}

static bool is_on_side(const struct model *model, const struct setup_partition *partition,
                       uint16_t number)
{
    const struct node *node = &model->nodes[number];

    return node->is_seat ? seat_set_has(&partition->seats, node->number)
                         : (partition->chairs >> node->number & 1) != 0;
}

bool network_is_cut(const struct model *model, uint16_t from, uint16_t to)
{
    uint64_t now_ms = model_now_ms(model);

    if (from == MODEL_CLIENT || to == MODEL_CLIENT || now_ms >= model->setup->settled_ms) {
        return false;
    }
    for (size_t i = 0; i < model->setup->partition_count; i++) {
        const struct setup_partition *partition = &model->setup->partitions[i];

        if (now_ms >= partition->from_ms && now_ms < partition->until_ms &&
            is_on_side(model, partition, from) != is_on_side(model, partition, to)) {
            return true;
        }
    }
    return false;
}

/* When the link lets a message of now through. */
static uint64_t unclogged_us(struct model *model, const struct setup_phase *phase, uint16_t from,
                             uint16_t to)
{
    struct random *random = chance_of(model, from);
    uint64_t *until_us;

    if (phase->clog == 0 || from == MODEL_CLIENT || to == MODEL_CLIENT) {
        return model->now_us;
    }
    if (model->clogged_us == NULL) {
        model->clogged_us = memory_take(&model->memory, (size_t)model->node_count *
                                                            model->node_count * sizeof(uint64_t));
    }
    until_us = &model->clogged_us[(size_t)from * model->node_count + to];
    if (*until_us <= model->now_us && happens(random, phase->clog)) {
        *until_us = model->now_us + UINT64_C(1000) * random_below(random, phase->clog_ms + 1);
    }
    return *until_us > model->now_us ? *until_us : model->now_us;
}

static void send_to(struct model *model, struct queue_item item, uint32_t extra_ms)
{
    const struct setup_phase *phase = &model->setup->phases[model->phase];
    bool is_healthy = model_now_ms(model) >= model->setup->settled_ms;
    struct random *random = chance_of(model, item.from);
    uint32_t copies = 1;
    uint64_t from_us = model->now_us + UINT64_C(1000) * extra_ms;

    if (!is_healthy) {
        if (happens(random, phase->loss) || network_is_cut(model, item.from, item.to)) {
            return;
        }
        copies += happens(random, phase->duplicate) ? 1 : 0;
        from_us += unclogged_us(model, phase, item.from, item.to) - model->now_us;
    }
    for (uint32_t copy = 0; copy < copies; copy++) {
        item.due_us = from_us + draw_delay(model, phase, item.from, item.to);
        if (!is_healthy && happens(random, phase->reorder)) {
            item.due_us += draw_delay(model, phase, item.from, item.to);
        }
        queue_put(&model->queue, &item);
    }
}

static void hold(struct model *model, const struct queue_item *item)
{
    if (model->held_count == model->held_max) {
        model->held_max = model->held_max == 0 ? 256 : model->held_max * 2;
        model->held = realloc(model->held, model->held_max * sizeof(*model->held));
        CHECK(model->held != NULL);
    }
    model->held[model->held_count++] = *item;
}

void network_send_late(struct model *model, const struct queue_item *item, uint32_t extra_ms)
{
    uint64_t size = network_size(model, item);

    model->report->message_count++;
    model->report->message_counts[item->kind]++;
    model->report->byte_count += size;
    model->report->byte_counts[item->kind] += size;
    if (model->is_held) {
        hold(model, item);
        return;
    }
    send_to(model, *item, extra_ms);
    if (item->to != MODEL_CLIENT && model->nodes[item->to].twin != 0) {
        struct queue_item copy = *item;

        copy.to = model->nodes[item->to].twin;
        send_to(model, copy, extra_ms);
    }
}

void network_send(struct model *model, const struct queue_item *item)
{
    network_send_late(model, item, 0);
}

void network_plan(struct model *model, uint16_t node, uint64_t delay_us, struct queue_item item)
{
    item.due_us = model->now_us + delay_us;
    item.from = node;
    item.to = node;
    item.life = node == MODEL_CLIENT ? 0 : model->nodes[node].life;
    queue_put(&model->queue, &item);
}

/* ---- sizes ---- */

/* Bytes as proto/ encodes them; parts are counted with their framing. */
enum {
    SIZE_DIGEST = 34,
    SIZE_SIGNED = 70,
    SIZE_HEADER = 284,
    SIZE_DOCKET = 148,
    SIZE_VERDICT = 110,
    SIZE_ENTRY = 38,
    SIZE_ANSWER = 35,
    SIZE_SHEET = 16,
    SIZE_PROPOSE = 240,
    SIZE_PREPARE = 211,
    SIZE_VOTE = 72,
    SIZE_QC = 143,
    SIZE_REPORT = 179,
    SIZE_STATEMENT = 700,
    SIZE_SUBJECT = 330,
    SIZE_ENVELOPE_VOTE = 180,
    SIZE_SMALL = 72,
};

static uint64_t qc_size(struct model *model, uint32_t qc)
{
    return qc == 0 ? 0 : SIZE_QC + (uint64_t)SIZE_VOTE * objects_qc(model, qc)->count;
}

static uint64_t tc_size(struct model *model, uint32_t tc)
{
    if (tc == 0) {
        return 0;
    }
    const struct tc *of = objects_tc(model, tc);

    return 4 + (uint64_t)SIZE_REPORT * of->count + qc_size(model, of->qc);
}

static uint64_t book_size(struct model *model, uint32_t value, uint64_t verdict, uint64_t sheets)
{
    uint16_t count = value == 0 ? 0 : objects_value(model, value)->verdict_count;

    return SIZE_PROPOSE + count * verdict + sheets;
}

uint64_t network_size(struct model *model, const struct queue_item *item)
{
    uint64_t cases = item->docket == 0 ? 1 : objects_docket(model, item->docket)->count;
    uint64_t verdict = SIZE_SIGNED + SIZE_VERDICT + SIZE_ENTRY * cases;
    uint64_t sheets = cases * (SIZE_SHEET + (uint64_t)SIZE_ANSWER * model->setup->criterion_count);
    uint64_t statement = SIZE_STATEMENT + SIZE_SUBJECT * cases;

    switch ((enum queue_kind)item->kind) {
    case QUEUE_ASSIGN:
        return SIZE_DOCKET + SIZE_HEADER * cases;
    case QUEUE_VERDICT:
        return verdict + sheets;
    case QUEUE_PROPOSE:
        if (item->flags == NETWORK_VALUE) {
            return book_size(model, item->object, verdict, sheets);
        }
        return book_size(model, objects_deed(model, item->object)->value, verdict, sheets) +
               tc_size(model, objects_deed(model, item->object)->tc);
    case QUEUE_PREPARE:
        return SIZE_PREPARE;
    case QUEUE_CERTIFY:
        return qc_size(model, item->object);
    case QUEUE_COMMIT:
        return SIZE_VOTE + statement;
    case QUEUE_DECIDE:
        return SIZE_DIGEST + statement * 4 / 3 +
               (uint64_t)SIZE_ENVELOPE_VOTE * objects_certificate(model, item->object)->count;
    case QUEUE_NEW_VIEW:
        return SIZE_REPORT + qc_size(model, item->qc) + tc_size(model, item->tc);
    case QUEUE_TC:
        return SIZE_DIGEST + tc_size(model, item->object);
    case QUEUE_SUBMIT:
        return SIZE_HEADER;
    case QUEUE_DONE:
    case QUEUE_FETCH:
    case QUEUE_RESULT:
        return SIZE_SMALL;
    case QUEUE_MESSAGE_COUNT:
    case QUEUE_ASSESSED:
    case QUEUE_COMPUTED:
    case QUEUE_TIMER:
    case QUEUE_PETITION:
    case QUEUE_FETCHING:
    case QUEUE_LINK_UP:
    case QUEUE_LINK_LOST:
    case QUEUE_RESTART:
    case QUEUE_STRIKE:
    case QUEUE_KIND_COUNT:
    default:
        CHECK_UNREACHABLE();
    }
}
