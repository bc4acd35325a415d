/*
 * tests/gateway/account/cache_test.c: the cache on disk: whole, or empty.
 */
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

static void cache_comes_back_whole(void **state)
{
	struct pair *pair = *state;
	struct account_cache loaded = {0};
	struct bytes saved = {0};

	assert_true(account_cache_save(&pair->first.cache, &saved));
	account_cache_load(&loaded, view_bytes(&saved));
	assert_true(
	    view_equal(view_bytes(&loaded.manifest), view_bytes(&pair->first.cache.manifest)));
	assert_true(view_equal(view_bytes(&loaded.roster), view_bytes(&pair->first.cache.roster)));
	assert_string_equal(loaded.tag.text, pair->first.cache.tag.text);
	assert_true(loaded.wipe_checked);
	account_cache_clear(&loaded);
	bytes_clear(&saved);
}

/* What lay on a disk is checked again by the process that reads it, and once by that. */
static void cache_from_a_disk_is_checked_once(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct client *client = &pair->first;
	struct bytes saved = {0};
	uint64_t before;

	client_edit(client, 100);
	assert_true(client->cache.manifest_checked && client->cache.roster_checked);
	assert_true(account_cache_save(&client->cache, &saved));
	account_cache_load(&client->cache, view_bytes(&saved));
	assert_false(client->cache.manifest_checked || client->cache.roster_checked);
	/* The newest statement's signature; its sealed part follows it. */
	client->cache.roster.data[client->cache.roster.len - strlen("more boxes") - 8] ^= 1;
	before = fixture->counts.get;
	client_edit(client, 100);
	assert_int_equal(fixture->counts.get, before + 1); /* the roster's blob */
	client_edit(client, 100);
	assert_int_equal(fixture->counts.get, before + 1);
	assert_true(client->cache.manifest_checked && client->cache.roster_checked);
	bytes_clear(&saved);
}

static void cache_torn_is_empty(void **state)
{
	struct pair *pair = *state;
	struct account_cache loaded = {0};
	struct bytes saved = {0};

	assert_true(account_cache_save(&pair->first.cache, &saved));
	for (size_t at = 0; at < saved.len; at += 11) {
		saved.data[at] ^= 2;
		account_cache_load(&loaded, view_bytes(&saved));
		saved.data[at] ^= 2;
		assert_int_equal(loaded.manifest.len, 0);
		account_cache_load(&loaded, view_of(saved.data, at));
		assert_int_equal(loaded.manifest.len, 0);
	}
	/* An empty one does no harm. */
	account_cache_clear(&pair->first.cache);
	client_edit(&pair->first, 100);
	bytes_clear(&saved);
}

static void cache_of_another_account_is_dropped(void **state)
{
	struct pair *pair = *state;
	struct pair *other;
	void *own = NULL;

	(void)pair_setup(&own);
	other = own;
	account_cache_clear(&other->first.cache);
	other->first.cache = pair->first.cache;
	pair->first.cache = (struct account_cache){0};
	client_edit(&other->first, 100);
	client_edit(&pair->first, 100);
	(void)pair_teardown(&own);
}

static void cache_forgets_the_oldest_blobs(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct blob_name name = {.count = 0};

	for (unsigned i = 0; i < ACCOUNT_SEEN_MAX + 10; i++) {
		struct bytes blob = {0};

		fixture_blob(fixture, BLOB_SEGMENT, 20, NULL, 0, &blob);
		blob_hash(view_bytes(&blob), &name.hash);
		assert_int_equal(
		    account_blob_put(&fixture->env, &pair->first.cache, &fixture->account, &name,
			view_bytes(&blob), fixture_call(fixture)),
		    ACCOUNT_OK);
		bytes_clear(&blob);
	}
	assert_true(pair->first.cache.seen_count <= ACCOUNT_SEEN_MAX);
	assert_true(
	    blob_name_equal(&pair->first.cache.seen[pair->first.cache.seen_count - 1], &name));
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(cache_comes_back_whole, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(cache_from_a_disk_is_checked_once, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(cache_torn_is_empty, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(cache_of_another_account_is_dropped, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(cache_forgets_the_oldest_blobs, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
