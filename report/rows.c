#include "report/rows.h"

#include <string.h>

#include "report/lines.h"

static const char *cell_text(const struct engine_answer *answer, size_t row,
                             enum engine_column column)
{
    const struct dataset_value *value = &answer->values[row * answer->column_count + column];

    return value->type == DATASET_TEXT ? value->text : "?";
}

static bool is_unknown(const struct engine_answer *answer, size_t row)
{
    return strcmp(cell_text(answer, row, ENGINE_STATUS), "unknown") == 0;
}

bool rows_is_telling(const struct engine_answer *answer, size_t row)
{
    if (answer->column_count <= ENGINE_REASON) {
        return false;
    }
    const char *status = cell_text(answer, row, ENGINE_STATUS);

    return strcmp(status, "ok") != 0 && strcmp(status, "skip") != 0 && strcmp(status, "info") != 0;
}

void rows_quote(const struct engine_answer *answer, size_t rows_max, size_t indent,
                struct buffer *out)
{
    size_t count = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (size_t row = 0; row < answer->row_count; row++) {
            if (!rows_is_telling(answer, row) || is_unknown(answer, row) != (pass == 1) ||
                ++count > rows_max) {
                continue;
            }
            lines_format(out, indent, 2, "- %s: %s%s", cell_text(answer, row, ENGINE_RESOURCE),
                         cell_text(answer, row, ENGINE_REASON), pass == 1 ? " (unknown)" : "");
        }
    }
    if (count > rows_max) {
        lines_format(out, indent, 2, "and %zu more", count - rows_max);
    }
}
