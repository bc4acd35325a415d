/*
 * tests/gateway/bucket/bucket_leash_test.c: the wrapper of background work: the suite through it,
 * calls made short, and none once it is let go.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <stdlib.h>

#include "gateway/bucket/bucket_leash.h"
#include "tests/gateway/bucket/bucket_memory.h"

struct held {
	struct memory_store *store;
	struct bucket *inner, *bucket;
	struct bucket_counts counts;
	enum memory_fault fault;
	bool gone;
};
static struct held held;

static bool let_go(void *self)
{
	return ((struct held *)self)->gone;
}

static enum memory_fault before(void *self, enum memory_op op, const char *key)
{
	(void)op;
	(void)key;
	return ((struct held *)self)->fault;
}

static int open_leash(void **state)
{
	const struct memory_hook hook = {&held, before};
	struct bucket_leash_rules rules = {20000, suite_clock, &held, let_go};

	held = (struct held){.store = memory_store_new()};
	if (held.store == NULL)
		return 1;
	held.inner = bucket_memory(held.store, &hook);
	if (held.inner != NULL)
		held.inner = bucket_count(held.inner, &held.counts);
	if (held.inner != NULL)
		held.bucket = bucket_leash(held.inner, &rules);
	*state = held.bucket;
	return held.bucket == NULL;
}

static int close_leash(void **state)
{
	bucket_close(*state);
	bucket_close(held.inner);
	memory_store_free(held.store);
	return 0;
}

static void let_go_sends_nothing(void **state)
{
	static const char says[] = "the work gave way to other work";
	struct bucket *bucket = *state;
	struct bucket_counts none = {0};

	held.gone = true;
	suite_expect_failures(bucket, BUCKET_RETRY, BUCKET_RETRY, says, says);
	assert_memory_equal(&held.counts, &none, sizeof(none));
	held.gone = false;
	(void)suite_put_text(bucket, "k", "text", BUCKET_ALWAYS);
	assert_int_equal(held.counts.put, 1);
}

static void failures_come_through(void **state)
{
	held.fault = MEMORY_FAULT_UNKNOWN;
	suite_expect_failures(*state, BUCKET_RETRY, BUCKET_UNKNOWN,
	    "the request did not get through", "the answer was lost");
	assert_int_equal(held.counts.put + held.counts.get + held.counts.remove, 4);
}

/* What the inner bucket sees of the deadline, and what comes back of its call. */
static int64_t seen_deadline_ms, now_ms;
static bool seen_denied;

static enum bucket_result see_remove(void *self, const char *key, struct call *call)
{
	(void)self;
	(void)key;
	seen_deadline_ms = call->deadline_ms;
	call->retry_after_ms = 1234;
	call_sayf(call, "seen");
	return BUCKET_RETRY;
}

static bool see_denied(void *self)
{
	(void)self;
	return seen_denied;
}

static void see_close(void *self)
{
	(void)self;
}

/* Far from the other: who takes one for the other is seen. */
static int64_t wall(void *self)
{
	(void)self;
	return INT64_C(1700000000000);
}

static int64_t now(void *self)
{
	(void)self;
	return now_ms;
}

static void each_call_is_short(void **state)
{
	static const struct {
		int64_t now_ms, deadline_ms, expected_ms;
	} rows[] = {{1000, 900000, 11000}, {1000, 5000, 5000}, {1000, 500, 500}};
	static const struct bucket_ops ops = {
	    .remove = see_remove, .denied = see_denied, .close = see_close};
	struct bucket *inner = bucket_new(&ops, NULL);
	struct bucket_leash_rules rules = {10000, {NULL, wall, now}, &held, let_go};
	struct bucket *bucket;

	(void)state;
	assert_non_null(inner);
	held.gone = false;
	bucket = bucket_leash(inner, &rules);
	assert_non_null(bucket);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call call;

		now_ms = rows[i].now_ms;
		call_init(&call, rows[i].deadline_ms);
		assert_int_equal(bucket_remove(bucket, "k", &call), BUCKET_RETRY);
		assert_int_equal(seen_deadline_ms, rows[i].expected_ms);
		assert_int_equal(call.deadline_ms, rows[i].deadline_ms);
		assert_int_equal(call.retry_after_ms, 1234);
		assert_string_equal(call.message, "seen");
	}
	for (int denied = 0; denied < 2; denied++) {
		seen_denied = denied;
		assert_int_equal(bucket_denied(bucket), denied);
	}
	bucket_close(bucket);
	bucket_close(inner); /* it was only borrowed */
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(suite_put_then_get, open_leash, close_leash),
    cmocka_unit_test_setup_teardown(suite_put_if_absent, open_leash, close_leash),
    cmocka_unit_test_setup_teardown(suite_put_if_tag, open_leash, close_leash),
    cmocka_unit_test_setup_teardown(suite_get_unless_tag, open_leash, close_leash),
    cmocka_unit_test_setup_teardown(suite_get_first_bytes, open_leash, close_leash),
    cmocka_unit_test_setup_teardown(suite_outputs_only_on_success, open_leash, close_leash),
    cmocka_unit_test_setup_teardown(suite_remove_many, open_leash, close_leash),
    cmocka_unit_test_setup_teardown(suite_list_pages, open_leash, close_leash),
    cmocka_unit_test_setup_teardown(suite_purge_hidden, open_leash, close_leash),
    cmocka_unit_test_setup_teardown(let_go_sends_nothing, open_leash, close_leash),
    cmocka_unit_test_setup_teardown(failures_come_through, open_leash, close_leash),
    cmocka_unit_test(each_call_is_short),
};

TEST_MAIN(tests)
