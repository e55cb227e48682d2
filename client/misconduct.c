/* aims misconduct, verify-misconduct: who signed what no honest party signs. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/encode.h"
#include "client/commands.h"
#include "client/connect.h"
#include "client/data.h"
#include "client/file.h"
#include "client/options.h"
#include "client/print.h"
#include "client/proofs.h"

#define DOCKET_CHARACTERS 16 /* Of its id, in the name of a file. */

/* ---- verify-misconduct ---- */

static void print_proved(const struct options *options, const struct roster *roster,
                         const struct proof *proof)
{
    char hex[DIGEST_HEX_SIZE];

    if (options->is_json) {
        struct json *json = proofs_json(roster, proof);

        json_set(json, "proved", json_boolean(true));
        file_print_json(json);
        return;
    }
    proofs_print(roster, proof, stdout);
    printf("\ndocket     %s\nproved     both messages are signed by its key\n",
           encode_digest(&proof->docket, hex));
}

static void print_unproved(const struct options *options, const struct error *why)
{
    if (options->is_json) {
        struct json *json = json_object();

        json_set(json, "proved", json_boolean(false));
        json_set(json, "why", json_text(why->message));
        file_print_json(json);
        return;
    }
    printf("not proved: ");
    print_clean(why->message, stdout);
    printf("\n");
}

/* A file that proves nothing is an answer; one that cannot be read is bad input. */
static bool check_file(const struct options *options, struct arena *arena, struct buffer *file,
                       enum command_exit *exit, struct error *error)
{
    const char *path = options->arguments[0];
    const char *roster_path = NULL;
    struct roster roster;
    struct proof proof;

    if (!options_need(options, "roster", &roster_path, exit, error) ||
        !roster_load(roster_path, arena, &roster, error) ||
        !file_read(path, PROOF_SIZE_MAX, file, error)) {
        return false;
    }
    if (proof_check(buffer_bytes(file), path, &roster, arena, &proof, error)) {
        print_proved(options, &roster, &proof);
        return true;
    }
    if (error->code != ERROR_DENIED) {
        return false;
    }
    print_unproved(options, error);
    *exit = COMMAND_NEGATIVE;
    return true;
}

static bool run_verify(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    struct buffer file = {0};
    bool is_ok = check_file(options, arena, &file, exit, error);

    buffer_finish(&file);
    arena_destroy(arena);
    return is_ok;
}

/* ---- misconduct ---- */

/* What was proved already: another coordinator may have caught the same culprit at the same. */
struct found {
    enum misconduct kind;
    bool is_seat;
    uint8_t signer;
    struct digest docket;
};

struct search {
    const struct options *options;
    struct arena *arena;
    struct connect connect;
    struct json *list;
    size_t count;
    struct found *found; /* PROOFS_MAX */
    struct buffer file;
};

static bool is_known(const struct search *search, const struct proof *proof)
{
    for (size_t i = 0; i < search->count; i++) {
        const struct found *found = &search->found[i];

        if (found->kind == proof->kind && found->is_seat == proof->is_seat &&
            found->signer == proof->signer && digest_equal(&found->docket, &proof->docket)) {
            return true;
        }
    }
    return false;
}

/* Writes the proof to a name that says what it is. */
static bool keep_proof(const struct search *search, const struct proof *proof,
                       const char *directory, struct error *error)
{
    char path[FILE_PATH_SIZE];
    char docket[DIGEST_HEX_SIZE];

    return file_path(path, error, "%s/%s-%s-%02u-%.*s.json", directory,
                     misconduct_name(proof->kind), proof->is_seat ? "seat" : "coordinator",
                     proof->signer, DOCKET_CHARACTERS, encode_digest(&proof->docket, docket)) &&
           file_write(path, buffer_bytes(&search->file), 0644, error);
}

static bool take_proof(struct search *search, const struct proof *proof, struct error *error)
{
    const char *directory = options_text(search->options, "output");
    const struct roster *roster = &search->connect.roster;
    char hex[DIGEST_HEX_SIZE];

    if (is_known(search, proof) || search->count == PROOFS_MAX) {
        return true;
    }
    search->found[search->count++] = (struct found){.kind = proof->kind,
                                                    .is_seat = proof->is_seat,
                                                    .signer = proof->signer,
                                                    .docket = proof->docket};
    if (search->options->is_json) {
        json_add(search->list, proofs_json(roster, proof));
    } else {
        proofs_print(roster, proof, stdout);
        printf(", docket %s\n", encode_digest(&proof->docket, hex));
    }
    return directory == NULL || keep_proof(search, proof, directory, error);
}

/* Takes what one coordinator has; what does not prove anything is said and passed over. */
static bool take_all(struct search *search, const struct connect_coordinator *coordinator,
                     const struct proofs *proofs, struct error *error)
{
    struct arena *arena = arena_create(PROOF_MEMORY_MAX);
    size_t withheld_count = 0;
    bool is_ok = true;

    for (size_t i = 0; is_ok && i < proofs->count; i++) {
        struct proof proof;
        struct error why;

        if (proofs_fetch(coordinator->web, proofs->entries[i].id, &search->connect.roster, arena,
                         &search->file, &proof, &why)) {
            is_ok = take_proof(search, &proof, error);
        } else if (why.code == ERROR_NOT_FOUND) {
            withheld_count++;
        } else {
            fprintf(stderr, "aims: coordinator %u: ", coordinator->index);
            print_clean(why.message, stderr);
            fputs("\n", stderr);
        }
        arena_reset(arena);
    }
    arena_destroy(arena);
    if (withheld_count > 0) {
        fprintf(stderr,
                "aims: coordinator %u: %zu more of its proofs are for readers and for the "
                "submitters of those dockets\n",
                coordinator->index, withheld_count);
    }
    return is_ok;
}

/* Asks every coordinator: one that is faulty, or was down, has not all. */
static bool search_all(struct search *search, struct error *error)
{
    size_t reached_count = 0;

    for (size_t i = 0; i < search->connect.count; i++) {
        const struct connect_coordinator *coordinator = connect_at(&search->connect, i);
        struct proofs proofs;

        if (!proofs_list(coordinator->web, search->arena, &proofs, error)) {
            fprintf(stderr, "aims: coordinator %u: ", coordinator->index);
            print_clean(error->message, stderr);
            fputs("\n", stderr);
            continue;
        }
        reached_count++;
        if (!take_all(search, coordinator, &proofs, error)) {
            return false;
        }
    }
    if (reached_count == 0) {
        return error_set(error, ERROR_TIMEOUT, "no coordinator says what misconduct it knows of");
    }
    return true;
}

static bool make_directory(const struct options *options, struct error *error)
{
    const char *path = options_text(options, "output");
    struct stat status;

    if (path == NULL) {
        return true;
    }
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        return error_set(error, ERROR_IO, "cannot make the directory '%s': %s", path,
                         strerror(errno));
    }
    return (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) ||
           error_set(error, ERROR_INVALID, "'%s' is not a directory", path);
}

static void print_end(struct search *search)
{
    if (search->options->is_json) {
        struct json *json = json_object();

        json_set(json, "misconduct", search->list);
        search->list = NULL;
        file_print_json(json);
    } else if (search->count == 0) {
        printf("no misconduct is known\n");
    }
}

static bool run_misconduct(const struct options *options, enum command_exit *exit,
                           struct error *error)
{
    static const struct connect_needs needs = {.key = true, .roster = true};
    struct options where = *options;
    struct search search = {
        .options = options, .arena = arena_create(DATA_MEMORY_MAX), .list = json_list()};

    if (options->argument_count == 1) {
        bool is_url = strstr(options->arguments[0], "://") != NULL;

        options_set(&where, is_url ? "url" : "council", options->arguments[0]);
    }
    search.found = arena_array(search.arena, PROOFS_MAX, sizeof(*search.found));

    bool is_ok = connect_open(&where, &needs, search.arena, &search.connect, exit, error) &&
                 make_directory(options, error) && search_all(&search, error);

    if (is_ok) {
        print_end(&search);
    }
    json_destroy(search.list);
    buffer_finish(&search.file);
    connect_close(&search.connect);
    arena_destroy(search.arena);
    return is_ok;
}

static const struct command_option verify_options[] = {
    {"roster", 0, true, "FILE", "roster of the council whose member is accused"},
    {NULL, 0, false, NULL, NULL},
};

const struct command verify_misconduct_command = {
    .name = "verify-misconduct",
    .summary = "check a proof of misconduct, offline",
    .arguments = "FILE",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims verify-misconduct E1-seat-07-5be1a9c04d2f7733.json --roster roster.json\n"
                "\n"
                "  Exits with 0 when it proves what it says, with 1 when it proves nothing, with 4 "
                "when it\n  is no such file.\n",
    .options = verify_options,
    .run = run_verify,
};

static const struct command_option misconduct_options[] = {
    CONNECT_OPTIONS,
    {"output", 'o', false, "DIR", "write every proof to a file there"},
    {NULL, 0, false, NULL, NULL},
};

const struct command misconduct_command = {
    .name = "misconduct",
    .summary = "say who was caught at what, and export the proofs",
    .arguments = "[DIR|URL]",
    .argument_max = 1,
    .examples = "  aims misconduct council --key council/readers/lead.seed -o proofs\n"
                "  aims misconduct https://council.example --key org.seed --roster roster.json\n"
                "\n"
                "  A reader of the roster is given all proofs, a submitter those of the dockets "
                "with its cases.\n",
    .options = misconduct_options,
    .run = run_misconduct,
};
