#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/database.h"

static const char *const migrations[] = {
    "CREATE TABLE item (name TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT",
    "CREATE TABLE part (name TEXT NOT NULL REFERENCES item (name)) STRICT",
};

static const struct database_schema old_schema = {
    .what = "test store", .application_id = -5, .migrations = migrations, .version = 1};
static const struct database_schema schema = {
    .what = "test store", .application_id = -5, .migrations = migrations, .version = 2};

struct desk {
    char directory[64];
    char path[80];
    struct database_owner owner;
    struct database *database;
};

static int open_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    struct error error;

    (void)snprintf(desk->directory, sizeof(desk->directory), "/tmp/database-test-XXXXXX");
    if (mkdtemp(desk->directory) == NULL) {
        return -1;
    }
    (void)snprintf(desk->path, sizeof(desk->path), "%s/test.db", desk->directory);
    *state = desk;
    return database_create(desk->path, &schema, &desk->owner, &error) &&
                   database_open(desk->path, &schema, &desk->owner, &desk->database, &error)
               ? 0
               : -1;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;

    database_close(desk->database);
    (void)unlink(desk->path);
    int result = rmdir(desk->directory); /* Fails when SQLite left something. */

    free(desk);
    return result;
}

static bool insert(struct database *database, const char *name, struct bytes data,
                   struct error *error)
{
    return database_run(database, "INSERT INTO item VALUES (?,?)",
                        DATABASE_VALUES(database_text(name), database_blob(data)), error);
}

static uint64_t number_of(struct database *database, const char *sql)
{
    struct error error;
    uint64_t number = 0;
    bool is_found = false;

    assert_true(database_find_number(database, sql, NULL, 0, &number, &is_found, &error));
    assert_true(is_found);
    return number;
}

#define COUNT_ITEMS "SELECT count(*) FROM item"

static void a_file_is_as_durable_as_promised(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(number_of(desk->database, "PRAGMA synchronous"), 2); /* FULL */
    assert_int_equal(number_of(desk->database, "PRAGMA foreign_keys"), 1);
    assert_int_equal(number_of(desk->database, "PRAGMA user_version"), 2);
    assert_int_equal(
        number_of(desk->database, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
}

static void a_full_disk_is_an_error_and_leaves_nothing_half_done(void **state)
{
    static const uint8_t block[100000];
    struct desk *desk = *state;
    struct error error;

    assert_true(insert(desk->database, "before", bytes_of("x", 1), &error));
    assert_true(number_of(desk->database, "PRAGMA max_page_count = 20") >= 1);
    assert_true(database_begin(desk->database, &error));
    assert_true(insert(desk->database, "first", bytes_of("x", 1), &error));
    bool is_ok = insert(desk->database, "second", bytes_of(block, sizeof(block)), &error);

    assert_false(is_ok);
    assert_int_equal(error.code, ERROR_IO);
    assert_non_null(strstr(error.message, "full"));
    assert_false(database_finish(desk->database, is_ok, &error));
    assert_int_equal(number_of(desk->database, COUNT_ITEMS), 1);
    /* With room again the same database goes on. */
    assert_true(number_of(desk->database, "PRAGMA max_page_count = 1000") >= 1);
    assert_true(insert(desk->database, "second", bytes_of(block, sizeof(block)), &error));
    assert_int_equal(number_of(desk->database, COUNT_ITEMS), 2);
}

static void errors_tell_what_kind_they_are(void **state)
{
    struct desk *desk = *state;
    struct error error;
    struct buffer out = {0};

    assert_true(insert(desk->database, "a", bytes_of(NULL, 0), &error));
    assert_false(insert(desk->database, "a", bytes_of(NULL, 0), &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(database_run(desk->database, "INSERT INTO part VALUES (?)",
                              DATABASE_VALUES(database_text("b")), &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_true(database_run(desk->database, "INSERT INTO part VALUES ('a')", NULL, 0, &error));
    assert_int_equal(database_changes(desk->database), 1);
    assert_false(database_find_blob(desk->database, "SELECT data FROM item WHERE name = ?",
                                    DATABASE_VALUES(database_text("b")), "item b", &out, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_string_equal(error.message, "item b is not stored");
    buffer_append_text(&out, "kept ");
    assert_true(database_find_blob(desk->database, "SELECT data FROM item WHERE name = ?",
                                   DATABASE_VALUES(database_text("a")), "item a", &out, &error));
    assert_string_equal(buffer_text(&out), "kept ");
    buffer_finish(&out);
}

static void a_blob_of_the_wrong_size_is_damage(void **state)
{
    struct desk *desk = *state;
    struct database_rows *rows;
    struct error error;
    struct digest digest;
    bool has_row;

    assert_true(insert(desk->database, "a", bytes_of("short", 5), &error));
    assert_true(database_query(desk->database, "SELECT data FROM item", NULL, 0, &rows, &error));
    assert_true(database_next(rows, &has_row, &error));
    assert_true(has_row);
    assert_false(database_column_bytes(rows, 0, digest.data, DIGEST_SIZE, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    assert_true(database_next(rows, &has_row, &error));
    assert_false(has_row);
}

static void two_connections_see_each_others_commits_only(void **state)
{
    struct desk *desk = *state;
    struct database *other = NULL;
    struct error error;

    assert_true(database_open(desk->path, &schema, &desk->owner, &other, &error));
    assert_true(database_begin(desk->database, &error));
    assert_true(insert(desk->database, "a", bytes_of("1", 1), &error));
    assert_int_equal(number_of(other, COUNT_ITEMS), 0);
    assert_true(database_finish(desk->database, true, &error));
    assert_int_equal(number_of(other, COUNT_ITEMS), 1);
    assert_true(insert(other, "b", bytes_of("2", 1), &error));
    assert_int_equal(number_of(desk->database, COUNT_ITEMS), 2);
    database_close(other);
}

static void an_old_file_is_brought_up_to_date_and_keeps_its_content(void **state)
{
    struct desk *desk = *state;
    struct error error;

    database_close(desk->database);
    desk->database = NULL;
    assert_int_equal(unlink(desk->path), 0);
    assert_true(database_create(desk->path, &old_schema, &desk->owner, &error));
    assert_true(database_open(desk->path, &old_schema, &desk->owner, &desk->database, &error));
    assert_true(insert(desk->database, "a", bytes_of("1", 1), &error));
    database_close(desk->database);
    desk->database = NULL;
    assert_true(database_open(desk->path, &schema, &desk->owner, &desk->database, &error));
    assert_int_equal(number_of(desk->database, "PRAGMA user_version"), 2);
    assert_true(database_run(desk->database, "INSERT INTO part VALUES ('a')", NULL, 0, &error));
    database_close(desk->database);
    desk->database = NULL;
    assert_false(database_open(desk->path, &old_schema, &desk->owner, &desk->database, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
}

static void what_cannot_be_created_leaves_no_file(void **state)
{
    static const char *const broken[] = {"CREATE TABLE ("};
    const struct database_schema bad = {
        .what = "test store", .application_id = 1, .migrations = broken, .version = 1};
    struct desk *desk = *state;
    struct error error;

    database_close(desk->database);
    desk->database = NULL;
    assert_int_equal(unlink(desk->path), 0);
    assert_false(database_create(desk->path, &bad, &desk->owner, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_int_not_equal(access(desk->path, F_OK), 0);
    assert_false(database_create("/nowhere/at/all", &schema, &desk->owner, &error));
    assert_int_equal(error.code, ERROR_IO);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_file_is_as_durable_as_promised),
        DESK_TEST(a_full_disk_is_an_error_and_leaves_nothing_half_done),
        DESK_TEST(errors_tell_what_kind_they_are),
        DESK_TEST(a_blob_of_the_wrong_size_is_damage),
        DESK_TEST(two_connections_see_each_others_commits_only),
        DESK_TEST(an_old_file_is_brought_up_to_date_and_keeps_its_content),
        DESK_TEST(what_cannot_be_created_leaves_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
