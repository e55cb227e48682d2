#ifndef TESTS_BYZANTINE_PLOT_H
#define TESTS_BYZANTINE_PLOT_H

/* What the layer knows of a docket: the docket itself, once its ASSIGN has passed, and whatever
 * the strategy has in hand for it. The latest ones are kept. */

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "council/quorum.h"
#include "proto/message.h"
#include "proto/verify.h"
#include "report/statement.h"

/* The latest vote of one kind that this node signed. */
struct plot_vote {
    uint32_t view; /* 0: none. */
    struct digest value;
};

struct plot {
    struct digest id;
    struct arena *arena; /* Of verified; NULL until the ASSIGN is seen. */
    struct verify_docket verified;
    bool is_muted;
    uint32_t view;            /* Of the frame `other`, or the last one asked for. */
    struct seat_set told;     /* Seats that got what only some are to get ... */
    struct seat_set told_too; /* ... and those that got the other one, too. */
    struct digest twin;       /* Another docket, or the other proposal's value. */
    struct plot_vote prepared;
    struct plot_vote committed;
    struct buffer other;   /* A frame: of the twin, or held back. */
    struct buffer payload; /* What `votes` sign. */
    size_t vote_count;
    struct message_vote votes[MESSAGE_SEATS_MAX];
    struct buffer verdicts[MESSAGE_SEATS_MAX]; /* VERDICT frames in hand. */
};

/* The docket that FRAME is about; NULL when it is about none. */
struct plot *plot_of_frame(struct bytes frame);
struct plot *plot_by_id(const struct digest *id);

/* The one after PLOT, or the first for NULL; NULL after the last. */
struct plot *plot_next(const struct plot *plot);

/* Takes the docket itself from an ASSIGN frame; false when it is none. */
bool plot_learn(struct plot *plot, struct bytes assign);

/* Computes what PROPOSE stands for, in VIEW. False when it does not verify. */
bool plot_statement(const struct plot *plot, struct bytes propose, uint32_t view,
                    struct statement *out);

/* Makes another proposal of PROPOSE, signed with this node's key: with one verdict less, or with one
 * that waits in the place of another. Gives the frame and its value; false when neither can be. */
bool plot_propose_other(const struct plot *plot, struct bytes propose, struct buffer *out,
                        struct digest *value);

/* Makes a proposal of PROPOSE whose book holds KEEP verdicts at most, with the right digest and a
 * value of nothing. */
bool plot_propose_short(struct bytes propose, size_t keep, struct buffer *out);

/* Notes a vote for VALUE in VIEW; true when LAST was for another value in that view. */
bool plot_contradicts(struct plot_vote *last, uint32_t view, const struct digest *value);

/* Adds a vote of PAYLOAD, whose signature is right; starts over when it is another payload. True
 * when they are a quorum, for the first time. */
bool plot_add_vote(struct plot *plot, struct bytes payload, const struct message_vote *vote);

#endif
