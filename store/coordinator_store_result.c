#include <string.h>

#include "base/encode.h"
#include "store/audit.h"
#include "store/coordinator_file.h"

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
                           const struct coordinator_store_result *result, struct error *error)
{
    return database_run(database,
                        "UPDATE hearings SET outcome = ?, decision = ?, report = ?,"
                        " is_worth_repeating = ? WHERE docket = ? AND place = ?",
                        DATABASE_VALUES(database_number((uint64_t)result->outcome),
                                        database_text(result->decision),
                                        database_digest(&result->report_digest),
                                        database_number(result->is_worth_repeating),
                                        database_digest(docket), database_number(index)),
                        error) &&
           database_run(database, "INSERT INTO reports VALUES (?,?,?)",
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

    if (!database_find_number(database, "SELECT value = ? FROM certificates WHERE docket = ?",
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

    if (!database_find_number(database, "SELECT count(*) FROM hearings WHERE docket = ?",
                              DATABASE_VALUES(database_digest(docket)), &hearings, &is_found,
                              error)) {
        return false;
    }
    return hearings == count ||
           error_set(error, ERROR_INVALID, "%zu results for a docket of %llu hearings", count,
                     (unsigned long long)hearings);
}

static bool save_verdict(struct database *database, const struct digest *docket,
                         const struct coordinator_store_verdict *kept, struct error *error)
{
    const struct message_signed *verdict = &kept->verdict;

    return database_run(
        database, "INSERT INTO verdicts VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
        DATABASE_VALUES(database_digest(docket), database_number(kept->seat),
                        database_blob(verdict->payload),
                        database_blob(bytes_of(verdict->signature, sizeof(verdict->signature)))),
        error);
}

/* Within a transaction. Reports that are there already stay as they are: they are the same. */
static bool save_results(struct database *database, const struct digest *docket,
                         const struct coordinator_store_results *results, struct error *error)
{
    if (!check_hearings(database, docket, results->count, error) ||
        !database_run(database,
                      "UPDATE dockets SET has_results = 1 WHERE id = ? AND has_results = 0",
                      DATABASE_VALUES(database_digest(docket)), error)) {
        return false;
    }
    bool is_ok = true;

    if (database_changes(database) == 0) {
        return true;
    }
    for (size_t i = 0; is_ok && i < results->count; i++) {
        is_ok = decide_hearing(database, docket, i, &results->results[i], error);
    }
    for (size_t i = 0; is_ok && i < results->verdict_count; i++) {
        is_ok = save_verdict(database, docket, &results->verdicts[i], error);
    }
    return is_ok;
}

bool coordinator_store_result_certify(struct coordinator_store *store,
                                      const struct coordinator_store_certificate *certificate,
                                      const struct coordinator_store_results *results,
                                      struct error *error)
{
    struct database *database = store->database;
    bool is_known = false;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok =
        check_certificate(database, &certificate->docket, &certificate->value, &is_known, error) &&
        (is_known ||
         database_run(database,
                      "INSERT INTO certificates (docket, value, certificate, decided_at)"
                      " VALUES (?,?,?,?)",
                      DATABASE_VALUES(database_digest(&certificate->docket),
                                      database_digest(&certificate->value),
                                      database_blob(certificate->certificate),
                                      database_number(certificate->decided_at)),
                      error)) &&
        (results == NULL || save_results(database, &certificate->docket, results, error));

    return database_finish(database, is_ok, error) || error_wrap(error, "save a certificate");
}

bool coordinator_store_result_save(struct coordinator_store *store, const struct digest *docket,
                                   const struct coordinator_store_results *results,
                                   struct error *error)
{
    struct database *database = store->database;
    uint64_t number = 0;
    bool is_certified = false;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok =
        database_find_number(database, "SELECT number FROM certificates WHERE docket = ?",
                             DATABASE_VALUES(database_digest(docket)), &number, &is_certified,
                             error) &&
        (is_certified || error_set(error, ERROR_NOT_FOUND, "the docket has no certificate")) &&
        save_results(database, docket, results, error);

    return database_finish(database, is_ok, error) || error_wrap(error, "save reports");
}

bool coordinator_store_result_value(struct coordinator_store *store, const struct digest *docket,
                                    struct digest *out, struct error *error)
{
    struct database_rows *rows;
    bool has_row;

    if (!database_query(store->database, "SELECT value FROM certificates WHERE docket = ?",
                        DATABASE_VALUES(database_digest(docket)), &rows, error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    if (!has_row) {
        return error_set(error, ERROR_NOT_FOUND, "the docket has no certificate");
    }
    bool is_ok = database_column_bytes(rows, 0, out->data, DIGEST_SIZE, error);

    database_end(rows);
    return is_ok;
}

bool coordinator_store_result_certificate(struct coordinator_store *store,
                                          const struct digest *docket, struct buffer *out,
                                          struct error *error)
{
    return database_find_blob(
        store->database, "SELECT certificate FROM certificates WHERE docket = ?",
        DATABASE_VALUES(database_digest(docket)), "the certificate", out, error);
}

bool coordinator_store_result_report(struct coordinator_store *store, const struct digest *docket,
                                     uint32_t index, struct buffer *out, struct error *error)
{
    return database_find_blob(
        store->database, "SELECT report FROM reports WHERE docket = ? AND place = ?",
        DATABASE_VALUES(database_digest(docket), database_number(index)), "the report", out, error);
}

bool coordinator_store_result_verdict(struct coordinator_store *store, const struct digest *docket,
                                      uint8_t seat, struct arena *arena, struct message_signed *out,
                                      struct error *error)
{
    struct message_signed read;
    struct database_rows *rows;
    bool has_row;

    if (!database_query(store->database,
                        "SELECT payload, signature FROM verdicts WHERE docket = ? AND seat = ?",
                        DATABASE_VALUES(database_digest(docket), database_number(seat)), &rows,
                        error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    if (!has_row) {
        return error_set(error, ERROR_NOT_FOUND, "the verdict of seat %u is not here", seat);
    }
    bool is_ok = database_column_copy(rows, 0, arena, &read.payload, error) &&
                 database_column_bytes(rows, 1, read.signature, sizeof(read.signature), error);

    database_end(rows);
    if (is_ok) {
        *out = read;
    }
    return is_ok;
}

bool coordinator_store_result_done(struct coordinator_store *store, const struct digest *docket,
                                   uint8_t seat, uint8_t seat_count, struct error *error)
{
    struct database *database = store->database;

    if (!database_begin(database, error)) {
        return false;
    }
    bool is_ok =
        database_run(database, "INSERT INTO deliveries VALUES (?,?) ON CONFLICT DO NOTHING",
                     DATABASE_VALUES(database_digest(docket), database_number(seat)), error) &&
        database_run(database,
                     "UPDATE dockets SET is_settled = 1 WHERE id = ?"
                     " AND EXISTS (SELECT * FROM certificates WHERE certificates.docket = id)"
                     " AND (SELECT count(*) FROM deliveries WHERE deliveries.docket = id) >= ?",
                     DATABASE_VALUES(database_digest(docket), database_number(seat_count)), error);

    return database_finish(database, is_ok, error);
}

bool coordinator_store_result_undelivered(struct coordinator_store *store, uint8_t seat,
                                          size_t limit, struct arena *arena, struct digest **out,
                                          size_t *count, struct error *error)
{
    struct database_rows *rows;

    return database_query(store->database,
                          "SELECT id FROM dockets d WHERE is_settled = 0 AND has_results = 1"
                          " AND NOT EXISTS (SELECT * FROM deliveries"
                          " WHERE deliveries.docket = d.id AND seat = ?) ORDER BY number LIMIT ?",
                          DATABASE_VALUES(database_number(seat), database_number(limit)), &rows,
                          error) &&
           coordinator_file_digests(rows, arena, out, count, error);
}

bool coordinator_store_result_conflict(struct coordinator_store *store,
                                       const struct coordinator_store_certificate *second,
                                       struct error *error)
{
    return database_run(
        store->database, "INSERT INTO conflicts VALUES (?,?,?) ON CONFLICT DO NOTHING",
        DATABASE_VALUES(database_digest(&second->docket), database_digest(&second->value),
                        database_blob(second->certificate)),
        error);
}

bool coordinator_store_result_save_papers(struct coordinator_store *store,
                                          const struct digest *docket, uint32_t index, uint8_t seat,
                                          struct bytes papers, struct error *error)
{
    return database_run(store->database,
                        "INSERT INTO papers VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
                        DATABASE_VALUES(database_digest(docket), database_number(index),
                                        database_number(seat), database_blob(papers)),
                        error);
}

bool coordinator_store_result_papers(struct coordinator_store *store, const struct digest *docket,
                                     uint32_t index, struct arena *arena,
                                     struct coordinator_store_papers **out, size_t *count,
                                     struct error *error)
{
    struct database_rows *rows;
    struct buffer list = {0};
    size_t list_count = 0;
    bool has_row = true;

    if (!database_query(store->database,
                        "SELECT seat, papers FROM papers WHERE docket = ? AND place = ?"
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
