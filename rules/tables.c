#include "rules/tables.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/check.h"
#include "base/encode.h"
#include "rules/view.h"

#define NAMES_SIZE_MAX (16U * 1024 * 1024)  /* Bytes: more than a schema can ask for. */
#define ROWS_SIZE_MAX  (256U * 1024 * 1024) /* Bytes beside the dataset itself. */

/* The loader's own tables come first. */
enum own_table { OWN_AIMS = 0, OWN_REGISTERS, OWN_FILES, OWN_COUNT };

static const struct {
    const char *name;
    const char *columns;
    size_t column_count;
} own_tables[OWN_COUNT] = {
    [OWN_AIMS] = {"aims", "organisation TEXT, purpose TEXT, period_start TEXT, period_end TEXT", 4},
    [OWN_REGISTERS] = {"registers", "name TEXT, claim TEXT, rows INTEGER", 3},
    [OWN_FILES] = {"evidence_files", "path TEXT, sha256 TEXT, size INTEGER, cited_by TEXT", 4},
};

enum link_column { LINK_ID = 0, LINK_REF, LINK_POSITION, LINK_COUNT };

/* One table of SQL and where its rows come from. */
struct slot {
    struct view view;
    size_t register_index; /* In the schema; SIZE_MAX for the loader's own tables. */
    size_t column_index;   /* Of the list behind a link table; SIZE_MAX for other tables. */
    bool is_read;          /* Some query looks at it. */
};

struct tables {
    const struct schema *schema;
    const struct dataset *dataset; /* Loaded last, or NULL. */
    struct arena *names;           /* Lives as long as the tables. */
    struct arena *rows;            /* Emptied for each dataset. */
    size_t slot_count;
    struct slot *slots;
};

static const char *const claim_names[] = {
    [DATASET_ABSENT] = "absent",
    [DATASET_COMPLETE] = "complete",
    [DATASET_PARTIAL] = "partial",
    [DATASET_NONE] = "none",
};

static const char *claim_name(enum dataset_claim claim)
{
    CHECK((unsigned)claim <= DATASET_NONE);
    return claim_names[claim];
}

/* The arena is larger than what a schema may ask for, so this never fails for one. */
static const char *keep(const char *text)
{
    CHECK(text != NULL);
    return text;
}

/* Adds the slot of a table of COLUMN_COUNT columns. */
static struct slot *add_slot(struct tables *tables, const char *name, size_t column_count)
{
    struct slot *slot = &tables->slots[tables->slot_count++];

    *slot = (struct slot){.register_index = SIZE_MAX, .column_index = SIZE_MAX};
    slot->view.name = name;
    slot->view.rows.column_count = column_count;
    slot->view.rows.arena = tables->rows;
    return slot;
}

static void add_own(struct tables *tables)
{
    for (size_t i = 0; i < OWN_COUNT; i++) {
        struct slot *slot = add_slot(tables, own_tables[i].name, own_tables[i].column_count);

        slot->view.sql =
            keep(arena_format(tables->names, "CREATE TABLE own (%s)", own_tables[i].columns));
    }
    tables->slots[OWN_REGISTERS].view.columns[0] = VIEW_NAME;
    tables->slots[OWN_FILES].view.columns[3] = VIEW_NAME; /* cited_by */
}

static const char *register_sql(const struct tables *tables, const struct schema_table *table)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);

    for (size_t i = 0; i < table->column_count; i++) {
        const struct schema_column *column = &table->columns[i];
        bool is_number = column->type == SCHEMA_INTEGER || column->type == SCHEMA_BOOLEAN;

        sqlite3_str_appendf(sql, "%s\"%w\" %s%s", i == 0 ? "" : ", ", column->name,
                            is_number ? "INTEGER" : "TEXT", i == 0 ? " PRIMARY KEY NOT NULL" : "");
    }
    char *columns = sqlite3_str_finish(sql);

    CHECK(columns != NULL);
    const char *kept =
        keep(arena_format(tables->names, "CREATE TABLE register (%s) WITHOUT ROWID", columns));

    sqlite3_free(columns);
    return kept;
}

static void add_link(struct tables *tables, size_t register_index, size_t column_index)
{
    const struct schema_table *table = &tables->schema->tables[register_index];
    const char *name =
        keep(arena_format(tables->names, "%s__%s", table->name, table->columns[column_index].name));
    struct slot *slot = add_slot(tables, name, LINK_COUNT);

    slot->register_index = register_index;
    slot->column_index = column_index;
    slot->view.sql = "CREATE TABLE link (id TEXT, ref TEXT, position INTEGER, "
                     "PRIMARY KEY (id, position)) WITHOUT ROWID";
    slot->view.rows.is_by_first = true;
    slot->view.columns[LINK_ID] = VIEW_NAME;
    slot->view.columns[LINK_REF] = VIEW_NAME;
}

static void add_register(struct tables *tables, size_t register_index)
{
    const struct schema_table *table = &tables->schema->tables[register_index];
    struct slot *slot = add_slot(tables, table->name, table->column_count);

    slot->register_index = register_index;
    slot->view.sql = register_sql(tables, table);
    slot->view.rows.is_by_first = true;
    for (size_t i = 0; i < table->column_count; i++) {
        enum schema_type type = table->columns[i].type;
        bool is_name = type == SCHEMA_ID || type == SCHEMA_REFERENCE;

        slot->view.columns[i] = i == 0 ? VIEW_KEY : is_name ? VIEW_NAME : VIEW_PLAIN;
        if (type == SCHEMA_LIST) {
            add_link(tables, register_index, i);
        }
    }
}

/* missing('x') in a query. */
static void judge_missing(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct tables *tables = sqlite3_user_data(context);
    const char *name = (const char *)sqlite3_value_text(values[0]);
    size_t index = name == NULL ? SIZE_MAX : schema_find_table(tables->schema, name);

    CHECK(count == 1);
    if (index == SIZE_MAX) {
        sqlite3_result_error(context, "missing() was asked about no register", -1);
        return;
    }
    enum dataset_claim claim = tables_claim(tables, index);
    bool is_all = claim == DATASET_COMPLETE || claim == DATASET_NONE;

    sqlite3_result_text(context, is_all ? "alarm" : "unknown", -1, SQLITE_STATIC);
}

static bool create_all(struct tables *tables, struct sqlite3 *connection, struct error *error)
{
    if (sqlite3_create_function_v2(connection, "missing", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                   tables, judge_missing, NULL, NULL, NULL) != SQLITE_OK) {
        return error_set(error, ERROR_IO, "missing: %s", sqlite3_errmsg(connection));
    }
    for (size_t i = 0; i < tables->slot_count; i++) {
        if (!view_create(connection, &tables->slots[i].view, error)) {
            return false;
        }
    }
    return true;
}

static size_t count_slots(const struct schema *schema)
{
    size_t count = OWN_COUNT + schema->table_count;

    for (size_t i = 0; i < schema->table_count; i++) {
        for (size_t j = 0; j < schema->tables[i].column_count; j++) {
            count += schema->tables[i].columns[j].type == SCHEMA_LIST;
        }
    }
    return count;
}

bool tables_create(struct sqlite3 *connection, const struct schema *schema, bool is_backward,
                   struct tables **out, struct error *error)
{
    struct tables *tables = calloc(1, sizeof(*tables));

    CHECK(tables != NULL);
    tables->schema = schema;
    tables->names = arena_create(NAMES_SIZE_MAX);
    tables->rows = arena_create(ROWS_SIZE_MAX);
    tables->slots = calloc(count_slots(schema), sizeof(*tables->slots));
    CHECK(tables->slots != NULL);
    add_own(tables);
    for (size_t i = 0; i < schema->table_count; i++) {
        add_register(tables, i);
    }
    for (size_t i = 0; i < tables->slot_count; i++) {
        tables->slots[i].view.is_backward = is_backward;
    }
    if (!create_all(tables, connection, error)) {
        tables_destroy(tables);
        return false;
    }
    *out = tables;
    return true;
}

void tables_destroy(struct tables *tables)
{
    if (tables != NULL) {
        arena_destroy(tables->names);
        arena_destroy(tables->rows);
        free(tables->slots);
        free(tables);
    }
}

void tables_note_read(struct tables *tables, const char *name)
{
    for (size_t i = 0; i < tables->slot_count; i++) {
        tables->slots[i].is_read |= sqlite3_stricmp(tables->slots[i].view.name, name) == 0;
    }
}

static bool is_full(struct error *error)
{
    return error_set(error, ERROR_LIMIT, "the tables need more memory than is allowed");
}

/* Takes COUNT rows that lie one behind the other in CELLS, in this order. */
static bool take_rows(struct slot *slot, const struct dataset_value *cells, size_t count,
                      struct error *error)
{
    struct rows *rows = &slot->view.rows;
    struct rows_row *own = arena_array(rows->arena, count, sizeof(*own));
    const struct rows_row **by = arena_array(rows->arena, rows->column_count, sizeof(*by));

    if (own == NULL || by == NULL) {
        return is_full(error);
    }
    for (size_t i = 0; i < count; i++) {
        own[i].cells = &cells[i * rows->column_count];
    }
    rows->count = count;
    rows->own = own;
    rows->by = by;
    return true;
}

/* The same, but in the order of their first cell. */
static bool take_sorted(struct slot *slot, const struct dataset_value *cells, size_t count,
                        struct error *error)
{
    struct arena *arena = slot->view.rows.arena;

    if (!take_rows(slot, cells, count, error)) {
        return false;
    }
    struct rows_row *sorted = arena_array(arena, count, sizeof(*sorted));
    struct rows_row *spare = arena_array(arena, count, sizeof(*spare));

    if (sorted == NULL || spare == NULL) {
        return is_full(error);
    }
    memcpy(sorted, slot->view.rows.own, count * sizeof(*sorted));
    rows_sort(sorted, spare, count, 0);
    slot->view.rows.own = sorted;
    return true;
}

static struct dataset_value text_cell(const char *text)
{
    return (struct dataset_value){.type = text == NULL ? DATASET_NULL : DATASET_TEXT, .text = text};
}

static struct dataset_value integer_cell(uint64_t number)
{
    return (struct dataset_value){.type = DATASET_INTEGER, .integer = (int64_t)number};
}

/* Room for COUNT rows of SLOT, or NULL. */
static struct dataset_value *make_cells(const struct slot *slot, size_t count)
{
    return arena_array(slot->view.rows.arena, count,
                       slot->view.rows.column_count * sizeof(struct dataset_value));
}

static bool fill_aims(struct slot *slot, const struct dataset *dataset, struct error *error)
{
    struct dataset_value *cells = make_cells(slot, 1);

    if (cells == NULL) {
        return is_full(error);
    }
    cells[0] = text_cell(dataset->organisation);
    cells[1] = text_cell(dataset->purpose);
    cells[2] = text_cell(dataset->period_start);
    cells[3] = text_cell(dataset->period_end);
    return take_rows(slot, cells, 1, error);
}

static bool fill_registers(struct slot *slot, const struct dataset *dataset, struct error *error)
{
    size_t count = dataset->schema->table_count;
    struct dataset_value *cells = make_cells(slot, count);

    if (cells == NULL) {
        return is_full(error);
    }
    for (size_t i = 0; i < count; i++) {
        const struct dataset_table *table = &dataset->tables[i];
        struct dataset_value *row = &cells[i * slot->view.rows.column_count];

        row[0] = text_cell(table->schema->name);
        row[1] = text_cell(claim_name(table->claim));
        row[2] = integer_cell(table->row_count);
    }
    return take_rows(slot, cells, count, error);
}

static bool fill_files(struct slot *slot, const struct dataset *dataset, struct error *error)
{
    struct dataset_value *cells = make_cells(slot, dataset->file_count);

    if (cells == NULL) {
        return is_full(error);
    }
    for (size_t i = 0; i < dataset->file_count; i++) {
        const struct dataset_file *file = &dataset->files[i];
        struct dataset_value *row = &cells[i * slot->view.rows.column_count];
        char *hex = arena_alloc(slot->view.rows.arena, DIGEST_HEX_SIZE);

        if (hex == NULL) {
            return is_full(error);
        }
        row[0] = text_cell(file->path);
        row[1] = text_cell(encode_digest(&file->sha256, hex));
        row[2] = integer_cell(file->size);
        row[3] = text_cell(file->cited_by);
    }
    return take_rows(slot, cells, dataset->file_count, error);
}

/* Every cell is empty or of its column's type; the first, which is the key, is not empty. */
static bool check_cells(const struct dataset_table *table, struct error *error)
{
    size_t column_count = table->schema->column_count;

    for (size_t i = 0; i < table->row_count * column_count; i++) {
        const struct schema_column *column = &table->schema->columns[i % column_count];
        bool is_number = column->type == SCHEMA_INTEGER || column->type == SCHEMA_BOOLEAN;
        bool is_fitting = table->values[i].type == (is_number ? DATASET_INTEGER : DATASET_TEXT);

        if (!is_fitting && (table->values[i].type != DATASET_NULL || i % column_count == 0)) {
            return error_set(error, ERROR_INVALID, "table %s: a value in column %s does not fit",
                             table->schema->name, column->name);
        }
    }
    return true;
}

static bool fill_register(struct slot *slot, const struct dataset_table *table, struct error *error)
{
    if (!check_cells(table, error) || !take_sorted(slot, table->values, table->row_count, error)) {
        return false;
    }
    for (size_t i = 1; i < table->row_count; i++) {
        const struct rows_row *row = &slot->view.rows.own[i];

        if (rows_compare(&row[-1].cells[0], &row[0].cells[0]) == 0) {
            return error_set(error, ERROR_INVALID, "table %s: the key of two rows is the same",
                             table->schema->name);
        }
    }
    return true;
}

static size_t count_elements(const char *list)
{
    size_t count = 1;

    for (const char *at = strchr(list, ';'); at != NULL; at = strchr(at + 1, ';')) {
        count++;
    }
    return count;
}

/* Writes one row for each element of LIST, a text that is cut up for it; returns their number. */
static size_t write_links(struct dataset_value *cells, const struct dataset_value *id, char *list)
{
    size_t count = 0;

    for (char *rest = list; rest != NULL; count++) {
        char *end = strchr(rest, ';');
        struct dataset_value *row = &cells[count * LINK_COUNT];

        row[LINK_ID] = *id;
        row[LINK_REF] = text_cell(rest);
        row[LINK_POSITION] = integer_cell(count + 1);
        if (end != NULL) {
            *end = '\0';
        }
        rest = end == NULL ? NULL : end + 1;
    }
    return count;
}

static bool fill_link(struct slot *slot, const struct dataset_table *table, struct error *error)
{
    struct arena *arena = slot->view.rows.arena;
    size_t column_count = table->schema->column_count;
    size_t count = 0;

    for (size_t row = 0; row < table->row_count; row++) {
        const struct dataset_value *list = &table->values[row * column_count + slot->column_index];

        count += list->type == DATASET_TEXT ? count_elements(list->text) : 0;
    }
    struct dataset_value *cells = make_cells(slot, count);
    size_t filled = 0;

    for (size_t row = 0; row < table->row_count && cells != NULL; row++) {
        const struct dataset_value *id = &table->values[row * column_count];
        const struct dataset_value *list = &id[slot->column_index];
        char *text = list->type == DATASET_TEXT ? arena_text(arena, list->text) : NULL;

        if (text != NULL) {
            filled += write_links(&cells[filled * LINK_COUNT], id, text);
        } else if (list->type == DATASET_TEXT) {
            return is_full(error);
        }
    }
    return cells == NULL ? is_full(error) : take_sorted(slot, cells, count, error);
}

static bool fill_slot(struct tables *tables, size_t index, const struct dataset *dataset,
                      struct error *error)
{
    struct slot *slot = &tables->slots[index];

    switch (index) {
    case OWN_AIMS:
        return fill_aims(slot, dataset, error);
    case OWN_REGISTERS:
        return fill_registers(slot, dataset, error);
    case OWN_FILES:
        return fill_files(slot, dataset, error);
    default:
        break;
    }
    const struct dataset_table *table = &dataset->tables[slot->register_index];

    return slot->column_index == SIZE_MAX ? fill_register(slot, table, error)
                                          : fill_link(slot, table, error);
}

bool tables_load(struct tables *tables, const struct dataset *dataset, struct error *error)
{
    CHECK(dataset->schema == tables->schema);
    tables->dataset = NULL;
    arena_reset(tables->rows);
    for (size_t i = 0; i < tables->slot_count; i++) {
        tables->slots[i].view.rows.count = 0;
    }
    for (size_t i = 0; i < tables->slot_count; i++) {
        if (tables->slots[i].is_read && !fill_slot(tables, i, dataset, error)) {
            return false;
        }
    }
    tables->dataset = dataset;
    return true;
}

bool tables_is_own(const char *name)
{
    for (size_t i = 0; i < OWN_COUNT; i++) {
        if (strcmp(own_tables[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

enum dataset_claim tables_claim(const struct tables *tables, size_t register_index)
{
    CHECK(tables->dataset != NULL);
    CHECK(register_index < tables->schema->table_count);
    return tables->dataset->tables[register_index].claim;
}
