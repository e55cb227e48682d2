#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H

/* Delay, loss, duplicates, reordering, clogging and partitions.
 *
 * In whole numbers throughout, so that every compiler draws the same. */

#include "sim/model.h"

/* What a FETCH asks for; also in a PROPOSE or NEW-VIEW that answers one. */
enum network_item {
    NETWORK_DOCKET = 1,
    NETWORK_VALUE,
    NETWORK_CERTIFICATE,
    NETWORK_QC,
};

/* Sends ITEM from its node to its node, and to the twin there. */
void network_send(struct model *model, const struct queue_item *item);

/* The same EXTRA_MS later than the network would. */
void network_send_late(struct model *model, const struct queue_item *item, uint32_t extra_ms);

/* Something inside NODE, in DELAY_US. */
void network_plan(struct model *model, uint16_t node, uint64_t delay_us, struct queue_item item);

/* A number of DELAY's distribution, in its unit. */
uint32_t network_draw(const struct setup_delay *delay, struct random *random);

/* Whether a partition lies between the two now. */
bool network_is_cut(const struct model *model, uint16_t from, uint16_t to);

/* Bytes that ITEM has on the wire. */
uint64_t network_size(struct model *model, const struct queue_item *item);

#endif
