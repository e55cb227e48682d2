#include "sim/memory.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void memory_finish(struct memory *memory)
{
    for (size_t i = 0; i < memory->chunk_count; i++) {
        free(memory->chunks[i]);
    }
    free(memory->chunks);
    *memory = (struct memory){0};
}

void memory_clear(struct memory *memory)
{
    memory->chunk = 0;
    memory->used = 0;
}

static void add_chunk(struct memory *memory)
{
    if (memory->chunks == NULL) {
        memory->chunks = calloc(MEMORY_CHUNKS_MAX, sizeof(*memory->chunks));
        CHECK(memory->chunks != NULL);
    }
    CHECK(memory->chunk_count < MEMORY_CHUNKS_MAX);
    memory->chunks[memory->chunk_count] = malloc(MEMORY_CHUNK_SIZE);
    CHECK(memory->chunks[memory->chunk_count] != NULL);
    memory->chunk_count++;
}

void *memory_take(struct memory *memory, size_t size)
{
    size_t aligned = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

    CHECK(aligned <= MEMORY_CHUNK_SIZE);
    if (memory->used + aligned > MEMORY_CHUNK_SIZE) {
        memory->chunk++;
        memory->used = 0;
    }
    if (memory->chunk >= memory->chunk_count) {
        add_chunk(memory);
    }
    uint8_t *piece = (uint8_t *)memory->chunks[memory->chunk] + memory->used;

    memory->used += aligned;
    memset(piece, 0, aligned);
    return piece;
}

void table_init(struct table *table, size_t size)
{
    CHECK(size * TABLE_PAGE <= MEMORY_CHUNK_SIZE);
    table->size = size;
    table->count = 0;
}

uint32_t table_add(struct table *table, struct memory *memory)
{
    uint32_t place = table->count % TABLE_PAGE;
    uint32_t page = table->count / TABLE_PAGE;

    CHECK(page < TABLE_PAGES_MAX);
    if (place == 0) {
        table->pages[page] = memory_take(memory, table->size * TABLE_PAGE);
    }
    return ++table->count;
}

void *table_at(const struct table *table, uint32_t number)
{
    CHECK(number >= 1);
    CHECK(number <= table->count);
    return table->pages[(number - 1) / TABLE_PAGE] + table->size * ((number - 1) % TABLE_PAGE);
}
