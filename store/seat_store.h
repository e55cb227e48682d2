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
#include "report/proof.h"

#define SEAT_STORE_VALUES_MAX 1024 /* Certified dockets, newest first, that keep their value. */

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

/* The oldest other docket with the home and serial of DOCKET, in ARENA. ERROR_NOT_FOUND. */
MUST_USE bool seat_store_twin(struct seat_store *store, const struct seat_store_docket *docket,
                              struct arena *arena, struct message_signed *out, struct error *error);

/* Loads what is stored of a docket. *IS_FOUND tells whether it was put, and OUT is zero otherwise;
 * RECORD tells what was signed and decided in either case, since a certificate may come first; its
 * `done` may have bits of coordinators that the roster has not. */
MUST_USE bool seat_store_load(struct seat_store *store, const struct digest *docket,
                              struct arena *arena, struct seat_store_docket *out,
                              struct seat_record *record, bool *is_found, struct error *error);

/* Ids of dockets without a certificate, oldest first, at most COUNT_MAX, from where *AFTER (0: the
 * start) says on; *AFTER then says where they end. */
MUST_USE bool seat_store_open_dockets(struct seat_store *store, uint64_t *after, size_t count_max,
                                      struct arena *arena, struct digest **out, size_t *count,
                                      struct error *error);

/* One hearing of a verdict. */
struct seat_store_hearing {
    struct digest case_id;
    uint32_t attempt;
    bool is_assessed; /* Binds the case to the docket. */
};

/* Stores the signed verdict, its frame as sent and its bindings. ERROR_CONFLICT when there is one,
 * or when it assesses what S1 forbids by now; ERROR_NOT_FOUND when the docket was not put, here and
 * where anything else is signed or kept for it. */
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

/* Stores PREPARE and the PROPOSE frame behind it, which is empty when the value is stored.
 * ERROR_CONFLICT when another PREPARE is stored for that view, when the view is not the one entered
 * last, or when a NEW-VIEW gave it up (S4). The same one again is no error. */
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

/* The same of any docket: a value is of one docket alone. */
MUST_USE bool seat_store_find_value(struct seat_store *store, const struct digest *value,
                                    struct buffer *frame, struct error *error);

/* Stores QC and COMMIT. ERROR_CONFLICT as for PREPARE; ERROR_NOT_FOUND when the value is not
 * stored. */
MUST_USE bool seat_store_save_lock(struct seat_store *store, const struct digest *docket,
                                   const struct seat_vote *vote, struct bytes qc,
                                   const struct message_signed *commit, struct error *error);

/* Appends the QC behind the COMMIT of VIEW. ERROR_NOT_FOUND. */
MUST_USE bool seat_store_qc(struct seat_store *store, const struct digest *docket, uint32_t view,
                            struct buffer *qc, struct error *error);

/* A NEW-VIEW as it is sent. */
struct seat_store_new_view {
    uint32_t view;            /* Asked for. */
    struct seat_vote highest; /* The lock that it reports; view 0 = none. Not loaded. */
    struct message_signed report;
    struct bytes qc; /* Of that lock; empty = none. */
    struct bytes tc; /* Of the view that is given up; empty in view 1. */
};

/* Stores it; from then on PREPARE and COMMIT of every view below its own are refused.
 * ERROR_CONFLICT when another one is stored for that view, when that view or a later one was
 * entered or asked for, or when it does not report the highest lock. The same again is no error and
 * changes nothing. */
MUST_USE bool seat_store_save_new_view(struct seat_store *store, const struct digest *docket,
                                       const struct seat_store_new_view *new_view,
                                       struct error *error);

/* The one for VIEW, in ARENA. ERROR_NOT_FOUND. */
MUST_USE bool seat_store_new_view(struct seat_store *store, const struct digest *docket,
                                  uint32_t view, struct arena *arena,
                                  struct seat_store_new_view *out, struct error *error);

/* Stores the TC by which VIEW is entered. ERROR_CONFLICT when it or a later one was entered. */
MUST_USE bool seat_store_save_view(struct seat_store *store, const struct digest *docket,
                                   uint32_t view, struct bytes tc, struct error *error);

/* Appends the TC by which VIEW was entered. ERROR_NOT_FOUND. */
MUST_USE bool seat_store_tc(struct seat_store *store, const struct digest *docket, uint32_t view,
                            struct buffer *tc, struct error *error);

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

struct seat_store_certificate {
    struct digest docket;
    struct digest value;
    struct bytes envelope;
    const struct seat_store_outcome *outcomes; /* One per case, outcome_count of them. */
    size_t outcome_count;
    uint8_t undelivered; /* Coordinators that it has to be sent to: bit c for coordinator c. */
};

/* Stores the certificate of a docket, known or not, with what it says of its cases. Other values of
 * the docket are forgotten, and so is that of the docket certified SEAT_STORE_VALUES_MAX before.
 * The same again does nothing. ERROR_CONFLICT when another value is certified already. */
MUST_USE bool seat_store_save_certificate(struct seat_store *store,
                                          const struct seat_store_certificate *certificate,
                                          struct error *error);

/* Appends the certificate. ERROR_NOT_FOUND. */
MUST_USE bool seat_store_certificate(struct seat_store *store, const struct digest *docket,
                                     struct buffer *certificate, struct error *error);

/* A docket's certificate on its way to a coordinator. */
struct seat_store_delivery {
    uint8_t chair;
    struct digest docket;
};

/* Dockets whose certificate the coordinator of AFTER has not been heard to have, in the order of
 * their ids, from the first one above that of AFTER on; at most COUNT_MAX. */
MUST_USE bool seat_store_undelivered(struct seat_store *store,
                                     const struct seat_store_delivery *after, size_t count_max,
                                     struct arena *arena, struct digest **out, size_t *count,
                                     struct error *error);

/* These have arrived. */
MUST_USE bool seat_store_delivered(struct seat_store *store,
                                   const struct seat_store_delivery *deliveries, size_t count,
                                   struct error *error);

/* Keeps a QC (KIND is MESSAGE_CERTIFY) or a certificate (MESSAGE_DECIDE) for another VALUE than the
 * one stored: the first of its kind and docket. */
MUST_USE bool seat_store_save_conflict(struct seat_store *store, const struct digest *docket,
                                       enum message_kind kind, const struct digest *value,
                                       struct bytes bytes, struct error *error);

/* Keeps a judged proof of misconduct: the first of its kind, docket and culprit. *IS_NEW tells
 * whether this one was. */
MUST_USE bool seat_store_save_proof(struct seat_store *store, const struct proof *proof,
                                    bool *is_new, struct error *error);

#endif
