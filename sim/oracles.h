#ifndef SIM_ORACLES_H
#define SIM_ORACLES_H

/* What must never happen, looked for after everything that could make it happen. The first failure
 * ends the run. */

#include "base/error.h"
#include "sim/model.h"

void oracles_fail(struct model *model, enum world_oracle oracle, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* At most f seats break rules: agreement and validity are owed. */
bool oracles_are_owed(const struct model *model);

/* n - f honest seats and an honest coordinator stay: decisions are owed. */
bool oracles_is_progress_owed(const struct model *model);

/* DEED was signed: one vote per key, nobody honest guilty, agreement. */
void oracles_see_deed(struct model *model, uint32_t deed);

/* NODE is about to send what must be on its disk. */
void oracles_see_sending(struct model *model, const struct node *node, bool is_durable,
                         const char *what);

/* A seat stored a lock on LOCK; BEFORE is what its disk had. */
void oracles_see_lock(struct model *model, const struct node *node, const struct seat_vote *before,
                      const struct seat_vote *lock);

/* CERTIFICATE was made or is about to be used. */
void oracles_see_certificate(struct model *model, uint32_t certificate);

/* FINDER holds deeds FIRST and SECOND against their signer. Gives what they prove. */
enum misconduct oracles_see_proof(struct model *model, const struct node *finder, uint32_t first,
                                  uint32_t second);

/* The same with a TC as the second half. */
void oracles_see_unjustified(struct model *model, const struct node *finder, uint32_t prepare,
                             uint32_t tc);

/* An honest node holds something against honest coordinator CHAIR. */
void oracles_see_bad_chair(struct model *model, const struct node *finder, uint8_t chair);

/* The run is over: liveness, culprits, and the numbers of the report. */
void oracles_finish(struct model *model, bool is_finished);

#endif
