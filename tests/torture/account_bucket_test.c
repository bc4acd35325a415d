/*
 * tests/torture/account_bucket_test.c: each call of account_rig.h with each of its requests to the
 * bucket failing in turn: before it took effect, lost, or after; a put also late, to land when all
 * is over; or it is refused for good; or the bucket is away from there on. Nothing is torn, and the
 * same call again succeeds.
 */
#include "tests/each.h"
#include "tests/torture/account_rig.h"

#include <string.h>

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

/* NULL: the bucket is away from the nth request on. */
static void arm(struct fixture *fixture, const struct failure *failure, unsigned nth)
{
	fixture->ops = 0;
	if (failure == NULL)
		fixture->crash_at = nth;
	else if (is_refusal(failure))
		fixture_refuse(fixture, failure->op, "", nth - 1);
	else
		fixture_arm(fixture, failure->op, "", failure->how, nth - 1, 1);
}

/* Whether the failure was met. */
static bool disarm(struct fixture *fixture, const struct failure *failure, unsigned nth)
{
	bool met = failure == NULL       ? fixture->ops >= nth
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

static void fails_at(
    const struct scene_call *call, const struct failure *failure, struct each *each)
{
	enum account_result expected = is_refusal(failure) ? ACCOUNT_FAILED : ACCOUNT_RETRY;
	struct scene scene;
	struct fixture *fixture;
	enum account_result result;

	scene_open(&scene, call);
	fixture = &scene.pair->fixture;
	arm(fixture, failure, each->nth);
	result = call->run(&scene);
	each->hit = disarm(fixture, failure, each->nth);
	if (result != ACCOUNT_OK && (!each->hit || result != expected ||
					strstr(fixture->call.message, word_of(failure)) == NULL))
		fail_msg("%s, request %u: %s: %s", call->name, each_at(),
		    account_result_text(result), fixture->call.message);
	if (result == ACCOUNT_OK && each->hit && !is_borne(call, failure))
		fail_msg("%s, request %u failed, and it is called done", call->name, each_at());
	scene_judge(&scene, call, result);
	if (each->nth % 2 == 0)
		scene_forget(&scene);
	scene_again(&scene, call);
	scene_close(&scene);
}

static unsigned each_of(const struct scene_call *call, const struct failure *failure)
{
	struct each each = {.of = call->name, .may_be_none = failure != NULL};

	while (each_next(&each))
		fails_at(call, failure, &each);
	return each.hits;
}

static void each_request(const struct scene_call *call)
{
	unsigned away = each_of(call, NULL);
	unsigned runs = away;

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
