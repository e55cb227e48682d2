#include "coordinator/http_case.h"

#include <string.h>
#include <time.h>

#include "base/encode.h"
#include "coordinator/http_events.h"
#include "coordinator/http_intake.h"
#include "coordinator/http_state.h"
#include "formats/tree.h"
#include "proto/http_signature.h"

/* ---- POST ---- */

void http_case_begin_post(struct http_request *request)
{
    const char *digest = http_request_header(request, "Content-Digest");
    uint64_t size;

    if (digest == NULL) {
        http_request_refuse(request, 400, "the request must have a Content-Digest");
        return;
    }
    if (!http_request_authenticate_submitter(request, digest)) {
        return;
    }
    if (!http_request_is_type(request, "application/json")) {
        http_request_refuse(request, 415, "a case comes as application/json");
    } else if (http_request_length(request, &size) && size > HTTP_INTAKE_BODY_MAX) {
        http_request_refuse(request, 413, "the case has %llu bytes, at most %u are taken",
                            (unsigned long long)size, HTTP_INTAKE_BODY_MAX);
    }
}

void http_case_take(struct http_request *request, struct bytes part)
{
    /* Its Content-Length was judged, and the library takes no more than that. */
    buffer_append(&request->body, part.data, part.size);
}

static uint64_t clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void answer_taken(struct http_request *request, const struct http_intake *intake)
{
    const struct http_options *options = &request->http->options;
    struct buffer body = {0};
    char hex[DIGEST_HEX_SIZE];

    (void)encode_digest(&intake->hearing.id, hex);
    buffer_format(&body, "{\"attempt\":%u,\"case\":\"%s\",\"url\":\"/v1/cases/%s\"}",
                  intake->hearing.attempt, hex, hex);
    http_request_add_header(request, "Location", "/v1/cases/%s", hex);
    http_request_answer_json(request, intake->is_known ? 200 : 202, &body);
    if (!intake->is_known) {
        options->accepted(options->context);
    }
}

void http_case_answer_post(struct http_request *request)
{
    struct bytes body = buffer_bytes(&request->body);
    struct http_intake intake;
    char digest[HTTP_SIGNATURE_DIGEST_SIZE];
    struct error error;

    http_signature_digest(body, digest);
    if (strcmp(digest, http_request_header(request, "Content-Digest")) != 0) {
        http_request_refuse(request, 400, "Content-Digest is not the sha-256 of the body");
        return;
    }
    struct arena *arena = arena_create(HTTP_INTAKE_ARENA_MAX);

    if (http_intake_take(&request->http->options, body, request->signer, clock_ms(), arena, &intake,
                         &error)) {
        answer_taken(request, &intake);
    } else if (intake.status == 500) {
        http_request_fail(request, &error);
    } else {
        if (intake.status == 503) {
            http_request_add_header(request, "Retry-After", "60");
        }
        http_request_refuse(request, intake.status, "%s", error.message);
    }
    arena_destroy(arena);
}

/* ---- GET ---- */

void http_case_begin_get(struct http_request *request)
{
    (void)http_request_authenticate(request, NULL);
}

static bool may_read(const struct http_request *request,
                     const struct coordinator_store_case *hearing)
{
    return memcmp(hearing->submitter, request->signer, MESSAGE_KEY_SIZE) == 0 ||
           http_request_is_by_reader(request);
}

/* The hearing that is asked for; NULL when the request has been answered instead. Whether a case is
 * there at all is not for everybody, so the submitter is looked at first. */
static const struct coordinator_store_case *find(struct http_request *request, struct arena *arena,
                                                 bool wants_result)
{
    const struct http_state_wanted any = {.case_id = &request->target};
    const struct http_state_wanted wanted = {
        .case_id = &request->target, .attempt = request->attempt, .wants_result = wants_result};
    struct coordinator_store *store = request->http->options.store;
    const struct coordinator_store_case *hearing = NULL;
    struct error error;
    bool is_ok = http_state_find(store, &any, arena, &hearing, &error);

    if (is_ok && !may_read(request, hearing)) {
        is_ok = error_set(&error, ERROR_NOT_FOUND, "the case is not known here");
    }
    if (is_ok && http_state_find(store, &wanted, arena, &hearing, &error)) {
        return hearing;
    }
    if (error.code == ERROR_NOT_FOUND) {
        http_request_refuse(request, 404, "%s", error.message);
    } else {
        http_request_fail(request, &error);
    }
    return NULL;
}

void http_case_answer_state(struct http_request *request)
{
    struct arena *arena = arena_create(HTTP_STATE_ARENA_MAX);
    const struct coordinator_store_case *hearing = find(request, arena, false);
    struct buffer body = {0};

    if (hearing != NULL) {
        http_state_write(&request->http->options, hearing, arena, &body);
        http_request_answer_json(request, 200, &body);
    }
    arena_destroy(arena);
}

void http_case_answer_events(struct http_request *request)
{
    struct arena *arena = arena_create(HTTP_STATE_ARENA_MAX);
    const struct coordinator_store_case *hearing = find(request, arena, false);

    if (hearing != NULL) {
        http_events_answer(request, hearing->attempt);
    }
    arena_destroy(arena);
}

/* Answers with what READ appends for the hearing. */
static void answer_result(struct http_request *request,
                          bool (*read)(struct coordinator_store *store,
                                       const struct coordinator_store_case *hearing,
                                       struct buffer *out, struct error *error))
{
    struct arena *arena = arena_create(HTTP_STATE_ARENA_MAX);
    const struct coordinator_store_case *hearing = find(request, arena, true);
    struct buffer body = {0};
    struct error error;

    if (hearing != NULL) {
        if (read(request->http->options.store, hearing, &body, &error)) {
            http_request_answer_json(request, 200, &body);
        } else {
            http_request_fail(request, &error);
        }
    }
    buffer_finish(&body);
    arena_destroy(arena);
}

static bool read_certificate(struct coordinator_store *store,
                             const struct coordinator_store_case *hearing, struct buffer *out,
                             struct error *error)
{
    return coordinator_store_result_certificate(store, &hearing->docket, out, error);
}

static bool read_report(struct coordinator_store *store,
                        const struct coordinator_store_case *hearing, struct buffer *out,
                        struct error *error)
{
    return coordinator_store_result_report(store, &hearing->docket, hearing->index, out, error);
}

/* Seats send what they like; only what is JSON may stand inside ours. */
static bool is_json(struct bytes text)
{
    struct arena *arena = arena_create(HTTP_STATE_ARENA_MAX);
    struct tree *tree;
    struct error error;
    bool is_ok = tree_parse_json(text, "papers", arena, &tree, &error);

    arena_destroy(arena);
    return is_ok;
}

static bool read_papers(struct coordinator_store *store,
                        const struct coordinator_store_case *hearing, struct buffer *out,
                        struct error *error)
{
    struct arena *arena = arena_create((size_t)MESSAGE_SEATS_MAX * MESSAGE_PAPERS_MAX);
    struct coordinator_store_papers *papers = NULL;
    size_t count = 0;
    const char *comma = "";
    bool is_ok = coordinator_store_result_papers(store, &hearing->docket, hearing->index, arena,
                                                 &papers, &count, error);

    buffer_append_text(out, "{\"papers\":[");
    for (size_t i = 0; i < count; i++) {
        if (is_json(papers[i].papers)) {
            buffer_format(out, "%s{\"sealed\":", comma);
            buffer_append(out, papers[i].papers.data, papers[i].papers.size);
            buffer_format(out, ",\"seat\":%u}", papers[i].seat);
            comma = ",";
        }
    }
    buffer_append_text(out, "]}");
    arena_destroy(arena);
    return is_ok;
}

void http_case_answer_certificate(struct http_request *request)
{
    answer_result(request, read_certificate);
}

void http_case_answer_report(struct http_request *request)
{
    answer_result(request, read_report);
}

void http_case_answer_papers(struct http_request *request)
{
    answer_result(request, read_papers);
}
