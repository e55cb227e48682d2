#ifndef RULES_FOLDER_H
#define RULES_FOLDER_H

/* A folder of YAML files that is read as one thing: a main file whose member `files` names the
 * others, in an order that means something. Catalogues and rule sets are both kept so.
 *
 * The digest is SHA-256 over the main file and then each file in that order: name, LF, size in
 * decimal, LF, bytes. */

#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#define FOLDER_FILES_MAX     128
#define FOLDER_FILE_SIZE_MAX (1024 * 1024) /* Bytes of one file. */
#define FOLDER_NAME_MAX      64            /* Characters of a file's name. */

struct tree;

struct folder {
    const struct tree *main; /* A map. */
    size_t file_count;
    const struct tree **files; /* Lists, in the order of `files`. */
    struct digest digest;
};

/* Reads the folder DIRECTORY, whose main file is MAIN_NAME, into ARENA. File names are one part
 * long, of [A-Za-z0-9._-], and end in .yaml.
 *
 * Errors: ERROR_NOT_FOUND when a file is missing; ERROR_INVALID with file, line and column;
 * ERROR_IO; ERROR_LIMIT when a file or the number of files is too large. */
MUST_USE bool folder_load(const char *directory, const char *main_name, struct arena *arena,
                          struct folder *out, struct error *error);

#endif
