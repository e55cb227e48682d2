#ifndef COORDINATOR_DOCKET_H
#define COORDINATOR_DOCKET_H

/* One docket, of whatever home, at this coordinator: the machine of council/chair.h, the messages
 * that it counts, and what its actions need.
 *
 *   docket.c     life; the machine and its actions
 *   voice.c      what seats say about it
 *   ledger.c     the book behind one D
 *   fetch.c      a value that has to be had from a seat
 *   proposal.c   PROPOSE, CERTIFY and TC
 *   record.c     certificate and reports
 *   paperwork.c  working papers
 *   accuse.c     proofs of misconduct
 *
 * A decided docket stays in memory until its reports are stored, the seats that are there have the
 * certificate and the working papers have come; after that the store answers for it. */

#include "coordinator/coordinator.h"
#include "coordinator/fetch.h"
#include "coordinator/ledger.h"
#include "coordinator/paperwork.h"
#include "council/tally.h"
#include "proto/verify.h"

/* A signed message that is kept. */
struct docket_message {
    struct buffer payload; /* Empty: none. */
    uint8_t signature[MESSAGE_SIGNATURE_SIZE];
};

/* A COMMIT's signature and what it is on; view 0: none. */
struct docket_commit {
    struct seat_vote vote;
    uint8_t signature[MESSAGE_SIGNATURE_SIZE];
};

/* What one seat has said, bounded: of each kind the first of the highest view. */
struct docket_voice {
    struct buffer verdict; /* VERDICT frame; empty: none yet. */
    struct docket_message prepare;
    struct docket_message commit;
    struct docket_message new_view;
    struct buffer qc;           /* That came with new_view; empty: none. */
    struct seat_vote committed; /* What commit is on; view 0: none. */
    /* Its signature on the proposal at hand; set when the machine counts it. */
    uint8_t prepare_signature[MESSAGE_SIGNATURE_SIZE];
    struct docket_commit fed;     /* The last COMMIT that the machine has taken. */
    struct docket_commit counted; /* The one that it counts to what it certifies. */
    uint16_t accused;             /* Bit 1 << enum misconduct: proved already. */
};

struct docket {
    struct docket *next;
    struct coordinator *coordinator;
    struct arena *arena;
    struct verify_docket verified;
    struct message_signed message; /* As its home signed it; in the arena. */
    struct buffer assign;          /* ASSIGN frame. */
    struct chair chair;
    struct loop_timer timer;
    struct docket_voice voices[MESSAGE_SEATS_MAX];
    struct tally *tallies;   /* One per case. */
    struct buffer tc;        /* TC of the machine's view, encoded; empty in view 1. */
    struct ledger *ledger;   /* Of the value proposed, recovered or certified last; NULL: none. */
    struct buffer propose;   /* PROPOSE frame of this coordinator's, of the latest view. */
    struct buffer prepare;   /* PREPARE payload that the seats are to sign; empty: none. */
    struct buffer certify;   /* CERTIFY frame, once there is a QC. */
    struct buffer committed; /* The statement that the counted COMMITs are on. */
    struct buffer decide;    /* DECIDE frame, once there is a certificate. */
    struct fetch fetch;
    bool has_results;     /* Certificate and reports are stored. */
    struct seat_set owed; /* To be told DONE then. */
    struct paperwork papers;
    struct digest *sharing; /* Other dockets with a hearing of this one; in the arena. */
    size_t sharing_count;
    uint64_t close_ms; /* Decided: when to leave memory at the latest; without its reports: when
                          it may, to make room. */
    /* Being handled: */
    const struct message_signed *at_hand; /* Message, for proofs. */
    const char *at_hand_type;
    struct bytes offered; /* Certificate of a seat. */
};

/* What opening a docket takes, all of it in the store. */
struct docket_opening {
    const struct message_signed *message;
    const struct chair_record *record;
    struct bytes frame; /* PROPOSE frame of record->proposed, if there is one. */
};

/* Makes the docket and starts its machine: it joins the coordinator's list.
 *
 * Errors: those of proto/verify.h when what the store holds does not verify. */
MUST_USE bool docket_open(struct coordinator *coordinator, const struct docket_opening *opening,
                          struct error *error);

/* The same of docket ID, which the store holds. */
MUST_USE bool docket_reopen(struct coordinator *coordinator, const struct digest *id,
                            struct error *error);
void docket_destroy(struct docket *docket);

struct docket *docket_find(struct coordinator *coordinator, const struct digest *id);
/* By the value in hand. */
struct docket *docket_find_value(struct coordinator *coordinator, const struct digest *value);

const struct digest *docket_id(const struct docket *docket);
bool docket_is_own(const struct docket *docket);
bool docket_is_decided(const struct docket *docket);

/* What reports are made from, without a book. */
struct report_source docket_source(const struct docket *docket);

/* Gives the machine EVENT, whose time is set here, and carries out what it says. */
void docket_feed(struct docket *docket, struct chair_event *event);

/* The value that is missing has come: the docket's now, or destroyed. */
void docket_take_value(struct docket *docket, struct ledger *ledger);

/* Counts a message of SEAT that is worth nothing. */
void docket_drop(struct docket *docket, uint8_t seat, const char *what, const struct error *why);

void docket_seat_up(struct docket *docket, uint8_t seat);

/* Asks for what is missing. True when the docket can leave memory. */
bool docket_tick(struct docket *docket);

#endif
