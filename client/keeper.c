#include "client/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "client/delay.h"
#include "client/file.h"
#include "client/print.h"

enum { EXIT_NO_PROGRAM = 127, LINE_SIZE = 512 };

struct process {
    char name[KEEPER_NAME_SIZE];
    char *arguments[KEEPER_ARGS_MAX + 1];
    pid_t pid;           /* 0 = it is not running. */
    uint64_t started_ms; /* Monotonic. */
    uint64_t start_at_ms;
    uint32_t delay_ms; /* Before the next start. */
    off_t log_offset;  /* Where its log begins. */
    bool is_given_up;
};

struct keeper {
    const char *logs;
    sigset_t signals;
    sigset_t old_signals;
    bool is_stopping;
    uint64_t version;
    size_t count;
    struct process processes[KEEPER_PROCESSES_MAX];
};

struct keeper *keeper_create(const char *logs)
{
    struct keeper *keeper = calloc(1, sizeof(*keeper));

    CHECK(keeper != NULL);
    keeper->logs = logs;
    (void)sigemptyset(&keeper->signals);
    (void)sigaddset(&keeper->signals, SIGCHLD);
    (void)sigaddset(&keeper->signals, SIGINT);
    (void)sigaddset(&keeper->signals, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &keeper->signals, &keeper->old_signals);
    return keeper;
}

void keeper_destroy(struct keeper *keeper)
{
    size_t killed = 0;

    if (keeper == NULL) {
        return;
    }
    keeper_stop(keeper, &killed);
    for (size_t i = 0; i < KEEPER_PROCESSES_MAX; i++) {
        for (char **argument = keeper->processes[i].arguments; *argument != NULL; argument++) {
            free(*argument);
        }
    }
    (void)sigprocmask(SIG_SETMASK, &keeper->old_signals, NULL);
    free(keeper);
}

/* In the child: becomes the program, or exits. */
static _Noreturn void become(const struct keeper *keeper, const struct process *process, int log,
                             pid_t parent)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    /* The keeper may have died before the line above. */
    if (getppid() != parent || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0) {
        _exit(EXIT_NO_PROGRAM);
    }
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGABRT, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &keeper->old_signals, NULL);
    (void)execv(process->arguments[0], process->arguments);
    fprintf(stderr, "cannot run '%s': %s\n", process->arguments[0], strerror(errno));
    _exit(EXIT_NO_PROGRAM);
}

static bool start(struct keeper *keeper, struct process *process, struct error *error)
{
    char path[FILE_PATH_SIZE];
    pid_t parent = getpid();

    if (!file_path(path, error, "%s/%s.log", keeper->logs, process->name)) {
        return false;
    }
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (log < 0) {
        return error_set(error, ERROR_IO, "cannot open '%s': %s", path, strerror(errno));
    }
    process->log_offset = lseek(log, 0, SEEK_END);
    (void)fflush(NULL);
    pid_t pid = fork();

    if (pid == 0) {
        become(keeper, process, log, parent);
    }
    close(log);
    if (pid < 0) {
        return error_set(error, ERROR_IO, "cannot start %s: %s", process->name, strerror(errno));
    }
    process->pid = pid;
    process->started_ms = delay_now_ms();
    keeper->version++;
    return true;
}

bool keeper_set_arguments(struct keeper *keeper, size_t index, const char *const *arguments,
                          struct error *error)
{
    struct process *process = &keeper->processes[index];
    size_t count = 0;

    while (arguments[count] != NULL) {
        count++;
    }
    if (count > KEEPER_ARGS_MAX) {
        return error_set(error, ERROR_LIMIT, "%s has more than %d arguments", process->name,
                         KEEPER_ARGS_MAX);
    }
    for (size_t i = 0; i <= KEEPER_ARGS_MAX; i++) {
        free(process->arguments[i]);
        process->arguments[i] = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        process->arguments[i] = strdup(arguments[i]);
        CHECK(process->arguments[i] != NULL);
    }
    return true;
}

bool keeper_add(struct keeper *keeper, const char *name, const char *const *arguments,
                size_t *index, struct error *error)
{
    if (keeper->count == KEEPER_PROCESSES_MAX) {
        return error_set(error, ERROR_LIMIT, "more than %d processes", KEEPER_PROCESSES_MAX);
    }
    struct process *process = &keeper->processes[keeper->count];

    *process = (struct process){.delay_ms = KEEPER_RETRY_MS};
    (void)snprintf(process->name, sizeof(process->name), "%s", name);
    if (!keeper_set_arguments(keeper, keeper->count, arguments, error) ||
        !start(keeper, process, error)) {
        return false;
    }
    *index = keeper->count++;
    return true;
}

/* The last line that PROCESS wrote to its log since it was started; "" when it wrote none. */
static void read_last_line(const struct keeper *keeper, const struct process *process,
                           char out[LINE_SIZE])
{
    char path[FILE_PATH_SIZE];
    char tail[LINE_SIZE];
    struct error ignored;
    ssize_t size = 0;

    out[0] = '\0';
    if (!file_path(path, &ignored, "%s/%s.log", keeper->logs, process->name)) {
        return;
    }
    int log = open(path, O_RDONLY | O_CLOEXEC);

    if (log < 0) {
        return;
    }
    off_t end = lseek(log, 0, SEEK_END);
    off_t from = end - (off_t)sizeof(tail) + 1;

    from = from > process->log_offset ? from : process->log_offset;
    size = pread(log, tail, sizeof(tail) - 1, from);
    close(log);
    while (size > 0 && tail[size - 1] == '\n') {
        size--;
    }
    tail[size > 0 ? size : 0] = '\0';
    const char *line = strrchr(tail, '\n');

    (void)snprintf(out, LINE_SIZE, "%s", line == NULL ? tail : line + 1);
}

/* Says how PROCESS ended, in its own last words. */
static void say_end(const struct keeper *keeper, const struct process *process, int status)
{
    char line[LINE_SIZE];

    read_last_line(keeper, process, line);
    fprintf(stderr, "aims: %s ended (%s %d)%s", process->name,
            WIFSIGNALED(status) ? "signal" : "exit code",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
            line[0] == '\0' ? "" : ": ");
    print_clean(line, stderr);
    if (process->is_given_up) {
        fputs("; it is not started again\n", stderr);
    } else {
        fprintf(stderr, "; it starts again in %u ms\n", process->delay_ms);
    }
}

/* Notes that PROCESS has ended and when to start it again. */
static void note_end(struct keeper *keeper, struct process *process, int status)
{
    uint64_t now = delay_now_ms();
    bool is_settled = now - process->started_ms >= KEEPER_SETTLED_MS;

    process->pid = 0;
    if (keeper->is_stopping) {
        return;
    }
    if (is_settled) {
        process->delay_ms = KEEPER_RETRY_MS;
    }
    process->is_given_up =
        !is_settled && WIFEXITED(status) && WEXITSTATUS(status) == KEEPER_EXIT_CONFIGURATION;
    say_end(keeper, process, status);
    process->start_at_ms = now + process->delay_ms;
    process->delay_ms =
        process->delay_ms * 2 > KEEPER_RETRY_MS_MAX ? KEEPER_RETRY_MS_MAX : process->delay_ms * 2;
}

static void reap(struct keeper *keeper)
{
    int status = 0;

    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        for (size_t i = 0; i < keeper->count; i++) {
            if (keeper->processes[i].pid == pid) {
                note_end(keeper, &keeper->processes[i], status);
            }
        }
    }
}

/* Starts what is due; gives the time until the next start, at most LIMIT_MS. */
static uint32_t start_due(struct keeper *keeper, uint32_t limit_ms)
{
    uint64_t now = delay_now_ms();

    for (size_t i = 0; i < keeper->count; i++) {
        struct process *process = &keeper->processes[i];
        struct error error;

        if (process->pid != 0 || process->is_given_up) {
            continue;
        }
        if (process->start_at_ms <= now && !start(keeper, process, &error)) {
            fprintf(stderr, "aims: %s\n", error.message);
            process->start_at_ms = now + KEEPER_RETRY_MS_MAX;
        }
        if (process->pid == 0 && process->start_at_ms - now < limit_ms) {
            limit_ms = (uint32_t)(process->start_at_ms - now);
        }
    }
    return limit_ms;
}

/* Takes one signal within WAIT_MS; 0 when there is none. */
static int next_signal(const struct keeper *keeper, uint32_t wait_ms)
{
    struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = (long)(wait_ms % 1000) * 1000000};
    int number = sigtimedwait(&keeper->signals, NULL, &wait);

    return number < 0 ? 0 : number;
}

bool keeper_wait(struct keeper *keeper, uint32_t timeout_ms)
{
    uint64_t end = delay_now_ms() + timeout_ms;

    for (;;) {
        uint64_t now = delay_now_ms();
        uint32_t left = now >= end ? 0 : (uint32_t)(end - now);
        int number = next_signal(keeper, start_due(keeper, left));

        if (number == SIGINT || number == SIGTERM) {
            return true;
        }
        reap(keeper);
        if (delay_now_ms() >= end) {
            return false;
        }
    }
}

static size_t running(const struct keeper *keeper)
{
    size_t count = 0;

    for (size_t i = 0; i < keeper->count; i++) {
        count += keeper->processes[i].pid != 0;
    }
    return count;
}

static void signal_all(const struct keeper *keeper, int number)
{
    for (size_t i = 0; i < keeper->count; i++) {
        if (keeper->processes[i].pid != 0) {
            (void)kill(keeper->processes[i].pid, number);
        }
    }
}

void keeper_stop(struct keeper *keeper, size_t *killed)
{
    uint64_t end = delay_now_ms() + KEEPER_STOP_MS;

    keeper->is_stopping = true;
    signal_all(keeper, SIGTERM);
    for (uint64_t now = delay_now_ms(); running(keeper) > 0 && now < end; now = delay_now_ms()) {
        (void)next_signal(keeper, (uint32_t)(end - now));
        reap(keeper);
    }
    *killed = running(keeper);
    signal_all(keeper, SIGKILL);
    for (size_t i = 0; i < keeper->count; i++) {
        if (keeper->processes[i].pid != 0) {
            (void)waitpid(keeper->processes[i].pid, NULL, 0);
            keeper->processes[i].pid = 0;
        }
    }
}

pid_t keeper_pid(const struct keeper *keeper, size_t index)
{
    return keeper->processes[index].pid;
}

const char *keeper_name(const struct keeper *keeper, size_t index)
{
    return keeper->processes[index].name;
}

bool keeper_has_given_up(const struct keeper *keeper, size_t index)
{
    return keeper->processes[index].is_given_up;
}

size_t keeper_count(const struct keeper *keeper)
{
    return keeper->count;
}

uint64_t keeper_version(const struct keeper *keeper)
{
    return keeper->version;
}
