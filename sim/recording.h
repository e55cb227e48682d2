#ifndef SIM_RECORDING_H
#define SIM_RECORDING_H

/* A run as text that repeats itself: the setup and seed that it is a function of, a line per event
 * and action (sim/trace.h), and how it ended.
 *
 *     # aims-sim trace 1
 *     # seed 17
 *     # {"assessment":...}
 *     [   10.000] ...
 *     # end 5f3a... agreement: two certificates ... */

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "sim/scenario.h"
#include "sim/world.h"

#define RECORDING_SIZE_MAX ((size_t)1024 * 1024 * 1024) /* Bytes. */

/* Runs SETUP with SEED and appends the recording; TITLE goes into it. */
void recording_make(const struct setup *setup, const char *title, uint64_t seed,
                    struct world_report *report, struct buffer *out);

/* Where a recording and its repetition part. */
struct recording_difference {
    uint64_t line;    /* From 1; 0 = they are the same. */
    char wanted[256]; /* As it was recorded, and as it came now; cut to fit. */
    char got[256];
};

/* Runs what the RECORDING, named NAME in errors, is a function of, and compares line by line.
 * REPORT is that of the new run.
 *
 * Errors: ERROR_INVALID when it is no recording. */
MUST_USE bool recording_replay(struct bytes recording, const char *name,
                               struct world_report *report, struct recording_difference *out,
                               struct error *error);

#endif
