#ifndef STORE_COORDINATOR_STORE_H
#define STORE_COORDINATOR_STORE_H

/* What a coordinator must not forget: cases, dockets, proposals, certificates, reports.
 *
 * One SQLite file, opened once by each thread that uses it. Saving is as in seat_store.h: durable
 * or not at all. Every change of a case is also a line of the audit log, each line holding the hash
 * of the one before. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "council/chair.h"
#include "proto/message.h"
#include "store/seat_store.h"

struct coordinator_store;

/* As seat_store_create() and seat_store_open(), for coordinator INDEX. */
MUST_USE bool coordinator_store_create(const char *path, const struct digest *roster, uint8_t index,
                                       struct error *error);
MUST_USE bool coordinator_store_open(const char *path, const struct digest *roster, uint8_t index,
                                     struct coordinator_store **out, struct error *error);
void coordinator_store_close(struct coordinator_store *store);

enum coordinator_store_state {
    COORDINATOR_STORE_WAITING = 1, /* Accepted, in no docket yet. */
    COORDINATOR_STORE_HEARD,       /* In a docket. */
    COORDINATOR_STORE_DECIDED,     /* Certified. */
};

/* A hearing: one attempt of a case. */
struct coordinator_store_case {
    struct digest id;
    uint32_t attempt;
    struct message_signed header;
    uint8_t submitter[MESSAGE_KEY_SIZE]; /* Signing key. */
    struct digest manifest;
    struct digest bundle;
    uint64_t received_at; /* Unix milliseconds. */
    /* Set by the store: */
    enum coordinator_store_state state;
    struct digest docket; /* From HEARD on. */
    uint32_t index;       /* In the docket. */
    int outcome;          /* From DECIDED on: enum findings_outcome. */
    const char *decision; /* From DECIDED on: the report's word. */
    struct digest report; /* From DECIDED on. */
    uint64_t decided_at;  /* Unix milliseconds. */
};

/* Accepts a hearing; *IS_KNOWN when it is there already, then nothing changes. */
MUST_USE bool coordinator_store_add_case(struct coordinator_store *store,
                                         const struct coordinator_store_case *new_case,
                                         bool *is_known, struct error *error);

/* All hearings of a case, by attempt; ERROR_NOT_FOUND when there is none. */
MUST_USE bool coordinator_store_case(struct coordinator_store *store, const struct digest *case_id,
                                     struct arena *arena, struct coordinator_store_case **out,
                                     size_t *count, struct error *error);

/* Hearings that wait for a docket, oldest first, at most LIMIT. */
MUST_USE bool coordinator_store_waiting(struct coordinator_store *store, size_t limit,
                                        struct arena *arena, struct coordinator_store_case **out,
                                        size_t *count, struct error *error);

/* One more than the highest serial used. */
MUST_USE bool coordinator_store_next_serial(struct coordinator_store *store, uint64_t *out,
                                            struct error *error);

struct coordinator_store_hearing {
    struct digest case_id;
    uint32_t attempt;
};

/* Stores a docket of this coordinator's with its hearings in order. ERROR_CONFLICT when the serial
 * is used or a hearing is in a docket. */
MUST_USE bool coordinator_store_open_docket(struct coordinator_store *store,
                                            const struct digest *id,
                                            const struct message_signed *docket, uint64_t serial,
                                            const struct coordinator_store_hearing *hearings,
                                            size_t count, struct error *error);

struct coordinator_store_docket {
    struct digest id;
    uint64_t serial;
    struct message_signed docket; /* The payload is left out when record.is_decided. */
    struct chair_record record;
    bool is_settled; /* Certified and stored by every seat: nothing is left to do. */
};

/* Dockets that are not settled, oldest first. */
MUST_USE bool coordinator_store_dockets(struct coordinator_store *store, struct arena *arena,
                                        struct coordinator_store_docket **out, size_t *count,
                                        struct error *error);

/* Stores the signed proposal: vote, book digest and PROPOSE frame. ERROR_CONFLICT when another is
 * stored for that view. */
MUST_USE bool coordinator_store_save_proposal(struct coordinator_store *store,
                                              const struct digest *docket,
                                              const struct seat_vote *vote,
                                              const struct digest *book, struct bytes frame,
                                              struct error *error);
/* Appends the PROPOSE frame. ERROR_NOT_FOUND. */
MUST_USE bool coordinator_store_proposal(struct coordinator_store *store,
                                         const struct digest *docket, struct buffer *frame,
                                         struct error *error);

/* What a certificate says of one hearing, in the docket's order. */
struct coordinator_store_result {
    struct bytes report; /* report.json */
    struct digest report_digest;
    int outcome;
    const char *decision;
};

/* Stores certificate and reports; the hearings become DECIDED. ERROR_CONFLICT when another value is
 * certified; ERROR_INVALID when there is not one result for each hearing. */
MUST_USE bool
coordinator_store_save_certificate(struct coordinator_store *store, const struct digest *docket,
                                   const struct digest *value, struct bytes certificate,
                                   const struct coordinator_store_result *results, size_t count,
                                   uint64_t decided_at, struct error *error);
/* Appends certificate or report. ERROR_NOT_FOUND. */
MUST_USE bool coordinator_store_certificate(struct coordinator_store *store,
                                            const struct digest *docket, struct buffer *out,
                                            struct error *error);
MUST_USE bool coordinator_store_report(struct coordinator_store *store, const struct digest *docket,
                                       uint32_t index, struct buffer *out, struct error *error);

/* SHA-256 of the submitter's latest certificate; zero when there is none. */
MUST_USE bool coordinator_store_latest(struct coordinator_store *store,
                                       const uint8_t submitter[MESSAGE_KEY_SIZE],
                                       struct digest *out, struct error *error);

/* SEAT has stored the certificate; SEAT_COUNT of them settle the docket. */
MUST_USE bool coordinator_store_done(struct coordinator_store *store, const struct digest *docket,
                                     uint8_t seat, uint8_t seat_count, struct error *error);

/* Sealed working papers of a hearing, one blob per seat. */
MUST_USE bool coordinator_store_save_papers(struct coordinator_store *store,
                                            const struct digest *docket, uint32_t index,
                                            uint8_t seat, struct bytes papers, struct error *error);
struct coordinator_store_papers {
    uint8_t seat;
    struct bytes papers;
};
MUST_USE bool coordinator_store_papers(struct coordinator_store *store, const struct digest *docket,
                                       uint32_t index, struct arena *arena,
                                       struct coordinator_store_papers **out, size_t *count,
                                       struct error *error);

/* Keeps it; the same again does nothing. */
MUST_USE bool coordinator_store_save_misconduct(struct coordinator_store *store,
                                                const struct seat_store_misconduct *misconduct,
                                                struct error *error);

/* Numbers for status and metrics. */
struct coordinator_store_counts {
    uint64_t waiting;
    uint64_t heard;
    uint64_t decided;
    uint64_t dockets;
    uint64_t open_dockets; /* Not certified. */
    uint64_t misconduct;
};
MUST_USE bool coordinator_store_counts(struct coordinator_store *store,
                                       struct coordinator_store_counts *out, struct error *error);

/* Checks the chain of the audit log. ERROR_CORRUPT names the first line that does not fit. */
MUST_USE bool coordinator_store_audit(struct coordinator_store *store, struct error *error);

#endif
