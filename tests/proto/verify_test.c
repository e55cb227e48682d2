/* What is verified, and what is refused with which sentence. */

#include "tests/proto/fixture.h"

#define EXPECT_REFUSED(call, fixture, text)                                                        \
    do {                                                                                           \
        (fixture)->error.message[0] = 0;                                                           \
        assert_false(call);                                                                        \
        if (strstr((fixture)->error.message, (text)) == NULL) {                                    \
            fail_msg("\"%s\" does not say \"%s\"", (fixture)->error.message, (text));              \
        }                                                                                          \
    } while (0)

#define EXPECT_VALID(call, fixture)                                                                \
    do {                                                                                           \
        if (!(call)) {                                                                             \
            fail_msg("%s", (fixture)->error.message);                                              \
        }                                                                                          \
    } while (0)

static int setup_five(void **state)
{
    *state = fixture_create(5);
    return 0;
}

static int setup_full(void **state)
{
    *state = fixture_create(33);
    return 0;
}

static int teardown(void **state)
{
    fixture_destroy(*state);
    return 0;
}

static void a_header_is_verified_and_names_its_case(void **state)
{
    struct fixture *fixture = *state;
    struct message_header header = fixture_header(fixture, 0);
    struct message_signed message = fixture_sign_header(fixture, &header);
    struct message_header out;
    struct digest case_id;
    struct digest expected;
    struct buffer input = {0};
    char keyid[KEYS_KEYID_SIZE];

    EXPECT_VALID(
        verify_header(&fixture->roster, &message, fixture->arena, &out, &case_id, &fixture->error),
        fixture);
    assert_int_equal(out.bundle_size, 1000);
    assert_true(digest_equal(&out.manifest, &header.manifest));

    /* The definition, spelled out: every part after its size in 8 bytes. */
    const struct digest *parts[] = {&header.roster, &header.manifest, &header.catalog};

    for (size_t i = 0; i < 3; i++) {
        buffer_append(&input, "\0\0\0\0\0\0\0\x20", 8);
        buffer_append(&input, parts[i]->data, DIGEST_SIZE);
    }
    keys_keyid(header.signing, keyid);
    buffer_append(&input, "\0\0\0\0\0\0\0\x40", 8);
    buffer_append_text(&input, keyid);
    hash_bytes(buffer_bytes(&input), &expected);
    buffer_finish(&input);
    assert_true(digest_equal(&case_id, &expected));
    assert_true(digest_equal(&case_id, &fixture->docket.cases[0]));
}

static void a_header_that_is_not_for_this_council_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct roster *roster = &fixture->roster;
    struct message_header good = fixture_header(fixture, 0);
    struct message_header out;
    struct digest case_id;
    struct message_header header;
    struct message_signed message;

#define EXPECT_HEADER(text)                                                                        \
    message = fixture_sign_header(fixture, &header);                                               \
    EXPECT_REFUSED(                                                                                \
        verify_header(roster, &message, fixture->arena, &out, &case_id, &fixture->error), fixture, \
        text)

    header = good;
    header.roster.data[0] ^= 1;
    EXPECT_HEADER("another roster");
    header = good;
    header.catalog.data[0] ^= 1;
    EXPECT_HEADER("not heard");
    header = good;
    header.home = 3;
    EXPECT_HEADER("coordinator 3 of 3");
    header = good;
    memset(header.signing, 0, MESSAGE_KEY_SIZE);
    EXPECT_HEADER("not an Ed25519 public key");
    header = good;
    memcpy(header.signing, keys_public(fixture->seats[0])->signing, MESSAGE_KEY_SIZE);
    EXPECT_HEADER("not signed by its submitter");
#undef EXPECT_HEADER
}

static void a_docket_is_verified_and_its_id_is_the_hash_of_its_bytes(void **state)
{
    struct fixture *fixture = *state;
    struct digest id;

    hash_bytes(fixture->signed_docket.payload, &id);
    assert_true(digest_equal(&fixture->docket.scope.docket, &id));
    assert_int_equal(fixture->docket.docket.case_count, FIXTURE_CASES);
    assert_int_equal(fixture->docket.docket.serial, 17);
    assert_false(fixture->docket.has_earlier);
}

static void an_attempt_above_one_asks_for_its_certificate_to_be_checked(void **state)
{
    struct fixture *fixture = *state;
    struct message_docket docket = fixture_docket(fixture);
    struct message_header header = fixture_header(fixture, 2);
    struct verify_docket out;

    header.attempt = 2;
    header.earlier = bytes_of_text("{}");
    fixture->headers[2] = fixture_sign_header(fixture, &header);
    struct message_signed message = fixture_sign_docket(fixture, &docket, 1);

    EXPECT_VALID(verify_docket(&fixture->roster, &message, fixture->arena, &out, &fixture->error),
                 fixture);
    assert_true(out.has_earlier);
    /* The attempt is no part of what the case is. */
    assert_true(digest_equal(&out.cases[2], &fixture->docket.cases[2]));
}

static void a_docket_with_anything_wrong_in_it_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct message_docket docket;
    struct message_header header;
    struct message_signed message;
    struct verify_docket out;

#define EXPECT_DOCKET(coordinator, text)                                                           \
    message = fixture_sign_docket(fixture, &docket, coordinator);                                  \
    EXPECT_REFUSED(                                                                                \
        verify_docket(&fixture->roster, &message, fixture->arena, &out, &fixture->error), fixture, \
        text)

    docket = fixture_docket(fixture);
    EXPECT_DOCKET(0, "not signed by its home, coordinator 1");
    docket.home = 3;
    EXPECT_DOCKET(1, "coordinator 3 of 3");
    docket.home = 0;
    EXPECT_DOCKET(0, "case 0: header names coordinator 1, the docket is of 0");
    docket = fixture_docket(fixture);
    docket.roster.data[31] ^= 1;
    EXPECT_DOCKET(1, "another roster");
    docket = fixture_docket(fixture);
    docket.catalog.data[31] ^= 1;
    EXPECT_DOCKET(1, "not heard");
    docket.catalog = fixture->roster.catalogs[1];
    EXPECT_DOCKET(1, "another catalogue than the docket");
    docket = fixture_docket(fixture);
    fixture->headers[2] = fixture->headers[0];
    EXPECT_DOCKET(1, "case 2: it is the same case as case 0");

    /* Two attempts of one case are one case. */
    docket = fixture_docket(fixture);
    header = fixture_header(fixture, 0);
    header.attempt = 2;
    header.earlier = bytes_of_text("{}");
    fixture->headers[1] = fixture_sign_header(fixture, &header);
    EXPECT_DOCKET(1, "case 1: it is the same case as case 0");

    docket = fixture_docket(fixture);
    fixture->headers[1].signature[0] ^= 1;
    EXPECT_DOCKET(1, "case 1: header is not signed by its submitter");
#undef EXPECT_DOCKET
}

/* A VERDICT of seat 3 with one sheet. */
static struct message_book one_verdict(struct fixture *fixture)
{
    struct message_book book = fixture_book(fixture, 0);
    struct message_verdict verdict = fixture_verdict(fixture, 3, book.sheets[1]);

    book.verdicts[0] = fixture_sign_verdict(fixture, &verdict);
    book.verdict_count = 1;
    book.sheets[0] = book.sheets[1];
    book.sheet_count = 1;
    return book;
}

static void a_verdict_is_verified_with_its_sheet(void **state)
{
    struct fixture *fixture = *state;
    struct message_book book = one_verdict(fixture);
    struct verify_book out;

    EXPECT_VALID(verify_verdict(&fixture->docket, &book, fixture->arena, &out, &fixture->error),
                 fixture);
    assert_int_equal(out.verdict_count, 1);
    assert_int_equal(out.verdicts[0].seat, 3);
    for (size_t i = 0; i < FIXTURE_CASES; i++) {
        const struct message_sheet *sheet = verify_book_sheet(&out, 0, i);

        assert_non_null(sheet);
        assert_int_equal(sheet->criterion_count, FIXTURE_CRITERIA);
        assert_int_equal(sheet->answers[FIXTURE_CRITERIA - 1], ANSWER_MET);
    }
    struct digest expected;

    sign_message_digest(book.verdicts[0].payload, book.verdicts[0].signature, &expected);
    assert_true(digest_equal(&out.messages[0], &expected));
}

static void an_altered_byte_anywhere_in_a_verdict_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct message_book book = one_verdict(fixture);
    size_t size = book.verdicts[0].payload.size;
    uint8_t *payload = (uint8_t *)arena_copy(fixture->arena, book.verdicts[0].payload.data, size);
    struct verify_book out;

    book.verdicts[0].payload = bytes_of(payload, size);
    for (size_t i = 0; i < size + MESSAGE_SIGNATURE_SIZE; i++) {
        uint8_t *byte = i < size ? &payload[i] : &book.verdicts[0].signature[i - size];

        for (unsigned bit = 1; bit < 256; bit *= 2) {
            struct arena *arena = arena_create(65536);

            *byte ^= (uint8_t)bit;
            assert_false(verify_verdict(&fixture->docket, &book, arena, &out, &fixture->error));
            *byte ^= (uint8_t)bit;
            arena_destroy(arena);
        }
    }
    EXPECT_VALID(verify_verdict(&fixture->docket, &book, fixture->arena, &out, &fixture->error),
                 fixture);
}

static void a_verdict_that_does_not_fit_the_docket_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct message_book book = one_verdict(fixture);
    struct message_verdict good = fixture_verdict(fixture, 3, book.sheets[0]);
    struct message_verdict verdict;
    struct verify_book out;

#define EXPECT_VERDICT(text)                                                                       \
    EXPECT_REFUSED(verify_verdict(&fixture->docket, &book, fixture->arena, &out, &fixture->error), \
                   fixture, text)

    verdict = good;
    verdict.docket.data[5] ^= 1;
    book.verdicts[0] = fixture_sign_verdict(fixture, &verdict);
    EXPECT_VERDICT("another docket");
    verdict = good;
    verdict.roster.data[5] ^= 1;
    book.verdicts[0] = fixture_sign_verdict(fixture, &verdict);
    EXPECT_VERDICT("another roster");
    verdict = good;
    verdict.entry_count = FIXTURE_CASES - 1;
    book.verdicts[0] = fixture_sign_verdict(fixture, &verdict);
    EXPECT_VERDICT("2 entries for 3 cases");
    struct message_entry more[FIXTURE_CASES + 1] = {good.entries[0], good.entries[1],
                                                    good.entries[2], good.entries[0]};

    verdict.entries = more;
    verdict.entry_count = FIXTURE_CASES + 1;
    book.verdicts[0] = fixture_sign_verdict(fixture, &verdict);
    EXPECT_VERDICT("4 entries for 3 cases");
    verdict = good;
    verdict.entries[1].digest.data[0] ^= 1;
    book.verdicts[0] = fixture_sign_verdict(fixture, &verdict);
    EXPECT_VERDICT("the sheet of seat 3 for case 1 is missing");
    verdict.entries[1].digest.data[0] ^= 1;

    book.verdicts[0] = fixture_sign_verdict(fixture, &good);
    book.sheet_count = 2;
    book.sheets[1] = fixture_sheet(fixture, FIXTURE_CRITERIA, ANSWER_NONE);
    EXPECT_VERDICT("that no verdict names");
    book.sheets[1] = book.sheets[0];
    EXPECT_VERDICT("a sheet is there twice");
    book.sheet_count = 0;
    EXPECT_VERDICT("is missing");
    book.sheet_count = 1;
    book.sheets[0] = fixture_sheet(fixture, FIXTURE_CRITERIA + 1, ANSWER_MET);
    EXPECT_VERDICT("answers 8 criteria, want 7");
    book.verdict_count = 2;
    EXPECT_VERDICT("2 verdicts, want one");
#undef EXPECT_VERDICT
}

static void a_seat_cannot_speak_for_another(void **state)
{
    struct fixture *fixture = *state;
    struct message_book book = one_verdict(fixture);
    struct message_verdict verdict = fixture_verdict(fixture, 3, book.sheets[0]);
    struct verify_book out;
    struct buffer payload = {0};

    codec_payload_encode_verdict(&verdict, &payload);
    book.verdicts[0] = fixture_sign(fixture, fixture->seats[4], MESSAGE_TYPE_VERDICT, &payload);
    EXPECT_REFUSED(verify_verdict(&fixture->docket, &book, fixture->arena, &out, &fixture->error),
                   fixture, "seat 3 did not sign this");
    verdict.seat = 5;
    codec_payload_encode_verdict(&verdict, &payload);
    book.verdicts[0] = fixture_sign(fixture, fixture->seats[4], MESSAGE_TYPE_VERDICT, &payload);
    EXPECT_REFUSED(verify_verdict(&fixture->docket, &book, fixture->arena, &out, &fixture->error),
                   fixture, "no seat 5 in a council of 5");
}

static void a_book_of_a_quorum_is_verified(void **state)
{
    struct fixture *fixture = *state;
    struct message_book book = fixture_book(fixture, 22);
    struct verify_book out;
    struct digest digest;

    EXPECT_VALID(verify_book(&fixture->docket, &book, fixture->arena, &out, &fixture->error),
                 fixture);
    assert_int_equal(out.verdict_count, 22);
    assert_null(verify_book_sheet(&out, 0, 0));
    assert_int_equal(verify_book_sheet(&out, 1, 2)->answers[0], ANSWER_MET);
    assert_int_equal(verify_book_sheet(&out, 2, 2)->answers[0], ANSWER_NOT_MET);
    /* Equal answers are one sheet. */
    assert_ptr_equal(verify_book_sheet(&out, 1, 0), verify_book_sheet(&out, 21, 2));
    verify_book_digest(out.messages, 22, &digest);
    assert_true(digest_equal(&digest, &out.digest));
    /* A value whose signatures are not covered by its digest: the digest must see them. */
    out.messages[21].data[0] ^= 1;
    verify_book_digest(out.messages, 22, &digest);
    assert_false(digest_equal(&digest, &out.digest));
}

static void a_book_needs_a_quorum_of_different_seats_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct message_book book = fixture_book(fixture, 23);
    struct verify_book out;

#define EXPECT_BOOK(text)                                                                          \
    EXPECT_REFUSED(verify_book(&fixture->docket, &book, fixture->arena, &out, &fixture->error),    \
                   fixture, text)

    book.verdict_count = 21;
    EXPECT_BOOK("book: 21 seats, want at least 22 of 33");
    book.verdict_count = 23;
    struct message_signed kept = book.verdicts[10];

    book.verdicts[10] = book.verdicts[9];
    EXPECT_BOOK("verdict of seat 9 follows that of seat 9");
    book.verdicts[10] = book.verdicts[11];
    book.verdicts[11] = kept;
    EXPECT_BOOK("verdict of seat 10 follows that of seat 11");
    book.verdicts[10] = kept;
    EXPECT_BOOK("verdict of seat 10 follows that of seat 10");
#undef EXPECT_BOOK
}

/* An honest PROPOSE in view 1. */
static struct message proposal(struct fixture *fixture, uint8_t seats)
{
    struct message message = {.kind = MESSAGE_PROPOSE};
    struct message_propose propose = {.roster = fixture->roster.digest,
                                      .docket = fixture->docket.scope.docket,
                                      .view = 1,
                                      .value = fixture_digest("D")};
    struct verify_book book;
    struct buffer payload = {0};

    message.propose.book = fixture_book(fixture, seats);
    EXPECT_VALID(verify_book(&fixture->docket, &message.propose.book, fixture->arena, &book,
                             &fixture->error),
                 fixture);
    propose.book = book.digest;
    codec_payload_encode_propose(&propose, &payload);
    message.propose.propose =
        fixture_sign(fixture, fixture->coordinators[1], MESSAGE_TYPE_PROPOSE, &payload);
    return message;
}

/* Moves PROPOSAL to VIEW under TC and signs it as coordinator SIGNER. */
static void repropose(struct fixture *fixture, struct message *message, uint32_t view,
                      struct bytes tc, uint8_t signer)
{
    struct message_propose propose;
    struct buffer payload = {0};

    EXPECT_VALID(
        codec_payload_decode_propose(message->propose.propose.payload, &propose, &fixture->error),
        fixture);
    propose.view = view;
    hash_bytes(tc, &propose.tc);
    message->propose.tc = tc;
    codec_payload_encode_propose(&propose, &payload);
    message->propose.propose =
        fixture_sign(fixture, fixture->coordinators[signer], MESSAGE_TYPE_PROPOSE, &payload);
}

#define EXPECT_PROPOSAL(message, text)                                                             \
    EXPECT_REFUSED(                                                                                \
        verify_proposal(&fixture->docket, &(message), fixture->arena, &out, &fixture->error),      \
        fixture, text)

static void a_proposal_in_view_one_needs_no_tc_and_may_bring_none(void **state)
{
    struct fixture *fixture = *state;
    struct message message = proposal(fixture, 4);
    struct verify_proposal out;

    EXPECT_VALID(verify_proposal(&fixture->docket, &message, fixture->arena, &out, &fixture->error),
                 fixture);
    assert_int_equal(out.propose.view, 1);
    assert_int_equal(out.book.verdict_count, 4);

    struct message_tc tc = fixture_tc(fixture, 2, 4);

    message.propose.tc = fixture_encode_tc(fixture, &tc);
    EXPECT_PROPOSAL(message, "a TC in view 1");
    message = proposal(fixture, 4);
    message.propose.propose.signature[3] ^= 1;
    EXPECT_PROPOSAL(message, "not signed by the chair of view 1, coordinator 1");
    struct message other = proposal(fixture, 5);

    message = proposal(fixture, 4);
    message.propose.book = other.propose.book;
    EXPECT_PROPOSAL(message, "another book than it names");
}

static void a_proposal_in_a_later_view_needs_its_tc_and_its_chair(void **state)
{
    struct fixture *fixture = *state;
    struct message message = proposal(fixture, 4);
    struct message_tc tc = fixture_tc(fixture, 2, 4);
    struct message_tc later = fixture_tc(fixture, 3, 4);
    struct bytes bytes = fixture_encode_tc(fixture, &tc);
    struct verify_proposal out;

    repropose(fixture, &message, 2, bytes, 2);
    EXPECT_VALID(verify_proposal(&fixture->docket, &message, fixture->arena, &out, &fixture->error),
                 fixture);
    assert_int_equal(out.tc.tc.view, 2);
    assert_int_equal(out.tc.qc_view, 0);
    assert_true(digest_equal(&out.tc.digest, &out.propose.tc));

    repropose(fixture, &message, 2, bytes, 0);
    EXPECT_PROPOSAL(message, "not signed by the chair of view 2, coordinator 2");
    repropose(fixture, &message, 2, bytes, 2);
    message.propose.tc = fixture_encode_tc(fixture, &later);
    EXPECT_PROPOSAL(message, "another TC than it names");
    message.propose.tc = bytes_of(NULL, 0);
    EXPECT_PROPOSAL(message, "another TC than it names");
    repropose(fixture, &message, 2, fixture_encode_tc(fixture, &later), 2);
    EXPECT_PROPOSAL(message, "a TC for view 3 in view 2");
    repropose(fixture, &message, 4, fixture_encode_tc(fixture, &later), 1);
    EXPECT_PROPOSAL(message, "a TC for view 3 in view 4");
}

static void a_proposal_must_keep_the_value_of_the_highest_qc(void **state)
{
    struct fixture *fixture = *state;
    struct message message = proposal(fixture, 4);
    struct message_tc tc = fixture_tc(fixture, 2, 4);
    struct message_qc qc = fixture_qc(fixture, 1, "D", 4);
    struct verify_proposal out;

    tc.reports[2] = fixture_report(fixture, 2, 2, 1, "D");
    tc.qc = fixture_encode_qc(fixture, &qc);
    repropose(fixture, &message, 2, fixture_encode_tc(fixture, &tc), 2);
    EXPECT_VALID(verify_proposal(&fixture->docket, &message, fixture->arena, &out, &fixture->error),
                 fixture);
    assert_int_equal(out.tc.qc_view, 1);

    qc = fixture_qc(fixture, 1, "another D", 4);
    tc.reports[2] = fixture_report(fixture, 2, 2, 1, "another D");
    tc.qc = fixture_encode_qc(fixture, &qc);
    repropose(fixture, &message, 2, fixture_encode_tc(fixture, &tc), 2);
    EXPECT_PROPOSAL(message, "another value than the highest QC, of view 1");
}

static void the_chair_goes_round_from_home(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(verify_chair(&fixture->roster, 1, 1), 1);
    assert_int_equal(verify_chair(&fixture->roster, 1, 2), 2);
    assert_int_equal(verify_chair(&fixture->roster, 1, 3), 0);
    assert_int_equal(verify_chair(&fixture->roster, 1, 4), 1);
    assert_int_equal(verify_chair(&fixture->roster, 2, UINT32_MAX),
                     (2 + (uint64_t)UINT32_MAX - 1) % 3);
}

static void a_signature_of_one_kind_does_not_pass_for_another(void **state)
{
    static const char *const types[] = {
        MESSAGE_TYPE_HEADER,  MESSAGE_TYPE_DOCKET,   MESSAGE_TYPE_VERDICT,  MESSAGE_TYPE_PROPOSE,
        MESSAGE_TYPE_PREPARE, MESSAGE_TYPE_NEW_VIEW, MESSAGE_TYPE_STATEMENT};
    struct fixture *fixture = *state;
    struct bytes payload = fixture_prepare(fixture, 1, "D");
    struct message_prepare prepare;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct message_vote vote = fixture_vote(fixture, 2, types[i], payload);
        bool is_prepare = strcmp(types[i], MESSAGE_TYPE_PREPARE) == 0;
        bool is_commit = strcmp(types[i], MESSAGE_TYPE_STATEMENT) == 0;

        assert_int_equal(
            verify_prepare(&fixture->docket.scope, payload, &vote, &prepare, &fixture->error),
            is_prepare);
        assert_int_equal(verify_commit(&fixture->roster, payload, &vote, &fixture->error),
                         is_commit);
    }
}

static void a_prepare_of_another_seat_or_docket_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct bytes payload = fixture_prepare(fixture, 1, "D");
    struct message_vote vote = fixture_vote(fixture, 2, MESSAGE_TYPE_PREPARE, payload);
    struct verify_scope scope = fixture->docket.scope;
    struct message_prepare out;

    vote.seat = 3;
    EXPECT_REFUSED(verify_prepare(&scope, payload, &vote, &out, &fixture->error), fixture,
                   "seat 3 did not sign");
    vote.seat = 5;
    EXPECT_REFUSED(verify_prepare(&scope, payload, &vote, &out, &fixture->error), fixture,
                   "no seat 5");
    vote.seat = 2;
    scope.docket.data[0] ^= 1;
    EXPECT_REFUSED(verify_prepare(&scope, payload, &vote, &out, &fixture->error), fixture,
                   "another docket");
}

static void a_qc_is_q_different_seats(void **state)
{
    struct fixture *fixture = *state;
    const struct verify_scope *scope = &fixture->docket.scope;
    struct message_qc qc = fixture_qc(fixture, 1, "D", 33);
    struct verify_qc out;

#define VERIFY_QC()                                                                                \
    verify_qc(scope, fixture_encode_qc(fixture, &qc), fixture->arena, &out, &fixture->error)

    EXPECT_VALID(VERIFY_QC(), fixture);
    assert_int_equal(out.prepare.view, 1);
    qc.vote_count = 22;
    EXPECT_VALID(VERIFY_QC(), fixture);
    qc.vote_count = 21; /* 2f + 1 is not enough for 33. */
    EXPECT_REFUSED(VERIFY_QC(), fixture, "QC: 21 seats, want at least 22 of 33");
    qc.vote_count = 22; /* 22 signatures of 21 seats. */
    qc.votes[21] = qc.votes[4];
    EXPECT_REFUSED(VERIFY_QC(), fixture, "seat 4 is in it twice");
    qc = fixture_qc(fixture, 1, "D", 33);
    qc.votes[32] = qc.votes[0];
    EXPECT_REFUSED(VERIFY_QC(), fixture, "seat 0 is in it twice");
    qc = fixture_qc(fixture, 1, "D", 33);
    qc.votes[7].signature[63] ^= 1;
    EXPECT_REFUSED(VERIFY_QC(), fixture, "QC: seat 7 did not sign");
    qc.votes[7] = fixture_vote(fixture, 7, MESSAGE_TYPE_STATEMENT, qc.payload);
    EXPECT_REFUSED(VERIFY_QC(), fixture, "QC: seat 7 did not sign");
    qc = fixture_qc(fixture, 1, "D", 33);
    qc.votes[7].seat = 33;
    EXPECT_REFUSED(VERIFY_QC(), fixture, "no seat 33");
#undef VERIFY_QC
}

static void the_quorum_of_each_council_is_exact(void **state)
{
    /* n = 4 and 6 cannot tell q from a plain majority; these can. */
    static const uint8_t cases[][2] = {{5, 4}, {8, 6}, {10, 7}, {33, 22}, {127, 85}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *fixture = fixture_create(cases[i][0]);
        const struct verify_scope *scope = &fixture->docket.scope;
        struct message_qc qc = fixture_qc(fixture, 1, "D", cases[i][1]);
        struct verify_qc out;

        assert_int_equal(fixture->roster.quorum_count, cases[i][1]);
        EXPECT_VALID(verify_qc(scope, fixture_encode_qc(fixture, &qc), fixture->arena, &out,
                               &fixture->error),
                     fixture);
        qc.vote_count--;
        EXPECT_REFUSED(verify_qc(scope, fixture_encode_qc(fixture, &qc), fixture->arena, &out,
                                 &fixture->error),
                       fixture, "QC:");
        fixture_destroy(fixture);
    }
}

/* What one report of a TC says, and which QC comes with it. */
struct tc_case {
    const char *name;
    uint32_t qc_views[4];   /* Reported by seats 0 to 3. */
    const char *values[4];  /* And its D. */
    uint32_t attached_view; /* 0 = no QC attached. */
    const char *attached_value;
    const char *refusal; /* NULL = valid. */
};

static const struct tc_case tc_cases[] = {
    {"no QC at all", {0, 0, 0, 0}, {NULL}, 0, NULL, NULL},
    {"a QC that nobody reports", {0, 0, 0, 0}, {NULL}, 1, "D", "a QC that it denies"},
    {"the highest of two", {0, 1, 3, 0}, {NULL, "D", "D", NULL}, 3, "D", NULL},
    {"another D in a lower view", {1, 3, 0, 0}, {"E", "D", NULL, NULL}, 3, "D", NULL},
    {"the lower of two", {0, 1, 3, 0}, {NULL, "D", "D", NULL}, 1, "D", "is of view 1"},
    {"a higher one than reported", {0, 1, 2, 0}, {NULL, "D", "D", NULL}, 3, "D", "is of view 3"},
    {"a QC for another D", {0, 0, 3, 0}, {NULL, NULL, "D", NULL}, 3, "E", "not the one it names"},
    {"two D at the highest view",
     {3, 0, 3, 0},
     {"D", NULL, "E", NULL},
     3,
     "D",
     "seat 2 names another value in view 3"},
    {"the QC is missing", {0, 0, 1, 0}, {NULL, NULL, "D", NULL}, 0, NULL, "it lacks the QC"},
};

static void a_tc_holds_the_rules_of_the_protocol(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(tc_cases) / sizeof(tc_cases[0]); i++) {
        const struct tc_case *row = &tc_cases[i];
        struct message_tc tc = fixture_tc(fixture, 4, 4);
        struct verify_tc out;

        for (uint8_t seat = 0; seat < 4; seat++) {
            tc.reports[seat] =
                fixture_report(fixture, seat, 4, row->qc_views[seat], row->values[seat]);
        }
        if (row->attached_view > 0) {
            struct message_qc qc = fixture_qc(fixture, row->attached_view, row->attached_value, 4);

            tc.qc = fixture_encode_qc(fixture, &qc);
        }
        struct bytes bytes = fixture_encode_tc(fixture, &tc);
        bool is_valid =
            verify_tc(&fixture->docket.scope, bytes, fixture->arena, &out, &fixture->error);

        if (is_valid != (row->refusal == NULL)) {
            fail_msg("%s: %s", row->name, is_valid ? "accepted" : fixture->error.message);
        }
        if (is_valid) {
            assert_int_equal(out.qc_view, row->attached_view);
        } else if (strstr(fixture->error.message, row->refusal) == NULL) {
            fail_msg("%s: \"%s\" does not say \"%s\"", row->name, fixture->error.message,
                     row->refusal);
        }
    }
}

static void a_tc_needs_q_different_seats_that_ask_for_its_view(void **state)
{
    struct fixture *fixture = *state;
    struct message_tc tc = fixture_tc(fixture, 2, 33);
    struct verify_tc out;

#define VERIFY_TC()                                                                                \
    verify_tc(&fixture->docket.scope, fixture_encode_tc(fixture, &tc), fixture->arena, &out,       \
              &fixture->error)

    EXPECT_VALID(VERIFY_TC(), fixture);
    tc.report_count = 22;
    EXPECT_VALID(VERIFY_TC(), fixture);
    tc.report_count = 21;
    EXPECT_REFUSED(VERIFY_TC(), fixture, "TC: 21 seats, want at least 22 of 33");
    tc.report_count = 22;
    tc.reports[21] = tc.reports[3];
    tc.seats[21] = 3;
    EXPECT_REFUSED(VERIFY_TC(), fixture, "seat 3 is in it twice");
    tc.seats[21] = 21;
    EXPECT_REFUSED(VERIFY_TC(), fixture, "seat 21 did not sign");
    tc.reports[21] = fixture_report(fixture, 21, 3, 0, NULL);
    EXPECT_REFUSED(VERIFY_TC(), fixture, "seat 21 asked for view 3");
    tc.reports[21] = fixture_report(fixture, 21, 2, 0, NULL);
    tc.seats[21] = 40;
    EXPECT_REFUSED(VERIFY_TC(), fixture, "no seat 40");
#undef VERIFY_TC
}

static void a_new_view_brings_what_it_reports(void **state)
{
    struct fixture *fixture = *state;
    const struct verify_scope *scope = &fixture->docket.scope;
    struct message_qc qc = fixture_qc(fixture, 2, "D", 4);
    struct message_tc tc = fixture_tc(fixture, 3, 4);
    struct message message = {.kind = MESSAGE_NEW_VIEW};
    struct verify_new_view out;

#define VERIFY_NEW_VIEW() verify_new_view(scope, &message, fixture->arena, &out, &fixture->error)

    message.new_view.seat = 1;
    message.new_view.report = fixture_report(fixture, 1, 4, 0, NULL);
    EXPECT_VALID(VERIFY_NEW_VIEW(), fixture);
    assert_int_equal(out.tc_view, 0);
    message.new_view.qc = fixture_encode_qc(fixture, &qc);
    EXPECT_REFUSED(VERIFY_NEW_VIEW(), fixture, "new-view of seat 1: it brings a QC");
    message.new_view.report = fixture_report(fixture, 1, 4, 2, "D");
    message.new_view.tc = fixture_encode_tc(fixture, &tc);
    EXPECT_VALID(VERIFY_NEW_VIEW(), fixture);
    assert_int_equal(out.qc.prepare.view, 2);
    assert_int_equal(out.tc_view, 3);
    message.new_view.report = fixture_report(fixture, 1, 4, 2, "E");
    EXPECT_REFUSED(VERIFY_NEW_VIEW(), fixture, "not the one it names");
    message.new_view.report = fixture_report(fixture, 1, 4, 1, "D");
    EXPECT_REFUSED(VERIFY_NEW_VIEW(), fixture, "is of view 2");
    message.new_view.report = fixture_report(fixture, 1, 4, 2, "D");
    message.new_view.seat = 2;
    EXPECT_REFUSED(VERIFY_NEW_VIEW(), fixture, "seat 2 did not sign");
    message.new_view.seat = 1;
    tc.report_count = 3;
    message.new_view.tc = fixture_encode_tc(fixture, &tc);
    EXPECT_REFUSED(VERIFY_NEW_VIEW(), fixture, "TC: 3 seats");
    message.new_view.qc = bytes_of(NULL, 0);
    EXPECT_REFUSED(VERIFY_NEW_VIEW(), fixture, "it lacks the QC");
#undef VERIFY_NEW_VIEW
}

static void nothing_passes_under_another_docket_or_roster(void **state)
{
    struct fixture *fixture = *state;
    struct message_qc qc = fixture_qc(fixture, 1, "D", 4);
    struct message_tc tc = fixture_tc(fixture, 2, 4);
    struct bytes qc_bytes = fixture_encode_qc(fixture, &qc);
    struct bytes tc_bytes = fixture_encode_tc(fixture, &tc);
    struct message message = proposal(fixture, 4);
    struct verify_docket other = fixture->docket;
    struct roster roster = fixture->roster;
    static const char *const sentences[] = {"is for another docket", "is for another roster"};

    other.scope.docket.data[0] ^= 1;
    for (size_t i = 0; i < 2; i++) {
        struct verify_qc qc_out;
        struct verify_tc tc_out;
        struct message_new_view report;
        struct message_propose propose;

        EXPECT_REFUSED(verify_qc(&other.scope, qc_bytes, fixture->arena, &qc_out, &fixture->error),
                       fixture, sentences[i]);
        EXPECT_REFUSED(verify_tc(&other.scope, tc_bytes, fixture->arena, &tc_out, &fixture->error),
                       fixture, sentences[i]);
        EXPECT_REFUSED(verify_report(&other.scope, &tc.reports[0], 0, &report, &fixture->error),
                       fixture, sentences[i]);
        EXPECT_REFUSED(verify_propose(&other, &message.propose.propose, &propose, &fixture->error),
                       fixture, sentences[i]);
        other = fixture->docket;
        other.scope.roster = &roster;
        roster.digest.data[0] ^= 1;
    }
}

static void the_value_covers_docket_book_and_every_report(void **state)
{
    struct digest parts[4];
    struct digest value;
    struct digest expected;
    struct buffer input = {0};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        memset(parts[i].data, (int)i + 1, DIGEST_SIZE);
        buffer_append(&input, "\0\0\0\0\0\0\0\x20", 8);
        buffer_append(&input, parts[i].data, DIGEST_SIZE);
    }
    hash_bytes(buffer_bytes(&input), &expected);
    buffer_finish(&input);
    verify_value(&parts[0], &parts[1], &parts[2], 2, &value);
    assert_true(digest_equal(&value, &expected));
    verify_value(&parts[0], &parts[1], &parts[2], 1, &value);
    assert_false(digest_equal(&value, &expected));
}

static void a_full_arena_is_an_error_and_no_crash(void **state)
{
    struct fixture *fixture = *state;
    struct message message = proposal(fixture, 5);
    struct message_tc tc = fixture_tc(fixture, 2, 5);
    struct verify_proposal out;
    size_t failures = 0;

    repropose(fixture, &message, 2, fixture_encode_tc(fixture, &tc), 2);
    for (size_t limit = 64;; limit += 64) {
        struct arena *arena = arena_create(limit);
        bool is_valid = verify_proposal(&fixture->docket, &message, arena, &out, &fixture->error);

        arena_destroy(arena);
        if (is_valid) {
            break;
        }
        assert_int_equal(fixture->error.code, ERROR_LIMIT);
        failures++;
    }
    assert_true(failures > 20);
}

int main(void)
{
#define FIVE(test) cmocka_unit_test_setup_teardown(test, setup_five, teardown)
#define FULL(test) cmocka_unit_test_setup_teardown(test, setup_full, teardown)
    const struct CMUnitTest tests[] = {
        FIVE(a_header_is_verified_and_names_its_case),
        FIVE(a_header_that_is_not_for_this_council_is_refused),
        FIVE(a_docket_is_verified_and_its_id_is_the_hash_of_its_bytes),
        FIVE(an_attempt_above_one_asks_for_its_certificate_to_be_checked),
        FIVE(a_docket_with_anything_wrong_in_it_is_refused),
        FIVE(a_verdict_is_verified_with_its_sheet),
        FIVE(an_altered_byte_anywhere_in_a_verdict_is_refused),
        FIVE(a_verdict_that_does_not_fit_the_docket_is_refused),
        FIVE(a_seat_cannot_speak_for_another),
        FULL(a_book_of_a_quorum_is_verified),
        FULL(a_book_needs_a_quorum_of_different_seats_in_order),
        FIVE(a_proposal_in_view_one_needs_no_tc_and_may_bring_none),
        FIVE(a_proposal_in_a_later_view_needs_its_tc_and_its_chair),
        FIVE(a_proposal_must_keep_the_value_of_the_highest_qc),
        FIVE(the_chair_goes_round_from_home),
        FIVE(a_signature_of_one_kind_does_not_pass_for_another),
        FIVE(a_prepare_of_another_seat_or_docket_is_refused),
        FULL(a_qc_is_q_different_seats),
        cmocka_unit_test(the_quorum_of_each_council_is_exact),
        FIVE(a_tc_holds_the_rules_of_the_protocol),
        FULL(a_tc_needs_q_different_seats_that_ask_for_its_view),
        FIVE(a_new_view_brings_what_it_reports),
        FIVE(nothing_passes_under_another_docket_or_roster),
        cmocka_unit_test(the_value_covers_docket_book_and_every_report),
        FIVE(a_full_arena_is_an_error_and_no_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
