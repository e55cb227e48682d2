#include "evidence/bundle_header.h"

#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "formats/json.h"
#include "formats/tree.h"

#define VERSION 1

static struct json *digest_or_null(const struct digest *digest)
{
    return digest_is_zero(digest) ? json_null() : json_digest(digest);
}

static struct json *hex_key(const uint8_t key[KEYS_PUBLIC_SIZE])
{
    char hex[HEX_SIZE(KEYS_PUBLIC_SIZE)];

    encode_hex(bytes_of(key, KEYS_PUBLIC_SIZE), hex);
    return json_text(hex);
}

static void write_json(const struct bundle_header *header, struct buffer *out)
{
    struct json *root = json_object();
    struct json *keys = json_list();
    struct json *submitter = json_object();

    json_set(root, "content", json_digest(&header->content));
    json_set(root, "content_size", json_integer((int64_t)header->content_size));
    json_set(root, "keys", keys);
    json_set(root, "manifest", json_digest(&header->manifest));
    json_set(root, "plain", json_boolean(header->is_plain));
    json_set(root, "previous", digest_or_null(&header->previous));
    json_set(root, "roster", digest_or_null(&header->roster));
    json_set(root, "submitter", submitter);
    json_set(root, "version", json_integer(VERSION));
    json_set(submitter, "sealing", hex_key(header->submitter.sealing));
    json_set(submitter, "signing", hex_key(header->submitter.signing));
    json_set(submitter, "transport", hex_key(header->submitter.transport));
    for (size_t i = 0; i < header->seat_count; i++) {
        struct buffer text = {0};

        encode_base64(bytes_of(header->sealed[i], BUNDLE_SEALED_SIZE), &text);
        json_add(keys, json_text(buffer_text(&text)));
        buffer_finish(&text);
    }
    json_write(root, out);
    json_destroy(root);
}

void bundle_header_write(struct bundle_header *header, const struct keys *keys, struct buffer *out)
{
    struct buffer text = {0};
    uint8_t size[4];
    uint8_t signature[SIGN_SIZE];

    write_json(header, &text);
    CHECK(text.size <= BUNDLE_HEADER_MAX);
    encode_put_u32(size, (uint32_t)text.size);
    sign_payload(keys, BUNDLE_TYPE, buffer_bytes(&text), signature);
    buffer_append(out, BUNDLE_MAGIC, strlen(BUNDLE_MAGIC));
    buffer_append(out, size, sizeof(size));
    buffer_append(out, text.data, text.size);
    buffer_append(out, signature, sizeof(signature));
    header->block_size = BUNDLE_PREFIX_SIZE + text.size + SIGN_SIZE;
    buffer_finish(&text);
}

bool bundle_header_size(const uint8_t prefix[BUNDLE_PREFIX_SIZE], size_t *out, struct error *error)
{
    if (memcmp(prefix, BUNDLE_MAGIC, strlen(BUNDLE_MAGIC)) != 0) {
        return error_set(error, ERROR_INVALID, "this is not a bundle: it does not begin with %s",
                         BUNDLE_MAGIC);
    }
    uint32_t size = encode_get_u32(prefix + strlen(BUNDLE_MAGIC));

    if (size > BUNDLE_HEADER_MAX) {
        return error_set(error, ERROR_LIMIT, "the bundle's header has %u bytes, the limit is %d",
                         size, BUNDLE_HEADER_MAX);
    }
    *out = BUNDLE_PREFIX_SIZE + (size_t)size + SIGN_SIZE;
    return true;
}

static bool malformed(const struct tree *root, const char *key, struct error *error)
{
    return error_set(error, ERROR_INVALID, "%s: \"%s\" is malformed", root->file, key);
}

static bool read_digest(const struct tree *root, const char *key, bool may_be_null,
                        struct digest *out, struct error *error)
{
    const struct tree *node = tree_get(root, key);

    *out = (struct digest){{0}};
    if (may_be_null && node != NULL && node->type == TREE_NULL) {
        return true;
    }
    return (node != NULL && node->type == TREE_TEXT && encode_to_digest(node->text, out)) ||
           malformed(root, key, error);
}

static bool read_key(const struct tree *root, const char *key, uint8_t out[KEYS_PUBLIC_SIZE],
                     struct error *error)
{
    const char *text = NULL;

    if (!tree_need_text(root, key, &text, error)) {
        return false;
    }
    return encode_from_hex(text, out, KEYS_PUBLIC_SIZE) || malformed(root, key, error);
}

static bool read_sealed(const struct tree *list, struct arena *arena, struct bundle_header *header,
                        struct error *error)
{
    uint8_t(*sealed)[BUNDLE_SEALED_SIZE] = arena_array(arena, list->count, sizeof(*sealed));
    struct buffer bytes = {0};
    bool is_good = list->count <= BUNDLE_SEATS_MAX && sealed != NULL;

    for (const struct tree *node = list->child; node != NULL && is_good; node = node->next) {
        buffer_clear(&bytes);
        is_good = node->type == TREE_TEXT &&
                  encode_from_base64(node->text, strlen(node->text), &bytes) &&
                  bytes.size == BUNDLE_SEALED_SIZE;
        if (is_good) {
            memcpy(sealed[header->seat_count++], bytes.data, BUNDLE_SEALED_SIZE);
        }
    }
    buffer_finish(&bytes);
    header->sealed = (const uint8_t(*)[BUNDLE_SEALED_SIZE])sealed;
    return is_good ||
           error_set(error, ERROR_INVALID, "%s: \"keys\" is malformed or too long", list->file);
}

static bool read_fields(const struct tree *root, struct arena *arena, struct bundle_header *header,
                        struct error *error)
{
    const struct tree *plain = tree_get(root, "plain");
    const struct tree *keys = NULL;
    const struct tree *submitter = NULL;
    int64_t number = 0;

    if (!tree_need_integer(root, "version", VERSION, VERSION, &number, error) ||
        !tree_need_integer(root, "content_size", 0, INT64_C(1) << 52, &number, error) ||
        !read_digest(root, "content", false, &header->content, error) ||
        !read_digest(root, "manifest", false, &header->manifest, error) ||
        !read_digest(root, "previous", true, &header->previous, error) ||
        !read_digest(root, "roster", true, &header->roster, error) ||
        !tree_need_list(root, "keys", &keys, error) ||
        !tree_need_map(root, "submitter", &submitter, error) ||
        !read_key(submitter, "sealing", header->submitter.sealing, error) ||
        !read_key(submitter, "signing", header->submitter.signing, error) ||
        !read_key(submitter, "transport", header->submitter.transport, error) ||
        !read_sealed(keys, arena, header, error)) {
        return false;
    }
    header->content_size = (uint64_t)number;
    if (plain == NULL || plain->type != TREE_BOOLEAN) {
        return malformed(root, "plain", error);
    }
    header->is_plain = plain->integer != 0;
    if (header->is_plain != (header->seat_count == 0)) {
        return error_set(error, ERROR_INVALID,
                         "%s: a sealed bundle has keys for seats and a plain one has none",
                         root->file);
    }
    return true;
}

/* Only one text says the same thing: so nobody but the submitter can make another bundle of it. */
static bool check_canonical(const struct bundle_header *header, struct bytes text,
                            struct error *error)
{
    struct buffer again = {0};

    write_json(header, &again);

    bool is_same = bytes_equal(buffer_bytes(&again), text);

    buffer_finish(&again);
    return is_same || error_set(error, ERROR_INVALID, "bundle header: is not in canonical form");
}

bool bundle_read_header(struct bytes block, struct arena *arena, struct bundle_header *out,
                        struct error *error)
{
    struct bundle_header header = {0};
    struct tree *root = NULL;

    if (block.size < BUNDLE_PREFIX_SIZE) {
        return error_set(error, ERROR_INVALID, "this is not a bundle: it has only %zu bytes",
                         block.size);
    }
    if (!bundle_header_size(block.data, &header.block_size, error)) {
        return false;
    }
    if (block.size < header.block_size) {
        return error_set(error, ERROR_INVALID, "the bundle ends within its header");
    }
    struct bytes text = bytes_of(block.data + BUNDLE_PREFIX_SIZE,
                                 header.block_size - BUNDLE_PREFIX_SIZE - SIGN_SIZE);

    if (!tree_parse_json(text, "bundle header", arena, &root, error) ||
        !read_fields(root, arena, &header, error) || !check_canonical(&header, text, error)) {
        return false;
    }
    if (!sign_verify(header.submitter.signing, BUNDLE_TYPE, text, text.data + text.size)) {
        return error_set(error, ERROR_DENIED,
                         "the signature of the bundle's header is not its submitter's");
    }
    *out = header;
    return true;
}

bool bundle_unseal(const struct bundle_header *header, size_t seat, const struct keys *keys,
                   uint8_t key[SEAL_KEY_SIZE], struct error *error)
{
    struct buffer opened = {0};

    if (seat >= header->seat_count) {
        return error_set(error, ERROR_NOT_FOUND, "the bundle holds keys for %zu seats, not for %zu",
                         header->seat_count, seat);
    }
    bool is_open =
        seal_box_open(keys, bytes_of(header->sealed[seat], BUNDLE_SEALED_SIZE), &opened, error);

    if (is_open) {
        CHECK(opened.size == SEAL_KEY_SIZE);
        memcpy(key, opened.data, SEAL_KEY_SIZE);
        seal_wipe(opened.data, opened.size);
    }
    buffer_finish(&opened);
    return is_open || error_wrap(error, "the bundle's key for seat %zu", seat);
}
