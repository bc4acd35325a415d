/*
 * gateway/daemon/main.c: inkseald's command line.
 */
#include "gateway/daemon/config.h"
#include "gateway/daemon/exit_code.h"
#include "gateway/daemon/operate.h"
#include "gateway/daemon/print.h"
#include "gateway/daemon/serve.h"
#include "schemas/base/process.h"

#include <sodium.h>
#include <string.h>

#ifndef INKSEAL_VERSION
#error "the build gives INKSEAL_VERSION"
#endif

static const char usage_text[] =
    "usage: inkseald COMMAND [OPTION…]\n"
    "\n"
    "  serve           answer devices, until SIGTERM\n"
    "  invite          print a token that lets one account be created\n"
    "  probe URL       try out whether a bucket keeps its promises\n"
    "  accounts        list the accounts of the bucket\n"
    "  usage           list what each takes\n"
    "  sweep           remove what nothing names any more, of all accounts\n"
    "  wipe ACCOUNT    remove an account, in its operator's name\n"
    "\n"
    "options (as NAME = VALUE in a file, INKSEALD_NAME in the environment, or flags):\n"
    "  --config FILE              the file; there is none but this\n";

static enum exit_code usage_error(const char *message)
{
	print_error("%s; try inkseald --help", message);
	return EXIT_USAGE;
}

static enum exit_code run(const struct config *config, const struct arguments *arguments)
{
	const char *command = arguments->command, *operand = arguments->operand;
	bool takes_one = strcmp(command, "probe") == 0 || strcmp(command, "wipe") == 0;

	if (takes_one != (operand != NULL))
		return usage_error(takes_one ? "something is missing behind the command"
					     : "the command takes no argument");
	if (strcmp(command, "serve") == 0)
		return serve(config, INKSEAL_VERSION);
	if (strcmp(command, "invite") == 0)
		return operate_invite(config);
	if (strcmp(command, "probe") == 0)
		return operate_probe(operand);
	if (strcmp(command, "accounts") == 0)
		return operate_accounts(config);
	if (strcmp(command, "usage") == 0)
		return operate_usage(config);
	if (strcmp(command, "sweep") == 0)
		return operate_sweep(config);
	if (strcmp(command, "wipe") == 0)
		return operate_wipe(config, operand, arguments->yes);
	return usage_error("there is no such command");
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	struct config config;
	struct call call;

	call_init(&call, 0);
	if (!process_keeps_secrets()) {
		print_error("core dumps can't be switched off, and would hold the receipt key");
		return EXIT_ERROR;
	}
	if (sodium_init() < 0) {
		print_error("libsodium does not start");
		return EXIT_ERROR;
	}
	if (!config_read(argc, argv, &config, &arguments, &call))
		return (int)usage_error(call.message);
	if (arguments.about) {
		print_out("inkseald " INKSEAL_VERSION "\n");
		return EXIT_OK;
	}
	if (arguments.help || arguments.command == NULL) {
		print_out("%s", usage_text);
		config_help();
		return arguments.help ? EXIT_OK : EXIT_USAGE;
	}
	return (int)run(&config, &arguments);
}
