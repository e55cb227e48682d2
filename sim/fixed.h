#ifndef SIM_FIXED_H
#define SIM_FIXED_H

/* One setup as a scenario that draws nothing: every seed gives the same setup again. It is what a
 * trace begins with and what shrinking ends with. */

#include <stdbool.h>

#include "base/buffer.h"
#include "sim/setup.h"

/* Appends SETUP as JSON: on one line, or indented and with a line feed behind it. */
void fixed_write(const struct setup *setup, const char *title, bool is_pretty, struct buffer *out);

#endif
