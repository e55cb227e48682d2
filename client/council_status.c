/* aims council status: which seats are up and what is being heard. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/commands.h"
#include "client/connect.h"
#include "client/data.h"
#include "client/file.h"
#include "client/options.h"
#include "client/print.h"
#include "formats/tree.h"

/* Prints a scalar, or a list or map of them, as one line. */
static void print_member(const struct tree *member)
{
    print_clean(member->key, stdout);
    printf(":");
    if (member->type == TREE_LIST || member->type == TREE_MAP) {
        fputs(member->count == 0 ? " none" : "", stdout);
        for (const struct tree *item = member->child; item != NULL; item = item->next) {
            fputs(" ", stdout);
            print_clean(item->key == NULL ? "" : item->key, stdout);
            fputs(item->key == NULL ? "" : " ", stdout);
            print_clean(item->text == NULL ? "..." : item->text, stdout);
            fputs(item->next == NULL ? "" : ",", stdout);
        }
    } else {
        fputs(" ", stdout);
        print_clean(member->type == TREE_NULL ? "none" : member->text, stdout);
    }
    fputs("\n", stdout);
}

static bool print_status(const struct options *options, const struct web_answer *answer,
                         struct arena *arena, struct error *error)
{
    struct tree *tree = NULL;

    if (!tree_parse_json(buffer_bytes(&answer->body), "/v1/status", arena, &tree, error)) {
        return false;
    }
    if (options->is_json) {
        printf("%s\n", buffer_text(&answer->body));
        return true;
    }
    for (const struct tree *member = tree->child; member != NULL; member = member->next) {
        print_member(member);
    }
    return true;
}

static bool run_status(const struct options *options, enum command_exit *exit, struct error *error)
{
    static const struct connect_needs needs = {0};
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    struct connect connect;
    struct web_answer answer = {0};
    struct options where = *options;

    if (options->argument_count == 1) {
        bool is_url = strstr(options->arguments[0], "://") != NULL;

        options_set(&where, is_url ? "url" : "council", options->arguments[0]);
    }
    bool is_ok = connect_open(&where, &needs, arena, &connect, exit, error) &&
                 web_get(connect.web, "/v1/status", 0, &answer, error) &&
                 print_status(options, &answer, arena, error);

    web_answer_finish(&answer);
    connect_close(&connect);
    arena_destroy(arena);
    return is_ok;
}

static const struct command_option status_options[] = {
    CONNECT_OPTIONS,
    {NULL, 0, false, NULL, NULL},
};

const struct command council_status_command = {
    .name = "council status",
    .summary = "say which seats are up and what a coordinator has to do",
    .arguments = "[DIR|URL]",
    .argument_max = 1,
    .examples = "  aims council status council\n"
                "  aims council status --url https://council.example\n",
    .options = status_options,
    .run = run_status,
};
