/*
 * cli/commands/options.c: one table of options, and reading argv by it.
 */
#include "cli/commands/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum option_kind { KIND_FLAG, KIND_TEXT, KIND_NUMBER };
struct option {
	const char *name; /* without its dashes */
	char letter;      /* 0: none */
	enum option_kind kind;
	uint32_t bit;
	size_t offset; /* of its member in struct options */
	const char *value;
	const char *help;
};
#define IN_OPTIONS(member) offsetof(struct options, member)

static const struct option option_table[] = {
    {"home", 0, KIND_TEXT, OPTION_HOME, IN_OPTIONS(home), "DIR",
	"the device's folder (else INKSEAL_HOME, else by XDG)"},
    {"json", 0, KIND_FLAG, OPTION_JSON, IN_OPTIONS(json), NULL, "answer in JSON"},
    {"quiet", 0, KIND_FLAG, OPTION_QUIET, IN_OPTIONS(quiet), NULL, "no progress, no remarks"},
    {"no-input", 0, KIND_FLAG, OPTION_NO_INPUT, IN_OPTIONS(no_input), NULL,
	"never ask: fail, and say what to pass instead"},
    {"yes", 'y', KIND_FLAG, OPTION_YES, IN_OPTIONS(yes), NULL, "answer every question with yes"},
    {"stdin", 0, KIND_FLAG, OPTION_STDIN, IN_OPTIONS(from_stdin), NULL,
	"read the text from standard input, terminal or not"},
    {"password-command", 0, KIND_TEXT, OPTION_PASSWORD_COMMAND, IN_OPTIONS(password_command), "CMD",
	"the passphrase is the first line that CMD prints"},
    {"help", 'h', KIND_FLAG, OPTION_HELP, IN_OPTIONS(help), NULL, "this text"},
    {"version", 0, KIND_FLAG, OPTION_ABOUT, IN_OPTIONS(about), NULL, "the program's version"},
    {"title", 0, KIND_TEXT, OPTION_TITLE, IN_OPTIONS(title), "TITLE", "the entry's title"},
    {"collection", 0, KIND_TEXT, OPTION_COLLECTION, IN_OPTIONS(collection), "NAME",
	"of this collection alone (journal, drafts, …)"},
    {"version", 0, KIND_NUMBER, OPTION_VERSION, IN_OPTIONS(version), "N",
	"an old version, by its number in `history`"},
    {"deleted", 0, KIND_FLAG, OPTION_DELETED, IN_OPTIONS(deleted), NULL,
	"the deleted entries instead"},
    {"conflicts", 0, KIND_FLAG, OPTION_CONFLICTS, IN_OPTIONS(conflicts), NULL,
	"conflict copies alone"},
    {"limit", 0, KIND_NUMBER, OPTION_LIMIT, IN_OPTIONS(limit), "N", "at most N rows"},
    {"oldest-first", 0, KIND_FLAG, OPTION_OLDEST_FIRST, IN_OPTIONS(oldest_first), NULL,
	"the other way round"},
    {"format", 0, KIND_TEXT, OPTION_FORMAT, IN_OPTIONS(format), "FORMAT",
	"metadj (an export file) or markdown (a folder)"},
    {"output", 'o', KIND_TEXT, OPTION_OUTPUT, IN_OPTIONS(output), "PATH",
	"the file or folder to write; - is standard output"},
    {"encrypt", 0, KIND_FLAG, OPTION_ENCRYPT, IN_OPTIONS(encrypt), NULL,
	"put the file under a passphrase"},
    {"name", 0, KIND_TEXT, OPTION_NAME, IN_OPTIONS(name), "NAME",
	"this device's name, for your other devices"},
    {"passphrase", 0, KIND_FLAG, OPTION_PASSPHRASE, IN_OPTIONS(passphrase), NULL,
	"put this device's keys under a passphrase"},
    {"bucket", 0, KIND_TEXT, OPTION_BUCKET, IN_OPTIONS(bucket), "URL",
	"where the account is: dir:FOLDER or s3:URL"},
    {"gateway", 0, KIND_TEXT, OPTION_GATEWAY, IN_OPTIONS(gateway), "URL",
	"the gateway the account is at: https://HOST"},
    {"invite", 0, KIND_TEXT, OPTION_INVITE, IN_OPTIONS(invite), "TOKEN",
	"a gateway's invite; - reads it from standard input"},
    {"insecure-http", 0, KIND_FLAG, OPTION_INSECURE_HTTP, IN_OPTIONS(insecure_http), NULL,
	"a gateway on another machine may be reached without TLS"},
    {"reseed", 0, KIND_FLAG, OPTION_RESEED, IN_OPTIONS(reseed), NULL,
	"begin the cloud copy anew from this device, if it cannot be followed"},
    {"probe", 0, KIND_FLAG, OPTION_PROBE, IN_OPTIONS(probe), NULL,
	"also try out the bucket (writes and removes small objects)"},
};

static void say(char message_out[CALL_MESSAGE_MAX], const char *format, ...) PRINTF_LIKE(2, 3);
static void say(char message_out[CALL_MESSAGE_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message_out, CALL_MESSAGE_MAX, format, args);
	va_end(args);
}

/* --version means one thing before the command, another after it. */
static const struct option *option_find(const char *name, size_t len, bool after_command)
{
	for (size_t i = 0; i < COUNT_OF(option_table); i++) {
		const struct option *option = &option_table[i];

		if (strlen(option->name) != len || strncmp(option->name, name, len) != 0)
			continue;
		if (option->bit == OPTION_ABOUT && after_command)
			continue;
		return option;
	}
	return NULL;
}

static const struct option *option_letter(char letter)
{
	for (size_t i = 0; i < COUNT_OF(option_table); i++)
		if (option_table[i].letter != 0 && option_table[i].letter == letter)
			return &option_table[i];
	return NULL;
}

static bool parse_number(const char *text, uint64_t *out)
{
	uint64_t number = 0;
	size_t len = strlen(text);

	if (len == 0 || len > 9)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(text[i] - '0');
	}
	*out = number;
	return number > 0;
}

static bool option_set(const struct option *option, const char *value, struct options *out,
    char message_out[CALL_MESSAGE_MAX])
{
	char *member = (char *)out + option->offset;

	out->given |= option->bit;
	switch (option->kind) {
	case KIND_FLAG: *(bool *)(void *)member = true; return true;
	case KIND_TEXT:
		memcpy(member, &value, sizeof(value)); /* the member is a const char * */
		if (value[0] != '\0')
			return true;
		say(message_out, "--%s needs %s", option->name, option->value);
		return false;
	case KIND_NUMBER:
		if (parse_number(value, (uint64_t *)(void *)member))
			return true;
		say(message_out, "--%s needs a number, 1 to 999999999", option->name);
		return false;
	}
	return false;
}

/* The argument at *at, "--name", "--name=value" or "-o", and its value if that stands alone. */
static bool parse_option(
    int argc, char **argv, int *at, struct options *out, char message_out[CALL_MESSAGE_MAX])
{
	const char *arg = argv[*at];
	const char *equals = strchr(arg, '=');
	const char *value = NULL;
	const struct option *option;

	if (arg[1] == '-') {
		size_t len = equals == NULL ? strlen(arg) - 2 : (size_t)(equals - arg) - 2;

		option = option_find(arg + 2, len, out->command != NULL);
		value = equals == NULL ? NULL : equals + 1;
	} else {
		option = arg[2] == '\0' ? option_letter(arg[1]) : NULL;
	}
	if (option == NULL) {
		say(message_out, "there is no option %.*s",
		    equals == NULL ? 64 : (int)(equals - arg), arg);
		return false;
	}
	if (option->kind == KIND_FLAG && value != NULL) {
		say(message_out, "--%s takes no value", option->name);
		return false;
	}
	if (option->kind != KIND_FLAG && value == NULL) {
		if (*at + 1 >= argc) {
			say(message_out, "--%s needs %s", option->name, option->value);
			return false;
		}
		value = argv[++*at];
	}
	return option_set(option, value, out, message_out);
}

static const struct command *command_find(const struct command *const *commands, const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static bool parse_word(const struct command *const *commands, const char *word, struct options *out,
    char message_out[CALL_MESSAGE_MAX])
{
	bool is_help = strcmp(word, "help") == 0 && !out->help;

	if (out->command == NULL && is_help) { /* help COMMAND is COMMAND --help */
		out->help = true;
		return true;
	}
	if (out->command == NULL) {
		out->command = command_find(commands, word);
		if (out->command == NULL)
			say(message_out, "there is no command \"%.64s\"", word);
		return out->command != NULL;
	}
	if (out->args_count == OPTION_ARGS_MAX) {
		say(message_out, "too many arguments: %u at most", OPTION_ARGS_MAX);
		return false;
	}
	out->args[out->args_count++] = word;
	return true;
}

/* Does the command take what was given? */
static bool options_fit(const struct options *options, char message_out[CALL_MESSAGE_MAX])
{
	const struct command *command = options->command;
	uint32_t left = options->given & ~(OPTION_GLOBAL | command->options);

	for (size_t i = 0; left != 0 && i < COUNT_OF(option_table); i++) {
		if ((option_table[i].bit & left) == 0)
			continue;
		say(message_out, "inkseal %s takes no --%s", command->name, option_table[i].name);
		return false;
	}
	if (options->args_count < command->args_min) {
		say(message_out, "something is missing: inkseal %s %s", command->name,
		    command->args);
		return false;
	}
	if (options->args_count > command->args_max) {
		say(message_out, "inkseal %s does not know what to do with \"%.64s\"",
		    command->name, options->args[command->args_max]);
		return false;
	}
	return true;
}

/* Who reads JSON reads errors too, wherever the mistake stands. */
static bool wants_json(int argc, char **argv)
{
	for (int at = 1; at < argc && strcmp(argv[at], "--") != 0; at++)
		if (strcmp(argv[at], "--json") == 0)
			return true;
	return false;
}

bool options_parse(const struct command *const *commands, int argc, char **argv,
    struct options *out, char message_out[CALL_MESSAGE_MAX], const char **hint_out)
{
	struct options options = {0};
	bool words_only = false;

	*hint_out = "try: inkseal help";
	for (int at = 1; at < argc; at++) {
		const char *arg = argv[at];
		bool good;

		if (!words_only && strcmp(arg, "--") == 0) {
			words_only = true;
			continue;
		}
		if (!words_only && arg[0] == '-' && arg[1] != '\0')
			good = parse_option(argc, argv, &at, &options, message_out);
		else
			good = parse_word(commands, arg, &options, message_out);
		if (!good) {
			out->json = wants_json(argc, argv);
			return false;
		}
	}
	if (options.command != NULL && !options.help && !options_fit(&options, message_out)) {
		*hint_out = NULL; /* the caller knows the command's name */
		*out = options;
		return false;
	}
	*out = options;
	return true;
}

bool options_usage(
    uint32_t bits, size_t *at, char usage_out[OPTION_USAGE_MAX], const char **help_out)
{
	for (; *at < COUNT_OF(option_table); ++*at) {
		const struct option *option = &option_table[*at];

		if ((option->bit & bits) == 0)
			continue;
		(void)snprintf(usage_out, OPTION_USAGE_MAX, "%c%c%s--%s%s%s",
		    option->letter != 0 ? '-' : ' ', option->letter != 0 ? option->letter : ' ',
		    option->letter != 0 ? ", " : "  ", option->name,
		    option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
		*help_out = option->help;
		++*at;
		return true;
	}
	return false;
}
