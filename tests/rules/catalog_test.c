/* Catalogues: one good one, and what makes another one bad. */

#include "tests/rules/workshop.h"

#include "crypto/hash.h"
#include "rules/catalog.h"

static const char main_yaml[] = "id: test-1\n"
                                "version: 3\n"
                                "title: A test\n"
                                "max_age_days: 90\n"
                                "minors_make_major: 3\n"
                                "caps: {review_days: 400}\n"
                                "limits: {vm_steps: 2000, rows: 20, cell_bytes: 200}\n"
                                "files: [clause.yaml, annex.yaml]\n";

#define CRITERION(id, rest)                                                                        \
    "    - {id: " id                                                                               \
    ", question: Is it so?, not_met: minor, guidance: Look., remediation: Do." rest "}\n"

static const char clause_yaml[] =
    "- id: \"5.2\"\n"
    "  title: Policy\n"
    "  pdca: plan\n"
    "  criteria:\n" CRITERION("5.2-1", ", evidence: [policies]")
        CRITERION("5.2-2", "") "  mappings: {eu_ai_act: [Art. 17], iso27001: [\"5.2\", A.5.1]}\n";

static const char annex_yaml[] =
    "- id: A.2.2\n"
    "  title: AI policy\n"
    "  pdca: do\n"
    "  criteria:\n" CRITERION("A.2.2-0", ", applicability: true") CRITERION("A.2.2-1", "");

struct fixture {
    struct arena *arena;
    struct workshop_folder folder;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture->arena = arena_create(WORKSHOP_ARENA_SIZE);
    workshop_open(&fixture->folder);
    workshop_write(&fixture->folder, "catalog.yaml", main_yaml);
    workshop_write(&fixture->folder, "clause.yaml", clause_yaml);
    workshop_write(&fixture->folder, "annex.yaml", annex_yaml);
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

static void load(struct fixture *fixture, struct catalog *out)
{
    struct error error = {0};

    if (!catalog_load(fixture->folder.path, fixture->arena, out, &error)) {
        fail_msg("%s", error.message);
    }
}

static void criteria_come_in_the_order_of_the_files(void **state)
{
    static const char *const ids[] = {"5.2-1", "5.2-2", "A.2.2-0", "A.2.2-1"};
    struct fixture *fixture = *state;
    struct catalog catalog;

    load(fixture, &catalog);
    assert_int_equal(catalog.requirement_count, 2);
    assert_int_equal(catalog.criterion_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(catalog.criteria[i].id, ids[i]);
        assert_int_equal(catalog_find_criterion(&catalog, ids[i]), i);
        assert_int_equal(catalog.criteria[i].requirement, i / 2);
        assert_int_equal(catalog.criteria[i].is_applicability, i == 2);
        assert_int_equal(catalog.criteria[i].grade, CATALOG_MINOR);
    }
    assert_int_equal(catalog.requirements[1].criterion_first, 2);
    assert_int_equal(catalog.requirements[1].criterion_count, 2);
    assert_true(catalog.requirements[1].is_control);
    assert_false(catalog.requirements[0].is_control);
}

static void everything_written_is_read(void **state)
{
    struct fixture *fixture = *state;
    struct catalog catalog;

    load(fixture, &catalog);
    assert_string_equal(catalog.id, "test-1");
    assert_int_equal(catalog.version, 3);
    assert_int_equal(catalog.max_age_days, 90);
    assert_int_equal(catalog.minors_make_major, 3);
    assert_int_equal(catalog.vm_steps_max, 2000);
    assert_int_equal(catalog.rows_max, 20);
    assert_int_equal(catalog.cell_size_max, 200);
    assert_int_equal(catalog_find_cap(&catalog, "review_days")->value, 400);
    assert_null(catalog_find_cap(&catalog, "review"));
    assert_string_equal(catalog.criteria[0].question, "Is it so?");
    assert_string_equal(catalog.criteria[0].evidence.items[0], "policies");
    assert_int_equal(catalog.criteria[1].evidence.count, 0);
    assert_string_equal(catalog.requirements[0].mappings[CATALOG_ISO27001].items[1], "A.5.1");
    assert_int_equal(catalog.requirements[0].mappings[CATALOG_NIST_AI_RMF].count, 0);
    assert_int_equal(catalog.requirements[1].pdca, CATALOG_DO);
    assert_string_equal(catalog_grade_name(CATALOG_IMPROVEMENT), "improvement");
}

static void the_digest_is_over_names_sizes_and_bytes_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct catalog catalog;
    struct digest expected;
    const char *all =
        arena_format(fixture->arena, "catalog.yaml\n%zu\n%sclause.yaml\n%zu\n%sannex.yaml\n%zu\n%s",
                     strlen(main_yaml), main_yaml, strlen(clause_yaml), clause_yaml,
                     strlen(annex_yaml), annex_yaml);

    load(fixture, &catalog);
    hash_bytes(bytes_of_text(all), &expected);
    assert_true(digest_equal(&catalog.digest, &expected));
}

/* Replaces the first WHAT in TEXT. */
static const char *with(struct fixture *fixture, const char *text, const char *what,
                        const char *replacement)
{
    const char *found = strstr(text, what);

    if (found == NULL) {
        fail_msg("no \"%s\" in the file", what);
        return text;
    }
    return arena_format(fixture->arena, "%.*s%s%s", (int)(found - text), text, replacement,
                        found + strlen(what));
}

static void faults_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *file;
        const char *what;
        const char *replacement;
        const char *message;
    } cases[] = {
        {"catalog.yaml", "version: 3", "version: 0", "catalog.yaml:"},
        {"catalog.yaml", "version: 3", "version: 3\nauthor: me", "author"},
        {"catalog.yaml", "rows: 20", "rows: 0", "rows"},
        {"catalog.yaml", "rows: 20, ", "", "rows"},
        {"catalog.yaml", "rows: 20", "rows: 20, time: 4", "time"},
        {"catalog.yaml", "review_days: 400", "review_days: often", "review_days"},
        {"catalog.yaml", "review_days: 400", "review_days: -1", "review_days"},
        {"catalog.yaml", "clause.yaml, annex.yaml", "clause.yaml, clause.yaml", "occurs twice"},
        {"catalog.yaml", "annex.yaml", "../annex.yaml", "not a plain file name"},
        {"catalog.yaml", "annex.yaml", ".annex.yaml", "not a plain file name"},
        {"catalog.yaml", "annex.yaml", "annex.json", "not a plain file name"},
        {"catalog.yaml", "annex.yaml", "nosuch.yaml", "nosuch.yaml: No such file"},
        {"catalog.yaml", "[clause.yaml, annex.yaml]", "[]", "files are 0"},
        {"clause.yaml", "id: \"5.2\"", "id: five", "clause.yaml:1:"},
        {"clause.yaml", "id: \"5.2\"", "id: \"5..2\"", "not the id of a requirement"},
        {"clause.yaml", "id: \"5.2\"", "id: \"5.2.\"", "not the id of a requirement"},
        {"clause.yaml", "id: \"5.2\"", "id: \"5.3\"", "is not the id \"5.3\", a dash"},
        {"clause.yaml", "5.2-2", "5.2-1", "\"5.2-1\" occurs twice"},
        {"clause.yaml", "5.2-2", "5.2-02", "is not the id"},
        {"clause.yaml", "5.2-1", "5.2-0", "a control's first criterion"},
        {"clause.yaml", "pdca: plan", "pdca: hope", "\"hope\""},
        {"clause.yaml", "not_met: minor", "not_met: fatal", "\"fatal\""},
        {"clause.yaml", "question: Is it so?", "question: \"\"", "\"question\" is empty"},
        {"clause.yaml", ", guidance: Look.", "", "guidance"},
        {"clause.yaml", "eu_ai_act", "us_ai_act", "us_ai_act"},
        {"clause.yaml", "Art. 17", "[Art. 17]", "no text"},
        {"clause.yaml", "title: Policy", "title: Policy\n  weight: 3", "weight"},
        {"annex.yaml", "id: A.2.2\n", "id: \"5.2\"\n", "requirement \"5.2\" occurs twice"},
        {"annex.yaml", "A.2.2-0", "A.2.2-2", "a control's first criterion"},
        {"annex.yaml", ", applicability: true", "", "a control's first criterion"},
        {"annex.yaml", "applicability: true", "applicability: maybe", "neither true nor false"},
        {"annex.yaml", "- id: A.2.2", "id: A.2.2", "annex.yaml:"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *good = strcmp(cases[i].file, "catalog.yaml") == 0  ? main_yaml
                           : strcmp(cases[i].file, "clause.yaml") == 0 ? clause_yaml
                                                                       : annex_yaml;
        struct error error = {0};
        struct catalog catalog;

        workshop_write(&fixture->folder, cases[i].file,
                       with(fixture, good, cases[i].what, cases[i].replacement));
        if (catalog_load(fixture->folder.path, fixture->arena, &catalog, &error)) {
            fail_msg("accepted: %s", cases[i].replacement);
        }
        if (strstr(error.message, cases[i].message) == NULL) {
            fail_msg("case %zu: %s", i, error.message);
        }
        workshop_write(&fixture->folder, cases[i].file, good);
    }
}

static void a_list_without_criteria_is_no_catalogue(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    struct catalog catalog;

    workshop_write(&fixture->folder, "clause.yaml", "[]\n");
    workshop_write(&fixture->folder, "annex.yaml", "[]\n");
    assert_false(catalog_load(fixture->folder.path, fixture->arena, &catalog, &error));
    workshop_write(&fixture->folder, "annex.yaml",
                   "- {id: A.2.2, title: T, pdca: do, criteria: []}\n");
    assert_false(catalog_load(fixture->folder.path, fixture->arena, &catalog, &error));
    assert_non_null(strstr(error.message, "a requirement without criteria"));
}

static void a_folder_that_is_not_there_is_not_found(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    struct catalog catalog;
    const char *path = arena_format(fixture->arena, "%s/nosuch", fixture->folder.path);

    assert_false(catalog_load(path, fixture->arena, &catalog, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
}

static void memory_that_ends_is_a_limit(void **state)
{
    struct fixture *fixture = *state;
    struct catalog catalog;
    bool is_loaded = false;

    for (size_t size = 64; !is_loaded; size += 4096) {
        struct error error = {0};
        struct arena *arena = arena_create(size);

        is_loaded = catalog_load(fixture->folder.path, arena, &catalog, &error);
        assert_true(is_loaded || error.code == ERROR_LIMIT);
        arena_destroy(arena);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(criteria_come_in_the_order_of_the_files),
        TEST(everything_written_is_read),
        TEST(the_digest_is_over_names_sizes_and_bytes_in_order),
        TEST(faults_are_refused_with_their_place),
        TEST(a_list_without_criteria_is_no_catalogue),
        TEST(a_folder_that_is_not_there_is_not_found),
        TEST(memory_that_ends_is_a_limit),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
