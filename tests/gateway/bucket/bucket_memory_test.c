/*
 * tests/gateway/bucket/bucket_memory_test.c: the memory driver: the suite, and its faults.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/gateway/bucket/bucket_memory.h"

static struct memory_store *store;

/* ---- the store's mutex, watched ---- */

static _Thread_local int locks_held;
static atomic_uint locks_wrong; /* let go where it was not held */

/* NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
/* NOLINTEND(bugprone-reserved-identifier) */

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	locks_held++;
	return __real_pthread_mutex_lock(mutex);
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	if (--locks_held < 0)
		(void)atomic_fetch_add(&locks_wrong, 1);
	return __real_pthread_mutex_unlock(mutex);
}

static int open_memory(void **state)
{
	store = memory_store_new();
	*state = store == NULL ? NULL : bucket_memory(store, NULL);
	return *state == NULL;
}

static int close_memory(void **state)
{
	bucket_close(*state);
	memory_store_free(store);
	return locks_held != 0 || atomic_load(&locks_wrong) != 0;
}

struct script { /* what the hook answers, and what it was asked */
	enum memory_fault fault;
	enum memory_op op;
	char key[BUCKET_KEY_MAX + 1];
	size_t calls;
};

static enum memory_fault script_before(void *self, enum memory_op op, const char *key)
{
	struct script *script = self;

	assert_int_equal(locks_held, 0); /* a simulator goes on with others here */
	script->op = op;
	script->calls++;
	memcpy(script->key, key, strlen(key) + 1);
	return script->fault;
}

static void put_faults(void **state)
{
	static const struct {
		const char *name;
		enum memory_fault fault;
		enum bucket_result result;
		const char *now;
		const char *delivered;
	} rows[] = {
	    {"none", MEMORY_FAULT_NONE, BUCKET_OK, "new", "new"},
	    {"before", MEMORY_FAULT_BEFORE, BUCKET_RETRY, "old", "old"},
	    {"unknown", MEMORY_FAULT_UNKNOWN, BUCKET_UNKNOWN, "old", "old"},
	    {"after", MEMORY_FAULT_AFTER, BUCKET_UNKNOWN, "new", "new"},
	    {"late", MEMORY_FAULT_LATE, BUCKET_UNKNOWN, "old", "new"},
	    {"throttled", MEMORY_FAULT_THROTTLED, BUCKET_RETRY, "old", "old"},
	    {"loser", MEMORY_FAULT_LOSER, BUCKET_OK, "new", "new"},
	    {"stale", MEMORY_FAULT_STALE, BUCKET_OK, "new", "new"},
	};
	struct bucket *plain = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct script script = {.fault = rows[i].fault};
		struct memory_hook hook = {&script, script_before};
		struct bucket *faulty = bucket_memory(store, &hook);
		struct bucket_put put = {"a/one", view_text("new"), BUCKET_IF_TAG, {""}};
		struct bucket_tag tag = {"untouched"};
		struct call call;

		print_message("%s\n", rows[i].name);
		assert_non_null(faulty);
		put.tag = suite_put_text(plain, "a/one", "old", BUCKET_ALWAYS);
		suite_call(&call);
		assert_int_equal(bucket_put(faulty, &put, &call, &tag), rows[i].result);
		assert_int_equal(strcmp(tag.text, "untouched") == 0, rows[i].result != BUCKET_OK);
		assert_int_equal(script.op, MEMORY_PUT);
		assert_string_equal(script.key, "a/one");
		suite_expect_text(plain, "a/one", rows[i].now);
		assert_int_equal(memory_deliver(store), rows[i].fault == MEMORY_FAULT_LATE);
		suite_expect_text(plain, "a/one", rows[i].delivered);
		bucket_close(faulty);
	}
}

static void remove_faults(void **state)
{
	static const struct {
		const char *name;
		enum memory_fault fault;
		enum bucket_result result;
		const char *after;
	} rows[] = {
	    {"none", MEMORY_FAULT_NONE, BUCKET_OK, NULL},
	    {"before", MEMORY_FAULT_BEFORE, BUCKET_RETRY, "old"},
	    {"unknown", MEMORY_FAULT_UNKNOWN, BUCKET_UNKNOWN, "old"},
	    {"after", MEMORY_FAULT_AFTER, BUCKET_UNKNOWN, NULL},
	    {"late", MEMORY_FAULT_LATE, BUCKET_UNKNOWN, "old"},
	    {"throttled", MEMORY_FAULT_THROTTLED, BUCKET_RETRY, "old"},
	    {"loser", MEMORY_FAULT_LOSER, BUCKET_OK, NULL},
	    {"stale", MEMORY_FAULT_STALE, BUCKET_OK, NULL},
	};
	struct bucket *plain = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct script script = {.fault = rows[i].fault};
		struct memory_hook hook = {&script, script_before};
		struct bucket *faulty = bucket_memory(store, &hook);
		struct call call;

		print_message("%s\n", rows[i].name);
		assert_non_null(faulty);
		(void)suite_put_text(plain, "a/one", "old", BUCKET_ALWAYS);
		suite_call(&call);
		assert_int_equal(bucket_remove(faulty, "a/one", &call), rows[i].result);
		assert_int_equal(script.calls, 1);
		assert_int_equal(script.op, MEMORY_REMOVE);
		suite_expect_text(plain, "a/one", rows[i].after);
		assert_int_equal(memory_deliver(store), 0);
		bucket_close(faulty);
	}
}

static void read_faults_say_retry(void **state)
{
	static const enum memory_fault faults[] = {MEMORY_FAULT_BEFORE, MEMORY_FAULT_UNKNOWN,
	    MEMORY_FAULT_AFTER, MEMORY_FAULT_LATE, MEMORY_FAULT_THROTTLED};
	struct bucket *plain = *state;

	(void)suite_put_text(plain, "a/one", "old", BUCKET_ALWAYS);
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		struct script script = {.fault = faults[i]};
		struct memory_hook hook = {&script, script_before};
		struct bucket *faulty = bucket_memory(store, &hook);
		struct bucket_get get = {.key = "a/one"};
		struct bucket_page page = {0};
		struct bytes data = {0};
		struct bucket_tag tag;
		uint64_t removed = 0;
		struct call call;

		assert_non_null(faulty);
		suite_call(&call);
		assert_int_equal(bucket_get(faulty, &get, &call, &data, &tag), BUCKET_RETRY);
		assert_int_equal(script.op, MEMORY_GET);
		assert_int_equal(bucket_list(faulty, "a/", "", &call, &page), BUCKET_RETRY);
		assert_int_equal(script.op, MEMORY_LIST);
		assert_int_equal(bucket_purge_hidden(faulty, "a/", &call, &removed), BUCKET_RETRY);
		assert_int_equal(script.calls, 3);
		assert_null(data.data);
		assert_null(page.items);
		bucket_close(faulty);
	}
}

static void late_puts_keep_conditions(void **state)
{
	struct script script = {.fault = MEMORY_FAULT_LATE};
	struct memory_hook hook = {&script, script_before};
	struct bucket *plain = *state;
	struct bucket *faulty = bucket_memory(store, &hook);
	struct bucket_put put = {"a/one", view_text("late"), BUCKET_IF_TAG, {""}};
	struct bucket_put create = {"a/two", view_text("late"), BUCKET_IF_ABSENT, {""}};
	struct bucket_put third = {"a/three", view_text("late"), BUCKET_ALWAYS, {""}};
	struct bucket_tag tag;
	struct call call;

	assert_non_null(faulty);
	put.tag = suite_put_text(plain, "a/one", "old", BUCKET_ALWAYS);
	suite_call(&call);
	assert_int_equal(bucket_put(faulty, &put, &call, &tag), BUCKET_UNKNOWN);
	assert_int_equal(bucket_put(faulty, &create, &call, &tag), BUCKET_UNKNOWN);
	assert_int_equal(bucket_put(faulty, &third, &call, &tag), BUCKET_UNKNOWN);
	(void)suite_put_text(plain, "a/one", "rival", BUCKET_ALWAYS);
	(void)suite_put_text(plain, "a/two", "rival", BUCKET_ALWAYS);
	assert_int_equal(memory_deliver(store), 1);
	suite_expect_text(plain, "a/one", "rival");
	suite_expect_text(plain, "a/two", "rival");
	suite_expect_text(plain, "a/three", "late");
	assert_int_equal(memory_deliver(store), 0);
	/* One that never lands is freed with the store. */
	assert_int_equal(bucket_put(faulty, &put, &call, &tag), BUCKET_UNKNOWN);
	bucket_close(faulty);
}

static void losers_may_not_be_told(void **state)
{
	static const enum bucket_if conditions[] = {BUCKET_IF_ABSENT, BUCKET_IF_TAG};
	struct script script = {.fault = MEMORY_FAULT_LOSER};
	struct memory_hook hook = {&script, script_before};
	struct bucket *faulty = bucket_memory(store, &hook);

	assert_non_null(faulty);
	(void)suite_put_text(*state, "a/one", "old", BUCKET_ALWAYS);
	for (size_t i = 0; i < COUNT_OF(conditions); i++) {
		struct bucket_put put = {"a/one", view_text("new"), conditions[i], {"stale"}};
		struct bucket_tag tag = {"untouched"};
		struct call call;

		suite_call(&call);
		assert_int_equal(bucket_put(faulty, &put, &call, &tag), BUCKET_UNKNOWN);
		assert_string_equal(tag.text, "untouched");
		suite_expect_text(*state, "a/one", "old");
	}
	bucket_close(faulty);
}

static void throttling_asks_for_a_rest(void **state)
{
	struct script script = {.fault = MEMORY_FAULT_THROTTLED};
	struct memory_hook hook = {&script, script_before};
	struct bucket *faulty = bucket_memory(store, &hook);
	struct bucket_get get = {.key = "a/one"};
	struct bytes data = {0};
	struct bucket_tag tag;
	struct call call;

	(void)state;
	assert_non_null(faulty);
	suite_call(&call);
	assert_int_equal(bucket_get(faulty, &get, &call, &data, &tag), BUCKET_RETRY);
	assert_int_equal(call.retry_after_ms, 1500);
	assert_string_equal(call.message, "the store asks for a rest");
	bucket_close(faulty);
}

static void expect_keys(struct bucket *bucket, const char *keys)
{
	struct bucket_page page = {0};
	struct bytes text = {0};
	struct buffer seen;
	struct call call;

	suite_call(&call);
	assert_int_equal(bucket_list(bucket, "a/", "", &call, &page), BUCKET_OK);
	buffer_init(&seen, 1000);
	for (size_t i = 0; i < page.count; i++)
		buffer_addf(&seen, "%s ", page.items[i].key);
	assert_true(buffer_take(&seen, &text));
	assert_string_equal(text.data == NULL ? "" : (const char *)text.data, keys);
	bytes_clear(&text);
	free(page.items);
}

static void stale_lists_are_behind(void **state)
{
	struct script script = {.fault = MEMORY_FAULT_STALE};
	struct memory_hook hook = {&script, script_before};
	struct bucket *stale = bucket_memory(store, &hook);
	struct call call;

	assert_non_null(stale);
	(void)suite_put_text(*state, "a/3", "old", BUCKET_ALWAYS);
	(void)suite_put_text(*state, "a/5", "old", BUCKET_ALWAYS);
	expect_keys(stale, "");
	for (size_t i = 0; i < 10; i++)
		(void)suite_put_text(*state, "b", "time passes", BUCKET_ALWAYS);
	expect_keys(stale, "a/3 a/5 ");
	(void)suite_put_text(*state, "a/4", "new", BUCKET_ALWAYS);
	suite_call(&call);
	assert_int_equal(bucket_remove(*state, "a/3", &call), BUCKET_OK);
	expect_keys(stale, "a/3 a/5 ");
	expect_keys(*state, "a/4 a/5 ");
	bucket_close(stale);
}

/* Behind by eight puts and removes, and by no more: of what was put, and of what was removed. */
static void stale_lists_are_eight_behind(void **state)
{
	struct script script = {.fault = MEMORY_FAULT_STALE};
	struct memory_hook hook = {&script, script_before};
	struct bucket *stale = bucket_memory(store, &hook);
	struct call call;

	assert_non_null(stale);
	for (unsigned gone = 0; gone < 2; gone++) {
		suite_call(&call);
		if (gone)
			assert_int_equal(bucket_remove(*state, "a/4", &call), BUCKET_OK);
		else
			(void)suite_put_text(*state, "a/4", "new", BUCKET_ALWAYS);
		for (unsigned since = 0; since < 10; since++) {
			expect_keys(stale, (since < 8) == (gone == 1) ? "a/4 " : "");
			expect_keys(*state, gone ? "" : "a/4 ");
			(void)suite_put_text(*state, "b", "time passes", BUCKET_ALWAYS);
		}
	}
	/* Removed and put again: once, as it is. */
	suite_call(&call);
	(void)suite_put_text(*state, "a/4", "new", BUCKET_ALWAYS);
	for (unsigned since = 0; since < 7; since++)
		(void)suite_put_text(*state, "b", "time passes", BUCKET_ALWAYS);
	assert_int_equal(bucket_remove(*state, "a/4", &call), BUCKET_OK);
	expect_keys(stale, "a/4 ");
	(void)suite_put_text(*state, "a/4", "again", BUCKET_ALWAYS);
	expect_keys(stale, "");
	bucket_close(stale);
}

/* What a stale list still shows stands where it stood, also at the edges of a page. */
static void stale_pages_are_in_order(void **state)
{
	static const struct {
		const char *prefix, *after;
		const char *first, *last;
		size_t count;
		bool more;
	} rows[] = {
	    {"m/", "", "m/0000", "m/0999", 1000, true},
	    {"m/", "m/0000", "m/0001", "m/1000", 1000, true},
	    {"m/", "m/0001", "m/0002", "m/1001", 1000, false},
	    {"m/", "m/1000", "m/1001", "m/1001", 1, false},
	    {"m/05", "", "m/0500", "m/0599", 100, false},
	    {"n/", "", "n/1", "n/1", 1, false},
	};
	static const char *const gone[] = {"m/0000", "m/0500", "m/0999", "m/1000", "m/1001", "n/1"};
	struct script script = {.fault = MEMORY_FAULT_STALE};
	struct memory_hook hook = {&script, script_before};
	struct bucket *stale = bucket_memory(store, &hook);
	struct call call;
	char key[16];

	assert_non_null(stale);
	for (unsigned i = 0; i < 1002; i++) {
		(void)snprintf(key, sizeof(key), "m/%04u", i);
		(void)suite_put_text(*state, key, "12345", BUCKET_ALWAYS);
	}
	(void)suite_put_text(*state, "n/1", "12345", BUCKET_ALWAYS);
	for (unsigned i = 0; i < 2; i++)
		(void)suite_put_text(*state, "o", "time passes", BUCKET_ALWAYS);
	suite_call(&call);
	assert_int_equal(bucket_remove_many(*state, gone, COUNT_OF(gone), &call), BUCKET_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket_page page = {0};

		suite_call(&call);
		assert_int_equal(
		    bucket_list(stale, rows[i].prefix, rows[i].after, &call, &page), BUCKET_OK);
		if (page.count != rows[i].count || page.more != rows[i].more ||
		    strcmp(page.items[0].key, rows[i].first) != 0 ||
		    strcmp(page.items[page.count - 1].key, rows[i].last) != 0)
			fail_msg("row %zu: %zu keys from %s to %s, more %d", i, page.count,
			    page.items[0].key, page.items[page.count - 1].key, page.more);
		for (size_t item = 0; item < page.count; item++) {
			assert_int_equal(page.items[item].size, 5);
			assert_true(item == 0 ||
				    strcmp(page.items[item - 1].key, page.items[item].key) < 0);
		}
		free(page.items);
	}
	bucket_close(stale);
}

/* What is hidden goes with its prefix alone, and no condition meets it any more. */
static void purges_keep_to_their_prefix(void **state)
{
	static const char *const keys[] = {"a/1", "b/1", "a/2", "b/2", "ab"};
	struct bucket *bucket = *state;
	uint64_t removed = 5;
	struct call call;

	memory_keep_versions(store, true);
	suite_call(&call);
	for (unsigned times = 0; times < 2; times++)
		for (size_t i = 0; i < COUNT_OF(keys); i++)
			(void)suite_put_text(bucket, keys[i], "text", BUCKET_ALWAYS);
	assert_int_equal(bucket_remove(bucket, "b/2", &call), BUCKET_OK);
	assert_int_equal(memory_hidden(store, "a/"), 2);
	assert_int_equal(bucket_purge_hidden(bucket, "a/", &call, &removed), BUCKET_OK);
	assert_int_equal(removed, 7);
	assert_int_equal(memory_hidden(store, "a/"), 0);
	assert_int_equal(memory_hidden(store, "a"), 1);
	assert_int_equal(memory_hidden(store, "b/"), 3);
	for (unsigned purged = 0; purged < 2; purged++) {
		struct bucket_put put = {"b/2", view_text("new"), BUCKET_IF_ABSENT, {""}};
		struct bucket_tag tag;

		/* The marker stands in the way, until it is purged too. */
		assert_int_equal(
		    bucket_put(bucket, &put, &call, &tag), purged ? BUCKET_OK : BUCKET_CONFLICT);
		assert_int_equal(bucket_purge_hidden(bucket, "b/2", &call, &removed), BUCKET_OK);
	}
	assert_int_equal(removed, 9);
	assert_int_equal(memory_hidden(store, ""), 2);
}

/* More late puts than a store has room for at first: each lands, in its turn. */
static void late_puts_land_in_turn(void **state)
{
	struct script script = {.fault = MEMORY_FAULT_LATE};
	struct memory_hook hook = {&script, script_before};
	struct bucket *faulty = bucket_memory(store, &hook);
	struct call call;
	char key[16];

	assert_non_null(faulty);
	suite_call(&call);
	for (unsigned i = 0; i < 40; i++) {
		struct bucket_put put = {.key = key, .cond = BUCKET_ALWAYS};
		struct bucket_tag tag;

		(void)snprintf(key, sizeof(key), "k/%u", i);
		put.data = view_text(key);
		assert_int_equal(bucket_put(faulty, &put, &call, &tag), BUCKET_UNKNOWN);
		assert_string_equal(call.message, "the answer was lost");
		put.key = "last"; /* the newest stays */
		assert_int_equal(bucket_put(faulty, &put, &call, &tag), BUCKET_UNKNOWN);
	}
	assert_int_equal(suite_count_keys(*state, ""), 0);
	assert_int_equal(memory_deliver(store), 80);
	assert_int_equal(suite_count_keys(*state, "k/"), 40);
	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(key, sizeof(key), "k/%u", i);
		suite_expect_text(*state, key, key);
	}
	suite_expect_text(*state, "last", "k/39");
	bucket_close(faulty);
}

/* Both views of a delete marker that real stores have. */
static void versions_stay_hidden(void **state)
{
	static const struct {
		bool there;
		enum bucket_result create, update;
	} rows[] = {{false, BUCKET_OK, BUCKET_CONFLICT}, {true, BUCKET_CONFLICT, BUCKET_OK}};
	struct bucket *bucket = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket_put put = {"a/one", view_text("again"), BUCKET_IF_ABSENT, {""}};
		struct bucket_tag tag, old;
		struct call call;
		uint64_t removed = 0;

		memory_keep_versions(store, rows[i].there);
		(void)suite_put_text(bucket, "a/one", "first", BUCKET_ALWAYS);
		old = suite_put_text(bucket, "a/one", "second", BUCKET_ALWAYS);
		assert_int_equal(memory_hidden(store, "a/"), 1);
		suite_call(&call);
		assert_int_equal(bucket_remove(bucket, "a/one", &call), BUCKET_OK);
		assert_int_equal(memory_hidden(store, "a/"), 2);
		expect_keys(bucket, "");
		put.cond = BUCKET_IF_TAG;
		put.tag = old;
		assert_int_equal(bucket_put(bucket, &put, &call, &tag), rows[i].update);
		if (rows[i].update == BUCKET_OK)
			assert_int_equal(bucket_remove(bucket, "a/one", &call), BUCKET_OK);
		put.cond = BUCKET_IF_ABSENT;
		assert_int_equal(bucket_put(bucket, &put, &call, &tag), rows[i].create);
		removed = 0;
		assert_int_equal(bucket_purge_hidden(bucket, "a/", &call, &removed), BUCKET_OK);
		assert_int_equal(removed, rows[i].there ? 3 : 2);
		assert_int_equal(memory_hidden(store, ""), 0);
		assert_int_equal(bucket_remove(bucket, "a/one", &call), BUCKET_OK);
		assert_int_equal(bucket_purge_hidden(bucket, "", &call, &removed), BUCKET_OK);
	}
}

static void closing_leaves_the_store(void **state)
{
	struct bucket *other = bucket_memory(store, NULL);

	assert_non_null(other);
	(void)suite_put_text(other, "a/one", "shared", BUCKET_ALWAYS);
	bucket_close(other);
	suite_expect_text(*state, "a/one", "shared");
}

static void see(void *self, const char *key, struct view data)
{
	buffer_addf(self, "%s=%.*s ", key, (int)data.len, (const char *)data.data);
}

static void each_and_flip(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_tag before = suite_put_text(bucket, "b", "two", BUCKET_ALWAYS);
	struct bucket_get get = {.key = "b", .unless = before};
	struct bytes data = {0};
	struct bucket_tag tag;
	struct buffer seen;
	struct bytes text = {0};
	struct call call;

	(void)suite_put_text(bucket, "a", "one", BUCKET_ALWAYS);
	buffer_init(&seen, 100);
	memory_each(store, see, &seen);
	assert_true(buffer_take(&seen, &text));
	assert_string_equal((const char *)text.data, "a=one b=two ");
	bytes_clear(&text);
	assert_true(memory_flip(store, "b", 2, 'o' ^ 'n'));
	suite_call(&call);
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_OK);
	assert_string_equal((const char *)data.data, "twn");
	bytes_clear(&data);
	assert_false(memory_flip(store, "b", 3, 1));
	assert_false(memory_flip(store, "c", 0, 1));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(suite_put_then_get, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_put_if_absent, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_put_if_tag, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_get_unless_tag, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_get_first_bytes, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_outputs_only_on_success, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_empty_object, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_largest_object, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_refused_keys, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_accepted_keys, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_remove, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_remove_many, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_list_order, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_list_prefix_and_after, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_list_pages, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_purge_hidden, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_race_if_absent, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_race_if_tag, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_race_increments, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_probe_passes, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(put_faults, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(remove_faults, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(read_faults_say_retry, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(late_puts_keep_conditions, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(losers_may_not_be_told, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(throttling_asks_for_a_rest, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(stale_lists_are_behind, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(stale_lists_are_eight_behind, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(stale_pages_are_in_order, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(purges_keep_to_their_prefix, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(late_puts_land_in_turn, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(versions_stay_hidden, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(closing_leaves_the_store, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(each_and_flip, open_memory, close_memory),
};

TEST_MAIN(tests)
