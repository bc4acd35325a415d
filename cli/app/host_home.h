/*
 * cli/app/host_home.h: a device's folder: journal.db, keys, lock, texts not saved yet
 * (unsaved.h), and after a wipe its receipt. It appears, mode 0700, when it is first used. Who
 * writes holds its lock; those who wait for it queue for HOME_LOCK_WAIT_MS.
 */
#ifndef INKSEAL_HOME_H
#define INKSEAL_HOME_H

#include "cli/app/app.h"
#include "cli/app/host_files.h"

#define HOME_LOCK_WAIT_MS 30000
#define HOME_JOURNAL "journal.db"
#define HOME_KEYS "keys"
#define HOME_LOCK "lock"

struct home {
	char path[FILE_PATH_MAX];
	int lock_fd; /* < 0: not held */
};

/* --home, else INKSEAL_HOME, else XDG_DATA_HOME/inkseal, else ~/.local/share/inkseal. */
MUST_USE enum code home_find(struct app *app, struct home *out);
/* The same, and made if it is not there. */
MUST_USE enum code home_open(struct app *app, struct home *out);
/* CODE_LOCKED after wait_ms: another process holds it, whose pid the message tells. */
MUST_USE enum code home_lock(struct app *app, struct home *home, int64_t wait_ms);
/* Is it the one that is found where nothing names one? None is, too. */
bool home_is_default(const struct home *home);
void home_close(struct home *home); /* gives the lock back */
/* path/name. */
MUST_USE enum code home_file(
    struct app *app, const struct home *home, const char *name, char out[FILE_PATH_MAX]);

#endif
