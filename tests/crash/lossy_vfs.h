/*
 * tests/crash/lossy_vfs.h: a disk for SQLite that can lose power, or fail. Files live in memory: as
 * a reader sees them, and as the platter holds them since each one's last sync. When the power
 * fails, every unsynced write is kept, torn at a sector, or dropped; names that no sync of the
 * folder has kept may be lost, and names that were removed may come back. What is left is then
 * written to real files, for SQLite's own VFS to open, or is there for this one again. One
 * connection a file at a time, one thread at a time.
 */
#ifndef INKSEAL_LOSSY_VFS_H
#define INKSEAL_LOSSY_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOSSY_PATH_MAX 600u

enum lossy_fault {
	LOSSY_NONE,  /* counts alone */
	LOSSY_POWER, /* from that change on all fails; only calls that change the disk count */
	LOSSY_ONCE,  /* that call fails with an I/O error; all calls to a file count */
	LOSSY_FULL,  /* from that call on whatever makes a file longer finds the disk full */
};

/*
 * True: SQLite opens files here, and from now on draws the same numbers every time; false: with its
 * own VFS again. Files are kept in between.
 */
void lossy_use(bool on);
/* Forgets all files. */
void lossy_clear(void);
/* The real file becomes one here, synced; none is fine. False: it can't be read. */
bool lossy_load(const char *path);
/* Keeps all files as they are now, synced, and puts them back: a run after another from the same.
 */
bool lossy_keep(void);
bool lossy_back(void);

/* The nth call from now on meets the fault; counting begins at 1. */
void lossy_arm(enum lossy_fault fault, unsigned nth);
unsigned lossy_calls(void); /* counted since */
bool lossy_hit(void);       /* the fault was met */
void lossy_disarm(void);

/*
 * A folder is a machine of its own. After so many more changes (0: none) of what is in it no other
 * comes through, until it starts again; reading goes on, so that its program can unwind and close.
 * Only then, if its power has failed, it loses what the seed says. False: no memory, or too many.
 */
bool lossy_stop(const char *folder, unsigned changes);
bool lossy_lose(const char *folder, uint64_t seed);
void lossy_start(const char *folder);

/* A file's bytes, valid until it changes; NULL: none. */
const uint8_t *lossy_look(const char *path, size_t *len_out);
/* The file, which nobody has open, is these bytes, synced; none: it goes. False: no memory. */
bool lossy_put(const char *path, const uint8_t *bytes, size_t len);

/* What a power cut now would leave, by seed, as real files; other files of these names go. */
bool lossy_land(uint64_t seed);

#endif
