#include "base/encode.h"
#include "store/audit.h"
#include "store/coordinator_file.h"

static bool audit_submission(struct database *database, const struct coordinator_store_case *posted,
                             struct error *error)
{
    char hex[DIGEST_HEX_SIZE];
    struct buffer line = {0};

    buffer_format(&line, "case %s attempt %u received", encode_digest(&posted->id, hex),
                  posted->attempt);
    bool is_ok = audit_append(database, buffer_text(&line), error);

    buffer_finish(&line);
    return is_ok;
}

/* Nothing is inserted when the hearing is in a docket already. */
static bool insert_case(struct database *database, const struct coordinator_store_case *new_case,
                        struct error *error)
{
    const struct message_signed *header = &new_case->header;

    return database_run(
        database,
        "INSERT INTO submissions (case_id, attempt, payload, signature, submitter, manifest,"
        " bundle, received_at, is_waiting) SELECT ?1,?2,?3,?4,?5,?6,?7,?8,1"
        " WHERE NOT EXISTS (SELECT * FROM hearings WHERE case_id = ?1 AND attempt = ?2)"
        " ON CONFLICT DO NOTHING",
        DATABASE_VALUES(database_digest(&new_case->id), database_number(new_case->attempt),
                        database_blob(header->payload),
                        database_blob(bytes_of(header->signature, sizeof(header->signature))),
                        database_blob(bytes_of(new_case->submitter, sizeof(new_case->submitter))),
                        database_digest(&new_case->manifest), database_digest(&new_case->bundle),
                        database_number(new_case->received_at)),
        error);
}

bool coordinator_store_case_add(struct coordinator_store *store,
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
        is_ok = !is_new || audit_submission(database, new_case, error);
    }
    if (!database_finish(database, is_ok, error)) {
        return error_wrap(error, "accept a case");
    }
    *is_known = !is_new;
    return true;
}

/* The columns that are empty until the hearing is in a docket, or decided. */
static bool read_progress(struct database_rows *rows, struct arena *arena,
                          struct coordinator_store_case *out, struct error *error)
{
    struct bytes decision;

    out->home = (uint8_t)database_column_number(rows, 9);
    out->index = (uint32_t)database_column_number(rows, 10);
    out->outcome = (int)database_column_number(rows, 11);
    out->is_worth_repeating = database_column_number(rows, 14) != 0;
    out->decided_at = database_column_number(rows, 15);
    if (out->state != COORDINATOR_STORE_WAITING &&
        !database_column_bytes(rows, 8, out->docket.data, DIGEST_SIZE, error)) {
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

/* The columns that both queries below begin with. */
static bool read_case(struct database_rows *rows, struct coordinator_store_case *out,
                      struct error *error)
{
    *out = (struct coordinator_store_case){
        .attempt = (uint32_t)database_column_number(rows, 1),
        .received_at = database_column_number(rows, 3),
        .state = (enum coordinator_store_state)database_column_number(rows, 4),
    };
    return database_column_bytes(rows, 0, out->id.data, DIGEST_SIZE, error) &&
           database_column_bytes(rows, 2, out->submitter, sizeof(out->submitter), error) &&
           database_column_bytes(rows, 5, out->manifest.data, DIGEST_SIZE, error) &&
           database_column_bytes(rows, 6, out->bundle.data, DIGEST_SIZE, error);
}

static bool read_header(struct database_rows *rows, struct arena *arena,
                        struct coordinator_store_case *out, struct error *error)
{
    struct message_signed *header = &out->header;

    return database_column_bytes(rows, 7, header->signature, sizeof(header->signature), error) &&
           database_column_copy(rows, 8, arena, &header->payload, error);
}

struct case_list {
    struct coordinator_store_case *cases;
    size_t count;
};

static bool read_cases(struct database_rows *rows, struct arena *arena, bool wants_header,
                       struct case_list *out, struct error *error)
{
    struct buffer cases = {0};
    size_t case_count = 0;
    bool has_row = true;
    bool is_ok = database_next(rows, &has_row, error);

    while (is_ok && has_row) {
        struct coordinator_store_case read;

        is_ok = read_case(rows, &read, error) &&
                (wants_header ? read_header(rows, arena, &read, error)
                              : read_progress(rows, arena, &read, error));
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
    *out = (struct case_list){.cases = array, .count = case_count};
    return true;
}

/* The states are those of enum coordinator_store_state. A hearing that is under way may still come
 * to more than one that went unheard. */
static const char find_case[] =
    "SELECT h.case_id, h.attempt AS attempt, h.submitter, coalesce(s.received_at, 0),"
    " CASE WHEN h.outcome IS NULL THEN 2 ELSE 3 END, coalesce(s.manifest, zeroblob(32)),"
    " coalesce(s.bundle, zeroblob(32)), NULL, h.docket, d.home, h.place, h.outcome, h.decision,"
    " h.report, h.is_worth_repeating, c.decided_at,"
    " CASE coalesce(h.outcome, 0) WHEN 0 THEN 15 ELSE 10 * h.outcome END AS rank,"
    " d.number AS number"
    " FROM hearings h JOIN dockets d ON d.id = h.docket"
    " LEFT JOIN submissions s ON s.case_id = h.case_id AND s.attempt = h.attempt"
    " LEFT JOIN certificates c ON c.docket = h.docket WHERE h.case_id = ?1"
    " UNION ALL SELECT case_id, attempt, submitter, received_at, 1, manifest, bundle, NULL, NULL,"
    " NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0"
    " FROM submissions WHERE case_id = ?1 AND is_waiting = 1 ORDER BY attempt, rank, number DESC";

bool coordinator_store_case_find(struct coordinator_store *store, const struct digest *case_id,
                                 struct arena *arena, struct coordinator_store_case **out,
                                 size_t *count, struct error *error)
{
    struct database_rows *rows;
    struct case_list list;

    if (!database_query(store->database, find_case, DATABASE_VALUES(database_digest(case_id)),
                        &rows, error) ||
        !read_cases(rows, arena, false, &list, error)) {
        return false;
    }
    if (list.count == 0) {
        return error_set(error, ERROR_NOT_FOUND, "the case is not known here");
    }
    *out = list.cases;
    *count = list.count;
    return true;
}

bool coordinator_store_case_waiting(struct coordinator_store *store, size_t limit,
                                    struct arena *arena, struct coordinator_store_case **out,
                                    size_t *count, struct error *error)
{
    struct database_rows *rows;
    struct case_list list;

    if (!database_query(store->database,
                        "SELECT case_id, attempt, submitter, received_at, 1, manifest, bundle,"
                        " signature, payload FROM submissions WHERE is_waiting = 1"
                        " ORDER BY number LIMIT ?",
                        DATABASE_VALUES(database_number(limit)), &rows, error) ||
        !read_cases(rows, arena, true, &list, error)) {
        return false;
    }
    *out = list.cases;
    *count = list.count;
    return true;
}

bool coordinator_store_case_latest(struct coordinator_store *store,
                                   const uint8_t submitter[MESSAGE_KEY_SIZE], struct arena *arena,
                                   struct digest **out, size_t *count, struct error *error)
{
    struct database_rows *rows;

    return database_query(
               store->database,
               "SELECT c.value FROM (SELECT DISTINCT docket FROM hearings"
               " WHERE submitter = ?) JOIN certificates c USING (docket)"
               " JOIN dockets d ON d.id = docket ORDER BY as_of DESC, d.number DESC LIMIT ?",
               DATABASE_VALUES(database_blob(bytes_of(submitter, MESSAGE_KEY_SIZE)),
                               database_number(COORDINATOR_STORE_LATEST_MAX)),
               &rows, error) &&
           coordinator_file_digests(rows, arena, out, count, error);
}

bool coordinator_store_case_is_by(struct coordinator_store *store, const struct digest *docket,
                                  const uint8_t submitter[MESSAGE_KEY_SIZE], bool *is_by,
                                  struct error *error)
{
    uint64_t count = 0;
    bool is_found;

    if (!database_find_number(store->database,
                              "SELECT count(*) FROM hearings WHERE docket = ? AND submitter = ?",
                              DATABASE_VALUES(database_digest(docket),
                                              database_blob(bytes_of(submitter, MESSAGE_KEY_SIZE))),
                              &count, &is_found, error)) {
        return false;
    }
    *is_by = count > 0;
    return true;
}
