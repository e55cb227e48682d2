#include "coordinator/proposal.h"

#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "crypto/sign.h"
#include "proto/codec.h"

static void write_prepare(struct docket *docket, const struct seat_vote *vote)
{
    struct message_prepare prepare = {.roster = docket->coordinator->roster.digest,
                                      .docket = *docket_id(docket),
                                      .view = vote->view,
                                      .value = vote->value,
                                      .tc = vote->tc};

    buffer_clear(&docket->prepare);
    buffer_clear(&docket->certify);
    codec_payload_encode_prepare(&prepare, &docket->prepare);
}

/* The view of the proposal is over. */
static void forget(struct docket *docket)
{
    buffer_clear(&docket->prepare);
    buffer_clear(&docket->certify);
}

bool proposal_make(struct docket *docket, const struct seat_vote *vote, struct error *error)
{
    const struct ledger *ledger = docket->ledger;
    struct message_propose propose = {.roster = docket->coordinator->roster.digest,
                                      .docket = *docket_id(docket),
                                      .view = vote->view,
                                      .book = ledger->verified.digest,
                                      .value = vote->value,
                                      .tc = vote->tc};
    struct message message = {.kind = MESSAGE_PROPOSE};
    struct buffer payload = {0};

    CHECK(digest_equal(ledger_value(ledger), &vote->value));
    codec_payload_encode_propose(&propose, &payload);
    message.propose.propose.payload = buffer_bytes(&payload);
    sign_payload(docket->coordinator->keys, MESSAGE_TYPE_PROPOSE, message.propose.propose.payload,
                 message.propose.propose.signature);
    message.propose.book = ledger->book;
    if (vote->view > 1) {
        message.propose.tc = buffer_bytes(&docket->tc);
    }
    buffer_clear(&docket->propose);
    bool is_ok = codec_frame_encode(&message, &docket->propose, error);

    write_prepare(docket, vote);
    buffer_finish(&payload);
    return is_ok;
}

bool proposal_restore(struct docket *docket, const struct seat_vote *vote, struct error *error)
{
    struct report_source source = docket_source(docket);
    struct message message;

    if (!ledger_read(&source, buffer_bytes(&docket->propose), &docket->ledger, error)) {
        return false;
    }
    if (!digest_equal(ledger_value(docket->ledger), &vote->value)) {
        return error_set(error, ERROR_CORRUPT, "the stored proposal gives another value");
    }
    if (!codec_frame_decode(buffer_bytes(&docket->propose), docket->ledger->arena, &message,
                            error)) {
        return false;
    }
    buffer_append(&docket->tc, message.propose.tc.data, message.propose.tc.size);
    write_prepare(docket, vote);
    return true;
}

void proposal_certify(struct docket *docket)
{
    struct message_vote votes[MESSAGE_SEATS_MAX];
    struct message_qc qc = {.payload = buffer_bytes(&docket->prepare), .votes = votes};
    struct message message = {.kind = MESSAGE_CERTIFY};
    struct buffer encoded = {0};
    struct error error;

    for (uint8_t seat = 0; seat < docket->coordinator->quorum.seat_count; seat++) {
        if (seat_set_has(&docket->chair.prepared, seat)) {
            votes[qc.vote_count].seat = seat;
            memcpy(votes[qc.vote_count++].signature, docket->voices[seat].prepare_signature,
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

struct chair_event proposal_tc_event(const struct verify_tc *tc)
{
    struct chair_event event = {.type = CHAIR_EVENT_TC};

    event.tc.view = tc->tc.view;
    event.tc.digest = tc->digest;
    if (tc->qc_view != 0) {
        event.tc.highest = (struct seat_vote){.view = tc->qc_view, .value = tc->qc.prepare.value};
    }
    return event;
}

struct seat_set proposal_signers(const struct docket *docket)
{
    struct arena *arena = arena_create(CODEC_MEMORY_MAX);
    struct seat_set signers = {{0, 0}};
    struct message_tc tc;
    struct message_qc qc;
    struct error error;

    /* It was decoded when it came. */
    bool is_decoded = codec_part_decode_tc(buffer_bytes(&docket->tc), arena, &tc, &error) &&
                      codec_part_decode_qc(tc.qc, arena, &qc, &error);

    CHECK(is_decoded);
    for (size_t i = 0; i < qc.vote_count; i++) {
        seat_set_add(&signers, qc.votes[i].seat);
    }
    arena_destroy(arena);
    return signers;
}

void proposal_enter(struct docket *docket, uint32_t view, struct bytes tc)
{
    const struct coordinator *coordinator = docket->coordinator;
    uint8_t chair = verify_chair(&coordinator->roster, docket->verified.docket.home, view);
    char id[DIGEST_HEX_SIZE];

    buffer_clear(&docket->tc);
    buffer_append(&docket->tc, tc.data, tc.size);
    forget(docket);
    log_line(LOG_INFO, "docket %.12s of coordinator %u: view %u, whose chair is %s %u",
             encode_digest(docket_id(docket), id), docket->verified.docket.home, (unsigned)view,
             chair == coordinator->options.index ? "this coordinator," : "coordinator", chair);
}

/* The NEW-VIEWs of SEATS, in seat order, and the QC of the highest. */
static void gather_tc(const struct docket *docket, const struct seat_set *seats,
                      struct message_tc *tc)
{
    uint32_t highest = 0;

    for (uint8_t seat = 0; seat < docket->coordinator->quorum.seat_count; seat++) {
        const struct docket_voice *voice = &docket->voices[seat];
        struct message_signed *report = &tc->reports[tc->report_count];

        if (!seat_set_has(seats, seat)) {
            continue;
        }
        report->payload = buffer_bytes(&voice->new_view.payload);
        memcpy(report->signature, voice->new_view.signature, MESSAGE_SIGNATURE_SIZE);
        tc->seats[tc->report_count++] = seat;
        if (docket->chair.reports[seat].lock.view > highest) {
            highest = docket->chair.reports[seat].lock.view;
            tc->qc = buffer_bytes(&voice->qc);
        }
    }
}

bool proposal_make_tc(struct docket *docket, const struct seat_set *seats, uint32_t view,
                      struct chair_event *event)
{
    struct message_signed reports[MESSAGE_SEATS_MAX];
    uint8_t signers[MESSAGE_SEATS_MAX];
    struct message_tc tc = {.view = view, .reports = reports, .seats = signers};
    struct arena *arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    struct buffer encoded = {0};
    struct verify_tc verified;
    struct error error;

    gather_tc(docket, seats, &tc);
    codec_part_encode_tc(&tc, &encoded);
    bool is_valid =
        verify_tc(&docket->verified.scope, buffer_bytes(&encoded), arena, &verified, &error);

    if (is_valid) {
        *event = proposal_tc_event(&verified);
        event->tc.is_own = true;
        proposal_enter(docket, view, buffer_bytes(&encoded));
    } else {
        log_line(LOG_ERROR, "the seats' wishes for view %u do not make a TC: %s", (unsigned)view,
                 error.message);
    }
    buffer_finish(&encoded);
    arena_destroy(arena);
    return is_valid;
}
