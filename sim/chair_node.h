#ifndef SIM_CHAIR_NODE_H
#define SIM_CHAIR_NODE_H

/* What coordinator/ does around council/chair.h: dockets, books, certificates, and whatever a seat
 * or a submitter asks for. */

#include "sim/model.h"

/* NODE, a coordinator, handles ITEM. */
void chair_node_deliver(struct model *model, uint16_t node, const struct queue_item *item);

/* After a restart: opens what the disk holds. */
void chair_node_start(struct model *model, uint16_t node);

/* The coordinator's part in DOCKET; made, stored and opened when it is not there yet. */
struct chair_docket *chair_node_open(struct model *model, uint16_t node, uint32_t docket);

/* Sends ITEM to every seat of SEATS, as an honest coordinator would. */
void chair_node_send(struct model *model, uint16_t node, struct seat_set seats,
                     struct queue_item item);

/* Forms dockets of what waits, while there is room (C1). */
void chair_node_form(struct model *model, uint16_t node);

#endif
