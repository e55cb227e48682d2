#ifndef REPORT_ROWS_H
#define REPORT_ROWS_H

/* The rows of a working paper that explain a gap, quoted for people: what is wrong before what is
 * merely unknown, and nothing that speaks well of the organisation. */

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "rules/engine.h"

/* True when row ROW of ANSWER explains why it is not met or not known. */
bool rows_is_telling(const struct engine_answer *answer, size_t row);

/* Appends at most ROWS_MAX such rows, one list item each, indented by INDENT columns, and how many
 * more there are. */
void rows_quote(const struct engine_answer *answer, size_t rows_max, size_t indent,
                struct buffer *out);

#endif
