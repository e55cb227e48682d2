#ifndef RULES_POOL_H
#define RULES_POOL_H

/* SQLite's memory, in a process of one thread that uses SQLite for rules only.
 *
 * A bundle takes some 15,000 allocations, most of them a few bytes that live for a row. Debian's
 * SQLite has no cache of its own for them, takes a lock for each and counts each. Here they come
 * from lists of free blocks by size, without locks, and one number is kept: what is in use, which
 * has a limit. Blocks are not given back to the system.
 *
 *     malloc chunk:  | class, owner | bytes ... | class, owner | bytes ... |
 *                                   ^ what SQLite sees; while free, the next free one
 *
 * Blocks remember for whom they were taken, so that what a statement is made of can be called into
 * the processor's cache before the statement runs. */

#include <stddef.h>
#include <stdint.h>

/* Makes SQLite take its memory here, without a limit. Call once, before anything else of SQLite. */
void pool_take_over(void);

/* Lets SQLite use at most SIZE bytes from now on; what it holds beyond that stays. */
void pool_limit(size_t size);

/* Blocks that are taken from now on belong to a new owner, whose number is returned; each is larger
 * than the one before. */
uint32_t pool_begin_owner(void);

/* Blocks that are taken from now on belong to nobody. */
void pool_end_owner(void);

typedef void pool_visit_fn(void *context, uint32_t owner, const void *block, size_t size);

/* Calls VISIT with each block in use that belongs to an owner, in no order. Those of more than two
 * pages are left out. */
void pool_visit(pool_visit_fn *visit, void *context);

#endif
