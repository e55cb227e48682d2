#include "coordinator/docket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "council/tally.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "proto/codec.h"
#include "report/certificate.h"
#include "report/findings.h"
#include "report/report.h"

#define SETTLE_MS     50
#define HEAR_MS_MIN   250
#define REPEAT_MS     1000
#define REPEAT_MS_MAX 8000
#define LINGER_MS     30000 /* A decided docket leaves memory then, whoever still lacks it. */
#define SOURCES_MAX   4     /* Seats asked for the papers of one case. */

static void feed(struct docket *docket, struct chair_event *event);

static const struct digest *docket_id(const struct docket *docket)
{
    return &docket->verified.scope.docket;
}

static struct seat_set all_seats(const struct docket *docket)
{
    static const struct seat_set nobody = {{0, 0}};

    return seat_set_others(&nobody, docket->coordinator->quorum.seat_count);
}

bool docket_is_decided(const struct docket *docket)
{
    return docket->chair.phase == CHAIR_DECIDED;
}

struct docket *docket_find(struct coordinator *coordinator, const struct digest *id)
{
    struct docket *docket = coordinator->dockets;

    while (docket != NULL && !digest_equal(docket_id(docket), id)) {
        docket = docket->next;
    }
    return docket;
}

struct docket *docket_find_value(struct coordinator *coordinator, const struct digest *value)
{
    struct docket *docket = coordinator->dockets;

    while (docket != NULL && (docket->chair.proposed.view == 0 ||
                              !digest_equal(&docket->chair.proposed.value, value))) {
        docket = docket->next;
    }
    return docket;
}

static void drop(struct docket *docket, uint8_t seat, const char *what, const struct error *why)
{
    char id[DIGEST_HEX_SIZE];
    char name[48];

    (void)snprintf(name, sizeof(name), "%s on docket %.12s", what,
                   encode_digest(docket_id(docket), id));
    coordinator_drop(docket->coordinator, seat, name, why);
}

static void pin_up(struct docket *docket)
{
    struct board_docket board = {.id = *docket_id(docket),
                                 .phase = docket->chair.phase,
                                 .heard = seat_set_count(&docket->chair.heard),
                                 .prepared = seat_set_count(&docket->chair.prepared),
                                 .committed = seat_set_count(&docket->chair.committed)};

    if (docket_is_decided(docket)) {
        board_remove_docket(docket->coordinator->board, docket_id(docket));
    } else {
        board_put_docket(docket->coordinator->board, &board);
    }
}

/* ---- the proposal ---- */

/* From the PROPOSE frame at hand: the book, the statement to be committed, the payload to be
 * prepared. */
static bool take_proposal(struct docket *docket, const struct seat_vote *vote, struct error *error)
{
    struct coordinator *coordinator = docket->coordinator;
    struct report_source source = {.roster = &coordinator->roster,
                                   .catalog = &coordinator->catalog,
                                   .docket = &docket->verified};
    struct message_prepare prepare = {.roster = coordinator->roster.digest,
                                      .docket = *docket_id(docket),
                                      .view = vote->view,
                                      .value = vote->value,
                                      .tc = vote->tc};
    struct message message;

    docket->proposal_arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    if (!codec_frame_decode(buffer_bytes(&docket->propose), docket->proposal_arena, &message,
                            error) ||
        !verify_proposal(&docket->verified, &message, docket->proposal_arena, &docket->proposal,
                         error)) {
        return false;
    }
    docket->statement = calloc(1, sizeof(*docket->statement));
    CHECK(docket->statement != NULL);
    source.book = &docket->proposal.book;
    statement_make(&source, vote->view, docket->statement);
    if (!digest_equal(&docket->statement->value, &vote->value)) {
        return error_set(error, ERROR_CORRUPT, "the stored proposal gives another value");
    }
    statement_write(docket->statement, &docket->commit);
    codec_payload_encode_prepare(&prepare, &docket->prepare);
    return true;
}

/* The verdicts of SEATS as one book: each distinct sheet once. */
static void gather_book(struct docket *docket, const struct seat_set *seats, struct arena *arena,
                        struct message_book *book)
{
    size_t sheets_max = (size_t)seat_set_count(seats) * docket->verified.docket.case_count;
    struct digest *digests = arena_array(arena, sheets_max, sizeof(*digests));

    book->verdicts = arena_array(arena, seat_set_count(seats), sizeof(*book->verdicts));
    book->sheets = arena_array(arena, sheets_max, sizeof(*book->sheets));
    CHECK(digests != NULL && book->verdicts != NULL && book->sheets != NULL);
    for (uint8_t seat = 0; seat < docket->coordinator->quorum.seat_count; seat++) {
        struct message message;
        struct error error;

        if (!seat_set_has(seats, seat)) {
            continue;
        }
        /* It was decoded when it came. */
        bool is_decoded = codec_frame_decode(buffer_bytes(&docket->voices[seat].verdict), arena,
                                             &message, &error);

        CHECK(is_decoded);
        book->verdicts[book->verdict_count++] = message.verdict.verdicts[0];
        for (size_t i = 0; i < message.verdict.sheet_count; i++) {
            struct digest digest;
            size_t known = 0;

            hash_bytes(message.verdict.sheets[i], &digest);
            while (known < book->sheet_count && !digest_equal(&digests[known], &digest)) {
                known++;
            }
            if (known == book->sheet_count) {
                digests[book->sheet_count] = digest;
                book->sheets[book->sheet_count++] = message.verdict.sheets[i];
            }
        }
    }
}

/* Book, reports, value and signed proposal of the verdicts of SEATS. */
static bool make_proposal(struct docket *docket, const struct seat_set *seats,
                          struct chair_event *computed, struct error *error)
{
    struct coordinator *coordinator = docket->coordinator;
    struct arena *arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    struct report_source source = {.roster = &coordinator->roster,
                                   .catalog = &coordinator->catalog,
                                   .docket = &docket->verified};
    struct message_propose propose = {
        .roster = coordinator->roster.digest, .docket = *docket_id(docket), .view = 1};
    struct message message = {.kind = MESSAGE_PROPOSE};
    struct statement *statement = calloc(1, sizeof(*statement));
    struct verify_book book;
    struct buffer payload = {0};
    bool is_ok = false;

    CHECK(statement != NULL);
    gather_book(docket, seats, arena, &message.propose.book);
    if (verify_book(&docket->verified, &message.propose.book, arena, &book, error)) {
        source.book = &book;
        statement_make(&source, 1, statement);
        propose.book = book.digest;
        propose.value = statement->value;
        codec_payload_encode_propose(&propose, &payload);
        message.propose.propose.payload = buffer_bytes(&payload);
        sign_payload(coordinator->keys, MESSAGE_TYPE_PROPOSE, message.propose.propose.payload,
                     message.propose.propose.signature);
        is_ok = codec_frame_encode(&message, &docket->propose, error);
        computed->type = CHAIR_EVENT_COMPUTED;
        computed->computed.book = book.digest;
        computed->computed.value = statement->value;
    }
    buffer_finish(&payload);
    free(statement);
    arena_destroy(arena);
    return is_ok;
}

static bool persist_proposal(struct docket *docket, const struct seat_vote *vote,
                             struct error *error)
{
    return take_proposal(docket, vote, error) &&
           coordinator_store_save_proposal(docket->coordinator->store, docket_id(docket), vote,
                                           &docket->chair.book, buffer_bytes(&docket->propose),
                                           error);
}

/* ---- quorum certificate and certificate ---- */

static void make_certify(struct docket *docket)
{
    struct message_vote votes[MESSAGE_SEATS_MAX];
    struct message_qc qc = {.payload = buffer_bytes(&docket->prepare), .votes = votes};
    struct message message = {.kind = MESSAGE_CERTIFY};
    struct buffer encoded = {0};
    struct error error;

    for (uint8_t seat = 0; seat < docket->coordinator->quorum.seat_count; seat++) {
        if (seat_set_has(&docket->chair.prepared, seat)) {
            votes[qc.vote_count].seat = seat;
            memcpy(votes[qc.vote_count++].signature, docket->voices[seat].prepare,
                   MESSAGE_SIGNATURE_SIZE);
        }
    }
    codec_part_encode_qc(&qc, &encoded);
    message.certify = buffer_bytes(&encoded);
    buffer_clear(&docket->certify);
    /* At most CODEC_QC_MAX bytes: it fits. */
    bool is_encoded = codec_frame_encode(&message, &docket->certify, &error);

    CHECK(is_encoded);
    buffer_finish(&encoded);
}

static bool make_decide(struct docket *docket, struct bytes certificate, struct error *error)
{
    struct message message = {.kind = MESSAGE_DECIDE};

    message.decide.docket = *docket_id(docket);
    message.decide.certificate = certificate;
    buffer_clear(&docket->decide);
    return codec_frame_encode(&message, &docket->decide, error);
}

/* Notes which seats to ask for the papers that the report shows: those behind most criteria
 * first. */
static void want_papers(struct docket *docket, uint32_t index, const struct report *report)
{
    uint32_t shown[MESSAGE_SEATS_MAX] = {0};

    for (size_t i = 0; i < docket->coordinator->catalog.criterion_count; i++) {
        uint16_t voice = report->criteria[i].paper_voice;
        uint8_t seat = 0;

        if (voice == REPORT_NO_VOICE) {
            continue;
        }
        while (!seat_set_has(&report->voices[voice].seats, seat) ||
               (!docket->coordinator->seats[seat].is_up &&
                seat_set_count(&report->voices[voice].seats) > 1 &&
                seat + 1 < docket->coordinator->quorum.seat_count &&
                seat_set_has(&report->voices[voice].seats, (uint8_t)(seat + 1)))) {
            seat++;
        }
        shown[seat]++;
    }
    for (int turn = 0; turn < SOURCES_MAX && docket->paper_count < DOCKET_PAPERS_MAX; turn++) {
        uint8_t best = 0;

        for (uint8_t seat = 1; seat < docket->coordinator->quorum.seat_count; seat++) {
            best = shown[seat] > shown[best] ? seat : best;
        }
        if (shown[best] == 0) {
            return;
        }
        shown[best] = 0;
        docket->papers[docket->paper_count++] = (struct docket_paper){.index = index, .seat = best};
    }
}

static void fetch_papers(struct docket *docket)
{
    for (size_t i = 0; i < docket->paper_count; i++) {
        struct message message = {.kind = MESSAGE_FETCH};

        if (docket->papers[i].is_here) {
            continue;
        }
        message.fetch.item = MESSAGE_ITEM_PAPERS;
        message.fetch.digest = *docket_id(docket);
        message.fetch.index = docket->papers[i].index;
        coordinator_send_one(docket->coordinator, docket->papers[i].seat, &message);
    }
}

/* Writes the reports again, which the statement names by digest, into RESULTS and REPORTS. */
static void write_reports(struct docket *docket, struct coordinator_store_result *results,
                          struct buffer *reports)
{
    struct report_source source = {.roster = &docket->coordinator->roster,
                                   .catalog = &docket->coordinator->catalog,
                                   .docket = &docket->verified,
                                   .book = &docket->proposal.book};
    struct report *report = calloc(1, sizeof(*report));

    CHECK(report != NULL);
    docket->papers = calloc(DOCKET_PAPERS_MAX, sizeof(*docket->papers));
    CHECK(docket->papers != NULL);
    for (size_t i = 0; i < docket->verified.docket.case_count; i++) {
        report_make(&source, i, report);
        report_write(report, &reports[i]);
        want_papers(docket, (uint32_t)i, report);
        results[i].report = buffer_bytes(&reports[i]);
        results[i].report_digest = docket->statement->cases[i].report;
        results[i].outcome = (int)report->findings.outcome;
        results[i].decision = findings_decision_name(report->findings.decision);
    }
    free(report);
}

static bool persist_certificate(struct docket *docket, const struct chair_action *action,
                                struct error *error)
{
    struct coordinator *coordinator = docket->coordinator;
    size_t count = docket->verified.docket.case_count;
    struct coordinator_store_result *results = calloc(count, sizeof(*results));
    struct buffer *reports = calloc(count, sizeof(*reports));
    struct message_vote votes[MESSAGE_SEATS_MAX];
    struct buffer certificate = {0};
    size_t vote_count = 0;

    CHECK(results != NULL);
    CHECK(reports != NULL);
    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        if (seat_set_has(&action->seats, seat)) {
            votes[vote_count].seat = seat;
            memcpy(votes[vote_count++].signature, docket->voices[seat].commit,
                   MESSAGE_SIGNATURE_SIZE);
        }
    }
    certificate_write(&coordinator->roster, buffer_bytes(&docket->commit), votes, vote_count,
                      &certificate);
    write_reports(docket, results, reports);
    bool is_ok = coordinator_store_save_certificate(
                     coordinator->store, docket_id(docket), &docket->statement->value,
                     buffer_bytes(&certificate), results, count, coordinator_clock_ms(), error) &&
                 make_decide(docket, buffer_bytes(&certificate), error);

    for (size_t i = 0; i < count; i++) {
        buffer_finish(&reports[i]);
    }
    buffer_finish(&certificate);
    free(reports);
    free(results);
    return is_ok;
}

/* ---- misconduct ---- */

static struct message_signed kept_message(const struct docket_message *kept)
{
    struct message_signed message = {.payload = buffer_bytes(&kept->payload)};

    memcpy(message.signature, kept->signature, MESSAGE_SIGNATURE_SIZE);
    return message;
}

static bool report_misconduct(struct docket *docket, const struct chair_action *action,
                              struct error *error)
{
    struct seat_store_misconduct misconduct = {.kind = misconduct_name(action->kind),
                                               .docket = *docket_id(docket),
                                               .first_type = docket->at_hand_type,
                                               .second_type = docket->at_hand_type};
    struct arena *arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    struct message message;
    char subject[16];
    uint8_t seat = 0;
    bool is_ok = true;

    while (!seat_set_has(&action->seats, seat)) {
        seat++;
    }
    (void)snprintf(subject, sizeof(subject), "seat %u", seat);
    misconduct.subject = subject;
    misconduct.second = *docket->at_hand;
    if (action->kind == MISCONDUCT_TWO_PREPARES) {
        misconduct.first = kept_message(&docket->voices[seat].first_prepare);
    } else if (action->kind == MISCONDUCT_TWO_COMMITS) {
        misconduct.first = kept_message(&docket->voices[seat].first_commit);
    } else {
        is_ok =
            codec_frame_decode(buffer_bytes(&docket->voices[seat].verdict), arena, &message, error);
        if (is_ok) {
            misconduct.first = message.verdict.verdicts[0];
        }
    }
    log_line(LOG_ERROR, "seat %u signed two messages that contradict each other (%s)", seat,
             misconduct.kind);
    is_ok =
        is_ok && coordinator_store_save_misconduct(docket->coordinator->store, &misconduct, error);
    arena_destroy(arena);
    return is_ok;
}

/* ---- the machine ---- */

static void timer_fired(void *context)
{
    struct chair_event event = {.type = CHAIR_EVENT_TIMER};

    feed(context, &event);
}

/* Carries out ACTION; COMPUTED is set when it asks for an event to follow. */
static bool perform(struct docket *docket, const struct chair_action *action,
                    struct chair_event *computed, struct error *error)
{
    struct coordinator *coordinator = docket->coordinator;

    switch (action->type) {
    case CHAIR_ACTION_SEND_ASSIGN:
        coordinator_send_frame(coordinator, &action->seats, buffer_bytes(&docket->assign));
        return true;
    case CHAIR_ACTION_COMPUTE:
        return make_proposal(docket, &action->seats, computed, error);
    case CHAIR_ACTION_PERSIST_PROPOSAL:
        return persist_proposal(docket, &action->vote, error);
    case CHAIR_ACTION_SEND_PROPOSE:
        coordinator_send_frame(coordinator, &action->seats, buffer_bytes(&docket->propose));
        return true;
    case CHAIR_ACTION_SEND_CERTIFY:
        if (docket->certify.size == 0) {
            make_certify(docket);
        }
        coordinator_send_frame(coordinator, &action->seats, buffer_bytes(&docket->certify));
        return true;
    case CHAIR_ACTION_PERSIST_CERTIFICATE:
        return persist_certificate(docket, action, error);
    case CHAIR_ACTION_SEND_DECIDE:
        coordinator_send_frame(coordinator, &action->seats, buffer_bytes(&docket->decide));
        return true;
    case CHAIR_ACTION_SET_TIMER:
        loop_timer_set(coordinator->loop, &docket->timer, action->deadline_ms);
        return true;
    case CHAIR_ACTION_REPORT_MISCONDUCT:
        return report_misconduct(docket, action, error);
    case CHAIR_ACTION_RECOVER: /* No NEW-VIEW, TC or DECIDE is fed. */
    case CHAIR_ACTION_SEND_DONE:
    case CHAIR_ACTION_MAKE_TC:
    case CHAIR_ACTION_SEND_TC:
    case CHAIR_ACTION_RELAY:
    case CHAIR_ACTION_ASK_CERTIFICATE:
    case CHAIR_ACTION_REPORT_CONFLICT:
    default:
        CHECK_UNREACHABLE();
    }
}

static void note_decision(struct docket *docket)
{
    char id[DIGEST_HEX_SIZE];

    log_line(LOG_INFO, "docket %.12s: %zu cases decided, %u signatures",
             encode_digest(docket_id(docket), id), docket->verified.docket.case_count,
             seat_set_count(&docket->chair.committed));
    docket->close_ms = loop_now_ms() + LINGER_MS;
    fetch_papers(docket);
    coordinator_take_cases(docket->coordinator);
}

static void feed(struct docket *docket, struct chair_event *event)
{
    struct chair_event next = *event;
    struct chair_actions actions;
    struct error error;
    bool was_decided = docket_is_decided(docket);

    /* A machine whose action failed is ahead of the store: a timer must not have it speak. */
    if (docket->coordinator->failure.code != 0) {
        return;
    }
    while (next.type != 0) {
        struct chair_event computed = {0};

        next.now_ms = loop_now_ms();
        chair_step(&docket->chair, &next, &actions);
        for (uint32_t i = 0; i < actions.count; i++) {
            if (!perform(docket, &actions.items[i], &computed, &error)) {
                coordinator_fail(docket->coordinator, &error);
                return;
            }
        }
        next = computed;
    }
    pin_up(docket);
    if (docket_is_decided(docket) && !was_decided) {
        note_decision(docket);
    }
}

/* ---- messages ---- */

/* Adds the verdict's answers to the tallies; true when every criterion of every case is settled. */
static bool count_answers(struct docket *docket, const struct verify_book *book)
{
    uint8_t quorum = docket->coordinator->quorum.quorum_count;
    bool is_settled = true;

    for (size_t i = 0; i < docket->verified.docket.case_count; i++) {
        const struct message_sheet *sheet = verify_book_sheet(book, 0, i);

        if (sheet != NULL) {
            tally_add(&docket->tallies[i], sheet->answers);
        }
        is_settled = is_settled && tally_is_settled(&docket->tallies[i], quorum);
    }
    return is_settled;
}

void docket_verdict(struct docket *docket, uint8_t seat, const struct message_book *book,
                    struct bytes frame)
{
    struct chair_event event = {.type = CHAIR_EVENT_VERDICT, .seat = seat};
    struct docket_voice *voice = &docket->voices[seat];
    struct verify_book verified;
    struct error error;

    if (!verify_verdict(&docket->verified, book, docket->coordinator->work, &verified, &error)) {
        drop(docket, seat, "VERDICT", &error);
        return;
    }
    if (verified.verdicts[0].seat != seat) {
        error_record(&error, ERROR_DENIED, "it is seat %u's", verified.verdicts[0].seat);
        drop(docket, seat, "VERDICT", &error);
        return;
    }
    hash_bytes(book->verdicts[0].payload, &event.verdict.message);
    if (voice->verdict.size == 0) {
        buffer_append(&voice->verdict, frame.data, frame.size);
        event.verdict.is_settled = count_answers(docket, &verified);
    }
    docket->at_hand = &book->verdicts[0];
    docket->at_hand_type = MESSAGE_TYPE_VERDICT;
    feed(docket, &event);
    docket->at_hand = NULL;
}

/* Keeps MESSAGE as what later ones of its view are compared with. */
static void keep(struct docket_message *kept, const struct message_signed *message)
{
    buffer_clear(&kept->payload);
    buffer_append(&kept->payload, message->payload.data, message->payload.size);
    memcpy(kept->signature, message->signature, MESSAGE_SIGNATURE_SIZE);
}

static bool is_vote(const struct seat_vote *a, const struct seat_vote *b)
{
    return a->view == b->view && digest_equal(&a->value, &b->value) && digest_equal(&a->tc, &b->tc);
}

void docket_prepare(struct docket *docket, uint8_t seat, const struct message *message)
{
    struct chair_event event = {.type = CHAIR_EVENT_PREPARE, .seat = seat};
    struct message_signed at_hand = {.payload = message->prepare.payload};
    struct message_prepare prepare;
    struct error error;

    if (message->prepare.vote.seat != seat) {
        error_record(&error, ERROR_DENIED, "it is seat %u's", message->prepare.vote.seat);
        drop(docket, seat, "PREPARE", &error);
        return;
    }
    if (!verify_prepare(&docket->verified.scope, message->prepare.payload, &message->prepare.vote,
                        &prepare, &error)) {
        drop(docket, seat, "PREPARE", &error);
        return;
    }
    memcpy(at_hand.signature, message->prepare.vote.signature, MESSAGE_SIGNATURE_SIZE);
    event.prepare =
        (struct seat_vote){.view = prepare.view, .value = prepare.value, .tc = prepare.tc};
    if (chair_takes_prepare(&docket->chair, seat, &event.prepare)) {
        keep(&docket->voices[seat].first_prepare, &at_hand);
    }
    docket->at_hand = &at_hand;
    docket->at_hand_type = MESSAGE_TYPE_PREPARE;
    /* The QC holds one payload: of what is for the proposal at hand only those bytes count. */
    if (bytes_equal(at_hand.payload, buffer_bytes(&docket->prepare))) {
        memcpy(docket->voices[seat].prepare, at_hand.signature, MESSAGE_SIGNATURE_SIZE);
        feed(docket, &event);
    } else if (!is_vote(&event.prepare, &docket->chair.proposed)) {
        feed(docket, &event);
    }
    docket->at_hand = NULL;
}

void docket_commit(struct docket *docket, uint8_t seat, const struct message *message)
{
    struct chair_event event = {.type = CHAIR_EVENT_COMMIT, .seat = seat};
    struct message_signed at_hand = {.payload = message->commit.payload};
    struct statement *statement = calloc(1, sizeof(*statement));
    struct error error;

    CHECK(statement != NULL);
    if (message->commit.vote.seat != seat) {
        error_record(&error, ERROR_DENIED, "it is seat %u's", message->commit.vote.seat);
        drop(docket, seat, "COMMIT", &error);
    } else if (!verify_commit(&docket->coordinator->roster, message->commit.payload,
                              &message->commit.vote, &error) ||
               !statement_parse(message->commit.payload, docket->coordinator->work, statement,
                                &error)) {
        drop(docket, seat, "COMMIT", &error);
    } else if (docket->statement != NULL && statement->view == docket->statement->view &&
               digest_equal(&statement->value, &docket->statement->value) &&
               !bytes_equal(message->commit.payload, buffer_bytes(&docket->commit))) {
        if (statement_compare(docket->statement, statement, &error)) {
            error_record(&error, ERROR_INVALID, "its statement is written otherwise");
        }
        drop(docket, seat, "COMMIT", &error);
    } else {
        memcpy(at_hand.signature, message->commit.vote.signature, MESSAGE_SIGNATURE_SIZE);
        event.commit = (struct seat_vote){.view = statement->view, .value = statement->value};
        if (chair_takes_commit(&docket->chair, seat, &event.commit)) {
            keep(&docket->voices[seat].first_commit, &at_hand);
        }
        docket->at_hand = &at_hand;
        docket->at_hand_type = MESSAGE_TYPE_STATEMENT;
        if (bytes_equal(at_hand.payload, buffer_bytes(&docket->commit))) {
            memcpy(docket->voices[seat].commit, at_hand.signature, MESSAGE_SIGNATURE_SIZE);
        }
        feed(docket, &event);
        docket->at_hand = NULL;
    }
    free(statement);
}

void docket_done(struct docket *docket, uint8_t seat)
{
    struct chair_event event = {.type = CHAIR_EVENT_DONE, .seat = seat};
    struct error error;

    if (!docket_is_decided(docket)) {
        return;
    }
    if (!coordinator_store_done(docket->coordinator->store, docket_id(docket), seat,
                                docket->coordinator->quorum.seat_count, &error)) {
        coordinator_fail(docket->coordinator, &error);
        return;
    }
    feed(docket, &event);
}

void docket_papers(struct docket *docket, uint8_t seat, const struct message *message)
{
    struct error error;

    for (size_t i = 0; i < docket->paper_count; i++) {
        struct docket_paper *paper = &docket->papers[i];

        if (paper->seat != seat || paper->index != message->item.index || paper->is_here) {
            continue;
        }
        paper->is_here = true;
        if (message->item.total_size == 0 || message->item.total_size != message->item.data.size) {
            return; /* It has none. */
        }
        if (!coordinator_store_save_papers(docket->coordinator->store, docket_id(docket),
                                           paper->index, seat, message->item.data, &error)) {
            coordinator_fail(docket->coordinator, &error);
        }
        return;
    }
}

void docket_seat_up(struct docket *docket, uint8_t seat)
{
    struct chair_event event = {.type = CHAIR_EVENT_SEAT_UP, .seat = seat};

    feed(docket, &event);
}

bool docket_tick(struct docket *docket)
{
    struct seat_set all = all_seats(docket);
    bool has_papers = true;

    if (!docket_is_decided(docket)) {
        return false;
    }
    for (size_t i = 0; i < docket->paper_count; i++) {
        has_papers = has_papers && docket->papers[i].is_here;
    }
    if (!has_papers) {
        fetch_papers(docket);
    }
    return (has_papers && seat_set_equal(&docket->chair.done, &all)) ||
           loop_now_ms() >= docket->close_ms;
}

/* ---- life ---- */

static bool verify(struct docket *docket, const struct message_signed *signed_docket,
                   struct error *error)
{
    struct message message = {.kind = MESSAGE_ASSIGN};
    struct message_signed kept = *signed_docket;

    kept.payload.data =
        (const uint8_t *)arena_copy(docket->arena, kept.payload.data, kept.payload.size);
    if (kept.payload.data == NULL) {
        return error_set(error, ERROR_LIMIT, "a docket of %zu bytes", kept.payload.size);
    }
    message.assign.docket = kept;
    if (!verify_docket(&docket->coordinator->roster, &kept, docket->arena, &docket->verified,
                       error) ||
        !codec_frame_encode(&message, &docket->assign, error)) {
        return false;
    }
    docket->verified.criterion_count = docket->coordinator->catalog.criterion_count;
    docket->tallies = calloc(docket->verified.docket.case_count, sizeof(*docket->tallies));
    CHECK(docket->tallies != NULL);
    for (size_t i = 0; i < docket->verified.docket.case_count; i++) {
        tally_init(&docket->tallies[i], (uint16_t)docket->verified.criterion_count);
    }
    return true;
}

static void start(struct docket *docket, const struct chair_record *record)
{
    struct coordinator *coordinator = docket->coordinator;
    struct chair_config config = {.quorum = coordinator->quorum,
                                  .self = coordinator->options.index,
                                  .coordinator_count = coordinator->roster.coordinator_count,
                                  .home = docket->verified.docket.home,
                                  .is_again = docket->verified.has_earlier,
                                  .settle_ms = SETTLE_MS,
                                  .hear_ms_min = HEAR_MS_MIN,
                                  .assess_ms = COORDINATOR_ASSESS_MS,
                                  .repeat_ms = REPEAT_MS,
                                  .repeat_ms_max = REPEAT_MS_MAX};
    struct docket **last = &coordinator->dockets;
    struct chair_event open = {.type = CHAIR_EVENT_OPEN};

    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = docket;
    docket->timer.fire = timer_fired;
    docket->timer.context = docket;
    chair_init(&docket->chair, &config, record);
    feed(docket, &open);
    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        if (coordinator->seats[seat].is_up) {
            docket_seat_up(docket, seat);
        }
    }
}

bool docket_open(struct coordinator *coordinator, const struct message_signed *signed_docket,
                 const struct chair_record *record, struct bytes frame, struct error *error)
{
    struct docket *docket = calloc(1, sizeof(*docket));

    CHECK(docket != NULL);
    docket->coordinator = coordinator;
    docket->arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    bool is_ok = verify(docket, signed_docket, error);

    if (is_ok && record->proposed.view != 0) {
        buffer_append(&docket->propose, frame.data, frame.size);
        is_ok = take_proposal(docket, &record->proposed, error);
    }
    if (!is_ok) {
        docket_destroy(docket);
        return false;
    }
    start(docket, record);
    return true;
}

void docket_destroy(struct docket *docket)
{
    struct docket **place = &docket->coordinator->dockets;

    while (*place != NULL && *place != docket) {
        place = &(*place)->next;
    }
    if (*place == docket) {
        *place = docket->next;
        board_remove_docket(docket->coordinator->board, docket_id(docket));
        loop_timer_clear(docket->coordinator->loop, &docket->timer);
    }
    for (size_t seat = 0; seat < MESSAGE_SEATS_MAX; seat++) {
        buffer_finish(&docket->voices[seat].verdict);
        buffer_finish(&docket->voices[seat].first_prepare.payload);
        buffer_finish(&docket->voices[seat].first_commit.payload);
    }
    buffer_finish(&docket->assign);
    buffer_finish(&docket->propose);
    buffer_finish(&docket->prepare);
    buffer_finish(&docket->commit);
    buffer_finish(&docket->certify);
    buffer_finish(&docket->decide);
    free(docket->papers);
    free(docket->tallies);
    free(docket->statement);
    arena_destroy(docket->proposal_arena);
    arena_destroy(docket->arena);
    free(docket);
}
