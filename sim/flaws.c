#include "sim/flaws.h"

#include <string.h>

#include "base/check.h"
#include "council/flaw.h"

struct flaw {
    enum council_flaw bit;
    const char *name;
    const char *text;
};

static const struct flaw table[FLAWS_COUNT] = {
    {FLAW_TWO_F_PLUS_ONE, "two_f_plus_one", "a quorum is 2f + 1"},
    {FLAW_MAJORITY, "majority", "a quorum is a plain majority"},
    {FLAW_VIEW_FREE_COMMIT, "view_free_commit", "COMMITs of different views count together"},
    {FLAW_COMMIT_AFTER_NEW_VIEW, "commit_after_new_view", "a view that was given up takes votes"},
    {FLAW_NEW_VIEW_WITHOUT_QC, "new_view_without_qc", "NEW-VIEW does not sign the highest QC"},
    {FLAW_QC_NOT_DURABLE, "qc_not_durable", "the lock is not stored"},
    {FLAW_PREPARE_NOT_DURABLE, "prepare_not_durable", "the PREPARE is not stored"},
    {FLAW_OWN_LOCK, "own_lock", "a seat consults its own lock"},
    {FLAW_QC_NOT_ATTACHED, "qc_not_attached", "NEW-VIEW names its QC and does not bring it"},
    {FLAW_TC_NOT_STORED, "tc_not_stored", "a TC is neither stored nor passed on"},
    {FLAW_NO_QUESTION, "no_question", "nobody asks for a hidden certificate"},
    {FLAW_BOUND_AT_ASSIGN, "bound_at_assign", "ASSIGN binds the case, not the verdict"},
    {FLAW_DOCKET_NOT_FETCHED, "docket_not_fetched", "nobody asks for a docket that is unknown"},
    {FLAW_CERTIFICATE_KEPT, "certificate_kept", "seats keep a certificate until they are asked"},
    {FLAW_SAME_COORDINATOR, "same_coordinator", "every attempt begins at the same coordinator"},
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

const char *flaws_text(size_t index)
{
    CHECK(index < FLAWS_COUNT);
    return table[index].text;
}

size_t flaws_of_name(const char *name)
{
    size_t index = 0;

    while (index < FLAWS_COUNT && strcmp(table[index].name, name) != 0) {
        index++;
    }
    return index;
}
