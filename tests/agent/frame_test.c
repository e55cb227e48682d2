/* Frames: what comes in pieces is put together, and what is too long or cut off is refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "agent/frame.h"

struct ends {
    int reader;
    int writer; /* -1 when closed. */
    struct buffer content;
    struct error error;
};

static int open_pipe(void **state)
{
    struct ends *ends = calloc(1, sizeof(*ends));
    int fds[2];

    assert_non_null(ends);
    assert_int_equal(pipe(fds), 0);
    ends->reader = fds[0];
    ends->writer = fds[1];
    *state = ends;
    return 0;
}

static void close_writer(struct ends *ends)
{
    if (ends->writer >= 0) {
        assert_int_equal(close(ends->writer), 0);
        ends->writer = -1;
    }
}

static int close_pipe(void **state)
{
    struct ends *ends = *state;

    close_writer(ends);
    assert_int_equal(close(ends->reader), 0);
    buffer_finish(&ends->content);
    free(ends);
    return 0;
}

static void put(struct ends *ends, const void *data, size_t size)
{
    assert_int_equal(write(ends->writer, data, size), size);
}

static void a_frame_is_its_length_and_its_content(void **state)
{
    struct buffer out = {0};

    (void)state;
    frame_append(bytes_of_text("abc"), &out);
    frame_append(bytes_of_text(""), &out);
    assert_int_equal(out.size, 11);
    assert_memory_equal(out.data, "\0\0\0\3abc\0\0\0\0", 11);
    buffer_finish(&out);
}

static void a_frame_is_taken_when_its_last_byte_is_there(void **state)
{
    static const uint8_t received[] = "\0\0\0\2ab\0\0\0\1c";
    struct bytes content = {0};
    size_t end = 0;
    bool is_broken = true;

    (void)state;
    for (size_t size = 0; size < 6; size++) {
        assert_false(frame_take(bytes_of(received, size), 0, &content, &end, &is_broken));
        assert_false(is_broken);
    }
    assert_true(frame_take(bytes_of(received, 6), 0, &content, &end, &is_broken));
    assert_true(bytes_equal(content, bytes_of_text("ab")));
    assert_int_equal(end, 6);
    for (size_t size = 6; size < 11; size++) {
        assert_false(frame_take(bytes_of(received, size), end, &content, &end, &is_broken));
        assert_false(is_broken);
    }
    assert_true(frame_take(bytes_of(received, 11), end, &content, &end, &is_broken));
    assert_true(bytes_equal(content, bytes_of_text("c")));
    assert_int_equal(end, 11);
}

static void a_length_over_the_limit_is_broken_at_once(void **state)
{
    static const uint8_t longest[] = {1, 0, 0, 0};
    static const uint8_t over[] = {1, 0, 0, 1};
    static const uint8_t huge[] = {255, 255, 255, 255};
    struct bytes content;
    size_t end;
    bool is_broken = true;

    (void)state;
    assert_false(frame_take(bytes_of(longest, 4), 0, &content, &end, &is_broken));
    assert_false(is_broken);
    assert_false(frame_take(bytes_of(over, 4), 0, &content, &end, &is_broken));
    assert_true(is_broken);
    assert_false(frame_take(bytes_of(huge, 4), 0, &content, &end, &is_broken));
    assert_true(is_broken);
}

/* Writes one large frame byte by byte around its borders, and the rest at once. */
static void *write_in_pieces(void *context)
{
    struct ends *ends = context;
    struct buffer frame = {0};
    struct buffer content = {0};
    size_t written = 0;

    for (uint32_t i = 0; i < 300000; i++) {
        buffer_append_byte(&content, (uint8_t)(i * 7));
    }
    frame_append(buffer_bytes(&content), &frame);
    while (written < frame.size) {
        size_t piece = written < 10 || written > 299990 ? 1 : 4099;
        size_t left = frame.size - written;
        ssize_t put_size = write(ends->writer, frame.data + written, piece < left ? piece : left);

        if (put_size <= 0) {
            break;
        }
        written += (size_t)put_size;
    }
    buffer_finish(&content);
    buffer_finish(&frame);
    return NULL;
}

static void a_frame_that_comes_in_pieces_is_read_whole(void **state)
{
    struct ends *ends = *state;
    pthread_t writer;
    bool is_end = true;

    assert_int_equal(pthread_create(&writer, NULL, write_in_pieces, ends), 0);
    bool is_read = frame_read(ends->reader, &ends->content, &is_end, &ends->error);

    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_true(is_read);
    assert_false(is_end);
    assert_int_equal(ends->content.size, 300000);
    for (uint32_t i = 0; i < 300000; i++) {
        assert_int_equal(ends->content.data[i], (uint8_t)(i * 7));
    }
}

static void what_is_written_is_read_frame_by_frame(void **state)
{
    struct ends *ends = *state;
    bool is_end = true;

    assert_true(frame_write(ends->writer, bytes_of_text("first"), &ends->error));
    assert_true(frame_write(ends->writer, bytes_of_text(""), &ends->error));
    assert_true(frame_write(ends->writer, bytes_of_text("third"), &ends->error));
    assert_true(frame_read(ends->reader, &ends->content, &is_end, &ends->error));
    assert_string_equal(buffer_text(&ends->content), "first");
    assert_true(frame_read(ends->reader, &ends->content, &is_end, &ends->error));
    assert_int_equal(ends->content.size, 0);
    assert_true(frame_read(ends->reader, &ends->content, &is_end, &ends->error));
    assert_string_equal(buffer_text(&ends->content), "third");
}

static void the_input_may_end_between_frames(void **state)
{
    struct ends *ends = *state;
    bool is_end = false;

    put(ends, "\0\0\0\1x", 5);
    close_writer(ends);
    assert_true(frame_read(ends->reader, &ends->content, &is_end, &ends->error));
    assert_false(frame_read(ends->reader, &ends->content, &is_end, &ends->error));
    assert_true(is_end);
}

static void an_end_inside_a_length_is_an_error(void **state)
{
    struct ends *ends = *state;
    bool is_end = true;

    put(ends, "\0\0\0", 3);
    close_writer(ends);
    assert_false(frame_read(ends->reader, &ends->content, &is_end, &ends->error));
    assert_false(is_end);
    assert_int_equal(ends->error.code, ERROR_IO);
    assert_string_equal(ends->error.message, "the input ended inside a frame");
}

static void an_end_inside_the_content_is_an_error(void **state)
{
    struct ends *ends = *state;
    bool is_end = true;

    put(ends, "\0\0\0\3ab", 6);
    close_writer(ends);
    assert_false(frame_read(ends->reader, &ends->content, &is_end, &ends->error));
    assert_false(is_end);
    assert_int_equal(ends->error.code, ERROR_IO);
    assert_string_equal(ends->error.message, "the input ended inside a frame");
}

static void a_frame_over_the_limit_is_not_read(void **state)
{
    struct ends *ends = *state;
    bool is_end = true;

    put(ends, "\1\0\0\1", 4);
    assert_false(frame_read(ends->reader, &ends->content, &is_end, &ends->error));
    assert_false(is_end);
    assert_int_equal(ends->error.code, ERROR_LIMIT);
    assert_string_equal(ends->error.message, "a frame of 16777217 bytes, want at most 16777216");
}

static void a_descriptor_that_cannot_be_used_is_an_error(void **state)
{
    struct ends *ends = *state;
    bool is_end = true;

    assert_false(frame_read(ends->writer, &ends->content, &is_end, &ends->error));
    assert_false(is_end);
    assert_int_equal(ends->error.code, ERROR_IO);
    assert_false(frame_write(ends->reader, bytes_of_text("x"), &ends->error));
    assert_int_equal(ends->error.code, ERROR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_its_length_and_its_content),
        cmocka_unit_test(a_frame_is_taken_when_its_last_byte_is_there),
        cmocka_unit_test(a_length_over_the_limit_is_broken_at_once),
        cmocka_unit_test_setup_teardown(a_frame_that_comes_in_pieces_is_read_whole, open_pipe,
                                        close_pipe),
        cmocka_unit_test_setup_teardown(what_is_written_is_read_frame_by_frame, open_pipe,
                                        close_pipe),
        cmocka_unit_test_setup_teardown(the_input_may_end_between_frames, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(an_end_inside_a_length_is_an_error, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(an_end_inside_the_content_is_an_error, open_pipe,
                                        close_pipe),
        cmocka_unit_test_setup_teardown(a_frame_over_the_limit_is_not_read, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(a_descriptor_that_cannot_be_used_is_an_error, open_pipe,
                                        close_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
