#ifndef SIM_CLUSTER_H
#define SIM_CLUSTER_H

/* A whole council deciding one docket in one thread: virtual clock, network, disks and crashes
 * around the very seat and chair machines that the programs run.
 *
 * A run is a function of struct cluster_options alone: to reproduce a failure, repeat its seed. One
 * stream of chance per node, so that adding a node does not disturb the others.
 *
 * Content is modelled, not made: a verdict is a digest of seat and variant, a book is the set of
 * its verdicts, D follows from the book. What a signature would prove is looked up in a register of
 * what every node signed, so nobody can forge, and faulty nodes may sign whatever they like.
 *
 * After every action the oracles look: agreement, durable before sent, one vote per view and key,
 * no honest seat accused. cluster_failure() names the first that failed; nothing aborts. With
 * tracing on, every event and action is one line of text:
 *
 *     [  10] seat 1 < PROPOSE v1 5f3a
 *            seat 1 > compute v1 5f3a */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/random.h"
#include "council/chair.h"
#include "council/quorum.h"
#include "council/seat.h"

#define CLUSTER_NO_CRASH   UINT32_MAX
#define CLUSTER_VALUES_MAX 64  /* Distinct values proposed in one run. */
#define CLUSTER_VOTES_MAX  256 /* Distinct votes one seat signs in one run. */

enum cluster_strategy {
    CLUSTER_HONEST = 0,
    CLUSTER_SILENT,     /* Says nothing. */
    CLUSTER_EQUIVOCATE, /* Two verdicts; signs PREPARE and COMMIT of everything it sees. */
    CLUSTER_NOISY,      /* Random votes, stale repeats, premature commits. */
};

enum cluster_chair_strategy {
    CLUSTER_CHAIR_HONEST = 0,
    CLUSTER_CHAIR_TWO_FACED, /* One value to some seats and another to the rest; certifies both when
                                it can. */
    CLUSTER_CHAIR_SHORT_BOOK /* Proposes a book of fewer than q verdicts. */
};

struct cluster_options {
    uint64_t seed;
    uint8_t seat_count;
    uint8_t faulty_max;
    uint32_t
        delay_ms_min; /* Messages take delay_ms_min .. delay_ms_max, drawn evenly: more than one
                              value reorders. */
    uint32_t delay_ms_max;
    uint32_t assess_ms_min; /* An assessment likewise. */
    uint32_t assess_ms_max;
    uint32_t loss_percent;
    uint32_t duplicate_percent;
    uint32_t crash_percent;  /* Chance per node to crash once, after a drawn number of actions. */
    uint32_t limit_ms;       /* Virtual time at which the run ends. */
    uint8_t dissenter_count; /* Honest seats, from 0 on, that answer differently. */
    uint8_t faulty_count;    /* The highest seats follow STRATEGY. */
    enum cluster_strategy strategy;
    enum cluster_chair_strategy chair_strategy;
    bool is_traced;
};

struct cluster;

/* Makes a council with everybody up and the docket about to be assigned. The caller destroys it.
 * Aborts on options out of range: this is test support. */
struct cluster *cluster_create(const struct cluster_options *options);
void cluster_destroy(struct cluster *cluster);

/* Stops seat SEAT (or the chair, SEAT = seat_count) after it has carried out ACTIONS more actions,
 * and starts it again from its disk DOWN_MS later (0: never). */
void cluster_crash_after(struct cluster *cluster, uint8_t node, uint32_t actions, uint32_t down_ms);

/* Drops everything between NODE and the others from FROM_MS until UNTIL_MS. */
void cluster_cut(struct cluster *cluster, uint8_t node, uint64_t from_ms, uint64_t until_ms);

/* Runs until nothing is left to do, every honest node that can has finished, the limit is reached,
 * or an oracle failed. */
void cluster_run(struct cluster *cluster);

/* The oracle that failed, in words with time and node, or NULL. */
const char *cluster_failure(const struct cluster *cluster);

/* True when every honest seat that is up, and the chair, hold the certificate. */
bool cluster_is_decided(const struct cluster *cluster);

/* Facts of the run, for assertions and benches. */
struct cluster_facts {
    uint64_t now_ms;
    uint64_t delivered_count;               /* Messages. */
    uint64_t hash;                          /* Of every event and action, in order. */
    uint8_t certificate_count;              /* Distinct values certified. */
    uint8_t signature_count;                /* Of the chair's certificate; 0 = none. */
    uint8_t book_count;                     /* Verdicts in the certified book. */
    struct seat_set accused;                /* Seats reported by the chair. */
    uint8_t decided_count;                  /* Seats that hold the certificate. */
    uint64_t decided_ms;                    /* When the chair had it; 0 = never. */
    uint32_t actions[QUORUM_SEATS_MAX + 1]; /* Carried out by each node; the chair is last. */
};
void cluster_facts(const struct cluster *cluster, struct cluster_facts *out);

/* The trace so far, when the options asked for one. */
const char *cluster_trace(const struct cluster *cluster);

#endif
