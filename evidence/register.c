#include "evidence/register.h"

#include <string.h>

#include "base/check.h"
#include "evidence/load.h"
#include "evidence/path.h"
#include "evidence/value.h"
#include "formats/csv.h"
#include "formats/text.h"
#include "formats/tree.h"

#define UNKNOWN_MAX 32 /* Unknown columns of one file that are warned of. */

/* A cell before it is understood. */
struct raw {
    const char *text;        /* NULL: empty. */
    const struct tree *list; /* A list of YAML or JSON; then text is NULL. */
    uint32_t line;
};

/* One file being read. */
struct file_reader {
    struct register_reader *shared;
    const struct schema_table *table;
    const char *file;
    struct dataset_table *out;
    bool has_converted[SCHEMA_COLUMNS_MAX]; /* A date of the column was; said once. */
    size_t unknown_count;
    const char *unknown[UNKNOWN_MAX];
    const char *id; /* Of the row being read, or NULL. */
};

static struct notes_place place_of(const struct file_reader *reader, size_t column, uint32_t line)
{
    return (struct notes_place){
        .file = reader->file, .line = line, .column = reader->table->columns[column].name};
}

static void note_error(const struct file_reader *reader, size_t column, uint32_t line,
                       const char *message)
{
    struct notes_place place = place_of(reader, column, line);

    notes_error(reader->shared->notes, &place, "%s", message);
}

static void note_file(const struct file_reader *reader, uint32_t line, const char *message)
{
    struct notes_place place = {.file = reader->file, .line = line};

    notes_error(reader->shared->notes, &place, "%s", message);
}

static const char *const no_room = "there is no room for more evidence";

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* TEXT of SIZE bytes without white space around it. */
static struct bytes trim(const char *text, size_t size)
{
    while (size > 0 && is_space(text[0])) {
        text++;
        size--;
    }
    while (size > 0 && is_space(text[size - 1])) {
        size--;
    }
    return bytes_of(text, size);
}

/* The same as a text that ends in NUL, copied only where something has to be cut off; NULL when
 * nothing is left or there is no room. */
static const char *trim_text(const struct file_reader *reader, const char *text)
{
    struct bytes trimmed = trim(text, strlen(text));

    if (trimmed.size == 0) {
        return NULL;
    }
    if (trimmed.data[trimmed.size] == '\0') {
        return (const char *)trimmed.data;
    }
    return arena_copy(reader->shared->arena, trimmed.data, trimmed.size);
}

static bool read_date(struct file_reader *reader, size_t column, const struct raw *raw,
                      struct dataset_value *out, struct error *error)
{
    const char *period_end = reader->shared->period_end;
    char date[VALUE_DATE_SIZE];
    bool is_converted = false;

    if (!value_read_date(raw->text, date, &is_converted, error)) {
        return false;
    }
    if (is_converted && !reader->has_converted[column]) {
        struct notes_place place = place_of(reader, column, raw->line);
        char quote[VALUE_QUOTE_SIZE];

        notes_warning(reader->shared->notes, &place,
                      "%s is read as %s, and so are further dates of this column",
                      value_quote(raw->text, quote), date);
        reader->has_converted[column] = true;
    }
    if (!reader->table->columns[column].is_future && period_end != NULL &&
        strcmp(date, period_end) > 0) {
        return error_set(error, ERROR_INVALID,
                         "%s lies after the end of the period, %s; what is done later belongs to "
                         "the next period",
                         date, period_end);
    }
    out->type = DATASET_TEXT;
    out->text = is_converted ? arena_text(reader->shared->arena, date) : raw->text;
    return out->text != NULL || error_set(error, ERROR_LIMIT, "%s", no_room);
}

/* A, B and C, one behind the other; NULL when there is no room. */
static const char *join(struct arena *arena, const char *a, const char *b, const char *c)
{
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    size_t c_size = strlen(c);
    char *text = arena_alloc(arena, a_size + b_size + c_size + 1);

    if (text != NULL) {
        memcpy(text, a, a_size);
        memcpy(text + a_size, b, b_size);
        memcpy(text + a_size + b_size, c, c_size);
    }
    return text;
}

/* The file of the source that a cell names, with "documents/" before it or without. */
static struct source_file *find_file(const struct source *source, const char *text)
{
    char path[sizeof("documents/") + PATH_SIZE_MAX] = "documents/";

    if (strncmp(text, path, strlen(path)) == 0) {
        return source_find(source, text);
    }
    memcpy(path + strlen(path), text, strlen(text) + 1);
    return source_find(source, path);
}

static bool read_file(struct file_reader *reader, const char *text, struct dataset_value *out,
                      struct error *error)
{
    struct register_reader *shared = reader->shared;
    char quote[VALUE_QUOTE_SIZE];
    struct error problem;

    if (!path_check(text, &problem)) {
        return error_set(error, ERROR_INVALID, "%s %s", value_quote(text, quote), problem.message);
    }
    struct source_file *file = find_file(shared->source, text);

    if (file == NULL) {
        return error_set(error, ERROR_INVALID, "there is no file %s in documents/",
                         value_quote(text, quote));
    }
    if (file->problem != NULL) {
        return error_set(error, ERROR_INVALID, "the file %s %s", value_quote(text, quote),
                         file->problem);
    }
    struct dataset_file cited = {.path = file->path,
                                 .cited_by = join(shared->arena, reader->table->name, ":",
                                                  reader->id == NULL ? "" : reader->id)};

    if (cited.cited_by == NULL || shared->files.size / sizeof(cited) >= REGISTER_REFERENCES_MAX) {
        return error_set(error, ERROR_LIMIT, "%s", no_room);
    }
    buffer_append(&shared->files, &cited, sizeof(cited));
    *out = (struct dataset_value){.type = DATASET_TEXT, .text = file->path};
    return true;
}

static bool remember_reference(struct file_reader *reader, size_t column, struct bytes text,
                               uint32_t line, struct error *error)
{
    struct buffer *references = &reader->shared->references;
    struct register_reference reference = {
        .table = reader->table->columns[column].table_index,
        .text = text,
        .place = place_of(reader, column, line),
    };

    if (references->size / sizeof(reference) >= REGISTER_REFERENCES_MAX) {
        return error_set(error, ERROR_LIMIT, "the evidence has more than %d references",
                         REGISTER_REFERENCES_MAX);
    }
    buffer_append(references, &reference, sizeof(reference));
    return true;
}

/* A list being put together. */
struct list {
    struct file_reader *reader;
    size_t column;
    uint32_t line;
    struct buffer joined; /* Elements with ';' between them. */
    size_t count;
};

/* Checks one element and appends it; empty ones do not count. */
static bool add_element(struct list *list, struct bytes element, struct error *error)
{
    const struct schema_column *column = &list->reader->table->columns[list->column];
    const char *text;

    if (element.size == 0) {
        return true;
    }
    if (++list->count > LOAD_ELEMENTS_MAX) {
        return error_set(error, ERROR_LIMIT, "the list has more than %d elements",
                         LOAD_ELEMENTS_MAX);
    }
    text = arena_copy(list->reader->shared->arena, element.data, element.size);
    if (text == NULL) {
        return error_set(error, ERROR_LIMIT, "%s", no_room);
    }
    if (strchr(text, ';') != NULL) {
        return error_set(error, ERROR_INVALID, "an element of a list cannot hold a semicolon");
    }
    if (column->table_name != NULL) {
        if (!value_check_id(text, error) ||
            !remember_reference(list->reader, list->column, bytes_of_text(text), list->line,
                                error)) {
            return false;
        }
    } else if (column->holds_requirements && !value_read_requirement(text, &text, error)) {
        return false;
    }
    if (list->joined.size > 0) {
        buffer_append_byte(&list->joined, ';');
    }
    buffer_append_text(&list->joined, text);
    return true;
}

static bool add_elements(struct list *list, const struct raw *raw, struct error *error)
{
    if (raw->list == NULL) {
        for (const char *at = raw->text;; at++) {
            size_t size = strcspn(at, ";");

            if (!add_element(list, trim(at, size), error)) {
                return false;
            }
            at += size;
            if (*at == '\0') {
                return true;
            }
        }
    }
    for (const struct tree *node = raw->list->child; node != NULL; node = node->next) {
        if (node->type == TREE_LIST || node->type == TREE_MAP) {
            return error_set(error, ERROR_INVALID, "an element of a list is a word");
        }
        if (node->type != TREE_NULL &&
            !add_element(list, trim(node->text, strlen(node->text)), error)) {
            return false;
        }
    }
    return true;
}

static bool read_list(struct file_reader *reader, size_t column, const struct raw *raw,
                      struct dataset_value *out, struct error *error)
{
    struct list list = {.reader = reader, .column = column, .line = raw->line};
    bool is_read = add_elements(&list, raw, error);

    if (is_read && list.joined.size > LOAD_CELL_MAX) {
        is_read = error_set(error, ERROR_LIMIT, "the list has more than %d bytes", LOAD_CELL_MAX);
    } else if (is_read && list.count > 0) {
        out->type = DATASET_TEXT;
        out->text = arena_copy(reader->shared->arena, list.joined.data, list.joined.size);
        is_read = out->text != NULL || error_set(error, ERROR_LIMIT, "%s", no_room);
    }
    buffer_finish(&list.joined);
    return is_read;
}

static bool check_text(const char *text, struct error *error)
{
    if (strnlen(text, LOAD_CELL_MAX + 1) > LOAD_CELL_MAX) {
        return error_set(error, ERROR_LIMIT, "the text has more than %d bytes", LOAD_CELL_MAX);
    }
    if (text_has_control(text)) {
        return error_set(error, ERROR_INVALID, "the text holds a control character");
    }
    return true;
}

static bool read_cell(struct file_reader *reader, size_t column, const struct raw *raw,
                      struct dataset_value *out, struct error *error)
{
    const struct schema_column *schema = &reader->table->columns[column];

    if (raw->text != NULL && !check_text(raw->text, error)) {
        return false;
    }
    if (schema->type == SCHEMA_LIST) {
        return read_list(reader, column, raw, out, error);
    }
    if (raw->list != NULL) {
        return error_set(error, ERROR_INVALID, "takes one value, not a list");
    }
    if (schema->type == SCHEMA_DATE) {
        return read_date(reader, column, raw, out, error);
    }
    if (schema->type == SCHEMA_FILE) {
        return read_file(reader, raw->text, out, error);
    }
    if (!value_read(schema, raw->text, out, error)) {
        return false;
    }
    return schema->type != SCHEMA_REFERENCE ||
           remember_reference(reader, column, bytes_of_text(out->text), raw->line, error);
}

/* Understands the cells RAWS of the row at LINE, which becomes the next row of the table. */
static void read_row(struct file_reader *reader, const struct raw *raws, uint32_t line)
{
    size_t column_count = reader->table->column_count;
    struct dataset_table *out = reader->out;
    struct dataset_value *values = &out->values[out->row_count++ * column_count];
    uint32_t found = 0;

    reader->id = NULL;
    for (size_t i = 0; i < column_count; i++) {
        struct error error;

        if (raws[i].text == NULL && raws[i].list == NULL) {
            if (reader->table->columns[i].is_required) {
                note_error(reader, i, line, "is empty, and every row needs one");
            }
        } else if (!read_cell(reader, i, &raws[i], &values[i], &error)) {
            note_error(reader, i, raws[i].line, error.message);
            values[i] = (struct dataset_value){0};
        }
        if (i == 0 && values[0].type == DATASET_TEXT) {
            reader->id = values[0].text;
        }
    }
    struct index *ids = &reader->shared->ids[reader->table - reader->shared->schema->tables];

    if (reader->id != NULL && !index_add(ids, bytes_of_text(reader->id), line, &found)) {
        struct notes_place place = place_of(reader, 0, line);

        notes_error(reader->shared->notes, &place, "\"%s\" is the id of line %u already",
                    reader->id, found);
    }
}

/* Makes room for ROW_COUNT rows. */
static bool make_room(struct file_reader *reader, size_t row_count)
{
    struct arena *arena = reader->shared->arena;
    struct index *ids = &reader->shared->ids[reader->table - reader->shared->schema->tables];

    reader->out->values =
        arena_array(arena, row_count * reader->table->column_count, sizeof(struct dataset_value));
    if (reader->out->values == NULL || !index_init(ids, row_count, arena)) {
        note_file(reader, 0, no_room);
        return false;
    }
    return true;
}

/* The column NAME, or SIZE_MAX; warns of each unknown name once. LIKELY is where it is looked for
 * first: columns mostly come in the order of the schema. */
static size_t find_column(struct file_reader *reader, const char *name, size_t likely,
                          uint32_t line)
{
    const char *names[SCHEMA_COLUMNS_MAX];
    char quote[VALUE_QUOTE_SIZE];
    bool is_likely = likely < reader->table->column_count &&
                     strcmp(reader->table->columns[likely].name, name) == 0;
    size_t found = is_likely ? likely : schema_find_column(reader->table, name);

    for (size_t i = 0; i < reader->unknown_count && found == SIZE_MAX; i++) {
        if (strcmp(reader->unknown[i], name) == 0) {
            return SIZE_MAX;
        }
    }
    if (found != SIZE_MAX || reader->unknown_count == UNKNOWN_MAX) {
        return found;
    }
    for (size_t i = 0; i < reader->table->column_count; i++) {
        names[i] = reader->table->columns[i].name;
    }
    const char *near = text_nearest(name, names, reader->table->column_count);
    struct notes_place place = {.file = reader->file, .line = line};

    notes_warning(reader->shared->notes, &place, "the column %s is not known and not read%s%s%s",
                  value_quote(name, quote), near == NULL ? "" : "; did you mean \"",
                  near == NULL ? "" : near, near == NULL ? "" : "\"?");
    reader->unknown[reader->unknown_count++] = name;
    return SIZE_MAX;
}

/* Finds for each column of the file that of the schema, SIZE_MAX where there is none. */
static bool map_header(struct file_reader *reader, const struct csv *csv, size_t *map)
{
    bool is_seen[SCHEMA_COLUMNS_MAX] = {false};
    bool is_good = true;
    size_t likely = 0;

    for (size_t i = 0; i < csv->column_count; i++) {
        const char *name = trim_text(reader, csv->header[i].text);

        map[i] = SIZE_MAX;
        for (size_t row = 0; name == NULL && row < csv->row_count; row++) {
            if (csv->cells[row * csv->column_count + i].text[0] != '\0') {
                name = "";
            }
        }
        map[i] = name == NULL ? SIZE_MAX : find_column(reader, name, likely, csv->header[i].line);
        if (map[i] == SIZE_MAX) {
            continue;
        }
        likely = map[i] + 1;
        if (is_seen[map[i]]) {
            note_error(reader, map[i], csv->header[i].line, "is there a second time");
            is_good = false;
        }
        is_seen[map[i]] = true;
    }
    for (size_t i = 0; i < reader->table->column_count; i++) {
        if (reader->table->columns[i].is_required && !is_seen[i]) {
            note_error(reader, i, csv->header[0].line, "is missing");
            is_good = false;
        }
    }
    return is_good;
}

static void read_csv(struct file_reader *reader, struct bytes content)
{
    size_t map[CSV_COLUMNS_MAX];
    struct notes_place place = {.file = reader->file};
    struct csv csv;
    struct error error;

    if (!csv_parse(content, reader->file, reader->shared->arena, &csv, &error)) {
        notes_error(reader->shared->notes, NULL, "%s", error.message);
        return;
    }
    if (csv.is_windows_1252) {
        notes_warning(reader->shared->notes, &place,
                      "is Windows-1252 and was converted; save it as UTF-8");
    }
    if (!map_header(reader, &csv, map) || !make_room(reader, csv.row_count)) {
        return;
    }
    for (size_t row = 0; row < csv.row_count; row++) {
        const struct csv_cell *cells = &csv.cells[row * csv.column_count];
        struct raw raws[SCHEMA_COLUMNS_MAX] = {{0}};

        for (size_t i = 0; i < csv.column_count; i++) {
            if (map[i] != SIZE_MAX && cells[i].text[0] != '\0') {
                raws[map[i]].text = trim_text(reader, cells[i].text);
                raws[map[i]].line = cells[i].line;
            }
        }
        read_row(reader, raws, cells[0].line);
    }
}

/* Sorts the members of a record into RAWS. */
static void spread_record(struct file_reader *reader, const struct tree *record, struct raw *raws)
{
    size_t likely = 0;

    for (const struct tree *member = record->child; member != NULL; member = member->next) {
        size_t column = find_column(reader, member->key, likely, member->line);

        likely = column == SIZE_MAX ? likely : column + 1;
        if (column == SIZE_MAX || member->type == TREE_NULL) {
            continue;
        }
        raws[column].line = member->line;
        if (member->type == TREE_MAP) {
            note_error(reader, column, member->line, "takes one value, not a map");
        } else if (member->type == TREE_LIST) {
            raws[column].list = member->count == 0 ? NULL : member;
        } else {
            raws[column].text = trim_text(reader, member->text);
        }
    }
}

static void read_tree(struct file_reader *reader, const struct tree *root)
{
    if (root->type == TREE_NULL) {
        return;
    }
    if (root->type != TREE_LIST) {
        note_file(reader, root->line, "want a list of records");
        return;
    }
    if (!make_room(reader, root->count)) {
        return;
    }
    for (const struct tree *record = root->child; record != NULL; record = record->next) {
        struct raw raws[SCHEMA_COLUMNS_MAX] = {{0}};

        if (record->type != TREE_MAP) {
            note_file(reader, record->line, "a record is a map of columns and values");
            continue;
        }
        spread_record(reader, record, raws);
        read_row(reader, raws, record->line);
    }
}

void register_read(struct register_reader *shared, size_t table_index, struct source_file *file,
                   struct dataset_table *out)
{
    struct file_reader reader = {.shared = shared,
                                 .table = &shared->schema->tables[table_index],
                                 .file = file->path,
                                 .out = out};
    const char *extension = strrchr(file->path, '.');
    struct bytes content;
    struct tree *tree = NULL;
    struct error error;

    CHECK(extension != NULL);
    if (!source_read(shared->source, file, shared->arena, &content, &error)) {
        notes_error(shared->notes, NULL, "%s", error.message);
        return;
    }
    if (strcmp(extension, ".csv") == 0) {
        read_csv(&reader, content);
        return;
    }
    bool is_read = strcmp(extension, ".json") == 0
                       ? tree_parse_json(content, file->path, shared->arena, &tree, &error)
                       : tree_parse_yaml(content, file->path, shared->arena, &tree, &error);

    if (!is_read) {
        notes_error(shared->notes, NULL, "%s", error.message);
        return;
    }
    read_tree(&reader, tree);
}
