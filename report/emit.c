#include "report/emit.h"

#include "base/check.h"
#include "base/encode.h"
#include "formats/json.h"

void emit_text(struct buffer *out, const char *text)
{
    size_t size = 0;

    while (text[size] >= ' ' && text[size] <= '~' && text[size] != '"' && text[size] != '\\') {
        size++;
    }
    if (text[size] == '\0') {
        buffer_append_byte(out, '"');
        buffer_append(out, text, size);
        buffer_append_byte(out, '"');
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

void emit_comma(struct buffer *out)
{
    uint8_t last = out->size == 0 ? '[' : out->data[out->size - 1];

    if (last != '[' && last != '{' && last != ':') {
        buffer_append_byte(out, ',');
    }
}

void emit_key(struct buffer *out, const char *key)
{
    emit_comma(out);
    buffer_append_byte(out, '"');
    buffer_append_text(out, key);
    buffer_append(out, "\":", 2);
}
