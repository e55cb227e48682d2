#include "store/misconduct.h"

#include "crypto/hash.h"

static void add_message(struct hash *hash, const char *type, const struct message_signed *message)
{
    hash_update_sized(hash, bytes_of_text(type));
    hash_update_sized(hash, message->payload);
    hash_update_sized(hash, bytes_of(message->signature, sizeof(message->signature)));
}

bool misconduct_save(struct database *database, const struct seat_store_misconduct *misconduct,
                     struct error *error)
{
    const struct message_signed *first = &misconduct->first;
    const struct message_signed *second = &misconduct->second;
    struct hash hash;
    struct digest id;

    hash_init(&hash);
    hash_update_sized(&hash, bytes_of_text(misconduct->kind));
    hash_update_sized(&hash, bytes_of(misconduct->docket.data, DIGEST_SIZE));
    hash_update_sized(&hash, bytes_of_text(misconduct->subject));
    add_message(&hash, misconduct->first_type, first);
    add_message(&hash, misconduct->second_type, second);
    hash_finish(&hash, &id);
    return database_run(
        database, "INSERT INTO misconduct VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
        DATABASE_VALUES(database_digest(&id), database_text(misconduct->kind),
                        database_digest(&misconduct->docket), database_text(misconduct->subject),
                        database_text(misconduct->first_type), database_blob(first->payload),
                        database_blob(bytes_of(first->signature, sizeof(first->signature))),
                        database_text(misconduct->second_type), database_blob(second->payload),
                        database_blob(bytes_of(second->signature, sizeof(second->signature)))),
        error);
}
