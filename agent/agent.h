#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

/* A running aims-agent: one seat, its keys, its store, its links to the coordinators and its
 * assessor, in one thread.
 *
 *   main.c        options and configuration
 *   agent.c       start, links, heartbeats, who a message is for
 *   hearing.c     one docket: feeds council/seat.h and carries out what it says
 *   assessment.c  one docket's cases, and the verdict on them
 *   papers_desk.c working papers when a coordinator asks for them
 *   examine.c     one case: fetch the bundle, open its header, ask the assessor
 *   assessor.c    the child process */

#include <stddef.h>
#include <stdint.h>

#include "agent/assessor.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "council/seat.h"
#include "crypto/keys.h"
#include "net/link_client.h"
#include "net/loop.h"
#include "proto/message.h"
#include "proto/roster.h"
#include "proto/verify.h"
#include "report/statement.h"
#include "rules/catalog.h"
#include "store/seat_store.h"

#define AGENT_HELLO_MS      500   /* Between attempts to be noticed, and between heartbeats. */
#define AGENT_SILENCE_MS    3000  /* A coordinator that long silent is greeted anew. */
#define AGENT_ASSESS_MS     60000 /* Assessment deadline of a docket, from its ASSIGN. */
#define AGENT_CLOCK_S_MAX   300   /* Between a docket's as_of and this seat's clock. */
#define AGENT_HEARINGS_MAX  64    /* Undecided dockets in memory; the others wait in the store. */
#define AGENT_DOCKET_MEMORY (256U * 1024 * 1024) /* Bytes that one message may unfold into. */

struct agent_options {
    const char *roster; /* Files and folders. */
    const char *key;
    const char *store;
    const char *spool; /* Bundles while they are assessed; only its content is ever read by the
                          assessor. */
    const char *catalog;
    char *const *assessor; /* Command, NULL-terminated. */
    uint8_t seat;
    const char *endpoints[MESSAGE_COORDINATORS_MAX]; /* By coordinator; NULL: unknown. */
};

/* One coordinator. */
struct agent_peer {
    struct agent *agent;
    uint8_t index;
    struct link_client *link; /* NULL when its endpoint is not known. */
    bool is_up;               /* It has answered our HELLO. */
    uint64_t heard_ms;        /* Last message. */
};

struct hearing;
struct assessment;
struct examine;
struct papers_desk;

struct agent {
    struct agent_options options;
    struct arena *loaded;
    struct arena *work; /* Reset for every message. */
    struct roster roster;
    struct catalog catalog;
    struct quorum quorum;
    struct keys *keys;
    struct seat_store *store;
    struct loop *loop;
    struct loop_timer heartbeat;
    struct agent_peer peers[MESSAGE_COORDINATORS_MAX];
    struct assessor *assessor;
    struct examine *examine;
    struct papers_desk *papers_desk;
    struct hearing *hearings; /* Undecided dockets, oldest first. */
    size_t hearing_count;
    struct hearing *assessing; /* The one whose case is being examined; NULL: none. */
    uint64_t malformed_count;  /* Messages dropped. */
    struct error failure;      /* Why the loop was stopped; code 0 when by a signal. */
};

/* Runs the seat until a signal stops it. Errors: whatever keeps it from starting or going on. */
MUST_USE bool agent_run(const struct agent_options *options, struct error *error);

/* Sends MESSAGE to coordinator COORDINATOR, or to all. What cannot be sent is lost: the chair asks
 * again. */
void agent_send(struct agent *agent, uint8_t coordinator, const struct message *message);
void agent_send_all(struct agent *agent, const struct message *message);

/* Sends a frame as it is. */
void agent_send_frame(struct agent *agent, uint8_t coordinator, struct bytes frame);

/* Ends the agent: the store failed, or something else that it must not go on without. */
void agent_fail(struct agent *agent, const struct error *error);

#endif
