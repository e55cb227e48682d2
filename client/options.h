#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

/* Options and arguments of one command, checked against its table: long options with their whole
 * name, "--name value" or "--name=value", letters as "-o value", "--" before arguments that begin
 * with a dash. Every command also has --json and -h. */

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "client/command.h"

#define OPTIONS_MAX           16 /* Of one command, without the common ones. */
#define OPTIONS_ARGUMENTS_MAX 8
#define OPTIONS_LIST_MAX      8 /* Times that an option may be given. */

struct options {
    const struct command *command;
    bool is_json;
    bool wants_help;
    size_t argument_count;
    const char *arguments[OPTIONS_ARGUMENTS_MAX];
    const char *values[OPTIONS_MAX]; /* By index in the command's table; NULL = not given. */
    size_t list_count;
    const char *list[OPTIONS_LIST_MAX]; /* Values of the option that may be given several times. */
};

/* Reads the COUNT words behind the command's name.
 *
 * Errors: ERROR_INVALID with what is wrong and what was probably meant. */
MUST_USE bool options_parse(const struct command *command, size_t count, char **words,
                            struct options *out, struct error *error);

/* Value of the option NAME, from the command line or else, for a setting, from the environment;
 * NULL when it is not given. */
const char *options_text(const struct options *options, const char *name);

/* True when the option NAME is on the command line. */
bool options_given(const struct options *options, const char *name);

/* Gives the option NAME a value, as if it had been on the command line. */
void options_set(struct options *options, const char *name, const char *value);

/* Value INDEX of the option that may be given several times; NULL behind the last. */
const char *options_item(const struct options *options, size_t index);

/* True when the option NAME, which takes no value, is given. */
bool options_has(const struct options *options, const char *name);

/* A number MIN .. MAX; *OUT stays what it is when the option is not given.
 *
 * Errors: ERROR_INVALID, and *EXIT is COMMAND_USAGE. */
MUST_USE bool options_number(const struct options *options, const char *name, uint64_t min,
                             uint64_t max, uint64_t *out, enum command_exit *exit,
                             struct error *error);

/* The value of an option that must be there. Errors: as above. */
MUST_USE bool options_need(const struct options *options, const char *name, const char **out,
                           enum command_exit *exit, struct error *error);

/* Fails because of the command line. */
#define OPTIONS_USAGE(exit, error, ...)                                                            \
    (*(exit) = COMMAND_USAGE, error_set((error), ERROR_INVALID, __VA_ARGS__))

/* Appends the help of COMMAND, examples first. */
void options_help(const struct command *command, struct buffer *out);

#endif
