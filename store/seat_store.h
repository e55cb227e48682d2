#ifndef STORE_SEAT_STORE_H
#define STORE_SEAT_STORE_H

/* What a seat must not forget: its votes, its locks, what it is bound to (docs/PROTOCOL.md 4).
 *
 * One SQLite file. Every function that saves has its rows on the disk (synchronous=FULL, one
 * transaction) when it returns true; when it returns false nothing of them is there. A vote that
 * contradicts a stored one is refused here as well, whatever the machine above thought. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "council/binding.h"
#include "council/seat.h"
#include "proto/message.h"

struct seat_store;

/* Makes the store of SEAT under ROSTER. ERROR_CONFLICT when PATH exists; ERROR_IO. */
MUST_USE bool seat_store_create(const char *path, const struct digest *roster, uint8_t seat,
                                struct error *error);

/* Opens it. The caller closes it. ERROR_NOT_FOUND when there is none (a key without its votes must
 * not sign); ERROR_CONFLICT when it is another seat's or roster's, or of a newer schema;
 * ERROR_CORRUPT; ERROR_IO. */
MUST_USE bool seat_store_open(const char *path, const struct digest *roster, uint8_t seat,
                              struct seat_store **out, struct error *error);
void seat_store_close(struct seat_store *store);

/* A docket as it was assigned. */
struct seat_store_docket {
    struct digest id;
    uint8_t home;
    uint64_t serial;
    struct message_signed docket; /* Loaded: in the arena. */
};

/* Keeps the docket; does nothing when it is there. IS_TWIN tells that another one has its home and
 * serial (both are kept: evidence E4). */
MUST_USE bool seat_store_put_docket(struct seat_store *store,
                                    const struct seat_store_docket *docket, bool *is_twin,
                                    struct error *error);

/* Loads what is stored of a docket. *IS_FOUND tells whether it was put, and OUT is zero otherwise;
 * RECORD tells what was signed and decided in either case, since a certificate may come first. */
MUST_USE bool seat_store_load(struct seat_store *store, const struct digest *docket,
                              struct arena *arena, struct seat_store_docket *out,
                              struct seat_record *record, bool *is_found, struct error *error);

/* Ids of dockets without a certificate, oldest first. */
MUST_USE bool seat_store_open_dockets(struct seat_store *store, struct arena *arena,
                                      struct digest **out, size_t *count, struct error *error);

/* One hearing of a verdict. */
struct seat_store_hearing {
    struct digest case_id;
    uint32_t attempt;
    bool is_assessed; /* Binds the case to the docket. */
};

/* Stores the signed verdict, its frame as sent and its bindings. ERROR_CONFLICT when
 * there is one; ERROR_NOT_FOUND when the docket was not put, here and where anything else is signed
 * or kept for it. */
MUST_USE bool seat_store_save_verdict(struct seat_store *store, const struct digest *docket,
                                      const struct message_signed *verdict, struct bytes frame,
                                      const struct seat_store_hearing *hearings, size_t count,
                                      struct error *error);

/* Appends the VERDICT frame. ERROR_NOT_FOUND. */
MUST_USE bool seat_store_verdict(struct seat_store *store, const struct digest *docket,
                                 struct buffer *frame, struct error *error);

/* What is known of the dockets that heard a case. */
MUST_USE bool seat_store_bindings(struct seat_store *store, const struct digest *case_id,
                                  struct arena *arena, struct binding_record **out, size_t *count,
                                  struct error *error);

/* Stores PREPARE and the PROPOSE frame behind it. ERROR_CONFLICT when another PREPARE is stored for
 * that view, or the view was given up. The same one again is no error. */
MUST_USE bool seat_store_save_prepare(struct seat_store *store, const struct digest *docket,
                                      const struct seat_vote *vote, struct bytes frame,
                                      const struct message_signed *prepare, struct error *error);

/* Stores a value that was fetched: the PROPOSE frame behind it. */
MUST_USE bool seat_store_save_value(struct seat_store *store, const struct digest *docket,
                                    const struct digest *value, struct bytes frame,
                                    struct error *error);

/* Appends the PROPOSE frame behind VALUE. ERROR_NOT_FOUND. */
MUST_USE bool seat_store_value(struct seat_store *store, const struct digest *docket,
                               const struct digest *value, struct buffer *frame,
                               struct error *error);

/* Stores QC and COMMIT. ERROR_CONFLICT as for PREPARE; ERROR_NOT_FOUND when the value is not
 * stored. */
MUST_USE bool seat_store_save_lock(struct seat_store *store, const struct digest *docket,
                                   const struct seat_vote *vote, struct bytes qc,
                                   const struct message_signed *commit, struct error *error);

/* From now on PREPARE and COMMIT of VIEW and below are refused: NEW-VIEW is about to be signed for
 * a higher one (S4). Never goes back. */
MUST_USE bool seat_store_refuse_view(struct seat_store *store, const struct digest *docket,
                                     uint32_t view, struct error *error);

/* The PREPARE or COMMIT signed in that view (KIND is MESSAGE_PREPARE or MESSAGE_COMMIT), in ARENA.
 * ERROR_NOT_FOUND. */
MUST_USE bool seat_store_signed(struct seat_store *store, const struct digest *docket,
                                uint32_t view, enum message_kind kind, struct arena *arena,
                                struct message_signed *out, struct error *error);

/* One case of a certificate. */
struct seat_store_outcome {
    struct digest case_id;
    uint32_t attempt;
    enum binding_outcome outcome;
};

/* Stores the certificate of a docket, known or not, with what it says of its cases; values of the
 * docket are forgotten. ERROR_CONFLICT when another value is certified already. */
MUST_USE bool seat_store_save_certificate(struct seat_store *store, const struct digest *docket,
                                          const struct digest *value, struct bytes certificate,
                                          const struct seat_store_outcome *outcomes, size_t count,
                                          struct error *error);

/* Appends the certificate. ERROR_NOT_FOUND. */
MUST_USE bool seat_store_certificate(struct seat_store *store, const struct digest *docket,
                                     struct buffer *certificate, struct error *error);

/* Two signed messages that cannot both be honest. */
struct seat_store_misconduct {
    const char *kind; /* "E1" .. "E8". */
    struct digest docket;
    const char *subject;    /* "seat 7", "coordinator 0". */
    const char *first_type; /* Payload types. */
    struct message_signed first;
    const char *second_type;
    struct message_signed second;
};

/* Keeps it; the same again does nothing. */
MUST_USE bool seat_store_save_misconduct(struct seat_store *store,
                                         const struct seat_store_misconduct *misconduct,
                                         struct error *error);

#endif
