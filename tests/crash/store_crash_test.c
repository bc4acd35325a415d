/*
 * tests/crash/store_crash_test.c: the power fails at each call in turn that changes the disk; what
 * is left is opened by SQLite's own VFS, must be sound, hold what was acknowledged, and sync.
 * INKSEAL_SEED draws what survives; INKSEAL_CRASH_ROUNDS (1) goes through all calls so many times.
 */
#include "tests/crash/rig.h"

#include <stdlib.h>

#define CALLS_MAX 20000u
#define FAR_PARTS 15u /* of a scenario that takes a second a run */

static unsigned at; /* the call that the last run was cut at */

/* After a failure too: where to look, with INKSEAL_CRASH_AT. */
static int tell(void **state)
{
	(void)state;
	print_message("the last run was cut at call %u\n", at);
	return 0;
}

static unsigned long setting(const char *name, unsigned long usual)
{
	const char *text = getenv(name);

	return text == NULL ? usual : strtoul(text, NULL, 10);
}

/* One run that ends at call nth. False: it met no cut, and all went well. */
static bool cut_at(
    struct rig *rig, const struct rig_scenario *scenario, unsigned nth, uint64_t seed)
{
	enum engine_result result = ENGINE_FAILED;
	bool cut;

	rig_back(rig);
	lossy_arm(LOSSY_POWER, nth);
	if (rig_store_open(rig))
		result = scenario->run(rig);
	rig_store_close(rig);
	cut = lossy_hit();
	lossy_disarm();
	if (!cut)
		assert_engine(&rig->a, result, ENGINE_OK);
	assert_true(lossy_land(seed));
	lossy_use(false);
	account_cache_clear(&rig->a.cache);
	if (!rig_store_open(rig))
		fail_msg("it does not open again: %s", rig->a.call.message);
	rig_check(rig);
	return cut;
}

/* Those among them whose number leaves `part` when divided by `parts`. */
static void each_call(const struct rig_scenario *scenario, unsigned part, unsigned parts)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	unsigned long rounds = setting("INKSEAL_CRASH_ROUNDS", 1);
	unsigned long first = setting("INKSEAL_CRASH_AT", 1);
	uint64_t seed = setting("INKSEAL_SEED", 20261124);
	unsigned nth = 0;

	assert_non_null(rig);
	rig_open(rig, scenario);
	for (unsigned long round = 0; round < rounds; round++) {
		for (nth = (unsigned)first + part; nth < CALLS_MAX; nth += parts) {
			at = nth;
			if (!cut_at(rig, scenario, nth, seed + nth))
				break;
		}
		seed += CALLS_MAX;
	}
	assert_in_range(nth, 20, CALLS_MAX - 1); /* else the test shows nothing */
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
    cmocka_unit_test_teardown(test_fresh, tell),
    cmocka_unit_test_teardown(test_edits, tell),
    cmocka_unit_test_teardown(test_import, tell),
    cmocka_unit_test_teardown(test_switch_on, tell),
    cmocka_unit_test_teardown(test_push, tell),
    cmocka_unit_test_teardown(test_pull, tell),
    cmocka_unit_test_teardown(test_far_behind_first, tell),
    cmocka_unit_test_teardown(test_far_behind_second, tell),
    cmocka_unit_test_teardown(test_far_behind_third, tell),
    cmocka_unit_test_teardown(test_join, tell),
};

TEST_MAIN(tests)
