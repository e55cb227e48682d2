#ifndef SIM_SEAT_NODE_H
#define SIM_SEAT_NODE_H

/* What agent/ does around council/seat.h: verifies, assesses, stores, fetches, answers. */

#include "sim/model.h"

/* NODE, a seat, handles ITEM. */
void seat_node_deliver(struct model *model, uint16_t node, const struct queue_item *item);

/* After a restart: opens what the disk holds. */
void seat_node_start(struct model *model, uint16_t node);

/* The seat's part in DOCKET; made when it is not there yet. */
struct seat_docket *seat_node_docket(struct model *model, uint16_t node, uint32_t docket);

/* Sends ITEM's kind, object and the rest to coordinator CHAIR, as an honest seat would. */
void seat_node_send(struct model *model, uint16_t node, uint8_t chair, struct queue_item item);

#endif
