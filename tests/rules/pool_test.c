/* SQLite's memory: what is taken is counted, limited, and known to whom it was given. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "rules/pool.h"

#define BLOCKS_MAX 1000

struct seen {
    size_t count;
    uint32_t owners[BLOCKS_MAX];
    const uint8_t *starts[BLOCKS_MAX];
    const uint8_t *ends[BLOCKS_MAX];
};

static void see(void *context, uint32_t owner, const void *block, size_t size)
{
    struct seen *seen = context;

    assert_true(seen->count < BLOCKS_MAX);
    seen->owners[seen->count] = owner;
    seen->starts[seen->count] = block;
    seen->ends[seen->count] = (const uint8_t *)block + size;
    seen->count++;
}

static struct seen look(void)
{
    struct seen seen = {0};

    pool_visit(see, &seen);
    return seen;
}

/* How many blocks OWNER has, of which one holds SIZE bytes at BLOCK. */
static size_t count_of(const struct seen *seen, uint32_t owner, const void *block, size_t size)
{
    const uint8_t *start = block;
    size_t count = 0;
    bool is_there = false;

    for (size_t i = 0; i < seen->count; i++) {
        if (seen->owners[i] == owner) {
            is_there |= seen->starts[i] <= start && start + size <= seen->ends[i];
            count++;
        }
    }
    assert_true(is_there || count == 0);
    return count;
}

static void blocks_know_their_owner_until_they_are_given_back(void **state)
{
    uint32_t first = pool_begin_owner();
    void *kept = sqlite3_malloc(100);
    void *lost = sqlite3_malloc(3000);
    uint32_t second = pool_begin_owner();
    void *other = sqlite3_malloc(100);

    (void)state;
    assert_true(second > first);
    pool_end_owner();
    sqlite3_free(lost);
    void *nobodys = sqlite3_malloc(3000);
    struct seen seen = look();

    assert_ptr_equal(nobodys, lost); /* Else this would show nothing. */
    assert_int_equal(count_of(&seen, first, kept, 100), 1);
    assert_int_equal(count_of(&seen, second, other, 100), 1);
    assert_int_equal(seen.count, 2);

    kept = sqlite3_realloc(kept, 1000);
    sqlite3_free(other);
    seen = look();
    assert_int_equal(seen.count, 0);
    sqlite3_free(kept);
    sqlite3_free(nobodys);
}

/* Enough for several chunks, of all sizes that come from them and some that do not. */
static void what_is_visited_is_what_was_taken(void **state)
{
    static uint8_t *blocks[BLOCKS_MAX];
    uint32_t owner = pool_begin_owner();
    size_t small = 0;

    (void)state;
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        size_t size = 1 + i * 13;

        blocks[i] = sqlite3_malloc((int)size);
        assert_non_null(blocks[i]);
        memset(blocks[i], (int)(i % 251), size);
        small += size <= 8000;
    }
    pool_end_owner();
    struct seen seen = look();

    assert_in_range(seen.count, small, small + 20);
    for (size_t i = 0; i < seen.count; i++) {
        assert_int_equal(seen.owners[i], owner);
        for (size_t j = 0; j < i; j++) {
            assert_true(seen.ends[i] <= seen.starts[j] || seen.ends[j] <= seen.starts[i]);
        }
    }
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        for (size_t at = 0; at < 1 + i * 13; at++) {
            assert_int_equal(blocks[i][at], i % 251);
        }
        sqlite3_free(blocks[i]);
    }
    assert_int_equal(look().count, 0);
}

static void what_passes_the_limit_is_refused(void **state)
{
    void *held = sqlite3_malloc(50000);

    (void)state;
    pool_limit(100000);
    assert_null(sqlite3_malloc(100000));
    void *more = sqlite3_malloc(20000);

    assert_non_null(more);
    assert_null(sqlite3_realloc(more, 90000));
    sqlite3_free(more);
    pool_limit(10);
    assert_null(sqlite3_malloc(1));
    pool_limit(SIZE_MAX);
    void *again = sqlite3_malloc(100000);

    assert_non_null(again);
    sqlite3_free(again);
    sqlite3_free(held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_know_their_owner_until_they_are_given_back),
        cmocka_unit_test(what_is_visited_is_what_was_taken),
        cmocka_unit_test(what_passes_the_limit_is_refused),
    };

    pool_take_over();
    (void)sqlite3_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
