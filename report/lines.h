#ifndef REPORT_LINES_H
#define REPORT_LINES_H

/* Text for a terminal, wrapped at LINES_COLUMNS. What is quoted may come from anybody: control
 * characters and bytes that are not UTF-8 become '?', runs of white space one space. */

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

#define LINES_COLUMNS 100

/* Appends TEXT as lines that begin with INDENT spaces; lines after the first with HANGING more. */
void lines_wrap(struct buffer *out, size_t indent, size_t hanging, const char *text);

/* The same with a format. */
void lines_format(struct buffer *out, size_t indent, size_t hanging, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* A heading with an empty line before it. */
void lines_heading(struct buffer *out, const char *text);

#endif
