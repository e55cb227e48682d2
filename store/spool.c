#include "store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/encode.h"
#include "crypto/hash.h"

#define NAME_SIZE  (DIGEST_HEX_SIZE + sizeof(".aims"))
#define BLOCK_SIZE 65536 /* Bytes read at once. */

#define COMPLETE ".aims"
#define PARTIAL  ".part"

/* Never changes while it is open, so threads may share it. */
struct spool {
    int fd; /* The folder. */
    uint64_t size_max;
};

struct spool_upload {
    struct spool *spool;
    struct digest digest;
    int fd; /* Of the partial file; holds its lock. */
    uint64_t size;
    uint64_t total_size;
    struct hash hash; /* Of the SIZE bytes that are there. */
    bool is_finished;
};

static void name_of(const struct digest *digest, const char *suffix, char out[NAME_SIZE])
{
    char hex[DIGEST_HEX_SIZE];
    int length = snprintf(out, NAME_SIZE, "%s%s", encode_digest(digest, hex), suffix);

    CHECK(length < (int)NAME_SIZE);
}

static bool fail(const char *name, struct error *error)
{
    return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "spool: %s: %s", name,
                     strerror(errno));
}

bool spool_open(const char *path, uint64_t size_max_bytes, struct spool **out, struct error *error)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    struct spool *spool = malloc(sizeof(*spool));

    CHECK(spool != NULL);
    *spool = (struct spool){.fd = fd, .size_max = size_max_bytes};
    *out = spool;
    return true;
}

void spool_close(struct spool *spool)
{
    if (spool != NULL) {
        (void)close(spool->fd);
        free(spool);
    }
}

static bool size_of(struct spool *spool, const char *name, uint64_t *out, struct error *error)
{
    struct stat status;

    if (fstatat(spool->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return fail(name, error);
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(error, ERROR_IO, "spool: %s is not a regular file", name);
    }
    *out = (uint64_t)status.st_size;
    return true;
}

bool spool_size(struct spool *spool, const struct digest *digest, uint64_t *out,
                struct error *error)
{
    char name[NAME_SIZE];

    name_of(digest, COMPLETE, name);
    return size_of(spool, name, out, error);
}

bool spool_offset(struct spool *spool, const struct digest *digest, uint64_t *out,
                  struct error *error)
{
    char name[NAME_SIZE];
    struct error cause;
    uint64_t size = 0;

    name_of(digest, PARTIAL, name);
    if (!size_of(spool, name, &size, &cause) && cause.code != ERROR_NOT_FOUND) {
        *error = cause;
        return false;
    }
    *out = size;
    return true;
}

bool spool_remove(struct spool *spool, const struct digest *digest, struct error *error)
{
    char name[NAME_SIZE];

    name_of(digest, COMPLETE, name);
    if (unlinkat(spool->fd, name, 0) != 0 && errno != ENOENT) {
        return error_set(error, ERROR_IO, "spool: %s: %s", name, strerror(errno));
    }
    return true;
}

bool spool_descriptor(struct spool *spool, const struct digest *digest, int *fd,
                      struct error *error)
{
    char name[NAME_SIZE];

    name_of(digest, COMPLETE, name);
    int opened = openat(spool->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (opened < 0) {
        return fail(name, error);
    }
    *fd = opened;
    return true;
}

/* Reads until SIZE bytes are there or the file ends. */
static bool read_at(int fd, uint64_t offset, uint8_t *out, size_t size, size_t *read_size,
                    struct error *error)
{
    size_t done = 0;

    while (done < size) {
        ssize_t result = pread(fd, out + done, size - done, (off_t)(offset + done));

        if (result < 0 && errno == EINTR) {
            continue;
        }
        if (result < 0) {
            return error_set(error, ERROR_IO, "spool: read: %s", strerror(errno));
        }
        if (result == 0) {
            break;
        }
        done += (size_t)result;
    }
    *read_size = done;
    return true;
}

bool spool_read(struct spool *spool, const struct digest *digest, uint64_t offset, void *out,
                size_t size, size_t *read_size, struct error *error)
{
    int fd;

    if (offset > INT64_MAX - size) {
        return error_set(error, ERROR_INVALID, "spool: no file has so many bytes");
    }
    if (!spool_descriptor(spool, digest, &fd, error)) {
        return false;
    }
    bool is_ok = read_at(fd, offset, out, size, read_size, error);

    (void)close(fd);
    return is_ok;
}

/* Opens and locks the partial file NAME, and its size. */
static bool open_partial(struct spool *spool, const char *name, int *out, uint64_t *size,
                         struct error *error)
{
    struct stat opened;
    struct stat named;
    int fd = openat(spool->fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0) {
        return fail(name, error);
    }
    /* Whoever held the lock may have made the file complete under its other name since we opened
     * it; what we hold is then no upload any more. */
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &opened) != 0 ||
        fstatat(spool->fd, name, &named, AT_SYMLINK_NOFOLLOW) != 0 ||
        named.st_ino != opened.st_ino) {
        (void)close(fd);
        return error_set(error, ERROR_CONFLICT, "somebody else is uploading this bundle");
    }
    *out = fd;
    *size = (uint64_t)opened.st_size;
    return true;
}

/* Feeds what an earlier request left to the hash. */
static bool hash_partial(struct spool_upload *upload, struct error *error)
{
    uint8_t *block = malloc(BLOCK_SIZE);
    uint64_t done = 0;
    bool is_ok = true;

    CHECK(block != NULL);
    while (is_ok && done < upload->size) {
        size_t size = 0;

        is_ok = read_at(upload->fd, done, block, BLOCK_SIZE, &size, error);
        if (is_ok && size == 0) {
            is_ok = error_set(error, ERROR_IO, "spool: the upload became shorter");
        }
        hash_update(&upload->hash, bytes_of(block, size));
        done += size;
    }
    free(block);
    return is_ok;
}

/* Brings the partial file to OFFSET: its end, or empty. */
static bool start_at(struct spool_upload *upload, uint64_t offset, struct error *error)
{
    if (offset == 0 && upload->size > 0) {
        if (ftruncate(upload->fd, 0) != 0) {
            return error_set(error, ERROR_IO, "spool: %s", strerror(errno));
        }
        upload->size = 0;
    }
    if (offset != upload->size || offset > upload->total_size) {
        return error_set(error, ERROR_CONFLICT, "the upload goes on at %llu of %llu, not at %llu",
                         (unsigned long long)upload->size, (unsigned long long)upload->total_size,
                         (unsigned long long)offset);
    }
    return hash_partial(upload, error);
}

bool spool_upload_open(struct spool *spool, const struct digest *digest, uint64_t offset,
                       uint64_t total_size, struct spool_upload **out, struct error *error)
{
    char name[NAME_SIZE];
    uint64_t size;
    int fd;

    if (total_size > spool->size_max) {
        return error_set(error, ERROR_LIMIT, "a bundle of %llu bytes, at most %llu are taken",
                         (unsigned long long)total_size, (unsigned long long)spool->size_max);
    }
    name_of(digest, PARTIAL, name);
    if (!open_partial(spool, name, &fd, &size, error)) {
        return false;
    }
    struct spool_upload *upload = malloc(sizeof(*upload));

    CHECK(upload != NULL);
    *upload = (struct spool_upload){
        .spool = spool, .digest = *digest, .fd = fd, .size = size, .total_size = total_size};
    hash_init(&upload->hash);
    if (!start_at(upload, offset, error)) {
        spool_upload_close(upload);
        return false;
    }
    *out = upload;
    return true;
}

bool spool_upload_write(struct spool_upload *upload, struct bytes part, struct error *error)
{
    CHECK(!upload->is_finished);
    if (part.size > upload->total_size - upload->size) {
        return error_set(error, ERROR_LIMIT, "more than the announced %llu bytes came",
                         (unsigned long long)upload->total_size);
    }
    while (part.size > 0) {
        ssize_t written = pwrite(upload->fd, part.data, part.size, (off_t)upload->size);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return error_set(error, ERROR_IO, "spool: write: %s", strerror(errno));
        }
        hash_update(&upload->hash, bytes_of(part.data, (size_t)written));
        part = bytes_of(part.data + written, part.size - (size_t)written);
        upload->size += (uint64_t)written;
    }
    return true;
}

bool spool_upload_finish(struct spool_upload *upload, bool *is_complete, struct error *error)
{
    struct spool *spool = upload->spool;
    char partial[NAME_SIZE];
    char complete[NAME_SIZE];
    struct digest digest;

    CHECK(!upload->is_finished);
    upload->is_finished = true;
    if (upload->size < upload->total_size) {
        *is_complete = false;
        return true;
    }
    name_of(&upload->digest, PARTIAL, partial);
    name_of(&upload->digest, COMPLETE, complete);
    hash_finish(&upload->hash, &digest);
    if (!digest_equal(&digest, &upload->digest)) {
        (void)unlinkat(spool->fd, partial, 0);
        return error_set(error, ERROR_CORRUPT, "the bundle that came has another digest");
    }
    /* First the content, then the name. */
    if (fsync(upload->fd) != 0 || renameat(spool->fd, partial, spool->fd, complete) != 0 ||
        fsync(spool->fd) != 0) {
        return error_set(error, ERROR_IO, "spool: %s: %s", complete, strerror(errno));
    }
    *is_complete = true;
    return true;
}

void spool_upload_close(struct spool_upload *upload)
{
    if (upload != NULL) {
        (void)close(upload->fd);
        free(upload);
    }
}
