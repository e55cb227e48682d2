#include "evidence/index.h"

#include "base/check.h"

/* FNV-1a. Whoever makes ids collide slows down the check of his own evidence only, and not beyond
 * the limits of the process that reads it. */
static uint32_t hash_of(struct bytes key)
{
    uint32_t hash = 2166136261;

    for (size_t i = 0; i < key.size; i++) {
        hash = (hash ^ key.data[i]) * 16777619;
    }
    return hash;
}

bool index_init(struct index *index, size_t count, struct arena *arena)
{
    size_t slot_count = 16;

    while (slot_count <= count * 2) {
        slot_count *= 2;
    }
    *index = (struct index){.slot_count = slot_count,
                            .slots = arena_array(arena, slot_count, sizeof(*index->slots))};
    return index->slots != NULL;
}

/* The slot that holds KEY, or the free one where it would go. */
static struct index_slot *slot_of(const struct index *index, struct bytes key, uint32_t hash)
{
    size_t mask = index->slot_count - 1;

    for (size_t i = hash & mask, n = 0; n < index->slot_count; i = (i + 1) & mask, n++) {
        struct index_slot *slot = &index->slots[i];

        if (slot->key.data == NULL || (slot->hash == hash && bytes_equal(slot->key, key))) {
            return slot;
        }
    }
    CHECK_UNREACHABLE();
}

bool index_add(struct index *index, struct bytes key, uint32_t value, uint32_t *found)
{
    CHECK(key.data != NULL);

    uint32_t hash = hash_of(key);
    struct index_slot *slot = slot_of(index, key, hash);

    if (slot->key.data != NULL) {
        *found = slot->value;
        return false;
    }
    *slot = (struct index_slot){.key = key, .hash = hash, .value = value};
    return true;
}

bool index_find(const struct index *index, struct bytes key, uint32_t *found)
{
    const struct index_slot *slot = slot_of(index, key, hash_of(key));

    if (slot->key.data == NULL) {
        return false;
    }
    *found = slot->value;
    return true;
}
