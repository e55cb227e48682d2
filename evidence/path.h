#ifndef EVIDENCE_PATH_H
#define EVIDENCE_PATH_H

/* Which names files of evidence may have: relative, with / between the parts, the same on every
 * system, and never leading out of their directory. */

#include "base/error.h"

#define PATH_SIZE_MAX  512 /* Bytes of a path, without the NUL. */
#define PATH_DEPTH_MAX 16  /* Parts of a path. */
#define PATH_PART_MAX  255 /* Bytes of a part; what file systems take. */

/* Errors: ERROR_INVALID with a sentence about PATH that does not repeat it ("is absolute"). */
MUST_USE bool path_check(const char *path, struct error *error);

#endif
