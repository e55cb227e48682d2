#ifndef TESTS_PROTO_FIXTURE_H
#define TESTS_PROTO_FIXTURE_H

/* A council with real keys and real signatures, and honest messages of it to be spoiled by a test.
 *
 * Keys follow from the seat's number, so runs are alike. Everything lives in one arena. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "council/answer.h"
#include "council/quorum.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/sign.h"
#include "proto/codec.h"
#include "proto/verify.h"

#define FIXTURE_CRITERIA 7
#define FIXTURE_CASES    3

struct fixture {
    struct arena *arena;
    struct keys *seats[MESSAGE_SEATS_MAX];
    struct keys *coordinators[MESSAGE_COORDINATORS_MAX];
    struct keys *submitter;
    struct roster roster;
    struct message_signed headers[MESSAGE_CASES_MAX];
    struct message_signed signed_docket;
    struct verify_docket docket;
    struct error error;
};

static inline struct digest fixture_digest(const char *text)
{
    struct digest digest;

    hash_bytes(bytes_of_text(text), &digest);
    return digest;
}

static inline struct keys *fixture_keys(uint8_t role, uint8_t number)
{
    uint8_t seed[KEYS_SEED_SIZE] = {role, number, 1};

    return keys_from_seed(seed);
}

static inline void fixture_name_seats(struct fixture *fixture, struct roster *roster)
{
    roster->seats = arena_array(fixture->arena, roster->seat_count, sizeof(*roster->seats));
    for (uint8_t i = 0; i < roster->seat_count; i++) {
        fixture->seats[i] = fixture_keys(1, i);
        const struct keys_public *public = keys_public(fixture->seats[i]);

        roster->seats[i].operator_name = arena_format(fixture->arena, "operator %u", i % 5U);
        roster->seats[i].ruleset = "plain";
        roster->seats[i].host = arena_format(fixture->arena, "host %u", i);
        memcpy(roster->seats[i].signing, public->signing, MESSAGE_KEY_SIZE);
        memcpy(roster->seats[i].sealing, public->sealing, MESSAGE_KEY_SIZE);
        memcpy(roster->seats[i].transport, public->transport, MESSAGE_KEY_SIZE);
    }
}

/* A roster of SEATS seats, f as large as they bear, and three coordinators; as roster_parse() reads
 * what roster_write() wrote. */
static inline void fixture_convene(struct fixture *fixture, uint8_t seats)
{
    static struct digest catalogs[2];
    struct roster roster = {.name = "Fictional council",
                            .epoch = 1,
                            .seat_count = seats,
                            .faulty_max = quorum_faulty_max(seats),
                            .coordinator_count = 3,
                            .catalog_count = 2,
                            .catalogs = catalogs};
    struct buffer text = {0};

    catalogs[0] = fixture_digest("catalogue");
    catalogs[1] = fixture_digest("other catalogue");
    fixture_name_seats(fixture, &roster);
    roster.coordinators = arena_array(fixture->arena, 3, sizeof(*roster.coordinators));
    for (uint8_t i = 0; i < 3; i++) {
        fixture->coordinators[i] = fixture_keys(2, i);
        const struct keys_public *public = keys_public(fixture->coordinators[i]);

        roster.coordinators[i].name = arena_format(fixture->arena, "coordinator %u", i);
        roster.coordinators[i].operator_name = "operator";
        memcpy(roster.coordinators[i].signing, public->signing, MESSAGE_KEY_SIZE);
        memcpy(roster.coordinators[i].transport, public->transport, MESSAGE_KEY_SIZE);
    }
    roster_write(&roster, &text);
    if (!roster_parse(buffer_bytes(&text), "roster.json", fixture->arena, &fixture->roster,
                      &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
    buffer_finish(&text);
}

/* Signs the payload in BUFFER, which is emptied. */
static inline struct message_signed fixture_sign(struct fixture *fixture, const struct keys *keys,
                                                 const char *type, struct buffer *payload)
{
    struct message_signed message;

    message.payload =
        bytes_of(arena_copy(fixture->arena, payload->data, payload->size), payload->size);
    sign_payload(keys, type, message.payload, message.signature);
    buffer_finish(payload);
    return message;
}

/* The header of an honest submitter for case NUMBER at coordinator 1. */
static inline struct message_header fixture_header(struct fixture *fixture, unsigned number)
{
    const struct keys_public *public = keys_public(fixture->submitter);
    struct message_header header = {
        .roster = fixture->roster.digest,
        .manifest = fixture_digest(arena_format(fixture->arena, "manifest %u", number)),
        .bundle = fixture_digest(arena_format(fixture->arena, "bundle %u", number)),
        .bundle_size = 1000 + number,
        .catalog = fixture->roster.catalogs[0],
        .attempt = 1,
        .home = 1,
    };

    memcpy(header.signing, public->signing, MESSAGE_KEY_SIZE);
    memcpy(header.sealing, public->sealing, MESSAGE_KEY_SIZE);
    return header;
}

static inline struct message_signed fixture_sign_header(struct fixture *fixture,
                                                        const struct message_header *header)
{
    struct buffer payload = {0};

    codec_payload_encode_header(header, &payload);
    return fixture_sign(fixture, fixture->submitter, MESSAGE_TYPE_HEADER, &payload);
}

/* The honest docket of FIXTURE_CASES cases at coordinator 1, not yet encoded. */
static inline struct message_docket fixture_docket(struct fixture *fixture)
{
    for (unsigned i = 0; i < FIXTURE_CASES; i++) {
        struct message_header header = fixture_header(fixture, i);

        fixture->headers[i] = fixture_sign_header(fixture, &header);
    }
    return (struct message_docket){.roster = fixture->roster.digest,
                                   .catalog = fixture->roster.catalogs[0],
                                   .home = 1,
                                   .as_of = 1790000000,
                                   .serial = 17,
                                   .case_count = FIXTURE_CASES,
                                   .headers = fixture->headers};
}

static inline struct message_signed fixture_sign_docket(struct fixture *fixture,
                                                        const struct message_docket *docket,
                                                        uint8_t coordinator)
{
    struct buffer payload = {0};

    codec_payload_encode_docket(docket, &payload);
    return fixture_sign(fixture, fixture->coordinators[coordinator], MESSAGE_TYPE_DOCKET, &payload);
}

static inline struct fixture *fixture_create(uint8_t seats)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));

    keys_library_init();
    fixture->arena = arena_create(64 * 1024 * 1024);
    fixture->submitter = fixture_keys(3, 0);
    fixture_convene(fixture, seats);
    struct message_docket docket = fixture_docket(fixture);

    fixture->signed_docket = fixture_sign_docket(fixture, &docket, 1);
    if (!verify_docket(&fixture->roster, &fixture->signed_docket, fixture->arena, &fixture->docket,
                       &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
    fixture->docket.criterion_count = FIXTURE_CRITERIA;
    return fixture;
}

static inline void fixture_destroy(struct fixture *fixture)
{
    for (size_t i = 0; i < MESSAGE_SEATS_MAX; i++) {
        keys_destroy(fixture->seats[i]);
    }
    for (size_t i = 0; i < MESSAGE_COORDINATORS_MAX; i++) {
        keys_destroy(fixture->coordinators[i]);
    }
    keys_destroy(fixture->submitter);
    arena_destroy(fixture->arena);
    test_free(fixture);
}

/* What BUFFER holds, moved into the arena. */
static inline struct bytes fixture_keep(struct fixture *fixture, struct buffer *buffer)
{
    struct bytes bytes =
        bytes_of(arena_copy(fixture->arena, buffer->data, buffer->size), buffer->size);

    buffer_finish(buffer);
    return bytes;
}

/* An encoded sheet of COUNT criteria, all answered ANSWER. */
static inline struct bytes fixture_sheet(struct fixture *fixture, size_t count, uint8_t answer)
{
    uint8_t *answers = arena_alloc(fixture->arena, count);
    struct message_sheet sheet = {
        .purpose = MESSAGE_PURPOSE_INITIAL,
        .period_end = 20700,
        .criterion_count = count,
        .answers = answers,
        .papers = arena_array(fixture->arena, count, DIGEST_SIZE),
    };
    struct buffer out = {0};

    memset(answers, answer, count);
    codec_part_encode_sheet(&sheet, &out);
    return fixture_keep(fixture, &out);
}

/* The verdict of SEAT that gives SHEET for each of the cases; without one it abstains. */
static inline struct message_verdict fixture_verdict(struct fixture *fixture, uint8_t seat,
                                                     struct bytes sheet)
{
    struct message_verdict verdict = {
        .roster = fixture->roster.digest,
        .docket = fixture->docket.scope.docket,
        .seat = seat,
        .ruleset = fixture_digest("rule set"),
        .assessed_at = 1790000010U + seat,
        .entry_count = FIXTURE_CASES,
        .entries = arena_array(fixture->arena, FIXTURE_CASES, sizeof(struct message_entry)),
    };

    for (size_t i = 0; i < FIXTURE_CASES; i++) {
        verdict.entries[i].reason = sheet.size > 0 ? MESSAGE_ASSESSED : MESSAGE_TOO_LATE;
        if (sheet.size > 0) {
            hash_bytes(sheet, &verdict.entries[i].digest);
        }
    }
    return verdict;
}

static inline struct message_signed fixture_sign_verdict(struct fixture *fixture,
                                                         const struct message_verdict *verdict)
{
    struct buffer payload = {0};

    codec_payload_encode_verdict(verdict, &payload);
    return fixture_sign(fixture, fixture->seats[verdict->seat], MESSAGE_TYPE_VERDICT, &payload);
}

/* An honest book of the first COUNT seats. Seat 0 abstains, odd seats say met, even ones not met. */
static inline struct message_book fixture_book(struct fixture *fixture, uint8_t count)
{
    struct message_book book = {
        .verdict_count = count,
        .verdicts = arena_array(fixture->arena, MESSAGE_SEATS_MAX, sizeof(*book.verdicts)),
        .sheet_count = 2,
        .sheets = arena_array(fixture->arena, 3, sizeof(*book.sheets)),
    };

    book.sheets[0] = fixture_sheet(fixture, FIXTURE_CRITERIA, ANSWER_NOT_MET);
    book.sheets[1] = fixture_sheet(fixture, FIXTURE_CRITERIA, ANSWER_MET);
    for (uint8_t i = 0; i < count; i++) {
        struct message_verdict verdict =
            fixture_verdict(fixture, i, i == 0 ? bytes_of(NULL, 0) : book.sheets[i % 2]);

        book.verdicts[i] = fixture_sign_verdict(fixture, &verdict);
    }
    return book;
}

/* The PREPARE payload for VALUE in VIEW. */
static inline struct bytes fixture_prepare(struct fixture *fixture, uint32_t view,
                                           const char *value)
{
    struct message_prepare prepare = {.roster = fixture->roster.digest,
                                      .docket = fixture->docket.scope.docket,
                                      .view = view,
                                      .value = fixture_digest(value)};
    struct buffer out = {0};

    if (view > 1) {
        prepare.tc = fixture_digest("a TC");
    }
    codec_payload_encode_prepare(&prepare, &out);
    return fixture_keep(fixture, &out);
}

/* SEAT's signature on PAYLOAD. */
static inline struct message_vote fixture_vote(struct fixture *fixture, uint8_t seat,
                                               const char *type, struct bytes payload)
{
    struct message_vote vote = {.seat = seat};

    sign_payload(fixture->seats[seat], type, payload, vote.signature);
    return vote;
}

/* Votes of the first COUNT seats on a PREPARE. */
static inline struct message_qc fixture_qc(struct fixture *fixture, uint32_t view,
                                           const char *value, uint8_t count)
{
    struct message_qc qc = {
        .payload = fixture_prepare(fixture, view, value),
        .vote_count = count,
        .votes = arena_array(fixture->arena, MESSAGE_SEATS_MAX, sizeof(*qc.votes)),
    };

    for (uint8_t i = 0; i < count; i++) {
        qc.votes[i] = fixture_vote(fixture, i, MESSAGE_TYPE_PREPARE, qc.payload);
    }
    return qc;
}

static inline struct bytes fixture_encode_qc(struct fixture *fixture, const struct message_qc *qc)
{
    struct buffer out = {0};

    codec_part_encode_qc(qc, &out);
    return fixture_keep(fixture, &out);
}

/* SEAT asks for VIEW and reports a QC for VALUE in QC_VIEW; none when that is 0. */
static inline struct message_signed fixture_report(struct fixture *fixture, uint8_t seat,
                                                   uint32_t view, uint32_t qc_view,
                                                   const char *value)
{
    struct message_new_view report = {.roster = fixture->roster.digest,
                                      .docket = fixture->docket.scope.docket,
                                      .view = view,
                                      .qc_view = qc_view};
    struct buffer payload = {0};

    if (qc_view > 0) {
        report.qc_value = fixture_digest(value);
    }
    codec_payload_encode_new_view(&report, &payload);
    return fixture_sign(fixture, fixture->seats[seat], MESSAGE_TYPE_NEW_VIEW, &payload);
}

/* A TC for VIEW by the first COUNT seats, none of which has a QC. */
static inline struct message_tc fixture_tc(struct fixture *fixture, uint32_t view, uint8_t count)
{
    struct message_tc tc = {
        .view = view,
        .report_count = count,
        .reports = arena_array(fixture->arena, MESSAGE_SEATS_MAX, sizeof(*tc.reports)),
        .seats = arena_alloc(fixture->arena, MESSAGE_SEATS_MAX),
    };

    for (uint8_t i = 0; i < count; i++) {
        tc.seats[i] = i;
        tc.reports[i] = fixture_report(fixture, i, view, 0, NULL);
    }
    return tc;
}

static inline struct bytes fixture_encode_tc(struct fixture *fixture, const struct message_tc *tc)
{
    struct buffer out = {0};

    codec_part_encode_tc(tc, &out);
    return fixture_keep(fixture, &out);
}

#endif
