#ifndef COORDINATOR_PROPOSAL_H
#define COORDINATOR_PROPOSAL_H

/* What the chair of a view says in it, made of what a docket holds: PROPOSE, CERTIFY, and the TC
 * that leads to the next one. */

#include "coordinator/docket.h"

/* Signs docket->value for VOTE, with the TC in hand above view 1, into docket->propose, and says
 * what is to be prepared. ERROR_LIMIT when it does not fit into a frame. */
MUST_USE bool proposal_make(struct docket *docket, const struct seat_vote *vote,
                            struct error *error);

/* Takes up what is in docket->propose, which the store kept: value, TC, what is to be prepared. */
MUST_USE bool proposal_restore(struct docket *docket, const struct seat_vote *vote,
                               struct error *error);

/* Makes docket->certify of the PREPAREs that the machine counts. */
void proposal_certify(struct docket *docket);

/* Makes the TC for VIEW of the NEW-VIEWs of SEATS and fills EVENT with it. False when it is not
 * valid: two of them prove different values in one view, and more than f seats are faulty. */
bool proposal_make_tc(struct docket *docket, const struct seat_set *seats, uint32_t view,
                      struct chair_event *event);

/* Seats that signed the QC of the TC in hand: they have its value. */
struct seat_set proposal_signers(const struct docket *docket);

/* TC, verified, as the machine is told of it. */
struct chair_event proposal_tc_event(const struct verify_tc *tc);

/* Puts the TC, encoded, into docket->tc: it is the highest one now. */
void proposal_enter(struct docket *docket, uint32_t view, struct bytes tc);

#endif
