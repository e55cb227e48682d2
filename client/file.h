#ifndef CLIENT_FILE_H
#define CLIENT_FILE_H

/* Whole files in and out, and JSON on standard output. "-" is standard input or output. */

#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

struct json;

/* Reads the file PATH, at most LIMIT bytes, into OUT.
 *
 * Errors: ERROR_NOT_FOUND; ERROR_LIMIT; ERROR_IO. */
MUST_USE bool file_read(const char *path, size_t limit, struct buffer *out, struct error *error);

/* Writes CONTENT to PATH, by way of a file beside it: the old content or the new is there, never a
 * part. A directory or device at PATH is an error, but "-" is standard output.
 *
 * Errors: ERROR_IO. */
MUST_USE bool file_write(const char *path, struct bytes content, mode_t mode, struct error *error);

/* Makes the directory PATH; one that is there and empty will do.
 *
 * Errors: ERROR_CONFLICT when something is in it; ERROR_IO. */
MUST_USE bool file_make_directory(const char *path, struct error *error);

/* Formats a path into OUT. Errors: ERROR_LIMIT. */
#define FILE_PATH_SIZE 4096
MUST_USE bool file_path(char out[FILE_PATH_SIZE], struct error *error, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Prints JSON in canonical form and a line feed; destroys it. */
void file_print_json(struct json *json);

/* Prints all of BUFFER and finishes it. */
void file_print(struct buffer *buffer);

#endif
