#ifndef CLIENT_REHEARSE_H
#define CLIENT_REHEARSE_H

/* An evidence directory answered by one rule set in this process, as a seat would: what `aims gaps`
 * and `aims rules run` show. Here the evidence is the user's own, so there is no sandbox of the
 * operating system around it. */

#include "base/arena.h"
#include "base/error.h"
#include "client/options.h"
#include "evidence/load.h"
#include "rules/catalog.h"
#include "rules/engine.h"
#include "rules/ruleset.h"

struct rehearse {
    struct arena *arena;
    struct schema schema;
    struct catalog catalog;
    struct ruleset ruleset;
    struct engine *engine;
    struct notes notes;
    struct dataset dataset;
    struct engine_result result;
};

/* Options of commands that rehearse. */
#define REHEARSE_OPTIONS                                                                           \
    {"ruleset", 0, true, "NAME", "rule set: one that comes with the program, or a path with a /"}, \
        {"catalog", 0, true, "NAME", "catalogue, likewise"},                                       \
    {                                                                                              \
        "partial", 0, false, NULL, "take a rule set that leaves criteria unanswered"               \
    }

/* Loads and runs all. The caller finishes OUT in either case. When the evidence has errors, they
 * are on standard error.
 *
 * Errors: those of the loaders and of engine_run(). */
MUST_USE bool rehearse_run(const struct options *options, const char *directory,
                           struct rehearse *out, struct error *error);
void rehearse_finish(struct rehearse *rehearse);

#endif
