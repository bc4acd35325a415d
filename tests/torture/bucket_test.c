/*
 * tests/torture/bucket_test.c: the buckets in memory and in a folder, and what is put around one,
 * without memory: each allocation of a call fails in turn. What is not done changes nothing and is
 * said; nothing is kept that nobody can free.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/bucket_dir.h"
#include "gateway/bucket/bucket_dir_io.h"
#include "gateway/bucket/bucket_leash.h"
#include "gateway/bucket/bucket_object.h"
#include "gateway/bucket/bucket_open.h"
#include "gateway/bucket/bucket_retry.h"
#include "tests/gateway/bucket/bucket_memory.h"
#include "tests/torture/fault.h"

#define ALLOCATIONS_MAX 100u

static struct here {
	struct memory_store *store;
	struct bucket *plain;   /* the bucket in memory, or in the folder */
	struct bucket *suspect; /* the same, but for faults that are asked for */
	enum memory_fault fault;
	struct bucket_counts counts;
	char folder[64]; /* "": there is none */
} here;

static enum memory_fault before(void *self, enum memory_op op, const char *key)
{
	(void)op;
	(void)key;
	return ((struct here *)self)->fault;
}

static int open_memory(void **state)
{
	const struct memory_hook hook = {&here, before};

	(void)state;
	here = (struct here){.store = memory_store_new()};
	if (here.store == NULL)
		return 1;
	here.plain = bucket_memory(here.store, NULL);
	here.suspect = bucket_memory(here.store, &hook);
	return here.plain == NULL || here.suspect == NULL;
}

static int close_memory(void **state)
{
	(void)state;
	bucket_close(here.plain);
	bucket_close(here.suspect);
	memory_store_free(here.store);
	return 0;
}

static struct dir_io quick;

static int open_folder(void **state)
{
	struct call call;

	(void)state;
	here = (struct here){.folder = "/tmp/inkseal-torture-XXXXXX"};
	quick = dir_io_system;
	quick.sync = suite_quick_sync;
	if (mkdtemp(here.folder) == NULL)
		return 1;
	suite_call(&call);
	here.plain = bucket_dir_open(here.folder, &quick, &suite_clock, &call);
	here.suspect = here.plain;
	return here.plain == NULL;
}

static int close_folder(void **state)
{
	(void)state;
	bucket_close(here.plain);
	return suite_remove_tree(here.folder);
}

/* ---- opening ---- */

static struct bucket *inner(void)
{
	struct memory_store *store = here.store;

	return bucket_memory(store, NULL);
}

static bool open_plain(struct call *call)
{
	struct bucket *bucket = inner();

	(void)call;
	bucket_close(bucket);
	return bucket != NULL;
}

static bool open_counter(struct call *call)
{
	struct bucket *bucket = inner();

	(void)call;
	bucket = bucket == NULL ? NULL : bucket_count(bucket, &here.counts);
	bucket_close(bucket);
	return bucket != NULL;
}

static bool open_retry(struct call *call)
{
	struct bucket *bucket = inner();
	struct bucket_retry_rules rules;

	(void)call;
	bucket_retry_usual(&suite_clock, &rules);
	bucket = bucket == NULL ? NULL : bucket_retry(bucket, &rules);
	bucket_close(bucket);
	return bucket != NULL;
}

static bool never(void *self)
{
	(void)self;
	return false;
}

static bool open_leash(struct call *call)
{
	struct bucket_leash_rules rules = {1000, suite_clock, NULL, never};
	struct bucket *bucket = bucket_leash(here.plain, &rules);

	(void)call;
	bucket_close(bucket);
	return bucket != NULL;
}

static bool open_store(struct call *call)
{
	struct memory_store *store = memory_store_new();

	(void)call;
	memory_store_free(store);
	return store != NULL;
}

static bool open_url(struct call *call)
{
	char url[80];
	struct bucket *bucket;

	(void)snprintf(url, sizeof(url), "dir:%s", here.folder);
	bucket = bucket_open_counted(url, &suite_clock, &here.counts, call);
	assert_true((bucket == NULL) == (strstr(call->message, "no memory") != NULL));
	bucket_close(bucket);
	return bucket != NULL;
}

/* Each allocation of open fails in turn: at least so many there are. */
static void opens(bool (*open)(struct call *call), unsigned least)
{
	struct fault_turns turns = {.each = {.least = least, .most = ALLOCATIONS_MAX}};
	long live = fault_live();

	while (fault_next(&turns)) {
		struct call call;
		bool opened;

		suite_call(&call);
		fault_begin(&turns);
		opened = open(&call);
		assert_int_equal(opened, !fault_end(&turns));
		assert_int_equal(fault_live(), live);
	}
}

static void opening_in_memory(void **state)
{
	(void)state;
	opens(open_plain, 2);
	opens(open_counter, 4);
	opens(open_retry, 4);
	opens(open_leash, 2);
	opens(open_store, 1);
}

static void opening_a_folder(void **state)
{
	(void)state;
	opens(open_url, 4);
}

/* ---- calls ---- */

static enum bucket_result put(const char *key, struct call *call)
{
	struct bucket_put put = {key, view_text("new"), BUCKET_ALWAYS, {""}};
	struct bucket_tag tag = {"untouched"};
	enum bucket_result result = bucket_put(here.suspect, &put, call, &tag);

	assert_int_equal(result == BUCKET_OK, strcmp(tag.text, "untouched") != 0);
	return result;
}

static enum bucket_result put_new(struct call *call)
{
	return put("a/new", call);
}

static enum bucket_result put_old(struct call *call)
{
	return put("a/old", call);
}

static enum bucket_result put_late(struct call *call)
{
	here.fault = MEMORY_FAULT_LATE;
	assert_int_equal(put("a/new", call), BUCKET_UNKNOWN);
	here.fault = MEMORY_FAULT_NONE;
	return memory_deliver(here.store) == 1 ? BUCKET_OK : BUCKET_UNKNOWN;
}

static enum bucket_result put_if(struct call *call)
{
	struct bucket_put put = {"a/old", view_text("new"), BUCKET_IF_TAG, {""}};
	struct bucket_tag tag;

	bucket_content_tag(view_text("old"), &put.tag);
	return bucket_put(here.suspect, &put, call, &tag);
}

static enum bucket_result get_old(struct call *call)
{
	struct bucket_get get = {.key = "a/old"};
	struct bucket_tag tag = {"untouched"};
	struct bytes data = {0};
	enum bucket_result result = bucket_get(here.suspect, &get, call, &data, &tag);

	assert_int_equal(result == BUCKET_OK, strcmp(tag.text, "untouched") != 0);
	assert_int_equal(result == BUCKET_OK, data.data != NULL);
	bytes_clear(&data);
	return result;
}

static enum bucket_result list(struct call *call)
{
	struct bucket_page page = {NULL, 42, true};
	enum bucket_result result = bucket_list(here.suspect, "", "", call, &page);

	if (result != BUCKET_OK)
		assert_int_equal(page.count, 42);
	free(page.items);
	return result;
}

static enum bucket_result remove_old(struct call *call)
{
	return bucket_remove(here.suspect, "a/old", call);
}

struct scenario {
	const char *name;
	enum bucket_result (*run)(struct call *call);
	enum bucket_result failure;
	unsigned least; /* so many allocations; 0: there may be none */
	const char *key, *before, *after;
};

/* Enough objects that the next one needs more room, and so its version does. */
static void fill_store(struct bucket *bucket, bool versions)
{
	char key[32];

	if (versions)
		memory_keep_versions(here.store, false);
	for (unsigned i = 0; i < 15; i++) {
		(void)snprintf(key, sizeof(key), "f/%u", i);
		(void)suite_put_text(bucket, key, "1", BUCKET_ALWAYS);
		(void)suite_put_text(bucket, key, "2", BUCKET_ALWAYS);
	}
	(void)suite_put_text(bucket, "a/old", "old", BUCKET_ALWAYS);
	if (versions)
		(void)suite_put_text(bucket, "f/0", "3", BUCKET_ALWAYS);
}

static void fails_at(const struct scenario *scenario, bool versions, struct fault_turns *turns)
{
	bool in_memory = here.folder[0] == '\0', failed;
	enum bucket_result result;
	struct call call;
	long live = fault_live();

	if (in_memory)
		assert_int_equal(open_memory(NULL), 0);
	else
		assert_int_equal(
		    bucket_remove(here.plain, "a/new", &(struct call){.deadline_ms = INT64_MAX}),
		    BUCKET_OK);
	fill_store(here.plain, versions);
	suite_call(&call);
	fault_begin(turns);
	result = scenario->run(&call);
	failed = fault_end(turns);
	if (result != (failed ? scenario->failure : BUCKET_OK) ||
	    (failed && call.message[0] == '\0'))
		fail_msg("%s, allocation %u: %s (%s)", scenario->name, each_at(),
		    bucket_result_text(result), call.message);
	suite_expect_text(here.plain, scenario->key, failed ? scenario->before : scenario->after);
	if (in_memory)
		assert_int_equal(close_memory(NULL), 0);
	assert_int_equal(fault_live(), live);
}

static void run_each(const struct scenario *scenarios, size_t count, bool versions)
{
	for (size_t i = 0; i < count; i++) {
		struct fault_turns turns = {.each = {.of = scenarios[i].name,
						.least = scenarios[i].least,
						.may_be_none = scenarios[i].least == 0,
						.most = ALLOCATIONS_MAX}};

		while (fault_next(&turns))
			fails_at(&scenarios[i], versions, &turns);
	}
}

static void calls_in_memory(void **state)
{
	static const struct scenario scenarios[] = {
	    {"put", put_new, BUCKET_REFUSED, 2, "a/new", NULL, "new"},
	    {"put over", put_old, BUCKET_REFUSED, 1, "a/old", "old", "new"},
	    {"put late", put_late, BUCKET_UNKNOWN, 2, "a/new", NULL, "new"},
	    {"get", get_old, BUCKET_RETRY, 1, "a/old", "old", "old"},
	    {"list", list, BUCKET_RETRY, 1, "a/old", "old", "old"},
	};

	(void)state;
	here = (struct here){.store = NULL};
	run_each(scenarios, COUNT_OF(scenarios), false);
}

static void calls_that_keep_versions(void **state)
{
	static const struct scenario scenarios[] = {
	    {"put over", put_old, BUCKET_REFUSED, 2, "a/old", "old", "new"},
	    {"remove", remove_old, BUCKET_UNKNOWN, 1, "a/old", "old", NULL},
	};

	(void)state;
	here = (struct here){.store = NULL};
	run_each(scenarios, COUNT_OF(scenarios), true);
}

static void calls_in_a_folder(void **state)
{
	static const struct scenario scenarios[] = {
	    {"put", put_new, BUCKET_RETRY, 0, "a/new", NULL, "new"},
	    {"put over", put_if, BUCKET_RETRY, 1, "a/old", "old", "new"},
	    {"get", get_old, BUCKET_RETRY, 2, "a/old", "old", "old"},
	    {"list", list, BUCKET_RETRY, 1, "a/old", "old", "old"},
	    {"remove", remove_old, BUCKET_RETRY, 0, "a/old", "old", NULL},
	};

	(void)state;
	run_each(scenarios, COUNT_OF(scenarios), false);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(opening_in_memory, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(opening_a_folder, open_folder, close_folder),
    cmocka_unit_test(calls_in_memory),
    cmocka_unit_test(calls_that_keep_versions),
    cmocka_unit_test_setup_teardown(calls_in_a_folder, open_folder, close_folder),
};

TEST_MAIN(tests)
