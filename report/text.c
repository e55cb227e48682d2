#include "report/text.h"

#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "report/lines.h"
#include "report/rows.h"
#include "report/when.h"

static const char *const grade_words[FINDINGS_GRADE_COUNT] = {
    [FINDINGS_CONFORMING] = "conforming",
    [FINDINGS_IMPROVEMENT] = "improvement",
    [FINDINGS_MINOR] = "minor",
    [FINDINGS_MAJOR] = "MAJOR",
    [FINDINGS_NOT_APPLICABLE] = "not applicable",
    [FINDINGS_CONTESTED] = "CONTESTED",
    [FINDINGS_NOT_ASSESSED] = "NOT ASSESSED",
};

static const char *const decision_words[FINDINGS_DECISION_COUNT] = {
    [FINDINGS_RECOMMENDED] = "RECOMMENDED",
    [FINDINGS_CONDITIONS] =
        "RECOMMENDED WITH CONDITIONS: a plan for the minor nonconformities is due",
    [FINDINGS_DEFERRED] = "DEFERRED",
    [FINDINGS_NOT_RECOMMENDED] = "NOT RECOMMENDED",
};

static const char *const reason_words[FINDINGS_REASON_COUNT] = {
    [FINDINGS_REASON_UNHEARD] = "fewer seats assessed the case than a quorum needs",
    [FINDINGS_REASON_MAJOR] = "there are major nonconformities",
    [FINDINGS_REASON_CONTESTED] = "the council does not agree on some requirements",
    [FINDINGS_REASON_NOT_ASSESSED] = "for some requirements the evidence is not sufficient",
    [FINDINGS_REASON_OLD_EVIDENCE] = "the evidence is older than the catalogue allows",
    [FINDINGS_REASON_UNKNOWN_AGE] = "the council does not know how old the evidence is",
    [FINDINGS_REASON_MINOR] = "there are minor nonconformities",
};

static const char *const answer_words[ANSWER_COUNT] = {
    [ANSWER_NONE] = "no answer",
    [ANSWER_MET] = "met",
    [ANSWER_NOT_MET] = "not met",
    [ANSWER_NOT_APPLICABLE] = "not applicable",
    [ANSWER_INSUFFICIENT] = "insufficient evidence",
};

static const char *const abstention_words[MESSAGE_REASON_COUNT] = {
    [MESSAGE_ASSESSED] = "",
    [MESSAGE_NO_BUNDLE] = "could not get the bundle",
    [MESSAGE_BAD_BUNDLE] = "could not open the bundle",
    [MESSAGE_BAD_EVIDENCE] = "the evidence did not pass the checks",
    [MESSAGE_TOO_LATE] = "was not done in time",
    [MESSAGE_CRASHED] = "its assessor crashed",
    [MESSAGE_LIMIT] = "its assessor met a limit",
    [MESSAGE_CLOCK] = "its clock disagrees with the docket",
    [MESSAGE_BOUND] = "had assessed the case in another docket",
    [MESSAGE_CONCLUDED] = "knew an earlier result",
};

const char *text_grade(enum findings_grade grade)
{
    CHECK(grade > 0);
    CHECK(grade < FINDINGS_GRADE_COUNT);
    return grade_words[grade];
}

const char *text_decision(enum findings_decision decision)
{
    CHECK(decision > 0);
    CHECK(decision < FINDINGS_DECISION_COUNT);
    return decision_words[decision];
}

struct writing {
    const struct report *report;
    const struct catalog *catalog;
    const struct text_options *options;
    struct buffer *out;
    struct seat_set named; /* Seats that the text names by number so far. */
};

/* "0-3, 7": the seats of SET. They will be named at the end. */
static void list_seats(struct writing *writing, const struct seat_set *set, struct buffer *list)
{
    uint8_t count = writing->report->quorum.seat_count;

    for (uint8_t seat = 0; seat < count; seat++) {
        uint8_t last = seat;

        if (!seat_set_has(set, seat)) {
            continue;
        }
        seat_set_add(&writing->named, seat);
        while (last + 1 < count && seat_set_has(set, (uint8_t)(last + 1))) {
            seat_set_add(&writing->named, ++last);
        }
        buffer_append_text(list, list->size > 0 ? ", " : "");
        buffer_format(list, last > seat ? "%u-%u" : "%u", seat, last);
        seat = last;
    }
}

static void write_voice(struct writing *writing, size_t indent, const char *what, uint16_t index)
{
    const struct report_voice *voice = &writing->report->voices[index];

    lines_format(writing->out, indent, 2, "%s: %u of %u seats (%u %s, %u %s, %u %s)", what,
                 voice->seat_count, writing->report->quorum.seat_count, voice->operator_count,
                 voice->operator_count == 1 ? "operator" : "operators", voice->ruleset_count,
                 voice->ruleset_count == 1 ? "rule set" : "rule sets", voice->host_count,
                 voice->host_count == 1 ? "host" : "hosts");
}

static void write_decision(const struct writing *writing)
{
    const struct report *report = writing->report;
    struct buffer reasons = {0};

    lines_wrap(writing->out, 0, 2, decision_words[report->findings.decision]);
    for (unsigned reason = 0; reason < FINDINGS_REASON_COUNT; reason++) {
        if ((report->findings.reasons >> reason & 1) != 0) {
            buffer_format(&reasons, "%s%s", reasons.size > 0 ? "; " : "Because ",
                          reason_words[reason]);
        }
    }
    if (reasons.size > 0) {
        buffer_append_byte(&reasons, '.');
        lines_wrap(writing->out, 2, 0, buffer_text(&reasons));
    }
    buffer_finish(&reasons);
}

static void write_subject(const struct writing *writing)
{
    const struct report *report = writing->report;
    const char *purpose = findings_purpose_name(report->facts.purpose);
    char id[DIGEST_HEX_SIZE];
    char as_of[WHEN_TEXT_SIZE];
    char day[WHEN_DAY_SIZE] = "?";
    size_t counts[REPORT_ASSESSED + 1] = {0};

    for (uint8_t seat = 0; seat < report->quorum.seat_count; seat++) {
        counts[report->seats[seat].attendance]++;
    }
    if (report->facts.period_end != 0) {
        (void)when_day(report->facts.period_end, day);
    }
    buffer_append_byte(writing->out, '\n');
    lines_format(writing->out, 0, 2, "Case %s, attempt %u", encode_digest(&report->case_id, id),
                 report->attempt);
    lines_format(writing->out, 0, 2, "Catalogue %s %lld (%s)", writing->catalog->id,
                 (long long)writing->catalog->version, writing->catalog->title);
    lines_format(writing->out, 0, 2, "Purpose %s; evidence up to %s; judged as of %s",
                 purpose == NULL ? "?" : purpose, day, when_text(report->as_of, as_of));
    lines_format(writing->out, 0, 2,
                 "Council of %u seats, of which %u may be faulty; a finding needs %u equal answers",
                 report->quorum.seat_count, report->quorum.faulty_max, report->quorum.quorum_count);
    lines_format(writing->out, 0, 2, "Seats: %zu assessed the case; abstained: %zu; absent: %zu",
                 counts[REPORT_ASSESSED], counts[REPORT_ABSTAINED], counts[REPORT_ABSENT]);
    lines_format(writing->out, 0, 2, "Outcome: %s",
                 findings_outcome_name(report->findings.outcome));
}

/* Characters of ID that name its clause: "4" of 4.1, "A.2" of A.2.2. */
static size_t clause_length(const char *id)
{
    const char *end = strchr(id, '.');

    if (end != NULL && id[0] == 'A') {
        end = strchr(end + 1, '.');
    }
    return end == NULL ? strlen(id) : (size_t)(end - id);
}

static void write_table(const struct writing *writing)
{
    const struct catalog *catalog = writing->catalog;
    const struct findings *findings = &writing->report->findings;
    struct buffer counts = {0};
    const char *clause = "";

    for (unsigned grade = 1; grade < FINDINGS_GRADE_COUNT; grade++) {
        uint32_t count = findings_count(catalog, findings, (enum findings_grade)grade);

        if (count > 0) {
            buffer_format(&counts, "%s%u %s", counts.size > 0 ? ", " : "Requirements: ", count,
                          grade_words[grade]);
        }
    }
    lines_heading(writing->out, buffer_text(&counts));
    buffer_finish(&counts);
    for (size_t i = 0; i < catalog->requirement_count; i++) {
        const char *id = catalog->requirements[i].id;
        size_t length = clause_length(id);

        if (clause_length(clause) != length || strncmp(clause, id, length) != 0) {
            buffer_format(writing->out, "  %s%.*s\n", id[0] == 'A' ? "Annex " : "Clause ",
                          (int)length, id);
            clause = id;
        }
        buffer_format(writing->out, "    %-9s %-15s ", id, grade_words[findings->grades[i]]);
        lines_wrap(writing->out, 0, 30, catalog->requirements[i].title);
    }
}

/* The rows behind an open criterion, as the seat of the papers put them. */
static void write_rows(const struct writing *writing, size_t index)
{
    const struct papers *papers = writing->options->papers;
    const struct report_criterion *criterion = &writing->report->criteria[index];

    if (papers == NULL || index >= papers->result.count ||
        papers->result.answers[index].column_count <= ENGINE_REASON) {
        return;
    }
    const struct engine_answer *answer = &papers->result.answers[index];
    bool is_shown = papers_check(papers, index, &criterion->paper) == PAPERS_GENUINE;

    lines_format(writing->out, 6, 2, "In the words of seat %u%s:", papers->seat,
                 is_shown ? " (the paper that the report names)" : "");
    rows_quote(answer, writing->options->rows_max, 8, writing->out);
}

static void write_disputed(struct writing *writing, size_t index)
{
    for (unsigned answer = 0; answer < ANSWER_COUNT; answer++) {
        uint16_t voice = writing->report->criteria[index].votes[answer];

        if (voice != REPORT_NO_VOICE) {
            struct buffer seats = {0};

            write_voice(writing, 6, answer_words[answer], voice);
            list_seats(writing, &writing->report->voices[voice].seats, &seats);
            lines_format(writing->out, 8, 2, "seats %s", buffer_text(&seats));
            buffer_finish(&seats);
        }
    }
}

/* One criterion that is neither met nor out of question. */
static void write_open(struct writing *writing, size_t index)
{
    const struct report *report = writing->report;
    const struct catalog_criterion *criterion = &writing->catalog->criteria[index];
    enum answer answer = (enum answer)report->findings.answers[index];

    if (answer == ANSWER_MET || answer == ANSWER_NOT_APPLICABLE) {
        return;
    }
    lines_format(writing->out, 4, 2, "%s (%s) %s", criterion->id,
                 catalog_grade_name(criterion->grade), criterion->question);
    if (answer == ANSWER_NONE) {
        lines_wrap(writing->out, 6, 2, "Contested; a person has to look.");
        write_disputed(writing, index);
        return;
    }
    write_voice(writing, 6, answer == ANSWER_NOT_MET ? "Not met" : "Insufficient evidence",
                report->criteria[index].votes[answer]);
    if (report_is_one_source(report, index)) {
        lines_format(writing->out, 6, 2, "One source: the paper shown is shared by %u of them.",
                     report->voices[report->criteria[index].paper_voice].seat_count);
    }
    if (answer == ANSWER_NOT_MET) {
        lines_format(writing->out, 6, 2, "To do: %s", criterion->remediation);
    } else if (criterion->evidence.count > 0) {
        struct buffer registers = {0};

        for (size_t i = 0; i < criterion->evidence.count; i++) {
            buffer_format(&registers, "%s%s", i > 0 ? ", " : "", criterion->evidence.items[i]);
        }
        lines_format(writing->out, 6, 2, "Evidence wanted in: %s", buffer_text(&registers));
        buffer_finish(&registers);
    }
    write_rows(writing, index);
}

static bool has_dispute(const struct writing *writing, const struct catalog_requirement *subject)
{
    for (size_t i = 0; i < subject->criterion_count; i++) {
        if (writing->report->findings.answers[subject->criterion_first + i] == ANSWER_NONE) {
            return true;
        }
    }
    return false;
}

/* The requirements of one grade with what is open in them. Of those not applicable only the ones in
 * which something is contested all the same. */
static void write_grade(struct writing *writing, enum findings_grade grade, const char *heading)
{
    const struct findings *findings = &writing->report->findings;
    bool has_heading = false;

    for (size_t i = 0; i < writing->catalog->requirement_count; i++) {
        const struct catalog_requirement *subject = &writing->catalog->requirements[i];

        if (findings->grades[i] != grade ||
            (grade == FINDINGS_NOT_APPLICABLE && !has_dispute(writing, subject))) {
            continue;
        }
        if (!has_heading) {
            lines_heading(writing->out, heading);
            has_heading = true;
        }
        lines_format(writing->out, 2, 2, "%s %s%s", subject->id, subject->title,
                     findings->is_raised[i] ? ": its minors together make a major" : "");
        for (size_t j = 0; j < subject->criterion_count; j++) {
            write_open(writing, subject->criterion_first + j);
        }
    }
}

/* Who answered otherwise than an agreed finding, and where. */
static void write_dissent(struct writing *writing)
{
    const struct report *report = writing->report;
    bool has_heading = false;

    for (size_t voice = 0; voice < report->voice_count; voice++) {
        struct buffer where = {0};
        struct buffer seats = {0};

        for (size_t i = 0; i < writing->catalog->criterion_count; i++) {
            for (unsigned answer = 0; answer < ANSWER_COUNT; answer++) {
                if (report->criteria[i].votes[answer] == voice &&
                    report->findings.answers[i] != ANSWER_NONE &&
                    report->findings.answers[i] != answer) {
                    buffer_format(&where, "%s%s %s", where.size > 0 ? ", " : "",
                                  writing->catalog->criteria[i].id, answer_words[answer]);
                }
            }
        }
        if (where.size > 0) {
            if (!has_heading) {
                lines_heading(writing->out, "Dissent from agreed findings");
                has_heading = true;
            }
            list_seats(writing, &report->voices[voice].seats, &seats);
            lines_format(writing->out, 2, 2, "Seats %s: %s", buffer_text(&seats),
                         buffer_text(&where));
        }
        buffer_finish(&where);
        buffer_finish(&seats);
    }
}

static void write_missing(struct writing *writing)
{
    bool has_heading = false;

    for (uint8_t seat = 0; seat < writing->report->quorum.seat_count; seat++) {
        const struct report_seat *entry = &writing->report->seats[seat];

        if (entry->attendance == REPORT_ASSESSED) {
            continue;
        }
        if (!has_heading) {
            lines_heading(writing->out, "Seats without an answer");
            has_heading = true;
        }
        seat_set_add(&writing->named, seat);
        lines_format(writing->out, 2, 2, "Seat %u: %s", seat,
                     entry->attendance == REPORT_ABSENT ? "absent"
                                                        : abstention_words[entry->reason]);
    }
}

static void write_names(const struct writing *writing)
{
    if (seat_set_count(&writing->named) == 0) {
        return;
    }
    lines_heading(writing->out, "Seats named above");
    for (uint8_t seat = 0; seat < writing->report->quorum.seat_count; seat++) {
        const struct report_seat *entry = &writing->report->seats[seat];

        if (seat_set_has(&writing->named, seat)) {
            lines_format(writing->out, 2, 2, "Seat %u: %s, rule set %s, host %s", seat,
                         entry->operator_name, entry->ruleset, entry->host);
        }
    }
}

static void write_end(const struct writing *writing)
{
    size_t count = 0;
    const char *const *sentences = report_not_done(&count);

    lines_heading(writing->out, "What was not done");
    for (size_t i = 0; i < count; i++) {
        lines_wrap(writing->out, 2, 2, sentences[i]);
    }
    lines_heading(writing->out, "How to check this");
    lines_wrap(writing->out, 2, 4,
               "aims verify certificate.json --roster roster.json --report report.json");
    lines_wrap(writing->out, 2, 2,
               "It needs no network and trusts nobody but the seats of the roster.");
    lines_heading(writing->out, "Decision of a person who took no part in the assessment");
    buffer_append_text(writing->out, "  Name ______________________  Date ____________  Signature "
                                     "______________________\n");
}

void text_write(const struct report *report, const struct catalog *catalog,
                const struct text_options *options, struct buffer *out)
{
    struct writing writing = {.report = report, .catalog = catalog, .options = options, .out = out};

    CHECK(digest_equal(&report->catalog->digest, &catalog->digest));
    CHECK(report->catalog->criterion_count == catalog->criterion_count);
    write_decision(&writing);
    write_subject(&writing);
    write_table(&writing);
    write_grade(&writing, FINDINGS_MAJOR, "Major nonconformities");
    write_grade(&writing, FINDINGS_MINOR, "Minor nonconformities");
    write_grade(&writing, FINDINGS_CONTESTED, "Contested");
    write_grade(&writing, FINDINGS_NOT_ASSESSED, "Not assessed: what is missing");
    write_grade(&writing, FINDINGS_IMPROVEMENT, "Opportunities for improvement");
    write_grade(&writing, FINDINGS_NOT_APPLICABLE, "Not applicable, with something contested");
    write_dissent(&writing);
    write_missing(&writing);
    write_names(&writing);
    write_end(&writing);
}
