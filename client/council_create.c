/* aims council create: keys, roster, stores and configurations of a whole council, on one machine.
 *
 *     DIR/roster.json  DIR/keyring.json
 *     DIR/seats/NN/         seat.seed  agent.yaml  votes.db  spool/
 *     DIR/coordinators/N/   coordinator.seed  coordinator.yaml  coordinator.db  spool/
 *     DIR/readers/lead.seed */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "client/commands.h"
#include "client/data.h"
#include "client/file.h"
#include "client/options.h"
#include "crypto/keys.h"
#include "formats/json.h"
#include "proto/roster.h"
#include "report/certificate.h"
#include "store/coordinator_store.h"
#include "store/seat_store.h"

enum { RULESETS_MAX = 8 };

struct plan {
    const char *directory;
    struct arena *arena;
    size_t operator_count;
    size_t ruleset_count;
    const char *rulesets[RULESETS_MAX];
    struct roster roster;
};

static bool read_rulesets(const char *text, struct plan *plan, enum command_exit *exit,
                          struct error *error)
{
    while (text != NULL) {
        const char *comma = strchr(text, ',');
        size_t length = comma == NULL ? strlen(text) : (size_t)(comma - text);

        if (plan->ruleset_count == RULESETS_MAX || length == 0 || length > ROSTER_NAME_MAX) {
            return OPTIONS_USAGE(exit, error, "--ruleset: want 1 to %d names with commas between",
                                 RULESETS_MAX);
        }
        plan->rulesets[plan->ruleset_count++] = arena_copy(plan->arena, text, length);
        text = comma == NULL ? NULL : comma + 1;
    }
    return true;
}

/* Reads the numbers of the council and makes room for its members. */
static bool read_plan(const struct options *options, struct plan *plan, enum command_exit *exit,
                      struct error *error)
{
    const char *rulesets = options_text(options, "ruleset");
    uint64_t seats = 33;
    uint64_t coordinators = 1;

    if (!options_number(options, "seats", 1, MESSAGE_SEATS_MAX, &seats, exit, error) ||
        !options_number(options, "coordinators", 1, MESSAGE_COORDINATORS_MAX, &coordinators, exit,
                        error) ||
        !read_rulesets(rulesets == NULL ? DATA_RULESET : rulesets, plan, exit, error)) {
        return false;
    }
    uint64_t faulty = quorum_faulty_max((uint8_t)seats);
    uint64_t operators = seats;
    struct quorum quorum;

    if (!options_number(options, "faulty", 0, faulty, &faulty, exit, error) ||
        !options_number(options, "operators", 1, seats, &operators, exit, error)) {
        return false;
    }
    CHECK(quorum_init(&quorum, (uint8_t)seats, (uint8_t)faulty));
    plan->operator_count = (size_t)operators;
    plan->roster = (struct roster){
        .name = options_text(options, "name"),
        .epoch = 1,
        .seat_count = quorum.seat_count,
        .faulty_max = quorum.faulty_max,
        .quorum_count = quorum.quorum_count,
        .seats = arena_array(plan->arena, seats, sizeof(struct roster_seat)),
        .coordinator_count = (uint8_t)coordinators,
        .coordinators = arena_array(plan->arena, coordinators, sizeof(struct roster_coordinator)),
        .reader_count = 1,
        .readers = arena_array(plan->arena, 1, sizeof(struct roster_reader)),
        .catalog_count = 1,
        .catalogs = arena_array(plan->arena, 1, sizeof(struct digest)),
    };
    if (plan->roster.name == NULL) {
        const char *slash = strrchr(plan->directory, '/');

        plan->roster.name = slash == NULL || slash[1] == '\0' ? "council" : slash + 1;
    }
    return true;
}

/* Makes the folder MEMBER with a spool in it, and its key in the file SEED. */
static bool make_member(const struct plan *plan, const char *member, const char *seed,
                        struct keys_public *public, struct error *error)
{
    char path[FILE_PATH_SIZE];
    struct keys *keys = NULL;

    if (!file_path(path, error, "%s/%s", plan->directory, member) ||
        !file_make_directory(path, error) ||
        !file_path(path, error, "%s/%s/spool", plan->directory, member) ||
        !file_make_directory(path, error) ||
        !file_path(path, error, "%s/%s/%s", plan->directory, member, seed) ||
        !keys_create(path, &keys, error)) {
        return false;
    }
    *public = *keys_public(keys);
    keys_destroy(keys);
    return true;
}

static bool make_seat(struct plan *plan, uint8_t index, struct error *error)
{
    struct roster_seat *seat = &plan->roster.seats[index];
    size_t domain = index % plan->operator_count;
    struct keys_public public;
    char member[32];

    (void)snprintf(member, sizeof(member), "seats/%02u", index);
    if (!make_member(plan, member, "seat.seed", &public, error)) {
        return false;
    }
    seat->operator_name = arena_format(plan->arena, "operator-%02zu", domain);
    seat->host = arena_format(plan->arena, "host-%02zu", domain);
    seat->ruleset = plan->rulesets[index % plan->ruleset_count];
    memcpy(seat->signing, public.signing, MESSAGE_KEY_SIZE);
    memcpy(seat->sealing, public.sealing, MESSAGE_KEY_SIZE);
    memcpy(seat->transport, public.transport, MESSAGE_KEY_SIZE);
    return true;
}

static bool make_coordinator(struct plan *plan, uint8_t index, struct error *error)
{
    struct roster_coordinator *coordinator = &plan->roster.coordinators[index];
    struct keys_public public;
    char member[32];

    (void)snprintf(member, sizeof(member), "coordinators/%u", index);
    if (!make_member(plan, member, "coordinator.seed", &public, error)) {
        return false;
    }
    coordinator->name = arena_format(plan->arena, "coordinator-%u", index);
    coordinator->operator_name = coordinator->name;
    memcpy(coordinator->signing, public.signing, MESSAGE_KEY_SIZE);
    memcpy(coordinator->transport, public.transport, MESSAGE_KEY_SIZE);
    return true;
}

static bool make_reader(struct plan *plan, struct error *error)
{
    struct roster_reader *reader = &plan->roster.readers[0];
    struct keys *keys = NULL;
    char path[FILE_PATH_SIZE];

    if (!file_path(path, error, "%s/readers/lead.seed", plan->directory) ||
        !keys_create(path, &keys, error)) {
        return false;
    }
    reader->name = "lead";
    memcpy(reader->signing, keys_public(keys)->signing, MESSAGE_KEY_SIZE);
    memcpy(reader->sealing, keys_public(keys)->sealing, MESSAGE_KEY_SIZE);
    keys_destroy(keys);
    return true;
}

static bool make_folders(const struct plan *plan, struct error *error)
{
    static const char *const names[] = {"seats", "coordinators", "readers"};
    char path[FILE_PATH_SIZE];

    if (!file_make_directory(plan->directory, error)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!file_path(path, error, "%s/%s", plan->directory, names[i]) ||
            !file_make_directory(path, error)) {
            return false;
        }
    }
    return true;
}

/* Writes the roster, reads it back as everybody will, and writes the keyring. */
static bool write_roster(struct plan *plan, struct error *error)
{
    struct buffer out = {0};
    char path[FILE_PATH_SIZE];

    roster_write(&plan->roster, &out);
    bool is_ok = file_path(path, error, "%s/roster.json", plan->directory) &&
                 roster_parse(buffer_bytes(&out), path, plan->arena, &plan->roster, error) &&
                 file_write(path, buffer_bytes(&out), 0644, error);

    if (is_ok) {
        buffer_clear(&out);
        certificate_write_keyring(&plan->roster, &out);
        is_ok = file_path(path, error, "%s/keyring.json", plan->directory) &&
                file_write(path, buffer_bytes(&out), 0644, error);
    }
    buffer_finish(&out);
    return is_ok;
}

static bool write_member(const struct plan *plan, const char *name, struct buffer *content,
                         struct error *error)
{
    char path[FILE_PATH_SIZE];
    bool is_ok = file_path(path, error, "%s/%s", plan->directory, name) &&
                 file_write(path, buffer_bytes(content), 0644, error);

    buffer_finish(content);
    return is_ok;
}

static bool configure_seat(const struct plan *plan, uint8_t index, struct error *error)
{
    struct buffer out = {0};
    char name[64];
    char store[FILE_PATH_SIZE];

    buffer_format(&out,
                  "roster: ../../roster.json\nseat: %u\nkey: seat.seed\nstore: votes.db\n"
                  "spool: spool\nruleset: %s\n",
                  index, plan->roster.seats[index].ruleset);
    (void)snprintf(name, sizeof(name), "seats/%02u/agent.yaml", index);
    return write_member(plan, name, &out, error) &&
           file_path(store, error, "%s/seats/%02u/votes.db", plan->directory, index) &&
           seat_store_create(store, &plan->roster.digest, index, error);
}

static bool configure_coordinator(const struct plan *plan, uint8_t index, struct error *error)
{
    struct buffer out = {0};
    char name[64];
    char store[FILE_PATH_SIZE];

    buffer_format(&out,
                  "roster: ../../roster.json\nindex: %u\nkey: coordinator.seed\n"
                  "store: coordinator.db\nspool: spool\nlink: \"tcp://127.0.0.1:*\"\n"
                  "http: \"127.0.0.1:0\"\nsubmitters: open\n",
                  index);
    (void)snprintf(name, sizeof(name), "coordinators/%u/coordinator.yaml", index);
    return write_member(plan, name, &out, error) &&
           file_path(store, error, "%s/coordinators/%u/coordinator.db", plan->directory, index) &&
           coordinator_store_create(store, &plan->roster.digest, index, error);
}

static bool create(struct plan *plan, struct error *error)
{
    struct catalog catalog;
    struct ruleset ruleset; /* Loaded to see that it is there before anything is made. */
    bool is_ok = data_catalog(NULL, plan->arena, &catalog, error);

    if (is_ok) {
        plan->roster.catalogs[0] = catalog.digest;
    }
    for (size_t i = 0; is_ok && i < plan->ruleset_count; i++) {
        is_ok = data_ruleset(plan->rulesets[i], &catalog, plan->arena, &ruleset, error);
    }
    is_ok = is_ok && make_folders(plan, error);
    for (uint8_t i = 0; is_ok && i < plan->roster.seat_count; i++) {
        is_ok = make_seat(plan, i, error);
    }
    for (uint8_t i = 0; is_ok && i < plan->roster.coordinator_count; i++) {
        is_ok = make_coordinator(plan, i, error);
    }
    is_ok = is_ok && make_reader(plan, error) && write_roster(plan, error);
    for (uint8_t i = 0; is_ok && i < plan->roster.seat_count; i++) {
        is_ok = configure_seat(plan, i, error);
    }
    for (uint8_t i = 0; is_ok && i < plan->roster.coordinator_count; i++) {
        is_ok = configure_coordinator(plan, i, error);
    }
    return is_ok;
}

static void print_created(const struct options *options, const struct plan *plan)
{
    const struct roster *roster = &plan->roster;

    if (options->is_json) {
        struct json *json = json_object();

        json_set(json, "coordinators", json_integer(roster->coordinator_count));
        json_set(json, "directory", json_text(plan->directory));
        json_set(json, "f", json_integer(roster->faulty_max));
        json_set(json, "n", json_integer(roster->seat_count));
        json_set(json, "q", json_integer(roster->quorum_count));
        json_set(json, "roster", json_digest(&roster->digest));
        file_print_json(json);
    } else {
        printf(
            "%s/roster.json: n = %u seats, f = %u may be faulty, q = %u agree; %u coordinator%s\n",
            plan->directory, roster->seat_count, roster->faulty_max, roster->quorum_count,
            roster->coordinator_count, roster->coordinator_count == 1 ? "" : "s");
    }
    fprintf(stderr,
            "aims: this is the one-person shortcut: whoever made '%s' holds the keys of all %u "
            "seats and can make any result alone. For a council that others can rely on, each "
            "operator makes its own keys.\n",
            plan->directory, roster->seat_count);
}

static bool run_create(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct plan plan = {.directory = options->arguments[0], .arena = arena_create(DATA_MEMORY_MAX)};
    bool is_ok = read_plan(options, &plan, exit, error) && create(&plan, error);

    if (is_ok) {
        print_created(options, &plan);
    }
    arena_destroy(plan.arena);
    return is_ok;
}

static const struct command_option create_options[] = {
    {"seats", 0, false, "N", "seats of the council (33)"},
    {"coordinators", 0, false, "M", "coordinators, 1 to 7: one that works is enough (1)"},
    {"faulty", 0, false, "F", "seats that may be faulty (as many as N can bear)"},
    {"operators", 0, false, "K", "operators, and as many hosts, that the seats are dealt to (N)"},
    {"ruleset", 0, false, "NAMES", "rule sets that the seats are dealt, with commas (registers)"},
    {"name", 0, false, "NAME", "name of the council (that of DIR)"},
    {NULL, 0, false, NULL, NULL},
};

const struct command council_create_command = {
    .name = "council create",
    .summary = "make keys, roster and configurations of a council on this machine",
    .arguments = "DIR",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims council create council\n"
                "  aims council create council --seats 8 --coordinators 3\n",
    .options = create_options,
    .run = run_create,
};
