#ifndef TESTS_CLIENT_DESK_H
#define TESTS_CLIENT_DESK_H

/* Coordinators as a client meets them: HTTP on loopback ports in front of a council whose results
 * were made before. Several desks share one council: what one has decided, all know.
 *
 * A desk is honest, or it shows one of the behaviours below. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/encode.h"
#include "formats/tree.h"
#include "proto/codec.h"
#include "report/findings.h"
#include "tests/client/server.h"

#define DESK_ATTEMPTS_MAX 5
#define DESK_POSTS_MAX    32
#define DESK_MEMORY       (8 * 1024 * 1024)
#define DESK_ASLEEP       6

enum desk_behaviour {
    DESK_HONEST = 0,
    DESK_DOWN,    /* Closes every connection. */
    DESK_REFUSES, /* Takes no case. */
    DESK_STALLS,  /* Takes every case and does nothing. */
    DESK_BUSTLES, /* The same, and tells of more progress every time. */
    DESK_LIES,    /* Says that all is decided, and has a certificate that few have signed. */
    DESK_FORGETS, /* Takes the case and does not know it afterwards. */
    DESK_WAKES,   /* Closes the first DESK_ASLEEP connections, and is honest then. */
    DESK_EVEN,    /* Takes even attempts only. */
    DESK_ODD,     /* Takes odd attempts only. */
};

/* A hearing as it ends. */
struct desk_result {
    enum findings_outcome outcome; /* 0 = this attempt is not decided. */
    struct buffer certificate;
    struct buffer report;
};

struct desk_post {
    uint8_t desk;
    uint8_t home;
    uint32_t attempt;
    size_t earlier_size;
};

struct desk_council {
    pthread_mutex_t mutex;
    struct desk_result results[DESK_ATTEMPTS_MAX + 1]; /* By attempt. */
    uint32_t decided;                                  /* Attempts up to this one were handed in. */
    struct buffer forged;
    size_t post_count;
    struct desk_post posts[DESK_POSTS_MAX];
    uint32_t connection_count;
};

struct desk {
    struct desk_council *council;
    uint8_t index;
    enum desk_behaviour behaviour;
    uint32_t hidden; /* Attempt that it knows nothing of; 0 = none. */
    int listener;
    char url[64];
    pthread_t thread;
    uint32_t bustle;
    uint32_t connection_count;
};

static inline void desk_answer(int connection, const char *status, const struct buffer *body)
{
    struct buffer out = {0};
    size_t sent = 0;

    buffer_format(&out, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", status,
                  body == NULL ? 0 : body->size);
    if (body != NULL) {
        buffer_append(&out, body->data, body->size);
    }
    while (sent < out.size) {
        ssize_t size = send(connection, out.data + sent, out.size - sent, MSG_NOSIGNAL);

        if (size <= 0) {
            break;
        }
        sent += (size_t)size;
    }
    buffer_finish(&out);
}

static inline void desk_say(int connection, const char *status, const char *text)
{
    struct buffer body = {0};

    buffer_append_text(&body, text);
    desk_answer(connection, status, &body);
    buffer_finish(&body);
}

/* Whether DESK does its work on ATTEMPT. */
static inline bool desk_takes(const struct desk *desk, uint32_t attempt)
{
    switch (desk->behaviour) {
    case DESK_HONEST:
    case DESK_WAKES:
        return true;
    case DESK_EVEN:
        return attempt % 2 == 0;
    case DESK_ODD:
        return attempt % 2 == 1;
    case DESK_DOWN:
    case DESK_REFUSES:
    case DESK_STALLS:
    case DESK_BUSTLES:
    case DESK_LIES:
    case DESK_FORGETS:
        return false;
    }
    CHECK_UNREACHABLE();
}

static inline bool desk_has_results(const struct desk *desk)
{
    return desk_takes(desk, 1) || desk_takes(desk, 2);
}

/* Notes the header in the body of REQUEST; true when it is taken. */
static inline bool desk_note(struct desk *desk, const char *request)
{
    struct arena *arena = arena_create(DESK_MEMORY);
    struct desk_council *council = desk->council;
    const char *body = strstr(request, "\r\n\r\n") + 4;
    const char *text = NULL;
    struct buffer payload = {0};
    struct message_header header;
    struct tree *tree = NULL;
    struct error error;

    CHECK(tree_parse_json(bytes_of_text(body), "case", arena, &tree, &error));
    CHECK(tree_need_text(tree, "header", &text, &error));
    CHECK(encode_from_base64(text, strlen(text), &payload));
    CHECK(codec_payload_decode_header(buffer_bytes(&payload), arena, &header, &error));
    bool is_refused = desk->behaviour == DESK_REFUSES ||
                      (desk_has_results(desk) && !desk_takes(desk, header.attempt));

    CHECK(council->post_count < DESK_POSTS_MAX);
    council->posts[council->post_count++] =
        (struct desk_post){desk->index, header.home, header.attempt, header.earlier.size};
    if (desk_takes(desk, header.attempt) && header.attempt > council->decided) {
        council->decided = header.attempt;
    }
    buffer_finish(&payload);
    arena_destroy(arena);
    return !is_refused;
}

static inline void desk_post(struct desk *desk, int connection, const char *request)
{
    if (desk_note(desk, request)) {
        desk_say(connection, "202 Accepted", "{}");
    } else {
        desk_say(connection, "403 Forbidden", "{\"detail\":\"not on the list\"}");
    }
}

/* The attempt that stands: as in docs/PROTOCOL.md, "The client". */
static inline uint32_t desk_standing(const struct desk *desk)
{
    const struct desk_council *council = desk->council;
    uint32_t standing = 0;

    for (uint32_t i = 1; i <= council->decided; i++) {
        enum findings_outcome outcome = council->results[i].outcome;

        if (outcome != 0 && i != desk->hidden &&
            (standing == 0 || outcome >= council->results[standing].outcome)) {
            standing = i;
        }
    }
    return standing;
}

static inline void desk_state(struct desk *desk, int connection)
{
    static const char *const phases[] = {"waiting", "assessing", "preparing", "committing"};
    const struct desk_council *council = desk->council;
    uint32_t attempt = council->decided;
    char text[256];

    if (desk->behaviour == DESK_LIES) {
        desk_say(connection, "200 OK",
                 "{\"attempt\":9,\"state\":\"decided\",\"outcome\":\"conclusive\"}");
    } else if (desk->behaviour == DESK_BUSTLES) {
        (void)snprintf(text, sizeof(text),
                       "{\"attempt\":1,\"state\":\"%s\",\"assessed\":%u,\"prepared\":%u,"
                       "\"committed\":%u,\"seats\":5}",
                       phases[desk->bustle / 5 % 4], desk->bustle % 5, desk->bustle % 5,
                       desk->bustle % 5);
        desk->bustle++;
        desk_say(connection, "200 OK", text);
    } else if (desk->behaviour == DESK_STALLS) {
        desk_say(connection, "200 OK", "{\"attempt\":1,\"state\":\"waiting\",\"seats\":5}");
    } else if (attempt == 0 || desk->behaviour == DESK_FORGETS) {
        desk_say(connection, "404 Not Found", "{\"detail\":\"no such case\"}");
    } else {
        (void)snprintf(text, sizeof(text), "{\"attempt\":%u,\"state\":\"%s\",\"seats\":5}", attempt,
                       council->results[attempt].outcome == 0 ? "assessing" : "decided");
        desk_say(connection, "200 OK", text);
    }
}

static inline void desk_result(const struct desk *desk, int connection, const char *request)
{
    const struct desk_council *council = desk->council;
    const char *query = strstr(request, "?attempt=");
    bool is_report = strstr(request, "/report") != NULL;
    uint32_t attempt = desk_standing(desk);

    if (desk->behaviour == DESK_LIES) {
        desk_answer(connection, "200 OK",
                    is_report ? &council->results[1].report : &council->forged);
        return;
    }
    if (query != NULL) {
        attempt = (uint32_t)strtoul(query + strlen("?attempt="), NULL, 10);
    }
    if (!desk_has_results(desk) || attempt == 0 || attempt > council->decided ||
        attempt == desk->hidden || council->results[attempt].outcome == 0) {
        desk_say(connection, "404 Not Found", "{\"detail\":\"not decided\"}");
        return;
    }
    desk_answer(connection, "200 OK",
                is_report ? &council->results[attempt].report
                          : &council->results[attempt].certificate);
}

static inline void desk_serve_one(struct desk *desk, int connection, const char *request)
{
    if (strncmp(request, "HEAD ", 5) == 0) {
        desk_answer(connection, "200 OK", NULL);
    } else if (strncmp(request, "POST ", 5) == 0) {
        desk_post(desk, connection, request);
    } else if (strstr(request, "/events") != NULL) {
        desk_say(connection, "406 Not Acceptable", "{}");
    } else if (strstr(request, "/certificate") != NULL || strstr(request, "/report") != NULL) {
        desk_result(desk, connection, request);
    } else {
        desk_state(desk, connection);
    }
}

static inline bool desk_is_down(const struct desk *desk)
{
    return desk->behaviour == DESK_DOWN ||
           (desk->behaviour == DESK_WAKES && desk->connection_count <= DESK_ASLEEP);
}

static inline void *desk_serve(void *context)
{
    struct desk *desk = context;

    for (int connection; (connection = accept(desk->listener, NULL, NULL)) >= 0;) {
        struct buffer request = {0};

        CHECK(pthread_mutex_lock(&desk->council->mutex) == 0);
        desk->council->connection_count++;
        desk->connection_count++;
        if (!desk_is_down(desk)) {
            server_read(connection, &request);
            desk_serve_one(desk, connection, buffer_text(&request));
        }
        CHECK(pthread_mutex_unlock(&desk->council->mutex) == 0);
        (void)shutdown(connection, SHUT_WR);
        close(connection);
        buffer_finish(&request);
    }
    return NULL;
}

static inline void desk_open(struct desk *desk, struct desk_council *council, uint8_t index,
                             enum desk_behaviour behaviour)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    *desk = (struct desk){.council = council,
                          .index = index,
                          .behaviour = behaviour,
                          .listener = socket(AF_INET, SOCK_STREAM, 0)};
    CHECK(desk->listener >= 0);
    CHECK(bind(desk->listener, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(desk->listener, 16) == 0);
    CHECK(getsockname(desk->listener, (struct sockaddr *)&address, &size) == 0);
    (void)snprintf(desk->url, sizeof(desk->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
    CHECK(pthread_create(&desk->thread, NULL, desk_serve, desk) == 0);
}

static inline void desk_close(struct desk *desk)
{
    (void)shutdown(desk->listener, SHUT_RDWR);
    CHECK(pthread_join(desk->thread, NULL) == 0);
    close(desk->listener);
}

#endif
