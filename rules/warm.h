#ifndef RULES_WARM_H
#define RULES_WARM_H

/* Calls a statement into the processor's cache before it runs.
 *
 * A rule set is some 270 statements of 10 KB each: more than a cache of the second level holds, and
 * each is run once for a bundle, so that it would start by waiting for its own memory. What SQLite
 * keeps while an item is being prepared is remembered (rules/pool.h) and is fetched while the item
 * before it runs. Without that pool nothing is remembered and nothing happens. */

#include <stddef.h>

struct warm;

struct warm *warm_create(void);

/* destroy(NULL) does nothing. */
void warm_destroy(struct warm *warm);

/* Begins an item: what SQLite takes until warm_end() and does not give back is the item's. Items
 * are numbered from 0; returns the number. */
size_t warm_begin(struct warm *warm);
void warm_end(struct warm *warm);

/* Finds what each item has kept; no further item is begun. */
void warm_finish(struct warm *warm);

/* Fetches ITEM, after warm_finish(). Changes nothing but the time that it will take. */
void warm_call(const struct warm *warm, size_t item);

#endif
