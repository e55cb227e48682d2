#include "agent/witness.h"

#include "base/log.h"
#include "report/proof.h"

void witness_coordinator(struct agent *agent, uint8_t signer, const char *type,
                         const struct message_signed *first, const struct message_signed *second)
{
    struct arena *arena = arena_create(PROOF_MEMORY_MAX);
    struct proof proof = {.signer = signer,
                          .first_type = type,
                          .second_type = type,
                          .first = *first,
                          .second = *second};
    struct error error;
    bool is_new = false;

    if (!proof_judge(&agent->roster, &proof, arena, &error)) {
        log_line(LOG_DEBUG, "coordinator %u: %s", signer, error.message);
    } else if (!seat_store_save_proof(agent->store, &proof, &is_new, &error)) {
        agent_fail(agent, &error);
    } else if (is_new) {
        log_line(LOG_ERROR, "coordinator %u: %s: %s", signer, misconduct_name(proof.kind),
                 misconduct_text(proof.kind));
    }
    arena_destroy(arena);
}
