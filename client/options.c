#include "client/options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "formats/text.h"

enum { VARIABLE_SIZE = 64 };

/* Options that every command has. */
static const struct command_option common[] = {
    {"json", 0, false, NULL, "the result as JSON on standard output"},
    {"help", 'h', false, NULL, "print this and exit"},
    {NULL, 0, false, NULL, NULL},
};

static const struct command_option *find_in(const struct command_option *table, const char *name,
                                            size_t length)
{
    for (; table->name != NULL; table++) {
        if (strlen(table->name) == length && memcmp(table->name, name, length) == 0) {
            return table;
        }
    }
    return NULL;
}

static const struct command_option *find_letter(const struct command_option *table, char letter)
{
    for (; table->name != NULL; table++) {
        if (letter != 0 && table->letter == letter) {
            return table;
        }
    }
    return NULL;
}

static bool fail_unknown(const struct command *command, const char *word, size_t length,
                         struct error *error)
{
    const char *names[OPTIONS_MAX + 2];
    char name[64];
    size_t count = 0;

    for (const struct command_option *option = command->options; option->name != NULL; option++) {
        names[count++] = option->name;
    }
    names[count++] = common[0].name;
    names[count++] = common[1].name;
    (void)snprintf(name, sizeof(name), "%.*s", (int)(length < 63 ? length : 63), word);
    const char *nearest = text_nearest(name, names, count);

    if (nearest != NULL) {
        return error_set(error, ERROR_INVALID, "there is no option --%s; did you mean --%s?", name,
                         nearest);
    }
    return error_set(error, ERROR_INVALID, "there is no option --%s; see aims %s -h", name,
                     command->name);
}

/* Where the words are read. */
struct reader {
    size_t count;
    size_t next;
    char **words;
    struct options *options;
};

static bool may_repeat(const struct command_option *option)
{
    size_t length = option->value == NULL ? 0 : strlen(option->value);

    return length > 3 && strcmp(option->value + length - 3, "...") == 0;
}

/* Keeps the VALUE of OPTION, whose first one may be there already. */
static bool keep_value(struct options *options, const struct command_option *option,
                       const char *value, struct error *error)
{
    size_t index = (size_t)(option - options->command->options);

    CHECK(index < OPTIONS_MAX);
    if (may_repeat(option)) {
        if (options->list_count == OPTIONS_LIST_MAX) {
            return error_set(error, ERROR_INVALID, "--%s is given more than %d times", option->name,
                             OPTIONS_LIST_MAX);
        }
        options->list[options->list_count++] = value;
    } else if (options->values[index] != NULL) {
        return error_set(error, ERROR_INVALID, "--%s is given twice", option->name);
    }
    options->values[index] = value == NULL ? "" : value;
    return true;
}

static bool take_option(struct reader *reader, const struct command_option *option,
                        const char *value, struct error *error)
{
    struct options *options = reader->options;

    if (option->value == NULL && value != NULL) {
        return error_set(error, ERROR_INVALID, "--%s takes no value", option->name);
    }
    if (option == &common[0]) {
        options->is_json = true;
        return true;
    }
    if (option == &common[1]) {
        options->wants_help = true;
        return true;
    }
    if (option->value != NULL && value == NULL) {
        if (reader->next == reader->count) {
            return error_set(error, ERROR_INVALID, "--%s wants a value: --%s %s", option->name,
                             option->name, option->value);
        }
        value = reader->words[reader->next++];
    }
    return keep_value(options, option, value, error);
}

static bool take_long(struct reader *reader, const char *word, struct error *error)
{
    const char *equals = strchr(word, '=');
    size_t length = equals == NULL ? strlen(word) : (size_t)(equals - word);
    const struct command_option *option = find_in(common, word, length);

    if (option == NULL) {
        option = find_in(reader->options->command->options, word, length);
    }
    if (option == NULL) {
        return fail_unknown(reader->options->command, word, length, error);
    }
    return take_option(reader, option, equals == NULL ? NULL : equals + 1, error);
}

static bool take_letter(struct reader *reader, const char *word, struct error *error)
{
    const struct command_option *option = find_letter(common, word[0]);

    if (option == NULL) {
        option = find_letter(reader->options->command->options, word[0]);
    }
    if (option == NULL) {
        return error_set(error, ERROR_INVALID, "there is no option -%c; see aims %s -h", word[0],
                         reader->options->command->name);
    }
    return take_option(reader, option, word[1] == '\0' ? NULL : word + 1, error);
}

static bool take_argument(struct reader *reader, const char *word, struct error *error)
{
    struct options *options = reader->options;

    if (options->argument_count == options->command->argument_max) {
        return error_set(error, ERROR_INVALID, "'%s' is one argument too many: aims %s %s", word,
                         options->command->name, options->command->arguments);
    }
    CHECK(options->argument_count < OPTIONS_ARGUMENTS_MAX);
    options->arguments[options->argument_count++] = word;
    return true;
}

bool options_parse(const struct command *command, size_t count, char **words, struct options *out,
                   struct error *error)
{
    struct options options = {.command = command};
    struct reader reader = {.count = count, .words = words, .options = &options};
    bool is_open = true; /* Options may still come. */

    while (reader.next < count) {
        const char *word = words[reader.next++];
        bool is_ok = true;

        if (is_open && strcmp(word, "--") == 0) {
            is_open = false;
        } else if (is_open && strncmp(word, "--", 2) == 0) {
            is_ok = take_long(&reader, word + 2, error);
        } else if (is_open && word[0] == '-' && word[1] != '\0') {
            is_ok = take_letter(&reader, word + 1, error);
        } else {
            is_ok = take_argument(&reader, word, error);
        }
        if (!is_ok) {
            return false;
        }
    }
    if (!options.wants_help && options.argument_count < command->argument_min) {
        return error_set(error, ERROR_INVALID, "want: aims %s %s; see aims %s -h", command->name,
                         command->arguments, command->name);
    }
    *out = options;
    return true;
}

/* AIMS_NAME, the variable that stands in for a setting. */
static void name_variable(const char *name, char out[VARIABLE_SIZE])
{
    int length = snprintf(out, VARIABLE_SIZE, "AIMS_%s", name);

    CHECK(length > 0);
    CHECK(length < VARIABLE_SIZE);
    for (char *letter = out; *letter != '\0'; letter++) {
        *letter = *letter == '-' ? '_' : (char)toupper((unsigned char)*letter);
    }
}

static const char *environment(const char *name)
{
    char variable[VARIABLE_SIZE];

    name_variable(name, variable);
    const char *value = getenv(variable);

    return value == NULL || value[0] == '\0' ? NULL : value;
}

static const struct command_option *need_option(const struct command *command, const char *name)
{
    const struct command_option *option = find_in(command->options, name, strlen(name));

    CHECK(option != NULL);
    return option;
}

void options_set(struct options *options, const char *name, const char *value)
{
    const struct command_option *option = need_option(options->command, name);

    options->values[option - options->command->options] = value;
}

bool options_given(const struct options *options, const char *name)
{
    const struct command_option *option = need_option(options->command, name);

    return options->values[option - options->command->options] != NULL;
}

const char *options_text(const struct options *options, const char *name)
{
    const struct command_option *option = need_option(options->command, name);
    const char *value = options->values[option - options->command->options];

    return value == NULL && option->is_setting ? environment(name) : value;
}

const char *options_item(const struct options *options, size_t index)
{
    return index < options->list_count ? options->list[index] : NULL;
}

bool options_has(const struct options *options, const char *name)
{
    return options_text(options, name) != NULL;
}

bool options_number(const struct options *options, const char *name, uint64_t min, uint64_t max,
                    uint64_t *out, enum command_exit *exit, struct error *error)
{
    const char *text = options_text(options, name);
    uint64_t number = 0;

    if (text == NULL) {
        return true;
    }
    if (!encode_to_u64(text, max, &number) || number < min) {
        return OPTIONS_USAGE(exit, error, "--%s '%s': want a number %llu to %llu", name, text,
                             (unsigned long long)min, (unsigned long long)max);
    }
    *out = number;
    return true;
}

bool options_need(const struct options *options, const char *name, const char **out,
                  enum command_exit *exit, struct error *error)
{
    const char *text = options_text(options, name);

    if (text == NULL) {
        return OPTIONS_USAGE(exit, error, "--%s is required; see aims %s -h", name,
                             options->command->name);
    }
    *out = text;
    return true;
}

static void help_option(const struct command_option *option, struct buffer *out)
{
    char left[40];
    char letter[8] = "";

    if (option->letter != 0) {
        (void)snprintf(letter, sizeof(letter), "-%c, ", option->letter);
    }
    (void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name,
                   option->value == NULL ? "" : " ", option->value == NULL ? "" : option->value);
    buffer_format(out, "  %-24s  %s", left, option->help);
    if (option->is_setting) {
        char variable[VARIABLE_SIZE];

        name_variable(option->name, variable);
        buffer_format(out, " [%s]", variable);
    }
    buffer_append_byte(out, '\n');
}

void options_help(const struct command *command, struct buffer *out)
{
    buffer_format(out, "aims %s: %s\n\n%s\n", command->name, command->summary, command->examples);
    buffer_format(out, "usage: aims %s%s%s [options]\n\n", command->name,
                  command->arguments[0] == '\0' ? "" : " ", command->arguments);
    for (const struct command_option *option = command->options; option->name != NULL; option++) {
        help_option(option, out);
    }
    for (const struct command_option *option = common; option->name != NULL; option++) {
        help_option(option, out);
    }
}
