/* aims-sim plot: a sweep as a picture, drawn by gnuplot. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"
#include "sim/command.h"
#include "sim/files.h"
#include "sim/statistics.h"

#define PANELS_MAX 3
#define SERIES_MAX 24

enum statistic { STATISTIC_RATIO = 1, STATISTIC_SHARE, STATISTIC_MEDIAN };

/* One picture below another: what it shows of each group. */
struct panel {
    const char *label;
    enum statistic statistic;
    const char *top;    /* Column. */
    const char *bottom; /* RATIO: the other column. MEDIAN: of the runs where this is not 0. */
};

/* What a kind of plot shows: series by the column BY, over the column X. Without BY there is a
 * series for each kind of message, and the panels have their columns from `types`. */
struct kind {
    const char *name;
    const char *title;
    const char *x;
    const char *x_label;
    const char *by;
    const char *by_label;
    bool marks_f;      /* A line where x is f, if all runs have the same. */
    const char *dodge; /* Of x, from one series to the next: equal lines would hide each other. */
    struct panel panels[PANELS_MAX];
};

static const struct kind kinds[] = {
    {"findings",
     "Findings against the number of faulty seats",
     "faulty_seats",
     "faulty seats",
     "seat_strategy",
     "what they do",
     true,
     "0.04",
     {{"kept", STATISTIC_RATIO, "kept", "findings"},
      {"flipped", STATISTIC_RATIO, "flipped", "findings"},
      {"contested", STATISTIC_RATIO, "open", "findings"}}},
    {"domain",
     "Findings against the size of a fault domain",
     "domain_seats",
     "seats that run the faulty rule set",
     "scenario",
     "scenario",
     true,
     "0",
     {{"kept", STATISTIC_RATIO, "kept", "findings"},
      {"flipped", STATISTIC_RATIO, "flipped", "findings"},
      {"contested", STATISTIC_RATIO, "open", "findings"}}},
    {"latency",
     "Time from submission to certificate",
     "seats",
     "seats",
     "coordinators",
     "coordinators",
     false,
     "0.4",
     {{"milliseconds, median and 5 to 95 %", STATISTIC_MEDIAN, "latency_mean_ms", "decided"}}},
    {"loss",
     "Time from submission to certificate against loss",
     "loss_ppm",
     "messages lost of a million",
     "seats",
     "seats",
     false,
     "1000",
     {{"milliseconds, median and 5 to 95 %", STATISTIC_MEDIAN, "latency_mean_ms", "decided"}}},
    {"views",
     "What faulty coordinators cost",
     "faulty_chairs",
     "faulty coordinators",
     "chair_strategy",
     "what they do",
     false,
     "0.02",
     {{"view of the certificate", STATISTIC_MEDIAN, "view_max", "decided"},
      {"milliseconds to the certificate", STATISTIC_MEDIAN, "latency_mean_ms", "decided"}}},
    {"censor",
     "What a censoring coordinator can leave out",
     "chair_value",
     "honest seats left out of every book",
     "faulty_seats",
     "liars",
     false,
     "0.06",
     {{"contested findings", STATISTIC_RATIO, "open", "findings"},
      {"flipped findings", STATISTIC_RATIO, "flipped", "findings"},
      {"cases decided", STATISTIC_RATIO, "decided", "cases"}}},
    {"traffic",
     "Messages and bytes of one run",
     "seats",
     "seats",
     "coordinators",
     "coordinators",
     false,
     "0.4",
     {{"messages", STATISTIC_MEDIAN, "messages", NULL},
      {"bytes", STATISTIC_MEDIAN, "bytes", NULL}}},
    {"types",
     "Messages and bytes of one run by kind of message",
     "seats",
     "seats",
     NULL,
     "message",
     false,
     "0",
     {{"messages", STATISTIC_MEDIAN, NULL, NULL}, {"bytes", STATISTIC_MEDIAN, NULL, NULL}}},
    {"throughput",
     "Time for all cases against cases submitted together",
     "cases",
     "cases",
     "seats",
     "seats",
     false,
     "0.4",
     {{"milliseconds to the last certificate", STATISTIC_MEDIAN, "latency_max_ms", "decided"}}},
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

/* The kinds of message, and a column of each for every panel. */
static const struct type {
    const char *name;
    const char *columns[2];
} types[] = {
    {"ASSIGN", {"messages_assign", "bytes_assign"}},
    {"VERDICT", {"messages_verdict", "bytes_verdict"}},
    {"PROPOSE", {"messages_propose", "bytes_propose"}},
    {"PREPARE", {"messages_prepare", "bytes_prepare"}},
    {"CERTIFY", {"messages_certify", "bytes_certify"}},
    {"COMMIT", {"messages_commit", "bytes_commit"}},
    {"DECIDE", {"messages_decide", "bytes_decide"}},
    {"DONE", {"messages_done", "bytes_done"}},
    {"NEW-VIEW", {"messages_new_view", "bytes_new_view"}},
    {"TC", {"messages_tc", "bytes_tc"}},
    {"FETCH", {"messages_fetch", "bytes_fetch"}},
    {"SUBMIT", {"messages_submit", "bytes_submit"}},
    {"RESULT", {"messages_result", "bytes_result"}},
};

enum { TYPE_COUNT = sizeof(types) / sizeof(types[0]) };

static bool find_kind(const struct command_line *line, const struct kind **out,
                      enum command_exit *exit, struct error *error)
{
    const char *name = command_value(line, "kind");
    struct buffer names = {0};

    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (name != NULL && strcmp(name, kinds[i].name) == 0) {
            *out = &kinds[i];
            buffer_finish(&names);
            return true;
        }
        buffer_format(&names, "%s%s",
                      i == 0                ? ""
                      : i + 1 == KIND_COUNT ? " or "
                                            : ", ",
                      kinds[i].name);
    }
    bool is_found = COMMAND_MISUSED(exit, error, "--kind '%.64s': want %s",
                                    name == NULL ? "" : name, buffer_text(&names));

    buffer_finish(&names);
    return is_found;
}

static void name_value(struct statistics *statistics, const char *name)
{
    for (size_t i = 0; name != NULL && i < statistics->value_count; i++) {
        if (strcmp(statistics->value_names[i], name) == 0) {
            return;
        }
    }
    if (name != NULL) {
        CHECK(statistics->value_count < STATISTICS_VALUES_MAX);
        statistics->value_names[statistics->value_count++] = name;
    }
}

static size_t panel_count(const struct kind *kind)
{
    size_t count = 0;

    while (count < PANELS_MAX && kind->panels[count].label != NULL) {
        count++;
    }
    return count;
}

static void name_columns(const struct kind *kind, struct statistics *statistics)
{
    statistics->key_count = 2;
    statistics->key_names[0] = kind->by == NULL ? kind->x : kind->by;
    statistics->key_names[1] = kind->x;
    name_value(statistics, "faulty_max");
    for (size_t i = 0; kind->by == NULL && i < TYPE_COUNT; i++) {
        name_value(statistics, types[i].columns[0]);
        name_value(statistics, types[i].columns[1]);
    }
    for (size_t i = 0; i < panel_count(kind); i++) {
        name_value(statistics, kind->panels[i].top);
        name_value(statistics, kind->panels[i].bottom);
    }
}

static struct statistics_interval measure(const struct statistics *statistics,
                                          const struct statistics_group *group,
                                          const struct panel *panel)
{
    size_t top = statistics_value(statistics, panel->top);

    switch (panel->statistic) {
    case STATISTIC_RATIO:
        return statistics_ratio(group, top, statistics_value(statistics, panel->bottom));
    case STATISTIC_SHARE:
        return statistics_share(group, top);
    case STATISTIC_MEDIAN:
        return statistics_median(
            group, top,
            panel->bottom == NULL ? STATISTICS_ALL : statistics_value(statistics, panel->bottom));
    }
    CHECK_UNREACHABLE();
}

/* The series of a plot, each a block of the data file. */
struct series {
    size_t count;
    const char *names[SERIES_MAX];
};

/* Begins the block of the series NAME. */
static void begin_series(const struct kind *kind, const char *name, struct series *series,
                         struct buffer *out)
{
    buffer_format(out, "%s# %s %s: %s, then value, low and high of each panel\n",
                  series->count == 0 ? "" : "\n\n", kind->by_label, name, kind->x);
    series->names[series->count++] = name;
}

static void write_interval(struct statistics_interval interval, struct buffer *out)
{
    buffer_format(out, " %.6g %.6g %.6g", interval.value, interval.low, interval.high);
}

/* A series for each kind of message that was sent at all. */
static void write_types(const struct kind *kind, const struct statistics *statistics,
                        struct series *series, struct buffer *out)
{
    for (size_t type = 0; type < TYPE_COUNT; type++) {
        size_t columns[2];
        uint64_t sum = 0;

        for (size_t i = 0; i < 2; i++) {
            columns[i] = statistics_value(statistics, types[type].columns[i]);
        }
        for (size_t i = 0; i < statistics->group_count; i++) {
            sum += statistics_sum(&statistics->groups[i], columns[0]);
        }
        if (sum == 0) {
            continue;
        }
        begin_series(kind, types[type].name, series, out);
        for (size_t i = 0; i < statistics->group_count; i++) {
            const struct statistics_group *group = &statistics->groups[i];

            buffer_append_text(out, group->keys[1]);
            write_interval(statistics_median(group, columns[0], STATISTICS_ALL), out);
            write_interval(statistics_median(group, columns[1], STATISTICS_ALL), out);
            buffer_append_byte(out, '\n');
        }
    }
}

/* A series for each value of the column BY. */
static bool write_groups(const struct kind *kind, const struct statistics *statistics,
                         struct series *series, struct buffer *out, struct error *error)
{
    for (size_t i = 0; i < statistics->group_count; i++) {
        const struct statistics_group *group = &statistics->groups[i];

        if (i == 0 || strcmp(group->keys[0], group[-1].keys[0]) != 0) {
            if (series->count == SERIES_MAX) {
                return error_set(error, ERROR_LIMIT,
                                 "the column %s has more than %d values: too many lines to draw",
                                 kind->by, SERIES_MAX);
            }
            begin_series(kind, group->keys[0], series, out);
        }
        buffer_append_text(out, group->keys[1]);
        for (size_t j = 0; j < panel_count(kind); j++) {
            write_interval(measure(statistics, group, &kind->panels[j]), out);
        }
        buffer_append_byte(out, '\n');
    }
    return true;
}

/* f when it is the same in every run, else -1. */
static int common_f(const struct statistics *statistics)
{
    size_t value = statistics_value(statistics, "faulty_max");
    uint64_t f = statistics->groups[0].values[value][0];

    for (size_t i = 0; i < statistics->group_count; i++) {
        const struct statistics_group *group = &statistics->groups[i];

        for (size_t j = 0; j < group->run_count; j++) {
            if (group->values[value][j] != f) {
                return -1;
            }
        }
    }
    return (int)f;
}

/* TEXT as a string of gnuplot. */
static void write_string(const char *text, struct buffer *out)
{
    buffer_append_byte(out, '\'');
    for (; *text != '\0'; text++) {
        buffer_append_text(out, *text == '\'' ? "'" : "");
        buffer_append_byte(out, (uint8_t)((unsigned char)*text < 32 ? ' ' : *text));
    }
    buffer_append_byte(out, '\'');
}

static void write_panel(const struct kind *kind, size_t panel, const char *data,
                        const struct series *series, struct buffer *out)
{
    bool is_share = kind->panels[panel].statistic != STATISTIC_MEDIAN;

    buffer_append_text(out, "set ylabel ");
    write_string(kind->panels[panel].label, out);
    buffer_format(out, "\nset yrange [0:%s]\n", is_share ? "1.02" : "*");
    buffer_append_text(
        out, panel == 0 ? "set key outside right top maxcols 1 spacing 0.85 font ',10' title "
                        : "unset key");
    if (panel == 0) {
        write_string(kind->by_label, out);
    }
    buffer_append_text(out, "\nplot");
    for (size_t i = 0; i < series->count; i++) {
        size_t column = 2 + 3 * panel;

        buffer_append_text(out, i == 0 ? " " : ", \\\n    ");
        write_string(data, out);
        buffer_format(out,
                      " index %zu using ($1+%zu*%s):%zu:%zu:%zu with yerrorlines pointtype 7 "
                      "pointsize 0.3 linetype %zu title ",
                      i, i, kind->dodge, column, column + 1, column + 2, i + 1);
        write_string(series->names[i], out);
    }
    buffer_append_byte(out, '\n');
}

static void write_script(const struct kind *kind, const struct statistics *statistics,
                         const char *data, const char *picture, const struct series *series,
                         struct buffer *out)
{
    int f = kind->marks_f ? common_f(statistics) : -1;
    size_t panels = panel_count(kind);

    buffer_format(
        out,
        "set terminal svg size 860,%zu dynamic noenhanced font 'sans-serif,12' background "
        "rgb 'white'\nset output ",
        120 + 240 * panels);
    write_string(picture, out);
    buffer_append_text(out, "\nset grid\nset rmargin 22\nset lmargin 10\nset xlabel ");
    write_string(kind->x_label, out);
    buffer_append_byte(out, '\n');
    if (f >= 0) {
        buffer_format(out,
                      "set arrow 1 from %d, graph 0 to %d, graph 1 nohead dashtype 2\n"
                      "set label 1 'f = %d' at %d, graph 0.95 offset 0.5, 0\n",
                      f, f, f, f);
    }
    buffer_format(out, "set multiplot layout %zu, 1 title ", panels);
    write_string(kind->title, out);
    buffer_append_byte(out, '\n');
    for (size_t i = 0; i < panels; i++) {
        write_panel(kind, i, data, series, out);
    }
    buffer_append_text(out, "unset multiplot\n");
}

static bool call_gnuplot(const char *script, enum command_exit *exit, struct error *error)
{
    int status = 0;

    (void)fflush(NULL);
    pid_t pid = fork();

    if (pid == 0) {
        (void)execlp("gnuplot", "gnuplot", script, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        return error_set(error, ERROR_IO, "cannot start gnuplot: %s", strerror(errno));
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        bool is_missing = WIFEXITED(status) && WEXITSTATUS(status) == 127;

        *exit = COMMAND_BAD_INPUT;
        return error_set(error, ERROR_IO,
                         is_missing ? "gnuplot is not installed; %s is ready for it"
                                    : "gnuplot refuses %s",
                         script);
    }
    return true;
}

/* PATH with its ending replaced. */
static bool change_ending(const char *path, const char *ending, char out[FILES_PATH_SIZE],
                          struct error *error)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash == NULL ? path : slash, '.');
    int stem = (int)(dot == NULL ? strlen(path) : (size_t)(dot - path));
    int length = snprintf(out, FILES_PATH_SIZE, "%.*s%s", stem, path, ending);

    return (length > 0 && length < FILES_PATH_SIZE) ||
           error_set(error, ERROR_LIMIT, "the path '%.64s' is too long", path);
}

static bool draw(const struct command_line *line, const struct kind *kind,
                 const struct statistics *statistics, enum command_exit *exit, struct error *error)
{
    const char *picture = command_value(line, "out");
    struct series series = {0};
    char script_path[FILES_PATH_SIZE];
    char data_path[FILES_PATH_SIZE];
    struct buffer data = {0};
    struct buffer script = {0};
    bool is_ok = change_ending(picture, ".gp", script_path, error) &&
                 change_ending(picture, ".dat", data_path, error);

    if (is_ok && kind->by == NULL) {
        write_types(kind, statistics, &series, &data);
    } else {
        is_ok = is_ok && write_groups(kind, statistics, &series, &data, error);
    }
    if (is_ok) {
        write_script(kind, statistics, data_path, picture, &series, &script);
        is_ok =
            files_write(data_path, buffer_bytes(&data), error) &&
            files_write(script_path, buffer_bytes(&script), error) &&
            (command_value(line, "script-only") != NULL || call_gnuplot(script_path, exit, error));
    }
    buffer_finish(&data);
    buffer_finish(&script);
    return is_ok;
}

static bool run_plot(const struct command_line *line, enum command_exit *exit, struct error *error)
{
    struct statistics statistics = {0};
    const struct kind *kind = NULL;

    if (!find_kind(line, &kind, exit, error)) {
        return false;
    }
    if (command_value(line, "out") == NULL) {
        return COMMAND_MISUSED(exit, error, "-o is missing: where the picture goes, FILE.svg");
    }
    name_columns(kind, &statistics);
    bool is_ok = statistics_load(&statistics, line->arguments, line->argument_count, error) &&
                 draw(line, kind, &statistics, exit, error);

    statistics_finish(&statistics);
    return is_ok;
}

static const struct command_option plot_options[] = {
    {"kind", 'k', "KIND",
     "findings, domain, latency, loss, views, censor, traffic, types or throughput"},
    {"out", 'o', "FILE.svg", "the picture; its data and script go beside it as .dat and .gp"},
    {"script-only", 0, NULL, "write data and script and do not call gnuplot"},
    {NULL, 0, NULL, NULL},
};

const struct command plot_command = {
    .name = "plot",
    .summary = "draw a sweep with gnuplot",
    .arguments = "CSV...",
    .argument_min = 1,
    .argument_max = COMMAND_ARGUMENTS_MAX,
    .examples = "  aims-sim plot findings.csv --kind findings -o findings.svg\n"
                "  aims-sim plot part-*.csv --kind latency -o latency.svg --script-only\n",
    .options = plot_options,
    .run = run_plot,
};
