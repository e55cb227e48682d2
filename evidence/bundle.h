#ifndef EVIDENCE_BUNDLE_H
#define EVIDENCE_BUNDLE_H

/* Evidence in one file, sealed to the seats of a council and signed by its submitter.
 *
 *     "AIMSBDL1" | size of header, u32 | header, canonical JSON | signature, 64 bytes | content
 *     \________________________ the header block _____________________________/
 *
 * The content is a bag (bag.h) in a tar (tar.h), as a stream of sealed chunks (crypto/seal.h) under
 * a fresh key that the header holds once for each seat; with is_plain it is the tar itself. The
 * header names the SHA-256 and the size of the content, so whoever stores a bundle can check all of
 * it and read none of it. It does not hide how large the evidence is, nor who submits it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/keys.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "evidence/notes.h"
#include "evidence/schema.h"
#include "evidence/source.h"

#define BUNDLE_TYPE        "application/vnd.aims-council.bundle.v1" /* What the signature is for. */
#define BUNDLE_CONTENT_MAX (64 * 1024 * 1024)                       /* Bytes, unless told less. */
#define BUNDLE_HEADER_MAX  (128 * 1024)                             /* Bytes of the JSON. */
#define BUNDLE_SEATS_MAX   127
#define BUNDLE_SEALED_SIZE (SEAL_KEY_SIZE + SEAL_OVERHEAD) /* Bytes of a sealed key. */

struct bundle_header {
    bool is_plain;
    struct digest manifest; /* Names the evidence: bag.h. */
    struct digest content;  /* SHA-256 of the content as stored. */
    uint64_t content_size;  /* Bytes. */
    struct digest previous; /* D of the submitter's last certificate; zero when there is none. */
    struct digest roster;   /* Of the roster that it is sealed to; zero when plain. */
    struct keys_public submitter;
    size_t seat_count;                           /* 0 when plain. */
    const uint8_t (*sealed)[BUNDLE_SEALED_SIZE]; /* The content's key for each seat, by index. */
    size_t block_size; /* Bytes of the header block; the content begins behind it. */
};

/* What goes into a bundle. */
struct bundle_options {
    const char *directory;
    const struct schema *schema;
    const struct keys *keys; /* The submitter's. */
    bool is_plain;
    size_t seat_count;                        /* Unless plain: 1 to BUNDLE_SEATS_MAX. */
    const uint8_t (*seats)[KEYS_PUBLIC_SIZE]; /* Their sealing keys, in seat order. */
    struct digest roster;
    struct digest previous;
    struct notes *notes; /* Gets what is wrong with the evidence. */
};

/* What bundle_pack() did. */
struct bundle_packed {
    struct bundle_header header;
    size_t
        left_out_count; /* Files of the directory that no register cites or that are no evidence. */
    const char *const *left_out;
};

/* Loads and checks the directory and appends the bundle to OUT; what *PACKED points to is in ARENA.
 *
 * Errors: ERROR_INVALID when the evidence has errors (they are in options->notes); ERROR_LIMIT when
 * it is too large; ERROR_CONFLICT when a file changes meanwhile; ERROR_IO. */
MUST_USE bool bundle_pack(const struct bundle_options *options, struct arena *arena,
                          struct buffer *out, struct bundle_packed *packed, struct error *error);

/* Reads the header block at the start of BLOCK (more may follow) and verifies its signature.
 *
 * Errors: ERROR_INVALID when it is no header in canonical form or ends early; ERROR_DENIED when the
 * signature is not the submitter's; ERROR_LIMIT. */
MUST_USE bool bundle_read_header(struct bytes block, struct arena *arena, struct bundle_header *out,
                                 struct error *error);

/* Checks all that can be checked without a key, reading the file FD from where it stands to its
 * end: header, signature, size (at most CONTENT_LIMIT bytes) and digest of the content.
 *
 * Errors: those of bundle_read_header(); ERROR_CORRUPT when size or digest differ; ERROR_LIMIT;
 * ERROR_IO. */
MUST_USE bool bundle_check_sealed(int fd, uint64_t content_limit, struct arena *arena,
                                  struct bundle_header *out, struct error *error);

/* The key of the content for seat SEAT, whose KEYS these are. The caller wipes it.
 *
 * Errors: ERROR_NOT_FOUND when there is no such seat or the bundle is plain; ERROR_DENIED. */
MUST_USE bool bundle_unseal(const struct bundle_header *header, size_t seat,
                            const struct keys *keys, uint8_t key[SEAL_KEY_SIZE],
                            struct error *error);

/* An opened bundle, all in the arena of the caller. */
struct bundle {
    struct bundle_header header;
    struct source files;   /* The whole bag, paths from "bag/" on. */
    struct source payload; /* What load_source() takes; its files need no closing. */
};

/* Opens the bundle that FD holds from where it stands to its end; KEY is NULL when it is plain.
 * Checks everything that bundle_check_sealed() does, and that the bag is complete and valid.
 *
 * Errors: those of bundle_check_sealed(), tar_read() and bag_check(); ERROR_CORRUPT naming the
 * chunk that was cut off, moved or altered; ERROR_DENIED when the key does not fit. */
MUST_USE bool bundle_open(int fd, const uint8_t key[SEAL_KEY_SIZE], struct arena *arena,
                          struct bundle *out, struct error *error);

/* The same for a bundle in memory. */
MUST_USE bool bundle_open_bytes(struct bytes file, const uint8_t key[SEAL_KEY_SIZE],
                                struct arena *arena, struct bundle *out, struct error *error);

/* Writes the bag into the new directory PATH, so that PATH/bagit.txt exists afterwards.
 *
 * Errors: ERROR_CONFLICT when PATH exists; ERROR_IO. */
MUST_USE bool bundle_unpack(const struct bundle *bundle, const char *path, struct error *error);

#endif
