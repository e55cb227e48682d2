#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

/* Operating errors: things that can go wrong in a correct program.
 *
 * A function that can fail returns bool and takes a struct error * as its last parameter:
 *
 *   true   success; *error is untouched and every out parameter is set.
 *   false  failure; *error is filled and no out parameter is touched.
 *
 * The parameter is never NULL. Library code fills it and returns; only main() prints it. */

#define ERROR_MESSAGE_SIZE 512 /* Bytes, including the final NUL. */

#define MUST_USE             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, va) __attribute__((format(printf, fmt, va)))

/* Codes exist so that callers can branch; the message is for people. Add a code only when some
 * caller will treat it differently. */
enum error_code {
    ERROR_INVALID = 1, /* The operator or a peer gave us something malformed. */
    ERROR_NOT_FOUND,   /* The named thing does not exist. */
    ERROR_DENIED,      /* A signature or permission did not verify. */
    ERROR_CORRUPT,     /* Stored data fails its checksum or hash chain. */
    ERROR_IO,          /* The disk, the network or the operating system failed. */
    ERROR_LIMIT,       /* Something is larger, longer or slower than a named limit allows. */
    ERROR_TIMEOUT,     /* Nobody answered in time. */
    ERROR_CONFLICT,    /* Valid by itself, but it contradicts what is already stored. */
};

struct error {
    enum error_code code;
    char message[ERROR_MESSAGE_SIZE]; /* One line, no final dot, no newline; may be truncated. */
};

/* Fills *ERROR and yields false, so that a failure is one statement:
 *
 *     return error_set(error, ERROR_INVALID, "member_count is %u, want 1..%u", ...);
 *
 * A macro, so that the compiler sees the false: behind a call it would warn at the caller about
 * out parameters that "may be uninitialized". */
#define error_set(error, code, ...) (error_record((error), (code), __VA_ARGS__), false)

/* Prefixes the message with what the caller was doing ("open case 17: disk is full"), keeps the
 * code, and yields false. */
#define error_wrap(error, ...) (error_prefix((error), __VA_ARGS__), false)

void error_record(struct error *error, enum error_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
void error_prefix(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
