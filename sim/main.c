/* aims-sim: the councils of researchers. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/text.h"
#include "sim/command.h"

static const struct command *const table[] = {
    &run_command,     &sweep_command, &replay_command, &shrink_command,
    &summary_command, &plot_command,  &gate_command,
};

enum { COMMAND_COUNT = sizeof(table) / sizeof(table[0]) };

static void print_overview(FILE *out)
{
    fputs("aims-sim: a council of assessors under a virtual clock, with liars, crashes and bad "
          "networks\n\n"
          "  aims-sim run mixed --seed 17\n"
          "  aims-sim sweep findings --seeds 1..10000 -o findings.csv\n"
          "  aims-sim plot findings.csv --kind findings -o findings.svg\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %-10s %s\n", table[i]->name, table[i]->summary);
    }
    fputs("\n'aims-sim COMMAND -h' explains a command, examples first. Exit codes: 0 done; 1 an "
          "oracle failed,\na trace differs or a flaw survived; 2 usage; 4 bad input; 70 a bug.\n",
          out);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(table[i]->name, name) == 0) {
            return table[i];
        }
    }
    return NULL;
}

static int fail_unknown(const char *word)
{
    const char *names[COMMAND_COUNT];

    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = table[i]->name;
    }
    const char *near = text_nearest(word, names, COMMAND_COUNT);

    fprintf(stderr, "aims-sim: there is no command '%.64s'; %s%s\n", word,
            near == NULL ? "'aims-sim -h' lists them" : "did you mean ", near == NULL ? "" : near);
    return COMMAND_USAGE;
}

static int run(const struct command *command, size_t count, char **words)
{
    struct command_line line;
    struct error error;
    enum command_exit result = COMMAND_DONE;

    if (!command_parse(command, count, words, &line, &error)) {
        fprintf(stderr, "aims-sim: %s\n", error.message);
        return COMMAND_USAGE;
    }
    if (line.wants_help) {
        struct buffer help = {0};

        command_help(command, &help);
        fputs(buffer_text(&help), stdout);
        buffer_finish(&help);
        return COMMAND_DONE;
    }
    if (!command->run(&line, &result, &error)) {
        fprintf(stderr, "aims-sim: %s\n", error.message);
        result = result == COMMAND_DONE ? COMMAND_BAD_INPUT : result;
    }
    /* Who closes the pipe has read enough. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE) {
        fprintf(stderr, "aims-sim: the result cannot be written\n");
        return COMMAND_BAD_INPUT;
    }
    return (int)result;
}

/* A failed CHECK is a bug of ours, which has an exit code of its own. */
static void on_abort(int number)
{
    (void)number;
    _exit(COMMAND_BUG);
}

int main(int argc, char **argv)
{
    (void)signal(SIGABRT, on_abort);
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_overview(stderr);
        return COMMAND_USAGE;
    }
    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        print_overview(stdout);
        return COMMAND_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("aims-sim " AIMS_VERSION);
        return COMMAND_DONE;
    }
    const struct command *command = find_command(argv[1]);

    return command == NULL ? fail_unknown(argv[1]) : run(command, (size_t)(argc - 2), argv + 2);
}
