#ifndef EVIDENCE_INDEX_H
#define EVIDENCE_INDEX_H

/* Finds texts by hashing: ids of a register, names of an archive. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"

struct index_slot {
    struct bytes key; /* data NULL: free. */
    uint32_t hash;
    uint32_t value;
};

struct index {
    size_t slot_count; /* A power of two, more than twice the keys. */
    struct index_slot *slots;
};

/* Makes room for COUNT keys in ARENA; false when there is none. */
bool index_init(struct index *index, size_t count, struct arena *arena);

/* Puts VALUE under KEY, whose bytes must outlive the index. When KEY is there, changes nothing,
 * sets *FOUND to its value and yields false. */
bool index_add(struct index *index, struct bytes key, uint32_t value, uint32_t *found);

bool index_find(const struct index *index, struct bytes key, uint32_t *found);

#endif
