#include "council/petition.h"

#include "base/check.h"

static struct petition_action *push(struct petition_actions *actions,
                                    enum petition_action_type type)
{
    CHECK(actions->count < PETITION_ACTIONS_MAX);

    struct petition_action *action = &actions->items[actions->count++];

    *action = (struct petition_action){.type = type};
    return action;
}

uint8_t petition_coordinator(const struct petition *petition)
{
    uint64_t place = (uint64_t)petition->config.first + petition->turn;

    if (!council_flawed(&petition->config, FLAW_SAME_COORDINATOR)) {
        place += petition->attempt - 1;
    }
    return (uint8_t)(place % petition->config.coordinator_count);
}

static void set_timer(struct petition *petition, uint64_t now_ms, struct petition_actions *actions)
{
    petition->deadline_ms = now_ms + petition->wait_ms;
    push(actions, PETITION_ACTION_SET_TIMER)->deadline_ms = petition->deadline_ms;
}

static void submit(struct petition *petition, uint64_t now_ms, struct petition_actions *actions)
{
    struct petition_action *action = push(actions, PETITION_ACTION_SUBMIT);

    action->coordinator = petition_coordinator(petition);
    action->attempt = petition->attempt;
    set_timer(petition, now_ms, actions);
}

static void double_wait(struct petition *petition)
{
    uint64_t wait_ms = petition->wait_ms * 2;

    petition->wait_ms =
        wait_ms < petition->config.wait_ms_max ? wait_ms : petition->config.wait_ms_max;
}

static void step_timer(struct petition *petition, uint64_t now_ms, struct petition_actions *actions)
{
    if (now_ms < petition->deadline_ms) {
        return;
    }
    if (!petition->is_waiting) {
        petition->turn++;
        double_wait(petition);
    }
    petition->is_waiting = false;
    submit(petition, now_ms, actions);
}

static void step_decided(struct petition *petition, const struct petition_event *event,
                         struct petition_actions *actions)
{
    const struct petition_result *result = &event->result;

    CHECK(result->outcome != BINDING_OPEN);
    if (result->outcome == BINDING_CONCLUSIVE) {
        petition->is_over = true;
        push(actions, PETITION_ACTION_CONCLUDE);
    } else if (result->attempt < petition->attempt) {
        return; /* An older hearing, which this attempt has left behind. */
    } else if (!result->is_worth_repeating || result->attempt >= petition->config.attempt_count) {
        petition->is_over = true;
        push(actions, PETITION_ACTION_GIVE_UP);
    } else {
        petition->attempt = result->attempt + 1;
        petition->turn = 0;
        petition->is_waiting = true;
        double_wait(petition);
        set_timer(petition, event->now_ms, actions);
    }
}

void petition_init(struct petition *petition, const struct petition_config *config)
{
    CHECK(config->coordinator_count >= 1);
    CHECK(config->first < config->coordinator_count);
    CHECK(config->attempt_count >= 1);
    CHECK(config->wait_ms >= 1 && config->wait_ms_max >= config->wait_ms);

    *petition = (struct petition){.config = *config, .attempt = 1, .wait_ms = config->wait_ms};
}

void petition_step(struct petition *petition, const struct petition_event *event,
                   struct petition_actions *actions)
{
    actions->count = 0;
    if (petition->is_over) {
        return;
    }
    switch (event->type) {
    case PETITION_EVENT_START:
        submit(petition, event->now_ms, actions);
        break;
    case PETITION_EVENT_PROGRESS:
        if (!petition->is_waiting) {
            set_timer(petition, event->now_ms, actions);
        }
        break;
    case PETITION_EVENT_REFUSED:
        /* It waits all the same: coordinators that refuse at once are not asked in a circle. */
        break;
    case PETITION_EVENT_DECIDED:
        step_decided(petition, event, actions);
        break;
    case PETITION_EVENT_TIMER:
        step_timer(petition, event->now_ms, actions);
        break;
    default:
        CHECK_UNREACHABLE();
    }
}
