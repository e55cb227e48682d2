/* Any bytes as the inventory of AI use cases: refused with a sentence, or evidence that passes the
 * checks of every other evidence. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/check.h"
#include "evidence/import_federal.h"
#include "evidence/load.h"

#define ARENA_MAX (256 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena *schema_arena; /* Lives as long as the process. */
static struct schema schema;

static void load_schema(void)
{
    struct error error;

    schema_arena = arena_create(16 * 1024 * 1024);
    CHECK(schema_load(AIMS_SOURCE_DIR "/evidence/schema.yaml", schema_arena, &schema, &error));
}

static void import(struct bytes csv, const char *agency, struct arena *arena)
{
    struct import_result result;
    struct dataset set;
    struct notes notes;
    struct error error = {0};

    if (!import_federal_read(csv, "input", agency, &schema, arena, &result, &error)) {
        CHECK(error.message[0] != '\0');
        return;
    }
    notes_init(&notes, arena);
    if (!load_source(&result.files, &schema, &notes, &set, &error)) {
        fprintf(stderr, "%s\n", error.message);
        CHECK(error.code == ERROR_LIMIT);
    }
    for (size_t i = 0; i < result.question_count; i++) {
        size_t sum = 0;

        for (size_t j = 0; j < IMPORT_ANSWERS; j++) {
            sum += result.questions[i].counts[j];
        }
        CHECK(sum == result.system_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(ARENA_MAX);
    struct import_federal_agency *agencies = NULL;
    struct error error = {0};
    size_t count = 0;

    if (schema_arena == NULL) {
        load_schema();
    }
    struct bytes csv = bytes_of(data, size);

    if (import_federal_agencies(csv, "input", arena, &agencies, &count, &error)) {
        for (size_t i = 0; i < count && i < 2; i++) {
            import(csv, agencies[i].abbreviation, arena);
        }
    } else {
        CHECK(error.message[0] != '\0');
    }
    arena_destroy(arena);
    return 0;
}
