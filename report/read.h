#ifndef REPORT_READ_H
#define REPORT_READ_H

/* Members of our own JSON documents, for this folder. Each fails with ERROR_INVALID and a sentence
 * that begins with the place. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "council/quorum.h"
#include "formats/tree.h"

/* Fails with a sentence about NODE. */
#define READ_FAIL(node, error, ...) (read_fail((node), (error), __VA_ARGS__), false)
void read_fail(const struct tree *node, struct error *error, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* A text of one line. */
MUST_USE bool read_name(const struct tree *node, const char *key, const char **out,
                        struct error *error);

/* A text that is WORD. */
MUST_USE bool read_word(const struct tree *node, const char *key, const char *word,
                        struct error *error);

/* 64 lower-case hex characters. */
MUST_USE bool read_digest(const struct tree *node, const char *key, struct digest *out,
                          struct error *error);

/* An RFC 3339 time as report/when.h writes it, in Unix seconds. */
MUST_USE bool read_time(const struct tree *node, const char *key, uint64_t *out,
                        struct error *error);

/* A text in base64, appended to OUT. */
MUST_USE bool read_base64(const struct tree *node, const char *key, struct buffer *out,
                          struct error *error);

/* The same, not empty, as bytes in ARENA. Errors also: ERROR_LIMIT. */
MUST_USE bool read_payload(const struct tree *node, const char *key, struct arena *arena,
                           struct bytes *out, struct error *error);

/* A number MIN .. MAX. */
MUST_USE bool read_number(const struct tree *node, const char *key, uint32_t min, uint32_t max,
                          uint32_t *out, struct error *error);

/* A list of MIN .. MAX elements, each of TYPE. */
MUST_USE bool read_list(const struct tree *node, const char *key, enum tree_type type, size_t min,
                        size_t max, const struct tree **out, struct error *error);

/* The members n, f and q of NODE, which must fit each other. */
MUST_USE bool read_quorum(const struct tree *node, struct quorum *out, struct error *error);

#endif
