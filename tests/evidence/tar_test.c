/* Archives from outside: each kind of trick has its own sentence. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "evidence/path.h"
#include "evidence/tar.h"

#define BLOCK 512

/* An archive made by hand, so that it can hold what no honest writer makes. */
struct fixture {
    struct arena *arena;
    struct buffer tar;
    size_t given; /* Bytes that the reader got. */
    size_t step;  /* Bytes a pull gives at most. */
    struct source files;
    struct error error;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.arena = arena_create(128 * 1024 * 1024), .step = 10000};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    buffer_finish(&fixture->tar);
    arena_destroy(fixture->arena);
    return 0;
}

static bool pull(void *context, struct bytes *block, struct error *error)
{
    struct fixture *fixture = context;
    size_t left = fixture->tar.size - fixture->given;
    size_t size = left < fixture->step ? left : fixture->step;

    (void)error;
    *block = bytes_of(fixture->tar.data + fixture->given, size);
    fixture->given += size;
    return true;
}

/* Appends a ustar header: NAME, type FLAG ('0' file, '2' link ...), declared SIZE. */
static void add_header(struct fixture *fixture, const char *name, char flag, uint64_t size)
{
    char header[BLOCK] = {0};
    unsigned sum = 0;

    (void)snprintf(header, 100, "%s", name);
    (void)snprintf(header + 100, 8, "0000644");
    (void)snprintf(header + 108, 8, "0000000");
    (void)snprintf(header + 116, 8, "0000000");
    (void)snprintf(header + 124, 12, "%011llo", (unsigned long long)size);
    (void)snprintf(header + 136, 12, "00000000000");
    memset(header + 148, ' ', 8);
    header[156] = flag;
    if (flag == '1' || flag == '2') {
        (void)snprintf(header + 157, 100, "bag/bagit.txt");
    }
    memcpy(header + 257, "ustar\00000", 8);
    for (size_t i = 0; i < BLOCK; i++) {
        sum += (unsigned char)header[i];
    }
    (void)snprintf(header + 148, 8, "%06o", sum);
    buffer_append(&fixture->tar, header, BLOCK);
}

static void add_file(struct fixture *fixture, const char *name, const char *content)
{
    static const char zeros[BLOCK];
    size_t size = strlen(content);

    add_header(fixture, name, '0', size);
    buffer_append(&fixture->tar, content, size);
    buffer_append(&fixture->tar, zeros, (BLOCK - size % BLOCK) % BLOCK);
}

static void end(struct fixture *fixture)
{
    static const char zeros[2 * BLOCK];

    buffer_append(&fixture->tar, zeros, sizeof(zeros));
}

static void refuse(struct fixture *fixture, enum error_code code, const char *message)
{
    fixture->error.message[0] = '\0';
    fixture->given = 0;
    assert_false(tar_read(pull, fixture, fixture->arena, &fixture->files, &fixture->error));
    assert_string_equal(fixture->error.message, message);
    assert_int_equal(fixture->error.code, code);
    buffer_clear(&fixture->tar);
    fixture->given = 0;
}

static void what_is_written_is_read_back(void **state)
{
    struct fixture *fixture = *state;
    static const char name[] = "bag/data/documents/Pr\xC3\xBC"
                               "fung \xE2\x82\xAC/a very long name "
                               "that no ustar header could hold because it has more than one "
                               "hundred bytes in its last part.txt";
    struct tar_writer *writer = NULL;
    char large[100000];

    memset(large, 'x', sizeof(large));
    assert_true(tar_create(&fixture->tar, false, &writer, &fixture->error));
    assert_true(tar_add(writer, "bag/a.txt", bytes_of_text("hello"), &fixture->error));
    assert_true(tar_add(writer, "bag/empty", bytes_of(NULL, 0), &fixture->error));
    assert_true(tar_add(writer, name, bytes_of(large, sizeof(large)), &fixture->error));
    assert_true(tar_finish(writer, &fixture->error));
    tar_destroy(writer);
    for (fixture->step = 1000; fixture->step <= 100000; fixture->step *= 10) {
        fixture->given = 0;
        assert_true(tar_read(pull, fixture, fixture->arena, &fixture->files, &fixture->error));
        assert_int_equal(fixture->files.file_count, 3);
        assert_string_equal(fixture->files.files[2].path, name);
        assert_int_equal(fixture->files.files[2].size, sizeof(large));
        assert_memory_equal(fixture->files.files[2].data, large, sizeof(large));
        assert_int_equal(fixture->files.files[1].size, 0);
        assert_int_equal(fixture->given, fixture->tar.size);
    }
}

static void ascii_names_need_no_more_than_a_header_and_whole_blocks(void **state)
{
    struct fixture *fixture = *state;
    struct tar_writer *writer = NULL;
    char name[] = "bag/data/documents/a long name in a directory, which is less than one hundred "
                  "bytes/00";

    assert_true(tar_create(&fixture->tar, true, &writer, &fixture->error));
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name + sizeof(name) - 3, 3, "%02d", i);
        assert_true(tar_add(writer, name, bytes_of_text("x"), &fixture->error));
    }
    assert_true(tar_finish(writer, &fixture->error));
    tar_destroy(writer);
    assert_int_equal(fixture->tar.size, (40 * 2 + 2 + 18) / 20 * 20 * BLOCK);
    assert_true(tar_read(pull, fixture, fixture->arena, &fixture->files, &fixture->error));
    assert_int_equal(fixture->files.file_count, 40);
    assert_string_equal(fixture->files.files[39].path, name);
}

static void our_own_hand_made_archive_is_read(void **state)
{
    struct fixture *fixture = *state;

    add_file(fixture, "bag/a", "hello");
    end(fixture);
    assert_true(tar_read(pull, fixture, fixture->arena, &fixture->files, &fixture->error));
    assert_int_equal(fixture->files.file_count, 1);
    assert_memory_equal(fixture->files.files[0].data, "hello", 5);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *name;
        const char *message;
    } cases[] = {
        {"/etc/passwd", "the name \"/etc/passwd\" in the archive is absolute"},
        {"bag/../x", "the name \"bag/../x\" in the archive has the part \"..\""},
        {"..", "the name \"..\" in the archive has the part \"..\""},
        {"bag/./x", "the name \"bag/./x\" in the archive has the part \".\""},
        {"bag//x", "the name \"bag//x\" in the archive has an empty part"},
        {"bag\\x", "the name \"bag\\x\" in the archive holds a backslash; parts are divided by /"},
        {"bag/\nx", "the name \"bag/?x\" in the archive holds a control character"},
        {"a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q",
         "the name \"a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q\" in the archive has more than 16 parts"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        add_file(fixture, cases[i].name, "x");
        end(fixture);
        refuse(fixture, ERROR_INVALID, cases[i].message);
    }
}

static void a_name_that_is_not_utf8_is_refused(void **state)
{
    struct fixture *fixture = *state;

    add_file(fixture, "bag/\xFF", "x");
    end(fixture);
    assert_false(tar_read(pull, fixture, fixture->arena, &fixture->files, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_INVALID);
    assert_non_null(strstr(fixture->error.message, "is not UTF-8"));
}

static void only_regular_files_are_accepted(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        char flag;
        const char *message;
    } cases[] = {
        {'1', "\"bag/x\" in the archive is a link"},
        {'2', "\"bag/x\" in the archive is a link"},
        {'3', "\"bag/x\" in the archive is a device, pipe or socket"},
        {'4', "\"bag/x\" in the archive is a device, pipe or socket"},
        {'6', "\"bag/x\" in the archive is a device, pipe or socket"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        add_header(fixture, "bag/x", cases[i].flag, 0);
        end(fixture);
        refuse(fixture, ERROR_INVALID, cases[i].message);
    }
    add_header(fixture, "bag/x", '5', 0);
    end(fixture);
    assert_false(tar_read(pull, fixture, fixture->arena, &fixture->files, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_INVALID);
}

static void names_that_are_one_on_some_systems_are_refused(void **state)
{
    struct fixture *fixture = *state;

    add_file(fixture, "bag/a", "1");
    add_file(fixture, "bag/a", "2");
    end(fixture);
    refuse(fixture, ERROR_INVALID, "the names \"bag/a\" and \"bag/a\" in the archive are the same");
    add_file(fixture, "bag/Risks.csv", "1");
    add_file(fixture, "bag/b", "2");
    add_file(fixture, "bag/rISKS.csv", "3");
    end(fixture);
    refuse(fixture, ERROR_INVALID,
           "the names \"bag/Risks.csv\" and \"bag/rISKS.csv\" in the archive are the same");
    add_file(fixture, "bag/\xC3\xBC", "1");
    add_file(fixture, "bag/U\xCC\x88", "2");
    end(fixture);
    refuse(fixture, ERROR_INVALID,
           "the names \"bag/\xC3\xBC\" and \"bag/U\xCC\x88\" in the archive are the same");
}

static void declared_sizes_are_not_believed(void **state)
{
    struct fixture *fixture = *state;

    /* 8 GB less a byte is the most that a plain header can declare. */
    add_header(fixture, "bag/zeros", '0', UINT64_C(077777777777));
    end(fixture);
    refuse(fixture, ERROR_LIMIT,
           "with \"bag/zeros\" the archive has more than 67108864 bytes of files");
    add_header(fixture, "bag/short", '0', 60000000);
    buffer_append(&fixture->tar, "abc", 3);
    assert_false(tar_read(pull, fixture, fixture->arena, &fixture->files, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_CORRUPT);
    assert_int_equal(strncmp(fixture->error.message, "the archive is damaged behind entry 0:", 38),
                     0);
}

static void no_compression_is_accepted(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t gzip[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
    static const char zip[] = "PK\003\004 this is what a ZIP archive begins with";

    buffer_append(&fixture->tar, gzip, sizeof(gzip));
    assert_false(tar_read(pull, fixture, fixture->arena, &fixture->files, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_CORRUPT);
    buffer_clear(&fixture->tar);
    fixture->given = 0;
    buffer_append(&fixture->tar, zip, sizeof(zip));
    assert_false(tar_read(pull, fixture, fixture->arena, &fixture->files, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_CORRUPT);
}

static void too_many_files_are_refused(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i <= SOURCE_FILES_MAX; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "bag/%d", i);
        add_header(fixture, name, '0', 0);
    }
    end(fixture);
    refuse(fixture, ERROR_LIMIT, "the archive has more than 20000 files");
}

static void every_cut_of_an_archive_is_an_error_or_shorter(void **state)
{
    struct fixture *fixture = *state;
    size_t size;

    add_file(fixture, "bag/a", "hello");
    add_file(fixture, "bag/b", "world");
    end(fixture);
    size = fixture->tar.size;
    for (fixture->tar.size = 0; fixture->tar.size < size; fixture->tar.size++) {
        fixture->given = 0;
        if (tar_read(pull, fixture, fixture->arena, &fixture->files, &fixture->error)) {
            /* Between entries a cut cannot be seen here; the manifest sees it. */
            assert_true(fixture->files.file_count < 2 || fixture->tar.size >= 4 * BLOCK);
        }
    }
}

static void paths_are_checked_for_length(void **state)
{
    char path[PATH_SIZE_MAX + 2];
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(path); i++) {
        path[i] = i % 200 == 199 ? '/' : 'x';
    }
    path[sizeof(path) - 1] = '\0';
    assert_false(path_check(path, &error));
    assert_string_equal(error.message, "is longer than 512 bytes");
    path[PATH_SIZE_MAX] = '\0';
    assert_true(path_check(path, &error));
    memset(path, 'x', PATH_PART_MAX + 1);
    path[PATH_PART_MAX + 1] = '\0';
    assert_false(path_check(path, &error));
    assert_string_equal(error.message, "has a part of more than 255 bytes");
    assert_false(path_check("", &error));
    assert_string_equal(error.message, "has an empty part");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read_back),
        TEST(ascii_names_need_no_more_than_a_header_and_whole_blocks),
        TEST(our_own_hand_made_archive_is_read),
        TEST(names_that_lead_elsewhere_are_refused),
        TEST(a_name_that_is_not_utf8_is_refused),
        TEST(only_regular_files_are_accepted),
        TEST(names_that_are_one_on_some_systems_are_refused),
        TEST(declared_sizes_are_not_believed),
        TEST(no_compression_is_accepted),
        TEST(too_many_files_are_refused),
        TEST(every_cut_of_an_archive_is_an_error_or_shorter),
        TEST(paths_are_checked_for_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
