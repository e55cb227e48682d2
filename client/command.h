#ifndef CLIENT_COMMAND_H
#define CLIENT_COMMAND_H

/* What a command of aims is: its name, its help, its options, and the function that does it. Help,
 * the checking of arguments, hints and shell completion all follow from these tables.
 *
 * Results go to standard output, messages to standard error; a secret is never an option or a
 * variable of the environment, only the path of a file that holds it. */

#include <stddef.h>

#include "base/error.h"

/* Stable: scripts branch on them. */
enum command_exit {
    COMMAND_DONE = 0,
    COMMAND_NEGATIVE = 1,  /* Not recommended, not valid. */
    COMMAND_USAGE = 2,     /* The command line is wrong. */
    COMMAND_OPEN = 3,      /* No conclusion: deferred or contested. */
    COMMAND_BAD_INPUT = 4, /* A file given to it: evidence, bundle, rule, key, roster. */
    COMMAND_OFFLINE = 5,   /* The council cannot be reached, or not in time. */
    COMMAND_BUG = 70,
};

struct command_option {
    const char *name;  /* Without the two dashes; NULL ends a table. */
    char letter;       /* Short form; 0 = none. */
    bool is_setting;   /* AIMS_NAME in the environment stands in for it. */
    const char *value; /* What its value is, "FILE"; NULL = it has none; "URL..." = it may be given
                          several times, which one option of a command may. */
    const char *help;
};

struct options;

struct command {
    const char *name;      /* One or two words. */
    const char *summary;   /* One line, lower case, no full stop. */
    const char *arguments; /* "DIR"; "" when there are none. */
    size_t argument_min;
    size_t argument_max;
    const char *examples; /* Lines, each indented by two spaces and ended by a line feed. */
    const struct command_option *options;
    /* Does it. When it fails with *EXIT left at COMMAND_DONE, the error's code decides. */
    bool (*run)(const struct options *options, enum command_exit *exit, struct error *error);
};

/* All commands, in the order of the help. */
extern const struct command *const command_table[];
extern const size_t command_count;

#endif
