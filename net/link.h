#ifndef NET_LINK_H
#define NET_LINK_H

/* The links between a coordinator and its assessors: frames of bytes over TCP, encrypted and
 * authenticated on both sides by CURVE.
 *
 *     link_server (coordinator, bound)  <-- any number of -->  link_client (agent, connecting)
 *
 * A message is one frame; what comes in several is dropped and counted, and a frame above the limit
 * ends its connection. A link promises no delivery: whoever sends sends again (docs/PROTOCOL.md
 * C8). CURVE says which key is at the other end and nothing else; messages carry their own
 * signatures. Heartbeats are messages of the caller's. All sockets of a link live in its loop's
 * thread. */

#include <stdint.h>

#define LINK_MESSAGE_MIN 1024 /* Least limit in bytes: the frames of a handshake pass it, too. */

struct link_counts {
    uint64_t received;  /* Messages handed to the caller. */
    uint64_t malformed; /* Messages dropped for having several frames. */
    uint64_t sent;      /* Messages queued for the peer. */
    uint64_t unsent;    /* Messages not taken: nobody is there, or the queue is full. */
    uint64_t refused;   /* Handshakes of unknown keys; always 0 for a client. */
};

#endif
