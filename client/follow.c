#include "client/follow.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
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

bool follow_is_decided(const struct follow_state *state)
{
    return strcmp(state->state, "decided") == 0;
}

struct follow {
    struct web *web;
    struct digest case_id;
    uint32_t attempt;
    uint32_t rank;                /* Of the progress seen so far. */
    bool has_progress;            /* Not told yet. */
    struct follow_state state;    /* Heard last. */
    char shown[512];              /* Progress as it was shown last. */
    char phase[FOLLOW_WORD_SIZE]; /* Likewise. */
    bool is_terminal;
    bool is_decided;
    bool has_asked; /* The state is known, and the stream has not been opened since. */
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
static void show(struct follow *follow)
{
    char text[sizeof(follow->shown)];
    bool is_new_phase = strcmp(follow->phase, follow->state.state) != 0;

    describe(&follow->state, text, sizeof(text));
    if (strcmp(text, follow->shown) == 0 || (!follow->is_terminal && !is_new_phase)) {
        return;
    }
    (void)snprintf(follow->shown, sizeof(follow->shown), "%s", text);
    (void)snprintf(follow->phase, sizeof(follow->phase), "%s", follow->state.state);
    fputs(follow->is_terminal ? "\r\033[K" : "", stderr);
    print_clean(text, stderr);
    fputs(follow->is_terminal ? "" : "\n", stderr);
    (void)fflush(stderr);
}

/* How far STATE has come in ATTEMPT, 0 .. FOLLOW_RANKS - 1. */
static uint32_t rank_of(const struct follow_state *state, uint32_t attempt)
{
    const struct {
        const char *name;
        uint32_t count;
    } phases[] = {
        {"waiting", 0},
        {"assessing", state->assessed},
        {"preparing", state->prepared},
        {"committing", state->committed},
    };
    enum { QUARTERS = 4 };

    static_assert(FOLLOW_RANKS == sizeof(phases) / sizeof(phases[0]) * QUARTERS, "ranks");
    for (uint32_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        if (strcmp(state->state, phases[i].name) == 0 && state->attempt >= attempt) {
            uint32_t seats = state->seats == 0 ? 1 : state->seats;
            uint32_t quarter = phases[i].count * QUARTERS / seats;

            return i * QUARTERS + (quarter < QUARTERS ? quarter : QUARTERS - 1);
        }
    }
    return 0;
}

/* Takes the JSON of a state; what cannot be read changes nothing. */
static void take_state(struct follow *follow, struct bytes source)
{
    struct follow_state state;
    struct error ignored;

    if (follow_parse(source, &state, &ignored)) {
        uint32_t rank = rank_of(&state, follow->attempt);

        follow->state = state;
        follow->is_decided =
            follow_is_decided(&state) &&
            (state.attempt >= follow->attempt || strcmp(state.outcome, "conclusive") == 0);
        if (rank > follow->rank) {
            follow->rank = rank;
            follow->has_progress = true;
        }
        show(follow);
    }
}

static void take_line(struct follow *follow)
{
    static const char data[] = "data:";
    static const char id[] = "id:";
    char *line = follow->line;

    line[follow->line_size] = '\0';
    line[strcspn(line, "\r")] = '\0';
    if (strncmp(line, data, sizeof(data) - 1) == 0) {
        take_state(follow, bytes_of_text(line + sizeof(data) - 1));
    } else if (strncmp(line, id, sizeof(id) - 1) == 0) {
        char *value = line + sizeof(id) - 1;

        value += strspn(value, " ");
        if (strlen(value) < sizeof(follow->id) && strspn(value, "0123456789") == strlen(value)) {
            (void)snprintf(follow->id, sizeof(follow->id), "%s", value);
        }
    }
}

static bool has_news(const struct follow *follow)
{
    return follow->is_decided || follow->has_progress;
}

static bool take_part(void *context, struct bytes part)
{
    struct follow *follow = context;

    follow->has_heard = true;
    for (size_t i = 0; i < part.size && !has_news(follow); i++) {
        if (part.data[i] == '\n') {
            if (!follow->is_long) {
                take_line(follow);
            }
            follow->line_size = 0;
            follow->is_long = false;
        } else if (follow->line_size + 1 < LINE_SIZE) {
            follow->line[follow->line_size++] = (char)part.data[i];
        } else {
            follow->is_long = true;
        }
    }
    return !has_news(follow);
}

/* Asks for the state once. A refusal is final; a connection that fails is not. */
static bool ask(struct follow *follow, const char *path, uint32_t timeout_ms, struct error *error)
{
    struct web_request request = {
        .method = WEB_GET,
        .path = path,
        .timeout_ms = timeout_ms < WEB_TIMEOUT_MS ? timeout_ms : WEB_TIMEOUT_MS,
    };
    struct web_answer answer;
    bool is_ok = web_send(follow->web, &request, &answer, error);

    if (is_ok && answer.status == 200) {
        take_state(follow, buffer_bytes(&answer.body));
    } else if (is_ok) {
        is_ok = WEB_REFUSED(&answer, error);
    }
    web_answer_finish(&answer);
    return is_ok || error->code == ERROR_TIMEOUT;
}

/* Follows the stream until it ends, for whatever reason. */
static void listen(struct follow *follow, const char *path, uint32_t timeout_ms)
{
    struct web_request request = {
        .method = WEB_GET,
        .path = path,
        .last_event_id = follow->id[0] == '\0' ? NULL : follow->id,
        .timeout_ms = timeout_ms,
        .idle_ms = IDLE_MS,
        .on_data = take_part,
        .context = follow,
    };
    struct web_answer answer;
    struct error ignored;

    follow->line_size = 0;
    follow->is_long = false;
    (void)!web_send(follow->web, &request, &answer, &ignored);
    web_answer_finish(&answer);
}

struct follow *follow_open(struct web *web, const struct digest *case_id, uint32_t attempt)
{
    struct follow *follow = calloc(1, sizeof(*follow));

    CHECK(follow != NULL);
    follow->web = web;
    follow->case_id = *case_id;
    follow->attempt = attempt;
    follow->is_terminal = print_can_redraw();
    return follow;
}

void follow_close(struct follow *follow)
{
    if (follow != NULL && follow->is_terminal && follow->shown[0] != '\0') {
        fputc('\n', stderr);
    }
    free(follow);
}

const struct follow_state *follow_state(const struct follow *follow)
{
    return &follow->state;
}

const char *follow_text(const struct follow *follow)
{
    return follow->shown;
}

/* Asks and listens until there is news or the time is over. */
static bool wait_for_news(struct follow *follow, uint64_t end_ms, struct error *error)
{
    char id[DIGEST_HEX_SIZE];
    char path[128];
    char events[128];
    uint32_t retry_ms = RETRY_MS;

    (void)snprintf(path, sizeof(path), "/v1/cases/%s", encode_digest(&follow->case_id, id));
    (void)snprintf(events, sizeof(events), "/v1/cases/%s/events", id);
    for (uint64_t now = delay_now_ms(); now < end_ms; now = delay_now_ms()) {
        uint32_t left = end_ms - now < UINT32_MAX ? (uint32_t)(end_ms - now) : UINT32_MAX;

        if (!follow->has_asked && !ask(follow, path, left, error)) {
            return false;
        }
        follow->has_asked = true;
        follow->has_heard = false;
        if (!has_news(follow)) {
            listen(follow, events, left);
            follow->has_asked = false;
        }
        if (has_news(follow)) {
            return true;
        }
        retry_ms = follow->has_heard ? RETRY_MS : retry_ms;
        delay_sleep_ms(retry_ms < left ? retry_ms : left);
        retry_ms = retry_ms * 2 > RETRY_MS_MAX ? RETRY_MS_MAX : retry_ms * 2;
    }
    return true;
}

bool follow_wait(struct follow *follow, uint64_t end_ms, enum follow_event *event,
                 struct error *error)
{
    if (!wait_for_news(follow, end_ms, error)) {
        return false;
    }
    *event = follow->is_decided     ? FOLLOW_DECIDED
             : follow->has_progress ? FOLLOW_PROGRESS
                                    : FOLLOW_SILENT;
    follow->is_decided = false;
    follow->has_progress = false;
    return true;
}
