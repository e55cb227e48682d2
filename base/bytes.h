#ifndef BASE_BYTES_H
#define BASE_BYTES_H

/* A borrowed run of bytes, and the 32-byte digest that names everything in this project. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DIGEST_SIZE 32 /* Bytes of a SHA-256. */

/* Read-only view; whoever made it says how long the memory lives. */
struct bytes {
    const uint8_t *data; /* May be NULL when size is 0. */
    size_t size;
};

struct digest {
    uint8_t data[DIGEST_SIZE];
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){.data = data, .size = size};
}

static inline struct bytes bytes_of_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Not constant time: digests are public. */
static inline bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->data, b->data, DIGEST_SIZE) == 0;
}

static inline int digest_compare(const struct digest *a, const struct digest *b)
{
    return memcmp(a->data, b->data, DIGEST_SIZE);
}

/* The 32 zero bytes that stand for "none". */
static inline bool digest_is_zero(const struct digest *digest)
{
    static const struct digest zero = {{0}};

    return digest_equal(digest, &zero);
}

#endif
