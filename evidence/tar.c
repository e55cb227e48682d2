#include "evidence/tar.h"

#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/check.h"
#include "evidence/index.h"
#include "evidence/path.h"
#include "evidence/value.h"
#include "formats/text.h"

#define FILE_MODE 0644

struct tar_writer {
    struct archive *archive;
    bool names_are_ascii;
    struct archive_entry *entry;
};

static bool fail_write(struct tar_writer *writer, struct error *error)
{
    const char *reason = archive_error_string(writer->archive);

    return error_set(error, ERROR_IO, "the archive cannot be written: %s",
                     reason == NULL ? "for no reason known" : reason);
}

static la_ssize_t append_block(struct archive *archive, void *context, const void *data,
                               size_t size)
{
    (void)archive;
    buffer_append(context, data, size);
    return (la_ssize_t)size;
}

bool tar_create(struct buffer *out, bool names_are_ascii, struct tar_writer **writer_out,
                struct error *error)
{
    struct tar_writer *writer = calloc(1, sizeof(*writer));

    CHECK(writer != NULL);
    writer->archive = archive_write_new();
    writer->entry = archive_entry_new();
    CHECK(writer->archive != NULL);
    CHECK(writer->entry != NULL);
    writer->names_are_ascii = names_are_ascii;
    /* Other names are written as bytes: no conversion that depends on the locale. */
    if (archive_write_set_format_pax_restricted(writer->archive) != ARCHIVE_OK ||
        (!names_are_ascii &&
         archive_write_set_options(writer->archive, "hdrcharset=BINARY") != ARCHIVE_OK) ||
        archive_write_add_filter_none(writer->archive) != ARCHIVE_OK ||
        archive_write_open(writer->archive, out, NULL, append_block, NULL) != ARCHIVE_OK) {
        (void)fail_write(writer, error);
        tar_destroy(writer);
        return false;
    }
    *writer_out = writer;
    return true;
}

bool tar_add(struct tar_writer *writer, const char *path, struct bytes content, struct error *error)
{
    struct archive_entry *entry = archive_entry_clear(writer->entry);

    CHECK(!writer->names_are_ascii || text_is_ascii(path));
    archive_entry_copy_pathname(entry, path);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, FILE_MODE);
    archive_entry_set_size(entry, (la_int64_t)content.size);
    archive_entry_set_mtime(entry, 0, 0);
    if (archive_write_header(writer->archive, entry) != ARCHIVE_OK) {
        return fail_write(writer, error);
    }
    if (content.size > 0 && archive_write_data(writer->archive, content.data, content.size) !=
                                (la_ssize_t)content.size) {
        return fail_write(writer, error);
    }
    return true;
}

bool tar_finish(struct tar_writer *writer, struct error *error)
{
    return archive_write_close(writer->archive) == ARCHIVE_OK || fail_write(writer, error);
}

void tar_destroy(struct tar_writer *writer)
{
    if (writer != NULL) {
        archive_entry_free(writer->entry);
        archive_write_free(writer->archive);
        free(writer);
    }
}

struct reader {
    struct archive *archive;
    tar_pull *pull;
    void *context;
    struct arena *arena;
    struct buffer files; /* struct source_file */
    uint64_t total;      /* Bytes of the files so far. */
    bool has_failed;     /* PULL failed and filled the error. */
    struct error *error;
};

static la_ssize_t pull_block(struct archive *archive, void *context, const void **data)
{
    struct reader *reader = context;
    struct bytes block = {0};

    (void)archive;
    if (reader->has_failed || !reader->pull(reader->context, &block, reader->error)) {
        reader->has_failed = true;
        return ARCHIVE_FATAL;
    }
    *data = block.data;
    return (la_ssize_t)block.size;
}

static bool fail_read(struct reader *reader)
{
    char quote[VALUE_QUOTE_SIZE];
    const char *reason = archive_error_string(reader->archive);

    if (reader->has_failed) {
        return false;
    }
    return error_set(reader->error, ERROR_CORRUPT, "the archive is damaged behind entry %zu: %s",
                     reader->files.size / sizeof(struct source_file),
                     value_quote(reason == NULL ? "" : reason, quote));
}

/* What the entry is, when it is no regular file that stands for itself. */
static const char *problem_of(struct archive_entry *entry)
{
    if (archive_entry_hardlink(entry) != NULL || archive_entry_symlink(entry) != NULL) {
        return "is a link";
    }
    if (archive_entry_filetype(entry) == AE_IFDIR) {
        return "is a directory; only files are packed";
    }
    if (archive_entry_filetype(entry) != AE_IFREG) {
        return "is a device, pipe or socket";
    }
    if (archive_entry_sparse_count(entry) > 0) {
        return "has holes";
    }
    return NULL;
}

static bool check_entry(struct reader *reader, struct archive_entry *entry)
{
    char quote[VALUE_QUOTE_SIZE];
    const char *path = archive_entry_pathname(entry);
    const char *problem = problem_of(entry);
    la_int64_t size = archive_entry_size(entry);
    struct error reason;

    if (path == NULL) {
        return error_set(reader->error, ERROR_INVALID, "entry %zu of the archive has no name",
                         reader->files.size / sizeof(struct source_file) + 1);
    }
    (void)value_quote(path, quote);
    if (!path_check(path, &reason)) {
        return error_set(reader->error, ERROR_INVALID, "the name %s in the archive %s", quote,
                         reason.message);
    }
    if (problem != NULL) {
        return error_set(reader->error, ERROR_INVALID, "%s in the archive %s", quote, problem);
    }
    if (reader->files.size / sizeof(struct source_file) >= SOURCE_FILES_MAX) {
        return error_set(reader->error, ERROR_LIMIT, "the archive has more than %d files",
                         SOURCE_FILES_MAX);
    }
    if (size < 0 || (uint64_t)size > TAR_SIZE_MAX - reader->total) {
        return error_set(reader->error, ERROR_LIMIT,
                         "with %s the archive has more than %d bytes of files", quote,
                         TAR_SIZE_MAX);
    }
    return true;
}

static bool read_entry(struct reader *reader, struct archive_entry *entry)
{
    if (!check_entry(reader, entry)) {
        return false;
    }
    struct source_file file = {.path = arena_text(reader->arena, archive_entry_pathname(entry)),
                               .size = (uint64_t)archive_entry_size(entry)};
    uint8_t *data = arena_alloc(reader->arena, (size_t)file.size);
    size_t done = 0;

    if (file.path == NULL || data == NULL) {
        return error_set(reader->error, ERROR_LIMIT, "there is no room for the archive");
    }
    while (done < file.size) {
        la_ssize_t count =
            archive_read_data(reader->archive, data + done, (size_t)file.size - done);

        if (count <= 0) {
            return fail_read(reader);
        }
        done += (size_t)count;
    }
    file.data = data;
    reader->total += file.size;
    buffer_append(&reader->files, &file, sizeof(file));
    return true;
}

static bool read_entries(struct reader *reader)
{
    struct archive_entry *entry = NULL;

    for (;;) {
        int status = archive_read_next_header(reader->archive, &entry);

        if (status == ARCHIVE_EOF) {
            return !reader->has_failed;
        }
        if (status != ARCHIVE_OK) {
            return fail_read(reader);
        }
        if (!read_entry(reader, entry)) {
            return false;
        }
    }
}

/* Two names that a file system without capitals or with other accents would hold for one. */
static bool check_names(struct reader *reader, const struct source *files)
{
    struct index index;
    uint32_t other = 0;

    if (!index_init(&index, files->file_count, reader->arena)) {
        return error_set(reader->error, ERROR_LIMIT, "there is no room for the archive");
    }
    for (size_t i = 0; i < files->file_count; i++) {
        const char *name = text_fold(files->files[i].path, reader->arena);

        if (name == NULL) {
            return error_set(reader->error, ERROR_LIMIT, "there is no room for the archive");
        }
        if (!index_add(&index, bytes_of_text(name), (uint32_t)i, &other)) {
            char quote[VALUE_QUOTE_SIZE];
            char other_quote[VALUE_QUOTE_SIZE];

            return error_set(reader->error, ERROR_INVALID,
                             "the names %s and %s in the archive are the same",
                             value_quote(files->files[other].path, other_quote),
                             value_quote(files->files[i].path, quote));
        }
    }
    return true;
}

static bool read_all(struct reader *reader, struct source *out)
{
    struct bytes block = {0};

    if (archive_read_support_filter_none(reader->archive) != ARCHIVE_OK ||
        archive_read_support_format_tar(reader->archive) != ARCHIVE_OK ||
        archive_read_open(reader->archive, reader, NULL, pull_block, NULL) != ARCHIVE_OK) {
        return fail_read(reader);
    }
    if (!read_entries(reader)) {
        return false;
    }
    do { /* What fills up the last block. */
        if (!reader->pull(reader->context, &block, reader->error)) {
            return false;
        }
    } while (block.size > 0);
    *out = (struct source){
        .directory = -1,
        .file_count = reader->files.size / sizeof(struct source_file),
        .files =
            (struct source_file *)arena_copy(reader->arena, reader->files.data, reader->files.size),
    };
    if (out->files == NULL) {
        return error_set(reader->error, ERROR_LIMIT, "there is no room for the archive");
    }
    return check_names(reader, out);
}

bool tar_read(tar_pull *pull, void *context, struct arena *arena, struct source *out,
              struct error *error)
{
    struct reader reader = {.archive = archive_read_new(),
                            .pull = pull,
                            .context = context,
                            .arena = arena,
                            .error = error};
    struct source files;

    CHECK(reader.archive != NULL);

    bool is_read = read_all(&reader, &files);

    archive_read_free(reader.archive);
    buffer_finish(&reader.files);
    if (is_read) {
        *out = files;
    }
    return is_read;
}
