#include "agent/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/place.h"
#include "formats/tree.h"

#define FILE_SIZE_MAX 65536 /* Bytes of agent.yaml. */

static bool read_file(const char *path, struct arena *arena, struct bytes *out, struct error *error)
{
    char *data = arena_alloc(arena, FILE_SIZE_MAX);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO,
                         "cannot open '%s': %s", path, strerror(errno));
    }
    ssize_t size = data == NULL ? -1 : read(fd, data, FILE_SIZE_MAX);

    close(fd);
    if (size < 0 || size == FILE_SIZE_MAX) {
        return error_set(error, ERROR_IO, "'%s' cannot be read, or is over %d bytes", path,
                         FILE_SIZE_MAX - 1);
    }
    *out = bytes_of(data, (size_t)size);
    return true;
}

static bool enter_folder(const char *path, struct arena *arena, struct error *error)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) {
        return true;
    }
    char *folder = arena_copy(arena, path, (size_t)(slash - path) + 1);

    if (folder == NULL || chdir(folder) != 0) {
        return error_set(error, ERROR_IO, "cannot enter the folder of '%s': %s", path,
                         strerror(errno));
    }
    return true;
}

static bool is_path(const char *text)
{
    return strchr(text, '/') != NULL;
}

/* Value of KEY, or the file NAME that comes with the program. */
static bool get_data(const struct tree *tree, const char *key, const char *name,
                     struct arena *arena, const char **out, struct error *error)
{
    char place[PLACE_SIZE];

    if (tree_get(tree, key) != NULL) {
        return tree_need_text(tree, key, out, error);
    }
    if (!place_data(name, place, error)) {
        return false;
    }
    *out = arena_text(arena, place);
    return *out != NULL || error_set(error, ERROR_LIMIT, "the configuration is too large");
}

static bool get_ruleset(const struct tree *tree, struct arena *arena, const char **out,
                        struct error *error)
{
    const char *name = "registers";
    char place[PLACE_SIZE];

    if (tree_get(tree, "ruleset") != NULL && !tree_need_text(tree, "ruleset", &name, error)) {
        return false;
    }
    if (is_path(name)) {
        *out = name;
        return true;
    }
    const char *relative = arena_format(arena, "rulesets/%s", name);

    if (relative == NULL || !place_data(relative, place, error)) {
        return false;
    }
    *out = arena_text(arena, place);
    return *out != NULL || error_set(error, ERROR_LIMIT, "the configuration is too large");
}

static bool get_list(const struct tree *tree, const char *key, struct arena *arena, size_t max,
                     char **out, struct error *error)
{
    const struct tree *list = NULL;
    size_t index = 0;

    if (!tree_need_list(tree, key, &list, error)) {
        return false;
    }
    if (list->count > max) {
        return error_set(error, ERROR_INVALID, "\"%s\" has %zu entries, want at most %zu", key,
                         list->count, max);
    }
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        if (item->type != TREE_TEXT) {
            return error_set(error, ERROR_INVALID, "\"%s\" holds something that is no text", key);
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
        !get_data(tree, "schema", "schema.yaml", arena, &schema, error)) {
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
    static const char *const keys[] = {"roster",   "seat",         "key",     "store",
                                       "spool",    "catalog",      "ruleset", "schema",
                                       "assessor", "coordinators", NULL};
    char **command = arena_array(arena, ASSESSOR_ARGS_MAX + 1, sizeof(*command));
    char *endpoints[MESSAGE_COORDINATORS_MAX] = {NULL};
    int64_t seat = 0;

    if (command == NULL || !tree_only_keys(tree, keys, error) ||
        !tree_need_text(tree, "roster", &out->roster, error) ||
        !tree_need_integer(tree, "seat", 0, MESSAGE_SEATS_MAX - 1, &seat, error) ||
        !tree_need_text(tree, "key", &out->key, error) ||
        !tree_need_text(tree, "store", &out->store, error) ||
        !tree_need_text(tree, "spool", &out->spool, error) ||
        !get_data(tree, "catalog", "catalogs/iso42001-2023", arena, &out->catalog, error)) {
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
    return tree_get(tree, "assessor") != NULL
               ? get_list(tree, "assessor", arena, ASSESSOR_ARGS_MAX, command, error)
               : own_assessor(tree, out, arena, command, error);
}

bool config_load(const char *path, struct arena *arena, struct agent_options *out,
                 struct error *error)
{
    struct agent_options options = {0};
    struct tree *tree = NULL;
    struct bytes source;

    if (!read_file(path, arena, &source, error) ||
        !tree_parse_yaml(source, path, arena, &tree, error)) {
        return false;
    }
    if (tree->type != TREE_MAP) {
        return error_set(error, ERROR_INVALID, "%s: want a map, for example \"seat: 7\"", path);
    }
    if (!fill(tree, arena, &options, error) || !enter_folder(path, arena, error)) {
        return false;
    }
    *out = options;
    return true;
}
