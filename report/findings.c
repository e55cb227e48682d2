#include "report/findings.h"

#include <string.h>

#include "base/check.h"

static const char *const grade_names[FINDINGS_GRADE_COUNT] = {
    [FINDINGS_CONFORMING] = "conforming",
    [FINDINGS_IMPROVEMENT] = "improvement",
    [FINDINGS_MINOR] = "minor",
    [FINDINGS_MAJOR] = "major",
    [FINDINGS_NOT_APPLICABLE] = "notApplicable",
    [FINDINGS_CONTESTED] = "contested",
    [FINDINGS_NOT_ASSESSED] = "notAssessed",
};

static const char *const decision_names[FINDINGS_DECISION_COUNT] = {
    [FINDINGS_RECOMMENDED] = "recommended",
    [FINDINGS_CONDITIONS] = "recommendedWithConditions",
    [FINDINGS_DEFERRED] = "deferred",
    [FINDINGS_NOT_RECOMMENDED] = "notRecommended",
};

static const char *const outcome_names[FINDINGS_OUTCOME_COUNT] = {
    [FINDINGS_UNHEARD] = "unheard",
    [FINDINGS_IN_DISPUTE] = "contested",
    [FINDINGS_CONCLUSIVE] = "conclusive",
};

static const char *const reason_names[FINDINGS_REASON_COUNT] = {
    [FINDINGS_REASON_UNHEARD] = "unheard",
    [FINDINGS_REASON_MAJOR] = "major",
    [FINDINGS_REASON_CONTESTED] = "contested",
    [FINDINGS_REASON_NOT_ASSESSED] = "notAssessed",
    [FINDINGS_REASON_OLD_EVIDENCE] = "oldEvidence",
    [FINDINGS_REASON_UNKNOWN_AGE] = "unknownAge",
    [FINDINGS_REASON_MINOR] = "minor",
};

static const char *const purpose_names[MESSAGE_PURPOSE_COUNT] = {
    [MESSAGE_PURPOSE_INITIAL] = "initial",
    [MESSAGE_PURPOSE_SURVEILLANCE] = "surveillance",
    [MESSAGE_PURPOSE_RECERTIFICATION] = "recertification",
    [MESSAGE_PURPOSE_INTERNAL] = "internal",
};

static const char *const answer_names[ANSWER_COUNT] = {
    [ANSWER_NONE] = "none",
    [ANSWER_MET] = "met",
    [ANSWER_NOT_MET] = "notMet",
    [ANSWER_NOT_APPLICABLE] = "notApplicable",
    [ANSWER_INSUFFICIENT] = "insufficient",
};

/* What an undecided criterion is taken for. */
struct assumption {
    enum answer contested;
    enum answer insufficient;
};

struct grading {
    enum findings_grade grade;
    bool is_raised;
};

static enum answer assume(enum answer answer, const struct assumption *assumption)
{
    switch (answer) {
    case ANSWER_NONE:
        return assumption->contested;
    case ANSWER_INSUFFICIENT:
        return assumption->insufficient;
    case ANSWER_MET:
    case ANSWER_NOT_MET:
    case ANSWER_NOT_APPLICABLE:
        return answer;
    }
    CHECK_UNREACHABLE();
}

/* The grade when every criterion of REQUIREMENT has an answer, be it an assumed one. */
static struct grading grade_assumed(const struct catalog *catalog, size_t requirement,
                                    const uint8_t *answers, const struct assumption *assumption)
{
    const struct catalog_requirement *subject = &catalog->requirements[requirement];
    uint32_t failed[CATALOG_IMPROVEMENT + 1] = {0}; /* By enum catalog_grade. */
    size_t outside_count = 0;

    for (size_t i = 0; i < subject->criterion_count; i++) {
        const struct catalog_criterion *criterion =
            &catalog->criteria[subject->criterion_first + i];
        enum answer answer = assume((enum answer)answers[subject->criterion_first + i], assumption);

        if (answer == ANSWER_NOT_APPLICABLE && criterion->is_applicability) {
            return (struct grading){.grade = FINDINGS_NOT_APPLICABLE};
        }
        failed[criterion->grade] += answer == ANSWER_NOT_MET;
        outside_count += answer == ANSWER_NOT_APPLICABLE;
    }
    if (outside_count == subject->criterion_count) {
        return (struct grading){.grade = FINDINGS_NOT_ASSESSED};
    }
    if (failed[CATALOG_MAJOR] > 0) {
        return (struct grading){.grade = FINDINGS_MAJOR};
    }
    if (failed[CATALOG_MINOR] > 0) {
        bool is_raised = failed[CATALOG_MINOR] >= catalog->minors_make_major;

        return (struct grading){is_raised ? FINDINGS_MAJOR : FINDINGS_MINOR, is_raised};
    }
    return (struct grading){
        failed[CATALOG_IMPROVEMENT] > 0 ? FINDINGS_IMPROVEMENT : FINDINGS_CONFORMING, false};
}

static struct grading grade_requirement(const struct catalog *catalog, size_t requirement,
                                        const uint8_t *answers)
{
    const struct assumption best = {ANSWER_MET, ANSWER_MET};
    const struct assumption worst = {ANSWER_NOT_MET, ANSWER_NOT_MET};
    const struct assumption mixed[] = {{ANSWER_NOT_MET, ANSWER_MET}, {ANSWER_MET, ANSWER_NOT_MET}};
    struct grading at_best = grade_assumed(catalog, requirement, answers, &best);
    struct grading at_worst = grade_assumed(catalog, requirement, answers, &worst);

    if (at_best.grade == at_worst.grade) {
        return at_best;
    }
    /* Would the contested criteria alone change it, the insufficient ones all met or all not? */
    if (grade_assumed(catalog, requirement, answers, &mixed[0]).grade != at_best.grade ||
        grade_assumed(catalog, requirement, answers, &mixed[1]).grade != at_worst.grade) {
        return (struct grading){.grade = FINDINGS_CONTESTED};
    }
    return (struct grading){.grade = FINDINGS_NOT_ASSESSED};
}

static uint32_t reason_bit(enum findings_reason reason, bool applies)
{
    return applies ? UINT32_C(1) << reason : 0;
}

/* An internal assessment may look at any period. */
static uint32_t judge_age(const struct catalog *catalog, const struct findings_facts *facts)
{
    bool is_known = facts->period_end != 0 && facts->period_end <= facts->as_of;

    if (facts->purpose == MESSAGE_PURPOSE_INTERNAL) {
        return 0;
    }
    return reason_bit(FINDINGS_REASON_UNKNOWN_AGE, !is_known) |
           reason_bit(FINDINGS_REASON_OLD_EVIDENCE,
                      is_known && facts->as_of - facts->period_end > catalog->max_age_days);
}

static enum findings_decision decide(uint32_t reasons)
{
    if ((reasons & reason_bit(FINDINGS_REASON_MAJOR, true)) != 0) {
        return FINDINGS_NOT_RECOMMENDED;
    }
    if ((reasons & ~reason_bit(FINDINGS_REASON_MINOR, true)) != 0) {
        return FINDINGS_DEFERRED;
    }
    return reasons != 0 ? FINDINGS_CONDITIONS : FINDINGS_RECOMMENDED;
}

void findings_make(const struct catalog *catalog, const struct quorum *quorum,
                   const struct tally *tally, const struct findings_facts *facts,
                   struct findings *out)
{
    bool is_contested = false;
    bool has_grade[FINDINGS_GRADE_COUNT] = {false};

    CHECK(catalog->criterion_count <= CATALOG_CRITERIA_MAX);
    CHECK(catalog->requirement_count <= CATALOG_REQUIREMENTS_MAX);
    CHECK(tally->criterion_count == catalog->criterion_count);
    for (uint16_t i = 0; i < tally->criterion_count; i++) {
        out->answers[i] = (uint8_t)tally_agreed(tally, i, quorum->quorum_count);
        is_contested = is_contested || out->answers[i] == ANSWER_NONE;
    }
    for (size_t i = 0; i < catalog->requirement_count; i++) {
        struct grading grading = grade_requirement(catalog, i, out->answers);

        out->grades[i] = (uint8_t)grading.grade;
        out->is_raised[i] = grading.is_raised;
        has_grade[grading.grade] = true;
    }

    bool is_heard = facts->sheet_count >= quorum->quorum_count;

    out->outcome = !is_heard      ? FINDINGS_UNHEARD
                   : is_contested ? FINDINGS_IN_DISPUTE
                                  : FINDINGS_CONCLUSIVE;
    out->reasons = reason_bit(FINDINGS_REASON_UNHEARD, !is_heard) |
                   reason_bit(FINDINGS_REASON_MAJOR, has_grade[FINDINGS_MAJOR]) |
                   reason_bit(FINDINGS_REASON_CONTESTED, has_grade[FINDINGS_CONTESTED]) |
                   reason_bit(FINDINGS_REASON_NOT_ASSESSED, has_grade[FINDINGS_NOT_ASSESSED]) |
                   reason_bit(FINDINGS_REASON_MINOR, has_grade[FINDINGS_MINOR]) |
                   judge_age(catalog, facts);
    out->decision = decide(out->reasons);
}

void findings_count_facts(const struct message_sheet *const *sheets, size_t count,
                          uint8_t quorum_count, struct findings_facts *facts)
{
    facts->purpose = MESSAGE_PURPOSE_UNKNOWN;
    facts->period_end = 0;
    for (size_t i = 0; i < count; i++) {
        size_t purposes_alike = 0;
        size_t ends_alike = 0;

        for (size_t j = 0; sheets[i] != NULL && j < count; j++) {
            if (sheets[j] != NULL) {
                purposes_alike += sheets[j]->purpose == sheets[i]->purpose;
                ends_alike += sheets[j]->period_end == sheets[i]->period_end;
            }
        }
        if (purposes_alike >= quorum_count) {
            CHECK(sheets[i]->purpose < MESSAGE_PURPOSE_COUNT);
            facts->purpose = (enum message_purpose)sheets[i]->purpose;
        }
        if (ends_alike >= quorum_count) {
            facts->period_end = sheets[i]->period_end;
        }
    }
}

uint32_t findings_count(const struct catalog *catalog, const struct findings *findings,
                        enum findings_grade grade)
{
    uint32_t count = 0;

    for (size_t i = 0; i < catalog->requirement_count; i++) {
        count += findings->grades[i] == grade;
    }
    return count;
}

const char *findings_grade_name(enum findings_grade grade)
{
    CHECK(grade > 0);
    CHECK(grade < FINDINGS_GRADE_COUNT);
    return grade_names[grade];
}

const char *findings_decision_name(enum findings_decision decision)
{
    CHECK(decision > 0);
    CHECK(decision < FINDINGS_DECISION_COUNT);
    return decision_names[decision];
}

const char *findings_outcome_name(enum findings_outcome outcome)
{
    CHECK(outcome > 0);
    CHECK(outcome < FINDINGS_OUTCOME_COUNT);
    return outcome_names[outcome];
}

const char *findings_reason_name(enum findings_reason reason)
{
    CHECK(reason < FINDINGS_REASON_COUNT);
    return reason_names[reason];
}

const char *findings_purpose_name(enum message_purpose purpose)
{
    CHECK(purpose < MESSAGE_PURPOSE_COUNT);
    return purpose_names[purpose];
}

const char *findings_answer_name(enum answer answer)
{
    CHECK(answer < ANSWER_COUNT);
    return answer_names[answer];
}

/* Index of NAME among COUNT names, some of which may be NULL; 0 when it is not there. */
static unsigned find_name(const char *const *names, unsigned count, const char *name)
{
    for (unsigned i = 1; i < count; i++) {
        if (names[i] != NULL && strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return 0;
}

enum findings_decision findings_decision_of(const char *name)
{
    return (enum findings_decision)find_name(decision_names, FINDINGS_DECISION_COUNT, name);
}

enum findings_outcome findings_outcome_of(const char *name)
{
    return (enum findings_outcome)find_name(outcome_names, FINDINGS_OUTCOME_COUNT, name);
}

enum message_purpose findings_purpose_of(const char *name)
{
    return (enum message_purpose)find_name(purpose_names, MESSAGE_PURPOSE_COUNT, name);
}
