#include "evidence/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"
#include "formats/csv.h"
#include "formats/json.h"

#define FILE_NAME_SIZE 80

struct writer {
    int directory;
    const struct schema *schema;
    const struct init_options *options;
    struct buffer text; /* Of the file being made. */
    struct error *error;
};

/* Writes the text as the new file PATH and empties it. */
static bool save(struct writer *writer, const char *path)
{
    int fd = openat(writer->directory, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int reason = errno;

    if (fd < 0) {
        return error_set(writer->error, reason == EEXIST ? ERROR_CONFLICT : ERROR_IO, "%s: %s",
                         path, strerror(reason));
    }
    FILE *file = fdopen(fd, "wb");

    CHECK(file != NULL);

    bool is_written = fwrite(writer->text.data, 1, writer->text.size, file) == writer->text.size;

    reason = errno;
    if (fclose(file) != 0 && is_written) {
        is_written = false;
        reason = errno;
    }
    buffer_clear(&writer->text);
    return is_written || error_set(writer->error, ERROR_IO, "%s: %s", path, strerror(reason));
}

/* A line "KEY: VALUE"; a JSON text is a YAML text too. */
static void append_statement(struct buffer *out, const char *key, const char *value)
{
    buffer_format(out, "%s:", key);
    if (value != NULL) {
        struct json *text = json_text(value);

        buffer_append_byte(out, ' ');
        json_write(text, out);
        json_destroy(text);
    }
    buffer_append_byte(out, '\n');
}

static bool write_aims(struct writer *writer)
{
    struct buffer *text = &writer->text;
    const struct init_options *options = writer->options;

    buffer_format(text, "schema: %d\n", writer->schema->version);
    append_statement(text, "organisation", options->organisation);
    buffer_append_text(text, "# initial, surveillance, recertification or internal\n"
                             "purpose: internal\n"
                             "# First and last day of the period that the evidence covers.\n");
    append_statement(text, "period_start", options->period_start);
    append_statement(text, "period_end", options->period_end);
    buffer_append_text(
        text, "# What each register claims to be. One with rows is complete unless it says\n"
              "# otherwise; one without rows and without a claim says nothing at all:\n"
              "#   incidents: {claim: none, reason: \"No incident happened in the period.\"}\n"
              "#   ai_systems: {claim: partial, reason: \"The inventory of one site is open.\"}\n"
              "registers: {}\n");
    return save(writer, "aims.yaml");
}

static bool is_wanted(const struct writer *writer, const struct schema_table *table)
{
    return table->is_small || !writer->options->is_small;
}

/* One row for each control: its id as the key and as the control, its title, its origin. */
static void append_controls(struct writer *writer, const struct schema_table *table)
{
    for (size_t row = 0; row < writer->options->control_count; row++) {
        const struct init_control *control = &writer->options->controls[row];

        for (size_t i = 0; i < table->column_count; i++) {
            const char *name = table->columns[i].name;
            const char *cell = "";

            if (strcmp(name, "id") == 0 || strcmp(name, "control_id") == 0) {
                cell = control->id;
            } else if (strcmp(name, "title") == 0) {
                cell = control->title;
            } else if (strcmp(name, "origin") == 0) {
                cell = "annex_a";
            }
            buffer_append_text(&writer->text, i == 0 ? "" : ",");
            csv_write_cell(cell, &writer->text);
        }
        buffer_append_byte(&writer->text, '\n');
    }
}

static bool write_register(struct writer *writer, const struct schema_table *table)
{
    char path[FILE_NAME_SIZE];

    for (size_t i = 0; i < table->column_count; i++) {
        buffer_append_text(&writer->text, i == 0 ? "" : ",");
        csv_write_cell(table->columns[i].name, &writer->text);
    }
    buffer_append_byte(&writer->text, '\n');
    if (strcmp(table->name, "soa") == 0) {
        append_controls(writer, table);
    }
    (void)snprintf(path, sizeof(path), "registers/%s.csv", table->name);
    return save(writer, path);
}

/* What may stand in COLUMN, for people. */
static void append_type(const struct schema_column *column, struct buffer *out)
{
    switch (column->type) {
    case SCHEMA_ID:
        buffer_append_text(out, "id");
        break;
    case SCHEMA_TEXT:
        buffer_append_text(out, "text");
        break;
    case SCHEMA_DATE:
        buffer_append_text(out, column->is_future ? "date" : "date, not after the period");
        break;
    case SCHEMA_INTEGER:
        buffer_append_text(out, "whole number");
        break;
    case SCHEMA_BOOLEAN:
        buffer_append_text(out, "yes or no");
        break;
    case SCHEMA_CHOICE:
        for (size_t i = 0; i < column->choice_count; i++) {
            buffer_format(out, "%s%s", i == 0 ? "one of " : ", ", column->choices[i]);
        }
        break;
    case SCHEMA_REFERENCE:
        buffer_format(out, "id in %s", column->table_name);
        break;
    case SCHEMA_LIST:
        if (column->table_name != NULL) {
            buffer_format(out, "ids in %s, divided by ;", column->table_name);
        } else {
            buffer_append_text(out, column->holds_requirements ? "requirements, divided by ;"
                                                               : "words, divided by ;");
        }
        break;
    case SCHEMA_FILE:
        buffer_append_text(out, "path below documents/");
        break;
    default:
        CHECK_UNREACHABLE();
    }
    buffer_append_text(out, column->is_required ? "; required" : "");
}

static bool write_readme(struct writer *writer)
{
    struct buffer *out = &writer->text;

    buffer_append_text(
        out,
        "# Registers\n\n"
        "One CSV file for each register; a YAML or JSON file with the same columns is as good. "
        "Columns\n"
        "may stand in any order. An empty cell means unknown. Dates are written YYYY-MM-DD, and\n"
        "requirements like 6.1.2 as cl.6.1.2, because spreadsheets make dates of them.\n");
    for (size_t i = 0; i < writer->schema->table_count; i++) {
        const struct schema_table *table = &writer->schema->tables[i];

        if (!is_wanted(writer, table)) {
            continue;
        }
        buffer_format(out, "\n## %s\n\n%s\n\n| column | holds | meaning |\n|---|---|---|\n",
                      table->name, table->text);
        for (size_t j = 0; j < table->column_count; j++) {
            buffer_format(out, "| %s | ", table->columns[j].name);
            append_type(&table->columns[j], out);
            buffer_format(out, " | %s%s |\n", table->columns[j].text,
                          table->columns[j].is_self_declared ? " Counts only with other evidence."
                                                             : "");
        }
    }
    return save(writer, "registers/README.md");
}

static bool make_directory(int directory, const char *path, struct error *error)
{
    if (mkdirat(directory, path, 0755) != 0 && errno != EEXIST) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    return true;
}

static bool write_all(struct writer *writer)
{
    if (!make_directory(writer->directory, "registers", writer->error) ||
        !make_directory(writer->directory, "documents", writer->error) || !write_aims(writer) ||
        !write_readme(writer)) {
        return false;
    }
    for (size_t i = 0; i < writer->schema->table_count; i++) {
        const struct schema_table *table = &writer->schema->tables[i];

        if (is_wanted(writer, table) && !write_register(writer, table)) {
            return false;
        }
    }
    return true;
}

bool init_directory(const char *path, const struct schema *schema,
                    const struct init_options *options, struct error *error)
{
    struct writer writer = {.schema = schema, .options = options, .error = error};

    if (!make_directory(AT_FDCWD, path, error)) {
        return false;
    }
    writer.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (writer.directory < 0) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    bool is_written = write_all(&writer);

    close(writer.directory);
    buffer_finish(&writer.text);
    return is_written || error_wrap(error, "%s", path);
}
