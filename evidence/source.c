#include "evidence/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"
#include "crypto/hash.h"
#include "evidence/path.h"

#define BLOCK_SIZE 65536 /* Bytes read at once. */

struct walker {
    int directory;
    struct arena *arena;
    struct buffer files;   /* struct source_file */
    struct buffer pending; /* const char *, directories still to be read. */
    struct error *error;
};

static bool no_room(struct error *error, const char *path)
{
    return error_set(error, ERROR_LIMIT, "%s: there is no room for it", path);
}

/* What is at PATH: a directory to walk, a file, or something that is listed with its problem. */
static bool visit(struct walker *walker, const char *path)
{
    struct source_file file = {.path = path};
    struct error problem;
    struct stat stat;

    if (fstatat(walker->directory, path, &stat, AT_SYMLINK_NOFOLLOW) != 0) {
        return error_set(walker->error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    if (!path_check(path, &problem)) {
        file.problem = arena_format(walker->arena, "its name %s", problem.message);
    } else if (S_ISDIR(stat.st_mode)) {
        buffer_append(&walker->pending, &path, sizeof(const char *));
        return true;
    } else if (S_ISLNK(stat.st_mode)) {
        file.problem = "is a link; evidence is files only";
    } else if (!S_ISREG(stat.st_mode)) {
        file.problem = "is not a regular file";
    }
    if (walker->files.size / sizeof(file) == SOURCE_FILES_MAX) {
        return error_set(walker->error, ERROR_LIMIT, "there are more than %d files",
                         SOURCE_FILES_MAX);
    }
    file.size = (uint64_t)stat.st_size;
    buffer_append(&walker->files, &file, sizeof(file));
    return true;
}

static bool walk(struct walker *walker, const char *path)
{
    int fd = openat(walker->directory, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    bool is_walked = true;

    if (directory == NULL) {
        (void)error_set(walker->error, ERROR_IO, "%s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL && is_walked;
         entry = readdir(directory)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        const char *name = arena_format(walker->arena, "%s/%s", path, entry->d_name);

        is_walked = name == NULL ? no_room(walker->error, path) : visit(walker, name);
    }
    closedir(directory);
    return is_walked;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct source_file *)a)->path, ((const struct source_file *)b)->path);
}

static bool walk_all(struct walker *walker)
{
    static const char *const roots[] = {"aims.yaml", "documents", "registers"};

    for (size_t i = 0; i < 3; i++) {
        if (faccessat(walker->directory, roots[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
            !visit(walker, roots[i])) {
            return false;
        }
    }
    for (size_t i = 0; i * sizeof(const char *) < walker->pending.size; i++) {
        const char *path;

        memcpy(&path, walker->pending.data + i * sizeof(path), sizeof(path));
        if (!walk(walker, path)) {
            return false;
        }
    }
    return true;
}

bool source_open(const char *path, struct arena *arena, struct source *out, struct error *error)
{
    struct walker walker = {.arena = arena, .error = error};
    bool is_open = false;

    walker.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (walker.directory < 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    if (walk_all(&walker)) {
        struct source_file *files =
            (struct source_file *)arena_copy(arena, walker.files.data, walker.files.size);
        size_t count = walker.files.size / sizeof(*files);

        is_open = files != NULL || no_room(error, path);
        if (is_open) {
            qsort(files, count, sizeof(*files), compare_files);
            *out =
                (struct source){.directory = walker.directory, .file_count = count, .files = files};
        }
    } else {
        (void)error_wrap(error, "%s", path);
    }
    if (!is_open) {
        close(walker.directory);
    }
    buffer_finish(&walker.files);
    buffer_finish(&walker.pending);
    return is_open;
}

void source_close(struct source *source)
{
    if (source->directory >= 0) {
        close(source->directory);
        source->directory = -1;
    }
}

struct source_file *source_find(const struct source *source, const char *path)
{
    struct source_file wanted = {.path = path};

    return source->file_count == 0
               ? NULL
               : bsearch(&wanted, source->files, source->file_count, sizeof(wanted), compare_files);
}

/* Opens FILE, which is on disk. Links and pipes put there since the listing are refused too. */
static bool open_file(const struct source *source, const struct source_file *file, int *out,
                      struct error *error)
{
    struct stat stat;

    if (file->problem != NULL) {
        return error_set(error, ERROR_INVALID, "%s: %s", file->path, file->problem);
    }
    int fd = openat(source->directory, file->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        return error_set(error, ERROR_IO, "%s: %s", file->path, strerror(errno));
    }
    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        close(fd);
        return error_set(error, ERROR_IO, "%s: is not a regular file", file->path);
    }
    *out = fd;
    return true;
}

/* Reads up to SIZE bytes; fewer only at the end of the file. */
static bool read_block(int fd, const char *path, uint8_t *block, size_t *size, struct error *error)
{
    size_t done = 0;

    while (done < *size) {
        ssize_t count = read(fd, block + done, *size - done);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
        }
        if (count == 0) {
            break;
        }
        done += (size_t)count;
    }
    *size = done;
    return true;
}

bool source_read(const struct source *source, struct source_file *file, struct arena *arena,
                 struct bytes *out, struct error *error)
{
    size_t size = (size_t)file->size;
    int fd = -1;

    if (file->size > SOURCE_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: has %llu bytes, the limit is %d", file->path,
                         (unsigned long long)file->size, SOURCE_SIZE_MAX);
    }
    if (source->directory < 0) {
        *out = bytes_of(file->data, size);
        return true;
    }
    /* One byte more than expected shows that the file grew. */
    uint8_t *data = arena_alloc(arena, size + 1);

    if (data == NULL) {
        return no_room(error, file->path);
    }
    if (!open_file(source, file, &fd, error)) {
        return false;
    }
    size_t got = size + 1;
    bool is_read = read_block(fd, file->path, data, &got, error);

    close(fd);
    if (is_read && got != size) {
        return error_set(error, ERROR_CONFLICT, "%s: changed while it was read", file->path);
    }
    if (!is_read) {
        return false;
    }
    *out = bytes_of(data, size);
    hash_bytes(*out, &file->sha256);
    file->has_digest = true;
    return true;
}

bool source_digest(const struct source *source, struct source_file *file, struct error *error)
{
    uint8_t block[BLOCK_SIZE];
    struct hash hash;
    uint64_t total = 0;
    size_t size = sizeof(block);
    int fd = -1;
    bool is_read = true;

    if (file->has_digest) {
        return true;
    }
    if (source->directory < 0) {
        hash_bytes(bytes_of(file->data, (size_t)file->size), &file->sha256);
        file->has_digest = true;
        return true;
    }
    if (!open_file(source, file, &fd, error)) {
        return false;
    }
    hash_init(&hash);
    while (is_read && size == sizeof(block)) {
        is_read = read_block(fd, file->path, block, &size, error);
        if (is_read) {
            hash_update(&hash, bytes_of(block, size));
            total += size;
        }
    }
    close(fd);
    if (is_read) {
        hash_finish(&hash, &file->sha256);
        file->size = total;
        file->has_digest = true;
    }
    return is_read;
}
