#include "crypto/hash.h"

#include <assert.h>

#include <sodium.h>

#include "base/encode.h"

static_assert(sizeof(struct hash) >= sizeof(crypto_hash_sha256_state), "the state fits");
static_assert(_Alignof(struct hash) >= _Alignof(crypto_hash_sha256_state), "the state is aligned");
static_assert(DIGEST_SIZE == crypto_hash_sha256_BYTES, "a digest is a SHA-256");
static_assert(DIGEST_SIZE == crypto_auth_hmacsha256_BYTES, "a digest is an HMAC-SHA-256");
static_assert(HASH_KEY_SIZE == crypto_auth_hmacsha256_KEYBYTES, "a key is what the library wants");

static crypto_hash_sha256_state *state_of(struct hash *hash)
{
    return (crypto_hash_sha256_state *)hash->opaque;
}

void hash_init(struct hash *hash)
{
    (void)crypto_hash_sha256_init(state_of(hash));
}

void hash_update(struct hash *hash, struct bytes bytes)
{
    (void)crypto_hash_sha256_update(state_of(hash), bytes.data, bytes.size);
}

void hash_update_sized(struct hash *hash, struct bytes bytes)
{
    uint8_t size[8];

    encode_put_u64(size, bytes.size);
    hash_update(hash, bytes_of(size, sizeof(size)));
    hash_update(hash, bytes);
}

void hash_finish(struct hash *hash, struct digest *out)
{
    (void)crypto_hash_sha256_final(state_of(hash), out->data);
}

void hash_bytes(struct bytes bytes, struct digest *out)
{
    (void)crypto_hash_sha256(out->data, bytes.data, bytes.size);
}

void hash_keyed(const uint8_t key[HASH_KEY_SIZE], struct bytes bytes, struct digest *out)
{
    (void)crypto_auth_hmacsha256(out->data, bytes.data, bytes.size, key);
}
