/* Any files as a catalogue's part and a rule set's: refused with a sentence that names the place, or
 * linted and tested, whatever their queries try. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/check.h"
#include "rules/catalog.h"
#include "rules/lint.h"
#include "rules/ruleset.h"
#include "tests/fuzz/sections.h"
#include "tests/rules/workshop.h"

#define ARENA_MAX (64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char catalog_main[] =
    "id: small\nversion: 1\ntitle: Small\nmax_age_days: 90\nminors_make_major: 3\n"
    "caps: {review_days: 400}\nlimits: {vm_steps: 10000, rows: 100, cell_bytes: 1000}\n"
    "files: [part.yaml]\n";

/* What the rules answer when the input does not ask questions of its own. */
static const char catalog_part[] =
    "- id: \"4.1\"\n  title: Context\n  pdca: plan\n  criteria:\n"
    "    - {id: 4.1-1, question: Q?, not_met: major, evidence: [systems], guidance: G.,"
    " remediation: R.}\n"
    "    - {id: 4.1-2, question: Q?, not_met: minor, evidence: [systems], guidance: G.,"
    " remediation: R.}\n";

static const char ruleset_main[] =
    "name: small\nversion: 1\ntitle: Small\ncatalog: small\nfiles: [rules.yaml]\n";

/* The folder of this process, removed at its end. */
static struct workshop_folder folder;

static void remove_folder(void)
{
    workshop_close(&folder);
}

static void write_section(const struct sections *sections, const char *name, const char *otherwise)
{
    const struct section *section = sections_find(sections, name);
    char text[64 * 1024];

    if (section == NULL) {
        workshop_write(&folder, name, otherwise);
        return;
    }
    size_t size = section->size < sizeof(text) ? section->size : sizeof(text) - 1;

    memcpy(text, section->data, size);
    text[size] = '\0';
    workshop_write(&folder, name, text);
}

static void check_rules(const struct catalog *catalog, const struct schema *schema,
                        struct arena *arena)
{
    struct ruleset ruleset;
    struct lint_report report;
    struct lint_report again;
    struct error error = {0};

    if (!ruleset_load(folder.path, catalog, arena, &ruleset, &error)) {
        CHECK(error.message[0] != '\0');
        return;
    }
    CHECK(lint_rules(catalog, &ruleset, schema, arena, &report, &error) ||
          error.message[0] != '\0');
    if (lint_tests(catalog, &ruleset, schema, arena, &report, &error) &&
        lint_tests(catalog, &ruleset, schema, arena, &again, &error)) {
        CHECK(report.test_count == again.test_count);
        CHECK(report.message_count == again.message_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(ARENA_MAX);
    struct sections sections;
    struct schema schema;
    struct catalog catalog;
    struct error error = {0};

    if (folder.path[0] == '\0') {
        workshop_open(&folder);
        workshop_write(&folder, "catalog.yaml", catalog_main);
        workshop_write(&folder, "ruleset.yaml", ruleset_main);
        (void)atexit(remove_folder);
    }
    sections_split(bytes_of(data, size), &sections);
    write_section(&sections, "part.yaml", catalog_part);
    write_section(&sections, "rules.yaml", "[]\n");
    workshop_read_schema(arena, &schema);
    if (catalog_load(folder.path, arena, &catalog, &error)) {
        check_rules(&catalog, &schema, arena);
    } else {
        CHECK(error.message[0] != '\0');
        CHECK(sections_find(&sections, "part.yaml") != NULL);
    }
    sections_free(&sections);
    arena_destroy(arena);
    return 0;
}
