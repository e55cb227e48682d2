#ifndef BASE_LOG_H
#define BASE_LOG_H

/* One line per event on stderr, as text for people or as JSON for machines.
 *
 * A line names what happened and the docket, case and seat it is about; never keys, never evidence.
 * Values are written as given except that control characters and quotes are escaped. Thread-safe:
 * each line is one write. */

#include <stddef.h>

#include "base/error.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

enum log_format { LOG_TEXT, LOG_JSON };

/* Call once, before threads start. COMPONENT (for example "aims-agent 7") must outlive all logging.
 * Lines below LEVEL are dropped. */
void log_open(const char *component, enum log_format format, enum log_level level);

/* Writes one line: MESSAGE formatted, with the current UTC time in milliseconds (RFC 3339). */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
