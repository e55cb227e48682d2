#ifndef TESTS_COORDINATOR_DESK_H
#define TESTS_COORDINATOR_DESK_H

/* A coordinator's shell with real keys, store, board and messages. The tests are the seats: what it
 * sends ends in a list, and time is theirs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ftw.h>
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
    struct keys *keys; /* Of the coordinator. */
    struct coordinator *coordinator;
    struct verify_docket docket; /* As the seats verified it. */
    uint32_t view;               /* That the seats vote in, */
    struct digest tc;            /* and its TC's; zero in view 1. */
    struct statement statement;  /* What the seats computed; view 0: nothing yet. */
    struct seat_set silent;      /* Seats that serve() does not play. */
    size_t sent_count;
    size_t served_count; /* Of sent: answered by serve(). */
    struct sent sent[SENT_MAX];
};

static struct desk *desk_of_send;
static uint64_t clock_ms;
static const struct digest other_value = {{0xBA, 0xD0}};

static inline void require(bool is_done, const struct error *error)
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
static inline void check_is_stored(struct desk *desk, const struct message *message,
                                   struct bytes frame)
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

static inline int remove_entry(const char *path, const struct stat *status, int type,
                               struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline void open_stores(struct desk *desk)
{
    const struct digest *roster = &desk->fixture->roster.digest;
    struct error error;

    uint8_t index = desk->coordinator->options.index;

    require(
        coordinator_store_open(desk->store_path, roster, index, &desk->coordinator->store, &error),
        &error);
    require(coordinator_store_open(desk->store_path, roster, index, &desk->coordinator->http_store,
                                   &error),
            &error);
}

static inline void close_stores(struct desk *desk)
{
    coordinator_store_close(desk->coordinator->store);
    coordinator_store_close(desk->coordinator->http_store);
}

/* Coordinator INDEX of COORDINATOR_COUNT. */
static inline struct desk *desk_create_wide(uint8_t seat_count, uint8_t faulty_max,
                                            uint8_t coordinator_count, uint8_t index)
{
    uint8_t seed[KEYS_SEED_SIZE] = {2, index}; /* As the fixture has them. */
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
    desk->fixture =
        fixture_create_wide(seat_count, faulty_max, coordinator_count, CASES, fixture_catalog());
    fixture_hear(desk->fixture);
    desk->coordinator = coordinator;
    coordinator->work = arena_create(COORDINATOR_MESSAGE_MEMORY);
    coordinator->roster = desk->fixture->roster;
    coordinator->catalog = *fixture_catalog();
    desk->keys = keys_from_seed(seed);
    desk->view = 1;
    coordinator->keys = desk->keys;
    coordinator->options.index = index;
    coordinator->options.store = desk->store_path;
    coordinator->board = board_create();
    assert_true(quorum_init(&coordinator->quorum, seat_count, faulty_max));
    require(loop_create(&coordinator->loop, &error), &error);
    require(coordinator_store_create(desk->store_path, &coordinator->roster.digest, index, &error),
            &error);
    open_stores(desk);
    for (uint8_t seat = 0; seat < seat_count; seat++) {
        coordinator->seats[seat].is_up = true;
    }
    desk_of_send = desk;
    clock_ms = 1000;
    return desk;
}

static inline struct desk *desk_create(uint8_t seat_count, uint8_t faulty_max)
{
    return desk_create_wide(seat_count, faulty_max, 1, 0);
}

static inline void desk_destroy(struct desk *desk)
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
    keys_destroy(desk->keys);
    fixture_destroy(desk->fixture);
    arena_destroy(desk->arena);
    assert_int_equal(nftw(desk->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(desk);
}

static inline struct docket *docket_of(struct desk *desk)
{
    return desk->coordinator->dockets;
}

static inline uint8_t quorum_count(const struct desk *desk)
{
    return desk->coordinator->quorum.quorum_count;
}

/* Hands in the fixture's cases as a submitter does. */
static inline void hand_in(struct desk *desk)
{
    const struct verify_docket *given = &desk->fixture->docket;
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
}

/* Has the chair open its docket of what was handed in. */
static inline struct desk *open_desk(uint8_t seats, uint8_t faulty_max)
{
    struct desk *desk = desk_create(seats, faulty_max);
    struct message message;
    struct error error;

    hand_in(desk);
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
static inline void restart(struct desk *desk)
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
static inline void pass(struct desk *desk, uint64_t ms)
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

static inline size_t count_sent(const struct desk *desk, enum message_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < desk->sent_count; i++) {
        count += desk->sent[i].kind == kind;
    }
    return count;
}

/* The last frame of KIND that was sent, decoded. */
static inline struct message last_sent(struct desk *desk, enum message_kind kind)
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
static inline void deliver(struct desk *desk, uint8_t seat, struct buffer *frame)
{
    post_receive(desk->coordinator, seat, buffer_bytes(frame));
    arena_reset(desk->coordinator->work);
    buffer_finish(frame);
}

static inline void say(struct desk *desk, uint8_t seat, const struct message *message)
{
    struct buffer frame = {0};
    struct error error;

    require(codec_frame_encode(message, &frame, &error), &error);
    deliver(desk, seat, &frame);
}

static inline struct bytes keep(struct desk *desk, struct buffer *buffer)
{
    const char *copy = arena_copy(desk->arena, buffer->data, buffer->size);
    size_t size = buffer->size;

    assert_non_null(copy);
    buffer_finish(buffer);
    return bytes_of(copy, size);
}

static inline struct bytes make_sheet(struct desk *desk, uint8_t seat, size_t index)
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
static inline struct message make_verdict(struct desk *desk, uint8_t seat, uint64_t late_s)
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

static inline void say_verdict(struct desk *desk, uint8_t seat)
{
    struct message message = make_verdict(desk, seat, 0);

    say(desk, seat, &message);
}

static inline struct bytes prepare_payload(struct desk *desk, uint32_t view,
                                           const struct digest *value)
{
    struct message_prepare prepare = {.roster = desk->fixture->roster.digest,
                                      .docket = desk->docket.scope.docket,
                                      .view = view,
                                      .value = *value};
    struct buffer payload = {0};

    if (view > 1) {
        prepare.tc = view == desk->view ? desk->tc : (struct digest){{0x7C}};
    }
    codec_payload_encode_prepare(&prepare, &payload);
    return keep(desk, &payload);
}

static inline struct bytes commit_payload(struct desk *desk, uint32_t view,
                                          const struct digest *value)
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
static inline struct message make_vote(struct desk *desk, enum message_kind kind, uint8_t seat,
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

static inline void say_vote(struct desk *desk, enum message_kind kind, uint8_t seat,
                            struct bytes payload)
{
    struct message message = make_vote(desk, kind, seat, payload);

    say(desk, seat, &message);
}

/* Checks the proposal that was sent as a seat does, and computes what it stands for. */
static inline void study(struct desk *desk)
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

static inline void say_prepare(struct desk *desk, uint8_t seat)
{
    if (desk->statement.view == 0) {
        study(desk);
    }
    say_vote(desk, MESSAGE_PREPARE, seat,
             prepare_payload(desk, desk->view, &desk->statement.value));
}

static inline void say_commit(struct desk *desk, uint8_t seat)
{
    say_vote(desk, MESSAGE_COMMIT, seat, commit_payload(desk, desk->view, &desk->statement.value));
}

static inline void say_done(struct desk *desk, uint8_t seat)
{
    struct message message = {.kind = MESSAGE_DONE};

    message.done.docket = desk->docket.scope.docket;
    message.done.value = desk->statement.value;
    say(desk, seat, &message);
}

static inline void say_papers(struct desk *desk, uint8_t seat, uint32_t index, struct bytes papers)
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
static inline void answer(struct desk *desk, const struct sent *sent)
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
        if (message.fetch.item == MESSAGE_ITEM_PAPERS) {
            say_papers(desk, sent->seat, message.fetch.index, bytes_of_text("sealed"));
        }
        break;
    case MESSAGE_DONE:
    case MESSAGE_NEW_VIEW:
    case MESSAGE_TC:
        break; /* The tests that want an answer give it. */
    default:
        fail_msg("a chair does not send kind %d", (int)sent->kind);
    }
}

/* Has the seats that are not silent answer everything that was sent to them. */
static inline void serve(struct desk *desk)
{
    while (desk->served_count < desk->sent_count) {
        struct sent sent = desk->sent[desk->served_count++];

        if (!seat_set_has(&desk->silent, sent.seat)) {
            answer(desk, &sent);
        }
    }
}

/* Everybody but the silent ones does as it should for so long. */
static inline void serve_for(struct desk *desk, uint64_t ms)
{
    serve(desk);
    for (uint64_t passed = 0; passed < ms; passed += SETTLE_MS) {
        pass(desk, SETTLE_MS);
        serve(desk);
    }
}

/* All seats say the same kind of thing, up to COUNT of them. */
static inline void say_each(struct desk *desk, void (*say_one)(struct desk *desk, uint8_t seat),
                            uint8_t count)
{
    for (uint8_t seat = 0; seat < count; seat++) {
        say_one(desk, seat);
    }
}

/* ---- what is in the store ---- */

static inline struct certificate *stored_certificate(struct desk *desk)
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

static inline struct coordinator_store_counts counts_of(struct desk *desk)
{
    struct coordinator_store_counts counts;
    struct error error;

    require(coordinator_store_counts(desk->coordinator->http_store, &counts, &error), &error);
    return counts;
}

/* The docket was decided as the seats computed it, with the reports that the certificate names. */
static inline void assert_decided(struct desk *desk)
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

/* Reads what misconduct is kept into PROOFS, of which there are at most MAX, by culprit; each of
 * them proves what it says. */
static inline size_t read_proofs(struct desk *desk, struct proof *proofs, size_t max)
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
static inline void assert_proof(struct desk *desk, enum misconduct kind, struct bytes first,
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

static inline void assert_nobody_accused(struct desk *desk)
{
    assert_int_equal(counts_of(desk).misconduct, 0);
}

static inline void assert_up_to(struct desk *desk, enum chair_phase phase)
{
    assert_int_equal(desk->coordinator->failure.code, 0);
    assert_int_equal(docket_of(desk)->chair.phase, phase);
}

/* Everybody speaks until the docket is in PHASE. */
static inline struct desk *open_desk_at(enum chair_phase phase)
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

#endif
