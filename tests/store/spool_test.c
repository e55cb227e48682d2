#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/hash.h"
#include "store/spool.h"

#define CONTENT_SIZE 200000 /* More than one block. */
#define SIZE_LIMIT   300000

struct desk {
    char directory[64];
    char folder[80];
    char complete[160];
    char partial[160];
    struct spool *spool;
    struct digest digest;
    uint8_t content[CONTENT_SIZE];
};

static int open_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    char hex[DIGEST_HEX_SIZE];
    struct error error;

    (void)snprintf(desk->directory, sizeof(desk->directory), "/tmp/spool-test-XXXXXX");
    if (mkdtemp(desk->directory) == NULL) {
        return -1;
    }
    for (size_t i = 0; i < CONTENT_SIZE; i++) {
        desk->content[i] = (uint8_t)(i * 7 + i / 251);
    }
    hash_bytes(bytes_of(desk->content, CONTENT_SIZE), &desk->digest);
    (void)encode_digest(&desk->digest, hex);
    (void)snprintf(desk->folder, sizeof(desk->folder), "%s/spool", desk->directory);
    (void)snprintf(desk->complete, sizeof(desk->complete), "%s/%s.aims", desk->folder, hex);
    (void)snprintf(desk->partial, sizeof(desk->partial), "%s/%s.part", desk->folder, hex);
    *state = desk;
    return spool_open(desk->folder, SIZE_LIMIT, &desk->spool, &error) ? 0 : -1;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;

    spool_close(desk->spool);
    (void)unlink(desk->complete);
    (void)unlink(desk->partial);
    (void)rmdir(desk->folder);
    int result = rmdir(desk->directory);

    free(desk);
    return result;
}

static struct spool_upload *begin(struct desk *desk, uint64_t offset)
{
    struct spool_upload *upload = NULL;
    struct error error;

    assert_true(
        spool_upload_open(desk->spool, &desk->digest, offset, CONTENT_SIZE, &upload, &error));
    return upload;
}

static void write_range(struct desk *desk, struct spool_upload *upload, size_t from, size_t to)
{
    struct error error;

    assert_true(spool_upload_write(upload, bytes_of(desk->content + from, to - from), &error));
}

static uint64_t offset_of(struct desk *desk)
{
    uint64_t offset = 999;
    struct error error;

    assert_true(spool_offset(desk->spool, &desk->digest, &offset, &error));
    return offset;
}

/* Finishes and closes; true when the bundle is complete. */
static bool finish(struct spool_upload *upload)
{
    bool is_complete = false;
    struct error error;

    assert_true(spool_upload_finish(upload, &is_complete, &error));
    spool_upload_close(upload);
    return is_complete;
}

static void assert_refused(struct desk *desk, uint64_t offset, uint64_t total_size,
                           enum error_code code)
{
    struct spool_upload *upload = NULL;
    struct error error;

    assert_false(
        spool_upload_open(desk->spool, &desk->digest, offset, total_size, &upload, &error));
    assert_int_equal(error.code, code);
    assert_null(upload);
}

static void an_upload_in_pieces_over_a_restart_becomes_complete(void **state)
{
    struct desk *desk = *state;
    struct error error;
    uint64_t size;
    size_t read_size;
    uint8_t *content = malloc(CONTENT_SIZE);

    assert_int_equal(offset_of(desk), 0);
    struct spool_upload *upload = begin(desk, 0);

    write_range(desk, upload, 0, 1);
    write_range(desk, upload, 1, 70000);
    spool_upload_close(upload); /* The connection broke. */
    spool_close(desk->spool);
    assert_true(spool_open(desk->folder, SIZE_LIMIT, &desk->spool, &error));
    assert_int_equal(offset_of(desk), 70000);
    upload = begin(desk, 70000);
    write_range(desk, upload, 70000, 70001);
    assert_false(finish(upload));
    assert_false(spool_size(desk->spool, &desk->digest, &size, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    upload = begin(desk, 70001);
    write_range(desk, upload, 70001, CONTENT_SIZE);
    assert_true(finish(upload));
    assert_int_equal(offset_of(desk), 0);
    assert_true(spool_size(desk->spool, &desk->digest, &size, &error));
    assert_int_equal(size, CONTENT_SIZE);
    assert_true(
        spool_read(desk->spool, &desk->digest, 0, content, CONTENT_SIZE, &read_size, &error));
    assert_int_equal(read_size, CONTENT_SIZE);
    assert_memory_equal(content, desk->content, CONTENT_SIZE);
    free(content);
}

static void parts_are_read_from_any_offset(void **state)
{
    struct desk *desk = *state;
    struct error error;
    uint8_t part[100];
    size_t read_size;
    int fd = -1;

    assert_false(spool_read(desk->spool, &desk->digest, 0, part, 1, &read_size, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_false(spool_descriptor(desk->spool, &desk->digest, &fd, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    struct spool_upload *upload = begin(desk, 0);

    write_range(desk, upload, 0, CONTENT_SIZE);
    assert_true(finish(upload));
    assert_true(spool_read(desk->spool, &desk->digest, 1234, part, 100, &read_size, &error));
    assert_int_equal(read_size, 100);
    assert_memory_equal(part, desk->content + 1234, 100);
    assert_true(
        spool_read(desk->spool, &desk->digest, CONTENT_SIZE - 7, part, 100, &read_size, &error));
    assert_int_equal(read_size, 7);
    assert_true(
        spool_read(desk->spool, &desk->digest, CONTENT_SIZE, part, 100, &read_size, &error));
    assert_int_equal(read_size, 0);
    assert_false(spool_read(desk->spool, &desk->digest, UINT64_MAX, part, 100, &read_size, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    assert_true(spool_descriptor(desk->spool, &desk->digest, &fd, &error));
    assert_int_equal(read(fd, part, sizeof(part)), sizeof(part));
    assert_memory_equal(part, desk->content, sizeof(part));
    (void)close(fd);
}

static void content_of_another_digest_is_refused_and_removed(void **state)
{
    struct desk *desk = *state;
    struct error error;
    bool is_complete;
    uint64_t size;
    struct spool_upload *upload = begin(desk, 0);

    desk->content[100] ^= 1;
    write_range(desk, upload, 0, CONTENT_SIZE);
    assert_false(spool_upload_finish(upload, &is_complete, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    spool_upload_close(upload);
    assert_int_equal(offset_of(desk), 0);
    assert_false(spool_size(desk->spool, &desk->digest, &size, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_int_not_equal(access(desk->partial, F_OK), 0);
    assert_int_not_equal(access(desk->complete, F_OK), 0);
}

static void bytes_changed_between_two_requests_are_noticed(void **state)
{
    struct desk *desk = *state;
    struct error error;
    bool is_complete;
    struct spool_upload *upload = begin(desk, 0);

    write_range(desk, upload, 0, 100000);
    spool_upload_close(upload);
    FILE *file = fopen(desk->partial, "r+");

    assert_non_null(file);
    assert_int_equal(fputc(desk->content[0] ^ 1, file), desk->content[0] ^ 1);
    assert_int_equal(fclose(file), 0);
    upload = begin(desk, 100000);
    write_range(desk, upload, 100000, CONTENT_SIZE);
    assert_false(spool_upload_finish(upload, &is_complete, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    spool_upload_close(upload);
}

static void sizes_are_held_to(void **state)
{
    struct desk *desk = *state;
    struct error error;

    assert_refused(desk, 0, SIZE_LIMIT + 1, ERROR_LIMIT);
    assert_refused(desk, 0, UINT64_MAX, ERROR_LIMIT);
    struct spool_upload *upload = begin(desk, 0);

    write_range(desk, upload, 0, CONTENT_SIZE - 1);
    assert_false(spool_upload_write(upload, bytes_of("ab", 2), &error));
    assert_int_equal(error.code, ERROR_LIMIT);
    write_range(desk, upload, CONTENT_SIZE - 1, CONTENT_SIZE);
    assert_true(finish(upload));
}

static void an_upload_goes_on_where_it_ended_or_begins_anew(void **state)
{
    struct desk *desk = *state;
    struct spool_upload *upload = begin(desk, 0);

    assert_refused(desk, 0, CONTENT_SIZE, ERROR_CONFLICT); /* It is being uploaded. */
    write_range(desk, upload, 0, 1000);
    spool_upload_close(upload);
    assert_refused(desk, 999, CONTENT_SIZE, ERROR_CONFLICT);
    assert_refused(desk, 1001, CONTENT_SIZE, ERROR_CONFLICT);
    assert_refused(desk, 1000, 500, ERROR_CONFLICT);
    assert_int_equal(offset_of(desk), 1000);
    upload = begin(desk, 0);
    assert_int_equal(offset_of(desk), 0);
    write_range(desk, upload, 0, CONTENT_SIZE);
    assert_true(finish(upload));
}

static void links_in_the_folder_are_not_followed(void **state)
{
    struct desk *desk = *state;
    struct error error;
    uint8_t part[1];
    size_t read_size;
    uint64_t size;

    assert_int_equal(symlink("/etc/hostname", desk->complete), 0);
    assert_int_equal(symlink("/etc/hostname", desk->partial), 0);
    assert_false(spool_size(desk->spool, &desk->digest, &size, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_false(spool_read(desk->spool, &desk->digest, 0, part, 1, &read_size, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_false(spool_offset(desk->spool, &desk->digest, &size, &error));
    assert_refused(desk, 0, CONTENT_SIZE, ERROR_IO);
}

static void a_folder_is_made_private_and_must_be_one(void **state)
{
    struct desk *desk = *state;
    struct spool *spool = NULL;
    struct error error;
    struct stat status;

    assert_int_equal(stat(desk->folder, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    FILE *file = fopen(desk->partial, "w");

    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_false(spool_open(desk->partial, 1, &spool, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_false(spool_open("/nowhere/at/all", 1, &spool, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_null(spool);
    spool_close(NULL);
    spool_upload_close(NULL);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(an_upload_in_pieces_over_a_restart_becomes_complete),
        DESK_TEST(parts_are_read_from_any_offset),
        DESK_TEST(content_of_another_digest_is_refused_and_removed),
        DESK_TEST(bytes_changed_between_two_requests_are_noticed),
        DESK_TEST(sizes_are_held_to),
        DESK_TEST(an_upload_goes_on_where_it_ended_or_begins_anew),
        DESK_TEST(links_in_the_folder_are_not_followed),
        DESK_TEST(a_folder_is_made_private_and_must_be_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
