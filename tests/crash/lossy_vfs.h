/*
 * tests/crash/lossy_vfs.h: a disk for SQLite that can lose power, or fail. Files live in memory: as
 * a reader sees them, and as the platter holds them since each one's last sync. When the power
 * fails, every unsynced write is kept, torn at a sector, or dropped; names that no sync of the
 * folder has kept may be lost, and names that were removed may come back. What is left is then
 * written to real files, for SQLite's own VFS to open. One connection at a time, one thread.
 */
#ifndef INKSEAL_LOSSY_VFS_H
#define INKSEAL_LOSSY_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define LOSSY_PATH_MAX 600u

enum lossy_fault {
	LOSSY_NONE,  /* counts alone */
	LOSSY_POWER, /* from that change on all fails; only calls that change the disk count */
	LOSSY_ONCE,  /* that call fails with an I/O error; all calls to a file count */
	LOSSY_FULL,  /* from that call on whatever makes a file longer finds the disk full */
};

/* True: SQLite opens files here; false: with its own VFS again. Files are kept in between. */
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

/* What a power cut now would leave, by seed, as real files; other files of these names go. */
bool lossy_land(uint64_t seed);

#endif
