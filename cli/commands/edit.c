/*
 * cli/commands/edit.c: a new version of an entry. The home is not locked while the editor is open,
 * so the edit names the version it was begun on; if the entry has moved since, the conflict rule
 * judges.
 */
#include "cli/commands/output.h"
#include "cli/commands/session.h"
#include "cli/commands/text.h"

#include <stdio.h>
#include <string.h>

struct begun { /* the entry as the edit found it */
	struct bytes id;
	struct bytes encoded;
	struct entry entry; /* points into encoded */
	struct digest version;
};

static void begun_clear(struct begun *begun)
{
	bytes_clear(&begun->id);
	bytes_clear(&begun->encoded);
}

static enum code begin(struct app *app, struct begun *out)
{
	struct session session = {0};
	enum code code = session_open(app, SESSION_READ, &session);

	if (code == CODE_OK)
		code = session_resolve(&session, app->options.args[0], &out->id);
	if (code == CODE_OK)
		code = session_entry(&session, view_bytes(&out->id), NULL, &out->encoded,
		    &out->entry, &out->version);
	if (code == CODE_OK && entry_deleted(&out->entry)) {
		code = app_fail(app, CODE_ERROR, "the entry is deleted");
		app_hint(app, "inkseal restore %s brings it back", app->options.args[0]);
	}
	session_close(&session);
	return code;
}

static enum code report(
    struct app *app, const struct begun *begun, const struct edit_outcome *outcome)
{
	const char *id = (const char *)begun->id.data;
	bool changed = outcome != NULL;
	bool conflict = changed && outcome->conflict;
	json_t *json;
	bool done;

	if (app->options.json) {
		json = json_pack(
		    "{s:s,s:b,s:b}", "id", id, "changed", (int)changed, "conflict", (int)conflict);
		if (json != NULL && conflict && outcome->copy_id[0] != '\0')
			(void)json_object_set_new(
			    json, "conflictCopy", json_string(outcome->copy_id));
		done = output_json(json);
	} else {
		done = puts(id) != EOF;
	}
	if (!changed)
		output_note(app, "unchanged: nothing was written");
	if (conflict && outcome->copy_id[0] != '\0')
		output_note(app,
		    "the entry was changed elsewhere meanwhile: both versions are kept, the other "
		    "as conflict copy %s",
		    outcome->copy_id);
	else if (conflict)
		output_note(app, "the entry was changed elsewhere meanwhile: the older version is "
				 "kept in its history");
	return done ? CODE_OK : app_fail(app, CODE_ERROR, "the id can't be printed");
}

/*
 * A script's standard input is often just empty: that alone is no wish to empty the entry. With a
 * title the text stays as it is; --stdin means what it says.
 */
static enum code choose_content(
    struct app *app, const struct begun *begun, const struct text *text, struct view *out)
{
	bool nothing_came = text->content.len == 0 && text->folder[0] == '\0';

	*out = view_bytes(&text->content);
	if (!nothing_came || app->options.from_stdin)
		return CODE_OK;
	*out = begun->entry.content;
	if (app->options.title != NULL)
		return CODE_OK;
	app_fail(app, CODE_ERROR, "standard input is empty; nothing was saved");
	app_hint(app, "pass --stdin to empty the entry, or inkseal rm to delete it");
	return CODE_ERROR;
}

static enum code run(struct app *app)
{
	struct session session = {0};
	struct begun begun = {0};
	struct text text = {0};
	struct edit_outcome outcome;
	struct entry entry;
	enum code code = begin(app, &begun);

	if (code == CODE_OK)
		code = text_get(app, begun.entry.content, &text);
	if (code != CODE_OK)
		goto done;
	entry = begun.entry;
	code = choose_content(app, &begun, &text, &entry.content);
	if (code != CODE_OK)
		goto done;
	if (app->options.title != NULL)
		entry.title = view_text(app->options.title);
	if (view_equal(entry.content, begun.entry.content) &&
	    view_equal(entry.title, begun.entry.title)) {
		text_drop(&text);
		code = report(app, &begun, NULL);
		goto done;
	}
	code = session_open(app, SESSION_WRITE, &session);
	if (code == CODE_OK)
		code = session_engine(&session,
		    edit_save(&session.engine, &entry, &begun.version, &session.call, &outcome));
	session_close(&session);
	if (code != CODE_OK) {
		code = text_keep(app, &text, code);
		goto done;
	}
	text_drop(&text);
	code = report(app, &begun, &outcome);
done:
	text_drop(&text); /* empty by now, unless nothing was to be saved */
	begun_clear(&begun);
	return code;
}

const struct command edit_command = {
    .name = "edit",
    .args = "ID [--title TITLE]",
    .summary = "Changes an entry",
    .help = "The new text comes from standard input, or from your editor where standard\n"
	    "input is a terminal. If the entry was changed elsewhere while you were editing,\n"
	    "nothing is lost: near edits are both kept, else the newer one wins and the\n"
	    "other stays in the history.\n",
    .options = OPTION_TITLE,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
