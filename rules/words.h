#ifndef RULES_WORDS_H
#define RULES_WORDS_H

/* Lists of names as catalogues and rule sets write them. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct tree;

struct words {
    size_t count;
    const char *const *items;
};

/* The list of texts that is NODE's member KEY; empty when there is none. Texts are not empty and
 * occur once.
 *
 * Errors: ERROR_INVALID with its place; ERROR_LIMIT. */
MUST_USE bool words_read(const struct tree *node, const char *key, struct arena *arena,
                         struct words *out, struct error *error);

/* True when WORD is one of them. */
bool words_have(const struct words *words, const char *word);

/* The text that is NODE's member KEY, which must be there and not be empty.
 *
 * Errors: ERROR_INVALID with its place. */
MUST_USE bool words_read_text(const struct tree *node, const char *key, const char **out,
                              struct error *error);

#endif
