#include "sim/objects.h"

#include <string.h>

#include "base/check.h"
#include "sim/content.h"
#include "sim/oracles.h"
#include "sim/signing.h"

enum { UNKNOWN = 0, VALID, INVALID };

uint64_t objects_mix(uint64_t hash, uint64_t word)
{
    uint64_t x = (hash ^ word) + UINT64_C(0x9E3779B97F4A7C15);

    x = (x ^ (x >> 32)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 29)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 32);
}

struct digest objects_digest(uint64_t hash, uint32_t number)
{
    struct digest digest = {{0}};

    for (unsigned i = 0; i < 8; i++) {
        digest.data[i] = (uint8_t)(hash >> (56 - 8 * i));
    }
    for (unsigned i = 0; i < 4; i++) {
        digest.data[8 + i] = (uint8_t)(number >> (24 - 8 * i));
    }
    return digest;
}

uint32_t objects_number(const struct digest *digest)
{
    return (uint32_t)digest->data[8] << 24 | (uint32_t)digest->data[9] << 16 |
           (uint32_t)digest->data[10] << 8 | digest->data[11];
}

struct header *objects_header(struct model *model, uint32_t number)
{
    return table_at(&model->headers, number);
}

struct hearing *objects_hearing(struct model *model, uint32_t number)
{
    return table_at(&model->hearings, number);
}

struct docket *objects_docket(struct model *model, uint32_t number)
{
    return table_at(&model->dockets, number);
}

struct deed *objects_deed(struct model *model, uint32_t number)
{
    return table_at(&model->deeds, number);
}

struct verdict *objects_verdict(struct model *model, uint32_t number)
{
    return table_at(&model->verdicts, number);
}

struct value *objects_value(struct model *model, uint32_t number)
{
    return table_at(&model->values, number);
}

struct qc *objects_qc(struct model *model, uint32_t number)
{
    return table_at(&model->qcs, number);
}

struct tc *objects_tc(struct model *model, uint32_t number)
{
    return table_at(&model->tcs, number);
}

struct certificate *objects_certificate(struct model *model, uint32_t number)
{
    return table_at(&model->certificates, number);
}

struct seat_vote objects_vote(struct model *model, uint32_t view, uint32_t value, uint32_t tc)
{
    struct seat_vote vote = {.view = view};

    if (value != 0) {
        vote.value = objects_value(model, value)->digest;
    }
    if (tc != 0) {
        vote.tc = objects_tc(model, tc)->digest;
    }
    return vote;
}

/* ---- making ---- */

static uint32_t *copy_numbers(struct model *model, const uint32_t *numbers, size_t count)
{
    uint32_t *copy = memory_take(&model->memory, (count + 1) * sizeof(*copy));

    if (count > 0) {
        memcpy(copy, numbers, count * sizeof(*copy));
    }
    return copy;
}

uint32_t objects_make_qc(struct model *model, const struct deed *vote, const uint32_t *deeds,
                         uint16_t count)
{
    uint32_t number = table_add(&model->qcs, &model->memory);
    struct qc *qc = objects_qc(model, number);

    qc->docket = vote->docket;
    qc->view = vote->view;
    qc->value = vote->value;
    qc->tc = vote->tc;
    qc->count = count;
    qc->deeds = copy_numbers(model, deeds, count);
    for (uint16_t i = 0; i < count; i++) {
        seat_set_add(&qc->signers, objects_deed(model, deeds[i])->signer);
    }
    return number;
}

uint32_t objects_make_tc(struct model *model, uint32_t docket, uint32_t view, uint32_t qc,
                         const uint32_t *deeds, uint16_t count)
{
    uint32_t number = table_add(&model->tcs, &model->memory);
    struct tc *tc = objects_tc(model, number);

    tc->hash = objects_mix(objects_docket(model, docket)->hash, view);
    tc->hash = objects_mix(tc->hash, qc);
    for (uint16_t i = 0; i < count; i++) {
        tc->hash = objects_mix(tc->hash, objects_deed(model, deeds[i])->signature);
    }
    tc->digest = objects_digest(tc->hash, number);
    tc->docket = docket;
    tc->view = view;
    tc->qc = qc;
    tc->count = count;
    tc->deeds = copy_numbers(model, deeds, count);
    return number;
}

uint32_t objects_make_certificate(struct model *model, uint32_t docket, uint32_t view,
                                  uint32_t value, const uint32_t *deeds, uint16_t count)
{
    uint32_t number = table_add(&model->certificates, &model->memory);
    struct certificate *certificate = objects_certificate(model, number);

    certificate->docket = docket;
    certificate->view = view;
    certificate->value = value;
    certificate->count = count;
    certificate->deeds = copy_numbers(model, deeds, count);
    for (uint16_t i = 0; i < count; i++) {
        seat_set_add(&certificate->signers, objects_deed(model, deeds[i])->signer);
    }
    oracles_see_certificate(model, number);
    return number;
}

/* ---- dockets ---- */

/* S1: a function of the bytes alone. */
bool objects_check_header(struct model *model, const struct header *header, uint8_t home)
{
    const struct hearing *hearing;
    const struct certificate *earlier;

    if (!signing_verify_header(model, header) || header->home != home || header->attempt < 1) {
        return false;
    }
    if (header->attempt == 1) {
        return header->earlier == 0;
    }
    if (header->earlier == 0 || !objects_check_certificate(model, header->earlier)) {
        return false;
    }
    earlier = objects_certificate(model, header->earlier);
    hearing = objects_find_hearing(model, earlier->docket, header->index);
    return hearing != NULL && hearing->attempt == header->attempt - 1 &&
           objects_value(model, earlier->value)->results[hearing->place].outcome !=
               BINDING_CONCLUSIVE;
}

static void add_hearing(struct model *model, uint32_t docket, uint32_t place, uint32_t number)
{
    const struct header *header = objects_header(model, number);
    struct client_case *client = &model->cases[header->index];
    uint32_t added = table_add(&model->hearings, &model->memory);
    struct hearing *hearing = objects_hearing(model, added);

    *hearing = (struct hearing){.docket = docket,
                                .place = place,
                                .attempt = header->attempt,
                                .header = number,
                                .index = header->index,
                                .next = client->hearing};
    client->hearing = added;
}

uint32_t objects_make_docket(struct model *model, uint8_t home, uint32_t serial, uint32_t variant,
                             const uint32_t *headers, uint32_t count)
{
    uint32_t number = table_add(&model->dockets, &model->memory);
    struct docket *docket = objects_docket(model, number);
    struct deed deed = {.kind = ACT_DOCKET, .signer = home, .docket = number};

    docket->home = home;
    docket->serial = serial;
    docket->variant = variant;
    docket->count = count;
    docket->first = model->hearings.count + 1;
    docket->is_valid = true;
    docket->hash = objects_mix(objects_mix(model->seed, (uint64_t)home << 32 | serial), variant);
    for (uint32_t i = 0; i < count; i++) {
        const struct header *header = objects_header(model, headers[i]);

        docket->hash = objects_mix(docket->hash, header->payload);
        docket->is_valid = docket->is_valid && objects_check_header(model, header, home);
        docket->is_again = docket->is_again || header->attempt > 1;
        add_hearing(model, number, i, headers[i]);
    }
    docket->digest = objects_digest(docket->hash, number);
    docket->deeds = memory_take(&model->memory, model->identity_count * sizeof(*docket->deeds));
    docket->seats = memory_take(&model->memory, model->node_count * sizeof(void *));
    docket->chairs = memory_take(&model->memory, model->node_count * sizeof(void *));
    docket->deed = signing_sign(model, &deed);
    model->report->docket_count++;
    return number;
}

uint32_t objects_make_header(struct model *model, uint16_t index, uint32_t attempt, uint8_t home,
                             uint32_t earlier)
{
    uint32_t number = table_add(&model->headers, &model->memory);
    struct header *header = objects_header(model, number);

    header->index = index;
    header->home = home;
    header->attempt = attempt;
    header->earlier = earlier;
    signing_sign_header(model, header);
    return number;
}

struct hearing *objects_find_hearing(struct model *model, uint32_t docket, uint16_t index)
{
    uint32_t number = model->cases[index].hearing;

    while (number != 0) {
        struct hearing *hearing = objects_hearing(model, number);

        if (hearing->docket == docket) {
            return hearing;
        }
        number = hearing->next;
    }
    return NULL;
}

/* ---- verifying ---- */

/* COUNT distinct seats' valid deeds of KIND on DOCKET, which are shown to FITS. */
static bool check_signers(struct model *model, const uint32_t *deeds, uint16_t count,
                          struct seat_set *signers)
{
    *signers = (struct seat_set){{0, 0}};
    for (uint16_t i = 0; i < count; i++) {
        const struct deed *deed = objects_deed(model, deeds[i]);

        if (!deed->is_seat || seat_set_has(signers, deed->signer) ||
            !signing_verify(model, deeds[i])) {
            return false;
        }
        seat_set_add(signers, deed->signer);
    }
    return seat_set_count(signers) >= model->quorum.quorum_count;
}

static bool examine_qc(struct model *model, const struct qc *qc)
{
    struct seat_set signers;

    for (uint16_t i = 0; i < qc->count; i++) {
        const struct deed *deed = objects_deed(model, qc->deeds[i]);

        if (deed->kind != ACT_PREPARE || deed->docket != qc->docket || deed->view != qc->view ||
            deed->value != qc->value || deed->tc != qc->tc) {
            return false;
        }
    }
    return check_signers(model, qc->deeds, qc->count, &signers);
}

bool objects_check_qc(struct model *model, uint32_t number)
{
    struct qc *qc = objects_qc(model, number);

    if (qc->validity == UNKNOWN) {
        qc->validity = examine_qc(model, qc) ? VALID : INVALID;
    } else {
        model->report->verified_count += qc->count;
    }
    return qc->validity == VALID;
}

/* Every report is for this view and of a lower QC; the highest of them is the QC at hand, and none
 * names another value at its view. */
static bool check_reports(struct model *model, const struct tc *tc)
{
    uint32_t highest = tc->qc == 0 ? 0 : objects_qc(model, tc->qc)->view;
    uint32_t value = tc->qc == 0 ? 0 : objects_qc(model, tc->qc)->value;
    bool is_found = tc->qc == 0;

    for (uint16_t i = 0; i < tc->count; i++) {
        const struct deed *deed = objects_deed(model, tc->deeds[i]);

        if (deed->kind != ACT_NEW_VIEW || deed->docket != tc->docket || deed->view != tc->view) {
            return false;
        }
        if (model_flawed(model, FLAW_NEW_VIEW_WITHOUT_QC)) {
            is_found = true;
            continue;
        }
        if (deed->qc_view >= tc->view || deed->qc_view > highest) {
            return false;
        }
        if (deed->qc_view == highest && highest != 0) {
            if (deed->qc_value != value) {
                return false;
            }
            is_found = true;
        }
    }
    return is_found;
}

bool objects_check_tc(struct model *model, uint32_t number)
{
    struct tc *tc = objects_tc(model, number);
    struct seat_set signers;

    if (tc->validity != UNKNOWN) {
        model->report->verified_count += tc->count;
        return tc->validity == VALID;
    }
    tc->validity = INVALID;
    if (tc->qc != 0) {
        const struct qc *qc = objects_qc(model, tc->qc);

        if (qc->docket != tc->docket || qc->view >= tc->view || !objects_check_qc(model, tc->qc)) {
            return false;
        }
    }
    if (tc->view > 1 && check_reports(model, tc) &&
        check_signers(model, tc->deeds, tc->count, &signers)) {
        tc->validity = VALID;
    }
    return tc->validity == VALID;
}

static bool examine_certificate(struct model *model, const struct certificate *certificate)
{
    bool is_view_free = model_flawed(model, FLAW_VIEW_FREE_COMMIT);
    struct seat_set signers;

    for (uint16_t i = 0; i < certificate->count; i++) {
        const struct deed *deed = objects_deed(model, certificate->deeds[i]);

        if (deed->kind != ACT_COMMIT || deed->docket != certificate->docket ||
            deed->value != certificate->value ||
            (!is_view_free && deed->view != certificate->view)) {
            return false;
        }
    }
    return check_signers(model, certificate->deeds, certificate->count, &signers);
}

bool objects_check_certificate(struct model *model, uint32_t number)
{
    struct certificate *certificate = objects_certificate(model, number);

    if (certificate->validity == UNKNOWN) {
        certificate->validity = examine_certificate(model, certificate) ? VALID : INVALID;
    } else {
        model->report->verified_count += certificate->count;
    }
    return certificate->validity == VALID;
}

/* ---- keeping ---- */

void objects_keep_deed(struct model *model, uint32_t number)
{
    objects_deed(model, number)->is_kept = true;
}

static void keep_deeds(struct model *model, const uint32_t *deeds, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        objects_keep_deed(model, deeds[i]);
    }
}

void objects_keep_qc(struct model *model, uint32_t number)
{
    const struct qc *qc = objects_qc(model, number);

    keep_deeds(model, qc->deeds, qc->count);
}

void objects_keep_tc(struct model *model, uint32_t number)
{
    struct tc *tc = objects_tc(model, number);

    if (!tc->is_kept) {
        tc->is_kept = true;
        keep_deeds(model, tc->deeds, tc->count);
        if (tc->qc != 0) {
            objects_keep_qc(model, tc->qc);
        }
    }
}

void objects_keep_certificate(struct model *model, uint32_t number)
{
    const struct certificate *certificate = objects_certificate(model, number);

    keep_deeds(model, certificate->deeds, certificate->count);
}
