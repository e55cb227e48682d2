#ifndef RULES_POOL_H
#define RULES_POOL_H

/* SQLite's memory, in a process of one thread that uses SQLite for rules only.
 *
 * A bundle takes some 50,000 allocations, most of them a few bytes that live for a row. Debian's
 * SQLite has no cache of its own for them, takes a lock for each and counts each. Here they come
 * from lists of free blocks by size, without locks, and one number is kept: what is in use, which
 * has a limit. Blocks are not given back to the system.
 *
 *     malloc chunk:  | class | bytes ... | class | bytes ... |
 *                            ^ what SQLite sees; while free, the next free block of the class */

#include <stddef.h>

/* Makes SQLite take its memory here, without a limit. Call once, before anything else of SQLite. */
void pool_take_over(void);

/* Lets SQLite use at most SIZE bytes from now on; what it holds beyond that stays. */
void pool_limit(size_t size);

#endif
