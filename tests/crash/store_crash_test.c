/*
 * tests/crash/store_crash_test.c: the power fails at each call in turn that changes the disk; what
 * is left is opened by SQLite's own VFS, must be sound, hold what was acknowledged, and sync.
 * INKSEAL_SEED draws what survives; INKSEAL_CRASH_ROUNDS (1) goes through all calls so many times.
 */
#include "tests/crash/rig.h"
#include "tests/each.h"

#include <stdlib.h>

#define CALLS_MAX 20000u
#define FAR_PARTS 15u /* of a scenario that takes a second a run */

static unsigned long setting(const char *name, unsigned long usual)
{
	const char *text = getenv(name);

	return text == NULL ? usual : strtoul(text, NULL, 10);
}

/* One run that ends at a call, or meets no cut, and all goes well. */
static void cut_at(
    struct rig *rig, const struct rig_scenario *scenario, struct each *each, uint64_t seed)
{
	enum engine_result result = ENGINE_FAILED;

	rig_back(rig);
	lossy_arm(LOSSY_POWER, each->nth);
	if (rig_store_open(rig))
		result = scenario->run(rig);
	rig_store_close(rig);
	each->hit = lossy_hit();
	lossy_disarm();
	if (!each->hit)
		assert_engine(&rig->a, result, ENGINE_OK);
	assert_true(lossy_land(seed + each->nth));
	lossy_use(false);
	account_cache_clear(&rig->a.cache);
	if (!rig_store_open(rig))
		fail_msg("it does not open again: %s", rig->a.call.message);
	rig_check(rig);
}

/* Those among them whose number leaves `part` when divided by `parts`. */
static void each_call(const struct rig_scenario *scenario, unsigned part, unsigned parts)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	unsigned long rounds = setting("INKSEAL_CRASH_ROUNDS", 1);
	unsigned long first = setting("INKSEAL_CRASH_AT", 1);
	uint64_t seed = setting("INKSEAL_SEED", 20261124);

	assert_non_null(rig);
	rig_open(rig, scenario);
	for (unsigned long round = 0; round < rounds; round++) {
		struct each each = {.of = scenario->name,
		    .first = (unsigned)first + part,
		    .step = parts,
		    .least = 19, /* else the test shows nothing */
		    .most = CALLS_MAX};

		while (each_next(&each))
			cut_at(rig, scenario, &each, seed);
		seed += CALLS_MAX;
	}
	rig_close(rig);
	free(rig);
}

static void test_fresh(void **state)
{
	(void)state;
	each_call(&rig_fresh, 0, 1);
}

static void test_edits(void **state)
{
	(void)state;
	each_call(&rig_edits, 0, 1);
}

static void test_import(void **state)
{
	(void)state;
	each_call(&rig_import, 0, 1);
}

static void test_switch_on(void **state)
{
	(void)state;
	each_call(&rig_switch_on, 0, 1);
}

static void test_push(void **state)
{
	(void)state;
	each_call(&rig_push, 0, 1);
}

static void test_pull(void **state)
{
	(void)state;
	each_call(&rig_pull, 0, 1);
}

static void test_far_behind_first(void **state)
{
	(void)state;
	each_call(&rig_far_behind, 0, FAR_PARTS);
}

static void test_far_behind_second(void **state)
{
	(void)state;
	each_call(&rig_far_behind, 5, FAR_PARTS);
}

static void test_far_behind_third(void **state)
{
	(void)state;
	each_call(&rig_far_behind, 10, FAR_PARTS);
}

static void test_join(void **state)
{
	(void)state;
	each_call(&rig_join, 0, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(test_fresh, each_tell),
    cmocka_unit_test_teardown(test_edits, each_tell),
    cmocka_unit_test_teardown(test_import, each_tell),
    cmocka_unit_test_teardown(test_switch_on, each_tell),
    cmocka_unit_test_teardown(test_push, each_tell),
    cmocka_unit_test_teardown(test_pull, each_tell),
    cmocka_unit_test_teardown(test_far_behind_first, each_tell),
    cmocka_unit_test_teardown(test_far_behind_second, each_tell),
    cmocka_unit_test_teardown(test_far_behind_third, each_tell),
    cmocka_unit_test_teardown(test_join, each_tell),
};

TEST_MAIN(tests)
