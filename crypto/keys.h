#ifndef CRYPTO_KEYS_H
#define CRYPTO_KEYS_H

/* One 32-byte seed is an identity; its sub-keys are derived from it (crypto_kdf, which is keyed
 * BLAKE2b, with the context "aimsseed" and these sub-key numbers).
 *
 *   seed --+-- 1 --> Ed25519 seed     signs everything
 *          +-- 2 --> X25519 secret    opens what is sealed to the identity
 *          +-- 3 --> X25519 secret    CURVE, authenticates links only
 *
 * The seed file holds 64 hex characters and a line feed, mode 0600; a file that group or others may
 * touch, or that is reached through a symbolic link, is refused. Secrets live in memory that is
 * locked, guarded and wiped. */

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define KEYS_SEED_SIZE   32 /* Bytes. */
#define KEYS_PUBLIC_SIZE 32
#define KEYS_KEYID_SIZE  65 /* Characters with the NUL: hex SHA-256 of the DER SPKI (RFC 8410). */

struct keys; /* The secret halves. */

/* What everybody may know of an identity. */
struct keys_public {
    uint8_t signing[KEYS_PUBLIC_SIZE];
    uint8_t sealing[KEYS_PUBLIC_SIZE];
    uint8_t transport[KEYS_PUBLIC_SIZE];
};

/* Prepares the library; call once at the start of every program, before anything else here. Aborts
 * when the machine has no randomness. */
void keys_library_init(void);

/* Makes a new seed file at PATH (0600, fails when something is there) and loads it. The file is on
 * disk, with its name, when this returns. The caller destroys the keys.
 *
 * Errors: ERROR_CONFLICT when PATH exists; ERROR_IO, and then nothing is left at PATH. */
MUST_USE bool keys_create(const char *path, struct keys **out, struct error *error);

/* Loads the seed file at PATH. The caller destroys the keys.
 *
 * Errors: ERROR_NOT_FOUND; ERROR_DENIED when group or others may touch it or it is a symbolic link;
 * ERROR_INVALID when it is not a seed; ERROR_IO. */
MUST_USE bool keys_open(const char *path, struct keys **out, struct error *error);

/* Keys from a seed in memory, for tests and the simulator. The caller destroys them. */
struct keys *keys_from_seed(const uint8_t seed[KEYS_SEED_SIZE]);

/* Wipes and frees. destroy(NULL) does nothing. */
void keys_destroy(struct keys *keys);

const struct keys_public *keys_public(const struct keys *keys);

/* The secret half of the transport key, for net/; valid while KEYS lives. */
const uint8_t *keys_transport_secret(const struct keys *keys);

/* keyid of a signing key. */
void keys_keyid(const uint8_t signing[KEYS_PUBLIC_SIZE], char out[KEYS_KEYID_SIZE]);

/* True when SIGNING is a valid Ed25519 point of the main subgroup; check it at enrolment. */
bool keys_signing_is_valid(const uint8_t signing[KEYS_PUBLIC_SIZE]);

#endif
