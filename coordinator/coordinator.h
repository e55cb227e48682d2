#ifndef COORDINATOR_COORDINATOR_H
#define COORDINATOR_COORDINATOR_H

/* A running aims-coordinator.
 *
 *   main.c         options and configuration
 *   coordinator.c  start and end                                     } the council's thread
 *   attendance.c   seats come and go                                 }
 *   post.c         who a message is for                              }
 *   search.c       dockets of others that are known by name only     }
 *   clerk.c        how dockets come into being here                  }
 *   docket.h ...   one docket                                        }
 *   board.c        how things stand, for both threads
 *   http.c ...     bundles, cases and results over HTTP              } a thread of its own
 *
 * The threads share the board and the spool; each has its own connection to the store. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "coordinator/board.h"
#include "coordinator/http.h"
#include "coordinator/search.h"
#include "crypto/keys.h"
#include "net/link_server.h"
#include "net/loop.h"
#include "proto/message.h"
#include "proto/roster.h"
#include "rules/catalog.h"
#include "store/coordinator_store.h"
#include "store/spool.h"

#define COORDINATOR_TICK_MS       500
#define COORDINATOR_SILENCE_MS    3000  /* A seat that long silent counts as missing. */
#define COORDINATOR_GREET_MS      1000  /* Between two times that a seat is told everything. */
#define COORDINATOR_ASSESS_MS     60000 /* Assessment deadline of a docket. */
#define COORDINATOR_IN_FLIGHT_MAX 2     /* Undecided dockets of its own at once. */
#define COORDINATOR_DOCKET_CASES  64    /* Cases of one docket. */
#define COORDINATOR_GIVEN_MAX                                                                      \
    (128U * 1024 * 1024) /* Bytes of dockets and values that one seat may have us give, */
#define COORDINATOR_GIVEN_PER_MS 1024 /* and how fast it may ask for as much again. */
#define COORDINATOR_MESSAGE_MEMORY                                                                 \
    (256U * 1024 * 1024) /* Bytes that one message may unfold into. */

struct coordinator_options {
    const char *roster; /* Files and folders. */
    const char *key;
    const char *store;
    const char *spool;
    const char *catalog;
    const char *link; /* Endpoint to bind, "tcp://127.0.0.1:*". */
    const char *http; /* Address to bind, "127.0.0.1:0". */
    uint8_t index;
    uint64_t bundle_size_max; /* Bytes. */
    size_t submitter_count;   /* 0: open to all. */
    const struct digest *submitters;
};

struct docket;

struct coordinator_seat {
    bool is_up;             /* It has said HELLO and was heard of since. */
    uint64_t heard_ms;      /* Last message. */
    bool is_greeting;       /* It has said HELLO and was not told yet what it may have missed. */
    uint64_t greeted_ms;    /* When it was told last. */
    uint32_t undelivered;   /* Certificates of its batch that it has not acknowledged. */
    uint64_t given_size;    /* Bytes given for its FETCHes and not yet forgiven, */
    uint64_t given_ms;      /* at this time. */
    uint64_t dropped_count; /* Messages of it that were worth nothing. */
};

struct coordinator {
    struct coordinator_options options;
    struct arena *loaded;
    struct arena *work; /* Reset for every message. */
    struct roster roster;
    struct catalog catalog;
    struct quorum quorum;
    struct keys *keys;
    struct coordinator_store *store;
    struct coordinator_store *http_store;
    struct spool *spool;
    struct loop *loop;
    struct loop_timer tick;
    struct link_server *link;
    struct board *board;
    struct http *http;
    struct coordinator_seat seats[MESSAGE_SEATS_MAX];
    struct docket *dockets; /* In memory, oldest first. */
    struct search search;
    uint64_t malformed_count;      /* Messages dropped, of all seats. */
    uint64_t logged_refused_count; /* Connections of unknown keys. */
    struct error failure;          /* Why the loop was stopped; code 0 when by a signal. */
};

/* Runs until a signal stops it. Errors: whatever keeps it from starting or going on. */
MUST_USE bool coordinator_run(const struct coordinator_options *options, struct error *error);

/* Sends a frame to every seat in SEATS. What cannot be sent is lost: chairs repeat. */
void coordinator_send_frame(struct coordinator *coordinator, const struct seat_set *seats,
                            struct bytes frame);
void coordinator_send(struct coordinator *coordinator, const struct seat_set *seats,
                      const struct message *message);
void coordinator_send_one(struct coordinator *coordinator, uint8_t seat,
                          const struct message *message);

/* Counts a message of SEAT that is worth nothing; WHAT it is goes into the log. */
void coordinator_drop(struct coordinator *coordinator, uint8_t seat, const char *what,
                      const struct error *why);

/* Ends the coordinator: the store failed, or something else that it must not go on without. */
void coordinator_fail(struct coordinator *coordinator, const struct error *error);

/* Unix time. */
uint64_t coordinator_clock_ms(void);

#endif
