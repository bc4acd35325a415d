/*
 * cli/commands/text.h: an entry's text on its way in, for new and edit: from standard input or the
 * person's editor. Until it is saved it is never thrown away: text_keep leaves it in a file.
 */
#ifndef INKSEAL_TEXT_H
#define INKSEAL_TEXT_H

#include "cli/commands/unsaved.h"

struct text {
	const char *id;         /* of the entry it is for, borrowed; NULL: a new one */
	struct bytes content;   /* without the one line feed that ends it */
	bool edited;            /* it is from the editor */
	struct unsaved unsaved; /* its file: the editor's, or the one that standard input reads */
};
#define TEXT_NONE ((struct text){.unsaved.lock_fd = -1})

/*
 * From standard input, or the editor on a file with before in it. Whatever fails, the text that
 * there is by then is kept, and the hint says where. Start with TEXT_NONE, and its id.
 */
MUST_USE enum code text_read(struct app *app, struct text *text);
MUST_USE enum code text_edit(struct app *app, struct view before, struct text *text);
/* The text is saved, or worth nothing: its file goes too. TEXT_NONE is fine. */
void text_drop(struct text *text);
/* It could not be saved, for app->error: it stays in a file, and the hint says where. Code. */
MUST_USE enum code text_keep(struct app *app, struct text *text, enum code code);
/* Nothing in it but blanks. */
bool text_blank(struct view content);
/* A remark, if there are texts of earlier runs that were not saved. */
void text_remind(struct app *app);

/* The first line that holds something, without a heading's #s, cut to what a title may be. */
struct view text_title(struct view content);

#endif
