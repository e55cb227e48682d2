/* Bundles: the same evidence gives the same bytes, only seats read them, and nothing can be
 * changed. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/hash.h"
#include "evidence/bag.h"
#include "evidence/bundle_header.h"
#include "evidence/load.h"
#include "evidence/tar.h"
#include "tests/evidence/directory.h"

#define SEATS 3

static const char aims[] = "schema: 1\norganisation: Example Org\npurpose: internal\n"
                           "period_start: 2025-07-01\nperiod_end: 2026-06-30\n";
/* Not ASCII, and with what manifests write in another way. */
#define DOCUMENT "documents/Pr\303\274fung 100%.txt"
static const char systems[] = "id,source_file\ns1,Pr\303\274fung 100%.txt\ns2,large.bin\n";

static struct schema schema;
static struct arena *schema_arena;
static struct keys *submitter;
static struct keys *seats[SEATS];
static uint8_t sealing[SEATS][KEYS_PUBLIC_SIZE];

struct fixture {
    struct arena *arena;
    char path[DIRECTORY_PATH_SIZE];
    struct notes notes;
    struct bundle_options options;
    struct bundle_packed packed;
    struct buffer file;
    struct bundle bundle;
    struct error error;
};

static int set_up_all(void **state)
{
    uint8_t seed[KEYS_SEED_SIZE] = {0};

    (void)state;
    keys_library_init();
    schema_arena = arena_create(16 * 1024 * 1024);
    directory_schema(schema_arena, &schema);
    submitter = keys_from_seed(seed);
    for (uint8_t i = 0; i < SEATS; i++) {
        seed[0] = (uint8_t)(i + 1);
        seats[i] = keys_from_seed(seed);
        memcpy(sealing[i], keys_public(seats[i])->sealing, KEYS_PUBLIC_SIZE);
    }
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEATS; i++) {
        keys_destroy(seats[i]);
    }
    keys_destroy(submitter);
    arena_destroy(schema_arena);
    return 0;
}

/* Evidence with a name that is not ASCII, a document of several chunks and files nobody needs. The
 * files are written in the given direction, so that directories list them otherwise. */
static void write_evidence(const char *path, bool is_backwards)
{
    static const char *const names[] = {"aims.yaml",           DOCUMENT,
                                        "documents/large.bin", "documents/unused.txt",
                                        "registers/README.md", "registers/ai_systems.csv"};
    static char large[200000];
    const char *const texts[] = {aims, "checked\n", large, "nobody cites it", "readme", systems};

    for (size_t i = 0; i < sizeof(large) - 1; i++) {
        large[i] = (char)('a' + i * i % 23);
    }
    for (size_t i = 0; i < 6; i++) {
        size_t at = is_backwards ? 5 - i : i;

        directory_write_text(path, names[at], texts[at]);
    }
}

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.arena = arena_create(512 * 1024 * 1024)};
    directory_create(fixture.path);
    write_evidence(fixture.path, false);
    notes_init(&fixture.notes, fixture.arena);
    fixture.options = (struct bundle_options){.directory = fixture.path,
                                              .schema = &schema,
                                              .keys = submitter,
                                              .seat_count = SEATS,
                                              .seats = (const uint8_t(*)[KEYS_PUBLIC_SIZE])sealing,
                                              .roster = {{7}},
                                              .previous = {{9}},
                                              .notes = &fixture.notes};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    directory_destroy(fixture->path);
    buffer_finish(&fixture->file);
    arena_destroy(fixture->arena);
    return 0;
}

static void pack(struct fixture *fixture, bool is_plain)
{
    fixture->options.is_plain = is_plain;
    buffer_clear(&fixture->file);
    if (!bundle_pack(&fixture->options, fixture->arena, &fixture->file, &fixture->packed,
                     &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
}

/* Opens the file as the seat SEAT, or without a key when that is SEATS. */
static bool open_as(struct fixture *fixture, size_t seat)
{
    struct bundle_header header;
    uint8_t key[SEAL_KEY_SIZE];

    if (seat == SEATS) {
        return bundle_open_bytes(buffer_bytes(&fixture->file), NULL, fixture->arena,
                                 &fixture->bundle, &fixture->error);
    }
    return bundle_read_header(buffer_bytes(&fixture->file), fixture->arena, &header,
                              &fixture->error) &&
           bundle_unseal(&header, seat, seats[seat], key, &fixture->error) &&
           bundle_open_bytes(buffer_bytes(&fixture->file), key, fixture->arena, &fixture->bundle,
                             &fixture->error);
}

static void every_seat_opens_the_bundle_and_loads_the_evidence(void **state)
{
    struct fixture *fixture = *state;

    pack(fixture, false);
    for (size_t seat = 0; seat < SEATS; seat++) {
        struct dataset set;

        if (!open_as(fixture, seat)) {
            fail_msg("%s", fixture->error.message);
        }
        notes_init(&fixture->notes, fixture->arena);
        assert_true(
            load_source(&fixture->bundle.payload, &schema, &fixture->notes, &set, &fixture->error));
        assert_string_equal(set.organisation, "Example Org");
        assert_int_equal(set.file_count, 2);
        assert_string_equal(set.files[0].path, DOCUMENT);
        assert_int_equal(set.files[1].size, 199999);
    }
    assert_true(digest_equal(&fixture->bundle.header.roster, &fixture->options.roster));
    assert_true(digest_equal(&fixture->bundle.header.previous, &fixture->options.previous));
    assert_memory_equal(&fixture->bundle.header.submitter, keys_public(submitter),
                        sizeof(struct keys_public));
}

static void nobody_else_opens_it(void **state)
{
    struct fixture *fixture = *state;
    struct bundle_header header;
    uint8_t key[SEAL_KEY_SIZE];

    pack(fixture, false);
    assert_true(
        bundle_read_header(buffer_bytes(&fixture->file), fixture->arena, &header, &fixture->error));
    assert_false(bundle_unseal(&header, 0, seats[1], key, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_DENIED);
    assert_false(bundle_unseal(&header, SEATS, seats[0], key, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_NOT_FOUND);
    assert_false(open_as(fixture, SEATS));
    assert_int_equal(fixture->error.code, ERROR_DENIED);
    memset(key, 1, sizeof(key));
    assert_false(bundle_open_bytes(buffer_bytes(&fixture->file), key, fixture->arena,
                                   &fixture->bundle, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_CORRUPT);
    for (size_t i = 0; i + 11 <= fixture->file.size; i++) { /* It does not show in the file. */
        assert_memory_not_equal(fixture->file.data + i, "Example Org", 11);
    }
}

static void the_same_evidence_gives_the_same_bytes(void **state)
{
    struct fixture *fixture = *state;
    char other[DIRECTORY_PATH_SIZE];
    struct buffer first = {0};
    struct digest manifest;
    mode_t mask = umask(077);
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

    pack(fixture, true);
    buffer_append(&first, fixture->file.data, fixture->file.size);
    manifest = fixture->packed.header.manifest;
    directory_create(other);
    write_evidence(other, true);
    directory_write_text(other, "documents/more/unused.txt", "left out as well");
    assert_int_equal(utimensat(AT_FDCWD, other, times, 0), 0);
    for (size_t i = 0; i < 2; i++) {
        char name[DIRECTORY_PATH_SIZE + 32];

        (void)snprintf(name, sizeof(name), "%s/%s", other,
                       i == 0 ? "aims.yaml" : "registers/ai_systems.csv");
        assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
    }
    umask(mask);
    fixture->options.directory = other;
    pack(fixture, true);
    assert_int_equal(fixture->file.size, first.size);
    assert_memory_equal(fixture->file.data, first.data, first.size);
    pack(fixture, false);
    assert_true(digest_equal(&fixture->packed.header.manifest, &manifest));
    buffer_finish(&first);
    directory_destroy(other);
}

static void only_what_is_cited_is_packed_and_the_rest_is_listed(void **state)
{
    struct fixture *fixture = *state;

    pack(fixture, true);
    assert_int_equal(fixture->packed.left_out_count, 2);
    assert_string_equal(fixture->packed.left_out[0], "documents/unused.txt");
    assert_string_equal(fixture->packed.left_out[1], "registers/README.md");
    assert_true(open_as(fixture, SEATS));
    assert_int_equal(fixture->bundle.payload.file_count, 4);
    assert_int_equal(fixture->bundle.files.file_count, 8);
}

static void evidence_with_errors_is_not_packed(void **state)
{
    struct fixture *fixture = *state;

    directory_write_text(fixture->path, "registers/risks.csv", "id,likelihood\nr1,x\n");
    fixture->options.is_plain = true;
    assert_false(bundle_pack(&fixture->options, fixture->arena, &fixture->file, &fixture->packed,
                             &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_INVALID);
    assert_int_equal(fixture->notes.error_count, 1);
    assert_int_equal(fixture->file.size, 0);
}

static void what_could_not_be_opened_everywhere_is_not_packed(void **state)
{
    struct fixture *fixture = *state;

    directory_write_text(fixture->path, "documents/Large.bin", "another");
    directory_write_text(fixture->path, "registers/risks.csv", "id,source_file\nr1,Large.bin\n");
    fixture->options.is_plain = true;
    assert_false(bundle_pack(&fixture->options, fixture->arena, &fixture->file, &fixture->packed,
                             &fixture->error));
    assert_string_equal(fixture->error.message,
                        "the names \"bag/data/documents/Large.bin\" and "
                        "\"bag/data/documents/large.bin\" in the archive are the same");
    assert_int_equal(fixture->file.size, 0);
}

static void no_byte_can_be_changed(void **state)
{
    struct fixture *fixture = *state;

    for (int is_plain = 0; is_plain < 2; is_plain++) {
        pack(fixture, is_plain);
        for (size_t i = 0; i < fixture->file.size; i += i < 2500 ? 1 : 3989) {
            struct arena *arena = fixture->arena;

            fixture->arena = arena_create(8 * 1024 * 1024);
            fixture->file.data[i] ^= 0x20;
            assert_false(open_as(fixture, is_plain ? SEATS : 1));
            fixture->file.data[i] ^= 0x20;
            arena_destroy(fixture->arena);
            fixture->arena = arena;
        }
        assert_true(open_as(fixture, is_plain ? SEATS : 1));
    }
}

static void every_cut_and_every_extra_byte_is_seen(void **state)
{
    struct fixture *fixture = *state;

    for (int is_plain = 0; is_plain < 2; is_plain++) {
        size_t size;

        pack(fixture, is_plain);
        size = fixture->file.size;
        for (fixture->file.size = 0; fixture->file.size < size; fixture->file.size += 1361) {
            assert_false(open_as(fixture, is_plain ? SEATS : 1));
        }
        fixture->file.size = size;
        buffer_append_byte(&fixture->file, 0);
        assert_false(open_as(fixture, is_plain ? SEATS : 1));
        assert_string_equal(fixture->error.message, "the bundle goes on behind its end");
    }
}

/* Replaces the content of the bundle by what the submitter himself might sign. */
static void sign_anew(struct fixture *fixture, struct bundle_header *header, struct bytes content)
{
    struct buffer again = {0};

    header->content_size = content.size;
    hash_bytes(content, &header->content);
    bundle_header_write(header, submitter, &again);
    buffer_append(&again, content.data, content.size);
    buffer_clear(&fixture->file);
    buffer_append(&fixture->file, again.data, again.size);
    buffer_finish(&again);
}

static void chunks_that_are_moved_or_missing_are_named(void **state)
{
    struct fixture *fixture = *state;
    const size_t chunk = SEAL_CHUNK_SIZE + SEAL_CHUNK_MARGIN;
    struct bundle_header header;
    struct buffer content = {0};
    uint8_t saved[SEAL_CHUNK_SIZE + SEAL_CHUNK_MARGIN];
    uint8_t *first;

    pack(fixture, false);
    assert_true(
        bundle_read_header(buffer_bytes(&fixture->file), fixture->arena, &header, &fixture->error));
    buffer_append(&content, fixture->file.data + header.block_size,
                  fixture->file.size - header.block_size);
    assert_true(content.size > SEAL_HEADER_SIZE + 3 * chunk);
    first = content.data + SEAL_HEADER_SIZE;

    memcpy(saved, first + chunk, chunk); /* Chunks 1 and 2 change places. */
    memcpy(first + chunk, first + 2 * chunk, chunk);
    memcpy(first + 2 * chunk, saved, chunk);
    sign_anew(fixture, &header, buffer_bytes(&content));
    assert_false(open_as(fixture, 1));
    assert_string_equal(fixture->error.message,
                        "chunk 1 of the bundle's content: a chunk was altered or is out of place");

    memcpy(first + 2 * chunk, first + chunk, chunk);
    memcpy(first + chunk, saved, chunk);
    sign_anew(fixture, &header, bytes_of(content.data, SEAL_HEADER_SIZE + 2 * chunk));
    assert_false(open_as(fixture, 1));
    assert_string_equal(fixture->error.message, "the bundle's content is cut off behind chunk 2");

    sign_anew(fixture, &header, bytes_of(content.data, 10));
    assert_false(open_as(fixture, 1));
    assert_string_equal(fixture->error.message, "the bundle's content has no first chunk");
    buffer_finish(&content);
}

static void the_header_is_signed_and_has_one_form(void **state)
{
    struct fixture *fixture = *state;
    struct bundle_header header;
    struct buffer text = {0};
    uint8_t signature[SIGN_SIZE];
    uint8_t size[4];
    size_t json_size;

    pack(fixture, true);
    assert_true(
        bundle_read_header(buffer_bytes(&fixture->file), fixture->arena, &header, &fixture->error));
    json_size = header.block_size - BUNDLE_PREFIX_SIZE - SIGN_SIZE;

    fixture->file.data[header.block_size - 1] ^= 1;
    assert_false(
        bundle_read_header(buffer_bytes(&fixture->file), fixture->arena, &header, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_DENIED);

    /* The same values with a space, signed well. */
    buffer_append_text(&text, "{ ");
    buffer_append(&text, fixture->file.data + BUNDLE_PREFIX_SIZE + 1, json_size - 1);
    sign_payload(submitter, BUNDLE_TYPE, buffer_bytes(&text), signature);
    buffer_clear(&fixture->file);
    encode_put_u32(size, (uint32_t)text.size);
    buffer_append_text(&fixture->file, BUNDLE_MAGIC);
    buffer_append(&fixture->file, size, 4);
    buffer_append(&fixture->file, text.data, text.size);
    buffer_append(&fixture->file, signature, SIGN_SIZE);
    assert_false(
        bundle_read_header(buffer_bytes(&fixture->file), fixture->arena, &header, &fixture->error));
    assert_string_equal(fixture->error.message, "bundle header: is not in canonical form");
    buffer_finish(&text);

    assert_false(bundle_read_header(bytes_of_text("PK\003\004 no bundle"), fixture->arena, &header,
                                    &fixture->error));
    assert_string_equal(fixture->error.message,
                        "this is not a bundle: it does not begin with AIMSBDL1");
}

static bool check_file(struct fixture *fixture, uint64_t limit, struct bundle_header *header)
{
    char name[DIRECTORY_PATH_SIZE + 16];

    (void)snprintf(name, sizeof(name), "%s/x.aims", fixture->path);
    directory_write(fixture->path, "x.aims", fixture->file.data, fixture->file.size);

    int fd = open(name, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);

    bool is_good = bundle_check_sealed(fd, limit, fixture->arena, header, &fixture->error);

    close(fd);
    return is_good;
}

static void a_coordinator_checks_everything_but_the_content(void **state)
{
    struct fixture *fixture = *state;
    struct bundle_header header;

    pack(fixture, false);
    assert_true(check_file(fixture, BUNDLE_CONTENT_MAX, &header));
    assert_true(digest_equal(&header.manifest, &fixture->packed.header.manifest));
    assert_int_equal(header.seat_count, SEATS);
    assert_false(check_file(fixture, header.content_size - 1, &header));
    assert_int_equal(fixture->error.code, ERROR_LIMIT);
    fixture->file.data[fixture->file.size - 1] ^= 1;
    assert_false(check_file(fixture, BUNDLE_CONTENT_MAX, &header));
    assert_string_equal(fixture->error.message,
                        "the bundle's content was altered: its digest is not that in the header");
    fixture->file.size -= 5;
    assert_false(check_file(fixture, BUNDLE_CONTENT_MAX, &header));
    assert_string_equal(fixture->error.message, "the bundle is cut off 5 bytes before its end");
}

static void a_bundle_is_opened_from_a_file_like_from_memory(void **state)
{
    struct fixture *fixture = *state;
    char name[DIRECTORY_PATH_SIZE + 16];

    pack(fixture, true);
    directory_write(fixture->path, "x.aims", fixture->file.data, fixture->file.size);
    (void)snprintf(name, sizeof(name), "%s/x.aims", fixture->path);

    int fd = open(name, O_RDONLY | O_CLOEXEC);

    assert_true(bundle_open(fd, NULL, fixture->arena, &fixture->bundle, &fixture->error));
    close(fd);
    assert_int_equal(fixture->bundle.payload.file_count, 4);
}

static void an_unpacked_bag_is_whole_and_packs_to_the_same_digest(void **state)
{
    struct fixture *fixture = *state;
    char path[DIRECTORY_PATH_SIZE + 16];
    char data[DIRECTORY_PATH_SIZE + 32];
    struct digest manifest;

    pack(fixture, true);
    manifest = fixture->packed.header.manifest;
    assert_true(open_as(fixture, SEATS));
    (void)snprintf(path, sizeof(path), "%s/out", fixture->path);
    if (!bundle_unpack(&fixture->bundle, path, &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
    assert_false(bundle_unpack(&fixture->bundle, path, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_CONFLICT);
    (void)snprintf(data, sizeof(data), "%s/out/bagit.txt", fixture->path);
    assert_int_equal(access(data, R_OK), 0);
    (void)snprintf(data, sizeof(data), "%s/out/data", fixture->path);
    fixture->options.directory = data;
    pack(fixture, true);
    assert_true(digest_equal(&fixture->packed.header.manifest, &manifest));
    assert_int_equal(fixture->packed.left_out_count, 0);
}

static void the_header_names_the_evidence(void **state)
{
    struct fixture *fixture = *state;
    struct bundle_header header;
    struct buffer content = {0};

    pack(fixture, true);
    assert_true(
        bundle_read_header(buffer_bytes(&fixture->file), fixture->arena, &header, &fixture->error));
    buffer_append(&content, fixture->file.data + header.block_size,
                  fixture->file.size - header.block_size);
    header.manifest.data[0] ^= 1;
    sign_anew(fixture, &header, buffer_bytes(&content));
    assert_false(open_as(fixture, SEATS));
    assert_string_equal(fixture->error.message,
                        "bag/tagmanifest-sha256.txt is not the one that the header names");
    buffer_finish(&content);
}

/* One file of a bag that is made by hand. */
struct part {
    const char *path;
    const char *text; /* NULL: made from the others. */
};

static void append_line(struct buffer *out, const char *text, const char *path)
{
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    hash_bytes(bytes_of_text(text), &digest);
    buffer_format(out, "%s  %s\n", encode_digest(&digest, hex), path);
}

/* Makes a plain bundle of PARTS and opens it. MANIFEST is the text of manifest-sha256.txt; the
 * tagmanifest is made to fit, so that only what PARTS and MANIFEST say can be wrong. */
static void expect_bag(struct fixture *fixture, const struct part *parts, const char *manifest,
                       const char *message)
{
    struct buffer tags = {0};
    struct buffer tar = {0};
    struct tar_writer *writer = NULL;
    struct bundle_header header = {.is_plain = true, .submitter = *keys_public(submitter)};
    bool is_open;

    assert_true(tar_create(&tar, true, &writer, &fixture->error));
    for (; parts->path != NULL; parts++) {
        const char *text = parts->text == NULL ? manifest : parts->text;

        assert_true(tar_add(writer, parts->path, bytes_of_text(text), &fixture->error));
        if (strncmp(parts->path, "bag/data/", 9) != 0 &&
            strcmp(parts->path, "bag/fetch.txt") != 0) {
            append_line(&tags, text, parts->path + 4);
        }
    }
    assert_true(
        tar_add(writer, "bag/tagmanifest-sha256.txt", buffer_bytes(&tags), &fixture->error));
    assert_true(tar_finish(writer, &fixture->error));
    tar_destroy(writer);
    hash_bytes(buffer_bytes(&tags), &header.manifest);
    sign_anew(fixture, &header, buffer_bytes(&tar));
    fixture->error.message[0] = '\0';
    is_open = open_as(fixture, SEATS);
    assert_string_equal(fixture->error.message, message);
    assert_int_equal(is_open, message[0] == '\0');
    buffer_finish(&tags);
    buffer_finish(&tar);
}

#define INFO                                                                                       \
    {                                                                                              \
        "bag/bag-info.txt", "Payload-Oxum: 1.1\n"                                                  \
    }
#define BAGIT                                                                                      \
    {                                                                                              \
        "bag/bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"                \
    }
#define MANIFEST                                                                                   \
    {                                                                                              \
        "bag/manifest-sha256.txt", NULL                                                            \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

static void a_bag_must_be_complete_and_valid(void **state)
{
    struct fixture *fixture = *state;
    struct buffer good = {0};
    struct buffer bad = {0};
    const struct part whole[] = {INFO, BAGIT, {"bag/data/a", "a"}, MANIFEST, END};
    const struct part altered[] = {INFO, BAGIT, {"bag/data/a", "b"}, MANIFEST, END};
    const struct part more[] = {INFO,     BAGIT, {"bag/data/a", "a"}, {"bag/data/b", "b"},
                                MANIFEST, END};
    const struct part fewer[] = {INFO, BAGIT, MANIFEST, END};
    const struct part fetch[] = {
        INFO, BAGIT, {"bag/data/a", "a"}, {"bag/fetch.txt", "http://x"}, MANIFEST, END};
    const struct part version[] = {
        INFO, {"bag/bagit.txt", "BagIt-Version: 0.97\n"}, {"bag/data/a", "a"}, MANIFEST, END};
    const struct part no_info[] = {BAGIT, {"bag/data/a", "a"}, MANIFEST, END};

    append_line(&good, "a", "data/a");
    expect_bag(fixture, whole, buffer_text(&good), "");
    expect_bag(fixture, altered, buffer_text(&good),
               "\"data/a\" was altered: its digest is not that in bag/manifest-sha256.txt");
    expect_bag(fixture, more, buffer_text(&good), "bag/manifest-sha256.txt does not list \"b\"");
    expect_bag(fixture, fewer, buffer_text(&good),
               "bag/manifest-sha256.txt lists \"data/a\", which is not there");
    expect_bag(fixture, fetch, buffer_text(&good), "\"bag/fetch.txt\" has no place in a bundle");
    expect_bag(fixture, version, buffer_text(&good),
               "bag/bagit.txt does not declare BagIt 1.0 in UTF-8");
    expect_bag(fixture, no_info, buffer_text(&good), "bag/bag-info.txt is missing");
    append_line(&bad, "a", "data/a");
    append_line(&bad, "a", "data/a");
    expect_bag(fixture, whole, buffer_text(&bad), "bag/manifest-sha256.txt lists \"data/a\" twice");
    buffer_clear(&bad);
    append_line(&bad, "a", "../data/a");
    expect_bag(fixture, whole, buffer_text(&bad),
               "bag/manifest-sha256.txt lists \"../data/a\", which is not there");
    expect_bag(fixture, whole, "no manifest\n",
               "bag/manifest-sha256.txt: the line at offset 0 is malformed");
    buffer_append_text(&good, "x");
    expect_bag(fixture, whole, buffer_text(&good),
               "bag/manifest-sha256.txt: the line at offset 73 is malformed");
    buffer_finish(&good);
    buffer_finish(&bad);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_seat_opens_the_bundle_and_loads_the_evidence),
        TEST(nobody_else_opens_it),
        TEST(the_same_evidence_gives_the_same_bytes),
        TEST(only_what_is_cited_is_packed_and_the_rest_is_listed),
        TEST(evidence_with_errors_is_not_packed),
        TEST(what_could_not_be_opened_everywhere_is_not_packed),
        TEST(no_byte_can_be_changed),
        TEST(every_cut_and_every_extra_byte_is_seen),
        TEST(chunks_that_are_moved_or_missing_are_named),
        TEST(the_header_is_signed_and_has_one_form),
        TEST(a_coordinator_checks_everything_but_the_content),
        TEST(a_bundle_is_opened_from_a_file_like_from_memory),
        TEST(an_unpacked_bag_is_whole_and_packs_to_the_same_digest),
        TEST(the_header_names_the_evidence),
        TEST(a_bag_must_be_complete_and_valid),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
