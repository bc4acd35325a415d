/*
 * tests/gateway/account/sweep_test.c: a sweep removes what nothing names, and nothing else, also
 * with writers that sleep for as long as they like.
 */
#include "tests/each.h"
#include "tests/gateway/account/fixture.h"

#include <stdio.h>
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

/* Compacted, they are kept as long as the newest of them would be. */
static void sweep_keeps_compacted_packs_for_their_newest(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	int64_t first_ms = make_daily_packs(pair);
	size_t compacted = 0;

	assert_int_equal(account_compact(&fixture->env, &pair->first.cache, &fixture->account,
			     fixture_call(fixture), &compacted),
	    ACCOUNT_OK);
	assert_int_equal(compacted, 8);
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

static void put_object(struct fixture *fixture, const char *key, struct view data)
{
	struct bucket_put put = {.key = key, .data = data};
	struct bucket_tag tag;

	assert_int_equal(bucket_put(fixture->bucket, &put, fixture_call(fixture), &tag), BUCKET_OK);
}

#define SOME_HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER_HASH "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* What has no name of ours, or is not below the account's prefix, is not a sweep's to remove. */
static void sweep_removes_nothing_of_others(void **state)
{
	static const struct {
		const char *rest; /* behind the account's prefix; or the whole key */
		bool whole, goes;
	} rows[] = {
	    {"b/" SOME_HASH ".0", false, true},
	    {"p/1-2-" SOME_HASH ".0", false, true},
	    {"c/" SOME_HASH ".0", false, false},
	    {"p/" SOME_HASH ".0", false, false},
	    {"b/1-2-" SOME_HASH ".0", false, false},
	    {"b/" OTHER_HASH, false, false},
	    {"b/notes.txt", false, false},
	    {"some/prefix/a/0000000000000000000000000000000000000000/b/" SOME_HASH ".0", true,
		false},
	    {"some/prefix/a/ffffffffffffffffffffffffffffffffffffffff/b/" SOME_HASH ".0", true,
		false},
	    {"some/prefix/w/ffffffffffffffffffffffffffffffffffffffff", true, false},
	};
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct sweep_report report = {0};
	char prefix[BUCKET_KEY_MAX + 1];
	uint64_t own = fixture_objects(fixture, "");
	size_t left = 0;

	fixture_key(fixture, "/manifest", prefix);
	*strstr(prefix, "manifest") = '\0';
	sweep_some(pair, 1);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char key[2 * BUCKET_KEY_MAX];

		(void)snprintf(key, sizeof(key), "%s%s", rows[i].whole ? "" : prefix, rows[i].rest);
		put_object(fixture, key, view_text("four"));
		own += !rows[i].whole;
	}
	assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool there = fixture_objects(fixture, rows[i].rest) == 1;

		if (there == rows[i].goes)
			fail_msg("%s", rows[i].rest);
		left += there;
	}
	assert_int_equal(left, 8);
	assert_int_equal(report.listed, own); /* and the account's first roster goes */
	assert_int_equal(report.removed, 3);
	assert_int_equal(report.kept, own - 3);
	assert_true(report.bytes_removed > 8);
}

/* Whatever a store's pages hold, and where it says that more follow than it has. */
static void sweep_lists_by_any_pages(void **state)
{
	static const struct {
		size_t page_max;
		bool says_more;
		uint64_t lists;
	} rows[] = {{0, false, 1}, {1, false, 9}, {4, false, 3}, {8, false, 2}, {9, false, 1},
	    {0, true, 2}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		void *own = NULL;
		struct pair *pair;
		struct sweep_report report = {0};
		struct blob_name garbage[6];
		uint64_t lists;

		assert_int_equal(pair_setup(&own), 0);
		pair = own;
		for (size_t k = 0; k < COUNT_OF(garbage); k++)
			put_blob(&pair->first, 0, 1000, &garbage[k]);
		sweep_some(pair, 1);
		pair->fixture.odd.page_max = rows[i].page_max;
		pair->fixture.odd.says_more = rows[i].says_more;
		lists = pair->fixture.counts.list;
		assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_OK);
		assert_int_equal(pair->fixture.counts.list - lists, rows[i].lists);
		assert_int_equal(report.listed, 9); /* two rosters and the manifest beside them */
		assert_int_equal(report.removed, 7);
		assert_int_equal(report.kept, 2);
		assert_int_equal(fixture_objects(&pair->fixture, "/a/"), 2);
		assert_int_equal(pair_teardown(&own), 0);
	}
}

/* The other commits again and again, just before a sweep's own commit. */
struct rival {
	struct pair *pair;
	unsigned times;
};

static void rival_commits(void *self)
{
	struct rival *rival = self;
	struct fixture *fixture = &rival->pair->fixture;
	struct call kept = fixture->call;

	client_edit(&rival->pair->second, 100);
	fixture->call = kept;
	if (--rival->times == 0)
		return;
	fixture->interrupt = rival_commits;
	fixture_arm(fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
}

/* Four times it is built anew; who loses a fifth time says so, and has removed nothing. */
static void sweep_gives_up_after_five_races(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct blob_name garbage;

	put_blob(&pair->first, 0, 1000, &garbage);
	sweep_some(pair, 1);
	for (unsigned times = 5; times >= 4; times--) {
		struct rival rival = {pair, times};
		struct sweep_report report = {0};

		fixture->interrupt = rival_commits;
		fixture->interrupt_self = &rival;
		fixture_arm(fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
		assert_int_equal(
		    sweep(pair, FOREVER_MS, &report), times == 5 ? ACCOUNT_RETRY : ACCOUNT_OK);
		assert_int_equal(rival.times, 0);
		if (times == 5)
			assert_string_equal(
			    fixture->call.message, "others kept writing: nothing was swept");
		assert_true(is_there(fixture, &garbage) == (times == 5));
	}
}

static void another_sweeps(void *self)
{
	struct pair *pair = self;
	struct call kept = pair->fixture.call;

	sweep_some(pair, 1);
	pair->fixture.call = kept;
}

/* Who lost to another sweep has judged by an old count: what it listed is not its own to remove. */
static void sweep_that_lost_to_another_removes_nothing(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct sweep_report report = {0};
	struct blob_name garbage;
	uint64_t removals;

	put_blob(&pair->first, 0, 1000, &garbage);
	sweep_some(pair, 1);
	fixture->interrupt = another_sweeps;
	fixture->interrupt_self = pair;
	fixture_arm(fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	removals = fixture->counts.remove;
	assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_OK);
	assert_null(fixture->interrupt);
	assert_false(is_there(fixture, &garbage));
	assert_int_equal(fixture->counts.remove - removals, 1); /* the other's */
	assert_int_equal(report.removed, 0);
	assert_int_equal(report.kept, report.listed);
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	assert_int_equal(pair->first.answer.sweep, 2); /* nor did the count rise twice */
}

/* While this one reads the packs another compacts them, and sweeps: that is no damage. */
static void another_compacts_and_sweeps(void *self)
{
	struct pair *pair = self;
	struct fixture *fixture = &pair->fixture;
	struct call kept = fixture->call;
	struct account_cache cache = {0};
	size_t compacted = 0;

	assert_int_equal(account_compact(&fixture->env, &cache, &fixture->account,
			     fixture_call(fixture), &compacted),
	    ACCOUNT_OK);
	assert_int_equal(compacted, 8);
	sweep_some(pair, 3);
	fixture->call = kept;
	account_cache_clear(&cache);
}

static void sweep_whose_packs_went_is_another_s(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct sweep_report report = {0};

	while (fixture_objects(fixture, "/p/") < 8)
		client_edit(&pair->first, 2000);
	fixture->interrupt = another_compacts_and_sweeps;
	fixture->interrupt_self = pair;
	fixture_arm(fixture, MEMORY_GET, "/p/", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_OK);
	assert_null(fixture->interrupt);
	assert_int_equal(report.removed, 0);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

/* But where the manifest still names it, it is. */
static void sweep_without_a_pack_is_damage(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct sweep_report report = {0};
	char key[BUCKET_KEY_MAX + 1];
	size_t objects;

	while (fixture_objects(fixture, "/p/") < 2)
		client_edit(&pair->first, 2000);
	fixture_key(fixture, "/p/", key);
	assert_int_equal(bucket_remove(fixture->bucket, key, fixture_call(fixture)), BUCKET_OK);
	objects = fixture_objects(fixture, "");
	assert_int_equal(sweep(pair, 0, &report), ACCOUNT_DAMAGED);
	assert_string_equal(fixture->call.message, "an object that the manifest names is missing");
	assert_int_equal(fixture_objects(fixture, ""), objects);
}

/* Of packs that name nothing it reads the headers alone; what they would be is no small part. */
static void sweep_reads_headers_alone(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct sweep_report report = {0};
	uint64_t before;

	while (fixture_objects(fixture, "/p/") < 4)
		client_edit(&pair->first, 2000);
	before = fixture->counts.bytes_down;
	assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_OK);
	/* The manifest is some KiB, and four packs of 14 KiB are more. */
	assert_in_range(fixture->counts.bytes_down - before, 1000, 20000);
}

/* By a process that has the snapshot's index at hand: that tells what it names as well. */
static void sweep_knows_an_index_at_hand(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct fixture *fixture = &pair->fixture;
	struct blob_name names[3];

	client_whole(first, FRAME_LOAD, NULL, COUNT_OF(names), names);
	assert_true(first->cache.index.len > 0);
	for (unsigned i = 0; i < 4; i++) {
		struct sweep_report report = {0};
		uint64_t gets = fixture->counts.get;

		assert_int_equal(account_sweep(&fixture->env, &first->cache, &fixture->account,
				     FOREVER_MS, fixture_call(fixture), &report),
		    ACCOUNT_OK);
		assert_int_equal(fixture->counts.get - gets, 1); /* the manifest */
		for (size_t k = 0; k < COUNT_OF(names); k++)
			assert_true(is_there(fixture, &names[k]));
	}
}

/* However many frames name it; other indexes are named between. */
static void sweep_reads_an_index_once(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct fixture *fixture = &pair->fixture;
	struct sweep_report report = {0};
	struct head covered;
	struct frame frame;
	uint64_t gets;

	client_whole(first, FRAME_LOAD, NULL, 1, NULL);
	client_whole(first, FRAME_LOAD, NULL, 1, NULL);
	assert_int_equal(frame_decode(view_bytes(&first->frame), &frame), FORMAT_OK);
	covered = first->head;
	client_frame(first, FRAME_SNAPSHOT, 100, &frame.header.blob, &covered, (struct view){0});
	client_request(first);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	client_whole(first, FRAME_LOAD, NULL, 1, NULL);
	gets = fixture->counts.get;
	assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_OK);
	assert_int_equal(fixture->counts.get - gets, 2 + 3); /* the manifest, w/, three indexes */
}

/* A manifest whose snapshot names what is no index: nothing can be said of what it needs. */
static void sweep_stops_where_an_index_is_none(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct client *first = &pair->first;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct sweep_report report = {0};
	struct bytes bytes = {0};
	struct blob_name body;
	struct frame frame;
	size_t objects;

	assert_non_null(manifest);
	put_blob(first, 0, 1000, &body);
	client_frame(first, FRAME_LOAD, 100, &body, NULL, (struct view){0});
	assert_int_equal(frame_decode(view_bytes(&first->frame), &frame), FORMAT_OK);
	fixture_manifest(fixture, &bytes, manifest);
	manifest->tail[manifest->tail_count++] = view_bytes(&first->frame);
	manifest->head = (struct head){frame.header.seq, frame.hash};
	fixture_manifest_put(fixture, manifest);
	objects = fixture_objects(fixture, "");
	assert_int_equal(sweep(pair, FOREVER_MS, &report), ACCOUNT_DAMAGED);
	assert_int_equal(fixture_objects(fixture, ""), objects);
	bytes_clear(&bytes);
	free(manifest);
}

static void time_is_over(void *self)
{
	struct fixture *fixture = self;

	fixture->now_ms += fixture->call.deadline_ms - fixture_up_ms(fixture);
}

/* Whatever took all the time, nothing follows it. */
static void sweep_ends_at_its_deadline(void **state)
{
	static const struct {
		const char *name;
		enum memory_op op;
		const char *part;
		uint64_t gets, puts, lists, removals; /* of that sweep, the slow one among them */
	} rows[] = {
	    {"the manifest", MEMORY_GET, "/manifest", 1, 0, 0, 0},
	    {"a listing", MEMORY_LIST, "", 2, 0, 1, 0},
	    {"a pack's header", MEMORY_GET, "/p/", 3, 0, 9, 0},
	    {"the commit", MEMORY_PUT, "/manifest", 4, 1, 9, 0},
	};
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct blob_name garbage[4];

	while (fixture_objects(fixture, "/p/") < 2)
		client_edit(&pair->first, 2000);
	for (size_t i = 0; i < COUNT_OF(garbage); i++)
		put_blob(&pair->first, 0, 100, &garbage[i]);
	sweep_some(pair, 1);
	fixture->odd.page_max = 1;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket_counts before = fixture->counts;
		struct sweep_report report = {.removed = 77};

		fixture->interrupt = time_is_over;
		fixture->interrupt_self = fixture;
		fixture_arm(fixture, rows[i].op, rows[i].part, MEMORY_FAULT_NONE, 0, 1);
		if (sweep(pair, FOREVER_MS, &report) != ACCOUNT_RETRY)
			fail_msg("%s: no end", rows[i].name);
		assert_string_equal(fixture->call.message, "the time for this request is over");
		if (fixture->counts.get - before.get != rows[i].gets ||
		    fixture->counts.put - before.put != rows[i].puts ||
		    fixture->counts.list - before.list != rows[i].lists ||
		    fixture->counts.remove - before.remove != rows[i].removals)
			fail_msg("%s: %u gets, %u puts, %u lists, %u removals", rows[i].name,
			    (unsigned)(fixture->counts.get - before.get),
			    (unsigned)(fixture->counts.put - before.put),
			    (unsigned)(fixture->counts.list - before.list),
			    (unsigned)(fixture->counts.remove - before.remove));
		assert_int_equal(report.removed, 77);
	}
	sweep_some(pair, 1); /* the last one's commit stands; what it left goes with the next */
	for (size_t i = 0; i < COUNT_OF(garbage); i++)
		assert_false(is_there(fixture, &garbage[i]));
}

/* Cut off at each operation in turn, then again: nothing named is ever gone. */
static void sweep_resumes_after_any_crash(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name body, garbage;
	struct each each = {.of = "a sweep", .most = 58};

	put_blob(first, 0, 1000, &body);
	client_frame(first, FRAME_PATCH, 100, &body, NULL, (struct view){0});
	client_request(first);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	put_blob(first, 0, 1000, &garbage);
	while (each_next(&each)) {
		struct sweep_report report = {0};

		pair->fixture.ops = 0;
		pair->fixture.crash_at = each.nth;
		each.hit = sweep(pair, FOREVER_MS, &report) != ACCOUNT_OK;
		pair->fixture.crash_at = 0;
		assert_true(is_there(&pair->fixture, &body));
	}
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
	sweep_keeps_compacted_packs_for_their_newest, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_leaves_who_committed_what, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	sweep_keeps_packs_that_nothing_covers, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_knows_its_own_commit, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_knows_its_own_late_commit, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_unknown_to_a_warm_cache, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_old_segments_stay_good, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_stops_at_damage, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_removes_nothing_of_others, pair_setup, pair_teardown),
    cmocka_unit_test(sweep_lists_by_any_pages),
    cmocka_unit_test_setup_teardown(sweep_gives_up_after_five_races, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	sweep_that_lost_to_another_removes_nothing, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_whose_packs_went_is_another_s, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_without_a_pack_is_damage, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_reads_headers_alone, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_knows_an_index_at_hand, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_reads_an_index_once, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_stops_where_an_index_is_none, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_ends_at_its_deadline, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sweep_resumes_after_any_crash, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
