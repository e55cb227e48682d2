#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

/* Hex and base64 (RFC 4648), numbers read from text, and fixed-width integers in byte order. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

#define HEX_SIZE(size)    ((size)*2 + 1)             /* Characters, with the NUL. */
#define BASE64_SIZE(size) (((size) + 2) / 3 * 4 + 1) /* Characters, with the NUL. */
#define DIGEST_HEX_SIZE   HEX_SIZE(DIGEST_SIZE)

/* Writes HEX_SIZE(bytes.size) characters to OUT, lower case. */
void encode_hex(struct bytes bytes, char *out);

/* Reads exactly SIZE bytes from the hex TEXT (upper or lower case). False when TEXT is anything
 * else; OUT is then undefined. */
bool encode_from_hex(const char *text, uint8_t *out, size_t size);

/* DIGEST as lower-case hex in a buffer of the caller; returns the buffer. */
const char *encode_digest(const struct digest *digest, char out[DIGEST_HEX_SIZE]);

/* Reads 64 hex characters. */
bool encode_to_digest(const char *text, struct digest *out);

/* Appends BYTES in standard base64 with padding. */
void encode_base64(struct bytes bytes, struct buffer *out);

/* Appends what the base64 TEXT of LENGTH characters stands for. Accepts the standard and the
 * URL-safe alphabet, with or without padding. False when it is neither; OUT is then as before. */
bool encode_from_base64(const char *text, size_t length, struct buffer *out);

/* Reads a decimal number 0 .. MAX without sign, spaces or leading zeros. */
bool encode_to_u64(const char *text, uint64_t max, uint64_t *out);

void encode_put_u32(uint8_t out[4], uint32_t value); /* Big-endian. */
void encode_put_u64(uint8_t out[8], uint64_t value);
uint32_t encode_get_u32(const uint8_t in[4]);

#endif
