#ifndef TESTS_CLIENT_SERVER_H
#define TESTS_CLIENT_SERVER_H

/* A server on a loopback port that answers each connection with the next text of a script, and
 * remembers what it was asked. */

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

#define SERVER_ANSWERS_MAX 16

/* "" closes the connection without an answer. */
struct server {
    int listener;
    char url[64];
    pthread_t thread;
    size_t answer_count;
    const char *const *answers;
    size_t request_count;
    struct buffer requests[SERVER_ANSWERS_MAX];
};

/* Bytes of the body that the head in REQUEST announces. */
static inline size_t server_body_size(const char *request)
{
    const char *field = strstr(request, "Content-Length: ");

    return field == NULL ? 0 : (size_t)strtoul(field + strlen("Content-Length: "), NULL, 10);
}

static inline void server_read(int connection, struct buffer *request)
{
    char block[4096];
    const char *end = NULL;

    while ((end = strstr(buffer_text(request), "\r\n\r\n")) == NULL ||
           request->size <
               (size_t)(end - buffer_text(request)) + 4 + server_body_size(buffer_text(request))) {
        ssize_t size = recv(connection, block, sizeof(block), 0);

        if (size <= 0) {
            return;
        }
        buffer_append(request, block, (size_t)size);
    }
}

static inline void *server_serve(void *context)
{
    struct server *server = context;

    for (size_t i = 0; i < server->answer_count; i++) {
        int connection = accept(server->listener, NULL, NULL);

        if (connection < 0) {
            return NULL;
        }
        server_read(connection, &server->requests[i]);
        server->request_count = i + 1;
        (void)send(connection, server->answers[i], strlen(server->answers[i]), MSG_NOSIGNAL);
        (void)shutdown(connection, SHUT_WR);
        close(connection);
    }
    return NULL;
}

/* ANSWERS must outlive the server. */
static inline void server_start(struct server *server, const char *const *answers, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    CHECK(count <= SERVER_ANSWERS_MAX);
    *server = (struct server){.listener = socket(AF_INET, SOCK_STREAM, 0)};
    server->answers = answers;
    server->answer_count = count;
    CHECK(server->listener >= 0);
    CHECK(bind(server->listener, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(server->listener, SERVER_ANSWERS_MAX) == 0);
    CHECK(getsockname(server->listener, (struct sockaddr *)&address, &size) == 0);
    (void)snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u",
                   ntohs(address.sin_port));
    CHECK(pthread_create(&server->thread, NULL, server_serve, server) == 0);
}

/* Ends the server whether or not its script is through. */
static inline void server_stop(struct server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    CHECK(pthread_join(server->thread, NULL) == 0);
    close(server->listener);
    for (size_t i = 0; i < SERVER_ANSWERS_MAX; i++) {
        buffer_finish(&server->requests[i]);
    }
}

#endif
