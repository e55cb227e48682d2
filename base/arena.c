#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define BLOCK_SIZE 16384 /* Bytes of the first block; later ones double up to BLOCK_MAX. */
#define BLOCK_MAX  1048576

struct block {
    struct block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) uint8_t data[];
};

struct arena {
    struct block *first;   /* The block that arena_reset() keeps. */
    struct block *current; /* Where the next bytes come from. */
    size_t limit_size;
    size_t used;
};

static struct block *block_create(size_t size)
{
    struct block *block = malloc(sizeof(*block) + size);

    CHECK(block != NULL);
    block->next = NULL;
    block->size = size;
    block->used = 0;
    return block;
}

struct arena *arena_create(size_t limit_size)
{
    struct arena *arena = malloc(sizeof(*arena));

    CHECK(arena != NULL);
    arena->first = block_create(limit_size < BLOCK_SIZE ? limit_size : BLOCK_SIZE);
    arena->current = arena->first;
    arena->limit_size = limit_size;
    arena->used = 0;
    return arena;
}

static void free_blocks(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;

        free(block);
        block = next;
    }
}

void arena_destroy(struct arena *arena)
{
    if (arena != NULL) {
        free_blocks(arena->first);
        free(arena);
    }
}

void arena_reset(struct arena *arena)
{
    free_blocks(arena->first->next);
    arena->first->next = NULL;
    arena->first->used = 0;
    arena->current = arena->first;
    arena->used = 0;
}

static void grow(struct arena *arena, size_t size)
{
    size_t next_size = arena->current->size * 2;

    next_size = next_size > BLOCK_MAX ? BLOCK_MAX : next_size;
    next_size = next_size < size ? size : next_size;
    arena->current->next = block_create(next_size);
    arena->current = arena->current->next;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    CHECK(arena != NULL);

    size_t left = arena->limit_size - arena->used;

    if (size > left) {
        return NULL;
    }
    size_t rounded =
        (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);

    if (rounded > arena->current->size - arena->current->used) {
        grow(arena, rounded);
    }
    void *memory = arena->current->data + arena->current->used;

    arena->current->used += rounded;
    arena->used += rounded < left ? rounded : left;
    memset(memory, 0, size);
    return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return arena_alloc(arena, count * size);
}

char *arena_copy(struct arena *arena, const void *data, size_t size)
{
    if (size == SIZE_MAX) {
        return NULL;
    }
    char *copy = arena_alloc(arena, size + 1);

    if (copy != NULL && size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_list again;

    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CHECK(length >= 0);
    char *text = arena_alloc(arena, (size_t)length + 1);

    if (text != NULL) {
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return text;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
