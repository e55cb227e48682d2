#include "client/connect.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "client/file.h"
#include "client/print.h"
#include "formats/tree.h"

#define RUN_SIZE_MAX 65536 /* Bytes of run.json. */
#define IDLE_MS      5000  /* Silence of a coordinator after which another one is asked. */

static void add(struct connect *connect, uint64_t index, const char *url)
{
    CHECK(connect->count < MESSAGE_COORDINATORS_MAX);
    connect->coordinators[connect->count++] =
        (struct connect_coordinator){.index = (uint8_t)index, .url = url};
}

/* Reads the addresses of all coordinators from DIRECTORY/run.json. */
static bool read_run(const char *directory, struct arena *arena, struct connect *out,
                     struct error *error)
{
    char path[FILE_PATH_SIZE];
    struct buffer source = {0};
    struct tree *tree = NULL;
    const struct tree *list = NULL;

    if (!file_path(path, error, "%s/run.json", directory)) {
        return false;
    }
    if (!file_read(path, RUN_SIZE_MAX, &source, error)) {
        return error->code == ERROR_NOT_FOUND
                   ? error_set(error, ERROR_TIMEOUT,
                               "the council in '%s' is not running; start it: aims council run %s",
                               directory, directory)
                   : false;
    }
    bool is_ok = tree_parse_json(buffer_bytes(&source), path, arena, &tree, error) &&
                 tree_need_list(tree, "http", &list, error);

    buffer_finish(&source);
    if (!is_ok) {
        return false;
    }
    if (list->count > MESSAGE_COORDINATORS_MAX) {
        return error_set(error, ERROR_INVALID, "%s names more than %d coordinators", path,
                         MESSAGE_COORDINATORS_MAX);
    }
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        if (item->type != TREE_TEXT) {
            return error_set(error, ERROR_INVALID, "%s: an address is not a text", path);
        }
        add(out, out->count, item->text);
    }
    return true;
}

/* Reads "N=URL" of each --coordinator. */
static bool read_list(const struct options *options, struct connect *out, enum command_exit *exit,
                      struct error *error)
{
    const char *urls[MESSAGE_COORDINATORS_MAX] = {NULL};
    const char *text = NULL;

    for (size_t i = 0; (text = options_item(options, i)) != NULL; i++) {
        const char *equals = strchr(text, '=');
        int index = text[0] - '0';

        if (equals != text + 1 || index < 0 || index >= MESSAGE_COORDINATORS_MAX) {
            return OPTIONS_USAGE(exit, error,
                                 "--coordinator '%s': want N=URL, for example "
                                 "1=https://council.example",
                                 text);
        }
        if (urls[index] != NULL) {
            return OPTIONS_USAGE(exit, error, "--coordinator: two addresses for coordinator %d",
                                 index);
        }
        urls[index] = equals + 1;
    }
    for (uint8_t i = 0; i < MESSAGE_COORDINATORS_MAX; i++) {
        if (urls[i] != NULL) {
            add(out, i, urls[i]);
        }
    }
    return true;
}

/* True when NAME comes from the environment, but a council that has it from the command line. */
static bool is_overruled(const struct options *options, const char *name)
{
    return !options_given(options, name) && options_given(options, "council");
}

static bool find_addresses(const struct options *options, uint64_t home, struct arena *arena,
                           struct connect *out, enum command_exit *exit, struct error *error)
{
    const char *url = options_text(options, "url");
    const char *council = options_text(options, "council");

    if (options_given(options, "coordinator")) {
        return read_list(options, out, exit, error);
    }
    if (url != NULL && !is_overruled(options, "url")) {
        add(out, home, url);
        return true;
    }
    if (council == NULL) {
        return OPTIONS_USAGE(
            exit, error,
            "where is the council? --coordinator N=URL for each coordinator, --url "
            "URL for one, or --council DIR for one of this machine");
    }
    return read_run(council, arena, out, error);
}

/* Where HOME stands among those whose address is known. Without --home any will do. */
static bool find_first(const struct options *options, uint64_t home, struct connect *out,
                       enum command_exit *exit, struct error *error)
{
    for (size_t i = 0; i < out->count; i++) {
        if (out->coordinators[i].index == home) {
            out->first = i;
            return true;
        }
    }
    if (out->count > 0 && !options_given(options, "home")) {
        return true;
    }
    return OPTIONS_USAGE(exit, error, "--home: the address of coordinator %llu is not known",
                         (unsigned long long)home);
}

static bool find_roster(const struct options *options, struct arena *arena, struct connect *out,
                        enum command_exit *exit, struct error *error)
{
    const char *path = options_text(options, "roster");
    const char *council = options_text(options, "council");
    char file[FILE_PATH_SIZE];

    if (council != NULL && (path == NULL || is_overruled(options, "roster"))) {
        if (!file_path(file, error, "%s/roster.json", council)) {
            return false;
        }
        path = file;
    }
    if (path == NULL) {
        return OPTIONS_USAGE(exit, error, "--roster FILE is required, to verify what comes back");
    }
    return roster_load(path, arena, &out->roster, error);
}

static bool open_webs(const struct options *options, struct connect *connect, struct error *error)
{
    const char *ca = options_text(options, "ca");

    for (size_t i = 0; i < connect->count; i++) {
        struct connect_coordinator *coordinator = &connect->coordinators[i];

        if (!web_open(coordinator->url, connect->keys, ca, &coordinator->web, error)) {
            return false;
        }
        if (connect->count > 1) {
            web_set_idle(coordinator->web, IDLE_MS);
        }
    }
    return true;
}

/* Addresses of coordinators that the roster does not have belong to another council. */
static bool fits_roster(const struct connect *connect, enum command_exit *exit, struct error *error)
{
    uint8_t count = connect->roster.coordinator_count;
    uint8_t last = connect->coordinators[connect->count - 1].index;

    return last < count ||
           OPTIONS_USAGE(exit, error,
                         "there is no coordinator %u: the roster names %u, counted from 0", last,
                         count);
}

bool connect_open(const struct options *options, const struct connect_needs *needs,
                  struct arena *arena, struct connect *out, enum command_exit *exit,
                  struct error *error)
{
    const char *seed = options_text(options, "key");
    uint64_t home = 0;

    *out = (struct connect){0};
    if (needs->key && seed == NULL) {
        return OPTIONS_USAGE(exit, error, "--key SEED is required, to sign the requests");
    }
    return options_number(options, "home", 0, MESSAGE_COORDINATORS_MAX - 1, &home, exit, error) &&
           (!needs->roster || find_roster(options, arena, out, exit, error)) &&
           find_addresses(options, home, arena, out, exit, error) &&
           find_first(options, home, out, exit, error) &&
           (!needs->roster || fits_roster(out, exit, error)) &&
           (seed == NULL || keys_open(seed, &out->keys, error)) && open_webs(options, out, error);
}

void connect_close(struct connect *connect)
{
    for (size_t i = 0; i < connect->count; i++) {
        web_close(connect->coordinators[i].web);
    }
    keys_destroy(connect->keys);
}

const struct connect_coordinator *connect_at(const struct connect *connect, size_t index)
{
    CHECK(connect->count > 0);
    return &connect->coordinators[(connect->first + index) % connect->count];
}

static void say_why(const struct connect_coordinator *coordinator, const struct error *why)
{
    fprintf(stderr, "aims: coordinator %u: ", coordinator->index);
    print_clean(why->message, stderr);
    fputs("; asking the next\n", stderr);
}

bool connect_ask(const struct connect *connect,
                 bool (*ask)(void *context, struct web *web, struct error *error), void *context,
                 struct error *error)
{
    struct error first = {.code = ERROR_TIMEOUT};

    for (size_t i = 0; i < connect->count; i++) {
        const struct connect_coordinator *coordinator = connect_at(connect, i);
        struct error why;

        if (ask(context, coordinator->web, &why)) {
            return true;
        }
        if (i == 0 || (first.code == ERROR_TIMEOUT && why.code != ERROR_TIMEOUT)) {
            first = why;
        }
        if (i + 1 < connect->count) {
            say_why(coordinator, &why);
        }
    }
    *error = first;
    return false;
}
