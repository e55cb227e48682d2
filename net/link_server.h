#ifndef NET_LINK_SERVER_H
#define NET_LINK_SERVER_H

/* The coordinator's end of its links (net/link.h).
 *
 * Only the transport keys of the seats get in. A message is the seat's whose key opened the
 * connection, whatever the connection calls itself; messages to a seat go to its newest connection,
 * which is known by its first message. Before it opens the endpoint the server convinces itself, on
 * a loopback port, that a key of nobody is refused. */

#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/keys.h"
#include "net/link.h"
#include "net/loop.h"

#define LINK_SERVER_SEATS_MAX 127

struct link_server;

struct link_server_options {
    const char *endpoint;                          /* "tcp://127.0.0.1:*" finds a free port. */
    const struct keys *keys;                       /* The coordinator's; may go afterwards. */
    const uint8_t (*transports)[KEYS_PUBLIC_SIZE]; /* Of the seats, in order; copied. */
    size_t seat_count;                             /* 1 .. LINK_SERVER_SEATS_MAX. */
    size_t message_size_max; /* Bytes of a received message, LINK_MESSAGE_MIN at least. */
    int queue_max;           /* Messages waiting per connection, each way, */
    int received_max;        /* and of those received, when it is to be fewer; 0: as many. */
    /* A message of SEAT; MESSAGE is valid during the call, which may send, but not close. */
    void (*received)(void *context, size_t seat, struct bytes message);
    void *context;
    bool without_zap_for_test; /* To show that the self-test notices. */
};

/* Binds and serves on LOOP. One server per loop. The caller closes it before the loop.
 *
 * Errors: ERROR_IO when the endpoint cannot be bound; ERROR_INVALID when it is malformed;
 * ERROR_CONFLICT when the loop has a server; ERROR_DENIED when the self-test finds that strangers
 * get in, ERROR_TIMEOUT when it finds nothing out. */
MUST_USE bool link_server_open(struct loop *loop, const struct link_server_options *options,
                               struct link_server **out, struct error *error);

/* close(NULL) does nothing. */
void link_server_close(struct link_server *server);

/* Where it really is, with the port that was found. */
const char *link_server_endpoint(const struct link_server *server);

/* Queues MESSAGE for SEAT. False when the seat is not connected, has not spoken yet, or its queue
 * is full. */
bool link_server_send(struct link_server *server, size_t seat, struct bytes message);

void link_server_counts(const struct link_server *server, struct link_counts *out);

#endif
