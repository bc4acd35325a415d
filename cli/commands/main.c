/*
 * cli/commands/main.c: reads the command line, runs the command, says how it failed, exits.
 */
#include "cli/app/host_system.h"
#include "cli/commands/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/help.h"
#include "cli/commands/output.h"
#include "cli/commands/terminal.h"

#ifndef INKSEAL_VERSION
#error "the build gives INKSEAL_VERSION"
#endif

static enum code run_usage(struct app *app, const char *hint)
{
	const struct command *command = options_of(app)->command;

	if (hint != NULL)
		app_hint(app, "%s", hint);
	else if (command != NULL)
		app_hint(app, "try: inkseal %s --help", command->name);
	return CODE_USAGE;
}

static enum code run(struct cli *cli, int argc, char **argv)
{
	struct app *app = &cli->app;
	const char *hint = NULL;

	if (!options_parse(command_table, argc, argv, &cli->options, app->error, &hint))
		return run_usage(app, hint);
	if (options_of(app)->about) {
		(void)output_printf("inkseal " INKSEAL_VERSION "\n");
		return CODE_OK;
	}
	if (options_of(app)->help && options_of(app)->command != NULL) {
		help_print_command(options_of(app)->command);
		return CODE_OK;
	}
	if (options_of(app)->help) {
		help_print(command_table);
		return CODE_OK;
	}
	if (options_of(app)->command == NULL) {
		app_fail(app, CODE_USAGE, "what is to be done?");
		return run_usage(app, "try: inkseal help");
	}
	app->home = cli->options.home;
	app->plain_http = cli->options.insecure_http;
	return cli->options.command->run(app);
}

int main(int argc, char **argv)
{
	static struct cli cli; /* zeroed; too large for some stacks' taste */
	struct app *app = &cli.app;
	enum code code;

	if (!system_start(app->error)) {
		output_failure(app, CODE_ERROR);
		return CODE_ERROR;
	}
	app->host = &terminal_host;
	app->clock = system_clock();
	app->random = system_random();
	code = run(&cli, argc, argv);
	if (!output_finish() && code == CODE_OK)
		code = app_fail(app, CODE_ERROR, "standard output can't be written");
	if (code != CODE_OK)
		output_failure(app, code);
	return (int)code;
}
