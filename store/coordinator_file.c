#include "store/coordinator_file.h"

bool coordinator_file_digests(struct database_rows *rows, struct arena *arena, struct digest **out,
                              size_t *count, struct error *error)
{
    struct buffer list = {0};
    size_t list_count = 0;
    bool has_row = true;
    bool is_ok = database_next(rows, &has_row, error);

    while (is_ok && has_row) {
        struct digest read;

        is_ok = database_column_bytes(rows, 0, read.data, DIGEST_SIZE, error);
        if (is_ok) {
            buffer_append(&list, &read, sizeof(read));
            list_count++;
            is_ok = database_next(rows, &has_row, error);
        }
    }
    database_end(rows);
    struct digest *array = database_take_array(&list, is_ok, arena, error);

    if (array == NULL) {
        return false;
    }
    *out = array;
    *count = list_count;
    return true;
}
