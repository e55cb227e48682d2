/* aims status: how far a case is, and what became of its hearings. */

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "client/commands.h"
#include "client/connect.h"
#include "client/data.h"
#include "client/follow.h"
#include "client/hearings.h"
#include "client/options.h"
#include "client/print.h"
#include "client/result.h"
#include "formats/tree.h"

struct status {
    struct arena *arena;
    struct result_hearing hearing;
    struct buffer source; /* As it came. */
    struct follow_state state;
    const struct tree *hearings; /* NULL when there is no such list. */
};

static void print_state(const struct follow_state *state)
{
    printf("attempt    %u\nstate      ", state->attempt);
    print_clean(state->state, stdout);
    printf("\nseats      %u up of %u, %u needed\n", state->seats_up, state->seats, state->quorum);
    if (state->outcome[0] == '\0') {
        printf("assessed   %u\nprepared   %u\ncommitted  %u\n", state->assessed, state->prepared,
               state->committed);
    }
    if (state->why[0] != '\0') {
        printf("waits      ");
        print_clean(state->why, stdout);
        printf("\n");
    }
    if (state->outcome[0] != '\0') {
        printf("outcome    ");
        print_clean(state->outcome, stdout);
        enum findings_decision decision = findings_decision_of(state->decision);

        printf("\ndecision   ");
        print_clean(decision == 0 ? state->decision : print_decision(decision), stdout);
        printf(" (as the coordinator says; aims report verifies it)\n");
    }
}

static bool ask(void *context, struct web *web, struct error *error)
{
    struct status *status = context;
    char path[RESULT_PATH_SIZE];
    struct web_answer answer = {0};
    struct tree *tree = NULL;

    result_path(&status->hearing, "", path);
    bool is_ok = web_get(web, path, 0, &answer, error) &&
                 follow_parse(buffer_bytes(&answer.body), &status->state, error) &&
                 tree_parse_json(buffer_bytes(&answer.body), "state of the case", status->arena,
                                 &tree, error);

    if (is_ok) {
        status->hearings = hearings_of(tree);
        buffer_clear(&status->source);
        buffer_append(&status->source, answer.body.data, answer.body.size);
    }
    web_answer_finish(&answer);
    return is_ok;
}

static bool run_status(const struct options *options, enum command_exit *exit, struct error *error)
{
    static const struct connect_needs needs = {.key = true};
    struct connect connect = {0};
    struct status status = {.arena = arena_create(DATA_MEMORY_MAX)};
    bool is_ok = result_read_hearing(options, &status.hearing, exit, error) &&
                 connect_open(options, &needs, status.arena, &connect, exit, error) &&
                 connect_ask(&connect, ask, &status, error);

    if (is_ok && options->is_json) {
        printf("%s\n", buffer_text(&status.source));
    } else if (is_ok) {
        print_state(&status.state);
        hearings_print(status.hearings, stdout);
    }
    buffer_finish(&status.source);
    connect_close(&connect);
    arena_destroy(status.arena);
    return is_ok;
}

static const struct command_option status_options[] = {
    CONNECT_OPTIONS,
    {"attempt", 0, false, "K", "this hearing of the case instead of the latest"},
    {NULL, 0, false, NULL, NULL},
};

const struct command status_command = {
    .name = "status",
    .summary = "say how far a case is",
    .arguments = "CASE",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims status CASE --key org.seed --council council\n",
    .options = status_options,
    .run = run_status,
};
