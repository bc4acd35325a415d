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
	name.hash.bytes[5] ^= 1;
	name.count = 1; /* a count that is yet to come */
	assert_int_equal(put(&pair->first, &name, &blob), ACCOUNT_REFUSED);
	assert_int_equal(fixture_objects(&pair->fixture, ""), objects);
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
    cmocka_unit_test_setup_teardown(blob_flipped_is_damaged, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blob_put_is_sent_again_until_known, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blob_roster_begins_a_recovery, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blob_body_missing_is_damage, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
