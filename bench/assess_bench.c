/* Measures what one seat does with one bundle: opens it, loads it, answers the catalogue and takes
 * the digests of the papers. Prints one line of JSON: microseconds of processor time, the
 * least, at the median and at the 99th percentile, and the criteria that cost most. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/place.h"
#include "crypto/keys.h"
#include "crypto/seal.h"
#include "evidence/bundle.h"
#include "evidence/load.h"
#include "formats/json.h"
#include "rules/catalog.h"
#include "rules/engine.h"
#include "rules/pool.h"
#include "rules/ruleset.h"

#define LOADED_SIZE_MAX (64U * 1024 * 1024)  /* Bytes of catalogue, rule set and schema. */
#define WORK_SIZE_MAX   (400U * 1024 * 1024) /* Bytes that one bundle may unfold into. */
#define REPEATS_MAX     100000
#define SLOWEST_COUNT   10

enum phase { PHASE_OPEN = 0, PHASE_LOAD, PHASE_RUN, PHASE_DIGESTS, PHASE_TOTAL, PHASE_COUNT };

static const char *const phase_names[PHASE_COUNT] = {"open", "load", "run", "digests", "total"};

struct bench {
    struct arena *loaded;
    struct arena *work; /* Reset for every repeat. */
    struct catalog catalog;
    struct ruleset ruleset;
    struct schema schema;
    struct engine *engine;
    struct keys *keys;
    FILE *file; /* The bundle. */
    bool is_sealed;
    uint8_t key[SEAL_KEY_SIZE];
    size_t repeats;
    uint64_t *times[PHASE_COUNT]; /* Nanoseconds, by repeat. */
    uint64_t *criteria;           /* Nanoseconds, by criterion: the least of all repeats. */
};

static uint64_t now_ns(clockid_t clock)
{
    struct timespec now;

    CHECK(clock_gettime(clock, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool load_rules(struct bench *bench, const char *ruleset, struct error *error)
{
    static const struct engine_options options = {0};
    char catalog_path[PLACE_SIZE];
    char ruleset_path[PLACE_SIZE];
    char schema_path[PLACE_SIZE];

    return place_data("catalogs/iso42001-2023", catalog_path, error) &&
           place_data(ruleset, ruleset_path, error) &&
           place_data("schema.yaml", schema_path, error) &&
           schema_load(schema_path, bench->loaded, &bench->schema, error) &&
           catalog_load(catalog_path, bench->loaded, &bench->catalog, error) &&
           ruleset_load(ruleset_path, &bench->catalog, bench->loaded, &bench->ruleset, error) &&
           engine_create(&bench->catalog, &bench->ruleset, &bench->schema, &options, &bench->engine,
                         error);
}

/* Packs DIRECTORY into a file without a name, sealed to ourselves or plain. */
static bool pack(struct bench *bench, const char *directory, struct error *error)
{
    struct notes notes;
    struct buffer bundle = {0};
    struct bundle_packed packed;
    struct bundle_options options = {
        .directory = directory,
        .schema = &bench->schema,
        .keys = bench->keys,
        .is_plain = !bench->is_sealed,
        .seat_count = bench->is_sealed,
        .seats = &keys_public(bench->keys)->sealing,
        .notes = &notes,
    };

    notes_init(&notes, bench->work);
    bool is_ok =
        bundle_pack(&options, bench->work, &bundle, &packed, error) &&
        (!bench->is_sealed || bundle_unseal(&packed.header, 0, bench->keys, bench->key, error));

    bench->file = tmpfile();
    if (is_ok &&
        (bench->file == NULL || fwrite(bundle.data, 1, bundle.size, bench->file) != bundle.size ||
         fflush(bench->file) != 0)) {
        is_ok = error_set(error, ERROR_IO, "cannot write the bundle: %s", strerror(errno));
    }
    buffer_finish(&bundle);
    return is_ok;
}

static bool answer_all(struct bench *bench, struct engine_answer *answers, struct error *error)
{
    for (size_t i = 0; i < bench->catalog.criterion_count; i++) {
        uint64_t start_ns = now_ns(CLOCK_MONOTONIC);

        if (!engine_answer(bench->engine, i, bench->work, &answers[i], error)) {
            return false;
        }
        uint64_t time_ns = now_ns(CLOCK_MONOTONIC) - start_ns;

        if (bench->criteria[i] == 0 || time_ns < bench->criteria[i]) {
            bench->criteria[i] = time_ns;
        }
    }
    return true;
}

static bool assess_once(struct bench *bench, size_t repeat, struct error *error)
{
    struct bundle bundle;
    struct notes notes;
    struct dataset dataset;
    struct digest digest;
    uint64_t at_ns[PHASE_COUNT] = {0};
    size_t count = bench->catalog.criterion_count;

    arena_reset(bench->work);
    if (lseek(fileno(bench->file), 0, SEEK_SET) != 0) {
        return error_set(error, ERROR_IO, "cannot rewind the bundle: %s", strerror(errno));
    }
    notes_init(&notes, bench->work);
    at_ns[0] = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    if (!bundle_open(fileno(bench->file), bench->is_sealed ? bench->key : NULL, bench->work,
                     &bundle, error)) {
        return false;
    }
    at_ns[1] = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    if (!load_source(&bundle.payload, &bench->schema, &notes, &dataset, error)) {
        return false;
    }
    at_ns[2] = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    struct engine_answer *answers = arena_array(bench->work, count, sizeof(*answers));
    struct engine_result result = {.count = count, .answers = answers};

    CHECK(answers != NULL);
    if (!engine_load(bench->engine, &dataset, error) || !answer_all(bench, answers, error)) {
        return false;
    }
    at_ns[3] = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < count; i++) {
        engine_paper_digest(&result, i, bench->key, &digest);
    }
    at_ns[4] = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < PHASE_TOTAL; i++) {
        bench->times[i][repeat] = at_ns[i + 1] - at_ns[i];
    }
    bench->times[PHASE_TOTAL][repeat] = at_ns[4] - at_ns[0];
    return true;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static struct json *micro(uint64_t time_ns)
{
    return json_integer((int64_t)(time_ns / 1000));
}

static struct json *slowest(struct bench *bench)
{
    struct json *list = json_list();

    for (size_t n = 0; n < SLOWEST_COUNT && n < bench->catalog.criterion_count; n++) {
        size_t worst = 0;

        for (size_t i = 1; i < bench->catalog.criterion_count; i++) {
            worst = bench->criteria[i] > bench->criteria[worst] ? i : worst;
        }
        struct json *criterion = json_object();

        json_set(criterion, "id", json_text(bench->catalog.criteria[worst].id));
        json_set(criterion, "us", micro(bench->criteria[worst]));
        json_add(list, criterion);
        bench->criteria[worst] = 0;
    }
    return list;
}

static void print(struct bench *bench)
{
    struct json *json = json_object();
    struct buffer line = {0};

    for (size_t i = 0; i < PHASE_COUNT; i++) {
        struct json *phase = json_object();

        qsort(bench->times[i], bench->repeats, sizeof(bench->times[i][0]), compare_times);
        json_set(phase, "least", micro(bench->times[i][0]));
        json_set(phase, "p50", micro(bench->times[i][bench->repeats / 2]));
        json_set(phase, "p99", micro(bench->times[i][bench->repeats * 99 / 100]));
        json_set(json, phase_names[i], phase);
    }
    json_set(json, "repeats", json_integer((int64_t)bench->repeats));
    json_set(json, "slowest", slowest(bench));
    json_write(json, &line);
    (void)puts(buffer_text(&line));
    buffer_finish(&line);
    json_destroy(json);
}

static bool run(struct bench *bench, const char *directory, const char *ruleset,
                struct error *error)
{
    if (!load_rules(bench, ruleset, error) || !pack(bench, directory, error)) {
        return false;
    }
    bench->criteria =
        arena_array(bench->loaded, bench->catalog.criterion_count, sizeof(*bench->criteria));
    CHECK(bench->criteria != NULL);
    for (size_t i = 0; i < PHASE_COUNT; i++) {
        bench->times[i] = arena_array(bench->loaded, bench->repeats, sizeof(uint64_t));
        CHECK(bench->times[i] != NULL);
    }
    for (size_t i = 0; i < bench->repeats; i++) {
        if (!assess_once(bench, i, error)) {
            return false;
        }
    }
    print(bench);
    return true;
}

int main(int argc, char **argv)
{
    static const uint8_t seed[KEYS_SEED_SIZE] = {1};
    struct bench bench = {0};
    struct error error;

    if (argc != 4 || (strcmp(argv[1], "plain") != 0 && strcmp(argv[1], "sealed") != 0)) {
        (void)fprintf(stderr, "usage: assess_bench plain|sealed DIRECTORY REPEATS\n");
        return 2;
    }
    (void)setenv("TZ", "UTC0", 1);
    pool_take_over();
    keys_library_init();
    bench.is_sealed = strcmp(argv[1], "sealed") == 0;
    bench.repeats = strtoul(argv[3], NULL, 10);
    bench.repeats = bench.repeats < 1 || bench.repeats > REPEATS_MAX ? 1 : bench.repeats;
    bench.loaded = arena_create(LOADED_SIZE_MAX);
    bench.work = arena_create(WORK_SIZE_MAX);
    bench.keys = keys_from_seed(seed);
    bool is_ok = run(&bench, argv[2], "rulesets/registers", &error);

    if (!is_ok) {
        (void)fprintf(stderr, "assess_bench: %s\n", error.message);
    }
    if (bench.file != NULL) {
        (void)fclose(bench.file);
    }
    engine_destroy(bench.engine);
    keys_destroy(bench.keys);
    arena_destroy(bench.work);
    arena_destroy(bench.loaded);
    return is_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
