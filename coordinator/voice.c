#include "coordinator/voice.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "coordinator/accuse.h"
#include "coordinator/proposal.h"
#include "coordinator/search.h"
#include "crypto/hash.h"
#include "proto/codec.h"
#include "report/certificate.h"

/* Keeps MESSAGE as what later ones of its view are compared with. */
static void keep(struct docket_message *kept, const struct message_signed *message)
{
    buffer_clear(&kept->payload);
    buffer_append(&kept->payload, message->payload.data, message->payload.size);
    memcpy(kept->signature, message->signature, MESSAGE_SIGNATURE_SIZE);
}

static void take_up(struct docket *docket, const struct message_signed *message, const char *type)
{
    docket->at_hand = message;
    docket->at_hand_type = type;
}

static void put_down(struct docket *docket)
{
    docket->at_hand = NULL;
    docket->at_hand_type = NULL;
}

/* The store failed while a proof was kept: the coordinator must not go on. */
static void require(struct docket *docket, bool is_kept, const struct error *error)
{
    if (!is_kept) {
        coordinator_fail(docket->coordinator, error);
    }
}

static bool is_by(struct docket *docket, uint8_t seat, uint8_t signer, const char *what)
{
    struct error error;

    if (signer == seat) {
        return true;
    }
    error_record(&error, ERROR_DENIED, "it is seat %u's", signer);
    docket_drop(docket, seat, what, &error);
    return false;
}

/* ---- verdicts ---- */

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

/* A seat that abstains because of another docket names it: this coordinator wants to know it. */
static void follow_names(struct docket *docket, const struct message_verdict *verdict)
{
    for (size_t i = 0; i < verdict->entry_count; i++) {
        const struct message_entry *entry = &verdict->entries[i];

        if (entry->reason == MESSAGE_BOUND || entry->reason == MESSAGE_CONCLUDED) {
            search_add(docket->coordinator, verdict->seat, &entry->digest);
        }
    }
}

/* The first of SEAT. */
static void enter_verdict(struct docket *docket, uint8_t seat, const struct verify_book *verified,
                          struct bytes frame, struct chair_event *event)
{
    struct error error;

    buffer_append(&docket->voices[seat].verdict, frame.data, frame.size);
    event->verdict.is_settled = count_answers(docket, verified);
    follow_names(docket, &verified->verdicts[0]);
    require(docket, accuse_hearings(docket, seat, &error), &error);
}

void voice_verdict(struct docket *docket, uint8_t seat, const struct message_book *book,
                   struct bytes frame)
{
    struct chair_event event = {.type = CHAIR_EVENT_VERDICT, .seat = seat};
    struct verify_book verified;
    struct error error;

    if (!verify_verdict(&docket->verified, book, docket->coordinator->work, &verified, &error)) {
        docket_drop(docket, seat, "VERDICT", &error);
        return;
    }
    if (!is_by(docket, seat, verified.verdicts[0].seat, "VERDICT")) {
        return;
    }
    hash_bytes(book->verdicts[0].payload, &event.verdict.message);
    take_up(docket, &book->verdicts[0], MESSAGE_TYPE_VERDICT);
    if (docket->voices[seat].verdict.size == 0) {
        enter_verdict(docket, seat, &verified, frame, &event);
    }
    docket_feed(docket, &event);
    put_down(docket);
}

/* ---- PREPARE ---- */

/* A PREPARE for the TC in hand, of another value than its highest QC allows. */
static bool is_unjustified(const struct docket *docket, const struct message_prepare *prepare)
{
    const struct chair *chair = &docket->chair;

    return prepare->view == chair->view && prepare->view > 1 && chair->justify.view != 0 &&
           digest_equal(&prepare->tc, &chair->tc) &&
           !digest_equal(&prepare->value, &chair->justify.value);
}

static void enter_prepare(struct docket *docket, uint8_t seat,
                          const struct message_prepare *prepare)
{
    struct chair_event event = {.type = CHAIR_EVENT_PREPARE, .seat = seat};
    struct docket_voice *voice = &docket->voices[seat];
    struct error error;

    event.prepare =
        (struct seat_vote){.view = prepare->view, .value = prepare->value, .tc = prepare->tc};
    if (chair_takes_prepare(&docket->chair, seat, &event.prepare)) {
        keep(&voice->prepare, docket->at_hand);
    }
    if (is_unjustified(docket, prepare)) {
        require(docket, accuse_unjustified(docket, seat, &error), &error);
    }
    /* The QC holds one payload: of what is for the proposal at hand only those bytes count. */
    if (bytes_equal(docket->at_hand->payload, buffer_bytes(&docket->prepare))) {
        memcpy(voice->prepare_signature, docket->at_hand->signature, MESSAGE_SIGNATURE_SIZE);
        docket_feed(docket, &event);
    } else if (!seat_vote_equal(&event.prepare, &docket->chair.proposed)) {
        docket_feed(docket, &event);
    }
}

void voice_prepare(struct docket *docket, uint8_t seat, const struct message *message)
{
    struct message_signed at_hand = {.payload = message->prepare.payload};
    struct message_prepare prepare;
    struct error error;

    if (!is_by(docket, seat, message->prepare.vote.seat, "PREPARE")) {
        return;
    }
    if (!verify_prepare(&docket->verified.scope, message->prepare.payload, &message->prepare.vote,
                        &prepare, &error)) {
        docket_drop(docket, seat, "PREPARE", &error);
        return;
    }
    memcpy(at_hand.signature, message->prepare.vote.signature, MESSAGE_SIGNATURE_SIZE);
    take_up(docket, &at_hand, MESSAGE_TYPE_PREPARE);
    enter_prepare(docket, seat, &prepare);
    put_down(docket);
}

/* ---- COMMIT ---- */

/* Hands the COMMIT kept of SEAT to the machine, which compares it with what it has. */
static void feed_commit(struct docket *docket, uint8_t seat)
{
    struct chair_event event = {.type = CHAIR_EVENT_COMMIT, .seat = seat};
    struct docket_voice *voice = &docket->voices[seat];
    struct message_signed kept = {.payload = buffer_bytes(&voice->commit.payload)};

    memcpy(kept.signature, voice->commit.signature, MESSAGE_SIGNATURE_SIZE);
    event.commit = voice->committed;
    if (chair_takes_commit(&docket->chair, seat, &event.commit)) {
        voice->fed.vote = event.commit;
        memcpy(voice->fed.signature, kept.signature, MESSAGE_SIGNATURE_SIZE);
    }
    take_up(docket, &kept, MESSAGE_TYPE_STATEMENT);
    docket_feed(docket, &event);
    put_down(docket);
}

static bool has_value(const struct docket *docket, const struct digest *value)
{
    return docket->ledger != NULL && digest_equal(ledger_value(docket->ledger), value);
}

/* A COMMIT on a value that is here counts when it is on the statement that follows from it: that is
 * known when it is kept. On another value nobody can say which statement is the right one: those on
 * the same bytes count once they are a quorum, which has honest seats in it. */
static void count_commit(struct docket *docket, uint8_t seat)
{
    const struct docket_voice *voice = &docket->voices[seat];
    struct bytes payload = buffer_bytes(&voice->commit.payload);
    struct seat_set same = {{0, 0}};

    if (has_value(docket, &voice->committed.value)) {
        feed_commit(docket, seat);
        return;
    }
    for (uint8_t other = 0; other < docket->coordinator->quorum.seat_count; other++) {
        if (bytes_equal(buffer_bytes(&docket->voices[other].commit.payload), payload)) {
            seat_set_add(&same, other);
        }
    }
    if (seat_set_count(&same) < docket->coordinator->quorum.quorum_count) {
        return;
    }
    for (uint8_t other = 0; other < docket->coordinator->quorum.seat_count; other++) {
        if (seat_set_has(&same, other)) {
            feed_commit(docket, other);
        }
    }
}

/* Whether the statement of VOTE is written as the value in hand has it; ERROR says what differs. */
static bool is_expected(struct docket *docket, const struct statement *statement,
                        struct bytes payload, struct error *error)
{
    if (!has_value(docket, &statement->value) ||
        bytes_equal(payload, ledger_commit(docket->ledger, statement->view))) {
        return true;
    }
    if (statement_compare(&docket->ledger->statement, statement, error)) {
        error_record(error, ERROR_INVALID, "its statement is written otherwise");
    }
    return false;
}

/* Whether the COMMIT at hand and what is kept of SEAT could be a proof: another of its view, or a
 * NEW-VIEW above it that denies it. */
static bool is_suspect(const struct docket *docket, uint8_t seat, const struct seat_vote *vote)
{
    const struct docket_voice *voice = &docket->voices[seat];
    const struct chair_report *asked = &docket->chair.reports[seat];

    return (voice->committed.view == vote->view &&
            !digest_equal(&voice->committed.value, &vote->value)) ||
           (asked->view > vote->view && asked->lock.view < vote->view);
}

/* The COMMIT at hand, verified. */
static void enter_commit(struct docket *docket, uint8_t seat, const struct statement *statement)
{
    struct docket_voice *voice = &docket->voices[seat];
    struct seat_vote vote = {.view = statement->view, .value = statement->value};
    bool is_same = bytes_equal(docket->at_hand->payload, buffer_bytes(&voice->commit.payload));
    struct error error;

    if (vote.view > voice->committed.view && vote.view <= docket->chair.view + 1) {
        keep(&voice->commit, docket->at_hand);
        voice->committed = vote;
        is_same = true;
    }
    if (is_suspect(docket, seat, &vote)) {
        require(docket, accuse_seat(docket, seat, &error), &error);
    }
    if (is_same) {
        count_commit(docket, seat);
    }
}

void voice_commit(struct docket *docket, uint8_t seat, const struct message *message)
{
    struct message_signed at_hand = {.payload = message->commit.payload};
    struct statement *statement = calloc(1, sizeof(*statement));
    struct error error;

    CHECK(statement != NULL);
    memcpy(at_hand.signature, message->commit.vote.signature, MESSAGE_SIGNATURE_SIZE);
    if (!is_by(docket, seat, message->commit.vote.seat, "COMMIT")) {
        free(statement);
        return;
    }
    if (!verify_commit(&docket->coordinator->roster, message->commit.payload, &message->commit.vote,
                       &error) ||
        !statement_parse(message->commit.payload, docket->coordinator->work, statement, &error) ||
        !is_expected(docket, statement, message->commit.payload, &error)) {
        docket_drop(docket, seat, "COMMIT", &error);
    } else {
        take_up(docket, &at_hand, MESSAGE_TYPE_STATEMENT);
        enter_commit(docket, seat, statement);
        put_down(docket);
    }
    free(statement);
}

void voice_recount(struct docket *docket)
{
    for (uint8_t seat = 0; seat < docket->coordinator->quorum.seat_count; seat++) {
        const struct docket_voice *voice = &docket->voices[seat];
        const struct seat_vote *vote = &voice->committed;

        if (vote->view != 0 && has_value(docket, &vote->value) &&
            chair_takes_commit(&docket->chair, seat, vote) &&
            bytes_equal(buffer_bytes(&voice->commit.payload),
                        ledger_commit(docket->ledger, vote->view))) {
            feed_commit(docket, seat);
        }
    }
}

/* ---- NEW-VIEW and TC ---- */

static void take_tc(struct docket *docket, uint8_t seat, const struct verify_tc *tc,
                    struct bytes bytes)
{
    struct chair_event event = proposal_tc_event(tc);

    event.seat = seat;
    if (tc->tc.view > docket->chair.view && docket->chair.phase < CHAIR_CERTIFIED) {
        proposal_enter(docket, tc->tc.view, bytes);
    }
    docket_feed(docket, &event);
}

/* Whether REPORT denies the COMMIT kept of its seat; the machine may not know of that one. */
static bool denies_commit(const struct docket_voice *voice, const struct message_new_view *report)
{
    return voice->committed.view != 0 && report->view > voice->committed.view &&
           report->qc_view < voice->committed.view;
}

static void enter_new_view(struct docket *docket, uint8_t seat, const struct message *message,
                           const struct message_new_view *report)
{
    struct chair_event event = {.type = CHAIR_EVENT_NEW_VIEW, .seat = seat};
    struct docket_voice *voice = &docket->voices[seat];
    struct error error;

    event.new_view.view = report->view;
    event.new_view.lock = (struct seat_vote){.view = report->qc_view, .value = report->qc_value};
    hash_bytes(message->new_view.report.payload, &event.new_view.payload);
    if (chair_takes_new_view(&docket->chair, seat, report->view)) {
        keep(&voice->new_view, &message->new_view.report);
        buffer_clear(&voice->qc);
        buffer_append(&voice->qc, message->new_view.qc.data, message->new_view.qc.size);
    }
    take_up(docket, &message->new_view.report, MESSAGE_TYPE_NEW_VIEW);
    if (denies_commit(voice, report)) {
        require(docket, accuse_seat(docket, seat, &error), &error);
    }
    docket_feed(docket, &event);
    put_down(docket);
}

void voice_new_view(struct docket *docket, uint8_t seat, const struct message *message)
{
    struct bytes payload = message->new_view.report.payload;
    struct verify_new_view verified;
    struct message_new_view report;
    struct error error;

    if (!is_by(docket, seat, message->new_view.seat, "NEW-VIEW")) {
        return;
    }
    /* Said again: its attachments were verified when it was kept. */
    if (bytes_equal(payload, buffer_bytes(&docket->voices[seat].new_view.payload)) &&
        verify_report(&docket->verified.scope, &message->new_view.report, seat, &report, &error)) {
        enter_new_view(docket, seat, message, &report);
        return;
    }
    if (!verify_new_view(&docket->verified.scope, message, docket->coordinator->work, &verified,
                         &error)) {
        docket_drop(docket, seat, "NEW-VIEW", &error);
        return;
    }
    if (verified.tc_view != 0) {
        take_tc(docket, seat, &verified.tc, message->new_view.tc);
    }
    enter_new_view(docket, seat, message, &verified.report);
}

void voice_tc(struct docket *docket, uint8_t seat, struct bytes tc)
{
    struct verify_tc verified = {.tc = {.view = docket->chair.view}, .digest = docket->chair.tc};
    struct error error;

    if (bytes_equal(tc, buffer_bytes(&docket->tc))) {
        take_tc(docket, seat, &verified, tc); /* The one in hand: it was verified. */
        return;
    }
    if (!verify_tc(&docket->verified.scope, tc, docket->coordinator->work, &verified, &error)) {
        docket_drop(docket, seat, "TC", &error);
        return;
    }
    take_tc(docket, seat, &verified, tc);
}

/* ---- the end ---- */

/* Whether CERTIFICATE claims the result that is here: then there is nothing to verify. */
static bool is_known_result(struct docket *docket, struct bytes certificate,
                            struct statement *claim)
{
    struct error error;

    return docket_is_decided(docket) &&
           certificate_claim(certificate, "DECIDE", docket->coordinator->work, claim, &error) &&
           digest_equal(&claim->docket, docket_id(docket)) &&
           digest_equal(&claim->value, &docket->chair.certified.value);
}

void voice_decide(struct docket *docket, uint8_t seat, struct bytes bytes)
{
    struct chair_event event = {.type = CHAIR_EVENT_DECIDE, .seat = seat};
    struct statement *claim = calloc(1, sizeof(*claim));
    struct certificate *certificate = NULL;
    struct error error;

    CHECK(claim != NULL);
    if (is_known_result(docket, bytes, claim)) {
        event.decide = (struct seat_vote){.view = claim->view, .value = claim->value};
    } else if (!certificate_check(bytes, "DECIDE", &docket->coordinator->roster,
                                  docket->coordinator->work, &certificate, &error)) {
        docket_drop(docket, seat, "DECIDE", &error);
    } else if (!digest_equal(&certificate->statement.docket, docket_id(docket))) {
        error_record(&error, ERROR_INVALID, "its certificate is of another docket");
        docket_drop(docket, seat, "DECIDE", &error);
    } else {
        event.decide = (struct seat_vote){.view = certificate->statement.view,
                                          .value = certificate->statement.value};
    }
    if (event.decide.view != 0) {
        docket->offered = bytes;
        docket_feed(docket, &event);
        docket->offered = (struct bytes){0};
    }
    free(claim);
}

void voice_done(struct docket *docket, uint8_t seat, const struct digest *value)
{
    struct chair_event event = {.type = CHAIR_EVENT_DONE, .seat = seat};
    struct coordinator *coordinator = docket->coordinator;
    struct error error;

    if (!docket_is_decided(docket) || !digest_equal(value, &docket->chair.certified.value)) {
        return;
    }
    if (!coordinator_store_result_done(coordinator->store, docket_id(docket), seat,
                                       coordinator->quorum.seat_count, &error)) {
        coordinator_fail(coordinator, &error);
        return;
    }
    docket_feed(docket, &event);
}

void voice_value(struct docket *docket, uint8_t seat, const struct message *message,
                 struct bytes frame)
{
    struct report_source source = docket_source(docket);
    struct message_propose propose;
    struct ledger *ledger = NULL;
    struct error error;

    if (!fetch_awaits(docket, seat) ||
        !codec_payload_decode_propose(message->propose.propose.payload, &propose, &error) ||
        !digest_equal(&propose.value, &docket->fetch.value)) {
        return; /* It was asked for once, and another seat was faster. */
    }
    if (!ledger_read(&source, frame, &ledger, &error)) {
        docket_drop(docket, seat, "the value", &error);
        fetch_refuse(docket, seat);
        return;
    }
    docket_take_value(docket, ledger);
}
