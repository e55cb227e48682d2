#include "net/socket.h"

#include <errno.h>
#include <string.h>

#include <zmq.h>

#include "base/check.h"
#include "net/link.h"

#define LINGER_MS         1000 /* How long a closed socket may still send. */
#define CURVE_OVERHEAD    33 /* Bytes an encrypted frame is longer: libzmq limits what it reads. */
#define HANDSHAKE_MS      3000
#define SILENCE_MS        30000 /* Unanswered segments for so long end a connection. */
#define KEEPALIVE_IDLE_S  30
#define KEEPALIVE_PROBE_S 10
#define KEEPALIVE_PROBES  3

void socket_set_bytes(void *socket, int name, const void *data, size_t size)
{
    int result = zmq_setsockopt(socket, name, data, size);

    CHECK(result == 0);
}

void socket_set_int(void *socket, int name, int value)
{
    socket_set_bytes(socket, name, &value, sizeof(value));
}

bool socket_create(void *context, const struct socket_options *options, void **out,
                   struct error *error)
{
    int64_t frame_size_max = (int64_t)options->message_size_max + CURVE_OVERHEAD;

    CHECK(options->message_size_max >= LINK_MESSAGE_MIN);
    if (zmq_has("curve") != 1) {
        return error_set(error, ERROR_IO, "this libzmq was built without CURVE");
    }
    void *socket = zmq_socket(context, options->type);

    if (socket == NULL) {
        return error_set(error, ERROR_IO, "libzmq: %s", zmq_strerror(errno));
    }
    socket_set_int(socket, ZMQ_LINGER, LINGER_MS);
    socket_set_int(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS);
    socket_set_int(socket, ZMQ_TCP_MAXRT, SILENCE_MS);
    socket_set_int(socket, ZMQ_TCP_KEEPALIVE, 1);
    socket_set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S);
    socket_set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_PROBE_S);
    socket_set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_PROBES);
    socket_set_int(socket, ZMQ_RCVHWM, options->received_max);
    socket_set_int(socket, ZMQ_SNDHWM, options->sent_max);
    /* Asked for everywhere, it would break binding to all addresses on hosts without IPv6. */
    socket_set_int(socket, ZMQ_IPV6, strchr(options->endpoint, '[') != NULL);
    socket_set_bytes(socket, ZMQ_MAXMSGSIZE, &frame_size_max, sizeof(frame_size_max));
    *out = socket;
    return true;
}

void socket_close(void *socket)
{
    if (socket != NULL) {
        int result = zmq_close(socket);

        CHECK(result == 0);
    }
}
