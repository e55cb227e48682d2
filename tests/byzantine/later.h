#ifndef TESTS_BYZANTINE_LATER_H
#define TESTS_BYZANTINE_LATER_H

/* Frames that go, or come, some time later; and a pulse for strategies that act unasked. */

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "net/loop.h"

/* Frames wait for SEND, which gets the party they are for or from. PULSE, unless NULL, is called
 * every PULSE_MS. The loop is mischief.loop. */
void later_begin(void (*send)(size_t party, struct bytes frame), void (*pulse)(void),
                 uint64_t pulse_ms);

/* Copies FRAME. What is too much is lost. */
void later_add(size_t party, struct bytes frame, uint64_t delay_ms);

/* Keeps a copy of FRAME among the last ones, and gives back one of them at random; empty while
 * there is none. */
void later_remember(struct bytes frame);
struct bytes later_recall(void);

#endif
