/*
 * tests/gateway/account/relist_test.c: which wiped accounts are still to be listed again; what an
 * account takes; when it was swept.
 */
#include "tests/gateway/account/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_text(struct fixture *fixture, const char *key, const char *text)
{
	struct bucket_put put = {.key = key, .data = view_text(text)};
	struct bucket_tag tag;

	assert_int_equal(bucket_put(fixture->bucket, &put, fixture_call(fixture), &tag), BUCKET_OK);
}

static void put_record(struct fixture *fixture, unsigned number, const char *suffix)
{
	char key[BUCKET_KEY_MAX + 1];

	(void)snprintf(key, sizeof(key), "some/prefix/w/%040x%s", number, suffix);
	put_text(fixture, key, "x");
}

/* All pages; *pages_out of them. The numbers of put_record are added up. */
static size_t list_all(struct fixture *fixture, unsigned *pages_out, uint64_t *sum_out)
{
	struct account_wiped *wiped = calloc(1, sizeof(*wiped));
	size_t count = 0;

	assert_non_null(wiped);
	*pages_out = 0;
	*sum_out = 0;
	do {
		assert_int_equal(
		    account_wiped_next(&fixture->env, fixture_call(fixture), wiped), ACCOUNT_OK);
		for (size_t i = 0; i < wiped->count; i++)
			*sum_out += (uint64_t)wiped->ids[i].bytes[ACCOUNT_ID_LEN - 1] +
				    256u * wiped->ids[i].bytes[ACCOUNT_ID_LEN - 2];
		count += wiped->count;
		++*pages_out;
	} while (wiped->more && *pages_out < 10);
	free(wiped);
	return count;
}

static void wiped_lists_what_is_not_done(void **state)
{
	static const struct {
		const char *name;
		unsigned records; /* 1 to that */
		unsigned done_every;
		size_t expected;
		unsigned pages;
	} rows[] = {
	    {"none", 0, 1, 0, 1},
	    {"one", 1, 2, 1, 1},
	    {"one that is done", 1, 1, 0, 1},
	    {"every third is done", 9, 3, 6, 1},
	    {"a page ends with what says done", 999, 999, 998, 2},
	    {"a page ends between a record and that", 1000, 1000, 999, 2},
	    {"all of several pages are done", 1400, 1, 0, 3},
	    {"none of several pages is", 1400, 5000, 1400, 2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture fixture;
		uint64_t sum, expected = 0;
		unsigned pages;
		size_t count;

		fixture_open(&fixture);
		for (unsigned k = 1; k <= rows[i].records; k++) {
			put_record(&fixture, k, "");
			if (k % rows[i].done_every == 0)
				put_record(&fixture, k, ".done");
			else
				expected += k;
		}
		put_text(&fixture, "some/prefix/w/unrelated", "x");
		count = list_all(&fixture, &pages, &sum);
		if (count != rows[i].expected || sum != expected || pages != rows[i].pages)
			fail_msg("%s: %zu of sum %llu in %u pages", rows[i].name, count,
			    (unsigned long long)sum, pages);
		fixture_close(&fixture);
	}
}

/* What says that one is done says nothing of its neighbour. */
static void wiped_is_done_by_its_own_word(void **state)
{
	char key[BUCKET_KEY_MAX + 1];
	struct fixture fixture;
	unsigned pages;
	uint64_t sum;

	(void)state;
	fixture_open(&fixture);
	put_record(&fixture, 1, "");
	put_record(&fixture, 2, ".done"); /* without a record */
	put_record(&fixture, 3, "");
	put_record(&fixture, 4, "");
	put_record(&fixture, 4, ".donee");
	put_record(&fixture, 5, "");
	put_record(&fixture, 6, "");
	(void)snprintf(key, sizeof(key), "some/prefix/w/%040u.done", 0u);
	memset(key + strlen("some/prefix/w/"), 'g', 40); /* no account's id */
	put_text(&fixture, key, "x");
	assert_int_equal(list_all(&fixture, &pages, &sum), 5);
	assert_int_equal(sum, 1 + 3 + 4 + 5 + 6);
	fixture_close(&fixture);
}

/* Whatever a store's pages hold, and where it says that more follow than it has. */
static void wiped_lists_by_any_pages(void **state)
{
	static const struct {
		size_t page_max;
		bool says_more;
		unsigned pages;
	} rows[] = {{1, false, 6}, {2, false, 5}, {3, false, 3}, {6, false, 1}, {0, true, 3}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture fixture;
		unsigned pages;
		uint64_t sum;
		size_t count;

		fixture_open(&fixture);
		for (unsigned k = 1; k <= 6; k++)
			put_record(&fixture, k, "");
		fixture.odd.page_max = rows[i].page_max;
		fixture.odd.says_more = rows[i].says_more;
		count = list_all(&fixture, &pages, &sum);
		if (count != 6 || sum != 21 || pages != rows[i].pages)
			fail_msg("row %zu: %zu of sum %llu in %u pages", i, count,
			    (unsigned long long)sum, pages);
		fixture_close(&fixture);
	}
}

static void done_is_put_beside_the_record(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	char hex[2 * ACCOUNT_ID_LEN + 1], key[BUCKET_KEY_MAX + 1];
	uint64_t sum;
	unsigned pages;

	hex_encode(view_of(fixture->account.bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(key, sizeof(key), "some/prefix/w/%s", hex);
	put_text(fixture, key, "x");
	assert_int_equal(list_all(fixture, &pages, &sum), 1);
	assert_int_equal(
	    account_relist_done(&fixture->env, &fixture->account, fixture_call(fixture)),
	    ACCOUNT_OK);
	(void)snprintf(key, sizeof(key), "some/prefix/w/%s.done", hex);
	assert_int_equal(fixture_objects(fixture, key), 1);
	assert_int_equal(list_all(fixture, &pages, &sum), 0);
}

static void usage_is_what_is_listed(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_id other = {{1}};
	struct account_usage usage = {7, 7}, more = {0};

	assert_int_equal(
	    account_usage(&fixture->env, &other, fixture_call(fixture), &usage), ACCOUNT_OK);
	assert_int_equal(usage.objects + usage.bytes, 0);
	assert_int_equal(
	    account_usage(&fixture->env, &fixture->account, fixture_call(fixture), &usage),
	    ACCOUNT_OK);
	assert_int_equal(usage.objects, fixture_objects(fixture, "/a/"));
	pair->first.cache.put_bytes = 0;
	client_whole(&pair->first, FRAME_LOAD, NULL, 5, NULL);
	assert_int_equal(
	    account_usage(&fixture->env, &fixture->account, fixture_call(fixture), &more),
	    ACCOUNT_OK);
	assert_int_equal(more.objects, usage.objects + 6); /* five segments and an index */
	/* What the cache says was put is what came; but the manifest grew by itself. */
	assert_in_range(more.bytes - usage.bytes - pair->first.cache.put_bytes, 100, 2000);
	assert_true(pair->first.cache.put_bytes > 5000);
	fixture_arm(fixture, MEMORY_LIST, "", MEMORY_FAULT_BEFORE, 0, 1);
	assert_int_equal(
	    account_usage(&fixture->env, &fixture->account, fixture_call(fixture), &usage),
	    ACCOUNT_RETRY);
}

static void usage_is_of_any_pages(void **state)
{
	static const struct {
		size_t page_max;
		bool says_more;
		uint64_t lists;
	} rows[] = {{0, false, 1}, {1, false, 10}, {3, false, 4}, {9, false, 2}, {10, false, 1},
	    {0, true, 2}, {1, true, 11}};
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_usage all = {0};

	client_whole(&pair->first, FRAME_LOAD, NULL, 6, NULL);
	assert_int_equal(
	    account_usage(&fixture->env, &fixture->account, fixture_call(fixture), &all),
	    ACCOUNT_OK);
	assert_int_equal(all.objects, 10); /* with an index, two rosters and the manifest */
	/* Another account's are not counted. */
	put_text(fixture, "some/prefix/a/0000000000000000000000000000000000000000/manifest", "x");
	put_text(fixture, "some/prefix/a/ffffffffffffffffffffffffffffffffffffffff/manifest", "x");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct account_usage usage = {0};
		uint64_t lists = fixture->counts.list;

		fixture->odd.page_max = rows[i].page_max;
		fixture->odd.says_more = rows[i].says_more;
		assert_int_equal(
		    account_usage(&fixture->env, &fixture->account, fixture_call(fixture), &usage),
		    ACCOUNT_OK);
		assert_int_equal(usage.objects, all.objects);
		assert_int_equal(usage.bytes, all.bytes);
		assert_int_equal(fixture->counts.list - lists, rows[i].lists);
	}
}

/* A listing that has no end does: what there is behind so many pages is not counted. */
static void usage_is_of_so_many_pages(void **state)
{
	struct account_usage usage = {0};
	struct fixture fixture;
	char key[BUCKET_KEY_MAX + 1];

	(void)state;
	fixture_open(&fixture);
	for (unsigned i = 0; i < 4096 + 1; i++) {
		(void)snprintf(key, sizeof(key), "some/prefix/a/%040x/b/%05u", 0u, i);
		put_text(&fixture, key, "four");
	}
	fixture.odd.page_max = 1;
	assert_int_equal(
	    account_usage(&fixture.env, &(struct account_id){{0}}, fixture_call(&fixture), &usage),
	    ACCOUNT_OK);
	assert_int_equal(usage.objects, 4096);
	assert_int_equal(usage.bytes, 4 * 4096);
	assert_int_equal(fixture.counts.list, 4096);
	fixture_close(&fixture);
}

static void swept_is_when_the_count_rose(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache cache = {0};
	struct sweep_report report;
	int64_t created_ms = fixture->now_ms, swept_ms = 77;

	assert_false(account_cache_swept(&cache, &swept_ms));
	fixture_arm(fixture, MEMORY_GET, "/manifest", MEMORY_FAULT_BEFORE, 0, 1);
	assert_int_equal(account_swept(&fixture->env, &cache, &fixture->account,
			     fixture_call(fixture), &swept_ms),
	    ACCOUNT_RETRY);
	assert_int_equal(swept_ms, 77);
	fixture->now_ms += 1000;
	client_edit(&pair->first, 100);
	assert_int_equal(account_swept(&fixture->env, &cache, &fixture->account,
			     fixture_call(fixture), &swept_ms),
	    ACCOUNT_OK);
	assert_int_equal(swept_ms, created_ms);
	fixture->now_ms += 1000;
	assert_int_equal(account_sweep(&fixture->env, &cache, &fixture->account, 0,
			     fixture_call(fixture), &report),
	    ACCOUNT_OK);
	assert_int_equal(report.kept, fixture_objects(fixture, "/a/"));
	assert_true(report.bytes_kept > 0);
	assert_int_equal(account_swept(&fixture->env, &cache, &fixture->account,
			     fixture_call(fixture), &swept_ms),
	    ACCOUNT_OK);
	assert_int_equal(swept_ms, fixture->now_ms);
	assert_true(account_cache_swept(&cache, &swept_ms));
	assert_int_equal(swept_ms, fixture->now_ms);
	account_cache_clear(&cache);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(wiped_lists_what_is_not_done),
    cmocka_unit_test(wiped_is_done_by_its_own_word),
    cmocka_unit_test(wiped_lists_by_any_pages),
    cmocka_unit_test_setup_teardown(usage_is_of_any_pages, pair_setup, pair_teardown),
    cmocka_unit_test(usage_is_of_so_many_pages),
    cmocka_unit_test_setup_teardown(done_is_put_beside_the_record, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(usage_is_what_is_listed, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(swept_is_when_the_count_rose, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
