/* Any three lines as the header fields of a signed request. No input is signed by chance, so the
 * first line is also tried with a signature made here, by a key that anybody has. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/keys.h"
#include "proto/http_signature.h"

#define NOW       UINT64_C(1795000000)
#define LINES     3
#define LINE_SIZE 4096 /* Longer than anything that is accepted. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_signature_field fields[] = {
    {"content-digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"}};
static const struct http_signature_request request = {.method = "POST",
                                                      .authority = "council.example:8080",
                                                      .path = "/v1/cases",
                                                      .query = "?attempt=2",
                                                      .field_count = 1,
                                                      .fields = fields};

static void split(struct bytes input, char lines[LINES][LINE_SIZE])
{
    for (size_t i = 0; i < LINES; i++) {
        const uint8_t *end = input.size == 0 ? NULL : memchr(input.data, '\n', input.size);
        size_t size = end == NULL ? input.size : (size_t)(end - input.data);
        size_t kept = size < LINE_SIZE ? size : LINE_SIZE - 1;

        if (kept > 0) {
            memcpy(lines[i], input.data, kept);
        }
        lines[i][kept] = '\0';
        size += end != NULL;
        input = bytes_of(input.data + size, input.size - size);
    }
}

static bool is_accepted(const struct http_signature_values *values, const struct keys *keys)
{
    uint8_t signing[KEYS_PUBLIC_SIZE];
    struct error error = {0};

    if (!http_signature_verify(&request, values, NOW, signing, &error)) {
        CHECK(error.code == ERROR_DENIED || error.code == ERROR_INVALID);
        CHECK(error.message[0] != '\0');
        return false;
    }
    CHECK(memcmp(signing, keys_public(keys)->signing, KEYS_PUBLIC_SIZE) == 0);
    return true;
}

/* Signs what INPUT says it covers. When that is accepted, everything in the request is covered. */
static void sign_and_verify(const char *input, const struct keys *keys)
{
    struct http_signature made = {0};
    struct http_signature_field with_key[] = {fields[0], {"aims-key", made.key}};
    struct http_signature_request whole = request;
    struct buffer base = {0};
    struct buffer text = {0};
    uint8_t signature[SIGN_SIZE];
    struct error error = {0};

    whole.fields = with_key;
    whole.field_count = 2;
    encode_hex(bytes_of(keys_public(keys)->signing, KEYS_PUBLIC_SIZE), made.key);
    if (strncmp(input, "sig=", 4) == 0 && http_signature_base(&whole, input + 4, &base, &error)) {
        sign_raw(keys, buffer_bytes(&base), signature);
        encode_base64(bytes_of(signature, SIGN_SIZE), &text);
        (void)snprintf(made.signature, sizeof(made.signature), "sig=:%s:", buffer_text(&text));
        if (is_accepted(&(struct http_signature_values){made.key, input, made.signature}, keys)) {
            CHECK(strstr(buffer_text(&base), "\"@method\": POST\n") != NULL);
            CHECK(strstr(buffer_text(&base), "\"@authority\": council.example:8080\n") != NULL);
            CHECK(strstr(buffer_text(&base), "\"@path\": /v1/cases\n") != NULL);
            CHECK(strstr(buffer_text(&base), "\"@query\": ?attempt=2\n") != NULL);
            CHECK(strstr(buffer_text(&base), "\"content-digest\": sha-256=") != NULL);
            CHECK(strstr(buffer_text(&base), "\"aims-key\": ") != NULL);
        }
    }
    buffer_finish(&text);
    buffer_finish(&base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[KEYS_SEED_SIZE] = {1};
    static struct keys *keys = NULL;
    static char lines[LINES][LINE_SIZE];

    if (keys == NULL) {
        keys_library_init();
        keys = keys_from_seed(seed);
    }
    split(bytes_of(data, size), lines);
    (void)is_accepted(&(struct http_signature_values){lines[2], lines[0], lines[1]}, keys);
    sign_and_verify(lines[0], keys);
    return 0;
}
