/*
 * cli/commands/command.h: what a command is: one file, one function, one row of the table in
 * commands.c. A command writes what it found to standard output, says in app_fail why it could not,
 * and returns the exit code; main.c alone prints the failure and exits.
 */
#ifndef INKSEAL_COMMAND_H
#define INKSEAL_COMMAND_H

#include "cli/app/app.h"

struct command {
	const char *name;
	const char *args;    /* "ID [TEXT…]": as it stands in the usage line */
	const char *summary; /* one line of `inkseal help` */
	const char *help;    /* what else there is to know; lines of at most 80 characters */
	uint32_t options;    /* those it takes besides the global ones (options.h) */
	size_t args_min, args_max;
	enum code (*run)(struct app *app);
};

/* Each is defined by the file of its name. */
extern const struct command new_command;
extern const struct command edit_command;
extern const struct command show_command;
extern const struct command list_command;
extern const struct command search_command;
extern const struct command rm_command;
extern const struct command restore_command;
extern const struct command history_command;
extern const struct command import_command;
extern const struct command export_command;
extern const struct command sync_command;
extern const struct command status_command;
extern const struct command log_command;
extern const struct command recover_command;
extern const struct command wipe_command;
extern const struct command doctor_command;

#endif
