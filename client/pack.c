/* aims pack, aims unpack: evidence in one file, and back. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/encode.h"
#include "client/commands.h"
#include "client/data.h"
#include "client/file.h"
#include "client/options.h"
#include "client/print.h"
#include "crypto/hash.h"
#include "evidence/bundle.h"
#include "formats/json.h"
#include "proto/roster.h"
#include "report/certificate.h"

/* Fills in for whom the bundle is: the seats of a roster, or everybody. */
static bool choose_readers(const struct options *options, struct arena *arena,
                           struct bundle_options *bundle, enum command_exit *exit,
                           struct error *error)
{
    const char *path = options_text(options, "roster");
    struct roster roster;

    bundle->is_plain = options_has(options, "plain");
    if (bundle->is_plain) {
        return true;
    }
    if (path == NULL) {
        return OPTIONS_USAGE(exit, error,
                             "--roster FILE is required, for whom to seal the bundle; or --plain");
    }
    if (!roster_load(path, arena, &roster, error)) {
        return false;
    }
    uint8_t(*seats)[KEYS_PUBLIC_SIZE] = arena_array(arena, roster.seat_count, sizeof(*seats));

    if (seats == NULL) {
        return error_set(error, ERROR_LIMIT, "the roster is too large");
    }
    for (uint8_t i = 0; i < roster.seat_count; i++) {
        memcpy(seats[i], roster.seats[i].sealing, KEYS_PUBLIC_SIZE);
    }
    bundle->seats = (const uint8_t(*)[KEYS_PUBLIC_SIZE])seats;
    bundle->seat_count = roster.seat_count;
    bundle->roster = roster.digest;
    return true;
}

/* D of the last certificate, which is the same whoever gathered its signatures. These are not
 * verified, since the roster may be another by now; but another kind of file is a slip that only
 * the coordinator would notice. */
static bool read_previous(const struct options *options, struct arena *arena, struct digest *out,
                          struct error *error)
{
    const char *path = options_text(options, "previous");
    struct statement *statement;
    struct buffer file = {0};

    if (path == NULL) {
        return true;
    }
    statement = calloc(1, sizeof(*statement));
    CHECK(statement != NULL);
    bool is_ok = file_read(path, MESSAGE_CERTIFICATE_MAX, &file, error) &&
                 certificate_claim(buffer_bytes(&file), path, arena, statement, error);

    *out = statement->value;
    free(statement);
    buffer_finish(&file);
    return is_ok;
}

static void print_packed(const struct options *options, const struct bundle_packed *packed,
                         const struct buffer *file)
{
    char manifest[DIGEST_HEX_SIZE];
    char name[DIGEST_HEX_SIZE];
    struct digest digest;

    hash_bytes(buffer_bytes(file), &digest);
    if (options->is_json) {
        struct json *json = json_object();
        struct json *list = json_list();

        for (size_t i = 0; i < packed->left_out_count; i++) {
            json_add(list, json_text(packed->left_out[i]));
        }
        json_set(json, "bundle", json_digest(&digest));
        json_set(json, "contentSize", json_integer((int64_t)packed->header.content_size));
        json_set(json, "leftOut", list);
        json_set(json, "manifest", json_digest(&packed->header.manifest));
        json_set(json, "plain", json_boolean(packed->header.is_plain));
        json_set(json, "seats", json_integer((int64_t)packed->header.seat_count));
        json_set(json, "size", json_integer((int64_t)file->size));
        file_print_json(json);
        return;
    }
    printf("manifest  %s\nbundle    %s\nsize      %zu bytes, %llu of them content\n",
           encode_digest(&packed->header.manifest, manifest), encode_digest(&digest, name),
           file->size, (unsigned long long)packed->header.content_size);
    if (packed->header.is_plain) {
        printf("sealed    no: everybody can read it\n");
    } else {
        printf("sealed    to %zu seats\n", packed->header.seat_count);
    }
    for (size_t i = 0; i < packed->left_out_count; i++) {
        printf("left out  ");
        print_clean(packed->left_out[i], stdout);
        printf("\n");
    }
}

static bool pack(const struct options *options, struct arena *arena, struct keys *keys,
                 enum command_exit *exit, struct error *error)
{
    struct notes notes;
    struct schema schema;
    struct bundle_options bundle = {
        .directory = options->arguments[0], .schema = &schema, .keys = keys, .notes = &notes};
    struct bundle_packed packed;
    struct buffer file = {0};

    notes_init(&notes, arena);
    if (!choose_readers(options, arena, &bundle, exit, error) ||
        !read_previous(options, arena, &bundle.previous, error) ||
        !data_schema(arena, &schema, error)) {
        return false;
    }
    bool is_ok = bundle_pack(&bundle, arena, &file, &packed, error);

    print_notes(&notes, stderr);
    is_ok = is_ok && file_write(options_text(options, "output"), buffer_bytes(&file), 0644, error);
    if (is_ok && strcmp(options_text(options, "output"), "-") != 0) {
        print_packed(options, &packed, &file);
    }
    buffer_finish(&file);
    return is_ok;
}

static bool run_pack(const struct options *options, enum command_exit *exit, struct error *error)
{
    const char *output = NULL;
    const char *seed = NULL;
    struct keys *keys = NULL;

    if (!options_need(options, "output", &output, exit, error) ||
        !options_need(options, "key", &seed, exit, error)) {
        return false;
    }
    if (options_has(options, "plain") && options_given(options, "roster")) {
        return OPTIONS_USAGE(exit, error, "--plain and --roster exclude each other");
    }
    if (options->is_json && strcmp(output, "-") == 0) {
        return OPTIONS_USAGE(exit, error, "--json and --output - exclude each other");
    }
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    bool is_ok = keys_open(seed, &keys, error) && pack(options, arena, keys, exit, error);

    keys_destroy(keys);
    arena_destroy(arena);
    return is_ok;
}

/* Which seat's box to open: told, or found in the roster by the key. */
static bool find_seat(const struct options *options, const struct bundle_header *header,
                      const struct keys *keys, struct arena *arena, uint64_t *seat,
                      enum command_exit *exit, struct error *error)
{
    const char *path = options_text(options, "roster");
    struct roster roster;

    if (path == NULL) {
        return options_has(options, "seat") ||
               OPTIONS_USAGE(exit, error, "the bundle is sealed: --roster FILE or --seat N");
    }
    if (!roster_load(path, arena, &roster, error)) {
        return false;
    }
    if (!digest_equal(&roster.digest, &header->roster)) {
        return error_set(error, ERROR_CONFLICT, "the bundle is sealed to another roster than '%s'",
                         path);
    }
    int found = roster_seat_of(&roster, keys_public(keys)->signing);

    if (found < 0) {
        return error_set(error, ERROR_DENIED, "the key holds no seat of '%s'", path);
    }
    *seat = (uint64_t)found;
    return true;
}

static bool unseal(const struct options *options, const struct bundle_header *header,
                   struct arena *arena, uint8_t key[SEAL_KEY_SIZE], enum command_exit *exit,
                   struct error *error)
{
    const char *seed = NULL;
    struct keys *keys = NULL;
    uint64_t seat = 0;

    if (!options_number(options, "seat", 0, MESSAGE_SEATS_MAX - 1, &seat, exit, error) ||
        !options_need(options, "key", &seed, exit, error) || !keys_open(seed, &keys, error)) {
        return false;
    }
    bool is_ok = find_seat(options, header, keys, arena, &seat, exit, error) &&
                 bundle_unseal(header, (size_t)seat, keys, key, error);

    keys_destroy(keys);
    return is_ok;
}

static void print_unpacked(const struct options *options, const struct bundle *bundle,
                           const char *output)
{
    char manifest[DIGEST_HEX_SIZE];

    if (options->is_json) {
        struct json *json = json_object();

        json_set(json, "directory", json_text(output));
        json_set(json, "files", json_integer((int64_t)bundle->payload.file_count));
        json_set(json, "manifest", json_digest(&bundle->header.manifest));
        file_print_json(json);
        return;
    }
    printf("%s: %zu files, manifest %s\n", output, bundle->payload.file_count,
           encode_digest(&bundle->header.manifest, manifest));
}

static bool read_header(const char *path, const struct buffer *file, struct arena *arena,
                        struct bundle_header *out, struct error *error)
{
    return bundle_read_header(buffer_bytes(file), arena, out, error) ||
           error_wrap(error, "%s", path);
}

static bool unpack(const struct options *options, const char *output, struct arena *arena,
                   enum command_exit *exit, struct error *error)
{
    uint8_t *key = seal_alloc(SEAL_KEY_SIZE);
    struct buffer file = {0};
    struct bundle_header header;
    struct bundle bundle;
    const char *path = options->arguments[0];
    bool is_ok = file_read(path, BUNDLE_CONTENT_MAX + BUNDLE_HEADER_MAX + 4096, &file, error) &&
                 read_header(path, &file, arena, &header, error) &&
                 (header.is_plain || unseal(options, &header, arena, key, exit, error)) &&
                 bundle_open_bytes(buffer_bytes(&file), header.is_plain ? NULL : key, arena,
                                   &bundle, error) &&
                 bundle_unpack(&bundle, output, error);

    if (is_ok) {
        print_unpacked(options, &bundle, output);
    }
    buffer_finish(&file);
    seal_free(key);
    return is_ok;
}

static bool run_unpack(const struct options *options, enum command_exit *exit, struct error *error)
{
    const char *output = NULL;

    if (!options_need(options, "output", &output, exit, error)) {
        return false;
    }
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    bool is_ok = unpack(options, output, arena, exit, error);

    arena_destroy(arena);
    return is_ok;
}

static const struct command_option pack_options[] = {
    {"output", 'o', false, "FILE", "where to write the bundle; - is standard output"},
    {"key", 0, true, "SEED", "seed file of the submitter, who signs the bundle"},
    {"roster", 0, true, "FILE", "the council whose seats may open it"},
    {"plain", 0, false, NULL, "do not seal it: everybody can read it"},
    {"previous", 0, false, "CERT", "certificate of the case before this one"},
    {NULL, 0, false, NULL, NULL},
};

const struct command pack_command = {
    .name = "pack",
    .summary = "make one signed and sealed file of an evidence directory",
    .arguments = "DIR",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims pack evidence -o case.aims --key org.seed --roster roster.json\n"
                "  aims pack evidence -o case.aims --key org.seed --plain\n",
    .options = pack_options,
    .run = run_pack,
};

static const struct command_option unpack_options[] = {
    {"output", 'o', false, "DIR", "new directory for the bag"},
    {"key", 0, true, "SEED", "seed file of the seat that opens it"},
    {"roster", 0, true, "FILE", "the council that it is sealed to; the key says which seat"},
    {"seat", 0, false, "N", "the seat, where there is no roster at hand"},
    {NULL, 0, false, NULL, NULL},
};

const struct command unpack_command = {
    .name = "unpack",
    .summary = "open a bundle, as a seat or when it is plain, into a BagIt bag",
    .arguments = "FILE",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims unpack case.aims -o bag --key seats/07/seat.seed --roster roster.json\n"
                "  aims unpack plain.aims -o bag\n",
    .options = unpack_options,
    .run = run_unpack,
};
