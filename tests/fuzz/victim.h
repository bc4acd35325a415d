/*
 * tests/fuzz/victim.h: a device whose journal is watched from outside, and put back as it was: for
 * everything that must not change it. The watcher is a second connection to the journal's file.
 */
#ifndef INKSEAL_FUZZ_VICTIM_H
#define INKSEAL_FUZZ_VICTIM_H

#include "tests/cli/engine/engine_fixture.h"

#include <sqlite3.h>

#define VICTIM_EDITS_MAX 16u

struct victim {
	struct device *device; /* borrowed */
	struct bytes file;     /* its journal, as it is to be again */
	sqlite3 *watch;
	int64_t version; /* of the file, when last looked at */
	bool touched;    /* since victim_keep or victim_restore */
	struct {         /* unsynced ones */
		char id[ENTRY_ID_MAX + 1];
		struct digest version;
	} edits[VICTIM_EDITS_MAX];
	size_t edits_count;
};
/* From now on the device's journal is as it is now. */
void victim_keep(struct victim *victim, struct device *device);
/* Whether anything was committed since the last look, victim_keep or victim_restore. */
bool victim_moved(struct victim *victim);
void victim_restore(struct victim *victim);
/* How many of the edits that were unsynced are neither what their entry is nor in its history (I1).
 */
size_t victim_lost(struct victim *victim);
/* One number out of the journal's file. */
int64_t victim_number(struct victim *victim, const char *sql);
/*
 * Of all that stands in the journal, row by row. whole: of everything; else without what may change
 * though the journal did not: versions that nothing names yet, rows staged for a snapshot, what any
 * answer tells of the gateway.
 */
void victim_digest(struct victim *victim, bool whole, struct digest *out);
void victim_clear(struct victim *victim); /* the device stays */

#endif
