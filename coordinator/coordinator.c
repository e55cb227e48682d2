#include "coordinator/coordinator.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/log.h"
#include "coordinator/docket.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "formats/json.h"
#include "proto/codec.h"
#include "report/certificate.h"

#define LOADED_SIZE_MAX (64U * 1024 * 1024) /* Bytes of roster and catalogue. */
#define QUEUE_MAX       128                 /* Messages waiting per seat. */
#define ENDPOINTS_FILE  "endpoints.json"    /* Where it really listens. */
#define DOCKET_FIELDS   1024                /* At least the bytes of a docket without headers, */
#define HEADER_FIELDS   128                 /* and of a header in it without its payload. */

uint64_t coordinator_clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void coordinator_fail(struct coordinator *coordinator, const struct error *error)
{
    if (coordinator->failure.code == 0) {
        coordinator->failure = *error;
    }
    loop_stop(coordinator->loop);
}

void coordinator_send_frame(struct coordinator *coordinator, const struct seat_set *seats,
                            struct bytes frame)
{
    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        if (seat_set_has(seats, seat) && !link_server_send(coordinator->link, seat, frame)) {
            log_line(LOG_DEBUG, "seat %u does not take a message now", seat);
        }
    }
}

void coordinator_send(struct coordinator *coordinator, const struct seat_set *seats,
                      const struct message *message)
{
    struct buffer frame = {0};
    struct error error;

    if (!codec_frame_encode(message, &frame, &error)) {
        log_line(LOG_ERROR, "a message cannot be sent: %s", error.message);
    } else {
        coordinator_send_frame(coordinator, seats, buffer_bytes(&frame));
    }
    buffer_finish(&frame);
}

void coordinator_send_one(struct coordinator *coordinator, uint8_t seat,
                          const struct message *message)
{
    struct seat_set one = {{0, 0}};

    seat_set_add(&one, seat);
    coordinator_send(coordinator, &one, message);
}

void coordinator_drop(struct coordinator *coordinator, uint8_t seat, const char *what,
                      const struct error *why)
{
    uint64_t count = ++coordinator->seats[seat].dropped_count;

    coordinator->malformed_count++;
    /* Each time that there are twice as many: a seat must not fill the log. */
    if ((count & (count - 1)) == 0) {
        log_line(LOG_WARNING, "seat %u: %s dropped, number %llu: %s", seat, what,
                 (unsigned long long)count, why->message);
    }
}

static void drop(struct coordinator *coordinator, uint8_t seat, const struct error *why)
{
    coordinator_drop(coordinator, seat, "a message", why);
}

/* ---- cases become dockets ---- */

static size_t in_flight(const struct coordinator *coordinator)
{
    size_t count = 0;

    for (const struct docket *docket = coordinator->dockets; docket != NULL;
         docket = docket->next) {
        count += !docket_is_decided(docket);
    }
    return count;
}

static uint8_t up_count(const struct coordinator *coordinator)
{
    uint8_t count = 0;

    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        count = (uint8_t)(count + coordinator->seats[seat].is_up);
    }
    return count;
}

/* How many of CASES fit into one docket: second hearings bring a certificate each. */
static size_t count_fitting(const struct coordinator_store_case *cases, size_t count)
{
    size_t size = DOCKET_FIELDS;
    size_t fitting = 0;

    while (fitting < count &&
           size + cases[fitting].header.payload.size + HEADER_FIELDS <= CODEC_DOCKET_MAX) {
        size += cases[fitting].header.payload.size + HEADER_FIELDS;
        fitting++;
    }
    return fitting;
}

/* Signs and stores a docket of CASES and starts it. */
static bool form_docket(struct coordinator *coordinator, const struct coordinator_store_case *cases,
                        size_t count, struct error *error)
{
    struct message_signed headers[COORDINATOR_DOCKET_CASES];
    struct coordinator_store_hearing hearings[COORDINATOR_DOCKET_CASES];
    struct message_docket docket = {.roster = coordinator->roster.digest,
                                    .catalog = coordinator->catalog.digest,
                                    .home = coordinator->options.index,
                                    .as_of = coordinator_clock_ms() / 1000,
                                    .case_count = count,
                                    .headers = headers};
    struct chair_record record = {0};
    struct message_signed message;
    struct buffer payload = {0};
    struct digest id;

    if (!coordinator_store_next_serial(coordinator->store, &docket.serial, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        headers[i] = cases[i].header;
        hearings[i].case_id = cases[i].id;
        hearings[i].attempt = cases[i].attempt;
    }
    codec_payload_encode_docket(&docket, &payload);
    message.payload = buffer_bytes(&payload);
    sign_payload(coordinator->keys, MESSAGE_TYPE_DOCKET, message.payload, message.signature);
    hash_bytes(message.payload, &id);
    bool is_ok = coordinator_store_open_docket(coordinator->store, &id, &message, docket.serial,
                                               hearings, count, error) &&
                 docket_open(coordinator, &message, &record, (struct bytes){0}, error);

    buffer_finish(&payload);
    return is_ok;
}

void coordinator_take_cases(struct coordinator *coordinator)
{
    struct coordinator_store_case *cases = NULL;
    struct error error;
    size_t count = 0;

    while (coordinator->failure.code == 0 && in_flight(coordinator) < COORDINATOR_IN_FLIGHT_MAX &&
           up_count(coordinator) >= coordinator->quorum.quorum_count) {
        struct arena *arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
        bool is_ok =
            coordinator_store_waiting(coordinator->store, COORDINATOR_DOCKET_CASES, arena, &cases,
                                      &count, &error) &&
            (count == 0 || form_docket(coordinator, cases, count_fitting(cases, count), &error));

        arena_destroy(arena);
        if (!is_ok) {
            coordinator_fail(coordinator, &error);
        }
        if (!is_ok || count == 0) {
            return;
        }
    }
}

/* ---- seats come and go ---- */

static void pin_up_seats(struct coordinator *coordinator)
{
    struct board_seats seats = {.seat_count = coordinator->quorum.seat_count,
                                .quorum_count = coordinator->quorum.quorum_count,
                                .up_count = up_count(coordinator)};

    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        if (coordinator->seats[seat].is_up) {
            seat_set_add(&seats.up, seat);
        }
    }
    board_put_seats(coordinator->board, &seats);
}

static void send_stored_certificate(struct coordinator *coordinator, uint8_t seat,
                                    const struct digest *docket)
{
    struct message message = {.kind = MESSAGE_DECIDE};
    struct buffer certificate = {0};
    struct error error;

    if (coordinator_store_certificate(coordinator->store, docket, &certificate, &error)) {
        message.decide.docket = *docket;
        message.decide.certificate = buffer_bytes(&certificate);
        coordinator_send_one(coordinator, seat, &message);
    } else if (error.code != ERROR_NOT_FOUND) {
        coordinator_fail(coordinator, &error);
    }
    buffer_finish(&certificate);
}

/* Certificates that left memory before every seat had them. */
static void send_old_certificates(struct coordinator *coordinator, uint8_t seat)
{
    struct arena *arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    struct coordinator_store_docket *dockets = NULL;
    struct error error;
    size_t count = 0;

    if (!coordinator_store_dockets(coordinator->store, arena, &dockets, &count, &error)) {
        coordinator_fail(coordinator, &error);
    }
    for (size_t i = 0; i < count; i++) {
        if (dockets[i].record.is_decided && docket_find(coordinator, &dockets[i].id) == NULL) {
            send_stored_certificate(coordinator, seat, &dockets[i].id);
        }
    }
    arena_destroy(arena);
}

/* Tells a seat that is back what it may have missed; one that greets all the time waits its
 * turn. */
static void greet(struct coordinator *coordinator, uint8_t seat)
{
    struct coordinator_seat *s = &coordinator->seats[seat];
    uint64_t now_ms = loop_now_ms();

    if (!s->is_greeting || (s->greeted_ms != 0 && now_ms < s->greeted_ms + COORDINATOR_GREET_MS)) {
        return;
    }
    s->is_greeting = false;
    s->greeted_ms = now_ms;
    for (struct docket *docket = coordinator->dockets; docket != NULL; docket = docket->next) {
        docket_seat_up(docket, seat);
    }
    send_old_certificates(coordinator, seat);
    coordinator_take_cases(coordinator);
}

static void take_hello(struct coordinator *coordinator, uint8_t seat, const struct message *message)
{
    struct message reply = {.kind = MESSAGE_HELLO};

    if (!digest_equal(&message->hello.roster, &coordinator->roster.digest) ||
        !message->hello.is_seat || message->hello.index != seat) {
        log_line(LOG_ERROR, "seat %u greets for another roster or seat", seat);
        return;
    }
    reply.hello.version = MESSAGE_VERSION;
    reply.hello.roster = coordinator->roster.digest;
    reply.hello.index = coordinator->options.index;
    reply.hello.clock_ms = coordinator_clock_ms();
    reply.hello.program = bytes_of_text("aims-coordinator " AIMS_VERSION);
    coordinator_send_one(coordinator, seat, &reply);
    coordinator->seats[seat].is_up = true;
    coordinator->seats[seat].is_greeting = true;
    pin_up_seats(coordinator);
    greet(coordinator, seat);
}

static void take_ping(struct coordinator *coordinator, uint8_t seat)
{
    struct message pong = {.kind = MESSAGE_PONG};

    /* 0 asks for a HELLO: this coordinator does not know the seat. */
    pong.ping.clock_ms = coordinator->seats[seat].is_up ? coordinator_clock_ms() : 0;
    coordinator_send_one(coordinator, seat, &pong);
}

/* Says that unknown keys knock, each time that they have done so twice as often: whoever knocks
 * must not fill the log. */
static void log_strangers(struct coordinator *coordinator)
{
    struct link_counts counts;

    link_server_counts(coordinator->link, &counts);
    if (counts.refused > 0 && counts.refused / 2 >= coordinator->logged_refused_count) {
        log_line(LOG_WARNING, "refused %llu connections with keys that the roster does not name",
                 (unsigned long long)counts.refused);
        coordinator->logged_refused_count = counts.refused;
    }
}

static void tick(void *context)
{
    struct coordinator *coordinator = context;
    uint64_t now_ms = loop_now_ms();
    bool has_changed = false;

    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        struct coordinator_seat *s = &coordinator->seats[seat];

        if (s->is_up && now_ms > s->heard_ms + COORDINATOR_SILENCE_MS) {
            log_line(LOG_WARNING, "seat %u is silent", seat);
            s->is_up = false;
            has_changed = true;
        }
    }
    if (has_changed) {
        pin_up_seats(coordinator);
    }
    for (struct docket *docket = coordinator->dockets; docket != NULL;) {
        struct docket *next = docket->next;

        if (docket_tick(docket)) {
            docket_destroy(docket);
        }
        docket = next;
    }
    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        greet(coordinator, seat);
    }
    coordinator_take_cases(coordinator);
    log_strangers(coordinator);
    loop_timer_set(coordinator->loop, &coordinator->tick, now_ms + COORDINATOR_TICK_MS);
}

/* ---- messages ---- */

static void send_bundle_part(struct coordinator *coordinator, uint8_t seat,
                             const struct message *message)
{
    struct message item = {.kind = MESSAGE_ITEM};
    uint8_t *part = NULL;
    struct error error;
    size_t size = 0;
    uint64_t total = 0;

    item.item.item = MESSAGE_ITEM_BUNDLE;
    item.item.digest = message->fetch.digest;
    item.item.offset = message->fetch.offset;
    if (spool_size(coordinator->spool, &message->fetch.digest, &total, &error) &&
        message->fetch.offset < total) {
        uint64_t left = total - message->fetch.offset;

        size = left < MESSAGE_PART_MAX ? (size_t)left : MESSAGE_PART_MAX;
        part = arena_alloc(coordinator->work, size);
    }
    if (part != NULL && spool_read(coordinator->spool, &message->fetch.digest,
                                   message->fetch.offset, part, size, &size, &error)) {
        item.item.total_size = total;
        item.item.data = bytes_of(part, size);
    }
    coordinator_send_one(coordinator, seat, &item);
}

static void take_fetch(struct coordinator *coordinator, uint8_t seat, const struct message *message)
{
    struct seat_set one = {{0, 0}};
    struct docket *docket = NULL;
    struct error error;

    seat_set_add(&one, seat);
    switch (message->fetch.item) {
    case MESSAGE_ITEM_BUNDLE:
        send_bundle_part(coordinator, seat, message);
        break;
    case MESSAGE_ITEM_DOCKET:
        docket = docket_find(coordinator, &message->fetch.digest);
        if (docket != NULL) {
            coordinator_send_frame(coordinator, &one, buffer_bytes(&docket->assign));
        }
        break;
    case MESSAGE_ITEM_VALUE:
        docket = docket_find_value(coordinator, &message->fetch.digest);
        if (docket != NULL) {
            coordinator_send_frame(coordinator, &one, buffer_bytes(&docket->propose));
        }
        break;
    case MESSAGE_ITEM_CERTIFICATE:
        send_stored_certificate(coordinator, seat, &message->fetch.digest);
        break;
    case MESSAGE_ITEM_VERDICT:
    case MESSAGE_ITEM_PAPERS:
    case MESSAGE_ITEM_OWN:
    case MESSAGE_ITEM_COUNT:
    default:
        error_record(&error, ERROR_INVALID, "FETCH for what a coordinator does not keep");
        drop(coordinator, seat, &error);
        break;
    }
}

/* The docket that a verdict is about. */
static void take_verdict(struct coordinator *coordinator, uint8_t seat,
                         const struct message *message, struct bytes frame)
{
    struct message_verdict verdict;
    struct error error;

    if (!codec_payload_decode_verdict(message->verdict.verdicts[0].payload, coordinator->work,
                                      &verdict, &error)) {
        drop(coordinator, seat, &error);
        return;
    }
    struct docket *docket = docket_find(coordinator, &verdict.docket);

    if (docket != NULL) {
        docket_verdict(docket, seat, &message->verdict, frame);
    } else {
        send_stored_certificate(coordinator, seat, &verdict.docket);
    }
}

static void take_prepare(struct coordinator *coordinator, uint8_t seat,
                         const struct message *message)
{
    struct message_prepare prepare;
    struct error error;

    if (!codec_payload_decode_prepare(message->prepare.payload, &prepare, &error)) {
        drop(coordinator, seat, &error);
        return;
    }
    struct docket *docket = docket_find(coordinator, &prepare.docket);

    if (docket != NULL) {
        docket_prepare(docket, seat, message);
    }
}

static void take_commit(struct coordinator *coordinator, uint8_t seat,
                        const struct message *message)
{
    struct statement *statement = calloc(1, sizeof(*statement));
    struct error error;

    CHECK(statement != NULL);
    if (!statement_parse(message->commit.payload, coordinator->work, statement, &error)) {
        drop(coordinator, seat, &error);
    } else {
        struct docket *docket = docket_find(coordinator, &statement->docket);

        if (docket != NULL) {
            docket_commit(docket, seat, message);
        }
    }
    free(statement);
}

static void take_done(struct coordinator *coordinator, uint8_t seat, const struct message *message)
{
    struct docket *docket = docket_find(coordinator, &message->done.docket);
    struct error error;

    if (docket != NULL) {
        docket_done(docket, seat);
    } else if (!coordinator_store_done(coordinator->store, &message->done.docket, seat,
                                       coordinator->quorum.seat_count, &error) &&
               error.code != ERROR_NOT_FOUND) {
        coordinator_fail(coordinator, &error);
    }
}

/* A seat answers with the certificate because it is done: so are we, for we had it first. */
static void take_decide(struct coordinator *coordinator, uint8_t seat,
                        const struct message *message)
{
    struct message done = {.kind = MESSAGE_DONE};
    struct certificate *certificate = NULL;
    struct error error;

    if (!certificate_check(message->decide.certificate, "DECIDE", &coordinator->roster,
                           coordinator->work, &certificate, &error)) {
        drop(coordinator, seat, &error);
        return;
    }
    done.done.docket = certificate->statement.docket;
    done.done.value = certificate->statement.value;
    coordinator_send_one(coordinator, seat, &done);
    take_done(coordinator, seat, &done);
}

static void dispatch(struct coordinator *coordinator, uint8_t seat, const struct message *message,
                     struct bytes frame)
{
    struct docket *docket = NULL;
    struct error error;

    switch (message->kind) {
    case MESSAGE_HELLO:
        take_hello(coordinator, seat, message);
        break;
    case MESSAGE_PING:
        take_ping(coordinator, seat);
        break;
    case MESSAGE_VERDICT:
        take_verdict(coordinator, seat, message, frame);
        break;
    case MESSAGE_PREPARE:
        take_prepare(coordinator, seat, message);
        break;
    case MESSAGE_COMMIT:
        take_commit(coordinator, seat, message);
        break;
    case MESSAGE_DECIDE:
        take_decide(coordinator, seat, message);
        break;
    case MESSAGE_DONE:
        take_done(coordinator, seat, message);
        break;
    case MESSAGE_FETCH:
        take_fetch(coordinator, seat, message);
        break;
    case MESSAGE_ITEM:
        docket = docket_find(coordinator, &message->item.digest);
        if (docket != NULL && message->item.item == MESSAGE_ITEM_PAPERS) {
            docket_papers(docket, seat, message);
        }
        break;
    case MESSAGE_PONG:
    case MESSAGE_ASSIGN:
    case MESSAGE_PROPOSE:
    case MESSAGE_CERTIFY:
    case MESSAGE_NEW_VIEW:
    case MESSAGE_TC:
    case MESSAGE_KIND_COUNT:
    default:
        error_record(&error, ERROR_INVALID, "a message of kind %d is not for a coordinator",
                     (int)message->kind);
        drop(coordinator, seat, &error);
        break;
    }
}

static void receive(void *context, size_t seat, struct bytes frame)
{
    struct coordinator *coordinator = context;
    struct message message;
    struct error error;

    coordinator->seats[seat].heard_ms = loop_now_ms();
    arena_reset(coordinator->work);
    if (!codec_frame_decode(frame, coordinator->work, &message, &error)) {
        drop(coordinator, (uint8_t)seat, &error);
    } else if (coordinator->failure.code == 0) {
        dispatch(coordinator, (uint8_t)seat, &message, frame);
    }
}

/* ---- start and end ---- */

static bool load(struct coordinator *coordinator, struct error *error)
{
    const struct coordinator_options *options = &coordinator->options;
    struct roster *roster = &coordinator->roster;

    if (!roster_load(options->roster, coordinator->loaded, roster, error) ||
        !catalog_load(options->catalog, coordinator->loaded, &coordinator->catalog, error) ||
        !keys_open(options->key, &coordinator->keys, error)) {
        return false;
    }
    if (!roster_hears(roster, &coordinator->catalog.digest)) {
        return error_set(error, ERROR_INVALID, "the roster does not hear the catalogue '%s'",
                         options->catalog);
    }
    if (options->index >= roster->coordinator_count ||
        memcmp(roster->coordinators[options->index].signing,
               keys_public(coordinator->keys)->signing, KEYS_PUBLIC_SIZE) != 0) {
        return error_set(error, ERROR_DENIED, "'%s' is not the key of coordinator %u in '%s'",
                         options->key, options->index, options->roster);
    }
    if (!quorum_init(&coordinator->quorum, roster->seat_count, roster->faulty_max)) {
        return error_set(error, ERROR_INVALID, "'%s' has no quorum", options->roster);
    }
    return coordinator_store_open(options->store, &roster->digest, options->index,
                                  &coordinator->store, error) &&
           coordinator_store_open(options->store, &roster->digest, options->index,
                                  &coordinator->http_store, error) &&
           spool_open(options->spool, options->bundle_size_max, &coordinator->spool, error);
}

static bool open_link(struct coordinator *coordinator, struct error *error)
{
    uint8_t transports[MESSAGE_SEATS_MAX][KEYS_PUBLIC_SIZE];
    struct link_server_options options = {.endpoint = coordinator->options.link,
                                          .keys = coordinator->keys,
                                          .transports =
                                              (const uint8_t(*)[KEYS_PUBLIC_SIZE])transports,
                                          .seat_count = coordinator->roster.seat_count,
                                          /* The largest that a seat has to say. */
                                          .message_size_max = codec_frame_size_max(MESSAGE_VERDICT),
                                          .queue_max = QUEUE_MAX,
                                          .received = receive,
                                          .context = coordinator};

    for (uint8_t seat = 0; seat < coordinator->roster.seat_count; seat++) {
        memcpy(transports[seat], coordinator->roster.seats[seat].transport, KEYS_PUBLIC_SIZE);
    }
    return link_server_open(coordinator->loop, &options, &coordinator->link, error);
}

static void case_accepted(void *context)
{
    struct coordinator *coordinator = context;

    loop_wake(coordinator->loop);
}

static void woken(void *context)
{
    coordinator_take_cases(context);
}

static void board_changed(void *context)
{
    struct coordinator *coordinator = context;

    http_notify(coordinator->http);
}

static bool open_http(struct coordinator *coordinator, struct error *error)
{
    struct http_options options = {.address = coordinator->options.http,
                                   .roster_path = coordinator->options.roster,
                                   .roster = &coordinator->roster,
                                   .catalog = &coordinator->catalog,
                                   .index = coordinator->options.index,
                                   .store = coordinator->http_store,
                                   .spool = coordinator->spool,
                                   .board = coordinator->board,
                                   .submitter_count = coordinator->options.submitter_count,
                                   .submitters = coordinator->options.submitters,
                                   .bundle_size_max = coordinator->options.bundle_size_max,
                                   .accepted = case_accepted,
                                   .context = coordinator};

    return http_open(&options, &coordinator->http, error);
}

/* Says where the programs of this machine find it: atomically, in the folder of the
 * configuration. */
static bool write_endpoints(const struct coordinator *coordinator, struct error *error)
{
    struct json *json = json_object();
    struct buffer text = {0};
    int fd = open(ENDPOINTS_FILE ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    json_set(json, "http", json_text(http_url(coordinator->http)));
    json_set(json, "link", json_text(link_server_endpoint(coordinator->link)));
    json_write(json, &text);
    buffer_append_byte(&text, '\n');
    bool is_ok = fd >= 0 && write(fd, text.data, text.size) == (ssize_t)text.size;

    if (fd >= 0) {
        close(fd);
    }
    is_ok = is_ok && rename(ENDPOINTS_FILE ".new", ENDPOINTS_FILE) == 0;
    if (!is_ok) {
        error_record(error, ERROR_IO, "cannot write '%s': %s", ENDPOINTS_FILE, strerror(errno));
    }
    buffer_finish(&text);
    json_destroy(json);
    return is_ok;
}

/* Open dockets go on from the store (C6). */
static bool resume(struct coordinator *coordinator, struct error *error)
{
    struct arena *arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    struct coordinator_store_docket *dockets = NULL;
    size_t count = 0;
    bool is_ok = coordinator_store_dockets(coordinator->store, arena, &dockets, &count, error);

    for (size_t i = 0; is_ok && i < count; i++) {
        struct buffer frame = {0};

        if (dockets[i].record.is_decided) {
            continue;
        }
        if (dockets[i].record.proposed.view != 0) {
            is_ok = coordinator_store_proposal(coordinator->store, &dockets[i].id, &frame, error);
        }
        is_ok = is_ok && docket_open(coordinator, &dockets[i].docket, &dockets[i].record,
                                     buffer_bytes(&frame), error);
        buffer_finish(&frame);
    }
    arena_destroy(arena);
    return is_ok;
}

static bool start(struct coordinator *coordinator, struct error *error)
{
    coordinator->board = board_create();
    if (!loop_create(&coordinator->loop, error) || !open_link(coordinator, error) ||
        !resume(coordinator, error) || !open_http(coordinator, error) ||
        !write_endpoints(coordinator, error)) {
        return false;
    }
    board_on_change(coordinator->board, board_changed, coordinator);
    pin_up_seats(coordinator);
    loop_on_wake(coordinator->loop, woken, coordinator);
    loop_stop_on_signals(coordinator->loop);
    coordinator->tick.fire = tick;
    coordinator->tick.context = coordinator;
    loop_timer_set(coordinator->loop, &coordinator->tick, loop_now_ms());
    log_line(LOG_INFO, "coordinator %u of %u seats, quorum %u, %s, %s", coordinator->options.index,
             coordinator->quorum.seat_count, coordinator->quorum.quorum_count,
             link_server_endpoint(coordinator->link), http_url(coordinator->http));
    return true;
}

static void stop(struct coordinator *coordinator)
{
    if (coordinator->board != NULL) {
        board_on_change(coordinator->board, NULL, NULL);
    }
    http_close(coordinator->http);
    while (coordinator->dockets != NULL) {
        docket_destroy(coordinator->dockets);
    }
    link_server_close(coordinator->link);
    loop_destroy(coordinator->loop);
    board_destroy(coordinator->board);
    spool_close(coordinator->spool);
    coordinator_store_close(coordinator->http_store);
    coordinator_store_close(coordinator->store);
    keys_destroy(coordinator->keys);
    arena_destroy(coordinator->work);
    arena_destroy(coordinator->loaded);
}

bool coordinator_run(const struct coordinator_options *options, struct error *error)
{
    struct coordinator *coordinator = calloc(1, sizeof(*coordinator));

    CHECK(coordinator != NULL);
    coordinator->options = *options;
    coordinator->loaded = arena_create(LOADED_SIZE_MAX);
    coordinator->work = arena_create(COORDINATOR_MESSAGE_MEMORY);
    bool is_ok =
        load(coordinator, error) && start(coordinator, error) && loop_run(coordinator->loop, error);

    if (is_ok && coordinator->failure.code != 0) {
        *error = coordinator->failure;
        is_ok = false;
    }
    stop(coordinator);
    free(coordinator);
    return is_ok;
}
