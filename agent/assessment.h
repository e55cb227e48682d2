#ifndef AGENT_ASSESSMENT_H
#define AGENT_ASSESSMENT_H

/* How a seat comes to its verdict on a docket: case by case it judges whether it may assess (S1),
 * fetches the bundle from a coordinator that has it, opens its header, asks the assessor, and seals
 * the working papers. What cannot be assessed by the deadline is abstained from, with the reason. */

#include "agent/agent.h"
#include "agent/hearing.h"

/* Begins, or queues, the assessment of HEARING; hearing_assessed() follows once. */
void assessment_begin(struct hearing *hearing);

/* Forgets it, as when the docket is decided meanwhile. */
void assessment_cancel(struct hearing *hearing);

/* A part of a bundle arrived from COORDINATOR. */
void assessment_item(struct agent *agent, uint8_t coordinator, const struct message *message);

/* Heartbeat: asks again for what did not come, ends what is late. */
void assessment_tick(struct agent *agent);

/* The assessor can take a request, or has answered one. */
void assessment_ready(struct agent *agent);
void assessment_answer(struct agent *agent, const struct assessor_answer *answer);

#endif
