/* aims status, report, certificate: what became of a case, from a coordinator or from files. */

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "client/commands.h"
#include "client/connect.h"
#include "client/data.h"
#include "client/file.h"
#include "client/follow.h"
#include "client/options.h"
#include "client/print.h"
#include "client/result.h"
#include "report/text.h"
#include "report/when.h"

#define ROWS_MAX 5 /* Rows of a paper that are quoted, unless told. */

static bool read_case(const struct options *options, struct result_hearing *out,
                      enum command_exit *exit, struct error *error)
{
    uint64_t attempt = 0;

    if (!options_number(options, "attempt", 1, UINT32_MAX, &attempt, exit, error)) {
        return false;
    }
    out->attempt = (uint32_t)attempt;
    return encode_to_digest(options->arguments[0], &out->case_id) ||
           OPTIONS_USAGE(exit, error, "'%s' is neither a file nor a case, 64 hex characters",
                         options->arguments[0]);
}

/* True when the argument is a case and not a file. */
static bool is_case(const struct options *options)
{
    struct digest ignored;

    return encode_to_digest(options->arguments[0], &ignored);
}

static void print_state(const struct follow_state *state)
{
    printf("attempt    %u\nstate      ", state->attempt);
    print_clean(state->state, stdout);
    printf("\nseats      %u up of %u, %u needed\n", state->seats_up, state->seats, state->quorum);
    if (state->outcome[0] == '\0') {
        printf("assessed   %u\nprepared   %u\ncommitted  %u\n", state->assessed, state->prepared,
               state->committed);
    }
    if (state->why[0] != '\0') {
        printf("waits      ");
        print_clean(state->why, stdout);
        printf("\n");
    }
    if (state->outcome[0] != '\0') {
        printf("outcome    ");
        print_clean(state->outcome, stdout);
        enum findings_decision decision = findings_decision_of(state->decision);

        printf("\ndecision   ");
        print_clean(decision == 0 ? state->decision : print_decision(decision), stdout);
        printf(" (as the coordinator says; aims report verifies it)\n");
    }
}

static bool show_status(const struct options *options, const struct result_hearing *hearing,
                        struct web *web, struct error *error)
{
    char path[RESULT_PATH_SIZE];
    struct web_answer answer = {0};
    struct follow_state state;

    result_path(hearing, "", path);
    bool is_ok = web_get(web, path, 0, &answer, error) &&
                 follow_parse(buffer_bytes(&answer.body), &state, error);

    if (is_ok && options->is_json) {
        printf("%s\n", buffer_text(&answer.body));
    } else if (is_ok) {
        print_state(&state);
    }
    web_answer_finish(&answer);
    return is_ok;
}

static bool run_status(const struct options *options, enum command_exit *exit, struct error *error)
{
    static const struct connect_needs needs = {.key = true};
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    struct connect connect = {0};
    struct result_hearing hearing;
    bool is_ok = read_case(options, &hearing, exit, error) &&
                 connect_open(options, &needs, arena, &connect, exit, error) &&
                 show_status(options, &hearing, connect.web, error);

    connect_close(&connect);
    arena_destroy(arena);
    return is_ok;
}

/* A report to show, from either source. */
struct show {
    const struct options *options;
    struct arena *arena;
    struct connect connect;
    struct result result;
    struct buffer papers; /* papers.json; empty when there is none. */
};

static bool fetch_report(struct show *show, enum command_exit *exit, struct error *error)
{
    static const struct connect_needs needs = {.key = true, .roster = true};
    struct result_hearing hearing;

    return read_case(show->options, &hearing, exit, error) &&
           connect_open(show->options, &needs, show->arena, &show->connect, exit, error) &&
           result_fetch(show->connect.web, &show->connect.roster, &hearing, show->arena,
                        &show->result, error) &&
           (!options_has(show->options, "papers") ||
            result_fetch_papers(show->connect.web, &hearing, &show->papers, error));
}

/* The file NAME beside the report at PATH. */
static bool beside(const char *path, const char *name, char out[FILE_PATH_SIZE],
                   struct error *error)
{
    const char *slash = strrchr(path, '/');

    return file_path(out, error, "%.*s%s", slash == NULL ? 0 : (int)(slash - path) + 1, path, name);
}

/* Checks the report against the certificate beside it, when there is a roster to do it by. */
static bool check_report(struct show *show, const char *path, struct error *error)
{
    const char *roster = options_text(show->options, "roster");
    char certificate[FILE_PATH_SIZE];
    struct result *result = &show->result;

    if (roster == NULL) {
        fprintf(stderr, "aims: not verified: give --roster FILE, with certificate.json beside the "
                        "report\n");
        return report_parse(buffer_bytes(&result->report), path, show->arena, &result->parsed,
                            error);
    }
    return roster_load(roster, show->arena, &show->connect.roster, error) &&
           beside(path, "certificate.json", certificate, error) &&
           (file_read(certificate, MESSAGE_CERTIFICATE_MAX, &result->certificate, error) ||
            error_wrap(error, "the certificate that belongs beside %s", path)) &&
           certificate_check(buffer_bytes(&result->certificate), certificate, &show->connect.roster,
                             show->arena, &result->checked, error) &&
           certificate_check_report(result->checked, &show->connect.roster,
                                    buffer_bytes(&result->report), path, show->arena,
                                    &result->parsed, &result->index, error);
}

static bool read_report(struct show *show, enum command_exit *exit, struct error *error)
{
    const char *path = show->options->arguments[0];
    const char *seed = NULL;
    char papers[FILE_PATH_SIZE];

    if (!file_read(path, REPORT_SIZE_MAX, &show->result.report, error) ||
        !check_report(show, path, error)) {
        return false;
    }
    if (!options_has(show->options, "papers")) {
        return true;
    }
    return options_need(show->options, "key", &seed, exit, error) &&
           keys_open(seed, &show->connect.keys, error) &&
           beside(path, "papers.json", papers, error) &&
           file_read(papers, RESULT_PAPERS_MAX, &show->papers, error);
}

static void warn_papers(const struct result_papers *papers)
{
    fprintf(stderr, "aims: %zu of %zu sealed papers open with this key", papers->opened_count,
            papers->sealed_count);
    if (papers->is_open) {
        fprintf(stderr, "; rows are quoted as seat %u gave them", papers->papers.seat);
    }
    fputs("\n", stderr);
    if (papers->forged_count > 0) {
        fprintf(stderr,
                "aims: warning: %zu papers are not those that their seats signed; do not rely on "
                "the rows\n",
                papers->forged_count);
    }
}

static bool print_report(struct show *show, enum command_exit *exit, struct error *error)
{
    const struct report *report = show->result.parsed;
    struct result_papers papers = {0};
    struct text_options text = {.rows_max = ROWS_MAX};
    struct catalog catalog;
    struct buffer out = {0};
    uint64_t rows_max = ROWS_MAX;
    uint64_t seat = UINT64_MAX;

    if (!options_number(show->options, "seat", 0, MESSAGE_SEATS_MAX - 1, &seat, exit, error) ||
        !options_number(show->options, "rows", 0, 10000, &rows_max, exit, error) ||
        !data_catalog(options_text(show->options, "catalog"), show->arena, &catalog, error) ||
        !report_check_catalog(report, &catalog, error)) {
        return false;
    }
    if (show->papers.size > 0) {
        if (!result_open_papers(buffer_bytes(&show->papers), show->connect.keys, report,
                                seat == UINT64_MAX ? -1 : (int)seat, show->arena, &papers, error)) {
            return false;
        }
        warn_papers(&papers);
    }
    text.rows_max = (size_t)rows_max;
    text.papers = papers.is_open ? &papers.papers : NULL;
    text_write(report, &catalog, &text, &out);
    file_print(&out);
    return true;
}

static bool show_report(struct show *show, enum command_exit *exit, struct error *error)
{
    bool is_ok =
        is_case(show->options) ? fetch_report(show, exit, error) : read_report(show, exit, error);

    if (is_ok && show->options->is_json) {
        (void)fwrite(show->result.report.data, 1, show->result.report.size, stdout);
    } else if (is_ok) {
        is_ok = print_report(show, exit, error);
    }
    if (is_ok) {
        *exit = print_exit(show->result.parsed->findings.decision);
    }
    return is_ok;
}

static bool run_report(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct show show = {.options = options, .arena = arena_create(DATA_MEMORY_MAX)};
    bool is_ok = show_report(&show, exit, error);

    buffer_finish(&show.papers);
    result_finish(&show.result);
    connect_close(&show.connect);
    arena_destroy(show.arena);
    return is_ok;
}

static void print_certificate(const struct certificate *certificate, const struct roster *roster)
{
    const struct statement *statement = &certificate->statement;
    char hex[DIGEST_HEX_SIZE];
    char when[WHEN_TEXT_SIZE];

    printf("value      %s\n", encode_digest(&statement->value, hex));
    printf("docket     %s, view %u\n", encode_digest(&statement->docket, hex), statement->view);
    printf("signed     by %zu of %u seats, %u needed\n", certificate->vote_count,
           roster->seat_count, roster->quorum_count);
    printf("assessed   %s\n", when_text(statement->assessed_at, when));
    for (size_t i = 0; i < statement->case_count; i++) {
        printf("case       %s, attempt %u: %s\n", encode_digest(&statement->cases[i].id, hex),
               statement->cases[i].attempt, findings_outcome_name(statement->cases[i].outcome));
    }
}

/* Verifies the certificate, and that it is of HEARING unless that is NULL; keeps it when told
 * where, shows what it says. */
static bool take_certificate(struct show *show, const char *name,
                             const struct result_hearing *hearing, struct error *error)
{
    const char *output = options_text(show->options, "output");
    struct result *result = &show->result;

    if (!certificate_check(buffer_bytes(&result->certificate), name, &show->connect.roster,
                           show->arena, &result->checked, error)) {
        return false;
    }
    if (hearing != NULL &&
        certificate_find(result->checked, &hearing->case_id, hearing->attempt) < 0) {
        return error_set(error, ERROR_CONFLICT,
                         "the coordinator answers with the certificate of another hearing");
    }
    if (output != NULL) {
        return file_write(output, buffer_bytes(&result->certificate), 0644, error);
    }
    if (show->options->is_json) {
        (void)fwrite(result->certificate.data, 1, result->certificate.size, stdout);
    } else {
        print_certificate(result->checked, &show->connect.roster);
    }
    return true;
}

static bool fetch_certificate(struct show *show, enum command_exit *exit, struct error *error)
{
    static const struct connect_needs needs = {.key = true, .roster = true};
    struct result_hearing hearing;

    return read_case(show->options, &hearing, exit, error) &&
           connect_open(show->options, &needs, show->arena, &show->connect, exit, error) &&
           result_fetch_certificate(show->connect.web, &hearing, &show->result.certificate,
                                    error) &&
           take_certificate(show, "certificate of the coordinator", &hearing, error);
}

static bool read_certificate(struct show *show, enum command_exit *exit, struct error *error)
{
    const char *path = show->options->arguments[0];
    const char *roster = NULL;

    return options_need(show->options, "roster", &roster, exit, error) &&
           roster_load(roster, show->arena, &show->connect.roster, error) &&
           file_read(path, MESSAGE_CERTIFICATE_MAX, &show->result.certificate, error) &&
           take_certificate(show, path, NULL, error);
}

static bool run_certificate(const struct options *options, enum command_exit *exit,
                            struct error *error)
{
    struct show show = {.options = options, .arena = arena_create(DATA_MEMORY_MAX)};
    bool is_ok = is_case(options) ? fetch_certificate(&show, exit, error)
                                  : read_certificate(&show, exit, error);

    result_finish(&show.result);
    connect_close(&show.connect);
    arena_destroy(show.arena);
    return is_ok;
}

static const struct command_option status_options[] = {
    CONNECT_OPTIONS,
    {"attempt", 0, false, "K", "this hearing of the case instead of the one that stands"},
    {NULL, 0, false, NULL, NULL},
};

const struct command status_command = {
    .name = "status",
    .summary = "say how far a case is",
    .arguments = "CASE",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims status CASE --key org.seed --council council\n",
    .options = status_options,
    .run = run_status,
};

static const struct command_option report_options[] = {
    CONNECT_OPTIONS,
    {"attempt", 0, false, "K", "this hearing of the case instead of the one that stands"},
    {"papers", 0, false, NULL, "quote rows of working papers that the key opens"},
    {"seat", 0, false, "N", "quote the papers of this seat"},
    {"rows", 0, false, "COUNT", "rows to quote of each criterion (5)"},
    {"catalog", 0, true, "NAME", "the catalogue that the report is about"},
    {NULL, 0, false, NULL, NULL},
};

const struct command report_command = {
    .name = "report",
    .summary = "show the report on a case, from its coordinator or from a file",
    .arguments = "CASE|FILE",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims report CASE --key org.seed --council council --papers\n"
                "  aims report result/report.json --roster roster.json\n",
    .options = report_options,
    .run = run_report,
};

static const struct command_option certificate_options[] = {
    CONNECT_OPTIONS,
    {"attempt", 0, false, "K", "this hearing of the case instead of the one that stands"},
    {"output", 'o', false, "FILE", "where to write it"},
    {NULL, 0, false, NULL, NULL},
};

const struct command certificate_command = {
    .name = "certificate",
    .summary = "fetch, verify and show the certificate of a case",
    .arguments = "CASE|FILE",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims certificate CASE --key org.seed --council council -o certificate.json\n"
                "  aims certificate certificate.json --roster roster.json\n",
    .options = certificate_options,
    .run = run_certificate,
};
