/*
 * cli/commands/new.c: a new entry, from standard input or the editor.
 */
#include "cli/commands/output.h"
#include "cli/commands/session.h"
#include "cli/commands/text.h"

#include <stdio.h>
#include <string.h>

static enum code save(struct session *session, struct view content, char id_out[COPY_ID_LEN + 1])
{
	const struct options *options = &session->app->options;
	struct edit_outcome outcome;
	struct entry entry = {
	    .collection = view_text(options->collection != NULL ? options->collection : "journal"),
	    .title = options->title != NULL ? view_text(options->title) : text_title(content),
	    .content = content,
	};

	entry_id_new(&session->app->random, id_out);
	entry.id = view_text(id_out);
	return session_engine(
	    session, edit_save(&session->engine, &entry, NULL, &session->call, &outcome));
}

static enum code report(struct app *app, const char *id)
{
	bool done;

	if (app->options.json)
		done = output_json(json_pack("{s:s}", "id", id));
	else
		done = puts(id) != EOF;
	return done ? CODE_OK : app_fail(app, CODE_ERROR, "the id can't be printed");
}

static enum code run(struct app *app)
{
	struct session session = {0};
	char id[COPY_ID_LEN + 1];
	struct text text = {0};
	enum code code = text_get(app, (struct view){0}, &text);

	if (code != CODE_OK)
		return code;
	if (text.content.len == 0 && app->options.title == NULL) {
		text_drop(&text);
		return app_fail(app, CODE_ERROR, "the text is empty; nothing was saved");
	}
	code = session_open(app, SESSION_WRITE, &session);
	if (code == CODE_OK)
		code = save(&session, view_bytes(&text.content), id);
	session_close(&session);
	if (code != CODE_OK)
		return text_keep(app, &text, code);
	text_drop(&text);
	return report(app, id);
}

const struct command new_command = {
    .name = "new",
    .args = "[--title TITLE] [--collection NAME]",
    .summary = "Writes a new entry",
    .help = "The text comes from standard input, or from your editor (VISUAL, EDITOR, vi)\n"
	    "where standard input is a terminal. Without --title its first line is the\n"
	    "title. Prints the entry's id.\n",
    .options = OPTION_TITLE | OPTION_COLLECTION,
    .run = run,
};
