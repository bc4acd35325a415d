/*
 * cli/commands/list.c: the entries, newest first.
 */
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/listing.h"

static enum code run(struct app *app)
{
	const struct options *options = options_of(app);
	const struct store_query query = {
	    .collection = options->collection,
	    .deleted = options->deleted,
	    .conflicts_only = options->conflicts,
	    .limit = options->limit,
	    .oldest_first = options->oldest_first,
	};

	return listing_print(app, &query);
}

const struct command list_command = {
    .name = "list",
    .args = "[--collection NAME] [--deleted] [--conflicts] [--limit N] [--oldest-first]",
    .summary = "Lists the entries",
    .help = "On a terminal a table of 50 rows; elsewhere all, a line an entry: id, created\n"
	    "at, title, divided by tabs. With --json: a JSON line an entry, without its\n"
	    "content.\n",
    .options =
	OPTION_COLLECTION | OPTION_DELETED | OPTION_CONFLICTS | OPTION_LIMIT | OPTION_OLDEST_FIRST,
    .run = run,
};
