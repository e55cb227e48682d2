#ifndef TESTS_CLIENT_PROGRAM_H
#define TESTS_CLIENT_PROGRAM_H

/* The real program aims, or the one that PROGRAM_NAME names, run in a temporary directory: its exit
 * code and what it said. */

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/check.h"
#include "formats/tree.h"

#ifndef PROGRAM_NAME
#define PROGRAM_NAME "aims"
#endif
#define PROGRAM_PATH_SIZE 256
#define PROGRAM_ARGS_MAX  24
#define PROGRAM_MEMORY    ((size_t)64 * 1024 * 1024)

struct program {
    char directory[PROGRAM_PATH_SIZE]; /* The program's working directory. */
    struct arena *arena;
    int exit; /* Of the last run. */
    struct buffer out;
    struct buffer err;
};

static inline void program_path(const struct program *program, const char *name, char *out,
                                size_t size)
{
    int length = snprintf(out, size, "%s/%s", program->directory, name);

    CHECK(length > 0);
    CHECK((size_t)length < size);
}

static inline void program_read(const struct program *program, const char *name, struct buffer *out)
{
    char path[2 * PROGRAM_PATH_SIZE];
    char block[4096];
    size_t size = 0;

    program_path(program, name, path, sizeof(path));
    FILE *file = fopen(path, "rb");

    CHECK(file != NULL);
    buffer_clear(out);
    while ((size = fread(block, 1, sizeof(block), file)) > 0) {
        buffer_append(out, block, size);
    }
    CHECK(fclose(file) == 0);
}

static inline void program_write(const struct program *program, const char *name, const void *data,
                                 size_t size)
{
    char path[2 * PROGRAM_PATH_SIZE];

    program_path(program, name, path, sizeof(path));
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL);
    CHECK(fwrite(data, 1, size, file) == size);
    CHECK(fclose(file) == 0);
}

static inline bool program_has(const struct program *program, const char *name)
{
    char path[2 * PROGRAM_PATH_SIZE];

    program_path(program, name, path, sizeof(path));
    return access(path, F_OK) == 0;
}

static inline int program_open(void **state)
{
    struct program *program = calloc(1, sizeof(*program));
    const char *root = getenv("TMPDIR");

    CHECK(program != NULL);
    (void)snprintf(program->directory, sizeof(program->directory), "%s/aims-client-test-XXXXXX",
                   root == NULL ? "/tmp" : root);
    CHECK(mkdtemp(program->directory) != NULL);
    program->arena = arena_create(PROGRAM_MEMORY);
    *state = program;
    return 0;
}

static inline int program_remove(const char *path, const struct stat *status, int type,
                                 struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline int program_close(void **state)
{
    struct program *program = *state;

    CHECK(nftw(program->directory, program_remove, 16, FTW_DEPTH | FTW_PHYS) == 0);
    buffer_finish(&program->out);
    buffer_finish(&program->err);
    arena_destroy(program->arena);
    free(program);
    return 0;
}

static inline _Noreturn void program_become(const struct program *program,
                                            const char *const *arguments)
{
    const char *argv[PROGRAM_ARGS_MAX + 2] = {PROGRAM_NAME};

    for (size_t i = 0; i < PROGRAM_ARGS_MAX && arguments[i] != NULL; i++) {
        argv[i + 1] = arguments[i];
    }
    if (chdir(program->directory) != 0 || freopen("stdout.txt", "wb", stdout) == NULL ||
        freopen("stderr.txt", "wb", stderr) == NULL) {
        _exit(126);
    }
    (void)execv(AIMS_PROGRAM_DIR "/" PROGRAM_NAME, (char *const *)argv);
    _exit(127);
}

/* Runs it with ARGUMENTS, which end with NULL. */
static inline void program_run(struct program *program, const char *const *arguments)
{
    int status = 0;
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        program_become(program, arguments);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status));
    program->exit = WEXITSTATUS(status);
    program_read(program, "stdout.txt", &program->out);
    program_read(program, "stderr.txt", &program->err);
}

#define RUN(program, ...) program_run((program), (const char *const[]){__VA_ARGS__, NULL})

/* Fails the test unless the last run ended with EXIT. */
#define assert_exit(program, want)                                                                 \
    do {                                                                                           \
        if ((program)->exit != (want)) {                                                           \
            fail_msg("exit %d, want %d: %s%s", (program)->exit, (want),                            \
                     buffer_text(&(program)->out), buffer_text(&(program)->err));                  \
        }                                                                                          \
    } while (0)

/* Fails the test unless PART is in the output or among the messages of the last run. */
#define assert_says(program, part)                                                                 \
    do {                                                                                           \
        if (strstr(buffer_text(&(program)->out), (part)) == NULL &&                                \
            strstr(buffer_text(&(program)->err), (part)) == NULL) {                                \
            fail_msg("want \"%s\" in: %s%s", (part), buffer_text(&(program)->out),                 \
                     buffer_text(&(program)->err));                                                \
        }                                                                                          \
    } while (0)

/* The output of the last run as JSON; NULL when it is none. */
static inline const struct tree *program_json(struct program *program)
{
    struct tree *tree = NULL;
    struct error error;

    if (!tree_parse_json(buffer_bytes(&program->out), "output", program->arena, &tree, &error)) {
        return NULL;
    }
    return tree;
}

#endif
