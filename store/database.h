#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

/* An SQLite file that keeps what it was told: write-ahead log, synchronous=FULL, strict tables,
 * foreign keys, one schema version. For the files of this folder alone.
 *
 *     begin; run, find, next ...; finish(true) commits, finish(false) takes everything back
 *
 * A database belongs to one thread; several may have the same file open. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

#define DATABASE_STATEMENTS_MAX 64 /* Different statements of one database. */

struct database;

struct database_schema {
    const char *what;              /* "seat store", for messages. */
    int32_t application_id;        /* Tells one kind of file from another. */
    const char *const *migrations; /* SQL: migrations[i] leads from version i to i + 1. */
    size_t version;                /* How many. */
};

/* Whose file it is. */
struct database_owner {
    struct digest roster;
    uint8_t index; /* Seat or coordinator. */
};

/* Makes the file at PATH, mode 0600.
 *
 * Errors: ERROR_CONFLICT when something is there; ERROR_IO. */
MUST_USE bool database_create(const char *path, const struct database_schema *schema,
                              const struct database_owner *owner, struct error *error);

/* Opens the file at PATH and brings it up to the schema. The caller closes it.
 *
 * Errors: ERROR_NOT_FOUND; ERROR_CONFLICT when it is another owner's or of a newer schema;
 * ERROR_CORRUPT; ERROR_IO. */
MUST_USE bool database_open(const char *path, const struct database_schema *schema,
                            const struct database_owner *owner, struct database **out,
                            struct error *error);

/* close(NULL) does nothing. */
void database_close(struct database *database);

/* A value for one "?" of a statement, borrowed. */
struct database_value {
    enum { DATABASE_NUMBER, DATABASE_BLOB, DATABASE_TEXT } type;
    uint64_t number;
    struct bytes bytes;
};

static inline struct database_value database_number(uint64_t number)
{
    return (struct database_value){.type = DATABASE_NUMBER, .number = number};
}

static inline struct database_value database_blob(struct bytes bytes)
{
    return (struct database_value){.type = DATABASE_BLOB, .bytes = bytes};
}

static inline struct database_value database_digest(const struct digest *digest)
{
    return database_blob(bytes_of(digest->data, DIGEST_SIZE));
}

static inline struct database_value database_text(const char *text)
{
    return (struct database_value){.type = DATABASE_TEXT, .bytes = bytes_of_text(text)};
}

/* Values in the order of the "?", as the two arguments VALUES and COUNT below. */
#define DATABASE_VALUES(...)                                                                       \
    (const struct database_value[]){__VA_ARGS__},                                                  \
        sizeof((const struct database_value[]){__VA_ARGS__}) / sizeof(struct database_value)

/* Starts a transaction that may write; waits a few seconds for another writer. */
MUST_USE bool database_begin(struct database *database, struct error *error);

/* Ends it: commits when IS_OK, else takes everything back and leaves ERROR as it is. True when it
 * was committed, and then it is on the disk. */
MUST_USE bool database_finish(struct database *database, bool is_ok, struct error *error);

/* SQL texts are literals: a statement is prepared once and found again by its address. VALUES has
 * as many values as the statement has "?".
 *
 * Errors of all three: ERROR_CONFLICT when a key is there already; ERROR_NOT_FOUND when what is
 * referred to is not; ERROR_CORRUPT; ERROR_LIMIT; ERROR_IO, a full disk included. */

/* Runs a statement that gives no rows. */
MUST_USE bool database_run(struct database *database, const char *sql,
                           const struct database_value *values, size_t count, struct error *error);

/* Rows that the last database_run() changed. */
uint64_t database_changes(const struct database *database);

struct database_rows; /* The rows of one statement, at one of them. */

/* Starts a query before its first row; read it with database_next(). */
MUST_USE bool database_query(struct database *database, const char *sql,
                             const struct database_value *values, size_t count,
                             struct database_rows **out, struct error *error);

/* Goes to the next row; *HAS_ROW false after the last. A query that is not read to its end is ended
 * by database_end(). */
MUST_USE bool database_next(struct database_rows *rows, bool *has_row, struct error *error);
void database_end(struct database_rows *rows);

/* Column INDEX of the row, from 0. What is borrowed is valid until the next row. */
uint64_t database_column_number(struct database_rows *rows, int index);
struct bytes database_column_blob(struct database_rows *rows, int index);
/* A blob of exactly SIZE bytes; ERROR_CORRUPT when it is not. */
MUST_USE bool database_column_bytes(struct database_rows *rows, int index, uint8_t *out,
                                    size_t size, struct error *error);
/* A copy in ARENA, NUL behind it; ERROR_LIMIT when the arena is full. */
MUST_USE bool database_column_copy(struct database_rows *rows, int index, struct arena *arena,
                                   struct bytes *out, struct error *error);

/* Moves what was collected in BUFFER to ARENA and finishes BUFFER either way. NULL when IS_OK is
 * false, and then ERROR stays as it is, or when the arena is full. */
void *database_take_array(struct buffer *buffer, bool is_ok, struct arena *arena,
                          struct error *error);

/* The number in the only row and column of a query; *IS_FOUND false when there is no row. */
MUST_USE bool database_find_number(struct database *database, const char *sql,
                                   const struct database_value *values, size_t count, uint64_t *out,
                                   bool *is_found, struct error *error);

/* Appends the blob in the only row and column of a query to OUT; ERROR_NOT_FOUND with WHAT in the
 * message when there is no row. */
MUST_USE bool database_find_blob(struct database *database, const char *sql,
                                 const struct database_value *values, size_t count,
                                 const char *what, struct buffer *out, struct error *error);

#endif
