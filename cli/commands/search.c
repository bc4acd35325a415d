/*
 * cli/commands/search.c: the entries that hold all of some words, best first.
 */
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/listing.h"

static enum code run(struct app *app)
{
	const struct options *options = options_of(app);
	struct store_query query = {
	    .collection = options->collection,
	    .deleted = options->deleted,
	    .limit = options->limit,
	};
	struct buffer words;
	struct bytes match = {0};
	enum code code;

	buffer_init(&words, CALL_MESSAGE_MAX * 8);
	for (size_t i = 0; i < options->args_count; i++) {
		if (i > 0)
			buffer_add_byte(&words, ' ');
		buffer_add_text(&words, options->args[i]);
	}
	if (!buffer_take(&words, &match)) {
		buffer_clear(&words);
		return app_fail(app, CODE_USAGE, "the search is too long");
	}
	query.match = (const char *)match.data;
	code = listing_print(app, &query);
	bytes_clear(&match);
	return code;
}

const struct command search_command = {
    .name = "search",
    .args = "WORD… [--collection NAME] [--deleted] [--limit N]",
    .summary = "Finds entries by words of their title and text",
    .help = "All words must occur; \"cour*\" is any word that begins so. Best first, each with\n"
	    "the place found. The output is as that of list.\n",
    .options = OPTION_COLLECTION | OPTION_DELETED | OPTION_LIMIT,
    .args_min = 1,
    .args_max = OPTION_ARGS_MAX,
    .run = run,
};
