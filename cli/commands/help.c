/*
 * cli/commands/help.c: help, printed from the tables of commands and options.
 */
#include "cli/commands/help.h"
#include "cli/commands/options.h"
#include "cli/commands/output.h"

static void print_options(uint32_t bits)
{
	char usage[OPTION_USAGE_MAX];
	const char *help;
	size_t at = 0;

	while (options_usage(bits, &at, usage, &help))
		(void)output_printf("  %-26s  %s\n", usage, help);
}

void help_print(const struct command *const *commands)
{
	(void)output_printf(
	    "inkseal keeps a journal, and keeps it in step across your devices, encrypted.\n"
	    "\n"
	    "usage: inkseal [OPTIONS] COMMAND [ARGUMENTS]\n"
	    "\n"
	    "commands:\n");
	for (size_t i = 0; commands[i] != NULL; i++)
		(void)output_printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
	(void)output_printf("\noptions, before or after the command:\n");
	print_options(OPTION_GLOBAL);
	(void)output_printf(
	    "\ninkseal COMMAND --help says more of each; man inkseal says it all.\n");
}

void help_print_command(const struct command *command)
{
	(void)output_printf(
	    "usage: inkseal %s %s\n\n%s.\n", command->name, command->args, command->summary);
	if (command->help[0] != '\0')
		(void)output_printf("%s", command->help);
	if (command->options != 0) {
		(void)output_printf("\noptions:\n");
		print_options(command->options);
	}
	(void)output_printf("\noptions of every command:\n");
	print_options(OPTION_GLOBAL & ~(uint32_t)OPTION_ABOUT);
}
