/* The real aims-assess behind its pipes: what it answers, and what bundles, requests and rules
 * cannot do to it. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/frame.h"
#include "base/encode.h"
#include "evidence/bundle.h"
#include "formats/json.h"
#include "formats/tree.h"
#include "report/papers.h"
#include "report/when.h"
#include "rules/catalog.h"
#include "rules/ruleset.h"
#include "tests/evidence/directory.h"

#define SHARE        AIMS_SOURCE_DIR "/rules"
#define CATALOG      SHARE "/catalogs/iso42001-2023"
#define RULESET      SHARE "/rulesets/registers"
#define SCHEMA       AIMS_SOURCE_DIR "/evidence/schema.yaml"
#define PATH_SIZE    (2 * DIRECTORY_PATH_SIZE)
#define ARENA_SIZE   (256 * 1024 * 1024)
#define SEAT         1
#define HEADER_SPACE (BUNDLE_HEADER_MAX + 1024)

static const char small_aims[] = "schema: 1\norganisation: Example Org\npurpose: surveillance\n"
                                 "period_start: 2025-07-01\nperiod_end: 2026-06-30\n";
static const char small_systems[] = "id,title,role\ns1,Sorter,developer\n";

/* What all tests share. */
static struct {
    struct arena *arena;
    struct schema schema;
    struct catalog catalog;
    struct ruleset ruleset;
    struct keys *submitter;
    struct keys *seats[SEAT + 1];
} library;

struct judge {
    struct arena *arena; /* Of the last answers. */
    char spool[DIRECTORY_PATH_SIZE];
    char outside[DIRECTORY_PATH_SIZE]; /* Evidence, and what the assessor says on stderr. */
    pid_t child;
    int input;
    int output;
};

struct verdict {
    const char *status;
    const char *message; /* NULL when assessed. */
    const char *answers;
    const struct tree *papers;
    int64_t period_end;
    int64_t purpose;
    struct bytes whole;
};

static char *path_of(const char *folder, const char *name, char out[PATH_SIZE])
{
    (void)snprintf(out, PATH_SIZE, "%s/%s", folder, name);
    return out;
}

static int open_library(void **state)
{
    struct error error;
    uint8_t seed[KEYS_SEED_SIZE] = {0};

    (void)state;
    keys_library_init();
    library.arena = arena_create(ARENA_SIZE);
    directory_schema(library.arena, &library.schema);
    if (!catalog_load(CATALOG, library.arena, &library.catalog, &error) ||
        !ruleset_load(RULESET, &library.catalog, library.arena, &library.ruleset, &error)) {
        print_error("%s\n", error.message);
        return -1;
    }
    library.submitter = keys_from_seed(seed);
    for (uint8_t i = 0; i <= SEAT; i++) {
        seed[0] = (uint8_t)(i + 1);
        library.seats[i] = keys_from_seed(seed);
    }
    return 0;
}

static int close_library(void **state)
{
    (void)state;
    for (size_t i = 0; i <= SEAT; i++) {
        keys_destroy(library.seats[i]);
    }
    keys_destroy(library.submitter);
    arena_destroy(library.arena);
    return 0;
}

/* ---- bundles ---- */

/* Packs DIRECTORY into NAME in the spool, plain or sealed to the seats. */
static void pack_as(struct judge *judge, const char *directory, const struct schema *schema,
                    bool is_plain, const char *name)
{
    uint8_t sealing[SEAT + 1][KEYS_PUBLIC_SIZE];
    struct notes notes;
    struct bundle_options options = {.directory = directory,
                                     .schema = schema,
                                     .keys = library.submitter,
                                     .is_plain = is_plain,
                                     .notes = &notes};
    struct bundle_packed packed;
    struct buffer file = {0};
    struct error error;

    notes_init(&notes, judge->arena);
    if (!is_plain) {
        for (size_t i = 0; i <= SEAT; i++) {
            memcpy(sealing[i], keys_public(library.seats[i])->sealing, KEYS_PUBLIC_SIZE);
        }
        options.seat_count = SEAT + 1;
        options.seats = (const uint8_t(*)[KEYS_PUBLIC_SIZE])sealing;
    }
    if (!bundle_pack(&options, judge->arena, &file, &packed, &error)) {
        fail_msg("%s", error.message);
    }
    directory_write(judge->spool, name, file.data, file.size);
    buffer_finish(&file);
}

/* Packs a register and an aims.yaml. */
static void pack_small(struct judge *judge, const char *aims, const char *systems, const char *name)
{
    char evidence[PATH_SIZE];

    directory_write_text(judge->outside, "evidence/aims.yaml", aims);
    directory_write_text(judge->outside, "evidence/registers/ai_systems.csv", systems);
    pack_as(judge, path_of(judge->outside, "evidence", evidence), &library.schema, true, name);
}

/* The content's key of the sealed bundle NAME, in hex, for the seat. */
static void key_of(struct judge *judge, const char *name, char out[HEX_SIZE(SEAL_KEY_SIZE)])
{
    char path[PATH_SIZE];
    struct bundle_header header;
    uint8_t key[SEAL_KEY_SIZE];
    uint8_t *block = arena_alloc(judge->arena, HEADER_SPACE);
    struct error error;
    int fd = open(path_of(judge->spool, name, path), O_RDONLY);
    ssize_t size = read(fd, block, HEADER_SPACE);

    assert_true(size > 0);
    assert_int_equal(close(fd), 0);
    assert_true(bundle_read_header(bytes_of(block, (size_t)size), judge->arena, &header, &error));
    assert_true(bundle_unseal(&header, SEAT, library.seats[SEAT], key, &error));
    encode_hex(bytes_of(key, sizeof(key)), out);
}

/* ---- the assessor ---- */

static int set_up(void **state)
{
    struct judge *judge = calloc(1, sizeof(*judge));

    assert_non_null(judge);
    judge->arena = arena_create(ARENA_SIZE);
    directory_create(judge->spool);
    directory_create(judge->outside);
    judge->input = -1;
    judge->output = -1;
    *state = judge;
    return 0;
}

/* Starts aims-assess with RULESET_PATH. */
static void start(struct judge *judge, const char *ruleset_path)
{
    char *const command[] = {(char *)(uintptr_t)AIMS_PROGRAM_DIR "/aims-assess",
                             (char *)(uintptr_t) "--catalog",
                             (char *)(uintptr_t)CATALOG,
                             (char *)(uintptr_t) "--ruleset",
                             (char *)(uintptr_t)ruleset_path,
                             (char *)(uintptr_t) "--schema",
                             (char *)(uintptr_t)SCHEMA,
                             (char *)(uintptr_t) "--spool",
                             judge->spool,
                             NULL};
    /* A leak checker would start a process at the end, which the sandbox does not allow. */
    char *const environment[] = {(char *)(uintptr_t) "ASAN_OPTIONS=detect_leaks=0", NULL};
    char log[PATH_SIZE];
    int to_child[2];
    int from_child[2];
    posix_spawn_file_actions_t actions;

    assert_int_equal(pipe(to_child), 0);
    assert_int_equal(pipe(from_child), 0);
    assert_int_equal(fcntl(to_child[1], F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(fcntl(from_child[0], F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    (void)posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO,
                                           path_of(judge->outside, "stderr", log),
                                           O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(posix_spawn(&judge->child, command[0], &actions, NULL, command, environment),
                     0);
    (void)posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(close(to_child[0]), 0);
    assert_int_equal(close(from_child[1]), 0);
    judge->input = to_child[1];
    judge->output = from_child[0];
}

/* Ends the input and gives the assessor's exit code; minus a signal. */
static int end(struct judge *judge)
{
    int status = 0;

    assert_int_equal(close(judge->input), 0);
    assert_int_equal(close(judge->output), 0);
    assert_int_equal(waitpid(judge->child, &status, 0), judge->child);
    judge->child = 0;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* The assessor has said SENTENCE on stderr and ended with 1. */
static void must_have_failed(struct judge *judge, const char *sentence)
{
    char text[4096] = "";
    char path[PATH_SIZE];
    int code = end(judge);
    FILE *log = fopen(path_of(judge->outside, "stderr", path), "r");

    assert_non_null(log);
    size_t size = fread(text, 1, sizeof(text) - 1, log);

    assert_int_equal(fclose(log), 0);
    assert_true(size < sizeof(text));
    assert_string_equal(text, sentence);
    assert_int_equal(code, 1);
}

static int tear_down(void **state)
{
    struct judge *judge = *state;

    if (judge->child > 0) {
        assert_int_equal(end(judge), 0);
    }
    directory_destroy(judge->spool);
    directory_destroy(judge->outside);
    arena_destroy(judge->arena);
    free(judge);
    return 0;
}

static struct bytes take(struct judge *judge)
{
    struct buffer frame = {0};
    struct error error;
    bool is_end = false;

    if (!frame_read(judge->output, &frame, &is_end, &error)) {
        fail_msg("%s", error.message);
    }
    struct bytes copy =
        bytes_of(arena_copy(judge->arena, buffer_text(&frame), frame.size), frame.size);

    buffer_finish(&frame);
    return copy;
}

static const struct tree *take_json(struct judge *judge, struct bytes *whole)
{
    struct tree *tree = NULL;
    struct error error;

    *whole = take(judge);
    if (!tree_parse_json(*whole, "answer", judge->arena, &tree, &error)) {
        fail_msg("%s", error.message);
    }
    return tree;
}

static const char *text_of(const struct tree *tree, const char *key)
{
    const struct tree *member = tree_get(tree, key);

    assert_non_null(member);
    assert_int_equal(member->type, TREE_TEXT);
    return member->text;
}

static void must_greet(struct judge *judge)
{
    struct bytes whole;
    const struct tree *tree = take_json(judge, &whole);

    assert_string_equal(text_of(tree, "status"), "ready");
}

static void send_text(struct judge *judge, const char *text)
{
    struct error error;

    assert_true(frame_write(judge->input, bytes_of_text(text), &error));
}

/* Asks for the bundle at PATH; KEY is NULL when it is plain. */
static void ask_path(struct judge *judge, const char *path, const char *key, bool wants_papers,
                     struct verdict *out)
{
    struct json *json = json_object();
    struct buffer text = {0};

    json_set(json, "bundle", json_text(path));
    json_set(json, "case", json_digest(&(struct digest){{3}}));
    json_set(json, "docket", json_digest(&(struct digest){{4}}));
    json_set(json, "seat", json_integer(SEAT));
    json_set(json, "papers", json_boolean(wants_papers));
    if (key != NULL) {
        json_set(json, "key", json_text(key));
    }
    json_write(json, &text);
    json_destroy(json);
    send_text(judge, buffer_text(&text));
    buffer_finish(&text);

    const struct tree *tree = take_json(judge, &out->whole);

    out->status = text_of(tree, "status");
    out->message = NULL;
    if (strcmp(out->status, "assessed") != 0) {
        out->message = text_of(tree, "message");
        return;
    }
    out->answers = text_of(tree, "answers");
    out->papers = tree_get(tree, "papers");
    out->period_end = tree_get(tree, "periodEnd")->integer;
    out->purpose = tree_get(tree, "purpose")->integer;
    assert_int_equal(strlen(out->answers), library.catalog.criterion_count);
    assert_int_equal(out->papers->count, library.catalog.criterion_count);
}

static void ask(struct judge *judge, const char *name, const char *key, bool wants_papers,
                struct verdict *out)
{
    char path[PATH_SIZE];

    ask_path(judge, path_of(judge->spool, name, path), key, wants_papers, out);
}

static void must_assess(struct judge *judge, const char *name)
{
    struct verdict verdict;

    ask(judge, name, NULL, false, &verdict);
    if (verdict.message != NULL) {
        fail_msg("%s", verdict.message);
    }
}

static void must_refuse(struct judge *judge, const char *name, const char *status,
                        const char *message)
{
    struct verdict verdict;

    ask(judge, name, NULL, true, &verdict);
    assert_string_equal(verdict.status, status);
    if (strstr(verdict.message, message) == NULL) {
        fail_msg("'%s', want '%s'", verdict.message, message);
    }
}

/* ---- tests ---- */

static void the_greeting_says_what_is_ready(void **state)
{
    struct judge *judge = *state;
    char catalog[DIGEST_HEX_SIZE];
    char ruleset[DIGEST_HEX_SIZE];
    char expected[512];

    start(judge, RULESET);
    (void)snprintf(expected, sizeof(expected),
                   "{\"catalog\":\"%s\",\"criteria\":%zu,\"ruleset\":\"%s\",\"status\":\"ready\"}",
                   encode_digest(&library.catalog.digest, catalog), library.catalog.criterion_count,
                   encode_digest(&library.ruleset.digest, ruleset));
    assert_string_equal(take(judge).data, expected);
    assert_int_equal(end(judge), 0);
}

static void it_works_behind_the_walls(void **state)
{
    struct judge *judge = *state;
    char path[64];
    char text[4096] = "";

    start(judge, RULESET);
    must_greet(judge);
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)judge->child);
    pack_small(judge, small_aims, small_systems, "small.aims");
    must_assess(judge, "small.aims"); /* Whoever has answered has built them. */
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(text, "NoNewPrivs:\t1\n"));
    assert_non_null(strstr(text, "Seccomp:\t2\n"));
}

static void the_same_bundle_has_the_same_answers(void **state)
{
    struct judge *judge = *state;
    struct verdict first;
    struct verdict second;
    uint32_t day = 0;

    start(judge, RULESET);
    must_greet(judge);
    pack_small(judge, small_aims, small_systems, "small.aims");
    ask(judge, "small.aims", NULL, false, &first);
    ask(judge, "small.aims", NULL, false, &second);
    assert_null(first.message);
    assert_true(bytes_equal(first.whole, second.whole));
    assert_int_equal(strspn(first.answers, "1234"), library.catalog.criterion_count);
    assert_true(when_parse_day("2026-06-30", &day));
    assert_int_equal(first.period_end, day);
    assert_int_equal(first.purpose, MESSAGE_PURPOSE_SURVEILLANCE);
}

static void one_bundle_leaves_nothing_to_the_next(void **state)
{
    struct judge *judge = *state;
    char key[HEX_SIZE(SEAL_KEY_SIZE)];
    struct verdict meridian;
    struct verdict small;
    struct verdict again;

    start(judge, RULESET);
    must_greet(judge);
    pack_small(judge, small_aims, small_systems, "small.aims");
    pack_as(judge, AIMS_SOURCE_DIR "/examples/meridian", &library.schema, false, "meridian.aims");
    key_of(judge, "meridian.aims", key);
    ask(judge, "small.aims", NULL, false, &small);
    ask(judge, "meridian.aims", key, false, &meridian);
    ask(judge, "small.aims", NULL, false, &again);
    assert_null(meridian.message);
    assert_true(bytes_equal(small.whole, again.whole));
    assert_string_not_equal(small.answers, meridian.answers);
    ask(judge, "meridian.aims", key, false, &again);
    assert_true(bytes_equal(meridian.whole, again.whole));
    assert_int_equal(strspn(meridian.answers, "1234"), library.catalog.criterion_count);
}

static void papers_come_only_when_they_are_asked_for(void **state)
{
    struct judge *judge = *state;
    char key[HEX_SIZE(SEAL_KEY_SIZE)];
    struct verdict verdict;
    struct papers papers;
    struct error error;

    start(judge, RULESET);
    must_greet(judge);
    pack_as(judge, AIMS_SOURCE_DIR "/examples/meridian", &library.schema, false, "meridian.aims");
    key_of(judge, "meridian.aims", key);
    ask(judge, "meridian.aims", key, true, &verdict);
    if (!papers_decode(take(judge), judge->arena, &papers, &error)) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(papers.seat, SEAT);
    assert_int_equal(papers.case_id.data[0], 3);
    assert_int_equal(papers.docket.data[0], 4);
    assert_int_equal(papers.result.count, library.catalog.criterion_count);
    const struct tree *item = verdict.papers->child;

    for (size_t i = 0; i < papers.result.count; i++, item = item->next) {
        struct digest digest;

        assert_true(encode_to_digest(item->text, &digest));
        assert_int_not_equal(papers_check(&papers, i, &digest), PAPERS_FORGED);
        assert_int_equal(papers.result.answers[i].answer, verdict.answers[i] - '0');
    }
    /* The next frame is the next answer. */
    ask(judge, "meridian.aims", key, false, &verdict);
    assert_null(verdict.message);
    ask(judge, "meridian.aims", key, false, &verdict);
    assert_null(verdict.message);
}

static void a_damaged_bundle_is_refused_and_survived(void **state)
{
    struct judge *judge = *state;
    char path[PATH_SIZE];

    start(judge, RULESET);
    must_greet(judge);
    pack_small(judge, small_aims, small_systems, "small.aims");
    FILE *file = fopen(path_of(judge->spool, "small.aims", path), "rb");
    uint8_t *content = arena_alloc(judge->arena, 1024 * 1024);

    assert_non_null(file);
    size_t size = fread(content, 1, 1024 * 1024, file);

    assert_int_equal(fclose(file), 0);
    assert_true(size > 1000 && size < 1024 * 1024);
    directory_write(judge->spool, "cut.aims", content, size - 100);
    must_refuse(judge, "cut.aims", "badBundle", "the bundle is cut off 100 bytes before its end");
    directory_write(judge->spool, "cut.aims", content, 10);
    must_refuse(judge, "cut.aims", "badBundle", "this is not a bundle: it has only 10 bytes");
    directory_write(judge->spool, "cut.aims", content, 0);
    must_refuse(judge, "cut.aims", "badBundle", "this is not a bundle: it has only 0 bytes");
    content[size / 2] ^= 1;
    directory_write(judge->spool, "cut.aims", content, size);
    must_refuse(judge, "cut.aims", "badBundle", "the bundle's content was altered");
    must_assess(judge, "small.aims");
}

static void a_bundle_with_another_key_is_refused(void **state)
{
    struct judge *judge = *state;
    char key[HEX_SIZE(SEAL_KEY_SIZE)];
    struct verdict verdict;

    start(judge, RULESET);
    must_greet(judge);
    pack_small(judge, small_aims, small_systems, "small.aims");
    pack_as(judge, path_of(judge->outside, "evidence", (char[PATH_SIZE]){0}), &library.schema,
            false, "sealed.aims");
    key_of(judge, "sealed.aims", key);
    ask(judge, "sealed.aims", key, false, &verdict);
    assert_string_equal(verdict.status, "assessed");
    key[0] = key[0] == '0' ? '1' : '0';
    ask(judge, "sealed.aims", key, false, &verdict);
    assert_string_equal(verdict.status, "badBundle");
    ask(judge, "sealed.aims", NULL, false, &verdict);
    assert_string_equal(verdict.status, "badBundle");
}

static void files_outside_the_spool_are_not_read(void **state)
{
    struct judge *judge = *state;
    char path[PATH_SIZE];
    char link[PATH_SIZE];
    struct verdict verdict;

    start(judge, RULESET);
    must_greet(judge);
    pack_small(judge, small_aims, small_systems, "small.aims");
    path_of(judge->outside, "moved.aims", path);
    assert_int_equal(rename(path_of(judge->spool, "small.aims", link), path), 0);
    ask_path(judge, path, NULL, false, &verdict);
    assert_string_equal(verdict.status, "badBundle");
    assert_string_equal(verdict.message, "cannot open the bundle: Permission denied");
    assert_int_equal(symlink(path, link), 0);
    ask_path(judge, link, NULL, false, &verdict);
    assert_string_equal(verdict.status, "badBundle");
    must_refuse(judge, "nothing.aims", "badBundle",
                "cannot open the bundle: No such file or directory");
    must_refuse(judge, ".", "badBundle", "Is a directory");
}

static void wrong_evidence_is_refused_with_its_place(void **state)
{
    static const char lax[] = "version: 1\n"
                              "common:\n"
                              "  - {name: id, type: id, text: Key.}\n"
                              "tables:\n"
                              "  - name: ai_systems\n"
                              "    text: Systems.\n"
                              "    columns:\n"
                              "      - {name: role, type: text, text: Role.}\n";
    struct judge *judge = *state;
    char evidence[PATH_SIZE];
    struct schema schema;
    struct error error;

    start(judge, RULESET);
    must_greet(judge);
    assert_true(schema_parse(bytes_of_text(lax), "lax.yaml", judge->arena, &schema, &error));
    directory_write_text(judge->outside, "evidence/aims.yaml", small_aims);
    directory_write_text(judge->outside, "evidence/registers/ai_systems.csv", "id,role\ns1,king\n");
    pack_as(judge, path_of(judge->outside, "evidence", evidence), &schema, true, "king.aims");
    must_refuse(judge, "king.aims", "badEvidence",
                "registers/ai_systems.csv:2: column \"role\": \"king\" is not one of developer");
    pack_small(judge, small_aims, small_systems, "small.aims");
    must_assess(judge, "small.aims");
}

static void a_period_that_no_certificate_can_name_is_refused(void **state)
{
    struct judge *judge = *state;

    start(judge, RULESET);
    must_greet(judge);
    pack_small(judge,
               "schema: 1\norganisation: Example Org\npurpose: initial\n"
               "period_start: 1968-07-01\nperiod_end: 1969-06-30\n",
               small_systems, "old.aims");
    must_refuse(judge, "old.aims", "badEvidence", "aims.yaml: \"period_end\" is before 1970");
    pack_small(judge, small_aims, small_systems, "small.aims");
    must_assess(judge, "small.aims");
}

static void a_request_that_is_none_ends_the_assessor(void **state)
{
    static const char hex[] = "0000000000000000000000000000000000000000000000000000000000000000";
    static const struct {
        const char *request; /* %s: a digest. */
        const char *sentence;
    } cases[] = {
        {"{\"case\":\"%s\",\"docket\":\"%s\",\"seat\":1}",
         "aims-assess: request:1:1: \"bundle\" is missing, want a text\n"},
        {"{\"bundle\":\"b\",\"case\":\"1%s\",\"docket\":\"%s\",\"seat\":1}",
         "aims-assess: \"case\" is not 64 hex characters\n"},
        {"{\"bundle\":\"b\",\"case\":\"%s\",\"docket\":\"x%s\",\"seat\":1}",
         "aims-assess: \"docket\" is not 64 hex characters\n"},
        {"{\"bundle\":\"b\",\"case\":\"%s\",\"docket\":\"%s\",\"seat\":127}",
         "aims-assess: request:1:172: \"seat\" is 127, want 0 to 126\n"},
        {"{\"bundle\":\"b\",\"case\":\"%s\",\"docket\":\"%s\",\"seat\":1,\"key\":\"ab\"}",
         "aims-assess: \"key\" is not a key in hex\n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct judge *judge = *state;
        char request[512];
        char *fill = request;

        for (const char *from = cases[i].request; *from != '\0'; from++) {
            if (from[0] == '%') {
                memcpy(fill, hex, sizeof(hex) - 1);
                fill += sizeof(hex) - 1;
                from++;
            } else {
                *fill++ = *from;
            }
        }
        *fill = '\0';
        start(judge, RULESET);
        must_greet(judge);
        send_text(judge, request);
        must_have_failed(judge, cases[i].sentence);
    }
}

static void garbage_on_its_input_ends_the_assessor(void **state)
{
    static char large[65 * 1024];
    static const uint8_t endless[] = {255, 255, 255, 255};
    struct judge *judge = *state;

    start(judge, RULESET);
    must_greet(judge);
    assert_int_equal(write(judge->input, endless, sizeof(endless)), sizeof(endless));
    must_have_failed(judge, "aims-assess: a frame of 4294967295 bytes, want at most 16777216\n");
    start(judge, RULESET);
    must_greet(judge);
    assert_int_equal(write(judge->input, "\0\0\0\5abc", 7), 7);
    must_have_failed(judge, "aims-assess: the input ended inside a frame\n");
    memset(large, ' ', sizeof(large) - 1);
    start(judge, RULESET);
    must_greet(judge);
    send_text(judge, large);
    must_have_failed(judge, "aims-assess: a request of 66559 bytes\n");
}

/* Copies the files of the rule set to "rules". */
static void copy_rules(struct judge *judge)
{
    DIR *rules = opendir(RULESET);
    const struct dirent *entry = NULL;
    uint8_t *content = arena_alloc(judge->arena, 1024 * 1024);
    char path[PATH_SIZE];
    char name[PATH_SIZE];

    assert_non_null(rules);
    while ((entry = readdir(rules)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        FILE *file = fopen(path_of(RULESET, entry->d_name, path), "rb");

        assert_non_null(file);
        size_t size = fread(content, 1, 1024 * 1024, file);

        assert_int_equal(fclose(file), 0);
        directory_write(judge->outside, path_of("rules", entry->d_name, name), content, size);
    }
    assert_int_equal(closedir(rules), 0);
}

static void a_rule_without_end_costs_its_own_criterion_only(void **state)
{
    static const char endless[] =
        "- criterion: 10.1-1\n"
        "  version: 1\n"
        "  sql: |\n"
        "    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)\n"
        "    SELECT 'n' AS resource, CASE WHEN count(*) > 0 THEN 'ok' ELSE 'alarm' END AS status,\n"
        "           'never' AS reason FROM n\n"
        "- criterion: 10.1-2\n"
        "  version: 1\n"
        "  sql: SELECT 'n' AS resource, 'ok' AS status, 'always' AS reason\n";
    struct judge *judge = *state;
    size_t first = catalog_find_criterion(&library.catalog, "10.1-1");
    char *expected = NULL;
    char rules[PATH_SIZE];
    struct verdict verdict;

    pack_small(judge, small_aims, small_systems, "small.aims");
    start(judge, RULESET);
    must_greet(judge);
    ask(judge, "small.aims", NULL, false, &verdict);
    expected = arena_text(judge->arena, verdict.answers);
    expected[first] = '0';
    expected[first + 1] = '1';
    assert_int_equal(end(judge), 0);

    path_of(judge->outside, "rules", rules);
    copy_rules(judge);
    directory_write_text(rules, "10.1.yaml", endless);
    start(judge, rules);
    must_greet(judge);
    for (int i = 0; i < 2; i++) {
        ask(judge, "small.aims", NULL, false, &verdict);
        assert_string_equal(verdict.answers, expected);
    }
}

static void a_rule_set_with_a_gap_does_not_start(void **state)
{
    struct judge *judge = *state;
    char rules[PATH_SIZE];
    char text[4096] = "";
    char path[PATH_SIZE];

    path_of(judge->outside, "rules", rules);
    copy_rules(judge);
    directory_write_text(rules, "10.1.yaml",
                         "- criterion: 10.1-2\n"
                         "  version: 1\n"
                         "  sql: SELECT 'n' AS resource, 'ok' AS status, 'r' AS reason\n");
    start(judge, rules);
    assert_int_equal(end(judge), 1);
    FILE *log = fopen(path_of(judge->outside, "stderr", path), "r");

    assert_non_null(log);
    assert_true(fread(text, 1, sizeof(text) - 1, log) > 0);
    assert_int_equal(fclose(log), 0);
    assert_non_null(strstr(text, "10.1-1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_greeting_says_what_is_ready),
        TEST(it_works_behind_the_walls),
        TEST(the_same_bundle_has_the_same_answers),
        TEST(one_bundle_leaves_nothing_to_the_next),
        TEST(papers_come_only_when_they_are_asked_for),
        TEST(a_damaged_bundle_is_refused_and_survived),
        TEST(a_bundle_with_another_key_is_refused),
        TEST(files_outside_the_spool_are_not_read),
        TEST(wrong_evidence_is_refused_with_its_place),
        TEST(a_period_that_no_certificate_can_name_is_refused),
        TEST(a_request_that_is_none_ends_the_assessor),
        TEST(garbage_on_its_input_ends_the_assessor),
        TEST(a_rule_without_end_costs_its_own_criterion_only),
        TEST(a_rule_set_with_a_gap_does_not_start),
    };

    return cmocka_run_group_tests(tests, open_library, close_library);
}
