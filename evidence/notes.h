#ifndef EVIDENCE_NOTES_H
#define EVIDENCE_NOTES_H

/* What is wrong with evidence: all of it in one run, each thing one line for a person.
 *
 *     registers/risks.csv:14: column "likelihood": "hgh" is not one of low, medium, high */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#define NOTES_MAX 1000 /* Errors that are kept, and warnings that are kept; further ones count. */

struct note {
    const struct note *next;
    bool is_error;
    const char *text; /* One line, UTF-8. */
};

struct notes {
    struct arena *arena; /* Holds the notes. */
    size_t error_count;  /* All there were. */
    size_t warning_count;
    const struct note *first; /* In the order found. */
    struct note *last;
};

/* Where something was found; a NULL place means that the text says it. */
struct notes_place {
    const char *file;
    uint32_t line;      /* 0: the file as a whole. */
    const char *column; /* NULL: the row as a whole. */
};

/* Starts an empty list in ARENA. */
void notes_init(struct notes *notes, struct arena *arena);

void notes_error(struct notes *notes, const struct notes_place *place, const char *format, ...)
    PRINTF_LIKE(3, 4);
void notes_warning(struct notes *notes, const struct notes_place *place, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* True when there are no errors; else ERROR says the first one and how many more there are. */
MUST_USE bool notes_are_clean(const struct notes *notes, struct error *error);

#endif
