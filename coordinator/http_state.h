#ifndef COORDINATOR_HTTP_STATE_H
#define COORDINATOR_HTTP_STATE_H

/* How things stand with a hearing, and with the whole coordinator, as JSON and as metrics. */

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "coordinator/http_request.h"
#include "store/coordinator_store.h"

/* Finds what is to be told of a case. With ATTEMPT 0 and WANTS_RESULT the hearing that stands: the
 * conclusive one, else the latest that was heard, else the latest that went unheard. With ATTEMPT 0
 * alone the conclusive one, else the latest. Of several dockets with that attempt the one that came
 * to most; *OUT is in ARENA, whose limit should be HTTP_STATE_ARENA_MAX.
 *
 * Errors: ERROR_NOT_FOUND with a sentence for who may see the case; else the store's. */
#define HTTP_STATE_ARENA_MAX (64U * 1024 * 1024) /* Bytes. */
struct http_state_wanted {
    const struct digest *case_id;
    uint32_t attempt;
    bool wants_result;
};
MUST_USE bool http_state_find(struct coordinator_store *store,
                              const struct http_state_wanted *wanted, struct arena *arena,
                              const struct coordinator_store_case **out, struct error *error);

/* Appends the state of HEARING (docs/HTTP.md), which the store gave; ARENA is for looking again. */
void http_state_write(const struct http_options *options,
                      const struct coordinator_store_case *hearing, struct arena *arena,
                      struct buffer *out);

/* Handlers. */
void http_state_answer_council(struct http_request *request);
void http_state_answer_status(struct http_request *request);
void http_state_answer_health(struct http_request *request);
void http_state_answer_ready(struct http_request *request);
void http_state_answer_metrics(struct http_request *request);

#endif
