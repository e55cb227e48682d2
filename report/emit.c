#include "report/emit.h"

#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "formats/json.h"

/* Each piece is put together here and appended at once: appending is what writing costs. */
#define PIECE_MAX 96 /* Bytes of the longest text that goes this way. */

void emit_text(struct buffer *out, const char *text)
{
    char piece[PIECE_MAX + 2];
    size_t size = 0;

    piece[0] = '"';
    while (size < PIECE_MAX && text[size] >= ' ' && text[size] <= '~' && text[size] != '"' &&
           text[size] != '\\') {
        piece[1 + size] = text[size];
        size++;
    }
    if (text[size] == '\0') {
        piece[1 + size] = '"';
        buffer_append(out, piece, size + 2);
        return;
    }
    struct json *json = json_text(text);

    json_write(json, out);
    json_destroy(json);
}

void emit_digest(struct buffer *out, const struct digest *digest)
{
    char quoted[DIGEST_HEX_SIZE + 1];

    quoted[0] = '"';
    (void)encode_digest(digest, quoted + 1);
    quoted[DIGEST_HEX_SIZE] = '"';
    buffer_append(out, quoted, sizeof(quoted));
}

void emit_base64(struct buffer *out, struct bytes bytes)
{
    buffer_append_byte(out, '"');
    encode_base64(bytes, out);
    buffer_append_byte(out, '"');
}

void emit_number(struct buffer *out, uint64_t number)
{
    char digits[20];
    size_t begin = sizeof(digits);

    CHECK(number < UINT64_C(1) << 53);
    do {
        digits[--begin] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_append(out, digits + begin, sizeof(digits) - begin);
}

static bool needs_comma(const struct buffer *out)
{
    uint8_t last = out->size == 0 ? '[' : out->data[out->size - 1];

    return last != '[' && last != '{' && last != ':';
}

void emit_comma(struct buffer *out)
{
    if (needs_comma(out)) {
        buffer_append_byte(out, ',');
    }
}

void emit_key(struct buffer *out, const char *key)
{
    char piece[PIECE_MAX + 4];
    size_t size = 0;
    size_t length = strlen(key);

    CHECK(length <= PIECE_MAX);
    if (needs_comma(out)) {
        piece[size++] = ',';
    }
    piece[size++] = '"';
    memcpy(piece + size, key, length);
    size += length;
    piece[size++] = '"';
    piece[size++] = ':';
    buffer_append(out, piece, size);
}
