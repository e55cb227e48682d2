#ifndef NET_LINK_CLIENT_H
#define NET_LINK_CLIENT_H

/* An assessor's end of its link to one coordinator (net/link.h).
 *
 * It connects, and reconnects with a growing pause of at most two seconds, for as long as it is
 * open. Yet libzmq gives up for good on a coordinator that broke its protocol, a frame above the
 * limit included; so when heartbeats stay unanswered, call link_client_reconnect(). What is
 * received waits without limit, so that libzmq never has to stop reading; read it promptly, and
 * bound the process's memory. */

#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/keys.h"
#include "net/link.h"
#include "net/loop.h"

struct link_client;

struct link_client_options {
    const char *endpoint;             /* The coordinator's, "tcp://host:7400". */
    const struct keys *keys;          /* The assessor's; may go afterwards. */
    uint8_t server[KEYS_PUBLIC_SIZE]; /* The coordinator's public transport key. */
    size_t message_size_max;          /* Bytes of a received message, LINK_MESSAGE_MIN at least. */
    int queue_max;                    /* Messages waiting to be sent. */
    /* A message of the coordinator; MESSAGE is valid during the call, which may send, not close. */
    void (*received)(void *context, struct bytes message);
    void *context;
};

/* Starts connecting on LOOP. The caller closes the client before the loop.
 *
 * Errors: ERROR_IO; ERROR_INVALID when the endpoint is malformed. A coordinator that is not there
 * is no error. */
MUST_USE bool link_client_open(struct loop *loop, const struct link_client_options *options,
                               struct link_client **out, struct error *error);

/* close(NULL) does nothing. */
void link_client_close(struct link_client *client);

/* Queues MESSAGE. False when the coordinator is not connected or the queue is full. */
bool link_client_send(struct link_client *client, struct bytes message);

/* Drops the connection, with what it has not sent yet, and starts anew.
 *
 * Errors: ERROR_IO. */
MUST_USE bool link_client_reconnect(struct link_client *client, struct error *error);

void link_client_counts(const struct link_client *client, struct link_counts *out);

#endif
