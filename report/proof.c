#include "report/proof.h"

#include <string.h>

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/sign.h"
#include "formats/tree.h"
#include "proto/codec.h"
#include "proto/verify.h"
#include "report/emit.h"
#include "report/read.h"
#include "report/statement.h"

#define FILE_TYPE "aims-council-misconduct/1"

/* A TC is judged in an arena of its own: if it could run out of room, the same bytes would be valid
 * for one judge and not for another. */
#define TC_MEMORY_MAX (2 * CODEC_TC_MAX + CODEC_MEMORY_MAX)

/* One message on its way to becoming an act. */
struct exhibit {
    const struct roster *roster;
    const char *type;
    const struct message_signed *message;
    const struct message_signed *docket; /* Of a verdict, if it is at hand; else empty. */
    struct arena *arena;
};

static bool no_room(struct error *error)
{
    return error_set(error, ERROR_LIMIT, "the proof needs too much memory");
}

static bool is_of_roster(const struct exhibit *exhibit, const struct digest *roster,
                         struct error *error)
{
    return digest_equal(roster, &exhibit->roster->digest) ||
           error_set(error, ERROR_DENIED, "a message was signed under another roster");
}

/* The hearings that VERDICT assesses, by the docket that came with it. */
static bool list_hearings(const struct exhibit *exhibit, const struct message_verdict *verdict,
                          struct act *act, struct error *error)
{
    struct verify_docket docket;
    struct act_hearing *cases =
        arena_array(exhibit->arena, verdict->entry_count, sizeof(*act->cases));

    if (cases == NULL) {
        return no_room(error);
    }
    if (!verify_docket(exhibit->roster, exhibit->docket, exhibit->arena, &docket, error)) {
        return error_wrap(error, "docket of a verdict");
    }
    if (!digest_equal(&docket.scope.docket, &verdict->docket)) {
        return error_set(error, ERROR_DENIED, "a verdict comes with another docket than it names");
    }
    if (docket.docket.case_count != verdict->entry_count) {
        return error_set(error, ERROR_DENIED, "a verdict has %zu entries for %zu cases",
                         verdict->entry_count, docket.docket.case_count);
    }
    for (size_t i = 0; i < verdict->entry_count; i++) {
        if (verdict->entries[i].reason == MESSAGE_ASSESSED) {
            cases[act->case_count++] = (struct act_hearing){
                .case_id = docket.cases[i], .attempt = docket.docket.cases[i].attempt};
        }
    }
    act->cases = cases;
    return true;
}

static bool decode_verdict(const struct exhibit *exhibit, struct act *act, struct error *error)
{
    struct message_verdict verdict;

    if (!codec_payload_decode_verdict(exhibit->message->payload, exhibit->arena, &verdict, error) ||
        !is_of_roster(exhibit, &verdict.roster, error)) {
        return false;
    }
    if (verdict.seat != act->signer) {
        return error_set(error, ERROR_DENIED, "a verdict names seat %u, and seat %u signed it",
                         verdict.seat, act->signer);
    }
    act->docket = verdict.docket;
    return exhibit->docket->payload.size == 0 || list_hearings(exhibit, &verdict, act, error);
}

static bool decode_prepare(const struct exhibit *exhibit, struct act *act, struct error *error)
{
    struct message_prepare prepare;

    if (!codec_payload_decode_prepare(exhibit->message->payload, &prepare, error) ||
        !is_of_roster(exhibit, &prepare.roster, error)) {
        return false;
    }
    act->docket = prepare.docket;
    act->view = prepare.view;
    act->value = prepare.value;
    act->tc = prepare.tc;
    return true;
}

static bool decode_commit(const struct exhibit *exhibit, struct act *act, struct error *error)
{
    struct statement *statement = arena_alloc(exhibit->arena, sizeof(*statement));

    if (statement == NULL) {
        return no_room(error);
    }
    if (!statement_parse(exhibit->message->payload, exhibit->arena, statement, error) ||
        !is_of_roster(exhibit, &statement->roster, error)) {
        return false;
    }
    act->docket = statement->docket;
    act->view = statement->view;
    act->value = statement->value;
    return true;
}

static bool decode_new_view(const struct exhibit *exhibit, struct act *act, struct error *error)
{
    struct message_new_view report;

    if (!codec_payload_decode_new_view(exhibit->message->payload, &report, error) ||
        !is_of_roster(exhibit, &report.roster, error)) {
        return false;
    }
    act->docket = report.docket;
    act->view = report.view;
    act->qc_view = report.qc_view;
    act->qc_value = report.qc_value;
    return true;
}

static bool decode_propose(const struct exhibit *exhibit, struct act *act, struct error *error)
{
    struct message_propose propose;

    if (!codec_payload_decode_propose(exhibit->message->payload, &propose, error) ||
        !is_of_roster(exhibit, &propose.roster, error)) {
        return false;
    }
    act->docket = propose.docket;
    act->view = propose.view;
    act->value = propose.value;
    return true;
}

/* Who signed two dockets under one serial is guilty even if one of them is not valid. */
static bool decode_docket(const struct exhibit *exhibit, struct act *act, struct error *error)
{
    struct message_docket docket;

    if (!codec_payload_decode_docket(exhibit->message->payload, exhibit->arena, &docket, error) ||
        !is_of_roster(exhibit, &docket.roster, error)) {
        return false;
    }
    if (docket.home != act->signer) {
        return error_set(error, ERROR_DENIED, "a docket names home %u, and coordinator %u signed",
                         docket.home, act->signer);
    }
    act->docket = act->payload;
    act->serial = docket.serial;
    return true;
}

static const struct form {
    const char *type;
    enum act_kind kind;
    bool is_seat; /* Seats sign it, else coordinators. */
    bool (*decode)(const struct exhibit *, struct act *, struct error *);
} forms[] = {
    {MESSAGE_TYPE_VERDICT, ACT_VERDICT, true, decode_verdict},
    {MESSAGE_TYPE_PREPARE, ACT_PREPARE, true, decode_prepare},
    {MESSAGE_TYPE_STATEMENT, ACT_COMMIT, true, decode_commit},
    {MESSAGE_TYPE_NEW_VIEW, ACT_NEW_VIEW, true, decode_new_view},
    {MESSAGE_TYPE_PROPOSE, ACT_PROPOSE, false, decode_propose},
    {MESSAGE_TYPE_DOCKET, ACT_DOCKET, false, decode_docket},
};

static const struct form *form_of(const char *type)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strcmp(forms[i].type, type) == 0) {
            return &forms[i];
        }
    }
    return NULL;
}

static const uint8_t *key_of(const struct roster *roster, const struct proof *proof)
{
    return proof->is_seat ? roster->seats[proof->signer].signing
                          : roster->coordinators[proof->signer].signing;
}

/* The message behind EXHIBIT, signed by the culprit that PROOF names. */
static bool decode_signed(const struct exhibit *exhibit, const struct proof *proof, struct act *act,
                          struct error *error)
{
    const struct form *form = form_of(exhibit->type);

    if (form == NULL) {
        return error_set(error, ERROR_INVALID, "\"%.80s\" is not a message that can prove anything",
                         exhibit->type);
    }
    if (form->is_seat != proof->is_seat) {
        return error_set(error, ERROR_DENIED, "%s is not what %s signs", exhibit->type,
                         proof->is_seat ? "a seat" : "a coordinator");
    }
    if (!sign_verify(key_of(exhibit->roster, proof), form->type, exhibit->message->payload,
                     exhibit->message->signature)) {
        return error_set(error, ERROR_DENIED, "%s %u did not sign a message as %s",
                         proof->is_seat ? "seat" : "coordinator", proof->signer, form->type);
    }
    *act = (struct act){.kind = form->kind, .is_seat = proof->is_seat, .signer = proof->signer};
    hash_bytes(exhibit->message->payload, &act->payload);
    return form->decode(exhibit, act, error);
}

/* A TC as it stands in DOCKET. That it is not valid is no error: it is what E6 is about. */
static void judge_tc(const struct roster *roster, struct bytes tc, const struct digest *docket,
                     struct act *act)
{
    struct verify_scope scope = {.roster = roster, .docket = *docket};
    struct arena *arena = arena_create(TC_MEMORY_MAX);
    struct verify_tc decoded;
    struct error ignored;

    *act = (struct act){.kind = ACT_TC, .docket = *docket};
    hash_bytes(tc, &act->payload);
    if (verify_tc(&scope, tc, arena, &decoded, &ignored)) {
        act->is_valid = true;
        act->view = decoded.tc.view;
        act->qc_view = decoded.qc_view;
        if (decoded.qc_view > 0) {
            act->qc_value = decoded.qc.prepare.value;
        }
    }
    arena_destroy(arena);
}

static void swap(struct proof *proof)
{
    const char *type = proof->first_type;
    struct message_signed message = proof->first;
    struct message_signed docket = proof->dockets[0];

    proof->first_type = proof->second_type;
    proof->second_type = type;
    proof->first = proof->second;
    proof->second = message;
    proof->dockets[0] = proof->dockets[1];
    proof->dockets[1] = docket;
}

/* The TC last, a NEW-VIEW behind a COMMIT. */
static bool is_in_order(const struct proof *proof)
{
    const struct form *first = form_of(proof->first_type);
    const struct form *second = form_of(proof->second_type);

    return first != NULL && (second == NULL || first->kind <= second->kind);
}

static bool decode_second(const struct exhibit *exhibit, const struct proof *proof,
                          const struct act *first, struct act *act, struct error *error)
{
    if (strcmp(exhibit->type, PROOF_TYPE_TC) == 0) {
        judge_tc(exhibit->roster, exhibit->message->payload, &first->docket, act);
        return true;
    }
    return decode_signed(exhibit, proof, act, error);
}

bool proof_judge(const struct roster *roster, struct proof *proof, struct arena *arena,
                 struct error *error)
{
    struct proof result = *proof;
    struct act acts[2];

    CHECK(proof->signer < (proof->is_seat ? roster->seat_count : roster->coordinator_count));
    if (!is_in_order(&result)) {
        swap(&result);
    }
    struct exhibit first = {roster, result.first_type, &result.first, &result.dockets[0], arena};
    struct exhibit second = {roster, result.second_type, &result.second, &result.dockets[1], arena};

    if (!decode_signed(&first, &result, &acts[0], error) ||
        !decode_second(&second, &result, &acts[0], &acts[1], error)) {
        return false;
    }
    result.kind = misconduct_judge(&acts[0], &acts[1]);
    if (result.kind == MISCONDUCT_NONE) {
        return error_set(error, ERROR_DENIED, "the two messages prove nothing");
    }
    if (result.kind != MISCONDUCT_TWO_HEARINGS) {
        result.dockets[0] = (struct message_signed){.payload = {NULL, 0}};
        result.dockets[1] = result.dockets[0];
    }
    result.docket = acts[0].docket;
    *proof = result;
    return true;
}

/* SIGNING is NULL for a TC. */
static void write_envelope(const char *type, const struct message_signed *message,
                           const uint8_t *signing, struct buffer *out)
{
    buffer_append_byte(out, '{');
    emit_key(out, "payload");
    emit_base64(out, message->payload);
    emit_key(out, "payloadType");
    emit_text(out, type);
    emit_key(out, "signatures");
    buffer_append_byte(out, '[');
    if (signing != NULL) {
        char keyid[KEYS_KEYID_SIZE];

        keys_keyid(signing, keyid);
        buffer_append_byte(out, '{');
        emit_key(out, "keyid");
        emit_text(out, keyid);
        emit_key(out, "sig");
        emit_base64(out, bytes_of(message->signature, MESSAGE_SIGNATURE_SIZE));
        buffer_append_byte(out, '}');
    }
    buffer_append_text(out, "]}");
}

/* Key of the coordinator that signed DOCKET, which is valid. */
static const uint8_t *home_key_of(const struct roster *roster, const struct message_signed *docket)
{
    for (uint8_t i = 0; i < roster->coordinator_count; i++) {
        if (sign_verify(roster->coordinators[i].signing, MESSAGE_TYPE_DOCKET, docket->payload,
                        docket->signature)) {
            return roster->coordinators[i].signing;
        }
    }
    CHECK_UNREACHABLE();
}

void proof_write(const struct roster *roster, const struct proof *proof, struct buffer *out)
{
    bool is_tc = strcmp(proof->second_type, PROOF_TYPE_TC) == 0;

    CHECK(proof->kind != MISCONDUCT_NONE);
    buffer_append_byte(out, '{');
    if (proof->kind == MISCONDUCT_TWO_HEARINGS) {
        emit_key(out, "dockets");
        buffer_append_byte(out, '[');
        for (size_t i = 0; i < 2; i++) {
            emit_comma(out);
            write_envelope(MESSAGE_TYPE_DOCKET, &proof->dockets[i],
                           home_key_of(roster, &proof->dockets[i]), out);
        }
        buffer_append_byte(out, ']');
    }
    emit_key(out, "first");
    write_envelope(proof->first_type, &proof->first, key_of(roster, proof), out);
    emit_key(out, "kind");
    emit_text(out, misconduct_name(proof->kind));
    emit_key(out, "roster");
    emit_digest(out, &roster->digest);
    emit_key(out, "second");
    write_envelope(proof->second_type, &proof->second, is_tc ? NULL : key_of(roster, proof), out);
    emit_key(out, "type");
    emit_text(out, FILE_TYPE);
    buffer_append_byte(out, '}');
}

/* An envelope as it stands in the file. */
struct envelope {
    const char *type;
    const char *keyid; /* NULL without a signature. */
    struct message_signed message;
};

static bool read_signature(const struct tree *node, struct arena *arena, struct envelope *out,
                           struct error *error)
{
    static const char *const keys[] = {"keyid", "sig", NULL};
    struct bytes signature;

    if (!tree_only_keys(node, keys, error) || !read_name(node, "keyid", &out->keyid, error) ||
        !read_payload(node, "sig", arena, &signature, error)) {
        return false;
    }
    if (signature.size != MESSAGE_SIGNATURE_SIZE) {
        return READ_FAIL(node, error, "\"sig\" is %zu bytes, want %d", signature.size,
                         MESSAGE_SIGNATURE_SIZE);
    }
    memcpy(out->message.signature, signature.data, MESSAGE_SIGNATURE_SIZE);
    return true;
}

/* An envelope with one signature, or none around a TC. */
static bool read_envelope(const struct tree *node, struct arena *arena, struct envelope *out,
                          struct error *error)
{
    static const char *const keys[] = {"payload", "payloadType", "signatures", NULL};
    struct envelope envelope = {.keyid = NULL};
    const struct tree *signatures = NULL;

    if (!tree_only_keys(node, keys, error) ||
        !read_name(node, "payloadType", &envelope.type, error) ||
        !read_payload(node, "payload", arena, &envelope.message.payload, error)) {
        return false;
    }
    size_t count = strcmp(envelope.type, PROOF_TYPE_TC) == 0 ? 0 : 1;

    if (!read_list(node, "signatures", TREE_MAP, count, count, &signatures, error) ||
        (count > 0 && !read_signature(signatures->child, arena, &envelope, error))) {
        return false;
    }
    *out = envelope;
    return true;
}

/* Whose key has the id KEYID. */
static bool find_culprit(const struct roster *roster, const char *keyid, struct proof *out)
{
    char mine[KEYS_KEYID_SIZE];

    for (uint8_t i = 0; i < roster->seat_count; i++) {
        keys_keyid(roster->seats[i].signing, mine);
        if (strcmp(mine, keyid) == 0) {
            out->is_seat = true;
            out->signer = i;
            return true;
        }
    }
    for (uint8_t i = 0; i < roster->coordinator_count; i++) {
        keys_keyid(roster->coordinators[i].signing, mine);
        if (strcmp(mine, keyid) == 0) {
            out->is_seat = false;
            out->signer = i;
            return true;
        }
    }
    return false;
}

static bool read_dockets(const struct tree *root, struct arena *arena, struct proof *out,
                         struct error *error)
{
    const struct tree *list = NULL;
    struct envelope envelopes[2];

    if (tree_get(root, "dockets") == NULL) {
        return true;
    }
    if (!read_list(root, "dockets", TREE_MAP, 2, 2, &list, error) ||
        !read_envelope(list->child, arena, &envelopes[0], error) ||
        !read_envelope(list->child->next, arena, &envelopes[1], error)) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(envelopes[i].type, MESSAGE_TYPE_DOCKET) != 0) {
            return READ_FAIL(list, error, "\"dockets\" holds something else");
        }
        out->dockets[i] = envelopes[i].message;
    }
    return true;
}

static bool read_messages(const struct tree *root, const struct roster *roster, struct arena *arena,
                          struct proof *out, struct error *error)
{
    const struct tree *node = NULL;
    struct envelope first;
    struct envelope second;

    if (!tree_need_map(root, "first", &node, error) || !read_envelope(node, arena, &first, error) ||
        !tree_need_map(root, "second", &node, error) ||
        !read_envelope(node, arena, &second, error)) {
        return false;
    }
    if (first.keyid == NULL) {
        return READ_FAIL(root, error, "\"first\" is a TC, which nobody signs");
    }
    if (second.keyid != NULL && strcmp(first.keyid, second.keyid) != 0) {
        return error_set(error, ERROR_DENIED, "two different keys signed the two messages");
    }
    if (!find_culprit(roster, first.keyid, out)) {
        return error_set(error, ERROR_DENIED, "the key of its messages is not in this roster");
    }
    out->first_type = first.type;
    out->second_type = second.type;
    out->first = first.message;
    out->second = second.message;
    return true;
}

static bool read_proof(const struct tree *root, const struct roster *roster, struct arena *arena,
                       struct proof *out, struct error *error)
{
    static const char *const keys[] = {"dockets", "first", "kind", "roster",
                                       "second",  "type",  NULL};
    const char *kind = NULL;
    struct digest digest;

    if (root->type != TREE_MAP) {
        return READ_FAIL(root, error, "a proof of misconduct is a map");
    }
    if (!read_word(root, "type", FILE_TYPE, error) || !tree_only_keys(root, keys, error) ||
        !read_name(root, "kind", &kind, error) || !read_digest(root, "roster", &digest, error)) {
        return false;
    }
    out->kind = misconduct_of_name(kind);
    if (out->kind == MISCONDUCT_NONE) {
        return READ_FAIL(root, error, "\"kind\" is \"%.80s\", want E1 to E8", kind);
    }
    if (!digest_equal(&digest, &roster->digest)) {
        return error_set(error, ERROR_DENIED, "it is about a council of another roster");
    }
    return read_dockets(root, arena, out, error) && read_messages(root, roster, arena, out, error);
}

bool proof_check(struct bytes json, const char *name, const struct roster *roster,
                 struct arena *arena, struct proof *out, struct error *error)
{
    struct proof proof = {.kind = MISCONDUCT_NONE};
    struct tree *root = NULL;

    if (json.size > PROOF_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: %zu bytes are more than a proof may have", name,
                         json.size);
    }
    if (!tree_parse_json(json, name, arena, &root, error)) {
        return false;
    }
    if (!read_proof(root, roster, arena, &proof, error)) {
        return error->code == ERROR_DENIED ? error_wrap(error, "%s", name) : false;
    }
    enum misconduct claimed = proof.kind;

    if (!proof_judge(roster, &proof, arena, error)) {
        return error_wrap(error, "%s", name);
    }
    if (proof.kind != claimed) {
        return error_set(error, ERROR_DENIED, "%s: it says %s and proves %s", name,
                         misconduct_name(claimed), misconduct_name(proof.kind));
    }
    *out = proof;
    return true;
}
