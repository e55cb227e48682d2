#include "proto/http_signature.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "crypto/hash.h"

#define LABEL          "sig="
#define COMPONENTS_MAX (HTTP_SIGNATURE_FIELDS_MAX + 5) /* Four derived ones and Aims-Key. */
#define KEY_FIELD      "aims-key"

/* What stands behind the label of a Signature-Input; names point into the header. */
struct parameters {
    size_t component_count;
    struct bytes components[COMPONENTS_MAX];
    uint64_t created;
    struct bytes keyid;
    bool has_created;
};

static bool is_plain(const char *text)
{
    while ((unsigned char)*text >= ' ' && *text != 0x7f) {
        text++;
    }
    return *text == '\0';
}

static bool is_text(struct bytes bytes, const char *text)
{
    return bytes_equal(bytes, bytes_of_text(text));
}

/* ---- reading Signature-Input ---- */

/* Takes TEXT from *AT. */
static bool take(const char **at, const char *text)
{
    size_t size = strlen(text);

    if (strncmp(*at, text, size) != 0) {
        return false;
    }
    *at += size;
    return true;
}

/* Takes a quoted string; escapes are not needed by anything that is understood here. */
static bool take_string(const char **at, struct bytes *out)
{
    const char *start = *at;

    if (!take(&start, "\"")) {
        return false;
    }
    size_t size = strcspn(start, "\"\\");

    if (start[size] != '"') {
        return false;
    }
    *out = bytes_of(start, size);
    *at = start + size + 1;
    return true;
}

static bool take_number(const char **at, uint64_t *out)
{
    char digits[16];
    size_t size = strspn(*at, "0123456789");

    if (size >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, *at, size);
    digits[size] = '\0';
    *at += size;
    return encode_to_u64(digits, UINT64_MAX, out);
}

static bool covers(const struct parameters *parameters, struct bytes name)
{
    for (size_t i = 0; i < parameters->component_count; i++) {
        if (bytes_equal(parameters->components[i], name)) {
            return true;
        }
    }
    return false;
}

/* ("name" "name") */
static bool take_components(const char **at, struct parameters *out)
{
    struct bytes name;

    if (!take(at, "(")) {
        return false;
    }
    while (!take(at, ")")) {
        if ((out->component_count > 0 && !take(at, " ")) || !take_string(at, &name) ||
            out->component_count == COMPONENTS_MAX || covers(out, name)) {
            return false;
        }
        out->components[out->component_count++] = name;
    }
    return true;
}

/* ;created=number;keyid="...";alg="ed25519", in any order. */
static bool take_parameters(const char **at, struct parameters *out)
{
    struct bytes value;

    while (**at != '\0') {
        if (take(at, ";created=") && !out->has_created) {
            out->has_created = take_number(at, &out->created);
            if (!out->has_created) {
                return false;
            }
        } else if (take(at, ";keyid=") && out->keyid.data == NULL) {
            if (!take_string(at, &out->keyid)) {
                return false;
            }
        } else if (!take(at, ";alg=") || !take_string(at, &value) || !is_text(value, "ed25519")) {
            return false;
        }
    }
    return out->has_created && out->keyid.data != NULL;
}

static bool read_parameters(const char *text, struct parameters *out, struct error *error)
{
    *out = (struct parameters){0};
    if (strlen(text) >= HTTP_SIGNATURE_VALUE_MAX || !is_plain(text) ||
        !take_components(&text, out) || !take_parameters(&text, out)) {
        return error_set(error, ERROR_DENIED,
                         "Signature-Input is not a list of component names with created, keyid and "
                         "at most alg=\"ed25519\"");
    }
    return true;
}

/* ---- the signature base ---- */

/* NULL when REQUEST has no such component. */
static const char *component_of(const struct http_signature_request *request, struct bytes name)
{
    const struct http_signature_field derived[] = {{"@method", request->method},
                                                   {"@authority", request->authority},
                                                   {"@path", request->path},
                                                   {"@query", request->query}};

    for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++) {
        if (is_text(name, derived[i].name)) {
            return derived[i].value;
        }
    }
    for (size_t i = 0; i < request->field_count; i++) {
        if (is_text(name, request->fields[i].name)) {
            return request->fields[i].value;
        }
    }
    return NULL;
}

static void append_lower(const char *text, struct buffer *out)
{
    for (; *text != '\0'; text++) {
        bool is_upper = *text >= 'A' && *text <= 'Z';

        buffer_append_byte(out, (uint8_t)(is_upper ? *text - 'A' + 'a' : *text));
    }
}

static bool append_base(const struct http_signature_request *request,
                        const struct parameters *parameters, const char *text, struct buffer *out,
                        struct error *error)
{
    for (size_t i = 0; i < parameters->component_count; i++) {
        struct bytes name = parameters->components[i];
        const char *value = component_of(request, name);

        if (value == NULL) {
            return error_set(error, ERROR_DENIED,
                             "the signature covers \"%.*s\", which the request has not",
                             (int)name.size, (const char *)name.data);
        }
        if (!is_plain(value)) {
            return error_set(error, ERROR_INVALID, "\"%.*s\" has a control character",
                             (int)name.size, (const char *)name.data);
        }
        buffer_append_byte(out, '"');
        buffer_append(out, name.data, name.size);
        buffer_append_text(out, "\": ");
        if (is_text(name, "@authority")) {
            append_lower(value, out);
        } else {
            buffer_append_text(out, value);
        }
        buffer_append_byte(out, '\n');
    }
    buffer_append_text(out, "\"@signature-params\": ");
    buffer_append_text(out, text);
    return true;
}

bool http_signature_base(const struct http_signature_request *request, const char *parameters,
                         struct buffer *out, struct error *error)
{
    struct parameters read;

    return read_parameters(parameters, &read, error) &&
           append_base(request, &read, parameters, out, error);
}

/* ---- signing ---- */

/* REQUEST with Aims-Key behind its fields, which the caller has room for. */
static struct http_signature_request
with_key(const struct http_signature_request *request, const char *key,
         struct http_signature_field fields[HTTP_SIGNATURE_FIELDS_MAX + 1])
{
    struct http_signature_request out = *request;

    CHECK(request->field_count <= HTTP_SIGNATURE_FIELDS_MAX);
    for (size_t i = 0; i < request->field_count; i++) {
        fields[i] = request->fields[i];
    }
    fields[out.field_count++] = (struct http_signature_field){KEY_FIELD, key};
    out.fields = fields;
    return out;
}

/* Names of all that REQUEST has, quoted. */
static void append_names(const struct http_signature_request *request, struct buffer *out)
{
    buffer_append_text(out, "(\"@method\" \"@authority\" \"@path\"");
    buffer_append_text(out, request->query != NULL ? " \"@query\"" : "");
    for (size_t i = 0; i < request->field_count; i++) {
        buffer_format(out, " \"%s\"", request->fields[i].name);
    }
    buffer_append_text(out, ")");
}

bool http_signature_sign(const struct keys *keys, const struct http_signature_request *request,
                         uint64_t created, struct http_signature *out, struct error *error)
{
    const uint8_t *signing = keys_public(keys)->signing;
    struct http_signature_field fields[HTTP_SIGNATURE_FIELDS_MAX + 1];
    struct http_signature made = {0};
    struct buffer text = {0};
    struct buffer base = {0};
    uint8_t signature[SIGN_SIZE];
    char keyid[KEYS_KEYID_SIZE];
    bool is_ok = false;

    encode_hex(bytes_of(signing, KEYS_PUBLIC_SIZE), made.key);
    keys_keyid(signing, keyid);
    struct http_signature_request whole = with_key(request, made.key, fields);

    append_names(&whole, &text);
    buffer_format(&text, ";created=%llu;keyid=\"%s\";alg=\"ed25519\"", (unsigned long long)created,
                  keyid);
    if (text.size + strlen(LABEL) >= sizeof(made.input)) {
        (void)error_set(error, ERROR_LIMIT, "the names of the signed header fields are too long");
        goto out;
    }
    if (!http_signature_base(&whole, buffer_text(&text), &base, error)) {
        goto out;
    }
    (void)snprintf(made.input, sizeof(made.input), LABEL "%s", buffer_text(&text));
    sign_raw(keys, buffer_bytes(&base), signature);
    buffer_clear(&text);
    encode_base64(bytes_of(signature, SIGN_SIZE), &text);
    (void)snprintf(made.signature, sizeof(made.signature), LABEL ":%s:", buffer_text(&text));
    *out = made;
    is_ok = true;
out:
    buffer_finish(&base);
    buffer_finish(&text);
    return is_ok;
}

/* ---- verifying ---- */

/* Reads sig=:base64: into OUT. */
static bool read_signature(const char *text, uint8_t out[SIGN_SIZE])
{
    struct buffer signature = {0};
    size_t length = strlen(text);
    bool is_ok = take(&text, LABEL ":") &&
                 length == strlen(LABEL "::") + BASE64_SIZE(SIGN_SIZE) - 1 &&
                 text[BASE64_SIZE(SIGN_SIZE) - 1] == ':' &&
                 encode_from_base64(text, BASE64_SIZE(SIGN_SIZE) - 1, &signature) &&
                 signature.size == SIGN_SIZE;

    if (is_ok) {
        memcpy(out, signature.data, SIGN_SIZE);
    }
    buffer_finish(&signature);
    return is_ok;
}

/* Everything that REQUEST has must be covered. */
static bool check_cover(const struct http_signature_request *request,
                        const struct parameters *parameters, struct error *error)
{
    const char *names[COMPONENTS_MAX] = {"@method", "@authority", "@path"};
    size_t count = 3;

    if (request->query != NULL) {
        names[count++] = "@query";
    }
    for (size_t i = 0; i < request->field_count; i++) {
        names[count++] = request->fields[i].name;
    }
    for (size_t i = 0; i < count; i++) {
        if (!covers(parameters, bytes_of_text(names[i]))) {
            return error_set(error, ERROR_DENIED, "the signature does not cover \"%s\"", names[i]);
        }
    }
    return true;
}

static bool check_time(uint64_t created, uint64_t now, struct error *error)
{
    uint64_t apart = created > now ? created - now : now - created;

    if (apart > HTTP_SIGNATURE_AGE_MAX) {
        return error_set(
            error, ERROR_DENIED,
            "the signature was made %llu seconds %s the server's clock, at most %d are "
            "allowed",
            (unsigned long long)apart, created > now ? "after" : "before", HTTP_SIGNATURE_AGE_MAX);
    }
    return true;
}

/* Reads Aims-Key; the keyid that was signed must be its. */
static bool check_key(const char *key, struct bytes keyid, uint8_t out[KEYS_PUBLIC_SIZE],
                      struct error *error)
{
    char expected[KEYS_KEYID_SIZE];

    if (!encode_from_hex(key, out, KEYS_PUBLIC_SIZE) || !keys_signing_is_valid(out)) {
        return error_set(error, ERROR_DENIED, "Aims-Key is not an Ed25519 public key in hex");
    }
    keys_keyid(out, expected);
    if (!is_text(keyid, expected)) {
        return error_set(error, ERROR_DENIED, "keyid is not that of the key in Aims-Key");
    }
    return true;
}

bool http_signature_verify(const struct http_signature_request *request,
                           const struct http_signature_values *values, uint64_t now,
                           uint8_t signing[KEYS_PUBLIC_SIZE], struct error *error)
{
    struct http_signature_field fields[HTTP_SIGNATURE_FIELDS_MAX + 1];
    struct parameters parameters;
    uint8_t key[KEYS_PUBLIC_SIZE];
    uint8_t signature[SIGN_SIZE];
    struct buffer base = {0};

    if (values->key == NULL || values->input == NULL || values->signature == NULL) {
        return error_set(error, ERROR_DENIED, "the request is not signed: %s is missing",
                         values->key == NULL     ? "Aims-Key"
                         : values->input == NULL ? "Signature-Input"
                                                 : "Signature");
    }
    struct http_signature_request whole = with_key(request, values->key, fields);
    const char *text = values->input;

    if (!take(&text, LABEL)) {
        return error_set(error, ERROR_DENIED, "Signature-Input does not begin with \"" LABEL "\"");
    }
    if (!read_signature(values->signature, signature)) {
        return error_set(error, ERROR_DENIED, "Signature is not " LABEL ":64 bytes in base64:");
    }
    if (!read_parameters(text, &parameters, error) || !check_cover(&whole, &parameters, error) ||
        !check_time(parameters.created, now, error) ||
        !check_key(values->key, parameters.keyid, key, error)) {
        return false;
    }
    bool is_ok = append_base(&whole, &parameters, text, &base, error);

    if (is_ok && !sign_raw_verify(key, buffer_bytes(&base), signature)) {
        is_ok = error_set(error, ERROR_DENIED, "the signature is not that of this request");
    }
    buffer_finish(&base);
    if (is_ok) {
        memcpy(signing, key, KEYS_PUBLIC_SIZE);
    }
    return is_ok;
}

void http_signature_digest(struct bytes body, char out[HTTP_SIGNATURE_DIGEST_SIZE])
{
    struct buffer text = {0};
    struct digest digest;

    hash_bytes(body, &digest);
    encode_base64(bytes_of(digest.data, DIGEST_SIZE), &text);
    (void)snprintf(out, HTTP_SIGNATURE_DIGEST_SIZE, "sha-256=:%s:", buffer_text(&text));
    buffer_finish(&text);
}
