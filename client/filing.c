#include "client/filing.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/encode.h"
#include "client/delay.h"
#include "client/print.h"
#include "crypto/sign.h"
#include "formats/json.h"
#include "proto/codec.h"
#include "proto/verify.h"

#define BUNDLE_MIME    "application/vnd.aims-council.bundle"
#define RETRY_MS       200 /* Before the second try; then twice as long each time. */
#define UPLOAD_MS      600000
#define UPLOAD_IDLE_MS 30000
#define SHOW_MS        500 /* Progress is shown for what takes longer. */
#define PERCENT        100

/* What is on its way to one coordinator. */
struct upload {
    const struct filing *filing;
    struct web *web;
    uint64_t started_ms;
    uint64_t offset;
    bool has_shown;
};

/* Bytes that the coordinator has; the file's size when it has all. */
static bool ask_offset(const struct upload *upload, const char *path, uint64_t *out,
                       struct error *error)
{
    struct web_request request = {.method = WEB_HEAD, .path = path};
    struct web_answer answer;
    bool is_ok = web_send(upload->web, &request, &answer, error);

    if (is_ok && answer.status >= 400 && answer.status != 404) {
        is_ok = WEB_REFUSED(&answer, error);
    }
    if (is_ok) {
        *out = answer.status == 200 ? upload->filing->file.size : answer.offset;
    }
    web_answer_finish(&answer);
    return is_ok;
}

static void show_upload(void *context, uint64_t sent)
{
    struct upload *upload = context;

    if (upload->filing->is_terminal && delay_now_ms() - upload->started_ms > SHOW_MS) {
        fprintf(stderr, "\r\033[Kuploaded %" PRIu64 " %%",
                (upload->offset + sent) * PERCENT / upload->filing->file.size);
        upload->has_shown = true;
    }
}

/* Sends what the coordinator has not got, once. */
static bool send_rest(struct upload *upload, const char *path, uint64_t offset, struct error *error)
{
    char range[96];
    struct web_request request = {
        .method = WEB_PUT,
        .path = path,
        .body = bytes_of(upload->filing->file.data + offset,
                         upload->filing->file.size - (size_t)offset),
        .content_type = BUNDLE_MIME,
        .content_range = offset == 0 ? NULL : range,
        .names_body = true,
        .timeout_ms = UPLOAD_MS,
        .idle_ms = UPLOAD_IDLE_MS,
        .on_sent = show_upload,
        .context = upload,
    };
    struct web_answer answer;

    upload->offset = offset;
    (void)snprintf(range, sizeof(range), "bytes %" PRIu64 "-%zu/%zu", offset,
                   upload->filing->file.size - 1, upload->filing->file.size);
    bool is_ok = web_send(upload->web, &request, &answer, error);

    if (is_ok && answer.status >= 400) {
        is_ok = WEB_REFUSED(&answer, error);
    }
    web_answer_finish(&answer);
    return is_ok;
}

/* Says WHY something has to be tried again, and waits *RETRY_MS; twice as long the next time. */
static void pause_for(uint32_t *retry_ms, const struct error *why)
{
    fputs("aims: ", stderr);
    print_clean(why->message, stderr);
    fprintf(stderr, "; trying again in %u ms\n", *retry_ms);
    delay_sleep_ms(*retry_ms);
    *retry_ms *= 2;
}

/* Uploads the bundle, going on where a connection broke. What the coordinator refuses for good is
 * not tried again. */
static bool upload_bundle(struct upload *upload, struct error *error)
{
    char path[96];
    char digest[DIGEST_HEX_SIZE];
    uint32_t retry_ms = RETRY_MS;
    uint64_t offset = 0;
    bool is_ok = false;

    (void)snprintf(path, sizeof(path), "/v1/bundles/%s",
                   encode_digest(&upload->filing->header.bundle, digest));
    for (uint32_t i = 0; i < upload->filing->tries_max; i++) {
        is_ok = ask_offset(upload, path, &offset, error);
        if (is_ok && offset > upload->filing->file.size) {
            return error_set(error, ERROR_INVALID,
                             "the coordinator says that it has %" PRIu64 " of %zu bytes", offset,
                             upload->filing->file.size);
        }
        if (is_ok && offset == upload->filing->file.size) {
            break;
        }
        is_ok = is_ok && send_rest(upload, path, offset, error);
        if (is_ok || (error->code != ERROR_TIMEOUT && error->code != ERROR_CONFLICT) ||
            i + 1 == upload->filing->tries_max) {
            break;
        }
        pause_for(&retry_ms, error);
    }
    if (upload->has_shown) {
        fputs("\n", stderr);
    }
    return is_ok;
}

bool filing_sign(const struct filing *filing, struct buffer *payload, struct message_signed *out,
                 struct digest *case_id, struct error *error)
{
    struct message_header checked;

    codec_payload_encode_header(&filing->header, payload);
    out->payload = buffer_bytes(payload);
    sign_payload(filing->keys, MESSAGE_TYPE_HEADER, out->payload, out->signature);
    return verify_header(filing->roster, out, filing->arena, &checked, case_id, error);
}

/* The signed header as POST /v1/cases takes it. */
static bool write_case(const struct filing *filing, struct buffer *out, struct error *error)
{
    struct buffer payload = {0};
    struct buffer text = {0};
    struct message_signed header;
    struct digest ignored;
    struct json *json = json_object();
    bool is_ok = filing_sign(filing, &payload, &header, &ignored, error);

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

static bool post_case(const struct filing *filing, struct web *web, struct error *error)
{
    struct buffer body = {0};
    struct web_request request = {
        .method = WEB_POST, .path = "/v1/cases", .content_type = "application/json"};
    struct web_answer answer = {0};
    uint32_t retry_ms = RETRY_MS;
    bool is_ok = write_case(filing, &body, error);

    request.body = buffer_bytes(&body);
    for (uint32_t i = 0; is_ok && i < filing->tries_max; i++) {
        is_ok = web_send(web, &request, &answer, error);
        if (is_ok && answer.status >= 400) {
            is_ok = WEB_REFUSED(&answer, error);
        }
        web_answer_finish(&answer);
        if (is_ok || error->code != ERROR_TIMEOUT || i + 1 == filing->tries_max) {
            break;
        }
        /* Asking twice does no harm: a known case is answered like a new one. */
        pause_for(&retry_ms, error);
        is_ok = true;
    }
    buffer_finish(&body);
    return is_ok;
}

bool filing_hand_in(const struct filing *filing, struct web *web, struct error *error)
{
    struct upload upload = {.filing = filing, .web = web, .started_ms = delay_now_ms()};

    CHECK(filing->tries_max > 0);
    return upload_bundle(&upload, error) && post_case(filing, web, error);
}
