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

static void assert_honest(struct rig *rig, enum engine_result result)
{
	if (result == ENGINE_OK || result == ENGINE_FAILED || result == ENGINE_LATER)
		return;
	fail_msg("%s; message: %s", engine_result_text(result), rig->a.call.message);
}

static void fails_at(
    struct rig *rig, const struct rig_scenario *scenario, enum fault_whose whose, struct each *each)
{
	enum engine_result result = ENGINE_FAILED;

	rig_back(rig);
	fault_arm(whose, each->nth, each->nth / each->step % 2 == 1);
	if (rig_store_open(rig))
		result = scenario->run(rig);
	each->hit = fault_disarm();
	if (!each->hit)
		assert_engine(&rig->a, result, ENGINE_OK);
	assert_honest(rig, result);
	if (each->nth / 2 % 2 == 0 || rig->a.store == NULL) {
		rig_store_close(rig);
		account_cache_clear(&rig->a.cache);
		if (!rig_store_open(rig))
			fail_msg("it does not open again: %s", rig->a.call.message);
	}
	rig_check(rig);
}

static void each_of(const struct rig_scenario *scenario, enum fault_whose whose, unsigned step)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct each each = {.of = scenario->name,
	    .first = rig_setting("INKSEAL_TORTURE_AT", 1),
	    .step = step,
	    .most = ALLOCATIONS_MAX};

	assert_non_null(rig);
	rig_open(rig, scenario);
	while (each_next(&each))
		fails_at(rig, scenario, whose, &each);
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
    cmocka_unit_test_teardown(test_ours_fresh, each_tell),
    cmocka_unit_test_teardown(test_ours_edits, each_tell),
    cmocka_unit_test_teardown(test_ours_import, each_tell),
    cmocka_unit_test_teardown(test_ours_switch_on, each_tell),
    cmocka_unit_test_teardown(test_ours_push, each_tell),
    cmocka_unit_test_teardown(test_ours_pull, each_tell),
    cmocka_unit_test_teardown(test_ours_far_behind, each_tell),
    cmocka_unit_test_teardown(test_ours_join, each_tell),
    cmocka_unit_test_teardown(test_libraries_fresh, each_tell),
    cmocka_unit_test_teardown(test_libraries_edits, each_tell),
    cmocka_unit_test_teardown(test_libraries_import, each_tell),
    cmocka_unit_test_teardown(test_libraries_switch_on, each_tell),
    cmocka_unit_test_teardown(test_libraries_push, each_tell),
    cmocka_unit_test_teardown(test_libraries_pull, each_tell),
    cmocka_unit_test_teardown(test_libraries_far_behind, each_tell),
    cmocka_unit_test_teardown(test_libraries_join, each_tell),
};

TEST_MAIN(tests)
