#ifndef SIM_PLACING_H
#define SIM_PLACING_H

/* Who is faulty and how, and who is cut off: the lists `faults` and `partitions` of a scenario. */

#include "formats/tree.h"
#include "sim/draw.h"
#include "sim/setup.h"

/* Draws the list FAULTS into SETUP, whose council and limit_ms are set. Every entry takes nodes
 * that no entry before it took, as many as there are.
 *
 * Errors: ERROR_INVALID with the place. */
MUST_USE bool placing_faults(struct draw *draw, const struct tree *faults, struct setup *setup);

/* Draws the list PARTITIONS likewise. */
MUST_USE bool placing_partitions(struct draw *draw, const struct tree *partitions,
                                 struct setup *setup);

#endif
