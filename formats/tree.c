#include "formats/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "formats/text.h"

/* What a node is called in errors. */
static const char *type_name(enum tree_type type)
{
    switch (type) {
    case TREE_NULL:
        return "empty";
    case TREE_BOOLEAN:
        return "true or false";
    case TREE_INTEGER:
        return "a whole number";
    case TREE_TEXT:
        return "a text";
    case TREE_LIST:
        return "a list";
    case TREE_MAP:
        return "a map";
    }
    CHECK_UNREACHABLE();
}

const char *tree_place(const struct tree *node, char out[TREE_PLACE_SIZE])
{
    (void)snprintf(out, TREE_PLACE_SIZE, "%s:%u:%u", node->file, node->line, node->column);
    return out;
}

const struct tree *tree_get(const struct tree *node, const char *key)
{
    if (node == NULL || node->type != TREE_MAP) {
        return NULL;
    }
    for (const struct tree *child = node->child; child != NULL; child = child->next) {
        if (strcmp(child->key, key) == 0) {
            return child;
        }
    }
    return NULL;
}

static bool need(const struct tree *node, const char *key, enum tree_type type,
                 const struct tree **out, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const struct tree *member = tree_get(node, key);

    if (node->type != TREE_MAP) {
        return error_set(error, ERROR_INVALID, "%s: is %s, want a map with \"%s\"",
                         tree_place(node, place), type_name(node->type), key);
    }
    if (member == NULL) {
        return error_set(error, ERROR_INVALID, "%s: \"%s\" is missing, want %s",
                         tree_place(node, place), key, type_name(type));
    }
    if (member->type != type) {
        return error_set(error, ERROR_INVALID, "%s: \"%s\" is %s, want %s",
                         tree_place(member, place), key, type_name(member->type), type_name(type));
    }
    *out = member;
    return true;
}

bool tree_need_text(const struct tree *node, const char *key, const char **out, struct error *error)
{
    const struct tree *member = NULL;

    if (!need(node, key, TREE_TEXT, &member, error)) {
        return false;
    }
    *out = member->text;
    return true;
}

bool tree_need_integer(const struct tree *node, const char *key, int64_t min, int64_t max,
                       int64_t *out, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const struct tree *member = NULL;

    if (!need(node, key, TREE_INTEGER, &member, error)) {
        return false;
    }
    if (member->integer < min || member->integer > max) {
        return error_set(error, ERROR_INVALID,
                         "%s: \"%s\" is %" PRId64 ", want %" PRId64 " to %" PRId64,
                         tree_place(member, place), key, member->integer, min, max);
    }
    *out = member->integer;
    return true;
}

bool tree_need_list(const struct tree *node, const char *key, const struct tree **out,
                    struct error *error)
{
    return need(node, key, TREE_LIST, out, error);
}

bool tree_need_map(const struct tree *node, const char *key, const struct tree **out,
                   struct error *error)
{
    return need(node, key, TREE_MAP, out, error);
}

bool tree_only_keys(const struct tree *node, const char *const *keys, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    size_t count = 0;

    while (keys[count] != NULL) {
        count++;
    }
    if (node->type != TREE_MAP) {
        return error_set(error, ERROR_INVALID, "%s: is %s, want a map", tree_place(node, place),
                         type_name(node->type));
    }
    for (const struct tree *member = node->child; member != NULL; member = member->next) {
        bool is_known = false;

        for (size_t i = 0; i < count && !is_known; i++) {
            is_known = strcmp(member->key, keys[i]) == 0;
        }
        if (!is_known) {
            const char *near = text_nearest(member->key, keys, count);

            return error_set(error, ERROR_INVALID, "%s: \"%.64s\" is not known here%s%s%s",
                             tree_place(member, place), member->key,
                             near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
                             near == NULL ? "" : "\"?");
        }
    }
    return true;
}
