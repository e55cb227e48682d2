/* A directory to start from. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "evidence/init.h"
#include "evidence/load.h"
#include "tests/evidence/directory.h"

static const struct init_control controls[] = {
    {"A.2.2", "First control"},
    {"A.2.3", "Second, with a comma"},
};

struct fixture {
    struct arena *arena;
    struct schema schema;
    char root[DIRECTORY_PATH_SIZE];
    char path[DIRECTORY_PATH_SIZE + 8]; /* Does not exist yet. */
    struct init_options options;
    struct error error;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.arena = arena_create(64 * 1024 * 1024)};
    directory_schema(fixture.arena, &fixture.schema);
    directory_create(fixture.root);
    (void)snprintf(fixture.path, sizeof(fixture.path), "%s/dir", fixture.root);
    fixture.options = (struct init_options){.organisation = "Example \"Org\": #1",
                                            .period_start = "2025-07-01",
                                            .period_end = "2026-06-30",
                                            .control_count = 2,
                                            .controls = controls};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    directory_destroy(fixture->root);
    arena_destroy(fixture->arena);
    return 0;
}

static void init(struct fixture *fixture)
{
    if (!init_directory(fixture->path, &fixture->schema, &fixture->options, &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
}

static bool exists(const struct fixture *fixture, const char *name)
{
    char full[2 * DIRECTORY_PATH_SIZE];

    (void)snprintf(full, sizeof(full), "%s/%s", fixture->path, name);
    return access(full, F_OK) == 0;
}

static void a_new_directory_loads_without_a_word(void **state)
{
    struct fixture *fixture = *state;
    struct notes notes;
    struct dataset set;

    init(fixture);
    notes_init(&notes, fixture->arena);
    if (!load_directory(fixture->path, &fixture->schema, &notes, &set, &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
    assert_null(notes.first);
    assert_string_equal(set.organisation, "Example \"Org\": #1");

    const struct dataset_table *soa = &set.tables[schema_find_table(&fixture->schema, "soa")];
    size_t control = schema_find_column(soa->schema, "control_id");
    size_t title = schema_find_column(soa->schema, "title");
    size_t applicable = schema_find_column(soa->schema, "applicable");

    assert_int_equal(soa->row_count, 2);
    assert_string_equal(soa->values[soa->schema->column_count + control].text, "A.2.3");
    assert_string_equal(soa->values[soa->schema->column_count + title].text,
                        "Second, with a comma");
    assert_int_equal(soa->values[applicable].type, DATASET_NULL);
    assert_int_equal(set.tables[schema_find_table(&fixture->schema, "risks")].claim,
                     DATASET_ABSENT);
    assert_true(exists(fixture, "registers/README.md"));
    assert_true(exists(fixture, "documents"));
}

static void what_is_left_open_is_asked_for_by_the_check(void **state)
{
    struct fixture *fixture = *state;
    struct notes notes;
    struct dataset set;

    fixture->options.organisation = NULL;
    fixture->options.period_end = NULL;
    init(fixture);
    notes_init(&notes, fixture->arena);
    assert_false(load_directory(fixture->path, &fixture->schema, &notes, &set, &fixture->error));
    assert_int_equal(notes.error_count, 2);
    assert_string_equal(notes.first->text, "aims.yaml:2:1: \"organisation\" is empty, want a text");
}

static void small_means_only_the_registers_that_majors_need(void **state)
{
    struct fixture *fixture = *state;

    fixture->options.is_small = true;
    init(fixture);
    for (size_t i = 0; i < fixture->schema.table_count; i++) {
        const struct schema_table *table = &fixture->schema.tables[i];

        assert_int_equal(
            exists(fixture, arena_format(fixture->arena, "registers/%s.csv", table->name)),
            table->is_small);
    }
}

static void nothing_that_is_there_is_overwritten(void **state)
{
    struct fixture *fixture = *state;

    init(fixture);
    assert_false(
        init_directory(fixture->path, &fixture->schema, &fixture->options, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_CONFLICT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_directory_loads_without_a_word),
        TEST(what_is_left_open_is_asked_for_by_the_check),
        TEST(small_means_only_the_registers_that_majors_need),
        TEST(nothing_that_is_there_is_overwritten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
