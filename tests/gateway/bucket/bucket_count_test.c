/*
 * tests/gateway/bucket/bucket_count_test.c: the counting wrapper: the suite through it, and what it
 * counts.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <stdlib.h>

#include "tests/gateway/bucket/bucket_memory.h"

static struct memory_store *store;
static struct bucket_counts counts;

static enum memory_fault fault;

static enum memory_fault before(void *self, enum memory_op op, const char *key)
{
	(void)self;
	(void)op;
	(void)key;
	return fault;
}

static int open_count(void **state)
{
	const struct memory_hook hook = {NULL, before};
	struct bucket *inner;

	counts = (struct bucket_counts){0};
	fault = MEMORY_FAULT_NONE;
	store = memory_store_new();
	if (store == NULL)
		return 1;
	inner = bucket_memory(store, &hook);
	*state = inner == NULL ? NULL : bucket_count(inner, &counts);
	return *state == NULL;
}

static int close_count(void **state)
{
	bucket_close(*state);
	memory_store_free(store);
	return 0;
}

static void expect_counts(const struct bucket_counts *expected)
{
	assert_int_equal(counts.get, expected->get);
	assert_int_equal(counts.put, expected->put);
	assert_int_equal(counts.list, expected->list);
	assert_int_equal(counts.remove, expected->remove);
	assert_int_equal(counts.bytes_up, expected->bytes_up);
	assert_int_equal(counts.bytes_down, expected->bytes_down);
}

static void counts_what_passes(void **state)
{
	static const char *const keys[] = {"a", "b", "c"};
	struct bucket *bucket = *state;
	struct bucket_put put = {"a", view_text("12345"), BUCKET_IF_ABSENT, {""}};
	struct bucket_get get = {.key = "a"};
	struct bucket_page page = {0};
	struct bytes data = {0};
	struct bucket_tag tag = {""};
	uint64_t removed = 0;
	struct call call;

	suite_call(&call);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_OK);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_CONFLICT);
	expect_counts(&(struct bucket_counts){.put = 2, .bytes_up = 10}); /* sent is sent */
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_OK);
	bytes_clear(&data);
	get.first_bytes = 2;
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_OK);
	bytes_clear(&data);
	get.unless = tag;
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_UNCHANGED);
	get.key = "b";
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_ABSENT);
	expect_counts(&(struct bucket_counts){.put = 2, .bytes_up = 10, .get = 4, .bytes_down = 7});
	assert_int_equal(bucket_list(bucket, "", "", &call, &page), BUCKET_OK);
	free(page.items);
	assert_int_equal(bucket_remove(bucket, "a", &call), BUCKET_OK);
	assert_int_equal(bucket_remove_many(bucket, keys, COUNT_OF(keys), &call), BUCKET_OK);
	assert_int_equal(bucket_purge_hidden(bucket, "a", &call, &removed), BUCKET_OK); /* lists */
	/* What reaches no driver is no request. */
	assert_int_equal(bucket_remove(bucket, "../a", &call), BUCKET_REFUSED);
	assert_int_equal(bucket_remove_many(bucket, keys, 0, &call), BUCKET_OK);
	expect_counts(&(struct bucket_counts){
	    .put = 2, .bytes_up = 10, .get = 4, .bytes_down = 7, .list = 2, .remove = 2});
}

static void failures_come_through(void **state)
{
	fault = MEMORY_FAULT_UNKNOWN;
	suite_expect_failures(*state, BUCKET_RETRY, BUCKET_UNKNOWN,
	    "the request did not get through", "the answer was lost");
	expect_counts(
	    &(struct bucket_counts){.put = 1, .bytes_up = 4, .get = 1, .list = 2, .remove = 2});
}

/* ---- an inner bucket that can do more than the one in memory, or less ---- */

static bool can_race, is_denied;
static unsigned closed;

static bool more_race(void *self, const struct bucket_put *puts, size_t count, struct call *calls,
    enum bucket_result *results_out)
{
	(void)self;
	(void)puts;
	(void)calls;
	for (size_t i = 0; can_race && i < count; i++)
		results_out[i] = BUCKET_CONFLICT;
	return can_race;
}

static bool more_denied(void *self)
{
	(void)self;
	return is_denied;
}

static void more_close(void *self)
{
	(void)self;
	closed++;
}

static void counts_what_was_sent(void **state)
{
	static const struct bucket_ops ops = {
	    .race = more_race, .denied = more_denied, .close = more_close};
	struct bucket_put puts[] = {{"a", view_text("123"), BUCKET_IF_ABSENT, {""}},
	    {"a", view_text("12345"), BUCKET_IF_ABSENT, {""}}};
	enum bucket_result results[COUNT_OF(puts)] = {BUCKET_OK};
	struct bucket_counts copy = {0};
	struct call calls[COUNT_OF(puts)], call;
	uint64_t removed = 0;
	struct bucket *bucket = bucket_new(&ops, NULL);

	(void)state;
	counts = (struct bucket_counts){0};
	closed = 0;
	assert_non_null(bucket);
	bucket = bucket_count(bucket, &counts);
	assert_non_null(bucket);
	suite_call(&call);
	for (size_t i = 0; i < COUNT_OF(puts); i++)
		suite_call(&calls[i]);
	/* It has nothing hidden, and could hold no byte back: nothing was sent. */
	assert_int_equal(bucket_purge_hidden(bucket, "a", &call, &removed), BUCKET_OK);
	can_race = false;
	assert_false(bucket_race(bucket, puts, COUNT_OF(puts), calls, results));
	expect_counts(&(struct bucket_counts){0});
	can_race = true;
	assert_true(bucket_race(bucket, puts, COUNT_OF(puts), calls, results));
	assert_int_equal(results[1], BUCKET_CONFLICT);
	expect_counts(&(struct bucket_counts){.put = 2, .bytes_up = 8});
	bucket_counted(&counts, &copy);
	assert_memory_equal(&copy, &counts, sizeof(copy));
	for (int denied = 0; denied < 2; denied++) {
		is_denied = denied;
		assert_int_equal(bucket_denied(bucket), denied);
	}
	bucket_close(bucket);
	assert_int_equal(closed, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(suite_put_then_get, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_put_if_absent, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_put_if_tag, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_get_unless_tag, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_get_first_bytes, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_outputs_only_on_success, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_empty_object, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_largest_object, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_refused_keys, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_accepted_keys, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_remove, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_remove_many, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_list_order, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_list_prefix_and_after, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_list_pages, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_purge_hidden, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_race_if_absent, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_race_if_tag, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_race_increments, open_count, close_count),
    cmocka_unit_test_setup_teardown(suite_probe_passes, open_count, close_count),
    cmocka_unit_test_setup_teardown(counts_what_passes, open_count, close_count),
    cmocka_unit_test_setup_teardown(failures_come_through, open_count, close_count),
    cmocka_unit_test(counts_what_was_sent),
};

TEST_MAIN(tests)
