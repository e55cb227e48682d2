#ifndef COUNCIL_CHAIR_H
#define COUNCIL_CHAIR_H

/* One coordinator's part in one docket (docs/PROTOCOL.md 5): it carries and counts, and has no
 * vote.
 *
 *   HEARING --all n, or q and time--> COMPUTING --COMPUTED--> PREPARING --q PREPAREs--> COMMITTING
 *                                                                                          |
 *                                    DECIDED <--PERSIST--- CERTIFIED <------q COMMITs------+
 *
 * Every phase repeats its message to the seats that have not answered it (C8), at intervals that
 * double. CERTIFIED waits settle_ms for the remaining signatures, and says nothing. q COMMITs lead
 * there from PREPARING too: a chair that restarts has forgotten the PREPAREs behind them.
 *
 * The machine is pure; the shell verifies signatures, keeps the messages themselves, and hands in
 * what it verified. Messages that were verified but contradict an earlier one of the same seat come
 * back as REPORT_MISCONDUCT (C7): the first one is counted, both are kept.
 *
 * This is view 1, of the docket's home; the fields of later views are compared already. */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "council/quorum.h"
#include "council/seat.h"

#define CHAIR_ACTIONS_MAX 6
#define CHAIR_VIEW_MAX    2 /* Votes above it are not kept: one view above the highest TC. */

enum chair_phase {
    CHAIR_HEARING = 0,
    CHAIR_COMPUTING,
    CHAIR_PREPARING,
    CHAIR_COMMITTING,
    CHAIR_CERTIFIED,
    CHAIR_DECIDED, /* The certificate is published; it is repeated until every seat has it. */
};

struct chair_config {
    struct quorum quorum;
    uint32_t settle_ms;   /* C2, C4: wait for the rest once the result is clear. 50. */
    uint32_t hear_ms_min; /* C2: least wait for the slower ones. 250. */
    uint32_t assess_ms;   /* Assessment deadline, from ASSIGN. */
    uint32_t repeat_ms;   /* C8: first interval of repetition. */
    uint32_t repeat_ms_max;
};

/* What survives a restart: exactly what the PERSIST actions stored. */
struct chair_record {
    struct seat_vote proposed; /* View 0 = none. */
    struct digest book;
    bool is_decided;
};

enum chair_event_type {
    CHAIR_EVENT_OPEN = 1, /* First event, also after a restart. */
    CHAIR_EVENT_VERDICT,  /* A verdict, verified together with its sheets. */
    CHAIR_EVENT_COMPUTED, /* The answer to COMPUTE. */
    CHAIR_EVENT_PREPARE,  /* A PREPARE, verified. */
    CHAIR_EVENT_COMMIT,   /* A COMMIT on the statement of this value and view, verified. */
    CHAIR_EVENT_DONE,     /* The seat has stored the certificate. */
    CHAIR_EVENT_SEAT_UP,  /* The seat connected (again). */
    CHAIR_EVENT_TIMER,    /* The last SET_TIMER has run out. */
};

struct chair_event {
    enum chair_event_type type;
    uint64_t now_ms; /* Monotonic; never goes back between events. */
    uint8_t seat;    /* Signer, proved by its key; or who connected. */
    union {
        struct {
            struct digest message; /* SHA-256 of the verdict's payload. */
            bool is_settled;       /* With it, every criterion of every case has q equal answers. */
        } verdict;
        struct {
            struct digest book;
            struct digest value;
        } computed;
        struct seat_vote prepare;
        struct seat_vote commit; /* tc is not used. */
    };
};

enum chair_action_type {
    CHAIR_ACTION_SEND_ASSIGN = 1,     /* To SEATS. */
    CHAIR_ACTION_COMPUTE,             /* Make the book of the verdicts of SEATS, its reports and
                                         value; COMPUTED follows once. */
    CHAIR_ACTION_PERSIST_PROPOSAL,    /* Signed proposal with its book. */
    CHAIR_ACTION_SEND_PROPOSE,        /* To SEATS. */
    CHAIR_ACTION_SEND_CERTIFY,        /* QC of the PREPAREs of this view, to SEATS. */
    CHAIR_ACTION_PERSIST_CERTIFICATE, /* Made of the COMMITs of SEATS; then it is published. */
    CHAIR_ACTION_SEND_DECIDE,         /* To SEATS. */
    CHAIR_ACTION_SET_TIMER,           /* TIMER at deadline_ms; replaces any earlier timer. */
    CHAIR_ACTION_REPORT_MISCONDUCT,   /* KIND by the one seat in SEATS: keep both messages. */
};

/* Proofs of docs/PROTOCOL.md 7 that one chair sees in one view. */
enum chair_misconduct {
    CHAIR_TWO_PREPARES = 1, /* E1 */
    CHAIR_TWO_COMMITS,      /* E2 */
    CHAIR_TWO_VERDICTS,     /* E3 */
};

struct chair_action {
    enum chair_action_type type;
    struct seat_set seats;
    uint64_t deadline_ms;
    struct seat_vote vote; /* SEND_PROPOSE, SEND_CERTIFY, the PERSISTs. */
    enum chair_misconduct kind;
};

/* To be carried out in order, as in seat.h. */
struct chair_actions {
    uint32_t count;
    struct chair_action items[CHAIR_ACTIONS_MAX];
};

struct chair {
    struct chair_config config;
    enum chair_phase phase;
    uint64_t opened_ms;  /* Of this run. */
    uint64_t propose_ms; /* When to propose at the latest; UINT64_MAX until q are heard. */
    uint64_t publish_ms; /* CERTIFIED: when to stop waiting. */
    uint64_t repeat_at_ms;
    uint32_t repeat_ms; /* Current interval. */
    struct seat_vote proposed;
    struct digest book;
    struct seat_set up;        /* Connected seats. */
    struct seat_set heard;     /* Verdict in hand. */
    struct seat_set prepared;  /* PREPARE for the proposal in hand. */
    struct seat_set committed; /* COMMIT likewise. */
    struct seat_set done;
    struct seat_set accused;                     /* Reported already, once per docket and seat. */
    struct digest verdicts[QUORUM_SEATS_MAX];    /* First message of each seat; zero = none. */
    struct seat_vote prepares[QUORUM_SEATS_MAX]; /* First of the highest view; view 0 = none. */
    struct seat_vote commits[QUORUM_SEATS_MAX];
};

/* Prepares CHAIR, which the caller owns, from what the store holds (all zero: a new docket, already
 * durable). */
void chair_init(struct chair *chair, const struct chair_config *config,
                const struct chair_record *record);

/* Whether a PREPARE or COMMIT of SEAT, verified, will be the one that later ones of its view are
 * compared with: the shell then keeps it as the first half of a proof. */
bool chair_takes_prepare(const struct chair *chair, uint8_t seat, const struct seat_vote *vote);
bool chair_takes_commit(const struct chair *chair, uint8_t seat, const struct seat_vote *vote);

/* Takes one event and says what to do about it. Replaces the contents of ACTIONS. Cannot fail. */
void chair_step(struct chair *chair, const struct chair_event *event,
                struct chair_actions *actions);

#endif
