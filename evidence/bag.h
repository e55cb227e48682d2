#ifndef EVIDENCE_BAG_H
#define EVIDENCE_BAG_H

/* BagIt 1.0 (RFC 8493) as bundles use it:
 *
 *     bag/bagit.txt
 *     bag/bag-info.txt             Payload-Oxum and Source-Organization; no date, no software
 *     bag/data/...                 aims.yaml, registers/, documents/
 *     bag/manifest-sha256.txt      every payload file
 *     bag/tagmanifest-sha256.txt   the other three; its SHA-256 is the manifest digest, which names
 *                                  the evidence however it is packed */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "evidence/source.h"

#define BAG_TAG_COUNT 4

/* The tag files of a bag. */
struct bag {
    struct source_file tags[BAG_TAG_COUNT]; /* Paths from "bag/" on, sorted. */
    struct digest manifest;                 /* The manifest digest. */
};

/* Makes the tag files for PAYLOAD: sorted files with digests, paths without "bag/data/".
 *
 * Errors: ERROR_LIMIT. */
MUST_USE bool bag_create(const struct source *payload, const char *organisation,
                         struct arena *arena, struct bag *out, struct error *error);

/* Checks that FILES (from tar_read()) are a complete and valid bag with the manifest digest
 * MANIFEST, and makes *PAYLOAD of its payload, sorted, with digests.
 *
 * Errors: ERROR_CORRUPT when a digest differs; ERROR_INVALID when a file is missing, not listed or
 * not allowed (fetch.txt, for one); each names the file. */
MUST_USE bool bag_check(const struct source *files, const struct digest *manifest,
                        struct arena *arena, struct source *payload, struct error *error);

#endif
