#ifndef EVIDENCE_TAR_H
#define EVIDENCE_TAR_H

/* The archive inside a bundle: a restricted-pax tar of regular files whose bytes depend on nothing
 * but their names and content, and a reader that trusts nothing.
 *
 * The reader takes plain tar only. No compression is accepted at all, so nothing can be larger
 * inside than outside and a limit on the input limits the output. */

#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "evidence/source.h"

#define TAR_SIZE_MAX (64 * 1024 * 1024) /* Bytes of all files of an archive. */

struct tar_writer;

/* Starts an archive at the end of OUT, which must live until tar_finish(). When all names that will
 * be added are ASCII, most entries need no pax header, and the archive is half as large. */
MUST_USE bool tar_create(struct buffer *out, bool names_are_ascii, struct tar_writer **writer,
                         struct error *error);
/* Adds a file; the caller sorts. */
MUST_USE bool tar_add(struct tar_writer *writer, const char *path, struct bytes content,
                      struct error *error);
MUST_USE bool tar_finish(struct tar_writer *writer, struct error *error);
/* Frees it, finished or not. destroy(NULL) does nothing. */
void tar_destroy(struct tar_writer *writer);

/* Gives the archive block by block: fills *BLOCK, with size 0 at the end. Errors are passed on. */
typedef bool tar_pull(void *context, struct bytes *block, struct error *error);

/* Reads an archive into ARENA: at most SOURCE_FILES_MAX files of together at most TAR_SIZE_MAX
 * bytes, in the order of the archive. To the end of the input, so that PULL sees all of it.
 *
 * Errors: ERROR_INVALID naming the entry: it is a link, device or directory, its name leads out of
 * the archive or equals another one after NFC and case folding; ERROR_LIMIT; ERROR_CORRUPT; those
 * of PULL. */
MUST_USE bool tar_read(tar_pull *pull, void *context, struct arena *arena, struct source *out,
                       struct error *error);

#endif
