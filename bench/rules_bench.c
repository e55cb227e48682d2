/* How long one seat needs for one bundle: filling the tables and answering every criterion for the
 * example organisation, with a kept engine. Prints one JSON line; times are medians in microseconds
 * of the monotonic clock.
 *
 *   rules_bench [ROUNDS] */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/encode.h"
#include "evidence/load.h"
#include "rules/catalog.h"
#include "rules/engine.h"
#include "rules/ruleset.h"

#define ARENA_SIZE (256 * 1024 * 1024)
#define ROUNDS     200
#define ROUNDS_MAX 10000

struct bench {
    struct arena *arena;   /* As long as the program. */
    struct arena *scratch; /* Of one round. */
    struct schema schema;
    struct catalog catalog;
    struct ruleset ruleset;
    struct dataset dataset;
    struct notes notes;
    struct engine *engine;
};

static double now_us(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    const double *left = a;
    const double *right = b;

    return (*left > *right) - (*left < *right);
}

static double median(double *times, size_t count)
{
    qsort(times, count, sizeof(*times), compare);
    return times[count / 2];
}

static bool prepare(struct bench *bench, struct error *error)
{
    static const struct engine_options options = {0};

    notes_init(&bench->notes, bench->arena);
    return schema_load(AIMS_SOURCE_DIR "/evidence/schema.yaml", bench->arena, &bench->schema,
                       error) &&
           catalog_load(AIMS_SOURCE_DIR "/rules/catalogs/iso42001-2023", bench->arena,
                        &bench->catalog, error) &&
           ruleset_load(AIMS_SOURCE_DIR "/rules/rulesets/registers", &bench->catalog, bench->arena,
                        &bench->ruleset, error) &&
           load_directory(AIMS_SOURCE_DIR "/examples/meridian", &bench->schema, &bench->notes,
                          &bench->dataset, error) &&
           engine_create(&bench->catalog, &bench->ruleset, &bench->schema, &options, &bench->engine,
                         error);
}

static bool run(struct bench *bench, size_t rounds, struct error *error)
{
    double *loads = arena_array(bench->arena, rounds, sizeof(*loads));
    double *runs = arena_array(bench->arena, rounds, sizeof(*runs));
    struct engine_result result;
    size_t rows = 0;

    CHECK(loads != NULL);
    CHECK(runs != NULL);
    for (size_t i = 0; i < rounds; i++) {
        double start = now_us();

        if (!engine_load(bench->engine, &bench->dataset, error)) {
            return false;
        }
        loads[i] = now_us() - start;
        arena_reset(bench->scratch);
        start = now_us();
        if (!engine_run(bench->engine, &bench->dataset, bench->scratch, &result, error)) {
            return false;
        }
        runs[i] = now_us() - start;
    }
    for (size_t i = 0; i < bench->schema.table_count; i++) {
        rows += bench->dataset.tables[i].row_count;
    }
    (void)printf("{\"bench\":\"rules\",\"criteria\":%zu,\"rows\":%zu,\"rounds\":%zu,"
                 "\"load_p50_us\":%.0f,\"bundle_p50_us\":%.0f}\n",
                 bench->catalog.criterion_count, rows, rounds, median(loads, rounds),
                 median(runs, rounds));
    return true;
}

int main(int argc, char **argv)
{
    struct bench bench = {.arena = arena_create(ARENA_SIZE), .scratch = arena_create(ARENA_SIZE)};
    struct error error = {0};
    uint64_t rounds = ROUNDS;

    if (argc > 2 || (argc == 2 && (!encode_to_u64(argv[1], ROUNDS_MAX, &rounds) || rounds == 0))) {
        (void)fprintf(stderr, "rules_bench: usage: rules_bench [ROUNDS]\n");
        return 2;
    }
    bool ok = prepare(&bench, &error) && run(&bench, (size_t)rounds, &error);

    if (!ok) {
        (void)fprintf(stderr, "rules_bench: %s\n", error.message);
    }
    engine_destroy(bench.engine);
    arena_destroy(bench.scratch);
    arena_destroy(bench.arena);
    return ok ? 0 : 1;
}
