#include <string.h>

#include "base/check.h"
#include "crypto/hash.h"
#include "evidence/bag.h"
#include "evidence/bundle_header.h"
#include "evidence/load.h"
#include "evidence/path.h"
#include "evidence/tar.h"
#include "formats/text.h"

#define SCRATCH_SIZE                                                                               \
    (64 * 1024 * 1024) /* Bytes for names and indexes while the bundle is checked. */

struct packer {
    const struct bundle_options *options;
    struct arena *arena;
    struct source source;
    struct source payload; /* The files that are packed. */
    struct bag bag;
    struct tar_writer *tar;
    struct buffer plain; /* The tar. */
    struct bundle_packed packed;
    struct error *error;
};

static bool no_room(struct packer *packer)
{
    return error_set(packer->error, ERROR_LIMIT, "there is no room to pack %s",
                     packer->options->directory);
}

/* Divides the files into those that are packed and those that are left out. */
static bool choose(struct packer *packer)
{
    size_t count = packer->source.file_count;
    struct source_file *used = arena_array(packer->arena, count, sizeof(*used));
    const char **left_out = arena_array(packer->arena, count, sizeof(*left_out));
    uint64_t total = 0;

    if (used == NULL || left_out == NULL) {
        return no_room(packer);
    }
    packer->payload = (struct source){.directory = packer->source.directory, .files = used};
    packer->packed.left_out = left_out;
    for (size_t i = 0; i < count; i++) {
        struct source_file *file = &packer->source.files[i];

        if (!file->is_used) {
            left_out[packer->packed.left_out_count++] = file->path;
            continue;
        }
        if (!source_digest(&packer->source, file, packer->error)) {
            return false;
        }
        used[packer->payload.file_count++] = *file;
        total += file->size;
    }
    if (total > BUNDLE_CONTENT_MAX) {
        return error_set(packer->error, ERROR_LIMIT, "the evidence has %llu bytes, the limit is %d",
                         (unsigned long long)total, BUNDLE_CONTENT_MAX);
    }
    return true;
}

static bool add_tags(struct packer *packer, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        const struct source_file *tag = &packer->bag.tags[i];

        if (!tar_add(packer->tar, tag->path, bytes_of(tag->data, (size_t)tag->size),
                     packer->error)) {
            return false;
        }
    }
    return true;
}

/* Adds a payload file, which must still be what was checked. */
static bool add_payload(struct packer *packer, const struct source_file *file)
{
    struct arena *scratch = arena_create((size_t)file->size + PATH_SIZE_MAX + 4096);
    const char *path = arena_format(scratch, "bag/data/%s", file->path);
    struct source_file now = *file;
    struct bytes content;
    bool is_added = path == NULL
                        ? no_room(packer)
                        : source_read(&packer->source, &now, scratch, &content, packer->error);

    if (is_added && !digest_equal(&now.sha256, &file->sha256)) {
        is_added =
            error_set(packer->error, ERROR_CONFLICT, "%s: changed while it was packed", file->path);
    }
    is_added = is_added && tar_add(packer->tar, path, content, packer->error);
    arena_destroy(scratch);
    return is_added;
}

/* Writes the tar. In the order of bytes, "data/" comes behind the first two tag files. */
static bool archive(struct packer *packer)
{
    bool is_ascii = true;

    for (size_t i = 0; i < packer->payload.file_count; i++) {
        is_ascii = is_ascii && text_is_ascii(packer->payload.files[i].path);
    }
    if (!tar_create(&packer->plain, is_ascii, &packer->tar, packer->error) ||
        !add_tags(packer, 0, 2)) {
        return false;
    }
    for (size_t i = 0; i < packer->payload.file_count; i++) {
        if (!add_payload(packer, &packer->payload.files[i])) {
            return false;
        }
    }
    return add_tags(packer, 2, BAG_TAG_COUNT) && tar_finish(packer->tar, packer->error);
}

/* Gives the tar that was written as one block; a tar_pull. */
static bool pull(void *context, struct bytes *block, struct error *error)
{
    struct bytes *rest = context;

    (void)error;
    *block = *rest;
    *rest = (struct bytes){0};
    return true;
}

/* Opens what was packed as a seat will: a name may be too long with "bag/data/" before it, or two
 * names that this file system keeps apart may be one elsewhere. */
static bool check(struct packer *packer)
{
    struct arena *scratch = arena_create(packer->plain.size + SCRATCH_SIZE);
    struct bytes rest = buffer_bytes(&packer->plain);
    struct source files;
    struct source payload;
    bool is_good = tar_read(pull, &rest, scratch, &files, packer->error) &&
                   bag_check(&files, &packer->bag.manifest, scratch, &payload, packer->error);

    arena_destroy(scratch);
    return is_good;
}

/* Encrypts the tar into CONTENT under a fresh key and seals that to every seat. */
static bool seal(struct packer *packer, struct buffer *content)
{
    const struct bundle_options *options = packer->options;
    uint8_t(*sealed)[BUNDLE_SEALED_SIZE] =
        arena_array(packer->arena, options->seat_count, sizeof(*sealed));
    uint8_t start[SEAL_HEADER_SIZE];
    struct buffer box = {0};

    if (sealed == NULL) {
        return no_room(packer);
    }
    uint8_t *key = seal_alloc(SEAL_KEY_SIZE);

    seal_random(key, SEAL_KEY_SIZE);

    struct seal_stream *stream = seal_stream_create(key, start);

    buffer_append(content, start, sizeof(start));
    for (size_t at = 0; at < packer->plain.size; at += SEAL_CHUNK_SIZE) {
        size_t left = packer->plain.size - at;
        size_t size = left < SEAL_CHUNK_SIZE ? left : SEAL_CHUNK_SIZE;

        seal_stream_push(stream, bytes_of(packer->plain.data + at, size), size == left, content);
    }
    seal_stream_destroy(stream);
    for (size_t i = 0; i < options->seat_count; i++) {
        buffer_clear(&box);
        seal_box(options->seats[i], bytes_of(key, SEAL_KEY_SIZE), &box);
        CHECK(box.size == BUNDLE_SEALED_SIZE);
        memcpy(sealed[i], box.data, BUNDLE_SEALED_SIZE);
    }
    seal_free(key);
    buffer_finish(&box);
    packer->packed.header.seat_count = options->seat_count;
    packer->packed.header.sealed = (const uint8_t(*)[BUNDLE_SEALED_SIZE])sealed;
    return true;
}

/* Writes header and content. */
static bool finish(struct packer *packer, struct buffer *out)
{
    const struct bundle_options *options = packer->options;
    struct bundle_header *header = &packer->packed.header;
    struct buffer sealed = {0};
    struct bytes content;

    header->is_plain = options->is_plain;
    header->manifest = packer->bag.manifest;
    header->previous = options->previous;
    header->submitter = *keys_public(options->keys);
    if (!options->is_plain) {
        header->roster = options->roster;
        if (!seal(packer, &sealed)) {
            return false;
        }
    }
    content = options->is_plain ? buffer_bytes(&packer->plain) : buffer_bytes(&sealed);
    header->content_size = content.size;
    hash_bytes(content, &header->content);
    if (content.size <= BUNDLE_CONTENT_MAX) {
        bundle_header_write(header, options->keys, out);
        buffer_append(out, content.data, content.size);
    }
    buffer_finish(&sealed);
    return header->content_size <= BUNDLE_CONTENT_MAX ||
           error_set(packer->error, ERROR_LIMIT, "the bundle has %llu bytes, the limit is %d",
                     (unsigned long long)header->content_size, BUNDLE_CONTENT_MAX);
}

static bool pack(struct packer *packer, struct buffer *out)
{
    struct dataset set;

    return load_source(&packer->source, packer->options->schema, packer->options->notes, &set,
                       packer->error) &&
           choose(packer) &&
           bag_create(&packer->payload, set.organisation, packer->arena, &packer->bag,
                      packer->error) &&
           archive(packer) && check(packer) && finish(packer, out);
}

bool bundle_pack(const struct bundle_options *options, struct arena *arena, struct buffer *out,
                 struct bundle_packed *packed, struct error *error)
{
    struct packer packer = {.options = options, .arena = arena, .error = error};

    CHECK(options->notes != NULL);
    CHECK(options->is_plain || options->seat_count > 0);
    CHECK(options->seat_count <= BUNDLE_SEATS_MAX);
    if (!source_open(options->directory, arena, &packer.source, error)) {
        return false;
    }
    bool is_packed = pack(&packer, out);

    source_close(&packer.source);
    tar_destroy(packer.tar);
    buffer_finish(&packer.plain);
    if (is_packed) {
        *packed = packer.packed;
    }
    return is_packed;
}
