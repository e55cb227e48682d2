#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

/* A running aims-agent: one seat, its keys, its store, its links to the coordinators and its
 * assessor, in one thread.
 *
 *   main.c        options and configuration
 *   agent.c       start, links, heartbeats, who a message is for
 *   dockets.c     which dockets are at hand: new ones, those in the store, those decided
 *   hearing.c     one docket: feeds council/seat.h and carries out what it says
 *   ballot.c      what the seat signs there: made, stored, sent
 *   value.c       the value that is voted on: fetched, and computed
 *   delivery.c    certificates on their way to every coordinator
 *   witness.c     what it sees of misconduct
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

#define AGENT_HELLO_MS      500    /* Between attempts to be noticed, and between heartbeats. */
#define AGENT_SILENCE_MS    3000   /* A coordinator that long silent is lost, and greeted anew. */
#define AGENT_ASSESS_MS     60000  /* Assessment deadline of a docket, from its ASSIGN. */
#define AGENT_VIEW_MS       3000   /* S4: time to vote in a view; doubles every m views, */
#define AGENT_VIEW_MS_MAX   180000 /* up to this. */
#define AGENT_REPEAT_MS     1000   /* Between two NEW-VIEWs, and two FETCHes of a value. */
#define AGENT_SAID_MS       500    /* Before the same vote is sent once more. */
#define AGENT_GIVEN_MAX     (128U * 1024 * 1024) /* Bytes that one coordinator may have us give, */
#define AGENT_GIVEN_PER_MS  1024                 /* and how fast it may ask for as much again. */
#define AGENT_CLOCK_S_MAX   300 /* Between a docket's as_of and this seat's clock. */
#define AGENT_DOCKET_MEMORY (256U * 1024 * 1024) /* Bytes that one message may unfold into. */

/* Undecided dockets of one home that are in memory, with their timers. When there are more, those
 * whose verdict is given wait in the store for a message that names them, or for room. */
#define AGENT_HEARINGS_MAX 512
#define AGENT_AWAKE_MAX    64 /* Of all homes: those with their cases in memory, too. */
#define AGENT_ASSESS_MAX   4  /* S1: dockets of one home that are assessed at a time. */

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
    bool is_lost;             /* The hearings were told that it is not there. */
    uint64_t heard_ms;        /* Last message; before the first: the start. */
    uint64_t greeted_ms;      /* Last HELLO that was taken. */
    uint64_t given_size;      /* Bytes that it asked for, given and not yet forgiven, */
    uint64_t given_ms;        /* at this time. */
    uint64_t dropped_count;   /* Messages of it that were of no use. */
};

struct hearing;
struct assessment;
struct examine;
struct papers_desk;
struct delivery;

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
    uint64_t beat_ms; /* When it beat last. */
    struct agent_peer peers[MESSAGE_COORDINATORS_MAX];
    struct assessor *assessor;
    struct examine *examine;
    struct papers_desk *papers_desk;
    struct delivery *delivery;
    struct hearing *hearings; /* Undecided dockets in memory, oldest first. */
    size_t hearing_counts[MESSAGE_COORDINATORS_MAX]; /* By home. */
    size_t awake_count;
    bool has_put_away;         /* Some undecided docket may be in the store alone. */
    uint64_t restored;         /* Number of the docket in the store that was looked at last. */
    bool has_work;             /* There is something new to assess, or to go on with. */
    struct hearing *assessing; /* The one whose case is being examined; NULL: none. */
    uint8_t assessed_home;     /* Whose turn the examination was last, */
    uint64_t turn_ms;          /* and when that began. */
    uint64_t dropped_counts[MESSAGE_KIND_COUNT]; /* By kind; [0]: what was no message. */
    struct error failure; /* Why the loop was stopped; code 0 when by a signal. */
};

/* Runs the seat until a signal stops it. Errors: whatever keeps it from starting or going on. */
MUST_USE bool agent_run(const struct agent_options *options, struct error *error);

/* Sends MESSAGE to coordinator COORDINATOR, or to all. What cannot be sent is lost: the chair asks
 * again. */
void agent_send(struct agent *agent, uint8_t coordinator, const struct message *message);
void agent_send_all(struct agent *agent, const struct message *message);

/* Sends a frame as it is. */
void agent_send_frame(struct agent *agent, uint8_t coordinator, struct bytes frame);

/* The same of what COORDINATOR has asked for: whoever asks and does not read fills our queue, so
 * each is given AGENT_GIVEN_MAX bytes and no more, until time has forgiven them. */
bool agent_may_give(struct agent *agent, uint8_t coordinator);
void agent_give_frame(struct agent *agent, uint8_t coordinator, struct bytes frame);

/* A message of KIND (0: of none), of coordinator FROM, is of no use: counts it and says so,
 * ever more seldom. */
void agent_drop(struct agent *agent, uint8_t from, enum message_kind kind,
                const struct error *error);

/* Ends the agent: the store failed, or something else that it must not go on without. */
void agent_fail(struct agent *agent, const struct error *error);

#endif
