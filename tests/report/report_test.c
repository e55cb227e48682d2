/* Reports: from a verified book to bytes, and back with every number computed again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "formats/json.h"
#include "formats/tree.h"
#include "report/report.h"
#include "tests/report/fixture.h"

#define PARSE_MAX (64 * 1024 * 1024)

/* The tree at NODE as formats/json.h builds it; recursion is as deep as our own document. */
static struct json *json_of(const struct tree *node)
{
    struct json *json = NULL;

    switch (node->type) {
    case TREE_MAP:
        json = json_object();
        for (const struct tree *item = node->child; item != NULL; item = item->next) {
            json_set(json, item->key, json_of(item));
        }
        return json;
    case TREE_LIST:
        json = json_list();
        for (const struct tree *item = node->child; item != NULL; item = item->next) {
            json_add(json, json_of(item));
        }
        return json;
    case TREE_TEXT:
        return json_text(node->text);
    case TREE_INTEGER:
        return json_integer(node->integer);
    case TREE_BOOLEAN:
        return json_boolean(node->integer != 0);
    case TREE_NULL:
        return json_null();
    }
    return NULL;
}

static void assert_canonical(const struct buffer *text)
{
    struct arena *arena = arena_create(PARSE_MAX);
    struct buffer again = {0};
    struct tree *tree = NULL;
    struct error error;

    if (!tree_parse_json(buffer_bytes(text), "report.json", arena, &tree, &error)) {
        fail_msg("%s", error.message);
    }
    struct json *json = json_of(tree);

    json_write(json, &again);
    assert_string_equal(buffer_text(&again), buffer_text(text));
    json_destroy(json);
    buffer_finish(&again);
    arena_destroy(arena);
}

static struct report *make_report(const struct fixture *fixture, size_t index)
{
    struct report *report = malloc(sizeof(*report));

    assert_non_null(report);
    report_make(&fixture->source, index, report);
    return report;
}

/* Parses TEXT and writes it again. */
static bool survives(const struct buffer *text, struct error *error)
{
    struct arena *arena = arena_create(PARSE_MAX);
    struct report *report = NULL;
    bool is_read = report_parse(buffer_bytes(text), "report.json", arena, &report, error);

    if (is_read) {
        struct buffer again = {0};

        report_write(report, &again);
        assert_string_equal(buffer_text(&again), buffer_text(text));
        buffer_finish(&again);
    }
    arena_destroy(arena);
    return is_read;
}

static void agreement_of_all_is_recommended(void **state)
{
    struct fixture *fixture = fixture_create(5, 1, 2, fixture_catalog());
    struct buffer text = {0};
    struct error error;

    (void)state;
    fixture_hear(fixture);

    struct report *report = make_report(fixture, 1);

    assert_int_equal(report->findings.decision, FINDINGS_RECOMMENDED);
    assert_int_equal(report->findings.outcome, FINDINGS_CONCLUSIVE);
    assert_int_equal(report->voice_count, 3); /* Everybody, and one for each rule set. */
    assert_int_equal(report->voices[0].operator_count, 3);
    assert_int_equal(report->voices[0].ruleset_count, 2);
    assert_int_equal(report->voices[0].host_count, 5);
    assert_int_equal(report_votes(report, 0, ANSWER_MET), 5);
    assert_int_equal(report_votes(report, 0, ANSWER_NOT_MET), 0);
    report_write(report, &text);
    assert_canonical(&text);
    assert_true(survives(&text, &error));
    buffer_finish(&text);
    free(report);
    fixture_destroy(fixture);
}

static void a_dissenter_is_named_and_changes_nothing(void **state)
{
    struct fixture *fixture = fixture_create(5, 1, 1, fixture_catalog());

    (void)state;
    fixture_answer(fixture, 3, 3, 0, ANSWER_NOT_MET);
    fixture_hear(fixture);

    struct report *report = make_report(fixture, 0);
    uint16_t voice = report->criteria[0].votes[ANSWER_NOT_MET];

    assert_int_equal(report->findings.answers[0], ANSWER_MET);
    assert_int_equal(report->findings.decision, FINDINGS_RECOMMENDED);
    assert_int_not_equal(voice, REPORT_NO_VOICE);
    assert_int_equal(report->voices[voice].seat_count, 1);
    assert_true(seat_set_has(&report->voices[voice].seats, 3));
    free(report);
    fixture_destroy(fixture);
}

static void f_absent_seats_and_one_dissenter_make_a_finding_contested(void **state)
{
    struct fixture *fixture = fixture_create(5, 1, 1, fixture_catalog());

    (void)state;
    fixture->is_present[0] = false;
    fixture_answer(fixture, 4, 4, 3, ANSWER_INSUFFICIENT);
    fixture_hear(fixture);

    struct report *report = make_report(fixture, 0);

    assert_int_equal(report->seats[0].attendance, REPORT_ABSENT);
    assert_int_equal(report->findings.answers[3], ANSWER_NONE);
    assert_int_equal(report->findings.grades[1], FINDINGS_CONTESTED);
    assert_int_equal(report->findings.outcome, FINDINGS_IN_DISPUTE);
    assert_int_equal(report->findings.decision, FINDINGS_DEFERRED);
    assert_int_equal(report->criteria[3].paper_voice, REPORT_NO_VOICE);
    free(report);
    fixture_destroy(fixture);
}

static void too_many_abstentions_leave_a_case_unheard(void **state)
{
    struct fixture *fixture = fixture_create(5, 1, 2, fixture_catalog());
    struct buffer text = {0};
    struct error error;

    (void)state;
    fixture_vote(fixture, 1, 0)->is_assessed = false;
    fixture_vote(fixture, 1, 0)->reason = MESSAGE_BOUND;
    fixture_vote(fixture, 2, 0)->is_assessed = false;
    fixture_vote(fixture, 2, 0)->reason = MESSAGE_NO_BUNDLE;
    fixture_hear(fixture);

    struct report *report = make_report(fixture, 0);

    assert_int_equal(report->findings.outcome, FINDINGS_UNHEARD);
    assert_int_equal(report->findings.decision, FINDINGS_DEFERRED);
    assert_int_equal(report->facts.purpose, MESSAGE_PURPOSE_UNKNOWN);
    report_write(report, &text);
    assert_canonical(&text);
    assert_non_null(strstr(buffer_text(&text), "\"reason\":\"bound\",\"seat\":1"));
    assert_non_null(strstr(buffer_text(&text), "{\"reason\":\"noBundle\",\"seat\":2"));
    assert_true(survives(&text, &error));
    free(report);

    report = make_report(fixture, 1); /* The other case does not suffer. */
    assert_int_equal(report->findings.outcome, FINDINGS_CONCLUSIVE);
    free(report);
    buffer_finish(&text);
    fixture_destroy(fixture);
}

static void shown_is_the_paper_that_most_share_and_ties_go_to_the_lowest_seat(void **state)
{
    struct fixture *fixture = fixture_create(8, 2, 1, fixture_catalog());
    const struct digest other = {{0xEE}};
    const struct digest third = {{0xDD}};

    (void)state;
    for (uint8_t seat = 1; seat <= 4; seat++) {
        fixture_vote(fixture, seat, 0)->papers[0] = other; /* 4 of 8 */
        fixture_vote(fixture, seat, 0)->papers[2] = seat % 2 == 0 ? other : third;
    }
    for (uint8_t seat = 2; seat <= 7; seat++) {
        fixture_vote(fixture, seat, 0)->papers[1] = (struct digest){{0xA0, seat}};
    }
    for (uint8_t seat = 2; seat <= 7; seat++) { /* f seats alike, and f + 1. */
        fixture_vote(fixture, seat, 0)->papers[4] = (struct digest){{0xB0, seat}};
        fixture_vote(fixture, seat, 0)->papers[5] =
            seat == 2 ? fixture_vote(fixture, 0, 0)->papers[5] : (struct digest){{0xC0, seat}};
    }
    fixture_vote(fixture, 0, 0)->papers[1] = (struct digest){{0xA0, 0}};
    fixture_vote(fixture, 1, 0)->papers[1] = (struct digest){{0xA0, 1}};
    fixture_hear(fixture);

    struct report *report = make_report(fixture, 0);

    assert_false(digest_equal(&report->criteria[0].paper, &other)); /* Seats 0, 5, 6, 7: a tie. */
    assert_true(seat_set_has(&report->voices[report->criteria[0].paper_voice].seats, 0));
    assert_false(report_is_one_source(report, 0));
    assert_int_equal(report->criteria[1].paper.data[1], 0); /* All differ: the lowest seat. */
    assert_true(report_is_one_source(report, 1));
    assert_int_equal(report->voices[report->criteria[2].paper_voice].seat_count, 4);
    assert_int_equal(report->voices[report->criteria[4].paper_voice].seat_count, 2);
    assert_true(report_is_one_source(report, 4));
    assert_int_equal(report->voices[report->criteria[5].paper_voice].seat_count, 3);
    assert_false(report_is_one_source(report, 5));
    free(report);
    fixture_destroy(fixture);
}

static void the_period_of_fewer_than_a_quorum_defers(void **state)
{
    struct fixture *fixture = fixture_create(5, 1, 1, fixture_catalog());

    (void)state;
    fixture_vote(fixture, 0, 0)->period_end++;
    fixture_vote(fixture, 1, 0)->period_end++;
    fixture_hear(fixture);

    struct report *report = make_report(fixture, 0);

    assert_int_equal(report->facts.period_end, 0);
    assert_int_equal(report->facts.purpose, MESSAGE_PURPOSE_INITIAL);
    assert_int_equal(report->findings.decision, FINDINGS_DEFERRED);
    assert_int_equal(report->findings.outcome, FINDINGS_CONCLUSIVE);
    free(report);
    fixture_destroy(fixture);
}

/* Random votes: every report is canonical, comes back, and is made the same twice. */
static void every_report_is_canonical_and_comes_back(void **state)
{
    uint32_t outcomes[FINDINGS_OUTCOME_COUNT] = {0};

    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct random random = {seed};
        uint8_t seat_count = (uint8_t)(4 + random_below(&random, 6));
        struct fixture *fixture = fixture_create(seat_count, 1, 1, fixture_catalog());
        struct buffer text = {0};
        struct buffer again = {0};
        struct error error;

        for (uint8_t seat = 0; seat < seat_count; seat++) {
            struct fixture_vote *vote = fixture_vote(fixture, seat, 0);

            fixture->is_present[seat] = seat > 0 || !random_happens(&random, 20);
            vote->is_assessed = !random_happens(&random, 10);
            vote->reason = (enum message_reason)(1 + random_below(&random, 9));
            for (size_t i = 0; i < FIXTURE_CRITERIA; i++) {
                if (random_happens(&random, 10)) {
                    vote->answers[i] = (uint8_t)random_below(&random, ANSWER_COUNT);
                }
                if (random_happens(&random, 30)) {
                    vote->papers[i].data[5] = (uint8_t)random_below(&random, 3);
                }
            }
        }
        fixture_hear(fixture);
        fixture_report(fixture, 0, &text);
        fixture_report(fixture, 0, &again);
        assert_string_equal(buffer_text(&again), buffer_text(&text));
        assert_canonical(&text);
        if (!survives(&text, &error)) {
            fail_msg("seed %llu: %s", (unsigned long long)seed, error.message);
        }
        struct report *report = make_report(fixture, 0);

        outcomes[report->findings.outcome]++;
        free(report);
        buffer_finish(&text);
        buffer_finish(&again);
        fixture_destroy(fixture);
    }
    assert_true(outcomes[FINDINGS_UNHEARD] > 0);
    assert_true(outcomes[FINDINGS_IN_DISPUTE] > 0);
    assert_true(outcomes[FINDINGS_CONCLUSIVE] > 0);
}

/* Replaces the first FROM in TEXT by TO. */
static void replace(const struct buffer *text, const char *from, const char *to, struct buffer *out)
{
    const char *at = strstr(buffer_text(text), from);

    assert_non_null(at);
    buffer_append(out, text->data, (size_t)(at - buffer_text(text)));
    buffer_append_text(out, to);
    buffer_append_text(out, at + strlen(from));
}

static void a_report_that_does_not_follow_from_its_votes_is_refused(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        const char *message; /* Part of it. */
    } cases[] = {
        {"\"decision\":\"deferred\"", "\"decision\":\"recommended\"",
         "the decision of the report is \"recommended\", but its votes give \"deferred\""},
        {"\"grade\":\"contested\"", "\"grade\":\"conforming\"",
         "the grade of 4.1 is \"conforming\", but its votes give \"contested\""},
        {"\"answer\":\"contested\"", "\"answer\":\"met\"", "the answer of 4.1-1 is \"met\""},
        {"\"outcome\":\"contested\"", "\"outcome\":\"conclusive\"", "the outcome of the report"},
        {"\"notMet\":\"major\"", "\"notMet\":\"awful\"", "notMet is \"awful\""},
        {"\"id\":\"4.1-1\",\"notMet\":\"major\",",
         "\"id\":\"4.1-1\",\"notMet\":\"major\",\"paper\":{\"digest\":\"ab\",\"voice\":0},",
         "a paper is shown exactly where a quorum agrees"},
        {"\"voice\":2},\"votes\":{\"met\":2,\"notMet\":3}",
         "\"voice\":0},\"votes\":{\"met\":2,\"notMet\":3}",
         "a paper is shown of a seat that found otherwise"},
        {"\"hosts\":5", "\"hosts\":6", "byte "},
        {"\"absent\":[]", "\"absent\":[0]", "not those of the seats that assessed"},
        {"\"absent\":[]", "\"absent\":[5]", "no such seat"},
        {"\"absent\":[]", "\"absent\": []", "byte 10 "},
        {"\"q\":4", "\"q\":3", "q is 3, want 4"},
        {"\"f\":1", "\"f\":2", "cannot bear 2"},
        {"\"votes\":{\"met\":0", "\"votes\":{\"met\":77", "not in the list"},
        {"\"votes\":{\"met\":0", "\"votes\":{\"maybe\":0", "\"maybe\" is no answer"},
        {"\"reasons\":[\"contested\"]", "\"reasons\":[]", "byte "},
        {"aims-council-report/1", "aims-council-report/2", "want \"aims-council-report/1\""},
        {"No interview was held", "Interviews were held", "byte "},
        {"\"purpose\":\"initial\"", "\"purpose\":\"fun\"", "purpose is not one"},
        {"\"periodEnd\":\"2026-06-30\"", "\"periodEnd\":\"2026-06-31\"", "periodEnd"},
        {"host-3", "host\\n3", "not one line"},
    };
    struct fixture *fixture = fixture_create(5, 1, 1, fixture_catalog());
    struct buffer text = {0};

    (void)state;
    fixture_answer(fixture, 0, 1, 0, ANSWER_NOT_APPLICABLE);
    fixture_answer(fixture, 4, 4, 1, ANSWER_NOT_MET);
    fixture_hear(fixture);
    fixture_report(fixture, 0, &text);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer altered = {0};
        struct error error = {.message = ""};

        replace(&text, cases[i].from, cases[i].to, &altered);
        if (survives(&altered, &error) || strstr(error.message, cases[i].message) == NULL) {
            fail_msg("%s: \"%s\"", cases[i].to, error.message);
        }
        buffer_finish(&altered);
    }
    buffer_finish(&text);
    fixture_destroy(fixture);
}

static void a_report_belongs_to_one_catalogue(void **state)
{
    struct fixture *fixture = fixture_create(4, 1, 1, fixture_catalog());
    struct catalog other = *fixture_catalog();
    struct error error;

    (void)state;
    fixture_hear(fixture);

    struct report *report = make_report(fixture, 0);

    assert_true(report_check_catalog(report, fixture_catalog(), &error));
    other.digest.data[0] ^= 1;
    assert_false(report_check_catalog(report, &other, &error));
    assert_non_null(strstr(error.message, "another catalogue"));

    struct catalog_criterion criteria[FIXTURE_CRITERIA];

    other = *fixture_catalog();
    memcpy(criteria, other.criteria, sizeof(criteria));
    criteria[4].grade = CATALOG_IMPROVEMENT;
    other.criteria = criteria;
    assert_false(report_check_catalog(report, &other, &error));
    assert_non_null(strstr(error.message, "5.2-2"));
    free(report);
    fixture_destroy(fixture);
}

/* Another byte anywhere is refused, or makes a report that is consistent in itself (another digest,
 * another name), which its own SHA-256 then gives away. */
static void no_altered_byte_breaks_the_reader(void **state)
{
    struct fixture *fixture = fixture_create(4, 1, 1, fixture_catalog());
    struct buffer text = {0};
    size_t refused = 0;

    (void)state;
    fixture_hear(fixture);
    fixture_report(fixture, 0, &text);
    for (size_t i = 0; i < text.size; i++) {
        struct error error;
        uint8_t was = text.data[i];

        text.data[i] ^= 0x01;
        refused += !survives(&text, &error);
        text.data[i] = was;
    }
    assert_true(refused > text.size / 3);
    buffer_finish(&text);
    fixture_destroy(fixture);
}

/* Seats FIRST .. 32 stay away, and of the others the last DISSENTERS find criterion 1 not met. */
static bool is_repeated(uint8_t first, uint8_t dissenters)
{
    struct fixture *fixture = fixture_create(33, 10, 1, fixture_catalog());

    for (uint8_t seat = first; seat < 33; seat++) {
        fixture->is_present[seat] = seat % 2 == 0; /* Absent, or there and abstaining. */
        *fixture_vote(fixture, seat, 0) = (struct fixture_vote){.reason = MESSAGE_TOO_LATE};
    }
    if (dissenters > 0) {
        fixture_answer(fixture, (uint8_t)(first - dissenters), (uint8_t)(first - 1), 1,
                       ANSWER_NOT_MET);
    }
    fixture_hear(fixture);
    struct report *report = make_report(fixture, 0);
    bool is_worth_it = report_is_worth_repeating(report);

    free(report);
    fixture_destroy(fixture);
    return is_worth_it;
}

static void a_case_is_heard_again_only_where_the_missing_could_conclude_it(void **state)
{
    (void)state;
    assert_false(is_repeated(33, 0));  /* Conclusive. */
    assert_false(is_repeated(23, 1));  /* Conclusive without ten seats. */
    assert_true(is_repeated(23, 2));   /* 21 agree, 10 are missing. */
    assert_false(is_repeated(33, 12)); /* 21 agree, nobody is missing. */
    assert_true(is_repeated(27, 11));  /* 16 agree, 6 are missing: 22. */
    assert_false(is_repeated(28, 12)); /* 16 agree, 5 are missing: 21. */
    assert_true(is_repeated(22, 11));  /* 11 on either side, 11 are missing. */
    assert_true(is_repeated(21, 0));   /* Unheard. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreement_of_all_is_recommended),
        cmocka_unit_test(a_dissenter_is_named_and_changes_nothing),
        cmocka_unit_test(f_absent_seats_and_one_dissenter_make_a_finding_contested),
        cmocka_unit_test(too_many_abstentions_leave_a_case_unheard),
        cmocka_unit_test(shown_is_the_paper_that_most_share_and_ties_go_to_the_lowest_seat),
        cmocka_unit_test(the_period_of_fewer_than_a_quorum_defers),
        cmocka_unit_test(every_report_is_canonical_and_comes_back),
        cmocka_unit_test(a_report_that_does_not_follow_from_its_votes_is_refused),
        cmocka_unit_test(a_report_belongs_to_one_catalogue),
        cmocka_unit_test(no_altered_byte_breaks_the_reader),
        cmocka_unit_test(a_case_is_heard_again_only_where_the_missing_could_conclude_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
