#ifndef SIM_COMMAND_H
#define SIM_COMMAND_H

/* A command of aims-sim: its name, help and options as tables, and the function that does it.
 *
 * Results go to standard output, messages and progress to standard error. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

#define COMMAND_OPTIONS_MAX   16
#define COMMAND_ARGUMENTS_MAX 64
#define COMMAND_SEED_MAX      ((UINT64_C(1) << 53) - 1) /* What JSON can hold. */

/* Stable: scripts branch on them. */
enum command_exit {
    COMMAND_DONE = 0,
    COMMAND_FAILED = 1, /* An oracle failed, a trace differs, a flaw survived. */
    COMMAND_USAGE = 2,
    COMMAND_BAD_INPUT = 4, /* A scenario, trace or table. */
    COMMAND_BUG = 70,
};

struct command_option {
    const char *name;  /* Without the two dashes; NULL ends a table. */
    char letter;       /* Short form; 0 = none. */
    const char *value; /* What its value is, "FILE"; NULL = it has none. */
    const char *help;
};

struct command_line;

struct command {
    const char *name;
    const char *summary;   /* One line, lower case, no full stop. */
    const char *arguments; /* "SCENARIO" */
    size_t argument_min;
    size_t argument_max;
    const char *examples; /* Lines, each indented by two spaces and ended by a line feed. */
    const struct command_option *options;
    /* Does it. When it fails with *EXIT left at COMMAND_DONE, the input was bad. */
    bool (*run)(const struct command_line *line, enum command_exit *exit, struct error *error);
};

/* What stands behind a command's name. Every command also has --json and -h. */
struct command_line {
    const struct command *command;
    bool is_json;
    bool wants_help;
    size_t argument_count;
    const char *arguments[COMMAND_ARGUMENTS_MAX];
    const char *values[COMMAND_OPTIONS_MAX]; /* By index in the table; NULL = not given. */
};

/* Reads the COUNT words behind the name of COMMAND. Errors: ERROR_INVALID. */
MUST_USE bool command_parse(const struct command *command, size_t count, char **words,
                            struct command_line *out, struct error *error);

/* Value of the option NAME; "" for one that takes none; NULL when it is not given. */
const char *command_value(const struct command_line *line, const char *name);

/* A number MIN .. MAX; *OUT stays when the option is not given. Errors: ERROR_INVALID, and *EXIT is
 * COMMAND_USAGE. */
MUST_USE bool command_number(const struct command_line *line, const char *name, uint64_t min,
                             uint64_t max, uint64_t *out, enum command_exit *exit,
                             struct error *error);

/* A range "A..B" of seeds, or "A" alone. Errors as above; also when it is not given. */
MUST_USE bool command_range(const struct command_line *line, const char *name, uint64_t out[2],
                            enum command_exit *exit, struct error *error);

/* The scenario that the first argument names: a file, or one of those that come with the program by
 * its name alone ("mixed"). The caller destroys it. Errors: as scenario_load(). */
struct scenario;
MUST_USE bool command_scenario(const struct command_line *line, struct scenario **out,
                               struct error *error);

/* Fails because of the command line. */
#define COMMAND_MISUSED(exit, error, ...)                                                          \
    (*(exit) = COMMAND_USAGE, error_set((error), ERROR_INVALID, __VA_ARGS__))

/* Appends the help of COMMAND, examples first. */
void command_help(const struct command *command, struct buffer *out);

/* The commands, each in the file of its name. */
extern const struct command run_command;
extern const struct command sweep_command;
extern const struct command replay_command;
extern const struct command shrink_command;
extern const struct command summary_command;
extern const struct command plot_command;
extern const struct command gate_command;

#endif
