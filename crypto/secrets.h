#ifndef CRYPTO_SECRETS_H
#define CRYPTO_SECRETS_H

/* The secret halves of an identity. For the files of this folder alone: others hold a struct keys
 * and never look inside. */

#include <stdint.h>

#include "crypto/keys.h"

#define SECRETS_SIGNING_SIZE 64 /* Bytes: seed and public key, as libsodium wants them. */
#define SECRETS_X25519_SIZE  32

struct keys {
    uint8_t signing[SECRETS_SIGNING_SIZE];
    uint8_t sealing[SECRETS_X25519_SIZE];
    uint8_t transport[SECRETS_X25519_SIZE];
    struct keys_public public;
};

#endif
