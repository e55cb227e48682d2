#include "evidence/load.h"

#include <string.h>

#include "base/check.h"
#include "evidence/register.h"
#include "evidence/value.h"
#include "formats/text.h"
#include "formats/tree.h"

#define ORGANISATION_MAX 200 /* Bytes. */

struct loader {
    struct register_reader reader;
    const struct source *source;
    const struct schema *schema;
    struct notes *notes;
    struct dataset set;
    bool is_stated[SCHEMA_TABLES_MAX]; /* aims.yaml makes a claim about the table. */
    struct notes_place stated[SCHEMA_TABLES_MAX];
    struct source_file *files[SCHEMA_TABLES_MAX]; /* That hold the tables. */
    bool is_unread[SCHEMA_TABLES_MAX]; /* The file is there and has errors, but no row. */
};

static void note(struct loader *loader, const struct tree *node, const char *what)
{
    char place[TREE_PLACE_SIZE];

    notes_error(loader->notes, NULL, "%s: %s", tree_place(node, place), what);
}

/* Words of which one is wanted. */
struct words {
    const char *kind; /* What they are, for errors. */
    size_t count;
    const char *const *list;
};

static void note_unknown(struct loader *loader, const struct tree *node, const char *text,
                         const struct words *words)
{
    char place[TREE_PLACE_SIZE];
    char quote[VALUE_QUOTE_SIZE];
    const char *near = text_nearest(text, words->list, words->count);

    notes_error(loader->notes, NULL, "%s: %s is no %s%s%s%s", tree_place(node, place),
                value_quote(text, quote), words->kind, near == NULL ? "" : "; did you mean ",
                near == NULL ? "" : near, near == NULL ? "" : "?");
}

/* The index of the text of NODE in WORDS, or SIZE_MAX with a note. */
static size_t read_word(struct loader *loader, const struct tree *node, const struct words *words)
{
    if (node->type != TREE_TEXT) {
        note(loader, node, "want a word");
        return SIZE_MAX;
    }
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(node->text, words->list[i]) == 0) {
            return i;
        }
    }
    note_unknown(loader, node, node->text, words);
    return SIZE_MAX;
}

/* The names of all registers, in an array of the caller. */
static struct words table_names(const struct schema *schema, const char *names[SCHEMA_TABLES_MAX])
{
    for (size_t i = 0; i < schema->table_count; i++) {
        names[i] = schema->tables[i].name;
    }
    return (struct words){.kind = "register", .count = schema->table_count, .list = names};
}

static void read_claim(struct loader *loader, const struct tree *node)
{
    static const char *const keys[] = {"claim", "reason", NULL};
    static const char *const claims[] = {"complete", "partial", "none"};
    static const struct words words = {.kind = "claim", .count = 3, .list = claims};
    const char *names[SCHEMA_TABLES_MAX];
    const struct tree *claim = tree_get(node, "claim");
    const struct tree *reason = tree_get(node, "reason");
    size_t table = schema_find_table(loader->schema, node->key);
    struct error error;

    if (table == SIZE_MAX) {
        struct words registers = table_names(loader->schema, names);

        note_unknown(loader, node, node->key, &registers);
        return;
    }
    if (!tree_only_keys(node, keys, &error)) {
        notes_error(loader->notes, NULL, "%s", error.message);
        return;
    }
    if (claim == NULL) {
        note(loader, node, "\"claim\" is missing: complete, partial or none");
        return;
    }
    size_t word = read_word(loader, claim, &words);

    if (word == SIZE_MAX) {
        return;
    }
    loader->set.tables[table].claim = (enum dataset_claim)(DATASET_COMPLETE + word);
    loader->is_stated[table] = true;
    loader->stated[table] = (struct notes_place){.file = claim->file, .line = claim->line};
    if (word > 0 && (reason == NULL || reason->type != TREE_TEXT || reason->text[0] == '\0')) {
        note(loader, node, "a register that is partial or none needs a \"reason\"");
    }
}

static void read_day(struct loader *loader, const struct tree *root, const char *key,
                     const char **out)
{
    char place[TREE_PLACE_SIZE];
    char date[VALUE_DATE_SIZE];
    const char *text = NULL;
    bool is_converted = false;
    struct error error;

    if (!tree_need_text(root, key, &text, &error)) {
        notes_error(loader->notes, NULL, "%s", error.message);
        return;
    }
    if (!value_read_date(text, date, &is_converted, &error)) {
        notes_error(loader->notes, NULL, "%s: \"%s\": %s", tree_place(tree_get(root, key), place),
                    key, error.message);
        return;
    }
    if (is_converted) {
        notes_error(loader->notes, NULL, "%s: \"%s\": write %s as %s",
                    tree_place(tree_get(root, key), place), key, text, date);
        return;
    }
    *out = text;
}

static void read_organisation(struct loader *loader, const struct tree *root)
{
    struct error error;
    const char *text = NULL;

    if (!tree_need_text(root, "organisation", &text, &error)) {
        notes_error(loader->notes, NULL, "%s", error.message);
    } else if (text[0] == '\0' || strlen(text) > ORGANISATION_MAX || text_has_control(text) ||
               strpbrk(text, "\n\t") != NULL) {
        note(loader, tree_get(root, "organisation"),
             "\"organisation\" is one line of 1 to 200 bytes");
    } else {
        loader->set.organisation = text;
    }
}

static void read_statements(struct loader *loader, const struct tree *root)
{
    static const char *const keys[] = {"schema",     "organisation", "purpose", "period_start",
                                       "period_end", "registers",    NULL};
    static const char *const purposes[] = {"initial", "surveillance", "recertification",
                                           "internal"};
    static const struct words words = {.kind = "purpose", .count = 4, .list = purposes};
    const struct tree *purpose = tree_get(root, "purpose");
    const struct tree *registers = tree_get(root, "registers");
    struct dataset *set = &loader->set;
    int64_t version = 0;
    struct error error;

    if (!tree_only_keys(root, keys, &error) ||
        !tree_need_integer(root, "schema", loader->schema->version, loader->schema->version,
                           &version, &error)) {
        notes_error(loader->notes, NULL, "%s", error.message);
    }
    read_organisation(loader, root);
    read_day(loader, root, "period_start", &set->period_start);
    read_day(loader, root, "period_end", &set->period_end);
    if (set->period_start != NULL && set->period_end != NULL &&
        strcmp(set->period_start, set->period_end) > 0) {
        note(loader, tree_get(root, "period_end"), "the period ends before it starts");
    }
    if (purpose == NULL) {
        note(loader, root, "\"purpose\" is missing");
    } else {
        size_t word = read_word(loader, purpose, &words);

        set->purpose = word == SIZE_MAX ? NULL : purposes[word];
    }
    if (registers != NULL && registers->type != TREE_MAP && registers->type != TREE_NULL) {
        note(loader, registers, "want a map of registers and claims");
    }
    for (const struct tree *node = registers == NULL ? NULL : registers->child; node != NULL;
         node = node->next) {
        read_claim(loader, node);
    }
}

static void read_aims(struct loader *loader)
{
    static const struct notes_place place = {.file = "aims.yaml"};
    struct source_file *file = source_find(loader->source, "aims.yaml");
    struct arena *arena = loader->reader.arena;
    struct tree *root = NULL;
    struct bytes content;
    struct error error;

    if (file == NULL) {
        notes_error(loader->notes, &place, "is missing");
        return;
    }
    file->is_used = true;
    if (!source_read(loader->source, file, arena, &content, &error) ||
        !tree_parse_yaml(content, "aims.yaml", arena, &root, &error)) {
        notes_error(loader->notes, NULL, "%s", error.message);
        return;
    }
    if (root->type != TREE_MAP) {
        notes_error(loader->notes, &place, "want a map with organisation, purpose and period");
        return;
    }
    read_statements(loader, root);
}

/* The table that the register file NAME (behind "registers/") holds, or SIZE_MAX. *IS_DATA tells
 * whether it has the extension of a register at all. */
static size_t table_of(const struct schema *schema, const char *name, bool *is_data)
{
    static const char *const extensions[] = {".csv", ".yaml", ".json"};
    const char *extension = strrchr(name, '.');
    char table[64];

    *is_data = false;
    for (size_t i = 0; i < 3 && extension != NULL; i++) {
        *is_data |= strcmp(extension, extensions[i]) == 0;
    }
    if (!*is_data || (size_t)(extension - name) >= sizeof(table)) {
        return SIZE_MAX;
    }
    memcpy(table, name, (size_t)(extension - name));
    table[extension - name] = '\0';
    return schema_find_table(schema, table);
}

static void warn_of_file(struct loader *loader, const struct source_file *file, const char *name,
                         bool is_data)
{
    struct notes_place place = {.file = file->path};
    const char *names[SCHEMA_TABLES_MAX];
    char stem[64];

    struct words registers = table_names(loader->schema, names);
    size_t size = strcspn(name, ".");

    size = size < sizeof(stem) ? size : sizeof(stem) - 1;
    memcpy(stem, name, size);
    stem[size] = '\0';
    const char *near = text_nearest(stem, registers.list, registers.count);

    notes_warning(loader->notes, &place, "%s and not read%s%s%s",
                  is_data ? "is no register that is known" : "is no .csv, .yaml or .json file",
                  near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                  near == NULL ? "" : "?");
}

/* Finds the file of each table. */
static void find_registers(struct loader *loader)
{
    for (size_t i = 0; i < loader->source->file_count; i++) {
        struct source_file *file = &loader->source->files[i];
        struct notes_place place = {.file = file->path};
        bool is_data = false;

        if (strncmp(file->path, "registers/", 10) != 0 ||
            strcmp(file->path, "registers/README.md") == 0) {
            continue;
        }
        size_t table = table_of(loader->schema, file->path + 10, &is_data);

        if (table == SIZE_MAX) {
            warn_of_file(loader, file, file->path + 10, is_data);
        } else if (loader->files[table] != NULL) {
            notes_error(loader->notes, &place, "%s holds the same register; keep one of them",
                        loader->files[table]->path);
        } else {
            loader->files[table] = file;
            file->is_used = true;
        }
    }
}

static void read_registers(struct loader *loader)
{
    for (size_t i = 0; i < loader->schema->table_count; i++) {
        struct dataset_table *table = &loader->set.tables[i];

        if (loader->files[i] != NULL) {
            size_t before = loader->notes->error_count;

            register_read(&loader->reader, i, loader->files[i], table);
            loader->is_unread[i] = loader->notes->error_count > before && table->row_count == 0;
        }
        if (!loader->is_stated[i] && table->row_count > 0) {
            table->claim = DATASET_COMPLETE;
        }
        if (table->claim == DATASET_NONE && table->row_count > 0) {
            notes_error(loader->notes, &loader->stated[i],
                        "the register %s is said to be none but has %zu rows",
                        loader->schema->tables[i].name, table->row_count);
        }
    }
}

static void check_references(struct loader *loader)
{
    const struct buffer *references = &loader->reader.references;

    for (size_t at = 0; at < references->size; at += sizeof(struct register_reference)) {
        struct register_reference reference;
        uint32_t line;

        memcpy(&reference, references->data + at, sizeof(reference));

        const struct index *ids = &loader->reader.ids[reference.table];

        /* What is in a register that could not be read is not known. */
        if (loader->is_unread[reference.table]) {
            continue;
        }
        if (ids->slots == NULL || !index_find(ids, reference.text, &line)) {
            notes_error(loader->notes, &reference.place, "\"%.*s\" is not an id in %s",
                        (int)reference.text.size, (const char *)reference.text.data,
                        loader->schema->tables[reference.table].name);
        }
    }
}

/* Takes the digests of the documents that were cited. */
static bool read_files(struct loader *loader, struct error *error)
{
    const struct buffer *cited = &loader->reader.files;
    struct dataset_file *files =
        (struct dataset_file *)arena_copy(loader->reader.arena, cited->data, cited->size);
    size_t count = cited->size / sizeof(*files);

    if (files == NULL) {
        return error_set(error, ERROR_LIMIT, "there is no room for the list of documents");
    }
    for (size_t i = 0; i < count; i++) {
        struct source_file *file = source_find(loader->source, files[i].path);

        CHECK(file != NULL);
        file->is_used = true;
        if (!source_digest(loader->source, file, error)) {
            return false;
        }
        files[i].sha256 = file->sha256;
        files[i].size = file->size;
    }
    loader->set.files = files;
    loader->set.file_count = count;
    return true;
}

bool load_source(const struct source *source, const struct schema *schema, struct notes *notes,
                 struct dataset *out, struct error *error)
{
    struct arena *arena = notes->arena;
    struct loader loader = {.source = source, .schema = schema, .notes = notes};

    loader.set.schema = schema;
    loader.set.tables = arena_array(arena, schema->table_count, sizeof(struct dataset_table));
    loader.reader = (struct register_reader){
        .source = source, .schema = schema, .arena = arena, .notes = notes};
    loader.reader.ids = arena_array(arena, schema->table_count, sizeof(struct index));
    if (loader.set.tables == NULL || loader.reader.ids == NULL) {
        return error_set(error, ERROR_LIMIT, "there is no room for the evidence");
    }
    for (size_t i = 0; i < schema->table_count; i++) {
        loader.set.tables[i].schema = &schema->tables[i];
    }
    read_aims(&loader);
    loader.reader.period_end = loader.set.period_end;
    find_registers(&loader);
    read_registers(&loader);
    check_references(&loader);

    bool is_loaded = notes_are_clean(notes, error) && read_files(&loader, error);

    buffer_finish(&loader.reader.references);
    buffer_finish(&loader.reader.files);
    if (is_loaded) {
        *out = loader.set;
    }
    return is_loaded;
}

bool load_directory(const char *path, const struct schema *schema, struct notes *notes,
                    struct dataset *out, struct error *error)
{
    struct source source;

    if (!source_open(path, notes->arena, &source, error)) {
        return false;
    }
    bool is_loaded = load_source(&source, schema, notes, out, error);

    source_close(&source);
    return is_loaded;
}
