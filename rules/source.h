#ifndef RULES_SOURCE_H
#define RULES_SOURCE_H

/* A folder of YAML files that is read as one thing: a main file whose member `files` names the
 * others, in an order that means something. Catalogues and rule sets are both kept so.
 *
 * The digest is SHA-256 over the main file and then each file in that order: name, LF, size in
 * decimal, LF, bytes. */

#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#define SOURCE_FILES_MAX     128
#define SOURCE_FILE_SIZE_MAX (1024 * 1024) /* Bytes of one file. */
#define SOURCE_NAME_MAX      64            /* Characters of a file's name. */

struct tree;

struct source {
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
MUST_USE bool source_load(const char *directory, const char *main_name, struct arena *arena,
                          struct source *out, struct error *error);

/* A list of texts. */
struct source_words {
    size_t count;
    const char *const *words;
};

/* The list of texts that is NODE's member KEY; empty when there is none. Texts are not empty and
 * occur once.
 *
 * Errors: ERROR_INVALID with its place; ERROR_LIMIT. */
MUST_USE bool source_read_words(const struct tree *node, const char *key, struct arena *arena,
                                struct source_words *out, struct error *error);

/* True when WORD is one of WORDS. */
bool source_has_word(const struct source_words *words, const char *word);

/* The text that is NODE's member KEY, which must be there and not be empty.
 *
 * Errors: ERROR_INVALID with its place. */
MUST_USE bool source_read_text(const struct tree *node, const char *key, const char **out,
                               struct error *error);

#endif
