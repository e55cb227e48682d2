#include "crypto/hash.h"

#include <assert.h>
#include <string.h>

/* OpenSSL's SHA-256 uses the processor's own, which libsodium's does not: nine times as fast. Its
 * newer interface (EVP) costs more per call than hashing a short text does. */
#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/encode.h"

#define BLOCK_SIZE 64 /* Bytes that SHA-256 takes at once. */

static_assert(sizeof(struct hash) >= sizeof(SHA256_CTX), "the state fits");
static_assert(_Alignof(struct hash) >= _Alignof(SHA256_CTX), "the state is aligned");
static_assert(DIGEST_SIZE == SHA256_DIGEST_LENGTH, "a digest is a SHA-256");
static_assert(BLOCK_SIZE == SHA256_CBLOCK, "a block is what the library takes for one");
static_assert(HASH_KEY_SIZE <= BLOCK_SIZE, "a key is not hashed before it is used");

static SHA256_CTX *state_of(struct hash *hash)
{
    return (SHA256_CTX *)hash->opaque;
}

void hash_init(struct hash *hash)
{
    (void)SHA256_Init(state_of(hash));
}

void hash_update(struct hash *hash, struct bytes bytes)
{
    (void)SHA256_Update(state_of(hash), bytes.data, bytes.size);
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
    (void)SHA256_Final(out->data, state_of(hash));
}

void hash_bytes(struct bytes bytes, struct digest *out)
{
    struct hash hash;

    hash_init(&hash);
    hash_update(&hash, bytes);
    hash_finish(&hash, out);
}

/* Starts HASH with KEY, filled up to a block and combined with PAD (RFC 2104 section 2). */
static void start_padded(const uint8_t key[HASH_KEY_SIZE], uint8_t pad, struct hash *hash)
{
    uint8_t block[BLOCK_SIZE];

    memset(block, pad, sizeof(block));
    for (size_t i = 0; i < HASH_KEY_SIZE; i++) {
        block[i] ^= key[i];
    }
    hash_init(hash);
    hash_update(hash, bytes_of(block, sizeof(block)));
    OPENSSL_cleanse(block, sizeof(block));
}

void hash_keyed(const uint8_t key[HASH_KEY_SIZE], struct bytes bytes, struct digest *out)
{
    struct hash hash;

    start_padded(key, 0x36, &hash);
    hash_update(&hash, bytes);
    hash_finish(&hash, out);
    start_padded(key, 0x5C, &hash);
    hash_update(&hash, bytes_of(out->data, sizeof(out->data)));
    hash_finish(&hash, out);
    OPENSSL_cleanse(&hash, sizeof(hash));
}
