#include "client/rehearse.h"

#include <stdio.h>

#include "client/data.h"
#include "client/print.h"

bool rehearse_run(const struct options *options, const char *directory, struct rehearse *out,
                  struct error *error)
{
    struct engine_options engine = {.may_be_partial = options_has(options, "partial")};

    *out = (struct rehearse){.arena = arena_create(DATA_MEMORY_MAX)};
    notes_init(&out->notes, out->arena);
    bool is_ready =
        data_schema(out->arena, &out->schema, error) &&
        data_catalog(options_text(options, "catalog"), out->arena, &out->catalog, error) &&
        data_ruleset(options_text(options, "ruleset"), &out->catalog, out->arena, &out->ruleset,
                     error) &&
        engine_create(&out->catalog, &out->ruleset, &out->schema, &engine, &out->engine, error);

    if (!is_ready) {
        return false;
    }
    if (!load_directory(directory, &out->schema, &out->notes, &out->dataset, error)) {
        print_notes(&out->notes, stderr);
        return false;
    }
    return engine_run(out->engine, &out->dataset, out->arena, &out->result, error);
}

void rehearse_finish(struct rehearse *rehearse)
{
    engine_destroy(rehearse->engine);
    arena_destroy(rehearse->arena);
}
