/* The chair's shell against seats that lie, die and repeat themselves: one coordinator, view 1. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

#include <signal.h>
#include <sys/resource.h>

#include "tests/coordinator/desk.h"

/* ---- tests ---- */

static void a_docket_is_decided_when_everybody_answers(void **state)
{
    static const uint8_t councils[][2] = {{5, 1}, {8, 2}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct desk *desk = open_desk(councils[i][0], councils[i][1]);
        uint64_t began_ms = clock_ms;

        serve(desk);
        assert_int_equal(clock_ms, began_ms);
        assert_decided(desk);
        assert_int_equal(stored_certificate(desk)->vote_count, councils[i][0]);
        assert_int_equal(count_sent(desk, MESSAGE_PROPOSE), councils[i][0]);
        assert_true(count_sent(desk, MESSAGE_CERTIFY) >= councils[i][0] - councils[i][1] - 1U);
        assert_int_equal(count_sent(desk, MESSAGE_DECIDE), councils[i][0]);
        assert_nobody_accused(desk);
        desk_destroy(desk);
    }
}

static void a_quorum_decides_without_the_others(void **state)
{
    struct desk *desk = open_desk(8, 2);
    uint8_t quorum = quorum_count(desk);

    (void)state;
    say_each(desk, say_verdict, quorum);
    assert_up_to(desk, CHAIR_HEARING);
    pass(desk, SETTLE_MS - 1);
    assert_up_to(desk, CHAIR_HEARING);
    pass(desk, 1);
    assert_up_to(desk, CHAIR_PREPARING);
    study(desk);
    say_each(desk, say_prepare, (uint8_t)(quorum - 1));
    assert_up_to(desk, CHAIR_PREPARING);
    say_prepare(desk, (uint8_t)(quorum - 1));
    assert_up_to(desk, CHAIR_COMMITTING);
    say_each(desk, say_commit, quorum);
    assert_up_to(desk, CHAIR_CERTIFIED);
    pass(desk, SETTLE_MS);
    assert_up_to(desk, CHAIR_DECIDED);
    assert_decided(desk);
    assert_int_equal(stored_certificate(desk)->vote_count, quorum);
    desk_destroy(desk);
}

static void a_quorum_that_disagrees_waits_for_the_others(void **state)
{
    struct desk *desk = open_desk(5, 1);

    (void)state;
    fixture_answer(desk->fixture, 0, 0, 3, ANSWER_NOT_MET);
    say_each(desk, say_verdict, 4);
    pass(desk, HEAR_MS_MIN - 1);
    assert_up_to(desk, CHAIR_HEARING);
    pass(desk, 1);
    assert_up_to(desk, CHAIR_PREPARING);
    desk_destroy(desk);
}

static void fewer_than_a_quorum_decide_nothing(void **state)
{
    struct desk *desk = open_desk(8, 2);
    uint8_t quorum = quorum_count(desk);

    (void)state;
    for (uint8_t seat = (uint8_t)(quorum - 1); seat < 8; seat++) {
        seat_set_add(&desk->silent, seat);
    }
    serve_for(desk, 120000);
    assert_up_to(desk, CHAIR_HEARING);
    say_verdict(desk, 7);
    serve_for(desk, 120000);
    assert_up_to(desk, CHAIR_PREPARING);
    say_prepare(desk, 7);
    serve_for(desk, 120000);
    assert_up_to(desk, CHAIR_COMMITTING);
    assert_int_equal(counts_of(desk).decided, 0);
    say_commit(desk, 7);
    serve_for(desk, 1000);
    assert_decided(desk);
    desk_destroy(desk);
}

static void votes_for_a_later_view_do_not_spoil_the_certificates(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);

    (void)state;
    say_vote(desk, MESSAGE_PREPARE, 0, prepare_payload(desk, 2, &desk->statement.value));
    say_vote(desk, MESSAGE_COMMIT, 0, commit_payload(desk, 2, &desk->statement.value));
    say_vote(desk, MESSAGE_PREPARE, 1, prepare_payload(desk, UINT32_MAX, &other_value));
    say_vote(desk, MESSAGE_COMMIT, 1, commit_payload(desk, UINT32_MAX, &other_value));
    assert_int_equal(desk->coordinator->malformed_count, 0);
    assert_int_equal(seat_set_count(&docket_of(desk)->chair.prepared), 0);
    say_each(desk, say_prepare, 4); /* Every CERTIFY that is sent is verified. */
    assert_int_equal(count_sent(desk, MESSAGE_CERTIFY), 5);
    say_each(desk, say_commit, 5); /* Seat 0 has gone on. */
    pass(desk, SETTLE_MS);
    assert_decided(desk);
    assert_int_equal(stored_certificate(desk)->vote_count, 4);
    assert_nobody_accused(desk);
    desk_destroy(desk);
}

static void two_prepares_of_one_view_are_kept_and_the_first_counts(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);
    struct bytes good = prepare_payload(desk, 1, &desk->statement.value);
    struct bytes bad = prepare_payload(desk, 1, &other_value);
    struct bytes worse = prepare_payload(desk, 1, &desk->fixture->roster.digest);

    (void)state;
    say_vote(desk, MESSAGE_PREPARE, 0, good);
    say_vote(desk, MESSAGE_PREPARE, 0, bad);
    say_vote(desk, MESSAGE_PREPARE, 0, bad);
    say_vote(desk, MESSAGE_PREPARE, 0, worse); /* One proof is enough. */
    assert_proof(desk, MISCONDUCT_TWO_PREPARES, good, bad);
    assert_int_equal(seat_set_count(&docket_of(desk)->chair.prepared), 1);
    say_prepare(desk, 1);
    say_prepare(desk, 2);
    assert_up_to(desk, CHAIR_PREPARING);
    say_prepare(desk, 3);
    assert_up_to(desk, CHAIR_COMMITTING);
    desk_destroy(desk);
}

static void a_seat_that_prepared_another_value_first_does_not_count(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);
    struct bytes good = prepare_payload(desk, 1, &desk->statement.value);
    struct bytes bad = prepare_payload(desk, 1, &other_value);

    (void)state;
    say_vote(desk, MESSAGE_PREPARE, 0, bad);
    assert_nobody_accused(desk);
    say_vote(desk, MESSAGE_PREPARE, 0, good);
    assert_proof(desk, MISCONDUCT_TWO_PREPARES, bad, good);
    for (uint8_t seat = 1; seat < 4; seat++) {
        say_prepare(desk, seat);
    }
    assert_up_to(desk, CHAIR_PREPARING);
    say_prepare(desk, 4);
    assert_up_to(desk, CHAIR_COMMITTING);
    desk_destroy(desk);
}

static void a_prepare_in_other_bytes_neither_counts_nor_accuses(void **state)
{
    static const uint8_t view_again[] = {3 << 3, 1}; /* Field 3 once more: decodes alike. */
    struct desk *desk = open_desk_at(CHAIR_PREPARING);
    struct bytes usual = prepare_payload(desk, 1, &desk->statement.value);
    struct buffer payload = {0};

    (void)state;
    buffer_append(&payload, usual.data, usual.size);
    buffer_append(&payload, view_again, sizeof(view_again));
    struct bytes other = keep(desk, &payload);

    say_vote(desk, MESSAGE_PREPARE, 0, other);
    assert_int_equal(desk->coordinator->malformed_count, 0);
    for (uint8_t seat = 1; seat < 4; seat++) {
        say_prepare(desk, seat);
    }
    assert_up_to(desk, CHAIR_PREPARING);
    say_prepare(desk, 0);
    say_vote(desk, MESSAGE_PREPARE, 0, other);
    assert_up_to(desk, CHAIR_COMMITTING);
    assert_nobody_accused(desk);
    say_prepare(desk, 4);
    pass(desk, 1000);
    assert_int_equal(count_sent(desk, MESSAGE_CERTIFY), 10);
    desk_destroy(desk);
}

static void two_commits_of_one_view_are_kept_and_the_first_counts(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_COMMITTING);
    struct bytes good = commit_payload(desk, 1, &desk->statement.value);
    struct bytes bad = commit_payload(desk, 1, &other_value);

    (void)state;
    say_vote(desk, MESSAGE_COMMIT, 0, bad);
    say_vote(desk, MESSAGE_COMMIT, 0, good);
    say_vote(desk, MESSAGE_COMMIT, 0, bad);
    assert_proof(desk, MISCONDUCT_TWO_COMMITS, bad, good);
    for (uint8_t seat = 1; seat < 5; seat++) {
        say_commit(desk, seat);
    }
    assert_up_to(desk, CHAIR_CERTIFIED);
    pass(desk, SETTLE_MS);
    assert_decided(desk);
    assert_false(seat_set_has(&stored_certificate(desk)->signers, 0));
    desk_destroy(desk);
}

static void two_verdicts_are_kept_and_the_first_counts(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_HEARING);
    struct message first = make_verdict(desk, 0, 0);

    (void)state;
    fixture_answer(desk->fixture, 0, 0, 3, ANSWER_NOT_MET);

    struct message second = make_verdict(desk, 0, 0);

    say(desk, 0, &first);
    say(desk, 0, &first);
    assert_nobody_accused(desk);
    say(desk, 0, &second);
    say(desk, 0, &second);
    assert_proof(desk, MISCONDUCT_TWO_VERDICTS, first.verdict.verdicts[0].payload,
                 second.verdict.verdicts[0].payload);
    for (uint8_t seat = 1; seat < 5; seat++) {
        say_verdict(desk, seat);
    }
    study(desk);

    struct message propose = last_sent(desk, MESSAGE_PROPOSE);

    assert_int_equal(propose.propose.book.verdict_count, 5);
    assert_true(
        bytes_equal(propose.propose.book.verdicts[0].payload, first.verdict.verdicts[0].payload));
    desk_destroy(desk);
}

static void a_second_verdict_is_a_proof_after_the_decision_too(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_DECIDED);
    struct message first = make_verdict(desk, 0, 0);
    struct message second = make_verdict(desk, 0, 7);

    (void)state;
    say(desk, 0, &second);
    assert_proof(desk, MISCONDUCT_TWO_VERDICTS, first.verdict.verdicts[0].payload,
                 second.verdict.verdicts[0].payload);
    assert_decided(desk);
    desk_destroy(desk);
}

static void another_statement_of_the_same_value_counts_for_nothing(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_COMMITTING);
    struct statement altered = desk->statement;
    struct buffer payload = {0};

    (void)state;
    altered.assessed_at++;
    statement_write(&altered, &payload);
    struct bytes bytes = keep(desk, &payload);

    say_vote(desk, MESSAGE_COMMIT, 0, bytes);
    assert_int_equal(desk->coordinator->malformed_count, 1);
    for (uint8_t seat = 1; seat < 4; seat++) {
        say_commit(desk, seat);
    }
    assert_up_to(desk, CHAIR_COMMITTING);
    say_commit(desk, 0);
    assert_up_to(desk, CHAIR_CERTIFIED);
    pass(desk, SETTLE_MS);
    assert_decided(desk);
    assert_nobody_accused(desk);
    desk_destroy(desk);
}

static void what_claims_another_seat_is_dropped(void **state)
{
    static const enum message_kind kinds[] = {MESSAGE_PREPARE, MESSAGE_COMMIT};
    struct desk *desk = open_desk_at(CHAIR_COMMITTING);
    struct message verdict = make_verdict(desk, 1, 7);
    uint64_t dropped = 0;

    (void)state;
    say(desk, 0, &verdict);
    assert_int_equal(desk->coordinator->malformed_count, ++dropped);
    for (size_t i = 0; i < 2; i++) {
        struct bytes payload = kinds[i] == MESSAGE_PREPARE ? prepare_payload(desk, 1, &other_value)
                                                           : commit_payload(desk, 1, &other_value);
        struct message replayed = make_vote(desk, kinds[i], 1, payload);
        struct message forged = make_vote(desk, kinds[i], 0, payload);

        say(desk, 0, &replayed); /* Another seat's, on the wrong connection. */
        assert_int_equal(desk->coordinator->malformed_count, ++dropped);
        forged.prepare.vote.seat = 1;
        say(desk, 1, &forged); /* The right connection, the wrong key. */
        assert_int_equal(desk->coordinator->malformed_count, ++dropped);
        forged.prepare.vote.seat = 5;
        say(desk, 0, &forged); /* Nobody's. */
        assert_int_equal(desk->coordinator->malformed_count, ++dropped);
    }
    assert_nobody_accused(desk);
    serve_for(desk, 10000);
    assert_decided(desk);
    desk_destroy(desk);
}

static void a_seat_cannot_fill_the_log(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);
    struct message message =
        make_vote(desk, MESSAGE_PREPARE, 1, prepare_payload(desk, 1, &other_value));
    FILE *log = tmpfile();
    int saved = dup(STDERR_FILENO);
    unsigned lines = 0;

    (void)state;
    assert_non_null(log);
    assert_true(saved >= 0);
    assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
    for (unsigned i = 0; i < 1000; i++) {
        say(desk, 0, &message);
    }
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    rewind(log);
    for (int byte = fgetc(log); byte != EOF; byte = fgetc(log)) {
        lines += byte == '\n';
    }
    assert_int_equal(fclose(log), 0);
    assert_int_equal(desk->coordinator->malformed_count, 1000);
    assert_int_equal(lines, 10); /* 1, 2, 4 ... 512 */
    desk_destroy(desk);
}

static void a_verdict_with_a_missing_or_superfluous_sheet_is_no_verdict(void **state)
{
    struct desk *desk = open_desk(5, 1);
    struct message missing = make_verdict(desk, 0, 0);
    struct message superfluous = make_verdict(desk, 0, 0);
    struct bytes sheets[CASES + 1];

    (void)state;
    missing.verdict.sheet_count--;
    memcpy(sheets, superfluous.verdict.sheets, CASES * sizeof(sheets[0]));
    fixture_answer(desk->fixture, 0, 0, 3, ANSWER_NOT_MET);
    sheets[CASES] = make_sheet(desk, 0, 0);
    superfluous.verdict.sheets = sheets;
    superfluous.verdict.sheet_count++;
    say(desk, 0, &missing);
    say(desk, 0, &superfluous);
    assert_int_equal(desk->coordinator->malformed_count, 2);
    assert_int_equal(seat_set_count(&docket_of(desk)->chair.heard), 0);
    assert_true(digest_is_zero(&docket_of(desk)->chair.verdicts[0]));
    fixture_answer(desk->fixture, 0, 0, 3, ANSWER_MET);
    serve(desk);
    assert_decided(desk);
    assert_nobody_accused(desk);
    desk_destroy(desk);
}

static void votes_before_there_is_a_proposal_do_not_count(void **state)
{
    struct desk *desk = open_desk(5, 1);
    struct bytes prepare = prepare_payload(desk, 1, &other_value);

    (void)state;
    /* A statement of something, to say early. */
    desk->statement = (struct statement){.roster = desk->fixture->roster.digest,
                                         .docket = desk->docket.scope.docket,
                                         .view = 1,
                                         .quorum = desk->coordinator->quorum,
                                         .case_count = 1,
                                         .cases = {{.attempt = 1, .outcome = FINDINGS_CONCLUSIVE}}};
    struct bytes commit = commit_payload(desk, 1, &other_value);

    say_vote(desk, MESSAGE_PREPARE, 0, prepare);
    say_vote(desk, MESSAGE_COMMIT, 1, commit);
    assert_up_to(desk, CHAIR_HEARING);
    assert_int_equal(desk->coordinator->malformed_count, 0);
    desk->statement.view = 0;
    serve_for(desk, 1000);
    assert_decided(desk);
    assert_false(seat_set_has(&stored_certificate(desk)->signers, 1));

    struct proof proofs[4];

    assert_int_equal(read_proofs(desk, proofs, 4), 2);
    assert_int_equal(proofs[0].kind, MISCONDUCT_TWO_PREPARES);
    assert_int_equal(proofs[0].signer, 0);
    assert_true(bytes_equal(proofs[0].first.payload, prepare));
    assert_int_equal(proofs[1].kind, MISCONDUCT_TWO_COMMITS);
    assert_int_equal(proofs[1].signer, 1);
    assert_true(bytes_equal(proofs[1].first.payload, commit));
    desk_destroy(desk);
}

static void a_commit_before_the_quorum_certificate_counts_once_there_is_one(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);

    (void)state;
    say_commit(desk, 0);
    assert_up_to(desk, CHAIR_PREPARING);
    say_each(desk, say_prepare, 4);
    assert_up_to(desk, CHAIR_COMMITTING);
    assert_int_equal(count_sent(desk, MESSAGE_CERTIFY), 4);
    for (uint8_t seat = 1; seat < 4; seat++) {
        say_commit(desk, seat);
    }
    assert_up_to(desk, CHAIR_CERTIFIED);
    desk_destroy(desk);
}

static void a_chair_that_restarts_in_any_phase_goes_on(void **state)
{
    (void)state;
    for (unsigned phase = CHAIR_HEARING; phase <= CHAIR_CERTIFIED; phase++) {
        struct desk *desk;

        if (phase == CHAIR_COMPUTING || phase == CHAIR_RECOVERING || phase == CHAIR_WATCHING) {
            continue; /* COMPUTE is answered at once; the others are of later views. */
        }
        desk = open_desk_at((enum chair_phase)phase);
        struct digest value = desk->statement.value;

        restart(desk);
        assert_up_to(desk, phase == CHAIR_HEARING ? CHAIR_HEARING : CHAIR_PREPARING);
        if (phase != CHAIR_HEARING) {
            assert_true(digest_equal(&docket_of(desk)->chair.proposed.value, &value));
        }
        serve_for(desk, 1000);
        assert_decided(desk);
        assert_nobody_accused(desk);
        desk_destroy(desk);
    }
}

static void a_chair_that_restarts_after_the_decision_leaves_it_to_the_store(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_DECIDED);

    (void)state;
    restart(desk);
    assert_null(docket_of(desk));
    assert_decided(desk);
    desk_destroy(desk);
}

static void commits_that_a_restarted_chair_is_sent_first_decide(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_COMMITTING);

    (void)state;
    restart(desk);
    seat_set_add(&desk->silent, 4);
    say_each(desk, say_commit, 4);
    assert_up_to(desk, CHAIR_CERTIFIED);
    docket_seat_up(docket_of(desk), 4);
    assert_int_equal(count_sent(desk, MESSAGE_CERTIFY), 0); /* It has none to show. */
    serve_for(desk, 1000);
    assert_decided(desk);
    assert_nobody_accused(desk);
    desk_destroy(desk);
}

static void a_seat_that_knows_nothing_is_told_everything(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_PREPARING);

    (void)state;
    restart(desk);
    assert_int_equal(count_sent(desk, MESSAGE_ASSIGN), 5);
    assert_int_equal(count_sent(desk, MESSAGE_PROPOSE), 5);
    assert_int_equal(desk->sent[0].kind, MESSAGE_ASSIGN);
    desk_destroy(desk);
}

static void what_is_not_answered_is_said_again_less_and_less_often(void **state)
{
    struct desk *desk = open_desk(5, 1);

    (void)state;
    say_each(desk, say_verdict, 3);
    desk->sent_count = 0;
    pass(desk, 1000);
    assert_int_equal(count_sent(desk, MESSAGE_ASSIGN), 2);
    pass(desk, 2000 + 4000 + 8000 + 8000);
    assert_int_equal(count_sent(desk, MESSAGE_ASSIGN), 2 * 5);
    docket_seat_up(docket_of(desk), 3);
    assert_int_equal(count_sent(desk, MESSAGE_ASSIGN), 2 * 5 + 1);
    desk_destroy(desk);
}

static void a_docket_is_settled_when_every_seat_has_the_certificate(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_DECIDED);
    struct digest *dockets = NULL;
    struct error error;
    size_t count = 0;

    (void)state;
    say_each(desk, say_done, 4);
    say_done(desk, 0);
    assert_false(docket_tick(docket_of(desk)));
    serve(desk);
    assert_true(docket_tick(docket_of(desk)));
    require(coordinator_store_result_undelivered(desk->coordinator->http_store, 0, 9, desk->arena,
                                                 &dockets, &count, &error),
            &error);
    assert_int_equal(count, 0);
    desk_destroy(desk);
}

static void a_seat_that_is_done_before_there_is_a_certificate_is_not(void **state)
{
    struct desk *desk = open_desk(5, 1);

    (void)state;
    say_done(desk, 0);
    assert_false(docket_tick(docket_of(desk)));
    say_each(desk, say_verdict, 5);
    say_each(desk, say_prepare, 5);
    say_each(desk, say_commit, 5);
    assert_up_to(desk, CHAIR_DECIDED);
    assert_int_equal(count_sent(desk, MESSAGE_DECIDE), 5);
    assert_false(seat_set_has(&docket_of(desk)->chair.done, 0));
    desk_destroy(desk);
}

static void a_decided_docket_does_not_wait_for_ever(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_DECIDED);

    (void)state;
    pass(desk, 29999);
    assert_false(docket_tick(docket_of(desk)));
    pass(desk, 1);
    assert_true(docket_tick(docket_of(desk)));
    desk_destroy(desk);
}

static void papers_are_taken_once_from_those_who_were_asked(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_DECIDED);
    struct coordinator_store_papers *papers = NULL;
    struct error error;
    size_t count = 0;

    (void)state;
    assert_int_equal(count_sent(desk, MESSAGE_FETCH), CASES);
    say_papers(desk, 4, 0, bytes_of_text("nobody asked for these"));
    say_papers(desk, 0, CASES, bytes_of_text("nor for these"));
    say_papers(desk, 0, 0, bytes_of_text("sealed"));
    say_papers(desk, 0, 0, bytes_of_text("sealed otherwise"));
    say_papers(desk, 0, 1, (struct bytes){0}); /* It has none. */
    require(coordinator_store_result_papers(desk->coordinator->http_store,
                                            &desk->docket.scope.docket, 0, desk->arena, &papers,
                                            &count, &error),
            &error);
    assert_int_equal(count, 1);
    assert_int_equal(papers[0].seat, 0);
    assert_true(bytes_equal(papers[0].papers, bytes_of_text("sealed")));
    assert_int_equal(desk->coordinator->failure.code, 0);
    desk->sent_count = 0;
    assert_false(docket_tick(docket_of(desk)));
    assert_int_equal(count_sent(desk, MESSAGE_FETCH), 0);
    desk_destroy(desk);
}

/* A second hearing, whose certificate is as large as one may be. */
static void submit_large(struct desk *desk, uint8_t number, struct bytes certificate)
{
    const struct keys *submitter = desk->fixture->submitter;
    struct message_header header = {.roster = desk->fixture->roster.digest,
                                    .manifest = {{number, 1}},
                                    .bundle = {{number, 2}},
                                    .bundle_size = 1000,
                                    .catalog = fixture_catalog()->digest,
                                    .attempt = 2,
                                    .earlier = certificate};
    struct coordinator_store_case hearing = {
        .id = {{number}}, .attempt = 2, .manifest = header.manifest, .bundle = header.bundle};
    struct buffer payload = {0};
    struct error error;
    bool is_known = true;

    memcpy(header.signing, keys_public(submitter)->signing, MESSAGE_KEY_SIZE);
    memcpy(header.sealing, keys_public(submitter)->sealing, MESSAGE_KEY_SIZE);
    codec_payload_encode_header(&header, &payload);
    hearing.header.payload = keep(desk, &payload);
    sign_payload(submitter, MESSAGE_TYPE_HEADER, hearing.header.payload, hearing.header.signature);
    require(coordinator_store_case_add(desk->coordinator->store, &hearing, &is_known, &error),
            &error);
    assert_false(is_known);
}

static void cases_too_large_for_one_docket_are_heard_in_two(void **state)
{
    struct desk *desk = desk_create(5, 1);
    char *certificate = arena_alloc(desk->arena, MESSAGE_CERTIFICATE_MAX);
    size_t case_count = 0;

    (void)state;
    assert_non_null(certificate);
    memset(certificate, ' ', MESSAGE_CERTIFICATE_MAX);
    for (uint8_t i = 0; i < COORDINATOR_DOCKET_CASES; i++) {
        submit_large(desk, i, bytes_of(certificate, MESSAGE_CERTIFICATE_MAX));
    }
    clerk_take_cases(desk->coordinator);
    assert_int_equal(desk->coordinator->failure.code, 0);
    assert_int_equal(counts_of(desk).dockets, 2);
    restart(desk);
    for (struct docket *docket = docket_of(desk); docket != NULL; docket = docket->next) {
        case_count += docket->verified.docket.case_count;
    }
    assert_int_equal(case_count, COORDINATOR_DOCKET_CASES);
    desk_destroy(desk);
}

/* ---- a disk that is full ---- */

/* No file may grow until it is freed again. */
static struct rlimit fill_disk(void)
{
    struct rlimit before;
    struct rlimit full;

    assert_int_not_equal(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    full = before;
    full.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    return before;
}

static void free_disk(const struct rlimit *before)
{
    assert_int_equal(setrlimit(RLIMIT_FSIZE, before), 0);
}

static void assert_failed_and_silent(struct desk *desk)
{
    assert_int_not_equal(desk->coordinator->failure.code, 0);
    assert_int_equal(desk->sent_count, 0);
}

static void a_proposal_that_cannot_be_stored_is_not_sent(void **state)
{
    struct desk *desk = open_desk(5, 1);

    (void)state;
    say_each(desk, say_verdict, 4);
    desk->sent_count = 0;

    struct rlimit before = fill_disk();

    say_verdict(desk, 4);
    free_disk(&before);
    assert_failed_and_silent(desk);
    /* Nor by a timer that was set before and fires late. */
    pass(desk, 10000);
    docket_seat_up(docket_of(desk), 0);
    assert_int_equal(desk->sent_count, 0);

    restart(desk);
    assert_up_to(desk, CHAIR_HEARING);
    serve(desk);
    assert_decided(desk);
    desk_destroy(desk);
}

static void a_certificate_that_cannot_be_stored_is_not_sent(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_CERTIFIED);

    (void)state;
    desk->sent_count = 0;

    struct rlimit before = fill_disk();

    say_commit(desk, 4);
    free_disk(&before);
    assert_failed_and_silent(desk);
    pass(desk, 10000);
    docket_seat_up(docket_of(desk), 0);
    assert_int_equal(desk->sent_count, 0);
    assert_int_equal(counts_of(desk).decided, 0);

    restart(desk);
    serve(desk);
    assert_decided(desk);
    desk_destroy(desk);
}

static void a_proof_or_a_done_that_cannot_be_stored_ends_the_coordinator(void **state)
{
    struct desk *desk = open_desk_at(CHAIR_DECIDED);
    struct message second = make_verdict(desk, 0, 7);
    struct rlimit before;

    (void)state;
    before = fill_disk();
    say(desk, 0, &second);
    free_disk(&before);
    assert_int_not_equal(desk->coordinator->failure.code, 0);
    assert_nobody_accused(desk);
    desk->coordinator->failure = (struct error){0};
    before = fill_disk();
    say_done(desk, 1);
    free_disk(&before);
    assert_int_not_equal(desk->coordinator->failure.code, 0);
    assert_false(seat_set_has(&docket_of(desk)->chair.done, 1));
    desk_destroy(desk);
}

/* ---- a seat that signs anything ---- */

static uint32_t draw(uint64_t *chance, uint32_t limit)
{
    *chance = *chance * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)((*chance >> 33) % limit);
}

static void lie(struct desk *desk, uint8_t seat, uint64_t *chance)
{
    uint32_t what = draw(chance, 8);
    uint32_t view = 1 + draw(chance, 3);
    bool is_good = draw(chance, 2) == 0;
    const struct digest *value = is_good ? &desk->statement.value : &other_value;
    struct message verdict;

    switch (what) {
    case 0:
        verdict = make_verdict(desk, seat, draw(chance, 3));
        say(desk, seat, &verdict);
        break;
    case 1:
    case 2:
        say_vote(desk, MESSAGE_PREPARE, seat, prepare_payload(desk, view, value));
        break;
    case 3:
    case 4:
        if (desk->statement.view != 0) {
            say_vote(desk, MESSAGE_COMMIT, seat, commit_payload(desk, view, value));
        }
        break;
    case 5:
        say_done(desk, seat);
        break;
    case 6:
        say_papers(desk, seat, draw(chance, CASES + 1), bytes_of_text("anything"));
        break;
    default:
        if (docket_of(desk) != NULL) {
            docket_seat_up(docket_of(desk), seat);
        }
        break;
    }
}

/* One faulty seat of five, and a chair that dies now and then, whatever the order. */
static void run_with_liar(uint64_t seed)
{
    struct desk *desk = open_desk(5, 1);
    uint64_t chance = seed;
    uint8_t liar = (uint8_t)draw(&chance, 5);
    struct proof proofs[32];

    seat_set_add(&desk->silent, liar);
    for (unsigned step = 0; step < 60 && docket_of(desk) != NULL; step++) {
        uint32_t what = draw(&chance, 20);

        if (what == 0) {
            restart(desk);
        } else if (what < 10) {
            lie(desk, liar, &chance);
        } else if (what == 10) {
            pass(desk, draw(&chance, 300));
        } else if (desk->served_count < desk->sent_count) {
            struct sent sent = desk->sent[desk->served_count++];

            if (sent.seat != liar) {
                answer(desk, &sent);
            }
        }
    }
    serve_for(desk, 20000);
    assert_decided(desk);
    for (size_t i = read_proofs(desk, proofs, 32); i > 0; i--) {
        assert_true(proofs[i - 1].is_seat);
        assert_int_equal(proofs[i - 1].signer, liar);
    }
    desk_destroy(desk);
}

static void no_faulty_seat_keeps_a_council_from_deciding_or_accuses_an_honest_one(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        run_with_liar(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_docket_is_decided_when_everybody_answers),
        cmocka_unit_test(a_quorum_decides_without_the_others),
        cmocka_unit_test(a_quorum_that_disagrees_waits_for_the_others),
        cmocka_unit_test(fewer_than_a_quorum_decide_nothing),
        cmocka_unit_test(votes_for_a_later_view_do_not_spoil_the_certificates),
        cmocka_unit_test(two_prepares_of_one_view_are_kept_and_the_first_counts),
        cmocka_unit_test(a_seat_that_prepared_another_value_first_does_not_count),
        cmocka_unit_test(a_prepare_in_other_bytes_neither_counts_nor_accuses),
        cmocka_unit_test(two_commits_of_one_view_are_kept_and_the_first_counts),
        cmocka_unit_test(two_verdicts_are_kept_and_the_first_counts),
        cmocka_unit_test(a_second_verdict_is_a_proof_after_the_decision_too),
        cmocka_unit_test(another_statement_of_the_same_value_counts_for_nothing),
        cmocka_unit_test(what_claims_another_seat_is_dropped),
        cmocka_unit_test(a_seat_cannot_fill_the_log),
        cmocka_unit_test(a_verdict_with_a_missing_or_superfluous_sheet_is_no_verdict),
        cmocka_unit_test(votes_before_there_is_a_proposal_do_not_count),
        cmocka_unit_test(a_commit_before_the_quorum_certificate_counts_once_there_is_one),
        cmocka_unit_test(a_chair_that_restarts_in_any_phase_goes_on),
        cmocka_unit_test(a_chair_that_restarts_after_the_decision_leaves_it_to_the_store),
        cmocka_unit_test(commits_that_a_restarted_chair_is_sent_first_decide),
        cmocka_unit_test(a_seat_that_knows_nothing_is_told_everything),
        cmocka_unit_test(what_is_not_answered_is_said_again_less_and_less_often),
        cmocka_unit_test(a_docket_is_settled_when_every_seat_has_the_certificate),
        cmocka_unit_test(a_seat_that_is_done_before_there_is_a_certificate_is_not),
        cmocka_unit_test(a_decided_docket_does_not_wait_for_ever),
        cmocka_unit_test(papers_are_taken_once_from_those_who_were_asked),
        cmocka_unit_test(cases_too_large_for_one_docket_are_heard_in_two),
        cmocka_unit_test(a_proposal_that_cannot_be_stored_is_not_sent),
        cmocka_unit_test(a_certificate_that_cannot_be_stored_is_not_sent),
        cmocka_unit_test(a_proof_or_a_done_that_cannot_be_stored_ends_the_coordinator),
        cmocka_unit_test(no_faulty_seat_keeps_a_council_from_deciding_or_accuses_an_honest_one),
    };

    log_open("docket-test", LOG_TEXT, LOG_WARNING);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
