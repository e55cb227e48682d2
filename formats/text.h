#ifndef FORMATS_TEXT_H
#define FORMATS_TEXT_H

/* Questions about texts that come from outside: are they UTF-8, are two names the same name, which
 * word was meant. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"

/* True when SOURCE is well-formed UTF-8 (RFC 3629). Else *OFFSET (may be NULL) is that of the first
 * byte that is not. NUL is well-formed. */
bool text_is_utf8(struct bytes source, size_t *offset);

/* True when TEXT holds nothing but ASCII. */
bool text_is_ascii(const char *text);

/* Number of characters of SOURCE, which is UTF-8 or a part of it. */
size_t text_count(struct bytes source);

/* True when TEXT holds a control character (C0 but line feed and tab, DEL, C1). TEXT is UTF-8. */
bool text_has_control(const char *text);

/* Bytes of the character that TEXT begins with, 1 to 4; 0 at its end, and when it is a control
 * character or not UTF-8: a terminal must not see it, and our JSON does not hold it. */
size_t text_character_size(const char *text);

/* TEXT, valid UTF-8, in the form by which names are compared: NFC and case folded, so that names
 * which some file system holds for the same are equal. NULL when it is not UTF-8 or the arena is
 * full. */
const char *text_fold(const char *text, struct arena *arena);

/* The one of COUNT candidates that WORD was probably meant to be, or NULL when none is near.
 * Differences of case, of - and _ and up to a third of the letters are forgiven. */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);

#endif
