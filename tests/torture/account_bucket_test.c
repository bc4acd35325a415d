/*
 * tests/torture/account_bucket_test.c: each call of account_rig.h with each of its requests to the
 * bucket failing in turn: before it took effect, lost, or after; a put also late, to land when all
 * is over; or it is refused for good; or the bucket is away from there on. Nothing is torn, and the
 * same call again succeeds.
 */
#include "tests/torture/account_rig.h"

#include <string.h>

#define REQUESTS_MAX 2000u

static unsigned at; /* the request that failed in the last run */

struct failure {
	enum memory_op op;
	enum memory_fault how; /* NONE: it is refused for good */
};
/* A read has no effect to be unsure of. A remove cannot be late. */
static const struct failure failures[] = {
    {MEMORY_GET, MEMORY_FAULT_NONE},
    {MEMORY_LIST, MEMORY_FAULT_NONE},
    {MEMORY_PUT, MEMORY_FAULT_NONE},
    {MEMORY_REMOVE, MEMORY_FAULT_NONE},
    {MEMORY_GET, MEMORY_FAULT_BEFORE},
    {MEMORY_LIST, MEMORY_FAULT_BEFORE},
    {MEMORY_PUT, MEMORY_FAULT_BEFORE},
    {MEMORY_PUT, MEMORY_FAULT_UNKNOWN},
    {MEMORY_PUT, MEMORY_FAULT_AFTER},
    {MEMORY_PUT, MEMORY_FAULT_LATE},
    {MEMORY_REMOVE, MEMORY_FAULT_BEFORE},
    {MEMORY_REMOVE, MEMORY_FAULT_UNKNOWN},
    {MEMORY_REMOVE, MEMORY_FAULT_AFTER},
};

static bool is_refusal(const struct failure *failure)
{
	return failure != NULL && failure->how == MEMORY_FAULT_NONE;
}

/* NULL: the bucket is away from the request `at` on. */
static void arm(struct fixture *fixture, const struct failure *failure)
{
	fixture->ops = 0;
	if (failure == NULL)
		fixture->crash_at = at;
	else if (is_refusal(failure))
		fixture_refuse(fixture, failure->op, "", at - 1);
	else
		fixture_arm(fixture, failure->op, "", failure->how, at - 1, 1);
}

/* Whether the failure was met. */
static bool disarm(struct fixture *fixture, const struct failure *failure)
{
	bool met = failure == NULL       ? fixture->ops >= at
		   : is_refusal(failure) ? !fixture->odd.refusal.armed
					 : !fixture->armed;

	fixture->crash_at = 0;
	fixture->armed = false;
	fixture->odd.refusal.armed = false;
	return met;
}

/*
 * Whether the call may succeed in spite of it: a put is sent again, and what came of a removal the
 * next listing tells. Whatever else is not known or not done, the caller must know; but for a
 * compaction and for taking back, which are done later.
 */
static bool is_borne(const struct scene_call *call, const struct failure *failure)
{
	if (call == &scene_pack || call == &scene_gone)
		return true;
	if (failure == NULL || is_refusal(failure))
		return false;
	return failure->op == MEMORY_PUT ||
	       (failure->op == MEMORY_REMOVE && failure->how != MEMORY_FAULT_BEFORE);
}

/* What the bucket says of it: that, or more, is what the caller is told. */
static const char *word_of(const struct failure *failure)
{
	if (failure == NULL || failure->how == MEMORY_FAULT_BEFORE)
		return "the request did not get through";
	return is_refusal(failure) ? "the disk is full" : "the answer was lost";
}

static bool fails_at(const struct scene_call *call, const struct failure *failure)
{
	enum account_result expected = is_refusal(failure) ? ACCOUNT_FAILED : ACCOUNT_RETRY;
	struct scene scene;
	struct fixture *fixture;
	enum account_result result;
	bool failed;

	scene_open(&scene, call);
	fixture = &scene.pair->fixture;
	arm(fixture, failure);
	result = call->run(&scene);
	failed = disarm(fixture, failure);
	if (result != ACCOUNT_OK && (!failed || result != expected ||
					strstr(fixture->call.message, word_of(failure)) == NULL))
		fail_msg("%s, request %u: %s: %s", call->name, at, account_result_text(result),
		    fixture->call.message);
	if (result == ACCOUNT_OK && failed && !is_borne(call, failure))
		fail_msg("%s, request %u failed, and it is called done", call->name, at);
	scene_judge(&scene, call, result);
	if (at % 2 == 0)
		scene_forget(&scene);
	scene_again(&scene, call);
	scene_close(&scene);
	return failed;
}

static unsigned each_of(const struct scene_call *call, const struct failure *failure)
{
	for (at = 1; at < REQUESTS_MAX; at++)
		if (!fails_at(call, failure))
			break;
	assert_in_range(at, 1, REQUESTS_MAX - 1);
	return at - 1;
}

static void each_request(const struct scene_call *call)
{
	unsigned away = each_of(call, NULL);
	unsigned runs = away;

	assert_true(away > 0);
	for (size_t i = 0; i < COUNT_OF(failures); i++)
		runs += each_of(call, &failures[i]);
	print_message("%s: %u requests, %u faults\n", call->name, away, runs);
}

/* One case a call, named test_<call>. */
#define CASE(call) \
	static void test_##call(void **state) \
	{ \
		(void)state; \
		each_request(&scene_##call); \
	}

SCENES(CASE)

static int tell(void **state)
{
	(void)state;
	print_message("the last run failed at request %u\n", at);
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
