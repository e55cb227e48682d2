#ifndef CLIENT_CONNECT_H
#define CLIENT_CONNECT_H

/* Options of the commands that talk to a council, and what follows from them: an address, a key and
 * the roster by which answers are verified. */

#include "base/arena.h"
#include "client/options.h"
#include "client/web.h"
#include "crypto/keys.h"
#include "proto/roster.h"

/* For the tables of such commands. */
#define CONNECT_OPTIONS                                                                            \
    {"url", 0, true, "URL", "address of a coordinator"},                                           \
        {"council", 0, true, "DIR", "a council run on this machine: address and roster"},          \
        {"key", 0, true, "SEED", "seed file that signs the requests"},                             \
        {"roster", 0, true, "FILE", "roster of the council, by which answers are verified"},       \
        {"home", 0, false, "N", "coordinator to ask, by its number in the roster (0)"},            \
    {                                                                                              \
        "ca", 0, true, "FILE", "certificates to trust instead of the system's, PEM"                \
    }

struct connect {
    uint64_t home; /* Number of the coordinator. */
    const char *url;
    struct keys *keys;    /* NULL: requests are not signed. */
    struct roster roster; /* When it was needed. */
    struct web *web;
};

struct connect_needs {
    bool key;
    bool roster;
};

/* Opens OUT, whose texts are in ARENA. The caller closes it in either case.
 *
 * Errors: with *EXIT at COMMAND_USAGE when an option is missing; those of keys_open(),
 * roster_load() and web_open(); ERROR_NOT_FOUND when the council of --council does not run. */
MUST_USE bool connect_open(const struct options *options, const struct connect_needs *needs,
                           struct arena *arena, struct connect *out, enum command_exit *exit,
                           struct error *error);
void connect_close(struct connect *connect);

#endif
