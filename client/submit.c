/* aims submit: lays a bundle before a council, and waits for what it says if told to. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/encode.h"
#include "client/commands.h"
#include "client/connect.h"
#include "client/data.h"
#include "client/delay.h"
#include "client/file.h"
#include "client/follow.h"
#include "client/options.h"
#include "client/print.h"
#include "client/result.h"
#include "crypto/hash.h"
#include "evidence/bundle.h"
#include "formats/json.h"
#include "formats/tree.h"
#include "proto/codec.h"
#include "proto/verify.h"

#define BUNDLE_FILE_MAX (BUNDLE_CONTENT_MAX + BUNDLE_HEADER_MAX + 4096)
#define BUNDLE_MIME     "application/vnd.aims-council.bundle"
#define TRIES_MAX       8
#define RETRY_MS        200 /* Before the second try; then twice as long each time. */
#define UPLOAD_MS       600000
#define UPLOAD_IDLE_MS  30000
#define TIMEOUT_S       900  /* Of --wait, unless told. */
#define PAPERS_MS       5000 /* For the seats to send their papers. */
#define SHOW_MS         500  /* Progress is shown for what takes longer. */
#define PERCENT         100

struct submit {
    const struct options *options;
    struct arena *arena;
    struct connect connect;
    struct buffer file;
    struct bundle_header bundle;
    struct message_header header;
    struct result_hearing hearing;
    uint64_t started_ms;
    bool is_terminal;
    bool has_shown;
    struct follow_state state;
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
    struct buffer file = {0};
    struct certificate *certificate = NULL;
    size_t index = 0;

    submit->header.attempt = 1;
    if (path == NULL) {
        return true;
    }
    bool is_ok = file_read(path, MESSAGE_CERTIFICATE_MAX, &file, error) &&
                 certificate_check(buffer_bytes(&file), path, &submit->connect.roster,
                                   submit->arena, &certificate, error);

    while (is_ok && index < certificate->statement.case_count &&
           !digest_equal(&certificate->statement.cases[index].manifest, &submit->bundle.manifest)) {
        index++;
    }
    if (is_ok && index == certificate->statement.case_count) {
        is_ok = error_set(error, ERROR_INVALID, "%s: it is not about this bundle", path);
    }
    if (is_ok) {
        const char *copy = arena_copy(submit->arena, file.data, file.size);

        submit->header.attempt = certificate->statement.cases[index].attempt + 1;
        submit->header.earlier = bytes_of(copy, file.size);
    }
    buffer_finish(&file);
    return is_ok;
}

static bool make_header(struct submit *submit, enum command_exit *exit, struct error *error)
{
    struct message_header *header = &submit->header;
    const struct keys_public *public = keys_public(submit->connect.keys);

    if (submit->connect.home >= submit->connect.roster.coordinator_count) {
        return OPTIONS_USAGE(exit, error, "--home: the roster names %u coordinators, from 0",
                             submit->connect.roster.coordinator_count);
    }
    header->roster = submit->connect.roster.digest;
    header->manifest = submit->bundle.manifest;
    hash_bytes(buffer_bytes(&submit->file), &header->bundle);
    header->bundle_size = submit->file.size;
    memcpy(header->signing, public->signing, MESSAGE_KEY_SIZE);
    memcpy(header->sealing, public->sealing, MESSAGE_KEY_SIZE);
    header->home = (uint8_t)submit->connect.home;
    return choose_catalog(submit, &header->catalog, exit, error) && read_earlier(submit, error);
}

/* Bytes that the coordinator has; the file's size when it has all. */
static bool ask_offset(struct submit *submit, const char *path, uint64_t *out, struct error *error)
{
    struct web_request request = {.method = WEB_HEAD, .path = path};
    struct web_answer answer;
    bool is_ok = web_send(submit->connect.web, &request, &answer, error);

    if (is_ok && answer.status >= 400 && answer.status != 404) {
        is_ok = WEB_REFUSED(&answer, error);
    }
    if (is_ok) {
        *out = answer.status == 200 ? submit->file.size : answer.offset;
    }
    web_answer_finish(&answer);
    return is_ok;
}

struct upload {
    struct submit *submit;
    uint64_t offset;
};

static void show_upload(void *context, uint64_t sent)
{
    struct upload *upload = context;
    struct submit *submit = upload->submit;

    if (submit->is_terminal && delay_now_ms() - submit->started_ms > SHOW_MS) {
        fprintf(stderr, "\r\033[Kuploaded %" PRIu64 " %%",
                (upload->offset + sent) * PERCENT / submit->file.size);
        submit->has_shown = true;
    }
}

/* Sends what the coordinator has not got, once. */
static bool send_rest(struct submit *submit, const char *path, uint64_t offset, struct error *error)
{
    char range[96];
    struct upload upload = {.submit = submit, .offset = offset};
    struct web_request request = {
        .method = WEB_PUT,
        .path = path,
        .body = bytes_of(submit->file.data + offset, submit->file.size - (size_t)offset),
        .content_type = BUNDLE_MIME,
        .content_range = offset == 0 ? NULL : range,
        .names_body = true,
        .timeout_ms = UPLOAD_MS,
        .idle_ms = UPLOAD_IDLE_MS,
        .on_sent = show_upload,
        .context = &upload,
    };
    struct web_answer answer;

    (void)snprintf(range, sizeof(range), "bytes %" PRIu64 "-%zu/%zu", offset, submit->file.size - 1,
                   submit->file.size);
    bool is_ok = web_send(submit->connect.web, &request, &answer, error);

    if (is_ok && answer.status >= 400) {
        is_ok = WEB_REFUSED(&answer, error);
    }
    web_answer_finish(&answer);
    return is_ok;
}

/* Says why it has to be tried again, and waits; longer the next time. */
static void pause_before_retry(uint32_t *retry_ms, const struct error *why)
{
    fputs("aims: ", stderr);
    print_clean(why->message, stderr);
    fprintf(stderr, "; trying again in %u ms\n", *retry_ms);
    delay_sleep_ms(*retry_ms);
    *retry_ms *= 2;
}

/* Uploads the bundle, going on where a connection broke. What the coordinator refuses for good is
 * not tried again. */
static bool upload_bundle(struct submit *submit, struct error *error)
{
    char path[96];
    char digest[DIGEST_HEX_SIZE];
    uint32_t retry_ms = RETRY_MS;
    uint64_t offset = 0;
    bool is_ok = false;

    (void)snprintf(path, sizeof(path), "/v1/bundles/%s",
                   encode_digest(&submit->header.bundle, digest));
    for (int i = 0; i < TRIES_MAX; i++) {
        is_ok = ask_offset(submit, path, &offset, error);
        if (is_ok && offset > submit->file.size) {
            return error_set(error, ERROR_INVALID,
                             "the coordinator says that it has %" PRIu64 " of %zu bytes", offset,
                             submit->file.size);
        }
        if (is_ok && offset == submit->file.size) {
            break;
        }
        is_ok = is_ok && send_rest(submit, path, offset, error);
        if (is_ok || (error->code != ERROR_TIMEOUT && error->code != ERROR_CONFLICT)) {
            break;
        }
        pause_before_retry(&retry_ms, error);
    }
    if (submit->has_shown) {
        fputs("\n", stderr);
    }
    return is_ok;
}

/* The signed header as POST /v1/cases takes it; our own check of it gives the case. */
static bool write_case(struct submit *submit, struct buffer *out, struct error *error)
{
    struct buffer payload = {0};
    struct buffer text = {0};
    struct message_signed header;
    struct message_header checked;
    struct json *json = json_object();

    codec_payload_encode_header(&submit->header, &payload);
    header.payload = buffer_bytes(&payload);
    sign_payload(submit->connect.keys, MESSAGE_TYPE_HEADER, header.payload, header.signature);
    bool is_ok = verify_header(&submit->connect.roster, &header, submit->arena, &checked,
                               &submit->hearing.case_id, error);

    submit->hearing.attempt = submit->header.attempt;
    encode_base64(header.payload, &text);
    json_set(json, "header", json_text(buffer_text(&text)));
    buffer_clear(&text);
    encode_base64(bytes_of(header.signature, MESSAGE_SIGNATURE_SIZE), &text);
    json_set(json, "signature", json_text(buffer_text(&text)));
    json_write(json, out);
    json_destroy(json);
    buffer_finish(&text);
    buffer_finish(&payload);
    return is_ok;
}

static bool post_case(struct submit *submit, struct error *error)
{
    struct buffer body = {0};
    struct web_request request = {
        .method = WEB_POST, .path = "/v1/cases", .content_type = "application/json"};
    struct web_answer answer = {0};
    uint32_t retry_ms = RETRY_MS;
    bool is_ok = write_case(submit, &body, error);

    request.body = buffer_bytes(&body);
    for (int i = 0; is_ok && i < TRIES_MAX; i++) {
        is_ok = web_send(submit->connect.web, &request, &answer, error);
        if (is_ok && answer.status >= 400) {
            is_ok = WEB_REFUSED(&answer, error);
        }
        web_answer_finish(&answer);
        if (is_ok || error->code != ERROR_TIMEOUT || i + 1 == TRIES_MAX) {
            break;
        }
        /* Asking twice does no harm: a known case is answered like a new one. */
        pause_before_retry(&retry_ms, error);
        is_ok = true;
    }
    buffer_finish(&body);
    return is_ok;
}

static bool write_out(const char *directory, const char *name, const struct buffer *content,
                      struct error *error)
{
    char path[FILE_PATH_SIZE];

    return file_path(path, error, "%s/%s", directory, name) &&
           file_write(path, buffer_bytes(content), 0644, error);
}

/* Fetches papers.json into OUT once, and opens and compares what is there. */
static bool fetch_papers(struct submit *submit, struct buffer *out, struct result_papers *papers,
                         struct error *error)
{
    struct arena *arena = arena_create(DATA_MEMORY_MAX);

    buffer_clear(out);
    bool is_ok = result_fetch_papers(submit->connect.web, &submit->hearing, out, error) &&
                 result_open_papers(buffer_bytes(out), submit->connect.keys, submit->result.parsed,
                                    -1, arena, papers, error);

    arena_destroy(arena);
    return is_ok;
}

/* Fetches papers.json until all that the report shows is there: seats send their papers after the
 * decision. */
static bool take_papers(struct submit *submit, struct buffer *out, struct error *error)
{
    uint64_t end = delay_now_ms() + PAPERS_MS;
    struct result_papers papers;

    for (;;) {
        bool is_ok = fetch_papers(submit, out, &papers, error);
        bool is_late = delay_now_ms() >= end;

        if (!is_ok && (is_late || error->code != ERROR_TIMEOUT)) {
            return false;
        }
        if (is_ok &&
            (is_late || papers.genuine_count + papers.omitted_count + papers.forged_count >=
                            papers.shown_count)) {
            break;
        }
        delay_sleep_ms(RETRY_MS);
    }
    fprintf(stderr,
            "aims: working papers: %zu of %zu shown are genuine, %zu too long, %zu forged\n",
            papers.genuine_count, papers.shown_count, papers.omitted_count, papers.forged_count);
    return true;
}

static bool keep_result(struct submit *submit, const char *directory, struct error *error)
{
    struct buffer papers = {0};
    struct error reason;

    bool is_ok = write_out(directory, "certificate.json", &submit->result.certificate, error) &&
                 write_out(directory, "report.json", &submit->result.report, error);

    /* Papers are no part of the result: it stands without them. */
    if (is_ok && take_papers(submit, &papers, &reason)) {
        is_ok = write_out(directory, "papers.json", &papers, error);
    } else if (is_ok) {
        fprintf(stderr, "aims: no working papers: ");
        print_clean(reason.message, stderr);
        fprintf(stderr, "\n");
    }
    buffer_finish(&papers);
    return is_ok;
}

/* Fetches what was found and verifies it; a coordinator that is just being started again is given
 * the time. */
static bool fetch_result(struct submit *submit, struct error *error)
{
    uint32_t retry_ms = RETRY_MS;

    for (int i = 1;; i++) {
        bool is_ok = result_fetch(submit->connect.web, &submit->connect.roster, &submit->hearing,
                                  submit->arena, &submit->result, error);

        if (is_ok || error->code != ERROR_TIMEOUT || i == TRIES_MAX) {
            return is_ok;
        }
        result_finish(&submit->result);
        pause_before_retry(&retry_ms, error);
    }
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

static bool take_result(struct submit *submit, struct error *error)
{
    const char *directory = options_text(submit->options, "out");

    return fetch_result(submit, error) &&
           certificate_check_bundle(submit->result.checked, &submit->bundle.manifest,
                                    submit->result.index, error) &&
           (directory == NULL || keep_result(submit, directory, error));
}

static void print_result(const struct submit *submit)
{
    const struct result *result = &submit->result;
    const struct findings *findings = &result->parsed->findings;
    char case_id[DIGEST_HEX_SIZE];

    (void)encode_digest(&submit->hearing.case_id, case_id);
    if (submit->options->is_json) {
        struct json *json = json_object();

        json_set(json, "attempt", json_integer(submit->hearing.attempt));
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
           case_id, submit->hearing.attempt, print_decision(findings->decision),
           findings_outcome_name(findings->outcome), result->checked->vote_count,
           submit->connect.roster.seat_count, submit->connect.roster.quorum_count);
}

static void print_accepted(const struct submit *submit)
{
    char case_id[DIGEST_HEX_SIZE];

    (void)encode_digest(&submit->hearing.case_id, case_id);
    if (submit->options->is_json) {
        struct json *json = json_object();

        json_set(json, "attempt", json_integer(submit->hearing.attempt));
        json_set(json, "case", json_text(case_id));
        file_print_json(json);
    } else {
        printf("%s\n", case_id);
    }
}

static bool hand_in(struct submit *submit, enum command_exit *exit, struct error *error)
{
    static const struct connect_needs needs = {.key = true, .roster = true};
    uint64_t timeout_s = TIMEOUT_S;

    if (!options_number(submit->options, "timeout", 1, 7 * 86400, &timeout_s, exit, error) ||
        !connect_open(submit->options, &needs, submit->arena, &submit->connect, exit, error) ||
        !read_bundle(submit, error) || !make_header(submit, exit, error) ||
        !make_directory(submit->options, exit, error) || !upload_bundle(submit, error) ||
        !post_case(submit, error)) {
        return false;
    }
    if (!options_has(submit->options, "wait")) {
        print_accepted(submit);
        return true;
    }
    if (!follow_case(submit->connect.web, &submit->hearing.case_id, submit->hearing.attempt,
                     timeout_s * 1000, &submit->state, error) ||
        !take_result(submit, error)) {
        return false;
    }
    print_result(submit);
    *exit = print_exit(submit->result.parsed->findings.decision);
    return true;
}

static bool run_submit(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct submit submit = {
        .options = options,
        .arena = arena_create(DATA_MEMORY_MAX),
        .started_ms = delay_now_ms(),
        .is_terminal = print_can_redraw(),
    };
    bool is_ok = hand_in(&submit, exit, error);

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
    {"earlier", 0, false, "CERT", "certificate of an attempt without a conclusion: hear it again"},
    {NULL, 0, false, NULL, NULL},
};

const struct command submit_command = {
    .name = "submit",
    .summary = "lay a bundle before a council",
    .arguments = "FILE",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims submit case.aims --key org.seed --council council --wait --out result\n"
                "  aims submit case.aims --key org.seed --url https://council.example --roster "
                "roster.json --wait\n",
    .options = submit_options,
    .run = run_submit,
};
