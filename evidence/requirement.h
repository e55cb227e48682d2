#ifndef EVIDENCE_REQUIREMENT_H
#define EVIDENCE_REQUIREMENT_H

/* The ids of the 70 requirements of ISO/IEC 42001:2023, so that registers that cite them can be
 * checked without a catalogue. */

#include <stdbool.h>
#include <stddef.h>

#define REQUIREMENT_COUNT 70

/* 32 clauses and 38 Annex A controls, in the order of the standard. */
extern const char *const requirement_ids[REQUIREMENT_COUNT];

bool requirement_is_known(const char *id);

#endif
