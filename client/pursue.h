#ifndef CLIENT_PURSUE_H
#define CLIENT_PURSUE_H

/* A case pursued to its conclusion: council/petition.h decides which coordinator is named for which
 * attempt, this carries it out and says in a line each what is done and why.
 *
 * Believed is what verifies, a certificate with its report, and nothing else: a coordinator that
 * answers with anything else has given no answer. Progress that it tells of only buys it time, and
 * no more than FOLLOW_RANKS times.
 *
 * Nothing is kept between two runs. The same bundle handed in again is the same case: what became
 * of it is asked for first, so a run that was interrupted goes on where it was. */

#include <stdint.h>

#include "base/error.h"
#include "client/connect.h"
#include "client/filing.h"
#include "client/result.h"

struct pursue_options {
    uint32_t attempt_count; /* Most attempts, from 1. */
    uint32_t patience_ms;   /* First wait without progress; then it doubles. */
    uint64_t timeout_ms;    /* Of all together. */
    /* An attempt without a conclusion, verified, that is to be heard again in any case; NULL: what
     * the coordinators know of the case is asked for. */
    const struct certificate *earlier;
    size_t index;               /* Of the case in `earlier`. */
    struct bytes earlier_bytes; /* The same as an envelope. */
};

/* Pursues the case of FILING, whose attempt, home and earlier it fills in. OUT is the result that
 * stands: the conclusive one, else that of the highest attempt that was heard. The
 * caller finishes OUT in either case.
 *
 * Errors: ERROR_TIMEOUT when there is no result in time; why every coordinator refused the case. */
MUST_USE bool pursue_case(const struct connect *connect, struct filing *filing,
                          const struct pursue_options *options, struct result *out,
                          struct error *error);

#endif
