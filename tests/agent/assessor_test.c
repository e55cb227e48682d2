/* The agent's end of its assessor, against assessors of every kind. This program plays them itself:
 * started as "PROGRAM play ROLE FOLDER" it greets as ROLE has it and treats every request as the
 * name of its bundle says. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/assessor.h"
#include "agent/frame.h"
#include "base/encode.h"
#include "proto/codec.h"
#include "tests/evidence/directory.h"

#define CRITERIA    3
#define PATIENCE_MS 20000 /* Only a failing test waits so long. */
#define PAPERS_SIZE 300000

static char play_word[] = "play";
static const struct digest catalog = {{1}};
static const struct digest ruleset = {{2}};

/* ---- the assessors ---- */

static _Noreturn void leave(void)
{
    _exit(0);
}

static void say(const char *text)
{
    struct error error;

    if (!frame_write(STDOUT_FILENO, bytes_of_text(text), &error)) {
        leave();
    }
}

static void greet(const struct digest *of_catalog, int criteria)
{
    char text[512];
    char first[DIGEST_HEX_SIZE];
    char second[DIGEST_HEX_SIZE];

    (void)snprintf(text, sizeof(text),
                   "{\"catalog\":\"%s\",\"criteria\":%d,\"ruleset\":\"%s\",\"status\":\"ready\"}",
                   encode_digest(of_catalog, first), criteria, encode_digest(&ruleset, second));
    say(text);
}

/* Answers ANSWERS with COUNT papers. */
static void answer(const char *answers, int count, const char *purpose, long period_end)
{
    struct buffer text = {0};

    buffer_format(&text, "{\"answers\":\"%s\",\"papers\":[", answers);
    for (int i = 0; i < count; i++) {
        buffer_format(&text, "%s\"%064d\"", i == 0 ? "" : ",", i + 1);
    }
    buffer_format(&text, "],\"periodEnd\":%ld,\"purpose\":%s,\"status\":\"assessed\"}", period_end,
                  purpose);
    say(buffer_text(&text));
    buffer_finish(&text);
}

static void answer_with_papers(void)
{
    struct buffer papers = {0};

    answer("123", 3, "4", 20000);
    for (int i = 0; i < PAPERS_SIZE; i++) {
        buffer_append_byte(&papers, (uint8_t)('a' + i % 23));
    }
    say(buffer_text(&papers));
    buffer_finish(&papers);
}

/* True the first time it is asked. */
static bool is_first_time(const char *folder)
{
    char path[2 * DIRECTORY_PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s/died", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

static void act(const char *request, const char *folder)
{
    static const struct {
        const char *bundle;
        const char *says;
    } lines[] = {
        {"garbage", "this is no JSON"},
        {"empty", ""},
        {"list", "[]"},
        {"no-status", "{}"},
        {"odd-status", "{\"status\":\"perhaps\",\"message\":\"m\"}"},
        {"bare-refusal", "{\"status\":\"badBundle\"}"},
        {"no-answers", "{\"status\":\"assessed\"}"},
        {"bad-bundle", "{\"status\":\"badBundle\",\"message\":\"chunk 7 was altered\"}"},
        {"bad-evidence", "{\"status\":\"badEvidence\",\"message\":\"aims.yaml:2\"}"},
    };
    static const uint8_t huge[] = {255, 255, 255, 255};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (strstr(request, lines[i].bundle) != NULL) {
            say(lines[i].says);
            return;
        }
    }
    if (strstr(request, "\"papers\":true") != NULL) {
        answer_with_papers();
    } else if (strstr(request, "few") != NULL) {
        answer("12", 2, "4", 20000);
    } else if (strstr(request, "short-papers") != NULL) {
        answer("123", 2, "4", 20000);
    } else if (strstr(request, "many") != NULL) {
        answer("1234", 3, "4", 20000);
    } else if (strstr(request, "fifth") != NULL) {
        answer("125", 3, "4", 20000);
    } else if (strstr(request, "no-purpose") != NULL) {
        answer("123", 3, "5", 20000);
    } else if (strstr(request, "no-day") != NULL) {
        answer("123", 3, "4", CODEC_DAY_MAX + 1L);
    } else if (strstr(request, "huge") != NULL) {
        (void)!write(STDOUT_FILENO, huge, sizeof(huge));
    } else if (strstr(request, "half") != NULL) {
        (void)!write(STDOUT_FILENO, "\0\0\1\0{", 5);
        leave();
    } else if (strstr(request, "greedy") != NULL) {
        (void)raise(SIGPROF);
    } else if (strstr(request, "once") != NULL && is_first_time(folder)) {
        leave();
    } else if (strstr(request, "deadly") != NULL) {
        leave();
    } else if (strstr(request, "hang") == NULL) {
        answer("143", 3, "1", CODEC_DAY_MAX);
    }
}

/* Waits until somebody opens the pipe FOLDER/go. */
static void await_go(const char *folder)
{
    char path[2 * DIRECTORY_PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s/go", folder);
    (void)open(path, O_RDONLY);
}

static _Noreturn void play(const char *role, const char *folder)
{
    static const struct digest other = {{9}};
    struct buffer request = {0};
    struct error error;
    bool is_end = false;

    if (strcmp(role, "foreign") == 0) {
        greet(&other, CRITERIA);
    } else if (strcmp(role, "longer") == 0) {
        greet(&catalog, CRITERIA + 1);
    } else if (strcmp(role, "rude") == 0) {
        say("hello");
    } else if (strcmp(role, "hurried") == 0 && is_first_time(folder)) {
        leave();
    } else {
        greet(&catalog, CRITERIA);
    }
    if (strcmp(role, "talkative") == 0) {
        await_go(folder);
        say("{\"status\":\"assessed\"}");
    } else if (strcmp(role, "mortal") == 0 && is_first_time(folder)) {
        await_go(folder);
        leave();
    } else if (strcmp(role, "deaf") == 0) {
        await_go(folder);
    }
    while (frame_read(STDIN_FILENO, &request, &is_end, &error)) {
        act(buffer_text(&request), folder);
    }
    leave();
}

/* ---- the agent's side ---- */

struct stage {
    struct loop *loop;
    struct assessor *assessor;
    char program[PATH_MAX];
    char folder[DIRECTORY_PATH_SIZE];
    char role[16];
    char *command[5];
    unsigned ready_count;
    unsigned answer_count;
    unsigned broken_count;
    struct error broken;
    /* The last answer. */
    enum message_reason reason;
    char message[256];
    uint8_t answers[CRITERIA];
    struct digest papers[CRITERIA];
    struct message_sheet sheet;
    struct buffer rows;
};

static void on_ready(void *context)
{
    struct stage *stage = context;

    assert_true(assessor_is_ready(stage->assessor));
    stage->ready_count++;
}

static void on_answered(void *context, const struct assessor_answer *answer_in_hand)
{
    struct stage *stage = context;

    stage->answer_count++;
    stage->reason = answer_in_hand->reason;
    (void)snprintf(stage->message, sizeof(stage->message), "%s", answer_in_hand->message);
    if (stage->reason == MESSAGE_ASSESSED) {
        stage->sheet = answer_in_hand->sheet;
        assert_int_equal(stage->sheet.criterion_count, CRITERIA);
        memcpy(stage->answers, stage->sheet.answers, CRITERIA);
        memcpy(stage->papers, stage->sheet.papers, sizeof(stage->papers));
        buffer_clear(&stage->rows);
        buffer_append(&stage->rows, answer_in_hand->papers.data, answer_in_hand->papers.size);
    }
}

static void on_broken(void *context, const struct error *error)
{
    struct stage *stage = context;

    stage->broken_count++;
    stage->broken = *error;
}

static int set_up(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct error error;
    char go[2 * DIRECTORY_PATH_SIZE];

    assert_non_null(stage);
    assert_true(readlink("/proc/self/exe", stage->program, sizeof(stage->program) - 1) > 0);
    directory_create(stage->folder);
    stage->command[0] = stage->program;
    stage->command[1] = play_word;
    stage->command[2] = stage->role;
    stage->command[3] = stage->folder;
    (void)snprintf(go, sizeof(go), "%s/go", stage->folder);
    assert_int_equal(mkfifo(go, 0600), 0);
    assert_true(loop_create(&stage->loop, &error));
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;

    assessor_close(stage->assessor);
    loop_destroy(stage->loop);
    buffer_finish(&stage->rows);
    directory_destroy(stage->folder);
    free(stage);
    /* No child is left behind. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    return 0;
}

static void start(struct stage *stage, const char *role)
{
    struct assessor_options options = {.catalog = catalog,
                                       .criterion_count = CRITERIA,
                                       .ready = on_ready,
                                       .answered = on_answered,
                                       .broken = on_broken,
                                       .context = stage};
    struct error error;

    (void)snprintf(stage->role, sizeof(stage->role), "%s", role);
    options.command = stage->command;
    if (!assessor_open(stage->loop, &options, &stage->assessor, &error)) {
        fail_msg("%s", error.message);
    }
}

/* Serves the loop until *COUNTER has reached VALUE. */
static void await(struct stage *stage, const unsigned *counter, unsigned value)
{
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;
    struct error error;

    while (*counter < value) {
        uint64_t now_ms = loop_now_ms();

        assert_true(now_ms < until_ms);
        assert_true(loop_turn(stage->loop, until_ms - now_ms, &error));
    }
}

static void await_ready(struct stage *stage)
{
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;
    struct error error;

    while (!assessor_is_ready(stage->assessor)) {
        uint64_t now_ms = loop_now_ms();

        assert_true(now_ms < until_ms);
        assert_true(loop_turn(stage->loop, until_ms - now_ms, &error));
    }
}

static void ask(struct stage *stage, const char *bundle, bool wants_papers)
{
    struct assessor_request request = {
        .bundle = bundle, .is_plain = true, .seat = 7, .wants_papers = wants_papers};
    unsigned answers = stage->answer_count;

    await_ready(stage);
    assessor_ask(stage->assessor, &request);
    await(stage, &stage->answer_count, answers + 1);
    assert_int_equal(stage->answer_count, answers + 1);
}

static void must_answer(struct stage *stage)
{
    ask(stage, "good", false);
    assert_int_equal(stage->reason, MESSAGE_ASSESSED);
    assert_memory_equal(stage->answers, "\1\4\3", CRITERIA);
}

static void an_answer_arrives_as_it_was_given(void **state)
{
    struct stage *stage = *state;
    struct digest expected;

    start(stage, "good");
    assert_false(assessor_is_ready(stage->assessor));
    assert_true(digest_is_zero(assessor_ruleset(stage->assessor)));
    await(stage, &stage->ready_count, 1);
    assert_true(digest_equal(assessor_ruleset(stage->assessor), &ruleset));
    must_answer(stage);
    assert_int_equal(stage->sheet.purpose, MESSAGE_PURPOSE_INITIAL);
    assert_int_equal(stage->sheet.period_end, CODEC_DAY_MAX);
    assert_int_equal(stage->rows.size, 0);
    for (int i = 0; i < CRITERIA; i++) {
        char text[DIGEST_HEX_SIZE];

        (void)snprintf(text, sizeof(text), "%064d", i + 1);
        assert_true(encode_to_digest(text, &expected));
        assert_true(digest_equal(&stage->papers[i], &expected));
    }
    must_answer(stage);
}

static void papers_come_behind_the_answer_when_they_are_asked_for(void **state)
{
    struct stage *stage = *state;

    start(stage, "good");
    ask(stage, "x", true);
    assert_int_equal(stage->reason, MESSAGE_ASSESSED);
    assert_memory_equal(stage->answers, "\1\2\3", CRITERIA);
    assert_int_equal(stage->rows.size, PAPERS_SIZE);
    for (size_t i = 0; i < PAPERS_SIZE; i++) {
        assert_int_equal(stage->rows.data[i], 'a' + i % 23);
    }
    must_answer(stage);
    assert_int_equal(stage->rows.size, 0);
}

static void a_refusal_arrives_with_its_words(void **state)
{
    struct stage *stage = *state;

    start(stage, "good");
    ask(stage, "bad-bundle", false);
    assert_int_equal(stage->reason, MESSAGE_BAD_BUNDLE);
    assert_string_equal(stage->message, "chunk 7 was altered");
    ask(stage, "bad-evidence", true);
    assert_int_equal(stage->reason, MESSAGE_BAD_EVIDENCE);
    assert_string_equal(stage->message, "aims.yaml:2");
    must_answer(stage);
}

static void a_request_is_asked_again_after_a_death(void **state)
{
    struct stage *stage = *state;

    start(stage, "good");
    ask(stage, "once", false);
    assert_int_equal(stage->reason, MESSAGE_ASSESSED);
}

static void three_deaths_on_one_request_are_the_end_of_it(void **state)
{
    struct stage *stage = *state;

    start(stage, "good");
    ask(stage, "deadly", false);
    assert_int_equal(stage->reason, MESSAGE_CRASHED);
    assert_string_equal(stage->message, "the assessor died again and again");
    must_answer(stage);
    ask(stage, "half", false);
    assert_int_equal(stage->reason, MESSAGE_CRASHED);
    must_answer(stage);
    assert_int_equal(stage->broken_count, 0);
}

static void who_uses_up_its_processor_time_is_not_asked_again(void **state)
{
    struct stage *stage = *state;

    start(stage, "good");
    await_ready(stage);
    ask(stage, "greedy", false);
    assert_int_equal(stage->reason, MESSAGE_LIMIT);
    must_answer(stage);
    /* A death for another reason is none of a limit's. */
    ask(stage, "deadly", false);
    assert_int_equal(stage->reason, MESSAGE_CRASHED);
}

static void nonsense_counts_as_a_death(void **state)
{
    struct stage *stage = *state;
    static const char *const bundles[] = {
        "garbage", "empty",        "list", "no-status", "odd-status", "bare-refusal", "no-answers",
        "few",     "short-papers", "many", "fifth",     "no-purpose", "no-day",       "huge"};

    start(stage, "good");
    for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
        ask(stage, bundles[i], false);
        if (stage->reason != MESSAGE_CRASHED) {
            fail_msg("'%s' gives reason %d", bundles[i], (int)stage->reason);
        }
    }
    must_answer(stage);
}

static void who_does_not_read_does_not_hold_up_the_seat(void **state)
{
    struct stage *stage = *state;
    static char name[300000]; /* More than a pipe holds. */

    memset(name, 'x', sizeof(name) - 1);
    start(stage, "deaf");
    ask(stage, name, false);
    assert_int_equal(stage->reason, MESSAGE_CRASHED);
}

static void open_go(const struct stage *stage)
{
    char go[2 * DIRECTORY_PATH_SIZE];

    (void)snprintf(go, sizeof(go), "%s/go", stage->folder);
    int fd = open(go, O_WRONLY);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static void who_is_dead_when_asked_does_not_take_the_seat_along(void **state)
{
    struct stage *stage = *state;
    siginfo_t info;

    start(stage, "mortal");
    await_ready(stage);
    open_go(stage);
    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    assert_true(assessor_is_ready(stage->assessor)); /* The loop has not noticed. */
    must_answer(stage);
}

static void a_cancelled_request_is_not_answered(void **state)
{
    struct stage *stage = *state;
    struct assessor_request request = {.bundle = "hang", .is_plain = true};

    start(stage, "good");
    await_ready(stage);
    assessor_ask(stage->assessor, &request);
    assert_false(assessor_is_ready(stage->assessor));
    assessor_cancel(stage->assessor);
    assert_false(assessor_is_ready(stage->assessor));
    assessor_cancel(stage->assessor); /* Nothing is running. */
    await(stage, &stage->ready_count, 2);
    assert_int_equal(stage->answer_count, 0);
    must_answer(stage);
    assert_int_equal(stage->answer_count, 1);
}

static void who_speaks_without_being_asked_is_started_anew(void **state)
{
    struct stage *stage = *state;

    start(stage, "talkative");
    await(stage, &stage->ready_count, 1);
    open_go(stage);
    await(stage, &stage->ready_count, 2);
    assert_int_equal(stage->answer_count, 0);
    assert_int_equal(stage->broken_count, 0);
}

static void who_dies_before_its_greeting_is_started_anew(void **state)
{
    struct stage *stage = *state;

    start(stage, "hurried");
    must_answer(stage);
}

static void who_answers_another_catalogue_is_broken(void **state)
{
    struct stage *stage = *state;

    start(stage, "foreign");
    await(stage, &stage->broken_count, 1);
    assert_int_equal(stage->broken.code, ERROR_INVALID);
    assert_string_equal(stage->broken.message, "the assessor answers another catalogue");
    assert_int_equal(stage->ready_count, 0);
    assert_false(assessor_is_ready(stage->assessor));
}

static void who_counts_other_criteria_is_broken(void **state)
{
    struct stage *stage = *state;

    start(stage, "longer");
    await(stage, &stage->broken_count, 1);
    assert_string_equal(stage->broken.message, "the assessor answers another catalogue");
    assert_int_equal(stage->ready_count, 0);
}

static void who_does_not_greet_in_json_is_broken(void **state)
{
    struct stage *stage = *state;

    start(stage, "rude");
    await(stage, &stage->broken_count, 1);
    assert_int_equal(stage->broken.code, ERROR_INVALID);
    assert_non_null(strstr(stage->broken.message, "greeting:1:1"));
    assert_int_equal(stage->ready_count, 0);
}

static void a_program_that_is_not_there_is_an_error(void **state)
{
    struct stage *stage = *state;
    char *const command[] = {(char[]){"/nowhere/judge"}, NULL};
    struct assessor_options options = {.command = command};
    struct error error;

    assert_false(assessor_open(stage->loop, &options, &stage->assessor, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_string_equal(error.message, "cannot start the assessor '/nowhere/judge': No such file "
                                       "or directory");
    assert_null(stage->assessor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_arrives_as_it_was_given),
        TEST(papers_come_behind_the_answer_when_they_are_asked_for),
        TEST(a_refusal_arrives_with_its_words),
        TEST(a_request_is_asked_again_after_a_death),
        TEST(three_deaths_on_one_request_are_the_end_of_it),
        TEST(who_uses_up_its_processor_time_is_not_asked_again),
        TEST(nonsense_counts_as_a_death),
        TEST(who_does_not_read_does_not_hold_up_the_seat),
        TEST(who_is_dead_when_asked_does_not_take_the_seat_along),
        TEST(a_cancelled_request_is_not_answered),
        TEST(who_speaks_without_being_asked_is_started_anew),
        TEST(who_dies_before_its_greeting_is_started_anew),
        TEST(who_answers_another_catalogue_is_broken),
        TEST(who_counts_other_criteria_is_broken),
        TEST(who_does_not_greet_in_json_is_broken),
        TEST(a_program_that_is_not_there_is_an_error),
    };

    if (argc == 4 && strcmp(argv[1], "play") == 0) {
        play(argv[2], argv[3]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
