#ifndef STORE_MISCONDUCT_H
#define STORE_MISCONDUCT_H

/* The table of misconduct, which seats and coordinators keep alike. For the files of this folder
 * alone. */

#include "report/proof.h"
#include "store/database.h"

/* Of the first schema: names in words. */
#define MISCONDUCT_TABLE                                                                           \
    "CREATE TABLE misconduct (id BLOB PRIMARY KEY, kind TEXT NOT NULL, docket BLOB NOT NULL,"      \
    " subject TEXT NOT NULL, first_type TEXT NOT NULL, first_payload BLOB NOT NULL,"               \
    " first_signature BLOB NOT NULL, second_type TEXT NOT NULL, second_payload BLOB NOT NULL,"     \
    " second_signature BLOB NOT NULL) STRICT;"

/* Of the second: what struct proof holds, one proof per kind, docket and culprit, so that nobody
 * fills the disk by lying often. */
#define MISCONDUCT_TABLE_2                                                                         \
    "ALTER TABLE misconduct RENAME TO misconduct_1;"                                               \
    "CREATE TABLE misconduct (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"                  \
    " docket BLOB NOT NULL, is_seat INTEGER NOT NULL, signer INTEGER NOT NULL,"                    \
    " first_type TEXT NOT NULL, first_payload BLOB NOT NULL, first_signature BLOB NOT NULL,"       \
    " second_type TEXT NOT NULL, second_payload BLOB NOT NULL, second_signature BLOB NOT NULL,"    \
    " first_docket BLOB NOT NULL, first_docket_signature BLOB NOT NULL,"                           \
    " second_docket BLOB NOT NULL, second_docket_signature BLOB NOT NULL,"                         \
    " UNIQUE (kind, docket, is_seat, signer)) STRICT;"                                             \
    "INSERT OR IGNORE INTO misconduct (kind, docket, is_seat, signer, first_type, first_payload,"  \
    " first_signature, second_type, second_payload, second_signature, first_docket,"               \
    " first_docket_signature, second_docket, second_docket_signature)"                             \
    " SELECT CAST(substr(kind, 2) AS INTEGER), docket, subject LIKE 'seat %',"                     \
    " CAST(substr(subject, instr(subject, ' ') + 1) AS INTEGER), first_type, first_payload,"       \
    " first_signature, second_type, second_payload, second_signature, x'', zeroblob(64), x'',"     \
    " zeroblob(64) FROM misconduct_1;"                                                             \
    "DROP TABLE misconduct_1;"

/* Keeps a judged proof, the first of its kind, docket and culprit; *IS_NEW tells whether this one
 * was. Errors as database_run(). */
MUST_USE bool misconduct_save(struct database *database, const struct proof *proof, bool *is_new,
                              struct error *error);

/* Finds the first proof whose number is above AFTER, in ARENA, and its number, from 1; *IS_FOUND
 * false after the last. */
MUST_USE bool misconduct_next(struct database *database, uint64_t after, struct arena *arena,
                              struct proof *out, uint64_t *number, bool *is_found,
                              struct error *error);

#endif
