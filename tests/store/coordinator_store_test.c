/* Real files; every test reopens the store before it believes it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "store/coordinator_store.h"
#include "store/seat_store.h"

#define INDEX 1

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
    struct digest roster;
    struct coordinator_store *store;
    struct arena *arena;
};

static void reopen(struct desk *desk)
{
    struct error error;

    coordinator_store_close(desk->store);
    desk->store = NULL;
    assert_true(coordinator_store_open(desk->path, &desk->roster, INDEX, &desk->store, &error));
}

static int open_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    struct error error;

    (void)snprintf(desk->directory, sizeof(desk->directory), "/tmp/coordinator-store-test-XXXXXX");
    if (mkdtemp(desk->directory) == NULL) {
        return -1;
    }
    (void)snprintf(desk->path, sizeof(desk->path), "%s/coordinator.db", desk->directory);
    desk->roster = digest_of(1);
    desk->arena = arena_create(1000000);
    *state = desk;
    return coordinator_store_create(desk->path, &desk->roster, INDEX, &error) &&
                   coordinator_store_open(desk->path, &desk->roster, INDEX, &desk->store, &error)
               ? 0
               : -1;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;

    coordinator_store_close(desk->store);
    arena_destroy(desk->arena);
    (void)unlink(desk->path);
    int result = rmdir(desk->directory);

    free(desk);
    return result;
}

static bool add_case(struct desk *desk, uint8_t id, uint32_t attempt, uint8_t submitter)
{
    struct coordinator_store_case new_case = {
        .id = digest_of(id),
        .attempt = attempt,
        .header = signed_text("header", id),
        .manifest = digest_of(70),
        .bundle = digest_of(71),
        .received_at = 1000U + id,
    };
    struct error error;
    bool is_known;

    memset(new_case.submitter, submitter, sizeof(new_case.submitter));
    assert_true(coordinator_store_case_add(desk->store, &new_case, &is_known, &error));
    return !is_known;
}

static bool open_docket(struct desk *desk, uint8_t id, uint64_t serial,
                        const struct coordinator_store_hearing *hearings, size_t count,
                        struct error *error)
{
    struct coordinator_store_docket docket = {.id = digest_of(id),
                                              .home = INDEX,
                                              .is_own = true,
                                              .serial = serial,
                                              .as_of = 100 + serial,
                                              .docket = signed_text("docket", id)};

    return coordinator_store_docket_open(desk->store, &docket, hearings, count, error);
}

/* A docket of coordinator 0, who counts its own serials. */
static bool learn_docket(struct desk *desk, uint8_t id, uint64_t serial,
                         const struct coordinator_store_hearing *hearings, size_t count,
                         struct error *error)
{
    struct coordinator_store_docket docket = {.id = digest_of(id),
                                              .home = 0,
                                              .serial = serial,
                                              .as_of = 50 + serial,
                                              .docket = signed_text("their docket", id)};

    return coordinator_store_docket_open(desk->store, &docket, hearings, count, error);
}

static struct coordinator_store_docket load_docket(struct desk *desk, uint8_t id)
{
    struct digest digest = digest_of(id);
    struct coordinator_store_docket docket;
    struct error error;

    assert_true(coordinator_store_docket_load(desk->store, &digest, desk->arena, &docket, &error));
    assert_true(digest_equal(&docket.id, &digest));
    return docket;
}

static size_t count_unfinished(struct desk *desk)
{
    struct digest *ids;
    struct error error;
    size_t count;

    assert_true(
        coordinator_store_docket_unfinished(desk->store, desk->arena, &ids, &count, &error));
    return count;
}

/* One docket with the hearings of cases 10 and 11. */
static struct digest open_common_docket(struct desk *desk)
{
    struct coordinator_store_hearing hearings[] = {{.case_id = digest_of(10), .attempt = 1},
                                                   {.case_id = digest_of(11), .attempt = 2}};
    struct error error;

    memset(hearings[0].submitter, 5, MESSAGE_KEY_SIZE);
    memset(hearings[1].submitter, 6, MESSAGE_KEY_SIZE);
    assert_true(add_case(desk, 10, 1, 5));
    assert_true(add_case(desk, 11, 2, 6));
    assert_true(open_docket(desk, 40, 1, hearings, 2, &error));
    return digest_of(40);
}

static const struct coordinator_store_result results[] = {
    {.report = {.data = (const uint8_t *)"report a", .size = 8}, .outcome = 3, .decision = "good"},
    {.report = {.data = (const uint8_t *)"report b", .size = 8}, .outcome = 1, .decision = "none"},
};

static bool certify_with(struct desk *desk, const struct digest *docket, uint8_t value,
                         const char *text, const struct coordinator_store_results *reports,
                         struct error *error)
{
    const struct coordinator_store_certificate certificate = {.docket = *docket,
                                                              .value = digest_of(value),
                                                              .certificate = bytes_of_text(text),
                                                              .decided_at = 5000};

    return coordinator_store_result_certify(desk->store, &certificate, reports, error);
}

static bool certify(struct desk *desk, const struct digest *docket, uint8_t value, const char *text,
                    struct error *error)
{
    const struct coordinator_store_results both = {.count = 2, .results = results};

    return certify_with(desk, docket, value, text, &both, error);
}

static struct coordinator_store_counts counts_of(struct desk *desk)
{
    struct coordinator_store_counts counts;
    struct error error;

    assert_true(coordinator_store_counts(desk->store, &counts, &error));
    return counts;
}

static struct coordinator_store_case only_case(struct desk *desk, uint8_t id)
{
    struct digest digest = digest_of(id);
    struct coordinator_store_case *cases;
    struct error error;
    size_t count;

    assert_true(
        coordinator_store_case_find(desk->store, &digest, desk->arena, &cases, &count, &error));
    assert_int_equal(count, 1);
    return cases[0];
}

static void cases_wait_in_the_order_they_came(void **state)
{
    struct desk *desk = *state;
    struct coordinator_store_case *cases;
    struct error error;
    size_t count;

    assert_true(add_case(desk, 12, 1, 5));
    assert_true(add_case(desk, 10, 1, 5));
    assert_false(add_case(desk, 12, 1, 6)); /* Known. */
    assert_true(add_case(desk, 12, 2, 5));
    reopen(desk);
    assert_true(
        coordinator_store_case_waiting(desk->store, 10, desk->arena, &cases, &count, &error));
    assert_int_equal(count, 3);
    assert_int_equal(cases[0].id.data[0], 12);
    assert_int_equal(cases[1].id.data[0], 10);
    assert_int_equal(cases[2].attempt, 2);
    assert_int_equal(cases[0].submitter[31], 5);
    assert_int_equal(cases[0].received_at, 1012);
    assert_int_equal(cases[0].manifest.data[0], 70);
    assert_int_equal(cases[0].bundle.data[0], 71);
    assert_int_equal(cases[0].state, COORDINATOR_STORE_WAITING);
    assert_true(bytes_equal(cases[0].header.payload, bytes_of_text("header")));
    assert_int_equal(cases[0].header.signature[5], 12);
    assert_true(
        coordinator_store_case_waiting(desk->store, 2, desk->arena, &cases, &count, &error));
    assert_int_equal(count, 2);
    struct digest twelve = digest_of(12);

    assert_true(
        coordinator_store_case_find(desk->store, &twelve, desk->arena, &cases, &count, &error));
    assert_int_equal(count, 2);
    assert_int_equal(cases[1].attempt, 2);
    twelve = digest_of(99);
    assert_false(
        coordinator_store_case_find(desk->store, &twelve, desk->arena, &cases, &count, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
}

static void a_docket_takes_waiting_hearings_only_and_all_or_none(void **state)
{
    struct desk *desk = *state;
    const struct coordinator_store_hearing heard_and_new[] = {
        {.case_id = digest_of(13), .attempt = 1}, {.case_id = digest_of(10), .attempt = 1}};
    const struct coordinator_store_hearing fresh = {.case_id = digest_of(13), .attempt = 1};
    struct error error;
    uint64_t serial;

    assert_true(coordinator_store_docket_next_serial(desk->store, &serial, &error));
    assert_int_equal(serial, 1);
    (void)open_common_docket(desk);
    assert_true(add_case(desk, 13, 1, 5));
    assert_false(open_docket(desk, 41, 2, heard_and_new, 2, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(open_docket(desk, 42, 1, &fresh, 1, &error)); /* The serial is used. */
    assert_int_equal(error.code, ERROR_CONFLICT);
    reopen(desk);
    assert_int_equal(only_case(desk, 13).state, COORDINATOR_STORE_WAITING);
    struct coordinator_store_case second = only_case(desk, 11);

    assert_int_equal(second.state, COORDINATOR_STORE_HEARD);
    assert_int_equal(second.docket.data[0], 40);
    assert_int_equal(second.index, 1);
    assert_true(coordinator_store_docket_next_serial(desk->store, &serial, &error));
    assert_int_equal(serial, 2);
    assert_int_equal(count_unfinished(desk), 1);
    struct coordinator_store_docket docket = load_docket(desk, 40);

    assert_int_equal(docket.serial, 1);
    assert_int_equal(docket.home, INDEX);
    assert_true(docket.is_own);
    assert_int_equal(docket.record.proposed.view, 0);
    assert_false(docket.record.is_decided);
    assert_true(bytes_equal(docket.docket.payload, bytes_of_text("docket")));
    assert_int_equal(counts_of(desk).waiting, 1);
    assert_int_equal(counts_of(desk).heard, 2);
}

static void one_proposal_is_kept_for_each_view(void **state)
{
    struct desk *desk = *state;
    struct digest docket = open_common_docket(desk);
    struct digest book = digest_of(50);
    struct digest other_book = digest_of(51);
    struct digest unknown = digest_of(99);
    struct seat_vote vote = {.view = 1, .value = digest_of(60)};
    struct seat_vote other = {.view = 1, .value = digest_of(61)};
    struct seat_vote later = {.view = 2, .value = digest_of(60), .tc = digest_of(62)};
    struct buffer frame = {0};
    struct error error;

    assert_false(coordinator_store_docket_proposal(desk->store, &docket, &frame, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_true(coordinator_store_docket_propose(desk->store, &docket, &vote, &book,
                                                 bytes_of_text("one"), &error));
    assert_true(coordinator_store_docket_propose(desk->store, &docket, &vote, &book,
                                                 bytes_of_text("one"), &error));
    assert_false(coordinator_store_docket_propose(desk->store, &docket, &other, &book,
                                                  bytes_of_text("two"), &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(coordinator_store_docket_propose(desk->store, &docket, &vote, &other_book,
                                                  bytes_of_text("two"), &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(coordinator_store_docket_propose(desk->store, &unknown, &vote, &book,
                                                  bytes_of_text("two"), &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_true(coordinator_store_docket_propose(desk->store, &docket, &later, &other_book,
                                                 bytes_of_text("later"), &error));
    reopen(desk);
    assert_true(coordinator_store_docket_proposal(desk->store, &docket, &frame, &error));
    assert_string_equal(buffer_text(&frame), "later");
    buffer_clear(&frame);
    assert_true(coordinator_store_docket_value(desk->store, &vote.value, &frame, &error));
    assert_true(strcmp(buffer_text(&frame), "one") == 0 ||
                strcmp(buffer_text(&frame), "later") == 0);
    assert_false(coordinator_store_docket_value(desk->store, &other.value, &frame, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    buffer_finish(&frame);
    struct coordinator_store_docket stored = load_docket(desk, 40);

    assert_int_equal(stored.record.proposed.view, 2);
    assert_true(digest_equal(&stored.record.proposed.tc, &later.tc));
    assert_true(digest_equal(&stored.record.book, &other_book));
}

static void a_certificate_decides_all_hearings_of_its_docket(void **state)
{
    struct desk *desk = *state;
    struct digest docket = open_common_docket(desk);
    struct buffer out = {0};
    struct error error;

    assert_true(certify(desk, &docket, 60, "certificate", &error));
    assert_true(certify(desk, &docket, 60, "the same again", &error));
    assert_false(certify(desk, &docket, 61, "another", &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    reopen(desk);
    struct coordinator_store_case decided = only_case(desk, 11);

    assert_int_equal(decided.state, COORDINATOR_STORE_DECIDED);
    assert_int_equal(decided.outcome, 1);
    assert_string_equal(decided.decision, "none");
    assert_int_equal(decided.decided_at, 5000);
    assert_true(coordinator_store_result_certificate(desk->store, &docket, &out, &error));
    assert_string_equal(buffer_text(&out), "certificate");
    buffer_clear(&out);
    assert_true(coordinator_store_result_report(desk->store, &docket, 1, &out, &error));
    assert_string_equal(buffer_text(&out), "report b");
    assert_false(coordinator_store_result_report(desk->store, &docket, 2, &out, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    buffer_finish(&out);
    assert_int_equal(counts_of(desk).decided, 2);
    assert_int_equal(counts_of(desk).dockets, 1);
    assert_int_equal(counts_of(desk).open_dockets, 0);
}

static void a_certificate_that_does_not_fit_changes_nothing(void **state)
{
    struct desk *desk = *state;
    const struct coordinator_store_hearing hearing = {.case_id = digest_of(10), .attempt = 1};
    struct digest docket = digest_of(40);
    struct buffer out = {0};
    struct error error;

    assert_true(add_case(desk, 10, 1, 5));
    assert_true(open_docket(desk, 40, 1, &hearing, 1, &error));
    assert_false(certify(desk, &docket, 60, "for two hearings", &error));
    assert_int_equal(error.code, ERROR_INVALID);
    assert_false(certify_with(desk, &docket, 60, "for none", &(struct coordinator_store_results){0},
                              &error));
    assert_int_equal(error.code, ERROR_INVALID);
    reopen(desk);
    assert_int_equal(only_case(desk, 10).state, COORDINATOR_STORE_HEARD);
    assert_false(coordinator_store_result_certificate(desk->store, &docket, &out, &error));
    assert_false(coordinator_store_result_report(desk->store, &docket, 0, &out, &error));
    assert_true(coordinator_store_audit(desk->store, &error));
}

static void a_docket_is_settled_when_every_seat_has_the_certificate(void **state)
{
    struct desk *desk = *state;
    struct digest docket = open_common_docket(desk);
    struct digest *ids;
    struct error error;
    size_t count;

    assert_true(certify(desk, &docket, 60, "certificate", &error));
    assert_int_equal(count_unfinished(desk), 0);
    for (uint8_t seat = 0; seat < 3; seat++) {
        assert_true(coordinator_store_result_undelivered(desk->store, seat, 9, desk->arena, &ids,
                                                         &count, &error));
        assert_int_equal(count, 1);
        assert_true(digest_equal(&ids[0], &docket));
        assert_true(coordinator_store_result_done(desk->store, &docket, seat, 3, &error));
        assert_true(coordinator_store_result_done(desk->store, &docket, seat, 3, &error));
        reopen(desk);
        assert_true(coordinator_store_result_undelivered(desk->store, seat, 9, desk->arena, &ids,
                                                         &count, &error));
        assert_int_equal(count, 0);
    }
    /* A fourth seat is none of this council: settled means that nobody is asked about it again. */
    assert_true(
        coordinator_store_result_undelivered(desk->store, 3, 9, desk->arena, &ids, &count, &error));
    assert_int_equal(count, 0);
}

static void reports_may_come_after_the_certificate(void **state)
{
    struct desk *desk = *state;
    struct digest docket = open_common_docket(desk);
    struct digest unknown = digest_of(99);
    struct coordinator_store_verdict verdict = {.seat = 7, .verdict = signed_text("said", 7)};
    const struct coordinator_store_results both = {
        .count = 2, .results = results, .verdict_count = 1, .verdicts = &verdict};
    struct message_signed kept;
    struct error error;

    assert_false(coordinator_store_result_save(desk->store, &docket, &both, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_true(certify_with(desk, &docket, 60, "certificate", NULL, &error));
    reopen(desk);
    assert_int_equal(only_case(desk, 10).state, COORDINATOR_STORE_HEARD);
    assert_int_equal(count_unfinished(desk), 1);
    assert_true(load_docket(desk, 40).record.is_decided);
    assert_int_equal(load_docket(desk, 40).record.decided.data[0], 60);
    assert_false(load_docket(desk, 40).has_results);
    assert_true(coordinator_store_result_save(desk->store, &docket, &both, &error));
    assert_true(coordinator_store_result_save(desk->store, &docket, &both, &error));
    reopen(desk);
    assert_int_equal(only_case(desk, 10).state, COORDINATOR_STORE_DECIDED);
    assert_int_equal(count_unfinished(desk), 0);
    assert_true(load_docket(desk, 40).has_results);
    assert_true(
        coordinator_store_result_verdict(desk->store, &docket, 7, desk->arena, &kept, &error));
    assert_true(bytes_equal(kept.payload, bytes_of_text("said")));
    assert_false(
        coordinator_store_result_verdict(desk->store, &docket, 8, desk->arena, &kept, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_false(coordinator_store_result_save(desk->store, &unknown, &both, &error));
    assert_true(coordinator_store_audit(desk->store, &error));
}

/* Case 10 in a docket of another home: what was submitted here waits no more. */
static void a_hearing_may_be_in_dockets_of_several_homes(void **state)
{
    struct desk *desk = *state;
    const struct coordinator_store_hearing hearing = {.case_id = digest_of(10), .attempt = 1};
    const struct coordinator_store_results one = {.count = 1, .results = results + 1};
    const struct coordinator_store_results other = {.count = 1, .results = results};
    struct digest mine = digest_of(40);
    struct digest theirs = digest_of(41);
    struct coordinator_store_case *cases;
    struct coordinator_store_docket docket;
    struct digest ten = digest_of(10);
    struct digest twin;
    struct digest *ids;
    struct error error;
    bool is_found = false;
    size_t count;

    assert_true(add_case(desk, 10, 1, 5));
    assert_true(open_docket(desk, 40, 1, &hearing, 1, &error));
    assert_true(learn_docket(desk, 41, 1, &hearing, 1, &error));
    assert_false(learn_docket(desk, 41, 1, &hearing, 1, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    docket = load_docket(desk, 41);
    assert_true(coordinator_store_docket_twin(desk->store, &docket, &twin, &is_found, &error));
    assert_false(is_found); /* Serial 1 of another home. */
    assert_true(learn_docket(desk, 42, 1, &hearing, 1, &error));
    assert_true(coordinator_store_docket_twin(desk->store, &docket, &twin, &is_found, &error));
    assert_true(is_found);
    assert_int_equal(twin.data[0], 42);
    assert_true(
        coordinator_store_docket_sharing(desk->store, &mine, desk->arena, &ids, &count, &error));
    assert_int_equal(count, 2);
    assert_true(certify_with(desk, &mine, 60, "unheard", &one, &error));
    assert_true(certify_with(desk, &theirs, 61, "conclusive", &other, &error));
    reopen(desk);
    assert_true(
        coordinator_store_case_find(desk->store, &ten, desk->arena, &cases, &count, &error));
    assert_int_equal(count, 3);
    assert_int_equal(cases[0].outcome, 1);
    assert_int_equal(cases[0].home, INDEX);
    assert_int_equal(cases[1].state, COORDINATOR_STORE_HEARD);
    assert_int_equal(cases[2].outcome, 3);
    assert_int_equal(cases[2].home, 0);
    assert_true(digest_equal(&cases[2].docket, &theirs));
    assert_int_equal(cases[2].received_at, 1010);
}

static void what_is_in_a_docket_of_another_home_is_not_submitted_again(void **state)
{
    struct desk *desk = *state;
    const struct coordinator_store_hearing hearing = {.case_id = digest_of(10), .attempt = 1};
    struct coordinator_store_case *cases;
    struct error error;
    size_t count;

    assert_true(add_case(desk, 10, 1, 5));
    assert_true(learn_docket(desk, 41, 1, &hearing, 1, &error));
    assert_true(
        coordinator_store_case_waiting(desk->store, 10, desk->arena, &cases, &count, &error));
    assert_int_equal(count, 0);
    assert_false(open_docket(desk, 40, 1, &hearing, 1, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(add_case(desk, 10, 1, 5));
    assert_true(add_case(desk, 10, 2, 5));
    reopen(desk);
    assert_int_equal(counts_of(desk).waiting, 1);
    assert_int_equal(counts_of(desk).heard, 1);
    assert_int_equal(counts_of(desk).foreign_dockets, 1);
}

static void certificates_that_contradict_each_other_are_both_kept(void **state)
{
    struct desk *desk = *state;
    struct coordinator_store_certificate second = {.docket = open_common_docket(desk),
                                                   .value = digest_of(61)};
    struct error error;

    second.certificate = bytes_of_text("the other");
    assert_true(certify(desk, &second.docket, 60, "certificate", &error));
    assert_true(coordinator_store_result_conflict(desk->store, &second, &error));
    assert_true(coordinator_store_result_conflict(desk->store, &second, &error));
    reopen(desk);
    assert_int_equal(counts_of(desk).conflicts, 1);
}

/* The submitter has COUNT results, of which NUMBER is VALUE. */
static void assert_latest(struct desk *desk, uint8_t submitter_byte, size_t count, size_t number,
                          uint8_t value)
{
    uint8_t submitter[MESSAGE_KEY_SIZE];
    struct digest *latest;
    struct digest expected;
    struct error error;
    size_t found;

    memset(submitter, submitter_byte, sizeof(submitter));
    assert_true(coordinator_store_case_latest(desk->store, submitter, desk->arena, &latest, &found,
                                              &error));
    assert_int_equal(found, count);
    if (count > 0) {
        expected = digest_of(value);
        assert_true(digest_equal(&latest[number], &expected));
    }
}

static void the_latest_certificate_of_a_submitter_is_found(void **state)
{
    struct desk *desk = *state;
    struct coordinator_store_hearing again = {.case_id = digest_of(10), .attempt = 2};
    struct coordinator_store_hearing old = {.case_id = digest_of(12), .attempt = 1};
    const struct coordinator_store_results one = {.count = 1, .results = results};
    struct digest docket = open_common_docket(desk);
    struct digest later = digest_of(41);
    struct digest learned = digest_of(42);
    struct error error;

    memset(again.submitter, 5, sizeof(again.submitter));
    memset(old.submitter, 5, sizeof(old.submitter));
    assert_latest(desk, 5, 0, 0, 0);
    assert_true(certify(desk, &docket, 60, "first", &error));
    assert_true(add_case(desk, 10, 2, 5));
    assert_true(open_docket(desk, 41, 2, &again, 1, &error));
    assert_true(certify_with(desk, &later, 61, "second", &one, &error));
    /* One that is older and came to be known late. */
    assert_true(learn_docket(desk, 42, 7, &old, 1, &error));
    assert_true(certify_with(desk, &learned, 62, "third", &one, &error));
    reopen(desk);
    assert_latest(desk, 5, 3, 0, 61);
    assert_latest(desk, 5, 3, 1, 60);
    assert_latest(desk, 5, 3, 2, 62);
    assert_latest(desk, 6, 1, 0, 60);
}

static void papers_are_kept_once_for_each_seat(void **state)
{
    struct desk *desk = *state;
    struct digest docket = open_common_docket(desk);
    struct coordinator_store_papers *papers;
    struct error error;
    size_t count;

    assert_true(coordinator_store_result_save_papers(desk->store, &docket, 0, 9,
                                                     bytes_of_text("nine"), &error));
    assert_true(coordinator_store_result_save_papers(desk->store, &docket, 0, 2,
                                                     bytes_of_text("two"), &error));
    assert_true(coordinator_store_result_save_papers(desk->store, &docket, 0, 2,
                                                     bytes_of_text("other"), &error));
    assert_true(coordinator_store_result_save_papers(desk->store, &docket, 1, 2,
                                                     bytes_of_text("else"), &error));
    reopen(desk);
    assert_true(coordinator_store_result_papers(desk->store, &docket, 0, desk->arena, &papers,
                                                &count, &error));
    assert_int_equal(count, 2);
    assert_int_equal(papers[0].seat, 2);
    assert_true(bytes_equal(papers[0].papers, bytes_of_text("two")));
    assert_int_equal(papers[1].seat, 9);
}

static void misconduct_is_counted_once(void **state)
{
    struct desk *desk = *state;
    const struct proof proof = {.kind = MISCONDUCT_TWO_VERDICTS,
                                .is_seat = true,
                                .signer = 3,
                                .docket = digest_of(1),
                                .first_type = MESSAGE_TYPE_VERDICT,
                                .first = signed_text("one", 1),
                                .second_type = MESSAGE_TYPE_VERDICT,
                                .second = signed_text("two", 2)};
    struct proof other = proof;
    struct proof loaded;
    struct coordinator_store_proof *list;
    struct error error;
    bool is_new;
    size_t count;

    assert_true(coordinator_store_proof_save(desk->store, &proof, &is_new, &error));
    assert_true(is_new);
    assert_true(coordinator_store_proof_save(desk->store, &proof, &is_new, &error));
    assert_false(is_new);
    other.docket = digest_of(2);
    assert_true(coordinator_store_proof_save(desk->store, &other, &is_new, &error));
    reopen(desk);
    assert_int_equal(counts_of(desk).misconduct, 2);
    assert_true(coordinator_store_proof_list(desk->store, 9, desk->arena, &list, &count, &error));
    assert_int_equal(count, 2);
    assert_int_equal(list[0].docket.data[0], 2); /* The newest first. */
    assert_true(
        coordinator_store_proof_load(desk->store, list[1].number, desk->arena, &loaded, &error));
    assert_int_equal(loaded.docket.data[0], 1);
    assert_true(bytes_equal(loaded.second.payload, bytes_of_text("two")));
    assert_false(coordinator_store_proof_load(desk->store, list[0].number + 1, desk->arena, &loaded,
                                              &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_true(coordinator_store_proof_tally(desk->store, desk->arena, &list, &count, &error));
    assert_int_equal(count, 1);
    assert_int_equal(list[0].count, 2);
    assert_int_equal(list[0].signer, 3);
    assert_int_equal(list[0].kind, MISCONDUCT_TWO_VERDICTS);
}

static void change_audit_log(const struct desk *desk, const char *sql)
{
    sqlite3 *handle = NULL;

    assert_int_equal(sqlite3_open(desk->path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(handle), 1);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

static void a_changed_audit_log_shows(void **state)
{
    struct desk *desk = *state;
    struct digest docket = open_common_docket(desk);
    struct error error;

    assert_true(coordinator_store_audit(desk->store, &error));
    assert_true(certify(desk, &docket, 60, "certificate", &error));
    reopen(desk);
    assert_true(coordinator_store_audit(desk->store, &error)); /* Six lines. */
    change_audit_log(desk, "UPDATE audit SET line = replace(line, 'none', 'good')"
                           " WHERE number = 6");
    assert_false(coordinator_store_audit(desk->store, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    assert_non_null(strstr(error.message, "line 6"));
    change_audit_log(desk, "UPDATE audit SET line = replace(line, 'good', 'none')"
                           " WHERE number = 6");
    assert_true(coordinator_store_audit(desk->store, &error));
    change_audit_log(desk, "DELETE FROM audit WHERE number = 3");
    assert_false(coordinator_store_audit(desk->store, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
}

/* Runs what tests/store/coordinator_store_1.sql says on a new file. */
static void write_old_store(const char *path)
{
    FILE *file = fopen(AIMS_SOURCE_DIR "/tests/store/coordinator_store_1.sql", "rb");
    char *sql = calloc(1, 65536);
    sqlite3 *handle = NULL;

    assert_non_null(file);
    assert_non_null(sql);
    assert_true(fread(sql, 1, 65535, file) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
    free(sql);
}

static void a_store_of_the_first_schema_is_taken_over(void **state)
{
    struct desk *desk = *state;
    struct digest docket = digest_of(40);
    struct coordinator_store_papers *papers;
    struct buffer out = {0};
    struct digest *ids;
    struct error error;
    uint64_t serial;
    size_t count;

    coordinator_store_close(desk->store);
    desk->store = NULL;
    assert_int_equal(unlink(desk->path), 0);
    write_old_store(desk->path);
    reopen(desk);
    reopen(desk);
    assert_int_equal(only_case(desk, 10).state, COORDINATOR_STORE_DECIDED);
    assert_int_equal(only_case(desk, 10).outcome, 3);
    assert_string_equal(only_case(desk, 11).decision, "none");
    assert_true(only_case(desk, 11).is_worth_repeating);
    assert_int_equal(only_case(desk, 11).decided_at, 5000);
    assert_int_equal(only_case(desk, 11).home, INDEX);
    assert_int_equal(only_case(desk, 12).state, COORDINATOR_STORE_HEARD);
    assert_int_equal(only_case(desk, 13).state, COORDINATOR_STORE_WAITING);
    assert_int_equal(count_unfinished(desk), 1);
    assert_int_equal(load_docket(desk, 41).record.proposed.view, 1);
    assert_true(load_docket(desk, 41).is_own);
    assert_true(load_docket(desk, 40).has_results);
    assert_true(coordinator_store_result_report(desk->store, &docket, 1, &out, &error));
    assert_string_equal(buffer_text(&out), "report b");
    buffer_clear(&out);
    assert_true(coordinator_store_result_certificate(desk->store, &docket, &out, &error));
    assert_string_equal(buffer_text(&out), "certificate");
    buffer_finish(&out);
    assert_true(
        coordinator_store_result_undelivered(desk->store, 0, 9, desk->arena, &ids, &count, &error));
    assert_int_equal(count, 0);
    assert_true(
        coordinator_store_result_undelivered(desk->store, 1, 9, desk->arena, &ids, &count, &error));
    assert_int_equal(count, 1);
    assert_true(coordinator_store_result_papers(desk->store, &docket, 1, desk->arena, &papers,
                                                &count, &error));
    assert_int_equal(count, 1);
    assert_true(coordinator_store_docket_next_serial(desk->store, &serial, &error));
    assert_int_equal(serial, 3);
}

static void two_threads_connections_work_on_one_file(void **state)
{
    struct desk *desk = *state;
    struct coordinator_store *other = NULL;
    struct coordinator_store *first = desk->store;
    struct error error;

    assert_true(coordinator_store_open(desk->path, &desk->roster, INDEX, &other, &error));
    assert_true(add_case(desk, 10, 1, 5));
    desk->store = other;
    assert_false(add_case(desk, 10, 1, 5));
    assert_true(add_case(desk, 11, 1, 5));
    desk->store = first;
    assert_int_equal(counts_of(desk).waiting, 2);
    assert_true(coordinator_store_audit(desk->store, &error));
    coordinator_store_close(other);
}

static void a_store_opens_for_its_coordinator_only(void **state)
{
    struct desk *desk = *state;
    struct digest other = digest_of(2);
    struct coordinator_store *store = NULL;
    struct seat_store *seat_store = NULL;
    struct error error;

    assert_false(coordinator_store_open(desk->path, &other, INDEX, &store, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(coordinator_store_open(desk->path, &desk->roster, 0, &store, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(coordinator_store_create(desk->path, &desk->roster, INDEX, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_false(seat_store_open(desk->path, &desk->roster, INDEX, &seat_store, &error));
    assert_int_equal(error.code, ERROR_CORRUPT);
    assert_null(store);
    assert_null(seat_store);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(cases_wait_in_the_order_they_came),
        DESK_TEST(a_docket_takes_waiting_hearings_only_and_all_or_none),
        DESK_TEST(one_proposal_is_kept_for_each_view),
        DESK_TEST(a_certificate_decides_all_hearings_of_its_docket),
        DESK_TEST(a_certificate_that_does_not_fit_changes_nothing),
        DESK_TEST(a_docket_is_settled_when_every_seat_has_the_certificate),
        DESK_TEST(reports_may_come_after_the_certificate),
        DESK_TEST(a_hearing_may_be_in_dockets_of_several_homes),
        DESK_TEST(what_is_in_a_docket_of_another_home_is_not_submitted_again),
        DESK_TEST(certificates_that_contradict_each_other_are_both_kept),
        DESK_TEST(the_latest_certificate_of_a_submitter_is_found),
        DESK_TEST(papers_are_kept_once_for_each_seat),
        DESK_TEST(misconduct_is_counted_once),
        DESK_TEST(a_changed_audit_log_shows),
        DESK_TEST(a_store_of_the_first_schema_is_taken_over),
        DESK_TEST(two_threads_connections_work_on_one_file),
        DESK_TEST(a_store_opens_for_its_coordinator_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
