#ifndef REPORT_WHEN_H
#define REPORT_WHEN_H

/* Unix times as RFC 3339 in UTC, and back. Years 1970 to 9999; a later time, which only a liar
 * signs, is written as the last moment of 9999. No time zones, no leap seconds. */

#include <stdbool.h>
#include <stdint.h>

#define WHEN_TEXT_SIZE 21 /* "2026-06-30T12:00:00Z" and the NUL. */
#define WHEN_DAY_SIZE  11 /* "2026-06-30" and the NUL. */
#define WHEN_SECONDS   86400
#define WHEN_DAY_MAX   2932896 /* 9999-12-31 in days since 1970-01-01. */
#define WHEN_MAX       ((uint64_t)WHEN_DAY_MAX * WHEN_SECONDS + WHEN_SECONDS - 1)

/* Writes Unix seconds or days since 1970-01-01 to a buffer of the caller; returns the buffer. */
const char *when_text(uint64_t seconds, char out[WHEN_TEXT_SIZE]);
const char *when_day(uint32_t days, char out[WHEN_DAY_SIZE]);

/* Reads exactly what the functions above write. False when TEXT is anything else. */
bool when_parse(const char *text, uint64_t *seconds);
bool when_parse_day(const char *text, uint32_t *days);

#endif
