#include "report/certificate.h"

#include <string.h>

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/sign.h"
#include "formats/tree.h"
#include "report/emit.h"
#include "report/read.h"

#define ARENA_MAX (8 * MESSAGE_CERTIFICATE_MAX) /* Bytes that one certificate may unpack into. */

/* What became of the signatures of an envelope. */
struct count {
    struct seat_set signers;
    uint8_t signatures[MESSAGE_SEATS_MAX][MESSAGE_SIGNATURE_SIZE]; /* Of the signers. */
    unsigned stranger_count;                                       /* By nobody of the roster. */
    unsigned invalid_count;                                        /* By a seat, but wrong. */
};

struct keyids {
    uint8_t count;
    char items[MESSAGE_SEATS_MAX][KEYS_KEYID_SIZE]; /* By seat. */
};

static void list_keyids(const struct roster *roster, struct keyids *out)
{
    out->count = roster->seat_count;
    for (uint8_t seat = 0; seat < roster->seat_count; seat++) {
        keys_keyid(roster->seats[seat].signing, out->items[seat]);
    }
}

void certificate_write(const struct roster *roster, struct bytes statement,
                       const struct message_vote *votes, size_t vote_count, struct buffer *out)
{
    buffer_append_byte(out, '{');
    emit_key(out, "payload");
    emit_base64(out, statement);
    emit_key(out, "payloadType");
    emit_text(out, MESSAGE_TYPE_STATEMENT);
    emit_key(out, "signatures");
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < vote_count; i++) {
        char keyid[KEYS_KEYID_SIZE];

        CHECK(votes[i].seat < roster->seat_count);
        CHECK(i == 0 || votes[i - 1].seat < votes[i].seat);
        keys_keyid(roster->seats[votes[i].seat].signing, keyid);
        emit_comma(out);
        buffer_append_byte(out, '{');
        emit_key(out, "keyid");
        emit_text(out, keyid);
        emit_key(out, "sig");
        emit_base64(out, bytes_of(votes[i].signature, MESSAGE_SIGNATURE_SIZE));
        buffer_append_byte(out, '}');
    }
    buffer_append_text(out, "]}");
}

static int seat_of(const struct keyids *keyids, const char *keyid)
{
    for (uint8_t seat = 0; seat < keyids->count; seat++) {
        if (strcmp(keyids->items[seat], keyid) == 0) {
            return seat;
        }
    }
    return -1;
}

/* The keyid is a hint for finding the key; the signature decides. */
static bool count_signatures(const struct tree *list, const struct roster *roster,
                             struct bytes payload, struct arena *arena, struct count *out,
                             struct error *error)
{
    struct keyids keyids;

    list_keyids(roster, &keyids);
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        const char *keyid = NULL;
        struct bytes signature;

        if (!tree_need_text(item, "keyid", &keyid, error) ||
            !read_payload(item, "sig", arena, &signature, error)) {
            return false;
        }
        int seat = seat_of(&keyids, keyid);

        if (seat < 0) {
            out->stranger_count++;
        } else if (signature.size != MESSAGE_SIGNATURE_SIZE ||
                   !sign_verify(roster->seats[seat].signing, MESSAGE_TYPE_STATEMENT, payload,
                                signature.data)) {
            out->invalid_count++;
        } else {
            seat_set_add(&out->signers, (uint8_t)seat);
            memcpy(out->signatures[seat], signature.data, MESSAGE_SIGNATURE_SIZE);
        }
    }
    return true;
}

static bool are_enough(const struct count *count, const struct roster *roster, const char *file,
                       struct error *error)
{
    uint8_t signer_count = seat_set_count(&count->signers);

    if (signer_count >= roster->quorum_count) {
        return true;
    }
    if (signer_count == 0 && count->invalid_count == 0 && count->stranger_count > 0) {
        return error_set(error, ERROR_DENIED,
                         "%s: none of its %u signatures is by a seat of this roster", file,
                         count->stranger_count);
    }
    return error_set(error, ERROR_DENIED,
                     "%s: %u distinct seats signed, %u are needed (%u signatures do not verify, %u "
                     "are by nobody of this roster)",
                     file, signer_count, roster->quorum_count, count->invalid_count,
                     count->stranger_count);
}

static bool is_of_roster(const struct statement *statement, const struct roster *roster,
                         const char *file, struct error *error)
{
    if (!digest_equal(&statement->roster, &roster->digest)) {
        return error_set(error, ERROR_DENIED, "%s: it is a result under another roster", file);
    }
    if (statement->quorum.seat_count != roster->seat_count ||
        statement->quorum.faulty_max != roster->faulty_max ||
        statement->quorum.quorum_count != roster->quorum_count) {
        return error_set(
            error, ERROR_DENIED,
            "%s: it says n = %u, f = %u, q = %u, and the roster n = %u, f = %u, q = %u", file,
            statement->quorum.seat_count, statement->quorum.faulty_max,
            statement->quorum.quorum_count, roster->seat_count, roster->faulty_max,
            roster->quorum_count);
    }
    return true;
}

static bool fill_votes(const struct count *count, struct arena *arena, struct certificate *out,
                       struct error *error)
{
    out->signers = count->signers;
    out->votes = arena_array(arena, seat_set_count(&count->signers), sizeof(*out->votes));
    if (out->votes == NULL) {
        return error_set(error, ERROR_LIMIT, "the certificate needs too much memory");
    }
    for (uint8_t seat = 0; seat < MESSAGE_SEATS_MAX; seat++) {
        if (seat_set_has(&count->signers, seat)) {
            struct message_vote *vote = &out->votes[out->vote_count++];

            vote->seat = seat;
            memcpy(vote->signature, count->signatures[seat], MESSAGE_SIGNATURE_SIZE);
        }
    }
    return true;
}

/* Parses ENVELOPE, which is FILE's content, as far as that it is a map. */
static bool parse_envelope(struct bytes envelope, const char *file, struct arena *arena,
                           struct tree **out, struct error *error)
{
    struct tree *root = NULL;

    if (envelope.size > MESSAGE_CERTIFICATE_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: %zu bytes are more than a certificate may have",
                         file, envelope.size);
    }
    if (!tree_parse_json(envelope, file, arena, &root, error)) {
        return false;
    }
    if (root->type != TREE_MAP) {
        return READ_FAIL(root, error, "a certificate is a map");
    }
    *out = root;
    return true;
}

/* The order is that of DSSE: signatures first, and nothing of the payload is read before. */
bool certificate_check(struct bytes envelope, const char *file, const struct roster *roster,
                       struct arena *arena, struct certificate **out, struct error *error)
{
    struct certificate *certificate = arena_alloc(arena, sizeof(*certificate));
    const struct tree *signatures = NULL;
    struct tree *root = NULL;
    struct count count = {.stranger_count = 0};

    if (certificate == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: no memory for a certificate", file);
    }
    if (!parse_envelope(envelope, file, arena, &root, error) ||
        !read_word(root, "payloadType", MESSAGE_TYPE_STATEMENT, error) ||
        !read_payload(root, "payload", arena, &certificate->payload, error) ||
        !read_list(root, "signatures", TREE_MAP, 1, CERTIFICATE_SIGNATURES_MAX, &signatures,
                   error) ||
        !count_signatures(signatures, roster, certificate->payload, arena, &count, error) ||
        !are_enough(&count, roster, file, error)) {
        return false;
    }
    if (!statement_parse(certificate->payload, arena, &certificate->statement, error)) {
        return error_wrap(error, "%s", file);
    }
    if (!is_of_roster(&certificate->statement, roster, file, error) ||
        !fill_votes(&count, arena, certificate, error)) {
        return false;
    }
    *out = certificate;
    return true;
}

bool certificate_claim(struct bytes envelope, const char *file, struct arena *arena,
                       struct statement *out, struct error *error)
{
    struct tree *root = NULL;
    struct bytes payload;

    return parse_envelope(envelope, file, arena, &root, error) &&
           read_payload(root, "payload", arena, &payload, error) &&
           statement_parse(payload, arena, out, error);
}

int certificate_find(const struct certificate *certificate, const struct digest *case_id,
                     uint32_t attempt)
{
    for (size_t i = 0; i < certificate->statement.case_count; i++) {
        const struct statement_case *item = &certificate->statement.cases[i];

        if (digest_equal(&item->id, case_id) && (attempt == 0 || item->attempt == attempt)) {
            return (int)i;
        }
    }
    return -1;
}

/* The seats of REPORT are those of ROSTER, by name. */
static bool names_agree(const struct report *report, const struct roster *roster,
                        struct error *error)
{
    for (uint8_t seat = 0; seat < roster->seat_count; seat++) {
        const struct report_seat *mine = &report->seats[seat];
        const struct roster_seat *theirs = &roster->seats[seat];

        if (strcmp(mine->operator_name, theirs->operator_name) != 0 ||
            strcmp(mine->ruleset, theirs->ruleset) != 0 || strcmp(mine->host, theirs->host) != 0) {
            return error_set(error, ERROR_INVALID, "seat %u is described as in no such roster",
                             seat);
        }
    }
    return true;
}

static bool report_agrees(const struct report *report, const struct statement *statement,
                          const struct statement_case *item, struct error *error)
{
    const char *field = !digest_equal(&report->case_id, &item->id)                     ? "case"
                        : report->attempt != item->attempt                             ? "attempt"
                        : !digest_equal(&report->manifest, &item->manifest)            ? "manifest"
                        : report->findings.outcome != item->outcome                    ? "outcome"
                        : !digest_equal(&report->roster, &statement->roster)           ? "roster"
                        : !digest_equal(&report->docket, &statement->docket)           ? "docket"
                        : report->as_of != statement->as_of                            ? "asOf"
                        : !digest_equal(&report->catalog->digest, &statement->catalog) ? "catalogue"
                        : report->quorum.seat_count != statement->quorum.seat_count    ? "n"
                        : report->quorum.faulty_max != statement->quorum.faulty_max    ? "f"
                                                                                       : NULL;

    return field == NULL ||
           error_set(error, ERROR_INVALID, "its %s is not that of the certificate", field);
}

bool certificate_check_report(const struct certificate *certificate, const struct roster *roster,
                              struct bytes report, const char *file, struct arena *arena,
                              struct report **out, size_t *index, struct error *error)
{
    const struct statement *statement = &certificate->statement;
    struct digest digest;
    struct report *parsed = NULL;
    size_t at = 0;

    hash_bytes(report, &digest);
    while (at < statement->case_count && !digest_equal(&statement->cases[at].report, &digest)) {
        at++;
    }
    if (at == statement->case_count) {
        return error_set(error, ERROR_DENIED,
                         "%s: it is not one of the %zu reports that the certificate covers", file,
                         statement->case_count);
    }
    if (!report_parse(report, file, arena, &parsed, error)) {
        return false;
    }
    if (!report_agrees(parsed, statement, &statement->cases[at], error) ||
        !names_agree(parsed, roster, error)) {
        return error_wrap(error, "%s", file);
    }
    *out = parsed;
    *index = at;
    return true;
}

bool certificate_check_bundle(const struct certificate *certificate, const struct digest *manifest,
                              size_t index, struct error *error)
{
    const struct statement *statement = &certificate->statement;

    CHECK(index == SIZE_MAX || index < statement->case_count);
    for (size_t i = 0; i < statement->case_count; i++) {
        if ((index == SIZE_MAX || index == i) &&
            digest_equal(&statement->cases[i].manifest, manifest)) {
            return true;
        }
    }
    return error_set(error, ERROR_DENIED, "the bundle is not what %s is about",
                     index == SIZE_MAX ? "any case of the certificate" : "the case");
}

static bool earlier_holds(const struct verify_docket *docket, size_t index, struct arena *arena,
                          struct error *error)
{
    const struct message_header *header = &docket->docket.cases[index];
    struct certificate *earlier = NULL;

    if (!certificate_check(header->earlier, "earlier certificate", docket->scope.roster, arena,
                           &earlier, error)) {
        return false;
    }
    int at = certificate_find(earlier, &docket->cases[index], header->attempt - 1);

    if (at < 0) {
        return error_set(error, ERROR_INVALID, "the earlier certificate does not cover attempt %u",
                         header->attempt - 1);
    }
    if (earlier->statement.cases[at].outcome == FINDINGS_CONCLUSIVE) {
        return error_set(error, ERROR_INVALID, "attempt %u was conclusive", header->attempt - 1);
    }
    return true;
}

bool certificate_check_earlier(const struct verify_docket *docket, struct error *error)
{
    struct arena *arena = arena_create(ARENA_MAX);
    bool all_hold = true;

    for (size_t i = 0; all_hold && i < docket->docket.case_count; i++) {
        if (docket->docket.cases[i].attempt > 1) {
            arena_reset(arena);
            all_hold = earlier_holds(docket, i, arena, error) || error_wrap(error, "case %zu", i);
        }
    }
    arena_destroy(arena);
    return all_hold;
}

void certificate_write_keyring(const struct roster *roster, struct buffer *out)
{
    /* Members are sorted by keyid, which says nothing about the seat. */
    struct keyids keyids;
    uint8_t order[MESSAGE_SEATS_MAX];

    list_keyids(roster, &keyids);
    for (uint8_t seat = 0; seat < roster->seat_count; seat++) {
        uint8_t at = seat;

        for (; at > 0 && strcmp(keyids.items[order[at - 1]], keyids.items[seat]) > 0; at--) {
            order[at] = order[at - 1];
        }
        order[at] = seat;
    }
    buffer_append_text(out, "{\"keys\":{");
    for (uint8_t i = 0; i < roster->seat_count; i++) {
        struct digest key;

        memcpy(key.data, roster->seats[order[i]].signing, sizeof(key.data));
        emit_key(out, keyids.items[order[i]]);
        buffer_append_text(out, "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":");
        emit_digest(out, &key);
        buffer_append_text(out, "},\"scheme\":\"ed25519\"}");
    }
    buffer_append_text(out, "},\"threshold\":");
    emit_number(out, roster->quorum_count);
    buffer_append_byte(out, '}');
}
