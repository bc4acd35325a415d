/*
 * tests/torture/account_memory_test.c: each call of account_rig.h with each of our allocations
 * failing in turn, once or from there on: it says so or does without, nothing is torn, and the
 * same call again succeeds; and nothing is left of it all.
 */
#include "tests/torture/account_rig.h"
#include "tests/torture/fault.h"

#include <string.h>

/* That, and not what an earlier request had to say. A store in memory is full without it. */
static bool is_about_memory(const struct call *call)
{
	return strstr(call->message, "memory") != NULL || strstr(call->message, "is full") != NULL;
}

static void fails_at(const struct scene_call *call, struct fault_turns *turns)
{
	struct scene scene;
	enum account_result result;
	long live = fault_live();
	bool failed;

	scene_open(&scene, call);
	fault_begin(turns);
	result = call->run(&scene);
	failed = fault_end(turns);
	if (result != ACCOUNT_OK &&
	    (!failed || (result != ACCOUNT_FAILED && result != ACCOUNT_RETRY) ||
		!is_about_memory(&scene.pair->fixture.call)))
		fail_msg("%s, allocation %u: %s: %s", call->name, each_at(),
		    account_result_text(result), scene.pair->fixture.call.message);
	scene_judge(&scene, call, result);
	if (turns->each.nth / 2 % 2 == 0)
		scene_forget(&scene);
	scene_again(&scene, call);
	scene_close(&scene);
	if (fault_live() != live)
		fail_msg("%s, allocation %u: %ld blocks are left", call->name, each_at(),
		    fault_live() - live);
}

static void each_allocation(const struct scene_call *call)
{
	struct fault_turns turns = {.each.of = call->name};

	while (fault_next(&turns))
		fails_at(call, &turns);
	print_message("%s: %u faults\n", call->name, turns.each.hits);
}

/* One case a call, named test_<call>. */
#define CASE(call) \
	static void test_##call(void **state) \
	{ \
		(void)state; \
		each_allocation(&scene_##call); \
	}

SCENES(CASE)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(test_create, each_tell),
    cmocka_unit_test_teardown(test_push, each_tell),
    cmocka_unit_test_teardown(test_push_body, each_tell),
    cmocka_unit_test_teardown(test_statement, each_tell),
    cmocka_unit_test_teardown(test_pack, each_tell),
    cmocka_unit_test_teardown(test_snapshot, each_tell),
    cmocka_unit_test_teardown(test_pull, each_tell),
    cmocka_unit_test_teardown(test_far_behind, each_tell),
    cmocka_unit_test_teardown(test_revoked, each_tell),
    cmocka_unit_test_teardown(test_gone, each_tell),
    cmocka_unit_test_teardown(test_compact, each_tell),
    cmocka_unit_test_teardown(test_compact_at_hand, each_tell),
    cmocka_unit_test_teardown(test_sweep, each_tell),
    cmocka_unit_test_teardown(test_sweep_many, each_tell),
    cmocka_unit_test_teardown(test_wipe, each_tell),
    cmocka_unit_test_teardown(test_relist, each_tell),
    cmocka_unit_test_teardown(test_relist_done, each_tell),
    cmocka_unit_test_teardown(test_wiped_next, each_tell),
    cmocka_unit_test_teardown(test_blob_put, each_tell),
    cmocka_unit_test_teardown(test_blob_get, each_tell),
    cmocka_unit_test_teardown(test_roster, each_tell),
    cmocka_unit_test_teardown(test_usage, each_tell),
};

TEST_MAIN(tests)
