#ifndef SIM_RECORD_H
#define SIM_RECORD_H

/* A run as one record: the columns of docs/SIMULATOR.md, as a row of CSV, as JSON, or as text. */

#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "formats/json.h"
#include "sim/setup.h"
#include "sim/world.h"

struct record {
    const char *scenario;
    const struct digest *digest; /* Of the scenario's file. */
    uint64_t seed;
    const struct setup *setup;
    const struct world_report *report;
};

/* Appends the names of the columns, or the values in the same order; without an end of line. */
void record_header(struct buffer *out);
void record_row(const struct record *record, struct buffer *out);

/* The same with names, one to a line, or as an object that the caller destroys. */
void record_text(const struct record *record, struct buffer *out);
struct json *record_json(const struct record *record);

#endif
