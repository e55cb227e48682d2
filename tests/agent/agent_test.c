/* A real aims-agent with its real assessor, between two coordinators of which any may be hostile. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "proto/codec.h"
#include "tests/agent/court.h"

#define FLOOD      (AGENT_HEARINGS_MAX + 6)
#define HELD_UP_MS 20000 /* Less than what stuck papers may take. */

/* The agent assesses a case of DESK. */
static void must_assess(struct desk *desk)
{
    struct message_signed docket = court_docket(desk, 1000, 0);
    unsigned before = desk->verdict_count;

    court_assign(desk, &docket);
    court_await(desk->court, &desk->verdict_count, before + 1);
    assert_int_equal(desk->reason, MESSAGE_ASSESSED);
}

/* ---- tests ---- */

static void a_verdict_is_sent_to_all_and_never_made_again(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed docket = court_docket(desk, 1, 0);
    struct buffer first = {0};
    struct stat spool_status;
    char spooled[PATH_SIZE];

    court_assign(desk, &docket);
    court_await(court, &desk->verdict_count, 1);
    court_await(court, &court->desks[1].verdict_count, 1);
    assert_int_equal(desk->reason, MESSAGE_ASSESSED);
    buffer_append(&first, desk->verdict.data, desk->verdict.size);
    assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&court->desks[1].verdict)));
    court_assign(desk, &docket);
    court_await(court, &desk->verdict_count, 2);
    assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&desk->verdict)));
    buffer_finish(&first);
    (void)snprintf(spooled, sizeof(spooled), "%s/spool/case.aims", court->folder);
    assert_int_equal(stat(spooled, &spool_status), 0);
    assert_int_equal(spool_status.st_size, 0); /* The bundle does not stay. */
}

static void what_is_no_message_is_dropped_and_does_not_fill_the_log(void **state)
{
    struct court *court = *state;
    unsigned lines_max = 0;
    uint32_t chance = 1;

    for (unsigned sent = 1; sent <= 600 / DESKS; sent *= 2) {
        lines_max += DESKS; /* Each desk's first, second, fourth, ... */
    }

    for (unsigned i = 0; i < 600; i++) {
        struct desk *desk = &court->desks[i % DESKS];
        uint8_t frame[64] = {MESSAGE_VERSION, (uint8_t)(i / 2 % (MESSAGE_KIND_COUNT + 2))};
        size_t size = i / 2 % (MESSAGE_KIND_COUNT + 2) == i / 2 ? 2 : 2 + i % 60;

        for (size_t j = 2; j < size; j++) {
            chance = chance * 1664525 + 1013904223;
            frame[j] = (uint8_t)(chance >> 24);
        }
        (void)link_server_send(desk->server, 0, bytes_of(frame, i == 599 ? 0 : size));
    }
    must_assess(&court->desks[0]);
    assert_true(court_log_has(court, "message dropped, number 1"));
    assert_in_range(court_log_count(court, " dropped, number "), DESKS, lines_max);
}

static void a_docket_that_is_not_its_homes_is_dropped(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed docket = court_docket(desk, 1, 0);

    docket.signature[5] ^= 1;
    court_assign(desk, &docket);
    desk->index = 1; /* The home it names is not who signs. */
    docket = court_docket(desk, 2, 0);
    desk->index = 0;
    court_assign(desk, &docket);
    court->roster.digest.data[0] ^= 1;
    docket = court_docket(desk, 3, 0);
    court->roster.digest.data[0] ^= 1;
    court_assign(desk, &docket);
    court_settle(desk);
    assert_int_equal(desk->verdict_count, 0);
    assert_int_equal(desk->fetch_count, 0);
    must_assess(desk);
}

static void parts_that_nobody_asked_for_change_nothing(void **state)
{
    static const uint8_t garbage[4096];
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];
    struct message_signed docket = court_docket(desk, 1, 0);
    size_t size = court->bundle.size;

    court_send_part(other, bytes_of(garbage, 100), 0, size); /* Nothing is fetched yet. */
    court_settle(other);
    desk->manner = MANNER_SILENT;
    other->manner = MANNER_SILENT;
    court_assign(desk, &docket);
    court_await(court, &desk->fetch_count, 1);
    for (int i = 0; i < 200; i++) { /* From who was not asked. */
        court_send_part(other, bytes_of(garbage, size < 4096 ? size : 4096), 0, size);
        court_send_part(other, (struct bytes){0}, 0, 0);
    }
    court_settle(other);
    court_send_part(desk, bytes_of(garbage, 100), 50, size); /* From the middle. */
    court_settle(desk);
    assert_int_equal(desk->verdict_count, 0);
    desk->manner = MANNER_HONEST;
    court_await(court, &desk->verdict_count, 1);
    assert_int_equal(desk->reason, MESSAGE_ASSESSED);
    assert_int_equal(other->fetch_count, 0);
}

static void a_bundle_of_another_size_is_fetched_elsewhere(void **state)
{
    static const uint8_t garbage[100];
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];
    struct message_signed docket = court_docket(desk, 1, 0);

    desk->manner = MANNER_SILENT;
    court_assign(desk, &docket);
    court_await(court, &desk->fetch_count, 1);
    court_send_part(desk, bytes_of(garbage, 100), 0, 100);
    court_await(court, &other->verdict_count, 1);
    assert_int_equal(other->reason, MESSAGE_ASSESSED);
}

static void a_bundle_that_is_another_is_fetched_elsewhere(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];

    desk->manner = MANNER_WRONG;
    must_assess(desk);
    assert_true(court->desks[1].fetch_count > 0);
}

static void a_bundle_that_is_missing_is_fetched_elsewhere(void **state)
{
    struct court *court = *state;

    court->desks[0].manner = MANNER_NONE;
    must_assess(&court->desks[0]);
    assert_true(court->desks[1].fetch_count > 0);
}

static void many_open_dockets_do_not_shut_out_another_coordinator(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed first = court_docket(desk, 1, 2 * AGENT_CLOCK_S_MAX);
    struct digest id;

    court_assign(desk, &first);
    for (unsigned i = 2; i <= FLOOD; i++) {
        struct message_signed docket = court_docket(desk, i, 2 * AGENT_CLOCK_S_MAX);

        court_assign(desk, &docket);
    }
    court_await(court, &desk->verdict_count, FLOOD);
    assert_int_equal(desk->reason, MESSAGE_CLOCK);
    must_assess(&court->desks[1]);
    court_settle(desk);
    /* What was put away comes back with the verdict it had. */
    unsigned before = desk->verdict_count;

    court_assign(desk, &first);
    court_await(court, &desk->verdict_count, before + 1);
    hash_bytes(first.payload, &id);
    assert_true(digest_equal(&desk->docket, &id));
    assert_int_equal(desk->reason, MESSAGE_CLOCK);
}

static void papers_come_only_for_what_was_signed(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message fetch = {.kind = MESSAGE_FETCH};

    fetch.fetch.item = MESSAGE_ITEM_PAPERS;
    for (uint32_t i = 0; i < 300; i++) {
        fetch.fetch.index = i % MESSAGE_CASES_MAX;
        fetch.fetch.digest.data[0] = (uint8_t)(i / MESSAGE_CASES_MAX);
        court_send(desk, &fetch);
    }
    court_await(court, &desk->papers_count, 300);
    assert_int_equal(desk->papers_size, 0);
    must_assess(desk);
    fetch.fetch.digest = desk->docket;
    fetch.fetch.index = 1; /* There is one case. */
    court_send(desk, &fetch);
    court_await(court, &desk->papers_count, 301);
    assert_int_equal(desk->papers_size, 0);
    fetch.fetch.index = 0;
    court_send(desk, &fetch);
    court_await(court, &desk->papers_count, 302);
    assert_true(desk->papers_size > 1000);
}

static void papers_that_wait_for_a_bundle_do_not_hold_up_a_verdict(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message fetch = {.kind = MESSAGE_FETCH};

    must_assess(desk);
    fetch.fetch.item = MESSAGE_ITEM_PAPERS;
    fetch.fetch.digest = desk->docket;
    /* Now both are silent: the papers are stuck. */
    desk->manner = MANNER_SILENT;
    court->desks[1].manner = MANNER_SILENT;
    unsigned asked = desk->fetch_count;

    court_send(desk, &fetch);
    court_await(court, &desk->fetch_count, asked + 1);
    court->desks[1].manner = MANNER_HONEST;
    uint64_t began_ms = loop_now_ms();

    struct message_signed docket = court_docket(&court->desks[1], 2000, 0);
    unsigned verdicts = court->desks[1].verdict_count;

    court_assign(&court->desks[1], &docket);
    court_await(court, &court->desks[1].verdict_count, verdicts + 1);
    assert_true(loop_now_ms() < began_ms + HELD_UP_MS);
    /* And the papers come all the same. */
    unsigned before = desk->papers_count;

    desk->manner = MANNER_HONEST;
    court_await(court, &desk->papers_count, before + 1);
    assert_true(desk->papers_size > 1000);
}

static void a_book_that_does_not_check_does_not_stand_in_the_way(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed docket = court_docket(desk, 1, 0);
    struct court_value value;

    court_assign(desk, &docket);
    court_await(court, &desk->verdict_count, 1);
    court_value(desk, &docket, 0, &value);
    court_certify(court, &value);
    value.propose.propose.book.verdict_count = 2; /* One is missing. */
    court_send(desk, &value.propose);
    court_settle(desk);
    court_send(desk, &value.certify); /* The others have the whole book. */
    court_await(court, &desk->value_fetch_count, 1);
    assert_int_equal(desk->counts[MESSAGE_COMMIT], 0);
    value.propose.propose.book.verdict_count = 3;
    court_send(desk, &value.propose);
    court_await(court, &desk->counts[MESSAGE_COMMIT], 1);
    court_await(court, &court->desks[1].counts[MESSAGE_COMMIT], 1);
}

static void a_seat_whose_assessor_does_not_start_does_not_greet(void **state)
{
    struct court *court = *state;
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;

    /* Three attempts later the first heartbeats are long past. */
    while (!court_log_has(court, "trying again in 800 ms")) {
        assert_true(loop_now_ms() < until_ms);
        court_serve(court, 5);
    }
    assert_int_equal(court->desks[0].hello_count, 0);
    assert_int_equal(court->desks[1].hello_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, court_set_up, court_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_verdict_is_sent_to_all_and_never_made_again),
        TEST(what_is_no_message_is_dropped_and_does_not_fill_the_log),
        TEST(a_docket_that_is_not_its_homes_is_dropped),
        TEST(parts_that_nobody_asked_for_change_nothing),
        TEST(a_bundle_of_another_size_is_fetched_elsewhere),
        TEST(a_bundle_that_is_another_is_fetched_elsewhere),
        TEST(a_bundle_that_is_missing_is_fetched_elsewhere),
        TEST(many_open_dockets_do_not_shut_out_another_coordinator),
        TEST(papers_come_only_for_what_was_signed),
        TEST(papers_that_wait_for_a_bundle_do_not_hold_up_a_verdict),
        TEST(a_book_that_does_not_check_does_not_stand_in_the_way),
        cmocka_unit_test_setup_teardown(a_seat_whose_assessor_does_not_start_does_not_greet,
                                        court_set_up_without_rules, court_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
