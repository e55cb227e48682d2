#ifndef AGENT_DELIVERY_H
#define AGENT_DELIVERY_H

/* Certificates on their way to every coordinator (S6): sent until that one answers DONE, after a
 * reconnection and a restart of either side, too.
 *
 * The store knows what is owed to whom. A few certificates per coordinator are on their way at a
 * time; when all of them have arrived, or long have not, the next ones follow in the order of the
 * store, round and round, so that one that is not taken holds up no other. */

#include <stdint.h>

#include "base/bytes.h"

#define DELIVERY_MAX    16   /* Certificates on their way to one coordinator. */
#define DELIVERY_MS     2000 /* How long to wait for their DONE, at first; doubles, */
#define DELIVERY_MS_MAX 64000

struct agent;
struct delivery;

struct delivery *delivery_create(struct agent *agent);
void delivery_destroy(struct delivery *delivery);

/* The certificate of DOCKET has just been stored; it is owed to the coordinators in CHAIRS and sent
 * to those that are there. */
void delivery_begin(struct delivery *delivery, const struct digest *docket, uint8_t chairs);

/* Coordinator CHAIR is there (again): what is owed to it goes out anew. */
void delivery_restart(struct delivery *delivery, uint8_t chair);

/* Coordinator CHAIR has the certificate of DOCKET. */
void delivery_done(struct delivery *delivery, uint8_t chair, const struct digest *docket);

/* Heartbeat. */
void delivery_tick(struct delivery *delivery);

#endif
