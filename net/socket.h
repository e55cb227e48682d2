#ifndef NET_SOCKET_H
#define NET_SOCKET_H

/* Making libzmq sockets with the options that all links share: bounded linger, bounded handshakes,
 * and connections that notice a dead peer. No ZMQ_HEARTBEAT_*, which can abort the process
 * (libzmq issue 3937). For this folder alone. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct socket_options {
    int type;                /* ZMQ_... */
    const char *endpoint;    /* What it will bind or connect to; only looked at. */
    size_t message_size_max; /* Bytes of a received frame, LINK_MESSAGE_MIN at least. */
    int received_max;        /* Messages queued per peer, 0 without limit. */
    int sent_max;
};

/* Makes a socket in CONTEXT. The caller closes it.
 *
 * Errors: ERROR_IO when libzmq has no socket left or was built without CURVE. */
MUST_USE bool socket_create(void *context, const struct socket_options *options, void **out,
                            struct error *error);

/* Sets an option that every libzmq knows. */
void socket_set_int(void *socket, int name, int value);
void socket_set_bytes(void *socket, int name, const void *data, size_t size);

/* Closes SOCKET. close(NULL) does nothing. */
void socket_close(void *socket);

#endif
