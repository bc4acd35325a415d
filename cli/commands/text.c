/*
 * cli/commands/text.c: takes a text in; keeps it if it could not be saved.
 */
#include "cli/commands/text.h"
#include "cli/commands/output.h"
#include "cli/commands/terminal.h"
#include "schemas/base/utf8.h"
#include "schemas/format.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TITLE_DERIVED_MAX 200u /* bytes; a line of prose is no title */
#define FILE_TEXT_MAX (CONTENT_MAX + 1u)
#define PIPED_MAX (64u << 20) /* what is too long for an entry is still kept */

/* Editors end a file with a line feed, echo a line: one is not part of the text. */
static void take_line_feed(struct bytes *content)
{
	if (content->len > 0 && content->data[content->len - 1] == '\n')
		content->len--;
}

/* Would it be taken as it is? */
static bool is_sound(struct view content)
{
	return content.len > 0 && content.len <= CONTENT_MAX && utf8_valid(content);
}

/* Did it come well, and may it be saved? Says why not. error: of reading it. */
static enum code judge(struct app *app, const struct text *text, enum code ended, int error)
{
	if (ended != CODE_OK)
		return ended;
	if (error == ENOENT)
		return app_fail(
		    app, CODE_CANCELLED, "the editor left no file behind; nothing was saved");
	if (error != 0)
		return app_fail(app, CODE_ERROR, "the text can't be read: %s; nothing was saved",
		    error == EFBIG ? "it is too long" : strerror(error));
	if (text->content.len == 0 || is_sound(view_bytes(&text->content)))
		return CODE_OK;
	return app_fail(app, CODE_ERROR, "the text is %s; nothing was saved",
	    text->content.len > CONTENT_MAX ? "too long" : "not UTF-8");
}

/* Is standard input a file, from its start to its end? Then that is where the text is. */
static bool read_whole_file(off_t began_at, size_t len)
{
	struct stat info;

	return fstat(STDIN_FILENO, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink > 0 &&
	       began_at == 0 && info.st_size == (off_t)len;
}

enum code text_read(struct app *app, struct text *text)
{
	off_t began_at = lseek(STDIN_FILENO, 0, SEEK_CUR);
	enum code code = terminal_stdin(app, PIPED_MAX, &text->content);
	struct home home;
	bool in_file;

	if (code != CODE_OK)
		return code;
	in_file = read_whole_file(began_at, text->content.len);
	/* One that was left over goes once it is saved, and is not kept a second time. */
	if (in_file && home_find(app, &home) == CODE_OK)
		unsaved_adopt(&home, STDIN_FILENO, &text->unsaved);
	take_line_feed(&text->content);
	code = judge(app, text, CODE_OK, 0);
	if (code == CODE_OK || !in_file)
		return code == CODE_OK ? code : text_keep(app, text, code);
	unsaved_leave(&text->unsaved); /* the text is where it came from */
	bytes_clear(&text->content);
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
		error =
		    unsaved_new(&home, UNSAVED_HOME, text->id, buffer_view(&lines), &text->unsaved);
	buffer_clear(&lines);
	return error;
}

enum code text_edit(struct app *app, struct view before, struct text *text)
{
	enum code code;
	bool untouched;
	int error;

	if (app->options.no_input) {
		app_fail(app, CODE_USAGE, "an editor would have to be opened for the text");
		app_hint(app, "pass the text on standard input");
		return CODE_USAGE;
	}
	error = make_file(app, before, text);
	if (error != 0)
		return app_fail(app, CODE_ERROR,
		    "the editor's file can't be written in the home, so nothing was begun: %s",
		    strerror(error));
	text->edited = true;
	code = terminal_editor(app, text->unsaved.file);
	error = file_read(text->unsaved.file, FILE_TEXT_MAX, &text->content);
	take_line_feed(&text->content);
	code = judge(app, text, code, error);
	if (code == CODE_OK)
		return code;
	untouched = error == 0 && view_equal(view_bytes(&text->content), before);
	if ((!untouched && error != ENOENT) || !unsaved_alone(&text->unsaved))
		return text_keep(app, text, code);
	text_drop(text);
	return code;
}

void text_drop(struct text *text)
{
	unsaved_remove(&text->unsaved);
	bytes_clear(&text->content);
}

/* Where the text stands, and what to do with it, after what the hint says already. */
static void hint_at(struct app *app, const struct text *text)
{
	const char *before = app->hint, *joint = app->hint[0] == '\0' ? "" : "; ";
	char how[UNSAVED_HOW_MAX];

	if (access(text->unsaved.file, F_OK) != 0) {
		app_hint(app, "%s%syour editor's files are kept in %s", before, joint,
		    text->unsaved.folder);
		return;
	}
	if (!is_sound(view_bytes(&text->content))) {
		app_hint(app, "%s%syour text is kept in %s", before, joint, text->unsaved.file);
		return;
	}
	unsaved_how(app, &text->unsaved, how);
	app_hint(app, "%s%syour text is kept, and this saves it: %s", before, joint, how);
}

/* The last resort. */
static void give_back(struct app *app, struct view content, int error)
{
	bool given;

	if (app->options.json) {
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
	struct home home = {.path = ""};
	struct unsaved copy;

	/* Nothing durable yet: what was read gets a file, in the home or wherever one can be. */
	if (error != 0 && content.len > 0) {
		if (home_find(app, &home) != CODE_OK)
			home.path[0] = '\0'; /* it is what failed, and was said */
		error = unsaved_new(&home, UNSAVED_ANYWHERE, text->id, content, &copy);
		if (error == 0) {
			unsaved_leave(&text->unsaved);
			text->unsaved = copy;
		}
	}
	if (text->unsaved.folder[0] != '\0')
		hint_at(app, text);
	else if (content.len > 0)
		give_back(app, content, error);
	unsaved_leave(&text->unsaved);
	bytes_clear(&text->content);
	return code;
}

static bool see_left(void *self, const struct unsaved *left)
{
	size_t *count = self;

	(void)left;
	(*count)++;
	return true;
}

void text_remind(struct app *app)
{
	size_t count = 0;
	struct home home;

	if (home_find(app, &home) != CODE_OK)
		return;
	unsaved_each(&home, see_left, &count);
	if (count == 1)
		output_note(
		    app, "a text of before is not saved yet: inkseal doctor says where it is");
	else if (count > 1)
		output_note(app,
		    "%zu texts of before are not saved yet: inkseal doctor says where they are",
		    count);
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
