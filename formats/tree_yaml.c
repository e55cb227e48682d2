/* YAML by libyaml's events. Its documents (yaml_document_t) would expand aliases before we could
 * refuse them and do not say whether a scalar was quoted. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/check.h"
#include "formats/text.h"
#include "formats/tree_builder.h"

struct reader {
    yaml_parser_t parser;
    struct builder builder;
    bool has_document;
    const char *key; /* Of the value to come, when the innermost open node is a map. */
    struct tree key_place;
};

static bool fail_at(struct reader *reader, yaml_mark_t mark, const char *what)
{
    return error_set(reader->builder.error, ERROR_INVALID, "%s:%zu:%zu: %s", reader->builder.file,
                     mark.line + 1, mark.column + 1, what);
}

/* libyaml's own complaint, for example "did not find expected key". */
static bool fail_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem == NULL ? "cannot be read" : parser->problem;

    if (parser->error == YAML_READER_ERROR) {
        return error_set(reader->builder.error, ERROR_INVALID, "%s: the byte at offset %zu: %s",
                         reader->builder.file, parser->problem_offset, problem);
    }
    return fail_at(reader, parser->problem_mark, problem);
}

/* The type of a plain (unquoted) scalar. YAML 1.1 would also read yes, 0x1F, 1_000 and 12:30:45 as
 * something else than text; nobody who writes a register means that. */
static enum tree_type plain_type(const char *text, int64_t *integer)
{
    static const char *const empty[] = {"", "~", "null"};
    char *end = NULL;
    const char *digits = text[0] == '-' ? text + 1 : text;

    for (size_t i = 0; i < 3; i++) {
        if (strcmp(text, empty[i]) == 0) {
            return TREE_NULL;
        }
    }
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        *integer = text[0] == 't';
        return TREE_BOOLEAN;
    }
    if (digits[0] < '0' || digits[0] > '9' || (digits[0] == '0' && text[1] != '\0')) {
        return TREE_TEXT;
    }
    errno = 0;
    long long value = strtoll(text, &end, 10);

    if (errno != 0 || *end != '\0') {
        return TREE_TEXT;
    }
    *integer = value;
    return TREE_INTEGER;
}

static bool is_in_map(const struct reader *reader)
{
    const struct builder *builder = &reader->builder;

    return builder->depth > 0 && builder->open[builder->depth - 1]->type == TREE_MAP;
}

/* Adds NODE under the key that was read before it. */
static bool add(struct reader *reader, struct tree *node, struct tree **out)
{
    const char *key = reader->key;

    if (key != NULL && node->type == TREE_NULL) { /* "key:" ends where the next key begins. */
        node->line = reader->key_place.line;
        node->column = reader->key_place.column;
    }
    reader->key = NULL;
    return builder_add(&reader->builder, node, key, out);
}

static bool take_scalar(struct reader *reader, const yaml_event_t *event, struct tree *node)
{
    const char *text =
        builder_text(&reader->builder, node, event->data.scalar.value, event->data.scalar.length);

    if (event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL) {
        return fail_at(reader, event->start_mark, "anchors and tags are not used here");
    }
    if (text == NULL) {
        return false;
    }
    if (is_in_map(reader) && reader->key == NULL) {
        reader->key = text;
        reader->key_place = *node;
        return true;
    }
    node->text = text;
    node->type = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
                     ? plain_type(text, &node->integer)
                     : TREE_TEXT;
    return add(reader, node, &node);
}

static bool take_start(struct reader *reader, const yaml_event_t *event, struct tree *node)
{
    bool is_map = event->type == YAML_MAPPING_START_EVENT;
    bool has_anchor = is_map ? event->data.mapping_start.anchor != NULL
                             : event->data.sequence_start.anchor != NULL;
    bool has_tag =
        is_map ? event->data.mapping_start.tag != NULL : event->data.sequence_start.tag != NULL;

    if (has_anchor || has_tag) {
        return fail_at(reader, event->start_mark, "anchors and tags are not used here");
    }
    if (is_in_map(reader) && reader->key == NULL) {
        return fail_at(reader, event->start_mark, "a key is a text, not a list or map");
    }
    node->type = is_map ? TREE_MAP : TREE_LIST;
    return add(reader, node, &node) && builder_open(&reader->builder, node);
}

static bool take_event(struct reader *reader, const yaml_event_t *event)
{
    struct tree node = {.line = (uint32_t)event->start_mark.line + 1,
                        .column = (uint32_t)event->start_mark.column + 1};

    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return true;
    case YAML_DOCUMENT_START_EVENT:
        if (reader->has_document) {
            return fail_at(reader, event->start_mark, "a second document begins here");
        }
        reader->has_document = true;
        return true;
    case YAML_ALIAS_EVENT:
        return fail_at(reader, event->start_mark, "aliases are not used here");
    case YAML_SCALAR_EVENT:
        return take_scalar(reader, event, &node);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return take_start(reader, event, &node);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        builder_close(&reader->builder);
        return true;
    }
    CHECK_UNREACHABLE();
}

static bool take_all(struct reader *reader)
{
    for (;;) {
        yaml_event_t event;

        if (!yaml_parser_parse(&reader->parser, &event)) {
            return fail_syntax(reader);
        }
        bool is_last = event.type == YAML_STREAM_END_EVENT;
        bool is_taken = take_event(reader, &event);

        yaml_event_delete(&event);
        if (is_last || !is_taken) {
            return is_taken;
        }
    }
}

bool tree_parse_yaml(struct bytes source, const char *file, struct arena *arena, struct tree **out,
                     struct error *error)
{
    struct reader reader = {0};
    size_t offset = 0;

    if (source.size == 0) { /* libyaml refuses the NULL that an empty buffer holds. */
        return error_set(error, ERROR_INVALID, "%s: is empty", file);
    }
    if (!text_is_utf8(source, &offset)) {
        return error_set(error, ERROR_INVALID, "%s: the byte at offset %zu is not UTF-8", file,
                         offset);
    }
    if (!builder_init(&reader.builder, file, arena, error)) {
        return false;
    }
    CHECK(yaml_parser_initialize(&reader.parser));
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, source.data, source.size);

    bool is_read = take_all(&reader);

    yaml_parser_delete(&reader.parser);
    if (is_read && reader.builder.root == NULL) {
        return error_set(error, ERROR_INVALID, "%s: is empty", file);
    }
    if (is_read) {
        *out = reader.builder.root;
    }
    return is_read;
}
