#ifndef SIM_TRACE_H
#define SIM_TRACE_H

/* Every event and action, in order: into the hash of the run, and as a line of text when somebody
 * wants to read it:
 *
 *     [   10.000] seat 1 < PROPOSE d1 v1 5f3a from chair 0
 *                 seat 1 > compute d1 v1 5f3a */

#include "sim/model.h"

/* NODE is about to handle ITEM. */
void trace_event(struct model *model, const struct queue_item *item);

/* NODE carries out the action called NAME, numbered CODE, on DOCKET (0: none); VOTE may be NULL. */
void trace_action(struct model *model, uint16_t node, const char *name, unsigned code,
                  uint32_t docket, const struct seat_vote *vote);

/* "seat 3", "chair 0", "seat 3 (twin)", "client". SIZE bytes at TEXT. */
const char *trace_name(const struct model *model, uint16_t node, char *text, size_t size);

#define TRACE_NAME_SIZE 32

#endif
