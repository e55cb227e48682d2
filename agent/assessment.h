#ifndef AGENT_ASSESSMENT_H
#define AGENT_ASSESSMENT_H

/* How a seat comes to its verdict on a docket: case by case it judges whether it may assess (S1)
 * and has it examined. What cannot be assessed by the deadline is abstained from, with the
 * reason. */

#include "agent/agent.h"
#include "agent/hearing.h"

/* Turn of one home while dockets of others wait; also the longest examination of one case, which is
 * then begun anew, with more time, when its home has its turn again. */
#define AGENT_TURN_MS 5000

/* Queues the assessment of HEARING; hearing_assessed() follows once, after assessment_advance(). At
 * most AGENT_ASSESS_MAX dockets of one home are assessed at a time, and the examination goes from
 * home to home, by time: one whose bundles do not come has no longer turns than one whose cases are
 * done at once. */
void assessment_begin(struct hearing *hearing);

/* Forgets it, as when the docket is decided meanwhile. */
void assessment_cancel(struct hearing *hearing);

/* Heartbeat: ends the examination of a case that has taken long while another home waits. */
void assessment_yield(struct agent *agent);

/* Goes on with the dockets whose assessment is not complete. True when the examination is
 * idle and no docket needs it. */
bool assessment_advance(struct agent *agent);

#endif
