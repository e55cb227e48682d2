/* aims council status: which seats are up and what is being heard, as each coordinator sees it. */

#include <stdio.h>
#include <string.h>

#include "client/commands.h"
#include "client/connect.h"
#include "client/data.h"
#include "client/file.h"
#include "client/options.h"
#include "client/print.h"
#include "formats/json.h"
#include "formats/tree.h"

/* Prints a scalar with its key, if it has one. */
static void print_scalar(const struct tree *item)
{
    fputs(" ", stdout);
    if (item->key != NULL) {
        print_clean(item->key, stdout);
        fputs(" ", stdout);
    }
    print_clean(item->text == NULL ? "..." : item->text, stdout);
}

/* Prints a scalar, or a list or map of them, or a list of maps, as one line. */
static void print_member(const struct tree *member, const char *indent)
{
    fputs(indent, stdout);
    print_clean(member->key == NULL ? "" : member->key, stdout);
    printf(":");
    if (member->type == TREE_LIST || member->type == TREE_MAP) {
        fputs(member->count == 0 ? " none" : "", stdout);
        for (const struct tree *item = member->child; item != NULL; item = item->next) {
            if (item->type == TREE_MAP) {
                for (const struct tree *field = item->child; field != NULL; field = field->next) {
                    print_scalar(field);
                }
            } else {
                print_scalar(item);
            }
            fputs(item->next == NULL ? "" : ",", stdout);
        }
    } else {
        fputs(" ", stdout);
        print_clean(member->type == TREE_NULL ? "none" : member->text, stdout);
    }
    fputs("\n", stdout);
}

/* What one coordinator said, or why it did not. */
struct reply {
    struct buffer source; /* JSON; empty when it did not. */
    const struct tree *tree;
    struct error why;
};

static bool ask(const struct connect_coordinator *coordinator, struct arena *arena,
                struct reply *out)
{
    struct web_answer answer = {0};
    struct tree *tree = NULL;
    bool is_ok = web_get(coordinator->web, "/v1/status", 0, &answer, &out->why) &&
                 tree_parse_json(buffer_bytes(&answer.body), "/v1/status", arena, &tree, &out->why);

    if (is_ok) {
        buffer_append(&out->source, answer.body.data, answer.body.size);
        out->tree = tree;
    }
    web_answer_finish(&answer);
    return is_ok;
}

static void print_text(const struct connect *connect, const struct reply *replies)
{
    bool is_list = connect->count > 1;

    for (size_t i = 0; i < connect->count; i++) {
        const struct reply *reply = &replies[i];

        if (is_list) {
            printf("coordinator %u at %s%s\n", connect->coordinators[i].index,
                   connect->coordinators[i].url, reply->tree == NULL ? " does not answer" : "");
        }
        if (reply->tree == NULL) {
            fprintf(stderr, "aims: coordinator %u: ", connect->coordinators[i].index);
            print_clean(reply->why.message, stderr);
            fputs("\n", stderr);
            continue;
        }
        for (const struct tree *item = reply->tree->child; item != NULL; item = item->next) {
            print_member(item, is_list ? "  " : "");
        }
    }
}

/* {"coordinators": [{"error", "index", "status", "url"}]}, each status as it came. */
static void print_json(const struct connect *connect, const struct reply *replies)
{
    struct buffer out = {0};

    buffer_append_text(&out, "{\"coordinators\":[");
    for (size_t i = 0; i < connect->count; i++) {
        const struct reply *reply = &replies[i];
        struct json *error = reply->tree != NULL ? json_null() : json_text(reply->why.message);
        struct json *url = json_text(connect->coordinators[i].url);

        buffer_append_text(&out, i == 0 ? "{\"error\":" : ",{\"error\":");
        json_write(error, &out);
        buffer_format(&out, ",\"index\":%u,\"status\":%s,\"url\":", connect->coordinators[i].index,
                      reply->tree != NULL ? buffer_text(&reply->source) : "null");
        json_write(url, &out);
        buffer_append_byte(&out, '}');
        json_destroy(error);
        json_destroy(url);
    }
    buffer_append_text(&out, "]}\n");
    file_print(&out);
}

static bool show_all(const struct options *options, const struct connect *connect, bool is_one,
                     struct arena *arena, struct error *error)
{
    struct reply replies[MESSAGE_COORDINATORS_MAX] = {{.tree = NULL}};
    size_t answered_count = 0;

    for (size_t i = 0; i < connect->count; i++) {
        answered_count += ask(&connect->coordinators[i], arena, &replies[i]);
    }
    if (answered_count == 0) {
        *error = replies[connect->first].why;
    } else if (!options->is_json) {
        print_text(connect, replies);
    } else if (is_one) {
        printf("%s\n", buffer_text(&replies[0].source));
    } else {
        print_json(connect, replies);
    }
    for (size_t i = 0; i < connect->count; i++) {
        buffer_finish(&replies[i].source);
    }
    return answered_count > 0;
}

static bool run_status(const struct options *options, enum command_exit *exit, struct error *error)
{
    static const struct connect_needs needs = {0};
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    struct connect connect;
    struct options where = *options;

    if (options->argument_count == 1) {
        bool is_url = strstr(options->arguments[0], "://") != NULL;

        options_set(&where, is_url ? "url" : "council", options->arguments[0]);
    }
    bool is_one = options_given(&where, "url");
    bool is_ok = connect_open(&where, &needs, arena, &connect, exit, error) &&
                 show_all(options, &connect, is_one, arena, error);

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
    .summary = "say which seats are up and what the coordinators have to do",
    .arguments = "[DIR|URL]",
    .argument_max = 1,
    .examples = "  aims council status council\n"
                "  aims council status https://council.example\n",
    .options = status_options,
    .run = run_status,
};
