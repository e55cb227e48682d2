#ifndef EVIDENCE_SOURCE_H
#define EVIDENCE_SOURCE_H

/* Where evidence comes from: the files of a directory, or those of an opened bundle in memory. The
 * loader sees only this.
 *
 * Of a directory DIR it lists DIR/aims.yaml and everything below DIR/registers and DIR/documents,
 * without hidden files. Links are listed but never followed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#define SOURCE_FILES_MAX 20000
#define SOURCE_SIZE_MAX  (64 * 1024 * 1024) /* Bytes of a file that is read as a whole. */

struct source_file {
    const char *path;    /* Relative, with /; "registers/risks.csv". */
    uint64_t size;       /* Bytes. */
    const uint8_t *data; /* The content, when the source is in memory. */
    struct digest sha256;
    bool has_digest;     /* sha256 is known. */
    const char *problem; /* Why it cannot be used ("is a link"), or NULL. */
    bool is_used;        /* load_source() needed it: it is aims.yaml, a register or cited. */
};

struct source {
    int directory; /* File descriptor, or -1 when all files are in memory. */
    size_t file_count;
    struct source_file *files; /* Sorted by the bytes of their paths. */
};

/* Lists the directory PATH into ARENA. The caller closes the source.
 *
 * Errors: ERROR_NOT_FOUND; ERROR_IO; ERROR_LIMIT when there are too many files. */
MUST_USE bool source_open(const char *path, struct arena *arena, struct source *out,
                          struct error *error);
void source_close(struct source *source);

/* The file PATH, or NULL. */
struct source_file *source_find(const struct source *source, const char *path);

/* The content of FILE; a source on disk reads it into ARENA and remembers the digest of what was
 * read.
 *
 * Errors, with the path: ERROR_INVALID when the file has a problem; ERROR_IO; ERROR_LIMIT. */
MUST_USE bool source_read(const struct source *source, struct source_file *file,
                          struct arena *arena, struct bytes *out, struct error *error);

/* Fills FILE->sha256 and FILE->size, reading the file when they are not known. Errors: as above. */
MUST_USE bool source_digest(const struct source *source, struct source_file *file,
                            struct error *error);

#endif
