#include "sim/client_node.h"

#include "base/check.h"
#include "sim/network.h"
#include "sim/objects.h"
#include "sim/trace.h"

#define POLL_MS         1000
#define WAIT_DOUBLINGS  6   /* wait_ms_max over wait_ms, as a power of 2. */
#define HOSTILE_HEADERS 200 /* Most that a hostile submitter signs for one case. */

static void feed(struct model *model, uint16_t index, struct petition_event *event);

static void plan(struct model *model, uint16_t index, uint64_t due_us)
{
    struct client_case *client = &model->cases[index];
    struct queue_item item = {.kind = QUEUE_PETITION, .index = index};

    if (client->armed_us <= model->now_us || due_us < client->armed_us) {
        client->armed_us = due_us > model->now_us ? due_us : model->now_us;
        network_plan(model, MODEL_CLIENT, client->armed_us - model->now_us, item);
    }
}

void client_node_init(struct model *model)
{
    const struct setup *setup = model->setup;

    for (uint16_t index = 0; index < setup->case_count; index++) {
        struct client_case *client = &model->cases[index];
        struct petition_config config = {.coordinator_count = setup->coordinator_count,
                                         .first = (uint8_t)(index % setup->coordinator_count),
                                         .attempt_count = setup->attempt_count,
                                         .wait_ms = setup->client_wait_ms};

        config.wait_ms_max = setup->client_wait_ms << WAIT_DOUBLINGS;
#ifdef COUNCIL_FLAWS
        config.flaws = setup->flaws;
#endif
        petition_init(&client->petition, &config);
        client->submitted_ms = (uint64_t)index * setup->case_interval_ms;
        client->decided_ms = MODEL_NEVER;
        client->deadline_us = client->submitted_ms * 1000;
        client->poll_us = MODEL_NEVER;
        plan(model, index, client->deadline_us);
    }
}

static void send(struct model *model, uint16_t index, uint32_t header)
{
    struct queue_item item = {
        .kind = QUEUE_SUBMIT, .from = MODEL_CLIENT, .index = index, .object = header};

    item.to = model_chair(model, objects_header(model, header)->home);
    network_send(model, &item);
}

static void submit(struct model *model, uint16_t index, const struct petition_action *action)
{
    struct client_case *client = &model->cases[index];

    client->header = objects_make_header(model, index, action->attempt, action->coordinator,
                                         action->attempt == 1 ? 0 : client->earlier);
    client->progress = 0;
    client->poll_us = model->now_us + UINT64_C(1000) * POLL_MS;
    send(model, index, client->header);
    plan(model, index, client->poll_us);
}

static void end(struct model *model, uint16_t index, bool is_given_up)
{
    struct client_case *client = &model->cases[index];

    client->is_over = true;
    client->is_given_up = is_given_up;
    client->poll_us = MODEL_NEVER;
    model->is_settling = true;
}

static void perform(struct model *model, uint16_t index, const struct petition_action *action)
{
    struct client_case *client = &model->cases[index];

    switch (action->type) {
    case PETITION_ACTION_SUBMIT:
        trace_action(model, MODEL_CLIENT, "submit", 100 + action->attempt, 0, NULL);
        submit(model, index, action);
        break;
    case PETITION_ACTION_SET_TIMER:
        client->deadline_us = action->deadline_ms * 1000;
        plan(model, index, client->deadline_us);
        break;
    case PETITION_ACTION_CONCLUDE:
        trace_action(model, MODEL_CLIENT, "conclude", 200, 0, NULL);
        end(model, index, false);
        break;
    case PETITION_ACTION_GIVE_UP:
        trace_action(model, MODEL_CLIENT, "give up", 201, 0, NULL);
        end(model, index, true);
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

static void feed(struct model *model, uint16_t index, struct petition_event *event)
{
    struct petition_actions actions;

    event->now_ms = model_now_ms(model);
    petition_step(&model->cases[index].petition, event, &actions);
    for (uint32_t i = 0; i < actions.count; i++) {
        perform(model, index, &actions.items[i]);
    }
}

/* A hostile submitter signs headers for any home and any attempt that it can, at any time. */
static void harass(struct model *model, uint16_t index)
{
    struct client_case *client = &model->cases[index];
    uint32_t attempt = 1;
    uint32_t earlier = 0;
    uint32_t hearings = client->hearing;
    uint32_t pick = random_below(&model->client, 4);
    uint8_t home = (uint8_t)random_below(&model->client, model->setup->coordinator_count);

    for (; pick > 0 && hearings != 0; hearings = objects_hearing(model, hearings)->next) {
        const struct hearing *hearing = objects_hearing(model, hearings);
        const struct docket *docket = objects_docket(model, hearing->docket);

        if (docket->first_certificate != 0) {
            attempt = hearing->attempt + 1;
            earlier = docket->first_certificate;
            pick--;
        }
    }
    send(model, index, objects_make_header(model, index, attempt, home, earlier));
    client->deadline_us =
        model->now_us +
        UINT64_C(1000) * (1 + random_below(&model->client, model->setup->client_wait_ms));
    if (++client->progress < HOSTILE_HEADERS) {
        plan(model, index, client->deadline_us);
    } else {
        end(model, index, true);
    }
}

static void take_timer(struct model *model, uint16_t index)
{
    struct client_case *client = &model->cases[index];
    struct petition_event event = {.type = PETITION_EVENT_TIMER};

    if (client->armed_us != model->now_us || client->is_over) {
        return;
    }
    if (model->setup->is_client_hostile) {
        harass(model, index);
        return;
    }
    if (client->header == 0) {
        event.type = PETITION_EVENT_START;
        client->deadline_us = MODEL_NEVER;
        feed(model, index, &event);
    } else if (client->deadline_us <= model->now_us) {
        client->deadline_us = MODEL_NEVER;
        feed(model, index, &event);
    }
    if (client->poll_us <= model->now_us && !client->is_over) {
        client->poll_us = model->now_us + UINT64_C(1000) * POLL_MS;
        if (!client->petition.is_waiting) {
            send(model, index, client->header);
        }
    }
    if (!client->is_over) {
        uint64_t next_us =
            client->deadline_us < client->poll_us ? client->deadline_us : client->poll_us;

        plan(model, index, next_us);
    }
}

static void take_certificate(struct model *model, uint16_t index, uint32_t number)
{
    struct client_case *client = &model->cases[index];
    const struct certificate *certificate = objects_certificate(model, number);
    const struct hearing *hearing = objects_find_hearing(model, certificate->docket, index);
    struct petition_event event = {.type = PETITION_EVENT_DECIDED};
    const struct result *result;

    if (hearing == NULL || !objects_check_certificate(model, number)) {
        return;
    }
    result = &objects_value(model, certificate->value)->results[hearing->place];
    if (client->decided_ms == MODEL_NEVER) {
        client->decided_ms = model_now_ms(model);
    }
    if (hearing->attempt >= client->petition.attempt) {
        client->earlier = number;
    }
    event.result = (struct petition_result){.attempt = hearing->attempt,
                                            .outcome = result->outcome,
                                            .is_worth_repeating = result->is_worth_repeating};
    feed(model, index, &event);
}

static void take_result(struct model *model, const struct queue_item *item)
{
    struct client_case *client = &model->cases[item->index];
    struct petition_event event = {.type = PETITION_EVENT_PROGRESS};
    uint8_t named;

    if (client->is_over || model->setup->is_client_hostile) {
        return;
    }
    if (item->object != 0) {
        take_certificate(model, item->index, item->object);
        return;
    }
    named = petition_coordinator(&client->petition);
    if (item->from == model_chair(model, named) && item->flags > client->progress) {
        client->progress = item->flags;
        feed(model, item->index, &event);
    }
}

void client_node_deliver(struct model *model, const struct queue_item *item)
{
    if (item->kind == QUEUE_PETITION) {
        take_timer(model, item->index);
    } else if (item->kind == QUEUE_RESULT) {
        take_result(model, item);
    }
}

uint32_t client_node_standing(struct model *model, uint16_t index)
{
    uint32_t number = model->cases[index].hearing;
    uint32_t standing = 0;
    uint32_t rank = 0;

    for (; number != 0; number = objects_hearing(model, number)->next) {
        const struct hearing *hearing = objects_hearing(model, number);
        const struct docket *docket = objects_docket(model, hearing->docket);
        const struct result *result;
        uint32_t own;

        if (docket->first_certificate == 0) {
            continue;
        }
        result = &objects_value(model, docket->certified)->results[hearing->place];
        own = result->outcome == BINDING_CONCLUSIVE  ? UINT32_MAX
              : result->outcome == BINDING_CONTESTED ? 2 * hearing->attempt + 1
                                                     : 1;
        if (own > rank) {
            rank = own;
            standing = docket->first_certificate;
        }
    }
    return standing;
}
