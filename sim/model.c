#include "sim/model.h"

static bool is_active(const struct model *model, const struct setup_fault *fault)
{
    uint64_t now_ms = model_now_ms(model);

    if (now_ms < fault->from_ms) {
        return false;
    }
    return fault->until_ms == 0 ? model->setup->phases[model->phase].is_attack
                                : now_ms < fault->until_ms;
}

const struct setup_fault *model_fault(const struct model *model, const struct node *node,
                                      enum setup_strategy strategy)
{
    if (!model_has(node, strategy)) {
        return NULL;
    }
    for (size_t i = 0; i < model->setup->fault_count; i++) {
        const struct setup_fault *fault = &model->setup->faults[i];

        if (fault->strategy == strategy && fault->is_seat == node->is_seat &&
            fault->node == node->number && is_active(model, fault)) {
            return fault;
        }
    }
    return NULL;
}
