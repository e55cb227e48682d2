#ifndef CLIENT_HEARINGS_H
#define CLIENT_HEARINGS_H

/* The hearings of a case, as a coordinator lists them beside its state (docs/HTTP.md). It is that
 * coordinator's word: what stands is what verifies. */

#include <stdio.h>

#include "formats/tree.h"

/* The list in the STATE of a case; NULL when there is none. */
const struct tree *hearings_of(const struct tree *state);

/* One line for each of LIST, which may be NULL, and a line before them. */
void hearings_print(const struct tree *list, FILE *out);

#endif
