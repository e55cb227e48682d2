#ifndef TESTS_AGENT_COURT_H
#define TESTS_AGENT_COURT_H

/* A real aims-agent with its real assessor as seat 0 of four, between two coordinators whose part
 * the test plays; it has the keys of all others. Everything asserts. */

#include <sys/types.h>

#include "agent/agent.h"
#include "evidence/bundle.h"
#include "net/link_server.h"

#define SEATS       4
#define QUORUM      3
#define DESKS       2
#define PATIENCE_MS 60000 /* Only a failing test waits so long. */
#define FOLDER_SIZE 512   /* DIRECTORY_PATH_SIZE at least. */
#define PATH_SIZE   (2 * FOLDER_SIZE)

enum manner { /* How a coordinator answers FETCH for the bundle. */
              MANNER_HONEST = 0,
              MANNER_SILENT,
              MANNER_WRONG, /* As many bytes, others. */
              MANNER_NONE,  /* Says that it has not got it. */
};

struct court;

struct desk { /* A coordinator. */
    struct court *court;
    uint8_t index;
    struct keys *keys;
    struct loop *loop;
    struct link_server *server;
    enum manner manner;
    bool says_done;                           /* To every DECIDE. */
    bool is_mute;                             /* Answers nothing, not even PING. */
    unsigned counts[MESSAGE_KIND_COUNT];      /* Messages of the agent, by kind, */
    struct buffer frames[MESSAGE_KIND_COUNT]; /* and the last of each. */
    unsigned hello_count;
    unsigned fetch_count; /* Of the bundle. */
    unsigned verdict_count;
    struct buffer verdict; /* The last frame. */
    enum message_reason reason;
    unsigned reasons[MESSAGE_REASON_COUNT]; /* Verdicts by reason. */
    struct digest docket;                   /* Of the last verdict. */
    unsigned value_fetch_count;
    struct digest fetched; /* By the last of these. */
    unsigned papers_count;
    uint64_t papers_size; /* Of the last ones. */
};

struct court {
    struct arena *arena;
    char folder[FOLDER_SIZE];
    struct desk desks[DESKS];
    struct keys *seats[SEATS];
    struct keys *submitter;
    struct roster roster;
    struct catalog catalog;
    struct buffer bundle;
    struct bundle_header header;
    pid_t agent;
};

/* What makes a value: a book of three seats, its proposal, and its QC. */
struct court_value {
    struct message propose; /* MESSAGE_PROPOSE. */
    struct message certify; /* MESSAGE_CERTIFY. */
    struct statement *statement;
};

void court_require(bool is_done, const struct error *error);
char *court_path(const struct court *court, const char *name, char out[PATH_SIZE]);

/* For cmocka: a court whose agent has greeted; one whose agent has no rules and does not; the end. */
int court_set_up(void **state);
int court_set_up_without_rules(void **state);
int court_tear_down(void **state);

/* Starts the agent; kills it as a crash would. */
void court_start(struct court *court);
void court_crash(struct court *court);

void court_send(struct desk *desk, const struct message *message);

/* Sends a part of the bundle of the case: CONTENT from OFFSET on. */
void court_send_part(struct desk *desk, struct bytes content, uint64_t offset, uint64_t total);

/* Serves both coordinators until *COUNTER has reached VALUE, or for DURATION_MS. */
void court_await(struct court *court, const unsigned *counter, unsigned value);
void court_serve(struct court *court, uint64_t duration_ms);

/* Has the agent take everything that DESK has sent so far. */
void court_settle(struct desk *desk);

/* PAYLOAD, which is finished, signed with KEYS. */
struct message_signed court_sign(struct court *court, const struct keys *keys, const char *type,
                                 struct buffer *payload);

/* A docket with the case at DESK, whose time is AGO_S seconds ago. */
struct message_signed court_docket(struct desk *desk, uint64_t serial, uint64_t ago_s);
/* The same with a bundle that nobody has. */
struct message_signed court_docket_lost(struct desk *desk, uint64_t serial);
/* The same with a case for each SERIAL below 256, whose bundle is there and not the right one. */
struct message_signed court_docket_other(struct desk *desk, uint64_t serial);
/* The same for attempt ATTEMPT, with the certificate EARLIER. */
struct message_signed court_docket_again(struct desk *desk, uint64_t serial, uint32_t attempt,
                                         struct bytes earlier);
void court_assign(struct desk *desk, const struct message_signed *docket);

/* Makes a book of the verdict that DESK got last and two others like it, whose time differs with
 * VARIANT, and signs for it as chair of view 1, which is DESK. */
void court_value(struct desk *desk, const struct message_signed *docket, uint64_t variant,
                 struct court_value *out);
/* The same of three seats that abstained. */
void court_value_unheard(struct desk *desk, const struct message_signed *docket,
                         struct court_value *out);

/* The votes of seats 1 to 3 on PREPARE, as QC; on what OUT proposes, in CERTIFY; on the statement
 * of VALUE, as certificate. */
struct bytes court_qc(struct court *court, const struct message_prepare *prepare);
void court_certify(struct court *court, struct court_value *out);
struct message court_decide(struct court *court, const struct court_value *value);

/* The last message of KIND that DESK got. */
void court_last(const struct desk *desk, enum message_kind kind, struct message *out);

/* How often the agent's log holds WORDS, in its first 64 KiB; and whether it does. */
unsigned court_log_count(const struct court *court, const char *words);
bool court_log_has(const struct court *court, const char *words);

#endif
