#include "base/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

bool disk_sync_parent(const char *path, struct error *error)
{
    const char *slash = strrchr(path, '/');
    struct buffer directory = {0};

    if (slash == NULL) {
        buffer_append_text(&directory, ".");
    } else {
        buffer_append(&directory, path, (size_t)(slash - path) + 1);
    }
    int fd = open(buffer_text(&directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_ok = fd >= 0 && fsync(fd) == 0;

    if (!is_ok) {
        error_record(error, ERROR_IO, "%s: %s", buffer_text(&directory), strerror(errno));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    buffer_finish(&directory);
    return is_ok;
}
