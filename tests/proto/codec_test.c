/* Bytes to messages and back, and every limit on the way. */

#include "tests/proto/fixture.h"

/* Protobuf by hand, to write what our encoders never would. */
static void put_varint(struct buffer *out, uint64_t value)
{
    for (; value >= 128; value /= 128) {
        buffer_append_byte(out, (uint8_t)(value % 128 + 128));
    }
    buffer_append_byte(out, (uint8_t)value);
}

static void put_number(struct buffer *out, unsigned field, uint64_t value)
{
    put_varint(out, field * 8U);
    put_varint(out, value);
}

static void put_bytes(struct buffer *out, unsigned field, struct bytes bytes)
{
    put_varint(out, field * 8U + 2);
    put_varint(out, bytes.size);
    buffer_append(out, bytes.data, bytes.size);
}

static void put_filler(struct buffer *out, unsigned field, size_t size)
{
    static const uint8_t filler[64 * 1024];

    assert_true(size <= sizeof(filler));
    put_bytes(out, field, bytes_of(filler, size));
}

static int setup(void **state)
{
    *state = fixture_create(5);
    return 0;
}

static int teardown(void **state)
{
    fixture_destroy(*state);
    return 0;
}

static void says(const struct fixture *fixture, const char *text)
{
    if (strstr(fixture->error.message, text) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fixture->error.message, text);
    }
}

static void fill_hello(struct fixture *fixture, struct message *out)
{
    out->hello.version = MESSAGE_VERSION;
    out->hello.roster = fixture->roster.digest;
    out->hello.index = 126;
    out->hello.is_seat = true;
    out->hello.clock_ms = 1790000000123;
    out->hello.program = bytes_of_text("1.2.3 test");
}

static void fill_new_view(struct fixture *fixture, struct message *out)
{
    struct message_qc qc = fixture_qc(fixture, 2, "D", 4);
    struct message_tc tc = fixture_tc(fixture, 3, 4);

    out->new_view.report = fixture_report(fixture, 2, 4, 2, "D");
    out->new_view.seat = 2;
    out->new_view.qc = fixture_encode_qc(fixture, &qc);
    out->new_view.tc = fixture_encode_tc(fixture, &tc);
}

static void fill_fetch(struct fixture *fixture, struct message *out)
{
    out->fetch.item = MESSAGE_ITEM_PAPERS;
    out->fetch.digest = fixture->docket.scope.docket;
    out->fetch.index = 255;
    out->fetch.offset = CODEC_NUMBER_MAX;
}

static void fill_item(struct message *out)
{
    out->item.item = MESSAGE_ITEM_BUNDLE;
    out->item.digest = fixture_digest("bundle 0");
    out->item.data = bytes_of_text("part of a bundle");
    out->item.offset = 100;
    out->item.total_size = 100 + out->item.data.size;
}

/* One frame of every kind, with every field in use. */
static void fill(struct fixture *fixture, enum message_kind kind, struct message *out)
{
    struct message_qc qc = fixture_qc(fixture, 2, "D", 4);
    struct message_tc tc = fixture_tc(fixture, 3, 4);

    memset(out, 0, sizeof(*out));
    out->kind = kind;
    switch (kind) {
    case MESSAGE_HELLO:
        fill_hello(fixture, out);
        return;
    case MESSAGE_PING:
    case MESSAGE_PONG:
        out->ping.clock_ms = UINT64_MAX;
        return;
    case MESSAGE_ASSIGN:
        out->assign.docket = fixture->signed_docket;
        return;
    case MESSAGE_VERDICT:
        out->verdict = fixture_book(fixture, 1);
        return;
    case MESSAGE_PROPOSE:
        out->propose.propose = fixture_report(fixture, 0, 3, 2, "D");
        out->propose.book = fixture_book(fixture, 5);
        out->propose.tc = fixture_encode_tc(fixture, &tc);
        return;
    case MESSAGE_PREPARE:
        out->prepare.payload = qc.payload;
        out->prepare.vote = qc.votes[3];
        return;
    case MESSAGE_CERTIFY:
        out->certify = fixture_encode_qc(fixture, &qc);
        return;
    case MESSAGE_COMMIT:
        out->commit.payload = bytes_of_text("{\"a\":1}");
        out->commit.vote = fixture_vote(fixture, 4, MESSAGE_TYPE_STATEMENT, out->commit.payload);
        return;
    case MESSAGE_DECIDE:
        out->decide.docket = fixture->docket.scope.docket;
        out->decide.certificate = bytes_of_text("{\"payload\":\"\"}");
        return;
    case MESSAGE_DONE:
        out->done.docket = fixture->docket.scope.docket;
        out->done.value = fixture_digest("D");
        return;
    case MESSAGE_NEW_VIEW:
        fill_new_view(fixture, out);
        return;
    case MESSAGE_TC:
        out->tc.docket = fixture->docket.scope.docket;
        out->tc.tc = fixture_encode_tc(fixture, &tc);
        return;
    case MESSAGE_FETCH:
        fill_fetch(fixture, out);
        return;
    case MESSAGE_ITEM:
        fill_item(out);
        return;
    case MESSAGE_KIND_COUNT:
        break;
    }
    fail_msg("no such kind");
}

static struct bytes encode(struct fixture *fixture, const struct message *message)
{
    struct buffer out = {0};

    if (!codec_frame_encode(message, &out, &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
    return fixture_keep(fixture, &out);
}

static void every_frame_survives_the_wire(void **state)
{
    struct fixture *fixture = *state;

    for (int kind = MESSAGE_HELLO; kind < MESSAGE_KIND_COUNT; kind++) {
        struct message message;
        struct message decoded;

        fill(fixture, (enum message_kind)kind, &message);
        struct bytes frame = encode(fixture, &message);

        assert_true(frame.size <= codec_frame_size_max(message.kind));
        if (!codec_frame_decode(frame, fixture->arena, &decoded, &fixture->error)) {
            fail_msg("kind %d: %s", kind, fixture->error.message);
        }
        assert_int_equal(decoded.kind, kind);
        assert_true(bytes_equal(frame, encode(fixture, &decoded)));
    }
}

static void fields_keep_their_meaning(void **state)
{
    struct fixture *fixture = *state;
    struct message message;
    struct message out;

    fill(fixture, MESSAGE_HELLO, &message);
    assert_true(
        codec_frame_decode(encode(fixture, &message), fixture->arena, &out, &fixture->error));
    assert_int_equal(out.hello.version, MESSAGE_VERSION);
    assert_true(out.hello.is_seat);
    assert_int_equal(out.hello.index, 126);
    assert_int_equal(out.hello.clock_ms, 1790000000123);
    assert_true(bytes_equal(out.hello.program, bytes_of_text("1.2.3 test")));
    fill(fixture, MESSAGE_FETCH, &message);
    assert_true(
        codec_frame_decode(encode(fixture, &message), fixture->arena, &out, &fixture->error));
    assert_int_equal(out.fetch.item, MESSAGE_ITEM_PAPERS);
    assert_int_equal(out.fetch.index, 255);
    fill(fixture, MESSAGE_PROPOSE, &message);
    assert_true(
        codec_frame_decode(encode(fixture, &message), fixture->arena, &out, &fixture->error));
    assert_int_equal(out.propose.book.verdict_count, 5);
    assert_int_equal(out.propose.book.sheet_count, 2);
    assert_true(bytes_equal(out.propose.book.sheets[1], message.propose.book.sheets[1]));
    assert_true(bytes_equal(out.propose.tc, message.propose.tc));
    assert_memory_equal(out.propose.book.verdicts[4].signature,
                        message.propose.book.verdicts[4].signature, MESSAGE_SIGNATURE_SIZE);
}

static void every_payload_survives_the_wire(void **state)
{
    struct fixture *fixture = *state;
    struct message_header header = fixture_header(fixture, 5);
    struct message_header header_out;
    struct bytes sheet = fixture_sheet(fixture, 400, ANSWER_INSUFFICIENT);
    struct message_verdict verdict = fixture_verdict(fixture, 4, sheet);
    struct message_verdict verdict_out;
    struct message_sheet sheet_out;
    struct buffer out = {0};

    header.attempt = 64;
    header.earlier = bytes_of_text("{}");
    codec_payload_encode_header(&header, &out);
    assert_true(codec_payload_decode_header(fixture_keep(fixture, &out), fixture->arena,
                                            &header_out, &fixture->error));
    assert_true(bytes_equal(header_out.earlier, header.earlier));
    header_out.earlier = header.earlier;
    assert_memory_equal(&header_out, &header, sizeof(header));

    verdict.entries[1] = (struct message_entry){.reason = MESSAGE_CRASHED};
    verdict.entries[2].reason = MESSAGE_BOUND;
    codec_payload_encode_verdict(&verdict, &out);
    assert_true(codec_payload_decode_verdict(fixture_keep(fixture, &out), fixture->arena,
                                             &verdict_out, &fixture->error));
    assert_int_equal(verdict_out.seat, 4);
    assert_int_equal(verdict_out.assessed_at, verdict.assessed_at);
    for (size_t i = 0; i < FIXTURE_CASES; i++) {
        assert_int_equal(verdict_out.entries[i].reason, verdict.entries[i].reason);
        assert_true(digest_equal(&verdict_out.entries[i].digest, &verdict.entries[i].digest));
    }

    assert_true(codec_part_decode_sheet(sheet, fixture->arena, &sheet_out, &fixture->error));
    assert_int_equal(sheet_out.criterion_count, 400);
    assert_int_equal(sheet_out.answers[399], ANSWER_INSUFFICIENT);
    assert_int_equal(sheet_out.purpose, MESSAGE_PURPOSE_INITIAL);
    assert_int_equal(sheet_out.period_end, 20700);
}

static void another_version_or_kind_is_refused(void **state)
{
    static const struct {
        uint8_t bytes[3];
        size_t size;
        const char *sentence;
    } frames[] = {
        {{0}, 0, "frame is 0 bytes"},
        {{1}, 1, "frame is 1 bytes"},
        {{0, MESSAGE_PING}, 2, "version 0, want 1"},
        {{2, MESSAGE_PING}, 2, "version 2, want 1"},
        {{1, 0}, 2, "unknown kind 0"},
        {{1, MESSAGE_KIND_COUNT}, 2, "unknown kind 16"},
        {{1, 255}, 2, "unknown kind 255"},
        {{1, MESSAGE_PING, 0xFF}, 3, "malformed"},
    };
    struct fixture *fixture = *state;
    struct message out;

    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        assert_false(codec_frame_decode(bytes_of(frames[i].bytes, frames[i].size), fixture->arena,
                                        &out, &fixture->error));
        says(fixture, frames[i].sentence);
    }
}

static void a_frame_with_an_unknown_field_is_refused(void **state)
{
    struct fixture *fixture = *state;

    for (int kind = MESSAGE_HELLO; kind < MESSAGE_KIND_COUNT; kind++) {
        struct message message;
        struct buffer more = {0};

        fill(fixture, (enum message_kind)kind, &message);
        struct bytes frame = encode(fixture, &message);

        buffer_append(&more, frame.data, frame.size);
        put_number(&more, 100, 1);
        if (kind == MESSAGE_CERTIFY) {
            struct message_qc qc;

            assert_false(codec_part_decode_qc(bytes_of(more.data + 2, more.size - 2),
                                              fixture->arena, &qc, &fixture->error));
        } else {
            assert_false(
                codec_frame_decode(buffer_bytes(&more), fixture->arena, &message, &fixture->error));
        }
        says(fixture, "has the unknown field 100");
        buffer_finish(&more);
    }
}

static void an_unknown_field_in_an_element_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct buffer element = {0};
    struct buffer outer = {0};
    struct message message;
    struct message_qc qc;
    struct message_tc tc;

    put_filler(&element, 2, MESSAGE_SIGNATURE_SIZE);
    put_number(&element, 9, 1);
    put_bytes(&outer, 2, buffer_bytes(&element));
    assert_false(codec_part_decode_qc(buffer_bytes(&outer), fixture->arena, &qc, &fixture->error));
    says(fixture, "qc.votes 0: Vote has the unknown field 9");
    buffer_clear(&outer);
    put_number(&outer, 1, 2);
    put_bytes(&outer, 2, buffer_bytes(&element));
    assert_false(codec_part_decode_tc(buffer_bytes(&outer), fixture->arena, &tc, &fixture->error));
    says(fixture, "tc.reports 0: Report has the unknown field 9");
    buffer_clear(&outer);
    buffer_append(&outer, "\x01\x05", 2);
    put_bytes(&outer, 1, buffer_bytes(&element));
    assert_false(
        codec_frame_decode(buffer_bytes(&outer), fixture->arena, &message, &fixture->error));
    says(fixture, "verdict.verdicts 0: Signed has the unknown field 9");
    buffer_finish(&element);
    buffer_finish(&outer);
}

/* A PREPARE payload with fields of these sizes and this view. */
static struct bytes prepare_of(struct fixture *fixture, const size_t sizes[4], uint64_t view)
{
    static const unsigned fields[4] = {1, 2, 4, 5};
    struct buffer out = {0};

    put_number(&out, 3, view);
    for (size_t i = 0; i < 4; i++) {
        put_filler(&out, fields[i], sizes[i]);
    }
    return fixture_keep(fixture, &out);
}

static void digests_have_exactly_their_size(void **state)
{
    static const char *const names[] = {"prepare.roster", "prepare.docket", "prepare.value",
                                        "prepare.tc"};
    struct fixture *fixture = *state;
    struct message_prepare out;

    for (size_t i = 0; i < 4; i++) {
        for (size_t size = 0; size <= 64; size += size == 31 || size == 32 ? 1 : 31) {
            size_t sizes[4] = {32, 32, 32, 32};

            sizes[i] = size;
            struct bytes payload = prepare_of(fixture, sizes, 1);

            if (size == 32) {
                assert_true(codec_payload_decode_prepare(payload, &out, &fixture->error));
                continue;
            }
            assert_false(codec_payload_decode_prepare(payload, &out, &fixture->error));
            says(fixture, names[i]);
            says(fixture, "want 32");
        }
    }
}

static void signatures_have_exactly_their_size(void **state)
{
    static const size_t sizes[] = {0, 63, 65, 128};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buffer frame = {0};
        struct message out;

        buffer_append(&frame, "\x01\x04", 2); /* ASSIGN */
        put_filler(&frame, 1, 10);
        put_filler(&frame, 2, sizes[i]);
        assert_false(
            codec_frame_decode(buffer_bytes(&frame), fixture->arena, &out, &fixture->error));
        says(fixture, "assign.signature");
        says(fixture, "want 64");
        buffer_finish(&frame);
    }
}

static void the_view_and_its_tc_go_together(void **state)
{
    struct fixture *fixture = *state;
    static const size_t sizes[4] = {32, 32, 32, 32};
    struct message_prepare prepare = {.view = 1, .tc = fixture_digest("a TC")};
    struct message_prepare out;
    struct buffer payload = {0};

    assert_false(
        codec_payload_decode_prepare(prepare_of(fixture, sizes, 0), &out, &fixture->error));
    says(fixture, "prepare.view is 0");
    assert_false(
        codec_payload_decode_prepare(prepare_of(fixture, sizes, 2), &out, &fixture->error));
    says(fixture, "prepare.tc is zero in view 2");
    codec_payload_encode_prepare(&prepare, &payload);
    assert_false(codec_payload_decode_prepare(buffer_bytes(&payload), &out, &fixture->error));
    says(fixture, "prepare.tc is not zero in view 1");
    buffer_finish(&payload);
}

static void a_report_that_nobody_could_sign_is_refused(void **state)
{
    static const struct {
        uint32_t view;
        uint32_t qc_view;
        bool has_value;
        const char *sentence;
    } reports[] = {
        {0, 0, false, "new_view.view is 0"},
        {1, 0, false, "new_view.view is 1"},
        {2, 2, true, "qc_view is 2 in a wish for view 2"},
        {2, 3, true, "qc_view is 3 in a wish for view 2"},
        {2, 1, false, "qc_value is zero"},
        {2, 0, true, "qc_value is not zero"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
        struct message_new_view report = {.view = reports[i].view, .qc_view = reports[i].qc_view};
        struct message_new_view out;
        struct buffer payload = {0};

        if (reports[i].has_value) {
            report.qc_value = fixture_digest("D");
        }
        codec_payload_encode_new_view(&report, &payload);
        assert_false(codec_payload_decode_new_view(buffer_bytes(&payload), &out, &fixture->error));
        says(fixture, reports[i].sentence);
        buffer_finish(&payload);
    }
}

static void a_header_is_held_to_its_limits(void **state)
{
    struct fixture *fixture = *state;
    struct message_header headers[6];
    static const char *const sentences[] = {
        "header.bundle_size is 0", "header.bundle_size is 9007199254740992",
        "header.attempt is 0",     "header.home is 7",
        "is 0 bytes in attempt 2", "is 2 bytes in attempt 1",
    };

    for (size_t i = 0; i < 6; i++) {
        headers[i] = fixture_header(fixture, 0);
    }
    headers[0].bundle_size = 0;
    headers[1].bundle_size = UINT64_C(1) << 53;
    headers[2].attempt = 0;
    headers[3].home = MESSAGE_COORDINATORS_MAX;
    headers[4].attempt = 2;
    headers[5].earlier = bytes_of_text("{}");
    for (size_t i = 0; i < 6; i++) {
        struct message_header out;
        struct buffer payload = {0};

        codec_payload_encode_header(&headers[i], &payload);
        assert_false(codec_payload_decode_header(buffer_bytes(&payload), fixture->arena, &out,
                                                 &fixture->error));
        says(fixture, sentences[i]);
        buffer_finish(&payload);
    }
}

static void a_docket_is_held_to_its_limits(void **state)
{
    struct fixture *fixture = *state;
    struct message_docket dockets[3];
    static const char *const sentences[] = {"docket.home is 7", "docket.as_of is 253402300800",
                                            "docket.serial is 0"};
    struct message_docket out;

    for (size_t i = 0; i < 3; i++) {
        dockets[i] = fixture_docket(fixture);
    }
    dockets[0].home = MESSAGE_COORDINATORS_MAX;
    dockets[1].as_of = CODEC_TIME_MAX + 1;
    dockets[2].serial = 0;
    for (size_t i = 0; i < 3; i++) {
        struct message_signed message = fixture_sign_docket(fixture, &dockets[i], 1);

        assert_false(
            codec_payload_decode_docket(message.payload, fixture->arena, &out, &fixture->error));
        says(fixture, sentences[i]);
    }
    /* No case at all, and one too many. */
    for (unsigned count = 0; count <= MESSAGE_CASES_MAX + 1; count += MESSAGE_CASES_MAX + 1) {
        struct buffer payload = {0};

        put_filler(&payload, 1, DIGEST_SIZE);
        put_filler(&payload, 2, DIGEST_SIZE);
        put_number(&payload, 5, 1);
        for (unsigned i = 0; i < count; i++) {
            put_bytes(&payload, 6, bytes_of(NULL, 0));
        }
        assert_false(codec_payload_decode_docket(buffer_bytes(&payload), fixture->arena, &out,
                                                 &fixture->error));
        says(fixture, "docket.headers has");
        assert_int_equal(fixture->error.code, count == 0 ? ERROR_INVALID : ERROR_LIMIT);
        buffer_finish(&payload);
    }
}

/* A VERDICT payload of COUNT entries with REASON and a digest of 32 times FILL_BYTE. */
static struct bytes verdict_of(struct fixture *fixture, uint64_t seat, size_t count,
                               uint64_t reason, uint8_t fill_byte)
{
    uint8_t digest[DIGEST_SIZE];
    struct buffer entry = {0};
    struct buffer out = {0};

    memset(digest, fill_byte, sizeof(digest));
    put_number(&entry, 1, reason);
    put_bytes(&entry, 2, bytes_of(digest, sizeof(digest)));
    put_filler(&out, 1, DIGEST_SIZE);
    put_filler(&out, 2, DIGEST_SIZE);
    put_number(&out, 3, seat);
    put_filler(&out, 4, DIGEST_SIZE);
    for (size_t i = 0; i < count; i++) {
        put_bytes(&out, 6, buffer_bytes(&entry));
    }
    buffer_finish(&entry);
    return fixture_keep(fixture, &out);
}

static void a_verdict_is_held_to_its_limits(void **state)
{
    static const struct {
        uint64_t seat;
        size_t count;
        uint64_t reason;
        uint8_t fill;
        const char *sentence; /* NULL = accepted. */
    } verdicts[] = {
        {126, 256, MESSAGE_ASSESSED, 1, NULL},
        {0, 1, MESSAGE_LIMIT, 0, NULL},
        {127, 1, MESSAGE_ASSESSED, 1, "verdict.seat is 127"},
        {0, 0, MESSAGE_ASSESSED, 1, "verdict.entries has 0"},
        {0, 257, MESSAGE_ASSESSED, 1, "verdict.entries has 257"},
        {0, 1, MESSAGE_REASON_COUNT, 1, "verdict.entries 0: reason is 10"},
        {0, 1, MESSAGE_ASSESSED, 0, "digest is zero with reason 0"},
        {0, 1, MESSAGE_BOUND, 0, "digest is zero with reason 8"},
        {0, 1, MESSAGE_CONCLUDED, 0, "digest is zero with reason 9"},
        {0, 1, MESSAGE_TOO_LATE, 1, "digest is not zero with reason 4"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        struct bytes payload = verdict_of(fixture, verdicts[i].seat, verdicts[i].count,
                                          verdicts[i].reason, verdicts[i].fill);
        struct message_verdict out;
        bool is_good = codec_payload_decode_verdict(payload, fixture->arena, &out, &fixture->error);

        assert_int_equal(is_good, verdicts[i].sentence == NULL);
        if (!is_good) {
            says(fixture, verdicts[i].sentence);
        }
    }
}

static void a_sheet_is_held_to_its_limits(void **state)
{
    static const struct {
        size_t answers;
        size_t papers;
        uint64_t purpose;
        uint64_t period_end;
        const char *sentence;
    } sheets[] = {
        {1, 32, 0, 0, NULL},
        {400, 12800, 4, CODEC_DAY_MAX, NULL},
        {0, 0, 0, 0, "sheet.answers has 0"},
        {401, 12832, 0, 0, "sheet.answers has 401"},
        {2, 63, 0, 0, "sheet.papers is 63 bytes, want 64"},
        {2, 96, 0, 0, "sheet.papers is 96 bytes, want 64"},
        {1, 32, 5, 0, "sheet.purpose is 5"},
        {1, 32, 0, CODEC_DAY_MAX + 1, "sheet.period_end"},
        {1, 17000, 0, 0, "want at most 16384"},
    };
    struct fixture *fixture = *state;
    struct message_sheet out;

    for (size_t i = 0; i < sizeof(sheets) / sizeof(sheets[0]); i++) {
        struct buffer part = {0};

        put_filler(&part, 1, sheets[i].answers);
        put_filler(&part, 2, sheets[i].papers);
        put_number(&part, 3, sheets[i].purpose);
        put_number(&part, 4, sheets[i].period_end);
        bool is_good =
            codec_part_decode_sheet(buffer_bytes(&part), fixture->arena, &out, &fixture->error);

        assert_int_equal(is_good, sheets[i].sentence == NULL);
        if (!is_good) {
            says(fixture, sheets[i].sentence);
        }
        buffer_finish(&part);
    }
    struct bytes unknown = fixture_sheet(fixture, 3, ANSWER_COUNT);

    assert_false(codec_part_decode_sheet(unknown, fixture->arena, &out, &fixture->error));
    says(fixture, "sheet.answers 0 is 5, want 0 to 4");
}

static void certificates_are_held_to_their_limits(void **state)
{
    struct fixture *fixture = *state;
    struct buffer element = {0};
    struct buffer part = {0};
    struct message_qc qc;
    struct message_tc tc;

    put_number(&element, 1, MESSAGE_SEATS_MAX);
    put_filler(&element, 2, MESSAGE_SIGNATURE_SIZE);
    put_bytes(&part, 2, buffer_bytes(&element));
    assert_false(codec_part_decode_qc(buffer_bytes(&part), fixture->arena, &qc, &fixture->error));
    says(fixture, "qc.votes 0: seat is 127");
    buffer_clear(&part);
    for (size_t i = 0; i <= MESSAGE_SEATS_MAX; i++) {
        put_bytes(&part, 2, bytes_of(NULL, 0));
    }
    assert_false(codec_part_decode_qc(buffer_bytes(&part), fixture->arena, &qc, &fixture->error));
    says(fixture, "qc.votes has 128");
    put_number(&part, 1, 2);
    assert_false(codec_part_decode_tc(buffer_bytes(&part), fixture->arena, &tc, &fixture->error));
    says(fixture, "tc.reports has 128");
    put_number(&part, 1, 1);
    assert_false(codec_part_decode_tc(buffer_bytes(&part), fixture->arena, &tc, &fixture->error));
    says(fixture, "tc.view is 1");
    buffer_clear(&part);
    put_filler(&part, 1, CODEC_VOTE_MAX + 1);
    assert_false(codec_part_decode_qc(buffer_bytes(&part), fixture->arena, &qc, &fixture->error));
    says(fixture, "qc.payload is 257 bytes, want at most 256");
    put_filler(&part, 1, CODEC_QC_MAX);
    assert_false(codec_part_decode_qc(buffer_bytes(&part), fixture->arena, &qc, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_LIMIT);
    buffer_finish(&element);
    buffer_finish(&part);
}

static void a_verdict_frame_holds_one_verdict(void **state)
{
    struct fixture *fixture = *state;
    struct message message = {.kind = MESSAGE_VERDICT};
    struct message out;

    message.verdict = fixture_book(fixture, 2);
    assert_false(
        codec_frame_decode(encode(fixture, &message), fixture->arena, &out, &fixture->error));
    says(fixture, "verdict.verdicts has 2");
    message.verdict.verdict_count = 0;
    assert_false(
        codec_frame_decode(encode(fixture, &message), fixture->arena, &out, &fixture->error));
    says(fixture, "verdict.verdicts has 0");
}

static void an_item_stays_within_its_size(void **state)
{
    struct fixture *fixture = *state;
    struct message message;
    struct message out;

    fill(fixture, MESSAGE_ITEM, &message);
    message.item.total_size--;
    assert_false(
        codec_frame_decode(encode(fixture, &message), fixture->arena, &out, &fixture->error));
    says(fixture, "past the item's end");
    message.item.offset = message.item.total_size + 1;
    assert_false(
        codec_frame_decode(encode(fixture, &message), fixture->arena, &out, &fixture->error));
    says(fixture, "item.offset");
    message.item.index = MESSAGE_CASES_MAX;
    assert_false(
        codec_frame_decode(encode(fixture, &message), fixture->arena, &out, &fixture->error));
    says(fixture, "item.index is 256");
    message.item.item = MESSAGE_ITEM_COUNT;
    assert_false(
        codec_frame_decode(encode(fixture, &message), fixture->arena, &out, &fixture->error));
    says(fixture, "item.item");
}

static void hello_names_a_printable_program(void **state)
{
    struct fixture *fixture = *state;
    struct message message;
    struct message out;

    fill(fixture, MESSAGE_HELLO, &message);
    message.hello.program = bytes_of_text("bell\a");
    assert_false(
        codec_frame_decode(encode(fixture, &message), fixture->arena, &out, &fixture->error));
    says(fixture, "hello.program holds the byte 0x07 at 4");
    message.hello.program =
        bytes_of_text("12345678901234567890123456789012345678901234567890123456789012345");
    assert_false(
        codec_frame_decode(encode(fixture, &message), fixture->arena, &out, &fixture->error));
    says(fixture, "hello.program is 65 bytes, want at most 64");
}

static void a_frame_larger_than_its_kind_may_be_is_neither_made_nor_read(void **state)
{
    struct fixture *fixture = *state;
    struct message message = {.kind = MESSAGE_COMMIT};
    size_t size = MESSAGE_STATEMENT_MAX + 1024;
    struct buffer out = {0};
    struct message decoded;

    message.commit.payload = bytes_of(arena_alloc(fixture->arena, size), size);
    buffer_append_text(&out, "kept");
    assert_false(codec_frame_encode(&message, &out, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_LIMIT);
    assert_string_equal(buffer_text(&out), "kept");
    buffer_clear(&out);
    buffer_append(&out, "\x01\x09", 2); /* COMMIT */
    buffer_append(&out, message.commit.payload.data, size);
    assert_false(codec_frame_decode(buffer_bytes(&out), fixture->arena, &decoded, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_LIMIT);
    out.data[1] = MESSAGE_CERTIFY; /* The one kind that is not unpacked here. */
    out.size = CODEC_QC_MAX + 3;
    assert_false(codec_frame_decode(buffer_bytes(&out), fixture->arena, &decoded, &fixture->error));
    says(fixture, "certify is 16385 bytes, want at most 16384");
    /* One byte of payload over the limit, in a frame that is itself small enough. */
    message.commit.payload.size = MESSAGE_STATEMENT_MAX + 1;
    assert_false(
        codec_frame_decode(encode(fixture, &message), fixture->arena, &decoded, &fixture->error));
    says(fixture, "vote.payload is 262145 bytes, want at most 262144");
    buffer_finish(&out);
}

static void a_mebibyte_of_empty_elements_meets_the_budget(void **state)
{
    struct fixture *fixture = *state;
    static const unsigned fields[] = {3, 4}; /* Verdicts and sheets of a PROPOSE. */

    for (size_t i = 0; i < 2; i++) {
        struct arena *arena = arena_create(SIZE_MAX / 2);
        struct buffer frame = {0};
        struct message out;

        buffer_append(&frame, "\x01\x06", 2); /* PROPOSE */
        for (size_t k = 0; k < 512 * 1024; k++) {
            put_bytes(&frame, fields[i], bytes_of(NULL, 0));
        }
        assert_false(codec_frame_decode(buffer_bytes(&frame), arena, &out, &fixture->error));
        assert_int_equal(fixture->error.code, ERROR_LIMIT);
        assert_true(arena_used(arena) <= frame.size + CODEC_MEMORY_MAX);
        buffer_finish(&frame);
        arena_destroy(arena);
    }
}

static void the_largest_counts_fit_the_budget(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = arena_create(64 * 1024 * 1024);
    struct message message = {.kind = MESSAGE_PROPOSE};
    struct message_book *book = &message.propose.book;
    struct message out;

    message.propose.propose = fixture_report(fixture, 0, 2, 0, NULL);
    book->verdict_count = MESSAGE_SEATS_MAX;
    book->verdicts = arena_array(arena, MESSAGE_SEATS_MAX, sizeof(*book->verdicts));
    book->sheet_count = CODEC_SHEETS_MAX;
    book->sheets = arena_array(arena, CODEC_SHEETS_MAX, sizeof(*book->sheets));
    for (size_t i = 0; i < CODEC_SHEETS_MAX; i++) {
        book->sheets[i] = bytes_of("s", 1);
    }
    struct bytes frame = encode(fixture, &message);
    size_t before = arena_used(arena);

    if (!codec_frame_decode(frame, arena, &out, &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
    assert_int_equal(out.propose.book.sheet_count, CODEC_SHEETS_MAX);
    assert_true(arena_used(arena) - before <= frame.size + CODEC_MEMORY_MAX);
    book->sheet_count++;
    book->sheets = arena_array(arena, book->sheet_count, sizeof(*book->sheets));
    assert_false(codec_frame_decode(encode(fixture, &message), arena, &out, &fixture->error));
    says(fixture, "propose.sheets has 32513 elements, want 0 to 32512");
    arena_destroy(arena);
}

static void the_largest_dockets_and_certificates_fit_the_budget(void **state)
{
    struct fixture *fixture = *state;
    struct message_docket docket = fixture_docket(fixture);
    struct message_tc tc = fixture_tc(fixture, 2, 1);
    struct message_qc qc = fixture_qc(fixture, 1, "D", 1);
    struct message_docket docket_out;
    struct message_tc tc_out;
    struct message_qc qc_out;

    docket.case_count = MESSAGE_CASES_MAX;
    for (size_t i = 1; i < MESSAGE_CASES_MAX; i++) {
        fixture->headers[i] = fixture->headers[0];
    }
    struct message_signed message = fixture_sign_docket(fixture, &docket, 1);

    assert_true(
        codec_payload_decode_docket(message.payload, fixture->arena, &docket_out, &fixture->error));
    assert_int_equal(docket_out.case_count, MESSAGE_CASES_MAX);
    tc.report_count = MESSAGE_SEATS_MAX;
    qc.vote_count = MESSAGE_SEATS_MAX;
    for (uint8_t i = 1; i < MESSAGE_SEATS_MAX; i++) {
        tc.reports[i] = tc.reports[0];
        tc.seats[i] = i;
        qc.votes[i] = qc.votes[0];
    }
    tc.qc = fixture_encode_qc(fixture, &qc);
    assert_true(codec_part_decode_qc(tc.qc, fixture->arena, &qc_out, &fixture->error));
    assert_true(codec_part_decode_tc(fixture_encode_tc(fixture, &tc), fixture->arena, &tc_out,
                                     &fixture->error));
    assert_int_equal(tc_out.report_count, MESSAGE_SEATS_MAX);
}

static void a_frame_cut_short_anywhere_does_not_crash(void **state)
{
    struct fixture *fixture = *state;

    for (int kind = MESSAGE_HELLO; kind < MESSAGE_KIND_COUNT; kind++) {
        struct message message;

        fill(fixture, (enum message_kind)kind, &message);
        struct bytes frame = encode(fixture, &message);

        for (size_t size = 0; size < frame.size; size++) {
            struct arena *arena = arena_create(1024 * 1024);
            uint8_t *copy = test_malloc(size + 1); /* So that a read past the end is seen. */
            struct message out;

            memcpy(copy, frame.data, size);
            bool is_good = codec_frame_decode(bytes_of(copy, size), arena, &out, &fixture->error);

            /* A PREPARE has no field that may be missing. */
            assert_false(is_good && kind == MESSAGE_PREPARE);
            test_free(copy);
            arena_destroy(arena);
        }
    }
}

static void a_failed_decode_leaves_its_result_alone(void **state)
{
    struct fixture *fixture = *state;
    struct message message;
    struct message out;
    struct message before;

    memset(&out, 0x5A, sizeof(out));
    before = out;
    fill(fixture, MESSAGE_DONE, &message);
    struct bytes frame = encode(fixture, &message);

    assert_false(codec_frame_decode(bytes_of(frame.data, frame.size - 1), fixture->arena, &out,
                                    &fixture->error));
    assert_memory_equal(&out, &before, sizeof(out));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_frame_survives_the_wire),
        TEST(fields_keep_their_meaning),
        TEST(every_payload_survives_the_wire),
        TEST(another_version_or_kind_is_refused),
        TEST(a_frame_with_an_unknown_field_is_refused),
        TEST(an_unknown_field_in_an_element_is_refused),
        TEST(digests_have_exactly_their_size),
        TEST(signatures_have_exactly_their_size),
        TEST(the_view_and_its_tc_go_together),
        TEST(a_report_that_nobody_could_sign_is_refused),
        TEST(a_header_is_held_to_its_limits),
        TEST(a_docket_is_held_to_its_limits),
        TEST(a_verdict_is_held_to_its_limits),
        TEST(a_sheet_is_held_to_its_limits),
        TEST(certificates_are_held_to_their_limits),
        TEST(a_verdict_frame_holds_one_verdict),
        TEST(an_item_stays_within_its_size),
        TEST(hello_names_a_printable_program),
        TEST(a_frame_larger_than_its_kind_may_be_is_neither_made_nor_read),
        TEST(a_mebibyte_of_empty_elements_meets_the_budget),
        TEST(the_largest_counts_fit_the_budget),
        TEST(the_largest_dockets_and_certificates_fit_the_budget),
        TEST(a_frame_cut_short_anywhere_does_not_crash),
        TEST(a_failed_decode_leaves_its_result_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
