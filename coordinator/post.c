#include "coordinator/post.h"

#include <stdlib.h>

#include "base/check.h"
#include "coordinator/attendance.h"
#include "coordinator/docket.h"
#include "coordinator/paperwork.h"
#include "coordinator/record.h"
#include "coordinator/search.h"
#include "coordinator/voice.h"
#include "proto/codec.h"
#include "report/certificate.h"

static void drop(struct coordinator *coordinator, uint8_t seat, const struct error *why)
{
    coordinator_drop(coordinator, seat, "a message", why);
}

/* The docket that SEAT speaks of. One that left memory is answered with its certificate, one that
 * was never here is searched. */
static struct docket *find_or_follow(struct coordinator *coordinator, uint8_t seat,
                                     const struct digest *id)
{
    struct docket *docket = docket_find(coordinator, id);

    if (docket == NULL && !attendance_send_certificate(coordinator, seat, id) &&
        coordinator->failure.code == 0) {
        search_add(coordinator, seat, id);
    }
    return docket;
}

/* ---- what seats ask for ---- */

/* Says that this coordinator has not got what SEAT asks for. */
static void send_nothing(struct coordinator *coordinator, uint8_t seat,
                         const struct message *message)
{
    struct message item = {.kind = MESSAGE_ITEM};

    item.item.item = message->fetch.item;
    item.item.digest = message->fetch.digest;
    coordinator_send_one(coordinator, seat, &item);
}

static void send_bundle_part(struct coordinator *coordinator, uint8_t seat,
                             const struct message *message)
{
    struct message item = {.kind = MESSAGE_ITEM};
    uint8_t *part = NULL;
    struct error error;
    size_t size = 0;
    uint64_t total = 0;

    item.item.item = MESSAGE_ITEM_BUNDLE;
    item.item.digest = message->fetch.digest;
    item.item.offset = message->fetch.offset;
    if (spool_size(coordinator->spool, &message->fetch.digest, &total, &error) &&
        message->fetch.offset < total) {
        uint64_t left = total - message->fetch.offset;

        size = left < MESSAGE_PART_MAX ? (size_t)left : MESSAGE_PART_MAX;
        part = arena_alloc(coordinator->work, size);
    }
    if (part != NULL && spool_read(coordinator->spool, &message->fetch.digest,
                                   message->fetch.offset, part, size, &size, &error)) {
        item.item.total_size = total;
        item.item.data = bytes_of(part, size);
    }
    coordinator_send_one(coordinator, seat, &item);
}

/* Whoever asks and does not read fills our queue: what is given to each is bounded, and grows again
 * with time. True when SEAT may ask for more. */
static bool may_give(struct coordinator *coordinator, uint8_t seat)
{
    struct coordinator_seat *s = &coordinator->seats[seat];
    uint64_t now_ms = loop_now_ms();
    uint64_t forgiven = (now_ms - s->given_ms) * COORDINATOR_GIVEN_PER_MS;
    struct error error;

    s->given_size = s->given_size > forgiven ? s->given_size - forgiven : 0;
    s->given_ms = now_ms;
    if (s->given_size < COORDINATOR_GIVEN_MAX) {
        return true;
    }
    error_record(&error, ERROR_LIMIT, "it asks for more than can be sent");
    coordinator_drop(coordinator, seat, "FETCH", &error);
    return false;
}

static void give(struct coordinator *coordinator, uint8_t seat, const struct buffer *frame)
{
    struct seat_set one = {{0, 0}};

    seat_set_add(&one, seat);
    coordinator->seats[seat].given_size += frame->size;
    coordinator_send_frame(coordinator, &one, buffer_bytes(frame));
}

static void send_docket(struct coordinator *coordinator, uint8_t seat,
                        const struct message *message)
{
    const struct docket *docket = docket_find(coordinator, &message->fetch.digest);
    struct message assign = {.kind = MESSAGE_ASSIGN};
    struct coordinator_store_docket stored;
    struct buffer frame = {0};
    struct error error;

    if (docket != NULL) {
        give(coordinator, seat, &docket->assign);
    } else if (coordinator_store_docket_load(coordinator->store, &message->fetch.digest,
                                             coordinator->work, &stored, &error)) {
        assign.assign.docket = stored.docket;
        if (codec_frame_encode(&assign, &frame, &error)) {
            give(coordinator, seat, &frame);
        }
    } else if (error.code == ERROR_NOT_FOUND) {
        send_nothing(coordinator, seat, message);
    } else {
        coordinator_fail(coordinator, &error);
    }
    buffer_finish(&frame);
}

static void send_value(struct coordinator *coordinator, uint8_t seat, const struct message *message)
{
    const struct docket *docket = docket_find_value(coordinator, &message->fetch.digest);
    struct buffer frame = {0};
    struct error error;

    if (docket != NULL && docket->ledger->frame.size > 0) {
        give(coordinator, seat, &docket->ledger->frame);
    } else if (coordinator_store_docket_value(coordinator->store, &message->fetch.digest, &frame,
                                              &error)) {
        give(coordinator, seat, &frame);
    } else if (error.code == ERROR_NOT_FOUND) {
        send_nothing(coordinator, seat, message);
    } else {
        coordinator_fail(coordinator, &error);
    }
    buffer_finish(&frame);
}

static void take_fetch(struct coordinator *coordinator, uint8_t seat, const struct message *message)
{
    struct error error;

    switch (message->fetch.item) {
    case MESSAGE_ITEM_BUNDLE:
        send_bundle_part(coordinator, seat, message);
        break;
    case MESSAGE_ITEM_DOCKET:
        if (may_give(coordinator, seat)) {
            send_docket(coordinator, seat, message);
        }
        break;
    case MESSAGE_ITEM_VALUE:
        if (may_give(coordinator, seat)) {
            send_value(coordinator, seat, message);
        }
        break;
    case MESSAGE_ITEM_CERTIFICATE:
        if (!attendance_send_certificate(coordinator, seat, &message->fetch.digest)) {
            send_nothing(coordinator, seat, message);
        }
        break;
    case MESSAGE_ITEM_VERDICT:
    case MESSAGE_ITEM_PAPERS:
    case MESSAGE_ITEM_OWN:
    case MESSAGE_ITEM_COUNT:
    default:
        error_record(&error, ERROR_INVALID, "FETCH for what a coordinator does not keep");
        drop(coordinator, seat, &error);
        break;
    }
}

/* ---- what seats say ---- */

static void take_verdict(struct coordinator *coordinator, uint8_t seat,
                         const struct message *message, struct bytes frame)
{
    struct message_verdict verdict;
    struct docket *docket;
    struct error error;

    if (!codec_payload_decode_verdict(message->verdict.verdicts[0].payload, coordinator->work,
                                      &verdict, &error)) {
        drop(coordinator, seat, &error);
    } else if ((docket = find_or_follow(coordinator, seat, &verdict.docket)) != NULL) {
        voice_verdict(docket, seat, &message->verdict, frame);
    }
}

static void take_prepare(struct coordinator *coordinator, uint8_t seat,
                         const struct message *message)
{
    struct message_prepare prepare;
    struct docket *docket;
    struct error error;

    if (!codec_payload_decode_prepare(message->prepare.payload, &prepare, &error)) {
        drop(coordinator, seat, &error);
    } else if ((docket = docket_find(coordinator, &prepare.docket)) != NULL) {
        voice_prepare(docket, seat, message);
    }
}

static void take_commit(struct coordinator *coordinator, uint8_t seat,
                        const struct message *message)
{
    struct statement *statement = calloc(1, sizeof(*statement));
    struct docket *docket;
    struct error error;

    CHECK(statement != NULL);
    if (!statement_parse(message->commit.payload, coordinator->work, statement, &error)) {
        drop(coordinator, seat, &error);
    } else if ((docket = find_or_follow(coordinator, seat, &statement->docket)) != NULL) {
        voice_commit(docket, seat, message);
    }
    free(statement);
}

static void take_new_view(struct coordinator *coordinator, uint8_t seat,
                          const struct message *message)
{
    struct message_new_view report;
    struct docket *docket;
    struct error error;

    if (!codec_payload_decode_new_view(message->new_view.report.payload, &report, &error)) {
        drop(coordinator, seat, &error);
    } else if ((docket = find_or_follow(coordinator, seat, &report.docket)) != NULL) {
        voice_new_view(docket, seat, message);
    }
}

static void take_propose(struct coordinator *coordinator, uint8_t seat,
                         const struct message *message, struct bytes frame)
{
    struct message_propose propose;
    struct docket *docket;
    struct error error;

    if (!codec_payload_decode_propose(message->propose.propose.payload, &propose, &error)) {
        drop(coordinator, seat, &error);
    } else if ((docket = docket_find(coordinator, &propose.docket)) != NULL) {
        voice_value(docket, seat, message, frame);
    }
}

/* The docket has left memory: SEAT has the certificate of DOCKET for VALUE. */
static void note_delivery(struct coordinator *coordinator, uint8_t seat,
                          const struct digest *docket, const struct digest *value)
{
    struct digest certified;
    struct error error;

    if (!coordinator_store_result_value(coordinator->store, docket, &certified, &error)) {
        if (error.code != ERROR_NOT_FOUND) {
            coordinator_fail(coordinator, &error);
        }
        return;
    }
    if (!digest_equal(&certified, value)) {
        return;
    }
    if (!coordinator_store_result_done(coordinator->store, docket, seat,
                                       coordinator->quorum.seat_count, &error)) {
        coordinator_fail(coordinator, &error);
        return;
    }
    attendance_done(coordinator, seat);
}

static void take_done(struct coordinator *coordinator, uint8_t seat, const struct message *message)
{
    struct docket *docket = docket_find(coordinator, &message->done.docket);

    if (docket != NULL) {
        voice_done(docket, seat, &message->done.value);
    } else {
        note_delivery(coordinator, seat, &message->done.docket, &message->done.value);
    }
}

/* A certificate for another value than the one stored. */
static void take_conflict(struct coordinator *coordinator, uint8_t seat,
                          const struct message *message)
{
    struct coordinator_store_certificate second = {.certificate = message->decide.certificate};
    struct certificate *certificate = NULL;
    struct error error;

    if (!certificate_check(message->decide.certificate, "DECIDE", &coordinator->roster,
                           coordinator->work, &certificate, &error)) {
        drop(coordinator, seat, &error);
        return;
    }
    second.docket = certificate->statement.docket;
    second.value = certificate->statement.value;
    if (!record_keep_conflict(coordinator, &second, &error)) {
        coordinator_fail(coordinator, &error);
    }
}

/* The docket has left memory: nothing is verified again when it is the result that is stored. */
static void answer_decide(struct coordinator *coordinator, uint8_t seat,
                          const struct message *message, const struct digest *certified)
{
    struct message done = {.kind = MESSAGE_DONE};
    struct statement *claim = calloc(1, sizeof(*claim));
    struct error error;

    CHECK(claim != NULL);
    done.done.docket = message->decide.docket;
    done.done.value = *certified;
    if (!certificate_claim(message->decide.certificate, "DECIDE", coordinator->work, claim,
                           &error)) {
        drop(coordinator, seat, &error);
    } else if (digest_equal(&claim->docket, &message->decide.docket) &&
               digest_equal(&claim->value, certified)) {
        coordinator_send_one(coordinator, seat, &done);
        note_delivery(coordinator, seat, &done.done.docket, certified);
    } else if (digest_equal(&claim->docket, &message->decide.docket)) {
        take_conflict(coordinator, seat, message);
    }
    free(claim);
}

static void take_decide(struct coordinator *coordinator, uint8_t seat,
                        const struct message *message)
{
    struct docket *docket = docket_find(coordinator, &message->decide.docket);
    struct digest certified;
    struct error error;

    if (docket != NULL) {
        voice_decide(docket, seat, message->decide.certificate);
    } else if (coordinator_store_result_value(coordinator->store, &message->decide.docket,
                                              &certified, &error)) {
        answer_decide(coordinator, seat, message, &certified);
    } else if (error.code == ERROR_NOT_FOUND) {
        /* The docket first: who is asked for its verdict answers with the certificate again. */
        search_add(coordinator, seat, &message->decide.docket);
    } else {
        coordinator_fail(coordinator, &error);
    }
}

/* What was fetched, or that it is not there. */
static void take_item(struct coordinator *coordinator, uint8_t seat, const struct message *message)
{
    struct docket *docket;

    switch (message->item.item) {
    case MESSAGE_ITEM_PAPERS:
        docket = docket_find(coordinator, &message->item.digest);
        if (docket != NULL) {
            paperwork_take(docket, seat, message);
        }
        break;
    case MESSAGE_ITEM_DOCKET:
        search_refused(coordinator, seat, &message->item.digest);
        break;
    case MESSAGE_ITEM_VALUE:
        for (docket = coordinator->dockets; docket != NULL; docket = docket->next) {
            if (digest_equal(&docket->fetch.value, &message->item.digest) &&
                fetch_awaits(docket, seat)) {
                fetch_refuse(docket, seat);
            }
        }
        break;
    case MESSAGE_ITEM_BUNDLE:
    case MESSAGE_ITEM_VERDICT:
    case MESSAGE_ITEM_CERTIFICATE:
    case MESSAGE_ITEM_OWN:
    case MESSAGE_ITEM_COUNT:
    default:
        break; /* It was asked of nobody, or of several, of whom one may have it. */
    }
}

static void dispatch(struct coordinator *coordinator, uint8_t seat, const struct message *message,
                     struct bytes frame)
{
    struct docket *docket = NULL;
    struct error error;

    switch (message->kind) {
    case MESSAGE_HELLO:
        attendance_hello(coordinator, seat, message);
        break;
    case MESSAGE_PING:
        attendance_ping(coordinator, seat);
        break;
    case MESSAGE_ASSIGN:
        search_take(coordinator, seat, &message->assign.docket);
        break;
    case MESSAGE_VERDICT:
        take_verdict(coordinator, seat, message, frame);
        break;
    case MESSAGE_PROPOSE:
        take_propose(coordinator, seat, message, frame);
        break;
    case MESSAGE_PREPARE:
        take_prepare(coordinator, seat, message);
        break;
    case MESSAGE_COMMIT:
        take_commit(coordinator, seat, message);
        break;
    case MESSAGE_DECIDE:
        take_decide(coordinator, seat, message);
        break;
    case MESSAGE_DONE:
        take_done(coordinator, seat, message);
        break;
    case MESSAGE_NEW_VIEW:
        take_new_view(coordinator, seat, message);
        break;
    case MESSAGE_TC:
        docket = find_or_follow(coordinator, seat, &message->tc.docket);
        if (docket != NULL) {
            voice_tc(docket, seat, message->tc.tc);
        }
        break;
    case MESSAGE_FETCH:
        take_fetch(coordinator, seat, message);
        break;
    case MESSAGE_ITEM:
        take_item(coordinator, seat, message);
        break;
    case MESSAGE_PONG:
    case MESSAGE_CERTIFY:
    case MESSAGE_KIND_COUNT:
    default:
        error_record(&error, ERROR_INVALID, "a message of kind %d is not for a coordinator",
                     (int)message->kind);
        drop(coordinator, seat, &error);
        break;
    }
}

void post_receive(struct coordinator *coordinator, uint8_t seat, struct bytes frame)
{
    struct message message;
    struct error error;

    coordinator->seats[seat].heard_ms = loop_now_ms();
    arena_reset(coordinator->work);
    if (!codec_frame_decode(frame, coordinator->work, &message, &error)) {
        drop(coordinator, seat, &error);
    } else if (coordinator->failure.code == 0) {
        dispatch(coordinator, seat, &message, frame);
    }
}
