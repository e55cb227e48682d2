#include "net/link_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "base/check.h"
#include "base/encode.h"
#include "crypto/seal.h"
#include "net/socket.h"
#include "net/zap.h"

/* ZMQ_ZAP_ENFORCE_DOMAIN, which zmq.h shows to users of the draft interface only: refuse handshakes
 * when no handler answers. */
#define OPTION_ENFORCE 93

#define ROUTE_SIZE_MAX     255 /* Bytes of a routing id, which libzmq limits so. */
#define ENDPOINT_SIZE      256
#define TURN_MESSAGES_MAX  64   /* Received before other things of the loop get their turn. */
#define SELF_TEST_MS       5000 /* Longer than a handshake may take. */
#define SELF_TEST_POLL_MS  10
#define SELF_TEST_ENDPOINT "tcp://127.0.0.1:*"

/* A connection, by the name the socket has for it; size 0 means none. */
struct route {
    uint8_t id[ROUTE_SIZE_MAX];
    size_t size;
};

struct seat {
    struct route current;
    /* The connection before it. What is still read from there does not turn the route back. */
    struct route former;
};

struct link_server {
    struct loop *loop;
    struct zap *zap;
    void *socket;
    struct loop_watch watch;
    void (*received)(void *context, size_t seat, struct bytes message);
    void *context;
    char endpoint[ENDPOINT_SIZE];
    struct link_counts counts;
    uint64_t self_test_refused_count; /* Of the counted refusals, those of our own making. */
    size_t seat_count;
    struct seat seats[LINK_SERVER_SEATS_MAX];
};

static bool route_is(const struct route *route, struct bytes id)
{
    return bytes_equal(bytes_of(route->id, route->size), id);
}

static void learn_route(struct seat *seat, struct bytes id)
{
    CHECK(id.size <= ROUTE_SIZE_MAX);
    if (route_is(&seat->current, id) || route_is(&seat->former, id)) {
        return;
    }
    seat->former = seat->current;
    memcpy(seat->current.id, id.data, id.size);
    seat->current.size = id.size;
}

static struct bytes message_bytes(zmq_msg_t *message)
{
    return bytes_of(zmq_msg_data(message), zmq_msg_size(message));
}

/* Receives one frame into MESSAGE, which is initialised; false when nothing is there. */
static bool receive_frame(struct link_server *server, zmq_msg_t *message)
{
    int result;

    do {
        result = zmq_msg_recv(message, server->socket, ZMQ_DONTWAIT);
    } while (result < 0 && errno == EINTR);
    CHECK(result >= 0 || errno == EAGAIN);
    return result >= 0;
}

/* False when libzmq does not take the frame now. */
static bool send_frame(struct link_server *server, struct bytes frame, int flags)
{
    int result;

    do {
        result = zmq_send(server->socket, frame.data, frame.size, flags | ZMQ_DONTWAIT);
    } while (result < 0 && errno == EINTR);
    CHECK(result >= 0 || errno == EAGAIN || errno == EHOSTUNREACH);
    return result >= 0;
}

static void drop_rest(struct link_server *server, zmq_msg_t *message)
{
    while (zmq_msg_more(message) && receive_frame(server, message)) {
    }
}

/* The seat whose key opened the connection of MESSAGE, or false when the handler did not say. */
static bool sender_of(const struct link_server *server, zmq_msg_t *message, size_t *out)
{
    const char *user_id = zmq_msg_gets(message, "User-Id");
    uint64_t seat;

    if (user_id == NULL || !encode_to_u64(user_id, server->seat_count - 1, &seat)) {
        return false;
    }
    *out = (size_t)seat;
    return true;
}

/* False when no message was there. */
static bool receive_message(struct link_server *server)
{
    zmq_msg_t id;
    zmq_msg_t message;
    size_t seat;

    (void)zmq_msg_init(&id);
    (void)zmq_msg_init(&message);
    bool is_there = receive_frame(server, &id);

    if (is_there && zmq_msg_more(&id) && receive_frame(server, &message)) {
        if (zmq_msg_more(&message) || !sender_of(server, &message, &seat)) {
            drop_rest(server, &message);
            server->counts.malformed++;
        } else {
            learn_route(&server->seats[seat], message_bytes(&id));
            server->counts.received++;
            server->received(server->context, seat, message_bytes(&message));
        }
    }
    (void)zmq_msg_close(&message);
    (void)zmq_msg_close(&id);
    return is_there;
}

static void on_ready(void *context)
{
    struct link_server *server = context;

    for (int i = 0; i < TURN_MESSAGES_MAX && receive_message(server); i++) {
    }
}

bool link_server_send(struct link_server *server, size_t index, struct bytes message)
{
    CHECK(index < server->seat_count);

    struct seat *seat = &server->seats[index];
    const struct route *route = &seat->current;

    if (route->size == 0) {
        server->counts.unsent++;
        return false;
    }
    /* libzmq decides at the first frame whether the message goes, and then takes the second. */
    if (!send_frame(server, bytes_of(route->id, route->size), ZMQ_SNDMORE) ||
        !send_frame(server, message, 0)) {
        if (errno == EHOSTUNREACH) {
            *seat = (struct seat){0}; /* Whoever speaks next is the newest. */
        }
        server->counts.unsent++;
        return false;
    }
    server->counts.sent++;
    return true;
}

static bool bind_endpoint(struct link_server *server, const char *endpoint, struct error *error)
{
    size_t size = sizeof(server->endpoint);

    if (zmq_bind(server->socket, endpoint) != 0) {
        bool is_malformed = errno == EINVAL || errno == EPROTONOSUPPORT || errno == ENODEV;

        return error_set(error, is_malformed ? ERROR_INVALID : ERROR_IO, "bind %s: %s", endpoint,
                         zmq_strerror(errno));
    }
    int result = zmq_getsockopt(server->socket, ZMQ_LAST_ENDPOINT, server->endpoint, &size);

    CHECK(result == 0);
    return true;
}

static bool create_socket(struct link_server *server, const struct link_server_options *options,
                          struct error *error)
{
    const struct socket_options common = {
        .type = ZMQ_ROUTER,
        .endpoint = options->endpoint,
        .message_size_max = options->message_size_max,
        .received_max = options->received_max > 0 ? options->received_max : options->queue_max,
        .sent_max = options->queue_max,
    };
    int enforce = 1;

    if (!socket_create(loop_context(server->loop), &common, &server->socket, error)) {
        return false;
    }
    socket_set_int(server->socket, ZMQ_ROUTER_MANDATORY, 1);
    socket_set_int(server->socket, ZMQ_CURVE_SERVER, 1);
    socket_set_bytes(server->socket, ZMQ_CURVE_SECRETKEY, keys_transport_secret(options->keys),
                     KEYS_PUBLIC_SIZE);
    if (options->without_zap_for_test) {
        return true;
    }
    socket_set_bytes(server->socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN));
    if (zmq_setsockopt(server->socket, OPTION_ENFORCE, &enforce, sizeof(enforce)) != 0) {
        return error_set(error, ERROR_IO,
                         "this libzmq cannot insist on its authentication handler: %s",
                         zmq_strerror(errno));
    }
    return true;
}

/* A client with a key that nobody has, which has sent a message to our endpoint. */
static bool create_stranger(struct link_server *server, const struct link_server_options *options,
                            void **out, struct error *error)
{
    const struct socket_options common = {.type = ZMQ_DEALER,
                                          .endpoint = server->endpoint,
                                          .message_size_max = options->message_size_max};
    uint8_t seed[KEYS_SEED_SIZE];
    void *socket = NULL;

    if (!socket_create(loop_context(server->loop), &common, &socket, error)) {
        return false;
    }
    seal_random(seed, sizeof(seed));
    struct keys *keys = keys_from_seed(seed);

    socket_set_int(socket, ZMQ_LINGER, 0);
    socket_set_int(socket, ZMQ_RECONNECT_IVL, -1); /* One handshake, one refusal. */
    socket_set_bytes(socket, ZMQ_CURVE_SERVERKEY, keys_public(options->keys)->transport,
                     KEYS_PUBLIC_SIZE);
    socket_set_bytes(socket, ZMQ_CURVE_PUBLICKEY, keys_public(keys)->transport, KEYS_PUBLIC_SIZE);
    socket_set_bytes(socket, ZMQ_CURVE_SECRETKEY, keys_transport_secret(keys), KEYS_PUBLIC_SIZE);
    keys_destroy(keys);
    if (zmq_connect(socket, server->endpoint) != 0 || zmq_send(socket, "", 0, ZMQ_DONTWAIT) < 0) {
        error_record(error, ERROR_IO, "connect to %s: %s", server->endpoint, zmq_strerror(errno));
        socket_close(socket);
        return false;
    }
    *out = socket;
    return true;
}

/* Waits until the stranger was refused by our handler. */
static bool expect_refusal(struct link_server *server, struct error *error)
{
    uint64_t until_ms = loop_now_ms() + SELF_TEST_MS;

    while (server->zap == NULL || zap_refused_count(server->zap) == 0) {
        zmq_pollitem_t item = {.socket = server->socket, .events = ZMQ_POLLIN};

        if (zmq_poll(&item, 1, SELF_TEST_POLL_MS) > 0) {
            return error_set(error, ERROR_DENIED, "self-test: a key that nobody has got in");
        }
        if (loop_now_ms() > until_ms) {
            return error_set(error, ERROR_TIMEOUT,
                             "self-test: a key that nobody has was not refused in %d ms",
                             SELF_TEST_MS);
        }
    }
    server->self_test_refused_count = zap_refused_count(server->zap);
    return true;
}

/* Runs on a port of its own and leaves the socket as it was. */
static bool self_test(struct link_server *server, const struct link_server_options *options,
                      struct error *error)
{
    void *stranger = NULL;

    if (!bind_endpoint(server, SELF_TEST_ENDPOINT, error)) {
        return error_wrap(error, "self-test");
    }
    bool is_ok =
        create_stranger(server, options, &stranger, error) && expect_refusal(server, error);

    socket_close(stranger);
    (void)zmq_unbind(server->socket, server->endpoint);
    return is_ok;
}

bool link_server_open(struct loop *loop, const struct link_server_options *options,
                      struct link_server **out, struct error *error)
{
    struct link_server *server = calloc(1, sizeof(*server));

    CHECK(server != NULL);
    CHECK(options->seat_count >= 1);
    CHECK(options->seat_count <= LINK_SERVER_SEATS_MAX);
    server->loop = loop;
    server->received = options->received;
    server->context = options->context;
    server->seat_count = options->seat_count;
    if ((!options->without_zap_for_test && !zap_create(loop_context(loop), options->transports,
                                                       options->seat_count, &server->zap, error)) ||
        !create_socket(server, options, error) || !self_test(server, options, error) ||
        !bind_endpoint(server, options->endpoint, error)) {
        link_server_close(server);
        return false;
    }
    server->watch =
        (struct loop_watch){.ready = on_ready, .context = server, .socket = server->socket};
    loop_watch_add(loop, &server->watch);
    *out = server;
    return true;
}

void link_server_close(struct link_server *server)
{
    if (server == NULL) {
        return;
    }
    loop_watch_remove(server->loop, &server->watch);
    socket_close(server->socket);
    zap_destroy(server->zap);
    free(server);
}

const char *link_server_endpoint(const struct link_server *server)
{
    return server->endpoint;
}

void link_server_counts(const struct link_server *server, struct link_counts *out)
{
    *out = server->counts;
    out->refused = zap_refused_count(server->zap) - server->self_test_refused_count;
}
