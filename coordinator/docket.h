#ifndef COORDINATOR_DOCKET_H
#define COORDINATOR_DOCKET_H

/* One docket at its chair: the machine of council/chair.h, the messages that it counts, and what
 * its actions need. Decided dockets stay in memory until the seats that are there have the
 * certificate and the working papers have come; after that the store answers for them. */

#include "coordinator/coordinator.h"
#include "proto/verify.h"
#include "report/statement.h"

/* A signed message that is kept. */
struct docket_message {
    struct buffer payload;
    uint8_t signature[MESSAGE_SIGNATURE_SIZE];
};

/* What one seat has said. */
struct docket_voice {
    struct buffer verdict; /* VERDICT frame; empty: none yet. */
    /* The first of the highest view heard, which the machine compares others with: for proofs. */
    struct docket_message first_prepare;
    struct docket_message first_commit;
    /* Its signatures on the proposal at hand, for counting; set when the machine counts them. */
    uint8_t prepare[MESSAGE_SIGNATURE_SIZE];
    uint8_t commit[MESSAGE_SIGNATURE_SIZE];
};

/* Working papers to be had from a seat. */
struct docket_paper {
    uint32_t index; /* Case. */
    uint8_t seat;
    bool is_here;
};

#define DOCKET_PAPERS_MAX (4 * MESSAGE_CASES_MAX)

struct docket {
    struct docket *next;
    struct coordinator *coordinator;
    struct arena *arena;
    struct verify_docket verified;
    struct buffer assign; /* ASSIGN frame. */
    struct chair chair;
    struct loop_timer timer;
    struct docket_voice voices[MESSAGE_SEATS_MAX];
    struct tally *tallies;        /* One per case, until the book is made. */
    struct arena *proposal_arena; /* Of proposal; NULL until there is one. */
    struct verify_proposal proposal;
    struct buffer propose;       /* PROPOSE frame. */
    struct buffer prepare;       /* PREPARE payload that the seats are to sign. */
    struct statement *statement; /* What they are to commit. */
    struct buffer commit;        /* The same, written. */
    struct buffer certify;       /* CERTIFY frame, once there is a QC. */
    struct buffer decide;        /* DECIDE frame, once there is a certificate. */
    struct docket_paper *papers;
    size_t paper_count;
    uint64_t close_ms;                    /* Decided: when to leave memory at the latest. */
    const struct message_signed *at_hand; /* Message being handled, for reports of misconduct. */
    const char *at_hand_type;
};

/* Makes the docket of SIGNED, which is in the store with RECORD, and starts its machine: it joins
 * the coordinator's list. FRAME is its PROPOSE frame if there is one.
 *
 * Errors: those of proto/verify.h when what the store holds does not verify. */
MUST_USE bool docket_open(struct coordinator *coordinator, const struct message_signed *docket,
                          const struct chair_record *record, struct bytes frame,
                          struct error *error);
void docket_destroy(struct docket *docket);

struct docket *docket_find(struct coordinator *coordinator, const struct digest *id);
/* By the value proposed. */
struct docket *docket_find_value(struct coordinator *coordinator, const struct digest *value);

bool docket_is_decided(const struct docket *docket);

/* Messages of SEAT for it; what does not verify is counted and dropped. */
void docket_verdict(struct docket *docket, uint8_t seat, const struct message_book *book,
                    struct bytes frame);
void docket_prepare(struct docket *docket, uint8_t seat, const struct message *message);
void docket_commit(struct docket *docket, uint8_t seat, const struct message *message);
void docket_done(struct docket *docket, uint8_t seat);
void docket_papers(struct docket *docket, uint8_t seat, const struct message *message);
void docket_seat_up(struct docket *docket, uint8_t seat);

/* Asks for papers that are missing. True when the docket can leave memory. */
bool docket_tick(struct docket *docket);

#endif
