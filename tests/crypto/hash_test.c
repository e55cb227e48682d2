#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/hash.h"

static void assert_digest(const struct digest *digest, const char *hex)
{
    char text[DIGEST_HEX_SIZE];

    assert_string_equal(encode_digest(digest, text), hex);
}

static void sha_256_gives_the_published_values(void **state)
{
    struct digest digest;

    (void)state;
    /* FIPS 180-4, the examples of NIST. */
    hash_bytes(bytes_of_text("abc"), &digest);
    assert_digest(&digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_bytes(bytes_of_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), &digest);
    assert_digest(&digest, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    hash_bytes(bytes_of(NULL, 0), &digest);
    assert_digest(&digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void parts_give_what_the_whole_gives(void **state)
{
    uint8_t block[1000];
    struct hash hash;
    struct digest digest;

    (void)state;
    memset(block, 'a', sizeof(block));
    hash_init(&hash);
    for (size_t i = 0; i < 1000; i++) {
        /* Two parts of changing length, so that block boundaries are crossed everywhere. */
        hash_update(&hash, bytes_of(block, i));
        hash_update(&hash, bytes_of(block, sizeof(block) - i));
    }
    hash_finish(&hash, &digest);
    /* The third example: a million times "a". */
    assert_digest(&digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void lists_with_one_concatenation_have_different_digests(void **state)
{
    static const char *const lists[][2] = {{"ab", ""}, {"a", "b"}, {"", "ab"}};
    struct digest digests[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct hash hash;

        hash_init(&hash);
        hash_update_sized(&hash, bytes_of_text(lists[i][0]));
        hash_update_sized(&hash, bytes_of_text(lists[i][1]));
        hash_finish(&hash, &digests[i]);
    }
    assert_digest(&digests[0], "5275cd81a7ab85c7219cbe049231f08aab0913631cfd098890af6791862ef41e");
    assert_false(digest_equal(&digests[0], &digests[1]));
    assert_false(digest_equal(&digests[1], &digests[2]));
    assert_false(digest_equal(&digests[0], &digests[2]));
}

static void hmac_follows_rfc_4231(void **state)
{
    /* Sections 4.2 to 4.5. Shorter keys end in zeros, which is how HMAC fills them up itself. */
    uint8_t key[HASH_KEY_SIZE] = {0};
    uint8_t data[50];
    struct digest digest;

    (void)state;
    memset(key, 0x0b, 20);
    hash_keyed(key, bytes_of_text("Hi There"), &digest);
    assert_digest(&digest, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");

    memset(key, 0, sizeof(key));
    memcpy(key, "Jefe", 4);
    hash_keyed(key, bytes_of_text("what do ya want for nothing?"), &digest);
    assert_digest(&digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");

    memset(key, 0, sizeof(key));
    memset(key, 0xaa, 20);
    memset(data, 0xdd, sizeof(data));
    hash_keyed(key, bytes_of(data, sizeof(data)), &digest);
    assert_digest(&digest, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");

    memset(key, 0, sizeof(key));
    for (uint8_t i = 0; i < 25; i++) {
        key[i] = (uint8_t)(i + 1);
    }
    memset(data, 0xcd, sizeof(data));
    hash_keyed(key, bytes_of(data, sizeof(data)), &digest);
    assert_digest(&digest, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha_256_gives_the_published_values),
        cmocka_unit_test(parts_give_what_the_whole_gives),
        cmocka_unit_test(lists_with_one_concatenation_have_different_digests),
        cmocka_unit_test(hmac_follows_rfc_4231),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
