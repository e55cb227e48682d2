#ifndef SIM_WORLD_H
#define SIM_WORLD_H

/* A whole council in one thread: virtual clock, network, disks, crashes, liars and clients around
 * the very seat, chair, binding, petition and misconduct code that the programs run.
 *
 * A run is a function of setup and seed alone, and its trace is the same on every machine and
 * compiler. Every node draws from a stream of its own, so that adding one does not disturb the
 * others. After every action the oracles look (world.c lists them); the first that fails ends the
 * run. Content is modelled: an answer is drawn, a book is the list of its verdicts, D follows from
 * the book; signatures are keyed hashes, or Ed25519 when the setup says so. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "council/misconduct.h"
#include "sim/setup.h"

#define WORLD_KIND_COUNT 16 /* Kinds of message, numbered as in sim/queue.h. */

/* A submitter of so many attempts is owed a conclusion before they are used up. */
#define WORLD_ATTEMPTS_OWED 16

enum world_oracle {
    WORLD_OK = 0,
    WORLD_AGREEMENT,      /* P1: two certificates for one docket with different D. */
    WORLD_CERTIFICATE,    /* A certificate without q valid signatures of one view. */
    WORLD_ONE_VOTE,       /* An honest key signed two PREPAREs, COMMITs, ... for one view. */
    WORLD_DURABLE,        /* Something was heard of before it was on a disk. */
    WORLD_LOCK,           /* An honest seat's lock went back. */
    WORLD_ONE_CONCLUSION, /* P3: two conclusive reports of one case. */
    WORLD_ACCUSED,        /* P6: an honest seat or coordinator is provably guilty. */
    WORLD_VALIDITY,       /* P2: a finding stands that fewer than q - f honest seats gave. */
    WORLD_CULPRITS,       /* P5: fewer than 2q - n culprits proved for two certificates. */
    WORLD_LIVENESS,       /* P4: something is undecided at the end of the healthy phase. */
    WORLD_ORACLE_COUNT
};

const char *world_oracle_name(enum world_oracle oracle);

/* What one run showed. */
struct world_report {
    enum world_oracle failed;
    char failure[256];      /* In words, with time and node; "" when nothing failed. */
    uint64_t hash;          /* Of every event and action, in order. */
    uint64_t now_ms;        /* When it ended. */
    uint16_t decided_count; /* Cases with a standing certificate. */
    uint16_t conclusive_count;
    uint16_t contested_count; /* Cases that ended contested. */
    uint16_t unheard_count;
    uint32_t docket_count;
    uint32_t view_max; /* Highest view of a certificate. */
    uint32_t attempt_max;
    uint64_t latency_sum_ms; /* Submission to the first certificate, over decided cases. */
    uint64_t latency_max_ms;
    uint64_t message_counts[WORLD_KIND_COUNT];
    uint64_t message_count; /* Sent. */
    uint64_t delivered_count;
    uint64_t byte_count; /* As the wire would carry, by the sizes of proto/. */
    uint64_t byte_counts[WORLD_KIND_COUNT];
    uint64_t signed_count; /* Signatures made, and verified. */
    uint64_t verified_count;
    uint64_t certificate_bytes; /* Of the largest. */
    uint32_t finding_count;     /* Findings of standing reports ... */
    uint32_t kept_count;        /* ... that stand and are true, */
    uint32_t flipped_count;     /* ... that stand and are not, */
    uint32_t open_count;        /* ... that are contested. */
    uint32_t left_out_count;    /* Honest verdicts stored in time that no certified book holds. */
    uint32_t faulty_count;      /* Seats and chairs that signed what the judge can prove ... */
    uint32_t proved_count;      /* ... and of these, proved by what honest nodes keep; */
    uint32_t accused_count;     /* all accused, so that precision = proved / accused. */
    uint32_t proofs[MISCONDUCT_COUNT];
    uint32_t divided_count; /* Dockets with two certified values. */
};

/* The memory of runs, for many runs one after another. The caller destroys it; destroy(NULL) does
 * nothing. */
struct world;
struct model;
struct queue_item;
struct world *world_create(void);
void world_destroy(struct world *world);

/* Runs SETUP in WORLD, as world_run() does. */
void world_run_in(struct world *world, const struct setup *setup, uint64_t seed,
                  struct world_report *out, struct buffer *trace);

/* The same in steps, for tests that write a schedule out (sim/direct.h): begins a run in which
 * messages wait to be delivered, ... */
struct model *world_begin(struct world *world, const struct setup *setup, uint64_t seed,
                          struct world_report *out, struct buffer *trace);
/* ... lets a message or an event happen, ... */
void world_deliver(struct model *model, const struct queue_item *item);
/* ... what is planned happen up to UNTIL_MS, or all that is left, ... */
bool world_pass(struct model *model, uint64_t until_ms);
/* ... and ends it. */
void world_end(struct model *model);

/* Runs SETUP. TRACE, unless NULL, gets one line per event and action. */
void world_run(const struct setup *setup, uint64_t seed, struct world_report *out,
               struct buffer *trace);

#endif
