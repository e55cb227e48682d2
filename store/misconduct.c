#include "store/misconduct.h"

#include <string.h>

#include "base/check.h"

static struct database_value signature_of(const struct message_signed *message)
{
    return database_blob(bytes_of(message->signature, sizeof(message->signature)));
}

bool misconduct_save(struct database *database, const struct proof *proof, bool *is_new,
                     struct error *error)
{
    CHECK(proof->kind > MISCONDUCT_NONE);
    CHECK(proof->kind < MISCONDUCT_COUNT);

    if (!database_run(
            database,
            "INSERT INTO misconduct (kind, docket, is_seat, signer, first_type, first_payload,"
            " first_signature, second_type, second_payload, second_signature, first_docket,"
            " first_docket_signature, second_docket, second_docket_signature)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
            DATABASE_VALUES(
                database_number(proof->kind), database_digest(&proof->docket),
                database_number(proof->is_seat), database_number(proof->signer),
                database_text(proof->first_type), database_blob(proof->first.payload),
                signature_of(&proof->first), database_text(proof->second_type),
                database_blob(proof->second.payload), signature_of(&proof->second),
                database_blob(proof->dockets[0].payload), signature_of(&proof->dockets[0]),
                database_blob(proof->dockets[1].payload), signature_of(&proof->dockets[1])),
            error)) {
        return false;
    }
    *is_new = database_changes(database) > 0;
    return true;
}

/* A payload and its signature from two columns that follow each other. */
static bool read_message(struct database_rows *rows, int index, struct arena *arena,
                         struct message_signed *out, struct error *error)
{
    return database_column_copy(rows, index, arena, &out->payload, error) &&
           database_column_bytes(rows, index + 1, out->signature, sizeof(out->signature), error);
}

static bool read_type(struct database_rows *rows, int index, struct arena *arena, const char **out,
                      struct error *error)
{
    struct bytes text;

    if (!database_column_copy(rows, index, arena, &text, error)) {
        return false;
    }
    *out = (const char *)text.data; /* It has a NUL behind it. */
    return true;
}

bool misconduct_next(struct database *database, uint64_t after, struct arena *arena,
                     struct proof *out, uint64_t *number, bool *is_found, struct error *error)
{
    struct proof proof = {0};
    struct database_rows *rows;
    bool has_row;

    if (!database_query(
            database,
            "SELECT number, kind, docket, is_seat, signer, first_type, first_payload,"
            " first_signature, second_type, second_payload, second_signature, first_docket,"
            " first_docket_signature, second_docket, second_docket_signature"
            " FROM misconduct WHERE number > ? ORDER BY number LIMIT 1",
            DATABASE_VALUES(database_number(after)), &rows, error) ||
        !database_next(rows, &has_row, error)) {
        return false;
    }
    if (!has_row) {
        *is_found = false;
        return true;
    }
    *number = database_column_number(rows, 0);
    proof.kind = (enum misconduct)database_column_number(rows, 1);
    proof.is_seat = database_column_number(rows, 3) != 0;
    proof.signer = (uint8_t)database_column_number(rows, 4);
    bool is_ok = database_column_bytes(rows, 2, proof.docket.data, DIGEST_SIZE, error) &&
                 read_type(rows, 5, arena, &proof.first_type, error) &&
                 read_message(rows, 6, arena, &proof.first, error) &&
                 read_type(rows, 8, arena, &proof.second_type, error) &&
                 read_message(rows, 9, arena, &proof.second, error) &&
                 read_message(rows, 11, arena, &proof.dockets[0], error) &&
                 read_message(rows, 13, arena, &proof.dockets[1], error);

    database_end(rows);
    if (is_ok) {
        *out = proof;
        *is_found = true;
    }
    return is_ok;
}
