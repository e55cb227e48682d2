#ifndef SIM_CLIENT_NODE_H
#define SIM_CLIENT_NODE_H

/* Submitters: what client/ does around council/petition.h; or hostile ones, who sign any header. */

#include "sim/model.h"

/* Plans the submission of every case. */
void client_node_init(struct model *model);

void client_node_deliver(struct model *model, const struct queue_item *item);

/* The certificate that stands for case INDEX, of all there are; 0: none. */
uint32_t client_node_standing(struct model *model, uint16_t index);

#endif
