/*
 * cli/commands/commands.h: all commands.
 */
#ifndef INKSEAL_COMMANDS_H
#define INKSEAL_COMMANDS_H

#include "cli/commands/command.h"

/* In the order of `inkseal help`; ends with NULL. */
extern const struct command *const command_table[];

#endif
