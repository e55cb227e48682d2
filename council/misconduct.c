#include "council/misconduct.h"

#include <string.h>

#include "base/check.h"

static bool is_same_docket(const struct act *a, const struct act *b)
{
    return digest_equal(&a->docket, &b->docket);
}

static bool is_same_signer(const struct act *a, const struct act *b)
{
    return a->is_seat == b->is_seat && a->signer == b->signer;
}

static bool shares_a_hearing(const struct act *a, const struct act *b)
{
    for (size_t i = 0; i < a->case_count; i++) {
        for (size_t j = 0; j < b->case_count; j++) {
            if (a->cases[i].attempt == b->cases[j].attempt &&
                digest_equal(&a->cases[i].case_id, &b->cases[j].case_id)) {
                return true;
            }
        }
    }
    return false;
}

static enum misconduct judge_verdicts(const struct act *a, const struct act *b)
{
    if (is_same_docket(a, b)) {
        return digest_equal(&a->payload, &b->payload) ? MISCONDUCT_NONE : MISCONDUCT_TWO_VERDICTS;
    }
    return shares_a_hearing(a, b) ? MISCONDUCT_TWO_HEARINGS : MISCONDUCT_NONE;
}

/* Two of one kind, by one signer. */
static enum misconduct judge_alike(const struct act *a, const struct act *b)
{
    bool is_same_view = is_same_docket(a, b) && a->view == b->view;
    bool is_same_payload = digest_equal(&a->payload, &b->payload);
    bool is_same_value = digest_equal(&a->value, &b->value);

    switch (a->kind) {
    case ACT_VERDICT:
        return judge_verdicts(a, b);
    case ACT_PREPARE:
        return is_same_view && (!is_same_value || !digest_equal(&a->tc, &b->tc))
                   ? MISCONDUCT_TWO_PREPARES
                   : MISCONDUCT_NONE;
    case ACT_COMMIT:
        return is_same_view && !is_same_value ? MISCONDUCT_TWO_COMMITS : MISCONDUCT_NONE;
    case ACT_NEW_VIEW:
        return is_same_view && !is_same_payload ? MISCONDUCT_TWO_NEW_VIEWS : MISCONDUCT_NONE;
    case ACT_PROPOSE:
        return is_same_view && !is_same_payload ? MISCONDUCT_TWO_PROPOSALS : MISCONDUCT_NONE;
    case ACT_DOCKET:
        return a->serial == b->serial && !is_same_docket(a, b) ? MISCONDUCT_TWO_PROPOSALS
                                                               : MISCONDUCT_NONE;
    case ACT_TC:
        return MISCONDUCT_NONE;
    default:
        CHECK_UNREACHABLE();
    }
}

static enum misconduct judge_amnesia(const struct act *commit, const struct act *report)
{
    return is_same_docket(commit, report) && report->view > commit->view &&
                   report->qc_view < commit->view
               ? MISCONDUCT_AMNESIA
               : MISCONDUCT_NONE;
}

static enum misconduct judge_prepare(const struct act *prepare, const struct act *tc)
{
    if (!digest_equal(&prepare->tc, &tc->payload)) {
        return MISCONDUCT_NONE;
    }
    bool is_for_view = tc->is_valid && is_same_docket(prepare, tc) && tc->view == prepare->view;
    bool is_bound = tc->qc_view == 0 || digest_equal(&tc->qc_value, &prepare->value);

    return is_for_view && is_bound ? MISCONDUCT_NONE : MISCONDUCT_UNJUSTIFIED;
}

enum misconduct misconduct_judge(const struct act *a, const struct act *b)
{
    if (a->kind > b->kind) {
        return misconduct_judge(b, a);
    }
    if (a->kind == ACT_PREPARE && b->kind == ACT_TC) {
        return judge_prepare(a, b);
    }
    if (!is_same_signer(a, b)) {
        return MISCONDUCT_NONE;
    }
    if (a->kind == b->kind) {
        return judge_alike(a, b);
    }
    if (a->kind == ACT_COMMIT && b->kind == ACT_NEW_VIEW) {
        return judge_amnesia(a, b);
    }
    return MISCONDUCT_NONE;
}

static const char *const names[] = {
    [MISCONDUCT_NONE] = "none",        [MISCONDUCT_TWO_PREPARES] = "E1",
    [MISCONDUCT_TWO_COMMITS] = "E2",   [MISCONDUCT_TWO_VERDICTS] = "E3",
    [MISCONDUCT_TWO_PROPOSALS] = "E4", [MISCONDUCT_AMNESIA] = "E5",
    [MISCONDUCT_UNJUSTIFIED] = "E6",   [MISCONDUCT_TWO_HEARINGS] = "E7",
    [MISCONDUCT_TWO_NEW_VIEWS] = "E8",
};

const char *misconduct_name(enum misconduct kind)
{
    CHECK(kind < MISCONDUCT_COUNT);
    return names[kind];
}

const char *misconduct_text(enum misconduct kind)
{
    static const char *const texts[] = {
        [MISCONDUCT_NONE] = "nothing",
        [MISCONDUCT_TWO_PREPARES] = "prepared two values in one view",
        [MISCONDUCT_TWO_COMMITS] = "committed two values in one view",
        [MISCONDUCT_TWO_VERDICTS] = "gave two verdicts on one docket",
        [MISCONDUCT_TWO_PROPOSALS] = "signed two proposals for one view, or two dockets as one",
        [MISCONDUCT_AMNESIA] = "denied a value that it had committed",
        [MISCONDUCT_UNJUSTIFIED] = "prepared a value against the proof of its view",
        [MISCONDUCT_TWO_HEARINGS] = "assessed one hearing in two dockets",
        [MISCONDUCT_TWO_NEW_VIEWS] = "asked twice for one view with different words",
    };

    CHECK(kind < MISCONDUCT_COUNT);
    return texts[kind];
}

enum misconduct misconduct_of_name(const char *name)
{
    for (int kind = MISCONDUCT_TWO_PREPARES; kind < MISCONDUCT_COUNT; kind++) {
        if (strcmp(names[kind], name) == 0) {
            return (enum misconduct)kind;
        }
    }
    return MISCONDUCT_NONE;
}
