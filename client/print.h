#ifndef CLIENT_PRINT_H
#define CLIENT_PRINT_H

/* Pieces of output that several commands share. Texts of others have their control characters taken
 * out, so that no file can drive the terminal. */

#include <stdbool.h>
#include <stdio.h>

#include "client/command.h"
#include "evidence/notes.h"
#include "report/findings.h"
#include "rules/catalog.h"
#include "rules/engine.h"

/* One line per note, warnings marked, and how many there are beyond those that were kept. */
void print_notes(const struct notes *notes, FILE *out);

/* TEXT on one line, without control characters. */
void print_clean(const char *text, FILE *out);

/* True when standard error is a terminal that can take a line back. */
bool print_can_redraw(void);

/* How a program that asked for DECISION should exit. */
enum command_exit print_exit(enum findings_decision decision);

/* DECISION in words. */
const char *print_decision(enum findings_decision decision);

/* The first ROWS_MAX rows behind an answer, indented; the rest is counted. */
void print_rows(const struct engine_answer *answer, size_t rows_max, FILE *out);

#endif
