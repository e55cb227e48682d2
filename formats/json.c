#include "formats/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "formats/text.h"

#define INTEGER_MAX (INT64_C(1) << 53) /* Above, not every reader keeps the number. */

enum json_type { JSON_OBJECT, JSON_LIST, JSON_TEXT, JSON_INTEGER, JSON_BOOLEAN, JSON_NULL };

struct json {
    enum json_type type;
    int64_t integer; /* Integers and booleans. */
    char *text;      /* Texts. */
    char *key;       /* Members of an object. */
    struct json *parent;
    struct json *next;
    struct json *first;
    struct json *last;
};

static struct json *create(enum json_type type)
{
    struct json *json = calloc(1, sizeof(*json));

    CHECK(json != NULL);
    json->type = type;
    return json;
}

struct json *json_object(void)
{
    return create(JSON_OBJECT);
}

struct json *json_list(void)
{
    return create(JSON_LIST);
}

static void append_clean(struct buffer *out, const char *text)
{
    while (*text != '\0') {
        size_t size = text_character_size(text);

        if (size == 0) {
            buffer_append_text(out, "\xEF\xBF\xBD"); /* U+FFFD */
            /* A C1 control is one character of two bytes. */
            size = (uint8_t)text[0] == 0xC2 && ((uint8_t)text[1] & 0xC0) == 0x80 ? 2 : 1;
        } else {
            buffer_append(out, text, size);
        }
        text += size;
    }
}

struct json *json_text(const char *text)
{
    struct json *json = create(JSON_TEXT);

    if (text_is_utf8(bytes_of_text(text), NULL) && !text_has_control(text)) {
        json->text = strdup(text);
    } else {
        struct buffer clean = {0};

        append_clean(&clean, text);
        json->text = strdup(buffer_text(&clean));
        buffer_finish(&clean);
    }
    CHECK(json->text != NULL);
    return json;
}

struct json *json_integer(int64_t value)
{
    struct json *json = create(JSON_INTEGER);

    CHECK(value > -INTEGER_MAX);
    CHECK(value < INTEGER_MAX);
    json->integer = value;
    return json;
}

struct json *json_boolean(bool value)
{
    struct json *json = create(JSON_BOOLEAN);

    json->integer = value;
    return json;
}

struct json *json_null(void)
{
    return create(JSON_NULL);
}

struct json *json_digest(const struct digest *digest)
{
    char hex[DIGEST_HEX_SIZE];

    return json_text(encode_digest(digest, hex));
}

static void check_key(const char *key)
{
    for (const char *letter = key; *letter != '\0'; letter++) {
        CHECK(*letter >= 0x20);
        CHECK(*letter < 0x7F);
    }
}

/* Links VALUE into PARENT behind BEFORE, or first when that is NULL. */
static void link_behind(struct json *parent, struct json *before, struct json *value)
{
    CHECK(value->parent == NULL);

    struct json **place = before == NULL ? &parent->first : &before->next;

    value->parent = parent;
    value->next = *place;
    *place = value;
    if (value->next == NULL) {
        parent->last = value;
    }
}

void json_set(struct json *object, const char *key, struct json *value)
{
    struct json *before = NULL;

    CHECK(object->type == JSON_OBJECT);
    check_key(key);
    if (object->last != NULL && strcmp(object->last->key, key) < 0) {
        before = object->last;
    } else {
        for (struct json *member = object->first; member != NULL; member = member->next) {
            int order = strcmp(member->key, key);

            CHECK(order != 0);
            if (order > 0) {
                break;
            }
            before = member;
        }
    }
    value->key = strdup(key);
    CHECK(value->key != NULL);
    link_behind(object, before, value);
}

void json_add(struct json *list, struct json *value)
{
    CHECK(list->type == JSON_LIST);
    link_behind(list, list->last, value);
}

void json_destroy(struct json *json)
{
    struct json *root = json;

    while (json != NULL) {
        if (json->first != NULL) { /* Children go first; each is unlinked as it is entered. */
            struct json *child = json->first;

            json->first = child->next;
            json = child;
            continue;
        }
        struct json *parent = json == root ? NULL : json->parent;

        free(json->text);
        free(json->key);
        free(json);
        json = parent;
    }
}

/* RFC 8785 section 3.2.2.2; of the control characters only these two can be there. */
static void write_text(const char *text, struct buffer *out)
{
    buffer_append_byte(out, '"');
    while (*text != '\0') {
        size_t size = strcspn(text, "\"\\\n\t");

        buffer_append(out, text, size);
        text += size;
        switch (*text) {
        case '"':
            buffer_append_text(out, "\\\"");
            break;
        case '\\':
            buffer_append_text(out, "\\\\");
            break;
        case '\n':
            buffer_append_text(out, "\\n");
            break;
        case '\t':
            buffer_append_text(out, "\\t");
            break;
        default:
            continue;
        }
        text++;
    }
    buffer_append_byte(out, '"');
}

static void write_scalar(const struct json *json, struct buffer *out)
{
    switch (json->type) {
    case JSON_TEXT:
        write_text(json->text, out);
        return;
    case JSON_INTEGER:
        buffer_format(out, "%" PRId64, json->integer);
        return;
    case JSON_BOOLEAN:
        buffer_append_text(out, json->integer ? "true" : "false");
        return;
    case JSON_NULL:
        buffer_append_text(out, "null");
        return;
    case JSON_OBJECT:
    case JSON_LIST:
        break;
    }
    CHECK_UNREACHABLE();
}

static void break_line(struct buffer *out, bool is_pretty, size_t depth)
{
    if (is_pretty) {
        buffer_append_byte(out, '\n');
        for (size_t i = 0; i < depth; i++) {
            buffer_append_text(out, "  ");
        }
    }
}

/* Writes what stands before the children of JSON, or all of it when it has none. */
static void write_begin(const struct json *json, bool is_pretty, struct buffer *out)
{
    if (json->key != NULL) {
        write_text(json->key, out);
        buffer_append_text(out, is_pretty ? ": " : ":");
    }
    if (json->type != JSON_OBJECT && json->type != JSON_LIST) {
        write_scalar(json, out);
    } else if (json->first == NULL) {
        buffer_append_text(out, json->type == JSON_OBJECT ? "{}" : "[]");
    } else {
        buffer_append_byte(out, json->type == JSON_OBJECT ? '{' : '[');
    }
}

static void write_all(const struct json *root, bool is_pretty, struct buffer *out)
{
    const struct json *at = root;
    size_t depth = 0;

    for (;;) {
        write_begin(at, is_pretty, out);
        if (at->first != NULL) {
            at = at->first;
            break_line(out, is_pretty, ++depth);
            continue;
        }
        while (at != root && at->next == NULL) {
            at = at->parent;
            break_line(out, is_pretty, --depth);
            buffer_append_byte(out, at->type == JSON_OBJECT ? '}' : ']');
        }
        if (at == root) {
            return;
        }
        at = at->next;
        buffer_append_byte(out, ',');
        break_line(out, is_pretty, depth);
    }
}

void json_write(const struct json *json, struct buffer *out)
{
    write_all(json, false, out);
}

void json_write_pretty(const struct json *json, struct buffer *out)
{
    write_all(json, true, out);
    buffer_append_byte(out, '\n');
}
