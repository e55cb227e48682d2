#ifndef TESTS_RULES_WORKSHOP_H
#define TESTS_RULES_WORKSHOP_H

/* A small schema and evidence written as YAML, for tests of rules. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "evidence/schema.h"
#include "formats/tree.h"
#include "rules/given.h"
#include "rules/ruleset.h"

#define WORKSHOP_ARENA_SIZE (64 * 1024 * 1024)

static const char workshop_schema[] =
    "version: 1\n"
    "common:\n"
    "  - {name: id, type: id, text: Key.}\n"
    "  - {name: title, type: text, text: Name.}\n"
    "tables:\n"
    "  - name: systems\n"
    "    text: Systems.\n"
    "    columns:\n"
    "      - {name: tier, type: choice, of: [low, high], text: Tier.}\n"
    "      - {name: live_on, type: date, text: Day.}\n"
    "      - {name: users, type: integer, text: Number.}\n"
    "      - {name: personal, type: boolean, text: Flag.}\n"
    "      - {name: dataset_ids, type: list, table: datasets, text: Data.}\n"
    "  - name: datasets\n"
    "    text: Datasets.\n"
    "    columns:\n"
    "      - {name: licence, type: text, text: Licence.}\n"
    "  - name: assessments\n"
    "    text: Assessments.\n"
    "    columns:\n"
    "      - {name: system_id, type: reference, table: systems, text: System.}\n";

/* The tree of YAML in ARENA. */
static inline const struct tree *workshop_tree(struct arena *arena, const char *yaml)
{
    struct error error = {0};
    struct tree *tree = NULL;

    if (!tree_parse_yaml(bytes_of_text(yaml), "given.yaml", arena, &tree, &error)) {
        fail_msg("%s", error.message);
    }
    return tree;
}

static inline void workshop_read_schema(struct arena *arena, struct schema *out)
{
    struct error error = {0};

    if (!schema_parse(bytes_of_text(workshop_schema), "schema.yaml", arena, out, &error)) {
        fail_msg("%s", error.message);
    }
}

/* The evidence GIVEN (a YAML map of registers), with CLAIMS (a YAML map, or NULL), at the end of
 * June 2026. */
static inline void workshop_dataset(struct arena *arena, const struct schema *schema,
                                    const char *given, const char *claims, struct dataset *out)
{
    struct error error = {0};
    struct ruleset_test test = {.name = "test", .as_of = "2026-06-30"};

    test.given = given == NULL ? NULL : workshop_tree(arena, given);
    test.claims = claims == NULL ? NULL : workshop_tree(arena, claims);
    if (!given_dataset(&test, schema, arena, out, &error)) {
        fail_msg("%s", error.message);
    }
}

/* A folder of files that lives as long as a test. */
struct workshop_folder {
    char path[64];
    size_t file_count;
    char files[8][128];
};

static inline void workshop_open(struct workshop_folder *folder)
{
    memset(folder, 0, sizeof(*folder));
    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/aims-rules-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

static inline void workshop_write(struct workshop_folder *folder, const char *name,
                                  const char *content)
{
    size_t index = 0;

    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    while (index < folder->file_count && strcmp(folder->files[index], path) != 0) {
        index++;
    }
    if (index == folder->file_count) {
        assert_true(index < sizeof(folder->files) / sizeof(folder->files[0]));
        (void)snprintf(folder->files[folder->file_count++], sizeof(path), "%s", path);
    }
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline void workshop_close(struct workshop_folder *folder)
{
    for (size_t i = 0; i < folder->file_count; i++) {
        assert_int_equal(unlink(folder->files[i]), 0);
    }
    assert_int_equal(rmdir(folder->path), 0);
}

#endif
