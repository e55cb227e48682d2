#ifndef AGENT_EXAMINE_H
#define AGENT_EXAMINE_H

/* One case before the assessor: its bundle is fetched from a coordinator that has it, its header
 * opened with the seat's key, and the assessor asked. One at a time.
 *
 *   IDLE --begin--> FETCHING --last part--> FETCHED --assessor ready--> ASKED --answer--> IDLE
 *
 * The bundle lies in the spool for as long as that takes, and no longer. */

#include <stdint.h>

#include "agent/assessor.h"
#include "base/error.h"
#include "proto/message.h"

struct agent;
struct examine;

struct examine_task {
    const struct message_header *header; /* Of the case; must live until the end. */
    struct digest case_id;
    struct digest docket;
    uint8_t source;    /* Coordinator to fetch from first. */
    uint64_t until_ms; /* Given up then (loop_now_ms()). */
    bool wants_papers;
    /* Called once with the assessor's answer, or with a reason and a message. It may not begin
     * another examination: the answer is still in the assessor's hands. */
    void (*done)(void *context, const struct assessor_answer *answer);
    void *context;
};

struct examine *examine_create(struct agent *agent);
void examine_destroy(struct examine *examine);

bool examine_is_idle(const struct examine *examine);
bool examine_is_fetching(const struct examine *examine);

/* Begins; it must be idle. */
void examine_begin(struct examine *examine, const struct examine_task *task);

/* Drops the task without calling done. Does nothing when it is idle. */
void examine_cancel(struct examine *examine);

/* A part of a bundle arrived from COORDINATOR. */
void examine_item(struct examine *examine, uint8_t coordinator, const struct message *message);

/* Heartbeat: asks again for what did not come, ends what is late. */
void examine_tick(struct examine *examine);

/* From the assessor: it can take a request; it has answered one. */
void examine_ready(struct examine *examine);
void examine_answer(struct examine *examine, const struct assessor_answer *answer);

#endif
