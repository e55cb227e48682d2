#ifndef COUNCIL_SEAT_H
#define COUNCIL_SEAT_H

/* One seat's part in one docket (docs/PROTOCOL.md 4).
 *
 * Two things go on side by side: the seat's own assessment, and the vote on a value. A slow seat
 * votes on a book that does not hold its verdict.
 *
 *   assessment   NONE --ASSIGN--> RUNNING --ASSESSED--> STORED
 *
 *   phase        OPEN --PROPOSE, COMPUTED--> PREPARED --CERTIFY--> COMMITTED
 *                  |                            |                      |
 *                  +--------------- DECIDE -----+----------------------+---> DECIDED
 *                (CERTIFY also leads from OPEN to COMMITTED once the value is there)
 *
 * The machine is pure. Signatures, digests and books are checked by the shell before an event is
 * made; what the machine guards is the order: durable before sent, one PREPARE and one COMMIT per
 * view, nothing for a view that was given up. Equal events in equal order give equal actions.
 *
 * Agreement needs at most f faulty seats and says nothing about the chair (6, P1). This is view 1;
 * the fields of later views are stored and compared already. */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "council/quorum.h"

#define SEAT_ACTIONS_MAX 4

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

struct seat_config {
    struct quorum quorum;
    uint8_t self; /* 0 .. seat_count - 1 */
};

/* What survives a restart: exactly what the PERSIST actions stored. */
struct seat_record {
    bool has_verdict;
    uint32_t view;         /* Entered; 0 reads as 1. */
    uint32_t view_refused; /* PREPARE and COMMIT of this view and below are refused; 0 = none. */
    struct seat_vote prepared; /* The latest PREPARE. */
    struct seat_vote lock;     /* The highest QC, whose value is stored too. */
    bool is_decided;
    struct digest decided; /* D of the certificate. */
};

enum seat_event_type {
    SEAT_EVENT_ASSIGN = 1, /* The docket came (again) and is valid. */
    SEAT_EVENT_ASSESSED,   /* The shell has this seat's verdict ready. */
    SEAT_EVENT_PROPOSE,  /* A chair's signed proposal for this docket, verified but for its book. */
    SEAT_EVENT_COMPUTED, /* The answer to COMPUTE. */
    SEAT_EVENT_CERTIFY,  /* A QC, verified: SIGNERS are distinct seats that signed it. */
    SEAT_EVENT_DECIDE,   /* A certificate, verified: SIGNERS likewise. */
};

struct seat_event {
    enum seat_event_type type;
    union {
        struct {
            struct seat_vote vote;
            struct digest book;
            bool is_from_chair; /* Signed by the chair of that view. */
        } propose;
        struct {
            struct digest value; /* As in COMPUTE. */
            bool is_valid;       /* Book, reports and statement check, and give that value. */
        } computed;
        struct {
            struct seat_vote vote;
            struct seat_set signers;
        } certify, decide; /* DECIDE: vote.tc is not used. */
    };
};

enum seat_action_type {
    SEAT_ACTION_ASSESS = 1,          /* Begin the assessment; ASSESSED follows once. */
    SEAT_ACTION_PERSIST_VERDICT,     /* Make the verdict, its papers and its bindings durable. */
    SEAT_ACTION_SEND_VERDICT,        /* To all chairs. */
    SEAT_ACTION_COMPUTE,             /* Check the proposal of this value and recompute it; fetch it
                                        first when it is not there. COMPUTED follows once. */
    SEAT_ACTION_PERSIST_PREPARE,     /* Proposal and vote. */
    SEAT_ACTION_SEND_PREPARE,        /* To the chair of the view. */
    SEAT_ACTION_PERSIST_LOCK,        /* QC and value, with the COMMIT. */
    SEAT_ACTION_SEND_COMMIT,         /* To all chairs. */
    SEAT_ACTION_PERSIST_CERTIFICATE, /* The certificate in hand. */
    SEAT_ACTION_SEND_DONE,           /* To who sent the certificate. */
    SEAT_ACTION_SEND_DECIDE,         /* The stored certificate, to who asked. */
    SEAT_ACTION_REPORT_PROPOSAL,     /* The proposal in hand contradicts the one prepared, or does
                                        not compute: count it, keep both. */
    SEAT_ACTION_REPORT_CONFLICT,     /* Two QCs or certificates with different values: more than f
                                        seats are faulty. Keep both. */
};

struct seat_action {
    enum seat_action_type type;
    struct seat_vote vote; /* COMPUTE, PERSIST and SEND of PREPARE, LOCK and COMMIT. */
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
    uint32_t view_refused;
    struct seat_vote computing; /* Asked for by COMPUTE; view 0 = nothing. */
    struct seat_vote certified; /* A QC that waits for its value; view 0 = none. */
    struct seat_vote prepared;
    struct seat_vote lock;
    struct digest decided;
};

/* Prepares SEAT, which the caller owns, from what the store holds (all zero: a new docket). */
void seat_init(struct seat *seat, const struct seat_config *config,
               const struct seat_record *record);

/* Takes one event and says what to do about it. Replaces the contents of ACTIONS. Cannot fail: what
 * a peer does wrong is ignored or comes back as an action. */
void seat_step(struct seat *seat, const struct seat_event *event, struct seat_actions *actions);

#endif
