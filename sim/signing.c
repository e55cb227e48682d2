#include "sim/signing.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/keys.h"
#include "crypto/sign.h"
#include "sim/objects.h"
#include "sim/oracles.h"

#define PAYLOAD_SIZE 8 /* Bytes that stand for a payload's content. */

enum { UNKNOWN = 0, VALID, INVALID };

struct signature {
    uint8_t data[SIGN_SIZE];
};

struct signing {
    struct keys *keys[MODEL_NODES_MAX];
    uint16_t key_count;
    struct table deeds; /* Of struct signature, numbered as the deeds; then the headers. */
    struct table headers;
};

void signing_init(struct model *model)
{
    uint16_t count = (uint16_t)(model->identity_count + 1);
    struct random random = {.state = objects_mix(model->seed, 0x6B657973)};

    model->keys = memory_take(&model->memory, count * sizeof(*model->keys));
    for (uint16_t i = 0; i < count; i++) {
        model->keys[i] = random_next(&random);
    }
    if (!model->setup->is_crypto_real) {
        return;
    }
    keys_library_init();
    model->signing = calloc(1, sizeof(*model->signing));
    CHECK(model->signing != NULL);
    model->signing->key_count = count;
    table_init(&model->signing->deeds, sizeof(struct signature));
    table_init(&model->signing->headers, sizeof(struct signature));
    for (uint16_t i = 0; i < count; i++) {
        uint8_t seed[KEYS_SEED_SIZE] = {0};

        for (unsigned byte = 0; byte < 8; byte++) {
            seed[byte] = (uint8_t)(model->keys[i] >> (8 * byte));
        }
        model->signing->keys[i] = keys_from_seed(seed);
    }
}

void signing_finish(struct model *model)
{
    if (model->signing != NULL) {
        for (uint16_t i = 0; i < model->signing->key_count; i++) {
            keys_destroy(model->signing->keys[i]);
        }
        free(model->signing);
        model->signing = NULL;
    }
}

static uint64_t sign_stub(const struct model *model, uint16_t identity, uint64_t payload)
{
    return objects_mix(model->keys[identity], payload);
}

static void encode(uint64_t payload, uint8_t out[PAYLOAD_SIZE])
{
    for (unsigned i = 0; i < PAYLOAD_SIZE; i++) {
        out[i] = (uint8_t)(payload >> (8 * i));
    }
}

static const char *type_of(uint8_t kind)
{
    static const char *const types[] = {
        [ACT_VERDICT] = "verdict",   [ACT_PREPARE] = "prepare", [ACT_COMMIT] = "commit",
        [ACT_NEW_VIEW] = "new-view", [ACT_PROPOSE] = "propose", [ACT_DOCKET] = "docket",
    };

    CHECK(kind >= ACT_VERDICT);
    CHECK(kind <= ACT_DOCKET);
    return types[kind];
}

static uint16_t identity_of(const struct model *model, const struct deed *deed)
{
    return (uint16_t)(deed->is_seat ? deed->signer : model->setup->seat_count + deed->signer);
}

static uint64_t verdict_payload(struct model *model, const struct deed *deed)
{
    const struct verdict *verdict = objects_verdict(model, deed->content);
    uint32_t count = objects_docket(model, deed->docket)->count;
    uint64_t hash = objects_mix(verdict->seat, verdict->assessed_ms);

    for (uint32_t i = 0; i < count; i++) {
        const struct entry *entry = &verdict->entries[i];

        hash = objects_mix(hash, (uint64_t)entry->blocker << 1 | (entry->is_assessed ? 1 : 0));
        hash = objects_mix(hash, entry->met);
        hash = objects_mix(hash, entry->not_met);
    }
    return hash;
}

/* Hash of what is signed. The flaws take something out of it. */
static uint64_t payload_of(struct model *model, const struct deed *deed)
{
    bool has_view = deed->kind != ACT_COMMIT || !model_flawed(model, FLAW_VIEW_FREE_COMMIT);
    bool has_qc = deed->kind == ACT_NEW_VIEW && !model_flawed(model, FLAW_NEW_VIEW_WITHOUT_QC);
    uint64_t hash = objects_mix(deed->kind, objects_docket(model, deed->docket)->hash);

    hash = objects_mix(hash, has_view ? deed->view : 0);
    hash = objects_mix(hash, deed->value == 0 ? 0 : objects_value(model, deed->value)->hash);
    hash = objects_mix(hash, deed->tc == 0 ? 0 : objects_tc(model, deed->tc)->hash);
    if (has_qc) {
        hash = objects_mix(hash, deed->qc_view);
        hash =
            objects_mix(hash, deed->qc_value == 0 ? 0 : objects_value(model, deed->qc_value)->hash);
    }
    if (deed->kind == ACT_VERDICT) {
        hash = objects_mix(hash, verdict_payload(model, deed));
    }
    return hash;
}

static uint32_t add(struct model *model, const struct deed *deed)
{
    uint32_t number = table_add(&model->deeds, &model->memory);
    struct deed *added = objects_deed(model, number);

    *added = *deed;
    added->payload = payload_of(model, deed);
    if (model->signing != NULL) {
        uint32_t same = table_add(&model->signing->deeds, &model->memory);

        CHECK(same == number);
    }
    return number;
}

static void sign_real(struct model *model, const struct deed *deed, uint32_t number)
{
    struct signature *signature = table_at(&model->signing->deeds, number);
    uint8_t payload[PAYLOAD_SIZE];

    encode(deed->payload, payload);
    sign_payload(model->signing->keys[identity_of(model, deed)], type_of(deed->kind),
                 bytes_of(payload, sizeof(payload)), signature->data);
}

uint32_t signing_sign(struct model *model, const struct deed *deed)
{
    uint32_t number = add(model, deed);
    struct deed *added = objects_deed(model, number);
    uint16_t identity = identity_of(model, added);
    uint32_t *latest = &objects_docket(model, added->docket)->deeds[identity];

    added->signature = sign_stub(model, identity, added->payload);
    if (model->signing != NULL) {
        sign_real(model, added, number);
    }
    added->next = *latest;
    *latest = number;
    model->report->signed_count++;
    oracles_see_deed(model, number);
    return number;
}

uint32_t signing_forge(struct model *model, const struct deed *deed)
{
    uint32_t number = add(model, deed);
    struct deed *added = objects_deed(model, number);

    /* What a stranger to the key would write: anything. */
    added->signature = objects_mix(added->payload, number);
    return number;
}

static bool is_signature(struct model *model, const struct deed *deed, uint32_t number)
{
    uint16_t identity = identity_of(model, deed);
    uint8_t payload[PAYLOAD_SIZE];

    if (model->signing == NULL) {
        return deed->signature == sign_stub(model, identity, payload_of(model, deed));
    }
    const struct signature *signature = table_at(&model->signing->deeds, number);

    encode(payload_of(model, deed), payload);
    return sign_verify(keys_public(model->signing->keys[identity])->signing, type_of(deed->kind),
                       bytes_of(payload, sizeof(payload)), signature->data);
}

bool signing_verify(struct model *model, uint32_t number)
{
    struct deed *deed = objects_deed(model, number);

    model->report->verified_count++;
    if (deed->validity == UNKNOWN) {
        deed->validity = is_signature(model, deed, number) ? VALID : INVALID;
    }
    return deed->validity == VALID;
}

void signing_sign_header(struct model *model, struct header *header)
{
    uint64_t hash = objects_mix(header->index, header->home);

    hash = objects_mix(hash, header->attempt);
    header->payload = objects_mix(hash, header->earlier);
    header->signature = sign_stub(model, model->identity_count, header->payload);
    model->report->signed_count++;
}

bool signing_verify_header(struct model *model, const struct header *header)
{
    model->report->verified_count++;
    return header->signature == sign_stub(model, model->identity_count, header->payload);
}

struct act signing_act(struct model *model, uint32_t number)
{
    const struct deed *deed = objects_deed(model, number);
    const struct docket *docket = objects_docket(model, deed->docket);
    struct act act = {.kind = (enum act_kind)deed->kind,
                      .is_seat = deed->is_seat,
                      .signer = deed->signer,
                      .docket = docket->digest,
                      .payload = objects_digest(deed->payload, 1),
                      .view = deed->view,
                      .qc_view = deed->qc_view};

    if (deed->value != 0) {
        act.value = objects_value(model, deed->value)->digest;
    }
    if (deed->tc != 0) {
        act.tc = objects_tc(model, deed->tc)->digest;
    }
    if (deed->qc_value != 0) {
        act.qc_value = objects_value(model, deed->qc_value)->digest;
    }
    if (deed->kind == ACT_DOCKET) {
        act.serial = docket->serial;
    }
    return act;
}
