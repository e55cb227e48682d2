#include "rules/ruleset.h"

#include <string.h>

#include "base/check.h"
#include "formats/tree.h"
#include "rules/catalog.h"
#include "rules/folder.h"

#define FULL "too large for the memory allowed"

/* The day that stands for today in tests that do not name one. */
#define TEST_AS_OF "2026-06-30"

static const char *const answer_names[ANSWER_COUNT] = {
    [ANSWER_NONE] = "none",
    [ANSWER_MET] = "met",
    [ANSWER_NOT_MET] = "not_met",
    [ANSWER_NOT_APPLICABLE] = "not_applicable",
    [ANSWER_INSUFFICIENT] = "insufficient",
};

const char *ruleset_answer_name(enum answer answer)
{
    CHECK((unsigned)answer < ANSWER_COUNT);
    return answer_names[answer];
}

/* The answer that the member KEY of NODE names; what a rule can say, so not ANSWER_NONE. */
static bool read_answer(const struct tree *node, const char *key, enum answer *out,
                        struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const char *text = NULL;

    if (!tree_need_text(node, key, &text, error)) {
        return false;
    }
    for (size_t i = ANSWER_MET; i < ANSWER_COUNT; i++) {
        if (strcmp(answer_names[i], text) == 0) {
            *out = (enum answer)i;
            return true;
        }
    }
    return error_set(error, ERROR_INVALID, "%s: \"%s\" is \"%s\", which is no answer",
                     tree_place(node, place), key, text);
}

static bool read_empty(const struct tree *node, enum answer *out, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    enum answer empty = ANSWER_INSUFFICIENT;

    if (tree_get(node, "empty") != NULL && !read_answer(node, "empty", &empty, error)) {
        return false;
    }
    if (empty == ANSWER_NOT_APPLICABLE) {
        return error_set(error, ERROR_INVALID,
                         "%s: \"empty\" is met, not_met or insufficient; return a skip row instead",
                         tree_place(node, place));
    }
    *out = empty;
    return true;
}

static bool is_name(const char *text)
{
    size_t size = strlen(text);

    return size > 0 && size <= 64 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

static bool read_params(const struct tree *node, struct arena *arena, struct ruleset_rule *rule,
                        struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const struct tree *map = NULL;

    if (tree_get(node, "params") == NULL) {
        return true;
    }
    if (!tree_need_map(node, "params", &map, error)) {
        return false;
    }
    struct ruleset_param *params = arena_array(arena, map->count, sizeof(*params));

    if (params == NULL || map->count > RULESET_PARAMS_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: more than %d params", tree_place(map, place),
                         RULESET_PARAMS_MAX);
    }
    for (const struct tree *item = map->child; item != NULL; item = item->next) {
        struct ruleset_param *param = &params[rule->param_count++];

        if (!is_name(item->key) || strncmp(item->key, "cap_", 4) == 0 ||
            (item->type != TREE_INTEGER && item->type != TREE_TEXT)) {
            return error_set(error, ERROR_INVALID,
                             "%s: param \"%s\" is not a lower-case name, without cap_, of an "
                             "integer or text",
                             tree_place(item, place), item->key);
        }
        *param = (struct ruleset_param){.name = item->key, .integer = item->integer};
        param->text = item->type == TREE_TEXT ? item->text : NULL;
    }
    rule->params = params;
    return true;
}

/* The map that the member KEY is, or NULL when there is none. */
static bool read_optional_map(const struct tree *node, const char *key, const struct tree **out,
                              struct error *error)
{
    *out = NULL;
    return tree_get(node, key) == NULL || tree_need_map(node, key, out, error);
}

static bool read_test(const struct tree *node, struct ruleset_test *test, struct error *error)
{
    static const char *const keys[] = {"name",         "given",  "claims", "as_of",
                                       "period_start", "expect", NULL};
    char place[TREE_PLACE_SIZE];

    if (node->type != TREE_MAP) {
        return error_set(error, ERROR_INVALID, "%s: expected a test", tree_place(node, place));
    }
    test->line = node->line;
    test->as_of = TEST_AS_OF;
    return tree_only_keys(node, keys, error) && words_read_text(node, "name", &test->name, error) &&
           read_optional_map(node, "given", &test->given, error) &&
           read_optional_map(node, "claims", &test->claims, error) &&
           (tree_get(node, "as_of") == NULL ||
            words_read_text(node, "as_of", &test->as_of, error)) &&
           (tree_get(node, "period_start") == NULL ||
            words_read_text(node, "period_start", &test->period_start, error)) &&
           read_answer(node, "expect", &test->expect, error);
}

static bool read_tests(const struct tree *node, struct arena *arena, struct ruleset_rule *rule,
                       struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const struct tree *list = NULL;

    if (tree_get(node, "tests") == NULL) {
        return true;
    }
    if (!tree_need_list(node, "tests", &list, error)) {
        return false;
    }
    struct ruleset_test *tests = arena_array(arena, list->count, sizeof(*tests));

    if (tests == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: " FULL, tree_place(list, place));
    }
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        if (!read_test(item, &tests[rule->test_count++], error)) {
            return false;
        }
    }
    rule->tests = tests;
    return true;
}

static bool read_sql(const struct tree *node, const char **out, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const char *sql = NULL;

    if (!words_read_text(node, "sql", &sql, error)) {
        return false;
    }
    if (strlen(sql) > RULESET_SQL_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: sql is longer than %d bytes",
                         tree_place(node, place), RULESET_SQL_MAX);
    }
    *out = sql;
    return true;
}

static bool read_rule(const struct tree *node, struct arena *arena, struct ruleset_rule *out,
                      struct error *error)
{
    static const char *const keys[] = {"criterion", "version", "needs", "reads", "empty",
                                       "optional",  "params",  "sql",   "tests", NULL};
    struct ruleset_rule rule = {.file = node->file, .line = node->line};

    if (!tree_only_keys(node, keys, error) ||
        !tree_need_integer(node, "version", 1, INT32_MAX, &rule.version, error) ||
        !words_read(node, "needs", arena, &rule.needs, error) ||
        !words_read(node, "reads", arena, &rule.reads, error) ||
        !words_read(node, "optional", arena, &rule.optional, error) ||
        !read_empty(node, &rule.empty, error) || !read_params(node, arena, &rule, error) ||
        !read_sql(node, &rule.sql, error) || !read_tests(node, arena, &rule, error)) {
        return false;
    }
    *out = rule;
    return true;
}

static bool read_file(const struct tree *file, const struct catalog *catalog, struct arena *arena,
                      struct ruleset_rule *rules, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const char *id = NULL;

    for (const struct tree *item = file->child; item != NULL; item = item->next) {
        if (item->type != TREE_MAP) {
            return error_set(error, ERROR_INVALID, "%s: expected a rule", tree_place(item, place));
        }
        if (!words_read_text(item, "criterion", &id, error)) {
            return false;
        }
        size_t criterion = catalog_find_criterion(catalog, id);

        if (criterion == SIZE_MAX) {
            return error_set(error, ERROR_INVALID, "%s: catalogue %s has no criterion \"%s\"",
                             tree_place(item, place), catalog->id, id);
        }
        if (rules[criterion].sql != NULL) {
            return error_set(error, ERROR_INVALID, "%s: \"%s\" is answered already at %s:%u",
                             tree_place(item, place), id, rules[criterion].file,
                             rules[criterion].line);
        }
        if (!read_rule(item, arena, &rules[criterion], error)) {
            return false;
        }
    }
    return true;
}

static bool read_table(const struct tree *node, struct ruleset_table *tables, size_t index,
                       struct error *error)
{
    static const char *const keys[] = {"name", "sql", NULL};
    char place[TREE_PLACE_SIZE];
    struct ruleset_table *table = &tables[index];

    if (node->type != TREE_MAP) {
        return error_set(error, ERROR_INVALID, "%s: expected a table", tree_place(node, place));
    }
    table->file = node->file;
    table->line = node->line;
    if (!tree_only_keys(node, keys, error) || !words_read_text(node, "name", &table->name, error) ||
        !read_sql(node, &table->sql, error)) {
        return false;
    }
    if (!is_name(table->name)) {
        return error_set(error, ERROR_INVALID, "%s: table \"%s\" has no lower-case name",
                         tree_place(node, place), table->name);
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(tables[i].name, table->name) == 0) {
            return error_set(error, ERROR_INVALID, "%s: \"%s\" is a table already at line %u",
                             tree_place(node, place), table->name, tables[i].line);
        }
    }
    return true;
}

static bool read_tables(const struct tree *main, struct arena *arena, struct ruleset *ruleset,
                        struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const struct tree *list = NULL;

    if (tree_get(main, "tables") == NULL) {
        return true;
    }
    if (!tree_need_list(main, "tables", &list, error)) {
        return false;
    }
    struct ruleset_table *tables = arena_array(arena, list->count, sizeof(*tables));

    if (tables == NULL || list->count > RULESET_TABLES_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: more than %d tables", tree_place(list, place),
                         RULESET_TABLES_MAX);
    }
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        if (!read_table(item, tables, ruleset->table_count++, error)) {
            return false;
        }
    }
    ruleset->tables = tables;
    return true;
}

static bool read_main(const struct tree *main, const struct catalog *catalog, struct arena *arena,
                      struct ruleset *ruleset, struct error *error)
{
    static const char *const keys[] = {"name",   "version", "title", "catalog",
                                       "tables", "files",   NULL};
    char place[TREE_PLACE_SIZE];
    const char *id = NULL;

    if (!tree_only_keys(main, keys, error) ||
        !words_read_text(main, "name", &ruleset->name, error) ||
        !tree_need_integer(main, "version", 1, INT32_MAX, &ruleset->version, error) ||
        !words_read_text(main, "title", &ruleset->title, error) ||
        !words_read_text(main, "catalog", &id, error)) {
        return false;
    }
    if (strcmp(id, catalog->id) != 0) {
        return error_set(error, ERROR_INVALID, "%s: written for catalogue \"%s\", not for \"%s\"",
                         tree_place(main, place), id, catalog->id);
    }
    return read_tables(main, arena, ruleset, error);
}

bool ruleset_load(const char *directory, const struct catalog *catalog, struct arena *arena,
                  struct ruleset *out, struct error *error)
{
    struct folder folder;
    struct ruleset ruleset = {.rule_count = catalog->criterion_count};

    if (!folder_load(directory, "ruleset.yaml", arena, &folder, error) ||
        !read_main(folder.main, catalog, arena, &ruleset, error)) {
        return false;
    }
    struct ruleset_rule *rules = arena_array(arena, ruleset.rule_count, sizeof(*rules));

    if (rules == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: " FULL, directory);
    }
    for (size_t i = 0; i < folder.file_count; i++) {
        if (!read_file(folder.files[i], catalog, arena, rules, error)) {
            return false;
        }
    }
    ruleset.rules = rules;
    ruleset.digest = folder.digest;
    *out = ruleset;
    return true;
}
