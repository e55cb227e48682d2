#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/* Memory that is given back all at once.
 *
 * One arena per case, message or file: what is parsed into it lives until arena_destroy(). An arena
 * has a limit, because what fills it usually comes from outside. Not thread-safe. */

#include <stdarg.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

struct arena;

/* Makes an empty arena that will hand out at most LIMIT_SIZE bytes. The caller destroys it. Aborts
 * when the system has no memory at all. */
struct arena *arena_create(size_t limit_size);

/* Gives back everything. destroy(NULL) does nothing. */
void arena_destroy(struct arena *arena);

/* Forgets everything allocated but keeps the first block for reuse. */
void arena_reset(struct arena *arena);

/* SIZE zeroed bytes, aligned for any type; NULL when the limit would be passed. SIZE 0 gives a
 * pointer that must not be read. */
void *arena_alloc(struct arena *arena, size_t size);

/* COUNT elements of SIZE bytes, zeroed; NULL when the limit would be passed or the product
 * overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A copy of SIZE bytes of DATA with a NUL behind it; NULL when the limit would be passed. */
char *arena_copy(struct arena *arena, const void *data, size_t size);

/* A copy of the NUL-terminated TEXT; NULL when the limit would be passed. */
char *arena_text(struct arena *arena, const char *text);

/* A formatted text; NULL when the limit would be passed. */
char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* Bytes handed out so far. */
size_t arena_used(const struct arena *arena);

#endif
