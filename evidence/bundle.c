/* Opening and unpacking; bundle_pack.c is the other direction. */

#include "evidence/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/hash.h"
#include "evidence/bag.h"
#include "evidence/bundle_header.h"
#include "evidence/path.h"
#include "evidence/tar.h"

#define CHUNK_SIZE (SEAL_CHUNK_SIZE + SEAL_CHUNK_MARGIN) /* Bytes of a full sealed chunk. */

/* A bundle being read, from a file or from memory, and its content being opened on the way. */
struct input {
    int fd;                     /* -1: from memory. */
    struct bytes rest;          /* In memory: what was not read yet. */
    uint64_t left;              /* Bytes of the content that were not read yet. */
    struct hash hash;           /* Of the content so far. */
    struct digest want;         /* Of all of it. */
    bool is_checked;            /* It ended as it should. */
    struct seal_stream *stream; /* NULL: plain. */
    bool is_last;               /* The last chunk was read. */
    size_t chunk;               /* Number of the next chunk, from 0. */
    uint8_t sealed[CHUNK_SIZE];
    struct buffer plain;
};

/* Reads up to *SIZE bytes; fewer only at the end. */
static bool read_some(struct input *input, uint8_t *out, size_t *size, struct error *error)
{
    size_t done = 0;

    if (input->fd < 0) {
        *size = *size < input->rest.size ? *size : input->rest.size;
        if (*size > 0) {
            memcpy(out, input->rest.data, *size);
            input->rest = bytes_of(input->rest.data + *size, input->rest.size - *size);
        }
        return true;
    }
    while (done < *size) {
        ssize_t count = read(input->fd, out + done, *size - done);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return error_set(error, ERROR_IO, "the bundle cannot be read: %s", strerror(errno));
        }
        if (count == 0) {
            break;
        }
        done += (size_t)count;
    }
    *size = done;
    return true;
}

static bool read_header(struct input *input, struct arena *arena, struct bundle_header *header,
                        struct error *error)
{
    uint8_t prefix[BUNDLE_PREFIX_SIZE];
    size_t size = sizeof(prefix);
    size_t block_size = 0;

    if (!read_some(input, prefix, &size, error)) {
        return false;
    }
    if (size < sizeof(prefix)) {
        return error_set(error, ERROR_INVALID, "this is not a bundle: it has only %zu bytes", size);
    }
    if (!bundle_header_size(prefix, &block_size, error)) {
        return false;
    }
    uint8_t *block = arena_alloc(arena, block_size);

    if (block == NULL) {
        return error_set(error, ERROR_LIMIT, "there is no room for the bundle's header");
    }
    memcpy(block, prefix, sizeof(prefix));
    size = block_size - sizeof(prefix);
    if (!read_some(input, block + sizeof(prefix), &size, error) ||
        !bundle_read_header(bytes_of(block, sizeof(prefix) + size), arena, header, error)) {
        return false;
    }
    input->left = header->content_size;
    input->want = header->content;
    hash_init(&input->hash);
    return true;
}

/* Reads the next bytes of the content, at most SIZE, to OUT; *GOT is 0 at its end, where size and
 * digest are checked. */
static bool read_content(struct input *input, uint8_t *out, size_t size, size_t *got,
                         struct error *error)
{
    size_t wanted = size < input->left ? size : (size_t)input->left;
    struct digest found;
    size_t count = wanted;
    size_t extra = 1;

    if (!read_some(input, out, &count, error)) {
        return false;
    }
    if (count < wanted) {
        return error_set(error, ERROR_CORRUPT, "the bundle is cut off %llu bytes before its end",
                         (unsigned long long)(input->left - count));
    }
    hash_update(&input->hash, bytes_of(out, count));
    input->left -= count;
    *got = count;
    if (count > 0 || input->is_checked) {
        return true;
    }
    if (!read_some(input, out, &extra, error)) {
        return false;
    }
    if (extra > 0) {
        return error_set(error, ERROR_CORRUPT, "the bundle goes on behind its end");
    }
    hash_finish(&input->hash, &found);
    if (!digest_equal(&found, &input->want)) {
        return error_set(error, ERROR_CORRUPT,
                         "the bundle's content was altered: its digest is not that in the header");
    }
    input->is_checked = true;
    return true;
}

/* Opens the next chunk; the block is empty behind the last one. */
static bool pull_sealed(struct input *input, struct bytes *block, struct error *error)
{
    size_t size = 0;

    buffer_clear(&input->plain);
    /* A chunk may be empty; an empty block would mean the end. */
    while (input->plain.size == 0) {
        if (!read_content(input, input->sealed, sizeof(input->sealed), &size, error)) {
            return false;
        }
        if (size == 0 && input->is_last) {
            break;
        }
        if (size == 0) {
            return error_set(error, ERROR_CORRUPT,
                             "the bundle's content is cut off behind chunk %zu", input->chunk);
        }
        if (!seal_stream_pull(input->stream, bytes_of(input->sealed, size), &input->plain,
                              &input->is_last, error)) {
            return error_wrap(error, "chunk %zu of the bundle's content", input->chunk);
        }
        input->chunk++;
    }
    *block = buffer_bytes(&input->plain);
    return true;
}

/* The tar, block by block; a tar_pull. */
static bool pull(void *context, struct bytes *block, struct error *error)
{
    struct input *input = context;
    size_t size = 0;

    if (input->stream != NULL) {
        return pull_sealed(input, block, error);
    }
    if (!read_content(input, input->sealed, sizeof(input->sealed), &size, error)) {
        return false;
    }
    *block = bytes_of(input->sealed, size);
    return true;
}

static bool start_stream(struct input *input, const struct bundle_header *header,
                         const uint8_t *key, struct error *error)
{
    uint8_t start[SEAL_HEADER_SIZE];
    size_t size = 0;

    if (header->is_plain) {
        return true;
    }
    if (key == NULL) {
        return error_set(error, ERROR_DENIED, "the bundle is sealed and there is no key for it");
    }
    if (!read_content(input, start, sizeof(start), &size, error)) {
        return false;
    }
    if (size < sizeof(start)) {
        return error_set(error, ERROR_CORRUPT, "the bundle's content has no first chunk");
    }
    return seal_stream_open(key, start, &input->stream, error) ||
           error_wrap(error, "the bundle's content");
}

static bool open_input(struct input *input, const uint8_t *key, struct arena *arena,
                       struct bundle *out, struct error *error)
{
    struct bundle bundle;
    bool is_open = read_header(input, arena, &bundle.header, error);

    if (is_open && bundle.header.content_size > BUNDLE_CONTENT_MAX) {
        is_open =
            error_set(error, ERROR_LIMIT, "the bundle's content has %llu bytes, the limit is %d",
                      (unsigned long long)bundle.header.content_size, BUNDLE_CONTENT_MAX);
    }
    is_open = is_open && start_stream(input, &bundle.header, key, error) &&
              tar_read(pull, input, arena, &bundle.files, error) &&
              bag_check(&bundle.files, &bundle.header.manifest, arena, &bundle.payload, error);
    if (input->plain.data != NULL) {
        seal_wipe(input->plain.data, input->plain.capacity);
    }
    buffer_finish(&input->plain);
    seal_stream_destroy(input->stream);
    if (is_open) {
        CHECK(input->is_checked);
        *out = bundle;
    }
    return is_open;
}

bool bundle_open(int fd, const uint8_t key[SEAL_KEY_SIZE], struct arena *arena, struct bundle *out,
                 struct error *error)
{
    struct input input = {.fd = fd};

    return open_input(&input, key, arena, out, error);
}

bool bundle_open_bytes(struct bytes file, const uint8_t key[SEAL_KEY_SIZE], struct arena *arena,
                       struct bundle *out, struct error *error)
{
    struct input input = {.fd = -1, .rest = file};

    return open_input(&input, key, arena, out, error);
}

bool bundle_check_sealed(int fd, uint64_t content_limit, struct arena *arena,
                         struct bundle_header *out, struct error *error)
{
    struct input input = {.fd = fd};
    struct bundle_header header;

    if (!read_header(&input, arena, &header, error)) {
        return false;
    }
    if (header.content_size > content_limit) {
        return error_set(
            error, ERROR_LIMIT, "the bundle's content has %llu bytes, the limit is %llu",
            (unsigned long long)header.content_size, (unsigned long long)content_limit);
    }
    while (!input.is_checked) {
        size_t size = 0;

        if (!read_content(&input, input.sealed, sizeof(input.sealed), &size, error)) {
            return false;
        }
    }
    *out = header;
    return true;
}

/* Makes the directories above PATH, which is below DIRECTORY. */
static bool make_parents(int directory, const char *path, struct error *error)
{
    char parent[PATH_SIZE_MAX + 1];

    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t size = (size_t)(slash - path);

        CHECK(size <= PATH_SIZE_MAX);
        memcpy(parent, path, size);
        parent[size] = '\0';
        if (mkdirat(directory, parent, 0755) != 0 && errno != EEXIST) {
            return error_set(error, ERROR_IO, "%s: %s", parent, strerror(errno));
        }
    }
    return true;
}

static bool write_file(int directory, const char *path, struct bytes content, struct error *error)
{
    if (!make_parents(directory, path, error)) {
        return false;
    }
    int fd = openat(directory, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    bool is_written = fd >= 0;

    for (size_t done = 0; is_written && done < content.size;) {
        ssize_t count = write(fd, content.data + done, content.size - done);

        is_written = count >= 0 || errno == EINTR;
        done += count > 0 ? (size_t)count : 0;
    }
    int reason = errno;

    if (fd >= 0 && close(fd) != 0 && is_written) {
        reason = errno;
        is_written = false;
    }
    return is_written || error_set(error, ERROR_IO, "%s: %s", path, strerror(reason));
}

bool bundle_unpack(const struct bundle *bundle, const char *path, struct error *error)
{
    bool is_written = true;

    if (mkdir(path, 0755) != 0) {
        return error_set(error, errno == EEXIST ? ERROR_CONFLICT : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (directory < 0) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    for (size_t i = 0; i < bundle->files.file_count && is_written; i++) {
        const struct source_file *file = &bundle->files.files[i];

        is_written = write_file(directory, file->path + strlen("bag/"),
                                bytes_of(file->data, (size_t)file->size), error);
    }
    close(directory);
    return is_written || error_wrap(error, "unpack to %s", path);
}
