#include "report/lines.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "formats/text.h"

/* Columns of the word at TEXT, which ends before white space. */
static size_t word_columns(const char *text, size_t size)
{
    size_t columns = 0;

    for (size_t i = 0; i < size; columns++) {
        size_t step = text_character_size(text + i);

        i += step == 0 ? 1 : step;
    }
    return columns;
}

static void append_word(struct buffer *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t step = text_character_size(text + i);

        if (step == 0) {
            buffer_append_byte(out, '?');
            i++;
        } else {
            buffer_append(out, text + i, step);
            i += step;
        }
    }
}

static void append_spaces(struct buffer *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_append_byte(out, ' ');
    }
}

void lines_wrap(struct buffer *out, size_t indent, size_t hanging, const char *text)
{
    size_t column = indent;
    bool is_begun = false;

    append_spaces(out, indent);
    for (text += strspn(text, " \t\n"); *text != '\0'; text += strspn(text, " \t\n")) {
        size_t size = strcspn(text, " \t\n");
        size_t columns = word_columns(text, size);

        if (is_begun && column + 1 + columns > LINES_COLUMNS) {
            buffer_append_byte(out, '\n');
            append_spaces(out, indent + hanging);
            column = indent + hanging;
        } else if (is_begun) {
            buffer_append_byte(out, ' ');
            column++;
        }
        append_word(out, text, size);
        column += columns;
        is_begun = true;
        text += size;
    }
    buffer_append_byte(out, '\n');
}

void lines_format(struct buffer *out, size_t indent, size_t hanging, const char *format, ...)
{
    va_list arguments;
    va_list again;

    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CHECK(length >= 0);
    char *text = malloc((size_t)length + 1);

    CHECK(text != NULL);
    (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    lines_wrap(out, indent, hanging, text);
    free(text);
}

void lines_heading(struct buffer *out, const char *text)
{
    buffer_append_byte(out, '\n');
    buffer_append_text(out, text);
    buffer_append_byte(out, '\n');
}
