#ifndef COORDINATOR_HTTP_INTAKE_H
#define COORDINATOR_HTTP_INTAKE_H

/* Whether a case that somebody posted is taken: pure judgement, no HTTP.
 *
 * What a seat would refuse is refused here, because a hearing that cannot be heard would spoil the
 * docket it is in. */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "coordinator/http.h"

#define HTTP_INTAKE_BODY_MAX  (1024U * 1024)      /* Bytes of JSON. */
#define HTTP_INTAKE_ARENA_MAX (80U * 1024 * 1024) /* Bytes that judging it may take. */
#define HTTP_INTAKE_WAITING   10000               /* Hearings, unless the options say otherwise. */

/* A posted case and where it stands. */
struct http_intake {
    struct coordinator_store_case hearing; /* Payload in the arena. */
    bool is_known;                         /* It was in the store before. */
    unsigned status;                       /* HTTP status when it is refused. */
};

/* Reads BODY, {"header": base64, "signature": base64}, which SIGNER sent at RECEIVED_AT (Unix
 * milliseconds), judges it and puts it into the store.
 *
 * False with OUT->status and a sentence when it is refused; with status 500 when the store or the
 * spool failed. */
MUST_USE bool http_intake_take(const struct http_options *options, struct bytes body,
                               const uint8_t signer[MESSAGE_KEY_SIZE], uint64_t received_at,
                               struct arena *arena, struct http_intake *out, struct error *error);

#endif
