/*
 * tests/gateway/account/exchange_test.c: the exchange: pushes, polls, pulls, what is refused, and
 * what each costs in requests to the bucket.
 */
#include "tests/gateway/account/fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void sync_push_and_pull_meet(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND); /* it had not seen the first's */
	assert_int_equal(pair->second.answer.frames_count, 1);
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_COMMITTED);
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_CURRENT);
}

static void sync_warm_push_is_one_put(void **state)
{
	struct pair *pair = *state;
	struct bucket_counts before = pair->fixture.counts;

	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_int_equal(pair->fixture.counts.put - before.put, 1);
	assert_int_equal(pair->fixture.counts.get - before.get, 0);
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	assert_int_equal(pair->fixture.counts.put - before.put, 1);
	assert_int_equal(pair->fixture.counts.get - before.get, 1);
	assert_int_equal(pair->fixture.counts.list - before.list, 0);
}

/* A client that is a new process for each command keeps its cache on disk. */
static void sync_saved_cache_is_as_warm(void **state)
{
	struct pair *pair = *state;
	struct bucket_counts before;
	struct bytes saved = {0};

	assert_true(account_cache_save(&pair->first.cache, &saved));
	account_cache_clear(&pair->first.cache);
	account_cache_load(&pair->first.cache, view_bytes(&saved));
	before = pair->fixture.counts;
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_int_equal(pair->fixture.counts.put - before.put, 1);
	assert_int_equal(pair->fixture.counts.get - before.get, 0);
	bytes_clear(&saved);
	assert_true(account_cache_save(&pair->first.cache, &saved));
	account_cache_load(&pair->first.cache, view_bytes(&saved));
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_CURRENT);
	assert_int_equal(pair->fixture.counts.get - before.get, 1);
	client_edit(&pair->first, 300);
	/* The saved one is old by now: it costs requests, and nothing else. */
	account_cache_load(&pair->first.cache, view_bytes(&saved));
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_int_equal(pair->first.head.seq, 4);
	bytes_clear(&saved);
}

static void sync_old_cache_is_behind(void **state)
{
	struct pair *pair = *state;
	struct head old = pair->first.head;

	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK); /* loses its PUT */
	assert_status(&pair->first, SYNC_BEHIND);
	assert_int_equal(pair->first.answer.frames_count, 2);
	assert_true(pair->first.head.seq == old.seq + 2);
}

static void sync_retry_has_one_effect(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK); /* the same again */
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_false(pair->first.answer.more);
	assert_int_equal(pair->first.head.seq, 2);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_COMMITTED);
	assert_int_equal(pair->second.head.seq, 3); /* the statement, the first's, its own */
}

static void sync_retry_after_others_and_packs(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct sync_request request;
	struct bytes frame = {0};

	assert_int_equal(client_push(first, 300), ACCOUNT_OK);
	assert_true(bytes_copy(view_bytes(&first->frame), &frame));
	request = first->request;
	request.frames[0] = view_bytes(&frame);
	for (unsigned i = 0; i < 40; i++)
		client_edit(first, 600); /* its own row in the table of devices moves on, too */
	assert_true(fixture_objects(&pair->fixture, "/p/") > 0);
	first->request = request;
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	assert_true(first->answer.more);
	assert_int_equal(first->answer.head.seq, 2);
	bytes_clear(&frame);
}

static void sync_body_goes_along_and_comes_back(void **state)
{
	struct pair *pair = *state;
	struct blob_name name = {.count = 0};
	struct bytes body = {0};
	uint64_t puts;

	fixture_blob(&pair->fixture, BLOB_BODY, 50000, NULL, 0, &body);
	blob_hash(view_bytes(&body), &name.hash);
	client_frame(&pair->first, FRAME_PATCH, 200, &name, NULL, (struct view){0});
	client_request(&pair->first);
	pair->first.request.bodies[0] = view_bytes(&body);
	pair->first.request.bodies_count = 1;
	puts = pair->fixture.counts.put;
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_int_equal(pair->fixture.counts.put - puts, 2);
	assert_int_equal(pair->first.answer.names_count, 1);
	assert_true(blob_name_equal(&pair->first.answer.names[0], &name));
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
	assert_int_equal(pair->second.answer.bodies_count, 1);
	assert_true(view_equal(pair->second.answer.bodies[0].blob, view_bytes(&body)));
	bytes_clear(&body);
}

static void sync_unseen_body_is_to_be_put(void **state)
{
	struct pair *pair = *state;
	struct blob_name name = {.count = 0};

	randombytes_buf(name.hash.bytes, DIGEST_LEN);
	client_frame(&pair->first, FRAME_PATCH, 200, &name, NULL, (struct view){0});
	client_request(&pair->first);
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_RENAME);
	assert_int_equal(pair->first.answer.names_count, 1);
	assert_true(blob_name_equal(&pair->first.answer.names[0], &name));
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_CURRENT);
}

/* Nor is an index, be it missing or not what its name says. */
static void sync_unseen_index_is_to_be_put(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name name = {.count = 0};
	char key[BUCKET_KEY_MAX + 1], text[BLOB_NAME_TEXT_MAX];
	struct bytes index = {0};

	fixture_blob(&pair->fixture, BLOB_INDEX, 500, NULL, 0, &index);
	blob_hash(view_bytes(&index), &name.hash);
	client_frame(first, FRAME_LOAD, 200, &name, NULL, (struct view){0});
	client_request(first);
	for (unsigned round = 0; round < 2; round++) { /* missing; damaged */
		assert_int_equal(client_send(first), ACCOUNT_OK);
		assert_status(first, SYNC_RENAME);
		assert_int_equal(first->answer.names_count, 1);
		assert_true(blob_name_equal(&first->answer.names[0], &name));
		if (round > 0)
			break;
		assert_int_equal(account_blob_put(&pair->fixture.env, &pair->second.cache,
				     &pair->fixture.account, &name, view_bytes(&index),
				     fixture_call(&pair->fixture)),
		    ACCOUNT_OK);
		blob_name_text(&name, text);
		fixture_key(&pair->fixture, text, key);
		assert_true(memory_flip(pair->fixture.store, key, 100, 1));
	}
	assert_true(memory_flip(pair->fixture.store, key, 100, 1));
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	bytes_clear(&index);
}

/* Whether it is there cannot be told: then it is not named, and nothing is committed. */
static void sync_unreadable_body_is_not_named(void **state)
{
	static const enum memory_fault faults[] = {MEMORY_FAULT_BEFORE, MEMORY_FAULT_THROTTLED};
	struct pair *pair = *state;
	struct head before = pair->first.head;
	struct blob_name name = {.count = 0};

	randombytes_buf(name.hash.bytes, DIGEST_LEN);
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		client_frame(&pair->first, FRAME_PATCH, 200, &name, NULL, (struct view){0});
		client_request(&pair->first);
		fixture_arm(&pair->fixture, MEMORY_GET, "/b/", faults[i], 0, 99);
		assert_int_equal(client_send(&pair->first), ACCOUNT_RETRY);
		pair->fixture.armed = false;
		assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
		assert_status(&pair->second, SYNC_CURRENT);
		assert_true(head_equal(&pair->second.head, &before));
	}
	client_request(&pair->first);
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_RENAME);
}

static void sync_answer_stops_at_its_maximum(void **state)
{
	struct pair *pair = *state;
	unsigned asked = 0;

	for (unsigned i = 0; i < 3; i++) {
		struct blob_name name = {.count = 0};
		struct bytes body = {0};

		fixture_blob(&pair->fixture, BLOB_BODY, 3u << 20, NULL, 0, &body);
		blob_hash(view_bytes(&body), &name.hash);
		client_frame(&pair->first, FRAME_PATCH, 200, &name, NULL, (struct view){0});
		client_request(&pair->first);
		pair->first.request.bodies[0] = view_bytes(&body);
		pair->first.request.bodies_count = 1;
		assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
		assert_status(&pair->first, SYNC_COMMITTED);
		bytes_clear(&body);
	}
	do {
		assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
		assert_status(&pair->second, SYNC_BEHIND);
		assert_int_equal(pair->second.answer.frames_count, 1);
		assert_int_equal(pair->second.answer.bodies_count, 1);
		asked++;
	} while (pair->second.answer.more);
	assert_int_equal(asked, 3);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

static void sync_diverged_and_ahead(void **state)
{
	struct pair *pair = *state;
	struct head good;

	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	good = pair->second.head;
	pair->second.head.hash.bytes[3] ^= 1; /* at seq 1 another frame than ours */
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_DIVERGED);
	pair->second.head = pair->first.head;
	pair->second.head.hash.bytes[3] ^= 1; /* at the head's seq */
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_DIVERGED);
	pair->second.head.seq = 0; /* of another genesis */
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_DIVERGED);
	pair->second.head.seq = 77;
	assert_int_equal(client_push(&pair->second, 10), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_AHEAD);
	pair->second.head = good;
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
}

static void a_slow_bucket(void *self)
{
	((struct fixture *)self)->now_ms += 9000;
}

/* By the wall clock, when it was made: a device measures its own clock by that. */
static void sync_answer_tells_the_time(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;

	fixture->skew_ms = 1234567;
	fixture->interrupt = a_slow_bucket;
	fixture->interrupt_self = fixture;
	fixture_arm(fixture, MEMORY_GET, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	assert_null(fixture->interrupt);
	assert_int_equal(pair->first.answer.time_ms, fixture->now_ms + 1234567);
	/* Also where the account is not even looked at. */
	client_request(&pair->first);
	pair->first.request.frames[0] = view_text("no frame at all");
	pair->first.request.frames_count = 1;
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_REFUSED);
	assert_int_equal(pair->first.answer.time_ms, fixture->now_ms + 1234567);
}

static void sync_stranger_is_refused(void **state)
{
	struct pair *pair = *state;
	struct client stranger;

	client_open(&stranger, &pair->fixture, STRANGER);
	assert_int_equal(client_poll(&stranger), ACCOUNT_OK);
	assert_status(&stranger, SYNC_REFUSED);
	assert_int_equal(stranger.answer.frames_count, 0);
	assert_null(stranger.answer.roster_blob.data);
	client_close(&stranger);
}

static void sync_revoked_is_shown_the_roster(void **state)
{
	struct pair *pair = *state;
	struct bytes statement = {0};
	struct roster *roster = calloc(1, sizeof(*roster));
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	fixture_statement(&pair->fixture, FIRST, SIZE_MAX, SECOND, &statement);
	client_frame(&pair->first, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(&pair->first);
	pair->first.request.roster = view_bytes(&pair->fixture.roster_bytes);
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_int_equal(manifest->epoch, 2);
	assert_int_equal(manifest->devices_count, 2);
	assert_int_equal(client_push(&pair->second, 100), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_REVOKED);
	assert_int_equal(roster_decode(pair->second.answer.roster_blob, false, roster), FORMAT_OK);
	assert_null(roster_live(roster, &pair->fixture.members[SECOND].id, SIZE_MAX));
	assert_int_equal(client_push(&pair->first, 100), ACCOUNT_OK); /* in the new epoch */
	assert_status(&pair->first, SYNC_COMMITTED);
	bytes_clear(&statement);
	bytes_clear(&bytes);
	free(manifest);
	free(roster);
}

static void sync_statement_needs_its_roster(void **state)
{
	struct pair *pair = *state;
	struct bytes statement = {0};
	struct head before = pair->first.head;

	fixture_statement(&pair->fixture, FIRST, THIRD, SIZE_MAX, &statement);
	client_frame(&pair->first, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(&pair->first);
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_REFUSED);
	/* A roster that runs ahead of the log is refused, too. */
	bytes_clear(&statement);
	fixture_statement(&pair->fixture, FIRST, STRANGER, SIZE_MAX, &statement);
	pair->first.request.roster = view_bytes(&pair->fixture.roster_bytes);
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_REFUSED);
	assert_true(head_equal(&before, &pair->first.answer.head));
	bytes_clear(&statement);
}

/* The roster that it brings is signed and long enough, and is another than the account's. */
static void sync_fork_of_the_roster_is_refused(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct client *first = &pair->first;
	struct bytes statement = {0}, before = {0};

	assert_true(bytes_copy(view_bytes(&fixture->roster_bytes), &before));
	fixture_statement(fixture, FIRST, THIRD, SIZE_MAX, &statement);
	client_frame(first, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(first);
	first->request.roster = view_bytes(&fixture->roster_bytes);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	bytes_clear(&statement);
	bytes_clear(&fixture->roster_bytes);
	fixture->roster_bytes = before;
	assert_int_equal(
	    roster_decode(view_bytes(&fixture->roster_bytes), false, &fixture->roster), FORMAT_OK);
	fixture_statement(fixture, FIRST, STRANGER, SIZE_MAX, &statement);
	bytes_clear(&statement);
	fixture_statement(fixture, FIRST, THIRD, SIZE_MAX, &statement);
	client_frame(first, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(first);
	first->request.roster = view_bytes(&fixture->roster_bytes);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_REFUSED);
	assert_non_null(strstr(fixture->call.message, "does not continue the one"));
	bytes_clear(&statement);
}

static void sync_forged_frames_are_refused(void **state)
{
	static const struct {
		const char *name;
		size_t back; /* the byte to flip, from the frame's end */
	} rows[] = {{"signature", 1}, {"body", SIGNATURE_LEN + 4}, {"header", 300 + 120}};
	struct pair *pair = *state;
	uint64_t puts = pair->fixture.counts.put;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		client_frame(&pair->first, FRAME_PATCH, 300, NULL, NULL, (struct view){0});
		pair->first.frame.data[pair->first.frame.len - rows[i].back] ^= 4;
		client_request(&pair->first);
		assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
		if (pair->first.answer.status != SYNC_REFUSED)
			fail_msg("%s: status %d", rows[i].name, (int)pair->first.answer.status);
		assert_true(pair->fixture.call.message[0] != '\0');
	}
	assert_int_equal(pair->fixture.counts.put, puts);
}

static void sync_new_device_is_far_behind(void **state)
{
	struct pair *pair = *state;
	struct client third;
	struct frame frame;

	client_open(&third, &pair->fixture, SECOND);
	client_whole(&pair->first, FRAME_LOAD, NULL, 3, NULL);
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_int_equal(client_poll(&third), ACCOUNT_OK);
	assert_status(&third, SYNC_FAR_BEHIND);
	assert_int_equal(frame_decode(third.answer.snapshot, &frame), FORMAT_OK);
	assert_int_equal(frame.header.seq, 2);
	third.head = (struct head){frame.header.seq, frame.hash};
	assert_int_equal(client_poll(&third), ACCOUNT_OK);
	assert_status(&third, SYNC_BEHIND);
	assert_true(head_equal(&third.head, &pair->first.head));
	client_close(&third);
}

/* What a snapshot covers lies before it, and is what the log holds there, as far as that is told.
 */
static void sync_snapshot_of_another_log_is_refused(void **state)
{
	static const struct {
		const char *name;
		uint64_t seq; /* what it covers; its own place is 5 */
		bool other;   /* with another hash than the log has there */
		bool good;
	} rows[] = {
	    {"the first frame's other", 1, true, false},
	    {"the last frame's other", 4, true, false},
	    {"its own place", 5, false, false},
	    {"a place that is to come", 6, false, false},
	    {"the first frame", 1, false, true},
	};
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct head places[8] = {0};

	places[1] = first->head;
	for (uint64_t seq = 2; seq < 5; seq++) {
		client_edit(first, 100);
		places[seq] = first->head;
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct head covered = {rows[i].seq, places[rows[i].seq].hash};
		struct blob_name name = {.count = 0};
		struct bytes index = {0};

		covered.hash.bytes[0] ^= rows[i].other;
		fixture_blob(&pair->fixture, BLOB_INDEX, 100, NULL, 0, &index);
		blob_hash(view_bytes(&index), &name.hash);
		client_frame(first, FRAME_SNAPSHOT, 200, &name, &covered, (struct view){0});
		client_request(first);
		first->request.bodies[0] = view_bytes(&index);
		first->request.bodies_count = 1;
		assert_int_equal(client_send(first), ACCOUNT_OK);
		if (first->answer.status != (rows[i].good ? SYNC_COMMITTED : SYNC_REFUSED))
			fail_msg("%s: %d", rows[i].name, (int)first->answer.status);
		if (!rows[i].good)
			assert_non_null(strstr(pair->fixture.call.message, "covers another log"));
		bytes_clear(&index);
	}
}

static void sync_missing_account_is_no_wipe(void **state)
{
	struct fixture fixture;
	struct client client;

	(void)state;
	fixture_open(&fixture);
	client_open(&client, &fixture, FIRST);
	assert_int_equal(client_poll(&client), ACCOUNT_ABSENT);
	assert_int_equal(client_push(&client, 10), ACCOUNT_ABSENT);
	client_close(&client);
	fixture_close(&fixture);
}

/* Two processes: their own caches, buckets and clocks over one store. */
#define RACE_EDITS 60u
struct racer {
	struct client client;
	struct fixture fixture; /* a copy, with a bucket of its own */
	unsigned committed;
};

static void *race(void *self)
{
	struct racer *racer = self;

	for (unsigned tries = 0; racer->committed < RACE_EDITS && tries < 10000; tries++) {
		enum account_result result = client_push(&racer->client, 300);

		if (result == ACCOUNT_OK && racer->client.answer.status == SYNC_COMMITTED)
			racer->committed++;
		else if (result != ACCOUNT_RETRY && result != ACCOUNT_OK)
			break;
	}
	return NULL;
}

static void sync_two_processes_race(void **state)
{
	struct pair *pair = *state;
	struct racer *racers = calloc(2, sizeof(*racers));
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++) {
		struct fixture *fixture = &racers[i].fixture;

		*fixture = pair->fixture;
		fixture->clock.self = fixture;
		fixture->bucket = bucket_memory(pair->fixture.store, NULL);
		fixture->env.bucket = fixture->bucket;
		fixture->env.clock = &fixture->clock;
		client_open(&racers[i].client, fixture, i == 0 ? FIRST : SECOND);
		racers[i].client.head = pair->first.head;
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(racers[0].committed, RACE_EDITS);
	assert_int_equal(racers[1].committed, RACE_EDITS);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(client_poll(&racers[i].client), ACCOUNT_OK);
		/* One winner a seq, and nothing twice: I3, I4. */
		assert_int_equal(racers[i].client.head.seq, 1 + 2 * RACE_EDITS);
	}
	assert_true(head_equal(&racers[0].client.head, &racers[1].client.head));
	for (size_t i = 0; i < 2; i++) {
		client_close(&racers[i].client);
		bucket_close(racers[i].fixture.bucket);
	}
	free(racers);
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(sync_unseen_index_is_to_be_put, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_push_and_pull_meet, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_warm_push_is_one_put, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_saved_cache_is_as_warm, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_old_cache_is_behind, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_retry_has_one_effect, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_retry_after_others_and_packs, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_body_goes_along_and_comes_back, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_unseen_body_is_to_be_put, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_unreadable_body_is_not_named, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_answer_stops_at_its_maximum, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_diverged_and_ahead, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_answer_tells_the_time, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_stranger_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_revoked_is_shown_the_roster, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_statement_needs_its_roster, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_fork_of_the_roster_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_forged_frames_are_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(sync_new_device_is_far_behind, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	sync_snapshot_of_another_log_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test(sync_missing_account_is_no_wipe),
    cmocka_unit_test_setup_teardown(sync_two_processes_race, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
