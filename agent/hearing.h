#ifndef AGENT_HEARING_H
#define AGENT_HEARING_H

/* One undecided docket at this seat: the machine of council/seat.h and what its actions need. */

#include "agent/agent.h"
#include "report/certificate.h"

struct hearing {
    struct hearing *next;
    struct agent *agent;
    struct arena *arena; /* The docket. */
    struct verify_docket docket;
    struct seat seat;
    uint8_t from;                /* Coordinator whose message is being handled. */
    struct buffer proposal;      /* Latest PROPOSE frame in hand: of a chair, fetched, or stored. */
    struct digest proposed;      /* Its D. */
    struct buffer qc;            /* QC in hand. */
    struct statement *statement; /* Of the value computed last; NULL before. */
    struct buffer certificate;   /* In hand while it is stored. */
    struct certificate *decided; /* The same, checked; in the agent's work arena. */
    struct assessment *assessment; /* While it runs. */
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

/* Messages for it; bytes are of the frame at hand. What does not verify is counted and dropped.
 * After hearing_decide() it may be gone. */
void hearing_assign(struct hearing *hearing, uint8_t from);
void hearing_propose(struct hearing *hearing, uint8_t from, const struct message *message,
                     struct bytes frame);
void hearing_certify(struct hearing *hearing, uint8_t from, struct bytes qc);
void hearing_decide(struct hearing *hearing, uint8_t from, struct certificate *certificate,
                    struct bytes envelope);

/* The assessment is complete: VERDICT and its FRAME, one entry of HEARINGS per case. */
void hearing_assessed(struct hearing *hearing, const struct message_signed *verdict,
                      struct bytes frame, const struct seat_store_hearing *hearings);

/* Stores a certificate of a docket that has no hearing in memory; false after agent_fail(). */
bool hearing_store_certificate(struct agent *agent, const struct certificate *certificate,
                               struct bytes envelope);

#endif
