/* Statements and certificates: what is signed, and every way to be refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "report/certificate.h"
#include "tests/report/fixture.h"

#define ARENA_MAX (64 * 1024 * 1024)

struct scene {
    struct fixture *fixture;
    struct arena *arena;
    struct buffer statement;
    struct message_vote votes[MESSAGE_SEATS_MAX]; /* Of all seats. */
    struct buffer envelope;
    struct error error;
};

/* A council of 33, one case, one dissenter; the first 22 seats sign. */
static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    struct statement statement;

    assert_non_null(scene);
    scene->fixture = fixture_create(33, 10, 1, fixture_catalog());
    fixture_answer(scene->fixture, 7, 7, 1, ANSWER_NOT_MET);
    fixture_hear(scene->fixture);
    scene->arena = arena_create(ARENA_MAX);
    statement_make(&scene->fixture->source, 1, &statement);
    statement_write(&statement, &scene->statement);
    fixture_sign(scene->fixture, buffer_bytes(&scene->statement), 33, scene->votes);
    certificate_write(&scene->fixture->roster, buffer_bytes(&scene->statement), scene->votes, 22,
                      &scene->envelope);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    buffer_finish(&scene->statement);
    buffer_finish(&scene->envelope);
    arena_destroy(scene->arena);
    fixture_destroy(scene->fixture);
    free(scene);
    return 0;
}

static bool is_accepted(struct scene *scene, const struct buffer *envelope,
                        struct certificate **out)
{
    return certificate_check(buffer_bytes(envelope), "certificate", &scene->fixture->roster,
                             scene->arena, out, &scene->error);
}

static void assert_refused(struct scene *scene, const struct buffer *envelope, const char *part)
{
    struct certificate *certificate = NULL;

    if (is_accepted(scene, envelope, &certificate)) {
        fail_msg("accepted, want: %s", part);
    }
    if (strstr(scene->error.message, part) == NULL) {
        fail_msg("\"%s\", want: %s", scene->error.message, part);
    }
}

static void replace(const struct buffer *text, const char *from, const char *to, struct buffer *out)
{
    const char *at = strstr(buffer_text(text), from);

    assert_non_null(at);
    buffer_append(out, text->data, (size_t)(at - buffer_text(text)));
    buffer_append_text(out, to);
    buffer_append_text(out, at + strlen(from));
}

static void twenty_two_of_thirty_three_make_a_certificate(void **state)
{
    struct scene *scene = *state;
    struct certificate *certificate = NULL;

    assert_true(is_accepted(scene, &scene->envelope, &certificate));
    assert_int_equal(certificate->vote_count, 22);
    assert_int_equal(certificate->statement.case_count, 1);
    assert_int_equal(certificate->statement.cases[0].outcome, FINDINGS_CONCLUSIVE);
    /* Seats sign at as_of + seat: the lower median of 33 is that of seat 16. */
    assert_int_equal(certificate->statement.assessed_at, FIXTURE_AS_OF + 16);
    assert_int_equal(certificate_find(certificate, &scene->fixture->docket.cases[0], 1), 0);
    assert_int_equal(certificate_find(certificate, &scene->fixture->docket.cases[0], 2), -1);
}

static void twenty_one_are_too_few(void **state)
{
    struct scene *scene = *state;
    struct buffer envelope = {0};

    certificate_write(&scene->fixture->roster, buffer_bytes(&scene->statement), scene->votes, 21,
                      &envelope);
    assert_refused(scene, &envelope, "21 distinct seats signed, 22 are needed");
    assert_int_equal(scene->error.code, ERROR_DENIED);
    buffer_finish(&envelope);
}

static void twenty_two_signatures_of_twenty_one_seats_are_too_few(void **state)
{
    struct scene *scene = *state;
    struct buffer few = {0};
    struct buffer envelope = {0};
    const char *text = NULL;

    certificate_write(&scene->fixture->roster, buffer_bytes(&scene->statement), scene->votes, 21,
                      &few);
    text = strstr(buffer_text(&few), "{\"keyid\"");
    assert_non_null(text);

    size_t entry_size = (size_t)(strchr(text, '}') - text) + 1;

    buffer_append(&envelope, few.data, few.size - 2); /* Without "]}". */
    buffer_append_byte(&envelope, ',');
    buffer_append(&envelope, text, entry_size);
    buffer_append_text(&envelope, "]}");
    assert_refused(scene, &envelope, "21 distinct seats signed, 22 are needed");
    buffer_finish(&few);
    buffer_finish(&envelope);
}

static void a_signature_under_another_seats_keyid_does_not_count(void **state)
{
    struct scene *scene = *state;
    struct buffer envelope = {0};

    memcpy(scene->votes[5].signature, scene->votes[6].signature, MESSAGE_SIGNATURE_SIZE);
    certificate_write(&scene->fixture->roster, buffer_bytes(&scene->statement), scene->votes, 22,
                      &envelope);
    assert_refused(scene, &envelope, "21 distinct seats signed, 22 are needed (1 signatures do");
    buffer_finish(&envelope);
}

static void a_spoiled_signature_beside_a_quorum_is_left_out(void **state)
{
    struct scene *scene = *state;
    struct certificate *certificate = NULL;
    struct buffer envelope = {0};

    scene->votes[5].signature[9] ^= 1;
    certificate_write(&scene->fixture->roster, buffer_bytes(&scene->statement), scene->votes, 23,
                      &envelope);
    assert_true(is_accepted(scene, &envelope, &certificate));
    assert_int_equal(certificate->vote_count, 22);
    assert_int_equal(certificate->votes[4].seat, 4);
    assert_int_equal(certificate->votes[5].seat, 6);
    assert_false(seat_set_has(&certificate->signers, 5));
    assert_false(seat_set_has(&certificate->signers, 23));
    buffer_finish(&envelope);
}

static void strangers_beside_a_quorum_do_no_harm(void **state)
{
    struct scene *scene = *state;
    struct fixture *other = fixture_create(40, 1, 1, fixture_catalog());
    struct certificate *certificate = NULL;
    struct message_vote vote = {.seat = 39};
    struct buffer envelope = {0};
    struct buffer stranger = {0};

    sign_payload(other->seats[39], MESSAGE_TYPE_STATEMENT, buffer_bytes(&scene->statement),
                 vote.signature);
    certificate_write(&other->roster, buffer_bytes(&scene->statement), &vote, 1, &stranger);
    buffer_append(&envelope, scene->envelope.data, scene->envelope.size - 2);
    buffer_append_byte(&envelope, ',');
    buffer_append_text(&envelope, strstr(buffer_text(&stranger), "{\"keyid\""));
    assert_true(is_accepted(scene, &envelope, &certificate));
    assert_int_equal(certificate->vote_count, 22);
    buffer_finish(&envelope);
    buffer_finish(&stranger);
    fixture_destroy(other);
}

static void a_result_of_another_council_is_refused(void **state)
{
    struct scene *scene = *state;
    struct certificate *certificate = NULL;
    struct roster roster = scene->fixture->roster;
    struct roster_seat seats[33];

    /* The same keys in another epoch. */
    roster.digest.data[0] ^= 1;
    assert_false(certificate_check(buffer_bytes(&scene->envelope), "certificate", &roster,
                                   scene->arena, &certificate, &scene->error));
    assert_non_null(strstr(scene->error.message, "under another roster"));

    /* Other keys. */
    roster = scene->fixture->roster;
    for (size_t i = 0; i < 33; i++) {
        seats[i] = roster.seats[i];
        memcpy(seats[i].signing, roster.seats[i].sealing, MESSAGE_KEY_SIZE);
    }
    roster.seats = seats;
    assert_false(certificate_check(buffer_bytes(&scene->envelope), "certificate", &roster,
                                   scene->arena, &certificate, &scene->error));
    assert_non_null(
        strstr(scene->error.message, "none of its 22 signatures is by a seat of this roster"));
}

static void a_statement_that_lies_about_the_council_is_refused(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        const char *message;
    } cases[] = {
        {"\"f\":10", "\"f\":9", "it says n = 33, f = 9, q = 22"}, /* f = 9 has the same q. */
        {"\"f\":10", "\"f\":7", "q is 22, want 21 for n = 33 and f = 7"},
        {"\"view\":1", "\"view\":0", "view"},
        {"\"outcome\":\"conclusive\"", "\"outcome\":\"splendid\"", "outcome is \"splendid\""},
        {"/1\"}]", "/2\"}]", "subjects do not match the cases"},
        {"in-toto.io/Statement/v1", "in-toto.io/Statement/v2", "_type"},
        {"verification-result:v1", "verification-result:v2", "predicateType"},
        {"\"asOf\":\"2026", "\"asOf\":\"2O26", "want a time"},
        {"{\"_type\"", "{ \"_type\"", "the form is not ours"},
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer statement = {0};
        struct buffer envelope = {0};
        struct message_vote votes[33];

        replace(&scene->statement, cases[i].from, cases[i].to, &statement);
        fixture_sign(scene->fixture, buffer_bytes(&statement), 33, votes);
        certificate_write(&scene->fixture->roster, buffer_bytes(&statement), votes, 33, &envelope);
        assert_refused(scene, &envelope, cases[i].message);
        buffer_finish(&statement);
        buffer_finish(&envelope);
    }
}

static void a_payload_of_another_kind_is_refused(void **state)
{
    struct scene *scene = *state;
    struct buffer envelope = {0};

    replace(&scene->envelope, "vnd.in-toto+json", "vnd.aims-council.verdict.v1", &envelope);
    assert_refused(scene, &envelope, "\"payloadType\" is \"application/vnd.aims-council.verdict");
    buffer_finish(&envelope);
}

static void no_altered_byte_is_accepted_as_the_same_result(void **state)
{
    struct scene *scene = *state;
    uint32_t refused = 0;

    for (size_t i = 0; i < scene->envelope.size; i += 7) {
        struct certificate *certificate = NULL;
        uint8_t was = scene->envelope.data[i];

        scene->envelope.data[i] ^= 0x02;
        if (is_accepted(scene, &scene->envelope, &certificate)) {
            /* Base64 has spare bits at its end: the bytes that were signed must be the same. */
            assert_true(bytes_equal(certificate->payload, buffer_bytes(&scene->statement)));
        } else {
            refused++;
        }
        scene->envelope.data[i] = was;
        arena_reset(scene->arena);
    }
    assert_true(refused > scene->envelope.size / 7 - 10);
}

static void the_report_must_be_the_one_certified(void **state)
{
    struct scene *scene = *state;
    struct certificate *certificate = NULL;
    struct report *report = NULL;
    struct buffer text = {0};
    size_t index = 7;

    assert_true(is_accepted(scene, &scene->envelope, &certificate));
    fixture_report(scene->fixture, 0, &text);
    assert_true(certificate_check_report(certificate, &scene->fixture->roster, buffer_bytes(&text),
                                         "report.json", scene->arena, &report, &index,
                                         &scene->error));
    assert_int_equal(index, 0);
    assert_int_equal(report->findings.decision, FINDINGS_RECOMMENDED);
    text.data[text.size / 2] ^= 1;
    assert_false(certificate_check_report(certificate, &scene->fixture->roster, buffer_bytes(&text),
                                          "report.json", scene->arena, &report, &index,
                                          &scene->error));
    assert_non_null(strstr(scene->error.message, "not one of the 1 reports"));
    buffer_finish(&text);
}

/* A quorum may sign nonsense; who reads the report finds out. */
static void a_certified_report_must_still_follow_from_its_votes(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        const char *message;
    } cases[] = {
        {"\"decision\":\"recommended\"", "\"decision\":\"deferred\"", "its votes give"},
        {"\"attempt\":1", "\"attempt\":2", "its attempt is not that of the certificate"},
        {"\"manifest\":\"3a", "\"manifest\":\"3b", "its manifest is not that"},
        {"\"host\":\"host-7\"", "\"host\":\"host-77\"", "seat 7 is described"},
        {"\"asOf\":\"2026-07-20T12:00:00Z\"", "\"asOf\":\"2026-07-20T12:00:01Z\"", "its asOf"},
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct certificate *certificate = NULL;
        struct report *report = NULL;
        struct buffer text = {0};
        struct buffer altered = {0};
        size_t index = 0;

        fixture_report(scene->fixture, 0, &text);
        replace(&text, cases[i].from, cases[i].to, &altered);
        assert_true(is_accepted(scene, &scene->envelope, &certificate));
        hash_bytes(buffer_bytes(&altered), &certificate->statement.cases[0].report);
        assert_false(certificate_check_report(certificate, &scene->fixture->roster,
                                              buffer_bytes(&altered), "report.json", scene->arena,
                                              &report, &index, &scene->error));
        if (strstr(scene->error.message, cases[i].message) == NULL) {
            fail_msg("\"%s\", want: %s", scene->error.message, cases[i].message);
        }
        buffer_finish(&text);
        buffer_finish(&altered);
    }
}

static void the_bundle_must_be_the_one_assessed(void **state)
{
    struct scene *scene = *state;
    struct certificate *certificate = NULL;
    struct digest manifest = scene->fixture->docket.docket.cases[0].manifest;

    assert_true(is_accepted(scene, &scene->envelope, &certificate));
    assert_true(certificate_check_bundle(certificate, &manifest, 0, &scene->error));
    assert_true(certificate_check_bundle(certificate, &manifest, SIZE_MAX, &scene->error));
    manifest.data[9] ^= 1;
    assert_false(certificate_check_bundle(certificate, &manifest, 0, &scene->error));
    assert_false(certificate_check_bundle(certificate, &manifest, SIZE_MAX, &scene->error));
    assert_int_equal(scene->error.code, ERROR_DENIED);
}

static void the_value_does_not_depend_on_the_view(void **state)
{
    struct scene *scene = *state;
    struct statement *first = malloc(sizeof(*first));
    struct statement *second = malloc(sizeof(*second));
    struct buffer text = {0};

    assert_non_null(first);
    assert_non_null(second);
    statement_make(&scene->fixture->source, 1, first);
    statement_make(&scene->fixture->source, 4, second);
    assert_true(digest_equal(&first->value, &second->value));
    assert_true(statement_compare(first, second, &scene->error));
    statement_write(second, &text);
    assert_string_not_equal(buffer_text(&text), buffer_text(&scene->statement));
    second->cases[0].report.data[0] ^= 1;
    assert_false(statement_compare(first, second, &scene->error));
    assert_non_null(strstr(scene->error.message, "case 0: report is "));
    buffer_finish(&text);
    free(first);
    free(second);
}

static void a_docket_of_three_has_three_subjects_and_one_value(void **state)
{
    struct fixture *fixture = fixture_create(5, 1, 3, fixture_catalog());
    struct statement *made = malloc(sizeof(*made));
    struct statement *read = malloc(sizeof(*read));
    struct arena *arena = arena_create(ARENA_MAX);
    struct buffer text = {0};
    struct error error;

    (void)state;
    assert_non_null(made);
    assert_non_null(read);
    fixture->is_present[2] = false;
    fixture_vote(fixture, 4, 1)->answers[0] = ANSWER_NOT_MET; /* 3 of 5 say met. */
    fixture_vote(fixture, 4, 2)->is_assessed = false;
    fixture_vote(fixture, 4, 2)->reason = MESSAGE_CRASHED;
    fixture_hear(fixture);
    statement_make(&fixture->source, 3, made);
    assert_int_equal(made->assessed_at, FIXTURE_AS_OF + 1); /* Of seats 0, 1, 3 and 4. */
    assert_int_equal(made->cases[0].outcome, FINDINGS_CONCLUSIVE);
    assert_int_equal(made->cases[1].outcome, FINDINGS_IN_DISPUTE);
    assert_int_equal(made->cases[2].outcome, FINDINGS_UNHEARD);
    statement_write(made, &text);
    assert_true(statement_parse(buffer_bytes(&text), arena, read, &error));
    assert_int_equal(read->case_count, 3);
    assert_int_equal(read->view, 3);
    assert_true(statement_compare(made, read, &error));
    for (size_t i = 0; i < 3; i++) {
        struct buffer report = {0};
        struct digest digest;

        fixture_report(fixture, i, &report);
        hash_bytes(buffer_bytes(&report), &digest);
        assert_true(digest_equal(&digest, &read->cases[i].report));
        buffer_finish(&report);
    }
    buffer_finish(&text);
    arena_destroy(arena);
    free(made);
    free(read);
    fixture_destroy(fixture);
}

static void a_second_attempt_needs_a_certificate_that_is_not_conclusive(void **state)
{
    struct fixture *fixture = fixture_create(5, 1, 1, fixture_catalog());
    struct buffer disputed = {0};
    struct buffer conclusive = {0};
    struct error error;

    (void)state;
    fixture_answer(fixture, 0, 1, 0, ANSWER_NOT_MET);
    fixture_hear(fixture);
    fixture_certify(fixture, 4, &disputed);
    assert_true(certificate_check_earlier(&fixture->docket, &error)); /* No attempt above 1. */

    fixture->attempt = 2;
    fixture->earlier = buffer_bytes(&disputed);
    fixture_hear(fixture);
    assert_true(certificate_check_earlier(&fixture->docket, &error));
    fixture->attempt = 3; /* The certificate is of attempt 1. */
    fixture_hear(fixture);
    assert_false(certificate_check_earlier(&fixture->docket, &error));
    assert_non_null(strstr(error.message, "case 0: the earlier certificate does not cover"));

    fixture->attempt = 1;
    fixture->earlier = bytes_of(NULL, 0);
    fixture_answer(fixture, 0, 1, 0, ANSWER_MET);
    fixture_hear(fixture);
    fixture_certify(fixture, 4, &conclusive);
    fixture->attempt = 2;
    fixture->earlier = buffer_bytes(&conclusive);
    fixture_hear(fixture);
    assert_false(certificate_check_earlier(&fixture->docket, &error));
    assert_non_null(strstr(error.message, "attempt 1 was conclusive"));
    buffer_finish(&disputed);
    buffer_finish(&conclusive);
    fixture_destroy(fixture);
}

static void the_keyring_lists_every_seat_and_the_quorum(void **state)
{
    struct scene *scene = *state;
    struct buffer keyring = {0};
    char line[160];

    certificate_write_keyring(&scene->fixture->roster, &keyring);
    assert_non_null(strstr(buffer_text(&keyring), "},\"threshold\":22}"));
    for (uint8_t seat = 0; seat < 33; seat++) {
        char keyid[KEYS_KEYID_SIZE];

        keys_keyid(scene->fixture->roster.seats[seat].signing, keyid);
        (void)snprintf(line, sizeof(line), "\"%s\":{\"keytype\":\"ed25519\"", keyid);
        assert_non_null(strstr(buffer_text(&keyring), line));
    }
    buffer_finish(&keyring);
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(twenty_two_of_thirty_three_make_a_certificate),
        SCENE_TEST(twenty_one_are_too_few),
        SCENE_TEST(twenty_two_signatures_of_twenty_one_seats_are_too_few),
        SCENE_TEST(a_signature_under_another_seats_keyid_does_not_count),
        SCENE_TEST(a_spoiled_signature_beside_a_quorum_is_left_out),
        SCENE_TEST(strangers_beside_a_quorum_do_no_harm),
        SCENE_TEST(a_result_of_another_council_is_refused),
        SCENE_TEST(a_statement_that_lies_about_the_council_is_refused),
        SCENE_TEST(a_payload_of_another_kind_is_refused),
        SCENE_TEST(no_altered_byte_is_accepted_as_the_same_result),
        SCENE_TEST(the_report_must_be_the_one_certified),
        SCENE_TEST(a_certified_report_must_still_follow_from_its_votes),
        SCENE_TEST(the_bundle_must_be_the_one_assessed),
        SCENE_TEST(the_value_does_not_depend_on_the_view),
        cmocka_unit_test(a_docket_of_three_has_three_subjects_and_one_value),
        cmocka_unit_test(a_second_attempt_needs_a_certificate_that_is_not_conclusive),
        SCENE_TEST(the_keyring_lists_every_seat_and_the_quorum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
