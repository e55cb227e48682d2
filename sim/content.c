#include "sim/content.h"

#include <string.h>

#include "base/check.h"
#include "council/tally.h"
#include "sim/objects.h"
#include "sim/signing.h"

#define MILLION 1000000U

static uint64_t all_criteria(const struct model *model)
{
    uint16_t count = model->setup->criterion_count;

    return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

void content_init_case(struct model *model, uint16_t index)
{
    struct random random = {.state = objects_mix(objects_mix(model->seed, 0x7472757468), index)};

    model->cases[index].truth = 0;
    for (uint16_t i = 0; i < model->setup->criterion_count; i++) {
        uint64_t bit = random_below(&random, MILLION) < model->setup->true_share ? 1 : 0;

        model->cases[index].truth |= bit << i;
    }
}

/* ---- answers ---- */

static const struct setup_ruleset *ruleset_of(const struct model *model, uint8_t seat)
{
    for (size_t i = 0; i < model->setup->ruleset_count; i++) {
        const struct setup_ruleset *ruleset = &model->setup->rulesets[i];

        if (seat >= ruleset->first_seat && seat <= ruleset->last_seat) {
            return ruleset;
        }
    }
    return NULL;
}

void content_honest_answer(struct model *model, uint8_t seat, uint16_t index, struct entry *out)
{
    const struct setup_ruleset *ruleset = ruleset_of(model, seat);
    uint64_t truth = model->cases[index].truth;
    struct random random = {.state = objects_mix(model->seed, 0x616E7377 + index)};

    out->is_assessed = true;
    out->blocker = 0;
    out->met = truth;
    out->not_met = ~truth & all_criteria(model);
    if (ruleset == NULL) {
        return;
    }
    random.state =
        objects_mix(random.state, ruleset->is_shared ? ruleset->first_seat + 1000U : seat);
    for (uint16_t i = 0; i < model->setup->criterion_count; i++) {
        uint64_t bit = UINT64_C(1) << i;
        uint32_t error = (truth & bit) != 0 ? ruleset->false_fail[i] : ruleset->false_pass[i];
        bool is_wrong = random_below(&random, MILLION) < error;
        bool is_silent = random_below(&random, MILLION) < ruleset->no_answer;

        if (is_silent) {
            out->met &= ~bit;
            out->not_met &= ~bit;
        } else if (is_wrong) {
            out->met ^= bit;
            out->not_met ^= bit;
        }
    }
}

/* How many seats that do not lie say "met", and "not met", of criterion I. */
static void count_honest(struct model *model, uint16_t index, uint8_t *met, uint8_t *not_met)
{
    memset(met, 0, SETUP_CRITERIA_MAX);
    memset(not_met, 0, SETUP_CRITERIA_MAX);
    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        struct entry entry;

        if (model->nodes[seat].is_byzantine) {
            continue;
        }
        content_honest_answer(model, seat, index, &entry);
        for (uint16_t i = 0; i < model->setup->criterion_count; i++) {
            met[i] = (uint8_t)(met[i] + (entry.met >> i & 1));
            not_met[i] = (uint8_t)(not_met[i] + (entry.not_met >> i & 1));
        }
    }
}

/* COPY_MAJORITY, and NEAR_THRESHOLD: the opposite where the honest alone are no quorum and would be
 * one with this seat's like. */
static void answer_by_others(struct model *model, uint16_t index, bool is_copying,
                             struct entry *out)
{
    uint8_t met[SETUP_CRITERIA_MAX];
    uint8_t not_met[SETUP_CRITERIA_MAX];
    uint8_t q = model->quorum.quorum_count;
    uint64_t majority = 0;
    uint64_t close = 0;

    count_honest(model, index, met, not_met);
    for (uint16_t i = 0; i < model->setup->criterion_count; i++) {
        uint8_t most = met[i] >= not_met[i] ? met[i] : not_met[i];

        majority |= (met[i] >= not_met[i] ? UINT64_C(1) : 0) << i;
        close |= (most < q && most + model->byzantine_count >= q ? UINT64_C(1) : 0) << i;
    }
    out->met = is_copying ? majority : majority ^ close;
    out->not_met = ~out->met & all_criteria(model);
}

/* The criteria that BIASED members of one group turn round, and RANDOM's coins. */
static uint64_t draw_criteria(const struct model *model, uint16_t index, uint32_t salt,
                              uint32_t share)
{
    struct random random = {.state = objects_mix(objects_mix(model->seed, salt), index)};
    uint64_t drawn = 0;

    for (uint16_t i = 0; i < model->setup->criterion_count; i++) {
        uint64_t bit = random_below(&random, MILLION) < share ? 1 : 0;

        drawn |= bit << i;
    }
    return drawn;
}

static void answer_mask(const struct model *model, uint64_t met, struct entry *out)
{
    out->met = met & all_criteria(model);
    out->not_met = ~met & all_criteria(model);
}

void content_answer(struct model *model, const struct node *node, uint16_t index, struct entry *out)
{
    uint64_t truth = model->cases[index].truth;
    const struct setup_fault *fault;

    content_honest_answer(model, node->number, index, out);
    if (!node->is_byzantine) {
        return;
    }
    if (model_fault(model, node, SETUP_ALWAYS_PASS) != NULL) {
        answer_mask(model, UINT64_MAX, out);
    } else if (model_fault(model, node, SETUP_ALWAYS_FAIL) != NULL) {
        answer_mask(model, 0, out);
    } else if (model_fault(model, node, SETUP_COPY_MAJORITY) != NULL) {
        answer_by_others(model, index, true, out);
    } else if (model_fault(model, node, SETUP_NEAR_THRESHOLD) != NULL) {
        answer_by_others(model, index, false, out);
    } else if (model_fault(model, node, SETUP_INVERTED) != NULL) {
        answer_mask(model, ~truth, out);
    } else if (model_fault(model, node, SETUP_RANDOM) != NULL) {
        answer_mask(model, draw_criteria(model, index, 5000U + node->number, MILLION / 2), out);
    } else if ((fault = model_fault(model, node, SETUP_BIASED)) != NULL) {
        uint32_t salt = fault->group == 0 ? 7000U + node->number : 8000U + fault->group;

        answer_mask(model, truth ^ draw_criteria(model, index, salt, fault->value), out);
    }
}

uint32_t content_make_verdict(struct model *model, uint32_t docket, uint8_t seat)
{
    uint32_t number = table_add(&model->verdicts, &model->memory);
    struct verdict *verdict = objects_verdict(model, number);
    size_t count = objects_docket(model, docket)->count;

    verdict->seat = seat;
    verdict->assessed_ms = model_now_ms(model);
    verdict->entries = memory_take(&model->memory, count * sizeof(*verdict->entries));
    return number;
}

/* ---- books ---- */

/* Counts what COUNT verdicts say of the case at PLACE; gives the number that assessed it. */
static uint16_t tally_case(struct model *model, uint32_t place, const uint32_t *verdicts,
                           uint16_t count, struct tally *tally)
{
    uint8_t answers[SETUP_CRITERIA_MAX];
    uint16_t assessed = 0;

    tally_init(tally, model->setup->criterion_count);
    for (uint16_t v = 0; v < count; v++) {
        const struct entry *entry = &objects_verdict(model, verdicts[v])->entries[place];

        if (!entry->is_assessed) {
            continue;
        }
        for (uint16_t i = 0; i < model->setup->criterion_count; i++) {
            answers[i] = (entry->met >> i & 1) != 0       ? ANSWER_MET
                         : (entry->not_met >> i & 1) != 0 ? ANSWER_NOT_MET
                                                          : ANSWER_INSUFFICIENT;
        }
        tally_add(tally, answers);
        assessed++;
    }
    return assessed;
}

static void judge_case(struct model *model, uint32_t place, struct value *value,
                       struct result *result)
{
    struct tally tally;
    uint8_t q = model->quorum.quorum_count;
    uint16_t assessed = tally_case(model, place, value->verdicts, value->verdict_count, &tally);
    uint8_t missing = (uint8_t)(model->setup->seat_count - assessed);

    if (assessed < q) {
        *result = (struct result){.outcome = BINDING_UNHEARD, .is_worth_repeating = true};
        return;
    }
    result->outcome = BINDING_CONCLUSIVE;
    for (uint16_t i = 0; i < model->setup->criterion_count; i++) {
        enum answer agreed = tally_agreed(&tally, i, q);
        uint8_t most = 0;

        result->met |= (agreed == ANSWER_MET ? UINT64_C(1) : 0) << i;
        result->not_met |= (agreed == ANSWER_NOT_MET ? UINT64_C(1) : 0) << i;
        if (agreed != ANSWER_NONE) {
            continue;
        }
        result->outcome = BINDING_CONTESTED;
        for (unsigned answer = ANSWER_MET; answer < ANSWER_COUNT; answer++) {
            most = tally.counts[i][answer] > most ? tally.counts[i][answer] : most;
        }
        if (most + missing >= q) {
            result->is_worth_repeating = true;
        }
    }
}

/* At least q valid verdicts on this docket, in seat order. */
static bool is_book(struct model *model, uint32_t docket, const uint32_t *verdicts, uint16_t count)
{
    int last = -1;

    for (uint16_t i = 0; i < count; i++) {
        const struct verdict *verdict = objects_verdict(model, verdicts[i]);

        if (verdict->deed == 0 || verdict->seat <= last ||
            objects_deed(model, verdict->deed)->docket != docket ||
            !signing_verify(model, verdict->deed)) {
            return false;
        }
        last = verdict->seat;
    }
    return count >= model->quorum.quorum_count;
}

static uint32_t add_value(struct model *model, uint32_t docket, uint64_t hash)
{
    struct docket *of = objects_docket(model, docket);
    struct value *value;
    uint32_t number;

    for (uint32_t i = 0; i < of->value_count; i++) {
        if (objects_value(model, of->values[i])->hash == hash) {
            return of->values[i];
        }
    }
    if (of->value_count == MODEL_VALUES_MAX) {
        return 0;
    }
    number = table_add(&model->values, &model->memory);
    value = objects_value(model, number);
    value->digest = objects_digest(hash, number);
    value->hash = hash;
    value->docket = docket;
    value->place = (uint8_t)of->value_count;
    of->values[of->value_count++] = number;
    return number;
}

uint32_t content_make_value(struct model *model, uint32_t docket, const uint32_t *verdicts,
                            uint16_t count)
{
    const struct docket *of = objects_docket(model, docket);
    uint64_t hash = objects_mix(of->hash, count);
    uint32_t number;
    struct value *value;

    for (uint16_t i = 0; i < count; i++) {
        uint32_t deed = objects_verdict(model, verdicts[i])->deed;

        hash = objects_mix(hash, deed == 0 ? 0 : objects_deed(model, deed)->signature);
    }
    number = add_value(model, docket, hash);
    if (number == 0 || objects_value(model, number)->results != NULL) {
        return number;
    }
    value = objects_value(model, number);
    value->verdicts = memory_take(&model->memory, (count + 1U) * sizeof(*value->verdicts));
    memcpy(value->verdicts, verdicts, count * sizeof(*verdicts));
    value->verdict_count = count;
    value->results = memory_take(&model->memory, of->count * sizeof(*value->results));
    value->is_valid = is_book(model, docket, verdicts, count);
    for (uint32_t place = 0; place < of->count; place++) {
        judge_case(model, place, value, &value->results[place]);
    }
    return number;
}

uint32_t content_make_nonsense(struct model *model, uint32_t docket, uint64_t chance)
{
    uint32_t number = add_value(model, docket, objects_mix(chance, 0x6E6F6E));

    if (number != 0 && objects_value(model, number)->results == NULL) {
        struct value *value = objects_value(model, number);
        uint32_t count = objects_docket(model, docket)->count;

        value->results = memory_take(&model->memory, count * sizeof(*value->results));
        for (uint32_t place = 0; place < count; place++) {
            value->results[place].outcome = BINDING_UNHEARD;
        }
    }
    return number;
}

bool content_is_settled(struct model *model, uint32_t docket, const uint32_t *verdicts)
{
    uint32_t list[QUORUM_SEATS_MAX];
    uint16_t count = 0;
    struct tally tally;

    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        if (verdicts[seat] != 0) {
            list[count++] = verdicts[seat];
        }
    }
    if (count < model->quorum.quorum_count) {
        return false;
    }
    for (uint32_t place = 0; place < objects_docket(model, docket)->count; place++) {
        (void)tally_case(model, place, list, count, &tally);
        if (!tally_is_settled(&tally, model->quorum.quorum_count)) {
            return false;
        }
    }
    return true;
}
