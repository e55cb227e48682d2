#include "council/binding.h"

#include "base/check.h"

/* How one other docket stands in the way. */
static enum binding_verdict judge_one(const struct binding_record *record, uint32_t attempt)
{
    if (record->outcome == BINDING_CONCLUSIVE) {
        return BINDING_CONCLUDED;
    }
    if (record->outcome != BINDING_OPEN && record->attempt >= attempt) {
        return BINDING_CONCLUDED;
    }
    if (record->is_assessed != 0 && record->attempt >= attempt) {
        return BINDING_ELSEWHERE;
    }
    if (record->is_assessed != 0 && record->outcome == BINDING_OPEN) {
        return BINDING_WAIT;
    }
    return BINDING_ASSESS;
}

enum binding_verdict binding_judge(const struct binding_record *records, size_t count,
                                   const struct digest *docket, uint32_t attempt,
                                   struct digest *blocker)
{
    enum binding_verdict worst = BINDING_ASSESS;

    CHECK(attempt >= 1);
    *blocker = (struct digest){{0}};
    for (size_t i = 0; i < count; i++) {
        if (digest_equal(&records[i].docket, docket)) {
            continue;
        }
        enum binding_verdict verdict = judge_one(&records[i], attempt);

        if (verdict > worst) {
            worst = verdict;
            *blocker = records[i].docket;
        }
    }
    return worst;
}
