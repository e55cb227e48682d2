#ifndef CLIENT_CONNECT_H
#define CLIENT_CONNECT_H

/* Options of the commands that talk to a council, and what follows from them: the addresses of its
 * coordinators as far as they are known, a key, and the roster by which answers are verified.
 *
 * No coordinator is trusted and any of them may be down: what one does not give, another may. */

#include "base/arena.h"
#include "client/options.h"
#include "client/web.h"
#include "crypto/keys.h"
#include "proto/roster.h"

/* For the tables of such commands. */
#define CONNECT_OPTIONS                                                                            \
    {"url", 0, true, "URL", "address of one coordinator, the one of --home"},                      \
        {"coordinator", 0, false, "N=URL...",                                                      \
         "address of coordinator N; once for each that is known"},                                 \
        {"council", 0, true, "DIR", "a council run on this machine: addresses and roster"},        \
        {"key", 0, true, "SEED", "seed file that signs the requests"},                             \
        {"roster", 0, true, "FILE", "roster of the council, by which answers are verified"},       \
        {"home", 0, false, "N", "coordinator to begin with, by its number in the roster (0)"},     \
    {                                                                                              \
        "ca", 0, true, "FILE", "certificates to trust instead of the system's, PEM"                \
    }

struct connect_coordinator {
    uint8_t index; /* In the roster. */
    const char *url;
    struct web *web;
};

struct connect {
    size_t count; /* Coordinators whose address is known, 1 .. MESSAGE_COORDINATORS_MAX. */
    struct connect_coordinator coordinators[MESSAGE_COORDINATORS_MAX]; /* By index, rising. */
    size_t first;         /* Position of the one to begin with. */
    struct keys *keys;    /* NULL: requests are not signed. */
    struct roster roster; /* When it was needed. */
};

struct connect_needs {
    bool key;
    bool roster;
};

/* Opens OUT, whose texts are in ARENA. The caller closes it in either case.
 *
 * Errors: with *EXIT at COMMAND_USAGE when an option is missing or wrong; those of keys_open(),
 * roster_load() and web_open(); ERROR_TIMEOUT when the council of --council does not run. */
MUST_USE bool connect_open(const struct options *options, const struct connect_needs *needs,
                           struct arena *arena, struct connect *out, enum command_exit *exit,
                           struct error *error);
void connect_close(struct connect *connect);

/* The coordinator INDEX steps after the one to begin with, in a circle. */
const struct connect_coordinator *connect_at(const struct connect *connect, size_t index);

/* Asks one coordinator after the other until ASK succeeds with one of them; says on standard error
 * why it goes on.
 *
 * Errors: those of the first coordinator that could be reached; else ERROR_TIMEOUT. */
MUST_USE bool connect_ask(const struct connect *connect,
                          bool (*ask)(void *context, struct web *web, struct error *error),
                          void *context, struct error *error);

#endif
