/*
 * cli/commands/text.c: takes a text in; keeps it if it could not be saved.
 */
#include "cli/commands/text.h"
#include "cli/commands/cli.h"
#include "cli/commands/output.h"
#include "cli/commands/terminal.h"
#include "schemas/base/utf8.h"
#include "schemas/format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TITLE_DERIVED_MAX 200u /* bytes; a line of prose is no title */
#define TOO_LONG "is longer than the 4 MiB that an entry can hold"
#define FILE_TEXT_MAX (CONTENT_MAX + 1u)
#define AT_ONCE_MS 2000       /* no person has written anything by then */
#define PIPED_MAX (64u << 20) /* what is too long for an entry is still kept */

_Static_assert(CONTENT_MAX == 4u << 20, "TOO_LONG says how much that is");

/* Editors end a file with a line feed, echo a line: one is not part of the text. */
static void take_line_feed(struct bytes *content)
{
	if (content->len > 0 && content->data[content->len - 1] == '\n')
		content->len--;
}

const char *text_fault(struct view content)
{
	if (content.len > CONTENT_MAX)
		return TOO_LONG;
	if (content.len > 0 && memchr(content.data, 0, content.len) != NULL)
		return "has a NUL byte in it";
	return utf8_valid(content) ? NULL : "is not UTF-8";
}

enum code text_place(struct app *app, const struct purpose *purpose)
{
	const char *title = purpose->title, *collection = purpose->collection;

	if (title != NULL && strlen(title) > TITLE_MAX)
		return app_fail(app, CODE_USAGE,
		    "the title takes %zu bytes, and %u are the most that one may", strlen(title),
		    TITLE_MAX);
	if (title != NULL && !utf8_valid(view_text(title)))
		return app_fail(app, CODE_USAGE, "the title is not UTF-8");
	if (collection != NULL && !entry_collection_valid(view_text(collection)))
		return app_fail(app, CODE_USAGE,
		    "\"%.64s\" is no collection's name: that is 1 to %u letters, a to z",
		    collection, COLLECTION_MAX);
	return CODE_OK;
}

/* Did it come well, and may it be saved? Says why not. error: of reading it. */
static enum code judge(struct app *app, const struct text *text, enum code ended, int error)
{
	const char *fault;

	if (ended != CODE_OK)
		return ended;
	if (error == ENOENT)
		return app_fail(
		    app, CODE_CANCELLED, "the editor left no file behind; nothing was saved");
	if (error != 0)
		return app_fail(app, CODE_ERROR, "the text can't be read: %s; nothing was saved",
		    error == EFBIG ? "it " TOO_LONG : strerror(error));
	fault = text_fault(view_bytes(&text->content));
	return fault == NULL ? CODE_OK
			     : app_fail(app, CODE_ERROR, "the text %s; nothing was saved", fault);
}

/* Is standard input a file from its start on? Then that is where the text is. */
static bool reads_file(void)
{
	struct stat info;

	return fstat(STDIN_FILENO, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink > 0 &&
	       lseek(STDIN_FILENO, 0, SEEK_CUR) == 0;
}

/* One that was left over goes once it is saved, and is not kept a second time. */
static void take_over(struct app *app, struct text *text)
{
	const char *title = text->purpose.title, *collection = text->purpose.collection;
	struct purpose kept = {0};
	struct home home;

	if (home_find(app, &home) != CODE_OK)
		return;
	unsaved_adopt(&home, STDIN_FILENO, &text->unsaved);
	if (text->unsaved.folder[0] == '\0' || !unsaved_purpose(&text->unsaved, &kept))
		return;
	text->purpose = kept;
	if (title != NULL)
		text->purpose.title = title;
	if (collection != NULL)
		text->purpose.collection = collection;
}

/* The text goes on in its file, if it has one. */
static void leave(struct text *text)
{
	unsaved_leave(&text->unsaved);
	bytes_clear(&text->content);
	purpose_clear(&text->purpose);
}

enum code text_read(struct app *app, struct text *text)
{
	bool in_file = reads_file();
	enum code code = terminal_stdin(app, PIPED_MAX, &text->content);

	if (code == CODE_OK) {
		if (in_file)
			take_over(app, text);
		take_line_feed(&text->content);
		code = judge(app, text, CODE_OK, 0);
	}
	if (code == CODE_OK)
		return code;
	if (!in_file)
		return text_keep(app, text, code);
	leave(text); /* the text is where it came from */
	return code;
}

/* What the editor is to begin with. */
static int make_file(struct app *app, struct view before, struct text *text)
{
	struct buffer lines;
	struct home home;
	int error = ENOMEM;

	if (home_find(app, &home) != CODE_OK)
		return ENOENT;
	buffer_init(&lines, FILE_TEXT_MAX);
	buffer_add_view(&lines, before);
	if (before.len > 0)
		buffer_add_byte(&lines, '\n');
	if (!lines.failed)
		error = unsaved_new(
		    &home, UNSAVED_EDITOR, &text->purpose, buffer_view(&lines), &text->unsaved);
	buffer_clear(&lines);
	return error;
}

enum code text_edit(struct app *app, struct view before, struct text *text)
{
	int64_t begun_ms;
	enum code code;
	bool untouched;
	int error;

	if (options_of(app)->no_input) {
		app_fail(app, CODE_USAGE, "an editor would have to be opened for the text");
		app_hint(app, "pass the text on standard input");
		return CODE_USAGE;
	}
	error = make_file(app, before, text);
	if (error != 0)
		return app_fail(app, CODE_ERROR,
		    "the editor's file can't be written in the home, so nothing was begun: %s",
		    strerror(error));
	begun_ms = clock_monotonic_ms(&app->clock);
	code = terminal_editor(app, text->unsaved.file);
	error = file_read(text->unsaved.file, FILE_TEXT_MAX, &text->content);
	take_line_feed(&text->content);
	untouched = error == 0 && view_equal(view_bytes(&text->content), before);
	code = judge(app, text, code, error);
	/* An editor that failed may have emptied its file first: there is nothing left to keep. */
	if (code != CODE_OK &&
	    (untouched || error == ENOENT || (error == 0 && text->content.len == 0)))
		return text_nothing(app, text, code);
	if (code != CODE_OK)
		return text_keep(app, text, code);
	text->edited = true;
	text->at_once = untouched && clock_monotonic_ms(&app->clock) - begun_ms < AT_ONCE_MS;
	return code;
}

/* After what the hint says already. */
static void add_hint(struct app *app, const char *said)
{
	const char *before = app->hint;

	app_hint(app, "%s%s%s", before, before[0] == '\0' ? "" : "; ", said);
}

void text_saved(struct app *app, struct text *text)
{
	enum unsaved_beside beside = text->edited ? UNSAVED_BACKUPS_GO : UNSAVED_BACKUPS_STAY;
	char folder[FILE_PATH_MAX], names[UNSAVED_NAMES_MAX] = "";

	(void)snprintf(folder, sizeof(folder), "%s", text->unsaved.folder);
	if (!unsaved_remove(&text->unsaved, beside)) {
		text->unsaved = (struct unsaved){.lock_fd = -1};
		(void)snprintf(text->unsaved.folder, sizeof(text->unsaved.folder), "%s", folder);
		(void)unsaved_others(&text->unsaved, names);
		output_note(app,
		    "the text is saved; your editor left %s in %s: remove that folder when you "
		    "need it no more",
		    names, folder);
	}
	leave(text);
}

enum code text_nothing(struct app *app, struct text *text, enum code code)
{
	char names[UNSAVED_NAMES_MAX], how[UNSAVED_HOW_MAX], said[APP_HINT_MAX] = "";
	struct home home = {.path = ""};

	if (text->unsaved.folder[0] != '\0' && home_find(app, &home) == CODE_OK) {
		if (unsaved_others(&text->unsaved, names) > 0) {
			text_describe(&home, &text->unsaved, text->purpose.id, said);
		} else if (text->at_once) {
			unsaved_how(&home, &text->unsaved, text->purpose.id, how);
			(void)snprintf(said, sizeof(said),
			    "the editor came back at once: if it is still open in a window, save "
			    "there, close it, and run: %s (EDITOR='code --wait' makes it wait)",
			    how);
		} else {
			(void)unsaved_remove(&text->unsaved, UNSAVED_BACKUPS_STAY);
		}
	}
	if (said[0] != '\0' && code == CODE_OK)
		output_note(app, "%s", said);
	else if (said[0] != '\0')
		add_hint(app, said);
	leave(text);
	return code;
}

void text_describe(
    const struct home *home, const struct unsaved *left, const char *id, char out[APP_HINT_MAX])
{
	char names[UNSAVED_NAMES_MAX], how[UNSAVED_HOW_MAX];
	size_t others = unsaved_others(left, names);
	struct bytes content = {0};
	int error = file_read(left->file, FILE_TEXT_MAX, &content);
	const char *fault;

	take_line_feed(&content);
	if (error == 0)
		fault = text_fault(view_bytes(&content));
	else
		fault = error == EFBIG ? TOO_LONG : "can't be read";
	unsaved_how(home, left, id, how);
	if (others > 0)
		(void)snprintf(out, APP_HINT_MAX,
		    "your editor left %s in %s, which may hold %s: bring it into %s (an editor "
		    "that "
		    "opens this again may offer to); then this saves it: %s",
		    names, left->folder,
		    content.len > 0 ? "more than entry.md beside it" : "your text", left->file,
		    how);
	else if (fault != NULL)
		(void)snprintf(out, APP_HINT_MAX,
		    "your text is kept in %s, but it %s: mend it there, then this saves it: %s",
		    left->file, fault, how);
	else
		(void)snprintf(out, APP_HINT_MAX, "your text is kept, and this saves it: %s", how);
	bytes_clear(&content);
}

/* The last resort. */
static void give_back(struct app *app, struct view content, int error)
{
	bool given;

	if (options_of(app)->json) {
		given = output_json(json_pack("{s:o}", "text", output_string(content)));
	} else {
		given = output_text(content) && output_printf("\n") && output_finish();
	}
	app_hint(app, "no file for your text could be written (%s); it %s", strerror(error),
	    given ? "stands on standard output instead" : "is lost");
}

enum code text_keep(struct app *app, struct text *text, enum code code)
{
	struct view content = view_bytes(&text->content);
	int error = text->unsaved.folder[0] == '\0' ? ENOENT : unsaved_sync(&text->unsaved);
	char said[APP_HINT_MAX];
	struct home home = {.path = ""};
	struct unsaved copy;

	if (home_find(app, &home) != CODE_OK)
		home.path[0] = '\0'; /* it is what failed, and was said */
	/* Nothing durable yet: what was read gets a file, in the home or wherever one can be. */
	if (error != 0 && content.len > 0) {
		error = unsaved_new(&home, UNSAVED_KEPT, &text->purpose, content, &copy);
		if (error == 0) {
			unsaved_leave(&text->unsaved);
			text->unsaved = copy;
		}
	}
	if (text->unsaved.folder[0] != '\0') {
		text_describe(&home, &text->unsaved, text->purpose.id, said);
		add_hint(app, said);
	} else if (content.len > 0) {
		give_back(app, content, error);
	}
	leave(text);
	return code;
}

struct reminder {
	size_t count;
	int64_t now_ms;
};

static bool see_left(void *self, const struct unsaved *left)
{
	struct reminder *reminder = self;

	if (unsaved_untouched(left))
		unsaved_expire(left, reminder->now_ms);
	else
		reminder->count++;
	return true;
}

void text_remind(struct app *app)
{
	struct reminder reminder = {.now_ms = clock_wall_ms(&app->clock)};
	struct home home;

	if (home_find(app, &home) != CODE_OK)
		return;
	unsaved_each(&home, see_left, &reminder);
	if (reminder.count == 1)
		output_note(
		    app, "a text of before is not saved yet: inkseal doctor says where it is");
	else if (reminder.count > 1)
		output_note(app,
		    "%zu texts of before are not saved yet: inkseal doctor says where they are",
		    reminder.count);
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

bool text_blank(struct view content)
{
	for (size_t i = 0; i < content.len; i++)
		if (!is_blank(content.data[i]) && content.data[i] != '\n')
			return false;
	return true;
}

/* Without blanks at both ends, and without the #s of a heading. */
static struct view trim_line(struct view line)
{
	while (line.len > 0 && (is_blank(line.data[0]) || line.data[0] == '#')) {
		line.data++;
		line.len--;
	}
	while (line.len > 0 && is_blank(line.data[line.len - 1]))
		line.len--;
	return line;
}

struct view text_title(struct view content)
{
	struct view line = {0};

	while (content.len > 0 && line.len == 0) {
		const uint8_t *end = memchr(content.data, '\n', content.len);
		size_t len = end == NULL ? content.len : (size_t)(end - content.data);

		line = trim_line(view_of(content.data, len));
		content.data += len + (end != NULL ? 1 : 0);
		content.len -= len + (end != NULL ? 1 : 0);
	}
	if (line.len <= TITLE_DERIVED_MAX)
		return line;
	line.len = TITLE_DERIVED_MAX;
	while (line.len > 0 && (line.data[line.len] & 0xc0) == 0x80) /* never inside a character */
		line.len--;
	return line;
}
