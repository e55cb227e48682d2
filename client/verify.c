/* aims verify: whether a result is what a council signed. Needs the roster and nothing else: no
 * coordinator, no network. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/encode.h"
#include "client/commands.h"
#include "client/data.h"
#include "client/file.h"
#include "client/options.h"
#include "client/print.h"
#include "evidence/bundle.h"
#include "formats/json.h"
#include "proto/roster.h"
#include "report/certificate.h"
#include "report/when.h"

enum { CHECKS_MAX = 3 };

/* What one file was found to be. */
struct check {
    const char *name;
    bool is_ok;
    char text[ERROR_MESSAGE_SIZE];
};

struct verify {
    const struct options *options;
    struct arena *arena;
    struct roster roster;
    struct buffer certificate_file;
    struct buffer report_file;
    int bundle_fd; /* -1 when there is none. */
    struct certificate *certificate;
    struct report *report;
    size_t index; /* Of the case; SIZE_MAX while any may be meant. */
    size_t check_count;
    struct check checks[CHECKS_MAX];
};

/* Notes the outcome of a check: TEXT when IS_OK, else what ERROR says. */
static void note(struct verify *verify, const char *name, bool is_ok, const char *text,
                 const struct error *error)
{
    CHECK(verify->check_count < CHECKS_MAX);
    struct check *check = &verify->checks[verify->check_count++];

    check->name = name;
    check->is_ok = is_ok;
    (void)snprintf(check->text, sizeof(check->text), "%s", is_ok ? text : error->message);
}

static void check_certificate(struct verify *verify)
{
    struct error error;
    char text[ERROR_MESSAGE_SIZE] = "";
    char assessed[WHEN_TEXT_SIZE];
    bool is_ok =
        certificate_check(buffer_bytes(&verify->certificate_file), verify->options->arguments[0],
                          &verify->roster, verify->arena, &verify->certificate, &error);

    if (is_ok) {
        (void)snprintf(text, sizeof(text),
                       "signed by %zu of %u seats, %u needed; %zu case%s, assessed %s",
                       verify->certificate->vote_count, verify->roster.seat_count,
                       verify->roster.quorum_count, verify->certificate->statement.case_count,
                       verify->certificate->statement.case_count == 1 ? "" : "s",
                       when_text(verify->certificate->statement.assessed_at, assessed));
    }
    note(verify, "certificate", is_ok, text, &error);
}

static void check_report(struct verify *verify, const char *path)
{
    struct error error;
    char text[ERROR_MESSAGE_SIZE] = "";
    bool is_ok = certificate_check_report(verify->certificate, &verify->roster,
                                          buffer_bytes(&verify->report_file), path, verify->arena,
                                          &verify->report, &verify->index, &error);

    if (is_ok) {
        (void)snprintf(text, sizeof(text), "certified, and it follows from its votes: %s",
                       print_decision(verify->report->findings.decision));
    }
    note(verify, "report", is_ok, text, &error);
}

/* The bundle's own signature and digest, and that it is what the case is about. */
static bool check_bundle_file(struct verify *verify, const char *path, struct error *error)
{
    struct bundle_header header;

    if (!bundle_check_sealed(verify->bundle_fd, BUNDLE_CONTENT_MAX, verify->arena, &header,
                             error)) {
        return error_wrap(error, "%s", path);
    }
    if (!certificate_check_bundle(verify->certificate, &header.manifest, verify->index, error)) {
        return false;
    }
    if (!header.is_plain && !digest_equal(&header.roster, &verify->roster.digest)) {
        return error_set(error, ERROR_DENIED, "%s is sealed to another roster", path);
    }
    char keyid[KEYS_KEYID_SIZE];

    keys_keyid(header.submitter.signing, keyid);
    return verify->report == NULL || strcmp(keyid, verify->report->submitter) == 0 ||
           error_set(error, ERROR_DENIED,
                     "%s was packed by another submitter than the report names", path);
}

static void check_bundle(struct verify *verify, const char *path)
{
    struct error error;
    bool is_ok = check_bundle_file(verify, path, &error);

    note(verify, "bundle", is_ok, "unaltered, and it is the evidence that the case is about",
         &error);
}

/* Opens the bundle, which may be too large to be held. */
static bool open_bundle(const char *path, int *out, struct error *error)
{
    struct stat status;

    *out = open(path, O_RDONLY | O_CLOEXEC);
    if (*out < 0 || fstat(*out, &status) != 0) {
        return error_set(error, ERROR_IO, "cannot open '%s': %s", path, strerror(errno));
    }
    return S_ISREG(status.st_mode) ||
           error_set(error, ERROR_INVALID, "'%s' is not a regular file", path);
}

/* A file that cannot be read is bad input; what is wrong inside is for the checks. */
static bool read_files(struct verify *verify, enum command_exit *exit, struct error *error)
{
    const char *roster = NULL;
    const char *report = options_text(verify->options, "report");
    const char *bundle = options_text(verify->options, "bundle");

    if (!options_need(verify->options, "roster", &roster, exit, error) ||
        !roster_load(roster, verify->arena, &verify->roster, error)) {
        return false;
    }
    if (bundle != NULL && !open_bundle(bundle, &verify->bundle_fd, error)) {
        return false;
    }
    return file_read(verify->options->arguments[0], MESSAGE_CERTIFICATE_MAX,
                     &verify->certificate_file, error) &&
           (report == NULL || file_read(report, REPORT_SIZE_MAX, &verify->report_file, error));
}

static void print_text(const struct verify *verify, bool is_valid)
{
    for (size_t i = 0; i < verify->check_count; i++) {
        printf("%-12s %s: ", verify->checks[i].name, verify->checks[i].is_ok ? "ok" : "REFUSED");
        print_clean(verify->checks[i].text, stdout);
        printf("\n");
    }
    printf("%s\n", is_valid ? "valid" : "not valid");
}

static void print_json(const struct verify *verify, bool is_valid)
{
    struct json *json = json_object();
    struct json *list = json_list();

    for (size_t i = 0; i < verify->check_count; i++) {
        struct json *entry = json_object();

        json_set(entry, "check", json_text(verify->checks[i].name));
        json_set(entry, "text", json_text(verify->checks[i].text));
        json_set(entry, "valid", json_boolean(verify->checks[i].is_ok));
        json_add(list, entry);
    }
    json_set(json, "checks", list);
    json_set(json, "valid", json_boolean(is_valid));
    if (is_valid && verify->report != NULL) {
        json_set(json, "decision",
                 json_text(findings_decision_name(verify->report->findings.decision)));
    }
    if (is_valid) {
        json_set(json, "value", json_digest(&verify->certificate->statement.value));
    }
    file_print_json(json);
}

static bool verify_all(struct verify *verify, enum command_exit *exit, struct error *error)
{
    const char *report = options_text(verify->options, "report");
    const char *bundle = options_text(verify->options, "bundle");
    bool is_valid = true;

    if (!read_files(verify, exit, error)) {
        return false;
    }
    check_certificate(verify);
    /* Without a certificate there is nothing to hold the others against. */
    if (verify->certificate != NULL && report != NULL) {
        check_report(verify, report);
    }
    if (verify->certificate != NULL && bundle != NULL) {
        check_bundle(verify, bundle);
    }
    for (size_t i = 0; i < verify->check_count; i++) {
        is_valid = is_valid && verify->checks[i].is_ok;
    }
    (verify->options->is_json ? print_json : print_text)(verify, is_valid);
    *exit = is_valid ? COMMAND_DONE : COMMAND_NEGATIVE;
    return true;
}

static bool run_verify(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct verify verify = {.options = options,
                            .arena = arena_create(DATA_MEMORY_MAX),
                            .bundle_fd = -1,
                            .index = SIZE_MAX};
    bool is_ok = verify_all(&verify, exit, error);

    if (verify.bundle_fd >= 0) {
        close(verify.bundle_fd);
    }
    buffer_finish(&verify.certificate_file);
    buffer_finish(&verify.report_file);
    arena_destroy(verify.arena);
    return is_ok;
}

static const struct command_option verify_options[] = {
    {"roster", 0, true, "FILE", "roster of the council whose result it is said to be"},
    {"report", 0, false, "FILE", "check report.json against the certificate"},
    {"bundle", 0, false, "FILE", "check that the evidence is what the case is about"},
    {NULL, 0, false, NULL, NULL},
};

const struct command verify_command = {
    .name = "verify",
    .summary = "check a certificate, offline",
    .arguments = "CERT",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims verify certificate.json --roster roster.json --report report.json "
                "--bundle case.aims\n",
    .options = verify_options,
    .run = run_verify,
};
