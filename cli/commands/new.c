/*
 * cli/commands/new.c: a new entry, from standard input or the editor.
 */
#include "cli/app/entries.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/output.h"
#include "cli/commands/terminal.h"
#include "cli/commands/text.h"

static enum code save(
    struct session *session, const struct text *text, char id_out[COPY_ID_LEN + 1])
{
	const char *title = text->purpose.title, *collection = text->purpose.collection;
	struct view content = view_bytes(&text->content);
	const struct entry entry = {
	    .collection = view_text(collection != NULL ? collection : "journal"),
	    .title = title != NULL ? view_text(title) : text_title(content),
	    .content = content,
	};

	return session_new(session, &entry, id_out);
}

static enum code report(struct app *app, const char *id)
{
	bool done;

	if (options_of(app)->json)
		done = output_json(json_pack("{s:s}", "id", id));
	else
		done = output_line_end(view_text(id));
	return done ? CODE_OK : app_fail(app, CODE_ERROR, "the id can't be printed");
}

static enum code nothing_to_save(struct app *app, struct text *text)
{
	return text_nothing(app, text,
	    app_fail(app, text->edited ? CODE_CANCELLED : CODE_ERROR,
		"the text is empty; nothing was saved"));
}

/* Piped text comes first, for it would be lost; nobody writes one for an entry that can't be. */
static enum code take_text(struct app *app, struct text *text)
{
	bool piped = terminal_stdin_wanted(app);
	enum code code = piped ? text_read(app, text) : CODE_OK;

	if (code != CODE_OK)
		return code;
	code = text_place(app, &text->purpose);
	if (code != CODE_OK)
		return text_keep(app, text, code);
	return piped ? CODE_OK : text_edit(app, (struct view){0}, text);
}

static enum code run(struct app *app)
{
	struct session session = {0};
	char id[COPY_ID_LEN + 1];
	struct text text = TEXT_NONE;
	enum code code;

	text.purpose.title = options_of(app)->title;
	text.purpose.collection = options_of(app)->collection;
	code = take_text(app, &text);
	if (code != CODE_OK)
		return code;
	if (text_blank(view_bytes(&text.content)) &&
	    (text.edited || options_of(app)->title == NULL))
		return nothing_to_save(app, &text);
	code = session_open(app, SESSION_WRITE, &session);
	if (code == CODE_OK)
		code = save(&session, &text, id);
	session_close(&session);
	if (code != CODE_OK)
		return text_keep(app, &text, code);
	text_saved(app, &text);
	text_remind(app);
	return report(app, id);
}

const struct command new_command = {
    .name = "new",
    .args = "[--title TITLE] [--collection NAME]",
    .summary = "Writes a new entry",
    .help = "The text comes from standard input, or from your editor (VISUAL, EDITOR, vi)\n"
	    "where standard input is a terminal. Without --title its first line is the\n"
	    "title. Prints the entry's id. A text that can't be saved is kept in a file, and\n"
	    "that is named.\n",
    .options = OPTION_TITLE | OPTION_COLLECTION,
    .run = run,
};
