#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

/* A scenario file (docs/SIMULATOR.md, "Scenarios"): what is simulated, with fixed numbers and
 * numbers that each seed draws. YAML, or JSON when it begins with a brace. */

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "sim/setup.h"

#define SCENARIO_SIZE_MAX (8 * 1024 * 1024) /* Bytes of the file, and of each file it names. */

struct scenario;

/* Reads the file PATH; files that it names are relative to its folder. The caller destroys it.
 *
 * Errors: ERROR_NOT_FOUND, ERROR_IO, ERROR_LIMIT; ERROR_INVALID with the place in the file. */
MUST_USE bool scenario_load(const char *path, struct scenario **out, struct error *error);

/* The same from memory; NAME stands for the file in errors. */
MUST_USE bool scenario_parse(struct bytes source, const char *name, struct scenario **out,
                             struct error *error);
void scenario_destroy(struct scenario *scenario);

/* File name without folder and ending, the title in the file ("" without), and the SHA-256 of the
 * file. */
const char *scenario_name(const struct scenario *scenario);
const char *scenario_title(const struct scenario *scenario);
const struct digest *scenario_digest(const struct scenario *scenario);

/* What SEED draws. OUT->matrix belongs to SCENARIO and holds until its next draw.
 *
 * Errors: ERROR_INVALID with the place: a value that only some seeds give can be wrong. */
MUST_USE bool scenario_draw(struct scenario *scenario, uint64_t seed, struct setup *out,
                            struct error *error);

#endif
