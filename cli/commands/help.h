/*
 * cli/commands/help.h: the texts of `inkseal help` and of COMMAND --help, on standard output.
 */
#ifndef INKSEAL_HELP_H
#define INKSEAL_HELP_H

#include "cli/commands/command.h"

void help_print(const struct command *const *commands); /* they end with NULL */
void help_print_command(const struct command *command);

#endif
