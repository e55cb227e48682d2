#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

/* Bytes that grow, for building texts and messages.
 *
 * For output whose size our own code decides; what comes from outside is limited before it gets
 * here. Growing past all memory aborts. */

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

struct buffer {
    uint8_t *data; /* Always followed by a NUL byte that size does not count; NULL while empty. */
    size_t size;
    size_t capacity;
};

/* An empty buffer needs no call: start from (struct buffer){0}. Frees what it holds and empties
 * it. */
void buffer_finish(struct buffer *buffer);

/* Forgets the content and keeps the memory. */
void buffer_clear(struct buffer *buffer);

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
void buffer_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* The content as a text: "" while empty. Valid until the next append. */
const char *buffer_text(const struct buffer *buffer);

static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return bytes_of(buffer->data, buffer->size);
}

#endif
