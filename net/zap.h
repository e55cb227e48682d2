#ifndef NET_ZAP_H
#define NET_ZAP_H

/* Who may connect: the handler that libzmq asks in every CURVE handshake (ZAP, its RFC 27), in a
 * thread of its own. It answers with the peer's place in a list of keys as the User-Id of all its
 * messages, or refuses. One per libzmq context, and up before any server binds: without a handler
 * libzmq lets everybody in. For this folder alone. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/keys.h"

#define ZAP_DOMAIN "aims-council" /* Never empty: libzmq asks nobody about an empty domain. */

struct zap;

/* Starts the handler in CONTEXT for COUNT transport keys, which are copied. The caller destroys it
 * before the context, after the servers.
 *
 * Errors: ERROR_IO; ERROR_CONFLICT when the context has a handler. */
MUST_USE bool zap_create(void *context, const uint8_t (*keys)[KEYS_PUBLIC_SIZE], size_t count,
                         struct zap **out, struct error *error);

/* Stops the thread. destroy(NULL) does nothing. */
void zap_destroy(struct zap *zap);

/* Handshakes refused so far; any thread may ask. */
uint64_t zap_refused_count(const struct zap *zap);

#endif
