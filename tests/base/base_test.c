/* The small things everything else stands on. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/random.h"

static void arena_gives_zeroed_aligned_memory_up_to_its_limit(void **state)
{
    struct arena *arena = arena_create(100000);
    size_t total = 0;

    (void)state;
    for (size_t size = 1; size <= 20000; size += 777) {
        uint8_t *memory = arena_alloc(arena, size);

        if (memory == NULL) {
            assert_true(total + size > 90000);
            break;
        }
        assert_int_equal((uintptr_t)memory % 16, 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(memory[i], 0);
        }
        memset(memory, 0xFF, size);
        total += size;
    }
    assert_null(arena_alloc(arena, 100001));
    assert_null(arena_array(arena, SIZE_MAX / 2, 3));
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    assert_string_equal(arena_format(arena, "%d of %s", 3, "five"), "3 of five");
    arena_destroy(arena);
    arena_destroy(NULL);
}

static void base64_follows_rfc_4648(void **state)
{
    /* RFC 4648 section 10. */
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const coded[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        struct buffer out = {0};

        encode_base64(bytes_of_text(plain[i]), &out);
        assert_string_equal(buffer_text(&out), coded[i]);
        buffer_clear(&out);
        assert_true(encode_from_base64(coded[i], strlen(coded[i]), &out));
        assert_string_equal(buffer_text(&out), plain[i]);
        buffer_finish(&out);
    }
}

static void base64_takes_both_alphabets_and_refuses_the_rest(void **state)
{
    static const char *const bad[] = {
        "Z", "Zg=", "Zg===", "Zh==", "Z g=", "====", "Zm9v=", "Zm\n9"};
    struct buffer out = {0};

    (void)state;
    assert_true(encode_from_base64("-_8", 3, &out));
    assert_memory_equal(out.data, "\xFB\xFF", 2);
    assert_int_equal(out.size, 2);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(encode_from_base64(bad[i], strlen(bad[i]), &out));
        assert_int_equal(out.size, 2);
    }
    buffer_finish(&out);
}

static void hex_round_trips_and_refuses_other_lengths(void **state)
{
    struct digest digest;
    struct digest again;
    char text[DIGEST_HEX_SIZE];

    (void)state;
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        digest.data[i] = (uint8_t)(i * 37);
    }
    assert_true(encode_to_digest(encode_digest(&digest, text), &again));
    assert_true(digest_equal(&digest, &again));
    text[63] = 'g';
    assert_false(encode_to_digest(text, &again));
    text[63] = '\0';
    assert_false(encode_to_digest(text, &again));
}

static void numbers_are_read_within_bounds_only(void **state)
{
    uint64_t value = 7;

    (void)state;
    assert_true(encode_to_u64("18446744073709551615", UINT64_MAX, &value));
    assert_int_equal(value, UINT64_MAX);
    assert_true(encode_to_u64("0", 0, &value));
    assert_int_equal(value, 0);
    assert_false(encode_to_u64("18446744073709551616", UINT64_MAX, &value));
    assert_false(encode_to_u64("11", 10, &value));
    assert_false(encode_to_u64("", 10, &value));
    assert_false(encode_to_u64("-1", 10, &value));
    assert_false(encode_to_u64("01", 10, &value));
    assert_false(encode_to_u64("1 ", 10, &value));
}

static void errors_gather_context_on_the_way_up(void **state)
{
    struct error error;

    (void)state;
    assert_false(error_set(&error, ERROR_IO, "disk is %s", "full"));
    assert_false(error_wrap(&error, "open case %d", 17));
    assert_int_equal(error.code, ERROR_IO);
    assert_string_equal(error.message, "open case 17: disk is full");
}

static void one_seed_gives_one_sequence(void **state)
{
    struct random a = {.state = 42};

    (void)state;
    /* Published first outputs of splitmix64 for the seed 1234567. */
    struct random known = {.state = 1234567};

    assert_int_equal(random_next(&known), UINT64_C(6457827717110365317));
    assert_int_equal(random_next(&known), UINT64_C(3203168211198807973));
    for (int i = 0; i < 1000; i++) {
        assert_true(random_below(&a, 7) < 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_aligned_memory_up_to_its_limit),
        cmocka_unit_test(base64_follows_rfc_4648),
        cmocka_unit_test(base64_takes_both_alphabets_and_refuses_the_rest),
        cmocka_unit_test(hex_round_trips_and_refuses_other_lengths),
        cmocka_unit_test(numbers_are_read_within_bounds_only),
        cmocka_unit_test(errors_gather_context_on_the_way_up),
        cmocka_unit_test(one_seed_gives_one_sequence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
