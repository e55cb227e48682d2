#include "evidence/import.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "evidence/load.h"
#include "formats/csv.h"
#include "formats/json.h"

#define FORMAT_SIZE 1024 /* Bytes of a formatted text; longer ones are cut. */

void import_init(struct import_writer *writer, struct arena *arena)
{
    *writer = (struct import_writer){.arena = arena};
}

void import_finish(struct import_writer *writer)
{
    for (size_t i = 0; i < writer->register_count; i++) {
        buffer_finish(&writer->registers[i].text);
    }
}

size_t import_add_register(struct import_writer *writer, const char *name, const char *columns)
{
    size_t index = writer->register_count++;

    CHECK(index < IMPORT_REGISTERS_MAX);
    struct import_register *added = &writer->registers[index];

    *added = (struct import_register){.name = name, .columns = columns, .column_count = 1};
    for (const char *comma = strchr(columns, ','); comma != NULL; comma = strchr(comma + 1, ',')) {
        added->column_count++;
    }
    CHECK(added->column_count <= IMPORT_COLUMNS_MAX);
    buffer_append_text(&added->text, columns);
    buffer_append_byte(&added->text, '\n');
    return index;
}

void import_add_row(struct import_writer *writer, size_t index, const char *const *cells)
{
    CHECK(index < writer->register_count);
    struct import_register *list = &writer->registers[index];

    for (size_t i = 0; i < list->column_count; i++) {
        if (i > 0) {
            buffer_append_byte(&list->text, ',');
        }
        csv_write_cell(cells[i] == NULL ? "" : cells[i], &list->text);
    }
    buffer_append_byte(&list->text, '\n');
    list->row_count++;
}

void import_add_gap(struct import_writer *writer, const struct import_gap *gap)
{
    struct import_gap *added = arena_alloc(writer->arena, sizeof(*added));

    if (added == NULL) {
        writer->is_full = true;
        return;
    }
    *added = *gap;
    added->next = NULL;
    if (writer->last == NULL) {
        writer->first = added;
    } else {
        writer->last->next = added;
    }
    writer->last = added;
    writer->gap_count++;
}

/* Size of the white space at the start of TEXT; a no-break space is two bytes. */
static size_t space_size(const char *text)
{
    if (strncmp(text, "\xc2\xa0", 2) == 0) {
        return 2;
    }
    return *text != '\0' && strchr(" \t\r\n", *text) != NULL ? 1 : 0;
}

/* Where the white space at the end of TEXT begins. */
static size_t trimmed_size(const char *text, size_t size)
{
    while (size > 0) {
        if (space_size(text + size - 1) == 1) {
            size--;
        } else if (size > 1 && space_size(text + size - 2) == 2) {
            size -= 2;
        } else {
            return size;
        }
    }
    return 0;
}

/* The most bytes of TEXT up to SIZE that do not end within a character. */
static size_t whole_size(const char *text, size_t size)
{
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) {
        size--;
    }
    return size;
}

/* Replaces control characters in TEXT: C0, DEL and the two bytes of a C1. */
static void replace_controls(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at != '\0'; at++) {
        if ((*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7f) {
            *at = ' ';
        } else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) {
            at[0] = ' ';
            at[1] = ' ';
        }
    }
}

const char *import_clean(struct import_writer *writer, const char *text, bool *is_cut)
{
    *is_cut = false;
    for (size_t size = space_size(text); size > 0; size = space_size(text)) {
        text += size;
    }
    size_t size = trimmed_size(text, strlen(text));

    if (size > LOAD_CELL_MAX) {
        *is_cut = true;
        size = trimmed_size(text, whole_size(text, LOAD_CELL_MAX));
    }
    char *copy = arena_copy(writer->arena, text, size);

    if (copy == NULL) {
        writer->is_full = true;
        return "";
    }
    replace_controls(copy);
    return copy;
}

const char *import_format(struct import_writer *writer, const char *format, ...)
{
    char text[FORMAT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    size_t size = strlen(text);

    /* A text that fills the buffer may end within a character. */
    if (size == FORMAT_SIZE - 1) {
        size = whole_size(text, size - 1);
    }
    const char *copy = arena_copy(writer->arena, text, size);

    writer->is_full = writer->is_full || copy == NULL;
    return copy == NULL ? "" : copy;
}

/* A JSON text is a YAML text too. */
static void append_quoted(struct buffer *out, const char *text)
{
    struct json *json = json_text(text);

    json_write(json, out);
    json_destroy(json);
}

static void append_statement(const struct import_writer *writer, const struct schema *schema,
                             const struct import_statement *statement, struct buffer *out)
{
    buffer_format(out, "schema: %d\norganisation: ", schema->version);
    append_quoted(out, statement->organisation);
    buffer_format(out, "\npurpose: internal\nperiod_start: %s\nperiod_end: %s\nregisters:\n",
                  statement->period_start, statement->period_end);
    for (size_t i = 0; i < writer->register_count; i++) {
        if (writer->registers[i].row_count > 0) {
            buffer_format(out, "  %s: {claim: partial, reason: ", writer->registers[i].name);
            append_quoted(out, statement->reason);
            buffer_append_text(out, "}\n");
        }
    }
}

static bool add_file(struct import_writer *writer, const char *path, struct bytes content,
                     struct source *out)
{
    char *copy = arena_copy(writer->arena, content.data, content.size);

    if (copy == NULL || path == NULL) {
        return false;
    }
    out->files[out->file_count++] =
        (struct source_file){.path = path, .size = content.size, .data = (const uint8_t *)copy};
    return true;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct source_file *)a)->path, ((const struct source_file *)b)->path);
}

bool import_files(struct import_writer *writer, const struct schema *schema,
                  const struct import_statement *statement, struct source *out, struct error *error)
{
    struct source made = {.directory = -1};
    struct buffer text = {0};

    made.files = arena_array(writer->arena, writer->register_count + 1, sizeof(*made.files));
    append_statement(writer, schema, statement, &text);
    bool is_made = !writer->is_full && made.files != NULL &&
                   add_file(writer, "aims.yaml", buffer_bytes(&text), &made);

    for (size_t i = 0; is_made && i < writer->register_count; i++) {
        const struct import_register *list = &writer->registers[i];

        if (list->row_count > 0) {
            is_made = add_file(writer, arena_format(writer->arena, "registers/%s.csv", list->name),
                               buffer_bytes(&list->text), &made);
        }
    }
    buffer_finish(&text);
    if (!is_made) {
        return error_set(error, ERROR_LIMIT, "there is too much to import");
    }
    qsort(made.files, made.file_count, sizeof(*made.files), compare_files);
    *out = made;
    return true;
}
