/*
 * tests/cli/engine/pair.h: two devices of one account with five entries, both at the head, for one
 * test: what cmocka sets up before it and takes down after it.
 */
#ifndef INKSEAL_TESTS_ENGINE_PAIR_H
#define INKSEAL_TESTS_ENGINE_PAIR_H

#include "tests/cli/engine/engine_fixture.h"

struct pair {
	struct world world;
	struct device a, b;
};
extern struct pair pair;

#define PAIR_LONG 100000u /* bytes: a body of its own */
/* An edit of that many bytes, and where it says so a sync of it. */
void pair_save_long(struct device *device, const char *id, size_t len);
void pair_save_synced(struct device *device, const char *id, size_t len);
/* As many long entries, each edited or new. */
void pair_fill(struct device *device, unsigned count, size_t len);
/* Edits of one long entry until a snapshot has come. */
void pair_until_snapshot(struct device *device, const char *id);
/* b was away; the log that it needs is folded into a snapshot and swept. */
void pair_far_behind(void);
/* The snapshot's frame that the manifest names. */
struct frame_header pair_snapshot_header(void);

/* What a device may be given as answered: bodies do not come with their frames; and times counts
 * the answers that say that it is far behind. */
void pair_leave_bodies_out(struct device *device, struct sync_answer *answer);
void pair_note_far(struct device *device, struct sync_answer *answer);
/* … and as got: after as many blobs as times says, one is changed. */
void pair_flip_blob(struct device *device, const struct blob_name *name, struct bytes *blob);

int pair_setup(void **state);
int pair_teardown(void **state);

#endif
