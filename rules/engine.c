#include "rules/engine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/encode.h"
#include "rules/catalog.h"
#include "rules/ruleset.h"
#include "rules/sandbox.h"
#include "rules/tables.h"
#include "rules/view.h"
#include "rules/warm.h"

#define ARENA_SIZE (256 * 1024 * 1024) /* More than the limits of rule set and schema allow. */

/* A query of the rule set, ready to run. */
struct query {
    sqlite3_stmt *statement; /* NULL when it cannot be run. */
    size_t column_count;
    const char **columns;
    size_t read_count;
    struct engine_read *reads;
    uint32_t shared; /* A bit for each shared table that it looks at, directly or not. */
    size_t warm;     /* Its number there. */
};

static_assert(RULESET_TABLES_MAX <= 32, "a bit for each shared table");

struct rule {
    const struct ruleset_rule *source;
    struct query query;
    const char *fault; /* Why it cannot be run; else NULL. */
    size_t need_count;
    size_t *needs; /* Indexes of registers in the schema. */
};

/* A table that is made from the registers when a rule first looks at it. */
struct shared {
    const struct ruleset_table *source;
    struct query query;
    struct view view;
    bool is_made;      /* Since the last load. */
    const char *fault; /* Why it could not be; else NULL. */
};

struct engine {
    const struct catalog *catalog;
    const struct schema *schema;
    struct arena *arena; /* Lives as long as the engine. */
    struct sandbox *sandbox;
    struct tables *tables;
    struct warm *warm;
    size_t shared_count;
    struct shared *shared; /* In the order of the rule set; each may look at those before it. */
    struct arena *made;    /* Rows of shared tables; emptied for each dataset. */
    struct rule *rules;    /* By criterion. */
    bool is_loaded;        /* The last load succeeded. */
    struct buffer cells;   /* Values of the query that runs, before they are sorted. */
};

/* What the rows of a rule said. */
struct tally {
    bool has_error;
    bool has_alarm;
    bool has_unknown;
    bool has_ok;
    bool has_skip;
};

/* A query that runs. */
struct run {
    struct engine *engine;
    const struct query *query;
    struct arena *arena;
    struct tally *tally; /* NULL when the rows are no rule's. */
    size_t row_count;
    const char *note; /* Set when the query has failed. */
};

/* Preparing */

/* The arena is larger than what rule sets and schemas may hold, so this never fails for them. */
static void *keep(struct engine *engine, size_t count, size_t size)
{
    void *memory = arena_array(engine->arena, count, size);

    CHECK(memory != NULL);
    return memory;
}

struct reading {
    struct engine *engine;
    struct buffer reads; /* struct engine_read. */
    uint32_t shared;
};

static void add_read(struct reading *reading, const char *table, const char *column)
{
    const struct engine_read *reads = (const struct engine_read *)(const void *)reading->reads.data;
    size_t count = reading->reads.size / sizeof(*reads);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(reads[i].table, table) == 0 && strcmp(reads[i].column, column) == 0) {
            return;
        }
    }
    struct engine_read read = {.table = table, .column = column};

    buffer_append(&reading->reads, &read, sizeof(read));
}

/* A link table stands for its register and list column: TABLE__COLUMN. */
static bool find_link(const struct schema *schema, const char *name, struct engine_read *out)
{
    const char *separator = strstr(name, "__");

    for (size_t i = 0; separator != NULL && i < schema->table_count; i++) {
        const struct schema_table *table = &schema->tables[i];
        size_t size = strlen(table->name);

        if (size != (size_t)(separator - name) || strncmp(table->name, name, size) != 0) {
            continue;
        }
        size_t column = schema_find_column(table, separator + 2);

        if (column != SIZE_MAX) {
            *out =
                (struct engine_read){.table = table->name, .column = table->columns[column].name};
            return true;
        }
    }
    return false;
}

/* Who looks at a shared table looks at what that was made from. */
static void note_shared(struct reading *reading, const char *table)
{
    for (size_t i = 0; i < reading->engine->shared_count; i++) {
        const struct shared *shared = &reading->engine->shared[i];

        if (sqlite3_stricmp(shared->source->name, table) == 0) {
            reading->shared |= (UINT32_C(1) << i) | shared->query.shared;
            for (size_t j = 0; j < shared->query.read_count; j++) {
                add_read(reading, shared->query.reads[j].table, shared->query.reads[j].column);
            }
        }
    }
}

/* Common table expressions arrive here too; they are nobody's table. */
static void note_read(void *context, const char *table, const char *column)
{
    struct reading *reading = context;
    struct engine *engine = reading->engine;
    struct engine_read link;
    size_t index = schema_find_table(engine->schema, table);

    tables_note_read(engine->tables, table);
    if (index != SIZE_MAX) {
        size_t place = schema_find_column(&engine->schema->tables[index], column);

        add_read(reading, engine->schema->tables[index].name,
                 place == SIZE_MAX ? "" : engine->schema->tables[index].columns[place].name);
    } else if (find_link(engine->schema, table, &link)) {
        add_read(reading, link.table, link.column);
    } else {
        note_shared(reading, table);
    }
}

/* Registers by index, so that a run looks nothing up. */
static bool resolve_needs(struct engine *engine, struct rule *rule, struct error *error)
{
    const struct words *needs = &rule->source->needs;

    if (needs->count > engine->schema->table_count) {
        return error_set(error, ERROR_INVALID, "it needs more registers than there are");
    }
    rule->needs = keep(engine, needs->count, sizeof(*rule->needs));
    for (size_t i = 0; i < needs->count; i++) {
        rule->needs[i] = schema_find_table(engine->schema, needs->items[i]);
        if (rule->needs[i] == SIZE_MAX) {
            return error_set(error, ERROR_INVALID, "it needs \"%s\", which is no register",
                             needs->items[i]);
        }
    }
    rule->need_count = needs->count;
    return true;
}

/* RULE may be NULL, and then has no params. */
static const struct ruleset_param *find_param(const struct ruleset_rule *rule, const char *name)
{
    for (size_t i = 0; rule != NULL && i < rule->param_count; i++) {
        if (strcmp(rule->params[i].name, name) == 0) {
            return &rule->params[i];
        }
    }
    return NULL;
}

static bool bind_params(const struct engine *engine, const struct ruleset_rule *rule,
                        sqlite3_stmt *statement, struct error *error)
{
    int count = sqlite3_bind_parameter_count(statement);

    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(statement, i);
        bool is_named = name != NULL && name[0] == ':';
        const struct ruleset_param *param = is_named ? find_param(rule, name + 1) : NULL;
        const struct catalog_cap *cap = is_named && strncmp(name, ":cap_", 5) == 0
                                            ? catalog_find_cap(engine->catalog, name + 5)
                                            : NULL;

        if (param != NULL && param->text != NULL) {
            (void)sqlite3_bind_text(statement, i, param->text, -1, SQLITE_STATIC);
        } else if (param != NULL) {
            (void)sqlite3_bind_int64(statement, i, param->integer);
        } else if (cap != NULL) {
            (void)sqlite3_bind_int64(statement, i, cap->value);
        } else {
            return error_set(error, ERROR_INVALID, "\"%s\" is neither a param nor a cap",
                             name == NULL ? "?" : name);
        }
    }
    return true;
}

static void keep_columns(struct engine *engine, struct query *query)
{
    query->column_count = (size_t)sqlite3_column_count(query->statement);
    query->columns = keep(engine, query->column_count, sizeof(*query->columns));
    for (size_t i = 0; i < query->column_count; i++) {
        query->columns[i] =
            arena_text(engine->arena, sqlite3_column_name(query->statement, (int)i));
        CHECK(query->columns[i] != NULL);
    }
}

/* Prepares SQL. RULE is the rule that it belongs to, or NULL. */
static bool prepare_query(struct engine *engine, const char *sql, const struct ruleset_rule *rule,
                          struct query *query, struct error *error)
{
    struct reading reading = {.engine = engine};

    query->warm = warm_begin(engine->warm);
    bool ok = sandbox_prepare(engine->sandbox, sql, note_read, &reading, &query->statement, error);

    warm_end(engine->warm);
    query->shared = reading.shared;
    query->read_count = reading.reads.size / sizeof(*query->reads);
    query->reads = keep(engine, query->read_count, sizeof(*query->reads));
    if (query->read_count > 0) {
        memcpy(query->reads, reading.reads.data, reading.reads.size);
    }
    buffer_finish(&reading.reads);
    if (!ok || !bind_params(engine, rule, query->statement, error)) {
        return false;
    }
    keep_columns(engine, query);
    return true;
}

static bool check_columns(const struct query *query, struct error *error)
{
    static const char *const names[] = {"resource", "status", "reason"};

    if (query->column_count < 3) {
        return error_set(error, ERROR_INVALID, "the columns are not resource, status, reason");
    }
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(query->columns[i], names[i]) != 0) {
            return error_set(error, ERROR_INVALID, "column %zu is \"%s\", want \"%s\"", i + 1,
                             query->columns[i], names[i]);
        }
    }
    return true;
}

static bool prepare_rule(struct engine *engine, struct rule *rule, struct error *error)
{
    const struct ruleset_rule *source = rule->source;

    if (source->sql == NULL) {
        return error_set(error, ERROR_INVALID, "the rule set does not answer it");
    }
    return resolve_needs(engine, rule, error) &&
           prepare_query(engine, source->sql, source, &rule->query, error) &&
           check_columns(&rule->query, error);
}

/* Turns a rule that cannot be prepared into a fault, or fails for good. */
static bool take_fault(struct engine *engine, size_t criterion,
                       const struct engine_options *options, struct error *error)
{
    struct rule *rule = &engine->rules[criterion];
    const char *id = engine->catalog->criteria[criterion].id;

    if (!options->may_be_partial) {
        return rule->source->file == NULL ? error_wrap(error, "criterion %s", id)
                                          : error_wrap(error, "%s:%u: rule for %s",
                                                       rule->source->file, rule->source->line, id);
    }
    rule->fault = arena_text(engine->arena, error->message);
    CHECK(rule->fault != NULL);
    (void)sqlite3_finalize(rule->query.statement);
    rule->query.statement = NULL;
    return true;
}

static bool prepare_rules(struct engine *engine, const struct ruleset *ruleset,
                          const struct engine_options *options, struct error *error)
{
    struct error fault;

    engine->rules = keep(engine, ruleset->rule_count, sizeof(*engine->rules));
    for (size_t i = 0; i < ruleset->rule_count; i++) {
        engine->rules[i].source = &ruleset->rules[i];
        if (!prepare_rule(engine, &engine->rules[i], &fault)) {
            *error = fault;
            if (!take_fault(engine, i, options, error)) {
                return false;
            }
        }
    }
    return true;
}

/* "CREATE TABLE shared (...)" with the columns of QUERY. */
static const char *shared_sql(struct engine *engine, const struct query *query)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);

    for (size_t i = 0; i < query->column_count; i++) {
        sqlite3_str_appendf(sql, "%s\"%w\"", i == 0 ? "" : ", ", query->columns[i]);
    }
    char *columns = sqlite3_str_finish(sql);

    CHECK(columns != NULL);
    const char *kept = arena_format(engine->arena, "CREATE TABLE shared (%s)", columns);

    CHECK(kept != NULL);
    sqlite3_free(columns);
    return kept;
}

static bool prepare_shared(struct engine *engine, struct shared *shared, bool is_backward,
                           struct error *error)
{
    const char *name = shared->source->name;

    if (schema_find_table(engine->schema, name) != SIZE_MAX || tables_is_own(name)) {
        return error_set(error, ERROR_INVALID, "the evidence has a table of that name");
    }
    if (!prepare_query(engine, shared->source->sql, NULL, &shared->query, error)) {
        return false;
    }
    shared->view.name = name;
    shared->view.sql = shared_sql(engine, &shared->query);
    shared->view.is_backward = is_backward;
    shared->view.rows.column_count = shared->query.column_count;
    shared->view.rows.is_by_first = true;
    shared->view.rows.arena = engine->made;
    for (size_t i = 0; i < shared->query.column_count; i++) {
        shared->view.columns[i] = VIEW_NAME;
    }
    sandbox_unseal(engine->sandbox);
    bool is_ok = view_create(sandbox_connection(engine->sandbox), &shared->view, error);

    sandbox_seal(engine->sandbox);
    return is_ok;
}

static bool prepare_tables(struct engine *engine, const struct ruleset *ruleset, bool is_backward,
                           struct error *error)
{
    engine->shared = keep(engine, ruleset->table_count, sizeof(*engine->shared));
    for (size_t i = 0; i < ruleset->table_count; i++) {
        const struct ruleset_table *source = &ruleset->tables[i];

        engine->shared[i].source = source;
        if (!prepare_shared(engine, &engine->shared[i], is_backward, error)) {
            (void)sqlite3_finalize(engine->shared[i].query.statement);
            return error_wrap(error, "%s:%u: table %s", source->file, source->line, source->name);
        }
        engine->shared_count++;
    }
    return true;
}

bool engine_create(const struct catalog *catalog, const struct ruleset *ruleset,
                   const struct schema *schema, const struct engine_options *options,
                   struct engine **out, struct error *error)
{
    struct engine *engine = calloc(1, sizeof(*engine));

    CHECK(engine != NULL);
    CHECK(ruleset->rule_count == catalog->criterion_count);
    engine->catalog = catalog;
    engine->schema = schema;
    engine->arena = arena_create(ARENA_SIZE);
    engine->made = arena_create(ARENA_SIZE);
    engine->warm = warm_create();
    if (!sandbox_create(options->reverse_rows, &engine->sandbox, error) ||
        !tables_create(sandbox_connection(engine->sandbox), schema, options->reverse_rows,
                       &engine->tables, error)) {
        engine_destroy(engine);
        return false;
    }
    sandbox_seal(engine->sandbox);
    if (!prepare_tables(engine, ruleset, options->reverse_rows, error) ||
        !prepare_rules(engine, ruleset, options, error)) {
        engine_destroy(engine);
        return false;
    }
    warm_finish(engine->warm);
    *out = engine;
    return true;
}

void engine_destroy(struct engine *engine)
{
    if (engine != NULL) {
        for (size_t i = 0; engine->rules != NULL && i < engine->catalog->criterion_count; i++) {
            (void)sqlite3_finalize(engine->rules[i].query.statement);
        }
        for (size_t i = 0; i < engine->shared_count; i++) {
            (void)sqlite3_finalize(engine->shared[i].query.statement);
        }
        sandbox_destroy(engine->sandbox);
        tables_destroy(engine->tables);
        warm_destroy(engine->warm);
        arena_destroy(engine->made);
        arena_destroy(engine->arena);
        buffer_finish(&engine->cells);
        free(engine);
    }
}

const char *engine_fault(const struct engine *engine, size_t criterion)
{
    CHECK(criterion < engine->catalog->criterion_count);
    return engine->rules[criterion].fault;
}

const struct engine_read *engine_reads(const struct engine *engine, size_t criterion, size_t *count)
{
    CHECK(criterion < engine->catalog->criterion_count);
    *count = engine->rules[criterion].query.read_count;
    return engine->rules[criterion].query.reads;
}

/* Running */

static bool is_full(struct error *error)
{
    return error_set(error, ERROR_LIMIT, "the answers need more memory than is allowed");
}

/* Ends the rule with a sentence that says why. */
static bool give_up(struct run *run, const char *note, struct error *error)
{
    run->note = note;
    return note != NULL || is_full(error);
}

/* One value of the current row, copied. What cannot be kept ends the rule: numbers with a fraction
 * and blobs differ between machines or cannot be shown. */
static bool read_value(struct run *run, int column, struct dataset_value *out, struct error *error)
{
    sqlite3_stmt *statement = run->query->statement;
    uint32_t size_max = run->engine->catalog->cell_size_max;
    int type = sqlite3_column_type(statement, column);

    *out = (struct dataset_value){0};
    if (type == SQLITE_NULL) {
        return true;
    }
    if (type == SQLITE_INTEGER) {
        *out = (struct dataset_value){.type = DATASET_INTEGER,
                                      .integer = sqlite3_column_int64(statement, column)};
        return true;
    }
    const void *text = type == SQLITE_TEXT ? sqlite3_column_text(statement, column) : NULL;
    size_t size = (size_t)sqlite3_column_bytes(statement, column);

    if (text == NULL || memchr(text, '\0', size) != NULL) {
        return give_up(run,
                       arena_format(run->arena,
                                    "The rule returned a value in column %s that is "
                                    "neither text nor an integer.",
                                    run->query->columns[column]),
                       error);
    }
    if (size > size_max) {
        return give_up(
            run,
            arena_format(run->arena, "The rule returned a value of more than %u bytes.", size_max),
            error);
    }
    out->type = DATASET_TEXT;
    out->text = arena_copy(run->arena, text, size);
    return out->text != NULL || is_full(error);
}

static bool count_status(const char *status, struct tally *tally)
{
    const struct {
        const char *name;
        bool *flag;
    } known[] = {
        {"ok", &tally->has_ok},     {"alarm", &tally->has_alarm}, {"unknown", &tally->has_unknown},
        {"skip", &tally->has_skip}, {"error", &tally->has_error}, {"info", NULL},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].name, status) == 0) {
            if (known[i].flag != NULL) {
                *known[i].flag = true;
            }
            return true;
        }
    }
    return false;
}

static bool read_row(struct run *run, struct error *error)
{
    struct dataset_value values[ENGINE_COLUMNS_MAX];

    for (size_t i = 0; i < run->query->column_count; i++) {
        if (!read_value(run, (int)i, &values[i], error)) {
            return false;
        }
        if (run->note != NULL) {
            return true;
        }
        if (run->tally != NULL && i <= ENGINE_REASON && values[i].type != DATASET_TEXT) {
            return give_up(run,
                           arena_format(run->arena, "The rule returned a row without a %s.",
                                        run->query->columns[i]),
                           error);
        }
    }
    if (run->tally != NULL && !count_status(values[ENGINE_STATUS].text, run->tally)) {
        return give_up(run, arena_text(run->arena, "The rule returned a status that is none."),
                       error);
    }
    buffer_append(&run->engine->cells, values, run->query->column_count * sizeof(values[0]));
    run->row_count++;
    return true;
}

static bool read_rows(struct run *run, struct error *error)
{
    const struct catalog *catalog = run->engine->catalog;
    int result = SQLITE_ROW;

    while (run->note == NULL && (result = sqlite3_step(run->query->statement)) == SQLITE_ROW) {
        if (run->row_count == catalog->rows_max) {
            return give_up(
                run,
                arena_format(run->arena, "The rule returned more than %u rows.", catalog->rows_max),
                error);
        }
        if (!read_row(run, error)) {
            return false;
        }
    }
    if (run->note == NULL && result != SQLITE_DONE) {
        return give_up(run,
                       arena_format(run->arena, "The rule failed: %s.",
                                    sqlite3_errmsg(sandbox_connection(run->engine->sandbox))),
                       error);
    }
    return true;
}

/* Runs the statement within its budget; leaves it ready for the next time. */
static bool run_statement(struct run *run, struct error *error)
{
    uint32_t steps_max = run->engine->catalog->vm_steps_max;

    buffer_clear(&run->engine->cells);
    sandbox_start(run->engine->sandbox, run->query->statement, steps_max);
    bool ok = read_rows(run, error);

    (void)sqlite3_reset(run->query->statement);
    if (sandbox_stop(run->engine->sandbox) && ok) {
        return give_up(run,
                       arena_format(run->arena, "The rule was stopped after %u steps.", steps_max),
                       error);
    }
    return ok;
}

struct row {
    const struct dataset_value *values;
    size_t count;
};

static int compare_rows(const void *a, const void *b)
{
    const struct row *left = a;
    const struct row *right = b;

    CHECK(left->count == right->count);
    for (size_t i = 0; i < left->count; i++) {
        int order = rows_compare(&left->values[i], &right->values[i]);

        if (order != 0) {
            return order;
        }
    }
    return 0;
}

/* Rows in the order of their values, whatever order the rule asked for or SQLite chose. */
static bool sort_rows(const struct run *run, struct engine_answer *answer, struct error *error)
{
    const struct dataset_value *cells =
        (const struct dataset_value *)(const void *)run->engine->cells.data;
    size_t width = run->query->column_count;
    struct row *rows = arena_array(run->arena, run->row_count, sizeof(*rows));
    struct dataset_value *values = arena_array(run->arena, run->row_count * width, sizeof(*values));

    if (rows == NULL || values == NULL) {
        return is_full(error);
    }
    for (size_t i = 0; i < run->row_count; i++) {
        rows[i] = (struct row){.values = &cells[i * width], .count = width};
    }
    if (run->row_count > 1) {
        qsort(rows, run->row_count, sizeof(*rows), compare_rows);
    }
    for (size_t i = 0; i < run->row_count; i++) {
        memcpy(&values[i * width], rows[i].values, width * sizeof(*values));
    }
    answer->row_count = run->row_count;
    answer->values = values;
    return true;
}

static bool needs_partial(const struct engine *engine, const struct rule *rule)
{
    for (size_t i = 0; i < rule->need_count; i++) {
        if (tables_claim(engine->tables, rule->needs[i]) == DATASET_PARTIAL) {
            return true;
        }
    }
    return false;
}

/* The table at the head of rules/engine.h, for a rule that ran. */
static void roll_up(const struct engine *engine, const struct rule *rule, const struct tally *tally,
                    struct engine_answer *answer)
{

    if (tally->has_error) {
        answer->answer = ANSWER_NONE;
    } else if (tally->has_alarm) {
        answer->answer = ANSWER_NOT_MET;
    } else if (tally->has_unknown) {
        answer->answer = ANSWER_INSUFFICIENT;
    } else if (tally->has_ok) {
        answer->answer = ANSWER_MET;
    } else if (tally->has_skip) {
        answer->answer = ANSWER_NOT_APPLICABLE;
    } else if (needs_partial(engine, rule)) {
        answer->answer = ANSWER_INSUFFICIENT;
        answer->note = "Nothing was found to judge, in registers that do not claim to be complete.";
    } else {
        answer->answer = rule->source->empty;
        answer->note = "Nothing was found to judge.";
    }
}

/* The register that is needed and absent, or NULL. */
static const char *absent_need(const struct engine *engine, const struct rule *rule)
{
    for (size_t i = 0; i < rule->need_count; i++) {
        if (tables_claim(engine->tables, rule->needs[i]) == DATASET_ABSENT) {
            return engine->schema->tables[rule->needs[i]].name;
        }
    }
    return NULL;
}

/* An answer without rows. */
static bool answer_with(enum answer answer, const char *note, struct engine_answer *out,
                        struct error *error)
{
    if (note == NULL) {
        return is_full(error);
    }
    *out = (struct engine_answer){.answer = answer, .note = note};
    return true;
}

/* Makes a shared table, or says why it cannot be made. */
static bool make_shared(struct engine *engine, struct shared *shared, struct error *error)
{
    struct run run = {.engine = engine, .query = &shared->query, .arena = engine->made};
    struct engine_answer sorted = {0};
    size_t width = shared->query.column_count;

    if (!run_statement(&run, error) || (run.note == NULL && !sort_rows(&run, &sorted, error))) {
        return false;
    }
    struct rows_row *own = arena_array(engine->made, sorted.row_count, sizeof(*own));
    const struct rows_row **by = arena_array(engine->made, width, sizeof(*by));

    if (own == NULL || by == NULL) {
        return is_full(error);
    }
    for (size_t i = 0; i < sorted.row_count; i++) {
        own[i].cells = &sorted.values[i * width];
    }
    shared->view.rows.own = own;
    shared->view.rows.by = by;
    shared->view.rows.count = sorted.row_count;
    shared->fault = run.note;
    shared->is_made = true;
    return true;
}

/* Makes the shared tables that QUERY looks at. *FAULTY is one that cannot be made, or NULL. */
static bool make_all(struct engine *engine, const struct query *query, const struct shared **faulty,
                     struct error *error)
{
    *faulty = NULL;
    for (size_t i = 0; i < engine->shared_count; i++) {
        struct shared *shared = &engine->shared[i];

        if ((query->shared & (UINT32_C(1) << i)) == 0) {
            continue;
        }
        if (!shared->is_made && !make_shared(engine, shared, error)) {
            return false;
        }
        if (shared->fault != NULL) {
            *faulty = shared;
        }
    }
    return true;
}

bool engine_answer(struct engine *engine, size_t criterion, struct arena *arena,
                   struct engine_answer *out, struct error *error)
{
    CHECK(criterion < engine->catalog->criterion_count);
    CHECK(engine->is_loaded);

    const struct rule *rule = &engine->rules[criterion];
    const struct query *query = &rule->query;
    const struct shared *faulty = NULL;
    struct tally tally = {0};
    struct run run = {.engine = engine, .query = query, .arena = arena, .tally = &tally};
    struct engine_answer answer = {
        .note = "", .column_count = query->column_count, .columns = query->columns};

    /* Criteria are mostly answered one after the other. */
    if (criterion + 1 < engine->catalog->criterion_count &&
        engine->rules[criterion + 1].query.statement != NULL) {
        warm_call(engine->warm, engine->rules[criterion + 1].query.warm);
    }
    if (query->statement == NULL) {
        return answer_with(
            ANSWER_NONE, arena_format(arena, "The rule cannot run: %s.", rule->fault), out, error);
    }
    const char *absent = absent_need(engine, rule);

    if (absent != NULL) {
        return answer_with(ANSWER_INSUFFICIENT,
                           arena_format(arena, "The register %s is absent.", absent), out, error);
    }
    if (!make_all(engine, query, &faulty, error)) {
        return false;
    }
    if (faulty != NULL) {
        return answer_with(ANSWER_NONE,
                           arena_format(arena, "The table %s could not be made. %s",
                                        faulty->source->name, faulty->fault),
                           out, error);
    }
    if (!run_statement(&run, error)) {
        return false;
    }
    if (run.note != NULL) {
        return answer_with(ANSWER_NONE, run.note, out, error);
    }
    roll_up(engine, rule, &tally, &answer);
    if (!sort_rows(&run, &answer, error)) {
        return false;
    }
    *out = answer;
    return true;
}

bool engine_load(struct engine *engine, const struct dataset *dataset, struct error *error)
{
    arena_reset(engine->made);
    for (size_t i = 0; i < engine->shared_count; i++) {
        engine->shared[i].is_made = false;
        engine->shared[i].view.rows.count = 0;
    }
    engine->is_loaded = sandbox_set_date(engine->sandbox, dataset->period_end, error) &&
                        tables_load(engine->tables, dataset, error);
    return engine->is_loaded;
}

bool engine_run(struct engine *engine, const struct dataset *dataset, struct arena *arena,
                struct engine_result *out, struct error *error)
{
    size_t count = engine->catalog->criterion_count;
    struct engine_answer *answers = arena_array(arena, count, sizeof(*answers));

    if (answers == NULL) {
        return is_full(error);
    }
    if (!engine_load(engine, dataset, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!engine_answer(engine, i, arena, &answers[i], error)) {
            return error_wrap(error, "criterion %s", engine->catalog->criteria[i].id);
        }
    }
    *out = (struct engine_result){.count = count, .answers = answers};
    return true;
}

static void append_u64(struct buffer *out, uint64_t number)
{
    uint8_t data[8];

    encode_put_u64(data, number);
    buffer_append(out, data, sizeof(data));
}

/* Type, then an integer or a text with its size, so that no two papers share one input. */
static void append_value(struct buffer *out, const struct dataset_value *value)
{
    buffer_append_byte(out, (uint8_t)value->type);
    if (value->type == DATASET_INTEGER) {
        append_u64(out, (uint64_t)value->integer);
    } else if (value->type == DATASET_TEXT) {
        append_u64(out, strlen(value->text));
        buffer_append_text(out, value->text);
    }
}

void engine_paper_digest(const struct engine_result *result, size_t criterion,
                         const uint8_t key[HASH_KEY_SIZE], struct digest *out)
{
    struct buffer paper = {0};

    CHECK(criterion < result->count);
    const struct engine_answer *answer = &result->answers[criterion];

    append_u64(&paper, answer->row_count);
    append_u64(&paper, answer->column_count);
    for (size_t i = 0; i < answer->row_count * answer->column_count; i++) {
        append_value(&paper, &answer->values[i]);
    }
    hash_keyed(key, buffer_bytes(&paper), out);
    buffer_finish(&paper);
}
