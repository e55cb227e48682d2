/* The keeper with real processes. */

#define _XOPEN_SOURCE 700 /* For nftw(), in program.h. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/keeper.h"
#include "tests/client/program.h"

enum { WAITS_MAX = 200, WAIT_MS = 50 };

/* Waits until process starts have made the version VERSION or more. */
static void wait_for_version(struct keeper *keeper, uint64_t version)
{
    for (size_t i = 0; i < WAITS_MAX && keeper_version(keeper) < version; i++) {
        assert_false(keeper_wait(keeper, WAIT_MS));
    }
    assert_true(keeper_version(keeper) >= version);
}

static void what_ends_is_started_again_and_logged(void **state)
{
    struct program *program = *state;
    struct keeper *keeper = keeper_create(program->directory);
    static const char *const arguments[] = {AIMS_PROGRAM_DIR "/aims", "--version", NULL};
    struct buffer log = {0};
    struct error error;
    size_t index = 9;

    assert_true(keeper_add(keeper, "short", arguments, &index, &error));
    assert_int_equal(index, 0);
    assert_true(keeper_pid(keeper, 0) > 0);
    wait_for_version(keeper, 3);
    program_read(program, "short.log", &log);
    const char *first = strstr(buffer_text(&log), "aims " AIMS_VERSION "\n");

    assert_non_null(first);
    assert_non_null(strstr(first + 1, "aims " AIMS_VERSION "\n"));
    buffer_finish(&log);
    keeper_destroy(keeper);
}

static void a_killed_process_gets_another_number_and_other_arguments(void **state)
{
    struct program *program = *state;
    struct keeper *keeper = keeper_create(program->directory);
    static const char *const arguments[] = {"/bin/sleep", "1000", NULL};
    static const char *const again[] = {"/bin/sleep", "2000", NULL};
    struct error error;
    size_t index = 0;

    assert_true(keeper_add(keeper, "sleeper", arguments, &index, &error));
    assert_true(keeper_set_arguments(keeper, index, again, &error));
    pid_t pid = keeper_pid(keeper, index);

    assert_int_equal(kill(pid, SIGKILL), 0);
    wait_for_version(keeper, 2);
    assert_int_not_equal(keeper_pid(keeper, index), pid);
    keeper_destroy(keeper);
}

static void stopping_leaves_no_process_behind(void **state)
{
    struct program *program = *state;
    struct keeper *keeper = keeper_create(program->directory);
    static const char *const arguments[] = {"/bin/sleep", "1000", NULL};
    pid_t pids[3];
    struct error error;
    size_t killed = 9;

    for (size_t i = 0; i < 3; i++) {
        char name[KEEPER_NAME_SIZE];
        size_t index = 0;

        (void)snprintf(name, sizeof(name), "sleeper-%zu", i);
        assert_true(keeper_add(keeper, name, arguments, &index, &error));
        pids[i] = keeper_pid(keeper, index);
    }
    keeper_stop(keeper, &killed);
    assert_int_equal(killed, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(kill(pids[i], 0), -1);
        assert_int_equal(keeper_pid(keeper, i), 0);
    }
    keeper_destroy(keeper);
}

static void a_signal_asks_to_stop(void **state)
{
    struct program *program = *state;
    struct keeper *keeper = keeper_create(program->directory);

    assert_false(keeper_wait(keeper, 0));
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_true(keeper_wait(keeper, WAIT_MS));
    assert_int_equal(kill(getpid(), SIGINT), 0);
    assert_true(keeper_wait(keeper, WAIT_MS));
    keeper_destroy(keeper);
}

static void what_cannot_be_run_says_so_in_its_log(void **state)
{
    struct program *program = *state;
    struct keeper *keeper = keeper_create(program->directory);
    static const char *const arguments[] = {"/nowhere/program", NULL};
    struct buffer log = {0};
    struct error error;
    size_t index = 0;

    assert_true(keeper_add(keeper, "nothing", arguments, &index, &error));
    wait_for_version(keeper, 2);
    program_read(program, "nothing.log", &log);
    assert_non_null(strstr(buffer_text(&log), "cannot run '/nowhere/program'"));
    buffer_finish(&log);
    keeper_destroy(keeper);
}

static void what_ends_for_its_configuration_is_given_up(void **state)
{
    static const char *const broken[] = {
        "/bin/sh", "-c", "echo first; echo aims-agent: the roster is of another council; exit 4",
        NULL};
    static const char *const failing[] = {"/bin/sh", "-c", "exit 1", NULL};
    struct program *program = *state;
    struct keeper *keeper = keeper_create(program->directory);
    struct buffer said = {0};
    char path[2 * PROGRAM_PATH_SIZE];
    struct error error;
    size_t broken_index = 0;
    size_t failing_index = 0;

    program_path(program, "said.txt", path, sizeof(path));
    int terminal = dup(STDERR_FILENO);

    assert_non_null(freopen(path, "wb", stderr));
    assert_true(keeper_add(keeper, "broken", broken, &broken_index, &error));
    assert_true(keeper_add(keeper, "failing", failing, &failing_index, &error));
    wait_for_version(keeper, 5); /* Starts of the other one: it is started again and again. */
    (void)fflush(stderr);
    assert_int_equal(dup2(terminal, STDERR_FILENO), STDERR_FILENO);
    close(terminal);
    assert_true(keeper_has_given_up(keeper, broken_index));
    assert_false(keeper_has_given_up(keeper, failing_index));
    assert_int_equal(keeper_pid(keeper, broken_index), 0);
    program_read(program, "said.txt", &said);
    assert_non_null(strstr(buffer_text(&said),
                           "aims: broken ended (exit code 4): aims-agent: the roster is of another "
                           "council; it is not started again\n"));
    assert_non_null(strstr(buffer_text(&said), "aims: failing ended (exit code 1); it starts"));
    buffer_finish(&said);
    keeper_destroy(keeper);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, program_open, program_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_ends_is_started_again_and_logged),
        TEST(a_killed_process_gets_another_number_and_other_arguments),
        TEST(stopping_leaves_no_process_behind),
        TEST(a_signal_asks_to_stop),
        TEST(what_cannot_be_run_says_so_in_its_log),
        TEST(what_ends_for_its_configuration_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
