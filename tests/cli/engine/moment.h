/*
 * tests/cli/engine/moment.h: a moment of a world, which can be come back to: what is in the bucket
 * and in the devices' homes, the time, and how often randomness was drawn. What happens next is
 * then tried again, with one thing other than it was.
 */
#ifndef INKSEAL_TESTS_MOMENT_H
#define INKSEAL_TESTS_MOMENT_H

#include "tests/cli/engine/engine_fixture.h"

#define MOMENT_DEVICES_MAX 3u
#define MOMENT_OBJECTS_MAX 256u

struct moment {
	struct world *world;
	struct device *devices[MOMENT_DEVICES_MAX];
	size_t devices_count;
	struct bytes homes[MOMENT_DEVICES_MAX];
	struct {
		char key[BUCKET_KEY_MAX + 1];
		struct bytes data;
	} objects[MOMENT_OBJECTS_MAX];
	size_t objects_count;
	int64_t now_ms;
	struct made_random made;
};

/* Of these devices, which are then as if their processes had begun anew. */
void moment_keep(
    struct moment *moment, struct world *world, struct device *const *devices, size_t count);
/* So many of them come back, the first: the others have done nothing since they did. */
void moment_return(const struct moment *moment, size_t count);
void moment_clear(struct moment *moment);

#endif
