#ifndef PROTO_VERIFY_H
#define PROTO_VERIFY_H

/* What "verified" means, for seats, chairs, clients and judges alike (docs/PROTOCOL.md 2 to 4).
 *
 * Pure functions of the roster and the bytes: no clock, no store. A docket is verified first;
 * everything else is verified under its scope, so that nothing of another roster or docket passes.
 * Where the payload itself names its signer, it is decoded first, and used only when the signature
 * holds over the same bytes.
 *
 * Not checked here, because it takes the catalogue or the reports: the certificate of an earlier
 * attempt (report/), the value D of a proposal, the content of a statement.
 *
 * Errors of all functions that return bool: ERROR_INVALID (malformed, or parts that do not belong
 * together), ERROR_DENIED (a signature, or too few of them), ERROR_LIMIT (a limit, or ARENA is
 * full); the message is one sentence for the log. Decoded bytes point into ARENA, of which no
 * function takes more than twice the size of what it is given and CODEC_MEMORY_MAX. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "proto/message.h"
#include "proto/roster.h"

/* What a message must belong to. */
struct verify_scope {
    const struct roster *roster;
    struct digest docket; /* Its id. */
};

struct verify_docket {
    struct verify_scope scope;
    struct message_docket docket;
    struct digest *cases; /* Case ids, docket.case_count of them, in the order of the docket. */
    /* Some header has attempt > 1: the docket is valid only if report/ accepts every `earlier`. */
    bool has_earlier;
    /* Of the docket's catalogue: 0 from verify_docket(); the caller, who has the catalogue, sets it
     * before anything with a verdict in it is verified. */
    size_t criterion_count;
};

/* Verdicts with their sheets: of a VERDICT one, of a proposal the book. */
struct verify_book {
    struct digest digest; /* verify_book_digest() of messages. */
    size_t verdict_count;
    struct message_verdict *verdicts; /* In seat order. */
    struct digest *messages;          /* H(message) of each verdict. */
    size_t case_count;
    const struct message_sheet **sheets; /* verdict_count x case_count; use verify_book_sheet(). */
};

struct verify_qc {
    struct message_qc qc;
    struct message_prepare prepare; /* What was signed. */
};

struct verify_tc {
    struct digest digest; /* SHA-256 of the bytes, as PROPOSE and PREPARE name it. */
    struct message_tc tc;
    struct message_new_view *reports; /* tc.report_count, decoded. */
    uint32_t qc_view;                 /* Highest QC: 0 = none, then any D may be proposed. */
    struct verify_qc qc;              /* Set when qc_view > 0. */
};

struct verify_new_view {
    struct message_new_view report;
    struct verify_qc qc; /* Set when report.qc_view > 0. */
    uint32_t tc_view;    /* 0 = no TC came with it. */
    struct verify_tc tc; /* Set when tc_view > 0. */
};

struct verify_proposal {
    struct message_propose propose;
    struct verify_tc tc; /* Set when propose.view > 1. */
    struct verify_book book;
};

/* Coordinator that is the chair of VIEW (from 1): (home + view - 1) mod m. */
uint8_t verify_chair(const struct roster *roster, uint8_t home, uint32_t view);

/* A case header: signed by the submitter it names, for this roster, a catalogue that is heard and a
 * coordinator that exists; `earlier` there exactly when attempt > 1. CASE_ID is H(R, manifest
 * digest, catalogue digest, submitter's keyid). */
MUST_USE bool verify_header(const struct roster *roster, const struct message_signed *header,
                            struct arena *arena, struct message_header *out, struct digest *case_id,
                            struct error *error);

/* A docket: signed by its home, for this roster, 1 to MESSAGE_CASES_MAX cases, none twice, each
 * with a valid header that names this home and catalogue. */
MUST_USE bool verify_docket(const struct roster *roster, const struct message_signed *docket,
                            struct arena *arena, struct verify_docket *out, struct error *error);

/* A VERDICT: one verdict, signed by its seat, an entry for every case, and exactly the sheets it
 * names, each with the catalogue's number of criteria. */
MUST_USE bool verify_verdict(const struct verify_docket *docket, const struct message_book *book,
                             struct arena *arena, struct verify_book *out, struct error *error);

/* A book: at least q such verdicts with strictly rising seats, every sheet used and none twice. */
MUST_USE bool verify_book(const struct verify_docket *docket, const struct message_book *book,
                          struct arena *arena, struct verify_book *out, struct error *error);

/* A PROPOSE payload: signed by the chair of its view; names a TC exactly when view > 1. */
MUST_USE bool verify_propose(const struct verify_docket *docket,
                             const struct message_signed *propose, struct message_propose *out,
                             struct error *error);

/* A whole PROPOSE frame: that payload; the book, with the digest the payload names; and in a view
 * > 1 the TC for that view, with the digest the payload names and, if it has a QC, that QC's D. */
MUST_USE bool verify_proposal(const struct verify_docket *docket, const struct message *message,
                              struct arena *arena, struct verify_proposal *out,
                              struct error *error);

/* A PREPARE: the payload is of this scope and VOTE is its seat's signature on it. */
MUST_USE bool verify_prepare(const struct verify_scope *scope, struct bytes payload,
                             const struct message_vote *vote, struct message_prepare *out,
                             struct error *error);

/* An encoded QC: valid PREPARE signatures of at least q seats, none twice. */
MUST_USE bool verify_qc(const struct verify_scope *scope, struct bytes qc, struct arena *arena,
                        struct verify_qc *out, struct error *error);

/* One COMMIT signature on a STATEMENT, whose content is report/'s business. */
MUST_USE bool verify_commit(const struct roster *roster, struct bytes statement,
                            const struct message_vote *vote, struct error *error);

/* The signed half of a NEW-VIEW: by SEAT, for a view above 1 and above that of its QC. */
MUST_USE bool verify_report(const struct verify_scope *scope, const struct message_signed *report,
                            uint8_t seat, struct message_new_view *out, struct error *error);

/* A whole NEW-VIEW frame: the report; the QC it names, in full; and a valid TC, if one is there. */
MUST_USE bool verify_new_view(const struct verify_scope *scope, const struct message *message,
                              struct arena *arena, struct verify_new_view *out,
                              struct error *error);

/* An encoded TC: reports for its view of at least q seats, none twice, each of a lower QC view; the
 * QC of the highest report in full; and no report that names another D at that view. */
MUST_USE bool verify_tc(const struct verify_scope *scope, struct bytes tc, struct arena *arena,
                        struct verify_tc *out, struct error *error);

/* SHA-256 over the digests of COUNT signed verdicts in seat order, each with its length. */
void verify_book_digest(const struct digest *messages, size_t count, struct digest *out);

/* D = H(docket id, book digest, report digests in case order), each with its length. */
void verify_value(const struct digest *docket, const struct digest *book,
                  const struct digest *reports, size_t report_count, struct digest *out);

/* Answers of verdict VERDICT to case INDEX; NULL when that seat abstained. */
static inline const struct message_sheet *verify_book_sheet(const struct verify_book *book,
                                                            size_t verdict, size_t index)
{
    return book->sheets[verdict * book->case_count + index];
}

#endif
