/*
 * tests/cli/commands/options_test.c: command lines, read and refused.
 */
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

#include "cli/commands/commands.h"
#include "cli/commands/options.h"

#define ARGV_MAX 8u

static bool parse(const char *const *words, struct options *out, char message[CALL_MESSAGE_MAX])
{
	char *argv[ARGV_MAX + 1] = {(char *)"inkseal"};
	const char *hint;
	int argc = 1;

	while (argc <= (int)ARGV_MAX && words[argc - 1] != NULL) {
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	message[0] = '\0';
	return options_parse(command_table, argc, argv, out, message, &hint);
}

static void refuses(void **state)
{
	static const struct {
		const char *name;
		const char *words[ARGV_MAX];
		const char *says;
	} rows[] = {
	    {"unknown command", {"frob"}, "no command \"frob\""},
	    {"unknown option", {"list", "--frob"}, "no option --frob"},
	    {"unknown option with a value", {"list", "--frob=1"}, "no option --frob"},
	    {"unknown letter", {"list", "-z"}, "no option -z"},
	    {"letters in one", {"list", "-yo"}, "no option -yo"},
	    {"a prefix of an option", {"list", "--js"}, "no option --js"},
	    {"a flag with a value", {"list", "--json=1"}, "takes no value"},
	    {"no value", {"list", "--limit"}, "needs N"},
	    {"an empty value", {"list", "--home="}, "needs DIR"},
	    {"not a number", {"list", "--limit", "1x"}, "needs a number"},
	    {"zero", {"list", "--limit", "0"}, "needs a number"},
	    {"too large a number", {"list", "--limit", "1000000000"}, "needs a number"},
	    {"a negative number", {"list", "--limit", "-1"}, "needs a number"},
	    {"another command's option", {"show", "abcd", "--title", "T"}, "takes no --title"},
	    {"too few", {"show"}, "something is missing"},
	    {"too many", {"status", "x"}, "does not know what to do with \"x\""},
	    {"an option after --", {"list", "--", "--json"}, "with \"--json\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct options options;
		char message[CALL_MESSAGE_MAX];

		if (parse(rows[i].words, &options, message) ||
		    strstr(message, rows[i].says) == NULL)
			fail_msg("%s: %s", rows[i].name, message);
	}
}

/* A script's errors are JSON, wherever the mistake stands; after -- it is a word like others. */
static void json_is_known_where_the_rest_is_refused(void **state)
{
	static const struct {
		const char *words[4];
		bool json;
	} rows[] = {
	    {{"--json", "frob"}, true},
	    {{"frob", "--json"}, true},
	    {{"list", "--frob", "--json"}, true},
	    {{"show", "--json"}, true},
	    {{"frob"}, false},
	    {{"list", "--frob", "--", "--json"}, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct options options = {.json = false};
		const char *words[5] = {NULL};
		char message[CALL_MESSAGE_MAX];

		memcpy(words, rows[i].words, sizeof(rows[i].words));
		assert_false(parse(words, &options, message));
		assert_int_equal(options.json, rows[i].json);
	}
}

static void reads_options_before_and_after(void **state)
{
	static const char *const words[] = {
	    "--home", "H", "show", "--json", "abcd", "--version=7", "-y", NULL};
	struct options options;
	char message[CALL_MESSAGE_MAX];

	(void)state;
	assert_true(parse(words, &options, message));
	assert_ptr_equal(options.command, &show_command);
	assert_string_equal(options.home, "H");
	assert_true(options.json && options.yes && !options.about);
	assert_int_equal(options.version, 7);
	assert_int_equal(options.args_count, 1);
	assert_string_equal(options.args[0], "abcd");
}

static void version_means_two_things(void **state)
{
	static const char *const before[] = {"--version", NULL};
	struct options options;
	char message[CALL_MESSAGE_MAX];

	(void)state;
	assert_true(parse(before, &options, message));
	assert_true(options.about && options.version == 0);
}

static void a_dash_is_a_word(void **state)
{
	static const char *const words[] = {"import", "-", NULL};
	struct options options;
	char message[CALL_MESSAGE_MAX];

	(void)state;
	assert_true(parse(words, &options, message));
	assert_string_equal(options.args[0], "-");
}

static void help_is_asked_for_in_three_ways(void **state)
{
	static const char *const rows[][3] = {
	    {"help", "new", NULL}, {"new", "--help", NULL}, {"-h", "new", NULL}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct options options;
		char message[CALL_MESSAGE_MAX];

		assert_true(parse(rows[i], &options, message));
		assert_true(options.help);
		assert_ptr_equal(options.command, &new_command);
	}
}

static void every_command_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; command_table[i] != NULL; i++) {
		const struct command *command = command_table[i];

		assert_non_null(command->run);
		assert_true(command->args_min <= command->args_max);
		assert_true(command->args_max <= OPTION_ARGS_MAX);
		assert_int_equal(command->options & OPTION_GLOBAL, 0);
		for (const char *line = command->help; *line != '\0';) {
			const char *end = strchr(line, '\n');

			assert_non_null(end); /* every line is ended */
			if (end - line > 84)  /* bytes: "…" has three */
				fail_msg("%s: too long a line: %s", command->name, line);
			line = end + 1;
		}
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(refuses),
    cmocka_unit_test(json_is_known_where_the_rest_is_refused),
    cmocka_unit_test(reads_options_before_and_after),
    cmocka_unit_test(version_means_two_things),
    cmocka_unit_test(a_dash_is_a_word),
    cmocka_unit_test(help_is_asked_for_in_three_ways),
    cmocka_unit_test(every_command_is_whole),
};

TEST_MAIN(tests)
