#ifndef EVIDENCE_BUNDLE_HEADER_H
#define EVIDENCE_BUNDLE_HEADER_H

/* The header block of a bundle as bytes; for bundle.c only. Reading it is in bundle.h. */

#include "evidence/bundle.h"

#define BUNDLE_MAGIC       "AIMSBDL1"
#define BUNDLE_PREFIX_SIZE 12 /* Bytes of the magic and of the size of the header. */

/* The size of the header block that begins with PREFIX.
 *
 * Errors: ERROR_INVALID when it is no bundle; ERROR_LIMIT. */
MUST_USE bool bundle_header_size(const uint8_t prefix[BUNDLE_PREFIX_SIZE], size_t *out,
                                 struct error *error);

/* Appends the header block, signed by KEYS, and sets header->block_size. */
void bundle_header_write(struct bundle_header *header, const struct keys *keys, struct buffer *out);

#endif
