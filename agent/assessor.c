#include "agent/assessor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/frame.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "council/answer.h"
#include "crypto/seal.h"
#include "formats/json.h"
#include "formats/tree.h"
#include "proto/codec.h"

#define ANSWER_SIZE_MAX (8U * 1024 * 1024) /* Bytes that the first frame may unfold into. */
#define PART_SIZE       65536
#define RESTART_MS      100 /* After a death; doubles while it never gets ready. */
#define RESTART_MS_MAX  5000

extern char **environ;

enum assessor_state {
    ASSESSOR_DOWN = 0, /* Not running; a restart is planned. */
    ASSESSOR_STARTING, /* Running, not yet greeted. */
    ASSESSOR_READY,
    ASSESSOR_BUSY,
};

struct assessor {
    struct assessor_options options;
    struct loop *loop;
    enum assessor_state state;
    pid_t child;
    int input;  /* Ours to write. */
    int output; /* Ours to read. */
    struct loop_watch watch;
    struct loop_timer restart;
    uint32_t restart_ms;   /* Pause before the next start. */
    struct buffer request; /* Kept to be asked again; holds a key. */
    struct buffer received;
    unsigned death_count; /* On the request in hand. */
    bool has_request;
    bool wants_papers; /* The request in hand does. */
    bool was_limit;    /* The last death was a limit's. */
    struct digest ruleset;
    struct arena *arena;
};

static void start(struct assessor *assessor);

static void forget_request(struct assessor *assessor)
{
    if (assessor->request.data != NULL) {
        seal_wipe(assessor->request.data, assessor->request.capacity);
    }
    buffer_clear(&assessor->request);
    assessor->has_request = false;
    assessor->death_count = 0;
}

/* Waits for the child, which has closed its output or was killed. */
static void reap(struct assessor *assessor)
{
    int status = 0;

    if (assessor->child <= 0) {
        return;
    }
    (void)kill(assessor->child, SIGKILL);
    while (waitpid(assessor->child, &status, 0) < 0 && errno == EINTR) {
    }
    assessor->was_limit = WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF;
    assessor->child = 0;
}

static void hang_up(struct assessor *assessor)
{
    if (assessor->output >= 0) {
        loop_watch_remove(assessor->loop, &assessor->watch);
        close(assessor->output);
        close(assessor->input);
        assessor->output = -1;
        assessor->input = -1;
    }
    reap(assessor);
    buffer_clear(&assessor->received);
    assessor->state = ASSESSOR_DOWN;
}

static void answer_failure(struct assessor *assessor, enum message_reason reason,
                           const char *message)
{
    struct assessor_answer answer = {.reason = reason, .message = message};

    forget_request(assessor);
    assessor->options.answered(assessor->options.context, &answer);
}

/* The child is gone, in the middle of a request or not. */
static void note_death(struct assessor *assessor)
{
    bool was_ready = assessor->state == ASSESSOR_READY || assessor->state == ASSESSOR_BUSY;

    hang_up(assessor);
    loop_timer_set(assessor->loop, &assessor->restart, loop_now_ms() + assessor->restart_ms);
    if (!was_ready) {
        log_line(LOG_ERROR, "the assessor '%s' ended before it was ready; trying again in %u ms",
                 assessor->options.command[0], assessor->restart_ms);
        assessor->restart_ms =
            assessor->restart_ms * 2 < RESTART_MS_MAX ? assessor->restart_ms * 2 : RESTART_MS_MAX;
    }
    if (!assessor->has_request) {
        return;
    }
    assessor->death_count++;
    if (assessor->was_limit) {
        answer_failure(assessor, MESSAGE_LIMIT, "the assessor used up its processor time");
    } else if (assessor->death_count >= ASSESSOR_DEATHS_MAX) {
        answer_failure(assessor, MESSAGE_CRASHED, "the assessor died again and again");
    }
}

/* The pipe holds more than a request: a write that is cut short means a child that does not
 * read. */
static void send_request(struct assessor *assessor)
{
    struct error error;

    assessor->state = ASSESSOR_BUSY;
    if (!frame_write(assessor->input, buffer_bytes(&assessor->request), &error)) {
        log_line(LOG_WARNING, "assessor: %s", error.message);
        note_death(assessor);
    }
}

static void take_greeting(struct assessor *assessor, struct bytes content)
{
    struct tree *tree = NULL;
    struct error error;
    struct digest catalog;
    int64_t criteria = 0;
    const char *catalog_text = NULL;
    const char *ruleset_text = NULL;

    if (!tree_parse_json(content, "greeting", assessor->arena, &tree, &error) ||
        !tree_need_text(tree, "catalog", &catalog_text, &error) ||
        !tree_need_text(tree, "ruleset", &ruleset_text, &error) ||
        !tree_need_integer(tree, "criteria", 1, MESSAGE_CRITERIA_MAX, &criteria, &error)) {
        assessor->options.broken(assessor->options.context, &error);
        return;
    }
    if (!encode_to_digest(catalog_text, &catalog) ||
        !encode_to_digest(ruleset_text, &assessor->ruleset) ||
        !digest_equal(&catalog, &assessor->options.catalog) ||
        (size_t)criteria != assessor->options.criterion_count) {
        error_record(&error, ERROR_INVALID, "the assessor answers another catalogue");
        assessor->options.broken(assessor->options.context, &error);
        return;
    }
    assessor->restart_ms = RESTART_MS;
    assessor->state = ASSESSOR_READY;
    if (assessor->has_request) {
        send_request(assessor);
    } else {
        assessor->options.ready(assessor->options.context);
    }
}

static bool parse_papers(const struct tree *list, struct digest *out, size_t count)
{
    const struct tree *item = list->child;

    if (list->count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++, item = item->next) {
        if (item->type != TREE_TEXT || !encode_to_digest(item->text, &out[i])) {
            return false;
        }
    }
    return true;
}

/* Fills SHEET from the first frame of an answer; false when it is not one. */
static bool parse_sheet(struct assessor *assessor, const struct tree *tree,
                        struct message_sheet *sheet, struct error *error)
{
    size_t count = assessor->options.criterion_count;
    uint8_t *answers = arena_alloc(assessor->arena, count);
    struct digest *papers = arena_array(assessor->arena, count, sizeof(*papers));
    const char *text = NULL;
    const struct tree *list = NULL;
    int64_t purpose = 0;
    int64_t period_end = 0;

    if (answers == NULL || papers == NULL) {
        return error_set(error, ERROR_LIMIT, "an answer that takes too much memory");
    }
    if (!tree_need_text(tree, "answers", &text, error) ||
        !tree_need_list(tree, "papers", &list, error) ||
        !tree_need_integer(tree, "purpose", 0, MESSAGE_PURPOSE_COUNT - 1, &purpose, error) ||
        !tree_need_integer(tree, "periodEnd", 0, CODEC_DAY_MAX, &period_end, error)) {
        return false;
    }
    if (strlen(text) != count || !parse_papers(list, papers, count)) {
        return error_set(error, ERROR_INVALID, "an answer that is not about %zu criteria", count);
    }
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] >= '0' + ANSWER_COUNT) {
            return error_set(error, ERROR_INVALID, "answer %zu is '%c'", i, text[i]);
        }
        answers[i] = (uint8_t)(text[i] - '0');
    }
    *sheet = (struct message_sheet){.criterion_count = count,
                                    .answers = answers,
                                    .papers = papers,
                                    .purpose = (uint8_t)purpose,
                                    .period_end = (uint32_t)period_end};
    return true;
}

/* Fills ANSWER from the first frame; its papers are in the second. */
static bool parse_answer(struct assessor *assessor, const struct tree *tree,
                         struct assessor_answer *answer, struct error *error)
{
    const char *status = NULL;

    if (!tree_need_text(tree, "status", &status, error)) {
        return false;
    }
    if (strcmp(status, "assessed") == 0) {
        return parse_sheet(assessor, tree, &answer->sheet, error);
    }
    if (strcmp(status, "badBundle") == 0) {
        answer->reason = MESSAGE_BAD_BUNDLE;
    } else if (strcmp(status, "badEvidence") == 0) {
        answer->reason = MESSAGE_BAD_EVIDENCE;
    } else {
        return error_set(error, ERROR_INVALID, "an answer with the status '%s'", status);
    }
    return tree_need_text(tree, "message", &answer->message, error);
}

/* Consumes an answer when it is whole. False: wait for more. */
static bool take_answer(struct assessor *assessor, struct bytes content, size_t end,
                        bool *is_broken)
{
    struct assessor_answer answer = {.reason = MESSAGE_ASSESSED, .message = ""};
    struct tree *tree = NULL;
    struct error error;

    arena_reset(assessor->arena);
    *is_broken = !tree_parse_json(content, "answer", assessor->arena, &tree, &error) ||
                 !parse_answer(assessor, tree, &answer, &error);
    if (*is_broken) {
        log_line(LOG_WARNING, "assessor: %s", error.message);
        return false;
    }
    if (answer.reason == MESSAGE_ASSESSED && assessor->wants_papers &&
        !frame_take(buffer_bytes(&assessor->received), end, &answer.papers, &end, is_broken)) {
        return false;
    }
    forget_request(assessor);
    assessor->state = ASSESSOR_READY;
    assessor->options.answered(assessor->options.context, &answer);
    return true;
}

static void take_frames(struct assessor *assessor)
{
    struct bytes content;
    size_t end = 0;
    bool is_broken = false;

    if (!frame_take(buffer_bytes(&assessor->received), 0, &content, &end, &is_broken)) {
        if (is_broken) {
            note_death(assessor);
        }
        return;
    }
    if (assessor->state == ASSESSOR_STARTING) {
        arena_reset(assessor->arena);
        buffer_clear(&assessor->received); /* It says no more before it is asked. */
        take_greeting(assessor, content);
    } else if (assessor->state != ASSESSOR_BUSY) {
        note_death(assessor); /* It speaks without being asked. */
    } else if (take_answer(assessor, content, end, &is_broken)) {
        if (assessor->state == ASSESSOR_READY) {
            buffer_clear(&assessor->received);
            assessor->options.ready(assessor->options.context);
        }
    } else if (is_broken) {
        note_death(assessor);
    }
}

static void receive(void *context)
{
    struct assessor *assessor = context;
    uint8_t part[PART_SIZE];
    ssize_t got = read(assessor->output, part, sizeof(part));

    if (got > 0) {
        buffer_append(&assessor->received, part, (size_t)got);
        take_frames(assessor);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        note_death(assessor);
    }
}

static bool spawn(struct assessor *assessor, struct error *error)
{
    int to_child[2];
    int from_child[2];
    posix_spawn_file_actions_t actions;

    if (pipe(to_child) != 0) {
        return error_set(error, ERROR_IO, "no pipe: %s", strerror(errno));
    }
    if (pipe(from_child) != 0) {
        close(to_child[0]);
        close(to_child[1]);
        return error_set(error, ERROR_IO, "no pipe: %s", strerror(errno));
    }
    (void)fcntl(to_child[1], F_SETFD, FD_CLOEXEC);
    (void)fcntl(from_child[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(to_child[1], F_SETFL, O_NONBLOCK);
    (void)fcntl(from_child[0], F_SETFL, O_NONBLOCK);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_addclose(&actions, to_child[0]);
    (void)posix_spawn_file_actions_addclose(&actions, from_child[1]);
    int failed = posix_spawnp(&assessor->child, assessor->options.command[0], &actions, NULL,
                              assessor->options.command, environ);

    (void)posix_spawn_file_actions_destroy(&actions);
    close(to_child[0]);
    close(from_child[1]);
    assessor->input = to_child[1];
    assessor->output = from_child[0];
    if (failed != 0) {
        assessor->child = 0;
        close(assessor->input);
        close(assessor->output);
        assessor->output = -1;
        assessor->input = -1;
        return error_set(error, ERROR_IO, "cannot start '%s': %s", assessor->options.command[0],
                         strerror(failed));
    }
    return true;
}

static void start(struct assessor *assessor)
{
    struct error error;

    if (!spawn(assessor, &error)) {
        log_line(LOG_ERROR, "%s", error.message);
        loop_timer_set(assessor->loop, &assessor->restart, loop_now_ms() + RESTART_MS * 10);
        return;
    }
    assessor->state = ASSESSOR_STARTING;
    assessor->watch =
        (struct loop_watch){.ready = receive, .context = assessor, .fd = assessor->output};
    loop_watch_add(assessor->loop, &assessor->watch);
}

static void restart(void *context)
{
    start(context);
}

bool assessor_open(struct loop *loop, const struct assessor_options *options, struct assessor **out,
                   struct error *error)
{
    struct assessor *assessor = calloc(1, sizeof(*assessor));

    CHECK(assessor != NULL);
    assessor->options = *options;
    assessor->loop = loop;
    assessor->input = -1;
    assessor->output = -1;
    assessor->arena = arena_create(ANSWER_SIZE_MAX);
    assessor->restart_ms = RESTART_MS;
    assessor->restart.fire = restart;
    assessor->restart.context = assessor;
    if (access(options->command[0], X_OK) != 0) {
        assessor_close(assessor);
        return error_set(error, ERROR_IO, "cannot start the assessor '%s': %s", options->command[0],
                         strerror(errno));
    }
    (void)signal(SIGPIPE, SIG_IGN); /* A child that dies must not take this process along. */
    start(assessor);
    *out = assessor;
    return true;
}

void assessor_close(struct assessor *assessor)
{
    if (assessor != NULL) {
        loop_timer_clear(assessor->loop, &assessor->restart);
        hang_up(assessor);
        forget_request(assessor);
        buffer_finish(&assessor->request);
        buffer_finish(&assessor->received);
        arena_destroy(assessor->arena);
        free(assessor);
    }
}

bool assessor_is_ready(const struct assessor *assessor)
{
    return assessor->state == ASSESSOR_READY;
}

void assessor_ask(struct assessor *assessor, const struct assessor_request *request)
{
    struct json *json = json_object();
    char key[HEX_SIZE(HASH_KEY_SIZE)];

    CHECK(assessor->state == ASSESSOR_READY);
    CHECK(!assessor->has_request);
    json_set(json, "bundle", json_text(request->bundle));
    json_set(json, "case", json_digest(&request->case_id));
    json_set(json, "docket", json_digest(&request->docket));
    json_set(json, "seat", json_integer(request->seat));
    json_set(json, "papers", json_boolean(request->wants_papers));
    assessor->wants_papers = request->wants_papers;
    if (!request->is_plain) {
        encode_hex(bytes_of(request->key, sizeof(request->key)), key);
        json_set(json, "key", json_text(key));
        seal_wipe(key, sizeof(key));
    }
    buffer_clear(&assessor->request);
    json_write(json, &assessor->request);
    json_destroy(json);
    assessor->has_request = true;
    send_request(assessor);
}

void assessor_cancel(struct assessor *assessor)
{
    forget_request(assessor);
    hang_up(assessor);
    loop_timer_set(assessor->loop, &assessor->restart, loop_now_ms());
}

const struct digest *assessor_ruleset(const struct assessor *assessor)
{
    return &assessor->ruleset;
}
