/* Any files as evidence, and any schema: refused with notes, or a dataset that is what
 * evidence/dataset.h promises and that SQL takes. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "evidence/load.h"
#include "evidence/path.h"
#include "rules/sandbox.h"
#include "rules/tables.h"
#include "tests/fuzz/sections.h"

#define ARENA_MAX (64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A column of every type. */
static const char small_schema[] =
    "version: 1\n"
    "common:\n"
    "  - {name: id, type: id, text: Key.}\n"
    "  - {name: title, type: text, text: Name.}\n"
    "  - {name: valid_until, type: date, future: true, text: Day.}\n"
    "  - {name: source_file, type: file, text: Document.}\n"
    "  - {name: requirement_ids, type: list, of: requirement, text: Requirements.}\n"
    "tables:\n"
    "  - name: systems\n"
    "    text: Systems.\n"
    "    columns:\n"
    "      - {name: tier, type: choice, of: [low, high], text: Tier.}\n"
    "      - {name: live_on, type: date, text: Day.}\n"
    "      - {name: users, type: integer, text: Number.}\n"
    "      - {name: personal, type: boolean, text: Flag.}\n"
    "      - {name: part_ids, type: list, table: systems, text: Parts.}\n"
    "      - {name: words, type: list, text: Words.}\n"
    "  - name: risks\n"
    "    text: Risks.\n"
    "    columns:\n"
    "      - {name: system_id, type: reference, table: systems, required: true, text: System.}\n";

/* Rows of TABLE with the id of SIZE bytes at ID. */
static size_t count_id(const struct dataset_table *table, const char *id, size_t size)
{
    size_t column = schema_find_column(table->schema, "id");
    size_t count = 0;

    for (size_t row = 0; row < table->row_count; row++) {
        const char *other = table->values[row * table->schema->column_count + column].text;

        count += strlen(other) == size && memcmp(other, id, size) == 0;
    }
    return count;
}

/* Every element of a list of references is there; a single reference is a list of one. */
static void check_references(const struct dataset *set, const struct schema_column *column,
                             const char *text)
{
    while (column->table_name != NULL && *text != '\0') {
        size_t size = strcspn(text, ";");

        CHECK(count_id(&set->tables[column->table_index], text, size) == 1);
        text += size + (text[size] == ';');
    }
}

static void check_value(const struct dataset *set, const struct schema_column *column,
                        const struct dataset_value *value)
{
    bool is_number = column->type == SCHEMA_INTEGER || column->type == SCHEMA_BOOLEAN;

    if (value->type == DATASET_NULL) {
        CHECK(!column->is_required);
        return;
    }
    CHECK((value->type == DATASET_INTEGER) == is_number);
    if (is_number) {
        CHECK(column->type != SCHEMA_BOOLEAN || value->integer == 0 || value->integer == 1);
        return;
    }
    CHECK(value->text[0] != '\0');
    CHECK(strlen(value->text) <= LOAD_CELL_MAX);
    CHECK(column->type != SCHEMA_DATE || strlen(value->text) == 10);
    check_references(set, column, value->text);
}

static void check_id(const struct dataset_table *table, const struct schema_column *column,
                     const struct dataset_value *value)
{
    if (column->type == SCHEMA_ID) {
        CHECK(count_id(table, value->text, strlen(value->text)) == 1);
    }
}

static void check_table(const struct dataset *set, const struct dataset_table *table)
{
    size_t columns = table->schema->column_count;

    CHECK(table->row_count == 0 || table->claim == DATASET_COMPLETE ||
          table->claim == DATASET_PARTIAL);
    for (size_t i = 0; i < table->row_count * columns; i++) {
        check_value(set, &table->schema->columns[i % columns], &table->values[i]);
        check_id(table, &table->schema->columns[i % columns], &table->values[i]);
    }
}

static void check_dataset(const struct dataset *set, const struct source *source)
{
    CHECK(set->organisation != NULL);
    CHECK(set->purpose != NULL);
    CHECK(strcmp(set->period_start, set->period_end) <= 0);
    for (size_t i = 0; i < set->schema->table_count; i++) {
        check_table(set, &set->tables[i]);
    }
    for (size_t i = 0; i < set->file_count; i++) {
        CHECK(source_find(source, set->files[i].path) != NULL);
        CHECK(strchr(set->files[i].cited_by, ':') != NULL);
    }
}

/* What one seat's SQL makes of it; a schema may have names that SQL has not. */
static void fill_tables(const struct dataset *set, bool is_small)
{
    struct sandbox *sandbox = NULL;
    struct tables *tables = NULL;
    struct error error;

    CHECK(sandbox_create(false, &sandbox, &error));
    bool is_made = tables_create(sandbox_connection(sandbox), set->schema, false, &tables, &error);

    CHECK(is_made || !is_small);
    for (size_t i = 0; is_made && i < set->schema->table_count; i++) {
        tables_note_read(tables, set->schema->tables[i].name);
    }
    if (is_made) {
        CHECK(tables_load(tables, set, &error) || error.code == ERROR_LIMIT);
    }
    sandbox_destroy(sandbox);
    tables_destroy(tables);
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct source_file *)a)->path, ((const struct source_file *)b)->path);
}

/* The sections as a bundle's payload: sound paths, each once, sorted. */
static void make_source(const struct sections *sections, struct source_file *files,
                        struct source *out)
{
    struct error error;

    *out = (struct source){.directory = -1, .files = files};
    for (size_t i = 0; i < sections->count; i++) {
        const struct section *section = &sections->items[i];

        if (path_check(section->name, &error) &&
            sections_find(sections, section->name) == section) {
            files[out->file_count++] = (struct source_file){
                .path = section->name, .size = section->size, .data = section->data};
        }
    }
    qsort(files, out->file_count, sizeof(*files), compare_files);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(ARENA_MAX);
    struct source_file files[SECTIONS_MAX];
    struct sections sections;
    struct source source;
    struct schema schema;
    struct notes notes;
    struct dataset set;
    struct error error = {0};
    struct bytes text = bytes_of_text(small_schema);

    sections_split(bytes_of(data, size), &sections);
    make_source(&sections, files, &source);
    notes_init(&notes, arena);
    const struct section *own = sections_find(&sections, "schema.yaml");

    if (own != NULL) {
        text = bytes_of(own->data, own->size);
    }
    if (!schema_parse(text, "schema.yaml", arena, &schema, &error)) {
        CHECK(own != NULL);
    } else if (load_source(&source, &schema, &notes, &set, &error)) {
        CHECK(notes.error_count == 0);
        check_dataset(&set, &source);
        fill_tables(&set, own == NULL);
    } else {
        CHECK(notes.error_count > 0 || error.code == ERROR_LIMIT);
    }
    CHECK(notes.error_count == 0 || notes.first != NULL);
    sections_free(&sections);
    arena_destroy(arena);
    return 0;
}
