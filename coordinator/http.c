#include "coordinator/http.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/encode.h"
#include "coordinator/http_bundle.h"
#include "coordinator/http_case.h"
#include "coordinator/http_events.h"
#include "coordinator/http_misconduct.h"
#include "coordinator/http_request.h"
#include "coordinator/http_state.h"
#include "crypto/hash.h"

#define CONNECTIONS_MAX        512U
#define CONNECTIONS_PER_IP_MAX 256U /* Many: behind a proxy all have its address. */
#define SILENCE_MAX_S          30U  /* Until a connection on which nothing moves is closed. */
#define MEMORY_MAX             (64U * 1024) /* Bytes of a connection: header fields and buffers. */
#define BACKLOG                128
#define HOST_SIZE              64 /* Characters of an address, with the NUL. */

static const struct http_route routes[] = {
    {"PUT", "/v1/bundles/*", false, http_bundle_begin_put, http_bundle_take,
     http_bundle_answer_put},
    {"HEAD", "/v1/bundles/*", false, http_bundle_begin_head, NULL, http_bundle_answer_head},
    {"POST", "/v1/cases", false, http_case_begin_post, http_case_take, http_case_answer_post},
    {"GET", "/v1/cases/*", true, http_case_begin_get, NULL, http_case_answer_state},
    {"GET", "/v1/cases/*/events", true, http_case_begin_get, NULL, http_case_answer_events},
    {"GET", "/v1/cases/*/certificate", true, http_case_begin_get, NULL,
     http_case_answer_certificate},
    {"GET", "/v1/cases/*/report", true, http_case_begin_get, NULL, http_case_answer_report},
    {"GET", "/v1/cases/*/papers", true, http_case_begin_get, NULL, http_case_answer_papers},
    {"GET", "/v1/misconduct", false, NULL, NULL, http_misconduct_answer_list},
    {"GET", "/v1/misconduct/#", false, http_misconduct_begin_get, NULL,
     http_misconduct_answer_proof},
    {"GET", "/v1/council", false, NULL, NULL, http_state_answer_council},
    {"GET", "/v1/status", false, NULL, NULL, http_state_answer_status},
    {"GET", "/healthz", false, NULL, NULL, http_state_answer_health},
    {"GET", "/readyz", false, NULL, NULL, http_state_answer_ready},
    {"GET", "/metrics", false, NULL, NULL, http_state_answer_metrics},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

/* ---- which route ---- */

/* Whether PATH is of PATTERN, which ends in "#"; the number goes to OUT. */
static bool is_number(const char *pattern, const char *path, uint64_t *out)
{
    size_t head = strlen(pattern) - 1;

    return strncmp(path, pattern, head) == 0 && encode_to_u64(path + head, INT64_MAX, out);
}

/* Whether PATH is of PATTERN; the digest in it goes to TARGET. */
static bool is_match(const char *pattern, const char *path, struct digest *target)
{
    const char *star = strchr(pattern, '*');
    size_t head = star == NULL ? strlen(pattern) : (size_t)(star - pattern);
    size_t hex_size = DIGEST_HEX_SIZE - 1;
    char hex[DIGEST_HEX_SIZE];

    if (strncmp(path, pattern, head) != 0) {
        return false;
    }
    if (star == NULL) {
        return path[head] == '\0';
    }
    if (strlen(path + head) < hex_size || strcmp(path + head + hex_size, star + 1) != 0) {
        return false;
    }
    memcpy(hex, path + head, hex_size);
    hex[hex_size] = '\0';
    return encode_to_digest(hex, target);
}

/* NULL when there is none; ALLOW then has the methods that the path takes. */
static const struct http_route *find_route(struct http_request *request, const char *method,
                                           struct buffer *allow)
{
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        const char *pattern = routes[i].pattern;

        if (strchr(pattern, '#') != NULL ? is_number(pattern, request->path, &request->number)
                                         : is_match(pattern, request->path, &request->target)) {
            if (strcmp(routes[i].method, method) == 0) {
                return &routes[i];
            }
            buffer_format(allow, "%s%s", allow->size > 0 ? ", " : "", routes[i].method);
        }
    }
    return NULL;
}

/* ?attempt=K, from 1, where it may be. */
static bool read_query(struct http_request *request)
{
    static const char name[] = "?attempt=";
    uint64_t attempt = 0;

    if (request->query == NULL) {
        return true;
    }
    if (!request->route->takes_attempt || strncmp(request->query, name, strlen(name)) != 0 ||
        !encode_to_u64(request->query + strlen(name), UINT32_MAX, &attempt) || attempt == 0) {
        return false;
    }
    request->attempt = (uint32_t)attempt;
    return true;
}

static bool has_body(const struct http_request *request)
{
    const char *length = http_request_header(request, "Content-Length");

    return http_request_header(request, "Transfer-Encoding") != NULL ||
           (length != NULL && strcmp(length, "0") != 0);
}

static void refuse_route(struct http_request *request, const struct buffer *allow)
{
    if (allow->size == 0) {
        http_request_refuse(request, 404, "there is nothing at this path");
    } else {
        http_request_add_header(request, "Allow", "%s", buffer_text(allow));
        http_request_refuse(request, 405, "this path takes %s", buffer_text(allow));
    }
}

/* The header fields are there. */
static void begin(struct http_request *request, const char *method)
{
    struct buffer allow = {0};

    request->route = find_route(request, method, &allow);
    if (request->route == NULL) {
        refuse_route(request, &allow);
    } else if (!read_query(request)) {
        http_request_refuse(request, 400,
                            request->route->takes_attempt
                                ? "the query may only be ?attempt= and a number from 1"
                                : "this path takes no query");
    } else if (request->route->take == NULL && has_body(request)) {
        http_request_refuse(request, 400, "a %s takes no body here", method);
    } else if (request->route->begin != NULL) {
        request->route->begin(request);
    }
    buffer_finish(&allow);
}

/* ---- what the library calls ---- */

static void *see_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
    return http_request_create(context, connection, uri);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **request_context)
{
    struct http_request *request = *request_context;

    (void)context;
    (void)connection;
    (void)url;
    (void)version;
    if (!request->is_begun) {
        request->is_begun = true;
        begin(request, method);
    } else if (*data_size > 0) {
        request->route->take(request, bytes_of(data, *data_size));
        *data_size = 0;
    } else {
        request->route->answer(request);
    }
    return request->result;
}

static void complete(void *context, struct MHD_Connection *connection, void **request_context,
                     enum MHD_RequestTerminationCode how)
{
    (void)context;
    (void)connection;
    (void)how;
    http_request_destroy(*request_context);
    *request_context = NULL;
}

/* ---- start and end ---- */

/* Cuts ADDRESS, "host:port" or "[host]:port", at its last colon. */
static bool split_address(const char *address, char host[HOST_SIZE], const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t size = colon == NULL ? 0 : (size_t)(colon - address);
    uint64_t number;

    /* The system's own reader of ports takes 99999 for 34463. */
    if (size == 0 || !encode_to_u64(colon + 1, UINT16_MAX, &number)) {
        return false;
    }
    *port = colon + 1;
    if (address[0] == '[' && address[size - 1] == ']') {
        address++;
        size -= 2;
    }
    if (size >= HOST_SIZE) {
        return false;
    }
    memcpy(host, address, size);
    host[size] = '\0';
    return true;
}

/* A listening socket at ADDRESS, or -1 with errno. */
static int listen_at(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    address->ai_protocol);
    int on = 1;

    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int failure = errno;

        (void)close(fd);
        errno = failure;
        return -1;
    }
    return fd;
}

static bool open_socket(const char *address, int *out, struct error *error)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[HOST_SIZE];
    const char *port;

    if (!split_address(address, host, &port) || getaddrinfo(host, port, &hints, &found) != 0) {
        return error_set(error, ERROR_INVALID,
                         "'%s' is no address to listen at; it looks like 127.0.0.1:8080", address);
    }
    int fd = listen_at(found);

    freeaddrinfo(found);
    if (fd < 0) {
        return error_set(error, ERROR_IO, "cannot listen at %s: %s", address, strerror(errno));
    }
    *out = fd;
    return true;
}

/* Writes where FD really listens. */
static bool name_socket(int fd, struct http *http, struct error *error)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    char host[HOST_SIZE];
    char port[8];

    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
        getnameinfo((struct sockaddr *)&address, size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return error_set(error, ERROR_IO, "a listening socket has no name");
    }
    bool is_v6 = address.ss_family == AF_INET6;

    (void)snprintf(http->url, sizeof(http->url), "http://%s%s%s:%s", is_v6 ? "[" : "", host,
                   is_v6 ? "]" : "", port);
    return true;
}

/* The roster is served as the file is; it must be the one in use. */
static bool read_roster(struct http *http, struct error *error)
{
    const char *path = http->options.roster_path;
    FILE *file = fopen(path, "rb");
    struct digest digest;
    char block[4096];
    size_t size;

    if (file == NULL) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    do {
        size = fread(block, 1, sizeof(block), file);
        buffer_append(&http->roster, block, size);
    } while (size == sizeof(block) && http->roster.size <= ROSTER_SIZE_MAX);
    (void)fclose(file);
    hash_bytes(buffer_bytes(&http->roster), &digest);
    if (!digest_equal(&digest, &http->options.roster->digest)) {
        return error_set(error, ERROR_INVALID, "%s is not the roster that was loaded from it",
                         path);
    }
    return true;
}

/* Polls, because with epoll libmicrohttpd 0.9.75 does not see an end that comes while it reads: a
 * broken upload would stay locked until it times out. */
static bool start(struct http *http, int fd, struct error *error)
{
    http->daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME, 0, NULL, NULL, handle, http,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_PER_IP_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        SILENCE_MAX_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_MAX,
        MHD_OPTION_URI_LOG_CALLBACK, see_uri, http, MHD_OPTION_NOTIFY_COMPLETED, complete, NULL,
        MHD_OPTION_END);
    if (http->daemon == NULL) {
        return error_set(error, ERROR_IO, "cannot start the HTTP server at %s", http->url);
    }
    return true;
}

bool http_open(const struct http_options *options, struct http **out, struct error *error)
{
    struct http *http = calloc(1, sizeof(*http));
    uint32_t beat_ms = options->beat_ms == 0 ? HTTP_EVENTS_BEAT_MS : options->beat_ms;
    int fd = -1;

    CHECK(http != NULL);
    http->options = *options;
    if (!read_roster(http, error) || !open_socket(options->address, &fd, error) ||
        !name_socket(fd, http, error) || !http_events_create(beat_ms, &http->events, error) ||
        !start(http, fd, error)) {
        if (fd >= 0) {
            (void)close(fd);
        }
        http_close(http);
        return false;
    }
    *out = http;
    return true;
}

void http_close(struct http *http)
{
    if (http == NULL) {
        return;
    }
    if (http->events != NULL) {
        http_events_end(http->events);
    }
    if (http->daemon != NULL) {
        MHD_stop_daemon(http->daemon);
    }
    http_events_destroy(http->events);
    buffer_finish(&http->roster);
    free(http);
}

const char *http_url(const struct http *http)
{
    return http->url;
}

void http_notify(struct http *http)
{
    if (http != NULL) {
        http_events_notify(http->events);
    }
}
