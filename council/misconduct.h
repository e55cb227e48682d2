#ifndef COUNCIL_MISCONDUCT_H
#define COUNCIL_MISCONDUCT_H

/* What no honest party signs (docs/PROTOCOL.md 7): a pure judgement on two signed statements.
 *
 * The one place where E1 to E8 are decided: by chairs and seats as messages come, by the simulator,
 * and by `aims verify-misconduct` from a file. Whoever calls has verified both signatures and
 * decoded what was signed. Not misconduct: votes for different D in different views; another
 * signature on the same bytes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum misconduct {
    MISCONDUCT_NONE = 0,
    MISCONDUCT_TWO_PREPARES = 1,  /* E1: same docket and view, different D or TC hash. */
    MISCONDUCT_TWO_COMMITS = 2,   /* E2: same docket and view, different D. */
    MISCONDUCT_TWO_VERDICTS = 3,  /* E3: same docket, different content. */
    MISCONDUCT_TWO_PROPOSALS = 4, /* E4: same docket and view, or two dockets under one serial. */
    MISCONDUCT_AMNESIA = 5,       /* E5: COMMIT in v, NEW-VIEW above v with a highest QC below v. */
    MISCONDUCT_UNJUSTIFIED = 6,   /* E6: PREPARE on a TC that is not valid or binds another D. */
    MISCONDUCT_TWO_HEARINGS = 7,  /* E7: one hearing assessed in two dockets. */
    MISCONDUCT_TWO_NEW_VIEWS = 8, /* E8: same docket and view, different content. */
    MISCONDUCT_COUNT
};

enum act_kind {
    ACT_VERDICT = 1,
    ACT_PREPARE,
    ACT_COMMIT,
    ACT_NEW_VIEW,
    ACT_PROPOSE,
    ACT_DOCKET,
    ACT_TC, /* Signed by many; the other half of E6, whose PREPARE signs its hash. */
};

struct act_hearing {
    struct digest case_id;
    uint32_t attempt;
};

/* One signed statement, decoded. Members that its kind has not are zero. */
struct act {
    enum act_kind kind;
    bool is_seat;          /* The signer is a seat, else a coordinator. */
    uint8_t signer;        /* Not used for ACT_TC. */
    struct digest docket;  /* Its id, also of ACT_DOCKET. */
    struct digest payload; /* SHA-256 of the signed bytes; ACT_TC: of the whole TC. */
    uint32_t view;         /* PREPARE, COMMIT, NEW_VIEW, PROPOSE, TC. */
    struct digest value;   /* PREPARE, COMMIT, PROPOSE: D. */
    struct digest tc;      /* PREPARE: hash of the TC. */
    uint32_t qc_view;      /* NEW_VIEW, TC: of the highest QC; 0 = none. */
    struct digest qc_value;
    bool is_valid;                   /* TC: it is a valid one for its view and docket. */
    uint64_t serial;                 /* DOCKET. */
    const struct act_hearing *cases; /* VERDICT: what it assesses, case_count of them. */
    size_t case_count;
};

/* Which misconduct A and B, in either order, prove of the signer of the first (of the PREPARE, with
 * a TC); MISCONDUCT_NONE when they prove nothing. Cannot fail. */
enum misconduct misconduct_judge(const struct act *a, const struct act *b);

/* "E1" .. "E8", and what it means in a few words. */
const char *misconduct_name(enum misconduct kind);
const char *misconduct_text(enum misconduct kind);

/* The kind of that name, or MISCONDUCT_NONE. */
enum misconduct misconduct_of_name(const char *name);

#endif
