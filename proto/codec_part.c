/* What frames carry encoded and others name by digest: sheets, QCs and TCs. */

#include "base/check.h"
#include "council/answer.h"
#include "proto/codec.h"
#include "proto/wire.h"

static const struct wire_shape sheet_shape = {&aims__sheet__descriptor, MESSAGE_SHEET_MAX, 0};
static const struct wire_shape qc_shape = {&aims__qc__descriptor, CODEC_QC_MAX, MESSAGE_SEATS_MAX};
static const struct wire_shape tc_shape = {&aims__tc__descriptor, CODEC_TC_MAX, MESSAGE_SEATS_MAX};

void codec_part_encode_sheet(const struct message_sheet *sheet, struct buffer *out)
{
    Aims__Sheet wire = AIMS__SHEET__INIT;

    CHECK(sheet->criterion_count >= 1);
    CHECK(sheet->criterion_count <= MESSAGE_CRITERIA_MAX);

    wire.answers = wire_view(bytes_of(sheet->answers, sheet->criterion_count));
    wire.papers = wire_view(bytes_of(sheet->papers, sheet->criterion_count * DIGEST_SIZE));
    wire.purpose = sheet->purpose;
    wire.period_end = sheet->period_end;
    wire_pack(&wire.base, out);
}

static bool answers_are_known(const struct message_sheet *sheet, struct error *error)
{
    for (size_t i = 0; i < sheet->criterion_count; i++) {
        if (sheet->answers[i] >= ANSWER_COUNT) {
            return error_set(error, ERROR_INVALID, "sheet.answers %zu is %u, want 0 to %d", i,
                             sheet->answers[i], ANSWER_COUNT - 1);
        }
    }
    return true;
}

bool codec_part_decode_sheet(struct bytes part, struct arena *arena, struct message_sheet *out,
                             struct error *error)
{
    const Aims__Sheet *wire = wire_unpack(&sheet_shape, part, arena, error);

    if (wire == NULL ||
        !wire_count(wire->answers.len, 1, MESSAGE_CRITERIA_MAX, "sheet.answers", error) ||
        !wire_number(wire->purpose, 0, MESSAGE_PURPOSE_COUNT - 1, "sheet.purpose", error) ||
        !wire_number(wire->period_end, 0, CODEC_DAY_MAX, "sheet.period_end", error)) {
        return false;
    }
    if (wire->papers.len != wire->answers.len * DIGEST_SIZE) {
        return error_set(error, ERROR_INVALID,
                         "sheet.papers is %zu bytes, want %zu for %zu answers", wire->papers.len,
                         wire->answers.len * DIGEST_SIZE, wire->answers.len);
    }
    struct message_sheet sheet = {
        .purpose = (uint8_t)wire->purpose,
        .period_end = wire->period_end,
        .criterion_count = wire->answers.len,
        .answers = wire->answers.data,
        .papers = (const struct digest *)wire->papers.data,
    };

    if (!answers_are_known(&sheet, error)) {
        return false;
    }
    *out = sheet;
    return true;
}

void codec_part_encode_qc(const struct message_qc *qc, struct buffer *out)
{
    Aims__Vote votes[MESSAGE_SEATS_MAX];
    Aims__Vote *pointers[MESSAGE_SEATS_MAX];
    Aims__Qc wire = AIMS__QC__INIT;

    CHECK(qc->vote_count >= 1);
    CHECK(qc->vote_count <= MESSAGE_SEATS_MAX);

    for (size_t i = 0; i < qc->vote_count; i++) {
        aims__vote__init(&votes[i]);
        votes[i].seat = qc->votes[i].seat;
        votes[i].signature = wire_view(bytes_of(qc->votes[i].signature, MESSAGE_SIGNATURE_SIZE));
        pointers[i] = &votes[i];
    }
    wire.payload = wire_view(qc->payload);
    wire.n_votes = qc->vote_count;
    wire.votes = pointers;
    wire_pack(&wire.base, out);
}

static bool decode_vote(const Aims__Vote *wire, struct message_vote *out, struct error *error)
{
    if (!wire_known(&wire->base, error) ||
        !wire_number(wire->seat, 0, MESSAGE_SEATS_MAX - 1, "seat", error) ||
        !wire_fixed(wire->signature, MESSAGE_SIGNATURE_SIZE, "signature", out->signature, error)) {
        return false;
    }
    out->seat = (uint8_t)wire->seat;
    return true;
}

bool codec_part_decode_qc(struct bytes part, struct arena *arena, struct message_qc *out,
                          struct error *error)
{
    struct message_qc qc = {0};
    const Aims__Qc *wire = wire_unpack(&qc_shape, part, arena, error);

    if (wire == NULL ||
        !wire_bytes(wire->payload, CODEC_VOTE_MAX, "qc.payload", &qc.payload, error) ||
        !wire_count(wire->n_votes, 1, MESSAGE_SEATS_MAX, "qc.votes", error)) {
        return false;
    }
    qc.vote_count = wire->n_votes;
    qc.votes = wire_array(arena, qc.vote_count, sizeof(*qc.votes), error);
    if (qc.votes == NULL) {
        return false;
    }
    for (size_t i = 0; i < qc.vote_count; i++) {
        if (!decode_vote(wire->votes[i], &qc.votes[i], error)) {
            return error_wrap(error, "qc.votes %zu", i);
        }
    }
    *out = qc;
    return true;
}

void codec_part_encode_tc(const struct message_tc *tc, struct buffer *out)
{
    Aims__Report reports[MESSAGE_SEATS_MAX];
    Aims__Report *pointers[MESSAGE_SEATS_MAX];
    Aims__Tc wire = AIMS__TC__INIT;

    CHECK(tc->report_count >= 1);
    CHECK(tc->report_count <= MESSAGE_SEATS_MAX);

    for (size_t i = 0; i < tc->report_count; i++) {
        aims__report__init(&reports[i]);
        reports[i].seat = tc->seats[i];
        reports[i].payload = wire_view(tc->reports[i].payload);
        reports[i].signature =
            wire_view(bytes_of(tc->reports[i].signature, MESSAGE_SIGNATURE_SIZE));
        pointers[i] = &reports[i];
    }
    wire.view = tc->view;
    wire.n_reports = tc->report_count;
    wire.reports = pointers;
    wire.qc = wire_view(tc->qc);
    wire_pack(&wire.base, out);
}

static bool decode_report(const Aims__Report *wire, struct message_signed *out, uint8_t *seat,
                          struct error *error)
{
    if (!wire_known(&wire->base, error) ||
        !wire_number(wire->seat, 0, MESSAGE_SEATS_MAX - 1, "seat", error) ||
        !wire_bytes(wire->payload, CODEC_VOTE_MAX, "payload", &out->payload, error) ||
        !wire_fixed(wire->signature, MESSAGE_SIGNATURE_SIZE, "signature", out->signature, error)) {
        return false;
    }
    *seat = (uint8_t)wire->seat;
    return true;
}

bool codec_part_decode_tc(struct bytes part, struct arena *arena, struct message_tc *out,
                          struct error *error)
{
    struct message_tc tc = {0};
    const Aims__Tc *wire = wire_unpack(&tc_shape, part, arena, error);

    if (wire == NULL || !wire_number(wire->view, 2, UINT32_MAX, "tc.view", error) ||
        !wire_count(wire->n_reports, 1, MESSAGE_SEATS_MAX, "tc.reports", error) ||
        !wire_bytes(wire->qc, CODEC_QC_MAX, "tc.qc", &tc.qc, error)) {
        return false;
    }
    tc.view = wire->view;
    tc.report_count = wire->n_reports;
    tc.reports = wire_array(arena, tc.report_count, sizeof(*tc.reports), error);
    tc.seats = wire_array(arena, tc.report_count, sizeof(*tc.seats), error);
    if (tc.reports == NULL || tc.seats == NULL) {
        return false;
    }
    for (size_t i = 0; i < tc.report_count; i++) {
        if (!decode_report(wire->reports[i], &tc.reports[i], &tc.seats[i], error)) {
            return error_wrap(error, "tc.reports %zu", i);
        }
    }
    *out = tc;
    return true;
}
