#include "base/encode.h"
#include "store/audit.h"
#include "store/coordinator_file.h"

bool coordinator_store_docket_next_serial(struct coordinator_store *store, uint64_t *out,
                                          struct error *error)
{
    bool is_found;

    return database_find_number(store->database,
                                "SELECT coalesce(max(serial), 0) + 1 FROM dockets"
                                " WHERE is_own = 1",
                                NULL, 0, out, &is_found, error);
}

static bool audit_hearing(struct database *database, const struct digest *docket,
                          const struct coordinator_store_hearing *hearing, struct error *error)
{
    char case_hex[DIGEST_HEX_SIZE];
    char docket_hex[DIGEST_HEX_SIZE];
    struct buffer line = {0};

    buffer_format(&line, "case %s attempt %u heard in docket %s",
                  encode_digest(&hearing->case_id, case_hex), hearing->attempt,
                  encode_digest(docket, docket_hex));
    bool is_ok = audit_append(database, buffer_text(&line), error);

    buffer_finish(&line);
    return is_ok;
}

/* Hearing INDEX of DOCKET. One of an own docket was submitted here and waits; one of another's need
 * not be known. */
static bool add_hearing(struct database *database, const struct coordinator_store_docket *docket,
                        size_t index, const struct coordinator_store_hearing *hearing,
                        struct error *error)
{
    if (!database_run(
            database,
            "UPDATE submissions SET is_waiting = 0"
            " WHERE case_id = ? AND attempt = ? AND is_waiting = 1",
            DATABASE_VALUES(database_digest(&hearing->case_id), database_number(hearing->attempt)),
            error)) {
        return false;
    }
    if (docket->is_own && database_changes(database) != 1) {
        return error_set(error, ERROR_CONFLICT, "hearing %zu does not wait for a docket", index);
    }
    return database_run(
               database,
               "INSERT INTO hearings (docket, place, case_id, attempt, submitter)"
               " VALUES (?,?,?,?,?)",
               DATABASE_VALUES(
                   database_digest(&docket->id), database_number(index),
                   database_digest(&hearing->case_id), database_number(hearing->attempt),
                   database_blob(bytes_of(hearing->submitter, sizeof(hearing->submitter)))),
               error) &&
           audit_hearing(database, &docket->id, hearing, error);
}

bool coordinator_store_docket_open(struct coordinator_store *store,
                                   const struct coordinator_store_docket *docket,
                                   const struct coordinator_store_hearing *hearings, size_t count,
                                   struct error *error)
{
    const struct message_signed *message = &docket->docket;
    struct database *database = store->database;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok = database_run(
        database,
        "INSERT INTO dockets (id, home, serial, is_own, as_of, payload, signature)"
        " VALUES (?,?,?,?,?,?,?)",
        DATABASE_VALUES(database_digest(&docket->id), database_number(docket->home),
                        database_number(docket->serial), database_number(docket->is_own),
                        database_number(docket->as_of), database_blob(message->payload),
                        database_blob(bytes_of(message->signature, sizeof(message->signature)))),
        error);

    for (size_t i = 0; is_ok && i < count; i++) {
        is_ok = add_hearing(database, docket, i, &hearings[i], error);
    }
    return database_finish(database, is_ok, error) ||
           error_wrap(error, "open docket %llu of coordinator %u",
                      (unsigned long long)docket->serial, docket->home);
}

bool coordinator_store_docket_is_known(struct coordinator_store *store, const struct digest *id,
                                       bool *is_known, struct error *error)
{
    uint64_t number;

    return database_find_number(store->database, "SELECT number FROM dockets WHERE id = ?",
                                DATABASE_VALUES(database_digest(id)), &number, is_known, error);
}

static bool read_proposed(struct database_rows *rows, struct chair_record *record,
                          struct error *error)
{
    record->proposed.view = (uint32_t)database_column_number(rows, 8);
    return record->proposed.view == 0 ||
           (database_column_bytes(rows, 9, record->proposed.value.data, DIGEST_SIZE, error) &&
            database_column_bytes(rows, 10, record->proposed.tc.data, DIGEST_SIZE, error) &&
            database_column_bytes(rows, 11, record->book.data, DIGEST_SIZE, error));
}

static bool read_docket(struct database_rows *rows, struct arena *arena,
                        struct coordinator_store_docket *out, struct error *error)
{
    out->home = (uint8_t)database_column_number(rows, 0);
    out->is_own = database_column_number(rows, 1) != 0;
    out->serial = database_column_number(rows, 2);
    out->as_of = database_column_number(rows, 3);
    out->has_results = database_column_number(rows, 6) != 0;
    out->record.is_decided = database_column_number(rows, 7) != 0;
    return database_column_copy(rows, 4, arena, &out->docket.payload, error) &&
           database_column_bytes(rows, 5, out->docket.signature, sizeof(out->docket.signature),
                                 error) &&
           read_proposed(rows, &out->record, error) &&
           (!out->record.is_decided ||
            database_column_bytes(rows, 12, out->record.decided.data, DIGEST_SIZE, error));
}

bool coordinator_store_docket_load(struct coordinator_store *store, const struct digest *id,
                                   struct arena *arena, struct coordinator_store_docket *out,
                                   struct error *error)
{
    struct coordinator_store_docket read = {.id = *id};
    struct database_rows *rows;
    bool has_row;

    if (!database_query(store->database,
                        "SELECT home, is_own, serial, as_of, payload, signature, has_results,"
                        " c.docket IS NOT NULL, coalesce(p.view, 0), p.value, p.tc, p.book, c.value"
                        " FROM dockets d LEFT JOIN certificates c ON c.docket = d.id"
                        " LEFT JOIN proposals p ON p.docket = d.id"
                        " WHERE d.id = ? ORDER BY p.view DESC LIMIT 1",
                        DATABASE_VALUES(database_digest(id)), &rows, error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    if (!has_row) {
        return error_set(error, ERROR_NOT_FOUND, "the docket is not known here");
    }
    bool is_ok = read_docket(rows, arena, &read, error);

    database_end(rows);
    if (is_ok) {
        *out = read;
    }
    return is_ok;
}

bool coordinator_store_docket_unfinished(struct coordinator_store *store, struct arena *arena,
                                         struct digest **out, size_t *count, struct error *error)
{
    struct database_rows *rows;

    return database_query(store->database,
                          "SELECT id FROM dockets WHERE has_results = 0 ORDER BY number", NULL, 0,
                          &rows, error) &&
           coordinator_file_digests(rows, arena, out, count, error);
}

bool coordinator_store_docket_sharing(struct coordinator_store *store, const struct digest *id,
                                      struct arena *arena, struct digest **out, size_t *count,
                                      struct error *error)
{
    struct database_rows *rows;

    return database_query(store->database,
                          "SELECT DISTINCT theirs.docket FROM hearings ours JOIN hearings theirs"
                          " ON theirs.case_id = ours.case_id AND theirs.attempt = ours.attempt"
                          " WHERE ours.docket = ? AND theirs.docket <> ours.docket",
                          DATABASE_VALUES(database_digest(id)), &rows, error) &&
           coordinator_file_digests(rows, arena, out, count, error);
}

bool coordinator_store_docket_twin(struct coordinator_store *store,
                                   const struct coordinator_store_docket *docket,
                                   struct digest *out, bool *is_found, struct error *error)
{
    struct database_rows *rows;
    bool is_ok = true;

    if (!database_query(store->database,
                        "SELECT id FROM dockets WHERE home = ? AND serial = ? AND id <> ? LIMIT 1",
                        DATABASE_VALUES(database_number(docket->home),
                                        database_number(docket->serial),
                                        database_digest(&docket->id)),
                        &rows, error) ||
        !database_next(rows, is_found, error)) {
        return false;
    }
    if (*is_found) {
        is_ok = database_column_bytes(rows, 0, out->data, DIGEST_SIZE, error);
        database_end(rows);
    }
    return is_ok;
}

/* True in *IS_KNOWN when this very proposal is stored; an error when another one is. */
static bool check_proposal(struct database *database, const struct digest *docket,
                           const struct seat_vote *vote, const struct digest *book, bool *is_known,
                           struct error *error)
{
    uint64_t is_same = 0;

    if (!database_find_number(database,
                              "SELECT value = ? AND tc = ? AND book = ? FROM proposals"
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

bool coordinator_store_docket_propose(struct coordinator_store *store, const struct digest *docket,
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
         database_run(database, "INSERT INTO proposals VALUES (?,?,?,?,?,?)",
                      DATABASE_VALUES(database_digest(docket), database_number(vote->view),
                                      database_digest(&vote->value), database_digest(&vote->tc),
                                      database_digest(book), database_blob(frame)),
                      error));

    return database_finish(database, is_ok, error) || error_wrap(error, "save a PROPOSE");
}

bool coordinator_store_docket_proposal(struct coordinator_store *store, const struct digest *docket,
                                       struct buffer *frame, struct error *error)
{
    return database_find_blob(
        store->database, "SELECT frame FROM proposals WHERE docket = ? ORDER BY view DESC LIMIT 1",
        DATABASE_VALUES(database_digest(docket)), "the proposal", frame, error);
}

bool coordinator_store_docket_value(struct coordinator_store *store, const struct digest *value,
                                    struct buffer *frame, struct error *error)
{
    return database_find_blob(store->database,
                              "SELECT frame FROM proposals WHERE value = ? LIMIT 1",
                              DATABASE_VALUES(database_digest(value)), "the value", frame, error);
}
