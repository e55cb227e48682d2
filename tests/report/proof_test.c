/* Proofs of misconduct: each kind by a pair, and everything near it that proves nothing. */

#include <stdio.h>
#include <stdlib.h>

#include "report/proof.h"
#include "report/statement.h"
#include "tests/proto/fixture.h"

#define ARENA_MAX (64 * 1024 * 1024)
#define SEAT      2 /* The culprit; of E4 the chair of view 1, coordinator 1. */

struct scene {
    struct fixture *fixture; /* n = 5, f = 1, q = 4, m = 3; docket at coordinator 1. */
    struct arena *arena;
    struct error error;
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    assert_non_null(scene);
    scene->fixture = fixture_create(5);
    scene->arena = arena_create(ARENA_MAX);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    arena_destroy(scene->arena);
    fixture_destroy(scene->fixture);
    free(scene);
    return 0;
}

/* A PREPARE of SEAT on VALUE in VIEW and DOCKET; TC is empty in view 1. */
static struct message_signed prepare(struct fixture *fixture, struct digest docket, uint32_t view,
                                     const char *value, struct bytes tc)
{
    struct message_prepare vote = {.roster = fixture->roster.digest,
                                   .docket = docket,
                                   .view = view,
                                   .value = fixture_digest(value)};
    struct buffer payload = {0};

    if (view > 1) {
        hash_bytes(tc, &vote.tc);
    }
    codec_payload_encode_prepare(&vote, &payload);
    return fixture_sign(fixture, fixture->seats[SEAT], MESSAGE_TYPE_PREPARE, &payload);
}

static struct message_signed commit(struct fixture *fixture, struct digest docket, uint32_t view,
                                    const char *value)
{
    static struct statement statement;
    struct buffer payload = {0};

    statement = (struct statement){.roster = fixture->roster.digest,
                                   .catalog = fixture->roster.catalogs[0],
                                   .docket = docket,
                                   .value = fixture_digest(value),
                                   .view = view,
                                   .as_of = 1790000000,
                                   .assessed_at = 1790000010,
                                   .case_count = 1};
    assert_true(quorum_init(&statement.quorum, 5, 1));
    statement.cases[0] = (struct statement_case){
        .id = fixture->docket.cases[0], .attempt = 1, .outcome = FINDINGS_CONCLUSIVE};
    statement_write(&statement, &payload);
    return fixture_sign(fixture, fixture->seats[SEAT], MESSAGE_TYPE_STATEMENT, &payload);
}

/* A verdict of SEAT on DOCKET that assesses the first ASSESSED cases with SHEET. */
static struct message_signed verdict(struct fixture *fixture, struct digest docket,
                                     const char *sheet, size_t assessed)
{
    struct message_verdict vote = fixture_verdict(fixture, SEAT, bytes_of_text(sheet));

    vote.docket = docket;
    for (size_t i = assessed; i < vote.entry_count; i++) {
        vote.entries[i] = (struct message_entry){.reason = MESSAGE_TOO_LATE};
    }
    return fixture_sign_verdict(fixture, &vote);
}

static struct message_signed propose(struct fixture *fixture, struct digest docket, uint32_t view,
                                     const char *value)
{
    struct message_propose proposal = {.roster = fixture->roster.digest,
                                       .docket = docket,
                                       .view = view,
                                       .book = fixture_digest("book"),
                                       .value = fixture_digest(value)};
    struct buffer payload = {0};

    if (view > 1) {
        proposal.tc = fixture_digest("a TC");
    }
    codec_payload_encode_propose(&proposal, &payload);
    return fixture_sign(fixture, fixture->coordinators[1], MESSAGE_TYPE_PROPOSE, &payload);
}

/* The fixture's docket under SERIAL. */
static struct message_signed docket(struct fixture *fixture, uint64_t serial)
{
    struct message_docket content = fixture_docket(fixture);

    content.serial = serial;
    return fixture_sign_docket(fixture, &content, 1);
}

static struct digest id_of(const struct message_signed *signed_docket)
{
    struct digest digest;

    hash_bytes(signed_docket->payload, &digest);
    return digest;
}

/* A valid TC for VIEW whose highest QC is of view 1 and VALUE; without one if VALUE is NULL. */
static struct bytes timeout(struct fixture *fixture, uint32_t view, const char *value)
{
    struct message_tc tc = fixture_tc(fixture, view, 4);

    if (value != NULL) {
        struct message_qc qc = fixture_qc(fixture, 1, value, 4);

        tc.reports[3] = fixture_report(fixture, 3, view, 1, value);
        tc.qc = fixture_encode_qc(fixture, &qc);
    }
    return fixture_encode_tc(fixture, &tc);
}

static struct message_signed unsigned_tc(struct bytes tc)
{
    return (struct message_signed){.payload = tc};
}

/* Two messages of SEAT, or of coordinator 1 where that is who signs such. */
static struct proof pair(const char *first_type, struct message_signed first,
                         const char *second_type, struct message_signed second)
{
    bool is_seat = strcmp(first_type, MESSAGE_TYPE_PROPOSE) != 0 &&
                   strcmp(first_type, MESSAGE_TYPE_DOCKET) != 0;

    return (struct proof){.is_seat = is_seat,
                          .signer = is_seat ? SEAT : 1,
                          .first_type = first_type,
                          .second_type = second_type,
                          .first = first,
                          .second = second};
}

static struct proof alike(const char *type, struct message_signed first,
                          struct message_signed second)
{
    return pair(type, first, type, second);
}

static struct proof two_hearings(struct fixture *fixture, size_t first_count, size_t second_count)
{
    struct message_signed first = docket(fixture, 17);
    struct message_signed second = docket(fixture, 18);
    struct proof proof =
        alike(MESSAGE_TYPE_VERDICT, verdict(fixture, id_of(&first), "sheet", first_count),
              verdict(fixture, id_of(&second), "sheet", second_count));

    proof.dockets[0] = first;
    proof.dockets[1] = second;
    return proof;
}

/* The plainest proof of KIND. */
static struct proof example(struct fixture *fixture, enum misconduct kind)
{
    struct digest id = fixture->docket.scope.docket;
    struct bytes none = bytes_of(NULL, 0);

    switch (kind) {
    case MISCONDUCT_TWO_PREPARES:
        return alike(MESSAGE_TYPE_PREPARE, prepare(fixture, id, 1, "D", none),
                     prepare(fixture, id, 1, "D'", none));
    case MISCONDUCT_TWO_COMMITS:
        return alike(MESSAGE_TYPE_STATEMENT, commit(fixture, id, 3, "D"),
                     commit(fixture, id, 3, "D'"));
    case MISCONDUCT_TWO_VERDICTS:
        return alike(MESSAGE_TYPE_VERDICT, verdict(fixture, id, "sheet", 3),
                     verdict(fixture, id, "other sheet", 3));
    case MISCONDUCT_TWO_PROPOSALS:
        return alike(MESSAGE_TYPE_PROPOSE, propose(fixture, id, 1, "D"),
                     propose(fixture, id, 1, "D'"));
    case MISCONDUCT_AMNESIA:
        return pair(MESSAGE_TYPE_STATEMENT, commit(fixture, id, 2, "D"), MESSAGE_TYPE_NEW_VIEW,
                    fixture_report(fixture, SEAT, 3, 1, "D"));
    case MISCONDUCT_UNJUSTIFIED: {
        struct bytes tc = timeout(fixture, 2, "D");

        return pair(MESSAGE_TYPE_PREPARE, prepare(fixture, id, 2, "D'", tc), PROOF_TYPE_TC,
                    unsigned_tc(tc));
    }
    case MISCONDUCT_TWO_HEARINGS:
        return two_hearings(fixture, 3, 1);
    case MISCONDUCT_TWO_NEW_VIEWS:
        return alike(MESSAGE_TYPE_NEW_VIEW, fixture_report(fixture, SEAT, 3, 1, "D"),
                     fixture_report(fixture, SEAT, 3, 0, NULL));
    case MISCONDUCT_NONE:
    case MISCONDUCT_COUNT:
    default:
        fail();
        return (struct proof){.kind = MISCONDUCT_NONE};
    }
}

static void assert_proves(struct scene *scene, struct proof proof, enum misconduct kind)
{
    if (!proof_judge(&scene->fixture->roster, &proof, scene->arena, &scene->error)) {
        fail_msg("%s: %s", misconduct_name(kind), scene->error.message);
    }
    assert_string_equal(misconduct_name(proof.kind), misconduct_name(kind));
}

static void assert_proves_nothing(struct scene *scene, struct proof proof, const char *part)
{
    struct proof before = proof;

    if (proof_judge(&scene->fixture->roster, &proof, scene->arena, &scene->error)) {
        fail_msg("proves %s, want: %s", misconduct_name(proof.kind), part);
    }
    if (strstr(scene->error.message, part) == NULL) {
        fail_msg("\"%s\", want: %s", scene->error.message, part);
    }
    assert_memory_equal(&before, &proof, sizeof(proof));
}

#define EXPECT_NOTHING(scene, ...) assert_proves_nothing((scene), (__VA_ARGS__), "prove nothing")

static void each_kind_is_proved_by_a_file_that_says_who_and_what(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;

    for (enum misconduct kind = MISCONDUCT_TWO_PREPARES; kind < MISCONDUCT_COUNT; kind++) {
        struct proof proof = example(fixture, kind);
        struct proof out;
        struct buffer file = {0};

        assert_proves(scene, proof, kind);
        assert_true(proof_judge(&fixture->roster, &proof, scene->arena, &scene->error));
        proof_write(&fixture->roster, &proof, &file);
        if (!proof_check(buffer_bytes(&file), "proof", &fixture->roster, scene->arena, &out,
                         &scene->error)) {
            fail_msg("%s", scene->error.message);
        }
        assert_int_equal(out.kind, kind);
        assert_int_equal(out.is_seat, kind != MISCONDUCT_TWO_PROPOSALS);
        assert_int_equal(out.signer, kind == MISCONDUCT_TWO_PROPOSALS ? 1 : SEAT);
        assert_true(digest_equal(&out.docket, &fixture->docket.scope.docket));
        assert_true(bytes_equal(out.first.payload, proof.first.payload));
        assert_true(bytes_equal(out.second.payload, proof.second.payload));
        buffer_finish(&file);
    }
}

static void the_order_in_which_the_two_came_does_not_matter(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;

    for (enum misconduct kind = MISCONDUCT_TWO_PREPARES; kind < MISCONDUCT_COUNT; kind++) {
        struct proof proof = example(fixture, kind);
        struct proof turned = {.is_seat = proof.is_seat,
                               .signer = proof.signer,
                               .first_type = proof.second_type,
                               .second_type = proof.first_type,
                               .first = proof.second,
                               .second = proof.first,
                               .dockets = {proof.dockets[1], proof.dockets[0]}};

        assert_proves(scene, turned, kind);
        if (strcmp(proof.first_type, proof.second_type) != 0) {
            assert_true(proof_judge(&fixture->roster, &turned, scene->arena, &scene->error));
            assert_string_equal(turned.first_type, proof.first_type);
        }
    }
}

static void a_message_said_twice_proves_nothing(void **state)
{
    struct scene *scene = *state;

    for (enum misconduct kind = MISCONDUCT_TWO_PREPARES; kind < MISCONDUCT_COUNT; kind++) {
        struct proof proof = example(scene->fixture, kind);

        if (kind == MISCONDUCT_UNJUSTIFIED) {
            continue; /* A TC is not a message of the culprit. */
        }
        proof.second = proof.first;
        proof.second_type = proof.first_type;
        proof.dockets[1] = proof.dockets[0];
        EXPECT_NOTHING(scene, proof);
    }
}

static void a_signature_with_one_bit_altered_proves_nothing(void **state)
{
    struct scene *scene = *state;

    for (enum misconduct kind = MISCONDUCT_TWO_PREPARES; kind < MISCONDUCT_COUNT; kind++) {
        for (size_t bit = 0; bit < 8 * MESSAGE_SIGNATURE_SIZE; bit += 37) {
            struct proof proof = example(scene->fixture, kind);

            proof.first.signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_proves_nothing(scene, proof, "did not sign");
            if (kind != MISCONDUCT_UNJUSTIFIED) {
                proof = example(scene->fixture, kind);
                proof.second.signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
                assert_proves_nothing(scene, proof, "did not sign");
            }
        }
        arena_reset(scene->arena);
    }
}

static void nobody_else_is_guilty_of_it(void **state)
{
    struct scene *scene = *state;

    for (enum misconduct kind = MISCONDUCT_TWO_PREPARES; kind < MISCONDUCT_COUNT; kind++) {
        struct proof proof = example(scene->fixture, kind);

        proof.signer = 0;
        assert_proves_nothing(scene, proof, "did not sign");
        proof.is_seat = !proof.is_seat;
        assert_proves_nothing(scene, proof, "is not what");
    }
}

/* One of the two is by another seat, which a verdict says in its payload too. */
static void two_seats_that_differ_prove_nothing(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;
    struct proof proof = example(fixture, MISCONDUCT_TWO_NEW_VIEWS);
    struct message_verdict other = fixture_verdict(fixture, 3, bytes_of_text("sheet"));
    struct buffer payload = {0};

    proof.second = fixture_report(fixture, 3, 3, 0, NULL);
    assert_proves_nothing(scene, proof, "seat 2 did not sign");
    proof = example(fixture, MISCONDUCT_TWO_VERDICTS);
    proof.second = fixture_sign_verdict(fixture, &other);
    assert_proves_nothing(scene, proof, "seat 2 did not sign");
    codec_payload_encode_verdict(&other, &payload);
    proof.second = fixture_sign(fixture, fixture->seats[SEAT], MESSAGE_TYPE_VERDICT, &payload);
    assert_proves_nothing(scene, proof, "names seat 3, and seat 2 signed it");
}

static void what_was_signed_under_another_roster_proves_nothing(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;

    for (enum misconduct kind = MISCONDUCT_TWO_PREPARES; kind < MISCONDUCT_COUNT; kind++) {
        struct proof proof = example(fixture, kind);

        fixture->roster.digest.data[0] ^= 1; /* The same keys in another epoch. */
        assert_proves_nothing(scene, proof, "under another roster");
        fixture->roster.digest.data[0] ^= 1;
    }
}

static void votes_that_may_stand_together_prove_nothing(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;
    struct digest id = fixture->docket.scope.docket;
    struct digest other = fixture_digest("another docket");
    struct bytes none = bytes_of(NULL, 0);
    struct bytes tc = timeout(fixture, 2, NULL);

    EXPECT_NOTHING(scene, alike(MESSAGE_TYPE_PREPARE, prepare(fixture, id, 1, "D", none),
                                prepare(fixture, other, 1, "D'", none)));
    EXPECT_NOTHING(scene, alike(MESSAGE_TYPE_PREPARE, prepare(fixture, id, 1, "D", none),
                                prepare(fixture, id, 2, "D'", tc)));
    EXPECT_NOTHING(scene, alike(MESSAGE_TYPE_STATEMENT, commit(fixture, id, 1, "D"),
                                commit(fixture, id, 2, "D'")));
    EXPECT_NOTHING(scene, alike(MESSAGE_TYPE_STATEMENT, commit(fixture, id, 1, "D"),
                                commit(fixture, other, 1, "D'")));
    EXPECT_NOTHING(scene, alike(MESSAGE_TYPE_NEW_VIEW, fixture_report(fixture, SEAT, 3, 1, "D"),
                                fixture_report(fixture, SEAT, 4, 2, "D'")));
    EXPECT_NOTHING(scene, pair(MESSAGE_TYPE_PREPARE, prepare(fixture, id, 1, "D", none),
                               MESSAGE_TYPE_STATEMENT, commit(fixture, id, 1, "D'")));
    EXPECT_NOTHING(scene, alike(MESSAGE_TYPE_PROPOSE, propose(fixture, id, 1, "D"),
                                propose(fixture, id, 4, "D'")));
    EXPECT_NOTHING(scene, alike(MESSAGE_TYPE_PROPOSE, propose(fixture, id, 1, "D"),
                                propose(fixture, other, 1, "D'")));
}

/* The lock that a NEW-VIEW reports is at least the last COMMIT before it; later ones are above. */
static void only_a_report_that_denies_an_earlier_commit_is_amnesia(void **state)
{
    static const struct {
        uint32_t commit_view, asked, qc_view;
        bool is_guilty;
    } cases[] = {
        {1, 2, 0, true},  {2, 3, 1, true},  {2, 9, 1, true},  {2, 3, 2, false},
        {2, 4, 3, false}, {3, 3, 1, false}, {4, 3, 1, false}, {4, 2, 0, false},
    };
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;
    struct digest id = fixture->docket.scope.docket;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct proof proof =
            pair(MESSAGE_TYPE_STATEMENT, commit(fixture, id, cases[i].commit_view, "D"),
                 MESSAGE_TYPE_NEW_VIEW,
                 fixture_report(fixture, SEAT, cases[i].asked, cases[i].qc_view, "D"));

        if (cases[i].is_guilty) {
            assert_proves(scene, proof, MISCONDUCT_AMNESIA);
        } else {
            EXPECT_NOTHING(scene, proof);
        }
    }
    EXPECT_NOTHING(scene, pair(MESSAGE_TYPE_STATEMENT,
                               commit(fixture, fixture_digest("another docket"), 2, "D"),
                               MESSAGE_TYPE_NEW_VIEW, fixture_report(fixture, SEAT, 3, 1, "D")));
}

static struct proof prepared_on(struct fixture *fixture, uint32_t view, const char *value,
                                struct bytes tc)
{
    return pair(MESSAGE_TYPE_PREPARE,
                prepare(fixture, fixture->docket.scope.docket, view, value, tc), PROOF_TYPE_TC,
                unsigned_tc(tc));
}

static void a_prepare_is_held_against_the_tc_that_it_names(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;
    struct bytes free_tc = timeout(fixture, 2, NULL);
    struct bytes bound_tc = timeout(fixture, 2, "D");
    struct message_tc few = fixture_tc(fixture, 2, 3);
    struct proof proof;

    EXPECT_NOTHING(scene, prepared_on(fixture, 2, "anything", free_tc));
    EXPECT_NOTHING(scene, prepared_on(fixture, 2, "D", bound_tc));
    assert_proves(scene, prepared_on(fixture, 2, "D'", bound_tc), MISCONDUCT_UNJUSTIFIED);
    assert_proves(scene, prepared_on(fixture, 3, "D", bound_tc), MISCONDUCT_UNJUSTIFIED);
    assert_proves(scene, prepared_on(fixture, 2, "D", fixture_encode_tc(fixture, &few)),
                  MISCONDUCT_UNJUSTIFIED);
    assert_proves(scene, prepared_on(fixture, 2, "D", bytes_of_text("no TC at all")),
                  MISCONDUCT_UNJUSTIFIED);
    /* Another TC than the PREPARE named, valid or not, says nothing about it. */
    proof = prepared_on(fixture, 2, "D'", free_tc);
    proof.second = unsigned_tc(bound_tc);
    EXPECT_NOTHING(scene, proof);
    proof.second = unsigned_tc(bytes_of_text("no TC at all"));
    EXPECT_NOTHING(scene, proof);
    /* In view 1 there is none. */
    proof = pair(MESSAGE_TYPE_PREPARE,
                 prepare(fixture, fixture->docket.scope.docket, 1, "D", bytes_of(NULL, 0)),
                 PROOF_TYPE_TC, unsigned_tc(bound_tc));
    EXPECT_NOTHING(scene, proof);
}

static void a_tc_of_another_docket_justifies_nothing(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;
    struct bytes tc = timeout(fixture, 2, NULL);

    assert_proves(scene,
                  pair(MESSAGE_TYPE_PREPARE,
                       prepare(fixture, fixture_digest("another docket"), 2, "D", tc),
                       PROOF_TYPE_TC, unsigned_tc(tc)),
                  MISCONDUCT_UNJUSTIFIED);
}

static void the_largest_tc_is_judged_whatever_room_the_judge_has(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = fixture_create(MESSAGE_SEATS_MAX);
    struct message_tc tc = fixture_tc(fixture, 2, MESSAGE_SEATS_MAX);
    struct bytes bytes = fixture_encode_tc(fixture, &tc);
    struct proof proof = prepared_on(fixture, 2, "D", bytes);
    struct arena *small = arena_create(4096);

    assert_false(proof_judge(&fixture->roster, &proof, small, &scene->error));
    assert_string_equal(scene->error.message, "the two messages prove nothing");
    arena_destroy(small);
    fixture_destroy(fixture);
}

static void two_dockets_under_one_serial_convict_their_home(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;
    struct message_docket content = fixture_docket(fixture);
    struct proof proof = alike(MESSAGE_TYPE_DOCKET, docket(fixture, 17), docket(fixture, 18));

    EXPECT_NOTHING(scene, proof);
    content.as_of++;
    proof.second = fixture_sign_docket(fixture, &content, 1);
    assert_proves(scene, proof, MISCONDUCT_TWO_PROPOSALS);
    content.home = 2;
    proof.second = fixture_sign_docket(fixture, &content, 1);
    assert_proves_nothing(scene, proof, "names home 2, and coordinator 1 signed");
    EXPECT_NOTHING(scene, pair(MESSAGE_TYPE_DOCKET, docket(fixture, 17), MESSAGE_TYPE_PROPOSE,
                               propose(fixture, fixture->docket.scope.docket, 1, "D")));
}

static void only_a_hearing_assessed_in_both_dockets_counts(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;
    struct proof proof = two_hearings(fixture, 3, 0);

    EXPECT_NOTHING(scene, proof); /* An abstention binds nothing. */
    EXPECT_NOTHING(scene, two_hearings(fixture, 0, 0));
    assert_proves(scene, two_hearings(fixture, 1, 1), MISCONDUCT_TWO_HEARINGS);

    proof = two_hearings(fixture, 1, 1);
    proof.dockets[1] = proof.dockets[0];
    assert_proves_nothing(scene, proof, "another docket than it names");
    proof = two_hearings(fixture, 1, 1);
    proof.dockets[1].signature[3] ^= 1;
    assert_proves_nothing(scene, proof, "docket is not signed by its home");
    proof = two_hearings(fixture, 1, 1);
    proof.dockets[0].payload = proof.dockets[1].payload = bytes_of(NULL, 0);
    EXPECT_NOTHING(scene, proof);
}

/* They may be large, and prove nothing there. */
static void dockets_are_kept_for_two_hearings_alone(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;
    struct proof proof = two_hearings(fixture, 1, 1);

    assert_true(proof_judge(&fixture->roster, &proof, scene->arena, &scene->error));
    assert_true(proof.dockets[0].payload.size > 0);
    proof = two_hearings(fixture, 1, 1);
    proof.second = verdict(fixture, id_of(&proof.dockets[0]), "other sheet", 1);
    proof.dockets[1] = proof.dockets[0];
    assert_true(proof_judge(&fixture->roster, &proof, scene->arena, &scene->error));
    assert_int_equal(proof.kind, MISCONDUCT_TWO_VERDICTS);
    assert_int_equal(proof.dockets[0].payload.size, 0);
    assert_int_equal(proof.dockets[1].payload.size, 0);
}

static void a_later_attempt_is_another_hearing(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;
    struct message_docket content = fixture_docket(fixture);
    struct message_header header = fixture_header(fixture, 0);
    struct proof proof = two_hearings(fixture, 1, 1);

    header.attempt = 2;
    header.earlier = bytes_of_text("a certificate");
    fixture->headers[0] = fixture_sign_header(fixture, &header);
    content.serial = 18;
    proof.dockets[1] = fixture_sign_docket(fixture, &content, 1);
    proof.second = verdict(fixture, id_of(&proof.dockets[1]), "sheet", 1);
    EXPECT_NOTHING(scene, proof);
}

/* What an honest seat signs on its way through three views (P6). */
static void no_two_messages_of_an_honest_seat_prove_anything(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = scene->fixture;
    struct digest id = fixture->docket.scope.docket;
    struct bytes tc = timeout(fixture, 2, "D");
    struct bytes later = timeout(fixture, 3, "D");
    struct {
        const char *type;
        struct message_signed message;
    } history[] = {
        {MESSAGE_TYPE_VERDICT, verdict(fixture, id, "sheet", 3)},
        {MESSAGE_TYPE_PREPARE, prepare(fixture, id, 1, "D", bytes_of(NULL, 0))},
        {MESSAGE_TYPE_STATEMENT, commit(fixture, id, 1, "D")},
        {MESSAGE_TYPE_NEW_VIEW, fixture_report(fixture, SEAT, 2, 1, "D")},
        {MESSAGE_TYPE_PREPARE, prepare(fixture, id, 2, "D", tc)},
        {MESSAGE_TYPE_NEW_VIEW, fixture_report(fixture, SEAT, 3, 1, "D")},
        {MESSAGE_TYPE_PREPARE, prepare(fixture, id, 3, "D", later)},
        {MESSAGE_TYPE_STATEMENT, commit(fixture, id, 3, "D")},
        {MESSAGE_TYPE_NEW_VIEW, fixture_report(fixture, SEAT, 4, 3, "D")},
        {PROOF_TYPE_TC, unsigned_tc(tc)},
        {PROOF_TYPE_TC, unsigned_tc(later)},
    };
    size_t count = sizeof(history) / sizeof(history[0]);

    for (size_t i = 0; i + 2 < count; i++) {
        for (size_t j = 0; j < count; j++) {
            EXPECT_NOTHING(scene, pair(history[i].type, history[i].message, history[j].type,
                                       history[j].message));
        }
        arena_reset(scene->arena);
    }
}

static void a_message_of_another_kind_proves_nothing(void **state)
{
    struct scene *scene = *state;
    struct proof proof = example(scene->fixture, MISCONDUCT_TWO_PREPARES);

    proof.second_type = MESSAGE_TYPE_HEADER;
    assert_proves_nothing(scene, proof, "is not a message that can prove anything");
    proof.second_type = MESSAGE_TYPE_NEW_VIEW; /* Its signature is for a PREPARE. */
    assert_proves_nothing(scene, proof, "did not sign");
    proof.first_type = PROOF_TYPE_TC;
    proof.second_type = PROOF_TYPE_TC;
    assert_proves_nothing(scene, proof, "is not a message that can prove anything");
}

/* The file of the plainest proof of KIND, with FROM replaced by TO. */
static void altered(struct scene *scene, enum misconduct kind, const char *from, const char *to,
                    struct buffer *out)
{
    struct proof proof = example(scene->fixture, kind);
    struct buffer file = {0};

    assert_true(proof_judge(&scene->fixture->roster, &proof, scene->arena, &scene->error));
    proof_write(&scene->fixture->roster, &proof, &file);

    const char *at = strstr(buffer_text(&file), from);

    assert_non_null(at);
    buffer_append(out, file.data, (size_t)(at - buffer_text(&file)));
    buffer_append_text(out, to);
    buffer_append_text(out, at + strlen(from));
    buffer_finish(&file);
}

static void assert_refused(struct scene *scene, struct bytes file, const char *part)
{
    struct proof out;

    if (proof_check(file, "proof", &scene->fixture->roster, scene->arena, &out, &scene->error)) {
        fail_msg("accepted, want: %s", part);
    }
    if (strstr(scene->error.message, part) == NULL ||
        strncmp(scene->error.message, "proof", 5) != 0) {
        fail_msg("\"%s\", want: %s", scene->error.message, part);
    }
}

static void a_file_that_lies_is_refused_in_one_sentence(void **state)
{
    static const struct {
        enum misconduct kind;
        const char *from, *to, *message;
        enum error_code code;
    } cases[] = {
        {MISCONDUCT_TWO_COMMITS, "\"E2\"", "\"E1\"", "it says E1 and proves E2", ERROR_DENIED},
        {MISCONDUCT_TWO_COMMITS, "\"E2\"", "\"E9\"", "want E1 to E8", ERROR_INVALID},
        {MISCONDUCT_TWO_COMMITS, "\"E2\"", "\"none\"", "want E1 to E8", ERROR_INVALID},
        {MISCONDUCT_TWO_COMMITS, "misconduct/1", "misconduct/2", "\"type\" is", ERROR_INVALID},
        {MISCONDUCT_TWO_COMMITS, "\"type\"", "\"note\":1,\"type\"", "note", ERROR_INVALID},
        {MISCONDUCT_TWO_COMMITS, "\"second\"", "\"third\"", "third", ERROR_INVALID},
        {MISCONDUCT_TWO_COMMITS, "\"keyid\":\"", "\"keyid\":\"0", "two different keys",
         ERROR_DENIED},
        {MISCONDUCT_TWO_COMMITS, "in-toto+json", "in-toto+xml", "can prove anything",
         ERROR_INVALID},
        {MISCONDUCT_TWO_COMMITS, "\"sig\":\"", "\"sig\":\"AAAA", "\"sig\" is 67 bytes, want 64",
         ERROR_INVALID},
        {MISCONDUCT_TWO_COMMITS, "\"payload\":\"", "\"payload\":\"?", "is not base64",
         ERROR_INVALID},
        {MISCONDUCT_TWO_COMMITS, "\"signatures\":[{", "\"signatures\":[{},{", "has 2 elements",
         ERROR_INVALID},
        {MISCONDUCT_TWO_COMMITS, "\"roster\":\"", "\"roster\":\"00", "64 lower-case hex",
         ERROR_INVALID},
        {MISCONDUCT_UNJUSTIFIED, "\"signatures\":[]", "\"signatures\":[{}]", "has 1 elements",
         ERROR_INVALID},
        {MISCONDUCT_UNJUSTIFIED, "vnd.aims-council.prepare.v1", "vnd.aims-council.tc.v1",
         "has 1 elements", ERROR_INVALID},
        {MISCONDUCT_TWO_HEARINGS, "vnd.aims-council.docket.v1", "vnd.aims-council.header.v1",
         "\"dockets\" holds something else", ERROR_INVALID},
        {MISCONDUCT_TWO_HEARINGS, "\"dockets\":[", "\"dockets\":[{},", "has 3 elements",
         ERROR_INVALID},
        {MISCONDUCT_TWO_HEARINGS, "\"dockets\":[{", "\"dockets\":[1,{", "has 3 elements",
         ERROR_INVALID},
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer file = {0};

        altered(scene, cases[i].kind, cases[i].from, cases[i].to, &file);
        assert_refused(scene, buffer_bytes(&file), cases[i].message);
        assert_int_equal(scene->error.code, cases[i].code);
        buffer_finish(&file);
    }
}

static void a_proof_against_another_council_is_refused(void **state)
{
    struct scene *scene = *state;
    struct buffer file = {0};
    struct digest digest = scene->fixture->roster.digest;

    altered(scene, MISCONDUCT_TWO_COMMITS, "", "", &file);
    scene->fixture->roster.digest.data[0] ^= 1;
    assert_refused(scene, buffer_bytes(&file), "about a council of another roster");
    assert_int_equal(scene->error.code, ERROR_DENIED);
    scene->fixture->roster.digest = digest;
    /* The culprit has left the roster. */
    scene->fixture->roster.seats[SEAT].signing[0] ^= 1;
    assert_refused(scene, buffer_bytes(&file), "is not in this roster");
    buffer_finish(&file);
}

static void no_altered_byte_accuses_of_anything_else(void **state)
{
    struct scene *scene = *state;
    struct buffer file = {0};
    struct proof before;
    uint32_t refused = 0;

    altered(scene, MISCONDUCT_AMNESIA, "", "", &file);
    assert_true(proof_check(buffer_bytes(&file), "proof", &scene->fixture->roster, scene->arena,
                            &before, &scene->error));
    for (size_t i = 0; i < file.size; i += 5) {
        struct arena *arena = arena_create(ARENA_MAX);
        uint8_t was = file.data[i];
        struct proof out;

        file.data[i] ^= 0x02;
        if (proof_check(buffer_bytes(&file), "proof", &scene->fixture->roster, arena, &out,
                        &scene->error)) {
            /* Base64 has spare bits at its end: the bytes that were signed must be the same. */
            assert_true(bytes_equal(out.first.payload, before.first.payload));
            assert_true(bytes_equal(out.second.payload, before.second.payload));
        } else {
            refused++;
        }
        file.data[i] = was;
        arena_destroy(arena);
    }
    assert_true(refused >= file.size / 5 - 4);
    buffer_finish(&file);
}

static void hostile_files_are_refused_in_one_sentence(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "proof"},
        {"[]", "a proof of misconduct is a map"},
        {"{}", "type"},
        {"{\"type\":\"aims-council-misconduct/1\"}", "kind"},
        {"{\"type\":\"aims-council-misconduct/1\",\"kind\":\"E1\"}", "roster"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "proof"},
    };
    struct scene *scene = *state;
    struct buffer large = {0};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_refused(scene, bytes_of_text(cases[i].text), cases[i].message);
    }
    assert_refused(scene, bytes_of("{}", PROOF_SIZE_MAX + 1), "more than a proof may have");
    assert_int_equal(scene->error.code, ERROR_LIMIT);
    /* More nodes and bytes than the caller gave room for. */
    for (size_t i = 0; i < 400000; i++) {
        buffer_append_text(&large, i == 0 ? "[1" : ",1");
    }
    buffer_append_byte(&large, ']');

    struct arena *small = arena_create(1024 * 1024);
    struct proof out;

    assert_false(proof_check(buffer_bytes(&large), "proof", &scene->fixture->roster, small, &out,
                             &scene->error));
    assert_int_equal(scene->error.code, ERROR_LIMIT);
    arena_destroy(small);
    buffer_finish(&large);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_kind_is_proved_by_a_file_that_says_who_and_what),
        TEST(the_order_in_which_the_two_came_does_not_matter),
        TEST(a_message_said_twice_proves_nothing),
        TEST(a_signature_with_one_bit_altered_proves_nothing),
        TEST(nobody_else_is_guilty_of_it),
        TEST(two_seats_that_differ_prove_nothing),
        TEST(what_was_signed_under_another_roster_proves_nothing),
        TEST(votes_that_may_stand_together_prove_nothing),
        TEST(only_a_report_that_denies_an_earlier_commit_is_amnesia),
        TEST(a_prepare_is_held_against_the_tc_that_it_names),
        TEST(a_tc_of_another_docket_justifies_nothing),
        TEST(the_largest_tc_is_judged_whatever_room_the_judge_has),
        TEST(two_dockets_under_one_serial_convict_their_home),
        TEST(only_a_hearing_assessed_in_both_dockets_counts),
        TEST(dockets_are_kept_for_two_hearings_alone),
        TEST(a_later_attempt_is_another_hearing),
        TEST(no_two_messages_of_an_honest_seat_prove_anything),
        TEST(a_message_of_another_kind_proves_nothing),
        TEST(a_file_that_lies_is_refused_in_one_sentence),
        TEST(a_proof_against_another_council_is_refused),
        TEST(no_altered_byte_accuses_of_anything_else),
        TEST(hostile_files_are_refused_in_one_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
