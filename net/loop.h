#ifndef NET_LOOP_H
#define NET_LOOP_H

/* One thread's poll loop: sockets, file descriptors and timers, and what other threads may ask.
 *
 *     loop_create -> watches and timers -> loop_run ... loop_stop -> loop_destroy
 *
 * Everything that a loop calls, it calls from loop_run(), one thing at a time. All functions belong
 * to the thread that runs the loop, except loop_wake() and loop_stop(), which any thread and any
 * signal handler may call. A loop owns the libzmq context of its links. */

#include <stdint.h>

#include "base/error.h"

#define LOOP_WATCHES_MAX 256

struct loop;

/* What to wait for. The caller owns it, fills it in, and leaves it where it is while it
 * is watched. */
struct loop_watch {
    void (*ready)(void *context); /* It can be read or written, as asked, or is broken: try. */
    void *context;
    void *socket;     /* A libzmq socket, or NULL for FD. */
    int fd;           /* Not blocking, or READY must take care. */
    bool wants_write; /* Wait for room to write, besides for input; may change at any time. */
};

/* Something to do later, once. The caller owns it, fills in the first two, and leaves it where it
 * is while it is set. */
struct loop_timer {
    void (*fire)(void *context);
    void *context;
    uint64_t at_ms;          /* By loop_now_ms(). */
    bool is_set;             /* From here on the loop's own. */
    struct loop_timer *next; /* The next to fire. */
};

/* Milliseconds of a clock that never goes back and starts anywhere. */
uint64_t loop_now_ms(void);

/* The caller destroys the loop, after the links on it were closed.
 *
 * Errors: ERROR_IO when the system has no descriptor or thread left. */
MUST_USE bool loop_create(struct loop **out, struct error *error);

/* Waits for the links' last messages to go, at most their linger time. destroy(NULL) does
 * nothing. */
void loop_destroy(struct loop *loop);

/* From now on SIGINT and SIGTERM stop LOOP. One loop of a process can have them. */
void loop_stop_on_signals(struct loop *loop);

/* Serves the loop until somebody calls loop_stop(); at once when it was called before. The loop can
 * run again afterwards.
 *
 * Errors: ERROR_IO when waiting itself fails. */
MUST_USE bool loop_run(struct loop *loop, struct error *error);

/* One turn: waits at most WAIT_MS_MAX for something to happen and serves it.
 *
 * Errors: as loop_run(). */
MUST_USE bool loop_turn(struct loop *loop, uint64_t wait_ms_max, struct error *error);

/* Ends loop_run() after the callback that is running. */
void loop_stop(struct loop *loop);

/* Has the loop call what loop_on_wake() named, once for any number of calls before it does. */
void loop_wake(struct loop *loop);
void loop_on_wake(struct loop *loop, void (*woken)(void *context), void *context);

/* At most LOOP_WATCHES_MAX watches at once. A watch may be removed by any callback, its own as
 * well; removing one that is not watched does nothing. */
void loop_watch_add(struct loop *loop, struct loop_watch *watch);
void loop_watch_remove(struct loop *loop, struct loop_watch *watch);

/* Sets TIMER, or moves it. A timer that a callback sets fires in the next turn at the earliest,
 * however late AT_MS is. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t at_ms);
/* Clears TIMER; does nothing when it is not set. */
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

/* The libzmq context, for the files of this folder. */
void *loop_context(struct loop *loop);

#endif
