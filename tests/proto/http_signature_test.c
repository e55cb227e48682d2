/* Signed requests: the published example, what is refused, and with which sentence. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/http_signature.h"

#define NOW UINT64_C(1795000000)

static struct keys *keys;

static const struct http_signature_field fields[] = {
    {"content-digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"}};
static const struct http_signature_request request = {.method = "POST",
                                                      .authority = "council.example:8080",
                                                      .path = "/v1/cases",
                                                      .query = "?attempt=2",
                                                      .field_count = 1,
                                                      .fields = fields};

static int set_up(void **state)
{
    static const uint8_t seed[KEYS_SEED_SIZE] = {1};

    (void)state;
    keys_library_init();
    keys = keys_from_seed(seed);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    keys_destroy(keys);
    return 0;
}

static struct http_signature sign(const struct http_signature_request *what)
{
    struct http_signature out;
    struct error error;

    assert_true(http_signature_sign(keys, what, NOW, &out, &error));
    return out;
}

static bool verify_at(const struct http_signature_request *what,
                      const struct http_signature *signature, uint64_t now, struct error *error)
{
    struct http_signature_values values = {signature->key, signature->input, signature->signature};
    uint8_t signing[KEYS_PUBLIC_SIZE];

    if (!http_signature_verify(what, &values, now, signing, error)) {
        return false;
    }
    assert_memory_equal(signing, keys_public(keys)->signing, KEYS_PUBLIC_SIZE);
    return true;
}

static void expect_refused(const struct http_signature_request *what,
                           const struct http_signature *signature, const char *sentence)
{
    struct error error = {0};

    assert_false(verify_at(what, signature, NOW, &error));
    if (strstr(error.message, sentence) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.message, sentence);
    }
}

/* RFC 9421, B.2.6: request, key and signature as published. */
static void the_published_ed25519_example_verifies(void **state)
{
    static const char public_key[] = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";
    static const char published[] =
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
    static const struct http_signature_field published_fields[] = {
        {"date", "Tue, 20 Apr 2021 02:07:55 GMT"},
        {"content-type", "application/json"},
        {"content-length", "18"}};
    static const struct http_signature_request example = {.method = "POST",
                                                          .authority = "Example.com",
                                                          .path = "/foo",
                                                          .query = "?param=Value&Pet=dog",
                                                          .field_count = 3,
                                                          .fields = published_fields};
    struct buffer base = {0};
    struct buffer key = {0};
    struct buffer signature = {0};
    struct error error;

    (void)state;
    assert_true(encode_from_base64(public_key, strlen(public_key), &key));
    assert_true(encode_from_base64(published, strlen(published), &signature));
    assert_int_equal(key.size, KEYS_PUBLIC_SIZE);
    assert_int_equal(signature.size, SIGN_SIZE);
    assert_true(http_signature_base(&example,
                                    "(\"date\" \"@method\" \"@path\" \"@authority\" "
                                    "\"content-type\" \"content-length\");created=1618884473"
                                    ";keyid=\"test-key-ed25519\"",
                                    &base, &error));
    assert_true(sign_raw_verify(key.data, buffer_bytes(&base), signature.data));
    base.data[0] ^= 1;
    assert_false(sign_raw_verify(key.data, buffer_bytes(&base), signature.data));
    buffer_finish(&base);
    buffer_finish(&key);
    buffer_finish(&signature);
}

static void what_is_signed_verifies_and_names_the_key(void **state)
{
    struct http_signature signature = sign(&request);
    struct http_signature_request get = {
        .method = "GET", .authority = "council.example", .path = "/"};
    struct error error;

    (void)state;
    assert_true(verify_at(&request, &signature, NOW, &error));
    assert_non_null(strstr(signature.input,
                           "sig=(\"@method\" \"@authority\" \"@path\" \"@query\" "
                           "\"content-digest\" \"aims-key\");created=1795000000;"));
    signature = sign(&get);
    assert_null(strstr(signature.input, "@query"));
    assert_true(verify_at(&get, &signature, NOW, &error));
}

static void the_case_of_the_host_does_not_matter(void **state)
{
    struct http_signature signature = sign(&request);
    struct http_signature_request other = request;
    struct error error;

    (void)state;
    other.authority = "Council.EXAMPLE:8080";
    assert_true(verify_at(&other, &signature, NOW, &error));
}

static void another_request_is_refused(void **state)
{
    static const struct http_signature_field other_fields[] = {
        {"content-digest", "sha-256=:AA==:"}};
    struct http_signature signature = sign(&request);
    struct http_signature_request other;

    (void)state;
#define EXPECT_OTHER(member, text)                                                                 \
    other = request;                                                                               \
    other.member = (text);                                                                         \
    expect_refused(&other, &signature, "not that of this request")

    EXPECT_OTHER(method, "PUT");
    EXPECT_OTHER(authority, "council.example:8081");
    EXPECT_OTHER(path, "/v1/case");
    EXPECT_OTHER(query, "?attempt=3");
    EXPECT_OTHER(fields, other_fields);
#undef EXPECT_OTHER
    other = request;
    other.query = NULL;
    expect_refused(&other, &signature, "covers \"@query\", which the request has not");
}

static void what_the_server_relies_on_must_be_covered(void **state)
{
    static const struct http_signature_field more[] = {{"content-digest", "sha-256=:AA==:"}};
    struct http_signature_request bare = {
        .method = "POST", .authority = "council.example", .path = "/v1/cases"};
    struct http_signature signature = sign(&bare);
    struct http_signature_request other = bare;

    (void)state;
    other.query = "?attempt=1";
    expect_refused(&other, &signature, "does not cover \"@query\"");
    other = bare;
    other.field_count = 1;
    other.fields = more;
    expect_refused(&other, &signature, "does not cover \"content-digest\"");
}

static void no_byte_of_the_signature_can_be_altered(void **state)
{
    struct http_signature good = sign(&request);
    struct error error;

    (void)state;
    for (size_t i = 0; i < strlen(good.input); i++) {
        struct http_signature signature = good;

        signature.input[i] ^= 1;
        assert_false(verify_at(&request, &signature, NOW, &error));
    }
    for (size_t i = 0; i < strlen(good.signature); i++) {
        struct http_signature signature = good;

        signature.signature[i] ^= 1;
        assert_false(verify_at(&request, &signature, NOW, &error));
    }
    for (size_t i = 0; i < strlen(good.key); i++) {
        struct http_signature signature = good;

        signature.key[i] ^= 1;
        assert_false(verify_at(&request, &signature, NOW, &error));
    }
}

static void a_signature_is_good_for_five_minutes(void **state)
{
    struct http_signature signature = sign(&request);
    struct error error;

    (void)state;
    assert_true(verify_at(&request, &signature, NOW + HTTP_SIGNATURE_AGE_MAX, &error));
    assert_true(verify_at(&request, &signature, NOW - HTTP_SIGNATURE_AGE_MAX, &error));
    assert_false(verify_at(&request, &signature, NOW + HTTP_SIGNATURE_AGE_MAX + 1, &error));
    assert_non_null(strstr(error.message, "301 seconds before"));
    assert_false(verify_at(&request, &signature, NOW - HTTP_SIGNATURE_AGE_MAX - 1, &error));
    assert_non_null(strstr(error.message, "301 seconds after"));
}

static void the_key_of_another_is_refused(void **state)
{
    static const uint8_t seed[KEYS_SEED_SIZE] = {2};
    struct keys *other = keys_from_seed(seed);
    struct http_signature signature = sign(&request);

    (void)state;
    encode_hex(bytes_of(keys_public(other)->signing, KEYS_PUBLIC_SIZE), signature.key);
    expect_refused(&request, &signature, "keyid is not that of the key");
    memset(signature.key, '0', sizeof(signature.key) - 1);
    expect_refused(&request, &signature, "Aims-Key is not");
    keys_destroy(other);
}

static void a_request_without_a_signature_is_told_what_is_missing(void **state)
{
    struct http_signature good = sign(&request);
    struct http_signature_values values = {good.key, good.input, NULL};
    uint8_t signing[KEYS_PUBLIC_SIZE];
    struct error error;

    (void)state;
    assert_false(http_signature_verify(&request, &values, NOW, signing, &error));
    assert_string_equal(error.message, "the request is not signed: Signature is missing");
    values.input = NULL;
    assert_false(http_signature_verify(&request, &values, NOW, signing, &error));
    assert_string_equal(error.message, "the request is not signed: Signature-Input is missing");
    values.key = NULL;
    assert_false(http_signature_verify(&request, &values, NOW, signing, &error));
    assert_string_equal(error.message, "the request is not signed: Aims-Key is missing");
}

static void malformed_inputs_are_refused(void **state)
{
    static const char *const inputs[] = {
        "",
        "sig=",
        "sig=()",
        "sig=();created=1795000000",
        "sig=(;created=1795000000;keyid=\"a\"",
        "sig=(\"@method\"",
        "sig=(\"@method\"  \"@path\");created=1795000000;keyid=\"a\"",
        "sig=(\"@method\"\"@path\");created=1795000000;keyid=\"a\"",
        "sig=(\"@method\" \"@method\");created=1795000000;keyid=\"a\"",
        "sig=(\"@method\";req);created=1795000000;keyid=\"a\"",
        "sig=(\"@method\");created=01795000000;keyid=\"a\"",
        "sig=(\"@method\");created=-1;keyid=\"a\"",
        "sig=(\"@method\");created=99999999999999999999;keyid=\"a\"",
        "sig=(\"@method\");created=1795000000;created=1795000000;keyid=\"a\"",
        "sig=(\"@method\");created=1795000000;keyid=\"a\";alg=\"rsa-v1_5-sha256\"",
        "sig=(\"@method\");created=1795000000;keyid=\"a\";nonce=\"b\"",
        "sig=(\"@method\");created=1795000000;keyid=\"a\\\"b\"",
        "sig=(\"@method\");created=1795000000;keyid=\"a\", other=()",
        "other=(\"@method\");created=1795000000;keyid=\"a\"",
    };
    struct http_signature signature = sign(&request);
    char input[HTTP_SIGNATURE_VALUE_MAX + 100];
    struct http_signature_values values = {signature.key, input, signature.signature};
    uint8_t signing[KEYS_PUBLIC_SIZE];
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        memset(signature.input, 0, sizeof(signature.input));
        memcpy(signature.input, inputs[i], strlen(inputs[i]));
        expect_refused(&request, &signature, "Signature-Input");
    }
    memset(input, 'a', sizeof(input) - 1);
    memcpy(input, "sig=(\"", 6);
    input[sizeof(input) - 1] = '\0';
    assert_false(http_signature_verify(&request, &values, NOW, signing, &error));
}

static void a_line_break_cannot_be_smuggled_into_the_base(void **state)
{
    struct http_signature_request bad = request;
    struct http_signature out;
    struct error error;

    (void)state;
    bad.path = "/\n\"@query\": ?";
    assert_false(http_signature_sign(keys, &bad, NOW, &out, &error));
    assert_string_equal(error.message, "\"@path\" has a control character");
}

static void the_digest_of_a_body_is_as_published(void **state)
{
    char digest[HTTP_SIGNATURE_DIGEST_SIZE];

    (void)state;
    /* RFC 9530, section 2. */
    http_signature_digest(bytes_of_text("{\"hello\": \"world\"}\n"), digest);
    assert_string_equal(digest, "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_ed25519_example_verifies),
        cmocka_unit_test(what_is_signed_verifies_and_names_the_key),
        cmocka_unit_test(the_case_of_the_host_does_not_matter),
        cmocka_unit_test(another_request_is_refused),
        cmocka_unit_test(what_the_server_relies_on_must_be_covered),
        cmocka_unit_test(no_byte_of_the_signature_can_be_altered),
        cmocka_unit_test(a_signature_is_good_for_five_minutes),
        cmocka_unit_test(the_key_of_another_is_refused),
        cmocka_unit_test(a_request_without_a_signature_is_told_what_is_missing),
        cmocka_unit_test(malformed_inputs_are_refused),
        cmocka_unit_test(a_line_break_cannot_be_smuggled_into_the_base),
        cmocka_unit_test(the_digest_of_a_body_is_as_published),
    };

    return cmocka_run_group_tests_name("proto/http_signature", tests, set_up, tear_down);
}
