#ifndef CLIENT_COMMANDS_H
#define CLIENT_COMMANDS_H

/* The commands, each in the file of its name (or of its group's). */

#include "client/command.h"

extern const struct command init_command;
extern const struct command import_federal_command;
extern const struct command check_command;
extern const struct command gaps_command;
extern const struct command pack_command;
extern const struct command unpack_command;
extern const struct command key_create_command;
extern const struct command key_show_command;
extern const struct command rules_lint_command;
extern const struct command rules_test_command;
extern const struct command rules_run_command;
extern const struct command council_create_command;
extern const struct command council_check_command;
extern const struct command council_run_command;
extern const struct command council_status_command;
extern const struct command submit_command;
extern const struct command status_command;
extern const struct command report_command;
extern const struct command certificate_command;
extern const struct command verify_command;
extern const struct command misconduct_command;
extern const struct command verify_misconduct_command;
extern const struct command completion_command;
extern const struct command version_command;

#endif
