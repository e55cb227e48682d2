#ifndef FORMATS_CSV_H
#define FORMATS_CSV_H

/* RFC 4180 as spreadsheets write it, with the place of every cell.
 *
 * UTF-8, with or without BOM; anything else is read as Windows-1252 and flagged; a byte that
 * Windows-1252 does not define is an error that names its offset. Separator , ; or tab, recognised
 * from the header row. Quoted cells may hold line breaks. CR LF and LF end rows. Cells are not
 * trimmed. Rows that are wholly empty are skipped. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#define CSV_SIZE_MAX    (64 * 1024 * 1024) /* Bytes of a file. */
#define CSV_COLUMNS_MAX 256
#define CSV_ROWS_MAX    1000000
#define CSV_CELLS_MAX   4000000

struct csv_cell {
    const char *text; /* UTF-8, NUL-terminated, never NULL. */
    uint32_t line;    /* From 1, in the file, where the cell begins. */
    uint32_t column;  /* From 1, in characters. */
};

struct csv {
    char separator;
    bool is_windows_1252;    /* It was converted. */
    size_t column_count;     /* Of the header row. */
    size_t row_count;        /* Without the header row. */
    struct csv_cell *header; /* column_count cells. */
    struct csv_cell
        *cells; /* row_count * column_count cells, by row; missing trailing cells are "". */
};

/* Reads SOURCE, named FILE in errors, into ARENA.
 *
 * Errors: ERROR_INVALID ("FILE:LINE:COLUMN: ..."): a quote inside a bare cell, text behind a
 * closing quote, an open quote at the end, more cells than the header, NUL; ERROR_LIMIT. */
MUST_USE bool csv_parse(struct bytes source, const char *file, struct arena *arena, struct csv *out,
                        struct error *error);

/* Appends TEXT as one cell, quoted when it must be. */
struct buffer;
void csv_write_cell(const char *text, struct buffer *out);

#endif
