/*
 * schemas/base/shown.h: a text from outside, as a person may be shown it.
 * A title, a device's name, what a server says: all may hold what a terminal obeys, or what makes a
 * text look like another. Shown is the text with
 *   - control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls and
 *     whatever else shows nothing (Default_Ignorable_Code_Point of Unicode 15, annotation marks)
 *     written as JSON escapes them: \u001B, beyond the BMP \uDB40\uDC41;
 *   - each byte that is no UTF-8 as U+FFFD.
 * Joiners and variation selectors stay where scripts and emoji need them: behind a character beyond
 * ASCII, and before a keycap's. All that is changed in the source of a JSON document stands in its
 * strings, so that what is shown of it is a document of the same value.
 * What was shown is shown as it is: the filter may be applied again.
 */
#ifndef INKSEAL_SHOWN_H
#define INKSEAL_SHOWN_H

#include "schemas/base/bytes.h"

enum shown_as {
	SHOWN_LINE,  /* one line: line feeds, returns and tabs are blanks */
	SHOWN_LINES, /* they are kept, and CR LF is a line feed */
};

/* Character for character. */
#define SHOWN_CHAR_MAX 13u /* two escapes, and a NUL */
struct shown {
	struct view rest;
	enum shown_as as;
	uint32_t before; /* the last character that was kept; 0: none, or it was escaped */
};
struct shown_char {
	uint32_t code; /* 0: text is an escape, ASCII */
	char text[SHOWN_CHAR_MAX];
	size_t len;
};
struct shown shown_begin(struct view text, enum shown_as as);
bool shown_next(struct shown *shown, struct shown_char *out); /* false: that was all */

/* All of it, at the end of out. */
void shown_add(struct buffer *out, struct view text, enum shown_as as);
/* As many whole characters of it as fit, and a NUL; size is not 0. */
void shown_copy(char *out, size_t size, struct view text, enum shown_as as);

#endif
