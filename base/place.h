#ifndef BASE_PLACE_H
#define BASE_PLACE_H

/* Where the files are that come with the programs: catalogues, rule sets and the evidence schema.
 *
 * AIMS_DATA in the environment, or share/aims beside the folder of the running program. */

#include <stddef.h>

#include "base/error.h"

#define PLACE_SIZE 4096 /* Bytes of a path, with the NUL. */

/* Writes the path of NAME ("catalogs/iso42001-2023", "schema.yaml") into OUT. ERROR_LIMIT when it
 * is too long; ERROR_IO when the program cannot find itself. */
MUST_USE bool place_data(const char *name, char out[PLACE_SIZE], struct error *error);

/* The path of another program of ours, beside the running one. Errors as above. */
MUST_USE bool place_program(const char *name, char out[PLACE_SIZE], struct error *error);

#endif
