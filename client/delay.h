#ifndef CLIENT_DELAY_H
#define CLIENT_DELAY_H

/* Time that passes, in milliseconds. */

#include <stdint.h>

/* Monotonic; says nothing about the date. */
uint64_t delay_now_ms(void);

void delay_sleep_ms(uint32_t ms);

#endif
