#include "coordinator/docket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "coordinator/accuse.h"
#include "coordinator/clerk.h"
#include "coordinator/proposal.h"
#include "coordinator/record.h"
#include "coordinator/voice.h"
#include "proto/codec.h"

#define SETTLE_MS     50
#define HEAR_MS_MIN   250
#define REPEAT_MS     1000
#define REPEAT_MS_MAX 8000

const struct digest *docket_id(const struct docket *docket)
{
    return &docket->verified.scope.docket;
}

bool docket_is_own(const struct docket *docket)
{
    return docket->verified.docket.home == docket->coordinator->options.index;
}

bool docket_is_decided(const struct docket *docket)
{
    return docket->chair.phase == CHAIR_DECIDED;
}

struct report_source docket_source(const struct docket *docket)
{
    return (struct report_source){.roster = &docket->coordinator->roster,
                                  .catalog = &docket->coordinator->catalog,
                                  .docket = &docket->verified};
}

struct docket *docket_find(struct coordinator *coordinator, const struct digest *id)
{
    struct docket *docket = coordinator->dockets;

    while (docket != NULL && !digest_equal(docket_id(docket), id)) {
        docket = docket->next;
    }
    return docket;
}

struct docket *docket_find_value(struct coordinator *coordinator, const struct digest *value)
{
    struct docket *docket = coordinator->dockets;

    while (docket != NULL &&
           (docket->ledger == NULL || !digest_equal(ledger_value(docket->ledger), value))) {
        docket = docket->next;
    }
    return docket;
}

void docket_drop(struct docket *docket, uint8_t seat, const char *what, const struct error *why)
{
    char id[DIGEST_HEX_SIZE];
    char name[48];

    (void)snprintf(name, sizeof(name), "%s on docket %.12s", what,
                   encode_digest(docket_id(docket), id));
    coordinator_drop(docket->coordinator, seat, name, why);
}

static void pin_up(struct docket *docket)
{
    struct board_docket board = {.id = *docket_id(docket),
                                 .phase = docket->chair.phase,
                                 .view = docket->chair.view,
                                 .heard = seat_set_count(&docket->chair.heard),
                                 .prepared = seat_set_count(&docket->chair.prepared),
                                 .committed = seat_set_count(&docket->chair.committed)};

    if (docket->has_results) {
        board_remove_docket(docket->coordinator->board, docket_id(docket));
    } else {
        board_put_docket(docket->coordinator->board, &board);
    }
}

/* ---- what the machine says ---- */

static void timer_fired(void *context)
{
    struct chair_event event = {.type = CHAIR_EVENT_TIMER};

    docket_feed(context, &event);
}

static bool compute(struct docket *docket, const struct seat_set *seats,
                    struct chair_event *computed, struct error *error)
{
    struct report_source source = docket_source(docket);
    struct bytes frames[MESSAGE_SEATS_MAX];
    struct ledger_voices voices = {.seats = *seats, .frames = frames};
    struct ledger *ledger = NULL;

    for (size_t seat = 0; seat < MESSAGE_SEATS_MAX; seat++) {
        frames[seat] = buffer_bytes(&docket->voices[seat].verdict);
    }
    if (!ledger_make(&source, &voices, &ledger, error)) {
        return false;
    }
    ledger_destroy(docket->ledger);
    docket->ledger = ledger;
    computed->type = CHAIR_EVENT_COMPUTED;
    computed->computed.book = ledger->verified.digest;
    computed->computed.value = *ledger_value(ledger);
    return true;
}

/* The value behind the highest QC: in hand, in the store, or with those who signed the QC. */
static bool recover(struct docket *docket, const struct seat_vote *vote,
                    struct chair_event *computed, struct error *error)
{
    struct report_source source = docket_source(docket);
    struct buffer frame = {0};
    struct ledger *ledger = NULL;
    bool is_ok = true;

    if (docket->ledger == NULL || !digest_equal(ledger_value(docket->ledger), &vote->value)) {
        is_ok =
            coordinator_store_docket_value(docket->coordinator->store, &vote->value, &frame, error);
        if (is_ok) {
            is_ok = ledger_read(&source, buffer_bytes(&frame), &ledger, error);
        } else if (error->code == ERROR_NOT_FOUND) {
            struct seat_set likely = proposal_signers(docket);

            fetch_begin(docket, &vote->value, &likely);
            is_ok = true;
        }
    }
    buffer_finish(&frame);
    if (ledger != NULL) {
        ledger_destroy(docket->ledger);
        docket->ledger = ledger;
    }
    if (is_ok && docket->ledger != NULL &&
        digest_equal(ledger_value(docket->ledger), &vote->value)) {
        computed->type = CHAIR_EVENT_COMPUTED;
        computed->computed.book = docket->ledger->verified.digest;
        computed->computed.value = vote->value;
    }
    return is_ok;
}

static bool persist_proposal(struct docket *docket, const struct seat_vote *vote,
                             struct error *error)
{
    return proposal_make(docket, vote, error) &&
           coordinator_store_docket_propose(docket->coordinator->store, docket_id(docket), vote,
                                            &docket->chair.book, buffer_bytes(&docket->propose),
                                            error);
}

static void send_tc(struct docket *docket, const struct seat_set *seats)
{
    struct message message = {.kind = MESSAGE_TC};

    message.tc.docket = *docket_id(docket);
    message.tc.tc = buffer_bytes(&docket->tc);
    coordinator_send(docket->coordinator, seats, &message);
}

/* Signed reports alone: who they are for counts them and verifies nothing else. */
static void relay(struct docket *docket, const struct chair_action *action)
{
    for (uint8_t seat = 0; seat < docket->coordinator->quorum.seat_count; seat++) {
        const struct docket_message *kept = &docket->voices[seat].new_view;
        struct message message = {.kind = MESSAGE_NEW_VIEW};

        if (seat_set_has(&action->sources, seat)) {
            message.new_view.report.payload = buffer_bytes(&kept->payload);
            memcpy(message.new_view.report.signature, kept->signature, MESSAGE_SIGNATURE_SIZE);
            message.new_view.seat = seat;
            coordinator_send(docket->coordinator, &action->seats, &message);
        }
    }
}

static void ask_certificate(struct docket *docket, const struct seat_set *seats)
{
    struct message message = {.kind = MESSAGE_FETCH};

    message.fetch.item = MESSAGE_ITEM_CERTIFICATE;
    message.fetch.digest = *docket_id(docket);
    coordinator_send(docket->coordinator, seats, &message);
}

static bool accuse(struct docket *docket, const struct chair_action *action, struct error *error)
{
    uint8_t seat = 0;

    while (!seat_set_has(&action->seats, seat)) {
        seat++;
    }
    return accuse_seat(docket, seat, error);
}

/* Actions that only send. */
static void perform_send(struct docket *docket, const struct chair_action *action)
{
    struct coordinator *coordinator = docket->coordinator;

    switch ((int)action->type) {
    case CHAIR_ACTION_SEND_ASSIGN:
        coordinator_send_frame(coordinator, &action->seats, buffer_bytes(&docket->assign));
        break;
    case CHAIR_ACTION_SEND_PROPOSE:
        coordinator_send_frame(coordinator, &action->seats, buffer_bytes(&docket->propose));
        break;
    case CHAIR_ACTION_SEND_CERTIFY:
        if (docket->certify.size == 0) {
            proposal_certify(docket);
        }
        coordinator_send_frame(coordinator, &action->seats, buffer_bytes(&docket->certify));
        break;
    case CHAIR_ACTION_SEND_DECIDE:
        coordinator_send_frame(coordinator, &action->seats, buffer_bytes(&docket->decide));
        break;
    case CHAIR_ACTION_SEND_DONE:
        record_tell_done(docket, &action->seats);
        break;
    case CHAIR_ACTION_SEND_TC:
        send_tc(docket, &action->seats);
        break;
    case CHAIR_ACTION_RELAY:
        relay(docket, action);
        break;
    case CHAIR_ACTION_ASK_CERTIFICATE:
        ask_certificate(docket, &action->seats);
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

/* Carries out ACTION; FOLLOWING is set when it asks for an event to follow. */
static bool perform(struct docket *docket, const struct chair_action *action,
                    struct chair_event *following, struct error *error)
{
    switch (action->type) {
    case CHAIR_ACTION_SEND_ASSIGN:
    case CHAIR_ACTION_SEND_PROPOSE:
    case CHAIR_ACTION_SEND_CERTIFY:
    case CHAIR_ACTION_SEND_DECIDE:
    case CHAIR_ACTION_SEND_DONE:
    case CHAIR_ACTION_SEND_TC:
    case CHAIR_ACTION_RELAY:
    case CHAIR_ACTION_ASK_CERTIFICATE:
        perform_send(docket, action);
        return true;
    case CHAIR_ACTION_COMPUTE:
        return compute(docket, &action->seats, following, error);
    case CHAIR_ACTION_RECOVER:
        return recover(docket, &action->vote, following, error);
    case CHAIR_ACTION_PERSIST_PROPOSAL:
        return persist_proposal(docket, &action->vote, error);
    case CHAIR_ACTION_PERSIST_CERTIFICATE:
        return record_certify(docket, action, error);
    case CHAIR_ACTION_MAKE_TC:
        (void)proposal_make_tc(docket, &action->seats, action->vote.view, following);
        return true;
    case CHAIR_ACTION_SET_TIMER:
        loop_timer_set(docket->coordinator->loop, &docket->timer, action->deadline_ms);
        return true;
    case CHAIR_ACTION_REPORT_MISCONDUCT:
        return accuse(docket, action, error);
    case CHAIR_ACTION_REPORT_CONFLICT:
        return record_conflict(docket, &action->vote, error);
    default:
        CHECK_UNREACHABLE();
    }
}

/* ---- what the machine hears ---- */

/* The machine counts COMMITs to one vote at a time, and seats go on: their signatures on that vote
 * are put aside, with its statement, which is the one at hand when the vote changes. */
static void gather_commits(struct docket *docket)
{
    const struct seat_vote *certified = &docket->chair.certified;

    for (uint8_t seat = 0; seat < docket->coordinator->quorum.seat_count; seat++) {
        struct docket_voice *voice = &docket->voices[seat];
        struct docket_commit *counted = &voice->counted;

        if (!seat_set_has(&docket->chair.committed, seat) ||
            (counted->vote.view == certified->view &&
             digest_equal(&counted->vote.value, &certified->value))) {
            continue;
        }
        CHECK(voice->fed.vote.view == certified->view);
        CHECK(digest_equal(&voice->fed.vote.value, &certified->value));
        *counted = voice->fed;
        buffer_clear(&docket->committed);
        buffer_append(&docket->committed, docket->at_hand->payload.data,
                      docket->at_hand->payload.size);
    }
}

/* Whether the machine waits for VALUE: to propose it again, or for its reports. */
static bool is_wanted(const struct docket *docket, const struct digest *value)
{
    const struct chair *chair = &docket->chair;

    return (chair->phase == CHAIR_RECOVERING && digest_equal(&chair->justify.value, value)) ||
           (chair->phase == CHAIR_DECIDED && digest_equal(&chair->certified.value, value));
}

void docket_feed(struct docket *docket, struct chair_event *event)
{
    struct chair_event next = *event;
    struct chair_actions actions;
    struct error error;
    bool was_decided = docket_is_decided(docket);

    /* A machine whose action failed is ahead of the store: a timer must not have it speak. */
    if (docket->coordinator->failure.code != 0) {
        return;
    }
    while (next.type != 0) {
        struct chair_event following = {0};

        bool is_counting = next.type == CHAIR_EVENT_COMMIT && !docket_is_decided(docket);

        next.now_ms = loop_now_ms();
        chair_step(&docket->chair, &next, &actions);
        if (is_counting) {
            gather_commits(docket);
        }
        for (uint32_t i = 0; i < actions.count; i++) {
            if (!perform(docket, &actions.items[i], &following, &error)) {
                coordinator_fail(docket->coordinator, &error);
                return;
            }
        }
        next = following;
    }
    if (docket->fetch.is_active && !is_wanted(docket, &docket->fetch.value)) {
        docket->fetch = (struct fetch){0}; /* Another view has overtaken it. */
    }
    pin_up(docket);
    if (docket_is_decided(docket) && !was_decided) {
        clerk_take_cases(docket->coordinator);
    }
}

void docket_take_value(struct docket *docket, struct ledger *ledger)
{
    struct chair_event event = {.type = CHAIR_EVENT_COMPUTED};
    struct error error;

    if (!is_wanted(docket, ledger_value(ledger))) {
        ledger_destroy(ledger);
        return;
    }
    ledger_destroy(docket->ledger);
    docket->ledger = ledger;
    docket->fetch = (struct fetch){0};
    if (!record_complete(docket, &error)) {
        coordinator_fail(docket->coordinator, &error);
        return;
    }
    pin_up(docket);
    if (docket->chair.phase == CHAIR_RECOVERING) {
        event.computed.book = ledger->verified.digest;
        event.computed.value = *ledger_value(ledger);
        docket_feed(docket, &event);
    }
    voice_recount(docket);
}

void docket_seat_up(struct docket *docket, uint8_t seat)
{
    struct chair_event event = {.type = CHAIR_EVENT_SEAT_UP, .seat = seat};

    docket_feed(docket, &event);
}

bool docket_tick(struct docket *docket)
{
    static const struct seat_set nobody = {{0, 0}};
    struct seat_set all = seat_set_others(&nobody, docket->coordinator->quorum.seat_count);

    fetch_advance(docket);
    if (!docket->has_results) {
        return false;
    }
    if (!paperwork_is_here(docket)) {
        paperwork_fetch(docket);
    }
    return (paperwork_is_here(docket) && seat_set_equal(&docket->chair.done, &all)) ||
           loop_now_ms() >= docket->close_ms;
}

/* ---- life ---- */

static bool verify(struct docket *docket, const struct message_signed *signed_docket,
                   struct error *error)
{
    struct message message = {.kind = MESSAGE_ASSIGN};
    struct message_signed *kept = &docket->message;

    *kept = *signed_docket;
    kept->payload.data =
        (const uint8_t *)arena_copy(docket->arena, kept->payload.data, kept->payload.size);
    if (kept->payload.data == NULL) {
        return error_set(error, ERROR_LIMIT, "a docket of %zu bytes", kept->payload.size);
    }
    message.assign.docket = *kept;
    if (!verify_docket(&docket->coordinator->roster, kept, docket->arena, &docket->verified,
                       error) ||
        !codec_frame_encode(&message, &docket->assign, error)) {
        return false;
    }
    docket->verified.criterion_count = docket->coordinator->catalog.criterion_count;
    docket->tallies = calloc(docket->verified.docket.case_count, sizeof(*docket->tallies));
    CHECK(docket->tallies != NULL);
    for (size_t i = 0; i < docket->verified.docket.case_count; i++) {
        tally_init(&docket->tallies[i], (uint16_t)docket->verified.criterion_count);
    }
    return true;
}

static void make_machine(struct docket *docket, const struct chair_record *record)
{
    const struct coordinator *coordinator = docket->coordinator;
    struct chair_config config = {.quorum = coordinator->quorum,
                                  .self = coordinator->options.index,
                                  .coordinator_count = coordinator->roster.coordinator_count,
                                  .home = docket->verified.docket.home,
                                  .is_again = docket->verified.has_earlier,
                                  .settle_ms = SETTLE_MS,
                                  .hear_ms_min = HEAR_MS_MIN,
                                  .assess_ms = COORDINATOR_ASSESS_MS,
                                  .repeat_ms = REPEAT_MS,
                                  .repeat_ms_max = REPEAT_MS_MAX};

    docket->timer.fire = timer_fired;
    docket->timer.context = docket;
    chair_init(&docket->chair, &config, record);
}

/* Other dockets with a hearing of this one; those in memory are told of it. */
static bool find_sharing(struct docket *docket, struct error *error)
{
    struct coordinator *coordinator = docket->coordinator;

    if (!coordinator_store_docket_sharing(coordinator->store, docket_id(docket), docket->arena,
                                          &docket->sharing, &docket->sharing_count, error)) {
        return false;
    }
    for (size_t i = 0; i < docket->sharing_count; i++) {
        struct docket *other = docket_find(coordinator, &docket->sharing[i]);

        if (other != NULL &&
            !coordinator_store_docket_sharing(coordinator->store, docket_id(other), other->arena,
                                              &other->sharing, &other->sharing_count, error)) {
            return false;
        }
    }
    return true;
}

static bool restore(struct docket *docket, const struct docket_opening *opening,
                    struct error *error)
{
    if (opening->record->proposed.view != 0) {
        buffer_append(&docket->propose, opening->frame.data, opening->frame.size);
        if (!proposal_restore(docket, &opening->record->proposed, error)) {
            return false;
        }
    }
    return !opening->record->is_decided || record_restore(docket, error);
}

static void start(struct docket *docket)
{
    struct coordinator *coordinator = docket->coordinator;
    struct docket **last = &coordinator->dockets;
    struct chair_event open = {.type = CHAIR_EVENT_OPEN};

    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = docket;
    docket_feed(docket, &open);
    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        if (coordinator->seats[seat].is_up) {
            docket_seat_up(docket, seat);
        }
    }
}

bool docket_open(struct coordinator *coordinator, const struct docket_opening *opening,
                 struct error *error)
{
    struct docket *docket = calloc(1, sizeof(*docket));

    CHECK(docket != NULL);
    docket->coordinator = coordinator;
    docket->arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    bool is_ok = verify(docket, opening->message, error);

    if (is_ok) {
        make_machine(docket, opening->record);
        is_ok = find_sharing(docket, error) && restore(docket, opening, error);
    }
    if (!is_ok) {
        docket_destroy(docket);
        return false;
    }
    start(docket);
    return true;
}

bool docket_reopen(struct coordinator *coordinator, const struct digest *id, struct error *error)
{
    struct arena *arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    struct coordinator_store_docket stored;
    struct docket_opening opening = {.message = &stored.docket, .record = &stored.record};
    struct buffer frame = {0};
    bool is_ok = coordinator_store_docket_load(coordinator->store, id, arena, &stored, error);

    if (is_ok && stored.record.proposed.view != 0) {
        is_ok = coordinator_store_docket_proposal(coordinator->store, id, &frame, error);
        opening.frame = buffer_bytes(&frame);
    }
    is_ok = is_ok && docket_open(coordinator, &opening, error);
    buffer_finish(&frame);
    arena_destroy(arena);
    return is_ok;
}

void docket_destroy(struct docket *docket)
{
    struct docket **place = &docket->coordinator->dockets;

    while (*place != NULL && *place != docket) {
        place = &(*place)->next;
    }
    if (*place == docket) {
        *place = docket->next;
        board_remove_docket(docket->coordinator->board, docket_id(docket));
        loop_timer_clear(docket->coordinator->loop, &docket->timer);
    }
    for (size_t seat = 0; seat < MESSAGE_SEATS_MAX; seat++) {
        struct docket_voice *voice = &docket->voices[seat];

        buffer_finish(&voice->verdict);
        buffer_finish(&voice->prepare.payload);
        buffer_finish(&voice->commit.payload);
        buffer_finish(&voice->new_view.payload);
        buffer_finish(&voice->qc);
    }
    ledger_destroy(docket->ledger);
    buffer_finish(&docket->assign);
    buffer_finish(&docket->tc);
    buffer_finish(&docket->propose);
    buffer_finish(&docket->prepare);
    buffer_finish(&docket->certify);
    buffer_finish(&docket->committed);
    buffer_finish(&docket->decide);
    paperwork_finish(&docket->papers);
    free(docket->tallies);
    arena_destroy(docket->arena);
    free(docket);
}
