#ifndef SIM_FLAWS_H
#define SIM_FLAWS_H

/* Names of the known-bad variants of council/flaw.h, for the gate. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLAWS_COUNT 15

/* True in the program whose objects hold the flaws: elsewhere a flaw would do nothing, and a
 * scenario that names one is refused. */
bool flaws_are_here(void);

/* Name of the flaw with INDEX below FLAWS_COUNT, which is bit 1 << INDEX. council/flaw.h says what
 * each does. */
const char *flaws_name(size_t index);

/* Index of the flaw of that name; FLAWS_COUNT when there is none. */
size_t flaws_of_name(const char *name);

#endif
