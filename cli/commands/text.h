/*
 * cli/commands/text.h: an entry's text on its way in, for new and edit: from standard input or the
 * person's editor.
 */
#ifndef INKSEAL_TEXT_H
#define INKSEAL_TEXT_H

#include "cli/commands/home.h"

struct text {
	struct bytes content;       /* without the one line feed that ends it */
	char folder[FILE_PATH_MAX]; /* the editor's; "": none */
};
/* From standard input where it is wanted; else the editor, with before in it. */
MUST_USE enum code text_get(struct app *app, struct view before, struct text *out);
/* The text is saved, or worth nothing: its file goes too. */
void text_drop(struct text *text);
/* It could not be saved: an editor's file stays, and the hint says where. Returns code. */
MUST_USE enum code text_keep(struct app *app, struct text *text, enum code code);

/* The first line that holds something, without a heading's #s, cut to what a title may be. */
struct view text_title(struct view content);

#endif
