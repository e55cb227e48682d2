/* Reports and gaps as a person reads them, against golden files. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/tree.h"
#include "report/gaps.h"
#include "report/lines.h"
#include "report/text.h"
#include "tests/report/fixture.h"

#define GOLDEN_MAX 65536

static const char *const columns[] = {"resource", "status", "reason"};

/* The last row tries to write a line and a colour of its own. */
static const struct dataset_value rows[] = {
    {.type = DATASET_TEXT, .text = "s1"},
    {.type = DATASET_TEXT, .text = "alarm"},
    {.type = DATASET_TEXT, .text = "S1 has no policy."},
    {.type = DATASET_TEXT, .text = "s2"},
    {.type = DATASET_TEXT, .text = "ok"},
    {.type = DATASET_TEXT, .text = "S2 has one."},
    {.type = DATASET_TEXT, .text = "s3"},
    {.type = DATASET_TEXT, .text = "alarm"},
    {.type = DATASET_TEXT, .text = "S3 has\nDecision: \x1B[32mrecommended\xFF."},
};

static void make_answers(struct engine_answer *answers)
{
    for (size_t i = 0; i < FIXTURE_CRITERIA; i++) {
        answers[i] = (struct engine_answer){.answer = ANSWER_MET, .note = ""};
    }
    answers[3] = (struct engine_answer){.answer = ANSWER_NOT_MET,
                                        .note = "",
                                        .column_count = 3,
                                        .columns = columns,
                                        .row_count = 3,
                                        .values = rows};
    answers[6] = (struct engine_answer){.answer = ANSWER_INSUFFICIENT,
                                        .note = "the register audits is absent"};
}

/* Compares with tests/report/NAME. What was found is left in the file NAME.found of the working
 * directory, to be looked at and, when right, taken over. */
static void assert_golden(const char *name, const struct buffer *text)
{
    char path[512];
    static char golden[GOLDEN_MAX];

    (void)snprintf(path, sizeof(path), "%s/tests/report/%s", AIMS_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    size_t size = file == NULL ? 0 : fread(golden, 1, sizeof(golden) - 1, file);

    golden[size] = '\0';
    if (file != NULL) {
        (void)fclose(file);
    }
    (void)snprintf(path, sizeof(path), "%s.found", name);
    if (strcmp(golden, buffer_text(text)) != 0) {
        file = fopen(path, "wb");
        assert_non_null(file);
        (void)fwrite(text->data, 1, text->size, file);
        (void)fclose(file);
        fail_msg("%s differs: see %s", name, path);
    }
    (void)remove(path);
}

static void assert_fit_for_a_terminal(const struct buffer *text)
{
    size_t columns_used = 0;

    for (size_t i = 0; i < text->size; i++) {
        uint8_t byte = text->data[i];

        assert_true(byte == '\n' || (byte >= ' ' && byte <= '~'));
        columns_used = byte == '\n' ? 0 : columns_used + 1;
        assert_true(columns_used <= LINES_COLUMNS);
    }
}

static void a_report_reads_as_in_the_golden_file(void **state)
{
    struct fixture *fixture = fixture_create(9, 2, 1, fixture_catalog());
    struct report *report = malloc(sizeof(*report));
    struct engine_answer answers[FIXTURE_CRITERIA];
    struct papers papers = {.seat = 2, .key = {1}, .result = {FIXTURE_CRITERIA, answers}};
    const struct text_options options = {.papers = &papers, .rows_max = 1};
    struct buffer text = {0};

    (void)state;
    assert_non_null(report);
    make_answers(answers);
    fixture_answer(fixture, 0, 8, 1, ANSWER_NOT_MET); /* 4.1: minors ... */
    fixture_answer(fixture, 1, 8, 2, ANSWER_NOT_MET); /* ... that make a major; one dissents. */
    fixture_answer(fixture, 0, 8, 3, ANSWER_NOT_MET); /* 5.2: a major. */
    fixture_answer(fixture, 0, 3, 4, ANSWER_INSUFFICIENT); /* And a contested minor. */
    fixture_answer(fixture, 0, 8, 6, ANSWER_INSUFFICIENT); /* 10.2: not assessed. */
    fixture_answer(fixture, 0, 6, 8, ANSWER_NOT_MET);      /* A.2.2: a minor. */
    for (uint8_t seat = 0; seat < 9; seat++) {
        engine_paper_digest(&papers.result, 3, papers.key,
                            &fixture_vote(fixture, seat, 0)->papers[3]);
        fixture_vote(fixture, seat, 0)->papers[8].data[1] = seat;
    }
    fixture->is_present[8] = false;
    fixture_vote(fixture, 7, 0)->is_assessed = false;
    fixture_vote(fixture, 7, 0)->reason = MESSAGE_TOO_LATE;
    fixture_hear(fixture);
    report_make(&fixture->source, 0, report);
    text_write(report, fixture_catalog(), &options, &text);
    assert_fit_for_a_terminal(&text);
    assert_golden("report.txt", &text);
    buffer_finish(&text);
    free(report);
    fixture_destroy(fixture);
}

static void gaps_read_as_in_the_golden_files(void **state)
{
    struct engine_answer answers[FIXTURE_CRITERIA];
    const struct engine_result result = {FIXTURE_CRITERIA, answers};
    const struct gaps gaps = {
        .catalog = fixture_catalog(),
        .result = &result,
        .purpose = MESSAGE_PURPOSE_INITIAL,
        .period_end = FIXTURE_PERIOD,
        .as_of = FIXTURE_PERIOD + 5,
        .rows_max = 5,
    };
    struct findings findings;
    struct buffer text = {0};
    struct buffer json = {0};
    struct arena *arena = arena_create(1024 * 1024);
    struct tree *tree = NULL;
    struct error error;

    (void)state;
    make_answers(answers);
    gaps_make(&gaps, &findings);
    assert_int_equal(findings.decision, FINDINGS_NOT_RECOMMENDED);
    gaps_text(&gaps, &findings, &text);
    assert_fit_for_a_terminal(&text);
    assert_golden("gaps.txt", &text);
    gaps_json(&gaps, &findings, &json);
    assert_true(tree_parse_json(buffer_bytes(&json), "gaps.json", arena, &tree, &error));
    assert_string_equal(tree_get(tree, "decision")->text, "notRecommended");

    const struct tree *open = tree_get(tree, "open");

    assert_int_equal(open->count, 2);
    assert_string_equal(tree_get(open->child, "id")->text, "5.2-1");
    assert_int_equal(tree_get(open->child, "rows")->count, 2);
    assert_string_equal(tree_get(open->child->next, "note")->text, "the register audits is absent");
    arena_destroy(arena);
    buffer_finish(&text);
    buffer_finish(&json);
}

static void long_lines_are_wrapped_and_foreign_bytes_shown_as_question_marks(void **state)
{
    struct buffer text = {0};

    (void)state;
    lines_wrap(&text, 2, 2, "  one\ttwo\n\nthree\x7F \xC3\xA9 \xC3 \x1B[2J  ");
    assert_string_equal(buffer_text(&text), "  one two three? \xC3\xA9 ? ?[2J\n");
    buffer_clear(&text);
    lines_format(&text, 0, 4, "%050d %048d %050d", 1, 2, 3);
    assert_int_equal(strchr(buffer_text(&text), '\n') - buffer_text(&text), 99);
    assert_non_null(strstr(buffer_text(&text), "\n    0000"));
    buffer_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_reads_as_in_the_golden_file),
        cmocka_unit_test(gaps_read_as_in_the_golden_files),
        cmocka_unit_test(long_lines_are_wrapped_and_foreign_bytes_shown_as_question_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
