#ifndef SIM_JOBS_H
#define SIM_JOBS_H

/* Runs shared out to child processes: item i goes to child i mod job_count, and the results come
 * back in order, so that the output does not depend on how many there are. */

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

#define JOBS_MAX 256

struct jobs {
    uint64_t job_count; /* 1 .. JOBS_MAX */
    uint64_t item_count;
    void *context;
    /* In a child: appends the result of item INDEX, one line without its end. */
    void (*work)(void *context, uint64_t index, struct buffer *out);
    /* Here, in order. False ends all. */
    bool (*take)(void *context, uint64_t index, const char *line, struct error *error);
    const char *label; /* Of the progress bar, which a terminal shows; NULL = none. */
    /* Set by jobs_run(): the item whose child died; item_count when none did. */
    uint64_t dead;
};

/* Does all items. No child is left when it returns.
 *
 * Errors: ERROR_IO; ERROR_CORRUPT when a child died, which is a bug; those of take(). */
MUST_USE bool jobs_run(struct jobs *jobs, struct error *error);

/* Processors that this process may use. */
uint64_t jobs_processors(void);

#endif
