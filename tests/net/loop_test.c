#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "net/loop.h"

/* What happened, one letter per event. */
struct trace {
    struct loop *loop;
    char text[32];
};

struct note {
    struct trace *trace;
    char letter;
    struct loop_timer timer;
    struct loop_timer *clears; /* When it fires, unless NULL. */
    bool sets_itself;          /* For now, when it fires. */
    bool stops;
    int fd; /* Read from when ready. */
    struct loop_watch watch;
    struct loop_watch *removes; /* When ready, unless NULL. */
};

static void write_down(struct note *note)
{
    size_t length = strlen(note->trace->text);

    assert_true(length + 1 < sizeof(note->trace->text));
    note->trace->text[length] = note->letter;
}

static void on_fire(void *context)
{
    struct note *note = context;

    write_down(note);
    if (note->clears != NULL) {
        loop_timer_clear(note->trace->loop, note->clears);
    }
    if (note->sets_itself) {
        loop_timer_set(note->trace->loop, &note->timer, 0);
    }
    if (note->stops) {
        loop_stop(note->trace->loop);
    }
}

static void on_ready(void *context)
{
    struct note *note = context;

    write_down(note);
    if (note->removes != NULL) {
        loop_watch_remove(note->trace->loop, note->removes);
    }
    if (!note->watch.wants_write) {
        char byte;

        assert_int_equal(read(note->fd, &byte, 1), 1);
    }
}

static void on_woken(void *context)
{
    write_down(context);
}

static struct note note_of(struct trace *trace, char letter)
{
    return (struct note){.trace = trace, .letter = letter};
}

static void set(struct note *note, uint64_t at_ms)
{
    note->timer.fire = on_fire;
    note->timer.context = note;
    loop_timer_set(note->trace->loop, &note->timer, at_ms);
}

static void watch(struct note *note, int fd, bool wants_write)
{
    note->fd = fd;
    note->watch = (struct loop_watch){
        .ready = on_ready, .context = note, .fd = fd, .wants_write = wants_write};
    loop_watch_add(note->trace->loop, &note->watch);
}

static void turn(struct trace *trace, uint64_t wait_ms_max)
{
    struct error error;

    assert_true(loop_turn(trace->loop, wait_ms_max, &error));
}

static void run(struct trace *trace)
{
    struct error error;

    assert_true(loop_run(trace->loop, &error));
}

static int make_trace(void **state)
{
    struct trace *trace = calloc(1, sizeof(*trace));
    struct error error;

    if (!loop_create(&trace->loop, &error)) {
        return -1;
    }
    *state = trace;
    return 0;
}

static int free_trace(void **state)
{
    struct trace *trace = *state;

    loop_destroy(trace->loop);
    free(trace);
    return 0;
}

static void timers_fire_once_and_in_the_order_of_their_times(void **state)
{
    struct trace *trace = *state;
    struct note a = note_of(trace, 'a');
    struct note b = note_of(trace, 'b');
    struct note c = note_of(trace, 'c');
    struct note d = note_of(trace, 'd');
    uint64_t now_ms = loop_now_ms();

    set(&d, now_ms + 30);
    set(&b, now_ms + 10);
    set(&a, now_ms + 5);
    set(&c, now_ms + 10);
    set(&a, now_ms + 20); /* Moved. */
    d.stops = true;
    run(trace);
    assert_string_equal(trace->text, "bcad");
    assert_true(loop_now_ms() >= now_ms + 30);
    assert_false(a.timer.is_set);
    turn(trace, 0);
    assert_string_equal(trace->text, "bcad");
}

static void a_cleared_timer_does_not_fire_even_when_it_was_due(void **state)
{
    struct trace *trace = *state;
    struct note a = note_of(trace, 'a');
    struct note b = note_of(trace, 'b');
    struct note c = note_of(trace, 'c');

    set(&a, 1);
    set(&b, 2);
    set(&c, 3);
    a.clears = &b.timer;
    turn(trace, 0);
    assert_string_equal(trace->text, "ac");
    loop_timer_clear(trace->loop, &a.timer);
    assert_false(b.timer.is_set);
}

static void a_timer_that_sets_itself_does_not_hold_up_the_rest(void **state)
{
    struct trace *trace = *state;
    struct note a = note_of(trace, 'a');
    struct note b = note_of(trace, 'b');

    a.sets_itself = true;
    set(&a, 1);
    set(&b, 2);
    turn(trace, 1000);
    turn(trace, 1000);
    assert_string_equal(trace->text, "aba");
    loop_timer_clear(trace->loop, &a.timer);
}

static void a_turn_waits_no_longer_than_asked(void **state)
{
    struct trace *trace = *state;
    struct note a = note_of(trace, 'a');
    uint64_t now_ms = loop_now_ms();

    set(&a, now_ms + 3600000);
    turn(trace, 10);
    assert_true(loop_now_ms() < now_ms + 3600000 / 2);
    assert_string_equal(trace->text, "");
    loop_timer_clear(trace->loop, &a.timer);
}

static void a_descriptor_is_served_when_it_has_input_or_room(void **state)
{
    struct trace *trace = *state;
    struct note in = note_of(trace, 'i');
    struct note out = note_of(trace, 'o');
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    watch(&in, ends[0], false);
    turn(trace, 0);
    assert_string_equal(trace->text, "");
    assert_int_equal(write(ends[1], "xy", 2), 2);
    turn(trace, 1000);
    turn(trace, 1000);
    turn(trace, 0);
    assert_string_equal(trace->text, "ii");
    watch(&out, ends[1], true);
    turn(trace, 1000);
    assert_string_equal(trace->text, "iio");
    out.watch.wants_write = false;
    turn(trace, 0);
    assert_string_equal(trace->text, "iio");
    loop_watch_remove(trace->loop, &in.watch);
    loop_watch_remove(trace->loop, &out.watch);
    loop_watch_remove(trace->loop, &out.watch);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void a_watch_removed_by_another_is_not_served_any_more(void **state)
{
    struct trace *trace = *state;
    struct note a = note_of(trace, 'a');
    struct note b = note_of(trace, 'b');
    struct note c = note_of(trace, 'c');
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "wxyz", 4), 4);
    watch(&a, ends[0], false);
    watch(&b, ends[0], false);
    watch(&c, ends[0], false);
    a.removes = &b.watch;
    turn(trace, 1000);
    assert_string_equal(trace->text, "ac");
    a.removes = &a.watch;
    turn(trace, 1000);
    assert_string_equal(trace->text, "acac");
    loop_watch_remove(trace->loop, &c.watch);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void *wake_thrice_then_stop(void *loop)
{
    loop_wake(loop);
    loop_wake(loop);
    loop_wake(loop);
    loop_stop(loop);
    return NULL;
}

static void another_thread_can_wake_and_stop_the_loop(void **state)
{
    struct trace *trace = *state;
    struct note woken = note_of(trace, 'w');
    pthread_t thread;

    loop_on_wake(trace->loop, on_woken, &woken);
    assert_int_equal(pthread_create(&thread, NULL, wake_thrice_then_stop, trace->loop), 0);
    run(trace);
    assert_int_equal(pthread_join(thread, NULL), 0);
    turn(trace, 0); /* Stop may have come first. */
    assert_true(strlen(trace->text) >= 1);
    assert_true(strlen(trace->text) <= 3);
    trace->text[0] = '\0';
    loop_stop(trace->loop);
    run(trace);
    turn(trace, 0);
    assert_string_equal(trace->text, "");
}

static void several_wakes_before_a_turn_are_one(void **state)
{
    struct trace *trace = *state;
    struct note woken = note_of(trace, 'w');

    loop_on_wake(trace->loop, on_woken, &woken);
    (void)wake_thrice_then_stop(trace->loop);
    turn(trace, 1000);
    turn(trace, 0);
    assert_string_equal(trace->text, "w");
}

static void signals_stop_the_loop(void **state)
{
    struct trace *trace = *state;
    struct note timeout = note_of(trace, 't');

    loop_stop_on_signals(trace->loop);
    timeout.stops = true;
    set(&timeout, loop_now_ms() + 10000);
    assert_int_equal(raise(SIGTERM), 0);
    run(trace);
    assert_int_equal(raise(SIGINT), 0);
    run(trace);
    assert_string_equal(trace->text, "");
    loop_timer_clear(trace->loop, &timeout.timer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_fire_once_and_in_the_order_of_their_times,
                                        make_trace, free_trace),
        cmocka_unit_test_setup_teardown(a_cleared_timer_does_not_fire_even_when_it_was_due,
                                        make_trace, free_trace),
        cmocka_unit_test_setup_teardown(a_timer_that_sets_itself_does_not_hold_up_the_rest,
                                        make_trace, free_trace),
        cmocka_unit_test_setup_teardown(a_turn_waits_no_longer_than_asked, make_trace, free_trace),
        cmocka_unit_test_setup_teardown(a_descriptor_is_served_when_it_has_input_or_room,
                                        make_trace, free_trace),
        cmocka_unit_test_setup_teardown(a_watch_removed_by_another_is_not_served_any_more,
                                        make_trace, free_trace),
        cmocka_unit_test_setup_teardown(another_thread_can_wake_and_stop_the_loop, make_trace,
                                        free_trace),
        cmocka_unit_test_setup_teardown(several_wakes_before_a_turn_are_one, make_trace,
                                        free_trace),
        cmocka_unit_test_setup_teardown(signals_stop_the_loop, make_trace, free_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
