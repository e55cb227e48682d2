#include "client/print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"

void print_clean(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        /* C1 controls are C2 80 .. C2 9F in UTF-8. */
        bool is_c1 = byte == 0xC2 && (unsigned char)text[1] < 0xA0;

        if (is_c1 && text[1] != '\0') {
            text++;
        }
        (void)fputc(is_c1 || byte < 0x20 || byte == 0x7F ? ' ' : byte, out);
    }
}

void print_notes(const struct notes *notes, FILE *out)
{
    size_t kept = 0;
    size_t all = notes->error_count + notes->warning_count;

    for (const struct note *note = notes->first; note != NULL; note = note->next) {
        fputs(note->is_error ? "" : "warning: ", out);
        print_clean(note->text, out);
        fputc('\n', out);
        kept++;
    }
    if (kept < all) {
        fprintf(out, "and %zu more\n", all - kept);
    }
}

bool print_can_redraw(void)
{
    const char *terminal = getenv("TERM");

    return isatty(STDERR_FILENO) == 1 && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

enum command_exit print_exit(enum findings_decision decision)
{
    switch (decision) {
    case FINDINGS_RECOMMENDED:
    case FINDINGS_CONDITIONS:
        return COMMAND_DONE;
    case FINDINGS_DEFERRED:
        return COMMAND_OPEN;
    case FINDINGS_NOT_RECOMMENDED:
        return COMMAND_NEGATIVE;
    case FINDINGS_DECISION_COUNT:
        break;
    }
    CHECK_UNREACHABLE();
}

const char *print_decision(enum findings_decision decision)
{
    switch (decision) {
    case FINDINGS_RECOMMENDED:
        return "recommended";
    case FINDINGS_CONDITIONS:
        return "recommended with conditions";
    case FINDINGS_DEFERRED:
        return "deferred";
    case FINDINGS_NOT_RECOMMENDED:
        return "not recommended";
    case FINDINGS_DECISION_COUNT:
        break;
    }
    CHECK_UNREACHABLE();
}

static void print_value(const struct dataset_value *value, FILE *out)
{
    if (value->type == DATASET_INTEGER) {
        fprintf(out, "%" PRId64, value->integer);
    } else if (value->type == DATASET_TEXT) {
        print_clean(value->text, out);
    } else {
        fputs("-", out);
    }
}

void print_rows(const struct engine_answer *answer, size_t rows_max, FILE *out)
{
    for (size_t row = 0; row < answer->row_count && row < rows_max; row++) {
        fputs("    ", out);
        for (size_t column = 0; column < answer->column_count; column++) {
            fputs(column == 0 ? "" : "  ", out);
            print_value(&answer->values[row * answer->column_count + column], out);
        }
        fputc('\n', out);
    }
    if (answer->row_count > rows_max) {
        fprintf(out, "    and %zu more rows\n", answer->row_count - rows_max);
    }
}
