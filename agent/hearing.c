#include "agent/hearing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/assessment.h"
#include "agent/ballot.h"
#include "agent/delivery.h"
#include "agent/dockets.h"
#include "agent/witness.h"
#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "crypto/hash.h"

static void timer_fired(void *context);
static void recall_proposal(struct hearing *hearing);

static const struct digest *docket_id(const struct hearing *hearing)
{
    return &hearing->docket.scope.docket;
}

/* ---- life ---- */

static void fall_asleep(struct hearing *hearing)
{
    CHECK(hearing->assessment == NULL);

    arena_destroy(hearing->arena);
    hearing->arena = NULL;
    hearing->docket.docket.headers = NULL;
    hearing->docket.docket.cases = NULL;
    hearing->docket.cases = NULL;
    hearing->agent->awake_count--;
}

/* Before one more wakes up: the oldest other one that can sleep does. */
static void make_quiet(struct agent *agent)
{
    struct hearing *hearing = agent->hearings;

    if (agent->awake_count < AGENT_AWAKE_MAX) {
        return;
    }
    while (hearing != NULL && (hearing->arena == NULL || hearing->assessment != NULL)) {
        hearing = hearing->next;
    }
    if (hearing != NULL) {
        fall_asleep(hearing);
    }
}

bool hearing_wake(struct hearing *hearing)
{
    struct agent *agent = hearing->agent;
    struct seat_store_docket stored;
    struct seat_record record;
    struct verify_docket docket;
    struct error error;
    bool is_found = false;

    if (hearing->arena != NULL) {
        return true;
    }
    struct arena *arena = arena_create(AGENT_DOCKET_MEMORY);

    /* It was verified before it was stored; decoding it again needs the same call. */
    if (!seat_store_load(agent->store, docket_id(hearing), arena, &stored, &record, &is_found,
                         &error) ||
        !verify_docket(&agent->roster, &stored.docket, arena, &docket, &error)) {
        arena_destroy(arena);
        agent_fail(agent, &error);
        return false;
    }
    make_quiet(agent);
    agent->awake_count++;
    hearing->arena = arena;
    hearing->docket = docket;
    hearing->docket.criterion_count = agent->catalog.criterion_count;
    return true;
}

static void join_list(struct hearing *hearing)
{
    struct hearing **last = &hearing->agent->hearings;

    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = hearing;
    hearing->agent->hearing_counts[hearing->docket.docket.home]++;
}

struct hearing *hearing_create(struct agent *agent, struct arena *arena,
                               const struct verify_docket *docket, const struct seat_record *record)
{
    struct hearing *hearing = calloc(1, sizeof(*hearing));
    struct seat_config config = {.quorum = agent->quorum,
                                 .self = agent->options.seat,
                                 .coordinator_count = (uint8_t)agent->roster.coordinator_count,
                                 .home = docket->docket.home,
                                 .is_again = docket->has_earlier,
                                 .assess_ms = AGENT_ASSESS_MS,
                                 .view_ms = AGENT_VIEW_MS,
                                 .view_ms_max = AGENT_VIEW_MS_MAX,
                                 .repeat_ms = AGENT_REPEAT_MS};

    CHECK(hearing != NULL);
    make_quiet(agent);
    agent->awake_count++;
    hearing->agent = agent;
    hearing->arena = arena;
    hearing->docket = *docket;
    hearing->docket.criterion_count = agent->catalog.criterion_count;
    hearing->timer.fire = timer_fired;
    hearing->timer.context = hearing;
    value_init(hearing);
    seat_init(&hearing->seat, &config, record);
    join_list(hearing);
    recall_proposal(hearing);
    for (uint8_t i = 0; i < agent->roster.coordinator_count; i++) {
        if (agent->peers[i].is_lost) {
            hearing_chair(hearing, i, false);
        }
    }
    return hearing;
}

void hearing_destroy(struct hearing *hearing)
{
    struct agent *agent = hearing->agent;
    struct hearing **place = &agent->hearings;

    while (*place != hearing) {
        place = &(*place)->next;
    }
    *place = hearing->next;
    agent->hearing_counts[hearing->docket.docket.home]--;
    agent->awake_count -= hearing->arena != NULL;
    loop_timer_clear(agent->loop, &hearing->timer);
    assessment_cancel(hearing);
    value_finish(hearing);
    buffer_finish(&hearing->qc);
    arena_destroy(hearing->arena);
    free(hearing);
}

struct hearing *hearing_find(struct agent *agent, const struct digest *docket)
{
    struct hearing *hearing = agent->hearings;

    while (hearing != NULL && !digest_equal(docket_id(hearing), docket)) {
        hearing = hearing->next;
    }
    return hearing;
}

/* ---- what the machine says ---- */

static void log_view(const struct hearing *hearing, const char *what, uint32_t view)
{
    char id[DIGEST_HEX_SIZE];

    log_line(LOG_INFO, "docket %.12s: %s view %u", encode_digest(docket_id(hearing), id), what,
             (unsigned)view);
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

/* Who asks again and again is given so much and no more. */
static bool resend_verdict(struct hearing *hearing, struct error *error)
{
    struct buffer frame = {0};

    if (!agent_may_give(hearing->agent, hearing->from)) {
        return true;
    }
    bool is_ok = seat_store_verdict(hearing->agent->store, docket_id(hearing), &frame, error);

    if (is_ok) {
        agent_give_frame(hearing->agent, hearing->from, buffer_bytes(&frame));
    }
    buffer_finish(&frame);
    return is_ok;
}

/* Anybody who replays what a chair has said makes seats answer that chair, or all: not at the speed
 * of who replays. A chair repeats itself more slowly than this. */
static bool was_just_said(struct hearing_said *said, uint32_t view)
{
    uint64_t now_ms = loop_now_ms();

    if (said->view == view && now_ms < said->at_ms + AGENT_SAID_MS) {
        return true;
    }
    *said = (struct hearing_said){.view = view, .at_ms = now_ms};
    return false;
}

/* Answers with COMPUTED, unless the value has to be fetched first. A QC at hand waits with it. */
static void compute(struct hearing *hearing, const struct seat_vote *vote,
                    struct seat_event *computed)
{
    enum value_result result = value_compute(hearing, &vote->value);

    if (result == VALUE_MISSING) {
        buffer_clear(&hearing->qc);
        buffer_append(&hearing->qc, hearing->hand.qc.data, hearing->hand.qc.size);
        hearing->qc_vote = hearing->hand.qc_vote;
        value_fetch(hearing, &vote->value);
        return;
    }
    computed->type = SEAT_EVENT_COMPUTED;
    computed->computed.value = vote->value;
    computed->computed.is_valid = result == VALUE_VALID;
}

static bool persist_view(struct hearing *hearing, uint32_t view, struct error *error)
{
    log_view(hearing, "enters", view);
    return seat_store_save_view(hearing->agent->store, docket_id(hearing), view, hearing->hand.tc,
                                error);
}

static bool send_tc(struct hearing *hearing, uint32_t view, struct error *error)
{
    struct agent *agent = hearing->agent;
    struct message message = {.kind = MESSAGE_TC};
    struct buffer tc = {0};
    bool is_ok = seat_store_tc(agent->store, docket_id(hearing), view, &tc, error);

    if (is_ok) {
        message.tc.docket = *docket_id(hearing);
        message.tc.tc = buffer_bytes(&tc);
        agent_send(agent, verify_chair(&agent->roster, hearing->docket.docket.home, view),
                   &message);
    }
    buffer_finish(&tc);
    return is_ok;
}

static bool persist_new_view(struct hearing *hearing, uint32_t view, struct error *error)
{
    log_view(hearing, "asks for", view);
    return ballot_persist_new_view(hearing, view, error);
}

static void send_done(struct hearing *hearing, const struct seat_vote *vote)
{
    struct message message = {.kind = MESSAGE_DONE};

    message.done.docket = *docket_id(hearing);
    message.done.value = vote->value;
    agent_send(hearing->agent, hearing->from, &message);
}

static void report_proposal(const struct hearing *hearing)
{
    char id[DIGEST_HEX_SIZE];
    struct error error;

    error_record(&error, ERROR_DENIED, "docket %.12s: it must not be prepared",
                 encode_digest(docket_id(hearing), id));
    agent_drop(hearing->agent, hearing->from, MESSAGE_PROPOSE, &error);
}

/* Carries out ACTION; COMPUTED is set when it asks for an event to follow. */
static bool perform(struct hearing *hearing, const struct seat_action *action,
                    struct seat_event *computed, struct error *error)
{
    const struct seat_vote *vote = &action->vote;

    switch (action->type) {
    case SEAT_ACTION_ASSESS:
        assessment_begin(hearing);
        return true;
    case SEAT_ACTION_PERSIST_VERDICT:
        return true; /* hearing_assessed() has done it: what failed would not be an event. */
    case SEAT_ACTION_SEND_VERDICT:
        return send_verdict(hearing, error);
    case SEAT_ACTION_RESEND_VERDICT:
        return resend_verdict(hearing, error);
    case SEAT_ACTION_COMPUTE:
        compute(hearing, vote, computed);
        return true;
    case SEAT_ACTION_PERSIST_PREPARE:
        return ballot_persist_prepare(hearing, vote, error);
    case SEAT_ACTION_SEND_PREPARE:
        return was_just_said(&hearing->said_prepare, vote->view) ||
               ballot_send_prepare(hearing, vote, error);
    case SEAT_ACTION_PERSIST_LOCK:
        return ballot_persist_commit(hearing, vote, error);
    case SEAT_ACTION_SEND_COMMIT:
        return was_just_said(&hearing->said_commit, vote->view) ||
               ballot_send_commit(hearing, vote, error);
    case SEAT_ACTION_PERSIST_NEW_VIEW:
        return persist_new_view(hearing, vote->view, error);
    case SEAT_ACTION_SEND_NEW_VIEW:
        return ballot_send_new_view(hearing, vote->view, error);
    case SEAT_ACTION_PERSIST_VIEW:
        return persist_view(hearing, vote->view, error);
    case SEAT_ACTION_SEND_TC:
        return send_tc(hearing, vote->view, error);
    case SEAT_ACTION_PERSIST_CERTIFICATE:
        return dockets_save_certificate(hearing->agent, hearing->hand.certificate,
                                        hearing->hand.envelope, action->chairs, error);
    case SEAT_ACTION_SEND_DONE:
        send_done(hearing, vote);
        return true;
    case SEAT_ACTION_SEND_DECIDE:
        delivery_begin(hearing->agent->delivery, docket_id(hearing), action->chairs);
        return true;
    case SEAT_ACTION_PERSIST_DONE:
        return true; /* The delivery notes it for each coordinator. */
    case SEAT_ACTION_SET_TIMER:
        loop_timer_set(hearing->agent->loop, &hearing->timer, action->deadline_ms);
        return true;
    case SEAT_ACTION_REPORT_PROPOSAL:
        report_proposal(hearing);
        return true;
    case SEAT_ACTION_REPORT_CONFLICT:
        /* Of two certificates dockets.c tells: the hearing is gone with the first. */
        return dockets_keep_conflict(hearing->agent, docket_id(hearing), MESSAGE_CERTIFY,
                                     &hearing->hand.qc_vote.value, hearing->hand.qc, error);
    default:
        CHECK_UNREACHABLE();
    }
}

/* Everything that is at hand belongs to this event, and is forgotten after it. */
static void feed(struct hearing *hearing, struct seat_event event)
{
    struct seat_actions actions;
    struct error error;
    bool is_ok = hearing->agent->failure.code == 0;

    while (is_ok && event.type != 0) {
        struct seat_event computed = {0};

        event.now_ms = loop_now_ms();
        if (event.type != SEAT_EVENT_CHAIR_UP && event.type != SEAT_EVENT_CHAIR_LOST) {
            event.chair = hearing->from;
        }
        seat_step(&hearing->seat, &event, &actions);
        for (uint32_t i = 0; is_ok && i < actions.count; i++) {
            is_ok = perform(hearing, &actions.items[i], &computed, &error);
        }
        if (!is_ok) {
            agent_fail(hearing->agent, &error);
        }
        event = computed;
    }
    value_settle(hearing);
    hearing->hand = (struct hearing_event){0};
}

static void timer_fired(void *context)
{
    feed(context, (struct seat_event){.type = SEAT_EVENT_TIMER});
}

/* ---- messages ---- */

void hearing_assign(struct hearing *hearing, uint8_t from)
{
    hearing->from = from;
    feed(hearing, (struct seat_event){.type = SEAT_EVENT_ASSIGN});
}

/* Verifies a TC, unless it is the one that was verified last: then that is `entrance`. */
static bool check_tc(struct hearing *hearing, struct bytes bytes, struct error *error)
{
    struct hearing_entrance *entrance = &hearing->entrance;
    struct verify_tc tc;
    struct digest digest;

    hash_bytes(bytes, &digest);
    if (digest_equal(&digest, &entrance->digest)) {
        return true;
    }
    if (!verify_tc(&hearing->docket.scope, bytes, hearing->agent->work, &tc, error)) {
        return false;
    }
    *entrance = (struct hearing_entrance){.view = tc.tc.view, .digest = tc.digest};
    if (tc.qc_view > 0) {
        entrance->highest.view = tc.qc_view;
        entrance->highest.value = tc.qc.prepare.value;
    }
    return true;
}

void hearing_tc(struct hearing *hearing, uint8_t from, struct bytes tc)
{
    struct seat_event event = {.type = SEAT_EVENT_TC};
    struct message_tc decoded;
    struct error error;

    hearing->from = from;
    /* What is not news needs no verifying. */
    if (codec_part_decode_tc(tc, hearing->agent->work, &decoded, &error) &&
        decoded.view <= hearing->seat.view) {
        return;
    }
    if (!check_tc(hearing, tc, &error)) {
        agent_drop(hearing->agent, from, MESSAGE_TC, &error);
        return;
    }
    event.tc.view = hearing->entrance.view;
    hearing->hand.tc = tc;
    feed(hearing, event);
}

/* E4: the first proposal of a view is kept, and a different second one proves its chair. */
static void watch_proposals(struct hearing *hearing, const struct message_signed *message,
                            uint32_t view)
{
    const struct roster *roster = &hearing->agent->roster;
    struct message_signed first = {.payload =
                                       bytes_of(hearing->proposed.payload, hearing->proposed.size)};

    if (view > hearing->proposed.view) {
        CHECK(message->payload.size <= sizeof(hearing->proposed.payload));
        hearing->proposed.view = view;
        hearing->proposed.size = message->payload.size;
        memcpy(hearing->proposed.payload, message->payload.data, message->payload.size);
        memcpy(hearing->proposed.signature, message->signature, sizeof(message->signature));
    } else if (view == hearing->proposed.view && !bytes_equal(first.payload, message->payload)) {
        memcpy(first.signature, hearing->proposed.signature, sizeof(first.signature));
        witness_coordinator(hearing->agent, verify_chair(roster, hearing->docket.docket.home, view),
                            MESSAGE_TYPE_PROPOSE, &first, message);
    }
}

/* After a restart the first proposal is that of the value that was prepared. */
static void recall_proposal(struct hearing *hearing)
{
    struct arena *arena = arena_create(AGENT_DOCKET_MEMORY);
    struct message_propose propose;
    struct message message;
    struct buffer frame = {0};
    struct error error;

    if (hearing->seat.prepared.view != 0 &&
        seat_store_value(hearing->agent->store, docket_id(hearing), &hearing->seat.prepared.value,
                         &frame, &error) &&
        codec_frame_decode(buffer_bytes(&frame), arena, &message, &error) &&
        verify_propose(&hearing->docket, &message.propose.propose, &propose, &error)) {
        watch_proposals(hearing, &message.propose.propose, propose.view);
    }
    buffer_finish(&frame);
    arena_destroy(arena);
}

/* A proposal that the machine is to judge. */
static void offer(struct hearing *hearing, const struct message *message, struct bytes frame,
                  const struct message_propose *propose)
{
    struct seat_event event = {.type = SEAT_EVENT_PROPOSE};
    struct seat_vote *vote = &event.propose.vote;
    const struct hearing_entrance *entrance = &hearing->entrance;
    struct error error;

    *vote = (struct seat_vote){.view = propose->view, .value = propose->value, .tc = propose->tc};
    event.propose.book = propose->book;
    event.propose.is_from_chair = true; /* verify_propose() checked the chair's signature. */
    event.propose.has_tc = propose->view > 1;
    /* The TC of what was prepared here was verified then. */
    if (propose->view > 1 && !seat_vote_equal(&hearing->seat.prepared, vote)) {
        if (!check_tc(hearing, message->propose.tc, &error)) {
            agent_drop(hearing->agent, hearing->from, MESSAGE_PROPOSE, &error);
            return;
        }
        if (entrance->view != propose->view || !digest_equal(&entrance->digest, &propose->tc)) {
            error_record(&error, ERROR_INVALID, "it brings another TC than that of its view");
            agent_drop(hearing->agent, hearing->from, MESSAGE_PROPOSE, &error);
            return;
        }
        event.propose.highest = entrance->highest;
        hearing->hand.tc = message->propose.tc;
    }
    hearing->hand.frame = frame;
    hearing->hand.value = propose->value;
    feed(hearing, event);
}

/* The value that was asked for. One that does not check is let go: another coordinator is asked. */
static void take_awaited(struct hearing *hearing, struct bytes frame, const struct digest *value)
{
    struct seat_event event = {.type = SEAT_EVENT_COMPUTED};

    hearing->hand.frame = frame;
    if (value_take(hearing, value)) {
        event.computed.value = *value;
        event.computed.is_valid = true;
        feed(hearing, event);
    }
    hearing->hand = (struct hearing_event){0};
}

void hearing_propose(struct hearing *hearing, uint8_t from, const struct message *message,
                     struct bytes frame)
{
    const struct seat *seat = &hearing->seat;
    struct message_propose propose;
    struct error error;

    if (!verify_propose(&hearing->docket, &message->propose.propose, &propose, &error)) {
        agent_drop(hearing->agent, from, MESSAGE_PROPOSE, &error);
        return;
    }
    hearing->from = from;
    bool is_awaited =
        hearing->value.is_awaited && digest_equal(&hearing->value.wanted, &propose.value);
    /* What is computed for this very vote need not be proposed again. */
    bool is_news =
        propose.view >= seat->view && !(is_awaited && seat->computing.view == propose.view &&
                                        digest_equal(&seat->computing.tc, &propose.tc));

    if (is_awaited) {
        take_awaited(hearing, frame, &propose.value);
    }
    if (is_news) {
        offer(hearing, message, frame, &propose);
    }
    /* One of a view that was not entered would take the place of what proves its chair. */
    if (propose.view <= seat->view) {
        watch_proposals(hearing, &message->propose.propose, propose.view);
    }
}

void hearing_new_view(struct hearing *hearing, uint8_t from, const struct message *message)
{
    struct seat_event event = {.type = SEAT_EVENT_NEW_VIEW};
    uint8_t seat = message->new_view.seat;
    struct message_new_view report;
    struct error error;

    /* What is not news needs no verifying. */
    if (codec_payload_decode_new_view(message->new_view.report.payload, &report, &error) &&
        seat < hearing->agent->quorum.seat_count && report.view <= hearing->seat.wanted[seat]) {
        return;
    }
    if (!verify_report(&hearing->docket.scope, &message->new_view.report, seat, &report, &error)) {
        agent_drop(hearing->agent, from, MESSAGE_NEW_VIEW, &error);
        return;
    }
    hearing->from = from;
    event.new_view.seat = seat;
    event.new_view.view = report.view;
    feed(hearing, event);
}

void hearing_certify(struct hearing *hearing, uint8_t from, struct bytes qc)
{
    struct seat_event event = {.type = SEAT_EVENT_CERTIFY};
    struct verify_qc verified;
    struct error error;

    if (!verify_qc(&hearing->docket.scope, qc, hearing->agent->work, &verified, &error)) {
        agent_drop(hearing->agent, from, MESSAGE_CERTIFY, &error);
        return;
    }
    hearing->from = from;
    event.certify.vote = (struct seat_vote){
        .view = verified.prepare.view, .value = verified.prepare.value, .tc = verified.prepare.tc};
    for (size_t i = 0; i < verified.qc.vote_count; i++) {
        seat_set_add(&event.certify.signers, verified.qc.votes[i].seat);
    }
    hearing->hand.qc = qc;
    hearing->hand.qc_vote = event.certify.vote;
    feed(hearing, event);
}

void hearing_decide(struct hearing *hearing, uint8_t from, const struct certificate *certificate,
                    struct bytes envelope)
{
    struct seat_event event = {.type = SEAT_EVENT_DECIDE};

    hearing->from = from;
    event.decide.vote = (struct seat_vote){.view = certificate->statement.view,
                                           .value = certificate->statement.value};
    event.decide.signers = certificate->signers;
    hearing->hand.certificate = certificate;
    hearing->hand.envelope = envelope;
    feed(hearing, event);
    hearing_destroy(hearing);
}

void hearing_chair(struct hearing *hearing, uint8_t chair, bool is_up)
{
    feed(hearing, (struct seat_event){.type = is_up ? SEAT_EVENT_CHAIR_UP : SEAT_EVENT_CHAIR_LOST,
                                      .chair = chair});
}

void hearing_assessed(struct hearing *hearing, const struct message_signed *verdict,
                      struct bytes frame, const struct seat_store_hearing *hearings)
{
    struct error error;

    if (!seat_store_save_verdict(hearing->agent->store, docket_id(hearing), verdict, frame,
                                 hearings, hearing->docket.docket.case_count, &error)) {
        agent_fail(hearing->agent, &error);
        return;
    }
    feed(hearing, (struct seat_event){.type = SEAT_EVENT_ASSESSED});
}
