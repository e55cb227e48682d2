#include "store/audit.h"

#include "crypto/hash.h"

/* The last line's place; number 0 and a zero hash before the first. */
struct end {
    uint64_t number;
    struct digest hash;
};

static void extend(struct end *end, struct bytes line)
{
    struct hash hash;

    hash_init(&hash);
    hash_update(&hash, bytes_of(end->hash.data, DIGEST_SIZE));
    hash_update_sized(&hash, line);
    hash_finish(&hash, &end->hash);
    end->number++;
}

static bool find_end(struct database *database, struct end *out, struct error *error)
{
    struct database_rows *rows;
    bool has_row;
    bool is_ok = true;

    *out = (struct end){0};
    if (!database_query(database, "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1",
                        NULL, 0, &rows, error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    if (has_row) {
        out->number = database_column_number(rows, 0);
        is_ok = database_column_bytes(rows, 1, out->hash.data, DIGEST_SIZE, error);
        database_end(rows);
    }
    return is_ok;
}

bool audit_append(struct database *database, const char *line, struct error *error)
{
    struct end end;

    if (!find_end(database, &end, error)) {
        return false;
    }
    extend(&end, bytes_of_text(line));
    return database_run(database, "INSERT INTO audit VALUES (?,?,?)",
                        DATABASE_VALUES(database_number(end.number), database_text(line),
                                        database_digest(&end.hash)),
                        error);
}

static bool check_line(struct database_rows *rows, struct end *end, struct error *error)
{
    struct digest stored;

    if (!database_column_bytes(rows, 2, stored.data, DIGEST_SIZE, error)) {
        return false;
    }
    extend(end, database_column_blob(rows, 1));
    return (database_column_number(rows, 0) == end->number && digest_equal(&stored, &end->hash)) ||
           error_set(error, ERROR_CORRUPT, "audit log: line %llu does not follow the one before",
                     (unsigned long long)end->number);
}

bool audit_check(struct database *database, struct error *error)
{
    struct database_rows *rows;
    struct end end = {0};
    bool has_row = true;

    if (!database_query(database, "SELECT number, line, hash FROM audit ORDER BY number", NULL, 0,
                        &rows, error)) {
        return false;
    }
    bool is_ok = database_next(rows, &has_row, error);

    while (is_ok && has_row) {
        is_ok = check_line(rows, &end, error) && database_next(rows, &has_row, error);
    }
    database_end(rows);
    return is_ok;
}
