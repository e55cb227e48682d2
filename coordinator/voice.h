#ifndef COORDINATOR_VOICE_H
#define COORDINATOR_VOICE_H

/* What seats say about a docket: verified, kept within bounds, and handed to its machine. What does
 * not verify is counted and dropped; SEAT is whose connection it came by. */

#include "coordinator/docket.h"

void voice_verdict(struct docket *docket, uint8_t seat, const struct message_book *book,
                   struct bytes frame);
void voice_prepare(struct docket *docket, uint8_t seat, const struct message *message);
void voice_commit(struct docket *docket, uint8_t seat, const struct message *message);
void voice_new_view(struct docket *docket, uint8_t seat, const struct message *message);
void voice_tc(struct docket *docket, uint8_t seat, struct bytes tc);
void voice_decide(struct docket *docket, uint8_t seat, struct bytes certificate);
void voice_done(struct docket *docket, uint8_t seat, const struct digest *value);

/* A PROPOSE frame: the value that was asked for, or nothing. */
void voice_value(struct docket *docket, uint8_t seat, const struct message *message,
                 struct bytes frame);

/* COMMITs that waited for the docket's value are looked at again. */
void voice_recount(struct docket *docket);

#endif
