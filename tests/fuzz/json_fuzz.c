/* Any bytes as JSON: refused with a sentence, or a tree whose every node is sound. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "formats/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_node(const struct tree *node, bool is_member)
{
    size_t count = 0;
    bool is_scalar = node->type != TREE_LIST && node->type != TREE_MAP;

    CHECK(node->line >= 1);
    CHECK(node->column >= 1);
    CHECK((node->text != NULL) == is_scalar);
    CHECK((node->key != NULL) == is_member);
    for (const struct tree *child = node->child; child != NULL; child = child->next) {
        count++;
    }
    CHECK(count == node->count);
}

/* Visits every node; the depth is limited, so a stack of that size is enough. */
static void check_tree(const struct tree *root)
{
    const struct tree *next[TREE_DEPTH_MAX + 2] = {root};
    size_t depth = 1;

    check_node(root, false);
    while (depth > 0) {
        const struct tree *node = next[depth - 1];

        if (node == NULL) {
            depth--;
            continue;
        }
        next[depth - 1] = node->next;
        for (const struct tree *child = node->child; child != NULL; child = child->next) {
            check_node(child, node->type == TREE_MAP);
        }
        if (node->child != NULL) {
            CHECK(depth < TREE_DEPTH_MAX + 2);
            next[depth++] = node->child;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(64 * 1024 * 1024);
    struct tree *tree = NULL;
    struct error error = {0};

    if (tree_parse_json(bytes_of(data, size), "input", arena, &tree, &error)) {
        check_tree(tree);
    } else {
        CHECK(strncmp(error.message, "input:", 6) == 0);
    }
    arena_destroy(arena);
    return 0;
}
