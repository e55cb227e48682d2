#ifndef STORE_SPOOL_H
#define STORE_SPOOL_H

/* Bundle files in one folder, named by their SHA-256: complete ones as <hex>.aims, and uploads in
 * progress as <hex>.part. A file is complete when its digest is checked and it and its name are on
 * the disk. Functions are safe from several threads; one upload per digest at a time. */

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

struct spool;

/* Opens the folder PATH, making it when it is not there; files are at most SIZE_MAX_BYTES. */
MUST_USE bool spool_open(const char *path, uint64_t size_max_bytes, struct spool **out,
                         struct error *error);
void spool_close(struct spool *spool);

/* Size of the complete bundle, or ERROR_NOT_FOUND. */
MUST_USE bool spool_size(struct spool *spool, const struct digest *digest, uint64_t *out,
                         struct error *error);

/* Reads SIZE bytes at OFFSET of a complete bundle; fewer at its end. */
MUST_USE bool spool_read(struct spool *spool, const struct digest *digest, uint64_t offset,
                         void *out, size_t size, size_t *read_size, struct error *error);

/* Opens a complete bundle for reading; the caller closes the descriptor. */
MUST_USE bool spool_descriptor(struct spool *spool, const struct digest *digest, int *fd,
                               struct error *error);

/* Removes a complete bundle that turned out to be none, so that it can be uploaded again. Does
 * nothing when it is not there. ERROR_IO. */
MUST_USE bool spool_remove(struct spool *spool, const struct digest *digest, struct error *error);

/* Bytes of an upload in progress that are kept; 0 when there is none. */
MUST_USE bool spool_offset(struct spool *spool, const struct digest *digest, uint64_t *out,
                           struct error *error);

struct spool_upload;

/* Begins or goes on with an upload of TOTAL_SIZE bytes at OFFSET, which must be spool_offset() (0
 * begins anew). ERROR_CONFLICT when somebody else is uploading it or the offset is another;
 * ERROR_LIMIT when it is larger than the spool takes. The caller closes it. */
MUST_USE bool spool_upload_open(struct spool *spool, const struct digest *digest, uint64_t offset,
                                uint64_t total_size, struct spool_upload **out,
                                struct error *error);
/* ERROR_LIMIT when more than TOTAL_SIZE comes; ERROR_IO. */
MUST_USE bool spool_upload_write(struct spool_upload *upload, struct bytes part,
                                 struct error *error);
/* Ends this request: with all bytes there, checks the digest and makes the bundle complete
 * (ERROR_CORRUPT when it differs; what came is then removed); else keeps what came. Close the
 * upload afterwards in any case. */
MUST_USE bool spool_upload_finish(struct spool_upload *upload, bool *is_complete,
                                  struct error *error);
/* Frees it and keeps what came. close(NULL) does nothing. */
void spool_upload_close(struct spool_upload *upload);

#endif
