#ifndef AGENT_PAPERS_DESK_H
#define AGENT_PAPERS_DESK_H

/* Working papers on request.
 *
 * A seat keeps no papers: what it found is in its signed verdict, by digest, and the same assessor
 * finds the same rows in the same bundle again. When a coordinator asks for the papers of a case,
 * because the report shows this seat's, the case is examined once more, behind all verdicts that
 * are due; papers that do not have the digests of the stored verdict are not given away. */

#include "agent/agent.h"

#define PAPERS_DESK_MAX 512 /* Requests that wait; further ones are dropped: they are repeated. */

struct papers_desk;

struct papers_desk *papers_desk_create(struct agent *agent);
void papers_desk_destroy(struct papers_desk *desk);

/* Coordinator FROM asks for the papers of case INDEX of DOCKET. */
void papers_desk_ask(struct papers_desk *desk, uint8_t from, const struct digest *docket,
                     uint32_t index);

/* A verdict is due: a request that still waits for its bundle steps back and begins again later. */
void papers_desk_yield(struct papers_desk *desk);

/* Begins the next request; the examination must be idle. */
void papers_desk_advance(struct papers_desk *desk);

#endif
