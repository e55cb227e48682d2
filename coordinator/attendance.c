#include "coordinator/attendance.h"

#include "base/log.h"
#include "coordinator/clerk.h"
#include "coordinator/docket.h"

uint8_t attendance_count(const struct coordinator *coordinator)
{
    uint8_t count = 0;

    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        count = (uint8_t)(count + coordinator->seats[seat].is_up);
    }
    return count;
}

void attendance_pin_up(struct coordinator *coordinator)
{
    struct board_seats seats = {.seat_count = coordinator->quorum.seat_count,
                                .quorum_count = coordinator->quorum.quorum_count,
                                .up_count = attendance_count(coordinator)};

    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        if (coordinator->seats[seat].is_up) {
            seat_set_add(&seats.up, seat);
        }
    }
    board_put_seats(coordinator->board, &seats);
}

bool attendance_send_certificate(struct coordinator *coordinator, uint8_t seat,
                                 const struct digest *docket)
{
    struct message message = {.kind = MESSAGE_DECIDE};
    struct buffer certificate = {0};
    struct error error;
    bool is_here =
        coordinator_store_result_certificate(coordinator->store, docket, &certificate, &error);

    if (is_here) {
        message.decide.docket = *docket;
        message.decide.certificate = buffer_bytes(&certificate);
        coordinator_send_one(coordinator, seat, &message);
    } else if (error.code != ERROR_NOT_FOUND) {
        coordinator_fail(coordinator, &error);
    }
    buffer_finish(&certificate);
    return is_here;
}

/* Certificates that left memory before the seat had them. */
static void send_batch(struct coordinator *coordinator, uint8_t seat)
{
    struct arena *arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    struct coordinator_seat *s = &coordinator->seats[seat];
    struct digest *dockets = NULL;
    struct error error;
    size_t count = 0;

    s->undelivered = 0;
    if (!coordinator_store_result_undelivered(coordinator->store, seat, ATTENDANCE_BATCH_MAX, arena,
                                              &dockets, &count, &error)) {
        coordinator_fail(coordinator, &error);
    }
    for (size_t i = 0; i < count; i++) {
        if (docket_find(coordinator, &dockets[i]) == NULL &&
            attendance_send_certificate(coordinator, seat, &dockets[i])) {
            s->undelivered++;
        }
    }
    arena_destroy(arena);
}

void attendance_done(struct coordinator *coordinator, uint8_t seat)
{
    struct coordinator_seat *s = &coordinator->seats[seat];

    if (s->undelivered > 0 && --s->undelivered == 0) {
        send_batch(coordinator, seat);
    }
}

/* One that greets all the time waits its turn. */
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
    send_batch(coordinator, seat);
    clerk_take_cases(coordinator);
}

void attendance_hello(struct coordinator *coordinator, uint8_t seat, const struct message *message)
{
    struct message reply = {.kind = MESSAGE_HELLO};
    struct error error;

    if (!digest_equal(&message->hello.roster, &coordinator->roster.digest) ||
        !message->hello.is_seat || message->hello.index != seat) {
        error_record(&error, ERROR_INVALID, "it is for another roster or seat");
        coordinator_drop(coordinator, seat, "HELLO", &error);
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
    attendance_pin_up(coordinator);
    greet(coordinator, seat);
}

void attendance_ping(struct coordinator *coordinator, uint8_t seat)
{
    struct message pong = {.kind = MESSAGE_PONG};

    /* 0 asks for a HELLO: this coordinator does not know the seat. */
    pong.ping.clock_ms = coordinator->seats[seat].is_up ? coordinator_clock_ms() : 0;
    coordinator_send_one(coordinator, seat, &pong);
}

void attendance_tick(struct coordinator *coordinator)
{
    uint64_t now_ms = loop_now_ms();
    bool has_changed = false;

    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        struct coordinator_seat *s = &coordinator->seats[seat];

        if (s->is_up && now_ms > s->heard_ms + COORDINATOR_SILENCE_MS) {
            log_line(LOG_WARNING, "seat %u is silent", seat);
            s->is_up = false;
            has_changed = true;
        }
        greet(coordinator, seat);
    }
    if (has_changed) {
        attendance_pin_up(coordinator);
    }
}
