#include "store/seat_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/database.h"
#include "store/misconduct.h"

struct seat_store {
    struct database *database;
};

static const char *const migrations[] = {
    "CREATE TABLE docket (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
    " home INTEGER NOT NULL, serial INTEGER NOT NULL, payload BLOB NOT NULL,"
    " signature BLOB NOT NULL, view_refused INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX docket_serial ON docket (home, serial);"
    "CREATE TABLE verdict (docket BLOB PRIMARY KEY REFERENCES docket (id), payload BLOB NOT NULL,"
    " signature BLOB NOT NULL, frame BLOB NOT NULL) STRICT;"
    "CREATE TABLE binding (case_id BLOB NOT NULL, docket BLOB NOT NULL, attempt INTEGER NOT NULL,"
    " is_assessed INTEGER NOT NULL, outcome INTEGER NOT NULL,"
    " PRIMARY KEY (case_id, docket)) STRICT;"
    "CREATE TABLE vote (docket BLOB NOT NULL REFERENCES docket (id), view INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, value BLOB NOT NULL, tc BLOB NOT NULL, qc BLOB NOT NULL,"
    " payload BLOB NOT NULL, signature BLOB NOT NULL, PRIMARY KEY (docket, view, kind)) STRICT;"
    "CREATE TABLE value (docket BLOB NOT NULL REFERENCES docket (id), value BLOB NOT NULL,"
    " frame BLOB NOT NULL, PRIMARY KEY (docket, value)) STRICT;"
    "CREATE TABLE certificate (docket BLOB PRIMARY KEY, value BLOB NOT NULL,"
    " certificate BLOB NOT NULL) STRICT;" MISCONDUCT_TABLE,
};

static const struct database_schema schema = {
    .what = "seat store",
    .application_id = 0x41495353, /* "AISS" */
    .migrations = migrations,
    .version = sizeof(migrations) / sizeof(migrations[0]),
};

static struct database_value signature_of(const struct message_signed *message)
{
    return database_blob(bytes_of(message->signature, sizeof(message->signature)));
}

bool seat_store_create(const char *path, const struct digest *roster, uint8_t seat,
                       struct error *error)
{
    const struct database_owner owner = {.roster = *roster, .index = seat};

    return database_create(path, &schema, &owner, error);
}

bool seat_store_open(const char *path, const struct digest *roster, uint8_t seat,
                     struct seat_store **out, struct error *error)
{
    const struct database_owner owner = {.roster = *roster, .index = seat};
    struct database *database;

    if (!database_open(path, &schema, &owner, &database, error)) {
        return false;
    }
    struct seat_store *store = malloc(sizeof(*store));

    CHECK(store != NULL);
    store->database = database;
    *out = store;
    return true;
}

void seat_store_close(struct seat_store *store)
{
    if (store != NULL) {
        database_close(store->database);
        free(store);
    }
}

bool seat_store_put_docket(struct seat_store *store, const struct seat_store_docket *docket,
                           bool *is_twin, struct error *error)
{
    struct database *database = store->database;
    uint64_t twins = 0;
    bool is_found;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok =
        database_run(database,
                     "INSERT INTO docket (id, home, serial, payload, signature)"
                     " VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING",
                     DATABASE_VALUES(database_digest(&docket->id), database_number(docket->home),
                                     database_number(docket->serial),
                                     database_blob(docket->docket.payload),
                                     signature_of(&docket->docket)),
                     error) &&
        database_find_number(
            database, "SELECT count(*) FROM docket WHERE home = ? AND serial = ? AND id <> ?",
            DATABASE_VALUES(database_number(docket->home), database_number(docket->serial),
                            database_digest(&docket->id)),
            &twins, &is_found, error);

    if (!database_finish(database, is_ok, error)) {
        return false;
    }
    *is_twin = twins > 0;
    return true;
}

/* Reads payload and signature from two columns that follow each other. */
static bool read_signed(struct database_rows *rows, int index, struct arena *arena,
                        struct message_signed *out, struct error *error)
{
    return database_column_copy(rows, index, arena, &out->payload, error) &&
           database_column_bytes(rows, index + 1, out->signature, sizeof(out->signature), error);
}

static bool load_docket(struct database *database, const struct digest *id, struct arena *arena,
                        struct seat_store_docket *out, struct seat_record *record, bool *is_found,
                        struct error *error)
{
    struct database_rows *rows;

    *out = (struct seat_store_docket){0};
    if (!database_query(
            database,
            "SELECT home, serial, payload, signature, view_refused,"
            " EXISTS (SELECT * FROM verdict WHERE docket = id) FROM docket WHERE id = ?",
            DATABASE_VALUES(database_digest(id)), &rows, error) ||
        !database_next(rows, is_found, error)) {
        return false;
    }
    if (!*is_found) {
        return true;
    }
    out->id = *id;
    out->home = (uint8_t)database_column_number(rows, 0);
    out->serial = database_column_number(rows, 1);
    bool is_ok = read_signed(rows, 2, arena, &out->docket, error);

    record->view_refused = (uint32_t)database_column_number(rows, 4);
    record->has_verdict = database_column_number(rows, 5) != 0;
    database_end(rows);
    return is_ok;
}

/* The vote of KIND in the highest view; zero when there is none. */
static bool load_vote(struct database *database, const struct digest *docket,
                      enum message_kind kind, struct seat_vote *out, struct error *error)
{
    struct database_rows *rows;
    bool has_row;

    *out = (struct seat_vote){0};
    if (!database_query(database,
                        "SELECT view, value, tc FROM vote WHERE docket = ? AND kind = ?"
                        " ORDER BY view DESC LIMIT 1",
                        DATABASE_VALUES(database_digest(docket), database_number(kind)), &rows,
                        error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    if (!has_row) {
        return true;
    }
    out->view = (uint32_t)database_column_number(rows, 0);
    bool is_ok = database_column_bytes(rows, 1, out->value.data, DIGEST_SIZE, error) &&
                 database_column_bytes(rows, 2, out->tc.data, DIGEST_SIZE, error);

    database_end(rows);
    return is_ok;
}

/* The value that is certified. */
static bool load_decision(struct database *database, const struct digest *docket, bool *is_decided,
                          struct digest *out, struct error *error)
{
    struct database_rows *rows;
    bool is_ok = true;

    if (!database_query(database, "SELECT value FROM certificate WHERE docket = ?",
                        DATABASE_VALUES(database_digest(docket)), &rows, error) ||
        !database_next(rows, is_decided, error)) {
        return false;
    }
    if (*is_decided) {
        is_ok = database_column_bytes(rows, 0, out->data, DIGEST_SIZE, error);
        database_end(rows);
    }
    return is_ok;
}

bool seat_store_load(struct seat_store *store, const struct digest *docket, struct arena *arena,
                     struct seat_store_docket *out, struct seat_record *record, bool *is_found,
                     struct error *error)
{
    struct database *database = store->database;
    struct seat_store_docket loaded;
    struct seat_record loaded_record = {0};
    bool was_put;

    if (!load_docket(database, docket, arena, &loaded, &loaded_record, &was_put, error) ||
        !load_vote(database, docket, MESSAGE_PREPARE, &loaded_record.prepared, error) ||
        !load_vote(database, docket, MESSAGE_COMMIT, &loaded_record.lock, error) ||
        !load_decision(database, docket, &loaded_record.is_decided, &loaded_record.decided,
                       error)) {
        return false;
    }
    *out = loaded;
    *record = loaded_record;
    *is_found = was_put;
    return true;
}

bool seat_store_open_dockets(struct seat_store *store, struct arena *arena, struct digest **out,
                             size_t *count, struct error *error)
{
    struct database_rows *rows;
    struct buffer ids = {0};
    size_t id_count = 0;
    bool has_row = true;

    if (!database_query(store->database,
                        "SELECT id FROM docket WHERE id NOT IN (SELECT docket FROM certificate)"
                        " ORDER BY number",
                        NULL, 0, &rows, error)) {
        return false;
    }
    bool is_ok = database_next(rows, &has_row, error);

    while (is_ok && has_row) {
        struct digest id;

        is_ok = database_column_bytes(rows, 0, id.data, DIGEST_SIZE, error);
        if (is_ok) {
            buffer_append(&ids, &id, sizeof(id));
            id_count++;
            is_ok = database_next(rows, &has_row, error);
        }
    }
    database_end(rows);
    struct digest *array = database_take_array(&ids, is_ok, arena, error);

    if (array == NULL) {
        return false;
    }
    *out = array;
    *count = id_count;
    return true;
}

static bool save_hearing(struct database *database, const struct digest *docket,
                         const struct seat_store_hearing *hearing, struct error *error)
{
    return database_run(database,
                        "INSERT INTO binding VALUES (?,?,?,?,?) ON CONFLICT (case_id, docket)"
                        " DO UPDATE SET is_assessed = excluded.is_assessed",
                        DATABASE_VALUES(database_digest(&hearing->case_id), database_digest(docket),
                                        database_number(hearing->attempt),
                                        database_number(hearing->is_assessed),
                                        database_number(BINDING_OPEN)),
                        error);
}

bool seat_store_save_verdict(struct seat_store *store, const struct digest *docket,
                             const struct message_signed *verdict, struct bytes frame,
                             const struct seat_store_hearing *hearings, size_t count,
                             struct error *error)
{
    struct database *database = store->database;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok =
        database_run(database, "INSERT INTO verdict VALUES (?,?,?,?)",
                     DATABASE_VALUES(database_digest(docket), database_blob(verdict->payload),
                                     signature_of(verdict), database_blob(frame)),
                     error);

    for (size_t i = 0; is_ok && i < count; i++) {
        is_ok = save_hearing(database, docket, &hearings[i], error);
    }
    return database_finish(database, is_ok, error) || error_wrap(error, "save a verdict");
}

bool seat_store_verdict(struct seat_store *store, const struct digest *docket, struct buffer *frame,
                        struct error *error)
{
    return database_find_blob(store->database, "SELECT frame FROM verdict WHERE docket = ?",
                              DATABASE_VALUES(database_digest(docket)), "the verdict", frame,
                              error);
}

bool seat_store_bindings(struct seat_store *store, const struct digest *case_id,
                         struct arena *arena, struct binding_record **out, size_t *count,
                         struct error *error)
{
    struct database_rows *rows;
    struct buffer records = {0};
    size_t record_count = 0;
    bool has_row = true;

    if (!database_query(store->database,
                        "SELECT docket, attempt, is_assessed, outcome FROM binding"
                        " WHERE case_id = ? ORDER BY attempt, docket",
                        DATABASE_VALUES(database_digest(case_id)), &rows, error)) {
        return false;
    }
    bool is_ok = database_next(rows, &has_row, error);

    while (is_ok && has_row) {
        struct binding_record record = {
            .attempt = (uint32_t)database_column_number(rows, 1),
            .is_assessed = (uint8_t)database_column_number(rows, 2),
            .outcome = (enum binding_outcome)database_column_number(rows, 3),
        };

        is_ok = database_column_bytes(rows, 0, record.docket.data, DIGEST_SIZE, error);
        if (is_ok) {
            buffer_append(&records, &record, sizeof(record));
            record_count++;
            is_ok = database_next(rows, &has_row, error);
        }
    }
    database_end(rows);
    struct binding_record *array = database_take_array(&records, is_ok, arena, error);

    if (array == NULL) {
        return false;
    }
    *out = array;
    *count = record_count;
    return true;
}

bool seat_store_save_value(struct seat_store *store, const struct digest *docket,
                           const struct digest *value, struct bytes frame, struct error *error)
{
    return database_run(
        store->database, "INSERT INTO value VALUES (?,?,?) ON CONFLICT DO NOTHING",
        DATABASE_VALUES(database_digest(docket), database_digest(value), database_blob(frame)),
        error);
}

bool seat_store_value(struct seat_store *store, const struct digest *docket,
                      const struct digest *value, struct buffer *frame, struct error *error)
{
    return database_find_blob(store->database,
                              "SELECT frame FROM value WHERE docket = ? AND value = ?",
                              DATABASE_VALUES(database_digest(docket), database_digest(value)),
                              "the value", frame, error);
}

/* A vote as it goes into the table. */
struct ballot {
    const struct digest *docket;
    enum message_kind kind;
    const struct seat_vote *vote;
    struct bytes qc; /* COMMIT only. */
    const struct message_signed *message;
};

static const char *ballot_name(const struct ballot *ballot)
{
    return ballot->kind == MESSAGE_PREPARE ? "PREPARE" : "COMMIT";
}

/* Rule S4, and never two different votes in one view; *IS_KNOWN when this very one is stored. */
static bool check_ballot(struct database *database, const struct ballot *ballot, bool *is_known,
                         struct error *error)
{
    const struct seat_vote *vote = ballot->vote;
    uint64_t is_same = 0;
    uint64_t view_refused = 0;
    bool is_found;

    if (!database_find_number(
            database,
            "SELECT value = ? AND tc = ? AND payload = ? FROM vote"
            " WHERE docket = ? AND view = ? AND kind = ?",
            DATABASE_VALUES(database_digest(&vote->value), database_digest(&vote->tc),
                            database_blob(ballot->message->payload),
                            database_digest(ballot->docket), database_number(vote->view),
                            database_number(ballot->kind)),
            &is_same, is_known, error)) {
        return false;
    }
    if (*is_known) {
        return is_same == 1 || error_set(error, ERROR_CONFLICT, "another %s was signed in view %u",
                                         ballot_name(ballot), vote->view);
    }
    if (!database_find_number(database, "SELECT view_refused FROM docket WHERE id = ?",
                              DATABASE_VALUES(database_digest(ballot->docket)), &view_refused,
                              &is_found, error)) {
        return false;
    }
    return vote->view > view_refused ||
           error_set(error, ERROR_CONFLICT, "%s for view %u, but views up to %llu were given up",
                     ballot_name(ballot), vote->view, (unsigned long long)view_refused);
}

static bool insert_ballot(struct database *database, const struct ballot *ballot,
                          struct error *error)
{
    return database_run(
        database, "INSERT INTO vote VALUES (?,?,?,?,?,?,?,?)",
        DATABASE_VALUES(database_digest(ballot->docket), database_number(ballot->vote->view),
                        database_number(ballot->kind), database_digest(&ballot->vote->value),
                        database_digest(&ballot->vote->tc), database_blob(ballot->qc),
                        database_blob(ballot->message->payload), signature_of(ballot->message)),
        error);
}

bool seat_store_save_prepare(struct seat_store *store, const struct digest *docket,
                             const struct seat_vote *vote, struct bytes frame,
                             const struct message_signed *prepare, struct error *error)
{
    const struct ballot ballot = {
        .docket = docket, .kind = MESSAGE_PREPARE, .vote = vote, .message = prepare};
    bool is_known = false;

    if (!database_begin(store->database, error)) {
        return false;
    }
    bool is_ok = check_ballot(store->database, &ballot, &is_known, error) &&
                 (is_known || (seat_store_save_value(store, docket, &vote->value, frame, error) &&
                               insert_ballot(store->database, &ballot, error)));

    return database_finish(store->database, is_ok, error) || error_wrap(error, "save a PREPARE");
}

static bool check_value(struct database *database, const struct ballot *ballot, struct error *error)
{
    uint64_t one;
    bool is_found;

    if (!database_find_number(
            database, "SELECT 1 FROM value WHERE docket = ? AND value = ?",
            DATABASE_VALUES(database_digest(ballot->docket), database_digest(&ballot->vote->value)),
            &one, &is_found, error)) {
        return false;
    }
    return is_found || error_set(error, ERROR_NOT_FOUND, "its value is not stored");
}

bool seat_store_save_lock(struct seat_store *store, const struct digest *docket,
                          const struct seat_vote *vote, struct bytes qc,
                          const struct message_signed *commit, struct error *error)
{
    const struct ballot ballot = {
        .docket = docket, .kind = MESSAGE_COMMIT, .vote = vote, .qc = qc, .message = commit};
    bool is_known = false;

    if (!database_begin(store->database, error)) {
        return false;
    }
    bool is_ok = check_ballot(store->database, &ballot, &is_known, error) &&
                 (is_known || (check_value(store->database, &ballot, error) &&
                               insert_ballot(store->database, &ballot, error)));

    return database_finish(store->database, is_ok, error) || error_wrap(error, "save a COMMIT");
}

bool seat_store_refuse_view(struct seat_store *store, const struct digest *docket, uint32_t view,
                            struct error *error)
{
    if (!database_run(store->database,
                      "UPDATE docket SET view_refused = max(view_refused, ?) WHERE id = ?",
                      DATABASE_VALUES(database_number(view), database_digest(docket)), error)) {
        return false;
    }
    return database_changes(store->database) == 1 ||
           error_set(error, ERROR_NOT_FOUND, "give up view %u: the docket is not stored", view);
}

bool seat_store_signed(struct seat_store *store, const struct digest *docket, uint32_t view,
                       enum message_kind kind, struct arena *arena, struct message_signed *out,
                       struct error *error)
{
    struct message_signed message;
    struct database_rows *rows;
    bool has_row;

    if (!database_query(
            store->database,
            "SELECT payload, signature FROM vote"
            " WHERE docket = ? AND view = ? AND kind = ?",
            DATABASE_VALUES(database_digest(docket), database_number(view), database_number(kind)),
            &rows, error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    if (!has_row) {
        return error_set(error, ERROR_NOT_FOUND, "nothing of that kind was signed in view %u",
                         view);
    }
    bool is_ok = read_signed(rows, 0, arena, &message, error);

    database_end(rows);
    if (is_ok) {
        *out = message;
    }
    return is_ok;
}

/* Stores certificate and outcomes, within a transaction. */
static bool insert_certificate(struct database *database, const struct digest *docket,
                               const struct digest *value, struct bytes certificate,
                               const struct seat_store_outcome *outcomes, size_t count,
                               struct error *error)
{
    bool is_ok = database_run(database, "INSERT INTO certificate VALUES (?,?,?)",
                              DATABASE_VALUES(database_digest(docket), database_digest(value),
                                              database_blob(certificate)),
                              error);

    for (size_t i = 0; is_ok && i < count; i++) {
        is_ok = database_run(database,
                             "INSERT INTO binding VALUES (?,?,?,0,?) ON CONFLICT (case_id, docket)"
                             " DO UPDATE SET outcome = excluded.outcome",
                             DATABASE_VALUES(database_digest(&outcomes[i].case_id),
                                             database_digest(docket),
                                             database_number(outcomes[i].attempt),
                                             database_number(outcomes[i].outcome)),
                             error);
    }
    return is_ok && database_run(database, "DELETE FROM value WHERE docket = ?",
                                 DATABASE_VALUES(database_digest(docket)), error);
}

bool seat_store_save_certificate(struct seat_store *store, const struct digest *docket,
                                 const struct digest *value, struct bytes certificate,
                                 const struct seat_store_outcome *outcomes, size_t count,
                                 struct error *error)
{
    struct database *database = store->database;
    struct digest stored;
    bool is_decided = false;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok = load_decision(database, docket, &is_decided, &stored, error);

    if (is_ok && is_decided) {
        is_ok = digest_equal(&stored, value) ||
                error_set(error, ERROR_CONFLICT, "another value is certified for this docket");
    } else if (is_ok) {
        is_ok = insert_certificate(database, docket, value, certificate, outcomes, count, error);
    }
    return database_finish(database, is_ok, error) || error_wrap(error, "save a certificate");
}

bool seat_store_certificate(struct seat_store *store, const struct digest *docket,
                            struct buffer *certificate, struct error *error)
{
    return database_find_blob(
        store->database, "SELECT certificate FROM certificate WHERE docket = ?",
        DATABASE_VALUES(database_digest(docket)), "the certificate", certificate, error);
}

bool seat_store_save_misconduct(struct seat_store *store,
                                const struct seat_store_misconduct *misconduct, struct error *error)
{
    return misconduct_save(store->database, misconduct, error);
}
