/*
 * cli/commands/text.c: takes a text in; gives it back if it could not be saved.
 */
#include "cli/commands/text.h"
#include "cli/commands/terminal.h"
#include "schemas/format.h"

#include <string.h>

#define TITLE_DERIVED_MAX 200u /* bytes; a line of prose is no title */

enum code text_get(struct app *app, struct view before, struct text *out)
{
	struct home home = {.lock_fd = -1};
	enum code code;

	*out = (struct text){0};
	if (terminal_stdin_wanted(app)) {
		code = terminal_stdin(app, CONTENT_MAX, &out->content);
	} else if (app->options.no_input) {
		app_fail(app, CODE_USAGE, "an editor would have to be opened for the text");
		app_hint(app, "pass the text on standard input");
		code = CODE_USAGE;
	} else {
		code = home_open(app, &home);
		if (code == CODE_OK)
			code = terminal_edit(
			    app, home.path, before, CONTENT_MAX, &out->content, out->folder);
	}
	if (code == CODE_OK && out->content.len > 0 &&
	    out->content.data[out->content.len - 1] == '\n')
		out->content.len--;
	return code;
}

void text_drop(struct text *text)
{
	if (text->folder[0] != '\0')
		folder_remove(text->folder);
	bytes_clear(&text->content);
	text->folder[0] = '\0';
}

enum code text_keep(struct app *app, struct text *text, enum code code)
{
	if (text->folder[0] != '\0')
		app_hint(app, "your text is kept in %s", text->folder);
	bytes_clear(&text->content);
	text->folder[0] = '\0';
	return code;
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
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
