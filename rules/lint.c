#include "rules/lint.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "rules/catalog.h"
#include "rules/engine.h"
#include "rules/given.h"
#include "rules/ruleset.h"
#include "rules/tables.h"

#define SCRATCH_SIZE (64 * 1024 * 1024) /* Bytes for the dataset and rows of one test. */

struct linter {
    const struct catalog *catalog;
    const struct ruleset *ruleset;
    const struct schema *schema;
    struct arena *arena;   /* For the report. */
    struct arena *scratch; /* For one test. */
    struct engine *engine;
    struct engine *reverse; /* The same, rows the other way round; NULL when only tests run. */
    struct lint_report report;
    struct lint_message *last;
};

/* The rule being looked at. */
struct subject {
    struct linter *linter;
    size_t criterion;
    const struct ruleset_rule *rule;
};

/* Adds a message about LINE of the subject's file. TEXT, in the report's arena, may be NULL when
 * that was full. */
static bool complain(struct subject *subject, uint32_t line, const char *text, struct error *error)
{
    struct linter *linter = subject->linter;
    struct lint_message *message = arena_alloc(linter->arena, sizeof(*message));

    if (message == NULL || text == NULL) {
        return error_set(error, ERROR_LIMIT, "the report needs more memory than is allowed");
    }
    *message = (struct lint_message){
        .file = subject->rule->file != NULL ? subject->rule->file : linter->ruleset->name,
        .line = line,
        .criterion = linter->catalog->criteria[subject->criterion].id,
        .text = text,
    };
    if (linter->last == NULL) {
        linter->report.messages = message;
    } else {
        linter->last->next = message;
    }
    linter->last = message;
    linter->report.message_count++;
    return true;
}

/* Loads DATASET and answers the subject's criterion. A dataset that cannot be loaded is a message
 * and no answer. */
static bool answer_with(struct subject *subject, struct engine *engine,
                        const struct dataset *dataset, const struct ruleset_test *test,
                        struct engine_answer *out, struct error *error)
{
    struct linter *linter = subject->linter;
    struct error fault;

    if (engine_load(engine, dataset, &fault)) {
        return engine_answer(engine, subject->criterion, linter->scratch, out, error);
    }
    *out = (struct engine_answer){.note = "the rows of the test do not load"};
    return complain(
        subject, test->line,
        arena_format(linter->arena, "test \"%s\" does not load: %s", test->name, fault.message),
        error);
}

/* The dataset of TEST, or a message and *IS_VALID false. */
static bool build(struct subject *subject, const struct ruleset_test *test, struct dataset *dataset,
                  bool *is_valid, struct error *error)
{
    struct linter *linter = subject->linter;
    struct error fault;

    arena_reset(linter->scratch);
    *is_valid = given_dataset(test, linter->schema, linter->scratch, dataset, &fault);
    return *is_valid ||
           complain(subject, test->line,
                    arena_format(linter->arena, "test \"%s\": %s", test->name, fault.message),
                    error);
}

static bool values_equal(const struct dataset_value *a, const struct dataset_value *b)
{
    return a->type == b->type && a->integer == b->integer &&
           (a->type != DATASET_TEXT || strcmp(a->text, b->text) == 0);
}

static bool answers_equal(const struct engine_answer *a, const struct engine_answer *b)
{
    if (a->answer != b->answer || a->row_count != b->row_count) {
        return false;
    }
    CHECK(a->column_count == b->column_count);
    for (size_t i = 0; i < a->row_count * a->column_count; i++) {
        if (!values_equal(&a->values[i], &b->values[i])) {
            return false;
        }
    }
    return true;
}

/* Names */

/* True when the character cannot be part of a name, so that a name ends before it. */
static bool ends_name(char c)
{
    return !isalnum((unsigned char)c) && c != '_';
}

static bool mentions(const char *sql, const char *prefix, const char *name)
{
    size_t prefix_size = strlen(prefix);
    size_t name_size = strlen(name);

    for (const char *found = strstr(sql, prefix); found != NULL;
         found = strstr(found + 1, prefix)) {
        const char *rest = found + prefix_size;

        if (strncmp(rest, name, name_size) == 0 && ends_name(rest[name_size])) {
            return true;
        }
    }
    return false;
}

static bool is_declared(const struct ruleset_rule *rule, const char *table)
{
    return words_have(&rule->needs, table) || words_have(&rule->reads, table) ||
           mentions(rule->sql, "missing('", table) || tables_is_own(table);
}

static bool check_reads(struct subject *subject, struct error *error)
{
    struct linter *linter = subject->linter;
    size_t count = 0;
    const struct engine_read *reads = engine_reads(linter->engine, subject->criterion, &count);
    const char *told = "";

    for (size_t i = 0; i < count; i++) {
        if (is_declared(subject->rule, reads[i].table) || strcmp(told, reads[i].table) == 0) {
            continue;
        }
        told = reads[i].table;
        if (!complain(subject, subject->rule->line,
                      arena_format(linter->arena,
                                   "it reads %s, which is not in needs or reads and not asked "
                                   "about with missing()",
                                   told),
                      error)) {
            return false;
        }
    }
    return true;
}

/* True when NAME is "table.column" of the schema. */
static bool is_column(const struct schema *schema, const char *name)
{
    size_t size = strcspn(name, ".");

    for (size_t i = 0; i < schema->table_count; i++) {
        const struct schema_table *table = &schema->tables[i];

        if (strlen(table->name) == size && strncmp(table->name, name, size) == 0) {
            return name[size] == '.' && schema_find_column(table, name + size + 1) != SIZE_MAX;
        }
    }
    return false;
}

static bool check_names(struct subject *subject, struct error *error)
{
    struct linter *linter = subject->linter;
    const struct ruleset_rule *rule = subject->rule;

    for (size_t i = 0; i < rule->reads.count; i++) {
        const char *name = rule->reads.items[i];

        if (schema_find_table(linter->schema, name) == SIZE_MAX && !tables_is_own(name) &&
            !complain(subject, rule->line,
                      arena_format(linter->arena, "reads: %s is no register", name), error)) {
            return false;
        }
    }
    for (size_t i = 0; i < rule->optional.count; i++) {
        const char *name = rule->optional.items[i];

        if (!is_column(linter->schema, name) &&
            !complain(subject, rule->line,
                      arena_format(linter->arena, "optional: %s is no column of a register", name),
                      error)) {
            return false;
        }
    }
    for (size_t i = 0; i < rule->param_count; i++) {
        const char *name = rule->params[i].name;

        if (!mentions(rule->sql, ":", name) &&
            !complain(subject, rule->line,
                      arena_format(linter->arena, "params: %s is not used", name), error)) {
            return false;
        }
    }
    return true;
}

/* missing() must name a register, in quotes, so that a reader sees what the rule depends on. */
static bool check_missing(struct subject *subject, struct error *error)
{
    static const char call[] = "missing(";
    struct linter *linter = subject->linter;

    for (const char *found = strstr(subject->rule->sql, call); found != NULL;
         found = strstr(found + 1, call)) {
        const char *rest = found + strlen(call);
        char name[64] = {0};
        size_t size = rest[0] == '\'' ? strcspn(rest + 1, "'") : sizeof(name);

        if (size < sizeof(name)) {
            memcpy(name, rest + 1, size);
        }
        if (schema_find_table(linter->schema, name) == SIZE_MAX &&
            !complain(
                subject, subject->rule->line,
                arena_format(linter->arena, "missing(%.40s: no register is named there", rest),
                error)) {
            return false;
        }
    }
    return true;
}

/* Tests */

static bool check_has_tests(struct subject *subject, struct error *error)
{
    struct linter *linter = subject->linter;
    bool has_passing = false;
    bool has_failing = false;

    for (size_t i = 0; i < subject->rule->test_count; i++) {
        enum answer expect = subject->rule->tests[i].expect;

        has_passing |= expect == ANSWER_MET || expect == ANSWER_NOT_APPLICABLE;
        has_failing |= expect == ANSWER_NOT_MET || expect == ANSWER_INSUFFICIENT;
    }
    if (!has_passing && !complain(subject, subject->rule->line,
                                  arena_text(linter->arena, "it has no test that passes"), error)) {
        return false;
    }
    return has_failing || complain(subject, subject->rule->line,
                                   arena_text(linter->arena, "it has no test that fails"), error);
}

static bool check_order(struct subject *subject, const struct ruleset_test *test,
                        const struct dataset *dataset, struct error *error)
{
    struct linter *linter = subject->linter;
    struct engine_answer forward;
    struct engine_answer reverse;

    if (!answer_with(subject, linter->engine, dataset, test, &forward, error) ||
        !answer_with(subject, linter->reverse, dataset, test, &reverse, error)) {
        return false;
    }
    return answers_equal(&forward, &reverse) ||
           complain(subject, test->line,
                    arena_format(linter->arena,
                                 "test \"%s\" gives something else when rows come in "
                                 "reverse order",
                                 test->name),
                    error);
}

static void set_null(struct dataset_table *table, size_t column)
{
    for (size_t row = 0; row < table->row_count; row++) {
        table->values[row * table->schema->column_count + column] = (struct dataset_value){0};
    }
}

/* What a NULL must not do: leave the answer met, or break the rule. */
static bool check_null(struct subject *subject, const struct ruleset_test *test,
                       const struct engine_read *read, struct error *error)
{
    struct linter *linter = subject->linter;
    const struct schema *schema = linter->schema;
    size_t index = schema_find_table(schema, read->table);
    size_t column = schema_find_column(&schema->tables[index], read->column);
    struct dataset dataset;
    struct engine_answer answer;
    bool is_valid = false;

    if (column == SIZE_MAX || schema->tables[index].columns[column].is_required) {
        return true;
    }
    if (!build(subject, test, &dataset, &is_valid, error)) {
        return false;
    }
    const char *name = arena_format(linter->arena, "%s.%s", read->table, read->column);

    if (!is_valid || dataset.tables[index].row_count == 0 ||
        (name != NULL && words_have(&subject->rule->optional, name))) {
        return true;
    }
    set_null(&dataset.tables[index], column);
    if (!answer_with(subject, linter->engine, &dataset, test, &answer, error)) {
        return false;
    }
    if (answer.answer == ANSWER_NONE) {
        return complain(subject, test->line,
                        arena_format(linter->arena, "test \"%s\" fails without %s: %s", test->name,
                                     name, answer.note),
                        error);
    }
    return answer.answer != ANSWER_MET ||
           complain(subject, test->line,
                    arena_format(linter->arena,
                                 "test \"%s\" stays met without %s, which is not optional",
                                 test->name, name),
                    error);
}

static bool check_nulls(struct subject *subject, struct error *error)
{
    size_t count = 0;
    const struct engine_read *reads =
        engine_reads(subject->linter->engine, subject->criterion, &count);
    const struct ruleset_test *test = NULL;

    for (size_t i = 0; test == NULL && i < subject->rule->test_count; i++) {
        test = subject->rule->tests[i].expect == ANSWER_MET ? &subject->rule->tests[i] : NULL;
    }
    for (size_t i = 0; test != NULL && i < count; i++) {
        if (!check_null(subject, test, &reads[i], error)) {
            return false;
        }
    }
    return true;
}

static bool check_orders(struct subject *subject, struct error *error)
{
    struct dataset dataset;

    for (size_t i = 0; i < subject->rule->test_count; i++) {
        const struct ruleset_test *test = &subject->rule->tests[i];
        bool is_valid = false;

        if (!build(subject, test, &dataset, &is_valid, error) ||
            (is_valid && !check_order(subject, test, &dataset, error))) {
            return false;
        }
        subject->linter->report.test_count++;
    }
    return true;
}

static bool check_rule(struct subject *subject, struct error *error)
{
    struct linter *linter = subject->linter;
    const char *fault = engine_fault(linter->engine, subject->criterion);

    if (fault != NULL) {
        return complain(subject, subject->rule->line, arena_text(linter->arena, fault), error);
    }
    return check_names(subject, error) && check_missing(subject, error) &&
           check_reads(subject, error) && check_has_tests(subject, error) &&
           check_orders(subject, error) && check_nulls(subject, error);
}

/* The first row that has STATUS, or NULL. */
static const char *reason_with(const struct engine_answer *answer, const char *status)
{
    for (size_t i = 0; i < answer->row_count; i++) {
        const struct dataset_value *row = &answer->values[i * answer->column_count];

        if (strcmp(row[ENGINE_STATUS].text, status) == 0) {
            return row[ENGINE_REASON].text;
        }
    }
    return NULL;
}

/* The sentence that explains an answer best. */
static const char *explain(const struct engine_answer *answer)
{
    static const char *const statuses[] = {"error", "alarm", "unknown", "ok", "skip"};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        const char *reason = reason_with(answer, statuses[i]);

        if (reason != NULL) {
            return reason;
        }
    }
    return answer->note;
}

static bool run_test(struct subject *subject, const struct ruleset_test *test, struct error *error)
{
    struct linter *linter = subject->linter;
    struct dataset dataset;
    struct engine_answer answer;
    bool is_valid = false;

    linter->report.test_count++;
    if (!build(subject, test, &dataset, &is_valid, error)) {
        return false;
    }
    if (!is_valid) {
        return true;
    }
    if (!answer_with(subject, linter->engine, &dataset, test, &answer, error)) {
        return false;
    }
    return answer.answer == test->expect ||
           complain(subject, test->line,
                    arena_format(linter->arena, "test \"%s\" gives %s, not %s: %s", test->name,
                                 ruleset_answer_name(answer.answer),
                                 ruleset_answer_name(test->expect), explain(&answer)),
                    error);
}

static bool run_tests(struct subject *subject, struct error *error)
{
    for (size_t i = 0; i < subject->rule->test_count; i++) {
        if (!run_test(subject, &subject->rule->tests[i], error)) {
            return false;
        }
    }
    return true;
}

/* Makes the engines, does LOOK to every criterion, and gives the report. */
static bool each_rule(struct linter *linter, bool wants_reverse,
                      bool (*look)(struct subject *, struct error *), struct lint_report *out,
                      struct error *error)
{
    struct engine_options options = {.may_be_partial = true};
    bool ok = engine_create(linter->catalog, linter->ruleset, linter->schema, &options,
                            &linter->engine, error);

    options.reverse_rows = true;
    ok = ok && (!wants_reverse || engine_create(linter->catalog, linter->ruleset, linter->schema,
                                                &options, &linter->reverse, error));
    linter->scratch = arena_create(SCRATCH_SIZE);
    for (size_t i = 0; ok && i < linter->catalog->criterion_count; i++) {
        struct subject subject = {
            .linter = linter, .criterion = i, .rule = &linter->ruleset->rules[i]};

        ok = look(&subject, error);
    }
    engine_destroy(linter->engine);
    engine_destroy(linter->reverse);
    arena_destroy(linter->scratch);
    if (ok) {
        *out = linter->report;
    }
    return ok;
}

bool lint_rules(const struct catalog *catalog, const struct ruleset *ruleset,
                const struct schema *schema, struct arena *arena, struct lint_report *out,
                struct error *error)
{
    struct linter linter = {
        .catalog = catalog, .ruleset = ruleset, .schema = schema, .arena = arena};

    return each_rule(&linter, true, check_rule, out, error);
}

bool lint_tests(const struct catalog *catalog, const struct ruleset *ruleset,
                const struct schema *schema, struct arena *arena, struct lint_report *out,
                struct error *error)
{
    struct linter linter = {
        .catalog = catalog, .ruleset = ruleset, .schema = schema, .arena = arena};

    return each_rule(&linter, false, run_tests, out, error);
}
