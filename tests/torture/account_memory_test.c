/*
 * tests/torture/account_memory_test.c: each call of account_rig.h with each of our allocations
 * failing in turn, once or from there on: it says so or does without, nothing is torn, and the
 * same call again succeeds; and nothing is left of it all.
 */
#include "tests/torture/account_rig.h"
#include "tests/torture/fault.h"

#include <string.h>

#define ALLOCATIONS_MAX 5000u

static unsigned at; /* the allocation that failed in the last run */

/* That, and not what an earlier request had to say. A store in memory is full without it. */
static bool is_about_memory(const struct call *call)
{
	return strstr(call->message, "memory") != NULL || strstr(call->message, "is full") != NULL;
}

static bool fails_at(const struct scene_call *call, bool forever)
{
	struct scene scene;
	enum account_result result;
	long live = fault_live();
	bool failed;

	scene_open(&scene, call);
	fault_arm(FAULT_OURS, at, forever);
	result = call->run(&scene);
	failed = fault_disarm();
	if (result != ACCOUNT_OK &&
	    (!failed || (result != ACCOUNT_FAILED && result != ACCOUNT_RETRY) ||
		!is_about_memory(&scene.pair->fixture.call)))
		fail_msg("%s, allocation %u: %s: %s", call->name, at, account_result_text(result),
		    scene.pair->fixture.call.message);
	scene_judge(&scene, call, result);
	if (at / 2 % 2 == 0)
		scene_forget(&scene);
	scene_again(&scene, call);
	scene_close(&scene);
	if (fault_live() != live)
		fail_msg(
		    "%s, allocation %u: %ld blocks are left", call->name, at, fault_live() - live);
	return failed;
}

static void each_allocation(const struct scene_call *call)
{
	unsigned runs = 0;

	for (unsigned forever = 0; forever < 2; forever++) {
		for (at = 1; at < ALLOCATIONS_MAX; at++)
			if (!fails_at(call, forever == 1))
				break;
		assert_in_range(at, 2, ALLOCATIONS_MAX - 1);
		runs += at - 1;
	}
	print_message("%s: %u faults\n", call->name, runs);
}

/* One case a call, named test_<call>. */
#define CASE(call) \
	static void test_##call(void **state) \
	{ \
		(void)state; \
		each_allocation(&scene_##call); \
	}

SCENES(CASE)

static int tell(void **state)
{
	(void)state;
	print_message("the last run failed at allocation %u\n", at);
	return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(test_create, tell),
    cmocka_unit_test_teardown(test_push, tell),
    cmocka_unit_test_teardown(test_push_body, tell),
    cmocka_unit_test_teardown(test_statement, tell),
    cmocka_unit_test_teardown(test_pack, tell),
    cmocka_unit_test_teardown(test_snapshot, tell),
    cmocka_unit_test_teardown(test_pull, tell),
    cmocka_unit_test_teardown(test_far_behind, tell),
    cmocka_unit_test_teardown(test_revoked, tell),
    cmocka_unit_test_teardown(test_gone, tell),
    cmocka_unit_test_teardown(test_compact, tell),
    cmocka_unit_test_teardown(test_compact_at_hand, tell),
    cmocka_unit_test_teardown(test_sweep, tell),
    cmocka_unit_test_teardown(test_sweep_many, tell),
    cmocka_unit_test_teardown(test_wipe, tell),
    cmocka_unit_test_teardown(test_relist, tell),
    cmocka_unit_test_teardown(test_relist_done, tell),
    cmocka_unit_test_teardown(test_wiped_next, tell),
    cmocka_unit_test_teardown(test_blob_put, tell),
    cmocka_unit_test_teardown(test_blob_get, tell),
    cmocka_unit_test_teardown(test_roster, tell),
    cmocka_unit_test_teardown(test_usage, tell),
};

TEST_MAIN(tests)
