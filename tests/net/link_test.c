/* Real sockets on loopback, all served by the test's own thread. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>

#include "net/link_client.h"
#include "net/link_server.h"

#define SEATS       3
#define GUESTS_MAX  3
#define PATIENCE_MS 20000 /* Only a failing test waits so long. */
#define MESSAGE_MAX 100000

static struct keys *keys_number(uint8_t number)
{
    uint8_t seed[KEYS_SEED_SIZE] = {number};

    return keys_from_seed(seed);
}

/* One side's inbox: "seat:text " for a server, "text " for a client. */
struct inbox {
    char text[256];
};

static void take_down(struct inbox *inbox, const char *prefix, struct bytes message)
{
    size_t used = strlen(inbox->text);

    (void)snprintf(inbox->text + used, sizeof(inbox->text) - used, "%s%.*s ", prefix,
                   (int)(message.size < 20 ? message.size : 20), (const char *)message.data);
}

static void on_server_message(void *context, size_t seat, struct bytes message)
{
    char prefix[24];

    (void)snprintf(prefix, sizeof(prefix), "%zu:", seat);
    take_down(context, prefix, message);
}

static void on_client_message(void *context, struct bytes message)
{
    take_down(context, "", message);
}

struct guest {
    struct link_client *client;
    struct inbox inbox;
};

struct hall {
    struct loop *loop;
    struct keys *keys; /* The coordinator's. */
    struct keys *seat_keys[SEATS];
    uint8_t transports[SEATS][KEYS_PUBLIC_SIZE];
    struct link_server *server;
    struct inbox inbox; /* The server's. */
    struct guest guests[GUESTS_MAX];
    size_t guest_count;
};

static struct link_server_options server_options(struct hall *hall, const char *endpoint)
{
    return (struct link_server_options){
        .endpoint = endpoint,
        .keys = hall->keys,
        .transports = (const uint8_t(*)[KEYS_PUBLIC_SIZE])hall->transports,
        .seat_count = SEATS,
        .message_size_max = MESSAGE_MAX,
        .queue_max = 100,
        .received = on_server_message,
        .context = &hall->inbox,
    };
}

static int open_hall(void **state)
{
    struct hall *hall = calloc(1, sizeof(*hall));
    struct error error;

    hall->keys = keys_number(100);
    for (uint8_t i = 0; i < SEATS; i++) {
        hall->seat_keys[i] = keys_number(i);
        memcpy(hall->transports[i], keys_public(hall->seat_keys[i])->transport, KEYS_PUBLIC_SIZE);
    }
    struct link_server_options options = server_options(hall, "tcp://127.0.0.1:*");

    if (!loop_create(&hall->loop, &error) ||
        !link_server_open(hall->loop, &options, &hall->server, &error)) {
        print_error("%s\n", error.message);
        return -1;
    }
    *state = hall;
    return 0;
}

static int close_hall(void **state)
{
    struct hall *hall = *state;

    for (size_t i = 0; i < hall->guest_count; i++) {
        link_client_close(hall->guests[i].client);
    }
    link_server_close(hall->server);
    loop_destroy(hall->loop);
    for (size_t i = 0; i < SEATS; i++) {
        keys_destroy(hall->seat_keys[i]);
    }
    keys_destroy(hall->keys);
    free(hall);
    return 0;
}

static struct guest *open_guest(struct hall *hall, struct loop *loop, const struct keys *keys)
{
    struct guest *guest = &hall->guests[hall->guest_count];
    struct error error;
    struct link_client_options options = {
        .endpoint = link_server_endpoint(hall->server),
        .keys = keys,
        .message_size_max = MESSAGE_MAX,
        .queue_max = 100,
        .received = on_client_message,
        .context = &guest->inbox,
    };

    memcpy(options.server, keys_public(hall->keys)->transport, KEYS_PUBLIC_SIZE);
    assert_true(link_client_open(loop, &options, &guest->client, &error));
    hall->guest_count++;
    return guest;
}

static void turn(struct loop *loop)
{
    struct error error;

    assert_true(loop_turn(loop, 20, &error));
}

/* Serves the hall until INBOX holds exactly TEXT. */
static void await_text(const struct hall *hall, const struct inbox *inbox, const char *text)
{
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;

    while (strcmp(inbox->text, text) != 0 && loop_now_ms() < until_ms) {
        turn(hall->loop);
    }
    assert_string_equal(inbox->text, text);
}

/* Tries until the link takes the message: it may still be connecting. */
static void send_from(const struct hall *hall, struct guest *guest, const char *text)
{
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;

    while (!link_client_send(guest->client, bytes_of_text(text))) {
        assert_true(loop_now_ms() < until_ms);
        turn(hall->loop);
    }
}

/* A bare libzmq socket in a context of its own, for what our client does not do. */
struct stranger {
    void *context;
    void *socket;
    void *monitor;
};

static void open_stranger(struct stranger *stranger, int type)
{
    int linger = 0;

    stranger->context = zmq_ctx_new();
    assert_non_null(stranger->context);
    stranger->socket = zmq_socket(stranger->context, type);
    assert_non_null(stranger->socket);
    assert_int_equal(zmq_setsockopt(stranger->socket, ZMQ_LINGER, &linger, sizeof(linger)), 0);
    assert_int_equal(zmq_socket_monitor(stranger->socket, "inproc://monitor", ZMQ_EVENT_ALL), 0);
    stranger->monitor = zmq_socket(stranger->context, ZMQ_PAIR);
    assert_int_equal(zmq_connect(stranger->monitor, "inproc://monitor"), 0);
}

static void identify(const struct hall *hall, struct stranger *stranger, const struct keys *keys)
{
    assert_int_equal(zmq_setsockopt(stranger->socket, ZMQ_CURVE_SERVERKEY,
                                    keys_public(hall->keys)->transport, KEYS_PUBLIC_SIZE),
                     0);
    assert_int_equal(zmq_setsockopt(stranger->socket, ZMQ_CURVE_PUBLICKEY,
                                    keys_public(keys)->transport, KEYS_PUBLIC_SIZE),
                     0);
    assert_int_equal(zmq_setsockopt(stranger->socket, ZMQ_CURVE_SECRETKEY,
                                    keys_transport_secret(keys), KEYS_PUBLIC_SIZE),
                     0);
}

static void connect_stranger(const struct hall *hall, struct stranger *stranger)
{
    assert_int_equal(zmq_connect(stranger->socket, link_server_endpoint(hall->server)), 0);
}

/* Serves the hall until the stranger's socket reports EVENT. */
static void await_event(const struct hall *hall, const struct stranger *stranger, uint16_t event)
{
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;
    uint16_t seen = 0;

    while (seen != event) {
        uint8_t frame[256];

        assert_true(loop_now_ms() < until_ms);
        turn(hall->loop);
        if (zmq_recv(stranger->monitor, frame, sizeof(frame), ZMQ_DONTWAIT) >= 2) {
            memcpy(&seen, frame, sizeof(seen));
            (void)zmq_recv(stranger->monitor, frame, sizeof(frame), 0); /* The address. */
        }
    }
}

static void close_stranger(struct stranger *stranger)
{
    assert_int_equal(zmq_close(stranger->monitor), 0);
    assert_int_equal(zmq_close(stranger->socket), 0);
    assert_int_equal(zmq_ctx_term(stranger->context), 0);
}

static struct link_counts counts_of(const struct hall *hall)
{
    struct link_counts counts;

    link_server_counts(hall->server, &counts);
    return counts;
}

static void messages_go_both_ways_under_the_seat_of_the_key(void **state)
{
    struct hall *hall = *state;
    struct guest *guests[2];
    struct link_counts counts;

    guests[0] = open_guest(hall, hall->loop, hall->seat_keys[2]);
    guests[1] = open_guest(hall, hall->loop, hall->seat_keys[0]);
    send_from(hall, guests[0], "two");
    await_text(hall, &hall->inbox, "2:two ");
    send_from(hall, guests[1], "zero");
    await_text(hall, &hall->inbox, "2:two 0:zero ");
    assert_true(link_server_send(hall->server, 0, bytes_of_text("to zero")));
    assert_true(link_server_send(hall->server, 2, bytes_of_text("to two")));
    await_text(hall, &guests[0]->inbox, "to two ");
    await_text(hall, &guests[1]->inbox, "to zero ");
    counts = counts_of(hall);
    assert_int_equal(counts.received, 2);
    assert_int_equal(counts.sent, 2);
    assert_int_equal(counts.unsent, 0);
    assert_int_equal(counts.malformed, 0);
    assert_int_equal(counts.refused, 0);
    link_client_counts(guests[0]->client, &counts);
    assert_int_equal(counts.received, 1);
    assert_int_equal(counts.sent, 1);
}

static void messages_of_one_sender_keep_their_order(void **state)
{
    struct hall *hall = *state;
    struct guest *guest;
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;

    guest = open_guest(hall, hall->loop, hall->seat_keys[1]);
    for (int i = 0; i < 9; i++) {
        char text[2] = {(char)('a' + i), '\0'};

        send_from(hall, guest, text);
    }
    await_text(hall, &hall->inbox, "1:a 1:b 1:c 1:d 1:e 1:f 1:g 1:h 1:i ");
    /* An empty message is a message. */
    assert_true(link_client_send(guest->client, bytes_of(NULL, 0)));
    while (counts_of(hall).received < 10 && loop_now_ms() < until_ms) {
        turn(hall->loop);
    }
    assert_int_equal(counts_of(hall).received, 10);
}

static void an_unknown_key_is_refused_and_counted(void **state)
{
    struct hall *hall = *state;
    struct keys *keys = keys_number(99);
    struct guest *guest;
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;
    struct link_counts counts;

    guest = open_guest(hall, hall->loop, keys);
    while (counts_of(hall).refused < 2 && loop_now_ms() < until_ms) {
        turn(hall->loop);
        assert_false(link_client_send(guest->client, bytes_of_text("let me in")));
    }
    assert_true(counts_of(hall).refused >= 2); /* It keeps trying. */
    assert_int_equal(counts_of(hall).received, 0);
    link_client_counts(guest->client, &counts);
    assert_true(counts.unsent > 0);
    assert_int_equal(counts.sent, 0);
    keys_destroy(keys);
}

static void a_peer_without_curve_is_refused(void **state)
{
    struct hall *hall = *state;
    struct stranger stranger;
    struct guest *guest;

    open_stranger(&stranger, ZMQ_DEALER);
    connect_stranger(hall, &stranger);
    assert_true(zmq_send(stranger.socket, "plain", 5, ZMQ_DONTWAIT) == 5);
    await_event(hall, &stranger, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
    guest = open_guest(hall, hall->loop, hall->seat_keys[0]);
    send_from(hall, guest, "sealed");
    await_text(hall, &hall->inbox, "0:sealed ");
    close_stranger(&stranger);
}

static void an_oversized_message_ends_the_connection_and_nothing_else(void **state)
{
    static uint8_t large[MESSAGE_MAX + 1];
    struct hall *hall = *state;
    struct guest *guest;
    struct guest *neighbour;
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;

    guest = open_guest(hall, hall->loop, hall->seat_keys[0]);
    neighbour = open_guest(hall, hall->loop, hall->seat_keys[1]);
    send_from(hall, guest, "small");
    await_text(hall, &hall->inbox, "0:small ");
    assert_true(link_client_send(guest->client, bytes_of(large, sizeof(large))));
    hall->inbox.text[0] = '\0';
    send_from(hall, neighbour, "here");
    await_text(hall, &hall->inbox, "1:here ");
    /* What is sent into the broken connection is lost; what is sent later arrives. */
    while (strstr(hall->inbox.text, "0:again") == NULL && loop_now_ms() < until_ms) {
        hall->inbox.text[0] = '\0';
        (void)link_client_send(guest->client, bytes_of_text("again"));
        turn(hall->loop);
    }
    assert_non_null(strstr(hall->inbox.text, "0:again"));
    memset(large, 'x', sizeof(large));
    hall->inbox.text[0] = '\0';
    send_from(hall, neighbour, "still");
    assert_true(link_client_send(neighbour->client, bytes_of(large, MESSAGE_MAX)));
    while (strstr(hall->inbox.text, "1:xxxxx") == NULL && loop_now_ms() < until_ms) {
        turn(hall->loop);
    }
    assert_non_null(strstr(hall->inbox.text, "1:xxxxx")); /* The limit itself passes. */
}

static void messages_of_several_frames_are_dropped_and_counted(void **state)
{
    struct hall *hall = *state;
    struct stranger stranger;

    open_stranger(&stranger, ZMQ_DEALER);
    identify(hall, &stranger, hall->seat_keys[1]);
    connect_stranger(hall, &stranger);
    for (int i = 0; i < 300; i++) {
        assert_true(zmq_send(stranger.socket, "part", 4, ZMQ_SNDMORE) == 4);
    }
    assert_true(zmq_send(stranger.socket, "end", 3, 0) == 3);
    assert_true(zmq_send(stranger.socket, "", 0, ZMQ_SNDMORE) == 0);
    assert_true(zmq_send(stranger.socket, "two", 3, 0) == 3);
    assert_true(zmq_send(stranger.socket, "one", 3, 0) == 3);
    await_text(hall, &hall->inbox, "1:one ");
    assert_int_equal(counts_of(hall).malformed, 2);
    assert_int_equal(counts_of(hall).received, 1);
    close_stranger(&stranger);
}

/* A coordinator that is faulty: a bare socket with the coordinator's key, and one guest. */
static struct guest *open_faulty_server(struct hall *hall, struct stranger *server)
{
    struct guest *guest = &hall->guests[hall->guest_count];
    char endpoint[64];
    size_t endpoint_size = sizeof(endpoint);
    int yes = 1;
    struct error error;

    open_stranger(server, ZMQ_DEALER);
    assert_int_equal(zmq_setsockopt(server->socket, ZMQ_CURVE_SERVER, &yes, sizeof(yes)), 0);
    assert_int_equal(zmq_setsockopt(server->socket, ZMQ_CURVE_SECRETKEY,
                                    keys_transport_secret(hall->keys), KEYS_PUBLIC_SIZE),
                     0);
    assert_int_equal(zmq_bind(server->socket, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(server->socket, ZMQ_LAST_ENDPOINT, endpoint, &endpoint_size),
                     0);
    struct link_client_options options = {.endpoint = endpoint,
                                          .keys = hall->seat_keys[0],
                                          .message_size_max = MESSAGE_MAX,
                                          .queue_max = 100,
                                          .received = on_client_message,
                                          .context = &guest->inbox};

    memcpy(options.server, keys_public(hall->keys)->transport, KEYS_PUBLIC_SIZE);
    assert_true(link_client_open(hall->loop, &options, &guest->client, &error));
    hall->guest_count++;
    return guest;
}

static void a_client_drops_messages_of_several_frames_too(void **state)
{
    struct hall *hall = *state;
    struct stranger server;
    struct guest *guest;
    struct link_counts counts;

    guest = open_faulty_server(hall, &server);
    assert_true(zmq_send(server.socket, "part", 4, ZMQ_SNDMORE) == 4);
    assert_true(zmq_send(server.socket, "end", 3, 0) == 3);
    assert_true(zmq_send(server.socket, "one", 3, 0) == 3);
    await_text(hall, &guest->inbox, "one ");
    link_client_counts(guest->client, &counts);
    assert_int_equal(counts.malformed, 1);
    assert_int_equal(counts.received, 1);
    close_stranger(&server);
}

static void a_client_can_start_anew_after_an_oversized_message(void **state)
{
    static const uint8_t large[MESSAGE_MAX + 1];
    struct hall *hall = *state;
    struct stranger server;
    struct guest *guest;
    struct error error;

    guest = open_faulty_server(hall, &server);
    assert_true(zmq_send(server.socket, "small", 5, 0) == 5);
    await_text(hall, &guest->inbox, "small ");
    assert_true(zmq_send(server.socket, large, sizeof(large), 0) == sizeof(large));
    await_event(hall, &server, ZMQ_EVENT_DISCONNECTED);
    assert_true(link_client_reconnect(guest->client, &error));
    assert_true(zmq_send(server.socket, "again", 5, 0) == 5);
    await_text(hall, &guest->inbox, "small again ");
    /* With a connection that works, too. */
    assert_true(link_client_reconnect(guest->client, &error));
    await_event(hall, &server, ZMQ_EVENT_DISCONNECTED);
    send_from(hall, guest, "still here");
    close_stranger(&server);
}

static void a_client_trusts_no_server_but_the_one_it_names(void **state)
{
    struct hall *hall = *state;
    struct keys *other = keys_number(101);
    struct keys *keys = hall->keys;
    struct guest *guest;
    struct guest *honest;

    hall->keys = other;
    guest = open_guest(hall, hall->loop, hall->seat_keys[0]);
    hall->keys = keys;
    honest = open_guest(hall, hall->loop, hall->seat_keys[1]);
    send_from(hall, honest, "hello");
    await_text(hall, &hall->inbox, "1:hello ");
    assert_false(link_client_send(guest->client, bytes_of_text("secret")));
    keys_destroy(other);
}

static void a_link_comes_back_when_the_server_restarts_on_its_port(void **state)
{
    struct hall *hall = *state;
    struct loop *client_loop = NULL;
    struct guest *guest;
    struct error error;
    char endpoint[64];
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;

    (void)snprintf(endpoint, sizeof(endpoint), "%s", link_server_endpoint(hall->server));
    assert_true(loop_create(&client_loop, &error));
    guest = open_guest(hall, client_loop, hall->seat_keys[2]);
    send_from(hall, guest, "before");
    await_text(hall, &hall->inbox, "2:before ");

    link_server_close(hall->server);
    hall->server = NULL;
    loop_destroy(hall->loop);
    hall->loop = NULL;
    hall->inbox.text[0] = '\0';
    struct link_server_options options = server_options(hall, endpoint);

    assert_true(loop_create(&hall->loop, &error));
    assert_true(link_server_open(hall->loop, &options, &hall->server, &error));
    assert_string_equal(link_server_endpoint(hall->server), endpoint);
    assert_false(link_server_send(hall->server, 2, bytes_of_text("too early")));
    while (strncmp(hall->inbox.text, "2:after ", 8) != 0 && loop_now_ms() < until_ms) {
        (void)link_client_send(guest->client, bytes_of_text("after"));
        turn(hall->loop);
    }
    assert_int_equal(strncmp(hall->inbox.text, "2:after ", 8), 0);
    assert_true(link_server_send(hall->server, 2, bytes_of_text("welcome back")));
    while (guest->inbox.text[0] == '\0' && loop_now_ms() < until_ms) {
        turn(hall->loop);
        turn(client_loop);
    }
    assert_string_equal(guest->inbox.text, "welcome back ");
    link_client_close(guest->client);
    guest->client = NULL;
    loop_destroy(client_loop);
}

static void of_two_connections_with_one_key_the_newest_is_answered(void **state)
{
    struct hall *hall = *state;
    struct guest *older;
    struct guest *newer;
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;

    older = open_guest(hall, hall->loop, hall->seat_keys[0]);
    send_from(hall, older, "a");
    await_text(hall, &hall->inbox, "0:a ");
    newer = open_guest(hall, hall->loop, hall->seat_keys[0]);
    send_from(hall, newer, "b");
    await_text(hall, &hall->inbox, "0:a 0:b ");
    send_from(hall, older, "c");
    await_text(hall, &hall->inbox, "0:a 0:b 0:c ");
    assert_true(link_server_send(hall->server, 0, bytes_of_text("you")));
    await_text(hall, &newer->inbox, "you ");
    assert_string_equal(older->inbox.text, "");

    /* When it is gone, whoever speaks next is the newest. */
    link_client_close(newer->client);
    newer->client = NULL;
    while (link_server_send(hall->server, 0, bytes_of_text("lost")) && loop_now_ms() < until_ms) {
        turn(hall->loop);
    }
    hall->inbox.text[0] = '\0';
    send_from(hall, older, "d");
    await_text(hall, &hall->inbox, "0:d ");
    assert_true(link_server_send(hall->server, 0, bytes_of_text("you now")));
    await_text(hall, &older->inbox, "you now ");
}

static void a_name_taken_from_another_seat_gives_nothing(void **state)
{
    struct hall *hall = *state;
    struct stranger owner;
    struct stranger thief;
    char received[16] = "";

    open_stranger(&owner, ZMQ_DEALER);
    identify(hall, &owner, hall->seat_keys[0]);
    assert_int_equal(zmq_setsockopt(owner.socket, ZMQ_ROUTING_ID, "name", 4), 0);
    connect_stranger(hall, &owner);
    assert_true(zmq_send(owner.socket, "mine", 4, 0) == 4);
    await_text(hall, &hall->inbox, "0:mine ");
    open_stranger(&thief, ZMQ_DEALER);
    identify(hall, &thief, hall->seat_keys[1]);
    assert_int_equal(zmq_setsockopt(thief.socket, ZMQ_ROUTING_ID, "name", 4), 0);
    connect_stranger(hall, &thief);
    assert_true(zmq_send(thief.socket, "also mine", 9, 0) == 9);
    await_event(hall, &thief, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    assert_true(link_server_send(hall->server, 0, bytes_of_text("for zero")));
    assert_int_equal(zmq_recv(owner.socket, received, sizeof(received), 0), 8);
    assert_string_equal(received, "for zero");
    assert_null(strstr(hall->inbox.text, "0:also"));
    close_stranger(&thief);
    close_stranger(&owner);
}

static void sending_to_nobody_or_into_a_full_queue_is_only_false(void **state)
{
    static uint8_t message[MESSAGE_MAX];
    struct hall *hall = *state;
    struct stranger reader;
    int one = 1;
    uint64_t sent = 0;

    assert_false(link_server_send(hall->server, 1, bytes_of_text("anybody?")));
    assert_int_equal(counts_of(hall).unsent, 1);
    open_stranger(&reader, ZMQ_DEALER);
    identify(hall, &reader, hall->seat_keys[1]);
    assert_int_equal(zmq_setsockopt(reader.socket, ZMQ_RCVHWM, &one, sizeof(one)), 0);
    connect_stranger(hall, &reader);
    assert_true(zmq_send(reader.socket, "here", 4, 0) == 4);
    await_text(hall, &hall->inbox, "1:here ");
    while (link_server_send(hall->server, 1, bytes_of(message, sizeof(message)))) {
        sent++;
        assert_true(sent < 10000);
    }
    assert_true(sent >= 100); /* The queue's length at least. */
    assert_int_equal(counts_of(hall).sent, sent);
    assert_int_equal(counts_of(hall).unsent, 2);
    close_stranger(&reader);
}

static void the_self_test_notices_that_strangers_get_in(void **state)
{
    struct hall *hall = *state;
    struct link_server_options options = server_options(hall, "tcp://127.0.0.1:*");
    struct link_server *server = NULL;
    struct loop *loop = NULL;
    struct error error;

    options.without_zap_for_test = true;
    assert_true(loop_create(&loop, &error));
    assert_false(link_server_open(loop, &options, &server, &error));
    assert_int_equal(error.code, ERROR_DENIED);
    assert_non_null(strstr(error.message, "self-test"));
    assert_null(server);
    /* Nothing is left of the attempt. */
    options.without_zap_for_test = false;
    assert_true(link_server_open(loop, &options, &server, &error));
    link_server_close(server);
    link_server_close(NULL);
    loop_destroy(loop);
}

static void an_endpoint_that_cannot_be_used_is_an_error(void **state)
{
    static const char *const malformed[] = {"", "tcp://", "127.0.0.1:80", "carrier-pigeon://1"};
    struct hall *hall = *state;
    struct link_server *server = NULL;
    struct link_client *client = NULL;
    struct loop *loop = NULL;
    struct error error;

    assert_true(loop_create(&loop, &error));
    struct link_server_options options = server_options(hall, link_server_endpoint(hall->server));

    assert_false(link_server_open(loop, &options, &server, &error)); /* Taken. */
    assert_int_equal(error.code, ERROR_IO);
    assert_non_null(strstr(error.message, options.endpoint));
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        struct link_client_options wrong = {.endpoint = malformed[i],
                                            .keys = hall->keys,
                                            .message_size_max = MESSAGE_MAX,
                                            .queue_max = 1};

        options.endpoint = malformed[i];
        assert_false(link_server_open(loop, &options, &server, &error));
        assert_int_equal(error.code, ERROR_INVALID);
        assert_false(link_client_open(loop, &wrong, &client, &error));
        assert_int_equal(error.code, ERROR_INVALID);
    }
    options.endpoint = "tcp://127.0.0.1:*";
    assert_false(link_server_open(hall->loop, &options, &server, &error)); /* Has one. */
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_null(server);
    assert_null(client);
    link_client_close(NULL);
    loop_destroy(loop);
}

#define HALL_TEST(name) cmocka_unit_test_setup_teardown(name, open_hall, close_hall)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(messages_go_both_ways_under_the_seat_of_the_key),
        HALL_TEST(messages_of_one_sender_keep_their_order),
        HALL_TEST(an_unknown_key_is_refused_and_counted),
        HALL_TEST(a_peer_without_curve_is_refused),
        HALL_TEST(an_oversized_message_ends_the_connection_and_nothing_else),
        HALL_TEST(messages_of_several_frames_are_dropped_and_counted),
        HALL_TEST(a_client_drops_messages_of_several_frames_too),
        HALL_TEST(a_client_can_start_anew_after_an_oversized_message),
        HALL_TEST(a_client_trusts_no_server_but_the_one_it_names),
        HALL_TEST(a_link_comes_back_when_the_server_restarts_on_its_port),
        HALL_TEST(of_two_connections_with_one_key_the_newest_is_answered),
        HALL_TEST(a_name_taken_from_another_seat_gives_nothing),
        HALL_TEST(sending_to_nobody_or_into_a_full_queue_is_only_false),
        HALL_TEST(the_self_test_notices_that_strangers_get_in),
        HALL_TEST(an_endpoint_that_cannot_be_used_is_an_error),
    };

    keys_library_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
