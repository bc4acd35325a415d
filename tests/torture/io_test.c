/*
 * tests/torture/io_test.c: the scenarios of tests/crash/rig.h with each of SQLite's calls to its
 * disk failing in turn (an I/O error once; the disk full from there on), and each call to the
 * bucket (before it took effect, or after). The result is one that stands for that, the journal is
 * sound and holds what was acknowledged, and the next sync succeeds.
 */
#include "tests/crash/rig.h"
#include "tests/each.h"

#include <stdlib.h>

#define CALLS_MAX 100000u

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

static void disk_fails(
    struct rig *rig, const struct rig_scenario *scenario, enum lossy_fault fault, struct each *each)
{
	enum engine_result result = ENGINE_FAILED;

	rig_back(rig);
	lossy_arm(fault, each->nth);
	if (rig_store_open(rig))
		result = scenario->run(rig);
	each->hit = lossy_hit();
	lossy_disarm();
	if (!each->hit)
		assert_engine(&rig->a, result, ENGINE_OK);
	assert_honest(rig, result);
	look(rig, each->nth / 2 % 2 == 0);
}

static void bucket_fails(
    struct rig *rig, const struct rig_scenario *scenario, enum memory_fault how, struct each *each)
{
	enum engine_result result = ENGINE_FAILED;

	rig_back(rig);
	rig->world.ops = 0;
	rig->world.fail_at = each->nth;
	rig->world.fail_how = how;
	if (rig_store_open(rig))
		result = scenario->run(rig);
	each->hit = rig->world.ops >= each->nth;
	rig->world.fail_at = 0;
	if (!each->hit)
		assert_engine(&rig->a, result, ENGINE_OK);
	assert_honest(rig, result);
	look(rig, each->nth % 2 == 0);
}

static void each_disk_call(
    const struct rig_scenario *scenario, enum lossy_fault fault, unsigned usual)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct each each = {.of = scenario->name,
	    .first = rig_setting("INKSEAL_TORTURE_AT", 1),
	    .step = rig_setting("INKSEAL_TORTURE_STEP", usual),
	    .least = 19,
	    .most = CALLS_MAX};

	assert_non_null(rig);
	rig_open(rig, scenario);
	while (each_next(&each))
		disk_fails(rig, scenario, fault, &each);
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
		struct each each = {.of = scenario->name};

		while (each_next(&each))
			bucket_fails(rig, scenario, faults[i], &each);
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
    cmocka_unit_test_teardown(test_disk_error_fresh, each_tell),
    cmocka_unit_test_teardown(test_disk_error_edits, each_tell),
    cmocka_unit_test_teardown(test_disk_error_import, each_tell),
    cmocka_unit_test_teardown(test_disk_error_switch_on, each_tell),
    cmocka_unit_test_teardown(test_disk_error_push, each_tell),
    cmocka_unit_test_teardown(test_disk_error_pull, each_tell),
    cmocka_unit_test_teardown(test_disk_error_join, each_tell),
    cmocka_unit_test_teardown(test_disk_full_fresh, each_tell),
    cmocka_unit_test_teardown(test_disk_full_edits, each_tell),
    cmocka_unit_test_teardown(test_disk_full_import, each_tell),
    cmocka_unit_test_teardown(test_disk_full_switch_on, each_tell),
    cmocka_unit_test_teardown(test_disk_full_push, each_tell),
    cmocka_unit_test_teardown(test_disk_full_pull, each_tell),
    cmocka_unit_test_teardown(test_disk_full_join, each_tell),
    cmocka_unit_test_teardown(test_bucket_switch_on, each_tell),
    cmocka_unit_test_teardown(test_bucket_push, each_tell),
    cmocka_unit_test_teardown(test_bucket_pull, each_tell),
    cmocka_unit_test_teardown(test_bucket_join, each_tell),
};

TEST_MAIN(tests)
