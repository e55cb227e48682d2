/* A whole council of real processes: real sockets, real SQLite files, kill -9. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "formats/tree.h"

#define DEADLINE_S 120
#define ARGS_MAX   24
#define PATH_SIZE  512

extern char **environ;

struct fixture {
    char dir[64];
    pid_t council;
};

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Lets others run until the next look. */
static void pause_briefly(void)
{
    struct timespec wait = {.tv_nsec = 20000000};

    (void)nanosleep(&wait, NULL);
}

static const char *path_of(const struct fixture *fixture, const char *name)
{
    static char paths[8][PATH_SIZE];
    static unsigned next;
    char *path = paths[next++ % 8];

    (void)snprintf(path, PATH_SIZE, "%s/%s", fixture->dir, name);
    return path;
}

/* Starts `aims ARGUMENTS...`, its output going to the file OUTPUT. */
static pid_t start(const char *output, const char *const *arguments)
{
    char *argv[ARGS_MAX + 2] = {(char *)(uintptr_t)(AIMS_PROGRAM_DIR "/aims")};
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    for (size_t i = 0; arguments[i] != NULL; i++) {
        assert_true(i < ARGS_MAX);
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, fd, STDERR_FILENO);
    int failed = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);

    (void)posix_spawn_file_actions_destroy(&actions);
    close(fd);
    assert_int_equal(failed, 0);
    return pid;
}

static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        assert_int_equal(errno, EINTR);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void print_file(const char *path)
{
    char text[4096];
    FILE *file = fopen(path, "r");

    if (file != NULL) {
        size_t size = fread(text, 1, sizeof(text) - 1, file);

        text[size] = '\0';
        print_message("%s:\n%s\n", path, text);
        (void)fclose(file);
    }
}

/* Runs `aims ARGUMENTS...` to its end; its output stays in the file run.log. */
static int run(const struct fixture *fixture, const char *const *arguments)
{
    return wait_for(start(path_of(fixture, "run.log"), arguments));
}

#define RUN(fixture, ...) run((fixture), (const char *const[]){__VA_ARGS__, NULL})

#define ASSERT_RUN(fixture, want, ...)                                                             \
    do {                                                                                           \
        int got = RUN((fixture), __VA_ARGS__);                                                     \
        if (got != (want)) {                                                                       \
            print_file(path_of((fixture), "run.log"));                                             \
        }                                                                                          \
        assert_int_equal(got, (want));                                                             \
    } while (0)

/* Reads the JSON file PATH into ARENA; NULL when it is not there or not whole. */
static const struct tree *read_json(const char *path, struct arena *arena)
{
    static uint8_t data[1 << 20];
    struct tree *tree = NULL;
    struct error error;
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        return NULL;
    }
    size_t size = fread(data, 1, sizeof(data), file);

    (void)fclose(file);
    return tree_parse_json(bytes_of(data, size), path, arena, &tree, &error) ? tree : NULL;
}

static pid_t pid_of(const struct fixture *fixture, const char *name)
{
    struct arena *arena = arena_create(1 << 24);
    const struct tree *pids =
        tree_get(read_json(path_of(fixture, "council/run.json"), arena), "pids");
    const struct tree *pid = tree_get(pids, name);
    pid_t result = pid == NULL ? 0 : (pid_t)pid->integer;

    arena_destroy(arena);
    return result;
}

static void start_council(struct fixture *fixture)
{
    uint64_t until = now_ms() + DEADLINE_S * 1000;
    const char *ready = path_of(fixture, "ready");

    (void)unlink(ready);
    fixture->council = start(path_of(fixture, "council.log"),
                             (const char *const[]){"council", "run", path_of(fixture, "council"),
                                                   "--ready-file", ready, NULL});
    while (access(ready, F_OK) != 0) {
        if (now_ms() > until) {
            print_file(path_of(fixture, "council.log"));
            fail_msg("the council did not come up");
        }
        pause_briefly();
    }
}

static void stop_council(struct fixture *fixture)
{
    assert_int_equal(kill(fixture->council, SIGTERM), 0);
    assert_int_equal(wait_for(fixture->council), 0);
    fixture->council = 0;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    (void)snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/aims-e2e-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    ASSERT_RUN(fixture, 0, "council", "create", path_of(fixture, "council"), "--seats", "5");
    ASSERT_RUN(fixture, 0, "key", "create", path_of(fixture, "a.seed"));
    ASSERT_RUN(fixture, 0, "key", "create", path_of(fixture, "b.seed"));
    ASSERT_RUN(fixture, 0, "pack", AIMS_SOURCE_DIR "/examples/meridian", "-o",
               path_of(fixture, "a.aims"), "--key", path_of(fixture, "a.seed"), "--roster",
               path_of(fixture, "council/roster.json"));
    ASSERT_RUN(fixture, 0, "pack", AIMS_SOURCE_DIR "/examples/meridian", "-o",
               path_of(fixture, "b.aims"), "--key", path_of(fixture, "b.seed"), "--roster",
               path_of(fixture, "council/roster.json"));
    start_council(fixture);
    *state = fixture;
    return 0;
}

static void remove_tree(const char *path)
{
    pid_t pid = 0;
    char *argv[] = {(char *)(uintptr_t) "rm", (char *)(uintptr_t) "-rf", (char *)(uintptr_t)path,
                    NULL};

    assert_int_equal(posix_spawnp(&pid, "rm", NULL, NULL, argv, environ), 0);
    (void)wait_for(pid);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    if (fixture->council != 0) {
        stop_council(fixture);
    }
    remove_tree(fixture->dir);
    free(fixture);
    return 0;
}

static int submit(const struct fixture *fixture, const char *bundle, const char *key,
                  const char *out)
{
    return RUN(fixture, "submit", path_of(fixture, bundle), "--key", path_of(fixture, key),
               "--council", path_of(fixture, "council"), "--wait", "--timeout", "120", "--out",
               path_of(fixture, out));
}

static void the_example_is_recommended_with_conditions_and_verifies_offline(void **state)
{
    struct fixture *fixture = *state;
    int status = submit(fixture, "a.aims", "a.seed", "out");

    if (status != 0) {
        print_file(path_of(fixture, "run.log"));
    }
    assert_int_equal(status, 0);
    struct arena *arena = arena_create(1 << 28);
    const char *decision = NULL;
    struct error error;
    const struct tree *report = read_json(path_of(fixture, "out/report.json"), arena);

    assert_non_null(report);
    assert_true(tree_need_text(report, "decision", &decision, &error));
    assert_string_equal(decision, "recommendedWithConditions");
    arena_destroy(arena);
    stop_council(fixture);
    ASSERT_RUN(fixture, 0, "verify", path_of(fixture, "out/certificate.json"), "--roster",
               path_of(fixture, "council/roster.json"), "--report",
               path_of(fixture, "out/report.json"), "--bundle", path_of(fixture, "a.aims"));
    start_council(fixture);
}

static void the_same_evidence_again_is_the_same_case(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(submit(fixture, "a.aims", "a.seed", "again"), 0);
    ASSERT_RUN(fixture, 0, "pack", AIMS_SOURCE_DIR "/examples/meridian", "-o",
               path_of(fixture, "a2.aims"), "--key", path_of(fixture, "a.seed"), "--roster",
               path_of(fixture, "council/roster.json"));
    assert_int_equal(submit(fixture, "a2.aims", "a.seed", "again2"), 0);
    /* Sealed anew the file differs; the certificate is the one that stands. */
    struct arena *arena = arena_create(1 << 28);
    const struct tree *one = read_json(path_of(fixture, "again/certificate.json"), arena);
    const char *payload = NULL;
    struct error error;

    assert_non_null(one);
    assert_true(tree_need_text(one, "payload", &payload, &error));
    const struct tree *two = read_json(path_of(fixture, "again2/certificate.json"), arena);
    const char *payload_again = NULL;

    assert_non_null(two);
    assert_true(tree_need_text(two, "payload", &payload_again, &error));
    assert_string_equal(payload, payload_again);
    arena_destroy(arena);
}

static void another_submitter_cannot_see_the_case(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = arena_create(1 << 28);
    const struct tree *report = read_json(path_of(fixture, "out/report.json"), arena);
    const char *case_id = NULL;
    struct error error;

    assert_non_null(report);
    assert_true(tree_need_text(report, "case", &case_id, &error));
    ASSERT_RUN(fixture, 0, "status", case_id, "--key", path_of(fixture, "a.seed"), "--council",
               path_of(fixture, "council"));
    assert_int_not_equal(RUN(fixture, "status", case_id, "--key", path_of(fixture, "b.seed"),
                             "--council", path_of(fixture, "council")),
                         0);
    arena_destroy(arena);
}

static void killed_processes_come_back_and_the_case_is_decided(void **state)
{
    struct fixture *fixture = *state;
    pid_t submitter =
        start(path_of(fixture, "submit.log"),
              (const char *const[]){"submit", path_of(fixture, "b.aims"), "--key",
                                    path_of(fixture, "b.seed"), "--council",
                                    path_of(fixture, "council"), "--wait", "--timeout", "120",
                                    "--out", path_of(fixture, "out-b"), NULL});
    static const char *const victims[] = {"coordinator-0", "seat-00", "seat-03"};

    for (size_t i = 0; i < 3; i++) {
        pid_t pid = pid_of(fixture, victims[i]);

        assert_true(pid > 1);
        assert_int_equal(kill(pid, SIGKILL), 0);
    }
    int status = wait_for(submitter);

    if (status != 0) {
        print_file(path_of(fixture, "submit.log"));
        print_file(path_of(fixture, "council.log"));
    }
    assert_int_equal(status, 0);
    ASSERT_RUN(fixture, 0, "verify", path_of(fixture, "out-b/certificate.json"), "--roster",
               path_of(fixture, "council/roster.json"), "--report",
               path_of(fixture, "out-b/report.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_recommended_with_conditions_and_verifies_offline),
        cmocka_unit_test(the_same_evidence_again_is_the_same_case),
        cmocka_unit_test(another_submitter_cannot_see_the_case),
        cmocka_unit_test(killed_processes_come_back_and_the_case_is_decided),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
