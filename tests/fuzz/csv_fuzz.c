/* Any bytes as CSV: refused with a sentence, or a table that survives being written and read. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "formats/csv.h"
#include "formats/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_row(const struct csv_cell *cells, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        CHECK(cells[i].line >= 1);
        CHECK(text_is_utf8(bytes_of_text(cells[i].text), NULL));
        if (i > 0) {
            buffer_append_byte(out, ',');
        }
        csv_write_cell(cells[i].text, out);
    }
    buffer_append_byte(out, '\n');
}

/* What was read is written with commas and read again: the same cells. One column of empty names
 * could not tell, so the header is our own. */
static void check_round_trip(const struct csv *csv, struct arena *arena)
{
    struct buffer out = {0};
    struct csv again;
    struct error error;

    for (size_t i = 0; i < csv->column_count; i++) {
        buffer_append_text(&out, i == 0 ? "c" : ",c");
    }
    buffer_append_byte(&out, '\n');
    for (size_t i = 0; i < csv->row_count; i++) {
        write_row(csv->cells + i * csv->column_count, csv->column_count, &out);
    }
    CHECK(csv_parse(buffer_bytes(&out), "again", arena, &again, &error));
    CHECK(again.row_count == csv->row_count);
    CHECK(again.column_count == csv->column_count);
    for (size_t i = 0; i < csv->row_count * csv->column_count; i++) {
        CHECK(strcmp(again.cells[i].text, csv->cells[i].text) == 0);
    }
    buffer_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(256 * 1024 * 1024);
    struct csv csv;
    struct error error = {0};

    if (csv_parse(bytes_of(data, size), "input", arena, &csv, &error)) {
        check_round_trip(&csv, arena);
    } else {
        CHECK(strncmp(error.message, "input:", 6) == 0);
    }
    arena_destroy(arena);
    return 0;
}
