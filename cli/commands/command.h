/*
 * cli/commands/command.h: what a command is: one file, one function, one row of main.c's table.
 * A command writes what it found to standard output, says in app_fail why it could not, and returns
 * the exit code; main.c alone prints the failure and exits.
 */
#ifndef INKSEAL_COMMAND_H
#define INKSEAL_COMMAND_H

#include "cli/commands/options.h"
#include "schemas/base/base.h"

enum code { /* exit codes: part of what others script on (design, section 10) */
	CODE_OK = 0,
	CODE_ERROR = 1,
	CODE_USAGE = 2,
	CODE_PARTIAL = 3, /* done, but something was left out, and said */
	CODE_NOT_SET_UP = 10,
	CODE_LOCKED = 11,
	CODE_WRONG_KEY = 12,
	CODE_GONE = 13,
	CODE_REVOKED = 14,
	CODE_ROLLBACK = 15,
	CODE_BRAKE = 16,
	CODE_ROOT = 17,
	CODE_CANCELLED = 130,
};
const char *code_name(enum code code); /* as it stands in the JSON of an error */

#define APP_HINT_MAX (24u << 10) /* it may hold a few paths, and a command with two */
struct app {                     /* what one run of the program has; no global state besides */
	struct options options;
	struct clock clock;
	struct random random;
	char error[CALL_MESSAGE_MAX]; /* one sentence; "": none was said */
	char hint[APP_HINT_MAX];      /* what to do about it; "": nothing to add */
};
/* Notes why, and returns code. What was said before is replaced. */
enum code app_fail(struct app *app, enum code code, const char *format, ...) PRINTF_LIKE(3, 4);
void app_hint(struct app *app, const char *format, ...) PRINTF_LIKE(2, 3);

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
