/* aims submit: lays a bundle before a council, and waits for what it says if told to. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/encode.h"
#include "client/commands.h"
#include "client/connect.h"
#include "client/data.h"
#include "client/delay.h"
#include "client/file.h"
#include "client/filing.h"
#include "client/options.h"
#include "client/print.h"
#include "client/pursue.h"
#include "client/result.h"
#include "crypto/hash.h"
#include "evidence/bundle.h"
#include "formats/json.h"

#define BUNDLE_FILE_MAX (BUNDLE_CONTENT_MAX + BUNDLE_HEADER_MAX + 4096)
#define TIMEOUT_S       900 /* Of --wait, unless told. */
#define PATIENCE_S      10  /* First wait without progress, unless told. */
#define ATTEMPTS        64  /* Likewise; docs/PROTOCOL.md, "The client". */
#define ATTEMPTS_MAX    1000000
#define TRIES_MAX       8
#define PAPERS_MS       5000 /* For the seats to send their papers. */
#define PAPERS_RETRY_MS 200

struct submit {
    const struct options *options;
    struct arena *arena;
    struct connect connect;
    struct buffer file;
    struct bundle_header bundle;
    struct filing filing;
    struct pursue_options pursue;
    struct result result;
};

/* Reads the bundle and sees whether this council and this key fit it: better here than after an
 * upload. */
static bool read_bundle(struct submit *submit, struct error *error)
{
    const char *path = submit->options->arguments[0];
    const struct roster *roster = &submit->connect.roster;
    const struct keys_public *public = keys_public(submit->connect.keys);

    if (!file_read(path, BUNDLE_FILE_MAX, &submit->file, error)) {
        return false;
    }
    if (!bundle_read_header(buffer_bytes(&submit->file), submit->arena, &submit->bundle, error)) {
        return error_wrap(error, "%s", path);
    }
    if (!submit->bundle.is_plain && !digest_equal(&submit->bundle.roster, &roster->digest)) {
        return error_set(error, ERROR_CONFLICT, "%s is sealed to another roster; pack it again",
                         path);
    }
    return memcmp(submit->bundle.submitter.signing, public->signing, KEYS_PUBLIC_SIZE) == 0 ||
           error_set(error, ERROR_DENIED, "%s was packed with another key", path);
}

static bool choose_catalog(struct submit *submit, struct digest *out, enum command_exit *exit,
                           struct error *error)
{
    const char *name = options_text(submit->options, "catalog");
    const struct roster *roster = &submit->connect.roster;
    struct catalog catalog;

    if (name != NULL) {
        if (!data_catalog(name, submit->arena, &catalog, error)) {
            return false;
        }
        *out = catalog.digest;
        return roster_hears(roster, out) ||
               error_set(error, ERROR_INVALID, "the council does not hear the catalogue '%s'",
                         name);
    }
    if (roster->catalog_count != 1) {
        return OPTIONS_USAGE(exit, error, "the council hears %zu catalogues: --catalog NAME",
                             roster->catalog_count);
    }
    *out = roster->catalogs[0];
    return true;
}

/* Takes the certificate of an attempt that came to no conclusion; the next attempt follows. */
static bool read_earlier(struct submit *submit, struct error *error)
{
    const char *path = options_text(submit->options, "earlier");
    struct pursue_options *pursue = &submit->pursue;
    struct buffer file = {0};
    struct certificate *certificate = NULL;
    int index = -1;

    if (path == NULL) {
        return true;
    }
    bool is_ok = file_read(path, MESSAGE_CERTIFICATE_MAX, &file, error) &&
                 certificate_check(buffer_bytes(&file), path, &submit->connect.roster,
                                   submit->arena, &certificate, error);

    if (is_ok) {
        index = certificate_find(certificate, &submit->filing.case_id, 0);
        is_ok =
            index >= 0 || error_set(error, ERROR_INVALID, "%s: it is not about this case", path);
    }
    if (is_ok) {
        const char *copy = arena_copy(submit->arena, file.data, file.size);

        CHECK(copy != NULL);
        pursue->earlier = certificate;
        pursue->index = (size_t)index;
        pursue->earlier_bytes = bytes_of(copy, file.size);
        pursue->attempt_count += certificate->statement.cases[index].attempt;
    }
    buffer_finish(&file);
    return is_ok;
}

/* Fills in what is the same for every attempt and coordinator; the rest as for attempt 1. */
static bool make_filing(struct submit *submit, enum command_exit *exit, struct error *error)
{
    struct filing *filing = &submit->filing;
    struct message_header *header = &filing->header;
    const struct keys_public *public = keys_public(submit->connect.keys);
    struct buffer payload = {0};
    struct message_signed ignored;

    *filing = (struct filing){.keys = submit->connect.keys,
                              .roster = &submit->connect.roster,
                              .arena = submit->arena,
                              .file = buffer_bytes(&submit->file),
                              .tries_max = TRIES_MAX,
                              .is_terminal = print_can_redraw()};
    if (!choose_catalog(submit, &header->catalog, exit, error)) {
        return false;
    }
    header->roster = submit->connect.roster.digest;
    header->manifest = submit->bundle.manifest;
    hash_bytes(filing->file, &header->bundle);
    header->bundle_size = submit->file.size;
    memcpy(header->signing, public->signing, MESSAGE_KEY_SIZE);
    memcpy(header->sealing, public->sealing, MESSAGE_KEY_SIZE);
    header->attempt = 1;
    header->home = connect_at(&submit->connect, 0)->index;
    bool is_ok = filing_sign(filing, &payload, &ignored, &filing->case_id, error);

    buffer_finish(&payload);
    return is_ok;
}

static bool write_out(const char *directory, const char *name, const struct buffer *content,
                      struct error *error)
{
    char path[FILE_PATH_SIZE];

    return file_path(path, error, "%s/%s", directory, name) &&
           file_write(path, buffer_bytes(content), 0644, error);
}

/* Papers as they came from one coordinator. */
struct sealed {
    struct buffer file;
    struct result_papers papers;
};

static size_t known_count(const struct result_papers *papers)
{
    return papers->genuine_count + papers->omitted_count + papers->forged_count;
}

/* Fetches papers.json from WEB, opens and compares what is there, and keeps it in BEST if it is
 * more. */
static bool fetch_papers(struct submit *submit, struct web *web, struct sealed *best,
                         struct error *error)
{
    const struct report *report = submit->result.parsed;
    struct result_hearing hearing = {.case_id = report->case_id, .attempt = report->attempt};
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    struct sealed sealed = {.file = {0}};
    bool is_ok = result_fetch_papers(web, &hearing, &sealed.file, error) &&
                 result_open_papers(buffer_bytes(&sealed.file), submit->connect.keys, report, -1,
                                    arena, &sealed.papers, error);

    arena_destroy(arena);
    if (is_ok &&
        (best->file.size == 0 || known_count(&sealed.papers) > known_count(&best->papers))) {
        buffer_finish(&best->file);
        *best = sealed;
    } else {
        buffer_finish(&sealed.file);
    }
    return is_ok;
}

static bool is_complete(const struct sealed *sealed)
{
    return sealed->file.size > 0 && known_count(&sealed->papers) >= sealed->papers.shown_count;
}

/* Fetches papers.json until all that the report shows is there: from whoever gave the result, for
 * a while, since seats send their papers after the decision; then from the others. */
static bool take_papers(struct submit *submit, struct sealed *out, struct error *error)
{
    uint64_t end = delay_now_ms() + PAPERS_MS;
    bool is_ok = fetch_papers(submit, submit->result.web, out, error);

    while (!is_complete(out) && delay_now_ms() < end) {
        delay_sleep_ms(PAPERS_RETRY_MS);
        is_ok = fetch_papers(submit, submit->result.web, out, error);
    }
    for (size_t i = 0; i < submit->connect.count && !is_complete(out); i++) {
        struct web *web = connect_at(&submit->connect, i)->web;

        is_ok = (web != submit->result.web && fetch_papers(submit, web, out, error)) || is_ok;
    }
    if (out->file.size == 0) {
        CHECK(!is_ok);
        return false;
    }
    fprintf(stderr,
            "aims: working papers: %zu of %zu shown are genuine, %zu too long, %zu forged\n",
            out->papers.genuine_count, out->papers.shown_count, out->papers.omitted_count,
            out->papers.forged_count);
    return true;
}

static bool keep_result(struct submit *submit, const char *directory, struct error *error)
{
    struct sealed papers = {.file = {0}};
    struct error reason;

    bool is_ok = write_out(directory, "certificate.json", &submit->result.certificate, error) &&
                 write_out(directory, "report.json", &submit->result.report, error);

    /* Papers are no part of the result: it stands without them. */
    if (is_ok && take_papers(submit, &papers, &reason)) {
        is_ok = write_out(directory, "papers.json", &papers.file, error);
    } else if (is_ok) {
        fprintf(stderr, "aims: no working papers: ");
        print_clean(reason.message, stderr);
        fprintf(stderr, "\n");
    }
    buffer_finish(&papers.file);
    return is_ok;
}

/* Makes the directory for the result before the hearing: afterwards would be late to complain. */
static bool make_directory(const struct options *options, enum command_exit *exit,
                           struct error *error)
{
    const char *path = options_text(options, "out");
    struct stat status;

    if (path == NULL) {
        return true;
    }
    if (!options_has(options, "wait")) {
        return OPTIONS_USAGE(exit, error, "--out wants --wait: there is nothing to keep before");
    }
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        return error_set(error, ERROR_IO, "cannot make the directory '%s': %s", path,
                         strerror(errno));
    }
    return (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) ||
           error_set(error, ERROR_INVALID, "'%s' is not a directory", path);
}

static void print_result(const struct submit *submit)
{
    const struct result *result = &submit->result;
    const struct findings *findings = &result->parsed->findings;
    char case_id[DIGEST_HEX_SIZE];

    (void)encode_digest(&submit->filing.case_id, case_id);
    if (submit->options->is_json) {
        struct json *json = json_object();

        json_set(json, "attempt", json_integer(result->parsed->attempt));
        json_set(json, "case", json_text(case_id));
        json_set(json, "decision", json_text(findings_decision_name(findings->decision)));
        json_set(json, "outcome", json_text(findings_outcome_name(findings->outcome)));
        json_set(json, "report",
                 json_digest(&result->checked->statement.cases[result->index].report));
        json_set(json, "signatures", json_integer((int64_t)result->checked->vote_count));
        json_set(json, "value", json_digest(&result->checked->statement.value));
        file_print_json(json);
        return;
    }
    printf("case       %s, attempt %u\ndecision   %s\noutcome    %s\n"
           "verified   signed by %zu of %u seats, %u needed\n",
           case_id, result->parsed->attempt, print_decision(findings->decision),
           findings_outcome_name(findings->outcome), result->checked->vote_count,
           submit->connect.roster.seat_count, submit->connect.roster.quorum_count);
}

static void print_accepted(const struct submit *submit)
{
    char case_id[DIGEST_HEX_SIZE];

    (void)encode_digest(&submit->filing.case_id, case_id);
    if (submit->options->is_json) {
        struct json *json = json_object();

        json_set(json, "attempt", json_integer(submit->filing.header.attempt));
        json_set(json, "case", json_text(case_id));
        json_set(json, "coordinator", json_integer(submit->filing.header.home));
        file_print_json(json);
    } else {
        printf("%s\n", case_id);
    }
}

/* Without --wait: handed in where it is taken first. */
static bool hand_in(struct submit *submit, struct error *error)
{
    struct filing *filing = &submit->filing;
    const struct pursue_options *pursue = &submit->pursue;
    struct error first = {.code = ERROR_TIMEOUT};

    if (pursue->earlier != NULL) {
        filing->header.attempt = pursue->earlier->statement.cases[pursue->index].attempt + 1;
        filing->header.earlier = pursue->earlier_bytes;
    }
    for (size_t i = 0; i < submit->connect.count; i++) {
        const struct connect_coordinator *coordinator = connect_at(&submit->connect, i);

        filing->header.home = coordinator->index;
        if (filing_hand_in(filing, coordinator->web, error)) {
            print_accepted(submit);
            return true;
        }
        if (i == 0) {
            first = *error;
        }
        if (error->code != ERROR_TIMEOUT) {
            return false;
        }
    }
    *error = first;
    return false;
}

/* With --wait: to the end. */
static bool wait_for_result(struct submit *submit, enum command_exit *exit, struct error *error)
{
    const char *directory = options_text(submit->options, "out");

    if (!pursue_case(&submit->connect, &submit->filing, &submit->pursue, &submit->result, error) ||
        !certificate_check_bundle(submit->result.checked, &submit->bundle.manifest,
                                  submit->result.index, error) ||
        (directory != NULL && !keep_result(submit, directory, error))) {
        return false;
    }
    print_result(submit);
    *exit = print_exit(submit->result.parsed->findings.decision);
    return true;
}

static bool read_options(struct submit *submit, enum command_exit *exit, struct error *error)
{
    uint64_t timeout_s = TIMEOUT_S;
    uint64_t attempts = ATTEMPTS;
    uint64_t patience_s = PATIENCE_S;

    if (!options_number(submit->options, "timeout", 1, 7 * 86400, &timeout_s, exit, error) ||
        !options_number(submit->options, "attempts", 1, ATTEMPTS_MAX, &attempts, exit, error) ||
        !options_number(submit->options, "patience", 1, 3600, &patience_s, exit, error)) {
        return false;
    }
    submit->pursue = (struct pursue_options){
        .attempt_count = (uint32_t)attempts,
        .patience_ms = (uint32_t)patience_s * 1000,
        .timeout_ms = timeout_s * 1000,
    };
    return true;
}

static bool submit_bundle(struct submit *submit, enum command_exit *exit, struct error *error)
{
    static const struct connect_needs needs = {.key = true, .roster = true};

    if (!read_options(submit, exit, error) ||
        !connect_open(submit->options, &needs, submit->arena, &submit->connect, exit, error) ||
        !read_bundle(submit, error) || !make_filing(submit, exit, error) ||
        !read_earlier(submit, error) || !make_directory(submit->options, exit, error)) {
        return false;
    }
    return options_has(submit->options, "wait") ? wait_for_result(submit, exit, error)
                                                : hand_in(submit, error);
}

static bool run_submit(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct submit submit = {.options = options, .arena = arena_create(DATA_MEMORY_MAX)};
    bool is_ok = submit_bundle(&submit, exit, error);

    result_finish(&submit.result);
    buffer_finish(&submit.file);
    connect_close(&submit.connect);
    arena_destroy(submit.arena);
    return is_ok;
}

static const struct command_option submit_options[] = {
    CONNECT_OPTIONS,
    {"wait", 0, false, NULL, "follow the hearing, verify the result, exit by the decision"},
    {"timeout", 0, false, "S", "seconds to wait at most (900)"},
    {"out", 0, false, "DIR", "with --wait: keep report, certificate and papers there"},
    {"catalog", 0, true, "NAME", "catalogue, when the council hears several"},
    {"attempts", 0, false, "N", "with --wait: hearings at most, if they do not conclude it (64)"},
    {"patience", 0, false, "S",
     "with --wait: seconds without progress before another coordinator "
     "is named (10; doubles each time)"},
    {"earlier", 0, false, "CERT",
     "certificate of an attempt without a conclusion: hear it again, "
     "whatever it says"},
    {NULL, 0, false, NULL, NULL},
};

const struct command submit_command = {
    .name = "submit",
    .summary = "lay a bundle before a council",
    .arguments = "FILE",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims submit case.aims --key org.seed --council council --wait --out result\n"
                "  aims submit case.aims --key org.seed --roster roster.json --wait "
                "\\\n    --coordinator 0=https://council.example --coordinator "
                "1=https://other.example\n"
                "\n"
                "  With --wait it names one coordinator after the other until one makes progress, "
                "and has an\n  open case heard again. It may be interrupted: the same bundle "
                "submitted again goes on.\n",
    .options = submit_options,
    .run = run_submit,
};
