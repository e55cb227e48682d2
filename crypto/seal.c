#include "crypto/seal.h"

#include <assert.h>

#include <sodium.h>

#include "base/check.h"
#include "crypto/secrets.h"

static_assert(SEAL_OVERHEAD == crypto_box_SEALBYTES, "overhead of a sealed box");
static_assert(SEAL_KEY_SIZE == crypto_secretstream_xchacha20poly1305_KEYBYTES, "stream key");
static_assert(SEAL_HEADER_SIZE == crypto_secretstream_xchacha20poly1305_HEADERBYTES, "header");
static_assert(SEAL_CHUNK_MARGIN == crypto_secretstream_xchacha20poly1305_ABYTES, "margin");
static_assert(KEYS_PUBLIC_SIZE == crypto_box_PUBLICKEYBYTES, "a sealing key is X25519");

struct seal_stream {
    crypto_secretstream_xchacha20poly1305_state state;
    bool is_over; /* The last chunk went through. */
};

void seal_random(uint8_t *out, size_t size)
{
    randombytes_buf(out, size);
}

void seal_wipe(void *memory, size_t size)
{
    sodium_memzero(memory, size);
}

void *seal_alloc(size_t size)
{
    void *memory = sodium_malloc(size);

    CHECK(memory != NULL);
    return memory;
}

void seal_free(void *memory)
{
    sodium_free(memory);
}

/* Lengthens OUT by SIZE zero bytes for the library to write to. */
static uint8_t *extend(struct buffer *out, size_t size)
{
    static const uint8_t zeros[1024];
    size_t size_before = out->size;

    for (size_t left = size; left > 0;) {
        size_t step = left < sizeof(zeros) ? left : sizeof(zeros);

        buffer_append(out, zeros, step);
        left -= step;
    }
    buffer_append(out, NULL, 0); /* So that there is memory to point at for SIZE 0, too. */
    return out->data + size_before;
}

/* Takes back what extend() gave, with whatever the library wrote there. */
static void retract(struct buffer *out, size_t size)
{
    out->size -= size;
    seal_wipe(out->data + out->size, size);
}

void seal_box(const uint8_t to[KEYS_PUBLIC_SIZE], struct bytes plain, struct buffer *out)
{
    uint8_t *sealed = extend(out, plain.size + SEAL_OVERHEAD);

    /* Fails only for a key that no honest party has: one of small order. What is made then can be
     * opened by nobody, which is what such a key deserves. */
    if (crypto_box_seal(sealed, plain.data, plain.size, to) != 0) {
        randombytes_buf(sealed, plain.size + SEAL_OVERHEAD);
    }
}

bool seal_box_open(const struct keys *keys, struct bytes sealed, struct buffer *out,
                   struct error *error)
{
    if (sealed.size < SEAL_OVERHEAD) {
        return error_set(error, ERROR_DENIED, "a sealed box of %zu bytes is too short",
                         sealed.size);
    }
    size_t size = sealed.size - SEAL_OVERHEAD;
    uint8_t *plain = extend(out, size);

    if (crypto_box_seal_open(plain, sealed.data, sealed.size, keys->public.sealing,
                             keys->sealing) != 0) {
        retract(out, size);
        return error_set(error, ERROR_DENIED, "the sealed box is not for this key, or was altered");
    }
    return true;
}

struct seal_stream *seal_stream_create(const uint8_t key[SEAL_KEY_SIZE],
                                       uint8_t header[SEAL_HEADER_SIZE])
{
    struct seal_stream *stream = seal_alloc(sizeof(*stream));
    int result = crypto_secretstream_xchacha20poly1305_init_push(&stream->state, header, key);

    CHECK(result == 0);
    stream->is_over = false;
    return stream;
}

void seal_stream_push(struct seal_stream *stream, struct bytes plain, bool is_last,
                      struct buffer *out)
{
    CHECK(!stream->is_over);
    CHECK(plain.size <= SEAL_CHUNK_SIZE);

    uint8_t tag = is_last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                          : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    uint8_t *sealed = extend(out, plain.size + SEAL_CHUNK_MARGIN);
    int result = crypto_secretstream_xchacha20poly1305_push(&stream->state, sealed, NULL,
                                                            plain.data, plain.size, NULL, 0, tag);

    CHECK(result == 0);
    stream->is_over = is_last;
}

bool seal_stream_open(const uint8_t key[SEAL_KEY_SIZE], const uint8_t header[SEAL_HEADER_SIZE],
                      struct seal_stream **out, struct error *error)
{
    struct seal_stream *stream = seal_alloc(sizeof(*stream));

    if (crypto_secretstream_xchacha20poly1305_init_pull(&stream->state, header, key) != 0) {
        seal_free(stream);
        return error_set(error, ERROR_DENIED, "the header of the encrypted stream is invalid");
    }
    stream->is_over = false;
    *out = stream;
    return true;
}

bool seal_stream_pull(struct seal_stream *stream, struct bytes sealed, struct buffer *out,
                      bool *is_last, struct error *error)
{
    if (stream->is_over) {
        return error_set(error, ERROR_CORRUPT, "a chunk follows the last one of its stream");
    }
    if (sealed.size < SEAL_CHUNK_MARGIN || sealed.size > SEAL_CHUNK_SIZE + SEAL_CHUNK_MARGIN) {
        return error_set(error, ERROR_CORRUPT, "a chunk has %zu bytes, want %d..%d", sealed.size,
                         SEAL_CHUNK_MARGIN, SEAL_CHUNK_SIZE + SEAL_CHUNK_MARGIN);
    }
    size_t size = sealed.size - SEAL_CHUNK_MARGIN;
    uint8_t *plain = extend(out, size);
    uint8_t tag = 0;

    if (crypto_secretstream_xchacha20poly1305_pull(&stream->state, plain, NULL, &tag, sealed.data,
                                                   sealed.size, NULL, 0) != 0) {
        retract(out, size);
        return error_set(error, ERROR_CORRUPT, "a chunk was altered or is out of place");
    }
    /* The writer above makes two kinds; another one is not ours. */
    if (tag != crypto_secretstream_xchacha20poly1305_TAG_MESSAGE &&
        tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
        retract(out, size);
        return error_set(error, ERROR_CORRUPT, "a chunk has the unknown tag %u", tag);
    }
    stream->is_over = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    *is_last = stream->is_over;
    return true;
}

void seal_stream_destroy(struct seal_stream *stream)
{
    seal_free(stream);
}
