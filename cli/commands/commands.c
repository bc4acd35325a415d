/*
 * cli/commands/commands.c: the table of all commands.
 */
#include "cli/commands/commands.h"

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
