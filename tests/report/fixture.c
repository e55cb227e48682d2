#include "tests/report/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "proto/codec.h"
#include "report/certificate.h"

#define ARENA_MAX (256 * 1024 * 1024)

#define CRITERION(name, weight, of)                                                                \
    {                                                                                              \
        .id = (name), .question = "Is " name " so?", .guidance = "Look.",                          \
        .remediation = "Make " name " so.", .grade = (weight), .requirement = (of)                 \
    }

static const struct catalog_criterion criteria[FIXTURE_CRITERIA] = {
    CRITERION("4.1-1", CATALOG_MAJOR, 0),
    CRITERION("4.1-2", CATALOG_MINOR, 0),
    CRITERION("4.1-3", CATALOG_MINOR, 0),
    CRITERION("5.2-1", CATALOG_MAJOR, 1),
    CRITERION("5.2-2", CATALOG_MINOR, 1),
    CRITERION("10.2-1", CATALOG_IMPROVEMENT, 2),
    CRITERION("10.2-2", CATALOG_MINOR, 2),
    {.id = "A.2.2-0",
     .question = "Is A.2.2-0 so?",
     .guidance = "Look.",
     .remediation = "Make A.2.2-0 so.",
     .grade = CATALOG_MINOR,
     .is_applicability = true,
     .requirement = 3},
    CRITERION("A.2.2-1", CATALOG_MINOR, 3),
};

static const struct catalog_requirement requirements[] = {
    {.id = "4.1", .title = "Context", .pdca = CATALOG_PLAN, .criterion_count = 3},
    {.id = "5.2",
     .title = "Policy",
     .pdca = CATALOG_PLAN,
     .criterion_first = 3,
     .criterion_count = 2},
    {.id = "10.2",
     .title = "Correction",
     .pdca = CATALOG_ACT,
     .criterion_first = 5,
     .criterion_count = 2},
    {.id = "A.2.2",
     .title = "Control of policy",
     .pdca = CATALOG_PLAN,
     .is_control = true,
     .criterion_first = 7,
     .criterion_count = 2},
};

static const struct catalog catalog = {
    .id = "small",
    .version = 1,
    .title = "A small catalogue",
    .max_age_days = 90,
    .minors_make_major = 2,
    .requirement_count = sizeof(requirements) / sizeof(requirements[0]),
    .requirements = requirements,
    .criterion_count = FIXTURE_CRITERIA,
    .criteria = criteria,
    .digest = {{0xCA, 0x7A}},
};

const struct catalog *fixture_catalog(void)
{
    return &catalog;
}

static struct keys *make_keys(uint8_t kind, uint8_t number)
{
    uint8_t seed[KEYS_SEED_SIZE] = {kind, number};

    return keys_from_seed(seed);
}

static void make_roster(struct fixture *fixture, uint8_t seat_count, uint8_t faulty_max,
                        uint8_t coordinator_count)
{
    static const char *const operators[] = {"Alder Audits", "Birch Bureau", "Cedar Council"};
    struct roster_seat seats[MESSAGE_SEATS_MAX];
    struct roster_coordinator coordinators[MESSAGE_COORDINATORS_MAX];
    struct roster_reader reader = {.name = "lead assessors"};
    struct digest heard = fixture->catalog->digest;
    struct roster roster = {.name = "test council",
                            .epoch = 1,
                            .seat_count = seat_count,
                            .faulty_max = faulty_max,
                            .seats = seats,
                            .coordinator_count = coordinator_count,
                            .coordinators = coordinators,
                            .reader_count = 1,
                            .readers = &reader,
                            .catalog_count = 1,
                            .catalogs = &heard};
    struct buffer text = {0};
    struct error error;

    for (uint8_t seat = 0; seat < seat_count; seat++) {
        const struct keys_public *public = keys_public(fixture->seats[seat]);

        seats[seat] = (struct roster_seat){
            .operator_name = operators[seat % 3],
            .ruleset = seat % 2 == 0 ? "registers" : "traces",
            .host = arena_format(fixture->arena, "host-%u", seat),
        };
        memcpy(seats[seat].signing, public->signing, MESSAGE_KEY_SIZE);
        memcpy(seats[seat].sealing, public->sealing, MESSAGE_KEY_SIZE);
        memcpy(seats[seat].transport, public->transport, MESSAGE_KEY_SIZE);
    }
    for (uint8_t i = 0; i < coordinator_count; i++) {
        struct keys *keys = make_keys(2, i);

        coordinators[i] = (struct roster_coordinator){
            .name = i == 0 ? "desk" : arena_format(fixture->arena, "desk %u", i),
            .operator_name = operators[i % 3]};
        memcpy(coordinators[i].signing, keys_public(keys)->signing, MESSAGE_KEY_SIZE);
        memcpy(coordinators[i].transport, keys_public(keys)->transport, MESSAGE_KEY_SIZE);
        keys_destroy(keys);
    }
    memcpy(reader.signing, keys_public(fixture->reader)->signing, MESSAGE_KEY_SIZE);
    memcpy(reader.sealing, keys_public(fixture->reader)->sealing, MESSAGE_KEY_SIZE);
    roster_write(&roster, &text);
    if (!roster_parse(buffer_bytes(&text), "roster.json", fixture->arena, &fixture->roster,
                      &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    buffer_finish(&text);
}

struct fixture *fixture_create_wide(uint8_t seat_count, uint8_t faulty_max,
                                    uint8_t coordinator_count, size_t case_count,
                                    const struct catalog *heard)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    CHECK(fixture != NULL);
    CHECK(case_count <= FIXTURE_CASES_MAX);
    keys_library_init();
    fixture->arena = arena_create(ARENA_MAX);
    fixture->catalog = heard;
    fixture->case_count = case_count;
    fixture->attempt = 1;
    fixture->as_of = FIXTURE_AS_OF;
    fixture->coordinator = make_keys(2, 0);
    fixture->submitter = make_keys(3, 0);
    fixture->reader = make_keys(4, 0);
    fixture->votes = calloc((size_t)seat_count * FIXTURE_CASES_MAX, sizeof(*fixture->votes));
    CHECK(fixture->votes != NULL);
    for (uint8_t seat = 0; seat < seat_count; seat++) {
        fixture->seats[seat] = make_keys(1, seat);
        fixture->is_present[seat] = true;
        for (size_t index = 0; index < case_count; index++) {
            struct fixture_vote *vote = fixture_vote(fixture, seat, index);

            vote->is_assessed = true;
            vote->purpose = MESSAGE_PURPOSE_INITIAL;
            vote->period_end = FIXTURE_PERIOD;
            memset(vote->answers, ANSWER_MET, sizeof(vote->answers));
            for (size_t i = 0; i < heard->criterion_count; i++) {
                vote->papers[i] = (struct digest){{(uint8_t)(i + 1), (uint8_t)index}};
            }
        }
    }
    make_roster(fixture, seat_count, faulty_max, coordinator_count);
    return fixture;
}

struct fixture *fixture_create(uint8_t seat_count, uint8_t faulty_max, size_t case_count,
                               const struct catalog *heard)
{
    return fixture_create_wide(seat_count, faulty_max, 1, case_count, heard);
}

void fixture_destroy(struct fixture *fixture)
{
    for (uint8_t seat = 0; seat < fixture->roster.seat_count; seat++) {
        keys_destroy(fixture->seats[seat]);
    }
    keys_destroy(fixture->coordinator);
    keys_destroy(fixture->submitter);
    keys_destroy(fixture->reader);
    free(fixture->votes);
    arena_destroy(fixture->arena);
    free(fixture);
}

struct fixture_vote *fixture_vote(struct fixture *fixture, uint8_t seat, size_t index)
{
    return &fixture->votes[seat * FIXTURE_CASES_MAX + index];
}

void fixture_answer(struct fixture *fixture, uint8_t first, uint8_t last, size_t criterion,
                    enum answer answer)
{
    for (uint8_t seat = first; seat <= last; seat++) {
        fixture_vote(fixture, seat, 0)->answers[criterion] = (uint8_t)answer;
    }
}

/* PAYLOAD, moved into the arena and signed. */
static struct message_signed sign(struct fixture *fixture, const struct keys *keys,
                                  const char *type, struct buffer *payload)
{
    struct message_signed result;
    char *copy = arena_copy(fixture->arena, payload->data, payload->size);

    CHECK(copy != NULL);
    result.payload = bytes_of(copy, payload->size);
    sign_payload(keys, type, result.payload, result.signature);
    buffer_finish(payload);
    return result;
}

static void require(bool is_done, const struct error *error)
{
    if (!is_done) {
        fprintf(stderr, "%s\n", error->message);
        abort();
    }
}

static void make_docket(struct fixture *fixture)
{
    struct message_signed headers[FIXTURE_CASES_MAX];
    struct message_docket docket = {
        .roster = fixture->roster.digest,
        .catalog = fixture->catalog->digest,
        .as_of = fixture->as_of,
        .serial = fixture->attempt,
        .case_count = fixture->case_count,
        .headers = headers,
    };
    struct buffer payload = {0};
    struct error error;

    for (size_t i = 0; i < fixture->case_count; i++) {
        struct message_header header = {
            .roster = fixture->roster.digest,
            .manifest = {{0x3A, (uint8_t)i}},
            .bundle = {{0xB0, (uint8_t)i}},
            .bundle_size = 1000,
            .catalog = fixture->catalog->digest,
            .attempt = fixture->attempt,
            .earlier = fixture->earlier,
        };

        memcpy(header.signing, keys_public(fixture->submitter)->signing, MESSAGE_KEY_SIZE);
        memcpy(header.sealing, keys_public(fixture->submitter)->sealing, MESSAGE_KEY_SIZE);
        codec_payload_encode_header(&header, &payload);
        headers[i] = sign(fixture, fixture->submitter, MESSAGE_TYPE_HEADER, &payload);
    }
    codec_payload_encode_docket(&docket, &payload);

    struct message_signed signed_docket =
        sign(fixture, fixture->coordinator, MESSAGE_TYPE_DOCKET, &payload);

    require(
        verify_docket(&fixture->roster, &signed_docket, fixture->arena, &fixture->docket, &error),
        &error);
    fixture->docket.criterion_count = fixture->catalog->criterion_count;
}

/* Adds the encoded SHEET to BOOK unless it is there, and gives its digest. */
static void add_sheet(struct fixture *fixture, const struct fixture_vote *vote,
                      struct message_book *book, struct digest *out)
{
    struct message_sheet sheet = {
        .purpose = vote->purpose,
        .period_end = vote->period_end,
        .criterion_count = fixture->catalog->criterion_count,
        .answers = vote->answers,
        .papers = vote->papers,
    };
    struct buffer part = {0};
    bool is_known = false;

    codec_part_encode_sheet(&sheet, &part);
    hash_bytes(buffer_bytes(&part), out);
    for (size_t i = 0; i < book->sheet_count; i++) {
        is_known = is_known || bytes_equal(book->sheets[i], buffer_bytes(&part));
    }
    if (!is_known) {
        book->sheets[book->sheet_count++] =
            bytes_of(arena_copy(fixture->arena, part.data, part.size), part.size);
    }
    buffer_finish(&part);
}

static void make_verdict(struct fixture *fixture, uint8_t seat, struct message_book *book)
{
    struct message_entry entries[FIXTURE_CASES_MAX];
    struct message_verdict verdict = {
        .roster = fixture->roster.digest,
        .docket = fixture->docket.scope.docket,
        .seat = seat,
        .ruleset = {{0x4E, seat % 2}},
        .assessed_at = fixture->as_of + seat,
        .entry_count = fixture->case_count,
        .entries = entries,
    };
    struct buffer payload = {0};

    for (size_t i = 0; i < fixture->case_count; i++) {
        const struct fixture_vote *vote = fixture_vote(fixture, seat, i);

        memset(&entries[i], 0, sizeof(entries[i]));
        if (vote->is_assessed) {
            add_sheet(fixture, vote, book, &entries[i].digest);
        } else {
            entries[i].reason = vote->reason;
            if (vote->reason == MESSAGE_BOUND || vote->reason == MESSAGE_CONCLUDED) {
                entries[i].digest = (struct digest){{0xD0}};
            }
        }
    }
    codec_payload_encode_verdict(&verdict, &payload);
    book->verdicts[book->verdict_count++] =
        sign(fixture, fixture->seats[seat], MESSAGE_TYPE_VERDICT, &payload);
}

void fixture_hear(struct fixture *fixture)
{
    struct message_signed verdicts[MESSAGE_SEATS_MAX];
    struct bytes sheets[MESSAGE_SEATS_MAX * FIXTURE_CASES_MAX];
    struct message_book book = {.verdicts = verdicts, .sheets = sheets};
    struct error error;

    make_docket(fixture);
    for (uint8_t seat = 0; seat < fixture->roster.seat_count; seat++) {
        if (fixture->is_present[seat]) {
            make_verdict(fixture, seat, &book);
        }
    }
    require(verify_book(&fixture->docket, &book, fixture->arena, &fixture->book, &error), &error);
    fixture->source = (struct report_source){.roster = &fixture->roster,
                                             .catalog = fixture->catalog,
                                             .docket = &fixture->docket,
                                             .book = &fixture->book};
}

void fixture_report(const struct fixture *fixture, size_t index, struct buffer *out)
{
    struct report *report = malloc(sizeof(*report));

    CHECK(report != NULL);
    report_make(&fixture->source, index, report);
    report_write(report, out);
    free(report);
}

void fixture_sign(const struct fixture *fixture, struct bytes statement, uint8_t signer_count,
                  struct message_vote *votes)
{
    for (uint8_t seat = 0; seat < signer_count; seat++) {
        votes[seat].seat = seat;
        sign_payload(fixture->seats[seat], MESSAGE_TYPE_STATEMENT, statement,
                     votes[seat].signature);
    }
}

void fixture_certify(const struct fixture *fixture, uint8_t signer_count, struct buffer *out)
{
    struct message_vote votes[MESSAGE_SEATS_MAX];
    struct statement statement;
    struct buffer payload = {0};

    statement_make(&fixture->source, 1, &statement);
    statement_write(&statement, &payload);
    fixture_sign(fixture, buffer_bytes(&payload), signer_count, votes);
    certificate_write(&fixture->roster, buffer_bytes(&payload), votes, signer_count, out);
    buffer_finish(&payload);
}
