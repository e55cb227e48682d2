#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/seal.h"

static struct keys *keys_number(uint8_t number)
{
    uint8_t seed[KEYS_SEED_SIZE] = {number};

    return keys_from_seed(seed);
}

static void a_box_opens_for_its_recipient_only(void **state)
{
    struct keys *keys = keys_number(1);
    struct keys *other = keys_number(2);
    struct buffer sealed = {0};
    struct buffer plain = {0};
    struct error error;

    (void)state;
    seal_box(keys_public(keys)->sealing, bytes_of_text("evidence"), &sealed);
    assert_int_equal(sealed.size, strlen("evidence") + SEAL_OVERHEAD);
    buffer_append_text(&plain, "before ");
    assert_false(seal_box_open(other, buffer_bytes(&sealed), &plain, &error));
    assert_int_equal(error.code, ERROR_DENIED);
    assert_string_equal(buffer_text(&plain), "before ");
    assert_true(seal_box_open(keys, buffer_bytes(&sealed), &plain, &error));
    assert_string_equal(buffer_text(&plain), "before evidence");
    buffer_finish(&plain);
    buffer_finish(&sealed);
    keys_destroy(other);
    keys_destroy(keys);
}

static void an_altered_or_cut_box_is_refused(void **state)
{
    struct keys *keys = keys_number(1);
    struct buffer sealed = {0};
    struct buffer plain = {0};
    struct error error;

    (void)state;
    seal_box(keys_public(keys)->sealing, bytes_of_text("evidence"), &sealed);
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 4;
        assert_false(seal_box_open(keys, buffer_bytes(&sealed), &plain, &error));
        sealed.data[i] ^= 4;
        assert_false(seal_box_open(keys, bytes_of(sealed.data, i), &plain, &error));
        assert_int_equal(error.code, ERROR_DENIED);
        assert_int_equal(plain.size, 0);
    }
    buffer_finish(&plain);
    buffer_finish(&sealed);
    keys_destroy(keys);
}

static void what_is_sealed_to_a_key_of_small_order_opens_for_nobody(void **state)
{
    const uint8_t small_order[KEYS_PUBLIC_SIZE] = {0};
    struct keys *keys = keys_number(1);
    struct buffer sealed = {0};
    struct buffer plain = {0};
    struct error error;

    (void)state;
    seal_box(small_order, bytes_of_text("evidence"), &sealed);
    assert_int_equal(sealed.size, strlen("evidence") + SEAL_OVERHEAD);
    assert_null(strstr(buffer_text(&sealed), "evidence"));
    assert_false(seal_box_open(keys, buffer_bytes(&sealed), &plain, &error));
    buffer_finish(&plain);
    buffer_finish(&sealed);
    keys_destroy(keys);
}

/* Three chunks, full, empty and short, each sealed to a buffer of its own. */
struct chunks {
    uint8_t key[SEAL_KEY_SIZE];
    uint8_t header[SEAL_HEADER_SIZE];
    uint8_t plain[SEAL_CHUNK_SIZE];
    struct buffer sealed[3];
};

static void make_chunks(struct chunks *chunks)
{
    seal_random(chunks->key, sizeof(chunks->key));
    seal_random(chunks->plain, sizeof(chunks->plain));
    struct seal_stream *stream = seal_stream_create(chunks->key, chunks->header);

    memset(chunks->sealed, 0, sizeof(chunks->sealed));
    seal_stream_push(stream, bytes_of(chunks->plain, SEAL_CHUNK_SIZE), false, &chunks->sealed[0]);
    seal_stream_push(stream, bytes_of(NULL, 0), false, &chunks->sealed[1]);
    seal_stream_push(stream, bytes_of(chunks->plain, 5), true, &chunks->sealed[2]);
    seal_stream_destroy(stream);
}

static void free_chunks(struct chunks *chunks)
{
    for (size_t i = 0; i < 3; i++) {
        buffer_finish(&chunks->sealed[i]);
    }
}

static void a_stream_comes_back_as_it_went(void **state)
{
    static struct chunks chunks;
    struct seal_stream *stream = NULL;
    struct buffer plain = {0};
    struct error error;
    bool is_last = true;

    (void)state;
    make_chunks(&chunks);
    assert_int_equal(chunks.sealed[0].size, SEAL_CHUNK_SIZE + SEAL_CHUNK_MARGIN);
    assert_true(seal_stream_open(chunks.key, chunks.header, &stream, &error));
    for (size_t i = 0; i < 3; i++) {
        assert_true(
            seal_stream_pull(stream, buffer_bytes(&chunks.sealed[i]), &plain, &is_last, &error));
        assert_int_equal(is_last, i == 2);
    }
    assert_int_equal(plain.size, SEAL_CHUNK_SIZE + 5);
    assert_memory_equal(plain.data, chunks.plain, SEAL_CHUNK_SIZE);
    assert_memory_equal(plain.data + SEAL_CHUNK_SIZE, chunks.plain, 5);
    assert_false(
        seal_stream_pull(stream, buffer_bytes(&chunks.sealed[2]), &plain, &is_last, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    seal_stream_destroy(stream);
    buffer_finish(&plain);
    free_chunks(&chunks);
}

/* Opens the stream of CHUNKS and pulls SEALED as its first chunk. */
static void assert_refused_first(const struct chunks *chunks, struct bytes sealed)
{
    struct seal_stream *stream = NULL;
    struct buffer plain = {0};
    struct error error;
    bool is_last = false;

    assert_true(seal_stream_open(chunks->key, chunks->header, &stream, &error));
    assert_false(seal_stream_pull(stream, sealed, &plain, &is_last, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    assert_int_equal(plain.size, 0);
    seal_stream_destroy(stream);
    buffer_finish(&plain);
}

static void altered_reordered_and_cut_chunks_are_refused(void **state)
{
    static struct chunks chunks;
    struct buffer *first = &chunks.sealed[0];

    (void)state;
    make_chunks(&chunks);
    assert_refused_first(&chunks, buffer_bytes(&chunks.sealed[1]));
    assert_refused_first(&chunks, buffer_bytes(&chunks.sealed[2]));
    assert_refused_first(&chunks, bytes_of(first->data, first->size - 1));
    assert_refused_first(&chunks, bytes_of(first->data, SEAL_CHUNK_MARGIN - 1));
    assert_refused_first(&chunks, bytes_of(NULL, 0));
    buffer_append_byte(first, 0);
    assert_refused_first(&chunks, buffer_bytes(first));
    first->size--;
    first->data[SEAL_CHUNK_SIZE / 2] ^= 1;
    assert_refused_first(&chunks, buffer_bytes(first));
    first->data[SEAL_CHUNK_SIZE / 2] ^= 1;
    chunks.key[31] ^= 1;
    assert_refused_first(&chunks, buffer_bytes(first));
    chunks.key[31] ^= 1;
    chunks.header[0] ^= 1;
    assert_refused_first(&chunks, buffer_bytes(first));
    free_chunks(&chunks);
}

static void a_secret_is_wiped(void **state)
{
    uint8_t *secret = seal_alloc(32);
    const uint8_t zeros[32] = {0};

    (void)state;
    seal_random(secret, 32);
    assert_memory_not_equal(secret, zeros, 32);
    seal_wipe(secret, 32);
    assert_memory_equal(secret, zeros, 32);
    seal_free(secret);
    seal_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_box_opens_for_its_recipient_only),
        cmocka_unit_test(an_altered_or_cut_box_is_refused),
        cmocka_unit_test(what_is_sealed_to_a_key_of_small_order_opens_for_nobody),
        cmocka_unit_test(a_stream_comes_back_as_it_went),
        cmocka_unit_test(altered_reordered_and_cut_chunks_are_refused),
        cmocka_unit_test(a_secret_is_wiped),
    };

    keys_library_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
