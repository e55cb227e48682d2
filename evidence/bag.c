#include "evidence/bag.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/encode.h"
#include "crypto/hash.h"
#include "evidence/path.h"
#include "evidence/value.h"

/* The tag files, sorted. */
enum { BAG_INFO, BAG_IT, BAG_MANIFEST, BAG_TAGMANIFEST };

static const char *const tag_paths[BAG_TAG_COUNT] = {
    "bag/bag-info.txt",
    "bag/bagit.txt",
    "bag/manifest-sha256.txt",
    "bag/tagmanifest-sha256.txt",
};

static const char declaration[] = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

static const char payload_root[] = "bag/data/";

static bool no_room(struct error *error)
{
    return error_set(error, ERROR_LIMIT, "there is no room for the bag");
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct source_file *)a)->path, ((const struct source_file *)b)->path);
}

/* Appends a line of a manifest. RFC 8493 section 2.1.3: of the characters that our paths may hold,
 * only % is written in another way. */
static void append_line(struct buffer *out, const struct digest *digest, const char *path)
{
    char hex[DIGEST_HEX_SIZE];

    buffer_format(out, "%s  ", encode_digest(digest, hex));
    for (; *path != '\0'; path++) {
        if (*path == '%') {
            buffer_append_text(out, "%25");
        } else {
            buffer_append_byte(out, (uint8_t)*path);
        }
    }
    buffer_append_byte(out, '\n');
}

static bool set_tag(struct bag *bag, size_t index, const struct buffer *content,
                    struct arena *arena, struct error *error)
{
    char *data = arena_copy(arena, content->data, content->size);

    if (data == NULL) {
        return no_room(error);
    }
    bag->tags[index] = (struct source_file){.path = tag_paths[index],
                                            .size = content->size,
                                            .data = (const uint8_t *)data,
                                            .has_digest = true};
    hash_bytes(bytes_of(data, content->size), &bag->tags[index].sha256);
    return true;
}

/* Fills TEXT with the tag file INDEX, of which those before it are made. */
static void write_tag(const struct bag *bag, size_t index, const struct source *payload,
                      const char *organisation, struct buffer *text)
{
    unsigned long long total = 0;

    switch (index) {
    case BAG_INFO:
        for (size_t i = 0; i < payload->file_count; i++) {
            total += payload->files[i].size;
        }
        buffer_format(text, "Payload-Oxum: %llu.%zu\nSource-Organization: %s\n", total,
                      payload->file_count, organisation);
        return;
    case BAG_IT:
        buffer_append_text(text, declaration);
        return;
    case BAG_MANIFEST:
        for (size_t i = 0; i < payload->file_count; i++) {
            char path[PATH_SIZE_MAX + sizeof("data/")] = "data/";

            memcpy(path + 5, payload->files[i].path, strlen(payload->files[i].path) + 1);
            append_line(text, &payload->files[i].sha256, path);
        }
        return;
    case BAG_TAGMANIFEST:
        for (size_t i = 0; i < BAG_TAGMANIFEST; i++) {
            append_line(text, &bag->tags[i].sha256, tag_paths[i] + strlen("bag/"));
        }
        return;
    default:
        CHECK_UNREACHABLE();
    }
}

bool bag_create(const struct source *payload, const char *organisation, struct arena *arena,
                struct bag *out, struct error *error)
{
    struct buffer text = {0};
    struct bag bag = {0};
    bool is_made = true;

    for (size_t i = 0; i < payload->file_count; i++) {
        CHECK(payload->files[i].has_digest);
        CHECK(strlen(payload->files[i].path) <= PATH_SIZE_MAX);
        CHECK(i == 0 || strcmp(payload->files[i - 1].path, payload->files[i].path) < 0);
    }
    for (size_t i = 0; i < BAG_TAG_COUNT && is_made; i++) {
        buffer_clear(&text);
        write_tag(&bag, i, payload, organisation, &text);
        is_made = set_tag(&bag, i, &text, arena, error);
    }
    buffer_finish(&text);
    if (is_made) {
        bag.manifest = bag.tags[BAG_TAGMANIFEST].sha256;
        *out = bag;
    }
    return is_made;
}

/* One line of a manifest at *TEXT. */
struct line {
    struct digest digest;
    char path[PATH_SIZE_MAX + sizeof("data/")];
};

/* Reads the path of a line up to its line feed, undoing %25. */
static bool read_path(const char *text, size_t size, struct line *line)
{
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        if (used + 1 >= sizeof(line->path)) {
            return false;
        }
        line->path[used++] = text[i];
        if (text[i] == '%') {
            if (size - i < 3 || memcmp(text + i, "%25", 3) != 0) {
                return false;
            }
            i += 2;
        }
    }
    line->path[used] = '\0';
    return used > 0;
}

/* Reads the line at offset *AT of the manifest FILE and moves *AT behind it. */
static bool read_line(const struct source_file *file, size_t *at, struct line *line,
                      struct error *error)
{
    const char *text = (const char *)file->data + *at;
    const char *end = memchr(text, '\n', (size_t)file->size - *at);
    char hex[DIGEST_HEX_SIZE] = "";

    if (end != NULL && end - text > DIGEST_HEX_SIZE) {
        memcpy(hex, text, DIGEST_HEX_SIZE - 1);
    }
    if (hex[0] == '\0' || memcmp(text + DIGEST_HEX_SIZE - 1, "  ", 2) != 0 ||
        !encode_to_digest(hex, &line->digest) ||
        !read_path(text + DIGEST_HEX_SIZE + 1, (size_t)(end - text) - DIGEST_HEX_SIZE - 1, line)) {
        return error_set(error, ERROR_INVALID, "%s: the line at offset %zu is malformed",
                         file->path, *at);
    }
    *at += (size_t)(end - text) + 1;
    return true;
}

/* Checks that FILES, whose paths are to have PREFIX before those in the manifest, are exactly what
 * the manifest lists. A file has its digest once it was listed. */
static bool check_manifest(const struct source_file *manifest, const char *prefix,
                           const struct source *files, struct error *error)
{
    char quote[VALUE_QUOTE_SIZE];
    size_t listed = 0;

    for (size_t at = 0; at < manifest->size; listed++) {
        struct line line;
        bool has_prefix;

        if (!read_line(manifest, &at, &line, error)) {
            return false;
        }
        has_prefix = strncmp(line.path, prefix, strlen(prefix)) == 0;

        struct source_file *file =
            has_prefix ? source_find(files, line.path + strlen(prefix)) : NULL;

        (void)value_quote(line.path, quote);
        if (file == NULL) {
            return error_set(error, ERROR_INVALID, "%s lists %s, which is not there",
                             manifest->path, quote);
        }
        if (file->has_digest) {
            return error_set(error, ERROR_INVALID, "%s lists %s twice", manifest->path, quote);
        }
        hash_bytes(bytes_of(file->data, (size_t)file->size), &file->sha256);
        file->has_digest = true;
        if (!digest_equal(&file->sha256, &line.digest)) {
            return error_set(error, ERROR_CORRUPT, "%s was altered: its digest is not that in %s",
                             quote, manifest->path);
        }
    }
    for (size_t i = 0; i < files->file_count && listed < files->file_count; i++) {
        if (!files->files[i].has_digest) {
            return error_set(error, ERROR_INVALID, "%s does not list %s", manifest->path,
                             value_quote(files->files[i].path, quote));
        }
    }
    return true;
}

/* Sorts FILES into the tag files and the payload; the latter without "bag/data/". */
static bool divide(const struct source *files, struct arena *arena, struct source_file *tags,
                   struct source *payload, struct error *error)
{
    char quote[VALUE_QUOTE_SIZE];
    struct source_file *kept = arena_array(arena, files->file_count, sizeof(*kept));
    size_t count = 0;

    if (kept == NULL) {
        return no_room(error);
    }
    for (size_t i = 0; i < files->file_count; i++) {
        const struct source_file *file = &files->files[i];
        size_t tag = 0;

        while (tag < BAG_TAG_COUNT && strcmp(tag_paths[tag], file->path) != 0) {
            tag++;
        }
        if (strncmp(file->path, payload_root, strlen(payload_root)) == 0) {
            kept[count] = *file;
            kept[count++].path += strlen(payload_root);
        } else if (tag < BAG_TAG_COUNT) {
            tags[tag] = *file;
        } else {
            return error_set(error, ERROR_INVALID, "%s has no place in a bundle",
                             value_quote(file->path, quote));
        }
    }
    qsort(kept, count, sizeof(*kept), compare_files);
    *payload = (struct source){.directory = -1, .file_count = count, .files = kept};
    return true;
}

bool bag_check(const struct source *files, const struct digest *manifest, struct arena *arena,
               struct source *payload_out, struct error *error)
{
    struct source_file tags[BAG_TAG_COUNT] = {{0}};
    struct source_file named[BAG_TAGMANIFEST];
    struct source listed = {.directory = -1, .file_count = BAG_TAGMANIFEST, .files = named};
    struct source payload;
    struct digest found;

    if (!divide(files, arena, tags, &payload, error)) {
        return false;
    }
    for (size_t i = 0; i < BAG_TAG_COUNT; i++) {
        if (tags[i].path == NULL) {
            return error_set(error, ERROR_INVALID, "%s is missing", tag_paths[i]);
        }
    }
    hash_bytes(bytes_of(tags[BAG_TAGMANIFEST].data, (size_t)tags[BAG_TAGMANIFEST].size), &found);
    if (!digest_equal(&found, manifest)) {
        return error_set(error, ERROR_CORRUPT, "%s is not the one that the header names",
                         tag_paths[BAG_TAGMANIFEST]);
    }
    if (!bytes_equal(bytes_of(tags[BAG_IT].data, (size_t)tags[BAG_IT].size),
                     bytes_of_text(declaration))) {
        return error_set(error, ERROR_INVALID, "%s does not declare BagIt 1.0 in UTF-8",
                         tag_paths[BAG_IT]);
    }
    for (size_t i = 0; i < BAG_TAGMANIFEST; i++) {
        named[i] = tags[i];
        named[i].path += strlen("bag/");
    }
    if (!check_manifest(&tags[BAG_TAGMANIFEST], "", &listed, error) ||
        !check_manifest(&tags[BAG_MANIFEST], "data/", &payload, error)) {
        return false;
    }
    *payload_out = payload;
    return true;
}
