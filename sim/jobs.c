#include "sim/jobs.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

#define PROGRESS_MS 200

struct job {
    pid_t pid; /* 0 = none. */
    FILE *results;
};

struct pool {
    struct jobs *jobs;
    struct job *items;
    uint64_t shown_ms; /* When the bar was drawn last; 0 = never. */
    bool has_bar;
};

uint64_t jobs_processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : count > JOBS_MAX ? JOBS_MAX : (uint64_t)count;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static _Noreturn void work(const struct jobs *jobs, uint64_t first, FILE *out)
{
    struct buffer line = {0};

    for (uint64_t index = first; index < jobs->item_count; index += jobs->job_count) {
        buffer_clear(&line);
        jobs->work(jobs->context, index, &line);
        buffer_append_byte(&line, '\n');
        if (fwrite(line.data, 1, line.size, out) != line.size || fflush(out) != 0) {
            _exit(1); /* Nobody reads any more. */
        }
    }
    buffer_finish(&line);
    _exit(0);
}

static bool start(struct pool *pool, uint64_t index, struct error *error)
{
    int ends[2];

    if (pipe(ends) != 0) {
        return error_set(error, ERROR_IO, "cannot make a pipe: %s", strerror(errno));
    }
    pid_t pid = fork();

    if (pid == 0) {
        FILE *out = fdopen(ends[1], "w");

        (void)close(ends[0]);
        if (out == NULL) {
            _exit(1);
        }
        work(pool->jobs, index, out);
    }
    (void)close(ends[1]);
    FILE *results = pid < 0 ? NULL : fdopen(ends[0], "r");

    if (results == NULL) {
        (void)close(ends[0]);
        error_record(error, ERROR_IO, "cannot start a job: %s", strerror(errno));
    }
    pool->items[index] = (struct job){.pid = pid < 0 ? 0 : pid, .results = results};
    return results != NULL;
}

static void show(struct pool *pool, uint64_t done, bool is_last)
{
    enum { WIDTH = 30 };
    const struct jobs *jobs = pool->jobs;
    uint64_t time_ms = now_ms();

    if (!pool->has_bar || (!is_last && time_ms - pool->shown_ms < PROGRESS_MS)) {
        return;
    }
    int filled = jobs->item_count == 0 ? WIDTH : (int)(done * WIDTH / jobs->item_count);

    pool->shown_ms = time_ms;
    fprintf(stderr, "\r%s [%.*s%*s] %" PRIu64 "/%" PRIu64 "%s", jobs->label, filled,
            "##############################", WIDTH - filled, "", done, jobs->item_count,
            is_last ? "\n" : "");
}

static bool take_all(struct pool *pool, struct error *error)
{
    struct jobs *jobs = pool->jobs;
    char *line = NULL;
    size_t capacity = 0;
    bool is_ok = true;

    for (uint64_t index = 0; is_ok && index < jobs->item_count; index++) {
        ssize_t length = getline(&line, &capacity, pool->items[index % jobs->job_count].results);

        show(pool, index, false);
        if (length <= 0 || line[length - 1] != '\n') {
            jobs->dead = index;
            is_ok = error_set(error, ERROR_CORRUPT, "a job died");
        } else {
            line[length - 1] = '\0';
            is_ok = jobs->take(jobs->context, index, line, error);
        }
        if (index + 1 == jobs->item_count || !is_ok) {
            show(pool, index + (is_ok ? 1 : 0), true);
        }
    }
    free(line);
    return is_ok;
}

/* Ends what still runs, each child by its own number. */
static void stop(struct pool *pool)
{
    for (uint64_t i = 0; i < pool->jobs->job_count; i++) {
        struct job *job = &pool->items[i];

        if (job->results != NULL) {
            (void)fclose(job->results);
        }
        if (job->pid > 0) {
            (void)kill(job->pid, SIGKILL);
            (void)waitpid(job->pid, NULL, 0);
        }
    }
}

bool jobs_run(struct jobs *jobs, struct error *error)
{
    struct pool pool = {.jobs = jobs, .has_bar = jobs->label != NULL && isatty(STDERR_FILENO) == 1};
    bool is_ok = true;

    CHECK(jobs->job_count >= 1);
    CHECK(jobs->job_count <= JOBS_MAX);
    jobs->dead = jobs->item_count;
    pool.items = calloc(jobs->job_count, sizeof(*pool.items));
    CHECK(pool.items != NULL);
    (void)fflush(NULL); /* Or every child would write what is buffered here. */
    for (uint64_t i = 0; is_ok && i < jobs->job_count; i++) {
        is_ok = start(&pool, i, error);
    }
    is_ok = is_ok && take_all(&pool, error);
    stop(&pool);
    free(pool.items);
    return is_ok;
}
