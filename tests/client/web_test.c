/* Requests and event streams against a server that behaves as badly as the network does. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/delay.h"
#include "client/follow.h"
#include "client/web.h"
#include "crypto/keys.h"
#include "proto/http_signature.h"
#include "tests/client/server.h"

#define HEAD(status)       "HTTP/1.1 " status "\r\nConnection: close\r\n"
#define JSON(status, body) HEAD(status) "Content-Type: application/json\r\n\r\n" body
#define STREAM             HEAD("200 OK") "Content-Type: text/event-stream\r\n\r\n"

#define ASSESSING "{\"attempt\":1,\"state\":\"assessing\",\"assessed\":2,\"seats\":5}"
#define DECIDED                                                                                    \
    "{\"attempt\":1,\"state\":\"decided\",\"outcome\":\"conclusive\",\"decision\":"                \
    "\"recommended\"}"

enum { WAIT_MS = 20000 };

struct scene {
    struct server server;
    struct web *web;
    struct keys *keys;
    struct error error;
};

static void start(struct scene *scene, const char *const *answers, size_t count)
{
    static const uint8_t seed[KEYS_SEED_SIZE] = {7};

    *scene = (struct scene){.keys = keys_from_seed(seed)};
    server_start(&scene->server, answers, count);
    assert_true(web_open(scene->server.url, scene->keys, NULL, &scene->web, &scene->error));
}

#define START(scene, answers) start((scene), (answers), sizeof(answers) / sizeof((answers)[0]))

static void stop(struct scene *scene)
{
    web_close(scene->web);
    server_stop(&scene->server);
    keys_destroy(scene->keys);
}

static const char *request(const struct scene *scene, size_t index)
{
    return buffer_text(&scene->server.requests[index]);
}

static bool follow(struct scene *scene, uint32_t attempt, struct follow_state *state)
{
    static const struct digest case_id = {{1}};

    struct follow *following = follow_open(scene->web, &case_id, attempt);
    uint64_t end_ms = delay_now_ms() + WAIT_MS;
    enum follow_event event = FOLLOW_PROGRESS;
    bool is_ok = true;

    while (is_ok && event == FOLLOW_PROGRESS) {
        is_ok = follow_wait(following, end_ms, &event, &scene->error);
    }
    *state = *follow_state(following);
    follow_close(following);
    return is_ok && event == FOLLOW_DECIDED;
}

/* Copies the value of header field NAME of a request into OUT. */
static void field(const char *text, const char *name, char *out, size_t size)
{
    char start[64];

    (void)snprintf(start, sizeof(start), "\r\n%s: ", name);
    const char *at = strstr(text, start);

    assert_non_null(at);
    at += strlen(start);
    (void)snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
}

static void a_request_is_signed_over_what_is_sent(void **state)
{
    static const char *const answers[] = {JSON("200 OK", "{}")};
    struct scene scene;
    struct web_request post = {.method = WEB_POST,
                               .path = "/v1/cases?attempt=2",
                               .body = bytes_of_text("{\"header\":1}"),
                               .content_type = "application/json"};
    struct web_answer answer;
    char key[128];
    char input[HTTP_SIGNATURE_VALUE_MAX];
    char signature[256];
    char digest[HTTP_SIGNATURE_DIGEST_SIZE];
    uint8_t signing[KEYS_PUBLIC_SIZE];

    (void)state;
    START(&scene, answers);
    assert_true(web_send(scene.web, &post, &answer, &scene.error));
    field(request(&scene, 0), "Aims-Key", key, sizeof(key));
    field(request(&scene, 0), "Signature-Input", input, sizeof(input));
    field(request(&scene, 0), "Signature", signature, sizeof(signature));
    http_signature_digest(post.body, digest);
    assert_non_null(strstr(request(&scene, 0), digest));

    struct http_signature_field covered = {"content-digest", digest};
    struct http_signature_request facts = {.method = "POST",
                                           .authority = scene.server.url + strlen("http://"),
                                           .path = "/v1/cases",
                                           .query = "?attempt=2",
                                           .field_count = 1,
                                           .fields = &covered};
    struct http_signature_values values = {.key = key, .input = input, .signature = signature};
    const char *created = strstr(input, "created=");

    assert_non_null(created);
    uint64_t now = strtoul(created + strlen("created="), NULL, 10);

    assert_true(http_signature_verify(&facts, &values, now, signing, &scene.error));
    assert_memory_equal(signing, keys_public(scene.keys)->signing, KEYS_PUBLIC_SIZE);
    web_answer_finish(&answer);
    stop(&scene);
}

static void a_refusal_is_said_in_the_servers_words(void **state)
{
    static const char *const answers[] = {
        JSON("409 Conflict", "{\"title\":\"Conflict\",\"detail\":\"a later one is known\"}"),
        JSON("500 Oops", "no JSON"),
        JSON("404 Not Found", "{\"detail\":17}"),
    };
    static const enum error_code codes[] = {ERROR_CONFLICT, ERROR_TIMEOUT, ERROR_NOT_FOUND};
    struct scene scene;

    (void)state;
    START(&scene, answers);
    for (size_t i = 0; i < 3; i++) {
        struct web_answer answer;

        assert_false(web_get(scene.web, "/x", 0, &answer, &scene.error));
        assert_int_equal(scene.error.code, codes[i]);
        assert_true(i != 0 || strstr(scene.error.message, "a later one is known") != NULL);
        web_answer_finish(&answer);
    }
    stop(&scene);
}

static void an_answer_that_is_too_large_is_refused(void **state)
{
    static const char *const answers[] = {JSON("200 OK", "0123456789")};
    struct scene scene;
    struct web_answer answer;

    (void)state;
    START(&scene, answers);
    assert_false(web_get(scene.web, "/x", 9, &answer, &scene.error));
    assert_int_equal(scene.error.code, ERROR_LIMIT);
    web_answer_finish(&answer);
    stop(&scene);
}

static void a_redirect_is_not_followed(void **state)
{
    static const char *const answers[] = {
        HEAD("302 Found") "Location: http://127.0.0.1:1/\r\n\r\n"};
    struct scene scene;
    struct web_answer answer;

    (void)state;
    START(&scene, answers);
    assert_false(web_get(scene.web, "/x", 0, &answer, &scene.error));
    web_answer_finish(&answer);
    stop(&scene);
}

static void an_upload_goes_on_from_its_offset(void **state)
{
    static const char *const answers[] = {
        HEAD("204 No Content") "Upload-Offset: 4\r\n\r\n",
        HEAD("201 Created") "Content-Length: 0\r\n\r\n",
    };
    struct scene scene;
    struct web_request head = {.method = WEB_HEAD, .path = "/v1/bundles/x"};
    struct web_request put = {.method = WEB_PUT,
                              .path = "/v1/bundles/x",
                              .body = bytes_of_text("efgh"),
                              .content_type = "application/octet-stream",
                              .content_range = "bytes 4-7/8",
                              .names_body = true};
    struct web_answer answer;

    (void)state;
    START(&scene, answers);
    assert_true(web_send(scene.web, &head, &answer, &scene.error));
    assert_int_equal(answer.offset, 4);
    web_answer_finish(&answer);
    assert_true(web_send(scene.web, &put, &answer, &scene.error));
    assert_int_equal(answer.status, 201);
    assert_non_null(strstr(request(&scene, 1), "Content-Range: bytes 4-7/8"));
    assert_null(strstr(request(&scene, 1), "Content-Digest"));
    assert_non_null(strstr(request(&scene, 1), "\r\n\r\nefgh"));
    web_answer_finish(&answer);
    stop(&scene);
}

static void addresses_that_are_none_are_refused(void **state)
{
    static const char *const urls[] = {
        "", "nonsense", "ftp://host", "file:///etc/passwd", "http://", "http://host:99999"};

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct web *web = NULL;
        struct error error;

        assert_false(web_open(urls[i], NULL, NULL, &web, &error));
        assert_int_equal(error.code, ERROR_INVALID);
    }
}

static void a_case_is_followed_through_a_broken_stream(void **state)
{
    static const char *const answers[] = {
        JSON("200 OK", ASSESSING),
        STREAM ": hello\n\nid: 41\nevent: state\ndata: " ASSESSING "\n\nid: 42\ndata: {\"att",
        "", /* The next question meets a closed door. */
        STREAM "id: x\ndata: nonsense\n\n",
        JSON("200 OK", ASSESSING),
        STREAM "id: 43\r\nevent: state\r\ndata: " DECIDED "\r\n\r\n",
    };
    struct scene scene;
    struct follow_state found;

    (void)state;
    START(&scene, answers);
    assert_true(follow(&scene, 1, &found));
    assert_string_equal(found.state, "decided");
    assert_string_equal(found.outcome, "conclusive");
    assert_null(strstr(request(&scene, 1), "Last-Event-ID"));
    /* What did not end with a line was no event; what is no number is no id. */
    assert_non_null(strstr(request(&scene, 3), "Last-Event-ID: 42\r\n"));
    assert_non_null(strstr(request(&scene, 5), "Last-Event-ID: 42\r\n"));
    stop(&scene);
}

static void without_a_stream_a_case_is_asked_for_again(void **state)
{
    static const char *const answers[] = {
        JSON("200 OK", ASSESSING),     JSON("406 Not Acceptable", "{}"),
        JSON("503 Unavailable", "{}"), JSON("406 Not Acceptable", "{}"),
        JSON("200 OK", DECIDED),
    };
    struct scene scene;
    struct follow_state found;

    (void)state;
    START(&scene, answers);
    assert_true(follow(&scene, 1, &found));
    assert_string_equal(found.decision, "recommended");
    stop(&scene);
}

static void a_case_that_is_not_ours_is_not_followed(void **state)
{
    static const char *const answers[] = {JSON("404 Not Found", "{\"detail\":\"not known\"}")};
    struct scene scene;
    struct follow_state found;

    (void)state;
    START(&scene, answers);
    assert_false(follow(&scene, 1, &found));
    assert_int_equal(scene.error.code, ERROR_NOT_FOUND);
    stop(&scene);
}

static void an_earlier_attempt_that_is_open_still_is_waited_past(void **state)
{
    static const char *const answers[] = {
        JSON("200 OK", "{\"attempt\":1,\"state\":\"decided\",\"outcome\":\"unheard\"}"),
        STREAM "data: {\"attempt\":2,\"state\":\"decided\",\"outcome\":\"contested\"}\n\n",
    };
    struct scene scene;
    struct follow_state found;

    (void)state;
    START(&scene, answers);
    assert_true(follow(&scene, 2, &found));
    assert_int_equal(found.attempt, 2);
    assert_string_equal(found.outcome, "contested");
    stop(&scene);
}

static void an_earlier_attempt_that_is_conclusive_ends_it(void **state)
{
    static const char *const answers[] = {JSON("200 OK", DECIDED)};
    struct scene scene;
    struct follow_state found;

    (void)state;
    START(&scene, answers);
    assert_true(follow(&scene, 2, &found));
    assert_int_equal(found.attempt, 1);
    stop(&scene);
}

static void progress_counts_once_whatever_the_coordinator_says(void **state)
{
#define STATE(phase, assessed)                                                                     \
    "data: {\"attempt\":1,\"state\":\"" phase "\",\"assessed\":" assessed ",\"seats\":8}\n\n"
    static const char *const answers[] = {
        JSON("200 OK", "{\"attempt\":1,\"state\":\"waiting\",\"seats\":8}"),
        STREAM STATE("assessing", "1") STATE("waiting", "0") STATE("assessing", "1"),
        JSON("200 OK", "{\"attempt\":1,\"state\":\"assessing\",\"assessed\":1,\"seats\":8}"),
        STREAM STATE("assessing", "99999") STATE("assessing", "8") STATE("committing", "0"),
        JSON("200 OK", "{\"attempt\":2,\"state\":\"preparing\",\"seats\":0}"),
        STREAM STATE("committing", "0"),
        JSON("200 OK", DECIDED),
    };
    static const struct digest case_id = {{1}};
    enum follow_event event = FOLLOW_SILENT;
    struct scene scene;
    unsigned count = 0;

    (void)state;
    START(&scene, answers);
    struct follow *following = follow_open(scene.web, &case_id, 1);

    while (event != FOLLOW_DECIDED) {
        assert_true(follow_wait(following, delay_now_ms() + WAIT_MS, &event, &scene.error));
        assert_int_not_equal(event, FOLLOW_SILENT);
        count += event == FOLLOW_PROGRESS;
    }
    assert_int_equal(count, 4); /* assessing, its last quarter, preparing, committing. */
    follow_close(following);
    stop(&scene);
}

static void hostile_states_are_cut_to_size(void **state)
{
    struct buffer json = {0};
    struct follow_state found;
    struct error error;

    (void)state;
    buffer_append_text(&json,
                       "{\"attempt\":-1,\"assessed\":99999999999,\"seats\":\"5\",\"why\":\"");
    for (size_t i = 0; i < 1000; i++) {
        buffer_append_byte(&json, 'w');
    }
    buffer_append_text(&json, "\",\"state\":null}");
    assert_true(follow_parse(buffer_bytes(&json), &found, &error));
    assert_int_equal(found.attempt, 0);
    assert_int_equal(found.assessed, 0);
    assert_int_equal(found.seats, 0);
    assert_string_equal(found.state, "");
    assert_int_equal(strlen(found.why), FOLLOW_WHY_SIZE - 1);
    assert_false(follow_parse(bytes_of_text("[]"), &found, &error));
    assert_false(follow_parse(bytes_of_text("{"), &found, &error));
    buffer_finish(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_signed_over_what_is_sent),
        cmocka_unit_test(a_refusal_is_said_in_the_servers_words),
        cmocka_unit_test(an_answer_that_is_too_large_is_refused),
        cmocka_unit_test(a_redirect_is_not_followed),
        cmocka_unit_test(an_upload_goes_on_from_its_offset),
        cmocka_unit_test(addresses_that_are_none_are_refused),
        cmocka_unit_test(a_case_is_followed_through_a_broken_stream),
        cmocka_unit_test(without_a_stream_a_case_is_asked_for_again),
        cmocka_unit_test(a_case_that_is_not_ours_is_not_followed),
        cmocka_unit_test(an_earlier_attempt_that_is_open_still_is_waited_past),
        cmocka_unit_test(an_earlier_attempt_that_is_conclusive_ends_it),
        cmocka_unit_test(progress_counts_once_whatever_the_coordinator_says),
        cmocka_unit_test(hostile_states_are_cut_to_size),
    };

    keys_library_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
