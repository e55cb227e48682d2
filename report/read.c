#include "report/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "report/when.h"

void read_fail(const struct tree *node, struct error *error, const char *format, ...)
{
    char what[ERROR_MESSAGE_SIZE];
    char place[TREE_PLACE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    error_record(error, ERROR_INVALID, "%s: %s", tree_place(node, place), what);
}

bool read_name(const struct tree *node, const char *key, const char **out, struct error *error)
{
    const char *text = NULL;

    if (!tree_need_text(node, key, &text, error)) {
        return false;
    }
    if (strpbrk(text, "\n\t") != NULL) {
        return READ_FAIL(node, error, "\"%s\" is not one line", key);
    }
    *out = text;
    return true;
}

bool read_word(const struct tree *node, const char *key, const char *word, struct error *error)
{
    const char *text = NULL;

    if (!read_name(node, key, &text, error)) {
        return false;
    }
    return strcmp(text, word) == 0 ||
           READ_FAIL(node, error, "\"%s\" is \"%.80s\", want \"%s\"", key, text, word);
}

bool read_digest(const struct tree *node, const char *key, struct digest *out, struct error *error)
{
    const char *text = NULL;
    struct digest digest;
    char again[DIGEST_HEX_SIZE];

    if (!read_name(node, key, &text, error)) {
        return false;
    }
    if (!encode_to_digest(text, &digest) || strcmp(encode_digest(&digest, again), text) != 0) {
        return READ_FAIL(node, error, "\"%s\" is not 64 lower-case hex characters", key);
    }
    *out = digest;
    return true;
}

bool read_time(const struct tree *node, const char *key, uint64_t *out, struct error *error)
{
    const char *text = NULL;

    if (!read_name(node, key, &text, error)) {
        return false;
    }
    return when_parse(text, out) ||
           READ_FAIL(node, error, "\"%s\" is \"%.40s\", want a time like 2026-06-30T12:00:00Z", key,
                     text);
}

bool read_base64(const struct tree *node, const char *key, struct buffer *out, struct error *error)
{
    const char *text = NULL;

    if (!tree_need_text(node, key, &text, error)) {
        return false;
    }
    return encode_from_base64(text, strlen(text), out) ||
           READ_FAIL(node, error, "\"%s\" is not base64", key);
}

bool read_payload(const struct tree *node, const char *key, struct arena *arena, struct bytes *out,
                  struct error *error)
{
    struct buffer buffer = {0};

    bool is_read = read_base64(node, key, &buffer, error);
    size_t size = buffer.size;
    const char *copy = is_read ? arena_copy(arena, buffer_text(&buffer), size) : NULL;

    buffer_finish(&buffer);
    if (!is_read) {
        return false;
    }
    if (size == 0) {
        return READ_FAIL(node, error, "\"%s\" is empty", key);
    }
    if (copy == NULL) {
        return error_set(error, ERROR_LIMIT, "%s needs too much memory", node->file);
    }
    *out = bytes_of(copy, size);
    return true;
}

bool read_number(const struct tree *node, const char *key, uint32_t min, uint32_t max,
                 uint32_t *out, struct error *error)
{
    int64_t value = 0;

    if (!tree_need_integer(node, key, min, max, &value, error)) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

bool read_list(const struct tree *node, const char *key, enum tree_type type, size_t min,
               size_t max, const struct tree **out, struct error *error)
{
    const struct tree *list = NULL;

    if (!tree_need_list(node, key, &list, error)) {
        return false;
    }
    if (list->count < min || list->count > max) {
        return READ_FAIL(node, error, "\"%s\" has %zu elements, want %zu to %zu", key, list->count,
                         min, max);
    }
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        if (item->type != type) {
            return READ_FAIL(item, error, "an element of \"%s\" is of the wrong type", key);
        }
    }
    *out = list;
    return true;
}

bool read_quorum(const struct tree *node, struct quorum *out, struct error *error)
{
    struct quorum quorum;
    uint32_t n = 0;
    uint32_t f = 0;
    uint32_t q = 0;

    if (!read_number(node, "n", 1, QUORUM_SEATS_MAX, &n, error) ||
        !read_number(node, "f", 0, QUORUM_SEATS_MAX, &f, error) ||
        !read_number(node, "q", 1, QUORUM_SEATS_MAX, &q, error)) {
        return false;
    }
    if (!quorum_init(&quorum, (uint8_t)n, (uint8_t)f)) {
        return READ_FAIL(node, error, "a council of %u seats cannot bear %u faulty ones", n, f);
    }
    if (quorum.quorum_count != q) {
        return READ_FAIL(node, error, "q is %u, want %u for n = %u and f = %u", q,
                         quorum.quorum_count, n, f);
    }
    *out = quorum;
    return true;
}
