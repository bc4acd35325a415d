/*
 * cli/commands/main.c: reads the command line, runs the command, says how it failed, exits.
 */
#include "cli/commands/output.h"
#include "cli/commands/system.h"

#ifndef INKSEAL_VERSION
#error "the build gives INKSEAL_VERSION"
#endif

static enum code run_usage(struct app *app, const char *hint)
{
	const struct command *command = app->options.command;

	if (hint != NULL)
		app_hint(app, "%s", hint);
	else if (command != NULL)
		app_hint(app, "try: inkseal %s --help", command->name);
	return CODE_USAGE;
}

static enum code run(struct app *app, int argc, char **argv)
{
	const char *hint = NULL;

	if (!options_parse(argc, argv, &app->options, app->error, &hint))
		return run_usage(app, hint);
	if (app->options.about) {
		(void)output_printf("inkseal " INKSEAL_VERSION "\n");
		return CODE_OK;
	}
	if (app->options.help && app->options.command != NULL) {
		options_print_command_help(app->options.command);
		return CODE_OK;
	}
	if (app->options.help) {
		options_print_help();
		return CODE_OK;
	}
	if (app->options.command == NULL) {
		app_fail(app, CODE_USAGE, "what is to be done?");
		return run_usage(app, "try: inkseal help");
	}
	return app->options.command->run(app);
}

int main(int argc, char **argv)
{
	static struct app app; /* zeroed; too large for some stacks' taste */
	enum code code;

	if (!system_start(app.error)) {
		output_failure(&app, CODE_ERROR);
		return CODE_ERROR;
	}
	app.clock = system_clock();
	app.random = system_random();
	code = run(&app, argc, argv);
	if (!output_finish() && code == CODE_OK)
		code = app_fail(&app, CODE_ERROR, "standard output can't be written");
	if (code != CODE_OK)
		output_failure(&app, code);
	return (int)code;
}
