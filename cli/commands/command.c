/*
 * cli/commands/command.c: the table of all commands, and how one fails.
 */
#include "cli/commands/command.h"

#include <stdarg.h>
#include <stdio.h>
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

const char *code_name(enum code code)
{
	switch (code) {
	case CODE_OK: return "ok";
	case CODE_ERROR: return "error";
	case CODE_USAGE: return "usage";
	case CODE_PARTIAL: return "partial";
	case CODE_NOT_SET_UP: return "not-set-up";
	case CODE_LOCKED: return "locked";
	case CODE_WRONG_KEY: return "wrong-key";
	case CODE_GONE: return "gone";
	case CODE_REVOKED: return "revoked";
	case CODE_ROLLBACK: return "rollback";
	case CODE_BRAKE: return "brake";
	case CODE_ROOT: return "root-mismatch";
	case CODE_CANCELLED: return "cancelled";
	}
	return "error";
}

enum code app_fail(struct app *app, enum code code, const char *format, ...)
{
	char said[CALL_MESSAGE_MAX]; /* what is to be said may hold what was said before */
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	memcpy(app->error, said, sizeof(app->error));
	app->hint[0] = '\0';
	return code;
}

void app_hint(struct app *app, const char *format, ...)
{
	char said[APP_HINT_MAX]; /* as above */
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	memcpy(app->hint, said, sizeof(app->hint));
}
