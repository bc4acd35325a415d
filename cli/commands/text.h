/*
 * cli/commands/text.h: an entry's text on its way in, for new and edit: from standard input or the
 * person's editor. Until it is saved it is never thrown away: text_keep leaves it in a file.
 */
#ifndef INKSEAL_TEXT_H
#define INKSEAL_TEXT_H

#include "cli/commands/unsaved.h"

struct text {
	struct purpose purpose; /* what it is for; begun with what the command line names */
	struct bytes content;   /* without the one line feed that ends it */
	bool edited;            /* it is from the editor, which ended well */
	bool at_once;           /* that came back unchanged at once: it may be open elsewhere */
	struct unsaved unsaved; /* its file: the editor's, or the one that standard input reads */
};
#define TEXT_NONE ((struct text){.unsaved.lock_fd = -1})

/*
 * From standard input, or the editor on a file with before in it. Whatever fails, the text that
 * there is by then is kept, and the hint says where. Start with TEXT_NONE, and its purpose; that of
 * a text that was left over is remembered, where the command line names nothing else.
 */
MUST_USE enum code text_read(struct app *app, struct text *text);
MUST_USE enum code text_edit(struct app *app, struct view before, struct text *text);
/* It is saved: its file goes too. What else an editor left beside that stays, and is named. */
void text_saved(struct app *app, struct text *text);
/*
 * There is nothing in it to save, which ends with code: its file goes, but not if an editor left
 * something beside it or may still be open on it; that is said, to an error in the hint. Code.
 */
MUST_USE enum code text_nothing(struct app *app, struct text *text, enum code code);
/* It could not be saved, for app->error: it stays in a file, and the hint says where. Code. */
MUST_USE enum code text_keep(struct app *app, struct text *text, enum code code);
/* Can an entry have this title, and lie in this collection? Says why not, as a mistake of usage. */
MUST_USE enum code text_place(struct app *app, const struct purpose *purpose);
/* What is the matter with it, after "the text"; NULL: nothing. */
const char *text_fault(struct view content);
/* Where a text that was left over stands, and what to do with it. id: of the entry it is for. */
void text_describe(
    const struct home *home, const struct unsaved *left, const char *id, char out[APP_HINT_MAX]);
/* Nothing in it but blanks. */
bool text_blank(struct view content);
/* A remark, if there are texts of earlier runs that were not saved. */
void text_remind(struct app *app);

/* The first line that holds something, without a heading's #s, cut to what a title may be. */
struct view text_title(struct view content);

#endif
