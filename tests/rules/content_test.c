/* The catalogue and the rule set that ship: complete, sound, as good as their own tests, and of the
 * opinion about the example organisation that examples/README.md gives. */

#include "tests/rules/workshop.h"

#include "evidence/load.h"
#include "report/gaps.h"
#include "report/when.h"
#include "rules/catalog.h"
#include "rules/engine.h"
#include "rules/lint.h"

#define QUESTION_MAX 200 /* Characters: what fits two lines of a report. */

/* The leaves of clauses 4 to 10 and the controls of Annex A, in the order of the standard. */
static const char *const requirements[] = {
    "4.1",     "4.2",     "4.3",     "4.4",     "5.1",     "5.2",     "5.3",     "6.1.1",
    "6.1.2",   "6.1.3",   "6.1.4",   "6.2",     "6.3",     "7.1",     "7.2",     "7.3",
    "7.4",     "7.5.1",   "7.5.2",   "7.5.3",   "8.1",     "8.2",     "8.3",     "8.4",
    "9.1",     "9.2.1",   "9.2.2",   "9.3.1",   "9.3.2",   "9.3.3",   "10.1",    "10.2",
    "A.2.2",   "A.2.3",   "A.2.4",   "A.3.2",   "A.3.3",   "A.4.2",   "A.4.3",   "A.4.4",
    "A.4.5",   "A.4.6",   "A.5.2",   "A.5.3",   "A.5.4",   "A.5.5",   "A.6.1.2", "A.6.1.3",
    "A.6.2.2", "A.6.2.3", "A.6.2.4", "A.6.2.5", "A.6.2.6", "A.6.2.7", "A.6.2.8", "A.7.2",
    "A.7.3",   "A.7.4",   "A.7.5",   "A.7.6",   "A.8.2",   "A.8.3",   "A.8.4",   "A.8.5",
    "A.9.2",   "A.9.3",   "A.9.4",   "A.10.2",  "A.10.3",  "A.10.4",
};

#define REQUIREMENT_COUNT (sizeof(requirements) / sizeof(requirements[0]))

/* What is wrong with the example on purpose; all of it is a lapse and nothing a breakdown. */
static const char *const weaknesses[] = {"7.2", "A.2.3", "A.4.6", "A.6.2.4", "A.8.4", "A.10.3"};

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

static void the_catalogue_has_every_clause_and_every_control(void **state)
{
    struct fixture *fixture = *state;
    const struct catalog *catalog = &fixture->catalog;

    assert_int_equal(REQUIREMENT_COUNT, 32 + 38);
    assert_int_equal(catalog->requirement_count, REQUIREMENT_COUNT);
    for (size_t i = 0; i < REQUIREMENT_COUNT; i++) {
        assert_string_equal(catalog->requirements[i].id, requirements[i]);
        assert_int_equal(catalog->requirements[i].is_control, requirements[i][0] == 'A');
    }
}

static void every_requirement_has_a_question_that_weighs(void **state)
{
    struct fixture *fixture = *state;
    const struct catalog *catalog = &fixture->catalog;

    assert_true(catalog->criterion_count >= 130);
    for (size_t i = 0; i < catalog->requirement_count; i++) {
        const struct catalog_requirement *requirement = &catalog->requirements[i];
        size_t weighing = 0;

        for (size_t j = 0; j < requirement->criterion_count; j++) {
            const struct catalog_criterion *criterion =
                &catalog->criteria[requirement->criterion_first + j];

            weighing += !criterion->is_applicability && criterion->grade != CATALOG_IMPROVEMENT;
        }
        if (weighing == 0) {
            fail_msg("%s: nothing that is asked can be a nonconformity", requirement->id);
        }
    }
}

static void every_control_and_no_clause_asks_whether_it_applies(void **state)
{
    struct fixture *fixture = *state;
    const struct catalog *catalog = &fixture->catalog;
    size_t count = 0;

    for (size_t i = 0; i < catalog->criterion_count; i++) {
        const struct catalog_criterion *criterion = &catalog->criteria[i];
        const struct catalog_requirement *requirement =
            &catalog->requirements[criterion->requirement];

        if (criterion->is_applicability) {
            assert_true(requirement->is_control);
            assert_int_equal(i, requirement->criterion_first);
            count++;
        }
    }
    assert_int_equal(count, 38);
}

static void criteria_are_questions_with_a_remedy(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < fixture->catalog.criterion_count; i++) {
        const struct catalog_criterion *criterion = &fixture->catalog.criteria[i];
        size_t length = strlen(criterion->question);

        if (length == 0 || length > QUESTION_MAX || criterion->question[length - 1] != '?') {
            fail_msg("%s: not a question of at most %d characters: %s", criterion->id, QUESTION_MAX,
                     criterion->question);
        }
        if (criterion->remediation[0] == '\0' || criterion->guidance[0] == '\0') {
            fail_msg("%s: no remediation or no guidance", criterion->id);
        }
    }
}

static void criteria_name_registers_of_the_schema(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < fixture->catalog.criterion_count; i++) {
        const struct words *evidence = &fixture->catalog.criteria[i].evidence;

        if (evidence->count == 0) {
            fail_msg("%s: no register bears on it", fixture->catalog.criteria[i].id);
        }
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

static void load_example(struct fixture *fixture, struct dataset *dataset)
{
    struct notes notes;
    struct error error = {0};

    notes_init(&notes, fixture->arena);
    if (!load_directory(AIMS_SOURCE_DIR "/examples/meridian", &fixture->schema, &notes, dataset,
                        &error)) {
        fail_msg("%s", error.message);
    }
    if (notes.warning_count > 0) {
        fail_msg("%s", notes.first->text);
    }
}

/* What the rule set finds in DATASET, as if the decision were taken on the last day of its period. */
static void assess(struct fixture *fixture, const struct dataset *dataset, struct findings *out)
{
    const struct engine_options options = {0};
    struct engine_result result;
    struct engine *engine = NULL;
    struct error error = {0};
    struct gaps gaps = {
        .catalog = &fixture->catalog,
        .result = &result,
        .purpose = findings_purpose_of(dataset->purpose),
    };

    if (!engine_create(&fixture->catalog, &fixture->ruleset, &fixture->schema, &options, &engine,
                       &error) ||
        !engine_run(engine, dataset, fixture->arena, &result, &error)) {
        fail_msg("%s", error.message);
    }
    assert_true(when_parse_day(dataset->period_end, &gaps.period_end));
    gaps.as_of = gaps.period_end;
    gaps_make(&gaps, out);
    engine_destroy(engine);
}

static void the_example_has_the_weaknesses_that_its_readme_lists(void **state)
{
    struct fixture *fixture = *state;
    struct dataset dataset;
    struct findings findings;

    load_example(fixture, &dataset);
    assess(fixture, &dataset, &findings);
    for (size_t i = 0; i < REQUIREMENT_COUNT; i++) {
        bool is_weak = false;

        for (size_t j = 0; j < sizeof(weaknesses) / sizeof(weaknesses[0]); j++) {
            is_weak = is_weak || strcmp(weaknesses[j], requirements[i]) == 0;
        }
        enum findings_grade expected = is_weak ? FINDINGS_MINOR : FINDINGS_CONFORMING;

        if (strcmp(requirements[i], "A.10.4") == 0) {
            expected = FINDINGS_NOT_APPLICABLE;
        }
        if (findings.grades[i] != expected) {
            fail_msg("%s: %s instead of %s", requirements[i],
                     findings_grade_name((enum findings_grade)findings.grades[i]),
                     findings_grade_name(expected));
        }
    }
    assert_int_equal(findings.decision, FINDINGS_CONDITIONS);
}

/* The other end: whoever shows nothing has not failed, and has not passed either. */
static void no_evidence_is_neither_conformity_nor_a_finding(void **state)
{
    struct fixture *fixture = *state;
    const struct ruleset_test nothing = {.name = "nothing", .as_of = "2026-06-30"};
    struct dataset dataset;
    struct findings findings;
    struct error error = {0};

    assert_true(given_dataset(&nothing, &fixture->schema, fixture->arena, &dataset, &error));
    assess(fixture, &dataset, &findings);
    for (size_t i = 0; i < REQUIREMENT_COUNT; i++) {
        if (findings.grades[i] != FINDINGS_NOT_ASSESSED) {
            fail_msg("%s: %s", requirements[i],
                     findings_grade_name((enum findings_grade)findings.grades[i]));
        }
    }
    assert_int_equal(findings.decision, FINDINGS_DEFERRED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_catalogue_has_every_clause_and_every_control),
        cmocka_unit_test(every_requirement_has_a_question_that_weighs),
        cmocka_unit_test(every_control_and_no_clause_asks_whether_it_applies),
        cmocka_unit_test(criteria_are_questions_with_a_remedy),
        cmocka_unit_test(criteria_name_registers_of_the_schema),
        cmocka_unit_test(the_rule_set_is_sound),
        cmocka_unit_test(the_rule_set_passes_its_own_tests),
        cmocka_unit_test(the_example_has_the_weaknesses_that_its_readme_lists),
        cmocka_unit_test(no_evidence_is_neither_conformity_nor_a_finding),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
