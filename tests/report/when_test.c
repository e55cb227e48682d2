/* Unix times as text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/when.h"

static void known_times_are_written_and_read(void **state)
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},          {86399, "1970-01-01T23:59:59Z"},
        {951782400, "2000-02-29T00:00:00Z"},  {951868800, "2000-03-01T00:00:00Z"},
        {1709210096, "2024-02-29T12:34:56Z"}, {4107542400, "2100-03-01T00:00:00Z"},
        {1784548800, "2026-07-20T12:00:00Z"}, {253402300799, "9999-12-31T23:59:59Z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[WHEN_TEXT_SIZE];
        uint64_t seconds = 1;

        assert_string_equal(when_text(cases[i].seconds, text), cases[i].text);
        assert_true(when_parse(cases[i].text, &seconds));
        assert_int_equal(seconds, cases[i].seconds);
    }
}

static void every_day_comes_back(void **state)
{
    char before[WHEN_DAY_SIZE] = "1969-12-31";

    (void)state;
    for (uint32_t day = 0; day <= WHEN_DAY_MAX; day += day < 60000 ? 1 : 37) {
        char text[WHEN_DAY_SIZE];
        uint32_t again = 0;

        assert_true(strcmp(when_day(day, text), before) > 0);
        assert_true(when_parse_day(text, &again));
        assert_int_equal(again, day);
        memcpy(before, text, sizeof(before));
    }
}

static void a_time_beyond_all_calendars_is_the_last_moment(void **state)
{
    char text[WHEN_TEXT_SIZE];
    char day[WHEN_DAY_SIZE];

    (void)state;
    assert_string_equal(when_text(UINT64_MAX, text), "9999-12-31T23:59:59Z");
    assert_string_equal(when_day(UINT32_MAX, day), "9999-12-31");
}

static void anything_else_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "2026-06-30",
        "2026-06-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-06-30T24:00:00Z",
        "2026-06-30T00:60:00Z",
        "2026-06-30T00:00:60Z",
        "2026-06-30t00:00:00Z",
        "2026-06-30T00:00:00z",
        "2026-06-30T00:00:00+",
        "2026/06/30T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "20x6-06-30T00:00:00Z",
        "2026-06-30T0x:00:00Z",
        "2026-00-30T00:00:00Z",
        "2026-06-00T00:00:00Z",
        "2026-06-30T00:00:00Z ",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint64_t seconds = 0;

        assert_false(when_parse(texts[i], &seconds));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_times_are_written_and_read),
        cmocka_unit_test(every_day_comes_back),
        cmocka_unit_test(a_time_beyond_all_calendars_is_the_last_moment),
        cmocka_unit_test(anything_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
