/*
 * tests/gateway/account/sweep_test.c: a sweep removes what nothing names, and nothing else, also
 * with writers that sleep for as long as they like.
 */
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

#define FOREVER_MS INT64_MAX
#define DAY_MS (24 * 3600 * INT64_C(1000))

static enum account_result sweep(struct pair *pair, int64_t retain_ms, struct sweep_report *report)
{
	struct account_cache cache = {0};
	struct fixture *fixture = &pair->fixture;
	enum account_result result = account_sweep(
	    &fixture->env, &cache, &fixture->account, retain_ms, fixture_call(fixture), report);

	account_cache_clear(&cache);
	return result;
}

static void sweep_some(struct pair *pair, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		struct sweep_report report = {0};

		assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_OK);
	}
}

static void put_blob(struct client *client, uint64_t count, size_t len, struct blob_name *name_out)
{
	struct fixture *fixture = client->fixture;
	struct bytes blob = {0};

	fixture_blob(fixture, BLOB_BODY, len, NULL, 0, &blob);
	name_out->count = count;
	blob_hash(view_bytes(&blob), &name_out->hash);
	assert_int_equal(account_blob_put(&fixture->env, &client->cache, &fixture->account,
			     name_out, view_bytes(&blob), fixture_call(fixture)),
	    ACCOUNT_OK);
	bytes_clear(&blob);
}

static bool is_there(struct fixture *fixture, const struct blob_name *name)
{
	char text[BLOB_NAME_TEXT_MAX];

	blob_name_text(name, text);
	return fixture_objects(fixture, text) == 1;
}

static void sweep_removes_only_after_two(void **state)
{
	struct pair *pair = *state;
	struct blob_name name;
	struct sweep_report report = {0};

	put_blob(&pair->first, 0, 1000, &name);
	assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_OK);
	assert_int_equal(report.removed, 0);
	assert_true(is_there(&pair->fixture, &name)); /* 0 is not below 1 - 1 */
	assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_OK);
	assert_false(is_there(&pair->fixture, &name));
	assert_true(report.removed >= 1);
	assert_true(report.bytes_removed >= 1000);
	assert_int_equal(report.kept + report.removed, report.listed);
	client_edit(&pair->first, 100);
}

/* Uploads, sleeps through sweeps, then commits what it uploaded. */
static void sweep_against_a_slow_writer(void **state)
{
	static const struct {
		unsigned sweeps;
		enum sync_status status;
	} rows[] = {{0, SYNC_COMMITTED}, {1, SYNC_COMMITTED}, {2, SYNC_RENAME}, {3, SYNC_RENAME}};
	struct pair *pair = *state;
	struct client *first = &pair->first;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct blob_name name;

		assert_int_equal(client_poll(first), ACCOUNT_OK);
		put_blob(first, first->answer.sweep, 1000, &name);
		sweep_some(pair, rows[i].sweeps);
		client_frame(first, FRAME_PATCH, 100, &name, NULL, (struct view){0});
		client_request(first);
		assert_int_equal(client_send(first), ACCOUNT_OK);
		assert_status(first, rows[i].status);
		if (rows[i].status == SYNC_RENAME) {
			assert_true(blob_name_equal(&first->answer.names[0], &name));
			assert_false(is_there(&pair->fixture, &name));
			continue;
		}
		sweep_some(pair, 3); /* named: it stays, however old it gets */
		assert_true(is_there(&pair->fixture, &name));
	}
}

static void sweep_twice(void *self)
{
	struct pair *pair = self;
	struct call kept = pair->fixture.call;

	sweep_some(pair, 2);
	pair->fixture.call = kept;
}

/* The sweeps run after the writer has looked at its blob, just before its commit. */
static void sweep_between_look_and_commit(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name name;

	put_blob(first, 0, 1000, &name);
	client_frame(first, FRAME_PATCH, 100, &name, NULL, (struct view){0});
	client_request(first);
	pair->fixture.interrupt = sweep_twice;
	pair->fixture.interrupt_self = pair;
	fixture_arm(&pair->fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_RENAME);
	assert_false(is_there(&pair->fixture, &name));
}

static void first_commits_a_body(void *self)
{
	struct pair *pair = self;
	struct call kept = pair->fixture.call;

	client_request(&pair->first);
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	pair->fixture.call = kept;
}

/* The writer commits after the sweep has listed and read, just before the sweep's own commit. */
static void sweep_loses_to_a_writer(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct sweep_report report = {0};
	struct blob_name name;

	put_blob(first, 0, 1000, &name);
	sweep_some(pair, 1); /* the next sweep may remove it */
	client_frame(first, FRAME_PATCH, 100, &name, NULL, (struct view){0});
	pair->fixture.interrupt = first_commits_a_body;
	pair->fixture.interrupt_self = pair;
	fixture_arm(&pair->fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_OK);
	assert_true(is_there(&pair->fixture, &name));
}

static void sweep_keeps_everything_named(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name old[4], current[4], body, index, roster;
	struct frame frame;

	client_whole(first, FRAME_LOAD, NULL, 4, old);
	assert_int_equal(frame_decode(view_bytes(&first->frame), &frame), FORMAT_OK);
	index = frame.header.blob;
	put_blob(first, 0, 1000, &body);
	client_frame(first, FRAME_PATCH, 100, &body, NULL, (struct view){0});
	client_request(first);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	roster = first->answer.roster;
	for (unsigned i = 0; i < 30; i++)
		client_edit(first, 800); /* the load and the body go into a pack */
	assert_true(fixture_objects(&pair->fixture, "/p/") > 0);
	client_whole(first, FRAME_LOAD, NULL, 4, current);
	sweep_some(pair, 4);
	assert_true(is_there(&pair->fixture, &index));
	assert_true(is_there(&pair->fixture, &body));
	assert_true(is_there(&pair->fixture, &roster));
	for (size_t i = 0; i < 4; i++) {
		assert_true(is_there(&pair->fixture, &old[i]));
		assert_true(is_there(&pair->fixture, &current[i]));
	}
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
	assert_true(head_equal(&first->head, &pair->second.head));
}

/* Packs behind the snapshot go with their time, and what only they named; then: far behind. */
static void sweep_drops_packs_with_their_time(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name old[4], current[4];
	struct sweep_report report = {0};

	client_whole(first, FRAME_LOAD, NULL, 4, old);
	for (unsigned i = 0; i < 30; i++)
		client_edit(first, 800);
	client_whole(first, FRAME_LOAD, NULL, 4, current);
	for (unsigned i = 0; i < 30; i++)
		client_edit(first, 800);
	assert_int_equal(sweep(pair, 30 * DAY_MS, &report), ACCOUNT_OK);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND); /* a gentle catch-up is still possible */
	pair->fixture.now_ms += 31 * DAY_MS;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(sweep(pair, 30 * DAY_MS, &report), ACCOUNT_OK);
	pair->second.head = (struct head){1, first->head.hash};
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_FAR_BEHIND);
	for (size_t i = 0; i < 4; i++) {
		assert_false(is_there(&pair->fixture, &old[i]));
		assert_true(is_there(&pair->fixture, &current[i]));
	}
	client_edit(first, 100);
}

static size_t packs_there(struct fixture *fixture, struct manifest_pack *oldest_out)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	size_t count;

	fixture_manifest(fixture, &bytes, manifest);
	count = manifest->packs_count;
	if (count > 0)
		*oldest_out = manifest->packs[0];
	bytes_clear(&bytes);
	free(manifest);
	return count;
}

/* Eight packs, one a day; a load stands for them all. The day of the first. */
static int64_t make_daily_packs(struct pair *pair)
{
	struct manifest_pack oldest;

	for (size_t packs = 1; packs <= 8; packs++) {
		pair->fixture.now_ms += DAY_MS;
		while (packs_there(&pair->fixture, &oldest) < packs)
			client_edit(&pair->first, 2000);
	}
	assert_int_equal(packs_there(&pair->fixture, &oldest), 8);
	client_whole(&pair->first, FRAME_LOAD, NULL, 1, NULL);
	return pair->fixture.now_ms - 7 * DAY_MS;
}

/* How many packs a sweep leaves at that time, which keeps them for so many days. */
static size_t left_at(struct pair *pair, int64_t now_ms, int64_t days)
{
	struct sweep_report report = {0};
	struct manifest_pack oldest;

	pair->fixture.now_ms = now_ms;
	assert_int_equal(sweep(pair, days * DAY_MS, &report), ACCOUNT_OK);
	return packs_there(&pair->fixture, &oldest);
}

/* To the millisecond; and one from the future, by another gateway's clock, stays. */
static void sweep_keeps_a_pack_for_its_time(void **state)
{
	struct pair *pair = *state;
	int64_t first_ms = make_daily_packs(pair);

	assert_int_equal(left_at(pair, first_ms - 1, 0), 8);
	assert_int_equal(left_at(pair, first_ms + 30 * DAY_MS - 1, 30), 8);
	assert_int_equal(left_at(pair, first_ms + 30 * DAY_MS, 30), 7);
	assert_int_equal(left_at(pair, first_ms + 33 * DAY_MS - 1, 30), 5);
	assert_int_equal(left_at(pair, first_ms + 37 * DAY_MS - 1, 30), 1);
	assert_int_equal(left_at(pair, first_ms + 37 * DAY_MS, 30), 0);
}

/* Folded, they are kept as long as the newest of them would be. */
static void sweep_keeps_folded_packs_for_their_newest(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	int64_t first_ms = make_daily_packs(pair);
	size_t folded = 0;

	assert_int_equal(account_fold(&fixture->env, &pair->first.cache, &fixture->account,
			     fixture_call(fixture), &folded),
	    ACCOUNT_OK);
	assert_int_equal(folded, 8);
	assert_int_equal(left_at(pair, first_ms + 37 * DAY_MS - 1, 30), 1);
	assert_int_equal(left_at(pair, first_ms + 37 * DAY_MS, 30), 0);
}

/* The log begins after a push whose answer was lost: its device's row still tells that it stands.
 */
static void sweep_leaves_who_committed_what(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first, *second = &pair->second;
	struct head before = second->head, sent;
	struct sweep_report report = {0};
	struct manifest_pack oldest;

	client_edit(second, 300);
	sent = second->head;
	client_edit(first, 300);
	for (unsigned i = 0; i < 30; i++)
		client_edit(first, 800);
	client_whole(first, FRAME_LOAD, NULL, 1, NULL);
	for (unsigned i = 0; i < 30; i++)
		client_edit(first, 800);
	assert_int_equal(sweep(pair, 0, &report), ACCOUNT_OK);
	assert_true(packs_there(&pair->fixture, &oldest) > 0);
	assert_true(oldest.from_seq > sent.seq);
	second->head = before;
	client_request(second);
	assert_int_equal(client_send(second), ACCOUNT_OK);
	assert_status(second, SYNC_COMMITTED);
	assert_true(head_equal(&second->head, &sent));
	assert_true(second->answer.more);
}

/* Without a snapshot nothing stands for the packs: they stay, however old they are. */
static void sweep_keeps_packs_that_nothing_covers(void **state)
{
	struct pair *pair = *state;
	struct sweep_report report = {0};

	for (unsigned i = 0; i < 40; i++)
		client_edit(&pair->first, 800);
	pair->fixture.now_ms += 400 * DAY_MS;
	assert_int_equal(sweep(pair, 0, &report), ACCOUNT_OK);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

/* The commit that raised the count had its answer lost: it is known by its nonce, and goes on. */
static void sweep_knows_its_own_commit(void **state)
{
	struct pair *pair = *state;
	struct sweep_report report = {0};
	struct blob_name name;

	put_blob(&pair->first, 0, 1000, &name);
	sweep_some(pair, 1);
	fixture_arm(&pair->fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_AFTER, 0, 1);
	assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_OK);
	assert_false(is_there(&pair->fixture, &name));
	assert_int_equal(report.removed, 2); /* and the roster of the account's beginning */
}

/* Or it was given up, sent again, and landed only then: the bytes are the same. */
static void sweep_knows_its_own_late_commit(void **state)
{
	struct pair *pair = *state;
	struct sweep_report report = {0};
	struct blob_name name;

	put_blob(&pair->first, 0, 1000, &name);
	sweep_some(pair, 1);
	pair->fixture.late_lands = true;
	fixture_arm(&pair->fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_LATE, 0, 1);
	assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_OK);
	assert_false(is_there(&pair->fixture, &name));
	assert_int_equal(report.removed, 2);
}

/* A cache from before the sweeps has the right head and an old count: it must not judge names. */
static void sweep_unknown_to_a_warm_cache(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name name = {.count = 2};
	struct bytes blob = {0};

	sweep_some(pair, 2);
	fixture_blob(&pair->fixture, BLOB_BODY, 1000, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	client_frame(first, FRAME_PATCH, 100, &name, NULL, (struct view){0});
	client_request(first);
	first->request.bodies[first->request.bodies_count++] = view_bytes(&blob);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	bytes_clear(&blob);
}

/* A new snapshot names old segments by their old names: they are good, and not asked for. */
static void sweep_old_segments_stay_good(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct fixture *fixture = &pair->fixture;
	struct blob_name names[5], index = {0};
	struct bytes blob = {0};

	client_whole(first, FRAME_LOAD, NULL, 4, names);
	sweep_some(pair, 3);
	assert_int_equal(client_poll(first), ACCOUNT_OK);
	index.count = first->answer.sweep;
	assert_int_equal(index.count, 3);
	put_blob(first, index.count, 700, &names[4]);
	fixture_blob(fixture, BLOB_INDEX, 100, names, 5, &blob);
	blob_hash(view_bytes(&blob), &index.hash);
	client_frame(first, FRAME_LOAD, 100, &index, NULL, (struct view){0});
	client_request(first);
	first->request.bodies[first->request.bodies_count++] = view_bytes(&blob);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	/* One that nothing names any more must be put again, though it has the same hash. */
	names[0].hash.bytes[0] ^= 1;
	bytes_clear(&blob);
	fixture_blob(fixture, BLOB_INDEX, 100, names, 5, &blob);
	blob_hash(view_bytes(&blob), &index.hash);
	client_frame(first, FRAME_LOAD, 100, &index, NULL, (struct view){0});
	client_request(first);
	first->request.bodies[first->request.bodies_count++] = view_bytes(&blob);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_RENAME);
	assert_int_equal(first->answer.names_count, 1);
	assert_true(blob_name_equal(&first->answer.names[0], &names[0]));
	bytes_clear(&blob);
}

/* What it cannot read it must not judge by: an index, a pack, a pack's header. */
static void sweep_stops_at_damage(void **state)
{
	static const struct {
		const char *name;
		const char *part;
		size_t offset;
	} rows[] = {{"index", NULL, 30}, {"pack's header", "/p/", 4}, {"pack", "/p/", 900}};
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct frame frame;
	char text[BLOB_NAME_TEXT_MAX];
	size_t objects;

	client_whole(first, FRAME_LOAD, NULL, 2, NULL);
	assert_int_equal(frame_decode(view_bytes(&first->frame), &frame), FORMAT_OK);
	blob_name_text(&frame.header.blob, text);
	for (unsigned i = 0; i < 30; i++)
		client_edit(first, 800);
	objects = fixture_objects(&pair->fixture, "");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sweep_report report = {0};
		char key[BUCKET_KEY_MAX + 1];
		enum account_result result;

		fixture_key(&pair->fixture, rows[i].part == NULL ? text : rows[i].part, key);
		assert_true(memory_flip(pair->fixture.store, key, rows[i].offset, 1));
		result = sweep(pair, FOREVER_MS, &report);
		assert_true(memory_flip(pair->fixture.store, key, rows[i].offset, 1));
		if (result != ACCOUNT_DAMAGED)
			fail_msg("%s: %s", rows[i].name, account_result_text(result));
		assert_int_equal(fixture_objects(&pair->fixture, ""), objects);
	}
	sweep_some(pair, 1);
}

/* Cut off at each operation in turn, then again: nothing named is ever gone. */
static void sweep_resumes_after_any_crash(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name body, garbage;
	bool crashed = true;

	put_blob(first, 0, 1000, &body);
	client_frame(first, FRAME_PATCH, 100, &body, NULL, (struct view){0});
	client_request(first);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	put_blob(first, 0, 1000, &garbage);
	for (unsigned nth = 1; crashed && nth < 60; nth++) {
		struct sweep_report report = {0};

		pair->fixture.ops = 0;
		pair->fixture.crash_at = nth;
		crashed = sweep(pair, FOREVER_MS, &report) != ACCOUNT_OK;
		pair->fixture.crash_at = 0;
		assert_true(is_there(&pair->fixture, &body));
	}
	assert_false(crashed);
	sweep_some(pair, 2);
	assert_false(is_there(&pair->fixture, &garbage));
	assert_true(is_there(&pair->fixture, &body));
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(sweep_removes_only_after_two, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_against_a_slow_writer, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_between_look_and_commit, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_loses_to_a_writer, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_keeps_everything_named, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_drops_packs_with_their_time, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_keeps_a_pack_for_its_time, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	sweep_keeps_folded_packs_for_their_newest, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_leaves_who_committed_what, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	sweep_keeps_packs_that_nothing_covers, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_knows_its_own_commit, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_knows_its_own_late_commit, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_unknown_to_a_warm_cache, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_old_segments_stay_good, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_stops_at_damage, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_resumes_after_any_crash, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
