#ifndef STORE_COORDINATOR_STORE_H
#define STORE_COORDINATOR_STORE_H

/* What a coordinator must not forget: cases, dockets, proposals, certificates, reports.
 *
 *   submission   a header that was posted here; it waits until its hearing is in some docket
 *   docket       of any home: this coordinator's own, and those of others that it came to know
 *   hearing      one attempt of a case in one docket; the same may be in several dockets
 *   certificate  decides a docket; its hearings are decided once the reports are stored, too
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
#include "report/proof.h"

struct coordinator_store;

/* As seat_store_create() and seat_store_open(), for coordinator INDEX. */
MUST_USE bool coordinator_store_create(const char *path, const struct digest *roster, uint8_t index,
                                       struct error *error);
MUST_USE bool coordinator_store_open(const char *path, const struct digest *roster, uint8_t index,
                                     struct coordinator_store **out, struct error *error);
void coordinator_store_close(struct coordinator_store *store);

/* Numbers for status and metrics. */
struct coordinator_store_counts {
    uint64_t waiting; /* Submissions. */
    uint64_t heard;   /* Hearings in dockets that are not decided, */
    uint64_t decided; /* and in those that are. */
    uint64_t dockets;
    uint64_t foreign_dockets; /* Of those: opened by others. */
    uint64_t open_dockets;    /* Not certified. */
    uint64_t misconduct;
    uint64_t conflicts;
};
MUST_USE bool coordinator_store_counts(struct coordinator_store *store,
                                       struct coordinator_store_counts *out, struct error *error);

/* Checks the chain of the audit log. ERROR_CORRUPT names the first line that does not fit. */
MUST_USE bool coordinator_store_audit(struct coordinator_store *store, struct error *error);

/* ---- misconduct ---- */

/* Keeps a judged proof: the first of its kind, docket and culprit. *IS_NEW tells whether this one
 * was. */
MUST_USE bool coordinator_store_proof_save(struct coordinator_store *store,
                                           const struct proof *proof, bool *is_new,
                                           struct error *error);

/* The proof of that number, in ARENA. ERROR_NOT_FOUND. */
MUST_USE bool coordinator_store_proof_load(struct coordinator_store *store, uint64_t number,
                                           struct arena *arena, struct proof *out,
                                           struct error *error);

/* What a proof is about. */
struct coordinator_store_proof {
    uint64_t number; /* From 1. */
    enum misconduct kind;
    struct digest docket;
    bool is_seat; /* The culprit is a seat, else a coordinator. */
    uint8_t signer;
    uint64_t count; /* Proofs of this kind and culprit; counted by _tally() alone. */
};

/* The newest proofs, at most LIMIT. */
MUST_USE bool coordinator_store_proof_list(struct coordinator_store *store, size_t limit,
                                           struct arena *arena,
                                           struct coordinator_store_proof **out, size_t *count,
                                           struct error *error);

/* One row per kind and culprit. */
MUST_USE bool coordinator_store_proof_tally(struct coordinator_store *store, struct arena *arena,
                                            struct coordinator_store_proof **out, size_t *count,
                                            struct error *error);

/* ---- cases ---- */

enum coordinator_store_state {
    COORDINATOR_STORE_WAITING = 1, /* Accepted, in no docket yet. */
    COORDINATOR_STORE_HEARD,       /* In a docket. */
    COORDINATOR_STORE_DECIDED,     /* Certified. */
};

/* A hearing: one attempt of a case, waiting or in one docket. */
struct coordinator_store_case {
    struct digest id;
    uint32_t attempt;
    uint8_t submitter[MESSAGE_KEY_SIZE]; /* Signing key. */
    /* Of the submission; zero and empty when it was submitted elsewhere. */
    struct message_signed header; /* Given back by coordinator_store_case_waiting() alone. */
    struct digest manifest;
    struct digest bundle;
    uint64_t received_at; /* Unix milliseconds. */
    /* Set by the store: */
    enum coordinator_store_state state;
    struct digest docket;    /* From HEARD on. */
    uint8_t home;            /* From HEARD on: who opened the docket. */
    uint32_t index;          /* In the docket. */
    int outcome;             /* From DECIDED on: enum findings_outcome. */
    const char *decision;    /* From DECIDED on: the report's word. */
    bool is_worth_repeating; /* From DECIDED on, as the report has it. */
    struct digest report;    /* From DECIDED on. */
    uint64_t decided_at;     /* Unix milliseconds. */
};

/* Accepts a submission; *IS_KNOWN when the hearing is submitted or in a docket already, then
 * nothing changes. */
MUST_USE bool coordinator_store_case_add(struct coordinator_store *store,
                                         const struct coordinator_store_case *new_case,
                                         bool *is_known, struct error *error);

/* All hearings of a case, by attempt; those of one attempt by what they came to: unheard, under
 * way, contested, conclusive. ERROR_NOT_FOUND when there is none. */
MUST_USE bool coordinator_store_case_find(struct coordinator_store *store,
                                          const struct digest *case_id, struct arena *arena,
                                          struct coordinator_store_case **out, size_t *count,
                                          struct error *error);

/* Submissions that wait for a docket, oldest first, at most LIMIT. */
MUST_USE bool coordinator_store_case_waiting(struct coordinator_store *store, size_t limit,
                                             struct arena *arena,
                                             struct coordinator_store_case **out, size_t *count,
                                             struct error *error);

/* D of each of the submitter's certificates, latest first by the time of its docket, which is the
 * same for all coordinators; at most COORDINATOR_STORE_LATEST_MAX. */
#define COORDINATOR_STORE_LATEST_MAX 64
MUST_USE bool coordinator_store_case_latest(struct coordinator_store *store,
                                            const uint8_t submitter[MESSAGE_KEY_SIZE],
                                            struct arena *arena, struct digest **out, size_t *count,
                                            struct error *error);

/* Whether the submitter has a hearing in DOCKET. */
MUST_USE bool coordinator_store_case_is_by(struct coordinator_store *store,
                                           const struct digest *docket,
                                           const uint8_t submitter[MESSAGE_KEY_SIZE], bool *is_by,
                                           struct error *error);

/* ---- dockets ---- */

struct coordinator_store_docket {
    struct digest id;
    uint8_t home;
    bool is_own;                  /* Home is this coordinator. */
    uint64_t serial;              /* From 1. */
    uint64_t as_of;               /* Unix seconds. */
    struct message_signed docket; /* Loaded: in the arena. */
    /* Set by the store: */
    struct chair_record record;
    bool has_results; /* Certified, and the reports are there. */
};

struct coordinator_store_hearing {
    struct digest case_id;
    uint32_t attempt;
    uint8_t submitter[MESSAGE_KEY_SIZE];
};

/* One more than the highest serial of this coordinator's own dockets. */
MUST_USE bool coordinator_store_docket_next_serial(struct coordinator_store *store, uint64_t *out,
                                                   struct error *error);

/* Stores a docket with its hearings in order; submissions of them wait no more. ERROR_CONFLICT when
 * it is there already or, for one of this coordinator's own, when the serial is used or a hearing
 * does not wait. */
MUST_USE bool coordinator_store_docket_open(struct coordinator_store *store,
                                            const struct coordinator_store_docket *docket,
                                            const struct coordinator_store_hearing *hearings,
                                            size_t count, struct error *error);

MUST_USE bool coordinator_store_docket_is_known(struct coordinator_store *store,
                                                const struct digest *id, bool *is_known,
                                                struct error *error);

/* ERROR_NOT_FOUND when it is not there. */
MUST_USE bool coordinator_store_docket_load(struct coordinator_store *store,
                                            const struct digest *id, struct arena *arena,
                                            struct coordinator_store_docket *out,
                                            struct error *error);

/* Ids of dockets without certificate or without reports, oldest first. */
MUST_USE bool coordinator_store_docket_unfinished(struct coordinator_store *store,
                                                  struct arena *arena, struct digest **out,
                                                  size_t *count, struct error *error);

/* Ids of other dockets that hold a hearing of docket ID. */
MUST_USE bool coordinator_store_docket_sharing(struct coordinator_store *store,
                                               const struct digest *id, struct arena *arena,
                                               struct digest **out, size_t *count,
                                               struct error *error);

/* Id of another docket with home and serial of DOCKET; *IS_FOUND tells whether there is one. */
MUST_USE bool coordinator_store_docket_twin(struct coordinator_store *store,
                                            const struct coordinator_store_docket *docket,
                                            struct digest *out, bool *is_found,
                                            struct error *error);

/* Stores the signed proposal: vote, book digest and PROPOSE frame. ERROR_CONFLICT when another is
 * stored for that view. */
MUST_USE bool coordinator_store_docket_propose(struct coordinator_store *store,
                                               const struct digest *docket,
                                               const struct seat_vote *vote,
                                               const struct digest *book, struct bytes frame,
                                               struct error *error);
/* Appends the PROPOSE frame of the highest view. ERROR_NOT_FOUND. */
MUST_USE bool coordinator_store_docket_proposal(struct coordinator_store *store,
                                                const struct digest *docket, struct buffer *frame,
                                                struct error *error);
/* Appends a PROPOSE frame for VALUE. ERROR_NOT_FOUND. */
MUST_USE bool coordinator_store_docket_value(struct coordinator_store *store,
                                             const struct digest *value, struct buffer *frame,
                                             struct error *error);

/* ---- results ---- */

/* What a certificate says of one hearing, in the docket's order. */
struct coordinator_store_result {
    struct bytes report; /* report.json */
    struct digest report_digest;
    int outcome;
    const char *decision;
    bool is_worth_repeating;
};

/* A verdict that was heard; kept as the first half of a proof. */
struct coordinator_store_verdict {
    uint8_t seat;
    struct message_signed verdict;
};

/* The reports behind a certificate. */
struct coordinator_store_results {
    size_t count; /* One for each hearing. */
    const struct coordinator_store_result *results;
    size_t verdict_count;
    const struct coordinator_store_verdict *verdicts;
};

/* Stores the certificate and, unless RESULTS is NULL, the reports; with them the hearings become
 * DECIDED. ERROR_CONFLICT when another value is certified; ERROR_INVALID when there is not one
 * result for each hearing. */
struct coordinator_store_certificate {
    struct digest docket;
    struct digest value;
    struct bytes certificate;
    uint64_t decided_at; /* Unix milliseconds. */
};
MUST_USE bool coordinator_store_result_certify(
    struct coordinator_store *store, const struct coordinator_store_certificate *certificate,
    const struct coordinator_store_results *results, struct error *error);

/* Stores the reports behind the certificate of DOCKET, which is stored. Errors likewise;
 * ERROR_NOT_FOUND when it is not. */
MUST_USE bool coordinator_store_result_save(struct coordinator_store *store,
                                            const struct digest *docket,
                                            const struct coordinator_store_results *results,
                                            struct error *error);

/* The value that is certified. ERROR_NOT_FOUND. */
MUST_USE bool coordinator_store_result_value(struct coordinator_store *store,
                                             const struct digest *docket, struct digest *out,
                                             struct error *error);

/* Appends certificate or report. ERROR_NOT_FOUND. */
MUST_USE bool coordinator_store_result_certificate(struct coordinator_store *store,
                                                   const struct digest *docket, struct buffer *out,
                                                   struct error *error);
MUST_USE bool coordinator_store_result_report(struct coordinator_store *store,
                                              const struct digest *docket, uint32_t index,
                                              struct buffer *out, struct error *error);

/* The verdict of SEAT on a decided docket, in ARENA. ERROR_NOT_FOUND. */
MUST_USE bool coordinator_store_result_verdict(struct coordinator_store *store,
                                               const struct digest *docket, uint8_t seat,
                                               struct arena *arena, struct message_signed *out,
                                               struct error *error);

/* SEAT has stored the certificate; SEAT_COUNT of them settle the docket. */
MUST_USE bool coordinator_store_result_done(struct coordinator_store *store,
                                            const struct digest *docket, uint8_t seat,
                                            uint8_t seat_count, struct error *error);

/* Ids of decided dockets whose certificate SEAT is not known to have, oldest first, at most
 * LIMIT. */
MUST_USE bool coordinator_store_result_undelivered(struct coordinator_store *store, uint8_t seat,
                                                   size_t limit, struct arena *arena,
                                                   struct digest **out, size_t *count,
                                                   struct error *error);

/* Keeps a certificate for another value than the one that is stored: proof that more than f seats
 * are faulty. The same again does nothing. */
MUST_USE bool coordinator_store_result_conflict(struct coordinator_store *store,
                                                const struct coordinator_store_certificate *second,
                                                struct error *error);

/* Sealed working papers of a hearing, one blob per seat. */
MUST_USE bool coordinator_store_result_save_papers(struct coordinator_store *store,
                                                   const struct digest *docket, uint32_t index,
                                                   uint8_t seat, struct bytes papers,
                                                   struct error *error);
struct coordinator_store_papers {
    uint8_t seat;
    struct bytes papers;
};
MUST_USE bool coordinator_store_result_papers(struct coordinator_store *store,
                                              const struct digest *docket, uint32_t index,
                                              struct arena *arena,
                                              struct coordinator_store_papers **out, size_t *count,
                                              struct error *error);

#endif
