/* Intervals and percentiles, against numbers worked out by hand or in the literature. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "sim/statistics.h"

struct fixture {
    char path[64];
    struct statistics statistics;
    struct error error;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    CHECK(fixture != NULL);
    memcpy(fixture->path, "/tmp/aims-statistics-test-XXXXXX", 33);
    int file = mkstemp(fixture->path);

    CHECK(file >= 0);
    CHECK(close(file) == 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    CHECK(remove(fixture->path) == 0);
    statistics_finish(&fixture->statistics);
    free(fixture);
    return 0;
}

/* Loads TEXT, grouped by column k, with the values of columns a and b. */
static bool load(struct fixture *fixture, const char *text)
{
    const char *const paths[] = {fixture->path};
    FILE *file = fopen(fixture->path, "wb");

    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK(fclose(file) == 0);
    fixture->statistics = (struct statistics){
        .key_count = 1, .key_names = {"k"}, .value_count = 2, .value_names = {"a", "b"}};
    return statistics_load(&fixture->statistics, paths, 1, &fixture->error);
}

static void assert_near(double value, double want)
{
    if (fabs(value - want) > 0.0001) {
        fail_msg("%f, want %f", value, want);
    }
}

static void groups_stand_in_the_order_of_their_numbers(void **state)
{
    struct fixture *fixture = *state;
    const struct statistics *statistics = &fixture->statistics;

    assert_true(load(fixture, "k,a,b\n10,1,1\n9,2,1\nx,7,1\n10,3,1\nk,a,b\n9,4,1\n"));
    assert_int_equal(statistics->group_count, 3);
    assert_string_equal(statistics->groups[0].keys[0], "9");
    assert_string_equal(statistics->groups[1].keys[0], "10");
    assert_string_equal(statistics->groups[2].keys[0], "x");
    assert_int_equal(statistics_sum(&statistics->groups[0], 0), 6);
    assert_int_equal(statistics_sum(&statistics->groups[1], 0), 4);
}

static void a_percentile_is_the_least_value_that_so_many_do_not_exceed(void **state)
{
    struct fixture *fixture = *state;

    assert_true(load(fixture, "k,a,b\n1,15,1\n1,20,1\n1,35,1\n1,40,0\n1,50,1\n"));
    const struct statistics_group *group = &fixture->statistics.groups[0];

    assert_int_equal(statistics_percentile(group, 0, STATISTICS_ALL, 5), 15);
    assert_int_equal(statistics_percentile(group, 0, STATISTICS_ALL, 30), 20);
    assert_int_equal(statistics_percentile(group, 0, STATISTICS_ALL, 40), 20);
    assert_int_equal(statistics_percentile(group, 0, STATISTICS_ALL, 50), 35);
    assert_int_equal(statistics_percentile(group, 0, STATISTICS_ALL, 100), 50);
    assert_int_equal(statistics_percentile(group, 0, 1, 75), 35);
    assert_int_equal(statistics_percentile(group, 0, 1, 76), 50);
}

static void a_share_has_its_wilson_interval(void **state)
{
    struct fixture *fixture = *state;
    struct statistics_interval interval;

    /* 1 of 10: 0.0179 to 0.4042; 0 of 10: 0 to 0.2775. */
    assert_true(load(fixture, "k,a,b\n1,,0\n1,agreement,0\n1,,0\n1,,0\n1,,0\n1,,0\n1,,0\n1,,0\n"
                              "1,,0\n1,,0\n"));
    interval = statistics_share(&fixture->statistics.groups[0], 0);
    assert_near(interval.value, 0.1);
    assert_near(interval.low, 0.0179);
    assert_near(interval.high, 0.4042);
    interval = statistics_share(&fixture->statistics.groups[0], 1);
    assert_near(interval.value, 0);
    assert_near(interval.low, 0);
    assert_near(interval.high, 0.2775);
}

static void a_ratio_is_the_mean_over_the_runs_that_have_one(void **state)
{
    struct fixture *fixture = *state;
    struct statistics_interval interval;

    /* 0.5, 0.7, 0.6: standard deviation 0.1, so 1.96 * 0.1 / sqrt(3) to either side. */
    assert_true(load(fixture, "k,a,b\n1,5,10\n1,0,0\n1,7,10\n1,6,10\n"));
    interval = statistics_ratio(&fixture->statistics.groups[0], 0, 1);
    assert_near(interval.value, 0.6);
    assert_near(interval.low, 0.6 - 0.11316);
    assert_near(interval.high, 0.6 + 0.11316);
}

static void what_is_no_sweep_is_refused(void **state)
{
    struct fixture *fixture = *state;

    assert_false(load(fixture, "k,a\n1,2\n"));
    assert_non_null(strstr(fixture->error.message, "has no column 'b'"));
    statistics_finish(&fixture->statistics);
    assert_false(load(fixture, "k,a,b\n"));
    assert_non_null(strstr(fixture->error.message, "holds no runs"));
    statistics_finish(&fixture->statistics);
    assert_false(load(fixture, "k,a,b\n1,2,3,4\n"));
    statistics_finish(&fixture->statistics);
    assert_false(load(fixture, ""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(groups_stand_in_the_order_of_their_numbers),
        TEST(a_percentile_is_the_least_value_that_so_many_do_not_exceed),
        TEST(a_share_has_its_wilson_interval),
        TEST(a_ratio_is_the_mean_over_the_runs_that_have_one),
        TEST(what_is_no_sweep_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
