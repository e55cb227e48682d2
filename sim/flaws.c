#include "sim/flaws.h"

#include <string.h>

#include "base/check.h"
#include "council/flaw.h"

struct flaw {
    enum council_flaw bit;
    const char *name;
};

static const struct flaw table[FLAWS_COUNT] = {
    {FLAW_TWO_F_PLUS_ONE, "two_f_plus_one"},
    {FLAW_MAJORITY, "majority"},
    {FLAW_VIEW_FREE_COMMIT, "view_free_commit"},
    {FLAW_COMMIT_AFTER_NEW_VIEW, "commit_after_new_view"},
    {FLAW_NEW_VIEW_WITHOUT_QC, "new_view_without_qc"},
    {FLAW_QC_NOT_DURABLE, "qc_not_durable"},
    {FLAW_PREPARE_NOT_DURABLE, "prepare_not_durable"},
    {FLAW_OWN_LOCK, "own_lock"},
    {FLAW_QC_NOT_ATTACHED, "qc_not_attached"},
    {FLAW_TC_NOT_STORED, "tc_not_stored"},
    {FLAW_NO_QUESTION, "no_question"},
    {FLAW_BOUND_AT_ASSIGN, "bound_at_assign"},
    {FLAW_DOCKET_NOT_FETCHED, "docket_not_fetched"},
    {FLAW_CERTIFICATE_KEPT, "certificate_kept"},
    {FLAW_SAME_COORDINATOR, "same_coordinator"},
};

bool flaws_are_here(void)
{
#ifdef COUNCIL_FLAWS
    return true;
#else
    return false;
#endif
}

const char *flaws_name(size_t index)
{
    CHECK(index < FLAWS_COUNT);
    CHECK((uint32_t)table[index].bit == UINT32_C(1) << index);
    return table[index].name;
}

size_t flaws_of_name(const char *name)
{
    size_t index = 0;

    while (index < FLAWS_COUNT && strcmp(table[index].name, name) != 0) {
        index++;
    }
    return index;
}
