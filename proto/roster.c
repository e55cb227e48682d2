#include "proto/roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/encode.h"
#include "council/quorum.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "formats/json.h"
#include "formats/text.h"
#include "formats/tree.h"

#define ROSTER_TYPE "aims-council-roster/1"

/* Most keys of one roster: three of a seat, two of a coordinator and of a reader. */
#define KEYS_MAX (MESSAGE_SEATS_MAX * 3 + MESSAGE_COORDINATORS_MAX * 2 + ROSTER_READERS_MAX * 2)

/* Every key read so far, to find one that stands twice. */
struct key_list {
    size_t count;
    uint8_t keys[KEYS_MAX][MESSAGE_KEY_SIZE];
};

static bool refuse(const struct tree *node, const char *key, const char *problem,
                   struct error *error)
{
    char place[TREE_PLACE_SIZE];

    return error_set(error, ERROR_INVALID, "%s: %s %s", tree_place(node, place), key, problem);
}

static bool no_room(struct error *error)
{
    return error_set(error, ERROR_LIMIT, "no room for the roster");
}

/* A name of 1 to ROSTER_NAME_MAX printable characters. */
static bool read_name(const struct tree *node, const char *key, const char **out,
                      struct error *error)
{
    const char *text = NULL;
    size_t length = 0;

    if (!tree_need_text(node, key, &text, error)) {
        return false;
    }
    for (const char *byte = text; *byte != 0; byte++) {
        length += ((unsigned char)*byte & 0xC0U) != 0x80U; /* Not inside a UTF-8 sequence. */
    }
    if (length < 1 || length > ROSTER_NAME_MAX) {
        return refuse(node, key, "must be 1 to 64 characters", error);
    }
    if (text_has_control(text) || strpbrk(text, "\t\n") != NULL) {
        return refuse(node, key, "must be printable", error);
    }
    *out = text;
    return true;
}

static bool read_key(const struct tree *node, const char *key, struct key_list *list,
                     uint8_t out[MESSAGE_KEY_SIZE], struct error *error)
{
    const char *text = NULL;

    if (!tree_need_text(node, key, &text, error)) {
        return false;
    }
    if (!encode_from_hex(text, out, MESSAGE_KEY_SIZE)) {
        return refuse(node, key, "must be 64 hex characters", error);
    }
    if (strcmp(key, "signing") == 0 && !keys_signing_is_valid(out)) {
        return refuse(node, key, "is not an Ed25519 public key", error);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (memcmp(list->keys[i], out, MESSAGE_KEY_SIZE) == 0) {
            return refuse(node, key, "is a key that the roster has already", error);
        }
    }
    CHECK(list->count < KEYS_MAX);
    memcpy(list->keys[list->count], out, MESSAGE_KEY_SIZE);
    list->count++;
    return true;
}

/* The list KEY of MIN to MAX elements. */
static bool read_list(const struct tree *root, const char *key, size_t min, size_t max,
                      const struct tree **out, struct error *error)
{
    const struct tree *list = NULL;
    char place[TREE_PLACE_SIZE];

    if (!tree_need_list(root, key, &list, error)) {
        return false;
    }
    if (list->count < min || list->count > max) {
        return error_set(error, ERROR_INVALID, "%s: %s has %zu elements, want %zu to %zu",
                         tree_place(root, place), key, list->count, min, max);
    }
    *out = list;
    return true;
}

static bool is_map(const struct tree *node, const char *list, const char *const *keys,
                   struct error *error)
{
    if (node->type != TREE_MAP) {
        return refuse(node, list, "must be a list of objects", error);
    }
    return tree_only_keys(node, keys, error);
}

static bool read_seats(const struct tree *root, struct arena *arena, struct key_list *keys,
                       struct roster *out, struct error *error)
{
    static const char *const known[] = {"host",    "operator",  "ruleset", "sealing",
                                        "signing", "transport", NULL};
    const struct tree *list = NULL;
    size_t count = 0;

    if (!read_list(root, "seats", 1, MESSAGE_SEATS_MAX, &list, error)) {
        return false;
    }
    out->seats = arena_array(arena, list->count, sizeof(*out->seats));
    if (out->seats == NULL) {
        return no_room(error);
    }
    for (const struct tree *node = list->child; node != NULL; node = node->next) {
        struct roster_seat *seat = &out->seats[count];

        if (!is_map(node, "seats", known, error) || !read_name(node, "host", &seat->host, error) ||
            !read_name(node, "operator", &seat->operator_name, error) ||
            !read_name(node, "ruleset", &seat->ruleset, error) ||
            !read_key(node, "sealing", keys, seat->sealing, error) ||
            !read_key(node, "signing", keys, seat->signing, error) ||
            !read_key(node, "transport", keys, seat->transport, error)) {
            return error_wrap(error, "seat %zu", count);
        }
        count++;
    }
    out->seat_count = (uint8_t)count;
    return true;
}

static bool read_coordinators(const struct tree *root, struct arena *arena, struct key_list *keys,
                              struct roster *out, struct error *error)
{
    static const char *const known[] = {"name", "operator", "signing", "transport", NULL};
    const struct tree *list = NULL;
    size_t count = 0;

    if (!read_list(root, "coordinators", 1, MESSAGE_COORDINATORS_MAX, &list, error)) {
        return false;
    }
    out->coordinators = arena_array(arena, list->count, sizeof(*out->coordinators));
    if (out->coordinators == NULL) {
        return no_room(error);
    }
    for (const struct tree *node = list->child; node != NULL; node = node->next) {
        struct roster_coordinator *coordinator = &out->coordinators[count];

        if (!is_map(node, "coordinators", known, error) ||
            !read_name(node, "name", &coordinator->name, error) ||
            !read_name(node, "operator", &coordinator->operator_name, error) ||
            !read_key(node, "signing", keys, coordinator->signing, error) ||
            !read_key(node, "transport", keys, coordinator->transport, error)) {
            return error_wrap(error, "coordinator %zu", count);
        }
        count++;
    }
    out->coordinator_count = (uint8_t)count;
    return true;
}

static bool read_readers(const struct tree *root, struct arena *arena, struct key_list *keys,
                         struct roster *out, struct error *error)
{
    static const char *const known[] = {"name", "sealing", "signing", NULL};
    const struct tree *list = NULL;

    if (!read_list(root, "readers", 0, ROSTER_READERS_MAX, &list, error)) {
        return false;
    }
    out->readers = arena_array(arena, list->count, sizeof(*out->readers));
    if (out->readers == NULL) {
        return no_room(error);
    }
    for (const struct tree *node = list->child; node != NULL; node = node->next) {
        struct roster_reader *reader = &out->readers[out->reader_count];

        if (!is_map(node, "readers", known, error) ||
            !read_name(node, "name", &reader->name, error) ||
            !read_key(node, "sealing", keys, reader->sealing, error) ||
            !read_key(node, "signing", keys, reader->signing, error)) {
            return error_wrap(error, "reader %zu", out->reader_count);
        }
        out->reader_count++;
    }
    return true;
}

static bool read_catalogs(const struct tree *root, struct arena *arena, struct roster *out,
                          struct error *error)
{
    const struct tree *list = NULL;

    if (!read_list(root, "catalogs", 1, ROSTER_CATALOGS_MAX, &list, error)) {
        return false;
    }
    out->catalogs = arena_array(arena, list->count, sizeof(*out->catalogs));
    if (out->catalogs == NULL) {
        return no_room(error);
    }
    for (const struct tree *node = list->child; node != NULL; node = node->next) {
        struct digest *catalog = &out->catalogs[out->catalog_count];

        if (node->type != TREE_TEXT || !encode_to_digest(node->text, catalog)) {
            return refuse(node, "catalogs", "must be a list of texts of 64 hex characters", error);
        }
        if (roster_hears(out, catalog)) {
            return refuse(node, "catalogs", "names one twice", error);
        }
        out->catalog_count++;
    }
    return true;
}

/* Name, epoch, f and with it q. The seats have been read. */
static bool read_numbers(const struct tree *root, struct roster *out, struct error *error)
{
    struct quorum quorum;
    int64_t epoch = 0;
    int64_t faulty = 0;

    if (!read_name(root, "name", &out->name, error) ||
        !tree_need_integer(root, "epoch", 1, UINT32_MAX, &epoch, error) ||
        !tree_need_integer(root, "f", 0, MESSAGE_SEATS_MAX, &faulty, error)) {
        return false;
    }
    if (!quorum_init(&quorum, out->seat_count, (uint8_t)faulty)) {
        char place[TREE_PLACE_SIZE];

        return error_set(error, ERROR_INVALID, "%s: f is %d, but %u seats bear at most %u",
                         tree_place(root, place), (int)faulty, out->seat_count,
                         quorum_faulty_max(out->seat_count));
    }
    out->epoch = (uint32_t)epoch;
    out->faulty_max = quorum.faulty_max;
    out->quorum_count = quorum.quorum_count;
    return true;
}

static bool is_canonical(struct bytes source, const char *file, const struct roster *roster,
                         struct error *error)
{
    struct buffer canonical = {0};

    roster_write(roster, &canonical);
    bool is_equal = bytes_equal(source, buffer_bytes(&canonical));
    size_t size = canonical.size;

    buffer_finish(&canonical);
    if (!is_equal) {
        return error_set(
            error, ERROR_INVALID,
            "%s: not in canonical form (%zu bytes where that has %zu): keys sorted, no "
            "white space, lower-case hex, no line feed at the end",
            file, source.size, size);
    }
    return true;
}

bool roster_parse(struct bytes source, const char *file, struct arena *arena, struct roster *out,
                  struct error *error)
{
    static const char *const known[] = {"catalogs", "coordinators", "epoch", "f", "name",
                                        "readers",  "seats",        "type",  NULL};
    struct roster roster = {0};
    struct key_list keys = {.count = 0};
    struct tree *root = NULL;
    const char *type = NULL;

    if (source.size > ROSTER_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: %zu bytes, a roster has at most %d", file,
                         source.size, ROSTER_SIZE_MAX);
    }
    if (!tree_parse_json(source, file, arena, &root, error)) {
        return false;
    }
    if (root->type != TREE_MAP) {
        return error_set(error, ERROR_INVALID, "%s: not an object", file);
    }
    if (!tree_only_keys(root, known, error) || !tree_need_text(root, "type", &type, error)) {
        return false;
    }
    if (strcmp(type, ROSTER_TYPE) != 0) {
        return refuse(root, "type", "must be " ROSTER_TYPE, error);
    }
    if (!read_seats(root, arena, &keys, &roster, error) ||
        !read_coordinators(root, arena, &keys, &roster, error) ||
        !read_readers(root, arena, &keys, &roster, error) ||
        !read_catalogs(root, arena, &roster, error) || !read_numbers(root, &roster, error) ||
        !is_canonical(source, file, &roster, error)) {
        return false;
    }
    hash_bytes(source, &roster.digest);
    *out = roster;
    return true;
}

bool roster_load(const char *path, struct arena *arena, struct roster *out, struct error *error)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "open roster %s: %s",
                         path, strerror(errno));
    }
    /* One byte more than allowed, so that roster_parse() sees an oversized file. */
    uint8_t *data = malloc(ROSTER_SIZE_MAX + 1);

    CHECK(data != NULL);
    size_t size = fread(data, 1, ROSTER_SIZE_MAX + 1, file);
    bool is_good = ferror(file) == 0;

    if (!is_good) {
        error_record(error, ERROR_IO, "read roster %s: %s", path, strerror(errno));
    }
    (void)fclose(file);
    char *copy = is_good ? arena_copy(arena, data, size) : NULL;
    char *name = is_good ? arena_text(arena, path) : NULL;

    free(data);
    if (!is_good) {
        return false;
    }
    if (copy == NULL || name == NULL) {
        return no_room(error);
    }
    return roster_parse(bytes_of(copy, size), name, arena, out, error);
}

static void set_key(struct json *object, const char *name, const uint8_t key[MESSAGE_KEY_SIZE])
{
    char hex[HEX_SIZE(MESSAGE_KEY_SIZE)];

    encode_hex(bytes_of(key, MESSAGE_KEY_SIZE), hex);
    json_set(object, name, json_text(hex));
}

static struct json *write_seats(const struct roster *roster)
{
    struct json *list = json_list();

    for (size_t i = 0; i < roster->seat_count; i++) {
        const struct roster_seat *seat = &roster->seats[i];
        struct json *object = json_object();

        json_set(object, "host", json_text(seat->host));
        json_set(object, "operator", json_text(seat->operator_name));
        json_set(object, "ruleset", json_text(seat->ruleset));
        set_key(object, "sealing", seat->sealing);
        set_key(object, "signing", seat->signing);
        set_key(object, "transport", seat->transport);
        json_add(list, object);
    }
    return list;
}

static struct json *write_coordinators(const struct roster *roster)
{
    struct json *list = json_list();

    for (size_t i = 0; i < roster->coordinator_count; i++) {
        const struct roster_coordinator *coordinator = &roster->coordinators[i];
        struct json *object = json_object();

        json_set(object, "name", json_text(coordinator->name));
        json_set(object, "operator", json_text(coordinator->operator_name));
        set_key(object, "signing", coordinator->signing);
        set_key(object, "transport", coordinator->transport);
        json_add(list, object);
    }
    return list;
}

static struct json *write_readers(const struct roster *roster)
{
    struct json *list = json_list();

    for (size_t i = 0; i < roster->reader_count; i++) {
        struct json *object = json_object();

        json_set(object, "name", json_text(roster->readers[i].name));
        set_key(object, "sealing", roster->readers[i].sealing);
        set_key(object, "signing", roster->readers[i].signing);
        json_add(list, object);
    }
    return list;
}

void roster_write(const struct roster *roster, struct buffer *out)
{
    struct json *root = json_object();
    struct json *catalogs = json_list();

    for (size_t i = 0; i < roster->catalog_count; i++) {
        json_add(catalogs, json_digest(&roster->catalogs[i]));
    }
    json_set(root, "catalogs", catalogs);
    json_set(root, "coordinators", write_coordinators(roster));
    json_set(root, "epoch", json_integer(roster->epoch));
    json_set(root, "f", json_integer(roster->faulty_max));
    json_set(root, "name", json_text(roster->name));
    json_set(root, "readers", write_readers(roster));
    json_set(root, "seats", write_seats(roster));
    json_set(root, "type", json_text(ROSTER_TYPE));
    json_write(root, out);
    json_destroy(root);
}

int roster_seat_of(const struct roster *roster, const uint8_t signing[MESSAGE_KEY_SIZE])
{
    for (int i = 0; i < roster->seat_count; i++) {
        if (memcmp(roster->seats[i].signing, signing, MESSAGE_KEY_SIZE) == 0) {
            return i;
        }
    }
    return -1;
}

bool roster_hears(const struct roster *roster, const struct digest *catalog)
{
    for (size_t i = 0; i < roster->catalog_count; i++) {
        if (digest_equal(&roster->catalogs[i], catalog)) {
            return true;
        }
    }
    return false;
}
