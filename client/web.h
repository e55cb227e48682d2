#ifndef CLIENT_WEB_H
#define CLIENT_WEB_H

/* Requests to one coordinator (docs/HTTP.md), each with a time limit and signed by the user's key.
 *
 * Redirects are not followed: a signature is for one place. A coordinator is not trusted: what it
 * answers is bounded here and verified elsewhere. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

struct keys;
struct web;

/* Opens a client for the coordinator at URL, "http://host:port". KEYS (NULL: requests are not
 * signed) must outlive it; CA_FILE, a PEM file to trust instead of the system's, may be NULL. The
 * caller closes it.
 *
 * Errors: ERROR_INVALID when URL is none. */
MUST_USE bool web_open(const char *url, const struct keys *keys, const char *ca_file,
                       struct web **out, struct error *error);

/* From now on a request in which nothing moves for IDLE_MS ends, unless it says otherwise itself;
 * 0 = no such limit, as at first. */
void web_set_idle(struct web *web, uint32_t idle_ms);

/* close(NULL) does nothing. */
void web_close(struct web *web);

enum web_method { WEB_GET = 1, WEB_HEAD, WEB_POST, WEB_PUT };

struct web_request {
    enum web_method method;
    const char *path; /* "/v1/cases/..."; a query may follow. */
    struct bytes body;
    const char *content_type;  /* POST and PUT. */
    const char *content_range; /* PUT that goes on; NULL = from the start. */
    const char *last_event_id; /* NULL = none. */
    bool names_body;           /* The path holds the digest of what is sent: no Content-Digest. */
    size_t answer_max;         /* Bytes; 0 = WEB_ANSWER_MAX. */
    uint32_t timeout_ms;       /* Of the whole request; 0 = WEB_TIMEOUT_MS. */
    uint32_t idle_ms;          /* Silence that ends it; 0 = that of web_set_idle(). */
    /* Gets the answer in pieces instead of web_answer.body; false ends the request, which then
     * succeeded. */
    bool (*on_data)(void *context, struct bytes part);
    void (*on_sent)(void *context, uint64_t sent); /* Bytes of the body so far. */
    void *context;
};

#define WEB_ANSWER_MAX (1024 * 1024)
#define WEB_TIMEOUT_MS 30000

struct web_answer {
    long status;
    struct buffer body;
    uint64_t offset; /* Upload-Offset; 0 without. */
};

/* Sends REQUEST and waits for the answer, whatever its status. The caller calls web_answer_finish()
 * in either case.
 *
 * Errors: ERROR_TIMEOUT when the coordinator cannot be reached or the connection broke or took too
 * long; ERROR_LIMIT when the answer is too large; those of http_signature_sign(). */
MUST_USE bool web_send(struct web *web, const struct web_request *request, struct web_answer *out,
                       struct error *error);
void web_answer_finish(struct web_answer *answer);

/* Fails with what an answer of 400 or more says about itself. The code is ERROR_TIMEOUT for 5xx,
 * ERROR_NOT_FOUND for 404, ERROR_DENIED for 401 and 403, ERROR_CONFLICT for 409, else
 * ERROR_INVALID. */
#define WEB_REFUSED(answer, error) (web_refused((answer), (error)), false)
void web_refused(const struct web_answer *answer, struct error *error);

/* GETs PATH into OUT.body: a status other than 200 is an error. Errors: as above. */
MUST_USE bool web_get(struct web *web, const char *path, size_t answer_max, struct web_answer *out,
                      struct error *error);

#endif
