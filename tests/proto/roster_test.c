/* roster.json: read only in its canonical form, and only when a council can be made of it. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/proto/fixture.h"

/* The text of a roster of five seats with one reader. */
static char *good_text(struct fixture *fixture)
{
    struct roster_reader reader = {.name = "Reader"};
    struct roster roster = fixture->roster;
    struct buffer text = {0};

    memcpy(reader.signing, keys_public(fixture->submitter)->signing, MESSAGE_KEY_SIZE);
    memcpy(reader.sealing, keys_public(fixture->submitter)->sealing, MESSAGE_KEY_SIZE);
    roster.readers = &reader;
    roster.reader_count = 1;
    roster_write(&roster, &text);
    char *copy = arena_copy(fixture->arena, text.data, text.size);

    buffer_finish(&text);
    return copy;
}

/* TEXT with the first FROM in it replaced by TO. */
static char *replaced(struct fixture *fixture, const char *text, const char *from, const char *to)
{
    const char *place = strstr(text, from);

    assert_non_null(place);
    return arena_format(fixture->arena, "%.*s%s%s", (int)(place - text), text, to,
                        place + strlen(from));
}

static int setup(void **state)
{
    *state = fixture_create(5);
    return 0;
}

static int teardown(void **state)
{
    fixture_destroy(*state);
    return 0;
}

static void a_roster_survives_writing_and_reading(void **state)
{
    struct fixture *fixture = *state;
    char *text = good_text(fixture);
    struct roster roster;
    struct buffer again = {0};
    struct digest digest;

    assert_true(
        roster_parse(bytes_of_text(text), "r.json", fixture->arena, &roster, &fixture->error));
    assert_int_equal(roster.seat_count, 5);
    assert_int_equal(roster.faulty_max, 1);
    assert_int_equal(roster.quorum_count, 4);
    assert_int_equal(roster.coordinator_count, 3);
    assert_string_equal(roster.coordinators[2].name, "coordinator 2");
    assert_string_equal(roster.seats[4].host, "host 4");
    assert_string_equal(roster.readers[0].name, "Reader");
    assert_int_equal(roster.catalog_count, 2);
    roster_write(&roster, &again);
    assert_string_equal(buffer_text(&again), text);
    buffer_finish(&again);
    hash_bytes(bytes_of_text(text), &digest);
    assert_true(digest_equal(&digest, &roster.digest));
}

static void seats_are_found_by_their_signing_key(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 5; i++) {
        assert_int_equal(roster_seat_of(&fixture->roster, keys_public(fixture->seats[i])->signing),
                         i);
    }
    assert_int_equal(roster_seat_of(&fixture->roster, keys_public(fixture->submitter)->signing),
                     -1);
    assert_int_equal(roster_seat_of(&fixture->roster, keys_public(fixture->seats[1])->sealing), -1);
}

static void a_smaller_f_may_be_chosen_and_a_larger_may_not(void **state)
{
    struct fixture *fixture = *state;
    char *text = replaced(fixture, good_text(fixture), "\"f\":1", "\"f\":0");
    struct roster roster;

    assert_true(
        roster_parse(bytes_of_text(text), "r.json", fixture->arena, &roster, &fixture->error));
    assert_int_equal(roster.quorum_count, 3);
    text = replaced(fixture, text, "\"f\":0", "\"f\":2");
    assert_false(
        roster_parse(bytes_of_text(text), "r.json", fixture->arena, &roster, &fixture->error));
    assert_non_null(strstr(fixture->error.message, "f is 2, but 5 seats bear at most 1"));
}

/* What is altered in a good roster, and a part of the sentence it earns. */
static const struct {
    const char *from;
    const char *to;
    const char *sentence;
} alterations[] = {
    {"\"epoch\":1", "\"epoch\":0", "epoch"},
    {"\"epoch\":1", "\"epoch\":4294967296", "epoch"},
    {"\"epoch\":1", "\"epoch\":1.0", "epoch"},
    {"\"epoch\":1,", "", "epoch"},
    {"\"epoch\":1", "\"epoch\":1,\"epoch\":1", "epoch"},
    {"\"epoch\":1", "\"epoch\":1,\"era\":1", "era"},
    {"\"epoch\":1,\"f\":1", "\"f\":1,\"epoch\":1", "not in canonical form"},
    {"\"epoch\":1", "\"epoch\": 1", "not in canonical form"},
    {"roster/1\"}", "roster/1\"}\n", "not in canonical form"},
    {"roster/1", "roster/2", "type must be aims-council-roster/1"},
    {"Fictional council", "", "name must be 1 to 64 characters"},
    {"Fictional council", "12345678901234567890123456789012345678901234567890123456789012345",
     "name must be 1 to 64 characters"},
    {"Fictional", "Fic\\ttional", "name must be printable"},
    {"Fictional", "Fic\\u0007tional", "name must be printable"},
    {"\"name\":\"Fictional council\"", "\"name\":7", "name"},
    {"\"host\":\"host 3\"", "\"host\":\"\"", "seat 3"},
    {"\"host\":\"host 3\",", "", "seat 3"},
    {"\"catalogs\":[\"", "\"catalogs\":[\"00", "64 hex characters"},
    {"\"catalogs\":[", "\"catalogs\":[1,", "64 hex characters"},
    {"\"readers\":[{", "\"readers\":[{\"x\":1,", "reader 0"},
    {"\"readers\":[{", "\"readers\":[1,{", "must be a list of objects"},
};

static void a_roster_with_anything_wrong_in_it_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char *good = good_text(fixture);

    for (size_t i = 0; i < sizeof(alterations) / sizeof(alterations[0]); i++) {
        char *text = replaced(fixture, good, alterations[i].from, alterations[i].to);
        struct roster roster;

        fixture->error.message[0] = 0;
        if (roster_parse(bytes_of_text(text), "r.json", fixture->arena, &roster, &fixture->error)) {
            fail_msg("alteration %zu was accepted", i);
        }
        if (strstr(fixture->error.message, alterations[i].sentence) == NULL ||
            strstr(fixture->error.message, "r.json") == NULL) {
            fail_msg("alteration %zu: \"%s\"", i, fixture->error.message);
        }
    }
}

static void keys_are_valid_and_none_is_used_twice(void **state)
{
    struct fixture *fixture = *state;
    struct roster broken = fixture->roster;
    struct roster roster;
    struct buffer text = {0};

    memcpy(broken.seats[4].sealing, broken.coordinators[0].transport, MESSAGE_KEY_SIZE);
    roster_write(&broken, &text);
    assert_false(
        roster_parse(buffer_bytes(&text), "r.json", fixture->arena, &roster, &fixture->error));
    assert_non_null(strstr(fixture->error.message, "coordinator 0"));
    assert_non_null(strstr(fixture->error.message, "transport is a key that the roster has"));

    memset(broken.seats[4].sealing, 7, MESSAGE_KEY_SIZE);
    memset(broken.seats[2].signing, 0, MESSAGE_KEY_SIZE);
    broken.seats[2].signing[0] = 1; /* The neutral element: a point of small order. */
    buffer_clear(&text);
    roster_write(&broken, &text);
    assert_false(
        roster_parse(buffer_bytes(&text), "r.json", fixture->arena, &roster, &fixture->error));
    assert_non_null(strstr(fixture->error.message, "seat 2"));
    assert_non_null(strstr(fixture->error.message, "signing is not an Ed25519 public key"));
    buffer_finish(&text);
}

static void upper_case_hex_is_not_canonical(void **state)
{
    struct fixture *fixture = *state;
    char *text = good_text(fixture);
    char *letter = strpbrk(strstr(text, "\"catalogs\":[\"") + 13, "abcdef");
    struct roster roster;

    *letter = (char)(*letter - 'a' + 'A');
    assert_false(
        roster_parse(bytes_of_text(text), "r.json", fixture->arena, &roster, &fixture->error));
    assert_non_null(strstr(fixture->error.message, "not in canonical form"));
}

static void a_council_has_seats_coordinators_and_a_catalogue(void **state)
{
    struct fixture *fixture = *state;
    struct roster copies[3] = {fixture->roster, fixture->roster, fixture->roster};
    static const char *const missing[] = {"seats has 0", "coordinators has 0", "catalogs has 0"};

    copies[0].seat_count = 0;
    copies[1].coordinator_count = 0;
    copies[2].catalog_count = 0;
    for (size_t i = 0; i < 3; i++) {
        struct buffer text = {0};
        struct roster roster;

        roster_write(&copies[i], &text);
        assert_false(
            roster_parse(buffer_bytes(&text), "r.json", fixture->arena, &roster, &fixture->error));
        assert_non_null(strstr(fixture->error.message, missing[i]));
        buffer_finish(&text);
    }
}

static void a_catalogue_is_heard_when_the_roster_names_it_once(void **state)
{
    struct fixture *fixture = *state;
    struct digest catalogs[2] = {fixture->roster.catalogs[0], fixture->roster.catalogs[0]};
    struct digest unknown = fixture_digest("a catalogue of nobody");
    struct roster twice = fixture->roster;
    struct roster roster;
    struct buffer text = {0};

    assert_true(roster_hears(&fixture->roster, &fixture->roster.catalogs[1]));
    assert_false(roster_hears(&fixture->roster, &unknown));
    twice.catalogs = catalogs;
    roster_write(&twice, &text);
    assert_false(
        roster_parse(buffer_bytes(&text), "r.json", fixture->arena, &roster, &fixture->error));
    assert_non_null(strstr(fixture->error.message, "catalogs names one twice"));
    buffer_finish(&text);
}

static void a_roster_cut_short_anywhere_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char *text = good_text(fixture);

    for (size_t size = 0; size < strlen(text); size += 7) {
        struct arena *arena = arena_create(1024 * 1024);
        struct roster roster;

        assert_false(roster_parse(bytes_of(text, size), "r.json", arena, &roster, &fixture->error));
        arena_destroy(arena);
    }
}

static void a_roster_is_loaded_from_its_file(void **state)
{
    struct fixture *fixture = *state;
    char path[] = "/tmp/aims-roster-XXXXXX";
    char *text = good_text(fixture);
    struct roster roster;
    int descriptor = mkstemp(path);

    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, strlen(text)), (int)strlen(text));
    assert_true(roster_load(path, fixture->arena, &roster, &fixture->error));
    assert_string_equal(roster.name, "Fictional council");

    /* Larger than any roster: refused by its size, not read to its end. */
    assert_int_equal(ftruncate(descriptor, ROSTER_SIZE_MAX + 10), 0);
    assert_false(roster_load(path, fixture->arena, &roster, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_LIMIT);
    assert_int_equal(close(descriptor), 0);
    assert_int_equal(unlink(path), 0);
    assert_false(roster_load(path, fixture->arena, &roster, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_NOT_FOUND);
    assert_false(roster_load("/tmp", fixture->arena, &roster, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_IO);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_roster_survives_writing_and_reading),
        TEST(seats_are_found_by_their_signing_key),
        TEST(a_smaller_f_may_be_chosen_and_a_larger_may_not),
        TEST(a_roster_with_anything_wrong_in_it_is_refused),
        TEST(keys_are_valid_and_none_is_used_twice),
        TEST(upper_case_hex_is_not_canonical),
        TEST(a_council_has_seats_coordinators_and_a_catalogue),
        TEST(a_catalogue_is_heard_when_the_roster_names_it_once),
        TEST(a_roster_cut_short_anywhere_is_refused),
        TEST(a_roster_is_loaded_from_its_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
