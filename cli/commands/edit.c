/*
 * cli/commands/edit.c: a new version of an entry. The home is not locked while the editor is open,
 * so the edit names the version it was begun on; if the entry has moved since, the conflict rule
 * judges. That version is remembered with a text that could not be saved, too.
 */
#include "cli/app/entries.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/output.h"
#include "cli/commands/terminal.h"
#include "cli/commands/text.h"

#include <stdio.h>
#include <string.h>

struct begun { /* the entry as the edit found it */
	struct bytes id;
	struct session_entry base; /* what the text was begun on */
	struct session_entry now;  /* the same, but for a text that was left over */
};

static void begun_clear(struct begun *begun)
{
	bytes_clear(&begun->id);
	bytes_clear(&begun->base.encoded);
	bytes_clear(&begun->now.encoded);
}

/* The entry's version (NULL: the current one), if anything can be read of it. */
static enum code find(struct session *session, struct view id, const struct digest *version,
    struct session_entry *out)
{
	enum code code = session_entry(session, id, version, out);

	if (code == CODE_OK && out->entry.id.data == NULL)
		code = session_damaged(session, id);
	return code;
}

/* The id is known: what the text was begun on, and what there is now. */
static enum code find_versions(struct session *session, struct text *text, struct begun *begun)
{
	struct purpose *purpose = &text->purpose;
	const char *id = (const char *)begun->id.data;
	bool left_over =
	    purpose->has_version && purpose->id != NULL && strcmp(purpose->id, id) == 0;
	enum code code;

	purpose->id = id;
	code = find(session, view_bytes(&begun->id), NULL, &begun->now);
	if (code == CODE_OK && !left_over)
		purpose->version = begun->now.version;
	purpose->has_version = code == CODE_OK || left_over;
	if (code == CODE_OK)
		code = find(session, view_bytes(&begun->id), &purpose->version, &begun->base);
	return code;
}

/* A text that was left over may be for another entry than the one that was asked for by mistake. */
static bool is_meant(const char *asked, const struct text *text)
{
	return text->unsaved.folder[0] == '\0' || text->purpose.id == NULL ||
	       strcmp(text->purpose.id, asked) == 0;
}

static enum code begin(struct app *app, struct text *text, struct begun *out)
{
	struct session session = {0};
	enum code code = session_open(app, SESSION_READ, &session);

	if (code == CODE_OK) {
		code = session_resolve(&session, options_of(app)->args[0], &out->id);
		if (session.missing && is_meant(options_of(app)->args[0], text))
			text->purpose.id = NULL; /* no command can be named that finds it */
	}
	if (code == CODE_OK)
		code = find_versions(&session, text, out);
	if (code == CODE_OK && !out->now.sound)
		output_warn("this entry is damaged: look through its text; what you save takes the "
			    "damaged version's place");
	if (code == CODE_OK && entry_deleted(&out->now.entry)) {
		code = app_fail(app, CODE_ERROR, "the entry is deleted");
		app_hint(app, "inkseal restore %s brings it back", options_of(app)->args[0]);
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

	if (options_of(app)->json) {
		json = json_pack(
		    "{s:s,s:b,s:b}", "id", id, "changed", (int)changed, "conflict", (int)conflict);
		if (json != NULL && conflict && outcome->copy_id[0] != '\0')
			(void)json_object_set_new(
			    json, "conflictCopy", json_string(outcome->copy_id));
		done = output_json(json);
	} else {
		done = output_line_end(view_text(id));
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
static enum code choose_piped(struct app *app, struct view before, struct view *content)
{
	if (content->len > 0 || options_of(app)->from_stdin)
		return CODE_OK;
	*content = before;
	if (options_of(app)->title != NULL)
		return CODE_OK;
	app_fail(app, CODE_ERROR, "standard input is empty; nothing was saved");
	app_hint(app, "pass --stdin to empty the entry, or inkseal rm to delete it");
	return CODE_ERROR;
}

enum emptied { EMPTIED_KEEP, EMPTIED_DELETE, EMPTIED_SAVE };

/* An emptied file may be a mishap, of an editor on a full disk too. */
static enum code ask_emptied(struct app *app, enum emptied *out)
{
	static const char prompt[] =
	    "The text is empty now. Keep the old text, delete the entry, or save it empty? "
	    "[K/d/e] ";
	struct bytes answer = {0};
	enum code code;

	*out = EMPTIED_KEEP;
	if (!terminal_can_ask(app) || options_of(app)->yes) {
		output_note(app, "the text came back empty: the old one is kept (inkseal rm ID "
				 "deletes an entry)");
		return CODE_OK;
	}
	code = terminal_ask(app, prompt, "the text on standard input", &answer);
	if (code == CODE_OK && answer.len > 0 && (answer.data[0] | 0x20) == 'd')
		*out = EMPTIED_DELETE;
	else if (code == CODE_OK && answer.len > 0 && (answer.data[0] | 0x20) == 'e')
		*out = EMPTIED_SAVE;
	bytes_clear(&answer);
	return code;
}

static enum code choose_edited(
    struct app *app, struct view before, struct view *content, bool *delete_out)
{
	enum emptied emptied;
	enum code code;

	if (!text_blank(*content) || text_blank(before))
		return CODE_OK;
	code = ask_emptied(app, &emptied);
	if (emptied == EMPTIED_KEEP)
		*content = before;
	*delete_out = emptied == EMPTIED_DELETE;
	return code;
}

/* Writes it, and reports. */
static enum code save(struct app *app, const struct begun *begun, const struct entry *entry,
    bool delete, struct text *text)
{
	struct session session = {0};
	struct edit_outcome outcome = {.conflict = false};
	enum code code = session_open(app, SESSION_WRITE, &session);

	if (code == CODE_OK && delete)
		code = session_delete(&session, entry->id);
	else if (code == CODE_OK)
		code = session_save(&session, entry, &begun->base.version, &outcome);
	session_close(&session);
	if (code != CODE_OK)
		return text_keep(app, text, code);
	text_saved(app, text);
	if (delete)
		output_note(app, "deleted; inkseal restore ID brings it back");
	return report(app, begun, &outcome);
}

static bool is_unchanged(const struct entry *entry, const struct session_entry *found)
{
	return view_equal(entry->content, found->entry.content) &&
	       view_equal(entry->title, found->entry.title);
}

/* From the editor, or from standard input, begun: first of all what would be lost. */
static enum code take_text(struct app *app, bool piped, struct begun *begun, struct text *text)
{
	enum code code = CODE_OK;

	text->purpose.id = options_of(app)->args[0];
	text->purpose.title = options_of(app)->title;
	if (piped)
		code = text_read(app, text);
	if (code != CODE_OK)
		return code;
	code = text_place(app, &text->purpose);
	if (code == CODE_OK)
		code = begin(app, text, begun);
	if (code != CODE_OK)
		return text_keep(app, text, code);
	return piped ? CODE_OK : text_edit(app, begun->now.entry.content, text);
}

static enum code work(struct app *app, struct begun *begun, struct text *text)
{
	bool piped = terminal_stdin_wanted(app), delete = false;
	enum code code = take_text(app, piped, begun, text);
	struct view content;
	struct entry entry;

	if (code != CODE_OK)
		return code;
	entry = begun->base.entry;
	content = view_bytes(&text->content);
	code = piped ? choose_piped(app, entry.content, &content)
		     : choose_edited(app, entry.content, &content, &delete);
	if (code != CODE_OK)
		return text_nothing(app, text, code);
	entry.content = content;
	if (text->purpose.title != NULL)
		entry.title = view_text(text->purpose.title);
	if (delete || (!is_unchanged(&entry, &begun->base) && !is_unchanged(&entry, &begun->now)))
		return save(app, begun, &entry, delete, text);
	code = report(app, begun, NULL);
	return text_nothing(app, text, code);
}

static enum code run(struct app *app)
{
	struct begun begun = {0};
	struct text text = TEXT_NONE;
	enum code code = work(app, &begun, &text);

	if (code == CODE_OK)
		text_remind(app);
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
	    "other stays in the history. A text that can't be saved is kept in a file, and\n"
	    "that is named; one that comes back empty from the editor asks what is meant.\n",
    .options = OPTION_TITLE,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
