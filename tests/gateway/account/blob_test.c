/*
 * tests/gateway/account/blob_test.c: single blobs by their whole names, and the roster.
 */
#include "tests/gateway/account/fixture.h"

#include <string.h>

static enum account_result put(
    struct client *client, const struct blob_name *name, const struct bytes *blob)
{
	struct fixture *fixture = client->fixture;

	return account_blob_put(&fixture->env, &client->cache, &fixture->account, name,
	    view_bytes(blob), fixture_call(fixture));
}

static enum account_result get(
    struct client *client, const struct blob_name *name, struct bytes *out)
{
	struct fixture *fixture = client->fixture;

	return account_blob_get(
	    &fixture->env, &client->cache, &fixture->account, name, fixture_call(fixture), out);
}

static void blob_comes_back_as_it_was(void **state)
{
	struct pair *pair = *state;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0}, back = {0};

	fixture_blob(&pair->fixture, BLOB_SEGMENT, 5000, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	assert_int_equal(put(&pair->first, &name, &blob), ACCOUNT_OK);
	assert_int_equal(put(&pair->first, &name, &blob), ACCOUNT_OK);
	assert_int_equal(get(&pair->second, &name, &back), ACCOUNT_OK);
	assert_true(view_equal(view_bytes(&blob), view_bytes(&back)));
	bytes_clear(&back);
	name.count = 1;
	assert_int_equal(get(&pair->second, &name, &back), ACCOUNT_ABSENT);
	assert_non_null(strstr(pair->fixture.call.message, "missing from the bucket"));
	assert_null(back.data);
	bytes_clear(&blob);
}

static void blob_name_must_hold(void **state)
{
	struct pair *pair = *state;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0};
	size_t objects = fixture_objects(&pair->fixture, "");

	fixture_blob(&pair->fixture, BLOB_SEGMENT, 5000, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	name.hash.bytes[5] ^= 1;
	assert_int_equal(put(&pair->first, &name, &blob), ACCOUNT_REFUSED);
	assert_non_null(strstr(pair->fixture.call.message, "not what its name says"));
	assert_int_equal(fixture_objects(&pair->fixture, ""), objects);
	bytes_clear(&blob);
}

/* To the byte; the name is right in both. */
static void blob_has_a_maximum(void **state)
{
	struct pair *pair = *state;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0}, back = {0};

	assert_true(bytes_new(BLOB_MAX + 1, &blob));
	blob_hash(view_bytes(&blob), &name.hash);
	assert_int_equal(put(&pair->first, &name, &blob), ACCOUNT_REFUSED);
	assert_non_null(strstr(pair->fixture.call.message, "too large"));
	blob.len--;
	blob_hash(view_bytes(&blob), &name.hash);
	assert_int_equal(put(&pair->first, &name, &blob), ACCOUNT_OK);
	assert_int_equal(get(&pair->second, &name, &back), ACCOUNT_OK);
	assert_int_equal(back.len, BLOB_MAX);
	bytes_clear(&back);
	bytes_clear(&blob);
}

static void sweep(struct pair *pair)
{
	struct fixture *fixture = &pair->fixture;
	struct account_cache cache = {0};
	struct sweep_report report;

	assert_int_equal(account_sweep(&fixture->env, &cache, &fixture->account, INT64_MAX,
			     fixture_call(fixture), &report),
	    ACCOUNT_OK);
	account_cache_clear(&cache);
}

/* The newest count or the one before: what is put under an older one the next sweep removes. */
static void blob_count_is_one_of_two(void **state)
{
	struct pair *pair = *state;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0};

	fixture_blob(&pair->fixture, BLOB_SEGMENT, 500, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	for (uint64_t count = 0; count < 4; count++) {
		assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
		assert_int_equal(pair->second.answer.sweep, count);
		for (name.count = 0; name.count < 6; name.count++) {
			bool young = name.count == count || name.count + 1 == count;
			enum account_result result = put(&pair->second, &name, &blob);

			if (result != (young ? ACCOUNT_OK : ACCOUNT_REFUSED))
				fail_msg("%u, where the count is %u: %s", (unsigned)name.count,
				    (unsigned)count, account_result_text(result));
			if (!young)
				assert_non_null(
				    strstr(pair->fixture.call.message, "put it under the newest"));
		}
		sweep(pair);
	}
	bytes_clear(&blob);
}

/* A put that failed is not remembered as one that stands: who names the blob is told to put it. */
static void blob_that_was_not_put_is_not_named(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0};

	fixture_blob(&pair->fixture, BLOB_BODY, 500, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	fixture_arm(&pair->fixture, MEMORY_PUT, "/b/", MEMORY_FAULT_UNKNOWN, 0, 99);
	assert_int_equal(put(first, &name, &blob), ACCOUNT_RETRY);
	pair->fixture.armed = false;
	client_frame(first, FRAME_PATCH, 100, &name, NULL, (struct view){0});
	client_request(first);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_RENAME);
	assert_int_equal(put(first, &name, &blob), ACCOUNT_OK);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	bytes_clear(&blob);
}

/* R1: neither a blob nor the roster needs a log that holds; a reset puts its segments first. */
static void blob_needs_no_log(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache cache = {0};
	struct blob_name name = {.count = 0};
	struct bytes blob = {0}, roster = {0};
	char key[BUCKET_KEY_MAX + 1];

	client_edit(&pair->first, 100);
	fixture_key(fixture, "/manifest", key);
	/* The end of the tail's last frame: the devices and the checksum follow it. */
	assert_true(memory_flip(fixture->store, key, pair->first.cache.manifest.len - 300, 1));
	assert_int_equal(client_poll(&pair->second), ACCOUNT_DAMAGED);
	account_cache_clear(&pair->second.cache);
	fixture_blob(fixture, BLOB_SEGMENT, 500, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	assert_int_equal(put(&pair->second, &name, &blob), ACCOUNT_OK);
	assert_int_equal(account_roster(&fixture->env, &cache, &fixture->account,
			     fixture_call(fixture), &roster),
	    ACCOUNT_OK);
	assert_true(view_equal(view_bytes(&roster), view_bytes(&fixture->roster_bytes)));
	/* Nothing of that manifest is kept. */
	assert_int_equal(cache.manifest.len, 0);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_DAMAGED);
	account_cache_clear(&cache);
	bytes_clear(&roster);
	bytes_clear(&blob);
}

static void blob_flipped_is_damaged(void **state)
{
	struct pair *pair = *state;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0}, back = {0};
	char key[BUCKET_KEY_MAX + 1], text[BLOB_NAME_TEXT_MAX];

	fixture_blob(&pair->fixture, BLOB_SEGMENT, 5000, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	assert_int_equal(put(&pair->first, &name, &blob), ACCOUNT_OK);
	blob_name_text(&name, text);
	fixture_key(&pair->fixture, text, key);
	assert_true(memory_flip(pair->fixture.store, key, 2500, 0x80));
	assert_int_equal(get(&pair->second, &name, &back), ACCOUNT_DAMAGED);
	assert_null(back.data);
	bytes_clear(&blob);
}

static void blob_put_is_sent_again_until_known(void **state)
{
	static const enum memory_fault faults[] = {
	    MEMORY_FAULT_BEFORE, MEMORY_FAULT_UNKNOWN, MEMORY_FAULT_AFTER, MEMORY_FAULT_LATE};
	struct pair *pair = *state;

	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		struct blob_name name = {.count = 0};
		struct bytes blob = {0}, back = {0};

		fixture_blob(&pair->fixture, BLOB_SEGMENT, 500, NULL, 0, &blob);
		blob_hash(view_bytes(&blob), &name.hash);
		fixture_arm(&pair->fixture, MEMORY_PUT, "/b/", faults[i], 0, 2);
		assert_int_equal(put(&pair->first, &name, &blob), ACCOUNT_OK);
		assert_int_equal(get(&pair->second, &name, &back), ACCOUNT_OK);
		bytes_clear(&blob);
		bytes_clear(&back);
	}
}

static void blob_roster_begins_a_recovery(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache cache = {0};
	struct bytes roster = {0};
	char key[BUCKET_KEY_MAX + 1], text[BLOB_NAME_TEXT_MAX];

	assert_int_equal(account_roster(&fixture->env, &cache, &fixture->account,
			     fixture_call(fixture), &roster),
	    ACCOUNT_OK);
	assert_true(view_equal(view_bytes(&roster), view_bytes(&fixture->roster_bytes)));
	bytes_clear(&roster);
	account_cache_clear(&cache);
	blob_name_text(&pair->first.answer.roster, text);
	fixture_key(fixture, text, key);
	assert_true(memory_flip(fixture->store, key, 60, 1));
	assert_int_equal(account_roster(&fixture->env, &cache, &fixture->account,
			     fixture_call(fixture), &roster),
	    ACCOUNT_DAMAGED);
	assert_null(roster.data);
	account_cache_clear(&cache);
}

static void blob_body_missing_is_damage(void **state)
{
	struct pair *pair = *state;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0};
	char key[BUCKET_KEY_MAX + 1], text[BLOB_NAME_TEXT_MAX];
	struct head before = pair->second.head;

	fixture_blob(&pair->fixture, BLOB_BODY, 5000, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	client_frame(&pair->first, FRAME_PATCH, 100, &name, NULL, (struct view){0});
	client_request(&pair->first);
	pair->first.request.bodies[0] = view_bytes(&blob);
	pair->first.request.bodies_count = 1;
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	blob_name_text(&name, text);
	fixture_key(&pair->fixture, text, key);
	assert_int_equal(
	    bucket_remove(pair->fixture.bucket, key, fixture_call(&pair->fixture)), BUCKET_OK);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_DAMAGED);
	assert_true(head_equal(&before, &pair->second.head));
	bytes_clear(&blob);
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(blob_comes_back_as_it_was, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blob_name_must_hold, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blob_has_a_maximum, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blob_count_is_one_of_two, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blob_that_was_not_put_is_not_named, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blob_needs_no_log, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blob_flipped_is_damaged, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blob_put_is_sent_again_until_known, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blob_roster_begins_a_recovery, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blob_body_missing_is_damage, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
