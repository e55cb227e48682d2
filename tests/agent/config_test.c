/* agent.yaml: what is read from it, and the sentence for everything that can be wrong with it. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/config.h"
#include "tests/evidence/directory.h"

#define NEEDED "roster: roster.json\nseat: 7\nkey: seat.seed\nstore: votes.db\nspool: spool\n"

struct office {
    char start[PATH_MAX]; /* Working folder before. */
    char folder[DIRECTORY_PATH_SIZE];
    char path[2 * DIRECTORY_PATH_SIZE];
    struct arena *arena;
    struct agent_options options;
    struct error error;
};

static int set_up(void **state)
{
    struct office *office = calloc(1, sizeof(*office));

    assert_non_null(office);
    assert_non_null(getcwd(office->start, sizeof(office->start)));
    directory_create(office->folder);
    (void)snprintf(office->path, sizeof(office->path), "%s/agent.yaml", office->folder);
    office->arena = arena_create(CONFIG_SIZE_MAX);
    assert_int_equal(setenv("AIMS_DATA", "/data", 1), 0);
    *state = office;
    return 0;
}

static int tear_down(void **state)
{
    struct office *office = *state;

    assert_int_equal(chdir(office->start), 0);
    assert_int_equal(unsetenv("AIMS_DATA"), 0);
    arena_destroy(office->arena);
    directory_destroy(office->folder);
    free(office);
    return 0;
}

static bool load(struct office *office, const char *yaml)
{
    arena_reset(office->arena);
    directory_write_text(office->folder, "agent.yaml", yaml);
    return config_load(office->path, office->arena, &office->options, &office->error);
}

static void must_load(struct office *office, const char *yaml)
{
    if (!load(office, yaml)) {
        fail_msg("%s", office->error.message);
    }
}

/* Loading fails with "PATH" and REST; REST alone when it does not begin with a colon. */
static void must_refuse(struct office *office, const char *yaml, const char *rest)
{
    char expected[1024];

    (void)snprintf(expected, sizeof(expected), "%s%s", rest[0] == ':' ? office->path : "", rest);
    assert_false(load(office, yaml));
    assert_string_equal(office->error.message, expected);
}

static void what_is_written_is_what_runs(void **state)
{
    struct office *office = *state;
    const struct agent_options *options = &office->options;

    must_load(office,
              NEEDED "catalog: a/catalog\nassessor: [/bin/judge, --strict, \"\"]\n"
                     "coordinators: [\"tcp://192.0.2.7:7400\", \"tcp://192.0.2.8:7400\"]\n");
    assert_string_equal(options->roster, "roster.json");
    assert_int_equal(options->seat, 7);
    assert_string_equal(options->key, "seat.seed");
    assert_string_equal(options->store, "votes.db");
    assert_string_equal(options->spool, "spool");
    assert_string_equal(options->catalog, "a/catalog");
    assert_string_equal(options->assessor[0], "/bin/judge");
    assert_string_equal(options->assessor[1], "--strict");
    assert_string_equal(options->assessor[2], "");
    assert_null(options->assessor[3]);
    assert_string_equal(options->endpoints[0], "tcp://192.0.2.7:7400");
    assert_string_equal(options->endpoints[1], "tcp://192.0.2.8:7400");
    assert_null(options->endpoints[2]);
}

static void what_is_left_out_comes_with_the_program(void **state)
{
    struct office *office = *state;
    char *const *command = NULL;
    static const char *const rest[] = {"--catalog", "/data/catalogs/iso42001-2023",
                                       "--ruleset", "/data/rulesets/registers",
                                       "--schema",  "/data/schema.yaml",
                                       "--spool",   "spool"};

    must_load(office, NEEDED);
    command = office->options.assessor;
    assert_string_equal(office->options.catalog, "/data/catalogs/iso42001-2023");
    assert_non_null(strstr(command[0], "/aims-assess"));
    for (size_t i = 0; i < 8; i++) {
        assert_string_equal(command[1 + i], rest[i]);
    }
    assert_null(command[9]);
    for (size_t i = 0; i < MESSAGE_COORDINATORS_MAX; i++) {
        assert_null(office->options.endpoints[i]);
    }
}

static void a_rule_set_is_a_name_or_a_path(void **state)
{
    struct office *office = *state;

    must_load(office, NEEDED "ruleset: traces\n");
    assert_string_equal(office->options.assessor[4], "/data/rulesets/traces");
    must_load(office, NEEDED "ruleset: ./traces\nschema: my.yaml\n");
    assert_string_equal(office->options.assessor[4], "./traces");
    assert_string_equal(office->options.assessor[6], "my.yaml");
}

static void relative_paths_hold_in_the_folder_of_the_file(void **state)
{
    struct office *office = *state;
    char wanted[PATH_MAX];
    char entered[PATH_MAX];

    must_load(office, NEEDED);
    assert_non_null(realpath(office->folder, wanted));
    assert_non_null(getcwd(entered, sizeof(entered)));
    assert_string_equal(entered, wanted);
    /* A file named without its folder is in the working folder, which stays. */
    assert_true(config_load("agent.yaml", office->arena, &office->options, &office->error));
    assert_non_null(getcwd(entered, sizeof(entered)));
    assert_string_equal(entered, wanted);
}

static void every_needed_member_is_missed_by_its_name(void **state)
{
    struct office *office = *state;
    static const char *const names[] = {"roster", "seat", "key", "store", "spool"};
    static const char *const lines[] = {"roster: r\n", "seat: 0\n", "key: k\n", "store: s\n",
                                        "spool: s\n"};

    for (size_t missing = 0; missing < 5; missing++) {
        char yaml[256] = "";
        char expected[128];

        for (size_t i = 0; i < 5; i++) {
            size_t used = strlen(yaml);

            (void)snprintf(yaml + used, sizeof(yaml) - used, "%s", i == missing ? "" : lines[i]);
        }
        (void)snprintf(expected, sizeof(expected), ":1:1: \"%s\" is missing, want %s",
                       names[missing], missing == 1 ? "a whole number" : "a text");
        must_refuse(office, yaml, expected);
        assert_int_equal(office->error.code, ERROR_INVALID);
    }
}

static void an_unknown_member_is_refused_with_a_hint(void **state)
{
    struct office *office = *state;

    must_refuse(office, NEEDED "rulset: registers\n",
                ":6:9: \"rulset\" is not known here; did you mean \"ruleset\"?");
    must_refuse(office, NEEDED "colour: blue\n", ":6:9: \"colour\" is not known here");
}

static void a_seat_is_a_number_that_a_roster_can_have(void **state)
{
    struct office *office = *state;

    must_refuse(office, "roster: r\nseat: 127\nkey: k\nstore: s\nspool: s\n",
                ":2:7: \"seat\" is 127, want 0 to 126");
    must_refuse(office, "roster: r\nseat: -1\nkey: k\nstore: s\nspool: s\n",
                ":2:7: \"seat\" is -1, want 0 to 126");
    must_refuse(office, "roster: r\nseat: seven\nkey: k\nstore: s\nspool: s\n",
                ":2:7: \"seat\" is a text, want a whole number");
    must_load(office, "roster: r\nseat: 126\nkey: k\nstore: s\nspool: s\n");
    assert_int_equal(office->options.seat, 126);
}

static void members_of_another_type_are_refused(void **state)
{
    struct office *office = *state;

    must_refuse(office, "roster: [r]\nseat: 1\nkey: k\nstore: s\nspool: s\n",
                ":1:9: \"roster\" is a list, want a text");
    must_refuse(office, NEEDED "catalog: 5\n", ":6:10: \"catalog\" is a whole number, want a text");
    must_refuse(office, NEEDED "ruleset: {}\n", ":6:10: \"ruleset\" is a map, want a text");
    must_refuse(office, NEEDED "schema: true\n", ":6:9: \"schema\" is true or false, want a text");
    must_refuse(office, NEEDED "assessor: /bin/judge\n",
                ":6:11: \"assessor\" is a text, want a list");
    must_refuse(office, NEEDED "coordinators: tcp://192.0.2.7:7400\n",
                ":6:15: \"coordinators\" is a text, want a list");
    must_refuse(office, "[roster, seat]\n", ": want a map, for example \"key: seat.seed\"");
}

static void lists_hold_texts_and_end(void **state)
{
    struct office *office = *state;
    char yaml[1024];

    must_refuse(office, NEEDED "coordinators: [a, b, c, d, e, f, g, h]\n",
                ":6:15: \"coordinators\" has 8 entries, want at most 7");
    must_load(office, NEEDED "coordinators: [a, b, c, d, e, f, g]\n");
    assert_string_equal(office->options.endpoints[6], "g");
    must_refuse(office, NEEDED "coordinators:\n  - a\n  - 5\n",
                ":8:5: \"coordinators\" holds something that is no text");
    must_refuse(office, NEEDED "assessor: []\n", ":6:11: \"assessor\" names no program");
    (void)snprintf(yaml, sizeof(yaml), "%s", NEEDED "assessor: [/bin/judge");
    for (size_t i = 0; i < ASSESSOR_ARGS_MAX - 1; i++) {
        size_t used = strlen(yaml);

        (void)snprintf(yaml + used, sizeof(yaml) - used, ", a");
    }
    size_t used = strlen(yaml);

    (void)snprintf(yaml + used, sizeof(yaml) - used, "]\n");
    must_load(office, yaml);
    assert_string_equal(office->options.assessor[ASSESSOR_ARGS_MAX - 1], "a");
    assert_null(office->options.assessor[ASSESSOR_ARGS_MAX]);
    (void)snprintf(yaml + used, sizeof(yaml) - used, ", a]\n");
    must_refuse(office, yaml, ":6:11: \"assessor\" has 33 entries, want at most 32");
}

static void a_file_that_is_not_there_is_named(void **state)
{
    struct office *office = *state;
    char expected[2 * DIRECTORY_PATH_SIZE + 64];

    (void)snprintf(expected, sizeof(expected), "cannot open '%s': No such file or directory",
                   office->path);
    assert_false(config_load(office->path, office->arena, &office->options, &office->error));
    assert_int_equal(office->error.code, ERROR_NOT_FOUND);
    assert_string_equal(office->error.message, expected);
}

static void a_refused_file_changes_nothing(void **state)
{
    struct office *office = *state;

    office->options.seat = 99;
    assert_false(load(office, "roster: r\nseat: 1\n"));
    assert_int_equal(office->options.seat, 99);
    assert_null(office->options.roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_what_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_out_comes_with_the_program, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rule_set_is_a_name_or_a_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(relative_paths_hold_in_the_folder_of_the_file, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_needed_member_is_missed_by_its_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_unknown_member_is_refused_with_a_hint, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_seat_is_a_number_that_a_roster_can_have, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(members_of_another_type_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_hold_texts_and_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_there_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refused_file_changes_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
