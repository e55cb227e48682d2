#ifndef REPORT_PROOF_H
#define REPORT_PROOF_H

/* A proof of misconduct: two signed messages that no honest party signs both of (docs/PROTOCOL.md
 * 7), in a file that convinces anybody who has the roster.
 *
 *     {"dockets": [ENVELOPE, ENVELOPE], "first": ENVELOPE, "kind": "E7", "roster": hex,
 *      "second": ENVELOPE, "type": "aims-council-misconduct/1"}
 *
 * An ENVELOPE is a DSSE envelope as in report/certificate.h. "dockets" is there for E7 alone, where
 * it gives the entries of the verdicts their cases. The second of E6 is a TC: signed by many inside
 * itself, its envelope has no signature.
 *
 * It proves that the holder of a key signed both, not why. Which kind it is, council/misconduct.h
 * alone decides. What an honest seat or coordinator signed is never accepted as a proof, whatever
 * is put beside it (P6). */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "council/misconduct.h"
#include "proto/message.h"
#include "proto/roster.h"

#define PROOF_TYPE_TC    "application/vnd.aims-council.tc.v1"
#define PROOF_SIZE_MAX   (96 * 1024 * 1024)  /* Bytes of a file: two of the largest dockets. */
#define PROOF_MEMORY_MAX (512 * 1024 * 1024) /* Bytes of arena that checking one may take. */

struct proof {
    enum misconduct kind;
    bool is_seat;           /* The culprit is a seat, else a coordinator. */
    uint8_t signer;         /* Which. */
    struct digest docket;   /* That of the first message. */
    const char *first_type; /* MESSAGE_TYPE_*; of E6's second PROOF_TYPE_TC. */
    const char *second_type;
    struct message_signed first, second;
    struct message_signed dockets[2]; /* E7: those of first and second; else empty payloads. */
};

/* Appends the file. PROOF has been judged. */
void proof_write(const struct roster *roster, const struct proof *proof, struct buffer *out);

/* Judges two messages that came in: is_seat, signer, types, messages and, for E7, dockets are set.
 * Fills kind and docket and puts the two into the order of the table in docs/PROTOCOL.md 7, so that
 * the same two always make the same kind of file. What it decodes lives in ARENA.
 *
 * Errors: ERROR_DENIED when it proves nothing of that signer (a signature, another roster, two
 * messages that may stand together); ERROR_INVALID when a message is malformed; ERROR_LIMIT. PROOF
 * is then untouched. */
MUST_USE bool proof_judge(const struct roster *roster, struct proof *proof, struct arena *arena,
                          struct error *error);

/* Reads the file JSON, named NAME in errors, and judges it. OUT points into ARENA.
 *
 * Errors: those of proof_judge(); ERROR_DENIED also when it proves another kind than it says;
 * ERROR_INVALID with the place of what is malformed. */
MUST_USE bool proof_check(struct bytes json, const char *name, const struct roster *roster,
                          struct arena *arena, struct proof *out, struct error *error);

#endif
