#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/sign.h"

/* RFC 8032 section 7.1, tests 1 to 3. */
static const struct {
    const char *public;
    const char *message;
    const char *signature;
} vectors[] = {
    {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static struct keys *fixed_keys(void)
{
    uint8_t seed[KEYS_SEED_SIZE];

    for (uint8_t i = 0; i < sizeof(seed); i++) {
        seed[i] = i;
    }
    return keys_from_seed(seed);
}

static void verification_follows_rfc_8032(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t public[KEYS_PUBLIC_SIZE];
        uint8_t message[2];
        uint8_t signature[SIGN_SIZE];
        size_t size = strlen(vectors[i].message) / 2;

        assert_true(encode_from_hex(vectors[i].public, public, sizeof(public)));
        assert_true(encode_from_hex(vectors[i].message, message, size));
        assert_true(encode_from_hex(vectors[i].signature, signature, sizeof(signature)));
        assert_true(sign_raw_verify(public, bytes_of(message, size), signature));
        signature[0] ^= 1;
        assert_false(sign_raw_verify(public, bytes_of(message, size), signature));
    }
}

static void the_encoding_is_the_one_of_the_dsse_specification(void **state)
{
    struct buffer out = {0};

    (void)state;
    sign_encode("http://example.com/HelloWorld", bytes_of_text("hello world"), &out);
    assert_string_equal(buffer_text(&out),
                        "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    buffer_clear(&out);
    sign_encode("", bytes_of(NULL, 0), &out);
    assert_string_equal(buffer_text(&out), "DSSEv1 0  0 ");
    buffer_finish(&out);
}

static void a_signature_is_what_another_implementation_makes(void **state)
{
    /* Made with OpenSSL from the derived key of this seed over the DSSE encoding. */
    static const char expected[] =
        "e4653560f90a8f1e10593d05b608bcf55e32a98a0f5e947a70dbf2ae0ce5de05"
        "83889edd1ced7d2ab390223d83b4adbe2745fe54c2262d44e88b1d6d8a97fd0b";
    struct keys *keys = fixed_keys();
    uint8_t signature[SIGN_SIZE];
    char hex[HEX_SIZE(SIGN_SIZE)];

    (void)state;
    sign_payload(keys, "http://example.com/HelloWorld", bytes_of_text("hello world"), signature);
    encode_hex(bytes_of(signature, SIGN_SIZE), hex);
    assert_string_equal(hex, expected);
    keys_destroy(keys);
}

static void a_signature_holds_for_its_type_payload_and_key_only(void **state)
{
    const uint8_t other_seed[KEYS_SEED_SIZE] = {1};
    struct keys *keys = fixed_keys();
    struct keys *other = keys_from_seed(other_seed);
    const uint8_t *signing = keys_public(keys)->signing;
    uint8_t signature[SIGN_SIZE];

    (void)state;
    sign_payload(keys, "a/b", bytes_of_text("payload"), signature);
    assert_true(sign_verify(signing, "a/b", bytes_of_text("payload"), signature));
    assert_false(sign_verify(signing, "a/c", bytes_of_text("payload"), signature));
    assert_false(sign_verify(signing, "a/b", bytes_of_text("payloae"), signature));
    assert_false(sign_verify(signing, "a/b 7 p", bytes_of_text("ayload"), signature));
    assert_false(sign_raw_verify(signing, bytes_of_text("payload"), signature));
    assert_false(
        sign_verify(keys_public(other)->signing, "a/b", bytes_of_text("payload"), signature));
    for (size_t i = 0; i < SIGN_SIZE; i++) {
        signature[i] ^= 0x10;
        assert_false(sign_verify(signing, "a/b", bytes_of_text("payload"), signature));
        signature[i] ^= 0x10;
    }
    keys_destroy(other);
    keys_destroy(keys);
}

static void the_digest_of_a_message_covers_payload_and_signature(void **state)
{
    uint8_t signature[SIGN_SIZE];
    struct digest digest;
    struct digest other;
    char hex[DIGEST_HEX_SIZE];

    (void)state;
    for (uint8_t i = 0; i < sizeof(signature); i++) {
        signature[i] = i;
    }
    sign_message_digest(bytes_of_text("payload"), signature, &digest);
    assert_string_equal(encode_digest(&digest, hex),
                        "24401dacd080ead281cb8daa386cbd95075df298cbb693e4fc0ff4ceba4f6b54");
    signature[63] ^= 1;
    sign_message_digest(bytes_of_text("payload"), signature, &other);
    assert_false(digest_equal(&digest, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verification_follows_rfc_8032),
        cmocka_unit_test(the_encoding_is_the_one_of_the_dsse_specification),
        cmocka_unit_test(a_signature_is_what_another_implementation_makes),
        cmocka_unit_test(a_signature_holds_for_its_type_payload_and_key_only),
        cmocka_unit_test(the_digest_of_a_message_covers_payload_and_signature),
    };

    keys_library_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
