#ifndef STORE_COORDINATOR_FILE_H
#define STORE_COORDINATOR_FILE_H

/* What the files of coordinator_store.h share. For this folder alone. */

#include "store/coordinator_store.h"
#include "store/database.h"

struct coordinator_store {
    struct database *database;
};

/* Reads the digests in the first column of ROWS into ARENA, and ends the query. */
MUST_USE bool coordinator_file_digests(struct database_rows *rows, struct arena *arena,
                                       struct digest **out, size_t *count, struct error *error);

#endif
