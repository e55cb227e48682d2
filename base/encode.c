#include "base/encode.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void encode_hex(struct bytes bytes, char *out)
{
    for (size_t i = 0; i < bytes.size; i++) {
        out[2 * i] = hex_digits[bytes.data[i] >> 4];
        out[2 * i + 1] = hex_digits[bytes.data[i] & 15];
    }
    out[2 * bytes.size] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool encode_from_hex(const char *text, uint8_t *out, size_t size)
{
    if (strlen(text) != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        int high = hex_value(text[2 * i]);
        int low = hex_value(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

const char *encode_digest(const struct digest *digest, char out[DIGEST_HEX_SIZE])
{
    encode_hex(bytes_of(digest->data, DIGEST_SIZE), out);
    return out;
}

bool encode_to_digest(const char *text, struct digest *out)
{
    return encode_from_hex(text, out->data, DIGEST_SIZE);
}

void encode_base64(struct bytes bytes, struct buffer *out)
{
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        char text[4];

        group |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)bytes.data[i + 2] : 0;
        text[0] = base64_digits[group >> 18];
        text[1] = base64_digits[(group >> 12) & 63];
        text[2] = left > 1 ? base64_digits[(group >> 6) & 63] : '=';
        text[3] = left > 2 ? base64_digits[group & 63] : '=';
        buffer_append(out, text, sizeof(text));
    }
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+' || c == '-') {
        return 62;
    }
    if (c == '/' || c == '_') {
        return 63;
    }
    return -1;
}

/* Length of TEXT without its padding, or SIZE_MAX when the padding is wrong. */
static size_t unpadded_length(const char *text, size_t length)
{
    size_t bare = length;

    while (bare > 0 && text[bare - 1] == '=') {
        bare--;
    }
    bool is_padded = bare != length;

    if (length - bare > 2 || (is_padded && length % 4 != 0) || bare % 4 == 1) {
        return SIZE_MAX;
    }
    return bare;
}

bool encode_from_base64(const char *text, size_t length, struct buffer *out)
{
    size_t bare = unpadded_length(text, length);
    size_t size_before = out->size;
    uint32_t group = 0;
    unsigned bits = 0;

    if (bare == SIZE_MAX) {
        return false;
    }
    for (size_t i = 0; i < bare; i++) {
        int value = base64_value(text[i]);

        if (value < 0) {
            out->size = size_before;
            return false;
        }
        group = (group << 6 | (uint32_t)value) & 0xFFFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            buffer_append_byte(out, (uint8_t)(group >> bits));
        }
    }
    /* Bits that no byte takes must be zero, or one value would have several spellings. */
    if ((group & ((1U << bits) - 1)) != 0) {
        out->size = size_before;
        return false;
    }
    return true;
}

bool encode_to_u64(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0')) {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(*c - '0');

        if (value > (max - digit) / 10 || digit > max) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

void encode_put_u32(uint8_t out[4], uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

void encode_put_u64(uint8_t out[8], uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

uint32_t encode_get_u32(const uint8_t in[4])
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++) {
        value = value << 8 | in[i];
    }
    return value;
}
