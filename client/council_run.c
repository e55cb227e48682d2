/* aims council run: a whole council on this machine, each member a process of its own.
 *
 * Coordinators first; where they listen they write to endpoints.json, and the seats are started
 * with that. DIR/run.json tells other commands where to go. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/place.h"
#include "client/commands.h"
#include "client/data.h"
#include "client/file.h"
#include "client/keeper.h"
#include "client/options.h"
#include "client/web.h"
#include "formats/json.h"
#include "formats/tree.h"
#include "proto/roster.h"

#define ENDPOINTS_SIZE_MAX 4096
#define ENDPOINTS_WAIT_MS  30000 /* For a coordinator to say where it listens. */
#define LOOK_MS            20    /* Between two looks for endpoints.json. */
#define POLL_MS            200   /* Between two questions whether the council is ready. */
#define READY_TIMEOUT_MS   1000
#define HTTP_SCHEME        "http://"

struct endpoints {
    const char *http; /* "http://127.0.0.1:41234" */
    const char *link; /* "tcp://127.0.0.1:41235" */
};

struct run {
    const char *directory;
    bool is_json;
    struct arena *arena;
    struct roster roster;
    struct keeper *keeper;
    char logs[FILE_PATH_SIZE];
    char coordinator[PLACE_SIZE]; /* Programs. */
    char agent[PLACE_SIZE];
    struct endpoints endpoints[MESSAGE_COORDINATORS_MAX];
    uint64_t version; /* Of the keeper, as run.json has it. */
    uint8_t ready_count;
};

/* Two runs of one council would sign with the same keys. The lock ends with this process. */
static bool take_lock(const struct run *run, struct error *error)
{
    char path[FILE_PATH_SIZE];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (!file_path(path, error, "%s/run.lock", run->directory)) {
        return false;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0) {
        return error_set(error, ERROR_IO, "cannot open '%s': %s", path, strerror(errno));
    }
    return fcntl(fd, F_SETLK, &lock) == 0 ||
           error_set(error, ERROR_CONFLICT, "the council in '%s' is running already",
                     run->directory);
}

static bool prepare(struct run *run, struct error *error)
{
    char path[FILE_PATH_SIZE];

    if (!file_path(path, error, "%s/roster.json", run->directory) ||
        !roster_load(path, run->arena, &run->roster, error) || !take_lock(run, error) ||
        !place_program("aims-coordinator", run->coordinator, error) ||
        !place_program("aims-agent", run->agent, error) ||
        !file_path(run->logs, error, "%s/logs", run->directory)) {
        return false;
    }
    if (mkdir(run->logs, 0755) != 0 && errno != EEXIST) {
        return error_set(error, ERROR_IO, "cannot make '%s': %s", run->logs, strerror(errno));
    }
    run->keeper = keeper_create(run->logs);
    return true;
}

/* Reads endpoints.json; false when it is not there yet. */
static bool read_endpoints(const struct run *run, const char *path, struct endpoints *out)
{
    struct buffer source = {0};
    struct tree *tree = NULL;
    struct error ignored;
    bool is_ok = file_read(path, ENDPOINTS_SIZE_MAX, &source, &ignored) &&
                 tree_parse_json(buffer_bytes(&source), path, run->arena, &tree, &ignored) &&
                 tree_need_text(tree, "http", &out->http, &ignored) &&
                 tree_need_text(tree, "link", &out->link, &ignored) &&
                 strncmp(out->http, HTTP_SCHEME, strlen(HTTP_SCHEME)) == 0;

    buffer_finish(&source);
    return is_ok;
}

/* Starts coordinator INDEX and learns where it listens; when it is started again, it is to listen
 * there. *IS_STOPPED when somebody wants to stop meanwhile. */
static bool start_coordinator(struct run *run, uint8_t index, bool *is_stopped, struct error *error)
{
    char config[FILE_PATH_SIZE];
    char path[FILE_PATH_SIZE];
    char name[KEEPER_NAME_SIZE];
    struct endpoints *endpoints = &run->endpoints[index];
    size_t process = 0;

    (void)snprintf(name, sizeof(name), "coordinator-%u", index);
    if (!file_path(config, error, "%s/coordinators/%u/coordinator.yaml", run->directory, index) ||
        !file_path(path, error, "%s/coordinators/%u/endpoints.json", run->directory, index)) {
        return false;
    }
    (void)unlink(path);
    const char *const arguments[] = {run->coordinator, "--config", config, NULL};

    if (!keeper_add(run->keeper, name, arguments, &process, error)) {
        return false;
    }
    for (uint32_t waited = 0; !read_endpoints(run, path, endpoints); waited += LOOK_MS) {
        *is_stopped = keeper_wait(run->keeper, LOOK_MS);
        if (*is_stopped) {
            return true;
        }
        if (keeper_has_given_up(run->keeper, process) || waited >= ENDPOINTS_WAIT_MS) {
            return error_set(error, ERROR_INVALID, "%s does not start; see %s/%s.log", name,
                             run->logs, name);
        }
    }
    const char *const again[] = {run->coordinator,
                                 "--config",
                                 config,
                                 "--link",
                                 endpoints->link,
                                 "--http",
                                 endpoints->http + strlen(HTTP_SCHEME),
                                 NULL};

    return keeper_set_arguments(run->keeper, process, again, error);
}

static bool start_seat(struct run *run, uint8_t index, struct error *error)
{
    char config[FILE_PATH_SIZE];
    char name[KEEPER_NAME_SIZE];
    const char *arguments[4 + 2 * MESSAGE_COORDINATORS_MAX] = {run->agent, "--config", config};
    size_t count = 3;
    size_t process = 0;

    (void)snprintf(name, sizeof(name), "seat-%02u", index);
    if (!file_path(config, error, "%s/seats/%02u/agent.yaml", run->directory, index)) {
        return false;
    }
    for (uint8_t i = 0; i < run->roster.coordinator_count; i++) {
        arguments[count++] = "--coordinator";
        arguments[count] = arena_format(run->arena, "%u=%s", i, run->endpoints[i].link);
        if (arguments[count++] == NULL) {
            return error_set(error, ERROR_LIMIT, "the addresses are too long");
        }
    }
    return keeper_add(run->keeper, name, arguments, &process, error);
}

/* Writes run.json again when a process got another number. */
static bool write_run(struct run *run, struct error *error)
{
    struct json *json = json_object();
    struct json *http = json_list();
    struct json *pids = json_object();
    struct buffer out = {0};
    char path[FILE_PATH_SIZE];

    for (uint8_t i = 0; i < run->roster.coordinator_count; i++) {
        json_add(http, json_text(run->endpoints[i].http));
    }
    for (size_t i = 0; i < keeper_count(run->keeper); i++) {
        json_set(pids, keeper_name(run->keeper, i), json_integer(keeper_pid(run->keeper, i)));
    }
    json_set(json, "http", http);
    json_set(json, "pids", pids);
    json_write_pretty(json, &out);
    json_destroy(json);
    bool is_ok = file_path(path, error, "%s/run.json", run->directory) &&
                 file_write(path, buffer_bytes(&out), 0644, error);

    buffer_finish(&out);
    run->version = keeper_version(run->keeper);
    return is_ok;
}

/* Whether the coordinator at URL sees a quorum. */
static bool is_ready(const char *url)
{
    struct web *web = NULL;
    struct web_request request = {
        .method = WEB_GET, .path = "/readyz", .timeout_ms = READY_TIMEOUT_MS};
    struct web_answer answer = {0};
    struct error ignored;
    bool is_ok = web_open(url, NULL, NULL, &web, &ignored) &&
                 web_send(web, &request, &answer, &ignored) && answer.status == 200;

    web_answer_finish(&answer);
    web_close(web);
    return is_ok;
}

static void print_ready(const struct run *run)
{
    uint8_t count = run->roster.coordinator_count;

    if (run->is_json) {
        struct json *json = json_object();
        struct json *urls = json_list();

        for (uint8_t i = 0; i < count; i++) {
            json_add(urls, json_text(run->endpoints[i].http));
        }
        json_set(json, "coordinators", urls);
        json_set(json, "http", json_text(run->endpoints[0].http));
        json_set(json, "q", json_integer(run->roster.quorum_count));
        json_set(json, "seats", json_integer(run->roster.seat_count));
        file_print_json(json);
    } else {
        printf("the council is up: at least %u of %u seats, at", run->roster.quorum_count,
               run->roster.seat_count);
        for (uint8_t i = 0; i < count; i++) {
            printf(" %s", run->endpoints[i].http);
        }
        printf("\n");
    }
    (void)fflush(stdout);
}

/* Looks whether one more coordinator is ready; says so once all are. */
static bool look(struct run *run, const char *ready_file, struct error *error)
{
    uint8_t all = run->roster.coordinator_count;

    if (run->ready_count == all || !is_ready(run->endpoints[run->ready_count].http)) {
        return true;
    }
    if (++run->ready_count < all) {
        return true;
    }
    print_ready(run);
    return ready_file == NULL ||
           file_write(ready_file, bytes_of_text(run->endpoints[0].http), 0644, error);
}

static bool start_all(struct run *run, bool *is_stopped, struct error *error)
{
    for (uint8_t i = 0; i < run->roster.coordinator_count; i++) {
        if (!start_coordinator(run, i, is_stopped, error)) {
            return false;
        }
        if (*is_stopped) {
            return true;
        }
    }
    for (uint8_t i = 0; i < run->roster.seat_count; i++) {
        if (!start_seat(run, i, error)) {
            return false;
        }
    }
    return true;
}

static bool watch(struct run *run, const char *ready_file, struct error *error)
{
    bool is_stopped = false;

    if (!start_all(run, &is_stopped, error)) {
        return false;
    }
    while (!is_stopped) {
        if ((run->version != keeper_version(run->keeper) && !write_run(run, error)) ||
            !look(run, ready_file, error)) {
            return false;
        }
        is_stopped = keeper_wait(run->keeper, POLL_MS);
    }
    return true;
}

static void stop(struct run *run)
{
    char path[FILE_PATH_SIZE];
    struct error ignored;
    size_t killed = 0;
    size_t count = keeper_count(run->keeper);

    keeper_stop(run->keeper, &killed);
    if (file_path(path, &ignored, "%s/run.json", run->directory)) {
        (void)unlink(path);
    }
    if (killed > 0) {
        fprintf(stderr, "aims: stopped %zu processes, %zu of them by force\n", count, killed);
    } else {
        fprintf(stderr, "aims: stopped %zu process%s\n", count, count == 1 ? "" : "es");
    }
}

static bool run_run(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct run run = {.directory = options->arguments[0],
                      .is_json = options->is_json,
                      .arena = arena_create(DATA_MEMORY_MAX)};
    bool is_ok = prepare(&run, error);

    (void)exit;
    if (is_ok) {
        is_ok = watch(&run, options_text(options, "ready-file"), error);
        stop(&run);
    }
    keeper_destroy(run.keeper);
    arena_destroy(run.arena);
    return is_ok;
}

static const struct command_option run_options[] = {
    {"ready-file", 0, false, "FILE", "file to write once a quorum of seats is up"},
    {NULL, 0, false, NULL, NULL},
};

const struct command council_run_command = {
    .name = "council run",
    .summary = "run a council that was made here, until Ctrl-C",
    .arguments = "DIR",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims council create council && aims council run council\n",
    .options = run_options,
    .run = run_run,
};
