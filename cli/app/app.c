/*
 * cli/app/app.c: how a use case fails, and its remarks.
 */
#include "cli/app/app.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

void app_note(struct app *app, const char *format, ...)
{
	char said[APP_HINT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	app->host->note(app, said);
}

void app_warn(struct app *app, const char *format, ...)
{
	char said[APP_HINT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	app->host->warn(app, said);
}
