#include "agent/frame.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"

void frame_append(struct bytes content, struct buffer *out)
{
    uint8_t header[FRAME_HEADER_SIZE];

    encode_put_u32(header, (uint32_t)content.size);
    buffer_append(out, header, sizeof(header));
    buffer_append(out, content.data, content.size);
}

bool frame_take(struct bytes received, size_t offset, struct bytes *content, size_t *end,
                bool *is_broken)
{
    *is_broken = false;
    if (received.size - offset < FRAME_HEADER_SIZE) {
        return false;
    }
    size_t size = encode_get_u32(received.data + offset);

    if (size > FRAME_SIZE_MAX) {
        *is_broken = true;
        return false;
    }
    if (received.size - offset - FRAME_HEADER_SIZE < size) {
        return false;
    }
    *content = bytes_of(received.data + offset + FRAME_HEADER_SIZE, size);
    *end = offset + FRAME_HEADER_SIZE + size;
    return true;
}

/* Reads SIZE bytes; *READ_SIZE says how many came before the end of input. */
static bool read_all(int fd, uint8_t *out, size_t size, size_t *read_size, struct error *error)
{
    *read_size = 0;
    while (*read_size < size) {
        ssize_t got = read(fd, out + *read_size, size - *read_size);

        if (got == 0) {
            return true;
        }
        if (got < 0 && errno != EINTR) {
            return error_set(error, ERROR_IO, "cannot read a frame: %s", strerror(errno));
        }
        *read_size += got > 0 ? (size_t)got : 0;
    }
    return true;
}

bool frame_read(int fd, struct buffer *content, bool *is_end, struct error *error)
{
    uint8_t header[FRAME_HEADER_SIZE];
    uint8_t part[16384];
    size_t got = 0;

    *is_end = false;
    if (!read_all(fd, header, sizeof(header), &got, error)) {
        return false;
    }
    if (got < sizeof(header)) {
        *is_end = got == 0;
        return error_set(error, ERROR_IO, "the input ended%s", got == 0 ? "" : " inside a frame");
    }
    size_t left = encode_get_u32(header);

    if (left > FRAME_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "a frame of %zu bytes, want at most %d", left,
                         FRAME_SIZE_MAX);
    }
    buffer_clear(content);
    while (left > 0) {
        size_t want = left < sizeof(part) ? left : sizeof(part);

        if (!read_all(fd, part, want, &got, error)) {
            return false;
        }
        if (got < want) {
            return error_set(error, ERROR_IO, "the input ended inside a frame");
        }
        buffer_append(content, part, got);
        left -= got;
    }
    return true;
}

bool frame_write(int fd, struct bytes content, struct error *error)
{
    struct buffer frame = {0};
    size_t written = 0;
    bool is_ok = true;

    frame_append(content, &frame);
    while (written < frame.size) {
        ssize_t put = write(fd, frame.data + written, frame.size - written);

        if (put < 0 && errno != EINTR) {
            is_ok = error_set(error, ERROR_IO, "cannot write a frame: %s", strerror(errno));
            break;
        }
        written += put > 0 ? (size_t)put : 0;
    }
    buffer_finish(&frame);
    return is_ok;
}
