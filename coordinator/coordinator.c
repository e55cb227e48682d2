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
#include "coordinator/attendance.h"
#include "coordinator/clerk.h"
#include "coordinator/docket.h"
#include "coordinator/post.h"
#include "formats/json.h"
#include "proto/codec.h"

#define LOADED_SIZE_MAX (64U * 1024 * 1024) /* Bytes of roster and catalogue. */
#define QUEUE_MAX       128                 /* Messages waiting per seat. */
#define RECEIVED_MAX    16 /* Of those unread: they may be large, and the seat can wait. */
#define ENDPOINTS_FILE  "endpoints.json" /* Where it really listens. */

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

    attendance_tick(coordinator);
    search_tick(coordinator);
    for (struct docket *docket = coordinator->dockets; docket != NULL;) {
        struct docket *next = docket->next;

        if (docket_tick(docket)) {
            docket_destroy(docket);
        }
        docket = next;
    }
    clerk_take_cases(coordinator);
    log_strangers(coordinator);
    loop_timer_set(coordinator->loop, &coordinator->tick, loop_now_ms() + COORDINATOR_TICK_MS);
}

static void receive(void *context, size_t seat, struct bytes frame)
{
    post_receive(context, (uint8_t)seat, frame);
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
                                          /* The largest that a seat has to say: a value. */
                                          .message_size_max = codec_frame_size_max(MESSAGE_PROPOSE),
                                          .queue_max = QUEUE_MAX,
                                          .received_max = RECEIVED_MAX,
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
    clerk_take_cases(context);
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

static bool start(struct coordinator *coordinator, struct error *error)
{
    coordinator->board = board_create();
    if (!loop_create(&coordinator->loop, error) || !open_link(coordinator, error) ||
        !clerk_resume(coordinator, error) || !open_http(coordinator, error) ||
        !write_endpoints(coordinator, error)) {
        return false;
    }
    board_on_change(coordinator->board, board_changed, coordinator);
    attendance_pin_up(coordinator);
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
