#ifndef COORDINATOR_CLERK_H
#define COORDINATOR_CLERK_H

/* How dockets come into being here: formed of the cases that wait (C1), learned from seats because
 * another coordinator opened them, or taken from the store after a restart (C6). */

#include "coordinator/coordinator.h"

/* Opens dockets while cases wait and few enough are in flight. */
void clerk_take_cases(struct coordinator *coordinator);

/* Verifies, stores and opens a docket of another home.
 *
 * Errors: what makes it no docket, or too many of its home are unfinished. A store that fails, and
 * a docket of this coordinator's own key that its store lacks, end the coordinator. */
MUST_USE bool clerk_learn(struct coordinator *coordinator, const struct message_signed *docket,
                          struct error *error);

/* Opens every docket that the store holds and that is not finished. */
MUST_USE bool clerk_resume(struct coordinator *coordinator, struct error *error);

#endif
