/* aims completion: words for the shell, from the same tables as the help. */

#include <string.h>

#include "client/commands.h"
#include "client/file.h"
#include "client/options.h"
#include "formats/json.h"

/* Appends the words that may follow the first word FIRST of commands of two. */
static void write_group(const char *first, size_t length, struct buffer *out)
{
    buffer_format(out, "        %.*s) words='", (int)length, first);
    for (size_t i = 0; i < command_count; i++) {
        const char *name = command_table[i]->name;

        if (strncmp(name, first, length) == 0 && name[length] == ' ') {
            buffer_format(out, "%s ", name + length + 1);
        }
    }
    buffer_append_text(out, "' ;;\n");
}

static void write_options(const struct command *command, struct buffer *out)
{
    buffer_format(out, "        '%s') words='", command->name);
    for (const struct command_option *option = command->options; option->name != NULL; option++) {
        buffer_format(out, "--%s ", option->name);
    }
    buffer_append_text(out, "--json --help' ;;\n");
}

/* Whether command INDEX is the first with its first word. */
static bool is_first(size_t index, size_t length)
{
    for (size_t i = 0; i < index; i++) {
        if (strncmp(command_table[i]->name, command_table[index]->name, length + 1) == 0) {
            return false;
        }
    }
    return true;
}

static void write_bash(struct buffer *out)
{
    buffer_append_text(out, "_aims() {\n    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
                            "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='");
    for (size_t i = 0; i < command_count; i++) {
        size_t length = strcspn(command_table[i]->name, " ");

        if (is_first(i, length)) {
            buffer_format(out, "%.*s ", (int)length, command_table[i]->name);
        }
    }
    buffer_append_text(out, "'\n    elif [[ $word == -* ]]; then\n"
                            "        case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
    for (size_t i = 0; i < command_count; i++) {
        if (strchr(command_table[i]->name, ' ') != NULL) {
            write_options(command_table[i], out);
        }
    }
    buffer_append_text(out, "        esac\n        [ -n \"$words\" ] || case "
                            "\"${COMP_WORDS[1]}\" in\n");
    for (size_t i = 0; i < command_count; i++) {
        if (strchr(command_table[i]->name, ' ') == NULL) {
            write_options(command_table[i], out);
        }
    }
    buffer_append_text(out, "        esac\n    elif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
                            "        case \"${COMP_WORDS[1]}\" in\n");
    for (size_t i = 0; i < command_count; i++) {
        size_t length = strcspn(command_table[i]->name, " ");

        if (command_table[i]->name[length] == ' ' && is_first(i, length)) {
            write_group(command_table[i]->name, length, out);
        }
    }
    buffer_append_text(out, "        esac\n    fi\n"
                            "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
                            "complete -o default -F _aims aims\n");
}

static bool run_completion(const struct options *options, enum command_exit *exit,
                           struct error *error)
{
    struct buffer out = {0};

    if (strcmp(options->arguments[0], "bash") != 0) {
        return OPTIONS_USAGE(exit, error, "completion for '%s' is not made here; want bash",
                             options->arguments[0]);
    }
    write_bash(&out);
    if (options->is_json) {
        struct json *json = json_object();

        json_set(json, "bash", json_text(buffer_text(&out)));
        buffer_finish(&out);
        file_print_json(json);
    } else {
        file_print(&out);
    }
    return true;
}

static const struct command_option completion_options[] = {{NULL, 0, false, NULL, NULL}};

const struct command completion_command = {
    .name = "completion",
    .summary = "print what a shell needs to complete commands and options",
    .arguments = "bash",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  source <(aims completion bash)\n",
    .options = completion_options,
    .run = run_completion,
};
