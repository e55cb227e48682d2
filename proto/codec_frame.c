/* Frames: one byte version, one byte kind, one protobuf message of that kind. */

#include "base/check.h"
#include "proto/codec.h"
#include "proto/wire.h"

#define PREFIX_SIZE   2   /* Version and kind. */
#define FRAME_MARGIN  512 /* Bytes of a frame beside its largest parts. */
#define ELEMENT_BYTES 16  /* Wire bytes around a repeated element, rounded up. */
#define PROGRAM_MAX   64
#define SEAT_MAX      (MESSAGE_SEATS_MAX - 1)

/* CERTIFY has no shape of its own: its body is the encoded QC. */
static const struct wire_shape shapes[MESSAGE_KIND_COUNT] = {
    [MESSAGE_HELLO] = {&aims__hello__descriptor, FRAME_MARGIN, 0},
    [MESSAGE_PING] = {&aims__ping__descriptor, FRAME_MARGIN, 0},
    [MESSAGE_PONG] = {&aims__ping__descriptor, FRAME_MARGIN, 0},
    [MESSAGE_ASSIGN] = {&aims__signed__descriptor, CODEC_DOCKET_MAX + FRAME_MARGIN, 0},
    [MESSAGE_VERDICT] = {&aims__book__descriptor,
                         CODEC_VERDICT_MAX + FRAME_MARGIN +
                             MESSAGE_CASES_MAX *(MESSAGE_SHEET_MAX + ELEMENT_BYTES),
                         MESSAGE_CASES_MAX + 1},
    [MESSAGE_PROPOSE] = {&aims__proposal__descriptor, MESSAGE_FRAME_MAX - PREFIX_SIZE,
                         MESSAGE_SEATS_MAX + CODEC_SHEETS_MAX},
    [MESSAGE_PREPARE] = {&aims__ballot__descriptor, CODEC_VOTE_MAX + FRAME_MARGIN, 0},
    [MESSAGE_CERTIFY] = {NULL, CODEC_QC_MAX, 0},
    [MESSAGE_COMMIT] = {&aims__ballot__descriptor, MESSAGE_STATEMENT_MAX + FRAME_MARGIN, 0},
    [MESSAGE_DECIDE] = {&aims__decide__descriptor, MESSAGE_CERTIFICATE_MAX + FRAME_MARGIN, 0},
    [MESSAGE_DONE] = {&aims__done__descriptor, FRAME_MARGIN, 0},
    [MESSAGE_NEW_VIEW] = {&aims__request__descriptor,
                          CODEC_VOTE_MAX + CODEC_QC_MAX + CODEC_TC_MAX + FRAME_MARGIN, 0},
    [MESSAGE_TC] = {&aims__entrance__descriptor, CODEC_TC_MAX + FRAME_MARGIN, 0},
    [MESSAGE_FETCH] = {&aims__fetch__descriptor, FRAME_MARGIN, 0},
    [MESSAGE_ITEM] = {&aims__item__descriptor, MESSAGE_PART_MAX + FRAME_MARGIN, 0},
};

size_t codec_frame_size_max(enum message_kind kind)
{
    CHECK(kind >= MESSAGE_HELLO);
    CHECK(kind < MESSAGE_KIND_COUNT);

    return shapes[kind].size_max + PREFIX_SIZE;
}

static ProtobufCBinaryData view_signature(const uint8_t signature[MESSAGE_SIGNATURE_SIZE])
{
    return wire_view(bytes_of(signature, MESSAGE_SIGNATURE_SIZE));
}

static void encode_hello(const struct message *message, struct buffer *out)
{
    Aims__Hello wire = AIMS__HELLO__INIT;

    wire.roster = wire_view_digest(&message->hello.roster);
    wire.index = message->hello.index;
    wire.is_seat = message->hello.is_seat ? 1 : 0;
    wire.clock_ms = message->hello.clock_ms;
    wire.program = wire_view(message->hello.program);
    wire_pack(&wire.base, out);
}

static void encode_ping(const struct message *message, struct buffer *out)
{
    Aims__Ping wire = AIMS__PING__INIT;

    wire.clock_ms = message->ping.clock_ms;
    wire_pack(&wire.base, out);
}

static void encode_assign(const struct message *message, struct buffer *out)
{
    Aims__Signed wire = AIMS__SIGNED__INIT;

    wire.payload = wire_view(message->assign.docket.payload);
    wire.signature = view_signature(message->assign.docket.signature);
    wire_pack(&wire.base, out);
}

/* The sheets of BOOK as protobuf-c wants them, from ARENA. */
static ProtobufCBinaryData *view_sheets(const struct message_book *book, struct arena *arena)
{
    ProtobufCBinaryData *sheets = arena_array(arena, book->sheet_count, sizeof(*sheets));

    CHECK(sheets != NULL);
    for (size_t i = 0; i < book->sheet_count; i++) {
        sheets[i] = wire_view(book->sheets[i]);
    }
    return sheets;
}

static void encode_verdict(const struct message *message, struct buffer *out)
{
    struct arena *arena = arena_create(CODEC_MEMORY_MAX);
    Aims__Book wire = AIMS__BOOK__INIT;

    wire.n_verdicts = message->verdict.verdict_count;
    wire.verdicts = wire_view_signed(message->verdict.verdicts, wire.n_verdicts, arena);
    wire.n_sheets = message->verdict.sheet_count;
    wire.sheets = view_sheets(&message->verdict, arena);
    wire_pack(&wire.base, out);
    arena_destroy(arena);
}

static void encode_propose(const struct message *message, struct buffer *out)
{
    const struct message_book *book = &message->propose.book;
    struct arena *arena = arena_create(CODEC_MEMORY_MAX);
    Aims__Proposal wire = AIMS__PROPOSAL__INIT;

    wire.payload = wire_view(message->propose.propose.payload);
    wire.signature = view_signature(message->propose.propose.signature);
    wire.n_verdicts = book->verdict_count;
    wire.verdicts = wire_view_signed(book->verdicts, book->verdict_count, arena);
    wire.n_sheets = book->sheet_count;
    wire.sheets = view_sheets(book, arena);
    wire.tc = wire_view(message->propose.tc);
    wire_pack(&wire.base, out);
    arena_destroy(arena);
}

/* PREPARE and COMMIT. */
static void encode_ballot(struct bytes payload, const struct message_vote *vote, struct buffer *out)
{
    Aims__Ballot wire = AIMS__BALLOT__INIT;

    wire.payload = wire_view(payload);
    wire.seat = vote->seat;
    wire.signature = view_signature(vote->signature);
    wire_pack(&wire.base, out);
}

static void encode_decide(const struct message *message, struct buffer *out)
{
    Aims__Decide wire = AIMS__DECIDE__INIT;

    wire.docket = wire_view_digest(&message->decide.docket);
    wire.certificate = wire_view(message->decide.certificate);
    wire_pack(&wire.base, out);
}

static void encode_done(const struct message *message, struct buffer *out)
{
    Aims__Done wire = AIMS__DONE__INIT;

    wire.docket = wire_view_digest(&message->done.docket);
    wire.value = wire_view_digest(&message->done.value);
    wire_pack(&wire.base, out);
}

static void encode_new_view(const struct message *message, struct buffer *out)
{
    Aims__Request wire = AIMS__REQUEST__INIT;

    wire.seat = message->new_view.seat;
    wire.payload = wire_view(message->new_view.report.payload);
    wire.signature = view_signature(message->new_view.report.signature);
    wire.qc = wire_view(message->new_view.qc);
    wire.tc = wire_view(message->new_view.tc);
    wire_pack(&wire.base, out);
}

static void encode_tc(const struct message *message, struct buffer *out)
{
    Aims__Entrance wire = AIMS__ENTRANCE__INIT;

    wire.docket = wire_view_digest(&message->tc.docket);
    wire.tc = wire_view(message->tc.tc);
    wire_pack(&wire.base, out);
}

static void encode_fetch(const struct message *message, struct buffer *out)
{
    Aims__Fetch wire = AIMS__FETCH__INIT;

    wire.item = message->fetch.item;
    wire.digest = wire_view_digest(&message->fetch.digest);
    wire.index = message->fetch.index;
    wire.offset = message->fetch.offset;
    wire_pack(&wire.base, out);
}

static void encode_item(const struct message *message, struct buffer *out)
{
    Aims__Item wire = AIMS__ITEM__INIT;

    wire.item = message->item.item;
    wire.digest = wire_view_digest(&message->item.digest);
    wire.index = message->item.index;
    wire.offset = message->item.offset;
    wire.total_size = message->item.total_size;
    wire.data = wire_view(message->item.data);
    wire_pack(&wire.base, out);
}

static void encode_body(const struct message *message, struct buffer *out)
{
    switch (message->kind) {
    case MESSAGE_HELLO:
        encode_hello(message, out);
        return;
    case MESSAGE_PING:
    case MESSAGE_PONG:
        encode_ping(message, out);
        return;
    case MESSAGE_ASSIGN:
        encode_assign(message, out);
        return;
    case MESSAGE_VERDICT:
        encode_verdict(message, out);
        return;
    case MESSAGE_PROPOSE:
        encode_propose(message, out);
        return;
    case MESSAGE_PREPARE:
        encode_ballot(message->prepare.payload, &message->prepare.vote, out);
        return;
    case MESSAGE_CERTIFY:
        buffer_append(out, message->certify.data, message->certify.size);
        return;
    case MESSAGE_COMMIT:
        encode_ballot(message->commit.payload, &message->commit.vote, out);
        return;
    case MESSAGE_DECIDE:
        encode_decide(message, out);
        return;
    case MESSAGE_DONE:
        encode_done(message, out);
        return;
    case MESSAGE_NEW_VIEW:
        encode_new_view(message, out);
        return;
    case MESSAGE_TC:
        encode_tc(message, out);
        return;
    case MESSAGE_FETCH:
        encode_fetch(message, out);
        return;
    case MESSAGE_ITEM:
        encode_item(message, out);
        return;
    case MESSAGE_KIND_COUNT:
        break;
    }
    CHECK_UNREACHABLE();
}

bool codec_frame_encode(const struct message *message, struct buffer *out, struct error *error)
{
    size_t before = out->size;
    size_t size_max = codec_frame_size_max(message->kind);

    buffer_append_byte(out, MESSAGE_VERSION);
    buffer_append_byte(out, (uint8_t)message->kind);
    encode_body(message, out);
    size_t size = out->size - before;

    if (size > size_max) {
        out->size = before;
        out->data[before] = 0;
        return error_set(error, ERROR_LIMIT, "frame of kind %d is %zu bytes, want at most %zu",
                         (int)message->kind, size, size_max);
    }
    return true;
}

static bool decode_hello(const Aims__Hello *wire, struct message *out, struct error *error)
{
    if (!wire_digest(wire->roster, "hello.roster", &out->hello.roster, error) ||
        !wire_number(wire->index, 0, SEAT_MAX, "hello.index", error) ||
        !wire_number(wire->is_seat, 0, 1, "hello.is_seat", error) ||
        !wire_bytes(wire->program, PROGRAM_MAX, "hello.program", &out->hello.program, error)) {
        return false;
    }
    for (size_t i = 0; i < wire->program.len; i++) {
        if (wire->program.data[i] < ' ' || wire->program.data[i] > '~') {
            return error_set(error, ERROR_INVALID, "hello.program holds the byte 0x%02x at %zu",
                             wire->program.data[i], i);
        }
    }
    out->hello.version = MESSAGE_VERSION;
    out->hello.index = (uint8_t)wire->index;
    out->hello.is_seat = wire->is_seat != 0;
    out->hello.clock_ms = wire->clock_ms;
    return true;
}

static bool decode_ping(const Aims__Ping *wire, struct message *out, struct error *error)
{
    (void)error;
    out->ping.clock_ms = wire->clock_ms;
    return true;
}

static bool decode_assign(const Aims__Signed *wire, struct message *out, struct error *error)
{
    struct message_signed *docket = &out->assign.docket;

    return wire_bytes(wire->payload, CODEC_DOCKET_MAX, "assign.payload", &docket->payload, error) &&
           wire_fixed(wire->signature, MESSAGE_SIGNATURE_SIZE, "assign.signature",
                      docket->signature, error);
}

static bool decode_sheets(const ProtobufCBinaryData *sheets, size_t count, struct arena *arena,
                          struct message_book *out, struct error *error)
{
    out->sheet_count = count;
    out->sheets = wire_array(arena, count, sizeof(*out->sheets), error);
    if (out->sheets == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!wire_bytes(sheets[i], MESSAGE_SHEET_MAX, "sheet", &out->sheets[i], error)) {
            return error_wrap(error, "sheets %zu", i);
        }
    }
    return true;
}

static bool decode_verdict(const Aims__Book *wire, struct arena *arena, struct message *out,
                           struct error *error)
{
    struct wire_signed verdicts = {wire->verdicts, wire->n_verdicts, CODEC_VERDICT_MAX};

    out->verdict.verdict_count = wire->n_verdicts;
    return wire_count(wire->n_verdicts, 1, 1, "verdict.verdicts", error) &&
           wire_count(wire->n_sheets, 0, MESSAGE_CASES_MAX, "verdict.sheets", error) &&
           wire_signed(verdicts, "verdict.verdicts", arena, &out->verdict.verdicts, error) &&
           decode_sheets(wire->sheets, wire->n_sheets, arena, &out->verdict, error);
}

static bool decode_propose(const Aims__Proposal *wire, struct arena *arena, struct message *out,
                           struct error *error)
{
    struct message_signed *propose = &out->propose.propose;
    struct message_book *book = &out->propose.book;
    struct wire_signed verdicts = {wire->verdicts, wire->n_verdicts, CODEC_VERDICT_MAX};

    book->verdict_count = wire->n_verdicts;
    return wire_bytes(wire->payload, CODEC_VOTE_MAX, "propose.payload", &propose->payload, error) &&
           wire_fixed(wire->signature, MESSAGE_SIGNATURE_SIZE, "propose.signature",
                      propose->signature, error) &&
           wire_count(wire->n_verdicts, 1, MESSAGE_SEATS_MAX, "propose.verdicts", error) &&
           wire_count(wire->n_sheets, 0, CODEC_SHEETS_MAX, "propose.sheets", error) &&
           wire_signed(verdicts, "propose.verdicts", arena, &book->verdicts, error) &&
           decode_sheets(wire->sheets, wire->n_sheets, arena, book, error) &&
           wire_bytes(wire->tc, CODEC_TC_MAX, "propose.tc", &out->propose.tc, error);
}

/* PREPARE and COMMIT. */
static bool decode_ballot(const Aims__Ballot *wire, size_t payload_max, struct bytes *payload,
                          struct message_vote *vote, struct error *error)
{
    if (!wire_bytes(wire->payload, payload_max, "vote.payload", payload, error) ||
        !wire_number(wire->seat, 0, SEAT_MAX, "vote.seat", error) ||
        !wire_fixed(wire->signature, MESSAGE_SIGNATURE_SIZE, "vote.signature", vote->signature,
                    error)) {
        return false;
    }
    vote->seat = (uint8_t)wire->seat;
    return true;
}

static bool decode_decide(const Aims__Decide *wire, struct message *out, struct error *error)
{
    return wire_digest(wire->docket, "decide.docket", &out->decide.docket, error) &&
           wire_bytes(wire->certificate, MESSAGE_CERTIFICATE_MAX, "decide.certificate",
                      &out->decide.certificate, error);
}

static bool decode_done(const Aims__Done *wire, struct message *out, struct error *error)
{
    return wire_digest(wire->docket, "done.docket", &out->done.docket, error) &&
           wire_digest(wire->value, "done.value", &out->done.value, error);
}

static bool decode_new_view(const Aims__Request *wire, struct message *out, struct error *error)
{
    struct message_signed *report = &out->new_view.report;

    if (!wire_number(wire->seat, 0, SEAT_MAX, "new_view.seat", error) ||
        !wire_bytes(wire->payload, CODEC_VOTE_MAX, "new_view.payload", &report->payload, error) ||
        !wire_fixed(wire->signature, MESSAGE_SIGNATURE_SIZE, "new_view.signature",
                    report->signature, error) ||
        !wire_bytes(wire->qc, CODEC_QC_MAX, "new_view.qc", &out->new_view.qc, error) ||
        !wire_bytes(wire->tc, CODEC_TC_MAX, "new_view.tc", &out->new_view.tc, error)) {
        return false;
    }
    out->new_view.seat = (uint8_t)wire->seat;
    return true;
}

static bool decode_tc(const Aims__Entrance *wire, struct message *out, struct error *error)
{
    return wire_digest(wire->docket, "tc.docket", &out->tc.docket, error) &&
           wire_bytes(wire->tc, CODEC_TC_MAX, "tc.tc", &out->tc.tc, error);
}

static bool decode_fetch(const Aims__Fetch *wire, struct message *out, struct error *error)
{
    if (!wire_number(wire->item, 1, MESSAGE_ITEM_COUNT - 1, "fetch.item", error) ||
        !wire_digest(wire->digest, "fetch.digest", &out->fetch.digest, error) ||
        !wire_number(wire->index, 0, MESSAGE_CASES_MAX - 1, "fetch.index", error) ||
        !wire_number(wire->offset, 0, CODEC_NUMBER_MAX, "fetch.offset", error)) {
        return false;
    }
    out->fetch.item = (enum message_item)wire->item;
    out->fetch.index = wire->index;
    out->fetch.offset = wire->offset;
    return true;
}

static bool decode_item(const Aims__Item *wire, struct message *out, struct error *error)
{
    if (!wire_number(wire->item, 1, MESSAGE_ITEM_COUNT - 1, "item.item", error) ||
        !wire_digest(wire->digest, "item.digest", &out->item.digest, error) ||
        !wire_number(wire->index, 0, MESSAGE_CASES_MAX - 1, "item.index", error) ||
        !wire_number(wire->total_size, 0, CODEC_NUMBER_MAX, "item.total_size", error) ||
        !wire_number(wire->offset, 0, wire->total_size, "item.offset", error) ||
        !wire_bytes(wire->data, MESSAGE_PART_MAX, "item.data", &out->item.data, error)) {
        return false;
    }
    if (wire->data.len > wire->total_size - wire->offset) {
        return error_set(error, ERROR_INVALID, "item.data is %zu bytes, past the item's end",
                         wire->data.len);
    }
    out->item.item = (enum message_item)wire->item;
    out->item.index = wire->index;
    out->item.offset = wire->offset;
    out->item.total_size = wire->total_size;
    return true;
}

/* WIRE is what the shape of OUT's kind was unpacked into. */
static bool decode_body(const void *wire, struct arena *arena, struct message *out,
                        struct error *error)
{
    switch (out->kind) {
    case MESSAGE_HELLO:
        return decode_hello(wire, out, error);
    case MESSAGE_PING:
    case MESSAGE_PONG:
        return decode_ping(wire, out, error);
    case MESSAGE_ASSIGN:
        return decode_assign(wire, out, error);
    case MESSAGE_VERDICT:
        return decode_verdict(wire, arena, out, error);
    case MESSAGE_PROPOSE:
        return decode_propose(wire, arena, out, error);
    case MESSAGE_PREPARE:
        return decode_ballot(wire, CODEC_VOTE_MAX, &out->prepare.payload, &out->prepare.vote,
                             error);
    case MESSAGE_COMMIT:
        return decode_ballot(wire, MESSAGE_STATEMENT_MAX, &out->commit.payload, &out->commit.vote,
                             error);
    case MESSAGE_DECIDE:
        return decode_decide(wire, out, error);
    case MESSAGE_DONE:
        return decode_done(wire, out, error);
    case MESSAGE_NEW_VIEW:
        return decode_new_view(wire, out, error);
    case MESSAGE_TC:
        return decode_tc(wire, out, error);
    case MESSAGE_FETCH:
        return decode_fetch(wire, out, error);
    case MESSAGE_ITEM:
        return decode_item(wire, out, error);
    case MESSAGE_CERTIFY:
    case MESSAGE_KIND_COUNT:
        break;
    }
    CHECK_UNREACHABLE();
}

bool codec_frame_decode(struct bytes frame, struct arena *arena, struct message *out,
                        struct error *error)
{
    struct message message = {0};

    if (frame.size < PREFIX_SIZE) {
        return error_set(error, ERROR_INVALID, "frame is %zu bytes, too few for any", frame.size);
    }
    if (frame.data[0] != MESSAGE_VERSION) {
        return error_set(error, ERROR_INVALID, "frame has version %u, want %u", frame.data[0],
                         MESSAGE_VERSION);
    }
    if (frame.data[1] < MESSAGE_HELLO || frame.data[1] >= MESSAGE_KIND_COUNT) {
        return error_set(error, ERROR_INVALID, "frame has the unknown kind %u", frame.data[1]);
    }
    struct bytes body = bytes_of(frame.data + PREFIX_SIZE, frame.size - PREFIX_SIZE);

    message.kind = (enum message_kind)frame.data[1];
    if (message.kind == MESSAGE_CERTIFY) {
        if (body.size > CODEC_QC_MAX) {
            return error_set(error, ERROR_LIMIT, "certify is %zu bytes, want at most %d", body.size,
                             CODEC_QC_MAX);
        }
        message.certify = body;
    } else {
        const void *wire = wire_unpack(&shapes[message.kind], body, arena, error);

        if (wire == NULL || !decode_body(wire, arena, &message, error)) {
            return false;
        }
    }
    *out = message;
    return true;
}
