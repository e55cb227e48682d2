#include "rules/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/hash.h"
#include "formats/tree.h"
#include "rules/words.h"

static bool name_is_plain(const char *name)
{
    static const char ending[] = ".yaml";
    size_t size = strlen(name);

    return size > strlen(ending) && size <= FOLDER_NAME_MAX && name[0] != '.' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
               size &&
           strcmp(name + size - strlen(ending), ending) == 0;
}

static bool read_descriptor(int descriptor, const char *path, struct arena *arena,
                            struct bytes *out, struct error *error)
{
    struct stat status;
    size_t used = 0;

    if (fstat(descriptor, &status) != 0) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(error, ERROR_INVALID, "%s: not a regular file", path);
    }
    if (status.st_size > FOLDER_FILE_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: larger than %d bytes", path,
                         FOLDER_FILE_SIZE_MAX);
    }
    size_t size = (size_t)status.st_size;
    uint8_t *data = arena_alloc(arena, size + 1);

    if (data == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: too large for the memory allowed", path);
    }
    while (used < size) {
        ssize_t got = read(descriptor, data + used, size - used);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return error_set(error, ERROR_IO, "%s: %s", path,
                             got == 0 ? "ended early" : strerror(errno));
        }
        used += (size_t)got;
    }
    *out = bytes_of(data, size);
    return true;
}

static bool read_file(const char *path, struct arena *arena, struct bytes *out, struct error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (descriptor < 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    bool ok = read_descriptor(descriptor, path, arena, out, error);

    (void)close(descriptor);
    return ok;
}

static void hash_file(struct hash *hash, const char *name, struct bytes content)
{
    char head[FOLDER_NAME_MAX + 32];
    int size = snprintf(head, sizeof(head), "%s\n%zu\n", name, content.size);

    CHECK(size > 0);
    CHECK((size_t)size < sizeof(head));
    hash_update(hash, bytes_of(head, (size_t)size));
    hash_update(hash, content);
}

static bool read_part(const char *directory, const char *name, struct arena *arena,
                      struct hash *hash, const struct tree **out, struct error *error)
{
    struct bytes content;
    struct tree *tree = NULL;
    const char *path = arena_format(arena, "%s/%s", directory, name);

    if (path == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: too large for the memory allowed", name);
    }
    if (!read_file(path, arena, &content, error) ||
        !tree_parse_yaml(content, path, arena, &tree, error)) {
        return false;
    }
    hash_file(hash, name, content);
    *out = tree;
    return true;
}

static bool read_parts(const char *directory, const struct words *names, struct arena *arena,
                       struct hash *hash, struct folder *folder, struct error *error)
{
    char place[TREE_PLACE_SIZE];

    folder->file_count = names->count;
    folder->files = arena_array(arena, names->count, sizeof(*folder->files));
    if (folder->files == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: too large for the memory allowed", directory);
    }
    for (size_t i = 0; i < names->count; i++) {
        if (!name_is_plain(names->items[i])) {
            return error_set(error, ERROR_INVALID,
                             "%s: \"%s\" is not a plain file name ending in .yaml",
                             tree_place(tree_get(folder->main, "files"), place), names->items[i]);
        }
        if (!read_part(directory, names->items[i], arena, hash, &folder->files[i], error)) {
            return false;
        }
        if (folder->files[i]->type != TREE_LIST) {
            return error_set(error, ERROR_INVALID, "%s: expected a list",
                             tree_place(folder->files[i], place));
        }
    }
    return true;
}

bool folder_load(const char *directory, const char *main_name, struct arena *arena,
                 struct folder *out, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    struct folder folder = {0};
    struct words names;
    struct hash hash;

    CHECK(name_is_plain(main_name));

    hash_init(&hash);
    if (!read_part(directory, main_name, arena, &hash, &folder.main, error)) {
        return false;
    }
    if (folder.main->type != TREE_MAP) {
        return error_set(error, ERROR_INVALID, "%s: expected a map",
                         tree_place(folder.main, place));
    }
    if (!words_read(folder.main, "files", arena, &names, error)) {
        return false;
    }
    if (names.count == 0 || names.count > FOLDER_FILES_MAX) {
        return error_set(error, ERROR_INVALID, "%s: files are %zu, want 1..%d",
                         tree_place(folder.main, place), names.count, FOLDER_FILES_MAX);
    }
    if (!read_parts(directory, &names, arena, &hash, &folder, error)) {
        return false;
    }
    hash_finish(&hash, &folder.digest);
    *out = folder;
    return true;
}
