/*
 * cli/commands/show.c: one entry, whole.
 */
#include "cli/app/entries.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/output.h"

static void print_fact(const char *label, struct view text)
{
	if (text.data == NULL)
		return;
	(void)output_printf("%-10s ", label);
	(void)output_line_end(text);
}

static void print_entry(const struct entry *entry)
{
	print_fact("title", entry->title);
	print_fact("id", entry->id);
	print_fact("collection", entry->collection);
	print_fact("created", entry->created_at);
	print_fact("updated", entry->updated_at);
	print_fact("deleted", entry->deleted_at);
	print_fact("copy of", entry->conflict_of);
	(void)output_printf("\n");
	(void)output_text(entry->content);
	if (entry->content.len > 0 && entry->content.data[entry->content.len - 1] != '\n')
		(void)output_printf("\n");
}

static enum code show(struct session *session)
{
	const struct options *options = options_of(session->app);
	struct session_entry shown = {.sound = true};
	struct bytes id = {0};
	struct digest version;
	enum code code = session_resolve(session, options->args[0], &id);

	if (code == CODE_OK && options->version > 0)
		code = session_version(session, view_bytes(&id), options->version, &version);
	if (code == CODE_OK)
		code = session_entry(
		    session, view_bytes(&id), options->version > 0 ? &version : NULL, &shown);
	if (code == CODE_OK && shown.entry.id.data == NULL)
		code = session_damaged(session, view_bytes(&id));
	if (code == CODE_OK && !options->json)
		print_entry(&shown.entry);
	else if (code == CODE_OK && !output_entry(&shown.entry))
		code = app_fail(session->app, CODE_ERROR, "the entry can't be printed");
	if (code == CODE_OK && !shown.sound)
		output_warn("this version is damaged: what is shown is not what was saved "
			    "(inkseal history lists the others)");
	bytes_clear(&shown.encoded);
	bytes_clear(&id);
	return code;
}

static enum code run(struct app *app)
{
	struct session session = {0};
	enum code code = session_open(app, SESSION_READ, &session);

	if (code == CODE_OK)
		code = show(&session);
	session_close(&session);
	return code;
}

const struct command show_command = {
    .name = "show",
    .args = "ID [--version N]",
    .summary = "Shows an entry, or an old version of it",
    .help = "With --json: the entry with all its members as they came, unknown ones too.\n",
    .options = OPTION_VERSION,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
