#include "coordinator/http_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "formats/json.h"
#include "proto/http_signature.h"

#define DETAIL_SIZE 1024 /* Bytes of a sentence; longer ones are cut. */

struct http_request *http_request_create(struct http *http, struct MHD_Connection *connection,
                                         const char *uri)
{
    struct http_request *request = calloc(1, sizeof(*request));
    size_t path_size = strcspn(uri, "?");

    CHECK(request != NULL);
    request->http = http;
    request->connection = connection;
    request->result = MHD_YES;
    request->path = strndup(uri, path_size);
    CHECK(request->path != NULL);
    if (uri[path_size] != '\0') {
        request->query = strdup(uri + path_size);
        CHECK(request->query != NULL);
    }
    return request;
}

void http_request_destroy(struct http_request *request)
{
    if (request != NULL) {
        spool_upload_close(request->upload);
        buffer_finish(&request->body);
        free(request->query);
        free(request->path);
        free(request);
    }
}

const char *http_request_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

bool http_request_length(struct http_request *request, uint64_t *out)
{
    const char *length = http_request_header(request, "Content-Length");

    if (length == NULL || http_request_header(request, "Transfer-Encoding") != NULL) {
        http_request_refuse(request, 411, "the request must say its Content-Length");
        return false;
    }
    if (!encode_to_u64(length, INT64_MAX, out) || *out == 0) {
        http_request_refuse(request, 400, "Content-Length is not a number from 1");
        return false;
    }
    return true;
}

bool http_request_is_type(const struct http_request *request, const char *type)
{
    const char *given = http_request_header(request, "Content-Type");
    size_t size = strlen(type);

    return given != NULL && strncasecmp(given, type, size) == 0 &&
           strchr("; \t", given[size]) != NULL;
}

bool http_request_authenticate(struct http_request *request, const char *content_digest)
{
    const struct http_signature_field field = {"content-digest", content_digest};
    const struct http_signature_request facts = {
        .method = request->route->method,
        .authority = http_request_header(request, "Host"),
        .path = request->path,
        .query = request->query,
        .field_count = content_digest != NULL ? 1 : 0,
        .fields = &field,
    };
    const struct http_signature_values values = {
        .key = http_request_header(request, "Aims-Key"),
        .input = http_request_header(request, "Signature-Input"),
        .signature = http_request_header(request, "Signature"),
    };
    struct timespec now;
    struct error error;

    if (facts.authority == NULL) {
        http_request_refuse(request, 400, "the request must say its Host");
        return false;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (!http_signature_verify(&facts, &values, (uint64_t)now.tv_sec, request->signer, &error)) {
        http_request_add_header(request, "WWW-Authenticate", "Signature");
        http_request_refuse(request, 401, "%s", error.message);
        return false;
    }
    return true;
}

bool http_request_authenticate_submitter(struct http_request *request, const char *content_digest)
{
    const struct http_options *options = &request->http->options;
    struct digest keyid;
    char hex[KEYS_KEYID_SIZE];

    if (!http_request_authenticate(request, content_digest)) {
        return false;
    }
    keys_keyid(request->signer, hex);
    bool is_known = encode_to_digest(hex, &keyid) && options->submitter_count == 0;

    for (size_t i = 0; !is_known && i < options->submitter_count; i++) {
        is_known = digest_equal(&options->submitters[i], &keyid);
    }
    if (!is_known) {
        http_request_refuse(request, 403, "the key %s may not submit here", hex);
    }
    return is_known;
}

bool http_request_is_by_reader(const struct http_request *request)
{
    const struct roster *roster = request->http->options.roster;

    for (size_t i = 0; i < roster->reader_count; i++) {
        if (memcmp(roster->readers[i].signing, request->signer, MESSAGE_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

void http_request_add_header(struct http_request *request, const char *name, const char *format,
                             ...)
{
    va_list arguments;

    CHECK(request->header_count < HTTP_REQUEST_HEADERS_MAX);
    char *value = request->headers[request->header_count].value;

    request->headers[request->header_count++].name = name;
    va_start(arguments, format);
    (void)vsnprintf(value, HTTP_REQUEST_HEADER_SIZE, format, arguments);
    va_end(arguments);
}

void http_request_queue(struct http_request *request, unsigned status, const char *type,
                        struct MHD_Response *response)
{
    CHECK(response != NULL);
    CHECK(!request->is_answered);
    if (type != NULL) {
        (void)MHD_add_response_header(response, "Content-Type", type);
    }
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (size_t i = 0; i < request->header_count; i++) {
        (void)MHD_add_response_header(response, request->headers[i].name,
                                      request->headers[i].value);
    }
    request->result = MHD_queue_response(request->connection, status, response);
    request->is_answered = true;
    MHD_destroy_response(response);
}

void http_request_answer(struct http_request *request, unsigned status, const char *type,
                         struct buffer *body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(body->size, body->data, free);

    *body = (struct buffer){0}; /* The library frees what it held. */
    http_request_queue(request, status, type, response);
}

void http_request_answer_json(struct http_request *request, unsigned status, struct buffer *body)
{
    http_request_answer(request, status, "application/json", body);
}

void http_request_answer_empty(struct http_request *request, unsigned status)
{
    struct buffer empty = {0};

    http_request_answer(request, status, NULL, &empty);
}

void http_request_refuse(struct http_request *request, unsigned status, const char *format, ...)
{
    struct json *problem = json_object();
    struct buffer body = {0};
    char detail[DETAIL_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    json_set(problem, "detail", json_text(detail));
    json_set(problem, "status", json_integer(status));
    json_set(problem, "title", json_text(MHD_get_reason_phrase_for(status)));
    json_set(problem, "type", json_text("about:blank"));
    json_write(problem, &body);
    json_destroy(problem);
    http_request_answer(request, status, "application/problem+json", &body);
}

void http_request_fail(struct http_request *request, const struct error *error)
{
    log_line(LOG_ERROR, "http: %s %s: %s", request->route->method, request->path, error->message);
    http_request_refuse(request, 500, "the coordinator could not do it; its log says why");
}
