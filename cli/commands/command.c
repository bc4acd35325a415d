/*
 * cli/commands/command.c: the table of all commands.
 */
#include "cli/commands/command.h"

#include <string.h>

const struct command *const command_table[] = {
    &new_command,
    &edit_command,
    &show_command,
    &list_command,
    &search_command,
    &rm_command,
    &restore_command,
    &history_command,
    &import_command,
    &export_command,
    &sync_command,
    &status_command,
    &log_command,
    &recover_command,
    &wipe_command,
    &doctor_command,
    NULL,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; command_table[i] != NULL; i++)
		if (strcmp(command_table[i]->name, name) == 0)
			return command_table[i];
	return NULL;
}
