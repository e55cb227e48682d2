/* CSV as spreadsheets write it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "formats/csv.h"

struct fixture {
    struct arena *arena;
    struct csv csv;
    struct error error;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.arena = arena_create(10000000)};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    arena_destroy(fixture->arena);
    return 0;
}

static void parse(struct fixture *fixture, const char *text)
{
    if (!csv_parse(bytes_of_text(text), "r.csv", fixture->arena, &fixture->csv, &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
}

static void refuse(struct fixture *fixture, const char *text, size_t size, const char *message)
{
    assert_false(
        csv_parse(bytes_of(text, size), "r.csv", fixture->arena, &fixture->csv, &fixture->error));
    assert_string_equal(fixture->error.message, message);
}

static const struct csv_cell *cell(const struct fixture *fixture, size_t row, size_t column)
{
    assert_true(row < fixture->csv.row_count);
    assert_true(column < fixture->csv.column_count);
    return &fixture->csv.cells[row * fixture->csv.column_count + column];
}

static void quotes_may_hold_everything(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "id,\"a,b\"\r\n1,\"say \"\"yes\"\"\r\ntwice\"\r\n2,\"\"\r\n");
    assert_int_equal(fixture->csv.column_count, 2);
    assert_int_equal(fixture->csv.row_count, 2);
    assert_string_equal(fixture->csv.header[1].text, "a,b");
    assert_string_equal(cell(fixture, 0, 1)->text, "say \"yes\"\ntwice");
    assert_string_equal(cell(fixture, 1, 0)->text, "2");
    assert_string_equal(cell(fixture, 1, 1)->text, "");
}

static void every_cell_knows_its_place(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "a;b;c\n\n\xC3\xA4\xC3\xB6;2;3\n;;\n\"x\ny\";5;\"\"\"6\"\n");
    assert_int_equal(fixture->csv.separator, ';');
    assert_int_equal(fixture->csv.row_count, 2);
    assert_int_equal(cell(fixture, 0, 0)->line, 3);
    assert_int_equal(cell(fixture, 0, 1)->column, 4);
    assert_int_equal(cell(fixture, 1, 0)->line, 5);
    assert_int_equal(cell(fixture, 1, 0)->column, 1);
    assert_int_equal(cell(fixture, 1, 1)->line, 6);
    assert_int_equal(cell(fixture, 1, 1)->column, 4);
    assert_int_equal(cell(fixture, 1, 2)->column, 6);
    assert_string_equal(cell(fixture, 1, 2)->text, "\"6");
}

static void the_header_tells_the_separator(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "a\tb,c\td\n");
    assert_int_equal(fixture->csv.separator, '\t');
    assert_int_equal(fixture->csv.column_count, 3);
    parse(fixture, "\"a;b;c\",d\n");
    assert_int_equal(fixture->csv.separator, ',');
    parse(fixture, "a");
    assert_int_equal(fixture->csv.separator, ',');
    assert_int_equal(fixture->csv.row_count, 0);
}

static void short_rows_are_filled_and_cells_not_trimmed(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "a,b,c\n x ,\n");
    assert_string_equal(cell(fixture, 0, 0)->text, " x ");
    assert_string_equal(cell(fixture, 0, 1)->text, "");
    assert_string_equal(cell(fixture, 0, 2)->text, "");
}

static void a_byte_order_mark_is_no_content(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "\xEF\xBB\xBFid\n1\n");
    assert_string_equal(fixture->csv.header[0].text, "id");
    assert_false(fixture->csv.is_windows_1252);
}

static void windows_1252_is_converted(void **state)
{
    struct fixture *fixture = *state;

    parse(fixture, "id\n\x80 \x84Pr\xFC"
                   "fung\x93\n");
    assert_true(fixture->csv.is_windows_1252);
    assert_string_equal(cell(fixture, 0, 0)->text, "\xE2\x82\xAC \xE2\x80\x9EPr\xC3\xBC"
                                                   "fung\xE2\x80\x9C");
}

static void what_is_malformed_is_named_with_its_place(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"a,b\nx\"y,1\n", "r.csv:2:2: a quote stands inside a cell that does not begin with one"},
        {"a,b\n1,\"x\"y\n", "r.csv:2:6: text stands behind the closing quote of a cell"},
        {"a,b\n1,\"x\ny\n", "r.csv:2:3: this quote is never closed"},
        {"a,b\n1,2\n1,2,3\n",
         "r.csv:3:5: the row has more cells than the header, or the header more than 256"},
        {"a,b\n1\r2,3\n", "r.csv:2:2: a carriage return stands without a line feed"},
        {"a,b\n1,\"2\r\r\n\"\n", "r.csv:2:5: a carriage return stands without a line feed"},
        {"", "r.csv: has no header row"},
        {"\n\n,\n", "r.csv: has no header row"},
        {"a\nb\xFC\x81\n", "r.csv:2: the byte 0x81 is neither UTF-8 nor Windows-1252; save the "
                           "file as UTF-8"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        refuse(fixture, cases[i].text, strlen(cases[i].text), cases[i].message);
    }
    refuse(fixture, "a\nb\0c", 5, "r.csv:2: a byte is NUL");
    refuse(fixture,
           "\xFF\xFE"
           "a",
           3, "r.csv: is UTF-16; save the file as UTF-8");
}

static void a_header_has_at_most_so_many_columns(void **state)
{
    struct fixture *fixture = *state;
    char text[CSV_COLUMNS_MAX + 1];

    memset(text, ',', sizeof(text));
    text[0] = 'a';
    refuse(fixture, text, sizeof(text),
           "r.csv:1:258: the row has more cells than the header, or the header more than 256");
    assert_true(csv_parse(bytes_of(text, sizeof(text) - 2), "r.csv", fixture->arena, &fixture->csv,
                          &fixture->error));
}

static void a_full_arena_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct arena *small = arena_create(40);

    assert_false(csv_parse(bytes_of_text("a,b,c\n1,2,3\n4,5,6\n"), "r.csv", small, &fixture->csv,
                           &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_LIMIT);
    arena_destroy(small);
}

static void what_is_written_is_read_back(void **state)
{
    struct fixture *fixture = *state;
    static const char *const cells[] = {"plain", "a,b;c\td", "say \"yes\"", "two\nlines", " x "};
    struct buffer out = {0};

    for (size_t i = 0; i < 5; i++) {
        buffer_append_text(&out, i == 0 ? "" : ",");
        csv_write_cell(cells[i], &out);
    }
    parse(fixture, buffer_text(&out));
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(fixture->csv.header[i].text, cells[i]);
    }
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(quotes_may_hold_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_cell_knows_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_header_tells_the_separator, set_up, tear_down),
        cmocka_unit_test_setup_teardown(short_rows_are_filled_and_cells_not_trimmed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_byte_order_mark_is_no_content, set_up, tear_down),
        cmocka_unit_test_setup_teardown(windows_1252_is_converted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_malformed_is_named_with_its_place, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_header_has_at_most_so_many_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_arena_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_written_is_read_back, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
