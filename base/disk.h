#ifndef BASE_DISK_H
#define BASE_DISK_H

/* Names that survive a power cut. */

#include "base/error.h"

/* Makes the name of the file PATH durable by flushing its directory.
 *
 * Errors: ERROR_IO. */
MUST_USE bool disk_sync_parent(const char *path, struct error *error);

#endif
