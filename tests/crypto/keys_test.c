#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/keys.h"

/* A directory of its own for each test; no test leaves more than these two names behind. */
struct place {
    char directory[64];
    char path[80];
    char other[80];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    (void)snprintf(place->directory, sizeof(place->directory), "/tmp/keys-test-XXXXXX");
    if (mkdtemp(place->directory) == NULL) {
        return -1;
    }
    (void)snprintf(place->path, sizeof(place->path), "%s/seed", place->directory);
    (void)snprintf(place->other, sizeof(place->other), "%s/other", place->directory);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;

    (void)unlink(place->path);
    (void)unlink(place->other);
    int result = rmdir(place->directory);

    free(place);
    return result;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void assert_hex(const uint8_t *key, const char *expected)
{
    char hex[HEX_SIZE(KEYS_PUBLIC_SIZE)];

    encode_hex(bytes_of(key, KEYS_PUBLIC_SIZE), hex);
    assert_string_equal(hex, expected);
}

static const char fixed_seed[] =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

static void sub_keys_are_what_another_implementation_derives(void **state)
{
    /* Computed with Python's hashlib.blake2b and OpenSSL. */
    const struct place *place = *state;
    struct keys *keys = NULL;
    struct error error;
    char keyid[KEYS_KEYID_SIZE];

    write_file(place->path, fixed_seed, 0400);
    assert_true(keys_open(place->path, &keys, &error));
    const struct keys_public *public = keys_public(keys);

    assert_hex(public->signing, "5595263f06c0442c9f9e3586a748fbb9a8c914976daf02ea9882adaf554cba6e");
    assert_hex(public->sealing, "b89f3e3e3bc43e3c1c8e3ee2827b2d39a6f13f0b023e25b28718d72526eb503d");
    assert_hex(public->transport,
               "75b233bd13532d153f7ad37caef42afed6719545ee3a7db70defc914036a8e70");
    assert_hex(keys_transport_secret(keys),
               "907f2d23ca692bf8f2492d0bd264f2337d04cf35d9f9126fcfb7c421355ef74a");
    keys_keyid(public->signing, keyid);
    assert_string_equal(keyid, "d9e6665c64dadbb3fe35b59ea1f39828d98f993009494458182879ef4ec8f926");
    keys_destroy(keys);
    keys_destroy(NULL);
}

static void a_new_seed_is_private_and_opens_as_the_same_identity(void **state)
{
    const struct place *place = *state;
    struct keys *created = NULL;
    struct keys *opened = NULL;
    struct keys *other = NULL;
    struct error error;
    struct stat status;

    assert_true(keys_create(place->path, &created, &error));
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, 65);
    assert_true(keys_open(place->path, &opened, &error));
    assert_memory_equal(keys_public(created), keys_public(opened), sizeof(struct keys_public));
    assert_true(keys_create(place->other, &other, &error));
    assert_memory_not_equal(keys_public(created), keys_public(other), sizeof(struct keys_public));
    keys_destroy(other);
    keys_destroy(opened);
    keys_destroy(created);
}

static void an_existing_file_is_never_overwritten(void **state)
{
    const struct place *place = *state;
    struct keys *keys = NULL;
    struct error error;

    write_file(place->path, fixed_seed, 0600);
    assert_false(keys_create(place->path, &keys, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_non_null(strstr(error.message, place->path));
    assert_null(keys);
    assert_true(keys_open(place->path, &keys, &error));
    assert_hex(keys_public(keys)->signing,
               "5595263f06c0442c9f9e3586a748fbb9a8c914976daf02ea9882adaf554cba6e");
    keys_destroy(keys);
}

static void a_file_others_may_touch_is_refused(void **state)
{
    static const mode_t modes[] = {0604, 0602, 0601, 0640, 0620, 0610, 0644};
    const struct place *place = *state;
    struct keys *keys = NULL;
    struct error error;

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        write_file(place->path, fixed_seed, modes[i]);
        assert_false(keys_open(place->path, &keys, &error));
        assert_int_equal(error.code, ERROR_DENIED);
        assert_null(keys);
    }
}

static void links_pipes_directories_and_missing_files_are_refused(void **state)
{
    const struct place *place = *state;
    struct keys *keys = NULL;
    struct error error;

    assert_false(keys_open(place->path, &keys, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    write_file(place->other, fixed_seed, 0600);
    assert_int_equal(symlink(place->other, place->path), 0);
    assert_false(keys_open(place->path, &keys, &error));
    assert_int_equal(error.code, ERROR_DENIED);
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(mkfifo(place->path, 0600), 0);
    assert_false(keys_open(place->path, &keys, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    assert_false(keys_open(place->directory, &keys, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    assert_false(keys_create("/nowhere/at/all", &keys, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_null(keys);
}

static void what_is_not_a_seed_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n\n",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1\n",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g\n",
        " 00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
    };
    const struct place *place = *state;
    struct keys *keys = NULL;
    struct error error;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        write_file(place->path, texts[i], 0600);
        assert_false(keys_open(place->path, &keys, &error));
        assert_int_equal(error.code, ERROR_INVALID);
        assert_null(keys);
    }
}

static void points_outside_the_main_subgroup_are_not_signing_keys(void **state)
{
    /* The neutral element, the point of order 2, a y that is not canonical, a y of no point; then
     * the good key below with an element of order 2, 4 and 8 added to it. */
    static const char *const invalid[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0200000000000000000000000000000000000000000000000000000000000000",
        "16a567fe7d4ef5482ab4012c369bf8c5f11e8d0c2559dcda50fde59708f8aee5",
        "40c7570f4dd54835b9131184410ed4a0cc93e7d9ad053cbc6d07a62426999582",
        "3b5b475c4b82dd1572799fc546f4c6c03e478c6654aa4c7f945b347ea32af60d",
    };
    uint8_t key[KEYS_PUBLIC_SIZE];

    (void)state;
    /* RFC 8032 section 7.1, test 1. */
    assert_true(encode_from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                                key, sizeof(key)));
    assert_true(keys_signing_is_valid(key));
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        assert_true(encode_from_hex(invalid[i], key, sizeof(key)));
        assert_false(keys_signing_is_valid(key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sub_keys_are_what_another_implementation_derives,
                                        make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_new_seed_is_private_and_opens_as_the_same_identity,
                                        make_place, remove_place),
        cmocka_unit_test_setup_teardown(an_existing_file_is_never_overwritten, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(a_file_others_may_touch_is_refused, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(links_pipes_directories_and_missing_files_are_refused,
                                        make_place, remove_place),
        cmocka_unit_test_setup_teardown(what_is_not_a_seed_is_refused, make_place, remove_place),
        cmocka_unit_test(points_outside_the_main_subgroup_are_not_signing_keys),
    };

    keys_library_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
