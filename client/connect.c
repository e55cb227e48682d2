#include "client/connect.h"

#include "client/file.h"
#include "formats/tree.h"

#define RUN_SIZE_MAX 65536 /* Bytes of run.json. */

/* Reads the address of coordinator HOME from DIRECTORY/run.json. */
static bool read_run(const char *directory, uint64_t home, struct arena *arena, const char **url,
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
    const struct tree *item = list->child;

    for (uint64_t i = 0; item != NULL && i < home; i++) {
        item = item->next;
    }
    if (item == NULL || item->type != TREE_TEXT) {
        return error_set(error, ERROR_INVALID, "%s names no coordinator %llu", path,
                         (unsigned long long)home);
    }
    *url = item->text;
    return true;
}

/* True when NAME comes from the environment, but a council that has it from the command line. */
static bool is_overruled(const struct options *options, const char *name)
{
    return !options_given(options, name) && options_given(options, "council");
}

static bool find_url(const struct options *options, struct arena *arena, struct connect *out,
                     enum command_exit *exit, struct error *error)
{
    const char *url = options_text(options, "url");
    const char *council = options_text(options, "council");

    if (url != NULL && !is_overruled(options, "url")) {
        out->url = url;
        return true;
    }
    if (council == NULL) {
        return OPTIONS_USAGE(exit, error,
                             "where is the council? --url URL, or --council DIR for one of this "
                             "machine");
    }
    return read_run(council, out->home, arena, &out->url, error);
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

bool connect_open(const struct options *options, const struct connect_needs *needs,
                  struct arena *arena, struct connect *out, enum command_exit *exit,
                  struct error *error)
{
    const char *seed = options_text(options, "key");

    *out = (struct connect){0};
    if (needs->key && seed == NULL) {
        return OPTIONS_USAGE(exit, error, "--key SEED is required, to sign the requests");
    }
    return options_number(options, "home", 0, MESSAGE_COORDINATORS_MAX - 1, &out->home, exit,
                          error) &&
           (!needs->roster || find_roster(options, arena, out, exit, error)) &&
           find_url(options, arena, out, exit, error) &&
           (seed == NULL || keys_open(seed, &out->keys, error)) &&
           web_open(out->url, out->keys, options_text(options, "ca"), &out->web, error);
}

void connect_close(struct connect *connect)
{
    web_close(connect->web);
    keys_destroy(connect->keys);
}
