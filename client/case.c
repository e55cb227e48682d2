/* aims report, certificate: what became of a case, from a coordinator or from files. */

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "client/commands.h"
#include "client/connect.h"
#include "client/data.h"
#include "client/file.h"
#include "client/hearings.h"
#include "client/options.h"
#include "client/print.h"
#include "client/proofs.h"
#include "client/result.h"
#include "formats/tree.h"
#include "report/text.h"
#include "report/when.h"

#define ROWS_MAX       5  /* Rows of a paper that are quoted, unless told. */
#define MISCONDUCT_MAX 16 /* Proofs that are told beside a report. */

/* True when the argument is a case and not a file. */
static bool is_case(const struct options *options)
{
    struct digest ignored;

    return encode_to_digest(options->arguments[0], &ignored);
}

/* A report to show, from either source. */
struct show {
    const struct options *options;
    struct arena *arena;
    struct connect connect;
    struct result_hearing hearing; /* When it comes from a coordinator. */
    struct result result;
    struct buffer papers; /* papers.json; empty when there is none. */
};

/* Asks one coordinator for the report and, if they are wanted, the papers. */
static bool ask_report(void *context, struct web *web, struct error *error)
{
    struct show *show = context;

    result_finish(&show->result);
    buffer_clear(&show->papers);
    return result_fetch(web, &show->connect.roster, &show->hearing, &show->result, error) &&
           (!options_has(show->options, "papers") ||
            result_fetch_papers(web, &show->hearing, &show->papers, error));
}

static bool fetch_report(struct show *show, enum command_exit *exit, struct error *error)
{
    static const struct connect_needs needs = {.key = true, .roster = true};

    return result_read_hearing(show->options, &show->hearing, exit, error) &&
           connect_open(show->options, &needs, show->arena, &show->connect, exit, error) &&
           connect_ask(&show->connect, ask_report, show, error);
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

/* Opens the papers, if there are any; those of --seat are to be quoted. */
static bool open_papers(struct show *show, struct result_papers *out, enum command_exit *exit,
                        struct error *error)
{
    uint64_t seat = UINT64_MAX;

    *out = (struct result_papers){0};
    if (!options_number(show->options, "seat", 0, MESSAGE_SEATS_MAX - 1, &seat, exit, error)) {
        return false;
    }
    if (show->papers.size == 0) {
        return true;
    }
    if (!result_open_papers(buffer_bytes(&show->papers), show->connect.keys, show->result.parsed,
                            seat == UINT64_MAX ? -1 : (int)seat, show->arena, out, error)) {
        return false;
    }
    warn_papers(out);
    return true;
}

static bool print_text(struct show *show, const struct result_papers *papers,
                       enum command_exit *exit, struct error *error)
{
    const struct report *report = show->result.parsed;
    struct text_options text = {.papers = papers->is_open ? &papers->papers : NULL};
    struct catalog catalog;
    struct buffer out = {0};
    uint64_t rows_max = ROWS_MAX;

    if (!options_number(show->options, "rows", 0, 10000, &rows_max, exit, error) ||
        !data_catalog(options_text(show->options, "catalog"), show->arena, &catalog, error) ||
        !report_check_catalog(report, &catalog, error)) {
        return false;
    }
    text.rows_max = (size_t)rows_max;
    text_write(report, &catalog, &text, &out);
    file_print(&out);
    return true;
}

/* The report byte for byte; with --papers {"papers": {"criteria", "forged", "genuine", "omitted",
 * "seat", "shown"}, "report"}, criteria as report/papers.h has them. */
static void print_json(const struct show *show, const struct result_papers *papers)
{
    const struct buffer *report = &show->result.report;
    struct buffer out = {0};

    if (options_has(show->options, "papers")) {
        buffer_append_text(&out, "{\"papers\":{\"criteria\":");
        if (papers->is_open) {
            papers_write_criteria(&papers->papers, &out);
        } else {
            buffer_append_text(&out, "[]");
        }
        buffer_format(&out, ",\"forged\":%zu,\"genuine\":%zu,\"omitted\":%zu,\"seat\":",
                      papers->forged_count, papers->genuine_count, papers->omitted_count);
        if (papers->is_open) {
            buffer_format(&out, "%u", papers->papers.seat);
        } else {
            buffer_append_text(&out, "null");
        }
        buffer_format(&out, ",\"shown\":%zu},\"report\":", papers->shown_count);
        buffer_append(&out, report->data, report->size);
        buffer_append_text(&out, "}");
    } else {
        buffer_append(&out, report->data, report->size);
    }
    file_print(&out);
}

/* Says beside the report which other hearings the case had. */
static void tell_hearings(struct show *show)
{
    struct result_hearing hearing = {.case_id = show->result.parsed->case_id};
    char path[RESULT_PATH_SIZE];
    struct web_answer answer = {0};
    struct tree *state = NULL;
    struct error ignored;

    result_path(&hearing, "", path);
    if (web_get(show->result.web, path, 0, &answer, &ignored) &&
        tree_parse_json(buffer_bytes(&answer.body), "state", show->arena, &state, &ignored)) {
        const struct tree *list = hearings_of(state);

        if (list != NULL && list->count > 1) {
            fprintf(stderr, "aims: this is the report on attempt %u; ",
                    show->result.parsed->attempt);
            hearings_print(list, stderr);
        }
    }
    web_answer_finish(&answer);
}

/* Says beside the report who was caught in its docket, as far as whoever gave the report can prove
 * it. The report stands all the same: what a council promises, it promises in spite of f seats. */
static void warn_misconduct(struct show *show)
{
    struct arena *arena = arena_create(PROOF_MEMORY_MAX);
    struct buffer file = {0};
    struct web *web = show->result.web;
    size_t shown_count = 0;
    struct proofs proofs;
    struct proof proof;
    struct error ignored;

    if (!proofs_list(web, show->arena, &proofs, &ignored)) {
        proofs.count = 0;
    }
    for (size_t i = 0; i < proofs.count && shown_count < MISCONDUCT_MAX; i++) {
        if (!digest_equal(&proofs.entries[i].docket, &show->result.parsed->docket) ||
            !proofs_fetch(web, proofs.entries[i].id, &show->connect.roster, arena, &file, &proof,
                          &ignored)) {
            continue;
        }
        shown_count++;
        fputs("aims: misconduct in this docket: ", stderr);
        proofs_print(&show->connect.roster, &proof, stderr);
        fputs("\n", stderr);
        arena_reset(arena);
    }
    buffer_finish(&file);
    arena_destroy(arena);
}

static bool show_report(struct show *show, enum command_exit *exit, struct error *error)
{
    bool is_remote = is_case(show->options);
    struct result_papers papers;

    if (!(is_remote ? fetch_report : read_report)(show, exit, error) ||
        !open_papers(show, &papers, exit, error)) {
        return false;
    }
    if (show->options->is_json) {
        print_json(show, &papers);
    } else if (!print_text(show, &papers, exit, error)) {
        return false;
    }
    if (is_remote) {
        (void)fflush(stdout);
        tell_hearings(show);
        warn_misconduct(show);
    }
    *exit = print_exit(show->result.parsed->findings.decision);
    return true;
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

/* Verifies the certificate, and that it is of HEARING unless that is NULL. */
static bool check_certificate(struct show *show, const char *name,
                              const struct result_hearing *hearing, struct error *error)
{
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
    return true;
}

/* Keeps it when told where, else shows what it says. */
static bool put_certificate(const struct show *show, struct error *error)
{
    const char *output = options_text(show->options, "output");
    const struct result *result = &show->result;

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

static bool ask_certificate(void *context, struct web *web, struct error *error)
{
    struct show *show = context;

    result_finish(&show->result);
    return result_fetch_certificate(web, &show->hearing, &show->result.certificate, error) &&
           check_certificate(show, "certificate of the coordinator", &show->hearing, error);
}

static bool fetch_certificate(struct show *show, enum command_exit *exit, struct error *error)
{
    static const struct connect_needs needs = {.key = true, .roster = true};

    return result_read_hearing(show->options, &show->hearing, exit, error) &&
           connect_open(show->options, &needs, show->arena, &show->connect, exit, error) &&
           connect_ask(&show->connect, ask_certificate, show, error) &&
           put_certificate(show, error);
}

static bool read_certificate(struct show *show, enum command_exit *exit, struct error *error)
{
    const char *path = show->options->arguments[0];
    const char *roster = NULL;

    return options_need(show->options, "roster", &roster, exit, error) &&
           roster_load(roster, show->arena, &show->connect.roster, error) &&
           file_read(path, MESSAGE_CERTIFICATE_MAX, &show->result.certificate, error) &&
           check_certificate(show, path, NULL, error) && put_certificate(show, error);
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

static const struct command_option report_options[] = {
    CONNECT_OPTIONS,
    {"attempt", 0, false, "K", "this hearing of the case instead of the one that stands"},
    {"papers", 0, false, NULL,
     "quote rows of working papers that the key opens; with --json add them"},
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
