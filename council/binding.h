#ifndef COUNCIL_BINDING_H
#define COUNCIL_BINDING_H

/* May this seat assess this hearing? Rule S1 (docs/PROTOCOL.md 4), from what the seat has stored.
 *
 * A seat assesses a hearing in one docket only, and attempt k only when it has assessed no attempt
 * >= k in another docket, knows no conclusive certificate of the case nor one of an attempt >= k,
 * and holds the certificate of every docket in which it assessed the case before. */

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum binding_outcome {
    BINDING_OPEN = 0,   /* No certificate is known. */
    BINDING_UNHEARD,    /* Certified: fewer than q seats assessed it. */
    BINDING_CONTESTED,  /* Certified: some finding is contested. */
    BINDING_CONCLUSIVE, /* Certified: every finding stands. */
};

/* One docket that held a hearing of the case, as far as this seat knows. */
struct binding_record {
    struct digest docket;
    uint32_t attempt;
    uint8_t is_assessed; /* 1 when this seat's verdict there assesses the case. */
    enum binding_outcome outcome;
};

enum binding_verdict {
    BINDING_ASSESS = 1,
    BINDING_WAIT,      /* Until the certificate of the named docket is there, or the deadline. */
    BINDING_ELSEWHERE, /* Abstain: bound to the named docket. */
    BINDING_CONCLUDED, /* Abstain: the certificate of the named docket stands. */
};

/* Judges attempt ATTEMPT in docket DOCKET against COUNT RECORDS of the same case; names the docket
 * that stands in the way in BLOCKER (zero with BINDING_ASSESS). Cannot fail. */
enum binding_verdict binding_judge(const struct binding_record *records, size_t count,
                                   const struct digest *docket, uint32_t attempt,
                                   struct digest *blocker);

#endif
