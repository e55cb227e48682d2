/* From files to tables, and what is said about what is wrong. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "crypto/hash.h"
#include "evidence/load.h"
#include "tests/evidence/directory.h"

#define FILES_MAX 8

static const char aims[] = "schema: 1\norganisation: Example Org\npurpose: internal\n"
                           "period_start: 2025-07-01\nperiod_end: 2026-06-30\n";

static struct schema schema;
static struct arena *schema_arena;

/* Evidence in memory; paths in order of their bytes. */
struct fixture {
    struct arena *arena;
    struct notes notes;
    struct source_file files[FILES_MAX];
    struct source source;
    struct dataset set;
    struct error error;
    bool is_loaded;
};

static int set_up_all(void **state)
{
    (void)state;
    schema_arena = arena_create(16 * 1024 * 1024);
    directory_schema(schema_arena, &schema);
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    arena_destroy(schema_arena);
    return 0;
}

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.arena = arena_create(64 * 1024 * 1024)};
    notes_init(&fixture.notes, fixture.arena);
    fixture.source = (struct source){.directory = -1, .files = fixture.files};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    arena_destroy(fixture->arena);
    return 0;
}

static void put(struct fixture *fixture, const char *path, const char *content)
{
    assert_true(fixture->source.file_count < FILES_MAX);
    fixture->files[fixture->source.file_count++] = (struct source_file){
        .path = path, .size = strlen(content), .data = (const uint8_t *)content};
}

static void load(struct fixture *fixture)
{
    fixture->is_loaded =
        load_source(&fixture->source, &schema, &fixture->notes, &fixture->set, &fixture->error);
    assert_int_equal(fixture->is_loaded, fixture->notes.error_count == 0);
}

/* All notes, one a line, with E or W before. */
static const char *all_notes(struct fixture *fixture)
{
    const char *text = "";

    for (const struct note *note = fixture->notes.first; note != NULL; note = note->next) {
        text =
            arena_format(fixture->arena, "%s%c %s\n", text, note->is_error ? 'E' : 'W', note->text);
    }
    return text;
}

/* Loads aims.yaml and one file; the notes must be EXPECTED. */
static void expect(struct fixture *fixture, const char *path, const char *content,
                   const char *expected)
{
    fixture->source.file_count = 0;
    notes_init(&fixture->notes, fixture->arena);
    put(fixture, "aims.yaml", aims);
    put(fixture, path, content);
    load(fixture);
    assert_string_equal(all_notes(fixture), expected);
}

static const struct dataset_value *value(const struct fixture *fixture, const char *table,
                                         size_t row, const char *column)
{
    const struct dataset_table *found = &fixture->set.tables[schema_find_table(&schema, table)];

    assert_true(row < found->row_count);
    return &found->values[row * found->schema->column_count +
                          schema_find_column(found->schema, column)];
}

static void assert_text(const struct dataset_value *value, const char *text)
{
    assert_int_equal(value->type, DATASET_TEXT);
    assert_string_equal(value->text, text);
}

static void every_type_of_column_is_read(void **state)
{
    struct fixture *fixture = *state;

    put(fixture, "aims.yaml", aims);
    put(fixture, "documents/a.txt", "hello");
    put(fixture, "registers/ai_systems.csv",
        "purpose,id,in_scope,eu_annex_iii_point,risk_tier,go_live_on,user_groups,source_file,"
        "requirement_ids\n"
        "\" two\nlines \",s1,Yes,-3,high,2027-01-01, nurses ; doctors;;,a.txt,cl.6.1.2;A.2.2\n"
        ",s2,0,,,,,documents/a.txt,\n");
    put(fixture, "registers/risks.csv", "id;system_ids;likelihood\nr1;\"s2;s1\";3\n");
    load(fixture);
    assert_string_equal(all_notes(fixture), "");
    assert_string_equal(fixture->set.organisation, "Example Org");
    assert_string_equal(fixture->set.purpose, "internal");
    assert_string_equal(fixture->set.period_end, "2026-06-30");
    assert_text(value(fixture, "ai_systems", 0, "id"), "s1");
    assert_text(value(fixture, "ai_systems", 0, "purpose"), "two\nlines");
    assert_int_equal(value(fixture, "ai_systems", 0, "in_scope")->integer, 1);
    assert_int_equal(value(fixture, "ai_systems", 0, "eu_annex_iii_point")->integer, -3);
    assert_text(value(fixture, "ai_systems", 0, "risk_tier"), "high");
    assert_text(value(fixture, "ai_systems", 0, "go_live_on"), "2027-01-01");
    assert_text(value(fixture, "ai_systems", 0, "user_groups"), "nurses;doctors");
    assert_text(value(fixture, "ai_systems", 0, "source_file"), "documents/a.txt");
    assert_text(value(fixture, "ai_systems", 0, "requirement_ids"), "6.1.2;A.2.2");
    assert_int_equal(value(fixture, "ai_systems", 1, "in_scope")->type, DATASET_INTEGER);
    assert_int_equal(value(fixture, "ai_systems", 1, "in_scope")->integer, 0);
    assert_int_equal(value(fixture, "ai_systems", 1, "purpose")->type, DATASET_NULL);
    assert_text(value(fixture, "risks", 0, "system_ids"), "s2;s1");
}

static void cited_documents_are_listed_with_their_digests(void **state)
{
    struct fixture *fixture = *state;
    struct digest digest;

    put(fixture, "aims.yaml", aims);
    put(fixture, "documents/a.txt", "hello");
    put(fixture, "documents/b.txt", "nobody cites it");
    put(fixture, "registers/ai_systems.csv", "id,source_file\ns1,a.txt\ns2,\ns3,a.txt\n");
    load(fixture);
    assert_string_equal(all_notes(fixture), "");
    assert_int_equal(fixture->set.file_count, 2);
    assert_string_equal(fixture->set.files[1].path, "documents/a.txt");
    assert_string_equal(fixture->set.files[1].cited_by, "ai_systems:s3");
    assert_int_equal(fixture->set.files[1].size, 5);
    hash_bytes(bytes_of_text("hello"), &digest);
    assert_true(digest_equal(&fixture->set.files[1].sha256, &digest));
    assert_true(fixture->files[1].is_used);
    assert_false(fixture->files[2].is_used);
}

static void yaml_json_and_csv_give_the_same_rows(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *path;
        const char *content;
    } forms[] = {
        {"registers/risks.csv",
         "id,likelihood,title,requirement_ids\nr1,3,A risk,6.1.2;8.2\nr2,,,\n"},
        {"registers/risks.yaml", "- {id: r1, likelihood: 3, title: A risk, requirement_ids: "
                                 "[6.1.2, \"8.2\"]}\n- id: r2\n  title:\n"},
        {"registers/risks.json",
         "[{\"id\":\"r1\",\"likelihood\":3,\"title\":\"A risk\",\"requirement_ids\":[\"6.1.2\","
         "\"cl.8.2\"]},{\"id\":\"r2\",\"likelihood\":null}]"},
    };

    for (size_t i = 0; i < 3; i++) {
        expect(fixture, forms[i].path, forms[i].content, "");
        assert_text(value(fixture, "risks", 0, "id"), "r1");
        assert_text(value(fixture, "risks", 0, "title"), "A risk");
        assert_text(value(fixture, "risks", 0, "requirement_ids"), "6.1.2;8.2");
        assert_int_equal(value(fixture, "risks", 0, "likelihood")->integer, 3);
        assert_int_equal(value(fixture, "risks", 1, "likelihood")->type, DATASET_NULL);
        assert_int_equal(value(fixture, "risks", 1, "title")->type, DATASET_NULL);
    }
}

static void a_bad_value_is_named_with_its_place(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *column;
        const char *cell;
        const char *message;
    } cases[] = {
        {"risk_tier", "hgh", "\"hgh\" is not one of low, limited, high"},
        {"in_scope", "maybe", "\"maybe\" is not yes or no"},
        {"eu_annex_iii_point", "1.5",
         "\"1.5\" is not a whole number; write digits only, such as 1200"},
        {"eu_annex_iii_point", "99999999999999999999",
         "\"99999999999999999999\" is too large a number"},
        {"last_changed_on", "2026-02-30", "\"2026-02-30\" is a day that does not exist"},
        {"last_changed_on", "0026-02-03", "\"0026-02-03\" is not in the years 1900 to 2199"},
        {"last_changed_on", "3/4/2026",
         "\"3/4/2026\" is ambiguous, because slashes mean different days in different countries; "
         "write YYYY-MM-DD"},
        {"last_changed_on", "45123",
         "\"45123\" is not a date, but perhaps a spreadsheet's number of a day; write YYYY-MM-DD"},
        {"last_changed_on", "soon", "\"soon\" is not a date; write YYYY-MM-DD"},
        {"last_changed_on", "2026-07-01",
         "2026-07-01 lies after the end of the period, 2026-06-30; what is done later belongs to "
         "the next period"},
        {"requirement_ids", "6.1.2;2002-01-06",
         "\"2002-01-06\" is a date, which a spreadsheet has made of a requirement like 6.1.2; "
         "write it as cl.6.1.2"},
        {"requirement_ids", "6-Jan-02",
         "\"6-Jan-02\" is a date, which a spreadsheet has made of a requirement like 6.1.2; write "
         "it as cl.6.1.2"},
        {"requirement_ids", "A6.2.5",
         "\"A6.2.5\" is no requirement that can be assessed; did you mean A.6.2.5?"},
        {"model_ids", "m1", "\"m1\" is not an id in models"},
        {"model_ids", "m 1", "\"m 1\" is no id; an id is 1 to 64 letters, digits and . _ : -"},
        {"source_file", "none.pdf", "there is no file \"none.pdf\" in documents/"},
        {"source_file", "../aims.yaml", "\"../aims.yaml\" has the part \"..\""},
        {"source_file", "a\\b.pdf", "\"a\\b.pdf\" holds a backslash; parts are divided by /"},
        {"source_file", "/etc/passwd", "\"/etc/passwd\" is absolute"},
        {"purpose", "a\x1B[0m", "the text holds a control character"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(fixture, "registers/ai_systems.csv",
               arena_format(fixture->arena, "id,%s\ns1,\ns2,%s\n", cases[i].column, cases[i].cell),
               arena_format(fixture->arena, "E registers/ai_systems.csv:3: column \"%s\": %s\n",
                            cases[i].column, cases[i].message));
    }
}

static void ids_are_required_and_unique(void **state)
{
    struct fixture *fixture = *state;

    expect(fixture, "registers/risks.csv", "id,title\nr1,a\n,b\nr1,c\n",
           "E registers/risks.csv:3: column \"id\": is empty, and every row needs one\n"
           "E registers/risks.csv:4: column \"id\": \"r1\" is the id of line 2 already\n");
    expect(fixture, "registers/risks.csv", "title\na\n",
           "E registers/risks.csv:1: column \"id\": is missing\n");
    expect(fixture, "registers/treatments.csv", "id,title\nt1,a\n",
           "E registers/treatments.csv:1: column \"risk_id\": is missing\n");
    expect(fixture, "registers/treatments.yaml", "- {id: t1}\n",
           "E registers/treatments.yaml:1: column \"risk_id\": is empty, and every row needs "
           "one\n");
}

static void references_to_a_register_that_cannot_be_read_are_not_blamed(void **state)
{
    struct fixture *fixture = *state;

    fixture->source.file_count = 0;
    notes_init(&fixture->notes, fixture->arena);
    put(fixture, "aims.yaml", aims);
    put(fixture, "registers/risks.csv", "id,title,title\nr1,a,b\n");
    put(fixture, "registers/treatments.csv", "id,risk_id\nt1,r1\n");
    load(fixture);
    assert_string_equal(all_notes(fixture),
                        "E registers/risks.csv:1: column \"title\": is there a second time\n");
    fixture->source.file_count = 1;
    notes_init(&fixture->notes, fixture->arena);
    put(fixture, "registers/risks.csv", "id,title\n");
    put(fixture, "registers/treatments.csv", "id,risk_id\nt1,r1\n");
    load(fixture);
    assert_string_equal(
        all_notes(fixture),
        "E registers/treatments.csv:2: column \"risk_id\": \"r1\" is not an id in risks\n");
}

static void days_are_those_of_the_calendar_up_to_the_end_of_the_period(void **state)
{
    struct fixture *fixture = *state;
    static const char *const good[] = {"2000-02-29", "2024-02-29", "1900-02-28", "2025-12-31",
                                       "2026-06-30"};
    static const char *const bad[] = {"1900-02-29", "2023-02-29", "2025-04-31", "2025-00-10",
                                      "2025-01-00"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        expect(fixture, "registers/risks.csv",
               arena_format(fixture->arena, "id,created_on\nr1,%s\n", good[i]), "");
        assert_text(value(fixture, "risks", 0, "created_on"), good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect(fixture, "registers/risks.csv",
               arena_format(fixture->arena, "id,created_on\nr1,%s\n", bad[i]),
               arena_format(fixture->arena,
                            "E registers/risks.csv:2: column \"created_on\": \"%s\" is a day that "
                            "does not exist\n",
                            bad[i]));
    }
}

static void dates_with_dots_are_converted_and_said_once(void **state)
{
    struct fixture *fixture = *state;

    expect(fixture, "registers/risks.csv", "id,created_on\nr1,3.4.2026\nr2,31.12.2025\n",
           "W registers/risks.csv:2: column \"created_on\": \"3.4.2026\" is read as 2026-04-03, "
           "and so are further dates of this column\n");
    assert_text(value(fixture, "risks", 1, "created_on"), "2025-12-31");
}

static void what_is_unknown_is_a_warning_with_what_was_meant(void **state)
{
    struct fixture *fixture = *state;

    expect(fixture, "registers/risks.csv", "id,liklihood,zzz\nr1,3,4\n",
           "W registers/risks.csv:1: the column \"liklihood\" is not known and not read; did you "
           "mean \"likelihood\"?\n"
           "W registers/risks.csv:1: the column \"zzz\" is not known and not read\n");
    expect(fixture, "registers/risks.yaml", "- {id: r1, zzz: 1}\n- {id: r2, zzz: 2}\n",
           "W registers/risks.yaml:1: the column \"zzz\" is not known and not read\n");
    expect(fixture, "registers/risk.csv", "id\n",
           "W registers/risk.csv: is no register that is known and not read; did you mean "
           "risks?\n");
    expect(fixture, "registers/risks.xlsx", "PK",
           "W registers/risks.xlsx: is no .csv, .yaml or .json file and not read; did you mean "
           "risks?\n");
    expect(fixture, "registers/README.md", "x", "");
    expect(fixture, "registers/risks.csv", "id,title,\nr1,a,\nr2,b,c\n",
           "W registers/risks.csv:1: the column \"\" is not known and not read\n");
    expect(fixture, "registers/risks.csv", "id,title,,\nr1,a,,\n", "");
}

static void other_encodings_are_converted_with_a_warning(void **state)
{
    struct fixture *fixture = *state;

    expect(fixture, "registers/risks.csv",
           "id,title\nr1,Pr\xFC"
           "fung\n",
           "W registers/risks.csv: is Windows-1252 and was converted; save it as UTF-8\n");
    assert_text(value(fixture, "risks", 0, "title"), "Pr\xC3\xBC"
                                                     "fung");
}

static void malformed_files_are_errors(void **state)
{
    struct fixture *fixture = *state;

    expect(fixture, "registers/risks.csv", "id,title\nr1,\"x\n",
           "E registers/risks.csv:2:4: this quote is never closed\n");
    expect(fixture, "registers/risks.yaml", "a: 1\n",
           "E registers/risks.yaml:1: want a list of records\n");
    expect(fixture, "registers/risks.json", "[1]",
           "E registers/risks.json:1: a record is a map of columns and values\n");
    expect(fixture, "registers/risks.yaml", "- {id: r1, title: [a, b]}\n",
           "E registers/risks.yaml:1: column \"title\": takes one value, not a list\n");
    expect(fixture, "registers/risks.yaml", "- {id: r1, title: {a: b}}\n",
           "E registers/risks.yaml:1: column \"title\": takes one value, not a map\n");
    expect(
        fixture, "registers/risks.yaml", "- {id: r1, requirement_ids: [[a]]}\n",
        "E registers/risks.yaml:1: column \"requirement_ids\": an element of a list is a word\n");
    expect(fixture, "registers/interested_parties.csv", "id,id\n1,2\n",
           "E registers/interested_parties.csv:1: column \"id\": is there a second time\n");
}

static void one_register_is_one_file(void **state)
{
    struct fixture *fixture = *state;

    put(fixture, "aims.yaml", aims);
    put(fixture, "registers/risks.csv", "id\n");
    put(fixture, "registers/risks.yaml", "[]\n");
    load(fixture);
    assert_string_equal(all_notes(fixture), "E registers/risks.yaml: registers/risks.csv holds the "
                                            "same register; keep one of them\n");
}

static enum dataset_claim claim(const struct fixture *fixture, const char *table)
{
    return fixture->set.tables[schema_find_table(&schema, table)].claim;
}

static void silence_is_not_absence(void **state)
{
    struct fixture *fixture = *state;
    const char *text = arena_format(fixture->arena,
                                    "%sregisters:\n  risks: {claim: partial, reason: one site}\n"
                                    "  incidents: {claim: none, reason: nothing happened}\n"
                                    "  models: {claim: complete}\n",
                                    aims);

    put(fixture, "aims.yaml", text);
    put(fixture, "registers/ai_systems.csv", "id\ns1\n");
    put(fixture, "registers/changes.csv", "id\n");
    put(fixture, "registers/risks.csv", "id\nr1\n");
    load(fixture);
    assert_string_equal(all_notes(fixture), "");
    assert_int_equal(claim(fixture, "ai_systems"), DATASET_COMPLETE); /* Rows, no statement. */
    assert_int_equal(claim(fixture, "risks"), DATASET_PARTIAL);
    assert_int_equal(claim(fixture, "incidents"), DATASET_NONE);
    assert_int_equal(claim(fixture, "models"), DATASET_COMPLETE);
    assert_int_equal(claim(fixture, "changes"), DATASET_ABSENT); /* A header is no statement. */
    assert_int_equal(claim(fixture, "datasets"), DATASET_ABSENT);
}

/* Loads the given aims.yaml alone. */
static void expect_aims(struct fixture *fixture, const char *text, const char *expected)
{
    fixture->source.file_count = 0;
    notes_init(&fixture->notes, fixture->arena);
    put(fixture, "aims.yaml", text);
    load(fixture);
    assert_string_equal(all_notes(fixture), expected);
}

static void aims_yaml_is_checked(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *registers;
        const char *expected;
    } cases[] = {
        {"  risk: {claim: complete}\n",
         "E aims.yaml:7:9: \"risk\" is no register; did you mean risks?\n"},
        {"  risks: {claim: all}\n", "E aims.yaml:7:18: \"all\" is no claim\n"},
        {"  risks: {claim: partial}\n",
         "E aims.yaml:7:10: a register that is partial or none needs a \"reason\"\n"},
        {"  risks: {}\n", "E aims.yaml:7:10: \"claim\" is missing: complete, partial or none\n"},
        {"  risks: complete\n", "E aims.yaml:7:10: is a text, want a map\n"},
        {"  risks: {claim: complete, why: x}\n", "E aims.yaml:7:33: \"why\" is not known here\n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_aims(fixture,
                    arena_format(fixture->arena, "%sregisters:\n%s", aims, cases[i].registers),
                    cases[i].expected);
    }
    expect_aims(fixture,
                "schema: 2\norganisation: \"a\\nb\"\npurpose: fun\nperiod_start: 2026-13-01\n"
                "period_end: 30.06.2026\n",
                "E aims.yaml:1:9: \"schema\" is 2, want 1 to 1\n"
                "E aims.yaml:2:15: \"organisation\" is one line of 1 to 200 bytes\n"
                "E aims.yaml:4:15: \"period_start\": \"2026-13-01\" is a day that does not exist\n"
                "E aims.yaml:5:13: \"period_end\": write 30.06.2026 as 2026-06-30\n"
                "E aims.yaml:3:10: \"fun\" is no purpose\n");
    expect_aims(fixture,
                "schema: 1\norganisation: A\npurpose: initial\nperiod_start: 2026-07-01\n"
                "period_end: 2026-06-30\n",
                "E aims.yaml:5:13: the period ends before it starts\n");
    expect_aims(fixture, "- 1\n",
                "E aims.yaml: want a map with organisation, purpose and period\n");
}

static void evidence_without_aims_yaml_or_against_it_is_refused(void **state)
{
    struct fixture *fixture = *state;

    load(fixture);
    assert_string_equal(all_notes(fixture), "E aims.yaml: is missing\n");
    notes_init(&fixture->notes, fixture->arena);
    put(fixture, "aims.yaml",
        arena_format(fixture->arena, "%sregisters:\n  risks: {claim: none, reason: x}\n", aims));
    put(fixture, "registers/risks.csv", "id\nr1\n");
    load(fixture);
    assert_string_equal(all_notes(fixture),
                        "E aims.yaml:7: the register risks is said to be none but has 1 rows\n");
}

static void everything_wrong_is_reported_in_one_run_up_to_a_limit(void **state)
{
    struct fixture *fixture = *state;
    struct buffer text = {0};
    size_t count = 0;

    buffer_append_text(&text, "id,likelihood\n");
    for (int i = 0; i < 1500; i++) {
        buffer_format(&text, "r%d,x\n", i);
    }
    put(fixture, "aims.yaml", aims);
    put(fixture, "registers/risks.csv", buffer_text(&text));
    load(fixture);
    for (const struct note *note = fixture->notes.first; note != NULL; note = note->next) {
        count++;
    }
    assert_int_equal(count, NOTES_MAX);
    assert_int_equal(fixture->notes.error_count, 1500);
    assert_string_equal(
        fixture->error.message,
        "registers/risks.csv:2: column \"likelihood\": \"x\" is not a whole number; "
        "write digits only, such as 1200 (and 1499 more errors)");
    buffer_finish(&text);
}

static void cells_and_lists_have_limits(void **state)
{
    struct fixture *fixture = *state;
    char *cell = arena_alloc(fixture->arena, LOAD_CELL_MAX + 2);
    struct buffer list = {0};

    memset(cell, 'x', LOAD_CELL_MAX + 1);
    expect(fixture, "registers/risks.csv", arena_format(fixture->arena, "id,title\nr1,%s\n", cell),
           "E registers/risks.csv:2: column \"title\": the text has more than 32768 bytes\n");
    cell[LOAD_CELL_MAX] = '\0';
    expect(fixture, "registers/risks.csv", arena_format(fixture->arena, "id,title\nr1,%s\n", cell),
           "");
    for (int i = 0; i < LOAD_ELEMENTS_MAX + 1; i++) {
        buffer_append_text(&list, "8.2;");
    }
    expect(fixture, "registers/risks.csv",
           arena_format(fixture->arena, "id,requirement_ids\nr1,%s\n", buffer_text(&list)),
           "E registers/risks.csv:2: column \"requirement_ids\": the list has more than 1000 "
           "elements\n");
    buffer_finish(&list);
}

static void references_have_a_limit(void **state)
{
    struct fixture *fixture = *state;
    struct buffer text = {0};

    buffer_append_text(&text, "id,system_ids\n");
    for (int row = 0; row < 1001; row++) {
        buffer_format(&text, "r%d,", row);
        for (int i = 0; i < LOAD_ELEMENTS_MAX; i++) {
            buffer_append_text(&text, "s;");
        }
        buffer_append_text(&text, "\n");
    }
    arena_destroy(fixture->arena);
    fixture->arena = arena_create(256 * 1024 * 1024);
    notes_init(&fixture->notes, fixture->arena);
    put(fixture, "aims.yaml", aims);
    put(fixture, "registers/ai_systems.csv", "id\ns\n");
    put(fixture, "registers/risks.csv", buffer_text(&text));
    load(fixture);
    assert_string_equal(all_notes(fixture),
                        "E registers/risks.csv:1002: column \"system_ids\": the evidence has more "
                        "than 1000000 references\n");
    buffer_finish(&text);
}

static void a_directory_is_loaded_like_memory_and_links_are_not_followed(void **state)
{
    struct fixture *fixture = *state;
    char path[DIRECTORY_PATH_SIZE];
    char link[DIRECTORY_PATH_SIZE + 32];

    directory_create(path);
    directory_write_text(path, "aims.yaml", aims);
    directory_write_text(path, "documents/deep/er/a.txt", "hello");
    directory_write_text(path, "registers/risks.csv",
                         "id,source_file\nr1,deep/er/a.txt\nr2,link.txt\n");
    directory_write_text(path, "registers/.hidden.csv", "x");
    (void)snprintf(link, sizeof(link), "%s/documents/link.txt", path);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_false(load_directory(path, &schema, &fixture->notes, &fixture->set, &fixture->error));
    assert_string_equal(all_notes(fixture),
                        "E registers/risks.csv:3: column \"source_file\": the file \"link.txt\" is "
                        "a link; evidence is files only\n");
    assert_int_equal(unlink(link), 0);
    directory_write_text(path, "documents/link.txt", "");
    notes_init(&fixture->notes, fixture->arena);
    assert_true(load_directory(path, &schema, &fixture->notes, &fixture->set, &fixture->error));
    assert_int_equal(fixture->set.file_count, 2);
    assert_int_equal(fixture->set.files[0].size, 5);
    directory_destroy(path);
    assert_false(load_directory(path, &schema, &fixture->notes, &fixture->set, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_type_of_column_is_read),
        TEST(cited_documents_are_listed_with_their_digests),
        TEST(yaml_json_and_csv_give_the_same_rows),
        TEST(a_bad_value_is_named_with_its_place),
        TEST(ids_are_required_and_unique),
        TEST(references_to_a_register_that_cannot_be_read_are_not_blamed),
        TEST(days_are_those_of_the_calendar_up_to_the_end_of_the_period),
        TEST(dates_with_dots_are_converted_and_said_once),
        TEST(what_is_unknown_is_a_warning_with_what_was_meant),
        TEST(other_encodings_are_converted_with_a_warning),
        TEST(malformed_files_are_errors),
        TEST(one_register_is_one_file),
        TEST(silence_is_not_absence),
        TEST(aims_yaml_is_checked),
        TEST(evidence_without_aims_yaml_or_against_it_is_refused),
        TEST(everything_wrong_is_reported_in_one_run_up_to_a_limit),
        TEST(cells_and_lists_have_limits),
        TEST(references_have_a_limit),
        TEST(a_directory_is_loaded_like_memory_and_links_are_not_followed),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
