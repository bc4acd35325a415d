/*
 * tests/cli/engine/scene.h: something that b does, with the disk full at each call of its journal
 * in turn, or memory short. It says so; what it leaves is what one of its transactions leaves when
 * there is no fault, and nothing half; and done again, with room, it ends as if there had been
 * none.
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
struct scenes {
	const struct scene *all;
	size_t count;
};
/*
 * Each with a pair of its own. What has failed in one that came to the call in the same way, by the
 * same functions, does not fail again in the next.
 */
void scenes_play(const struct scenes *scenes);

/* scenes_log.c, scenes_large.c: runs of sync. */
extern const struct scenes scenes_frames, scenes_deletions, scenes_loads, scenes_snapshots,
    scenes_resets;

/*
 * The same where memory is short, as this says of what the machine asks for; the journal, and who
 * answers, have enough. It may be done without, or the run fails for that.
 */
struct scene_memory {
	void (*arm)(unsigned nth); /* 0: none fails */
	bool (*disarm)(void);      /* true: one has failed */
	unsigned (*calls)(void);
	uint64_t (*way)(unsigned nth);
	void (*aside)(bool aside);
};
void scenes_play_short(const struct scenes *scenes, const struct scene_memory *memory);

#endif
