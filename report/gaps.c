#include "report/gaps.h"

#include <string.h>

#include "base/check.h"
#include "report/emit.h"
#include "report/lines.h"
#include "report/rows.h"
#include "report/text.h"

#define TYPE "aims-council-gaps/1"

static const struct quorum alone = {.seat_count = 1, .faulty_max = 0, .quorum_count = 1};

/* Worst first: the order in which grades of requirements are listed. */
static const enum findings_grade by_weight[] = {
    FINDINGS_MAJOR, FINDINGS_MINOR, FINDINGS_CONTESTED, FINDINGS_NOT_ASSESSED, FINDINGS_IMPROVEMENT,
};

static const char *const headings[FINDINGS_GRADE_COUNT] = {
    [FINDINGS_MAJOR] = "Major nonconformities",
    [FINDINGS_MINOR] = "Minor nonconformities",
    [FINDINGS_CONTESTED] = "Not answered: the rule failed or met a limit",
    [FINDINGS_NOT_ASSESSED] = "Not assessed: what is missing",
    [FINDINGS_IMPROVEMENT] = "Opportunities for improvement",
};

void gaps_make(const struct gaps *gaps, struct findings *out)
{
    struct tally tally;
    const struct findings_facts facts = {
        .sheet_count = 1,
        .purpose = gaps->purpose,
        .period_end = gaps->period_end,
        .as_of = gaps->as_of,
    };

    CHECK(gaps->result->count == gaps->catalog->criterion_count);
    tally_init(&tally, (uint16_t)gaps->result->count);
    for (size_t i = 0; i < gaps->result->count; i++) {
        tally.counts[i][gaps->result->answers[i].answer] = 1;
    }
    findings_make(gaps->catalog, &alone, &tally, &facts, out);
}

static bool is_open(const struct findings *findings, size_t criterion)
{
    return findings->answers[criterion] != ANSWER_MET &&
           findings->answers[criterion] != ANSWER_NOT_APPLICABLE;
}

static const char *cell_text(const struct dataset_value *value)
{
    return value->type == DATASET_TEXT ? value->text : "";
}

static void write_rows(const struct gaps *gaps, size_t index, struct buffer *out)
{
    const struct engine_answer *answer = &gaps->result->answers[index];

    if (answer->note[0] != '\0') {
        lines_wrap(out, 6, 2, answer->note);
    }
    rows_quote(answer, gaps->rows_max, 6, out);
}

static void write_requirement(const struct gaps *gaps, const struct findings *findings,
                              size_t requirement, struct buffer *out)
{
    const struct catalog_requirement *subject = &gaps->catalog->requirements[requirement];

    lines_format(out, 2, 2, "%s %s%s", subject->id, subject->title,
                 findings->is_raised[requirement] ? ": its minors together make a major" : "");
    for (size_t i = 0; i < subject->criterion_count; i++) {
        size_t index = subject->criterion_first + i;
        const struct catalog_criterion *criterion = &gaps->catalog->criteria[index];

        if (is_open(findings, index)) {
            lines_format(out, 4, 2, "%s (%s) %s", criterion->id,
                         catalog_grade_name(criterion->grade), criterion->question);
            write_rows(gaps, index, out);
            if (findings->answers[index] == ANSWER_NOT_MET) {
                lines_format(out, 6, 2, "To do: %s", criterion->remediation);
            }
        }
    }
}

void gaps_text(const struct gaps *gaps, const struct findings *findings, struct buffer *out)
{
    struct buffer counts = {0};

    lines_wrap(out, 0, 2, text_decision(findings->decision));
    lines_wrap(out, 2, 0,
               "So one rule set on this machine would judge; only a council's certificate counts.");
    for (unsigned grade = 1; grade < FINDINGS_GRADE_COUNT; grade++) {
        uint32_t count = findings_count(gaps->catalog, findings, (enum findings_grade)grade);

        if (count > 0) {
            buffer_format(&counts, "%s%u %s", counts.size > 0 ? ", " : "Requirements: ", count,
                          text_grade((enum findings_grade)grade));
        }
    }
    lines_heading(out, buffer_text(&counts));
    buffer_finish(&counts);
    for (size_t i = 0; i < sizeof(by_weight) / sizeof(by_weight[0]); i++) {
        if (findings_count(gaps->catalog, findings, by_weight[i]) == 0) {
            continue;
        }
        lines_heading(out, headings[by_weight[i]]);
        for (size_t j = 0; j < gaps->catalog->requirement_count; j++) {
            if (findings->grades[j] == by_weight[i]) {
                write_requirement(gaps, findings, j, out);
            }
        }
    }
}

static void emit_rows(struct buffer *out, const struct gaps *gaps, size_t index)
{
    const struct engine_answer *answer = &gaps->result->answers[index];
    size_t count = 0;

    emit_key(out, "rowCount");
    for (size_t row = 0; row < answer->row_count; row++) {
        count += rows_is_telling(answer, row);
    }
    emit_number(out, count);
    emit_key(out, "rows");
    buffer_append_byte(out, '[');
    count = 0;
    for (size_t row = 0; row < answer->row_count; row++) {
        if (!rows_is_telling(answer, row) || ++count > gaps->rows_max) {
            continue;
        }
        emit_comma(out);
        buffer_append_byte(out, '[');
        for (size_t i = ENGINE_RESOURCE; i <= ENGINE_REASON; i++) {
            emit_comma(out);
            emit_text(out, cell_text(&answer->values[row * answer->column_count + i]));
        }
        buffer_append_byte(out, ']');
    }
    buffer_append_byte(out, ']');
}

static void emit_open(struct buffer *out, const struct gaps *gaps, const struct findings *findings,
                      size_t index)
{
    const struct catalog_criterion *criterion = &gaps->catalog->criteria[index];
    enum answer answer = (enum answer)findings->answers[index];

    emit_comma(out);
    buffer_append_byte(out, '{');
    emit_key(out, "answer");
    emit_text(out, findings_answer_name(answer));
    emit_key(out, "id");
    emit_text(out, criterion->id);
    emit_key(out, "note");
    emit_text(out, gaps->result->answers[index].note);
    emit_key(out, "notMet");
    emit_text(out, catalog_grade_name(criterion->grade));
    emit_key(out, "requirement");
    emit_text(out, gaps->catalog->requirements[criterion->requirement].id);
    emit_rows(out, gaps, index);
    buffer_append_byte(out, '}');
}

void gaps_json(const struct gaps *gaps, const struct findings *findings, struct buffer *out)
{
    const struct catalog *catalog = gaps->catalog;

    buffer_append_byte(out, '{');
    emit_key(out, "decision");
    emit_text(out, findings_decision_name(findings->decision));
    emit_key(out, "open");
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < sizeof(by_weight) / sizeof(by_weight[0]); i++) {
        for (size_t j = 0; j < catalog->criterion_count; j++) {
            if (findings->grades[catalog->criteria[j].requirement] == by_weight[i] &&
                is_open(findings, j)) {
                emit_open(out, gaps, findings, j);
            }
        }
    }
    buffer_append_byte(out, ']');
    emit_key(out, "reasons");
    buffer_append_byte(out, '[');
    for (unsigned reason = 0; reason < FINDINGS_REASON_COUNT; reason++) {
        if ((findings->reasons >> reason & 1) != 0) {
            emit_comma(out);
            emit_text(out, findings_reason_name((enum findings_reason)reason));
        }
    }
    buffer_append_byte(out, ']');
    emit_key(out, "requirements");
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < catalog->requirement_count; i++) {
        emit_comma(out);
        buffer_append_byte(out, '{');
        emit_key(out, "grade");
        emit_text(out, findings_grade_name((enum findings_grade)findings->grades[i]));
        emit_key(out, "id");
        emit_text(out, catalog->requirements[i].id);
        buffer_append_byte(out, '}');
    }
    buffer_append_byte(out, ']');
    emit_key(out, "type");
    emit_text(out, TYPE);
    buffer_append_text(out, "}\n");
}
