#include "rules/tables.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/check.h"
#include "base/encode.h"

/* One SQL table and the statements that serve it. */
struct slot {
    char *name; /* sqlite3_malloc. */
    size_t column_count;
    sqlite3_stmt *insert;
    sqlite3_stmt *clear;
    size_t register_index; /* In the schema; SIZE_MAX for the loader's own tables. */
    size_t column_index;   /* Of the list behind a link table; SIZE_MAX for other tables. */
    bool is_read;          /* Some query looks at it. */
    bool is_filled;
};

/* The loader's own tables come first. */
enum own_table { OWN_AIMS = 0, OWN_REGISTERS, OWN_FILES, OWN_COUNT };

static const struct {
    const char *name;
    const char *columns;
    size_t column_count;
} own_tables[OWN_COUNT] = {
    [OWN_AIMS] = {"aims", "organisation TEXT, purpose TEXT, period_start TEXT, period_end TEXT", 4},
    [OWN_REGISTERS] = {"registers", "name TEXT PRIMARY KEY, claim TEXT, rows INTEGER", 3},
    [OWN_FILES] = {"evidence_files", "path TEXT, sha256 TEXT, size INTEGER, cited_by TEXT", 4},
};

struct tables {
    sqlite3 *connection;
    const struct schema *schema;
    const struct dataset *dataset; /* Loaded last, or NULL. */
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    sqlite3_stmt *rollback;
    size_t slot_count;
    struct slot *slots;
};

static const char *const claim_names[] = {
    [DATASET_ABSENT] = "absent",
    [DATASET_COMPLETE] = "complete",
    [DATASET_PARTIAL] = "partial",
    [DATASET_NONE] = "none",
};

const char *tables_claim_name(enum dataset_claim claim)
{
    CHECK((unsigned)claim <= DATASET_NONE);
    return claim_names[claim];
}

static bool fail(const struct tables *tables, const char *what, struct error *error)
{
    int result = sqlite3_extended_errcode(tables->connection);
    bool is_limit = (result & 0xff) == SQLITE_TOOBIG || (result & 0xff) == SQLITE_NOMEM;

    return error_set(error, is_limit ? ERROR_LIMIT : ERROR_INVALID, "table %s: %s", what,
                     sqlite3_errmsg(tables->connection));
}

/* Runs SQL, which it frees. */
static bool execute(struct tables *tables, const char *name, char *sql, struct error *error)
{
    CHECK(sql != NULL);
    int result = sqlite3_exec(tables->connection, sql, NULL, NULL, NULL);

    sqlite3_free(sql);
    return result == SQLITE_OK || fail(tables, name, error);
}

/* Prepares SQL, which it frees. */
static bool prepare(struct tables *tables, const char *name, char *sql, sqlite3_stmt **out,
                    struct error *error)
{
    CHECK(sql != NULL);
    int result =
        sqlite3_prepare_v3(tables->connection, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);

    sqlite3_free(sql);
    return result == SQLITE_OK || fail(tables, name, error);
}

/* "INSERT INTO name VALUES (?, ?, ...)". */
static char *insert_sql(const char *name, size_t column_count)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);

    sqlite3_str_appendf(sql, "INSERT INTO \"%w\" VALUES (?", name);
    for (size_t i = 1; i < column_count; i++) {
        sqlite3_str_appendall(sql, ", ?");
    }
    sqlite3_str_appendall(sql, ")");
    return sqlite3_str_finish(sql);
}

/* Adds the slot of a table that exists. NAME is sqlite3_malloc memory and becomes the slot's. */
static struct slot *add_slot(struct tables *tables, char *name, size_t column_count)
{
    struct slot *slot = &tables->slots[tables->slot_count++];

    CHECK(name != NULL);
    *slot = (struct slot){.name = name,
                          .column_count = column_count,
                          .register_index = SIZE_MAX,
                          .column_index = SIZE_MAX};
    return slot;
}

/* For columns that many rules look things up by: finding one row must not cost a walk over all. */
static bool create_index(struct tables *tables, const char *table, const char *column,
                         struct error *error)
{
    return execute(
        tables, table,
        sqlite3_mprintf("CREATE INDEX \"%w_%w\" ON \"%w\" (\"%w\")", table, column, table, column),
        error);
}

static bool create_own(struct tables *tables, struct error *error)
{
    for (size_t i = 0; i < OWN_COUNT; i++) {
        const char *name = own_tables[i].name;

        if (!execute(tables, name,
                     sqlite3_mprintf("CREATE TABLE %s (%s) STRICT", name, own_tables[i].columns),
                     error)) {
            return false;
        }
        (void)add_slot(tables, sqlite3_mprintf("%s", name), own_tables[i].column_count);
    }
    return create_index(tables, own_tables[OWN_FILES].name, "cited_by", error);
}

static char *register_sql(const struct schema_table *table)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);

    sqlite3_str_appendf(sql, "CREATE TABLE \"%w\" (", table->name);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct schema_column *column = &table->columns[i];
        bool is_number = column->type == SCHEMA_INTEGER || column->type == SCHEMA_BOOLEAN;

        sqlite3_str_appendf(sql, "%s\"%w\" %s%s", i == 0 ? "" : ", ", column->name,
                            is_number ? "INTEGER" : "TEXT", i == 0 ? " PRIMARY KEY NOT NULL" : "");
    }
    sqlite3_str_appendall(sql, ") STRICT, WITHOUT ROWID");
    return sqlite3_str_finish(sql);
}

static bool create_link(struct tables *tables, size_t register_index, size_t column_index,
                        struct error *error)
{
    const struct schema_table *table = &tables->schema->tables[register_index];
    char *name = sqlite3_mprintf("%s__%s", table->name, table->columns[column_index].name);

    CHECK(name != NULL);
    struct slot *slot = add_slot(tables, name, 3);

    slot->register_index = register_index;
    slot->column_index = column_index;
    return execute(tables, name,
                   sqlite3_mprintf("CREATE TABLE \"%w\" (id TEXT, ref TEXT, position INTEGER, "
                                   "PRIMARY KEY (id, position)) STRICT, WITHOUT ROWID;"
                                   "CREATE INDEX \"%w_ref\" ON \"%w\" (ref)",
                                   name, name, name),
                   error);
}

static bool create_register(struct tables *tables, size_t register_index, struct error *error)
{
    const struct schema_table *table = &tables->schema->tables[register_index];

    if (!execute(tables, table->name, register_sql(table), error)) {
        return false;
    }
    struct slot *slot = add_slot(tables, sqlite3_mprintf("%s", table->name), table->column_count);

    slot->register_index = register_index;
    for (size_t i = 0; i < table->column_count; i++) {
        bool is_list = table->columns[i].type == SCHEMA_LIST;
        bool is_other_id = i > 0 && table->columns[i].type == SCHEMA_ID;

        if ((is_list && !create_link(tables, register_index, i, error)) ||
            (is_other_id && !create_index(tables, table->name, table->columns[i].name, error))) {
            return false;
        }
    }
    return true;
}

/* Only after all tables are made: a change of the schema would make SQLite prepare the statements
 * again, behind the seal. */
static bool prepare_slots(struct tables *tables, struct error *error)
{
    for (size_t i = 0; i < tables->slot_count; i++) {
        struct slot *slot = &tables->slots[i];

        if (!prepare(tables, slot->name, insert_sql(slot->name, slot->column_count), &slot->insert,
                     error) ||
            !prepare(tables, slot->name, sqlite3_mprintf("DELETE FROM \"%w\"", slot->name),
                     &slot->clear, error)) {
            return false;
        }
    }
    return prepare(tables, "begin", sqlite3_mprintf("BEGIN"), &tables->begin, error) &&
           prepare(tables, "commit", sqlite3_mprintf("COMMIT"), &tables->commit, error) &&
           prepare(tables, "rollback", sqlite3_mprintf("ROLLBACK"), &tables->rollback, error);
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

static bool create_all(struct tables *tables, struct error *error)
{
    if (!create_own(tables, error)) {
        return false;
    }
    for (size_t i = 0; i < tables->schema->table_count; i++) {
        if (!create_register(tables, i, error)) {
            return false;
        }
    }
    if (sqlite3_create_function_v2(tables->connection, "missing", 1,
                                   SQLITE_UTF8 | SQLITE_DIRECTONLY, tables, judge_missing, NULL,
                                   NULL, NULL) != SQLITE_OK) {
        return fail(tables, "missing", error);
    }
    return prepare_slots(tables, error);
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

bool tables_create(struct sqlite3 *connection, const struct schema *schema, struct tables **out,
                   struct error *error)
{
    struct tables *tables = calloc(1, sizeof(*tables));

    CHECK(tables != NULL);
    tables->connection = connection;
    tables->schema = schema;
    tables->slots = calloc(count_slots(schema), sizeof(*tables->slots));
    CHECK(tables->slots != NULL);
    if (!create_all(tables, error)) {
        tables_destroy(tables);
        return false;
    }
    *out = tables;
    return true;
}

void tables_destroy(struct tables *tables)
{
    if (tables != NULL) {
        for (size_t i = 0; i < tables->slot_count; i++) {
            sqlite3_free(tables->slots[i].name);
            (void)sqlite3_finalize(tables->slots[i].insert);
            (void)sqlite3_finalize(tables->slots[i].clear);
        }
        (void)sqlite3_finalize(tables->begin);
        (void)sqlite3_finalize(tables->commit);
        (void)sqlite3_finalize(tables->rollback);
        free(tables->slots);
        free(tables);
    }
}

void tables_note_read(struct tables *tables, const char *name)
{
    for (size_t i = 0; i < tables->slot_count; i++) {
        tables->slots[i].is_read |= sqlite3_stricmp(tables->slots[i].name, name) == 0;
    }
}

/* Runs a statement that returns no rows. */
static bool run(sqlite3_stmt *statement)
{
    (void)sqlite3_step(statement);
    return sqlite3_reset(statement) == SQLITE_OK;
}

static bool empty_all(struct tables *tables, struct error *error)
{
    for (size_t i = 0; i < tables->slot_count; i++) {
        struct slot *slot = &tables->slots[i];

        if (slot->is_filled && !run(slot->clear)) {
            return fail(tables, slot->name, error);
        }
        slot->is_filled = false;
    }
    return true;
}

/* The binders return SQLite's result; those of one row are or-ed together for insert(), since a
 * value that is too large would otherwise stay unbound. Values are not copied: the dataset outlives
 * the step. */
static int bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    return sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

static bool insert(struct tables *tables, struct slot *slot, int bound, struct error *error)
{
    slot->is_filled = true;
    if (bound != SQLITE_OK) {
        return error_set(error, ERROR_LIMIT, "table %s: a value is too large", slot->name);
    }
    return run(slot->insert) || fail(tables, slot->name, error);
}

static bool fill_aims(struct tables *tables, const struct dataset *dataset, struct error *error)
{
    struct slot *slot = &tables->slots[OWN_AIMS];
    int bound = bind_text(slot->insert, 1, dataset->organisation) |
                bind_text(slot->insert, 2, dataset->purpose) |
                bind_text(slot->insert, 3, dataset->period_start) |
                bind_text(slot->insert, 4, dataset->period_end);

    return insert(tables, slot, bound, error);
}

static bool fill_registers(struct tables *tables, const struct dataset *dataset,
                           struct error *error)
{
    struct slot *slot = &tables->slots[OWN_REGISTERS];

    if (!slot->is_read) {
        return true;
    }
    for (size_t i = 0; i < dataset->schema->table_count; i++) {
        const struct dataset_table *table = &dataset->tables[i];

        int bound = bind_text(slot->insert, 1, table->schema->name) |
                    bind_text(slot->insert, 2, tables_claim_name(table->claim)) |
                    sqlite3_bind_int64(slot->insert, 3, (sqlite3_int64)table->row_count);

        if (!insert(tables, slot, bound, error)) {
            return false;
        }
    }
    return true;
}

static bool fill_files(struct tables *tables, const struct dataset *dataset, struct error *error)
{
    struct slot *slot = &tables->slots[OWN_FILES];
    char hex[DIGEST_HEX_SIZE];

    if (!slot->is_read) {
        return true;
    }
    for (size_t i = 0; i < dataset->file_count; i++) {
        const struct dataset_file *file = &dataset->files[i];

        int bound = bind_text(slot->insert, 1, file->path) |
                    bind_text(slot->insert, 2, encode_digest(&file->sha256, hex)) |
                    sqlite3_bind_int64(slot->insert, 3, (sqlite3_int64)file->size) |
                    bind_text(slot->insert, 4, file->cited_by);

        if (!insert(tables, slot, bound, error)) {
            return false;
        }
    }
    return true;
}

static int bind_value(sqlite3_stmt *statement, int index, const struct dataset_value *value)
{
    switch (value->type) {
    case DATASET_NULL:
        return sqlite3_bind_null(statement, index);
    case DATASET_INTEGER:
        return sqlite3_bind_int64(statement, index, value->integer);
    case DATASET_TEXT:
        return bind_text(statement, index, value->text);
    }
    CHECK_UNREACHABLE();
}

static bool fill_register(struct tables *tables, struct slot *slot,
                          const struct dataset_table *table, struct error *error)
{
    size_t column_count = table->schema->column_count;

    for (size_t row = 0; row < table->row_count; row++) {
        const struct dataset_value *values = &table->values[row * column_count];

        int bound = SQLITE_OK;

        for (size_t i = 0; i < column_count; i++) {
            bound |= bind_value(slot->insert, (int)i + 1, &values[i]);
        }
        if (!insert(tables, slot, bound, error)) {
            return false;
        }
    }
    return true;
}

/* One row for each element of the list TEXT, which belongs to the row ID. */
static bool fill_list(struct tables *tables, struct slot *slot, const char *id, const char *text,
                      struct error *error)
{
    const char *rest = text;

    for (int position = 1; rest != NULL; position++) {
        size_t size = strcspn(rest, ";");

        int bound = bind_text(slot->insert, 1, id) |
                    sqlite3_bind_text(slot->insert, 2, rest, (int)size, SQLITE_STATIC) |
                    sqlite3_bind_int(slot->insert, 3, position);

        if (!insert(tables, slot, bound, error)) {
            return false;
        }
        rest = rest[size] == ';' ? rest + size + 1 : NULL;
    }
    return true;
}

static bool fill_link(struct tables *tables, struct slot *slot, const struct dataset_table *table,
                      struct error *error)
{
    size_t column_count = table->schema->column_count;

    for (size_t row = 0; row < table->row_count; row++) {
        const struct dataset_value *values = &table->values[row * column_count];
        const struct dataset_value *list = &values[slot->column_index];

        if (list->type == DATASET_TEXT &&
            !fill_list(tables, slot, values[0].text, list->text, error)) {
            return false;
        }
    }
    return true;
}

static bool fill_slot(struct tables *tables, struct slot *slot, const struct dataset *dataset,
                      struct error *error)
{
    if (!slot->is_read || slot->register_index == SIZE_MAX) {
        return true;
    }
    const struct dataset_table *table = &dataset->tables[slot->register_index];

    return slot->column_index == SIZE_MAX ? fill_register(tables, slot, table, error)
                                          : fill_link(tables, slot, table, error);
}

static bool fill_all(struct tables *tables, const struct dataset *dataset, struct error *error)
{
    for (size_t i = 0; i < tables->slot_count; i++) {
        if (!fill_slot(tables, &tables->slots[i], dataset, error)) {
            return false;
        }
    }
    return fill_aims(tables, dataset, error) && fill_registers(tables, dataset, error) &&
           fill_files(tables, dataset, error);
}

/* Undoes a load that failed. SQLite may have rolled back by itself, to the dataset before, so that
 * every table has to be emptied next time. */
static void abandon(struct tables *tables)
{
    if (sqlite3_get_autocommit(tables->connection) == 0) {
        (void)run(tables->rollback);
    }
    for (size_t i = 0; i < tables->slot_count; i++) {
        tables->slots[i].is_filled = true;
    }
}

bool tables_load(struct tables *tables, const struct dataset *dataset, struct error *error)
{
    CHECK(dataset->schema == tables->schema);
    CHECK(sqlite3_get_autocommit(tables->connection) != 0);

    tables->dataset = NULL;
    if (!run(tables->begin)) {
        return fail(tables, "begin", error);
    }
    if (!empty_all(tables, error) || !fill_all(tables, dataset, error)) {
        abandon(tables);
        return false;
    }
    if (!run(tables->commit)) {
        error_record(error, ERROR_LIMIT, "tables: %s", sqlite3_errmsg(tables->connection));
        abandon(tables);
        return false;
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
