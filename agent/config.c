#include "agent/config.h"

#include <string.h>

#include "base/place.h"
#include "formats/settings.h"
#include "formats/tree.h"

static bool get_ruleset(const struct tree *tree, struct arena *arena, const char **out,
                        struct error *error)
{
    const char *name = "registers";

    if (tree_get(tree, "ruleset") != NULL && !tree_need_text(tree, "ruleset", &name, error)) {
        return false;
    }
    if (strchr(name, '/') != NULL) {
        *out = name;
        return true;
    }
    const char *relative = arena_format(arena, "rulesets/%s", name);

    if (relative == NULL) {
        return error_set(error, ERROR_LIMIT, "the configuration is too large");
    }
    return settings_data(tree, "", relative, arena, out, error);
}

static bool get_list(const struct tree *tree, const char *key, struct arena *arena, size_t max,
                     char **out, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const struct tree *list = NULL;
    size_t index = 0;

    if (!tree_need_list(tree, key, &list, error)) {
        return false;
    }
    if (list->count > max) {
        return error_set(error, ERROR_INVALID, "%s: \"%s\" has %zu entries, want at most %zu",
                         tree_place(list, place), key, list->count, max);
    }
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        if (item->type != TREE_TEXT) {
            return error_set(error, ERROR_INVALID, "%s: \"%s\" holds something that is no text",
                             tree_place(item, place), key);
        }
        out[index] = arena_text(arena, item->text);
        if (out[index++] == NULL) {
            return error_set(error, ERROR_LIMIT, "the configuration is too large");
        }
    }
    return true;
}

/* The command of our own assessor. */
static bool own_assessor(const struct tree *tree, const struct agent_options *options,
                         struct arena *arena, char **command, struct error *error)
{
    char program[PLACE_SIZE];
    const char *ruleset = NULL;
    const char *schema = NULL;

    if (!place_program("aims-assess", program, error) ||
        !get_ruleset(tree, arena, &ruleset, error) ||
        !settings_data(tree, "schema", "schema.yaml", arena, &schema, error)) {
        return false;
    }
    const char *const parts[] = {program,    "--catalog", options->catalog, "--ruleset",   ruleset,
                                 "--schema", schema,      "--spool",        options->spool};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        command[i] = arena_text(arena, parts[i]);
        if (command[i] == NULL) {
            return error_set(error, ERROR_LIMIT, "the configuration is too large");
        }
    }
    return true;
}

static bool fill(const struct tree *tree, struct arena *arena, struct agent_options *out,
                 struct error *error)
{
    char **command = arena_array(arena, ASSESSOR_ARGS_MAX + 1, sizeof(*command));
    char *endpoints[MESSAGE_COORDINATORS_MAX] = {NULL};
    char place[TREE_PLACE_SIZE];
    int64_t seat = 0;

    if (command == NULL || !tree_need_text(tree, "roster", &out->roster, error) ||
        !tree_need_integer(tree, "seat", 0, MESSAGE_SEATS_MAX - 1, &seat, error) ||
        !tree_need_text(tree, "key", &out->key, error) ||
        !tree_need_text(tree, "store", &out->store, error) ||
        !tree_need_text(tree, "spool", &out->spool, error) ||
        !settings_data(tree, "catalog", "catalogs/iso42001-2023", arena, &out->catalog, error)) {
        return false;
    }
    out->seat = (uint8_t)seat;
    out->assessor = command;
    if (tree_get(tree, "coordinators") != NULL &&
        !get_list(tree, "coordinators", arena, MESSAGE_COORDINATORS_MAX, endpoints, error)) {
        return false;
    }
    for (size_t i = 0; i < MESSAGE_COORDINATORS_MAX; i++) {
        out->endpoints[i] = endpoints[i];
    }
    if (tree_get(tree, "assessor") == NULL) {
        return own_assessor(tree, out, arena, command, error);
    }
    return get_list(tree, "assessor", arena, ASSESSOR_ARGS_MAX, command, error) &&
           (command[0] != NULL ||
            error_set(error, ERROR_INVALID, "%s: \"assessor\" names no program",
                      tree_place(tree_get(tree, "assessor"), place)));
}

bool config_load(const char *path, struct arena *arena, struct agent_options *out,
                 struct error *error)
{
    static const char *const keys[] = {"roster",   "seat",         "key",     "store",
                                       "spool",    "catalog",      "ruleset", "schema",
                                       "assessor", "coordinators", NULL};
    struct agent_options options = {0};
    struct tree *tree = NULL;

    if (!settings_load(path, keys, arena, &tree, error) || !fill(tree, arena, &options, error)) {
        return false;
    }
    *out = options;
    return true;
}
