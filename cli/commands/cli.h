/*
 * cli/commands/cli.h: one run of the program: what it can do (cli/app), and what was asked of it on
 * the command line. A command is given the app, and finds its options beside it.
 */
#ifndef INKSEAL_CLI_H
#define INKSEAL_CLI_H

#include "cli/app/app.h"
#include "cli/commands/options.h"

struct cli {
	struct app app;
	struct options options;
};
static inline const struct options *options_of(const struct app *app)
{
	_Static_assert(offsetof(struct cli, app) == 0, "an app is found at the start of its cli");
	return &((const struct cli *)(const void *)app)->options;
}

#endif
