/*
 * cli/commands/unsaved.h: texts in files until they are saved: what an editor is open on, and what
 * could not be saved. Each has a folder of its own, mode 0700, with the file UNSAVED_FILE in it;
 * what an editor puts beside that goes with it. The folders lie in HOME/unsaved; where that can't
 * be written, in TMPDIR or /var/tmp, under a name that is this home's. An errno, or 0, is returned.
 */
#ifndef INKSEAL_UNSAVED_H
#define INKSEAL_UNSAVED_H

#include "cli/commands/home.h"

#define UNSAVED_FOLDER "unsaved"
#define UNSAVED_FILE "entry.md"
#define UNSAVED_HOW_MAX (2u * FILE_PATH_MAX)

struct unsaved {
	char folder[FILE_PATH_MAX]; /* absolute; "": none */
	char file[FILE_PATH_MAX];
	int lock_fd; /* >= 0: held by this process, so that nobody takes it for left over */
};

enum unsaved_place { UNSAVED_HOME, UNSAVED_ANYWHERE };
/* A new file with text in it, durable. id: of the entry that it is for; NULL: a new one. */
MUST_USE int unsaved_new(const struct home *home, enum unsaved_place place, const char *id,
    struct view text, struct unsaved *out);
/* Makes what the editor wrote durable. */
MUST_USE int unsaved_sync(const struct unsaved *unsaved);
/* Is the file, if it is there, all that the folder holds? */
bool unsaved_alone(const struct unsaved *unsaved);
/* The folder goes, with all in it, and HOME/unsaved if it was the last; none is fine. */
void unsaved_remove(struct unsaved *unsaved);
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
/* The command that saves it: "inkseal edit ID < FILE", quoted for a shell. */
void unsaved_how(const struct app *app, const struct unsaved *left, char out[UNSAVED_HOW_MAX]);

#endif
