#ifndef FORMATS_TREE_H
#define FORMATS_TREE_H

/* YAML or JSON as one tree whose nodes know their place in the file.
 *
 * Scalars keep their text; the accessors below turn them into numbers and words. Refused with file,
 * line and column: duplicate keys, aliases and anchors, tags, more than one document, non-UTF-8,
 * NUL characters, nesting over TREE_DEPTH_MAX, more than TREE_NODES_MAX nodes, trailing content.
 *
 * The place of a value is where the value begins; an empty YAML scalar has the place of its key.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#define TREE_DEPTH_MAX 32
#define TREE_NODES_MAX 2000000

enum tree_type {
    TREE_NULL = 1, /* JSON null, an empty YAML scalar, ~ or null. */
    TREE_BOOLEAN,  /* JSON true/false; in YAML a plain scalar true or false. */
    TREE_INTEGER,  /* In JSON a number, in YAML a plain scalar: whole, decimal, fits int64. */
    TREE_TEXT,     /* Also fractions and numbers that do not fit. */
    TREE_LIST,
    TREE_MAP,
};

struct tree {
    enum tree_type type;
    uint32_t line;      /* From 1. */
    uint32_t column;    /* From 1, in characters. */
    const char *file;   /* As given to the reader. */
    const char *key;    /* In a map: the member's name; else NULL. */
    const char *text;   /* Scalars: the text as written (unescaped), NUL-terminated. */
    int64_t integer;    /* TREE_INTEGER, and 0 or 1 for TREE_BOOLEAN. */
    size_t count;       /* Lists and maps: number of children. */
    struct tree *next;  /* Next child of the same parent. */
    struct tree *child; /* First child. */
};

/* Parse SOURCE, named FILE in errors, into ARENA, which owns the tree afterwards and keeps copies
 * of both.
 *
 * Errors: ERROR_INVALID ("FILE:LINE:COLUMN: what is wrong"); ERROR_LIMIT. */
MUST_USE bool tree_parse_yaml(struct bytes source, const char *file, struct arena *arena,
                              struct tree **out, struct error *error);
MUST_USE bool tree_parse_json(struct bytes source, const char *file, struct arena *arena,
                              struct tree **out, struct error *error);

/* Member KEY of a map, or NULL (also when NODE is NULL or no map). */
const struct tree *tree_get(const struct tree *node, const char *key);

/* Members that must be there and of that type; NODE must be a map. Errors: ERROR_INVALID with the
 * place of NODE, the key and what was expected. */
MUST_USE bool tree_need_text(const struct tree *node, const char *key, const char **out,
                             struct error *error);
MUST_USE bool tree_need_integer(const struct tree *node, const char *key, int64_t min, int64_t max,
                                int64_t *out, struct error *error);
MUST_USE bool tree_need_list(const struct tree *node, const char *key, const struct tree **out,
                             struct error *error);
MUST_USE bool tree_need_map(const struct tree *node, const char *key, const struct tree **out,
                            struct error *error);

/* Refuses a map that has members other than KEYS (NULL-terminated), naming the first one and the
 * nearest allowed spelling. */
MUST_USE bool tree_only_keys(const struct tree *node, const char *const *keys, struct error *error);

/* "FILE:LINE:COLUMN", in a buffer of the caller. */
#define TREE_PLACE_SIZE 320
const char *tree_place(const struct tree *node, char out[TREE_PLACE_SIZE]);

#endif
