#include "tests/byzantine/forgery.h"

#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "proto/codec.h"
#include "tests/byzantine/mischief.h"

#define FRAME_MEMORY (64U * 1024 * 1024)

void forgery_write(const struct message *message, struct buffer *out)
{
    struct error error;

    if (!codec_frame_encode(message, out, &error)) {
        log_line(LOG_ERROR, "mischief: %s", error.message);
    }
}

void forgery_prepare(const struct message_prepare *prepare, uint8_t seat, struct buffer *out)
{
    struct message message = {.kind = MESSAGE_PREPARE};
    struct buffer payload = {0};

    codec_payload_encode_prepare(prepare, &payload);
    message.prepare.payload = buffer_bytes(&payload);
    message.prepare.vote.seat = seat;
    sign_payload(mischief.keys, MESSAGE_TYPE_PREPARE, message.prepare.payload,
                 message.prepare.vote.signature);
    forgery_write(&message, out);
    buffer_finish(&payload);
}

void forgery_commit(const struct statement *statement, uint8_t seat, struct buffer *out)
{
    struct message message = {.kind = MESSAGE_COMMIT};
    struct buffer payload = {0};

    statement_write(statement, &payload);
    message.commit.payload = buffer_bytes(&payload);
    message.commit.vote.seat = seat;
    sign_payload(mischief.keys, MESSAGE_TYPE_STATEMENT, message.commit.payload,
                 message.commit.vote.signature);
    forgery_write(&message, out);
    buffer_finish(&payload);
}

void forgery_new_view(const struct message_new_view *report, struct bytes qc, struct bytes tc,
                      struct buffer *out)
{
    struct message message = {.kind = MESSAGE_NEW_VIEW};
    struct buffer payload = {0};

    codec_payload_encode_new_view(report, &payload);
    message.new_view.report.payload = buffer_bytes(&payload);
    sign_payload(mischief.keys, MESSAGE_TYPE_NEW_VIEW, message.new_view.report.payload,
                 message.new_view.report.signature);
    message.new_view.seat = mischief.node;
    message.new_view.qc = qc;
    message.new_view.tc = tc;
    forgery_write(&message, out);
    buffer_finish(&payload);
}

void forgery_false_qc(const struct message_prepare *prepare, struct buffer *out)
{
    struct message_vote votes[MESSAGE_SEATS_MAX];
    struct message_qc qc = {.vote_count = mischief.roster->quorum_count, .votes = votes};
    struct buffer payload = {0};

    codec_payload_encode_prepare(prepare, &payload);
    qc.payload = buffer_bytes(&payload);
    for (size_t i = 0; i < qc.vote_count; i++) {
        votes[i].seat = (uint8_t)i;
        sign_payload(mischief.keys, MESSAGE_TYPE_PREPARE, qc.payload, votes[i].signature);
    }
    codec_part_encode_qc(&qc, out);
    buffer_finish(&payload);
}

/* ---- verdicts ---- */

/* A verdict that is being made over. */
struct makeover {
    struct arena *arena;
    const struct message_book *from;
    const uint8_t *answers; /* By enum answer. */
    struct digest *digests; /* Of the new sheets. */
    struct buffer *sheets;
    size_t sheet_count;
};

/* Encodes SHEET with its answers mapped. */
static void write_sheet(const struct makeover *makeover, const struct message_sheet *sheet,
                        struct buffer *out)
{
    struct message_sheet other = *sheet;
    uint8_t *answers = arena_alloc(makeover->arena, sheet->criterion_count);

    CHECK(answers != NULL);
    for (size_t i = 0; i < sheet->criterion_count; i++) {
        answers[i] = makeover->answers[sheet->answers[i]];
    }
    other.answers = answers;
    codec_part_encode_sheet(&other, out);
}

/* Adds a made-over SHEET unless one like it is there; its digest goes to OUT. */
static void add_sheet(struct makeover *makeover, const struct message_sheet *sheet,
                      struct digest *out)
{
    struct buffer *made = &makeover->sheets[makeover->sheet_count];

    write_sheet(makeover, sheet, made);
    hash_bytes(buffer_bytes(made), out);
    for (size_t i = 0; i < makeover->sheet_count; i++) {
        if (digest_equal(&makeover->digests[i], out)) {
            buffer_finish(made);
            return;
        }
    }
    makeover->digests[makeover->sheet_count++] = *out;
}

/* Makes over the sheet that ENTRY names. */
static void change_entry(struct makeover *makeover, struct message_entry *entry)
{
    struct message_sheet sheet;
    struct digest digest;
    struct error ignored;

    for (size_t i = 0; i < makeover->from->sheet_count; i++) {
        hash_bytes(makeover->from->sheets[i], &digest);
        if (digest_equal(&digest, &entry->digest) &&
            codec_part_decode_sheet(makeover->from->sheets[i], makeover->arena, &sheet, &ignored)) {
            add_sheet(makeover, &sheet, &entry->digest);
            return;
        }
    }
}

static void write_verdict(const struct makeover *makeover, const struct message_verdict *verdict,
                          struct buffer *out)
{
    struct message message = {.kind = MESSAGE_VERDICT};
    struct message_signed signed_verdict;
    struct bytes sheets[MESSAGE_CASES_MAX];
    struct buffer payload = {0};

    codec_payload_encode_verdict(verdict, &payload);
    signed_verdict.payload = buffer_bytes(&payload);
    sign_payload(mischief.keys, MESSAGE_TYPE_VERDICT, signed_verdict.payload,
                 signed_verdict.signature);
    for (size_t i = 0; i < makeover->sheet_count; i++) {
        sheets[i] = buffer_bytes(&makeover->sheets[i]);
    }
    message.verdict.verdict_count = 1;
    message.verdict.verdicts = &signed_verdict;
    message.verdict.sheet_count = makeover->sheet_count;
    message.verdict.sheets = sheets;
    forgery_write(&message, out);
    buffer_finish(&payload);
}

bool forgery_other_verdict(struct bytes frame, const uint8_t *answers, uint64_t delay_s,
                           struct buffer *out)
{
    struct arena *arena = arena_create(FRAME_MEMORY);
    struct digest digests[MESSAGE_CASES_MAX];
    struct buffer sheets[MESSAGE_CASES_MAX + 1] = {{0}};
    struct makeover makeover = {
        .arena = arena, .answers = answers, .digests = digests, .sheets = sheets};
    struct message_verdict verdict;
    struct message message;
    struct error ignored;
    bool is_ok = codec_frame_decode(frame, arena, &message, &ignored) &&
                 message.kind == MESSAGE_VERDICT && message.verdict.verdict_count == 1 &&
                 codec_payload_decode_verdict(message.verdict.verdicts[0].payload, arena, &verdict,
                                              &ignored);

    if (is_ok) {
        makeover.from = &message.verdict;
        verdict.assessed_at += delay_s;
        for (size_t i = 0; i < verdict.entry_count; i++) {
            if (verdict.entries[i].reason == MESSAGE_ASSESSED) {
                change_entry(&makeover, &verdict.entries[i]);
            }
        }
        write_verdict(&makeover, &verdict, out);
    }
    for (size_t i = 0; i <= MESSAGE_CASES_MAX; i++) {
        buffer_finish(&sheets[i]);
    }
    arena_destroy(arena);
    return is_ok;
}

/* ---- what a frame is about ---- */

static bool docket_of_qc(struct bytes qc, struct arena *arena, struct digest *out)
{
    struct message_prepare prepare;
    struct message_qc decoded;
    struct error ignored;

    if (!codec_part_decode_qc(qc, arena, &decoded, &ignored) ||
        !codec_payload_decode_prepare(decoded.payload, &prepare, &ignored)) {
        return false;
    }
    *out = prepare.docket;
    return true;
}

static bool docket_of_statement(struct bytes payload, struct arena *arena, struct digest *out)
{
    struct statement *statement = arena_alloc(arena, sizeof(*statement));
    struct error ignored;

    if (statement == NULL || !statement_parse(payload, arena, statement, &ignored)) {
        return false;
    }
    *out = statement->docket;
    return true;
}

static bool docket_of_vote(const struct message *message, struct arena *arena, struct digest *out)
{
    union {
        struct message_propose propose;
        struct message_prepare prepare;
        struct message_new_view new_view;
        struct message_verdict verdict;
    } of;
    struct error ignored;
    bool is_ok = false;

    memset(&of, 0, sizeof(of));
    if (message->kind == MESSAGE_PROPOSE) {
        is_ok =
            codec_payload_decode_propose(message->propose.propose.payload, &of.propose, &ignored);
        *out = of.propose.docket;
    } else if (message->kind == MESSAGE_PREPARE) {
        is_ok = codec_payload_decode_prepare(message->prepare.payload, &of.prepare, &ignored);
        *out = of.prepare.docket;
    } else if (message->kind == MESSAGE_NEW_VIEW) {
        is_ok =
            codec_payload_decode_new_view(message->new_view.report.payload, &of.new_view, &ignored);
        *out = of.new_view.docket;
    } else if (message->kind == MESSAGE_VERDICT && message->verdict.verdict_count == 1) {
        is_ok = codec_payload_decode_verdict(message->verdict.verdicts[0].payload, arena,
                                             &of.verdict, &ignored);
        *out = of.verdict.docket;
    }
    return is_ok;
}

static bool docket_of(const struct message *message, struct arena *arena, struct digest *out)
{
    switch (message->kind) {
    case MESSAGE_ASSIGN:
        hash_bytes(message->assign.docket.payload, out);
        return true;
    case MESSAGE_VERDICT:
    case MESSAGE_PROPOSE:
    case MESSAGE_PREPARE:
    case MESSAGE_NEW_VIEW:
        return docket_of_vote(message, arena, out);
    case MESSAGE_CERTIFY:
        return docket_of_qc(message->certify, arena, out);
    case MESSAGE_COMMIT:
        return docket_of_statement(message->commit.payload, arena, out);
    case MESSAGE_DECIDE:
        *out = message->decide.docket;
        return true;
    case MESSAGE_DONE:
        *out = message->done.docket;
        return true;
    case MESSAGE_TC:
        *out = message->tc.docket;
        return true;
    case MESSAGE_FETCH:
        *out = message->fetch.digest;
        return message->fetch.item != MESSAGE_ITEM_BUNDLE &&
               message->fetch.item != MESSAGE_ITEM_VALUE;
    case MESSAGE_HELLO:
    case MESSAGE_PING:
    case MESSAGE_PONG:
    case MESSAGE_ITEM:
    case MESSAGE_KIND_COUNT:
    default:
        return false;
    }
}

bool forgery_docket(struct bytes frame, struct digest *out)
{
    struct arena *arena = arena_create(FRAME_MEMORY);
    struct message message;
    struct error ignored;
    bool is_ok =
        codec_frame_decode(frame, arena, &message, &ignored) && docket_of(&message, arena, out);

    arena_destroy(arena);
    return is_ok;
}
