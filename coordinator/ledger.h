#ifndef COORDINATOR_LEDGER_H
#define COORDINATOR_LEDGER_H

/* What is behind one value D: the book, the reports' digests, the statement that seats commit.
 *
 * It is free of views; COMMITs of any view are compared with what it gives for theirs. */

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "proto/verify.h"
#include "report/report.h"
#include "report/statement.h"

struct ledger {
    struct arena *arena;
    struct buffer frame;         /* The PROPOSE frame it came in; empty when it was made here. */
    struct message_book book;    /* As it is sent. */
    struct verify_book verified; /* The same, decoded. */
    struct statement statement;  /* Of any view. */
    struct buffer commit;        /* The statement of commit_view, written; view 0: none yet. */
    uint32_t commit_view;
};

/* D. */
const struct digest *ledger_value(const struct ledger *ledger);

/* The book of FRAMES, one VERDICT frame per seat of SEATS, which were verified and stay where they
 * are while the value lives. SOURCE has roster, catalogue and docket. The caller destroys it.
 *
 * Errors: those of verify_book(). */
struct ledger_voices {
    struct seat_set seats;
    const struct bytes *frames; /* By seat. */
};
MUST_USE bool ledger_make(const struct report_source *source, const struct ledger_voices *voices,
                          struct ledger **out, struct error *error);

/* The value behind a PROPOSE frame, of which everything is verified.
 *
 * Errors: those of verify_proposal(); ERROR_INVALID when it computes to another D. */
MUST_USE bool ledger_read(const struct report_source *source, struct bytes frame,
                          struct ledger **out, struct error *error);

/* destroy(NULL) does nothing. */
void ledger_destroy(struct ledger *ledger);

/* The statement that seats commit in VIEW; valid until the next call. */
struct bytes ledger_commit(struct ledger *ledger, uint32_t view);

#endif
