/*
 * tests/cli/engine/unsynced.h: SQLite's own files, without the syncs: no test here cuts the power
 * (tests/crash does), and waiting for the disk would be most of the time that they take.
 */
#ifndef INKSEAL_TESTS_UNSYNCED_H
#define INKSEAL_TESTS_UNSYNCED_H

/* What this process opens from now on. Called again, it does nothing. */
void unsynced_use(void);

#endif
