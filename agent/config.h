#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

/* agent.yaml:
 *
 *     roster: ../../roster.json
 *     seat: 7
 *     key: seat.seed
 *     store: votes.db
 *     spool: spool
 *     catalog: /path/to/catalogue     # left out: the one that comes with the program
 *     ruleset: registers              # name of one that comes with the program, or a path with a /
 *     schema: /path/to/schema.yaml    # left out: the one that comes with the program
 *     assessor: [/path/to/program, argument]  # left out: aims-assess for the above
 *     coordinators: ["tcp://192.0.2.7:7400"]  # by index
 *
 * Relative paths are relative to the folder of the file. */

#include "agent/agent.h"

#define CONFIG_SIZE_MAX (256 * 1024)

/* Reads PATH into OUT, whose texts live in ARENA, and makes the folder of PATH the working folder,
 * so that relative paths hold.
 *
 * Errors: ERROR_NOT_FOUND, ERROR_INVALID with the place, ERROR_IO. */
MUST_USE bool config_load(const char *path, struct arena *arena, struct agent_options *out,
                          struct error *error);

#endif
