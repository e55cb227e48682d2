#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

/* SHA-256 (FIPS 180-4), plain, incremental and keyed (HMAC, RFC 2104).
 *
 * By OpenSSL's libcrypto, for its speed alone; all other cryptography is libsodium's. */

#include <stdint.h>

#include "base/bytes.h"

#define HASH_KEY_SIZE 32 /* Bytes. */

struct hash {
    uint64_t opaque[16]; /* Room for the library's state; checked at compile time. */
};

void hash_init(struct hash *hash);
void hash_update(struct hash *hash, struct bytes bytes);
/* Feeds the size of BYTES as 8 bytes big-endian and then BYTES: how lists are hashed, so that no
 * two lists share one input. */
void hash_update_sized(struct hash *hash, struct bytes bytes);
void hash_finish(struct hash *hash, struct digest *out);

/* All at once. */
void hash_bytes(struct bytes bytes, struct digest *out);

/* HMAC-SHA-256 of BYTES under KEY. */
void hash_keyed(const uint8_t key[HASH_KEY_SIZE], struct bytes bytes, struct digest *out);

#endif
