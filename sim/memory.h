#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

/* Memory of one run: taken piece by piece, forgotten all at once, and used again by the next run.
 * And numbered tables in it, whose elements never move. */

#include <stddef.h>
#include <stdint.h>

#define MEMORY_CHUNKS_MAX 8192
#define MEMORY_CHUNK_SIZE (256U * 1024U) /* Bytes; also the largest piece. */

struct memory {
    void **chunks;
    size_t chunk_count; /* Allocated ... */
    size_t chunk;       /* ... and in use. */
    size_t used;        /* Bytes of that one. */
};

/* Start from (struct memory){0}. Gives everything back. */
void memory_finish(struct memory *memory);

/* Forgets everything and keeps the memory. */
void memory_clear(struct memory *memory);

/* SIZE zeroed bytes, aligned for any type. Aborts when there is no memory: this is a simulator. */
void *memory_take(struct memory *memory, size_t size);

#define TABLE_PAGES_MAX 4096
#define TABLE_PAGE      256 /* Elements. */

/* Elements 1, 2, 3, ...; 0 stands for none. */
struct table {
    uint8_t *pages[TABLE_PAGES_MAX];
    size_t size; /* Bytes of an element. */
    uint32_t count;
};

void table_init(struct table *table, size_t size);

/* Adds a zeroed element and gives its number. */
uint32_t table_add(struct table *table, struct memory *memory);

/* Element NUMBER, from 1 to count. */
void *table_at(const struct table *table, uint32_t number);

#endif
