#include "evidence/path.h"

#include <string.h>

#include "formats/text.h"

static bool check_part(const char *part, size_t size, struct error *error)
{
    if (size == 0) {
        return error_set(error, ERROR_INVALID, "has an empty part");
    }
    if (size > PATH_PART_MAX) {
        return error_set(error, ERROR_INVALID, "has a part of more than %d bytes", PATH_PART_MAX);
    }
    if (part[0] == '.' && (size == 1 || (size == 2 && part[1] == '.'))) {
        return error_set(error, ERROR_INVALID, "has the part \"%.*s\"", (int)size, part);
    }
    return true;
}

bool path_check(const char *path, struct error *error)
{
    size_t size = strnlen(path, PATH_SIZE_MAX + 1);
    int depth = 1;

    if (size > PATH_SIZE_MAX) {
        return error_set(error, ERROR_INVALID, "is longer than %d bytes", PATH_SIZE_MAX);
    }
    if (path[0] == '/') {
        return error_set(error, ERROR_INVALID, "is absolute");
    }
    if (!text_is_utf8(bytes_of(path, size), NULL)) {
        return error_set(error, ERROR_INVALID, "is not UTF-8");
    }
    if (text_has_control(path) || strpbrk(path, "\n\t") != NULL) {
        return error_set(error, ERROR_INVALID, "holds a control character");
    }
    if (strchr(path, '\\') != NULL) {
        return error_set(error, ERROR_INVALID, "holds a backslash; parts are divided by /");
    }
    for (const char *part = path;; depth++) {
        size_t part_size = strcspn(part, "/");

        if (!check_part(part, part_size, error)) {
            return false;
        }
        if (part[part_size] == '\0') {
            break;
        }
        part += part_size + 1;
    }
    if (depth > PATH_DEPTH_MAX) {
        return error_set(error, ERROR_INVALID, "has more than %d parts", PATH_DEPTH_MAX);
    }
    return true;
}
