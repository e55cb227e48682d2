#ifndef AGENT_BALLOT_H
#define AGENT_BALLOT_H

/* What this seat signs on a docket after its verdict: PREPARE, COMMIT, NEW-VIEW. Each is signed and
 * stored by one function and sent, as stored, by another (docs/PROTOCOL.md 4).
 *
 * All return false with an error that the agent cannot go on after: what is not in the store must
 * not be sent. */

#include "agent/hearing.h"

MUST_USE bool ballot_persist_prepare(struct hearing *hearing, const struct seat_vote *vote,
                                     struct error *error);
MUST_USE bool ballot_send_prepare(struct hearing *hearing, const struct seat_vote *vote,
                                  struct error *error);

/* With the QC on VOTE, at hand or waiting, and the value. */
MUST_USE bool ballot_persist_commit(struct hearing *hearing, const struct seat_vote *vote,
                                    struct error *error);
MUST_USE bool ballot_send_commit(struct hearing *hearing, const struct seat_vote *vote,
                                 struct error *error);

/* For VIEW, with the QC of the machine's lock and the TC of its view. */
MUST_USE bool ballot_persist_new_view(struct hearing *hearing, uint32_t view, struct error *error);
MUST_USE bool ballot_send_new_view(struct hearing *hearing, uint32_t view, struct error *error);

#endif
