/*
 * cli/port/port_priv.h: what the files of this folder share with each other alone.
 */
#ifndef INKSEAL_PORT_PRIV_H
#define INKSEAL_PORT_PRIV_H

#include "cli/port/front_matter.h"
#include "schemas/json_scan.h"

/* ---- One item of MetaDJ Nexus' file (metadj_item.c) ---- */

#define REASON_MAX 128u
_Static_assert(REASON_MAX >= FRONT_REASON_MAX, "a reason of front matter's fits");

struct metadj_item {
	struct buffer text; /* what the entry's views point into */
	char reason[REASON_MAX];
};
void metadj_item_init(struct metadj_item *item);
void metadj_item_clear(struct metadj_item *item);
/*
 * PORT_OK: with *good_out, *entry is the item, valid until the next call; else item->reason says
 * why it is dropped. PORT_FAILED: no memory. *entry is {0} before.
 */
MUST_USE enum port_result metadj_item_read(
    struct metadj_item *item, struct view source, struct entry *entry, bool *good_out);

/* ---- One Markdown file (markdown_note.c) ---- */

struct note {                /* {0} before; clear it afterwards whatever the result was */
	const char *name;    /* of the file, borrowed: in: where a title may come from */
	int64_t time_ms;     /* in: of the file */
	struct front front;  /* what the entry's views point into, beside the file */
	struct entry entry;  /* good until note_clear */
	char own_id[36 + 1]; /* if front matter has none */
	char own_time[TIME_PRINT_MAX];
	char reason[REASON_MAX];
};
/* As metadj_item_read, with note->entry. file must outlive the note. */
MUST_USE enum port_result note_read(
    struct note *note, struct view file, const struct random *random, bool *good_out);
void note_clear(struct note *note);

#endif
