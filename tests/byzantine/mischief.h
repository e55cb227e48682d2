#ifndef TESTS_BYZANTINE_MISCHIEF_H
#define TESTS_BYZANTINE_MISCHIEF_H

/* Byzantine processes for tests: the programs of agent/ and coordinator/ as they are, linked with a
 * layer that sees every frame that comes and goes and holds the keys of its node.
 *
 *     byzantine-agent --strategy two_prepares -- --config seats/07/agent.yaml
 *     byzantine-coordinator --scenario attack.yaml --seed 7 -- --config coordinator.yaml
 *
 *   main.c      options, and what they say is to be done
 *   mischief.c  the strategy, and what was done
 *   forgery.c   frames that say what the strategy wants, signed with the node's key
 *   plot.c      what the layer has seen of each docket
 *   later.c     frames that are sent some time later
 *   seat.c      a seat's strategies: link_client_open() and link_client_send() lead here
 *   chair.c     a coordinator's: link_server_open() and link_server_send()
 *
 * Strategies, their names and numbers are those of the simulator (sim/setup.h). The layer has no
 * keys but its node's, and lies only over the wire: what the node itself stores is honest. */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/random.h"
#include "crypto/keys.h"
#include "net/loop.h"
#include "proto/message.h"
#include "proto/roster.h"
#include "rules/catalog.h"
#include "sim/setup.h"

struct mischief {
    enum setup_strategy strategy; /* SETUP_HONEST: the layer does nothing. */
    uint32_t value;
    bool is_seat; /* What this program is. */
    uint8_t node;
    uint64_t from_ms; /* Active from here after the start ... */
    uint64_t until_ms;
    uint64_t started_ms;
    struct random random;
    struct seat_set accomplices; /* Seats that a scenario makes faulty, too. */
    /* The node's own, from link_*_open() on. */
    const struct roster *roster;
    const struct catalog *catalog;
    const struct keys *keys;
    struct loop *loop;
    /* What was done: printed at the end. */
    uint64_t done_count;  /* Frames altered, held back, added or sent to the wrong party. */
    uint64_t twice_count; /* Of these, statements that contradict another signed one. */
};

extern struct mischief mischief;

/* Whether the strategy is at work now. */
bool mischief_is_on(void);

/* Notes that something was done, and that it contradicts what this node signed. */
void mischief_done(void);
void mischief_done_twice(void);

/* A digest of nothing. */
struct digest mischief_noise(void);

/* Greetings and signs of life, without which nobody would be there to do mischief. */
bool mischief_is_greeting(struct bytes frame);
enum message_kind mischief_kind(struct bytes frame);

#endif
