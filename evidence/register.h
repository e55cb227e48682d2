#ifndef EVIDENCE_REGISTER_H
#define EVIDENCE_REGISTER_H

/* One file of registers/ into one table; a part of the loader. */

#include "base/buffer.h"
#include "evidence/dataset.h"
#include "evidence/index.h"
#include "evidence/notes.h"
#include "evidence/source.h"

#define REGISTER_REFERENCES_MAX 1000000 /* Of all registers. */

/* A reference that can be checked only when all registers are read. */
struct register_reference {
    size_t table;      /* Index of the table that must have the id. */
    struct bytes text; /* The id. */
    struct notes_place place;
};

/* What all registers of a source share. */
struct register_reader {
    const struct source *source;
    const struct schema *schema;
    struct arena *arena;
    struct notes *notes;
    const char *period_end;   /* NULL when aims.yaml does not tell. */
    struct buffer references; /* struct register_reference; the caller checks and frees them. */
    struct buffer files; /* struct dataset_file, of which the digests are still to be filled. */
    struct index *ids;   /* Of each table of the schema. */
};

/* Reads FILE as the table TABLE_INDEX; what is wrong goes to the notes, and the table has as many
 * rows as could be made out. */
void register_read(struct register_reader *reader, size_t table_index, struct source_file *file,
                   struct dataset_table *out);

#endif
