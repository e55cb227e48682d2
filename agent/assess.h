#ifndef AGENT_ASSESS_H
#define AGENT_ASSESS_H

/* Our own assessor: one rule set, loaded once, answering one bundle after the other (agent/frame.h
 * has the conversation). */

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

struct assess;

struct assess_options {
    const char *catalog; /* Folders and file to load. */
    const char *ruleset;
    const char *schema;
};

/* Loads catalogue, rule set and schema and prepares every rule. The caller destroys it.
 *
 * Errors: those of the loaders and of engine_create(). */
MUST_USE bool assess_create(const struct assess_options *options, struct assess **out,
                            struct error *error);
void assess_destroy(struct assess *assess);

/* The first frame: what is ready. */
void assess_greeting(const struct assess *assess, struct buffer *out);

/* Answers REQUEST: ANSWER is the first frame; PAPERS the second, empty when there is none.
 *
 * Errors: ERROR_INVALID when the request itself is malformed; what is wrong with a bundle is an
 * answer. */
MUST_USE bool assess_answer(struct assess *assess, struct bytes request, struct buffer *answer,
                            struct buffer *papers, struct error *error);

#endif
