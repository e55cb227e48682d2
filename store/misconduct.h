#ifndef STORE_MISCONDUCT_H
#define STORE_MISCONDUCT_H

/* The table of misconduct, which seats and coordinators keep alike. For the files of this folder
 * alone. */

#include "store/database.h"
#include "store/seat_store.h"

#define MISCONDUCT_TABLE                                                                           \
    "CREATE TABLE misconduct (id BLOB PRIMARY KEY, kind TEXT NOT NULL, docket BLOB NOT NULL,"      \
    " subject TEXT NOT NULL, first_type TEXT NOT NULL, first_payload BLOB NOT NULL,"               \
    " first_signature BLOB NOT NULL, second_type TEXT NOT NULL, second_payload BLOB NOT NULL,"     \
    " second_signature BLOB NOT NULL) STRICT;"

/* Keeps it; the same again does nothing. Errors as database_run(). */
MUST_USE bool misconduct_save(struct database *database,
                              const struct seat_store_misconduct *misconduct, struct error *error);

#endif
