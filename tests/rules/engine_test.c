/* The engine: what rules may say, what they may not do, and that the same evidence always gets the
 * same answer. */

#include "tests/rules/workshop.h"

#include "rules/catalog.h"
#include "rules/engine.h"
#include "rules/pool.h"

#define CELL_MAX 1000
#define ROWS_MAX 100
#define STEPS    200000

/* SQL for long texts of x. */
#define X10           "'xxxxxxxxxx'"
#define TENFOLD(text) "replace(" text ", 'x', " X10 ")"
#define X1000         TENFOLD(TENFOLD(X10))
#define X100000       TENFOLD(TENFOLD(X1000))

struct fixture {
    struct arena *arena;
    struct schema schema;
    struct catalog_criterion criterion;
    struct catalog_cap cap;
    struct catalog catalog;
    struct ruleset_rule rule;
    struct ruleset ruleset;
    struct engine *engine;
    struct dataset dataset;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture->arena = arena_create(WORKSHOP_ARENA_SIZE);
    workshop_read_schema(fixture->arena, &fixture->schema);
    fixture->criterion = (struct catalog_criterion){.id = "4.1-1", .grade = CATALOG_MINOR};
    fixture->cap = (struct catalog_cap){.name = "days", .value = 400};
    fixture->catalog = (struct catalog){
        .id = "test",
        .vm_steps_max = STEPS,
        .rows_max = ROWS_MAX,
        .cell_size_max = CELL_MAX,
        .cap_count = 1,
        .caps = &fixture->cap,
        .criterion_count = 1,
        .criteria = &fixture->criterion,
    };
    fixture->rule = (struct ruleset_rule){
        .file = "4.1.yaml", .line = 7, .version = 1, .empty = ANSWER_INSUFFICIENT};
    fixture->ruleset = (struct ruleset){.name = "test", .rule_count = 1, .rules = &fixture->rule};
    workshop_dataset(fixture->arena, &fixture->schema, NULL, NULL, &fixture->dataset);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    engine_destroy(fixture->engine);
    arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

/* Makes the engine anew for SQL. */
static bool make(struct fixture *fixture, const char *sql, struct error *error)
{
    struct engine_options options = {0};
    struct engine *engine = NULL;

    fixture->rule.sql = sql;
    if (!engine_create(&fixture->catalog, &fixture->ruleset, &fixture->schema, &options, &engine,
                       error)) {
        return false;
    }
    engine_destroy(fixture->engine);
    fixture->engine = engine;
    return true;
}

/* The answer to the fixture's dataset by the engine that is there. */
static struct engine_answer answer(struct fixture *fixture)
{
    struct error error = {0};
    struct engine_result result = {0};

    if (!engine_run(fixture->engine, &fixture->dataset, fixture->arena, &result, &error)) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(result.count, 1);
    return result.answers[0];
}

static struct engine_answer ask(struct fixture *fixture, const char *sql)
{
    struct error error = {0};

    if (!make(fixture, sql, &error)) {
        fail_msg("%s: %s", sql, error.message);
    }
    return answer(fixture);
}

static void give(struct fixture *fixture, const char *given, const char *claims)
{
    workshop_dataset(fixture->arena, &fixture->schema, given, claims, &fixture->dataset);
}

static void need(struct fixture *fixture, const char *name)
{
    const char **items = arena_array(fixture->arena, 1, sizeof(*items));

    items[0] = name;
    fixture->rule.needs = (struct words){.count = 1, .items = items};
}

static const char *cell(const struct engine_answer *answer, size_t row, size_t column)
{
    assert_true(row < answer->row_count);
    assert_true(column < answer->column_count);
    return answer->values[row * answer->column_count + column].text;
}

/* A rule that says SQL's one value as its reason. */
static const char *say(struct fixture *fixture, const char *expression)
{
    const char *sql = arena_format(
        fixture->arena, "SELECT 'r' AS resource, 'ok' AS status, %s AS reason", expression);
    struct engine_answer said = ask(fixture, sql);

    if (said.answer != ANSWER_MET) {
        fail_msg("%s: %s", expression, said.note);
    }
    return cell(&said, 0, ENGINE_REASON);
}

static void the_worst_row_decides(void **state)
{
    static const struct {
        const char *statuses;
        enum answer expect;
    } cases[] = {
        {"('ok')", ANSWER_MET},
        {"('ok'), ('info')", ANSWER_MET},
        {"('ok'), ('skip')", ANSWER_MET},
        {"('skip'), ('skip')", ANSWER_NOT_APPLICABLE},
        {"('skip'), ('info')", ANSWER_NOT_APPLICABLE},
        {"('info')", ANSWER_INSUFFICIENT},
        {"('ok'), ('unknown')", ANSWER_INSUFFICIENT},
        {"('skip'), ('unknown')", ANSWER_INSUFFICIENT},
        {"('ok'), ('unknown'), ('alarm')", ANSWER_NOT_MET},
        {"('alarm'), ('error')", ANSWER_NONE},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *sql =
            arena_format(fixture->arena,
                         "SELECT 'r' AS resource, column1 AS status, 'Why.' AS reason "
                         "FROM (VALUES %s)",
                         cases[i].statuses);

        assert_int_equal(ask(fixture, sql).answer, cases[i].expect);
    }
}

static const char systems_sql[] =
    "SELECT id AS resource, iif(tier = 'low', 'ok', 'alarm') AS status, 'Tier.' AS reason "
    "FROM systems";

static void an_absent_register_is_insufficient(void **state)
{
    struct fixture *fixture = *state;

    need(fixture, "systems");
    fixture->rule.empty = ANSWER_NOT_MET;
    struct engine_answer said = ask(fixture, systems_sql);

    assert_int_equal(said.answer, ANSWER_INSUFFICIENT);
    assert_string_equal(said.note, "The register systems is absent.");
    assert_int_equal(said.row_count, 0);
}

static void no_rows_mean_what_the_rule_says_unless_the_register_is_partial(void **state)
{
    static const enum answer empties[] = {ANSWER_INSUFFICIENT, ANSWER_MET, ANSWER_NOT_MET};
    struct fixture *fixture = *state;

    need(fixture, "systems");
    for (size_t i = 0; i < sizeof(empties) / sizeof(empties[0]); i++) {
        fixture->rule.empty = empties[i];
        give(fixture, "{systems: []}", NULL);
        assert_int_equal(ask(fixture, systems_sql).answer, empties[i]);
        give(fixture, NULL, "{systems: none}");
        assert_int_equal(answer(fixture).answer, empties[i]);
        give(fixture, NULL, "{systems: partial}");
        assert_int_equal(answer(fixture).answer, ANSWER_INSUFFICIENT);
    }
}

static void what_is_missing_is_an_alarm_only_where_the_register_is_whole(void **state)
{
    static const struct {
        const char *claim;
        enum answer expect;
    } cases[] = {
        {"{systems: complete}", ANSWER_NOT_MET},
        {"{systems: none}", ANSWER_NOT_MET},
        {"{systems: partial}", ANSWER_INSUFFICIENT},
        {"{systems: absent}", ANSWER_INSUFFICIENT},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        give(fixture, NULL, cases[i].claim);
        assert_int_equal(ask(fixture, "SELECT 'r' AS resource, missing('systems') AS status, "
                                      "'Why.' AS reason")
                             .answer,
                         cases[i].expect);
    }
}

static void the_clock_shows_the_end_of_the_period(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(say(fixture, "date('now')"), "2026-06-30");
    assert_string_equal(say(fixture, "datetime('now')"), "2026-06-30 00:00:00");
    assert_string_equal(say(fixture, "strftime('%s', 'now') || ''"), "1782777600");
    fixture->dataset.period_end = "2024-02-29";
    assert_string_equal(say(fixture, "date('now', '+1 day')"), "2024-03-01");
}

static void a_period_that_is_no_day_is_refused(void **state)
{
    static const char *const days[] = {"",           "2026-6-30",   "2026-13-01", "2026-00-10",
                                       "2026-06-31", "2026-06-30x", "yesterday"};
    struct fixture *fixture = *state;
    struct engine_result result;
    struct error error;

    (void)ask(fixture, systems_sql);
    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        fixture->dataset.period_end = days[i];
        assert_false(
            engine_run(fixture->engine, &fixture->dataset, fixture->arena, &result, &error));
        assert_int_equal(error.code, ERROR_INVALID);
    }
}

/* Every way out that was seen open, and what is said when somebody tries it. */
#define ROW "SELECT 'r' AS resource, 'ok' AS status, "
static const struct {
    const char *sql;
    const char *message;
} ways_out[] = {
    {ROW "\"tier\" AS reason", "no such column"},
    {ROW "\"nosuch\" AS reason FROM systems", "no such column"},
    {ROW "'x' AS reason; SELECT 1", "behind the statement"},
    {ROW "'x' AS reason; DROP TABLE systems", "behind the statement"},
    {"EXPLAIN " ROW "'x' AS reason", "plain SELECT"},
    {"EXPLAIN QUERY PLAN " ROW "'x' AS reason", "plain SELECT"},
    {ROW "printf('%.*c', 2000000000, 'x') AS reason", "printf"},
    {ROW "format('%d', 1) AS reason", "format"},
    {ROW "random() AS reason", "random"},
    {ROW "hex(randomblob(4)) AS reason", "not authorized"},
    {ROW "current_timestamp AS reason", "current_timestamp"},
    {ROW "current_date AS reason", "current_date"},
    {ROW "current_time AS reason", "current_time"},
    {ROW "load_extension('x') AS reason", "load_extension"},
    {ROW "group_concat(id) AS reason FROM systems", "group_concat"},
    {ROW "sqlite_version() AS reason", "sqlite_version"},
    {ROW "changes() AS reason", "changes"},
    {ROW "zeroblob(9) AS reason", "zeroblob"},
    {ROW "json('{}') AS reason", "json"},
    {ROW "'{}' -> '$' AS reason", "not authorized"},
    {ROW "value AS reason FROM json_each('[1]')", "no such table"},
    {ROW "name AS reason FROM sqlite_master", "prohibited"},
    {ROW "name AS reason FROM sqlite_schema", "prohibited"},
    {ROW "name AS reason FROM sqlite_temp_master", "prohibited"},
    {ROW "name AS reason FROM pragma_table_info('systems')", "not authorized"},
    {ROW "name AS reason FROM dbstat", "no such table"},
    {ROW "sql AS reason FROM sqlite_stmt", "no such table"},
    {ROW "title AS reason FROM nosuch", "no such table"},
    {"PRAGMA query_only", "not authorized"},
    {"ATTACH ':memory:' AS other", "not authorized"},
    {"VACUUM INTO '/tmp/aims'", "not a plain SELECT"},
    {"BEGIN", "not authorized"},
    {"INSERT INTO systems (id) VALUES ('x')", "not authorized"},
    {"INSERT INTO systems (id) VALUES ('x') RETURNING id AS resource, 'ok' AS status, 'x' AS "
     "reason",
     "not authorized"},
    {"UPDATE systems SET tier = 'low'", "may not be modified"},
    {"DELETE FROM systems", "may not be modified"},
    {"CREATE TABLE t (a)", "not authorized"},
    {"CREATE TEMP TABLE t (a)", "not authorized"},
    {"CREATE VIEW v AS SELECT 1", "not authorized"},
    {"DROP TABLE systems", "not authorized"},
    {"", "no statement"},
    {"-- nothing", "no statement"},
    {"SELECT 1", "not resource, status, reason"},
    {"SELECT 'r' AS resource, 'x' AS reason, 'ok' AS status", "column 2"},
    {ROW "? AS reason", "neither a param nor a cap"},
    {ROW ":nosuch AS reason", "neither a param nor a cap"},
    {ROW ":cap_nosuch AS reason", "neither a param nor a cap"},
    {ROW "@days AS reason", "neither a param nor a cap"},
    {ROW "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1"
         "+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1 AS reason",
     "tree is too large"},
    {ROW "1 AS reason UNION " ROW "2 UNION " ROW "3 UNION " ROW "4 UNION " ROW "5 UNION " ROW
         "6 UNION " ROW "7 UNION " ROW "8 UNION " ROW "9",
     "too many terms"},
};
#undef ROW

static void statements_that_do_more_than_read_are_refused(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(ways_out) / sizeof(ways_out[0]); i++) {
        struct error error = {0};

        if (make(fixture, ways_out[i].sql, &error)) {
            fail_msg("accepted: %s", ways_out[i].sql);
        }
        assert_int_equal(error.code, ERROR_INVALID);
        assert_non_null(strstr(error.message, "4.1.yaml:7: rule for 4.1-1: "));
        if (strstr(error.message, ways_out[i].message) == NULL) {
            fail_msg("%s: %s", ways_out[i].sql, error.message);
        }
    }
}

/* What only shows when it runs makes the seat abstain, with the reason. */
static void rules_that_fail_while_they_run_abstain(void **state)
{
#define ROW(reason) "SELECT 'r' AS resource, 'ok' AS status, " reason " AS reason"
#define COUNT(last)                                                                                \
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " last ") "
    static const struct {
        const char *sql;
        const char *note;
    } cases[] = {
        {"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
         "SELECT 'r' AS resource, 'ok' AS status, 'x' AS reason FROM n WHERE i < 0",
         "The rule was stopped after 200000 steps."},
        {COUNT(
             "60") "SELECT 'r' AS resource, 'ok' AS status, 'x' AS reason FROM n a, n b, n c, n d "
                   "WHERE a.i + b.i + c.i + d.i = 0",
         "The rule was stopped after 200000 steps."},
        {COUNT("101") "SELECT 'r' AS resource, 'ok' AS status, 'x' AS reason FROM n",
         "The rule returned more than 100 rows."},
        {ROW(X1000 " || 'x'"), "The rule returned a value of more than 1000 bytes."},
        {ROW(TENFOLD(TENFOLD(X100000))), "The rule failed: string or blob too big."},
        {"SELECT 'r' AS resource, NULL AS status, 'x' AS reason",
         "The rule returned a row without a status."},
        {"SELECT NULL AS resource, 'ok' AS status, 'x' AS reason",
         "The rule returned a row without a resource."},
        {ROW("NULL"), "The rule returned a row without a reason."},
        {ROW("7"), "The rule returned a row without a reason."},
        {"SELECT 'r' AS resource, 'fine' AS status, 'x' AS reason",
         "The rule returned a status that is none."},
        {"SELECT 'r' AS resource, 'ok' AS status, 'x' AS reason, 0.5 AS share",
         "The rule returned a value in column share that is neither text nor an integer."},
        {"SELECT 'r' AS resource, 'ok' AS status, 'x' AS reason, x'00' AS bytes",
         "The rule returned a value in column bytes that is neither text nor an integer."},
        {ROW("CAST(x'610062' AS TEXT)"),
         "The rule returned a value in column reason that is neither text nor an integer."},
        {ROW("date('now', 'localtime')"), "The rule failed: local time unavailable."},
        {ROW("date('now', 'utc')"), "The rule failed: local time unavailable."},
        {ROW("missing('nosuch')"), "The rule failed: missing() was asked about no register."},
        {ROW("missing(NULL)"), "The rule failed: missing() was asked about no register."},
        {ROW("abs(-9223372036854775807 - 1) || ''"), "The rule failed: integer overflow."},
    };
#undef ROW
#undef COUNT
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct engine_answer said = ask(fixture, cases[i].sql);

        assert_int_equal(said.answer, ANSWER_NONE);
        assert_string_equal(said.note, cases[i].note);
        assert_int_equal(said.row_count, 0);
    }
}

static void a_rule_that_failed_on_one_bundle_works_on_the_next(void **state)
{
    struct fixture *fixture = *state;

    give(fixture, "{systems: [{id: s1}]}", NULL);
    assert_int_equal(ask(fixture, "SELECT id AS resource, tier AS status, 'x' AS reason "
                                  "FROM systems")
                         .answer,
                     ANSWER_NONE);
    give(fixture, "{systems: []}", NULL);
    assert_int_equal(answer(fixture).answer, ANSWER_INSUFFICIENT);
}

/* The budget is counted from zero each time, whatever ran before. */
static void the_same_work_is_always_charged_the_same(void **state)
{
    struct fixture *fixture = *state;
    static const char sql[] =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "SELECT 'r' AS resource, iif(count(*) = 20000, 'ok', 'alarm') AS status, 'x' AS reason "
        "FROM n";
    uint32_t least = 1000;

    for (fixture->catalog.vm_steps_max = least; ask(fixture, sql).answer != ANSWER_MET;
         fixture->catalog.vm_steps_max = least) {
        least += 1000;
        assert_true(least < 10000000);
    }
    assert_true(least > 20000);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(answer(fixture).answer, ANSWER_MET);
    }
    fixture->catalog.vm_steps_max = least - 1000;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(answer(fixture).answer, ANSWER_NONE);
    }
}

static void nothing_stays_from_the_bundle_before(void **state)
{
    struct fixture *fixture = *state;
    static const char sql[] =
        "SELECT 'r' AS resource, 'ok' AS status, (SELECT count(*) FROM systems) || ' ' || "
        "(SELECT count(*) FROM systems__dataset_ids) || ' ' || (SELECT count(*) FROM "
        "evidence_files) "
        "|| ' ' || (SELECT count(*) FROM aims) || ' ' || (SELECT count(*) FROM registers) AS "
        "reason";

    give(fixture,
         "{systems: [{id: s1, dataset_ids: [d1, d2]}, {id: s2}], evidence_files: "
         "[{path: documents/a, sha256: a, size: 1, cited_by: 'systems:s1'}]}",
         NULL);
    struct engine_answer said = ask(fixture, sql);

    assert_string_equal(cell(&said, 0, ENGINE_REASON), "2 2 1 1 3");
    give(fixture, "{systems: [{id: s1}]}", NULL);
    said = answer(fixture);
    assert_string_equal(cell(&said, 0, ENGINE_REASON), "1 0 0 1 3");
}

static void a_dataset_that_breaks_the_tables_is_refused_and_forgotten(void **state)
{
    struct fixture *fixture = *state;
    struct engine_result result;
    struct error error;

    give(fixture, "{systems: [{id: s1}, {id: s1}]}", NULL);
    assert_true(make(fixture, systems_sql, &error));
    assert_false(engine_run(fixture->engine, &fixture->dataset, fixture->arena, &result, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    assert_non_null(strstr(error.message, "systems"));

    give(fixture, "{systems: [{id: s1, users: 4}]}", NULL);
    fixture->dataset.tables[0].values[4] =
        (struct dataset_value){.type = DATASET_TEXT, .text = "many"};
    assert_false(engine_run(fixture->engine, &fixture->dataset, fixture->arena, &result, &error));
    assert_int_equal(error.code, ERROR_INVALID);

    give(fixture, "{systems: [{id: s1, tier: low}]}", NULL);
    struct engine_answer said = answer(fixture);

    assert_int_equal(said.answer, ANSWER_MET);
    assert_int_equal(said.row_count, 1);
}

static void a_cell_that_is_too_large_makes_the_rule_abstain(void **state)
{
    struct fixture *fixture = *state;
    char *title = arena_alloc(fixture->arena, 1100000);

    memset(title, 'x', 1099999);
    give(fixture, "{systems: [{id: s1, title: t}]}", NULL);
    fixture->dataset.tables[0].values[1].text = title;
    struct engine_answer said =
        ask(fixture,
            "SELECT id AS resource, 'ok' AS status, substr(title, 1, 1) AS reason FROM systems");

    assert_int_equal(said.answer, ANSWER_NONE);
    assert_string_equal(said.note, "The rule failed: string or blob too big.");
}

static void registers_arrive_as_the_schema_says(void **state)
{
    struct fixture *fixture = *state;

    give(fixture,
         "{systems: [{id: s1, title: Chat, live_on: 2026-01-02, users: 12, personal: yes, "
         "dataset_ids: [d2, d1]}]}",
         "{datasets: partial}");
    assert_string_equal(
        say(fixture, "(SELECT title || ' ' || live_on || ' ' || (users + 1) || ' ' || personal "
                     "|| ' ' || dataset_ids FROM systems)"),
        "Chat 2026-01-02 13 1 d2;d1");
    assert_string_equal(say(fixture, "(SELECT 'free' FROM systems WHERE tier IS NULL)"), "free");
    assert_string_equal(say(fixture, "(SELECT id || position FROM systems__dataset_ids "
                                     "WHERE ref = 'd1')"),
                        "s12");
    assert_string_equal(say(fixture, "(SELECT period_start || ' ' || period_end || ' ' || purpose "
                                     "FROM aims)"),
                        "2025-06-30 2026-06-30 internal");
    assert_string_equal(say(fixture, "(SELECT max(claim) || rows FROM registers "
                                     "WHERE name = 'systems')"),
                        "complete1");
    assert_string_equal(say(fixture, "(SELECT claim FROM registers WHERE name = 'datasets')"),
                        "partial");
    assert_string_equal(say(fixture, "(SELECT claim FROM registers WHERE name = 'assessments')"),
                        "absent");
}

static void params_and_caps_are_values_and_never_text_of_the_query(void **state)
{
    static const struct ruleset_param params[] = {
        {.name = "word", .text = "x'; DROP TABLE systems; --"},
        {.name = "number", .integer = 41},
    };
    struct fixture *fixture = *state;

    fixture->rule.params = params;
    fixture->rule.param_count = 2;
    assert_string_equal(say(fixture, ":word || (:number + 1) || :cap_days"),
                        "x'; DROP TABLE systems; --42400");
}

static void rows_are_sorted_whatever_the_rule_orders(void **state)
{
    static const uint8_t key[HASH_KEY_SIZE] = {1};
    static const uint8_t other_key[HASH_KEY_SIZE] = {2};
    static const char *const orders[] = {"ORDER BY id", "ORDER BY id DESC", "ORDER BY users", ""};
    struct fixture *fixture = *state;
    struct digest first = {{0}};
    struct digest digest;

    give(fixture, "{systems: [{id: s2, users: 1}, {id: s1, users: 5}, {id: s3}]}", NULL);
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        struct engine_answer said =
            ask(fixture, arena_format(fixture->arena,
                                      "SELECT id AS resource, 'ok' AS status, 'x' AS reason, users "
                                      "FROM systems %s",
                                      orders[i]));
        struct engine_result result = {.count = 1, .answers = &said};

        assert_string_equal(cell(&said, 0, ENGINE_RESOURCE), "s1");
        assert_string_equal(cell(&said, 2, ENGINE_RESOURCE), "s3");
        assert_string_equal(said.columns[3], "users");
        assert_int_equal(said.values[3].integer, 5);
        assert_int_equal(said.values[11].type, DATASET_NULL);
        engine_paper_digest(&result, 0, key, &digest);
        first = i == 0 ? digest : first;
        assert_true(digest_equal(&first, &digest));
        engine_paper_digest(&result, 0, other_key, &digest);
        assert_false(digest_equal(&first, &digest));
    }
}

static void the_paper_digest_knows_where_a_cell_ends(void **state)
{
    static const uint8_t key[HASH_KEY_SIZE] = {1};
    static const char *const papers[] = {
        "SELECT 'ab' AS resource, 'ok' AS status, 'c' AS reason",
        "SELECT 'a' AS resource, 'ok' AS status, 'bc' AS reason",
        "SELECT 'ab' AS resource, 'ok' AS status, 'c' AS reason, NULL AS more",
        "SELECT 'ab' AS resource, 'ok' AS status, 'c' AS reason, 0 AS more",
        "SELECT 'ab' AS resource, 'ok' AS status, 'c' AS reason, '0' AS more",
        "SELECT 'ab' AS resource, 'ok' AS status, 'c' AS reason WHERE 0",
    };
    enum { PAPERS = sizeof(papers) / sizeof(papers[0]) };
    struct fixture *fixture = *state;
    struct digest digests[PAPERS];

    for (size_t i = 0; i < PAPERS; i++) {
        struct engine_answer said = ask(fixture, papers[i]);
        struct engine_result result = {.count = 1, .answers = &said};

        engine_paper_digest(&result, 0, key, &digests[i]);
        for (size_t j = 0; j < i; j++) {
            assert_false(digest_equal(&digests[i], &digests[j]));
        }
    }
}

static void a_rule_set_with_a_gap_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};

    fixture->rule = (struct ruleset_rule){0};
    assert_false(make(fixture, NULL, &error));
    assert_string_equal(error.message, "criterion 4.1-1: the rule set does not answer it");
}

static void a_need_that_is_no_register_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};

    need(fixture, "nosuch");
    assert_false(make(fixture, systems_sql, &error));
    assert_non_null(strstr(error.message, "it needs \"nosuch\", which is no register"));
}

static void the_engine_tells_what_a_rule_reads(void **state)
{
    struct fixture *fixture = *state;
    size_t count = 0;

    (void)ask(fixture, "WITH links AS (SELECT l.id FROM systems__dataset_ids l) "
                       "SELECT s.id AS resource, 'ok' AS status, s.title AS reason "
                       "FROM systems s JOIN links USING (id) "
                       "WHERE EXISTS (SELECT 1 FROM datasets) AND s.title <> ''");
    const struct engine_read *reads = engine_reads(fixture->engine, 0, &count);
    const char *text = "";

    for (size_t i = 0; i < count; i++) {
        text = arena_format(fixture->arena, "%s %s.%s", text, reads[i].table, reads[i].column);
    }
    assert_int_equal(count, 4);
    assert_non_null(strstr(text, " systems.id"));
    assert_non_null(strstr(text, " systems.title"));
    assert_non_null(strstr(text, " systems.dataset_ids"));
    assert_non_null(strstr(text, " datasets."));
}

/* A rule set with two tables, the second made from the first. */
static const struct ruleset_table shared_tables[] = {
    {.name = "low",
     .file = "ruleset.yaml",
     .line = 3,
     .sql = "SELECT id FROM systems WHERE tier = "
            "'low'"},
    {.name = "named",
     .file = "ruleset.yaml",
     .line = 5,
     .sql = "SELECT l.id, s.title AS name, s.users FROM low l JOIN systems s ON s.id = l.id"},
};

static const char shared_sql[] = "SELECT id AS resource, iif(users > 1, 'ok', 'alarm') AS status, "
                                 "name AS reason FROM named WHERE name <> 'x'";

static void share(struct fixture *fixture, const struct ruleset_table *tables, size_t count)
{
    fixture->ruleset.tables = tables;
    fixture->ruleset.table_count = count;
}

static void a_shared_table_is_made_anew_for_each_bundle(void **state)
{
    struct fixture *fixture = *state;

    share(fixture, shared_tables, 2);
    give(fixture,
         "{systems: [{id: s2, tier: low, title: B, users: 2}, {id: s1, tier: low, title: A, users: "
         "3}, {id: s3, tier: high, title: C, users: 4}, {id: s4, tier: low, title: x, users: 0}]}",
         NULL);
    struct engine_answer said = ask(fixture, shared_sql);

    assert_int_equal(said.answer, ANSWER_MET);
    assert_int_equal(said.row_count, 2);
    assert_string_equal(cell(&said, 0, ENGINE_REASON), "A");
    assert_string_equal(cell(&said, 1, ENGINE_REASON), "B");

    give(fixture, "{systems: [{id: s5, tier: low, title: D}]}", NULL);
    said = answer(fixture);
    assert_int_equal(said.answer, ANSWER_NOT_MET);
    assert_int_equal(said.row_count, 1);
    assert_string_equal(cell(&said, 0, ENGINE_REASON), "D");
}

static void who_reads_a_shared_table_reads_what_it_was_made_from(void **state)
{
    struct fixture *fixture = *state;
    const char *text = "";
    size_t count = 0;

    share(fixture, shared_tables, 2);
    (void)ask(fixture, shared_sql);
    const struct engine_read *reads = engine_reads(fixture->engine, 0, &count);

    for (size_t i = 0; i < count; i++) {
        text = arena_format(fixture->arena, "%s %s.%s", text, reads[i].table, reads[i].column);
    }
    assert_int_equal(count, 4);
    assert_non_null(strstr(text, " systems.tier"));
    assert_non_null(strstr(text, " systems.id"));
    assert_non_null(strstr(text, " systems.title"));
    assert_non_null(strstr(text, " systems.users"));
}

/* A table that a rule looks at only through another one. */
static void rules_abstain_while_a_table_of_theirs_cannot_be_made(void **state)
{
    static const struct {
        const char *sql;
        const char *note;
    } cases[] = {
        {"WITH RECURSIVE n (id) AS (SELECT 's1' UNION ALL SELECT n.id FROM n, systems) "
         "SELECT id FROM n",
         "The table low could not be made. The rule returned more than 100 rows."},
        {"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n, systems) "
         "SELECT max(i) AS id FROM n",
         "The table low could not be made. The rule was stopped after 200000 steps."},
        {"SELECT 0.5 AS id FROM systems",
         "The table low could not be made. The rule returned a value in column id that is neither "
         "text nor an integer."},
        {"SELECT abs(-9223372036854775807 - 1) AS id FROM systems",
         "The table low could not be made. The rule failed: integer overflow."},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ruleset_table tables[2] = {shared_tables[0], shared_tables[1]};

        tables[0].sql = cases[i].sql;
        share(fixture, tables, 2);
        give(fixture, "{systems: [{id: s1}]}", NULL);
        struct engine_answer said = ask(fixture, shared_sql);

        assert_int_equal(said.answer, ANSWER_NONE);
        assert_int_equal(said.row_count, 0);
        assert_string_equal(said.note, cases[i].note);

        give(fixture, "{systems: []}", NULL);
        said = answer(fixture);
        assert_int_equal(said.answer, ANSWER_INSUFFICIENT);
    }
}

static void a_shared_table_that_cannot_be_asked_is_refused(void **state)
{
    static const struct {
        const char *name;
        const char *sql;
        const char *message;
    } cases[] = {
        {"systems", "SELECT 1 AS id", "the evidence has a table of that name"},
        {"registers", "SELECT 1 AS id", "the evidence has a table of that name"},
        {"low", "SELECT id FROM nosuch", "no such table: nosuch"},
        {"low", "SELECT id FROM low", "no such table: low"},
        {"low", "SELECT id, id FROM systems", "duplicate column name: id"},
        {"low", "DELETE FROM systems", "may not be modified"},
        {"low", "SELECT random() AS id", "not authorized"},
        {"low", "SELECT :days AS id", "neither a param nor a cap"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ruleset_table table = shared_tables[0];
        struct error error = {0};

        table.name = cases[i].name;
        table.sql = cases[i].sql;
        share(fixture, &table, 1);
        assert_false(make(fixture, systems_sql, &error));
        assert_int_equal(error.code, ERROR_INVALID);
        assert_non_null(strstr(error.message, "ruleset.yaml:3: table "));
        if (strstr(error.message, cases[i].message) == NULL) {
            fail_msg("%s: %s", cases[i].sql, error.message);
        }
    }
}

static void memory_that_ends_makes_the_rule_abstain(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};

    assert_true(make(fixture,
                     "WITH RECURSIVE n (i, t) AS (SELECT 1, '' UNION SELECT i + 1, " X100000
                     " || i FROM n WHERE i < 500) "
                     "SELECT 'r' AS resource, 'ok' AS status, count(*) || '' AS reason FROM n",
                     &error));
    pool_limit(UINT64_C(24) * 1024 * 1024);
    struct engine_answer said = answer(fixture);

    pool_limit(SIZE_MAX);
    assert_int_equal(said.answer, ANSWER_NONE);
    assert_string_equal(said.note, "The rule failed: out of memory.");
    said = answer(fixture);
    assert_int_equal(said.answer, ANSWER_MET);
}

/* Memory ends at every possible moment of a rule that looks at several tables. */
static void memory_that_ends_at_any_moment_leaves_nothing_behind(void **state)
{
    struct fixture *fixture = *state;
    size_t failed = 0;
    size_t succeeded = 0;

    give(fixture, "{systems: [{id: s1, dataset_ids: [d1]}, {id: s2}], datasets: [{id: d1}]}", NULL);
    (void)ask(fixture, "SELECT s.id AS resource, 'ok' AS status, s.id || d.id AS reason "
                       "FROM systems s LEFT JOIN systems__dataset_ids l ON l.id = s.id "
                       "LEFT JOIN datasets d ON d.id = l.ref WHERE s.tier IS NULL "
                       "AND s.id IN (SELECT id FROM systems) AND d.id IS NOT NULL");
    for (size_t limit = 0; limit < 400000; limit += 500) {
        pool_limit(limit);
        struct engine_answer said = answer(fixture);

        pool_limit(SIZE_MAX);
        bool is_done = said.answer == ANSWER_MET;

        failed += !is_done;
        succeeded += is_done;
        assert_true(is_done || said.answer == ANSWER_NONE);
        said = answer(fixture);
        assert_int_equal(said.answer, ANSWER_MET);
        assert_int_equal(said.row_count, 1);
        assert_string_equal(cell(&said, 0, ENGINE_REASON), "s1d1");
    }
    assert_true(failed > 0);
    assert_true(succeeded > 0);
}

static void answers_that_do_not_fit_the_arena_are_a_limit(void **state)
{
    struct fixture *fixture = *state;
    struct arena *small = arena_create(600);
    struct engine_result result;
    struct error error = {0};

    assert_true(
        make(fixture, "SELECT 'r' AS resource, 'ok' AS status, " X1000 " AS reason", &error));
    assert_false(engine_run(fixture->engine, &fixture->dataset, small, &result, &error));
    assert_int_equal(error.code, ERROR_LIMIT);
    arena_destroy(small);
    assert_int_equal(answer(fixture).answer, ANSWER_MET);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_worst_row_decides),
        TEST(an_absent_register_is_insufficient),
        TEST(no_rows_mean_what_the_rule_says_unless_the_register_is_partial),
        TEST(what_is_missing_is_an_alarm_only_where_the_register_is_whole),
        TEST(the_clock_shows_the_end_of_the_period),
        TEST(a_period_that_is_no_day_is_refused),
        TEST(statements_that_do_more_than_read_are_refused),
        TEST(rules_that_fail_while_they_run_abstain),
        TEST(a_rule_that_failed_on_one_bundle_works_on_the_next),
        TEST(the_same_work_is_always_charged_the_same),
        TEST(nothing_stays_from_the_bundle_before),
        TEST(a_dataset_that_breaks_the_tables_is_refused_and_forgotten),
        TEST(a_cell_that_is_too_large_makes_the_rule_abstain),
        TEST(registers_arrive_as_the_schema_says),
        TEST(params_and_caps_are_values_and_never_text_of_the_query),
        TEST(rows_are_sorted_whatever_the_rule_orders),
        TEST(the_paper_digest_knows_where_a_cell_ends),
        TEST(a_rule_set_with_a_gap_is_refused),
        TEST(a_need_that_is_no_register_is_refused),
        TEST(the_engine_tells_what_a_rule_reads),
        TEST(a_shared_table_is_made_anew_for_each_bundle),
        TEST(who_reads_a_shared_table_reads_what_it_was_made_from),
        TEST(rules_abstain_while_a_table_of_theirs_cannot_be_made),
        TEST(a_shared_table_that_cannot_be_asked_is_refused),
        TEST(memory_that_ends_makes_the_rule_abstain),
        TEST(memory_that_ends_at_any_moment_leaves_nothing_behind),
        TEST(answers_that_do_not_fit_the_arena_are_a_limit),
    };
#undef TEST

    pool_take_over();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
