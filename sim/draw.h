#ifndef SIM_DRAW_H
#define SIM_DRAW_H

/* Numbers and words of a scenario, fixed or drawn by the seed.
 *
 *     7  "2q - n"            a number; n, f, q and m are the council's
 *     {from: 1, to: f}       drawn evenly, both ends included
 *     [1, 3, {from: 5, to: 9}]   one of these, each as likely
 *     {every: [4, 7, 10]}    one after another, by the seed: consecutive seeds use each equally
 *     {every: {from: 0, to: n}}
 *
 * Every branch is read at every draw, so that a mistake in one does not wait for its seed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "formats/tree.h"

#define DRAW_DECIMALS_MAX 6
#define DRAW_NUMBER_MAX   INT64_C(4294967294) /* Of a drawn number times 10^decimals. */

enum draw_symbol { DRAW_N = 0, DRAW_F, DRAW_Q, DRAW_M, DRAW_SYMBOL_COUNT };

struct draw {
    struct random random;
    uint64_t turns;                     /* What is left of the seed for `every`. */
    int64_t symbols[DRAW_SYMBOL_COUNT]; /* -1: not known yet. */
    struct error *error;                /* Where every function says what is wrong. */
};

/* A draw for SEED; errors go to ERROR, which must live as long. */
void draw_init(struct draw *draw, uint64_t seed, struct error *error);

/* What a number may be. All three are times 10^decimals: 0.05 with six decimals is 50000. */
struct draw_limits {
    int64_t min;
    int64_t max; /* At most DRAW_NUMBER_MAX. */
    unsigned decimals;
};

/* Errors of all: ERROR_INVALID, "FILE:LINE:COLUMN: what is wrong, and what would be right". */

MUST_USE bool draw_number(struct draw *draw, const struct tree *node,
                          const struct draw_limits *limits, int64_t *out);

/* One number or symbolic sum, without choices, as it stands in TEXT; NODE is the place. */
MUST_USE bool draw_sum(struct draw *draw, const char *text, const struct tree *node,
                       unsigned decimals, int64_t *out);

/* A value of any kind that may be a list of alternatives or `every`: the caller reads COUNT nodes
 * from FIRST on and keeps what the one with index PICKED says. */
struct draw_choice {
    const struct tree *first;
    size_t count;
    size_t picked;
};
MUST_USE bool draw_choice(struct draw *draw, const struct tree *node, struct draw_choice *out);

/* true, false, or a choice of them. */
MUST_USE bool draw_flag(struct draw *draw, const struct tree *node, bool *out);

/* A member of a map that goes to a member of a struct. */
struct draw_field {
    const char *key;
    size_t offset;
    size_t size; /* Bytes: 1, 2, 4 or 8. */
    struct draw_limits limits;
    int64_t fallback; /* When the key is missing. */
};

/* Draws COUNT FIELDS of MAP (NULL: no member is there) into the struct at OUT. */
MUST_USE bool draw_fields(struct draw *draw, const struct tree *map,
                          const struct draw_field *fields, size_t count, void *out);

#endif
