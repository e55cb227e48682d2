/* Is it UTF-8, is it the same name, what was meant. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/text.h"

static void well_formed_utf8_is_told_from_everything_else(void **state)
{
    static const char *const good[] = {
        "",
        "ascii of more than eight bytes",
        "\xC3\xA4",
        "\xE2\x82\xAC",
        "\xF0\x9F\x98\x80",
        "\xED\x9F\xBF",
        "\xEE\x80\x80",
        "\xF4\x8F\xBF\xBF",
    };
    static const struct {
        const char *text;
        size_t offset;
    } bad[] = {
        {"\x80", 0},                    /* A continuation alone. */
        {"ab\xC0\xAF", 2},              /* Overlong slash. */
        {"\xC3", 0},                    /* Cut short. */
        {"\xE0\x9F\xBF", 0},            /* Overlong. */
        {"12345678\xED\xA0\x80", 8},    /* Surrogate. */
        {"\xF0\x8F\xBF\xBF", 0},        /* Overlong. */
        {"\xF4\x90\x80\x80", 0},        /* Above U+10FFFF. */
        {"\xE2\x82", 0},                /* Cut short. */
        {"x\xFF", 1},                   /* No such byte. */
        {"1234567\xC3\xA4\xC3\xC3", 9}, /* Behind a good one. */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(text_is_utf8(bytes_of_text(good[i]), NULL));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t offset = 99;

        assert_false(text_is_utf8(bytes_of_text(bad[i].text), &offset));
        assert_int_equal(offset, bad[i].offset);
    }
}

static void control_characters_are_seen(void **state)
{
    (void)state;
    assert_false(text_has_control("a\tb\nc \xC3\x84 \xC2\xA0"));
    assert_true(text_has_control("a\rb"));
    assert_true(text_has_control("\x1B[0m"));
    assert_true(text_has_control("\x7F"));
    assert_true(text_has_control("\xC2\x9B"));
}

/* Texts are looked at in pieces of eight bytes. */
static void a_control_character_is_found_wherever_it_stands(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 0x80; byte++) {
        bool is_control = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F;

        for (size_t at = 0; at < 24; at++) {
            for (int filler = ' '; filler <= '~'; filler += '~' - ' ') {
                char text[25] = {0};

                memset(text, filler, 24);
                text[at] = (char)byte;
                assert_int_equal(text_has_control(text), is_control);
            }
        }
    }
}

static void a_character_that_can_be_shown_has_its_size_and_others_have_none(void **state)
{
    static const struct {
        const char *text;
        size_t size;
    } cases[] = {
        {"", 0},
        {"ab", 1},
        {"\xC3\x84"
         "b",
         2},
        {"\xE2\x82\xAC", 3},
        {"\xF0\x9F\x98\x80", 4},
        {"\tb", 1},
        {"\x1B[0m", 0},
        {"\xC2\x9B", 0},
        {"\xC3", 0},
        {"\xE2\x82", 0},
        {"\x84"
         "b",
         0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(text_character_size(cases[i].text), cases[i].size);
    }
}

static void names_that_a_file_system_may_take_for_one_are_equal_when_folded(void **state)
{
    struct arena *arena = arena_create(10000);

    (void)state;
    /* u with diaeresis, composed and decomposed, capital and small. */
    assert_string_equal(text_fold("Pr\xC3\xBC"
                                  "fung.PDF",
                                  arena),
                        text_fold("PRU\xCC\x88"
                                  "FUNG.pdf",
                                  arena));
    assert_string_equal(text_fold("stra\xC3\x9F"
                                  "e",
                                  arena),
                        text_fold("STRASSE", arena));
    assert_string_not_equal(text_fold("a", arena), text_fold("\xC3\xA4", arena));
    assert_null(text_fold("\xFF", arena));
    arena_destroy(arena);
}

static void the_nearest_word_is_the_one_that_was_meant(void **state)
{
    static const char *const words[] = {"likelihood", "consequence_people", "status", "id"};

    (void)state;
    assert_string_equal(text_nearest("liklihood", words, 4), "likelihood");
    assert_string_equal(text_nearest("Consequence People", words, 4), "consequence_people");
    assert_string_equal(text_nearest("sattus", words, 4), "status");
    assert_string_equal(text_nearest("ID", words, 4), "id");
    assert_null(text_nearest("colour", words, 4));
    assert_null(text_nearest("", words, 4));
    assert_null(text_nearest("xx", words, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_utf8_is_told_from_everything_else),
        cmocka_unit_test(control_characters_are_seen),
        cmocka_unit_test(a_control_character_is_found_wherever_it_stands),
        cmocka_unit_test(a_character_that_can_be_shown_has_its_size_and_others_have_none),
        cmocka_unit_test(names_that_a_file_system_may_take_for_one_are_equal_when_folded),
        cmocka_unit_test(the_nearest_word_is_the_one_that_was_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
