#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

/* A log whose every line holds the hash of the one before, so that none can be changed, inserted or
 * taken out unseen. Lines cut off at the end do not show. For the files of this folder alone. */

#include "store/database.h"

#define AUDIT_TABLE                                                                                \
    "CREATE TABLE audit (number INTEGER PRIMARY KEY, line TEXT NOT NULL, hash BLOB NOT NULL)"      \
    " STRICT;"

/* Appends LINE, within the caller's transaction. Errors as database_run(). */
MUST_USE bool audit_append(struct database *database, const char *line, struct error *error);

/* Checks the whole chain. ERROR_CORRUPT names the first line that does not fit. */
MUST_USE bool audit_check(struct database *database, struct error *error);

#endif
