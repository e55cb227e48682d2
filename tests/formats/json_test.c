/* Canonical JSON: one value, one text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/json.h"

static void expect(struct json *json, const char *canonical)
{
    struct buffer out = {0};

    json_write(json, &out);
    assert_string_equal(buffer_text(&out), canonical);
    buffer_finish(&out);
    json_destroy(json);
}

static struct json *example(void)
{
    struct json *object = json_object();
    struct json *list = json_list();
    struct digest digest = {{0xAB}};

    json_set(object, "n", json_integer(-9007199254740991));
    json_set(object, "list", list);
    json_add(list, json_null());
    json_add(list, json_boolean(true));
    json_add(list, json_object());
    json_add(list, json_list());
    json_set(object, "a", json_text("x"));
    json_set(object, "m", json_digest(&digest));
    json_set(object, "B", json_boolean(false));
    return object;
}

static void keys_are_sorted_whatever_order_they_come_in(void **state)
{
    (void)state;
    expect(example(),
           "{\"B\":false,\"a\":\"x\",\"list\":[null,true,{},[]],\"m\":\"ab00000000000000"
           "000000000000000000000000000000000000000000000000\",\"n\":-9007199254740991}");
}

static void texts_are_escaped_as_rfc_8785_says(void **state)
{
    (void)state;
    expect(json_text("\"\\/\n\t\xC3\xA4\xE2\x82\xAC"), "\"\\\"\\\\/\\n\\t\xC3\xA4\xE2\x82\xAC\"");
}

static void what_may_not_stand_in_a_text_is_replaced(void **state)
{
    (void)state;
    expect(json_text("a\rb"), "\"a\xEF\xBF\xBD"
                              "b\"");
    expect(json_text("\xFFz\xE2\x82"), "\"\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"");
    expect(json_text("\xC2\x9B"
                     "1m"),
           "\"\xEF\xBF\xBD"
           "1m\"");
    expect(json_text("\xF0\x9F\x98\x80\x7F"), "\"\xF0\x9F\x98\x80\xEF\xBF\xBD\"");
}

static void the_form_for_people_has_the_same_order(void **state)
{
    struct json *object = json_object();
    struct json *list = json_list();
    struct buffer out = {0};

    (void)state;
    json_set(object, "b", list);
    json_add(list, json_integer(1));
    json_add(list, json_integer(2));
    json_set(object, "a", json_object());
    json_write_pretty(object, &out);
    assert_string_equal(buffer_text(&out), "{\n  \"a\": {},\n  \"b\": [\n    1,\n    2\n  ]\n}\n");
    buffer_finish(&out);
    json_destroy(object);
    json_destroy(NULL);
}

static void a_deep_value_needs_no_deep_stack(void **state)
{
    struct json *root = json_list();
    struct json *at = root;
    struct buffer out = {0};

    (void)state;
    for (int i = 0; i < 200000; i++) {
        struct json *inner = json_list();

        json_add(at, inner);
        at = inner;
    }
    json_write(root, &out);
    assert_int_equal(out.size, 400002);
    buffer_finish(&out);
    json_destroy(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_sorted_whatever_order_they_come_in),
        cmocka_unit_test(texts_are_escaped_as_rfc_8785_says),
        cmocka_unit_test(what_may_not_stand_in_a_text_is_replaced),
        cmocka_unit_test(the_form_for_people_has_the_same_order),
        cmocka_unit_test(a_deep_value_needs_no_deep_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
