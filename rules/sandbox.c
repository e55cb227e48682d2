#include "rules/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/check.h"

#define STEPS_GRAIN   1000 /* Steps between two looks at the budget. */
#define STATEMENT_MAX 40   /* Columns a query may return. */
#define PATH_SIZE     512
#define MS_PER_DAY    INT64_C(86400000)
#define MS_UNIX_EPOCH INT64_C(210866760000000) /* 1970-01-01 in SQLite's milliseconds. */

struct sandbox {
    sqlite3_vfs vfs; /* First, so that the clock finds its sandbox. */
    char vfs_name[32];
    sqlite3 *connection;
    sqlite3_int64 now; /* Milliseconds of the Julian day number. */
    bool is_sealed;
    sandbox_read_fn *on_read; /* While a query is being prepared, or NULL. */
    void *read_context;
    bool is_metered;     /* Between start and stop. */
    uint32_t steps_used; /* Since start. */
    uint32_t steps_max;
};

/* Everything a query may call. What is missing here depends on chance, on the build or on the order
 * of rows, or does without limit what is charged as one step: printf('%.*c') counts to two thousand
 * million before it looks at the largest size. */
static const char *const functions[] = {
    "abs",     "ceil",   "coalesce",   "count", "date",      "datetime", "dense_rank", "floor",
    "glob",    "ifnull", "iif",        "instr", "julianday", "lag",      "lead",       "length",
    "like",    "lower",  "ltrim",      "max",   "min",       "missing",  "nullif",     "rank",
    "replace", "round",  "row_number", "rtrim", "strftime",  "substr",   "substring",  "sum",
    "total",   "trim",   "unicode",    "upper",
};

static const struct {
    int id;
    int value;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, 1000000},         {SQLITE_LIMIT_SQL_LENGTH, 100000},
    {SQLITE_LIMIT_COLUMN, STATEMENT_MAX},   {SQLITE_LIMIT_EXPR_DEPTH, 60},
    {SQLITE_LIMIT_COMPOUND_SELECT, 8},      {SQLITE_LIMIT_VDBE_OP, 25000},
    {SQLITE_LIMIT_FUNCTION_ARG, 16},        {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50}, {SQLITE_LIMIT_VARIABLE_NUMBER, 32},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 1},        {SQLITE_LIMIT_WORKER_THREADS, 0},
};

static const struct {
    int id;
    int value;
} switches[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},
    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_DQS_DML, 0},
    {SQLITE_DBCONFIG_DQS_DDL, 0},
    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
    {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
    {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
};

/* The VFS: no files, no chance, and a clock that stands still. */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    (void)name;
    (void)flags;
    (void)out;
    file->pMethods = NULL;
    return SQLITE_CANTOPEN;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    (void)name;
    (void)sync;
    return SQLITE_IOERR_DELETE;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    (void)name;
    (void)flags;
    *out = 0;
    return SQLITE_OK;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    (void)name;
    (void)size;
    (void)out;
    return SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    memset(out, 0, (size_t)size);
    return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    (void)microseconds;
    return 0;
}

static int vfs_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    *out = ((const struct sandbox *)vfs)->now;
    return SQLITE_OK;
}

static int vfs_current_time(sqlite3_vfs *vfs, double *out)
{
    *out = (double)((const struct sandbox *)vfs)->now / (double)MS_PER_DAY;
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    (void)size;
    (void)out;
    return 0;
}

static void vfs_init(struct sandbox *sandbox)
{
    (void)snprintf(sandbox->vfs_name, sizeof(sandbox->vfs_name), "aims-%p", (void *)sandbox);
    sandbox->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(sqlite3_file),
        .mxPathname = PATH_SIZE,
        .zName = sandbox->vfs_name,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_pathname,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_current_time,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_current_time_int64,
    };
}

static bool starts_with(const char *text, const char *prefix)
{
    return sqlite3_strnicmp(text, prefix, (int)strlen(prefix)) == 0;
}

static int authorize_read(struct sandbox *sandbox, const char *table, const char *column)
{
    if (starts_with(table, "sqlite_") || starts_with(table, "pragma_")) {
        return SQLITE_DENY;
    }
    if (sandbox->on_read != NULL) {
        sandbox->on_read(sandbox->read_context, table, column);
    }
    return SQLITE_OK;
}

static int authorize_function(const char *name)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (sqlite3_stricmp(functions[i], name) == 0) {
            return SQLITE_OK;
        }
    }
    return SQLITE_DENY;
}

/* Set once: setting an authorizer anew would make SQLite prepare every statement again. */
static int authorize(void *context, int action, const char *first, const char *second,
                     const char *database, const char *origin)
{
    struct sandbox *sandbox = context;

    (void)database;
    (void)origin;
    if (!sandbox->is_sealed) {
        return SQLITE_OK;
    }
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        return authorize_read(sandbox, first, second);
    case SQLITE_FUNCTION:
        return authorize_function(second);
    default:
        return SQLITE_DENY;
    }
}

static int count_steps(void *context)
{
    struct sandbox *sandbox = context;

    if (!sandbox->is_metered) {
        return 0;
    }
    sandbox->steps_used += STEPS_GRAIN;
    return sandbox->steps_used > sandbox->steps_max;
}

static bool execute(struct sandbox *sandbox, const char *sql, struct error *error)
{
    if (sqlite3_exec(sandbox->connection, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return error_set(error, ERROR_IO, "sqlite: %s: %s", sql,
                         sqlite3_errmsg(sandbox->connection));
    }
    return true;
}

/* The local time would make answers depend on the machine; SQLite's own test control switches it
 * off. That it did is tried, because a build may lack the control. */
static bool forbid_local_time(struct sandbox *sandbox, struct error *error)
{
    (void)sqlite3_test_control(SQLITE_TESTCTRL_LOCALTIME_FAULT, 1);
    if (sqlite3_exec(sandbox->connection, "SELECT date('2026-06-30', 'localtime')", NULL, NULL,
                     NULL) == SQLITE_OK) {
        return error_set(error, ERROR_IO, "sqlite: this build cannot do without the local time");
    }
    return true;
}

static bool harden(struct sandbox *sandbox, struct error *error)
{
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        int now = -1;

        if (sqlite3_db_config(sandbox->connection, switches[i].id, switches[i].value, &now) !=
                SQLITE_OK ||
            now != switches[i].value) {
            return error_set(error, ERROR_IO, "sqlite: switch %d cannot be set to %d",
                             switches[i].id, switches[i].value);
        }
    }
    if (sqlite3_drop_modules(sandbox->connection, NULL) != SQLITE_OK) {
        return error_set(error, ERROR_IO, "sqlite: virtual tables cannot be removed");
    }
    return forbid_local_time(sandbox, error);
}

static bool open_connection(struct sandbox *sandbox, bool reverse_rows, struct error *error)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
                SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;

    if (sqlite3_vfs_register(&sandbox->vfs, 0) != SQLITE_OK) {
        return error_set(error, ERROR_IO, "sqlite: cannot register a file system");
    }
    if (sqlite3_open_v2(":memory:", &sandbox->connection, flags, sandbox->vfs_name) != SQLITE_OK) {
        return error_set(error, ERROR_IO, "sqlite: cannot open a database in memory");
    }
    return execute(sandbox, "PRAGMA journal_mode = MEMORY", error) &&
           execute(sandbox, "PRAGMA synchronous = OFF", error) &&
           execute(sandbox, "PRAGMA temp_store = MEMORY", error) &&
           execute(sandbox, "PRAGMA cell_size_check = ON", error) &&
           (!reverse_rows || execute(sandbox, "PRAGMA reverse_unordered_selects = ON", error)) &&
           harden(sandbox, error);
}

bool sandbox_create(bool reverse_rows, struct sandbox **out, struct error *error)
{
    struct sandbox *sandbox = calloc(1, sizeof(*sandbox));

    CHECK(sandbox != NULL);
    sandbox->now = MS_UNIX_EPOCH;
    vfs_init(sandbox);
    if (!open_connection(sandbox, reverse_rows, error)) {
        sandbox_destroy(sandbox);
        return false;
    }
    (void)sqlite3_set_authorizer(sandbox->connection, authorize, sandbox);
    sqlite3_progress_handler(sandbox->connection, STEPS_GRAIN, count_steps, sandbox);
    *out = sandbox;
    return true;
}

void sandbox_destroy(struct sandbox *sandbox)
{
    if (sandbox != NULL) {
        int result = sqlite3_close(sandbox->connection);

        CHECK(result == SQLITE_OK);
        (void)sqlite3_vfs_unregister(&sandbox->vfs);
        free(sandbox);
    }
}

struct sqlite3 *sandbox_connection(struct sandbox *sandbox)
{
    return sandbox->connection;
}

void sandbox_seal(struct sandbox *sandbox)
{
    CHECK(!sandbox->is_sealed);

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        (void)sqlite3_limit(sandbox->connection, limits[i].id, limits[i].value);
    }
    sandbox->is_sealed = true;
}

void sandbox_unseal(struct sandbox *sandbox)
{
    CHECK(sandbox->is_sealed);
    sandbox->is_sealed = false;
}

/* What SQLite accepted and we do not. */
static bool check_statement(struct sqlite3_stmt *statement, const char *tail, struct error *error)
{
    if (statement == NULL) {
        return error_set(error, ERROR_INVALID, "there is no statement");
    }
    if (tail[strspn(tail, " \t\r\n;")] != '\0') {
        return error_set(error, ERROR_INVALID, "there is something behind the statement");
    }
    if (sqlite3_stmt_isexplain(statement) != 0 || sqlite3_stmt_readonly(statement) == 0) {
        return error_set(error, ERROR_INVALID, "the statement is not a plain SELECT");
    }
    return true;
}

bool sandbox_prepare(struct sandbox *sandbox, const char *sql, sandbox_read_fn *on_read,
                     void *context, struct sqlite3_stmt **out, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    const char *tail = "";

    CHECK(sandbox->is_sealed);

    sandbox->on_read = on_read;
    sandbox->read_context = context;
    int result = sqlite3_prepare_v3(sandbox->connection, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                    &statement, &tail);
    sandbox->on_read = NULL;
    if (result != SQLITE_OK) {
        return error_set(error, ERROR_INVALID, "%s", sqlite3_errmsg(sandbox->connection));
    }
    if (!check_statement(statement, tail, error)) {
        (void)sqlite3_finalize(statement);
        return false;
    }
    *out = statement;
    return true;
}

/* Days from 1970-01-01 to a day of the Gregorian calendar; years from 1. */
static int64_t days_of(int year, int month, int day)
{
    int64_t shifted = month > 2 ? year : year - 1; /* Years that begin in March. */
    int64_t from_march = month > 2 ? month - 3 : month + 9;

    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 +
           (153 * from_march + 2) / 5 + day - 1 - 719468;
}

bool sandbox_set_date(struct sandbox *sandbox, const char *date, struct error *error)
{
    static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const char form[] = "dddd-dd-dd";
    int numbers[3] = {0};
    int part = 0;

    for (size_t i = 0; i < sizeof(form); i++) {
        bool is_digit = date[i] >= '0' && date[i] <= '9';

        if (form[i] == 'd' ? !is_digit : date[i] != form[i]) {
            return error_set(error, ERROR_INVALID, "\"%.20s\" is not a date like 2026-06-30", date);
        }
        part += form[i] == '-';
        numbers[part] = is_digit ? numbers[part] * 10 + (date[i] - '0') : numbers[part];
    }
    if (numbers[0] < 1 || numbers[1] < 1 || numbers[1] > 12 || numbers[2] < 1 ||
        numbers[2] > month_days[numbers[1] - 1]) {
        return error_set(error, ERROR_INVALID, "\"%.20s\" is not a day of the calendar", date);
    }
    sandbox->now = days_of(numbers[0], numbers[1], numbers[2]) * MS_PER_DAY + MS_UNIX_EPOCH;
    return true;
}

void sandbox_start(struct sandbox *sandbox, struct sqlite3_stmt *statement, uint32_t steps_max)
{
    CHECK(!sandbox->is_metered);

    sandbox->is_metered = true;
    sandbox->steps_used = 0;
    sandbox->steps_max = steps_max;
    /* The grain is counted from the statement's own total, which must start alike everywhere. */
    (void)sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
}

bool sandbox_stop(struct sandbox *sandbox)
{
    CHECK(sandbox->is_metered);

    sandbox->is_metered = false;
    return sandbox->steps_used > sandbox->steps_max;
}
