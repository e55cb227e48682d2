/* The schema: what the project's own says, and what none may say. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "evidence/requirement.h"
#include "tests/evidence/directory.h"

static const struct schema_column *column(const struct schema *schema, const char *table,
                                          const char *name)
{
    size_t index = schema_find_table(schema, table);

    assert_true(index < schema->table_count);

    size_t found = schema_find_column(&schema->tables[index], name);

    assert_true(found < schema->tables[index].column_count);
    return &schema->tables[index].columns[found];
}

static void the_projects_schema_is_sound(void **state)
{
    struct arena *arena = arena_create(16 * 1024 * 1024);
    struct schema schema;

    (void)state;
    directory_schema(arena, &schema);
    assert_true(schema.table_count >= 40);
    for (size_t i = 0; i < schema.table_count; i++) {
        assert_string_equal(schema.tables[i].columns[0].name, "id");
        assert_true(schema.tables[i].columns[0].is_required);
    }
    assert_int_equal(schema_find_table(&schema, "no_such"), SIZE_MAX);
    /* A table's own column of a common name stands in its place. */
    assert_int_equal(column(&schema, "risks", "status")->choice_count, 4);
    assert_string_equal(column(&schema, "risks", "status")->choices[0], "open");
    assert_ptr_equal(column(&schema, "risks", "title"),
                     &schema.tables[schema_find_table(&schema, "risks")].columns[1]);
    assert_int_equal(column(&schema, "risks", "system_ids")->table_index,
                     schema_find_table(&schema, "ai_systems"));
    assert_true(column(&schema, "risks", "requirement_ids")->holds_requirements);
    assert_true(column(&schema, "internal_audits", "auditor_independent")->is_self_declared);
    arena_destroy(arena);
}

static void only_days_on_which_nothing_is_done_may_lie_in_the_future(void **state)
{
    struct arena *arena = arena_create(16 * 1024 * 1024);
    struct schema schema;

    (void)state;
    directory_schema(arena, &schema);
    assert_true(column(&schema, "risks", "valid_until")->is_future);
    assert_true(column(&schema, "treatments", "due_on")->is_future);
    assert_true(column(&schema, "internal_audits", "planned_on")->is_future);
    assert_false(column(&schema, "internal_audits", "held_on")->is_future);
    assert_false(column(&schema, "risks", "approved_on")->is_future);
    arena_destroy(arena);
}

static void refuse(const char *common, const char *tables, const char *message)
{
    struct arena *arena = arena_create(1024 * 1024);
    const char *text =
        arena_format(arena, "version: 1\ncommon:\n  - {name: id, type: id, text: x}\n%stables:\n%s",
                     common, tables);
    struct schema schema;
    struct error error;

    assert_false(schema_parse(bytes_of_text(text), "s", arena, &schema, &error));
    assert_string_equal(error.message, message);
    arena_destroy(arena);
}

static void what_no_schema_may_say_is_refused_with_its_place(void **state)
{
    (void)state;
    refuse("", "  - {name: aims, text: x, columns: []}\n", "s:5:5: the name of the table is taken");
    refuse("", "  - {name: a, text: x, columns: []}\n  - {name: a, text: x, columns: []}\n",
           "s:6:5: there is a table of that name");
    refuse("", "  - {name: A, text: x, columns: []}\n",
           "s:5:12: a name is 1 to 40 of a-z, 0-9 and single _, and begins with a letter");
    refuse("", "  - {name: a__b, text: x, columns: []}\n",
           "s:5:12: a name is 1 to 40 of a-z, 0-9 and single _, and begins with a letter");
    refuse("", "  - {name: a, text: x, columns: [{name: c, type: float, text: x}]}\n",
           "s:5:50: there is no such type");
    refuse("", "  - {name: a, text: x, columns: [{name: c, type: choice, text: x}]}\n",
           "s:5:34: a choice has a list \"of\" words");
    refuse("", "  - {name: a, text: x, columns: [{name: c, type: reference, text: x}]}\n",
           "s:5:34: a reference names its \"table\"");
    refuse("", "  - {name: a, text: x, columns: [{name: c, type: list, table: b, text: x}]}\n",
           "s:5:5: column c refers to b, which is no table");
    refuse("",
           "  - {name: a, text: x, columns: [{name: c, type: text, required: true, text: x}]}\n",
           "s:5:34: only ids and references are required");
    refuse("", "  - {name: a, text: x, columns: [{name: c, type: text, future: true, text: x}]}\n",
           "s:5:34: only a date can lie in the future");
    refuse("",
           "  - {name: a, text: x, columns: [{name: c, type: text, text: x}, {name: c, type: "
           "text, text: x}]}\n",
           "s:5:66: the table has a column of that name");
    refuse("", "  - {name: a, text: x, columns: [{name: id, type: text, text: x}]}\n",
           "s:5:5: the first column is \"id\" and of that type");
    refuse("", "  - {name: a, text: x, columns: [], smal: true}\n",
           "s:5:43: \"smal\" is not known here; did you mean \"small\"?");
}

static void there_are_seventy_requirements(void **state)
{
    size_t clauses = 0;

    (void)state;
    for (size_t i = 0; i < REQUIREMENT_COUNT; i++) {
        clauses += requirement_ids[i][0] != 'A';
        assert_true(requirement_is_known(requirement_ids[i]));
    }
    assert_int_equal(clauses, 32);
    assert_false(requirement_is_known("6.1"));
    assert_false(requirement_is_known(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_projects_schema_is_sound),
        cmocka_unit_test(only_days_on_which_nothing_is_done_may_lie_in_the_future),
        cmocka_unit_test(what_no_schema_may_say_is_refused_with_its_place),
        cmocka_unit_test(there_are_seventy_requirements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
