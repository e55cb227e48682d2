/* Any bytes as a bundle. No input is signed by chance, so beside the whole file its header is tried
 * alone, with a signature made here. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "evidence/bundle_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A header block around the JSON text, signed by a key that anybody has. */
static void wrap(struct bytes text, const struct keys *keys, struct buffer *out)
{
    uint8_t size[4];
    uint8_t signature[SIGN_SIZE];

    encode_put_u32(size, (uint32_t)text.size);
    sign_payload(keys, BUNDLE_TYPE, text, signature);
    buffer_append_text(out, BUNDLE_MAGIC);
    buffer_append(out, size, sizeof(size));
    buffer_append(out, text.data, text.size);
    buffer_append(out, signature, sizeof(signature));
}

static void check_header(const struct bundle_header *header, size_t size)
{
    CHECK(header->block_size == size);
    CHECK(header->seat_count <= BUNDLE_SEATS_MAX);
    CHECK(header->is_plain == (header->seat_count == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[KEYS_SEED_SIZE] = {1};
    static struct keys *keys = NULL;
    struct arena *arena = arena_create(256 * 1024 * 1024);
    struct bundle_header header;
    struct bundle bundle;
    struct buffer block = {0};
    struct error error = {0};
    const uint8_t key[SEAL_KEY_SIZE] = {0};

    if (keys == NULL) {
        keys_library_init();
        keys = keys_from_seed(seed);
    }
    if (!bundle_open_bytes(bytes_of(data, size), key, arena, &bundle, &error)) {
        CHECK(error.message[0] != '\0');
    }
    wrap(bytes_of(data, size), keys, &block);
    if (bundle_read_header(buffer_bytes(&block), arena, &header, &error)) {
        check_header(&header, block.size);
    }
    buffer_finish(&block);
    arena_destroy(arena);
    return 0;
}
