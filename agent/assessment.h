#ifndef AGENT_ASSESSMENT_H
#define AGENT_ASSESSMENT_H

/* How a seat comes to its verdict on a docket: case by case it judges whether it may assess (S1)
 * and has it examined. What cannot be assessed by the deadline is abstained from, with the
 * reason. */

#include "agent/agent.h"
#include "agent/hearing.h"

/* Begins, or queues, the assessment of HEARING; hearing_assessed() follows once. */
void assessment_begin(struct hearing *hearing);

/* Forgets it, as when the docket is decided meanwhile. */
void assessment_cancel(struct hearing *hearing);

/* Goes on with the oldest docket whose assessment is not complete. True when the examination is
 * idle and no docket needs it. */
bool assessment_advance(struct agent *agent);

#endif
