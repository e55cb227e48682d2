#include "coordinator/accuse.h"

#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "proto/codec.h"
#include "report/proof.h"

/* Judges and, when it proves something new, stores. */
static bool judge(struct coordinator *coordinator, struct proof *proof, struct error *error)
{
    struct arena *arena = arena_create(PROOF_MEMORY_MAX);
    char id[DIGEST_HEX_SIZE];
    struct error harmless;
    bool is_new = false;
    bool is_ok = true;

    proof->kind = MISCONDUCT_NONE;
    if (proof_judge(&coordinator->roster, proof, arena, &harmless)) {
        is_ok = coordinator_store_proof_save(coordinator->store, proof, &is_new, error);
    }
    if (is_ok && is_new) {
        log_line(LOG_ERROR, "%s %u %s (%s, docket %.12s)", proof->is_seat ? "seat" : "coordinator",
                 proof->signer, misconduct_text(proof->kind), misconduct_name(proof->kind),
                 encode_digest(&proof->docket, id));
    }
    arena_destroy(arena);
    return is_ok;
}

/* The same of a seat in a docket, once per kind. */
static bool judge_seat(struct docket *docket, struct proof *proof, struct error *error)
{
    struct docket_voice *voice = &docket->voices[proof->signer];

    if (!judge(docket->coordinator, proof, error)) {
        return false;
    }
    voice->accused |= (uint16_t)(1U << proof->kind);
    return true;
}

static struct message_signed kept_message(const struct docket_message *kept)
{
    struct message_signed message = {.payload = buffer_bytes(&kept->payload)};

    memcpy(message.signature, kept->signature, MESSAGE_SIGNATURE_SIZE);
    return message;
}

static bool is_proved(const struct docket_voice *voice, enum misconduct kind)
{
    return (voice->accused & (1U << kind)) != 0;
}

/* Signed verdict of a VERDICT frame; no payload when there is none. */
static struct message_signed verdict_of(const struct buffer *frame, struct arena *arena)
{
    struct message_signed none = {0};
    struct message message;
    struct error error;

    if (frame->size == 0 || !codec_frame_decode(buffer_bytes(frame), arena, &message, &error)) {
        return none;
    }
    return message.verdict.verdicts[0];
}

/* Only these pairs can prove anything within a docket. */
static bool is_pair(const char *kept, const char *at_hand)
{
    return strcmp(kept, at_hand) == 0 ||
           (strcmp(kept, MESSAGE_TYPE_STATEMENT) == 0 &&
            strcmp(at_hand, MESSAGE_TYPE_NEW_VIEW) == 0) ||
           (strcmp(kept, MESSAGE_TYPE_NEW_VIEW) == 0 &&
            strcmp(at_hand, MESSAGE_TYPE_STATEMENT) == 0);
}

bool accuse_seat(struct docket *docket, uint8_t seat, struct error *error)
{
    const struct docket_voice *voice = &docket->voices[seat];
    struct arena *arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    const struct {
        const char *type;
        struct message_signed message;
    } kept[] = {{MESSAGE_TYPE_VERDICT, verdict_of(&voice->verdict, arena)},
                {MESSAGE_TYPE_PREPARE, kept_message(&voice->prepare)},
                {MESSAGE_TYPE_STATEMENT, kept_message(&voice->commit)},
                {MESSAGE_TYPE_NEW_VIEW, kept_message(&voice->new_view)}};
    bool is_ok = true;

    for (size_t i = 0; is_ok && i < sizeof(kept) / sizeof(kept[0]); i++) {
        struct proof proof = {.is_seat = true,
                              .signer = seat,
                              .first_type = kept[i].type,
                              .first = kept[i].message,
                              .second_type = docket->at_hand_type,
                              .second = *docket->at_hand};

        if (kept[i].message.payload.size > 0 && is_pair(kept[i].type, docket->at_hand_type) &&
            !bytes_equal(kept[i].message.payload, docket->at_hand->payload)) {
            is_ok = judge_seat(docket, &proof, error);
        }
    }
    arena_destroy(arena);
    return is_ok;
}

bool accuse_unjustified(struct docket *docket, uint8_t seat, struct error *error)
{
    struct proof proof = {.is_seat = true,
                          .signer = seat,
                          .first_type = MESSAGE_TYPE_PREPARE,
                          .first = *docket->at_hand,
                          .second_type = PROOF_TYPE_TC,
                          .second = {.payload = buffer_bytes(&docket->tc)}};

    return is_proved(&docket->voices[seat], MISCONDUCT_UNJUSTIFIED) ||
           judge_seat(docket, &proof, error);
}

/* The other docket and what SEAT said there, from memory or the store. False when one of the two is
 * not here; ERROR is set when the store failed. */
static bool find_other(struct coordinator *coordinator, const struct digest *id, uint8_t seat,
                       struct arena *arena, struct proof *proof)
{
    const struct docket *other = docket_find(coordinator, id);
    struct coordinator_store_docket stored;
    struct error error;

    if (other != NULL) {
        proof->dockets[0] = other->message;
        proof->first = verdict_of(&other->voices[seat].verdict, arena);
        return proof->first.payload.size > 0;
    }
    if (!coordinator_store_result_verdict(coordinator->store, id, seat, arena, &proof->first,
                                          &error) ||
        !coordinator_store_docket_load(coordinator->store, id, arena, &stored, &error)) {
        if (error.code != ERROR_NOT_FOUND) {
            coordinator_fail(coordinator, &error);
        }
        return false;
    }
    proof->dockets[0] = stored.docket;
    return true;
}

bool accuse_hearings(struct docket *docket, uint8_t seat, struct error *error)
{
    bool is_ok = true;

    for (size_t i = 0; is_ok && i < docket->sharing_count &&
                       !is_proved(&docket->voices[seat], MISCONDUCT_TWO_HEARINGS);
         i++) {
        struct arena *arena = arena_create(PROOF_MEMORY_MAX);
        struct proof proof = {.is_seat = true,
                              .signer = seat,
                              .first_type = MESSAGE_TYPE_VERDICT,
                              .second_type = MESSAGE_TYPE_VERDICT,
                              .second = *docket->at_hand};

        proof.dockets[1] = docket->message;
        if (find_other(docket->coordinator, &docket->sharing[i], seat, arena, &proof)) {
            is_ok = judge_seat(docket, &proof, error);
        }
        arena_destroy(arena);
    }
    return is_ok;
}

bool accuse_home(struct coordinator *coordinator, const struct coordinator_store_docket *docket,
                 struct error *error)
{
    struct arena *arena = arena_create(PROOF_MEMORY_MAX);
    struct proof proof = {.signer = docket->home,
                          .first_type = MESSAGE_TYPE_DOCKET,
                          .second_type = MESSAGE_TYPE_DOCKET,
                          .second = docket->docket};
    struct coordinator_store_docket other;
    struct digest id;
    bool is_found = false;
    bool is_ok = coordinator_store_docket_twin(coordinator->store, docket, &id, &is_found, error);

    if (is_ok && is_found) {
        is_ok = coordinator_store_docket_load(coordinator->store, &id, arena, &other, error);
        proof.first = other.docket;
        is_ok = is_ok && judge(coordinator, &proof, error);
    }
    arena_destroy(arena);
    return is_ok;
}
