#ifndef AGENT_DOCKETS_H
#define AGENT_DOCKETS_H

/* Which dockets are at hand at this seat: new ones that are assigned, those in the store that a
 * message names or a restart brings back, and those that are decided, which the store answers
 * for. */

#include "agent/agent.h"
#include "report/certificate.h"

/* Messages of coordinator FROM. */
void dockets_assign(struct agent *agent, uint8_t from, const struct message *message);
void dockets_decide(struct agent *agent, uint8_t from, const struct message *message);

/* The hearing of DOCKET for a message of FROM, brought back from the store where needed. NULL when
 * it is decided, and then FROM has been sent the certificate, or not known, and then FROM has been
 * asked for it. */
struct hearing *dockets_find(struct agent *agent, uint8_t from, const struct digest *docket);

/* Gives FROM the certificate of DOCKET. False when there is none. */
bool dockets_answer(struct agent *agent, uint8_t from, const struct digest *docket);

#define DOCKETS_RESTORE_MAX 64 /* Dockets of one step. */

/* Brings back undecided dockets from the store as far as there is room, looking at COUNT_MAX of
 * them, a multiple of DOCKETS_RESTORE_MAX, from where it stopped the last time. */
void dockets_restore(struct agent *agent, size_t count_max);

/* Stores a certificate that was checked, with what it says of its cases; coordinators in DONE have
 * it. */
MUST_USE bool dockets_save_certificate(struct agent *agent, const struct certificate *certificate,
                                       struct bytes envelope, uint8_t done, struct error *error);

/* A second value was certified for DOCKET: keeps BYTES, a QC or certificate, and tells. */
MUST_USE bool dockets_keep_conflict(struct agent *agent, const struct digest *docket,
                                    enum message_kind kind, const struct digest *value,
                                    struct bytes bytes, struct error *error);

#endif
