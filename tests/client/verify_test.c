/* aims verify and aims report on files: what is refused, and in which words. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/certificate.h"
#include "report/papers.h"
#include "tests/client/program.h"
#include "tests/client/server.h"
#include "tests/report/fixture.h"

#define EXAMPLE AIMS_SOURCE_DIR "/examples/meridian"

enum { SEATS = 33, FAULTY = 10, QUORUM = 22 };

struct scene {
    struct program *program;
    struct fixture *fixture;
};

static void write_file(struct scene *scene, const char *name, struct buffer *content)
{
    program_write(scene->program, name, content->data, content->size);
    buffer_finish(content);
}

static void write_certificate(struct scene *scene, const char *name, uint8_t signer_count)
{
    struct buffer out = {0};

    fixture_certify(scene->fixture, signer_count, &out);
    write_file(scene, name, &out);
}

/* A council of 33 that found one case conforming, as files. */
static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    struct buffer out = {0};
    void *program = NULL;

    assert_non_null(scene);
    assert_int_equal(program_open(&program), 0);
    scene->program = program;
    scene->fixture = fixture_create(SEATS, FAULTY, 1, fixture_catalog());
    fixture_hear(scene->fixture);
    roster_write(&scene->fixture->roster, &out);
    write_file(scene, "roster.json", &out);
    fixture_report(scene->fixture, 0, &out);
    write_file(scene, "report.json", &out);
    write_certificate(scene, "certificate.json", QUORUM);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    void *program = scene->program;

    fixture_destroy(scene->fixture);
    (void)program_close(&program);
    free(scene);
    return 0;
}

static void a_certified_report_is_valid(void **state)
{
    struct scene *scene = *state;

    RUN(scene->program, "verify", "certificate.json", "--roster", "roster.json", "--report",
        "report.json");
    assert_exit(scene->program, 0);
    assert_says(scene->program, "signed by 22 of 33 seats, 22 needed");
    RUN(scene->program, "verify", "certificate.json", "--roster", "roster.json", "--json");
    assert_exit(scene->program, 0);
    assert_int_equal(tree_get(program_json(scene->program), "valid")->integer, 1);
}

/* A previous certificate is named by its result: 22 signatures on it or 30, the bundle is the
 * same. */
static void a_bundle_names_the_result_before_it_whoever_signed_the_certificate(void **state)
{
    struct scene *scene = *state;
    struct program *program = scene->program;
    struct buffer first = {0};
    struct buffer second = {0};
    struct buffer none = {0};

    write_certificate(scene, "more.json", QUORUM + 8);
    RUN(program, "key", "create", "org.seed");
    RUN(program, "pack", EXAMPLE, "-o", "first.aims", "--key", "org.seed", "--plain", "--previous",
        "certificate.json");
    assert_exit(program, 0);
    RUN(program, "pack", EXAMPLE, "-o", "second.aims", "--key", "org.seed", "--plain", "--previous",
        "more.json");
    assert_exit(program, 0);
    RUN(program, "pack", EXAMPLE, "-o", "none.aims", "--key", "org.seed", "--plain");
    program_read(program, "first.aims", &first);
    program_read(program, "second.aims", &second);
    program_read(program, "none.aims", &none);
    assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    assert_false(bytes_equal(buffer_bytes(&first), buffer_bytes(&none)));
    buffer_finish(&first);
    buffer_finish(&second);
    buffer_finish(&none);
}

static void twenty_one_signatures_are_refused(void **state)
{
    struct scene *scene = *state;

    write_certificate(scene, "few.json", QUORUM - 1);
    RUN(scene->program, "verify", "few.json", "--roster", "roster.json", "--report", "report.json");
    assert_exit(scene->program, 1);
    assert_says(scene->program, "21 distinct seats signed, 22 are needed");
}

static void a_result_of_another_council_is_refused(void **state)
{
    struct scene *scene = *state;
    struct buffer out = {0};
    struct roster roster = scene->fixture->roster;

    roster.epoch++;
    roster_write(&roster, &out);
    write_file(scene, "other.json", &out);
    RUN(scene->program, "verify", "certificate.json", "--roster", "other.json");
    assert_exit(scene->program, 1);
    assert_says(scene->program, "REFUSED");
    assert_says(scene->program, "not valid");
}

static void an_altered_report_is_refused(void **state)
{
    struct scene *scene = *state;
    struct buffer out = {0};

    fixture_report(scene->fixture, 0, &out);
    out.data[out.size / 2] ^= 1;
    write_file(scene, "report.json", &out);
    RUN(scene->program, "verify", "certificate.json", "--roster", "roster.json", "--report",
        "report.json", "--json");
    assert_exit(scene->program, 1);
    assert_says(scene->program, "not one of the 1 reports that the certificate covers");
    assert_int_equal(tree_get(program_json(scene->program), "valid")->integer, 0);
}

static void an_altered_certificate_is_refused(void **state)
{
    struct scene *scene = *state;
    struct buffer out = {0};

    fixture_certify(scene->fixture, QUORUM, &out);
    char *payload = strstr((char *)out.data, "\"payload\":\"");

    assert_non_null(payload);
    payload[100] = payload[100] == 'A' ? 'B' : 'A';
    write_file(scene, "certificate.json", &out);
    RUN(scene->program, "verify", "certificate.json", "--roster", "roster.json");
    assert_exit(scene->program, 1);
}

static void evidence_of_another_case_is_refused(void **state)
{
    struct scene *scene = *state;

    RUN(scene->program, "key", "create", "org.seed");
    RUN(scene->program, "pack", AIMS_SOURCE_DIR "/examples/meridian", "-o", "x.aims", "--plain",
        "--key", "org.seed");
    assert_exit(scene->program, 0);
    RUN(scene->program, "verify", "certificate.json", "--roster", "roster.json", "--report",
        "report.json", "--bundle", "x.aims");
    assert_exit(scene->program, 1);
    assert_says(scene->program, "bundle       REFUSED");
    assert_says(scene->program, "report       ok");
}

static void what_is_missing_is_bad_input_and_not_a_verdict(void **state)
{
    struct scene *scene = *state;

    RUN(scene->program, "verify", "nowhere.json", "--roster", "roster.json");
    assert_exit(scene->program, 4);
    RUN(scene->program, "verify", "certificate.json", "--roster", "nowhere.json");
    assert_exit(scene->program, 4);
    RUN(scene->program, "verify", "certificate.json", "--roster", "roster.json", "--bundle",
        "nowhere.aims");
    assert_exit(scene->program, 4);
    assert_says(scene->program, "No such file");
    RUN(scene->program, "verify", "certificate.json", "--roster", "roster.json", "--bundle", ".");
    assert_exit(scene->program, 4);
    assert_int_equal(scene->program->out.size, 0);
    RUN(scene->program, "verify", "certificate.json");
    assert_exit(scene->program, 2);
}

static void a_report_is_given_back_byte_for_byte_and_verified_when_it_can_be(void **state)
{
    struct scene *scene = *state;
    struct buffer report = {0};

    fixture_report(scene->fixture, 0, &report);
    RUN(scene->program, "report", "report.json", "--json");
    assert_exit(scene->program, 0);
    assert_says(scene->program, "not verified");
    assert_true(bytes_equal(buffer_bytes(&scene->program->out), buffer_bytes(&report)));
    RUN(scene->program, "report", "report.json", "--roster", "roster.json", "--json");
    assert_exit(scene->program, 0);
    assert_null(strstr(buffer_text(&scene->program->err), "not verified"));
    write_certificate(scene, "certificate.json", QUORUM - 1);
    RUN(scene->program, "report", "report.json", "--roster", "roster.json", "--json");
    assert_exit(scene->program, 4);
    assert_int_equal(scene->program->out.size, 0);
    buffer_finish(&report);
}

static void a_report_about_another_catalogue_is_not_put_into_words(void **state)
{
    struct scene *scene = *state;

    RUN(scene->program, "report", "report.json");
    assert_exit(scene->program, 4);
    assert_int_equal(scene->program->out.size, 0);
}

/* Papers of seat 3 on the only case, sealed to the reader, beside the report. */
static void write_papers(struct scene *scene)
{
    struct engine_answer answers[FIXTURE_CRITERIA];
    struct papers papers = {.case_id = scene->fixture->docket.cases[0],
                            .docket = scene->fixture->docket.scope.docket,
                            .seat = 3,
                            .result = {.count = FIXTURE_CRITERIA, .answers = answers}};
    struct buffer plain = {0};
    struct buffer out = {0};
    struct error error;

    for (size_t i = 0; i < FIXTURE_CRITERIA; i++) {
        answers[i] = (struct engine_answer){.answer = ANSWER_MET, .note = "as it should be"};
    }
    papers_encode(&papers, fixture_catalog(), &plain);
    buffer_append_text(&out, "{\"papers\":[{\"seat\":3,\"sealed\":");
    assert_true(papers_seal(&papers, buffer_bytes(&plain),
                            keys_public(scene->fixture->submitter)->sealing,
                            &scene->fixture->roster, &out, &error));
    buffer_append_text(&out, "}]}");
    write_file(scene, "papers.json", &out);
    buffer_finish(&plain);
}

static void with_papers_the_report_and_what_the_key_opens_are_one_document(void **state)
{
    /* The fixture's reader: kind 4, number 0. */
    static const char seed[] = "0400000000000000000000000000000000000000000000000000000000000000\n";
    struct scene *scene = *state;
    char path[2 * PROGRAM_PATH_SIZE];
    struct buffer report = {0};

    write_papers(scene);
    program_write(scene->program, "reader.seed", seed, strlen(seed));
    program_path(scene->program, "reader.seed", path, sizeof(path));
    assert_int_equal(chmod(path, 0600), 0);
    RUN(scene->program, "report", "report.json", "--roster", "roster.json", "--papers", "--key",
        "reader.seed", "--json");
    assert_exit(scene->program, 0);

    const struct tree *papers = tree_get(program_json(scene->program), "papers");

    assert_int_equal(tree_get(papers, "seat")->integer, 3);
    assert_int_equal(tree_get(papers, "criteria")->count, FIXTURE_CRITERIA);
    assert_string_equal(tree_get(tree_get(papers, "criteria")->child, "note")->text,
                        "as it should be");
    /* They are not those that the seat signed. */
    assert_true(tree_get(papers, "forged")->integer > 0);
    fixture_report(scene->fixture, 0, &report);
    assert_non_null(strstr(buffer_text(&scene->program->out), buffer_text(&report)));
    buffer_finish(&report);
}

static void a_report_exits_by_its_decision(void **state)
{
    struct scene *scene = *state;
    struct buffer out = {0};

    fixture_answer(scene->fixture, 0, SEATS - 1, 0, ANSWER_NOT_MET);
    fixture_hear(scene->fixture);
    fixture_report(scene->fixture, 0, &out);
    write_file(scene, "report.json", &out);
    RUN(scene->program, "report", "report.json", "--json");
    assert_exit(scene->program, 1);
    fixture_answer(scene->fixture, 0, SEATS / 2, 0, ANSWER_MET);
    fixture_hear(scene->fixture);
    fixture_report(scene->fixture, 0, &out);
    write_file(scene, "report.json", &out);
    RUN(scene->program, "report", "report.json", "--json");
    assert_exit(scene->program, 3);
}

static void a_certificate_is_shown_only_when_it_is_valid(void **state)
{
    struct scene *scene = *state;

    RUN(scene->program, "certificate", "certificate.json", "--roster", "roster.json");
    assert_exit(scene->program, 0);
    assert_says(scene->program, "attempt 1: conclusive");
    write_certificate(scene, "few.json", QUORUM - 1);
    RUN(scene->program, "certificate", "few.json", "--roster", "roster.json", "-o", "copy.json");
    assert_exit(scene->program, 4);
    assert_false(program_has(scene->program, "copy.json"));
}

static void a_certificate_of_another_hearing_is_neither_shown_nor_kept(void **state)
{
    static const char other[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct scene *scene = *state;
    struct buffer certificate = {0};
    struct buffer answer = {0};
    struct server server;

    fixture_certify(scene->fixture, QUORUM, &certificate);
    buffer_append_text(&answer, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    buffer_append(&answer, certificate.data, certificate.size);
    const char *const answers[] = {buffer_text(&answer), buffer_text(&answer)};

    RUN(scene->program, "key", "create", "org.seed");
    server_start(&server, answers, 2);
    RUN(scene->program, "certificate", other, "--key", "org.seed", "--roster", "roster.json",
        "--url", server.url, "-o", "copy.json");
    assert_exit(scene->program, 4);
    assert_says(scene->program, "another hearing");
    assert_false(program_has(scene->program, "copy.json"));
    RUN(scene->program, "certificate", other, "--key", "org.seed", "--roster", "roster.json",
        "--url", server.url);
    assert_exit(scene->program, 4);
    assert_int_equal(scene->program->out.size, 0);
    server_stop(&server);
    buffer_finish(&certificate);
    buffer_finish(&answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_certified_report_is_valid),
        TEST(a_bundle_names_the_result_before_it_whoever_signed_the_certificate),
        TEST(twenty_one_signatures_are_refused),
        TEST(a_result_of_another_council_is_refused),
        TEST(an_altered_report_is_refused),
        TEST(an_altered_certificate_is_refused),
        TEST(evidence_of_another_case_is_refused),
        TEST(what_is_missing_is_bad_input_and_not_a_verdict),
        TEST(a_report_is_given_back_byte_for_byte_and_verified_when_it_can_be),
        TEST(a_report_about_another_catalogue_is_not_put_into_words),
        TEST(with_papers_the_report_and_what_the_key_opens_are_one_document),
        TEST(a_report_exits_by_its_decision),
        TEST(a_certificate_is_shown_only_when_it_is_valid),
        TEST(a_certificate_of_another_hearing_is_neither_shown_nor_kept),
    };

    keys_library_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
