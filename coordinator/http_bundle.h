#ifndef COORDINATOR_HTTP_BUNDLE_H
#define COORDINATOR_HTTP_BUNDLE_H

/* Uploads: PUT and HEAD of /v1/bundles/SHA256 (docs/HTTP.md). A connection that breaks keeps what
 * came; HEAD says from where to go on. What is complete is checked as far as one can who holds no
 * key, and removed again when it does not pass. */

#include "base/arena.h"
#include "coordinator/http_request.h"
#include "evidence/bundle.h"

#define HTTP_BUNDLE_TYPE "application/vnd.aims-council.bundle"

void http_bundle_begin_put(struct http_request *request);
void http_bundle_take(struct http_request *request, struct bytes part);
void http_bundle_answer_put(struct http_request *request);

void http_bundle_begin_head(struct http_request *request);
void http_bundle_answer_head(struct http_request *request);

/* Whether the bundle is by SIGNER, and sealed to this council or to nobody. ERROR_INVALID. */
MUST_USE bool http_bundle_belongs(const struct bundle_header *header, const struct roster *roster,
                                  const uint8_t signer[KEYS_PUBLIC_SIZE], struct error *error);

#endif
