#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

/* The one way to sign: Ed25519 over the DSSE pre-authentication encoding
 *
 *     PAE(type, payload) = "DSSEv1" SP len(type) SP type SP len(payload) SP payload
 *
 * with one payload type per kind of message, so that no message can pass for another kind
 * (DSSE v1.0.2). Valid is what libsodium says is valid. */

#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "crypto/keys.h"

#define SIGN_SIZE 64 /* Bytes of a signature. */

/* Signs PAYLOAD under the payload type TYPE (ASCII). */
void sign_payload(const struct keys *keys, const char *type, struct bytes payload,
                  uint8_t signature[SIGN_SIZE]);

/* True when SIGNATURE of PAYLOAD under TYPE was made by SIGNING. */
bool sign_verify(const uint8_t signing[KEYS_PUBLIC_SIZE], const char *type, struct bytes payload,
                 const uint8_t signature[SIGN_SIZE]);

/* Appends PAE(TYPE, PAYLOAD) to OUT: the bytes that the two functions above sign and verify. */
void sign_encode(const char *type, struct bytes payload, struct buffer *out);

/* Signs BYTES as they are, for RFC 9421 only, whose signature base separates itself. */
void sign_raw(const struct keys *keys, struct bytes bytes, uint8_t signature[SIGN_SIZE]);
bool sign_raw_verify(const uint8_t signing[KEYS_PUBLIC_SIZE], struct bytes bytes,
                     const uint8_t signature[SIGN_SIZE]);

/* H(message) of protocol.md section 2: SHA-256 over payload and signature, each with its length. */
void sign_message_digest(struct bytes payload, const uint8_t signature[SIGN_SIZE],
                         struct digest *out);

#endif
