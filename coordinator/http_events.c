#include "coordinator/http_events.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "coordinator/http_state.h"

#define BLOCK_SIZE 4096 /* Bytes that the library asks for at once. */

struct follower {
    struct follower *next;
    struct follower *previous;
    struct http *http;
    struct MHD_Connection *connection;
    struct digest case_id;
    uint32_t attempt;
    uint64_t number;    /* Of the last event. */
    uint64_t beat;      /* The last one that was answered with anything. */
    struct buffer last; /* State told last. */
    struct buffer text; /* To be sent, from sent on. */
    size_t sent;
    bool is_over;
    bool is_asleep; /* Its connection is suspended. */
};

struct http_events {
    pthread_mutex_t mutex;
    pthread_cond_t ending;
    pthread_t thread;
    struct timespec beat_time;
    uint64_t change; /* Counts notifications. */
    uint64_t beat;   /* Counts beats. */
    bool is_ending;
    struct follower *followers;
};

static void lock(struct http_events *events)
{
    int failed = pthread_mutex_lock(&events->mutex);

    CHECK(failed == 0);
}

static void unlock(struct http_events *events)
{
    int failed = pthread_mutex_unlock(&events->mutex);

    CHECK(failed == 0);
}

/* With the mutex held. */
static void wake_all(struct http_events *events)
{
    events->change++;
    for (struct follower *follower = events->followers; follower != NULL;
         follower = follower->next) {
        if (follower->is_asleep) {
            follower->is_asleep = false;
            MHD_resume_connection(follower->connection);
        }
    }
}

void http_events_notify(struct http_events *events)
{
    lock(events);
    wake_all(events);
    unlock(events);
}

/* ---- the beat ---- */

static struct timespec add(struct timespec time, struct timespec span)
{
    time.tv_sec += span.tv_sec;
    time.tv_nsec += span.tv_nsec;
    if (time.tv_nsec >= 1000000000) {
        time.tv_nsec -= 1000000000;
        time.tv_sec++;
    }
    return time;
}

static void *run_beat(void *context)
{
    struct http_events *events = context;
    struct timespec next;

    (void)clock_gettime(CLOCK_MONOTONIC, &next);
    lock(events);
    while (!events->is_ending) {
        next = add(next, events->beat_time);
        while (!events->is_ending &&
               pthread_cond_timedwait(&events->ending, &events->mutex, &next) == 0) {
        }
        events->beat++;
        wake_all(events);
    }
    unlock(events);
    return NULL;
}

bool http_events_create(uint32_t beat_ms, struct http_events **out, struct error *error)
{
    struct http_events *events = calloc(1, sizeof(*events));
    pthread_condattr_t attributes;

    CHECK(events != NULL);
    events->beat_time.tv_sec = beat_ms / 1000;
    events->beat_time.tv_nsec = (long)(beat_ms % 1000) * 1000000;
    int failed = pthread_mutex_init(&events->mutex, NULL);

    CHECK(failed == 0);
    failed = pthread_condattr_init(&attributes);
    CHECK(failed == 0);
    failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    CHECK(failed == 0);
    failed = pthread_cond_init(&events->ending, &attributes);
    CHECK(failed == 0);
    (void)pthread_condattr_destroy(&attributes);
    failed = pthread_create(&events->thread, NULL, run_beat, events);
    if (failed != 0) {
        (void)pthread_cond_destroy(&events->ending);
        (void)pthread_mutex_destroy(&events->mutex);
        free(events);
        return error_set(error, ERROR_IO, "cannot start a thread: %s", strerror(failed));
    }
    *out = events;
    return true;
}

void http_events_end(struct http_events *events)
{
    lock(events);
    events->is_ending = true;
    (void)pthread_cond_signal(&events->ending);
    wake_all(events);
    unlock(events);
    int failed = pthread_join(events->thread, NULL);

    CHECK(failed == 0);
}

void http_events_destroy(struct http_events *events)
{
    if (events != NULL) {
        CHECK(events->followers == NULL);
        (void)pthread_cond_destroy(&events->ending);
        (void)pthread_mutex_destroy(&events->mutex);
        free(events);
    }
}

/* ---- one follower, on the HTTP thread ---- */

/* Puts an event into text if the state is another than the one told last. */
static void tell_state(struct follower *follower)
{
    const struct http_options *options = &follower->http->options;
    const struct http_state_wanted wanted = {.case_id = &follower->case_id,
                                             .attempt = follower->attempt};
    struct arena *arena = arena_create(HTTP_STATE_ARENA_MAX);
    const struct coordinator_store_case *hearing = NULL;
    struct buffer state = {0};
    struct error error;

    if (!http_state_find(options->store, &wanted, arena, &hearing, &error)) {
        log_line(LOG_ERROR, "http: events: %s", error.message);
        follower->is_over = true;
    } else {
        http_state_write(options, hearing, arena, &state);
        follower->is_over = hearing->state == COORDINATOR_STORE_DECIDED;
    }
    arena_destroy(arena);
    if (state.size > 0 && !bytes_equal(buffer_bytes(&state), buffer_bytes(&follower->last))) {
        buffer_format(&follower->text, "id: %llu\nevent: state\ndata: %s\n\n",
                      (unsigned long long)++follower->number, buffer_text(&state));
        buffer_clear(&follower->last);
        buffer_append(&follower->last, state.data, state.size);
    }
    buffer_finish(&state);
}

/* Fills text, or suspends the connection; false when the stream is over. */
static bool refill(struct follower *follower)
{
    struct http_events *events = follower->http->events;
    bool is_ending = false;

    buffer_clear(&follower->text);
    follower->sent = 0;
    while (follower->text.size == 0 && !follower->is_over && !is_ending) {
        lock(events);
        uint64_t change = events->change;
        uint64_t beat = events->beat;

        unlock(events);
        tell_state(follower);
        if (follower->text.size == 0 && beat != follower->beat) {
            buffer_append_text(&follower->text, ": still here\n\n");
        }
        follower->beat = beat;
        lock(events);
        is_ending = events->is_ending;
        if (follower->text.size == 0 && !follower->is_over && !is_ending &&
            events->change == change) {
            follower->is_asleep = true;
            MHD_suspend_connection(follower->connection);
            unlock(events);
            return true;
        }
        unlock(events);
    }
    return follower->text.size > 0;
}

/* What the library calls for more of the stream. */
static ssize_t read_stream(void *context, uint64_t position, char *out, size_t size_max)
{
    struct follower *follower = context;

    (void)position;
    if (follower->sent == follower->text.size && !refill(follower)) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    size_t left = follower->text.size - follower->sent;
    size_t size = left < size_max ? left : size_max;

    if (size > 0) { /* Else it sleeps. */
        memcpy(out, follower->text.data + follower->sent, size);
        follower->sent += size;
    }
    return (ssize_t)size;
}

static void leave(void *context)
{
    struct follower *follower = context;
    struct http_events *events = follower->http->events;

    lock(events);
    if (follower->next != NULL) {
        follower->next->previous = follower->previous;
    }
    if (follower->previous != NULL) {
        follower->previous->next = follower->next;
    } else {
        events->followers = follower->next;
    }
    unlock(events);
    buffer_finish(&follower->last);
    buffer_finish(&follower->text);
    free(follower);
}

void http_events_answer(struct http_request *request, uint32_t attempt)
{
    struct http_events *events = request->http->events;
    const char *last = http_request_header(request, "Last-Event-ID");
    struct follower *follower = calloc(1, sizeof(*follower));

    CHECK(follower != NULL);
    follower->http = request->http;
    follower->connection = request->connection;
    follower->case_id = request->target;
    follower->attempt = attempt;
    if (last != NULL && !encode_to_u64(last, INT64_MAX, &follower->number)) {
        follower->number = 0;
    }
    lock(events);
    follower->beat = events->beat;
    follower->next = events->followers;
    if (follower->next != NULL) {
        follower->next->previous = follower;
    }
    events->followers = follower;
    unlock(events);
    http_request_queue(request, 200, "text/event-stream",
                       MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream,
                                                         follower, leave));
}
