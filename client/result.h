#ifndef CLIENT_RESULT_H
#define CLIENT_RESULT_H

/* A certificate and its report: fetched, verified against the roster, kept in files, shown.
 *
 * A directory with a result in it has certificate.json, report.json and, where there are any,
 * papers.json with the sealed working papers, all as they came. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "client/options.h"
#include "client/web.h"
#include "proto/roster.h"
#include "report/certificate.h"
#include "report/papers.h"
#include "report/report.h"

#define RESULT_PATH_SIZE  160
#define RESULT_PAPERS_MAX ((size_t)512 * 1024 * 1024) /* Bytes of papers.json. */

struct result {
    struct arena *arena; /* Of a result that was fetched: holds the two below. */
    struct buffer certificate;
    struct buffer report;
    struct certificate *checked; /* NULL until verified. */
    struct report *parsed;       /* NULL until parsed. */
    size_t index;                /* Of the case in the certificate. */
    struct web *web;             /* Whom it was fetched from; NULL when it is from files. */
};

/* Frees what was fetched and forgets the rest. */
void result_finish(struct result *result);

/* Which hearing: attempt 0 is the one that stands. */
struct result_hearing {
    struct digest case_id;
    uint32_t attempt;
};

/* The hearing that argument 0 and --attempt name. Errors: ERROR_INVALID, and *EXIT is
 * COMMAND_USAGE. */
MUST_USE bool result_read_hearing(const struct options *options, struct result_hearing *out,
                                  enum command_exit *exit, struct error *error);

/* The path of the hearing, and of WHAT below it: "" or such as "/report". */
void result_path(const struct result_hearing *hearing, const char *what,
                 char out[RESULT_PATH_SIZE]);

/* Fetches certificate and report and verifies both, so that what the coordinator says counts for
 * nothing. The caller finishes OUT in either case.
 *
 * Errors: those of web_get(), certificate_check() and certificate_check_report(); ERROR_CONFLICT
 * when they are about another case. */
MUST_USE bool result_fetch(struct web *web, const struct roster *roster,
                           const struct result_hearing *hearing, struct result *out,
                           struct error *error);

/* Appends papers.json. Errors: those of web_get(). */
MUST_USE bool result_fetch_papers(struct web *web, const struct result_hearing *hearing,
                                  struct buffer *out, struct error *error);

/* Fetches certificate.json alone, unverified. Errors: those of web_get(). */
MUST_USE bool result_fetch_certificate(struct web *web, const struct result_hearing *hearing,
                                       struct buffer *out, struct error *error);

/* Working papers that were opened. */
struct result_papers {
    size_t sealed_count; /* Seats whose papers came. */
    size_t opened_count; /* Of those: sealed to the key, and of this hearing. */
    /* Criteria: how the rows of the seats behind the paper shown in the report fare against it. */
    size_t shown_count;
    size_t genuine_count;                 /* They are those that were signed. */
    size_t omitted_count;                 /* They were too long to travel. */
    size_t forged_count;                  /* Some seat sent others than it signed. */
    uint8_t states[CATALOG_CRITERIA_MAX]; /* enum papers_state; 0 = nothing came. */
    bool is_open;
    struct papers papers; /* Of the seat asked for. */
};

/* Opens the papers in SOURCE, papers.json, with KEYS and checks them against REPORT. Keeps those of
 * SEAT, or of the first seat that opens when SEAT is negative; they are in ARENA.
 *
 * Errors: ERROR_INVALID; ERROR_LIMIT. */
MUST_USE bool result_open_papers(struct bytes source, const struct keys *keys,
                                 const struct report *report, int seat, struct arena *arena,
                                 struct result_papers *out, struct error *error);

#endif
