#ifndef CLIENT_FILING_H
#define CLIENT_FILING_H

/* Handing a case in at one coordinator: the bundle is uploaded, then the signed header is posted.
 * Doing it again does no harm: what is known is not taken twice. */

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "client/web.h"
#include "crypto/keys.h"
#include "proto/message.h"
#include "proto/roster.h"

struct filing {
    const struct keys *keys;
    const struct roster *roster;
    struct arena *arena;
    struct bytes file; /* The bundle. */
    struct digest case_id;
    struct message_header header; /* Whole; attempt, home and earlier say which hearing. */
    uint32_t tries_max;           /* With a coordinator that is not reached, from 1. */
    bool is_terminal;             /* The upload may show how far it is. */
};

/* Signs the header into OUT, whose payload is in PAYLOAD, and gives its case.
 *
 * Errors: those of verify_header(). */
MUST_USE bool filing_sign(const struct filing *filing, struct buffer *payload,
                          struct message_signed *out, struct digest *case_id, struct error *error);

/* Uploads, going on where a connection broke, and posts.
 *
 * Errors: ERROR_TIMEOUT when the coordinator is not reached; what it answers when it refuses. */
MUST_USE bool filing_hand_in(const struct filing *filing, struct web *web, struct error *error);

#endif
