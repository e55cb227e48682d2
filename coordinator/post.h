#ifndef COORDINATOR_POST_H
#define COORDINATOR_POST_H

/* Who a seat's message is for: a docket in memory, the store that answers for decided ones, or the
 * search for a docket that is not known here. */

#include "coordinator/coordinator.h"

/* FRAME came by the connection of SEAT. */
void post_receive(struct coordinator *coordinator, uint8_t seat, struct bytes frame);

#endif
