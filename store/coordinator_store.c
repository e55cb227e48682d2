#include "store/coordinator_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "crypto/hash.h"
#include "store/audit.h"
#include "store/database.h"
#include "store/misconduct.h"

struct coordinator_store {
    struct database *database;
};

/* The numbers of enum coordinator_store_state are in the file. */
static const char *const migrations[] = {
    "CREATE TABLE docket (serial INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
    " payload BLOB NOT NULL, signature BLOB NOT NULL, is_settled INTEGER NOT NULL DEFAULT 0)"
    " STRICT;"
    "CREATE INDEX docket_unsettled ON docket (serial) WHERE is_settled = 0;"
    "CREATE TABLE hearing (number INTEGER PRIMARY KEY, case_id BLOB NOT NULL,"
    " attempt INTEGER NOT NULL, payload BLOB NOT NULL, signature BLOB NOT NULL,"
    " submitter BLOB NOT NULL, manifest BLOB NOT NULL, bundle BLOB NOT NULL,"
    " received_at INTEGER NOT NULL, state INTEGER NOT NULL,"
    " docket BLOB REFERENCES docket (id), place INTEGER, outcome INTEGER, decision TEXT,"
    " report BLOB, decided_at INTEGER, UNIQUE (case_id, attempt), UNIQUE (docket, place)) STRICT;"
    "CREATE INDEX hearing_state ON hearing (state, number);"
    "CREATE INDEX hearing_submitter ON hearing (submitter);"
    "CREATE TABLE proposal (docket BLOB NOT NULL REFERENCES docket (id), view INTEGER NOT NULL,"
    " value BLOB NOT NULL, tc BLOB NOT NULL, book BLOB NOT NULL, frame BLOB NOT NULL,"
    " PRIMARY KEY (docket, view)) STRICT;"
    "CREATE TABLE certificate (number INTEGER PRIMARY KEY,"
    " docket BLOB NOT NULL UNIQUE REFERENCES docket (id), value BLOB NOT NULL,"
    " certificate BLOB NOT NULL) STRICT;"
    "CREATE TABLE report (docket BLOB NOT NULL REFERENCES docket (id), place INTEGER NOT NULL,"
    " report BLOB NOT NULL, PRIMARY KEY (docket, place)) STRICT;"
    "CREATE TABLE done (docket BLOB NOT NULL REFERENCES docket (id), seat INTEGER NOT NULL,"
    " PRIMARY KEY (docket, seat)) STRICT;"
    "CREATE TABLE paper (docket BLOB NOT NULL REFERENCES docket (id), place INTEGER NOT NULL,"
    " seat INTEGER NOT NULL, papers BLOB NOT NULL, PRIMARY KEY (docket, place, seat)) "
    "STRICT;" AUDIT_TABLE MISCONDUCT_TABLE,
};

static const struct database_schema schema = {
    .what = "coordinator store",
    .application_id = 0x41495343, /* "AISC" */
    .migrations = migrations,
    .version = sizeof(migrations) / sizeof(migrations[0]),
};

bool coordinator_store_create(const char *path, const struct digest *roster, uint8_t index,
                              struct error *error)
{
    const struct database_owner owner = {.roster = *roster, .index = index};

    return database_create(path, &schema, &owner, error);
}

bool coordinator_store_open(const char *path, const struct digest *roster, uint8_t index,
                            struct coordinator_store **out, struct error *error)
{
    const struct database_owner owner = {.roster = *roster, .index = index};
    struct database *database;

    if (!database_open(path, &schema, &owner, &database, error)) {
        return false;
    }
    struct coordinator_store *store = malloc(sizeof(*store));

    CHECK(store != NULL);
    store->database = database;
    *out = store;
    return true;
}

void coordinator_store_close(struct coordinator_store *store)
{
    if (store != NULL) {
        database_close(store->database);
        free(store);
    }
}

static bool audit_case(struct database *database, const struct digest *case_id, uint32_t attempt,
                       const char *what, const struct digest *docket, struct error *error)
{
    char hex[DIGEST_HEX_SIZE];
    struct buffer line = {0};

    buffer_format(&line, "case %s attempt %u %s", encode_digest(case_id, hex), attempt, what);
    if (docket != NULL) {
        buffer_format(&line, " docket %s", encode_digest(docket, hex));
    }
    bool is_ok = audit_append(database, buffer_text(&line), error);

    buffer_finish(&line);
    return is_ok;
}

static bool insert_case(struct database *database, const struct coordinator_store_case *new_case,
                        struct error *error)
{
    const struct message_signed *header = &new_case->header;

    return database_run(
        database,
        "INSERT INTO hearing (case_id, attempt, payload, signature, submitter, manifest, bundle,"
        " received_at, state) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
        DATABASE_VALUES(database_digest(&new_case->id), database_number(new_case->attempt),
                        database_blob(header->payload),
                        database_blob(bytes_of(header->signature, sizeof(header->signature))),
                        database_blob(bytes_of(new_case->submitter, sizeof(new_case->submitter))),
                        database_digest(&new_case->manifest), database_digest(&new_case->bundle),
                        database_number(new_case->received_at),
                        database_number(COORDINATOR_STORE_WAITING)),
        error);
}

bool coordinator_store_add_case(struct coordinator_store *store,
                                const struct coordinator_store_case *new_case, bool *is_known,
                                struct error *error)
{
    struct database *database = store->database;
    bool is_new = false;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok = insert_case(database, new_case, error);

    if (is_ok) {
        is_new = database_changes(database) == 1;
        is_ok = !is_new ||
                audit_case(database, &new_case->id, new_case->attempt, "received", NULL, error);
    }
    if (!database_finish(database, is_ok, error)) {
        return error_wrap(error, "accept a case");
    }
    *is_known = !is_new;
    return true;
}

#define CASE_COLUMNS                                                                               \
    "SELECT case_id, attempt, payload, signature, submitter, manifest, bundle, received_at, "      \
    "state,"                                                                                       \
    " docket, place, outcome, decision, report, decided_at FROM hearing "

/* The columns that are empty until the hearing is in a docket, or decided. */
static bool read_progress(struct database_rows *rows, struct arena *arena,
                          struct coordinator_store_case *out, struct error *error)
{
    struct bytes decision;

    out->index = (uint32_t)database_column_number(rows, 10);
    out->outcome = (int)database_column_number(rows, 11);
    out->decided_at = database_column_number(rows, 14);
    if (out->state != COORDINATOR_STORE_WAITING &&
        !database_column_bytes(rows, 9, out->docket.data, DIGEST_SIZE, error)) {
        return false;
    }
    if (out->state != COORDINATOR_STORE_DECIDED) {
        return true;
    }
    if (!database_column_copy(rows, 12, arena, &decision, error)) {
        return false;
    }
    out->decision = (const char *)decision.data;
    return database_column_bytes(rows, 13, out->report.data, DIGEST_SIZE, error);
}

static bool read_case(struct database_rows *rows, struct arena *arena,
                      struct coordinator_store_case *out, struct error *error)
{
    struct message_signed *header = &out->header;

    *out = (struct coordinator_store_case){
        .attempt = (uint32_t)database_column_number(rows, 1),
        .received_at = database_column_number(rows, 7),
        .state = (enum coordinator_store_state)database_column_number(rows, 8),
    };
    return database_column_bytes(rows, 0, out->id.data, DIGEST_SIZE, error) &&
           database_column_copy(rows, 2, arena, &header->payload, error) &&
           database_column_bytes(rows, 3, header->signature, sizeof(header->signature), error) &&
           database_column_bytes(rows, 4, out->submitter, sizeof(out->submitter), error) &&
           database_column_bytes(rows, 5, out->manifest.data, DIGEST_SIZE, error) &&
           database_column_bytes(rows, 6, out->bundle.data, DIGEST_SIZE, error) &&
           read_progress(rows, arena, out, error);
}

/* Reads all rows of a query that begins with CASE_COLUMNS. */
static bool read_cases(struct database_rows *rows, struct arena *arena,
                       struct coordinator_store_case **out, size_t *count, struct error *error)
{
    struct buffer cases = {0};
    size_t case_count = 0;
    bool has_row = true;
    bool is_ok = database_next(rows, &has_row, error);

    while (is_ok && has_row) {
        struct coordinator_store_case read;

        is_ok = read_case(rows, arena, &read, error);
        if (is_ok) {
            buffer_append(&cases, &read, sizeof(read));
            case_count++;
            is_ok = database_next(rows, &has_row, error);
        }
    }
    database_end(rows);
    struct coordinator_store_case *array = database_take_array(&cases, is_ok, arena, error);

    if (array == NULL) {
        return false;
    }
    *out = array;
    *count = case_count;
    return true;
}

bool coordinator_store_case(struct coordinator_store *store, const struct digest *case_id,
                            struct arena *arena, struct coordinator_store_case **out, size_t *count,
                            struct error *error)
{
    struct database_rows *rows;
    struct coordinator_store_case *cases;
    size_t case_count;

    if (!database_query(store->database, CASE_COLUMNS "WHERE case_id = ? ORDER BY attempt",
                        DATABASE_VALUES(database_digest(case_id)), &rows, error) ||
        !read_cases(rows, arena, &cases, &case_count, error)) {
        return false;
    }
    if (case_count == 0) {
        return error_set(error, ERROR_NOT_FOUND, "the case is not known here");
    }
    *out = cases;
    *count = case_count;
    return true;
}

bool coordinator_store_waiting(struct coordinator_store *store, size_t limit, struct arena *arena,
                               struct coordinator_store_case **out, size_t *count,
                               struct error *error)
{
    struct database_rows *rows;

    return database_query(
               store->database, CASE_COLUMNS "WHERE state = ? ORDER BY number LIMIT ?",
               DATABASE_VALUES(database_number(COORDINATOR_STORE_WAITING), database_number(limit)),
               &rows, error) &&
           read_cases(rows, arena, out, count, error);
}

bool coordinator_store_next_serial(struct coordinator_store *store, uint64_t *out,
                                   struct error *error)
{
    bool is_found;

    return database_find_number(store->database, "SELECT coalesce(max(serial), 0) + 1 FROM docket",
                                NULL, 0, out, &is_found, error);
}

static bool bind_hearing(struct database *database, const struct digest *docket, size_t index,
                         const struct coordinator_store_hearing *hearing, struct error *error)
{
    if (!database_run(database,
                      "UPDATE hearing SET state = ?, docket = ?, place = ?"
                      " WHERE case_id = ? AND attempt = ? AND state = ?",
                      DATABASE_VALUES(database_number(COORDINATOR_STORE_HEARD),
                                      database_digest(docket), database_number(index),
                                      database_digest(&hearing->case_id),
                                      database_number(hearing->attempt),
                                      database_number(COORDINATOR_STORE_WAITING)),
                      error)) {
        return false;
    }
    if (database_changes(database) != 1) {
        return error_set(error, ERROR_CONFLICT, "hearing %zu does not wait for a docket", index);
    }
    return audit_case(database, &hearing->case_id, hearing->attempt, "heard in", docket, error);
}

bool coordinator_store_open_docket(struct coordinator_store *store, const struct digest *id,
                                   const struct message_signed *docket, uint64_t serial,
                                   const struct coordinator_store_hearing *hearings, size_t count,
                                   struct error *error)
{
    struct database *database = store->database;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok = database_run(
        database, "INSERT INTO docket (serial, id, payload, signature) VALUES (?,?,?,?)",
        DATABASE_VALUES(database_number(serial), database_digest(id),
                        database_blob(docket->payload),
                        database_blob(bytes_of(docket->signature, sizeof(docket->signature)))),
        error);

    for (size_t i = 0; is_ok && i < count; i++) {
        is_ok = bind_hearing(database, id, i, &hearings[i], error);
    }
    return database_finish(database, is_ok, error) ||
           error_wrap(error, "open docket %llu", (unsigned long long)serial);
}

/* The columns of coordinator_store_dockets(). */
static bool read_docket(struct database_rows *rows, struct arena *arena,
                        struct coordinator_store_docket *out, struct error *error)
{
    struct chair_record *record = &out->record;

    *out = (struct coordinator_store_docket){.serial = database_column_number(rows, 0)};
    record->is_decided = database_column_number(rows, 4) != 0;
    record->proposed.view = (uint32_t)database_column_number(rows, 5);
    if (!database_column_bytes(rows, 1, out->id.data, DIGEST_SIZE, error) ||
        !database_column_copy(rows, 2, arena, &out->docket.payload, error) ||
        !database_column_bytes(rows, 3, out->docket.signature, sizeof(out->docket.signature),
                               error)) {
        return false;
    }
    return record->proposed.view == 0 ||
           (database_column_bytes(rows, 6, record->proposed.value.data, DIGEST_SIZE, error) &&
            database_column_bytes(rows, 7, record->proposed.tc.data, DIGEST_SIZE, error) &&
            database_column_bytes(rows, 8, record->book.data, DIGEST_SIZE, error));
}

bool coordinator_store_dockets(struct coordinator_store *store, struct arena *arena,
                               struct coordinator_store_docket **out, size_t *count,
                               struct error *error)
{
    struct database_rows *rows;
    struct buffer dockets = {0};
    size_t docket_count = 0;
    bool has_row = true;

    /* Of several proposals the one of the highest view: max() chooses the row. */
    if (!database_query(store->database,
                        "SELECT serial, id,"
                        " CASE WHEN EXISTS (SELECT * FROM certificate WHERE docket = id)"
                        " THEN x'' ELSE payload END, signature,"
                        " EXISTS (SELECT * FROM certificate WHERE docket = id),"
                        " coalesce(max(view), 0), value, tc, book"
                        " FROM docket LEFT JOIN proposal ON proposal.docket = docket.id"
                        " WHERE is_settled = 0 GROUP BY serial ORDER BY serial",
                        NULL, 0, &rows, error)) {
        return false;
    }
    bool is_ok = database_next(rows, &has_row, error);

    while (is_ok && has_row) {
        struct coordinator_store_docket read;

        is_ok = read_docket(rows, arena, &read, error);
        if (is_ok) {
            buffer_append(&dockets, &read, sizeof(read));
            docket_count++;
            is_ok = database_next(rows, &has_row, error);
        }
    }
    database_end(rows);
    struct coordinator_store_docket *array = database_take_array(&dockets, is_ok, arena, error);

    if (array == NULL) {
        return false;
    }
    *out = array;
    *count = docket_count;
    return true;
}

/* True in *IS_KNOWN when this very proposal is stored; an error when another one is. */
static bool check_proposal(struct database *database, const struct digest *docket,
                           const struct seat_vote *vote, const struct digest *book, bool *is_known,
                           struct error *error)
{
    uint64_t is_same = 0;

    if (!database_find_number(database,
                              "SELECT value = ? AND tc = ? AND book = ? FROM proposal"
                              " WHERE docket = ? AND view = ?",
                              DATABASE_VALUES(database_digest(&vote->value),
                                              database_digest(&vote->tc), database_digest(book),
                                              database_digest(docket), database_number(vote->view)),
                              &is_same, is_known, error)) {
        return false;
    }
    return !*is_known || is_same == 1 ||
           error_set(error, ERROR_CONFLICT, "another proposal was signed in view %u", vote->view);
}

bool coordinator_store_save_proposal(struct coordinator_store *store, const struct digest *docket,
                                     const struct seat_vote *vote, const struct digest *book,
                                     struct bytes frame, struct error *error)
{
    struct database *database = store->database;
    bool is_known = false;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok =
        check_proposal(database, docket, vote, book, &is_known, error) &&
        (is_known ||
         database_run(database, "INSERT INTO proposal VALUES (?,?,?,?,?,?)",
                      DATABASE_VALUES(database_digest(docket), database_number(vote->view),
                                      database_digest(&vote->value), database_digest(&vote->tc),
                                      database_digest(book), database_blob(frame)),
                      error));

    return database_finish(database, is_ok, error) || error_wrap(error, "save a PROPOSE");
}

bool coordinator_store_proposal(struct coordinator_store *store, const struct digest *docket,
                                struct buffer *frame, struct error *error)
{
    return database_find_blob(
        store->database, "SELECT frame FROM proposal WHERE docket = ? ORDER BY view DESC LIMIT 1",
        DATABASE_VALUES(database_digest(docket)), "the proposal", frame, error);
}

static bool audit_decision(struct database *database, const struct digest *docket, size_t index,
                           const struct coordinator_store_result *result, struct error *error)
{
    char docket_hex[DIGEST_HEX_SIZE];
    char report_hex[DIGEST_HEX_SIZE];
    struct buffer line = {0};

    buffer_format(&line, "hearing %zu of docket %s decided: %s, report %s", index,
                  encode_digest(docket, docket_hex), result->decision,
                  encode_digest(&result->report_digest, report_hex));
    bool is_ok = audit_append(database, buffer_text(&line), error);

    buffer_finish(&line);
    return is_ok;
}

/* One hearing of a docket becomes DECIDED. */
static bool decide_hearing(struct database *database, const struct digest *docket, size_t index,
                           const struct coordinator_store_result *result, uint64_t decided_at,
                           struct error *error)
{
    return database_run(database,
                        "UPDATE hearing SET state = ?, outcome = ?, decision = ?, report = ?,"
                        " decided_at = ? WHERE docket = ? AND place = ?",
                        DATABASE_VALUES(database_number(COORDINATOR_STORE_DECIDED),
                                        database_number((uint64_t)result->outcome),
                                        database_text(result->decision),
                                        database_digest(&result->report_digest),
                                        database_number(decided_at), database_digest(docket),
                                        database_number(index)),
                        error) &&
           database_run(database, "INSERT INTO report VALUES (?,?,?)",
                        DATABASE_VALUES(database_digest(docket), database_number(index),
                                        database_blob(result->report)),
                        error) &&
           audit_decision(database, docket, index, result, error);
}

/* True in *IS_KNOWN when this value is certified already; an error when another one is. */
static bool check_certificate(struct database *database, const struct digest *docket,
                              const struct digest *value, bool *is_known, struct error *error)
{
    uint64_t is_same = 0;

    if (!database_find_number(database, "SELECT value = ? FROM certificate WHERE docket = ?",
                              DATABASE_VALUES(database_digest(value), database_digest(docket)),
                              &is_same, is_known, error)) {
        return false;
    }
    return !*is_known || is_same == 1 ||
           error_set(error, ERROR_CONFLICT, "another value is certified for this docket");
}

/* A docket is decided whole. */
static bool check_hearings(struct database *database, const struct digest *docket, size_t count,
                           struct error *error)
{
    uint64_t hearings = 0;
    bool is_found;

    if (!database_find_number(database, "SELECT count(*) FROM hearing WHERE docket = ?",
                              DATABASE_VALUES(database_digest(docket)), &hearings, &is_found,
                              error)) {
        return false;
    }
    return hearings == count ||
           error_set(error, ERROR_INVALID, "%zu results for a docket of %llu hearings", count,
                     (unsigned long long)hearings);
}

bool coordinator_store_save_certificate(struct coordinator_store *store,
                                        const struct digest *docket, const struct digest *value,
                                        struct bytes certificate,
                                        const struct coordinator_store_result *results,
                                        size_t count, uint64_t decided_at, struct error *error)
{
    struct database *database = store->database;
    bool is_known = false;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok = check_certificate(database, docket, value, &is_known, error);

    if (is_ok && !is_known) {
        is_ok = check_hearings(database, docket, count, error) &&
                database_run(database,
                             "INSERT INTO certificate (docket, value, certificate) VALUES (?,?,?)",
                             DATABASE_VALUES(database_digest(docket), database_digest(value),
                                             database_blob(certificate)),
                             error);
        for (size_t i = 0; is_ok && i < count; i++) {
            is_ok = decide_hearing(database, docket, i, &results[i], decided_at, error);
        }
    }
    return database_finish(database, is_ok, error) || error_wrap(error, "save a certificate");
}

bool coordinator_store_certificate(struct coordinator_store *store, const struct digest *docket,
                                   struct buffer *out, struct error *error)
{
    return database_find_blob(
        store->database, "SELECT certificate FROM certificate WHERE docket = ?",
        DATABASE_VALUES(database_digest(docket)), "the certificate", out, error);
}

bool coordinator_store_report(struct coordinator_store *store, const struct digest *docket,
                              uint32_t index, struct buffer *out, struct error *error)
{
    return database_find_blob(
        store->database, "SELECT report FROM report WHERE docket = ? AND place = ?",
        DATABASE_VALUES(database_digest(docket), database_number(index)), "the report", out, error);
}

bool coordinator_store_latest(struct coordinator_store *store,
                              const uint8_t submitter[MESSAGE_KEY_SIZE], struct digest *out,
                              struct error *error)
{
    struct database_rows *rows;
    bool has_row;

    if (!database_query(store->database,
                        "SELECT certificate FROM certificate JOIN hearing USING (docket)"
                        " WHERE submitter = ? ORDER BY certificate.number DESC LIMIT 1",
                        DATABASE_VALUES(database_blob(bytes_of(submitter, MESSAGE_KEY_SIZE))),
                        &rows, error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    *out = (struct digest){{0}};
    if (has_row) {
        hash_bytes(database_column_blob(rows, 0), out);
        database_end(rows);
    }
    return true;
}

bool coordinator_store_done(struct coordinator_store *store, const struct digest *docket,
                            uint8_t seat, uint8_t seat_count, struct error *error)
{
    struct database *database = store->database;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok =
        database_run(database, "INSERT INTO done VALUES (?,?) ON CONFLICT DO NOTHING",
                     DATABASE_VALUES(database_digest(docket), database_number(seat)), error) &&
        database_run(database,
                     "UPDATE docket SET is_settled = 1 WHERE id = ?"
                     " AND EXISTS (SELECT * FROM certificate WHERE certificate.docket = id)"
                     " AND (SELECT count(*) FROM done WHERE done.docket = id) >= ?",
                     DATABASE_VALUES(database_digest(docket), database_number(seat_count)), error);

    return database_finish(database, is_ok, error);
}

bool coordinator_store_save_papers(struct coordinator_store *store, const struct digest *docket,
                                   uint32_t index, uint8_t seat, struct bytes papers,
                                   struct error *error)
{
    return database_run(store->database,
                        "INSERT INTO paper VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
                        DATABASE_VALUES(database_digest(docket), database_number(index),
                                        database_number(seat), database_blob(papers)),
                        error);
}

bool coordinator_store_papers(struct coordinator_store *store, const struct digest *docket,
                              uint32_t index, struct arena *arena,
                              struct coordinator_store_papers **out, size_t *count,
                              struct error *error)
{
    struct database_rows *rows;
    struct buffer list = {0};
    size_t list_count = 0;
    bool has_row = true;

    if (!database_query(store->database,
                        "SELECT seat, papers FROM paper WHERE docket = ? AND place = ?"
                        " ORDER BY seat",
                        DATABASE_VALUES(database_digest(docket), database_number(index)), &rows,
                        error)) {
        return false;
    }
    bool is_ok = database_next(rows, &has_row, error);

    while (is_ok && has_row) {
        struct coordinator_store_papers read = {.seat = (uint8_t)database_column_number(rows, 0)};

        is_ok = database_column_copy(rows, 1, arena, &read.papers, error);
        if (is_ok) {
            buffer_append(&list, &read, sizeof(read));
            list_count++;
            is_ok = database_next(rows, &has_row, error);
        }
    }
    database_end(rows);
    struct coordinator_store_papers *array = database_take_array(&list, is_ok, arena, error);

    if (array == NULL) {
        return false;
    }
    *out = array;
    *count = list_count;
    return true;
}

bool coordinator_store_save_misconduct(struct coordinator_store *store,
                                       const struct seat_store_misconduct *misconduct,
                                       struct error *error)
{
    return misconduct_save(store->database, misconduct, error);
}

bool coordinator_store_counts(struct coordinator_store *store, struct coordinator_store_counts *out,
                              struct error *error)
{
    struct database_rows *rows;
    bool has_row;

    if (!database_query(store->database,
                        "SELECT (SELECT count(*) FROM hearing WHERE state = 1),"
                        " (SELECT count(*) FROM hearing WHERE state = 2),"
                        " (SELECT count(*) FROM hearing WHERE state = 3),"
                        " (SELECT count(*) FROM docket), (SELECT count(*) FROM certificate),"
                        " (SELECT count(*) FROM misconduct)",
                        NULL, 0, &rows, error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    CHECK(has_row);
    out->waiting = database_column_number(rows, 0);
    out->heard = database_column_number(rows, 1);
    out->decided = database_column_number(rows, 2);
    out->dockets = database_column_number(rows, 3);
    out->open_dockets = out->dockets - database_column_number(rows, 4);
    out->misconduct = database_column_number(rows, 5);
    database_end(rows);
    return true;
}

bool coordinator_store_audit(struct coordinator_store *store, struct error *error)
{
    return audit_check(store->database, error);
}
