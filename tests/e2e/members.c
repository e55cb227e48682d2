#include "tests/e2e/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"

#define ARGS_MAX    32
#define STOP_MS     20000
#define JSON_MEMORY (1 << 26)
#define LOG_SIZE    6000 /* Bytes of a log that are printed. */

extern char **environ;

uint64_t members_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void members_pause(void)
{
    struct timespec wait = {.tv_nsec = 20000000};

    (void)nanosleep(&wait, NULL);
}

const char *members_path(const struct members *members, const char *format, ...)
{
    static char paths[8][MEMBERS_PATH_SIZE];
    static unsigned next;
    char *path = paths[next++ % 8];
    int length = snprintf(path, MEMBERS_PATH_SIZE, "%s/", members->dir);
    va_list values;

    va_start(values, format);
    (void)vsnprintf(path + length, MEMBERS_PATH_SIZE - (size_t)length, format, values);
    va_end(values);
    return path;
}

const char *members_name(const char *kind, uint8_t index)
{
    static char names[4][MEMBERS_NAME_SIZE];
    static unsigned next;
    char *name = names[next++ % 4];

    (void)snprintf(name, sizeof(names[0]), strcmp(kind, "seat") == 0 ? "%s-%02u" : "%s-%u", kind,
                   index);
    return name;
}

/* Its log's name; valid until the next call. */
static const char *log_of(const char *name)
{
    static char log[MEMBERS_NAME_SIZE + 8];

    (void)snprintf(log, sizeof(log), "%s.log", name);
    return log;
}

void members_print(const struct members *members, const char *name)
{
    char text[LOG_SIZE + 1];
    FILE *file = fopen(members_path(members, "%s", name), "r");

    if (file == NULL) {
        return;
    }
    if (fseek(file, -LOG_SIZE, SEEK_END) != 0) {
        (void)fseek(file, 0, SEEK_SET);
    }
    size_t size = fread(text, 1, LOG_SIZE, file);

    text[size] = '\0';
    print_message("---- %s:\n%s\n", name, text);
    (void)fclose(file);
}

/* ---- processes ---- */

/* Runs PROGRAM; standard output goes to OUTPUT, standard error to ERRORS, whose names are relative
 * to the folder. */
static pid_t spawn(const struct members *members, const char *program, const char *output,
                   const char *errors, const char *const *arguments)
{
    char *argv[ARGS_MAX + 2] = {NULL};
    char path[MEMBERS_PATH_SIZE];
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    int out = open(members_path(members, "%s", output), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int err = open(members_path(members, "%s", errors), O_WRONLY | O_CREAT | O_APPEND, 0600);

    assert_true(out >= 0 && err >= 0);
    (void)snprintf(path, sizeof(path), "%s/%s", AIMS_PROGRAM_DIR, program);
    argv[0] = path;
    for (size_t i = 0; arguments[i] != NULL; i++) {
        assert_true(i < ARGS_MAX);
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    int failed = posix_spawn(&pid, path, &actions, NULL, argv, environ);

    (void)posix_spawn_file_actions_destroy(&actions);
    close(out);
    close(err);
    assert_int_equal(failed, 0);
    return pid;
}

/* The exit code; -1 when it runs for longer than WAIT_MS. */
static int end_within(pid_t pid, uint64_t wait_ms)
{
    uint64_t until_ms = members_now_ms() + wait_ms;
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (members_now_ms() > until_ms) {
            return -1;
        }
        members_pause();
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

pid_t members_begin(struct members *members, const char *output, const char *const *arguments)
{
    char errors[MEMBERS_NAME_SIZE + 8];
    size_t place = 0;

    (void)snprintf(errors, sizeof(errors), "%.*s.log", MEMBERS_NAME_SIZE, output);
    while (place < MEMBERS_CLIENTS_MAX && members->clients[place] != 0) {
        place++;
    }
    assert_true(place < MEMBERS_CLIENTS_MAX);
    members->clients[place] = spawn(members, "aims", output, errors, arguments);
    return members->clients[place];
}

/* Waits for a client's end; fails the test when it does not come. */
static int end_client(struct members *members, pid_t pid)
{
    int status = end_within(pid, MEMBERS_WAIT_MS);

    for (size_t i = 0; status >= 0 && i < MEMBERS_CLIENTS_MAX; i++) {
        if (members->clients[i] == pid) {
            members->clients[i] = 0;
        }
    }
    return status;
}

int members_run(struct members *members, const char *output, const char *const *arguments)
{
    return end_client(members, members_begin(members, output, arguments));
}

#define RUN(members, output, ...)                                                                  \
    members_run((members), (output), (const char *const[]){__VA_ARGS__, NULL})

void members_stop(pid_t *pid, int signal)
{
    if (*pid == 0) {
        return;
    }
    /* In this order: what ends with SIGTERM is not to be woken from what it does last. */
    assert_int_equal(kill(*pid, SIGCONT), 0);
    assert_int_equal(kill(*pid, signal), 0);
    if (end_within(*pid, STOP_MS) < 0) {
        (void)kill(*pid, SIGKILL);
        (void)end_within(*pid, STOP_MS);
        *pid = 0;
        fail_msg("a process did not end within %d ms", STOP_MS);
    }
    *pid = 0;
}

void members_stop_liar(struct members *members, pid_t *pid, const char *name,
                       struct members_mischief *out)
{
    char line[1024];
    bool is_told = false;

    members_stop(pid, SIGTERM);
    FILE *file = fopen(members_path(members, "%s.log", name), "r");

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *counts = strstr(line, ": ");

        if (strncmp(line, "mischief ", 9) == 0 && counts != NULL) {
            is_told = sscanf(counts, ": %llu done, %llu of them", &out->done_count,
                             &out->twice_count) == 2;
        }
    }
    (void)fclose(file);
    assert_true(is_told);
}

/* ---- the council ---- */

/* Reads the JSON file PATH into ARENA; NULL when it is not there or not whole. */
static const struct tree *read_json(const char *path, struct arena *arena)
{
    static uint8_t data[1 << 22];
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

/* Learns where coordinator INDEX listens; false while it has not said so. */
static bool read_endpoints(struct members *members, uint8_t index)
{
    struct arena *arena = arena_create(JSON_MEMORY);
    const char *url = NULL;
    const char *link = NULL;
    struct error error;
    const struct tree *tree =
        read_json(members_path(members, "council/coordinators/%u/endpoints.json", index), arena);
    bool is_there = tree != NULL && tree_need_text(tree, "http", &url, &error) &&
                    tree_need_text(tree, "link", &link, &error);

    if (is_there) {
        (void)snprintf(members->urls[index], sizeof(members->urls[index]), "%s", url);
        (void)snprintf(members->links[index], sizeof(members->links[index]), "%s", link);
    }
    arena_destroy(arena);
    return is_there;
}

/* Whether it is a Byzantine program that is started. */
static bool may_lie(const struct members *members, const char *mischief)
{
    return mischief != NULL || members->scenario != NULL;
}

/* Puts the options of the Byzantine program in front of ARGUMENTS; their number. */
static size_t tell_mischief(const struct members *members, uint8_t index, const char *mischief,
                            const char **arguments)
{
    static char node[8];
    size_t count = 0;

    (void)snprintf(node, sizeof(node), "%u", index);
    if (mischief != NULL) {
        arguments[count++] = "--strategy";
        arguments[count++] = mischief;
        arguments[count++] = "--";
    } else if (members->scenario != NULL) {
        arguments[count++] = "--scenario";
        arguments[count++] = members->scenario;
        arguments[count++] = "--node";
        arguments[count++] = node;
        arguments[count++] = "--";
    }
    return count;
}

void members_start_coordinator(struct members *members, uint8_t index, const char *mischief)
{
    const char *arguments[ARGS_MAX] = {NULL};
    const char *name = members_name("coordinator", index);
    uint64_t until_ms = members_now_ms() + MEMBERS_WAIT_MS;
    size_t count = 0;

    count = tell_mischief(members, index, mischief, arguments);
    arguments[count++] = "--config";
    arguments[count++] = members_path(members, "council/coordinators/%u/coordinator.yaml", index);
    if (members->urls[index][0] != '\0') {
        arguments[count++] = "--link";
        arguments[count++] = members->links[index];
        arguments[count++] = "--http";
        arguments[count++] = members->urls[index] + strlen("http://");
    }
    members->is_crook[index] = mischief != NULL;
    members->coordinators[index] =
        spawn(members, may_lie(members, mischief) ? "byzantine-coordinator" : "aims-coordinator",
              "ignored", log_of(name), arguments);
    while (members->urls[index][0] == '\0' && !read_endpoints(members, index)) {
        if (members_now_ms() > until_ms) {
            members_print(members, "coordinator-0.log");
            fail_msg("coordinator %u does not say where it listens", index);
        }
        members_pause();
    }
}

void members_start_seat(struct members *members, uint8_t index, const char *mischief)
{
    static char where[MEMBERS_COORDINATORS_MAX][80];
    const char *arguments[ARGS_MAX] = {NULL};
    const char *name = members_name("seat", index);
    size_t count = 0;

    count = tell_mischief(members, index, mischief, arguments);
    arguments[count++] = "--config";
    arguments[count++] = members_path(members, "council/seats/%02u/agent.yaml", index);
    for (uint8_t i = 0; i < members->coordinator_count; i++) {
        (void)snprintf(where[i], sizeof(where[i]), "%u=%s", i, members->links[i]);
        arguments[count++] = "--coordinator";
        arguments[count++] = where[i];
    }
    members->seats[index] =
        spawn(members, may_lie(members, mischief) ? "byzantine-agent" : "aims-agent", "ignored",
              log_of(name), arguments);
}

int64_t members_status(struct members *members, uint8_t coordinator, const char *name)
{
    struct arena *arena = arena_create(JSON_MEMORY);
    int64_t result = -1;

    if (RUN(members, "status.json", "council", "status", members->urls[coordinator], "--json") ==
        0) {
        const struct tree *value =
            tree_get(read_json(members_path(members, "status.json"), arena), name);

        result = value != NULL && value->type == TREE_INTEGER ? value->integer : -1;
    }
    arena_destroy(arena);
    return result;
}

void members_wait_for_seats(struct members *members, uint8_t coordinator, uint8_t count)
{
    uint64_t until_ms = members_now_ms() + MEMBERS_WAIT_MS;

    while (members_status(members, coordinator, "seatsUp") != count) {
        if (members_now_ms() > until_ms) {
            members_print(members, "status.json.log");
            members_print(members, "seat-00.log");
            fail_msg("coordinator %u does not see %u seats", coordinator, count);
        }
        members_pause();
    }
}

/* Ends a client, a liar, or whatever has ended itself. */
static void clear(pid_t *pid, bool is_wanted)
{
    if (*pid != 0 && waitpid(*pid, NULL, WNOHANG) != 0) {
        *pid = 0;
    } else if (*pid != 0 && is_wanted) {
        (void)kill(*pid, SIGCONT);
    } else {
        members_stop(pid, SIGKILL);
    }
}

void members_heal(struct members *members)
{
    for (size_t i = 0; i < MEMBERS_CLIENTS_MAX; i++) {
        clear(&members->clients[i], false);
    }
    for (uint8_t i = 0; i < members->coordinator_count; i++) {
        clear(&members->coordinators[i], !members->is_crook[i]);
        if (members->coordinators[i] == 0) {
            members_start_coordinator(members, i, NULL);
        }
    }
    for (uint8_t i = 0; i < members->seat_count; i++) {
        clear(&members->seats[i], !members->is_liar[i]);
        if (members->seats[i] == 0) {
            members_start_seat(members, i, NULL);
        }
    }
    for (uint8_t i = 0; i < members->coordinator_count; i++) {
        members_wait_for_seats(members, i, members->seat_count);
    }
}

struct members *members_create(uint8_t seat_count, uint8_t coordinator_count)
{
    struct members *members = calloc(1, sizeof(*members));
    char seats[8];
    char coordinators[8];

    assert_non_null(members);
    assert_true(seat_count <= MEMBERS_SEATS_MAX);
    assert_true(coordinator_count <= MEMBERS_COORDINATORS_MAX);
    members->seat_count = seat_count;
    members->coordinator_count = coordinator_count;
    (void)snprintf(members->dir, sizeof(members->dir), "/tmp/aims-e2e-XXXXXX");
    assert_non_null(mkdtemp(members->dir));
    (void)snprintf(seats, sizeof(seats), "%u", seat_count);
    (void)snprintf(coordinators, sizeof(coordinators), "%u", coordinator_count);
    assert_int_equal(RUN(members, "create", "council", "create", members_path(members, "council"),
                         "--seats", seats, "--coordinators", coordinators),
                     0);
    return members;
}

void members_destroy(struct members *members)
{
    char *argv[] = {(char *)(uintptr_t) "rm", (char *)(uintptr_t) "-rf", members->dir, NULL};
    pid_t pid = 0;

    for (size_t i = 0; i < MEMBERS_CLIENTS_MAX; i++) {
        members_stop(&members->clients[i], SIGKILL);
    }
    for (uint8_t i = 0; i < members->seat_count; i++) {
        members_stop(&members->seats[i], SIGTERM);
    }
    for (uint8_t i = 0; i < members->coordinator_count; i++) {
        members_stop(&members->coordinators[i], SIGTERM);
    }
    if (getenv("AIMS_KEEP") != NULL) {
        print_message("kept: %s\n", members->dir);
    } else {
        assert_int_equal(posix_spawnp(&pid, "rm", NULL, NULL, argv, environ), 0);
        (void)end_within(pid, STOP_MS);
    }
    free(members);
}

/* ---- cases ---- */

const char *members_pack(struct members *members)
{
    static char names[4][MEMBERS_NAME_SIZE];
    char *name = names[members->case_count % 4];

    (void)snprintf(name, sizeof(names[0]), "case-%u", members->case_count++);
    assert_int_equal(RUN(members, "run", "key", "create", members_path(members, "%s.seed", name)),
                     0);
    assert_int_equal(RUN(members, "run", "pack", AIMS_SOURCE_DIR "/examples/meridian", "-o",
                         members_path(members, "%s.aims", name), "--key",
                         members_path(members, "%s.seed", name), "--roster",
                         members_path(members, "council/roster.json")),
                     0);
    return name;
}

pid_t members_submit(struct members *members, const char *name, uint8_t home)
{
    static char where[MEMBERS_COORDINATORS_MAX][80];
    const char *arguments[ARGS_MAX] = {"submit",   members_path(members, "%s.aims", name),
                                       "--key",    members_path(members, "%s.seed", name),
                                       "--roster", members_path(members, "council/roster.json"),
                                       "--out",    members_path(members, "%s", name),
                                       "--wait",   "--timeout",
                                       "170",      "--home"};
    char number[8];
    size_t count = 12;

    (void)snprintf(number, sizeof(number), "%u", home);
    arguments[count++] = number;
    for (uint8_t i = 0; i < members->coordinator_count; i++) {
        (void)snprintf(where[i], sizeof(where[i]), "%u=%s", i, members->urls[i]);
        arguments[count++] = "--coordinator";
        arguments[count++] = where[i];
    }
    char output[MEMBERS_NAME_SIZE + 8];

    (void)snprintf(output, sizeof(output), "%s.out", name);
    return members_begin(members, output, arguments);
}

static void expect_conclusive(struct members *members, const char *name)
{
    struct arena *arena = arena_create(JSON_MEMORY);
    const char *outcome = NULL;
    struct error error;
    const struct tree *report = read_json(members_path(members, "%s/report.json", name), arena);

    assert_non_null(report);
    assert_true(tree_need_text(report, "outcome", &outcome, &error));
    assert_string_equal(outcome, "conclusive");
    arena_destroy(arena);
}

void members_expect_result(struct members *members, const char *name, pid_t pid)
{
    int status = end_client(members, pid);

    if (status != 0) {
        char log[MEMBERS_NAME_SIZE + 16];

        (void)snprintf(log, sizeof(log), "%s.out.log", name);
        members_print(members, log);
        for (uint8_t i = 0; i < members->coordinator_count; i++) {
            (void)snprintf(log, sizeof(log), "coordinator-%u.log", i);
            members_print(members, log);
        }
        members_print(members, "seat-00.log");
    }
    assert_int_equal(status, 0);
    expect_conclusive(members, name);
    assert_int_equal(RUN(members, "run", "verify",
                         members_path(members, "%s/certificate.json", name), "--roster",
                         members_path(members, "council/roster.json"), "--report",
                         members_path(members, "%s/report.json", name)),
                     0);
}

void members_decide(struct members *members, uint8_t home)
{
    const char *name = members_pack(members);

    members_expect_result(members, name, members_submit(members, name, home));
}

/* ---- proofs ---- */

/* Has the proof FILE checked; gives its kind, in KIND of 8 characters, and the seat that it accuses,
 * or -1 for a coordinator. */
static int check_proof(struct members *members, const char *file, char *kind)
{
    struct arena *arena = arena_create(JSON_MEMORY);
    const char *proved = NULL;
    struct error error;
    int status = RUN(members, "proof.json", "verify-misconduct", file, "--roster",
                     members_path(members, "council/roster.json"), "--json");
    const struct tree *proof = read_json(members_path(members, "proof.json"), arena);
    const struct tree *culprit = tree_get(proof, "seat");
    int seat = culprit == NULL ? -1 : (int)culprit->integer;
    bool is_ok = status == 0 && proof != NULL && tree_need_text(proof, "kind", &proved, &error);

    (void)snprintf(kind, 8, "%s", is_ok ? proved : "");
    arena_destroy(arena);
    assert_true(is_ok);
    return seat;
}

bool members_is_proved(struct members *members, uint8_t coordinator, int seat, const char *kind,
                       uint32_t *accused)
{
    char folder[128];
    char pattern[160];
    bool is_proved = false;
    glob_t found;

    (void)snprintf(folder, sizeof(folder), "%s/proofs-%llu", members->dir,
                   (unsigned long long)members_now_ms());
    assert_int_equal(RUN(members, "run", "misconduct", members->urls[coordinator], "--key",
                         members_path(members, "council/readers/lead.seed"), "--roster",
                         members_path(members, "council/roster.json"), "-o", folder),
                     0);
    (void)snprintf(pattern, sizeof(pattern), "%s/*.json", folder);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            char proved[8];
            int culprit = check_proof(members, found.gl_pathv[i], proved);

            *accused |= culprit < 0 ? 0 : UINT32_C(1) << culprit;
            is_proved = is_proved || (culprit == seat && strcmp(proved, kind) == 0);
        }
        globfree(&found);
    }
    return is_proved;
}
