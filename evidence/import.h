#ifndef EVIDENCE_IMPORT_H
#define EVIDENCE_IMPORT_H

/* What importers share: registers made of what an organisation already has, and a list of all that
 * they could not map. The registers are files in memory, as aims.yaml and registers/NAME.csv:
 * load_source() takes them, and whoever wants a directory writes them there. Importers never claim
 * that a register is complete. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "evidence/schema.h"
#include "evidence/source.h"

#define IMPORT_REGISTERS_MAX 16
#define IMPORT_COLUMNS_MAX   16

/* Something that was not mapped. */
struct import_gap {
    const struct import_gap *next;
    size_t row;         /* As a spreadsheet counts, with the header as row 1; 0: a whole column. */
    size_t column;      /* From 1. */
    const char *title;  /* Of the column. */
    const char *system; /* Id of the system; "" for a whole column. */
    const char *value;  /* What stands there; "" for a whole column. */
    const char *reason; /* Sentence without full stop. */
};

/* What was answered to a question that an inventory asks of every system; adds up to the number of
 * systems. */
enum import_answer {
    IMPORT_BLANK = 0,
    IMPORT_YES,
    IMPORT_NO,
    IMPORT_PARTLY,
    IMPORT_PLANNED,
    IMPORT_NOT_APPLICABLE,
    IMPORT_WAIVED,
    IMPORT_OTHER, /* Not mapped, and listed. */
    IMPORT_ANSWERS,
};

struct import_question {
    size_t column; /* From 1. */
    const char *name;
    const char *table; /* Register that holds the answers. */
    size_t counts[IMPORT_ANSWERS];
};

/* What was imported; all in the arena of the caller. */
struct import_result {
    const char *organisation;
    size_t system_count;
    struct source files; /* In memory, sorted. */
    size_t question_count;
    struct import_question *questions;
    size_t gap_count;
    const struct import_gap *gaps; /* Columns first, then by row. */
};

/* A register being made. */
struct import_register {
    const char *name;
    const char *columns; /* Header row. */
    size_t column_count;
    size_t row_count;
    struct buffer text;
};

struct import_writer {
    struct arena *arena;
    size_t register_count;
    struct import_register registers[IMPORT_REGISTERS_MAX];
    size_t gap_count;
    struct import_gap *first;
    struct import_gap *last;
    bool is_full; /* The arena is; what was made since is not complete. */
};

/* What aims.yaml says. */
struct import_statement {
    const char *organisation;
    const char *period_start;
    const char *period_end;
    const char *reason; /* Why the registers are partial. */
};

void import_init(struct import_writer *writer, struct arena *arena);
void import_finish(struct import_writer *writer);

/* Adds an empty register with the header row COLUMNS, "id,title,...". Returns its index. */
size_t import_add_register(struct import_writer *writer, const char *name, const char *columns);

/* Adds a row: one cell for each column, NULL where nothing is known. */
void import_add_row(struct import_writer *writer, size_t index, const char *const *cells);

/* Lists GAP, whose texts must outlive the writer. */
void import_add_gap(struct import_writer *writer, const struct import_gap *gap);

/* TEXT as a cell can hold it, in the arena: without white space around it, without control
 * characters, and with *IS_CUT at most LOAD_CELL_MAX bytes, cut between two characters. */
const char *import_clean(struct import_writer *writer, const char *text, bool *is_cut);

/* A formatted text in the arena, never NULL. */
const char *import_format(struct import_writer *writer, const char *format, ...) PRINTF_LIKE(2, 3);

/* Makes the files: aims.yaml, and every register that has rows.
 *
 * Errors: ERROR_LIMIT. */
MUST_USE bool import_files(struct import_writer *writer, const struct schema *schema,
                           const struct import_statement *statement, struct source *out,
                           struct error *error);

#endif
