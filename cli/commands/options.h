/*
 * cli/commands/options.h: the command line: which command, its options, its arguments.
 * Every option stands once in a table (options.c); a command names those it takes. All texts are
 * argv's own. No secret is ever an option's value, but an invite, which is good for one use.
 */
#ifndef INKSEAL_OPTIONS_H
#define INKSEAL_OPTIONS_H

#include "cli/commands/command.h"

#define OPTION_ARGS_MAX 256u /* of a command, besides options; a search's words, rm's ids */

enum option_bit { /* what struct command.options is made of */
	/* Global: before the command or after it, with every command. */
	OPTION_HOME = 1 << 0,
	OPTION_JSON = 1 << 1,
	OPTION_QUIET = 1 << 2,
	OPTION_NO_INPUT = 1 << 3,
	OPTION_YES = 1 << 4,
	OPTION_STDIN = 1 << 5,
	OPTION_PASSWORD_COMMAND = 1 << 6,
	OPTION_HELP = 1 << 7,
	OPTION_ABOUT = 1 << 8, /* --version before a command */
	/* A command's own. */
	OPTION_TITLE = 1 << 9,
	OPTION_COLLECTION = 1 << 10,
	OPTION_VERSION = 1 << 11, /* --version N after it */
	OPTION_DELETED = 1 << 12,
	OPTION_CONFLICTS = 1 << 13,
	OPTION_LIMIT = 1 << 14,
	OPTION_OLDEST_FIRST = 1 << 15,
	OPTION_FORMAT = 1 << 16,
	OPTION_OUTPUT = 1 << 17,
	OPTION_ENCRYPT = 1 << 18,
	OPTION_NAME = 1 << 19,
	OPTION_PASSPHRASE = 1 << 20,
	OPTION_BUCKET = 1 << 21,
	OPTION_PROBE = 1 << 22,
	OPTION_GATEWAY = 1 << 23,
	OPTION_INVITE = 1 << 24,
	OPTION_RESEED = 1 << 25,
	OPTION_INSECURE_HTTP = 1 << 26,
};
#define OPTION_GLOBAL ((uint32_t)(OPTION_TITLE - 1))

struct options {
	uint32_t given;               /* the bits of those that stand on the command line */
	const char *home;             /* NULL: by the environment */
	bool json;                    /* JSON on standard output */
	bool quiet;                   /* no progress, no remarks */
	bool no_input;                /* never ask */
	bool yes;                     /* every question is answered with yes */
	bool from_stdin;              /* --stdin: even where it is a terminal */
	const char *password_command; /* NULL: ask */
	bool help, about;
	const char *title, *collection, *format, *output, *name; /* NULL: not given */
	const char *bucket, *gateway, *invite;                   /* likewise */
	uint64_t version;
	uint64_t limit; /* 0: not given */
	bool deleted, conflicts, oldest_first, encrypt, passphrase, probe, reseed, insecure_http;

	const struct command *command; /* NULL: none was named */
	const char *args[OPTION_ARGS_MAX];
	size_t args_count;
};

/*
 * The command is looked for in commands, which ends with NULL. False: message says what is wrong
 * and *hint what to type instead, both one line.
 */
MUST_USE bool options_parse(const struct command *const *commands, int argc, char **argv,
    struct options *out, char message_out[CALL_MESSAGE_MAX], const char **hint_out);

/*
 * The options of these bits, one a call, as --help shows them: "-o, --output PATH", and what it
 * does. *at is 0 at first. False: that was all.
 */
#define OPTION_USAGE_MAX 64u
MUST_USE bool options_usage(
    uint32_t bits, size_t *at, char usage_out[OPTION_USAGE_MAX], const char **help_out);

#endif
