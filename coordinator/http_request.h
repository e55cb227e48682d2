#ifndef COORDINATOR_HTTP_REQUEST_H
#define COORDINATOR_HTTP_REQUEST_H

/* One HTTP request: what is known of it, who signed it, and the ways to answer it.
 *
 *   begin    headers are there: refuse here what can be refused, because later the client is in the
 *            middle of its body and would not see why
 *   take     a part of the body; never answers
 *   answer   all is there
 *
 * All of it runs on the HTTP thread. A request is answered once. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <microhttpd.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "coordinator/http.h"
#include "crypto/keys.h"
#include "store/spool.h"

#define HTTP_REQUEST_HEADERS_MAX 2   /* Of an answer, besides those that all have. */
#define HTTP_REQUEST_HEADER_SIZE 160 /* Characters of a value, with the NUL. */

struct http_events;
struct http_request;

/* The server, as its handlers see it. */
struct http {
    struct http_options options;
    struct MHD_Daemon *daemon;
    struct http_events *events;
    struct buffer roster; /* roster.json */
    char url[96];
};

struct http_route {
    const char *method;
    const char *pattern; /* Path; "*" stands for a digest in hex, a "#" at its end for a number. */
    bool takes_attempt;  /* ?attempt=K may follow. */
    void (*begin)(struct http_request *request);
    void (*take)(struct http_request *request, struct bytes part); /* NULL: no body is allowed. */
    void (*answer)(struct http_request *request);
};

struct http_request {
    struct http *http;
    struct MHD_Connection *connection;
    const struct http_route *route;
    char *path;                       /* As it came, without the query. */
    char *query;                      /* With its "?"; NULL when there is none. */
    struct digest target;             /* The one in the path. */
    uint64_t number;                  /* Likewise. */
    uint32_t attempt;                 /* Asked for; 0 = none. */
    uint8_t signer[KEYS_PUBLIC_SIZE]; /* From http_request_authenticate() on. */
    struct buffer body;               /* POST. */
    struct spool_upload *upload;      /* PUT. */
    struct error failure;             /* Why the upload failed while it was taken. */
    bool has_failed;
    bool is_begun;
    bool is_answered;
    enum MHD_Result result; /* Of queueing the answer. */
    size_t header_count;
    struct {
        const char *name;
        char value[HTTP_REQUEST_HEADER_SIZE];
    } headers[HTTP_REQUEST_HEADERS_MAX];
};

/* A request for URI, as it stands on the request line. The caller destroys it. */
struct http_request *http_request_create(struct http *http, struct MHD_Connection *connection,
                                         const char *uri);
void http_request_destroy(struct http_request *request);

/* Value of a header field, or NULL. */
const char *http_request_header(const struct http_request *request, const char *name);

/* Content-Length, from 1. Answers 411 or 400 and gives false when there is none. */
MUST_USE bool http_request_length(struct http_request *request, uint64_t *out);

/* True when Content-Type is TYPE, whatever its parameters. */
bool http_request_is_type(const struct http_request *request, const char *type);

/* Checks the signature and fills signer. CONTENT_DIGEST must be covered too unless it is NULL.
 * Answers 401 and gives false when it does not hold. */
bool http_request_authenticate(struct http_request *request, const char *content_digest);

/* The same, and the signer may submit here; else 403. */
bool http_request_authenticate_submitter(struct http_request *request, const char *content_digest);

/* Whether the signer is one of the roster's readers. */
bool http_request_is_by_reader(const struct http_request *request);

/* Adds a field to the answer that follows. NAME must be a literal. */
void http_request_add_header(struct http_request *request, const char *name, const char *format,
                             ...) PRINTF_LIKE(3, 4);

/* Answers with BODY of type TYPE, and empties it. */
void http_request_answer(struct http_request *request, unsigned status, const char *type,
                         struct buffer *body);
void http_request_answer_json(struct http_request *request, unsigned status, struct buffer *body);
/* Without a body. */
void http_request_answer_empty(struct http_request *request, unsigned status);

/* Answers with RESPONSE, and destroys it. */
void http_request_queue(struct http_request *request, unsigned status, const char *type,
                        struct MHD_Response *response);

/* Answers with a problem (RFC 9457) whose detail is the sentence given. */
void http_request_refuse(struct http_request *request, unsigned status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Answers 500 and logs why: the reason is the operator's business. */
void http_request_fail(struct http_request *request, const struct error *error);

#endif
