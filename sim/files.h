#ifndef SIM_FILES_H
#define SIM_FILES_H

/* Whole files in and out of memory. */

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

#define FILES_PATH_SIZE 4096 /* Bytes of a path, with the NUL. */

/* Puts the content of the file PATH, at most LIMIT_SIZE bytes, in place of OUT's.
 *
 * Errors: ERROR_NOT_FOUND, ERROR_IO, ERROR_LIMIT. */
MUST_USE bool files_read(const char *path, size_t limit_size, struct buffer *out,
                         struct error *error);

/* Writes BYTES to the file PATH, in place of what was there; "-" is standard output.
 *
 * Errors: ERROR_IO. */
MUST_USE bool files_write(const char *path, struct bytes bytes, struct error *error);

/* NAME as a path relative to FOLDER ("" or ending in a slash), unless it is absolute.
 *
 * Errors: ERROR_LIMIT. */
MUST_USE bool files_join(const char *folder, const char *name, char out[FILES_PATH_SIZE],
                         struct error *error);

#endif
