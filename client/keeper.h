#ifndef CLIENT_KEEPER_H
#define CLIENT_KEEPER_H

/* Keeps processes running: starts them, starts again what ends, stops all.
 *
 *   WAITING --start--> RUNNING --ends--> WAITING (100 ms, 200 ms, ... 5 s)
 *                         |
 *                         +-- soon, with KEEPER_EXIT_CONFIGURATION --> GIVEN UP
 *
 * Whatever ends, its exit code and the last line of its log are told.
 *
 * Each process has a group of its own, so that Ctrl-C at the terminal reaches the keeper alone; it
 * is told to stop when the keeper dies. Its output goes to a log file. One keeper a process: it
 * blocks SIGCHLD, SIGINT and SIGTERM and takes them itself. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define KEEPER_PROCESSES_MAX 160
#define KEEPER_ARGS_MAX      20
#define KEEPER_NAME_SIZE     32
#define KEEPER_RETRY_MS      100
#define KEEPER_RETRY_MS_MAX  5000
#define KEEPER_SETTLED_MS    30000 /* What ran this long is started again without a delay. */
#define KEEPER_STOP_MS       5000  /* Between SIGTERM and SIGKILL. */

/* How our programs end when their configuration, key or store is not as it must be: starting them
 * again does not mend that. */
#define KEEPER_EXIT_CONFIGURATION 4

struct keeper;

/* Makes a keeper whose processes log to the directory LOGS, which must outlive it. */
struct keeper *keeper_create(const char *logs);

/* Stops all processes first. destroy(NULL) does nothing. */
void keeper_destroy(struct keeper *keeper);

/* Adds a process: ARGUMENTS begins with the program's path and ends with NULL; it is copied. Starts
 * it and gives its number.
 *
 * Errors: ERROR_LIMIT when there are too many; ERROR_IO when it cannot be started. */
MUST_USE bool keeper_add(struct keeper *keeper, const char *name, const char *const *arguments,
                         size_t *index, struct error *error);

/* Other arguments for the next start of process INDEX. Errors: ERROR_LIMIT. */
MUST_USE bool keeper_set_arguments(struct keeper *keeper, size_t index,
                                   const char *const *arguments, struct error *error);

/* Waits for at most TIMEOUT_MS, starting again what has ended. True when somebody asked by a signal
 * to stop. */
bool keeper_wait(struct keeper *keeper, uint32_t timeout_ms);

/* Number of process INDEX in the system, 0 while it is not running. */
pid_t keeper_pid(const struct keeper *keeper, size_t index);
const char *keeper_name(const struct keeper *keeper, size_t index);
size_t keeper_count(const struct keeper *keeper);

/* True when process INDEX is not started again, because it ended for its configuration. */
bool keeper_has_given_up(const struct keeper *keeper, size_t index);

/* Starts since the keeper was made: changes when any process got another number. */
uint64_t keeper_version(const struct keeper *keeper);

/* Asks all to stop, waits KEEPER_STOP_MS, ends those that remain; *KILLED of them. */
void keeper_stop(struct keeper *keeper, size_t *killed);

#endif
