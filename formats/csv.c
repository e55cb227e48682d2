#include "formats/csv.h"

#include <assert.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "formats/text.h"

/* Windows-1252, 0x80 to 0x9F; 0 where it defines nothing. The rest is Latin-1. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

static_assert(CSV_COLUMNS_MAX == 256, "an error below names the limit");

static const char lone_return[] = "a carriage return stands without a line feed";

struct reader {
    const char *file;
    char *at;         /* Next byte; a NUL stands at the end. */
    char *end;        /* That NUL. */
    char *line_start; /* Of the line of AT. */
    uint32_t line;
    char separator;
    bool is_stop[256];   /* What a bare cell cannot hold; cells are too short for strcspn(). */
    struct buffer cells; /* struct csv_cell, of the rows so far. */
    struct error *error;
};

static bool fail(const struct reader *reader, const char *place, const char *what)
{
    size_t before = text_count(bytes_of(reader->line_start, (size_t)(place - reader->line_start)));

    return error_set(reader->error, ERROR_INVALID, "%s:%u:%zu: %s", reader->file, reader->line,
                     before + 1, what);
}

static void append_code_point(uint32_t code, char **out)
{
    char *to = *out;

    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    *out = to;
}

/* The line that byte AT of TEXT is in. */
static size_t line_of(const void *text, size_t at)
{
    const char *next = text;
    const char *end = next + at;
    size_t line = 1;

    while ((next = memchr(next, '\n', (size_t)(end - next))) != NULL) {
        next++;
        line++;
    }
    return line;
}

/* Converts SOURCE from Windows-1252 into ARENA. */
static bool convert(struct bytes source, const char *file, struct arena *arena, struct bytes *out,
                    struct error *error)
{
    char *text = arena_array(arena, source.size + 1, 3);
    char *to = text;

    if (text == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: there is no room to convert it to UTF-8", file);
    }
    for (size_t i = 0; i < source.size; i++) {
        uint32_t code = source.data[i];

        if (code >= 0x80 && code <= 0x9F) {
            code = windows_1252[code - 0x80];
        }
        if (code == 0 && source.data[i] != 0) {
            return error_set(error, ERROR_INVALID,
                             "%s:%zu: the byte 0x%02X is neither UTF-8 nor Windows-1252; save the "
                             "file as UTF-8",
                             file, line_of(source.data, i), source.data[i]);
        }
        append_code_point(code, &to);
    }
    *to = '\0';
    *out = bytes_of(text, (size_t)(to - text));
    return true;
}

/* Makes of SOURCE a text of our own that may be cut up in place. */
static bool take(struct bytes source, const char *file, struct arena *arena, struct csv *csv,
                 struct bytes *out, struct error *error)
{
    if (source.size > CSV_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: has %zu bytes, the limit is %d", file,
                         source.size, CSV_SIZE_MAX);
    }
    if (source.size >= 2 &&
        (memcmp(source.data, "\xFF\xFE", 2) == 0 || memcmp(source.data, "\xFE\xFF", 2) == 0)) {
        return error_set(error, ERROR_INVALID, "%s: is UTF-16; save the file as UTF-8", file);
    }
    if (source.size >= 3 && memcmp(source.data, "\xEF\xBB\xBF", 3) == 0) {
        source = bytes_of(source.data + 3, source.size - 3);
    }
    csv->is_windows_1252 = !text_is_utf8(source, NULL);
    if (csv->is_windows_1252) {
        return convert(source, file, arena, out, error);
    }
    char *copy = arena_copy(arena, source.data, source.size);

    if (copy == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: there is no room for its %zu bytes", file,
                         source.size);
    }
    *out = bytes_of(copy, source.size);
    return true;
}

/* The separator that occurs most often outside quotes in the header row; a comma when none does. */
static char recognise(const char *text)
{
    static const char separators[] = {',', ';', '\t'};
    size_t counts[3] = {0};
    bool is_quoted = false;
    size_t best = 0;

    for (; *text != '\0' && (is_quoted || *text != '\n'); text++) {
        is_quoted ^= *text == '"';
        for (size_t i = 0; i < 3; i++) {
            counts[i] += !is_quoted && *text == separators[i];
        }
    }
    for (size_t i = 1; i < 3; i++) {
        best = counts[i] > counts[best] ? i : best;
    }
    return separators[best];
}

/* Reads the quoted cell whose opening quote is at AT and moves its content together. AT is left on
 * what follows the closing quote. */
static bool read_quoted(struct reader *reader, char **end)
{
    char *open = reader->at;
    char *open_line = reader->line_start;
    uint32_t line = reader->line;
    char *to = ++reader->at;

    for (;;) {
        size_t run = strcspn(reader->at, "\"\r\n");

        memmove(to, reader->at, run);
        to += run;
        reader->at += run;
        if (*reader->at == '\0') {
            reader->line_start = open_line;
            reader->line = line;
            return fail(reader, open, "this quote is never closed");
        }
        if (*reader->at == '"' && reader->at[1] != '"') {
            break;
        }
        if (*reader->at == '"') {
            reader->at++;
        } else if (*reader->at == '\r' && *++reader->at != '\n') {
            return fail(reader, reader->at - 1, lone_return);
        }
        if (*reader->at == '\n') {
            reader->line++;
            reader->line_start = reader->at + 1;
        }
        *to++ = *reader->at++;
    }
    *end = to;
    reader->at++;
    if (strchr("\r\n", *reader->at) == NULL && *reader->at != reader->separator) {
        return fail(reader, reader->at, "text stands behind the closing quote of a cell");
    }
    return true;
}

static bool read_bare(struct reader *reader, char **end)
{
    while (!reader->is_stop[(uint8_t)*reader->at]) {
        reader->at++;
    }
    if (*reader->at == '"') {
        return fail(reader, reader->at,
                    "a quote stands inside a cell that does not begin with one");
    }
    *end = reader->at;
    return true;
}

/* Reads one cell; *IS_LAST tells whether it ends its row. AT is left behind what ended it. */
static bool read_cell(struct reader *reader, struct csv_cell *cell, bool *is_last)
{
    char *begin = reader->at;
    char *end = NULL;
    bool is_quoted = *begin == '"';

    cell->line = reader->line;
    cell->text = begin + is_quoted;
    if (!(is_quoted ? read_quoted(reader, &end) : read_bare(reader, &end))) {
        return false;
    }
    if (*reader->at == '\r' && reader->at[1] == '\n') {
        reader->at++;
    }
    if (*reader->at == '\r') {
        return fail(reader, reader->at, lone_return);
    }
    *is_last = *reader->at != reader->separator;
    if (*reader->at == '\n') {
        reader->line++;
        reader->line_start = reader->at + 1;
    }
    reader->at += reader->at < reader->end;
    *end = '\0';
    return true;
}

/* Reads one row into CELLS, which has room for LIMIT; *COUNT is the number of its cells. */
static bool read_row(struct reader *reader, struct csv_cell *cells, size_t limit, size_t *count)
{
    char *start = reader->line_start;
    uint32_t column = 1;
    bool is_last = false;

    *count = 0;
    while (!is_last) {
        struct csv_cell cell = {0};
        char *begin = reader->at;

        if (*count == limit) {
            return fail(reader, begin,
                        "the row has more cells than the header, or the header more than 256");
        }
        /* Cells behind this one are not cut up yet. */
        column += (uint32_t)text_count(bytes_of(start, (size_t)(begin - start)));
        start = begin;
        cell.column = column;
        if (!read_cell(reader, &cell, &is_last)) {
            return false;
        }
        if (cell.line != reader->line && !is_last) { /* The cell held line breaks. */
            start = reader->line_start;
            column = 1;
        }
        cells[(*count)++] = cell;
    }
    return true;
}

static bool is_empty(const struct csv_cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cells[i].text[0] != '\0') {
            return false;
        }
    }
    return true;
}

static bool read_header(struct reader *reader, struct arena *arena, struct csv *csv)
{
    struct csv_cell cells[CSV_COLUMNS_MAX];
    size_t count = 0;

    do {
        if (reader->at == reader->end) {
            return error_set(reader->error, ERROR_INVALID, "%s: has no header row", reader->file);
        }
        if (!read_row(reader, cells, CSV_COLUMNS_MAX, &count)) {
            return false;
        }
    } while (is_empty(cells, count));
    csv->column_count = count;
    csv->header = (struct csv_cell *)arena_copy(arena, cells, count * sizeof(cells[0]));
    if (csv->header == NULL) {
        return error_set(reader->error, ERROR_LIMIT, "%s: there is no room for it", reader->file);
    }
    return true;
}

static bool read_rows(struct reader *reader, struct csv *csv)
{
    while (reader->at < reader->end) {
        struct csv_cell cells[CSV_COLUMNS_MAX];
        uint32_t line = reader->line;
        size_t count = 0;

        if (!read_row(reader, cells, csv->column_count, &count)) {
            return false;
        }
        if (is_empty(cells, count)) {
            continue;
        }
        for (; count < csv->column_count; count++) {
            cells[count] = (struct csv_cell){.text = "", .line = line, .column = 1};
        }
        csv->row_count++;
        if (csv->row_count > CSV_ROWS_MAX || csv->row_count * csv->column_count > CSV_CELLS_MAX) {
            return error_set(reader->error, ERROR_LIMIT, "%s:%u: more than %d rows or %d cells",
                             reader->file, line, CSV_ROWS_MAX, CSV_CELLS_MAX);
        }
        buffer_append(&reader->cells, cells, count * sizeof(cells[0]));
    }
    return true;
}

static void set_separator(struct reader *reader, char separator)
{
    reader->separator = separator;
    reader->is_stop[(uint8_t)separator] = true;
    reader->is_stop['"'] = true;
    reader->is_stop['\r'] = true;
    reader->is_stop['\n'] = true;
    reader->is_stop['\0'] = true;
}

bool csv_parse(struct bytes source, const char *file, struct arena *arena, struct csv *out,
               struct error *error)
{
    struct csv csv = {0};
    struct bytes text;
    bool is_read = false;

    if (!take(source, file, arena, &csv, &text, error)) {
        return false;
    }
    char *start = (char *)text.data;
    struct reader reader = {.file = file,
                            .at = start,
                            .end = start + text.size,
                            .line_start = start,
                            .line = 1,
                            .error = error};

    if (strlen(start) < text.size) {
        is_read = error_set(error, ERROR_INVALID, "%s:%zu: a byte is NUL", file,
                            line_of(start, strlen(start)));
        goto out;
    }
    csv.separator = recognise(start);
    set_separator(&reader, csv.separator);
    if (!read_header(&reader, arena, &csv) || !read_rows(&reader, &csv)) {
        goto out;
    }
    csv.cells = (struct csv_cell *)arena_copy(arena, reader.cells.data, reader.cells.size);
    if (csv.cells == NULL) {
        is_read = error_set(error, ERROR_LIMIT, "%s: there is no room for its cells", file);
        goto out;
    }
    *out = csv;
    is_read = true;
out:
    buffer_finish(&reader.cells);
    return is_read;
}

void csv_write_cell(const char *text, struct buffer *out)
{
    /* Quoted too where a reader might trim or take another separator for ours. */
    size_t size = strlen(text);
    bool is_padded = size > 0 && (text[0] == ' ' || text[size - 1] == ' ');

    if (!is_padded && text[strcspn(text, "\",;\t\r\n")] == '\0') {
        buffer_append_text(out, text);
        return;
    }
    buffer_append_byte(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            buffer_append_byte(out, '"');
        }
        buffer_append_byte(out, (uint8_t)*text);
    }
    buffer_append_byte(out, '"');
}
