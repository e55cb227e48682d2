/* aims version: which program, and which questions and rules come with it. */

#include <stdio.h>

#include "base/encode.h"
#include "client/commands.h"
#include "client/data.h"
#include "client/file.h"
#include "client/options.h"
#include "formats/json.h"

/* The rule sets that come with the program. */
static const char *const rulesets[] = {"registers"};

enum { RULESET_COUNT = sizeof(rulesets) / sizeof(rulesets[0]) };

struct version {
    struct schema schema;
    struct catalog catalog;
    struct ruleset rulesets[RULESET_COUNT];
};

static bool load(struct arena *arena, struct version *out, struct error *error)
{
    if (!data_schema(arena, &out->schema, error) ||
        !data_catalog(NULL, arena, &out->catalog, error)) {
        return false;
    }
    for (size_t i = 0; i < RULESET_COUNT; i++) {
        if (!data_ruleset(rulesets[i], &out->catalog, arena, &out->rulesets[i], error)) {
            return false;
        }
    }
    return true;
}

static void print_json(const struct version *version)
{
    struct json *json = json_object();
    struct json *digests = json_object();

    for (size_t i = 0; i < RULESET_COUNT; i++) {
        json_set(digests, rulesets[i], json_digest(&version->rulesets[i].digest));
    }
    json_set(json, "catalog", json_digest(&version->catalog.digest));
    json_set(json, "catalogId", json_text(version->catalog.id));
    json_set(json, "rulesets", digests);
    json_set(json, "schema", json_digest(&version->schema.digest));
    json_set(json, "version", json_text(AIMS_VERSION));
    file_print_json(json);
}

static void print_text(const struct version *version)
{
    char hex[DIGEST_HEX_SIZE];

    printf("aims %s\n", AIMS_VERSION);
    printf("catalogue %s  %s\n", version->catalog.id, encode_digest(&version->catalog.digest, hex));
    for (size_t i = 0; i < RULESET_COUNT; i++) {
        printf("rule set %s  %s\n", rulesets[i], encode_digest(&version->rulesets[i].digest, hex));
    }
    printf("schema  %s\n", encode_digest(&version->schema.digest, hex));
}

static bool run_version(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    struct version version;
    bool is_ok = load(arena, &version, error);

    (void)exit;
    if (is_ok) {
        (options->is_json ? print_json : print_text)(&version);
    }
    arena_destroy(arena);
    return is_ok;
}

static const struct command_option version_options[] = {{NULL, 0, false, NULL, NULL}};

const struct command version_command = {
    .name = "version",
    .summary = "print the version, and the digests of catalogue, rule sets and schema",
    .arguments = "",
    .examples = "  aims version\n  aims version --json\n",
    .options = version_options,
    .run = run_version,
};
