#include "client/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/json.h"

bool file_read(const char *path, size_t limit, struct buffer *out, struct error *error)
{
    bool is_input = strcmp(path, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct buffer content = {0};
    static uint8_t block[65536];
    ssize_t size;

    if (fd < 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO,
                         "cannot open '%s': %s", path, strerror(errno));
    }
    do {
        size = read(fd, block, sizeof(block));
        if (size > 0) {
            buffer_append(&content, block, (size_t)size);
        }
    } while ((size > 0 && content.size <= limit) || (size < 0 && errno == EINTR));
    bool is_ok = size == 0 && content.size <= limit;

    if (size < 0) {
        error_record(error, ERROR_IO, "cannot read '%s': %s", path, strerror(errno));
    } else if (!is_ok) {
        error_record(error, ERROR_LIMIT, "'%s' is larger than %zu bytes", path, limit);
    }
    if (!is_input) {
        close(fd);
    }
    if (!is_ok) {
        buffer_finish(&content);
        return false;
    }
    buffer_append(out, content.data, content.size);
    buffer_finish(&content);
    return true;
}

static bool write_all(int fd, struct bytes content)
{
    size_t done = 0;

    while (done < content.size) {
        ssize_t size = write(fd, content.data + done, content.size - done);

        if (size < 0 && errno != EINTR) {
            return false;
        }
        done += size < 0 ? 0 : (size_t)size;
    }
    return true;
}

bool file_write(const char *path, struct bytes content, mode_t mode, struct error *error)
{
    char beside[FILE_PATH_SIZE];

    if (strcmp(path, "-") == 0) {
        return write_all(STDOUT_FILENO, content) ||
               error_set(error, ERROR_IO, "cannot write the result: %s", strerror(errno));
    }
    if (!file_path(beside, error, "%s.new-%ld", path, (long)getpid())) {
        return false;
    }
    (void)unlink(beside); /* Of an earlier process of that number, which died. */
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0) {
        return error_set(error, ERROR_IO, "cannot write '%s': %s", path, strerror(errno));
    }
    bool is_ok = write_all(fd, content) && fsync(fd) == 0;

    is_ok = close(fd) == 0 && is_ok;
    is_ok = is_ok && rename(beside, path) == 0;
    if (!is_ok) {
        error_record(error, ERROR_IO, "cannot write '%s': %s", path, strerror(errno));
        (void)unlink(beside);
    }
    return is_ok;
}

static bool is_empty(const char *path)
{
    DIR *directory = opendir(path);
    size_t count = 0;

    if (directory == NULL) {
        return false;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    (void)closedir(directory);
    return count == 0;
}

bool file_make_directory(const char *path, struct error *error)
{
    if (mkdir(path, 0755) == 0) {
        return true;
    }
    if (errno != EEXIST) {
        return error_set(error, ERROR_IO, "cannot make the directory '%s': %s", path,
                         strerror(errno));
    }
    return is_empty(path) ||
           error_set(error, ERROR_CONFLICT,
                     "'%s' exists and is not an empty directory; choose another", path);
}

bool file_path(char out[FILE_PATH_SIZE], struct error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(out, FILE_PATH_SIZE, format, arguments);

    va_end(arguments);
    return (length >= 0 && length < FILE_PATH_SIZE) ||
           error_set(error, ERROR_LIMIT, "a path is longer than %d bytes", FILE_PATH_SIZE - 1);
}

void file_print(struct buffer *buffer)
{
    (void)fwrite(buffer->data, 1, buffer->size, stdout);
    buffer_finish(buffer);
}

void file_print_json(struct json *json)
{
    struct buffer out = {0};

    json_write(json, &out);
    buffer_append_byte(&out, '\n');
    json_destroy(json);
    file_print(&out);
}
