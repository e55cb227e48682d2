#ifndef FORMATS_JSON_H
#define FORMATS_JSON_H

/* Canonical JSON out: the part of RFC 8785 that needs no judgement. Keys are ASCII and sorted,
 * numbers are integers below 2^53, strings are UTF-8 without control characters but line feed and
 * tab, no white space. The same value gives the same bytes everywhere.
 *
 * Values form a tree that the root owns: json_destroy(root) frees all. Adding moves ownership. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

struct json; /* An object, list, text, integer, boolean or null. */

struct json *json_object(void);
struct json *json_list(void);
struct json *
json_text(const char *text); /* Invalid UTF-8 and forbidden control characters become U+FFFD. */
struct json *json_integer(int64_t value); /* |value| < 2^53. */
struct json *json_boolean(bool value);
struct json *json_null(void);
struct json *json_digest(const struct digest *digest); /* 64 hex characters. */

/* Puts VALUE under KEY (ASCII; each key once) or behind the last element; the container owns it. */
void json_set(struct json *object, const char *key, struct json *value);
void json_add(struct json *list, struct json *value);

void json_destroy(struct json *json);

/* Appends the canonical form. */
void json_write(const struct json *json, struct buffer *out);
/* Appends an indented form for people, same order of keys, ending in a line feed. */
void json_write_pretty(const struct json *json, struct buffer *out);

#endif
