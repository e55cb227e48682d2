#include "formats/tree_builder.h"

#include <string.h>

#include "base/check.h"

static bool no_room(struct builder *builder)
{
    return error_set(builder->error, ERROR_LIMIT, "%s: there is no room for its content",
                     builder->file);
}

bool builder_init(struct builder *builder, const char *file, struct arena *arena,
                  struct error *error)
{
    *builder = (struct builder){.arena = arena, .file = file, .error = error};
    builder->file = arena_text(arena, file);
    if (builder->file == NULL) {
        builder->file = file;
        return no_room(builder);
    }
    return true;
}

static bool check_key(struct builder *builder, const struct tree *map, const struct tree *node)
{
    char place[TREE_PLACE_SIZE];

    if (map->count >= BUILDER_KEYS_MAX) {
        return error_set(builder->error, ERROR_LIMIT, "%s: the map has more than %d members",
                         tree_place(node, place), BUILDER_KEYS_MAX);
    }
    if (tree_get(map, node->key) != NULL) {
        return error_set(builder->error, ERROR_INVALID, "%s: \"%.64s\" is here a second time",
                         tree_place(node, place), node->key);
    }
    return true;
}

bool builder_add(struct builder *builder, const struct tree *node, const char *key,
                 struct tree **out)
{
    struct tree *copy = arena_alloc(builder->arena, sizeof(*copy));

    if (++builder->node_count > TREE_NODES_MAX) {
        return error_set(builder->error, ERROR_LIMIT, "%s: more than %d values", builder->file,
                         TREE_NODES_MAX);
    }
    if (copy == NULL) {
        return no_room(builder);
    }
    *copy = *node;
    copy->file = builder->file;
    copy->key = key;
    if (builder->depth == 0) {
        CHECK(builder->root == NULL);
        builder->root = copy;
    } else {
        struct tree *parent = builder->open[builder->depth - 1];
        struct tree **last = &builder->last_child[builder->depth - 1];

        if (parent->type == TREE_MAP && !check_key(builder, parent, copy)) {
            return false;
        }
        *(*last == NULL ? &parent->child : &(*last)->next) = copy;
        *last = copy;
        parent->count++;
    }
    *out = copy;
    return true;
}

bool builder_open(struct builder *builder, struct tree *node)
{
    char place[TREE_PLACE_SIZE];

    if (builder->depth == TREE_DEPTH_MAX) {
        return error_set(builder->error, ERROR_LIMIT, "%s: is nested deeper than %d",
                         tree_place(node, place), TREE_DEPTH_MAX);
    }
    builder->open[builder->depth] = node;
    builder->last_child[builder->depth] = NULL;
    builder->depth++;
    return true;
}

void builder_close(struct builder *builder)
{
    CHECK(builder->depth > 0);
    builder->depth--;
}

const char *builder_text(struct builder *builder, const struct tree *node, const void *text,
                         size_t size)
{
    char place[TREE_PLACE_SIZE];
    struct tree named = *node;
    const char *copy;

    named.file = builder->file;
    if (size > 0 && memchr(text, 0, size) != NULL) {
        (void)error_set(builder->error, ERROR_INVALID, "%s: the text holds a NUL character",
                        tree_place(&named, place));
        return NULL;
    }
    copy = arena_copy(builder->arena, text, size);
    if (copy == NULL) {
        (void)no_room(builder);
    }
    return copy;
}
