/*
 * tests/cli/engine/full_disk_test.c: the disk is full at each call of the journal, in runs of sync.
 */
#include "tests/cli/engine/scene.h"

static void frames(void **state)
{
	(void)state;
	scenes_play(&scenes_frames);
}

static void deletions(void **state)
{
	(void)state;
	scenes_play(&scenes_deletions);
}

static void snapshots(void **state)
{
	(void)state;
	scenes_play(&scenes_snapshots);
}

static void loads(void **state)
{
	(void)state;
	scenes_play(&scenes_loads);
}

static void resets(void **state)
{
	(void)state;
	scenes_play(&scenes_resets);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(frames),
    cmocka_unit_test(deletions),
    cmocka_unit_test(snapshots),
    cmocka_unit_test(loads),
    cmocka_unit_test(resets),
};

TEST_MAIN(tests)
