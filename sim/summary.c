/* aims-sim summary: what the rows of sweeps say, per configuration. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "formats/json.h"
#include "sim/command.h"
#include "sim/statistics.h"

/* Numbers whose percentiles are told; the first ones only of runs that decided something. */
static const char *const measures[] = {
    "latency_mean_ms", "latency_max_ms", "view_max", "certificate_bytes", "attempt_max",
    "messages",        "bytes",          "signed",   "verified"};
/* Shares of findings. */
static const char *const shares[] = {"kept", "flipped", "open"};
static const char *const others[] = {"failed", "contested", "unheard", "findings",
                                     "proved", "accused",   "liars",   "decided"};

enum {
    MEASURE_DECIDED = 4,
    MEASURE_COUNT = sizeof(measures) / sizeof(measures[0]),
    SHARE_COUNT = sizeof(shares) / sizeof(shares[0]),
    OTHER_COUNT = sizeof(others) / sizeof(others[0]),
};

static void name_values(struct statistics *statistics)
{
    size_t count = 0;

    for (size_t i = 0; i < MEASURE_COUNT; i++) {
        statistics->value_names[count++] = measures[i];
    }
    for (size_t i = 0; i < SHARE_COUNT; i++) {
        statistics->value_names[count++] = shares[i];
    }
    for (size_t i = 0; i < OTHER_COUNT; i++) {
        statistics->value_names[count++] = others[i];
    }
    CHECK(count <= STATISTICS_VALUES_MAX);
    statistics->value_count = count;
}

/* Splits LIST at its commas, in place, into the keys of STATISTICS. */
static bool name_keys(struct statistics *statistics, char *list, enum command_exit *exit,
                      struct error *error)
{
    for (char *name = list; name != NULL && *name != '\0';) {
        char *comma = strchr(name, ',');

        if (statistics->key_count == STATISTICS_KEYS_MAX) {
            return COMMAND_MISUSED(exit, error, "--by: want at most %d columns",
                                   STATISTICS_KEYS_MAX);
        }
        if (comma != NULL) {
            *comma = '\0';
        }
        statistics->key_names[statistics->key_count++] = name;
        name = comma == NULL ? NULL : comma + 1;
    }
    return true;
}

/* Proved culprits among the accused, and among those that signed what can be proved. */
static double part(const struct statistics *statistics, const struct statistics_group *group,
                   const char *whole)
{
    uint64_t of = statistics_sum(group, statistics_value(statistics, whole));
    uint64_t proved = statistics_sum(group, statistics_value(statistics, "proved"));

    return of == 0 ? 1 : (double)proved / (double)of;
}

/* The runs that measure INDEX is about. */
static size_t where_of(const struct statistics *statistics, size_t index)
{
    return index < MEASURE_DECIDED ? statistics_value(statistics, "decided") : STATISTICS_ALL;
}

static void print_interval(const char *name, struct statistics_interval interval)
{
    printf("  %-20s %.4f  (%.4f to %.4f)\n", name, interval.value, interval.low, interval.high);
}

static void print_group(const struct statistics *statistics, const struct statistics_group *group)
{
    for (size_t i = 0; i < statistics->key_count; i++) {
        printf("%s%s=%s", i == 0 ? "" : " ", statistics->key_names[i], group->keys[i]);
    }
    printf("%s%zu runs\n", statistics->key_count == 0 ? "" : ": ", group->run_count);
    print_interval("runs failed", statistics_share(group, statistics_value(statistics, "failed")));
    print_interval("runs with contested",
                   statistics_share(group, statistics_value(statistics, "contested")));
    for (size_t i = 0; i < SHARE_COUNT; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "findings %s", shares[i]);
        print_interval(name, statistics_ratio(group, statistics_value(statistics, shares[i]),
                                              statistics_value(statistics, "findings")));
    }
    for (size_t i = 0; i < MEASURE_COUNT; i++) {
        size_t value = statistics_value(statistics, measures[i]);
        size_t where = where_of(statistics, i);

        printf("  %-20s p50 %" PRIu64 "  p95 %" PRIu64 "  p99 %" PRIu64 "  max %" PRIu64 "\n",
               measures[i], statistics_percentile(group, value, where, 50),
               statistics_percentile(group, value, where, 95),
               statistics_percentile(group, value, where, 99),
               statistics_percentile(group, value, where, 100));
    }
    printf("  %-20s precision %.4f  recall %.4f\n", "misconduct",
           part(statistics, group, "accused"), part(statistics, group, "liars"));
}

/* VALUE with six decimals, which canonical JSON keeps as text. */
static struct json *fraction(double value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%.6f", value);
    return json_text(text);
}

static struct json *interval_json(struct statistics_interval interval)
{
    struct json *json = json_object();

    json_set(json, "value", fraction(interval.value));
    json_set(json, "low", fraction(interval.low));
    json_set(json, "high", fraction(interval.high));
    return json;
}

static struct json *measure_json(const struct statistics_group *group, size_t value, size_t where)
{
    struct json *json = json_object();

    json_set(json, "p50", json_integer((int64_t)statistics_percentile(group, value, where, 50)));
    json_set(json, "p95", json_integer((int64_t)statistics_percentile(group, value, where, 95)));
    json_set(json, "p99", json_integer((int64_t)statistics_percentile(group, value, where, 99)));
    json_set(json, "max", json_integer((int64_t)statistics_percentile(group, value, where, 100)));
    return json;
}

static struct json *group_json(const struct statistics *statistics,
                               const struct statistics_group *group)
{
    struct json *json = json_object();
    struct json *keys = json_object();

    for (size_t i = 0; i < statistics->key_count; i++) {
        json_set(keys, statistics->key_names[i], json_text(group->keys[i]));
    }
    json_set(json, "by", keys);
    json_set(json, "runs", json_integer((int64_t)group->run_count));
    json_set(json, "failed",
             interval_json(statistics_share(group, statistics_value(statistics, "failed"))));
    json_set(json, "contested",
             interval_json(statistics_share(group, statistics_value(statistics, "contested"))));
    for (size_t i = 0; i < SHARE_COUNT; i++) {
        json_set(json, shares[i],
                 interval_json(statistics_ratio(group, statistics_value(statistics, shares[i]),
                                                statistics_value(statistics, "findings"))));
    }
    for (size_t i = 0; i < MEASURE_COUNT; i++) {
        json_set(json, measures[i],
                 measure_json(group, statistics_value(statistics, measures[i]),
                              where_of(statistics, i)));
    }
    json_set(json, "precision", fraction(part(statistics, group, "accused")));
    json_set(json, "recall", fraction(part(statistics, group, "liars")));
    return json;
}

static void print_all(const struct statistics *statistics, bool is_json)
{
    struct json *list = json_list();
    struct buffer out = {0};

    for (size_t i = 0; i < statistics->group_count; i++) {
        if (is_json) {
            json_add(list, group_json(statistics, &statistics->groups[i]));
        } else {
            print_group(statistics, &statistics->groups[i]);
        }
    }
    if (is_json) {
        json_write_pretty(list, &out);
        fputs(buffer_text(&out), stdout);
    }
    buffer_finish(&out);
    json_destroy(list);
}

static bool run_summary(const struct command_line *line, enum command_exit *exit,
                        struct error *error)
{
    const char *by = command_value(line, "by");
    char list[512] = "";
    struct statistics statistics = {0};

    if (by != NULL && strlen(by) >= sizeof(list)) {
        return COMMAND_MISUSED(exit, error, "--by is longer than %zu bytes", sizeof(list) - 1);
    }
    memcpy(list, by == NULL ? "" : by, by == NULL ? 1 : strlen(by) + 1);
    name_values(&statistics);
    bool is_ok = name_keys(&statistics, list, exit, error) &&
                 statistics_load(&statistics, line->arguments, line->argument_count, error);

    if (is_ok) {
        print_all(&statistics, line->is_json);
    }
    statistics_finish(&statistics);
    return is_ok;
}

static const struct command_option summary_options[] = {
    {"by", 'b', "COLUMNS", "one summary per configuration; up to four columns, a,b,c,d"},
    {NULL, 0, NULL, NULL},
};

const struct command summary_command = {
    .name = "summary",
    .summary = "percentiles and 95 % intervals of a sweep, per configuration",
    .arguments = "CSV...",
    .argument_min = 1,
    .argument_max = COMMAND_ARGUMENTS_MAX,
    .examples = "  aims-sim summary findings.csv --by faulty_seats,seat_strategy\n"
                "  aims-sim summary part-*.csv --json\n",
    .options = summary_options,
    .run = run_summary,
};
