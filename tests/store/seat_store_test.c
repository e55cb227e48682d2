/* Real files. "Crash" means: the files are copied as they are, log included, and the copy is opened,
 * as a restarted process would find them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "store/seat_store.h"

#define SEAT 7

static struct digest digest_of(uint8_t byte)
{
    struct digest digest;

    memset(digest.data, byte, sizeof(digest.data));
    return digest;
}

static struct message_signed signed_text(const char *text, uint8_t signature)
{
    struct message_signed message = {.payload = bytes_of_text(text)};

    memset(message.signature, signature, sizeof(message.signature));
    return message;
}

struct desk {
    char directory[64];
    char path[80];
    char copy[80];
    struct digest roster;
    struct seat_store *store;
    struct arena *arena;
};

static void remove_database(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};

    for (size_t i = 0; i < 3; i++) {
        char name[96];

        (void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
}

static int open_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    struct error error;

    (void)snprintf(desk->directory, sizeof(desk->directory), "/tmp/seat-store-test-XXXXXX");
    if (mkdtemp(desk->directory) == NULL) {
        return -1;
    }
    (void)snprintf(desk->path, sizeof(desk->path), "%s/seat.db", desk->directory);
    (void)snprintf(desk->copy, sizeof(desk->copy), "%s/copy.db", desk->directory);
    desk->roster = digest_of(1);
    desk->arena = arena_create(1000000);
    *state = desk;
    return seat_store_create(desk->path, &desk->roster, SEAT, &error) &&
                   seat_store_open(desk->path, &desk->roster, SEAT, &desk->store, &error)
               ? 0
               : -1;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;

    seat_store_close(desk->store);
    arena_destroy(desk->arena);
    remove_database(desk->path);
    remove_database(desk->copy);
    int result = rmdir(desk->directory);

    free(desk);
    return result;
}

static void copy_file(const char *from, const char *to, const char *suffix)
{
    char name[96];
    uint8_t block[65536];
    size_t size;

    (void)snprintf(name, sizeof(name), "%s%s", from, suffix);
    FILE *in = fopen(name, "rb");

    if (in == NULL) {
        return;
    }
    (void)snprintf(name, sizeof(name), "%s%s", to, suffix);
    FILE *out = fopen(name, "wb");

    assert_non_null(out);
    while ((size = fread(block, 1, sizeof(block), in)) > 0) {
        assert_int_equal(fwrite(block, 1, size, out), size);
    }
    assert_int_equal(fclose(out), 0);
    assert_int_equal(fclose(in), 0);
}

/* From here on the desk works with what a crash at this moment would have left. */
static void crash(struct desk *desk)
{
    struct error error;

    remove_database(desk->copy);
    copy_file(desk->path, desk->copy, "");
    copy_file(desk->path, desk->copy, "-wal");
    seat_store_close(desk->store);
    desk->store = NULL;
    remove_database(desk->path);
    copy_file(desk->copy, desk->path, "");
    copy_file(desk->copy, desk->path, "-wal");
    assert_true(seat_store_open(desk->path, &desk->roster, SEAT, &desk->store, &error));
}

static struct digest put_docket(struct desk *desk, uint8_t byte, uint64_t serial, bool *is_twin)
{
    struct seat_store_docket docket = {
        .id = digest_of(byte), .home = 2, .serial = serial, .docket = signed_text("docket", byte)};
    struct error error;

    assert_true(seat_store_put_docket(desk->store, &docket, is_twin, &error));
    return docket.id;
}

static struct seat_record load(struct desk *desk, const struct digest *docket, bool *is_found)
{
    struct seat_store_docket loaded;
    struct seat_record record;
    struct error error;

    assert_true(
        seat_store_load(desk->store, docket, desk->arena, &loaded, &record, is_found, &error));
    return record;
}

static struct seat_vote vote_of(uint32_t view, uint8_t value)
{
    return (struct seat_vote){.view = view, .value = digest_of(value), .tc = digest_of(0)};
}

static void assert_buffer(struct buffer *buffer, const char *text)
{
    assert_string_equal(buffer_text(buffer), text);
    buffer_finish(buffer);
}

static void a_docket_survives_a_crash_once_it_is_put(void **state)
{
    struct desk *desk = *state;
    struct seat_store_docket loaded;
    struct seat_record record;
    struct error error;
    bool is_twin = true;
    bool is_found = true;
    struct digest id = digest_of(9);

    record = load(desk, &id, &is_found);
    assert_false(is_found);
    assert_int_equal(record.view, 0);
    assert_false(record.has_verdict);
    id = put_docket(desk, 9, UINT64_MAX, &is_twin);
    assert_false(is_twin);
    (void)put_docket(desk, 9, UINT64_MAX, &is_twin); /* Again. */
    assert_false(is_twin);
    crash(desk);
    assert_true(
        seat_store_load(desk->store, &id, desk->arena, &loaded, &record, &is_found, &error));
    assert_true(is_found);
    assert_true(digest_equal(&loaded.id, &id));
    assert_int_equal(loaded.home, 2);
    assert_true(loaded.serial == UINT64_MAX);
    assert_true(bytes_equal(loaded.docket.payload, bytes_of_text("docket")));
    assert_int_equal(loaded.docket.signature[63], 9);
}

static void two_dockets_with_one_serial_are_both_kept_and_told(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct digest first = put_docket(desk, 1, 5, &is_twin);

    assert_false(is_twin);
    struct digest second = put_docket(desk, 2, 5, &is_twin);

    assert_true(is_twin);
    (void)put_docket(desk, 1, 5, &is_twin);
    assert_true(is_twin);
    (void)put_docket(desk, 3, 6, &is_twin);
    assert_false(is_twin);
    (void)load(desk, &first, &is_found);
    assert_true(is_found);
    (void)load(desk, &second, &is_found);
    assert_true(is_found);
}

static void a_verdict_is_stored_once_with_its_bindings(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct error error;
    struct buffer out = {0};
    struct binding_record *records;
    size_t count;
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct message_signed verdict = signed_text("verdict", 3);
    const struct seat_store_hearing hearings[] = {
        {.case_id = digest_of(10), .attempt = 1, .is_assessed = true},
        {.case_id = digest_of(11), .attempt = 2, .is_assessed = false},
    };

    assert_true(seat_store_save_verdict(desk->store, &docket, &verdict, bytes_of("fr\0me", 5),
                                        hearings, 2, &error));
    crash(desk);
    assert_true(load(desk, &docket, &is_found).has_verdict);
    assert_true(seat_store_verdict(desk->store, &docket, &out, &error));
    assert_int_equal(out.size, 5);
    assert_memory_equal(out.data, "fr\0me", 5);
    buffer_finish(&out);
    assert_true(seat_store_bindings(desk->store, &hearings[0].case_id, desk->arena, &records,
                                    &count, &error));
    assert_int_equal(count, 1);
    assert_true(digest_equal(&records[0].docket, &docket));
    assert_int_equal(records[0].attempt, 1);
    assert_int_equal(records[0].is_assessed, 1);
    assert_int_equal(records[0].outcome, BINDING_OPEN);
    assert_true(seat_store_bindings(desk->store, &hearings[1].case_id, desk->arena, &records,
                                    &count, &error));
    assert_int_equal(count, 1);
    assert_int_equal(records[0].is_assessed, 0);

    assert_false(seat_store_save_verdict(desk->store, &docket, &verdict, bytes_of("x", 1), hearings,
                                         0, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_true(seat_store_verdict(desk->store, &docket, &out, &error));
    assert_int_equal(out.size, 5);
    buffer_finish(&out);
}

/* Two dockets with one hearing may be examined side by side; who is stored first binds it. */
static void a_hearing_is_bound_to_one_docket_alone(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct error error;
    struct digest first = put_docket(desk, 1, 1, &is_twin);
    struct digest second = put_docket(desk, 2, 2, &is_twin);
    struct message_signed verdict = signed_text("verdict", 3);
    struct seat_store_hearing hearing = {
        .case_id = digest_of(10), .attempt = 1, .is_assessed = true};

    assert_true(seat_store_save_verdict(desk->store, &first, &verdict, bytes_of("f", 1), &hearing,
                                        1, &error));
    assert_false(seat_store_save_verdict(desk->store, &second, &verdict, bytes_of("f", 1), &hearing,
                                         1, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(load(desk, &second, &is_found).has_verdict);
    hearing.is_assessed = false;
    assert_true(seat_store_save_verdict(desk->store, &second, &verdict, bytes_of("f", 1), &hearing,
                                        1, &error));
}

static void a_verdict_that_fails_half_way_leaves_nothing(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct error error;
    struct buffer out = {0};
    struct binding_record *records;
    size_t count;
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct digest unknown = digest_of(99);
    struct message_signed verdict = signed_text("verdict", 3);
    struct seat_store_hearing hearing = {
        .case_id = digest_of(10), .attempt = 1, .is_assessed = true};
    sqlite3 *other = NULL;

    assert_false(seat_store_save_verdict(desk->store, &unknown, &verdict, bytes_of("f", 1),
                                         &hearing, 1, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    /* Another case has the attempt already, which this index refuses: the last write fails. */
    assert_int_equal(sqlite3_open(desk->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other,
                                  "CREATE UNIQUE INDEX one_attempt ON binding (attempt);"
                                  "INSERT INTO binding VALUES (x'00', x'00', 1, 0, 0)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_false(seat_store_save_verdict(desk->store, &docket, &verdict, bytes_of("f", 1), &hearing,
                                         1, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(load(desk, &docket, &is_found).has_verdict);
    assert_false(seat_store_verdict(desk->store, &docket, &out, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_true(
        seat_store_bindings(desk->store, &hearing.case_id, desk->arena, &records, &count, &error));
    assert_int_equal(count, 0);
}

static void votes_survive_a_crash_and_come_back_byte_for_byte(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct error error;
    struct buffer out = {0};
    struct message_signed loaded;
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct seat_vote vote = vote_of(1, 50);
    struct seat_vote later = vote_of(3, 51);
    struct message_signed prepare = signed_text("prepare", 4);
    struct message_signed commit = signed_text("commit", 5);

    assert_true(seat_store_save_prepare(desk->store, &docket, &vote, bytes_of_text("proposal"),
                                        &prepare, &error));
    assert_true(
        seat_store_save_lock(desk->store, &docket, &vote, bytes_of_text("qc"), &commit, &error));
    assert_true(seat_store_save_view(desk->store, &docket, 3, bytes_of_text("tc"), &error));
    assert_true(seat_store_save_prepare(desk->store, &docket, &later, bytes_of_text("next"),
                                        &prepare, &error));
    crash(desk);
    struct seat_record record = load(desk, &docket, &is_found);

    assert_int_equal(record.prepared.view, 3);
    assert_true(digest_equal(&record.prepared.value, &later.value));
    assert_int_equal(record.lock.view, 1);
    assert_true(digest_equal(&record.lock.value, &vote.value));
    assert_false(record.is_decided);
    assert_true(
        seat_store_signed(desk->store, &docket, 1, MESSAGE_COMMIT, desk->arena, &loaded, &error));
    assert_true(bytes_equal(loaded.payload, commit.payload));
    assert_memory_equal(loaded.signature, commit.signature, sizeof(loaded.signature));
    assert_true(
        seat_store_signed(desk->store, &docket, 3, MESSAGE_PREPARE, desk->arena, &loaded, &error));
    assert_false(
        seat_store_signed(desk->store, &docket, 3, MESSAGE_COMMIT, desk->arena, &loaded, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_true(seat_store_value(desk->store, &docket, &vote.value, &out, &error));
    assert_buffer(&out, "proposal");
}

static void a_second_vote_in_a_view_is_refused_and_the_same_is_not(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct error error;
    struct message_signed loaded;
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct seat_vote vote = vote_of(1, 50);
    struct seat_vote other = vote_of(1, 51);
    struct seat_vote other_tc = vote;
    struct message_signed message = signed_text("vote", 4);
    struct message_signed different = signed_text("other vote", 4);
    struct bytes frame = bytes_of_text("proposal");

    other_tc.tc = digest_of(60);
    assert_true(seat_store_save_prepare(desk->store, &docket, &vote, frame, &message, &error));
    assert_true(seat_store_save_prepare(desk->store, &docket, &vote, frame, &message, &error));
    assert_false(seat_store_save_prepare(desk->store, &docket, &other, frame, &message, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(seat_store_save_prepare(desk->store, &docket, &other_tc, frame, &message, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(seat_store_save_prepare(desk->store, &docket, &vote, frame, &different, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);

    assert_true(seat_store_save_value(desk->store, &docket, &other.value, frame, &error));
    assert_true(seat_store_save_lock(desk->store, &docket, &vote, frame, &message, &error));
    assert_true(seat_store_save_lock(desk->store, &docket, &vote, frame, &message, &error));
    assert_false(seat_store_save_lock(desk->store, &docket, &other, frame, &message, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    crash(desk);
    assert_false(seat_store_save_lock(desk->store, &docket, &other, frame, &message, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    struct seat_record record = load(desk, &docket, &is_found);

    assert_true(digest_equal(&record.lock.value, &vote.value));
    assert_true(
        seat_store_signed(desk->store, &docket, 1, MESSAGE_PREPARE, desk->arena, &loaded, &error));
    assert_true(bytes_equal(loaded.payload, message.payload));
}

static struct seat_store_new_view new_view_of(uint32_t view, const struct seat_vote *lock,
                                              const char *text)
{
    struct seat_store_new_view new_view = {.view = view,
                                           .report = signed_text(text, 6),
                                           .qc = bytes_of_text("qc"),
                                           .tc = bytes_of_text("tc")};

    if (lock != NULL) {
        new_view.highest = *lock;
    }
    return new_view;
}

static void a_view_that_was_given_up_takes_no_vote_even_after_a_crash(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct error error;
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct digest unknown = digest_of(99);
    struct seat_vote vote = vote_of(1, 50);
    struct seat_vote next = vote_of(3, 50);
    struct message_signed message = signed_text("vote", 4);
    struct bytes frame = bytes_of_text("proposal");
    struct seat_store_new_view asked = new_view_of(3, NULL, "three");

    assert_true(seat_store_save_value(desk->store, &docket, &vote.value, frame, &error));
    assert_true(seat_store_save_new_view(desk->store, &docket, &asked, &error));
    crash(desk);
    assert_int_equal(load(desk, &docket, &is_found).asked, 3);
    assert_int_equal(load(desk, &docket, &is_found).view, 0);
    assert_false(seat_store_save_prepare(desk->store, &docket, &vote, frame, &message, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(seat_store_save_lock(desk->store, &docket, &vote, frame, &message, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    /* View 2 is entered, yet given up as well. */
    vote.view = 2;
    assert_true(seat_store_save_view(desk->store, &docket, 2, bytes_of_text("tc 2"), &error));
    crash(desk);
    assert_false(seat_store_save_prepare(desk->store, &docket, &vote, frame, &message, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(seat_store_save_lock(desk->store, &docket, &vote, frame, &message, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    /* And view 3 is not entered yet. */
    assert_false(seat_store_save_prepare(desk->store, &docket, &next, frame, &message, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_true(seat_store_save_view(desk->store, &docket, 3, bytes_of_text("tc 3"), &error));
    assert_true(seat_store_save_prepare(desk->store, &docket, &next, frame, &message, &error));
    assert_true(seat_store_save_lock(desk->store, &docket, &next, frame, &message, &error));
    assert_false(seat_store_save_new_view(desk->store, &unknown, &asked, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_false(seat_store_save_view(desk->store, &unknown, 2, bytes_of_text("tc"), &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
}

static void a_view_never_goes_back(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct error error;
    struct buffer out = {0};
    struct digest docket = put_docket(desk, 1, 1, &is_twin);

    assert_false(seat_store_save_view(desk->store, &docket, 1, bytes_of_text("tc"), &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_true(seat_store_save_view(desk->store, &docket, 4, bytes_of_text("tc 4"), &error));
    for (uint32_t view = 2; view <= 4; view++) {
        crash(desk);
        assert_false(seat_store_save_view(desk->store, &docket, view, bytes_of_text("x"), &error));
        assert_int_equal(error.code, ERROR_CONFLICT);
        assert_int_equal(load(desk, &docket, &is_found).view, 4);
    }
    assert_true(seat_store_save_view(desk->store, &docket, 6, bytes_of_text("tc 6"), &error));
    crash(desk);
    assert_int_equal(load(desk, &docket, &is_found).view, 6);
    assert_true(seat_store_tc(desk->store, &docket, 6, &out, &error));
    assert_buffer(&out, "tc 6");
    assert_true(seat_store_tc(desk->store, &docket, 4, &out, &error));
    assert_buffer(&out, "tc 4");
    assert_false(seat_store_tc(desk->store, &docket, 5, &out, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
}

static void a_new_view_is_signed_once_and_comes_back_byte_for_byte(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    struct error error;
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct seat_store_new_view first = new_view_of(3, NULL, "three");
    struct seat_store_new_view other = new_view_of(3, NULL, "three, otherwise");
    struct seat_store_new_view loaded;

    assert_true(seat_store_save_new_view(desk->store, &docket, &first, &error));
    assert_false(seat_store_save_new_view(desk->store, &docket, &other, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    crash(desk);
    assert_false(seat_store_save_new_view(desk->store, &docket, &other, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    /* The same words with other attachments: those that were sent first stay. */
    other = first;
    other.qc = bytes_of_text("another qc");
    assert_true(seat_store_save_new_view(desk->store, &docket, &other, &error));
    assert_true(seat_store_new_view(desk->store, &docket, 3, desk->arena, &loaded, &error));
    assert_int_equal(loaded.view, 3);
    assert_true(bytes_equal(loaded.report.payload, first.report.payload));
    assert_memory_equal(loaded.report.signature, first.report.signature, MESSAGE_SIGNATURE_SIZE);
    assert_true(bytes_equal(loaded.qc, bytes_of_text("qc")));
    assert_true(bytes_equal(loaded.tc, bytes_of_text("tc")));
    assert_false(seat_store_new_view(desk->store, &docket, 2, desk->arena, &loaded, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
}

static void a_new_view_asks_for_more_than_was_asked_for_or_entered(void **state)
{
    static const uint32_t refused[] = {0, 1, 2, 3, 4};
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct error error;
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct seat_store_new_view new_view = new_view_of(3, NULL, "three");

    assert_true(seat_store_save_new_view(desk->store, &docket, &new_view, &error));
    assert_true(seat_store_save_view(desk->store, &docket, 4, bytes_of_text("tc 4"), &error));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        new_view = new_view_of(refused[i], NULL, "again");
        assert_false(seat_store_save_new_view(desk->store, &docket, &new_view, &error));
        assert_int_equal(error.code, ERROR_CONFLICT);
    }
    assert_int_equal(load(desk, &docket, &is_found).asked, 3);
    new_view = new_view_of(5, NULL, "five");
    assert_true(seat_store_save_new_view(desk->store, &docket, &new_view, &error));
}

static void a_new_view_that_forgets_a_commit_is_refused(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    struct error error;
    struct buffer out = {0};
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct seat_vote vote = vote_of(1, 50);
    struct seat_vote other = vote_of(1, 51);
    struct seat_vote never = vote_of(2, 50);
    struct message_signed message = signed_text("commit", 4);
    struct seat_store_new_view new_view = new_view_of(2, NULL, "nothing");

    assert_true(
        seat_store_save_value(desk->store, &docket, &vote.value, bytes_of_text("p"), &error));
    assert_true(
        seat_store_save_lock(desk->store, &docket, &vote, bytes_of_text("qc"), &message, &error));
    crash(desk);
    assert_false(seat_store_save_new_view(desk->store, &docket, &new_view, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    new_view = new_view_of(2, &other, "another value");
    assert_false(seat_store_save_new_view(desk->store, &docket, &new_view, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    new_view = new_view_of(3, &never, "another view");
    assert_false(seat_store_save_new_view(desk->store, &docket, &new_view, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_true(seat_store_qc(desk->store, &docket, 1, &out, &error));
    assert_buffer(&out, "qc");
    new_view = new_view_of(2, &vote, "the truth");
    assert_true(seat_store_save_new_view(desk->store, &docket, &new_view, &error));
}

static void a_commit_needs_its_value(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct error error;
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct seat_vote vote = vote_of(1, 50);
    struct message_signed message = signed_text("vote", 4);

    assert_false(
        seat_store_save_lock(desk->store, &docket, &vote, bytes_of_text("qc"), &message, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_int_equal(load(desk, &docket, &is_found).lock.view, 0);
    assert_true(
        seat_store_save_value(desk->store, &docket, &vote.value, bytes_of_text("p"), &error));
    assert_true(
        seat_store_save_lock(desk->store, &docket, &vote, bytes_of_text("qc"), &message, &error));
}

static struct seat_store_certificate certificate_of(const struct digest *docket, uint8_t value,
                                                    const char *text)
{
    return (struct seat_store_certificate){
        .docket = *docket, .value = digest_of(value), .envelope = bytes_of_text(text)};
}

static void a_prepare_needs_its_value_too(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct error error;
    struct buffer out = {0};
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct seat_vote vote = vote_of(1, 50);
    struct message_signed message = signed_text("vote", 4);
    struct bytes nothing = {0};

    assert_false(seat_store_save_prepare(desk->store, &docket, &vote, nothing, &message, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_int_equal(load(desk, &docket, &is_found).prepared.view, 0);
    assert_true(
        seat_store_save_value(desk->store, &docket, &vote.value, bytes_of_text("p"), &error));
    assert_true(seat_store_save_prepare(desk->store, &docket, &vote, nothing, &message, &error));
    crash(desk);
    assert_int_equal(load(desk, &docket, &is_found).prepared.view, 1);
    assert_true(seat_store_value(desk->store, &docket, &vote.value, &out, &error));
    assert_buffer(&out, "p");
}

enum { STEP_COUNT = 8 };

/* What is stored in a docket's life, one thing after the other. */
static bool take_step(struct seat_store *store, unsigned step, struct error *error)
{
    const struct seat_store_docket docket = {
        .id = digest_of(1), .home = 2, .serial = 1, .docket = signed_text("docket", 1)};
    const struct seat_vote first = vote_of(1, 50);
    const struct seat_vote second = vote_of(2, 50);
    const struct message_signed message = signed_text("vote", 4);
    const struct seat_store_new_view asked = new_view_of(2, &first, "two");
    const struct seat_store_certificate certificate = certificate_of(&docket.id, 50, "c");
    struct bytes frame = bytes_of_text("frame");
    bool is_twin;

    switch (step) {
    case 1:
        return seat_store_put_docket(store, &docket, &is_twin, error);
    case 2:
        return seat_store_save_verdict(store, &docket.id, &message, frame, NULL, 0, error);
    case 3:
        return seat_store_save_prepare(store, &docket.id, &first, frame, &message, error);
    case 4:
        return seat_store_save_lock(store, &docket.id, &first, frame, &message, error);
    case 5:
        return seat_store_save_new_view(store, &docket.id, &asked, error);
    case 6:
        return seat_store_save_view(store, &docket.id, 2, frame, error);
    case 7:
        return seat_store_save_prepare(store, &docket.id, &second, frame, &message, error);
    case STEP_COUNT:
        return seat_store_save_certificate(store, &certificate, error);
    default:
        return false;
    }
}

/* A crash after each step: nothing that was signed is forgotten, and nothing that contradicts it is
 * taken. */
static void a_crash_after_any_step_forgets_nothing(void **state)
{
    struct desk *desk = *state;
    const struct digest docket = digest_of(1);
    const struct seat_vote other = vote_of(1, 51);
    struct message_signed message = signed_text("vote", 4);
    struct bytes frame = bytes_of_text("frame");
    struct error error;
    bool is_found;

    for (unsigned step = 1; step <= STEP_COUNT; step++) {
        assert_true(take_step(desk->store, step, &error));
        crash(desk);
        struct seat_record record = load(desk, &docket, &is_found);

        assert_true(is_found);
        assert_int_equal(record.has_verdict, step >= 2);
        assert_int_equal(record.prepared.view, step >= 7 ? 2 : step >= 3 ? 1 : 0);
        assert_int_equal(record.lock.view, step >= 4 ? 1 : 0);
        assert_int_equal(record.asked, step >= 5 ? 2 : 0);
        assert_int_equal(record.view, step >= 6 ? 2 : 0);
        assert_int_equal(record.is_decided, step >= STEP_COUNT);
        if (step >= 3) {
            assert_false(
                seat_store_save_prepare(desk->store, &docket, &other, frame, &message, &error));
            assert_int_equal(error.code, ERROR_CONFLICT);
        }
        if (step >= 4) {
            assert_false(
                seat_store_save_lock(desk->store, &docket, &other, frame, &message, &error));
            assert_int_equal(error.code, ERROR_CONFLICT);
        }
    }
}

static void a_certificate_ends_the_docket_and_forgets_its_other_values(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct error error;
    struct buffer out = {0};
    struct digest *open_ids;
    struct binding_record *records;
    size_t count;
    struct digest first = put_docket(desk, 1, 1, &is_twin);
    struct digest second = put_docket(desk, 2, 2, &is_twin);
    struct digest unknown = digest_of(3);
    struct digest value = digest_of(50);
    struct digest other = digest_of(51);
    const struct seat_store_outcome outcome = {
        .case_id = digest_of(10), .attempt = 1, .outcome = BINDING_CONTESTED};
    struct seat_store_certificate certificate = certificate_of(&first, 50, "cert");
    struct seat_store_certificate later = certificate_of(&first, 50, "later");
    struct seat_store_certificate another = certificate_of(&first, 51, "other");
    struct seat_store_certificate foreign = certificate_of(&unknown, 50, "new");

    certificate.outcomes = &outcome;
    certificate.outcome_count = 1;
    assert_true(seat_store_save_value(desk->store, &first, &value, bytes_of_text("p"), &error));
    assert_true(seat_store_save_value(desk->store, &first, &other, bytes_of_text("o"), &error));
    assert_true(seat_store_save_certificate(desk->store, &certificate, &error));
    assert_true(seat_store_save_certificate(desk->store, &later, &error));
    assert_false(seat_store_save_certificate(desk->store, &another, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_true(seat_store_save_certificate(desk->store, &foreign, &error));
    crash(desk);
    assert_true(seat_store_certificate(desk->store, &first, &out, &error));
    assert_buffer(&out, "cert");
    assert_false(seat_store_value(desk->store, &first, &other, &out, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_true(seat_store_find_value(desk->store, &value, &out, &error));
    assert_buffer(&out, "p");
    struct seat_record record = load(desk, &first, &is_found);

    assert_true(record.is_decided);
    assert_true(digest_equal(&record.decided, &value));
    record = load(desk, &unknown, &is_found);
    assert_false(is_found);
    assert_true(record.is_decided);
    uint64_t after = 0;

    assert_true(
        seat_store_open_dockets(desk->store, &after, 10, desk->arena, &open_ids, &count, &error));
    assert_int_equal(count, 1);
    assert_true(digest_equal(&open_ids[0], &second));
    assert_true(
        seat_store_open_dockets(desk->store, &after, 10, desk->arena, &open_ids, &count, &error));
    assert_int_equal(count, 0);
    assert_true(
        seat_store_bindings(desk->store, &outcome.case_id, desk->arena, &records, &count, &error));
    assert_int_equal(count, 1);
    assert_int_equal(records[0].outcome, BINDING_CONTESTED);
    assert_int_equal(records[0].is_assessed, 0);
}

static void an_outcome_and_a_verdict_meet_in_one_binding(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    struct error error;
    struct binding_record *records;
    size_t count;
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct message_signed verdict = signed_text("verdict", 3);
    const struct seat_store_hearing hearing = {
        .case_id = digest_of(10), .attempt = 4, .is_assessed = true};
    const struct seat_store_outcome outcome = {
        .case_id = digest_of(10), .attempt = 4, .outcome = BINDING_UNHEARD};
    struct seat_store_certificate certificate = certificate_of(&docket, 50, "c");

    certificate.outcomes = &outcome;
    certificate.outcome_count = 1;

    assert_true(seat_store_save_verdict(desk->store, &docket, &verdict, bytes_of("f", 1), &hearing,
                                        1, &error));
    assert_true(seat_store_save_certificate(desk->store, &certificate, &error));
    assert_true(
        seat_store_bindings(desk->store, &outcome.case_id, desk->arena, &records, &count, &error));
    assert_int_equal(count, 1);
    assert_int_equal(records[0].attempt, 4);
    assert_int_equal(records[0].is_assessed, 1);
    assert_int_equal(records[0].outcome, BINDING_UNHEARD);
}

static void a_value_outlives_its_certificate_for_a_while(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    struct error error;
    struct buffer out = {0};
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct digest value = digest_of(50);
    struct seat_store_certificate certificate = certificate_of(&docket, 50, "cert");

    assert_true(seat_store_save_value(desk->store, &docket, &value, bytes_of_text("p"), &error));
    assert_true(seat_store_save_certificate(desk->store, &certificate, &error));
    for (unsigned i = 1; i <= SEAT_STORE_VALUES_MAX; i++) {
        assert_true(seat_store_find_value(desk->store, &value, &out, &error));
        certificate.docket = digest_of(2);
        certificate.docket.data[0] = (uint8_t)(i >> 8);
        certificate.docket.data[1] = (uint8_t)i;
        assert_true(seat_store_save_certificate(desk->store, &certificate, &error));
    }
    assert_false(seat_store_find_value(desk->store, &value, &out, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    buffer_finish(&out);
}

/* How many certificates the store still has to send to CHAIR after the one of docket AFTER. */
static size_t count_undelivered(struct desk *desk, uint8_t chair, uint8_t after, size_t count_max)
{
    struct seat_store_delivery place = {.chair = chair, .docket = digest_of(after)};
    struct digest *ids;
    struct error error;
    size_t count = 99;

    assert_true(
        seat_store_undelivered(desk->store, &place, count_max, desk->arena, &ids, &count, &error));
    for (size_t i = 0; i < count; i++) {
        assert_true(digest_compare(&ids[i], &place.docket) > 0);
        place.docket = ids[i];
    }
    return count;
}

static void a_certificate_is_owed_to_a_chair_until_it_is_delivered(void **state)
{
    struct desk *desk = *state;
    bool is_found;
    struct error error;
    struct digest docket;
    struct seat_store_certificate certificate;
    const struct seat_store_delivery deliveries[] = {{.chair = 2, .docket = digest_of(5)},
                                                     {.chair = 2, .docket = digest_of(6)},
                                                     {.chair = 1, .docket = digest_of(99)}};

    for (uint8_t i = 5; i < 10; i++) {
        docket = digest_of(i);
        certificate = certificate_of(&docket, 50, "cert");
        certificate.undelivered = 1 << 2 | 1 << 6;
        assert_true(seat_store_save_certificate(desk->store, &certificate, &error));
        assert_true(seat_store_save_certificate(desk->store, &certificate, &error));
    }
    crash(desk);
    assert_int_equal(count_undelivered(desk, 0, 0, 100), 0);
    assert_int_equal(count_undelivered(desk, 2, 0, 100), 5);
    assert_int_equal(count_undelivered(desk, 2, 0, 3), 3);
    assert_int_equal(count_undelivered(desk, 2, 7, 100), 2);
    assert_true(seat_store_delivered(desk->store, deliveries, 3, &error));
    crash(desk);
    assert_int_equal(count_undelivered(desk, 2, 0, 100), 3);
    assert_int_equal(count_undelivered(desk, 6, 0, 100), 5);
    docket = digest_of(5);
    assert_int_equal(load(desk, &docket, &is_found).done, 0x7f & ~(1 << 6));
    docket = digest_of(7);
    assert_int_equal(load(desk, &docket, &is_found).done, 0x7f & ~(1 << 6 | 1 << 2));
}

/* Runs SQL on the file behind the store's back; the first column of the first row, or 0. */
static int64_t ask(const struct desk *desk, const char *sql)
{
    sqlite3 *handle = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t answer = 0;

    assert_int_equal(sqlite3_open(desk->path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        answer = sqlite3_column_int64(statement, 0);
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
    return answer;
}

static void a_lie_is_kept_once_per_kind_docket_and_liar(void **state)
{
    struct desk *desk = *state;
    struct error error;
    bool is_new = false;
    struct proof proof = {
        .kind = MISCONDUCT_TWO_PREPARES,
        .is_seat = true,
        .signer = 3,
        .docket = digest_of(1),
        .first_type = MESSAGE_TYPE_PREPARE,
        .first = signed_text("one", 1),
        .second_type = MESSAGE_TYPE_PREPARE,
        .second = signed_text("two", 2),
    };

    assert_true(seat_store_save_proof(desk->store, &proof, &is_new, &error));
    assert_true(is_new);
    proof.second = signed_text("three", 3);
    assert_true(seat_store_save_proof(desk->store, &proof, &is_new, &error));
    assert_false(is_new);
    assert_int_equal(ask(desk, "SELECT count(*) FROM misconduct"), 1);
    proof.is_seat = false;
    assert_true(seat_store_save_proof(desk->store, &proof, &is_new, &error));
    assert_true(is_new);
    proof.docket = digest_of(2);
    assert_true(seat_store_save_proof(desk->store, &proof, &is_new, &error));
    assert_true(is_new);
    proof.kind = MISCONDUCT_TWO_COMMITS;
    assert_true(seat_store_save_proof(desk->store, &proof, &is_new, &error));
    assert_true(is_new);
    crash(desk);
    assert_int_equal(ask(desk, "SELECT count(*) FROM misconduct"), 4);
}

static void a_conflict_keeps_the_first_other_value_of_each_kind(void **state)
{
    struct desk *desk = *state;
    struct error error;
    struct digest docket = digest_of(1);
    struct digest value = digest_of(50);

    for (uint8_t i = 0; i < 3; i++) {
        assert_true(seat_store_save_conflict(desk->store, &docket, MESSAGE_DECIDE, &value,
                                             bytes_of(&i, 1), &error));
        assert_true(seat_store_save_conflict(desk->store, &docket, MESSAGE_CERTIFY, &value,
                                             bytes_of(&i, 1), &error));
    }
    assert_int_equal(ask(desk, "SELECT count(*) FROM conflict WHERE bytes = x'00'"), 2);
    assert_int_equal(ask(desk, "SELECT count(*) FROM conflict"), 2);
}

static void the_twin_of_a_docket_is_the_oldest_other_of_its_serial(void **state)
{
    struct desk *desk = *state;
    bool is_twin;
    struct error error;
    struct message_signed twin;
    struct seat_store_docket docket = {.home = 2, .serial = 5};

    docket.id = put_docket(desk, 3, 5, &is_twin);
    assert_false(seat_store_twin(desk->store, &docket, desk->arena, &twin, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    (void)put_docket(desk, 1, 5, &is_twin);
    docket.id = put_docket(desk, 2, 5, &is_twin);
    assert_true(seat_store_twin(desk->store, &docket, desk->arena, &twin, &error));
    assert_int_equal(twin.signature[0], 3);
}

/* A store as the first schema made it is brought up with what it holds. */
static void an_older_store_keeps_its_votes_and_proofs(void **state)
{
    static const char older[] =
        "DROP TABLE new_view; DROP TABLE tc; DROP INDEX value_value; DROP TABLE undelivered;"
        "DROP TABLE conflict; DROP TABLE misconduct;"
        "ALTER TABLE docket ADD COLUMN view_refused INTEGER NOT NULL DEFAULT 0;"
        "CREATE TABLE misconduct (id BLOB PRIMARY KEY, kind TEXT NOT NULL, docket BLOB NOT NULL,"
        " subject TEXT NOT NULL, first_type TEXT NOT NULL, first_payload BLOB NOT NULL,"
        " first_signature BLOB NOT NULL, second_type TEXT NOT NULL, second_payload BLOB NOT NULL,"
        " second_signature BLOB NOT NULL) STRICT;"
        "INSERT INTO misconduct VALUES (x'01', 'E4', x'02', 'coordinator 6', 'a', x'03', x'04',"
        " 'b', x'05', x'06');"
        "PRAGMA user_version = 1;";
    struct desk *desk = *state;
    bool is_twin;
    bool is_found;
    struct error error;
    struct digest docket = put_docket(desk, 1, 1, &is_twin);
    struct seat_vote vote = vote_of(1, 50);
    struct message_signed message = signed_text("vote", 4);
    sqlite3 *other = NULL;

    assert_true(
        seat_store_save_prepare(desk->store, &docket, &vote, bytes_of_text("p"), &message, &error));
    seat_store_close(desk->store);
    desk->store = NULL;
    assert_int_equal(sqlite3_open(desk->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, older, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_true(seat_store_open(desk->path, &desk->roster, SEAT, &desk->store, &error));
    assert_int_equal(load(desk, &docket, &is_found).prepared.view, 1);
    assert_true(is_found);
    assert_int_equal(ask(desk, "SELECT signer FROM misconduct WHERE kind = 4 AND is_seat = 0"), 6);
    struct seat_store_new_view asked = new_view_of(2, NULL, "two");

    assert_true(seat_store_save_new_view(desk->store, &docket, &asked, &error));
}

static void a_store_opens_for_its_seat_and_roster_only(void **state)
{
    struct desk *desk = *state;
    struct digest other = digest_of(2);
    struct seat_store *store = NULL;
    struct error error;
    struct stat status;

    assert_int_equal(stat(desk->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_false(seat_store_open(desk->path, &other, SEAT, &store, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(seat_store_open(desk->path, &desk->roster, SEAT + 1, &store, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(seat_store_open(desk->copy, &desk->roster, SEAT, &store, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_int_not_equal(access(desk->copy, F_OK), 0);
    assert_false(seat_store_create(desk->path, &desk->roster, SEAT, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_null(store);
}

static void foreign_newer_and_damaged_files_are_refused(void **state)
{
    struct desk *desk = *state;
    struct seat_store *store = NULL;
    struct error error;

    (void)ask(desk, "PRAGMA user_version = 1000");
    assert_false(seat_store_open(desk->path, &desk->roster, SEAT, &store, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_non_null(strstr(error.message, "newer"));
    (void)ask(desk, "PRAGMA user_version = 2");
    (void)ask(desk, "PRAGMA application_id = 17");
    assert_false(seat_store_open(desk->path, &desk->roster, SEAT, &store, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    FILE *file = fopen(desk->copy, "w");

    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        assert_true(fputs("This is no database.", file) >= 0);
    }
    assert_int_equal(fclose(file), 0);
    assert_false(seat_store_open(desk->copy, &desk->roster, SEAT, &store, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    assert_int_equal(truncate(desk->copy, 0), 0);
    assert_false(seat_store_open(desk->copy, &desk->roster, SEAT, &store, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    assert_null(store);
}

static void an_arena_that_is_full_is_an_error(void **state)
{
    struct desk *desk = *state;
    static char payload[5000];
    struct arena *small = arena_create(4096);
    struct seat_store_docket docket = {.id = digest_of(1)};
    struct seat_store_docket loaded;
    struct seat_record record;
    struct error error;
    bool is_flag;

    docket.docket.payload = bytes_of(payload, sizeof(payload));
    assert_true(seat_store_put_docket(desk->store, &docket, &is_flag, &error));
    assert_false(
        seat_store_load(desk->store, &docket.id, small, &loaded, &record, &is_flag, &error));
    assert_int_equal(error.code, ERROR_LIMIT);
    assert_true(
        seat_store_load(desk->store, &docket.id, desk->arena, &loaded, &record, &is_flag, &error));
    assert_int_equal(loaded.docket.payload.size, sizeof(payload));
    arena_destroy(small);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_docket_survives_a_crash_once_it_is_put),
        DESK_TEST(two_dockets_with_one_serial_are_both_kept_and_told),
        DESK_TEST(a_verdict_is_stored_once_with_its_bindings),
        DESK_TEST(a_hearing_is_bound_to_one_docket_alone),
        DESK_TEST(a_verdict_that_fails_half_way_leaves_nothing),
        DESK_TEST(votes_survive_a_crash_and_come_back_byte_for_byte),
        DESK_TEST(a_second_vote_in_a_view_is_refused_and_the_same_is_not),
        DESK_TEST(a_view_that_was_given_up_takes_no_vote_even_after_a_crash),
        DESK_TEST(a_view_never_goes_back),
        DESK_TEST(a_new_view_is_signed_once_and_comes_back_byte_for_byte),
        DESK_TEST(a_new_view_asks_for_more_than_was_asked_for_or_entered),
        DESK_TEST(a_new_view_that_forgets_a_commit_is_refused),
        DESK_TEST(a_commit_needs_its_value),
        DESK_TEST(a_prepare_needs_its_value_too),
        DESK_TEST(a_crash_after_any_step_forgets_nothing),
        DESK_TEST(a_certificate_ends_the_docket_and_forgets_its_other_values),
        DESK_TEST(a_value_outlives_its_certificate_for_a_while),
        DESK_TEST(a_certificate_is_owed_to_a_chair_until_it_is_delivered),
        DESK_TEST(an_outcome_and_a_verdict_meet_in_one_binding),
        DESK_TEST(a_lie_is_kept_once_per_kind_docket_and_liar),
        DESK_TEST(a_conflict_keeps_the_first_other_value_of_each_kind),
        DESK_TEST(the_twin_of_a_docket_is_the_oldest_other_of_its_serial),
        DESK_TEST(an_older_store_keeps_its_votes_and_proofs),
        DESK_TEST(a_store_opens_for_its_seat_and_roster_only),
        DESK_TEST(foreign_newer_and_damaged_files_are_refused),
        DESK_TEST(an_arena_that_is_full_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
