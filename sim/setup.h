#ifndef SIM_SETUP_H
#define SIM_SETUP_H

/* One run's council, network and faults, every number fixed. sim/scenario.h draws it from a
 * scenario and a seed; sim/world.h runs it. Times are virtual milliseconds from the start. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "council/quorum.h"

#define SETUP_FAULTS_MAX     256
#define SETUP_PHASES_MAX     16
#define SETUP_PARTITIONS_MAX 32
#define SETUP_RULESETS_MAX   16
#define SETUP_CASES_MAX      256
#define SETUP_CRITERIA_MAX   64
#define SETUP_ALWAYS         1000000U /* Chances are parts in a million. */

enum setup_delay_kind {
    SETUP_DELAY_FIXED = 1,  /* a */
    SETUP_DELAY_UNIFORM,    /* a .. b */
    SETUP_DELAY_NORMAL,     /* mean a, standard deviation b, at least 0 */
    SETUP_DELAY_LOG_NORMAL, /* median a; b = 1000 x sigma of the logarithm */
    SETUP_DELAY_MATRIX,     /* matrix[from][to], plus uniform 0 .. b */
};

/* One-way latency of a link, in microseconds so that fast networks can be told apart. */
struct setup_delay {
    enum setup_delay_kind kind;
    uint32_t a;
    uint32_t b;
};

/* From from_ms until the next phase begins. Phase 0 begins at 0. */
struct setup_phase {
    uint64_t from_ms;
    struct setup_delay delay;
    uint32_t asymmetry; /* Delay towards seats is longer by this part in a million. */
    uint32_t loss;      /* Chances per message, parts in a million. */
    uint32_t duplicate;
    uint32_t reorder; /* A message waits for another delay on top. */
    uint32_t clog;    /* A link stops for a drawn time of up to clog_ms ("swizzle"). */
    uint32_t clog_ms;
    bool is_attack; /* Faults without times of their own are active. */
};

/* Between from_ms and until_ms nothing passes between the two sides. */
struct setup_partition {
    uint64_t from_ms;
    uint64_t until_ms;
    struct seat_set seats; /* One side; the rest is the other. */
    uint8_t chairs;        /* Likewise: bit c for coordinator c. */
};

/* What a faulty node does. `value` and `other` are explained with each; 0 is a sensible default. */
enum setup_strategy {
    SETUP_HONEST = 0,
    /* Seats and chairs alike. */
    SETUP_SILENT, /* Says nothing. */
    SETUP_LATE,   /* Everything `value` ms later. Counts as faulty. */
    SETUP_CRASH,  /* Stops after `value` actions, for `other` ms (0: for ever). Not Byzantine. */
    SETUP_OLD_BACKUP, /* Crashes after `value` actions, starts from its disk `other` actions ago. */
    SETUP_LOST_ROW,   /* Crashes after `value` actions, without the last thing it stored. */
    SETUP_UNSYNCED,   /* Crashes after `value` actions: sent something, and has not stored it. */
    SETUP_TWINS,      /* Two honest machines with one key. */
    SETUP_NOISE,      /* Valid signatures on random content. */
    SETUP_REPLAY,     /* Sends what it and others sent before, again. */
    /* Seats. */
    SETUP_TWO_VERDICTS,
    SETUP_TWO_PREPARES,
    SETUP_TWO_COMMITS, /* PREPAREs and COMMITs whatever it sees. */
    SETUP_AMNESIA,     /* NEW-VIEW without the QC it committed. */
    SETUP_FALSE_QC,    /* NEW-VIEW with a QC that is none, or of another docket. */
    SETUP_SELECTIVE,   /* Talks only to the chairs in `value` (bits). */
    SETUP_HIDE_QC,     /* Falls silent once it alone knows a QC. */
    SETUP_FORGE,       /* Forged signatures of others in what it sends. */
    SETUP_FLOOD,       /* `value` signatures for every message. */
    SETUP_EARLY_VIEW,  /* NEW-VIEW for ever higher views. */
    /* Seats: what they answer; their votes are honest. */
    SETUP_ALWAYS_PASS,
    SETUP_ALWAYS_FAIL,
    SETUP_COPY_MAJORITY,  /* Answers what most rule sets would. */
    SETUP_BIASED,         /* The opposite on `value` parts in a million of the criteria. */
    SETUP_NEAR_THRESHOLD, /* The opposite where that costs the finding its quorum. */
    SETUP_INVERTED,       /* The opposite everywhere; members of one `group` agree on a lie. */
    SETUP_RANDOM,
    /* Chairs. */
    SETUP_TWO_DOCKETS,   /* Under one serial. */
    SETUP_TWO_PROPOSALS, /* One to each half; certifies both if it can. */
    SETUP_HIDDEN_LOCK,   /* Shows the QC to `value` seats only, then stops. */
    SETUP_CENSOR,        /* Leaves `value` honest seats out of every book and never serves them. */
    SETUP_CHERRY_PICK,   /* The book of q verdicts that has the most lies. */
    SETUP_SHORT_BOOK,    /* Fewer than q verdicts. */
    SETUP_BURN_VIEWS,    /* Never proposes; passes TCs on at once. */
    SETUP_STALE_TC,      /* Proposes with an old TC, or another view's. */
    SETUP_PRIVATE_TC,    /* Shows a TC to one seat alone. */
    SETUP_ONE_SEAT,      /* Tells the docket to one seat alone. */
    SETUP_OLD_HEADER,    /* Opens dockets with headers of earlier attempts; with a `value`, keeps
                            the case and tells so many seats when the submitter turns away. */
    SETUP_HIDE_CERTIFICATE, /* Shows the certificate to `value` seats and to no chair or client. */
    SETUP_STRATEGY_COUNT
};

struct setup_fault {
    bool is_seat;
    uint8_t node; /* Seat or coordinator. */
    enum setup_strategy strategy;
    uint32_t value;
    uint32_t other;
    uint8_t group;     /* Colluders share one; 0 = alone. */
    uint64_t from_ms;  /* Active from here ... */
    uint64_t until_ms; /* ... until here; 0 = in every phase that is_attack. */
};

/* How the seats of a rule set answer a criterion whose true answer is known: met or not. */
struct setup_ruleset {
    uint8_t first_seat; /* Seats first_seat .. last_seat run it. */
    uint8_t last_seat;
    uint32_t false_fail[SETUP_CRITERIA_MAX]; /* Chance to say "not met" where it is met ... */
    uint32_t false_pass[SETUP_CRITERIA_MAX]; /* ... and the other way. */
    uint32_t no_answer;                      /* Chance of "insufficient". */
    bool is_shared; /* The seats err together: one draw for the whole rule set. */
};

struct setup {
    uint8_t seat_count;
    uint8_t faulty_max;
    uint8_t coordinator_count;
    uint16_t case_count;       /* Submitted ... */
    uint32_t case_interval_ms; /* ... one after another, so far apart; 0: together. */
    uint16_t criterion_count;  /* Per case. */
    uint32_t true_share;       /* Criteria whose true answer is "met", parts in a million. */
    bool is_client_hostile;    /* Signs whatever headers it likes. */
    uint32_t attempt_count;    /* The client's limit. */
    uint32_t client_wait_ms;
    struct setup_delay assess; /* Time of one assessment; in milliseconds here. */
    uint32_t assess_ms;        /* The deadline, and the protocol's other times. */
    uint32_t settle_ms;
    uint32_t hear_ms_min;
    uint32_t view_ms;
    uint32_t view_ms_max;
    uint32_t repeat_ms;
    uint32_t repeat_ms_max;
    size_t phase_count; /* At least 1. */
    struct setup_phase phases[SETUP_PHASES_MAX];
    size_t partition_count;
    struct setup_partition partitions[SETUP_PARTITIONS_MAX];
    size_t fault_count;
    struct setup_fault faults[SETUP_FAULTS_MAX];
    size_t ruleset_count; /* 0: every seat answers the truth. */
    struct setup_ruleset rulesets[SETUP_RULESETS_MAX];
    uint32_t *matrix;    /* SETUP_DELAY_MATRIX: microseconds, (n + m) x (n + m), seats first. */
    uint64_t settled_ms; /* From here the network is healthy and nobody crashes: liveness counts. */
    uint64_t limit_ms;   /* The run ends here at the latest. */
    bool is_crypto_real;
    uint32_t flaws; /* enum council_flaw; only in objects compiled with COUNCIL_FLAWS. */
};

#endif
