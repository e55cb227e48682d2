/* Grades and decisions from counted answers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/findings.h"
#include "tests/report/fixture.h"

static const struct quorum of_five = {.seat_count = 5, .faulty_max = 1, .quorum_count = 4};

static const struct findings_facts fresh = {
    .sheet_count = 5,
    .purpose = MESSAGE_PURPOSE_INITIAL,
    .period_end = FIXTURE_PERIOD,
    .as_of = FIXTURE_PERIOD + 20,
};

/* One letter per criterion: what five seats say. m, n, a and i by all; c contested between met and
 * not met. */
static void tally_of(const char *letters, struct tally *tally)
{
    tally_init(tally, FIXTURE_CRITERIA);
    assert_int_equal(strlen(letters), FIXTURE_CRITERIA);
    for (size_t i = 0; i < FIXTURE_CRITERIA; i++) {
        switch (letters[i]) {
        case 'm':
            tally->counts[i][ANSWER_MET] = 5;
            break;
        case 'n':
            tally->counts[i][ANSWER_NOT_MET] = 5;
            break;
        case 'a':
            tally->counts[i][ANSWER_NOT_APPLICABLE] = 5;
            break;
        case 'i':
            tally->counts[i][ANSWER_INSUFFICIENT] = 5;
            break;
        default:
            tally->counts[i][ANSWER_MET] = 3;
            tally->counts[i][ANSWER_NOT_MET] = 2;
            break;
        }
    }
}

static struct findings findings_of(const char *letters, const struct findings_facts *facts)
{
    struct tally tally;
    struct findings findings;

    tally_of(letters, &tally);
    findings_make(fixture_catalog(), &of_five, &tally, facts, &findings);
    return findings;
}

/* 4.1 is major, minor, minor; two minors make a major. */
static void a_grade_is_what_the_worst_failed_criterion_earns(void **state)
{
    static const struct {
        const char *letters;
        size_t requirement;
        enum findings_grade grade;
    } cases[] = {
        {"mmmmmmmmm", 0, FINDINGS_CONFORMING},     {"nmmmmmmmm", 0, FINDINGS_MAJOR},
        {"mnmmmmmmm", 0, FINDINGS_MINOR},          {"mnnmmmmmm", 0, FINDINGS_MAJOR},
        {"nnnmmmmmm", 0, FINDINGS_MAJOR},          {"mammmmmmm", 0, FINDINGS_CONFORMING},
        {"aaammmmmm", 0, FINDINGS_NOT_ASSESSED},   {"mmmmmnmmm", 2, FINDINGS_IMPROVEMENT},
        {"mmmmmnnmm", 2, FINDINGS_MINOR},          {"mmmmmmmam", 3, FINDINGS_NOT_APPLICABLE},
        {"mmmmmmman", 3, FINDINGS_NOT_APPLICABLE}, {"mmmmmmmac", 3, FINDINGS_NOT_APPLICABLE},
        {"mmmmmmmnm", 3, FINDINGS_MINOR},          {"mmmmmmmnn", 3, FINDINGS_MAJOR},
        {"mmmmmmmma", 3, FINDINGS_CONFORMING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct findings findings = findings_of(cases[i].letters, &fresh);

        if (findings.grades[cases[i].requirement] != cases[i].grade) {
            fail_msg("%s gives %u", cases[i].letters, findings.grades[cases[i].requirement]);
        }
    }
}

static void undecided_criteria_count_only_where_they_could_change_the_grade(void **state)
{
    static const struct {
        const char *letters;
        size_t requirement;
        enum findings_grade grade;
    } cases[] = {
        {"immmmmmmm", 0, FINDINGS_NOT_ASSESSED}, /* Conforming or major. */
        {"cmmmmmmmm", 0, FINDINGS_CONTESTED},
        {"nimmmmmmm", 0, FINDINGS_MAJOR}, /* A major whatever the rest. */
        {"ncmmmmmmm", 0, FINDINGS_MAJOR},
        {"mnimmmmmm", 0, FINDINGS_NOT_ASSESSED}, /* Minor, or a major made of two. */
        {"mncmmmmmm", 0, FINDINGS_CONTESTED},
        {"micmmmmmm", 0, FINDINGS_CONTESTED}, /* The contested one alone: minor or conforming. */
        {"icmmmmmmm", 0, FINDINGS_CONTESTED}, /* With the major met it could change it. */
        {"mmmmmniim", 2, FINDINGS_NOT_ASSESSED},
        {"mmmmmnimm", 2, FINDINGS_NOT_ASSESSED}, /* A failed improvement hides nothing. */
        {"mmmmminmm", 2, FINDINGS_MINOR},        /* An open improvement cannot undo a minor. */
        {"mmmmmcnmm", 2, FINDINGS_MINOR},
        {"mmmmmmmcm", 3, FINDINGS_CONTESTED},
        {"mmmmmmmim", 3, FINDINGS_NOT_ASSESSED},
        {"aaimmmmmm", 0, FINDINGS_NOT_ASSESSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct findings findings = findings_of(cases[i].letters, &fresh);

        if (findings.grades[cases[i].requirement] != cases[i].grade) {
            fail_msg("%s gives %u", cases[i].letters, findings.grades[cases[i].requirement]);
        }
    }
}

static void a_major_made_of_minors_is_marked(void **state)
{
    (void)state;
    assert_true(findings_of("mnnmmmmmm", &fresh).is_raised[0]);
    assert_false(findings_of("nnnmmmmmm", &fresh).is_raised[0]);
    assert_false(findings_of("mnmmmmmmm", &fresh).is_raised[0]);
}

/* No grade may be better than the one that the same votes give with an undecided criterion failed,
 * unless the requirement says that it is undecided. All 5^9 votes are too many: all of 4.1. */
static void no_undecided_criterion_hides_a_worse_grade(void **state)
{
    static const char letters[] = "mnaic";
    static const uint8_t rank[FINDINGS_GRADE_COUNT] = {
        [FINDINGS_IMPROVEMENT] = 1, [FINDINGS_MINOR] = 2, [FINDINGS_MAJOR] = 3};
    uint32_t undecided_count = 0;

    (void)state;
    for (size_t vote = 0; vote < 125; vote++) {
        char text[] = "mmmmmmmmm";
        char failed[] = "mmmmmmmmm";
        size_t digits = vote;

        for (size_t i = 0; i < 3; i++, digits /= 5) {
            text[i] = letters[digits % 5];
            failed[i] = text[i] == 'i' || text[i] == 'c' ? 'n' : text[i];
        }
        enum findings_grade grade = findings_of(text, &fresh).grades[0];
        enum findings_grade worst = findings_of(failed, &fresh).grades[0];

        if (grade == FINDINGS_CONTESTED || grade == FINDINGS_NOT_ASSESSED) {
            undecided_count++;
        } else if (rank[grade] != rank[worst]) {
            fail_msg("%s gives %u, %s gives %u", text, grade, failed, worst);
        }
        if (strchr(text, 'c') == NULL && grade == FINDINGS_CONTESTED) {
            fail_msg("%s is contested by nobody", text);
        }
    }
    assert_in_range(undecided_count, 1, 124);
}

static void a_quorum_is_of_the_whole_council(void **state)
{
    struct tally tally;
    struct findings findings;

    (void)state;
    tally_of("mmmmmmmmm", &tally);
    tally.counts[0][ANSWER_MET] = 4;
    tally.counts[1][ANSWER_MET] = 3;
    tally.counts[2][ANSWER_MET] = 0;
    tally.counts[2][ANSWER_NONE] = 5;
    findings_make(fixture_catalog(), &of_five, &tally, &fresh, &findings);
    assert_int_equal(findings.answers[0], ANSWER_MET);
    assert_int_equal(findings.answers[1], ANSWER_NONE);
    assert_int_equal(findings.answers[2], ANSWER_NONE);
    assert_int_equal(findings.outcome, FINDINGS_IN_DISPUTE);
}

static uint32_t bit(enum findings_reason reason)
{
    return UINT32_C(1) << reason;
}

static void the_decision_follows_from_grades_and_age(void **state)
{
    struct findings_facts old = fresh;
    struct findings_facts internal = fresh;
    struct findings_facts ageless = fresh;
    struct findings_facts future = fresh;
    struct findings_facts unheard = fresh;
    struct findings_facts edge = fresh;

    (void)state;
    old.as_of = old.period_end + 91;
    edge.as_of = edge.period_end + 90;
    internal.as_of = internal.period_end + 1000;
    internal.purpose = MESSAGE_PURPOSE_INTERNAL;
    ageless.period_end = 0;
    future.period_end = future.as_of + 1;
    unheard.sheet_count = 3;

    const struct {
        const char *letters;
        const struct findings_facts *facts;
        enum findings_decision decision;
        uint32_t reasons;
    } cases[] = {
        {"mmmmmmmmm", &fresh, FINDINGS_RECOMMENDED, 0},
        {"mmmmmnmmm", &fresh, FINDINGS_RECOMMENDED, 0},
        {"mmmmmmmam", &fresh, FINDINGS_RECOMMENDED, 0},
        {"mnmmmmmmm", &fresh, FINDINGS_CONDITIONS, bit(FINDINGS_REASON_MINOR)},
        {"immmmmmmm", &fresh, FINDINGS_DEFERRED, bit(FINDINGS_REASON_NOT_ASSESSED)},
        {"cmmmmmmmm", &fresh, FINDINGS_DEFERRED, bit(FINDINGS_REASON_CONTESTED)},
        {"cmminmmmm", &fresh, FINDINGS_DEFERRED,
         bit(FINDINGS_REASON_CONTESTED) | bit(FINDINGS_REASON_NOT_ASSESSED)},
        {"nmmimmmmm", &fresh, FINDINGS_NOT_RECOMMENDED,
         bit(FINDINGS_REASON_MAJOR) | bit(FINDINGS_REASON_NOT_ASSESSED)},
        {"mmmmmmmmm", &old, FINDINGS_DEFERRED, bit(FINDINGS_REASON_OLD_EVIDENCE)},
        {"nmmmmmmmm", &old, FINDINGS_NOT_RECOMMENDED,
         bit(FINDINGS_REASON_MAJOR) | bit(FINDINGS_REASON_OLD_EVIDENCE)},
        {"mmmmmmmmm", &edge, FINDINGS_RECOMMENDED, 0},
        {"mmmmmmmmm", &internal, FINDINGS_RECOMMENDED, 0},
        {"mmmmmmmmm", &ageless, FINDINGS_DEFERRED, bit(FINDINGS_REASON_UNKNOWN_AGE)},
        {"mmmmmmmmm", &future, FINDINGS_DEFERRED, bit(FINDINGS_REASON_UNKNOWN_AGE)},
        {"mmmmmmmmm", &unheard, FINDINGS_DEFERRED, bit(FINDINGS_REASON_UNHEARD)},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct findings findings = findings_of(cases[i].letters, cases[i].facts);

        if (findings.decision != cases[i].decision || findings.reasons != cases[i].reasons) {
            fail_msg("case %zu: decision %u, reasons %#x", i, findings.decision, findings.reasons);
        }
    }
}

static void facts_count_only_when_a_quorum_gives_them(void **state)
{
    struct message_sheet sheets[5] = {{0}};
    const struct message_sheet *list[5];
    struct findings_facts facts;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        sheets[i].purpose = MESSAGE_PURPOSE_INTERNAL;
        sheets[i].period_end = FIXTURE_PERIOD;
        list[i] = &sheets[i];
    }
    sheets[0].purpose = MESSAGE_PURPOSE_INITIAL;
    findings_count_facts(list, 5, 4, &facts);
    assert_int_equal(facts.purpose, MESSAGE_PURPOSE_INTERNAL);
    assert_int_equal(facts.period_end, FIXTURE_PERIOD);

    sheets[1].period_end++;
    list[2] = NULL;
    findings_count_facts(list, 5, 4, &facts);
    assert_int_equal(facts.purpose, MESSAGE_PURPOSE_UNKNOWN);
    assert_int_equal(facts.period_end, 0);
}

static void names_come_back(void **state)
{
    (void)state;
    for (unsigned i = 1; i < FINDINGS_DECISION_COUNT; i++) {
        assert_int_equal(findings_decision_of(findings_decision_name((enum findings_decision)i)),
                         i);
    }
    for (unsigned i = 1; i < FINDINGS_OUTCOME_COUNT; i++) {
        assert_int_equal(findings_outcome_of(findings_outcome_name((enum findings_outcome)i)), i);
    }
    for (unsigned i = 1; i < MESSAGE_PURPOSE_COUNT; i++) {
        assert_int_equal(findings_purpose_of(findings_purpose_name((enum message_purpose)i)), i);
    }
    assert_int_equal(findings_decision_of("splendid"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grade_is_what_the_worst_failed_criterion_earns),
        cmocka_unit_test(undecided_criteria_count_only_where_they_could_change_the_grade),
        cmocka_unit_test(a_major_made_of_minors_is_marked),
        cmocka_unit_test(no_undecided_criterion_hides_a_worse_grade),
        cmocka_unit_test(a_quorum_is_of_the_whole_council),
        cmocka_unit_test(the_decision_follows_from_grades_and_age),
        cmocka_unit_test(facts_count_only_when_a_quorum_gives_them),
        cmocka_unit_test(names_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
