#include "sim/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool files_read(const char *path, size_t limit_size, struct buffer *out, struct error *error)
{
    char block[16384];
    size_t size = 0;
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "cannot open %s: %s",
                         path, strerror(errno));
    }
    buffer_clear(out);
    while (out->size <= limit_size && (size = fread(block, 1, sizeof(block), file)) > 0) {
        buffer_append(out, block, size);
    }
    bool is_read = ferror(file) == 0;

    (void)fclose(file);
    if (!is_read) {
        return error_set(error, ERROR_IO, "cannot read %s: %s", path, strerror(errno));
    }
    if (out->size > limit_size) {
        return error_set(error, ERROR_LIMIT, "%s is larger than %zu bytes", path, limit_size);
    }
    return true;
}

bool files_write(const char *path, struct bytes bytes, struct error *error)
{
    bool is_stdout = strcmp(path, "-") == 0;
    FILE *file = is_stdout ? stdout : fopen(path, "wb");

    if (file == NULL) {
        return error_set(error, ERROR_IO, "cannot write %s: %s", path, strerror(errno));
    }
    bool is_written = bytes.size == 0 || fwrite(bytes.data, 1, bytes.size, file) == bytes.size;

    is_written = (is_stdout ? fflush(file) : fclose(file)) == 0 && is_written;
    return is_written || error_set(error, ERROR_IO, "cannot write %s: %s", path, strerror(errno));
}

bool files_join(const char *folder, const char *name, char out[FILES_PATH_SIZE],
                struct error *error)
{
    int length = snprintf(out, FILES_PATH_SIZE, "%s%s", name[0] == '/' ? "" : folder, name);

    if (length < 0 || length >= FILES_PATH_SIZE) {
        return error_set(error, ERROR_LIMIT, "the path of '%.64s' is longer than %d bytes", name,
                         FILES_PATH_SIZE - 1);
    }
    return true;
}
