#ifndef COUNCIL_SEAT_H
#define COUNCIL_SEAT_H

/* One seat's part in one docket (docs/PROTOCOL.md 4).
 *
 * Three things go on side by side: the seat's own assessment, the vote on a value, and the wish for
 * another view. A slow seat votes on a book that does not hold its verdict.
 *
 *   assessment   NONE --ASSIGN--> RUNNING --ASSESSED--> STORED
 *
 *   phase        OPEN --PROPOSE, COMPUTED--> PREPARED --CERTIFY--> COMMITTED
 *                  |  <--TC----------------------+  <--TC-----------+  |
 *                  +--------------- DECIDE -----+----------------------+---> DECIDED
 *                (CERTIFY also leads from OPEN to COMMITTED once the value is there)
 *
 *   view         v --timer, or f + 1 others ask--> asks for w > v --TC for w or later--> w
 *
 * The machine is pure. Signatures, digests and books are checked by the shell before an event is
 * made; what the machine guards is the order: durable before sent, one PREPARE and one COMMIT per
 * view, nothing for a view that was given up, no view entered without its timeout certificate.
 * Equal events in equal order give equal actions.
 *
 * Agreement needs at most f faulty seats and says nothing about the chairs (6, P1). */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "council/flaw.h"
#include "council/quorum.h"

#define SEAT_ACTIONS_MAX 6

enum seat_assessment {
    SEAT_NONE = 0, /* Not assigned, or not seen since the last restart. */
    SEAT_RUNNING,  /* The shell is assessing. */
    SEAT_STORED,   /* The verdict is on disk: it is resent, never made again. */
};

enum seat_phase {
    SEAT_OPEN = 0,
    SEAT_PREPARED,
    SEAT_COMMITTED,
    SEAT_DECIDED, /* Final. */
};

/* A value in a view: what PREPARE and QC are about. View 0 means none. */
struct seat_vote {
    uint32_t view;
    struct digest value; /* D */
    struct digest tc;    /* Hash of the TC in the PROPOSE; zero in view 1. */
};

/* All three members are equal. */
bool seat_vote_equal(const struct seat_vote *a, const struct seat_vote *b);

/* Times are milliseconds. */
struct seat_config {
    struct quorum quorum;
    uint8_t self;              /* 0 .. seat_count - 1 */
    uint8_t coordinator_count; /* m, 1 .. QUORUM_COORDINATORS_MAX */
    uint8_t home;              /* Chair of view 1. */
    bool is_again;        /* Some hearing has attempt > 1: its chairs wait for every verdict. */
    uint32_t assess_ms;   /* Assessment deadline, from ASSIGN. */
    uint32_t view_ms;     /* S4: time to vote in view 1; doubles every m views. */
    uint32_t view_ms_max; /* Above the slowest round, assessment and all. */
    uint32_t repeat_ms;   /* Between two NEW-VIEWs, and two DECIDEs to one chair. */
    COUNCIL_FLAWS_MEMBER
};

/* What survives a restart: exactly what the PERSIST actions stored. */
struct seat_record {
    bool has_verdict;
    uint32_t view;             /* Entered; 0 reads as 1. */
    uint32_t asked;            /* Of the highest NEW-VIEW signed: PREPARE and COMMIT of every view
                                  below are refused; 0 = none. */
    struct seat_vote prepared; /* The latest PREPARE. */
    struct seat_vote lock;     /* The highest QC, whose value is stored too. */
    bool is_decided;
    struct digest decided; /* D of the certificate. */
    uint8_t done;          /* Chairs known to have the certificate: bit c for coordinator c. */
};

enum seat_event_type {
    SEAT_EVENT_ASSIGN = 1, /* The docket came (again) and is valid, or was loaded at start. */
    SEAT_EVENT_ASSESSED,   /* The shell has this seat's verdict ready. */
    SEAT_EVENT_PROPOSE,  /* A chair's signed proposal for this docket, verified but for its book. */
    SEAT_EVENT_COMPUTED, /* The answer to COMPUTE. */
    SEAT_EVENT_CERTIFY,  /* A QC, verified: SIGNERS are distinct seats that signed it. */
    SEAT_EVENT_DECIDE,   /* A certificate, verified: SIGNERS likewise. */
    SEAT_EVENT_DONE,     /* Chair CHAIR has the certificate. */
    SEAT_EVENT_NEW_VIEW, /* Another seat's signed wish for a view, relayed and verified. */
    SEAT_EVENT_TC,       /* A timeout certificate for this docket, verified. */
    SEAT_EVENT_TIMER,    /* The last SET_TIMER has run out. */
    SEAT_EVENT_CHAIR_UP, /* Chair CHAIR is reached (again). At first none is lost. */
    SEAT_EVENT_CHAIR_LOST, /* Chair CHAIR is not reached any more. */
};

struct seat_event {
    enum seat_event_type type;
    uint64_t now_ms; /* Monotonic; never goes back between events. */
    uint8_t chair;   /* Who sent it, or whom it is about; UP, LOST and DONE need it, and TC and
                        DECIDE where they came from a chair. */
    union {
        struct {
            struct seat_vote vote;
            struct digest book;
            struct seat_vote highest; /* QC of its TC, without its tc; view 0 = none. */
            bool is_from_chair;       /* Signed by the chair of that view. */
            bool has_tc;              /* A TC for that view, with digest vote.tc, came with it. */
        } propose;
        struct {
            struct digest value; /* As in COMPUTE. */
            bool is_valid;       /* Book, reports and statement check, and give that value. */
        } computed;
        struct {
            struct seat_vote vote;
            struct seat_set signers;
        } certify, decide; /* DECIDE: vote.tc is not used. */
        struct {
            uint8_t seat;
            uint32_t view;
        } new_view;
        struct {
            uint32_t view;
        } tc;
    };
};

enum seat_action_type {
    SEAT_ACTION_ASSESS = 1,          /* Begin the assessment; ASSESSED follows once. */
    SEAT_ACTION_PERSIST_VERDICT,     /* Make the verdict, its papers and its bindings durable. */
    SEAT_ACTION_SEND_VERDICT,        /* To all chairs. */
    SEAT_ACTION_RESEND_VERDICT,      /* To who asked. */
    SEAT_ACTION_COMPUTE,             /* Check the proposal of this value and recompute it; fetch it
                                        first when it is not there. COMPUTED follows once. */
    SEAT_ACTION_PERSIST_PREPARE,     /* Proposal and vote. */
    SEAT_ACTION_SEND_PREPARE,        /* To the chair of the view. */
    SEAT_ACTION_PERSIST_LOCK,        /* QC and value, with the COMMIT. */
    SEAT_ACTION_SEND_COMMIT,         /* To all chairs. */
    SEAT_ACTION_PERSIST_NEW_VIEW,    /* vote: view asked for, and D of the lock; the NEW-VIEW with
                                        the lock's QC and the TC of the seat's own view. */
    SEAT_ACTION_SEND_NEW_VIEW,       /* The stored one of vote.view, to all chairs. */
    SEAT_ACTION_PERSIST_VIEW,        /* vote.view is entered: the TC in hand, for this view. */
    SEAT_ACTION_SEND_TC,             /* The same to the chair of the view, which sent it not. */
    SEAT_ACTION_PERSIST_CERTIFICATE, /* The certificate in hand, and DONE. */
    SEAT_ACTION_SEND_DONE,           /* To who sent the certificate. */
    SEAT_ACTION_SEND_DECIDE,         /* The stored certificate, to the CHAIRS. */
    SEAT_ACTION_PERSIST_DONE,        /* Every chair has it: nothing is left to do. */
    SEAT_ACTION_SET_TIMER,           /* TIMER at deadline_ms; replaces any earlier timer. */
    SEAT_ACTION_REPORT_PROPOSAL,     /* The proposal in hand contradicts the one prepared, or does
                                        not compute: count it, keep both. */
    SEAT_ACTION_REPORT_CONFLICT,     /* Two QCs or certificates with different values: more than f
                                        seats are faulty. Keep both. */
};

struct seat_action {
    enum seat_action_type type;
    struct seat_vote vote; /* COMPUTE, PERSIST and SEND of PREPARE, LOCK, COMMIT and views. */
    uint8_t chairs;        /* SEND_DECIDE, PERSIST_CERTIFICATE, PERSIST_DONE: bit c for chair c. */
    uint64_t deadline_ms;
};

/* To be carried out in order; the first that fails ends the step and the docket must be restored
 * from the store before the next event. */
struct seat_actions {
    uint32_t count;
    struct seat_action items[SEAT_ACTIONS_MAX];
};

struct seat {
    struct seat_config config;
    enum seat_assessment assessment;
    enum seat_phase phase;
    uint32_t view;
    uint32_t asked;
    struct seat_vote computing; /* Asked for by COMPUTE; view 0 = nothing. */
    struct seat_vote certified; /* A QC that waits for its value; view 0 = none. */
    struct seat_vote prepared;
    struct seat_vote lock;
    struct digest decided;
    uint64_t deadline_ms; /* Of the view, or of the next repetition; UINT64_MAX: not running. */
    uint64_t timer_ms;    /* Last SET_TIMER. */
    uint8_t lost;         /* Chairs not reached now. */
    uint8_t done;         /* Chairs that have the certificate. */
    uint32_t wanted[QUORUM_SEATS_MAX]; /* Highest view each other seat was seen to ask for. */
};

/* Prepares SEAT, which the caller owns, from what the store holds (all zero: a new docket). */
void seat_init(struct seat *seat, const struct seat_config *config,
               const struct seat_record *record);

/* Takes one event and says what to do about it. Replaces the contents of ACTIONS. Cannot fail: what
 * a peer does wrong is ignored or comes back as an action. */
void seat_step(struct seat *seat, const struct seat_event *event, struct seat_actions *actions);

/* Milliseconds that a vote may take in VIEW (S4). */
uint64_t seat_view_ms(const struct seat_config *config, uint32_t view);

#endif
