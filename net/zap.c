#include "net/zap.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <zmq.h>

#include "base/bytes.h"
#include "base/check.h"

#define ENDPOINT  "inproc://zeromq.zap.01" /* Where libzmq asks. */
#define VERSION   "1.0"
#define STATUS_OK "200"
/* "Temporarily": told 400, a libzmq peer never tries again, and a key that is unknown to this
 * roster may be known to the next. */
#define STATUS_REFUSED "300"
#define FRAME_SIZE     256 /* Bytes kept of a frame; longer ones are cut and match nothing. */

/* The frames of a request, in order; credentials of other mechanisms may follow. */
enum {
    REQUEST_VERSION,
    REQUEST_ID,
    REQUEST_DOMAIN,
    REQUEST_ADDRESS,
    REQUEST_IDENTITY,
    REQUEST_MECHANISM,
    REQUEST_CREDENTIALS,
    REQUEST_FRAMES
};

struct zap {
    pthread_t thread;
    void *socket; /* The thread's own once it runs. */
    int stop_fd;
    atomic_uint_fast64_t refused_count;
    size_t key_count;
    uint8_t keys[][KEYS_PUBLIC_SIZE];
};

struct request {
    uint8_t frames[REQUEST_FRAMES][FRAME_SIZE];
    size_t sizes[REQUEST_FRAMES];
    size_t count;
};

static bool frame_is(const struct request *request, size_t index, const char *text)
{
    return bytes_equal(bytes_of(request->frames[index], request->sizes[index]),
                       bytes_of_text(text));
}

/* The place of the key that asks, or the count of keys. */
static size_t find_key(const struct zap *zap, const struct request *request)
{
    if (request->count != REQUEST_FRAMES || !frame_is(request, REQUEST_VERSION, VERSION) ||
        !frame_is(request, REQUEST_DOMAIN, ZAP_DOMAIN) ||
        !frame_is(request, REQUEST_MECHANISM, "CURVE") ||
        request->sizes[REQUEST_CREDENTIALS] != KEYS_PUBLIC_SIZE) {
        return zap->key_count;
    }
    for (size_t i = 0; i < zap->key_count; i++) {
        if (memcmp(zap->keys[i], request->frames[REQUEST_CREDENTIALS], KEYS_PUBLIC_SIZE) == 0) {
            return i;
        }
    }
    return zap->key_count;
}

/* False when a signal came first. */
static bool receive_request(void *socket, struct request *request)
{
    int has_more = 1;
    size_t has_more_size = sizeof(has_more);

    *request = (struct request){0};
    while (has_more) {
        uint8_t excess[FRAME_SIZE];
        size_t index = request->count < REQUEST_FRAMES ? request->count : 0;
        bool is_kept = request->count < REQUEST_FRAMES;
        int size = zmq_recv(socket, is_kept ? request->frames[index] : excess, FRAME_SIZE, 0);

        if (size < 0) {
            return false;
        }
        if (is_kept) {
            request->sizes[index] = size < FRAME_SIZE ? (size_t)size : FRAME_SIZE;
        }
        request->count++;
        int result = zmq_getsockopt(socket, ZMQ_RCVMORE, &has_more, &has_more_size);

        CHECK(result == 0);
    }
    return true;
}

static void answer(struct zap *zap)
{
    struct request request;
    char user_id[24] = "";

    if (!receive_request(zap->socket, &request)) {
        return;
    }
    size_t index = find_key(zap, &request);
    bool is_known = index < zap->key_count;

    if (is_known) {
        (void)snprintf(user_id, sizeof(user_id), "%zu", index);
    } else {
        (void)atomic_fetch_add(&zap->refused_count, 1);
    }
    const struct bytes reply[] = {
        bytes_of_text(VERSION),
        bytes_of(request.frames[REQUEST_ID], request.sizes[REQUEST_ID]),
        bytes_of_text(is_known ? STATUS_OK : STATUS_REFUSED),
        bytes_of_text(is_known ? "OK" : "unknown key"),
        bytes_of_text(user_id),
        bytes_of(NULL, 0), /* No metadata. */
    };
    size_t count = sizeof(reply) / sizeof(reply[0]);

    for (size_t i = 0; i < count; i++) {
        /* The asker may be gone; then the answer is not needed. */
        (void)zmq_send(zap->socket, reply[i].data, reply[i].size, i + 1 < count ? ZMQ_SNDMORE : 0);
    }
}

/* A closed socket gives its endpoint back some time later; the next handler may want it now. */
static void close_socket(void *socket)
{
    (void)zmq_unbind(socket, ENDPOINT);
    (void)zmq_close(socket);
}

static void *serve(void *argument)
{
    struct zap *zap = argument;
    zmq_pollitem_t items[] = {
        {.socket = zap->socket, .events = ZMQ_POLLIN},
        {.fd = zap->stop_fd, .events = ZMQ_POLLIN},
    };

    while (items[1].revents == 0) {
        int ready = zmq_poll(items, 2, -1);

        CHECK(ready >= 0 || errno == EINTR);
        if (ready > 0 && items[0].revents != 0) {
            answer(zap);
        }
    }
    close_socket(zap->socket);
    return NULL;
}

/* Signals go to the threads that wait for them. */
static bool start_thread(struct zap *zap, struct error *error)
{
    sigset_t all;
    sigset_t before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&zap->thread, NULL, serve, zap);

    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0 || error_set(error, ERROR_IO, "start a thread: %s", strerror(result));
}

static bool open_socket(void *context, void **out, struct error *error)
{
    void *socket = zmq_socket(context, ZMQ_REP);

    if (socket == NULL) {
        return error_set(error, ERROR_IO, "libzmq: %s", zmq_strerror(errno));
    }
    if (zmq_bind(socket, ENDPOINT) != 0) {
        int code = errno;

        (void)zmq_close(socket);
        return error_set(error, code == EADDRINUSE ? ERROR_CONFLICT : ERROR_IO, "%s: %s", ENDPOINT,
                         zmq_strerror(code));
    }
    *out = socket;
    return true;
}

bool zap_create(void *context, const uint8_t (*keys)[KEYS_PUBLIC_SIZE], size_t count,
                struct zap **out, struct error *error)
{
    struct zap *zap = calloc(1, sizeof(*zap) + count * sizeof(zap->keys[0]));

    CHECK(zap != NULL);
    memcpy(zap->keys, keys, count * sizeof(zap->keys[0]));
    zap->key_count = count;
    zap->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (zap->stop_fd < 0) {
        error_record(error, ERROR_IO, "eventfd: %s", strerror(errno));
        goto out;
    }
    if (!open_socket(context, &zap->socket, error)) {
        goto out;
    }
    if (!start_thread(zap, error)) {
        close_socket(zap->socket);
        goto out;
    }
    *out = zap;
    return true;
out:
    if (zap->stop_fd >= 0) {
        (void)close(zap->stop_fd);
    }
    free(zap);
    return false;
}

void zap_destroy(struct zap *zap)
{
    const uint64_t one = 1;

    if (zap == NULL) {
        return;
    }
    ssize_t written = write(zap->stop_fd, &one, sizeof(one));

    CHECK(written == (ssize_t)sizeof(one));
    (void)pthread_join(zap->thread, NULL);
    (void)close(zap->stop_fd);
    free(zap);
}

uint64_t zap_refused_count(const struct zap *zap)
{
    return atomic_load(&zap->refused_count);
}
