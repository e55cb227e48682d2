/* aims-agent: holds one seat of a council. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/config.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/log.h"
#include "crypto/keys.h"

enum { EXIT_USAGE = 2, EXIT_CONFIGURATION = 4 };

struct options {
    const char *config;
    const char *endpoints[MESSAGE_COORDINATORS_MAX];
    enum log_format log_format;
    bool wants_help;
    bool wants_version;
};

static const char usage[] =
    "usage: aims-agent --config FILE [--coordinator INDEX=ENDPOINT]... [--log-format text|json]\n"
    "\n"
    "  aims-agent --config seats/07/agent.yaml\n"
    "  aims-agent --config agent.yaml --coordinator 0=tcp://192.0.2.7:7400\n"
    "\n"
    "  --config FILE                  configuration of the seat; its paths are relative to it\n"
    "  --coordinator INDEX=ENDPOINT   where a coordinator listens; overrides the file\n"
    "  --log-format FORMAT            text (default) or json, on standard error\n"
    "  --version                      print the version and exit\n"
    "  -h, --help                     print this and exit\n"
    "\n"
    "Exit codes: 0 it was told to stop; 1 it failed; 2 usage; 4 its configuration, roster, key or\n"
    "store is not as it must be.\n";

/* Splits "0=tcp://..." into the table. */
static bool parse_endpoint(char *text, struct options *options, struct error *error)
{
    char *equals = strchr(text, '=');
    uint64_t index = 0;

    if (equals != NULL) {
        *equals = '\0';
    }
    if (equals == NULL || !encode_to_u64(text, MESSAGE_COORDINATORS_MAX - 1, &index)) {
        return error_set(error, ERROR_INVALID,
                         "--coordinator '%s': want INDEX=ENDPOINT, for example 0=tcp://host:7400",
                         text);
    }
    options->endpoints[index] = equals + 1;
    return true;
}

static bool parse_options(int argc, char **argv, struct options *out, struct error *error)
{
    static const struct option long_options[] = {
        {"config", required_argument, NULL, 'c'},
        {"coordinator", required_argument, NULL, 'o'},
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
        case 'o':
            if (!parse_endpoint(optarg, &options, error)) {
                return false;
            }
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
            return error_set(error, ERROR_INVALID, "see aims-agent -h");
        }
    }
    if (!options.wants_help && !options.wants_version &&
        (options.config == NULL || optind != argc)) {
        return error_set(error, ERROR_INVALID, "--config is required; see aims-agent -h");
    }
    *out = options;
    return true;
}

static bool run(const struct options *options, struct error *error)
{
    struct arena *arena = arena_create(CONFIG_SIZE_MAX);
    struct agent_options agent;
    static char component[32];
    bool is_ok = config_load(options->config, arena, &agent, error);

    if (is_ok) {
        for (size_t i = 0; i < MESSAGE_COORDINATORS_MAX; i++) {
            if (options->endpoints[i] != NULL) {
                agent.endpoints[i] = options->endpoints[i];
            }
        }
        (void)snprintf(component, sizeof(component), "aims-agent %u", agent.seat);
        log_open(component, options->log_format, LOG_INFO);
        is_ok = agent_run(&agent, error);
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
        fprintf(stderr, "aims-agent: %s\n", error.message);
        return EXIT_USAGE;
    }
    if (options.wants_help) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (options.wants_version) {
        puts("aims-agent " AIMS_VERSION);
        return EXIT_SUCCESS;
    }
    keys_library_init();
    if (!run(&options, &error)) {
        fprintf(stderr, "aims-agent: %s\n", error.message);
        return is_configuration(&error) ? EXIT_CONFIGURATION : EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
