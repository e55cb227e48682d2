#ifndef REPORT_PAPERS_H
#define REPORT_PAPERS_H

/* Working papers: the rows behind a seat's answers to one case.
 *
 * They quote evidence, so they travel sealed: to the submitter and to the roster's readers. The
 * seat's signed sheet holds a digest of each criterion's rows, keyed with the key of the bundle;
 * the papers bring that key, so that who may read them can check them. They stand outside the vote
 * and are that seat's words.
 *
 * Plain form, canonical JSON:
 *     {"case": hex, "criteria": [{"answer", "columns": [name], "id", "note", "rows": [[cell]]}],
 *      "docket": hex, "key": hex, "seat": 3, "type": "aims-council-papers/1"}
 * with cell = null, text, {"integer": text} or, where a text is not clean UTF-8, {"base64": text}.
 * "omitted": COUNT stands in place of "rows" where they would pass PAPERS_PLAIN_MAX.
 *
 * Sealed form, canonical JSON:
 *     {"case": hex, "docket": hex, "keys": [{"key": base64, "to": hex}], "seat": 3,
 *      "stream": base64, "type": "aims-council-sealed-papers/1"}
 * where key is a sealed box with the stream's key and stream is header and chunks (crypto/seal.h).
 * The outer names are for sorting; those inside count. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "proto/message.h"
#include "proto/roster.h"
#include "rules/catalog.h"
#include "rules/engine.h"

#define PAPERS_PLAIN_MAX (4 * 1024 * 1024) /* Bytes of rows, in JSON, of one case. */

struct papers {
    struct digest case_id;
    struct digest docket;
    uint8_t seat;
    uint8_t key[HASH_KEY_SIZE];  /* Of the bundle: a secret. */
    struct engine_result result; /* By criterion, as the engine gave it. */
    const char *const *ids;      /* result.count criterion ids. */
    const size_t *omitted; /* result.count numbers of rows left out; 0 = the paper is whole. */
};

enum papers_state {
    PAPERS_GENUINE = 1, /* The rows are those of the seat's signed digest. */
    PAPERS_FORGED,      /* They are not. */
    PAPERS_OMITTED,     /* Too long to travel: nothing to check. */
};

/* Appends the plain form. PAPERS->ids and omitted are ignored: ids come from CATALOG, and rows are
 * left out where they do not fit, in voting order. */
void papers_encode(const struct papers *papers, const struct catalog *catalog, struct buffer *out);

/* Appends the list "criteria" of the plain form for PAPERS that were decoded. */
void papers_write_criteria(const struct papers *papers, struct buffer *out);

/* Reads the plain form into ARENA.
 *
 * Errors: ERROR_INVALID with what is wrong; ERROR_LIMIT. */
MUST_USE bool papers_decode(struct bytes plain, struct arena *arena, struct papers *out,
                            struct error *error);

/* Seals PLAIN, the plain form of PAPERS, to SUBMITTER and to all readers of ROSTER; appends the
 * sealed form.
 *
 * Errors: ERROR_LIMIT when it is larger than MESSAGE_PAPERS_MAX; OUT is then as before. */
MUST_USE bool papers_seal(const struct papers *papers, struct bytes plain,
                          const uint8_t submitter[KEYS_PUBLIC_SIZE], const struct roster *roster,
                          struct buffer *out, struct error *error);

/* Opens the sealed form, named FILE in errors, with KEYS and decodes what is in it.
 *
 * Errors: ERROR_DENIED when it is not sealed to KEYS; ERROR_CORRUPT when it was altered;
 * ERROR_INVALID; ERROR_LIMIT. */
MUST_USE bool papers_open(const struct keys *keys, struct bytes sealed, const char *file,
                          struct arena *arena, struct papers *out, struct error *error);

/* Whether the rows of criterion INDEX are those of DIGEST, the seat's in its signed sheet or the
 * one in the report. */
enum papers_state papers_check(const struct papers *papers, size_t index,
                               const struct digest *digest);

#endif
