#include "client/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/encode.h"
#include "formats/tree.h"
#include "proto/http_signature.h"

#define CONNECT_TIMEOUT_MS 5000L
#define PATH_SIZE          1024 /* Bytes of path and query. */
#define PROBLEM_MEMORY     (256 * 1024)

struct web {
    CURL *curl;
    const struct keys *keys;
    char *base; /* Without a slash at its end. */
    char *authority;
    char *prefix; /* Path that the base ends in, "" mostly. */
    char *ca_file;
    bool is_loopback;
    uint32_t idle_ms; /* Of requests that do not say; 0 = no limit. */
};

/* One request under way. */
struct transfer {
    const struct web_request *request;
    struct web_answer *answer;
    size_t answer_max;
    size_t sent;
    bool is_stopped; /* on_data has had enough. */
    bool is_too_large;
};

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *out = malloc(size);

    CHECK(out != NULL);
    memcpy(out, text, size);
    return out;
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "localhost") == 0 ||
           strcmp(host, "[::1]") == 0;
}

/* Takes URL apart: what is signed as the authority must be what goes into Host. */
static bool split_url(const char *url, struct web *web, struct error *error)
{
    CURLU *parts = curl_url();
    char *scheme = NULL;
    char *host = NULL;
    char *port = NULL;
    char *path = NULL;
    struct buffer text = {0};
    bool is_ok = curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                 (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
                 curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_PATH, &path, 0) == CURLUE_OK;

    if (is_ok) {
        (void)curl_url_get(parts, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
        buffer_format(&text, "%s%s%s", host, port == NULL ? "" : ":", port == NULL ? "" : port);
        web->authority = copy(buffer_text(&text));
        web->is_loopback = is_loopback(host);
        for (size_t end = strlen(path); end > 0 && path[end - 1] == '/'; end--) {
            path[end - 1] = '\0';
        }
        web->prefix = copy(path);
        buffer_clear(&text);
        buffer_format(&text, "%s://%s%s", scheme, web->authority, path);
        web->base = copy(buffer_text(&text));
    } else {
        error_record(error, ERROR_INVALID, "'%s' is not an address like http://host:8080", url);
    }
    buffer_finish(&text);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(path);
    curl_url_cleanup(parts);
    return is_ok;
}

bool web_open(const char *url, const struct keys *keys, const char *ca_file, struct web **out,
              struct error *error)
{
    struct web *web = calloc(1, sizeof(*web));

    CHECK(web != NULL);
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    web->keys = keys;
    web->ca_file = ca_file == NULL ? NULL : copy(ca_file);
    web->curl = curl_easy_init();
    CHECK(web->curl != NULL);
    if (!split_url(url, web, error)) {
        web_close(web);
        return false;
    }
    *out = web;
    return true;
}

void web_set_idle(struct web *web, uint32_t idle_ms)
{
    web->idle_ms = idle_ms;
}

void web_close(struct web *web)
{
    if (web != NULL) {
        curl_easy_cleanup(web->curl);
        free(web->base);
        free(web->authority);
        free(web->prefix);
        free(web->ca_file);
        free(web);
    }
}

static size_t take_data(char *data, size_t unit, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t size = unit * count;

    if (transfer->request->on_data != NULL && transfer->answer->status < 400) {
        transfer->is_stopped =
            !transfer->request->on_data(transfer->request->context, bytes_of(data, size));
        return transfer->is_stopped ? 0 : size;
    }
    if (size > transfer->answer_max - transfer->answer->body.size) {
        transfer->is_too_large = true;
        return 0;
    }
    buffer_append(&transfer->answer->body, data, size);
    return size;
}

/* Reads "HTTP/1.1 200 OK" and "Upload-Offset: 123". */
static size_t take_header(char *data, size_t unit, size_t count, void *context)
{
    static const char name[] = "upload-offset:";
    struct transfer *transfer = context;
    size_t size = unit * count;
    char line[128];
    char *value = line;

    if (size >= sizeof(line)) {
        return size;
    }
    memcpy(line, data, size);
    line[size] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    if (strncmp(line, "HTTP/", 5) == 0) {
        value += strcspn(line, " ");
        transfer->answer->status = strtol(value, NULL, 10);
    } else if (strncasecmp(line, name, sizeof(name) - 1) == 0) {
        value += sizeof(name) - 1;
        value += strspn(value, " \t");
        (void)encode_to_u64(value, UINT32_MAX, &transfer->answer->offset);
    }
    return size;
}

static size_t give_body(char *out, size_t unit, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t left = transfer->request->body.size - transfer->sent;
    size_t size = unit * count < left ? unit * count : left;

    if (size > 0) {
        memcpy(out, transfer->request->body.data + transfer->sent, size);
    }
    transfer->sent += size;
    if (transfer->request->on_sent != NULL) {
        transfer->request->on_sent(transfer->request->context, transfer->sent);
    }
    return size;
}

static void add_header(struct curl_slist **list, const char *name, const char *value)
{
    struct buffer line = {0};

    buffer_format(&line, "%s: %s", name, value);
    *list = curl_slist_append(*list, buffer_text(&line));
    CHECK(*list != NULL);
    buffer_finish(&line);
}

static const char *method_name(enum web_method method)
{
    switch (method) {
    case WEB_GET:
        return "GET";
    case WEB_HEAD:
        return "HEAD";
    case WEB_POST:
        return "POST";
    case WEB_PUT:
        return "PUT";
    }
    CHECK_UNREACHABLE();
}

static bool has_body(const struct web_request *request)
{
    return request->method == WEB_POST || request->method == WEB_PUT;
}

/* Adds the signature of docs/HTTP.md over method, authority, path, query and digest of the body. */
static bool sign(const struct web *web, const struct web_request *request,
                 struct curl_slist **headers, struct error *error)
{
    char digest[HTTP_SIGNATURE_DIGEST_SIZE];
    struct http_signature_field field = {"content-digest", digest};
    struct http_signature_request facts = {.method = method_name(request->method),
                                           .authority = web->authority,
                                           .query = strchr(request->path, '?'),
                                           .fields = &field};
    char path[PATH_SIZE];
    struct http_signature signature;
    struct timespec now;
    int length = snprintf(path, sizeof(path), "%s%.*s", web->prefix,
                          (int)strcspn(request->path, "?"), request->path);

    CHECK(length > 0);
    if (length >= PATH_SIZE) {
        return error_set(error, ERROR_LIMIT, "the path of a request is longer than %d bytes",
                         PATH_SIZE - 1);
    }
    facts.path = path;
    if (has_body(request) && !request->names_body) {
        http_signature_digest(request->body, digest);
        add_header(headers, "Content-Digest", digest);
        facts.field_count = 1;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (!http_signature_sign(web->keys, &facts, (uint64_t)now.tv_sec, &signature, error)) {
        return false;
    }
    add_header(headers, "Aims-Key", signature.key);
    add_header(headers, "Signature-Input", signature.input);
    add_header(headers, "Signature", signature.signature);
    return true;
}

static void set_method(CURL *curl, struct transfer *transfer)
{
    const struct web_request *request = transfer->request;

    switch (request->method) {
    case WEB_GET:
        break;
    case WEB_HEAD:
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
        break;
    case WEB_POST:
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
        break;
    case WEB_PUT:
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
        curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
        break;
    }
}

static void set_limits(const struct web *web, const struct web_request *request)
{
    CURL *curl = web->curl;
    uint32_t timeout_ms = request->timeout_ms == 0 ? WEB_TIMEOUT_MS : request->timeout_ms;
    uint32_t idle_ms = request->idle_ms == 0 ? web->idle_ms : request->idle_ms;

    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    if (idle_ms > 0) {
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)(idle_ms / 1000));
    }
    if (web->is_loopback) {
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    }
    if (web->ca_file != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, web->ca_file);
    }
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "aims/" AIMS_VERSION);
}

static bool add_headers(const struct web *web, const struct web_request *request,
                        struct curl_slist **headers, struct error *error)
{
    if (has_body(request)) {
        add_header(headers, "Content-Type", request->content_type);
    }
    if (request->content_range != NULL) {
        add_header(headers, "Content-Range", request->content_range);
    }
    if (request->last_event_id != NULL) {
        add_header(headers, "Last-Event-ID", request->last_event_id);
    }
    return web->keys == NULL || sign(web, request, headers, error);
}

/* Runs the transfer that is set up on web->curl. */
static bool perform(struct web *web, struct transfer *transfer, struct error *error)
{
    CURLcode code = curl_easy_perform(web->curl);

    if (transfer->is_too_large) {
        return error_set(error, ERROR_LIMIT, "the answer of %s to '%s' is over %zu bytes",
                         web->base, transfer->request->path, transfer->answer_max);
    }
    /* A server that refuses an upload may close before it has read all of it. */
    bool is_refusal =
        transfer->answer->status >= 400 && (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR);

    if (code == CURLE_OK || transfer->is_stopped || is_refusal) {
        return true;
    }
    return error_set(error, ERROR_TIMEOUT, "%s: %s", web->base, curl_easy_strerror(code));
}

bool web_send(struct web *web, const struct web_request *request, struct web_answer *out,
              struct error *error)
{
    struct transfer transfer = {
        .request = request,
        .answer = out,
        .answer_max = request->answer_max == 0 ? WEB_ANSWER_MAX : request->answer_max,
    };
    struct curl_slist *headers = NULL;
    struct buffer url = {0};

    *out = (struct web_answer){0};
    curl_easy_reset(web->curl);
    buffer_format(&url, "%s%s", web->base, request->path);
    bool is_ok = add_headers(web, request, &headers, error);

    if (is_ok) {
        curl_easy_setopt(web->curl, CURLOPT_URL, buffer_text(&url));
        curl_easy_setopt(web->curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(web->curl, CURLOPT_WRITEFUNCTION, take_data);
        curl_easy_setopt(web->curl, CURLOPT_WRITEDATA, &transfer);
        curl_easy_setopt(web->curl, CURLOPT_HEADERFUNCTION, take_header);
        curl_easy_setopt(web->curl, CURLOPT_HEADERDATA, &transfer);
        set_limits(web, request);
        set_method(web->curl, &transfer);
        is_ok = perform(web, &transfer, error);
    }
    curl_slist_free_all(headers);
    buffer_finish(&url);
    return is_ok;
}

void web_answer_finish(struct web_answer *answer)
{
    buffer_finish(&answer->body);
}

static enum error_code code_of(long status)
{
    if (status >= 500) {
        return ERROR_TIMEOUT;
    }
    if (status == 404) {
        return ERROR_NOT_FOUND;
    }
    if (status == 401 || status == 403) {
        return ERROR_DENIED;
    }
    return status == 409 ? ERROR_CONFLICT : ERROR_INVALID;
}

void web_refused(const struct web_answer *answer, struct error *error)
{
    struct arena *arena = arena_create(PROBLEM_MEMORY);
    struct tree *tree = NULL;
    struct error ignored;
    const struct tree *detail = NULL;

    if (answer->body.size <= PROBLEM_MEMORY / 4 &&
        tree_parse_json(buffer_bytes(&answer->body), "answer", arena, &tree, &ignored)) {
        detail = tree_get(tree, "detail");
        detail = detail == NULL ? tree_get(tree, "title") : detail;
    }
    if (detail != NULL && detail->type == TREE_TEXT) {
        error_record(error, code_of(answer->status), "the coordinator answers %ld: %s",
                     answer->status, detail->text);
    } else {
        error_record(error, code_of(answer->status), "the coordinator answers %ld", answer->status);
    }
    arena_destroy(arena);
}

bool web_get(struct web *web, const char *path, size_t answer_max, struct web_answer *out,
             struct error *error)
{
    struct web_request request = {.method = WEB_GET, .path = path, .answer_max = answer_max};

    if (!web_send(web, &request, out, error)) {
        return false;
    }
    return out->status == 200 || WEB_REFUSED(out, error);
}
