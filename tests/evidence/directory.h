#ifndef TESTS_EVIDENCE_DIRECTORY_H
#define TESTS_EVIDENCE_DIRECTORY_H

/* Temporary directories with evidence in them, and the schema, for the tests of evidence/. */

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "evidence/schema.h"

#define DIRECTORY_PATH_SIZE 512

/* Makes a new empty directory; returns OUT. */
static inline char *directory_create(char out[DIRECTORY_PATH_SIZE])
{
    const char *root = getenv("TMPDIR");

    (void)snprintf(out, DIRECTORY_PATH_SIZE, "%s/aims-test-XXXXXX", root == NULL ? "/tmp" : root);
    CHECK(mkdtemp(out) != NULL);
    return out;
}

static inline int directory_remove_entry(const char *path, const struct stat *status, int type,
                                         struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline void directory_destroy(const char *path)
{
    CHECK(nftw(path, directory_remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

/* Writes CONTENT to NAME below PATH, making the directories between. */
static inline void directory_write(const char *path, const char *name, const void *content,
                                   size_t size)
{
    char full[2 * DIRECTORY_PATH_SIZE];

    (void)snprintf(full, sizeof(full), "%s/%s", path, name);
    for (char *slash = strchr(full + strlen(path) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(full, 0755);
        *slash = '/';
    }
    FILE *file = fopen(full, "wb");

    CHECK(file != NULL);
    CHECK(fwrite(content, 1, size, file) == size);
    CHECK(fclose(file) == 0);
}

static inline void directory_write_text(const char *path, const char *name, const char *text)
{
    directory_write(path, name, text, strlen(text));
}

/* The project's own schema. */
static inline void directory_schema(struct arena *arena, struct schema *out)
{
    struct error error = {0};

    if (!schema_load(AIMS_SOURCE_DIR "/evidence/schema.yaml", arena, out, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
}

#endif
