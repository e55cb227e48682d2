#include "base/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of the running program, without a final slash. */
static bool find_folder(char out[PLACE_SIZE], struct error *error)
{
    ssize_t length = readlink("/proc/self/exe", out, PLACE_SIZE - 1);

    if (length <= 0) {
        return error_set(error, ERROR_IO, "cannot read /proc/self/exe: %s", strerror(errno));
    }
    out[length] = '\0';
    char *slash = strrchr(out, '/');

    if (slash == NULL) {
        return error_set(error, ERROR_IO, "/proc/self/exe is '%s', want a path", out);
    }
    *slash = '\0';
    return true;
}

static bool join(char out[PLACE_SIZE], const char *folder, const char *between, const char *name,
                 struct error *error)
{
    int length = snprintf(out, PLACE_SIZE, "%s%s%s", folder, between, name);

    if (length < 0 || length >= PLACE_SIZE) {
        return error_set(error, ERROR_LIMIT, "the path of '%s' is longer than %d bytes", name,
                         PLACE_SIZE - 1);
    }
    return true;
}

bool place_data(const char *name, char out[PLACE_SIZE], struct error *error)
{
    const char *data = getenv("AIMS_DATA");
    char folder[PLACE_SIZE];

    if (data != NULL) {
        return join(out, data, "/", name, error);
    }
    if (!find_folder(folder, error)) {
        return false;
    }
    return join(out, folder, "/../share/aims/", name, error);
}

bool place_program(const char *name, char out[PLACE_SIZE], struct error *error)
{
    char folder[PLACE_SIZE];

    if (!find_folder(folder, error)) {
        return false;
    }
    return join(out, folder, "/", name, error);
}
