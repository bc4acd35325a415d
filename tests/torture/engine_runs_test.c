/*
 * tests/torture/engine_runs_test.c: whole runs of sync, with the allocations of the engine's
 * machine failing in turn. One that can be done without is; else the run fails, and for no other
 * reason. Nothing is left half, and the next run ends as if nothing had been. Those that are come
 * to in the same way fail once. Leaks are the sanitizer's to find.
 */
#include "tests/cli/engine/scene.h"
#include "tests/cli/engine/way.h"
#include "tests/torture/fault.h"

#define CALLS_MAX 65536u

static struct {
	int depth;
	bool noting;
	uint64_t ways[CALLS_MAX];
} memory;

static void note_way(void)
{
	if (memory.noting && fault_count() < CALLS_MAX)
		memory.ways[fault_count()] = way_from(memory.depth);
}

static void arm(unsigned nth)
{
	memory.depth = way_depth() - 2; /* of whoever runs the scene */
	memory.noting = nth == 0;
	fault_watch(note_way);
	fault_arm(FAULT_OURS, nth, false);
}

static bool disarm(void)
{
	fault_watch(NULL);
	return fault_disarm();
}

static unsigned calls(void)
{
	assert_true(fault_count() < CALLS_MAX);
	return fault_count();
}

static uint64_t way(unsigned nth)
{
	return memory.ways[nth];
}

static const struct scene_memory short_memory = {arm, disarm, calls, way, fault_pause};

static void frames(void **state)
{
	(void)state;
	scenes_play_short(&scenes_frames, &short_memory);
}

static void deletions(void **state)
{
	(void)state;
	scenes_play_short(&scenes_deletions, &short_memory);
}

static void snapshots(void **state)
{
	(void)state;
	scenes_play_short(&scenes_snapshots, &short_memory);
}

static void loads(void **state)
{
	(void)state;
	scenes_play_short(&scenes_loads, &short_memory);
}

static void resets(void **state)
{
	(void)state;
	scenes_play_short(&scenes_resets, &short_memory);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(frames),
    cmocka_unit_test(deletions),
    cmocka_unit_test(snapshots),
    cmocka_unit_test(loads),
    cmocka_unit_test(resets),
};

TEST_MAIN(tests)
