#ifndef AGENT_WITNESS_H
#define AGENT_WITNESS_H

/* What a seat sees of misconduct (E4): it keeps the proof. */

#include "agent/agent.h"

/* FIRST and SECOND, payloads of TYPE, are both signed by coordinator SIGNER: judges them, and keeps
 * and tells what they prove. */
void witness_coordinator(struct agent *agent, uint8_t signer, const char *type,
                         const struct message_signed *first, const struct message_signed *second);

#endif
