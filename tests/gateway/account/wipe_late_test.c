/*
 * tests/gateway/account/wipe_late_test.c: after a wipe nothing comes back and nothing stays,
 * whatever was on its way and whoever knew the account. A model of the protocol found these
 * schedules.
 */
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>

/* By a process that has no cache; the client's own is as it was. */
static enum account_result wipe_elsewhere(struct fixture *fixture, struct view encoded)
{
	struct account_cache cache = {0};
	struct wipe_report report = {0};
	enum account_result result = account_wipe(
	    &fixture->env, &cache, &fixture->account, encoded, fixture_call(fixture), &report);

	account_cache_clear(&cache);
	return result;
}

static void wipe_all(struct fixture *fixture, const struct client *knows)
{
	struct bytes encoded = {0};

	fixture_wipe(fixture, FIRST, knows->answer.incarnation, "", &encoded);
	assert_int_equal(wipe_elsewhere(fixture, view_bytes(&encoded)), ACCOUNT_OK);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	bytes_clear(&encoded);
}

/*
 * Of a create's two sendings the second lands; the first does after the wipe, for there is no
 * manifest. To who knows the account as it was created, it is another.
 */
static void late_create_is_no_way_back(void **state)
{
	struct fixture fixture;
	struct client client;
	struct wipe_report report = {0};

	(void)state;
	fixture_open(&fixture);
	client_open(&client, &fixture, FIRST);
	fixture_arm(&fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_LATE, 0, 1);
	assert_int_equal(fixture_create(&fixture, &client.cache), ACCOUNT_OK);
	assert_int_equal(client_poll(&client), ACCOUNT_OK);
	assert_status(&client, SYNC_CURRENT);
	wipe_all(&fixture, &client);
	assert_int_equal(memory_deliver(fixture.store), 1);
	assert_int_equal(fixture_objects(&fixture, "/a/"), 1);
	assert_int_equal(client_push(&client, 100), ACCOUNT_OK);
	assert_status(&client, SYNC_GONE);
	assert_int_equal(
	    account_relist(&fixture.env, &fixture.account, fixture_call(&fixture), &report),
	    ACCOUNT_OK);
	assert_int_equal(fixture_objects(&fixture, "/a/"), 0);
	client_close(&client);
	fixture_close(&fixture);
}

/* A push by a cache that is still warm puts its body before its commit fails. */
static void late_push_takes_its_body_back(void **state)
{
	struct pair *pair = *state;
	struct client *second = &pair->second;
	struct fixture *fixture = &pair->fixture;
	struct blob_name name = {.count = 0};
	struct bytes body = {0};

	assert_int_equal(client_poll(second), ACCOUNT_OK);
	wipe_all(fixture, second);
	fixture_blob(fixture, BLOB_BODY, 5000, NULL, 0, &body);
	blob_hash(view_bytes(&body), &name.hash);
	client_frame(second, FRAME_PATCH, 100, &name, NULL, (struct view){0});
	client_request(second);
	second->request.bodies[0] = view_bytes(&body);
	second->request.bodies_count = 1;
	fixture_arm(fixture, MEMORY_PUT, "/b/", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(client_send(second), ACCOUNT_OK);
	assert_status(second, SYNC_GONE);
	assert_non_null(second->answer.wipe_record.data);
	assert_int_equal(fixture->times, 0); /* it was put */
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	bytes_clear(&body);
}

/* So does a compaction its pack. */
static void late_compaction_takes_its_pack_back(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	size_t compacted = 0;

	for (unsigned i = 0; i < 1000 && fixture_objects(fixture, "/p/") < 8; i++)
		client_edit(&pair->first, 2000);
	wipe_all(fixture, &pair->first);
	fixture_arm(fixture, MEMORY_PUT, "/p/", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(account_compact(&fixture->env, &pair->first.cache, &fixture->account,
			     fixture_call(fixture), &compacted),
	    ACCOUNT_GONE);
	assert_int_equal(fixture->times, 0);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
}

static enum account_result put(
    struct client *client, const struct blob_name *name, const struct bytes *blob)
{
	struct fixture *fixture = client->fixture;

	return account_blob_put(&fixture->env, &client->cache, &fixture->account, name,
	    view_bytes(blob), fixture_call(fixture));
}

/* So do blobs, each of which is a call of its own; and once it is known, none follows them. */
static void late_blobs_are_taken_back(void **state)
{
	struct pair *pair = *state;
	struct client *second = &pair->second;
	struct fixture *fixture = &pair->fixture;
	struct blob_name names[2] = {{.count = 0}};
	struct bytes blobs[2] = {{0}};
	struct bytes back = {0};

	assert_int_equal(client_poll(second), ACCOUNT_OK);
	wipe_all(fixture, second);
	for (size_t i = 0; i < COUNT_OF(blobs); i++) {
		fixture_blob(fixture, BLOB_BODY, 5000 + i, NULL, 0, &blobs[i]);
		blob_hash(view_bytes(&blobs[i]), &names[i].hash);
	}
	assert_int_equal(put(second, &names[0], &blobs[0]), ACCOUNT_OK);
	assert_int_equal(fixture_objects(fixture, "/a/"), 1);
	assert_int_equal(account_blob_get(&fixture->env, &second->cache, &fixture->account,
			     &names[1], fixture_call(fixture), &back),
	    ACCOUNT_GONE);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	assert_int_equal(put(second, &names[1], &blobs[1]), ACCOUNT_GONE);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	for (size_t i = 0; i < COUNT_OF(blobs); i++)
		bytes_clear(&blobs[i]);
}

static void second_polls(void *self)
{
	struct pair *pair = self;
	struct call kept = pair->fixture.call;

	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_GONE);
	pair->fixture.call = kept;
}

/*
 * A wipe dies when its record stands and the manifest is as it was. Who lists again finishes it,
 * and tells a warm cache before the first object goes.
 */
static void late_listing_tells_before_it_removes(void **state)
{
	bool between = false;

	(void)state;
	for (unsigned nth = 1; !between && nth < 30; nth++) {
		struct wipe_report report = {0};
		struct bytes encoded = {0};
		struct fixture *fixture;
		void *own = NULL;
		struct pair *pair;

		(void)pair_setup(&own);
		pair = own;
		fixture = &pair->fixture;
		fixture_wipe(fixture, FIRST, pair->first.answer.incarnation, "", &encoded);
		fixture->ops = 0;
		fixture->crash_at = nth;
		(void)wipe_elsewhere(fixture, view_bytes(&encoded));
		fixture->crash_at = 0;
		between = fixture_objects(fixture, "/w/") == 1;
		if (between) {
			fixture->interrupt = second_polls;
			fixture->interrupt_self = pair;
			fixture_arm(fixture, MEMORY_LIST, "/a/", MEMORY_FAULT_NONE, 0, 1);
			assert_int_equal(account_relist(&fixture->env, &fixture->account,
					     fixture_call(fixture), &report),
			    ACCOUNT_OK);
			assert_null(fixture->interrupt);
			assert_int_equal(fixture_objects(fixture, "/a/"), 0);
		}
		bytes_clear(&encoded);
		(void)pair_teardown(&own);
	}
	assert_true(between);
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test(late_create_is_no_way_back),
    cmocka_unit_test_setup_teardown(late_push_takes_its_body_back, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(late_compaction_takes_its_pack_back, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(late_blobs_are_taken_back, pair_setup, pair_teardown),
    cmocka_unit_test(late_listing_tells_before_it_removes),
};
/* clang-format on */
TEST_MAIN(tests)
