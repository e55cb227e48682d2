#include "rules/view.h"

#include <string.h>

#include <sqlite3.h>

#include "base/check.h"

/* How SQLite's plan for a view comes back to filter(), in one number. */
enum {
    PLAN_COLUMN = 0xff, /* The column that rows are found or ordered by. */
    PLAN_FIND = 0x100,  /* Only rows whose cell equals the argument. */
    PLAN_ORDER = 0x200, /* SQLite relies on the order. */
    PLAN_DOWN = 0x400,  /* ... which is descending. */
};

/* What a plan is taken to cost: the rows that it goes through, of a table taken to have so many. */
#define ROWS_ALL   1000
#define ROWS_PLAIN 250
#define ROWS_NAME  10
#define ROWS_KEY   1

struct table {
    sqlite3_vtab base; /* First, so that SQLite's pointer is ours. */
    struct view *view;
};

struct cursor {
    sqlite3_vtab_cursor base; /* First, too. */
    const struct rows_row *rows;
    size_t at; /* From first to end - 1; counted from the other end when is_backward. */
    size_t first;
    size_t end;
    bool is_backward;
};

static struct view *view_of(const sqlite3_vtab *table)
{
    return ((const struct table *)(const void *)table)->view;
}

static int connect(sqlite3 *connection, void *context, int count, const char *const *words,
                   sqlite3_vtab **out, char **message)
{
    struct view *view = context;
    int result = sqlite3_declare_vtab(connection, view->sql);
    struct table *table = result == SQLITE_OK ? sqlite3_malloc(sizeof(*table)) : NULL;

    (void)count;
    (void)words;
    if (result != SQLITE_OK) {
        *message = sqlite3_mprintf("%s", sqlite3_errmsg(connection));
        return result;
    }
    if (table == NULL) {
        return SQLITE_NOMEM;
    }
    *table = (struct table){.view = view};
    *out = &table->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

/* Constraint INDEX can be met by finding cells. "x IN (...)" is one of them, once for each value:
 * that only pays where a value has few rows. */
static bool can_find(const struct view *view, sqlite3_index_info *info, int index)
{
    const struct sqlite3_index_constraint *constraint = &info->aConstraint[index];

    return constraint->usable != 0 && constraint->op == SQLITE_INDEX_CONSTRAINT_EQ &&
           constraint->iColumn >= 0 &&
           sqlite3_stricmp(sqlite3_vtab_collation(info, index), "BINARY") == 0 &&
           (view->columns[constraint->iColumn] != VIEW_PLAIN ||
            sqlite3_vtab_in(info, index, -1) == 0);
}

/* The constraint that leaves the fewest rows, or -1. */
static int choose(const struct view *view, sqlite3_index_info *info)
{
    int chosen = -1;
    enum view_column best = VIEW_PLAIN;

    for (int i = 0; i < info->nConstraint; i++) {
        if (can_find(view, info, i) &&
            (chosen < 0 || view->columns[info->aConstraint[i].iColumn] > best)) {
            chosen = i;
            best = view->columns[info->aConstraint[i].iColumn];
        }
    }
    return chosen;
}

/* The first column that rows are wanted by, but for FOUND, which is the same in all of them; -1
 * when there is none. COUNT is how many there are. */
static int first_order(const sqlite3_index_info *info, int found, int *count)
{
    int first = -1;

    *count = 0;
    for (int i = info->nOrderBy - 1; i >= 0; i--) {
        if (found < 0 || info->aOrderBy[i].iColumn != found) {
            first = i;
            (*count)++;
        }
    }
    return first;
}

/* Rows that are found come in their own order, all rows in that of any one column. FOUND is the
 * column that rows are found by, or -1. */
static int plan_order(const struct view *view, const sqlite3_index_info *info, int found)
{
    int count = 0;
    int first = first_order(info, found, &count);

    if (info->nOrderBy == 0 || count > 1) {
        return 0;
    }
    if (first < 0) {
        return PLAN_ORDER;
    }
    int column = info->aOrderBy[first].iColumn;

    if (column < 0 || (found >= 0 && (column != 0 || !view->rows.is_by_first))) {
        return 0;
    }
    return PLAN_ORDER | (info->aOrderBy[first].desc != 0 ? PLAN_DOWN : 0) |
           (found >= 0 ? 0 : column);
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    static const int row_counts[] = {
        [VIEW_PLAIN] = ROWS_PLAIN, [VIEW_NAME] = ROWS_NAME, [VIEW_KEY] = ROWS_KEY};
    const struct view *view = view_of(table);
    int chosen = choose(view, info);
    int column = chosen >= 0 ? info->aConstraint[chosen].iColumn : -1;
    int count = ROWS_ALL;
    int order = plan_order(view, info, column);

    info->idxNum = order;
    if (chosen >= 0) {
        count = row_counts[view->columns[column]];
        info->idxNum |= PLAN_FIND | column;
        /* SQLite compares once more: its = knows more types than ours. */
        info->aConstraintUsage[chosen].argvIndex = 1;
        info->idxFlags = view->columns[column] == VIEW_KEY ? SQLITE_INDEX_SCAN_UNIQUE : 0;
    }
    info->orderByConsumed = order != 0;
    info->estimatedCost = count;
    info->estimatedRows = count;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    struct cursor *cursor = sqlite3_malloc(sizeof(*cursor));

    (void)table;
    if (cursor == NULL) {
        return SQLITE_NOMEM;
    }
    *cursor = (struct cursor){0};
    *out = &cursor->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

/* What VALUE would be as a cell; false when no cell is of its type. */
static bool read_cell(sqlite3_value *value, struct dataset_value *out)
{
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        *out =
            (struct dataset_value){.type = DATASET_INTEGER, .integer = sqlite3_value_int64(value)};
        return true;
    case SQLITE_TEXT:
        *out = (struct dataset_value){.type = DATASET_TEXT,
                                      .text = (const char *)sqlite3_value_text(value)};
        return out->text != NULL;
    default:
        return false;
    }
}

/* Narrows RANGE to the rows whose cell equals VALUE. Where SQLite would convert one of them to
 * compare them, all rows stay, for SQLite to look at. */
static void narrow(const struct cursor *cursor, size_t column, sqlite3_value *value,
                   struct rows_range *range)
{
    struct dataset_value cell;

    /* The cells of a column are of one type, or NULL; those come first. */
    if (range->end == 0 || sqlite3_value_type(value) == SQLITE_NULL ||
        cursor->rows[range->end - 1].cells[column].type == DATASET_NULL) {
        range->end = 0; /* NULL equals nothing. */
    } else if (read_cell(value, &cell) &&
               cell.type == cursor->rows[range->end - 1].cells[column].type) {
        *range = rows_find(cursor->rows, range->end, column, &cell);
    }
}

static int filter(sqlite3_vtab_cursor *base, int plan, const char *text, int count,
                  sqlite3_value **values)
{
    struct cursor *cursor = (struct cursor *)(void *)base;
    struct view *view = view_of(base->pVtab);
    size_t column = (size_t)(plan & PLAN_COLUMN);
    struct rows_range range = {.end = view->rows.count};

    (void)text;
    cursor->rows =
        (plan & (PLAN_FIND | PLAN_ORDER)) != 0 ? rows_by(&view->rows, column) : view->rows.own;
    if (cursor->rows == NULL && range.end > 0) {
        return SQLITE_NOMEM;
    }
    if ((plan & PLAN_FIND) != 0) {
        CHECK(count == 1);
        narrow(cursor, column, values[0], &range);
    }
    cursor->first = range.first;
    cursor->end = range.end;
    cursor->at = range.first;
    cursor->is_backward = (plan & PLAN_ORDER) != 0 ? (plan & PLAN_DOWN) != 0 : view->is_backward;
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base)
{
    ((struct cursor *)(void *)base)->at++;
    return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *base)
{
    const struct cursor *cursor = (const struct cursor *)(const void *)base;

    return cursor->at >= cursor->end;
}

static const struct rows_row *current(const sqlite3_vtab_cursor *base)
{
    const struct cursor *cursor = (const struct cursor *)(const void *)base;
    size_t at = cursor->is_backward ? cursor->first + cursor->end - 1 - cursor->at : cursor->at;

    return &cursor->rows[at];
}

/* Texts are not copied: the rows stay while the statement runs. */
static int show_cell(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct dataset_value *cell = &current(base)->cells[column];

    switch (cell->type) {
    case DATASET_NULL:
        break;
    case DATASET_INTEGER:
        sqlite3_result_int64(context, cell->integer);
        break;
    case DATASET_TEXT:
        sqlite3_result_text(context, cell->text, -1, SQLITE_STATIC);
        break;
    }
    return SQLITE_OK;
}

/* The place of the row; only views without a key have it. */
static int show_place(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    const struct rows *rows = &view_of(base->pVtab)->rows;

    *out = (current(base)->cells - rows->own[0].cells) / (ptrdiff_t)rows->column_count + 1;
    return SQLITE_OK;
}

bool view_create(struct sqlite3 *connection, struct view *view, struct error *error)
{
    /* Without xCreate, the module is itself the one table that can be made with it. */
    static const sqlite3_module module = {
        .xConnect = connect,
        .xBestIndex = best_index,
        .xDisconnect = disconnect,
        .xOpen = open_cursor,
        .xClose = close_cursor,
        .xFilter = filter,
        .xNext = next,
        .xEof = is_at_end,
        .xColumn = show_cell,
        .xRowid = show_place,
    };
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", view->name);

    CHECK(sql != NULL);
    /* A statement that is thrown away makes SQLite read the declaration now. */
    bool is_ok = sqlite3_create_module(connection, view->name, &module, view) == SQLITE_OK &&
                 sqlite3_prepare_v2(connection, sql, -1, &statement, NULL) == SQLITE_OK;

    (void)sqlite3_finalize(statement);
    sqlite3_free(sql);
    return is_ok ||
           error_set(error, ERROR_INVALID, "table %s: %s", view->name, sqlite3_errmsg(connection));
}
