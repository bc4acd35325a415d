/*
 * cli/commands/export.c: writes entries to an export file or a folder of Markdown.
 */
#include "cli/app/export.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/output.h"

#include <string.h>

static enum code check_options(struct app *app, bool *markdown_out)
{
	const struct options *options = options_of(app);
	const char *format = options->format == NULL ? "metadj" : options->format;

	*markdown_out = strcmp(format, "markdown") == 0;
	if (!*markdown_out && strcmp(format, "metadj") != 0)
		return app_fail(app, CODE_USAGE, "there is no format \"%.32s\"", format);
	if (options->output == NULL) {
		app_fail(app, CODE_USAGE, "where to is not said");
		app_hint(app, "pass -o PATH; -o - is standard output");
		return CODE_USAGE;
	}
	if (*markdown_out && options->encrypt)
		return app_fail(app, CODE_USAGE, "a folder of Markdown can't be encrypted");
	if (*markdown_out && strcmp(options->output, "-") == 0)
		return app_fail(app, CODE_USAGE, "markdown is written into a folder");
	return CODE_OK;
}

static enum code report(struct app *app, const struct exported *exported, bool to_stdout)
{
	enum code code = exported->damaged > 0 ? CODE_PARTIAL : CODE_OK;

	if (to_stdout)
		return code;
	if (!options_of(app)->json)
		output_note(app, "%llu entries in %s", (unsigned long long)exported->count,
		    options_of(app)->output);
	else if (!output_json(json_pack("{s:I,s:I}", "exported", (json_int_t)exported->count,
		     "damaged", (json_int_t)exported->damaged)))
		code = app_fail(app, CODE_ERROR, "the count can't be printed");
	return code;
}

static enum code run(struct app *app)
{
	const struct options *options = options_of(app);
	struct export_wish wish = {
	    .collection = options->collection != NULL ? options->collection : "journal",
	    .path = options->output,
	    .encrypt = options->encrypt,
	};
	struct exported exported = {0};
	struct session session = {0};
	enum code code = check_options(app, &wish.markdown);

	if (code == CODE_OK && strcmp(options->output, "-") == 0)
		wish.write = output_text;
	if (code == CODE_OK)
		code = session_open(app, SESSION_WRITE, &session);
	if (code == CODE_OK)
		code = app_export(&session, &wish, &exported);
	session_close(&session);
	return code == CODE_OK ? report(app, &exported, wish.write != NULL) : code;
}

const struct command export_command = {
    .name = "export",
    .args = "[--format metadj|markdown] [--collection NAME] [--encrypt] -o PATH",
    .summary = "Writes entries to an export file or a folder of Markdown",
    .help = "The live entries of the collection journal, or of --collection, oldest first. A\n"
	    "file appears whole or not at all, readable by you alone. --encrypt asks for a\n"
	    "passphrase.\n",
    .options = OPTION_FORMAT | OPTION_OUTPUT | OPTION_ENCRYPT | OPTION_COLLECTION,
    .run = run,
};
