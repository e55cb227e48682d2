#include "store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/check.h"
#include "base/disk.h"

#define BUSY_MS 5000 /* How long a writer waits for another. */

struct database_rows {
    struct database *database;
    const char *sql; /* Literal: its address is its name. */
    sqlite3_stmt *statement;
};

struct database {
    sqlite3 *handle;
    struct database_rows statements[DATABASE_STATEMENTS_MAX];
    size_t statement_count;
};

/* Fills ERROR from the last result. Returns nothing: the compiler must see that the callers return
 * false. */
static void record(const struct database *database, struct error *error)
{
    enum error_code code = ERROR_IO;

    switch (sqlite3_extended_errcode(database->handle)) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID:
        code = ERROR_CONFLICT;
        break;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        code = ERROR_NOT_FOUND;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        code = ERROR_CORRUPT;
        break;
    case SQLITE_TOOBIG:
        code = ERROR_LIMIT;
        break;
    default:
        break;
    }
    const char *file = sqlite3_db_filename(database->handle, "main");

    error_record(error, code, "%s: %s", file != NULL ? file : "database",
                 sqlite3_errmsg(database->handle));
}

static bool execute(struct database *database, const char *sql, struct error *error)
{
    if (sqlite3_exec(database->handle, sql, NULL, NULL, NULL) != SQLITE_OK) {
        record(database, error);
        return false;
    }
    return true;
}

bool database_begin(struct database *database, struct error *error)
{
    return execute(database, "BEGIN IMMEDIATE", error);
}

bool database_finish(struct database *database, bool is_ok, struct error *error)
{
    bool is_committed = is_ok && execute(database, "COMMIT", error);

    /* SQLite has rolled back by itself after some errors; then there is nothing to do. */
    if (!is_committed && sqlite3_get_autocommit(database->handle) == 0) {
        (void)sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    return is_committed;
}

static bool prepare(struct database *database, const char *sql, struct database_rows **out,
                    struct error *error)
{
    for (size_t i = 0; i < database->statement_count; i++) {
        if (database->statements[i].sql == sql) {
            *out = &database->statements[i];
            return true;
        }
    }
    CHECK(database->statement_count < DATABASE_STATEMENTS_MAX);

    struct database_rows *rows = &database->statements[database->statement_count];

    if (sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &rows->statement,
                           NULL) != SQLITE_OK) {
        record(database, error);
        return false;
    }
    rows->database = database;
    rows->sql = sql;
    database->statement_count++;
    *out = rows;
    return true;
}

static int bind(sqlite3_stmt *statement, int index, const struct database_value *value)
{
    const void *data = value->bytes.size > 0 ? (const void *)value->bytes.data : "";

    switch (value->type) {
    case DATABASE_NUMBER:
        return sqlite3_bind_int64(statement, index, (sqlite3_int64)value->number);
    case DATABASE_BLOB:
        return sqlite3_bind_blob64(statement, index, data, value->bytes.size, SQLITE_STATIC);
    case DATABASE_TEXT:
        return sqlite3_bind_text64(statement, index, data, value->bytes.size, SQLITE_STATIC,
                                   SQLITE_UTF8);
    default:
        CHECK_UNREACHABLE();
    }
}

bool database_query(struct database *database, const char *sql, const struct database_value *values,
                    size_t count, struct database_rows **out, struct error *error)
{
    struct database_rows *rows;

    if (!prepare(database, sql, &rows, error)) {
        return false;
    }
    CHECK(!sqlite3_stmt_busy(rows->statement));
    CHECK(sqlite3_bind_parameter_count(rows->statement) == (int)count);
    for (size_t i = 0; i < count; i++) {
        if (bind(rows->statement, (int)i + 1, &values[i]) != SQLITE_OK) {
            record(database, error);
            database_end(rows);
            return false;
        }
    }
    *out = rows;
    return true;
}

void database_end(struct database_rows *rows)
{
    /* The bindings are borrowed; nothing may point to them afterwards. */
    (void)sqlite3_reset(rows->statement);
    (void)sqlite3_clear_bindings(rows->statement);
}

bool database_next(struct database_rows *rows, bool *has_row, struct error *error)
{
    int result = sqlite3_step(rows->statement);
    bool is_ok = result == SQLITE_ROW || result == SQLITE_DONE;

    if (!is_ok) {
        record(rows->database, error);
    } else {
        *has_row = result == SQLITE_ROW;
    }
    if (result != SQLITE_ROW) {
        database_end(rows);
    }
    return is_ok;
}

bool database_run(struct database *database, const char *sql, const struct database_value *values,
                  size_t count, struct error *error)
{
    struct database_rows *rows;
    bool has_row;

    if (!database_query(database, sql, values, count, &rows, error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    CHECK(!has_row);
    return true;
}

uint64_t database_changes(const struct database *database)
{
    return (uint64_t)sqlite3_changes64(database->handle);
}

uint64_t database_column_number(struct database_rows *rows, int index)
{
    return (uint64_t)sqlite3_column_int64(rows->statement, index);
}

struct bytes database_column_blob(struct database_rows *rows, int index)
{
    const void *data = sqlite3_column_blob(rows->statement, index);

    return bytes_of(data, (size_t)sqlite3_column_bytes(rows->statement, index));
}

bool database_column_bytes(struct database_rows *rows, int index, uint8_t *out, size_t size,
                           struct error *error)
{
    struct bytes blob = database_column_blob(rows, index);

    if (blob.size != size) {
        return error_set(error, ERROR_CORRUPT, "%s: %s has %zu bytes, want %zu",
                         sqlite3_db_filename(rows->database->handle, "main"),
                         sqlite3_column_name(rows->statement, index), blob.size, size);
    }
    memcpy(out, blob.data, size);
    return true;
}

bool database_column_copy(struct database_rows *rows, int index, struct arena *arena,
                          struct bytes *out, struct error *error)
{
    struct bytes blob = database_column_blob(rows, index);
    char *copy = arena_copy(arena, blob.data, blob.size);

    if (copy == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: %zu bytes of %s are more than there is room for",
                         sqlite3_db_filename(rows->database->handle, "main"), blob.size,
                         sqlite3_column_name(rows->statement, index));
    }
    *out = bytes_of(copy, blob.size);
    return true;
}

void *database_take_array(struct buffer *buffer, bool is_ok, struct arena *arena,
                          struct error *error)
{
    void *array = is_ok ? arena_alloc(arena, buffer->size) : NULL;

    if (array != NULL && buffer->size > 0) {
        memcpy(array, buffer->data, buffer->size);
    }
    if (is_ok && array == NULL) {
        error_record(error, ERROR_LIMIT, "a list of %zu bytes is more than there is room for",
                     buffer->size);
    }
    buffer_finish(buffer);
    return array;
}

bool database_find_number(struct database *database, const char *sql,
                          const struct database_value *values, size_t count, uint64_t *out,
                          bool *is_found, struct error *error)
{
    struct database_rows *rows;
    bool has_row;

    if (!database_query(database, sql, values, count, &rows, error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    if (has_row) {
        *out = database_column_number(rows, 0);
        database_end(rows);
    }
    *is_found = has_row;
    return true;
}

bool database_find_blob(struct database *database, const char *sql,
                        const struct database_value *values, size_t count, const char *what,
                        struct buffer *out, struct error *error)
{
    struct database_rows *rows;
    bool has_row;

    if (!database_query(database, sql, values, count, &rows, error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    if (!has_row) {
        return error_set(error, ERROR_NOT_FOUND, "%s is not stored", what);
    }
    struct bytes blob = database_column_blob(rows, 0);

    buffer_append(out, blob.data, blob.size);
    database_end(rows);
    return true;
}

static bool open_handle(const char *path, struct database **out, struct error *error)
{
    struct database *database = calloc(1, sizeof(*database));

    CHECK(database != NULL);
    if (sqlite3_open_v2(path, &database->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        error_record(error, ERROR_IO, "%s: %s", path,
                     database->handle != NULL ? sqlite3_errmsg(database->handle) : "no memory");
        database_close(database);
        return false;
    }
    (void)sqlite3_extended_result_codes(database->handle, 1);
    (void)sqlite3_busy_timeout(database->handle, BUSY_MS);
    if (!execute(database,
                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                 "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON",
                 error)) {
        database_close(database);
        return false;
    }
    *out = database;
    return true;
}

void database_close(struct database *database)
{
    if (database == NULL) {
        return;
    }
    for (size_t i = 0; i < database->statement_count; i++) {
        (void)sqlite3_finalize(database->statements[i].statement);
    }
    int result = sqlite3_close(database->handle);

    CHECK(result == SQLITE_OK);
    free(database);
}

/* A pragma that takes no "?". */
static bool set_pragma(struct database *database, const char *name, int64_t value,
                       struct error *error)
{
    struct buffer sql = {0};

    buffer_format(&sql, "PRAGMA %s = %lld", name, (long long)value);
    bool is_ok = execute(database, buffer_text(&sql), error);

    buffer_finish(&sql);
    return is_ok;
}

static bool migrate(struct database *database, const struct database_schema *schema, size_t from,
                    struct error *error)
{
    bool is_ok = true;

    for (size_t i = from; is_ok && i < schema->version; i++) {
        is_ok = execute(database, schema->migrations[i], error);
    }
    return is_ok && set_pragma(database, "user_version", (int64_t)schema->version, error);
}

static bool fill(struct database *database, const struct database_schema *schema,
                 const struct database_owner *owner, struct error *error)
{
    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok =
        execute(database, "CREATE TABLE owner (roster BLOB, number INTEGER) STRICT", error) &&
        database_run(
            database, "INSERT INTO owner VALUES (?, ?)",
            DATABASE_VALUES(database_digest(&owner->roster), database_number(owner->index)),
            error) &&
        set_pragma(database, "application_id", schema->application_id, error) &&
        migrate(database, schema, 0, error);

    return database_finish(database, is_ok, error);
}

bool database_create(const char *path, const struct database_schema *schema,
                     const struct database_owner *owner, struct error *error)
{
    struct database *database = NULL;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0) {
        return error_set(error, errno == EEXIST ? ERROR_CONFLICT : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    (void)close(fd);
    bool is_ok = open_handle(path, &database, error) && fill(database, schema, owner, error) &&
                 disk_sync_parent(path, error);

    database_close(database);
    if (!is_ok) {
        (void)unlink(path);
    }
    return is_ok;
}

static bool check_kind(struct database *database, const struct database_schema *schema,
                       uint64_t *version, struct error *error)
{
    uint64_t application_id = 0;
    bool is_found;

    if (!database_find_number(database, "PRAGMA application_id", NULL, 0, &application_id,
                              &is_found, error) ||
        !database_find_number(database, "PRAGMA user_version", NULL, 0, version, &is_found,
                              error)) {
        return false;
    }
    if ((int32_t)application_id != schema->application_id || *version == 0) {
        return error_set(error, ERROR_CORRUPT, "this is not a %s, or was never finished",
                         schema->what);
    }
    if (*version > schema->version) {
        return error_set(error, ERROR_CONFLICT,
                         "a newer program wrote this %s: its version is %llu, want 1..%zu",
                         schema->what, (unsigned long long)*version, schema->version);
    }
    return true;
}

static bool check_owner(struct database *database, const struct database_schema *schema,
                        const struct database_owner *owner, struct error *error)
{
    uint64_t count = 0;
    bool is_found;

    if (!database_find_number(
            database, "SELECT count(*) FROM owner WHERE roster = ? AND number = ?",
            DATABASE_VALUES(database_digest(&owner->roster), database_number(owner->index)), &count,
            &is_found, error)) {
        return false;
    }
    return count == 1 || error_set(error, ERROR_CONFLICT,
                                   "this %s is of another roster or of another number than %u",
                                   schema->what, owner->index);
}

/* Two programs may find the old version at once: only the first migrates. */
static bool upgrade(struct database *database, const struct database_schema *schema,
                    struct error *error)
{
    uint64_t version;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok = check_kind(database, schema, &version, error) &&
                 migrate(database, schema, (size_t)version, error);

    return database_finish(database, is_ok, error);
}

bool database_open(const char *path, const struct database_schema *schema,
                   const struct database_owner *owner, struct database **out, struct error *error)
{
    struct database *database = NULL;
    uint64_t version;

    if (access(path, F_OK) != 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    bool is_ok = open_handle(path, &database, error) &&
                 check_kind(database, schema, &version, error) &&
                 (version == schema->version || upgrade(database, schema, error)) &&
                 check_owner(database, schema, owner, error);

    if (!is_ok) {
        database_close(database);
        return error_wrap(error, "open %s", path);
    }
    *out = database;
    return true;
}
