#ifndef COORDINATOR_HTTP_H
#define COORDINATOR_HTTP_H

/* The coordinator's face to organisations: HTTP, in a thread of its own with its own connection to
 * the store (docs/ARCHITECTURE.md). It accepts bundles and cases, and answers from the store and
 * the board; it never touches the council's sockets or machines. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "coordinator/board.h"
#include "proto/roster.h"
#include "rules/catalog.h"
#include "store/coordinator_store.h"
#include "store/spool.h"

struct http;

struct http_options {
    const char *address;     /* "127.0.0.1:8080"; port 0 finds a free one. */
    const char *roster_path; /* Served as it is. */
    const struct roster *roster;
    const struct catalog *catalog;   /* The one that is heard here. */
    uint8_t index;                   /* This coordinator. */
    struct coordinator_store *store; /* For this thread alone. */
    struct spool *spool;             /* Safe from both threads. */
    struct board *board;
    size_t submitter_count;          /* 0: open to all. */
    const struct digest *submitters; /* Keyids that may submit. */
    uint64_t bundle_size_max;        /* Bytes of a bundle file. */
    uint64_t waiting_max;            /* Hearings that may wait for a docket; 0: 10000. */
    void (*accepted)(void *context); /* A case is in the store; called on the HTTP thread. */
    void *context;
    uint32_t beat_ms; /* Between comments to those who follow events; 0: 15 seconds. */
};

/* Starts serving; all that OPTIONS points to must outlive it. ERROR_IO when the address is taken or
 * a file cannot be read; ERROR_INVALID when the address is malformed or the file is another
 * roster. */
MUST_USE bool http_open(const struct http_options *options, struct http **out, struct error *error);

/* Ends all connections and the thread. close(NULL) does nothing. */
void http_close(struct http *http);

/* "http://127.0.0.1:41234", with the port that was found. */
const char *http_url(const struct http *http);

/* Wakes those who follow events; any thread may call it. notify(NULL) does nothing. */
void http_notify(struct http *http);

#endif
