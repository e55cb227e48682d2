/* A coordinator's shell in a council that has several, with dockets that another one opened: it
 * learns of them, sees them through later views, and keeps proofs of who lied. The tests are the
 * seats, and the other coordinators. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include "tests/coordinator/desk.h"

#include "coordinator/ledger.h"

#define COORDINATORS 3
#define SELF         1 /* Chair of view 2 in dockets of home 0. */

/* ---- what the home says ---- */

/* The docket that FIXTURE has heard, as coordinator 0 signed it. */
static struct message_signed home_docket(struct desk *desk, uint64_t serial)
{
    struct message_docket docket = desk->fixture->docket.docket;
    struct message_signed message;
    struct buffer payload = {0};

    docket.serial = serial;
    codec_payload_encode_docket(&docket, &payload);
    message.payload = keep(desk, &payload);
    sign_payload(desk->fixture->coordinator, MESSAGE_TYPE_DOCKET, message.payload,
                 message.signature);
    return message;
}

static void say_docket(struct desk *desk, uint8_t seat, const struct message_signed *docket)
{
    struct message message = {.kind = MESSAGE_ASSIGN};

    message.assign.docket = *docket;
    say(desk, seat, &message);
}

/* Coordinator 1 of three, which knows nothing yet; the seats know docket 1 of coordinator 0. */
static struct desk *open_watcher(void)
{
    struct desk *desk = desk_create_wide(5, 1, COORDINATORS, SELF);
    struct message_signed docket = home_docket(desk, 1);
    struct error error;

    require(verify_docket(&desk->fixture->roster, &docket, desk->arena, &desk->docket, &error),
            &error);
    desk->docket.criterion_count = fixture_catalog()->criterion_count;
    return desk;
}

/* Seat 0 speaks of the docket, and is asked for it. */
static struct desk *open_learned(void)
{
    struct desk *desk = open_watcher();
    struct message_signed docket = home_docket(desk, 1);

    say_verdict(desk, 0);
    assert_null(docket_of(desk));
    struct message fetch = last_sent(desk, MESSAGE_FETCH);

    assert_int_equal(fetch.fetch.item, MESSAGE_ITEM_DOCKET);
    assert_true(digest_equal(&fetch.fetch.digest, &desk->docket.scope.docket));
    say_docket(desk, 0, &docket);
    assert_non_null(docket_of(desk));
    assert_up_to(desk, CHAIR_WATCHING);
    assert_int_equal(count_sent(desk, MESSAGE_ASSIGN), 5);
    desk->served_count = desk->sent_count;
    return desk;
}

/* ---- values, QCs and TCs ---- */

static struct report_source source_of(struct desk *desk)
{
    return (struct report_source){
        .roster = &desk->fixture->roster, .catalog = fixture_catalog(), .docket = &desk->docket};
}

/* The PROPOSE frame of coordinator 0 in view 1, of the verdicts of all seats; their statement. */
static struct bytes home_proposal(struct desk *desk)
{
    struct report_source source = source_of(desk);
    struct message message = {.kind = MESSAGE_PROPOSE};
    struct message_propose propose = {
        .roster = desk->fixture->roster.digest, .docket = desk->docket.scope.docket, .view = 1};
    struct bytes frames[MESSAGE_SEATS_MAX];
    struct ledger_voices voices = {.frames = frames};
    struct ledger *ledger = NULL;
    struct buffer buffer = {0};
    struct error error;

    for (uint8_t seat = 0; seat < 5; seat++) {
        struct message verdict = make_verdict(desk, seat, 0);

        require(codec_frame_encode(&verdict, &buffer, &error), &error);
        frames[seat] = keep(desk, &buffer);
        seat_set_add(&voices.seats, seat);
    }
    require(ledger_make(&source, &voices, &ledger, &error), &error);
    desk->statement = ledger->statement;
    propose.book = ledger->verified.digest;
    propose.value = *ledger_value(ledger);
    codec_payload_encode_propose(&propose, &buffer);
    message.propose.propose.payload = keep(desk, &buffer);
    sign_payload(desk->fixture->coordinator, MESSAGE_TYPE_PROPOSE, message.propose.propose.payload,
                 message.propose.propose.signature);
    message.propose.book = ledger->book;
    require(codec_frame_encode(&message, &buffer, &error), &error);
    ledger_destroy(ledger);
    return keep(desk, &buffer);
}

static void say_frame(struct desk *desk, uint8_t seat, struct bytes bytes)
{
    struct buffer frame = {0};

    buffer_append(&frame, bytes.data, bytes.size);
    deliver(desk, seat, &frame);
}

/* The QC of view 1 for VALUE, by the first four seats. */
static struct bytes make_qc(struct desk *desk, const struct digest *value)
{
    struct message_vote votes[4];
    struct message_qc qc = {.vote_count = 4, .votes = votes};
    struct buffer encoded = {0};
    uint32_t view = desk->view;

    desk->view = 1;
    qc.payload = prepare_payload(desk, 1, value);
    desk->view = view;
    for (uint8_t seat = 0; seat < 4; seat++) {
        votes[seat].seat = seat;
        sign_payload(desk->fixture->seats[seat], MESSAGE_TYPE_PREPARE, qc.payload,
                     votes[seat].signature);
    }
    codec_part_encode_qc(&qc, &encoded);
    return keep(desk, &encoded);
}

/* SEAT's wish for VIEW, with the QC of view 1 for VALUE, or without one. */
static struct message make_new_view(struct desk *desk, uint8_t seat, uint32_t view,
                                    const struct digest *value)
{
    struct message message = {.kind = MESSAGE_NEW_VIEW};
    struct message_new_view report = {
        .roster = desk->fixture->roster.digest, .docket = desk->docket.scope.docket, .view = view};
    struct buffer payload = {0};

    if (value != NULL) {
        report.qc_view = 1;
        report.qc_value = *value;
        message.new_view.qc = make_qc(desk, value);
    }
    codec_payload_encode_new_view(&report, &payload);
    message.new_view.seat = seat;
    message.new_view.report.payload = keep(desk, &payload);
    sign_payload(desk->fixture->seats[seat], MESSAGE_TYPE_NEW_VIEW, message.new_view.report.payload,
                 message.new_view.report.signature);
    return message;
}

static void say_new_view(struct desk *desk, uint8_t seat, uint32_t view, const struct digest *value)
{
    struct message message = make_new_view(desk, seat, view, value);

    say(desk, seat, &message);
}

/* The seats have entered the view of the TC that was sent last. */
static void follow_tc(struct desk *desk)
{
    struct message message = last_sent(desk, MESSAGE_TC);
    struct verify_tc tc;
    struct error error;

    require(verify_tc(&desk->docket.scope, message.tc.tc, desk->arena, &tc, &error), &error);
    desk->view = tc.tc.view;
    desk->tc = tc.digest;
}

/* Four seats ask for view 2, whose chair this coordinator is. */
static struct desk *open_at_view_2(const struct digest *value)
{
    struct desk *desk = open_learned();

    for (uint8_t seat = 0; seat < 4; seat++) {
        say_new_view(desk, seat, 2, value);
    }
    assert_int_equal(count_sent(desk, MESSAGE_TC), 5);
    follow_tc(desk);
    assert_int_equal(desk->view, 2);
    return desk;
}

static struct message last_fetch(struct desk *desk, enum message_item item)
{
    struct message message = last_sent(desk, MESSAGE_FETCH);

    assert_int_equal(message.fetch.item, item);
    return message;
}

/* Who was asked for a value last. */
static uint8_t last_asked(struct desk *desk)
{
    size_t at = desk->sent_count;

    (void)last_fetch(desk, MESSAGE_ITEM_VALUE);
    while (desk->sent[at - 1].kind != MESSAGE_FETCH) {
        at--;
    }
    return desk->sent[at - 1].seat;
}

/* ---- learning of a docket ---- */

static void a_docket_is_learned_from_any_message_that_names_it(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 5; how++) {
        struct desk *desk = open_watcher();
        struct message_signed docket = home_docket(desk, 1);
        struct message message = {.kind = MESSAGE_TC};
        struct buffer certificate = {0};

        (void)home_proposal(desk);
        switch (how) {
        case 0:
            say_verdict(desk, 3);
            break;
        case 1:
            say_commit(desk, 3);
            break;
        case 2:
            say_new_view(desk, 3, 2, NULL);
            break;
        case 3:
            message.tc.docket = desk->docket.scope.docket;
            message.tc.tc = bytes_of_text("it is not looked at before the docket is here");
            say(desk, 3, &message);
            break;
        default:
            fixture_certify(desk->fixture, 4, &certificate);
            message.kind = MESSAGE_DECIDE;
            message.decide.docket = desk->docket.scope.docket;
            message.decide.certificate = buffer_bytes(&certificate);
            say(desk, 3, &message);
            break;
        }
        assert_int_equal(count_sent(desk, MESSAGE_FETCH), 1);
        assert_int_equal(desk->sent[desk->sent_count - 1].seat, 3);
        say_docket(desk, 3, &docket);
        assert_non_null(docket_of(desk));
        assert_int_equal(counts_of(desk).foreign_dockets, 1);
        restart(desk);
        assert_up_to(desk, CHAIR_WATCHING);
        buffer_finish(&certificate);
        desk_destroy(desk);
    }
}

static void a_docket_that_an_abstention_names_is_learned(void **state)
{
    struct desk *desk = open_learned();
    struct message message = {.kind = MESSAGE_VERDICT};
    struct message_entry entries[CASES] = {{.reason = MESSAGE_BOUND, .digest = {{0xEE}}},
                                           {.reason = MESSAGE_CONCLUDED, .digest = {{0xEF}}}};
    struct message_verdict verdict = {.roster = desk->fixture->roster.digest,
                                      .docket = desk->docket.scope.docket,
                                      .seat = 2,
                                      .assessed_at = desk->docket.docket.as_of,
                                      .entry_count = CASES,
                                      .entries = entries};
    struct message_signed signed_verdict;
    struct buffer payload = {0};

    (void)state;
    codec_payload_encode_verdict(&verdict, &payload);
    signed_verdict.payload = keep(desk, &payload);
    sign_payload(desk->fixture->seats[2], MESSAGE_TYPE_VERDICT, signed_verdict.payload,
                 signed_verdict.signature);
    message.verdict.verdict_count = 1;
    message.verdict.verdicts = &signed_verdict;
    desk->sent_count = 0;
    say(desk, 2, &message);
    assert_int_equal(count_sent(desk, MESSAGE_FETCH), 2);
    struct message fetch = last_fetch(desk, MESSAGE_ITEM_DOCKET);

    assert_int_equal(fetch.fetch.digest.data[0], 0xEF);
    desk_destroy(desk);
}

static void a_docket_that_nobody_asked_for_is_not_taken(void **state)
{
    struct desk *desk = open_watcher();
    struct message_signed docket = home_docket(desk, 1);
    struct message_signed forged = docket;

    (void)state;
    say_docket(desk, 0, &docket);
    assert_null(docket_of(desk));
    say_verdict(desk, 0);
    forged.signature[5] ^= 1;
    say_docket(desk, 0, &forged);
    assert_null(docket_of(desk));
    assert_int_equal(desk->coordinator->malformed_count, 1);
    assert_int_equal(counts_of(desk).dockets, 0);
    desk_destroy(desk);
}

/* Eight searches at most run for one seat, and each ends. */
static void a_seat_that_invents_dockets_is_asked_for_few_of_them(void **state)
{
    struct desk *desk = open_watcher();
    struct message message = {.kind = MESSAGE_TC};

    (void)state;
    message.tc.tc = bytes_of_text("nothing");
    for (unsigned i = 0; i < 1000; i++) {
        message.tc.docket = (struct digest){{(uint8_t)(i >> 8), (uint8_t)i, 1}};
        say(desk, 0, &message);
    }
    desk->sent_count = 0;
    for (unsigned i = 0; i < 60; i++) {
        clock_ms += 500;
        search_tick(desk->coordinator);
    }
    assert_true(count_sent(desk, MESSAGE_FETCH) <= SEARCH_PER_SEAT_MAX * 30);
    desk->sent_count = 0;
    clock_ms += 500;
    search_tick(desk->coordinator);
    assert_int_equal(count_sent(desk, MESSAGE_FETCH), 0);
    desk_destroy(desk);
}

/* Nobody has it: one round of questions, and then one a second. */
static void seats_that_have_nothing_are_not_asked_in_a_circle(void **state)
{
    struct desk *desk = open_watcher();
    struct message message = {.kind = MESSAGE_TC};
    struct message nothing = {.kind = MESSAGE_ITEM};

    (void)state;
    message.tc.docket = other_value;
    message.tc.tc = bytes_of_text("nothing");
    nothing.item.item = MESSAGE_ITEM_DOCKET;
    nothing.item.digest = other_value;
    say(desk, 2, &message);
    for (unsigned i = 0; i < 100; i++) {
        say(desk, desk->sent[desk->sent_count - 1].seat, &nothing);
        say(desk, 4, &nothing);
    }
    assert_int_equal(count_sent(desk, MESSAGE_FETCH), 1 + 5);
    clock_ms += SEARCH_MS;
    search_tick(desk->coordinator);
    assert_int_equal(count_sent(desk, MESSAGE_FETCH), 1 + 5 + 1);
    desk_destroy(desk);
}

/* Seat 0 names it first, again and again, and says nothing; seat 3 has it. */
static void a_seat_that_names_a_docket_first_does_not_keep_it_from_being_learned(void **state)
{
    struct desk *desk = open_watcher();
    struct message_signed docket = home_docket(desk, 1);

    (void)state;
    say_new_view(desk, 0, 2, NULL);
    for (unsigned i = 0; i < 10; i++) {
        say_new_view(desk, 0, 2, NULL);
        say_new_view(desk, 3, 2, NULL);
    }
    assert_int_equal(count_sent(desk, MESSAGE_FETCH), 2);
    assert_int_equal(desk->sent[desk->sent_count - 1].seat, 3);
    say_docket(desk, 3, &docket);
    assert_non_null(docket_of(desk));
    desk_destroy(desk);
}

/* Seat 0 names docket SERIAL of the home, and brings it. */
static void bring_docket(struct desk *desk, uint64_t serial)
{
    struct message message = {.kind = MESSAGE_TC};
    struct message_signed docket = home_docket(desk, serial);

    hash_bytes(docket.payload, &message.tc.docket);
    message.tc.tc = bytes_of_text("nothing");
    say(desk, 0, &message);
    say_docket(desk, 0, &docket);
}

static void a_home_cannot_fill_another_coordinators_memory(void **state)
{
    struct desk *desk = open_watcher();

    (void)state;
    for (uint64_t serial = 1; serial <= SEARCH_UNFINISHED_MAX + 3; serial++) {
        bring_docket(desk, serial);
    }
    assert_int_equal(desk->coordinator->failure.code, 0);
    assert_int_equal(counts_of(desk).dockets, SEARCH_UNFINISHED_MAX);
    assert_int_equal(desk->coordinator->malformed_count, 3);
    desk_destroy(desk);
}

/* It asks for a value again and again, and may not read what it gets. */
static void a_seat_is_given_so_much_and_no_more(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);
    struct message fetch = {.kind = MESSAGE_FETCH};
    struct coordinator_seat *greedy = &desk->coordinator->seats[2];

    (void)state;
    fetch.fetch.item = MESSAGE_ITEM_VALUE;
    fetch.fetch.digest = desk->statement.value;
    desk->sent_count = 0;
    greedy->given_size = COORDINATOR_GIVEN_MAX - 1;
    greedy->given_ms = clock_ms;
    for (unsigned i = 0; i < 100; i++) {
        say(desk, 2, &fetch);
        fetch.fetch.item = i % 2 == 0 ? MESSAGE_ITEM_DOCKET : MESSAGE_ITEM_VALUE;
    }
    assert_int_equal(desk->sent_count, 1);
    say(desk, 3, &fetch);
    assert_int_equal(desk->sent_count, 2);
    clock_ms += 60000;
    say(desk, 2, &fetch);
    assert_int_equal(desk->sent_count, 3);
    desk_destroy(desk);
}

/* The store is an old copy: what is signed next could contradict what was signed before. */
static void a_docket_of_ones_own_that_the_store_lacks_ends_the_coordinator(void **state)
{
    struct desk *desk = desk_create_wide(5, 1, COORDINATORS, 0);
    struct message_signed docket = home_docket(desk, 1);
    struct message message = {.kind = MESSAGE_TC};

    (void)state;
    hash_bytes(docket.payload, &message.tc.docket);
    message.tc.tc = bytes_of_text("nothing");
    say(desk, 0, &message);
    say_docket(desk, 0, &docket);
    assert_int_equal(desk->coordinator->failure.code, ERROR_CONFLICT);
    assert_non_null(strstr(desk->coordinator->failure.message, "old copy"));
    assert_null(docket_of(desk));
    desk_destroy(desk);
}

/* Who knows the cases that wait can tell the docket before it is made, but for its second. */
static void a_docket_that_was_named_before_it_was_made_ends_nobody(void **state)
{
    struct desk *desk = desk_create_wide(5, 1, COORDINATORS, 0);
    struct message_docket guess = desk->fixture->docket.docket;
    struct message message = {.kind = MESSAGE_TC};
    struct buffer payload = {0};

    (void)state;
    guess.serial = 1;
    guess.as_of = coordinator_clock_ms() / 1000;
    message.tc.tc = bytes_of_text("nothing");
    for (unsigned i = 0; i < SEARCH_PER_SEAT_MAX; i++, guess.as_of++) {
        codec_payload_encode_docket(&guess, &payload);
        hash_bytes(buffer_bytes(&payload), &message.tc.docket);
        buffer_finish(&payload);
        say(desk, 4, &message);
    }
    hand_in(desk);
    clerk_take_cases(desk->coordinator);
    assert_non_null(docket_of(desk));
    message = last_sent(desk, MESSAGE_ASSIGN);
    say(desk, 4, &message);
    assert_int_equal(desk->coordinator->failure.code, 0);
    assert_int_equal(desk->coordinator->malformed_count, 0);
    assert_int_equal(counts_of(desk).dockets, 1);
    desk_destroy(desk);
}

/* ---- later views ---- */

static void a_docket_whose_home_is_silent_is_finished_here(void **state)
{
    struct desk *desk = open_learned();

    (void)state;
    serve(desk);
    assert_up_to(desk, CHAIR_WATCHING);
    for (uint8_t seat = 0; seat < 4; seat++) {
        assert_int_equal(count_sent(desk, MESSAGE_TC), 0);
        say_new_view(desk, seat, 2, NULL);
    }
    follow_tc(desk);
    serve_for(desk, 1000);
    assert_decided(desk);
    assert_int_equal(stored_certificate(desk)->statement.view, 2);
    assert_nobody_accused(desk);
    struct message propose = last_sent(desk, MESSAGE_PROPOSE);

    assert_true(propose.propose.tc.size > 0);
    desk_destroy(desk);
}

static void a_chair_of_a_later_view_that_restarts_goes_on(void **state)
{
    static const enum chair_phase phases[] = {CHAIR_PREPARING, CHAIR_COMMITTING, CHAIR_CERTIFIED};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct desk *desk = open_at_view_2(NULL);

        say_each(desk, say_verdict, 5);
        study(desk);
        if (phases[i] >= CHAIR_COMMITTING) {
            say_each(desk, say_prepare, 5);
        }
        if (phases[i] == CHAIR_CERTIFIED) {
            say_each(desk, say_commit, 4);
        }
        assert_up_to(desk, phases[i]);
        restart(desk);
        assert_up_to(desk, CHAIR_PREPARING);
        assert_int_equal(docket_of(desk)->chair.view, 2);
        serve_for(desk, 1000);
        assert_decided(desk);
        assert_nobody_accused(desk);
        desk_destroy(desk);
    }
}

/* A relayed wish is the signed half alone. */
static void what_f_plus_one_seats_ask_for_is_told_to_the_others(void **state)
{
    struct desk *desk = open_learned();
    struct message_new_view report;
    struct error error;

    (void)state;
    say_new_view(desk, 3, 4, NULL);
    assert_int_equal(count_sent(desk, MESSAGE_NEW_VIEW), 0);
    (void)last_fetch(desk, MESSAGE_ITEM_CERTIFICATE);
    say_new_view(desk, 1, 5, NULL);
    assert_int_equal(count_sent(desk, MESSAGE_NEW_VIEW), 2 * 3);
    struct message relayed = last_sent(desk, MESSAGE_NEW_VIEW);

    assert_int_equal(relayed.new_view.qc.size, 0);
    assert_int_equal(relayed.new_view.tc.size, 0);
    require(verify_report(&desk->docket.scope, &relayed.new_view.report, relayed.new_view.seat,
                          &report, &error),
            &error);
    assert_int_equal(report.view, relayed.new_view.seat == 3 ? 4 : 5);
    desk_destroy(desk);
}

static void the_tc_that_comes_with_a_wish_is_entered_and_passed_on(void **state)
{
    struct desk *desk = open_learned();
    struct message_signed reports[4];
    uint8_t seats[4];
    struct message_tc tc = {.view = 3, .report_count = 4, .reports = reports, .seats = seats};
    struct message wish = make_new_view(desk, 4, 4, NULL);
    struct buffer encoded = {0};

    (void)state;
    for (uint8_t seat = 0; seat < 4; seat++) {
        seats[seat] = seat;
        reports[seat] = make_new_view(desk, seat, 3, NULL).new_view.report;
    }
    codec_part_encode_tc(&tc, &encoded);
    wish.new_view.tc = keep(desk, &encoded);
    say(desk, 4, &wish);
    assert_int_equal(docket_of(desk)->chair.view, 3);
    assert_up_to(desk, CHAIR_WATCHING); /* Coordinator 2 is its chair. */
    struct message sent = last_sent(desk, MESSAGE_TC);

    assert_true(bytes_equal(sent.tc.tc, wish.new_view.tc));
    desk_destroy(desk);
}

static void wishes_with_bad_attachments_are_dropped(void **state)
{
    struct desk *desk = open_learned();
    struct message message;

    (void)state;
    (void)home_proposal(desk);
    message = make_new_view(desk, 0, 2, &desk->statement.value);
    message.new_view.qc = (struct bytes){0};
    say(desk, 0, &message);
    message = make_new_view(desk, 0, 2, &desk->statement.value);
    message.new_view.qc = make_qc(desk, &other_value);
    say(desk, 0, &message);
    message = make_new_view(desk, 0, 2, NULL);
    message.new_view.tc = bytes_of_text("no TC");
    say(desk, 0, &message);
    message = make_new_view(desk, 1, 2, NULL);
    say(desk, 0, &message); /* Another seat's. */
    assert_int_equal(desk->coordinator->malformed_count, 4);
    assert_int_equal(docket_of(desk)->chair.reports[0].view, 0);
    assert_nobody_accused(desk);
    desk_destroy(desk);
}

/* ---- values that are elsewhere ---- */

static void the_value_of_the_highest_qc_is_fetched_and_proposed_again(void **state)
{
    struct desk *desk = open_watcher();
    struct bytes proposal = home_proposal(desk);
    struct digest value = desk->statement.value;
    struct digest book;

    (void)state;
    desk_destroy(desk);
    desk = open_at_view_2(&value);
    proposal = home_proposal(desk);
    assert_true(digest_equal(&desk->statement.value, &value));
    assert_up_to(desk, CHAIR_RECOVERING);
    struct message fetch = last_fetch(desk, MESSAGE_ITEM_VALUE);

    assert_true(digest_equal(&fetch.fetch.digest, &value));
    assert_int_equal(count_sent(desk, MESSAGE_PROPOSE), 0);
    say_frame(desk, last_asked(desk), proposal);
    assert_up_to(desk, CHAIR_PREPARING);
    book = docket_of(desk)->chair.book;
    struct message propose = last_sent(desk, MESSAGE_PROPOSE);
    struct message_propose payload;
    struct error error;

    require(codec_payload_decode_propose(propose.propose.propose.payload, &payload, &error),
            &error);
    assert_int_equal(payload.view, 2);
    assert_true(digest_equal(&payload.value, &value));
    assert_true(digest_equal(&payload.book, &book));
    desk->statement.view = 2;
    serve_for(desk, 1000);
    assert_decided(desk);
    assert_nobody_accused(desk);
    desk_destroy(desk);
}

static void seats_are_asked_for_a_value_until_one_has_it(void **state)
{
    struct desk *desk = open_watcher();
    struct seat_set asked = {{0, 0}};
    struct message nothing = {.kind = MESSAGE_ITEM};
    struct bytes proposal;
    struct digest value;

    (void)state;
    (void)home_proposal(desk);
    value = desk->statement.value;
    desk_destroy(desk);
    desk = open_at_view_2(&value);
    proposal = home_proposal(desk);
    nothing.item.item = MESSAGE_ITEM_VALUE;
    nothing.item.digest = value;
    for (unsigned turn = 0; turn < 5; turn++) {
        uint8_t seat = last_asked(desk);

        assert_false(seat_set_has(&asked, seat));
        seat_set_add(&asked, seat);
        if (turn % 2 == 0) {
            say(desk, seat, &nothing);
        } else {
            pass(desk, FETCH_MS);
            (void)docket_tick(docket_of(desk));
        }
    }
    assert_int_equal(seat_set_count(&asked), 5);
    desk->sent_count = 0;
    for (unsigned i = 0; i < 100; i++) {
        say(desk, (uint8_t)(i % 5), &nothing);
    }
    assert_true(count_sent(desk, MESSAGE_FETCH) <= 5);
    pass(desk, FETCH_MS);
    (void)docket_tick(docket_of(desk));
    say_frame(desk, last_asked(desk), proposal);
    assert_up_to(desk, CHAIR_PREPARING);
    desk_destroy(desk);
}

static void a_value_that_a_later_view_has_overtaken_is_let_go(void **state)
{
    struct desk *desk = open_watcher();
    struct bytes proposal;
    struct digest value;

    (void)state;
    (void)home_proposal(desk);
    value = desk->statement.value;
    desk_destroy(desk);
    desk = open_at_view_2(&value);
    proposal = home_proposal(desk);
    assert_up_to(desk, CHAIR_RECOVERING);
    uint8_t asked = last_asked(desk);

    for (uint8_t seat = 0; seat < 4; seat++) {
        say_new_view(desk, seat, 3, &value);
    }
    assert_up_to(desk, CHAIR_WATCHING);
    say_frame(desk, asked, proposal);
    assert_null(docket_of(desk)->ledger);
    desk->sent_count = 0;
    pass(desk, FETCH_MS);
    (void)docket_tick(docket_of(desk));
    assert_int_equal(count_sent(desk, MESSAGE_FETCH), 0);
    desk_destroy(desk);
}

/* COMMITs of a view of another chair's: the certificate is stored at once, the cases are decided
 * when the book behind it is here, and those who brought it are told then. */
static void a_certificate_waits_for_its_value_through_a_restart(void **state)
{
    struct desk *desk = open_learned();
    struct bytes proposal = home_proposal(desk);
    struct message certificate = {.kind = MESSAGE_DECIDE};
    struct buffer envelope = {0};
    struct error error;

    (void)state;
    say_each(desk, say_commit, 3);
    assert_up_to(desk, CHAIR_WATCHING);
    say_commit(desk, 3);
    assert_up_to(desk, CHAIR_CERTIFIED);
    pass(desk, SETTLE_MS);
    assert_up_to(desk, CHAIR_DECIDED);
    assert_int_equal(stored_certificate(desk)->vote_count, 4);
    assert_int_equal(counts_of(desk).decided, 0);
    assert_int_equal(count_sent(desk, MESSAGE_DECIDE), 5);
    struct message fetch = last_fetch(desk, MESSAGE_ITEM_VALUE);

    assert_true(digest_equal(&fetch.fetch.digest, &desk->statement.value));

    restart(desk);
    assert_up_to(desk, CHAIR_DECIDED);
    (void)last_fetch(desk, MESSAGE_ITEM_VALUE);
    require(coordinator_store_result_certificate(desk->coordinator->http_store,
                                                 &desk->docket.scope.docket, &envelope, &error),
            &error);
    certificate.decide.docket = desk->docket.scope.docket;
    certificate.decide.certificate = buffer_bytes(&envelope);
    say(desk, 2, &certificate);
    assert_int_equal(count_sent(desk, MESSAGE_DONE), 0);
    say_frame(desk, last_asked(desk), proposal);
    assert_decided(desk);
    assert_int_equal(count_sent(desk, MESSAGE_DONE), 1);
    say(desk, 4, &certificate);
    assert_int_equal(count_sent(desk, MESSAGE_DONE), 2);
    assert_int_equal(count_sent(desk, MESSAGE_FETCH), 1); /* No papers: they are the home's. */
    assert_nobody_accused(desk);
    buffer_finish(&envelope);
    desk_destroy(desk);
}

/* This coordinator was away for so long that no seat keeps the book any more. */
static void a_book_that_nobody_has_takes_no_room_for_ever(void **state)
{
    struct desk *desk = open_learned();
    struct message certificate = {.kind = MESSAGE_DECIDE};
    struct buffer envelope = {0};
    struct error error;

    (void)state;
    (void)home_proposal(desk);
    say_each(desk, say_commit, 4);
    pass(desk, SETTLE_MS);
    assert_up_to(desk, CHAIR_DECIDED);
    for (uint64_t serial = 2; serial <= SEARCH_UNFINISHED_MAX + 1; serial++) {
        bring_docket(desk, serial);
    }
    assert_int_equal(counts_of(desk).dockets, SEARCH_UNFINISHED_MAX);
    clock_ms += 100000;
    bring_docket(desk, SEARCH_UNFINISHED_MAX + 1);
    assert_int_equal(counts_of(desk).dockets, SEARCH_UNFINISHED_MAX + 1);
    assert_null(docket_find(desk->coordinator, &desk->docket.scope.docket));
    require(coordinator_store_result_certificate(desk->coordinator->http_store,
                                                 &desk->docket.scope.docket, &envelope, &error),
            &error);
    certificate.decide.docket = desk->docket.scope.docket;
    certificate.decide.certificate = buffer_bytes(&envelope);
    say(desk, 2, &certificate);
    assert_int_equal(count_sent(desk, MESSAGE_DONE), 1); /* It has what can be had. */
    bring_docket(desk, SEARCH_UNFINISHED_MAX + 2);       /* The others are not decided. */
    assert_int_equal(counts_of(desk).dockets, SEARCH_UNFINISHED_MAX + 1);
    restart(desk);
    assert_int_equal(docket_of(desk)->chair.phase, CHAIR_DECIDED);
    (void)last_fetch(desk, MESSAGE_ITEM_VALUE);
    buffer_finish(&envelope);
    desk_destroy(desk);
}

/* A liar's statement under the same D, before anybody here can tell which is right. */
static void commits_on_a_value_that_is_not_here_count_on_equal_bytes_alone(void **state)
{
    struct desk *desk = open_learned();
    struct statement honest;
    struct bytes proposal = home_proposal(desk);

    (void)state;
    honest = desk->statement;
    desk->statement.assessed_at++;
    say_commit(desk, 0);
    desk->statement = honest;
    for (uint8_t seat = 1; seat < 4; seat++) {
        say_commit(desk, seat);
    }
    assert_up_to(desk, CHAIR_WATCHING);
    say_commit(desk, 4);
    assert_up_to(desk, CHAIR_CERTIFIED);
    pass(desk, SETTLE_MS);
    assert_false(seat_set_has(&stored_certificate(desk)->signers, 0));
    say_frame(desk, last_asked(desk), proposal);
    assert_decided(desk);
    assert_nobody_accused(desk);
    desk_destroy(desk);
}

static void a_certificate_that_a_seat_brings_decides(void **state)
{
    struct desk *desk = open_learned();
    struct message message = {.kind = MESSAGE_DECIDE};
    struct bytes proposal = home_proposal(desk);
    struct message_vote votes[4];
    struct buffer envelope = {0};
    struct bytes statement = commit_payload(desk, 1, &desk->statement.value);

    (void)state;
    fixture_sign(desk->fixture, statement, 4, votes);
    certificate_write(&desk->fixture->roster, statement, votes, 3, &envelope);
    message.decide.docket = desk->docket.scope.docket;
    message.decide.certificate = buffer_bytes(&envelope);
    say(desk, 3, &message);
    assert_int_equal(desk->coordinator->malformed_count, 1);
    buffer_clear(&envelope);
    certificate_write(&desk->fixture->roster, statement, votes, 4, &envelope);
    message.decide.certificate = buffer_bytes(&envelope);
    say(desk, 3, &message);
    assert_up_to(desk, CHAIR_DECIDED);
    say_frame(desk, last_asked(desk), proposal);
    assert_decided(desk);
    assert_int_equal(count_sent(desk, MESSAGE_DONE), 1);
    /* It is repeated, to those who have not got it. */
    pass(desk, 1000);
    assert_int_equal(count_sent(desk, MESSAGE_DECIDE), 4);
    buffer_finish(&envelope);
    desk_destroy(desk);
}

static void certificates_for_two_values_are_both_kept(void **state)
{
    struct desk *desk = open_learned();
    struct message message = {.kind = MESSAGE_DECIDE};
    struct bytes statements[2];
    struct message_vote votes[4];

    (void)state;
    (void)home_proposal(desk);
    statements[0] = commit_payload(desk, 1, &desk->statement.value);
    statements[1] = commit_payload(desk, 2, &other_value);
    message.decide.docket = desk->docket.scope.docket;
    for (size_t i = 0; i < 2; i++) {
        struct buffer envelope = {0};

        fixture_sign(desk->fixture, statements[i], 4, votes);
        certificate_write(&desk->fixture->roster, statements[i], votes, 4, &envelope);
        message.decide.certificate = keep(desk, &envelope);
        say(desk, 3, &message);
        say(desk, 3, &message);
    }
    assert_int_equal(counts_of(desk).conflicts, 1);
    assert_int_equal(desk->coordinator->failure.code, 0);
    desk_destroy(desk);
}

/* ---- misconduct ---- */

static void assert_caught(struct desk *desk, enum misconduct kind)
{
    struct proof proofs[4];

    assert_int_equal(read_proofs(desk, proofs, 4), 1);
    assert_int_equal(proofs[0].kind, kind);
    assert_int_equal(proofs[0].signer, 0);
}

static void two_wishes_for_one_view_are_a_proof(void **state)
{
    struct desk *desk = open_learned();

    (void)state;
    (void)home_proposal(desk);
    say_new_view(desk, 0, 2, NULL);
    say_new_view(desk, 0, 2, NULL);
    assert_nobody_accused(desk);
    say_new_view(desk, 0, 2, &desk->statement.value);
    assert_caught(desk, MISCONDUCT_TWO_NEW_VIEWS);
    desk_destroy(desk);
}

/* In whichever order the two come. */
static void a_wish_that_denies_a_commit_is_a_proof(void **state)
{
    (void)state;
    for (unsigned order = 0; order < 2; order++) {
        struct desk *desk = open_learned();

        (void)home_proposal(desk);
        if (order == 0) {
            say_commit(desk, 0);
        }
        say_new_view(desk, 0, 2, NULL);
        if (order == 1) {
            say_commit(desk, 0);
        }
        assert_caught(desk, MISCONDUCT_AMNESIA);
        desk_destroy(desk);
    }
}

static void a_prepare_against_the_proof_of_its_view_is_a_proof(void **state)
{
    struct desk *desk = open_watcher();
    struct digest value;

    (void)state;
    (void)home_proposal(desk);
    value = desk->statement.value;
    desk_destroy(desk);
    desk = open_at_view_2(&value);
    say_vote(desk, MESSAGE_PREPARE, 1, prepare_payload(desk, 2, &value));
    assert_nobody_accused(desk);
    say_vote(desk, MESSAGE_PREPARE, 0, prepare_payload(desk, 2, &other_value));
    assert_caught(desk, MISCONDUCT_UNJUSTIFIED);
    desk_destroy(desk);
}

/* The same cases in another docket of the home's, which is a proof against the home, too, when the
 * serial is the same. */
static void learn_second(struct desk *desk, uint64_t serial, uint64_t later_s)
{
    struct message message = {.kind = MESSAGE_TC};
    struct message_signed docket;
    struct error error;

    desk->fixture->docket.docket.as_of += later_s;
    docket = home_docket(desk, serial);
    hash_bytes(docket.payload, &message.tc.docket);
    message.tc.tc = bytes_of_text("nothing");
    say(desk, 1, &message);
    say_docket(desk, 1, &docket);
    require(verify_docket(&desk->fixture->roster, &docket, desk->arena, &desk->docket, &error),
            &error);
    desk->docket.criterion_count = fixture_catalog()->criterion_count;
}

static void a_hearing_assessed_in_two_dockets_is_a_proof(void **state)
{
    (void)state;
    for (unsigned is_decided = 0; is_decided < 2; is_decided++) {
        struct desk *desk = open_learned();

        say_verdict(desk, 0);
        if (is_decided == 1) { /* Then the store knows what seat 0 has said. */
            struct bytes proposal = home_proposal(desk);

            say_each(desk, say_commit, 5);
            say_frame(desk, last_asked(desk), proposal);
            assert_decided(desk);
            docket_destroy(docket_of(desk));
        }
        assert_nobody_accused(desk);
        learn_second(desk, 2, 60);
        assert_nobody_accused(desk);
        say_verdict(desk, 0);
        assert_caught(desk, MISCONDUCT_TWO_HEARINGS);
        desk_destroy(desk);
    }
}

static void two_dockets_under_one_serial_are_a_proof_and_both_are_heard(void **state)
{
    struct desk *desk = open_learned();
    struct proof proofs[2];

    (void)state;
    learn_second(desk, 1, 60);
    assert_int_equal(counts_of(desk).dockets, 2);
    assert_int_equal(read_proofs(desk, proofs, 2), 1);
    assert_int_equal(proofs[0].kind, MISCONDUCT_TWO_PROPOSALS);
    assert_false(proofs[0].is_seat);
    assert_int_equal(proofs[0].signer, 0);
    desk_destroy(desk);
}

/* Everything that an honest seat ever said, again and again, in any order, before and after a
 * restart and the decision. */
static void replays_accuse_nobody(void **state)
{
    struct desk *desk = open_at_view_2(NULL);
    struct {
        uint8_t seat;
        struct message message;
    } said[64];
    size_t count = 0;

    (void)state;
    say_each(desk, say_verdict, 5);
    study(desk);
    for (uint8_t seat = 0; seat < 5; seat++) {
        const struct digest *value = &desk->statement.value;
        struct message messages[] = {
            make_verdict(desk, seat, 0), make_new_view(desk, seat, 2, NULL),
            make_vote(desk, MESSAGE_PREPARE, seat, prepare_payload(desk, 2, value)),
            make_vote(desk, MESSAGE_COMMIT, seat, commit_payload(desk, 2, value))};

        for (size_t i = 0; i < 4; i++) {
            said[count].seat = seat;
            said[count++].message = messages[i];
        }
    }
    for (unsigned round = 0; round < 6; round++) {
        for (size_t i = 0; i < count; i++) {
            size_t at = (i * 7 + round) % count;
            uint8_t by = round % 2 == 0 ? said[at].seat : (uint8_t)((said[at].seat + 1U) % 5);

            if (docket_of(desk) != NULL) {
                say(desk, by, &said[at].message);
            }
        }
        if (round == 1 || round == 3) {
            restart(desk);
        }
        pass(desk, 100);
    }
    serve_for(desk, 3000);
    assert_decided(desk);
    assert_nobody_accused(desk);
    desk_destroy(desk);
}

/* ---- a seat that says anything ---- */

static uint32_t draw(uint64_t *chance, uint32_t limit)
{
    *chance = *chance * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)((*chance >> 33) % limit);
}

/* Frames that only somebody faulty sends, well formed enough to be looked at. */
static void say_garbage(struct desk *desk, uint8_t seat, uint64_t *chance)
{
    struct message message = {.kind = MESSAGE_TC};
    struct buffer noise = {0};

    for (uint32_t size = 1 + draw(chance, 200); size > 0; size--) {
        buffer_append_byte(&noise, (uint8_t)draw(chance, 256));
    }
    message.tc.docket = desk->docket.scope.docket;
    message.tc.tc = keep(desk, &noise);
    if (draw(chance, 2) == 0) {
        message.kind = MESSAGE_DECIDE;
        message.decide.docket = desk->docket.scope.docket;
        message.decide.certificate = message.tc.tc;
    }
    say(desk, seat, &message);
}

static void lie(struct desk *desk, uint8_t seat, struct bytes proposal, uint64_t *chance)
{
    const struct digest *honest = &desk->statement.value;
    const struct digest *value = draw(chance, 2) == 0 ? honest : &other_value;
    uint32_t view = 1 + draw(chance, 4);
    struct message message;

    switch (draw(chance, 8)) {
    case 0:
        message = make_verdict(desk, seat, draw(chance, 3));
        say(desk, seat, &message);
        break;
    case 1:
        say_vote(desk, MESSAGE_PREPARE, seat, prepare_payload(desk, view, value));
        break;
    case 2:
        say_vote(desk, MESSAGE_COMMIT, seat, commit_payload(desk, view, value));
        break;
    case 3:
        say_new_view(desk, seat, view + 1, NULL);
        break;
    case 4:
        message = make_new_view(desk, seat, view + 1, value);
        message.new_view.qc = message.new_view.report.payload;
        say(desk, seat, &message);
        break;
    case 5:
        say_frame(desk, seat, proposal);
        break;
    case 6:
        say_done(desk, seat);
        break;
    default:
        say_garbage(desk, seat, chance);
        break;
    }
}

/* The honest seats answer what is to be answered; a PROPOSE brings the TC they vote under. */
static void serve_views(struct desk *desk, uint8_t liar)
{
    while (desk->served_count < desk->sent_count) {
        struct sent sent = desk->sent[desk->served_count++];
        struct message message;
        struct error error;

        if (sent.seat == liar) {
            continue;
        }
        if (sent.kind == MESSAGE_PROPOSE) {
            require(codec_frame_decode(sent.frame, desk->arena, &message, &error), &error);
            hash_bytes(message.propose.tc, &desk->tc);
            desk->view = 2;
            study(desk);
        }
        answer(desk, &sent);
    }
}

/* One faulty seat of five in a docket whose home is dead, at a coordinator that dies now and then. */
static void run_with_liar(uint64_t seed)
{
    struct desk *desk = open_learned();
    struct bytes proposal = home_proposal(desk);
    uint64_t chance = seed;
    uint8_t liar = (uint8_t)draw(&chance, 5);
    struct proof proofs[32];

    for (unsigned step = 0; step < 80 && docket_of(desk) != NULL; step++) {
        uint32_t what = draw(&chance, 20);
        uint8_t seat = (uint8_t)draw(&chance, 5);

        if (what == 0) {
            restart(desk);
        } else if (what < 12) {
            lie(desk, liar, proposal, &chance);
        } else if (what < 15 && seat != liar) {
            say_new_view(desk, seat, 2, NULL);
        } else if (what == 15) {
            pass(desk, draw(&chance, 300));
        } else {
            serve_views(desk, liar);
        }
    }
    for (unsigned turn = 0; turn < 200 && docket_of(desk) != NULL; turn++) {
        for (uint8_t seat = 0; seat < 5 && turn % 20 == 0; seat++) {
            if (seat != liar && docket_of(desk)->chair.view == 1) {
                say_new_view(desk, seat, 2, NULL);
            }
        }
        serve_views(desk, liar);
        pass(desk, SETTLE_MS);
    }
    assert_decided(desk);
    for (size_t i = read_proofs(desk, proofs, 32); i > 0; i--) {
        assert_true(proofs[i - 1].is_seat);
        assert_int_equal(proofs[i - 1].signer, liar);
    }
    desk_destroy(desk);
}

static void no_liar_keeps_another_homes_docket_open_or_accuses_the_honest(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        run_with_liar(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_docket_is_learned_from_any_message_that_names_it),
        cmocka_unit_test(a_docket_that_an_abstention_names_is_learned),
        cmocka_unit_test(a_docket_that_nobody_asked_for_is_not_taken),
        cmocka_unit_test(a_seat_that_invents_dockets_is_asked_for_few_of_them),
        cmocka_unit_test(seats_that_have_nothing_are_not_asked_in_a_circle),
        cmocka_unit_test(a_seat_that_names_a_docket_first_does_not_keep_it_from_being_learned),
        cmocka_unit_test(a_home_cannot_fill_another_coordinators_memory),
        cmocka_unit_test(a_seat_is_given_so_much_and_no_more),
        cmocka_unit_test(a_docket_of_ones_own_that_the_store_lacks_ends_the_coordinator),
        cmocka_unit_test(a_docket_that_was_named_before_it_was_made_ends_nobody),
        cmocka_unit_test(a_docket_whose_home_is_silent_is_finished_here),
        cmocka_unit_test(a_chair_of_a_later_view_that_restarts_goes_on),
        cmocka_unit_test(what_f_plus_one_seats_ask_for_is_told_to_the_others),
        cmocka_unit_test(the_tc_that_comes_with_a_wish_is_entered_and_passed_on),
        cmocka_unit_test(wishes_with_bad_attachments_are_dropped),
        cmocka_unit_test(the_value_of_the_highest_qc_is_fetched_and_proposed_again),
        cmocka_unit_test(seats_are_asked_for_a_value_until_one_has_it),
        cmocka_unit_test(a_value_that_a_later_view_has_overtaken_is_let_go),
        cmocka_unit_test(a_certificate_waits_for_its_value_through_a_restart),
        cmocka_unit_test(a_book_that_nobody_has_takes_no_room_for_ever),
        cmocka_unit_test(commits_on_a_value_that_is_not_here_count_on_equal_bytes_alone),
        cmocka_unit_test(a_certificate_that_a_seat_brings_decides),
        cmocka_unit_test(certificates_for_two_values_are_both_kept),
        cmocka_unit_test(two_wishes_for_one_view_are_a_proof),
        cmocka_unit_test(a_wish_that_denies_a_commit_is_a_proof),
        cmocka_unit_test(a_prepare_against_the_proof_of_its_view_is_a_proof),
        cmocka_unit_test(a_hearing_assessed_in_two_dockets_is_a_proof),
        cmocka_unit_test(two_dockets_under_one_serial_are_a_proof_and_both_are_heard),
        cmocka_unit_test(replays_accuse_nobody),
        cmocka_unit_test(no_liar_keeps_another_homes_docket_open_or_accuses_the_honest),
    };

    log_open("views-test", LOG_TEXT, LOG_WARNING);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
