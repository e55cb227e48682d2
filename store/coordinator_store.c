#include "store/coordinator_store.h"

#include <stdlib.h>

#include "base/check.h"
#include "store/audit.h"
#include "store/coordinator_file.h"
#include "store/misconduct.h"

/* One coordinator: a docket has its serial for a key. */
static const char first[] =
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
    "STRICT;" AUDIT_TABLE MISCONDUCT_TABLE;

/* Dockets of other homes, hearings in several dockets, results that come after their
 * certificate. */
static const char second[] =
    "CREATE TABLE dockets (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
    " home INTEGER NOT NULL, serial INTEGER NOT NULL, is_own INTEGER NOT NULL,"
    " as_of INTEGER NOT NULL, payload BLOB NOT NULL, signature BLOB NOT NULL,"
    " has_results INTEGER NOT NULL DEFAULT 0, is_settled INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE UNIQUE INDEX dockets_own ON dockets (serial) WHERE is_own = 1;"
    "CREATE INDEX dockets_serial ON dockets (home, serial);"
    "CREATE INDEX dockets_unfinished ON dockets (number) WHERE has_results = 0;"
    "CREATE INDEX dockets_unsettled ON dockets (number) WHERE is_settled = 0;"
    "CREATE TABLE submissions (number INTEGER PRIMARY KEY, case_id BLOB NOT NULL,"
    " attempt INTEGER NOT NULL, payload BLOB NOT NULL, signature BLOB NOT NULL,"
    " submitter BLOB NOT NULL, manifest BLOB NOT NULL, bundle BLOB NOT NULL,"
    " received_at INTEGER NOT NULL, is_waiting INTEGER NOT NULL,"
    " UNIQUE (case_id, attempt)) STRICT;"
    "CREATE INDEX submissions_waiting ON submissions (number) WHERE is_waiting = 1;"
    "CREATE TABLE hearings (docket BLOB NOT NULL REFERENCES dockets (id), place INTEGER NOT NULL,"
    " case_id BLOB NOT NULL, attempt INTEGER NOT NULL, submitter BLOB NOT NULL, outcome INTEGER,"
    " decision TEXT, report BLOB, is_worth_repeating INTEGER, PRIMARY KEY (docket, place)) STRICT;"
    "CREATE INDEX hearings_case ON hearings (case_id, attempt);"
    "CREATE INDEX hearings_submitter ON hearings (submitter);"
    "CREATE INDEX hearings_outcome ON hearings (outcome);"
    "CREATE TABLE proposals (docket BLOB NOT NULL REFERENCES dockets (id), view INTEGER NOT NULL,"
    " value BLOB NOT NULL, tc BLOB NOT NULL, book BLOB NOT NULL, frame BLOB NOT NULL,"
    " PRIMARY KEY (docket, view)) STRICT;"
    "CREATE INDEX proposals_value ON proposals (value);"
    "CREATE TABLE certificates (number INTEGER PRIMARY KEY,"
    " docket BLOB NOT NULL UNIQUE REFERENCES dockets (id), value BLOB NOT NULL,"
    " certificate BLOB NOT NULL, decided_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE conflicts (docket BLOB NOT NULL REFERENCES dockets (id), value BLOB NOT NULL,"
    " certificate BLOB NOT NULL, PRIMARY KEY (docket, value)) STRICT;"
    "CREATE TABLE verdicts (docket BLOB NOT NULL REFERENCES dockets (id), seat INTEGER NOT NULL,"
    " payload BLOB NOT NULL, signature BLOB NOT NULL, PRIMARY KEY (docket, seat)) STRICT;"
    "CREATE TABLE reports (docket BLOB NOT NULL REFERENCES dockets (id), place INTEGER NOT NULL,"
    " report BLOB NOT NULL, PRIMARY KEY (docket, place)) STRICT;"
    "CREATE TABLE deliveries (docket BLOB NOT NULL REFERENCES dockets (id),"
    " seat INTEGER NOT NULL, PRIMARY KEY (docket, seat)) STRICT;"
    "CREATE TABLE papers (docket BLOB NOT NULL REFERENCES dockets (id), place INTEGER NOT NULL,"
    " seat INTEGER NOT NULL, papers BLOB NOT NULL, PRIMARY KEY (docket, place, seat)) STRICT;";

/* Rows of the first into tables of the second. */
static const char third[] =
    "INSERT INTO dockets (id, home, serial, is_own, as_of, payload, signature, has_results,"
    " is_settled) SELECT id, (SELECT number FROM owner), serial, 1,"
    " (SELECT coalesce(max(received_at), 0) / 1000 FROM hearing WHERE docket = id), payload,"
    " signature, EXISTS (SELECT * FROM certificate WHERE docket = id), is_settled FROM docket"
    " ORDER BY serial;"
    "INSERT INTO submissions SELECT number, case_id, attempt, payload, signature, submitter,"
    " manifest, bundle, received_at, state = 1 FROM hearing;"
    "INSERT INTO hearings SELECT docket, place, case_id, attempt, submitter, outcome, decision,"
    " report, outcome <> 3 FROM hearing WHERE docket IS NOT NULL;"
    "INSERT INTO proposals SELECT * FROM proposal;"
    "INSERT INTO certificates SELECT number, docket, value, certificate,"
    " (SELECT coalesce(max(decided_at), 0) FROM hearing WHERE hearing.docket = certificate.docket)"
    " FROM certificate;"
    "INSERT INTO reports SELECT * FROM report;"
    "INSERT INTO deliveries SELECT * FROM done;"
    "INSERT INTO papers SELECT * FROM paper;"
    "DROP TABLE paper; DROP TABLE done; DROP TABLE report; DROP TABLE certificate;"
    "DROP TABLE proposal; DROP TABLE hearing; DROP TABLE docket;" MISCONDUCT_TABLE_2;

static const char *const migrations[] = {first, second, third};

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

bool coordinator_store_counts(struct coordinator_store *store, struct coordinator_store_counts *out,
                              struct error *error)
{
    struct database_rows *rows;
    bool has_row;

    if (!database_query(store->database,
                        "SELECT (SELECT count(*) FROM submissions WHERE is_waiting = 1),"
                        " (SELECT count(*) FROM hearings WHERE outcome IS NULL),"
                        " (SELECT count(*) FROM hearings WHERE outcome IS NOT NULL),"
                        " (SELECT count(*) FROM dockets),"
                        " (SELECT count(*) FROM dockets WHERE is_own = 0),"
                        " (SELECT count(*) FROM certificates), (SELECT count(*) FROM misconduct),"
                        " (SELECT count(*) FROM conflicts)",
                        NULL, 0, &rows, error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    CHECK(has_row);
    out->waiting = database_column_number(rows, 0);
    out->heard = database_column_number(rows, 1);
    out->decided = database_column_number(rows, 2);
    out->dockets = database_column_number(rows, 3);
    out->foreign_dockets = database_column_number(rows, 4);
    out->open_dockets = out->dockets - database_column_number(rows, 5);
    out->misconduct = database_column_number(rows, 6);
    out->conflicts = database_column_number(rows, 7);
    database_end(rows);
    return true;
}

bool coordinator_store_audit(struct coordinator_store *store, struct error *error)
{
    return audit_check(store->database, error);
}

bool coordinator_store_proof_save(struct coordinator_store *store, const struct proof *proof,
                                  bool *is_new, struct error *error)
{
    return misconduct_save(store->database, proof, is_new, error);
}

bool coordinator_store_proof_load(struct coordinator_store *store, uint64_t number,
                                  struct arena *arena, struct proof *out, struct error *error)
{
    uint64_t found = 0;
    bool is_found = false;

    if (number == 0 || number > INT64_MAX) {
        return error_set(error, ERROR_NOT_FOUND, "there is no such proof");
    }
    return misconduct_next(store->database, number - 1, arena, out, &found, &is_found, error) &&
           ((is_found && found == number) ||
            error_set(error, ERROR_NOT_FOUND, "there is no such proof"));
}

/* Reads number, kind, docket, is_seat, signer and count. */
static bool read_proofs(struct database_rows *rows, struct arena *arena,
                        struct coordinator_store_proof **out, size_t *count, struct error *error)
{
    struct buffer list = {0};
    size_t list_count = 0;
    bool has_row = true;
    bool is_ok = database_next(rows, &has_row, error);

    while (is_ok && has_row) {
        struct coordinator_store_proof read = {.number = database_column_number(rows, 0),
                                               .kind =
                                                   (enum misconduct)database_column_number(rows, 1),
                                               .is_seat = database_column_number(rows, 3) != 0,
                                               .signer = (uint8_t)database_column_number(rows, 4),
                                               .count = database_column_number(rows, 5)};

        is_ok = database_column_bytes(rows, 2, read.docket.data, DIGEST_SIZE, error);
        if (is_ok) {
            buffer_append(&list, &read, sizeof(read));
            list_count++;
            is_ok = database_next(rows, &has_row, error);
        }
    }
    database_end(rows);
    struct coordinator_store_proof *array = database_take_array(&list, is_ok, arena, error);

    if (array == NULL) {
        return false;
    }
    *out = array;
    *count = list_count;
    return true;
}

bool coordinator_store_proof_list(struct coordinator_store *store, size_t limit,
                                  struct arena *arena, struct coordinator_store_proof **out,
                                  size_t *count, struct error *error)
{
    struct database_rows *rows;

    return database_query(store->database,
                          "SELECT number, kind, docket, is_seat, signer, 1 FROM misconduct"
                          " ORDER BY number DESC LIMIT ?",
                          DATABASE_VALUES(database_number(limit)), &rows, error) &&
           read_proofs(rows, arena, out, count, error);
}

bool coordinator_store_proof_tally(struct coordinator_store *store, struct arena *arena,
                                   struct coordinator_store_proof **out, size_t *count,
                                   struct error *error)
{
    struct database_rows *rows;

    return database_query(store->database,
                          "SELECT min(number), kind, docket, is_seat, signer, count(*)"
                          " FROM misconduct GROUP BY kind, is_seat, signer"
                          " ORDER BY is_seat, signer, kind",
                          NULL, 0, &rows, error) &&
           read_proofs(rows, arena, out, count, error);
}
