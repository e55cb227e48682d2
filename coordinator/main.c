/* aims-coordinator: takes cases, lays them before the council, publishes what it certifies. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/error.h"
#include "base/log.h"
#include "coordinator/coordinator.h"
#include "crypto/keys.h"
#include "formats/settings.h"

#define CONFIG_MEMORY (512 * 1024)
#define BUNDLE_SIZE_MAX                                                                            \
    (UINT64_C(65) * 1024 * 1024) /* Bytes, unless the configuration says less. */
#define SUBMITTERS_MAX 1024

enum { EXIT_USAGE = 2, EXIT_CONFIGURATION = 4 };

struct options {
    const char *config;
    const char *link;
    const char *http;
    enum log_format log_format;
    bool wants_help;
    bool wants_version;
};

static const char usage[] =
    "usage: aims-coordinator --config FILE [--link ENDPOINT] [--http ADDRESS]\n"
    "                        [--log-format text|json]\n"
    "\n"
    "  aims-coordinator --config coordinators/0/coordinator.yaml\n"
    "  aims-coordinator --config coordinator.yaml --link tcp://0.0.0.0:7400 --http 0.0.0.0:8080\n"
    "\n"
    "  --config FILE        configuration; its paths are relative to it\n"
    "  --link ENDPOINT      where seats connect; overrides the file\n"
    "  --http ADDRESS       where organisations connect, HOST:PORT; overrides the file\n"
    "  --log-format FORMAT  text (default) or json, on standard error\n"
    "  --version            print the version and exit\n"
    "  -h, --help           print this and exit\n"
    "\n"
    "Where it really listens is written to endpoints.json beside the configuration.\n"
    "\n"
    "Exit codes: 0 it was told to stop; 1 it failed; 2 usage; 4 its configuration, roster, key or\n"
    "store is not as it must be.\n";

static bool parse_options(int argc, char **argv, struct options *out, struct error *error)
{
    static const struct option long_options[] = {
        {"config", required_argument, NULL, 'c'},
        {"link", required_argument, NULL, 'k'},
        {"http", required_argument, NULL, 't'},
        {"log-format", required_argument, NULL, 'l'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {0};
    int letter;

    while ((letter = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        switch (letter) {
        case 'c':
            options.config = optarg;
            break;
        case 'k':
            options.link = optarg;
            break;
        case 't':
            options.http = optarg;
            break;
        case 'l':
            if (strcmp(optarg, "json") != 0 && strcmp(optarg, "text") != 0) {
                return error_set(error, ERROR_INVALID, "--log-format '%s': want text or json",
                                 optarg);
            }
            options.log_format = strcmp(optarg, "json") == 0 ? LOG_JSON : LOG_TEXT;
            break;
        case 'v':
            options.wants_version = true;
            break;
        case 'h':
            options.wants_help = true;
            break;
        default:
            return error_set(error, ERROR_INVALID, "see aims-coordinator -h");
        }
    }
    if (!options.wants_help && !options.wants_version &&
        (options.config == NULL || optind != argc)) {
        return error_set(error, ERROR_INVALID, "--config is required; see aims-coordinator -h");
    }
    *out = options;
    return true;
}

/* "open", or a list of keyids. */
static bool read_submitters(const struct tree *tree, struct arena *arena,
                            struct coordinator_options *out, struct error *error)
{
    const struct tree *node = tree_get(tree, "submitters");
    char place[TREE_PLACE_SIZE];

    if (node == NULL || (node->type == TREE_TEXT && strcmp(node->text, "open") == 0)) {
        return true;
    }
    if (node->type != TREE_LIST || node->count == 0 || node->count > SUBMITTERS_MAX) {
        return error_set(error, ERROR_INVALID,
                         "%s: \"submitters\": want open, or a list of 1 to %d keyids",
                         tree_place(node, place), SUBMITTERS_MAX);
    }
    struct digest *list = arena_array(arena, node->count, sizeof(*list));

    if (list == NULL) {
        return error_set(error, ERROR_LIMIT, "the configuration is too large");
    }
    for (const struct tree *item = node->child; item != NULL; item = item->next) {
        if (item->type != TREE_TEXT || !encode_to_digest(item->text, &list[out->submitter_count])) {
            return error_set(error, ERROR_INVALID, "%s: want a keyid, 64 hex characters",
                             tree_place(item, place));
        }
        out->submitter_count++;
    }
    out->submitters = list;
    return true;
}

static bool read_config(const char *path, struct arena *arena, struct coordinator_options *out,
                        struct error *error)
{
    static const char *const keys[] = {"roster",     "index",           "key",  "store",
                                       "spool",      "catalog",         "link", "http",
                                       "submitters", "bundle_size_max", NULL};
    struct tree *tree = NULL;
    int64_t index = 0;
    int64_t size_max = (int64_t)BUNDLE_SIZE_MAX;

    if (!settings_load(path, keys, arena, &tree, error) ||
        !tree_need_text(tree, "roster", &out->roster, error) ||
        !tree_need_integer(tree, "index", 0, MESSAGE_COORDINATORS_MAX - 1, &index, error) ||
        !tree_need_text(tree, "key", &out->key, error) ||
        !tree_need_text(tree, "store", &out->store, error) ||
        !tree_need_text(tree, "spool", &out->spool, error) ||
        !tree_need_text(tree, "link", &out->link, error) ||
        !tree_need_text(tree, "http", &out->http, error) ||
        !settings_data(tree, "catalog", "catalogs/iso42001-2023", arena, &out->catalog, error) ||
        !read_submitters(tree, arena, out, error)) {
        return false;
    }
    if (tree_get(tree, "bundle_size_max") != NULL &&
        !tree_need_integer(tree, "bundle_size_max", 1, (int64_t)BUNDLE_SIZE_MAX, &size_max,
                           error)) {
        return false;
    }
    out->index = (uint8_t)index;
    out->bundle_size_max = (uint64_t)size_max;
    return true;
}

static bool run(const struct options *options, struct error *error)
{
    struct arena *arena = arena_create(CONFIG_MEMORY);
    struct coordinator_options coordinator = {0};
    static char component[32];
    bool is_ok = read_config(options->config, arena, &coordinator, error);

    if (is_ok) {
        coordinator.link = options->link != NULL ? options->link : coordinator.link;
        coordinator.http = options->http != NULL ? options->http : coordinator.http;
        (void)snprintf(component, sizeof(component), "aims-coordinator %u", coordinator.index);
        log_open(component, options->log_format, LOG_INFO);
        is_ok = coordinator_run(&coordinator, error);
    }
    arena_destroy(arena);
    return is_ok;
}

/* Nothing that starting it again could mend: the configuration, the roster, the key, the store. */
static bool is_configuration(const struct error *error)
{
    return error->code == ERROR_INVALID || error->code == ERROR_NOT_FOUND ||
           error->code == ERROR_DENIED || error->code == ERROR_CONFLICT ||
           error->code == ERROR_CORRUPT;
}

int main(int argc, char **argv)
{
    struct options options;
    struct error error;

    if (!parse_options(argc, argv, &options, &error)) {
        fprintf(stderr, "aims-coordinator: %s\n", error.message);
        return EXIT_USAGE;
    }
    if (options.wants_help) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (options.wants_version) {
        puts("aims-coordinator " AIMS_VERSION);
        return EXIT_SUCCESS;
    }
    keys_library_init();
    if (!run(&options, &error)) {
        fprintf(stderr, "aims-coordinator: %s\n", error.message);
        return is_configuration(&error) ? EXIT_CONFIGURATION : EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
