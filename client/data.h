#ifndef CLIENT_DATA_H
#define CLIENT_DATA_H

/* Catalogue, rule set and schema as a command's options name them, else as they come with the
 * program. A name with a / (or one that begins with a dot) is a path. */

#include "base/arena.h"
#include "base/error.h"
#include "evidence/schema.h"
#include "rules/catalog.h"
#include "rules/ruleset.h"

#define DATA_MEMORY_MAX ((size_t)1024 * 1024 * 1024) /* Bytes that one command may load. */

#define DATA_CATALOG "iso42001-2023"
#define DATA_RULESET "registers"

/* Loads the schema that comes with the program. Errors: those of schema_load(). */
MUST_USE bool data_schema(struct arena *arena, struct schema *out, struct error *error);

/* Loads the catalogue NAME (NULL: DATA_CATALOG). Errors: ERROR_NOT_FOUND when none of that name
 * comes with the program; those of catalog_load(). */
MUST_USE bool data_catalog(const char *name, struct arena *arena, struct catalog *out,
                           struct error *error);

/* Loads the rule set NAME (NULL: DATA_RULESET), written for CATALOG. Errors: ERROR_NOT_FOUND,
 * likewise; those of ruleset_load(). */
MUST_USE bool data_ruleset(const char *name, const struct catalog *catalog, struct arena *arena,
                           struct ruleset *out, struct error *error);

#endif
