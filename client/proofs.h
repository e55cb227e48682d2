#ifndef CLIENT_PROOFS_H
#define CLIENT_PROOFS_H

/* Proofs of misconduct that coordinators keep (docs/HTTP.md): listed, fetched, and checked by the
 * roster, for whoever accuses is trusted no more than the accused. */

#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "client/web.h"
#include "formats/json.h"
#include "proto/roster.h"
#include "report/proof.h"

#define PROOFS_MAX     4096 /* Of one coordinator that are looked at. */
#define PROOFS_ID_SIZE 96   /* Characters with the NUL. */

/* One entry of the list, which nobody has checked. */
struct proofs_entry {
    char id[PROOFS_ID_SIZE];
    struct digest docket; /* Zero when it is not said. */
};

struct proofs {
    size_t count;
    struct proofs_entry *entries; /* In the arena. */
};

/* Reads the list SOURCE, in JSON. Errors: ERROR_INVALID; ERROR_LIMIT. */
MUST_USE bool proofs_parse(struct bytes source, struct arena *arena, struct proofs *out,
                           struct error *error);

/* Fetches and reads it. Errors also: those of web_get(). */
MUST_USE bool proofs_list(struct web *web, struct arena *arena, struct proofs *out,
                          struct error *error);

/* Fetches the proof ID into FILE, which is cleared first, and checks it. Errors: those of web_get()
 * and proof_check(). */
MUST_USE bool proofs_fetch(struct web *web, const char *id, const struct roster *roster,
                           struct arena *arena, struct buffer *file, struct proof *out,
                           struct error *error);

/* "seat 7 of operator-07 prepared two values in one view (E1)", without a line feed. */
void proofs_print(const struct roster *roster, const struct proof *proof, FILE *out);

/* The same as JSON; the caller destroys it. */
struct json *proofs_json(const struct roster *roster, const struct proof *proof);

#endif
