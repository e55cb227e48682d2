#ifndef FORMATS_SETTINGS_H
#define FORMATS_SETTINGS_H

/* The configuration file of a program: one YAML map. Its relative paths are relative to its own
 * folder, which becomes the working folder of the process. */

#include "base/arena.h"
#include "base/error.h"
#include "formats/tree.h"

#define SETTINGS_SIZE_MAX 65536 /* Bytes of the file. */

/* Reads the file PATH into ARENA and enters its folder. Members other than KEYS (NULL-terminated)
 * are refused.
 *
 * Errors: ERROR_NOT_FOUND; ERROR_INVALID with the place; ERROR_IO; ERROR_LIMIT. */
MUST_USE bool settings_load(const char *path, const char *const *keys, struct arena *arena,
                            struct tree **out, struct error *error);

/* The path that is member KEY, or the file NAME that comes with the programs when there is no such
 * member. */
MUST_USE bool settings_data(const struct tree *tree, const char *key, const char *name,
                            struct arena *arena, const char **out, struct error *error);

#endif
