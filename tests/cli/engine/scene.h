/*
 * tests/cli/engine/scene.h: something that b does, with the disk full at each call of its journal
 * in turn. It says so; what it leaves is what one of its transactions leaves when there is no
 * fault, and nothing half; and done again, with room, it ends as if there had been none.
 */
#ifndef INKSEAL_TESTS_SCENE_H
#define INKSEAL_TESTS_SCENE_H

#include "tests/cli/engine/pair.h"

struct scene {
	const char *name;
	void (*prepare)(void);                       /* of a pair that is in step */
	enum engine_result (*run)(struct device *b); /* NULL: a sync */
	enum engine_result ends; /* without a fault; if well, both are in step afterwards */
	bool reseed;
	/* b's, while it runs; they leave its journal alone, and count in b->times what comes once.
	 */
	void (*before)(struct device *b, const struct sync_request *request);
	void (*got)(struct device *b, const struct blob_name *name, struct bytes *blob);
};
/* Each with a pair of its own. What has failed in one that came to the call in the same way, by the
 * same functions, does not fail again in the next. */
void scenes_play(const struct scene *scenes, size_t count);

#endif
