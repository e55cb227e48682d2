#ifndef AGENT_ASSESSOR_H
#define AGENT_ASSESSOR_H

/* The agent's end of its assessor: one child process that is asked one bundle at a time, started
 * again when it dies, and given up on for a bundle after ASSESSOR_DEATHS_MAX deaths. */

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/hash.h"
#include "net/loop.h"
#include "proto/message.h"

#define ASSESSOR_DEATHS_MAX 3
#define ASSESSOR_ARGS_MAX   32

struct assessor;

struct assessor_request {
    const char *bundle; /* Path; copied. */
    bool is_plain;
    uint8_t key[HASH_KEY_SIZE];
    struct digest case_id;
    struct digest docket;
    uint8_t seat;
    bool wants_papers;
};

/* What came of a request; everything points to memory that is valid during the callback. */
struct assessor_answer {
    enum message_reason reason; /* MESSAGE_ASSESSED, or why not. */
    const char *message;        /* When not: what the assessor said. */
    struct message_sheet sheet;
    struct bytes papers; /* Plain; empty when they were not asked for. */
};

struct assessor_options {
    char *const *command;  /* Program and arguments, NULL-terminated; must outlive it. */
    struct digest catalog; /* What it must answer. */
    size_t criterion_count;
    void (*ready)(void *context); /* It can take a request. */
    /* It may not ask again: the answer is still in hand. */
    void (*answered)(void *context, const struct assessor_answer *answer);
    void (*broken)(void *context, const struct error *error); /* It is not the assessor we want. */
    void *context;
};

/* Starts the child on LOOP. The caller closes it before the loop. The process ignores SIGPIPE from
 * now on.
 *
 * Errors: ERROR_IO when no process can be started. */
MUST_USE bool assessor_open(struct loop *loop, const struct assessor_options *options,
                            struct assessor **out, struct error *error);

/* Ends the child. close(NULL) does nothing. */
void assessor_close(struct assessor *assessor);

/* True when it can take a request now. */
bool assessor_is_ready(const struct assessor *assessor);

/* Asks; it must be ready. ANSWERED follows once, unless assessor_cancel() comes first. */
void assessor_ask(struct assessor *assessor, const struct assessor_request *request);

/* Drops the request in hand: the child is ended and started anew. */
void assessor_cancel(struct assessor *assessor);

/* Digest of the rule set that the assessor announced; zero before it is ready. */
const struct digest *assessor_ruleset(const struct assessor *assessor);

#endif
