/*
 * cli/commands/command.h: what a command is: one file, one function, one row of main.c's table.
 * A command writes what it found to standard output, says in app_fail why it could not, and returns
 * the exit code; main.c alone prints the failure and exits.
 */
#ifndef INKSEAL_COMMAND_H
#define INKSEAL_COMMAND_H

#include "cli/app/app.h"
#include "cli/commands/options.h"

struct cli { /* one run of the program: a command finds its options beside the app it is given */
	struct app app;
	struct options options;
};
static inline const struct options *options_of(const struct app *app)
{
	return &((const struct cli *)(const void *)app)->options;
}

struct command {
	const char *name;
	const char *args;    /* "ID [TEXT…]": as it stands in the usage line */
	const char *summary; /* one line of `inkseal help` */
	const char *help;    /* what else there is to know; lines of at most 80 characters */
	uint32_t options;    /* those it takes besides the global ones (options.h) */
	size_t args_min, args_max;
	enum code (*run)(struct app *app);
};
/* In the order of `inkseal help`; ends with NULL. */
extern const struct command *const command_table[];
const struct command *command_find(const char *name); /* NULL: there is none */

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
