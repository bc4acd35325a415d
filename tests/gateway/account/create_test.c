/*
 * tests/gateway/account/create_test.c: creation, its repetition, and its races with a wipe.
 */
#include "tests/each.h"
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

static void create_twice_is_one_account(void **state)
{
	struct fixture fixture;
	struct account_cache first = {0}, second = {0};
	struct manifest *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
	struct bytes bytes_a = {0}, bytes_b = {0};

	(void)state;
	fixture_open(&fixture);
	assert_int_equal(fixture_create(&fixture, &first), ACCOUNT_OK);
	fixture_manifest(&fixture, &bytes_a, a);
	assert_int_equal(a->head.seq, 0);
	assert_true(digest_equal(&a->head.hash, &fixture.roster.hashes[0]));
	assert_int_equal(a->devices_count, 2); /* the genesis' own, none of which has committed */
	for (size_t i = 0; i < a->devices_count; i++) {
		assert_true(device_equal(&a->devices[i].id, &fixture.members[i].id));
		assert_int_equal(a->devices[i].seq, 0);
	}
	assert_int_equal(fixture_create(&fixture, &second), ACCOUNT_OK);
	fixture_manifest(&fixture, &bytes_b, b);
	assert_memory_equal(a->incarnation, b->incarnation, INCARNATION_LEN);
	assert_int_equal(fixture_objects(&fixture, ""), 2); /* the manifest and the roster */
	assert_int_equal(fixture.counts.list, 0);
	account_cache_clear(&first);
	account_cache_clear(&second);
	bytes_clear(&bytes_a);
	bytes_clear(&bytes_b);
	free(a);
	free(b);
	fixture_close(&fixture);
}

static void create_refuses_what_does_not_hold(void **state)
{
	struct fixture fixture;
	struct account_cache cache = {0};
	struct create create;
	struct bytes encoded = {0};

	(void)state;
	fixture_open(&fixture);
	create = (struct create){.account = fixture.account,
	    .device = fixture.members[FIRST].id,
	    .roster = view_bytes(&fixture.roster_bytes)};
	/* signed by another's key */
	assert_int_equal(
	    create_encode(&create, fixture.members[SECOND].sign_secret, &encoded), FORMAT_OK);
	assert_int_equal(
	    account_create(&fixture.env, &cache, view_bytes(&encoded), fixture_call(&fixture)),
	    ACCOUNT_REFUSED);
	assert_int_equal(
	    account_create(&fixture.env, &cache, view_text("no CBOR"), fixture_call(&fixture)),
	    ACCOUNT_REFUSED);
	assert_int_equal(fixture_objects(&fixture, ""), 0);
	bytes_clear(&encoded);
	account_cache_clear(&cache);
	fixture_close(&fixture);
}

/* Each operation in turn is the last that works; afterwards, again: always one good account. */
static void create_resumes_after_any_crash(void **state)
{
	static const enum memory_fault faults[] = {
	    MEMORY_FAULT_UNKNOWN, MEMORY_FAULT_AFTER, MEMORY_FAULT_LATE};
	struct each each = {.of = "a create", .most = 28};

	(void)state;
	while (each_next(&each)) {
		struct fixture fixture;
		struct client client;

		fixture_open(&fixture);
		client_open(&client, &fixture, FIRST);
		fixture.crash_at = each.nth;
		each.hit = fixture_create(&fixture, &client.cache) != ACCOUNT_OK;
		fixture.crash_at = 0;
		assert_int_equal(fixture_create(&fixture, &client.cache), ACCOUNT_OK);
		assert_int_equal(client_push(&client, 100), ACCOUNT_OK);
		assert_status(&client, SYNC_COMMITTED);
		client_close(&client);
		fixture_close(&fixture);
	}
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		struct fixture fixture;
		struct client client;

		fixture_open(&fixture);
		client_open(&client, &fixture, FIRST);
		fixture_arm(&fixture, MEMORY_PUT, "/manifest", faults[i], 0, 1);
		assert_int_equal(fixture_create(&fixture, &client.cache), ACCOUNT_OK);
		(void)memory_deliver(fixture.store); /* one of the two lands */
		assert_int_equal(client_push(&client, 100), ACCOUNT_OK);
		assert_status(&client, SYNC_COMMITTED);
		client_close(&client);
		fixture_close(&fixture);
	}
}

/* However often the manifest's PUT fails: created, or told that it is not. */
static void create_is_sent_three_times(void **state)
{
	static const struct {
		const char *name;
		enum memory_fault how;
		unsigned times;
		enum account_result result;
	} rows[] = {
	    {"fails before, twice", MEMORY_FAULT_BEFORE, 2, ACCOUNT_OK},
	    {"fails before, always", MEMORY_FAULT_BEFORE, 3, ACCOUNT_RETRY},
	    {"unknown, twice", MEMORY_FAULT_UNKNOWN, 2, ACCOUNT_OK},
	    {"unknown, always", MEMORY_FAULT_UNKNOWN, 3, ACCOUNT_RETRY},
	    {"answer lost", MEMORY_FAULT_AFTER, 1, ACCOUNT_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture fixture;
		struct client client;
		enum account_result result;

		fixture_open(&fixture);
		client_open(&client, &fixture, FIRST);
		fixture_arm(&fixture, MEMORY_PUT, "/manifest", rows[i].how, 0, rows[i].times);
		result = fixture_create(&fixture, &client.cache);
		if (result != rows[i].result)
			fail_msg("%s: %s", rows[i].name, account_result_text(result));
		assert_int_equal(
		    fixture_objects(&fixture, "/manifest"), result == ACCOUNT_OK ? 1 : 0);
		if (result != ACCOUNT_OK)
			assert_string_equal(
			    fixture.call.message, "the bucket does not take the manifest");
		assert_false(fixture.armed);
		assert_int_equal(fixture_create(&fixture, &client.cache), ACCOUNT_OK);
		assert_int_equal(client_push(&client, 100), ACCOUNT_OK);
		assert_status(&client, SYNC_COMMITTED);
		client_close(&client);
		fixture_close(&fixture);
	}
}

/* Who created it needs nothing but the one PUT for its first push. */
static void create_leaves_a_warm_cache(void **state)
{
	struct fixture fixture;
	struct client client;
	struct bucket_counts before;

	(void)state;
	fixture_open(&fixture);
	client_open(&client, &fixture, FIRST);
	assert_int_equal(fixture_create(&fixture, &client.cache), ACCOUNT_OK);
	before = fixture.counts;
	assert_int_equal(client_push(&client, 100), ACCOUNT_OK);
	assert_status(&client, SYNC_COMMITTED);
	assert_int_equal(fixture.counts.get - before.get, 0);
	assert_int_equal(fixture.counts.put - before.put, 1);
	client_close(&client);
	fixture_close(&fixture);
}

/* A manifest that says "wiped", with no record beside it that anybody signed. */
static void put_wiped_manifest(void *self)
{
	struct fixture *fixture = self;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct account_cache cache = {0};
	struct call kept = fixture->call;
	struct bytes bytes = {0};

	assert_non_null(manifest);
	assert_int_equal(fixture_create(fixture, &cache), ACCOUNT_OK);
	fixture_manifest(fixture, &bytes, manifest);
	manifest->state = MANIFEST_WIPED;
	manifest->wipe = view_text("a wipe");
	fixture_manifest_put(fixture, manifest);
	fixture->call = kept;
	account_cache_clear(&cache);
	bytes_clear(&bytes);
	free(manifest);
}

/* It is gone to who creates it; but on the word of such a manifest nothing is removed (N4). */
static void create_removes_nothing_without_a_record(void **state)
{
	struct fixture fixture;
	struct account_cache cache = {0};

	(void)state;
	fixture_open(&fixture);
	fixture.interrupt = put_wiped_manifest;
	fixture.interrupt_self = &fixture;
	fixture_arm(&fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(fixture_create(&fixture, &cache), ACCOUNT_GONE);
	assert_null(fixture.interrupt);
	assert_int_equal(fixture_objects(&fixture, "/a/"), 2);
	account_cache_clear(&cache);
	fixture_close(&fixture);
}

/* Somebody puts back the manifest that stood there before. */
struct restored {
	struct fixture *fixture;
	char key[BUCKET_KEY_MAX + 1];
	struct bytes bytes;
};

static void put_back(void *self)
{
	struct restored *restored = self;
	struct fixture *fixture = restored->fixture;
	struct bucket_put put = {.key = restored->key, .data = view_bytes(&restored->bytes)};
	struct call kept = fixture->call;
	struct bucket_tag tag;

	assert_int_equal(bucket_put(fixture->bucket, &put, fixture_call(fixture), &tag), BUCKET_OK);
	fixture->call = kept;
}

/*
 * All was removed, and while it is created again the old manifest comes back. What the cache saw
 * before is not there for that: it was told in between that there is no account.
 */
static void create_forgets_what_it_saw(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct client *first = &pair->first;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct restored restored = {.fixture = fixture};
	struct account_cache other = {0};
	struct wipe_report report = {0};
	struct blob_name name = {.count = 0};
	struct bytes blob = {0};

	assert_non_null(manifest);
	fixture_blob(fixture, BLOB_BODY, 100, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	assert_int_equal(account_blob_put(&fixture->env, &first->cache, &fixture->account, &name,
			     view_bytes(&blob), fixture_call(fixture)),
	    ACCOUNT_OK);
	fixture_manifest(fixture, &restored.bytes, manifest);
	fixture_key(fixture, "/manifest", restored.key);
	assert_int_equal(account_wipe(&fixture->env, &other, &fixture->account, (struct view){0},
			     fixture_call(fixture), &report),
	    ACCOUNT_OK);
	assert_int_equal(fixture_objects(fixture, ""), 0);
	fixture->interrupt = put_back;
	fixture->interrupt_self = &restored;
	fixture_arm(fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(fixture_create(fixture, &first->cache), ACCOUNT_OK);
	assert_null(fixture->interrupt);
	client_frame(first, FRAME_PATCH, 100, &name, NULL, (struct view){0});
	client_request(first);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_RENAME);
	account_cache_clear(&other);
	bytes_clear(&restored.bytes);
	bytes_clear(&blob);
	free(manifest);
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test(create_twice_is_one_account),
    cmocka_unit_test(create_refuses_what_does_not_hold),
    cmocka_unit_test(create_resumes_after_any_crash),
    cmocka_unit_test(create_is_sent_three_times),
    cmocka_unit_test(create_leaves_a_warm_cache),
    cmocka_unit_test(create_removes_nothing_without_a_record),
    cmocka_unit_test_setup_teardown(create_forgets_what_it_saw, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
