/* The catalogue and the rule set that ship: complete, sound, and as good as their own tests. */

#include "tests/rules/workshop.h"

#include "rules/catalog.h"
#include "rules/lint.h"

struct fixture {
    struct arena *arena;
    struct schema schema;
    struct catalog catalog;
    struct ruleset ruleset;
};

static int setup(void **state)
{
    static const char catalog[] = AIMS_SOURCE_DIR "/rules/catalogs/iso42001-2023";
    static const char ruleset[] = AIMS_SOURCE_DIR "/rules/rulesets/registers";
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error error = {0};

    assert_non_null(fixture);
    fixture->arena = arena_create(WORKSHOP_ARENA_SIZE);
    *state = fixture;
    if (!schema_load(AIMS_SOURCE_DIR "/evidence/schema.yaml", fixture->arena, &fixture->schema,
                     &error) ||
        !catalog_load(catalog, fixture->arena, &fixture->catalog, &error) ||
        !ruleset_load(ruleset, &fixture->catalog, fixture->arena, &fixture->ruleset, &error)) {
        print_error("%s\n", error.message);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

static void expect_clean(const struct lint_report *report)
{
    for (const struct lint_message *message = report->messages; message != NULL;
         message = message->next) {
        print_error("%s:%u: %s: %s\n", message->file, message->line, message->criterion,
                    message->text);
    }
    assert_int_equal(report->message_count, 0);
    assert_true(report->test_count > 0);
}

static void the_catalogue_has_the_32_clauses_and_the_38_controls(void **state)
{
    struct fixture *fixture = *state;
    size_t controls = 0;

    for (size_t i = 0; i < fixture->catalog.requirement_count; i++) {
        controls += fixture->catalog.requirements[i].is_control;
    }
    assert_int_equal(fixture->catalog.requirement_count, 70);
    assert_int_equal(controls, 38);
}

static void criteria_name_registers_of_the_schema(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < fixture->catalog.criterion_count; i++) {
        const struct words *evidence = &fixture->catalog.criteria[i].evidence;

        for (size_t j = 0; j < evidence->count; j++) {
            if (strcmp(evidence->items[j], "evidence_files") != 0 &&
                schema_find_table(&fixture->schema, evidence->items[j]) == SIZE_MAX) {
                fail_msg("%s: no register %s", fixture->catalog.criteria[i].id, evidence->items[j]);
            }
        }
    }
}

static void the_rule_set_is_sound(void **state)
{
    struct fixture *fixture = *state;
    struct lint_report report = {0};
    struct error error = {0};

    assert_true(lint_rules(&fixture->catalog, &fixture->ruleset, &fixture->schema, fixture->arena,
                           &report, &error));
    expect_clean(&report);
}

static void the_rule_set_passes_its_own_tests(void **state)
{
    struct fixture *fixture = *state;
    struct lint_report report = {0};
    struct error error = {0};

    assert_true(lint_tests(&fixture->catalog, &fixture->ruleset, &fixture->schema, fixture->arena,
                           &report, &error));
    expect_clean(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_catalogue_has_the_32_clauses_and_the_38_controls),
        cmocka_unit_test(criteria_name_registers_of_the_schema),
        cmocka_unit_test(the_rule_set_is_sound),
        cmocka_unit_test(the_rule_set_passes_its_own_tests),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
