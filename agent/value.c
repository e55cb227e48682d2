#include "agent/value.h"

#include <stdlib.h>

#include "agent/hearing.h"
#include "base/check.h"
#include "base/log.h"
#include "proto/codec.h"

static void ask(struct hearing *hearing)
{
    struct value *value = &hearing->value;
    struct message message = {.kind = MESSAGE_FETCH};

    message.fetch.item = MESSAGE_ITEM_VALUE;
    message.fetch.digest = value->wanted;
    agent_send(hearing->agent, value->source, &message);
    loop_timer_set(hearing->agent->loop, &value->timer, loop_now_ms() + AGENT_REPEAT_MS);
}

/* The next coordinator that is there. */
static void turn(void *context)
{
    struct hearing *hearing = context;
    struct agent *agent = hearing->agent;
    uint8_t source = hearing->value.source;

    for (uint8_t i = 0; i < agent->roster.coordinator_count; i++) {
        source = (uint8_t)((source + 1) % agent->roster.coordinator_count);
        if (agent->peers[source].is_up) {
            break;
        }
    }
    hearing->value.source = source;
    ask(hearing);
}

void value_init(struct hearing *hearing)
{
    hearing->value.timer.fire = turn;
    hearing->value.timer.context = hearing;
}

void value_finish(struct hearing *hearing)
{
    loop_timer_clear(hearing->agent->loop, &hearing->value.timer);
    buffer_finish(&hearing->value.frame);
    free(hearing->value.statement);
    hearing->value.statement = NULL;
}

void value_fetch(struct hearing *hearing, const struct digest *value)
{
    hearing->value.is_awaited = true;
    hearing->value.wanted = *value;
    hearing->value.source = hearing->from;
    ask(hearing);
}

void value_settle(struct hearing *hearing)
{
    struct value *value = &hearing->value;

    if (value->is_awaited && (hearing->seat.computing.view == 0 ||
                              !digest_equal(&hearing->seat.computing.value, &value->wanted))) {
        value->is_awaited = false;
        loop_timer_clear(hearing->agent->loop, &value->timer);
    }
    buffer_finish(&value->frame);
    if (!value->is_stored) {
        free(value->statement);
        value->statement = NULL;
    }
}

/* Checks the PROPOSE in FRAME and computes what it stands for. True when that is WANTED; its
 * statement is then the hearing's. */
static bool compute(struct hearing *hearing, struct bytes frame, const struct digest *wanted,
                    struct error *error)
{
    struct arena *arena = arena_create(AGENT_DOCKET_MEMORY);
    struct statement *statement = calloc(1, sizeof(*statement));
    struct verify_proposal proposal;
    struct report_source source = {.roster = &hearing->agent->roster,
                                   .catalog = &hearing->agent->catalog,
                                   .docket = &hearing->docket,
                                   .book = &proposal.book};
    struct message message;

    CHECK(statement != NULL);
    bool is_ok = codec_frame_decode(frame, arena, &message, error) &&
                 (message.kind == MESSAGE_PROPOSE ||
                  error_set(error, ERROR_CORRUPT, "what is stored is no PROPOSE")) &&
                 verify_proposal(&hearing->docket, &message, arena, &proposal, error);

    if (is_ok) {
        statement_make(&source, proposal.propose.view, statement);
        is_ok = digest_equal(&statement->value, wanted) ||
                error_set(error, ERROR_DENIED, "its book gives another value than it says");
    }
    arena_destroy(arena);
    free(is_ok ? hearing->value.statement : statement);
    if (is_ok) {
        hearing->value.statement = statement;
    }
    return is_ok;
}

bool value_take(struct hearing *hearing, const struct digest *value)
{
    const struct hearing_event *hand = &hearing->hand;
    struct error error;

    if (!hearing_wake(hearing)) {
        return false;
    }
    if (!compute(hearing, hand->frame, value, &error)) {
        agent_drop(hearing->agent, hearing->from, MESSAGE_PROPOSE, &error);
        return false;
    }
    hearing->value.is_stored = false;
    buffer_clear(&hearing->value.frame);
    buffer_append(&hearing->value.frame, hand->frame.data, hand->frame.size);
    return true;
}

/* From the store. What was checked before it was stored does not fail to check now, unless the
 * program has changed: then this seat cannot vote for the value, and goes on without. */
static enum value_result restore(struct hearing *hearing, const struct digest *value)
{
    struct buffer frame = {0};
    struct error error;
    enum value_result result = VALUE_VALID;

    if (!seat_store_value(hearing->agent->store, &hearing->docket.scope.docket, value, &frame,
                          &error)) {
        if (error.code != ERROR_NOT_FOUND) {
            agent_fail(hearing->agent, &error);
        }
        result = VALUE_MISSING;
    } else if (!hearing_wake(hearing)) {
        result = VALUE_INVALID;
    } else if (!compute(hearing, buffer_bytes(&frame), value, &error)) {
        log_line(LOG_ERROR, "a value in the store does not compute any more: %s", error.message);
        result = VALUE_INVALID;
    } else {
        hearing->value.is_stored = true;
    }
    buffer_finish(&frame);
    return result;
}

enum value_result value_compute(struct hearing *hearing, const struct digest *value)
{
    const struct statement *statement = hearing->value.statement;
    enum value_result result;

    if (statement != NULL && digest_equal(&statement->value, value)) {
        return VALUE_VALID;
    }
    result = restore(hearing, value);
    if (result == VALUE_MISSING && hearing->hand.frame.size > 0 &&
        digest_equal(&hearing->hand.value, value)) {
        result = value_take(hearing, value) ? VALUE_VALID : VALUE_INVALID;
    }
    return result;
}
