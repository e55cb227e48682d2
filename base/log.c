#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"

#define MESSAGE_SIZE 1024 /* Bytes; longer messages are cut. */

static struct {
    const char *component;
    enum log_format format;
    enum log_level level;
} settings = {.component = "aims", .format = LOG_TEXT, .level = LOG_INFO};

void log_open(const char *component, enum log_format format, enum log_level level)
{
    settings.component = component;
    settings.format = format;
    settings.level = level;
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG:
        return "debug";
    case LOG_INFO:
        return "info";
    case LOG_WARNING:
        return "warning";
    case LOG_ERROR:
        return "error";
    default:
        CHECK_UNREACHABLE();
    }
}

static void append_escaped(struct buffer *line, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;

        if (byte < 0x20 || byte == 0x7F) {
            buffer_format(line, "\\u%04x", byte);
        } else if (settings.format == LOG_JSON && (byte == '"' || byte == '\\')) {
            buffer_format(line, "\\%c", byte);
        } else {
            buffer_append_byte(line, byte);
        }
    }
}

void log_line(enum log_level level, const char *format, ...)
{
    char message[MESSAGE_SIZE];
    char when[32];
    struct timespec now;
    struct tm utc;
    struct buffer line = {0};
    va_list arguments;

    if (level < settings.level) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc);
    if (settings.format == LOG_JSON) {
        buffer_format(&line, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"component\":\"%s\",", when,
                      now.tv_nsec / 1000000, level_name(level), settings.component);
        buffer_append_text(&line, "\"message\":\"");
        append_escaped(&line, message);
        buffer_append_text(&line, "\"}\n");
    } else {
        buffer_format(&line, "%s.%03ldZ %s %s: ", when, now.tv_nsec / 1000000, level_name(level),
                      settings.component);
        append_escaped(&line, message);
        buffer_append_byte(&line, '\n');
    }
    /* A log that cannot be written has nobody to tell. */
    ssize_t ignored = write(STDERR_FILENO, line.data, line.size);

    (void)ignored;
    buffer_finish(&line);
}
