#include "proto/verify.h"

#include <stdlib.h>

#include "base/check.h"
#include "council/quorum.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/sign.h"
#include "proto/codec.h"

static bool no_room(const char *what, struct error *error)
{
    return error_set(error, ERROR_LIMIT, "%s: no room left to verify it", what);
}

static bool is_of_scope(const struct verify_scope *scope, const struct digest *roster,
                        const struct digest *docket, const char *what, struct error *error)
{
    if (!digest_equal(roster, &scope->roster->digest)) {
        return error_set(error, ERROR_INVALID, "%s is for another roster", what);
    }
    if (!digest_equal(docket, &scope->docket)) {
        return error_set(error, ERROR_INVALID, "%s is for another docket", what);
    }
    return true;
}

/* SEAT exists and made SIGNATURE; TYPE says what it signed. */
static bool seat_signed(const struct roster *roster, uint8_t seat, const char *type,
                        struct message_signed signed_payload, struct error *error)
{
    if (seat >= roster->seat_count) {
        return error_set(error, ERROR_INVALID, "there is no seat %u in a council of %u", seat,
                         roster->seat_count);
    }
    if (!sign_verify(roster->seats[seat].signing, type, signed_payload.payload,
                     signed_payload.signature)) {
        return error_set(error, ERROR_DENIED, "seat %u did not sign this as %s", seat, type);
    }
    return true;
}

static bool are_enough(const struct roster *roster, size_t count, const char *what,
                       struct error *error)
{
    if (count < roster->quorum_count) {
        return error_set(error, ERROR_DENIED, "%s: %zu seats, want at least %u of %u", what, count,
                         roster->quorum_count, roster->seat_count);
    }
    return true;
}

/* Adds SEAT, which exists, to SEEN. Seats are counted, never keys or signatures. */
static bool is_first(struct seat_set *seen, uint8_t seat, const char *what, struct error *error)
{
    CHECK(seat < MESSAGE_SEATS_MAX);

    if (seat_set_has(seen, seat)) {
        return error_set(error, ERROR_INVALID, "%s: seat %u is in it twice", what, seat);
    }
    seat_set_add(seen, seat);
    return true;
}

/* Valid PREPARE signatures of at least q seats on the payload, none twice. */
static bool votes_are_quorum(const struct roster *roster, const struct message_qc *qc,
                             struct error *error)
{
    struct seat_set seen = {{0}};

    if (!are_enough(roster, qc->vote_count, "QC", error)) {
        return false;
    }
    for (size_t i = 0; i < qc->vote_count; i++) {
        struct message_signed vote = {.payload = qc->payload};

        memcpy(vote.signature, qc->votes[i].signature, MESSAGE_SIGNATURE_SIZE);
        if (!seat_signed(roster, qc->votes[i].seat, MESSAGE_TYPE_PREPARE, vote, error)) {
            return error_wrap(error, "QC");
        }
        if (!is_first(&seen, qc->votes[i].seat, "QC", error)) {
            return false;
        }
    }
    return true;
}

uint8_t verify_chair(const struct roster *roster, uint8_t home, uint32_t view)
{
    CHECK(view >= 1);
    CHECK(home < roster->coordinator_count);

    return (uint8_t)((home + (uint64_t)view - 1) % roster->coordinator_count);
}

static void case_id_of(const struct message_header *header, struct digest *out)
{
    char keyid[KEYS_KEYID_SIZE];
    struct hash hash;

    keys_keyid(header->signing, keyid);
    hash_init(&hash);
    hash_update_sized(&hash, bytes_of(header->roster.data, DIGEST_SIZE));
    hash_update_sized(&hash, bytes_of(header->manifest.data, DIGEST_SIZE));
    hash_update_sized(&hash, bytes_of(header->catalog.data, DIGEST_SIZE));
    hash_update_sized(&hash, bytes_of_text(keyid));
    hash_finish(&hash, out);
}

static bool header_is_valid(const struct roster *roster, const struct message_signed *header,
                            const struct message_header *decoded, struct error *error)
{
    if (!digest_equal(&decoded->roster, &roster->digest)) {
        return error_set(error, ERROR_INVALID, "header is for another roster");
    }
    if (!roster_hears(roster, &decoded->catalog)) {
        return error_set(error, ERROR_INVALID, "header names a catalogue that is not heard");
    }
    if (decoded->home >= roster->coordinator_count) {
        return error_set(error, ERROR_INVALID, "header names coordinator %u of %u", decoded->home,
                         roster->coordinator_count);
    }
    if (!keys_signing_is_valid(decoded->signing)) {
        return error_set(error, ERROR_INVALID, "header.signing is not an Ed25519 public key");
    }
    if (!sign_verify(decoded->signing, MESSAGE_TYPE_HEADER, header->payload, header->signature)) {
        return error_set(error, ERROR_DENIED, "header is not signed by its submitter");
    }
    return true;
}

bool verify_header(const struct roster *roster, const struct message_signed *header,
                   struct arena *arena, struct message_header *out, struct digest *case_id,
                   struct error *error)
{
    struct message_header decoded;

    if (!codec_payload_decode_header(header->payload, arena, &decoded, error) ||
        !header_is_valid(roster, header, &decoded, error)) {
        return false;
    }
    case_id_of(&decoded, case_id);
    *out = decoded;
    return true;
}

/* Case INDEX of the docket OUT: a valid header that belongs here, of a case not met before. */
static bool case_belongs(const struct roster *roster, struct verify_docket *out, size_t index,
                         struct error *error)
{
    const struct message_docket *docket = &out->docket;
    const struct message_header *header = &docket->cases[index];

    if (!header_is_valid(roster, &docket->headers[index], header, error)) {
        return false;
    }
    if (header->home != docket->home) {
        return error_set(error, ERROR_INVALID, "header names coordinator %u, the docket is of %u",
                         header->home, docket->home);
    }
    if (!digest_equal(&header->catalog, &docket->catalog)) {
        return error_set(error, ERROR_INVALID, "header names another catalogue than the docket");
    }
    case_id_of(header, &out->cases[index]);
    for (size_t i = 0; i < index; i++) {
        if (digest_equal(&out->cases[i], &out->cases[index])) {
            return error_set(error, ERROR_INVALID, "it is the same case as case %zu", i);
        }
    }
    out->has_earlier = out->has_earlier || header->attempt > 1;
    return true;
}

bool verify_docket(const struct roster *roster, const struct message_signed *docket,
                   struct arena *arena, struct verify_docket *out, struct error *error)
{
    struct verify_docket result = {.scope = {.roster = roster}};
    struct message_docket *decoded = &result.docket;

    if (!codec_payload_decode_docket(docket->payload, arena, decoded, error)) {
        return false;
    }
    if (!digest_equal(&decoded->roster, &roster->digest)) {
        return error_set(error, ERROR_INVALID, "docket is for another roster");
    }
    if (decoded->home >= roster->coordinator_count) {
        return error_set(error, ERROR_INVALID, "docket is of coordinator %u of %u", decoded->home,
                         roster->coordinator_count);
    }
    if (!sign_verify(roster->coordinators[decoded->home].signing, MESSAGE_TYPE_DOCKET,
                     docket->payload, docket->signature)) {
        return error_set(error, ERROR_DENIED, "docket is not signed by its home, coordinator %u",
                         decoded->home);
    }
    if (!roster_hears(roster, &decoded->catalog)) {
        return error_set(error, ERROR_INVALID, "docket names a catalogue that is not heard");
    }
    result.cases = arena_array(arena, decoded->case_count, sizeof(*result.cases));
    if (result.cases == NULL) {
        return no_room("docket", error);
    }
    for (size_t i = 0; i < decoded->case_count; i++) {
        if (!case_belongs(roster, &result, i, error)) {
            return error_wrap(error, "docket: case %zu", i);
        }
    }
    hash_bytes(docket->payload, &result.scope.docket);
    *out = result;
    return true;
}

/* A sheet and the digest that verdicts name it by. */
struct sheet {
    struct digest digest; /* First: sheets are sorted and found by it. */
    struct message_sheet sheet;
    bool is_used;
};

struct sheet_index {
    size_t count;
    struct sheet *sheets; /* By digest. */
};

/* Of two sheets, or of a digest and a sheet: both start with the digest. */
static int compare_sheets(const void *a, const void *b)
{
    return digest_compare(a, b);
}

/* Decodes the sheets of BOOK. Not in their order: in that of their digests. */
static bool index_sheets(const struct verify_docket *docket, const struct message_book *book,
                         struct arena *arena, struct sheet_index *out, struct error *error)
{
    out->count = book->sheet_count;
    out->sheets = arena_array(arena, out->count, sizeof(*out->sheets));
    if (out->sheets == NULL) {
        return no_room("sheets", error);
    }
    for (size_t i = 0; i < out->count; i++) {
        struct sheet *sheet = &out->sheets[i];

        if (!codec_part_decode_sheet(book->sheets[i], arena, &sheet->sheet, error)) {
            return error_wrap(error, "sheet %zu", i);
        }
        if (sheet->sheet.criterion_count != docket->criterion_count) {
            return error_set(error, ERROR_INVALID, "sheet %zu answers %zu criteria, want %zu", i,
                             sheet->sheet.criterion_count, docket->criterion_count);
        }
        hash_bytes(book->sheets[i], &sheet->digest);
    }
    qsort(out->sheets, out->count, sizeof(*out->sheets), compare_sheets);
    for (size_t i = 1; i < out->count; i++) {
        if (digest_equal(&out->sheets[i - 1].digest, &out->sheets[i].digest)) {
            return error_set(error, ERROR_INVALID, "a sheet is there twice");
        }
    }
    return true;
}

static bool verdict_is_valid(const struct verify_docket *docket,
                             const struct message_signed *verdict,
                             const struct message_verdict *decoded, struct error *error)
{
    if (!is_of_scope(&docket->scope, &decoded->roster, &decoded->docket, "verdict", error) ||
        !seat_signed(docket->scope.roster, decoded->seat, MESSAGE_TYPE_VERDICT, *verdict, error)) {
        return false;
    }
    if (decoded->entry_count != docket->docket.case_count) {
        return error_set(error, ERROR_INVALID, "verdict of seat %u has %zu entries for %zu cases",
                         decoded->seat, decoded->entry_count, docket->docket.case_count);
    }
    return true;
}

static bool decode_verdicts(const struct verify_docket *docket, const struct message_book *book,
                            struct arena *arena, struct verify_book *out, struct error *error)
{
    out->verdict_count = book->verdict_count;
    out->case_count = docket->docket.case_count;
    out->verdicts = arena_array(arena, out->verdict_count, sizeof(*out->verdicts));
    out->messages = arena_array(arena, out->verdict_count, sizeof(*out->messages));
    if (out->verdicts == NULL || out->messages == NULL) {
        return no_room("verdicts", error);
    }
    for (size_t i = 0; i < out->verdict_count; i++) {
        const struct message_signed *verdict = &book->verdicts[i];

        if (!codec_payload_decode_verdict(verdict->payload, arena, &out->verdicts[i], error) ||
            !verdict_is_valid(docket, verdict, &out->verdicts[i], error)) {
            return error_wrap(error, "verdict %zu", i);
        }
        if (i > 0 && out->verdicts[i].seat <= out->verdicts[i - 1].seat) {
            return error_set(error, ERROR_INVALID, "verdict of seat %u follows that of seat %u",
                             out->verdicts[i].seat, out->verdicts[i - 1].seat);
        }
        sign_message_digest(verdict->payload, verdict->signature, &out->messages[i]);
    }
    verify_book_digest(out->messages, out->verdict_count, &out->digest);
    return true;
}

/* Gives every assessed entry its sheet, and leaves no sheet over. */
static bool join_sheets(struct verify_book *book, struct sheet_index *index, struct arena *arena,
                        struct error *error)
{
    size_t count = book->verdict_count * book->case_count;

    book->sheets = arena_array(arena, count, sizeof(*book->sheets));
    if (book->sheets == NULL) {
        return no_room("book", error);
    }
    for (size_t i = 0; i < count; i++) {
        const struct message_verdict *verdict = &book->verdicts[i / book->case_count];
        const struct message_entry *entry = &verdict->entries[i % book->case_count];

        if (entry->reason != MESSAGE_ASSESSED) {
            continue;
        }
        struct sheet *sheet = bsearch(&entry->digest, index->sheets, index->count,
                                      sizeof(*index->sheets), compare_sheets);

        if (sheet == NULL) {
            return error_set(error, ERROR_INVALID, "the sheet of seat %u for case %zu is missing",
                             verdict->seat, i % book->case_count);
        }
        sheet->is_used = true;
        book->sheets[i] = &sheet->sheet;
    }
    for (size_t i = 0; i < index->count; i++) {
        if (!index->sheets[i].is_used) {
            return error_set(error, ERROR_INVALID, "a sheet is there that no verdict names");
        }
    }
    return true;
}

static bool verify_verdicts(const struct verify_docket *docket, const struct message_book *book,
                            struct arena *arena, struct verify_book *out, struct error *error)
{
    struct verify_book result = {0};
    struct sheet_index index = {0};

    CHECK(docket->criterion_count >= 1);
    CHECK(docket->criterion_count <= MESSAGE_CRITERIA_MAX);

    if (!decode_verdicts(docket, book, arena, &result, error) ||
        !index_sheets(docket, book, arena, &index, error) ||
        !join_sheets(&result, &index, arena, error)) {
        return false;
    }
    *out = result;
    return true;
}

bool verify_verdict(const struct verify_docket *docket, const struct message_book *book,
                    struct arena *arena, struct verify_book *out, struct error *error)
{
    if (book->verdict_count != 1) {
        return error_set(error, ERROR_INVALID, "%zu verdicts, want one", book->verdict_count);
    }
    return verify_verdicts(docket, book, arena, out, error);
}

bool verify_book(const struct verify_docket *docket, const struct message_book *book,
                 struct arena *arena, struct verify_book *out, struct error *error)
{
    return are_enough(docket->scope.roster, book->verdict_count, "book", error) &&
           verify_verdicts(docket, book, arena, out, error);
}

bool verify_propose(const struct verify_docket *docket, const struct message_signed *propose,
                    struct message_propose *out, struct error *error)
{
    const struct roster *roster = docket->scope.roster;
    struct message_propose decoded;

    if (!codec_payload_decode_propose(propose->payload, &decoded, error) ||
        !is_of_scope(&docket->scope, &decoded.roster, &decoded.docket, "propose", error)) {
        return false;
    }
    uint8_t chair = verify_chair(roster, docket->docket.home, decoded.view);

    if (!sign_verify(roster->coordinators[chair].signing, MESSAGE_TYPE_PROPOSE, propose->payload,
                     propose->signature)) {
        return error_set(error, ERROR_DENIED,
                         "propose is not signed by the chair of view %u, coordinator %u",
                         (unsigned)decoded.view, chair);
    }
    *out = decoded;
    return true;
}

/* The TC that lets PROPOSE be made in its view, and what it leaves the chair to choose (S2). */
static bool is_justified(const struct verify_scope *scope, struct bytes bytes, struct arena *arena,
                         struct verify_proposal *proposal, struct error *error)
{
    const struct message_propose *propose = &proposal->propose;
    struct digest digest;

    if (propose->view == 1) {
        return bytes.size == 0 || error_set(error, ERROR_INVALID, "propose brings a TC in view 1");
    }
    hash_bytes(bytes, &digest);
    if (!digest_equal(&digest, &propose->tc)) {
        return error_set(error, ERROR_INVALID, "propose brings another TC than it names");
    }
    if (!verify_tc(scope, bytes, arena, &proposal->tc, error)) {
        return false;
    }
    if (proposal->tc.tc.view != propose->view) {
        return error_set(error, ERROR_INVALID, "propose brings a TC for view %u in view %u",
                         (unsigned)proposal->tc.tc.view, (unsigned)propose->view);
    }
    if (proposal->tc.qc_view > 0 &&
        !digest_equal(&proposal->tc.qc.prepare.value, &propose->value)) {
        return error_set(error, ERROR_INVALID,
                         "propose has another value than the highest QC, of view %u",
                         (unsigned)proposal->tc.qc_view);
    }
    return true;
}

bool verify_proposal(const struct verify_docket *docket, const struct message *message,
                     struct arena *arena, struct verify_proposal *out, struct error *error)
{
    struct verify_proposal result = {0};

    CHECK(message->kind == MESSAGE_PROPOSE);

    if (!verify_propose(docket, &message->propose.propose, &result.propose, error) ||
        !is_justified(&docket->scope, message->propose.tc, arena, &result, error) ||
        !verify_book(docket, &message->propose.book, arena, &result.book, error)) {
        return false;
    }
    if (!digest_equal(&result.book.digest, &result.propose.book)) {
        return error_set(error, ERROR_INVALID, "propose brings another book than it names");
    }
    *out = result;
    return true;
}

bool verify_prepare(const struct verify_scope *scope, struct bytes payload,
                    const struct message_vote *vote, struct message_prepare *out,
                    struct error *error)
{
    struct message_signed signed_payload = {.payload = payload};
    struct message_prepare decoded;

    memcpy(signed_payload.signature, vote->signature, MESSAGE_SIGNATURE_SIZE);
    if (!codec_payload_decode_prepare(payload, &decoded, error) ||
        !is_of_scope(scope, &decoded.roster, &decoded.docket, "prepare", error) ||
        !seat_signed(scope->roster, vote->seat, MESSAGE_TYPE_PREPARE, signed_payload, error)) {
        return false;
    }
    *out = decoded;
    return true;
}

bool verify_qc(const struct verify_scope *scope, struct bytes qc, struct arena *arena,
               struct verify_qc *out, struct error *error)
{
    struct verify_qc result = {0};

    if (!codec_part_decode_qc(qc, arena, &result.qc, error) ||
        !codec_payload_decode_prepare(result.qc.payload, &result.prepare, error) ||
        !is_of_scope(scope, &result.prepare.roster, &result.prepare.docket, "QC", error) ||
        !votes_are_quorum(scope->roster, &result.qc, error)) {
        return false;
    }
    *out = result;
    return true;
}

bool verify_commit(const struct roster *roster, struct bytes statement,
                   const struct message_vote *vote, struct error *error)
{
    struct message_signed signed_payload = {.payload = statement};

    memcpy(signed_payload.signature, vote->signature, MESSAGE_SIGNATURE_SIZE);
    return seat_signed(roster, vote->seat, MESSAGE_TYPE_STATEMENT, signed_payload, error);
}

bool verify_report(const struct verify_scope *scope, const struct message_signed *report,
                   uint8_t seat, struct message_new_view *out, struct error *error)
{
    struct message_new_view decoded;

    if (!codec_payload_decode_new_view(report->payload, &decoded, error) ||
        !is_of_scope(scope, &decoded.roster, &decoded.docket, "new-view", error) ||
        !seat_signed(scope->roster, seat, MESSAGE_TYPE_NEW_VIEW, *report, error)) {
        return false;
    }
    *out = decoded;
    return true;
}

/* The QC behind (VIEW, VALUE) in full; view 0 has none. OUT is set when there is one. */
static bool is_proved(const struct verify_scope *scope, struct bytes qc, struct arena *arena,
                      const struct message_new_view *highest, struct verify_qc *out,
                      struct error *error)
{
    if (highest->qc_view == 0) {
        return qc.size == 0 || error_set(error, ERROR_INVALID, "it brings a QC that it denies");
    }
    if (qc.size == 0) {
        return error_set(error, ERROR_INVALID, "it lacks the QC of view %u that it names",
                         (unsigned)highest->qc_view);
    }
    if (!verify_qc(scope, qc, arena, out, error)) {
        return false;
    }
    if (out->prepare.view != highest->qc_view ||
        !digest_equal(&out->prepare.value, &highest->qc_value)) {
        return error_set(error, ERROR_INVALID, "its QC is of view %u, not the one it names, of %u",
                         (unsigned)out->prepare.view, (unsigned)highest->qc_view);
    }
    return true;
}

bool verify_new_view(const struct verify_scope *scope, const struct message *message,
                     struct arena *arena, struct verify_new_view *out, struct error *error)
{
    struct verify_new_view result = {0};

    CHECK(message->kind == MESSAGE_NEW_VIEW);

    if (!verify_report(scope, &message->new_view.report, message->new_view.seat, &result.report,
                       error)) {
        return false;
    }
    if (!is_proved(scope, message->new_view.qc, arena, &result.report, &result.qc, error)) {
        return error_wrap(error, "new-view of seat %u", message->new_view.seat);
    }
    if (message->new_view.tc.size > 0) {
        if (!verify_tc(scope, message->new_view.tc, arena, &result.tc, error)) {
            return error_wrap(error, "new-view of seat %u", message->new_view.seat);
        }
        result.tc_view = result.tc.tc.view;
    }
    *out = result;
    return true;
}

/* Reports for one view by at least q seats, none twice. HIGHEST becomes the one with the highest QC
 * view. */
static bool reports_are_quorum(const struct verify_scope *scope, struct verify_tc *tc,
                               const struct message_new_view **highest, struct error *error)
{
    struct seat_set seen = {{0}};

    if (!are_enough(scope->roster, tc->tc.report_count, "TC", error)) {
        return false;
    }
    *highest = &tc->reports[0];
    for (size_t i = 0; i < tc->tc.report_count; i++) {
        struct message_new_view *report = &tc->reports[i];

        if (!verify_report(scope, &tc->tc.reports[i], tc->tc.seats[i], report, error)) {
            return error_wrap(error, "TC: report %zu", i);
        }
        if (!is_first(&seen, tc->tc.seats[i], "TC", error)) {
            return false;
        }
        if (report->view != tc->tc.view) {
            return error_set(error, ERROR_INVALID, "TC for view %u: seat %u asked for view %u",
                             (unsigned)tc->tc.view, tc->tc.seats[i], (unsigned)report->view);
        }
        *highest = report->qc_view > (*highest)->qc_view ? report : *highest;
    }
    return true;
}

/* Two values with a QC in one view cannot be: whoever reports the other one lies, and a TC that
 * holds the lie is refused so that nobody can choose between them. */
static bool reports_agree(const struct verify_tc *tc, const struct message_new_view *highest,
                          struct error *error)
{
    for (size_t i = 0; i < tc->tc.report_count; i++) {
        const struct message_new_view *report = &tc->reports[i];

        if (report->qc_view == highest->qc_view &&
            !digest_equal(&report->qc_value, &highest->qc_value)) {
            return error_set(error, ERROR_INVALID, "TC: seat %u names another value in view %u",
                             tc->tc.seats[i], (unsigned)highest->qc_view);
        }
    }
    return true;
}

bool verify_tc(const struct verify_scope *scope, struct bytes tc, struct arena *arena,
               struct verify_tc *out, struct error *error)
{
    struct verify_tc result = {0};
    const struct message_new_view *highest = NULL;

    if (!codec_part_decode_tc(tc, arena, &result.tc, error)) {
        return false;
    }
    result.reports = arena_array(arena, result.tc.report_count, sizeof(*result.reports));
    if (result.reports == NULL) {
        return no_room("TC", error);
    }
    if (!reports_are_quorum(scope, &result, &highest, error) ||
        !reports_agree(&result, highest, error)) {
        return false;
    }
    if (!is_proved(scope, result.tc.qc, arena, highest, &result.qc, error)) {
        return error_wrap(error, "TC for view %u", (unsigned)result.tc.view);
    }
    result.qc_view = highest->qc_view;
    hash_bytes(tc, &result.digest);
    *out = result;
    return true;
}

void verify_book_digest(const struct digest *messages, size_t count, struct digest *out)
{
    struct hash hash;

    hash_init(&hash);
    for (size_t i = 0; i < count; i++) {
        hash_update_sized(&hash, bytes_of(messages[i].data, DIGEST_SIZE));
    }
    hash_finish(&hash, out);
}

void verify_value(const struct digest *docket, const struct digest *book,
                  const struct digest *reports, size_t report_count, struct digest *out)
{
    struct hash hash;

    hash_init(&hash);
    hash_update_sized(&hash, bytes_of(docket->data, DIGEST_SIZE));
    hash_update_sized(&hash, bytes_of(book->data, DIGEST_SIZE));
    for (size_t i = 0; i < report_count; i++) {
        hash_update_sized(&hash, bytes_of(reports[i].data, DIGEST_SIZE));
    }
    hash_finish(&hash, out);
}
