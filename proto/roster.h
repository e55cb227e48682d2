#ifndef PROTO_ROSTER_H
#define PROTO_ROSTER_H

/* The council of an epoch: who sits in it, under which keys, and what it hears.
 *
 * roster.json is canonical JSON; its SHA-256 is the roster digest R that every signed message
 * carries. It holds no addresses: where a coordinator listens is configuration, who it is is not.
 *
 *     {"catalogs": ["<hex>"], "coordinators": [{"name", "operator", "signing", "transport"}],
 *      "epoch": 1, "f": 10, "name": "...", "readers": [{"name", "sealing", "signing"}],
 *      "seats": [{"host", "operator", "ruleset", "sealing", "signing", "transport"}],
 *      "type": "aims-council-roster/1"}
 *
 * Keys are 64 hex characters. The order of seats and coordinators is their number. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "proto/message.h"

#define ROSTER_SIZE_MAX     (256 * 1024) /* Bytes of roster.json. */
#define ROSTER_NAME_MAX     64           /* Characters of a name, printable. */
#define ROSTER_READERS_MAX  16
#define ROSTER_CATALOGS_MAX 16

struct roster_seat {
    const char *operator_name; /* Who runs it. */
    const char *ruleset;       /* Name of its rule set. */
    const char *host;          /* Where it runs; a fault domain, not an address. */
    uint8_t signing[MESSAGE_KEY_SIZE];
    uint8_t sealing[MESSAGE_KEY_SIZE];
    uint8_t transport[MESSAGE_KEY_SIZE];
};

struct roster_coordinator {
    const char *name;
    const char *operator_name;
    uint8_t signing[MESSAGE_KEY_SIZE];
    uint8_t transport[MESSAGE_KEY_SIZE];
};

/* Somebody who may read results and working papers of all cases. */
struct roster_reader {
    const char *name;
    uint8_t signing[MESSAGE_KEY_SIZE];
    uint8_t sealing[MESSAGE_KEY_SIZE];
};

struct roster {
    struct digest digest; /* R. */
    const char *name;
    uint32_t epoch;       /* From 1. */
    uint8_t seat_count;   /* n, 1 .. MESSAGE_SEATS_MAX. */
    uint8_t faulty_max;   /* f */
    uint8_t quorum_count; /* q */
    struct roster_seat *seats;
    uint8_t coordinator_count; /* m, 1 .. MESSAGE_COORDINATORS_MAX. */
    struct roster_coordinator *coordinators;
    size_t reader_count;
    struct roster_reader *readers;
    size_t catalog_count;
    struct digest *catalogs;
};

/* Reads and checks a roster: canonical, keys valid and no key twice, numbers in range, 3f < n.
 * SOURCE is named FILE in errors. All of it lives in ARENA.
 *
 * Errors: ERROR_INVALID with place and what would be right; ERROR_LIMIT. */
MUST_USE bool roster_parse(struct bytes source, const char *file, struct arena *arena,
                           struct roster *out, struct error *error);

/* Reads the file PATH. Errors also: ERROR_NOT_FOUND, ERROR_IO. */
MUST_USE bool roster_load(const char *path, struct arena *arena, struct roster *out,
                          struct error *error);

/* Writes the canonical form of ROSTER (digest and quorum_count are ignored). */
void roster_write(const struct roster *roster, struct buffer *out);

/* Seat whose signing key that is, or -1. */
int roster_seat_of(const struct roster *roster, const uint8_t signing[MESSAGE_KEY_SIZE]);

/* True when the council hears the catalogue of that digest. */
bool roster_hears(const struct roster *roster, const struct digest *catalog);

#endif
