#ifndef AGENT_HEARING_H
#define AGENT_HEARING_H

/* One undecided docket at this seat: the machine of council/seat.h and what its actions need.
 *
 * It is asleep when its cases are in the store alone: it keeps its timer and takes every message,
 * and wakes up to assess or to compute. */

#include "agent/agent.h"
#include "agent/value.h"
#include "proto/codec.h"
#include "report/certificate.h"

/* What belongs to the event that is being handled. Bytes are of the frame it came in. */
struct hearing_event {
    struct bytes qc; /* Of a CERTIFY, on qc_vote. */
    struct seat_vote qc_vote;
    struct bytes tc;    /* Of a TC or PROPOSE; for its view. */
    struct bytes frame; /* A PROPOSE, for the value `value`. */
    struct digest value;
    const struct certificate *certificate; /* Of a DECIDE. */
    struct bytes envelope;
};

struct hearing {
    struct hearing *next;
    struct agent *agent;
    struct arena *arena;         /* The docket; NULL while it sleeps, */
    struct verify_docket docket; /* and this is then without headers and cases. */
    struct seat seat;
    struct loop_timer timer;
    uint8_t from;              /* Coordinator whose message is being handled. */
    struct hearing_event hand; /* What is being handled; zero between events. */
    struct value value;
    struct buffer qc; /* A QC that waits for its value, */
    struct seat_vote qc_vote;
    struct hearing_entrance {
        uint32_t view;
        struct digest digest;
        struct seat_vote highest; /* Of its QC, without tc; view 0 = none. */
    } entrance;                   /* The TC that was verified last; zero digest = none. */
    struct {
        uint32_t view; /* 0 = none. */
        size_t size;
        uint8_t payload[CODEC_VOTE_MAX];
        uint8_t signature[MESSAGE_SIGNATURE_SIZE];
    } proposed; /* The first PROPOSE of the highest view, as proof against a second. */
    struct hearing_said {
        uint32_t view;
        uint64_t at_ms;
    } said_prepare, said_commit;   /* Last. */
    struct assessment *assessment; /* While it runs. */
    bool is_queued;                /* It is to run. */
    uint64_t assess_until_ms;
};

/* Makes the hearing of DOCKET, which has been verified and whose memory is ARENA's; takes ARENA
 * over. RECORD is what the store holds of it. It joins the agent's list; hearing_destroy() takes it
 * out. */
struct hearing *hearing_create(struct agent *agent, struct arena *arena,
                               const struct verify_docket *docket,
                               const struct seat_record *record);
void hearing_destroy(struct hearing *hearing);

struct hearing *hearing_find(struct agent *agent, const struct digest *docket);

/* Has its cases in memory from now on; another hearing may go to sleep for it. False after
 * agent_fail(). */
bool hearing_wake(struct hearing *hearing);

/* Messages for it, from coordinator FROM; bytes are of the frame at hand. What does not verify is
 * counted and dropped. */
void hearing_assign(struct hearing *hearing, uint8_t from);
void hearing_propose(struct hearing *hearing, uint8_t from, const struct message *message,
                     struct bytes frame);
void hearing_certify(struct hearing *hearing, uint8_t from, struct bytes qc);
void hearing_tc(struct hearing *hearing, uint8_t from, struct bytes tc);
void hearing_new_view(struct hearing *hearing, uint8_t from, const struct message *message);

/* A certificate, verified. The hearing is gone afterwards: from then on the store answers for the
 * docket. */
void hearing_decide(struct hearing *hearing, uint8_t from, const struct certificate *certificate,
                    struct bytes envelope);

/* Coordinator CHAIR came or went. */
void hearing_chair(struct hearing *hearing, uint8_t chair, bool is_up);

/* The assessment is complete: VERDICT and its FRAME, one entry of HEARINGS per case. */
void hearing_assessed(struct hearing *hearing, const struct message_signed *verdict,
                      struct bytes frame, const struct seat_store_hearing *hearings);

#endif
