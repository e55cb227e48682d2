/* YAML and JSON as one tree. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "formats/tree.h"

typedef bool parse_function(struct bytes, const char *, struct arena *, struct tree **,
                            struct error *);

struct fixture {
    struct arena *arena;
    struct tree *tree;
    struct error error;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.arena = arena_create(100000000)};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    arena_destroy(fixture->arena);
    return 0;
}

static const struct tree *parse(struct fixture *fixture, parse_function *function, const char *text)
{
    if (!function(bytes_of_text(text), "f", fixture->arena, &fixture->tree, &fixture->error)) {
        fail_msg("%s", fixture->error.message);
    }
    return fixture->tree;
}

static void refuse(struct fixture *fixture, parse_function *function, const char *text,
                   const char *message)
{
    fixture->error.message[0] = '\0';
    assert_false(
        function(bytes_of_text(text), "f", fixture->arena, &fixture->tree, &fixture->error));
    assert_string_equal(fixture->error.message, message);
}

static void assert_place(const struct tree *node, uint32_t line, uint32_t column)
{
    assert_non_null(node);
    assert_int_equal(node->line, line);
    assert_int_equal(node->column, column);
}

static void yaml_and_json_give_the_same_tree(void **state)
{
    struct fixture *fixture = *state;
    const struct tree *yaml =
        parse(fixture, tree_parse_yaml, "a: [1, -7, two]\nb: {c: true, d: null}\ne: 'x'\n");
    const struct tree *json =
        parse(fixture, tree_parse_json,
              "{\"a\": [1, -7, \"two\"],\n \"b\": {\"c\": true, \"d\": null}, \"e\": \"x\"}");

    for (const struct tree *tree = yaml; tree != NULL; tree = tree == yaml ? json : NULL) {
        const struct tree *list = tree_get(tree, "a");

        assert_int_equal(tree->count, 3);
        assert_int_equal(list->type, TREE_LIST);
        assert_int_equal(list->count, 3);
        assert_int_equal(list->child->integer, 1);
        assert_int_equal(list->child->next->type, TREE_INTEGER);
        assert_int_equal(list->child->next->integer, -7);
        assert_string_equal(list->child->next->next->text, "two");
        assert_int_equal(tree_get(tree_get(tree, "b"), "c")->type, TREE_BOOLEAN);
        assert_int_equal(tree_get(tree_get(tree, "b"), "c")->integer, 1);
        assert_int_equal(tree_get(tree_get(tree, "b"), "d")->type, TREE_NULL);
        assert_string_equal(tree_get(tree, "e")->text, "x");
        assert_null(tree_get(tree, "z"));
        assert_null(tree_get(tree_get(tree, "z"), "a"));
    }
}

static void only_what_is_surely_a_number_is_one(void **state)
{
    struct fixture *fixture = *state;
    static const char *const texts[] = {"yes",
                                        "007",
                                        "+5",
                                        "1.5",
                                        "1e3",
                                        "0x10",
                                        "1_000",
                                        "12:30",
                                        "\"5\"",
                                        "--1",
                                        "9223372036854775808",
                                        "2025-07-01"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(parse(fixture, tree_parse_yaml, texts[i])->type, TREE_TEXT);
    }
    assert_int_equal(parse(fixture, tree_parse_yaml, "-9223372036854775808")->integer, INT64_MIN);
    assert_int_equal(parse(fixture, tree_parse_yaml, "0")->type, TREE_INTEGER);
    assert_int_equal(parse(fixture, tree_parse_json, "1.5")->type, TREE_TEXT);
    assert_string_equal(parse(fixture, tree_parse_json, "-1.50e+3")->text, "-1.50e+3");
    assert_int_equal(parse(fixture, tree_parse_json, "9223372036854775808")->type, TREE_TEXT);
    assert_int_equal(parse(fixture, tree_parse_json, "9223372036854775807")->integer, INT64_MAX);
}

static void every_value_knows_its_place(void **state)
{
    struct fixture *fixture = *state;
    const struct tree *tree = parse(fixture, tree_parse_yaml, "a:\n  - 1\n  - b: x\n    c:\n");
    char place[TREE_PLACE_SIZE];

    assert_place(tree_get(tree, "a"), 2, 3);
    assert_place(tree_get(tree_get(tree, "a")->child->next, "b"), 3, 8);
    assert_place(tree_get(tree_get(tree, "a")->child->next, "c"), 4, 5);
    tree = parse(fixture, tree_parse_json, "[1, {\"\xC3\xA4\": 2,\n  \"b\": [ 3]}, 4]");
    assert_place(tree->child, 1, 2);
    assert_place(tree_get(tree->child->next, "\xC3\xA4"), 1, 11);
    assert_place(tree_get(tree->child->next, "b")->child, 2, 10);
    assert_place(tree->child->next->next, 2, 15);
    assert_string_equal(tree_place(tree->child->next->next, place), "f:2:15");
}

static void yaml_that_could_mislead_or_explode_is_refused(void **state)
{
    struct fixture *fixture = *state;

    refuse(fixture, tree_parse_yaml, "a: 1\nb: 2\na: 3\n", "f:3:4: \"a\" is here a second time");
    refuse(fixture, tree_parse_yaml, "a: &x 1\n", "f:1:4: anchors and tags are not used here");
    refuse(fixture, tree_parse_yaml, "a: *x\n", "f:1:4: aliases are not used here");
    refuse(fixture, tree_parse_yaml, "a: !!int 1\n", "f:1:4: anchors and tags are not used here");
    refuse(fixture, tree_parse_yaml, "- &x [1]\n", "f:1:3: anchors and tags are not used here");
    refuse(fixture, tree_parse_yaml, "a: 1\n--- \nb: 2\n", "f:2:1: a second document begins here");
    refuse(fixture, tree_parse_yaml, "? [a]\n: 1\n", "f:1:3: a key is a text, not a list or map");
    refuse(fixture, tree_parse_yaml, "a: \"x\\0y\"\n", "f:1:4: the text holds a NUL character");
    refuse(fixture, tree_parse_yaml, "a: \xFF\n", "f: the byte at offset 3 is not UTF-8");
    refuse(fixture, tree_parse_yaml, "", "f: is empty");
    assert_false(
        tree_parse_yaml(bytes_of(NULL, 0), "f", fixture->arena, &fixture->tree, &fixture->error));
    assert_string_equal(fixture->error.message, "f: is empty");
    refuse(fixture, tree_parse_yaml, "a: [1\n", "f:2:1: did not find expected ',' or ']'");
}

static void json_that_is_none_is_refused_with_its_place(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "f:1:1: the text ends within a value"},
        {"[1,\n 2,]", "f:2:4: this is not a JSON value"},
        {"[1 2]", "f:1:4: want , or ]"},
        {"{\"a\":1,\"a\":2}", "f:1:12: \"a\" is here a second time"},
        {"{a:1}", "f:1:2: want a key in quotes"},
        {"{\"a\" 1}", "f:1:6: want : behind the key"},
        {"{\"a\":1]", "f:1:7: want , or }"},
        {"[1] x", "f:1:5: something stands behind the end of the value"},
        {"\"a", "f:1:3: the text is never closed"},
        {"\"a\nb\"", "f:1:3: a control character stands in a text"},
        {"\"\\x\"", "f:1:3: this escape does not exist"},
        {"\"\\u12g4\"", "f:1:6: four hexadecimal digits must follow \\u"},
        {"\"\\ud83d\"", "f:1:8: the second half of a surrogate pair is missing"},
        {"\"\\ud83d\\u0041\"", "f:1:14: the second half of a surrogate pair is missing"},
        {"\"\\ude00\"", "f:1:8: the first half of a surrogate pair is missing"},
        {"\"\\u0000\"", "f:1:1: the text holds a NUL character"},
        {"01", "f:1:1: this is not a JSON value"},
        {"1.", "f:1:1: this is not a JSON value"},
        {"-", "f:1:1: this is not a JSON value"},
        {"+1", "f:1:1: this is not a JSON value"},
        {"nul", "f:1:1: this is not a JSON value"},
        {"NaN", "f:1:1: this is not a JSON value"},
        {"[\"\xED\xA0\x80\"]", "f: the byte at offset 2 is not UTF-8"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        refuse(fixture, tree_parse_json, cases[i].text, cases[i].message);
    }
}

static void json_escapes_are_undone(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(parse(fixture, tree_parse_json,
                              "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u20AC\\ud83d\\ude00\"")
                            ->text,
                        "\"\\/\b\f\n\r\t\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
}

static void depth_and_width_have_limits(void **state)
{
    struct fixture *fixture = *state;
    struct buffer text = {0};

    for (int i = 0; i < TREE_DEPTH_MAX + 1; i++) {
        buffer_append_text(&text, "[");
    }
    refuse(fixture, tree_parse_json, buffer_text(&text), "f:1:33: is nested deeper than 32");
    refuse(fixture, tree_parse_yaml, buffer_text(&text), "f:1:33: is nested deeper than 32");
    buffer_clear(&text);
    buffer_append_text(&text, "{");
    for (int i = 0; i < 600; i++) {
        buffer_format(&text, "\"k%d\":1,", i);
    }
    assert_false(
        tree_parse_json(buffer_bytes(&text), "f", fixture->arena, &fixture->tree, &fixture->error));
    assert_int_equal(fixture->error.code, ERROR_LIMIT);
    buffer_finish(&text);
}

static void a_long_line_takes_no_longer_than_many_short_ones(void **state)
{
    struct fixture *fixture = *state;
    struct buffer text = {0};

    /* Were the column counted from the start of the line each time, this would take minutes. */
    buffer_append_text(&text, "[0");
    for (int i = 0; i < 300000; i++) {
        buffer_append_text(&text, ",0");
    }
    buffer_append_text(&text, "]");
    assert_int_equal(parse(fixture, tree_parse_json, buffer_text(&text))->count, 300001);
    buffer_finish(&text);
}

static void members_that_must_be_there_are_asked_for_by_type(void **state)
{
    struct fixture *fixture = *state;
    const struct tree *tree =
        parse(fixture, tree_parse_yaml, "name: x\nage: 7\nlist: []\nmap: {}\n");
    const struct tree *node = NULL;
    const char *text = NULL;
    int64_t value = 0;
    struct error *error = &fixture->error;

    assert_true(tree_need_text(tree, "name", &text, error));
    assert_string_equal(text, "x");
    assert_true(tree_need_integer(tree, "age", 0, 7, &value, error));
    assert_int_equal(value, 7);
    assert_true(tree_need_list(tree, "list", &node, error));
    assert_true(tree_need_map(tree, "map", &node, error));
    assert_false(tree_need_text(tree, "age", &text, error));
    assert_string_equal(error->message, "f:2:6: \"age\" is a whole number, want a text");
    assert_false(tree_need_integer(tree, "age", 8, 9, &value, error));
    assert_string_equal(error->message, "f:2:6: \"age\" is 7, want 8 to 9");
    assert_false(tree_need_list(tree, "none", &node, error));
    assert_string_equal(error->message, "f:1:1: \"none\" is missing, want a list");
    assert_false(tree_need_map(tree_get(tree, "name"), "x", &node, error));
    assert_string_equal(error->message, "f:1:7: is a text, want a map with \"x\"");
}

static void unknown_members_are_named_with_what_was_meant(void **state)
{
    struct fixture *fixture = *state;
    static const char *const keys[] = {"status", "reason", NULL};

    assert_true(
        tree_only_keys(parse(fixture, tree_parse_yaml, "reason: x\n"), keys, &fixture->error));
    assert_false(tree_only_keys(parse(fixture, tree_parse_yaml, "reason: x\nsttus: y\n"), keys,
                                &fixture->error));
    assert_string_equal(fixture->error.message,
                        "f:2:8: \"sttus\" is not known here; did you mean \"status\"?");
    assert_false(
        tree_only_keys(parse(fixture, tree_parse_yaml, "zzz: 1\n"), keys, &fixture->error));
    assert_string_equal(fixture->error.message, "f:1:6: \"zzz\" is not known here");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(yaml_and_json_give_the_same_tree),
        TEST(only_what_is_surely_a_number_is_one),
        TEST(every_value_knows_its_place),
        TEST(yaml_that_could_mislead_or_explode_is_refused),
        TEST(json_that_is_none_is_refused_with_its_place),
        TEST(json_escapes_are_undone),
        TEST(depth_and_width_have_limits),
        TEST(a_long_line_takes_no_longer_than_many_short_ones),
        TEST(members_that_must_be_there_are_asked_for_by_type),
        TEST(unknown_members_are_named_with_what_was_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
