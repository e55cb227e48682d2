#include "evidence/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

#define TEXT_SIZE 1024 /* Of one note. */

void notes_init(struct notes *notes, struct arena *arena)
{
    *notes = (struct notes){.arena = arena};
}

/* Writes "FILE:LINE: column "NAME": " and yields its size. */
static size_t put_place(const struct notes_place *place, char text[TEXT_SIZE])
{
    char line[16] = "";
    int size;

    if (place->line > 0) {
        (void)snprintf(line, sizeof(line), ":%u", place->line);
    }
    if (place->column == NULL) {
        size = snprintf(text, TEXT_SIZE, "%.400s%s: ", place->file, line);
    } else {
        size = snprintf(text, TEXT_SIZE, "%.400s%s: column \"%.100s\": ", place->file, line,
                        place->column);
    }
    CHECK(size > 0);
    CHECK(size < TEXT_SIZE);
    return (size_t)size;
}

static void PRINTF_LIKE(4, 0)
    add(struct notes *notes, bool is_error, const struct notes_place *place, const char *format,
        va_list arguments)
{
    char text[TEXT_SIZE];
    size_t used = place == NULL ? 0 : put_place(place, text);

    (void)vsnprintf(text + used, sizeof(text) - used, format, arguments);

    struct note *note = arena_alloc(notes->arena, sizeof(*note));
    const char *copy = arena_text(notes->arena, text);

    if (note == NULL || copy == NULL) { /* It still counts. */
        return;
    }
    *note = (struct note){.is_error = is_error, .text = copy};
    if (notes->last == NULL) {
        notes->first = note;
    } else {
        notes->last->next = note;
    }
    notes->last = note;
}

void notes_error(struct notes *notes, const struct notes_place *place, const char *format, ...)
{
    va_list arguments;

    if (notes->error_count++ < NOTES_MAX) {
        va_start(arguments, format);
        add(notes, true, place, format, arguments);
        va_end(arguments);
    }
}

void notes_warning(struct notes *notes, const struct notes_place *place, const char *format, ...)
{
    va_list arguments;

    if (notes->warning_count++ < NOTES_MAX) {
        va_start(arguments, format);
        add(notes, false, place, format, arguments);
        va_end(arguments);
    }
}

bool notes_are_clean(const struct notes *notes, struct error *error)
{
    const struct note *note = notes->first;

    if (notes->error_count == 0) {
        return true;
    }
    while (note != NULL && !note->is_error) {
        note = note->next;
    }
    const char *first = note == NULL ? "the evidence has errors" : note->text;

    if (notes->error_count == 1) {
        return error_set(error, ERROR_INVALID, "%s", first);
    }
    return error_set(error, ERROR_INVALID, "%.400s (and %zu more errors)", first,
                     notes->error_count - 1);
}
