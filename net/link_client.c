#include "net/link_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "base/check.h"
#include "net/socket.h"

#define RECONNECT_MS      100
#define RECONNECT_MS_MAX  2000
#define CONNECT_MS_MAX    5000
#define ENDPOINT_SIZE     256
#define TURN_MESSAGES_MAX 64 /* Received before other things of the loop get their turn. */

struct link_client {
    struct loop *loop;
    void *socket;
    struct loop_watch watch;
    void (*received)(void *context, struct bytes message);
    void *context;
    struct link_counts counts;
    char endpoint[ENDPOINT_SIZE]; /* As the socket knows it. */
};

/* Receives one frame into MESSAGE, which is initialised; false when nothing is there. */
static bool receive_frame(struct link_client *client, zmq_msg_t *message)
{
    int result;

    do {
        result = zmq_msg_recv(message, client->socket, ZMQ_DONTWAIT);
    } while (result < 0 && errno == EINTR);
    CHECK(result >= 0 || errno == EAGAIN);
    return result >= 0;
}

/* False when no message was there. */
static bool receive_message(struct link_client *client)
{
    zmq_msg_t message;

    (void)zmq_msg_init(&message);
    bool is_there = receive_frame(client, &message);

    if (is_there && zmq_msg_more(&message)) {
        client->counts.malformed++;
        while (zmq_msg_more(&message) && receive_frame(client, &message)) {
        }
    } else if (is_there) {
        client->counts.received++;
        client->received(client->context, bytes_of(zmq_msg_data(&message), zmq_msg_size(&message)));
    }
    (void)zmq_msg_close(&message);
    return is_there;
}

static void on_ready(void *context)
{
    struct link_client *client = context;

    for (int i = 0; i < TURN_MESSAGES_MAX && receive_message(client); i++) {
    }
}

bool link_client_send(struct link_client *client, struct bytes message)
{
    if (zmq_send(client->socket, message.data, message.size, ZMQ_DONTWAIT) < 0) {
        CHECK(errno == EAGAIN || errno == EINTR);
        client->counts.unsent++;
        return false;
    }
    client->counts.sent++;
    return true;
}

static bool connect_to(struct link_client *client, const char *endpoint, struct error *error)
{
    size_t size = sizeof(client->endpoint);

    if (zmq_connect(client->socket, endpoint) != 0) {
        bool is_malformed = errno == EINVAL || errno == EPROTONOSUPPORT;

        return error_set(error, is_malformed ? ERROR_INVALID : ERROR_IO, "connect to %s: %s",
                         endpoint, zmq_strerror(errno));
    }
    int result = zmq_getsockopt(client->socket, ZMQ_LAST_ENDPOINT, client->endpoint, &size);

    CHECK(result == 0);
    return true;
}

bool link_client_reconnect(struct link_client *client, struct error *error)
{
    char endpoint[ENDPOINT_SIZE];

    memcpy(endpoint, client->endpoint, sizeof(endpoint));
    /* Fails when libzmq has given up already, which is as good. */
    (void)zmq_disconnect(client->socket, endpoint);
    return connect_to(client, endpoint, error);
}

static bool connect_socket(struct link_client *client, const struct link_client_options *options,
                           struct error *error)
{
    const struct socket_options common = {
        .type = ZMQ_DEALER,
        .endpoint = options->endpoint,
        .message_size_max = options->message_size_max,
        .received_max = 0,
        .sent_max = options->queue_max,
    };

    if (!socket_create(loop_context(client->loop), &common, &client->socket, error)) {
        return false;
    }
    socket_set_int(client->socket, ZMQ_IMMEDIATE, 1); /* Queue for a coordinator that is there. */
    socket_set_int(client->socket, ZMQ_RECONNECT_IVL, RECONNECT_MS);
    socket_set_int(client->socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MS_MAX);
    socket_set_int(client->socket, ZMQ_CONNECT_TIMEOUT, CONNECT_MS_MAX);
    socket_set_bytes(client->socket, ZMQ_CURVE_SERVERKEY, options->server, KEYS_PUBLIC_SIZE);
    socket_set_bytes(client->socket, ZMQ_CURVE_PUBLICKEY, keys_public(options->keys)->transport,
                     KEYS_PUBLIC_SIZE);
    socket_set_bytes(client->socket, ZMQ_CURVE_SECRETKEY, keys_transport_secret(options->keys),
                     KEYS_PUBLIC_SIZE);
    return connect_to(client, options->endpoint, error);
}

bool link_client_open(struct loop *loop, const struct link_client_options *options,
                      struct link_client **out, struct error *error)
{
    struct link_client *client = calloc(1, sizeof(*client));

    CHECK(client != NULL);
    client->loop = loop;
    client->received = options->received;
    client->context = options->context;
    if (!connect_socket(client, options, error)) {
        link_client_close(client);
        return false;
    }
    client->watch =
        (struct loop_watch){.ready = on_ready, .context = client, .socket = client->socket};
    loop_watch_add(loop, &client->watch);
    *out = client;
    return true;
}

void link_client_close(struct link_client *client)
{
    if (client == NULL) {
        return;
    }
    loop_watch_remove(client->loop, &client->watch);
    socket_close(client->socket);
    free(client);
}

void link_client_counts(const struct link_client *client, struct link_counts *out)
{
    *out = client->counts;
}
