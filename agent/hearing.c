#include "agent/hearing.h"

#include <stdlib.h>
#include <string.h>

#include "agent/assessment.h"
#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "crypto/sign.h"
#include "proto/codec.h"

struct hearing *hearing_create(struct agent *agent, struct arena *arena,
                               const struct verify_docket *docket, const struct seat_record *record)
{
    struct hearing *hearing = calloc(1, sizeof(*hearing));
    struct seat_config config = {.quorum = agent->quorum, .self = agent->options.seat};
    struct hearing **last = &agent->hearings;

    CHECK(hearing != NULL);
    hearing->agent = agent;
    hearing->arena = arena;
    hearing->docket = *docket;
    hearing->docket.criterion_count = agent->catalog.criterion_count;
    seat_init(&hearing->seat, &config, record);
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = hearing;
    agent->hearing_count++;
    return hearing;
}

void hearing_destroy(struct hearing *hearing)
{
    struct hearing **place = &hearing->agent->hearings;

    while (*place != hearing) {
        place = &(*place)->next;
    }
    *place = hearing->next;
    hearing->agent->hearing_count--;
    assessment_cancel(hearing);
    buffer_finish(&hearing->proposal);
    buffer_finish(&hearing->qc);
    buffer_finish(&hearing->certificate);
    free(hearing->statement);
    arena_destroy(hearing->arena);
    free(hearing);
}

struct hearing *hearing_find(struct agent *agent, const struct digest *docket)
{
    struct hearing *hearing = agent->hearings;

    while (hearing != NULL && !digest_equal(&hearing->docket.scope.docket, docket)) {
        hearing = hearing->next;
    }
    return hearing;
}

static const struct digest *docket_id(const struct hearing *hearing)
{
    return &hearing->docket.scope.docket;
}

static void drop(struct hearing *hearing, const char *what, const struct error *why)
{
    char id[DIGEST_HEX_SIZE];

    hearing->agent->malformed_count++;
    log_line(LOG_WARNING, "docket %.12s: %s dropped: %s", encode_digest(docket_id(hearing), id),
             what, why->message);
}

/* Checks the proposal in hand and computes what it stands for (S2). One that does not check is let
 * go, so that the value can be fetched from somebody else. */
static bool compute(struct hearing *hearing, const struct seat_vote *vote)
{
    struct arena *arena = arena_create(AGENT_DOCKET_MEMORY);
    struct report_source source = {.roster = &hearing->agent->roster,
                                   .catalog = &hearing->agent->catalog,
                                   .docket = &hearing->docket};
    struct verify_proposal proposal;
    struct message message;
    struct error error;
    bool is_valid = false;

    if (!codec_frame_decode(buffer_bytes(&hearing->proposal), arena, &message, &error) ||
        !verify_proposal(&hearing->docket, &message, arena, &proposal, &error)) {
        drop(hearing, "PROPOSE", &error);
        buffer_clear(&hearing->proposal);
        arena_destroy(arena);
        return false;
    }
    if (hearing->statement == NULL) {
        hearing->statement = calloc(1, sizeof(*hearing->statement));
        CHECK(hearing->statement != NULL);
    }
    source.book = &proposal.book;
    statement_make(&source, vote->view, hearing->statement);
    is_valid = digest_equal(&hearing->statement->value, &vote->value);
    if (!is_valid) {
        error_record(&error, ERROR_DENIED, "its book gives another value than it says");
        drop(hearing, "PROPOSE", &error);
        buffer_clear(&hearing->proposal);
    }
    arena_destroy(arena);
    return is_valid;
}

/* Brings the proposal of VALUE into hand; false when it has to be fetched. */
static bool have_value(struct hearing *hearing, const struct digest *value)
{
    struct error error;

    if (hearing->proposal.size > 0 && digest_equal(&hearing->proposed, value)) {
        return true;
    }
    buffer_clear(&hearing->proposal);
    if (!seat_store_value(hearing->agent->store, docket_id(hearing), value, &hearing->proposal,
                          &error)) {
        if (error.code != ERROR_NOT_FOUND) {
            agent_fail(hearing->agent, &error);
        }
        return false;
    }
    hearing->proposed = *value;
    return true;
}

static void fetch_value(struct hearing *hearing, const struct digest *value)
{
    struct message message = {.kind = MESSAGE_FETCH};

    message.fetch.item = MESSAGE_ITEM_VALUE;
    message.fetch.digest = *value;
    agent_send(hearing->agent, hearing->from, &message);
}

static bool persist_prepare(struct hearing *hearing, const struct seat_vote *vote,
                            struct error *error)
{
    struct message_prepare prepare = {.roster = hearing->agent->roster.digest,
                                      .docket = *docket_id(hearing),
                                      .view = vote->view,
                                      .value = vote->value,
                                      .tc = vote->tc};
    struct message_signed message;
    struct buffer payload = {0};

    codec_payload_encode_prepare(&prepare, &payload);
    message.payload = buffer_bytes(&payload);
    sign_payload(hearing->agent->keys, MESSAGE_TYPE_PREPARE, message.payload, message.signature);
    bool is_ok = seat_store_save_prepare(hearing->agent->store, docket_id(hearing), vote,
                                         buffer_bytes(&hearing->proposal), &message, error);

    buffer_finish(&payload);
    return is_ok;
}

static bool persist_lock(struct hearing *hearing, const struct seat_vote *vote, struct error *error)
{
    struct seat_store *store = hearing->agent->store;
    struct message_signed message;
    struct buffer payload = {0};

    /* After a restart the value is on disk and its statement is not. */
    if (!have_value(hearing, &vote->value)) {
        return error_set(error, ERROR_CORRUPT, "the value of a lock is not in the store");
    }
    if ((hearing->statement == NULL || !digest_equal(&hearing->statement->value, &vote->value)) &&
        !compute(hearing, vote)) {
        return error_set(error, ERROR_CORRUPT, "the value of a lock does not compute any more");
    }
    hearing->statement->view = vote->view;
    statement_write(hearing->statement, &payload);
    message.payload = buffer_bytes(&payload);
    sign_payload(hearing->agent->keys, MESSAGE_TYPE_STATEMENT, message.payload, message.signature);
    bool is_ok = seat_store_save_value(store, docket_id(hearing), &vote->value,
                                       buffer_bytes(&hearing->proposal), error) &&
                 seat_store_save_lock(store, docket_id(hearing), vote, buffer_bytes(&hearing->qc),
                                      &message, error);

    buffer_finish(&payload);
    return is_ok;
}

/* Sends the stored PREPARE or COMMIT again, byte for byte. */
static bool send_vote(struct hearing *hearing, const struct seat_vote *vote, enum message_kind kind,
                      struct error *error)
{
    struct agent *agent = hearing->agent;
    struct arena *arena = arena_create(AGENT_DOCKET_MEMORY);
    struct message message = {.kind = kind};
    struct message_signed stored;
    bool is_ok = seat_store_signed(agent->store, docket_id(hearing), vote->view, kind, arena,
                                   &stored, error);

    if (is_ok && kind == MESSAGE_PREPARE) {
        message.prepare.payload = stored.payload;
        message.prepare.vote.seat = agent->options.seat;
        memcpy(message.prepare.vote.signature, stored.signature, sizeof(stored.signature));
        agent_send(agent, verify_chair(&agent->roster, hearing->docket.docket.home, vote->view),
                   &message);
    } else if (is_ok) {
        message.commit.payload = stored.payload;
        message.commit.vote.seat = agent->options.seat;
        memcpy(message.commit.vote.signature, stored.signature, sizeof(stored.signature));
        agent_send_all(agent, &message);
    }
    arena_destroy(arena);
    return is_ok;
}

static bool send_verdict(struct hearing *hearing, struct error *error)
{
    struct buffer frame = {0};
    bool is_ok = seat_store_verdict(hearing->agent->store, docket_id(hearing), &frame, error);

    for (uint8_t i = 0; is_ok && i < hearing->agent->roster.coordinator_count; i++) {
        agent_send_frame(hearing->agent, i, buffer_bytes(&frame));
    }
    buffer_finish(&frame);
    return is_ok;
}

static enum binding_outcome binding_of(enum findings_outcome outcome)
{
    switch (outcome) {
    case FINDINGS_UNHEARD:
        return BINDING_UNHEARD;
    case FINDINGS_IN_DISPUTE:
        return BINDING_CONTESTED;
    case FINDINGS_CONCLUSIVE:
        return BINDING_CONCLUSIVE;
    case FINDINGS_OUTCOME_COUNT:
    default:
        CHECK_UNREACHABLE();
    }
}

static bool save_certificate(struct agent *agent, const struct certificate *certificate,
                             struct bytes envelope, struct error *error)
{
    const struct statement *statement = &certificate->statement;
    struct seat_store_outcome outcomes[MESSAGE_CASES_MAX];

    for (size_t i = 0; i < statement->case_count; i++) {
        outcomes[i].case_id = statement->cases[i].id;
        outcomes[i].attempt = statement->cases[i].attempt;
        outcomes[i].outcome = binding_of(statement->cases[i].outcome);
    }
    return seat_store_save_certificate(agent->store, &statement->docket, &statement->value,
                                       envelope, outcomes, statement->case_count, error);
}

bool hearing_store_certificate(struct agent *agent, const struct certificate *certificate,
                               struct bytes envelope)
{
    struct error error;

    if (!save_certificate(agent, certificate, envelope, &error)) {
        agent_fail(agent, &error);
        return false;
    }
    return true;
}

static void send_done(struct hearing *hearing, const struct seat_vote *vote)
{
    struct message message = {.kind = MESSAGE_DONE};

    message.done.docket = *docket_id(hearing);
    message.done.value = vote->value;
    agent_send(hearing->agent, hearing->from, &message);
}

static bool send_decide(struct hearing *hearing, struct error *error)
{
    struct message message = {.kind = MESSAGE_DECIDE};
    struct buffer certificate = {0};
    bool is_ok =
        seat_store_certificate(hearing->agent->store, docket_id(hearing), &certificate, error);

    if (is_ok) {
        message.decide.docket = *docket_id(hearing);
        message.decide.certificate = buffer_bytes(&certificate);
        agent_send(hearing->agent, hearing->from, &message);
    }
    buffer_finish(&certificate);
    return is_ok;
}

static void report_misbehaviour(struct hearing *hearing, const char *what)
{
    char id[DIGEST_HEX_SIZE];

    log_line(LOG_ERROR, "docket %.12s: %s", encode_digest(docket_id(hearing), id), what);
}

/* Carries out ACTION; COMPUTED is set when it asks for an event to follow. */
static bool perform(struct hearing *hearing, const struct seat_action *action,
                    struct seat_event *computed, struct error *error)
{
    switch (action->type) {
    case SEAT_ACTION_ASSESS:
        assessment_begin(hearing);
        return true;
    case SEAT_ACTION_PERSIST_VERDICT:
        return true; /* hearing_assessed() has done it: what failed would not be an event. */
    case SEAT_ACTION_SEND_VERDICT:
        return send_verdict(hearing, error);
    case SEAT_ACTION_COMPUTE:
        if (!have_value(hearing, &action->vote.value)) {
            fetch_value(hearing, &action->vote.value);
            return true;
        }
        computed->type = SEAT_EVENT_COMPUTED;
        computed->computed.value = action->vote.value;
        computed->computed.is_valid = compute(hearing, &action->vote);
        return true;
    case SEAT_ACTION_PERSIST_PREPARE:
        return persist_prepare(hearing, &action->vote, error);
    case SEAT_ACTION_SEND_PREPARE:
        return send_vote(hearing, &action->vote, MESSAGE_PREPARE, error);
    case SEAT_ACTION_PERSIST_LOCK:
        return persist_lock(hearing, &action->vote, error);
    case SEAT_ACTION_SEND_COMMIT:
        return send_vote(hearing, &action->vote, MESSAGE_COMMIT, error);
    case SEAT_ACTION_PERSIST_CERTIFICATE:
        return save_certificate(hearing->agent, hearing->decided,
                                buffer_bytes(&hearing->certificate), error);
    case SEAT_ACTION_SEND_DONE:
        send_done(hearing, &action->vote);
        return true;
    case SEAT_ACTION_SEND_DECIDE:
        return send_decide(hearing, error);
    case SEAT_ACTION_REPORT_PROPOSAL:
        report_misbehaviour(hearing, "its chair proposed what must not be prepared");
        return true;
    case SEAT_ACTION_REPORT_CONFLICT:
        report_misbehaviour(hearing, "two values were certified: too many seats are faulty");
        return true;
    default:
        CHECK_UNREACHABLE();
    }
}

static void feed(struct hearing *hearing, const struct seat_event *event)
{
    struct seat_event next = *event;
    struct seat_actions actions;
    struct error error;

    while (next.type != 0) {
        struct seat_event computed = {0};

        seat_step(&hearing->seat, &next, &actions);
        for (uint32_t i = 0; i < actions.count; i++) {
            if (!perform(hearing, &actions.items[i], &computed, &error)) {
                agent_fail(hearing->agent, &error);
                return;
            }
        }
        next = computed;
    }
}

void hearing_assign(struct hearing *hearing, uint8_t from)
{
    struct seat_event event = {.type = SEAT_EVENT_ASSIGN};

    hearing->from = from;
    feed(hearing, &event);
}

void hearing_propose(struct hearing *hearing, uint8_t from, const struct message *message,
                     struct bytes frame)
{
    struct seat_event event = {.type = SEAT_EVENT_PROPOSE};
    struct message_propose propose;
    struct error error;

    if (!verify_propose(&hearing->docket, &message->propose.propose, &propose, &error)) {
        drop(hearing, "PROPOSE", &error);
        return;
    }
    bool is_awaited = hearing->seat.computing.view != 0 &&
                      digest_equal(&hearing->seat.computing.value, &propose.value);
    bool is_free = hearing->seat.computing.view == 0 && hearing->seat.phase == SEAT_OPEN;

    hearing->from = from;
    /* Once it has voted, the seat keeps the proposal that it checked: this one may be anything. */
    if (is_free || is_awaited) {
        buffer_clear(&hearing->proposal);
        buffer_append(&hearing->proposal, frame.data, frame.size);
        hearing->proposed = propose.value;
    }
    if (is_awaited) {
        event.type = SEAT_EVENT_COMPUTED;
        event.computed.value = propose.value;
        event.computed.is_valid = compute(hearing, &hearing->seat.computing);
    } else {
        event.propose.vote =
            (struct seat_vote){.view = propose.view, .value = propose.value, .tc = propose.tc};
        event.propose.book = propose.book;
        event.propose.is_from_chair = true; /* verify_propose() checked the chair's signature. */
    }
    feed(hearing, &event);
}

void hearing_certify(struct hearing *hearing, uint8_t from, struct bytes qc)
{
    struct seat_event event = {.type = SEAT_EVENT_CERTIFY};
    struct verify_qc verified;
    struct error error;

    if (!verify_qc(&hearing->docket.scope, qc, hearing->agent->work, &verified, &error)) {
        drop(hearing, "CERTIFY", &error);
        return;
    }
    hearing->from = from;
    buffer_clear(&hearing->qc);
    buffer_append(&hearing->qc, qc.data, qc.size);
    event.certify.vote = (struct seat_vote){
        .view = verified.prepare.view, .value = verified.prepare.value, .tc = verified.prepare.tc};
    for (size_t i = 0; i < verified.qc.vote_count; i++) {
        seat_set_add(&event.certify.signers, verified.qc.votes[i].seat);
    }
    feed(hearing, &event);
}

void hearing_decide(struct hearing *hearing, uint8_t from, struct certificate *certificate,
                    struct bytes envelope)
{
    struct seat_event event = {.type = SEAT_EVENT_DECIDE};

    hearing->from = from;
    hearing->decided = certificate;
    buffer_clear(&hearing->certificate);
    buffer_append(&hearing->certificate, envelope.data, envelope.size);
    event.decide.vote = (struct seat_vote){.view = certificate->statement.view,
                                           .value = certificate->statement.value};
    event.decide.signers = certificate->signers;
    feed(hearing, &event);
    hearing->decided = NULL;
    if (hearing->seat.phase == SEAT_DECIDED) {
        hearing_destroy(hearing); /* From here on the store answers for it. */
    }
}

void hearing_assessed(struct hearing *hearing, const struct message_signed *verdict,
                      struct bytes frame, const struct seat_store_hearing *hearings)
{
    struct seat_event event = {.type = SEAT_EVENT_ASSESSED};
    struct error error;

    if (!seat_store_save_verdict(hearing->agent->store, docket_id(hearing), verdict, frame,
                                 hearings, hearing->docket.docket.case_count, &error)) {
        agent_fail(hearing->agent, &error);
        return;
    }
    feed(hearing, &event);
}
