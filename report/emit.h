#ifndef REPORT_EMIT_H
#define REPORT_EMIT_H

/* Canonical JSON written straight into a buffer, for this folder: every seat writes every report,
 * and a tree of nodes would cost more than the voting. The caller keeps keys sorted. */

#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

/* A string with its quotes, by the rules of formats/json.h. */
void emit_text(struct buffer *out, const char *text);
void emit_digest(struct buffer *out, const struct digest *digest);
void emit_base64(struct buffer *out, struct bytes bytes); /* With its quotes. */
void emit_number(struct buffer *out, uint64_t number);    /* Below 2^53. */

/* `"KEY":`, behind a comma unless it is the first of its object. */
void emit_key(struct buffer *out, const char *key);

/* A comma unless a list or object has just begun. */
void emit_comma(struct buffer *out);

#endif
