#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

/* Sealing to the holder of an X25519 key, and streams of encrypted chunks.
 *
 * A sealed box (libsodium crypto_box_seal) can be opened by its recipient only and does not say who
 * made it. A stream (crypto_secretstream_xchacha20poly1305) is a header and chunks, each of which
 * proves its place; the last carries TAG_FINAL, so truncation shows. */

#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/keys.h"

#define SEAL_OVERHEAD     48    /* Bytes a sealed box is longer than its content. */
#define SEAL_KEY_SIZE     32    /* Bytes of a stream key. */
#define SEAL_HEADER_SIZE  24    /* Bytes before the first chunk of a stream. */
#define SEAL_CHUNK_SIZE   65536 /* Plain bytes of a full chunk. */
#define SEAL_CHUNK_MARGIN 17    /* Bytes a sealed chunk is longer than its content. */

/* Random bytes, for fresh keys and nonces. */
void seal_random(uint8_t *out, size_t size);

/* Overwrites a secret so that no compiler removes the write. */
void seal_wipe(void *memory, size_t size);

/* Memory for a secret: locked, guarded, wiped by seal_free(). Aborts when there is none. */
void *seal_alloc(size_t size);
void seal_free(void *memory);

/* Seals PLAIN to the public sealing key TO: appends plain.size + SEAL_OVERHEAD bytes to OUT. */
void seal_box(const uint8_t to[KEYS_PUBLIC_SIZE], struct bytes plain, struct buffer *out);

/* Opens a sealed box: appends the content to OUT. ERROR_DENIED when it is not for these keys or was
 * altered; OUT is then as before. */
MUST_USE bool seal_box_open(const struct keys *keys, struct bytes sealed, struct buffer *out,
                            struct error *error);

struct seal_stream; /* One direction of one stream. */

/* Starts writing: fills HEADER. The caller destroys the stream. */
struct seal_stream *seal_stream_create(const uint8_t key[SEAL_KEY_SIZE],
                                       uint8_t header[SEAL_HEADER_SIZE]);
/* Appends one sealed chunk of PLAIN (at most SEAL_CHUNK_SIZE bytes) to OUT. None may follow the
 * last. */
void seal_stream_push(struct seal_stream *stream, struct bytes plain, bool is_last,
                      struct buffer *out);

/* Starts reading. The caller destroys the stream. ERROR_DENIED when the library refuses HEADER; a
 * wrong key or an altered header shows at the first chunk. */
MUST_USE bool seal_stream_open(const uint8_t key[SEAL_KEY_SIZE],
                               const uint8_t header[SEAL_HEADER_SIZE], struct seal_stream **out,
                               struct error *error);
/* Opens the next chunk (SEALED is whole) and appends its content to OUT. ERROR_CORRUPT when it was
 * altered, reordered or comes after the last one; OUT is then as before. */
MUST_USE bool seal_stream_pull(struct seal_stream *stream, struct bytes sealed, struct buffer *out,
                               bool *is_last, struct error *error);

void seal_stream_destroy(struct seal_stream *stream);

#endif
