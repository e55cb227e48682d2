#include "agent/dockets.h"

#include "agent/delivery.h"
#include "agent/hearing.h"
#include "agent/witness.h"
#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "crypto/hash.h"

/* ---- the decided ones ---- */

bool dockets_answer(struct agent *agent, uint8_t from, const struct digest *docket)
{
    struct message message = {.kind = MESSAGE_DECIDE};
    struct buffer certificate = {0};
    struct buffer frame = {0};
    struct error error;
    bool is_decided = seat_store_certificate(agent->store, docket, &certificate, &error);

    message.decide.docket = *docket;
    message.decide.certificate = buffer_bytes(&certificate);
    if (!is_decided && error.code != ERROR_NOT_FOUND) {
        agent_fail(agent, &error);
    } else if (is_decided && agent_may_give(agent, from) &&
               codec_frame_encode(&message, &frame, &error)) {
        agent_give_frame(agent, from, buffer_bytes(&frame));
    }
    buffer_finish(&frame);
    buffer_finish(&certificate);
    return is_decided;
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

static uint8_t all_chairs(const struct agent *agent)
{
    return (uint8_t)((1U << agent->roster.coordinator_count) - 1);
}

bool dockets_save_certificate(struct agent *agent, const struct certificate *certificate,
                              struct bytes envelope, uint8_t done, struct error *error)
{
    const struct statement *statement = &certificate->statement;
    struct seat_store_outcome outcomes[MESSAGE_CASES_MAX];
    const struct seat_store_certificate stored = {.docket = statement->docket,
                                                  .value = statement->value,
                                                  .envelope = envelope,
                                                  .outcomes = outcomes,
                                                  .outcome_count = statement->case_count,
                                                  .undelivered =
                                                      (uint8_t)(all_chairs(agent) & ~done)};

    for (size_t i = 0; i < statement->case_count; i++) {
        outcomes[i].case_id = statement->cases[i].id;
        outcomes[i].attempt = statement->cases[i].attempt;
        outcomes[i].outcome = binding_of(statement->cases[i].outcome);
    }
    agent->has_work = true; /* A hearing that waited for it can go on. */
    return seat_store_save_certificate(agent->store, &stored, error);
}

bool dockets_keep_conflict(struct agent *agent, const struct digest *docket, enum message_kind kind,
                           const struct digest *value, struct bytes bytes, struct error *error)
{
    char id[DIGEST_HEX_SIZE];

    log_line(LOG_ERROR, "docket %.12s: two values were certified: more than %u seats are faulty",
             encode_digest(docket, id), agent->quorum.faulty_max);
    return seat_store_save_conflict(agent->store, docket, kind, value, bytes, error);
}

static void send_done(struct agent *agent, uint8_t to, const struct statement *statement)
{
    struct message message = {.kind = MESSAGE_DONE};

    message.done.docket = statement->docket;
    message.done.value = statement->value;
    agent_send(agent, to, &message);
}

/* A certificate of a docket that is decided here, or not known. DONE has the bit of who sent it. */
static bool keep_certificate(struct agent *agent, const struct certificate *certificate,
                             struct bytes envelope, uint8_t done)
{
    const struct statement *statement = &certificate->statement;
    struct seat_store_docket ignored;
    struct seat_record record;
    struct error error;
    bool is_found;
    bool is_ok = seat_store_load(agent->store, &statement->docket, agent->work, &ignored, &record,
                                 &is_found, &error);

    if (is_ok && record.is_decided && !digest_equal(&record.decided, &statement->value)) {
        is_ok = dockets_keep_conflict(agent, &statement->docket, MESSAGE_DECIDE, &statement->value,
                                      envelope, &error);
    } else if (is_ok && !record.is_decided) {
        is_ok = dockets_save_certificate(agent, certificate, envelope, done, &error);
        if (is_ok) {
            delivery_begin(agent->delivery, &statement->docket,
                           (uint8_t)(all_chairs(agent) & ~done));
        }
    }
    if (!is_ok) {
        agent_fail(agent, &error);
    }
    return is_ok;
}

/* FROM has a certificate for the value that is decided here: it needs no second check. */
static bool is_same_again(struct agent *agent, uint8_t from, struct bytes envelope)
{
    struct statement *claim = arena_alloc(agent->work, sizeof(*claim));
    struct seat_store_docket ignored;
    struct seat_record record;
    struct error error;
    bool is_found;

    if (claim == NULL || !certificate_claim(envelope, "DECIDE", agent->work, claim, &error)) {
        return false;
    }
    if (!seat_store_load(agent->store, &claim->docket, agent->work, &ignored, &record, &is_found,
                         &error)) {
        agent_fail(agent, &error);
        return false;
    }
    if (!record.is_decided || !digest_equal(&record.decided, &claim->value)) {
        return false;
    }
    delivery_done(agent->delivery, from, &claim->docket);
    send_done(agent, from, claim);
    return true;
}

void dockets_decide(struct agent *agent, uint8_t from, const struct message *message)
{
    struct bytes envelope = message->decide.certificate;
    struct certificate *certificate = NULL;
    struct error error;

    if (is_same_again(agent, from, envelope) || agent->failure.code != 0) {
        return;
    }
    if (!certificate_check(envelope, "DECIDE", &agent->roster, agent->work, &certificate, &error)) {
        agent_drop(agent, from, MESSAGE_DECIDE, &error);
        return;
    }
    const struct digest *docket = &certificate->statement.docket;
    struct hearing *hearing = hearing_find(agent, docket);

    if (hearing != NULL) {
        hearing_decide(hearing, from, certificate, envelope);
    } else if (keep_certificate(agent, certificate, envelope, (uint8_t)(1U << from))) {
        delivery_done(agent->delivery, from, docket);
        send_done(agent, from, &certificate->statement);
    }
}

/* The headers of a docket that hears cases again bring the certificates of the hearings before:
 * these end their dockets here as if they had been sent. */
static void take_earlier(struct agent *agent, const struct verify_docket *docket)
{
    for (size_t i = 0; i < docket->docket.case_count && agent->failure.code == 0; i++) {
        const struct message_header *header = &docket->docket.cases[i];
        struct certificate *certificate = NULL;
        struct error error;

        if (header->attempt == 1 || !certificate_check(header->earlier, "header", &agent->roster,
                                                       agent->work, &certificate, &error)) {
            continue;
        }
        struct hearing *hearing = hearing_find(agent, &certificate->statement.docket);

        if (keep_certificate(agent, certificate, header->earlier, 0) && hearing != NULL) {
            hearing_destroy(hearing);
        }
    }
}

/* ---- room ---- */

/* True when one more hearing of HOME may be held in memory. One whose verdict is given can be put
 * away for it: the store has all of it, and a message that names it brings it back. */
static bool make_room(struct agent *agent, uint8_t home)
{
    struct hearing *hearing = agent->hearings;

    if (agent->hearing_counts[home] < AGENT_HEARINGS_MAX) {
        return true;
    }
    while (hearing != NULL &&
           (hearing->docket.docket.home != home || hearing->seat.assessment != SEAT_STORED)) {
        hearing = hearing->next;
    }
    if (hearing == NULL) {
        return false;
    }
    hearing_destroy(hearing);
    agent->has_put_away = true;
    return true;
}

/* ---- the undecided ones ---- */

/* E4: the home has signed two dockets under one serial. Both are heard. */
static void report_twin(struct agent *agent, const struct seat_store_docket *docket)
{
    struct message_signed twin;
    struct error error;

    if (seat_store_twin(agent->store, docket, agent->work, &twin, &error)) {
        witness_coordinator(agent, docket->home, MESSAGE_TYPE_DOCKET, &twin, &docket->docket);
    } else {
        log_line(LOG_ERROR, "two dockets with one serial: %s", error.message);
    }
}

/* The docket is new: keeps it and makes its hearing. NULL when it could not be kept. */
static struct hearing *open_docket(struct agent *agent, struct arena *arena,
                                   const struct verify_docket *docket,
                                   const struct message_signed *signed_docket)
{
    struct seat_store_docket kept = {.id = docket->scope.docket,
                                     .home = docket->docket.home,
                                     .serial = docket->docket.serial,
                                     .docket = *signed_docket};
    struct seat_store_docket ignored;
    struct seat_record record;
    struct error error;
    bool is_twin = false;
    bool is_found = false;

    if (!seat_store_put_docket(agent->store, &kept, &is_twin, &error) ||
        !seat_store_load(agent->store, &kept.id, arena, &ignored, &record, &is_found, &error)) {
        agent_fail(agent, &error);
        return NULL;
    }
    if (is_twin) {
        report_twin(agent, &kept);
    }
    return hearing_create(agent, arena, docket, &record);
}

/* The docket is for this seat: it is heard unless it is decided, or its home has more dockets here
 * than there is room for; then its chairs ask again. */
static bool take_docket(struct agent *agent, uint8_t from, struct arena *arena,
                        const struct verify_docket *docket,
                        const struct message_signed *signed_docket)
{
    struct hearing *hearing = NULL;
    struct error error;

    if (docket->has_earlier) {
        take_earlier(agent, docket);
    }
    if (agent->failure.code != 0) {
        return false;
    }
    if (!make_room(agent, docket->docket.home)) {
        error_record(&error, ERROR_LIMIT,
                     "coordinator %u has %u dockets under assessment here: one more waits",
                     docket->docket.home, AGENT_HEARINGS_MAX);
        agent_drop(agent, from, MESSAGE_ASSIGN, &error);
        return false;
    }
    hearing = open_docket(agent, arena, docket, signed_docket);
    if (hearing != NULL) {
        hearing_assign(hearing, from);
    }
    return hearing != NULL;
}

void dockets_assign(struct agent *agent, uint8_t from, const struct message *message)
{
    struct message_signed kept = message->assign.docket;
    struct verify_docket docket;
    struct digest id;
    struct error error;

    hash_bytes(kept.payload, &id);
    struct hearing *hearing = hearing_find(agent, &id);

    if (hearing != NULL) {
        hearing_assign(hearing, from); /* Verified when it came first. */
        return;
    }
    if (dockets_answer(agent, from, &id) || agent->failure.code != 0) {
        return; /* Many signatures need no verifying. */
    }
    struct arena *arena = arena_create(AGENT_DOCKET_MEMORY);

    /* The docket outlives the message it came in. */
    kept.payload.data = (const uint8_t *)arena_copy(arena, kept.payload.data, kept.payload.size);
    if (kept.payload.data == NULL) {
        error_record(&error, ERROR_LIMIT, "ASSIGN: no room for the docket");
        agent_drop(agent, from, MESSAGE_ASSIGN, &error);
    } else if (!verify_docket(&agent->roster, &kept, arena, &docket, &error) ||
               (docket.has_earlier && !certificate_check_earlier(&docket, &error))) {
        agent_drop(agent, from, MESSAGE_ASSIGN, &error);
    } else if (!digest_equal(&docket.docket.catalog, &agent->catalog.digest)) {
        error_record(&error, ERROR_INVALID, "ASSIGN for a catalogue that is not loaded here");
        agent_drop(agent, from, MESSAGE_ASSIGN, &error);
    } else if (take_docket(agent, from, arena, &docket, &kept)) {
        return; /* The arena is the hearing's now. */
    }
    arena_destroy(arena);
}

static void ask_for_docket(struct agent *agent, uint8_t from, const struct digest *docket)
{
    struct message message = {.kind = MESSAGE_FETCH};

    message.fetch.item = MESSAGE_ITEM_DOCKET;
    message.fetch.digest = *docket;
    agent_send(agent, from, &message);
}

/* Makes the hearing of an undecided docket that the store has; ARENA as in hearing_create(). */
static struct hearing *load_docket(struct agent *agent, struct arena *arena,
                                   const struct seat_store_docket *stored,
                                   const struct seat_record *record)
{
    struct verify_docket docket;
    struct error error;

    /* It was verified before it was stored; decoding it again needs the same call. */
    if (!verify_docket(&agent->roster, &stored->docket, arena, &docket, &error)) {
        agent_fail(agent, &error);
        return NULL;
    }
    return hearing_create(agent, arena, &docket, record);
}

struct hearing *dockets_find(struct agent *agent, uint8_t from, const struct digest *docket)
{
    struct hearing *hearing = hearing_find(agent, docket);
    struct seat_store_docket stored;
    struct seat_record record;
    struct error error;
    bool is_found = false;

    if (hearing != NULL) {
        return hearing;
    }
    struct arena *arena = arena_create(AGENT_DOCKET_MEMORY);

    if (!seat_store_load(agent->store, docket, arena, &stored, &record, &is_found, &error)) {
        agent_fail(agent, &error);
    } else if (record.is_decided) {
        (void)dockets_answer(agent, from, docket);
    } else if (!is_found) {
        ask_for_docket(agent, from, docket);
    } else if (make_room(agent, stored.home)) {
        hearing = load_docket(agent, arena, &stored, &record);
    }
    if (hearing == NULL) {
        arena_destroy(arena);
    } else {
        hearing_assign(hearing, from); /* Its timers and its assessment go on. */
    }
    return hearing;
}

/* Brings one docket back unless it is here, or its home has no room. */
static void restore(struct agent *agent, const struct digest *id)
{
    struct arena *arena = arena_create(AGENT_DOCKET_MEMORY);
    struct seat_store_docket stored;
    struct hearing *hearing = NULL;
    struct seat_record record;
    struct error error;
    bool is_found = false;

    if (!seat_store_load(agent->store, id, arena, &stored, &record, &is_found, &error)) {
        agent_fail(agent, &error);
    } else if (agent->hearing_counts[stored.home] >= AGENT_HEARINGS_MAX) {
        agent->has_put_away = true;
    } else {
        hearing = load_docket(agent, arena, &stored, &record);
    }
    if (hearing == NULL) {
        arena_destroy(arena);
    } else {
        hearing_assign(hearing, stored.home);
    }
}

void dockets_restore(struct agent *agent, size_t count_max)
{
    struct arena *arena = arena_create(DOCKETS_RESTORE_MAX * 2 * DIGEST_SIZE);
    struct digest *ids = NULL;
    struct error error;
    size_t count = DOCKETS_RESTORE_MAX;

    while (count == DOCKETS_RESTORE_MAX && count_max >= DOCKETS_RESTORE_MAX &&
           agent->failure.code == 0) {
        if (agent->restored == 0) {
            agent->has_put_away = false; /* Until one is met on this round. */
        }
        arena_reset(arena);
        if (!seat_store_open_dockets(agent->store, &agent->restored, DOCKETS_RESTORE_MAX, arena,
                                     &ids, &count, &error)) {
            agent_fail(agent, &error);
            break;
        }
        for (size_t i = 0; i < count; i++) {
            if (hearing_find(agent, &ids[i]) == NULL) {
                restore(agent, &ids[i]);
            }
        }
        count_max -= DOCKETS_RESTORE_MAX;
        if (count < DOCKETS_RESTORE_MAX) {
            agent->restored = 0;
        }
    }
    arena_destroy(arena);
}
