#include "rules/given.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/encode.h"
#include "crypto/hash.h"
#include "formats/tree.h"
#include "rules/ruleset.h"

#define FILES_REGISTER "evidence_files"

struct builder {
    const struct schema *schema;
    struct arena *arena;
    struct dataset *dataset;
};

static bool is_full(const struct tree *node, struct error *error)
{
    char place[TREE_PLACE_SIZE];

    return error_set(error, ERROR_LIMIT, "%s: too large for the memory allowed",
                     tree_place(node, place));
}

static bool refuse(const struct tree *node, const char *want, struct error *error)
{
    char place[TREE_PLACE_SIZE];

    return error_set(error, ERROR_INVALID, "%s: \"%s\" is not %s", tree_place(node, place),
                     node->key == NULL ? "this" : node->key, want);
}

static bool is_scalar(const struct tree *node)
{
    return node->type == TREE_TEXT || node->type == TREE_INTEGER || node->type == TREE_BOOLEAN;
}

static bool convert_boolean(const struct tree *node, struct dataset_value *out, struct error *error)
{
    static const struct {
        const char *word;
        int64_t value;
    } words[] = {{"yes", 1}, {"no", 0}, {"true", 1}, {"false", 0}, {"1", 1}, {"0", 0}};

    for (size_t i = 0; is_scalar(node) && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(node->text, words[i].word) == 0) {
            *out = (struct dataset_value){.type = DATASET_INTEGER, .integer = words[i].value};
            return true;
        }
    }
    return refuse(node, "yes or no", error);
}

static bool convert_text(const struct tree *node, struct dataset_value *out, struct error *error)
{
    if (!is_scalar(node) || node->text[0] == '\0') {
        return refuse(node, "a text", error);
    }
    *out = (struct dataset_value){.type = DATASET_TEXT, .text = node->text};
    return true;
}

static bool convert_choice(const struct tree *node, const struct schema_column *column,
                           struct dataset_value *out, struct error *error)
{
    for (size_t i = 0; is_scalar(node) && i < column->choice_count; i++) {
        if (strcmp(column->choices[i], node->text) == 0) {
            return convert_text(node, out, error);
        }
    }
    return refuse(node, "one of the schema's choices", error);
}

static bool convert_date(const struct tree *node, struct dataset_value *out, struct error *error)
{
    static const char form[] = "dddd-dd-dd";
    bool fits = is_scalar(node) && strlen(node->text) == strlen(form);

    for (size_t i = 0; fits && form[i] != '\0'; i++) {
        bool is_digit = node->text[i] >= '0' && node->text[i] <= '9';

        fits = form[i] == 'd' ? is_digit : node->text[i] == form[i];
    }
    return fits ? convert_text(node, out, error) : refuse(node, "a date like 2026-06-30", error);
}

/* An element as the loader keeps it: requirement ids lose the "cl." that spreadsheets need. */
static const char *element_text(const struct tree *node, const struct schema_column *column)
{
    bool has_prefix = column->holds_requirements && strncmp(node->text, "cl.", 3) == 0;

    return has_prefix ? node->text + 3 : node->text;
}

static bool convert_list(struct builder *builder, const struct tree *node,
                         const struct schema_column *column, struct dataset_value *out,
                         struct error *error)
{
    const char *joined = NULL;

    if (node->type != TREE_LIST) {
        return refuse(node, "a list", error);
    }
    for (const struct tree *item = node->child; item != NULL; item = item->next) {
        if (!is_scalar(item) || item->text[0] == '\0' || strchr(item->text, ';') != NULL) {
            return refuse(node, "a list of texts without semicolons", error);
        }
        const char *text = element_text(item, column);

        joined = joined == NULL ? text : arena_format(builder->arena, "%s;%s", joined, text);
        if (joined == NULL) {
            return is_full(node, error);
        }
    }
    *out = (struct dataset_value){.type = joined == NULL ? DATASET_NULL : DATASET_TEXT,
                                  .text = joined};
    return true;
}

static bool convert(struct builder *builder, const struct tree *node,
                    const struct schema_column *column, struct dataset_value *out,
                    struct error *error)
{
    if (node->type == TREE_NULL) {
        *out = (struct dataset_value){0};
        return true;
    }
    switch (column->type) {
    case SCHEMA_INTEGER:
        *out = (struct dataset_value){.type = DATASET_INTEGER, .integer = node->integer};
        return node->type == TREE_INTEGER || refuse(node, "an integer", error);
    case SCHEMA_BOOLEAN:
        return convert_boolean(node, out, error);
    case SCHEMA_CHOICE:
        return convert_choice(node, column, out, error);
    case SCHEMA_DATE:
        return convert_date(node, out, error);
    case SCHEMA_LIST:
        return convert_list(builder, node, column, out, error);
    case SCHEMA_ID:
    case SCHEMA_TEXT:
    case SCHEMA_REFERENCE:
    case SCHEMA_FILE:
        return convert_text(node, out, error);
    }
    CHECK_UNREACHABLE();
}

static bool read_row(struct builder *builder, const struct tree *node,
                     const struct schema_table *table, struct dataset_value *values,
                     struct error *error)
{
    char place[TREE_PLACE_SIZE];

    if (node->type != TREE_MAP || tree_get(node, "id") == NULL) {
        return error_set(error, ERROR_INVALID, "%s: expected a row of %s with an id",
                         tree_place(node, place), table->name);
    }
    for (const struct tree *cell = node->child; cell != NULL; cell = cell->next) {
        size_t index = schema_find_column(table, cell->key);

        if (index == SIZE_MAX) {
            return error_set(error, ERROR_INVALID, "%s: %s has no column \"%s\"",
                             tree_place(cell, place), table->name, cell->key);
        }
        if (!convert(builder, cell, &table->columns[index], &values[index], error)) {
            return false;
        }
    }
    return true;
}

static bool read_register(struct builder *builder, const struct tree *node,
                          struct dataset_table *table, struct error *error)
{
    size_t column_count = table->schema->column_count;

    table->claim = DATASET_COMPLETE;
    table->values = arena_array(builder->arena, node->count * column_count, sizeof(*table->values));
    if (table->values == NULL) {
        return is_full(node, error);
    }
    for (const struct tree *row = node->child; row != NULL; row = row->next) {
        struct dataset_value *values = &table->values[table->row_count * column_count];

        if (!read_row(builder, row, table->schema, values, error)) {
            return false;
        }
        table->row_count++;
    }
    return true;
}

/* The digest may be any word, which then stands for a content of its own. */
static bool read_file(const struct tree *node, struct dataset_file *out, struct error *error)
{
    static const char *const keys[] = {"path", "sha256", "size", "cited_by", NULL};
    struct dataset_file file = {0};
    const char *digest = NULL;
    int64_t size = 0;

    if (node->type != TREE_MAP) {
        return refuse(node, "a map of path, sha256, size and cited_by", error);
    }
    if (!tree_only_keys(node, keys, error) || !tree_need_text(node, "path", &file.path, error) ||
        !tree_need_text(node, "sha256", &digest, error) ||
        !tree_need_integer(node, "size", 0, INT32_MAX, &size, error) ||
        !tree_need_text(node, "cited_by", &file.cited_by, error)) {
        return false;
    }
    if (!encode_to_digest(digest, &file.sha256)) {
        hash_bytes(bytes_of_text(digest), &file.sha256);
    }
    file.size = (uint64_t)size;
    *out = file;
    return true;
}

static bool read_files(struct builder *builder, const struct tree *node, struct error *error)
{
    struct dataset *dataset = builder->dataset;

    dataset->files = arena_array(builder->arena, node->count, sizeof(*dataset->files));
    if (dataset->files == NULL) {
        return is_full(node, error);
    }
    for (const struct tree *row = node->child; row != NULL; row = row->next) {
        if (!read_file(row, &dataset->files[dataset->file_count++], error)) {
            return false;
        }
    }
    return true;
}

static bool find_register(const struct builder *builder, const struct tree *node, size_t *out,
                          struct error *error)
{
    *out = schema_find_table(builder->schema, node->key);
    return *out != SIZE_MAX || refuse(node, "a register", error);
}

static bool read_given(struct builder *builder, const struct tree *given, struct error *error)
{
    size_t index = 0;

    for (const struct tree *item = given->child; item != NULL; item = item->next) {
        if (item->type != TREE_LIST) {
            return refuse(item, "a list of rows", error);
        }
        if (strcmp(item->key, FILES_REGISTER) == 0) {
            if (!read_files(builder, item, error)) {
                return false;
            }
        } else if (!find_register(builder, item, &index, error) ||
                   !read_register(builder, item, &builder->dataset->tables[index], error)) {
            return false;
        }
    }
    return true;
}

static bool read_claims(struct builder *builder, const struct tree *claims, struct error *error)
{
    static const char *const words[] = {
        [DATASET_ABSENT] = "absent",
        [DATASET_COMPLETE] = "complete",
        [DATASET_PARTIAL] = "partial",
        [DATASET_NONE] = "none",
    };
    size_t index = 0;

    for (const struct tree *item = claims->child; item != NULL; item = item->next) {
        size_t claim = 0;

        if (!find_register(builder, item, &index, error)) {
            return false;
        }
        while (claim <= DATASET_NONE &&
               !(is_scalar(item) && strcmp(words[claim], item->text) == 0)) {
            claim++;
        }
        bool has_rows = builder->dataset->tables[index].row_count > 0;

        if (claim > DATASET_NONE) {
            return refuse(item, "complete, partial, none or absent", error);
        }
        if (has_rows && (claim == DATASET_NONE || claim == DATASET_ABSENT)) {
            return refuse(item, "without rows", error);
        }
        builder->dataset->tables[index].claim = (enum dataset_claim)claim;
    }
    return true;
}

/* The same day a year earlier; the last of February stays the 28th. */
static const char *year_before(const char *date, struct arena *arena)
{
    char *copy = arena_text(arena, date);
    uint64_t year = 0;

    if (copy == NULL || strlen(copy) != 10) {
        return copy;
    }
    copy[4] = '\0';
    bool is_year = encode_to_u64(copy, 9999, &year) && year > 1;
    const char *rest = strcmp(date + 4, "-02-29") == 0 ? "-02-28" : date + 4;

    return is_year ? arena_format(arena, "%04u%s", (unsigned)year - 1, rest) : date;
}

bool given_dataset(const struct ruleset_test *test, const struct schema *schema,
                   struct arena *arena, struct dataset *out, struct error *error)
{
    struct dataset dataset = {
        .schema = schema,
        .organisation = "An organisation under test",
        .purpose = "internal",
        .period_end = test->as_of,
    };
    struct builder builder = {.schema = schema, .arena = arena, .dataset = &dataset};

    dataset.period_start =
        test->period_start != NULL ? test->period_start : year_before(test->as_of, arena);
    dataset.tables = arena_array(arena, schema->table_count, sizeof(*dataset.tables));
    if (dataset.tables == NULL || dataset.period_start == NULL) {
        return error_set(error, ERROR_LIMIT, "test \"%s\" is too large", test->name);
    }
    for (size_t i = 0; i < schema->table_count; i++) {
        dataset.tables[i].schema = &schema->tables[i];
    }
    if ((test->given != NULL && !read_given(&builder, test->given, error)) ||
        (test->claims != NULL && !read_claims(&builder, test->claims, error))) {
        return false;
    }
    *out = dataset;
    return true;
}
