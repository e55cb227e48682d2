#ifndef FORMATS_TREE_BUILDER_H
#define FORMATS_TREE_BUILDER_H

/* How the readers of YAML and JSON put a tree together; for them only.
 *
 *     builder_add(scalar) ... builder_open(list) ... builder_add ... builder_close
 *
 * A map takes its key with each child. The builder holds the limits of tree.h. */

#include "formats/tree.h"

#define BUILDER_KEYS_MAX 512 /* Members of one map: looking for doubles compares all with all. */

struct builder {
    struct arena *arena;
    const char *file; /* Lives in the arena. */
    struct error *error;
    struct tree *root; /* NULL until the first node. */
    size_t node_count;
    size_t depth;                            /* Open lists and maps. */
    struct tree *open[TREE_DEPTH_MAX];       /* The last is the innermost. */
    struct tree *last_child[TREE_DEPTH_MAX]; /* Of each; NULL while empty. */
};

MUST_USE bool builder_init(struct builder *builder, const char *file, struct arena *arena,
                           struct error *error);

/* Appends NODE (type, line and column set; a copy is made) to the innermost open list or map under
 * KEY (NULL in lists and for the root); *OUT is the copy. */
MUST_USE bool builder_add(struct builder *builder, const struct tree *node, const char *key,
                          struct tree **out);

/* Opens the list or map NODE, which was just added. */
MUST_USE bool builder_open(struct builder *builder, struct tree *node);
void builder_close(struct builder *builder);

/* SIZE bytes of TEXT as a text of the tree, or NULL with the error set: it holds NUL or there is no
 * room. NODE says where. */
const char *builder_text(struct builder *builder, const struct tree *node, const void *text,
                         size_t size);

#endif
