#ifndef REPORT_CERTIFICATE_H
#define REPORT_CERTIFICATE_H

/* The certificate: a DSSE envelope (v1.0.2) around a statement, signed by at least q seats.
 *
 *     {"payload": base64, "payloadType": "application/vnd.in-toto+json",
 *      "signatures": [{"keyid": hex, "sig": base64}]}
 *
 * Valid is what q distinct seats of the roster signed: seats are counted, not signatures or keyids;
 * a signature that does not verify, or is by nobody of the roster, counts for nothing. Which view
 * it is of, and whether it is the docket's first certificate, is not judged: compare the value. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "council/quorum.h"
#include "proto/message.h"
#include "proto/roster.h"
#include "proto/verify.h"
#include "report/report.h"
#include "report/statement.h"

#define CERTIFICATE_SIGNATURES_MAX (2 * MESSAGE_SEATS_MAX)

struct certificate {
    struct bytes payload; /* The statement as signed; in the arena. */
    struct statement statement;
    struct seat_set signers;    /* Seats with a valid signature. */
    size_t vote_count;          /* Of those: at least q. */
    struct message_vote *votes; /* In seat order; in the arena. */
};

/* Appends the envelope of STATEMENT with the COMMIT signatures VOTES, which are in seat order. One
 * vote makes the single-signature envelope that Sigstore bundles want. */
void certificate_write(const struct roster *roster, struct bytes statement,
                       const struct message_vote *votes, size_t vote_count, struct buffer *out);

/* Checks the certificate ENVELOPE, named FILE in errors, against ROSTER: payload type, valid
 * signatures of q distinct seats, statement, roster digest, n, f and q. Memory comes from ARENA.
 *
 * Errors: ERROR_DENIED when signatures are missing ("21 distinct seats signed, 22 are needed");
 * ERROR_INVALID with what else is wrong; ERROR_LIMIT when it is larger than
 * MESSAGE_CERTIFICATE_MAX. */
MUST_USE bool certificate_check(struct bytes envelope, const char *file,
                                const struct roster *roster, struct arena *arena,
                                struct certificate **out, struct error *error);

/* Reads the statement of ENVELOPE and checks no signature: for those who hold a certificate already
 * and wonder whether this is the same result.
 *
 * Errors: ERROR_INVALID; ERROR_LIMIT. */
MUST_USE bool certificate_claim(struct bytes envelope, const char *file, struct arena *arena,
                                struct statement *out, struct error *error);

/* Checks that report.json, named FILE in errors, is the report of one of the certificate's cases,
 * and that it agrees with statement and roster and follows from its own votes. INDEX is that of the
 * case.
 *
 * Errors: ERROR_DENIED when its digest is not certified; those of report_parse(). */
MUST_USE bool certificate_check_report(const struct certificate *certificate,
                                       const struct roster *roster, struct bytes report,
                                       const char *file, struct arena *arena, struct report **out,
                                       size_t *index, struct error *error);

/* Checks that MANIFEST, a bundle's manifest digest, is what case INDEX is about; SIZE_MAX means any
 * case.
 *
 * Errors: ERROR_DENIED. */
MUST_USE bool certificate_check_bundle(const struct certificate *certificate,
                                       const struct digest *manifest, size_t index,
                                       struct error *error);

/* Case of the certificate by id and, unless it is 0, attempt; -1 when it is not there. */
int certificate_find(const struct certificate *certificate, const struct digest *case_id,
                     uint32_t attempt);

/* The part of a docket's validity that verify_docket() leaves open: for every hearing with an
 * attempt > 1 its header holds a valid certificate of the attempt before, and that one was not
 * conclusive.
 *
 * Errors: ERROR_DENIED or ERROR_INVALID, naming the case. */
MUST_USE bool certificate_check_earlier(const struct verify_docket *docket, struct error *error);

/* Appends keyring.json for verifiers of other makes:
 * {"keys": {keyid: {"keytype", "keyval": {"public"}, "scheme"}}, "threshold": q}, with the seats'
 * signing keys in hex. */
void certificate_write_keyring(const struct roster *roster, struct buffer *out);

#endif
