#include "sim/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/encode.h"
#include "base/place.h"
#include "formats/text.h"
#include "sim/scenario.h"

#define NUMBER_SIZE 32

static const struct command_option common[] = {
    {"json", 0, NULL, "the result as JSON on standard output"},
    {"help", 'h', NULL, "print this and exit"},
    {NULL, 0, NULL, NULL},
};

static const struct command_option *find(const struct command_option *table, const char *name,
                                         size_t length)
{
    for (; table->name != NULL; table++) {
        bool is_letter = length == 1 && table->letter == name[0];

        if (is_letter ||
            (strlen(table->name) == length && memcmp(table->name, name, length) == 0)) {
            return table;
        }
    }
    return NULL;
}

static bool fail_unknown(const struct command *command, const char *word, struct error *error)
{
    const char *names[COMMAND_OPTIONS_MAX + 2];
    size_t count = 0;

    for (const struct command_option *option = command->options; option->name != NULL; option++) {
        names[count++] = option->name;
    }
    names[count++] = common[0].name;
    names[count++] = common[1].name;
    const char *near = text_nearest(word + strspn(word, "-"), names, count);

    return error_set(error, ERROR_INVALID, "there is no option %.64s; %s%s%s", word,
                     near == NULL ? "see aims-sim " : "did you mean --",
                     near == NULL ? command->name : near, near == NULL ? " -h" : "?");
}

/* Takes the option in WORD, and its value from REST when it is not in the same word; *USED of
 * these. */
static bool take_option(struct command_line *line, const char *word, size_t rest_count, char **rest,
                        size_t *used, struct error *error)
{
    bool is_long = word[1] == '-';
    const char *name = word + (is_long ? 2 : 1);
    const char *equals = is_long ? strchr(name, '=') : NULL;
    size_t length = !is_long ? 1 : equals == NULL ? strlen(name) : (size_t)(equals - name);
    const char *value = equals != NULL ? equals + 1 : !is_long && name[1] != '\0' ? name + 1 : NULL;
    bool is_word = is_long && length > 1;
    const struct command_option *option = NULL;

    if (is_word || !is_long) {
        option = find(common, name, length);
        option = option == NULL ? find(line->command->options, name, length) : option;
    }
    if (option == NULL) {
        return fail_unknown(line->command, word, error);
    }
    if (option->value == NULL && value != NULL) {
        return error_set(error, ERROR_INVALID, "--%s takes no value", option->name);
    }
    if (option == &common[0] || option == &common[1]) {
        *(option == &common[0] ? &line->is_json : &line->wants_help) = true;
        return true;
    }
    size_t index = (size_t)(option - line->command->options);

    CHECK(index < COMMAND_OPTIONS_MAX);
    if (line->values[index] != NULL) {
        return error_set(error, ERROR_INVALID, "--%s is given twice", option->name);
    }
    if (option->value != NULL && value == NULL) {
        if (rest_count == 0) {
            return error_set(error, ERROR_INVALID, "--%s wants a value: --%s %s", option->name,
                             option->name, option->value);
        }
        value = rest[0];
        *used = 1;
    }
    line->values[index] = value == NULL ? "" : value;
    return true;
}

bool command_parse(const struct command *command, size_t count, char **words,
                   struct command_line *out, struct error *error)
{
    struct command_line line = {.command = command};

    for (size_t i = 0; i < count; i++) {
        const char *word = words[i];

        if (word[0] == '-' && word[1] != '\0') {
            size_t used = 0;

            if (!take_option(&line, word, count - i - 1, words + i + 1, &used, error)) {
                return false;
            }
            i += used;
        } else if (line.argument_count == command->argument_max) {
            return error_set(error, ERROR_INVALID,
                             "'%.64s' is one argument too many: aims-sim %s %s", word,
                             command->name, command->arguments);
        } else {
            line.arguments[line.argument_count++] = word;
        }
    }
    if (!line.wants_help && line.argument_count < command->argument_min) {
        return error_set(error, ERROR_INVALID, "want: aims-sim %s %s; see aims-sim %s -h",
                         command->name, command->arguments, command->name);
    }
    *out = line;
    return true;
}

const char *command_value(const struct command_line *line, const char *name)
{
    const struct command_option *option = find(line->command->options, name, strlen(name));

    CHECK(option != NULL);
    return line->values[option - line->command->options];
}

bool command_number(const struct command_line *line, const char *name, uint64_t min, uint64_t max,
                    uint64_t *out, enum command_exit *exit, struct error *error)
{
    const char *text = command_value(line, name);
    uint64_t number = 0;

    if (text == NULL) {
        return true;
    }
    if (!encode_to_u64(text, max, &number) || number < min) {
        return COMMAND_MISUSED(exit, error, "--%s '%.64s': want a number %" PRIu64 " to %" PRIu64,
                               name, text, min, max);
    }
    *out = number;
    return true;
}

bool command_range(const struct command_line *line, const char *name, uint64_t out[2],
                   enum command_exit *exit, struct error *error)
{
    const char *text = command_value(line, name);
    const char *dots = text == NULL ? NULL : strstr(text, "..");
    size_t length = dots == NULL ? 0 : (size_t)(dots - text);
    char first[NUMBER_SIZE] = "";
    uint64_t range[2];

    if (dots != NULL && length < sizeof(first)) {
        memcpy(first, text, length);
    }
    if (text == NULL || !encode_to_u64(dots == NULL ? text : first, COMMAND_SEED_MAX, &range[0]) ||
        !encode_to_u64(dots == NULL ? text : dots + 2, COMMAND_SEED_MAX, &range[1]) ||
        range[0] > range[1]) {
        return COMMAND_MISUSED(exit, error, "--%s '%.64s': want two numbers A..B, A not above B",
                               name, text == NULL ? "" : text);
    }
    out[0] = range[0];
    out[1] = range[1];
    return true;
}

bool command_scenario(const struct command_line *line, struct scenario **out, struct error *error)
{
    const char *name = line->arguments[0];
    char beside[256];
    char path[PLACE_SIZE];
    struct error ignored;

    if (strpbrk(name, "/.") == NULL && access(name, F_OK) != 0) {
        int length = snprintf(beside, sizeof(beside), "scenarios/%s.yaml", name);

        if (length > 0 && length < (int)sizeof(beside) && place_data(beside, path, &ignored) &&
            access(path, F_OK) == 0) {
            return scenario_load(path, out, error);
        }
    }
    return scenario_load(name, out, error);
}

static void help_option(const struct command_option *option, struct buffer *out)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "%s%c%s--%s%s%s", option->letter == 0 ? "    " : "-",
                   option->letter == 0 ? ' ' : option->letter, option->letter == 0 ? "" : ", ",
                   option->name, option->value == NULL ? "" : " ",
                   option->value == NULL ? "" : option->value);
    buffer_format(out, "  %-26s %s\n", option->letter == 0 ? name + 1 : name, option->help);
}

void command_help(const struct command *command, struct buffer *out)
{
    buffer_format(out, "aims-sim %s%s%s: %s\n\n%s\n", command->name,
                  command->arguments[0] == '\0' ? "" : " ", command->arguments, command->summary,
                  command->examples);
    for (const struct command_option *option = command->options; option->name != NULL; option++) {
        help_option(option, out);
    }
    for (const struct command_option *option = common; option->name != NULL; option++) {
        help_option(option, out);
    }
}
