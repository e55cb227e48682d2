#include "coordinator/http_bundle.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"

#define ARENA_MAX (16U * 1024 * 1024) /* Bytes that the header of a bundle may unfold into. */

/* The part that a request brings: bytes FIRST .. FIRST + SIZE - 1 of TOTAL. */
struct part {
    uint64_t first;
    uint64_t size;
    uint64_t total;
};

/* Takes a number that ends at END, which is skipped, from *AT. */
static bool take_number(const char **at, char end, uint64_t *out)
{
    char digits[20];
    size_t size = strspn(*at, "0123456789");

    if (size >= sizeof(digits) || (*at)[size] != end) {
        return false;
    }
    memcpy(digits, *at, size);
    digits[size] = '\0';
    *at += size + (end != '\0');
    return encode_to_u64(digits, INT64_MAX, out);
}

/* bytes FIRST-LAST/TOTAL */
static bool read_range(const char *range, struct part *out)
{
    uint64_t last;

    if (strncmp(range, "bytes ", 6) != 0) {
        return false;
    }
    range += 6;
    return take_number(&range, '-', &out->first) && take_number(&range, '/', &last) &&
           take_number(&range, '\0', &out->total) && last >= out->first && last < out->total &&
           last - out->first + 1 == out->size;
}

/* Says what part of the bundle comes, or answers. */
static bool read_part(struct http_request *request, struct part *out)
{
    const char *range = http_request_header(request, "Content-Range");
    uint64_t size_max = request->http->options.bundle_size_max;

    *out = (struct part){0};
    if (!http_request_length(request, &out->size)) {
        return false;
    }
    out->total = out->size;
    if (range != NULL && !read_range(range, out)) {
        http_request_refuse(request, 400,
                            "Content-Range is not \"bytes FIRST-LAST/TOTAL\" for the "
                            "Content-Length");
        return false;
    }
    if (out->total > size_max) {
        http_request_refuse(request, 413, "the bundle has %llu bytes, at most %llu are taken",
                            (unsigned long long)out->total, (unsigned long long)size_max);
        return false;
    }
    return true;
}

static void add_offset(struct http_request *request, uint64_t offset)
{
    http_request_add_header(request, "Upload-Offset", "%llu", (unsigned long long)offset);
}

/* 409, with the offset at which an upload can go on. */
static void answer_conflict(struct http_request *request, const struct error *why)
{
    struct error error;
    uint64_t offset;

    if (!spool_offset(request->http->options.spool, &request->target, &offset, &error)) {
        http_request_fail(request, &error);
        return;
    }
    add_offset(request, offset);
    http_request_refuse(request, 409, "%s", why->message);
}

void http_bundle_begin_put(struct http_request *request)
{
    struct spool *spool = request->http->options.spool;
    struct part part;
    struct error error;
    uint64_t size;

    if (!http_request_authenticate_submitter(request, NULL)) {
        return;
    }
    if (!http_request_is_type(request, HTTP_BUNDLE_TYPE) &&
        !http_request_is_type(request, "application/octet-stream")) {
        http_request_refuse(request, 415, "a bundle comes as " HTTP_BUNDLE_TYPE);
        return;
    }
    if (!read_part(request, &part)) {
        return;
    }
    if (spool_size(spool, &request->target, &size, &error)) {
        add_offset(request, size);
        http_request_answer_empty(request, 200);
    } else if (error.code != ERROR_NOT_FOUND) {
        http_request_fail(request, &error);
    } else if (!spool_upload_open(spool, &request->target, part.first, part.total, &request->upload,
                                  &error)) {
        if (error.code == ERROR_CONFLICT) {
            answer_conflict(request, &error);
        } else {
            http_request_fail(request, &error);
        }
    }
}

void http_bundle_take(struct http_request *request, struct bytes part)
{
    request->has_failed =
        request->has_failed || !spool_upload_write(request->upload, part, &request->failure);
}

bool http_bundle_belongs(const struct bundle_header *header, const struct roster *roster,
                         const uint8_t signer[KEYS_PUBLIC_SIZE], struct error *error)
{
    if (memcmp(header->submitter.signing, signer, KEYS_PUBLIC_SIZE) != 0) {
        return error_set(error, ERROR_INVALID,
                         "the bundle was packed with another key than the request was signed with");
    }
    if (!header->is_plain && !digest_equal(&header->roster, &roster->digest)) {
        return error_set(error, ERROR_INVALID,
                         "the bundle is sealed to another roster; GET /v1/council gives this one");
    }
    return true;
}

/* Reads the complete bundle. ERROR_IO when that fails; other errors are the bundle's. */
static bool check_bundle(struct http_request *request, struct error *error)
{
    const struct http_options *options = &request->http->options;
    struct bundle_header header;
    int fd;

    if (!spool_descriptor(options->spool, &request->target, &fd, error)) {
        return false;
    }
    struct arena *arena = arena_create(ARENA_MAX);
    bool is_ok = bundle_check_sealed(fd, options->bundle_size_max, arena, &header, error) &&
                 http_bundle_belongs(&header, options->roster, request->signer, error);

    arena_destroy(arena);
    (void)close(fd);
    return is_ok;
}

static void answer_complete(struct http_request *request)
{
    struct error error;
    struct error failure;

    if (check_bundle(request, &error)) {
        http_request_add_header(request, "Location", "%s", request->path);
        http_request_answer_empty(request, 201);
    } else if (error.code == ERROR_IO) {
        http_request_fail(request, &error);
    } else if (!spool_remove(request->http->options.spool, &request->target, &failure)) {
        http_request_fail(request, &failure);
    } else {
        http_request_refuse(request, 422, "%s", error.message);
    }
}

void http_bundle_answer_put(struct http_request *request)
{
    struct error error = request->failure;
    bool is_complete = false;
    bool is_ok = !request->has_failed && spool_upload_finish(request->upload, &is_complete, &error);

    spool_upload_close(request->upload);
    request->upload = NULL;
    if (is_ok && is_complete) {
        answer_complete(request);
    } else if (is_ok) {
        http_bundle_answer_head(request);
    } else if (error.code == ERROR_CORRUPT) {
        http_request_refuse(request, 422, "%s", error.message);
    } else {
        http_request_fail(request, &error);
    }
}

void http_bundle_begin_head(struct http_request *request)
{
    (void)http_request_authenticate_submitter(request, NULL);
}

void http_bundle_answer_head(struct http_request *request)
{
    struct spool *spool = request->http->options.spool;
    struct error error;
    uint64_t offset;

    if (spool_size(spool, &request->target, &offset, &error)) {
        add_offset(request, offset);
        http_request_answer_empty(request, 200);
    } else if (error.code != ERROR_NOT_FOUND ||
               !spool_offset(spool, &request->target, &offset, &error)) {
        http_request_fail(request, &error);
    } else {
        add_offset(request, offset);
        http_request_answer_empty(request, 204);
    }
}
