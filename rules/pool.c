#include "rules/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/check.h"

#define GRAIN       16  /* Bytes between two classes. */
#define CLASS_COUNT 512 /* Larger blocks, of more than two pages, come from malloc() each. */
#define CHUNK_SIZE  (256 * 1024)

/* Stands before every block. */
struct header {
    uint32_t grains; /* The whole size; below CLASS_COUNT also the class. */
    uint32_t owner;  /* 0 when it has none, and while it is free. */
};

static_assert(sizeof(struct header) == 8, "SQLite wants its blocks at multiples of 8");

struct chunk {
    struct chunk *next;
    size_t used_size; /* Bytes cut into blocks. */
    uint8_t data[CHUNK_SIZE];
};

/* SQLite takes its allocator for the whole process, so there is one of it. */
static struct {
    void *free[CLASS_COUNT]; /* By class: the first free block, which holds the next. */
    struct chunk *chunks;    /* Blocks are cut from the first. */
    size_t used_size;        /* Bytes of all blocks in use, with their headers. */
    size_t limit_size;
    uint32_t owner;       /* Of blocks that are taken; 0 when there is none. */
    uint32_t owner_count; /* So many there were. */
} pool;

static struct header *header_of(void *block)
{
    return (struct header *)block - 1;
}

static size_t grains_for(int size)
{
    return ((size_t)size + sizeof(struct header) + GRAIN - 1) / GRAIN;
}

/* Cuts a new block of SIZE bytes from the chunk; the rest of a chunk that is too small is lost. */
static struct header *cut(size_t size)
{
    if (pool.chunks == NULL || size > CHUNK_SIZE - pool.chunks->used_size) {
        struct chunk *chunk = malloc(sizeof(*chunk));

        if (chunk == NULL) {
            return NULL;
        }
        chunk->next = pool.chunks;
        chunk->used_size = 0;
        pool.chunks = chunk;
    }
    struct header *header = (struct header *)(void *)&pool.chunks->data[pool.chunks->used_size];

    pool.chunks->used_size += size;
    return header;
}

static void *take(int size)
{
    size_t grains = grains_for(size);
    struct header *header;

    if (pool.used_size > pool.limit_size || grains * GRAIN > pool.limit_size - pool.used_size) {
        return NULL;
    }
    if (grains < CLASS_COUNT && pool.free[grains] != NULL) {
        void *block = pool.free[grains];

        memcpy(&pool.free[grains], block, sizeof(void *));
        header_of(block)->owner = pool.owner;
        pool.used_size += grains * GRAIN;
        return block;
    }
    header = grains < CLASS_COUNT ? cut(grains * GRAIN) : malloc(grains * GRAIN);
    if (header == NULL) {
        return NULL;
    }
    header->grains = (uint32_t)grains;
    header->owner = pool.owner;
    pool.used_size += grains * GRAIN;
    return header + 1;
}

static void give_back(void *block)
{
    size_t grains = header_of(block)->grains;

    header_of(block)->owner = 0;
    pool.used_size -= grains * GRAIN;
    if (grains < CLASS_COUNT) {
        memcpy(block, &pool.free[grains], sizeof(void *));
        pool.free[grains] = block;
    } else {
        free(header_of(block));
    }
}

static int size_of(void *block)
{
    return (int)(header_of(block)->grains * GRAIN - sizeof(struct header));
}

static int round_up(int size)
{
    return (int)(grains_for(size) * GRAIN - sizeof(struct header));
}

static void *resize(void *block, int size)
{
    int old_size = size_of(block);
    void *moved;

    if (round_up(size) == old_size) {
        return block;
    }
    moved = take(size);
    if (moved != NULL) {
        memcpy(moved, block, (size_t)(old_size < size ? old_size : size));
        give_back(block);
    }
    return moved;
}

static int ready(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void done(void *context)
{
    (void)context;
}

void pool_take_over(void)
{
    static const struct sqlite3_mem_methods methods = {
        .xMalloc = take,
        .xFree = give_back,
        .xRealloc = resize,
        .xSize = size_of,
        .xRoundup = round_up,
        .xInit = ready,
        .xShutdown = done,
    };

    pool_limit(SIZE_MAX);
    CHECK(sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK);
    CHECK(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
    CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK);
    /* Pages one by one, from here: else every temporary table begins with twenty of them. */
    CHECK(sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0) == SQLITE_OK);
}

void pool_limit(size_t size)
{
    pool.limit_size = size;
}

uint32_t pool_begin_owner(void)
{
    CHECK(pool.owner_count < UINT32_MAX);
    pool.owner = ++pool.owner_count;
    return pool.owner;
}

void pool_end_owner(void)
{
    pool.owner = 0;
}

void pool_visit(pool_visit_fn *visit, void *context)
{
    for (const struct chunk *chunk = pool.chunks; chunk != NULL; chunk = chunk->next) {
        for (size_t at = 0; at < chunk->used_size;) {
            const struct header *header = (const struct header *)(const void *)&chunk->data[at];
            size_t size = header->grains * (size_t)GRAIN;

            if (header->owner != 0) {
                visit(context, header->owner, header, size);
            }
            at += size;
        }
    }
}
