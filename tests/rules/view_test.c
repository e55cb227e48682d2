/* Views: a query over rows that lie in memory says what it would say over tables of SQLite's own,
 * whatever the rows, and whatever plan SQLite chooses. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/random.h"
#include "rules/view.h"

#define SEEDS     200
#define ROWS_MAX  40
#define LINES_MAX 4000
#define LINE_SIZE 128

#define PARTS_SQL                                                                                  \
    "CREATE TABLE parts (id TEXT PRIMARY KEY NOT NULL, whole TEXT, kind TEXT, number INTEGER) "    \
    "WITHOUT ROWID"
#define NOTES_SQL "CREATE TABLE notes (name TEXT, size INTEGER)"

struct fixture {
    struct arena *arena;
    sqlite3 *ours;
    sqlite3 *theirs;
    struct view parts;
    struct view notes;
};

static void run(sqlite3 *connection, const char *sql)
{
    if (sqlite3_exec(connection, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(connection));
    }
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error error;

    assert_non_null(fixture);
    fixture->arena = arena_create(SIZE_MAX / 2);
    assert_int_equal(sqlite3_open(":memory:", &fixture->ours), SQLITE_OK);
    assert_int_equal(sqlite3_open(":memory:", &fixture->theirs), SQLITE_OK);
    run(fixture->theirs, PARTS_SQL);
    run(fixture->theirs, NOTES_SQL);
    fixture->parts = (struct view){
        .name = "parts",
        .sql = PARTS_SQL,
        .columns = {VIEW_KEY, VIEW_NAME},
        .rows = {.column_count = 4, .is_by_first = true, .arena = fixture->arena},
    };
    fixture->notes = (struct view){
        .name = "notes",
        .sql = NOTES_SQL,
        .columns = {VIEW_NAME},
        .rows = {.column_count = 2, .arena = fixture->arena},
    };
    assert_true(view_create(fixture->ours, &fixture->parts, &error));
    assert_true(view_create(fixture->ours, &fixture->notes, &error));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(sqlite3_close(fixture->ours), SQLITE_OK);
    assert_int_equal(sqlite3_close(fixture->theirs), SQLITE_OK);
    arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

/* Shows COUNT rows of CELLS in VIEW, sorted by the first cell where the view wants that, and puts
 * the same into the table of that name. */
static void show(struct fixture *fixture, struct view *view, struct dataset_value *cells,
                 size_t count)
{
    struct rows *rows = &view->rows;
    struct rows_row *own = arena_array(fixture->arena, count, sizeof(*own));
    struct rows_row *spare = arena_array(fixture->arena, count, sizeof(*spare));
    sqlite3_stmt *insert = NULL;
    char sql[80];

    for (size_t i = 0; i < count; i++) {
        own[i].cells = &cells[i * rows->column_count];
    }
    if (rows->is_by_first) {
        rows_sort(own, spare, count, 0);
    }
    rows->own = own;
    rows->count = count;
    rows->by = arena_array(fixture->arena, rows->column_count, sizeof(*rows->by));

    (void)snprintf(sql, sizeof(sql), "DELETE FROM %s", view->name);
    run(fixture->theirs, sql);
    (void)snprintf(sql, sizeof(sql), "INSERT INTO %s VALUES (?%s)", view->name,
                   rows->column_count == 4 ? ", ?, ?, ?" : ", ?");
    assert_int_equal(sqlite3_prepare_v2(fixture->theirs, sql, -1, &insert, NULL), SQLITE_OK);
    for (size_t i = 0; i < count * rows->column_count; i++) {
        int index = (int)(i % rows->column_count) + 1;

        if (cells[i].type == DATASET_INTEGER) {
            (void)sqlite3_bind_int64(insert, index, cells[i].integer);
        } else {
            (void)sqlite3_bind_text(insert, index, cells[i].text, -1, SQLITE_STATIC);
        }
        if (index == (int)rows->column_count) {
            assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
            (void)sqlite3_reset(insert);
        }
    }
    (void)sqlite3_finalize(insert);
}

static struct dataset_value text(const char *text)
{
    return (struct dataset_value){.type = text == NULL ? DATASET_NULL : DATASET_TEXT, .text = text};
}

static struct dataset_value some_integer(struct random *random)
{
    uint64_t number = random_below(random, 8);

    return (struct dataset_value){.type = number == 0 ? DATASET_NULL : DATASET_INTEGER,
                                  .integer = (int64_t)number - 3};
}

/* Rows in no order, with cells that are often the same, empty or the id of another row. */
static void show_some(struct fixture *fixture, struct random *random)
{
    static const char *const kinds[] = {NULL, "", "a", "A", "b", "2", "\xc3\xa4", "aa"};
    size_t count = random_below(random, ROWS_MAX);
    struct dataset_value *parts = arena_array(fixture->arena, count, 4 * sizeof(*parts));
    struct dataset_value *notes = arena_array(fixture->arena, count, 2 * sizeof(*notes));
    size_t step = 1 + 2 * random_below(random, ROWS_MAX);

    for (size_t i = 0; i < count; i++) {
        /* An odd step goes through all numbers below a power of two, each once. */
        parts[4 * i] = text(arena_format(fixture->arena, "p%zu", i * step % 64));
        uint64_t whole = random_below(random, 64);

        parts[4 * i + 1] =
            text(whole < 8 ? kinds[whole] : arena_format(fixture->arena, "p%zu", (size_t)whole));
        parts[4 * i + 2] = text(kinds[random_below(random, 8)]);
        parts[4 * i + 3] = some_integer(random);
        notes[2 * i] = text(kinds[random_below(random, 8)]);
        notes[2 * i + 1] = some_integer(random);
    }
    show(fixture, &fixture->parts, parts, count);
    show(fixture, &fixture->notes, notes, count);
}

struct lines {
    size_t count;
    char lines[LINES_MAX][LINE_SIZE];
};

static int compare_lines(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* What SQL says, a line for each row, sorted unless the query orders them. */
static void ask(sqlite3 *connection, const char *sql, struct lines *out)
{
    sqlite3_stmt *statement = NULL;

    out->count = 0;
    if (sqlite3_prepare_v2(connection, sql, -1, &statement, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(connection));
    }
    while (sqlite3_step(statement) == SQLITE_ROW) {
        char *line = out->lines[out->count++];
        size_t size = 0;

        assert_true(out->count < LINES_MAX);
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const unsigned char *cell = sqlite3_column_text(statement, i);

            size += (size_t)snprintf(line + size, LINE_SIZE - size, "%d %s|",
                                     sqlite3_column_type(statement, i),
                                     cell == NULL ? "" : (const char *)cell);
            assert_true(size < LINE_SIZE);
        }
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    if (strstr(sql, "ORDER BY") == NULL) {
        qsort(out->lines, out->count, LINE_SIZE, compare_lines);
    }
}

static bool are_alike(const struct lines *a, const struct lines *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        if (strcmp(a->lines[i], b->lines[i]) != 0) {
            return false;
        }
    }
    return a->count == b->count;
}

/* Orders leave no two rows equal, because equal ones may come in any order. */
static const char *const queries[] = {
    "SELECT * FROM parts",
    "SELECT * FROM notes",
    "SELECT rowid, * FROM notes",
    "SELECT count(*) FROM parts",
    "SELECT * FROM parts WHERE id = 'p8'",
    "SELECT * FROM parts WHERE id = 8",
    "SELECT * FROM parts WHERE kind = 'a'",
    "SELECT * FROM parts WHERE kind = ''",
    "SELECT * FROM parts WHERE kind = 'a' COLLATE NOCASE",
    "SELECT * FROM parts WHERE kind = 2",
    "SELECT * FROM parts WHERE kind = 2.0",
    "SELECT * FROM parts WHERE kind = CAST('a' AS BLOB)",
    "SELECT * FROM parts WHERE kind = NULL",
    "SELECT * FROM parts WHERE kind IS NULL",
    "SELECT * FROM parts WHERE kind IS 'a'",
    "SELECT * FROM parts WHERE number = 2",
    "SELECT * FROM parts WHERE number = '2'",
    "SELECT * FROM parts WHERE number = 2.0",
    "SELECT * FROM parts WHERE number = 2.5",
    "SELECT * FROM parts WHERE number > 1 AND kind >= 'a'",
    "SELECT * FROM parts WHERE number BETWEEN -1 AND 2",
    "SELECT * FROM parts WHERE kind IN ('a', 'b', '2')",
    "SELECT * FROM parts WHERE id IN ('p1', 'p2', 'p3', 'p60') AND number = 1",
    "SELECT * FROM parts WHERE id IN (SELECT whole FROM parts)",
    "SELECT * FROM parts WHERE whole IN (SELECT id FROM parts WHERE number = 1)",
    "SELECT * FROM parts WHERE id = 'p1' OR whole = 'p2' OR kind = 'b'",
    "SELECT * FROM parts WHERE whole = 'p2' OR number = 3",
    "SELECT a.id, b.id FROM parts a JOIN parts b ON b.id = a.whole",
    "SELECT a.id, b.id FROM parts a LEFT JOIN parts b ON b.whole = a.id AND b.kind = a.kind",
    "SELECT a.id, b.id FROM parts a LEFT JOIN parts b ON b.whole = a.id WHERE b.id IS NULL",
    "SELECT a.id, n.name FROM parts a JOIN notes n ON n.name = a.kind AND n.size = a.number",
    "SELECT a.id FROM parts a JOIN notes n ON n.size = a.kind",
    "SELECT a.id FROM parts a JOIN notes n ON a.number = n.name",
    "SELECT a.id FROM parts a WHERE NOT EXISTS (SELECT 1 FROM parts b WHERE b.whole = a.id)",
    "SELECT kind, count(*), min(id), max(number) FROM parts GROUP BY kind",
    "SELECT whole, kind, count(*) FROM parts GROUP BY whole, kind",
    "SELECT DISTINCT number FROM parts",
    "SELECT min(id), max(id) FROM parts",
    "SELECT min(number) FROM parts",
    "SELECT max(kind) FROM parts",
    "SELECT min(size) FROM notes WHERE name = 'a'",
    "SELECT number, count(DISTINCT kind) FROM parts GROUP BY number HAVING count(*) > 1",
    "SELECT kind FROM parts UNION SELECT name FROM notes",
    "SELECT id FROM parts EXCEPT SELECT whole FROM parts",
    "SELECT id FROM parts ORDER BY id",
    "SELECT id FROM parts ORDER BY id DESC",
    "SELECT id FROM parts WHERE kind = 'a' ORDER BY id DESC",
    "SELECT kind, id FROM parts ORDER BY kind, id",
    "SELECT kind, id FROM parts WHERE kind = 'a' ORDER BY kind, id DESC",
    "SELECT kind, id FROM parts WHERE kind IN ('b', 'a') ORDER BY kind, id",
    "SELECT whole, id FROM parts WHERE whole IN ('p8', 'p3', 'a') ORDER BY whole, id",
    "SELECT kind, count(*) FROM parts WHERE kind = 'a' GROUP BY kind",
    "SELECT kind, count(*) FROM parts WHERE kind = 2 GROUP BY kind",
    "SELECT number, id FROM parts ORDER BY number DESC, id",
    "SELECT kind FROM parts ORDER BY kind DESC",
    "SELECT kind FROM parts ORDER BY kind NULLS LAST",
    "SELECT kind FROM parts ORDER BY kind COLLATE NOCASE, kind",
    "SELECT name FROM notes WHERE size = 1 ORDER BY name",
    "SELECT rowid FROM notes ORDER BY rowid DESC",
    "SELECT id FROM parts ORDER BY id LIMIT 3 OFFSET 2",
    "SELECT id FROM (SELECT id FROM parts WHERE number = 1 ORDER BY id DESC LIMIT 1)",
    "SELECT id, row_number() OVER (PARTITION BY kind ORDER BY id) FROM parts ORDER BY id",
    "WITH u AS (SELECT 'p1' id UNION SELECT whole FROM u JOIN parts USING (id)) SELECT id FROM u",
};

static void a_view_says_what_a_table_says(void **state)
{
    static struct lines ours;
    static struct lines theirs;
    struct fixture *fixture = *state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct random random = {.state = seed};

        show_some(fixture, &random);
        fixture->parts.is_backward = seed % 2 == 0;
        fixture->notes.is_backward = seed % 2 == 0;
        for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
            ask(fixture->ours, queries[i], &ours);
            ask(fixture->theirs, queries[i], &theirs);
            if (!are_alike(&ours, &theirs)) {
                fail_msg("seed %ju: %s", (uintmax_t)seed, queries[i]);
            }
        }
        arena_reset(fixture->arena);
    }
}

/* The first column of SQL's rows, as they come. */
static const char *in_order(struct fixture *fixture, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    const char *said = "";

    assert_int_equal(sqlite3_prepare_v2(fixture->ours, sql, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        said = arena_format(fixture->arena, "%s%s ", said, sqlite3_column_text(statement, 0));
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    return said;
}

static void rows_come_in_their_own_order_or_the_other_way_round(void **state)
{
    struct fixture *fixture = *state;
    struct dataset_value parts[] = {
        text("p3"), text("x"), text("a"), text(NULL), /* */
        text("p1"), text("x"), text("b"), text(NULL), /* */
        text("p2"), text("x"), text("a"), text(NULL),
    };

    show(fixture, &fixture->parts, parts, 3);
    assert_string_equal(in_order(fixture, "SELECT id FROM parts"), "p1 p2 p3 ");
    assert_string_equal(in_order(fixture, "SELECT id FROM parts WHERE whole = 'x'"), "p1 p2 p3 ");
    assert_string_equal(in_order(fixture, "SELECT id FROM parts WHERE kind = 'a'"), "p2 p3 ");
    fixture->parts.is_backward = true;
    assert_string_equal(in_order(fixture, "SELECT id FROM parts"), "p3 p2 p1 ");
    assert_string_equal(in_order(fixture, "SELECT id FROM parts WHERE kind = 'a'"), "p3 p2 ");
    assert_string_equal(in_order(fixture, "SELECT id FROM parts ORDER BY id"), "p1 p2 p3 ");
    assert_string_equal(in_order(fixture, "SELECT id FROM parts ORDER BY id DESC"), "p3 p2 p1 ");
}

/* Equal cells, and so many that a sort by comparing all with all would not end. */
static void many_rows_that_are_alike_are_found_at_once(void **state)
{
    struct fixture *fixture = *state;
    size_t count = 200000;
    struct dataset_value *cells = arena_array(fixture->arena, count, 2 * sizeof(*cells));

    for (size_t i = 0; i < count; i++) {
        cells[2 * i] = text(i == count / 2 ? "that" : "this");
        cells[2 * i + 1] = text(NULL);
    }
    struct rows_row *own = arena_array(fixture->arena, count, sizeof(*own));

    for (size_t i = 0; i < count; i++) {
        own[i].cells = &cells[2 * i];
    }
    fixture->notes.rows.own = own;
    fixture->notes.rows.count = count;
    fixture->notes.rows.by = arena_array(fixture->arena, 2, sizeof(*fixture->notes.rows.by));
    assert_string_equal(in_order(fixture, "SELECT rowid FROM notes WHERE name = 'that'"),
                        "100001 ");
    assert_string_equal(in_order(fixture, "SELECT count(*) FROM notes a, notes b WHERE a.name = "
                                          "'that' AND b.name = a.name"),
                        "1 ");
    assert_string_equal(in_order(fixture, "SELECT count(*) FROM notes WHERE size = 1"), "0 ");
}

static void views_cannot_be_written(void **state)
{
    static const char *const statements[] = {
        "INSERT INTO notes VALUES ('x', 1)",
        "UPDATE notes SET size = 2",
        "DELETE FROM notes",
        "CREATE TABLE copy AS SELECT * FROM sqlite_schema; INSERT INTO notes SELECT 1, 2",
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        assert_int_not_equal(sqlite3_exec(fixture->ours, statements[i], NULL, NULL, NULL),
                             SQLITE_OK);
        assert_non_null(strstr(sqlite3_errmsg(fixture->ours), "table notes may not be modified"));
    }
}

static void a_table_that_sqlite_refuses_is_an_error(void **state)
{
    static struct view twice = {.name = "twice", .sql = "CREATE TABLE twice (a TEXT, A TEXT)"};
    struct fixture *fixture = *state;
    struct error error = {0};

    assert_false(view_create(fixture->ours, &twice, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    assert_string_equal(error.message, "table twice: duplicate column name: A");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_view_says_what_a_table_says),
        TEST(rows_come_in_their_own_order_or_the_other_way_round),
        TEST(many_rows_that_are_alike_are_found_at_once),
        TEST(views_cannot_be_written),
        TEST(a_table_that_sqlite_refuses_is_an_error),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
