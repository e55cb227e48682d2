#include "client/follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/encode.h"
#include "client/delay.h"
#include "client/print.h"
#include "formats/tree.h"

#define STATE_MEMORY 65536
#define LINE_SIZE    16384 /* Bytes of one line of an event. */
#define IDLE_MS      40000 /* The server says something every 15 s. */
#define RETRY_MS     200
#define RETRY_MS_MAX 5000
#define NUMBER_MAX   100000

/* A text member, cut to SIZE; "" when it is missing or null. */
static void get_word(const struct tree *tree, const char *key, char *out, size_t size)
{
    const struct tree *member = tree_get(tree, key);
    bool is_text = member != NULL && member->type == TREE_TEXT;

    (void)snprintf(out, size, "%s", is_text ? member->text : "");
}

static void get_number(const struct tree *tree, const char *key, uint32_t *out)
{
    const struct tree *member = tree_get(tree, key);
    bool is_number = member != NULL && member->type == TREE_INTEGER && member->integer >= 0 &&
                     member->integer <= NUMBER_MAX;

    *out = is_number ? (uint32_t)member->integer : 0;
}

bool follow_parse(struct bytes source, struct follow_state *out, struct error *error)
{
    struct arena *arena = arena_create(STATE_MEMORY);
    struct tree *tree = NULL;
    bool is_ok = tree_parse_json(source, "state of the case", arena, &tree, error);

    if (is_ok && tree->type != TREE_MAP) {
        is_ok = error_set(error, ERROR_INVALID, "the state of the case is no JSON object");
    }
    if (is_ok) {
        get_number(tree, "attempt", &out->attempt);
        get_number(tree, "assessed", &out->assessed);
        get_number(tree, "prepared", &out->prepared);
        get_number(tree, "committed", &out->committed);
        get_number(tree, "seats", &out->seats);
        get_number(tree, "quorum", &out->quorum);
        get_number(tree, "seatsUp", &out->seats_up);
        get_word(tree, "state", out->state, sizeof(out->state));
        get_word(tree, "outcome", out->outcome, sizeof(out->outcome));
        get_word(tree, "decision", out->decision, sizeof(out->decision));
        get_word(tree, "why", out->why, sizeof(out->why));
    }
    arena_destroy(arena);
    return is_ok;
}

struct follower {
    struct web *web;
    uint32_t attempt;
    struct follow_state *state;
    char shown[512];              /* Progress as it was shown last. */
    char phase[FOLLOW_WORD_SIZE]; /* Likewise. */
    bool is_terminal;
    bool is_decided;
    bool has_heard; /* The stream brought something. */
    char id[24];    /* Of the last event. */
    char line[LINE_SIZE];
    size_t line_size;
    bool is_long; /* The line is longer than that and is thrown away. */
};

static void describe(const struct follow_state *state, char *out, size_t size)
{
    if (state->why[0] != '\0') {
        (void)snprintf(out, size, "%s: %s", state->state, state->why);
        return;
    }
    if (strcmp(state->state, "decided") == 0) {
        (void)snprintf(out, size, "decided: %s", state->outcome);
        return;
    }
    (void)snprintf(out, size, "%s: assessed %u/%u, prepared %u/%u, committed %u/%u", state->state,
                   state->assessed, state->seats, state->prepared, state->seats, state->committed,
                   state->seats);
}

/* On a terminal one line that changes, elsewhere a line per phase. */
static void show(struct follower *follower)
{
    char text[sizeof(follower->shown)];
    bool is_new_phase = strcmp(follower->phase, follower->state->state) != 0;

    describe(follower->state, text, sizeof(text));
    if (strcmp(text, follower->shown) == 0 || (!follower->is_terminal && !is_new_phase)) {
        return;
    }
    (void)snprintf(follower->shown, sizeof(follower->shown), "%s", text);
    (void)snprintf(follower->phase, sizeof(follower->phase), "%s", follower->state->state);
    fputs(follower->is_terminal ? "\r\033[K" : "", stderr);
    print_clean(text, stderr);
    fputs(follower->is_terminal ? "" : "\n", stderr);
    (void)fflush(stderr);
}

/* Takes the JSON of a state; what cannot be read changes nothing. */
static void take_state(struct follower *follower, struct bytes source)
{
    struct follow_state state;
    struct error ignored;

    if (follow_parse(source, &state, &ignored)) {
        *follower->state = state;
        follower->is_decided =
            strcmp(state.state, "decided") == 0 && state.attempt >= follower->attempt;
        show(follower);
    }
}

static void take_line(struct follower *follower)
{
    static const char data[] = "data:";
    static const char id[] = "id:";
    char *line = follower->line;

    line[follower->line_size] = '\0';
    line[strcspn(line, "\r")] = '\0';
    if (strncmp(line, data, sizeof(data) - 1) == 0) {
        take_state(follower, bytes_of_text(line + sizeof(data) - 1));
    } else if (strncmp(line, id, sizeof(id) - 1) == 0) {
        char *value = line + sizeof(id) - 1;

        value += strspn(value, " ");
        if (strlen(value) < sizeof(follower->id) && strspn(value, "0123456789") == strlen(value)) {
            (void)snprintf(follower->id, sizeof(follower->id), "%s", value);
        }
    }
}

static bool take_part(void *context, struct bytes part)
{
    struct follower *follower = context;

    follower->has_heard = true;
    for (size_t i = 0; i < part.size && !follower->is_decided; i++) {
        if (part.data[i] == '\n') {
            if (!follower->is_long) {
                take_line(follower);
            }
            follower->line_size = 0;
            follower->is_long = false;
        } else if (follower->line_size + 1 < LINE_SIZE) {
            follower->line[follower->line_size++] = (char)part.data[i];
        } else {
            follower->is_long = true;
        }
    }
    return !follower->is_decided;
}

/* Asks for the state once. A refusal is final; a connection that fails is not. */
static bool ask(struct follower *follower, const char *path, struct error *error)
{
    struct web_request request = {.method = WEB_GET, .path = path};
    struct web_answer answer;
    bool is_ok = web_send(follower->web, &request, &answer, error);

    if (is_ok && answer.status == 200) {
        take_state(follower, buffer_bytes(&answer.body));
    } else if (is_ok) {
        is_ok = WEB_REFUSED(&answer, error);
    }
    web_answer_finish(&answer);
    return is_ok || error->code == ERROR_TIMEOUT;
}

/* Follows the stream until it ends, for whatever reason. */
static void listen(struct follower *follower, const char *path, uint32_t timeout_ms)
{
    struct web_request request = {
        .method = WEB_GET,
        .path = path,
        .last_event_id = follower->id[0] == '\0' ? NULL : follower->id,
        .timeout_ms = timeout_ms,
        .idle_ms = IDLE_MS,
        .on_data = take_part,
        .context = follower,
    };
    struct web_answer answer;
    struct error ignored;

    follower->line_size = 0;
    follower->is_long = false;
    (void)!web_send(follower->web, &request, &answer, &ignored);
    web_answer_finish(&answer);
}

static bool follow(struct follower *follower, const char *id, uint64_t timeout_ms,
                   struct error *error)
{
    char path[128];
    char events[128];
    uint64_t end = delay_now_ms() + timeout_ms;
    uint32_t retry_ms = RETRY_MS;

    (void)snprintf(path, sizeof(path), "/v1/cases/%s", id);
    (void)snprintf(events, sizeof(events), "/v1/cases/%s/events", id);
    for (uint64_t now = delay_now_ms(); now < end; now = delay_now_ms()) {
        follower->has_heard = false;
        if (!ask(follower, path, error)) {
            return false;
        }
        if (!follower->is_decided) {
            uint64_t left = end - now;

            listen(follower, events, left > UINT32_MAX ? UINT32_MAX : (uint32_t)left);
        }
        if (follower->is_decided) {
            return true;
        }
        retry_ms = follower->has_heard ? RETRY_MS : retry_ms;
        delay_sleep_ms(retry_ms);
        retry_ms = retry_ms * 2 > RETRY_MS_MAX ? RETRY_MS_MAX : retry_ms * 2;
    }
    return error_set(error, ERROR_TIMEOUT, "case %s is not decided after %llu s%s%s", id,
                     (unsigned long long)(timeout_ms / 1000),
                     follower->shown[0] == '\0' ? "" : "; ", follower->shown);
}

bool follow_case(struct web *web, const struct digest *case_id, uint32_t attempt,
                 uint64_t timeout_ms, struct follow_state *out, struct error *error)
{
    struct follower *follower = calloc(1, sizeof(*follower));
    struct follow_state state = {0};
    char id[DIGEST_HEX_SIZE];
    bool is_ok = false;

    if (follower == NULL) {
        return error_set(error, ERROR_LIMIT, "no memory");
    }
    follower->web = web;
    follower->attempt = attempt;
    follower->state = &state;
    follower->is_terminal = print_can_redraw();
    is_ok = follow(follower, encode_digest(case_id, id), timeout_ms, error);
    if (follower->is_terminal && follower->shown[0] != '\0') {
        fputc('\n', stderr);
    }
    free(follower);
    if (is_ok) {
        *out = state;
    }
    return is_ok;
}
