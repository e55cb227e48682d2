#include "formats/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/place.h"

static bool read_file(const char *path, struct arena *arena, struct bytes *out, struct error *error)
{
    char *data = arena_alloc(arena, SETTINGS_SIZE_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO,
                         "cannot open '%s': %s", path, strerror(errno));
    }
    ssize_t size = data == NULL ? -1 : read(fd, data, SETTINGS_SIZE_MAX + 1);

    close(fd);
    if (size < 0 || size > SETTINGS_SIZE_MAX) {
        return error_set(error, size < 0 ? ERROR_IO : ERROR_LIMIT,
                         "'%s' cannot be read, or is over %d bytes", path, SETTINGS_SIZE_MAX);
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
    const char *folder = arena_copy(arena, path, (size_t)(slash - path) + 1);

    if (folder == NULL || chdir(folder) != 0) {
        return error_set(error, ERROR_IO, "cannot enter the folder of '%s': %s", path,
                         strerror(errno));
    }
    return true;
}

bool settings_load(const char *path, const char *const *keys, struct arena *arena,
                   struct tree **out, struct error *error)
{
    struct bytes source;

    if (!read_file(path, arena, &source, error) ||
        !tree_parse_yaml(source, path, arena, out, error)) {
        return false;
    }
    if ((*out)->type != TREE_MAP) {
        return error_set(error, ERROR_INVALID, "%s: want a map, for example \"key: seat.seed\"",
                         path);
    }
    return tree_only_keys(*out, keys, error) && enter_folder(path, arena, error);
}

bool settings_data(const struct tree *tree, const char *key, const char *name, struct arena *arena,
                   const char **out, struct error *error)
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
