/* A JSON reader of our own (RFC 8259): jansson says where a text is malformed but not where a value
 * stands, and exports json_object(), json_integer() and json_null() like formats/json.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "formats/text.h"
#include "formats/tree_builder.h"

struct reader {
    struct builder builder;
    struct bytes source;
    size_t at;
    size_t line_start; /* Offset of the line of AT. */
    uint32_t line;
    size_t counted;  /* Offset up to which COLUMN was counted. */
    uint32_t column; /* Of COUNTED, from 1. */
    char *scratch;   /* Room for the longest text: as many bytes as the source has. */
};

/* The place of AT. Counts on from the last place asked for: a file may be one long line. */
static struct tree here(struct reader *reader)
{
    if (reader->counted < reader->line_start || reader->counted > reader->at) {
        reader->counted = reader->line_start;
        reader->column = 1;
    }
    reader->column += (uint32_t)text_count(
        bytes_of(reader->source.data + reader->counted, reader->at - reader->counted));
    reader->counted = reader->at;
    return (struct tree){
        .line = reader->line, .column = reader->column, .file = reader->builder.file};
}

static bool fail(struct reader *reader, const char *what)
{
    char place[TREE_PLACE_SIZE];
    struct tree node = here(reader);

    return error_set(reader->builder.error, ERROR_INVALID, "%s: %s", tree_place(&node, place),
                     what);
}

/* The byte at AT, or 0 at the end; a NUL in the source is no token either. */
static char peek(const struct reader *reader)
{
    return reader->at < reader->source.size ? (char)reader->source.data[reader->at] : '\0';
}

static void skip_space(struct reader *reader)
{
    for (;; reader->at++) {
        char byte = peek(reader);

        if (byte == '\n') {
            reader->line++;
            reader->line_start = reader->at + 1;
        } else if (byte != ' ' && byte != '\t' && byte != '\r') {
            return;
        }
    }
}

static bool skip_byte(struct reader *reader, char byte)
{
    if (peek(reader) != byte) {
        return false;
    }
    reader->at++;
    skip_space(reader);
    return true;
}

/* The four hex digits at AT as *UNIT. */
static bool read_unit(struct reader *reader, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++, reader->at++) {
        char digit = peek(reader);

        if (digit >= '0' && digit <= '9') {
            *unit = *unit << 4 | (uint32_t)(digit - '0');
        } else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f') {
            *unit = *unit << 4 | (uint32_t)((digit | 0x20) - 'a' + 10);
        } else {
            return fail(reader, "four hexadecimal digits must follow \\u");
        }
    }
    return true;
}

static size_t put_code_point(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    uint32_t lead = size == 2 ? 0xC0 : size == 3 ? 0xE0 : 0xF0;

    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(lead | code);
    return size;
}

/* What stands behind "\u", two units for what lies beyond 16 bits. */
static bool read_unicode(struct reader *reader, char *out, size_t *size)
{
    uint32_t code = 0;
    uint32_t low = 0;

    if (!read_unit(reader, &code)) {
        return false;
    }
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (peek(reader) != '\\' || reader->at + 1 >= reader->source.size ||
            reader->source.data[reader->at + 1] != 'u') {
            return fail(reader, "the second half of a surrogate pair is missing");
        }
        reader->at += 2;
        if (!read_unit(reader, &low)) {
            return false;
        }
        if (low < 0xDC00 || low > 0xDFFF) {
            return fail(reader, "the second half of a surrogate pair is missing");
        }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
        return fail(reader, "the first half of a surrogate pair is missing");
    }
    *size += put_code_point(out + *size, code);
    return true;
}

/* An escape, whose backslash was read; it is never shorter than what it stands for. */
static bool read_escape(struct reader *reader, char *out, size_t *size)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    char letter = peek(reader);
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);

    if (letter != 'u' && found == NULL) {
        return fail(reader, "this escape does not exist");
    }
    reader->at++;
    if (letter == 'u') {
        return read_unicode(reader, out, size);
    }
    out[(*size)++] = meant[found - letters];
    return true;
}

/* The text whose opening quote is at AT. */
static bool read_text(struct reader *reader, const char **out)
{
    struct tree node = here(reader);
    size_t size = 0;

    reader->at++;
    for (;;) {
        if (reader->at >= reader->source.size) {
            return fail(reader, "the text is never closed");
        }
        char byte = (char)reader->source.data[reader->at];

        if ((uint8_t)byte < 0x20) {
            return fail(reader, "a control character stands in a text");
        }
        reader->at++;
        if (byte == '"') {
            break;
        }
        if (byte != '\\') {
            reader->scratch[size++] = byte;
        } else if (!read_escape(reader, reader->scratch, &size)) {
            return false;
        }
    }
    *out = builder_text(&reader->builder, &node, reader->scratch, size);
    skip_space(reader);
    return *out != NULL;
}

static size_t count_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* Whether TEXT is a JSON number; *IS_WHOLE when it has neither fraction nor exponent. */
static bool is_number(const char *text, bool *is_whole)
{
    text += *text == '-';

    size_t digits = count_digits(text);

    if (digits == 0 || (digits > 1 && text[0] == '0')) {
        return false;
    }
    text += digits;
    *is_whole = *text == '\0';
    if (*text == '.') {
        digits = count_digits(++text);
        text += digits;
        if (digits == 0) {
            return false;
        }
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '+' || *text == '-';
        digits = count_digits(text);
        text += digits;
        return digits > 0 && *text == '\0';
    }
    return *text == '\0';
}

/* Numbers that are not whole or too great stay texts: whoever wants one reads the text. */
static bool classify(const char *word, struct tree *node)
{
    bool is_whole = false;

    if (strcmp(word, "null") == 0) {
        node->type = TREE_NULL;
        return true;
    }
    if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
        node->type = TREE_BOOLEAN;
        node->integer = word[0] == 't';
        return true;
    }
    if (!is_number(word, &is_whole)) {
        return false;
    }
    errno = 0;

    long long value = is_whole ? strtoll(word, NULL, 10) : 0;

    node->type = is_whole && errno == 0 ? TREE_INTEGER : TREE_TEXT;
    node->integer = errno == 0 ? value : 0;
    return true;
}

/* A number, true, false or null. */
static bool read_word(struct reader *reader, struct tree *node)
{
    size_t start = reader->at;

    while (reader->at < reader->source.size &&
           strchr(" \t\r\n,:[]{}\"", (char)reader->source.data[reader->at]) == NULL) {
        reader->at++;
    }
    node->text =
        builder_text(&reader->builder, node, reader->source.data + start, reader->at - start);
    if (node->text == NULL) {
        return false;
    }
    if (!classify(node->text, node)) {
        reader->at = start;
        return fail(reader, start == reader->source.size ? "the text ends within a value"
                                                         : "this is not a JSON value");
    }
    skip_space(reader);
    return true;
}

/* Reads the value at AT; a list or map is only opened. */
static bool read_value(struct reader *reader, const char *key)
{
    struct tree node = here(reader);
    struct tree *added = NULL;
    char first = peek(reader);

    if (first == '{' || first == '[') {
        node.type = first == '{' ? TREE_MAP : TREE_LIST;
        reader->at++;
        skip_space(reader);
        return builder_add(&reader->builder, &node, key, &added) &&
               builder_open(&reader->builder, added);
    }
    node.type = TREE_TEXT;
    if (!(first == '"' ? read_text(reader, &node.text) : read_word(reader, &node))) {
        return false;
    }
    return builder_add(&reader->builder, &node, key, &added);
}

/* Reads the next member or element of the innermost map or list, or its end. */
static bool step(struct reader *reader)
{
    const struct tree *open = reader->builder.open[reader->builder.depth - 1];
    bool is_map = open->type == TREE_MAP;
    const char *key = NULL;

    if (skip_byte(reader, is_map ? '}' : ']')) {
        builder_close(&reader->builder);
        return true;
    }
    if (open->count > 0 && !skip_byte(reader, ',')) {
        return fail(reader, is_map ? "want , or }" : "want , or ]");
    }
    if (is_map && peek(reader) != '"') {
        return fail(reader, "want a key in quotes");
    }
    if (is_map && !read_text(reader, &key)) {
        return false;
    }
    if (is_map && !skip_byte(reader, ':')) {
        return fail(reader, "want : behind the key");
    }
    return read_value(reader, key);
}

static bool read_all(struct reader *reader)
{
    skip_space(reader);
    if (!read_value(reader, NULL)) {
        return false;
    }
    while (reader->builder.depth > 0) {
        if (!step(reader)) {
            return false;
        }
    }
    return reader->at == reader->source.size ||
           fail(reader, "something stands behind the end of the value");
}

bool tree_parse_json(struct bytes source, const char *file, struct arena *arena, struct tree **out,
                     struct error *error)
{
    struct reader reader = {.source = source, .line = 1, .column = 1};
    size_t offset = 0;

    if (!text_is_utf8(source, &offset)) {
        return error_set(error, ERROR_INVALID, "%s: the byte at offset %zu is not UTF-8", file,
                         offset);
    }
    if (!builder_init(&reader.builder, file, arena, error)) {
        return false;
    }
    if (source.size >= 3 && memcmp(source.data, "\xEF\xBB\xBF", 3) == 0) {
        reader.source = bytes_of(source.data + 3, source.size - 3);
    }
    reader.scratch = malloc(source.size + 1);
    CHECK(reader.scratch != NULL);

    bool is_read = read_all(&reader);

    free(reader.scratch);
    if (is_read) {
        *out = reader.builder.root;
    }
    return is_read;
}
