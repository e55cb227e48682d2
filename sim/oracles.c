#include "sim/oracles.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "sim/client_node.h"
#include "sim/content.h"
#include "sim/objects.h"
#include "sim/signing.h"

void oracles_fail(struct model *model, enum world_oracle oracle, const char *format, ...)
{
    struct world_report *report = model->report;
    size_t size = sizeof(report->failure);
    va_list arguments;
    int used;

    if (report->failed != WORLD_OK) {
        return;
    }
    report->failed = oracle;
    used = snprintf(report->failure, size, "seed %" PRIu64 " at %" PRIu64 ".%03u ms: ", model->seed,
                    model->now_us / 1000, (unsigned)(model->now_us % 1000));
    va_start(arguments, format);
    (void)vsnprintf(report->failure + used, size - (size_t)used, format, arguments);
    va_end(arguments);
}

bool oracles_are_owed(const struct model *model)
{
    return model->byzantine_count <= model->quorum.faulty_max;
}

bool oracles_is_progress_owed(const struct model *model)
{
    uint16_t missing = 0;
    uint16_t chairs = 0;

    for (uint16_t number = 0; number < model->identity_count; number++) {
        const struct node *node = &model->nodes[number];
        bool is_missing = node->is_byzantine || node->is_gone;

        if (node->is_seat) {
            missing = (uint16_t)(missing + (is_missing ? 1 : 0));
        } else {
            chairs = (uint16_t)(chairs + (is_missing ? 0 : 1));
        }
    }
    return missing <= model->quorum.faulty_max && chairs > 0;
}

/* ---- guilt ---- */

static uint16_t identity_of(const struct model *model, const struct deed *deed)
{
    return (uint16_t)(deed->is_seat ? deed->signer : model->setup->seat_count + deed->signer);
}

static enum misconduct judge(struct model *model, uint32_t first, uint32_t second)
{
    struct act a = signing_act(model, first);
    struct act b = signing_act(model, second);

    return misconduct_judge(&a, &b);
}

/* The same for verdicts on different dockets, by the hearing that both assess. */
static enum misconduct judge_hearing(struct model *model, uint32_t first, uint32_t second,
                                     const struct hearing *hearing)
{
    struct act_hearing one = {.case_id = objects_digest(hearing->index, hearing->index + 1U),
                              .attempt = hearing->attempt};
    struct act a = signing_act(model, first);
    struct act b = signing_act(model, second);

    a.cases = &one;
    a.case_count = 1;
    b.cases = &one;
    b.case_count = 1;
    return misconduct_judge(&a, &b);
}

static enum misconduct judge_tc(struct model *model, uint32_t prepare, uint32_t tc)
{
    const struct tc *of = objects_tc(model, tc);
    struct act a = signing_act(model, prepare);
    struct act b = {.kind = ACT_TC,
                    .docket = objects_docket(model, of->docket)->digest,
                    .payload = of->digest,
                    .view = of->view,
                    .is_valid = objects_check_tc(model, tc)};

    if (of->qc != 0) {
        const struct qc *qc = objects_qc(model, of->qc);

        b.qc_view = qc->view;
        b.qc_value = objects_value(model, qc->value)->digest;
    }
    return misconduct_judge(&a, &b);
}

static void accuse(struct model *model, uint16_t identity, enum misconduct kind)
{
    const struct node *node = &model->nodes[identity];

    model->guilty[identity] = (uint8_t)kind;
    if (!node->is_byzantine) {
        oracles_fail(model, WORLD_ACCUSED, "honest %s %u is provably guilty of %s",
                     node->is_seat ? "seat" : "coordinator", node->number, misconduct_name(kind));
    }
}

static void prove(struct model *model, uint16_t identity, enum misconduct kind)
{
    if (kind != MISCONDUCT_NONE) {
        if (model->proved[identity] == 0) {
            model->proved[identity] = (uint8_t)kind;
        }
        model->report->proofs[kind]++;
        accuse(model, identity, kind);
    }
}

/* What two verdicts on different dockets prove, by the first hearing that both assess. */
static enum misconduct judge_verdicts(struct model *model, uint32_t first, uint32_t second)
{
    const struct deed *a = objects_deed(model, first);
    const struct deed *b = objects_deed(model, second);
    const struct docket *docket = objects_docket(model, a->docket);

    for (uint32_t place = 0; place < docket->count; place++) {
        const struct hearing *hearing = objects_hearing(model, docket->first + place);
        const struct hearing *other = objects_find_hearing(model, b->docket, hearing->index);

        if (other != NULL && other->attempt == hearing->attempt &&
            objects_verdict(model, a->content)->entries[place].is_assessed &&
            objects_verdict(model, b->content)->entries[other->place].is_assessed) {
            return judge_hearing(model, first, second, hearing);
        }
    }
    return MISCONDUCT_NONE;
}

enum misconduct oracles_see_proof(struct model *model, const struct node *finder, uint32_t first,
                                  uint32_t second)
{
    const struct deed *a = objects_deed(model, first);
    const struct deed *b = objects_deed(model, second);
    bool is_of_two = a->kind == ACT_VERDICT && b->kind == ACT_VERDICT && a->docket != b->docket;
    enum misconduct kind =
        is_of_two ? judge_verdicts(model, first, second) : judge(model, first, second);

    if (!finder->is_byzantine) {
        prove(model, identity_of(model, a), kind);
        objects_keep_deed(model, first);
        objects_keep_deed(model, second);
    }
    return kind;
}

void oracles_see_unjustified(struct model *model, const struct node *finder, uint32_t prepare,
                             uint32_t tc)
{
    if (!finder->is_byzantine) {
        prove(model, identity_of(model, objects_deed(model, prepare)),
              judge_tc(model, prepare, tc));
    }
}

void oracles_see_bad_chair(struct model *model, const struct node *finder, uint8_t chair)
{
    const struct node *node = &model->nodes[model_chair(model, chair)];

    if (!finder->is_byzantine && !node->is_byzantine) {
        oracles_fail(model, WORLD_ACCUSED,
                     "seat %u holds a proposal of honest coordinator %u for wrong", finder->number,
                     chair);
    }
}

/* ---- agreement ---- */

static struct pot *find_pot(struct model *model, struct docket *docket, const struct deed *deed)
{
    bool is_view_free = model_flawed(model, FLAW_VIEW_FREE_COMMIT);
    uint32_t number = docket->pot;
    struct pot *pot;

    while (number != 0) {
        pot = table_at(&model->pots, number);
        if (pot->value == deed->value && (is_view_free || pot->view == deed->view)) {
            return pot;
        }
        number = pot->next;
    }
    number = table_add(&model->pots, &model->memory);
    pot = table_at(&model->pots, number);
    pot->docket = deed->docket;
    pot->view = deed->view;
    pot->value = deed->value;
    pot->next = docket->pot;
    pot->deeds = memory_take(&model->memory, model->setup->seat_count * sizeof(*pot->deeds));
    docket->pot = number;
    return pot;
}

/* The certificate that the faulty seats can have whenever they like: their own signatures are
 * added, as far as they are needed. */
static void complete(struct model *model, struct pot *pot)
{
    uint32_t deeds[QUORUM_SEATS_MAX];
    uint16_t count = 0;

    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        bool is_needed = seat_set_count(&pot->signers) < model->quorum.quorum_count;

        if (!seat_set_has(&pot->signers, seat) && is_needed && model->nodes[seat].is_byzantine) {
            struct deed deed = {.kind = ACT_COMMIT,
                                .is_seat = true,
                                .signer = seat,
                                .docket = pot->docket,
                                .view = pot->view,
                                .value = pot->value};

            seat_set_add(&pot->signers, seat);
            pot->deeds[seat] = signing_sign(model, &deed);
        }
    }
    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        if (pot->deeds[seat] != 0) {
            deeds[count++] = pot->deeds[seat];
        }
    }
    (void)objects_make_certificate(model, pot->docket, pot->view, pot->value, deeds, count);
}

/* Two values of one docket for which the honest COMMITs and the faulty seats are a quorum: then
 * both certificates are made. */
static void look_for_conflict(struct model *model, struct docket *docket)
{
    struct pot *first = NULL;
    uint32_t number = docket->pot;

    while (number != 0) {
        struct pot *pot = table_at(&model->pots, number);

        number = pot->next;
        if (!pot->is_certifiable) {
            continue;
        }
        if (first != NULL && first->value != pot->value && !docket->is_divided) {
            docket->is_divided = true;
            complete(model, first);
            complete(model, pot);
        }
        first = first == NULL ? pot : first;
    }
}

static void see_commit(struct model *model, uint32_t number)
{
    const struct deed *deed = objects_deed(model, number);
    struct docket *docket = objects_docket(model, deed->docket);
    struct pot *pot = find_pot(model, docket, deed);
    struct seat_set able;

    if (seat_set_has(&pot->signers, deed->signer)) {
        return;
    }
    seat_set_add(&pot->signers, deed->signer);
    pot->deeds[deed->signer] = number;
    able = pot->signers;
    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        if (model->nodes[seat].is_byzantine) {
            seat_set_add(&able, seat);
        }
    }
    if (!pot->is_certifiable && seat_set_count(&able) >= model->quorum.quorum_count) {
        pot->is_certifiable = true;
        look_for_conflict(model, docket);
    }
}

/* ---- what was signed ---- */

/* What number's signer has signed before in this docket, against it. */
static enum misconduct compare(struct model *model, uint32_t number, bool *is_second)
{
    const struct deed *deed = objects_deed(model, number);

    *is_second = false;
    for (uint32_t other = deed->next; other != 0; other = objects_deed(model, other)->next) {
        const struct deed *earlier = objects_deed(model, other);
        bool is_alike = earlier->kind == deed->kind && earlier->view == deed->view;
        bool is_amnesia = earlier->kind != deed->kind &&
                          (earlier->kind == ACT_COMMIT || earlier->kind == ACT_NEW_VIEW) &&
                          (deed->kind == ACT_COMMIT || deed->kind == ACT_NEW_VIEW);

        if (is_alike || is_amnesia) {
            enum misconduct kind = judge(model, other, number);

            if (kind != MISCONDUCT_NONE) {
                return kind;
            }
        }
        *is_second = *is_second || (is_alike && earlier->payload != deed->payload);
    }
    return MISCONDUCT_NONE;
}

/* The same over dockets: E7 for a verdict, E4 for a docket. */
static enum misconduct compare_dockets(struct model *model, uint32_t number)
{
    const struct deed *deed = objects_deed(model, number);
    const struct docket *docket = objects_docket(model, deed->docket);
    uint16_t identity = identity_of(model, deed);

    for (uint32_t place = 0; place < docket->count; place++) {
        const struct hearing *hearing = objects_hearing(model, docket->first + place);
        uint32_t next = model->cases[hearing->index].hearing;

        for (; next != 0; next = objects_hearing(model, next)->next) {
            const struct hearing *other = objects_hearing(model, next);
            uint32_t earlier = objects_docket(model, other->docket)->deeds[identity];

            if (other->docket == hearing->docket || other->attempt != hearing->attempt ||
                !objects_verdict(model, deed->content)->entries[place].is_assessed) {
                continue;
            }
            for (; earlier != 0; earlier = objects_deed(model, earlier)->next) {
                const struct deed *second = objects_deed(model, earlier);

                if (second->kind == ACT_VERDICT &&
                    objects_verdict(model, second->content)->entries[other->place].is_assessed) {
                    return judge_hearing(model, earlier, number, hearing);
                }
            }
        }
    }
    return MISCONDUCT_NONE;
}

static enum misconduct compare_serials(struct model *model, uint32_t number)
{
    const struct docket *docket = objects_docket(model, objects_deed(model, number)->docket);

    for (uint32_t other = 1; other < objects_deed(model, number)->docket; other++) {
        const struct docket *earlier = objects_docket(model, other);

        if (earlier->home == docket->home && earlier->serial == docket->serial) {
            return judge(model, earlier->deed, number);
        }
    }
    return MISCONDUCT_NONE;
}

void oracles_see_deed(struct model *model, uint32_t number)
{
    const struct deed *deed = objects_deed(model, number);
    uint16_t identity = identity_of(model, deed);
    enum misconduct kind = MISCONDUCT_NONE;
    bool is_second = false;

    if (model->guilty[identity] == 0) {
        kind = compare(model, number, &is_second);
        if (kind == MISCONDUCT_NONE && deed->kind == ACT_VERDICT) {
            kind = compare_dockets(model, number);
        } else if (kind == MISCONDUCT_NONE && deed->kind == ACT_DOCKET) {
            kind = compare_serials(model, number);
        } else if (kind == MISCONDUCT_NONE && deed->kind == ACT_PREPARE && deed->tc != 0) {
            kind = judge_tc(model, number, deed->tc);
        }
    }
    if (kind != MISCONDUCT_NONE) {
        accuse(model, identity, kind);
    } else if (is_second && !model->nodes[identity].is_byzantine) {
        oracles_fail(model, WORLD_ONE_VOTE, "honest %s %u signed twice for view %u",
                     deed->is_seat ? "seat" : "coordinator", deed->signer, deed->view);
    }
    if (deed->kind == ACT_COMMIT) {
        see_commit(model, number);
    }
}

void oracles_see_sending(struct model *model, const struct node *node, bool is_durable,
                         const char *what)
{
    if (!is_durable && !node->is_byzantine) {
        oracles_fail(model, WORLD_DURABLE, "%s %u sends %s before it is on its disk",
                     node->is_seat ? "seat" : "coordinator", node->number, what);
    }
}

void oracles_see_lock(struct model *model, const struct node *node, const struct seat_vote *before,
                      const struct seat_vote *lock)
{
    if (lock->view <= before->view && !node->is_byzantine) {
        oracles_fail(model, WORLD_LOCK, "seat %u locks view %u after view %u", node->number,
                     lock->view, before->view);
    }
}

/* ---- certificates ---- */

/* P2: what stands was given by q - f honest seats. */
static void check_validity(struct model *model, const struct value *value)
{
    uint32_t count = objects_docket(model, value->docket)->count;
    uint8_t least = (uint8_t)(model->quorum.quorum_count - model->quorum.faulty_max);

    for (uint32_t place = 0; place < count; place++) {
        const struct result *result = &value->results[place];
        uint8_t met[SETUP_CRITERIA_MAX] = {0};
        uint8_t not_met[SETUP_CRITERIA_MAX] = {0};

        if (result->outcome == BINDING_UNHEARD) {
            continue;
        }
        for (uint16_t v = 0; v < value->verdict_count; v++) {
            const struct verdict *verdict = objects_verdict(model, value->verdicts[v]);
            const struct entry *entry = &verdict->entries[place];

            if (model->nodes[verdict->seat].is_byzantine) {
                continue;
            }
            for (uint16_t i = 0; i < model->setup->criterion_count; i++) {
                met[i] = (uint8_t)(met[i] + (entry->met >> i & 1));
                not_met[i] = (uint8_t)(not_met[i] + (entry->not_met >> i & 1));
            }
        }
        for (uint16_t i = 0; i < model->setup->criterion_count; i++) {
            if (((result->met >> i & 1) != 0 && met[i] < least) ||
                ((result->not_met >> i & 1) != 0 && not_met[i] < least)) {
                oracles_fail(model, WORLD_VALIDITY,
                             "finding %u stands, given by fewer than %u honest seats", i, least);
            }
        }
    }
}

/* P3: one conclusive report per case. */
static void check_conclusions(struct model *model, const struct value *value, uint32_t number)
{
    const struct docket *docket = objects_docket(model, value->docket);

    for (uint32_t place = 0; place < docket->count; place++) {
        struct client_case *client =
            &model->cases[objects_hearing(model, docket->first + place)->index];

        if (value->results[place].outcome != BINDING_CONCLUSIVE) {
            continue;
        }
        if (client->conclusive != 0 && oracles_are_owed(model)) {
            oracles_fail(model, WORLD_ONE_CONCLUSION, "case %u has two conclusive reports",
                         objects_hearing(model, docket->first + place)->index);
        }
        client->conclusive = number;
    }
}

void oracles_see_certificate(struct model *model, uint32_t number)
{
    const struct certificate *certificate = objects_certificate(model, number);
    struct docket *docket = objects_docket(model, certificate->docket);
    const struct value *value;
    uint64_t size = 1000 + (uint64_t)180 * certificate->count;

    if (docket->certified == certificate->value || !objects_check_certificate(model, number)) {
        return;
    }
    value = objects_value(model, certificate->value);
    model->report->certificate_bytes =
        size > model->report->certificate_bytes ? size : model->report->certificate_bytes;
    if (docket->certified != 0) {
        docket->second_certificate = number;
        if (oracles_are_owed(model)) {
            oracles_fail(model, WORLD_AGREEMENT, "docket %u has two certified values",
                         certificate->docket);
        }
        return;
    }
    docket->certified = certificate->value;
    docket->first_certificate = number;
    if (certificate->view > model->report->view_max) {
        model->report->view_max = certificate->view;
    }
    if (oracles_are_owed(model)) {
        check_validity(model, value);
    }
    check_conclusions(model, value, number);
}

/* ---- the end ---- */

/* Whether what is kept, and the certificates at hand, prove anything against NODE in DOCKET. */
static bool is_culprit(struct model *model, const struct docket *docket, uint16_t identity)
{
    for (uint32_t a = docket->deeds[identity]; a != 0; a = objects_deed(model, a)->next) {
        const struct deed *first = objects_deed(model, a);

        if (!first->is_kept) {
            continue;
        }
        if (first->kind == ACT_PREPARE && first->tc != 0 && objects_tc(model, first->tc)->is_kept &&
            judge_tc(model, a, first->tc) != MISCONDUCT_NONE) {
            return true;
        }
        for (uint32_t b = first->next; b != 0; b = objects_deed(model, b)->next) {
            if (objects_deed(model, b)->is_kept && judge(model, a, b) != MISCONDUCT_NONE) {
                return true;
            }
        }
    }
    return false;
}

/* P5. */
static void count_culprits(struct model *model, uint32_t number)
{
    const struct docket *docket = objects_docket(model, number);
    int owed = 2 * model->quorum.quorum_count - model->quorum.seat_count;
    int count = 0;

    objects_keep_certificate(model, docket->first_certificate);
    objects_keep_certificate(model, docket->second_certificate);
    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        if (is_culprit(model, docket, seat)) {
            count++;
            if (model->proved[seat] == 0) {
                model->proved[seat] = MISCONDUCT_TWO_COMMITS;
            }
            if (!model->nodes[seat].is_byzantine) {
                oracles_fail(model, WORLD_ACCUSED, "honest seat %u is among the culprits", seat);
            }
        }
    }
    model->report->divided_count++;
    if (count < owed && model->byzantine_count < model->quorum.quorum_count) {
        oracles_fail(model, WORLD_CULPRITS, "%d culprits of %d are proved in docket %u", count,
                     owed, number);
    }
}

static void count_findings(struct model *model, uint16_t index)
{
    struct world_report *report = model->report;
    const struct client_case *client = &model->cases[index];
    uint32_t number = client_node_standing(model, index);
    const struct certificate *certificate;
    const struct hearing *hearing;
    const struct result *result;

    if (number == 0) {
        return;
    }
    certificate = objects_certificate(model, number);
    hearing = objects_find_hearing(model, certificate->docket, index);
    CHECK(hearing != NULL);
    result = &objects_value(model, certificate->value)->results[hearing->place];
    report->decided_count++;
    report->conclusive_count =
        (uint16_t)(report->conclusive_count + (result->outcome == BINDING_CONCLUSIVE));
    report->contested_count =
        (uint16_t)(report->contested_count + (result->outcome == BINDING_CONTESTED));
    report->unheard_count =
        (uint16_t)(report->unheard_count + (result->outcome == BINDING_UNHEARD));
    report->attempt_max =
        hearing->attempt > report->attempt_max ? hearing->attempt : report->attempt_max;
    for (uint16_t i = 0; i < model->setup->criterion_count; i++) {
        bool is_true = (client->truth >> i & 1) != 0;
        bool is_met = (result->met >> i & 1) != 0;
        bool is_not_met = (result->not_met >> i & 1) != 0;

        report->finding_count++;
        report->kept_count += (is_true && is_met) || (!is_true && is_not_met);
        report->flipped_count += (is_true && is_not_met) || (!is_true && is_met);
        report->open_count += !is_met && !is_not_met;
    }
    if (client->decided_ms != MODEL_NEVER) {
        uint64_t latency_ms = client->decided_ms - client->submitted_ms;

        report->latency_sum_ms += latency_ms;
        report->latency_max_ms =
            latency_ms > report->latency_max_ms ? latency_ms : report->latency_max_ms;
    }
}

/* Honest verdicts that were stored and assess something, and are not in the certified book. */
static void count_left_out(struct model *model, const struct docket *docket)
{
    const struct value *value;

    if (docket->certified == 0) {
        return;
    }
    value = objects_value(model, docket->certified);
    for (uint8_t seat = 0; seat < model->setup->seat_count; seat++) {
        bool is_in = false;

        if (model->nodes[seat].is_byzantine || docket->seats[seat] == NULL ||
            docket->seats[seat]->verdict == 0) {
            continue;
        }
        for (uint16_t i = 0; i < value->verdict_count; i++) {
            is_in = is_in || objects_verdict(model, value->verdicts[i])->seat == seat;
        }
        model->report->left_out_count += is_in ? 0 : 1;
    }
}

/* P4: nobody is heard again and again without an end, whatever others have been told. */
static void check_attempts(struct model *model, uint16_t index)
{
    const struct client_case *client = &model->cases[index];

    if (!client->is_given_up || model->setup->is_client_hostile ||
        model->setup->attempt_count < WORLD_ATTEMPTS_OWED) {
        return;
    }
    const struct certificate *certificate = objects_certificate(model, client->earlier);
    const struct hearing *hearing = objects_find_hearing(model, certificate->docket, index);

    CHECK(hearing != NULL);
    if (objects_value(model, certificate->value)->results[hearing->place].is_worth_repeating &&
        oracles_is_progress_owed(model)) {
        oracles_fail(model, WORLD_LIVENESS, "case %u has used up its attempts", index);
    }
}

void oracles_finish(struct model *model, bool is_finished)
{
    struct world_report *report = model->report;

    if (!is_finished && oracles_is_progress_owed(model)) {
        oracles_fail(model, WORLD_LIVENESS, "something is undecided: %s", model->undecided);
    }
    for (uint32_t number = 1; number <= model->dockets.count; number++) {
        const struct docket *docket = objects_docket(model, number);

        if (docket->second_certificate != 0) {
            count_culprits(model, number);
        }
        count_left_out(model, docket);
    }
    for (uint16_t index = 0; index < model->setup->case_count; index++) {
        count_findings(model, index);
        check_attempts(model, index);
    }
    for (uint16_t identity = 0; identity < model->identity_count; identity++) {
        report->faulty_count += model->guilty[identity] != 0;
        report->accused_count += model->proved[identity] != 0;
        report->proved_count += model->proved[identity] != 0 && model->guilty[identity] != 0;
    }
    report->now_ms = model_now_ms(model);
}
