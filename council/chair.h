#ifndef COUNCIL_CHAIR_H
#define COUNCIL_CHAIR_H

/* One coordinator's part in one docket (docs/PROTOCOL.md 5): it carries and counts, and has no
 * vote. Every coordinator that knows the docket has one; whose turn it is to propose, the view
 * says.
 *
 *   WATCHING   this view is another coordinator's
 *
 *   HEARING --all n, or q and time--> COMPUTING --COMPUTED--> PREPARING --q PREPAREs--> COMMITTING
 *   (RECOVERING, where the TC of the view names a value) --------^                         |
 *                                                                                     q COMMITs
 *   DECIDED <--PERSIST--- CERTIFIED <----------------- from any of them -------------------+
 *
 * A TC for a higher view leads from any phase before CERTIFIED to WATCHING, HEARING or RECOVERING;
 * q equal COMMITs, of whatever view, lead to CERTIFIED; a certificate leads to DECIDED.
 *
 * Every phase repeats its message to the seats that have not answered it (C8), at intervals that
 * double. CERTIFIED waits settle_ms for the remaining signatures, and says nothing.
 *
 * The machine is pure; the shell verifies signatures, keeps the messages themselves, and hands in
 * what it verified. Messages that were verified but contradict an earlier one of the same seat come
 * back as REPORT_MISCONDUCT (C7): the first one is counted, both are kept. */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "council/flaw.h"
#include "council/misconduct.h"
#include "council/quorum.h"
#include "council/seat.h"

#define CHAIR_ACTIONS_MAX 8

enum chair_phase {
    CHAIR_HEARING = 0,
    CHAIR_COMPUTING,
    CHAIR_RECOVERING,
    CHAIR_WATCHING,
    CHAIR_PREPARING,
    CHAIR_COMMITTING,
    CHAIR_CERTIFIED,
    CHAIR_DECIDED, /* The certificate is published; it is repeated until every seat has it. */
    CHAIR_PHASE_COUNT
};

struct chair_config {
    struct quorum quorum;
    uint8_t self;              /* 0 .. coordinator_count - 1 */
    uint8_t coordinator_count; /* m, 1 .. QUORUM_COORDINATORS_MAX */
    uint8_t home;
    bool is_again;        /* Some hearing has attempt > 1: wait for every verdict (C2). */
    uint32_t settle_ms;   /* C2, C4: wait for the rest once the result is clear. 50. */
    uint32_t hear_ms_min; /* C2: least wait for the slower ones. 250. */
    uint32_t assess_ms;   /* Assessment deadline, from ASSIGN. */
    uint32_t repeat_ms;   /* C8: first interval of repetition. */
    uint32_t repeat_ms_max;
    COUNCIL_FLAWS_MEMBER
};

/* What survives a restart: exactly what the PERSIST actions stored. */
struct chair_record {
    struct seat_vote proposed; /* The latest of this chair; view 0 = none. */
    struct digest book;
    bool is_decided;
    struct digest decided; /* D of the certificate. */
};

enum chair_event_type {
    CHAIR_EVENT_OPEN = 1, /* First event, also after a restart. */
    CHAIR_EVENT_VERDICT,  /* A verdict, verified together with its sheets. */
    CHAIR_EVENT_COMPUTED, /* The answer to COMPUTE or RECOVER. */
    CHAIR_EVENT_PREPARE,  /* A PREPARE, verified. */
    CHAIR_EVENT_COMMIT,   /* A COMMIT on the statement of this value and view, verified. */
    CHAIR_EVENT_NEW_VIEW, /* A NEW-VIEW, verified with its attachments. */
    CHAIR_EVENT_TC,       /* A timeout certificate: the answer to MAKE_TC, or one that a seat sent,
                             alone or with its NEW-VIEW. Verified. */
    CHAIR_EVENT_DECIDE,   /* A certificate that a seat sent, verified. */
    CHAIR_EVENT_DONE,     /* The seat has stored the certificate. */
    CHAIR_EVENT_SEAT_UP,  /* The seat connected (again). */
    CHAIR_EVENT_TIMER,    /* The last SET_TIMER has run out. */
};

struct chair_event {
    enum chair_event_type type;
    uint64_t now_ms; /* Monotonic; never goes back between events. */
    uint8_t seat;    /* Signer, proved by its key; or who connected or sent it. */
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
        struct seat_vote commit, decide; /* tc is not used. */
        struct chair_report {
            uint32_t view;         /* Asked for; 0 = none. */
            struct seat_vote lock; /* Highest QC: view 0 = none; tc is not used. */
            struct digest payload; /* SHA-256 of the NEW-VIEW's payload. */
        } new_view;
        struct {
            uint32_t view;
            struct digest digest;
            struct seat_vote highest; /* Its QC, without tc; view 0 = none. */
            bool is_own;              /* The answer to MAKE_TC. */
        } tc;
    };
};

enum chair_action_type {
    CHAIR_ACTION_SEND_ASSIGN = 1,     /* To SEATS. */
    CHAIR_ACTION_COMPUTE,             /* Make the book of the verdicts of SEATS, its reports and
                                         value; COMPUTED follows once. */
    CHAIR_ACTION_RECOVER,             /* Bring the book and reports of vote.value, from the store or
                                         from SEATS; COMPUTED follows once they are there. */
    CHAIR_ACTION_PERSIST_PROPOSAL,    /* Signed proposal with its book, and the TC of its view. */
    CHAIR_ACTION_SEND_PROPOSE,        /* To SEATS. */
    CHAIR_ACTION_SEND_CERTIFY,        /* QC of the PREPAREs of this view, to SEATS. */
    CHAIR_ACTION_PERSIST_CERTIFICATE, /* Made of the COMMITs of SEATS to vote, or the one in hand
                                         when SEATS is empty; then it is published. */
    CHAIR_ACTION_SEND_DECIDE,         /* To SEATS. */
    CHAIR_ACTION_SEND_DONE,           /* To SEATS: their certificate is stored here. */
    CHAIR_ACTION_MAKE_TC,             /* For vote.view, of the NEW-VIEWs of SEATS; TC follows at
                                         once if it is valid. */
    CHAIR_ACTION_SEND_TC,             /* The highest TC known, to SEATS. */
    CHAIR_ACTION_RELAY,               /* The NEW-VIEWs of SOURCES, to SEATS. */
    CHAIR_ACTION_ASK_CERTIFICATE,     /* SEATS, for the certificate that they may hide. */
    CHAIR_ACTION_SET_TIMER,           /* TIMER at deadline_ms; replaces any earlier timer. */
    CHAIR_ACTION_REPORT_MISCONDUCT,   /* KIND by the one seat in SEATS: keep both messages. */
    CHAIR_ACTION_REPORT_CONFLICT,     /* A certificate for another value than the one here: more
                                         than f seats are faulty. Keep both. */
};

struct chair_action {
    enum chair_action_type type;
    struct seat_set seats;
    struct seat_set sources;
    uint64_t deadline_ms;
    struct seat_vote vote;
    enum misconduct kind;
};

/* To be carried out in order, as in seat.h. */
struct chair_actions {
    uint32_t count;
    struct chair_action items[CHAIR_ACTIONS_MAX];
};

struct chair {
    struct chair_config config;
    enum chair_phase phase;
    uint64_t entered_ms; /* Opened in this run, or the view entered. */
    uint64_t propose_ms; /* When to propose at the latest; UINT64_MAX until q are heard. */
    uint64_t publish_ms; /* CERTIFIED: when to stop waiting. */
    uint64_t repeat_at_ms;
    uint64_t timer_ms;         /* Last SET_TIMER. */
    uint32_t repeat_ms;        /* Current interval. */
    uint32_t view;             /* Of the highest TC known; 1 without. */
    uint32_t asked;            /* Highest view that a seat asked for. */
    uint32_t relayed;          /* Highest view whose f + 1 NEW-VIEWs were relayed. */
    bool is_settled;           /* Every criterion has q equal answers among the heard. */
    struct digest tc;          /* Of view; zero in view 1. */
    struct seat_vote justify;  /* Highest QC of that TC. */
    struct seat_vote proposed; /* In this view; view 0 = none. */
    struct digest book;
    struct seat_vote certified; /* From CERTIFIED on; before, what `committed` counts. */
    struct seat_set up;         /* Connected seats. */
    struct seat_set heard;      /* Verdict in hand. */
    struct seat_set prepared;   /* PREPARE for the proposal in hand. */
    struct seat_set committed;  /* COMMIT to `certified`. */
    struct seat_set done;
    struct seat_set accused;                       /* Reported already, once per docket and seat. */
    uint32_t views[QUORUM_SEATS_MAX];              /* That each seat was seen in. */
    struct digest verdicts[QUORUM_SEATS_MAX];      /* First of each seat; zero = none. */
    struct seat_vote prepares[QUORUM_SEATS_MAX];   /* First of the highest view; view 0 = none. */
    struct seat_vote commits[QUORUM_SEATS_MAX];    /* Likewise. */
    struct chair_report reports[QUORUM_SEATS_MAX]; /* NEW-VIEWs, likewise. */
};

/* Prepares CHAIR, which the caller owns, from what the store holds (all zero: a new docket, already
 * durable). */
void chair_init(struct chair *chair, const struct chair_config *config,
                const struct chair_record *record);

/* Whether a PREPARE, COMMIT or NEW-VIEW of SEAT, verified, will be the one that later ones of its
 * view are compared with: the shell then keeps it, to use it and as the first half of a proof. */
bool chair_takes_prepare(const struct chair *chair, uint8_t seat, const struct seat_vote *vote);
bool chair_takes_commit(const struct chair *chair, uint8_t seat, const struct seat_vote *vote);
bool chair_takes_new_view(const struct chair *chair, uint8_t seat, uint32_t view);

/* Takes one event and says what to do about it. Replaces the contents of ACTIONS. Cannot fail. */
void chair_step(struct chair *chair, const struct chair_event *event,
                struct chair_actions *actions);

#endif
