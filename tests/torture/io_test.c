/*
 * tests/torture/io_test.c: the scenarios of tests/crash/rig.h with each of SQLite's calls to its
 * disk failing in turn (an I/O error once; the disk full from there on), and each call to the
 * bucket (before it took effect, or after). The result is one that stands for that, the journal is
 * sound and holds what was acknowledged, and the next sync succeeds.
 */
#include "tests/crash/rig.h"

#include <stdlib.h>

#define CALLS_MAX 100000u

static unsigned at; /* the call that failed in the last run */

static int tell(void **state)
{
	(void)state;
	print_message("the last run failed at call %u\n", at);
	return 0;
}

static void assert_honest(struct rig *rig, enum engine_result result)
{
	if (result == ENGINE_OK || result == ENGINE_FAILED || result == ENGINE_FULL ||
	    result == ENGINE_LATER)
		return;
	fail_msg("%s; message: %s", engine_result_text(result), rig->a.call.message);
}

/* As another process, or the same one going on. */
static void look(struct rig *rig, bool again)
{
	if (again || rig->a.store == NULL) {
		rig_store_close(rig);
		account_cache_clear(&rig->a.cache);
		if (!rig_store_open(rig))
			fail_msg("it does not open again: %s", rig->a.call.message);
	}
	rig_check(rig);
}

static bool disk_fails(struct rig *rig, const struct rig_scenario *scenario, enum lossy_fault fault)
{
	enum engine_result result = ENGINE_FAILED;
	bool failed;

	rig_back(rig);
	lossy_arm(fault, at);
	if (rig_store_open(rig))
		result = scenario->run(rig);
	failed = lossy_hit();
	lossy_disarm();
	if (!failed)
		assert_engine(&rig->a, result, ENGINE_OK);
	assert_honest(rig, result);
	look(rig, at / 2 % 2 == 0);
	return failed;
}

static bool bucket_fails(
    struct rig *rig, const struct rig_scenario *scenario, enum memory_fault how)
{
	enum engine_result result = ENGINE_FAILED;
	bool failed;

	rig_back(rig);
	rig->world.ops = 0;
	rig->world.fail_at = at;
	rig->world.fail_how = how;
	if (rig_store_open(rig))
		result = scenario->run(rig);
	failed = rig->world.ops >= at;
	rig->world.fail_at = 0;
	if (!failed)
		assert_engine(&rig->a, result, ENGINE_OK);
	assert_honest(rig, result);
	look(rig, at % 2 == 0);
	return failed;
}

static void each_disk_call(
    const struct rig_scenario *scenario, enum lossy_fault fault, unsigned usual)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	unsigned step = rig_setting("INKSEAL_TORTURE_STEP", usual);

	assert_non_null(rig);
	rig_open(rig, scenario);
	for (at = rig_setting("INKSEAL_TORTURE_AT", 1); at < CALLS_MAX; at += step)
		if (!disk_fails(rig, scenario, fault))
			break;
	assert_in_range(at, 20, CALLS_MAX - 1);
	rig_close(rig);
	free(rig);
}

static void each_bucket_call(const struct rig_scenario *scenario)
{
	static const enum memory_fault faults[] = {
	    MEMORY_FAULT_BEFORE, MEMORY_FAULT_UNKNOWN, MEMORY_FAULT_AFTER};
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig_open(rig, scenario);
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		for (at = 1; at < CALLS_MAX; at++)
			if (!bucket_fails(rig, scenario, faults[i]))
				break;
		assert_in_range(at, 2, CALLS_MAX - 1);
	}
	rig_close(rig);
	free(rig);
}

static void test_disk_error_fresh(void **state)
{
	(void)state;
	each_disk_call(&rig_fresh, LOSSY_ONCE, 1);
}

static void test_disk_error_edits(void **state)
{
	(void)state;
	each_disk_call(&rig_edits, LOSSY_ONCE, 3);
}

static void test_disk_error_import(void **state)
{
	(void)state;
	each_disk_call(&rig_import, LOSSY_ONCE, 3);
}

static void test_disk_error_switch_on(void **state)
{
	(void)state;
	each_disk_call(&rig_switch_on, LOSSY_ONCE, 7);
}

static void test_disk_error_push(void **state)
{
	(void)state;
	each_disk_call(&rig_push, LOSSY_ONCE, 7);
}

static void test_disk_error_pull(void **state)
{
	(void)state;
	each_disk_call(&rig_pull, LOSSY_ONCE, 7);
}

static void test_disk_error_join(void **state)
{
	(void)state;
	each_disk_call(&rig_join, LOSSY_ONCE, 29);
}

static void test_disk_full_fresh(void **state)
{
	(void)state;
	each_disk_call(&rig_fresh, LOSSY_FULL, 1);
}

static void test_disk_full_edits(void **state)
{
	(void)state;
	each_disk_call(&rig_edits, LOSSY_FULL, 3);
}

static void test_disk_full_import(void **state)
{
	(void)state;
	each_disk_call(&rig_import, LOSSY_FULL, 3);
}

static void test_disk_full_switch_on(void **state)
{
	(void)state;
	each_disk_call(&rig_switch_on, LOSSY_FULL, 7);
}

static void test_disk_full_push(void **state)
{
	(void)state;
	each_disk_call(&rig_push, LOSSY_FULL, 7);
}

static void test_disk_full_pull(void **state)
{
	(void)state;
	each_disk_call(&rig_pull, LOSSY_FULL, 7);
}

static void test_disk_full_join(void **state)
{
	(void)state;
	each_disk_call(&rig_join, LOSSY_FULL, 29);
}

static void test_bucket_switch_on(void **state)
{
	(void)state;
	each_bucket_call(&rig_switch_on);
}

static void test_bucket_push(void **state)
{
	(void)state;
	each_bucket_call(&rig_push);
}

static void test_bucket_pull(void **state)
{
	(void)state;
	each_bucket_call(&rig_pull);
}

static void test_bucket_join(void **state)
{
	(void)state;
	each_bucket_call(&rig_join);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(test_disk_error_fresh, tell),
    cmocka_unit_test_teardown(test_disk_error_edits, tell),
    cmocka_unit_test_teardown(test_disk_error_import, tell),
    cmocka_unit_test_teardown(test_disk_error_switch_on, tell),
    cmocka_unit_test_teardown(test_disk_error_push, tell),
    cmocka_unit_test_teardown(test_disk_error_pull, tell),
    cmocka_unit_test_teardown(test_disk_error_join, tell),
    cmocka_unit_test_teardown(test_disk_full_fresh, tell),
    cmocka_unit_test_teardown(test_disk_full_edits, tell),
    cmocka_unit_test_teardown(test_disk_full_import, tell),
    cmocka_unit_test_teardown(test_disk_full_switch_on, tell),
    cmocka_unit_test_teardown(test_disk_full_push, tell),
    cmocka_unit_test_teardown(test_disk_full_pull, tell),
    cmocka_unit_test_teardown(test_disk_full_join, tell),
    cmocka_unit_test_teardown(test_bucket_switch_on, tell),
    cmocka_unit_test_teardown(test_bucket_push, tell),
    cmocka_unit_test_teardown(test_bucket_pull, tell),
    cmocka_unit_test_teardown(test_bucket_join, tell),
};

TEST_MAIN(tests)
