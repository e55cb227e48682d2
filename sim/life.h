#ifndef SIM_LIFE_H
#define SIM_LIFE_H

/* Crashes and restarts, and what a bad disk gives back. */

#include "sim/model.h"

/* Draws up NODE's first crash from its faults. */
void life_init(struct model *model, uint16_t node);

/* Counts an action of NODE; false when it crashes instead of carrying it out. IS_STORING: the
 * action writes to the disk. */
bool life_may_act(struct model *model, uint16_t node, bool is_storing);

/* Stops NODE now and starts it again DOWN_MS later; 0: never. */
void life_crash(struct model *model, uint16_t node, uint32_t down_ms);

/* NODE starts again from its disk. */
void life_restart(struct model *model, uint16_t node);

/* From now on NODE reaches nobody of the other kind, or everybody again. */
void life_cut(struct model *model, uint16_t node);

/* True when SEAT and CHAIR are up and no partition is between them. */
bool life_is_linked(const struct model *model, uint16_t seat, uint16_t chair);

#define LIFE_SILENCE_MS 3000 /* After which a coordinator counts as lost. */

#endif
