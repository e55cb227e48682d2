#ifndef SIM_MODEL_H
#define SIM_MODEL_H

/* What the parts of the simulated world share; nobody outside sim/ needs it but tests that write
 * schedules out.
 *
 *   world.c        life of a run: events, crashes, restarts
 *   network.c      delay, loss, duplicates, clogging, partitions
 *   objects.c      whatever is signed or certified, made once and passed by number
 *   signing.c      who signed what
 *   content.c      answers, books and what follows from them
 *   seat_node.c    what agent/ does around council/seat.h and binding.h
 *   chair_node.c   what coordinator/ does around council/chair.h
 *   client_node.c  what client/ does around council/petition.h
 *   faults_*.c     what faulty nodes do instead
 *   oracles.c      what must never happen
 *
 * Nodes are numbered: seats 0 .. n - 1, coordinators n .. n + m - 1, then second machines that run
 * under the key of a first ("twins"). Objects are numbered from 1 in tables; 0 is none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/random.h"
#include "council/binding.h"
#include "council/chair.h"
#include "council/misconduct.h"
#include "council/petition.h"
#include "council/quorum.h"
#include "council/seat.h"
#include "sim/memory.h"
#include "sim/queue.h"
#include "sim/setup.h"
#include "sim/world.h"

#define MODEL_NODES_MAX  512
#define MODEL_CLIENT     UINT16_MAX /* As `from` and `to`: all clients. */
#define MODEL_VALUES_MAX 64         /* Of one docket. */
#define MODEL_SEEN_MAX   64         /* Messages that a replaying node remembers. */
#define MODEL_NEVER      UINT64_MAX

/* A request of a submitter, signed. */
struct header {
    uint16_t index; /* Case. */
    uint8_t home;
    uint32_t attempt;
    uint32_t earlier; /* Certificate of attempt - 1. */
    uint64_t payload;
    uint64_t signature;
};

/* One case in one docket. */
struct hearing {
    uint32_t docket;
    uint32_t place; /* In the docket. */
    uint32_t attempt;
    uint32_t header;
    uint32_t next; /* Hearing of the same case. */
    uint16_t index;
};

struct docket {
    struct digest digest;
    uint64_t hash;
    uint8_t home;
    uint32_t serial;
    uint32_t variant; /* Tells two dockets under one serial apart. */
    uint32_t deed;
    uint32_t first; /* Hearings first .. first + count - 1. */
    uint32_t count;
    bool is_valid;
    bool is_again;
    uint32_t value_count;
    uint32_t values[MODEL_VALUES_MAX];
    uint32_t *deeds;            /* Latest of each signer: seats, then coordinators. */
    struct seat_docket **seats; /* By node; NULL: not known there. */
    struct chair_docket **chairs;
    /* For the oracles. */
    uint32_t certified; /* First value certified. */
    uint32_t first_certificate;
    uint32_t second_certificate;
    uint32_t pot; /* Latest. */
    bool is_divided;
};

/* Something that somebody signed (struct act, with numbers for digests). */
struct deed {
    uint8_t kind; /* enum act_kind */
    uint8_t signer;
    bool is_seat;
    uint8_t validity; /* Of the signature: see signing.c. */
    bool is_kept;     /* On some honest disk. */
    uint32_t docket;
    uint32_t view;
    uint32_t value;
    uint32_t tc;
    uint32_t qc_view;
    uint32_t qc_value;
    uint32_t content; /* VERDICT: which. */
    uint32_t next;    /* Earlier deed of the same signer in this docket. */
    uint64_t payload; /* Hash of the above, as far as signed. */
    uint64_t signature;
};

/* What a verdict says of one case. */
struct entry {
    bool is_assessed;
    bool is_concluded; /* Why it abstains: there is a result. */
    uint32_t blocker;  /* Docket that an abstention names. */
    uint64_t met;      /* Criteria; in neither: insufficient. */
    uint64_t not_met;
};

struct verdict {
    uint32_t deed;
    uint8_t seat;
    uint64_t assessed_ms;
    struct entry *entries; /* One per hearing of the docket. */
};

/* What a book says of one case. */
struct result {
    enum binding_outcome outcome;
    bool is_worth_repeating;
    uint64_t met; /* Findings that stand. */
    uint64_t not_met;
};

/* D and the book behind it. */
struct value {
    struct digest digest;
    uint64_t hash;
    uint32_t docket;
    uint8_t place; /* Among the docket's values. */
    bool is_valid; /* A book of q verdicts, whose value this is. */
    uint16_t verdict_count;
    uint32_t *verdicts; /* In seat order. */
    struct result *results;
};

struct qc {
    uint32_t docket;
    uint32_t view;
    uint32_t value;
    uint32_t tc;
    struct seat_set signers;
    uint16_t count;
    uint8_t validity;
    uint32_t *deeds;
};

struct tc {
    struct digest digest;
    uint64_t hash;
    uint32_t docket;
    uint32_t view;
    uint32_t qc;
    uint16_t count;
    uint8_t validity;
    bool is_kept;
    uint32_t *deeds;
};

struct certificate {
    uint32_t docket;
    uint32_t view;
    uint32_t value;
    struct seat_set signers;
    uint16_t count;
    uint8_t validity;
    uint32_t *deeds;
};

/* COMMITs to one value in one view, wherever they are: for the oracle of agreement. */
struct pot {
    uint32_t docket;
    uint32_t view;
    uint32_t value;
    uint32_t next;
    struct seat_set signers;
    bool is_certifiable; /* With the faulty seats, its signers are a quorum. */
    uint32_t *deeds;     /* By seat. */
};

/* A NEW-VIEW with what came beside it. */
struct report {
    uint32_t deed;
    uint32_t qc;
    uint32_t tc;
};

/* A seat's part in one docket. */
struct seat_docket {
    struct seat machine;
    uint32_t docket;
    bool is_open; /* The machine runs in this life. */
    /* Disk. */
    bool is_known;
    struct seat_record record;
    uint32_t verdict;
    uint32_t proposal; /* PROPOSE behind the latest PREPARE. */
    uint32_t prepare;
    uint32_t lock; /* QC */
    uint32_t commit;
    struct report asked; /* The latest NEW-VIEW. */
    uint32_t entrance;   /* TC of the view. */
    uint32_t certificate;
    uint64_t stored; /* Values, bits by place. */
    bool is_bound;   /* FLAW_BOUND_AT_ASSIGN alone. */
    /* Memory. */
    uint64_t held;    /* Values in hand. */
    uint32_t drafted; /* Verdict to be stored. */
    uint64_t assess_until_ms;
    bool is_assessing;
    bool is_late;    /* The assessment was not complete in time. */
    uint32_t wanted; /* Value asked for. */
    uint8_t turn;    /* Who is asked next. */
    uint32_t proposal_in_hand;
    uint32_t computed_proposal; /* The one that is being computed. */
    uint32_t qc_in_hand;
    uint32_t tc_in_hand;
    uint32_t certificate_in_hand;
    uint8_t asker; /* Coordinator whose message is handled. */
    uint64_t deadline_us;
    uint64_t armed_us;
};

/* A coordinator's part in one docket. */
struct chair_docket {
    struct chair machine;
    uint32_t docket;
    bool is_open;
    /* Disk. */
    bool is_known;
    struct chair_record record;
    uint32_t proposal;
    uint32_t certificate;
    uint64_t stored;
    /* Memory. */
    uint32_t entrance; /* Highest TC. */
    uint32_t tc_in_hand;
    uint32_t certificate_in_hand;
    uint32_t in_hand;         /* Deed at hand. */
    uint32_t *verdicts;       /* By seat, as the following. */
    uint32_t *first_prepares; /* Of the highest view. */
    uint32_t *prepares;       /* For the proposal. */
    uint32_t *commits;
    struct report *reports;
    uint64_t held;   /* Values in hand. */
    uint32_t wanted; /* Value asked for. */
    uint32_t qc;     /* Made of certified_count PREPAREs. */
    uint8_t certified_count;
    uint8_t turn; /* Which seat is asked for a value next. */
    uint8_t next_turn;
    bool is_tc_due;
    struct chair_action tc_due;
    /* Of a faulty one. */
    uint32_t other_proposal;
    uint32_t *both_prepares[2]; /* By seat: for its own proposal, for the other. */
    bool both_certified[2];
    uint64_t deadline_us;
    uint64_t armed_us;
};

struct node {
    uint8_t number; /* Seat or coordinator: whose key it has. */
    bool is_seat;
    bool is_up;
    bool is_byzantine;   /* Some fault of it breaks rules. */
    bool is_gone;        /* Down for ever, now or later. */
    uint16_t twin;       /* Other node with this key; 0: none. */
    uint64_t strategies; /* Bit per enum setup_strategy. */
    uint32_t life;
    uint32_t actions;
    const struct setup_fault *crash; /* The next; NULL: none. */
    uint32_t crash_at;               /* In actions. */
    uint32_t crashed_at;             /* The latest. */
    uint32_t backup_at;
    uint32_t lost_at;
    void **backup; /* By docket. */
    uint32_t backup_count;
    struct random chance; /* Of what it sends. */
    struct random own;    /* Of everything else. */
    uint8_t up;           /* Seat: coordinators reached, bits. */
    /* Coordinator. */
    uint32_t serial;
    uint32_t *waiting; /* Header by case; 0: none. */
    uint32_t *brought; /* Headers that came, by case: the first. */
    uint8_t *bundles;  /* By case: 1 = it is here. */
    uint32_t waiting_count;
    /* Faulty. */
    bool is_mute;       /* Fell silent by its own strategy. */
    uint32_t old_count; /* Dockets opened with old headers. */
    uint64_t busy_us;   /* Mischief takes time: see faults_may(). */
    struct queue_item *seen;
    uint32_t seen_count;
};

struct client_case {
    struct petition petition;
    uint64_t submitted_ms;
    uint64_t decided_ms; /* First certificate seen by the client; MODEL_NEVER: none. */
    uint64_t deadline_us;
    uint64_t armed_us;
    uint64_t poll_us;
    uint8_t progress;    /* Highest rank seen at the coordinator named. */
    uint32_t header;     /* The latest. */
    uint32_t earlier;    /* Certificate of the attempt before. */
    uint32_t hearing;    /* Latest of this case, in the table. */
    uint32_t standing;   /* Certificate that stands. */
    uint32_t conclusive; /* First conclusive one anywhere: oracle. */
    uint64_t truth;
    bool is_over;
    bool is_given_up;
};

struct model {
    const struct setup *setup;
    uint64_t seed;
    struct quorum quorum;
    uint16_t node_count;
    uint16_t identity_count; /* n + m */
    uint8_t byzantine_count; /* Seats. */
    uint64_t now_us;
    uint32_t phase;
    struct queue queue;
    struct memory memory;
    struct table headers;
    struct table hearings;
    struct table dockets;
    struct table deeds;
    struct table verdicts;
    struct table values;
    struct table qcs;
    struct table tcs;
    struct table certificates;
    struct table pots;
    struct node *nodes;
    struct client_case *cases;
    struct random client;
    uint64_t *keys;          /* Of seats, coordinators, and of the submitter. */
    struct signing *signing; /* Real keys, or NULL. */
    uint64_t *clogged_us;    /* By from x to; NULL: never. */
    bool is_held;            /* Messages wait for a test to deliver them. */
    struct queue_item *held;
    size_t held_count;
    size_t held_max;
    bool is_settling;                /* Something ended: look whether everything has. */
    uint8_t proved[MODEL_NODES_MAX]; /* By identity: enum misconduct that honest nodes found. */
    uint8_t guilty[MODEL_NODES_MAX]; /* What its deeds prove, whoever has them. */
    char undecided[96];              /* What the latest look found. */
    struct buffer *trace;
    struct world_report *report;
};

static inline uint64_t model_now_ms(const struct model *model)
{
    return model->now_us / 1000;
}

/* The node of coordinator NUMBER. */
static inline uint16_t model_chair(const struct model *model, uint8_t number)
{
    return (uint16_t)(model->setup->seat_count + number);
}

/* Number of NODE's key among all: seats, then coordinators. */
static inline uint16_t model_identity(const struct model *model, const struct node *node)
{
    return (uint16_t)(node->is_seat ? node->number : model->setup->seat_count + node->number);
}

static inline bool model_flawed(const struct model *model, uint32_t flaw)
{
#ifdef COUNCIL_FLAWS
    return (model->setup->flaws & flaw) != 0;
#else
    (void)model;
    (void)flaw;
    return false;
#endif
}

/* The fault of NODE with STRATEGY that is active now, or NULL. */
const struct setup_fault *model_fault(const struct model *model, const struct node *node,
                                      enum setup_strategy strategy);

static inline bool model_has(const struct node *node, enum setup_strategy strategy)
{
    return (node->strategies >> strategy & 1) != 0;
}

#endif
