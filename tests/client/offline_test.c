/* The commands of aims that need no council, as a user runs them. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/hash.h"
#include "tests/client/program.h"
#include "tests/client/server.h"

#define EXAMPLE AIMS_SOURCE_DIR "/examples/meridian"

/* A text member of the last JSON output. */
static const char *member(struct program *program, const char *key)
{
    const struct tree *tree = program_json(program);
    const struct tree *node = tree_get(tree, key);

    assert_non_null(node);
    assert_non_null(node->text);
    return node->text;
}

static int64_t number(struct program *program, const char *key)
{
    const struct tree *node = tree_get(program_json(program), key);

    assert_non_null(node);
    assert_int_equal(node->type, TREE_INTEGER);
    return node->integer;
}

static void replace_in_file(struct program *program, const char *name, const char *from,
                            const char *to)
{
    struct buffer old = {0};
    struct buffer new = {0};

    program_read(program, name, &old);
    const char *at = strstr(buffer_text(&old), from);

    assert_non_null(at);
    buffer_append(&new, old.data, (size_t)(at - buffer_text(&old)));
    buffer_append_text(&new, to);
    buffer_append_text(&new, at + strlen(from));
    program_write(program, name, new.data, new.size);
    buffer_finish(&old);
    buffer_finish(&new);
}

static void bare_aims_lists_the_commands_and_is_a_usage_error(void **state)
{
    struct program *program = *state;

    program_run(program, (const char *const[]){NULL});
    assert_exit(program, 2);
    assert_int_equal(program->out.size, 0);
    assert_says(program, "council create");
    RUN(program, "-h");
    assert_exit(program, 0);
    assert_true(program->out.size > 0);
}

static void a_mistyped_command_gets_a_hint(void **state)
{
    struct program *program = *state;

    RUN(program, "chek", "evidence");
    assert_exit(program, 2);
    assert_says(program, "did you mean 'aims check'?");
    RUN(program, "council", "crate");
    assert_exit(program, 2);
    assert_says(program, "did you mean 'aims council create'?");
    RUN(program, "cuncil");
    assert_says(program, "did you mean 'aims council'?");
    RUN(program, "xyzzy");
    assert_exit(program, 2);
    assert_says(program, "'aims -h' lists them");
}

static void a_group_alone_lists_its_commands(void **state)
{
    struct program *program = *state;

    RUN(program, "rules");
    assert_exit(program, 2);
    assert_says(program, "aims rules lint");
    assert_null(strstr(buffer_text(&program->err), "aims key"));
    RUN(program, "rules", "-h");
    assert_exit(program, 0);
    assert_non_null(strstr(buffer_text(&program->out), "aims rules lint"));
    assert_int_equal(program->err.size, 0);
}

static void a_mistyped_option_gets_a_hint(void **state)
{
    struct program *program = *state;

    RUN(program, "check", "--jsn", "evidence");
    assert_exit(program, 2);
    assert_says(program, "did you mean --json?");
    RUN(program, "check", "--jso", "evidence");
    assert_exit(program, 2); /* No abbreviations. */
    RUN(program, "check", "one", "two");
    assert_exit(program, 2);
    RUN(program, "check");
    assert_exit(program, 2);
    RUN(program, "council", "create", "c", "--seats", "128");
    assert_exit(program, 2);
    assert_says(program, "want a number 1 to 127");
    RUN(program, "council", "create", "c", "--seats");
    assert_exit(program, 2);
    RUN(program, "council", "create", "c", "--seats=4", "--seats", "5");
    assert_exit(program, 2);
    assert_says(program, "given twice");
}

static void every_command_explains_itself_with_examples_first(void **state)
{
    static const char *const commands[] = {
        "init",           "check",
        "gaps",           "pack",
        "unpack",         "submit",
        "status",         "report",
        "verify",         "key create",
        "key show",       "certificate",
        "rules lint",     "rules test",
        "rules run",      "council create",
        "council check",  "council run",
        "council status", "completion",
        "misconduct",     "verify-misconduct",
        "version",
    };
    struct program *program = *state;

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        char first[32] = "";
        const char *space = strchr(commands[i], ' ');

        memcpy(first, commands[i], strcspn(commands[i], " "));
        if (space == NULL) {
            RUN(program, first, "-h");
        } else {
            RUN(program, first, space + 1, "-h");
        }
        assert_exit(program, 0);

        const char *example = strstr(buffer_text(&program->out), "\n  ");
        const char *usage = strstr(buffer_text(&program->out), "\nusage: aims ");

        assert_non_null(example);
        assert_non_null(usage);
        assert_true(example < usage);
    }
}

static void settings_come_from_flags_before_the_environment(void **state)
{
    struct program *program = *state;

    RUN(program, "key", "create", "a.seed");
    RUN(program, "key", "create", "b.seed");
    assert_int_equal(setenv("AIMS_KEY", "a.seed", 1), 0);
    RUN(program, "pack", EXAMPLE, "-o", "a.aims", "--plain");
    assert_exit(program, 0);
    assert_int_equal(setenv("AIMS_KEY", "missing.seed", 1), 0);
    RUN(program, "pack", EXAMPLE, "-o", "b.aims", "--plain", "--key", "b.seed");
    assert_exit(program, 0);
    RUN(program, "pack", EXAMPLE, "-o", "c.aims", "--plain");
    assert_exit(program, 4);
    assert_int_equal(unsetenv("AIMS_KEY"), 0);
    assert_int_equal(setenv("AIMS_ROSTER", "missing.json", 1), 0);
    RUN(program, "pack", EXAMPLE, "-o", "d.aims", "--plain", "--key", "b.seed");
    assert_exit(program, 0);
    assert_int_equal(unsetenv("AIMS_ROSTER"), 0);
    assert_int_equal(setenv("AIMS_URL", "http://127.0.0.1:1", 1), 0);
    RUN(program, "council", "status", "nowhere");
    assert_says(program, "the council in 'nowhere' is not running");
    assert_int_equal(unsetenv("AIMS_URL"), 0);
    RUN(program, "pack", EXAMPLE, "-o", "c.aims", "--plain");
    assert_exit(program, 2);
    assert_false(program_has(program, "c.aims"));
}

static void a_key_is_made_once_and_shown(void **state)
{
    struct program *program = *state;
    char path[2 * PROGRAM_PATH_SIZE];
    char keyid[65] = "";
    struct stat status;

    RUN(program, "key", "create", "org.seed", "--json");
    assert_exit(program, 0);
    (void)snprintf(keyid, sizeof(keyid), "%s", member(program, "keyid"));
    program_path(program, "org.seed", path, sizeof(path));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    RUN(program, "key", "create", "org.seed");
    assert_exit(program, 4);
    RUN(program, "key", "show", "org.seed", "--json");
    assert_exit(program, 0);
    assert_string_equal(member(program, "keyid"), keyid);
    assert_int_equal(chmod(path, 0644), 0);
    RUN(program, "key", "show", "org.seed");
    assert_exit(program, 4);
}

static void a_new_directory_says_what_to_fill_in_and_then_passes(void **state)
{
    struct program *program = *state;

    RUN(program, "init", "evidence", "--small");
    assert_exit(program, 0);
    assert_true(program_has(program, "evidence/registers/soa.csv"));
    RUN(program, "check", "evidence");
    assert_exit(program, 4);
    assert_says(program, "aims.yaml:2:1: \"organisation\" is empty");
    RUN(program, "check", "evidence", "--json");
    assert_exit(program, 4);
    assert_true(number(program, "errors") > 0);
    RUN(program, "init", "evidence");
    assert_exit(program, 4);
    RUN(program, "init", "other", "--organisation", "Example Org", "--period-start", "2025-07-01",
        "--period-end", "2026-06-30");
    assert_exit(program, 0);
    RUN(program, "check", "other");
    assert_exit(program, 0);
    assert_says(program, "Example Org");
    RUN(program, "init", "wrong", "--period-start", "1.7.2025");
    assert_exit(program, 2);
    RUN(program, "init", "wrong", "--period-start", "2026-07-01", "--period-end", "2026-06-30");
    assert_exit(program, 2);
    assert_says(program, "ends before it starts");
    assert_false(program_has(program, "wrong"));
}

static void check_names_file_line_and_column_of_every_error(void **state)
{
    struct program *program = *state;

    RUN(program, "init", "e", "--organisation", "Example Org", "--period-start", "2025-07-01",
        "--period-end", "2026-06-30");
    replace_in_file(program, "e/registers/soa.csv", "A.2.2,", "A.2.3,");
    RUN(program, "check", "e");
    assert_exit(program, 4);
    assert_says(program, "registers/soa.csv:");
    RUN(program, "pack", "e", "-o", "x.aims", "--plain", "--key", "none.seed");
    assert_exit(program, 4);
    RUN(program, "check", "nowhere");
    assert_exit(program, 4);
}

static void gaps_exits_by_the_decision(void **state)
{
    struct program *program = *state;

    RUN(program, "gaps", EXAMPLE, "--as-of", "2026-07-01", "--json");
    assert_exit(program, 0);
    assert_string_equal(member(program, "decision"), "recommendedWithConditions");
    RUN(program, "init", "empty", "--organisation", "Example Org", "--period-start", "2025-07-01",
        "--period-end", "2026-06-30");
    RUN(program, "gaps", "empty", "--as-of", "2026-07-01", "--json");
    assert_exit(program, strcmp(member(program, "decision"), "notRecommended") == 0 ? 1 : 3);
    RUN(program, "gaps", EXAMPLE, "--as-of", "yesterday");
    assert_exit(program, 2);
    RUN(program, "gaps", EXAMPLE, "--ruleset", "./nowhere");
    assert_exit(program, 4);
}

static void a_council_is_made_with_all_that_its_members_need(void **state)
{
    struct program *program = *state;
    struct buffer text = {0};

    RUN(program, "council", "create", "c", "--seats", "8", "--coordinators", "2", "--json");
    assert_exit(program, 0);
    assert_int_equal(number(program, "n"), 8);
    assert_int_equal(number(program, "f"), 2);
    assert_int_equal(number(program, "q"), 6);
    assert_says(program, "one-person shortcut");
    assert_true(program_has(program, "c/keyring.json"));
    assert_true(program_has(program, "c/seats/07/seat.seed"));
    assert_true(program_has(program, "c/seats/07/votes.db"));
    assert_true(program_has(program, "c/seats/07/spool"));
    assert_true(program_has(program, "c/coordinators/1/coordinator.seed"));
    assert_true(program_has(program, "c/coordinators/1/coordinator.db"));
    assert_true(program_has(program, "c/readers/lead.seed"));
    program_read(program, "c/seats/07/agent.yaml", &text);
    assert_non_null(strstr(buffer_text(&text), "seat: 7\n"));
    program_read(program, "c/coordinators/1/coordinator.yaml", &text);
    assert_non_null(strstr(buffer_text(&text), "index: 1\n"));
    buffer_finish(&text);
    RUN(program, "council", "create", "c");
    assert_exit(program, 4);
    RUN(program, "council", "create", "d", "--ruleset", "nosuch");
    assert_exit(program, 4);
    assert_false(program_has(program, "d"));
}

/* Power of the domain NAME of KIND, in the last output of council check. */
static const char *power(struct program *program, const char *kind, const char *name)
{
    const struct tree *list = tree_get(program_json(program), "domains");

    assert_non_null(list);
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        if (strcmp(tree_get(item, "kind")->text, kind) == 0 &&
            strcmp(tree_get(item, "name")->text, name) == 0) {
            return tree_get(item, "power")->text;
        }
    }
    return "missing";
}

static void council_check_says_what_each_fault_domain_could_do(void **state)
{
    struct program *program = *state;

    /* n = 9, f = 2, q = 6, n - q = 3: operators of 3, and of 5 and 4. */
    RUN(program, "council", "create", "three", "--seats", "9", "--operators", "3");
    RUN(program, "council", "check", "three/roster.json", "--json");
    assert_exit(program, 0);
    assert_string_equal(power(program, "operator", "operator-00"), "beyond");
    assert_string_equal(power(program, "ruleset", "registers"), "alone");
    RUN(program, "council", "create", "two", "--seats", "9", "--operators", "2");
    RUN(program, "council", "check", "two/roster.json", "--json");
    assert_string_equal(power(program, "operator", "operator-01"), "block");
    RUN(program, "council", "create", "all", "--seats", "9");
    RUN(program, "council", "check", "all/roster.json", "--json");
    assert_string_equal(power(program, "host", "host-08"), "nothing");
    assert_says(program, "warning: 1 fault domain holds");
    RUN(program, "council", "check", "all/roster.json", "--strict");
    assert_exit(program, 1);
    RUN(program, "council", "check", "all/keyring.json");
    assert_exit(program, 4);
}

static void a_sealed_bundle_opens_for_its_seats_and_nobody_else(void **state)
{
    struct program *program = *state;
    char manifest[65] = "";

    RUN(program, "key", "create", "org.seed");
    RUN(program, "council", "create", "c", "--seats", "5");
    RUN(program, "council", "create", "d", "--seats", "5");
    RUN(program, "pack", EXAMPLE, "-o", "x.aims", "--key", "org.seed", "--roster", "c/roster.json",
        "--json");
    assert_exit(program, 0);
    (void)snprintf(manifest, sizeof(manifest), "%s", member(program, "manifest"));
    RUN(program, "unpack", "x.aims", "-o", "bag", "--key", "c/seats/03/seat.seed", "--roster",
        "c/roster.json", "--json");
    assert_exit(program, 0);
    assert_string_equal(member(program, "manifest"), manifest);
    assert_true(program_has(program, "bag/bagit.txt"));
    RUN(program, "unpack", "x.aims", "-o", "bag3", "--key", "c/seats/03/seat.seed", "--seat", "3");
    assert_exit(program, 0);
    RUN(program, "unpack", "x.aims", "-o", "bag2", "--key", "c/seats/03/seat.seed", "--seat", "2");
    assert_exit(program, 4);
    RUN(program, "unpack", "x.aims", "-o", "bag2", "--key", "org.seed", "--roster",
        "c/roster.json");
    assert_exit(program, 4);
    assert_says(program, "holds no seat");
    RUN(program, "unpack", "x.aims", "-o", "bag2", "--key", "d/seats/03/seat.seed", "--roster",
        "d/roster.json");
    assert_exit(program, 4);
    assert_says(program, "another roster");
    RUN(program, "unpack", "x.aims", "-o", "bag2", "--key", "c/seats/03/seat.seed");
    assert_exit(program, 2);
    assert_false(program_has(program, "bag2"));
}

static void a_plain_bundle_is_the_same_each_time_and_opens_for_all(void **state)
{
    struct program *program = *state;
    struct buffer first = {0};
    struct buffer second = {0};

    RUN(program, "key", "create", "org.seed");
    RUN(program, "pack", EXAMPLE, "-o", "a.aims", "--key", "org.seed", "--plain");
    assert_exit(program, 0);
    RUN(program, "pack", EXAMPLE, "-o", "b.aims", "--key", "org.seed", "--plain");
    program_read(program, "a.aims", &first);
    program_read(program, "b.aims", &second);
    assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    RUN(program, "unpack", "a.aims", "-o", "bag");
    assert_exit(program, 0);
    RUN(program, "unpack", "a.aims", "-o", "bag");
    assert_exit(program, 4);
    RUN(program, "check", "bag/data");
    assert_exit(program, 0);
    first.data[first.size / 2] ^= 1;
    program_write(program, "a.aims", first.data, first.size);
    RUN(program, "unpack", "a.aims", "-o", "altered");
    assert_exit(program, 4);
    assert_false(program_has(program, "altered"));
    RUN(program, "pack", EXAMPLE, "-o", "c.aims", "--key", "org.seed");
    assert_exit(program, 2);
    RUN(program, "pack", EXAMPLE, "-o", "-", "--key", "org.seed", "--plain", "--json");
    assert_exit(program, 2);
    assert_int_equal(program->out.size, 0);
    buffer_finish(&first);
    buffer_finish(&second);
}

static void pack_takes_only_a_certificate_for_the_previous_one(void **state)
{
    struct program *program = *state;

    RUN(program, "key", "create", "org.seed");
    RUN(program, "pack", EXAMPLE, "-o", "x.aims", "--key", "org.seed", "--plain", "--previous",
        "org.seed");
    assert_exit(program, 4);
    program_write(program, "roster.json", "{\"seats\":[]}", 12);
    RUN(program, "pack", EXAMPLE, "-o", "x.aims", "--key", "org.seed", "--plain", "--previous",
        "roster.json");
    assert_exit(program, 4);
    assert_says(program, "roster.json:1:1: \"payload\" is missing");
    assert_false(program_has(program, "x.aims"));
    RUN(program, "unpack", "roster.json", "-o", "bag");
    assert_exit(program, 4);
    assert_says(program, "roster.json: this is not a bundle");
}

static void pack_says_what_it_left_out(void **state)
{
    struct program *program = *state;

    RUN(program, "key", "create", "org.seed");
    RUN(program, "init", "e", "--organisation", "Example Org", "--period-start", "2025-07-01",
        "--period-end", "2026-06-30");
    program_write(program, "e/documents/uncited.txt", "x", 1);
    RUN(program, "pack", "e", "-o", "x.aims", "--key", "org.seed", "--plain");
    assert_exit(program, 0);
    assert_says(program, "left out  documents/uncited.txt");
}

static void rules_pass_their_tests_and_answer_the_example(void **state)
{
    struct program *program = *state;

    RUN(program, "rules", "test");
    assert_exit(program, 0);
    RUN(program, "rules", "run", EXAMPLE, "--criterion", "5.2-1", "--json");
    assert_exit(program, 0);

    const struct tree *answers = tree_get(program_json(program), "answers");

    assert_non_null(answers);
    assert_int_equal(answers->count, 1);
    assert_string_equal(tree_get(answers->child, "answer")->text, "met");
    assert_true(tree_get(answers->child, "rows")->count > 0);
    RUN(program, "rules", "run", EXAMPLE, "--criterion", "5.2-99");
    assert_exit(program, 2);
    RUN(program, "rules", "lint", "nowhere");
    assert_exit(program, 4);
    assert_says(program, "no rule set comes with the program as 'nowhere'");
    RUN(program, "rules", "lint", "./nowhere");
    assert_exit(program, 4);
}

static void version_names_the_digests_of_what_decides(void **state)
{
    struct program *program = *state;
    struct digest digest;

    RUN(program, "version", "--json");
    assert_exit(program, 0);
    assert_string_equal(member(program, "version"), AIMS_VERSION);
    assert_true(encode_to_digest(member(program, "catalog"), &digest));
    assert_true(encode_to_digest(member(program, "schema"), &digest));
    assert_non_null(tree_get(tree_get(program_json(program), "rulesets"), "registers"));
}

static void a_council_that_is_not_running_is_out_of_reach(void **state)
{
    struct program *program = *state;

    RUN(program, "key", "create", "org.seed");
    RUN(program, "council", "create", "c", "--seats", "4");
    RUN(program, "pack", EXAMPLE, "-o", "x.aims", "--key", "org.seed", "--roster", "c/roster.json");
    RUN(program, "submit", "x.aims", "--key", "org.seed", "--council", "c");
    assert_exit(program, 5);
    assert_says(program, "aims council run c");
    RUN(program, "council", "status", "c");
    assert_exit(program, 5);
    RUN(program, "submit", "x.aims", "--key", "org.seed", "--council", "c", "--url",
        "ftp://nowhere");
    assert_exit(program, 4);
    RUN(program, "submit", "x.aims", "--council", "c");
    assert_exit(program, 2);
}

static void submit_refuses_what_the_council_would_refuse(void **state)
{
    struct program *program = *state;

    RUN(program, "key", "create", "org.seed");
    RUN(program, "key", "create", "other.seed");
    RUN(program, "council", "create", "c", "--seats", "4");
    RUN(program, "council", "create", "d", "--seats", "4");
    RUN(program, "pack", EXAMPLE, "-o", "x.aims", "--key", "org.seed", "--roster", "c/roster.json");
    /* Nothing listens there: it fails before it asks. */
    RUN(program, "submit", "x.aims", "--key", "org.seed", "--roster", "d/roster.json", "--url",
        "http://127.0.0.1:1");
    assert_exit(program, 4);
    assert_says(program, "sealed to another roster");
    RUN(program, "submit", "x.aims", "--key", "other.seed", "--roster", "c/roster.json", "--url",
        "http://127.0.0.1:1");
    assert_exit(program, 4);
    assert_says(program, "packed with another key");
    RUN(program, "submit", "x.aims", "--key", "org.seed", "--roster", "c/roster.json", "--url",
        "http://127.0.0.1:1", "--home", "1");
    assert_exit(program, 2);
    RUN(program, "submit", "x.aims", "--key", "org.seed", "--roster", "c/roster.json", "--url",
        "http://127.0.0.1:1", "--out", "result");
    assert_exit(program, 2);
    RUN(program, "submit", "x.aims", "--key", "org.seed", "--roster", "c/roster.json", "--url",
        "http://127.0.0.1:1", "--wait", "--out", "x.aims");
    assert_exit(program, 4);
    assert_says(program, "'x.aims' is not a directory");
}

static void status_is_of_the_attempt_that_was_asked_for(void **state)
{
    static const char case_id[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n"
        "{\"attempt\":2,\"state\":\"decided\",\"outcome\":\"conclusive\","
        "\"decision\":\"recommendedWithConditions\",\"seats\":5}"};
    struct program *program = *state;
    struct server server;

    server_start(&server, answers, 1);
    RUN(program, "key", "create", "org.seed");
    RUN(program, "status", case_id, "--attempt", "2", "--key", "org.seed", "--url", server.url);
    assert_exit(program, 0);
    assert_says(program, "decision   recommended with conditions (as the coordinator says");
    assert_non_null(strstr(buffer_text(&server.requests[0]), "cdef?attempt=2 HTTP/1.1"));
    server_stop(&server);
}

static void status_lists_the_hearings_and_which_one_stands(void **state)
{
    static const char case_id[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
        "{\"attempt\":2,\"state\":\"assessing\",\"seats\":5,\"hearings\":["
        "{\"attempt\":1,\"docket\":\"5be1\",\"home\":0,\"outcome\":\"contested\","
        "\"stands\":true,\"state\":\"decided\"},"
        "{\"attempt\":2,\"docket\":null,\"home\":1,\"outcome\":null,\"stands\":false,"
        "\"state\":\"assessing\"},{\"attempt\":[],\"stands\":\"yes\"},7]}"};
    struct program *program = *state;
    struct server server;

    server_start(&server, answers, 1);
    RUN(program, "key", "create", "org.seed");
    RUN(program, "status", case_id, "--key", "org.seed", "--url", server.url);
    server_stop(&server);
    assert_exit(program, 0);
    assert_says(program, "  attempt 1, home 0, docket 5be1: contested, stands\n");
    assert_says(program, "  attempt 2, home 1, docket -: assessing\n");
    assert_says(program, "  attempt -, home -, docket -: -\n");
}

/* The council runs, and one of its coordinators does not. */
static void council_status_is_that_of_every_coordinator(void **state)
{
    static const char *const up[] = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
        "{\"coordinator\":0,\"misconduct\":[{\"count\":2,\"kind\":\"E1\",\"seat\":7}],"
        "\"missing\":[1,2]}",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"coordinator\":0}",
    };
    static const char *const down[] = {"", ""};
    struct program *program = *state;
    struct server servers[2];
    char run[256];

    server_start(&servers[0], up, 2);
    server_start(&servers[1], down, 2);
    RUN(program, "council", "create", "c", "--seats", "4", "--coordinators", "2");
    int length = snprintf(run, sizeof(run), "{\"http\":[\"%s\",\"%s\"],\"pids\":{}}",
                          servers[0].url, servers[1].url);

    program_write(program, "c/run.json", run, (size_t)length);
    RUN(program, "council", "status", "c");
    assert_exit(program, 0);
    assert_says(program, "  misconduct: count 2 kind E1 seat 7\n  missing: 1, 2\n");
    assert_says(program, " does not answer\n");
    RUN(program, "council", "status", "c", "--json");
    assert_exit(program, 0);
    const struct tree *list = tree_get(program_json(program), "coordinators");

    assert_int_equal(list->count, 2);
    assert_int_equal(tree_get(list->child, "status")->type, TREE_MAP);
    assert_int_equal(tree_get(list->child->next, "status")->type, TREE_NULL);
    server_stop(&servers[0]);
    server_stop(&servers[1]);
    RUN(program, "council", "status", "c");
    assert_exit(program, 5);
}

static void completion_knows_commands_and_options(void **state)
{
    struct program *program = *state;

    RUN(program, "completion", "bash");
    assert_exit(program, 0);
    assert_says(program, "complete -o default -F _aims aims");
    assert_says(program, "council) words='create check run status ");
    assert_says(program, "misconduct verify-misconduct ");
    assert_says(program, "--coordinator --council");
    assert_says(program, "--roster");
    RUN(program, "completion", "bash", "--json");
    assert_exit(program, 0);
    assert_non_null(strstr(member(program, "bash"), "complete -o default"));
    RUN(program, "completion", "tcsh");
    assert_exit(program, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, program_open, program_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bare_aims_lists_the_commands_and_is_a_usage_error),
        TEST(a_mistyped_command_gets_a_hint),
        TEST(a_group_alone_lists_its_commands),
        TEST(a_mistyped_option_gets_a_hint),
        TEST(every_command_explains_itself_with_examples_first),
        TEST(settings_come_from_flags_before_the_environment),
        TEST(a_key_is_made_once_and_shown),
        TEST(a_new_directory_says_what_to_fill_in_and_then_passes),
        TEST(check_names_file_line_and_column_of_every_error),
        TEST(gaps_exits_by_the_decision),
        TEST(a_council_is_made_with_all_that_its_members_need),
        TEST(council_check_says_what_each_fault_domain_could_do),
        TEST(a_sealed_bundle_opens_for_its_seats_and_nobody_else),
        TEST(a_plain_bundle_is_the_same_each_time_and_opens_for_all),
        TEST(pack_takes_only_a_certificate_for_the_previous_one),
        TEST(pack_says_what_it_left_out),
        TEST(rules_pass_their_tests_and_answer_the_example),
        TEST(version_names_the_digests_of_what_decides),
        TEST(a_council_that_is_not_running_is_out_of_reach),
        TEST(submit_refuses_what_the_council_would_refuse),
        TEST(status_is_of_the_attempt_that_was_asked_for),
        TEST(status_lists_the_hearings_and_which_one_stands),
        TEST(council_status_is_that_of_every_coordinator),
        TEST(completion_knows_commands_and_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
