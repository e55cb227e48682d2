#include "report/papers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "crypto/seal.h"
#include "formats/text.h"
#include "formats/tree.h"
#include "report/emit.h"
#include "report/findings.h"
#include "report/read.h"

#define TYPE_PLAIN  "aims-council-papers/1"
#define TYPE_SEALED "aims-council-sealed-papers/1"
#define CHUNK_SIZE  (SEAL_CHUNK_SIZE + SEAL_CHUNK_MARGIN) /* Bytes of a full sealed chunk. */

/* Exactly what the engine gave: the digest is over that. */
static void emit_cell(struct buffer *out, const struct dataset_value *value)
{
    char digits[24];

    emit_comma(out);
    switch (value->type) {
    case DATASET_NULL:
        buffer_append_text(out, "null");
        return;
    case DATASET_INTEGER:
        (void)snprintf(digits, sizeof(digits), "%" PRId64, value->integer);
        buffer_append_text(out, "{\"integer\":");
        emit_text(out, digits);
        buffer_append_byte(out, '}');
        return;
    case DATASET_TEXT:
        if (text_is_utf8(bytes_of_text(value->text), NULL) && !text_has_control(value->text)) {
            emit_text(out, value->text);
        } else {
            buffer_append_text(out, "{\"base64\":");
            emit_base64(out, bytes_of_text(value->text));
            buffer_append_byte(out, '}');
        }
        return;
    }
    CHECK_UNREACHABLE();
}

/* Appends the rows, or gives up and leaves OUT as it was when they pass ROOM bytes. */
static bool emit_rows(struct buffer *out, const struct engine_answer *answer, size_t room)
{
    size_t before = out->size;

    emit_key(out, "rows");
    buffer_append_byte(out, '[');
    for (size_t row = 0; row < answer->row_count; row++) {
        emit_comma(out);
        buffer_append_byte(out, '[');
        for (size_t i = 0; i < answer->column_count; i++) {
            emit_cell(out, &answer->values[row * answer->column_count + i]);
        }
        buffer_append_byte(out, ']');
        if (out->size - before > room) {
            out->size = before;
            return false;
        }
    }
    buffer_append_byte(out, ']');
    return true;
}

/* A criterion up to its rows. */
static void emit_head(struct buffer *out, const struct engine_answer *answer, const char *id)
{
    buffer_append_byte(out, '{');
    emit_key(out, "answer");
    emit_text(out, findings_answer_name(answer->answer));
    emit_key(out, "columns");
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < answer->column_count; i++) {
        emit_comma(out);
        emit_text(out, answer->columns[i]);
    }
    buffer_append_byte(out, ']');
    emit_key(out, "id");
    emit_text(out, id);
    emit_key(out, "note");
    emit_text(out, answer->note);
}

static void emit_omitted(struct buffer *out, size_t row_count)
{
    emit_key(out, "omitted");
    emit_number(out, row_count);
}

void papers_write_criteria(const struct papers *papers, struct buffer *out)
{
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < papers->result.count; i++) {
        emit_comma(out);
        emit_head(out, &papers->result.answers[i], papers->ids[i]);
        if (papers->omitted[i] > 0) {
            emit_omitted(out, papers->omitted[i]);
        } else {
            CHECK(emit_rows(out, &papers->result.answers[i], SIZE_MAX));
        }
        buffer_append_byte(out, '}');
    }
    buffer_append_byte(out, ']');
}

void papers_encode(const struct papers *papers, const struct catalog *catalog, struct buffer *out)
{
    struct digest key;
    size_t room = PAPERS_PLAIN_MAX;

    CHECK(papers->result.count == catalog->criterion_count);
    buffer_append_byte(out, '{');
    emit_key(out, "case");
    emit_digest(out, &papers->case_id);
    emit_key(out, "criteria");
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < papers->result.count; i++) {
        const struct engine_answer *answer = &papers->result.answers[i];
        size_t before = 0;

        emit_comma(out);
        emit_head(out, answer, catalog->criteria[i].id);
        before = out->size;
        if (emit_rows(out, answer, room)) {
            room -= out->size - before < room ? out->size - before : room;
        } else {
            emit_omitted(out, answer->row_count);
        }
        buffer_append_byte(out, '}');
    }
    buffer_append_byte(out, ']');
    emit_key(out, "docket");
    emit_digest(out, &papers->docket);
    emit_key(out, "key");
    memcpy(key.data, papers->key, sizeof(key.data));
    emit_digest(out, &key);
    emit_key(out, "seat");
    emit_number(out, papers->seat);
    emit_key(out, "type");
    emit_text(out, TYPE_PLAIN);
    buffer_append_byte(out, '}');
}

static bool no_room(struct error *error)
{
    return error_set(error, ERROR_LIMIT, "the papers need more memory than is allowed");
}

/* A decimal of an int64, and only the spelling that emit_cell() gives it. */
static bool read_integer(const struct tree *node, int64_t *out, struct error *error)
{
    char again[24];
    bool is_negative = node->type == TREE_TEXT && node->text[0] == '-';
    uint64_t size = 0;

    if (node->type != TREE_TEXT ||
        !encode_to_u64(node->text + is_negative, (uint64_t)INT64_MAX + is_negative, &size)) {
        return READ_FAIL(node, error, "a cell is not a whole number");
    }
    *out = is_negative ? -(int64_t)(size - 1) - 1 : (int64_t)size;
    (void)snprintf(again, sizeof(again), "%" PRId64, *out);
    return strcmp(again, node->text) == 0 || READ_FAIL(node, error, "a cell is not a whole number");
}

static bool read_bytes(const struct tree *cell, struct arena *arena, const char **out,
                       struct error *error)
{
    struct buffer text = {0};

    if (!read_base64(cell, "base64", &text, error)) {
        buffer_finish(&text);
        return false;
    }
    bool has_nul = text.size > 0 && memchr(text.data, 0, text.size) != NULL;

    *out = arena_text(arena, buffer_text(&text));
    buffer_finish(&text);
    if (has_nul) {
        return READ_FAIL(cell, error, "a cell holds a NUL");
    }
    return *out != NULL || no_room(error);
}

static bool read_cell(const struct tree *cell, struct arena *arena, struct dataset_value *out,
                      struct error *error)
{
    const struct tree *integer = tree_get(cell, "integer");

    if (cell->type == TREE_NULL) {
        out->type = DATASET_NULL;
        return true;
    }
    if (cell->type == TREE_TEXT) {
        out->type = DATASET_TEXT;
        out->text = cell->text;
        return true;
    }
    if (cell->type != TREE_MAP || cell->count != 1) {
        return READ_FAIL(cell, error, "a cell is neither null, text, integer nor base64");
    }
    if (integer != NULL) {
        out->type = DATASET_INTEGER;
        return read_integer(integer, &out->integer, error);
    }
    out->type = DATASET_TEXT;
    return read_bytes(cell, arena, &out->text, error);
}

static bool read_columns(const struct tree *node, struct arena *arena, struct engine_answer *out,
                         struct error *error)
{
    const struct tree *list = NULL;

    if (!read_list(node, "columns", TREE_TEXT, 0, ENGINE_COLUMNS_MAX, &list, error)) {
        return false;
    }
    const char **columns = arena_array(arena, list->count, sizeof(*columns));

    if (columns == NULL) {
        return no_room(error);
    }
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        columns[out->column_count++] = item->text;
    }
    out->columns = columns;
    return true;
}

static bool read_rows(const struct tree *node, struct arena *arena, struct engine_answer *out,
                      struct error *error)
{
    const struct tree *list = NULL;

    if (!read_list(node, "rows", TREE_LIST, 0, PAPERS_PLAIN_MAX, &list, error)) {
        return false;
    }
    struct dataset_value *value =
        arena_array(arena, list->count, sizeof(*value) * (out->column_count + 1));

    if (value == NULL) {
        return no_room(error);
    }
    out->values = value;
    for (const struct tree *row = list->child; row != NULL; row = row->next) {
        if (row->count != out->column_count) {
            return READ_FAIL(row, error, "a row has %zu cells, want %zu", row->count,
                             out->column_count);
        }
        for (const struct tree *cell = row->child; cell != NULL; cell = cell->next, value++) {
            if (!read_cell(cell, arena, value, error)) {
                return false;
            }
        }
        out->row_count++;
    }
    return true;
}

static bool read_answer(const struct tree *node, enum answer *out, struct error *error)
{
    const char *name = NULL;

    if (!read_name(node, "answer", &name, error)) {
        return false;
    }
    for (unsigned answer = 0; answer < ANSWER_COUNT; answer++) {
        if (strcmp(findings_answer_name((enum answer)answer), name) == 0) {
            *out = (enum answer)answer;
            return true;
        }
    }
    return READ_FAIL(node, error, "\"%.40s\" is no answer", name);
}

static bool read_criteria(const struct tree *root, struct arena *arena, struct papers *out,
                          struct error *error)
{
    const struct tree *list = NULL;

    if (!read_list(root, "criteria", TREE_MAP, 1, CATALOG_CRITERIA_MAX, &list, error)) {
        return false;
    }
    struct engine_answer *answer = arena_array(arena, list->count, sizeof(*answer));
    const char **id = arena_array(arena, list->count, sizeof(*id));
    size_t *omitted = arena_array(arena, list->count, sizeof(*omitted));

    if (answer == NULL || id == NULL || omitted == NULL) {
        return no_room(error);
    }
    out->result = (struct engine_result){.count = list->count, .answers = answer};
    out->ids = id;
    out->omitted = omitted;
    for (const struct tree *node = list->child; node != NULL;
         node = node->next, answer++, id++, omitted++) {
        uint32_t count = 0;

        if (!read_answer(node, &answer->answer, error) || !read_name(node, "id", id, error) ||
            !tree_need_text(node, "note", &answer->note, error) ||
            !read_columns(node, arena, answer, error)) {
            return false;
        }
        if (tree_get(node, "omitted") == NULL) {
            if (!read_rows(node, arena, answer, error)) {
                return false;
            }
        } else if (!read_number(node, "omitted", 1, UINT32_MAX, &count, error)) {
            return false;
        }
        *omitted = count;
    }
    return true;
}

bool papers_decode(struct bytes plain, struct arena *arena, struct papers *out, struct error *error)
{
    struct papers papers = {.seat = 0};
    struct tree *root = NULL;
    struct digest key;
    uint32_t seat = 0;

    if (plain.size > MESSAGE_PAPERS_MAX) {
        return error_set(error, ERROR_LIMIT, "papers: %zu bytes are more than %d", plain.size,
                         MESSAGE_PAPERS_MAX);
    }
    if (!tree_parse_json(plain, "papers", arena, &root, error)) {
        return false;
    }
    if (root->type != TREE_MAP) {
        return READ_FAIL(root, error, "papers are a map");
    }
    if (!read_word(root, "type", TYPE_PLAIN, error) ||
        !read_digest(root, "case", &papers.case_id, error) ||
        !read_digest(root, "docket", &papers.docket, error) ||
        !read_digest(root, "key", &key, error) ||
        !read_number(root, "seat", 0, MESSAGE_SEATS_MAX - 1, &seat, error) ||
        !read_criteria(root, arena, &papers, error)) {
        return false;
    }
    papers.seat = (uint8_t)seat;
    memcpy(papers.key, key.data, sizeof(papers.key));
    *out = papers;
    return true;
}

/* Appends the stream of PLAIN, under a fresh KEY, as base64. */
static void emit_stream(struct buffer *out, struct bytes plain, uint8_t key[SEAL_KEY_SIZE])
{
    uint8_t header[SEAL_HEADER_SIZE];
    struct buffer stream = {0};
    size_t done = 0;
    bool is_last = false;

    seal_random(key, SEAL_KEY_SIZE);

    struct seal_stream *writer = seal_stream_create(key, header);

    buffer_append(&stream, header, sizeof(header));
    while (!is_last) {
        size_t left = plain.size - done;
        size_t size = left < SEAL_CHUNK_SIZE ? left : SEAL_CHUNK_SIZE;

        is_last = size == left;
        seal_stream_push(writer, bytes_of(plain.data + done, size), is_last, &stream);
        done += size;
    }
    seal_stream_destroy(writer);
    emit_base64(out, buffer_bytes(&stream));
    buffer_finish(&stream);
}

static void emit_sealed_key(struct buffer *out, const uint8_t to[KEYS_PUBLIC_SIZE],
                            const uint8_t key[SEAL_KEY_SIZE])
{
    struct buffer box = {0};
    struct digest name;

    memcpy(name.data, to, sizeof(name.data));
    seal_box(to, bytes_of(key, SEAL_KEY_SIZE), &box);
    emit_comma(out);
    buffer_append_byte(out, '{');
    emit_key(out, "key");
    emit_base64(out, buffer_bytes(&box));
    emit_key(out, "to");
    emit_digest(out, &name);
    buffer_append_byte(out, '}');
    buffer_finish(&box);
}

bool papers_seal(const struct papers *papers, struct bytes plain,
                 const uint8_t submitter[KEYS_PUBLIC_SIZE], const struct roster *roster,
                 struct buffer *out, struct error *error)
{
    uint8_t key[SEAL_KEY_SIZE];
    struct buffer stream = {0};
    size_t before = out->size;

    emit_stream(&stream, plain, key);
    buffer_append_byte(out, '{');
    emit_key(out, "case");
    emit_digest(out, &papers->case_id);
    emit_key(out, "docket");
    emit_digest(out, &papers->docket);
    emit_key(out, "keys");
    buffer_append_byte(out, '[');
    emit_sealed_key(out, submitter, key);
    for (size_t i = 0; i < roster->reader_count; i++) {
        emit_sealed_key(out, roster->readers[i].sealing, key);
    }
    seal_wipe(key, sizeof(key));
    buffer_append_byte(out, ']');
    emit_key(out, "seat");
    emit_number(out, papers->seat);
    emit_key(out, "stream");
    buffer_append(out, stream.data, stream.size);
    buffer_finish(&stream);
    emit_key(out, "type");
    emit_text(out, TYPE_SEALED);
    buffer_append_byte(out, '}');
    if (out->size - before > MESSAGE_PAPERS_MAX) {
        size_t size = out->size - before;

        out->size = before;
        out->data[before] = 0;
        return error_set(error, ERROR_LIMIT, "sealed papers have %zu bytes, more than %d", size,
                         MESSAGE_PAPERS_MAX);
    }
    return true;
}

/* The stream's key, from the entry that is sealed to KEYS. */
static bool open_key(const struct keys *keys, const struct tree *root, uint8_t out[SEAL_KEY_SIZE],
                     struct error *error)
{
    const struct tree *list = NULL;
    char own[DIGEST_HEX_SIZE];

    encode_hex(bytes_of(keys_public(keys)->sealing, KEYS_PUBLIC_SIZE), own);
    if (!read_list(root, "keys", TREE_MAP, 1, ROSTER_READERS_MAX + 1, &list, error)) {
        return false;
    }
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        const char *to = NULL;
        struct buffer box = {0};
        struct buffer key = {0};

        if (!read_name(item, "to", &to, error)) {
            return false;
        }
        if (strcmp(to, own) != 0) {
            continue;
        }
        bool is_open = read_base64(item, "key", &box, error) &&
                       seal_box_open(keys, buffer_bytes(&box), &key, error);
        bool has_size = key.size == SEAL_KEY_SIZE;

        if (is_open && has_size) {
            memcpy(out, key.data, SEAL_KEY_SIZE);
            seal_wipe(key.data, key.size);
        }
        buffer_finish(&box);
        buffer_finish(&key);
        return is_open && (has_size || READ_FAIL(item, error, "a sealed key has the wrong size"));
    }
    return error_set(error, ERROR_DENIED, "the papers are not sealed to this key");
}

static bool open_stream(const uint8_t key[SEAL_KEY_SIZE], struct bytes stream, struct buffer *out,
                        struct error *error)
{
    struct seal_stream *reader = NULL;
    size_t done = SEAL_HEADER_SIZE;
    bool is_last = false;

    if (stream.size < SEAL_HEADER_SIZE) {
        return error_set(error, ERROR_CORRUPT, "the stream of the papers is too short");
    }
    if (!seal_stream_open(key, stream.data, &reader, error)) {
        return false;
    }
    bool is_good = true;

    while (is_good && done < stream.size) {
        size_t left = stream.size - done;
        size_t size = left < CHUNK_SIZE ? left : CHUNK_SIZE;

        is_good =
            seal_stream_pull(reader, bytes_of(stream.data + done, size), out, &is_last, error);
        done += size;
    }
    seal_stream_destroy(reader);
    return is_good &&
           (is_last || error_set(error, ERROR_CORRUPT, "the papers break off in the middle"));
}

/* Opens what is in the sealed form ROOT: appends it to OUT. */
static bool open_sealed(const struct keys *keys, const struct tree *root, struct buffer *out,
                        struct error *error)
{
    uint8_t key[SEAL_KEY_SIZE];
    struct buffer stream = {0};
    bool is_open = open_key(keys, root, key, error) &&
                   read_base64(root, "stream", &stream, error) &&
                   open_stream(key, buffer_bytes(&stream), out, error);

    seal_wipe(key, sizeof(key));
    buffer_finish(&stream);
    return is_open;
}

bool papers_open(const struct keys *keys, struct bytes sealed, const char *file,
                 struct arena *arena, struct papers *out, struct error *error)
{
    struct tree *root = NULL;
    struct buffer plain = {0};
    struct digest case_id;
    struct digest docket;

    if (sealed.size > MESSAGE_PAPERS_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: %zu bytes are more than %d", file, sealed.size,
                         MESSAGE_PAPERS_MAX);
    }
    if (!tree_parse_json(sealed, file, arena, &root, error)) {
        return false;
    }
    if (root->type != TREE_MAP) {
        return READ_FAIL(root, error, "sealed papers are a map");
    }
    if (!read_word(root, "type", TYPE_SEALED, error) ||
        !read_digest(root, "case", &case_id, error) ||
        !read_digest(root, "docket", &docket, error)) {
        return false;
    }
    struct papers papers;
    bool is_open = open_sealed(keys, root, &plain, error) &&
                   papers_decode(buffer_bytes(&plain), arena, &papers, error);

    if (plain.size > 0) {
        seal_wipe(plain.data, plain.size);
    }
    buffer_finish(&plain);
    if (!is_open) {
        return error_wrap(error, "%s", file);
    }
    if (!digest_equal(&papers.case_id, &case_id) || !digest_equal(&papers.docket, &docket)) {
        return error_set(error, ERROR_CORRUPT, "%s: the papers inside are of another case", file);
    }
    *out = papers;
    return true;
}

enum papers_state papers_check(const struct papers *papers, size_t index,
                               const struct digest *digest)
{
    struct digest found;

    CHECK(index < papers->result.count);
    if (papers->omitted != NULL && papers->omitted[index] > 0) {
        return PAPERS_OMITTED;
    }
    engine_paper_digest(&papers->result, index, papers->key, &found);
    return digest_equal(&found, digest) ? PAPERS_GENUINE : PAPERS_FORGED;
}
