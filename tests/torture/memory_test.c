/*
 * tests/torture/memory_test.c: the scenarios of tests/crash/rig.h with each allocation failing in
 * turn, once or from there on. The result is one that stands for "no memory" or "again later",
 * never for damage; the journal is sound, holds what was acknowledged, and the next sync succeeds:
 * in the same process, or in another. Leaks are the sanitizer's to find. INKSEAL_TORTURE_STEP (0:
 * as each case has it): how many allocations of the libraries are passed over between two that
 * fail.
 */
#include "tests/crash/rig.h"
#include "tests/torture/fault.h"

#include <stdlib.h>

#define ALLOCATIONS_MAX 400000u

static unsigned at; /* the allocation that failed in the last run */

/* After a failure too: where to look, with INKSEAL_TORTURE_AT. */
static int tell(void **state)
{
	(void)state;
	print_message("the last run failed at allocation %u\n", at);
	return 0;
}

static void assert_honest(struct rig *rig, enum engine_result result)
{
	if (result == ENGINE_OK || result == ENGINE_FAILED || result == ENGINE_LATER)
		return;
	fail_msg("%s; message: %s", engine_result_text(result), rig->a.call.message);
}

static bool fails_at(struct rig *rig, const struct rig_scenario *scenario, enum fault_whose whose,
    unsigned nth, bool forever)
{
	enum engine_result result = ENGINE_FAILED;
	bool failed;

	at = nth;
	rig_back(rig);
	fault_arm(whose, nth, forever);
	if (rig_store_open(rig))
		result = scenario->run(rig);
	failed = fault_disarm();
	if (!failed)
		assert_engine(&rig->a, result, ENGINE_OK);
	assert_honest(rig, result);
	if (nth / 2 % 2 == 0 || rig->a.store == NULL) {
		rig_store_close(rig);
		account_cache_clear(&rig->a.cache);
		if (!rig_store_open(rig))
			fail_msg("it does not open again: %s", rig->a.call.message);
	}
	rig_check(rig);
	return failed;
}

static void each_of(const struct rig_scenario *scenario, enum fault_whose whose, unsigned step)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	unsigned nth;

	assert_non_null(rig);
	rig_open(rig, scenario);
	for (nth = rig_setting("INKSEAL_TORTURE_AT", 1); nth < ALLOCATIONS_MAX; nth += step)
		if (!fails_at(rig, scenario, whose, nth, nth / step % 2 == 1))
			break;
	assert_in_range(nth, 2, ALLOCATIONS_MAX - 1);
	print_message("%s: %u allocations, each %uth\n", scenario->name, fault_count(), step);
	rig_close(rig);
	free(rig);
}

static void ours(const struct rig_scenario *scenario, unsigned step)
{
	each_of(scenario, FAULT_OURS, rig_setting("INKSEAL_TORTURE_OURS", step));
}

static void libraries(const struct rig_scenario *scenario, unsigned step)
{
	each_of(scenario, FAULT_LIBRARIES, rig_setting("INKSEAL_TORTURE_STEP", step));
}

static void test_ours_fresh(void **state)
{
	(void)state;
	ours(&rig_fresh, 1);
}

static void test_ours_edits(void **state)
{
	(void)state;
	ours(&rig_edits, 1);
}

static void test_ours_import(void **state)
{
	(void)state;
	ours(&rig_import, 1);
}

static void test_ours_switch_on(void **state)
{
	(void)state;
	ours(&rig_switch_on, 3);
}

static void test_ours_push(void **state)
{
	(void)state;
	ours(&rig_push, 2);
}

static void test_ours_pull(void **state)
{
	(void)state;
	ours(&rig_pull, 3);
}

static void test_ours_far_behind(void **state)
{
	(void)state;
	ours(&rig_far_behind, 15);
}

static void test_ours_join(void **state)
{
	(void)state;
	ours(&rig_join, 5);
}

static void test_libraries_fresh(void **state)
{
	(void)state;
	libraries(&rig_fresh, 397);
}

static void test_libraries_edits(void **state)
{
	(void)state;
	libraries(&rig_edits, 397);
}

static void test_libraries_import(void **state)
{
	(void)state;
	libraries(&rig_import, 397);
}

static void test_libraries_switch_on(void **state)
{
	(void)state;
	libraries(&rig_switch_on, 397);
}

static void test_libraries_push(void **state)
{
	(void)state;
	libraries(&rig_push, 397);
}

static void test_libraries_pull(void **state)
{
	(void)state;
	libraries(&rig_pull, 397);
}

static void test_libraries_far_behind(void **state)
{
	(void)state;
	libraries(&rig_far_behind, 1999);
}

static void test_libraries_join(void **state)
{
	(void)state;
	libraries(&rig_join, 997);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(test_ours_fresh, tell),
    cmocka_unit_test_teardown(test_ours_edits, tell),
    cmocka_unit_test_teardown(test_ours_import, tell),
    cmocka_unit_test_teardown(test_ours_switch_on, tell),
    cmocka_unit_test_teardown(test_ours_push, tell),
    cmocka_unit_test_teardown(test_ours_pull, tell),
    cmocka_unit_test_teardown(test_ours_far_behind, tell),
    cmocka_unit_test_teardown(test_ours_join, tell),
    cmocka_unit_test_teardown(test_libraries_fresh, tell),
    cmocka_unit_test_teardown(test_libraries_edits, tell),
    cmocka_unit_test_teardown(test_libraries_import, tell),
    cmocka_unit_test_teardown(test_libraries_switch_on, tell),
    cmocka_unit_test_teardown(test_libraries_push, tell),
    cmocka_unit_test_teardown(test_libraries_pull, tell),
    cmocka_unit_test_teardown(test_libraries_far_behind, tell),
    cmocka_unit_test_teardown(test_libraries_join, tell),
};

TEST_MAIN(tests)
