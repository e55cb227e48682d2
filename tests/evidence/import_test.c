/* An agency's part of the inventory of AI use cases as evidence. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "evidence/import_federal.h"
#include "evidence/load.h"
#include "formats/csv.h"
#include "tests/evidence/directory.h"

#define COLUMN_COUNT 62
#define MEMORY       ((size_t)64 * 1024 * 1024)

/* Columns as people count them, from 1. */
enum {
    NAME = 1,
    AGENCY = 2,
    ABBREVIATION = 3,
    PURPOSE = 8,
    STAGE = 10,
    TIER = 11,
    IMPLEMENTED = 14,
    RETIRED = 15,
    ROLE = 16,
    PERSONAL = 23,
    OTHER_CATALOG = 26,
    DATA = 27,
    DATA_DOCUMENTED = 28,
    MODEL_DOCUMENTED = 44,
    EXTENSION = 45,
    IMPACT = 46,
    TESTED = 47,
    RISKS = 48,
    EVALUATED = 49,
    MONITORED = 50,
    AUTONOMOUS = 51,
    OTHER_AUTONOMOUS = 52,
    NOTICE = 53,
    APPEAL = 59,
};

static const char *const header[COLUMN_COUNT + 1] = {
    [NAME] = "Use Case Name",
    [AGENCY] = "Agency",
    [ABBREVIATION] = "Agency Abbreviation",
    [PURPOSE] = "What is the intended purpose and expected benefits of the AI?",
    [STAGE] = "Stage of Development",
    [TIER] = "Is the AI use case rights-impacting, safety-impacting, both, or neither?",
    [IMPLEMENTED] = "Date Implemented",
    [RETIRED] = "Date Retired",
    [ROLE] = "Was the AI system involved in this use case developed under contract?",
    [PERSONAL] = "Does this AI use case involve personally identifiable information (PII)?",
    [OTHER_CATALOG] = "If Other, please explain.",
    [DATA] = "Describe any agency-owned data used to train.",
    [DATA_DOCUMENTED] = "Is there available documentation for the model training data?",
    [MODEL_DOCUMENTED] = "Has information regarding the AI use case been made available?",
    [EXTENSION] = "Has your agency requested an extension?",
    [IMPACT] = "Has an AI impact assessment been conducted for this AI use case?",
    [TESTED] = "Has the AI use case been tested in real-world environments?",
    [RISKS] = "What are the key risks?",
    [EVALUATED] = "Has an independent evaluation of the AI use case been conducted?",
    [MONITORED] = "Is there a process to monitor performance?",
    [AUTONOMOUS] = "For this particular use case, can the AI carry out a decision alone?",
    [OTHER_AUTONOMOUS] = "If Other, please explain.",
    [NOTICE] = "How is the agency providing reasonable and timely notice?",
    [APPEAL] = "Is there an established fallback and escalation process?",
};

static struct schema schema;
static struct arena *schema_arena;

struct fixture {
    struct arena *arena;
    struct buffer csv;
    struct import_result result;
    struct notes notes;
    struct dataset set;
    struct error error;
};

/* A cell of a row. */
struct answer {
    int column;
    const char *text;
};

static int set_up_all(void **state)
{
    (void)state;
    schema_arena = arena_create(MEMORY);
    directory_schema(schema_arena, &schema);
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    arena_destroy(schema_arena);
    return 0;
}

static void add_cells(struct fixture *fixture, const char *const *cells)
{
    for (int column = 1; column <= COLUMN_COUNT; column++) {
        buffer_append_text(&fixture->csv, column == 1 ? "" : ",");
        csv_write_cell(cells[column] == NULL ? "" : cells[column], &fixture->csv);
    }
    buffer_append_text(&fixture->csv, "\r\n");
}

static void add_header(struct fixture *fixture)
{
    const char *cells[COLUMN_COUNT + 1];

    for (int column = 1; column <= COLUMN_COUNT; column++) {
        cells[column] = header[column] == NULL ? "Something else?" : header[column];
    }
    add_cells(fixture, cells);
}

/* Adds a system of AGENCY with up to six answers; column 0 ends them. */
static void add(struct fixture *fixture, const char *agency, const struct answer answers[6])
{
    const char *cells[COLUMN_COUNT + 1] = {
        [NAME] = "A system", [AGENCY] = "Ministry of Examples", [ABBREVIATION] = agency};

    for (size_t i = 0; i < 6 && answers[i].column != 0; i++) {
        cells[answers[i].column] = answers[i].text;
    }
    add_cells(fixture, cells);
}

#define ADD(fixture, agency, ...) add(fixture, agency, (const struct answer[6]){__VA_ARGS__})

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.arena = arena_create(MEMORY)};
    add_header(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    buffer_finish(&fixture->csv);
    arena_destroy(fixture->arena);
    return 0;
}

static bool read_agency(struct fixture *fixture, const char *agency)
{
    return import_federal_read(buffer_bytes(&fixture->csv), "test.csv", agency, &schema,
                               fixture->arena, &fixture->result, &fixture->error);
}

/* Imports AGENCY and loads what came of it, which must be without fault. */
static void import(struct fixture *fixture, const char *agency)
{
    if (!read_agency(fixture, agency)) {
        fail_msg("%s", fixture->error.message);
    }
    notes_init(&fixture->notes, fixture->arena);
    if (!load_source(&fixture->result.files, &schema, &fixture->notes, &fixture->set,
                     &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
    assert_int_equal(fixture->notes.warning_count, 0);
}

static const struct dataset_table *table(const struct fixture *fixture, const char *name)
{
    size_t index = schema_find_table(&schema, name);

    assert_true(index != SIZE_MAX);
    return &fixture->set.tables[index];
}

/* The text of a cell: NULL when it is blank, "(no row)" when there is no such row. */
static const char *cell(const struct fixture *fixture, const char *name, const char *id,
                        const char *column)
{
    const struct dataset_table *found = table(fixture, name);
    size_t index = schema_find_column(found->schema, column);

    assert_true(index != SIZE_MAX);
    for (size_t row = 0; row < found->row_count; row++) {
        const struct dataset_value *values = found->values + row * found->schema->column_count;

        if (strcmp(values[0].text, id) == 0) {
            return values[index].type == DATASET_INTEGER ? (values[index].integer ? "1" : "0")
                                                         : values[index].text;
        }
    }
    return "(no row)";
}

static void assert_cell(const struct fixture *fixture, const char *name, const char *id,
                        const char *column, const char *want)
{
    const char *text = cell(fixture, name, id, column);

    if (want == NULL || text == NULL) {
        assert_ptr_equal(text, want);
    } else {
        assert_string_equal(text, want);
    }
}

static const struct import_question *question(const struct fixture *fixture, size_t column)
{
    for (size_t i = 0; i < fixture->result.question_count; i++) {
        if (fixture->result.questions[i].column == column) {
            return &fixture->result.questions[i];
        }
    }
    fail_msg("no question in column %zu", column);
    return NULL;
}

/* The reason why the cell was not mapped, or "". */
static const char *gap(const struct fixture *fixture, size_t row, size_t column)
{
    for (const struct import_gap *found = fixture->result.gaps; found != NULL;
         found = found->next) {
        if (found->row == row && found->column == column) {
            return found->reason;
        }
    }
    return "";
}

static const struct reading {
    int column;
    const char *text;
    const char *register_name;
    const char *id;
    const char *field;
    const char *want;
    enum import_answer counted;
} readings[] = {
    {IMPACT, "Yes", "impact_assessments", "abc-001-impact", "status", "done", IMPORT_YES},
    {IMPACT, "YES", "impact_assessments", "abc-001-impact", "status", "done", IMPORT_YES},
    {IMPACT, "No", "impact_assessments", "abc-001-impact", "status", "not_done", IMPORT_NO},
    {IMPACT, "Planned or in-progress.", "impact_assessments", "abc-001-impact", "status", "planned",
     IMPORT_PLANNED},
    {IMPACT, "", "impact_assessments", "abc-001-impact", "status", "(no row)", IMPORT_BLANK},
    {IMPACT, " \xc2\xa0\r\n", "impact_assessments", "abc-001-impact", "status", "(no row)",
     IMPORT_BLANK},
    {IMPACT, "Not sure", "impact_assessments", "abc-001-impact", "status", "(no row)",
     IMPORT_OTHER},
    {IMPACT, "Not reported", "impact_assessments", "abc-001-impact", "status", "(no row)",
     IMPORT_OTHER},
    {TESTED, "Benchmark evaluation: Testing involved benchmarks.", "verification_results",
     "abc-001-test", "title", "Test: Benchmark evaluation", IMPORT_YES},
    {TESTED, "No testing: No testing of the model.", "verification_results", "abc-001-test",
     "status", "not_done", IMPORT_NO},
    {EVALUATED, "TRUE", "lifecycle_records", "abc-001-evaluation", "status", "done", IMPORT_YES},
    {EVALUATED, "Yes \xe2\x80\x93 by the CAIO", "lifecycle_records", "abc-001-evaluation", "stage",
     "verification", IMPORT_YES},
    {EVALUATED, "Planned or in-progress", "lifecycle_records", "abc-001-evaluation", "status",
     "planned", IMPORT_PLANNED},
    {MONITORED, "Automated and Regularly Scheduled Updates: Some.", "monitoring_metrics",
     "abc-001-monitoring", "status", "active", IMPORT_YES},
    {MONITORED, "No monitoring protocols have been established: None.", "monitoring_metrics",
     "abc-001-monitoring", "status", "not_done", IMPORT_NO},
    {AUTONOMOUS, "Yes - All individual decisions or actions are automated.", "ai_systems",
     "abc-001", "autonomy_level", "autonomous", IMPORT_YES},
    {AUTONOMOUS, "Other \xe2\x80\x93 Immediate human intervention is not practicable; but.",
     "ai_systems", "abc-001", "autonomy_level", "autonomous", IMPORT_YES},
    {AUTONOMOUS, "No - Some individual decisions require direct human oversight.", "ai_systems",
     "abc-001", "autonomy_level", "human_approves", IMPORT_NO},
    {AUTONOMOUS, "", "ai_systems", "abc-001", "autonomy_level", NULL, IMPORT_BLANK},
    {NOTICE, "In-person,Other", "user_information", "abc-001-notice", "status", "published",
     IMPORT_YES},
    {NOTICE, "Email", "user_information", "abc-001-notice", "tells_ai", "1", IMPORT_YES},
    {NOTICE, "None of the above", "user_information", "abc-001-notice", "status", "not_done",
     IMPORT_NO},
    {NOTICE, "None of the above", "user_information", "abc-001-notice", "tells_ai", NULL,
     IMPORT_NO},
    {NOTICE, "Other ", "user_information", "abc-001-notice", "status", "(no row)", IMPORT_OTHER},
    {APPEAL, "Yes", "concern_channels", "abc-001-appeal", "status", "open", IMPORT_YES},
    {APPEAL, "No \xe2\x80\x93 it is not operationally practical to offer this.", "concern_channels",
     "abc-001-appeal", "status", "not_done", IMPORT_NO},
    {APPEAL, "Yes", "concern_channels", "abc-001-appeal", "system_ids", "abc-001", IMPORT_YES},
    {DATA_DOCUMENTED, "Documentation has been partially completed: Some.", "lifecycle_records",
     "abc-001-data-documented", "status", "in_progress", IMPORT_PARTLY},
    {DATA_DOCUMENTED, "Documentation is missing or not available", "lifecycle_records",
     "abc-001-data-documented", "status", "not_done", IMPORT_NO},
    {MODEL_DOCUMENTED, "Documentation has been published: Complete.", "lifecycle_records",
     "abc-001-model-documented", "status", "done", IMPORT_YES},
    {EXTENSION, "Yes \xe2\x80\x93 Agency requested an extension.", "exceptions_waivers",
     "abc-001-extension", "status", "draft", IMPORT_YES},
    {EXTENSION, "No \xe2\x80\x93 Agency did not request an extension.", "exceptions_waivers",
     "abc-001-extension", "status", "(no row)", IMPORT_NO},
};

static void an_answer_becomes_a_row_and_a_blank_becomes_nothing(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        const struct reading *want = &readings[i];

        buffer_clear(&fixture->csv);
        add_header(fixture);
        ADD(fixture, "ABC", {want->column, want->text}, {STAGE, "Operation and Maintenance"});
        import(fixture, "ABC");
        print_message("column %d: %s\n", want->column, want->text);
        assert_cell(fixture, want->register_name, want->id, want->field, want->want);
        assert_int_equal(question(fixture, (size_t)want->column)->counts[want->counted], 1);
        if (want->counted == IMPORT_OTHER) {
            assert_string_equal(gap(fixture, 2, (size_t)want->column),
                                "is no answer that can be told to be yes or no");
        }
    }
}

static void not_applicable_is_counted_apart_however_it_is_spelt(void **state)
{
    static const char *const spellings[] = {"N/A",
                                            "n/a",
                                            "NA",
                                            " N/A ",
                                            "Not Applicable",
                                            "not applicable.",
                                            "N/A - nobody meets it",
                                            "N/A\xe2\x80\x94internal",
                                            "AI is not safety or rights-impacting.",
                                            "Does not apply, use case is neither."};
    enum { COUNT = sizeof(spellings) / sizeof(spellings[0]) };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT; i++) {
        ADD(fixture, "ABC", {NOTICE, spellings[i]}, {STAGE, spellings[i]}, {DATA, spellings[i]});
    }
    import(fixture, "ABC");
    assert_int_equal(question(fixture, NOTICE)->counts[IMPORT_NOT_APPLICABLE], COUNT);
    assert_int_equal(question(fixture, IMPACT)->counts[IMPORT_BLANK], COUNT);
    assert_int_equal(table(fixture, "user_information")->claim, DATASET_ABSENT);
    assert_int_equal(table(fixture, "datasets")->claim, DATASET_ABSENT);
    assert_cell(fixture, "ai_systems", "abc-001", "lifecycle_stage", NULL);
    assert_int_equal(fixture->result.gap_count, 0);
}

static void a_waiver_is_an_exception_and_no_lapse(void **state)
{
    struct fixture *fixture = *state;

    ADD(fixture, "ABC",
        {TESTED, "Agency CAIO has waived this minimum practice and reported such waiver."},
        {AUTONOMOUS, "Agency CAIO has waived this minimum practice and reported such waiver."});
    import(fixture, "ABC");
    assert_cell(fixture, "exceptions_waivers", "abc-001-waiver-test", "approved_by",
                "Chief AI Officer");
    assert_cell(fixture, "exceptions_waivers", "abc-001-waiver-autonomy", "system_ids", "abc-001");
    assert_cell(fixture, "ai_systems", "abc-001", "autonomy_level", NULL);
    assert_int_equal(question(fixture, TESTED)->counts[IMPORT_WAIVED], 1);
    assert_int_equal(table(fixture, "verification_results")->row_count, 0);
}

static void a_day_is_mapped_when_it_is_one(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } days[] = {
        {"9/29/2023", "2023-09-29"},
        {"12/01/2024", "2024-12-01"},
        {"2/1/2025", "2025-02-01"},
        {"2/30/2023", NULL},
        {"13/1/2023", NULL},
        {"7/16/1905", NULL},
        {"12-Nov", NULL},
        {"Q3FY24", NULL},
        {"TBD", NULL},
        {"10/12023", NULL},
        {"1/1/20240", NULL},
        {"1/1/2024 or so", NULL},
        {"4294967297/1/2024", NULL}, /* 1 when it wraps. */
    };
    enum { COUNT = sizeof(days) / sizeof(days[0]) };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT; i++) {
        ADD(fixture, "ABC", {IMPLEMENTED, days[i].text}, {STAGE, "In production"});
    }
    import(fixture, "ABC");
    for (size_t i = 0; i < COUNT; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "abc-%03zu", i + 1);
        assert_cell(fixture, "ai_systems", id, "go_live_on", days[i].want);
        assert_string_equal(gap(fixture, i + 2, IMPLEMENTED),
                            days[i].want == NULL ? "is no day" : "");
    }
}

static void a_day_that_contradicts_the_stage_is_listed_instead(void **state)
{
    struct fixture *fixture = *state;

    ADD(fixture, "ABC", {STAGE, "Implementation and Assessment"}, {IMPLEMENTED, "12/31/2024"});
    ADD(fixture, "ABC", {STAGE, "Initiated"}, {IMPLEMENTED, "1/1/2025"});
    ADD(fixture, "ABC", {STAGE, "Retired"}, {RETIRED, "1/1/2025"});
    ADD(fixture, "ABC", {STAGE, "Retired"}, {RETIRED, "12/31/2024"});
    import(fixture, "ABC");
    assert_cell(fixture, "ai_systems", "abc-001", "go_live_on", NULL);
    assert_string_equal(gap(fixture, 2, IMPLEMENTED),
                        "is past, but the system is not in operation yet");
    assert_cell(fixture, "ai_systems", "abc-002", "go_live_on", "2025-01-01");
    assert_cell(fixture, "ai_systems", "abc-003", "retired_on", NULL);
    assert_string_equal(gap(fixture, 4, RETIRED), "lies after the period, so nothing ended yet");
    assert_cell(fixture, "ai_systems", "abc-004", "retired_on", "2024-12-31");
}

static void monitoring_of_what_does_not_run_is_not_active(void **state)
{
    static const char plan[] = "Intermittent and Manually Updated: A plan is in place.";
    struct fixture *fixture = *state;

    ADD(fixture, "ABC", {MONITORED, plan}, {STAGE, "Initiated"});
    ADD(fixture, "ABC", {MONITORED, plan}, {STAGE, "Retired"});
    ADD(fixture, "ABC", {MONITORED, plan});
    ADD(fixture, "ABC", {MONITORED, "No monitoring protocols"}, {STAGE, "Initiated"});
    import(fixture, "ABC");
    assert_cell(fixture, "monitoring_metrics", "abc-001-monitoring", "status", "planned");
    assert_cell(fixture, "monitoring_metrics", "abc-002-monitoring", "status", "stopped");
    assert_cell(fixture, "monitoring_metrics", "abc-003-monitoring", "status", "active");
    assert_cell(fixture, "monitoring_metrics", "abc-004-monitoring", "status", "not_done");
    assert_int_equal(question(fixture, MONITORED)->counts[IMPORT_YES], 3);
}

static void what_is_said_of_a_system_stands_in_its_row(void **state)
{
    struct fixture *fixture = *state;

    ADD(fixture, "ABC", {TIER, "Rights-Impacting\n"}, {ROLE, "Developed in-house."},
        {PERSONAL, "Yes"}, {PURPOSE, " Purpose:\r\nto help. "}, {STAGE, "Retired"},
        {DATA, "Letters received"});
    ADD(fixture, "ABC", {TIER, "Neither"}, {ROLE, "Developed with contracting resources."},
        {PERSONAL, "No"}, {DATA, "No agency data"}, {RISKS, "None identified"});
    ADD(fixture, "ABC", {TIER, "Case-by-case assessment"}, {RISKS, "It may be wrong."},
        {DATA, "Not needed"});
    import(fixture, "ABC");
    assert_cell(fixture, "ai_systems", "abc-001", "risk_tier", "high");
    assert_cell(fixture, "ai_systems", "abc-001", "role", "developer");
    assert_cell(fixture, "ai_systems", "abc-001", "personal_data", "1");
    assert_cell(fixture, "ai_systems", "abc-001", "lifecycle_stage", "retired");
    assert_cell(fixture, "ai_systems", "abc-001", "dataset_ids", "abc-001-data");
    assert_cell(fixture, "datasets", "abc-001-data", "title", "Letters received");
    assert_non_null(strstr(cell(fixture, "ai_systems", "abc-001", "purpose"), "\nto help."));
    assert_cell(fixture, "ai_systems", "abc-002", "risk_tier", "low");
    assert_cell(fixture, "ai_systems", "abc-002", "role", "deployer");
    assert_cell(fixture, "ai_systems", "abc-002", "personal_data", "0");
    assert_cell(fixture, "ai_systems", "abc-002", "dataset_ids", NULL);
    assert_string_equal(gap(fixture, 3, DATA), "names nothing that a register could hold");
    assert_string_equal(gap(fixture, 4, DATA), "names nothing that a register could hold");
    assert_string_equal(gap(fixture, 3, RISKS), "tells nothing");
    assert_cell(fixture, "ai_systems", "abc-003", "risk_tier", NULL);
    assert_string_equal(gap(fixture, 4, TIER), "is none of the values that are known");
    assert_cell(fixture, "risks", "abc-003-risk", "description", "It may be wrong.");
    assert_cell(fixture, "risks", "abc-003-risk", "system_ids", "abc-003");
}

static void ids_follow_the_order_within_the_agency(void **state)
{
    struct fixture *fixture = *state;

    ADD(fixture, "ABC", {NAME, "Chatbot"}, {IMPACT, "Yes"});
    ADD(fixture, "XY", {NAME, "Other"});
    ADD(fixture, "abc", {NAME, "Chatbot"}, {IMPACT, "No"});
    import(fixture, "Abc");
    assert_int_equal(fixture->result.system_count, 2);
    assert_int_equal(table(fixture, "ai_systems")->row_count, 2);
    assert_cell(fixture, "ai_systems", "abc-001", "title", "Chatbot");
    assert_cell(fixture, "ai_systems", "abc-002", "title", "Chatbot");
    assert_cell(fixture, "impact_assessments", "abc-002-impact", "status", "not_done");
}

static void every_register_is_partial_or_absent(void **state)
{
    struct fixture *fixture = *state;

    ADD(fixture, "ABC", {IMPACT, "No"});
    import(fixture, "ABC");
    for (size_t i = 0; i < schema.table_count; i++) {
        const struct dataset_table *each = &fixture->set.tables[i];

        assert_int_equal(each->claim, each->row_count > 0 ? DATASET_PARTIAL : DATASET_ABSENT);
    }
    assert_string_equal(fixture->set.organisation, "Ministry of Examples");
    assert_string_equal(fixture->set.period_end, "2024-12-31");
    assert_string_equal(fixture->set.purpose, "internal");
}

static void windows_1252_is_read(void **state)
{
    struct fixture *fixture = *state;

    ADD(fixture, "ABC", {NAME, "Clerk\x92s \x96 help"}, {EVALUATED, "Yes \x96 by the CAIO"});
    import(fixture, "ABC");
    assert_cell(fixture, "ai_systems", "abc-001", "title", "Clerk\xe2\x80\x99s \xe2\x80\x93 help");
    assert_cell(fixture, "lifecycle_records", "abc-001-evaluation", "title",
                "Independent evaluation: Yes \xe2\x80\x93 by the CAIO");
}

static void control_characters_do_not_reach_the_evidence(void **state)
{
    struct fixture *fixture = *state;

    ADD(fixture, "ABC", {NAME, "\x1b[2Jred\x7f"}, {PURPOSE, "one\vtwo\xc2\x85three"});
    import(fixture, "ABC");
    assert_cell(fixture, "ai_systems", "abc-001", "title", "[2Jred");
    assert_cell(fixture, "ai_systems", "abc-001", "purpose", "one two  three");
}

static void a_text_that_is_too_long_is_cut_between_two_characters(void **state)
{
    struct fixture *fixture = *state;
    struct buffer text = {0};

    buffer_append_byte(&text, 'x');
    while (text.size < LOAD_CELL_MAX + 9) {
        buffer_append_text(&text, "\xe2\x80\x99"); /* Three bytes, so that the limit is inside. */
    }
    ADD(fixture, "ABC", {PURPOSE, buffer_text(&text)}, {NOTICE, "Email"}, {MODEL_DOCUMENTED, "Yes"},
        {DATA_DOCUMENTED, buffer_text(&text)}, {EVALUATED, buffer_text(&text)});
    ADD(fixture, "ABC", {EVALUATED, "yes "}, {STAGE, buffer_text(&text)});
    import(fixture, "ABC");
    assert_int_equal(strlen(cell(fixture, "ai_systems", "abc-001", "purpose")), LOAD_CELL_MAX - 1);
    assert_string_equal(gap(fixture, 2, PURPOSE), "is longer than a cell may be and was cut");
    buffer_finish(&text);
}

static void a_long_answer_does_not_break_the_title(void **state)
{
    struct fixture *fixture = *state;
    struct buffer text = {0};

    for (size_t lead = 0; lead < 3; lead++) {
        buffer_append_text(&text, "yes");
        for (size_t i = 0; i < lead; i++) {
            buffer_append_byte(&text, ' ');
        }
        while (text.size < 2000) {
            buffer_append_text(&text, "\xe2\x80\x99");
        }
        ADD(fixture, "ABC", {EVALUATED, buffer_text(&text)});
        buffer_clear(&text);
    }
    import(fixture, "ABC");
    assert_int_equal(table(fixture, "lifecycle_records")->row_count, 3);
    buffer_finish(&text);
}

static void a_column_without_a_place_is_listed_with_its_answers(void **state)
{
    struct fixture *fixture = *state;

    ADD(fixture, "ABC", {OTHER_CATALOG, "a"}, {OTHER_AUTONOMOUS, "N/A"});
    ADD(fixture, "ABC", {OTHER_CATALOG, "b"}, {OTHER_AUTONOMOUS, " "});
    ADD(fixture, "XY", {OTHER_AUTONOMOUS, "c"});
    import(fixture, "ABC");
    assert_int_equal(fixture->result.gap_count, 1);
    assert_string_equal(gap(fixture, 0, OTHER_CATALOG),
                        "no register has a place for it; 2 answers");
}

static void the_same_file_gives_the_same_bytes(void **state)
{
    struct fixture *fixture = *state;

    ADD(fixture, "ABC", {IMPACT, "No"}, {NOTICE, "Email"}, {RISKS, "Some"});
    import(fixture, "ABC");
    struct source first = fixture->result.files;

    import(fixture, "ABC");
    assert_int_equal(first.file_count, fixture->result.files.file_count);
    for (size_t i = 0; i < first.file_count; i++) {
        const struct source_file *a = &first.files[i];
        const struct source_file *b = &fixture->result.files.files[i];

        assert_string_equal(a->path, b->path);
        assert_true(bytes_equal(bytes_of(a->data, a->size), bytes_of(b->data, b->size)));
        assert_true(i == 0 || strcmp(first.files[i - 1].path, a->path) < 0);
    }
}

static void assert_refused(struct fixture *fixture, enum error_code code, const char *want)
{
    assert_false(read_agency(fixture, "ABC"));
    assert_int_equal(fixture->error.code, code);
    if (strstr(fixture->error.message, want) == NULL) {
        fail_msg("'%s' is not in '%s'", want, fixture->error.message);
    }
}

static void another_file_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const char *cells[COLUMN_COUNT + 1];

    for (int column = 1; column <= COLUMN_COUNT; column++) {
        cells[column] = header[column] == NULL ? "Something else?" : header[column];
    }
    cells[IMPACT] = header[TESTED];
    cells[TESTED] = header[IMPACT];
    buffer_clear(&fixture->csv);
    add_cells(fixture, cells);
    assert_refused(fixture, ERROR_INVALID,
                   "test.csv:1: column 46 is \"Has the AI use case been tested");
    buffer_clear(&fixture->csv);
    buffer_append_text(&fixture->csv, "Use Case Name,Agency\nx,y\n");
    assert_refused(fixture, ERROR_INVALID, "test.csv:1: 2 columns");
}

static void an_unknown_agency_is_named(void **state)
{
    struct fixture *fixture = *state;

    ADD(fixture, "XY", {NAME, "Other"});
    assert_refused(fixture, ERROR_NOT_FOUND, "test.csv: there is no agency \"ABC\"");
}

static void a_row_without_a_usable_agency_is_refused_with_its_line(void **state)
{
    static const struct answer rows[] = {
        {ABBREVIATION, ""},          {ABBREVIATION, "A-B"},
        {ABBREVIATION, "../../x"},   {AGENCY, " "},
        {AGENCY, "Two\nlines"},      {ABBREVIATION, "A B"},
        {ABBREVIATION, "A\xc3\x9f"}, {ABBREVIATION, "Abcdefghijklmnopq"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        buffer_clear(&fixture->csv);
        add_header(fixture);
        ADD(fixture, "ABC", {PURPOSE, "two\nlines"});
        ADD(fixture, "ABC", rows[i]);
        assert_refused(fixture, ERROR_INVALID, "test.csv:4: want the name of an agency");
    }
}

static void a_name_that_does_not_fit_aims_yaml_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char name[202];

    memset(name, 'n', sizeof(name) - 1);
    name[201] = '\0';
    ADD(fixture, "ABC", {AGENCY, name + 1});
    import(fixture, "ABC");
    buffer_clear(&fixture->csv);
    add_header(fixture);
    ADD(fixture, "ABC", {AGENCY, name});
    assert_refused(fixture, ERROR_INVALID, "test.csv:2: want the name of an agency");
}

static void more_agencies_than_can_be_are_refused(void **state)
{
    struct fixture *fixture = *state;
    char agency[3] = "";

    for (size_t i = 0; i < 201; i++) {
        agency[0] = (char)('A' + i / 26);
        agency[1] = (char)('A' + i % 26);
        ADD(fixture, agency, {NAME, "One"});
    }
    assert_refused(fixture, ERROR_INVALID, "test.csv:202: want the name of an agency");
}

static void agencies_are_listed_in_order_of_appearance(void **state)
{
    struct fixture *fixture = *state;
    struct import_federal_agency *list = NULL;
    size_t count = 0;

    ADD(fixture, "XY", {AGENCY, "Ministry of Others "});
    ADD(fixture, "ABC", {NAME, "One"});
    ADD(fixture, "XY", {AGENCY, "Ministry of Others"});
    assert_true(import_federal_agencies(buffer_bytes(&fixture->csv), "test.csv", fixture->arena,
                                        &list, &count, &fixture->error));
    assert_int_equal(count, 2);
    assert_string_equal(list[0].abbreviation, "XY");
    assert_string_equal(list[0].name, "Ministry of Others");
    assert_int_equal(list[0].system_count, 2);
    assert_string_equal(list[1].name, "Ministry of Examples");
}

static void too_little_memory_is_an_error_wherever_it_ends(void **state)
{
    struct fixture *fixture = *state;
    size_t refused = 0;
    bool is_read = false;

    ADD(fixture, "ABC", {IMPACT, "No"}, {NOTICE, "Email"}, {RISKS, "Some"}, {DATA, "Letters"},
        {STAGE, "?"});
    for (size_t limit = 64; !is_read; limit += 64) {
        struct arena *arena = arena_create(limit);
        struct import_result result;

        is_read = import_federal_read(buffer_bytes(&fixture->csv), "test.csv", "ABC", &schema,
                                      arena, &result, &fixture->error);
        if (!is_read) {
            assert_int_equal(fixture->error.code, ERROR_LIMIT);
            refused++;
        }
        arena_destroy(arena);
    }
    assert_true(refused > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_becomes_a_row_and_a_blank_becomes_nothing),
        TEST(not_applicable_is_counted_apart_however_it_is_spelt),
        TEST(a_waiver_is_an_exception_and_no_lapse),
        TEST(a_day_is_mapped_when_it_is_one),
        TEST(a_day_that_contradicts_the_stage_is_listed_instead),
        TEST(monitoring_of_what_does_not_run_is_not_active),
        TEST(what_is_said_of_a_system_stands_in_its_row),
        TEST(ids_follow_the_order_within_the_agency),
        TEST(every_register_is_partial_or_absent),
        TEST(windows_1252_is_read),
        TEST(control_characters_do_not_reach_the_evidence),
        TEST(a_text_that_is_too_long_is_cut_between_two_characters),
        TEST(a_long_answer_does_not_break_the_title),
        TEST(a_column_without_a_place_is_listed_with_its_answers),
        TEST(the_same_file_gives_the_same_bytes),
        TEST(another_file_is_refused),
        TEST(an_unknown_agency_is_named),
        TEST(a_row_without_a_usable_agency_is_refused_with_its_line),
        TEST(a_name_that_does_not_fit_aims_yaml_is_refused),
        TEST(more_agencies_than_can_be_are_refused),
        TEST(agencies_are_listed_in_order_of_appearance),
        TEST(too_little_memory_is_an_error_wherever_it_ends),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
