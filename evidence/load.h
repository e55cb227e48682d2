#ifndef EVIDENCE_LOAD_H
#define EVIDENCE_LOAD_H

/* From files to tables: reads aims.yaml and the registers of a source, checks every cell against
 * the schema, and finds the cited documents.
 *
 * Errors (the dataset is not made): aims.yaml is wrong; a file cannot be read; a required column or
 * cell is missing; a bad value; a duplicate id; a reference to nothing; a cited document that is
 * not there; something done after the end of the period; two files for one register; rows in a
 * register that is said to be empty. Warnings: unknown files and columns, dates and encodings that
 * had to be converted. */

#include "evidence/dataset.h"
#include "evidence/notes.h"
#include "evidence/source.h"

#define LOAD_CELL_MAX     32768 /* Bytes of one cell; what the rules' sandbox takes. */
#define LOAD_ELEMENTS_MAX 1000  /* Elements of one list. */

/* Loads SOURCE into the arena of NOTES (which must live as long as the dataset; so must SCHEMA) and
 * collects in NOTES all that is wrong.
 *
 * Errors: ERROR_INVALID when NOTES got errors: the first one and how many more; ERROR_IO;
 * ERROR_LIMIT. */
MUST_USE bool load_source(const struct source *source, const struct schema *schema,
                          struct notes *notes, struct dataset *out, struct error *error);

/* The same for the directory PATH. Errors: those of source_open() too. */
MUST_USE bool load_directory(const char *path, const struct schema *schema, struct notes *notes,
                             struct dataset *out, struct error *error);

#endif
