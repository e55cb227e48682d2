#include "agent/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "agent/assessment.h"
#include "agent/delivery.h"
#include "agent/dockets.h"
#include "agent/examine.h"
#include "agent/hearing.h"
#include "agent/papers_desk.h"
#include "base/check.h"
#include "base/log.h"
#include "proto/codec.h"

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

bool agent_may_give(struct agent *agent, uint8_t coordinator)
{
    struct agent_peer *peer = &agent->peers[coordinator];
    uint64_t now_ms = loop_now_ms();
    uint64_t forgiven = (now_ms - peer->given_ms) * AGENT_GIVEN_PER_MS;

    peer->given_size = peer->given_size > forgiven ? peer->given_size - forgiven : 0;
    peer->given_ms = now_ms;
    return peer->given_size < AGENT_GIVEN_MAX;
}

void agent_give_frame(struct agent *agent, uint8_t coordinator, struct bytes frame)
{
    agent->peers[coordinator].given_size += frame.size;
    agent_send_frame(agent, coordinator, frame);
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

static const char *const kind_names[] = {
    [0] = "message",
    [MESSAGE_HELLO] = "HELLO",
    [MESSAGE_PING] = "PING",
    [MESSAGE_PONG] = "PONG",
    [MESSAGE_ASSIGN] = "ASSIGN",
    [MESSAGE_VERDICT] = "VERDICT",
    [MESSAGE_PROPOSE] = "PROPOSE",
    [MESSAGE_PREPARE] = "PREPARE",
    [MESSAGE_CERTIFY] = "CERTIFY",
    [MESSAGE_COMMIT] = "COMMIT",
    [MESSAGE_DECIDE] = "DECIDE",
    [MESSAGE_DONE] = "DONE",
    [MESSAGE_NEW_VIEW] = "NEW-VIEW",
    [MESSAGE_TC] = "TC",
    [MESSAGE_FETCH] = "FETCH",
    [MESSAGE_ITEM] = "ITEM",
};

void agent_drop(struct agent *agent, uint8_t from, enum message_kind kind,
                const struct error *error)
{
    CHECK(kind < MESSAGE_KIND_COUNT);

    uint64_t count = ++agent->peers[from].dropped_count;

    agent->dropped_counts[kind]++;
    /* Each time that there are twice as many: a coordinator must not fill the log, nor hide in it
     * what another does. */
    if ((count & (count - 1)) == 0) {
        log_line(LOG_WARNING, "coordinator %u: %s dropped, number %llu: %s", from, kind_names[kind],
                 (unsigned long long)count, error->message);
    }
}

/* What was dropped in this run, by kind. */
static void log_dropped(const struct agent *agent)
{
    for (int kind = 0; kind < MESSAGE_KIND_COUNT; kind++) {
        if (agent->dropped_counts[kind] > 0) {
            log_line(LOG_INFO, "dropped: %llu of kind %s",
                     (unsigned long long)agent->dropped_counts[kind], kind_names[kind]);
        }
    }
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

/* Tells every hearing that coordinator CHAIR came or went. */
static void tell_hearings(struct agent *agent, uint8_t chair, bool is_up)
{
    for (struct hearing *hearing = agent->hearings; hearing != NULL; hearing = hearing->next) {
        hearing_chair(hearing, chair, is_up);
    }
}

static void take_hello(struct agent *agent, uint8_t from, const struct message *message)
{
    struct agent_peer *peer = &agent->peers[from];
    struct error error;

    if (!digest_equal(&message->hello.roster, &agent->roster.digest)) {
        error_record(&error, ERROR_INVALID, "it serves another roster");
        agent_drop(agent, from, MESSAGE_HELLO, &error);
        return;
    }
    if (peer->is_up && loop_now_ms() < peer->greeted_ms + AGENT_HELLO_MS) {
        return; /* Our greetings crossed its answers. */
    }
    if (!peer->is_up) {
        log_line(LOG_INFO, "coordinator %u is there", from);
    }
    peer->is_up = true;
    peer->greeted_ms = loop_now_ms();
    peer->is_lost = false;
    /* Also when it was not missed: it may have been started anew, and know nothing. */
    tell_hearings(agent, from, true);
    delivery_restart(agent->delivery, from);
}

/* Gives the examination something to do: verdicts first, then papers. */
static void work(struct agent *agent)
{
    agent->has_work = false;
    if (assessment_advance(agent)) {
        papers_desk_advance(agent->papers_desk);
    }
}

/* One that is silent for long is lost; so is one that never answered. */
static void watch_peer(struct agent *agent, struct agent_peer *peer)
{
    struct error error;

    if (peer->is_lost || loop_now_ms() <= peer->heard_ms + AGENT_SILENCE_MS) {
        return;
    }
    log_line(LOG_WARNING, "coordinator %u is silent", peer->index);
    if (peer->is_up && !link_client_reconnect(peer->link, &error)) {
        log_line(LOG_ERROR, "coordinator %u: %s", peer->index, error.message);
    }
    peer->is_up = false;
    peer->is_lost = true;
    tell_hearings(agent, peer->index, false);
}

/* Who did not listen cannot say that others were silent: a long computation is no silence. */
static void forgive_silence(struct agent *agent)
{
    uint64_t now_ms = loop_now_ms();

    if (now_ms > agent->beat_ms + 2 * AGENT_HELLO_MS) {
        for (uint8_t i = 0; i < agent->roster.coordinator_count; i++) {
            agent->peers[i].heard_ms += now_ms - agent->beat_ms;
        }
    }
    agent->beat_ms = now_ms;
}

static void heartbeat(void *context)
{
    struct agent *agent = context;

    forgive_silence(agent);
    for (uint8_t i = 0; i < agent->roster.coordinator_count; i++) {
        struct message ping = {.kind = MESSAGE_PING};

        watch_peer(agent, &agent->peers[i]);
        ping.ping.clock_ms = clock_ms();
        if (agent->peers[i].is_up) {
            agent_send(agent, i, &ping);
        } else {
            say_hello(agent, i);
        }
    }
    if (agent->has_put_away || agent->restored != 0) {
        dockets_restore(agent, DOCKETS_RESTORE_MAX);
    }
    delivery_tick(agent->delivery);
    examine_tick(agent->examine);
    assessment_yield(agent);
    work(agent);
    loop_timer_set(agent->loop, &agent->heartbeat, loop_now_ms() + AGENT_HELLO_MS);
}

/* ---- messages ---- */

static void take_propose(struct agent *agent, uint8_t from, const struct message *message,
                         struct bytes frame)
{
    struct message_propose propose;
    struct hearing *hearing;
    struct error error;

    if (!codec_payload_decode_propose(message->propose.propose.payload, &propose, &error)) {
        agent_drop(agent, from, MESSAGE_PROPOSE, &error);
    } else if ((hearing = dockets_find(agent, from, &propose.docket)) != NULL) {
        hearing_propose(hearing, from, message, frame);
    }
}

static void take_certify(struct agent *agent, uint8_t from, struct bytes bytes)
{
    struct message_prepare prepare;
    struct message_qc qc;
    struct hearing *hearing;
    struct error error;

    if (!codec_part_decode_qc(bytes, agent->work, &qc, &error) ||
        !codec_payload_decode_prepare(qc.payload, &prepare, &error)) {
        agent_drop(agent, from, MESSAGE_CERTIFY, &error);
    } else if ((hearing = dockets_find(agent, from, &prepare.docket)) != NULL &&
               prepare.view == hearing->seat.view) { /* Of another view it binds nobody. */
        hearing_certify(hearing, from, bytes);
    }
}

static void take_new_view(struct agent *agent, uint8_t from, const struct message *message)
{
    struct message_new_view report;
    struct hearing *hearing;
    struct error error;

    if (!codec_payload_decode_new_view(message->new_view.report.payload, &report, &error)) {
        agent_drop(agent, from, MESSAGE_NEW_VIEW, &error);
    } else if ((hearing = dockets_find(agent, from, &report.docket)) != NULL) {
        hearing_new_view(hearing, from, message);
    }
}

static void take_tc(struct agent *agent, uint8_t from, const struct message *message)
{
    struct hearing *hearing = dockets_find(agent, from, &message->tc.docket);

    if (hearing != NULL) {
        hearing_tc(hearing, from, message->tc.tc);
    }
}

/* The docket as it was assigned. */
static bool find_docket(struct agent *agent, const struct digest *docket, struct buffer *frame,
                        struct error *error)
{
    struct message message = {.kind = MESSAGE_ASSIGN};
    struct seat_store_docket stored;
    struct seat_record record;
    bool is_found = false;

    if (!seat_store_load(agent->store, docket, agent->work, &stored, &record, &is_found, error)) {
        return false;
    }
    if (!is_found) {
        return error_set(error, ERROR_NOT_FOUND, "the docket is not stored");
    }
    message.assign.docket = stored.docket;
    return codec_frame_encode(&message, frame, error);
}

/* What the store has for a FETCH, as a frame. ERROR_NOT_FOUND. */
static bool find_item(struct agent *agent, enum message_item item, const struct digest *digest,
                      struct buffer *frame, struct error *error)
{
    switch (item) {
    case MESSAGE_ITEM_DOCKET:
        return find_docket(agent, digest, frame, error);
    case MESSAGE_ITEM_VERDICT:
        return seat_store_verdict(agent->store, digest, frame, error);
    case MESSAGE_ITEM_VALUE:
        return seat_store_find_value(agent->store, digest, frame, error);
    case MESSAGE_ITEM_BUNDLE:
    case MESSAGE_ITEM_CERTIFICATE:
    case MESSAGE_ITEM_PAPERS:
    case MESSAGE_ITEM_OWN:
    case MESSAGE_ITEM_COUNT:
    default:
        return error_set(error, ERROR_INVALID, "a seat does not keep what it asks for");
    }
}

/* Says that this seat has not got what COORDINATOR asks for: it then asks the next one at once. */
static void give_nothing(struct agent *agent, uint8_t coordinator, const struct message *message)
{
    struct message item = {.kind = MESSAGE_ITEM};

    item.item.item = message->fetch.item;
    item.item.digest = message->fetch.digest;
    agent_send(agent, coordinator, &item);
}

static void give_item(struct agent *agent, uint8_t to, const struct message *message)
{
    struct buffer frame = {0};
    struct error error;

    if (!agent_may_give(agent, to)) {
        error_record(&error, ERROR_LIMIT, "it asks for more than can be sent");
        agent_drop(agent, to, MESSAGE_FETCH, &error);
    } else if (find_item(agent, message->fetch.item, &message->fetch.digest, &frame, &error)) {
        agent_give_frame(agent, to, buffer_bytes(&frame));
    } else if (error.code == ERROR_INVALID) {
        agent_drop(agent, to, MESSAGE_FETCH, &error);
    } else if (error.code == ERROR_NOT_FOUND) {
        give_nothing(agent, to, message);
    } else {
        agent_fail(agent, &error);
    }
    buffer_finish(&frame);
}

static void take_fetch(struct agent *agent, uint8_t from, const struct message *message)
{
    if (message->fetch.item == MESSAGE_ITEM_PAPERS) {
        papers_desk_ask(agent->papers_desk, from, &message->fetch.digest, message->fetch.index);
        work(agent);
    } else if (message->fetch.item == MESSAGE_ITEM_CERTIFICATE) {
        (void)dockets_answer(agent, from, &message->fetch.digest);
    } else {
        give_item(agent, from, message);
    }
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
        dockets_assign(agent, from, message);
        break;
    case MESSAGE_PROPOSE:
        take_propose(agent, from, message, frame);
        break;
    case MESSAGE_CERTIFY:
        take_certify(agent, from, message->certify);
        break;
    case MESSAGE_DECIDE:
        dockets_decide(agent, from, message);
        break;
    case MESSAGE_FETCH:
        take_fetch(agent, from, message);
        break;
    case MESSAGE_ITEM:
        if (message->item.item == MESSAGE_ITEM_BUNDLE) {
            examine_item(agent->examine, from, message);
            agent->has_work = examine_is_idle(agent->examine) || agent->has_work;
        }
        break;
    case MESSAGE_DONE:
        delivery_done(agent->delivery, from, &message->done.docket);
        break;
    case MESSAGE_NEW_VIEW:
        take_new_view(agent, from, message);
        break;
    case MESSAGE_TC:
        take_tc(agent, from, message);
        break;
    case MESSAGE_PING:
    case MESSAGE_VERDICT:
    case MESSAGE_PREPARE:
    case MESSAGE_COMMIT:
    case MESSAGE_KIND_COUNT:
    default:
        error_record(&error, ERROR_INVALID, "it is not for a seat");
        agent_drop(agent, from, message->kind, &error);
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
        agent_drop(agent, peer->index, 0, &error);
    } else if (agent->failure.code == 0) {
        dispatch(agent, peer->index, &message, frame);
    }
    if (agent->has_work) {
        work(agent);
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
        peer->heard_ms = loop_now_ms();
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
    agent->delivery = delivery_create(agent);
    if (!loop_create(&agent->loop, error) ||
        !assessor_open(agent->loop, &assessor, &agent->assessor, error) ||
        !connect_peers(agent, error)) {
        return false;
    }
    loop_stop_on_signals(agent->loop);
    agent->heartbeat.fire = heartbeat;
    agent->heartbeat.context = agent;
    agent->beat_ms = loop_now_ms();
    loop_timer_set(agent->loop, &agent->heartbeat, loop_now_ms());
    dockets_restore(agent, (size_t)MESSAGE_COORDINATORS_MAX * AGENT_HEARINGS_MAX);
    log_line(LOG_INFO, "seat %u of %u, quorum %u", agent->options.seat, agent->quorum.seat_count,
             agent->quorum.quorum_count);
    return true;
}

static void stop(struct agent *agent)
{
    log_dropped(agent);
    while (agent->hearings != NULL) {
        hearing_destroy(agent->hearings);
    }
    delivery_destroy(agent->delivery);
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
