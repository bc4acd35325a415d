/*
 * cli/commands/unsaved.h: texts in files until they are saved: what an editor is open on, and what
 * could not be saved. Each has a folder of its own, mode 0700, with the file UNSAVED_FILE in it,
 * and what it is for in another; what an editor puts beside these may be all that is left of a
 * text. The folders lie in HOME/unsaved; where that can't be written, in TMPDIR or /var/tmp, under
 * a name that is this home's. An errno, or 0, is returned.
 */
#ifndef INKSEAL_UNSAVED_H
#define INKSEAL_UNSAVED_H

#include "cli/app/host_home.h"
#include "schemas/format.h"

#include <jansson.h>

#define UNSAVED_FOLDER "unsaved"
#define UNSAVED_FILE "entry.md"
#define UNSAVED_HOW_MAX (2u * FILE_PATH_MAX)

struct unsaved {
	char folder[FILE_PATH_MAX]; /* absolute; "": none */
	char file[FILE_PATH_MAX];
	int lock_fd; /* >= 0: held by this process, so that nobody takes it for left over */
};

/* What a text is for, as its save will need it. */
struct purpose {
	const char *id;                 /* of the entry; NULL: a new one, or it is not known */
	const char *title, *collection; /* NULL: not named */
	bool has_version;
	struct digest version; /* of the entry, which the text was begun on */
	bool has_handed;
	struct digest handed; /* hash of what an editor was handed */
	json_t *owner;        /* of the texts; NULL: they are borrowed */
};
void purpose_clear(struct purpose *purpose);

enum unsaved_kind {
	UNSAVED_EDITOR, /* to be handed to one: in the home alone */
	UNSAVED_KEPT,   /* it can't be saved: wherever it can be kept */
};
/* A new file with text in it, durable. purpose->handed is found out. */
MUST_USE int unsaved_new(const struct home *home, enum unsaved_kind kind,
    const struct purpose *purpose, struct view text, struct unsaved *out);
/* Makes what the editor wrote durable. */
MUST_USE int unsaved_sync(const struct unsaved *unsaved);
/* What it is for, yours to clear. False: that is not known. */
MUST_USE bool unsaved_purpose(const struct unsaved *unsaved, struct purpose *out);
/* How many files there are that are not ours, and the names of the first of them. */
#define UNSAVED_NAMES_MAX 256u
size_t unsaved_others(const struct unsaved *unsaved, char names[UNSAVED_NAMES_MAX]);
/* Does it provably hold nothing but what an editor was handed? */
bool unsaved_untouched(const struct unsaved *unsaved);
/*
 * Our files go; the folder too if nothing else is in it, and HOME/unsaved if it was the last. With
 * them go the backups (NAME~) of an editor that ended well. None is fine. False: others' files
 * stay.
 */
enum unsaved_beside { UNSAVED_BACKUPS_STAY, UNSAVED_BACKUPS_GO };
bool unsaved_remove(struct unsaved *unsaved, enum unsaved_beside beside);
/* Is untouched, for a day: an editor that did not wait has been closed by now. Then it goes. */
void unsaved_expire(const struct unsaved *left, int64_t now_ms);
/* It stays: from now on it is left over. */
void unsaved_leave(struct unsaved *unsaved);

/*
 * Those left over, at most UNSAVED_SEEN_MAX; see says false to stop. Not while this process holds
 * one: an fcntl lock is lost with any descriptor of its file.
 */
#define UNSAVED_SEEN_MAX 1000u
typedef bool unsaved_see(void *self, const struct unsaved *left);
void unsaved_each(const struct home *home, unsaved_see *see, void *self);
/* The one whose file fd reads, taken over by this process; if there is none, *out is untouched. */
void unsaved_adopt(const struct home *home, int fd, struct unsaved *out);
/* The command that saves it: "inkseal edit ID < FILE", quoted for a shell; id NULL: as a new entry.
 */
void unsaved_how(
    const struct home *home, const struct unsaved *left, const char *id, char out[UNSAVED_HOW_MAX]);

#endif
