#include "base/check.h"
#include "base/encode.h"
#include "report/emit.h"
#include "report/report.h"
#include "report/when.h"

/* Answers in the order of their names. */
static const enum answer by_name[ANSWER_COUNT] = {
    ANSWER_INSUFFICIENT, ANSWER_MET, ANSWER_NONE, ANSWER_NOT_APPLICABLE, ANSWER_NOT_MET,
};

static void write_attendance(const struct report *report, struct buffer *out)
{
    emit_key(out, "absent");
    buffer_append_byte(out, '[');
    for (uint8_t seat = 0; seat < report->quorum.seat_count; seat++) {
        if (report->seats[seat].attendance == REPORT_ABSENT) {
            emit_comma(out);
            emit_number(out, seat);
        }
    }
    buffer_append_byte(out, ']');
    emit_key(out, "abstained");
    buffer_append_byte(out, '[');
    for (uint8_t seat = 0; seat < report->quorum.seat_count; seat++) {
        const struct report_seat *entry = &report->seats[seat];

        if (entry->attendance == REPORT_ABSTAINED) {
            emit_comma(out);
            buffer_append_byte(out, '{');
            if (entry->reason == MESSAGE_BOUND || entry->reason == MESSAGE_CONCLUDED) {
                emit_key(out, "docket");
                emit_digest(out, &entry->docket);
            }
            emit_key(out, "reason");
            emit_text(out, report_reason_name(entry->reason));
            emit_key(out, "seat");
            emit_number(out, seat);
            buffer_append_byte(out, '}');
        }
    }
    buffer_append_byte(out, ']');
}

static void write_frame(const struct report *report, struct buffer *out)
{
    char when[WHEN_TEXT_SIZE];

    emit_key(out, "asOf");
    emit_text(out, when_text(report->as_of, when));
    emit_key(out, "attempt");
    emit_number(out, report->attempt);
    emit_key(out, "case");
    emit_digest(out, &report->case_id);
    emit_key(out, "catalog");
    buffer_append_byte(out, '{');
    emit_key(out, "digest");
    emit_digest(out, &report->catalog->digest);
    emit_key(out, "id");
    emit_text(out, report->catalog->id);
    emit_key(out, "maxAgeDays");
    emit_number(out, report->catalog->max_age_days);
    emit_key(out, "minorsMakeMajor");
    emit_number(out, report->catalog->minors_make_major);
    emit_key(out, "version");
    emit_number(out, (uint64_t)report->catalog->version);
    buffer_append_byte(out, '}');
    emit_key(out, "council");
    buffer_append_byte(out, '{');
    emit_key(out, "f");
    emit_number(out, report->quorum.faulty_max);
    emit_key(out, "n");
    emit_number(out, report->quorum.seat_count);
    emit_key(out, "q");
    emit_number(out, report->quorum.quorum_count);
    buffer_append_byte(out, '}');
}

static void write_decision(const struct report *report, struct buffer *out)
{
    char day[WHEN_DAY_SIZE];
    size_t sentence_count = 0;
    const char *const *sentences = report_not_done(&sentence_count);
    const char *purpose = findings_purpose_name(report->facts.purpose);

    emit_key(out, "decision");
    emit_text(out, findings_decision_name(report->findings.decision));
    emit_key(out, "docket");
    emit_digest(out, &report->docket);
    emit_key(out, "manifest");
    emit_digest(out, &report->manifest);
    emit_key(out, "notDone");
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < sentence_count; i++) {
        emit_comma(out);
        emit_text(out, sentences[i]);
    }
    buffer_append_byte(out, ']');
    emit_key(out, "outcome");
    emit_text(out, findings_outcome_name(report->findings.outcome));
    emit_key(out, "periodEnd");
    if (report->facts.period_end == 0) {
        buffer_append_text(out, "null");
    } else {
        emit_text(out, when_day(report->facts.period_end, day));
    }
    emit_key(out, "purpose");
    if (purpose == NULL) {
        buffer_append_text(out, "null");
    } else {
        emit_text(out, purpose);
    }
    emit_key(out, "reasons");
    buffer_append_byte(out, '[');
    for (unsigned reason = 0; reason < FINDINGS_REASON_COUNT; reason++) {
        if ((report->findings.reasons >> reason & 1) != 0) {
            emit_comma(out);
            emit_text(out, findings_reason_name((enum findings_reason)reason));
        }
    }
    buffer_append_byte(out, ']');
}

static void write_criterion(const struct report *report, size_t index, struct buffer *out)
{
    const struct report_criterion *criterion = &report->criteria[index];
    const struct catalog_criterion *question = &report->catalog->criteria[index];
    enum answer answer = (enum answer)report->findings.answers[index];

    emit_comma(out);
    buffer_append_byte(out, '{');
    emit_key(out, "answer");
    emit_text(out, answer == ANSWER_NONE ? "contested" : findings_answer_name(answer));
    emit_key(out, "id");
    emit_text(out, question->id);
    emit_key(out, "notMet");
    emit_text(out, catalog_grade_name(question->grade));
    if (report_is_one_source(report, index)) {
        emit_key(out, "oneSource");
        buffer_append_text(out, "true");
    }
    if (criterion->paper_voice != REPORT_NO_VOICE) {
        emit_key(out, "paper");
        buffer_append_byte(out, '{');
        emit_key(out, "digest");
        emit_digest(out, &criterion->paper);
        emit_key(out, "voice");
        emit_number(out, criterion->paper_voice);
        buffer_append_byte(out, '}');
    }
    emit_key(out, "votes");
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        if (criterion->votes[by_name[i]] != REPORT_NO_VOICE) {
            emit_key(out, findings_answer_name(by_name[i]));
            emit_number(out, criterion->votes[by_name[i]]);
        }
    }
    buffer_append_text(out, "}}");
}

static void write_requirements(const struct report *report, struct buffer *out)
{
    emit_key(out, "requirements");
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < report->catalog->requirement_count; i++) {
        const struct catalog_requirement *requirement = &report->catalog->requirements[i];

        emit_comma(out);
        buffer_append_byte(out, '{');
        emit_key(out, "criteria");
        buffer_append_byte(out, '[');
        for (size_t j = 0; j < requirement->criterion_count; j++) {
            write_criterion(report, requirement->criterion_first + j, out);
        }
        buffer_append_byte(out, ']');
        emit_key(out, "grade");
        emit_text(out, findings_grade_name((enum findings_grade)report->findings.grades[i]));
        emit_key(out, "id");
        emit_text(out, requirement->id);
        if (report->findings.is_raised[i]) {
            emit_key(out, "raised");
            buffer_append_text(out, "true");
        }
        buffer_append_byte(out, '}');
    }
    buffer_append_byte(out, ']');
}

static void write_council(const struct report *report, struct buffer *out)
{
    emit_key(out, "roster");
    emit_digest(out, &report->roster);
    emit_key(out, "rulesets");
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < report->ruleset_count; i++) {
        emit_comma(out);
        buffer_append_byte(out, '{');
        emit_key(out, "digest");
        emit_digest(out, &report->rulesets[i].digest);
        emit_key(out, "voice");
        emit_number(out, report->rulesets[i].voice);
        buffer_append_byte(out, '}');
    }
    buffer_append_byte(out, ']');
    emit_key(out, "seats");
    buffer_append_byte(out, '[');
    for (uint8_t seat = 0; seat < report->quorum.seat_count; seat++) {
        emit_comma(out);
        buffer_append_byte(out, '{');
        emit_key(out, "host");
        emit_text(out, report->seats[seat].host);
        emit_key(out, "operator");
        emit_text(out, report->seats[seat].operator_name);
        emit_key(out, "ruleset");
        emit_text(out, report->seats[seat].ruleset);
        buffer_append_byte(out, '}');
    }
    buffer_append_byte(out, ']');
}

static void write_voice(const struct report_voice *voice, uint8_t seat_count, struct buffer *out)
{
    emit_comma(out);
    buffer_append_byte(out, '{');
    emit_key(out, "count");
    emit_number(out, voice->seat_count);
    emit_key(out, "hosts");
    emit_number(out, voice->host_count);
    emit_key(out, "operators");
    emit_number(out, voice->operator_count);
    emit_key(out, "rulesets");
    emit_number(out, voice->ruleset_count);
    emit_key(out, "seats");
    buffer_append_byte(out, '[');
    for (uint8_t seat = 0; seat < seat_count; seat++) {
        if (seat_set_has(&voice->seats, seat)) {
            emit_comma(out);
            emit_number(out, seat);
        }
    }
    buffer_append_text(out, "]}");
}

void report_write(const struct report *report, struct buffer *out)
{
    CHECK(report->findings.decision != 0);
    buffer_append_byte(out, '{');
    write_attendance(report, out);
    write_frame(report, out);
    write_decision(report, out);
    write_requirements(report, out);
    write_council(report, out);
    emit_key(out, "submitter");
    emit_text(out, report->submitter);
    emit_key(out, "type");
    emit_text(out, REPORT_TYPE);
    emit_key(out, "voices");
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < report->voice_count; i++) {
        write_voice(&report->voices[i], report->quorum.seat_count, out);
    }
    buffer_append_text(out, "]}");
}
