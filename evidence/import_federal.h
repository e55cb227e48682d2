#ifndef EVIDENCE_IMPORT_FEDERAL_H
#define EVIDENCE_IMPORT_FEDERAL_H

/* The 2024 inventory of AI use cases of US federal agencies, the consolidated CSV with 62 columns:
 * one agency of it as evidence.
 *
 * Each use case is a system, DHS's first one dhs-001, because the inventory has no ids and names
 * occur twice. "Yes", "no", "partly" and "planned" become rows that say so; a blank cell becomes
 * nothing, and "not applicable" in its dozen spellings is counted and becomes nothing too. What is
 * asked before a system runs is not held against it: monitoring of a system that is not in
 * operation yet is planned, whatever the plan. */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "evidence/import.h"
#include "evidence/schema.h"

struct import_federal_agency {
    const char *abbreviation; /* "DHS" */
    const char *name;
    size_t system_count;
};

/* Lists the agencies of SOURCE, named FILE in errors, in order of first appearance.
 *
 * Errors: those of csv_parse(); ERROR_INVALID when it is another file; ERROR_LIMIT. */
MUST_USE bool import_federal_agencies(struct bytes source, const char *file, struct arena *arena,
                                      struct import_federal_agency **out, size_t *count,
                                      struct error *error);

/* Imports the agency with the abbreviation AGENCY, in any case.
 *
 * Errors: as above; ERROR_NOT_FOUND when there is no such agency. */
MUST_USE bool import_federal_read(struct bytes source, const char *file, const char *agency,
                                  const struct schema *schema, struct arena *arena,
                                  struct import_result *out, struct error *error);

#endif
