/* aims gaps: what one rule set finds missing, before a council is asked. */

#include "report/gaps.h"

#include <time.h>

#include "client/commands.h"
#include "client/file.h"
#include "client/options.h"
#include "client/print.h"
#include "client/rehearse.h"
#include "report/when.h"

static bool read_day(const struct options *options, uint32_t *out, enum command_exit *exit,
                     struct error *error)
{
    const char *text = options_text(options, "as-of");
    struct timespec now;

    if (text == NULL) {
        (void)clock_gettime(CLOCK_REALTIME, &now);
        *out = (uint32_t)(now.tv_sec / WHEN_SECONDS);
        return true;
    }
    return when_parse_day(text, out) ||
           OPTIONS_USAGE(exit, error, "--as-of '%s': want a day, YYYY-MM-DD", text);
}

static bool run_gaps(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct rehearse rehearse = {0};
    struct gaps gaps = {.rows_max = 3};
    uint64_t rows_max = gaps.rows_max;
    struct findings findings;
    struct buffer out = {0};

    if (!read_day(options, &gaps.as_of, exit, error) ||
        !options_number(options, "rows", 0, 10000, &rows_max, exit, error)) {
        return false;
    }
    bool is_ok = rehearse_run(options, options->arguments[0], &rehearse, error);

    if (is_ok) {
        gaps.catalog = &rehearse.catalog;
        gaps.result = &rehearse.result;
        gaps.purpose = findings_purpose_of(rehearse.dataset.purpose);
        gaps.rows_max = (size_t)rows_max;
        is_ok = when_parse_day(rehearse.dataset.period_end, &gaps.period_end) ||
                error_set(error, ERROR_INVALID, "period_end '%s' is before 1970",
                          rehearse.dataset.period_end);
    }
    if (is_ok) {
        gaps_make(&gaps, &findings);
        (options->is_json ? gaps_json : gaps_text)(&gaps, &findings, &out);
        file_print(&out);
        *exit = print_exit(findings.decision);
    }
    rehearse_finish(&rehearse);
    return is_ok;
}

static const struct command_option gaps_options[] = {
    REHEARSE_OPTIONS,
    {"rows", 0, false, "COUNT", "rows to show of each open criterion (3)"},
    {"as-of", 0, false, "DAY", "judge the age of the evidence on this day instead of today"},
    {NULL, 0, false, NULL, NULL},
};

const struct command gaps_command = {
    .name = "gaps",
    .summary = "rehearse an assessment: what is missing, worst first",
    .arguments = "DIR",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims gaps evidence\n"
                "  aims gaps evidence --rows 20 --ruleset ./my-rules\n"
                "  aims gaps evidence --json\n",
    .options = gaps_options,
    .run = run_gaps,
};
