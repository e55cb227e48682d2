#include "crypto/sign.h"

#include <assert.h>

#include <sodium.h>

#include "base/buffer.h"
#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/secrets.h"

static_assert(SIGN_SIZE == crypto_sign_BYTES, "a signature is Ed25519");
static_assert(KEYS_PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES, "a public key is Ed25519");

void sign_raw(const struct keys *keys, struct bytes bytes, uint8_t signature[SIGN_SIZE])
{
    int result = crypto_sign_detached(signature, NULL, bytes.data, bytes.size, keys->signing);

    CHECK(result == 0);
}

bool sign_raw_verify(const uint8_t signing[KEYS_PUBLIC_SIZE], struct bytes bytes,
                     const uint8_t signature[SIGN_SIZE])
{
    return crypto_sign_verify_detached(signature, bytes.data, bytes.size, signing) == 0;
}

void sign_encode(const char *type, struct bytes payload, struct buffer *out)
{
    buffer_format(out, "DSSEv1 %zu %s %zu ", strlen(type), type, payload.size);
    buffer_append(out, payload.data, payload.size);
}

void sign_payload(const struct keys *keys, const char *type, struct bytes payload,
                  uint8_t signature[SIGN_SIZE])
{
    struct buffer encoded = {0};

    sign_encode(type, payload, &encoded);
    sign_raw(keys, buffer_bytes(&encoded), signature);
    buffer_finish(&encoded);
}

bool sign_verify(const uint8_t signing[KEYS_PUBLIC_SIZE], const char *type, struct bytes payload,
                 const uint8_t signature[SIGN_SIZE])
{
    struct buffer encoded = {0};

    sign_encode(type, payload, &encoded);
    bool is_valid = sign_raw_verify(signing, buffer_bytes(&encoded), signature);
    buffer_finish(&encoded);
    return is_valid;
}

void sign_message_digest(struct bytes payload, const uint8_t signature[SIGN_SIZE],
                         struct digest *out)
{
    struct hash hash;

    hash_init(&hash);
    hash_update_sized(&hash, payload);
    hash_update_sized(&hash, bytes_of(signature, SIGN_SIZE));
    hash_finish(&hash, out);
}
