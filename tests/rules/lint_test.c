/* Rule sets as files: what reading them refuses, what lint finds, and what their tests say. */

#include "tests/rules/workshop.h"

#include "rules/catalog.h"
#include "rules/lint.h"

struct fixture {
    struct arena *arena;
    struct workshop_folder folder;
    struct schema schema;
    struct catalog_criterion criteria[2];
    struct catalog catalog;
};

static const char main_yaml[] = "name: tried\n"
                                "version: 1\n"
                                "title: A rule set\n"
                                "catalog: test\n"
                                "files: [rules.yaml]\n";

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture->arena = arena_create(WORKSHOP_ARENA_SIZE);
    workshop_read_schema(fixture->arena, &fixture->schema);
    fixture->criteria[0] = (struct catalog_criterion){.id = "4.1-1"};
    fixture->criteria[1] = (struct catalog_criterion){.id = "4.1-2"};
    fixture->catalog = (struct catalog){
        .id = "test",
        .vm_steps_max = 100000,
        .rows_max = 100,
        .cell_size_max = 1000,
        .criterion_count = 1,
        .criteria = fixture->criteria,
    };
    workshop_open(&fixture->folder);
    workshop_write(&fixture->folder, "ruleset.yaml", main_yaml);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    workshop_close(&fixture->folder);
    arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

/* A rule without its sql and tests. */
#define HEAD "- criterion: 4.1-1\n  version: 1\n  needs: [systems]\n"

#define SQL                                                                                        \
    "  sql: |\n"                                                                                   \
    "    SELECT id AS resource, CASE WHEN users IS NULL THEN 'unknown' WHEN users > 9 THEN 'ok' "  \
    "ELSE 'alarm' END AS status, 'Users.' AS reason FROM systems\n"

#define TESTS                                                                                      \
    "  tests:\n"                                                                                   \
    "    - {name: many users, given: {systems: [{id: s1, users: 12}, {id: s2, users: 10}]}, "      \
    "expect: met}\n"                                                                               \
    "    - {name: few users, given: {systems: [{id: s1, users: 2}]}, expect: not_met}\n"

static void load(struct fixture *fixture, const char *rules, struct ruleset *out)
{
    struct error error = {0};

    workshop_write(&fixture->folder, "rules.yaml", rules);
    if (!ruleset_load(fixture->folder.path, &fixture->catalog, fixture->arena, out, &error)) {
        fail_msg("%s", error.message);
    }
}

typedef bool look_fn(const struct catalog *, const struct ruleset *, const struct schema *,
                     struct arena *, struct lint_report *, struct error *);

static struct lint_report look(struct fixture *fixture, look_fn *how, const char *rules)
{
    struct error error = {0};
    struct ruleset ruleset;
    struct lint_report report = {0};

    load(fixture, rules, &ruleset);
    if (!how(&fixture->catalog, &ruleset, &fixture->schema, fixture->arena, &report, &error)) {
        fail_msg("%s", error.message);
    }
    return report;
}

static void expect_clean(const struct lint_report *report)
{
    if (report->message_count != 0) {
        fail_msg("%s:%u: %s", report->messages->file, report->messages->line,
                 report->messages->text);
    }
}

static void expect_one(const struct lint_report *report, const char *text)
{
    if (report->message_count != 1 || strstr(report->messages->text, text) == NULL) {
        fail_msg("%zu messages, the first is \"%s\", wanted \"%s\"", report->message_count,
                 report->message_count == 0 ? "" : report->messages->text, text);
    }
    assert_string_equal(report->messages->criterion, "4.1-1");
}

static void a_rule_set_is_read_whole(void **state)
{
    struct fixture *fixture = *state;
    struct ruleset ruleset;

    fixture->catalog.criterion_count = 2;
    load(fixture,
         "- criterion: 4.1-2\n"
         "  version: 2\n"
         "  needs: [systems]\n"
         "  reads: [datasets]\n"
         "  optional: [systems.tier]\n"
         "  empty: not_met\n"
         "  params: {days: 30, word: x}\n"
         "  sql: SELECT 1\n"
         "  tests:\n"
         "    - {name: one, as_of: 2024-02-29, expect: insufficient, claims: {systems: none}}\n",
         &ruleset);
    const struct ruleset_rule *rule = &ruleset.rules[1];

    assert_string_equal(ruleset.name, "tried");
    assert_int_equal(ruleset.rule_count, 2);
    assert_null(ruleset.rules[0].sql);
    assert_int_equal(rule->version, 2);
    assert_string_equal(rule->needs.items[0], "systems");
    assert_string_equal(rule->reads.items[0], "datasets");
    assert_string_equal(rule->optional.items[0], "systems.tier");
    assert_int_equal(rule->empty, ANSWER_NOT_MET);
    assert_int_equal(rule->params[0].integer, 30);
    assert_null(rule->params[0].text);
    assert_string_equal(rule->params[1].text, "x");
    assert_string_equal(rule->tests[0].as_of, "2024-02-29");
    assert_int_equal(rule->tests[0].expect, ANSWER_INSUFFICIENT);
    assert_false(digest_is_zero(&ruleset.digest));
}

static void faults_of_the_files_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *rules;
        const char *message;
    } cases[] = {
        {"- {criterion: 4.1-9, version: 1, sql: x}\n", "rules.yaml:1:"},
        {"- {criterion: 4.1-1, version: 1, sql: x}\n- {criterion: 4.1-1, version: 1, sql: x}\n",
         "is answered already"},
        {"- {criterion: 4.1-1, sql: x}\n", "version"},
        {"- {criterion: 4.1-1, version: 1}\n", "sql"},
        {"- {criterion: 4.1-1, version: 1, sql: \"\"}\n", "\"sql\" is empty"},
        {"- {criterion: 4.1-1, version: 1, sql: x, query: y}\n", "query"},
        {"- {criterion: 4.1-1, version: 1, sql: x, empty: perhaps}\n", "\"perhaps\""},
        {"- {criterion: 4.1-1, version: 1, sql: x, empty: not_applicable}\n", "\"empty\" is"},
        {"- {criterion: 4.1-1, version: 1, sql: x, params: {cap_days: 1}}\n", "\"cap_days\""},
        {"- {criterion: 4.1-1, version: 1, sql: x, params: {Days: 1}}\n", "\"Days\""},
        {"- {criterion: 4.1-1, version: 1, sql: x, params: {days: [1]}}\n", "\"days\""},
        {"- {criterion: 4.1-1, version: 1, sql: x, needs: [a, a]}\n", "\"a\" occurs twice"},
        {"- {criterion: 4.1-1, version: 1, sql: x, tests: [{name: t}]}\n", "expect"},
        {"- {criterion: 4.1-1, version: 1, sql: x, tests: [{name: t, expect: none}]}\n",
         "\"none\""},
        {"- {criterion: 4.1-1, version: 1, sql: x, tests: [t]}\n", "expected a test"},
        {"- just words\n", "expected a rule"},
    };
    struct fixture *fixture = *state;
    struct ruleset ruleset;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};

        workshop_write(&fixture->folder, "rules.yaml", cases[i].rules);
        if (ruleset_load(fixture->folder.path, &fixture->catalog, fixture->arena, &ruleset,
                         &error)) {
            fail_msg("accepted: %s", cases[i].rules);
        }
        if (strstr(error.message, cases[i].message) == NULL) {
            fail_msg("%s: %s", cases[i].rules, error.message);
        }
    }
}

static void faults_of_shared_tables_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *tables;
        const char *message;
    } cases[] = {
        {"x", "\"tables\""},
        {"[x]", "expected a table"},
        {"[{name: low}]", "sql"},
        {"[{sql: SELECT 1}]", "name"},
        {"[{name: low, sql: \"\"}]", "\"sql\" is empty"},
        {"[{name: low, sql: x, params: {}}]", "params"},
        {"[{name: Low, sql: x}]", "table \"Low\" has no lower-case name"},
        {"[{name: low, sql: x}, {name: low, sql: y}]", "\"low\" is a table already at line 6"},
    };
    struct fixture *fixture = *state;
    struct ruleset ruleset;

    workshop_write(&fixture->folder, "rules.yaml", HEAD SQL TESTS);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};

        workshop_write(&fixture->folder, "ruleset.yaml",
                       arena_format(fixture->arena, "%stables: %s\n", main_yaml, cases[i].tables));
        if (ruleset_load(fixture->folder.path, &fixture->catalog, fixture->arena, &ruleset,
                         &error)) {
            fail_msg("accepted: %s", cases[i].tables);
        }
        assert_non_null(strstr(error.message, "ruleset.yaml:"));
        if (strstr(error.message, cases[i].message) == NULL) {
            fail_msg("%s: %s", cases[i].tables, error.message);
        }
    }
}

static void a_rule_set_for_another_catalogue_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct ruleset ruleset;
    struct error error = {0};

    workshop_write(&fixture->folder, "rules.yaml", HEAD SQL TESTS);
    fixture->catalog.id = "other";
    assert_false(
        ruleset_load(fixture->folder.path, &fixture->catalog, fixture->arena, &ruleset, &error));
    assert_non_null(strstr(error.message, "written for catalogue \"test\", not for \"other\""));
}

static void a_sound_rule_is_clean(void **state)
{
    struct fixture *fixture = *state;
    struct lint_report report = look(fixture, lint_rules, HEAD SQL TESTS);

    expect_clean(&report);
    assert_int_equal(report.test_count, 2);
    report = look(fixture, lint_tests, HEAD SQL TESTS);
    expect_clean(&report);
    assert_int_equal(report.test_count, 2);
}

static void lint_says_what_is_wrong(void **state)
{
    static const struct {
        const char *rules;
        const char *text;
    } cases[] = {
        {"[]\n", "does not answer it"},
        {HEAD "  sql: SELECT nosuch AS resource FROM systems\n" TESTS, "no such column: nosuch"},
        {HEAD "  params: {days: 3}\n" SQL TESTS, "params: days is not used"},
        {HEAD "  reads: [nosuch]\n" SQL TESTS, "reads: nosuch is no register"},
        {HEAD "  optional: [systems.nosuch]\n" SQL TESTS, "optional: systems.nosuch is no column"},
        {HEAD "  optional: [users]\n" SQL TESTS, "optional: users is no column"},
        {HEAD SQL "  tests:\n    - {name: few, given: {systems: [{id: s1, users: 2}]}, expect: "
                  "not_met}\n",
         "no test that passes"},
        {HEAD SQL "  tests:\n    - {name: many, given: {systems: [{id: s1, users: 12}]}, expect: "
                  "met}\n",
         "no test that fails"},
        {"- criterion: 4.1-1\n  version: 1\n" SQL TESTS, "it reads systems, which is not in needs"},
        {HEAD
         "  sql: |\n"
         "    SELECT id AS resource, iif(users < 9, 'alarm', 'ok') AS status, 'Users.' AS reason "
         "FROM systems\n" TESTS,
         "test \"many users\" stays met without systems.users, which is not optional"},
        {HEAD
         "  sql: |\n"
         "    SELECT id AS resource, CASE WHEN users > 9 THEN 'ok' WHEN users < 10 THEN 'alarm' "
         "END AS status, 'Users.' AS reason FROM systems\n" TESTS,
         "test \"many users\" fails without systems.users: The rule returned a row without a "
         "status"},
        {HEAD
         "  sql: |\n"
         "    SELECT * FROM (SELECT id AS resource, CASE WHEN users IS NULL THEN 'unknown' WHEN "
         "users > 9 THEN 'ok' ELSE 'alarm' END AS status, 'Users.' AS reason FROM systems) "
         "LIMIT 1\n" TESTS,
         "test \"many users\" gives something else when rows come in reverse order"},
        {HEAD
         "  sql: |\n"
         "    SELECT id AS resource, CASE WHEN users IS NULL THEN missing('nosuch') WHEN users > "
         "9 THEN 'ok' ELSE 'alarm' END AS status, 'Users.' AS reason FROM systems WHERE users > "
         "0\n" TESTS,
         "missing('nosuch')"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lint_report report = look(fixture, lint_rules, cases[i].rules);

        expect_one(&report, cases[i].text);
    }
}

static void a_declared_column_may_be_null(void **state)
{
    struct fixture *fixture = *state;
    struct lint_report report =
        look(fixture, lint_rules,
             HEAD "  optional: [systems.users]\n  sql: |\n"
                  "    SELECT id AS resource, iif(users < 9, 'alarm', 'ok') AS status, 'Users.' AS "
                  "reason FROM systems\n" TESTS);

    expect_clean(&report);
}

static void a_link_table_counts_as_the_list_of_its_register(void **state)
{
    static const char rules[] =
        "- criterion: 4.1-1\n  version: 1\n  needs: [systems]\n  empty: met\n  sql: |\n"
        "    SELECT s.id AS resource, 'alarm' AS status, 'No data.' AS reason FROM systems s WHERE "
        "NOT EXISTS (SELECT 1 FROM systems__dataset_ids d WHERE d.id = s.id)\n"
        "  tests:\n"
        "    - {name: data, given: {systems: [{id: s1, dataset_ids: [d1]}]}, expect: met}\n"
        "    - {name: none, given: {systems: [{id: s1}]}, expect: not_met}\n";
    struct fixture *fixture = *state;
    struct lint_report report = look(fixture, lint_rules, rules);

    expect_clean(&report);
    report = look(fixture, lint_tests, rules);
    expect_clean(&report);
}

static void a_register_may_be_declared_in_three_ways(void **state)
{
#define RULE(declaration, status)                                                                  \
    "- criterion: 4.1-1\n  version: 1\n" declaration                                               \
    "  sql: |\n    SELECT s.id AS resource, CASE WHEN s.users IS NULL THEN 'unknown' WHEN "        \
    "s.users > 9 THEN 'ok' ELSE 'alarm' END AS status, 'Users.' AS reason FROM systems s WHERE "   \
    "s.users > 5 OR " status " = 'alarm'\n" TESTS
    struct fixture *fixture = *state;
    struct lint_report report = look(fixture, lint_rules, RULE("  needs: [systems]\n", "'alarm'"));

    expect_clean(&report);
    report = look(fixture, lint_rules, RULE("  reads: [systems]\n", "'alarm'"));
    expect_clean(&report);
    report = look(fixture, lint_rules, RULE("", "missing('systems')"));
    expect_clean(&report);
#undef RULE
}

static void a_test_that_fails_says_what_came_and_why(void **state)
{
    struct fixture *fixture = *state;
    struct lint_report report = look(
        fixture, lint_tests,
        HEAD SQL "  tests:\n"
                 "    - {name: hope, given: {systems: [{id: s1, users: 2}]}, expect: met}\n"
                 "    - {name: unknown, given: {systems: [{id: s1}]}, expect: insufficient}\n");

    expect_one(&report, "test \"hope\" gives not_met, not met: Users.");
    assert_int_equal(report.messages->line, 7);
    assert_int_equal(report.test_count, 2);
}

static void a_test_whose_rows_do_not_fit_the_schema_is_named(void **state)
{
    static const struct {
        const char *test;
        const char *text;
    } cases[] = {
        {"given: {nosuch: []}", "\"nosuch\" is not a register"},
        {"given: {systems: s1}", "\"systems\" is not a list of rows"},
        {"given: {systems: [{title: x}]}", "expected a row of systems with an id"},
        {"given: {systems: [{id: s1, usres: 2}]}", "systems has no column \"usres\""},
        {"given: {systems: [{id: s1, users: two}]}", "\"users\" is not an integer"},
        {"given: {systems: [{id: s1, tier: middle}]}", "\"tier\" is not one of"},
        {"given: {systems: [{id: s1, personal: perhaps}]}", "\"personal\" is not yes or no"},
        {"given: {systems: [{id: s1, live_on: 1.2.2026}]}", "\"live_on\" is not a date"},
        {"given: {systems: [{id: s1, dataset_ids: d1}]}", "\"dataset_ids\" is not a list"},
        {"given: {systems: [{id: s1, dataset_ids: [a;b]}]}", "without semicolons"},
        {"given: {systems: [{id: s1}, {id: s1}]}", "does not load"},
        {"given: {systems: [{id: s1}]}, claims: {systems: none}",
         "\"systems\" is not without rows"},
        {"claims: {systems: some}", "\"systems\" is not complete, partial"},
        {"claims: {nosuch: none}", "\"nosuch\" is not a register"},
        {"given: {evidence_files: [{path: a, sha256: b, size: -1, cited_by: c}]}", "size"},
        {"as_of: 2026-06-31", "does not load"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lint_report report =
            look(fixture, lint_tests,
                 arena_format(fixture->arena,
                              HEAD SQL "  tests:\n    - {name: t, expect: insufficient, %s}\n",
                              cases[i].test));

        if (report.message_count == 0 || strstr(report.messages->text, cases[i].text) == NULL) {
            fail_msg("%s: %s", cases[i].test,
                     report.message_count == 0 ? "clean" : report.messages->text);
        }
    }
}

static void a_period_begins_a_year_before_it_ends(void **state)
{
    static const struct {
        const char *as_of;
        const char *expect;
    } cases[] = {{"2026-06-30", "2025-06-30"}, {"2024-02-29", "2023-02-28"}};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < 2; i++) {
        struct ruleset_test test = {.name = "t", .as_of = cases[i].as_of};
        struct dataset dataset;
        struct error error = {0};

        assert_true(given_dataset(&test, &fixture->schema, fixture->arena, &dataset, &error));
        assert_string_equal(dataset.period_start, cases[i].expect);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_rule_set_is_read_whole),
        TEST(faults_of_the_files_are_refused_with_their_place),
        TEST(faults_of_shared_tables_are_refused_with_their_place),
        TEST(a_rule_set_for_another_catalogue_is_refused),
        TEST(a_sound_rule_is_clean),
        TEST(lint_says_what_is_wrong),
        TEST(a_declared_column_may_be_null),
        TEST(a_link_table_counts_as_the_list_of_its_register),
        TEST(a_register_may_be_declared_in_three_ways),
        TEST(a_test_that_fails_says_what_came_and_why),
        TEST(a_test_whose_rows_do_not_fit_the_schema_is_named),
        TEST(a_period_begins_a_year_before_it_ends),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
