#include "agent/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "agent/assessment.h"
#include "agent/examine.h"
#include "agent/hearing.h"
#include "agent/papers_desk.h"
#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "proto/codec.h"
#include "report/certificate.h"

#define LOADED_SIZE_MAX (64U * 1024 * 1024) /* Bytes of roster and catalogue. */
#define QUEUE_MAX       1000

static uint64_t clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void agent_fail(struct agent *agent, const struct error *error)
{
    if (agent->failure.code == 0) {
        agent->failure = *error;
    }
    loop_stop(agent->loop);
}

void agent_send_frame(struct agent *agent, uint8_t coordinator, struct bytes frame)
{
    struct agent_peer *peer = &agent->peers[coordinator];

    if (peer->link != NULL && !link_client_send(peer->link, frame)) {
        log_line(LOG_DEBUG, "coordinator %u does not take a message now", coordinator);
    }
}

void agent_send(struct agent *agent, uint8_t coordinator, const struct message *message)
{
    struct buffer frame = {0};
    struct error error;

    if (!codec_frame_encode(message, &frame, &error)) {
        log_line(LOG_ERROR, "a message cannot be sent: %s", error.message);
    } else {
        agent_send_frame(agent, coordinator, buffer_bytes(&frame));
    }
    buffer_finish(&frame);
}

void agent_send_all(struct agent *agent, const struct message *message)
{
    for (uint8_t i = 0; i < agent->roster.coordinator_count; i++) {
        agent_send(agent, i, message);
    }
}

static void drop(struct agent *agent, uint8_t from, const struct error *why)
{
    agent->malformed_count++;
    log_line(LOG_WARNING, "coordinator %u: message dropped: %s", from, why->message);
}

/* ---- one's own greeting, and theirs ---- */

static void say_hello(struct agent *agent, uint8_t coordinator)
{
    struct message message = {.kind = MESSAGE_HELLO};

    /* Whoever greets can take a docket: first the assessor must have said that it can. */
    if (digest_is_zero(assessor_ruleset(agent->assessor))) {
        return;
    }
    message.hello.version = MESSAGE_VERSION;
    message.hello.roster = agent->roster.digest;
    message.hello.index = agent->options.seat;
    message.hello.is_seat = true;
    message.hello.clock_ms = clock_ms();
    message.hello.program = bytes_of_text("aims-agent " AIMS_VERSION);
    agent_send(agent, coordinator, &message);
}

static void take_hello(struct agent *agent, uint8_t from, const struct message *message)
{
    struct agent_peer *peer = &agent->peers[from];

    if (!digest_equal(&message->hello.roster, &agent->roster.digest)) {
        log_line(LOG_ERROR, "coordinator %u serves another roster", from);
        return;
    }
    if (!peer->is_up) {
        log_line(LOG_INFO, "coordinator %u is there", from);
    }
    peer->is_up = true;
}

/* Gives the examination something to do: verdicts first, then papers. */
static void work(struct agent *agent)
{
    if (assessment_advance(agent)) {
        papers_desk_advance(agent->papers_desk);
    }
}

static void heartbeat(void *context)
{
    struct agent *agent = context;
    uint64_t now_ms = loop_now_ms();

    for (uint8_t i = 0; i < agent->roster.coordinator_count; i++) {
        struct agent_peer *peer = &agent->peers[i];
        struct message ping = {.kind = MESSAGE_PING};
        struct error error;

        if (peer->is_up && now_ms > peer->heard_ms + AGENT_SILENCE_MS) {
            log_line(LOG_WARNING, "coordinator %u is silent", i);
            peer->is_up = false;
            if (!link_client_reconnect(peer->link, &error)) {
                log_line(LOG_ERROR, "coordinator %u: %s", i, error.message);
            }
        }
        ping.ping.clock_ms = clock_ms();
        if (peer->is_up) {
            agent_send(agent, i, &ping);
        } else {
            say_hello(agent, i);
        }
    }
    examine_tick(agent->examine);
    work(agent);
    loop_timer_set(agent->loop, &agent->heartbeat, now_ms + AGENT_HELLO_MS);
}

/* ---- messages ---- */

/* A docket that is decided is answered for by the store. True when it was. */
static bool answer_decided(struct agent *agent, uint8_t from, const struct digest *docket)
{
    struct message message = {.kind = MESSAGE_DECIDE};
    struct buffer certificate = {0};
    struct error error;
    bool is_decided = seat_store_certificate(agent->store, docket, &certificate, &error);

    if (is_decided) {
        message.decide.docket = *docket;
        message.decide.certificate = buffer_bytes(&certificate);
        agent_send(agent, from, &message);
    } else if (error.code != ERROR_NOT_FOUND) {
        agent_fail(agent, &error);
    }
    buffer_finish(&certificate);
    return is_decided;
}

/* True when one more hearing may be held in memory. A docket whose verdict is given can be put away
 * for it: the store has all of it, and the next message for it brings it back. */
static bool make_room(struct agent *agent)
{
    struct hearing *hearing = agent->hearings;

    if (agent->hearing_count < AGENT_HEARINGS_MAX) {
        return true;
    }
    while (hearing != NULL && hearing->assessment != NULL) {
        hearing = hearing->next;
    }
    if (hearing != NULL) {
        hearing_destroy(hearing);
    }
    return hearing != NULL;
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
        log_line(LOG_ERROR, "coordinator %u signed two dockets with serial %llu",
                 docket->docket.home, (unsigned long long)docket->docket.serial);
    }
    return hearing_create(agent, arena, docket, &record);
}

static void take_assign(struct agent *agent, uint8_t from, const struct message *message)
{
    struct arena *arena = arena_create(AGENT_DOCKET_MEMORY);
    struct verify_docket docket;
    struct message_signed kept = message->assign.docket;
    struct hearing *hearing = NULL;
    struct error error;

    /* The docket outlives the message it came in. */
    kept.payload.data = (const uint8_t *)arena_copy(arena, kept.payload.data, kept.payload.size);
    if (kept.payload.data == NULL ||
        !verify_docket(&agent->roster, &kept, arena, &docket, &error) ||
        (docket.has_earlier && !certificate_check_earlier(&docket, &error))) {
        drop(agent, from, &error);
    } else if (!digest_equal(&docket.docket.catalog, &agent->catalog.digest)) {
        error_record(&error, ERROR_INVALID, "ASSIGN for a catalogue that is not loaded here");
        drop(agent, from, &error);
    } else if ((hearing = hearing_find(agent, &docket.scope.docket)) != NULL) {
        hearing_assign(hearing, from);
    } else if (!answer_decided(agent, from, &docket.scope.docket) && agent->failure.code == 0 &&
               make_room(agent)) {
        hearing = open_docket(agent, arena, &docket, &kept);
        if (hearing != NULL) {
            hearing_assign(hearing, from);
            return; /* The arena is the hearing's now. */
        }
    }
    arena_destroy(arena);
}

/* Brings a hearing back from the store, if the docket is known and open. */
static struct hearing *find_or_load(struct agent *agent, uint8_t from,
                                    const struct digest *docket_id)
{
    struct hearing *hearing = hearing_find(agent, docket_id);
    struct seat_store_docket stored;
    struct seat_record record;
    struct verify_docket docket;
    struct error error;
    bool is_found = false;

    if (hearing != NULL) {
        return hearing;
    }
    struct arena *arena = arena_create(AGENT_DOCKET_MEMORY);

    if (!seat_store_load(agent->store, docket_id, arena, &stored, &record, &is_found, &error)) {
        agent_fail(agent, &error);
    } else if (is_found && record.is_decided) {
        (void)answer_decided(agent, from, docket_id);
    } else if (is_found && stored.docket.payload.size > 0 && make_room(agent)) {
        /* It was verified before it was stored; decoding it again needs the same call. */
        if (verify_docket(&agent->roster, &stored.docket, arena, &docket, &error)) {
            return hearing_create(agent, arena, &docket, &record);
        }
        agent_fail(agent, &error);
    }
    arena_destroy(arena);
    return NULL;
}

static void ask_for_docket(struct agent *agent, uint8_t from, const struct digest *docket)
{
    struct message message = {.kind = MESSAGE_FETCH};

    message.fetch.item = MESSAGE_ITEM_DOCKET;
    message.fetch.digest = *docket;
    agent_send(agent, from, &message);
}

static void take_propose(struct agent *agent, uint8_t from, const struct message *message,
                         struct bytes frame)
{
    struct message_propose propose;
    struct error error;

    if (!codec_payload_decode_propose(message->propose.propose.payload, &propose, &error)) {
        drop(agent, from, &error);
        return;
    }
    struct hearing *hearing = find_or_load(agent, from, &propose.docket);

    if (hearing != NULL) {
        hearing_propose(hearing, from, message, frame);
    } else {
        ask_for_docket(agent, from, &propose.docket);
    }
}

static void take_certify(struct agent *agent, uint8_t from, struct bytes bytes)
{
    struct message_prepare prepare;
    struct message_qc qc;
    struct error error;

    if (!codec_part_decode_qc(bytes, agent->work, &qc, &error) ||
        !codec_payload_decode_prepare(qc.payload, &prepare, &error)) {
        drop(agent, from, &error);
        return;
    }
    struct hearing *hearing = find_or_load(agent, from, &prepare.docket);

    if (hearing != NULL) {
        hearing_certify(hearing, from, bytes);
    }
}

static void take_decide(struct agent *agent, uint8_t from, const struct message *message)
{
    struct message done = {.kind = MESSAGE_DONE};
    struct certificate *certificate = NULL;
    struct error error;

    if (!certificate_check(message->decide.certificate, "DECIDE", &agent->roster, agent->work,
                           &certificate, &error)) {
        drop(agent, from, &error);
        return;
    }
    const struct digest *docket = &certificate->statement.docket;
    struct hearing *hearing = hearing_find(agent, docket);

    if (hearing != NULL) {
        hearing_decide(hearing, from, certificate, message->decide.certificate);
    } else if (hearing_store_certificate(agent, certificate, message->decide.certificate)) {
        done.done.docket = *docket;
        done.done.value = certificate->statement.value;
        agent_send(agent, from, &done);
    }
}

static void take_fetch(struct agent *agent, uint8_t from, const struct message *message)
{
    struct buffer frame = {0};
    struct error error;

    switch (message->fetch.item) {
    case MESSAGE_ITEM_PAPERS:
        papers_desk_ask(agent->papers_desk, from, &message->fetch.digest, message->fetch.index);
        work(agent);
        break;
    case MESSAGE_ITEM_CERTIFICATE:
        (void)answer_decided(agent, from, &message->fetch.digest);
        break;
    case MESSAGE_ITEM_VERDICT:
        if (seat_store_verdict(agent->store, &message->fetch.digest, &frame, &error)) {
            agent_send_frame(agent, from, buffer_bytes(&frame));
        }
        break;
    case MESSAGE_ITEM_BUNDLE:
    case MESSAGE_ITEM_DOCKET:
    case MESSAGE_ITEM_VALUE:
    case MESSAGE_ITEM_OWN:
    case MESSAGE_ITEM_COUNT:
    default:
        error_record(&error, ERROR_INVALID, "FETCH for what a seat does not keep");
        drop(agent, from, &error);
        break;
    }
    buffer_finish(&frame);
}

static void dispatch(struct agent *agent, uint8_t from, const struct message *message,
                     struct bytes frame)
{
    struct error error;

    switch (message->kind) {
    case MESSAGE_HELLO:
        take_hello(agent, from, message);
        break;
    case MESSAGE_PONG:
        if (message->ping.clock_ms == 0) {
            say_hello(agent, from); /* It does not know us: it was started anew. */
        }
        break;
    case MESSAGE_ASSIGN:
        take_assign(agent, from, message);
        break;
    case MESSAGE_PROPOSE:
        take_propose(agent, from, message, frame);
        break;
    case MESSAGE_CERTIFY:
        take_certify(agent, from, message->certify);
        break;
    case MESSAGE_DECIDE:
        take_decide(agent, from, message);
        break;
    case MESSAGE_FETCH:
        take_fetch(agent, from, message);
        break;
    case MESSAGE_ITEM:
        if (message->item.item == MESSAGE_ITEM_BUNDLE) {
            examine_item(agent->examine, from, message);
            work(agent);
        }
        break;
    case MESSAGE_DONE:
        break; /* The coordinator has the certificate we sent it. */
    case MESSAGE_PING:
    case MESSAGE_VERDICT:
    case MESSAGE_PREPARE:
    case MESSAGE_COMMIT:
    case MESSAGE_NEW_VIEW:
    case MESSAGE_TC:
    case MESSAGE_KIND_COUNT:
    default:
        error_record(&error, ERROR_INVALID, "a message of kind %d is not for a seat",
                     (int)message->kind);
        drop(agent, from, &error);
        break;
    }
}

static void receive(void *context, struct bytes frame)
{
    struct agent_peer *peer = context;
    struct agent *agent = peer->agent;
    struct message message;
    struct error error;

    peer->heard_ms = loop_now_ms();
    arena_reset(agent->work);
    if (!codec_frame_decode(frame, agent->work, &message, &error)) {
        drop(agent, peer->index, &error);
    } else if (agent->failure.code == 0) {
        dispatch(agent, peer->index, &message, frame);
    }
}

/* ---- start and end ---- */

static void on_ready(void *context)
{
    struct agent *agent = context;

    examine_ready(agent->examine);
    work(agent);
}

static void on_answered(void *context, const struct assessor_answer *answer)
{
    struct agent *agent = context;

    examine_answer(agent->examine, answer);
}

static void on_broken(void *context, const struct error *error)
{
    agent_fail(context, error);
}

static bool load(struct agent *agent, struct error *error)
{
    const struct agent_options *options = &agent->options;

    if (!roster_load(options->roster, agent->loaded, &agent->roster, error) ||
        !catalog_load(options->catalog, agent->loaded, &agent->catalog, error) ||
        !keys_open(options->key, &agent->keys, error)) {
        return false;
    }
    if (!roster_hears(&agent->roster, &agent->catalog.digest)) {
        return error_set(error, ERROR_INVALID, "the roster does not hear the catalogue '%s'",
                         options->catalog);
    }
    if (options->seat >= agent->roster.seat_count ||
        roster_seat_of(&agent->roster, keys_public(agent->keys)->signing) != options->seat) {
        return error_set(error, ERROR_DENIED, "'%s' is not the key of seat %u in '%s'",
                         options->key, options->seat, options->roster);
    }
    if (!quorum_init(&agent->quorum, agent->roster.seat_count, agent->roster.faulty_max)) {
        return error_set(error, ERROR_INVALID, "'%s' has no quorum", options->roster);
    }
    if (!seat_store_open(options->store, &agent->roster.digest, options->seat, &agent->store,
                         error)) {
        return error->code == ERROR_NOT_FOUND
                   ? error_set(error, ERROR_NOT_FOUND,
                               "the vote store '%s' is missing: a key without its votes must not "
                               "sign (restore it, or have the seat replaced in the roster)",
                               options->store)
                   : false;
    }
    return true;
}

static bool connect_peers(struct agent *agent, struct error *error)
{
    for (uint8_t i = 0; i < agent->roster.coordinator_count; i++) {
        struct agent_peer *peer = &agent->peers[i];
        struct link_client_options options = {.endpoint = agent->options.endpoints[i],
                                              .keys = agent->keys,
                                              .message_size_max = MESSAGE_FRAME_MAX,
                                              .queue_max = QUEUE_MAX,
                                              .received = receive,
                                              .context = peer};

        peer->agent = agent;
        peer->index = i;
        memcpy(options.server, agent->roster.coordinators[i].transport, sizeof(options.server));
        if (options.endpoint == NULL) {
            log_line(LOG_WARNING, "coordinator %u has no endpoint in the configuration", i);
        } else if (!link_client_open(agent->loop, &options, &peer->link, error)) {
            return false;
        }
    }
    return true;
}

static bool start(struct agent *agent, struct error *error)
{
    struct assessor_options assessor = {.command = agent->options.assessor,
                                        .catalog = agent->catalog.digest,
                                        .criterion_count = agent->catalog.criterion_count,
                                        .ready = on_ready,
                                        .answered = on_answered,
                                        .broken = on_broken,
                                        .context = agent};

    if (mkdir(agent->options.spool, 0700) != 0 && errno != EEXIST) {
        return error_set(error, ERROR_IO, "cannot make '%s': %s", agent->options.spool,
                         strerror(errno));
    }
    agent->examine = examine_create(agent);
    agent->papers_desk = papers_desk_create(agent);
    if (!loop_create(&agent->loop, error) ||
        !assessor_open(agent->loop, &assessor, &agent->assessor, error) ||
        !connect_peers(agent, error)) {
        return false;
    }
    loop_stop_on_signals(agent->loop);
    agent->heartbeat.fire = heartbeat;
    agent->heartbeat.context = agent;
    loop_timer_set(agent->loop, &agent->heartbeat, loop_now_ms());
    log_line(LOG_INFO, "seat %u of %u, quorum %u", agent->options.seat, agent->quorum.seat_count,
             agent->quorum.quorum_count);
    return true;
}

static void stop(struct agent *agent)
{
    while (agent->hearings != NULL) {
        hearing_destroy(agent->hearings);
    }
    for (uint8_t i = 0; i < MESSAGE_COORDINATORS_MAX; i++) {
        link_client_close(agent->peers[i].link);
    }
    papers_desk_destroy(agent->papers_desk);
    examine_destroy(agent->examine);
    assessor_close(agent->assessor);
    loop_destroy(agent->loop);
    seat_store_close(agent->store);
    keys_destroy(agent->keys);
    arena_destroy(agent->work);
    arena_destroy(agent->loaded);
}

bool agent_run(const struct agent_options *options, struct error *error)
{
    struct agent *agent = calloc(1, sizeof(*agent));

    CHECK(agent != NULL);
    agent->options = *options;
    agent->loaded = arena_create(LOADED_SIZE_MAX);
    agent->work = arena_create(AGENT_DOCKET_MEMORY);
    bool is_ok = load(agent, error) && start(agent, error) && loop_run(agent->loop, error);

    if (is_ok && agent->failure.code != 0) {
        *error = agent->failure;
        is_ok = false;
    }
    stop(agent);
    free(agent);
    return is_ok;
}
