/* aims: the command of organisations and of those who run a council. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "client/command.h"
#include "client/commands.h"
#include "client/options.h"
#include "client/print.h"
#include "crypto/keys.h"
#include "formats/text.h"

const struct command *const command_table[] = {
    &init_command,
    &import_federal_command,
    &check_command,
    &gaps_command,
    &pack_command,
    &unpack_command,
    &submit_command,
    &status_command,
    &report_command,
    &certificate_command,
    &verify_command,
    &misconduct_command,
    &verify_misconduct_command,
    &key_create_command,
    &key_show_command,
    &rules_lint_command,
    &rules_test_command,
    &rules_run_command,
    &council_create_command,
    &council_check_command,
    &council_run_command,
    &council_status_command,
    &completion_command,
    &version_command,
};
const size_t command_count = sizeof(command_table) / sizeof(command_table[0]);

static void print_overview(FILE *out)
{
    fputs("aims: assess an AI management system (ISO/IEC 42001) before a council of assessors\n\n"
          "  aims init evidence\n"
          "  aims check evidence && aims gaps evidence\n"
          "  aims pack evidence -o case.aims --key org.seed --roster roster.json\n\n",
          out);
    for (size_t i = 0; i < command_count; i++) {
        fprintf(out, "  %-24s %s\n", command_table[i]->name, command_table[i]->summary);
    }
    fputs(
        "\n'aims COMMAND -h' explains a command, examples first. Exit codes: 0 done, or "
        "recommended; "
        "1 not\nrecommended, or not valid; 2 usage; 3 no conclusion; 4 bad input; 5 the council is "
        "out of reach;\n70 a bug in aims.\n",
        out);
}

/* The command that WORDS begin with; *USED of them. NULL when there is none. */
static const struct command *find_command(int count, char **words, int *used)
{
    for (size_t i = 0; i < command_count; i++) {
        const char *name = command_table[i]->name;
        const char *space = strchr(name, ' ');

        if (space == NULL && strcmp(words[0], name) == 0) {
            *used = 1;
            return command_table[i];
        }
        if (space != NULL && count > 1 && strlen(words[0]) == (size_t)(space - name) &&
            strncmp(words[0], name, strlen(words[0])) == 0 && strcmp(words[1], space + 1) == 0) {
            *used = 2;
            return command_table[i];
        }
    }
    return NULL;
}

static bool is_in_group(const struct command *command, const char *word)
{
    size_t length = strlen(word);

    return strncmp(command->name, word, length) == 0 && command->name[length] == ' ';
}

static bool is_group(const char *word)
{
    bool is_found = false;

    for (size_t i = 0; i < command_count; i++) {
        is_found = is_found || is_in_group(command_table[i], word);
    }
    return is_found;
}

static void print_group(const char *word, FILE *out)
{
    for (size_t i = 0; i < command_count; i++) {
        if (is_in_group(command_table[i], word)) {
            fprintf(out, "  aims %-24s %s\n", command_table[i]->name, command_table[i]->summary);
        }
    }
}

static int fail_unknown(int count, char **words)
{
    enum { NAMES_MAX = 64 };
    static const char *const groups[] = {"key", "rules", "council"};
    const char *names[NAMES_MAX];
    char typed[128];

    if (is_group(words[0]) && (count == 1 || words[1][0] == '-')) {
        fputs("aims: which one?\n", stderr);
        print_group(words[0], stderr);
        return COMMAND_USAGE;
    }
    for (size_t i = 0; i < command_count && i < NAMES_MAX; i++) {
        names[i] = command_table[i]->name;
    }
    (void)snprintf(typed, sizeof(typed), "%s%s%s", words[0], is_group(words[0]) ? " " : "",
                   is_group(words[0]) ? words[1] : "");
    const char *nearest = text_nearest(typed, names, command_count);

    if (nearest == NULL) {
        nearest = text_nearest(typed, groups, sizeof(groups) / sizeof(groups[0]));
    }
    if (nearest != NULL) {
        fprintf(stderr, "aims: there is no command '%s'; did you mean 'aims %s'?\n", typed,
                nearest);
    } else {
        fprintf(stderr, "aims: there is no command '%s'; 'aims -h' lists them\n", typed);
    }
    return COMMAND_USAGE;
}

static bool is_help(const char *word)
{
    return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0;
}

static enum command_exit exit_of(const struct error *error)
{
    return error->code == ERROR_TIMEOUT ? COMMAND_OFFLINE : COMMAND_BAD_INPUT;
}

static int run(const struct command *command, size_t count, char **words)
{
    struct options options;
    struct error error;
    enum command_exit result = COMMAND_DONE;

    if (!options_parse(command, count, words, &options, &error)) {
        fprintf(stderr, "aims: %s\n", error.message);
        return COMMAND_USAGE;
    }
    if (options.wants_help) {
        struct buffer help = {0};

        options_help(command, &help);
        fputs(buffer_text(&help), stdout);
        buffer_finish(&help);
        return COMMAND_DONE;
    }
    keys_library_init();
    if (!command->run(&options, &result, &error)) {
        fputs("aims: ", stderr);
        print_clean(error.message, stderr);
        fputc('\n', stderr);
        result = result == COMMAND_DONE ? exit_of(&error) : result;
    }
    /* Who closes the pipe has read enough. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE) {
        fprintf(stderr, "aims: the result cannot be written\n");
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
    int used = 0;

    (void)signal(SIGABRT, on_abort);
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_overview(stderr);
        return COMMAND_USAGE;
    }
    if (is_help(argv[1])) {
        print_overview(stdout);
        return COMMAND_DONE;
    }
    if (argc == 3 && is_group(argv[1]) && is_help(argv[2])) {
        print_group(argv[1], stdout);
        return COMMAND_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("aims " AIMS_VERSION);
        return COMMAND_DONE;
    }
    const struct command *command = find_command(argc - 1, argv + 1, &used);

    if (command == NULL) {
        return fail_unknown(argc - 1, argv + 1);
    }
    return run(command, (size_t)(argc - 1 - used), argv + 1 + used);
}
