#include "agent/ballot.h"

#include <string.h>

#include "base/check.h"
#include "crypto/sign.h"
#include "proto/codec.h"

/* Longest message that is read back from the store to be sent. */
#define BALLOT_SIZE_MAX (1024 * 1024)

static const struct digest *docket_id(const struct hearing *hearing)
{
    return &hearing->docket.scope.docket;
}

bool ballot_persist_prepare(struct hearing *hearing, const struct seat_vote *vote,
                            struct error *error)
{
    struct agent *agent = hearing->agent;
    struct message_prepare prepare = {.roster = agent->roster.digest,
                                      .docket = *docket_id(hearing),
                                      .view = vote->view,
                                      .value = vote->value,
                                      .tc = vote->tc};
    struct message_signed message;
    struct buffer payload = {0};

    codec_payload_encode_prepare(&prepare, &payload);
    message.payload = buffer_bytes(&payload);
    sign_payload(agent->keys, MESSAGE_TYPE_PREPARE, message.payload, message.signature);
    bool is_ok = seat_store_save_prepare(agent->store, docket_id(hearing), vote,
                                         buffer_bytes(&hearing->value.frame), &message, error);

    hearing->value.is_stored = hearing->value.is_stored || is_ok;
    buffer_finish(&payload);
    return is_ok;
}

/* The QC on VOTE. */
static bool find_qc(const struct hearing *hearing, const struct seat_vote *vote, struct bytes *out,
                    struct error *error)
{
    if (hearing->hand.qc.size > 0 && seat_vote_equal(&hearing->hand.qc_vote, vote)) {
        *out = hearing->hand.qc;
        return true;
    }
    if (hearing->qc.size > 0 && seat_vote_equal(&hearing->qc_vote, vote)) {
        *out = buffer_bytes(&hearing->qc);
        return true;
    }
    return error_set(error, ERROR_CORRUPT, "the QC of a COMMIT is not at hand");
}

bool ballot_persist_commit(struct hearing *hearing, const struct seat_vote *vote,
                           struct error *error)
{
    struct agent *agent = hearing->agent;
    struct value *value = &hearing->value;
    struct message_signed message;
    struct buffer payload = {0};
    struct bytes qc;

    /* After a restart the value is in the store and its statement is not at hand. */
    if (value_compute(hearing, &vote->value) != VALUE_VALID) {
        return error_set(error, ERROR_CORRUPT, "the value of a COMMIT does not compute any more");
    }
    if (!find_qc(hearing, vote, &qc, error) ||
        (!value->is_stored && !seat_store_save_value(agent->store, docket_id(hearing), &vote->value,
                                                     buffer_bytes(&value->frame), error))) {
        return false;
    }
    value->is_stored = true;
    value->statement->view = vote->view;
    statement_write(value->statement, &payload);
    message.payload = buffer_bytes(&payload);
    sign_payload(agent->keys, MESSAGE_TYPE_STATEMENT, message.payload, message.signature);
    bool is_ok = seat_store_save_lock(agent->store, docket_id(hearing), vote, qc, &message, error);

    buffer_finish(&hearing->qc);
    buffer_finish(&payload);
    return is_ok;
}

/* Reads what was signed in the view of VOTE. */
static bool load(struct hearing *hearing, const struct seat_vote *vote, enum message_kind kind,
                 struct arena *arena, struct message_signed *out, struct error *error)
{
    return seat_store_signed(hearing->agent->store, docket_id(hearing), vote->view, kind, arena,
                             out, error);
}

bool ballot_send_prepare(struct hearing *hearing, const struct seat_vote *vote, struct error *error)
{
    struct agent *agent = hearing->agent;
    struct arena *arena = arena_create(BALLOT_SIZE_MAX);
    struct message message = {.kind = MESSAGE_PREPARE};
    struct message_signed stored;
    bool is_ok = load(hearing, vote, MESSAGE_PREPARE, arena, &stored, error);

    if (is_ok) {
        message.prepare.payload = stored.payload;
        message.prepare.vote.seat = agent->options.seat;
        memcpy(message.prepare.vote.signature, stored.signature, sizeof(stored.signature));
        agent_send(agent, verify_chair(&agent->roster, hearing->docket.docket.home, vote->view),
                   &message);
    }
    arena_destroy(arena);
    return is_ok;
}

bool ballot_send_commit(struct hearing *hearing, const struct seat_vote *vote, struct error *error)
{
    struct agent *agent = hearing->agent;
    struct arena *arena = arena_create(BALLOT_SIZE_MAX);
    struct message message = {.kind = MESSAGE_COMMIT};
    struct message_signed stored;
    bool is_ok = load(hearing, vote, MESSAGE_COMMIT, arena, &stored, error);

    if (is_ok) {
        message.commit.payload = stored.payload;
        message.commit.vote.seat = agent->options.seat;
        memcpy(message.commit.vote.signature, stored.signature, sizeof(stored.signature));
        agent_send_all(agent, &message);
    }
    arena_destroy(arena);
    return is_ok;
}

bool ballot_persist_new_view(struct hearing *hearing, uint32_t view, struct error *error)
{
    struct agent *agent = hearing->agent;
    const struct seat *seat = &hearing->seat;
    struct message_new_view report = {.roster = agent->roster.digest,
                                      .docket = *docket_id(hearing),
                                      .view = view,
                                      .qc_view = seat->lock.view,
                                      .qc_value = seat->lock.value};
    struct seat_store_new_view new_view = {.view = view, .highest = seat->lock};
    struct buffer payload = {0};
    struct buffer qc = {0};
    struct buffer tc = {0};
    bool is_ok = (seat->lock.view == 0 ||
                  seat_store_qc(agent->store, docket_id(hearing), seat->lock.view, &qc, error)) &&
                 (seat->view == 1 ||
                  seat_store_tc(agent->store, docket_id(hearing), seat->view, &tc, error));

    if (is_ok) {
        codec_payload_encode_new_view(&report, &payload);
        new_view.report.payload = buffer_bytes(&payload);
        sign_payload(agent->keys, MESSAGE_TYPE_NEW_VIEW, new_view.report.payload,
                     new_view.report.signature);
        new_view.qc = buffer_bytes(&qc);
        new_view.tc = buffer_bytes(&tc);
        is_ok = seat_store_save_new_view(agent->store, docket_id(hearing), &new_view, error);
    }
    buffer_finish(&payload);
    buffer_finish(&qc);
    buffer_finish(&tc);
    return is_ok;
}

bool ballot_send_new_view(struct hearing *hearing, uint32_t view, struct error *error)
{
    struct agent *agent = hearing->agent;
    struct arena *arena = arena_create(BALLOT_SIZE_MAX);
    struct message message = {.kind = MESSAGE_NEW_VIEW};
    struct seat_store_new_view stored;
    bool is_ok = seat_store_new_view(agent->store, docket_id(hearing), view, arena, &stored, error);

    if (is_ok) {
        message.new_view.report = stored.report;
        message.new_view.seat = agent->options.seat;
        message.new_view.qc = stored.qc;
        message.new_view.tc = stored.tc;
        agent_send_all(agent, &message);
    }
    arena_destroy(arena);
    return is_ok;
}
