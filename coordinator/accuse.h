#ifndef COORDINATOR_ACCUSE_H
#define COORDINATOR_ACCUSE_H

/* Proofs of misconduct that a coordinator comes by (docs/PROTOCOL.md 5, C7 and 7).
 *
 * What is kept of a seat is put beside what it says now; report/proof.h judges. What it proves is
 * stored with both messages, once per kind, docket and culprit; what proves nothing is no error. */

#include "coordinator/docket.h"

/* The message at hand, by SEAT, against what is kept of it for this docket: E1, E2, E3, E5, E8. */
MUST_USE bool accuse_seat(struct docket *docket, uint8_t seat, struct error *error);

/* The PREPARE at hand against the TC that it names, which is the one in hand: E6. */
MUST_USE bool accuse_unjustified(struct docket *docket, uint8_t seat, struct error *error);

/* The verdict at hand against those of SEAT in other dockets with one of its hearings: E7. */
MUST_USE bool accuse_hearings(struct docket *docket, uint8_t seat, struct error *error);

/* Another docket that its home signed under the serial of this one: E4. */
MUST_USE bool accuse_home(struct coordinator *coordinator,
                          const struct coordinator_store_docket *docket, struct error *error);

#endif
