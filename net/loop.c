#include "net/loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#include "base/check.h"

struct loop {
    void *zmq_context;
    /* Removed ones leave NULL until the next turn, so that a turn's answers stay in place. */
    struct loop_watch *watches[LOOP_WATCHES_MAX];
    size_t watch_count;
    struct loop_timer *timers; /* In the order in which they fire. */
    struct loop_timer *due;    /* Those that this turn still has to fire. */
    struct loop_watch wake_watch;
    void (*woken)(void *context);
    void *woken_context;
    atomic_bool is_stopped;
    atomic_bool is_woken;
};

/* The loop that signals stop. */
static struct loop *_Atomic signalled_loop;

uint64_t loop_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Makes the poll return; async-signal-safe. Fails only when the poll is about to return anyway. */
static void poke(struct loop *loop)
{
    const uint64_t one = 1;
    ssize_t ignored = write(loop->wake_watch.fd, &one, sizeof(one));

    (void)ignored;
}

static void on_poke(void *context)
{
    struct loop *loop = context;
    uint64_t count;
    ssize_t ignored = read(loop->wake_watch.fd, &count, sizeof(count));

    (void)ignored;
    if (atomic_exchange(&loop->is_woken, false) && loop->woken != NULL) {
        loop->woken(loop->woken_context);
    }
}

bool loop_create(struct loop **out, struct error *error)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    if (fd < 0) {
        return error_set(error, ERROR_IO, "eventfd: %s", strerror(errno));
    }
    void *zmq_context = zmq_ctx_new();

    if (zmq_context == NULL) {
        (void)close(fd);
        return error_set(error, ERROR_IO, "libzmq: %s", zmq_strerror(errno));
    }
    struct loop *loop = calloc(1, sizeof(*loop));

    CHECK(loop != NULL);
    loop->zmq_context = zmq_context;
    loop->wake_watch = (struct loop_watch){.ready = on_poke, .context = loop, .fd = fd};
    loop_watch_add(loop, &loop->wake_watch);
    *out = loop;
    return true;
}

static void set_signal_handler(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    if (atomic_load(&signalled_loop) == loop) {
        set_signal_handler(SIG_DFL);
        atomic_store(&signalled_loop, NULL);
    }
    while (zmq_ctx_term(loop->zmq_context) != 0) {
        CHECK(errno == EINTR);
    }
    (void)close(loop->wake_watch.fd);
    free(loop);
}

static void on_signal(int number)
{
    int saved = errno;
    struct loop *loop = atomic_load(&signalled_loop);

    (void)number;
    if (loop != NULL) {
        loop_stop(loop);
    }
    errno = saved;
}

void loop_stop_on_signals(struct loop *loop)
{
    CHECK(atomic_load(&signalled_loop) == NULL);
    atomic_store(&signalled_loop, loop);
    set_signal_handler(on_signal);
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->is_stopped, true);
    poke(loop);
}

void loop_wake(struct loop *loop)
{
    atomic_store(&loop->is_woken, true);
    poke(loop);
}

void loop_on_wake(struct loop *loop, void (*woken)(void *context), void *context)
{
    loop->woken = woken;
    loop->woken_context = context;
}

void loop_watch_add(struct loop *loop, struct loop_watch *watch)
{
    CHECK(loop->watch_count < LOOP_WATCHES_MAX);
    CHECK(watch->ready != NULL);
    loop->watches[loop->watch_count] = watch;
    loop->watch_count++;
}

void loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
    for (size_t i = 0; i < loop->watch_count; i++) {
        if (loop->watches[i] == watch) {
            loop->watches[i] = NULL;
        }
    }
}

static bool unlink_timer(struct loop_timer **list, struct loop_timer *timer)
{
    for (struct loop_timer **at = list; *at != NULL; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            return true;
        }
    }
    return false;
}

void loop_timer_clear(struct loop *loop, struct loop_timer *timer)
{
    if (timer->is_set) {
        bool was_found = unlink_timer(&loop->timers, timer) || unlink_timer(&loop->due, timer);

        CHECK(was_found);
        timer->is_set = false;
    }
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t at_ms)
{
    struct loop_timer **at = &loop->timers;

    CHECK(timer->fire != NULL);
    loop_timer_clear(loop, timer);
    while (*at != NULL && (*at)->at_ms <= at_ms) {
        at = &(*at)->next;
    }
    timer->at_ms = at_ms;
    timer->is_set = true;
    timer->next = *at;
    *at = timer;
}

static void fire_timers(struct loop *loop, uint64_t now_ms)
{
    struct loop_timer **end = &loop->timers;

    while (*end != NULL && (*end)->at_ms <= now_ms) {
        end = &(*end)->next;
    }
    struct loop_timer *later = *end;

    *end = NULL;
    loop->due = loop->timers;
    loop->timers = later;
    while (loop->due != NULL) {
        struct loop_timer *timer = loop->due;

        loop->due = timer->next;
        timer->is_set = false;
        timer->fire(timer->context);
    }
}

/* Closes the gaps of removed watches and lists what is left. */
static size_t list_watches(struct loop *loop, zmq_pollitem_t items[LOOP_WATCHES_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < loop->watch_count; i++) {
        struct loop_watch *watch = loop->watches[i];

        if (watch != NULL) {
            int events = ZMQ_POLLIN | (watch->wants_write ? ZMQ_POLLOUT : 0);

            items[count] =
                (zmq_pollitem_t){.socket = watch->socket, .fd = watch->fd, .events = (short)events};
            loop->watches[count] = watch;
            count++;
        }
    }
    loop->watch_count = count;
    return count;
}

/* How long the poll may take, in milliseconds. */
static long wait_ms(const struct loop *loop, uint64_t wait_ms_max)
{
    uint64_t wait = wait_ms_max < INT_MAX ? wait_ms_max : INT_MAX;

    if (loop->timers != NULL) {
        uint64_t now_ms = loop_now_ms();
        uint64_t at_ms = loop->timers->at_ms;
        uint64_t until_ms = at_ms > now_ms ? at_ms - now_ms : 0;

        wait = until_ms < wait ? until_ms : wait;
    }
    return (long)wait;
}

bool loop_turn(struct loop *loop, uint64_t wait_ms_max, struct error *error)
{
    zmq_pollitem_t items[LOOP_WATCHES_MAX];
    size_t count = list_watches(loop, items);

    if (zmq_poll(items, (int)count, wait_ms(loop, wait_ms_max)) < 0) {
        /* A signal; its handler has poked the loop if it meant us. */
        return errno == EINTR || error_set(error, ERROR_IO, "poll: %s", zmq_strerror(errno));
    }
    for (size_t i = 0; i < count; i++) {
        struct loop_watch *watch = loop->watches[i];

        if (items[i].revents != 0 && watch != NULL) {
            watch->ready(watch->context);
        }
    }
    fire_timers(loop, loop_now_ms());
    return true;
}

bool loop_run(struct loop *loop, struct error *error)
{
    while (!atomic_exchange(&loop->is_stopped, false)) {
        if (!loop_turn(loop, INT_MAX, error)) {
            return false;
        }
    }
    return true;
}

void *loop_context(struct loop *loop)
{
    return loop->zmq_context;
}
