#ifndef COUNCIL_FLAW_H
#define COUNCIL_FLAW_H

/* Known-bad variants of the protocol, for the gate of the simulator (docs/SIMULATOR.md).
 *
 * They exist only in objects compiled with COUNCIL_FLAWS, which no installed program is: everywhere
 * else council_flawed() is false at compile time and the member is not there. */

#include <stdbool.h>
#include <stdint.h>

/* Bits of `flaws`. What each does otherwise: */
enum council_flaw {
    FLAW_TWO_F_PLUS_ONE = 1 << 0,        /* q = 2f + 1. */
    FLAW_MAJORITY = 1 << 1,              /* q = floor(n / 2) + 1. */
    FLAW_VIEW_FREE_COMMIT = 1 << 2,      /* COMMITs of different views count together. */
    FLAW_COMMIT_AFTER_NEW_VIEW = 1 << 3, /* S4: a view that was given up still takes votes. */
    FLAW_NEW_VIEW_WITHOUT_QC = 1 << 4,   /* NEW-VIEW does not sign the highest QC's view and D. */
    FLAW_QC_NOT_DURABLE = 1 << 5,        /* S3: the lock is not stored. */
    FLAW_PREPARE_NOT_DURABLE = 1 << 6,   /* S2: the PREPARE is not stored. */
    FLAW_OWN_LOCK = 1 << 7,              /* S2: the seat's own lock is consulted. */
    FLAW_QC_NOT_ATTACHED = 1 << 8,       /* NEW-VIEW names its QC and does not bring it. */
    FLAW_TC_NOT_STORED = 1 << 9,         /* S5: a TC is neither stored nor passed on. */
    FLAW_NO_QUESTION = 1 << 10,          /* C5: nobody asks for a hidden certificate. */
    FLAW_BOUND_AT_ASSIGN = 1 << 11,      /* S1: ASSIGN binds the case, not the verdict. */
    FLAW_DOCKET_NOT_FETCHED = 1 << 12,   /* C5: what is about an unknown docket is let go. */
    FLAW_CERTIFICATE_KEPT = 1 << 13,     /* S6, C5: seats keep a certificate until they are asked,
                                            and nobody asks who says "concluded". */
    FLAW_SAME_COORDINATOR = 1 << 14,     /* The client: every attempt begins at the same one. */
};

#ifdef COUNCIL_FLAWS
#define COUNCIL_FLAWS_MEMBER         uint32_t flaws;
#define council_flawed(config, flaw) (((config)->flaws & (uint32_t)(flaw)) != 0)
#else
#define COUNCIL_FLAWS_MEMBER
#define council_flawed(config, flaw) ((void)(config), false)
#endif

#endif
