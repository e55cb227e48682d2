/* aims misconduct and verify-misconduct: who is accused, by what, and what is no accusation. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/sign.h"
#include "proto/codec.h"
#include "report/certificate.h"
#include "report/proof.h"
#include "tests/client/program.h"
#include "tests/client/server.h"
#include "tests/report/fixture.h"

#define HEAD(status) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n"

enum { SEATS = 5, COORDINATORS = 3, CULPRIT = 2 };

struct scene {
    struct program *program;
    struct fixture *fixture;
    struct arena *arena;
    struct buffer proof; /* E8 of the culprit. */
    struct buffer other; /* E8 of seat 3. */
};

static struct message_signed new_view(struct scene *scene, uint8_t seat, uint32_t view,
                                      uint32_t qc_view)
{
    struct message_new_view report = {.roster = scene->fixture->roster.digest,
                                      .docket = scene->fixture->docket.scope.docket,
                                      .view = view,
                                      .qc_view = qc_view,
                                      .qc_value = {{qc_view > 0}}};
    struct buffer payload = {0};
    struct message_signed message;

    codec_payload_encode_new_view(&report, &payload);
    message.payload = bytes_of(arena_copy(scene->arena, payload.data, payload.size), payload.size);
    sign_payload(scene->fixture->seats[seat], MESSAGE_TYPE_NEW_VIEW, message.payload,
                 message.signature);
    buffer_finish(&payload);
    return message;
}

static void prove(struct scene *scene, uint8_t seat, struct buffer *out)
{
    struct proof proof = {.is_seat = true,
                          .signer = seat,
                          .first_type = MESSAGE_TYPE_NEW_VIEW,
                          .second_type = MESSAGE_TYPE_NEW_VIEW,
                          .first = new_view(scene, seat, 3, 0),
                          .second = new_view(scene, seat, 3, 1)};
    struct error error;

    assert_true(proof_judge(&scene->fixture->roster, &proof, scene->arena, &error));
    proof_write(&scene->fixture->roster, &proof, out);
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    struct buffer roster = {0};
    void *program = NULL;

    assert_non_null(scene);
    assert_int_equal(program_open(&program), 0);
    scene->program = program;
    scene->arena = arena_create(PROGRAM_MEMORY);
    scene->fixture = fixture_create_wide(SEATS, 1, COORDINATORS, 1, fixture_catalog());
    fixture_hear(scene->fixture);
    roster_write(&scene->fixture->roster, &roster);
    program_write(scene->program, "roster.json", roster.data, roster.size);
    buffer_finish(&roster);
    RUN(scene->program, "key", "create", "org.seed");
    assert_exit(scene->program, 0);
    prove(scene, CULPRIT, &scene->proof);
    prove(scene, 3, &scene->other);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    void *program = scene->program;

    buffer_finish(&scene->proof);
    buffer_finish(&scene->other);
    fixture_destroy(scene->fixture);
    arena_destroy(scene->arena);
    (void)program_close(&program);
    free(scene);
    return 0;
}

/* The proof with FROM replaced by TO, as long as it. */
static void write_altered(struct scene *scene, const char *name, const char *from, const char *to)
{
    char *at = strstr((char *)scene->proof.data, from);

    assert_non_null(at);
    memcpy(at, to, strlen(from));
    program_write(scene->program, name, scene->proof.data, scene->proof.size);
    memcpy(at, from, strlen(from));
}

static void a_proof_names_the_culprit_offline(void **state)
{
    struct scene *scene = *state;
    struct program *program = scene->program;

    program_write(program, "proof.json", scene->proof.data, scene->proof.size);
    RUN(program, "verify-misconduct", "proof.json", "--roster", "roster.json");
    assert_exit(program, 0);
    assert_says(program, "seat 2 of Cedar Council asked twice for one view");
    assert_says(program, "(E8)");
    RUN(program, "verify-misconduct", "proof.json", "--roster", "roster.json", "--json");
    assert_exit(program, 0);
    const struct tree *json = program_json(program);

    assert_string_equal(tree_get(json, "kind")->text, "E8");
    assert_int_equal(tree_get(json, "seat")->integer, CULPRIT);
    assert_int_equal(tree_get(json, "proved")->integer, 1);
}

static void a_file_that_proves_nothing_is_an_answer_and_not_bad_input(void **state)
{
    struct scene *scene = *state;
    struct program *program = scene->program;
    struct fixture *other = fixture_create(SEATS + 1, 1, 1, fixture_catalog());
    struct buffer roster = {0};

    write_altered(scene, "kind.json", "\"E8\"", "\"E1\"");
    RUN(program, "verify-misconduct", "kind.json", "--roster", "roster.json");
    assert_exit(program, 1);
    assert_says(program, "not proved: kind.json: it says E1 and proves E8");
    program_write(program, "proof.json", scene->proof.data, scene->proof.size);
    roster_write(&other->roster, &roster);
    program_write(program, "other.json", roster.data, roster.size);
    RUN(program, "verify-misconduct", "proof.json", "--roster", "other.json", "--json");
    assert_exit(program, 1);
    assert_int_equal(tree_get(program_json(program), "proved")->integer, 0);
    buffer_finish(&roster);
    fixture_destroy(other);
}

static void what_is_no_proof_at_all_is_bad_input(void **state)
{
    struct scene *scene = *state;
    struct program *program = scene->program;

    RUN(program, "verify-misconduct", "nowhere.json", "--roster", "roster.json");
    assert_exit(program, 4);
    RUN(program, "verify-misconduct", "roster.json", "--roster", "roster.json");
    assert_exit(program, 4);
    write_altered(scene, "type.json", "misconduct/1", "misconduct/2");
    RUN(program, "verify-misconduct", "type.json", "--roster", "roster.json");
    assert_exit(program, 4);
    RUN(program, "verify-misconduct", "type.json");
    assert_exit(program, 2);
}

static void write_list(const struct scene *scene, const char *first, const char *second,
                       struct buffer *out)
{
    char docket[DIGEST_HEX_SIZE];

    (void)encode_digest(&scene->fixture->docket.scope.docket, docket);
    buffer_format(out,
                  HEAD("200 OK") "{\"misconduct\":[{\"docket\":\"%s\",\"id\":\"%s\"},"
                                 "{\"docket\":\"%s\",\"id\":\"%s\"}]}",
                  docket, first, docket, second);
}

static void answer_with(const struct buffer *file, struct buffer *out)
{
    buffer_append_text(out, HEAD("200 OK"));
    buffer_append(out, file->data, file->size);
}

static void what_a_coordinator_offers_is_checked_and_kept(void **state)
{
    struct scene *scene = *state;
    struct program *program = scene->program;
    struct buffer list = {0};
    struct buffer proof = {0};
    struct buffer kept = {0};
    struct server server;
    char docket[DIGEST_HEX_SIZE];
    char name[128];

    write_list(scene, "7", "8", &list);
    answer_with(&scene->proof, &proof);
    /* The second one is the roster, which proves nothing. */
    const char *const answers[] = {buffer_text(&list), buffer_text(&proof),
                                   HEAD("200 OK") "{\"type\":\"aims-council-roster/1\"}"};

    server_start(&server, answers, 3);
    RUN(program, "misconduct", "--url", server.url, "--key", "org.seed", "--roster", "roster.json",
        "-o", "proofs");
    server_stop(&server);
    assert_exit(program, 0);
    assert_says(program, "seat 2 of Cedar Council asked twice for one view");
    assert_says(program, "aims: coordinator 0: 8:");
    (void)snprintf(name, sizeof(name), "proofs/E8-seat-02-%.16s.json",
                   encode_digest(&scene->fixture->docket.scope.docket, docket));
    program_read(program, name, &kept);
    assert_true(bytes_equal(buffer_bytes(&kept), buffer_bytes(&scene->proof)));
    RUN(program, "verify-misconduct", name, "--roster", "roster.json");
    assert_exit(program, 0);
    buffer_finish(&list);
    buffer_finish(&proof);
    buffer_finish(&kept);
}

/* Two coordinators caught seat 2, one of them seat 3 as well, and one is down. */
static void all_coordinators_are_asked_and_nobody_is_named_twice(void **state)
{
    struct scene *scene = *state;
    struct program *program = scene->program;
    struct buffer list = {0};
    struct buffer proof = {0};
    struct buffer other = {0};
    struct server servers[COORDINATORS];
    char urls[COORDINATORS][80];

    write_list(scene, "a", "b", &list);
    answer_with(&scene->proof, &proof);
    answer_with(&scene->other, &other);
    const char *const down[] = {""};
    const char *const two[] = {buffer_text(&list), buffer_text(&proof), buffer_text(&other)};
    const char *const one[] = {buffer_text(&list), buffer_text(&proof), buffer_text(&proof)};

    server_start(&servers[0], down, 1);
    server_start(&servers[1], two, 3);
    server_start(&servers[2], one, 3);
    for (size_t i = 0; i < COORDINATORS; i++) {
        (void)snprintf(urls[i], sizeof(urls[i]), "%zu=%s", i, servers[i].url);
    }
    RUN(program, "misconduct", "--key", "org.seed", "--roster", "roster.json", "--coordinator",
        urls[2], "--coordinator", urls[0], "--coordinator", urls[1], "--json");
    assert_exit(program, 0);
    assert_says(program, "aims: coordinator 0: ");
    const struct tree *found = tree_get(program_json(program), "misconduct");

    assert_int_equal(found->count, 2);
    assert_int_equal(tree_get(found->child, "seat")->integer, CULPRIT);
    assert_int_equal(tree_get(found->child->next, "seat")->integer, 3);
    buffer_finish(&list);
    buffer_finish(&proof);
    buffer_finish(&other);
    for (size_t i = 0; i < COORDINATORS; i++) {
        server_stop(&servers[i]);
    }
}

static void addresses_say_whose_they_are(void **state)
{
    static const char *const wrong[] = {"http://127.0.0.1:1", "7=http://127.0.0.1:1",
                                        "=http://127.0.0.1:1", "01=http://127.0.0.1:1"};
    struct scene *scene = *state;
    struct program *program = scene->program;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        RUN(program, "misconduct", "--key", "org.seed", "--roster", "roster.json", "--coordinator",
            wrong[i]);
        assert_exit(program, 2);
        assert_says(program, "want N=URL");
    }
    RUN(program, "misconduct", "--key", "org.seed", "--roster", "roster.json", "--coordinator",
        "3=http://127.0.0.1:1");
    assert_exit(program, 2);
    assert_says(program, "there is no coordinator 3: the roster names 3, counted from 0");
    RUN(program, "misconduct", "--key", "org.seed", "--roster", "roster.json", "--coordinator",
        "1=http://127.0.0.1:1", "--coordinator", "1=http://127.0.0.1:2");
    assert_exit(program, 2);
    assert_says(program, "two addresses for coordinator 1");
    RUN(program, "misconduct", "--key", "org.seed", "--roster", "roster.json", "--coordinator",
        "1=http://127.0.0.1:1", "--home", "0");
    assert_exit(program, 2);
    assert_says(program, "the address of coordinator 0 is not known");
}

static void proofs_that_are_not_for_this_key_are_counted(void **state)
{
    struct scene *scene = *state;
    struct buffer list = {0};
    struct server server;

    write_list(scene, "1", "2", &list);
    const char *const answers[] = {buffer_text(&list), HEAD("404 Not Found"),
                                   HEAD("404 Not Found")};

    server_start(&server, answers, 3);
    RUN(scene->program, "misconduct", server.url, "--key", "org.seed", "--roster", "roster.json");
    server_stop(&server);
    assert_exit(scene->program, 0);
    assert_says(scene->program, "2 more of its proofs are for readers");
    buffer_finish(&list);
}

static void a_list_that_leads_elsewhere_is_not_followed(void **state)
{
    static const char *const answers[] = {
        HEAD("200 OK") "{\"misconduct\":[{\"id\":\"../cases/1\"}]}"};
    struct scene *scene = *state;
    struct server server;

    server_start(&server, answers, 1);
    RUN(scene->program, "misconduct", server.url, "--key", "org.seed", "--roster", "roster.json");
    server_stop(&server);
    assert_exit(scene->program, 5);
    assert_says(scene->program, "names a proof that has no id");
}

static void where_nobody_was_caught_it_says_so(void **state)
{
    static const char *const answers[] = {HEAD("200 OK") "{\"misconduct\":[]}",
                                          HEAD("200 OK") "{\"misconduct\":[]}"};
    struct scene *scene = *state;
    struct server server;

    server_start(&server, answers, 2);
    RUN(scene->program, "misconduct", server.url, "--key", "org.seed", "--roster", "roster.json");
    assert_exit(scene->program, 0);
    assert_says(scene->program, "no misconduct is known");
    RUN(scene->program, "misconduct", server.url, "--key", "org.seed", "--roster", "roster.json",
        "--json");
    server_stop(&server);
    assert_exit(scene->program, 0);
    assert_int_equal(tree_get(program_json(scene->program), "misconduct")->count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_proof_names_the_culprit_offline),
        TEST(a_file_that_proves_nothing_is_an_answer_and_not_bad_input),
        TEST(what_is_no_proof_at_all_is_bad_input),
        TEST(what_a_coordinator_offers_is_checked_and_kept),
        TEST(all_coordinators_are_asked_and_nobody_is_named_twice),
        TEST(addresses_say_whose_they_are),
        TEST(proofs_that_are_not_for_this_key_are_counted),
        TEST(a_list_that_leads_elsewhere_is_not_followed),
        TEST(where_nobody_was_caught_it_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
