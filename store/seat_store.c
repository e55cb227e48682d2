#include "store/seat_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/database.h"
#include "store/misconduct.h"

#define BINDINGS_SIZE_MAX (1024 * 1024) /* Bytes of what is stored of one case. */
#define ALL_CHAIRS        ((1U << MESSAGE_COORDINATORS_MAX) - 1)

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
    /* Views. What a seat asked for and entered, its NEW-VIEWs and TCs say. */
    "ALTER TABLE docket DROP COLUMN view_refused;"
    "CREATE TABLE new_view (docket BLOB NOT NULL REFERENCES docket (id), view INTEGER NOT NULL,"
    " payload BLOB NOT NULL, signature BLOB NOT NULL, qc BLOB NOT NULL, tc BLOB NOT NULL,"
    " PRIMARY KEY (docket, view)) STRICT;"
    "CREATE TABLE tc (docket BLOB NOT NULL REFERENCES docket (id), view INTEGER NOT NULL,"
    " tc BLOB NOT NULL, PRIMARY KEY (docket, view)) STRICT;"
    "CREATE INDEX value_value ON value (value);"
    "CREATE TABLE undelivered (chair INTEGER NOT NULL,"
    " docket BLOB NOT NULL REFERENCES certificate (docket),"
    " PRIMARY KEY (chair, docket)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE conflict (docket BLOB NOT NULL, kind INTEGER NOT NULL, value BLOB NOT NULL,"
    " bytes BLOB NOT NULL, PRIMARY KEY (docket, kind)) STRICT;" MISCONDUCT_TABLE_2,
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

bool seat_store_twin(struct seat_store *store, const struct seat_store_docket *docket,
                     struct arena *arena, struct message_signed *out, struct error *error)
{
    struct message_signed twin;
    struct database_rows *rows;
    bool has_row;

    if (!database_query(store->database,
                        "SELECT payload, signature FROM docket"
                        " WHERE home = ? AND serial = ? AND id <> ? ORDER BY number LIMIT 1",
                        DATABASE_VALUES(database_number(docket->home),
                                        database_number(docket->serial),
                                        database_digest(&docket->id)),
                        &rows, error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    if (!has_row) {
        return error_set(error, ERROR_NOT_FOUND, "no other docket has that serial");
    }
    bool is_ok = read_signed(rows, 0, arena, &twin, error);

    database_end(rows);
    if (is_ok) {
        *out = twin;
    }
    return is_ok;
}

static bool load_docket(struct database *database, const struct digest *id, struct arena *arena,
                        struct seat_store_docket *out, struct seat_record *record, bool *is_found,
                        struct error *error)
{
    struct database_rows *rows;

    *out = (struct seat_store_docket){0};
    if (!database_query(
            database,
            "SELECT home, serial, payload, signature,"
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

    record->has_verdict = database_column_number(rows, 4) != 0;
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

/* The highest view that a TC let the seat enter, and the highest that it asked for; 0 without. */
static bool load_views(struct database *database, const struct digest *docket, uint32_t *view,
                       uint32_t *asked, struct error *error)
{
    uint64_t entered = 0;
    uint64_t wanted = 0;
    bool is_found;

    if (!database_find_number(database, "SELECT coalesce(max(view), 0) FROM tc WHERE docket = ?",
                              DATABASE_VALUES(database_digest(docket)), &entered, &is_found,
                              error) ||
        !database_find_number(
            database, "SELECT coalesce(max(view), 0) FROM new_view WHERE docket = ?",
            DATABASE_VALUES(database_digest(docket)), &wanted, &is_found, error)) {
        return false;
    }
    *view = (uint32_t)entered;
    *asked = (uint32_t)wanted;
    return true;
}

/* Coordinators that have the certificate, as far as they said so: bit c for coordinator c. */
static bool load_done(struct database *database, const struct digest *docket, uint8_t *done,
                      struct error *error)
{
    uint64_t missing = 0;
    bool is_found;

    /* Powers of two of different coordinators: their sum is the set. */
    if (!database_find_number(
            database, "SELECT coalesce(sum(1 << chair), 0) FROM undelivered WHERE docket = ?",
            DATABASE_VALUES(database_digest(docket)), &missing, &is_found, error)) {
        return false;
    }
    *done = (uint8_t)(ALL_CHAIRS & ~missing);
    return true;
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
        !load_views(database, docket, &loaded_record.view, &loaded_record.asked, error) ||
        !load_decision(database, docket, &loaded_record.is_decided, &loaded_record.decided,
                       error) ||
        (loaded_record.is_decided && !load_done(database, docket, &loaded_record.done, error))) {
        return false;
    }
    *out = loaded;
    *record = loaded_record;
    *is_found = was_put;
    return true;
}

/* The digests in the first column of ROWS. */
static bool take_digests(struct database_rows *rows, struct arena *arena, struct digest **out,
                         size_t *count, struct error *error)
{
    struct buffer ids = {0};
    size_t id_count = 0;
    bool has_row = true;
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

bool seat_store_open_dockets(struct seat_store *store, uint64_t *after, size_t count_max,
                             struct arena *arena, struct digest **out, size_t *count,
                             struct error *error)
{
    struct database_rows *rows;
    struct digest *ids;
    size_t id_count;
    uint64_t last = *after;
    bool is_found;

    if (!database_query(store->database,
                        "SELECT id FROM docket WHERE number > ? AND NOT EXISTS"
                        " (SELECT * FROM certificate WHERE certificate.docket = id)"
                        " ORDER BY number LIMIT ?",
                        DATABASE_VALUES(database_number(*after), database_number(count_max)), &rows,
                        error) ||
        !take_digests(rows, arena, &ids, &id_count, error) ||
        (id_count > 0 &&
         !database_find_number(store->database, "SELECT number FROM docket WHERE id = ?",
                               DATABASE_VALUES(database_digest(&ids[id_count - 1])), &last,
                               &is_found, error))) {
        return false;
    }
    *after = last;
    *out = ids;
    *count = id_count;
    return true;
}

/* S1, judged by what is stored in the very transaction that binds the case. */
static bool may_assess(struct seat_store *store, const struct digest *docket,
                       const struct seat_store_hearing *hearing, struct error *error)
{
    struct arena *arena = arena_create(BINDINGS_SIZE_MAX);
    struct binding_record *records = NULL;
    struct digest blocker;
    size_t count = 0;
    bool is_ok = seat_store_bindings(store, &hearing->case_id, arena, &records, &count, error);

    if (is_ok &&
        binding_judge(records, count, docket, hearing->attempt, &blocker) != BINDING_ASSESS) {
        error_record(error, ERROR_CONFLICT, "the case is bound to another docket");
        is_ok = false;
    }
    arena_destroy(arena);
    return is_ok;
}

static bool save_hearing(struct seat_store *store, const struct digest *docket,
                         const struct seat_store_hearing *hearing, struct error *error)
{
    if (hearing->is_assessed && !may_assess(store, docket, hearing, error)) {
        return false;
    }
    return database_run(store->database,
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
        is_ok = save_hearing(store, docket, &hearings[i], error);
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

bool seat_store_find_value(struct seat_store *store, const struct digest *value,
                           struct buffer *frame, struct error *error)
{
    return database_find_blob(store->database, "SELECT frame FROM value WHERE value = ? LIMIT 1",
                              DATABASE_VALUES(database_digest(value)), "the value", frame, error);
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
    uint32_t view = 0;
    uint32_t asked = 0;

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
    if (!load_views(database, ballot->docket, &view, &asked, error)) {
        return false;
    }
    if (vote->view != (view == 0 ? 1 : view)) {
        return error_set(error, ERROR_CONFLICT, "%s for view %u in view %u", ballot_name(ballot),
                         vote->view, view == 0 ? 1 : view);
    }
    return vote->view >= asked ||
           error_set(error, ERROR_CONFLICT, "%s for view %u after a NEW-VIEW for view %u",
                     ballot_name(ballot), vote->view, asked);
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

/* No vote without its value. */
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
                 (is_known || frame.size == 0 ||
                  seat_store_save_value(store, docket, &vote->value, frame, error)) &&
                 (is_known || (check_value(store->database, &ballot, error) &&
                               insert_ballot(store->database, &ballot, error)));

    return database_finish(store->database, is_ok, error) || error_wrap(error, "save a PREPARE");
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

/* ---- views ---- */

/* S4: a NEW-VIEW reports the highest lock, and asks for more than was entered or asked for. The
 * very one that is stored, *IS_KNOWN, may be saved again. */
static bool check_new_view(struct database *database, const struct digest *docket,
                           const struct seat_store_new_view *new_view, bool *is_known,
                           struct error *error)
{
    struct seat_vote lock = {0};
    uint32_t view = 0;
    uint32_t asked = 0;
    uint64_t is_same = 0;

    if (!database_find_number(
            database, "SELECT payload = ? FROM new_view WHERE docket = ? AND view = ?",
            DATABASE_VALUES(database_blob(new_view->report.payload), database_digest(docket),
                            database_number(new_view->view)),
            &is_same, is_known, error)) {
        return false;
    }
    if (*is_known) {
        return is_same == 1 || error_set(error, ERROR_CONFLICT,
                                         "another NEW-VIEW was signed for view %u", new_view->view);
    }
    if (!load_vote(database, docket, MESSAGE_COMMIT, &lock, error) ||
        !load_views(database, docket, &view, &asked, error)) {
        return false;
    }
    if (new_view->view <= view || new_view->view <= asked || new_view->view < 2) {
        return error_set(error, ERROR_CONFLICT,
                         "NEW-VIEW for view %u after view %u was entered and view %u asked for",
                         new_view->view, view, asked);
    }
    return (lock.view == new_view->highest.view &&
            digest_equal(&lock.value, &new_view->highest.value)) ||
           error_set(error, ERROR_CONFLICT, "NEW-VIEW reports view %u, but view %u was committed",
                     new_view->highest.view, lock.view);
}

bool seat_store_save_new_view(struct seat_store *store, const struct digest *docket,
                              const struct seat_store_new_view *new_view, struct error *error)
{
    struct database *database = store->database;
    bool is_known = false;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok =
        check_new_view(database, docket, new_view, &is_known, error) &&
        (is_known ||
         database_run(database, "INSERT INTO new_view VALUES (?,?,?,?,?,?)",
                      DATABASE_VALUES(database_digest(docket), database_number(new_view->view),
                                      database_blob(new_view->report.payload),
                                      signature_of(&new_view->report), database_blob(new_view->qc),
                                      database_blob(new_view->tc)),
                      error));

    return database_finish(database, is_ok, error) || error_wrap(error, "save a NEW-VIEW");
}

bool seat_store_new_view(struct seat_store *store, const struct digest *docket, uint32_t view,
                         struct arena *arena, struct seat_store_new_view *out, struct error *error)
{
    struct seat_store_new_view loaded = {.view = view};
    struct database_rows *rows;
    bool has_row;

    if (!database_query(store->database,
                        "SELECT payload, signature, qc, tc FROM new_view"
                        " WHERE docket = ? AND view = ?",
                        DATABASE_VALUES(database_digest(docket), database_number(view)), &rows,
                        error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    if (!has_row) {
        return error_set(error, ERROR_NOT_FOUND, "no NEW-VIEW was signed for view %u", view);
    }
    bool is_ok = read_signed(rows, 0, arena, &loaded.report, error) &&
                 database_column_copy(rows, 2, arena, &loaded.qc, error) &&
                 database_column_copy(rows, 3, arena, &loaded.tc, error);

    database_end(rows);
    if (is_ok) {
        *out = loaded;
    }
    return is_ok;
}

bool seat_store_save_view(struct seat_store *store, const struct digest *docket, uint32_t view,
                          struct bytes tc, struct error *error)
{
    struct database *database = store->database;
    uint32_t entered = 0;
    uint32_t asked = 0;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok = load_views(database, docket, &entered, &asked, error);

    if (is_ok && (view <= entered || view < 2)) {
        is_ok = error_set(error, ERROR_CONFLICT, "view %u after view %u", view, entered);
    }
    is_ok = is_ok && database_run(database, "INSERT INTO tc VALUES (?,?,?)",
                                  DATABASE_VALUES(database_digest(docket), database_number(view),
                                                  database_blob(tc)),
                                  error);
    return database_finish(database, is_ok, error) || error_wrap(error, "enter a view");
}

bool seat_store_tc(struct seat_store *store, const struct digest *docket, uint32_t view,
                   struct buffer *tc, struct error *error)
{
    return database_find_blob(store->database, "SELECT tc FROM tc WHERE docket = ? AND view = ?",
                              DATABASE_VALUES(database_digest(docket), database_number(view)),
                              "the TC", tc, error);
}

bool seat_store_qc(struct seat_store *store, const struct digest *docket, uint32_t view,
                   struct buffer *qc, struct error *error)
{
    return database_find_blob(store->database,
                              "SELECT qc FROM vote WHERE docket = ? AND view = ? AND kind = ?",
                              DATABASE_VALUES(database_digest(docket), database_number(view),
                                              database_number(MESSAGE_COMMIT)),
                              "the QC", qc, error);
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

/* ---- certificates ---- */

static bool insert_outcomes(struct database *database,
                            const struct seat_store_certificate *certificate, struct error *error)
{
    bool is_ok = true;

    for (size_t i = 0; is_ok && i < certificate->outcome_count; i++) {
        const struct seat_store_outcome *outcome = &certificate->outcomes[i];

        is_ok = database_run(database,
                             "INSERT INTO binding VALUES (?,?,?,0,?) ON CONFLICT (case_id, docket)"
                             " DO UPDATE SET outcome = excluded.outcome",
                             DATABASE_VALUES(database_digest(&outcome->case_id),
                                             database_digest(&certificate->docket),
                                             database_number(outcome->attempt),
                                             database_number(outcome->outcome)),
                             error);
    }
    return is_ok;
}

static bool insert_undelivered(struct database *database,
                               const struct seat_store_certificate *certificate,
                               struct error *error)
{
    bool is_ok = true;

    for (uint8_t chair = 0; is_ok && chair < MESSAGE_COORDINATORS_MAX; chair++) {
        if ((certificate->undelivered >> chair & 1) != 0) {
            is_ok = database_run(
                database, "INSERT INTO undelivered VALUES (?,?)",
                DATABASE_VALUES(database_number(chair), database_digest(&certificate->docket)),
                error);
        }
    }
    return is_ok;
}

/* The values that were not certified, and those of the docket that is certified long since. */
static bool forget_values(struct database *database, const struct digest *docket,
                          const struct digest *value, struct error *error)
{
    return database_run(database, "DELETE FROM value WHERE docket = ? AND value <> ?",
                        DATABASE_VALUES(database_digest(docket), database_digest(value)), error) &&
           database_run(database,
                        "DELETE FROM value WHERE docket = (SELECT docket FROM certificate"
                        " WHERE rowid = (SELECT max(rowid) FROM certificate) - ?)",
                        DATABASE_VALUES(database_number(SEAT_STORE_VALUES_MAX)), error);
}

/* Within a transaction. */
static bool insert_certificate(struct database *database,
                               const struct seat_store_certificate *certificate,
                               struct error *error)
{
    return database_run(database, "INSERT INTO certificate VALUES (?,?,?)",
                        DATABASE_VALUES(database_digest(&certificate->docket),
                                        database_digest(&certificate->value),
                                        database_blob(certificate->envelope)),
                        error) &&
           insert_outcomes(database, certificate, error) &&
           insert_undelivered(database, certificate, error) &&
           forget_values(database, &certificate->docket, &certificate->value, error);
}

bool seat_store_save_certificate(struct seat_store *store,
                                 const struct seat_store_certificate *certificate,
                                 struct error *error)
{
    struct database *database = store->database;
    struct digest stored;
    bool is_decided = false;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok = load_decision(database, &certificate->docket, &is_decided, &stored, error);

    if (is_ok && is_decided) {
        is_ok = digest_equal(&stored, &certificate->value) ||
                error_set(error, ERROR_CONFLICT, "another value is certified for this docket");
    } else if (is_ok) {
        is_ok = insert_certificate(database, certificate, error);
    }
    return database_finish(database, is_ok, error) || error_wrap(error, "save a certificate");
}

bool seat_store_undelivered(struct seat_store *store, const struct seat_store_delivery *after,
                            size_t count_max, struct arena *arena, struct digest **out,
                            size_t *count, struct error *error)
{
    struct database_rows *rows;

    return database_query(store->database,
                          "SELECT docket FROM undelivered WHERE chair = ? AND docket > ?"
                          " ORDER BY docket LIMIT ?",
                          DATABASE_VALUES(database_number(after->chair),
                                          database_digest(&after->docket),
                                          database_number(count_max)),
                          &rows, error) &&
           take_digests(rows, arena, out, count, error);
}

bool seat_store_delivered(struct seat_store *store, const struct seat_store_delivery *deliveries,
                          size_t count, struct error *error)
{
    bool is_ok = true;

    if (!database_begin(store->database, error)) {
        return false;
    }
    for (size_t i = 0; is_ok && i < count; i++) {
        is_ok =
            database_run(store->database, "DELETE FROM undelivered WHERE chair = ? AND docket = ?",
                         DATABASE_VALUES(database_number(deliveries[i].chair),
                                         database_digest(&deliveries[i].docket)),
                         error);
    }
    return database_finish(store->database, is_ok, error);
}

bool seat_store_save_conflict(struct seat_store *store, const struct digest *docket,
                              enum message_kind kind, const struct digest *value,
                              struct bytes bytes, struct error *error)
{
    return database_run(store->database,
                        "INSERT INTO conflict VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
                        DATABASE_VALUES(database_digest(docket), database_number(kind),
                                        database_digest(value), database_blob(bytes)),
                        error);
}

bool seat_store_certificate(struct seat_store *store, const struct digest *docket,
                            struct buffer *certificate, struct error *error)
{
    return database_find_blob(
        store->database, "SELECT certificate FROM certificate WHERE docket = ?",
        DATABASE_VALUES(database_digest(docket)), "the certificate", certificate, error);
}

bool seat_store_save_proof(struct seat_store *store, const struct proof *proof, bool *is_new,
                           struct error *error)
{
    return misconduct_save(store->database, proof, is_new, error);
}
