#include "evidence/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "crypto/hash.h"
#include "formats/text.h"
#include "formats/tree.h"

#define NAME_MAX_SIZE   40 /* Bytes of a table's or column's name. */
#define FILE_SIZE_LIMIT (4 * 1024 * 1024)

struct reader {
    struct arena *arena;
    struct error *error;
    const struct tree *common;
};

static bool fail(const struct reader *reader, const struct tree *node, const char *what)
{
    char place[TREE_PLACE_SIZE];

    return error_set(reader->error, ERROR_INVALID, "%s: %s", tree_place(node, place), what);
}

static bool no_room(const struct reader *reader)
{
    return error_set(reader->error, ERROR_LIMIT, "there is no room for the schema");
}

/* Names become SQL names, so only what SQL takes bare; two underlines divide the names of link
 * tables. */
static bool read_name(const struct reader *reader, const struct tree *node, const char **name)
{
    if (!tree_need_text(node, "name", name, reader->error)) {
        return false;
    }
    const char *text = *name;
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

    if (text[size] != '\0' || size == 0 || size > NAME_MAX_SIZE || text[0] < 'a' ||
        strstr(text, "__") != NULL) {
        return fail(reader, tree_get(node, "name"),
                    "a name is 1 to 40 of a-z, 0-9 and single _, and begins with a letter");
    }
    return true;
}

static bool read_flag(const struct reader *reader, const struct tree *node, const char *key,
                      bool *out)
{
    const struct tree *member = tree_get(node, key);

    if (member != NULL && member->type != TREE_BOOLEAN) {
        return fail(reader, member, "want true or false");
    }
    *out = member != NULL && member->integer != 0;
    return true;
}

static bool read_type(const struct reader *reader, const struct tree *node, enum schema_type *out)
{
    static const char *const names[] = {"id",     "text",      "date", "integer", "boolean",
                                        "choice", "reference", "list", "file"};
    const char *name = NULL;

    if (!tree_need_text(node, "type", &name, reader->error)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum schema_type)(i + SCHEMA_ID);
            return true;
        }
    }
    return fail(reader, tree_get(node, "type"), "there is no such type");
}

static bool read_choices(const struct reader *reader, const struct tree *of,
                         struct schema_column *column)
{
    const char **choices = arena_array(reader->arena, of->count, sizeof(*choices));
    size_t count = 0;

    if (choices == NULL) {
        return no_room(reader);
    }
    for (const struct tree *choice = of->child; choice != NULL; choice = choice->next) {
        if (choice->type != TREE_TEXT) {
            return fail(reader, choice, "a choice is a word");
        }
        choices[count++] = choice->text;
    }
    column->choices = choices;
    column->choice_count = count;
    return true;
}

/* Reads "of" and "table", which say what a choice, reference or list holds. */
static bool read_domain(const struct reader *reader, const struct tree *node,
                        struct schema_column *column)
{
    const struct tree *of = tree_get(node, "of");
    const struct tree *table = tree_get(node, "table");
    bool is_list = column->type == SCHEMA_LIST;

    if (column->type == SCHEMA_CHOICE) {
        if (of == NULL || of->type != TREE_LIST || of->count == 0) {
            return fail(reader, node, "a choice has a list \"of\" words");
        }
        return read_choices(reader, of, column);
    }
    if (of != NULL) {
        if (!is_list || of->type != TREE_TEXT || strcmp(of->text, "requirement") != 0) {
            return fail(reader, of, "only a choice has \"of\", and a list \"of: requirement\"");
        }
        column->holds_requirements = true;
    }
    if (table != NULL) {
        if (table->type != TREE_TEXT || of != NULL ||
            (!is_list && column->type != SCHEMA_REFERENCE)) {
            return fail(reader, table, "only a reference or a list names a \"table\"");
        }
        column->table_name = table->text;
    } else if (column->type == SCHEMA_REFERENCE) {
        return fail(reader, node, "a reference names its \"table\"");
    }
    return true;
}

static bool read_column(const struct reader *reader, const struct tree *node,
                        struct schema_column *column)
{
    static const char *const keys[] = {"name",     "type",          "of",     "table", "text",
                                       "required", "self_declared", "future", NULL};

    if (!tree_only_keys(node, keys, reader->error) || !read_name(reader, node, &column->name) ||
        !tree_need_text(node, "text", &column->text, reader->error) ||
        !read_type(reader, node, &column->type) || !read_domain(reader, node, column) ||
        !read_flag(reader, node, "required", &column->is_required) ||
        !read_flag(reader, node, "self_declared", &column->is_self_declared) ||
        !read_flag(reader, node, "future", &column->is_future)) {
        return false;
    }
    if (column->is_required && column->type != SCHEMA_ID && column->type != SCHEMA_REFERENCE) {
        return fail(reader, node, "only ids and references are required");
    }
    if (column->is_future && column->type != SCHEMA_DATE) {
        return fail(reader, node, "only a date can lie in the future");
    }
    return true;
}

/* Reads the columns in LIST into COLUMNS, of which *COUNT are there; one of the COMMON_COUNT first
 * is replaced when it is named again. */
static bool read_columns(const struct reader *reader, const struct tree *list,
                         struct schema_column *columns, size_t common_count, size_t *count)
{
    for (const struct tree *node = list->child; node != NULL; node = node->next) {
        struct schema_column column = {0};
        size_t at = 0;

        if (!read_column(reader, node, &column)) {
            return false;
        }
        while (at < *count && strcmp(columns[at].name, column.name) != 0) {
            at++;
        }
        if (at < *count && at >= common_count) {
            return fail(reader, node, "the table has a column of that name");
        }
        if (at == SCHEMA_COLUMNS_MAX) {
            return fail(reader, node, "the table has too many columns");
        }
        columns[at] = column;
        *count += at == *count;
    }
    return true;
}

static bool read_table(const struct reader *reader, const struct tree *node,
                       struct schema_table *table)
{
    static const char *const keys[] = {"name", "text", "small", "columns", NULL};
    struct schema_column columns[SCHEMA_COLUMNS_MAX] = {0};
    const struct tree *own = NULL;
    size_t count = 0;

    if (!tree_only_keys(node, keys, reader->error) || !read_name(reader, node, &table->name) ||
        !tree_need_text(node, "text", &table->text, reader->error) ||
        !read_flag(reader, node, "small", &table->is_small) ||
        !tree_need_list(node, "columns", &own, reader->error) ||
        !read_columns(reader, reader->common, columns, 0, &count)) {
        return false;
    }
    /* The key stays the first column and an id. */
    columns[0].is_required = true;
    if (!read_columns(reader, own, columns, count, &count)) {
        return false;
    }
    if (strcmp(columns[0].name, "id") != 0 || columns[0].type != SCHEMA_ID ||
        !columns[0].is_required) {
        return fail(reader, node, "the first column is \"id\" and of that type");
    }
    table->columns = (const struct schema_column *)arena_copy(reader->arena, columns,
                                                              count * sizeof(columns[0]));
    table->column_count = count;
    return table->columns != NULL || no_room(reader);
}

size_t schema_find_table(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        if (strcmp(schema->tables[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

size_t schema_find_column(const struct schema_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool read_tables(const struct reader *reader, const struct tree *list, struct schema *schema)
{
    /* The loader makes tables of these names itself. */
    static const char *const taken[] = {"aims", "registers", "evidence_files"};
    struct schema_table *tables = arena_array(reader->arena, list->count, sizeof(*tables));

    if (list->count == 0 || list->count > SCHEMA_TABLES_MAX) {
        return fail(reader, list, "a schema has 1 to 80 tables");
    }
    if (tables == NULL) {
        return no_room(reader);
    }
    schema->tables = tables;
    for (const struct tree *node = list->child; node != NULL; node = node->next) {
        struct schema_table table = {0};

        if (!read_table(reader, node, &table)) {
            return false;
        }
        for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
            if (strcmp(table.name, taken[i]) == 0) {
                return fail(reader, node, "the name of the table is taken");
            }
        }
        if (schema_find_table(schema, table.name) != SIZE_MAX) {
            return fail(reader, node, "there is a table of that name");
        }
        tables[schema->table_count++] = table;
    }
    return true;
}

/* Finds the tables that columns refer to. */
static bool link_tables(const struct reader *reader, const struct tree *list, struct schema *schema)
{
    const struct tree *node = list->child;

    for (size_t i = 0; i < schema->table_count; i++, node = node->next) {
        const struct schema_table *table = &schema->tables[i];

        for (size_t j = 0; j < table->column_count; j++) {
            /* They were made by read_table() and are ours until the schema is handed out. */
            struct schema_column *column = (struct schema_column *)&table->columns[j];

            if (column->table_name == NULL) {
                continue;
            }
            column->table_index = schema_find_table(schema, column->table_name);
            if (column->table_index == SIZE_MAX) {
                char what[160];

                (void)snprintf(what, sizeof(what), "column %s refers to %.60s, which is no table",
                               column->name, column->table_name);
                return fail(reader, node, what);
            }
        }
    }
    return true;
}

bool schema_parse(struct bytes source, const char *file, struct arena *arena, struct schema *out,
                  struct error *error)
{
    static const char *const keys[] = {"version", "common", "tables", NULL};
    struct reader reader = {.arena = arena, .error = error};
    struct schema schema = {0};
    struct tree *root = NULL;
    const struct tree *tables = NULL;
    int64_t version = 0;

    if (!tree_parse_yaml(source, file, arena, &root, error) || !tree_only_keys(root, keys, error) ||
        !tree_need_integer(root, "version", 1, 1000, &version, error) ||
        !tree_need_list(root, "common", &reader.common, error) ||
        !tree_need_list(root, "tables", &tables, error) || !read_tables(&reader, tables, &schema) ||
        !link_tables(&reader, tables, &schema)) {
        return false;
    }
    schema.version = (int)version;
    hash_bytes(source, &schema.digest);
    *out = schema;
    return true;
}

bool schema_load(const char *path, struct arena *arena, struct schema *out, struct error *error)
{
    FILE *file = fopen(path, "rb");
    struct buffer content = {0};
    uint8_t block[4096];
    size_t size;
    bool is_read = false;

    if (file == NULL) {
        return error_set(error, ERROR_NOT_FOUND, "cannot open %s", path);
    }
    while ((size = fread(block, 1, sizeof(block), file)) > 0 && content.size < FILE_SIZE_LIMIT) {
        buffer_append(&content, block, size);
    }
    if (ferror(file) != 0) {
        is_read = error_set(error, ERROR_IO, "cannot read %s", path);
    } else if (feof(file) == 0) {
        is_read = error_set(error, ERROR_LIMIT, "%s is larger than 4 MiB", path);
    } else {
        is_read = schema_parse(buffer_bytes(&content), path, arena, out, error);
    }
    buffer_finish(&content);
    fclose(file);
    return is_read;
}
