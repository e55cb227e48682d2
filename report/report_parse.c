#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "report/ballots.h"
#include "report/read.h"
#include "report/report.h"
#include "report/when.h"

/* One report.json on its way in. */
struct reading {
    const struct tree *root;
    struct arena *arena;
    struct report *report;
    struct catalog *catalog;
    struct tally tally;
    struct seat_set assessed;
    size_t voice_count; /* As written; the report numbers its voices anew. */
    struct seat_set *voices;
    struct error *error;
};

static bool out_of_memory(struct error *error)
{
    return error_set(error, ERROR_LIMIT, "the report needs more memory than is allowed");
}

static bool read_facts(struct reading *reading)
{
    const struct tree *end = tree_get(reading->root, "periodEnd");
    const struct tree *purpose = tree_get(reading->root, "purpose");
    struct findings_facts *facts = &reading->report->facts;

    if (end == NULL || purpose == NULL) {
        return READ_FAIL(reading->root, reading->error, "periodEnd or purpose is missing");
    }
    if (end->type != TREE_NULL &&
        (end->type != TREE_TEXT || !when_parse_day(end->text, &facts->period_end))) {
        return READ_FAIL(end, reading->error, "periodEnd is not a day like 2026-06-30");
    }
    if (purpose->type != TREE_NULL) {
        facts->purpose = purpose->type == TREE_TEXT ? findings_purpose_of(purpose->text) : 0;
        if (facts->purpose == MESSAGE_PURPOSE_UNKNOWN) {
            return READ_FAIL(purpose, reading->error, "purpose is not one that we know");
        }
    }
    facts->as_of = (uint32_t)(reading->report->as_of / WHEN_SECONDS);
    return true;
}

static bool read_catalog(struct reading *reading)
{
    struct catalog *catalog = arena_alloc(reading->arena, sizeof(*catalog));
    const struct tree *node = NULL;

    if (catalog == NULL) {
        return out_of_memory(reading->error);
    }
    reading->catalog = catalog;
    reading->report->catalog = catalog;
    return tree_need_map(reading->root, "catalog", &node, reading->error) &&
           read_digest(node, "digest", &catalog->digest, reading->error) &&
           read_name(node, "id", &catalog->id, reading->error) &&
           read_number(node, "maxAgeDays", 0, UINT32_MAX, &catalog->max_age_days, reading->error) &&
           read_number(node, "minorsMakeMajor", 0, UINT32_MAX, &catalog->minors_make_major,
                       reading->error) &&
           tree_need_integer(node, "version", 1, INT32_MAX, &catalog->version, reading->error);
}

static bool read_head(struct reading *reading)
{
    struct report *report = reading->report;
    struct error *error = reading->error;
    const struct tree *council = NULL;
    struct digest submitter;

    if (!read_word(reading->root, "type", REPORT_TYPE, error) ||
        !read_digest(reading->root, "case", &report->case_id, error) ||
        !read_digest(reading->root, "docket", &report->docket, error) ||
        !read_digest(reading->root, "manifest", &report->manifest, error) ||
        !read_digest(reading->root, "roster", &report->roster, error) ||
        !read_digest(reading->root, "submitter", &submitter, error) ||
        !read_number(reading->root, "attempt", 1, UINT32_MAX, &report->attempt, error) ||
        !read_time(reading->root, "asOf", &report->as_of, error)) {
        return false;
    }
    (void)encode_digest(&submitter, report->submitter);
    return read_facts(reading) && read_catalog(reading) &&
           tree_need_map(reading->root, "council", &council, error) &&
           read_quorum(council, &report->quorum, error);
}

static bool read_seats(struct reading *reading)
{
    uint8_t count = reading->report->quorum.seat_count;
    const struct tree *list = NULL;

    if (!read_list(reading->root, "seats", TREE_MAP, count, count, &list, reading->error)) {
        return false;
    }
    struct report_seat *seat = reading->report->seats;

    for (const struct tree *item = list->child; item != NULL; item = item->next, seat++) {
        if (!read_name(item, "host", &seat->host, reading->error) ||
            !read_name(item, "operator", &seat->operator_name, reading->error) ||
            !read_name(item, "ruleset", &seat->ruleset, reading->error)) {
            return false;
        }
        seat->attendance = REPORT_ASSESSED; /* Unless it is listed as something else. */
        seat->reason = MESSAGE_ASSESSED;
    }
    return true;
}

static enum message_reason reason_of(const char *name)
{
    unsigned reason = MESSAGE_REASON_COUNT - 1;

    while (reason > 0 && strcmp(report_reason_name((enum message_reason)reason), name) != 0) {
        reason--;
    }
    return (enum message_reason)reason;
}

static bool read_abstention(struct reading *reading, const struct tree *item)
{
    const char *name = NULL;
    uint32_t index = 0;

    if (!read_number(item, "seat", 0, reading->report->quorum.seat_count - 1U, &index,
                     reading->error) ||
        !read_name(item, "reason", &name, reading->error)) {
        return false;
    }
    struct report_seat *seat = &reading->report->seats[index];

    seat->attendance = REPORT_ABSTAINED;
    seat->reason = reason_of(name);
    if (seat->reason == MESSAGE_ASSESSED) {
        return READ_FAIL(item, reading->error, "\"%.40s\" is no reason to abstain", name);
    }
    return tree_get(item, "docket") == NULL ||
           read_digest(item, "docket", &seat->docket, reading->error);
}

static bool read_attendance(struct reading *reading)
{
    uint8_t count = reading->report->quorum.seat_count;
    const struct tree *absent = NULL;
    const struct tree *abstained = NULL;

    if (!read_list(reading->root, "absent", TREE_INTEGER, 0, count, &absent, reading->error) ||
        !read_list(reading->root, "abstained", TREE_MAP, 0, count, &abstained, reading->error)) {
        return false;
    }
    for (const struct tree *item = abstained->child; item != NULL; item = item->next) {
        if (!read_abstention(reading, item)) {
            return false;
        }
    }
    for (const struct tree *item = absent->child; item != NULL; item = item->next) {
        if (item->integer < 0 || item->integer >= count) {
            return READ_FAIL(item, reading->error, "there is no such seat among the absent");
        }
        reading->report->seats[item->integer].attendance = REPORT_ABSENT;
    }
    for (uint8_t seat = 0; seat < count; seat++) {
        if (reading->report->seats[seat].attendance == REPORT_ASSESSED) {
            seat_set_add(&reading->assessed, seat);
        }
    }
    reading->report->facts.sheet_count = seat_set_count(&reading->assessed);
    return true;
}

static bool read_voices(struct reading *reading)
{
    uint8_t count = reading->report->quorum.seat_count;
    const struct tree *list = NULL;

    if (!read_list(reading->root, "voices", TREE_MAP, 0, REPORT_VOICES_MAX, &list,
                   reading->error)) {
        return false;
    }
    reading->voices = arena_array(reading->arena, list->count, sizeof(*reading->voices));
    if (reading->voices == NULL) {
        return out_of_memory(reading->error);
    }
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        struct seat_set *voice = &reading->voices[reading->voice_count++];
        const struct tree *seats = NULL;

        if (!read_list(item, "seats", TREE_INTEGER, 1, count, &seats, reading->error)) {
            return false;
        }
        for (const struct tree *seat = seats->child; seat != NULL; seat = seat->next) {
            if (seat->integer < 0 || seat->integer >= count) {
                return READ_FAIL(seat, reading->error, "there is no such seat in a voice");
            }
            seat_set_add(voice, (uint8_t)seat->integer);
        }
    }
    return true;
}

/* The voice that NODE, member of something, names by number. */
static bool find_voice(const struct reading *reading, const struct tree *node, struct seat_set *out)
{
    if (node == NULL || node->type != TREE_INTEGER || node->integer < 0 ||
        (uint64_t)node->integer >= reading->voice_count) {
        return READ_FAIL(node == NULL ? reading->root : node, reading->error,
                         "a voice is named that is not in the list");
    }
    *out = reading->voices[node->integer];
    return true;
}

static bool read_rulesets(struct reading *reading)
{
    struct report *report = reading->report;
    const struct tree *list = NULL;

    if (!read_list(reading->root, "rulesets", TREE_MAP, 0, report->quorum.seat_count, &list,
                   reading->error)) {
        return false;
    }
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        struct report_ruleset *ruleset = &report->rulesets[report->ruleset_count];
        struct seat_set seats;

        if (!read_digest(item, "digest", &ruleset->digest, reading->error) ||
            !find_voice(reading, tree_get(item, "voice"), &seats)) {
            return false;
        }
        ruleset->voice = ballots_voice(report, &seats);
        report->ruleset_count++;
    }
    return true;
}

static enum answer answer_of(const char *name)
{
    unsigned answer = 0;

    while (answer < ANSWER_COUNT && strcmp(findings_answer_name((enum answer)answer), name) != 0) {
        answer++;
    }
    return (enum answer)answer;
}

/* Every seat that assessed the case said one thing about the criterion at NODE, and no other seat
 * did. */
static bool read_votes(const struct reading *reading, const struct tree *node,
                       struct ballots *ballots)
{
    const struct tree *votes = NULL;
    struct seat_set seen = {{0}};

    if (!tree_need_map(node, "votes", &votes, reading->error)) {
        return false;
    }
    for (const struct tree *vote = votes->child; vote != NULL; vote = vote->next) {
        enum answer answer = answer_of(vote->key);
        struct seat_set seats;

        if ((unsigned)answer >= ANSWER_COUNT) {
            return READ_FAIL(vote, reading->error, "\"%.40s\" is no answer", vote->key);
        }
        if (!find_voice(reading, vote, &seats)) {
            return false;
        }
        if ((seen.words[0] & seats.words[0]) != 0 || (seen.words[1] & seats.words[1]) != 0) {
            return READ_FAIL(vote, reading->error, "a seat gives two answers to one criterion");
        }
        seen.words[0] |= seats.words[0];
        seen.words[1] |= seats.words[1];
        ballots->answers[answer] = seats;
    }
    return seat_set_equal(&seen, &reading->assessed) ||
           READ_FAIL(node, reading->error,
                     "the votes on a criterion are not those of the seats that assessed the case");
}

/* A paper is shown for an agreed finding, by seats that stand behind it. */
static bool read_paper(const struct reading *reading, const struct tree *node,
                       struct ballots *ballots)
{
    const struct tree *paper = tree_get(node, "paper");
    const struct seat_set *agreed = NULL;

    for (unsigned answer = ANSWER_MET; answer < ANSWER_COUNT; answer++) {
        if (seat_set_count(&ballots->answers[answer]) >= reading->report->quorum.quorum_count) {
            agreed = &ballots->answers[answer];
        }
    }
    if ((agreed != NULL) != (paper != NULL)) {
        return READ_FAIL(node, reading->error,
                         "a paper is shown exactly where a quorum agrees, but not here");
    }
    if (paper == NULL) {
        return true;
    }
    if (!read_digest(paper, "digest", &ballots->paper, reading->error) ||
        !find_voice(reading, tree_get(paper, "voice"), &ballots->paper_seats)) {
        return false;
    }
    return ((ballots->paper_seats.words[0] & ~agreed->words[0]) == 0 &&
            (ballots->paper_seats.words[1] & ~agreed->words[1]) == 0) ||
           READ_FAIL(paper, reading->error, "a paper is shown of a seat that found otherwise");
}

static bool read_criterion(struct reading *reading, const struct tree *node, size_t requirement,
                           struct catalog_criterion *out)
{
    const char *not_met = NULL;
    struct ballots ballots = {0};

    if (reading->catalog->criterion_count >= CATALOG_CRITERIA_MAX) {
        return error_set(reading->error, ERROR_LIMIT, "the report has more than %d criteria",
                         CATALOG_CRITERIA_MAX);
    }
    if (node->type != TREE_MAP || !read_name(node, "id", &out->id, reading->error) ||
        !read_name(node, "notMet", &not_met, reading->error)) {
        return node->type == TREE_MAP ? false
                                      : READ_FAIL(node, reading->error, "a criterion is a map");
    }
    for (int grade = CATALOG_MAJOR; grade <= CATALOG_IMPROVEMENT; grade++) {
        if (strcmp(catalog_grade_name((enum catalog_grade)grade), not_met) == 0) {
            out->grade = (enum catalog_grade)grade;
        }
    }
    if (out->grade == 0) {
        return READ_FAIL(node, reading->error,
                         "notMet is \"%.40s\", want major, minor or improvement", not_met);
    }
    size_t length = strlen(out->id);

    out->requirement = requirement;
    out->is_applicability = length > 2 && strcmp(out->id + length - 2, "-0") == 0;
    if (!read_votes(reading, node, &ballots) || !read_paper(reading, node, &ballots)) {
        return false;
    }
    reading->tally.criterion_count++;
    ballots_add(reading->report, &reading->tally, reading->catalog->criterion_count++, &ballots);
    return true;
}

static bool read_requirements(struct reading *reading)
{
    struct catalog *catalog = reading->catalog;
    const struct tree *list = NULL;

    if (!read_list(reading->root, "requirements", TREE_MAP, 1, CATALOG_REQUIREMENTS_MAX, &list,
                   reading->error)) {
        return false;
    }
    struct catalog_requirement *requirement =
        arena_array(reading->arena, list->count, sizeof(*requirement));
    struct catalog_criterion *criterion =
        arena_array(reading->arena, CATALOG_CRITERIA_MAX, sizeof(*criterion));

    if (requirement == NULL || criterion == NULL) {
        return out_of_memory(reading->error);
    }
    catalog->requirements = requirement;
    catalog->criteria = criterion;
    for (const struct tree *item = list->child; item != NULL; item = item->next, requirement++) {
        const struct tree *criteria = NULL;

        if (!read_name(item, "id", &requirement->id, reading->error) ||
            !read_list(item, "criteria", TREE_MAP, 1, CATALOG_CRITERIA_MAX, &criteria,
                       reading->error)) {
            return false;
        }
        requirement->criterion_first = catalog->criterion_count;
        requirement->criterion_count = criteria->count;
        for (const struct tree *node = criteria->child; node != NULL; node = node->next) {
            if (!read_criterion(reading, node, catalog->requirement_count,
                                &criterion[catalog->criterion_count])) {
                return false;
            }
        }
        requirement->is_control = criterion[requirement->criterion_first].is_applicability;
        catalog->requirement_count++;
    }
    return true;
}

/* KEY of NODE says what the votes give. WHAT and ID name the subject. */
static bool claim_holds(const struct reading *reading, const struct tree *node, const char *key,
                        const char *found, const char *subject)
{
    const char *claimed = NULL;

    if (!read_name(node, key, &claimed, reading->error)) {
        return false;
    }
    return strcmp(claimed, found) == 0 ||
           READ_FAIL(node, reading->error, "the %s of %s is \"%.40s\", but its votes give \"%s\"",
                     key, subject, claimed, found);
}

static bool claims_hold(const struct reading *reading)
{
    const struct findings *findings = &reading->report->findings;
    const struct catalog *catalog = reading->catalog;
    size_t requirement = 0;
    size_t criterion = 0;

    for (const struct tree *item = tree_get(reading->root, "requirements")->child; item != NULL;
         item = item->next, requirement++) {
        for (const struct tree *node = tree_get(item, "criteria")->child; node != NULL;
             node = node->next, criterion++) {
            enum answer answer = (enum answer)findings->answers[criterion];
            const char *found = answer == ANSWER_NONE ? "contested" : findings_answer_name(answer);

            if (!claim_holds(reading, node, "answer", found, catalog->criteria[criterion].id)) {
                return false;
            }
        }
        if (!claim_holds(reading, item, "grade",
                         findings_grade_name((enum findings_grade)findings->grades[requirement]),
                         catalog->requirements[requirement].id)) {
            return false;
        }
    }
    return claim_holds(reading, reading->root, "decision",
                       findings_decision_name(findings->decision), "the report") &&
           claim_holds(reading, reading->root, "outcome", findings_outcome_name(findings->outcome),
                       "the report");
}

/* What the messages above do not name is found by writing the report again. */
static bool bytes_hold(const struct report *report, struct bytes source, const char *file,
                       struct error *error)
{
    struct buffer again = {0};
    size_t same = 0;

    report_write(report, &again);
    while (same < again.size && same < source.size && again.data[same] == source.data[same]) {
        same++;
    }
    bool is_equal = same == again.size && same == source.size;

    buffer_finish(&again);
    return is_equal ||
           error_set(error, ERROR_INVALID,
                     "%s: byte %zu is not what a report with these votes has there", file, same);
}

bool report_parse(struct bytes source, const char *file, struct arena *arena, struct report **out,
                  struct error *error)
{
    struct reading reading = {.arena = arena, .error = error};
    struct tree *root = NULL;

    if (source.size > REPORT_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: %zu bytes are more than the %d of a report", file,
                         source.size, REPORT_SIZE_MAX);
    }
    if (!tree_parse_json(source, file, arena, &root, error)) {
        return false;
    }
    reading.root = root;
    reading.report = arena_alloc(arena, sizeof(*reading.report));
    if (reading.report == NULL) {
        return out_of_memory(error);
    }
    if (root->type != TREE_MAP) {
        return READ_FAIL(root, error, "a report is a map");
    }
    if (!read_head(&reading) || !read_seats(&reading) || !read_attendance(&reading) ||
        !read_voices(&reading) || !read_requirements(&reading) || !read_rulesets(&reading)) {
        return false;
    }
    ballots_finish(reading.report, &reading.tally);
    if (!claims_hold(&reading) || !bytes_hold(reading.report, source, file, error)) {
        return false;
    }
    *out = reading.report;
    return true;
}
