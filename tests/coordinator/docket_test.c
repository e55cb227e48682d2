/* The chair's shell against seats that lie, die and repeat themselves: real keys, store, board and
 * messages. The tests are the seats: what the chair sends ends in a list, and time is theirs. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "coordinator/clerk.h"
#include "coordinator/docket.h"
#include "coordinator/post.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "proto/codec.h"
#include "report/certificate.h"
#include "report/proof.h"
#include "tests/report/fixture.h"

#define CASES       2
#define MEMORY      (1024U * 1024 * 1024) /* Bytes; a test takes far less. */
#define SENT_MAX    20000
#define SETTLE_MS   50  /* As C2 and C4 have it. */
#define HEAR_MS_MIN 250 /* As C2 has it. */

struct sent {
    enum message_kind kind;
    uint8_t seat;
    struct bytes frame;
};

struct desk {
    char path[64];
    char store_path[96];
    struct arena *arena;
    struct fixture *fixture;
    struct coordinator *coordinator;
    struct verify_docket docket; /* As the seats verified it. */
    struct statement statement;  /* What the seats computed; view 0: nothing yet. */
    struct seat_set silent;      /* Seats that serve() does not play. */
    size_t sent_count;
    size_t served_count; /* Of sent: answered by serve(). */
    struct sent sent[SENT_MAX];
};

static struct desk *desk_of_send;
static uint64_t clock_ms;
static const struct digest other_value = {{0xBA, 0xD0}};

static void require(bool is_done, const struct error *error)
{
    if (!is_done) {
        fail_msg("%s", error->message);
    }
}

/* ---- where the chair meets the world ---- */

uint64_t __wrap_loop_now_ms(void);
bool __wrap_link_server_send(struct link_server *server, size_t seat, struct bytes frame);

uint64_t __wrap_loop_now_ms(void)
{
    return clock_ms;
}

/* What is sent must be in the file already: another connection sees it there. */
static void check_is_stored(struct desk *desk, const struct message *message, struct bytes frame)
{
    struct coordinator_store *store = desk->coordinator->http_store;
    struct buffer stored = {0};
    struct error error;

    if (message->kind == MESSAGE_PROPOSE) {
        require(
            coordinator_store_docket_proposal(store, &desk->docket.scope.docket, &stored, &error),
            &error);
        assert_true(bytes_equal(buffer_bytes(&stored), frame));
    } else if (message->kind == MESSAGE_DECIDE) {
        require(coordinator_store_result_certificate(store, &desk->docket.scope.docket, &stored,
                                                     &error),
                &error);
        assert_true(bytes_equal(buffer_bytes(&stored), message->decide.certificate));
    }
    buffer_finish(&stored);
}

bool __wrap_link_server_send(struct link_server *server, size_t seat, struct bytes frame)
{
    struct desk *desk = desk_of_send;
    const struct sent *last = desk->sent_count > 0 ? &desk->sent[desk->sent_count - 1] : NULL;
    struct sent sent;
    struct message message;
    struct verify_qc qc;
    struct error error;

    assert_null(server);
    assert_true(desk->sent_count < SENT_MAX);
    if (last != NULL && bytes_equal(last->frame, frame)) {
        sent = *last; /* Checked a moment ago. */
    } else {
        require(codec_frame_decode(frame, desk->arena, &message, &error), &error);
        check_is_stored(desk, &message, frame);
        if (message.kind == MESSAGE_CERTIFY) {
            require(verify_qc(&desk->docket.scope, message.certify, desk->arena, &qc, &error),
                    &error);
        }
        sent.kind = message.kind;
        sent.frame = bytes_of(arena_copy(desk->arena, frame.data, frame.size), frame.size);
        assert_non_null(sent.frame.data);
    }
    sent.seat = (uint8_t)seat;
    desk->sent[desk->sent_count++] = sent;
    return true;
}

/* ---- the desk ---- */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static void open_stores(struct desk *desk)
{
    const struct digest *roster = &desk->fixture->roster.digest;
    struct error error;

    require(coordinator_store_open(desk->store_path, roster, 0, &desk->coordinator->store, &error),
            &error);
    require(
        coordinator_store_open(desk->store_path, roster, 0, &desk->coordinator->http_store, &error),
        &error);
}

static void close_stores(struct desk *desk)
{
    coordinator_store_close(desk->coordinator->store);
    coordinator_store_close(desk->coordinator->http_store);
}

static struct desk *desk_create(uint8_t seat_count, uint8_t faulty_max)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    struct coordinator *coordinator = calloc(1, sizeof(*coordinator));
    const char *root = getenv("TMPDIR");
    struct error error;

    assert_non_null(desk);
    assert_non_null(coordinator);
    (void)snprintf(desk->path, sizeof(desk->path), "%s/docket-test-XXXXXX",
                   root == NULL ? "/tmp" : root);
    assert_non_null(mkdtemp(desk->path));
    (void)snprintf(desk->store_path, sizeof(desk->store_path), "%s/store", desk->path);
    desk->arena = arena_create(MEMORY);
    desk->fixture = fixture_create(seat_count, faulty_max, CASES, fixture_catalog());
    fixture_hear(desk->fixture);
    desk->coordinator = coordinator;
    coordinator->work = arena_create(COORDINATOR_MESSAGE_MEMORY);
    coordinator->roster = desk->fixture->roster;
    coordinator->catalog = *fixture_catalog();
    coordinator->keys = desk->fixture->coordinator;
    coordinator->board = board_create();
    assert_true(quorum_init(&coordinator->quorum, seat_count, faulty_max));
    require(loop_create(&coordinator->loop, &error), &error);
    require(coordinator_store_create(desk->store_path, &coordinator->roster.digest, 0, &error),
            &error);
    open_stores(desk);
    for (uint8_t seat = 0; seat < seat_count; seat++) {
        coordinator->seats[seat].is_up = true;
    }
    desk_of_send = desk;
    clock_ms = 1000;
    return desk;
}

static void desk_destroy(struct desk *desk)
{
    struct coordinator *coordinator = desk->coordinator;

    while (coordinator->dockets != NULL) {
        docket_destroy(coordinator->dockets);
    }
    close_stores(desk);
    loop_destroy(coordinator->loop);
    board_destroy(coordinator->board);
    arena_destroy(coordinator->work);
    free(coordinator);
    fixture_destroy(desk->fixture);
    arena_destroy(desk->arena);
    assert_int_equal(nftw(desk->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(desk);
}

static struct docket *docket_of(struct desk *desk)
{
    return desk->coordinator->dockets;
}

static uint8_t quorum_count(const struct desk *desk)
{
    return desk->coordinator->quorum.quorum_count;
}

/* Hands in the fixture's cases as a submitter does, and has the chair open its docket. */
static struct desk *open_desk(uint8_t seats, uint8_t faulty_max)
{
    struct desk *desk = desk_create(seats, faulty_max);
    const struct verify_docket *given = &desk->fixture->docket;
    struct message message;
    struct error error;
    bool is_known = true;

    for (size_t i = 0; i < CASES; i++) {
        struct coordinator_store_case hearing = {.id = given->cases[i],
                                                 .attempt = 1,
                                                 .header = given->docket.headers[i],
                                                 .manifest = given->docket.cases[i].manifest,
                                                 .bundle = given->docket.cases[i].bundle};

        memcpy(hearing.submitter, given->docket.cases[i].signing, MESSAGE_KEY_SIZE);
        require(coordinator_store_case_add(desk->coordinator->store, &hearing, &is_known, &error),
                &error);
        assert_false(is_known);
    }
    clerk_take_cases(desk->coordinator);
    assert_int_equal(desk->coordinator->failure.code, 0);
    assert_non_null(docket_of(desk));
    assert_int_equal(desk->sent_count, seats);
    require(codec_frame_decode(desk->sent[0].frame, desk->arena, &message, &error), &error);
    assert_int_equal(message.kind, MESSAGE_ASSIGN);
    require(verify_docket(&desk->fixture->roster, &message.assign.docket, desk->arena,
                          &desk->docket, &error),
            &error);
    desk->docket.criterion_count = fixture_catalog()->criterion_count;
    return desk;
}

/* The process dies and comes back: what is left is what the store holds. */
static void restart(struct desk *desk)
{
    struct coordinator *coordinator = desk->coordinator;
    struct error error;

    while (coordinator->dockets != NULL) {
        docket_destroy(coordinator->dockets);
    }
    close_stores(desk);
    open_stores(desk);
    coordinator->failure = (struct error){0};
    coordinator->search = (struct search){0};
    desk->sent_count = 0;
    desk->served_count = 0;
    require(clerk_resume(coordinator, &error), &error);
}

/* Lets time go by; timers fire when they are due, as the loop has them fire. */
static void pass(struct desk *desk, uint64_t ms)
{
    uint64_t end_ms = clock_ms + ms;

    for (unsigned turn = 0; docket_of(desk) != NULL; turn++) {
        struct loop_timer *timer = &docket_of(desk)->timer;

        assert_true(turn < 1000);
        if (!timer->is_set || timer->at_ms > end_ms) {
            break;
        }
        clock_ms = timer->at_ms > clock_ms ? timer->at_ms : clock_ms;
        loop_timer_clear(desk->coordinator->loop, timer);
        timer->fire(timer->context);
    }
    clock_ms = end_ms;
}

static size_t count_sent(const struct desk *desk, enum message_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < desk->sent_count; i++) {
        count += desk->sent[i].kind == kind;
    }
    return count;
}

/* The last frame of KIND that was sent, decoded. */
static struct message last_sent(struct desk *desk, enum message_kind kind)
{
    struct message message;
    struct error error;
    size_t at = desk->sent_count;

    while (at > 0 && desk->sent[at - 1].kind != kind) {
        at--;
    }
    assert_true(at > 0);
    require(codec_frame_decode(desk->sent[at - 1].frame, desk->arena, &message, &error), &error);
    return message;
}

/* ---- what seats say ---- */

/* Gives FRAME to the coordinator as its link does, and frees what it lay in. */
static void deliver(struct desk *desk, uint8_t seat, struct buffer *frame)
{
    post_receive(desk->coordinator, seat, buffer_bytes(frame));
    arena_reset(desk->coordinator->work);
    buffer_finish(frame);
}

static void say(struct desk *desk, uint8_t seat, const struct message *message)
{
    struct buffer frame = {0};
    struct error error;

    require(codec_frame_encode(message, &frame, &error), &error);
    deliver(desk, seat, &frame);
}

static struct bytes keep(struct desk *desk, struct buffer *buffer)
{
    const char *copy = arena_copy(desk->arena, buffer->data, buffer->size);
    size_t size = buffer->size;

    assert_non_null(copy);
    buffer_finish(buffer);
    return bytes_of(copy, size);
}

static struct bytes make_sheet(struct desk *desk, uint8_t seat, size_t index)
{
    const struct fixture_vote *vote = fixture_vote(desk->fixture, seat, index);
    struct message_sheet sheet = {.purpose = vote->purpose,
                                  .period_end = vote->period_end,
                                  .criterion_count = desk->docket.criterion_count,
                                  .answers = vote->answers,
                                  .papers = vote->papers};
    struct buffer part = {0};

    codec_part_encode_sheet(&sheet, &part);
    return keep(desk, &part);
}

/* What SEAT answers, as its fixture_vote() has it; LATE_S tells apart what it signs at different
 * times. */
static struct message make_verdict(struct desk *desk, uint8_t seat, uint64_t late_s)
{
    struct message message = {.kind = MESSAGE_VERDICT};
    struct message_book *book = &message.verdict;
    struct message_entry entries[CASES] = {{0}};
    struct message_verdict verdict = {.roster = desk->fixture->roster.digest,
                                      .docket = desk->docket.scope.docket,
                                      .seat = seat,
                                      .assessed_at = desk->docket.docket.as_of + seat + late_s,
                                      .entry_count = CASES,
                                      .entries = entries};
    struct buffer payload = {0};

    book->verdict_count = 1;
    book->verdicts = arena_array(desk->arena, 1, sizeof(*book->verdicts));
    book->sheet_count = CASES;
    book->sheets = arena_array(desk->arena, CASES, sizeof(*book->sheets));
    assert_non_null(book->verdicts);
    assert_non_null(book->sheets);
    for (size_t i = 0; i < CASES; i++) {
        book->sheets[i] = make_sheet(desk, seat, i);
        hash_bytes(book->sheets[i], &entries[i].digest);
    }
    codec_payload_encode_verdict(&verdict, &payload);
    book->verdicts[0].payload = keep(desk, &payload);
    sign_payload(desk->fixture->seats[seat], MESSAGE_TYPE_VERDICT, book->verdicts[0].payload,
                 book->verdicts[0].signature);
    return message;
}

static void say_verdict(struct desk *desk, uint8_t seat)
{
    struct message message = make_verdict(desk, seat, 0);

    say(desk, seat, &message);
}

static struct bytes prepare_payload(struct desk *desk, uint32_t view, const struct digest *value)
{
    struct message_prepare prepare = {.roster = desk->fixture->roster.digest,
                                      .docket = desk->docket.scope.docket,
                                      .view = view,
                                      .value = *value};
    struct buffer payload = {0};

    if (view > 1) {
        prepare.tc = (struct digest){{0x7C}};
    }
    codec_payload_encode_prepare(&prepare, &payload);
    return keep(desk, &payload);
}

static struct bytes commit_payload(struct desk *desk, uint32_t view, const struct digest *value)
{
    struct statement statement = desk->statement;
    struct buffer payload = {0};

    assert_int_not_equal(statement.view, 0);
    statement.view = view;
    statement.value = *value;
    statement_write(&statement, &payload);
    return keep(desk, &payload);
}

/* A PREPARE or COMMIT that SEAT signs. */
static struct message make_vote(struct desk *desk, enum message_kind kind, uint8_t seat,
                                struct bytes payload)
{
    struct message message = {.kind = kind};

    message.prepare.payload = payload;
    message.prepare.vote.seat = seat;
    sign_payload(desk->fixture->seats[seat],
                 kind == MESSAGE_PREPARE ? MESSAGE_TYPE_PREPARE : MESSAGE_TYPE_STATEMENT, payload,
                 message.prepare.vote.signature);
    return message;
}

static void say_vote(struct desk *desk, enum message_kind kind, uint8_t seat, struct bytes payload)
{
    struct message message = make_vote(desk, kind, seat, payload);

    say(desk, seat, &message);
}

/* Checks the proposal that was sent as a seat does, and computes what it stands for. */
static void study(struct desk *desk)
{
    struct message message = last_sent(desk, MESSAGE_PROPOSE);
    struct report_source source = {
        .roster = &desk->fixture->roster, .catalog = fixture_catalog(), .docket = &desk->docket};
    struct verify_proposal proposal;
    struct error error;

    require(verify_proposal(&desk->docket, &message, desk->arena, &proposal, &error), &error);
    source.book = &proposal.book;
    statement_make(&source, proposal.propose.view, &desk->statement);
    assert_true(digest_equal(&desk->statement.value, &proposal.propose.value));
}

static void say_prepare(struct desk *desk, uint8_t seat)
{
    if (desk->statement.view == 0) {
        study(desk);
    }
    say_vote(desk, MESSAGE_PREPARE, seat, prepare_payload(desk, 1, &desk->statement.value));
}

static void say_commit(struct desk *desk, uint8_t seat)
{
    say_vote(desk, MESSAGE_COMMIT, seat, commit_payload(desk, 1, &desk->statement.value));
}

static void say_done(struct desk *desk, uint8_t seat)
{
    struct message message = {.kind = MESSAGE_DONE};

    message.done.docket = desk->docket.scope.docket;
    message.done.value = desk->statement.value;
    say(desk, seat, &message);
}

static void say_papers(struct desk *desk, uint8_t seat, uint32_t index, struct bytes papers)
{
    struct message message = {.kind = MESSAGE_ITEM};

    message.item.item = MESSAGE_ITEM_PAPERS;
    message.item.digest = desk->docket.scope.docket;
    message.item.index = index;
    message.item.total_size = papers.size;
    message.item.data = papers;
    say(desk, seat, &message);
}

/* An honest seat's answer to what it was sent. */
static void answer(struct desk *desk, const struct sent *sent)
{
    struct message message;
    struct error error;

    switch ((int)sent->kind) {
    case MESSAGE_ASSIGN:
        say_verdict(desk, sent->seat);
        break;
    case MESSAGE_PROPOSE:
        say_prepare(desk, sent->seat);
        break;
    case MESSAGE_CERTIFY:
        say_commit(desk, sent->seat);
        break;
    case MESSAGE_DECIDE:
        say_done(desk, sent->seat);
        break;
    case MESSAGE_FETCH:
        require(codec_frame_decode(sent->frame, desk->arena, &message, &error), &error);
        assert_int_equal(message.fetch.item, MESSAGE_ITEM_PAPERS);
        say_papers(desk, sent->seat, message.fetch.index, bytes_of_text("sealed"));
        break;
    default:
        fail_msg("a chair does not send kind %d", (int)sent->kind);
    }
}

/* Has the seats that are not silent answer everything that was sent to them. */
static void serve(struct desk *desk)
{
    while (desk->served_count < desk->sent_count) {
        struct sent sent = desk->sent[desk->served_count++];

        if (!seat_set_has(&desk->silent, sent.seat)) {
            answer(desk, &sent);
        }
    }
}

/* Everybody but the silent ones does as it should for so long. */
static void serve_for(struct desk *desk, uint64_t ms)
{
    serve(desk);
    for (uint64_t passed = 0; passed < ms; passed += SETTLE_MS) {
        pass(desk, SETTLE_MS);
        serve(desk);
    }
}

/* All seats say the same kind of thing, up to COUNT of them. */
static void say_each(struct desk *desk, void (*say_one)(struct desk *desk, uint8_t seat),
                     uint8_t count)
{
    for (uint8_t seat = 0; seat < count; seat++) {
        say_one(desk, seat);
    }
}

/* ---- what is in the store ---- */

static struct certificate *stored_certificate(struct desk *desk)
{
    struct certificate *certificate = NULL;
    struct buffer envelope = {0};
    struct error error;

    require(coordinator_store_result_certificate(desk->coordinator->http_store,
                                                 &desk->docket.scope.docket, &envelope, &error),
            &error);
    require(certificate_check(buffer_bytes(&envelope), "certificate", &desk->fixture->roster,
                              desk->arena, &certificate, &error),
            &error);
    buffer_finish(&envelope);
    return certificate;
}

static struct coordinator_store_counts counts_of(struct desk *desk)
{
    struct coordinator_store_counts counts;
    struct error error;

    require(coordinator_store_counts(desk->coordinator->http_store, &counts, &error), &error);
    return counts;
}

/* The docket was decided as the seats computed it, with the reports that the certificate names. */
static void assert_decided(struct desk *desk)
{
    struct certificate *certificate = stored_certificate(desk);
    struct error error;

    assert_int_equal(desk->coordinator->failure.code, 0);
    assert_true(digest_equal(&certificate->statement.value, &desk->statement.value));
    assert_true(certificate->vote_count >= quorum_count(desk));
    assert_int_equal(counts_of(desk).decided, CASES);
    for (uint32_t i = 0; i < CASES; i++) {
        struct buffer stored = {0};
        struct report *report = NULL;
        size_t index = SIZE_MAX;

        require(coordinator_store_result_report(desk->coordinator->http_store,
                                                &desk->docket.scope.docket, i, &stored, &error),
                &error);
        require(certificate_check_report(certificate, &desk->fixture->roster, buffer_bytes(&stored),
                                         "report.json", desk->arena, &report, &index, &error),
                &error);
        assert_int_equal(index, i);
        buffer_finish(&stored);
    }
}

/* Reads what misconduct is kept into PROOFS, of which there are at most MAX, by culprit; each proves
 * what it says. */
static size_t read_proofs(struct desk *desk, struct proof *proofs, size_t max)
{
    struct coordinator_store_proof *list = NULL;
    struct error error;
    size_t count = 0;

    require(coordinator_store_proof_list(desk->coordinator->http_store, max + 1, desk->arena, &list,
                                         &count, &error),
            &error);
    assert_true(count <= max);
    for (size_t i = 0; i < count; i++) {
        struct proof loaded;
        struct proof judged;
        size_t at = i;

        require(coordinator_store_proof_load(desk->coordinator->http_store, list[i].number,
                                             desk->arena, &loaded, &error),
                &error);
        judged = loaded;
        judged.kind = MISCONDUCT_NONE;
        require(proof_judge(&desk->fixture->roster, &judged, desk->arena, &error), &error);
        assert_int_equal(judged.kind, loaded.kind);
        for (; at > 0 && proofs[at - 1].signer > loaded.signer; at--) {
            proofs[at] = proofs[at - 1];
        }
        proofs[at] = loaded;
    }
    return count;
}

/* Exactly one proof is kept: KIND, by seat 0, of these two payloads. */
static void assert_proof(struct desk *desk, enum misconduct kind, struct bytes first,
                         struct bytes second)
{
    struct proof proofs[4];

    assert_int_equal(read_proofs(desk, proofs, 4), 1);
    assert_int_equal(proofs[0].kind, kind);
    assert_true(proofs[0].is_seat);
    assert_int_equal(proofs[0].signer, 0);
    assert_true(bytes_equal(proofs[0].first.payload, first));
    assert_true(bytes_equal(proofs[0].second.payload, second));
}

static void assert_nobody_accused(struct desk *desk)
{
    assert_int_equal(counts_of(desk).misconduct, 0);
}

static void assert_up_to(struct desk *desk, enum chair_phase phase)
{
    assert_int_equal(desk->coordinator->failure.code, 0);
    assert_int_equal(docket_of(desk)->chair.phase, phase);
}

/* Everybody speaks until the docket is in PHASE. */
static struct desk *open_desk_at(enum chair_phase phase)
{
    struct desk *desk = open_desk(5, 1);

    if (phase >= CHAIR_PREPARING) {
        say_each(desk, say_verdict, 5);
        study(desk);
    }
    if (phase >= CHAIR_COMMITTING) {
        say_each(desk, say_prepare, 5);
    }
    if (phase == CHAIR_CERTIFIED) {
        say_each(desk, say_commit, 4);
    } else if (phase == CHAIR_DECIDED) {
        say_each(desk, say_commit, 5);
    }
    assert_up_to(desk, phase);
    return desk;
}

/* ---- tests ---- */

static void a_docket_is_decided_when_everybody_answers(void **state)
{
    static const uint8_t councils[][2] = {{5, 1}, {8, 2}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct desk *desk = open_desk(councils[i][0], councils[i][1]);
        uint64_t began_ms = clock_ms;

        serve(desk);
        assert_int_equal(clock_ms, began_ms);
        assert_decided(desk);
        assert_int_equal(stored_certificate(desk)->vote_count, councils[i][0]);
        assert_int_equal(count_sent(desk, MESSAGE_PROPOSE), councils[i][0]);
        assert_true(count_sent(desk, MESSAGE_CERTIFY) >= councils[i][0] - councils[i][1] - 1U);
        assert_int_equal(count_sent(desk, MESSAGE_DECIDE), councils[i][0]);
        assert_nobody_accused(desk);
        desk_destroy(desk);
    }
}

static void a_quorum_decides_without_the_others(void **state)
{
    struct desk *desk = open_desk(8, 2);
    uint8_t quorum = quorum_count(desk);

    (void)state;
    say_each(desk, say_verdict, quorum);
    assert_up_to(desk, CHAIR_HEARING);
    pass(desk, SETTLE_MS - 1);
    assert_up_to(desk, CHAIR_HEARING);
    pass(desk, 1);
    assert_up_to(desk, CHAIR_PREPARING);
    study(desk);
    say_each(desk, say_prepare, (uint8_t)(quorum - 1));
    assert_up_to(desk, CHAIR_PREPARING);
    say_prepare(desk, (uint8_t)(quorum - 1));
    assert_up_to(desk, CHAIR_COMMITTING);
    say_each(desk, say_commit, quorum);
    assert_up_to(desk, CHAIR_CERTIFIED);
    pass(desk, SETTLE_MS);
    assert_up_to(desk, CHAIR_DECIDED);
    assert_decided(desk);
    assert_int_equal(stored_certificate(desk)->vote_count, quorum);
    desk_destroy(desk);
}

static void a_quorum_that_disagrees_waits_for_the_others(void **state)
{
    struct desk *desk = open_desk(5, 1);

    (void)state;
    fixture_answer(desk->fixture, 0, 0, 3, ANSWER_NOT_MET);
    say_each(desk, say_verdict, 4);
    pass(desk, HEAR_MS_MIN - 1);
    assert_up_to(desk, CHAIR_HEARING);
    pass(desk, 1);
    assert_up_to(desk, CHAIR_PREPARING);
    desk_destroy(desk);
}

static void fewer_than_a_quorum_decide_nothing(void **state)
{
    struct desk *desk = open_desk(8, 2);
    uint8_t quorum = quorum_count(desk);

    (void)state;
    for (uint8_t seat = (uint8_t)(quorum - 1); seat < 8; seat++) {
        seat_set_add(&desk->silent, seat);
    }
    serve_for(desk, 120000);
    assert_up_to(desk, CHAIR_HEARING);
    say_verdict(desk, 7);
    serve_for(desk, 120000);
    assert_up_to(desk, CHAIR_PREPARING);
    say_prepare(desk, 7);
    serve_for(desk, 120000);
    assert_up_to(desk, CHAIR_COMMITTING);
    assert_int_equal(counts_of(desk).decided, 0);
    say_commit(desk, 7);
    serve_for(desk, 1000);
    assert_decided(desk);
    desk_destroy(desk);
}

static void votes_for_a_later_view_do_not_spoil_the_certificates(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);

    (void)state;
    say_vote(desk, MESSAGE_PREPARE, 0, prepare_payload(desk, 2, &desk->statement.value));
    say_vote(desk, MESSAGE_COMMIT, 0, commit_payload(desk, 2, &desk->statement.value));
    say_vote(desk, MESSAGE_PREPARE, 1, prepare_payload(desk, UINT32_MAX, &other_value));
    say_vote(desk, MESSAGE_COMMIT, 1, commit_payload(desk, UINT32_MAX, &other_value));
    assert_int_equal(desk->coordinator->malformed_count, 0);
    assert_int_equal(seat_set_count(&docket_of(desk)->chair.prepared), 0);
    say_each(desk, say_prepare, 4); /* Every CERTIFY that is sent is verified. */
    assert_int_equal(count_sent(desk, MESSAGE_CERTIFY), 5);
    say_each(desk, say_commit, 5); /* Seat 0 has gone on. */
    pass(desk, SETTLE_MS);
    assert_decided(desk);
    assert_int_equal(stored_certificate(desk)->vote_count, 4);
    assert_nobody_accused(desk);
    desk_destroy(desk);
}

static void two_prepares_of_one_view_are_kept_and_the_first_counts(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);
    struct bytes good = prepare_payload(desk, 1, &desk->statement.value);
    struct bytes bad = prepare_payload(desk, 1, &other_value);
    struct bytes worse = prepare_payload(desk, 1, &desk->fixture->roster.digest);

    (void)state;
    say_vote(desk, MESSAGE_PREPARE, 0, good);
    say_vote(desk, MESSAGE_PREPARE, 0, bad);
    say_vote(desk, MESSAGE_PREPARE, 0, bad);
    say_vote(desk, MESSAGE_PREPARE, 0, worse); /* One proof is enough. */
    assert_proof(desk, MISCONDUCT_TWO_PREPARES, good, bad);
    assert_int_equal(seat_set_count(&docket_of(desk)->chair.prepared), 1);
    say_prepare(desk, 1);
    say_prepare(desk, 2);
    assert_up_to(desk, CHAIR_PREPARING);
    say_prepare(desk, 3);
    assert_up_to(desk, CHAIR_COMMITTING);
    desk_destroy(desk);
}

static void a_seat_that_prepared_another_value_first_does_not_count(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);
    struct bytes good = prepare_payload(desk, 1, &desk->statement.value);
    struct bytes bad = prepare_payload(desk, 1, &other_value);

    (void)state;
    say_vote(desk, MESSAGE_PREPARE, 0, bad);
    assert_nobody_accused(desk);
    say_vote(desk, MESSAGE_PREPARE, 0, good);
    assert_proof(desk, MISCONDUCT_TWO_PREPARES, bad, good);
    for (uint8_t seat = 1; seat < 4; seat++) {
        say_prepare(desk, seat);
    }
    assert_up_to(desk, CHAIR_PREPARING);
    say_prepare(desk, 4);
    assert_up_to(desk, CHAIR_COMMITTING);
    desk_destroy(desk);
}

static void a_prepare_in_other_bytes_neither_counts_nor_accuses(void **state)
{
    static const uint8_t view_again[] = {3 << 3, 1}; /* Field 3 once more: decodes alike. */
    struct desk *desk = open_desk_at(CHAIR_PREPARING);
    struct bytes usual = prepare_payload(desk, 1, &desk->statement.value);
    struct buffer payload = {0};

    (void)state;
    buffer_append(&payload, usual.data, usual.size);
    buffer_append(&payload, view_again, sizeof(view_again));
    struct bytes other = keep(desk, &payload);

    say_vote(desk, MESSAGE_PREPARE, 0, other);
    assert_int_equal(desk->coordinator->malformed_count, 0);
    for (uint8_t seat = 1; seat < 4; seat++) {
        say_prepare(desk, seat);
    }
    assert_up_to(desk, CHAIR_PREPARING);
    say_prepare(desk, 0);
    say_vote(desk, MESSAGE_PREPARE, 0, other);
    assert_up_to(desk, CHAIR_COMMITTING);
    assert_nobody_accused(desk);
    say_prepare(desk, 4);
    pass(desk, 1000);
    assert_int_equal(count_sent(desk, MESSAGE_CERTIFY), 10);
    desk_destroy(desk);
}

static void two_commits_of_one_view_are_kept_and_the_first_counts(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_COMMITTING);
    struct bytes good = commit_payload(desk, 1, &desk->statement.value);
    struct bytes bad = commit_payload(desk, 1, &other_value);

    (void)state;
    say_vote(desk, MESSAGE_COMMIT, 0, bad);
    say_vote(desk, MESSAGE_COMMIT, 0, good);
    say_vote(desk, MESSAGE_COMMIT, 0, bad);
    assert_proof(desk, MISCONDUCT_TWO_COMMITS, bad, good);
    for (uint8_t seat = 1; seat < 5; seat++) {
        say_commit(desk, seat);
    }
    assert_up_to(desk, CHAIR_CERTIFIED);
    pass(desk, SETTLE_MS);
    assert_decided(desk);
    assert_false(seat_set_has(&stored_certificate(desk)->signers, 0));
    desk_destroy(desk);
}

static void two_verdicts_are_kept_and_the_first_counts(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_HEARING);
    struct message first = make_verdict(desk, 0, 0);

    (void)state;
    fixture_answer(desk->fixture, 0, 0, 3, ANSWER_NOT_MET);

    struct message second = make_verdict(desk, 0, 0);

    say(desk, 0, &first);
    say(desk, 0, &first);
    assert_nobody_accused(desk);
    say(desk, 0, &second);
    say(desk, 0, &second);
    assert_proof(desk, MISCONDUCT_TWO_VERDICTS, first.verdict.verdicts[0].payload,
                 second.verdict.verdicts[0].payload);
    for (uint8_t seat = 1; seat < 5; seat++) {
        say_verdict(desk, seat);
    }
    study(desk);

    struct message propose = last_sent(desk, MESSAGE_PROPOSE);

    assert_int_equal(propose.propose.book.verdict_count, 5);
    assert_true(
        bytes_equal(propose.propose.book.verdicts[0].payload, first.verdict.verdicts[0].payload));
    desk_destroy(desk);
}

static void a_second_verdict_is_a_proof_after_the_decision_too(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_DECIDED);
    struct message first = make_verdict(desk, 0, 0);
    struct message second = make_verdict(desk, 0, 7);

    (void)state;
    say(desk, 0, &second);
    assert_proof(desk, MISCONDUCT_TWO_VERDICTS, first.verdict.verdicts[0].payload,
                 second.verdict.verdicts[0].payload);
    assert_decided(desk);
    desk_destroy(desk);
}

static void another_statement_of_the_same_value_counts_for_nothing(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_COMMITTING);
    struct statement altered = desk->statement;
    struct buffer payload = {0};

    (void)state;
    altered.assessed_at++;
    statement_write(&altered, &payload);
    struct bytes bytes = keep(desk, &payload);

    say_vote(desk, MESSAGE_COMMIT, 0, bytes);
    assert_int_equal(desk->coordinator->malformed_count, 1);
    for (uint8_t seat = 1; seat < 4; seat++) {
        say_commit(desk, seat);
    }
    assert_up_to(desk, CHAIR_COMMITTING);
    say_commit(desk, 0);
    assert_up_to(desk, CHAIR_CERTIFIED);
    pass(desk, SETTLE_MS);
    assert_decided(desk);
    assert_nobody_accused(desk);
    desk_destroy(desk);
}

static void what_claims_another_seat_is_dropped(void **state)
{
    static const enum message_kind kinds[] = {MESSAGE_PREPARE, MESSAGE_COMMIT};
    struct desk *desk = open_desk_at(CHAIR_COMMITTING);
    struct message verdict = make_verdict(desk, 1, 7);
    uint64_t dropped = 0;

    (void)state;
    say(desk, 0, &verdict);
    assert_int_equal(desk->coordinator->malformed_count, ++dropped);
    for (size_t i = 0; i < 2; i++) {
        struct bytes payload = kinds[i] == MESSAGE_PREPARE ? prepare_payload(desk, 1, &other_value)
                                                           : commit_payload(desk, 1, &other_value);
        struct message replayed = make_vote(desk, kinds[i], 1, payload);
        struct message forged = make_vote(desk, kinds[i], 0, payload);

        say(desk, 0, &replayed); /* Another seat's, on the wrong connection. */
        assert_int_equal(desk->coordinator->malformed_count, ++dropped);
        forged.prepare.vote.seat = 1;
        say(desk, 1, &forged); /* The right connection, the wrong key. */
        assert_int_equal(desk->coordinator->malformed_count, ++dropped);
        forged.prepare.vote.seat = 5;
        say(desk, 0, &forged); /* Nobody's. */
        assert_int_equal(desk->coordinator->malformed_count, ++dropped);
    }
    assert_nobody_accused(desk);
    serve_for(desk, 10000);
    assert_decided(desk);
    desk_destroy(desk);
}

static void a_seat_cannot_fill_the_log(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);
    struct message message =
        make_vote(desk, MESSAGE_PREPARE, 1, prepare_payload(desk, 1, &other_value));
    FILE *log = tmpfile();
    int saved = dup(STDERR_FILENO);
    unsigned lines = 0;

    (void)state;
    assert_non_null(log);
    assert_true(saved >= 0);
    assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
    for (unsigned i = 0; i < 1000; i++) {
        say(desk, 0, &message);
    }
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    rewind(log);
    for (int byte = fgetc(log); byte != EOF; byte = fgetc(log)) {
        lines += byte == '\n';
    }
    assert_int_equal(fclose(log), 0);
    assert_int_equal(desk->coordinator->malformed_count, 1000);
    assert_int_equal(lines, 10); /* 1, 2, 4 ... 512 */
    desk_destroy(desk);
}

static void a_verdict_with_a_missing_or_superfluous_sheet_is_no_verdict(void **state)
{
    struct desk *desk = open_desk(5, 1);
    struct message missing = make_verdict(desk, 0, 0);
    struct message superfluous = make_verdict(desk, 0, 0);
    struct bytes sheets[CASES + 1];

    (void)state;
    missing.verdict.sheet_count--;
    memcpy(sheets, superfluous.verdict.sheets, CASES * sizeof(sheets[0]));
    fixture_answer(desk->fixture, 0, 0, 3, ANSWER_NOT_MET);
    sheets[CASES] = make_sheet(desk, 0, 0);
    superfluous.verdict.sheets = sheets;
    superfluous.verdict.sheet_count++;
    say(desk, 0, &missing);
    say(desk, 0, &superfluous);
    assert_int_equal(desk->coordinator->malformed_count, 2);
    assert_int_equal(seat_set_count(&docket_of(desk)->chair.heard), 0);
    assert_true(digest_is_zero(&docket_of(desk)->chair.verdicts[0]));
    fixture_answer(desk->fixture, 0, 0, 3, ANSWER_MET);
    serve(desk);
    assert_decided(desk);
    assert_nobody_accused(desk);
    desk_destroy(desk);
}

static void votes_before_there_is_a_proposal_do_not_count(void **state)
{
    struct desk *desk = open_desk(5, 1);
    struct bytes prepare = prepare_payload(desk, 1, &other_value);

    (void)state;
    /* A statement of something, to say early. */
    desk->statement = (struct statement){.roster = desk->fixture->roster.digest,
                                         .docket = desk->docket.scope.docket,
                                         .view = 1,
                                         .quorum = desk->coordinator->quorum,
                                         .case_count = 1,
                                         .cases = {{.attempt = 1, .outcome = FINDINGS_CONCLUSIVE}}};
    struct bytes commit = commit_payload(desk, 1, &other_value);

    say_vote(desk, MESSAGE_PREPARE, 0, prepare);
    say_vote(desk, MESSAGE_COMMIT, 1, commit);
    assert_up_to(desk, CHAIR_HEARING);
    assert_int_equal(desk->coordinator->malformed_count, 0);
    desk->statement.view = 0;
    serve_for(desk, 1000);
    assert_decided(desk);
    assert_false(seat_set_has(&stored_certificate(desk)->signers, 1));

    struct proof proofs[4];

    assert_int_equal(read_proofs(desk, proofs, 4), 2);
    assert_int_equal(proofs[0].kind, MISCONDUCT_TWO_PREPARES);
    assert_int_equal(proofs[0].signer, 0);
    assert_true(bytes_equal(proofs[0].first.payload, prepare));
    assert_int_equal(proofs[1].kind, MISCONDUCT_TWO_COMMITS);
    assert_int_equal(proofs[1].signer, 1);
    assert_true(bytes_equal(proofs[1].first.payload, commit));
    desk_destroy(desk);
}

static void a_commit_before_the_quorum_certificate_counts_once_there_is_one(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);

    (void)state;
    say_commit(desk, 0);
    assert_up_to(desk, CHAIR_PREPARING);
    say_each(desk, say_prepare, 4);
    assert_up_to(desk, CHAIR_COMMITTING);
    assert_int_equal(count_sent(desk, MESSAGE_CERTIFY), 4);
    for (uint8_t seat = 1; seat < 4; seat++) {
        say_commit(desk, seat);
    }
    assert_up_to(desk, CHAIR_CERTIFIED);
    desk_destroy(desk);
}

static void a_chair_that_restarts_in_any_phase_goes_on(void **state)
{
    (void)state;
    for (unsigned phase = CHAIR_HEARING; phase <= CHAIR_CERTIFIED; phase++) {
        struct desk *desk;

        if (phase == CHAIR_COMPUTING || phase == CHAIR_RECOVERING || phase == CHAIR_WATCHING) {
            continue; /* COMPUTE is answered at once; the others are of later views. */
        }
        desk = open_desk_at((enum chair_phase)phase);
        struct digest value = desk->statement.value;

        restart(desk);
        assert_up_to(desk, phase == CHAIR_HEARING ? CHAIR_HEARING : CHAIR_PREPARING);
        if (phase != CHAIR_HEARING) {
            assert_true(digest_equal(&docket_of(desk)->chair.proposed.value, &value));
        }
        serve_for(desk, 1000);
        assert_decided(desk);
        assert_nobody_accused(desk);
        desk_destroy(desk);
    }
}

static void a_chair_that_restarts_after_the_decision_leaves_it_to_the_store(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_DECIDED);

    (void)state;
    restart(desk);
    assert_null(docket_of(desk));
    assert_decided(desk);
    desk_destroy(desk);
}

static void commits_that_a_restarted_chair_is_sent_first_decide(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_COMMITTING);

    (void)state;
    restart(desk);
    seat_set_add(&desk->silent, 4);
    say_each(desk, say_commit, 4);
    assert_up_to(desk, CHAIR_CERTIFIED);
    docket_seat_up(docket_of(desk), 4);
    assert_int_equal(count_sent(desk, MESSAGE_CERTIFY), 0); /* It has none to show. */
    serve_for(desk, 1000);
    assert_decided(desk);
    assert_nobody_accused(desk);
    desk_destroy(desk);
}

static void a_seat_that_knows_nothing_is_told_everything(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);

    (void)state;
    restart(desk);
    assert_int_equal(count_sent(desk, MESSAGE_ASSIGN), 5);
    assert_int_equal(count_sent(desk, MESSAGE_PROPOSE), 5);
    assert_int_equal(desk->sent[0].kind, MESSAGE_ASSIGN);
    desk_destroy(desk);
}

static void what_is_not_answered_is_said_again_less_and_less_often(void **state)
{
    struct desk *desk = open_desk(5, 1);

    (void)state;
    say_each(desk, say_verdict, 3);
    desk->sent_count = 0;
    pass(desk, 1000);
    assert_int_equal(count_sent(desk, MESSAGE_ASSIGN), 2);
    pass(desk, 2000 + 4000 + 8000 + 8000);
    assert_int_equal(count_sent(desk, MESSAGE_ASSIGN), 2 * 5);
    docket_seat_up(docket_of(desk), 3);
    assert_int_equal(count_sent(desk, MESSAGE_ASSIGN), 2 * 5 + 1);
    desk_destroy(desk);
}

static void a_docket_is_settled_when_every_seat_has_the_certificate(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_DECIDED);
    struct digest *dockets = NULL;
    struct error error;
    size_t count = 0;

    (void)state;
    say_each(desk, say_done, 4);
    say_done(desk, 0);
    assert_false(docket_tick(docket_of(desk)));
    serve(desk);
    assert_true(docket_tick(docket_of(desk)));
    require(coordinator_store_result_undelivered(desk->coordinator->http_store, 0, 9, desk->arena,
                                                 &dockets, &count, &error),
            &error);
    assert_int_equal(count, 0);
    desk_destroy(desk);
}

static void a_seat_that_is_done_before_there_is_a_certificate_is_not(void **state)
{
    struct desk *desk = open_desk(5, 1);

    (void)state;
    say_done(desk, 0);
    assert_false(docket_tick(docket_of(desk)));
    say_each(desk, say_verdict, 5);
    say_each(desk, say_prepare, 5);
    say_each(desk, say_commit, 5);
    assert_up_to(desk, CHAIR_DECIDED);
    assert_int_equal(count_sent(desk, MESSAGE_DECIDE), 5);
    assert_false(seat_set_has(&docket_of(desk)->chair.done, 0));
    desk_destroy(desk);
}

static void a_decided_docket_does_not_wait_for_ever(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_DECIDED);

    (void)state;
    pass(desk, 29999);
    assert_false(docket_tick(docket_of(desk)));
    pass(desk, 1);
    assert_true(docket_tick(docket_of(desk)));
    desk_destroy(desk);
}

static void papers_are_taken_once_from_those_who_were_asked(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_DECIDED);
    struct coordinator_store_papers *papers = NULL;
    struct error error;
    size_t count = 0;

    (void)state;
    assert_int_equal(count_sent(desk, MESSAGE_FETCH), CASES);
    say_papers(desk, 4, 0, bytes_of_text("nobody asked for these"));
    say_papers(desk, 0, CASES, bytes_of_text("nor for these"));
    say_papers(desk, 0, 0, bytes_of_text("sealed"));
    say_papers(desk, 0, 0, bytes_of_text("sealed otherwise"));
    say_papers(desk, 0, 1, (struct bytes){0}); /* It has none. */
    require(coordinator_store_result_papers(desk->coordinator->http_store,
                                            &desk->docket.scope.docket, 0, desk->arena, &papers,
                                            &count, &error),
            &error);
    assert_int_equal(count, 1);
    assert_int_equal(papers[0].seat, 0);
    assert_true(bytes_equal(papers[0].papers, bytes_of_text("sealed")));
    assert_int_equal(desk->coordinator->failure.code, 0);
    desk->sent_count = 0;
    assert_false(docket_tick(docket_of(desk)));
    assert_int_equal(count_sent(desk, MESSAGE_FETCH), 0);
    desk_destroy(desk);
}

/* A second hearing, whose certificate is as large as one may be. */
static void submit_large(struct desk *desk, uint8_t number, struct bytes certificate)
{
    const struct keys *submitter = desk->fixture->submitter;
    struct message_header header = {.roster = desk->fixture->roster.digest,
                                    .manifest = {{number, 1}},
                                    .bundle = {{number, 2}},
                                    .bundle_size = 1000,
                                    .catalog = fixture_catalog()->digest,
                                    .attempt = 2,
                                    .earlier = certificate};
    struct coordinator_store_case hearing = {
        .id = {{number}}, .attempt = 2, .manifest = header.manifest, .bundle = header.bundle};
    struct buffer payload = {0};
    struct error error;
    bool is_known = true;

    memcpy(header.signing, keys_public(submitter)->signing, MESSAGE_KEY_SIZE);
    memcpy(header.sealing, keys_public(submitter)->sealing, MESSAGE_KEY_SIZE);
    codec_payload_encode_header(&header, &payload);
    hearing.header.payload = keep(desk, &payload);
    sign_payload(submitter, MESSAGE_TYPE_HEADER, hearing.header.payload, hearing.header.signature);
    require(coordinator_store_case_add(desk->coordinator->store, &hearing, &is_known, &error),
            &error);
    assert_false(is_known);
}

static void cases_too_large_for_one_docket_are_heard_in_two(void **state)
{
    struct desk *desk = desk_create(5, 1);
    char *certificate = arena_alloc(desk->arena, MESSAGE_CERTIFICATE_MAX);
    size_t case_count = 0;

    (void)state;
    assert_non_null(certificate);
    memset(certificate, ' ', MESSAGE_CERTIFICATE_MAX);
    for (uint8_t i = 0; i < COORDINATOR_DOCKET_CASES; i++) {
        submit_large(desk, i, bytes_of(certificate, MESSAGE_CERTIFICATE_MAX));
    }
    clerk_take_cases(desk->coordinator);
    assert_int_equal(desk->coordinator->failure.code, 0);
    assert_int_equal(counts_of(desk).dockets, 2);
    restart(desk);
    for (struct docket *docket = docket_of(desk); docket != NULL; docket = docket->next) {
        case_count += docket->verified.docket.case_count;
    }
    assert_int_equal(case_count, COORDINATOR_DOCKET_CASES);
    desk_destroy(desk);
}

/* ---- a disk that is full ---- */

/* No file may grow until it is freed again. */
static struct rlimit fill_disk(void)
{
    struct rlimit before;
    struct rlimit full;

    assert_int_not_equal(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    full = before;
    full.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    return before;
}

static void free_disk(const struct rlimit *before)
{
    assert_int_equal(setrlimit(RLIMIT_FSIZE, before), 0);
}

static void assert_failed_and_silent(struct desk *desk)
{
    assert_int_not_equal(desk->coordinator->failure.code, 0);
    assert_int_equal(desk->sent_count, 0);
}

static void a_proposal_that_cannot_be_stored_is_not_sent(void **state)
{
    struct desk *desk = open_desk(5, 1);

    (void)state;
    say_each(desk, say_verdict, 4);
    desk->sent_count = 0;

    struct rlimit before = fill_disk();

    say_verdict(desk, 4);
    free_disk(&before);
    assert_failed_and_silent(desk);
    /* Nor by a timer that was set before and fires late. */
    pass(desk, 10000);
    docket_seat_up(docket_of(desk), 0);
    assert_int_equal(desk->sent_count, 0);

    restart(desk);
    assert_up_to(desk, CHAIR_HEARING);
    serve(desk);
    assert_decided(desk);
    desk_destroy(desk);
}

static void a_certificate_that_cannot_be_stored_is_not_sent(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_CERTIFIED);

    (void)state;
    desk->sent_count = 0;

    struct rlimit before = fill_disk();

    say_commit(desk, 4);
    free_disk(&before);
    assert_failed_and_silent(desk);
    pass(desk, 10000);
    docket_seat_up(docket_of(desk), 0);
    assert_int_equal(desk->sent_count, 0);
    assert_int_equal(counts_of(desk).decided, 0);

    restart(desk);
    serve(desk);
    assert_decided(desk);
    desk_destroy(desk);
}

static void a_proof_or_a_done_that_cannot_be_stored_ends_the_coordinator(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_DECIDED);
    struct message second = make_verdict(desk, 0, 7);
    struct rlimit before;

    (void)state;
    before = fill_disk();
    say(desk, 0, &second);
    free_disk(&before);
    assert_int_not_equal(desk->coordinator->failure.code, 0);
    assert_nobody_accused(desk);
    desk->coordinator->failure = (struct error){0};
    before = fill_disk();
    say_done(desk, 1);
    free_disk(&before);
    assert_int_not_equal(desk->coordinator->failure.code, 0);
    assert_false(seat_set_has(&docket_of(desk)->chair.done, 1));
    desk_destroy(desk);
}

/* ---- a seat that signs anything ---- */

static uint32_t draw(uint64_t *chance, uint32_t limit)
{
    *chance = *chance * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)((*chance >> 33) % limit);
}

static void lie(struct desk *desk, uint8_t seat, uint64_t *chance)
{
    uint32_t what = draw(chance, 8);
    uint32_t view = 1 + draw(chance, 3);
    bool is_good = draw(chance, 2) == 0;
    const struct digest *value = is_good ? &desk->statement.value : &other_value;
    struct message verdict;

    switch (what) {
    case 0:
        verdict = make_verdict(desk, seat, draw(chance, 3));
        say(desk, seat, &verdict);
        break;
    case 1:
    case 2:
        say_vote(desk, MESSAGE_PREPARE, seat, prepare_payload(desk, view, value));
        break;
    case 3:
    case 4:
        if (desk->statement.view != 0) {
            say_vote(desk, MESSAGE_COMMIT, seat, commit_payload(desk, view, value));
        }
        break;
    case 5:
        say_done(desk, seat);
        break;
    case 6:
        say_papers(desk, seat, draw(chance, CASES + 1), bytes_of_text("anything"));
        break;
    default:
        if (docket_of(desk) != NULL) {
            docket_seat_up(docket_of(desk), seat);
        }
        break;
    }
}

/* One faulty seat of five, and a chair that dies now and then, whatever the order. */
static void run_with_liar(uint64_t seed)
{
    struct desk *desk = open_desk(5, 1);
    uint64_t chance = seed;
    uint8_t liar = (uint8_t)draw(&chance, 5);
    struct proof proofs[32];

    seat_set_add(&desk->silent, liar);
    for (unsigned step = 0; step < 60 && docket_of(desk) != NULL; step++) {
        uint32_t what = draw(&chance, 20);

        if (what == 0) {
            restart(desk);
        } else if (what < 10) {
            lie(desk, liar, &chance);
        } else if (what == 10) {
            pass(desk, draw(&chance, 300));
        } else if (desk->served_count < desk->sent_count) {
            struct sent sent = desk->sent[desk->served_count++];

            if (sent.seat != liar) {
                answer(desk, &sent);
            }
        }
    }
    serve_for(desk, 20000);
    assert_decided(desk);
    for (size_t i = read_proofs(desk, proofs, 32); i > 0; i--) {
        assert_true(proofs[i - 1].is_seat);
        assert_int_equal(proofs[i - 1].signer, liar);
    }
    desk_destroy(desk);
}

static void no_faulty_seat_keeps_a_council_from_deciding_or_accuses_an_honest_one(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        run_with_liar(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_docket_is_decided_when_everybody_answers),
        cmocka_unit_test(a_quorum_decides_without_the_others),
        cmocka_unit_test(a_quorum_that_disagrees_waits_for_the_others),
        cmocka_unit_test(fewer_than_a_quorum_decide_nothing),
        cmocka_unit_test(votes_for_a_later_view_do_not_spoil_the_certificates),
        cmocka_unit_test(two_prepares_of_one_view_are_kept_and_the_first_counts),
        cmocka_unit_test(a_seat_that_prepared_another_value_first_does_not_count),
        cmocka_unit_test(a_prepare_in_other_bytes_neither_counts_nor_accuses),
        cmocka_unit_test(two_commits_of_one_view_are_kept_and_the_first_counts),
        cmocka_unit_test(two_verdicts_are_kept_and_the_first_counts),
        cmocka_unit_test(a_second_verdict_is_a_proof_after_the_decision_too),
        cmocka_unit_test(another_statement_of_the_same_value_counts_for_nothing),
        cmocka_unit_test(what_claims_another_seat_is_dropped),
        cmocka_unit_test(a_seat_cannot_fill_the_log),
        cmocka_unit_test(a_verdict_with_a_missing_or_superfluous_sheet_is_no_verdict),
        cmocka_unit_test(votes_before_there_is_a_proposal_do_not_count),
        cmocka_unit_test(a_commit_before_the_quorum_certificate_counts_once_there_is_one),
        cmocka_unit_test(a_chair_that_restarts_in_any_phase_goes_on),
        cmocka_unit_test(a_chair_that_restarts_after_the_decision_leaves_it_to_the_store),
        cmocka_unit_test(commits_that_a_restarted_chair_is_sent_first_decide),
        cmocka_unit_test(a_seat_that_knows_nothing_is_told_everything),
        cmocka_unit_test(what_is_not_answered_is_said_again_less_and_less_often),
        cmocka_unit_test(a_docket_is_settled_when_every_seat_has_the_certificate),
        cmocka_unit_test(a_seat_that_is_done_before_there_is_a_certificate_is_not),
        cmocka_unit_test(a_decided_docket_does_not_wait_for_ever),
        cmocka_unit_test(papers_are_taken_once_from_those_who_were_asked),
        cmocka_unit_test(cases_too_large_for_one_docket_are_heard_in_two),
        cmocka_unit_test(a_proposal_that_cannot_be_stored_is_not_sent),
        cmocka_unit_test(a_certificate_that_cannot_be_stored_is_not_sent),
        cmocka_unit_test(a_proof_or_a_done_that_cannot_be_stored_ends_the_coordinator),
        cmocka_unit_test(no_faulty_seat_keeps_a_council_from_deciding_or_accuses_an_honest_one),
    };

    log_open("docket-test", LOG_TEXT, LOG_WARNING);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
