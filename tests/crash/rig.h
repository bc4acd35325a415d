/*
 * tests/crash/rig.h: scenarios that can be run again and again from the same start: a device's
 * journal on the lossy disk, its bucket, time and randomness go back to where they were. What the
 * person was told is saved is written down, and looked for afterwards. Crash and torture tests
 * share them.
 */
#ifndef INKSEAL_RIG_H
#define INKSEAL_RIG_H

#include "tests/cli/engine/engine_fixture.h"
#include "tests/crash/lossy_vfs.h"

#define RIG_OBJECTS_MAX 128u
#define RIG_NOTES_MAX 32u

struct rig_note { /* an edit that was acknowledged, or the last one that was not */
	const char *id;
	const char *content; /* NULL: deleted, or brought back */
	enum history_kind kind;
	bool acknowledged;
};

struct rig {
	struct world world;
	struct device a; /* under test */
	struct device b; /* another of the account; some scenarios have none */
	bool has_b;
	struct bytes b_file; /* its journal at the start; opened only for the check */
	struct {
		char key[BUCKET_KEY_MAX + 1];
		struct bytes data;
	} objects[RIG_OBJECTS_MAX];
	size_t objects_count;
	struct world world_before;
	struct device_keys recovery_before;
	struct rig_note notes[RIG_NOTES_MAX];
	size_t notes_count;
	char *long_text; /* 40,000 characters that do not compress well */
};

struct rig_scenario {
	const char *name;
	void (*prepare)(struct rig *rig);           /* with SQLite's own disk; asserts */
	enum engine_result (*run)(struct rig *rig); /* the store is open; asserts nothing */
};
extern const struct rig_scenario rig_fresh, rig_edits, rig_import, rig_switch_on, rig_push,
    rig_pull, rig_far_behind, rig_join;

/* The start of the scenario, made once and kept. */
void rig_open(struct rig *rig, const struct rig_scenario *scenario);
void rig_close(struct rig *rig);
/* Back to the start, the store closed; SQLite uses the lossy disk from here on. */
void rig_back(struct rig *rig);
/* Opens the store as a process would. False: rig->a.call says why. */
bool rig_store_open(struct rig *rig);
void rig_store_close(struct rig *rig);
/*
 * With the store open and nothing failing: it is sound, and holds all that was acknowledged, each
 * version whole. Then a, and b if there is one, sync and hold the same.
 */
void rig_check(struct rig *rig);
/* A number of the environment; absent or 0: usual. */
unsigned rig_setting(const char *name, unsigned usual);

#endif
